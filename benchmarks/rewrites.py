"""What `apply` makes of public code: does it compile, does it stay, what does ruff say."""

from __future__ import annotations

import difflib
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import corpus, results
from qw_codemod.app import commands
from qw_codemod.engine.results import Results
from qw_codemod.kernel.model import FileReport, Finding
from qw_codemod.rules.packs import load

FAMILIES = ("excepts", "retries,backoff")
RUFF = {"excepts": ("E722", "BLE001", "S110", "S112", "TRY")}  # its rules that look at the same
_POLICY = '[tool.qw-codemod.retries]\npolicy = "http_retry:retry_api"\n'
_CONTEXT = 9  # lines around a rewrite that is printed


@dataclass
class _Tally:
    """The counts of one package."""

    files: int = 0
    found: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    left: int = 0
    broken: int = 0
    unstable: int = 0
    problems: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Drawn:
    """One rewrite, for somebody to read."""

    package: str
    report: FileReport
    finding: Finding

    @property
    def shape(self) -> str:
        """What is alike in two rewrites of the same shape."""
        return " ".join([self.finding.code, *(f.text for f in self.finding.evidence.facts)])


def show(families: str, names: Sequence[str], draw: int, seed: int) -> int:
    """Run over the packages and print the table, or a draw of rewrites; 0 for the exit code."""
    tallies: dict[str, _Tally] = {}
    drawn: list[_Drawn] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in corpus.fetch(names).items():
            copy = Path(scratch) / name
            shutil.copytree(folder, copy)
            tallies[name] = _Tally()
            drawn += _examine(families, name, copy, tallies[name], counting=not draw)
            shutil.rmtree(copy)
            if not draw:
                print(_row(name, tallies[name]), flush=True)
        if draw:
            _print(_spread(drawn, draw, seed))
            return 0
    text = _table(families, tallies)
    print(text)
    if not names:
        results.record(f"Rewrites of {families}", text)
    return 0


def _examine(
    families: str, name: str, copy: Path, tally: _Tally, counting: bool
) -> Iterator[_Drawn]:
    before = _ruff(families, copy) if counting else Counter()
    if "retries" in families:
        policy = load().codemods()["QW301"].policy
        assert policy is not None
        (copy / "http_retry.py").write_text(policy(("requests", "httpx", "aiohttp", "urllib")))
        (copy / "pyproject.toml").write_text(_POLICY)
    done = _apply(families, copy)
    tally.files = done.counts.files
    tally.problems = len(done.all_problems)
    for outcome in done.outcomes:
        report = outcome.report
        tally.found.update(each.code for each in (*report.fixed, *report.findings))
        tally.left += len(report.skipped)
        tally.edits += len(report.fixed)
        if report.after is not None:
            tally.broken += not _compiles(report.after)
            yield from (_Drawn(name, report, finding) for finding in report.fixed)
    if counting:
        tally.unstable = sum(o.report.after is not None for o in _apply(families, copy).outcomes)
        tally.before, tally.after = before, _ruff(families, copy)


def _apply(families: str, copy: Path) -> Results:
    request = commands.Request(paths=(str(copy),), root=str(copy), dependencies=False)
    return commands.apply(families, request)


def _compiles(data: bytes) -> bool:
    try:
        compile(data, "after.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _ruff(families: str, folder: Path) -> Counter[str]:
    """How many findings of ruff's a folder has, by code, whatever its own configuration says."""
    if families not in RUFF:
        return Counter()
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero"]
    command += ["--select", ",".join(RUFF[families]), "--ignore-noqa", "--output-format", "json"]
    done = subprocess.run([*command, str(folder)], capture_output=True, check=True)
    return Counter(str(each["code"]) for each in json.loads(done.stdout))


# -- the table ------------------------------------------------------------------------------------

_HEADS = "edits left broken unstable problems".split()


def _cells(name: str, tally: _Tally, codes: Sequence[str]) -> list[str]:
    counts = [tally.files, *(tally.found[code] for code in codes), tally.edits, tally.left]
    counts += [tally.broken, tally.unstable, tally.problems]
    return [name, *map(str, counts)]


def _row(name: str, tally: _Tally) -> str:
    return "  ".join(_cells(name, tally, sorted(tally.found)))


def _table(families: str, tallies: dict[str, _Tally]) -> str:
    found = sorted({code for each in tallies.values() for code in each.found})
    heads = ["package", "files", *found, *_HEADS]
    rows = [_cells(name, tally, found) for name, tally in tallies.items()]
    total = ["all", *(str(sum(int(row[at]) for row in rows)) for at in range(1, len(heads)))]
    codes = sorted({code for each in tallies.values() for code in (*each.before, *each.after)})
    ruff = [
        [code, *(str(sum(getattr(t, when)[code] for t in tallies.values())) for when in _WHEN)]
        for code in codes
    ]
    said = (
        f"`python -m benchmarks rewrites {families}`: `apply {families}` with its defaults.\n\n"
        f"{results.table(heads, [*rows, total])}\n\n"
        f"left: findings that are not edited, with a reason; broken: edited files that do not\n"
        f"compile; unstable: files that a second run changes; problems: files that could not be\n"
        f"examined."
    )
    if not ruff:
        return said
    return (
        f"{said}\n\nWhat ruff says of the same files:\n\n"
        f"{results.table(['rule', 'before', 'after'], ruff)}"
    )


_WHEN = ("before", "after")


# -- the draw -------------------------------------------------------------------------------------


def _spread(every: Sequence[_Drawn], count: int, seed: int) -> list[_Drawn]:
    """A draw in which each shape has its turn before any has a second."""
    shapes: dict[str, list[_Drawn]] = defaultdict(list)
    chance = random.Random(seed)
    for each in every:
        shapes[each.shape].append(each)
    for group in shapes.values():
        chance.shuffle(group)
    names = sorted(shapes)
    chance.shuffle(names)
    chosen: list[_Drawn] = []
    while len(chosen) < min(count, len(every)):
        for name in names:
            if shapes[name] and len(chosen) < count:
                chosen.append(shapes[name].pop())
    return chosen


def _print(drawn: Sequence[_Drawn]) -> None:
    for number, each in enumerate(drawn, 1):
        path = each.report.path.rpartition(f"/{each.package}/")[2]
        print(f"=== {number} {each.package} {path}:{each.finding.line} {each.shape}")
        print("\n".join(_hunk(each)))


def _hunk(drawn: _Drawn) -> Iterator[str]:
    """The difference around the finding, with what an import above it became."""
    assert drawn.report.after is not None
    old, new = (
        data.decode("utf-8", "replace").splitlines()
        for data in (drawn.report.before, drawn.report.after)
    )
    hunk: list[str] = []
    start = end = 0
    for line in difflib.unified_diff(old, new, lineterm="", n=_CONTEXT):
        if line.startswith("@@"):
            if start <= drawn.finding.line <= end:
                break
            hunk = []
            first, _, length = line.split()[1].removeprefix("-").partition(",")
            start, end = int(first), int(first) + int(length or 1)
        hunk.append(line)
    yield from hunk
