"""Whether all tries of a call, with the pauses between them, end before the unit is stopped."""

from __future__ import annotations

import ast

from qw_codemod.analysis.constants import values_of
from qw_codemod.analysis.numbers import number_of
from qw_codemod.analysis.units.deadlines import deadline_of, shown_seconds
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import definition_of
from qw_codemod.rules.api import Context, SourceFile, Statement

from . import reasons
from .policy import OF_INIT, pace_of, policy_of
from .web_requests import limit_of

_FEWEST = 2  # tries of a policy of which nothing more is known


def outlasts(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """Why the tries may take longer than the call is given, with the arithmetic."""
    seconds = _timeout(source, context, call)
    of_request = limit_of(source, context.infer, call.node)
    if seconds is None:
        return None if of_request is None else reasons.LengthNotKnown(of_request.why)
    of_unit = deadline_of(context.infer.tree, source, call.node, with_usual=True)
    stops = [of_unit, of_request]
    known = [each for each in stops if each is not None]
    if not known:
        return None
    stop = min(known, key=lambda each: each.seconds)
    policy = policy_of(source, context)
    pace = pace_of(policy, context.infer) if policy.obstacle is None else OF_INIT
    tries = pace.tries if pace is not None else _FEWEST
    pauses = pace.pauses if pace is not None else 0.0
    total = tries * seconds + pauses
    if total < stop.seconds:
        return None
    return reasons.OutlastsDeadline(
        str(tries), shown_seconds(seconds), shown_seconds(pauses), shown_seconds(total), stop.why
    )


def is_of_user(source: SourceFile, context: Context, call: HttpCall) -> str:
    """The setting of an object that says how long one try may take; empty where none does.

    `timeout=self.configuration.get("timeout", 30)`: whoever configured the object has said how long
    an answer is waited for, which is what they get no longer where it is asked for four times.
    """
    node = call.said.node
    given = values_of(source, context.infer, node) if isinstance(node, ast.Name) else ()
    for each in (node, *(value for _, value in given)):
        match each:
            case (
                ast.Call(func=ast.Attribute(value=holder, attr="get"), args=[key, *_])
                | ast.Subscript(value=holder, slice=key)
            ) if isinstance(key, ast.Constant):
                name = dotted(holder)
                if name.startswith("self.") and "timeout" in words(str(key.value)):
                    return f"{name}[{key.value!r}]"
    return ""


def _timeout(source: SourceFile, context: Context, call: HttpCall) -> float | None:
    """The seconds that one try may take; None where that is not known."""
    given = call.said.node
    return call.sender.default if given is None else _seconds(source, context, given)


def _seconds(source: SourceFile, context: Context, node: ast.expr) -> float | None:
    match node:
        case ast.Tuple(elts=elements):  # to connect, and to read
            parts = [_seconds(source, context, each) for each in elements]
            return sum(each for each in parts if each is not None) or None
        case ast.Call(func=ast.Attribute(attr="Timeout" | "ClientTimeout")):
            values = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "total")]
            return _seconds(source, context, values[0]) if values else None
    number = number_of(source, context.infer, node)
    return _default(source, context, node) if number is None else number


def _default(source: SourceFile, context: Context, node: ast.expr) -> float | None:
    """What a parameter is where no caller says anything, also one that an attribute was given."""
    given = values_of(source, context.infer, node) if isinstance(node, ast.Attribute) else ()
    names = [each for each in given if isinstance(each[1], ast.Name)] or [(source, node)]
    if len(names) != 1 or not isinstance(name := names[0][1], ast.Name):
        return None
    where = names[0][0]
    function = definition_of(where, name)
    spec = function.args if function is not None else None
    if spec is None:
        return None
    positional = [*spec.posonlyargs, *spec.args]
    pairs = [*zip(reversed(positional), reversed(spec.defaults), strict=False)]
    pairs += [(a, v) for a, v in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if v]
    found = next((value for each, value in pairs if each.arg == name.id), None)
    return None if found is None else number_of(where, context.infer, found)
