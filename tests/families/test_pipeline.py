"""The sample project's waits against its manifest, and its own tests before and after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from .pipeline import PIPELINE, SITES, Place, Project, Runs, copy_of, name, place

pytestmark = pytest.mark.long  # one process makes the runs that all of them look at

WAITS = [site for site in SITES if site["kind"] in ("wait", "http")]
LOOK_ALIKES = [
    site for site in SITES if site["kind"] == "look-alike" and site["rule"].startswith("QW1")
]
FLAGS = {"fixed": (), "likely": ("--likely",), "unsafe": ("--unsafe",)}


@dataclass(frozen=True)
class Applied:
    """The pipeline before and after an apply, with what is still found."""

    before: dict[str, bytes]
    project: Project

    @cached_property
    def left(self) -> dict[Place, str]:
        return self.project.check("timeouts")


@pytest.fixture(scope="module")
def found(runs: Runs) -> dict[Place, str]:
    return runs.found("QW1")


@pytest.fixture(
    scope="module",
    params=[(), ("--likely",), ("--unsafe",), ("--likely", "--unsafe")],
    ids=" ".join,
)
def applied(request: pytest.FixtureRequest, runs: Runs) -> tuple[tuple[str, ...], Applied]:
    return request.param, Applied(runs.before, runs.applied("timeouts", *request.param))


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


def test_its_own_tests_still_pass(applied: tuple[tuple[str, ...], Applied], runs: Runs) -> None:
    flags, after = applied
    if "--unsafe" in flags:
        pytest.skip("unsafe edits say that they break these tests")
    assert len(runs.passed_before) == 138
    assert runs.passed_before <= after.project.passing()


def test_a_second_apply_changes_nothing_and_undo_gives_all_back(runs: Runs, tmp_path: Path) -> None:
    project = copy_of(runs.applied("timeouts", "--likely", "--unsafe"), tmp_path)
    before, after = runs.before, project.files()
    assert after != before
    project.apply("timeouts", "--likely", "--unsafe")
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
