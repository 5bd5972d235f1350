"""The longest time that the code around a wait allows for such waits, in whatever words it does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from qw_codemod.analysis.numbers import number_of
from qw_codemod.analysis.units.shown_imports import file_of
from qw_codemod.infer import Class, Function, Inference, Unknown
from qw_codemod.kernel.statements import InFile, InLine
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import imports_of
from qw_codemod.python.syntax import last_name, scope_of

from .statements import SaidElsewhere

_TIMEOUT = frozenset({"timeout", "timeouts"})
_SECONDS = frozenset({"s", "sec", "secs", "second", "seconds"})
_OF_NOTHING_ELSE = frozenset({"default"})
_HOLD = (b"timeout", b"TIMEOUT", b"Timeout")
_OF_SOMETHING_ELSE = 900  # seconds: hardly any single request is meant by more


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of waits: those of a file, what names speak of it, and calls that look like it."""

    found: Callable[[SourceFile], Iterable[ast.AST]]
    words: frozenset[str]
    is_alike: Callable[[ast.Call], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """A number that a name with the word timeout is given; `is_meant`: for waits of the kind."""

    seconds: float
    is_meant: bool
    why: SaidElsewhere

    @property
    def number(self) -> float:
        """The seconds as a person writes them."""
        return int(self.seconds) if self.seconds == int(self.seconds) else self.seconds


@dataclass(frozen=True, slots=True)
class _Naming:
    """A name or a key, the number that it is given, and what gives it."""

    name: str
    value: ast.expr
    node: ast.AST


class LongerLimits:
    """What is said around the waits of one file."""

    def __init__(self, source: SourceFile, infer: Inference, kind: Kind) -> None:
        self._home = source
        self._infer = infer
        self._kind = kind

    def above(self, node: ast.AST, seconds: float) -> Said | None:
        """The longest limit around a wait, where it is longer than some seconds.

        What is nearest counts: the class and its bases, else the module, else its package.
        """
        for said in (self._in_class, self._in_module, self._in_package):
            found = [each for each in said(node) if each.is_meant or each.seconds > seconds]
            counted = [each for each in found if each.is_meant] or found
            if counted:
                longest = max(counted, key=lambda each: each.seconds)
                return longest if longest.seconds > seconds else None
        return None

    # -- where it is looked for -------------------------------------------------------------------

    def _in_class(self, node: ast.AST) -> Iterator[Said]:
        cls = next((n for n in self._home.ancestors(node) if isinstance(n, ast.ClassDef)), None)
        if cls is None:
            return
        around = _words_around(self._home, node)
        for each in self._infer.hierarchy.mro(Class(self._infer.view(self._home), cls)):
            if isinstance(each, Class) and _speaks(each.view.source):
                source = each.view.source
                namings = (n for n in _namings(source) if each.node in source.ancestors(n.node))
                kept = (n for n in namings if _lasts(source, n, ast.ClassDef))
                yield from self._said(source, kept, around)

    def _in_module(self, node: ast.AST) -> Iterator[Said]:
        source = self._home
        around = _words_around(source, node)
        if _speaks(source):
            kept = (each for each in _namings(source) if _lasts(source, each, ast.Module))
            yield from self._said(source, kept, around)
        for each in imports_of(source.tree):
            if _means_timeout(each.name):
                path = file_of(self._infer.tree, each, source.path)
                yield from self._of_constants(path, around, each.name)

    def _in_package(self, node: ast.AST) -> Iterator[Said]:
        around = _words_around(self._home, node)
        marker = self._infer.tree.relative("", 1, self._home.path)
        if marker and marker != self._home.path:
            yield from self._of_constants(marker, around)

    def _of_constants(self, path: str, around: frozenset[str], name: str = "") -> Iterator[Said]:
        """What a module says outside of its functions and classes, by a name or by any."""
        view = self._infer.tree.view(path) if path else None
        if view is None or not _speaks(view.source):
            return
        source = view.source
        namings = (
            each
            for each in _namings(source)
            if isinstance(scope_of(source, each.node), ast.Module) and name in ("", each.name)
        )
        yield from self._said(source, namings, around)

    def _said(
        self, source: SourceFile, namings: Iterable[_Naming], around: frozenset[str]
    ) -> Iterator[Said]:
        reader: _Reader | None = None
        for naming in namings:
            reader = reader or _Reader(source, self._infer, self._kind, around)
            seconds = reader.seconds(naming.value)
            is_meant = None if seconds is None else reader.is_meant(naming, seconds)
            if seconds is None or is_meant is None:
                continue
            line: int = naming.value.lineno
            is_here = source.path == self._home.path
            place = InLine(line) if is_here else InFile(source.path, line)
            yield Said(seconds, is_meant, SaidElsewhere(naming.name, place, f"{seconds:g}"))


class _Reader:
    """Reads what one file says for a wait with these words around it."""

    def __init__(
        self, source: SourceFile, infer: Inference, kind: Kind, around: frozenset[str]
    ) -> None:
        self._source = source
        self._infer = infer
        self._kind = kind
        self._plain = _TIMEOUT | _SECONDS | _OF_NOTHING_ELSE | kind.words | around

    @cached_property
    def _waits(self) -> set[ast.AST]:
        return {*self._kind.found(self._source)}

    def is_meant(self, naming: _Naming, seconds: float) -> bool | None:
        """Whether a number is for waits of the kind.

        False: that is not seen. None: it is for something else.
        """
        is_short = seconds <= _OF_SOMETHING_ELSE
        around = self._source.parent(naming.node)
        if isinstance(around, ast.Call) and last_name(around) != "dict":
            return self._is_of(around, is_short) or None
        if isinstance(naming.node, (ast.keyword, ast.Constant)):  # of a table
            holder = self._holder(naming.node)
            is_plain = self._is_plain(f"{holder}_{naming.name}")
            return is_plain if holder and is_short else None
        is_plain = self._is_plain(naming.name)
        used = [self._is_used(node, is_short) for node in self._uses(naming)]
        if True in used:
            return True
        if isinstance(naming.node, ast.arg) or used and (None not in used or not is_plain):
            return None  # who wrote it has not used it for such a wait
        return is_plain if is_short else None

    def _holder(self, key: ast.AST) -> str:
        """The name of the table that a key stands in; empty where it is made for a call."""
        around = self._source.parent(key)
        while isinstance(around, ast.Dict) or last_name(around or key) == "dict":
            around = self._source.parent(around) if around is not None else None
        target = around.targets[0] if isinstance(around, ast.Assign) else None
        return dotted(target) if target is not None else ""

    def _uses(self, naming: _Naming) -> Iterator[ast.expr]:
        """Where the file reads what has that name; of an argument, where its function does."""
        view = self._infer.tree.module(self._source.path)
        if view is None or isinstance(naming.node, ast.Constant):
            return  # a key
        source = self._source
        function = source.parent(source.parent(naming.node) or source.tree)
        is_local = isinstance(naming.node, ast.arg) and function is not None
        for node in view.uses(naming.name):
            if not is_local or function in {*source.ancestors(node)}:
                yield node

    def _is_used(self, node: ast.expr, is_short: bool) -> bool | None:
        """Whether a name is read for such a wait; None where it is not known."""
        around = self._source.parent(node)
        keyword = around.arg if isinstance(around, ast.keyword) else None
        call = self._source.parent(around) if isinstance(around, ast.keyword) else around
        if isinstance(call, ast.Compare) or not self._is_plain(keyword or ""):
            return False
        if not isinstance(call, ast.Call) or node is call.func:
            return None
        return self._is_of(call, is_short)

    def _is_plain(self, name: str) -> bool:
        """Whether a name says nothing but that it is the timeout of such a wait."""
        return {*words(name)} <= self._plain

    def _is_of(self, call: ast.Call, is_short: bool) -> bool | None:
        """Whether a call waits so, or may, for a short time; None where it is not known."""
        if call in self._waits:
            return True
        held = [each.value for each in self._infer.holds(self._source, call.func)]
        if held and not any(isinstance(each, (Unknown, Function)) for each in held):
            return False
        return True if is_short and self._kind.is_alike(call) else None

    def seconds(self, node: ast.expr) -> float | None:
        """The number that is given, of several the largest: of a pair, or an object of limits."""
        parts: list[ast.expr] = [node]
        if isinstance(node, ast.Tuple):
            parts = node.elts
        elif isinstance(node, ast.Call):  # ClientTimeout(total=60), int(os.environ.get("X", 60))
            parts = [each for each in ast.walk(node) if isinstance(each, ast.Constant)]
        found = [_number(each) or number_of(self._source, self._infer, each) for each in parts]
        return max((each for each in found if each is not None), default=None)


def _number(node: ast.expr) -> float | None:
    """A number in quotes, as the environment would give it."""
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if isinstance(value, str) and value.isdecimal() else None


def _speaks(source: SourceFile) -> bool:
    return any(each in source.data for each in _HOLD)


def _means_timeout(name: str) -> bool:
    found = words(name)
    while found and found[-1] in _SECONDS:
        found = found[:-1]
    return bool(found) and found[-1] in _TIMEOUT


def _namings(source: SourceFile) -> Iterator[_Naming]:
    """The names and keys of a file that have the word timeout, with what they are given."""
    for node in source.nodes(ast.Assign):
        for target in node.targets:
            yield from _naming(last_name(target), node.value, node)
    for annotated in source.nodes(ast.AnnAssign):
        if annotated.value is not None:
            yield from _naming(last_name(annotated.target), annotated.value, annotated)
    for keyword in source.nodes(ast.keyword):
        yield from _naming(keyword.arg or "", keyword.value, keyword)
    for table in source.nodes(ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield from _naming(key.value, value, key)
    for spec in source.nodes(ast.arguments):
        plain = [*spec.posonlyargs, *spec.args]
        given = zip(plain[len(plain) - len(spec.defaults) :], spec.defaults, strict=True)
        for argument, default in (*given, *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)):
            if default is not None:
                yield from _naming(argument.arg, default, argument)


def _lasts(source: SourceFile, naming: _Naming, scope: type[ast.Module | ast.ClassDef]) -> bool:
    """Whether something is said in a class or a module itself, on `self`, or in a call there."""
    if isinstance(naming.node, ast.arg):
        return True
    if isinstance(naming.node, ast.keyword):
        call = source.parent(naming.node)
        if isinstance(call, ast.Call) and last_name(call) != "dict":
            return True
    if isinstance(scope_of(source, naming.node), scope):
        return True
    targets = naming.node.targets if isinstance(naming.node, ast.Assign) else []
    return scope is ast.ClassDef and any(dotted(each).startswith("self.") for each in targets)


def _naming(name: str, value: ast.expr, node: ast.AST) -> Iterator[_Naming]:
    if _means_timeout(name):
        yield _Naming(name, value, node)


def _words_around(source: SourceFile, node: ast.AST) -> frozenset[str]:
    """The words of what a call is made by and on: its function, its class, its receiver."""
    named = [dotted(node.func)] if isinstance(node, ast.Call) else []
    named += [
        each.name
        for each in source.ancestors(node)
        if isinstance(each, (*FUNCTIONS[:2], ast.ClassDef))
    ]
    return frozenset(word for name in named for word in words(name))
