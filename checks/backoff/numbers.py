"""The numbers that constants stand for: in the file, in a class, in a module of the project."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping

from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted, parameters
from qw_codemod.python.names import bound_names
from qw_codemod.python.syntax import definition_of, last_name

_FEW = 40  # files that mention a name, each to be read
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def number_of(source: SourceFile, infer: Inference, node: ast.expr) -> float | None:
    """The number that an expression stands for wherever it is read; None if that is not known."""
    return computed(source, infer, node, {})


def computed(
    source: SourceFile, infer: Inference, node: ast.expr, known: Mapping[str, float]
) -> float | None:
    """The same, with these values for names that have another in each round of a loop."""
    if isinstance(node, ast.Constant):
        is_number = isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
        return node.value if is_number else None  # type: ignore[return-value]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left = computed(source, infer, node.left, known)
        right = computed(source, infer, node.right, known)
        if left is None or right is None:
            return None
        try:
            found = _OPERATORS[type(node.op)](left, right)
        except (ArithmeticError, ValueError):
            return None
        return found if isinstance(found, (int, float)) else None
    name = dotted(node)
    if name in known:
        return known[name]
    if not name or _is_parameter(source, node, name):
        return None
    function = definition_of(source, node)
    if function is not None and name in set(bound_names([function])):
        given = given_in(source, function, name)
        return _literal(given[0]) if len(given) == 1 else None
    return _constant(source, infer, name)


def given_in(
    source: SourceFile, scope: ast.AST, name: str, without: ast.AST | None = None
) -> list[ast.expr | None]:
    """What is given to a name in a scope, but for a part of it.

    None for what is no plain value.
    """
    left_out = {*ast.walk(without)} if without is not None else set()
    found = (each for each in ast.walk(scope) if _is_set(each) and each not in left_out)
    return [_given(source, each) for each in found if dotted(each) == name]


def _is_set(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del))


def _given(source: SourceFile, node: ast.AST) -> ast.expr | None:
    around = source.parent(node)
    return around.value if isinstance(around, (ast.Assign, ast.AnnAssign)) else None


def _is_parameter(source: SourceFile, node: ast.AST, name: str) -> bool:
    return any(
        isinstance(each, FUNCTIONS) and name in {part.arg for part in parameters(each)}
        for each in source.ancestors(node)
    )


def _constant(source: SourceFile, infer: Inference, name: str) -> float | None:
    """What is assigned to a name once, in the file or, to an attribute, in the project."""
    if "." not in name:
        given = given_in(source, source.tree, name)
        if given:
            return _literal(given[0]) if len(given) == 1 else None
    last = name.rpartition(".")[2]
    paths = infer.tree.mentions(last)
    if len(paths) > _FEW:
        return None
    values = []
    for path in paths:
        view = infer.tree.view(path)
        values += list(_assigned_to(view.source, last)) if view is not None else []
    return _literal(values[0]) if len(values) == 1 else None


def _assigned_to(source: SourceFile, last: str) -> Iterator[ast.expr | None]:
    """What a file gives to `X`, `self.X` or `module.X`."""
    nodes: list[ast.Name | ast.Attribute] = [*source.nodes(ast.Name)]
    for node in (*nodes, *source.nodes(ast.Attribute)):
        if last_name(node) == last and _is_set(node):
            yield _given(source, node)


def _literal(node: ast.expr | None) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return None if isinstance(node.value, bool) else node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _literal(node.left), _literal(node.right)
        if left is not None and right is not None:
            return _OPERATORS[type(node.op)](left, right) if right else None
    return None
