"""Whether a value need not convert: a piece of a text, or one that is asked whether it does."""

from __future__ import annotations

import ast

from qw_codemod.infer import Function, Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import definition_of, last_name, own_nodes

from .another_way import following, is_passed
from .each_line import functions_calling

_SPLITTING = frozenset("split rsplit splitlines findall finditer".split())
_PREDICATES = frozenset("is has can supports".split())  # how names of questions begin
_FARTHEST = 3  # calls from a question to the function
_FEW = 12  # files whose mentions of a function are followed


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


def is_answer_asked_for(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> bool:
    """Whether all that call the function test what it gives: a failure is one of its answers.

    Or a question `is_valid_range` is answered with it, a few calls away.
    """
    function = definition_of(source, statement)
    if function is None or not isinstance(handler.body[-1], ast.Return):
        return False
    if _serves_question(source, infer, function, _FARTHEST):
        return True
    found = False
    paths = infer.tree.mentions(function.name)
    if len(paths) > _FEW:
        return False
    for path in paths:
        view = None if infer.tree.is_test(path) else infer.tree.view(path)
        for call in view.source.nodes(ast.Call) if view is not None else ():
            if last_name(call) != function.name or view is None:
                continue
            held = [each.value for each in infer.holds(view.source, call.func)]
            if not any(isinstance(each, Function) and each.node is function for each in held):
                return False  # who knows
            if not _is_tested(view.source, call):
                return False
            found = True
    return found


def _serves_question(
    source: SourceFile,
    infer: Inference,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    depth: int,
) -> bool:
    for caller, outer in functions_calling(source, infer, function) if depth else ():
        if outer is function:
            continue
        if asks_by_name(outer) or _serves_question(caller, infer, outer, depth - 1):
            return True
    return False


def asks_by_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The word by which a function asks: `is` of `is_open`, `exists` of `table_exists`."""
    said = words(function.name)
    return "exists" if said[-1:] == ("exists",) else next(iter(_PREDICATES & {*said[:1]}), "")


def _is_tested(source: SourceFile, call: ast.Call) -> bool:
    """Whether the result of a call is tested, at once or on the next line."""
    child: ast.AST = call
    for around in source.ancestors(call):
        match around:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if test is child:
                return True
            case ast.BoolOp(values=[*_, last]) if last is not child:
                return True  # to_day(text) or today
            case ast.Assign(targets=targets) | ast.NamedExpr(target=targets):
                names = _names(targets)
                if isinstance(around, ast.Assign) and not _is_asked_below(source, around, names):
                    return False
                if isinstance(around, ast.Assign):
                    return True
            case ast.Compare() | ast.UnaryOp() | ast.BoolOp() | ast.Await():
                pass
            case _:
                return False
        child = around
    return False


def _names(targets: ast.expr | list[ast.expr]) -> set[str]:
    each = targets if isinstance(targets, list) else [targets]
    return {node.id for target in each for node in ast.walk(target) if isinstance(node, ast.Name)}


def _is_asked_below(source: SourceFile, statement: ast.Assign, names: set[str]) -> bool:
    """Whether the next line is an `if` that asks for what was assigned."""
    below = following(source, statement)
    return isinstance(below, ast.If) and bool(
        names & {each.id for each in ast.walk(below.test) if isinstance(each, ast.Name)}
    )
