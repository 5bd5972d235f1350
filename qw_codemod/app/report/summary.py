"""The last lines of a run: counts, what was left and why, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qw_codemod.app.report.text import safe
from qw_codemod.engine.reasons import NeedsOptions
from qw_codemod.engine.results import Results
from qw_codemod.kernel.model import Finding, NotYet
from qw_codemod.kernel.statements import Statement
from qw_codemod.kernel.statements import render as english

_PLACES = 3  # shown of each reason
_NOT_YET = " "  # in the place of options, which no option is: another command comes first


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why something is as it is, in words: with the places in it, and without them."""

    text: str
    kind: str

    @staticmethod
    def of(*parts: Statement) -> _Reason:
        text = "; ".join(map(english, parts))
        return _Reason(text, "; ".join(english(each, places=False) for each in parts))


_Reasons = dict[_Reason, list[Finding]]


def render(results: Results, quiet: bool = False) -> str:
    """The summary of a run; only what went wrong if quiet."""
    lines: list[str] = []
    if not quiet:
        lines += results.notices
        lines += _checked(results) if results.command == "check" else _applied(results)
    lines += _problems(results)
    return "".join(f"{line}\n" for line in lines)


def _checked(results: Results) -> Iterator[str]:
    counts = results.counts
    found = counts.proven + counts.likely
    time = f"({results.seconds:.2f} s)"
    if not found:
        yield f"Nothing found in {_count(counts.files, 'file')} {time}"
    else:
        parts = f"{counts.proven} proven, {counts.likely} likely"
        where = f"{counts.flagged} of {_count(counts.files, 'file')}"
        yield f"Found {_count(found, 'finding')} in {where}: {parts} {time}"
        yield from _ways(results)
        if counts.likely and not results.likely and not counts.proven:
            yield "Likely findings are warnings; --likely makes them fail the check."
    if counts.baselined:
        yield f"{_count(counts.baselined, 'finding')} known to the baseline"
    if results.removable:
        yield f"{_count(len(results.removable), 'baseline entry')} fixed; --write-baseline drops:"
        yield from (f"  {safe(entry)}" for entry in results.removable)
    if counts.suppressed or counts.unused:
        yield f"{counts.suppressed} suppressed by `# noqa`; {counts.unused} `# noqa` without effect"


def _ways(results: Results) -> Iterator[str]:
    """How to get from here to zero: by command, then by reason."""
    ways: dict[str, list[Finding]] = {}
    by_hand: list[Finding] = []
    not_yet: list[Finding] = []
    for outcome in results.outcomes:
        for finding in results.new(outcome.report.findings):
            if results.fixable(finding):
                ways.setdefault(" ".join(results.flags(finding)), []).append(finding)
            elif isinstance(finding.obstacle, NotYet):
                not_yet.append(finding)
            else:
                by_hand.append(finding)
    for flags in sorted(ways, key=lambda each: (len(each.split()), each)):
        findings = ways[flags]
        families = ",".join(sorted({finding.family for finding in findings}))
        command = _command(results, families, flags)
        more = " more" if flags and "" in ways else ""
        yield f"  {len(findings)}{more} edited by: {command}"
        if flags:
            yield from _reasons(results, _by_doubt(findings))
    if not_yet:
        yield f"  {len(not_yet)} after another command:"
        yield from _reasons(results, _by_doubt(not_yet))
    if by_hand:
        yield f"  {len(by_hand)} to change by hand:"
        yield from _reasons(results, _by_doubt(by_hand))


def _applied(results: Results) -> Iterator[str]:
    counts = results.counts
    done = "Would make" if results.command == "diff" else "Made"
    where = f"{counts.changed} of {_count(counts.files, 'file')}"
    yield f"{done} {_count(counts.edits, 'edit')} in {where} ({results.seconds:.2f} s)"
    groups: dict[str, _Reasons] = {}
    for outcome in results.outcomes:
        for skipped in outcome.report.skipped:
            why, flags = skipped.reason, ""
            if isinstance(skipped.finding.obstacle, NotYet):
                flags = _NOT_YET
            if isinstance(skipped.reason, NeedsOptions):
                why, flags = skipped.reason.why, " ".join(skipped.reason.options)
            same = groups.setdefault(flags, {}).setdefault(_Reason.of(why), [])
            same.append(skipped.finding)
    if counts.left:
        yield f"Left {_count(counts.left, 'finding')}:"
    for flags in sorted(groups, key=lambda each: (not each, len(each), each)):
        total = sum(map(len, groups[flags].values()))
        if flags == _NOT_YET:
            yield f"  {total} after another command:"
        elif flags:
            findings = [each for group in groups[flags].values() for each in group]
            families = ",".join(sorted({finding.family for finding in findings}))
            yield f"  {total} more with: {_command(results, families, flags)}"
        else:
            yield f"  {total} to change by hand:"
        yield from _reasons(results, groups[flags])
    if counts.left:
        yield "  See each with --why, or go through them with --interactive."
    if results.command == "apply" and counts.changed:
        yield "Undo with: qw-codemod undo"


def _by_doubt(findings: Iterable[Finding]) -> _Reasons:
    reasons: _Reasons = {}
    for finding in findings:
        doubt = finding.evidence.doubt if finding.evidence.level == "likely" else None
        parts = [each for each in (doubt, finding.reason) if each is not None]
        reason = _Reason.of(*parts) if parts else _Reason(finding.message, finding.message)
        reasons.setdefault(reason, []).append(finding)
    return reasons


def _reasons(results: Results, reasons: _Reasons) -> Iterator[str]:
    """The most frequent first; those that differ in their places alone are one."""
    kinds: dict[str, dict[str, list[Finding]]] = {}
    for reason, findings in reasons.items():
        kinds.setdefault(reason.kind, {})[reason.text] = findings
    total = {kind: sum(map(len, same.values())) for kind, same in kinds.items()}
    for kind in sorted(kinds, key=lambda each: (-total[each], each)):
        same = kinds[kind]
        findings = [each for reason in same for each in same[reason]]
        yield f"    {total[kind]:>3}  {safe(kind if len(same) > 1 else next(iter(same)))}"
        shown = [f"{results.shown(each.path)}:{each.line}" for each in findings[:_PLACES]]
        more = f" and {len(findings) - _PLACES} more" if len(findings) > _PLACES else ""
        yield f"         {', '.join(shown)}{more}"


def _problems(results: Results) -> Iterator[str]:
    problems = results.all_problems
    if not problems:
        return
    yield f"{_count(results.counts.failed, 'file')} could not be dealt with:"
    for problem in problems:
        place = results.shown(problem.path) + (f":{problem.line}" if problem.line else "")
        rule = f"{problem.rule}: " if problem.rule else ""
        yield f"  {place}: {rule}{safe(problem.message)}"


def _command(results: Results, families: str, flags: str) -> str:
    paths = "" if list(results.paths) == ["."] else " " + shlex.join(results.paths)
    return f"qw-codemod apply {families}{paths}{' ' if flags else ''}{flags}"


def _count(number: int, word: str) -> str:
    if number == 1:
        return f"1 {word}"
    return f"{number} {word[:-1] + 'ies' if word.endswith('y') else word + 's'}"
