"""What retries an HTTP call already: its session's adapter, a loop, a decorator, its callers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from qw_codemod.analysis.exception_risks import retried
from qw_codemod.infer import Function, Inference, Unknown
from qw_codemod.infer.statements import Annotated
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.syntax import function_of, last_name, own_nodes

# One error of each library that a policy of retries is for.
ERRORS = {
    "requests": ("requests.exceptions.ConnectionError", "requests.exceptions.ReadTimeout"),
    "urllib": ("urllib.error.URLError",),
    "httpx": ("httpx.ConnectTimeout",),
    "aiohttp": ("aiohttp.ClientConnectionError",),
}
# An adapter, a transport or a client that retries by itself, as it is spelled where it is built.
_BUILT_IN = re.compile(
    rb"max_retries|\bretries\s*=|Retry\w*\(|\w*Retrying\(|retry_requests|requests_retry"
)
_RETRIES = re.compile(r"retr(y|ies)|backoff|stamina", re.I)
_POLLS = re.compile(r"(^|_)(poll|polling|wait|monitor|watch|heartbeat)(_|$)", re.I)
_FEW = 12  # files whose mentions of a function are followed
_FARTHEST = 12  # functions on the way to a caller


def retries_of(source: SourceFile, infer: Inference, call: HttpCall) -> str:
    """Why a call is tried again already; empty if nothing is seen to do so."""
    return (
        _of_function(source, call.node)
        or _of_loop(source, call.node)
        or retried(source, call.node, ERRORS[call.sender.library])
        or _of_session(source, infer, call)
        or _of_callers(source, infer, call)
    )


def _of_function(source: SourceFile, node: ast.AST) -> str:
    """Decorators of every function around it, whatever they filter: nested tries multiply."""
    for each in source.ancestors(node):
        for decorator in getattr(each, "decorator_list", ()):
            if _is_retry(source, decorator):
                return f"`@{last_name(decorator)}` in line {decorator.lineno}"
    function = owner(source, node)
    if function is not None and any(
        isinstance(each, ast.Call) and dotted(each.func) in (function.name, f"self.{function.name}")
        for each in own_nodes(function.body)
    ):
        return f"`{function.name}()` calls itself again"
    return ""


def _of_loop(source: SourceFile, node: ast.AST) -> str:
    """A loop that sleeps in between asks again anyway: it polls, or it retries in its own way."""
    for each in source.ancestors(node):
        if isinstance(each, FUNCTIONS):
            return ""
        if isinstance(each, (ast.For, ast.AsyncFor, ast.While)) and any(
            isinstance(n, ast.Call) and last_name(n) in ("sleep", "wait") for n in ast.walk(each)
        ):
            return f"the loop in line {each.lineno} waits, and asks again"
    return ""


def _is_retry(source: SourceFile, node: ast.expr) -> bool:
    return bool(_RETRIES.search(dotted(node.func if isinstance(node, ast.Call) else node))) or (
        isinstance(node, ast.Call) and any("retry" in (each.arg or "") for each in node.keywords)
    )


def _of_session(source: SourceFile, infer: Inference, call: HttpCall) -> str:
    """The chain of facts tells where the session was built: something there may mount retries."""
    if not isinstance(call.node.func, ast.Attribute):
        return ""
    places = {(source.path, call.node.lineno)}
    places |= {(fact.path, fact.line) for fact in call.evidence.facts}
    # A declaration does not say what was done to the session that is assigned there.
    declared = {(f.path, f.line) for f in call.evidence.facts if isinstance(f.what, Annotated)}
    for path, line in sorted(places):
        view = infer.tree.view(path)
        if view is None or not _has_retries(view.source):
            continue
        if (path, line) in declared and b".mount(" in view.source.data:
            return f"the module that declares the session mounts retries ({_short(path)})"
        for place in _around(view.source, line):
            if _BUILT_IN.search(_text(view.source, place)):
                where = getattr(place, "name", "the module")
                return f"the session has retries of its own ({where})"
    return ""


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


def _of_callers(source: SourceFile, infer: Inference, call: HttpCall) -> str:
    """Something elsewhere that runs the function around the call again, a few calls away."""
    function = owner(source, call.node)
    if function is None:
        return ""
    return _again(infer, call, (source.path, function.lineno), function.name, {""})


def _again(infer: Inference, call: HttpCall, at: tuple[str, int], name: str, seen: set[str]) -> str:
    """The same for the function of a name that stands `at` a place."""
    if name in seen or name.startswith("__") or len(seen) > _FARTHEST:
        return ""
    seen.add(name)
    if _RETRIES.search(name) or _POLLS.search(name):
        return f"`{name}()` asks again, by its name"
    paths = infer.tree.mentions(name)
    if len(paths) > _FEW:
        return ""
    for path in paths:
        view = infer.tree.view(path)
        for node in _calls_with(view.source).get(name, ()) if view is not None else ():
            assert view is not None
            if name in map(last_name, node.args) and _RETRIES.search(last_name(node)):
                return f"`{last_name(node)}` calls it ({_short(path)}:{node.lineno})"
            if last_name(node) != name or node is call.node:
                continue
            if not _may_be(infer, view.source, node, at):
                continue
            reason = (
                _of_function(view.source, node)
                or _of_loop(view.source, node)
                or retried(view.source, node, ERRORS[call.sender.library])
            )
            if reason:
                return f"{reason}, of its caller ({_short(path)}:{node.lineno})"
            outer = owner(view.source, node)
            if outer is not None:
                place = (view.source.path, outer.lineno)
                if found := _again(infer, call, place, outer.name, seen):
                    return found
    return ""


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
    held = [possibility.value for possibility in infer.holds(source, call.func)]
    functions = [value for value in held if isinstance(value, Function)]
    if any((value.view.path, value.node.lineno) == at for value in functions):
        return True
    return not held or any(isinstance(value, Unknown) for value in held)


def _short(path: str) -> str:
    return path.rpartition("/")[2]


def owner(source: SourceFile, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function that a decorator would go to."""
    found = function_of(source, node)
    return found if isinstance(found, FUNCTIONS[:2]) else None
