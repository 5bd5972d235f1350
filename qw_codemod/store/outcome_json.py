"""Outcomes of a `check` as JSON and back: values alone, so that reading one runs nothing."""

from __future__ import annotations

import json
from typing import Any, cast

from qw_codemod.kernel.model import (
    Evidence,
    Extent,
    Fact,
    FileReport,
    Finding,
    Level,
    NotNeeded,
    NotYet,
    Obstacle,
    Outcome,
    Problem,
    Span,
    Unfixable,
    Unsafe,
)
from qw_codemod.kernel.statements import from_json, to_json

_OBSTACLES = (Unfixable, Unsafe, NotYet, NotNeeded)


def dumps(outcome: Outcome) -> str:
    """The text of an outcome that changes nothing; empty for one that says nothing."""
    report = outcome.report
    said = [
        [_finding(each) for each in report.findings],
        [_finding(each) for each in report.suppressed],
        [_finding(each) for each in report.unused_suppressions],
        [[each.message, each.line, each.rule] for each in report.problems],
        list(outcome.lines.items()),
        [
            [span.start, span.end, each.line, each.column, each.end_line, each.end_column]
            for span, each in outcome.extents.items()
        ],
        list(outcome.notes),
    ]
    return json.dumps(said, ensure_ascii=False) if any(said) else ""


def loads(path: str, text: str) -> Outcome:
    """The outcome of a file; raises ValueError, TypeError or IndexError where it is none."""
    if not text:
        return Outcome(FileReport(path))
    found, suppressed, unused, problems, lines, extents, notes = json.loads(text)
    report = FileReport(
        path,
        findings=tuple(_to_finding(path, each) for each in found),
        suppressed=tuple(_to_finding(path, each) for each in suppressed),
        unused_suppressions=tuple(_to_finding(path, each) for each in unused),
        problems=tuple(Problem(path, message, line, rule) for message, line, rule in problems),
    )
    places = {Span(start, end): Extent(*extent) for start, end, *extent in extents}
    return Outcome(report, dict(lines), places, tuple(notes))


def _finding(each: Finding) -> list[Any]:
    return [
        each.code,
        each.rule,
        each.family,
        each.line,
        each.column,
        each.end_line,
        [each.span.start, each.span.end],
        each.message,
        each.evidence.level,
        [[to_json(fact.what), fact.path, fact.line] for fact in each.evidence.facts],
        each.evidence.doubt and to_json(each.evidence.doubt),
        each.fixable,
        each.obstacle and _obstacle(each.obstacle),
        each.hidden,
        each.about,
    ]


def _to_finding(path: str, row: list[Any]) -> Finding:
    code, rule, family, line, column, end_line, span, message, level, facts, doubt, *rest = row
    fixable, obstacle, hidden, about = rest
    evidence = Evidence(
        cast("Level", level),
        tuple(Fact(from_json(what), where, number) for what, where, number in facts),
        doubt and from_json(doubt),
    )
    return Finding(
        code,
        rule,
        family,
        path,
        line,
        column,
        end_line,
        Span(*span),
        message,
        evidence,
        fixable,
        _to_obstacle(*obstacle) if obstacle else None,
        hidden,
        about,
    )


def _obstacle(each: Obstacle) -> list[Any]:
    beside = list(each.beside) if isinstance(each, Unsafe) else []
    reason = to_json(each.reason) if each.reason else None
    return [_OBSTACLES.index(type(each)), reason, beside]


def _to_obstacle(kind: int, row: list[Any] | None, beside: list[str]) -> Obstacle:
    reason = from_json(row) if row else None
    if _OBSTACLES[kind] is Unsafe:
        return Unsafe(reason, tuple(beside))
    return _OBSTACLES[kind](reason)
