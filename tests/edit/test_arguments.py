"""A keyword added to calls of every layout, and arguments replaced, named and taken out."""

from __future__ import annotations

import libcst as cst
import pytest

from qw_codemod.edit.arguments import (
    name_position,
    replace_keyword,
    with_keyword,
    without_keywords,
)
from qw_codemod.kernel.statements import render
from qw_codemod.rules.api import CannotFix


def call(text: str) -> cst.Call:
    node = cst.parse_expression(text)
    assert isinstance(node, cst.Call)
    return node


def code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


ADDED = {
    "f()": "f(t=3)",
    "f( )": "f(t=3)",
    "f(a)": "f(a, t=3)",
    "f( a )": "f( a, t=3 )",
    "f(a, b=1)": "f(a, b=1, t=3)",
    "f(a,)": "f(a, t=3,)",
    "f(a, )": "f(a, t=3, )",
    "f(x for x in y)": "f((x for x in y), t=3)",
    "f((x for x in y))": "f((x for x in y), t=3)",
    "f(\n)": "f(\n    t=3,\n)",
    "f(\n    # none\n)": "f(\n    # none\n    t=3,\n)",
    "f(\n\t)": "f(\n\t\tt=3,\n\t)",
    "f(\n    a,\n)": "f(\n    a,\n    t=3,\n)",
    "f(\n    a\n)": "f(\n    a,\n    t=3\n)",
    "f(\n\ta,\n\tb,\n)": "f(\n\ta,\n\tb,\n\tt=3,\n)",
    "f(\n    a,\n    b\n)": "f(\n    a,\n    b,\n    t=3\n)",
    "f(\n    a, b\n)": "f(\n    a, b, t=3\n)",
    "f(a,\n  b)": "f(a,\n  b,\n  t=3)",
    "f(a,  # one\n  b)": "f(a,  # one\n  b,\n  t=3)",
    "f(\n    a,\n    b,  # two\n)": "f(\n    a,\n    b,  # two\n    t=3,\n)",
    "f(\n    a,\n    b  # two\n)": "f(\n    a,\n    b,  # two\n    t=3\n)",
    "f(\n    a,\n    # end\n)": "f(\n    a,\n    # end\n    t=3,\n)",
    "f(a, # one\n)": "f(a, # one\n    t=3,\n)",
    "f(a # one\n)": "f(a, # one\n    t=3\n)",
    "f(g(\n    a,\n))": "f(g(\n    a,\n), t=3)",
    "f(a, {\n    1: 2,\n})": "f(a, {\n    1: 2,\n}, t=3)",
    "f('''\na\n''')": "f('''\na\n''', t=3)",
    "f(\r\n    a,\r\n)": "f(\r\n    a,\r\n    t=3,\r\n)",
}


@pytest.mark.parametrize("text", ADDED)
def test_with_keyword(text: str) -> None:
    newline = "\r\n" if "\r\n" in text else "\n"
    node = cst.parse_expression(text, cst.PartialParserConfig(default_newline=newline))
    assert isinstance(node, cst.Call)
    result = cst.Module([], default_newline=newline).code_for_node(with_keyword(node, "t", "3"))
    assert result == ADDED[text]
    compile(result, "x", "eval")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("f(t=1)", "`t=` is there already"),
        ("f(t=None, a=1)", "`t=` is there already"),
        ("f(**options)", "`**options` may hold `t` already"),
        ("f(a, *rest)", "`*rest` may hold `t` already"),
    ],
)
def test_with_keyword_refuses(text: str, reason: str) -> None:
    with pytest.raises(CannotFix) as refused:
        with_keyword(call(text), "t", "3")
    assert render(refused.value.reason) == reason


def test_replace_keyword_keeps_the_rest() -> None:
    replaced = replace_keyword(call("f( a,t = None ,b=2)"), "t", "g(1)")
    assert code(replaced) == "f( a,t = g(1) ,b=2)"
    with pytest.raises(CannotFix):
        replace_keyword(call("f(a)"), "t", "3")


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("f(3)", 0, "f(t=3)"),
        ("f(a, 3, b=1)", 1, "f(a, t=3, b=1)"),
        ("f(\n  3,\n)", 0, "f(\n  t=3,\n)"),
    ],
)
def test_name_position(text: str, position: int, expected: str) -> None:
    assert code(name_position(call(text), position, "t")) == expected


@pytest.mark.parametrize(
    ("text", "position"), [("f(3, a)", 0), ("f(*a, 3)", 1), ("f()", 0), ("f(3, t=1)", 0)]
)
def test_name_position_refuses(text: str, position: int) -> None:
    with pytest.raises(CannotFix):
        name_position(call(text), position, "t")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(m=1)", "f()"),
        ("f(a, m=1)", "f(a)"),
        ("f(m=1, a=2)", "f(a=2)"),
        ("f(a=2, m=1, b=3)", "f(a=2, b=3)"),
        ("f(\n    a=2,\n    m=1,\n)", "f(\n    a=2,\n)"),
        ("f(\n    m=1,\n)", "f()"),
        ("f(\n    m=1,\n    a=2\n)", "f(\n    a=2\n)"),
        ("f(a)", "f(a)"),
    ],
)
def test_without_keywords(text: str, expected: str) -> None:
    rest, taken = without_keywords(call(text), ("m",))
    assert code(rest) == expected
    assert [code(arg) for arg in taken] == (["m=1"] if "m=" in text else [])


@pytest.mark.parametrize(
    "text",
    ["f(m=1, # why\n  a=2)", "f(a,  # why\n  m=1)", "f(  # why\n    m=1\n)", "f(m=1 # why\n)"],
)
def test_without_keywords_loses_no_comment(text: str) -> None:
    with pytest.raises(CannotFix, match="Comment"):
        without_keywords(call(text), ("m",))
