"""Findings of QW301 against labels made by reading: what is wrapped, and what must not be."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import corpus, results
from qw_codemod.app import commands
from qw_codemod.kernel.model import Finding
from qw_codemod.rules.packs import load

LABELS = Path(__file__).parent / "labels_http"
_POLICY = '[tool.qw-codemod.retries]\npolicy = "http_retry:retry_api"\n'
_KINDS = ("wrap", "bound-first", "retried", "must-not", "not-http")


@dataclass(frozen=True)
class _Label:
    path: str
    line: int
    kind: str
    why: str


def show(names: Sequence[str] = (), listing: bool = False) -> int:
    """Print the table, and record it when it is of all packages; 1 if a wrap is wrong."""
    chosen = names or sorted(path.stem for path in LABELS.glob("*.csv"))
    rows = []
    total: Counter[str] = Counter()
    for name in chosen:
        found = _found(corpus.fetch([name])[name])
        tally: Counter[str] = Counter()
        for label in _labels(name):
            verdict = _verdict(label, found.get((label.path, label.line)))
            tally[verdict] += 1
            tally[f"labelled {label.kind}"] += 1
            if listing and verdict not in ("right", "left"):
                print(f"{verdict}: {name} {label.path}:{label.line} {label.kind}: {label.why}")
        total += tally
        rows.append(_row(name, tally))
    rows.append(_row("all", total))
    heads = ["package", *_KINDS, "wrapped", "wrong", "missed", "precision", "recall"]
    text = (
        "`python -m benchmarks http`: labels made by reading, in benchmarks/labels_http/.\n\n"
        f"{results.table(heads, rows)}\n\n"
        "wrapped: of those labelled `wrap`, edited by a plain `apply retries`; wrong: edited\n"
        "though labelled otherwise; missed: labelled `wrap` and neither edited nor reported."
    )
    print(text)
    if not names:
        results.record("Retries against labels", text)
    return 1 if total["wrong"] else 0


def _labels(name: str) -> list[_Label]:
    with (LABELS / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [_Label(row["path"], int(row["line"]), row["label"], row["why"]) for row in rows]


def _found(folder: Path) -> dict[tuple[str, int], Finding]:
    """Every finding of QW301, quiet ones too, by its place."""
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / folder.name
        shutil.copytree(folder, copy)
        (copy / "http_retry.py").write_text(policy(("requests", "httpx", "aiohttp", "urllib")))
        (copy / "pyproject.toml").write_text(_POLICY)
        request = commands.Request(paths=(str(copy),), select=("QW301",), root=str(copy))
        outcomes = commands.check(request).outcomes
        return {
            (Path(each.path).relative_to(copy).as_posix(), each.line): each
            for outcome in outcomes
            for each in outcome.report.findings
        }


def _verdict(label: _Label, finding: Finding | None) -> str:
    """`right`, `left`, `wrong`, `missed`, or `asked`: reported, and edited with a flag alone."""
    plain = (
        finding is not None
        and finding.fixable
        and finding.safety == "safe"
        and finding.evidence.level == "proven"
    )
    if label.kind == "wrap":
        if plain:
            return "right"
        return "asked" if finding is not None else "missed"
    return "wrong" if plain else "left"


def _row(name: str, tally: Counter[str]) -> list[str]:
    wanted = tally["labelled wrap"]
    edited = tally["right"] + tally["wrong"]
    return [
        name,
        *(str(tally[f"labelled {kind}"]) for kind in _KINDS),
        str(tally["right"]),
        str(tally["wrong"]),
        str(tally["missed"]),
        f"{tally['right'] / edited:.1%}" if edited else "-",
        f"{tally['right'] / wanted:.1%}" if wanted else "-",
    ]
