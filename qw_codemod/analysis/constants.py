"""What a name was given: in its function, in the module, in the class, in the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.infer import Inference
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.assignments import targets_of
from qw_codemod.python.bindings import FUNCTIONS, dotted, parameters
from qw_codemod.python.imports import imports_of
from qw_codemod.python.names import bound_names
from qw_codemod.python.syntax import definition_of, last_name

_FEW = 40  # files that mention a name, each to be read


def values_of(
    source: SourceFile, infer: Inference, node: ast.expr
) -> list[tuple[SourceFile, ast.expr | None]]:
    """All that is given to a name or an attribute, each with its file; None for no plain value.

    Of a parameter nothing is known, and nothing of a name that a great many files mention.
    """
    name = dotted(node)
    if not name or _is_parameter(source, node, name):
        return []
    function = definition_of(source, node)
    if function is not None and name in _bound_in(function):
        return [(source, each) for each in given_in(source, function, name)]
    if "." not in name:
        given = given_in(source, source.tree, name)
        if given:
            return [(source, each) for each in given]
        if imported := _imported(source, infer, name):
            return imported
    last = name.rpartition(".")[2]
    paths = infer.tree.mentions(last)
    found: list[tuple[SourceFile, ast.expr | None]] = []
    for path in paths if len(paths) <= _FEW else ():
        view = infer.tree.view(path)
        if view is not None:
            found += [(view.source, each) for each in _assigned_to(view.source, last)]
    return found


@kept
def _bound_in(function: ast.AST) -> frozenset[str]:
    return frozenset(bound_names([function]))


def _imported(
    source: SourceFile, infer: Inference, name: str
) -> list[tuple[SourceFile, ast.expr | None]]:
    """What the module gives to a name that it is imported from."""
    for each in imports_of(source.tree):
        if each.bound != name or not each.name or each.level:
            continue
        path = infer.tree.resolve(each.module, source.path)
        view = infer.tree.view(path) if path else None
        if view is not None:
            given = given_in(view.source, view.source.tree, each.name)
            return [(view.source, value) for value in given]
    return []


def given_in(
    source: SourceFile, scope: ast.AST, name: str, without: ast.AST | None = None
) -> list[ast.expr | None]:
    """What is given to a name in a scope, but for a part of it.

    None for what is no plain value.
    """
    left_out = {*ast.walk(without)} if without is not None else set()
    return [_given(source, each) for each in targets_of(scope, name) if each not in left_out]


def _is_parameter(source: SourceFile, node: ast.AST, name: str) -> bool:
    return any(
        isinstance(each, FUNCTIONS) and name in {part.arg for part in parameters(each)}
        for each in source.ancestors(node)
    )


def _given(source: SourceFile, node: ast.AST) -> ast.expr | None:
    around = source.parent(node)
    if isinstance(around, ast.AnnAssign) and isinstance(source.parent(around), ast.ClassDef):
        # a field: whoever makes the object may say something else
        return around.value if dotted(node).isupper() else None
    return around.value if isinstance(around, (ast.Assign, ast.AnnAssign)) else None


def _assigned_to(source: SourceFile, last: str) -> Iterator[ast.expr | None]:
    """What a file gives to `X`, `self.X` or `module.X`."""
    for node in _set_by_last_name(source).get(last, ()):
        yield _given(source, node)


@kept
def _set_by_last_name(source: SourceFile) -> dict[str, list[ast.Name | ast.Attribute]]:
    found: dict[str, list[ast.Name | ast.Attribute]] = {}
    nodes: list[ast.Name | ast.Attribute] = [*source.nodes(ast.Name)]
    for node in (*nodes, *source.nodes(ast.Attribute)):
        if not isinstance(node.ctx, ast.Load):
            found.setdefault(last_name(node), []).append(node)
    return found
