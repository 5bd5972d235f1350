"""Which argument of a call reaches which parameter; each is looked at only when asked for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from qw_codemod.infer import statements as says
from qw_codemod.infer.values import (
    Container,
    FunctionNode,
    ValueSet,
    known,
    union,
    unknown,
)

Look = Callable[[], ValueSet]


@dataclass(frozen=True)
class Arguments:
    """What a call passes.

    `open`: `*` or `**` may pass more than can be told; `rest` is what the items behind `*` hold.
    `constants` are the literal values of the positional arguments, where they are literals.
    """

    positional: tuple[Look, ...] = ()
    named: Mapping[str, Look] = field(default_factory=dict)
    open: bool = False
    rest: tuple[Look, ...] = ()
    constants: tuple[object, ...] = ()

    @property
    def second(self) -> object:
        """The literal value of the second positional argument; None if it is no literal."""
        return self.constants[1] if len(self.constants) > 1 else None

    def first(self) -> ValueSet:
        """The first positional argument."""
        return self.positional[0]() if self.positional else ()

    def at(self, position: int, name: str) -> ValueSet:
        """The argument at that position (from 0) or of that name; nothing where there is none."""
        if position < len(self.positional):
            return self.positional[position]()
        look = self.named.get(name)
        return look() if look else ()

    def after(self, count: int) -> Arguments:
        """The same without the first positional ones."""
        constants = self.constants[count:]
        return Arguments(self.positional[count:], self.named, self.open, self.rest, constants)


def _constant(held: ValueSet) -> Look:
    return lambda: held


def bind(
    node: FunctionNode,
    arguments: Arguments,
    default: Callable[[ast.expr], ValueSet],
    receiver: ValueSet | None = None,
) -> dict[str, Look]:
    """What each parameter of a function gets in one call; `default` tells what a default holds."""
    spec = node.args
    bound: dict[str, Look] = {}
    positional = list(arguments.positional)
    if receiver is not None:
        positional.insert(0, _constant(receiver))
    names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
    bound.update(zip(names, positional, strict=False))
    rest = positional[len(names) :]
    if spec.vararg is not None:
        more = [*rest, *arguments.rest]
        bound[spec.vararg.arg] = _gathered(more, arguments.open, bool(arguments.rest))
    taken = {*names, *(each.arg for each in spec.kwonlyargs)}
    for name, look in arguments.named.items():
        if name in taken:
            bound[name] = look
    if spec.kwarg is not None:
        others = {name: look for name, look in arguments.named.items() if name not in taken}
        bound[spec.kwarg.arg] = _gathered_by_name(others, arguments.open)
    for name, value in _defaults(node):
        if name not in bound:
            bound[name] = _either(value, default, arguments.open)
    if arguments.open:
        for name in taken:
            bound.setdefault(name, lambda: unknown(says.BehindStar("*")))
    return bound


def _either(value: ast.expr, default: Callable[[ast.expr], ValueSet], may_be_passed: bool) -> Look:
    if not may_be_passed:
        return lambda: default(value)
    return lambda: union([default(value), unknown(says.BehindStar("*"))])


def _defaults(node: FunctionNode) -> Iterable[tuple[str, ast.expr]]:
    spec = node.args
    names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
    yield from zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=False)
    for each, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=False):
        if value is not None:
            yield each.arg, value


def _gathered(rest: list[Look], is_open: bool, told: bool) -> Look:
    def look() -> ValueSet:
        slots = tuple(each() for each in rest)
        if told:
            return known(Container("tuple", union(slots)))
        if is_open:
            return known(Container("tuple", union([*slots, unknown(says.BehindStar("*"))])))
        return known(Container("tuple", union(slots), slots))

    return look


def _gathered_by_name(more: Mapping[str, Look], is_open: bool) -> Look:
    def look() -> ValueSet:
        named = tuple((name, each()) for name, each in more.items())
        element = union(held for _, held in named)
        if is_open:
            element = union([element, unknown(says.BehindStar("**"))])
            named = ()
        return known(Container("dict", element, None, (), named))

    return look
