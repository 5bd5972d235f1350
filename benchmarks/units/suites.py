"""The applications' own tests, before and after: what passed must pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.units.environments import Environment, for_tests, needs_of, python_of
from benchmarks.units.starts import python_files

_RUNNING = 900  # seconds for all tests of a project
_ONE = 60  # seconds for one test
_SLOWER = 1.0  # seconds beside twice the time: the test has begun to wait
_BESIDE = ("pytest", "pytest-timeout")
_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$")
_LIVE = re.compile(r"(?:^|/)(?:integration_?tests?|integration|end2end_test|e2e)/")
_LEFT_OUT = shutil.ignore_patterns(".git", "node_modules")
_OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "blocked", "--continue-on-collection-errors")


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one project: its folder, its tests, and what is installed for them."""

    folder: str  # relative to the application, as all here
    tests: tuple[str, ...]  # files or folders
    needs: tuple[str, ...]
    version: str
    paths: tuple[str, ...] = ()  # that modules are looked for in beside the folder

    def __str__(self) -> str:
        return self.folder or "."


@dataclass(slots=True)
class Outcome:
    """The tests of one project before and after."""

    before: dict[str, float] = field(default_factory=dict)  # seconds of those that pass
    after: dict[str, float] = field(default_factory=dict)
    others: int = 0  # that do not pass before either
    said: str = ""  # where none was run

    @property
    def lost(self) -> list[str]:
        """The tests that passed before alone."""
        return sorted(self.before.keys() - self.after.keys())

    @property
    def slower(self) -> list[str]:
        """The tests that have begun to wait."""
        both = self.before.keys() & self.after.keys()
        return sorted(each for each in both if self.after[each] > 2 * self.before[each] + _SLOWER)


def suites_of(root: Path, touched: Sequence[str]) -> list[Suite]:
    """The tests of each project in which a file is edited: what has requirements of its own."""
    found: dict[str, list[str]] = {}
    for path in python_files(root):
        if _TEST.search(path) and not _LIVE.search(path):
            needs = needs_of(str(root), path)
            found.setdefault(os.path.dirname(needs[0]) if needs else "", []).append(path)
    return [
        Suite(
            folder,
            tuple(tests),
            needs_of(str(root), tests[0], for_tests=True),
            python_of(str(root), needs_of(str(root), tests[0])),
        )
        for folder, tests in found.items()
        if any(path.startswith(f"{folder}/" if folder else "") for path in touched)
    ]


def compared(
    suite: Suite,
    before: Path,
    after: Path,
    built: Callable[..., Environment],
    given: Mapping[str, str],
) -> Outcome:
    """Run the tests of a project before and after; where one is lost all are run once more."""
    outcome = Outcome()
    first, others, said = _run(suite, before, built, given)
    outcome.before, outcome.others, outcome.said = first, others, said
    if not first:
        return outcome
    outcome.after, _, said = _run(suite, after, built, given)
    outcome.said = said
    if outcome.lost or outcome.slower:  # by chance?
        again, _, _ = _run(suite, after, built, given)
        for name, seconds in again.items():
            outcome.after[name] = min(seconds, outcome.after.get(name, seconds))
    return outcome


def _run(
    suite: Suite,
    tree: Path,
    built: Callable[..., Environment],
    given: Mapping[str, str],
) -> tuple[dict[str, float], int, str]:
    """The tests that pass with their seconds, how many do not, and why none was run."""
    asked = [*_BESIDE]
    for need in suite.needs:
        if need.endswith(".toml") and (tree / need).is_file():
            asked += for_tests(tree / need)
    environment = built(tree, suite.needs, suite.version, asked)
    with tempfile.TemporaryDirectory(prefix="suite-") as scratch:
        place = Path(scratch) / "tree"
        shutil.copytree(
            tree,
            place,
            ignore=shutil.ignore_patterns(".git", "node_modules", "http_cache"),
            symlinks=True,
        )
        folder = place / suite.folder
        report = Path(scratch) / "report.xml"
        paths = [str(Path(__file__).parent), str(folder), *(str(place / p) for p in suite.paths)]
        command = ["nice", environment.python, "-m", "pytest", *_OPTIONS]
        command += [f"--timeout={_ONE}", f"--junitxml={report}"]
        command += [os.path.relpath(place / each, folder) for each in suite.tests]
        variables = {
            **given,
            "PATH": os.path.dirname(environment.python) + os.pathsep + os.environ["PATH"],
            "HOME": scratch,
            "AIRFLOW_HOME": f"{scratch}/airflow",
            "GOOGLE_CLOUD_PROJECT": "project",
            "PYTHONPYCACHEPREFIX": environment.bytecode,
            "PYTHONPATH": os.pathsep.join(paths),
        }
        try:
            done = subprocess.run(
                command, cwd=folder, env=variables, capture_output=True, text=True, timeout=_RUNNING
            )
        except subprocess.TimeoutExpired:
            return {}, 0, "it takes too long"
        if not report.exists():
            return {}, 0, f"ended {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}"
        return _read(report, done.stdout)


def _read(report: Path, said: str) -> tuple[dict[str, float], int, str]:
    passed: dict[str, float] = {}
    others = 0
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if {child.tag for child in case} & {"failure", "error", "skipped"}:
            others += 1
            passed.pop(name, None)
        else:
            passed[name] = float(case.get("time") or 0)
    return passed, others, "" if passed else said.strip()[-300:]
