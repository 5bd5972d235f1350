"""The wheel: one name in site-packages, everything in it, and the same rules as the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.long  # one process builds the wheel

ROOT = Path(__file__).parents[1]
BUILTIN = sorted(path.stem for path in (ROOT / "checks").iterdir() if path.name[0] not in "_.")


def modules(root: Path, folder: str) -> set[str]:
    """The modules of a folder, and the texts of modules that codemods write."""
    paths = [*(root / folder).rglob("*.py"), *(root / folder).rglob("*.py.txt")]
    found = (path.relative_to(root).as_posix() for path in paths)
    return {name for name in found if "__pycache__" not in name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout as it is, built from a copy, so that nothing is left in here."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("qw_codemod", "checks", "codemods"):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(copy / "out"), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (copy / "out").glob("*.whl")
    return built


def test_one_top_level_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"qw_codemod"}


def test_nothing_is_left_out(wheel: Path) -> None:
    expected = modules(ROOT, "qw_codemod") | {"qw_codemod/py.typed"}
    for name in ("checks", "codemods"):
        expected |= {f"qw_codemod/{module}" for module in modules(ROOT, name)}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == expected


def test_the_dependencies_have_lower_bounds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("/METADATA"))
        metadata = archive.read(name).decode()
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert len(needed) > 4
    assert all(re.match(r"Requires-Dist: [\w.-]+>=\d", line) for line in needed)
    version = re.search(r'__version__ = "(.+)"', (ROOT / "qw_codemod/__init__.py").read_text())
    assert version is not None
    assert f"\nVersion: {version[1]}\n" in metadata


@dataclass(frozen=True)
class Installed:
    """An environment of its own that holds the wheel."""

    root: Path

    @property
    def commands(self) -> Path:
        return self.root / "venv" / ("Scripts" if os.name == "nt" else "bin")

    def install(self, *what: str | Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", self.commands / "python"]
        subprocess.run([*pip, "install", "--quiet", "--no-compile", *what], check=True)

    def printed(self, *command: str | Path, cwd: Path | None = None, code: int = 0) -> str:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            command,
            cwd=cwd or self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Installed once, as this takes seconds; a test may install more into it."""
    root = tmp_path_factory.mktemp("installed")
    venv.create(root / "venv")
    made = Installed(root)
    made.install(wheel)
    return made


def built_in(rules: str) -> list[str]:
    return [line for line in rules.splitlines() if line.startswith("QW")]


def test_installed_anew_it_has_the_same_rules(installed: Installed) -> None:
    tool, printed = installed.commands / "qw-codemod", installed.printed
    here = printed(sys.executable, "-m", "qw_codemod", "rules")
    assert built_in(printed(tool, "rules")) == here.splitlines()
    assert len(here.splitlines()) >= len(BUILTIN)
    for family in BUILTIN:
        ours = printed(sys.executable, "-m", "qw_codemod", "explain", family)
        assert printed(tool, "explain", family) == ours


SERVICE = 'metadata:\n  annotations:\n    autoscaling.knative.dev/maxScale: "100"\n'
QUERIES = """\
from google.cloud import bigquery

client = bigquery.Client()
for day in ("a", "b"):
    client.query(day).result(timeout=60)
"""


def test_a_pack_of_other_people(installed: Installed, tmp_path: Path) -> None:
    """The example is installed beside the wheel; its rules run, and so do its own tests."""
    pack = tmp_path / "pack"
    ignored = shutil.ignore_patterns("__pycache__", ".*", "build", "*.egg-info")
    shutil.copytree(ROOT / "examples" / "pack", pack, ignore=ignored)
    installed.install(f"{pack}[dev]")
    tool, printed = installed.commands / "qw-codemod", installed.printed
    rules = printed(tool, "rules")
    assert "TEAM401  queries-in-turn" in rules
    assert "TEAM601  oversized-service" in rules
    assert "QW101" in rules

    project = tmp_path / "project"
    (project / "deploy").mkdir(parents=True)
    (project / "deploy" / "service.yaml").write_text(SERVICE)
    (project / "limits.py").write_text("MAX_SCALE = 100\n")
    (project / "load.py").write_text(QUERIES)
    families = "queries,scale"
    found = printed(tool, "check", "--select", families, cwd=project, code=1)
    assert "deploy/service.yaml:3:40: TEAM601" in found
    assert "load.py:4:1: TEAM401" in found
    printed(tool, "apply", families, "--unsafe", cwd=project)
    assert '"10"' in (project / "deploy" / "service.yaml").read_text()
    assert (project / "limits.py").read_text() == "MAX_SCALE = 10\n"
    assert "jobs = [client.query(day) for day in (" in (project / "load.py").read_text()
    printed(tool, "check", "--select", families, cwd=project)
    assert "3 files restored" in printed(tool, "undo", cwd=project)
    assert (project / "load.py").read_text() == QUERIES

    passed = printed(
        installed.commands / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=pack
    )
    assert " passed" in passed
