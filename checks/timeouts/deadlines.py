"""A bound that fits the unit: where that is stopped sooner, a share of the time that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qw_codemod.analysis.units.deadlines import Stop, deadline_of
from qw_codemod.rules.api import Context, Match, SourceFile

from .plan import DEFAULTS, SHARE, Limit, NameTimeout, Plan
from .statements import ShorterBound

PlanOf = Callable[[SourceFile, Context, Match], Plan | None]


def within_deadline(plan: PlanOf) -> PlanOf:
    """The same plans, with smaller bounds where the unit is stopped before they have passed."""

    def fitting(source: SourceFile, context: Context, match: Match) -> Plan | None:
        made = plan(source, context, match)
        if made is None or isinstance(made, NameTimeout):
            return made
        stop = _stop(source, context, match, made.limit)
        if stop is None:
            return made
        share = context.settings.get("share_of_deadline", SHARE)
        seconds = _rounded(stop.seconds * share)
        why = ShorterBound(f"{seconds:g}", stop.why)
        return replace(made, limit=replace(made.limit, seconds=seconds, why=why))

    return fitting


def _stop(source: SourceFile, context: Context, match: Match, limit: Limit) -> Stop | None:
    """The deadline that comes before the bound has passed; None where the bound fits.

    A number that a person wrote stays as it is, and so does one that has a name.
    """
    is_written = limit.seconds is not None and limit.why is None or bool(limit.name)
    seconds = None if is_written else limit.seconds or _configured(context, limit)
    if seconds is None or context.infer.is_test(source):
        return None
    node: Any = match.node
    stop = deadline_of(context.infer.tree, source, node, on_every_way=True)
    return stop if stop is not None and seconds >= stop.seconds else None


def _configured(context: Context, limit: Limit) -> float | None:
    """The seconds of a kind of wait; None where they are a constant of the project's."""
    group = "http" if limit.kind == "http" else "bigquery"
    settings = context.settings
    value = settings.get(limit.kind, settings.get(group, DEFAULTS[group]))
    return float(value) if isinstance(value, (int, float)) else None


def _rounded(seconds: float) -> float:
    """A number that a person would write, not above the given one."""
    for step in (60, 10, 5, 1):
        if seconds >= 6 * step:
            return int(seconds // step * step)
    return int(seconds) or round(seconds, 2)
