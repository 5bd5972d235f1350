"""The sample project's handlers against its manifest, and its own tests before and after."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .pipeline import ALONE, PIPELINE, SITES, Place, Project, Runs, copy_of, name, place

pytestmark = pytest.mark.long  # one process makes the runs that all of them look at

HANDLERS = [site for site in SITES if site["kind"] == "except"]
LOOK_ALIKES = [
    site for site in SITES if site["kind"] == "look-alike" and site["rule"].startswith("QW2")
]
FIXED = [site for site in HANDLERS if site["disposition"] == "fixed"]


@pytest.fixture(scope="module")
def found(runs: Runs) -> dict[Place, str]:
    return runs.found("QW2")


@pytest.fixture(scope="module")
def applied(runs: Runs) -> Project:
    return runs.applied("excepts")


@pytest.mark.parametrize("site", HANDLERS, ids=name)
def test_each_handler_is_found(site: dict[str, Any], found: dict[Place, str]) -> None:
    assert found.get(place(site)) == "proven", site["why"]


def test_nothing_else_is_found(found: dict[Place, str]) -> None:
    assert set(found) == {place(site) for site in HANDLERS}
    assert len(HANDLERS) == 26


def test_what_is_left_is_what_the_manifest_leaves(applied: Project) -> None:
    left = applied.check("excepts")
    expected = [site["path"] for site in HANDLERS if site["disposition"] == "left"]
    assert sorted(path for path, _ in left) == sorted(expected)


def test_look_alikes_stay(applied: Project) -> None:
    files = applied.files()
    for site in LOOK_ALIKES:
        before = (PIPELINE / site["path"]).read_bytes().count(site["text"].encode())
        assert files[site["path"]].count(site["text"].encode()) >= before, name(site)


def test_no_bare_handler_but_the_one_that_may_exit(applied: Project) -> None:
    bare = {
        path: len(re.findall(rb"(?m)^\s*except:", data))
        for path, data in applied.files().items()
        if path.endswith(".py")
    }
    assert {path: count for path, count in bare.items() if count} == {"orchestration/nightly.py": 1}


def test_no_bare_handler_at_all_with_unsafe_edits(runs: Runs) -> None:
    assert not runs.applied("excepts", "--unsafe").check("excepts")


def test_its_own_tests_still_pass(applied: Project, runs: Runs) -> None:
    assert len(runs.passed_before) == 138
    assert runs.passed_before <= applied.passing()


def test_a_second_apply_changes_nothing_and_undo_gives_all_back(
    applied: Project, runs: Runs, tmp_path: Path
) -> None:
    project = copy_of(applied, tmp_path)
    before, after = runs.before, project.files()
    assert after != before
    project.apply("excepts", *ALONE)
    assert {k: v for k, v in project.files().items() if not k.startswith(".qw")} == {
        k: v for k, v in after.items() if not k.startswith(".qw")
    }
    assert project.run("undo").returncode == 0
    now = project.files()
    assert {path: now[path] for path in before} == before
