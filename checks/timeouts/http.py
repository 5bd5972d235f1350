"""HTTP requests without a timeout, and clients that are made without one (QW103)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.analysis.deadlines import always_bounded, deadline_around
from qw_codemod.analysis.exception_risks import retried
from qw_codemod.analysis.test_doubles import compatibility
from qw_codemod.analysis.test_doubles.compatibility import Producers
from qw_codemod.libraries.http.arguments import is_url, url_argument
from qw_codemod.libraries.http.calls import HttpCall, HttpCalls, reads_in_pieces
from qw_codemod.libraries.http.exceptions import ANSWERED_BADLY, OUT_OF_REACH, TIMED_OUT
from qw_codemod.libraries.http.tables import VERBS
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import definition_of, last_name
from qw_codemod.rules.api import (
    Context,
    Match,
    NotNeeded,
    Obstacle,
    SourceFile,
    Statement,
    Unfixable,
    Unsafe,
)

from . import reasons
from .batches import why_ends_batch
from .bigquery import first_of
from .deadlines import within_deadline
from .http_limits import OpenLimit, open_limits
from .late_answers import why_late
from .longer_limits import Kind, LongerLimits, Said
from .passed import Ends, passes
from .plan import DEFAULTS, LATE, AddTimeout, ClientTimeout, Limit, Plan, ReplaceTimeout
from .replaced import why_nothing_waits
from .siblings import timeout_of_others
from .statements import LongerBound, QueryIsRun

_LIMIT = Limit("http")
_ENDS = {
    library: Ends(raised, OUT_OF_REACH[library], ANSWERED_BADLY[library])
    for library, raised in TIMED_OUT.items()
}
_SENDING = frozenset({*VERBS, "request", "urlopen"})
_WORDS = frozenset({*_SENDING, *TIMED_OUT, "requests", "http", "url", "api", "connect", "read"})


def find_requests(source: SourceFile, context: Context) -> Iterator[Match]:
    """The requests that nothing bounds, and what makes clients that bound none.

    What it does
        Finds requests of requests, urllib, httpx and aiohttp without a timeout, and clients and
        limits of httpx and aiohttp that are made without one.

    Why is this bad?
        A server that accepts the connection and never answers holds the worker for ever.

    Example
        requests.get(url)

    Use instead
        requests.get(url, timeout=30)
    """
    for call in context.once(HttpCalls, source).perhaps_unbounded():
        if not call.bound and not _has_deadline(source, context, call):
            yield Match(call.node, _of_request(source, call), call.evidence, call)
    for limit in open_limits(source, context.infer):
        yield Match(limit.node, _of_limit(limit), limit.evidence, limit)


def _has_deadline(source: SourceFile, context: Context, call: HttpCall) -> bool:
    """Whether a deadline further out ends the request; those of event loops end awaits alone."""
    if call.sender.is_async:
        return always_bounded(source, context.infer, call.node)
    return deadline_around(source, call.node, is_async=False) is not None


def _of_request(source: SourceFile, call: HttpCall) -> str:
    if call.said.node is None:
        return f"{call.name}() has no timeout"
    return f"{call.name}() has no timeout: timeout={source.text(call.said.node)}"


def _of_limit(limit: OpenLimit) -> str:
    if limit.given:
        return f"{limit.name}({limit.argument}=None) sets no timeout for requests"
    return f"{limit.name}() without {limit.argument}= sets no timeout for requests"


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    """Why the program, or its tests, would not stand the timeout."""
    found: HttpCall | OpenLimit = match.remedy
    if isinstance(found, HttpCall) and (why := why_nothing_waits(source, context.infer, found)):
        return NotNeeded(why)
    reason: Statement | None
    if isinstance(found, OpenLimit):
        reason = _risk_of_limit(source, found)
    elif found.said.node is not None:
        reason = reasons.MayBeStream() if _is_stream(source, found.node) else reasons.OnPurpose()
    elif by_hand := found.closed or found.said.beside:
        return Unfixable(by_hand)
    else:
        reason = (
            _sent_again(source, found)
            or _perhaps_longer(source, context, found)
            or _refused(source, context, found)
            or passes(source, context.infer, found.node, _ENDS[found.sender.library])
            or why_ends_batch(source, context.infer, found)
        )
    return Unsafe(reason) if reason else None


def _risk_of_limit(source: SourceFile, limit: OpenLimit) -> Statement | None:
    if not limit.given and limit.node.keywords:
        return reasons.OnlyOtherLimits()
    if reads_in_pieces(source, source.tree):
        return reasons.MayBeStream()
    return reasons.OnPurpose() if limit.given else None


def _is_stream(source: SourceFile, call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "stream":
        return True
    return reads_in_pieces(source, definition_of(source, call) or source.tree)


def _sent_again(source: SourceFile, call: HttpCall) -> Statement | None:
    if call.is_idempotent:
        return None
    again = retried(source, call.node, TIMED_OUT[call.sender.library])
    return reasons.DoneTwice(again, call.verb or "it") if again is not None else None


def _refused(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    method = dotted(call.node.func).rpartition(".")[2]
    known = compatibility.of(context.infer.tree)
    producers = Producers(names=(call.sender.library, "session", "client", "http"))
    line = call.node.lineno
    return first_of(known.refuses(source.path, method, "timeout", producers=producers, line=line))


@within_deadline
def plan(source: SourceFile, context: Context, match: Match) -> Plan:
    """The argument that is to be added, or to be given another value."""
    found: HttpCall | OpenLimit = match.remedy
    if isinstance(found, OpenLimit):
        if not found.given:
            return AddTimeout(_LIMIT, found.argument)
        position = found.position if found.position >= 0 else None
        return ReplaceTimeout(_LIMIT, found.argument, position)
    said = found.said
    if said.node is None:
        return AddTimeout(_limit(source, context, found))
    position = None if said.keyword else said.position
    if found.sender.library == "aiohttp":
        return ClientTimeout(_LIMIT, position=position)
    return ReplaceTimeout(_LIMIT, position=position)


def _perhaps_longer(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """A longer limit around the request of which it is not seen whether it is meant for it."""
    said = _longer(source, context, call) if _is_open(source, context, call) else None
    return reasons.PerhapsLonger(said.why) if said is not None and not said.is_meant else None


def _is_open(source: SourceFile, context: Context, call: HttpCall) -> bool:
    """Whether neither the settings nor the other requests decide about the limit."""
    return "http" not in context.settings and not timeout_of_others(source, context, call)


def _longer(source: SourceFile, context: Context, call: HttpCall) -> Said | None:
    def found(where: SourceFile) -> list[ast.AST]:
        known = context.once(HttpCalls, source) if where is source else None
        return [each.node for each in (known or HttpCalls(where, context.infer)).all()]

    kind = Kind(found, _WORDS, _sends)
    why = why_late(source, call)
    # what a query takes the code knows better, where it says anything
    least = DEFAULTS["http"] if why is None or isinstance(why, QueryIsRun) else LATE
    return LongerLimits(source, context.infer, kind).above(call.node, least)


def _sends(call: ast.Call) -> bool:
    """Whether a call of something unknown looks like a request, which has an address."""
    has_address = is_url(url_argument(call, 0)) or is_url(url_argument(call, 1))
    return has_address and not _SENDING.isdisjoint(words(last_name(call)))


def _limit(source: SourceFile, context: Context, call: HttpCall) -> Limit:
    """What the file says itself, else what is configured, or more where the answer comes late."""
    if "http" in context.settings:
        return _LIMIT
    name = timeout_of_others(source, context, call)
    if name:
        return Limit("http", name=name)
    said = _longer(source, context, call)
    if said is not None and said.is_meant:
        return Limit("http", said.number, LongerBound(f"{said.seconds:g}", said.why))
    why = why_late(source, call)
    return Limit("http", LATE, LongerBound(f"{LATE}", why)) if why else _LIMIT
