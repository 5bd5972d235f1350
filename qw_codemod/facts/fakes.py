"""The classes, functions and values of a test file that can take the place of others, as rows."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from qw_codemod.python.bindings import ScopeNode, dotted
from qw_codemod.python.module import View
from qw_codemod.python.syntax import definition_of, last_name

_PLAIN_CALLS = frozenset(
    "iter list tuple dict set frozenset sorted map filter zip range reversed enumerate deque "
    "DataFrame Series Table defaultdict OrderedDict Counter StringIO BytesIO str int bytes".split()
)
_PLAIN_NODES = (
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.JoinedStr,
)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Expression:
    """What an expression is, as far as it is written in its file.

    `plain`: a list, a string or the like, which has no methods of a library. `name`, `attribute`:
    `name` is its last part, and `bound` the place of its values in `Rows.bound`, -1 where it has
    none. `call`: of what has that `name`, or of the lambda in `parts`. `namespace`: an object with
    the attributes `keywords` alone. `lambda`: `keywords` are those that it takes, `parts` what it
    returns. `either`: one of `parts`. `keywords` is None where any will do. `number` is that of a
    constant.
    """

    kind: Literal[
        "plain", "none", "name", "attribute", "call", "namespace", "lambda", "either", "open"
    ]
    line: int = field(repr=False)  # 1-based
    name: str = ""
    bound: int = -1
    keywords: tuple[str, ...] | None = None
    parts: tuple[Expression, ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method: the keywords that it takes (None: any), what it returns and raises."""

    name: str
    line: int = field(repr=False)  # 1-based
    keywords: tuple[str, ...] | None
    returns: tuple[Expression, ...]
    raises: tuple[str, ...]  # names of classes
    is_top: bool  # a statement of the module itself
    is_property: bool
    is_fixture: bool = False  # as an argument of a test, its name means what it returns


@dataclass(frozen=True, slots=True)
class FakeClass:
    """A class of a test file.

    `bases` are pairs of the dotted name and its last part. `given_by` are the methods that give
    its objects, as `query`; an empty one where something else does. `made_in` are the places in
    `Rows.classes` of classes whose code makes them. `calls` are the names that its own code calls.
    """

    name: str
    bases: tuple[tuple[str, str], ...]
    methods: tuple[Function, ...]
    is_open: bool  # it has `__getattr__`
    is_top: bool
    given_by: tuple[str, ...]
    made_in: tuple[int, ...]
    calls: tuple[str, ...]

    @property
    def is_suite(self) -> bool:
        """A class of tests, whose methods are no doubles."""
        ends = ("Job", "Client", "Session")
        return self.name.startswith("Test") and not self.name.endswith(ends)


class FakeReader:
    """Reads rows from one test file."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._source = view.source
        self._places: dict[tuple[str, ScopeNode | None], int] = {}
        self._bound: list[list[ast.expr]] = []  # the values of each name, by place
        self._functions: dict[ast.AST, Function] = {}
        self._around: dict[ast.AST, tuple[ast.ClassDef, ...]] = {}
        self._returns: dict[ast.AST | None, list[ast.expr]] = {}
        self._raises: dict[ast.AST | None, set[str]] = {}
        for returned in self._source.nodes(ast.Return):
            if returned.value is not None:
                around = definition_of(self._source, returned)
                self._returns.setdefault(around, []).append(returned.value)
        for raised in self._source.nodes(ast.Raise):
            if raised.exc is not None:
                error = raised.exc.func if isinstance(raised.exc, ast.Call) else raised.exc
                around = definition_of(self._source, raised)
                self._raises.setdefault(around, set()).add(name_of(error))
        self._assigned: dict[str, list[ast.Assign]] = {}
        for assign in self._source.nodes(ast.Assign):
            for name in dict.fromkeys(map(dotted, assign.targets)):
                if name and dotted(assign.value) != name:
                    self._assigned.setdefault(name, []).append(assign)

    def bound(self) -> tuple[tuple[Expression, ...], ...]:
        """The values of the names that were read; to be asked last."""
        found: list[tuple[Expression, ...]] = []
        while len(found) < len(self._bound):  # reading values may bring in more names
            found.append(tuple(map(self.expression, self._bound[len(found)])))
        return tuple(found)

    def expression(self, node: ast.expr) -> Expression:
        """The row of an expression."""
        line = node.lineno
        while isinstance(node, (ast.Await, ast.Starred, ast.NamedExpr)):
            node = node.value
        if isinstance(node, ast.Constant):
            number = node.value if type(node.value) is int else None
            return Expression("none" if node.value is None else "plain", line, number=number)
        if isinstance(node, ast.IfExp):
            parts = (self.expression(node.body), self.expression(node.orelse))
            return Expression("either", line, parts=parts)
        if isinstance(node, (ast.Name, ast.Attribute)):
            kind: Literal["name", "attribute"] = (
                "name" if isinstance(node, ast.Name) else "attribute"
            )
            return Expression(kind, line, name_of(node), self._place(node))
        if isinstance(node, ast.Lambda):
            body = self.expression(node.body)
            return Expression("lambda", line, keywords=_keywords(node), parts=(body,))
        if isinstance(node, ast.Call):
            return self._call(node, line)
        return Expression("plain" if isinstance(node, _PLAIN_NODES) else "open", line)

    def _call(self, call: ast.Call, line: int) -> Expression:
        name = dotted(call.func).rpartition(".")[2]
        if name in _PLAIN_CALLS:
            return Expression("plain", line)
        if name == "SimpleNamespace":
            return Expression("namespace", line, keywords=given_keywords(call.keywords))
        is_lambda = isinstance(call.func, ast.Lambda)
        parts = (self.expression(call.func),) if is_lambda else ()
        return Expression("call", line, name_of(call.func), parts=parts)

    def values(self, node: ast.Name | ast.Attribute) -> list[ast.expr]:
        """What is assigned to a name in its scope or the module, to an attribute anywhere."""
        if isinstance(node, ast.Attribute):
            return [assign.value for assign in self._assigned.get(dotted(node), ())]
        scopes = (self._view.scope_of(node), self._source.tree)
        return [
            assign.value
            for assign in self._assigned.get(node.id, ())
            if self._view.scope_of(assign) in scopes
        ]

    def _place(self, node: ast.Name | ast.Attribute) -> int:
        name = dotted(node)
        if name not in self._assigned:
            return -1
        key = (name, None if isinstance(node, ast.Attribute) else self._view.scope_of(node))
        if key not in self._places:
            values = self.values(node)
            self._places[key] = len(self._bound) if values else -1
            if values:
                self._bound.append(values)
        return self._places[key]

    # -- definitions ----------------------------------------------------------------------------

    def functions(self) -> Iterator[Function]:
        """The functions and methods of the file."""
        for function in self._source.nodes(ast.FunctionDef):
            yield self._function(function)
        for coroutine in self._source.nodes(ast.AsyncFunctionDef):
            yield self._function(coroutine)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
        found = self._functions.get(node)
        if found is None:
            found = self._functions[node] = Function(
                node.name,
                node.lineno,
                _keywords(node),
                tuple(map(self.expression, self._returns.get(node, ()))),
                tuple(sorted(self._raises.get(node, ()))),
                self._is_top(node),
                any("property" in dotted(each) for each in node.decorator_list),
                any(last_name(each) == "fixture" for each in node.decorator_list),
            )
        return found

    def classes(self) -> Iterator[FakeClass]:
        """The classes of the file."""
        nodes = [*self._source.nodes(ast.ClassDef)]
        places = {node: place for place, node in enumerate(nodes)}
        uses: dict[str, list[ast.Call]] = {}
        calls: dict[ast.ClassDef, set[str]] = {node: set() for node in nodes}
        for call in self._source.nodes(ast.Call) if nodes else ():
            uses.setdefault(dotted(call.func).rpartition(".")[2], []).append(call)
            for around in self._classes_around(call):
                calls[around].add(name_of(call.func))
        for node in nodes:
            made = uses.get(node.name, ())
            makers = {places[each] for call in made for each in self._classes_around(call)}
            yield FakeClass(
                node.name,
                tuple((dotted(base), name_of(base)) for base in node.bases),
                tuple(
                    self._function(each)
                    for each in node.body
                    if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
                ),
                any(
                    getattr(each, "name", "") in ("__getattr__", "__getattribute__")
                    for each in node.body
                ),
                self._is_top(node),
                tuple(sorted({self._giver(call) for call in made})),
                tuple(sorted(makers)),
                tuple(sorted(calls[node] - {""})),
            )

    def _classes_around(self, node: ast.AST) -> tuple[ast.ClassDef, ...]:
        """The classes whose code holds a node, innermost first."""
        way: list[ast.AST] = []
        found: tuple[ast.ClassDef, ...] = ()
        for around in self._source.ancestors(node):
            known = self._around.get(around)
            if known is not None:
                found = known
                break
            way.append(around)
        for around in reversed(way):
            if isinstance(around, ast.ClassDef):
                found = (around, *found)
            if isinstance(around, ast.stmt):
                self._around[around] = found
        return found

    def _is_top(self, node: ast.AST) -> bool:
        return self._source.parent(node) is self._source.tree

    def _giver(self, call: ast.Call) -> str:
        """The method that gives this new object, as `query`; empty where it cannot be told."""
        for node in self._source.ancestors(call):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                is_method = isinstance(self._source.parent(node), ast.ClassDef)
                return node.name if is_method and not node.name.startswith("_") else ""
            if not isinstance(node, (ast.Return, ast.Assign, ast.IfExp)):
                return ""
            if isinstance(node, ast.Assign):
                target = node.targets[0]
                if isinstance(target, ast.Attribute) and target.attr == "return_value":
                    return name_of(target.value)
                return ""
        return ""


def name_of(node: ast.expr) -> str:
    """The name that an expression ends in, that of `a().b` as well; empty where it has none."""
    return node.attr if isinstance(node, ast.Attribute) else dotted(node)


def given_keywords(keywords: Iterable[ast.keyword]) -> tuple[str, ...] | None:
    """The names of keyword arguments; None where `**` may give any."""
    names = [each.arg for each in keywords]
    return None if None in names else tuple(sorted(name for name in names if name))


def _keywords(function: FunctionNode) -> tuple[str, ...] | None:
    """The keywords that a function can be called with; None where it takes any."""
    arguments = function.args
    if arguments.kwarg is not None:
        return None
    return tuple(sorted(each.arg for each in (*arguments.args, *arguments.kwonlyargs)))
