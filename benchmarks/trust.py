"""Every family with `--likely` over all of the public code: what went wrong, in one table."""

from __future__ import annotations

import ast
import difflib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

from benchmarks import corpus, results
from qw_codemod.app import commands
from qw_codemod.engine.reasons import NeedsOptions
from qw_codemod.engine.results import Results
from qw_codemod.kernel.model import FileReport, Finding, Skipped
from qw_codemod.kernel.statements import render
from qw_codemod.rules.packs import load

_POLICY = '[tool.qw-codemod.retries]\npolicy = "http_retry:retry_api"\n'


@dataclass
class Tally:
    """The counts of one package; all from `crashes` on ought to be zero."""

    files: int = 0
    findings: int = 0
    edits: int = 0
    seconds: float = 0.0
    unreadable: int = 0  # syntax that this Python does not read, said by name
    crashes: int = 0
    broken: int = 0  # edited files that do not compile
    unstable: int = 0  # files that a second run changes
    outside: int = 0  # changed lines that belong to no edit
    elsewhere: int = 0  # files whose syntax tree differs in another place
    refused: Counter[str] = field(default_factory=Counter)  # what a codemod could have edited


def show(names: Sequence[str] = ()) -> int:
    """Run, print the table and record it; 1 if a column that ought to be zero is not."""
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in corpus.fetch(names).items():
            copy = Path(scratch) / name
            shutil.copytree(folder, copy)
            tallies[name] = _examine(copy)
            shutil.rmtree(copy)
            print("  ".join(_cells(name, tallies[name])), flush=True)
    text = _table(tallies)
    print(text)
    if not names:
        results.record("Trust", text)
    wrong = sum(sum(bad(each)) for each in tallies.values())
    return 1 if wrong else 0


def _examine(copy: Path) -> Tally:
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    (copy / "http_retry.py").write_text(policy(("requests", "httpx", "aiohttp", "urllib")))
    (copy / "pyproject.toml").write_text(_POLICY)
    started = time.perf_counter()
    done = apply_all(copy)
    tally = Tally(files=done.counts.files, seconds=time.perf_counter() - started)
    for outcome in done.outcomes:
        count(tally, outcome.report)
    tally.unstable = sum(outcome.report.after is not None for outcome in apply_all(copy).outcomes)
    return tally


def apply_all(copy: Path) -> Results:
    """Every family over a folder, likely findings too."""
    request = commands.Request(paths=(str(copy),), root=str(copy), likely=True, dependencies=False)
    return commands.apply("all", request)


def count(tally: Tally, report: FileReport) -> None:
    """Add what came of one file."""
    tally.findings += len(report.findings) + len(report.fixed)
    tally.edits += len(report.fixed)
    for problem in report.problems:
        tally.crashes += bool(problem.rule)
        tally.unreadable += not problem.rule
    tally.refused.update(render(each.reason) for each in report.skipped if _is_refusal(each))
    if report.after is None:
        return
    tally.broken += not _compiles(report.after)
    tally.outside += len(list(_lines_outside(report)))
    tally.elsewhere += _differs_elsewhere(report)


def _is_refusal(skipped: Skipped) -> bool:
    """Whether the codemod was to edit it, and could not."""
    return skipped.finding.fixable and not isinstance(skipped.reason, NeedsOptions)


def _compiles(data: bytes) -> bool:
    try:
        compile(data, "after.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


# -- what changed ---------------------------------------------------------------------------------


def _extents(report: FileReport) -> list[range]:
    """The lines (from 1) of each statement that holds a finding which was fixed."""
    tree = ast.parse(report.before)
    found = []
    for finding in report.fixed:
        holding = [node for node in ast.walk(tree) if _holds(node, finding)]
        if holding:
            inner = max(holding, key=lambda node: node.lineno)
            found.append(range(inner.lineno, (inner.end_lineno or 0) + 1))
    return found


def _holds(node: ast.AST, finding: Finding) -> TypeGuard[ast.stmt | ast.excepthandler]:
    if not isinstance(node, (ast.stmt, ast.excepthandler)):
        return False
    return node.lineno <= finding.line <= (node.end_lineno or 0)


def _lines_outside(report: FileReport) -> Iterator[int]:
    """The lines that went or changed, and that belong to no statement with a finding."""
    assert report.after is not None
    extents = _extents(report)
    old, new = report.before.splitlines(), report.after.splitlines()
    for tag, start, end, _, _ in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag in ("equal", "insert"):
            continue
        for line in range(start + 1, end + 1):
            is_import = old[line - 1].lstrip().startswith((b"import", b"from"))
            if not is_import and not any(line in extent for extent in extents):
                yield line


def _differs_elsewhere(report: FileReport) -> bool:
    """Whether a top-level statement without a finding is another one now, imports aside."""
    assert report.after is not None
    before, after = ast.parse(report.before).body, ast.parse(report.after).body
    lines = {finding.line for finding in report.fixed}
    old = [ast.dump(node) for node in before]
    new = [ast.dump(node) for node in after]
    for tag, start, end, first, last in difflib.SequenceMatcher(
        None, old, new, False
    ).get_opcodes():
        if tag == "equal":
            continue
        for node in before[start:end]:
            fixed = any(node.lineno <= line <= (node.end_lineno or 0) for line in lines)
            if not fixed and not isinstance(node, (ast.Import, ast.ImportFrom)):
                return True
        if tag == "insert" and not all(map(_is_brought, after[first:last])):
            return True
    return False


def _is_brought(node: ast.stmt) -> bool:
    """An import, the module's new logger, or a statement that a rewrite puts before another."""
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr))


# -- the table ------------------------------------------------------------------------------------

_HEADS = (
    "package files findings edits seconds unreadable crashes broken unstable outside elsewhere "
    "refused".split()
)


def bad(tally: Tally) -> list[int]:
    """The counts that ought to be zero."""
    return [tally.crashes, tally.broken, tally.unstable, tally.outside, tally.elsewhere]


def _cells(name: str, tally: Tally) -> list[str]:
    counts = [tally.files, tally.findings, tally.edits, round(tally.seconds), tally.unreadable]
    return [name, *map(str, [*counts, *bad(tally), sum(tally.refused.values())])]


def _table(tallies: dict[str, Tally]) -> str:
    rows = [_cells(name, tally) for name, tally in tallies.items()]
    total = ["all", *(str(sum(int(row[at]) for row in rows)) for at in range(1, len(_HEADS)))]
    reasons: Counter[str] = Counter()
    for tally in tallies.values():
        reasons.update(tally.refused)
    listed = "\n".join(f"- {count}: {reason}" for reason, count in reasons.most_common(12))
    return (
        f"`make trust`: `apply all --likely`, a policy of retries configured.\n\n"
        f"{results.table(_HEADS, [*rows, total])}\n\n"
        f"unreadable: files whose syntax this Python does not read, each named; crashes: rules\n"
        f"that failed on a file; broken: edited files that do not compile; unstable: files that a\n"
        f"second run changes; outside: changed lines that belong to no edit; elsewhere: files\n"
        f"whose syntax tree differs in another place; refused: edits that a codemod declined:\n\n"
        f"{listed}"
    )
