"""Findings as a person reads them in a terminal: place, message, the line, and why."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from click import style

from qw_codemod.engine.results import Results, extent
from qw_codemod.kernel.model import Finding, Outcome, Skipped
from qw_codemod.kernel.statements import render as english

_WIDEST = 160  # characters of a source line


def render(results: Results, why: bool = False) -> str:
    """The findings of a `check`, or what an `apply` did and left, file by file."""
    lines: list[str] = []
    noted: dict[str, int] = {}  # in how many files a note was made
    for outcome in results.outcomes:
        for note in outcome.notes:
            noted[note] = noted.get(note, 0) + 1
    for outcome in results.outcomes:
        if results.command == "check":
            for finding in results.new(outcome.report.findings):
                lines += _finding(results, outcome, finding, why)
            for finding in outcome.report.unused_suppressions:
                lines += _finding(results, outcome, finding, why)
        else:
            lines += _applied(results, outcome, why)
            for note in outcome.notes:
                if noted[note] == 1:
                    lines.append(f"{results.shown(outcome.report.path)}: {safe(note)}")
    lines += (f"{count} files: {safe(note)}" for note, count in noted.items() if count > 1)
    return "".join(f"{line}\n" for line in lines)


def headline(results: Results, finding: Finding) -> str:
    """One line: place, code and message."""
    place = f"{style(results.shown(finding.path), bold=True)}:{finding.line}:{finding.column}:"
    colour = "red" if results.is_error(finding) else "yellow"
    return f"{place} {style(finding.code, fg=colour, bold=True)} {safe(finding.message)}"


def chain(results: Results, finding: Finding) -> Iterator[str]:
    """The facts behind a finding, each with its place."""
    for fact in finding.evidence.facts:
        place = f"{results.shown(fact.path)}:{fact.line}" if fact.path else ""
        yield f"{safe(english(fact.what))}  {style(place, dim=True)}".rstrip()


def safe(text: str) -> str:
    """Text of other people without anything that a terminal would obey."""
    return "".join(each if each.isprintable() or each == "\t" else "�" for each in text)


def _finding(results: Results, outcome: Outcome, finding: Finding, why: bool) -> Iterator[str]:
    yield headline(results, finding)
    margin = " " * len(str(finding.line))
    bar = style("|", fg="blue")
    line = outcome.lines.get(finding.line)
    if line is not None:
        shown, underline = _underlined(outcome, finding, safe(line))
        yield f"{margin} {bar}"
        yield f"{style(str(finding.line), fg='blue')} {bar} {shown}"
        colour = "red" if results.is_error(finding) else "yellow"
        yield f"{margin} {bar} {style(underline, fg=colour)}"
    yield from _remarks(results, finding, why, f"{margin} = ")
    yield ""


def _remarks(results: Results, finding: Finding, why: bool, margin: str) -> Iterator[str]:
    evidence = finding.evidence
    if evidence.level == "likely":
        yield f"{margin}likely: {safe(english(evidence.doubt)) or 'not proven'}"
    if finding.reason is not None:
        kind = "unsafe to edit" if finding.fixable else "note"
        yield f"{margin}{kind}: {safe(english(finding.reason))}"
    if why and evidence.facts:
        yield f"{margin}why it is {evidence.level}:"
        inner = " " * (len(margin) + 2)
        yield from (f"{inner}{number}. {fact}" for number, fact in _numbered(results, finding))


def _numbered(results: Results, finding: Finding) -> Iterator[tuple[int, str]]:
    yield from enumerate(chain(results, finding), start=1)


def _underlined(outcome: Outcome, finding: Finding, line: str) -> tuple[str, str]:
    """The source line, and the marks under the part of the span that lies on it."""
    where = extent(outcome, finding)
    first = where.column if where.line == finding.line else len(line) - len(line.lstrip()) + 1
    last = where.end_column if where.end_line == finding.line else len(line.rstrip()) + 1
    if not where.line <= finding.line <= where.end_line:
        first = last = finding.column
    if last > _WIDEST:
        cut = max(0, min(first, finding.column) - 20)
        line = ("…" if cut else "") + line[cut : cut + _WIDEST]
        shift = cut - bool(cut)
        first, last = first - shift, min(last - shift, len(line) + 1)
    blank = "".join(
        each if each == "\t" else " " * _width(each) for each in line[: max(0, first - 1)]
    )
    marked = sum(map(_width, line[max(0, first - 1) : last - 1]))
    return line.rstrip(), blank + "^" * max(1, marked)


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _applied(results: Results, outcome: Outcome, why: bool) -> Iterator[str]:
    report = outcome.report
    if report.after is not None:
        done = "would change" if results.command == "diff" else "changed"
        edits = f"{len(report.fixed)} {'edit' if len(report.fixed) == 1 else 'edits'}"
        if not report.fixed and report.fixed_elsewhere:
            places = (f"{results.shown(x.path)}:{x.line}" for x in report.fixed_elsewhere)
            edits = f"for {', '.join(dict.fromkeys(places))}"
        elif not report.fixed:
            edits = "declares what the edited code imports"
        left = f", {len(report.skipped)} left" if report.skipped else ""
        yield f"{style(results.shown(report.path), bold=True)}: {done}, {edits}{left}"
        if why:
            for finding in report.fixed:
                yield f"  {headline(results, finding)}"
                yield from _remarks(results, finding, why, "    ")
    for said in report.notes:
        yield f"  {safe(english(said))}"
    if why:
        for each in report.skipped:
            yield from _skipped(results, each)


def _skipped(results: Results, skipped: Skipped) -> Iterator[str]:
    yield f"  left: {headline(results, skipped.finding)}"
    yield f"    {safe(english(skipped.reason))}"
    yield from _remarks(results, skipped.finding, True, "    ")
