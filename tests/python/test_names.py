"""What a name stands for, as far as the absolute imports of a file tell."""

from __future__ import annotations

import ast

import pytest

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.names import full_name


@pytest.mark.parametrize(
    ("imports", "name", "expected"),
    [
        ("import time", "time.sleep", "time.sleep"),
        ("import os.path as p", "p.join", "os.path.join"),
        ("from time import sleep as nap", "nap", "time.sleep"),
        (
            "from concurrent import futures",
            "futures.TimeoutError",
            "concurrent.futures.TimeoutError",
        ),
        ("from .time import sleep", "sleep", "sleep"),
        ("", "sleep", "sleep"),
        ("try:\n    from a import x\nexcept ImportError:\n    from b import x", "x", "a.x"),
        ("if new:\n    from a import x\nelse:\n    from b import x", "x", "a.x"),
        ("from a import x\nfrom b import x", "x", "b.x"),
        ("def f():\n    from a import x", "x", "a.x"),
        ("import x", "f().y", ""),
    ],
)
def test_full_name(imports: str, name: str, expected: str) -> None:
    source = SourceFile("a.py", f"{imports}\n{name}\n".encode())
    statement = source.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    assert full_name(source, statement.value) == expected
