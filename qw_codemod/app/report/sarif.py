"""SARIF 2.1.0: relative paths, fingerprints that outlive moved lines, suppressions as such."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from qw_codemod import __version__
from qw_codemod.engine.results import Results, extent
from qw_codemod.kernel.model import Finding, Outcome, Problem
from qw_codemod.kernel.statements import render as english
from qw_codemod.rules.packs import Rule
from qw_codemod.rules.suppress import UNUSED_CODE, UNUSED_NAME

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "%SRCROOT%"  # the root of the repository, wherever it is checked out


def render(results: Results) -> str:
    """One run; what could not be examined is a notification of it."""
    run = {
        "tool": {"driver": _driver(results)},
        "columnKind": "unicodeCodePoints",
        "results": list(_results(results)),
        "invocations": [
            {
                "executionSuccessful": not results.all_problems,
                "exitCode": results.exit_code,
                "toolExecutionNotifications": [
                    _notification(results, each) for each in results.all_problems
                ],
            }
        ],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _driver(results: Results) -> dict[str, Any]:
    unused = "A suppression that suppresses nothing."
    return {
        "name": "qw-codemod",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [
            *(_rule(rule) for rule in results.rules),
            {"id": UNUSED_CODE, "name": UNUSED_NAME, "shortDescription": {"text": unused}},
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    page = rule.page or rule.doc or rule.check.summary
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.check.summary},
        "help": {"text": page, "markdown": page},
        "properties": {"tags": [rule.family]},
    }


def _results(results: Results) -> Iterator[dict[str, Any]]:
    index = {rule.code: number for number, rule in enumerate(results.rules)}
    index[UNUSED_CODE] = len(index)
    for outcome in results.outcomes:
        report = outcome.report
        seen: Counter[tuple[str, str]] = Counter()
        suppressed = set(report.suppressed)
        everything = (*report.findings, *report.suppressed, *report.unused_suppressions)
        for finding in sorted(everything, key=lambda each: (each.line, each.column, each.code)):
            text = outcome.lines.get(finding.line, "").strip()
            seen[finding.code, text] += 1
            warned = not results.is_error(finding) or finding in report.unused_suppressions
            result: dict[str, Any] = {
                "ruleId": finding.code,
                "ruleIndex": index[finding.code],
                "level": "warning" if warned else "error",
                "message": {"text": _message(finding)},
                "locations": [_location(results, outcome, finding)],
                "partialFingerprints": _fingerprints(
                    _relative(results, finding.path), finding.code, text, seen[finding.code, text]
                ),
            }
            if finding.evidence.facts:
                result["relatedLocations"] = _facts(results, finding)
            if finding in suppressed:
                result["suppressions"] = [{"kind": "inSource", "justification": "noqa"}]
            elif finding in results.known:
                result["suppressions"] = [{"kind": "external", "justification": "baseline"}]
            yield result


def _message(finding: Finding) -> str:
    if finding.evidence.level == "proven":
        return finding.message
    return f"{finding.message} (likely: {english(finding.evidence.doubt) or 'not proven'})"


def _fingerprints(path: str, code: str, text: str, ordinal: int) -> dict[str, str]:
    """Stable against lines that move: equal lines of a file are told apart by their order."""
    digest = hashlib.sha256("\0".join((path, code, text)).encode()).hexdigest()[:32]
    identity = f"{digest}:{ordinal}"
    # GitHub reads the first one alone, and reckons its own by line where it is missing.
    return {"primaryLocationLineHash": identity, "qwCodemod/v1": identity}


def _location(results: Results, outcome: Outcome, finding: Finding) -> dict[str, Any]:
    where = extent(outcome, finding)
    region = {
        "startLine": where.line,
        "startColumn": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(results, finding.path),
            "region": region,
        }
    }


def _facts(results: Results, finding: Finding) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "message": {"text": english(fact.what)},
            "physicalLocation": {
                "artifactLocation": _artifact(results, fact.path),
                "region": {"startLine": max(1, fact.line)},
            },
        }
        for number, fact in enumerate(finding.evidence.facts)
        if fact.path
    ]


def _notification(results: Results, problem: Problem) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(results, problem.path)}
    if problem.line:
        place["region"] = {"startLine": problem.line}
    rule = f"{problem.rule}: " if problem.rule else ""
    return {
        "level": "error",
        "message": {"text": f"{rule}{problem.message}"},
        "locations": [{"physicalLocation": place}],
    }


def _artifact(results: Results, path: str) -> dict[str, str]:
    return {"uri": quote(_relative(results, path)), "uriBaseId": _BASE}


def _relative(results: Results, path: str) -> str:
    return os.path.relpath(path, results.root).replace(os.sep, "/")
