"""What runs where some names are used: the definitions that follow from one another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qw_codemod.python.definitions import Definition, Key

# Bases that call no method of their subclasses by themselves, `__special__` ones aside.
_QUIET = re.compile(
    r"object|ABC|Protocol|Generic|\w*Enum|\w*Flag|NamedTuple|TypedDict|BaseModel|dict|list"
    r"|str|int|tuple|set|\w*(Exception|Error|Warning)|\w*TestCase"
)


@dataclass(frozen=True, slots=True)
class Reachable:
    """Everything that can run; `dynamic` is what of it runs something that no name tells."""

    keys: frozenset[Key]
    dynamic: frozenset[Key]


class Graph:
    """The definitions that one test file can get at.

    A function runs where its name is used, a method where in addition its class, or one that
    inherits it, is in use. `always` are names that are used in any case, `is_quiet` says of a path
    that nothing unknown calls methods there.
    """

    def __init__(
        self,
        definitions: Iterable[Definition],
        always: Iterable[str],
        is_quiet: Callable[[str], bool],
    ) -> None:
        self._always = frozenset(always)
        self._is_quiet = is_quiet
        self._by_name: dict[str, list[Definition]] = {}
        self._methods: dict[tuple[str, str], list[Definition]] = {}
        self._classes: dict[str, list[Definition]] = {}
        self._lines: dict[Key, list[Definition]] = {}
        self._answered: dict[Key, list[tuple[Definition, bool]]] = {}
        self._registered: list[Definition] = []
        for each in definitions:
            if each.key[1]:
                self._methods.setdefault(each.key[:2], []).append(each)
                continue
            self._by_name.setdefault(each.name, []).append(each)
            if each.kind == "class":
                self._classes.setdefault(each.name, []).append(each)
            if each.registered:
                self._registered.append(each)
        self._registered += [
            cls
            for group in self._classes.values()
            for cls in group
            if any(self._has(base, "__init_subclass__") for base in self.line(cls)[1:])
        ]

    def reachable(self, words: Iterable[str]) -> Reachable:
        """What can run where these names are used."""
        known: set[str] = set()
        reached: set[Key] = set()
        dynamic: set[Key] = set()
        awaited: dict[str, list[Definition]] = {}  # methods of classes in use, by name
        beginnings: tuple[str, ...] = ()  # of names that are put together when it runs
        names = [*self._always, *words]
        fresh = [*self._registered]
        while names or fresh:
            while names:
                name = names.pop()
                if name not in known:
                    known.add(name)
                    fresh += self._by_name.get(name, ())
                    fresh += awaited.pop(name, ())
                    if name.endswith("*"):
                        beginnings += (name[:-1],)
                        names += [each for each in awaited if each.startswith(name[:-1])]
            while fresh:
                each = fresh.pop()
                if each.key in reached:
                    continue
                reached.add(each.key)
                dynamic |= {each.key} if each.dynamic else set()
                names += [word for word in each.words if word not in known]
                if each.kind == "class":
                    for method, at_once in self._answers(each):
                        if at_once or method.name in known or method.name.startswith(beginnings):
                            fresh.append(method)
                        else:
                            awaited.setdefault(method.name, []).append(method)
                    reached |= {base.key for base in self.line(each)}
                    for base in self.line(each):
                        names += [word for word in base.words if word not in known]
        return Reachable(frozenset(reached), frozenset(dynamic))

    def _answers(self, cls: Definition) -> list[tuple[Definition, bool]]:
        """The methods that a class answers with, and whether each runs without being named."""
        answers = self._answered.get(cls.key)
        if answers is None:
            answers = self._answered[cls.key] = self._find_answers(cls)
        return answers

    def _find_answers(self, cls: Definition) -> list[tuple[Definition, bool]]:
        line = self.line(cls)
        known = all(
            self._classes.get(base) or _QUIET.fullmatch(base)
            for each in line
            for base in each.bases
        )
        quiet = known or self._is_quiet(cls.key[0])
        found: list[tuple[Definition, bool]] = []
        hidden: set[str] = set()
        for base in line:
            methods = self._methods.get((base.key[0], base.name), ())
            for each in methods:
                if each.name not in hidden:
                    special = each.name.startswith("__") or each.registered
                    found.append((each, special or not quiet))
            hidden |= {each.name for each in methods if not each.calls_super}
        return found

    def line(self, cls: Definition) -> list[Definition]:
        """A class and its bases, nearest first, as far as they are at hand."""
        line = self._lines.get(cls.key)
        if line is None:
            line = self._lines[cls.key] = [cls]
            for each in line:
                for base in each.bases:
                    line += [found for found in self._classes.get(base, ()) if found not in line]
        return line

    def methods(self, cls: Definition) -> list[Definition]:
        """The methods of a class and of its bases, those that it hides as well."""
        return [
            m for base in self.line(cls) for m in self._methods.get((base.key[0], base.name), ())
        ]

    def _has(self, cls: Definition, name: str) -> bool:
        return any(each.name == name for each in self._methods.get((cls.key[0], cls.name), ()))
