"""Objects of the tree's classes: what their attributes hold, what their special methods give."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from qw_codemod.infer import containers
from qw_codemod.infer import statements as says
from qw_codemod.infer.classes import Classes
from qw_codemod.infer.protocol import Base, Infer
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    AnyCallable,
    Class,
    Container,
    Function,
    FunctionNode,
    Instance,
    Library,
    Record,
    Super,
    ValueSet,
    because,
    is_unknown,
    is_vague,
    known,
    union,
    unknown,
)
from qw_codemod.infer.writes import Writes
from qw_codemod.python.bindings import FUNCTIONS, Binding
from qw_codemod.python.module import View


class Hierarchy(Classes):
    """Answers about classes and their objects."""

    def __init__(self, infer: Infer) -> None:
        super().__init__(infer)
        self.writes = Writes(infer, self)

    def forget(self) -> None:
        """Drop what is remembered: a file has changed."""
        super().forget()
        self.writes.forget()

    def bound_first_parameter(
        self, function: ast.AST, argument: ast.arg, view: View
    ) -> ValueSet | None:
        """What `self` or `cls` is, seen from inside the class; None for any other parameter."""
        node = view.source.parent(function)
        if not isinstance(node, ast.ClassDef) or isinstance(function, ast.Lambda):
            return None
        spec = function.args  # type: ignore[attr-defined]
        first = next(iter((*spec.posonlyargs, *spec.args)), None)
        if argument is not first:
            return None
        kind = self.kind(function, view)
        if kind == "static" and function.name != "__new__":  # type: ignore[attr-defined]
            return None
        cls = Class(view, node)
        if kind in ("class", "static"):
            return known(cls)
        return known(Instance(cls, exact=False))

    def attribute(self, instance: Instance, name: str) -> ValueSet:
        """What an attribute of an object holds, over every class that the object may be of."""
        compute = partial(self._infer.detached, partial(self._attribute, instance, name))
        return self._infer.guarded(("attribute", instance, name), compute)

    def _attribute(self, instance: Instance, name: str) -> ValueSet:
        assert isinstance(instance.of, Class)
        cls = instance.of
        below = () if instance.exact else self.subclasses(cls)
        found = self._of_chain(self.mro(cls), instance, name)
        parts = [found]
        for sub in below:
            if self._redefines(sub, cls, name):
                receiver = Instance(sub, exact=False)
                parts.append(self._of_chain(self.mro(sub), receiver, name))
        found = union(parts)
        if any(isinstance(p.value, Container) for p in found):
            return containers.with_additions_of(found, name, self._adding(cls, below), self._infer)
        if not found or is_unknown(found):
            outside = self.writes.from_outside(instance, name, below)
            if outside:
                return union([*(p for p in parts if not is_unknown(p)), outside])
        return found

    def _adding(self, cls: Class, below: Sequence[Class]) -> tuple[Class, ...]:
        """The classes whose methods may put something into a container of an object."""
        bases = (base for each in (cls, *below) for base in self.mro(each))
        return tuple(dict.fromkeys(base for base in bases if isinstance(base, Class)))

    def _redefines(self, sub: Class, cls: Class, name: str) -> bool:
        """Whether a subclass has another definition, its own or that of a base beside `cls`."""
        above = set(self.mro(cls))
        return any(
            isinstance(base, Class)
            and base not in above
            and (self.bindings_of(base, name) or self.writes.inside(base, name))
            for base in self.mro(sub)
        )

    def class_attribute(self, cls: Class, name: str) -> ValueSet:
        """What an attribute of the class itself holds; methods are not bound to an object."""
        for base in self.mro(cls):
            if isinstance(base, Library):
                return (
                    known(Library(f"{base.name}.{name}"))
                    if self._infer.models.has(base.name)
                    else unknown(says.ComesFrom(name, base.name))
                )
            if base is None:
                return unknown(says.UnknownBase(cls.node.name))
            bindings = self.bindings_of(base, name)
            if bindings:
                found = self._bound(bindings, base, cls)
                return (
                    union([found, self.writes.by_class_methods(base, name)])
                    if is_unknown(found)
                    else found
                )
            if writes := self.writes.by_class_methods(base, name):
                return writes
        outside = self.writes.from_outside(Instance(cls), name, ())
        return outside or unknown(says.NotBound(name, cls.node.name))

    def past(self, value: Super, name: str) -> ValueSet:
        """What `super().name` is."""
        receiver = value.receiver
        cls = receiver if isinstance(receiver, Class) else receiver.of
        assert isinstance(cls, Class)
        chain = self.mro(cls)
        if value.past in chain:
            chain = chain[chain.index(value.past) + 1 :]
        instance = receiver if isinstance(receiver, Instance) else Instance(receiver)
        if name == "__new__" and not any(
            isinstance(base, Class) and self.bindings_of(base, name) for base in chain
        ):
            return known(AnyCallable(known(instance)))
        return self._of_chain(chain, instance, name)

    def _of_chain(self, chain: tuple[Base, ...], instance: Instance, name: str) -> ValueSet:
        """The attribute by the first class that defines it, and all that methods assign to it."""
        assigned: list[ValueSet] = []
        defined: ValueSet | None = None
        is_declared = False
        for base in chain:
            if base is None:
                defined = defined or unknown(says.UnknownBase(_name(instance)), open=True)
                continue
            if isinstance(base, Library):
                if defined is None and base.name not in ("builtins.object", "abc.ABC"):
                    if self._infer.models.has(base.name):
                        defined = self._infer.library_member(base, name)
                    elif not base.name.startswith(("typing.", "builtins.", "abc.")):
                        defined = unknown(says.MayComeFrom(name, base.name), open=True)
                continue
            assigned.append(self._assigned(base, instance, name))
            bindings = self.bindings_of(base, name)
            if bindings and (defined is None or is_unknown(defined)):
                declared = [b for b in bindings if b.kind == "annotation"]
                defined = self._bound(declared or bindings, base, instance)
                is_declared = bool(declared)
                if declared and not is_vague(defined):
                    return defined  # what is annotated holds for every assignment
                if any(b.kind == "def" for b in bindings) and defined is not None:
                    break
        written = union(assigned)
        if written and not is_unknown(written):
            is_told = defined is not None and not (is_declared or is_unknown(defined))
            return union([written, defined or () if is_told else ()])
        return (
            union([written, defined])
            if defined is not None
            else written or unknown(says.NotSet(name, _name(instance)))
        )

    def _bound(self, bindings: Sequence[Binding], cls: Class, to: Instance | Class) -> ValueSet:
        """Class-level bindings as seen through an object or through the class."""
        parts = []
        last = bindings[-1:] if all(b.kind == "def" for b in bindings) else bindings
        for b in _past_overloads(last, bindings):
            if b.kind != "def":
                parts.append(self._infer.binding(b, cls.view))
                continue
            assert isinstance(b.node, (ast.FunctionDef, ast.AsyncFunctionDef))
            parts.append(self._method(b.node, cls, to))
        return union(parts)

    def _method(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, cls: Class, to: Instance | Class
    ) -> ValueSet:
        kind = self.kind(node, cls.view)
        receiver: Instance | Class | None = to
        if kind == "static":
            receiver = None
        elif kind == "class":
            of = to if isinstance(to, Class) else to.of
            receiver = of if isinstance(of, Class) else None
        elif isinstance(to, Class):
            receiver = None  # a plain function, `self` is its first argument
        found = self._infer.defined(node, cls.view)
        bound = tuple(
            replace(p, value=replace(p.value, receiver=receiver))
            if isinstance(p.value, Function)
            else p
            for p in found
        )
        if kind != "property" or isinstance(to, Class):
            return bound
        parts = [self._infer.calls.call(p, Arguments()) for p in bound]
        fact = self._infer.fact(cls.view, node, says.IsProperty(node.name))
        return because(union(parts), fact)

    def _assigned(self, cls: Class, instance: Instance, name: str) -> ValueSet:
        parts = []
        for node, method in self.writes.inside(cls, name):
            binding = self.writes.binding_of(node, cls.view)
            if binding is None:
                continue
            if isinstance(method, FUNCTIONS) and getattr(method, "name", "") == "__init__":
                parts.append(self._in_constructor(binding, method, cls, instance))
            else:
                parts.append(self._infer.binding(binding, cls.view))
        return union(parts)

    def _in_constructor(
        self, binding: Binding, method: FunctionNode, cls: Class, instance: Instance
    ) -> ValueSet:
        """With the parameters as they are when an object of this very class is built."""
        infer = self._infer
        spec = method.args
        arguments = {
            each.arg: partial(infer.callers.of_constructor, method, each, cls, instance)
            for each in (*spec.posonlyargs, *spec.args[1:], *spec.kwonlyargs)
            if each.annotation is None
        }
        if spec.args:
            arguments[spec.args[0].arg] = partial(known, instance)
        return infer.within(method, arguments, partial(infer.binding, binding, cls.view))

    def special(self, instance: Instance, name: str, arguments: Arguments) -> ValueSet | None:
        """What a special method of an object gives; None where the tree defines none."""
        assert isinstance(instance.of, Class)
        if not any(
            isinstance(base, Class) and self.bindings_of(base, name)
            for base in self.mro(instance.of)
        ):
            return None
        found = self.attribute(instance, name)
        return union(self._infer.calls.call(p, arguments) for p in found)

    def iterated(self, instance: Instance, is_async: bool) -> ValueSet:
        """What iterating an object gives."""
        given = self.special(instance, "__aiter__" if is_async else "__iter__", Arguments())
        if given is not None:
            items = []
            for p in given:
                if isinstance(p.value, Instance) and p.value.of == instance.of:
                    ended = "__anext__" if is_async else "__next__"
                    items.append(self.special(p.value, ended, Arguments()) or ())
                else:
                    items.append(containers.element((p,), self._infer, is_async))
            return union(items)
        given = self.special(instance, "__getitem__", Arguments())
        return unknown(says.ItemOf(_name(instance))) if given is None else given

    def entered(self, instance: Instance, is_async: bool) -> ValueSet:
        """What `with` binds."""
        given = self.special(instance, "__aenter__" if is_async else "__enter__", Arguments())
        if given is None:
            bases = self.mro(instance.of) if isinstance(instance.of, Class) else ()
            outside = not all(map(self._gives_itself, bases))
            return unknown(says.EntersUnknown(_name(instance))) if outside else known(instance)
        if is_async:
            given = containers.awaited(given)
        return given

    def _gives_itself(self, base: Base) -> bool:
        """Whether `with` gives an object of the class itself, as far as the class goes."""
        if not isinstance(base, Library):
            return base is not None
        plain = base.name.startswith(("builtins.", "typing.", "abc."))
        return plain or self._infer.models.has(base.name)

    def written_outside(self, module: View, name: str) -> ValueSet:
        """What other files assign to a name of a module."""
        return self.writes.to_module(module, name)

    def made(self, instance: Instance) -> Instance | Record:
        """The object as it is used: a NamedTuple has places as well as names."""
        assert isinstance(instance.of, Class)
        if not any(name.endswith(".NamedTuple") for name in self.library_bases(instance.of)):
            return instance
        named = tuple((name, self.attribute(instance, name)) for name in self.fields(instance.of))
        slots = tuple(held for _, held in named)
        return Record(named, slots)


def _past_overloads(last: Sequence[Binding], bindings: Sequence[Binding]) -> Sequence[Binding]:
    """A property's setter has the name of its getter: the getter is what is read."""
    if len(bindings) < 2 or not last or last[0].kind != "def":
        return last
    getters = [
        b
        for b in bindings
        if not any(
            isinstance(d, ast.Attribute) and d.attr in ("setter", "deleter")
            for d in getattr(b.node, "decorator_list", ())
        )
    ]
    return getters[-1:] or last


def _name(instance: Instance) -> str:
    return instance.of.node.name if isinstance(instance.of, Class) else instance.of.name
