"""Whether what `apply all` edits still starts where it is deployed, with what is installed there.

Each application is rewritten in a copy, as a user would do it: `init retries`, the policies that it
asks for beside the first, `apply all`. Each unit and script that an edit touches is then imported
before and after, in an environment of its own requirements, from a folder that holds what the unit
holds. What imported before must import after. Its own tests are run before and after: what passed
must pass.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks import results
from benchmarks.tools import ToolProblem
from benchmarks.units.environments import Environment, Environments
from benchmarks.units.starts import Start, python_files, starts
from benchmarks.units.suites import Outcome, Suite, compared, suites_of


@dataclass(frozen=True, slots=True)
class Application:
    """Where a maintainer would put the first policy of retries, and what nobody else tells.

    `installs` are the distributions of what an application imports that lists none at all.
    """

    policy: str
    installs: tuple[str, ...] = ()
    suites: tuple[Suite, ...] = ()  # where tests stand outside of their project


APPLICATIONS: Mapping[str, Application] = {
    "data-gcp": Application("jobs/etl_jobs/http_retry.py"),
    "telemetry-airflow": Application("plugins/utils/http_retry.py"),
    "data-hub-core-airflow-dags": Application("data_pipeline/utils/http_retry.py"),
    "gch-prod-dwh01": Application(
        "utils/http_retry.py",
        ("google-api-python-client", "google-cloud-bigquery", "google-cloud-storage", "pandas"),
    ),
    "data-infra": Application("airflow/plugins/http_retry.py"),
    "curation": Application(
        "data_steward/utils/http_retry.py",
        suites=(
            Suite(
                "",
                ("tests/unit_tests",),
                ("data_steward/requirements.txt",),
                "3.11",
                (".", "data_steward", "tests"),
            ),
        ),
    ),
}
_IMPORTING = 120  # seconds
_SHOWN = 300  # characters of an error
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__")
_ASKED = re.compile(r"init retries --policy (\S+)")
_VARIABLE = re.compile(
    r"(?:environ\[|environ\.get\(|getenv\()\s*[\"'](\w+)[\"']\s*[\])]"  # no default beside it
)
_GIVEN = re.compile(r"[\"'](\w+)[\"']\s*(?:\]\s*=|,)\s*[\"']([\w./:-]+)[\"']")
_ASSIGNED = re.compile(
    r"^[ \t-]*(?:export |ENV )?([A-Z][A-Z0-9_]+)[=:][ \t]*([\w./:-]+)[ \t]*$", re.M
)
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH|DSN", re.IGNORECASE)
_OURS = re.compile(r"(?:PATH|HOME|LANG|PYTHONPATH|VIRTUAL_ENV)$|AIRFLOW_")
_LARGEST = 400_000  # bytes
_IMPORTED = re.compile(r"^[ \t]*(?:import|from)[ \t]+(\w+)", re.MULTILINE)
_REPORT = "report.json"
_HARNESS = Path(__file__).with_name("harness.py")

_REMARKS = """\
Each application is edited in a copy: `init retries` with one policy, those that it asks for beside
it, `apply all`. A unit is copied to a folder of its own, as its deployment says, and its entry
points and edited files are imported with the packages of its own requirements alone, before and
after the edit; scripts are run by path, with `--help` where they read arguments. *Loaded* are
edited files that some start loads that ends well after the edit. The network, subprocesses,
Google's credentials, secrets and Airflow's variables are stubbed; variables of the environment
have the values that the application gives elsewhere.

*Fail alike* are starts that fail before the edit, and with the same error after: what stands
behind that error was not seen. *Otherwise*: well before and not after, or with another error than
before. Scripts in brackets are those of which a docstring, a README or
another script says how they are started. The Python is that of the image, of `.python-version` or
the lowest that the project allows; the versions are those that are pinned or locked. *Pins left* to
the resolver are those for which no wheel is to be had, as nothing of a size is built from source;
*not installable* is what is in no index, or needs what this machine lacks. *Stubbed packages*: what
a file imports before the edit and none of its requirements installs is replaced, so that the rest
is seen; nothing that the edit adds is. Where an application lists no requirements at all, the
distributions of what it imports are installed.

The tests are those of the projects in which a file is edited, integration and end-to-end tests left
out, without a network. *Of them after* counts tests that pass after the edit and take no more
than twice as long and a second; where one is lost all are run once more. *Others* fail, are skipped
or need what is not here, before the edit as well."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one start ended: the error, the packages replaced, and the files loaded."""

    error: str
    replaced: tuple[str, ...] = ()
    loaded: frozenset[str] = frozenset()


@dataclass(slots=True)
class Report:
    """What was found in one application."""

    edited: int = 0
    units: int = 0
    starts: int = 0
    scripts: int = 0
    documented: int = 0
    environments: int = 0
    relaxed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)  # edited files that no start loads
    stubbed: list[str] = field(default_factory=list)
    both: int = 0
    same: list[str] = field(default_factory=list)
    better: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)  # of those that end the same
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def lost(self) -> list[str]:
        """The tests that passed before alone, or have begun to wait."""
        return [
            f"{name}: {test}"
            for name, each in self.outcomes.items()
            for test in [*each.lost, *each.slower]
        ]

    def add(self, start: Start, first: Ended, second: Ended) -> None:
        """Count one way to start a file, by how it ended before and after."""
        if first.replaced:
            self.stubbed.append(f"{start}: {', '.join(first.replaced)}")
        if not first.error and not second.error:
            self.both += 1
        elif first.error and not second.error:
            self.better.append(f"{start}: {first.error[:_SHOWN]}")
        elif first.error and alike(first.error, second.error):
            self.same.append(f"{start}: {first.error[:_SHOWN]}")
            why = reason(first.error)
            self.reasons[why] = self.reasons.get(why, 0) + 1
        else:
            ends = f"{first.error[:_SHOWN] or 'imported'} / {second.error[:_SHOWN]}"
            self.broken.append(f"{start}: {ends}")


def show(place: str, names: Sequence[str] = (), kept: str = "", skipped: Sequence[str] = ()) -> int:
    """Edit and import each application of a folder, print and record the table; 1 if any broke.

    `kept` is a folder for trees, environments and reports, which are then used again: what is not
    named and has a report there is not run. `skipped` may name "starts" and "tests". Raises
    ToolProblem.
    """
    with contextlib.ExitStack() as stack:
        scratch = Path(kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="units-")))
        scratch.mkdir(parents=True, exist_ok=True)
        pool = Environments(scratch)
        reports = {name: _read(scratch / name / _REPORT) for name in APPLICATIONS}
        for name in names or [name for name, each in reports.items() if each is None]:
            source = Path(place) / name
            if not source.is_dir():
                raise ToolProblem(f"{name} is not in {place}")
            print(f"{name} …", flush=True)
            reports[name] = report = _examined(name, source, scratch, pool, skipped)
            print(_told(name, report), flush=True)
            if not skipped:
                (scratch / name / _REPORT).write_text(json.dumps(asdict(report)))
    found = {name: each for name, each in reports.items() if each is not None}
    table = tables(found)
    print(table)
    if len(found) == len(APPLICATIONS) and not skipped:
        results.record("Units", f"{table}\n\n{_REMARKS}")
    return 1 if any(each.broken or each.lost for each in found.values()) else 0


def _read(path: Path) -> Report | None:
    """What an earlier run found; None where none did."""
    if not path.exists():
        return None
    told = json.loads(path.read_text())
    told["outcomes"] = {name: Outcome(**each) for name, each in told["outcomes"].items()}
    return Report(**told)


def tables(reports: Mapping[str, Report]) -> str:
    """What is recorded: the starts, why some end the same, and the tests."""
    heads = "application|edited files|loaded|units|scripts|starts|well before and after"
    starts_table = results.table(
        f"{heads}|fail alike|only after|otherwise".split("|"),
        [
            [
                name,
                *map(str, (each.edited, each.edited - len(each.unloaded), each.units)),
                f"{each.scripts} ({each.documented})",
                *map(str, (each.starts, each.both, len(each.same))),
                *map(str, (len(each.better), len(each.broken))),
            ]
            for name, each in reports.items()
        ],
    )
    heads = "application|environments|pins left|not installable|starts with stubbed packages"
    installed = results.table(
        heads.split("|"),
        [
            [
                name,
                *map(str, (each.environments, len(each.relaxed))),
                *map(str, (len(each.missing), len(each.stubbed))),
            ]
            for name, each in reports.items()
        ],
    )
    heads = "application|projects with tests|none passes|pass before|of them after|others before"
    suites = results.table(
        heads.split("|"),
        [[name, *map(str, _of_tests(each.outcomes.values()))] for name, each in reports.items()],
    )
    reasons = "\n".join(
        f"- {name}: {count} of {why}"
        for name, each in reports.items()
        for why, count in Counter(each.reasons).most_common()
    )
    left = "\n".join(
        f"- {name}: {', '.join(each.missing)}" for name, each in reports.items() if each.missing
    )
    return (
        f"{starts_table}\n\nWhy starts fail before and after:\n\n{reasons or '- none does'}\n\n"
        f"{installed}\n\nNot installable here:\n\n{left or '- nothing'}\n\n{suites}"
    )


def _of_tests(outcomes: Iterable[Outcome]) -> list[int]:
    listed = list(outcomes)
    passed = [test for each in listed for test in each.before]
    lost = [test for each in listed for test in [*each.lost, *each.slower]]
    idle = sum(not each.before for each in listed)
    others = sum(each.others for each in listed)
    return [len(listed), idle, len(passed), len(passed) - len(lost), others]


def _told(name: str, found: Report) -> str:
    lines = [name]
    for title in ("relaxed", "missing", "unloaded", "stubbed", "same", "better", "broken"):
        lines += [f"  {title}: {each}" for each in getattr(found, title)]
    for suite, each in found.outcomes.items():
        lines.append(
            f"  tests of {suite}: {len(each.before)} pass before, {len(each.lost)} of them not "
            f"after, {len(each.slower)} slower, {each.others} do not pass before {each.said}"
        )
        lines += [f"    lost: {test}" for test in each.lost]
        lines += [
            f"    slower: {test} {each.before[test]:.1f} {each.after[test]:.1f}"
            for test in each.slower
        ]
    return "\n".join(lines)


def _examined(
    name: str, source: Path, scratch: Path, pool: Environments, skipped: Sequence[str]
) -> Report:
    known = APPLICATIONS[name]
    before, after, done = (scratch / name / each for each in ("before", "after", "edited"))
    if not done.exists():
        shutil.rmtree(scratch / name, ignore_errors=True)
        for tree in (before, after):
            shutil.copytree(source, tree, ignore=_LEFT_OUT, symlinks=True)
        _edit(after, known.policy, scratch / "cache")
        done.touch()
    touched = [path for path in python_files(before) if _differs(before / path, after / path)]
    report = Report(edited=len(touched))
    dummies = _dummies(before)
    if "starts" not in skipped:
        _start(report, before, after, touched, known, pool, dummies)
    if "tests" not in skipped:
        for suite in known.suites or suites_of(before, touched):
            print(f"  tests of {suite} …", flush=True)
            report.outcomes[str(suite)] = compared(suite, before, after, pool.of, dummies)
    return report


def _start(
    report: Report,
    before: Path,
    after: Path,
    touched: Sequence[str],
    known: Application,
    pool: Environments,
    dummies: Mapping[str, str],
) -> None:
    found = list(dict.fromkeys(starts(after, touched)))
    report.starts = len(found)
    report.units = len({each.unit for each in found if each.unit})
    report.scripts = len({each.target for each in found if each.way != "import"})
    report.documented = len({each.target for each in found if each.is_documented})
    absent = _imported(before)
    loaded: set[str] = set()
    used: set[Environment] = set()

    def both(start: Start) -> tuple[Ended, Ended]:
        """How a start ends before and after; only what is replaced before is replaced after."""
        beside = (*start.packages, *(() if start.needs else known.installs))
        one, other = (pool.of(tree, start.needs, start.version, beside) for tree in (before, after))
        used.update((one, other))
        first = _ended(start, before, one, dummies)
        if first.error.startswith("ModuleNotFoundError"):
            first = _ended(start, before, one, dummies, absent)
        return first, _ended(start, after, other, dummies, first.replaced)

    with ThreadPoolExecutor(2) as threads:
        for start, (first, second) in zip(found, threads.map(both, found), strict=True):
            report.add(start, first, second)
            if not second.error:
                loaded |= second.loaded
            print(f"  {start}: {first.error[:60]} / {second.error[:60]}", flush=True)
    report.environments = len(used)
    report.relaxed = sorted({pin for each in used for pin in each.relaxed})
    report.missing = sorted({pin for each in used for pin in each.missing})
    report.unloaded = [each for each in touched if each not in loaded]


def alike(first: str, second: str) -> bool:
    """Whether two errors are the same but for the line and the folder in their text."""
    one, other = (re.sub(r"/\S*|\d+|0x\w+", "", each) for each in (first, second))
    return one == other


def reason(error: str) -> str:
    """The class of an error, with what it names where something is not installed or not found."""
    kind, _, text = error.partition(": ")
    if kind in ("ModuleNotFoundError", "ImportError", "KeyError"):
        return error.partition("\n")[0].partition(" (/")[0][:100]
    return f"{kind}: {text[:60]}" if "blocked" in text else kind[:60]


# -- edits ----------------------------------------------------------------------------------------


def _edit(tree: Path, policy: str, cache: Path) -> None:
    cache.mkdir(mode=0o700, exist_ok=True)
    asked = [policy]
    for each in asked:
        said = _tool(tree, cache, "init", "retries", "--policy", each)
        asked += [more for more in _ASKED.findall(said) if more not in asked]
    _tool(tree, cache, "apply", "all", "--quiet")


def _tool(tree: Path, cache: Path, *arguments: str) -> str:
    command = [str(Path(sys.executable).parent / "qw-codemod"), *arguments]
    environment = {**os.environ, "QW_CODEMOD_CACHE_DIR": str(cache)}
    if not (tree / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    if "Traceback" in done.stderr:
        raise ToolProblem(f"{' '.join(arguments)} crashed in {tree}: {done.stderr[-300:]}")
    return done.stdout + done.stderr


def _differs(one: Path, other: Path) -> bool:
    return one.read_bytes() != other.read_bytes()


def _dummies(tree: Path) -> dict[str, str]:
    """A value for each variable of the environment that a file asks for without a default.

    It is the one that another file, a test or a script gives, but never a credential.
    """
    texts = [
        path.read_text("utf-8", "replace")
        for path in sorted(tree.rglob("*"))
        if path.is_file() and ".git" not in path.parts and path.stat().st_size < _LARGEST
    ]
    asked = {name for text in texts for name in _VARIABLE.findall(text)}
    given: dict[str, str] = {}
    for text in texts:
        for name, value in [*_GIVEN.findall(text), *_ASSIGNED.findall(text)]:
            if name in asked and not _SECRET.search(name):
                given.setdefault(name, value)
    return {name: given.get(name, "1") for name in sorted(asked) if not _OURS.match(name)}


def _imported(tree: Path) -> list[str]:
    """The packages that the files import and the application does not hold."""
    found: set[str] = set()
    own = {part for path in python_files(tree) for part in path.removesuffix(".py").split("/")}
    for path in python_files(tree):
        text = (tree / path).read_text("utf-8", "replace")
        found.update(_IMPORTED.findall(text))
    return sorted(found - own - sys.stdlib_module_names)


# -- imports --------------------------------------------------------------------------------------


def _ended(
    start: Start,
    tree: Path,
    environment: Environment,
    dummies: Mapping[str, str],
    absent: Sequence[str] = (),
) -> Ended:
    """How a start ends; the packages that `absent` names are replaced where not installed."""
    with tempfile.TemporaryDirectory(prefix="unit-") as scratch:
        place = tree
        if start.copies:
            place = Path(scratch) / "unit"
            for source, at in start.copies:
                _copied(tree / source, place / at.lstrip("/"))
        roots = [str(place / each.lstrip("/")) for each in start.roots]
        target = start.target if start.way == "import" else str(place / start.target)
        variables = {
            **dummies,
            "PATH": os.environ["PATH"],
            "HOME": scratch,
            "AIRFLOW_HOME": scratch,
            "GOOGLE_CLOUD_PROJECT": "project",
            "GIT_PYTHON_REFRESH": "quiet",  # it starts git when it is imported
            "PYTHONPYCACHEPREFIX": environment.bytecode,
        }
        command = ["nice", environment.python, str(_HARNESS), start.way, target]
        command += [json.dumps(roots), json.dumps(absent), str(place)]
        try:
            done = subprocess.run(
                command,
                cwd=place if place.is_dir() else scratch,
                env=variables,
                capture_output=True,
                text=True,
                timeout=_IMPORTING,
            )
        except subprocess.TimeoutExpired:
            return Ended("it takes too long")
        _, found, said = done.stdout.rpartition("\nSAID ")
        if not found:
            return Ended(f"ended {done.returncode}: {done.stderr.strip()[-200:]}")
        error, replaced, loaded = json.loads(said)
        return Ended(
            error.replace(str(place), ""), tuple(replaced), frozenset(_sources(start, loaded))
        )


def _sources(start: Start, loaded: Iterable[str]) -> Iterable[str]:
    """The files of the application that files of a unit are copies of."""
    for path in loaded:
        if not start.copies:
            yield path
        for source, at in start.copies:
            inner = at.strip("/")
            if path == inner:
                yield source
            elif not inner or path.startswith(inner + "/"):
                yield os.path.normpath(os.path.join(source, os.path.relpath(path, inner or ".")))


def _copied(source: Path, into: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, into, ignore=_LEFT_OUT, symlinks=True, dirs_exist_ok=True)
    elif source.is_file():
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, into)
