"""Lists, dicts, tuples, iterators, awaitables: what goes in, and what comes out again."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from qw_codemod.infer import statements as says
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    AnyCallable,
    AnyClass,
    Awaitable,
    Class,
    Compound,
    Container,
    ContainerMethod,
    ContextManager,
    Future,
    Inferred,
    Instance,
    Kind,
    Library,
    Nothing,
    Record,
    RecordType,
    Unknown,
    ValueSet,
    known,
    union,
    unknown,
)
from qw_codemod.python.bindings import COMPREHENSIONS, Binding
from qw_codemod.python.module import View


def through(outer: Inferred, inner: ValueSet) -> ValueSet:
    """What a part can hold, with the facts and doubts of the whole behind it."""
    if not outer.facts and not outer.doubt:
        return inner
    return tuple(
        Inferred(p.value, _joined(p.facts, outer.facts), p.doubt or outer.doubt) for p in inner
    )


def _joined(first: tuple[object, ...], second: tuple[object, ...]) -> tuple:  # type: ignore[type-arg]
    return (*first, *(fact for fact in second if fact not in first))


_KINDS: dict[type[ast.AST], Kind] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.GeneratorExp: "iterator",
}


def kind_of(node: ast.expr) -> Kind | None:
    """Which kind of container an expression makes; None where it is no display."""
    return _KINDS.get(type(node))


def display(node: ast.expr, value: Callable[[ast.expr], ValueSet]) -> ValueSet:
    """What a list, tuple, set, dict, comprehension or any other expression makes."""
    if isinstance(node, (ast.List, ast.Set, ast.Tuple)):
        return _sequence_display(node, value)
    if isinstance(node, ast.Dict):
        parts, keys, named = [], [], []
        for key, part in zip(node.keys, node.values, strict=False):
            if key is None:  # {**other}
                for p in value(part):
                    if isinstance(p.value, Container) and p.value.kind == "dict":
                        parts.append(p.value.element)
                        keys.append(p.value.keys)
                continue
            found = value(part)
            parts.append(found)
            keys.append(value(key))
            if isinstance(key, ast.Constant):
                named.append((key.value, found))
        return known(Container("dict", union(parts), None, union(keys), tuple(named)))
    if isinstance(node, ast.DictComp):
        return known(Container("dict", value(node.value), None, value(node.key)))
    if isinstance(node, COMPREHENSIONS):
        return known(Container(_KINDS[type(node)], value(node.elt)))  # type: ignore[union-attr]
    if isinstance(node, ast.JoinedStr):
        return known(Instance(Library("builtins.str")))
    if isinstance(node, ast.Compare):
        return known(Instance(Library("builtins.bool")))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return joined([value(node.left), value(node.right)])
    return unknown(says.NotFollowed("an expression"))


def joined(sides: list[ValueSet]) -> ValueSet:
    """What `a + b` makes, where they are lists."""
    listed = [p for side in sides for p in side if isinstance(p.value, Compound)]
    if not listed:
        return unknown(says.NotFollowed("a sum"))
    return known(Container("list", union(_elements_of(p.value) for p in listed)))


def _sequence_display(
    node: ast.List | ast.Set | ast.Tuple, value: Callable[[ast.expr], ValueSet]
) -> ValueSet:
    kind = _KINDS[type(node)]
    parts: list[ValueSet] = []
    starred = False
    for part in node.elts:
        if isinstance(part, ast.Starred):
            starred = True
            parts.append(union(_elements_of(p.value) for p in value(part.value)))
        else:
            parts.append(value(part))
    slots = None if starred or kind == "set" or not parts else tuple(parts)
    return known(Container(kind, union(parts), slots))


def _elements_of(value: object) -> ValueSet:
    if isinstance(value, Container) and value.kind == "dict":
        return value.keys
    if isinstance(value, Container | Record):
        return value.element
    return unknown(says.NotFollowed("the items of something"))


def element(held: ValueSet, infer: Infer, is_async: bool = False) -> ValueSet:
    """What iterating gives."""
    parts = []
    for p in held:
        if isinstance(p.value, Nothing):
            continue
        if isinstance(p.value, Instance) and isinstance(p.value.of, Class):
            parts.append(through(p, infer.hierarchy.iterated(p.value, is_async)))
        elif isinstance(p.value, Instance) and isinstance(p.value.of, Library):
            parts.append(through(p, unknown(says.ItemOf(p.value.of.name))))
        elif isinstance(p.value, Unknown):
            parts.append(unknown(p.value.reason))
        else:
            parts.append(through(p, _elements_of(p.value)))
    return union(parts)


def entered(held: ValueSet, infer: Infer, is_async: bool = False) -> ValueSet:
    """What `with … as` gives."""
    parts = []
    for p in held:
        if isinstance(p.value, ContextManager):
            parts.append(through(p, p.value.target))
        elif isinstance(p.value, Instance) and isinstance(p.value.of, Class):
            parts.append(through(p, infer.hierarchy.entered(p.value, is_async)))
        elif isinstance(p.value, Nothing):
            continue
        else:
            parts.append((p,))  # library objects give themselves
    return union(parts)


def awaited(held: ValueSet) -> ValueSet:
    """What `await` gives."""
    parts = []
    for p in held:
        if isinstance(p.value, Awaitable | Future):
            parts.append(through(p, p.value.result))
        elif isinstance(p.value, Unknown):
            parts.append((p,))
        else:
            parts.append(unknown(says.NotFollowed("the result of an await")))
    return union(parts)


def unpacked(held: ValueSet, path: Iterable[int | None]) -> ValueSet:
    """What one target of a tuple assignment gets."""
    for index in path:
        parts = []
        for p in held:
            slots = p.value.slots if isinstance(p.value, Container | Record) else None
            if not isinstance(p.value, Compound):
                parts.append(unknown(says.NotFollowed("a part of something")))
            elif index is None:
                rest = union(slots) if slots else _elements_of(p.value)
                parts.append(through(p, known(Container("list", rest))))
            elif slots is not None and -len(slots) <= index < len(slots):
                parts.append(through(p, slots[index]))
            else:
                parts.append(through(p, _elements_of(p.value)))
        held = union(parts)
    return held


def item(held: ValueSet, index: ast.expr) -> ValueSet:
    """What `x[index]` gives."""
    parts = []
    constant = index.value if isinstance(index, ast.Constant) else None
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub):
        operand = getattr(index.operand, "value", None)
        constant = -operand if isinstance(operand, int) else None
    for p in held:
        value = p.value
        if isinstance(value, Nothing):
            continue
        if not isinstance(value, Compound):
            parts.append(
                (p,) if isinstance(value, Unknown) else unknown(says.ItemOfLibraryObject())
            )
        elif not isinstance(value, Container | Record):
            parts.append(unknown(says.NotFollowed("an item of something")))
        elif isinstance(index, ast.Slice):
            kind = value.kind if isinstance(value, Container) else "tuple"
            parts.append(through(p, known(Container(kind, value.element))))
        elif (
            value.slots
            and isinstance(constant, int)
            and -len(value.slots) <= constant < len(value.slots)
        ):
            parts.append(through(p, value.slots[constant]))
        elif constant is not None and constant in dict(value.named):
            parts.append(through(p, dict(value.named)[constant]))
        else:
            parts.append(through(p, value.element))
    return union(parts)


def member(value: Compound, name: str) -> ValueSet:
    """An attribute of a container: its methods, to be called."""
    if isinstance(value, Record):
        held = dict(value.named)
        return held[name] if name in held else unknown(says.AttributeOfRecord(name))
    if isinstance(value, Container | Future):
        return known(ContainerMethod(value, name))
    return unknown(says.AttributeOf(name, value.kind))


def called(value: Compound, arguments: Arguments) -> ValueSet:
    """What calling gives: a class of records, a method of a container or a future."""
    if isinstance(value, AnyCallable):
        return value.result
    if isinstance(value, AnyClass):
        return value.objects
    if isinstance(value, RecordType):
        return _record(value, arguments)
    if not isinstance(value, ContainerMethod):
        return unknown(says.NotFollowed("the result of a call"))
    if isinstance(value.of, Future):
        return _of_future(value.of, value.name)
    return _of_method(value.of, value.name, arguments)


def _of_future(future: Future, method: str) -> ValueSet:
    if method == "result":
        return future.result
    if method in ("add_done_callback", "cancel", "done"):
        return known(Nothing())
    return unknown(says.ResultOfContainerMethod(method))


def _of_method(value: Container, method: str, arguments: Arguments) -> ValueSet:
    constant = arguments.constants[0] if arguments.constants else None
    if method in ("get", "pop", "setdefault", "popleft", "get_nowait"):
        found = value.element
        if constant is not None and constant in dict(value.named):
            found = dict(value.named)[constant]
        return union([found, arguments.at(1, "default")]) if method != "setdefault" else found
    if method == "values":
        return known(Container("iterator", value.element))
    if method == "keys":
        return known(Container("iterator", value.keys))
    if method == "items":
        pair = known(
            Container("tuple", union([value.keys, value.element]), (value.keys, value.element))
        )
        return known(Container("iterator", pair))
    if method == "popitem":
        return known(
            Container("tuple", union([value.keys, value.element]), (value.keys, value.element))
        )
    if method in ("copy", "union", "difference", "intersection"):
        return known(
            Container("list" if not value.keys else "dict", value.element, None, value.keys)
        )
    return unknown(says.ResultOfContainerMethod(method))


def _record(value: RecordType, arguments: Arguments) -> ValueSet:
    """What a namedtuple's type makes: its fields by name and by place."""
    fields = value.fields
    given = dict(zip(fields, (look() for look in arguments.positional), strict=False))
    given.update((name, look()) for name, look in arguments.named.items())
    slots = tuple(given.get(name, unknown(says.Field(name))) for name in fields)
    return known(Record(tuple(zip(fields, slots, strict=False)), slots))


Addition = tuple[str, ast.AST, ast.expr]  # how, where, which expression


def with_additions(found: ValueSet, b: Binding, view: View, infer: Infer) -> ValueSet:
    """A container together with what is appended to it, or stored in it, in its scope."""
    additions = view.additions(b.name)
    if not additions:
        return found
    if "." in b.name:
        home: ast.AST | None = view.enclosing_class(b.node)
    else:
        scope = view.scope_of(b.node)
        home = view.source.tree if b.name in view.flow(scope).outer else scope
    inside = [each for each in additions if home is None or _is_inside(each[1], home, view)]
    return _filled(found, b.name, [(view, inside)], infer)


def with_additions_of(
    found: ValueSet, name: str, classes: Iterable[Class], infer: Infer
) -> ValueSet:
    """Containers that objects of these classes hold, with what the methods put into them."""
    own = f"self.{name}"
    parts: list[tuple[View, list[Addition]]] = []
    for cls in classes:
        additions = cls.view.additions(own)
        inside = [each for each in additions if cls.view.enclosing_class(each[1]) is cls.node]
        if inside:
            parts.append((cls.view, inside))
    return _filled(found, own, parts, infer) if parts else found


def _is_inside(node: ast.AST, home: ast.AST, view: View) -> bool:
    return home in view.source.ancestors(node)


def _filled(
    found: ValueSet, name: str, additions: Iterable[tuple[View, list[Addition]]], infer: Infer
) -> ValueSet:
    """The containers among these values, with what is put into them under a name."""
    elements: list[ValueSet] = []
    keys: list[ValueSet] = []
    for view, inside in additions:
        for each in inside:
            _add(each, name, view, infer, elements, keys)
    parts = []
    for p in found:
        if not isinstance(p.value, Container):
            parts.append((p,))
            continue
        inner = _without_empty(union([p.value.element, *elements]))
        all_keys = union([p.value.keys, *keys])
        parts.append((Inferred(Container(p.value.kind, inner, None, all_keys), p.facts, p.doubt),))
    return union(parts)


def _add(
    addition: Addition,
    name: str,
    view: View,
    infer: Infer,
    elements: list[ValueSet],
    keys: list[ValueSet],
) -> None:
    """Note what one call of `append`, one `x[key] = …` or the like puts into a container."""
    method, node, expression = addition
    value = infer.value(expression, view)
    if method in ("extend", "update"):
        for p in value:
            if isinstance(p.value, Container) and p.value.kind == "dict" and method == "update":
                elements.append(through(p, p.value.element))
                keys.append(p.value.keys)
            else:
                elements.append(element((p,), infer))
        return
    if method == "nested":
        value = known(Container("list", value))
    if method == "item" and isinstance(node, ast.Subscript):
        keys.append(infer.value(node.slice, view))
    fact = infer.fact(view, node, says.PutInto(name))
    elements.append(tuple(Inferred(p.value, (fact, *p.facts), p.doubt) for p in value))


def _without_empty(held: ValueSet) -> ValueSet:
    """Lists of nothing say nothing where a list of something is an alternative."""
    full = [p for p in held if not (isinstance(p.value, Container) and not p.value.element)]
    return tuple(full) if full else held
