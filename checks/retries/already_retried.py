"""What retries an HTTP call already: its session's adapter, a loop, a decorator, its callers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from qw_codemod.analysis.exception_risks import retried
from qw_codemod.infer import Function, Inference, Unknown
from qw_codemod.infer.statements import Annotated
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.libraries.http.exceptions import TRANSIENT
from qw_codemod.libraries.retrying import is_retry, says_retry
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.syntax import function_of, last_name, own_nodes

# An adapter, a transport or a client that retries by itself, as it is spelled where it is built.
_BUILT_IN = re.compile(
    rb"max_retries|\bretries\s*=|Retry\w*\(|\w*Retrying\(|retry_requests|requests_retry"
)
_POLLS = re.compile(r"(^|_)(poll|polling|wait|monitor|watch|heartbeat)(_|$)", re.I)
_FEW = 12  # files whose mentions of a function are followed
_FARTHEST = 12  # functions on the way to a caller


def is_retried(source: SourceFile, infer: Inference, call: HttpCall) -> bool:
    """Whether something is seen to try the call again already."""
    return (
        _is_run_again(source, call.node, TRANSIENT[call.sender.library])
        or _by_session(source, infer, call)
        or _by_callers(source, infer, call)
    )


def _is_run_again(source: SourceFile, node: ast.AST, errors: Sequence[str]) -> bool:
    """Whether something in the same file does it."""
    return (
        _by_function(source, node)
        or _by_loop(source, node)
        or retried(source, node, errors) is not None
    )


def _by_function(source: SourceFile, node: ast.AST) -> bool:
    """Decorators of every function around it, whatever they filter: nested tries multiply."""
    for each in source.ancestors(node):
        for decorator in getattr(each, "decorator_list", ()):
            if is_retry(source, decorator):
                return True
    function = owner(source, node)
    return function is not None and any(
        isinstance(each, ast.Call) and dotted(each.func) in (function.name, f"self.{function.name}")
        for each in own_nodes(function.body)
    )


def _by_loop(source: SourceFile, node: ast.AST) -> bool:
    """A loop that sleeps in between asks again anyway: it polls, or it retries in its own way."""
    for each in source.ancestors(node):
        if isinstance(each, FUNCTIONS):
            return False
        if isinstance(each, (ast.For, ast.AsyncFor, ast.While)) and any(
            isinstance(n, ast.Call) and last_name(n) in ("sleep", "wait") for n in ast.walk(each)
        ):
            return True
    return False


def _by_session(source: SourceFile, infer: Inference, call: HttpCall) -> bool:
    """The chain of facts tells where the session was built: something there may mount retries."""
    if not isinstance(call.node.func, ast.Attribute):
        return False
    places = {(source.path, call.node.lineno)}
    places |= {(fact.path, fact.line) for fact in call.evidence.facts}
    # A declaration does not say what was done to the session that is assigned there.
    declared = {(f.path, f.line) for f in call.evidence.facts if isinstance(f.what, Annotated)}
    for path, line in sorted(places):
        view = infer.tree.view(path)
        if view is None or not _has_retries(view.source):
            continue
        if (path, line) in declared and b".mount(" in view.source.data:
            return True
        if any(_BUILT_IN.search(_text(view.source, each)) for each in _around(view.source, line)):
            return True
    return False


def _around(source: SourceFile, line: int) -> Iterator[ast.AST]:
    """The class that holds a line, or the function; the module's own statements for others."""
    holding = [
        node
        for node in source.tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    if holding:
        yield from holding
        return
    for node in source.tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node


def _text(source: SourceFile, node: ast.AST) -> bytes:
    assert isinstance(node, ast.stmt)
    span = source.span(node)
    return source.data[span.start : span.end]


def _by_callers(source: SourceFile, infer: Inference, call: HttpCall) -> bool:
    """Something elsewhere that runs the function around the call again, a few calls away."""
    function = owner(source, call.node)
    if function is None:
        return False
    return _again(infer, call, (source.path, function.lineno), function.name, {""})


def _again(
    infer: Inference, call: HttpCall, at: tuple[str, int], name: str, seen: set[str]
) -> bool:
    """The same for the function of a name that stands `at` a place."""
    if name in seen or name.startswith("__") or len(seen) > _FARTHEST:
        return False
    seen.add(name)
    if says_retry(name) or _POLLS.search(name):
        return True
    paths = infer.tree.mentions(name)
    if len(paths) > _FEW:
        return False
    for path in paths:
        view = infer.tree.view(path)
        for node in _calls_with(view.source).get(name, ()) if view is not None else ():
            assert view is not None
            if name in map(last_name, node.args) and says_retry(last_name(node)):
                return True
            if last_name(node) != name or node is call.node:
                continue
            if not _may_be(infer, view.source, node, at):
                continue
            if _is_run_again(view.source, node, TRANSIENT[call.sender.library]):
                return True
            outer = owner(view.source, node)
            if outer is not None:
                place = (view.source.path, outer.lineno)
                if _again(infer, call, place, outer.name, seen):
                    return True
    return False


@lru_cache(maxsize=256)
def _calls_with(source: SourceFile) -> dict[str, list[ast.Call]]:
    """The calls of a file by the name of what is called, and of what is handed over."""
    found: dict[str, list[ast.Call]] = {}
    for node in source.nodes(ast.Call):
        for name in {last_name(node), *map(last_name, node.args)}:
            found.setdefault(name, []).append(node)
    return found


@lru_cache(maxsize=256)
def _has_retries(source: SourceFile) -> bool:
    return bool(_BUILT_IN.search(source.data))


def _may_be(infer: Inference, source: SourceFile, call: ast.Call, at: tuple[str, int]) -> bool:
    """Whether a call may be one of the function at a place; one of another is known to be none."""
    held = [inferred.value for inferred in infer.holds(source, call.func)]
    functions = [value for value in held if isinstance(value, Function)]
    if any((value.view.path, value.node.lineno) == at for value in functions):
        return True
    return not held or any(isinstance(value, Unknown) for value in held)


def owner(source: SourceFile, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function that a decorator would go to."""
    found = function_of(source, node)
    return None if isinstance(found, ast.Lambda) else found
