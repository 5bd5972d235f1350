"""What edited files have come to import is declared where the units that load them install from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qw_codemod.analysis.units.programs import programs_of
from qw_codemod.analysis.units.shown_imports import file_of
from qw_codemod.engine import files
from qw_codemod.engine.requirements import Installation, declare
from qw_codemod.engine.results import Results
from qw_codemod.facts.project import Tree
from qw_codemod.facts.query import Trace
from qw_codemod.kernel.model import FileReport, Outcome
from qw_codemod.languages.python import SourceFile, UnreadableSource
from qw_codemod.python.imports import ImportedName, imports_of
from qw_codemod.rules.api import Codemod, Dependency, Published


def with_dependencies(
    results: Results,
    codemods: Mapping[str, Codemod],
    project: Sequence[str],
    texts: Sequence[str] = (),
) -> Results:
    """The results with the files that declare what is new, and what there is to say about it.

    `project` are the paths of all its Python files, `texts` those that tell of deployments.
    """
    needs: dict[str, list[str]] = {}
    reminders: list[str] = []
    wanted = _dependencies(codemods.values())
    reports = [each.report for each in results.outcomes if each.report.after is not None]
    imports = _Imports(results.root, project, texts, reports)
    for dependency in wanted:
        importing = [each.path for each in reports if imports.is_new(each, dependency.module)]
        if not importing:
            continue
        needs[dependency.requirement] = importing
        if dependency.reminder and not _is_started(dependency, project):
            reminders.append(dependency.reminder)
    if not needs:
        return results
    paths = {path for importing in needs.values() for path in importing}
    installed = {path: units for path in paths if (units := imports.installed(path))}
    declared = declare(Path(results.root), needs, installed, pins_of(wanted), published_of(wanted))
    edited = {each.path for each in reports}
    made = [
        Outcome(FileReport(path, before=before, after=after))
        for path, before, after in declared.changes
        if path not in edited
    ]
    unclear = [
        f"{results.shown(path)} is edited for another reason: run apply again to declare there "
        "what the edited code imports"
        for path, _, _ in declared.changes
        if path in edited
    ]
    notices = (*results.notices, *declared.notices, *unclear, *reminders)
    return replace(results, outcomes=[*results.outcomes, *made], notices=notices)


def pins_of(dependencies: Iterable[Dependency]) -> dict[str, str]:
    """The version of each distribution that a list of pinned ones gets."""
    return {each.name: each.pin for each in dependencies if each.pin}


def published_of(dependencies: Iterable[Dependency]) -> dict[str, Published]:
    """What is known of each distribution for the locks that come to hold it."""
    return {each.name: each.published for each in dependencies if each.published is not None}


class _Imports:
    """What the files of a project import once it is edited, and which units load them."""

    def __init__(
        self, root: str, python: Sequence[str], texts: Sequence[str], edited: Sequence[FileReport]
    ) -> None:
        self._tree = Tree(root, python, Trace(is_on=False), texts=texts)
        for report in edited:
            if report.path.endswith(".py"):
                self._tree.overlay(SourceFile(report.path, report.after or b""))

    def is_new(self, report: FileReport, module: str) -> bool:
        """Whether a file comes to load a package, itself or through a module of the project."""
        before, after = _imported(report.before), _imported(report.after or b"")
        if any(each.package == module for each in before):
            return False
        if any(each.package == module for each in after):
            return True
        keys = {each.source for each in before}
        new = [each for each in after if each.source not in keys]
        targets = {file_of(self._tree, each, report.path) for each in new} - {""}
        if not targets:
            return False
        for path in self._tree.holding((module,)):
            if self._tree.imports_at_top(path, module):
                loaders = self._tree.loaders(path)
                if report.path in loaders and not targets.isdisjoint(loaders):
                    return True
        return False

    def installed(self, path: str) -> list[Installation | None]:
        """What the units that load a file install, and None for what else loads it."""
        return installed_by(self._tree, path)


def installed_by(tree: Tree, path: str) -> list[Installation | None]:
    """What the units that load a file install, and None for what else loads it."""
    found: list[Installation | None] = []
    for program in programs_of(tree, path):
        unit = program.unit
        if unit is not None:
            found.append(Installation(unit.name, unit.installs, unit.packages, unit.groups))
        elif program.is_seen and None not in found:
            found.append(None)
    return found


def _dependencies(codemods: Iterable[Codemod]) -> list[Dependency]:
    return list(dict.fromkeys(each for codemod in codemods for each in codemod.dependencies))


def _imported(data: bytes) -> tuple[ImportedName, ...]:
    """What a file imports; nothing where it is not Python."""
    try:
        return imports_of(SourceFile("", data).tree)
    except UnreadableSource:
        return ()


def _is_started(dependency: Dependency, project: Iterable[str]) -> bool:
    for path in project:
        try:
            data = files.read(path)
        except files.FileProblem:
            continue
        if any(word in data for word in dependency.started_by):
            return True
    return False
