"""The sample project against its manifest, and its own tests before and after."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PIPELINE = Path(__file__).parents[2] / "fixtures" / "pipeline"
SITES: list[dict[str, Any]] = tomllib.loads((PIPELINE / "manifest.toml").read_text())["site"]
WAITS = [site for site in SITES if site["kind"] in ("wait", "http")]
LOOK_ALIKES = [
    site for site in SITES if site["kind"] == "look-alike" and site["rule"].startswith("QW1")
]
FLAGS = {"fixed": (), "likely": ("--likely",), "unsafe": ("--unsafe",)}
TIMEOUT = 120  # seconds for one run of the tool or of the pipeline's tests

Place = tuple[str, int]


def place(site: dict[str, Any]) -> Place:
    return site["path"], site["line"]


def name(site: dict[str, Any]) -> str:
    return f"{site['rule']} {site['path']}:{site['line']} {site['form']}"


@dataclass(frozen=True)
class Project:
    """A copy of the pipeline."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qw_codemod", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def check(self) -> dict[Place, str]:
        """The level of each finding of the family by its place."""
        done = self.run("check", "--select", "timeouts", "--output-format", "json")
        assert done.returncode in (0, 1), done.stderr
        return {
            (each["path"], each["line"]): each["level"]
            for each in json.loads(done.stdout)["findings"]
        }

    def apply(self, *flags: str) -> str:
        done = self.run("apply", "timeouts", *flags)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and ".git" not in path.parts
        }

    def passing(self) -> set[str]:
        """The names of its own tests that pass."""
        command = [
            "-m",
            "pytest",
            "-q",
            "-rA",
            "--continue-on-collection-errors",
            "-p",
            "no:cacheprovider",
        ]
        environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
        done = subprocess.run(
            [sys.executable, *command, "--rootdir", str(self.folder)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return set(re.findall(r"^PASSED (\S+)", done.stdout, re.M))


def copy(folder: Path) -> Project:
    target = folder / "pipeline"
    shutil.copytree(PIPELINE, target, ignore=shutil.ignore_patterns("__pycache__", ".*cache"))
    subprocess.run(["git", "init", "-q"], cwd=target, check=True)  # a root of its own
    return Project(target)


@dataclass(frozen=True)
class Applied:
    """The pipeline before and after an apply, with what is still found."""

    before: dict[str, bytes]
    project: Project

    @cached_property
    def left(self) -> dict[Place, str]:
        return self.project.check()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[Place, str]:
    return copy(tmp_path_factory.mktemp("found")).check()


@pytest.fixture(
    scope="module",
    params=[(), ("--likely",), ("--unsafe",), ("--likely", "--unsafe")],
    ids=" ".join,
)
def applied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[tuple[str, ...], Applied]]:
    project = copy(tmp_path_factory.mktemp("applied"))
    before = project.files()
    project.apply(*request.param)
    yield request.param, Applied(before, project)


@pytest.fixture(scope="module")
def passed_before(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return copy(tmp_path_factory.mktemp("tests")).passing()


@pytest.mark.parametrize("site", WAITS, ids=name)
def test_each_wait_is_found(site: dict[str, Any], found: dict[Place, str]) -> None:
    level = "likely" if site["disposition"] == "likely" else "proven"
    assert found.get(place(site)) == level, site["why"]


def test_nothing_else_is_found(found: dict[Place, str]) -> None:
    assert set(found) == {place(site) for site in WAITS}


def test_the_manifest_is_true() -> None:
    assert len([site for site in WAITS if site["kind"] == "wait"]) == 50
    for site in SITES:
        line = (PIPELINE / site["path"]).read_text().splitlines()[site["line"] - 1]
        assert line.strip() == site["text"], name(site)


def test_each_site_ends_as_the_manifest_says(applied: tuple[tuple[str, ...], Applied]) -> None:
    flags, after = applied
    expected = [site for site in WAITS if not set(FLAGS[site["disposition"]]) <= set(flags)]
    assert len(after.left) == len(expected), sorted(after.left)
    assert {path for path, _ in after.left} == {site["path"] for site in expected}


def test_look_alikes_stay(applied: tuple[tuple[str, ...], Applied]) -> None:
    _, after = applied
    files = after.project.files()
    for site in LOOK_ALIKES:
        if any(place(site) == place(wait) for wait in WAITS):
            continue
        text = site["text"].encode()
        before = after.before[site["path"]].count(text)
        assert files[site["path"]].count(text) == before, name(site)


def test_only_python_changes(applied: tuple[tuple[str, ...], Applied]) -> None:
    _, after = applied
    files = after.project.files()
    changed = {path for path, data in after.before.items() if files.get(path) != data}
    assert changed
    assert all(path.endswith(".py") for path in changed)


def test_its_own_tests_still_pass(
    applied: tuple[tuple[str, ...], Applied], passed_before: set[str]
) -> None:
    flags, after = applied
    if "--unsafe" in flags:
        pytest.skip("unsafe edits say that they break these tests")
    assert len(passed_before) == 138
    assert passed_before <= after.project.passing()


def test_a_second_apply_changes_nothing_and_undo_gives_all_back(tmp_path: Path) -> None:
    project = copy(tmp_path)
    before = project.files()
    project.apply("--likely", "--unsafe")
    after = project.files()
    assert after != before
    project.apply("--likely", "--unsafe")
    assert {k: v for k, v in project.files().items() if k.endswith(".py")} == {
        k: v for k, v in after.items() if k.endswith(".py")
    }
    undone = project.run("undo")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    now = project.files()
    assert {path: now[path] for path in before} == before


def test_every_wait_is_bounded_in_the_end(applied: tuple[tuple[str, ...], Applied]) -> None:
    flags, after = applied
    if flags == ("--likely", "--unsafe"):
        assert after.left == {}
