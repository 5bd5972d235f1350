"""Whether the package that a policy needs is there where a file runs, or comes to be there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from qw_codemod.analysis.units.programs import programs_of
from qw_codemod.analysis.units.shown_imports import loaded_with
from qw_codemod.facts.deployments import PackageList, Unit
from qw_codemod.facts.deployments.installations import name_of
from qw_codemod.facts.project import Tree
from qw_codemod.kernel.statements import InFile, Statement
from qw_codemod.libraries.retrying import LIBRARIES
from qw_codemod.rules.api import Context, NotYet, Obstacle, SourceFile, Unsafe

from . import reasons
from .policy import Policy

OF_INIT = "tenacity"  # what the policy that `init` writes needs

# How the one of several compiled lists is called that a program runs with; locks have one name.
_FIRST = frozenset("requirements base common main prod production".split())


def why_not_installed(source: SourceFile, context: Context, policy: Policy) -> Obstacle | None:
    """What has to be done before the package of a policy is installed; None where nothing has.

    A list that a person writes is added to with the edit. A lock is made anew by its tool.
    """
    tree = context.infer.tree
    package = _package(tree, policy)
    if not package or any(each.package == package for _, each in loaded_with(tree, source.path)):
        return None
    if told := why_not_named(source, context, package):
        return Unsafe(told)
    for lock in _governing(tree, source.path, package):
        if lock is not None and lock.lacks(package):
            return NotYet(reasons.LockLacks(lock.path, package, lock.command.format(package)))
    if _is_unseen(tree, source.path, package):
        return Unsafe(reasons.InstallationUnknown(package))
    if other := _other_list(tree, source.path, package):
        return Unsafe(reasons.LoadedElsewhere(other, package))
    return None


def why_not_named(source: SourceFile, context: Context, package: str) -> Statement | None:
    """Where a program of a file is started with other packages alone, or in a foreign image."""
    tree = context.infer.tree
    if any(each.package == package for _, each in loaded_with(tree, source.path)):
        return None
    for program in programs_of(tree, source.path):
        unit = program.unit
        if unit is not None:
            by_name = unit.packages and unit.installed_at and not _has_file(tree, unit)
            if by_name and package not in map(name_of, unit.packages):
                place = InFile(unit.path, unit.installed_at)
                return reasons.InstalledByName(_listed(unit.packages), place, package)
        elif program.image:
            place = InFile(program.path, program.line)
            return reasons.InForeignImage(program.image, place, package)
        elif package not in program.packages and _is_for(tree, program.entry, program.packages):
            place = InFile(program.path, program.installed_at)
            return reasons.InstalledByName(_listed(program.packages), place, package)
    return None


def _listed(packages: Sequence[str]) -> str:
    return ", ".join(packages)


def _is_for(tree: Tree, entry: str, packages: Sequence[str]) -> bool:
    """Whether packages are installed for a program: it imports one of them."""
    if not packages:
        return False
    imported = {name_of(each.package) for _, each in loaded_with(tree, entry) if not each.level}
    firsts = {name.partition("-")[0] for name in packages}
    return not imported.isdisjoint({*packages, *firsts})


def _package(tree: Tree, policy: Policy) -> str:
    """The library for retries that a policy of the project imports."""
    found = loaded_with(tree, policy.path) if policy.path else ()
    return next((each.package for _, each in found if each.package in LIBRARIES), "")


def _governing(tree: Tree, path: str, package: str) -> Iterator[PackageList | None]:
    """The lists that the programs of a file install from; None for one that is not known."""
    units = [each.unit for each in programs_of(tree, path) if each.unit is not None]
    said = [unit for unit in units if unit.installs or unit.packages]
    for unit in said:
        yield _of_unit(tree, unit, package)
    if len(said) < len(units) or not units:
        yield _nearest(tree, path, package)


def _of_unit(tree: Tree, unit: Unit, package: str) -> PackageList | None:
    """What a unit installs from: the files themselves, and the locks of projects among them."""
    files = {*unit.installs}
    lists = tree.deployments().lists
    known = {each.path for each in lists}
    others = [PackageList(each, "") for each in unit.installs if each.endswith(".txt")]
    folders = {os.path.dirname(each) for each in files if each.endswith((".toml", "Pipfile"))}
    return _best(
        [
            each
            for each in (*lists, *(each for each in others if each.path not in known))
            if (each.path in files and each.folder not in folders)
            or (each.folder in folders and (each.command or each.path in files))
        ],
        package,
    )


def _nearest(tree: Tree, path: str, package: str) -> PackageList | None:
    """The list of the innermost folder that has one."""
    lists = tree.deployments().lists
    for folder in tree.folders_of(path):
        if here := [each for each in lists if each.folder == folder]:
            return _best(here, package)
    return None


def _best(found: list[PackageList], package: str) -> PackageList | None:
    """Of lists that are all installed from the one that holds a package, or that is to hold it.

    Where a tool makes one of what a person writes, that is what is installed.
    """
    made = [each for each in found if each.command]
    first = [each for each in made if PurePath(each.path).stem in _FIRST] or made
    holding = [each for each in first if not each.lacks(package)]
    return next(iter([*holding, *first, *found]), None)


def _is_unseen(tree: Tree, path: str, package: str) -> bool:
    """Whether nothing says what is installed for a file, though the project does for others."""
    deployed = tree.deployments()
    if not deployed.lists and not deployed.installing:
        return False
    units = [each.unit for each in programs_of(tree, path) if each.unit is not None]
    by_name = [unit for unit in units if unit.packages and not _has_file(tree, unit)]
    if any(package not in unit.packages for unit in by_name):
        return True
    return not by_name and all(each is None for each in _governing(tree, path, package))


def _other_list(tree: Tree, path: str, package: str) -> str:
    """A list that others who load a file install from, which does not come to hold a package.

    What lies beside deployed functions and is copied into each of them has no list of its own. That
    of a project is installed with it, and those of units are added to.
    """
    own = _nearest(tree, path, package)
    if own is not None and own.is_project:
        return ""
    units = [each.unit for each in programs_of(tree, path) if each.unit is not None]
    added = {each for unit in units for each in unit.installs}
    for loader in sorted(tree.loaders(path)):
        near = None if tree.is_test(loader) else _nearest(tree, loader, package)
        if near is None or near.path in added or package in near.packages:
            continue
        if own is None or near.folder != own.folder:
            return near.path
    return ""


def _has_file(tree: Tree, unit: Unit) -> bool:
    known = {each.path for each in tree.deployments().lists}
    return not known.isdisjoint(unit.installs)
