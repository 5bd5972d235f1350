"""Failures that mean something to those who meet them: they send another request instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qw_codemod.analysis.callers import FunctionNode, callers, owner
from qw_codemod.analysis.exception_flow import canonical, leaves, meetings
from qw_codemod.analysis.repetition import STATUS, asks_another
from qw_codemod.analysis.reporting import LEVELS
from qw_codemod.kernel.statements import At, InLine
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.calls import HttpCall, HttpCalls
from qw_codemod.libraries.http.exceptions import (
    ANSWERED_BADLY,
    RETRIED_STATUSES,
    TRANSIENT,
)
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import Loop, last_name, own_nodes
from qw_codemod.rules.api import Context, Statement

from . import reasons

_FAILED = frozenset({"is_error"})
_WENT_WELL = frozenset({"ok", "is_success"})
_FARTHEST = 4  # callers above one another that are asked what they do after a failure


def asks_otherwise(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """What a failure of the call means to the code around it, and to its callers.

    A request that is split where it was too large, or sent to another address, was answered by its
    failure: to ask for the same again only delays that. A notice (a POST) is a report and no more.
    """
    infer = context.infer
    calls = context.once(HttpCalls, source)
    function = owner(source, call.node)
    own = function.name if function is not None else ""
    errors = (*TRANSIENT[call.sender.library], *ANSWERED_BADLY[call.sender.library])
    if line := _in_handler(source, calls, call.node, errors, own):
        return reasons.FailureAsksOtherwise(InLine(line))
    if found := _by_status(source, calls, call, own):
        return found
    for far, caller in enumerate(callers(source, infer, call.node)):
        if far == _FARTHEST:
            break
        if caller.is_handed or infer.is_test(caller.source) or caller.call is call.node:
            continue
        there, at = HttpCalls(caller.source, infer), caller.source.path
        if line := _in_handler(caller.source, there, caller.call, errors, caller.function):
            return reasons.CallerAsksOtherwise(caller.function, At(at, line))
        loop = asks_another(caller.source, caller.call)
        if loop is not None and _goes_on(caller.source, loop, caller.call, errors):
            return reasons.CallerAsksAnother(caller.function, At(at, loop.lineno))
    return None


def _in_handler(
    source: SourceFile, calls: HttpCalls, node: ast.Call, errors: Sequence[str], own: str
) -> int:
    """The line of a handler of these errors that sends another request; 0 where none does."""
    for raised in dict.fromkeys(map(canonical, errors)):
        for meeting in meetings(source, node, raised):
            handler = meeting.node
            if isinstance(handler, ast.ExceptHandler) and _sends(calls, handler.body, own):
                return meeting.line
    return 0


def _goes_on(source: SourceFile, loop: Loop, node: ast.Call, errors: Sequence[str]) -> bool:
    """Whether a handler in a loop takes one of these errors, and goes on."""
    return any(
        not meeting.raised and loop.lineno < meeting.line <= (loop.end_lineno or 0)
        for raised in dict.fromkeys(map(canonical, errors))
        for meeting in meetings(source, node, raised)
    )


def _sends(calls: HttpCalls, body: Sequence[ast.stmt], own: str) -> bool:
    """Whether statements ask for something, or call the function that a request stands in."""
    for each in own_nodes(body):
        if not isinstance(each, ast.Call):
            continue
        if own and last_name(each) == own:
            return True
        sent = calls.sent_by(each)
        if sent is not None and sent.verb in http.READ_ONLY:
            return True
    return False


# -- statuses -------------------------------------------------------------------------------------


def _by_status(source: SourceFile, calls: HttpCalls, call: HttpCall, own: str) -> Statement | None:
    """What is done where the status of the answer says that the request failed."""
    answer = _bound_to(source, call.node)
    for test in _tests(source, call.node) if answer else ():
        told = _told(test.test, answer)
        if told is None:
            continue
        went_well, status = told
        failed = test.orelse if went_well else test.body
        if went_well and not failed and leaves(source, test.body):
            failed = _below(source, test)
        if _sends(calls, failed, own):
            return reasons.FailureAsksOtherwise(InLine(test.lineno))
        if status and not _only_tells(failed):
            return reasons.AnswerMeansMore(status, InLine(test.lineno))
    return None


def _bound_to(source: SourceFile, node: ast.Call) -> str:
    """The name that an answer is bound to."""
    around = source.parent(node)
    if isinstance(around, ast.Await):
        around = source.parent(around)
    match around:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.withitem(optional_vars=ast.Name(id=name)):
            return name
    return ""


def _tests(source: SourceFile, node: ast.Call) -> Iterator[ast.If]:
    """The conditions of its function that stand below a call."""
    scope: FunctionNode | ast.Module = owner(source, node) or source.tree
    for each in own_nodes(scope.body):
        if isinstance(each, ast.If) and each.lineno >= node.lineno:
            yield each


def _told(test: ast.expr, answer: str) -> tuple[bool, str] | None:
    """Whether a condition holds where the request went well, or where it failed; None if neither.

    With the status that the policy would try again where it asks for that alone. Where it asks for
    others (404), a failure that is tried again never comes here.
    """
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            told = _told(inner, answer)
            return None if told is None else (not told[0], "")
        case ast.Attribute(attr=name) if dotted(test.value) == answer:
            if name in _WENT_WELL | _FAILED:
                return name in _WENT_WELL, ""
        case ast.BoolOp(op=ast.And(), values=[first, *_]):
            return _told(first, answer)
        case ast.Compare(left=ast.Attribute(attr=name) as left, ops=[op], comparators=[right]):
            if name in STATUS and dotted(left.value) == answer:
                return _compared(op, right)
    return None


def _compared(op: ast.cmpop, right: ast.expr) -> tuple[bool, str] | None:
    elements = right.elts if isinstance(right, (ast.Tuple, ast.List, ast.Set)) else [right]
    numbers = [each.value for each in elements if isinstance(each, ast.Constant)]
    known = [each for each in numbers if isinstance(each, int)]
    if not known or len(known) < len(elements):
        return None
    good = all(each < 400 for each in known)
    match op:
        case ast.Eq() | ast.In():
            again = [str(each) for each in known if each in RETRIED_STATUSES]
            if good or again:
                return good, "" if good else again[0]
        case ast.NotEq() | ast.NotIn() if good:
            return False, ""
        case ast.Lt() | ast.LtE():
            return True, ""
        case ast.Gt() | ast.GtE() if not good or known[0] >= 299:
            return False, ""
    return None


def _below(source: SourceFile, test: ast.If) -> list[ast.stmt]:
    """What stands below a statement in its block."""
    block = block_of(source.parent(test), test)
    return block[block.index(test) + 1 :] if block else []


def _only_tells(body: Sequence[ast.stmt]) -> bool:
    """Whether statements raise, or say what happened, and do nothing else."""
    return all(
        isinstance(each, (ast.Raise, ast.Pass))
        or isinstance(each, ast.Expr)
        and isinstance(each.value, ast.Call)
        and last_name(each.value) in {*LEVELS, "print", "raise_for_status", "exit"}
        for each in body
    )
