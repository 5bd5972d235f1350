"""A tree of which files were edited says what a new tree of the same files says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from qw_codemod.facts.project import State, Tree
from qw_codemod.languages.python import SourceFile

PATHS = (
    *("app/__init__.py", "app/run.py", "app/core/__init__.py", "app/core/base.py"),
    *("app/core/api.py", "shared/limits.py", "jobs/night.py", "jobs/tests/conftest.py"),
    *("jobs/tests/test_night.py", "web/__init__.py", "web/core/__init__.py", "web/core/base.py"),
)
IMPORTS = (
    *("from core.base import Base", "from core.api import call", "import core.api, logging"),
    *("from app.core import base", "from .core import api", "from . import base, missing"),
    *("from ..core.base import Base", "import shared.limits", "from limits import T"),
    *("import night", "from web.core.base import Base", "import tenacity", "import app.run as r"),
)
DEFINED = ("class Base: pass", "def call(): pass", "T = 300", "x = Base()")
NAMED = ('PATCHED = "app.core.base.Base"', 'RUN = "jobs/night.py"')


def written(choose: random.Random) -> bytes:
    lines = [
        *choose.sample(IMPORTS, choose.randrange(4)),
        *choose.sample(DEFINED, choose.randrange(3)),
        *choose.sample(NAMED, choose.randrange(2)),
    ]
    return "\n".join(lines).encode() + b"\n"


def answers(tree: Tree) -> dict[object, object]:
    """All that a tree says of imports."""
    files = [f"{tree.root}/{each}" for each in PATHS]
    packages = {tree.package_of(each) for each in files}
    modules = ("core.base", "core.api", "app.core.base", "limits", "shared.limits", "night")
    return {
        **{("root", each): tree.is_import_root(each.rpartition("/")[0]) for each in files},
        **{("together", each): tree.together(each) for each in packages},
        **{("importers", each): tree.importers(each) for each in packages},
        **{("loaders", each): tree.loaders(each) for each in files},
        **{(each, of): tree.resolve(each, of) for each in modules for of in files},
    }


@pytest.mark.parametrize("seed", range(20))
def test_edits_and_their_ends(seed: int, tmp_path: Path) -> None:
    choose = random.Random(seed)
    now = {str(tmp_path / each): written(choose) for each in PATHS}
    for path, data in now.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)
    tree = Tree(str(tmp_path), [*now])
    before: dict[str, tuple[State, bytes]] = {}
    for _ in range(8):
        answers(tree) if choose.random() < 0.7 else None
        path = choose.choice([*now])
        if path in before and choose.random() < 0.6:
            state, now[path] = before.pop(path)
            tree.reset(path, state)
        else:
            before.setdefault(path, (tree.state(path), now[path]))
            now[path] = written(choose)
            tree.overlay(SourceFile(path, now[path]))
        fresh = Tree(str(tmp_path), [*now])
        for each, data in now.items():
            Path(each).write_bytes(data) if each not in before else None
            fresh.overlay(SourceFile(each, data))
        assert answers(tree) == answers(fresh)
