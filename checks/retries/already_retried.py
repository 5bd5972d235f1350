"""What retries an HTTP call already: its session's adapter, a loop, a decorator, its callers."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qw_codemod.analysis.callers import callers, owner
from qw_codemod.analysis.exception_risks import ByLoop, retried
from qw_codemod.analysis.repetition import differs, tries_again
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import At, InLine
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.libraries.http.exceptions import TRANSIENT
from qw_codemod.libraries.retrying import is_retry, is_told_to_retry, says_retry
from qw_codemod.python.assignments import given_to
from qw_codemod.python.bindings import FUNCTIONS, dotted, parameters
from qw_codemod.python.syntax import LOOPS, last_name, own_nodes
from qw_codemod.rules.api import Statement

from . import reasons
from .sessions import by_session


def why_retried(source: SourceFile, infer: Inference, call: HttpCall) -> Statement | None:
    """What is seen to try the call again already, as a reason to leave it."""
    errors = TRANSIENT[call.sender.library]
    return (
        _run_again(source, call.node, errors)
        or by_session(source, infer, call)
        or _by_callers(source, infer, call.node, errors)
    )


def why_run_again(
    source: SourceFile,
    infer: Inference,
    node: ast.Call,
    errors: Sequence[str],
    *,
    in_parts: bool = False,
) -> Statement | None:
    """The same for a call of any kind that raises these errors.

    `in_parts`: a loop around it that makes the same call does not make the same request.
    """
    return _run_again(source, node, errors, in_parts=in_parts) or _by_callers(
        source, infer, node, errors
    )


def _run_again(
    source: SourceFile, node: ast.Call, errors: Sequence[str], *, in_parts: bool = False
) -> Statement | None:
    """Something in the same function, or around it in the same file, that does it."""
    by_function = _by_function(source, node)
    if by_function is not None:
        return by_function
    first = _first_try(source, node)
    if first is not None:
        return reasons.IsSecondTry(InLine(first.lineno))
    loop = None if in_parts else tries_again(source, node)
    if loop is not None:
        return reasons.LoopAsksAgain(InLine(loop.lineno))
    again = retried(source, node, errors)
    if again is None or _goes_on(source, node, again.by):
        return None
    return reasons.TriedAgainBy(again.by)


def _first_try(source: SourceFile, node: ast.Call) -> ast.Call | None:
    """The same call in the body of the `try` whose handler makes this one."""
    for around in source.ancestors(node):
        if isinstance(around, FUNCTIONS):
            break
        if isinstance(around, ast.ExceptHandler):
            attempt = source.parent(around)
            for each in own_nodes(attempt.body) if isinstance(attempt, ast.Try) else ():
                if isinstance(each, ast.Call) and _sent(node) in (_sent(each), _sent_by(each)):
                    return each
    return None


def _sent(call: ast.Call) -> tuple[str, ...]:
    """What a call says, but for where it stands."""
    return tuple(map(ast.dump, (call.func, *call.args, *call.keywords)))


def _sent_by(wrapped: ast.Call) -> tuple[str, ...]:
    """The same of the call that a policy makes: `retry_call(requests.get, url)`."""
    return tuple(map(ast.dump, (*wrapped.args, *wrapped.keywords)))


def _goes_on(source: SourceFile, node: ast.Call, by: Statement) -> bool:
    """Whether a `for` goes on to the next item after a failure, and does not try this one again."""
    return isinstance(by, ByLoop) and any(
        isinstance(each, LOOPS[:2]) and each.lineno == by.place.line and differs(each, node)
        for each in source.ancestors(node)
    )


def _by_function(source: SourceFile, node: ast.Call) -> Statement | None:
    """Decorators of every function around it, whatever they filter: nested tries multiply."""
    for each in source.ancestors(node):
        for decorator in getattr(each, "decorator_list", ()):
            if is_retry(source, decorator):
                return reasons.DecoratorRetries(last_name(decorator), InLine(decorator.lineno))
    function = owner(source, node)
    if function is None:
        return None
    for each in own_nodes(function.body):
        if (
            isinstance(each, ast.Call)
            and dotted(each.func)
            in (
                function.name,
                f"self.{function.name}",
            )
            and _asks_the_same(function, node, each)
        ):
            return reasons.CallsItselfAgain(function.name, InLine(each.lineno))
    return None


def _asks_the_same(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    node: ast.Call,
    again: ast.Call,
) -> bool:
    """Whether a function hands itself all that goes into the request: not the next page's URL."""
    wanted = _goes_into(function, node)
    names = [each.arg for each in parameters(function)]
    if isinstance(again.func, ast.Attribute):
        names = names[1:]
    passed = [*zip(names, again.args, strict=False)]
    passed += [(each.arg, each.value) for each in again.keywords if each.arg]
    return all(name not in wanted or dotted(value) == name for name, value in passed)


def _goes_into(function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.Call) -> set[str]:
    """The names that go into a call, by way of others too."""
    found: set[str] = set()
    waiting = list(_names_in(node))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            for given in given_to(function, name):
                waiting += _names_in(given.value)
    return found


def _names_in(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id


def _by_callers(
    source: SourceFile, infer: Inference, node: ast.Call, errors: Sequence[str]
) -> Statement | None:
    """Something elsewhere that runs the function around the call again, a few calls away."""
    function = owner(source, node)
    if function is not None and says_retry(function.name):
        return reasons.NameSaysRetry(function.name)
    for caller in callers(source, infer, node):
        if caller.call is node or infer.is_test(caller.source):
            continue
        at = At(caller.source.path, caller.call.lineno)
        if caller.is_handed:
            if says_retry(last_name(caller.call)) or is_told_to_retry(caller.call):
                return reasons.HandedToRetry(caller.function, last_name(caller.call), at)
            continue
        outer = owner(caller.source, caller.call)
        if outer is not None and outer.name == caller.function:
            continue  # a function that calls itself was looked at
        if _run_again(caller.source, caller.call, errors) is not None:
            return reasons.CallerRetries(caller.function, at)
        if outer is not None and says_retry(outer.name):
            return reasons.CallerRetries(caller.function, at)
    return None


def asked_once_too(source: SourceFile, infer: Inference, call: HttpCall) -> At | None:
    """Where the function around a call is called by somebody who does not try it again."""
    function = owner(source, call.node)
    errors = TRANSIENT[call.sender.library]
    for caller in callers(source, infer, call.node) if function is not None else ():
        assert function is not None
        if caller.is_handed or caller.function != function.name or infer.is_test(caller.source):
            continue
        if why_run_again(caller.source, infer, caller.call, errors) is None:
            return At(caller.source.path, caller.call.lineno)
    return None
