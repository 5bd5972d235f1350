"""Which packages can run in one program, and what the bytes of a file say that it imports."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest

from qw_codemod.facts.components import modules
from qw_codemod.facts.project import Tree


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("import a, b.c as d # e", {"a", "b.c"}),
        ("if x: import a; import b", {"a", "b"}),
        ("from a import (  # why\n    b,\n    c as d,\n)", {"a", "a.b", "a.c"}),
        ("from a \\\n    import b, \\\n    c", {"a", "a.b", "a.c"}),
        ("import a, \\\n    b", {"a", "b"}),
        ("from . import a", {".", ".a"}),
        ("from ..a.b import c", {"..a.b", "..a.b.c"}),
        ("from a import *", {"a"}),
        ("x = 5\n\tfrom a import b\r\nimport c\r\n", {"a", "a.b", "c"}),
        ("important = 1\nx.import_all()\nreimport = 2", set()),
        ("from ä import ö", {"ä", "ä.ö"}),
        ("x = '" + "." * 400 + "'; import a", {"a"}),
        ("from a import b; " * 50, {"a", "a.b"}),
        ("from a import (\n    b,  # (not c)\n    d,\n)", {"a", "a.b", "a.d"}),
        ("from git_import import a", {"git_import", "git_import.a"}),
        ("from .import a", {".", ".a"}),
        ("# not c \\\nimport a", {"a"}),
        ("from . a import b", {".a", ".a.b"}),
        ("try: from a import b\nexcept ImportError: pass", {"a", "a.b"}),
    ],
)
def test_what_a_file_imports(text: str, named: set[str]) -> None:
    assert set(modules(text.encode())) == named


def test_no_import_of_real_code_is_missed() -> None:
    """Over the standard library: whatever its syntax trees import."""
    seen = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("[a-q]*.py")):
        data = path.read_bytes()
        found = set(modules(data))
        for node in ast.walk(ast.parse(data)):
            if isinstance(node, ast.Import):
                assert {each.name for each in node.names} <= found, path
                seen += 1
            elif isinstance(node, ast.ImportFrom):
                assert "." * node.level + (node.module or "") in found, path
                seen += 1
    assert seen > 500


FILES = {
    "app/__init__.py": "",
    "app/main.py": "import shared.tools\nimport json\n",
    "shared/__init__.py": "",
    "shared/tools.py": "",
    "report/__init__.py": "",
    "report/page.py": "from shared import tools\n",
    "both/__init__.py": "",
    "alone/__init__.py": "from alone.sub import x\n",
    "alone/sub.py": "",
    "scripts/load.py": "import helpers\n",
    "scripts/helpers.py": "",
    "space/one/a.py": "from ..two import b\n",
    "space/two/b.py": "",
}


def together(tmp_path: Path, package: str, changed: dict[str, str] | None = None) -> set[str]:
    texts = FILES | (changed or {})
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    root = tmp_path.as_posix()
    tree = Tree(root, [f"{root}/{name}" for name in texts])
    return {each.removeprefix(f"{root}/") for each in tree.together(f"{root}/{package}")}


def test_two_programs_that_share_a_package_are_two(tmp_path: Path) -> None:
    assert together(tmp_path, "app") == {"app", "shared"}
    assert together(tmp_path, "report") == {"report", "shared"}
    assert together(tmp_path, "shared") == {"app", "report", "shared"}
    assert together(tmp_path, "alone") == {"alone"}
    assert together(tmp_path, "scripts") == {"scripts"}


def test_a_program_that_imports_both_is_one(tmp_path: Path) -> None:
    said = together(tmp_path, "app", {"both/run.py": "import app.main\nfrom report import page\n"})
    assert said == {"app", "both", "report", "shared"}


def test_folders_without_init_are_connected_by_relative_imports(tmp_path: Path) -> None:
    assert together(tmp_path, "space/two") == {"space/one", "space/two"}


def test_a_package_named_like_one_of_the_standard_library(tmp_path: Path) -> None:
    others = {"statistics/__init__.py": "", "app/x.py": "from statistics import daily\n"}
    assert together(tmp_path, "app", others) == {"app", "shared", "statistics"}
    assert "statistics" not in together(tmp_path, "report", others)


def test_an_import_that_may_mean_several_connects_with_each(tmp_path: Path) -> None:
    others = {"one/lib/__init__.py": "", "two/lib/__init__.py": "", "app/x.py": "import lib\n"}
    said = together(tmp_path, "app", others)
    assert said == {"app", "shared", "one/lib", "two/lib"}


TESTS = {
    "shop/__init__.py": "",
    "shop/pay.py": "import bank\n",
    "bank/__init__.py": "",
    "tools/job.py": "",
    "tests/test_shop.py": "from shop import pay\n",
    "more/tests/conftest.py": "import shop\n",
    "more/tests/unit/test_all.py": "import helpers\n",
    "more/tests/unit/helpers.py": "",
    "apart/__init__.py": "",
    "apart/run.py": "import alone\n",
    "alone/__init__.py": "",
    "tests_of_apart/tests/test_run.py": "import apart.run\n",
    "lone/tests/test_x.py": "import subprocess\n",
    "named/tests/test_y.py": "import alone\nrun('apart.run.main')\n",
    "paths/tests/test_z.py": "import alone\nrun(['python', \"apart/run.py\"])\n",
}


@pytest.mark.parametrize(
    ("test", "path", "may_run"),
    [
        ("tests/test_shop.py", "shop/pay.py", True),
        ("tests/test_shop.py", "bank/__init__.py", True),
        ("tests/test_shop.py", "apart/run.py", False),
        ("tests/test_shop.py", "tools/job.py", True),  # which nobody imports
        ("more/tests/unit/test_all.py", "shop/pay.py", True),  # by the conftest above
        ("tests_of_apart/tests/test_run.py", "apart/run.py", True),
        ("tests_of_apart/tests/test_run.py", "alone/__init__.py", True),
        ("tests_of_apart/tests/test_run.py", "bank/__init__.py", False),
        ("lone/tests/test_x.py", "bank/__init__.py", True),  # it has its ways
        ("named/tests/test_y.py", "apart/run.py", True),
        ("paths/tests/test_z.py", "apart/run.py", True),
        ("named/tests/test_y.py", "shop/pay.py", False),
    ],
)
def test_which_tests_may_run_a_file(tmp_path: Path, test: str, path: str, may_run: bool) -> None:
    for name, text in TESTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    root = tmp_path.as_posix()
    tree = Tree(root, [f"{root}/{name}" for name in TESTS])
    assert tree.may_run(f"{root}/{test}", f"{root}/{path}") == may_run
