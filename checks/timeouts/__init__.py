"""Waits without an end: BigQuery jobs (QW101, QW102) and HTTP requests (QW103).

What it does
    QW101 finds waits for a BigQuery job that have no timeout: `result()`, `to_dataframe()`,
    `to_arrow()`, `to_geodataframe()`, iterating the job, and `query_and_wait()`. QW102 finds
    numbers that bound something else: `result(300)` sets the page size, `query(sql, timeout=60)`
    bounds one HTTP request of the submission, `to_dataframe(timeout=60)` the download. QW103 finds
    requests of requests, urllib, httpx and aiohttp that have no timeout.

Why is this bad?
    These waits are endless by default. A job or a server that hangs holds the worker for ever: the
    night's run never fails, never ends, and nobody is told.

Example
    client.query(SQL).to_dataframe()
    client.query(SQL).result(300)
    requests.get(url)

Use instead
    client.query(SQL).result(timeout=300).to_dataframe()
    client.query(SQL).result(timeout=300)
    requests.get(url, timeout=30)

What changes at run time
    A wait that takes too long raises concurrent.futures.TimeoutError (the builtin TimeoutError from
    Python 3.11 on only). The job goes on running and billing; `query_and_wait` alone tries to
    cancel it. The bound is looked at between polls and can be exceeded by about two minutes. HTTP
    requests raise their library's own timeout.

Fix safety
    Unsafe, and left without --unsafe: a timeout that a broad `except` would swallow, or that would
    run into a retry; an explicit None; a stream; a test double that would refuse the new argument.

Settings
    [tool.qw-codemod.timeouts]
    bigquery = 300       # seconds, or "package.module:NAME"; also query, load, copy, extract
    http = 30
    style = "auto"       # "chain"; "statement": job.result(timeout=300) on a line of its own
    helper = "package.module:function"     # is called as function(job, timeout=300, ...)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qw_codemod.analysis.exception_risks import retried, swallowed, written
from qw_codemod.analysis.test_doubles import doubles
from qw_codemod.infer import Items
from qw_codemod.kernel.model import Safety
from qw_codemod.kernel.statements import Statement, render
from qw_codemod.libraries.http.calls import HttpCall, http_calls, reads_in_pieces
from qw_codemod.python.bindings import dotted
from qw_codemod.python.hoisting import why_nothing_before
from qw_codemod.python.names import free_name
from qw_codemod.recognize import bigquery
from qw_codemod.rules.api import Check, Context, Evidence, Fact, Hit, SourceFile

from .http_limits import OpenLimit, open_limits
from .statements import HandedOver, StarMayHold, StarsMayHold
from .waits import TOKENS, Wait, is_over, makers_of, submission, waits

SETTINGS = {
    "bigquery": "seconds",
    "query": "seconds",
    "load": "seconds",
    "copy": "seconds",
    "extract": "seconds",
    "http": "seconds",
    "style": ("auto", "chain", "statement"),
    "helper": "function",
}

_KINDS = {
    "query": "a query job",
    "load": "a load job",
    "copy": "a copy job",
    "extract": "an extract job",
    "job": "a BigQuery job",
}
_OF_SUBMISSION = "the timeout= of the submission bounds one HTTP request, not this wait"
_JOB_NAMES = ("job", "query_job", "bigquery_job")
_ON_PURPOSE = "None was written on purpose"
_STREAM = "it may be a stream, which a limit would cut off"
_NO_TOTAL = "only other limits are set: one on the whole would count the download too"

_HTTP_TIMEOUTS = {
    "requests": ("requests.exceptions.Timeout",),
    "urllib": ("socket.timeout",),
    "httpx": ("httpx.TimeoutException",),
    "aiohttp": ("asyncio.TimeoutError",),
}
# `requests` alone stands in half of all comments.
_HTTP_TOKENS = (
    *(b"import requests", b"from requests", b", requests", b"cloudscraper", b"httpx", b"aiohttp"),
    *(b"urlopen", b"build_opener", b"session.", b"session()", b"Session", b"headers=", b".post("),
    *(b".request(", b".get(url", b".get(self.url", b"timeout=None"),
)


# QW101 and QW102: waits for BigQuery jobs


@dataclass(frozen=True)
class _Case:
    """One wait without a bound: is a timeout misplaced, what to say, what to do about it."""

    misplaced: bool
    message: str
    remedy: str
    details: dict[str, str]
    caution: str = ""
    doubt: Statement | None = None


def _unbounded(source: SourceFile, context: Context) -> Iterator[Hit]:
    yield from _hits(source, context, misplaced=False)


def _misplaced(source: SourceFile, context: Context) -> Iterator[Hit]:
    yield from _hits(source, context, misplaced=True)


def _hits(source: SourceFile, context: Context, misplaced: bool) -> Iterator[Hit]:
    for wait in waits(source, context.infer):
        case = _case(source, context, wait)
        if case is None or case.misplaced != misplaced:
            continue
        case = _with_tests(source, context, wait, _with_hazards(source, context, wait, case))
        evidence = wait.answer.evidence
        if case.doubt and evidence.level == "proven":
            evidence = Evidence("likely", evidence.facts, case.doubt)
        safety: Safety = "unsafe" if case.caution and case.remedy else "safe"
        details = {"limit": wait.kind, **case.details}
        yield Hit(
            wait.node, case.message, evidence, case.remedy, details, safety, case.caution, wait.node
        )


def _case(source: SourceFile, context: Context, wait: Wait) -> _Case | None:
    """What is wrong with a wait; None where it is bounded, or over."""
    if is_over(source, context.infer, wait):
        return None
    if wait.form == "iterate":
        case = _Case(False, "iterating a query job can wait for ever", "wait-around", {})
        return _submitted(source, context, wait, case)
    if wait.form == "handed":
        message = f"the wait of {_KINDS[wait.kind]} is handed over without timeout="
        doubt = HandedOver()
        return _Case(
            False, message, "", {}, "a method that is handed over is changed by hand", doubt
        )
    assert isinstance(wait.node, ast.Call)
    if wait.form in bigquery.DOWNLOADS:
        return _of_download(source, context, wait, wait.node)
    if wait.form == "query_and_wait":
        message = "query_and_wait() without wait_timeout= can wait for ever"
        return _of_call(source, context, wait.node, "wait_timeout", message)
    return _of_result(source, context, wait, wait.node)


def _of_download(source: SourceFile, context: Context, wait: Wait, call: ast.Call) -> _Case:
    details = {"moves": ", ".join(sorted(bigquery.MOVES_TO_RESULT))}
    own = _keyword(call, "timeout")
    if own is not None and not _is_none(own):
        message = f"the timeout= of .{wait.form}() bounds the download, not the wait for the job"
        return _Case(True, message, "wait-first", {**details, **_value(own)})
    message = f".{wait.form}() of a query job can wait for ever"
    return _submitted(source, context, wait, _Case(False, message, "wait-first", details))


def _of_result(source: SourceFile, context: Context, wait: Wait, call: ast.Call) -> _Case | None:
    position = bigquery.TIMEOUT_AT[wait.kind]
    starred = any(isinstance(arg, ast.Starred) for arg in call.args)
    if len(call.args) > position and not starred:
        return None
    last = call.args[-1] if call.args and not _keyword(call, "timeout") else None
    if isinstance(last, ast.Constant) and type(last.value) in (int, float):
        number = source.text(last)
        message = f"the {number} in .result({number}) is no timeout: pass it as timeout="
        return _Case(True, message, "name-timeout", {"position": str(len(call.args) - 1)})
    message = f".result() of {_KINDS[wait.kind]} without timeout= can wait for ever"
    case = _of_call(source, context, call, "timeout", message)
    if case is None or case.remedy != "add-timeout":
        return case
    return _submitted(source, context, wait, case)


def _of_call(
    source: SourceFile, context: Context, call: ast.Call, keyword: str, message: str
) -> _Case | None:
    given = _keyword(call, keyword)
    details = {"keyword": keyword}
    if given is not None:
        if not _is_none(given):
            return None
        message = message.replace(f"without {keyword}=", f"with {keyword}=None")
        return _Case(False, message, "replace-timeout", details, _ON_PURPOSE)
    doubt, held = _packed(source, context, call, keyword)
    if held:
        return None
    remedy = "" if doubt else "add-timeout"
    return _Case(False, message, remedy, details, render(doubt), doubt)


def _submitted(source: SourceFile, context: Context, wait: Wait, case: _Case) -> _Case:
    """The same where `query(timeout=…)` was taken for the bound: its number is what was meant."""
    call = submission(source, context.infer, wait)
    given = _keyword(call, "timeout") if call else None
    if given is None or _is_none(given):
        return case
    return replace(
        case, misplaced=True, message=_OF_SUBMISSION, details={**case.details, **_value(given)}
    )


# What makes an edit unsafe, or calls for another form of it


def _with_hazards(source: SourceFile, context: Context, wait: Wait, case: _Case) -> _Case:
    """A timeout that vanishes, or starts the same thing again, is for a person to judge."""
    caution = case.caution or swallowed(source, wait.node)
    if not caution and not context.settings.get("helper"):  # which cancels the job that it leaves
        caution = retried(source, wait.node)
    if caution and not case.caution and "run it again" in caution:
        call = submission(source, context.infer, wait)
        verb = written(source, call.args[0]) if call and call.args else ""
        if verb:
            caution += f", while the first {verb} goes on"
    return replace(case, caution=caution)


def _with_tests(source: SourceFile, context: Context, wait: Wait, case: _Case) -> _Case:
    """In the form that the project's tests can stand; unsafe where there is none."""
    known = doubles.of(context.infer.tree)
    line = wait.node.lineno
    makers = makers_of(source, context.infer, wait)
    if case.remedy in ("add-timeout", "replace-timeout", "name-timeout"):
        keyword = case.details.get("keyword", "timeout")
        refused = known.refuses(source.path, wait.form, keyword, makers=makers, line=line)
        return _cautioned(case, refused)
    if case.remedy not in ("wait-first", "wait-around"):
        return case
    method = "__iter__" if wait.form == "iterate" else wait.form
    refused = known.refuses(
        source.path, "result", "timeout", instead=method, makers=makers, line=line
    )
    style = context.settings.get("style", "auto")
    stubbed = (
        known.stubbed(source.path, method, makers=makers, line=line) if style == "auto" else ()
    )
    if style == "statement" or stubbed:
        reason = why_nothing_before(source, wait.node)
        if not reason:
            details = {"style": "statement", "name": free_name(source, wait.node, _JOB_NAMES)}
            return _cautioned(replace(case, details={**case.details, **details}), refused)
        refused = refused or stubbed
    return _cautioned(case, refused)


def _cautioned(case: _Case, facts: tuple[Fact, ...]) -> _Case:
    if not facts or case.caution:
        return case
    return replace(case, caution=_said(facts))


def _said(facts: tuple[Fact, ...]) -> str:
    """The first of the facts about the project's tests, with its place; empty if there is none."""
    first = next(iter(facts), None)
    return f"{render(first.what)} ({first.path.rpartition('/')[2]}:{first.line})" if first else ""


# Arguments


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _packed(
    source: SourceFile, context: Context, call: ast.Call, keyword: str
) -> tuple[Statement | None, bool]:
    """Why `*args` or `**kwargs` may hold the bound, if they may; and whether they do hold it."""
    for arg in call.args:
        if isinstance(arg, ast.Starred):
            return StarMayHold(source.text(arg.value)), False
    for each in call.keywords:
        if each.arg is not None:
            continue
        held = context.infer.holds(source, each.value)
        spelled = [p.value for p in held if isinstance(p.value, Items) and p.value.named]
        if not spelled or len(spelled) != len(held):
            return StarsMayHold(source.text(each.value), keyword), False
        if any(key == keyword for value in spelled for key, _ in value.named):
            return None, True
    return None, False


def _value(node: ast.expr) -> dict[str, str]:
    """A number that a person wrote is the bound that they meant."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return {"value": repr(node.value)}
    return {}


# QW103: HTTP requests


def _requests(source: SourceFile, context: Context) -> Iterator[Hit]:
    for call in http_calls(source, context.infer, bounded=False):
        if not call.bound:
            yield _of_request(source, context, call)
    for limit in open_limits(source, context.infer):
        yield _of_limit(source, limit)


def _of_request(source: SourceFile, context: Context, call: HttpCall) -> Hit:
    said = call.said
    message = f"{call.name}() without timeout= can wait for ever"
    details = {"limit": "http"}
    if said.node is None:
        closed = call.closed or said.beside
        caution = render(closed) or _in_the_way(source, context, call)
        return _http_hit(call, message, "" if closed else "add-timeout", details, caution)
    message = f"{call.name}() with timeout={source.text(said.node)} can wait for ever"
    if not said.keyword:
        details["position"] = str(said.position)
    remedy = "client-timeout" if call.sender.library == "aiohttp" else "replace-timeout"
    by_name = isinstance(call.node.func, ast.Attribute) and call.node.func.attr == "stream"
    streams = by_name or reads_in_pieces(source, _around(source, call.node))
    return _http_hit(call, message, remedy, details, _STREAM if streams else _ON_PURPOSE)


def _in_the_way(source: SourceFile, context: Context, call: HttpCall) -> str:
    """Why the project, or its tests, would not stand the timeout; empty if they would."""
    if not call.is_idempotent:
        reason = retried(source, call.node, _HTTP_TIMEOUTS[call.sender.library])
        if reason:
            return f"{reason}, and {call.verb or 'it'} may do its work twice"
    method = dotted(call.node.func).rpartition(".")[2]
    known = doubles.of(context.infer.tree)
    makers = (call.sender.library, "session", "client", "http")
    line = call.node.lineno
    return _said(known.refuses(source.path, method, "timeout", makers=makers, line=line))


def _http_hit(
    call: HttpCall | OpenLimit, message: str, remedy: str, details: dict[str, str], caution: str
) -> Hit:
    safety: Safety = "unsafe" if caution and remedy else "safe"
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
    if reads_in_pieces(source, source.tree):
        caution = caution or _STREAM
    elif limit.given:
        caution = _ON_PURPOSE
    return _http_hit(limit, message, remedy, details, caution)


def _around(source: SourceFile, node: ast.AST) -> ast.AST:
    """The innermost function around a node, or the module."""
    for each in source.ancestors(node):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return each
    return source.tree


CHECKS = (
    Check(
        "QW101",
        "unbounded-bigquery-wait",
        "A wait for a BigQuery job has no timeout.",
        _unbounded,
        TOKENS,
    ),
    Check(
        "QW102",
        "misplaced-bigquery-timeout",
        "A timeout bounds something else than the wait for the job.",
        _misplaced,
        TOKENS,
    ),
    Check(
        "QW103",
        "unbounded-http-request",
        "An HTTP request has no timeout.",
        _requests,
        _HTTP_TOKENS,
    ),
)
