"""The run as one JSON object, for programs; `version` changes when a key changes its meaning."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from qw_codemod.engine.results import Results, extent
from qw_codemod.kernel.model import Finding, Outcome, Problem
from qw_codemod.kernel.statements import render as english

VERSION = 1


def render(results: Results) -> str:
    """Findings, what was edited and left, and the files that could not be examined."""
    findings, fixed, left, suppressed, unused = [], [], [], [], []
    for outcome in results.outcomes:
        report = outcome.report
        findings += [_finding(results, outcome, each) for each in results.new(report.findings)]
        fixed += [
            {**_finding(results, outcome, each), **_also(results, each)} for each in report.fixed
        ]
        suppressed += [_finding(results, outcome, each) for each in report.suppressed]
        unused += [_finding(results, outcome, each) for each in report.unused_suppressions]
        left += [
            {**_finding(results, outcome, each.finding), "reason": english(each.reason)}
            for each in report.skipped
        ]
    document = {
        "version": VERSION,
        "command": results.command,
        "findings": findings,
        "fixed": fixed,
        "left": left,
        "suppressed": suppressed,
        "unused_suppressions": unused,
        "problems": [_problem(results, each) for each in results.all_problems],
        "notices": list(results.notices),
        "baseline": {"known": len(results.known), "removable": list(results.removable)},
        "summary": {**asdict(results.counts), "exit_code": results.exit_code},
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(results: Results, outcome: Outcome, finding: Finding) -> dict[str, Any]:
    where = extent(outcome, finding)
    return {
        "path": results.shown(finding.path),
        "line": finding.line,
        "column": finding.column,
        "end_line": where.end_line,
        "end_column": where.end_column,
        "code": finding.code,
        "name": finding.rule,
        "message": finding.message,
        "level": finding.evidence.level,
        "doubt": english(finding.evidence.doubt),
        "fixable": results.fixable(finding),
        "safety": finding.safety,
        "caution": english(finding.reason),
        "evidence": [
            {
                "fact": english(fact.what),
                "path": results.shown(fact.path),
                "line": fact.line,
            }
            for fact in finding.evidence.facts
        ],
    }


def _also(results: Results, finding: Finding) -> dict[str, Any]:
    """The other files that the fix of a finding edits."""
    also = [
        results.shown(outcome.report.path)
        for outcome in results.outcomes
        if finding in outcome.report.fixed_elsewhere
    ]
    return {"also_edited": also} if also else {}


def _problem(results: Results, problem: Problem) -> dict[str, Any]:
    return {
        "path": results.shown(problem.path),
        "line": problem.line,
        "rule": problem.rule,
        "message": problem.message,
    }
