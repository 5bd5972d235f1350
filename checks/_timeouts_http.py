"""HTTP requests that can wait for ever (QW103): requests, urllib.request, httpx and aiohttp."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.http_calls import HttpCall, http_calls
from qw_codemod.http_limits import OpenLimit, open_limits
from qw_codemod.rule import Check, Context, Hit, SourceFile

_ON_PURPOSE = "the None is explicit: whoever wrote it may want to wait"
_STREAM = "it may be a stream, which a limit would cut off"
_NO_TOTAL = "only other limits are set: one on the whole would count the download too"
_STREAMING = frozenset(
    "stream content iter_bytes iter_text iter_lines iter_raw aiter_bytes aiter_text aiter_lines "
    "aiter_raw iter_chunked iter_any iter_chunks readline ws_connect".split()
)


def _find(source: SourceFile, context: Context) -> Iterator[Hit]:
    for call in http_calls(source, context.infer, bounded=False):
        if not call.bound:
            yield _of_call(source, call)
    for limit in open_limits(source, context.infer):
        yield _of_limit(source, limit)


def _of_call(source: SourceFile, call: HttpCall) -> Hit:
    said = call.said
    message = f"{call.name}() without timeout= can wait for ever"
    details = {"limit": "http"}
    if said.node is None:
        caution = call.closed or said.beside
        remedy = "" if caution else "add-timeout"
        return Hit(call.node, message, call.evidence, remedy, details, caution=caution)
    message = f"{call.name}() with {_given(source, 'timeout', said.node)} can wait for ever"
    remedy, caution = "replace-timeout", ""
    if not said.keyword:
        details["position"] = str(said.position)
    if call.sender.library == "aiohttp":
        remedy = "client-timeout"
    if call.sender.library in ("requests", "urllib"):
        caution = _ON_PURPOSE
    elif call.node.func.attr == "stream" if isinstance(call.node.func, ast.Attribute) else False:
        caution = _STREAM
    elif _streams(source, _around(source, call.node)):
        caution = _STREAM
    safety = "unsafe" if caution else "safe"
    return Hit(call.node, message, call.evidence, remedy, details, safety, caution)


def _of_limit(source: SourceFile, limit: OpenLimit) -> Hit:
    details = {"limit": "http", "keyword": limit.argument}
    remedy, caution = "replace-timeout", ""
    message = f"{limit.name}({limit.argument}=None) lets requests wait for ever"
    if limit.position >= 0:
        details["position"] = str(limit.position)
    if not limit.given:
        remedy = "add-timeout"
        message = f"{limit.name}() without {limit.argument}= lets requests wait for ever"
        caution = _NO_TOTAL if limit.node.keywords else ""
    if limit.argument == "read":
        caution = _ON_PURPOSE
    elif _streams(source, source.tree):
        caution = caution or _STREAM
    safety = "unsafe" if caution else "safe"
    return Hit(limit.node, message, limit.evidence, remedy, details, safety, caution)


def _given(source: SourceFile, name: str, node: ast.expr) -> str:
    return f"{name}={source.text(node)}"


def _around(source: SourceFile, node: ast.AST) -> ast.AST:
    """The innermost function around a node, or the module."""
    for each in source.ancestors(node):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return each
    return source.tree


def _streams(source: SourceFile, scope: ast.AST) -> bool:
    """Whether something in a scope reads an answer piece by piece."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _STREAMING
        and (node.attr != "content" or _is_read_on(source, node))
        for node in ast.walk(scope)
    )


def _is_read_on(source: SourceFile, node: ast.Attribute) -> bool:
    """Whether aiohttp's `response.content` is a stream here: `.content` of others is the whole."""
    around = source.parent(node)
    return isinstance(around, (ast.Attribute, ast.AsyncFor))


CHECK = Check(
    "QW103",
    "unbounded-http-request",
    "an HTTP request that can wait for ever",
    _find,
    (b"requests", b"urlopen", b"httpx", b"aiohttp", b"session", b"Session", b"timeout=None"),
)
