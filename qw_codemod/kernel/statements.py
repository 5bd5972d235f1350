"""Facts, doubts and reasons as values; their English is made at the end of a run, by `render`.

A statement is a small frozen dataclass: its class says what it states, its fields about what. Code
compares classes and fields, never text. Each class has a `template`, which only `render` reads:

    @dataclass(frozen=True, slots=True)
    class Assigned(Statement):
        template = "`{name}` is assigned here"
        name: str

Fields are strings, numbers, None, other statements, and tuples of these. A template shows a tuple
with the text after the colon between its items: `no {missing: and no }`. `{what:an}` puts the right
article before a string, numbers take the usual formats, and None is shown as nothing. A field that
is a `Place` brings its own preposition, so that texts can be shown without places.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

_classes: dict[str, type[Statement]] = {}


def _key(cls: type[Statement]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that is known, missing or in the way; subclass it to state something else."""

    template: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        _classes[_key(cls)] = cls


@dataclass(frozen=True, slots=True)
class Place(Statement):
    """Where something is; the text begins with a blank and a preposition."""


@dataclass(frozen=True, slots=True)
class InLine(Place):
    """A line of the same file."""

    template = " in line {line}"

    line: int  # 1-based


@dataclass(frozen=True, slots=True)
class InFile(Place):
    """A line of another file."""

    template = " in {name}:{line}"

    path: str  # absolute; its last part is shown
    line: int


@dataclass(frozen=True, slots=True)
class At(Place):
    """A line of another file, in parentheses."""

    template = " ({name}:{line})"

    path: str
    line: int


def render(statement: Statement | None, places: bool = True) -> str:
    """The English of a statement, with or without the places in it; empty for None."""
    if statement is None:
        return ""
    values = {each.name: getattr(statement, each.name) for each in fields(statement)}
    if isinstance(statement, (At, InFile)):
        values["name"] = statement.path.rpartition("/")[2]
    shown = {name: _Shown(value, places) for name, value in values.items()}
    return type(statement).template.format(**shown)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The value of a field as a template formats it."""

    value: Any
    places: bool

    def __format__(self, spec: str) -> str:
        value = self.value
        if isinstance(value, tuple):
            return spec.join(format(_Shown(each, self.places), "") for each in value)
        if value is None or isinstance(value, Place) and not self.places:
            return ""
        if isinstance(value, (int, float)):
            return format(value, spec)
        text = render(value, self.places) if isinstance(value, Statement) else str(value)
        if spec == "an":
            return f"an {text}" if text[:1] in "AEIO" else f"a {text}"
        return text


def classes() -> dict[str, type[Statement]]:
    """Every class of statements that is defined by now, by its full name."""
    return dict(_classes)


def to_json(statement: Statement) -> list[Any]:
    """The class and the fields, for `json.dumps`."""
    values = (getattr(statement, each.name) for each in fields(statement))
    return [_key(type(statement)), *map(_field_to_json, values)]


def from_json(row: list[Any]) -> Statement:
    """The statement that `to_json` was given; raises ValueError or TypeError where it is none."""
    name, *values = row
    cls = _classes.get(name)
    if cls is None:
        raise ValueError(f"no statement is called {name}")
    return cls(*map(_field_from_json, values))


def _field_to_json(value: Any) -> Any:
    if isinstance(value, Statement):
        return {"statement": to_json(value)}
    return [_field_to_json(each) for each in value] if isinstance(value, tuple) else value


def _field_from_json(value: Any) -> Any:
    if isinstance(value, dict):
        return from_json(value["statement"])
    return tuple(map(_field_from_json, value)) if isinstance(value, list) else value
