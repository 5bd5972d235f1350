"""Which file an import means, where nothing says on which path Python looks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qw_codemod.facts.project import Tree

FILES = (
    *("app/__init__.py", "app/main.py", "app/io/files.py", "app/templates/redshift/__init__.py"),
    *("app/data/sklearn/utils.py", "jobs/nightly.py", "lib/db_tools.py", "lib/tools/__init__.py"),
    *("one/twice/__init__.py", "two/twice/__init__.py", "other/__init__.py", "other/run.py"),
)


@pytest.mark.parametrize(
    ("dotted", "importer", "meant"),
    [
        ("db_tools", "jobs/nightly.py", "lib/db_tools.py"),  # PYTHONPATH, perhaps
        ("db_tools", "app/main.py", ""),  # a package imports a library of that name
        ("tools", "app/main.py", "lib/tools/__init__.py"),
        ("tools", "jobs/nightly.py", "lib/tools/__init__.py"),
        ("twice", "jobs/nightly.py", ""),  # one of two
        ("redshift", "jobs/nightly.py", ""),  # within a package
        ("sklearn.utils", "other/run.py", ""),
        ("io.files", "app/main.py", ""),  # the standard library's
        ("data.sklearn.utils", "app/main.py", "app/data/sklearn/utils.py"),  # `python app/main.py`
        ("data.sklearn.utils", "other/run.py", ""),
        ("json", "jobs/nightly.py", ""),
        ("other.run", "jobs/nightly.py", "other/run.py"),
    ],
)
def test_what_an_import_means(dotted: str, importer: str, meant: str) -> None:
    tree = Tree("/root", [f"/root/{path}" for path in FILES])
    assert tree.resolve(dotted, f"/root/{importer}").removeprefix("/root/") == meant


ROOTS = {
    # A project whose package is on the path as well.
    "one/core/__init__.py": "",
    "one/core/utils.py": "from .cloud import client as connect\n\n\ndef run():\n    pass\n",
    "one/core/cloud.py": "def client():\n    pass\n",
    "one/core/main.py": "from utils import run\n",
    "one/core/tidy.py": "import utils\n\nutils.connect()\n",
    "one/tests/test_main.py": "import utils\n\nutils.run()\n",
    # One whose modules have the names of libraries.
    "two/hub/__init__.py": "",
    "two/hub/plugins/__init__.py": "",
    "two/hub/plugins/kafka/__init__.py": "NAME = 'kafka'\n\n\ndef client():\n    pass\n",
    "two/hub/plugins/kafka/send.py": "from kafka import KafkaProducer, client\n",
    "two/hub/plugins/parse.py": "def parse():\n    pass\n",
    "two/tests/test_main.py": "NAMES = ['utils.json', 'main.run']\n",
    "three/run.py": "from kafka import NAME\nfrom parse import parse\n",
    # And one that has a module of the same name, in no package.
    "three/utils.py": "def run():\n    pass\n",
    "three/lib/x.py": "import lib\n",
    "four/lib/__init__.py": "",
}


@pytest.mark.parametrize(
    ("dotted", "importer", "meant"),
    [
        ("utils", "one/core/main.py", "one/core/utils.py"),
        ("utils", "one/core/tidy.py", "one/core/utils.py"),  # not the other one, in three/
        ("utils", "one/tests/test_main.py", "one/core/utils.py"),
        ("utils", "three/run.py", "three/utils.py"),
        ("kafka", "two/hub/plugins/kafka/send.py", ""),  # it has no `KafkaProducer`
        ("kafka", "three/run.py", ""),  # of another project
        ("parse", "three/run.py", ""),
        ("lib", "three/lib/x.py", ""),  # the folder beside it, which has no `__init__.py`
    ],
)
def test_what_an_import_from_a_package_that_is_on_the_path_means(
    dotted: str, importer: str, meant: str, tmp_path: Path
) -> None:
    tree = _tree(tmp_path)
    found = tree.resolve(dotted, str(tmp_path / importer))
    assert found.removeprefix(f"{tmp_path}/") == meant


def test_a_text_in_a_test_names_modules_of_its_own_project_alone(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    assert tree.is_import_root(str(tmp_path / "one/core"))
    assert tree.importers(str(tmp_path / "one/core")) == {str(tmp_path / "one/tests")}


def _tree(folder: Path) -> Tree:
    for name, text in ROOTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Tree(str(folder), [str(folder / name) for name in ROOTS])
