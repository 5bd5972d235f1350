"""Every family over public code that was damaged at random, for as long as is asked for."""

from __future__ import annotations

import random
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpus
from benchmarks.trust import Tally, apply_all, bad, count

SECONDS = 120.0
_BATCH = 40  # files of one tree
_MOST = 60_000  # bytes of a file: a larger one takes the time of many
_WORD = re.compile(rb"[A-Za-z_]\w*")
_ODD = (
    b"\x00",
    b"\xff",
    b"\x0c",
    b"\t",
    b"\\",
    b"(",
    b")",
    b'"""',
    b"# qw: ignore",
    b"\r",
    b";",
    b":",
)

Lines = list[bytes]
Chance = random.Random


def show(seconds: float = SECONDS, seed: int = 1) -> int:
    """Run until the time is over, and print what came of it; 1 if something went wrong."""
    chance = Chance(seed)
    paths = [
        path
        for folder in corpus.fetch().values()
        for path in sorted(folder.rglob("*.py"))
        if 500 < path.stat().st_size < _MOST
    ]
    ends = time.monotonic() + seconds
    tally, trees = Tally(), 0
    while time.monotonic() < ends:
        trees += 1
        with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
            root = Path(scratch)
            for number, path in enumerate(chance.sample(paths, _BATCH)):
                (root / f"m{number}.py").write_bytes(damaged(path.read_bytes(), chance))
            before = list(bad(tally))
            done = apply_all(root)
            for outcome in done.outcomes:
                count(tally, outcome.report)
                for problem in outcome.report.problems:
                    if problem.rule:
                        print(f"tree {trees}: {problem}", flush=True)
            tally.files += done.counts.files
            again = apply_all(root).outcomes
            tally.unstable += sum(outcome.report.after is not None for outcome in again)
            if bad(tally) != before:
                kept = Path(tempfile.mkdtemp(prefix="fuzz-kept-"))
                root.rename(kept / "tree")
                root.mkdir()
                print(f"tree {trees} went wrong; it is kept in {kept}", flush=True)
    print(
        f"{trees} trees, {tally.files:,} files, {tally.unreadable:,} of them unreadable (and said "
        f"so), {tally.findings:,} findings, {tally.edits:,} edits; crashes, broken, unstable, "
        f"outside, elsewhere: {bad(tally)}"
    )
    return 1 if sum(bad(tally)) else 0


def damaged(data: bytes, chance: Chance) -> bytes:
    """The same with one to four changes; most of them leave Python."""
    lines = data.splitlines(keepends=True)
    for _ in range(chance.randint(1, 4)):
        if lines:
            chance.choice(_DAMAGES)(lines, chance)
    return b"".join(lines)


def _drop_some(lines: Lines, chance: Chance) -> None:
    at = chance.randrange(len(lines))
    del lines[at : at + chance.randint(1, 3)]


def _repeat(lines: Lines, chance: Chance) -> None:
    at = chance.randrange(len(lines))
    lines[at:at] = lines[at : at + chance.randint(1, 6)]


def _swap(lines: Lines, chance: Chance) -> None:
    """Two lines that are indented alike change places."""
    at = chance.randrange(len(lines))
    indent = len(lines[at]) - len(lines[at].lstrip())
    alike = [n for n, line in enumerate(lines) if len(line) - len(line.lstrip()) == indent]
    other = chance.choice(alike)
    lines[at], lines[other] = lines[other], lines[at]


def _rename(lines: Lines, chance: Chance) -> None:
    """One word becomes another one of the file."""
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    words, others = list(_WORD.finditer(lines[at])), _WORD.findall(lines[other])
    if words and others:
        word = chance.choice(words)
        lines[at] = lines[at][: word.start()] + chance.choice(others) + lines[at][word.end() :]


def _put(lines: Lines, chance: Chance) -> None:
    at = chance.randrange(len(lines))
    where = chance.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:where] + chance.choice(_ODD) + lines[at][where:]


def _end_otherwise(lines: Lines, chance: Chance) -> None:
    """Other line ends, in all of the file or in half of it."""
    half = chance.choice((0, len(lines) // 2))
    lines[half:] = [line.rstrip(b"\r\n") + b"\r\n" for line in lines[half:]]


def _cut(lines: Lines, chance: Chance) -> None:
    del lines[max(1, chance.randrange(len(lines))) :]


_DAMAGES: tuple[Callable[[Lines, Chance], None], ...] = (
    *(_drop_some, _repeat, _repeat, _swap, _swap, _swap, _rename, _rename, _rename),
    *(_put, _end_otherwise, _cut),
)
