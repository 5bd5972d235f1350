"""Deleting a family is deleting its folders: the rest loads, finds and passes its proofs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROOFS = "test_family and not holds_"
FAMILIES = sorted(
    path.name for path in (ROOT / "checks").iterdir() if path.is_dir() and path.name[0] not in "_."
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as an installation has it, with the fixtures and the tests that prove them."""
    tree = tmp_path_factory.mktemp("whole")
    ignored = shutil.ignore_patterns(".*")
    shutil.copytree(ROOT / "qw_codemod", tree / "qw_codemod", ignore=ignored)
    for half in ("checks", "codemods"):
        shutil.copytree(ROOT / half, tree / "qw_codemod" / half, ignore=ignored)
    shutil.copytree(ROOT / "fixtures", tree / "fixtures", ignore=ignored)
    proofs = tree / "tests" / "families" / "test_families.py"
    proofs.parent.mkdir(parents=True)
    (found,) = (ROOT / "tests" / "families").glob("test_families.py")
    shutil.copy(found, proofs)
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


@pytest.fixture(scope="module")
def rules(whole: Path) -> list[str]:
    """What the whole tree lists."""
    return run(whole, "qw_codemod", "rules").splitlines()


def without(whole: Path, family: str, folder: Path) -> Path:
    """A copy of the tree without the folders of a family."""
    tree = folder / "tree"
    shutil.copytree(whole, tree)
    for half in ("qw_codemod/checks", "qw_codemod/codemods", "fixtures"):
        shutil.rmtree(tree / half / family)
    return tree


def run(tree: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("family", FAMILIES)
def test_the_other_rules_are_there(
    whole: Path, rules: list[str], family: str, tmp_path: Path
) -> None:
    tree = without(whole, family, tmp_path)
    gone = [line for line in rules if line.split()[2] == family]
    listed = run(tree, "qw_codemod", "rules")
    assert gone
    assert not [line for line in gone if line in listed]
    assert len(listed.splitlines()) == len(rules) - len(gone)
    script = tree / "everything.py"
    script.write_text(
        "import importlib, pkgutil, qw_codemod\n"
        "from qw_codemod.rules.packs import load\n"
        "for each in pkgutil.walk_packages(qw_codemod.__path__, 'qw_codemod.'):\n"
        "    if not each.name.endswith('__main__'):\n"
        "        importlib.import_module(each.name)\n"
        "assert load().codemods()\n"
        "print(qw_codemod.__file__)\n"
    )
    assert run(tree, "everything").strip() == str(tree / "qw_codemod" / "__init__.py")


@pytest.mark.long
def test_the_other_families_pass_their_proofs(whole: Path, tmp_path: Path) -> None:
    """Without the family that knows most: what it shares with others has to stand without it.

    How a file is laid out has nothing to do with other families: those proofs are not repeated.
    """
    tree = without(whole, "timeouts", tmp_path)
    output = run(tree, "pytest", "-q", "-p", "no:cacheprovider", "-k", PROOFS, "tests")
    assert " passed" in output
    assert "failed" not in output
