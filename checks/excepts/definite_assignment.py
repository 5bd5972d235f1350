"""Which names are certainly bound when a statement begins."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import FUNCTIONS


def bound_before(source: SourceFile, statement: ast.stmt) -> list[str]:
    """The names of the statement's own scope that hold a value whenever it begins, in order.

    Parameters come first, then the variables of the loops around it, then what was assigned.
    """
    child: ast.AST = statement
    loops: list[str] = []
    assigned: list[str] = []
    parameters: list[str] = []
    scope: ast.AST = source.tree
    for around in source.ancestors(statement):
        if isinstance(around, FUNCTIONS):
            parameters = _parameters(around)
            assigned = [*_assigned(_before(around, child)), *assigned]
            scope = around
            break
        if isinstance(around, ast.ClassDef):
            return []
        if isinstance(around, (ast.For, ast.AsyncFor)) and child in around.body:
            loops = [*_names([around.target]), *loops]
        if isinstance(around, (ast.With, ast.AsyncWith)):
            assigned = [
                *_names(i.optional_vars for i in around.items if i.optional_vars),
                *assigned,
            ]
        assigned = [*_assigned(_before(around, child)), *assigned]
        child = around
    unsure = _unbound(scope)
    names = dict.fromkeys([*parameters, *loops, *assigned])
    return [name for name in names if name not in unsure]


def _parameters(function: ast.AST) -> list[str]:
    arguments = getattr(function, "args", None)
    if not isinstance(arguments, ast.arguments):
        return []
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [each.arg for each in every if each.arg not in ("self", "cls")]


def _before(around: ast.AST, child: ast.AST) -> Sequence[ast.stmt]:
    """The statements of the same block that run before a statement."""
    return list(takewhile(lambda each: each is not child, block_of(around, child)))


def _assigned(block: Iterable[ast.stmt]) -> list[str]:
    """The names that are bound once these statements have run to their end."""
    return [name for node in block for name in _assigned_by(node)]


@kept
def _assigned_by(node: ast.stmt) -> tuple[str, ...]:
    if isinstance(node, ast.Assign):
        return tuple(_names(node.targets))
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        return tuple(_names([node.target])) if node.value is not None else ()
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return tuple(_names(item.optional_vars for item in node.items if item.optional_vars))
    if isinstance(node, ast.If):
        return tuple(_common([node.body, node.orelse]))
    if isinstance(node, ast.Try):
        ways = [[*node.body, *node.orelse], *(each.body for each in node.handlers)]
        return (*_common(ways), *_assigned(node.finalbody))
    return ()


def _common(ways: Sequence[Sequence[ast.stmt]]) -> list[str]:
    """What is bound whichever way was taken; a way that leaves does not come back."""
    sets = [_assigned(way) for way in ways if not _ends(way)]
    return [name for name in sets[0] if all(name in each for each in sets)] if sets else []


def _ends(way: Sequence[ast.stmt]) -> bool:
    return bool(way) and isinstance(way[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def _names(targets: Iterable[ast.expr]) -> list[str]:
    found = []
    for target in targets:
        found += [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and _stores(n)]
    return found


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


@kept
def _unbound(scope: ast.AST) -> frozenset[str]:
    """Names that somebody deletes, or that belong to another scope."""
    return frozenset(_unbound_in(scope))


def _unbound_in(scope: ast.AST) -> Iterator[str]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            yield node.id
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
