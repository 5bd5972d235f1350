"""Clients and limit objects of httpx and aiohttp that are made without an end to their waits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qw_codemod.analysis.callers import owner
from qw_codemod.analysis.deadlines import always_bounded, deadline_around
from qw_codemod.infer import Inference, Library, Value, judge
from qw_codemod.kernel.model import Evidence
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.arguments import is_none
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import last_name


@dataclass(frozen=True, slots=True)
class LimitClass:
    """A class that holds a client's limits.

    `main` is the argument that bounds the wait for an answer, by name or first by position;
    `decisive` ones outweigh it where they are passed, `others` bound the wait too.
    `must_be_given`: the class refuses to be made without it.
    """

    main: str
    decisive: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    must_be_given: bool = False


# httpx.Timeout(5, read=None) never ends a read; aiohttp.ClientTimeout() sets nothing. [run]
_LIMITS = {
    "httpx.Timeout": LimitClass("timeout", decisive=("read",), must_be_given=True),
    "aiohttp.ClientTimeout": LimitClass("total", others=("sock_read",)),
}
# aiohttp.ClientSession(timeout=None) is not among them: it gets the default of 300 s. [src]
_CLIENTS = frozenset({http.CLIENT, http.ASYNC_CLIENT})
# Transports that end in the same process: nothing to wait for.
_LOCAL_TRANSPORTS = frozenset({"ASGITransport", "WSGITransport", "MockTransport"})
_NAMES = frozenset({*_LIMITS, *_CLIENTS})


@dataclass(frozen=True, slots=True)
class OpenLimit:
    """A client or a limit that ends no wait.

    `name` is the class as it is written. `argument` is the one that should bound the wait,
    `position` where it stands if it is passed without its name (-1: it is not), and `given` whether
    it is passed at all.
    """

    node: ast.Call
    library: str
    name: str
    argument: str
    evidence: Evidence
    position: int = -1
    given: bool = True


def open_limits(source: SourceFile, infer: Inference) -> Iterator[OpenLimit]:
    """The calls that make such a client or limit: they say None, or leave the limit out."""
    for node in source.nodes(ast.Call):
        last = dotted(node.func).rpartition(".")[2]
        if last[:1].isupper() and (_says_none(node) or last == "ClientTimeout"):
            found = _open_limit(source, infer, node)
            if found is not None and not _ends_otherwise(source, infer, node):
                yield found


def _ends_otherwise(source: SourceFile, infer: Inference, node: ast.Call) -> bool:
    """Whether deadlines end all that is asked of the client, which lives in one function."""
    name, is_entered = "", False
    for around in source.ancestors(node):
        if isinstance(around, ast.withitem):
            name, is_entered = dotted(around.optional_vars or around.context_expr), True
            break
        if isinstance(around, ast.Assign):
            name = dotted(around.targets[0])
        if isinstance(around, ast.stmt):
            break
    function = owner(source, node)
    if function is None:
        return False
    if is_entered and always_bounded(source, infer, node):
        return True
    if not name or "." in name:
        return False
    uses = [
        each
        for each in ast.walk(function)
        if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load)
    ]
    asked = [each for each in uses if not _only_closes(source, each)]
    return bool(asked) and all(_is_asked_in_time(source, infer, node, each) for each in asked)


def _is_asked_in_time(source: SourceFile, infer: Inference, made: ast.Call, name: ast.Name) -> bool:
    """`wait_for(client.get(url), 6)`: the client is asked there, and handed to nobody.

    A limit is handed to a request, or to a client of which the same holds.
    """
    match source.parent(name):
        case ast.Attribute():
            return deadline_around(source, name) is not None
        case ast.keyword(arg="timeout") as keyword:
            call = source.parent(keyword)
            if not isinstance(call, ast.Call):
                return False
            if last_name(call)[:1].isupper():
                return call.lineno > made.lineno and _ends_otherwise(source, infer, call)
            return deadline_around(source, call) is not None
    return False


def _only_closes(source: SourceFile, name: ast.Name) -> bool:
    around = source.parent(name)
    if isinstance(around, ast.withitem):
        return True
    return isinstance(around, ast.Attribute) and around.attr in ("close", "aclose")


def _says_none(call: ast.Call) -> bool:
    return any(map(is_none, call.args)) or any(is_none(each.value) for each in call.keywords)


def _open_limit(source: SourceFile, infer: Inference, node: ast.Call) -> OpenLimit | None:
    answer = judge(infer.holds(source, node.func), lambda value: _canonical(value) in _NAMES)
    if answer is None or any(isinstance(each, ast.Starred) for each in node.args):
        return None
    keywords = {each.arg or "**": each.value for each in node.keywords}
    if "**" in keywords:
        return None
    name = _canonical(answer.values[0])
    found = _of_client(keywords) if name in _CLIENTS else _of_limit(name, node, keywords)
    if found is None:
        return None
    argument, position, given = found
    kind = name.partition(".")[0]
    return OpenLimit(node, kind, dotted(node.func), argument, answer.evidence, position, given)


def _canonical(value: Value) -> str:
    return http.canonical(value.name) if isinstance(value, Library) else ""


def _of_client(keywords: Mapping[str, ast.expr]) -> tuple[str, int, bool] | None:
    if not is_none(keywords.get("timeout")):
        return None
    if "app" in keywords and not is_none(keywords["app"]):
        return None  # it talks to an application in the same process
    transport = keywords.get("transport")
    made = dotted(transport.func) if isinstance(transport, ast.Call) else ""
    if made.rpartition(".")[2] in _LOCAL_TRANSPORTS:
        return None
    return "timeout", -1, True


def _of_limit(
    name: str, node: ast.Call, keywords: Mapping[str, ast.expr]
) -> tuple[str, int, bool] | None:
    limit = _LIMITS[name]
    for argument in limit.decisive:
        if argument in keywords:  # it outweighs the first argument
            return (argument, -1, True) if is_none(keywords[argument]) else None
    if any(each in keywords and not is_none(keywords[each]) for each in limit.others):
        return None
    if limit.main in keywords:
        return (limit.main, -1, True) if is_none(keywords[limit.main]) else None
    if node.args:
        return (limit.main, 0, True) if is_none(node.args[0]) else None
    return None if limit.must_be_given else (limit.main, -1, False)
