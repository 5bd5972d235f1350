"""The wheel: one name in site-packages, everything in it, and the same rules as the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

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


def test_installed_anew_it_has_the_same_rules(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    folder = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = [folder / "python", "-m", "pip", "install", "--quiet", wheel]
    subprocess.run(install, check=True)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def printed(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    here = printed(sys.executable, "-m", "qw_codemod", "rules")
    assert printed(folder / "qw-codemod", "rules") == here
    assert len(here.splitlines()) >= len(BUILTIN)
    for family in BUILTIN:
        ours = printed(sys.executable, "-m", "qw_codemod", "explain", family)
        assert printed(folder / "qw-codemod", "explain", family) == ours
