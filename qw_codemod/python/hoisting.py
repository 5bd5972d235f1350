"""Where a place stands: whether a statement can go before it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise

from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.names import path_to


class SharesLine(Statement):
    template = "its statement shares the line with another"


class IsElif(Statement):
    template = "it is an `elif`"


class MayUseName(Statement):
    template = "it may use a name bound in the same statement"


class InDefinition(Statement):
    template = "it belongs to a definition"


class NotRunOnce(Statement):
    template = "it is not run once"


class InContextManager(Statement):
    template = "it runs inside another context manager of the same statement"


class InLambda(Statement):
    template = "it is in a lambda"


class InComprehension(Statement):
    template = "it is in a comprehension"


class Conditional(Statement):
    template = "it is run on a condition"


def why_nothing_before(source: SourceFile, node: ast.expr | ast.stmt) -> Statement | None:
    """Why no statement can go on a line of its own before a node; None if one can."""
    return why_nothing_before_path(source, path_to(source, source.span(node)))


def why_nothing_before_path(source: SourceFile, path: Sequence[ast.AST]) -> Statement | None:
    """The same, for the nodes from the module down to the one in question."""
    statement = [node for node in path if isinstance(node, ast.stmt)][-1]
    reason = _why_not_run_once(path[path.index(statement) :])
    if reason is not None:
        return reason
    start = source.offset(statement.lineno, statement.col_offset)
    line_start = source.line_starts[statement.lineno - 1]
    if source.data[line_start:start].strip():
        return SharesLine()
    if source.data[:line_start].rstrip(b"\r\n").endswith(b"\\"):
        return SharesLine()
    if isinstance(statement, ast.If) and source.data.startswith(b"elif", start):
        return IsElif()
    end = source.span(path[-1]).start  # type: ignore[arg-type]
    if any(
        isinstance(each, ast.NamedExpr) and source.span(each).end <= end
        for child in ast.iter_child_nodes(statement)
        if not isinstance(child, ast.stmt)
        for each in ast.walk(child)
    ):
        return MayUseName()
    return None


def _why_not_run_once(path: Sequence[ast.AST]) -> Statement | None:
    """Why the last node is not run once, when its statement (the first) begins; None if it is."""
    for parent, child in pairwise(path):
        match parent:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return InDefinition()
            case ast.While() | ast.Try() | ast.ExceptHandler() | ast.match_case():
                return NotRunOnce()
            case ast.With(items=[first, *_]) | ast.AsyncWith(items=[first, *_]):
                if child is not first:
                    return InContextManager()
            case ast.Lambda():
                return InLambda()
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                if child is not parent.generators[0]:
                    return InComprehension()
            case ast.comprehension():
                if child is not parent.iter:
                    return InComprehension()
            case ast.BoolOp(values=[first, *_]) | ast.IfExp(test=first) | ast.Assert(test=first):
                if child is not first:
                    return Conditional()
            case ast.Compare():
                if child in parent.comparators[1:]:
                    return Conditional()
    return None
