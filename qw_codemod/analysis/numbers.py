"""The numbers that constants stand for: in the file, in a class, in a module of the project."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from qw_codemod.analysis.constants import values_of
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted

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
    if dotted(node) in known:
        return known[dotted(node)]
    given = values_of(source, infer, node)
    return _literal(given[0][1]) if len(given) == 1 else None


def _literal(node: ast.expr | None) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return None if isinstance(node.value, bool) else node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _literal(node.left), _literal(node.right)
        if left is not None and right is not None:
            return _OPERATORS[type(node.op)](left, right) if right else None
    return None
