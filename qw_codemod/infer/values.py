"""What an expression can hold: a handful of value kinds, each with its chain of facts."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from qw_codemod.infer.statements import TooManyAlternatives
from qw_codemod.kernel.model import Fact
from qw_codemod.kernel.statements import Statement
from qw_codemod.python.module import View

Kind = Literal["list", "tuple", "set", "dict", "iterator"]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Library:
    """A module, class or function from outside the tree, by its dotted name."""

    name: str

    @property
    def last(self) -> str:
        """The name after the last dot."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the tree."""

    view: View


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the tree."""

    view: View
    node: ast.ClassDef

    def __hash__(self) -> int:
        return hash(self.node)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the tree; `receiver` is what its first parameter is bound to, if anything.

    `closure`: the parameters of the functions around it, where a call of those was followed.
    """

    view: View
    node: FunctionNode
    receiver: Instance | Class | None = None
    closure: tuple[tuple[FunctionNode, tuple[tuple[str, ValueSet], ...]], ...] = ()

    def __hash__(self) -> int:
        return hash((self.node, self.receiver))  # closures nest deeply, and seldom tell apart


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class; `exact`: built by this very class, not by one derived from it."""

    of: Library | Class
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Super:
    """What `super()` gives in a method: its attributes are looked for past the method's class."""

    past: Class
    receiver: Instance | Class


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a library object, not called yet."""

    receiver: Library
    name: str


@dataclass(frozen=True, slots=True)
class Container:
    """A list, tuple, set, dict or iterator; `element` is what iterating, or a dict's values, give.

    `slots` are the values of a tuple one by one and `named` those of a dict's constant keys, where
    they are known; `keys` are a dict's keys.
    """

    kind: Kind
    element: ValueSet
    slots: tuple[ValueSet, ...] | None = None
    keys: ValueSet = ()
    named: tuple[tuple[object, ValueSet], ...] = ()
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        found = self._hash
        if not found:  # containers of containers are asked for it by each union
            elements = (self.element, self.slots, self.keys, self.named)
            found = hash((self.kind, *elements)) or 1
            object.__setattr__(self, "_hash", found)
        return found


@dataclass(frozen=True, slots=True)
class ContainerMethod:
    """A method of a container or a future, not called yet."""

    of: Container | Future
    name: str

    @property
    def kind(self) -> str:
        """What it is called in a report."""
        return f"method:{self.name}"


@dataclass(frozen=True, slots=True)
class Record:
    """An object with these attributes, and with places if it is a named tuple."""

    kind: ClassVar[str] = "record"

    named: tuple[tuple[object, ValueSet], ...]
    slots: tuple[ValueSet, ...] | None = None

    @property
    def element(self) -> ValueSet:
        """What iterating gives."""
        return union(self.slots or ())

    def __hash__(self) -> int:
        return hash(self.named)  # the slots hold the same


@dataclass(frozen=True, slots=True)
class RecordType:
    """The class of records with these fields."""

    kind: ClassVar[str] = "recordtype"

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Awaitable:
    """Something whose `await` gives the result."""

    kind: ClassVar[str] = "awaitable"

    result: ValueSet


@dataclass(frozen=True, slots=True)
class Future:
    """Something whose `await` or `result()` gives the result."""

    kind: ClassVar[str] = "future"

    result: ValueSet


@dataclass(frozen=True, slots=True)
class ContextManager:
    """Something whose `with` binds the target."""

    kind: ClassVar[str] = "context"

    target: ValueSet


@dataclass(frozen=True, slots=True)
class AnyCallable:
    """A callable of which only the result is known."""

    kind: ClassVar[str] = "callable"

    result: ValueSet


@dataclass(frozen=True, slots=True)
class AnyClass:
    """`type[C]`: a class of which only the objects are known."""

    kind: ClassVar[str] = "type"

    objects: ValueSet


@dataclass(frozen=True, slots=True)
class Nothing:
    """None."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be told, with the reason.

    `open`: nothing at all speaks of it, as of a parameter that nobody passes; so its name may.
    """

    reason: Statement
    open: bool = False


Compound = (  # values that hold others
    Container
    | ContainerMethod
    | Record
    | RecordType
    | Awaitable
    | Future
    | ContextManager
    | AnyCallable
    | AnyClass
)
Value = (
    Library | Module | Class | Function | Instance | Super | Method | Compound | Nothing | Unknown
)


@dataclass(frozen=True, slots=True)
class Inferred:
    """One value, the facts that lead to it, and what keeps it from being proven (if anything)."""

    value: Value
    facts: tuple[Fact, ...] = ()
    doubt: Statement | None = None


ValueSet = tuple[Inferred, ...]

MANY = 12  # more alternatives than this tell nothing


def known(value: Value, *facts: Fact) -> ValueSet:
    """That it is this one value."""
    return (Inferred(value, facts),)


def unknown(reason: Statement, *facts: Fact, open: bool = False) -> ValueSet:
    """That nothing is known, and why."""
    return (Inferred(Unknown(reason, open), facts),)


def union(parts: Iterable[ValueSet]) -> ValueSet:
    """All alternatives; of equal values the first facts stay, and any doubt."""
    filled = [part for part in parts if part]
    if len(filled) == 1 and len(filled[0]) == 1:
        return filled[0]
    merged: dict[Value, Inferred] = {}
    for part in filled:
        for each in part:
            other = merged.get(each.value)
            if other is None:
                merged[each.value] = each
            elif each.doubt and not other.doubt:
                merged[each.value] = replace(other, doubt=each.doubt)
    if len(merged) > MANY:
        return (*list(merged.values())[:MANY], Inferred(Unknown(TooManyAlternatives())))
    return tuple(merged.values())


def because(held: ValueSet, fact: Fact) -> ValueSet:
    """The same values with one more fact in front of the chain."""
    return tuple(replace(p, facts=(fact, *p.facts)) for p in held)


def doubted(held: ValueSet, doubt: Statement) -> ValueSet:
    """The same values, no longer certain."""
    return tuple(p if p.doubt else replace(p, doubt=doubt) for p in held)


def is_unknown(held: ValueSet) -> bool:
    """Whether no alternative tells anything (None aside)."""
    return all(isinstance(p.value, (Unknown, Nothing)) for p in held)


def is_vague(held: ValueSet) -> bool:
    """Whether nothing is told but a kind: `list`, `dict[str, Any]`, `Callable`, `Future[Any]`.

    Of a tuple, whether something in it is not told: `tuple[str, object]`.
    """
    for p in held:
        value = p.value
        if isinstance(value, Container):
            if any(map(is_vague, value.slots or ())):
                continue
            inner = value.element
        elif isinstance(value, Awaitable | Future | AnyCallable):
            inner = value.result
        elif isinstance(value, ContextManager):
            inner = value.target
        elif isinstance(value, AnyClass):
            inner = value.objects
        elif isinstance(value, Unknown | Nothing):
            continue
        else:
            return False
        if not is_vague(inner):
            return False
    return True
