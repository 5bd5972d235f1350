"""The last lines of a run: counts, what was left and why, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qw_codemod.app.report.text import safe
from qw_codemod.engine.reasons import NeedsOptions, NeedsRules
from qw_codemod.engine.results import Results
from qw_codemod.kernel.model import Finding, NotNeeded, NotYet
from qw_codemod.kernel.statements import Statement
from qw_codemod.kernel.statements import render as english

_PLACES = 3  # shown of each reason


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why something is as it is, in words: with the places in it, and without them."""

    text: str
    kind: str

    @staticmethod
    def of(*parts: Statement) -> _Reason:
        once = tuple(dict.fromkeys(parts))
        text = "; ".join(map(english, once))
        return _Reason(text, "; ".join(english(each, places=False) for each in once))


_Reasons = dict[_Reason, list[Finding]]


@dataclass(frozen=True, slots=True)
class _Way:
    """What to type so that findings are edited: beside their own family these, and with flags."""

    families: tuple[str, ...] = ()
    flags: str = ""

    @property
    def rank(self) -> tuple[int, str, tuple[str, ...]]:
        """The plainest first."""
        return len(self.flags.split()), self.flags, self.families

    def command(self, results: Results, findings: Iterable[Finding]) -> str:
        """The command line."""
        own = {finding.family for finding in findings}
        return _command(results, ",".join(sorted({*own, *self.families})), self.flags)


_PLAIN = _BY_HAND = _Way()
_AS_IT_IS = _Way((), "  ")
_NOT_YET = _Way((), " ")  # in the place of options, which no option is: another command comes first


def _way(results: Results, finding: Finding) -> _Way:
    """How a finding that `check` shows would be edited."""
    flags = results.flags(finding)
    beside = tuple(sorted({*finding.beside} & {rule.family for rule in results.rules}))
    if beside and finding.safety == "unsafe":
        return _Way(beside, " ".join(each for each in flags if each != "--unsafe"))
    return _Way((), " ".join(flags))


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
    ways: dict[_Way, list[Finding]] = {}
    by_hand: list[Finding] = []
    not_yet: list[Finding] = []
    as_it_is: list[Finding] = []
    for outcome in results.outcomes:
        for finding in results.new(outcome.report.findings):
            if results.fixable(finding):
                ways.setdefault(_way(results, finding), []).append(finding)
            elif isinstance(finding.obstacle, NotYet):
                not_yet.append(finding)
            elif isinstance(finding.obstacle, NotNeeded):
                as_it_is.append(finding)
            else:
                by_hand.append(finding)
    for way in sorted(ways, key=lambda each: each.rank):
        findings = ways[way]
        more = " more" if way != _PLAIN and _PLAIN in ways else ""
        yield f"  {len(findings)}{more} edited by: {way.command(results, findings)}"
        if way != _PLAIN:
            yield from _reasons(results, _by_doubt(findings))
    if not_yet:
        yield f"  {len(not_yet)} after another command:"
        yield from _reasons(results, _by_doubt(not_yet))
    if by_hand:
        yield f"  {len(by_hand)} to change by hand:"
        yield from _reasons(results, _by_doubt(by_hand))
    if as_it_is:
        yield f"  {len(as_it_is)} with nothing to change:"
        yield from _reasons(results, _by_doubt(as_it_is))


def _applied(results: Results) -> Iterator[str]:
    counts = results.counts
    done = "Would make" if results.command == "diff" else "Made"
    where = f"{counts.changed} of {_count(counts.files, 'file')}"
    yield f"{done} {_count(counts.edits, 'edit')} in {where} ({results.seconds:.2f} s)"
    remarks: _Reasons = {}
    for outcome in results.outcomes:
        for remark in outcome.report.remarks:
            remarks.setdefault(_Reason.of(remark.what), []).append(remark.finding)
    yield from _reasons(results, remarks)
    groups: dict[_Way, _Reasons] = {}
    for outcome in results.outcomes:
        for skipped in outcome.report.skipped:
            reason = why = skipped.reason
            way = _without_options(skipped.finding)
            if isinstance(reason, NeedsOptions):
                why, way = reason.why, _Way((), " ".join(reason.options))
            elif isinstance(reason, NeedsRules):
                why, way = reason.why, _Way(reason.families, " ".join(reason.options))
            groups.setdefault(way, {}).setdefault(_Reason.of(why), []).append(skipped.finding)
    if counts.left:
        yield f"Left {_count(counts.left, 'finding')}:"
    last = (_BY_HAND, _AS_IT_IS)
    for way in sorted(groups, key=lambda each: (each in last, *each.rank)):
        total = sum(map(len, groups[way].values()))
        if way == _NOT_YET:
            yield f"  {total} after another command:"
        elif way == _BY_HAND:
            yield f"  {total} to change by hand:"
        elif way == _AS_IT_IS:
            yield f"  {total} with nothing to change:"
        else:
            findings = [each for group in groups[way].values() for each in group]
            yield f"  {total} more with: {way.command(results, findings)}"
        yield from _reasons(results, groups[way])
    if counts.left:
        yield "  See each with --why, or go through them with --interactive."
    if results.command == "apply" and counts.changed:
        yield "Undo with: qw-codemod undo"


def _without_options(finding: Finding) -> _Way:
    if isinstance(finding.obstacle, NotYet):
        return _NOT_YET
    return _AS_IT_IS if isinstance(finding.obstacle, NotNeeded) else _BY_HAND


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
