"""What a call gives: functions of the tree are followed, those of libraries are looked up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from qw_codemod.infer import containers
from qw_codemod.infer import statements as says
from qw_codemod.infer.containers import through
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.signatures import Arguments, Look, bind
from qw_codemod.infer.values import (
    AnyCallable,
    Awaitable,
    Class,
    Compound,
    Container,
    ContextManager,
    Function,
    FunctionNode,
    Inferred,
    Instance,
    Library,
    Method,
    Nothing,
    Record,
    Super,
    Unknown,
    Value,
    ValueSet,
    because,
    doubted,
    is_unknown,
    is_vague,
    known,
    union,
    unknown,
)
from qw_codemod.kernel.model import Fact
from qw_codemod.languages.python import children
from qw_codemod.python.bindings import FUNCTIONS
from qw_codemod.python.module import View

_SPECIAL = frozenset(
    {
        *("builtins.super", "builtins.type", "builtins.getattr"),
        *("typing.cast", "typing_extensions.cast"),
    }
)
_ASKING = frozenset({"isinstance", "issubclass", "callable"})
_Body = tuple[list[ast.Return], list[ast.Yield | ast.YieldFrom], bool]


class Calls:
    """Follows calls."""

    def __init__(self, infer: Infer) -> None:
        self._infer = infer
        self._bodies: dict[ast.AST, _Body] = {}

    def forget(self) -> None:
        """Drop what is remembered of function bodies."""
        self._bodies.clear()

    def result(self, node: ast.Call, view: View) -> ValueSet:
        """What a call expression gives."""
        infer = self._infer
        callee = infer.value(node.func, view)
        parts = []
        arguments: Arguments | None = None
        for p in callee:
            if isinstance(p.value, Library) and p.value.name in _SPECIAL:
                parts.append(self._special(p.value.last, node, view))
                continue
            if isinstance(p.value, Unknown):
                parts.append((p,))
                continue
            arguments = arguments or self.arguments(node, view)
            found = self.call(p, arguments)
            fact = self._fact(p.value, found, node, view)
            parts.append(because(found, fact) if fact else found)
        return union(parts)

    def _fact(self, value: Value, found: ValueSet, node: ast.Call, view: View) -> Fact | None:
        if isinstance(value, (Class, Library)):
            name = value.node.name if isinstance(value, Class) else value.last
            what = says.Built(name) if name[:1].isupper() else says.LibraryCalled(name)
            return self._infer.fact(view, node, what)
        if isinstance(value, Method):
            called = says.MethodCalled(value.name, value.receiver.last)
            given = found[0].value if len(found) == 1 else None
            if isinstance(given, Instance) and isinstance(given.of, Library):
                called = says.MethodGives(value.name, value.receiver.last, given.of.last)
            return self._infer.fact(view, node, called)
        if isinstance(value, Function):
            name = getattr(value.node, "name", "lambda")
            return self._infer.fact(view, node, says.Called(name))
        return None

    def arguments(self, call: ast.Call, view: View) -> Arguments:
        """The arguments of a call; `*args` and `**kwargs` are taken apart where they are known."""
        infer = self._infer

        def look(node: ast.expr) -> Look:
            return lambda: infer.held_by(node, view)

        positional: list[Look] = []
        rest: list[Look] = []
        is_open = False
        for node in call.args:
            if not isinstance(node, ast.Starred):
                positional.append(look(node))
                continue
            starred = infer.held_by(node.value, view)
            slots = _slots(starred)
            if slots is None:
                is_open = True
                rest.append(_constant(containers.element(starred, infer)))
                break
            positional += [_constant(slot) for slot in slots]
        constants = tuple(map(_literal, call.args))
        named: dict[str, Look] = {}
        for keyword in call.keywords:
            if keyword.arg is not None:
                named[keyword.arg] = look(keyword.value)
                continue
            for p in infer.held_by(keyword.value, view):
                value = p.value
                if isinstance(value, Container) and value.kind == "dict" and _is_spelled_out(value):
                    named.update((str(key), _constant(held)) for key, held in value.named)
                else:
                    is_open = True
        return Arguments(tuple(positional), named, is_open, tuple(rest), constants)

    def call(self, p: Inferred, arguments: Arguments) -> ValueSet:
        """What calling one alternative gives."""
        return through(p, self._call(p.value, arguments))

    def _call(self, value: Value, arguments: Arguments) -> ValueSet:
        if isinstance(value, Function):
            return self._function(value, arguments)
        if isinstance(value, Class):
            return self._construct(value, arguments)
        if isinstance(value, Library):
            return self._infer.deeply(partial(self._library, value, arguments))
        if isinstance(value, Method):
            return self._infer.deeply(partial(self._method, value, arguments))
        if isinstance(value, Compound):
            return containers.called(value, arguments)
        if isinstance(value, Instance) and isinstance(value.of, Class):
            given = self._infer.hierarchy.special(value, "__call__", arguments)
            return unknown(says.ResultOfObject()) if given is None else given
        if isinstance(value, Unknown):
            return unknown(value.reason)
        return unknown(says.NotFollowed("the result of a call"))

    def _special(self, name: str, node: ast.Call, view: View) -> ValueSet:
        """`super()`, `type(x)`, `getattr(x, name)` and `cast(T, x)`."""
        infer = self._infer
        if name == "getattr":
            return self._by_name(node, view)
        if name == "cast":
            if len(node.args) != 2:
                return unknown(says.NotFollowed("a cast"))
            declared = infer.annotations.value(node.args[0], view)
            return infer.value(node.args[1], view) if is_unknown(declared) else declared
        if name == "type":
            if len(node.args) != 1:
                return unknown(says.ClassMadeByType())
            found = infer.value(node.args[0], view)
            return tuple(
                Inferred(p.value.of, p.facts, p.doubt)
                if isinstance(p.value, Instance)
                else Inferred(Unknown(says.NotFollowed("the type of something")))
                for p in found
            )
        cls = view.enclosing_class(node)
        method = view.enclosing_method(node)
        if cls is None or method is None:
            return unknown(says.SuperOutside())
        first = next(iter((*method.args.posonlyargs, *method.args.args)), None)
        if first is None:
            return unknown(says.SuperOutside())
        past = Class(view, cls)
        return tuple(
            Inferred(Super(past, p.value), p.facts, p.doubt)
            for p in infer.parameter(first, view)
            if isinstance(p.value, Class)
            or (isinstance(p.value, Instance) and isinstance(p.value.of, Class))
        )

    def _by_name(self, node: ast.Call, view: View) -> ValueSet:
        """`getattr(x, name)`, where the name is spelled out, here or by the callers."""
        infer = self._infer
        if len(node.args) < 2:
            return unknown(says.NotFollowed("the result of a call"))
        names, are_all = infer.callers.spelled(node.args[1], view)
        receiver = infer.value(node.args[0], view)
        parts = [infer.attribute(receiver, name, view, node) for name in names]
        parts += (infer.value(default, view) for default in node.args[2:])
        if not are_all:
            reason = says.AttributeByExpression()
            parts.append(unknown(reason))
            if not names:  # whatever the methods of a library's class give
                parts += (doubted(self._by_any_name(p), reason) for p in receiver)
        return union(parts)

    def _by_any_name(self, p: Inferred) -> ValueSet:
        of = p.value.of if isinstance(p.value, Instance) else None
        given = self._infer.models.by_name(of) if isinstance(of, Library) else ()
        return known(AnyCallable(given), *p.facts) if given else ()

    # -- functions of the tree ------------------------------------------------------------------

    def _function(self, value: Function, arguments: Arguments) -> ValueSet:
        infer = self._infer
        configured = infer.configured(value.view, value.node)
        if configured:
            return configured
        node, view = value.node, value.view
        receiver = None if value.receiver is None else known(value.receiver)
        bound = bind(node, arguments, lambda each: infer.value(each, view), receiver)
        return infer.within(node, bound, partial(self._given, value), value.closure)

    def _given(self, value: Function) -> ValueSet:
        """What the body of a function gives, its parameters being what they are."""
        infer, view, node = self._infer, value.view, value.node
        if isinstance(node, ast.Lambda):
            return infer.value(node.body, view)
        view.depend_on(node)
        view.depend_on_body(node)
        returns, yields, is_abstract = self._body(node)
        is_context = self._is_context(node, view)
        declared: ValueSet = ()
        if node.returns is not None:
            declared = infer.annotations.value(node.returns, view)
            fact = infer.fact(view, node, says.DeclaresReturn(node.name))
            declared = because(declared, fact)
        if yields:
            element = _element_of(declared)
            if not element or is_vague(element):
                element = self._yielded(yields, view, isinstance(node, ast.AsyncFunctionDef))
            return known(ContextManager(element) if is_context else Container("iterator", element))
        if is_context:
            return known(ContextManager(_element_of(declared)))
        found = declared
        if not declared or is_vague(declared):
            found = union(infer.value(each.value, view) for each in returns)
            if not returns and not is_abstract:
                found = known(Nothing())
            elif (
                declared
                and is_vague(found)
                and not all(isinstance(p.value, Nothing) for p in found)
            ):
                found = declared
        if isinstance(node, ast.AsyncFunctionDef):
            return known(Awaitable(found))
        return found

    def _yielded(
        self, yields: list[ast.Yield | ast.YieldFrom], view: View, is_async: bool
    ) -> ValueSet:
        infer = self._infer
        return union(
            containers.element(infer.held_by(each.value, view), infer, is_async)
            if isinstance(each, ast.YieldFrom)
            else infer.value(each.value, view)
            for each in yields
        )

    def _is_context(self, node: ast.FunctionDef | ast.AsyncFunctionDef, view: View) -> bool:
        return any(
            isinstance(p.value, Library) and self._infer.models.makes_context(p.value.name)
            for decorator in node.decorator_list
            for p in self._infer.value(decorator, view)
        )

    def _body(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> _Body:
        found = self._bodies.get(node)
        if found is None:
            returns: list[ast.Return] = []
            yields: list[ast.Yield | ast.YieldFrom] = []
            for each in _own_nodes(node):
                if isinstance(each, ast.Return):
                    returns.append(each)
                elif isinstance(each, (ast.Yield, ast.YieldFrom)):
                    yields.append(each)
            returns.sort(key=lambda each: each.lineno)
            found = self._bodies[node] = (returns, yields, _is_abstract(node))
        return found

    # -- classes --------------------------------------------------------------------------------

    def _construct(self, cls: Class, arguments: Arguments) -> ValueSet:
        infer = self._infer
        configured = infer.configured(cls.view, cls.node)
        if configured:
            return configured
        return known(infer.hierarchy.made(Instance(cls)))

    # -- libraries ------------------------------------------------------------------------------

    def _library(self, value: Library, arguments: Arguments) -> ValueSet:
        infer = self._infer
        models = infer.models
        name = models.canonical(value.name)
        configured = infer.types.get(name) or infer.types.get(value.name)
        if configured:
            return known(Instance(Library(models.canonical(configured))))
        given = models.call(name, arguments, infer)
        if given is not None:
            return given
        last = value.last
        if last[:1].isupper() or models.has(name) or name.startswith("builtins."):
            return known(Instance(Library(name)))
        return unknown(says.ResultOf(name))

    def _method(self, value: Method, arguments: Arguments) -> ValueSet:
        given = self._infer.models.method(value.receiver, value.name, arguments, self._infer)
        if given is not None:
            return given
        if value.receiver.name.startswith("builtins."):
            return known(Instance(Library("builtins.object")))
        return unknown(says.ResultOfMethod(value.name, value.receiver.last))

    def handed_on(self, call: ast.Call, function: ast.expr, view: View) -> Arguments | None:
        """What a function gets that is itself an argument: of `submit`, `map`, `partial`, `Thread`.

        None where that cannot be told.
        """
        infer = self._infer
        if isinstance(call.func, ast.Name) and call.func.id in (
            "isinstance",
            "issubclass",
            "callable",
        ):
            return None
        for p in infer.value(call.func, view):
            if isinstance(p.value, Library):
                name = infer.models.canonical(p.value.name)
            elif isinstance(p.value, Method):
                name = f"{p.value.receiver.name}.{p.value.name}"
            else:
                continue
            found = infer.models.handed_on(name, call, function, view, infer)
            if found is not None:
                return found
        return None


def _element_of(declared: ValueSet) -> ValueSet:
    return union(
        p.value.target if isinstance(p.value, ContextManager) else p.value.element
        for p in declared
        if isinstance(p.value, ContextManager)
        or (isinstance(p.value, Container) and p.value.kind == "iterator")
    )


def _own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's body that are not in a function or class inside it."""
    body = function.body if isinstance(function.body, list) else [function.body]
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            stack.extend(children(node))


def _is_abstract(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the body only says that others must define it."""
    if any("abstract" in ast.dump(each) for each in node.decorator_list):
        return True
    last = node.body[-1]
    if isinstance(last, ast.Raise):
        return True
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Constant)
        and last.value.value is ...
    )


def _literal(node: ast.expr) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return tuple(map(_literal, node.elts))
    return None


def _is_spelled_out(value: Container) -> bool:
    return bool(value.named) or not value.element


def _slots(held: ValueSet) -> tuple[ValueSet, ...] | None:
    if len(held) != 1 or not isinstance(value := held[0].value, Container | Record):
        return None
    return value.slots if value.slots is not None or value.element else ()


def _constant(held: ValueSet) -> Look:
    return lambda: held
