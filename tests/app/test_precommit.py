"""pre-commit, for real: a commit that adds an endless wait is refused, and passes after apply."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.long,  # one process installs the hooks
    pytest.mark.skipif(
        not (ROOT / "checks" / "timeouts").exists(), reason="needs the family timeouts"
    ),
]

CONFIG = """
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: {hook}
"""
BASE = """
from google.cloud import bigquery


class Loader:
    def __init__(self):
        self.bq_client = bigquery.Client()
"""
WAIT = """
from shared.loader import Loader


class Nightly(Loader):
    def rows(self):
        return list(self.bq_client.query("select 1").result())
"""

Git = Callable[..., subprocess.CompletedProcess[str]]


def git_in(folder: Path, environment: dict[str, str]) -> Git:
    def git(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=check,
        )

    git("init", "-q")
    git("config", "user.name", "A")
    git("config", "user.email", "a@example.invalid")
    return git


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One cache of hook environments for all tests, and none of the person's own settings."""
    inherited = {key: os.environ[key] for key in os.environ if not key.startswith("GIT_")}
    home = tmp_path_factory.mktemp("pre-commit")
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    bin_ = str(Path(sys.executable).parent)
    path = f"{bin_}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, **settings, "PRE_COMMIT_HOME": str(home), "PATH": path}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> tuple[str, str]:
    """The checkout as it is now, as a repository of its own, and its revision."""
    copy = tmp_path_factory.mktemp("hooks") / "qw-codemod"
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in ("qw_codemod", "checks", "codemods"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, copy)
    git = git_in(copy, environment)
    git("add", "-A")
    git("commit", "-qm", "hooks")
    return str(copy), git("rev-parse", "HEAD").stdout.strip()


@pytest.fixture
def project(tmp_path: Path, environment: dict[str, str]) -> tuple[Path, Git]:
    """A repository whose base class, committed already, says what the client is."""
    git = git_in(tmp_path, environment)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "loader.py").write_text(BASE)
    (tmp_path / "nightly").mkdir()
    git("add", "-A")
    git("commit", "-qm", "base")
    return tmp_path, git


def install(project: Path, git: Git, hooks: tuple[str, str], hook: str) -> None:
    repository, revision = hooks
    text = CONFIG.format(repository=repository, revision=revision, hook=hook)
    (project / ".pre-commit-config.yaml").write_text(text)
    git("add", "-A")
    git("commit", "-qm", "hooks")
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"],
        cwd=project,
        capture_output=True,
        check=True,
    )


def test_check_refuses_and_apply_makes_it_pass(
    project: tuple[Path, Git], hooks: tuple[str, str], environment: dict[str, str]
) -> None:
    folder, git = project
    install(folder, git, hooks, "qw-codemod-check")
    file = folder / "nightly" / "rows.py"
    file.write_text(WAIT)
    git("add", "-A")
    refused = git("commit", "-qm", "a wait", check=False)
    output = refused.stdout + refused.stderr
    assert refused.returncode == 1, output
    # One file is staged; that the client is BigQuery's stands in one that is not.
    assert "nightly/rows.py:7:" in output
    assert "QW101" in output
    command = [sys.executable, "-m", "qw_codemod", "apply", "timeouts"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    assert ".result(timeout=300)" in file.read_text()
    git("add", "-A")
    passed = git("commit", "-qm", "a bounded wait", check=False)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert git("status", "--short").stdout == ""


def test_apply_rewrites_what_is_committed(
    project: tuple[Path, Git], hooks: tuple[str, str]
) -> None:
    folder, git = project
    install(folder, git, hooks, "qw-codemod-apply")
    (folder / "nightly" / "rows.py").write_text(WAIT)
    git("add", "-A")
    refused = git("commit", "-qm", "a wait", check=False)
    output = refused.stdout + refused.stderr
    assert refused.returncode == 1
    assert "files were modified by this hook" in output
    assert ".result(timeout=300)" in (folder / "nightly" / "rows.py").read_text()
    git("add", "-A")
    passed = git("commit", "-qm", "a bounded wait", check=False)
    assert passed.returncode == 0, passed.stdout + passed.stderr


def test_a_file_that_cannot_be_examined_stops_the_commit(
    project: tuple[Path, Git], hooks: tuple[str, str]
) -> None:
    folder, git = project
    install(folder, git, hooks, "qw-codemod-check")
    (folder / "broken.py").write_text("client.query(sql).result(\n")
    git("add", "-A")
    refused = git("commit", "-qm", "broken", check=False)
    assert refused.returncode == 1
    assert "broken.py:1: cannot parse" in refused.stdout + refused.stderr
