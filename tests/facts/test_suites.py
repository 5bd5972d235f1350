"""What counts as a test: the path below the project's root says it, and nothing above."""

from __future__ import annotations

from pathlib import Path

import pytest

from qw_codemod.facts.project import Tree
from qw_codemod.facts.suites import is_test
from qw_codemod.testkit import Setup, run_folder

MODULE = """\
import logging
import time

import requests

logger = logging.getLogger(__name__)


def table(league):
    answer = requests.get(f"https://example.org/tables/{league}", timeout=20)
    return answer.json()


def patient(path):
    for attempt in range(5):
        try:
            return path.read_text()
        except OSError:
            time.sleep(5)


def tables(leagues, render):
    try:
        return render([table(league) for league in leagues])
    except Exception:
        return []


def names(leagues):
    try:
        return [league.name for league in leagues]
    except Exception as e:
        logger.error("no names: %s", e)
        return []
"""
SETUP = Setup(settings={"excepts": {"unreported": True}})
CODES = {"QW202", "QW203", "QW301", "QW303"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/test_feed.py", True),
        ("/feed_test.py", True),
        ("/conftest.py", True),
        ("/jobs/test/feed.py", True),
        ("/tests/one/two/three/four/five/feed.py", True),
        ("/pipeline/testing/feed.py", True),
        ("/testkit/feed.py", False),
        ("/jobs/latest_feed.py", False),
        ("/tests.py", False),
        ("/contest.py", False),
        ("", False),
    ],
)
def test_a_path_says_whether_it_is_a_test(path: str, expected: bool) -> None:
    assert is_test(path) is expected


@pytest.mark.parametrize("folder", ["/home/tests", "/test/proj/", "/a/testing/b/c"])
def test_the_folders_above_a_project_say_nothing(folder: str) -> None:
    root = folder.rstrip("/")
    tree = Tree(folder, [f"{root}/feed.py", f"{root}/tests/test_feed.py"])
    assert not tree.is_test(f"{root}/feed.py")
    assert tree.is_test(f"{root}/tests/test_feed.py")


def codes(root: Path, path: str) -> set[str]:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(MODULE)
    return {found.code for found in run_folder(root, [path], SETUP)[path].findings}


@pytest.mark.parametrize("folder", ["test", "tests", "testing"])
def test_a_project_below_a_folder_of_tests_has_its_findings(tmp_path: Path, folder: str) -> None:
    assert codes(tmp_path / folder / "proj", "feed.py") == CODES


def test_a_test_of_a_project_has_none_of_these_findings(tmp_path: Path) -> None:
    assert not codes(tmp_path, "tests/feed.py") & CODES
