"""Whether all tries of a call, with the pauses between them, end before the unit is stopped."""

from __future__ import annotations

import ast

from qw_codemod.analysis.numbers import number_of
from qw_codemod.analysis.units.deadlines import deadline_of, shown_seconds
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.rules.api import Context, SourceFile, Statement

from . import reasons
from .policy import pace_of, policy_of
from .web_requests import limit_of

_FEWEST = 2  # tries of a policy of which nothing more is known


def outlasts(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """Why the tries may take longer than the call is given, with the arithmetic."""
    seconds = _timeout(source, context, call)
    if seconds is None:
        return None
    stops = [
        deadline_of(context.infer.tree, source, call.node),
        limit_of(source, context.infer, call.node),
    ]
    known = [each for each in stops if each is not None]
    if not known:
        return None
    stop = min(known, key=lambda each: each.seconds)
    pace = pace_of(policy_of(source, context), context.infer)
    tries = pace.tries if pace is not None else _FEWEST
    pauses = pace.pauses if pace is not None else 0.0
    total = tries * seconds + pauses
    if total < stop.seconds:
        return None
    return reasons.OutlastsDeadline(
        str(tries), shown_seconds(seconds), shown_seconds(pauses), shown_seconds(total), stop.why
    )


def _timeout(source: SourceFile, context: Context, call: HttpCall) -> float | None:
    """The seconds that one try may take; None where that is not known."""
    given = call.said.node
    if given is None:
        return None
    return _seconds(source, context, given)


def _seconds(source: SourceFile, context: Context, node: ast.expr) -> float | None:
    match node:
        case ast.Tuple(elts=elements):  # to connect, and to read
            parts = [_seconds(source, context, each) for each in elements]
            return sum(each for each in parts if each is not None) or None
        case ast.Call(func=ast.Attribute(attr="Timeout" | "ClientTimeout")):
            values = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "total")]
            return _seconds(source, context, values[0]) if values else None
    return number_of(source, context.infer, node)
