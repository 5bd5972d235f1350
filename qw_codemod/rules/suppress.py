"""`# noqa: QW101`, and suppressions that no longer suppress anything."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from qw_codemod.kernel.document import Comment, Document
from qw_codemod.kernel.model import Evidence, Finding, Span

UNUSED_CODE = "QW001"
UNUSED_NAME = "unused-suppression"

# As ruff reads it: a colon without a code behind it is a remark, not a blanket.
_NOQA = re.compile(
    r"#\s*noqa(?![\w-])(?P<colon>\s*:\s*(?P<codes>[A-Z]+[0-9]+\b(?:[\s,]+[A-Z]+[0-9]+\b)*)?)?", re.I
)
_CODE = re.compile(r"[A-Z]+[0-9]+", re.I)


@dataclass(frozen=True, slots=True)
class Noqa:
    """One suppression: its line (1-based), its code (empty: every code) and where that stands."""

    line: int
    code: str
    column: int  # 1-based, in characters


@dataclass(frozen=True, slots=True)
class Verdict:
    """What suppressions make of the findings of one file."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Finding, ...] = ()
    unused: tuple[Finding, ...] = ()


def suppress(source: Document, findings: Iterable[Finding], codes: Collection[str]) -> Verdict:
    """Part the findings by the file's noqa comments; `codes` are those of the rules that ran."""
    found = tuple(findings)
    data = source.data
    if b"noqa" not in data.lower():
        return Verdict(found)
    if not found and not any(
        code.encode() in data or code.lower().encode() in data for code in codes
    ):
        return Verdict(found)
    by_line: dict[int, list[Noqa]] = {}
    for noqa in noqas(source):
        by_line.setdefault(noqa.line, []).append(noqa)
    kept: list[Finding] = []
    suppressed: list[Finding] = []
    used: set[Noqa] = set()
    for finding in found:
        lines = {finding.line, source.line_of(finding.span.start), finding.end_line}
        reasons = [
            noqa
            for line in lines
            for noqa in by_line.get(line, ())
            if noqa.code in ("", finding.code)
        ]
        used.update(reasons)
        (suppressed if reasons else kept).append(finding)
    unused = (
        _unused(source, noqa)
        for line in sorted(by_line)
        for noqa in by_line[line]
        if noqa.code in codes and noqa not in used
    )
    return Verdict(tuple(kept), tuple(suppressed), tuple(unused))


def noqas(source: Document) -> list[Noqa]:
    """The noqa comments of a file, a code each; what stands in a string is no comment."""
    return [noqa for comment in source.comments() for noqa in _read(comment)]


def _read(comment: Comment) -> Iterator[Noqa]:
    line, start, text = comment
    for match in _NOQA.finditer(text):
        if match["codes"]:
            for code in _CODE.finditer(text, match.start("codes"), match.end("codes")):
                yield Noqa(line, code.group().upper(), start + code.start())
        elif not match["colon"]:
            yield Noqa(line, "", start + match.start())


def _unused(source: Document, noqa: Noqa) -> Finding:
    before = source.line_text(noqa.line)[: noqa.column - 1].encode(source.encoding, "replace")
    start = source.line_starts[noqa.line - 1] + len(before)
    return Finding(
        code=UNUSED_CODE,
        rule=UNUSED_NAME,
        family="suppressions",
        path=source.path,
        line=noqa.line,
        column=noqa.column,
        end_line=noqa.line,
        span=Span(start, start + len(noqa.code)),
        message=f"`# noqa: {noqa.code}` suppresses nothing",
        evidence=Evidence("proven"),
    )
