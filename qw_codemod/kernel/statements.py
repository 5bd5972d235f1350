"""Facts, doubts and reasons as values; their English is made at the end of a run, by `render`.

The class of a statement says what it states, its fields about what. Code compares classes and
fields, never text. Each class has a `template`, which only `render` reads:

    class Assigned(Statement):
        template = "`{name}` is assigned here"
        name: str

Fields are strings, numbers, None, other statements, and tuples of these. A template shows a tuple
with the text after the colon between its items: `no {missing: and no }`. `{what:an}` puts the right
article before a string, `{path:name}` shows the last part of a path, numbers take the usual
formats, and None is shown as nothing. A field that is a `Place` brings its own preposition, so that
texts can be shown without places.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**options):
        """What type checkers know of `Statement`; the standard library has it from 3.11 on."""
        return lambda cls: cls


_classes: dict[str, type[Statement]] = {}


def _key(cls: type[Statement]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


@dataclass_transform(frozen_default=True)
class Statement:
    """Something that is known, missing or in the way; subclass it to state something else.

    Subclasses are like frozen dataclasses. They are no real ones, because there are hundreds and
    every start of the program would spend a tenth of a second on making them.
    """

    template: ClassVar[str] = ""
    field_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.field_names = tuple(dict.fromkeys((*cls.field_names, *cls.__annotations__)))
        _classes[_key(cls)] = cls

    if not TYPE_CHECKING:

        def __init__(self, *values, **named):
            fields = self.field_names
            if named or len(values) != len(fields):
                values = _bound(type(self), values, named)
            self.__dict__.update(zip(fields, values, strict=True))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of a statement cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} of a statement cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__qualname__}({fields})"


def _bound(cls: type[Statement], values: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    """The values of the fields in order, some of them by name or by default."""
    fields = cls.field_names
    given = dict(zip(fields, values, strict=False))
    if len(values) > len(fields) or given.keys() & named.keys() or named.keys() - {*fields}:
        raise TypeError(f"{cls.__qualname__} has the fields {', '.join(fields) or 'none'}")
    given.update(named)
    missing = [name for name in fields if name not in given and not hasattr(cls, name)]
    if missing:
        raise TypeError(f"{cls.__qualname__} lacks {', '.join(missing)}")
    return [given[name] if name in given else getattr(cls, name) for name in fields]


class Place(Statement):
    """Where something is; the text begins with a blank and a preposition."""


class InLine(Place):
    """A line of the same file."""

    template = " in line {line}"

    line: int  # 1-based


class InFile(Place):
    """A line of another file."""

    template = " in {path:name}:{line}"

    path: str  # absolute; its last part is shown
    line: int


class At(Place):
    """A line of another file, in parentheses."""

    template = " ({path:name}:{line})"

    path: str
    line: int


def render(statement: Statement | None, places: bool = True) -> str:
    """The English of a statement, with or without the places in it; empty for None."""
    if statement is None:
        return ""
    shown = {name: _Shown(getattr(statement, name), places) for name in statement.field_names}
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
        if spec == "name":
            return text.rpartition("/")[2]
        if spec == "an":
            return f"an {text}" if text[:1] in "AEIO" else f"a {text}"
        return text


def classes() -> dict[str, type[Statement]]:
    """Every class of statements that is defined by now, by its full name."""
    return dict(_classes)


def to_json(statement: Statement) -> list[Any]:
    """The class and the fields, for `json.dumps`."""
    values = (getattr(statement, name) for name in statement.field_names)
    return [_key(type(statement)), *map(_field_to_json, values)]


def from_json(row: list[Any]) -> Statement:
    """The statement that `to_json` was given; raises ValueError or TypeError where it is none."""
    name, *values = row
    cls = _classes.get(name) or _imported(name)
    if cls is None:
        raise ValueError(f"no statement is called {name}")
    return cls(*map(_field_from_json, values))


def _imported(name: str) -> type[Statement] | None:
    """The class of that name, of a module that nobody has needed yet in this process.

    Only packages that are imported already are looked into: the engine, and packs of rules.
    """
    module = name
    while name.partition(".")[0] in sys.modules and "." in module:
        module = module.rpartition(".")[0]
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
            return _classes.get(name)
    return None


def _field_to_json(value: Any) -> Any:
    if isinstance(value, Statement):
        return {"statement": to_json(value)}
    return [_field_to_json(each) for each in value] if isinstance(value, tuple) else value


def _field_from_json(value: Any) -> Any:
    if isinstance(value, dict):
        return from_json(value["statement"])
    return tuple(map(_field_from_json, value)) if isinstance(value, list) else value
