"""The numbers that names stand for, also where another file gives them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from qw_codemod.analysis.numbers import number_of
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.models import MODELS


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("from limits import WAIT\nuse(WAIT)\n", 20),
        ("from limits import WAIT as pause\nuse(pause)\n", 20),
        ("from limits import TWICE\nuse(TWICE)\n", None),
        ("WAIT = 5\nuse(WAIT * 60 + 1)\n", 301),
        ("def run(wait):\n    use(wait)\n", None),
        ("class Job:\n    wait: int = 3\n    def run(self):\n        use(self.wait)\n", None),
    ],
)
def test_numbers_follow_the_import(tmp_path: Path, code: str, number: float | None) -> None:
    files = {
        "main.py": code,
        "limits.py": "WAIT = 20\nTWICE = 1\nTWICE = 2\n",
        "other.py": "WAIT = 90\nTWICE = 7\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    infer = Inference(str(tmp_path), [str(tmp_path / name) for name in files], models=MODELS)
    source = SourceFile(str(tmp_path / "main.py"), code.encode())
    used = next(call for call in source.nodes(ast.Call) if ast.unparse(call.func) == "use")
    assert number_of(source, infer, used.args[0]) == number
