"""One page that needs nothing else: to send to somebody, or to keep beside a build."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from qw_codemod.app.report import summary
from qw_codemod.engine.results import Results
from qw_codemod.kernel.model import Finding, Outcome, Skipped
from qw_codemod.kernel.statements import render as english

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; font-family: ui-monospace, monospace; }
article { border-left: 4px solid #c62828; margin: .75rem 0; padding: .25rem .75rem; }
article.likely { border-color: #f9a825; } article.fixed { border-color: #2e7d32; }
pre { background: #f5f5f5; overflow-x: auto; padding: .5rem; margin: .25rem 0; }
code { font-weight: 600; } small { color: #555; } ol { margin: .25rem 0; }
.problems { border: 2px solid #c62828; padding: .5rem 1rem; }
"""


def render(results: Results) -> str:
    """The page."""
    return "".join(f"{line}\n" for line in _page(results))


def _page(results: Results) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><title>qw-codemod</title>'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<style>{_STYLE}</style></head><body><h1>qw-codemod {results.command}</h1>"
    yield f"<pre>{escape(summary.render(results))}</pre>"
    if results.all_problems:
        yield '<section class="problems"><h2>Could not be dealt with</h2><ul>'
        for problem in results.all_problems:
            line = f":{problem.line}" if problem.line else ""
            place = f"{results.shown(problem.path)}{line}"
            rule = f"{problem.rule}: " if problem.rule else ""
            yield f"<li><code>{escape(place)}</code> {escape(rule + problem.message)}</li>"
        yield "</ul></section>"
    for outcome in results.outcomes:
        yield from _file(results, outcome)
    yield "</body></html>"


def _file(results: Results, outcome: Outcome) -> Iterator[str]:
    report = outcome.report
    findings = results.new(report.findings) if results.command == "check" else []
    left = report.skipped if results.command != "check" else ()
    if not (findings or report.fixed or left or report.unused_suppressions):
        return
    yield f"<section><h2>{escape(results.shown(report.path))}</h2>"
    for finding in report.fixed:
        yield from _finding(results, outcome, finding, "fixed")
    for finding in (*findings, *report.unused_suppressions):
        yield from _finding(results, outcome, finding, finding.evidence.level)
    for each in left:
        yield from _finding(results, outcome, each.finding, each.finding.evidence.level, each)
    yield "</section>"


def _finding(
    results: Results, outcome: Outcome, finding: Finding, kind: str, skipped: Skipped | None = None
) -> Iterator[str]:
    yield f'<article class="{kind}">'
    yield f"<code>{escape(finding.code)}</code> {escape(finding.message)} "
    yield f"<small>{escape(finding.rule)}, line {finding.line}, {kind}</small>"
    if finding.line in outcome.lines:
        yield f"<pre>{escape(outcome.lines[finding.line])}</pre>"
    remarks = (
        english(skipped.reason) if skipped else "",
        f"likely: {english(finding.evidence.doubt)}" if finding.evidence.doubt else "",
        f"caution: {english(finding.reason)}" if finding.reason else "",
    )
    for remark in filter(None, remarks):
        yield f"<small>{escape(remark)}</small><br>"
    if finding.evidence.facts:
        yield "<details><summary>why</summary><ol>"
        for fact in finding.evidence.facts:
            place = f"{results.shown(fact.path)}:{fact.line}"
            yield f"<li>{escape(english(fact.what))} <small>{escape(place)}</small></li>"
        yield "</ol></details>"
    yield "</article>"
