"""Statements: their text, and the way through JSON and pickle."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from string import Formatter

import pytest

from qw_codemod.kernel.statements import (
    At,
    InFile,
    InLine,
    Place,
    Statement,
    classes,
    from_json,
    render,
    to_json,
)


class Assigned(Statement):
    template = "`{name}` is assigned{place}"

    name: str
    place: Place


class Lacking(Statement):
    template = "no {missing: and no }"

    missing: tuple[str, ...]


class Both(Statement):
    template = "{parts:; }"

    parts: tuple[Statement, ...]


class Made(Statement):
    template = "this is {cls:an}{place}"

    cls: str
    place: Place | None = None


ASSIGNED = Assigned("x{0}", InFile("app.py", 3))
STATEMENTS = [
    (ASSIGNED, "`x{0}` is assigned in app.py:3"),
    (Assigned("x", InLine(7)), "`x` is assigned in line 7"),
    (Assigned("x", At("b.py", 7)), "`x` is assigned (b.py:7)"),
    (Made("Iterator"), "this is an Iterator"),
    (Made("Table", InLine(7)), "this is a Table in line 7"),
    (Lacking(("name", "context")), "no name and no context"),
    (Both((ASSIGNED, Lacking(("é",)))), "`x{0}` is assigned in app.py:3; no é"),
]


@pytest.mark.parametrize(("statement", "text"), STATEMENTS)
def test_the_text_is_made_of_the_template_and_the_fields(statement: Statement, text: str) -> None:
    assert render(statement) == text


def test_places_can_be_left_out() -> None:
    assert render(Both((ASSIGNED, Assigned("y", InLine(7)))), places=False) == (
        "`x{0}` is assigned; `y` is assigned"
    )


@pytest.mark.parametrize("statement", [each for each, _ in STATEMENTS])
def test_statements_survive_json_and_pickle(statement: Statement) -> None:
    assert from_json(json.loads(json.dumps(to_json(statement)))) == statement
    assert pickle.loads(pickle.dumps(statement)) == statement


@pytest.mark.parametrize(
    "row", [["os.system", "true"], [f"{__name__}.Lacking"], [f"{__name__}.Lacking", 1, 2], []]
)
def test_what_is_no_statement_is_refused(row: list[object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_json(row)


def test_equal_fields_of_another_class_state_something_else() -> None:
    assert InFile("app.py", 3) != At("app.py", 3)
    assert len({InFile("app.py", 3), At("app.py", 3), InFile("app.py", 3)}) == 2


def test_fields_are_given_in_order_by_name_or_by_default() -> None:
    assert Made("Table") == Made(cls="Table", place=None) == Made("Table", None)
    assert repr(Made("Table", place=InLine(7))) == "Made(cls='Table', place=InLine(line=7))"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Made(),
        lambda: Made("Table", None, 3),
        lambda: Made("Table", cls="Table"),
        lambda: Made("Table", where=3),
    ],
)
def test_other_fields_are_a_mistake(wrong: Callable[[], Statement]) -> None:
    with pytest.raises(TypeError, match="Made"):
        wrong()


def test_a_statement_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ASSIGNED.name = "y"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del ASSIGNED.name


def test_every_field_stands_in_the_template() -> None:
    for name, cls in classes().items():
        shown = {field for _, field, _, _ in Formatter().parse(cls.template)} - {None}
        assert shown <= {*cls.field_names}, name
