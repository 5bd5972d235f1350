"""The scopes and functions around a node."""

from __future__ import annotations

import ast

import pytest

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.syntax import definition_of, function_of, scope_of, scopes_around

TEXT = """\
@of_decorator
def outer(a=of_default, b: of_annotation = 1) -> of_result:
    in_outer

    class Inner(of_base):
        in_class

        async def method(self):
            call(lambda x=of_lambda_default: in_lambda)
            [in_comprehension for each in things]


class Last:
    in_last


at_top
"""


def place(name: str) -> tuple[SourceFile, ast.Name]:
    source = SourceFile("a.py", TEXT.encode())
    return source, next(node for node in source.nodes(ast.Name) if node.id == name)


@pytest.mark.parametrize(
    ("name", "scopes", "definition"),
    [
        ("of_decorator", "Module", ""),
        ("of_default", "Module", ""),
        ("of_annotation", "Module", ""),
        ("of_result", "Module", ""),
        ("in_outer", "outer Module", "outer"),
        ("of_base", "outer Module", "outer"),
        ("in_class", "Inner outer Module", "outer"),
        ("of_lambda_default", "method Inner outer Module", "method"),
        ("in_lambda", "Lambda method Inner outer Module", "method"),
        ("in_comprehension", "method Inner outer Module", "method"),
        ("in_last", "Last Module", ""),
        ("at_top", "Module", ""),
    ],
)
def test_what_is_around_a_node(name: str, scopes: str, definition: str) -> None:
    source, node = place(name)
    found = [*scopes_around(source, node)]
    assert [getattr(each, "name", type(each).__name__) for each in found] == scopes.split()
    assert scope_of(source, node) is found[0]
    assert getattr(definition_of(source, node), "name", "") == definition


def test_a_lambda_is_a_function_and_no_definition() -> None:
    source, node = place("in_lambda")
    assert isinstance(function_of(source, node), ast.Lambda)
    assert isinstance(definition_of(source, node), ast.AsyncFunctionDef)


def test_the_module_is_in_itself() -> None:
    source, _ = place("at_top")
    assert scope_of(source, source.tree) is source.tree
