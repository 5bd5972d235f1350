"""Doubles in a tree's tests that a change of a call would break, found without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import pairwise

from qw_codemod.analysis.test_doubles import statements as says
from qw_codemod.analysis.test_doubles.fakes import Fakes, is_property, is_suite, returned, takes
from qw_codemod.analysis.test_doubles.reachability import Reach
from qw_codemod.analysis.test_doubles.stubs import Mocks, Stub, items
from qw_codemod.facts.project import Tree
from qw_codemod.facts.query import Held
from qw_codemod.kernel.model import Fact

# A test file without any of these holds no double that could be in the way.
_SIGNS = re.compile(
    rb"[Mm]ock|patch|[Ff]ake|[Ss]tub|[Dd]ummy|SimpleNamespace|class |lambda|assert_|return_value"
    rb"|side_effect|call_args"
)
_NAMELESS = re.compile(r"\?|_*(my_?|test_?)?(mock|fake|stub|dummy|m)(ed|s)?_?\d*")


class Doubles:
    """The mocks, fakes and stubs in the tests of one tree; read when asked for, and kept.

    `path` and `line` (1-based, 0 for the whole file) say where the call stands that is to change:
    only doubles of tests that can run that place are answered. `makers` narrow it to the objects
    that the call is made on: `("query()", "get_job()")` for what such a call gives, plain words
    like `("requests", "session")` for what such a name holds; without any, every object will do.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._reach = Reach(tree)
        self._fakes = Fakes(tree, self._reach)
        self._trace = tree.trace
        self._mocks: dict[str, Held[Mocks | None]] = {}

    def stubbed(
        self,
        path: str,
        method: str,
        *,
        through: str = "result",
        line: int = 0,
        makers: Sequence[str] = (),
    ) -> tuple[Fact, ...]:
        """Where a test stubs a method on the object, which `x.through().method()` passes by."""
        found: list[Fact] = []
        for mocks in self._holding({method}, path):
            found += self._stubs_of(mocks, method, through, makers)
        return _in_order(self._meeting(found, path, line))

    def refuses(
        self,
        path: str,
        method: str,
        keyword: str,
        *,
        instead: str = "",
        line: int = 0,
        makers: Sequence[str] = (),
    ) -> tuple[Fact, ...]:
        """Where a double cannot be called as `x.method(keyword=...)`, or a test says it was not.

        `instead`: what the code calls now, where that is another method, such as `__iter__`. Then a
        double without `method` is in the way too: a plain list, a fake that has the other alone.
        """
        found: list[Fact] = []
        words = {method, instead, *(maker.removesuffix("()") for maker in makers)} - {""}
        for mocks in self._holding(words, path):
            found += self._refusing_stubs(mocks, method, keyword, instead, makers)
            found += self._refusing_fakes(mocks, method, keyword, makers)
            if instead:
                found += self._without(mocks, method, instead, makers)
        return _in_order(self._meeting(found, path, line))

    # -- one test file --------------------------------------------------------------------------

    def _stubs_of(
        self, mocks: Mocks, method: str, through: str, makers: Sequence[str]
    ) -> Iterator[Fact]:
        view, fakes = mocks.view, self._fakes
        for stub in mocks.stubs:
            before = _before(stub, method, makers)
            if before and before != f"{through}()":
                what = says.StubsMock(method) if before == "?" else says.Stubs(method, before)
                yield Fact(what, view.path, stub.line)
        for cls, function in fakes.with_method(view, method, makers):
            if fakes.method(view, cls, through) and not fakes.leads_on(view, cls, through, method):
                yield Fact(says.NotOnResult(method, through), view.path, function.lineno)

    def _refusing_fakes(
        self, mocks: Mocks, method: str, keyword: str, makers: Sequence[str]
    ) -> Iterator[Fact]:
        for _, function in self._fakes.with_method(mocks.view, method, makers):
            if not takes(function, keyword):
                what = says.TakesNoKeyword(method, keyword)
                yield Fact(what, mocks.view.path, function.lineno)

    def _without(
        self, mocks: Mocks, method: str, instead: str, makers: Sequence[str]
    ) -> Iterator[Fact]:
        view, fakes = mocks.view, self._fakes
        for cls, function in fakes.with_method(view, instead, makers):
            if fakes.surely_lacks(view, cls, method) and not fakes.is_inner(view, cls, method):
                yield Fact(says.HasNoMethod(method), view.path, function.lineno)
        for maker in makers:
            for value, line in self._given(mocks, maker):
                if fakes.lacks(view, value, method):
                    yield Fact(says.GivesNoMethod(maker, method), view.path, line)

    def _refusing_stubs(
        self, mocks: Mocks, method: str, keyword: str, instead: str, makers: Sequence[str]
    ) -> Iterator[Fact]:
        for stub in mocks.stubs:
            if stub.trail[-1].removesuffix("()") != method and not _is_named(stub, method):
                continue
            if not _before(stub, method, makers):
                continue
            where = (mocks.view.path, stub.line)
            if stub.kind == "called":
                if stub.value is not None and not _has(stub.value, keyword):
                    yield Fact(says.AssertsCallWithout(method, keyword), *where)
            elif stub.kind == "unused" and instead:
                yield Fact(says.AssertsNoCall(method), *where)
            elif stub.kind in ("replaced", "effect") and stub.value is not None:
                for function in self._fakes.functions(mocks.view, stub.value):
                    if not takes(function, keyword):
                        yield Fact(says.TakesNoKeyword(method, keyword), *where)
                        break

    def _given(self, mocks: Mocks, maker: str) -> Iterator[tuple[ast.expr, int]]:
        """What the doubles of a file give for `maker`, `query()` or the like, and in which line."""
        name = maker.removesuffix("()")
        if name == maker:
            return
        for stub in mocks.stubs:
            if stub.value is None:
                continue
            if stub.kind == "returns" and stub.trail[-1] == maker:
                yield stub.value, stub.line
            elif stub.kind in ("replaced", "effect") and stub.trail[-1] == name:
                for function in self._fakes.functions(mocks.view, stub.value):
                    for value in returned(function):
                        yield value, value.lineno
                if stub.kind == "effect" and isinstance(stub.value, (ast.Name, ast.Attribute)):
                    for several in self._fakes.values(mocks.view, stub.value):
                        for value in items(several) or ():
                            yield value, value.lineno
        for cls in mocks.view.source.nodes(ast.ClassDef):
            for node in cls.body:
                if (
                    isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
                    and node.name == name
                    and not is_suite(cls)
                    and not is_property(node)
                ):
                    for value in returned(node):
                        yield value, value.lineno

    # -- which tests ----------------------------------------------------------------------------

    def _holding(self, words: Iterable[str], path: str) -> Iterator[Mocks]:
        """The test files that hold doubles and one of these words."""
        candidates = {each for word in words for each in self._tree.mentions(word)}
        for test in sorted(candidates - {path}):
            may_run = self._reach.is_test(test) and self._tree.may_run(test, path)
            mocks = self._read(test) if may_run else None
            if mocks is not None:
                yield mocks

    def _meeting(self, facts: Iterable[Fact], path: str, line: int) -> Iterator[Fact]:
        for fact in facts:
            if self._reach.meets(fact.path, fact.line, path, line):
                yield fact

    def _read(self, test: str) -> Mocks | None:
        return self._trace.remembered(self._mocks, test, partial(self._find_mocks, test))

    def _find_mocks(self, test: str) -> Mocks | None:
        view = self._tree.view(test) if _SIGNS.search(self._tree.read(test)) else None
        return None if view is None else Mocks(view)


@lru_cache(maxsize=8)
def of(tree: Tree) -> Doubles:
    """The doubles of a tree; read once, whoever asks."""
    return Doubles(tree)


# -- small questions ------------------------------------------------------------------------------


def _before(stub: Stub, method: str, makers: Sequence[str]) -> str:
    """What a stub's method is on, where that may be the object in question; empty if it is not."""
    trail = ("?", method) if _is_named(stub, method) else stub.trail
    for before, step in pairwise(trail):
        if step.removesuffix("()") == method and _is_one_of(before, makers):
            return before
    return ""


def _is_named(stub: Stub, method: str) -> bool:
    """A mock of the bare function, known by its name alone: `mock_get.assert_called_with(url)`."""
    name = stub.trail[0].removesuffix("()")
    return len(stub.trail) == 1 and name in (f"mock_{method}", f"fake_{method}", f"{method}_mock")


def _is_one_of(before: str, makers: Sequence[str]) -> bool:
    if not makers or before in makers:
        return True
    if before.endswith("()"):
        return False
    if any(maker.endswith("()") for maker in makers):
        return True  # a name can hold what any call gave
    words = [maker.lower() for maker in makers]
    return any(word in before.lower() for word in words) or bool(_NAMELESS.fullmatch(before))


def _has(expected: ast.expr, keyword: str) -> bool:
    """Whether a call that a test expects, or its dict of keywords, holds this one."""
    if isinstance(expected, ast.Call):
        return any(each.arg in (keyword, None) for each in expected.keywords)
    if isinstance(expected, ast.Dict):
        return any(
            key is None or isinstance(key, ast.Constant) and key.value == keyword
            for key in expected.keys
        )
    return True


def _in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    def place(fact: Fact) -> tuple[str, int, str]:
        return fact.path, fact.line, repr(fact.what)

    return tuple(sorted(set(facts), key=place))
