"""A cache that was filled in another folder, or before lines moved, gives the same answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from qw_codemod.app.commands import Request, check
from qw_codemod.engine import runner
from qw_codemod.engine.tasks import Plan, Task
from qw_codemod.kernel.model import Outcome
from qw_codemod.store import reports

FILES = {
    "pyproject.toml": "[tool.qw-codemod]\n",
    "base.py": (
        "from google.cloud import bigquery\n\n\nclass Base:\n"
        "    def __init__(self):\n        self.client = bigquery.Client()\n\n"
        "    def ask(self, sql):\n        return self.client.query(sql)\n\n"
        "    def say(self):\n        return 1\n"
    ),
    "worker.py": (
        "from base import Base\n\n\nclass Worker(Base):\n    def run(self):\n"
        "        return self.ask('x').result()\n"
    ),
    "other.py": "import base\n\n\ndef run():\n    base.Base().ask('x').to_dataframe()\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QW_CODEMOD_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "a" / "project"
    root.mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were not remembered, run after run."""
    names: list[str] = []
    run = runner.run

    def noted(plan: Plan, tasks: Sequence[Task], *rest: object) -> list[Outcome]:
        names.extend(Path(task.path).name for task in tasks)
        return run(plan, tasks, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run", noted)
    return names


def answers(root: Path, monkeypatch: pytest.MonkeyPatch, cache: bool = True) -> list[object]:
    monkeypatch.chdir(root)
    outcomes = check(Request(paths=(".",), cache=cache)).outcomes
    return [
        (Path(each.report.path).relative_to(root), each.lines, finding.line, finding.message,
         [(fact, Path(fact.path).relative_to(root)) for fact in finding.evidence.facts])
        for each in outcomes
        for finding in each.report.findings
    ]  # fmt: skip


def test_a_cache_of_another_folder_is_used(
    project: Path, examined: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = answers(project, monkeypatch)
    assert len(first) == 2
    assert {*examined} == {"base.py", "worker.py", "other.py"}
    moved = project.parents[1] / "b" / "project"
    shutil.copytree(project, moved)
    for path in moved.iterdir():
        path.touch()
    examined.clear()
    monkeypatch.chdir(moved)
    found = answers(moved, monkeypatch)
    assert examined == []
    assert found == answers(moved, monkeypatch, cache=False)


@pytest.mark.parametrize(
    ("name", "old", "new", "again"),
    [
        ("base.py", "class Base", "# a comment\n\nclass Base", {"base.py"}),
        ("base.py", "return 1", "return 2", {"base.py"}),
        ("base.py", "    def say", "    def more(self):\n        pass\n\n    def say", {"base.py"}),
        ("base.py", "bigquery.Client()", "None", {"base.py", "worker.py", "other.py"}),
        ("base.py", "(sql)\n\n", "(sql + '')\n\n", {"base.py", "worker.py", "other.py"}),
        ("worker.py", "self.ask", "(self).ask", {"worker.py"}),
    ],
)
def test_only_those_are_examined_that_depend_on_the_edit(
    project: Path,
    examined: list[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    old: str,
    new: str,
    again: set[str],
) -> None:
    answers(project, monkeypatch)
    examined.clear()
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new, 1))
    found = answers(project, monkeypatch)
    assert {*examined} == again
    assert found == answers(project, monkeypatch, cache=False)
    examined.clear()
    assert answers(project, monkeypatch) == found  # as it was put away
    assert examined == []


DOUBLES = {
    "app.py": (
        "from google.cloud import bigquery\n\n\ndef run():\n"
        "    bigquery.Client().query('x').result()\n"
    ),
    "tests/test_app.py": (
        "from unittest import mock\nimport app\n\n\n"
        "@mock.patch('app.bigquery.Client')\ndef test_run(client):\n    app.run()\n"
        "    client().query().result.assert_called_once_with()\n\n\n"
        "def test_other():\n    assert 1 + 1 == 2\n"
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "is_needed"),
    [
        ("1 + 1 == 2", "1 + 2 == 3", False),  # no other name
        ("    app.run()\n", "    # why\n    app.run()\n", False),  # the line of the reason moves
        ("once_with()", "once()", True),
        ("app.run()", "app.other()", True),
    ],
)
def test_what_a_test_says_of_its_doubles_counts(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    examined: list[str],
    old: str,
    new: str,
    is_needed: bool,
) -> None:
    for name, text in DOUBLES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    monkeypatch.setattr(reports, "_SETTLED", -1e12)
    answers(project, monkeypatch)
    examined.clear()
    test = project / "tests/test_app.py"
    text = test.read_text().replace(old, new)
    assert text != test.read_text()
    test.write_text(text)
    warm = answers(project, monkeypatch)
    assert ("app.py" in examined) is is_needed
    assert warm == answers(project, monkeypatch, cache=False)


def test_another_process_remembers_with_little_imported(project: Path) -> None:
    # Reports name classes of statements, whose modules a run that examines nothing has not loaded.
    code = (
        "import sys; from qw_codemod.app.commands import Request, check;"
        f"check(Request(paths=({str(project)!r},)));"
        "print('qw_codemod.engine.runner' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]

    assert [run.stdout.strip() for run in runs] == ["True", "False"]
