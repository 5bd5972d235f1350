"""Models of libraries: what each tells inference, and what all of them tell together.

Whoever makes an `Inference` hands it the models; nothing registers itself. What a call gives is
written in a small notation: a result is `some.dotted.Class`, or `kind[result]` with the kinds
iterator, list, context (what `with` gives), awaitable, future; `self` is the receiver, `none` is
None, `?` is unknown.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from qw_codemod.infer import statements as says
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    Awaitable,
    Container,
    ContextManager,
    FunctionNode,
    Future,
    Instance,
    Library,
    Nothing,
    Value,
    ValueSet,
    known,
    unknown,
)
from qw_codemod.kernel.statements import Statement
from qw_codemod.python.module import View

_KINDS: dict[str, Callable[[ValueSet], Value]] = {
    "awaitable": Awaitable,
    "context": ContextManager,
    "future": Future,
    "iterator": partial(Container, "iterator"),
    "list": partial(Container, "list"),
}
Gives = Callable[[Arguments, Infer], ValueSet]
HandsOn = Callable[[ast.Call, ast.expr, View, Infer], Arguments | None]
GivesParameter = Callable[[FunctionNode, ast.arg, View, Infer], ValueSet | None]


@dataclass(frozen=True, slots=True)
class Clue:
    """What may tell of a receiver that is not known: its name, and the method that is used.

    `untold`: nothing at all is known of it, not even what gave it. `is_near` says whether a word
    stands in a file that can run in one program with this one.
    """

    receiver: str
    method: str
    view: View
    untold: bool
    is_near: Callable[[str], bool]


Guess = Callable[[Clue], tuple[str, Statement] | None]


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of one library; names are dotted.

    `aliases`: other names of the same thing. `functions`, `methods` and `attributes` say in the
    notation what they give, `calls` and `method_calls` compute it from what is passed. `hands_on`:
    what a function that is passed gets when it is called. `classes` are known though no method of
    theirs matters. Regular expressions of decorators: those after which a call still gives what the
    function returns (`transparent`), those that make a context manager or a property.
    A method `*` stands for all that are not named; `by_name` is what a call of a method may give
    whose name is not spelled out. `doubles`: the packages whose objects stand in for others in
    tests.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    methods: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    by_name: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, Gives] = field(default_factory=dict)
    method_calls: Mapping[tuple[str, str], Gives] = field(default_factory=dict)
    hands_on: Mapping[str, HandsOn] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()
    transparent: str = ""
    contexts: str = ""
    properties: str = ""
    doubles: tuple[str, ...] = ()
    parameter_of_test: GivesParameter | None = None
    guess: Guess | None = None


class Models:
    """All models together; of what two of them say, the first counts."""

    def __init__(self, models: Iterable[Model]) -> None:
        ordered = tuple(models)
        last_first = ordered[::-1]
        self._aliases = {k: v for each in last_first for k, v in each.aliases.items()}
        self._functions = {k: v for each in last_first for k, v in each.functions.items()}
        self._methods = {k: v for each in last_first for k, v in each.methods.items()}
        self._attributes = {k: v for each in last_first for k, v in each.attributes.items()}
        self._by_name = {k: v for each in last_first for k, v in each.by_name.items()}
        self._calls = {k: v for each in last_first for k, v in each.calls.items()}
        self._method_calls = {k: v for each in last_first for k, v in each.method_calls.items()}
        self._hands_on = {k: v for each in last_first for k, v in each.hands_on.items()}
        self._classes = {*self._methods, *(cls for each in ordered for cls in each.classes)}
        self._contexts = _any_of(each.contexts for each in ordered)
        self._properties = _any_of(each.properties for each in ordered)
        self._transparent = _any_of(each.transparent for each in ordered)
        self._doubles = tuple(f"{name}." for each in ordered for name in each.doubles)
        self._parameters = [each.parameter_of_test for each in ordered if each.parameter_of_test]
        self._guesses = [each.guess for each in ordered if each.guess]

    def canonical(self, name: str) -> str:
        """The name under which the models know a library object."""
        return self._aliases.get(name, name)

    def has(self, cls: str) -> bool:
        """Whether a library class is known."""
        return self.canonical(cls) in self._classes

    def attribute(self, cls: str, name: str) -> ValueSet:
        """What an attribute of a library class holds."""
        notation = self._attributes.get(self.canonical(cls), {}).get(name)
        return self._read(notation) if notation else ()

    def by_name(self, cls: Library) -> ValueSet:
        """What a call of a method may give whose name is not spelled out."""
        notation = self._by_name.get(self.canonical(cls.name))
        return self._read(notation) if notation else ()

    def call(self, name: str, arguments: Arguments, infer: Infer) -> ValueSet | None:
        """What a call of a function gives."""
        gives = self._calls.get(name)
        if gives is not None:
            return gives(arguments, infer)
        notation = self._functions.get(name)
        return self._read(notation) if notation else None

    def method(
        self, cls: Library, name: str, arguments: Arguments, infer: Infer
    ) -> ValueSet | None:
        """What a call of a method gives."""
        gives = self._method_calls.get((cls.name, name))
        if gives is not None:
            return gives(arguments, infer)
        methods = self._methods.get(cls.name, {})
        notation = methods.get(name, methods.get("*"))
        return self._read(notation, cls) if notation else None

    def handed_on(
        self, name: str, call: ast.Call, function: ast.expr, view: View, infer: Infer
    ) -> Arguments | None:
        """What `function`, an argument of the call, will be called with."""
        hands_on = self._hands_on.get(name)
        return hands_on(call, function, view, infer) if hands_on else None

    def parameter_of_test(
        self, function: FunctionNode, argument: ast.arg, view: View, infer: Infer
    ) -> ValueSet:
        """What a parameter in a test suite is given."""
        for gives in self._parameters:
            found = gives(function, argument, view, infer)
            if found is not None:
                return found
        return unknown(says.ParameterOfTest())

    def guess(self, clue: Clue) -> tuple[str, Statement] | None:
        """The class that an unknown receiver may be, and why."""
        guesses = (guess(clue) for guess in self._guesses)
        return next((found for found in guesses if found is not None), None)

    def passes_through(self, decorator: str) -> bool:
        """Whether a decorator leaves it to the program when, and with what, its function runs."""
        return (
            self._transparent.fullmatch(decorator) is not None
            or self.makes_context(decorator)
            or self.makes_property(decorator)
        )

    def makes_context(self, decorator: str) -> bool:
        """Whether a decorator makes a context manager of a generator."""
        return self._contexts.fullmatch(decorator) is not None

    def makes_property(self, decorator: str) -> bool:
        """Whether a decorator makes a property of a method."""
        return self._properties.fullmatch(decorator) is not None

    def is_double(self, cls: str) -> bool:
        """Whether objects of a class stand in for others in tests."""
        return cls.startswith(self._doubles)

    def _read(self, notation: str, receiver: Library | None = None) -> ValueSet:
        if notation == "self" and receiver is not None:
            return known(Instance(receiver))
        if notation == "none":
            return known(Nothing())
        if notation == "?":
            return unknown(says.ResultOfLibrary())
        kind, bracket, rest = notation.partition("[")
        if bracket:
            return known(_KINDS[kind](self._read(rest[:-1], receiver)))
        return known(Instance(Library(self.canonical(notation))))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """What matches one of them; of none, nothing."""
    return re.compile("|".join(f"(?:{each})" for each in patterns if each) or r"(?!)")
