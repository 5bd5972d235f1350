"""What edited files have come to import is declared where their project declares such things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from qw_codemod.engine import files
from qw_codemod.engine.requirements import declare
from qw_codemod.engine.results import Results
from qw_codemod.kernel.model import FileReport, Outcome
from qw_codemod.languages.python import SourceFile, UnreadableSource
from qw_codemod.python.imports import imports_of
from qw_codemod.rules.api import Codemod, Dependency


def with_dependencies(
    results: Results, codemods: Mapping[str, Codemod], project: Sequence[str]
) -> Results:
    """The results with the files that declare what is new, and what there is to say about it.

    `project` are the paths of all its Python files.
    """
    needs: dict[str, list[str]] = {}
    reminders: list[str] = []
    for dependency in _dependencies(codemods.values()):
        importing = [
            outcome.report.path
            for outcome in results.outcomes
            if outcome.report.after is not None and _is_new(outcome.report, dependency.module)
        ]
        if not importing:
            continue
        needs[dependency.requirement] = importing
        if dependency.reminder and not _is_started(dependency, project):
            reminders.append(dependency.reminder)
    if not needs:
        return results
    declared = declare(Path(results.root), needs)
    edited = {each.report.path for each in results.outcomes if each.report.after is not None}
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


def _dependencies(codemods: Iterable[Codemod]) -> list[Dependency]:
    return list(dict.fromkeys(each for codemod in codemods for each in codemod.dependencies))


def _is_new(report: FileReport, module: str) -> bool:
    return module in _packages(report.after or b"") and module not in _packages(report.before)


def _packages(data: bytes) -> set[str]:
    """The packages that a file imports; none where it is not Python."""
    try:
        return {each.package for each in imports_of(SourceFile("", data).tree)}
    except UnreadableSource:
        return set()


def _is_started(dependency: Dependency, project: Iterable[str]) -> bool:
    for path in project:
        try:
            data = files.read(path)
        except files.FileProblem:
            continue
        if any(word in data for word in dependency.started_by):
            return True
    return False
