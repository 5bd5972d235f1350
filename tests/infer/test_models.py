"""Models of libraries: inference knows what it is handed, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

from qw_codemod.infer import Inference, Instance, Library, Unknown
from qw_codemod.infer.models import Clue, Model
from qw_codemod.infer.values import Method, Value
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries import stdlib
from qw_codemod.libraries.models import MODELS


class SoundsLikeKettle(Statement):
    template = "the name sounds like a kettle"


def guess(clue: Clue) -> tuple[str, Statement] | None:
    return ("tea.Kettle", SoundsLikeKettle()) if clue.receiver == "kettle" else None


TEA = Model(
    aliases={"tea.kettles.Kettle": "tea.Kettle"},
    functions={"tea.brew": "iterator[tea.Cup]"},
    methods={"tea.Kettle": {"pour": "tea.Cup", "__enter__": "self"}},
    attributes={"tea.Kettle": {"lid": "tea.Lid"}},
    transparent=r"tea\.warmed",
    contexts=r"tea\.ceremony",
    properties=r"tea\.lazy",
    guess=guess,
)
CUP = Instance(Library("tea.Cup"))
LAZY = "class A:\n    @tea.lazy\n    def b(self):\n        return tea.Cup()\n"
CEREMONY = "@tea.ceremony\ndef f():\n    yield tea.Cup()\n"


def last(tmp_path: Path, text: str, models: Sequence[Model]) -> list[Value]:
    """What the last expression of a module can hold."""
    path = tmp_path / "app.py"
    path.write_text(text)
    source = SourceFile(str(path), path.read_bytes())
    inference = Inference(str(tmp_path), [str(path)], models)
    inference.begin(source)
    statement = source.tree.body[-1]
    assert isinstance(statement, ast.Expr)
    return [each.value for each in inference.holds(source, statement.value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("from tea.kettles import Kettle\nKettle().pour()\n", CUP),
        ("import tea\nnext(iter(tea.brew()))\n", CUP),
        ("import tea\ntea.Kettle().lid\n", Instance(Library("tea.Lid"))),
        ("import tea\n@tea.warmed\ndef f():\n    return tea.Cup()\nf()\n", CUP),
        (f"import tea\n{LAZY}A().b\n", CUP),
        (f"import tea\n{CEREMONY}with f() as cup:\n    pass\ncup\n", CUP),
    ],
)
def test_a_model_is_followed(tmp_path: Path, text: str, value: Value) -> None:
    assert last(tmp_path, text, (stdlib.MODEL, TEA)) == [value]


def test_a_guess_is_in_doubt(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("def f(kettle):\n    kettle.pour\n")
    source = SourceFile(str(path), path.read_bytes())
    inference = Inference(str(tmp_path), [str(path)], [TEA])
    inference.begin(source)
    (node,) = source.nodes(ast.Attribute)
    (found,) = inference.holds(source, node)
    assert found.value == Method(Library("tea.Kettle"), "pour")
    assert found.doubt == found.facts[0].what == SoundsLikeKettle()


def test_what_no_model_tells_is_unknown(tmp_path: Path) -> None:
    text = "from google.cloud import bigquery\nbigquery.Client().query(SQL)\n"
    (value,) = last(tmp_path, text, ())
    assert isinstance(value, Unknown)
    (value,) = last(tmp_path, text, MODELS)
    assert value == Instance(Library("google.cloud.bigquery.QueryJob"))


def test_of_what_two_models_say_the_first_counts(tmp_path: Path) -> None:
    other = Model(functions={"tea.brew": "tea.Pot"})
    assert last(tmp_path, "import tea\ntea.brew()\n", (other, TEA)) == [
        Instance(Library("tea.Pot"))
    ]
