"""Handlers and retries that take the other failures of a wait, and let its timeout pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qw_codemod.analysis.callers import direct_callers, owner
from qw_codemod.analysis.exception_flow import (
    Function,
    canonical,
    catches,
    classes,
    clause,
    exception_name,
    leaves_as,
    lineage,
    suppresses,
    surroundings,
)
from qw_codemod.analysis.exception_risks import ByName, retried
from qw_codemod.analysis.unread_results import unread_in
from qw_codemod.infer import Function as Called
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import InFile, InLine, Place, Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.retrying import is_retry
from qw_codemod.python.bindings import FUNCTIONS, dotted, parameters
from qw_codemod.python.syntax import last_name, own_nodes

from . import reasons

_DEEP = 3  # functions on the way out that are followed
_ANSWERED = frozenset({"ok", "status", "status_code", "is_success", "is_error"})  # of a response


@dataclass(frozen=True, slots=True)
class Ends:
    """How a wait may end badly, by the full names of exceptions.

    With one of `timeouts`, where the server is out of reach (`outages`), or with one of `failures`
    where it answers, which a handler beside the wait may be for.
    """

    timeouts: Sequence[str]
    outages: Sequence[str]
    failures: Sequence[str] = ()


def passes(source: SourceFile, infer: Inference, node: ast.AST, ends: Ends) -> Statement | None:
    """Who goes on after another failure of a wait, and would not after its timeout.

    Looked at: the handlers around it, what runs it again, and the same of the functions that call
    its function, a few calls away; and whether nobody at all would see it, in a thread whose result
    is not read. None where somebody takes the timeout first, or nobody is ready for the other
    failures either.
    """
    timeouts = tuple(map(canonical, ends.timeouts))
    ends = replace(ends, timeouts=timeouts)
    runner = node.func if isinstance(node, ast.Call) else None
    within = _passes_within(source, infer, runner, ends, source) if runner is not None else None
    passed = within or _passes(source, infer, node, ends, source, _DEEP)
    unread = None if passed else unread_in(source, infer, node, timeouts)
    return passed if unread is None else reasons.FailsUnseen(*unread)


def _passes(
    source: SourceFile, infer: Inference, node: ast.AST, ends: Ends, home: SourceFile, deep: int
) -> Statement | None:
    failures = [*ends.outages, *ends.failures]
    for around, child in surroundings(source, node):
        if isinstance(around, (ast.With, ast.AsyncWith)):
            if any(suppresses(source, around, each) for each in ends.timeouts):
                return None
        elif isinstance(around, ast.Try) and any(child is each for each in around.body):
            if any(_takes(source, each, ends.timeouts) for each in around.handlers):
                return None
            own = [*failures, *_raised_of_answers(source, around)]
            for handler in around.handlers:
                if not _is_for(source, handler, own):
                    continue
                onward = leaves_as(source, handler, failures[0])
                if not onward:
                    place = _place(source, handler.lineno, home)
                    return reasons.PassesHandler(clause(source, handler), place)
                failures.append(onward)
    function = owner(source, node)
    if function is None:
        return None
    answered = {*ends.failures}
    further = Ends(ends.timeouts, [each for each in failures if each not in answered])
    seen = Ends(ends.timeouts, failures)
    decorators = [_called(each) for each in function.decorator_list]
    within = (_passes_within(source, infer, each, seen, home) for each in decorators if deep)
    again = next(filter(None, within), None) or _tried_again(source, node, function, seen, home)
    if again is not None or not deep:
        return again
    for each in direct_callers(source, infer, function):
        if infer.is_test(each.source):
            continue
        if each.is_handed:
            found = _passes_within(each.source, infer, each.call.func, seen, home)
        else:
            found = _passes(each.source, infer, each.call, further, home, deep - 1)
        if found is not None:
            return found
    return None


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _passes_within(
    source: SourceFile, infer: Inference, runner: ast.expr, ends: Ends, home: SourceFile
) -> Statement | None:
    """The same for a function of the project that calls what it decorates, or is handed."""
    for each in infer.holds(source, runner):
        if isinstance(each.value, Called):
            where = each.value.view.source
            for call in ast.walk(each.value.node):
                if isinstance(call, ast.Call) and _is_of_parameter(where, call):
                    found = _passes(where, infer, call, ends, home, 0)
                    if found is not None:
                        return found
    return None


def _is_of_parameter(source: SourceFile, call: ast.Call) -> bool:
    return any(
        dotted(call.func) == parameter.arg
        for around in source.ancestors(call)
        if isinstance(around, FUNCTIONS)
        for parameter in parameters(around)
    )


def _place(source: SourceFile, line: int, home: SourceFile) -> Place:
    return InLine(line) if source.path == home.path else InFile(source.path, line)


def _takes(source: SourceFile, handler: ast.ExceptHandler, raised: Sequence[str]) -> bool:
    return any(catches(source, handler.type, each) for each in raised)


def _is_for(source: SourceFile, handler: ast.ExceptHandler, failures: Sequence[str]) -> bool:
    """Whether a handler is for one of these failures, by the class or by the name of it.

    `urllib.error.HTTPError` around a request of requests was meant for the same.
    """
    if handler.type is None:
        return False
    named = classes(source, handler.type)
    bases = {base for failure in failures for base in lineage(failure)}
    last = {failure.rpartition(".")[2] for failure in failures}
    return any(name in bases or name.rpartition(".")[2] in last for name in named)


def _raised_of_answers(source: SourceFile, around: ast.Try) -> Iterator[str]:
    """What a `try` raises itself where an answer tells of a failure."""
    for node in own_nodes(around.body):
        if not isinstance(node, ast.If):
            continue
        if any(isinstance(n, ast.Attribute) and n.attr in _ANSWERED for n in ast.walk(node.test)):
            for each in own_nodes([*node.body, *node.orelse]):
                if isinstance(each, ast.Raise) and each.exc is not None:
                    error = each.exc.func if isinstance(each.exc, ast.Call) else each.exc
                    yield exception_name(source, error)


# -- what runs it again ---------------------------------------------------------------------------


def _tried_again(
    source: SourceFile, node: ast.AST, function: Function, ends: Ends, home: SourceFile
) -> Statement | None:
    """A retry that is seen to leave the timeout out."""
    for decorator in getattr(function, "decorator_list", ()):
        if is_retry(source, decorator) and _asks_otherwise(source, decorator, ends.timeouts):
            by = ByName(f"@{last_name(decorator)}", InLine(decorator.lineno))
            return _by_retry(source, by, home)
    if retried(source, node, ends.timeouts) is not None:
        return None
    again = retried(source, node, ends.outages)
    return _by_retry(source, again.by, home) if again is not None else None


def _by_retry(source: SourceFile, by: Statement, home: SourceFile) -> Statement:
    is_here = source.path == home.path
    return reasons.PassesRetry(by if is_here else reasons.Elsewhere(by, source.path))


def _asks_otherwise(source: SourceFile, decorator: ast.expr, timeouts: Sequence[str]) -> bool:
    """Whether a retry asks functions of the file, and these look for something else."""
    given = {dotted(each) for each in ast.walk(decorator)} - {""}
    asked = [each for each in source.nodes(ast.FunctionDef) if each.name in given]
    if not any(map(_looks_closer, asked)):
        return False
    wanted = {base for each in timeouts for base in lineage(each)}
    named = (exception_name(source, each) for function in asked for each in ast.walk(function))
    return wanted.isdisjoint(named)


def _looks_closer(function: ast.FunctionDef) -> bool:
    """Whether a function asks for the class of an error, or for the answer that came."""
    return any(
        isinstance(each, ast.Attribute)
        and each.attr in _ANSWERED
        or isinstance(each, ast.Call)
        and last_name(each) == "isinstance"
        for each in own_nodes(function.body)
    )
