"""The sample project's API calls against its manifest, with a policy that `init` wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .pipeline import ALONE, SITES, Project, Runs, copy_of, name

pytestmark = pytest.mark.long  # one process makes the runs that all of them look at

CALLS = [site for site in SITES if site["kind"] == "api-call"]
LOOK_ALIKES = [
    site for site in SITES if site["kind"] == "look-alike" and site["rule"].startswith("QW3")
]
POLICY = '\n[tool.qw-codemod.retries]\npolicy = "shared.http_retry:retry_api"\n'


@pytest.fixture(scope="module")
def applied(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = copy_of(runs.applied("timeouts"), tmp_path_factory.mktemp("applied"))
    assert project.apply("retries").count("name a policy first: qw-codemod init retries")
    done = project.run("init", "retries", "--policy", "shared/http_retry.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project.folder / "pyproject.toml").read_text().endswith(POLICY)
    project.apply("retries", *ALONE)
    return project


@pytest.fixture(scope="module")
def left(applied: Project) -> list[str]:
    """The lines, stripped, that the rule still has something to say about."""
    done = applied.run("check", "--select", "QW301", "--output-format", "json", *ALONE)
    return [
        (applied.folder / each["path"]).read_text().splitlines()[each["line"] - 1].strip()
        for each in json.loads(done.stdout)["findings"]
    ]


@pytest.mark.parametrize(
    "site", [site for site in CALLS if site["disposition"] == "fixed"], ids=name
)
def test_what_is_to_be_retried_is(site: dict[str, Any], applied: Project, left: list[str]) -> None:
    text = (applied.folder / site["path"]).read_text()
    assert "from shared.http_retry import" in text
    assert site["text"] not in left, site["why"]


@pytest.mark.parametrize(
    "site", [site for site in CALLS if site["disposition"] == "left"], ids=name
)
def test_what_is_to_be_left_is(site: dict[str, Any], applied: Project) -> None:
    assert site["text"] in (applied.folder / site["path"]).read_text(), site["why"]


@pytest.mark.parametrize("site", LOOK_ALIKES, ids=name)
def test_look_alikes_stay(site: dict[str, Any], applied: Project) -> None:
    call = site["text"].split("timeout=")[0].rstrip(" ,)")
    assert call in (applied.folder / site["path"]).read_text(), site["why"]


def test_nothing_else_is_wrapped(applied: Project) -> None:
    wrapped = {
        path
        for path, data in applied.files().items()
        if b"http_retry import" in data and path.endswith(".py")
    }
    assert wrapped == {site["path"] for site in CALLS if site["disposition"] == "fixed"}
    assert len(CALLS) == 15


def test_its_own_tests_still_pass(applied: Project, runs: Runs) -> None:
    assert len(runs.passed_before) == 138
    assert runs.passed_before <= applied.passing()


def test_a_second_apply_changes_nothing(applied: Project) -> None:
    before = {path: data for path, data in applied.files().items() if path.endswith(".py")}
    applied.apply("retries", *ALONE)
    after = {path: data for path, data in applied.files().items() if path.endswith(".py")}
    assert after == before
