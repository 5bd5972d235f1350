"""Fixes that edit several files: chosen once all files are examined, each made whole or not at all.

A file is examined on its own, so a fix that also edits other files cannot be made there; its report
brings it along (`FileReport.shared`). Here they are put in order, and the first that do not overlap
are made together; the files that they touch are then examined again as they are now, which makes
the edits of single files on top and finds the next fixes. What cannot be made is left, with the
reason, and none of its edits is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from qw_codemod.engine import files, journal, reasons
from qw_codemod.engine.examine import ROUNDS
from qw_codemod.engine.results import located
from qw_codemod.engine.tasks import Given
from qw_codemod.kernel import edits
from qw_codemod.kernel.document import Language, language_of
from qw_codemod.kernel.model import Edit, FileReport, Finding, Fix, Outcome
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import PYTHON

Key = tuple[str, int]  # a finding: its code, and where it starts


Examine = Callable[[Given, Collection[str]], Iterable[Outcome]]


def settle(
    outcomes: Sequence[Outcome],
    examine: Examine,
    why_not: Callable[[str], Statement | None],
    languages: Sequence[Language],
) -> list[Outcome]:
    """The outcomes with the fixes made that touch several files.

    `examine` looks at some of the files again, `why_not` says why a file must not be edited,
    and an edited file must be valid in its language, if it is of one of these.
    """
    if not any(outcome.report.shared for outcome in outcomes):
        return list(outcomes)
    return _Settlement(outcomes, examine, why_not, languages).run()


class _Settlement:
    def __init__(
        self,
        outcomes: Sequence[Outcome],
        examine: Examine,
        why_not: Callable[[str], Statement | None],
        languages: Sequence[Language],
    ) -> None:
        self._first = {outcome.report.path: outcome for outcome in outcomes}
        self._outcomes = dict(self._first)
        self._examine = examine
        self._why_not = why_not
        self._languages = languages
        self._before: dict[str, bytes] = {}  # of every file that was read, as on the disk
        self._texts: dict[str, bytes] = {}  # of the files that these fixes edit, as they are now
        self._refused: dict[str, dict[Key, Statement]] = {}
        self._made: list[Fix] = []  # with their findings as they were first found
        self._found: dict[str, dict[Key, Finding]] = {}  # as first found, by where they are now

    def run(self) -> list[Outcome]:
        for outcome in self._first.values():
            report = outcome.report
            found = report.findings if report.after is None else report.fixed
            self._found[report.path] = {_key(finding): finding for finding in found}
        rounds = 0
        while pending := self._pending():
            rounds += 1
            if rounds > ROUNDS:
                return self._given_up()
            chosen, waiting, refused = self._choose(pending)
            for finding, reason in refused:
                self._refused.setdefault(finding.path, {})[_key(finding)] = reason
            touched = self._make(chosen)
            owners = {fix.finding.path for fix in (*chosen, *waiting)}
            self._look_again(touched | owners | {finding.path for finding, _ in refused})
        return self._result()

    def _pending(self) -> list[Fix]:
        fixes = [fix for outcome in self._outcomes.values() for fix in outcome.report.shared]
        return sorted(fixes, key=lambda fix: _order(fix.finding))

    def _choose(
        self, pending: Sequence[Fix]
    ) -> tuple[list[Fix], list[Fix], list[tuple[Finding, Statement]]]:
        """Those to make now, those that overlap them, and those that cannot be made."""
        chosen: list[Fix] = []
        waiting: list[Fix] = []
        refused: list[tuple[Finding, Statement]] = []
        for fix in pending:
            taken = _by_path(chosen)
            if any(edits.clash(e, taken.get(path, ())) for path, e in _by_path([fix]).items()):
                waiting.append(fix)
            elif reason := self._reason(fix, taken):
                refused.append((fix.finding, reason))
            else:
                chosen.append(fix)
        return chosen, waiting, refused

    def _reason(self, fix: Fix, taken: Mapping[str, Sequence[Edit]]) -> Statement | None:
        """Why a fix cannot be made together with edits that are to be made."""
        for path, own in sorted(_by_path([fix]).items()):
            name = os.path.basename(path)
            if reason := self._why_not(path):
                return reasons.WouldEdit(name, reason)
            try:
                before = self._text(path)
                after = edits.apply(before, [*taken.get(path, ()), *own])
            except (files.FileProblem, edits.OverlapError) as problem:
                return reasons.CannotEdit(name, str(problem))
            language = language_of(path, self._languages)
            if language is None:
                continue
            if invalid := language.document(path, before).why_invalid():
                return reasons.NotValid(name, language.name, invalid)
            if invalid := language.document(path, after).why_invalid():
                return reasons.WouldNotBeValid(name, language.name, invalid)
        return None

    def _text(self, path: str) -> bytes:
        return self._texts[path] if path in self._texts else self._text_before(path)

    def _text_before(self, path: str) -> bytes:
        if path not in self._before:
            self._before[path] = files.read(path)
        return self._before[path]

    def _make(self, chosen: Sequence[Fix]) -> set[str]:
        """Edit the texts; give the paths of those that changed."""
        for fix in chosen:
            found = self._found.get(fix.finding.path, {})
            first = found.pop(_key(fix.finding), fix.finding)
            self._made.append(replace(fix, finding=first))
        changed = _by_path(chosen)
        for path, made in changed.items():
            self._texts[path] = edits.apply(self._text(path), made)
            shift = edits.Shift(made)
            self._found[path] = {
                (code, shift(at)): finding
                for (code, at), finding in self._found.get(path, {}).items()
            }
            self._refused.pop(path, None)  # its places have moved: they are refused again
        return set(changed)

    def _look_again(self, paths: Collection[str]) -> None:
        given = Given(dict(self._texts), {path: dict(r) for path, r in self._refused.items()})
        known = [path for path in self._outcomes if path in paths]
        for outcome in self._examine(given, known):
            self._outcomes[outcome.report.path] = outcome

    def _given_up(self) -> list[Outcome]:
        """The outcomes where no fix of several files is made."""
        reason = reasons.NoConvergence(ROUNDS)
        left: dict[str, dict[Key, Statement]] = {
            path: {_key(fix.finding): reason for fix in outcome.report.shared}
            for path, outcome in self._first.items()
        }
        result = dict(self._first)
        shared = [path for path in result if left[path]]
        for outcome in self._examine(Given({}, left), shared):
            result[outcome.report.path] = outcome
        return list(result.values())

    def _result(self) -> list[Outcome]:
        result = {path: self._with_fixed(outcome) for path, outcome in self._outcomes.items()}
        for path in sorted(self._texts.keys() - result.keys()):
            after = _restyled(path, self._before[path], self._texts[path])
            report = FileReport(path, before=self._before[path], after=after)
            result[path] = self._with_fixed(Outcome(report))
        return list(result.values())

    def _with_fixed(self, outcome: Outcome) -> Outcome:
        """The outcome that says of a file what was made in it, with the places as first found."""
        report = outcome.report
        path = report.path
        here = [fix.finding for fix in self._made if fix.finding.path == path]
        if path not in self._texts and not here:
            return outcome
        first = self._found.get(path, {})
        others = [
            fix.finding
            for fix in self._made
            if fix.finding.path != path and any(edit.path == path for edit in fix.edits)
        ]
        fixed = [*(first.get(_key(each), each) for each in report.fixed), *here]
        before, after = self._text_before(path), report.after
        if after is None:
            after = self._texts.get(path, before)
        report = replace(
            report,
            fixed=tuple(sorted(fixed, key=_order)),
            fixed_elsewhere=tuple(sorted(others, key=_order)),
            before=before if after != before else b"",
            after=after if after != before else None,
        )
        document = (language_of(path, self._languages) or PYTHON).document
        shown = located(report, document(path, before), document(path, after))
        return replace(shown, notes=outcome.notes)


def _restyled(path: str, before: bytes, after: bytes) -> bytes:
    if not path.endswith(".py"):
        return after
    from qw_codemod.engine.formatter import restyle

    return restyle(path, before, after).data


def _by_path(fixes: Iterable[Fix]) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for fix in fixes:
        for edit in fix.edits:
            found.setdefault(edit.path or fix.finding.path, []).append(edit)
    return found


def _key(finding: Finding) -> Key:
    return finding.code, finding.span.start


def _order(finding: Finding) -> tuple[str, int, int, str, int]:
    return finding.path, finding.line, finding.column, finding.code, finding.span.start


def why_not_edited(path: str, root: str, excluded: Callable[[str], bool]) -> Statement | None:
    """Why no fix may edit a file that was not asked for."""
    inside = path.startswith(f"{root.rstrip('/')}/")
    if not inside or os.path.normpath(path).replace(os.sep, "/") != path:
        return reasons.IsOutside()
    if not {".git", journal.FOLDER}.isdisjoint(path[len(root) :].split("/")):
        return reasons.IsNotOwn()
    return reasons.IsExcluded() if excluded(path) else None


def linked(outcomes: Iterable[Outcome]) -> list[set[str]]:
    """The groups of files that are written together or not at all."""
    groups: list[set[str]] = []
    for outcome in outcomes:
        report = outcome.report
        paths = {report.path, *(finding.path for finding in report.fixed_elsewhere)}
        if report.after is None or len(paths) == 1:
            continue
        joined = [group for group in groups if group & paths]
        groups = [group for group in groups if not group & paths]
        groups.append(paths.union(*joined))
    return groups
