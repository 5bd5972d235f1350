"""How time and memory of `check` with all rules grow with the tree, and what the cache saves."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks import corpus, results, tools
from benchmarks.tools import PEERS

SIZES = (700, 7_000)  # 17,000 in one tree takes minutes: `growth 17000`
_CHANGES = 7  # files that are changed, one after the other
_SEED = 1
_FLOOR = """
import ast, sys, warnings
from pathlib import Path
from qw_codemod.rules import packs
from qw_codemod.rules.prefilter import possible
warnings.simplefilter("ignore")
checks = [rule.check for rule in packs.load().rules]
for path in Path(".").rglob("*.py"):
    data = path.read_bytes()
    if possible(data, checks):
        try:
            ast.parse(data)
        except (SyntaxError, ValueError):
            pass
"""

_REMARKS = f"""\
`check` runs all rules. Cold is `--no-cache`; first fills the cache; warm is the same again. One
changed: a line is added below the first two of one file, {_CHANGES} files drawn with seed {_SEED}
and one at a time; median, then the quickest and the slowest. The floor reads every file and parses
what the prefilter lets through, in one process. ruff looks for E722, S110, S113 and BLE001, without
its cache; ast-grep for waits by the method's name. Memory is that of the largest process."""


def show(sizes: Sequence[int] = SIZES) -> int:
    """Run, print the table, and record it if it is of all sizes; 0. Raises ToolProblem."""
    ast_grep = next(tool for tool in PEERS if tool.name == "ast-grep")
    tools.CACHE.mkdir(exist_ok=True)
    ast_grep.install()
    rows = []
    for size in sizes:
        with _copy(size) as (copy, files):
            print(f"{files:,} files", flush=True)
            rows.append([f"{files:,}", *_measured(copy, ast_grep)])
    heads = "files|cold|first|warm|one changed|floor|ruff|ast-grep|memory cold|memory warm"
    report = "\n\n".join((results.table(heads.split("|"), rows), _REMARKS))
    print(report)
    if tuple(sizes) == SIZES:
        results.record("Growth", report)
    return 0


def _measured(copy: Path, ast_grep: tools.Tool) -> list[str]:
    ours = [str(Path(sys.executable).parent / "qw-codemod"), "check", "--quiet"]
    ruff = [
        str(Path(sys.executable).parent / "ruff"),
        "check",
        "--no-cache",
        "--isolated",
        "--quiet",
    ]
    with tempfile.TemporaryDirectory(prefix="cache-") as cache:
        environment = {**os.environ, "QW_CODEMOD_CACHE_DIR": cache}
        os.chmod(cache, 0o700)
        time.sleep(2.5)  # the cache relies on files that are older than two seconds
        cold, most = _run([*ours, "--no-cache", "."], copy, environment)
        first, _ = _run([*ours, "."], copy, environment)
        warm, least = min(_run([*ours, "."], copy, environment) for _ in range(3))
        changed = sorted(_changed(ours, copy, environment, Path(cache)))
    floor, _ = _run([sys.executable, "-c", _FLOOR], copy, dict(os.environ))
    ruffs, _ = _run([*ruff, "--select", "E722,S110,S113,BLE001", "."], copy, dict(os.environ))
    started = time.perf_counter()
    ast_grep.run(ast_grep.check, copy)
    seconds = [cold, first, warm]
    return [
        *(f"{each:.2f} s" for each in seconds),
        f"{median(changed):.2f} s ({changed[0]:.2f} to {changed[-1]:.2f})",
        f"{floor:.2f} s",
        f"{ruffs:.2f} s",
        f"{time.perf_counter() - started:.2f} s",
        f"{most / 1024:.0f} MB",
        f"{least / 1024:.0f} MB",
    ]


def _changed(
    ours: Sequence[str], copy: Path, environment: dict[str, str], cache: Path
) -> Iterator[float]:
    (kept,) = cache.glob("*.sqlite")
    remembered = kept.read_bytes()
    paths = sorted(path for path in copy.rglob("*.py") if path.stat().st_size > 2_000)
    for path in random.Random(_SEED).sample(paths, _CHANGES):
        before = path.read_bytes()
        lines = before.split(b"\n")
        path.write_bytes(b"\n".join([*lines[:2], b"# one more line", *lines[2:]]))
        yield _run([*ours, "."], copy, environment)[0]
        path.write_bytes(before)
        kept.write_bytes(remembered)


def _run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> tuple[float, int]:
    """The seconds of a run, and the kilobytes of its largest process."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 2):
        raise tools.ToolProblem(f"{tools.shown(command)} ended {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss


@contextmanager
def _copy(size: int) -> Iterator[tuple[Path, int]]:
    """About so many files of the packages, the smaller packages first, in a git work tree."""
    folders = corpus.fetch(sorted(corpus.versions()))
    counted = sorted((len(list(each.rglob("*.py"))), name) for name, each in folders.items())
    with tempfile.TemporaryDirectory(prefix="growth-") as scratch:
        copy, files = Path(scratch) / "tree", 0
        copy.mkdir()
        for count, name in counted:
            if files and files + count > size * 1.1:
                break
            shutil.copytree(folders[name], copy / name, ignore=shutil.ignore_patterns(".git"))
            files += count
        subprocess.run(["git", "init", "--quiet", str(copy)], check=True)
        yield copy, files
