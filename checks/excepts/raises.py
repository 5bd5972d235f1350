"""What the body of a `try` can raise, where all of its operations are known."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from qw_codemod.infer import Class, Container, Inference, Instance, Library, Method
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted

from . import known_operations as operations
from .effects import log_of

# Arguments that known operations call: what those do is not known.
_CALLED_BACK = frozenset(
    "default auth opener object_hook object_pairs_hook cls hooks parse_float parse_int "
    "parse_constant onerror onexc copy_function".split()
)
_ANSWERS = re.compile(r"(^|[._])(r|res|resp|response)$")  # of HTTP, by their names


class _UnknownOperation(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Expected:
    """The classes of all that a body can raise, as dotted names; none where it is open.

    `certain`: nothing else can come, not even from a property.
    """

    raises: tuple[str, ...] = ()
    certain: bool = True


def exceptions(source: SourceFile, infer: Inference, body: Sequence[ast.stmt]) -> Expected:
    """What these statements can raise; the sources of the facts: `known_operations`."""
    reader = _Body(source, infer)
    try:
        found = dict.fromkeys(reader.statements(body))
    except _UnknownOperation:
        return Expected()
    return Expected(tuple(found), reader.certain)


class _Body:
    def __init__(self, source: SourceFile, infer: Inference) -> None:
        self._source = source
        self._infer = infer
        self.certain = True
        self._files: set[str] = set()  # names of what `open` gave
        self._parsed: set[str] = set()  # and of what JSON gave

    def statements(self, body: Iterable[ast.stmt]) -> Iterator[str]:
        for node in body:
            yield from self._statement(node)

    def _statement(self, node: ast.stmt) -> Iterator[str]:
        match node:
            case ast.Pass() | ast.Continue() | ast.Break():
                return
            case ast.Import() | ast.ImportFrom():
                yield from operations.IMPORT
            case ast.Expr(value=value):
                yield from self._value(value)
            case ast.Return(value=value):
                yield from self._value(value) if value is not None else ()
            case ast.Assign(targets=targets, value=value):
                yield from self._value(value)
                if isinstance(value, ast.Call) and (is_answer(value) or self._is_part(value)):
                    self._parsed.update(dotted(target) for target in targets)
                for target in targets:
                    yield from self._target(target)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                yield from self._value(value)
                yield from self._target(target)
            case ast.Delete(targets=targets):
                for target in targets:
                    yield from self._target(target)
            case ast.If(test=test, body=body, orelse=orelse):
                yield from self._value(test)
                yield from self.statements([*body, *orelse])
            case ast.With(items=items, body=body):
                for item in items:
                    if not isinstance(item.context_expr, ast.Call):
                        raise _UnknownOperation
                    yield from self._value(item.context_expr)
                    if dotted(item.context_expr.func) == "open" and item.optional_vars is not None:
                        self._files.add(dotted(item.optional_vars))
                yield from self.statements(body)
            case _:
                raise _UnknownOperation

    def _target(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.Name():
                return
            case ast.Attribute(value=value):
                yield from self._value(value)
            case ast.Subscript():
                yield from self._subscript(node)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self.certain = False  # what is iterated may raise what it likes
                yield from operations.UNPACKING
                for element in elements:
                    yield from self._target(element)
            case _:
                raise _UnknownOperation

    def _value(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.Name() | ast.Constant():
                return
            case ast.Attribute():
                yield from self._attribute(node)
            case ast.Subscript():
                yield from self._subscript(node)
            case ast.Compare(left=left, ops=ops, comparators=others):
                if not all(isinstance(op, ast.Eq | ast.NotEq | ast.Is | ast.IsNot) for op in ops):
                    self.certain = False  # of values that may have no order
                for each in (left, *others):
                    yield from self._value(each)
            case ast.Call():
                yield from self._call(node)
            case (
                ast.BoolOp()
                | ast.IfExp()
                | ast.Tuple()
                | ast.List()
                | ast.Dict()
                | ast.JoinedStr()
                | ast.FormattedValue()
            ):
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        yield from self._value(child)
            case ast.Slice(lower=lower, upper=upper, step=None):
                for bound in (lower, upper):
                    yield from self._value(bound) if bound is not None else ()
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=int())):
                self.certain = False
                yield from self._value(left)
                yield "TypeError"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield from self._value(operand)
            case ast.UnaryOp(operand=ast.Constant()):
                return
            case _:
                raise _UnknownOperation

    def _subscript(self, node: ast.Subscript) -> Iterator[str]:
        """Of a dict or a list that is known, what these raise; else what things raise as a rule."""
        yield from self._value(node.value)
        yield from self._value(node.slice)
        kinds = {
            inferred.value.kind if isinstance(inferred.value, Container) else ""
            for inferred in self._infer.holds(self._source, node.value)
        }
        is_plain = isinstance(node.slice, ast.Constant | ast.JoinedStr)
        if kinds == {"dict"}:
            if not isinstance(node.ctx, ast.Store):
                yield "KeyError"
            if not is_plain:
                yield "TypeError"  # a key that has no hash
        elif kinds and kinds <= {"list", "tuple"} and not isinstance(node.slice, ast.Slice):
            yield "IndexError"
            if not is_plain:
                yield "TypeError"
        else:
            self.certain = False
            yield from operations.SUBSCRIPT

    def _attribute(self, node: ast.Attribute) -> Iterator[str]:
        """An attribute may be a property, which runs code; of `self` it is seen whether it is."""
        if self._is_library(node.value):
            return
        own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        if own:
            if node.attr in _functions(self._source):
                raise _UnknownOperation
        elif not isinstance(node.value, ast.Name) or self._is_property(node):
            raise _UnknownOperation
        self.certain = self.certain and own and node.attr in _assigned(self._source)
        yield from operations.ATTRIBUTE

    def _is_property(self, node: ast.Attribute) -> bool:
        """Whether the attribute of an object of the tree's own is a function of its class."""
        for inferred in self._infer.holds(self._source, node.value):
            value = inferred.value
            if not isinstance(value, Instance) or not isinstance(value.of, Class):
                continue
            for base in self._infer.hierarchy.mro(value.of):
                body = base.node.body if isinstance(base, Class) else ()
                if any(getattr(each, "name", "") == node.attr for each in body):
                    return True
        return False

    def _is_library(self, node: ast.expr) -> bool:
        """`os.environ`: an attribute of a module that is there."""
        held = self._infer.holds(self._source, node)
        return bool(held) and all(isinstance(p.value, Library) for p in held)

    def _call(self, call: ast.Call) -> Iterator[str]:
        if log_of(call) is not None:
            names: tuple[str, ...] = ()  # logging swallows its own failures
        else:
            names = self._raised_by(call)
            if isinstance(call.func, ast.Attribute) and not self._is_library(call.func.value):
                yield from self._value(call.func.value)
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                raise _UnknownOperation
            yield from self._value(argument)
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in _CALLED_BACK:
                raise _UnknownOperation
            yield from self._value(keyword.value)
        yield from names

    def _raised_by(self, call: ast.Call) -> tuple[str, ...]:
        found: dict[str, None] = {}
        if _is_search(call) or is_answer(call):
            self.certain = False  # of a list, a tuple or a text, or an answer, by its name
            return ("ValueError",)
        if self._is_part(call):
            self.certain = False
            return operations.ATTRIBUTE
        if isinstance(call.func, ast.Attribute) and dotted(call.func.value) in self._files:
            known = operations.BY_NAME.get(f"{operations.FILE}.{call.func.attr}")
            if known is None or (call.args and call.func.attr != "write"):
                raise _UnknownOperation
            return known.raises
        held = self._infer.holds(self._source, call.func)
        if not held:
            raise _UnknownOperation
        for inferred in held:
            value = inferred.value
            if isinstance(value, Method):
                name = f"{value.receiver.name}.{value.name}"
            elif isinstance(value, Library):
                name = value.name.removeprefix("builtins.")
            else:
                raise _UnknownOperation
            known = operations.BY_NAME.get(name)
            if known is None or inferred.doubt:
                raise _UnknownOperation
            found.update(dict.fromkeys(known.raises))
        return tuple(found)

    def _is_part(self, call: ast.Call) -> bool:
        """`response.json().get("name", "")`, and what is asked of that."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "get":
            return False
        value = call.func.value
        while isinstance(value, ast.Subscript):
            value = value.value
        if isinstance(value, ast.Call):
            return is_answer(value) or self._is_part(value)
        return isinstance(value, ast.Name) and value.id in self._parsed


def _is_search(call: ast.Call) -> bool:
    """`names.index("--vars")`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "index":
        return False
    return len(call.args) == 1 and not call.keywords


def is_answer(call: ast.Call) -> bool:
    """`response.json()`, of an answer of whatever library."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "json":
        return False
    return _ANSWERS.search(dotted(call.func.value)) is not None and not (call.args or call.keywords)


@kept
def _functions(source: SourceFile) -> frozenset[str]:
    return frozenset(each.name for each in source.nodes(ast.FunctionDef))


@kept
def _assigned(source: SourceFile) -> frozenset[str]:
    """The attributes that are set somewhere in the file."""
    stored = (each for each in source.nodes(ast.Attribute) if isinstance(each.ctx, ast.Store))
    return frozenset(each.attr for each in stored)
