"""The syntax of one file: the function around a node, what is assigned to a name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def last_name(node: ast.AST) -> str:
    """`retry` for `tenacity.retry` and for `tenacity.retry(...)`; empty for other expressions."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else dotted(node)


def assigned(source: SourceFile, name: str) -> Iterator[ast.expr]:
    """What this file assigns to a name or class attribute, anywhere."""
    yield from _assignments(source).get(name, ())


@lru_cache(maxsize=64)
def _assignments(source: SourceFile) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for assign in source.nodes(ast.Assign):
        for name in dict.fromkeys(map(dotted, assign.targets)):
            found.setdefault(name, []).append(assign.value)
    for annotated in source.nodes(ast.AnnAssign):
        if annotated.value is not None:
            found.setdefault(dotted(annotated.target), []).append(annotated.value)
    return found


def function_of(source: SourceFile, node: ast.AST) -> Function | None:
    """The function whose body holds the node (a decorator or a default belongs further out)."""
    child = node
    for around in source.ancestors(node):
        if isinstance(around, FUNCTIONS) and _runs_in(around, child):
            return around
        child = around
    return None


def definition_of(
    source: SourceFile, node: ast.AST
) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function whose body holds the node, where it is none but a lambda's."""
    found = function_of(source, node)
    return None if isinstance(found, ast.Lambda) else found


def _runs_in(function: ast.AST, child: ast.AST) -> bool:
    if isinstance(function, ast.Lambda):
        return child is function.body
    return isinstance(child, ast.stmt)


def own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that run where these run: not those of functions that are defined there."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, FUNCTIONS):
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))
