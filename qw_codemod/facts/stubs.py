"""What a test file says about its mocks: what replaces them, what they give, how they are used."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from qw_codemod.facts.fakes import (
    Expression,
    FakeClass,
    FakeReader,
    Function,
    given_keywords,
    name_of,
)
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import ScopeNode, dotted
from qw_codemod.python.module import View
from qw_codemod.python.syntax import definition_of

# A test file without any of these stubs nothing.
SIGNS = (
    *("Mock", "mock", "patch", "Fake", "fake", "Stub", "stub", "Dummy", "dummy"),
    *("SimpleNamespace", "class ", "lambda", "assert_", "return_value", "side_effect", "call_args"),
)
Trail = tuple[str, ...]
Kind = Literal["replaced", "effect", "returns", "called", "used", "unused", "spec"]

STATUS = ("status_code", "status", "code")  # what an answer has its HTTP status under
ANYWHERE: Trail = ("?",)  # where nobody can tell what a mock stands for
_MOCKS = frozenset(
    "Mock MagicMock AsyncMock NonCallableMock NonCallableMagicMock PropertyMock create_autospec "
    "SimpleNamespace".split()
)
_SETTINGS = frozenset(
    "name wraps autospec new new_callable create unsafe spec spec_set instance target attribute "
    "return_value side_effect".split()
)
_ASSERTS = frozenset(
    "assert_called_with assert_called_once_with assert_any_call assert_awaited_with "
    "assert_awaited_once_with assert_any_await".split()
)
_CALLED = frozenset(
    "called call_count call_args call_args_list mock_calls method_calls await_args await_count "
    "await_args_list".split()
)


@dataclass(frozen=True, slots=True)
class Stub:
    """One thing that a test says about a mock.

    `trail` leads to it, `client.query.return_value.result` being `("client", "query()", "result")`.
    `replaced`: it is the value itself. `effect`: the value is called in its place, or gives what it
    returns in turn; `gives` are the elements of a list that the value is the name of. `returns`:
    the value is what the call at the end of the trail gives. `called`: it is compared with a call
    that has these `keywords` (None: any). `used`, `unused`: the test looks whether it was called,
    or that it was not. `spec`: a list of all its attributes is written in that line.
    """

    trail: Trail
    kind: Kind
    line: int = field(repr=False)  # 1-based
    value: Expression | None = None
    keywords: tuple[str, ...] | None = None
    gives: tuple[Expression, ...] = ()
    owner: str = ""  # the function or class around it, as `Suite.test_it`
    in_turn: bool = False  # "returns": the value is one of a list, each given once


@dataclass(frozen=True, slots=True)
class Line:
    """A line that says something by itself."""

    owner: str
    line: int = field(repr=False)  # 1-based


@dataclass(frozen=True, slots=True)
class Status:
    """A status that a test writes down for an answer."""

    number: int
    line: int = field(repr=False)  # 1-based
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """What one test file says about test doubles; plain values, which can be stored."""

    stubs: tuple[Stub, ...] = ()
    functions: tuple[Function, ...] = ()
    classes: tuple[FakeClass, ...] = ()
    statuses: tuple[Status, ...] = ()
    sleeps: tuple[Line, ...] = ()  # where a `sleep` is replaced
    bound: tuple[tuple[Expression, ...], ...] = ()  # what names stand for, see `Expression`


def _may_hold_doubles(data: bytes) -> bool:
    return any(sign.encode() in data for sign in SIGNS)


def rows_of(source: SourceFile) -> Rows:
    """The rows of one test file, which depend on its bytes alone; raises UnreadableSource.

    Their `repr` leaves out the lines: what an answer depends on that follows where they are.
    """
    view = View(source)
    fakes = FakeReader(view)
    reader = _StubReader(view, fakes) if _may_hold_doubles(source.data) else None
    owners = _owners(source)
    stubs = [replace(each, owner=owners[each.line]) for each in reader.stubs] if reader else []
    sleeps = [Line(owners[each], each) for each in sorted(reader.sleeps)] if reader else []
    functions, classes = tuple(fakes.functions()), tuple(fakes.classes())
    statuses = [replace(each, owner=owners[each.line]) for each in _statuses(source)]
    return Rows(tuple(stubs), functions, classes, tuple(statuses), tuple(sleeps), fakes.bound())


def _owners(source: SourceFile) -> list[str]:
    """The innermost function or class of each line, by its number; decorators are part of it."""
    found = [""] * (len(source.line_starts) + 2)
    waiting: list[tuple[ast.AST, str]] = [(source.tree, "")]
    while waiting:
        node, owner = waiting.pop()
        for child in ast.iter_child_nodes(node):
            name = owner
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = f"{owner}.{child.name}".lstrip(".")
                first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
                last = child.end_lineno or child.lineno
                found[first : last + 1] = [name] * (last + 1 - first)
            if isinstance(child, (ast.stmt, ast.excepthandler)) or hasattr(child, "body"):
                waiting.append((child, name))
    return found


class _StubReader:
    """Reads the stubs of one test file."""

    def __init__(self, view: View, fakes: FakeReader) -> None:
        self._view = view
        self._fakes = fakes
        self._source = view.source
        self._names: dict[tuple[ScopeNode, str], list[ast.expr | Trail]] = {}
        self._given: dict[tuple[ScopeNode, str], Trail] = {}
        self._expanded: set[ast.AST] = set()
        self._note_names()
        self.sleeps: set[int] = set()
        self.stubs = [*self._all()]
        if self._given:  # now it is known which names were given to which mock
            self._expanded.clear()
            self.stubs = [*self._all()]
        self.stubs.sort(key=lambda stub: stub.line)

    # -- names ----------------------------------------------------------------------------------

    def _note_names(self) -> None:
        for assign in self._source.nodes(ast.Assign):
            for target in assign.targets:
                self._note(target, assign.value, assign.targets)
        for node in (*self._source.nodes(ast.With), *self._source.nodes(ast.AsyncWith)):
            for item in node.items if isinstance(node, (ast.With, ast.AsyncWith)) else ():
                if item.optional_vars is not None:
                    self._note(item.optional_vars, item.context_expr)
        for function in self._source.nodes(ast.FunctionDef):
            self._note_parameters(function)
        for coroutine in self._source.nodes(ast.AsyncFunctionDef):
            self._note_parameters(coroutine)

    def _note(
        self, target: ast.expr, value: ast.expr, others: list[ast.expr] | None = None
    ) -> None:
        name = dotted(target)
        if not name:
            return
        # `job = client.query.return_value = MagicMock()`
        chained = [
            each for each in others or () if isinstance(each, ast.Attribute) and each is not target
        ]
        if (
            isinstance(value, (ast.Name, ast.Attribute))
            or isinstance(value, ast.Call)
            and name_of(value.func) not in _MOCKS  # a mock is known by what it is given to
            and (isinstance(value.func, ast.Attribute) or self._patched(value))
        ):
            self._names.setdefault(self._key(target, name), []).append(value)
        elif chained:
            self._names.setdefault(self._key(target, name), []).append(chained[0])

    def _note_parameters(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = [each.arg for each in function.args.args if each.arg not in ("self", "cls")]
        for decorator in reversed(function.decorator_list):
            if not isinstance(decorator, ast.Call):
                continue
            trail = self._patched(decorator)
            if trail and not self._replacement(decorator) and arguments:
                key = (function, arguments.pop(0))
                self._names.setdefault(key, []).append(trail)

    def _key(self, node: ast.AST, name: str) -> tuple[ScopeNode, str]:
        """Where a name lives: attributes of `self` are shared by the whole file."""
        place = self._source.tree if "." in name else self._view.scope_of(node)
        return place, name

    def _look_up(self, node: ast.expr, name: str) -> ast.expr | Trail | None:
        scope: ScopeNode | None = self._key(node, name)[0]
        while scope is not None:
            values = self._names.get((scope, name), [])
            before = [v for v in values if isinstance(v, tuple) or v.lineno < node.lineno]
            if before or values:
                return before[-1] if before else values[0]
            given = self._given.get((scope, name))
            if given:
                return given
            scope = self._view.outer_scope(scope)
        return None

    def trail(self, node: ast.expr, depth: int = 40) -> Trail:
        """The way to a mock, through the names that it was given."""
        if not depth:
            return ANYWHERE
        name = dotted(node)
        if isinstance(node, ast.Name) or name.startswith("self.") and name.count(".") == 1:
            known = self._look_up(node, name)
            if isinstance(known, tuple):
                return known
            if known is not None and known is not node:
                return self.trail(known, depth - 1)
            return tuple(name.split("."))
        if isinstance(node, ast.Attribute):
            base = self.trail(node.value, depth - 1)
            if node.attr == "return_value":
                return _result(base)
            return base if node.attr in _CALLED else (*base, node.attr)
        if isinstance(node, ast.Call):
            patched = self._patched(node)
            if patched:
                return patched
            if name_of(node.func) in _MOCKS:
                return ANYWHERE
            base = self.trail(node.func, depth - 1)
            if len(base) == 1 and base[0][:1].islower():
                return ANYWHERE  # what a function of the tests makes
            return _result(base)
        if isinstance(node, (ast.Await, ast.NamedExpr)):
            return self.trail(node.value, depth - 1)
        return ANYWHERE

    # -- patches --------------------------------------------------------------------------------

    def _patched(self, call: ast.Call) -> Trail:
        """What `patch("a.b")`, `patch.object(a, "b")` or `setattr(a, "b", ...)` replaces."""
        name = dotted(call.func)
        last = name.rpartition(".")[2]
        texts = [*map(_text, call.args), "", ""]
        if last in ("patch", "setattr") and texts[0]:
            return tuple(texts[0].split("."))
        if texts[1] and (name.endswith("patch.object") or last == "setattr"):
            return (*self.trail(call.args[0], 6), texts[1])
        return ()

    def _replacement(self, call: ast.Call) -> ast.expr | None:
        place = 1 if call.args and _text(call.args[0]) else 2
        if len(call.args) > place:
            return call.args[place]
        found = [each.value for each in call.keywords if each.arg in ("new", "value")]
        return found[0] if found else None

    # -- stubs ----------------------------------------------------------------------------------

    def _all(self) -> Iterator[Stub]:
        for assign in self._source.nodes(ast.Assign):
            for target in assign.targets:
                yield from self._assigned(target, assign.value)
        for call in self._source.nodes(ast.Call):
            yield from self._call(call)
        for compare in self._source.nodes(ast.Compare):
            yield from self._compared(compare)
        for node in self._source.nodes(ast.Attribute):
            if node.attr in _CALLED:
                yield Stub(self.trail(node.value), "used", node.lineno)
        for call in self._source.nodes(ast.Call):
            if name_of(call.func) in _MOCKS and call not in self._expanded:
                yield from self._configured(ANYWHERE, call)

    def _assigned(self, target: ast.expr, value: ast.expr) -> Iterator[Stub]:
        if isinstance(target, ast.Attribute):
            if target.attr == "side_effect":
                yield from self._stub(self.trail(target.value), "effect", value)
            elif target.attr == "return_value":
                yield from self._stub(self.trail(target), "returns", value)
            else:
                yield from self._stub((*self.trail(target.value), target.attr), "replaced", value)
        elif isinstance(target, ast.Name) and isinstance(value, ast.Call):
            yield from self._configured(self.trail(target), value)

    def _stub(
        self, trail: Trail, kind: Kind, value: ast.expr, in_turn: bool = False
    ) -> Iterator[Stub]:
        if kind == "effect":
            several = _items(value)
            if several is not None:
                for item in several:
                    yield from self._stub(_result(trail), "returns", item, in_turn=True)
                return
        gives: list[Expression] = []
        if kind == "effect" and isinstance(value, (ast.Name, ast.Attribute)):
            lists = filter(None, map(_items, self._fakes.values(value)))
            gives = [self._fakes.expression(item) for each in lists for item in each]
        row = self._fakes.expression(value)
        yield Stub(trail, kind, value.lineno, row, gives=tuple(gives), in_turn=in_turn)
        if isinstance(value, ast.Name) and kind != "effect":
            self._given.setdefault(self._key(value, value.id), trail)
        elif isinstance(value, ast.Name):
            for returned in self._returned_by(value):
                self._given.setdefault(self._key(returned, returned.id), _result(trail))
        if isinstance(value, ast.Call):
            yield from self._configured(trail, value)

    def _returned_by(self, name: ast.Name) -> Iterator[ast.Name]:
        """The names that a function gives back which is defined where its own name is used."""
        around = definition_of(self._source, name)
        for returned in self._source.nodes(ast.Return):
            function = definition_of(self._source, returned)
            if (
                isinstance(returned.value, ast.Name)
                and function is not None
                and function.name == name.id
                and definition_of(self._source, function) in (around, None)
            ):
                yield returned.value

    def _configured(self, trail: Trail, call: ast.Call) -> Iterator[Stub]:
        """The stubs in `MagicMock(return_value=..., **{"a.return_value": ...})`."""
        if name_of(call.func) not in _MOCKS or call in self._expanded:
            return
        self._expanded.add(call)
        for each in (
            *call.args[:1],
            *(n.value for n in call.keywords if n.arg in ("spec", "spec_set")),
        ):
            if isinstance(each, (ast.List, ast.Tuple)):
                yield Stub(trail, "spec", each.lineno)
        yield from self._keywords(trail, call)

    def _keywords(self, trail: Trail, call: ast.Call) -> Iterator[Stub]:
        for keyword in call.keywords:
            if keyword.arg is None:
                if isinstance(keyword.value, ast.Dict):
                    for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            yield from self._path(trail, key.value.split("."), value)
            elif keyword.arg in ("return_value", "side_effect") or keyword.arg not in _SETTINGS:
                yield from self._path(trail, [keyword.arg], keyword.value)

    def _path(self, trail: Trail, parts: list[str], value: ast.expr) -> Iterator[Stub]:
        for part in parts[:-1]:
            trail = _result(trail) if part == "return_value" else (*trail, part)
        if parts[-1] == "return_value":
            yield from self._stub(_result(trail), "returns", value)
        elif parts[-1] == "side_effect":
            yield from self._stub(trail, "effect", value)
        else:
            yield from self._stub((*trail, parts[-1]), "replaced", value)

    def _call(self, call: ast.Call) -> Iterator[Stub]:
        last = name_of(call.func)
        patched = self._patched(call)
        if patched:
            if patched[-1] == "sleep":
                self.sleeps.add(call.lineno)
            new = self._replacement(call)
            if new is not None:
                yield from self._stub(patched, "replaced", new)
            yield from self._keywords(patched, call)
        elif isinstance(call.func, ast.Attribute):
            if last in _ASSERTS:
                yield Stub(
                    self.trail(call.func.value),
                    "called",
                    call.lineno,
                    keywords=given_keywords(call.keywords),
                )
            elif last == "assert_has_calls" and call.args:
                yield from self._expected(self.trail(call.func.value), call.args[0])
            elif last == "assert_not_called":
                yield Stub(self.trail(call.func.value), "unused", call.lineno)
            elif last.startswith("assert_"):
                yield Stub(self.trail(call.func.value), "used", call.lineno)
            elif last.startswith("assert"):  # assertEqual(mock.mock_calls, [call(1)])
                yield from self._equal(call.args[:2])
            elif last == "configure_mock":
                yield from self._keywords(self.trail(call.func.value), call)

    def _compared(self, compare: ast.Compare) -> Iterator[Stub]:
        yield from self._equal([compare.left, *compare.comparators])

    def _equal(self, sides: Sequence[ast.expr]) -> Iterator[Stub]:
        for side in sides:
            mock = side
            if isinstance(mock, ast.Call) and len(mock.args) == 1:  # list(mock.mock_calls)
                mock = mock.args[0]
            while isinstance(mock, (ast.Attribute, ast.Subscript)):
                if isinstance(mock, ast.Attribute) and mock.attr in _CALLED:
                    for other in sides:
                        if other is not side:
                            yield from self._expected(self.trail(mock.value), other)
                    break
                mock = mock.value

    def _expected(self, trail: Trail, node: ast.expr, depth: int = 8) -> Iterator[Stub]:
        """What `[call(1), call.query().result(timeout=2)]`, or a dict of keywords, expects."""
        parts: Sequence[ast.expr] = ()
        if isinstance(node, (ast.List, ast.Tuple)):
            parts = node.elts
        elif isinstance(node, ast.BinOp):
            parts = (node.left, node.right)
        elif isinstance(node, ast.Starred):
            parts = (node.value,)
        elif isinstance(node, (ast.Name, ast.Attribute)) and depth:
            parts = tuple(self._fakes.values(node))
        if parts:
            for each in parts:
                yield from self._expected(trail, each, depth - 1)
        elif isinstance(node, ast.Dict):
            yield Stub(trail, "called", node.lineno, keywords=_keys(node))
        elif isinstance(node, ast.Call):
            steps: list[str] = []
            inner: ast.expr = node.func
            while isinstance(inner, (ast.Call, ast.Attribute)):
                steps.append("()" if isinstance(inner, ast.Call) else inner.attr)
                inner = inner.func if isinstance(inner, ast.Call) else inner.value
            steps = [dotted(inner), *reversed(steps)]
            if "call" in steps[:2]:
                for step in steps[steps.index("call") + 1 :]:
                    trail = _result(trail) if step == "()" else (*trail, step)
                keywords = given_keywords(node.keywords)
                yield Stub(trail, "called", node.lineno, keywords=keywords)


def _statuses(source: SourceFile) -> Iterator[Status]:
    """The statuses in `Response(503)`, `status=503` and `parametrize("status", [429, 503])`.

    Those that are set on a mock, `get.return_value.status_code = 503`, are stubs.
    """
    for assign in source.nodes(ast.Assign):
        if any(isinstance(each, ast.Name) and each.id in STATUS for each in assign.targets):
            yield from _numbers(assign.value)
    for call in source.nodes(ast.Call):
        name = name_of(call.func)
        if name.lower().endswith("response"):
            yield from (each for arg in call.args[:1] for each in _numbers(arg))
        if (
            name == "parametrize"
            and call.args
            and any(word in _text(call.args[0]) for word in STATUS)
        ):
            yield from (each for arg in call.args[1:2] for each in _numbers(arg))
        for keyword in call.keywords:
            if keyword.arg in STATUS:
                yield from _numbers(keyword.value)


def _numbers(node: ast.expr) -> Iterator[Status]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and type(each.value) is int:
            yield Status(each.value, each.lineno)


def _text(node: ast.expr) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else ""


def _result(trail: Trail) -> Trail:
    return (*trail[:-1], trail[-1] + "()")


def _keys(expected: ast.Dict) -> tuple[str, ...] | None:
    """The keywords in a dict of them; None where `**` may add any."""
    found = {each.value for each in expected.keys if isinstance(each, ast.Constant)}
    return None if None in expected.keys else tuple(sorted(map(str, found)))


def _items(node: ast.expr) -> list[ast.expr] | None:
    """The elements of a list that is written out, or what each element of a comprehension is."""
    if isinstance(node, ast.Call) and name_of(node.func) in ("iter", "list", "cycle") and node.args:
        return _items(node.args[0])
    if isinstance(node, (ast.List, ast.Tuple)):
        return node.elts
    return [node.elt] if isinstance(node, (ast.ListComp, ast.GeneratorExp)) else None
