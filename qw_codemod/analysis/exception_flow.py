"""The handlers that an exception meets on its way out of a function, and what each makes of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries import google_exceptions
from qw_codemod.libraries.http import exceptions as http_exceptions
from qw_codemod.python.assignments import assigned
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import function_of, is_in_body, last_name, own_nodes

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
UNKNOWN = "?"  # an Exception of a class that nobody can tell

# One name for what is one class, from Python 3.11 at the latest.
_SAME = {
    "builtins.TimeoutError": "TimeoutError",
    "concurrent.futures.TimeoutError": "TimeoutError",
    "asyncio.TimeoutError": "TimeoutError",
    "asyncio.exceptions.TimeoutError": "TimeoutError",
    "socket.timeout": "TimeoutError",
    "socket.error": "OSError",
    "IOError": "OSError",
    "EnvironmentError": "OSError",
    "asyncio.exceptions.CancelledError": "asyncio.CancelledError",
    "gevent.timeout.Timeout": "gevent.Timeout",
    "eventlet.timeout.Timeout": "eventlet.Timeout",
    "func_timeout.exceptions.FunctionTimedOut": "func_timeout.FunctionTimedOut",
    **google_exceptions.SAME,
    **http_exceptions.SAME,
}
_BASES = (
    {
        name: tuple(bases.split())
        for name, bases in {
            "BaseException": "",
            "Exception": "BaseException",
            "SystemExit": "BaseException",
            "KeyboardInterrupt": "BaseException",
            "GeneratorExit": "BaseException",
            "asyncio.CancelledError": "BaseException",
            "gevent.GreenletExit": "BaseException",
            "gevent.Timeout": "BaseException",
            "eventlet.Timeout": "BaseException",
            "func_timeout.FunctionTimedOut": "BaseException",
            "pyo3_runtime.PanicException": "BaseException",
            "pytest.outcomes.OutcomeException": "BaseException",
            "OSError": "Exception",
            "TimeoutError": "OSError",
        }.items()
    }
    | google_exceptions.BASES
    | http_exceptions.BASES
)
_EXITS = frozenset("sys.exit os._exit os.abort exit quit pytest.fail pytest.exit".split())
# `future.set_exception(error)`, `self.fail()`, `_raise_error(response)`
_PASS_ON = re.compile(r"\.(set_exception|fail)$|(^|\.)_?(re)?raise(?!_for_status)\w*$")
_ADDING = frozenset("append add extend update insert setdefault".split())
_TRIES: tuple[type[ast.AST], ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


class ExceptClause(Statement):
    template = "`except {types}`"

    types: str


class LongExceptClause(Statement):
    template = "`except`"


class BareExcept(Statement):
    template = "bare `except`"


class Suppress(Statement):
    template = "`suppress`"


class LeftInFinally(Statement):
    template = "`{keyword}` of the `finally`"

    keyword: str  # return, break


@dataclass(frozen=True, slots=True)
class Meeting:
    """A place where the exception is caught, and what goes on from there."""

    catcher: Statement
    line: int  # 1-based
    node: ast.AST  # the handler, or the `with` or `try` statement
    around: ast.AST  # the `try` or `with` statement
    caught: str
    raised: str  # what goes on outwards; empty where it ends here


# -- names ----------------------------------------------------------------------------------------


def canonical(name: str) -> str:
    """One dotted name for each class of exceptions that has several."""
    return _SAME.get(name, name)


def exception_name(source: SourceFile, node: ast.AST) -> str:
    """The one dotted name of the class that an expression names."""
    return canonical(full_name(source, node))


# -- which exceptions a handler is for ------------------------------------------------------------


def classes(source: SourceFile, node: ast.expr, depth: int = 4) -> list[str]:
    """The classes that an expression after `except` stands for, those that can be seen."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return [name for each in node.elts for name in classes(source, each, depth)]
    if isinstance(node, ast.Starred):
        return classes(source, node.value, depth)
    if isinstance(node, ast.BinOp):
        return classes(source, node.left, depth) + classes(source, node.right, depth)
    if isinstance(node, ast.Call) and last_name(node) in ("tuple", "list") and node.args:
        return classes(source, node.args[0], depth)
    if depth:
        for value in assigned(source, last_name(node)):
            return classes(source, value, depth - 1)
    name = exception_name(source, node)
    return [name] if name else []


def lineage(name: str) -> Iterator[str]:
    """A class of exceptions, and all that it is a subclass of, as far as the tables tell."""
    yield name
    for base in _BASES.get(name, ("Exception",)):
        yield from lineage(base)


def subclasses_of(names: Iterable[str]) -> frozenset[str]:
    """These classes and all that are known to inherit from one of them."""
    wanted = {*names}
    return frozenset(name for name in _BASES if not wanted.isdisjoint(lineage(name))) | wanted


def covers(source: SourceFile, node: ast.expr | None, raised: str) -> bool:
    """Whether `except node` catches every exception of that class."""
    return node is None or not {*classes(source, node)}.isdisjoint(lineage(raised))


def catches(source: SourceFile, node: ast.expr | None, raised: str) -> bool:
    """Whether `except node` catches at least some exceptions of that class."""
    if node is None or covers(source, node, raised):
        return True
    return any(raised in lineage(name) for name in classes(source, node))


# -- the way out ----------------------------------------------------------------------------------


def surroundings(source: SourceFile, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What holds the node within its function, innermost first, each with the part that does.

    A lambda, or a function inside the function, is taken to run where it is called or handed over:
    `await loop.run_in_executor(None, lambda: job.result())` raises what the lambda raises.
    """
    child, left = node, 0
    while left < 5:
        for around in source.ancestors(child):
            if isinstance(around, FUNCTIONS) and is_in_body(around, child):
                break
            yield around, child
            child = around
        else:
            return
        use = _used_at(source, around)
        if use is None:
            return
        child, left = use, left + 1


def _used_at(source: SourceFile, function: ast.AST) -> ast.AST | None:
    """Where a lambda or an inner function is called or handed over, inside a `try` if anywhere."""
    if isinstance(function, ast.Lambda):
        parent = source.parent(function)
        return function if isinstance(parent, (ast.Call, ast.keyword)) else None
    outer = function_of(source, function)
    if outer is None or isinstance(source.parent(function), ast.ClassDef):
        return None
    uses = [
        each
        for each in ast.walk(outer)
        if isinstance(each, ast.Name)
        and each.id == getattr(function, "name", "")
        and isinstance(source.parent(each), (ast.Call, ast.keyword))
        and function_of(source, each) is outer
    ]
    guarded = [each for each in uses if any(isinstance(a, _TRIES) for a in source.ancestors(each))]
    return next(iter((*guarded, *uses)), None)


def meetings(source: SourceFile, node: ast.AST, raised: str) -> Iterator[Meeting]:
    """The handlers that an exception of class `raised`, raised at `node`, meets in its function."""
    for around, child in surroundings(source, node):
        if isinstance(around, (ast.With, ast.AsyncWith)):
            if _is_in(child, around.body) and suppresses(source, around, raised):
                yield Meeting(Suppress(), around.lineno, around, around, raised, "")
                return
        elif isinstance(around, _TRIES):
            around = cast(ast.Try, around)  # `except*` has the same fields
            for handler in around.handlers if _is_in(child, around.body) else ():
                if not catches(source, handler.type, raised):
                    continue
                onward = leaves_as(source, handler, raised)
                yield Meeting(
                    clause(source, handler), handler.lineno, handler, around, raised, onward
                )
                if not onward:
                    return
                if covers(source, handler.type, raised):
                    raised = onward
                    break
            leaving = [n for n in around.finalbody if isinstance(n, ast.Return | ast.Break)]
            if leaving and not _is_in(child, around.finalbody):
                word = type(leaving[0]).__name__.lower()
                catcher = LeftInFinally(word)
                yield Meeting(catcher, leaving[0].lineno, around, around, raised, "")
                return


def _is_in(child: ast.AST, body: Sequence[ast.AST]) -> bool:
    return any(child is each for each in body)


def suppresses(source: SourceFile, around: ast.With | ast.AsyncWith, raised: str) -> bool:
    return any(
        isinstance(item.context_expr, ast.Call)
        and full_name(source, item.context_expr.func) == "contextlib.suppress"
        and any(catches(source, each, raised) for each in item.context_expr.args)
        for item in around.items
    )


def clause(source: SourceFile, handler: ast.ExceptHandler) -> Statement:
    if handler.type is None:
        return BareExcept()
    names = " ".join(source.text(handler.type).split())
    return ExceptClause(names) if len(names) < 60 else LongExceptClause()


# -- what a handler does --------------------------------------------------------------------------


def leaves_as(source: SourceFile, handler: ast.ExceptHandler, raised: str) -> str:
    """The class of what leaves the handler on some path; empty where it never raises."""
    found = ""
    kept: set[str] = set()
    for node in own_nodes(handler.body):
        if isinstance(node, ast.Raise):
            if node.exc is None or dotted(node.exc) == handler.name:
                return raised
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found = exception_name(source, error) or UNKNOWN
        elif isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant):
            found = found or UNKNOWN
        elif isinstance(node, ast.Call):
            if never_returns(source, node):
                found = found or "SystemExit"
            elif isinstance(node.func, ast.Attribute) and node.func.attr in _ADDING:
                kept.add(dotted(node.func.value))
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for each in targets:
                kept.add(dotted(each.value if isinstance(each, ast.Subscript) else each))
    if found:
        return found
    return UNKNOWN if _raises_later(source, handler, kept - {""}) else ""


def _raises_later(source: SourceFile, handler: ast.ExceptHandler, kept: set[str]) -> bool:
    """Whether what the handler noted is raised, or decides about raising, further on."""
    if not kept:
        return False
    after = handler.end_lineno or 0
    endings = _endings(source, function_of(source, handler) or source.tree)
    return any(line > after and not deciding.isdisjoint(kept) for line, deciding in endings)


@lru_cache(maxsize=64)
def _endings(source: SourceFile, scope: ast.AST) -> tuple[tuple[int, frozenset[str]], ...]:
    """The lines in which a scope raises or ends the process, and all that decides about it."""
    body = getattr(scope, "body", [])
    found = []
    for node in own_nodes(body) if isinstance(body, list) else ():
        if not isinstance(node, ast.Raise) and not (
            isinstance(node, ast.Call) and never_returns(source, node)
        ):
            continue
        deciding: list[ast.AST] = [node]
        deciding += [n.test for n in source.ancestors(node) if isinstance(n, ast.If | ast.While)]
        names = {dotted(part) for each in deciding for part in ast.walk(each)}
        found.append((node.lineno, frozenset(names)))
    return tuple(found)


def never_returns(source: SourceFile, call: ast.Call, depth: int = 2) -> bool:
    """Whether a call ends the process, raises, or hands the exception to somebody who waits."""
    name = full_name(source, call.func)
    if name in _EXITS or _PASS_ON.search(name):
        return True
    last = last_name(call)
    if not depth or name not in (last, f"self.{last}", f"cls.{last}"):
        return False
    for function in source.nodes(ast.FunctionDef):
        if function.name != last:
            continue
        if function.returns is not None and last_name(function.returns) in ("NoReturn", "Never"):
            return True
        end = function.body[-1]
        if isinstance(end, ast.Expr) and isinstance(end.value, ast.Call):
            return never_returns(source, end.value, depth - 1)
        return isinstance(end, ast.Raise)
    return False


def leaves(source: SourceFile, body: Sequence[ast.stmt]) -> bool:
    """Whether every path through these statements leaves the loop around them."""
    for node in body:
        if isinstance(node, (ast.Return, ast.Raise, ast.Break)):
            return True
        if isinstance(node, ast.Continue):
            return False
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if never_returns(source, node.value):
                return True
        elif isinstance(node, ast.If):
            if leaves(source, node.body) and leaves(source, node.orelse):
                return True
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            if leaves(source, node.body):
                return True
        elif isinstance(node, ast.Try) and (
            leaves(source, node.finalbody)
            or leaves(source, node.body)
            and all(leaves(source, each.body) for each in node.handlers)
        ):
            return True
    return False
