"""Nothing of the code under examination runs, wherever it lies and whatever it is called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LONGEST = 600  # seconds for one run on a busy machine
MARK = "import pathlib\npathlib.Path({mark!r}).touch()\n"
CODE = (
    "from google.cloud import bigquery\nimport requests\nimport helper\n\n\n"
    "def run(sql):\n    try:\n        bigquery.Client().query(sql).result()\n    except:\n"
    "        pass\n    return helper.make(), requests.get('https://example.com')\n"
)
PLANTED = (
    "conftest.py",
    "setup.py",
    "sitecustomize.py",
    "usercustomize.py",
    "helper.py",
    "ast.py",
    "click.py",
    "libcst.py",
    "tomllib.py",
    "tomlkit.py",
    "ruff.py",
    "difflib.py",
    "json/__init__.py",
    "qw_codemod/__init__.py",
    "qw_codemod_checks/__init__.py",
    "requests/__init__.py",
    "google/cloud/bigquery/__init__.py",
    ".venv/lib/python3.11/site-packages/anything.py",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    mark = str(tmp_path / "ran")
    project = tmp_path / "project"
    for name in PLANTED:
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(MARK.format(mark=mark))
    (project / "planted.pth").write_text(f"import pathlib; pathlib.Path({mark!r}).touch()\n")
    (project / "job.py").write_text(CODE)
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'helper'\nbackend-path = ['.']\n"
        "[project]\nname = 'x'\nversion = '1'\n[tool.ruff]\n"
        "[project.entry-points.'qw_codemod.packs']\nchecks = 'helper'\n"
    )
    (project / ".git").mkdir()
    return project


COMMANDS = (
    ("check", "."),
    ("check", "--why", "--format", "json", "."),
    ("apply", "all", ".", "--diff"),
    ("apply", "all", ".", "--likely", "--unsafe"),
    ("undo",),
    ("init", "retries", "--policy", "shared/policy.py"),
    ("rules",),
)


@pytest.mark.parametrize(
    "tool",
    [(str(Path(sys.executable).parent / "qw-codemod"),), (sys.executable, "-m", "qw_codemod")],
    ids=["command", "module"],
)
def test_nothing_that_is_examined_runs(tree: Path, tool: tuple[str, ...]) -> None:
    if "-m" in tool:  # which is asked to run whatever has that name
        (tree / "qw_codemod" / "__init__.py").unlink()
    for command in COMMANDS:
        done = subprocess.run(
            [*tool, *command],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert done.returncode in (0, 1), (command, done.stdout, done.stderr)
        assert not (tree.parent / "ran").exists(), command


def test_the_trap_works(tree: Path) -> None:
    subprocess.run([sys.executable, "-c", "import helper"], cwd=tree, timeout=LONGEST, check=True)
    assert (tree.parent / "ran").exists()
