"""What imports tell of a name in a file: no only where the name cannot be the module's."""

from __future__ import annotations

from pathlib import Path

import pytest

from qw_codemod.facts.import_scan import imports
from qw_codemod.facts.project import Tree

HOME = "def load(): ...\nclass Job: ...\n"


def may_mean(tmp_path: Path, text: str, name: str = "load", **others: str) -> bool:
    files = {"app/__init__.py": "", "app/jobs.py": HOME, "app/user.py": text}
    files |= {path.replace("__", "/") + ".py": data for path, data in others.items()}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(data)
    root = tmp_path.as_posix()
    tree = Tree(root, [f"{root}/{path}" for path in files])
    return tree.may_mean(name, f"{root}/app/jobs.py", f"{root}/app/user.py")


@pytest.mark.parametrize(
    "text",
    [
        "from app.jobs import load",
        "from app.jobs import other, load as get",
        "from app.jobs \\\n    import load",
        "from . jobs import load",
        "# a comment \\\nfrom app.jobs import load",
        "from .jobs import (\n    other,  # of (no) use\n    load,\n)",
        "from . import jobs\njobs.load()",
        "from . import jobs as j\nx = j.load",
        "import app.jobs\napp.jobs.load()",
        "import app.jobs as j; j.load()",
        "from . import jobs\nx = (\n    jobs\n    .load()\n)",
        "import app.jobs\nx = (app.jobs  .  load())",
        "import app.jobs\nx = app \\\n    .jobs.load()",
        "from app.jobs import *",
        "from app.jobs import other, \\\n    load",
        "if True: from app.jobs import load",
        "def f():\n    from app.jobs import load\n",
        "from app.again import load",
        "from app.again import Other\nOther.load()",
    ],
)
def test_it_may_be(tmp_path: Path, text: str) -> None:
    assert may_mean(tmp_path, text, app__again="from app.jobs import load")


@pytest.mark.parametrize(
    "text",
    [
        "frame.load()",
        "def load(): ...\nload()",
        "from elsewhere import load",
        "from app.other import load",
        "import app.jobs\nframe.load()",
        "import app.jobs\nframe.app.load()",
        "import app.jobs\nfind(app).load()",
        "from app.jobs import other\nload = other",
        "# from app.jobs import load",
        "text = 'load'",
    ],
)
def test_it_cannot_be(tmp_path: Path, text: str) -> None:
    assert not may_mean(tmp_path, text, app__other="def load(): ...\n")


def test_a_name_that_is_defined_unless_it_is_imported(tmp_path: Path) -> None:
    text = "try:\n    from app.jobs import Job\nexcept ImportError:\n    pass\nclass Job: ...\n"
    assert may_mean(tmp_path, "from app.again import Job", "Job", app__again=text)
    assert not may_mean(tmp_path, "from app.again import Job", "Job", app__again=text[-15:])


def test_both_names_of_an_alias() -> None:
    found = imports(b"from ..jobs import load as get, Job\nimport a.b, c as d\n")
    assert found.sources("load") == found.sources("get") == ["..jobs"]
    assert found.roots == {"get", "Job", "a", "d"}
