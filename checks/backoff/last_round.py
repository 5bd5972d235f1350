"""The pause after the last try, for which nobody waits: the loop is left, and then its function."""

from __future__ import annotations

import ast
import re

from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.syntax import Loop, last_name


def all_but_last(
    source: SourceFile, infer: Inference, loop: Loop, sleep: ast.Call, counter: str
) -> str:
    """What holds in all rounds of a loop but its last, as source text.

    Empty where that is not known, where the loop looks for the last round itself, where something
    is done once it has ended, and where tests may count the pauses.
    """
    if not counter or not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Call):
        return ""
    if last_name(loop.iter) != "range" or not isinstance(loop.target, ast.Name):
        return ""
    name = loop.target.id
    last = _last(loop.iter.args[-1], loop)
    if not last or _asks_for_round(loop, name) or not _nothing_follows(source, loop):
        return ""
    if not _stands_alone(source, source.statement(sleep)) or _is_counted(source, infer, loop):
        return ""
    return f"{name} < {last}"


def line_above(source: SourceFile, statement: ast.stmt) -> tuple[int, str]:
    """Where a statement starts, and the end of a line with the indentation of one block deeper."""
    at = source.span(statement).start
    before = source.data[:at].rpartition(b"\n")[2].decode()
    end = "\r\n" if b"\r\n" in source.data else "\n"
    return at, f"{end}{before}{source.indent_unit}"


def _last(end: ast.expr, loop: ast.For) -> str:
    """The number of the last round of `range(end)`; empty where it may change meanwhile."""
    match end:
        case ast.Constant(value=int() as number) if number > 1:
            return str(number - 1)
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=1)):
            name, rest = dotted(left), ""
        case _:
            name, rest = dotted(end), " - 1"
    stored = {
        dotted(each)
        for each in ast.walk(loop)
        if isinstance(each, (ast.Name, ast.Attribute)) and not isinstance(each.ctx, ast.Load)
    }
    return f"{name}{rest}" if name and name not in stored else ""


def _asks_for_round(loop: ast.For, name: str) -> bool:
    """Whether what the loop does depends on how often it has gone round."""
    tests = [each for each in ast.walk(loop) if isinstance(each, (ast.If, ast.IfExp, ast.While))]
    compared = [*(each.test for each in tests), *_matched(loop)]
    return any(dotted(part) == name for each in compared for part in ast.walk(each))


def _matched(loop: ast.For) -> list[ast.expr]:
    return [
        each if isinstance(each, ast.Compare) else each.subject
        for each in ast.walk(loop)
        if isinstance(each, (ast.Compare, ast.Match))
    ]


def _nothing_follows(source: SourceFile, loop: ast.For) -> bool:
    """Whether the function ends with the loop: it raises, or returns what it has."""
    block = block_of(source.parent(loop), loop)
    if loop.orelse or not isinstance(source.parent(loop), FUNCTIONS[:2]):
        return False
    match block[block.index(loop) + 1 :]:
        case []:
            return True
        case [ast.Raise()]:
            return True
        case [ast.Return(value=value)]:
            return not any(isinstance(each, (ast.Call, ast.Await)) for each in _parts(value))
    return False


def _parts(node: ast.expr | None) -> list[ast.AST]:
    return [*ast.walk(node)] if node is not None else []


def _stands_alone(source: SourceFile, statement: ast.stmt) -> bool:
    """Whether a statement is nothing but the pause, on lines of its own."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    value = value.value if isinstance(value, ast.Await) else value
    span = source.span(statement)
    before = source.data[: span.start].rpartition(b"\n")[2]
    after = source.data[span.end :].partition(b"\n")[0]
    is_bare = not before.strip() and re.match(rb"\s*(#|$)", after) is not None
    return isinstance(value, ast.Call) and is_bare


def _is_counted(source: SourceFile, infer: Inference, loop: ast.For) -> bool:
    """Whether a test that runs the file and names it, or the function, knows of pauses."""
    tree = infer.tree
    module = source.path.rpartition("/")[2].removesuffix(".py")
    function = getattr(source.parent(loop), "name", module)
    knowing = [each for each in tree.holding((module, function), "sleep") if tree.is_test(each)]
    return bool(knowing) and any(each in tree.loaders(source.path) for each in knowing)
