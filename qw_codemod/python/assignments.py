"""What names are given in a file: by assignments, by loops, by `with`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import own_nodes


@dataclass(frozen=True, slots=True)
class Given:
    """A value and its target; a loop gives the items of the value, `with` what it enters."""

    target: ast.expr
    value: ast.expr
    way: Literal["assigned", "added", "iterated", "entered"]


def assigned(source: SourceFile, name: str) -> Iterator[ast.expr]:
    """What this file assigns to a name or class attribute, anywhere."""
    yield from _assignments(source).get(name, ())


@kept
def _assignments(source: SourceFile) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for assign in source.nodes(ast.Assign):
        for name in dict.fromkeys(map(dotted, assign.targets)):
            found.setdefault(name, []).append(assign.value)
    for annotated in source.nodes(ast.AnnAssign):
        if annotated.value is not None:
            found.setdefault(dotted(annotated.target), []).append(annotated.value)
    return found


def given_to(scope: ast.AST, name: str) -> list[Given]:
    """What a scope itself gives to a name, to an attribute or to an item of it."""
    return _given(scope).get(name, [])


@kept
def _given(scope: ast.AST) -> dict[str, list[Given]]:
    body = getattr(scope, "body", [])
    found: dict[str, list[Given]] = {}
    for node in own_nodes(body) if isinstance(body, list) else ():
        for given in _given_by(node):
            names = (each.id for each in ast.walk(given.target) if isinstance(each, ast.Name))
            for name in dict.fromkeys(names):
                found.setdefault(name, []).append(given)
    return found


def _given_by(node: ast.AST) -> Iterator[Given]:
    if isinstance(node, ast.Assign):
        yield from (Given(target, node.value, "assigned") for target in node.targets)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield Given(node.target, node.value, "assigned")
    elif isinstance(node, ast.AugAssign):
        yield Given(node.target, node.value, "added")
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield Given(node.target, node.iter, "iterated")
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield Given(node.optional_vars, node.context_expr, "entered")


def targets_of(scope: ast.AST, name: str) -> list[ast.AST]:
    """Where a dotted name is set or deleted in a scope and in the functions there."""
    return _targets(scope).get(name, [])


@kept
def _targets(scope: ast.AST) -> dict[str, list[ast.AST]]:
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(scope):
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            found.setdefault(dotted(node), []).append(node)
    return found
