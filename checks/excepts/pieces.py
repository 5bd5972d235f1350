"""Whether a value need not convert: a piece of a text; and functions that ask by their names."""

from __future__ import annotations

import ast

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import definition_of, last_name, own_nodes

from .another_way import is_passed

_SPLITTING = frozenset("split rsplit splitlines findall finditer".split())
PREDICATES = frozenset("is has can supports".split())  # how names of questions begin


def is_of_pieces(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a loop goes through the lines or pieces of a text, and on to the next one.

    Not each of them is one of those that are looked for: a table has a heading.
    """
    loop = source.parent(statement)
    if not isinstance(loop, ast.For | ast.AsyncFor) or not is_passed(handler):
        return False
    function = definition_of(source, statement)
    body = function.body if function is not None else source.tree.body
    given = {
        dotted(target): node.value
        for node in own_nodes(body)
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    pieces: ast.expr | None = loop.iter
    if isinstance(pieces, ast.Name):
        pieces = given.get(pieces.id)
    if isinstance(pieces, ast.Subscript):  # lines[1:]
        pieces = pieces.value
        pieces = given.get(pieces.id) if isinstance(pieces, ast.Name) else pieces
    return isinstance(pieces, ast.Call) and last_name(pieces) in _SPLITTING


def is_of_text(source: SourceFile, pieces: ast.expr) -> bool:
    """Whether a loop goes through the lines of an open file, or the pieces of a text."""
    if isinstance(pieces, ast.Call):
        return last_name(pieces) in _SPLITTING | {"readlines"}
    function = definition_of(source, pieces)
    body = function.body if function is not None else source.tree.body
    for node in own_nodes(body):
        match node:
            case ast.Assign(targets=targets, value=ast.Call() as call):
                names = list(map(dotted, targets))
            case ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name(id=name)):
                names = [name]
            case _:
                continue
        if dotted(pieces) in names and last_name(call) in _SPLITTING | {"open", "readlines"}:
            return True
    return False


def asks_by_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The word by which a function asks: `is` of `is_open`, `exists` of `table_exists`."""
    said = words(function.name)
    return "exists" if said[-1:] == ("exists",) else next(iter(PREDICATES & {*said[:1]}), "")
