"""What stands around an expression that makes a newly possible exception dangerous."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import cast

from qw_codemod.analysis.exception_flow import (
    Meeting,
    canonical,
    catches,
    classes,
    leaves,
    meetings,
    surroundings,
)
from qw_codemod.kernel.statements import InLine, Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.retrying import says_retry
from qw_codemod.python.assignments import assigned
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import LOOPS, Loop, function_of, last_name, own_nodes

TIMEOUT = ("concurrent.futures.TimeoutError",)

# Keywords that say on which exceptions, in the libraries that retry.
_FILTERS = frozenset(
    "retry predicate on exceptions exception exception_types retry_on retry_exceptions retry_for "
    "expected_exception autoretry_for retry_on_exception retryable_exceptions errors".split()
)
_BY_TYPE = frozenset({"retry_if_exception_type", "if_exception_type"})
_BY_RESULT = frozenset({"retry_if_result", "retry_if_not_result"})
# Keywords whose functions are asked or told, and not retried.
_CALLBACKS = frozenset(
    "retry_error_callback before after before_sleep wait stop sleep on_error on_backoff on_giveup "
    "on_retry giveup".split()
)
_NOT_RETRIED = _FILTERS | _CALLBACKS
_TURNS = frozenset(
    "attempt attempts retry retries try tries trial delay backoff wait pause".split()
)


class ByHandler(Statement):
    template = "the {catcher}{place}"

    catcher: Statement
    place: InLine


class ByLoop(Statement):
    template = "the loop{place}"

    place: InLine


class ByName(Statement):
    template = "`{name}`{place}"

    name: str  # of a decorator with its `@`
    place: InLine


By = ByHandler | ByLoop | ByName


class Retried(Statement):
    template = "{by} would run it again after a timeout"

    by: By


def endings(
    source: SourceFile, node: ast.AST, exceptions: Sequence[str] = TIMEOUT
) -> Iterator[Meeting]:
    """Where one of these exceptions, raised at `node`, would end in its function.

    `exceptions` are full dotted names. A handler that raises or ends the process on any path is
    taken to know what it does; what it raises is followed outwards.
    """
    for name in exceptions:
        for meeting in meetings(source, node, canonical(name)):
            if not meeting.raised:
                yield meeting


def retried(
    source: SourceFile, node: ast.AST, exceptions: Sequence[str] = TIMEOUT
) -> Retried | None:
    """What would run the same thing again after one of these exceptions, raised at `node`.

    Looked at: loops around a `try` that catches it, decorators of the function, and callers within
    the file that retry what they are given. A filter that is seen to leave it out is believed.
    """
    for name in exceptions:
        by = _retried(source, node, canonical(name))
        if by is not None:
            return Retried(by)
    return None


def _retried(source: SourceFile, node: ast.AST, raised: str) -> By | None:
    for meeting in meetings(source, node, raised):
        by = _attempt(source, node, meeting.around, meeting.caught)
        if by is not None:
            return by
        if isinstance(meeting.node, ast.ExceptHandler):
            if _calls_again(source, node, meeting.node):
                return ByHandler(meeting.catcher, InLine(meeting.line))
            loop = _loop(source, meeting.around)
            if (
                loop is not None
                and not leaves(source, meeting.node.body)
                and _takes_turns(loop, cast(ast.Try, meeting.around), meeting.node, node)
            ):
                return ByLoop(InLine(loop.lineno))
        raised = meeting.raised
    if not raised:
        return None
    return _attempt(source, node, None, raised) or _from_outside(source, node, raised)


# -- loops ----------------------------------------------------------------------------------------


def _loop(source: SourceFile, node: ast.AST) -> Loop | None:
    for around, child in surroundings(source, node):
        if isinstance(around, LOOPS) and any(child is each for each in around.body):
            return around
    return None


def _attempt(source: SourceFile, node: ast.AST, until: ast.AST | None, raised: str) -> By | None:
    """`for attempt in Retrying(...): with attempt:` between the node and an outer statement."""
    entered: set[str] = set()
    for around, _ in surroundings(source, node):
        if around is until:
            break
        if isinstance(around, (ast.With, ast.AsyncWith)):
            entered |= {dotted(item.context_expr) for item in around.items}
        elif (
            isinstance(around, (ast.For, ast.AsyncFor))
            and dotted(around.target) in entered - {""}
            and _retries(source, around.iter, raised)
        ):
            return ByName(last_name(around.iter), InLine(around.lineno))
    return None


def _calls_again(source: SourceFile, node: ast.AST, handler: ast.ExceptHandler) -> bool:
    """`raise self.retry(exc=error)` of a task, or a function that calls itself."""
    function = function_of(source, node)
    name = getattr(function, "name", "")
    again = {name, f"self.{name}", f"cls.{name}"} if name else set()
    return any(
        isinstance(each, ast.Call)
        and (dotted(each.func) in again or last_name(each.func) == "retry")
        for each in own_nodes(handler.body)
    )


def _takes_turns(
    loop: Loop,
    around: ast.Try,
    handler: ast.ExceptHandler,
    node: ast.AST,
) -> bool:
    """Whether a loop tries one thing several times, and does not go through items."""
    if isinstance(loop, ast.While):
        tested = {dotted(each) for each in ast.walk(loop.test)} - {""}
        decided = {
            dotted(n.target) for n in own_nodes(handler.body) if isinstance(n, ast.AugAssign)
        }
        for each in own_nodes([*around.body, *around.orelse]):
            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
                decided |= {dotted(target) for target in each.targets}
        return bool(tested & decided) or _ends_on_success(loop, around, node)
    names = {each.id for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
    if any(not _TURNS.isdisjoint(words(name)) for name in names):
        return True
    if last_name(loop.iter) not in ("range", "count", "repeat"):
        return False
    used = {each.id for each in own_nodes(around.body) if isinstance(each, ast.Name)}
    return not names & used or _ends_on_success(loop, around, node)


def _ends_on_success(loop: ast.AST, around: ast.Try, node: ast.AST) -> bool:
    """Whether the loop is left, by `return` or `break`, once the node has gone well."""
    inner = [n for n in own_nodes([loop]) if isinstance(n, LOOPS) and n is not loop]
    dropped = {*own_nodes(around.handlers)}
    dropped |= {n for each in inner for n in own_nodes(each.body) if isinstance(n, ast.Break)}
    end = (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))
    return any(
        isinstance(each, (ast.Return, ast.Break))
        and each not in dropped
        and (each.end_lineno or 0, each.end_col_offset or 0) >= end
        for each in own_nodes([loop])
    )


# -- decorators and callers -----------------------------------------------------------------------


def _tries_again(name: str, full: str) -> bool:
    if name == "sleep_and_retry":
        return False  # of `ratelimit`: after the limit's own error alone
    return says_retry(name) or full == "backoff.on_exception"


def _retries(source: SourceFile, retry: ast.expr, raised: str, depth: int = 3) -> bool:
    """Whether an expression is something that retries on such an exception."""
    name = last_name(retry)
    full = full_name(source, retry.func if isinstance(retry, ast.Call) else retry)
    if not isinstance(retry, ast.Call):
        known = False
        for value in assigned(source, name) if depth else ():
            if isinstance(value, ast.Call | ast.Name | ast.Attribute):
                known = True
                if _retries(source, value, raised, depth - 1):
                    return True
        return not known and _tries_again(name, full)
    keywords = {each.arg: each.value for each in retry.keywords if each.arg}
    if name in ("task", "shared_task", "flow"):
        if full.startswith("prefect."):
            return not isinstance(keywords.get("retries"), ast.Constant | None) or bool(
                getattr(keywords.get("retries"), "value", 0)
            )
        caught = keywords.get("autoretry_for")
        return caught is not None and catches(source, caught, raised)
    if not _tries_again(name, full):
        return depth > 0 and _retries(source, retry.func, raised, depth - 1)
    filters = [keywords[each] for each in _FILTERS & keywords.keys()]
    if full.startswith("google.api_core.") and not filters and not retry.args:
        return False  # by default it retries what the server calls transient
    seen = False
    for each in (*filters, *retry.args):
        types = _filter(source, each)
        if types is None:
            if each in filters:
                return True
        else:
            seen = True
            if any(catches(source, part, raised) for part in types):
                return True
    return not seen


def _filter(source: SourceFile, node: ast.expr) -> list[ast.expr] | None:
    """The classes that a filter lets through; None where it is not a matter of classes alone."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _filter(source, node.left), _filter(source, node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.Call):
        if last_name(node) in _BY_RESULT:
            return []
        return list(node.args) if last_name(node) in _BY_TYPE else None
    names = classes(source, node)
    if names and all(name.rpartition(".")[2][:1].isupper() for name in names):
        return [node]
    return None


def _from_outside(source: SourceFile, node: ast.AST, raised: str) -> By | None:
    function = function_of(source, node)
    if function is None:
        return None
    names = set()
    if isinstance(function, ast.Lambda):
        parent = source.parent(function)
        if isinstance(parent, ast.Assign):
            names = {dotted(each) for each in parent.targets}
    else:
        names = {function.name, f"self.{function.name}", f"cls.{function.name}"}
        for decorator in function.decorator_list:
            if _retries(source, decorator, raised):
                return ByName(f"@{last_name(decorator)}", InLine(decorator.lineno))
    for call in source.nodes(ast.Call):
        for each in _handed_over(call):
            if (each is function or dotted(each) in names - {""}) and _retries(
                source, call, raised
            ):
                return ByName(last_name(call) or last_name(call.func), InLine(call.lineno))
    return None


def _handed_over(call: ast.Call) -> Iterator[ast.expr]:
    """What a call is given to call, also by way of `partial`."""
    for each in (*call.args, *(n.value for n in call.keywords if n.arg not in _NOT_RETRIED)):
        yield each
        if isinstance(each, ast.Call) and last_name(each) == "partial":
            yield from each.args[:1]
