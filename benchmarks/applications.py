"""How long `check` and `apply` take on applications with their tests, beside peers and a floor.

Wheels ship no tests, and libraries have no deployed scripts: the applications are public
repositories, looked for below a folder that `--applications` or $QW_APPLICATIONS names.
"""

from __future__ import annotations

import compileall
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import changes, corpus, memory, results, tools
from benchmarks.tools import Tool, ToolProblem

# Below the folder each is called NAME, NAME.git, OWNER/NAME or OWNER+NAME: a clone, bare or not, or
# the files alone.
APPLICATIONS = (
    "all-of-us/curation",
    "pass-culture/data-gcp",
    "elifesciences/data-hub-core-airflow-dags",
    "cal-itp/data-infra",
    "GoogleCloudPlatform/public-datasets-pipelines",
    "mozilla/telemetry-airflow",
    "Recidiviz/pulse-data",
)
SIZES = (700, 7_000, 17_000)
_SMALL = (("curation",), ("data-gcp",))  # the trees of about 700 files
ROUNDS = 3
_SEED = 1
_SETTLED = 2.5  # seconds; the cache relies on files that are older than two
_IGNORED = (".git", ".gitignore", ".ignore", ".semgrepignore")  # so that all tools see all files

_FLOOR = """
import ast, multiprocessing, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
def parse(path):
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        pass
paths = sorted(path for path in Path(".").rglob("*.py") if path.is_file())
with multiprocessing.get_context("fork").Pool(int(sys.argv[1])) as pool:
    for _ in pool.imap_unordered(parse, paths, 16):
        pass
"""

_REMARKS = """\
All rules run, over applications with their tests; the trees above 700 files are all applications
side by side, and packages of the corpus up to the size. A time is the median of the rounds, then
the shortest and the longest; the ratios are medians of the ratios within a round. Cold is
`--no-cache`; first fills the cache; warm is the same again. After a change: a comment or a
statement is added in a file that is drawn anew each round; the base class is the one that most
classes of the tree inherit. Staged are three files, drawn each round, with `--no-cache`. Restored
is the cache of the first run where every file has another time, and in a copy of the tree at
another path; it counts as warm if it is nearer to warm than to cold. The floor reads every file
and parses it with `ast`, in as many processes. ast-grep and semgrep have rules for waits,
requests without a timeout, and bare and silent handlers; ruff looks for E722, S110, S113 and
BLE001; ty checks types. semgrep runs once. Memory is that of a cold run of its own: the most that
all processes had together (PSS: what they share counts once), and the largest process (RSS)."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A git work tree of some files, and where they come from."""

    folder: Path
    files: int
    lines: int
    parts: tuple[str, ...]


@dataclass(slots=True)
class _Times:
    """The seconds of each scenario, a number a round; and the memory, in megabytes."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    together: float = 0.0
    largest: float = 0.0

    def add(self, what: str, seconds: float) -> None:
        self.seconds.setdefault(what, []).append(seconds)

    def median(self, what: str) -> float:
        return statistics.median(self.seconds[what])

    def ratio(self, what: str, base: str) -> float:
        """How many times as long as `base`, of the same round where both ran in all."""
        pairs = zip(self.seconds[what], self.seconds[base], strict=False)
        return statistics.median(one / other for one, other in pairs)


# What is aimed at on two cores: for the small trees alone, unless it is a ratio.
_AIMS: Mapping[str, tuple[float, str]] = {
    "warm": (0.3, ""),
    "after a comment": (0.4, ""),
    "after a method of the base class": (1.0, ""),
    "after an attribute of the base class": (1.0, ""),
    "three staged files": (0.6, ""),
    "apply all --diff": (2.0, "cold"),
}


def show(
    given: str = "",
    rounds: int = ROUNDS,
    sizes: Sequence[int] = SIZES,
    peers: Sequence[str] = (),
) -> int:
    """Measure, print the tables, and record them if nothing is left out; 0.

    Raises ToolProblem, and CorpusProblem.
    """
    place = given or os.environ.get("QW_APPLICATIONS", "")
    if not place:
        print("applications: left out; name their folder with --applications or $QW_APPLICATIONS")
        return 0
    for name in ("qw_codemod", "checks", "codemods"):
        # As pip does when it installs: where no bytecode is written, each run would compile anew.
        compileall.compile_dir(Path(__file__).parents[1] / name, quiet=1)
    chosen = [tool for tool in tools.FOR_APPLICATIONS if not peers or tool.name in peers]
    tools.CACHE.mkdir(exist_ok=True)
    for tool in chosen:
        tool.install()
    parts, rows = [], []
    with tempfile.TemporaryDirectory(prefix="applications-") as scratch:
        sources = Path(scratch) / "sources"
        commits = {name: _take(Path(place), name, sources) for name in APPLICATIONS}
        for names, size in _planned(sizes):
            tree = _tree(sources, names, size, Path(scratch) / "tree")
            print(f"{tree.files:,} files: {', '.join(tree.parts)}", flush=True)
            times = _measured(tree, chosen, rounds, Path(scratch))
            parts.append(_section(tree, times, is_small=size <= min(SIZES)))
            rows.append(_growth(tree, times))
            shutil.rmtree(tree.folder)
    heads = "files|lines|cold|a file|all processes|largest process"
    versions = ", ".join(f"{name} {commit}".strip() for name, commit in commits.items())
    report = "\n\n".join(
        [results.table(heads.split("|"), rows), *parts, _REMARKS, f"Applications: {versions}."]
    )
    print(report)
    if tuple(sizes) == SIZES and rounds >= ROUNDS and not peers:
        results.record("Applications", report)
    return 0


def _planned(sizes: Sequence[int]) -> Iterator[tuple[tuple[str, ...], int]]:
    everything = tuple(_short(name) for name in APPLICATIONS)
    for size in sizes:
        if size <= min(SIZES):
            yield from ((names, size) for names in _SMALL)
        else:
            yield everything, size


# -- trees ----------------------------------------------------------------------------------------


def _short(name: str) -> str:
    return name.partition("/")[2]


def _take(place: Path, name: str, sources: Path) -> str:
    """Copy the files of an application, and say which commit they are of; empty if nobody knows.

    Raises ToolProblem where it is not there.
    """
    into = sources / _short(name)
    into.mkdir(parents=True)
    for found in _repositories(place, name):
        _extract(found, into)
        return _git(found, "rev-parse", "--short", "HEAD")
    for found in (place / name, place / _short(name)):
        if found.is_dir():
            shutil.copytree(found, into, dirs_exist_ok=True, symlinks=True)
            return ""
    raise ToolProblem(f"{name} is not in {place}: git clone --bare https://github.com/{name}")


def _repositories(place: Path, name: str) -> Iterator[Path]:
    """The git directories of an application: a bare clone, or what lies in a clone."""
    for each in (_short(name), name, name.replace("/", "+")):
        for found in (place / each, place / f"{each}.git"):
            yield from (
                file.parent for file in (found / "HEAD", *found.glob("*/HEAD")) if file.is_file()
            )


def _extract(repository: Path, into: Path) -> None:
    """Write the files of HEAD; an object that the clone does not have is left out."""
    environment = {**os.environ, "GIT_NO_LAZY_FETCH": "1"}
    listed = subprocess.run(
        ["git", "--git-dir", str(repository), "ls-tree", "-r", "-z", "HEAD"],
        check=True,
        capture_output=True,
        env=environment,
    )
    command = ["git", "--git-dir", str(repository), "cat-file", "--batch"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as reader:
        assert reader.stdin is not None and reader.stdout is not None
        for entry in listed.stdout.split(b"\0"):
            meta, _, path = entry.partition(b"\t")
            if not path or meta[:6] not in (b"100644", b"100755"):
                continue  # a link or a submodule
            reader.stdin.write(meta.split()[2] + b"\n")
            reader.stdin.flush()
            *_, size = reader.stdout.readline().split()
            if size == b"missing":
                continue
            file = into / os.fsdecode(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(reader.stdout.read(int(size)))
            reader.stdout.read(1)
        reader.stdin.close()


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _tree(sources: Path, names: Sequence[str], size: int, folder: Path) -> Tree:
    """One application as it is, or several side by side, filled up with packages to the size."""
    parts = {name: sources / name for name in names}
    count = sum(_count(each) for each in parts.values())
    if len(parts) > 1 and count < size * 0.95:
        packages = corpus.fetch()
        for amount, name in sorted((_count(each), name) for name, each in packages.items()):
            if count + amount <= size * 1.02:
                parts[name] = packages[name]
                count += amount
    ignore = shutil.ignore_patterns(*_IGNORED)
    for name, source in parts.items():
        into = folder / name if len(parts) > 1 else folder
        shutil.copytree(source, into, ignore=ignore, symlinks=True)
    (folder / ".semgrepignore").write_text("# Nothing is left out.\n", "utf-8")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    lines = sum(path.read_bytes().count(b"\n") for path in _python(folder))
    return Tree(folder, _count(folder), lines, tuple(parts))


def _python(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*.py") if path.is_file() and ".git" not in path.parts
    )


def _count(folder: Path) -> int:
    return len(_python(folder))


# -- runs -----------------------------------------------------------------------------------------


class _Ours:
    """Our tool, on one tree, with a cache of its own."""

    def __init__(self, tree: Path, cache: Path) -> None:
        self._tree = tree
        self._cache = cache
        self._kept = cache.with_name("kept")
        self._command = str(Path(sys.executable).parent / "qw-codemod")
        self._environment = {**os.environ, "QW_CODEMOD_CACHE_DIR": str(cache)}

    def check(self, *arguments: str) -> float:
        """The seconds of a `check`."""
        return self._run("check", "--quiet", *(arguments or (".",)))

    def cold(self) -> float:
        return self.check("--no-cache", ".")

    def apply(self) -> float:
        return self._run("apply", "all", "--diff", ".")

    def first(self) -> float:
        """Fill a new cache, which `restore` gives back."""
        self._empty()
        seconds = self.check()
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._cache, self._kept)
        return seconds

    def restore(self) -> None:
        """Let the cache be as the first run left it."""
        shutil.rmtree(self._cache, ignore_errors=True)
        shutil.copytree(self._kept, self._cache)

    def elsewhere(self, tree: Path) -> float:
        """The seconds with the cache of the first run, on a copy of the tree."""
        self.restore()
        return self._run("check", "--quiet", ".", folder=tree)

    def memory(self) -> memory.Peak:
        """The memory of a cold run."""
        command = [self._command, "check", "--quiet", "--no-cache", "."]
        return memory.measure(command, self._tree, self._environment)

    def _empty(self) -> None:
        shutil.rmtree(self._cache, ignore_errors=True)
        self._cache.mkdir(mode=0o700)

    def _run(self, *arguments: str, folder: Path | None = None) -> float:
        return _timed([self._command, *arguments], folder or self._tree, self._environment)


def _measured(tree: Tree, peers: Sequence[Tool], rounds: int, scratch: Path) -> _Times:
    times = _Times()
    ours = _Ours(tree.folder, scratch / "cache")
    time.sleep(_SETTLED)
    others: list[tuple[str, Callable[[], float]]] = [
        ("floor", lambda: _floor(tree.folder)),
        *((tool.name, lambda tool=tool: _peer(tool, tree.folder)) for tool in peers),
    ]
    if rounds > 1:
        ours.cold()  # not counted: byte code, and the disk's cache
    base = changes.most_inherited(_python(tree.folder))
    chance = random.Random(_SEED)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", flush=True)
        # Turned by one each round, so that nobody always runs first.
        turn = number % len(others)
        for name, run in [("cold", ours.cold), *others[turn:], *others[:turn]]:
            if name != "semgrep" or number == 0:
                times.add(name, run())
        _cached(tree.folder, ours, times, base, chance)
        times.add("apply all --diff", ours.apply())
    _restored(tree.folder, ours, times)
    peak = ours.memory()
    times.together, times.largest = peak.together, peak.largest
    return times


def _cached(
    folder: Path,
    ours: _Ours,
    times: _Times,
    base: changes.Inherited,
    chance: random.Random,
) -> None:
    """One round of runs with the cache: the first, the next, and one after each kind of change."""
    times.add("first", ours.first())
    times.add("warm", ours.check())
    paths = [path for path in _python(folder) if path.stat().st_size > 2_000]
    edits: list[tuple[str, Path, changes.Edit]] = [
        ("after a comment", chance.choice(paths), changes.add_comment),
        (
            "after a function's body",
            *changes.first_that_changes(chance.sample(paths, len(paths))),
        ),
        ("after a method of the base class", base.path, base.change_method),
        ("after an attribute of the base class", base.path, base.add_attribute),
    ]
    for what, path, edit in edits:
        ours.restore()
        with _changed(path, edit):
            times.add(what, ours.check())
    staged = [path.relative_to(folder).as_posix() for path in chance.sample(paths, 3)]
    times.add("three staged files", ours.check("--no-cache", *staged))


@contextmanager
def _changed(path: Path, edit: changes.Edit) -> Iterator[None]:
    before = path.read_bytes()
    path.write_bytes(edit(before))
    try:
        yield
    finally:
        path.write_bytes(before)


def _restored(folder: Path, ours: _Ours, times: _Times) -> None:
    """What the cache is worth where it is restored: to other times of the files, another path."""
    copy = folder.with_name("elsewhere")
    shutil.copytree(folder, copy, symlinks=True)
    now = time.time() - 3_600
    for path in _python(copy):
        os.utime(path, (now, now))
    time.sleep(_SETTLED)
    times.add("restored, another path", ours.elsewhere(copy))
    before = folder.with_name("before")
    folder.rename(before)
    copy.rename(folder)
    times.add("restored, other times", ours.elsewhere(folder))
    shutil.rmtree(before)


def _floor(folder: Path) -> float:
    return _timed([sys.executable, "-c", _FLOOR, str(_processes())], folder, dict(os.environ))


def _processes() -> int:
    """How many processes our tool uses."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _peer(tool: Tool, folder: Path) -> float:
    started = time.perf_counter()
    tool.run(tool.check, folder)
    return time.perf_counter() - started


def _timed(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1, 2) or b"Traceback" in done.stderr:
        said = done.stderr.decode("utf-8", "replace")[-500:]
        raise ToolProblem(f"{tools.shown(command)} ended {done.returncode}: {said}")
    return seconds


# -- report ---------------------------------------------------------------------------------------


def _section(tree: Tree, times: _Times, is_small: bool) -> str:
    rows = []
    for what, seconds in times.seconds.items():
        cells = [what, _spread(seconds)]
        for base in ("floor", "ast-grep"):
            known = base in times.seconds and what != base
            cells.append(f"{times.ratio(what, base):.2f}" if known else "")
        rows.append([*cells, _aim(what, times, is_small)])
    heads = f"{_title(tree)}|time|times the floor|times ast-grep|aim"
    return results.table(heads.split("|"), rows)


def _title(tree: Tree) -> str:
    return tree.parts[0] if len(tree.parts) == 1 else f"{tree.files:,} files"


def _aim(what: str, times: _Times, is_small: bool) -> str:
    if what == "cold":
        ratios = [(2.0, "floor"), (3.0, "ast-grep")]
        return "; ".join(
            f"≤ {most:g} times {base}: {_verdict(times.ratio('cold', base) <= most)}"
            for most, base in ratios
            if base in times.seconds
        )
    if what.startswith("restored"):
        middle = (times.median("cold") * times.median("warm")) ** 0.5
        return f"warm: {_verdict(times.median(what) <= middle)}"
    if what not in _AIMS:
        return ""
    most, base = _AIMS[what]
    if base:
        return f"≤ {most:g} times {base}: {_verdict(times.ratio(what, base) <= most)}"
    return f"≤ {most:g} s: {_verdict(times.median(what) <= most)}" if is_small else ""


def _verdict(is_met: bool) -> str:
    return "yes" if is_met else "no"


def _growth(tree: Tree, times: _Times) -> list[str]:
    cold = times.median("cold")
    return [
        f"{tree.files:,}",
        f"{tree.lines:,}",
        f"{cold:.2f} s",
        f"{1000 * cold / tree.files:.2f} ms",
        f"{times.together:,.0f} MB",
        f"{times.largest:,.0f} MB",
    ]


def _spread(seconds: Sequence[float]) -> str:
    middle = statistics.median(seconds)
    if len(seconds) == 1:
        return f"{middle:.2f} s"
    return f"{middle:.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
