"""What a parameter is given, told by the places that call its function."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from qw_codemod.facts.query import Held
from qw_codemod.infer import statements as says
from qw_codemod.infer.protocol import Infer, Lasting
from qw_codemod.infer.signatures import Arguments, bind
from qw_codemod.infer.values import (
    AnyCallable,
    Class,
    Function,
    FunctionNode,
    Inferred,
    Instance,
    Library,
    Module,
    Unknown,
    Value,
    ValueSet,
    because,
    doubted,
    known,
    union,
    unknown,
)
from qw_codemod.kernel.statements import InFile, Statement
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.lookups import LOADERS, Lookups
from qw_codemod.python.module import View

# What asks about a class without making an object of it.
_ASKS = frozenset("isinstance issubclass cast super fields is_dataclass get_type_hints".split())
_PARTS = (ast.Subscript, ast.IfExp, ast.BoolOp)
_HOLDING = (
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.IfExp, ast.BoolOp, ast.keyword),
)
_MOST_USES = 100  # a name that is read in more places than this is too common to be followed
_MOST_FILES = 200  # and so is a function's that more files than this mention, each to be parsed
_DEEP = 4  # functions that hand `*args` through, one to the next
_DISPLAYS = (ast.List, ast.Tuple, ast.Set)
# Expressions with their files, and whether they are all that there are.
_Written = tuple[list[tuple[ast.expr, View]], bool]
_Place = tuple[str, int, int]  # the file, and where in it: line and column; a module has none
# A use of a function: the file, the place, what is passed (None: that is not known), the receiver.
_Use = tuple[View, ast.AST, Arguments | None, Value | None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An argument that is looked for in calls: its name, and its place (-1: by name alone)."""

    name: str
    place: int = -1

    def bound(self) -> _Wanted:
        """The same in a call of a bound method."""
        return replace(self, place=self.place - 1) if self.place > 0 else self


@dataclass(frozen=True, slots=True)
class _Dispatch:
    """Where a name that is made up is looked up, the how manieth of its file; and its ends."""

    path: str
    place: int
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class _Reached:
    """A module or class of which an attribute is looked up; a class and those above it."""

    of: _Place
    above: frozenset[_Place]


class Callers:
    """Looks for the calls of a function; remembers what it found."""

    def __init__(self, infer: Infer) -> None:
        self._infer = infer
        self._tree = infer.tree
        self._trace = infer.trace
        self._found_dispatches: dict[str, Held[tuple[_Dispatch, ...]]] = {}

    def forget(self) -> None:
        """Drop what is remembered: a file has changed."""
        self._found_dispatches.clear()

    def parameter(self, function: FunctionNode, argument: ast.arg, view: View) -> ValueSet:
        """What the parameter of a function can hold, over all its calls."""
        infer = self._infer
        return infer.detached(
            lambda: infer.guarded(
                ("parameter", argument), partial(self._parameter, function, argument, view)
            )
        )

    def _parameter(self, function: FunctionNode, argument: ast.arg, view: View) -> ValueSet:
        if view.is_test:
            return self._infer.models.parameter_of_test(function, argument, view, self._infer)
        owner = view.source.parent(function)
        if isinstance(owner, ast.ClassDef) and getattr(function, "name", "") == "__init__":
            cls = Class(view, owner)
            return self.of_constructor(function, argument, cls, Instance(cls, exact=False))
        return self._over(function, argument, view, self._known_calls(function, view))

    def _over(
        self,
        function: FunctionNode,
        argument: ast.arg,
        view: View,
        calls: Iterable[_Use],
    ) -> ValueSet:
        """The argument over these calls; a use that is none of them leaves a doubt."""
        infer = self._infer
        parts: list[ValueSet] = []
        doubt: Statement | None = None
        for where, node, arguments, receiver in calls:
            place = InFile(where.path, getattr(node, "lineno", 1))
            if arguments is None:
                doubt = doubt or says.UsedOtherwise(_called(function), place)
                continue
            given = None if receiver is None else known(receiver)
            bound = bind(function, arguments, lambda each: infer.value(each, view), given)
            look = bound.get(argument.arg)
            if look is None:
                doubt = doubt or says.NotPassed(place, argument.arg)
                continue
            fact = infer.fact(where, node, says.Passed(argument.arg))
            parts.append(because(look(), fact))
        found = tuple(p for p in union(parts) if not self._is_double(p.value))
        if not parts:
            reason = doubt or says.NoCaller(_called(function))
            default = self._default(function, argument, view)
            return union([default, unknown(reason, open=True)])
        if not doubt and not self._decorators_known(function, view):
            doubt = says.Decorated(_called(function))
        return doubted(found, doubt) if doubt else found

    def _is_double(self, value: Value) -> bool:
        """Whether it stands in for something, which proves nothing and disproves nothing."""
        return (
            isinstance(value, Instance)
            and isinstance(value.of, Library)
            and self._infer.models.is_double(value.of.name)
        )

    def _default(self, function: FunctionNode, argument: ast.arg, view: View) -> ValueSet:
        bound = bind(function, Arguments(), lambda each: self._infer.value(each, view))
        look = bound.get(argument.arg)
        return look() if look and _default_of(function, argument) is not None else ()

    def _decorators_known(self, function: FunctionNode, view: View) -> bool:
        """Whether nothing that decorates the function can call it with arguments of its own."""
        view.depend_on(function)
        for decorator in getattr(function, "decorator_list", ()):
            plain = decorator.func if isinstance(decorator, ast.Call) else decorator
            values = [p.value for p in self._infer.value(plain, view)]
            if not all(
                isinstance(value, (Function, Class))
                or (isinstance(value, Library) and self._infer.models.passes_through(value.name))
                for value in values
            ):
                return False
        return True

    def _known_calls(self, function: FunctionNode, view: View) -> Iterable[_Use]:
        """The calls of a function, looked for once."""
        found: Any = self._infer.guarded(
            ("calls", function),
            lambda: tuple(self._calls(function, view)),  # type: ignore[arg-type]
        )
        if any(isinstance(each, Inferred) for each in found):
            return ((view, function, None, None),)  # too much to follow
        return found  # type: ignore[no-any-return]

    # -- calls ----------------------------------------------------------------------------------

    def _calls(self, function: FunctionNode, view: View) -> Iterator[_Use]:
        """Each use of a function: its arguments (None: it is not called there) and its receiver."""
        if isinstance(function, ast.Lambda):
            yield from self._lambda_calls(function, view)
            return
        for count, each in enumerate(self._uses(function, view), 1):
            if each is None or count > _MOST_USES:
                yield view, function, None, None
                return
            where, use = each
            found = self._match(use, function, where)
            if found is None:
                continue
            receiver = found.receiver if isinstance(found, Function) else None
            yield (*self._call_around(use, where), receiver)
        if self._infer.is_spent:
            yield view, function, None, None  # files may have been left out

    def _uses(self, function: ast.AST, view: View) -> Iterator[tuple[View, ast.expr] | None]:
        name = getattr(function, "name", "")
        owner = view.source.parent(function)
        local = any(isinstance(each, FUNCTIONS) for each in view.source.ancestors(function))
        is_method = isinstance(owner, ast.ClassDef)  # which is reached by a dot, or in its class
        if local:
            yield from ((view, use) for use in view.uses(name))
            return
        if isinstance(owner, ast.Module):
            yield from self._uses_of_global(name, view)
        else:
            reading = self._tree.reading(name, view.path)
            paths = self._using(name, owner, view, {view.path, *reading})
            if len(paths) > _MOST_USES:
                yield None  # each of them would be parsed
            for where in self._parsed(paths[:_MOST_USES]):
                for use in where.uses(name):
                    bare = is_method and isinstance(use, ast.Name)
                    if not bare or isinstance(where.scope_of(use), ast.ClassDef):
                        yield where, use  # a method is not reached by its bare name elsewhere
        yield from self._looked_up(name, owner, view)

    def _looked_up(
        self, name: str, owner: ast.AST | None, view: View
    ) -> Iterator[tuple[View, ast.expr]]:
        """Where something may be reached by a text: `getattr(x, "name")`, `getattr(x, kind)`."""
        for path in self._code(self._tree.spelling(name, view.path)):
            if any(name in each.spelled for each in self._all_lookups((path,))):
                for where in self._parsed((path,)):
                    yield from ((where, use) for use in where.lookups(name))
        for each in self._dispatches(view):
            if not (name.startswith(each.starts) and name.endswith(each.ends)):
                continue
            if any(self._is_owner(reached, owner, view) for reached in self._reached(each)):
                for where in self._parsed((each.path,)):
                    yield where, where.dispatches()[each.place]

    def _dispatches(self, view: View) -> tuple[_Dispatch, ...]:
        """Where names that are made up are looked up, in the code that can run with a file."""
        key = self._tree.packages[view.path]
        return self._trace.remembered(
            self._found_dispatches, key, lambda: tuple(self._find_dispatches(view.path))
        )

    def _find_dispatches(self, near: str) -> Iterator[_Dispatch]:
        found: dict[str, tuple[tuple[str, str], ...]] = {}
        for path in self._tree.in_turn(self._code(self._tree.mentions("getattr", near))):
            facts = self._tree.facts(path, "lookups")
            if facts is not None:
                found[path] = facts.lookups.made_up
        for path in sorted(found):
            yield from (_Dispatch(path, at, *ends) for at, ends in enumerate(found[path]))

    def _reached(self, dispatch: _Dispatch) -> tuple[_Reached, ...]:
        """Whose attributes may be looked up at a place."""
        found: Any = self._infer.guarded(
            Lasting(("reached", dispatch.path, dispatch.place)),
            lambda: tuple(self._find_reached(dispatch)),  # type: ignore[arg-type]
        )
        return tuple(each for each in found if isinstance(each, _Reached))  # it may be too much

    def _find_reached(self, dispatch: _Dispatch) -> Iterator[_Reached]:
        for where in self._parsed((dispatch.path,)):
            for p in self._infer.value(where.dispatches()[dispatch.place].args[0], where):
                of = p.value.of if isinstance(p.value, Instance) else p.value
                if isinstance(of, Module):
                    yield _Reached((of.view.path, 0, 0), frozenset())
                elif isinstance(of, Class):
                    yield _Reached(_place(of), frozenset(self._places_above(of)))

    def _places_above(self, cls: Class) -> Iterator[_Place]:
        mro = self._infer.hierarchy.mro(cls)
        return (_place(each) for each in mro if isinstance(each, Class))

    def _is_owner(self, reached: _Reached, owner: ast.AST | None, view: View) -> bool:
        """Whether an attribute of that may be what a class or a module binds."""
        if isinstance(owner, ast.Module):
            return reached.of == (view.path, 0, 0)
        if not isinstance(owner, ast.ClassDef):
            return False
        home = Class(view, owner)
        return _place(home) in reached.above or reached.of in self._places_above(home)

    def _uses_of_global(self, name: str, view: View) -> Iterator[tuple[View, ast.expr] | None]:
        """The uses of what a module binds, under each name that it is imported by."""
        ahead, seen = [(name, view)], {(name, view.path)}
        while ahead:
            name, home = ahead.pop()
            found = {home.path, *self._tree.mentions(name, home.path)}
            paths = self._using(name, home.source.tree, home, found)
            if len(paths) > _MOST_FILES:
                yield None  # each of them would be parsed
            is_kept = partial(self._is_kept, home)
            for where in self._parsed(paths[:_MOST_FILES]):
                where.depend_on_words(None, "import", name)
                aliases = {each.alias for each in where.imports if each.name == name} - {""}
                for use in (use for each in (name, *aliases) for use in where.uses(each)):
                    if isinstance(use, ast.Name) or _may_be_of_import(use, where) or is_kept():
                        yield where, use
                for alias in aliases:
                    if (alias, where.path) not in seen:
                        seen.add((alias, where.path))
                        ahead.append((alias, where))
            others = [each for each in self._tree.reading(name, home.path) if each not in paths]
            others = [each for each in others if not self._tree.is_test(each)]
            if others and is_kept():
                for where in self._parsed(others[:_MOST_FILES]):
                    uses = (use for use in where.uses(name) if isinstance(use, ast.Attribute))
                    yield from ((where, use) for use in uses)

    def _is_kept(self, home: View) -> bool:
        """Whether somebody has a module as a value, or loads modules that no text names."""
        found: Any = self._infer.guarded(
            Lasting(("kept", home.path)),
            lambda: self._find_kept(home),  # type: ignore[arg-type,return-value]
        )
        return found is True or isinstance(found, tuple)  # too much to follow

    def _find_kept(self, home: View) -> bool:
        folder, _, file = home.path.rpartition("/")
        stem = folder.rpartition("/")[2] if file == "__init__.py" else file.removesuffix(".py")
        keeping = {*self._tree.keeping(stem, home.path)} - {home.path}
        if any(stem in each.kept for each in self._all_lookups(keeping)):
            return True
        loading = {p for word in LOADERS for p in self._tree.mentions(word, home.path)}
        return any(each.loads_unseen for each in self._all_lookups(loading))

    def _all_lookups(self, paths: Iterable[str]) -> Iterator[Lookups]:
        """What files other than tests reach that no name tells."""
        facts = (self._tree.facts(each, "lookups") for each in sorted(self._code(paths)))
        return (each.lookups for each in facts if each is not None)

    def _code(self, paths: Iterable[str]) -> Iterator[str]:
        return (path for path in paths if not self._tree.is_test(path))

    def _parsed(self, paths: Iterable[str]) -> Iterator[View]:
        """The modules in files, as long as something can still be found in them."""
        for path in paths:
            if self._infer.is_spent:
                return
            view = self._tree.module(path)
            if view is not None:
                yield view

    def _using(
        self, name: str, owner: ast.AST | None, view: View, paths: Iterable[str]
    ) -> list[str]:
        """Those files that may use what `owner` binds to a name, but for tests."""
        found = sorted(path for path in paths if not self._tree.is_test(path))
        if not isinstance(owner, ast.Module):
            return found
        return [path for path in found if self._tree.may_mean(name, view.path, path)]

    def _match(self, use: ast.expr, function: ast.AST, where: View) -> Function | Library | None:
        """The function as it is seen at a use; a Library where the use may or may not be it."""
        unclear = False
        for p in self._infer.value(use, where):
            if isinstance(p.value, Function):
                if p.value.node is function:
                    return p.value
                if any(_holds(held, function) for _, names in p.value.closure for _, held in names):
                    return Function(p.value.view, function, p.value.receiver)  # type: ignore[arg-type]
            elif isinstance(p.value, Unknown | AnyCallable):
                unclear = True
        if unclear and not isinstance(use, ast.Name):
            return Library(getattr(use, "attr", ""))  # of some object: it may be ours
        return None

    def _call_around(self, use: ast.expr, where: View) -> tuple[View, ast.AST, Arguments | None]:
        parent = where.source.parent(use)
        infer = self._infer
        if isinstance(parent, ast.Call) and parent.func is use:
            if any(isinstance(p.value, Function) for p in infer.value(use, where)):
                return where, parent, infer.calls.arguments(parent, where)
            return where, parent, None
        if isinstance(parent, (ast.Call, ast.keyword)):
            call = parent if isinstance(parent, ast.Call) else where.source.parent(parent)
            if isinstance(call, ast.Call):
                return where, use, infer.calls.handed_on(call, use, where)
        if isinstance(parent, FUNCTIONS) and use in getattr(parent, "decorator_list", ()):
            decorated = known(Function(where, parent))
            return where, use, Arguments((lambda: decorated,))
        return where, use, None

    def _lambda_calls(self, function: ast.Lambda, view: View) -> Iterator[_Use]:
        parent = view.source.parent(function)
        if isinstance(parent, ast.Call) and function in parent.args:
            yield view, parent, self._infer.calls.handed_on(parent, function, view), None
        elif isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            for use in view.uses(parent.targets[0].id):
                if any(
                    isinstance(p.value, Function) and p.value.node is function
                    for p in self._infer.value(use, view)
                ):
                    yield (*self._call_around(use, view), None)
        else:
            yield view, function, None, None

    # -- names that are spelled out -------------------------------------------------------------

    def spelled(self, node: ast.expr, view: View) -> tuple[tuple[str, ...], bool]:
        """The strings that an expression can be, over all callers, and whether that is all."""
        found: dict[str, None] = {}
        is_all = True
        ahead, seen = [(node, view)], {node}
        while ahead:
            node, view = ahead.pop(0)
            view.depend_on(node)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found[node.value] = None
                continue
            sources, are_all = self._sources(node, view)
            is_all = is_all and are_all and bool(sources)
            if len(seen) > _MOST_USES:
                return tuple(found), False
            ahead += (each for each in sources if each[0] not in seen)
            seen.update(each for each, _ in sources)
        return tuple(found), is_all and bool(found)

    def _sources(self, node: ast.expr, view: View) -> _Written:
        """The expressions that one gets its value from."""
        if isinstance(node, ast.IfExp):
            return [(node.body, view), (node.orelse, view)], True
        if isinstance(node, ast.BoolOp):
            return [(each, view) for each in node.values], True
        if not isinstance(node, ast.Name):
            return [], False
        scope = view.scope_of(node)
        bindings = view.reaching(scope, node, node.id) or view.exports(node.id)
        found: list[tuple[ast.expr, View]] = []
        are_all = bool(bindings)
        for b in bindings:
            if b.kind == "param" and isinstance(b.node, ast.arg):
                given, seen = self._expressions(b.node, view)
                found += given
                are_all = are_all and seen
            elif b.kind == "for" and isinstance(b.value, _DISPLAYS) and not b.path:
                found += [(each, view) for each in b.value.elts]
            elif b.kind in ("assign", "walrus", "annotation") and b.value and not b.path:
                found.append((b.value, view))
            else:
                are_all = False
        return found, are_all

    def _expressions(self, argument: ast.arg, view: View) -> _Written:
        """What the calls of a function write for one of its parameters."""
        function = view.source.parent(view.source.parent(argument) or argument)
        if not isinstance(function, FUNCTIONS):
            return [], False
        positional = [*function.args.posonlyargs, *function.args.args]
        if argument in positional:
            wanted = _Wanted(argument.arg, positional.index(argument))
        elif argument in function.args.kwonlyargs:
            wanted = _Wanted(argument.arg)
        else:
            return [], False  # all that `*` or `**` gathers
        default = _default_of(function, argument)
        return self._passed(function, view, wanted, (default, view) if default else None, _DEEP)

    def _passed(
        self,
        function: FunctionNode,
        view: View,
        wanted: _Wanted,
        default: tuple[ast.expr, View] | None,
        deep: int,
    ) -> _Written:
        """What the calls of a function write for what is wanted, or for what they leave out."""
        if view.is_test or not deep:
            return [], False
        calls: Any = self._infer.detached(
            lambda: tuple(self._known_calls(function, view))  # type: ignore[arg-type]
        )
        found: list[tuple[ast.expr, View]] = []
        are_all = self._decorators_known(function, view)
        for where, node, arguments, receiver in calls:
            if arguments is None or not isinstance(node, ast.Call):
                are_all = False
                continue
            here = wanted.bound() if receiver is not None else wanted
            given, seen = self._written(node, where, here, default, deep)
            found += given
            are_all = are_all and seen and bool(given)
        return found, are_all

    def _written(
        self,
        call: ast.Call,
        where: View,
        wanted: _Wanted,
        default: tuple[ast.expr, View] | None,
        deep: int,
    ) -> _Written:
        """What one call writes for what is wanted; `*args` and `**kwargs` are handed through."""
        for keyword in call.keywords:
            if keyword.arg and keyword.arg == wanted.name:
                return [(keyword.value, where)], True
        stars = [at for at, each in enumerate(call.args) if isinstance(each, ast.Starred)]
        first = stars[0] if stars else len(call.args)
        if 0 <= wanted.place < first and wanted.place < len(call.args):
            return [(call.args[wanted.place], where)], True
        if stars and wanted.place >= first:
            starred = call.args[first]
            assert isinstance(starred, ast.Starred)
            function = self._gatherer(starred.value, where, "vararg")
            if function is None or first != len(call.args) - 1:
                return [], False
            taken = len(function.args.posonlyargs) + len(function.args.args)
            inner = _Wanted("", taken + wanted.place - first)
            return self._passed(function, where, inner, default, deep - 1)
        packed = [each.value for each in call.keywords if each.arg is None]
        if packed and wanted.name:
            function = self._gatherer(packed[0], where, "kwarg")
            if function is None or len(packed) > 1:
                return [], False
            return self._passed(function, where, _Wanted(wanted.name), default, deep - 1)
        return ([default], True) if default else ([], False)

    def _gatherer(self, node: ast.expr, where: View, how: str) -> FunctionNode | None:
        """The function whose `*args` or `**kwargs` an expression is, handed on as they came."""
        if not isinstance(node, ast.Name):
            return None
        where.depend_on(node)
        bindings = where.reaching(where.scope_of(node), node, node.id) or ()
        nodes = {b.node for b in bindings if b.kind == "param"}
        if len(nodes) != 1 or len(nodes) != len(list(bindings)):
            return None
        argument = nodes.pop()
        function = where.source.parent(where.source.parent(argument) or argument)
        if not isinstance(function, FUNCTIONS) or getattr(function.args, how) is not argument:
            return None
        where.depend_on(function)
        kept = (each for each in where.uses(node.id) if function in where.source.ancestors(each))
        untouched = all(
            isinstance(where.source.parent(each), ast.Starred | ast.keyword) for each in kept
        )
        return function if how == "vararg" or untouched else None

    # -- constructors ---------------------------------------------------------------------------

    def of_constructor(
        self, function: FunctionNode, argument: ast.arg, cls: Class, instance: Instance
    ) -> ValueSet:
        """What a parameter of `__init__` is given when an object like `instance` is built."""
        infer = self._infer
        key = ("constructor", argument, instance)
        return infer.detached(
            lambda: infer.guarded(
                key,
                lambda: self._over(
                    function, argument, cls.view, self._constructions(function, cls, instance)
                ),
            )
        )

    def _constructions(
        self, function: FunctionNode, cls: Class, instance: Instance
    ) -> Iterator[_Use]:
        hierarchy = self._infer.hierarchy
        assert isinstance(instance.of, Class)
        below = () if instance.exact else hierarchy.subclasses(instance.of)
        built = [instance.of, *below]
        if cls not in hierarchy.mro(instance.of):
            built = [cls, *hierarchy.subclasses(cls)]
        for kind in built:
            own = self._init_of(kind)
            if own is function:
                yield from self._built(kind)
        initializers = {
            self._init_of(base): base
            for kind in built
            for base in hierarchy.mro(kind)
            if isinstance(base, Class)
        }
        for method, base in initializers.items():
            if method is not None and method is not function:
                yield from self._super_calls(method, base, function)

    def _init_of(self, cls: Class) -> FunctionNode | None:
        """The `__init__` that a class of the tree has, its own or inherited."""
        for base in self._infer.hierarchy.mro(cls):
            if not isinstance(base, Class):
                continue
            for b in base.view.bindings(base.node, "__init__"):
                if isinstance(b.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    return b.node
        return None

    def _built(self, cls: Class) -> Iterator[_Use]:
        """The calls of a class."""
        name, view = cls.node.name, cls.view
        instance = Instance(cls)
        owner = view.source.parent(cls.node)
        if isinstance(owner, ast.Module):
            uses = chain(self._uses_of_global(name, view), self._looked_up(name, owner, view))
        else:
            uses = chain((view, use) for use in view.uses(name))
        views = {view: None}
        for count, each in enumerate(uses, 1):
            if each is None or count > _MOST_USES:
                yield view, cls.node, None, None
                return
            where, use = each
            views[where] = None
            yield from self._construction(use, where, cls, instance)
        if self._infer.is_spent:
            yield view, cls.node, None, None  # files may have been left out
            return
        for where in views:
            for use in (use for word in ("cls", "__class__") for use in where.uses(word)):
                yield from self._construction(use, where, cls, instance)

    def _construction(
        self, use: ast.expr, where: View, cls: Class, instance: Instance
    ) -> Iterator[_Use]:
        parent = where.source.parent(use)
        if isinstance(parent, ast.Call) and parent.func is use:
            found = self._infer.value(use, where)
            if any(p.value == cls for p in found):
                yield where, parent, self._infer.calls.arguments(parent, where), instance
            elif not isinstance(use, ast.Name) and _is_unclear(found):
                yield where, use, None, instance
            return
        if not _is_kept_as_value(use, where) or not any(
            p.value == cls for p in self._infer.value(use, where)
        ):
            return
        handed = None
        if isinstance(parent, ast.Call):
            handed = self._infer.calls.handed_on(parent, use, where)
        if handed is not None:
            yield where, use, handed, instance
            return
        followed = [*self._by_variables(use, where, cls)]
        for call in followed:
            yield where, call, self._infer.calls.arguments(call, where), instance
        if not followed:
            yield where, use, None, instance

    def _by_variables(self, use: ast.expr, where: View, cls: Class) -> Iterator[ast.Call]:
        """The calls in a file of what holds a class there: a variable, an item of a list."""
        where.depend_on_all()
        known = {cls.node.name, *(each.bound for each in where.imports), *vars(builtins)}
        for call in where.source.nodes(ast.Call):
            func = call.func
            held = func.id not in known if isinstance(func, ast.Name) else isinstance(func, _PARTS)
            if held and any(p.value == cls for p in self._infer.value(func, where)):
                yield call

    def _super_calls(
        self, method: FunctionNode, base: Class, function: FunctionNode
    ) -> Iterator[_Use]:
        """Calls of this very `__init__` from that of another class, by `super()` or by name."""
        source = base.view.source
        for use in base.view.uses("__init__"):
            node = source.parent(use)
            if not isinstance(node, ast.Call) or node.func is not use:
                continue
            if method not in source.ancestors(use):
                continue
            for p in self._infer.value(use, base.view):
                if isinstance(p.value, Function) and p.value.node is function:
                    arguments = self._infer.calls.arguments(node, base.view)
                    yield base.view, node, arguments, p.value.receiver
                    break


def _is_unclear(found: ValueSet) -> bool:
    return any(isinstance(p.value, Unknown | AnyCallable) for p in found)


def _is_kept_as_value(use: ast.expr, where: View) -> bool:
    """Whether a class is kept, passed or given back at a place, to be called elsewhere.

    Not where it is asked about, says the type of something, or is the base of a class.
    """
    child: ast.AST = use
    for around in where.source.ancestors(use):
        if isinstance(around, ast.Dict) and child in around.keys:
            return False
        if isinstance(around, ast.Call):
            if child is around.func:
                return child is not use
            return dotted(around.func).rpartition(".")[2] not in _ASKS
        if isinstance(around, ast.AnnAssign):
            return child is around.value
        if isinstance(around, (ast.Assign, ast.Return, ast.Yield, ast.NamedExpr, ast.Lambda)):
            return True
        if isinstance(around, (ast.For, ast.AsyncFor, ast.comprehension)):
            return child is around.iter
        if not isinstance(around, _HOLDING):
            return False
        child = around
    return False


def _may_be_of_import(use: ast.Attribute, where: View) -> bool:
    """Whether an attribute is read of something that is imported: `waits.wait`."""
    root = dotted(use).partition(".")[0]
    if not root:
        return False
    return bool(where.star_imports) or any(
        each.bound.partition(".")[0] == root for each in where.imports
    )


def _holds(held: ValueSet, function: ast.AST) -> bool:
    return any(isinstance(p.value, Function) and p.value.node is function for p in held)


def _default_of(function: FunctionNode, argument: ast.arg) -> ast.expr | None:
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    if argument in spec.kwonlyargs:
        return spec.kw_defaults[spec.kwonlyargs.index(argument)]
    if argument not in positional:
        return None
    place = positional.index(argument) - len(positional)
    return spec.defaults[place] if -place <= len(spec.defaults) else None


def _place(cls: Class) -> _Place:
    return cls.view.path, cls.node.lineno, cls.node.col_offset


def _called(function: FunctionNode) -> says.FunctionName:
    name = getattr(function, "name", "")
    return says.FunctionName(name) if name else says.Lambda()
