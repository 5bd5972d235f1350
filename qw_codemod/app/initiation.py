"""`init`: writes the policy that a family's rewrites rely on, and the setting that names it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qw_codemod.analysis.units.import_roots import (
    module_name,
    shows_root,
    why_not_imported,
)
from qw_codemod.analysis.units.programs import programs_of
from qw_codemod.analysis.units.shown_imports import relative_name, resolved, sure_imports
from qw_codemod.analysis.units.statements import ELSEWHERE
from qw_codemod.app.commands import Request, UsageProblem, check, root_of
from qw_codemod.app.policy_setting import policies, with_policy
from qw_codemod.app.report import diff
from qw_codemod.engine import files
from qw_codemod.engine.dependencies import installed_by, pins_of, published_of
from qw_codemod.engine.formatter import restyle
from qw_codemod.engine.linter import complaint, linted
from qw_codemod.engine.requirements import declare
from qw_codemod.engine.results import Results
from qw_codemod.facts.components import modules
from qw_codemod.facts.project import Tree
from qw_codemod.facts.query import Trace
from qw_codemod.kernel.model import Finding, NotYet
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.retrying import LIBRARIES, used_libraries
from qw_codemod.rules import packs
from qw_codemod.rules.api import Codemod


@dataclass(frozen=True, slots=True)
class Made:
    """The module that was written, the setting that names it, and what else is to be said.

    `path` is empty where nothing was written, as no edit would use it. `is_set`: the setting stands
    in pyproject.toml. `more` are policies for files that cannot import this one: those to write.
    """

    path: str
    setting: str
    is_set: bool
    notices: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    by_hand: str = ""  # what is said, with the last of several, of those that are not asked for


def init(
    family: str,
    policies: Sequence[str],
    root: str,
    dependencies: bool = True,
    show: Callable[[str], None] = lambda text: None,
) -> Iterator[Made]:
    """Write the modules that a family's rewrites rely on; never over a file that is there.

    The change of pyproject.toml is shown before it is made. Raises UsageProblem.
    """
    found: dict[Path, Results] = {}  # what is to be edited does not change by what is written
    for at, policy in enumerate(policies, start=1):
        made = _init(family, policy, root, dependencies, show, found)
        said = made.by_hand if at == len(policies) else ""
        yield replace(made, notices=(*made.notices, said)) if said else made


def _init(
    family: str,
    policy: str,
    root: str,
    dependencies: bool,
    show: Callable[[str], None],
    checked: dict[Path, Results],
) -> Made:
    codemod = _codemod(family)
    target = Path(policy).absolute()
    project = root_of([str(target.parent)], root)
    if target.suffix != ".py" or not target.is_relative_to(project):
        raise UsageProblem(f"--policy {policy}: name a new .py file in {project}")
    if target.exists():
        raise UsageProblem(f"{policy} is there already: it is yours to edit")
    tree = _tree(project, target)
    said_of_run: tuple[str, ...] = ()  # once, not with each policy
    if project not in checked:
        request = Request((str(project),), select=(family,), root=str(project), cache=False)
        checked[project] = check(request)
        said_of_run = tuple(checked[project].notices)
    results = checked[project]
    calls = _calls(results)
    found = [each for each in calls if _is_edited(each)]
    module = _module(tree, [each.path for each in found], target)
    here = [each for each in found if _may_import(tree, each.path, module, target)]
    earlier = [*_named(tree, project, family)]
    lacking = [
        each
        for each in found
        if each not in here and not any(_may_import(tree, each.path, *other) for other in earlier)
    ]
    if calls and not here:
        places, by_hand = _places(tree, lacking, target.name)
        left = f"{policy} is not written: " + (
            "no place that would be edited can import it"
            if lacking
            else "a plain run edits no more places with it; check --why says of each why"
        )
        left_so = (*said_of_run, left)
        return Made("", "", False, left_so, places, _told_by_hand(tree, by_hand))
    libraries = {each.about for each in here} or _imported(files.project_files(project))
    assert codemod.policy is not None
    told = _write(target, policy, codemod.policy(sorted(libraries)))
    setting = f"{module}:{codemod.policy_name}"
    is_set, said = _set(project, family, setting, show)
    notices = [*said_of_run, *told, *said, *_beside(tree, target, codemod)]
    if dependencies:
        needs = {each.requirement: [str(target)] for each in codemod.dependencies}
        # What is nearest to the policy governs it too, unless a unit installs a group alone.
        paths = dict.fromkeys(each.path for each in here)
        units = [unit for path in paths for unit in installed_by(tree, path)]
        of_groups = any(unit is not None and unit.groups for unit in units)
        installed = {str(target): [*dict.fromkeys(units if of_groups else [None, *units])]}
        wanted = codemod.dependencies
        declared = declare(project, needs, installed, pins_of(wanted), published_of(wanted))
        for path, old, new in declared.changes:
            files.replace(path, old, new)
        notices += [f"changed {path}" for path, _, _ in declared.changes]
        notices += declared.notices
    more, by_hand = _places(tree, lacking, target.name)
    left = _told_by_hand(tree, by_hand)
    return Made(str(target), setting, is_set, tuple(notices), more, left)


def _told_by_hand(tree: Tree, policies: Sequence[str]) -> str:
    """What is said of the policies that are not asked for."""
    if not policies:
        return ""
    first = os.path.relpath(policies[0], tree.root)
    return (
        f"scripts that nothing here starts are left, as {len(policies)} folders of them would get "
        f"a copy each: name those that you want, as in --policy {first}"
    )


def _beside(tree: Tree, target: Path, codemod: Codemod) -> Iterator[str]:
    """What the project retries with where the policy brings another library for that."""
    brought = {each.module for each in codemod.dependencies}.intersection(LIBRARIES)
    used = used_libraries(tree, "", lambda path: path == target.as_posix())
    if brought and used and brought.isdisjoint(used):
        library, path = min(used.items())
        yield (
            f"{os.path.relpath(path, tree.root)} retries with {library}: written with that, the "
            f"policy brings no {min(brought)} beside it"
        )


def _codemod(family: str) -> Codemod:
    pack = packs.load()
    pack.select([family])
    for code, codemod in pack.codemods().items():
        if pack.rule(code).family == family and codemod.policy is not None:
            return codemod
    raise UsageProblem(f"{family} needs no policy")


def _tree(project: Path, target: Path) -> Tree:
    """The project as it will be, with the policy in it."""
    texts = files.deployment_files(project)
    everything = sorted(files.project_files(project))
    tree = Tree(project.as_posix(), everything, Trace(is_on=False), texts=texts)
    tree.overlay(SourceFile(target.as_posix(), b""))
    return tree


def _calls(results: Results) -> list[Finding]:
    """What the family would edit if nothing else forbids it."""
    reports = [outcome.report for outcome in results.outcomes]
    return [each for report in reports for each in results.new(report.findings) if each.about]


def _is_edited(finding: Finding) -> bool:
    """Whether a plain run edits a finding, now or once another command was run.

    What cannot import a policy that is named already may import another one.
    """
    obstacle = finding.obstacle
    is_free = obstacle is None or isinstance(obstacle, NotYet)
    is_elsewhere = obstacle is not None and isinstance(obstacle.reason, ELSEWHERE)
    return finding.evidence.level == "proven" and (is_free or is_elsewhere)


def _may_import(tree: Tree, path: str, module: str, target: Path) -> bool:
    return _is_found(tree, path, (module,), target)


def _module(tree: Tree, paths: Sequence[str], target: Path) -> str:
    """The name of the policy: the one that most of the places to be edited can import it by.

    A folder may be a package for one program and on the module path of another: `plugins/` of
    Airflow, or a job with an `__init__.py` that is started by `python main.py`. Of two names that
    will do, it is the one that counts from where these places import others from.
    """
    usual = module_name(tree, target.as_posix())
    names = [*_names(tree, target)]

    def importing(name: str) -> tuple[int, int]:
        may = [path for path in paths if _may_import(tree, path, name, target)]
        beside = [path for path in may if shows_root(tree, path, name, target.as_posix())]
        return len(may), len(beside)

    return max(dict.fromkeys([usual, *reversed(names)]), key=importing)


def _named(tree: Tree, project: Path, family: str) -> Iterator[tuple[str, Path]]:
    """The modules of the policies that are configured, with the files that may be meant."""
    with contextlib.suppress(files.FileProblem, UnicodeDecodeError):
        for policy in policies(files.read(str(project / "pyproject.toml")).decode(), family):
            module = policy.partition(":")[0]
            for path in tree.ending(f"/{module.replace('.', '/')}.py"):
                yield module, Path(path)


def _names(tree: Tree, target: Path) -> Iterator[str]:
    """The names that a module may have, the longest first."""
    parts = target.relative_to(tree.root).with_suffix("").parts
    for at in range(len(parts)):
        if all(map(str.isidentifier, parts[at:])):
            yield ".".join(parts[at:])


def _places(
    tree: Tree, found: Iterable[Finding], file: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where policies would be that these places can import for certain, as few as there can be.

    Each lies in a folder that the files are in, or import from: what serves the most of them comes
    first, and of several the one furthest up. A package has one policy, and its parts no other.
    The second are those that are left to whoever wants them: a copy for each folder of scripts that
    nothing in the project starts. One of them alone is no copy.
    """
    paths = sorted({each.path for each in found})
    serves: dict[str, set[str]] = {}
    for path in paths:
        around = tree.folders_of(path)
        imported = {
            folder
            for name in sure_imports(tree, path)
            if not name.level and (module := resolved(tree, name, path)[1])
            for folder in _packages(tree, module)
        }
        for folder in (*around, *sorted(imported.difference(around))):
            copy = Path(folder) / file
            if not copy.exists() and _is_found(tree, path, _names(tree, copy), copy):
                serves.setdefault(folder, set()).add(path)
    chosen: dict[str, set[str]] = {}
    while serves:
        best = max(sorted(serves), key=lambda each: (len(serves[each]), -each.count("/")))
        done = serves.pop(best)
        if any(_is_within(tree, best, os.path.dirname(other)) for other in chosen):
            continue  # the package has one already, which what is left of it does not find
        chosen[os.path.join(best, file)] = done
        serves = {folder: left for folder, each in serves.items() if (left := each - done)}
    by_hand = [
        policy
        for policy, done in chosen.items()
        if not tree.has(f"{os.path.dirname(policy)}/__init__.py")
        and all(_is_by_hand(tree, each) for each in done)
    ]
    return (
        tuple(sorted(each for each in chosen if len(by_hand) < _COPIES or each not in by_hand)),
        tuple(sorted(by_hand)) if len(by_hand) >= _COPIES else (),
    )


_COPIES = 2  # of a policy, for scripts alone that a person starts: who reads them wants one


def _packages(tree: Tree, module: str) -> Iterator[str]:
    """The folder of a module, and those above it as long as they are parts of one package."""
    folder = os.path.dirname(module)
    yield folder
    while tree.has(f"{folder}/__init__.py") and tree.has(f"{os.path.dirname(folder)}/__init__.py"):
        folder = os.path.dirname(folder)
        yield folder


def _is_by_hand(tree: Tree, path: str) -> bool:
    """Whether a file is a script that nothing in the project starts, deploys or imports.

    How it is started may stand in the file itself, for a person to read.
    """
    if any(each != path and not tree.is_test(each) for each in tree.loaders(path)):
        return False
    return all(
        each.unit is None and (not each.is_told or each.path == path)
        for each in programs_of(tree, path)
    )


def _is_within(tree: Tree, folder: str, package: str) -> bool:
    """Whether a folder is a part of a package further up."""
    inner = folder.removeprefix(f"{package}/").split("/")
    if not folder.startswith(f"{package}/") or not tree.has(f"{package}/__init__.py"):
        return False
    parts = ["/".join(inner[: at + 1]) for at in range(len(inner))]
    return all(tree.has(f"{package}/{each}/__init__.py") for each in parts)


def _is_found(tree: Tree, path: str, names: Iterable[str], target: Path) -> bool:
    """Whether a file may import a module by one of these names, or relatively."""
    return any(
        why_not_imported(tree, path, each, target.as_posix()) is None
        for each in (*names, relative_name(path, target.as_posix()))
        if each
    )


def _write(target: Path, policy: str, text: str) -> list[str]:
    """Write the module as the project lints and formats its own: what is to be said of it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as stream:
            data = restyle(str(target), b"", linted(str(target), text.encode())).data
            stream.write(data.decode())
    except FileExistsError:
        raise UsageProblem(f"{policy} is there already: it is yours to edit") from None
    except OSError as error:
        raise UsageProblem(f"cannot write {policy}: {error.strerror}") from error
    said = complaint(str(target), data)
    return [f"{policy}: {said}"] if said else []


def _set(
    project: Path, family: str, setting: str, show: Callable[[str], None]
) -> tuple[bool, Sequence[str]]:
    """Name the policy in pyproject.toml: whether it stands there now, and what is to be said."""
    path = project / "pyproject.toml"
    try:
        before = files.read(str(path)) if os.path.lexists(path) else b""
        text = before.decode("utf-8-sig")
        after = with_policy(text, family, setting)
        if after is None:
            return False, ["pyproject.toml: not written in a way that can be edited"]
        bom = before[:3] if before.startswith(b"\xef\xbb\xbf") else b""
        new = bom + after.encode()
        if new == before:
            return True, []
        show(diff.render("pyproject.toml", before, new).decode("utf-8", "replace"))
        if os.path.lexists(path):
            files.replace(str(path), before, new)
        else:
            path.write_bytes(new)
        return True, []
    except (files.FileProblem, OSError, UnicodeDecodeError) as problem:
        return False, [f"pyproject.toml: {problem}"]


def _imported(everything: Sequence[str]) -> set[str]:
    """The top-level modules that the files of a project import."""
    found: set[str] = set()
    for path in everything:
        with contextlib.suppress(files.FileProblem):
            found |= {each.partition(".")[0] for each in modules(files.read(path))}
    return found - {""}
