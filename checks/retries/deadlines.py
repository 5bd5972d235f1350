"""Whether all tries of a call, with the pauses between them, end before the unit is stopped."""

from __future__ import annotations

import ast

from qw_codemod.analysis.units.deadlines import deadline_of, shown_seconds
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.python.imports import imports_of
from qw_codemod.rules.api import Context, SourceFile, Statement

from . import reasons
from .policy import pace_of, policy_of

_FEWEST = 2  # tries of a policy of which nothing more is known


def outlasts(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """Why the tries may take longer than the call is given, with the arithmetic."""
    stop = deadline_of(context.infer.tree, source, call.node)
    if stop is None:
        return None
    seconds = _timeout(source, context, call)
    if seconds is None:
        return None
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
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.Tuple(elts=elements):  # to connect, and to read
            parts = [_seconds(source, context, each) for each in elements]
            return sum(each for each in parts if each is not None) or None
        case ast.Call(func=ast.Attribute(attr="Timeout" | "ClientTimeout")):
            values = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "total")]
            return _seconds(source, context, values[0]) if values else None
        case ast.Name(id=name):
            return _constant(source, context, name)
    return None


def _constant(source: SourceFile, context: Context, name: str) -> float | None:
    """The number that a name of a module stands for, here or where it is imported from."""
    for each in source.tree.body:
        if isinstance(each, ast.Assign) and getattr(each.targets[0], "id", "") == name:
            value = each.value
            is_number = isinstance(value, ast.Constant) and isinstance(value.value, (int, float))
            return float(value.value) if is_number else None  # type: ignore[attr-defined]
    for row in imports_of(source.tree):
        if row.bound == name and row.name and not row.level:
            path = context.infer.tree.resolve(row.module, source.path)
            view = context.infer.tree.view(path) if path and path != source.path else None
            return _constant(view.source, context, row.name) if view is not None else None
    return None
