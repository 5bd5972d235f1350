"""Deadlines that stand around a call: blocks, `wait_for`, decorators, an alarm."""

from __future__ import annotations

import ast

from qw_codemod.analysis.callers import callers, owner
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import last_name, own_nodes

# By what a name means; each takes the seconds first. A coroutine alone can be cut off by those of
# the first line: what blocks the event loop keeps them from looking at the clock.
_COOPERATIVE = frozenset(
    {
        *("asyncio.timeout", "asyncio.timeout_at", "asyncio.timeouts.timeout"),
        *("async_timeout.timeout", "async_timeout.timeout_at"),
        *("anyio.fail_after", "anyio.move_on_after", "trio.fail_after", "trio.move_on_after"),
    }
)
_PATCHED = frozenset({"gevent.Timeout", "eventlet.Timeout", "eventlet.timeout.Timeout"})
_DECORATORS = frozenset(
    {
        *(
            "timeout_decorator.timeout",
            "wrapt_timeout_decorator.timeout",
            "stopit.threading_timeoutable",
        ),
        *("func_timeout.func_set_timeout", "async_timeout.timeout"),
    }
)
_CALLS = frozenset({"func_timeout.func_timeout", "gevent.with_timeout"})
_ALARMS = frozenset({"signal.alarm", "signal.setitimer"})
_WAITS_FOR = "wait_for"  # of asyncio; the second argument says how long


def deadline_around(source: SourceFile, node: ast.AST, is_async: bool = True) -> ast.expr | None:
    """The call that sets a deadline for a node, within its own function; None if none does.

    `is_async`: the node is awaited; only then the deadlines of event loops count.
    """
    child = node
    for around in source.ancestors(node):
        if isinstance(around, ast.Call) and child in around.args[:1] and is_async:
            if _is_wait_for(source, around):
                return around
        elif isinstance(around, (ast.With, ast.AsyncWith)) and child in around.body:
            for item in around.items:
                if _is_deadline(source, item.context_expr, is_async):
                    return item.context_expr
        elif isinstance(around, FUNCTIONS):
            for decorator in getattr(around, "decorator_list", ()):
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if full_name(source, called) in _DECORATORS:
                    return called
            return _alarm(source, around, node) or (_awaited(source, node) if is_async else None)
        child = around
    return None


def always_bounded(source: SourceFile, infer: Inference, node: ast.AST) -> bool:
    """Whether a deadline ends a node that is awaited, here or in whoever calls its function."""
    return deadline_around(source, node) is not None or (
        _is_coroutine(source, node) and _all_callers(source, infer, node)
    )


def deadline_above(
    source: SourceFile, infer: Inference, node: ast.AST
) -> tuple[SourceFile, ast.expr] | None:
    """A deadline that somebody sets for a function that leads to a node that is awaited."""
    for each in callers(source, infer, node) if _is_coroutine(source, node) else ():
        found = None if each.is_handed else deadline_around(each.source, each.call)
        if found is not None:
            return each.source, found
    return None


def _all_callers(source: SourceFile, infer: Inference, node: ast.AST) -> bool:
    function = owner(source, node)
    name = function.name if function is not None else ""
    found = [each for each in callers(source, infer, node) if each.function == name]
    return bool(found) and all(
        not each.is_handed and deadline_around(each.source, each.call) is not None for each in found
    )


def _is_coroutine(source: SourceFile, node: ast.AST) -> bool:
    return isinstance(owner(source, node), ast.AsyncFunctionDef)


def _is_deadline(source: SourceFile, node: ast.expr, is_async: bool) -> bool:
    if not isinstance(node, ast.Call) or not _says_when(node, 0):
        return False
    name = full_name(source, node.func)
    return (is_async and name in _COOPERATIVE) or name in _PATCHED


def _is_wait_for(source: SourceFile, call: ast.Call) -> bool:
    if full_name(source, call.func) in _CALLS:
        return True
    return last_name(call) == _WAITS_FOR and _says_when(call, 1)


def _says_when(call: ast.Call, position: int) -> bool:
    """Whether the seconds are given, and are not None."""
    given = call.args[position] if len(call.args) > position else None
    for keyword in call.keywords:
        if keyword.arg in ("timeout", "delay", "seconds", "when", "deadline"):
            given = keyword.value
    return given is not None and not (isinstance(given, ast.Constant) and given.value is None)


def _awaited(source: SourceFile, node: ast.AST) -> ast.expr | None:
    """`task = create_task(client.get(url))`, and `wait_for(task, 6)` further down."""
    names: set[str] = set()
    for around in source.ancestors(node):
        if isinstance(around, ast.Await):
            return None
        if isinstance(around, ast.Assign):
            names = {dotted(each) for each in around.targets}
        if isinstance(around, ast.stmt):
            break
    function = owner(source, node)
    if not names - {""} or function is None:
        return None
    for each in own_nodes(function.body):
        if not isinstance(each, ast.Call) or not each.args or not _is_wait_for(source, each):
            continue
        if not names.isdisjoint(dotted(part) for part in ast.walk(each.args[0])):
            return each
    return None


def _alarm(source: SourceFile, function: ast.AST, node: ast.AST) -> ast.expr | None:
    """`signal.alarm(30)` above, in the same function; `signal.alarm(0)` turns it off again."""
    body = getattr(function, "body", [])
    above = [
        each
        for each in (own_nodes(body) if isinstance(body, list) else ())
        if isinstance(each, ast.Call)
        and full_name(source, each.func) in _ALARMS
        and each.lineno < getattr(node, "lineno", 0)
    ]
    last = max(above, key=lambda call: (call.lineno, call.col_offset), default=None)
    if last is None:
        return None
    at = 1 if full_name(source, last.func) == "signal.setitimer" else 0
    seconds = last.args[at] if len(last.args) > at else None
    return None if isinstance(seconds, ast.Constant) and not seconds.value else last
