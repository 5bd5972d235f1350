"""What one run found and did, and the counts from which the summary and the exit code come."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from qw_codemod.kernel.document import Document, UnreadableSource
from qw_codemod.kernel.model import Extent, FileReport, Finding, Outcome, Problem, Span
from qw_codemod.rules.packs import Rule

Command = Literal["check", "apply", "diff"]

CLEAN, FOUND, NOT_EXAMINED = 0, 1, 2

_SHOWN = 4000  # bytes of a line; what is longer is data


@dataclass(frozen=True, slots=True)
class Counts:
    """One counter for text and exit code."""

    files: int = 0  # that were examined
    failed: int = 0  # that were not
    flagged: int = 0  # with findings
    proven: int = 0
    likely: int = 0
    edits: int = 0
    changed: int = 0  # files
    left: int = 0
    suppressed: int = 0
    unused: int = 0
    baselined: int = 0

    def exit_code(self, command: Command, likely: bool) -> int:
        """0 clean, 1 findings or changes, 2 something could not be examined, which wins.

        Likely findings are warnings, unless they are asked for. An `apply` that did its work is
        clean.
        """
        if self.failed:
            return NOT_EXAMINED
        if command == "check" and (self.proven or (likely and self.likely)):
            return FOUND
        if command == "diff" and self.changed:
            return FOUND
        return CLEAN


@dataclass(frozen=True)
class Results:
    """All that a report is made from; paths are absolute, and shown relative to `cwd`."""

    command: Command
    root: str
    cwd: str
    outcomes: Sequence[Outcome]
    problems: Sequence[Problem] = ()  # beside those of the outcomes: not found, not written
    notices: Sequence[str] = ()
    rules: Sequence[Rule] = ()
    fixable_codes: frozenset[str] = frozenset()  # codes of families that have a codemod
    known: frozenset[Finding] = frozenset()  # by the baseline
    removable: Sequence[str] = ()
    likely: bool = False  # likely findings count as proven ones
    paths: Sequence[str] = field(default=(".",))  # as they were given
    seconds: float = 0.0

    @cached_property
    def all_problems(self) -> list[Problem]:
        """What could not be examined or written, in the order of paths."""
        inner = [problem for each in self.outcomes for problem in each.report.problems]
        return sorted([*self.problems, *inner], key=lambda each: (each.path, each.line))

    @cached_property
    def counts(self) -> Counts:
        """The numbers of the run."""
        failed = {problem.path for problem in self.all_problems}
        reports = [outcome.report for outcome in self.outcomes]
        new = [finding for report in reports for finding in self.new(report.findings)]
        return Counts(
            files=len({report.path for report in reports} - failed),
            failed=len(failed),
            flagged=len({finding.path for finding in new}),
            proven=sum(finding.evidence.level == "proven" for finding in new),
            likely=sum(finding.evidence.level == "likely" for finding in new),
            edits=sum(len(report.fixed) for report in reports),
            changed=sum(report.after is not None for report in reports),
            left=sum(len(report.skipped) for report in reports),
            suppressed=sum(len(report.suppressed) for report in reports),
            unused=sum(len(report.unused_suppressions) for report in reports),
            baselined=len(self.known),
        )

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return self.counts.exit_code(self.command, self.likely)

    def new(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that call for something, and that the baseline does not know."""
        return [each for each in findings if not each.hidden and each not in self.known]

    def shown(self, path: str) -> str:
        """A path as a person of this folder would type it."""
        return os.path.relpath(path, self.cwd).replace(os.sep, "/")

    def is_error(self, finding: Finding) -> bool:
        """Whether the finding makes a check fail."""
        return self.likely or finding.evidence.level == "proven"

    def fixable(self, finding: Finding) -> bool:
        """Whether some `apply` would edit it, with whatever options."""
        return finding.fixable and finding.code in self.fixable_codes

    def flags(self, finding: Finding) -> tuple[str, ...]:
        """The options without which `apply` leaves it."""
        likely = ("--likely",) if finding.evidence.level == "likely" else ()
        return (*likely, "--unsafe") if finding.safety == "unsafe" else likely


def extent(outcome: Outcome, finding: Finding) -> Extent:
    """Where the finding's code lies; its own line where that is not known."""
    fallback = Extent(finding.line, finding.column, finding.end_line, finding.column)
    return outcome.extents.get(finding.span, fallback)


def located(report: FileReport, before: Document, after: Document) -> Outcome:
    """The outcome of a report; what was fixed stands in `before`, what was not in `after`."""
    lines: dict[int, str] = {}
    extents: dict[Span, Extent] = {}
    standing = (*report.findings, *report.suppressed, *report.unused_suppressions)
    standing += tuple(each.finding for each in report.skipped)
    for source, findings in ((before, report.fixed), (after, standing)):
        for finding in findings:
            try:
                lines[finding.line] = _line(source, finding.line)
                extents[finding.span] = _extent(source, finding)
            except (IndexError, UnreadableSource):
                continue  # found in a later round, where the file had more lines
    return Outcome(report, lines, extents)


def _line(source: Document, line: int) -> str:
    text = source.line_bytes(line)[:_SHOWN]
    return text.decode(source.encoding, "replace")


def _extent(source: Document, finding: Finding) -> Extent:
    return Extent(*source.position(finding.span.start), *source.position(finding.span.end))
