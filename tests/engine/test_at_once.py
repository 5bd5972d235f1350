"""Several runs of `apply` at once, and an editor that saves meanwhile: nothing is torn or lost."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path

import pytest

FILES = 60
LONGEST = 600  # seconds for one run on a busy machine
TEXT = "import requests\n\n\ndef load_{0}(url):\n    return requests.get(url)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    for number in range(FILES):
        (root / f"feed_{number}.py").write_text(TEXT.format(number))
    return root


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "qw_codemod", *arguments]
    return subprocess.Popen(
        command, cwd=project, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_one_of_several_applies_goes_first_and_undo_gives_every_byte_back(project: Path) -> None:
    before = {path.name: path.read_bytes() for path in project.glob("*.py")}
    runs = [start(project, "apply", "timeouts", ".") for _ in range(3)]
    said = [run.communicate(timeout=LONGEST)[0] for run in runs]
    codes = [run.returncode for run in runs]
    assert 0 in codes and set(codes) <= {0, 2}, said
    for code, output in zip(codes, said, strict=True):
        assert code == 0 or "another run" in output
    after = {path.name: path.read_bytes() for path in project.glob("*.py")}
    assert all(text.count(b"timeout=30") == 1 for text in after.values())
    # A run that came later found nothing to do, and left the journal of the first one alone.
    undone = start(project, "undo")
    assert undone.communicate(timeout=LONGEST)[0] and undone.returncode == 0
    assert {path.name: path.read_bytes() for path in project.glob("*.py")} == before


def test_what_an_editor_saves_meanwhile_is_kept(project: Path) -> None:
    edited = project / "feed_7.py"
    run = start(project, "apply", "timeouts", ".")
    saved = ""
    last = time.monotonic() + LONGEST
    for number in itertools.count():
        if run.poll() is not None or time.monotonic() > last:
            break
        saved = TEXT.format(7) + f"\n\nSAVED = {number}\n"
        edited.write_text(saved)
    output = run.communicate(timeout=LONGEST)[0]
    assert edited.read_text() == saved, output
    assert run.returncode in (0, 2), output
    others = [path for path in project.glob("*.py") if path != edited]
    assert all(path.read_text().count("timeout=30") == 1 for path in others), output
    assert not list(project.glob(".feed*"))  # nothing temporary is left
