"""What an annotation promises: names, strings, Optional, unions, containers and iterators."""

from __future__ import annotations

import ast

from qw_codemod.infer import statements as says
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.values import (
    AnyCallable,
    AnyClass,
    Awaitable,
    Class,
    Compound,
    Container,
    ContextManager,
    Future,
    Inferred,
    Instance,
    Kind,
    Library,
    Nothing,
    Unknown,
    ValueSet,
    known,
    union,
    unknown,
)
from qw_codemod.python.bindings import dotted
from qw_codemod.python.module import View

_SEQUENCES = frozenset(
    "list set frozenset deque Sequence MutableSequence Collection Set MutableSet AbstractSet "
    "FrozenSet List Deque".split()
)
_ITERATORS = frozenset(
    "Iterator Iterable Generator AsyncIterator AsyncIterable AsyncGenerator".split()
)
_MAPPINGS = frozenset(
    "dict Dict Mapping MutableMapping DefaultDict defaultdict OrderedDict".split()
)
_TUPLES = frozenset({"tuple", "Tuple"})
_AWAITABLES = frozenset("Awaitable Coroutine".split())
_CONTEXTS = frozenset(
    "ContextManager AsyncContextManager AbstractContextManager AbstractAsyncContextManager".split()
)
_WRAPPERS = frozenset("Annotated Final ClassVar Required NotRequired ReadOnly InitVar".split())
_NO_CLASS = frozenset(
    {"typing.Any", "typing_extensions.Any", "builtins.object", "typing.Callable", "typing.Hashable"}
)


class Annotations:
    """Reads annotations; a class that is not in the tree is known by its dotted name."""

    def __init__(self, infer: Infer) -> None:
        self._infer = infer

    def value(self, node: ast.expr, view: View, quoted_in: ast.AST | None = None) -> ValueSet:
        """What an object annotated like this holds; unknown for Any and the like."""
        place = quoted_in or node
        view.depend_on(place)
        if isinstance(node, ast.Constant):
            if node.value is None:
                return known(Nothing())
            if isinstance(node.value, str):
                return self._quoted(node.value, view, place)
            return unknown(says.NotFollowed("an annotation"))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return union(
                [self.value(node.left, view, quoted_in), self.value(node.right, view, quoted_in)]
            )
        if isinstance(node, ast.Subscript):
            return self._subscript(node, view, quoted_in)
        if isinstance(node, ast.Tuple):  # isinstance(x, (A, B))
            return union(self.value(part, view, quoted_in) for part in node.elts)
        if isinstance(node, (ast.Name, ast.Attribute)):
            alias = self._infer.names.alias(node, view)
            if alias is not None:  # which may mention itself: `Json = "dict[str, Json]"`
                return self._infer.guarded(("alias", alias[0]), lambda: self.value(*alias))
            return self.of_classes(self._classes(node, view, quoted_in))
        return unknown(says.NotFollowed("an annotation"))

    def _quoted(self, text: str, view: View, place: ast.AST) -> ValueSet:
        try:
            parsed = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return unknown(says.UnparsedAnnotation())
        return self.value(parsed, view, place)

    def _classes(self, node: ast.expr, view: View, quoted_in: ast.AST | None) -> ValueSet:
        infer = self._infer
        if quoted_in is None:
            return infer.value(node, view)
        # Parsed out of a string: no flow knows these nodes, so names are looked up by scope alone.
        if isinstance(node, ast.Name):
            return infer.names.lookup(node.id, view.scope_of(quoted_in), view)
        assert isinstance(node, ast.Attribute)
        inner = self._classes(node.value, view, quoted_in) if dotted(node) else ()
        return infer.attribute(inner, node.attr, view, node)

    def of_classes(self, classes: ValueSet) -> ValueSet:
        """Objects of these classes."""
        parts: list[Inferred] = []
        for p in classes:
            value = p.value
            if isinstance(value, Class):
                held = self._infer.hierarchy.made(Instance(value, exact=False))
                parts.append(Inferred(held, p.facts, p.doubt))
            elif isinstance(value, Library):
                parts.extend(self._library(value, p))
            elif isinstance(value, Instance) and value.of == Library("typing.TypeVar"):
                parts.append(Inferred(Unknown(says.TypeVariable())))
            elif isinstance(value, Instance | Compound | Nothing):
                # An alias such as `Jobs = List[QueryJob]` has been read as a value.
                parts.append(p if isinstance(value, Compound) else Inferred(Unknown(says.Alias())))
            else:
                parts.append(Inferred(Unknown(says.NotFollowed("an annotation"))))
        return tuple(parts)

    def _library(self, value: Library, p: Inferred) -> ValueSet:
        if value.name in _NO_CLASS:
            return unknown(says.SaysNothing(value.name))
        if value.name == "builtins.None":
            return known(Nothing())
        if value.last in _SEQUENCES | _ITERATORS | _MAPPINGS and _generic(value.name):
            return known(Container(_kind(value.last), unknown(says.UntypedItems())))
        if value.last in _TUPLES and _generic(value.name):
            return known(Container("tuple", unknown(says.UntypedItems())))
        held = Instance(self._infer.typed(value), exact=False)
        return (Inferred(held, p.facts, p.doubt),)

    def _subscript(self, node: ast.Subscript, view: View, quoted_in: ast.AST | None) -> ValueSet:
        name = dotted(node.value).rpartition(".")[2]
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]

        def inner(index: int) -> ValueSet:
            return self.value(parts[index], view, quoted_in) if parts else ()

        if name in ("Optional", "Union"):
            nothing = known(Nothing()) if name == "Optional" else ()
            return union([*(inner(index) for index in range(len(parts))), nothing])
        if name in _WRAPPERS:
            return inner(0)
        if name in _SEQUENCES or name in _ITERATORS:
            return known(Container(_kind(name), inner(0)))
        if name in _TUPLES:
            if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
                return known(Container("tuple", inner(0)))
            slots = tuple(inner(index) for index in range(len(parts)))
            return known(Container("tuple", union(slots), slots))
        if name in _MAPPINGS and len(parts) == 2:
            return known(Container("dict", inner(1), None, inner(0)))
        if name in _AWAITABLES:
            return known(Awaitable(inner(-1)))
        if name in _CONTEXTS:
            return known(ContextManager(inner(0)))
        if name in ("type", "Type"):
            return known(AnyClass(inner(0)))
        if name in ("Future", "Task"):
            return known(Future(inner(0)))
        if name == "Callable":
            return known(AnyCallable(inner(-1)))
        if name == "Literal":
            return known(Instance(Library("builtins.str")))
        return self.value(node.value, view, quoted_in)


def _generic(name: str) -> bool:
    return name.startswith(("builtins.", "typing.", "collections.", "typing_extensions."))


def _kind(name: str) -> Kind:
    if name in _ITERATORS:
        return "iterator"
    if name in _MAPPINGS:
        return "dict"
    return "set" if name.lower().endswith("set") else "list"
