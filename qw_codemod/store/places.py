"""Places in a remembered report, put where their lines are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from qw_codemod.kernel.model import Fact, Outcome
from qw_codemod.kernel.statements import At, InFile

Moves = Mapping[str, Mapping[int, int]]  # by file: where each line of code is now

_Value = TypeVar("_Value")
_Place = TypeVar("_Place", At, Fact, InFile)


class _Lost(Exception):
    """A line is gone, or nobody can say whose it is."""


def relocated(outcome: Outcome, moved: Moves) -> Outcome | None:
    """The outcome with its facts where they are now; None where one cannot be found again."""
    names = {path.rpartition("/")[2]: lines for path, lines in moved.items()}
    try:
        return _relocated(outcome, moved, names)
    except _Lost:
        return None


def _relocated(value: _Value, moved: Moves, names: Moves) -> _Value:
    found: Any = value
    if isinstance(value, (At, InFile)):
        found = _moved(found, moved)
    elif isinstance(value, Fact):
        found = replace(_moved(found, moved), what=_relocated(value.what, moved, names))
        found = value if found == value else found
    elif isinstance(value, tuple):
        parts = tuple(_relocated(each, moved, names) for each in value)
        if any(new is not old for new, old in zip(parts, value, strict=True)):
            found = parts
    elif isinstance(value, str):
        if any(f"{name}:" in value for name in names):
            raise _Lost
    elif is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for each in fields(value):
            old = getattr(value, each.name)
            new = _relocated(old, moved, names)
            if new is not old:
                changed[each.name] = new
        if changed:
            found = replace(value, **changed)
    result: _Value = found
    return result


def _moved(place: _Place, moved: Moves) -> _Place:
    lines = moved.get(place.path)
    if lines is None or lines.get(place.line) == place.line:
        return place
    if place.line not in lines:
        raise _Lost
    return replace(place, line=lines[place.line])
