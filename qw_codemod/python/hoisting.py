"""Where a place stands: whether a statement can go before it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.names import path_to


def why_nothing_before(source: SourceFile, node: ast.expr | ast.stmt) -> str:
    """Why no statement can go on a line of its own before a node; empty if one can."""
    return why_nothing_before_path(source, path_to(source, source.span(node)))


def why_nothing_before_path(source: SourceFile, path: Sequence[ast.AST]) -> str:
    """The same, for the nodes from the module down to the one in question."""
    statement = [node for node in path if isinstance(node, ast.stmt)][-1]
    reason = _why_not_run_once(path[path.index(statement) :])
    if reason:
        return reason
    start = source.offset(statement.lineno, statement.col_offset)
    line_start = source.line_starts[statement.lineno - 1]
    if source.data[line_start:start].strip():
        return "its statement shares the line with another"
    if source.data[:line_start].rstrip(b"\r\n").endswith(b"\\"):
        return "its statement shares the line with another"
    if isinstance(statement, ast.If) and source.data.startswith(b"elif", start):
        return "it is an `elif`"
    end = source.span(path[-1]).start  # type: ignore[arg-type]
    if any(
        isinstance(each, ast.NamedExpr) and source.span(each).end <= end
        for child in ast.iter_child_nodes(statement)
        if not isinstance(child, ast.stmt)
        for each in ast.walk(child)
    ):
        return "it may use a name bound in the same statement"
    return ""


def _why_not_run_once(path: Sequence[ast.AST]) -> str:
    """Why the last node is not run once, when its statement (the first) begins; empty if it is."""
    for parent, child in pairwise(path):
        match parent:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return "it belongs to a definition"
            case ast.While() | ast.Try() | ast.ExceptHandler() | ast.match_case():
                return "it is not run once"
            case ast.With(items=[first, *_]) | ast.AsyncWith(items=[first, *_]):
                if child is not first:
                    return "it runs inside another context manager of the same statement"
            case ast.Lambda():
                return "it is in a lambda"
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                if child is not parent.generators[0]:
                    return "it is in a comprehension"
            case ast.comprehension():
                if child is not parent.iter:
                    return "it is in a comprehension"
            case ast.BoolOp(values=[first, *_]) | ast.IfExp(test=first) | ast.Assert(test=first):
                if child is not first:
                    return "it is run on a condition"
            case ast.Compare():
                if child in parent.comparators[1:]:
                    return "it is run on a condition"
    return ""
