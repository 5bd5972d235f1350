"""What `apply` and `init` do with the files in which a project declares its dependencies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qw_codemod.app.cli import cli

SILENT = "def run():\n    try:\n        work()\n    except:\n        pass\n"
SETTINGS = '[tool.qw-codemod.excepts]\nsentry = "unexpected"\n'
CALL = "import requests\n\nprint(requests.get('https://example.com', timeout=3).text)\n"
Run = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text("pandas==2.2\n")
    (tmp_path / "job.py").write_text(SILENT)
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    def runs(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return runs


def test_apply_declares_what_it_brings_and_undo_takes_it_back(project: Path, run: Run) -> None:
    done = run("apply", "excepts", ".")
    assert done.exit_code == 0, done.output
    assert (project / "requirements.txt").read_text() == "pandas==2.2\nsentry-sdk==2.19.2\n"
    assert "requirements.txt: changed, declares what the edited code imports" in done.output
    assert "no sentry_sdk.init(...) in this project" in done.output
    assert run("apply", "excepts", ".").exit_code == 0
    assert (project / "requirements.txt").read_text().count("sentry") == 1
    (project / "job.py").write_text(SILENT)


def test_undo(project: Path, run: Run) -> None:
    run("apply", "excepts", ".")
    assert run("undo").exit_code == 0
    assert (project / "requirements.txt").read_text() == "pandas==2.2\n"
    assert (project / "job.py").read_text() == SILENT


def test_diff_shows_it_and_writes_nothing(project: Path, run: Run) -> None:
    done = run("apply", "excepts", ".", "--diff")
    assert "+++ b/requirements.txt\n" in done.output and "+sentry-sdk==2.19.2\n" in done.output
    assert (project / "requirements.txt").read_text() == "pandas==2.2\n"


def test_it_can_be_left(project: Path, run: Run) -> None:
    run("apply", "excepts", ".", "--no-dependencies")
    assert (project / "requirements.txt").read_text() == "pandas==2.2\n"
    assert "sentry_sdk" in (project / "job.py").read_text()


def test_a_project_that_starts_sentry_is_not_reminded(project: Path, run: Run) -> None:
    (project / "app.py").write_text("import sentry_sdk\n\nsentry_sdk.init()\n")
    assert "no sentry_sdk.init" not in run("apply", "excepts", ".").output


def test_init_writes_a_policy_once(project: Path, run: Run) -> None:
    (project / "feed.py").write_text(CALL)
    done = run("init", "retries", "--policy", "shared/http_retry.py")
    assert done.exit_code == 0, done.output
    assert 'policy = "shared.http_retry:retry_api"' in done.output
    text = (project / "shared" / "http_retry.py").read_text()
    assert "import requests" in text and "import httpx" not in text
    assert (project / "requirements.txt").read_text() == "pandas==2.2\ntenacity==9.0.0\n"
    (project / "shared" / "http_retry.py").write_text("# mine\n")
    again = run("init", "retries", "--policy", "shared/http_retry.py")
    assert again.exit_code == 2 and "is there already" in again.output
    assert (project / "shared" / "http_retry.py").read_text() == "# mine\n"


def test_without_a_policy_nothing_is_edited_and_the_next_command_is_named(
    project: Path, run: Run
) -> None:
    (project / "feed.py").write_text(CALL)
    done = run("apply", "retries", ".")
    assert "qw-codemod init retries --policy shared/http_retry.py" in done.output
    assert (project / "feed.py").read_text() == CALL


@pytest.mark.parametrize("family", ["timeouts", "nothing"])
def test_families_without_a_policy(run: Run, family: str) -> None:
    assert run("init", family, "--policy", "x.py").exit_code != 0
