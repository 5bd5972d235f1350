"""The classes and functions that tests put in the place of others: what they take and give."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qw_codemod.analysis.test_doubles.reachability import Reach
from qw_codemod.facts.project import Tree
from qw_codemod.python.bindings import dotted
from qw_codemod.python.module import View

_PLAIN_CALLS = frozenset(
    "iter list tuple dict set frozenset sorted map filter zip range reversed enumerate deque "
    "DataFrame Series Table defaultdict OrderedDict Counter StringIO BytesIO str int bytes".split()
)
_PLAIN_NAMES = frozenset("row rows record records data items".split())
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
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Fakes:
    """What the names in a test file stand for, there or in the test files that it imports."""

    def __init__(self, tree: Tree, reach: Reach) -> None:
        self._tree = tree
        self._reach = reach

    def with_method(
        self, view: View, method: str, makers: Sequence[str]
    ) -> Iterator[tuple[ast.ClassDef, Function]]:
        """The classes of a test file that may stand for the object, with their own method."""
        for cls in view.source.nodes(ast.ClassDef):
            for node in cls.body:
                if (
                    isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
                    and node.name == method
                    and not is_suite(cls)
                    and self._may_stand_for(view, cls, makers)
                ):
                    yield cls, node

    def _may_stand_for(self, view: View, cls: ast.ClassDef, makers: Sequence[str]) -> bool:
        names = [maker.lower() for maker in makers if not maker.endswith("()")]
        if any(name in cls.name.lower() for name in names):
            return True
        calls = {maker for maker in makers if maker.endswith("()")}
        if makers and not calls:
            return False
        uses = {
            _giver(view, call)
            for call in view.source.nodes(ast.Call)
            if dotted(call.func).rpartition(".")[2] == cls.name
        }
        return not calls or not uses or "" in uses or not uses.isdisjoint(calls)

    def method(self, view: View, cls: ast.ClassDef, name: str, depth: int = 4) -> Function | None:
        """The method of a class, its own or one of a base that stands in the tests."""
        for node in cls.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
                return node
        for base in cls.bases if depth else ():
            for where, parent in self._classes(view, base):
                found = self.method(where, parent, name, depth - 1)
                if found is not None:
                    return found
        return None

    def leads_on(self, view: View, cls: ast.ClassDef, through: str, method: str) -> bool:
        """Whether what `through()` of a fake gives has the method as well."""
        function = self.method(view, cls, through)
        assert function is not None
        values = returned(function)
        if method == "__iter__" or not values:
            return bool(values)
        if any(dotted(value) == "self" for value in values):
            return True
        return any(
            self.method(where, other, method) is not None
            for call in ast.walk(cls)
            if isinstance(call, ast.Call)
            for where, other in self._classes(view, call.func)
        )

    def surely_lacks(self, view: View, cls: ast.ClassDef, name: str) -> bool:
        """Whether neither a class nor any of its bases, all of them known, has such a method."""
        if self.method(view, cls, name) is not None:
            return False
        if any(
            getattr(node, "name", "") in ("__getattr__", "__getattribute__") for node in cls.body
        ):
            return False
        bases = [[*self._classes(view, base)] for base in cls.bases]
        return all(
            dotted(base) in ("object", "list", "dict", "tuple", "ABC", "Protocol")
            or found
            and all(self.surely_lacks(where, parent, name) for where, parent in found)
            for base, found in zip(cls.bases, bases, strict=True)
        )

    def is_inner(self, view: View, cls: ast.ClassDef, method: str) -> bool:
        """Whether another fake, one with the method, makes its objects and gives them."""
        for call in view.source.nodes(ast.Call):
            if dotted(call.func).rpartition(".")[2] != cls.name:
                continue
            for node in view.source.ancestors(call):
                if isinstance(node, ast.ClassDef) and self.method(view, node, method) is not None:
                    return True
        return False

    def lacks(self, view: View, value: ast.expr, method: str, depth: int = 4) -> bool:
        """Whether a value surely has no such method: a plain list, a fake without it."""
        if isinstance(value, (ast.Await, ast.Starred, ast.NamedExpr)):
            return self.lacks(view, value.value, method, depth)
        if isinstance(value, ast.Constant):
            return value.value is not None
        if isinstance(value, ast.IfExp):
            return any(self.lacks(view, v, method, depth) for v in (value.body, value.orelse))
        if isinstance(value, (ast.Name, ast.Attribute)):
            values = self.values(view, value) if depth else []
            if not values:
                name = value.id if isinstance(value, ast.Name) else value.attr
                return not _PLAIN_NAMES.isdisjoint(name.lower().split("_"))
            return any(self.lacks(view, each, method, depth - 1) for each in values)
        if not isinstance(value, ast.Call):
            return isinstance(value, _PLAIN_NODES)
        name = dotted(value.func).rpartition(".")[2]
        if name in _PLAIN_CALLS:
            return True
        if name == "SimpleNamespace":
            return all(each.arg not in (method, None) for each in value.keywords)
        for where, cls in self._classes(view, value.func):
            return self.surely_lacks(where, cls, method)
        if not depth:
            return False
        given = [v for function in self.functions(view, value.func) for v in returned(function)]
        return any(self.lacks(view, each, method, depth - 1) for each in given)

    def values(self, view: View, node: ast.Name | ast.Attribute) -> list[ast.expr]:
        """What a name of a test file is bound to: in its own scope, in the module, on `self`."""
        name = dotted(node)
        found = [
            assign.value
            for assign in view.source.nodes(ast.Assign)
            if any(dotted(target) == name for target in assign.targets)
            and (
                isinstance(node, ast.Attribute)
                or view.scope_of(assign) in (view.scope_of(node), view.source.tree)
            )
        ]
        return [value for value in found if dotted(value) != name]

    def functions(self, view: View, node: ast.expr) -> Iterator[Function]:
        """The functions that an expression can mean: a lambda, or one of that name in the tests."""
        if isinstance(node, ast.Lambda):
            yield node
            return
        for _, found in self._named(view, node):
            if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield found

    def _classes(self, view: View, node: ast.expr) -> Iterator[tuple[View, ast.ClassDef]]:
        for where, found in self._named(view, node):
            if isinstance(found, ast.ClassDef):
                yield where, found

    def _named(self, view: View, node: ast.expr) -> Iterator[tuple[View, ast.stmt]]:
        """Definitions of that name in the file, else in a test file that it imports it from."""
        name = node.attr if isinstance(node, ast.Attribute) else dotted(node)
        if not name:
            return
        found = False
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            for each in view.source.nodes(kind):
                if getattr(each, "name", "") == name and isinstance(each, ast.stmt):
                    found = True
                    yield view, each
        if found:
            return
        for path in sorted(self._reach.loads(view.path)):
            other = self._tree.view(path) if self._reach.is_test(path) else None
            for each in other.source.tree.body if other is not None else ():
                if getattr(each, "name", "") == name and other is not None:
                    yield other, each


def takes(function: Function, keyword: str) -> bool:
    """Whether a function can be called with that keyword."""
    arguments = function.args
    names = {each.arg for each in (*arguments.args, *arguments.kwonlyargs)}
    return arguments.kwarg is not None or keyword in names


def returned(function: Function) -> list[ast.expr]:
    """The expressions that a function may return."""
    if isinstance(function, ast.Lambda):
        return [function.body]
    found: list[ast.expr] = []
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            found.append(node.value)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))
    return found


def _giver(view: View, call: ast.Call) -> str:
    """The method that gives this new object, as `query()`; empty where it cannot be told."""
    for node in view.source.ancestors(call):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            is_method = isinstance(view.source.parent(node), ast.ClassDef)
            return f"{node.name}()" if is_method and not node.name.startswith("_") else ""
        if not isinstance(node, (ast.Return, ast.Assign, ast.IfExp)):
            return ""
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            if isinstance(target, ast.Attribute) and target.attr == "return_value":
                return dotted(target.value).rpartition(".")[2] + "()"
            return ""
    return ""


def is_suite(cls: ast.ClassDef) -> bool:
    """A class of tests, whose methods are no doubles."""
    return cls.name.startswith("Test") and not cls.name.endswith(("Job", "Client", "Session"))


def is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method is looked up, and not called."""
    return any("property" in dotted(each) for each in function.decorator_list)
