"""Which doubles of a project's tests a change of a call would break, found without running them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import Literal

from qw_codemod.analysis.test_doubles import statements as says
from qw_codemod.analysis.test_doubles.reachability import ANY_FILE, Reach
from qw_codemod.facts.fakes import Expression, FakeClass, Function
from qw_codemod.facts.project import Tree
from qw_codemod.facts.stubs import SIGNS, STATUS, Rows, Stub
from qw_codemod.kernel.model import Fact
from qw_codemod.python.definitions import Key

_NAMELESS = re.compile(r"\?|_*(my_?|test_?)?(mock|fake|stub|dummy|m)(ed|s)?_?\d*")
_PLAIN_NAMES = frozenset("row rows record records data items".split())
_BASES = frozenset(("object", "list", "dict", "tuple", "ABC", "Protocol"))
_DEPTH = 4  # of names, calls and bases that are followed


@dataclass(frozen=True, slots=True)
class Producers:
    """Where the object comes from that a call is made on.

    `calls` are methods that give one: `query` for `client.query(sql).result()`. `names` are words
    in the name of a variable or class for it. Where both are empty, any object will do.
    """

    calls: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.calls or self.names)


ANY = Producers()


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of each test file, whatever the place of the call."""

    asked: Literal["refuses", "stubs", "fails"]
    method: str
    producers: Producers
    keyword: str = ""  # "refuses": the new one
    other: str = ""  # "refuses": the method that is called now; "stubs": the one in between
    errors: tuple[str, ...] = ()  # "fails": names of classes
    statuses: frozenset[int] = frozenset()

    @property
    def words(self) -> set[str]:
        """Names of which a test file has to mention one."""
        words = {self.method}
        if self.asked == "fails":
            words |= {"status_code", "status"}
        if self.asked == "refuses":
            words.update(_bare_mocks(self.method))
        if self.asked == "refuses" and self.other:
            words |= {self.other, *self.producers.calls}
        return words


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """A double that is in the way."""

    fact: Fact
    owner: Key | None  # what a test has to use to meet it; None: any of its file


@dataclass(frozen=True, slots=True)
class _Obstacles:
    """The answer of all tests that may run a package, in the order of places."""

    everything: tuple[_Obstacle, ...]
    by_file: Mapping[str, Sequence[_Obstacle]]  # by files that are loaded together with one


class Doubles:
    """The mocks, fakes and stubs in the tests of one tree; read when asked for, and kept.

    `path` and `line` (1-based, 0 for the whole file) say where the call stands that is to change:
    only doubles of tests that can run that place are answered.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._start()

    def _start(self) -> None:
        self._reach = Reach(self._tree)
        self._packages = self._tree.packages  # another object when the tree gets a new file
        self._seen = len(self._tree.edited)
        self._memo = self._reach.memo

    def stubbed(
        self,
        path: str,
        method: str,
        *,
        through: str = "result",
        line: int = 0,
        producers: Producers = ANY,
    ) -> tuple[Fact, ...]:
        """Where a test stubs a method on the object, which `x.through().method()` passes by."""
        return self._ask(_Question("stubs", method, producers, other=through), path, line)

    def refuses(
        self,
        path: str,
        method: str,
        keyword: str,
        *,
        instead: str = "",
        line: int = 0,
        producers: Producers = ANY,
    ) -> tuple[Fact, ...]:
        """Where a double cannot be called as `x.method(keyword=...)`, or a test says it was not.

        `instead`: what the code calls now, where that is another method, such as `__iter__`. Then a
        double without `method` is in the way too: a plain list, a fake that has the other alone.
        """
        question = _Question("refuses", method, producers, keyword, instead)
        return self._ask(question, path, line)

    def failing(
        self,
        path: str,
        method: str,
        errors: Iterable[str],
        statuses: frozenset[int],
        *,
        line: int = 0,
        producers: Producers = ANY,
    ) -> tuple[Fact, ...]:
        """Where a test has `x.method()` raise one of these errors, or give one of these statuses.

        `errors` are names of classes without their modules. A test in which nothing sleeps, and
        whose double neither counts its calls nor gives a list of answers, stands another call.
        """
        named = tuple(sorted({*errors}))
        question = _Question("fails", method, producers, errors=named, statuses=statuses)
        return self._ask(question, path, line)

    def _ask(self, question: _Question, path: str, line: int) -> tuple[Fact, ...]:
        self._follow_edits()
        key = ("in package", question, self._tree.packages[path])
        compute = partial(self._find_in_package, question, path)
        obstacles = self._memo.find(key, compute)
        if not obstacles.everything:
            return ()
        some = obstacles.everything
        if not self._reach.is_plugin(path):
            some = (*obstacles.by_file.get(ANY_FILE, ()), *obstacles.by_file.get(path, ()))
        if not some:
            return ()
        site = self._reach.definition(path, line) if line else None
        found = (
            each
            for each in some
            if (each.fact.path != path or (site is not None and each.owner == site))
            and self._reach.can_meet(each.fact.path, each.owner, path, site)
        )
        return tuple(each.fact for each in sorted(found, key=_place))

    # -- which tests ----------------------------------------------------------------------------

    def _find_in_package(self, question: _Question, path: str) -> _Obstacles:
        """What is found in the tests that may run code of the package that a file is in."""
        found: set[_Obstacle] = set()
        mentioning = {each for word in question.words for each in self._reach.mentions(word)}
        for test in self._tree.in_turn(mentioning):
            if self._reach.is_test(test) and self._reach.may_run(test, path):
                found.update(self._in_file(question, test))
        everything = tuple(sorted(found, key=_place))
        by_file: dict[str, list[_Obstacle]] = {}
        for each in everything:
            for file in self._reach.loaded_with(each.fact.path):
                by_file.setdefault(file, []).append(each)
        return _Obstacles(everything, by_file)

    def _in_file(self, question: _Question, test: str) -> tuple[_Obstacle, ...]:
        compute = partial(self._find_in_file, question, test)
        return self._memo.find(("in file", question, test), compute)

    def _find_in_file(self, question: _Question, test: str) -> tuple[_Obstacle, ...]:
        signs = SIGNS if question.asked != "fails" else (*SIGNS, "status")
        key = ("signs", test, signs)
        worth = self._memo.find(key, partial(self._tree.holds_any, test, signs))
        file = self._file(test) if worth else None
        if file is None:
            return ()
        search = _Search(question, self._imported)
        facts = search.facts(file)
        found = tuple(_Obstacle(f, self._reach.owner(f.path, f.line)) for f in facts)
        return self._strict(question, file, found) if question.asked == "fails" else found

    def _strict(
        self, question: _Question, file: _TestFile, found: Iterable[_Obstacle]
    ) -> tuple[_Obstacle, ...]:
        """Those in tests that would not stand another call: they would sleep, count, or run dry."""

        def owners(lines: Iterable[int]) -> set[Key | None]:
            return {self._reach.owner(file.path, line) for line in lines}

        def is_of_method(stub: Stub) -> bool:
            named = stub.trail[-1].removesuffix("()") == question.method
            return named or _is_named(stub, question.method)

        stubs = filter(is_of_method, file.rows.stubs)
        strict = (stub for stub in stubs if stub.in_turn or stub.kind in ("called", "used"))
        counting = owners(stub.line for stub in strict)
        standing = owners(each.line for each in file.rows.sleeps) - counting - {None}
        return tuple(each for each in found if each.owner not in standing)

    def _file(self, path: str) -> _TestFile | None:
        return self._memo.find(("rows", path), partial(self._find_file, path))

    def _find_file(self, path: str) -> _TestFile | None:
        facts = self._tree.facts(path, "doubles")
        return None if facts is None else _TestFile(path, facts.doubles)

    def _imported(self, path: str) -> Iterator[_TestFile]:
        """The test files that a test file imports."""
        for other in sorted(self._reach.loads(path)):
            file = self._file(other) if self._reach.is_test(other) else None
            if file is not None:
                yield file

    # -- edits ----------------------------------------------------------------------------------

    def _follow_edits(self) -> None:
        """Forget what was learned of files that were edited since, and what depends on it."""
        if self._seen == len(self._tree.edited):
            return
        if self._packages is not self._tree.packages:
            self._start()
            return
        edited = dict.fromkeys(self._tree.edited[self._seen :])
        self._seen = len(self._tree.edited)
        for path in edited:
            self._memo.renew(("rows", path), partial(self._find_file, path))
            for signs in (SIGNS, (*SIGNS, "status")):
                compute = partial(self._tree.holds_any, path, signs)
                self._memo.renew(("signs", path, signs), compute)
        self._reach.follow_edits(edited)


@lru_cache(maxsize=8)
def of(tree: Tree) -> Doubles:
    """The doubles of a tree; read once, whoever asks."""
    return Doubles(tree)


# One test file


@dataclass(frozen=True, slots=True)
class _TestFile:
    path: str
    rows: Rows

    def functions(self, name: str) -> list[Function]:
        return [each for each in self.rows.functions if each.name == name]

    def classes(self, name: str) -> list[FakeClass]:
        return [each for each in self.rows.classes if each.name == name]


@dataclass(frozen=True, slots=True)
class _Search:
    """Answers one question from the rows of test files."""

    question: _Question
    imported: Callable[[str], Iterable[_TestFile]]  # by a test file

    def facts(self, file: _TestFile) -> Iterator[Fact]:
        """What stands in this file."""
        if self.question.asked == "stubs":
            yield from self._stubbed(file)
            return
        if self.question.asked == "fails":
            yield from self._failing(file)
            return
        yield from self._refusing_stubs(file)
        yield from self._refusing_fakes(file)
        if self.question.other:
            yield from self._without(file)

    def _stubbed(self, file: _TestFile) -> Iterator[Fact]:
        method, through = self.question.method, self.question.other
        for stub in file.rows.stubs:
            before = self._before(stub)
            if before and before != f"{through}()":
                what = says.StubsMock(method) if before == "?" else says.Stubs(method, before)
                yield Fact(what, file.path, stub.line)
        for cls, function in self._fakes(file, method):
            between = self._method(file, cls, through)
            if between and not self._leads_on(file, cls, between):
                yield Fact(says.NotOnResult(method, through), file.path, function.line)

    def _refusing_fakes(self, file: _TestFile) -> Iterator[Fact]:
        for _, function in self._fakes(file, self.question.method):
            if not self._takes(function.keywords):
                yield Fact(self._takes_no, file.path, function.line)

    def _without(self, file: _TestFile) -> Iterator[Fact]:
        method = self.question.method
        for cls, function in self._fakes(file, self.question.other):
            if self._surely_lacks(file, cls) and not self._is_inner(file, cls):
                yield Fact(says.HasNoMethod(method), file.path, function.line)
        for call in self.question.producers.calls:
            for where, value in self._given(file, call):
                if self._lacks(where, value):
                    what = says.GivesNoMethod(f"{call}()", method)
                    yield Fact(what, where.path, value.line)

    def _refusing_stubs(self, file: _TestFile) -> Iterator[Fact]:
        method, keyword = self.question.method, self.question.keyword
        for stub in file.rows.stubs:
            if stub.trail[-1].removesuffix("()") != method and not _is_named(stub, method):
                continue
            if not self._before(stub):
                continue
            where = (file.path, stub.line)
            if stub.kind == "called":
                if not self._takes(stub.keywords):
                    yield Fact(says.AssertsCallWithout(method, keyword), *where)
            elif stub.kind == "unused" and self.question.other:
                yield Fact(says.AssertsNoCall(method), *where)
            elif stub.kind in ("replaced", "effect") and stub.value is not None:
                taken = self._taken(file, stub.value)
                if not all(map(self._takes, taken)):
                    yield Fact(self._takes_no, *where)

    def _failing(self, file: _TestFile) -> Iterator[Fact]:
        method, statuses = self.question.method, self.question.statuses
        for stub in file.rows.stubs:
            value = stub.value
            if value is None or stub.kind not in ("effect", "returns", "replaced"):
                continue
            if stub.trail[-1].removesuffix("()") == method or _is_named(stub, method):
                if self._before(stub) and any(self._raises(file, v) for v in (value, *stub.gives)):
                    yield Fact(says.Fails(method), file.path, stub.line)
            elif (
                value.number is not None
                and value.number in statuses
                and stub.trail[-1] in STATUS
                and self._is_answer(stub)
            ):
                yield Fact(says.FailsWith(method, value.number), file.path, stub.line)
        for _, function in self._fakes(file, method):
            if not {*self.question.errors}.isdisjoint(function.raises):
                yield Fact(says.Fails(method), file.path, function.line)
        for status in file.rows.statuses:
            if status.number in statuses:
                yield Fact(says.FailsWith(method, status.number), file.path, status.line)

    def _raises(self, file: _TestFile, value: Expression) -> bool:
        """Whether a value is one of the errors, or a function that raises one."""
        if value.kind in ("name", "attribute", "call") and value.name in self.question.errors:
            return True
        if value.kind not in ("name", "attribute"):
            return False
        named = (function for _, function in self._functions(file, value.name))
        bound = file.rows.bound[value.bound] if value.bound >= 0 else ()
        return any(not {*self.question.errors}.isdisjoint(each.raises) for each in named) or any(
            each.kind == "call" and each.name in self.question.errors for each in bound
        )

    def _is_answer(self, stub: Stub) -> bool:
        """Whether a status may be that of the answer in question, and not of another call's."""
        before = stub.trail[-2] if len(stub.trail) > 1 else "?"
        name = before.removesuffix("()")
        return name == before or name == self.question.method or name[:1].isupper()

    @property
    def _takes_no(self) -> says.TakesNoKeyword:
        return says.TakesNoKeyword(self.question.method, self.question.keyword)

    def _takes(self, keywords: Sequence[str] | None) -> bool:
        return keywords is None or self.question.keyword in keywords

    def _before(self, stub: Stub) -> str:
        """What a stub's method is on, where that may be the object in question; else empty."""
        method = self.question.method
        trail = ("?", method) if _is_named(stub, method) else stub.trail
        for before, step in pairwise(trail):
            if step.removesuffix("()") == method and self._may_be(before):
                return before
        return ""

    def _may_be(self, before: str) -> bool:
        producers = self.question.producers
        if not producers or before in producers.names:
            return True
        if before.endswith("()"):
            return before.removesuffix("()") in producers.calls
        if producers.calls:
            return True  # a name can hold what any call gave
        words = [name.lower() for name in producers.names]
        return any(word in before.lower() for word in words) or bool(_NAMELESS.fullmatch(before))

    # Fakes

    def _fakes(self, file: _TestFile, method: str) -> Iterator[tuple[FakeClass, Function]]:
        """The classes of a test file that may stand for the object, with their own method."""
        for cls in file.rows.classes:
            for function in cls.methods:
                if function.name == method and not cls.is_suite and self._may_stand_for(cls):
                    yield cls, function

    def _may_stand_for(self, cls: FakeClass) -> bool:
        producers = self.question.producers
        if any(name.lower() in cls.name.lower() for name in producers.names):
            return True
        if producers and not producers.calls:
            return False
        givers = {*cls.given_by}
        return not producers or not givers or "" in givers or not givers.isdisjoint(producers.calls)

    def _method(
        self, file: _TestFile, cls: FakeClass, name: str, depth: int = _DEPTH
    ) -> Function | None:
        """The method of a class, its own or one of a base that stands in the tests."""
        for function in cls.methods:
            if function.name == name:
                return function
        for _, base in cls.bases if depth else ():
            for where, parent in self._classes(file, base):
                found = self._method(where, parent, name, depth - 1)
                if found is not None:
                    return found
        return None

    def _leads_on(self, file: _TestFile, cls: FakeClass, between: Function) -> bool:
        """Whether what a method of a fake gives has the method in question as well."""
        method, values = self.question.method, between.returns
        if method == "__iter__" or not values:
            return bool(values)
        if any((value.kind, value.name) == ("name", "self") for value in values):
            return True
        return any(
            self._method(where, other, method) is not None
            for name in cls.calls
            for where, other in self._classes(file, name)
        )

    def _surely_lacks(self, file: _TestFile, cls: FakeClass, depth: int = 2 * _DEPTH) -> bool:
        """Whether neither a class nor any of its bases, all of them known, has the method."""
        if self._method(file, cls, self.question.method) is not None or cls.is_open or not depth:
            return False
        bases = [(dotted, [*self._classes(file, name)]) for dotted, name in cls.bases]
        return all(
            dotted in _BASES
            or found
            and all(self._surely_lacks(where, parent, depth - 1) for where, parent in found)
            for dotted, found in bases
        )

    def _is_inner(self, file: _TestFile, cls: FakeClass) -> bool:
        """Whether another fake, one with the method, makes its objects and gives them."""
        makers = (file.rows.classes[place] for place in cls.made_in)
        return any(self._method(file, each, self.question.method) is not None for each in makers)

    # Values

    def _given(self, file: _TestFile, call: str) -> Iterator[tuple[_TestFile, Expression]]:
        """What the doubles of a file give where `call` is called on them."""
        for stub in file.rows.stubs:
            if stub.value is None:
                continue
            if stub.kind == "returns" and stub.trail[-1] == f"{call}()":
                yield file, stub.value
            elif stub.kind in ("replaced", "effect") and stub.trail[-1] == call:
                yield from self._returned(file, stub.value)
                yield from ((file, each) for each in stub.gives)
        for cls in file.rows.classes:
            for function in cls.methods:
                if function.name == call and not cls.is_suite and not function.is_property:
                    yield from ((file, each) for each in function.returns)

    def _lacks(self, file: _TestFile, value: Expression, depth: int = _DEPTH) -> bool:
        """Whether a value surely has no such method: a plain list, a fake without it."""
        if value.kind in ("name", "attribute"):
            values = file.rows.bound[value.bound] if depth and value.bound >= 0 else ()
            if not values:
                return not _PLAIN_NAMES.isdisjoint(value.name.lower().split("_"))
            return any(self._lacks(file, each, depth - 1) for each in values)
        if value.kind == "either":
            return any(self._lacks(file, each, depth) for each in value.parts)
        if value.kind == "namespace":
            return value.keywords is not None and self.question.method not in value.keywords
        if value.kind != "call":
            return value.kind == "plain"
        for where, cls in self._classes(file, value.name):
            return self._surely_lacks(where, cls)
        if not depth:
            return False
        called = value.parts[0] if value.parts else value
        return any(self._lacks(where, v, depth - 1) for where, v in self._returned(file, called))

    def _returned(
        self, file: _TestFile, called: Expression
    ) -> Iterator[tuple[_TestFile, Expression]]:
        """What the functions may return that an expression can mean."""
        if called.kind == "lambda":
            yield from ((file, each) for each in called.parts)
        elif called.kind in ("name", "attribute", "call"):
            for where, function in self._functions(file, called.name):
                yield from ((where, each) for each in function.returns)

    def _taken(
        self, file: _TestFile, value: Expression, depth: int = _DEPTH
    ) -> Iterator[Sequence[str] | None]:
        """The keywords that functions take, and objects that are called, which it can mean."""
        if value.kind == "lambda":
            yield value.keywords
        elif value.kind == "call":
            for where, cls in self._classes(file, value.name):
                called = self._method(where, cls, "__call__")
                yield called.keywords if called is not None else None
        elif value.kind in ("name", "attribute"):
            for where, function in self._functions(file, value.name):
                if not function.is_fixture:
                    yield function.keywords
                elif depth:
                    for each in function.returns:
                        yield from self._taken(where, each, depth - 1)

    def _functions(self, file: _TestFile, name: str) -> Iterator[tuple[_TestFile, Function]]:
        for where in self._places(file, name):
            for function in where.functions(name):
                if where is file or function.is_top:
                    yield where, function

    def _classes(self, file: _TestFile, name: str) -> Iterator[tuple[_TestFile, FakeClass]]:
        for where in self._places(file, name):
            for cls in where.classes(name):
                if where is file or cls.is_top:
                    yield where, cls

    def _places(self, file: _TestFile, name: str) -> Iterable[_TestFile]:
        """Where a name is defined: in the file, else in a test file that it imports it from."""
        if not name:
            return ()
        if file.functions(name) or file.classes(name):
            return (file,)
        return self.imported(file.path)


def _place(obstacle: _Obstacle) -> tuple[str, int, str]:
    fact = obstacle.fact
    return fact.path, fact.line, repr(fact.what)


def _is_named(stub: Stub, method: str) -> bool:
    """A mock of the bare function, known by its name alone: `mock_get.assert_called_with(url)`."""
    name = stub.trail[0].removesuffix("()")
    return len(stub.trail) == 1 and name in _bare_mocks(method)


def _bare_mocks(method: str) -> tuple[str, ...]:
    return f"mock_{method}", f"fake_{method}", f"{method}_mock"
