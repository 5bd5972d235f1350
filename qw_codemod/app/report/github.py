"""Annotations on the changed lines of a pull request, as GitHub Actions reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from qw_codemod.engine.results import Results, extent
from qw_codemod.kernel.model import Finding, Outcome
from qw_codemod.kernel.statements import render as english


def render(results: Results) -> str:
    """A workflow command for each finding, and for each file that could not be examined."""
    return "".join(f"{line}\n" for line in _commands(results))


def _commands(results: Results) -> Iterator[str]:
    for problem in results.all_problems:
        place = {"file": _path(results, problem.path)}
        if problem.line:
            place["line"] = str(problem.line)
        rule = f"{problem.rule}: " if problem.rule else ""
        title = "could not be examined"
        yield _command("error", {**place, "title": title}, f"{rule}{problem.message}")
    for outcome in results.outcomes:
        report = outcome.report
        for finding in (*results.new(report.findings), *report.unused_suppressions):
            warned = finding in report.unused_suppressions or not results.is_error(finding)
            yield _annotation(results, outcome, finding, "warning" if warned else "error")
    for entry in results.removable:
        yield _command("notice", {"title": "baseline"}, f"fixed, and still listed: {entry}")


def _annotation(results: Results, outcome: Outcome, finding: Finding, kind: str) -> str:
    where = extent(outcome, finding)
    place = {"file": _path(results, finding.path), "line": str(finding.line)}
    if where.end_line > finding.line:
        place["endLine"] = str(where.end_line)
    else:
        place |= {"col": str(finding.column), "endColumn": str(where.end_column)}
    message = finding.message
    if finding.evidence.level == "likely":
        message += f" (likely: {english(finding.evidence.doubt) or 'not proven'})"
    return _command(kind, {**place, "title": f"{finding.code} {finding.rule}"}, message)


def _path(results: Results, path: str) -> str:
    """Relative to the workspace, which need not be the current folder of the step."""
    workspace = os.environ.get("GITHUB_WORKSPACE", "")
    if workspace and path.startswith(os.path.join(workspace, "")):
        return os.path.relpath(path, workspace).replace(os.sep, "/")
    return results.shown(path)


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{kind} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
