"""Which file an import means, where nothing says on which path Python looks for it."""

from __future__ import annotations

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
