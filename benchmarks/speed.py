"""How long `check` and `apply` take beside the peers, on the same copy of public code."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks import corpus, results, tools
from benchmarks.tools import OURS, PEERS, SUITES, Suite, Tool

ROUNDS = 3
_SHORT_RUNS = 15  # of `--help` and of three files: they are over in a moment

# As pre-commit passes them: names of files, with the whole project around them.
_STAGED = (
    "dagster-gcp/dagster_gcp/bigquery/resources.py",
    "feast/feast/infra/offline_stores/bigquery.py",
    "feast/feast/infra/offline_stores/bigquery_source.py",
)
_SHORT = (
    (("qw-codemod", "check", "--help"), 0.15),
    (("qw-codemod", "check", "--no-cache", "--force-exclude", *_STAGED), 0.4),
    (("qw-codemod", "check", "--force-exclude", *_STAGED), 0.4),
)

_REMARKS = """\
The peers go by the method's name alone, `$X.result()`, `$X.to_dataframe()` and `$X.to_arrow()`,
and follow no value; what they rewrite is right only where the name happens to mean a job.
`timeouts` is the whole family (QW101, QW102 and QW103) beside rules for waits; `all rules` is every
family beside rules for waits, requests without a timeout, and bare and silent handlers. A time is
the median of the wall-clock times, then the shortest and the longest; `times ours` is the median of
the pairs of one run and the run of qw-codemod just before it. The copy, a git work tree, is given
back byte for byte before each run, outside of the clock. LibCST's `codemod` has no check: its diff,
which writes nothing, stands for one."""


@dataclass
class _Times:
    """The runs of one tool, in seconds, each beside the run of ours before it."""

    mine: dict[str, list[float]] = field(default_factory=lambda: {"check": [], "apply": []})
    ours: dict[str, list[float]] = field(default_factory=lambda: {"check": [], "apply": []})
    changed: str = ""

    def ratio(self, what: str) -> float:
        """How many times as long as ours."""
        pairs = zip(self.mine[what], self.ours[what], strict=True)
        return median(mine / ours for mine, ours in pairs)


def show(rounds: int = ROUNDS, peers: Sequence[str] = ()) -> int:
    """Run, print the tables, and record them if they are of all peers and enough rounds; 0.

    Raises ToolProblem, and CorpusProblem.
    """
    suites = [
        replace(suite, peers=tuple(t for t in suite.peers if not peers or _short_name(t) in peers))
        for suite in SUITES
    ]
    if not suites[0].peers:
        raise tools.ToolProblem(f"no such peer; there are {', '.join(each.name for each in PEERS)}")
    tools.CACHE.mkdir(exist_ok=True)
    for tool in suites[0].peers:
        tool.install()
    with _copy() as copy:
        files = len(list(copy.rglob("*.py")))
        tables = [_table_of(suite, copy, rounds) for suite in suites]
        short = [(arguments, aim, _short(arguments, copy)) for arguments, aim in _SHORT]
    report = _report(suites, tables, short, files, rounds)
    print(report)
    if len(suites[0].peers) == len(PEERS) and rounds >= ROUNDS:
        results.record("Speed", report)
    return 0


def _short_name(tool: Tool) -> str:
    return tool.name.split()[0].lower()


def _table_of(suite: Suite, copy: Path, rounds: int) -> str:
    """The runs of one suite, each of a peer after one of ours."""
    chosen = suite.peers
    times = {tool.name: _Times() for tool in chosen}
    for tool in (suite.ours, *chosen):  # untimed: byte code and caches of the disk
        _timed(tool, "check", copy, "dagster-gcp")
        _timed(tool, "apply", copy, "dagster-gcp")
    for number in range(rounds):
        print(f"{suite.name}: round {number + 1} of {rounds}", flush=True)
        # Turned by one each round, so that nobody always runs first.
        for tool in [*chosen[number % len(chosen) :], *chosen[: number % len(chosen)]]:
            _pair(suite.ours, tool, times[tool.name], copy)
    return _rows(suite, times, _changed_by(suite.ours, copy))


@contextmanager
def _copy() -> Iterator[Path]:
    """The three packages side by side in one git work tree, which remembers every byte."""
    folders = corpus.fetch(corpus.SPEED)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        copy = Path(scratch) / "tree"
        for name, folder in folders.items():
            shutil.copytree(folder, copy / name, ignore=shutil.ignore_patterns(".git"))
        # Without this file semgrep would leave out folders called tests, and be quicker for it.
        (copy / ".semgrepignore").write_text("# Nothing is left out.\n", "utf-8")
        subprocess.run(["git", "init", "--quiet", str(copy)], check=True)
        _git(copy, "config", "core.autocrlf", "false")
        _git(copy, "add", "--all", "--force")
        yield copy


def _pair(ours: Tool, tool: Tool, times: _Times, copy: Path) -> None:
    for what in ("check", "apply"):
        for _ in range(tool.repeats):
            times.ours[what].append(_timed(ours, what, copy))
            times.mine[what].append(_timed(tool, what, copy))
    times.changed = _changed(copy)
    if times.changed.startswith("0 "):
        raise tools.ToolProblem(f"{tool.name} changed nothing: it did not do its work")


def _timed(tool: Tool, what: str, copy: Path, only: str = ".") -> float:
    """The seconds of one run on the copy as it was fetched."""
    _restore(copy)
    arguments = tool.check if what == "check" else tool.apply
    arguments = (*arguments[:-1], only)
    started = time.perf_counter()
    tool.run(arguments, copy)
    return time.perf_counter() - started


def _short(arguments: Sequence[str], copy: Path) -> list[float]:
    _restore(copy)
    seconds = []
    for _ in range(_SHORT_RUNS):
        started = time.perf_counter()
        OURS.run(arguments, copy)
        seconds.append(time.perf_counter() - started)
    return seconds


def _restore(copy: Path) -> None:
    _git(copy, "checkout", "--quiet", "--", ".")
    _git(copy, "clean", "-ffdxq")


def _changed_by(tool: Tool, copy: Path) -> str:
    _timed(tool, "apply", copy)
    return _changed(copy)


def _changed(copy: Path) -> str:
    lines = [line.split("\t") for line in _git(copy, "diff", "--numstat").splitlines()]
    return f"{len(lines)} files, {sum(int(added) for added, *_ in lines)} lines"


def _git(copy: Path, *arguments: str) -> str:
    command = ["git", "-C", str(copy), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _rows(suite: Suite, times: dict[str, _Times], changed: str) -> str:
    """The table of one suite."""
    every = {
        what: [each for one in times.values() for each in one.ours[what]]
        for what in ("check", "apply")
    }
    rows = [[OURS.name, _spread(every["check"]), _spread(every["apply"]), "1", "1", "", changed]]
    for tool in suite.peers:
        one = times[tool.name]
        cells = [tool.name, _spread(one.mine["check"]), _spread(one.mine["apply"])]
        cells += [_against(one.ratio("check"), tool.check_aim)]
        cells += [_against(one.ratio("apply"), tool.apply_aim)]
        rows.append([*cells, f"{tool.check_aim:g}", one.changed])
    heads = "tool|check|apply|check, times ours|apply, times ours|aim at least|changed"
    return results.table([f"{suite.name}: tool", *heads.split("|")[1:]], rows)


def _report(
    suites: Sequence[Suite],
    tables: Sequence[str],
    short: Iterable[tuple[Sequence[str], float, list[float]]],
    files: int,
    rounds: int,
) -> str:
    moments = [
        [f"`{_abridged(arguments)}`", _spread(seconds), f"{aim:g} s"]
        for arguments, aim, seconds in short
    ]
    where = [f"{name} {corpus.versions()[name]}" for name in corpus.SPEED]
    using = [f"{OURS.name} {version('qw-codemod')}", *(t.requirement for t in suites[0].peers)]
    commands = [
        tools.shown(arguments)
        for suite in suites
        for tool in (suite.ours, *suite.peers)
        for arguments in (tool.check, tool.apply)
    ]
    parts = (
        f"{files:,} Python files in one tree: {', '.join(where)}. Rounds: {rounds}.",
        *tables,
        results.table(["command", "median", "aim below"], moments),
        _REMARKS,
        f"Versions: {', '.join(using)}.",
        "\n".join(("```", *commands, "```")),
    )
    return "\n\n".join(parts)


def _abridged(arguments: Sequence[str]) -> str:
    names = [part for part in arguments if part.endswith(".py")]
    rest = [part for part in arguments if not part.endswith(".py")]
    return " ".join([*rest, f"({len(names)} files)"] if names else rest)


def _against(ratio: float, aim: float) -> str:
    return f"{ratio:.3g}" if ratio >= aim else f"{ratio:.3g} (short of the aim)"


def _spread(seconds: Sequence[float]) -> str:
    digits = 2 if max(seconds) >= 1 else 3
    low, middle, high = min(seconds), median(seconds), max(seconds)
    return f"{middle:.{digits}f} s ({low:.{digits}f} to {high:.{digits}f})"
