"""Classes of the tree: their bases and subclasses, and what their attributes hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qw_codemod.infer import containers
from qw_codemod.infer.bindings import FUNCTIONS, Binding, dotted
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    Class,
    Function,
    FunctionNode,
    Instance,
    Items,
    Knowledge,
    Library,
    Super,
    because,
    is_unknown,
    known,
    union,
    unknown,
)
from qw_codemod.recognize import library

if TYPE_CHECKING:
    from qw_codemod.infer.evaluate import Evaluator
    from qw_codemod.infer.modules import View

Base = Class | Library | None  # None: a base that could not be told


class Hierarchy:
    """Answers about classes; remembers bases, subclasses and writes."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._tree = evaluator.tree
        self._mro: dict[Class, tuple[Base, ...]] = {}
        self._subclasses: dict[Class, tuple[Class, ...]] = {}
        self._outside: dict[str, tuple[tuple[View, ast.Attribute], ...]] = {}
        self._own_writes: dict[Class, dict[str, list[tuple[ast.Attribute, FunctionNode]]]] = {}

    def forget(self) -> None:
        """Drop what is remembered: a file has changed."""
        self._mro.clear()
        self._subclasses.clear()
        self._outside.clear()
        self._own_writes.clear()

    # -- up and down ----------------------------------------------------------------------------

    def mro(self, cls: Class) -> tuple[Base, ...]:
        """The class and its bases in the order of lookup; bases outside the tree are named."""
        found = self._mro.get(cls)
        if found is None:
            self._mro[cls] = (cls,)  # a class that is its own base ends here
            chain: list[Base] = []
            for base in self._bases(cls):
                chain += self.mro(base) if isinstance(base, Class) else [base]
            last = {base: place for place, base in enumerate(chain)}
            kept = (base for place, base in enumerate(chain) if last[base] == place)
            found = self._mro[cls] = (cls, *kept)
        return found

    def _bases(self, cls: Class) -> Iterator[Base]:
        for node in cls.node.bases:
            if isinstance(node, ast.Subscript):  # Generic[T], Base[int]
                node = node.value
            found = self._evaluator.detached(partial(self._evaluator.value, node, cls.view))
            classes = [p.value for p in found if isinstance(p.value, (Class, Library))]
            if not classes:
                yield None
            for value in classes:
                yield value if isinstance(value, Class) else self._evaluator.typed(value)

    def subclasses(self, cls: Class) -> tuple[Class, ...]:
        """Every class of the tree below this one."""
        found = self._subclasses.get(cls)
        if found is None:
            self._subclasses[cls] = ()
            below: dict[Class, None] = {}
            for candidate in self._naming(cls):
                if cls in self.mro(candidate):
                    below[candidate] = None
                    below.update(dict.fromkeys(self.subclasses(candidate)))
            below.pop(cls, None)
            found = self._subclasses[cls] = tuple(below)
        return found

    def _naming(self, cls: Class) -> Iterator[Class]:
        """The classes with a base of that name, or of an alias under which it was imported."""
        names, seen = [cls.node.name], {cls.node.name}
        while names:
            name = names.pop()
            for path in self._tree.mentions(name):
                view = self._tree.view(path)
                if view is None:
                    continue
                for alias in view.source.nodes(ast.alias):
                    if alias.name == name and alias.asname and alias.asname not in seen:
                        seen.add(alias.asname)
                        names.append(alias.asname)
                for node in view.source.nodes(ast.ClassDef):
                    bases = (b.value if isinstance(b, ast.Subscript) else b for b in node.bases)
                    if any(dotted(base).rpartition(".")[2] == name for base in bases):
                        yield Class(view, node)

    # -- self and cls ---------------------------------------------------------------------------

    def bound_first_parameter(
        self, function: ast.AST, argument: ast.arg, view: View
    ) -> Knowledge | None:
        """What `self` or `cls` is, seen from inside the class; None for any other parameter."""
        node = view.source.parent(function)
        if not isinstance(node, ast.ClassDef) or isinstance(function, ast.Lambda):
            return None
        spec = function.args  # type: ignore[attr-defined]
        first = next(iter((*spec.posonlyargs, *spec.args)), None)
        if argument is not first:
            return None
        kind = self._kind(function, view)
        if kind == "static" and function.name != "__new__":  # type: ignore[attr-defined]
            return None
        cls = Class(view, node)
        if kind in ("class", "static"):
            return known(cls)
        return known(Instance(cls, exact=False))

    def _kind(self, function: ast.AST, view: View) -> str:
        """How a function of a class is reached: method, property, class, static."""
        name = getattr(function, "name", "")
        if name in ("__new__",):
            return "static"
        if name in ("__init_subclass__", "__class_getitem__"):
            return "class"
        for decorator in function.decorator_list:  # type: ignore[attr-defined]
            plain = decorator.func if isinstance(decorator, ast.Call) else decorator
            last = dotted(plain).rpartition(".")[2]
            if last in ("staticmethod", "classmethod"):
                return last.removesuffix("method")
            for p in self._evaluator.detached(partial(self._evaluator.value, plain, view)):
                if isinstance(p.value, Library) and library.PROPERTY.match(p.value.name):
                    return "property"
            if last in ("cached_property", "setter", "getter"):
                return "property"
        return "method"

    # -- attributes -----------------------------------------------------------------------------

    def attribute(self, instance: Instance, name: str) -> Knowledge:
        """What an attribute of an object holds, over every class that the object may be of."""
        compute = partial(self._evaluator.detached, partial(self._attribute, instance, name))
        return self._evaluator.guarded(("attribute", instance, name), compute)

    def _attribute(self, instance: Instance, name: str) -> Knowledge:
        assert isinstance(instance.of, Class)
        cls = instance.of
        below = () if instance.exact else self.subclasses(cls)
        found = self._of_chain(self.mro(cls), instance, name)
        parts = [found]
        for sub in below:
            if self._redefines(sub, cls, name):
                receiver = Instance(sub, exact=False)
                parts.append(self._of_chain(self.mro(sub), receiver, name))
        if not any(parts) or is_unknown(union(parts)):
            outside = self._set_from_outside(instance, name, below)
            if outside:
                return union([*(p for p in parts if not is_unknown(p)), outside])
        return union(parts)

    def _redefines(self, sub: Class, cls: Class, name: str) -> bool:
        """Whether a subclass has a definition of its own, itself or by a base that is not `cls`'s."""
        above = set(self.mro(cls))
        return any(
            isinstance(base, Class)
            and base not in above
            and (self._class_bindings(base, name) or name in self._writes(base))
            for base in self.mro(sub)
        )

    def class_attribute(self, cls: Class, name: str) -> Knowledge:
        """What an attribute of the class itself holds; methods are not bound to an object."""
        for base in self.mro(cls):
            if isinstance(base, Library):
                return known(Library(f"{base.name}.{name}")) if library.has(base.name) else unknown(
                    f"`{name}` comes from {base.name}"
                )
            if base is None:
                return unknown(f"a base of {cls.node.name} is not known")
            bindings = self._class_bindings(base, name)
            if bindings:
                found = self._bound(bindings, base, cls)
                return union([found, self._class_writes(base, name)]) if is_unknown(found) else found
            if writes := self._class_writes(base, name):
                return writes
        outside = self._set_from_outside(Instance(cls), name, ())
        return outside or unknown(f"`{name}` is not bound in {cls.node.name}")

    def past(self, value: Super, name: str) -> Knowledge:
        """What `super().name` is."""
        receiver = value.receiver
        cls = receiver if isinstance(receiver, Class) else receiver.of
        assert isinstance(cls, Class)
        chain = self.mro(cls)
        if value.past in chain:
            chain = chain[chain.index(value.past) + 1 :]
        instance = receiver if isinstance(receiver, Instance) else Instance(receiver)
        if name == "__new__" and not any(
            isinstance(base, Class) and self._class_bindings(base, name) for base in chain
        ):
            return known(Items("callable", known(instance)))
        return self._of_chain(chain, instance, name)

    def _of_chain(self, chain: tuple[Base, ...], instance: Instance, name: str) -> Knowledge:
        """The attribute by the first class that defines it, and all that methods assign to it."""
        assigned: list[Knowledge] = []
        defined: Knowledge | None = None
        for base in chain:
            if base is None:
                defined = defined or unknown(
                    f"a base of {_name(instance)} is not known", open=True
                )
                continue
            if isinstance(base, Library):
                if defined is None and base.name not in ("builtins.object", "abc.ABC"):
                    if library.has(base.name):
                        defined = self._evaluator.library_member(base, name)
                    elif not base.name.startswith(("typing.", "builtins.", "abc.")):
                        defined = unknown(f"`{name}` may come from {base.name}", open=True)
                continue
            assigned.append(self._assigned(base, instance, name))
            bindings = self._class_bindings(base, name)
            if bindings and (defined is None or is_unknown(defined)):
                declared = [b for b in bindings if b.kind == "annotation"]
                defined = self._bound(declared or bindings, base, instance)
                if declared and not is_unknown(defined):
                    return defined  # what is annotated holds for every assignment
                if any(b.kind == "def" for b in bindings) and defined is not None:
                    break
        written = union(assigned)
        if written and not is_unknown(written):
            rest = () if defined is None or is_unknown(defined) else defined
            return union([written, rest])
        return union([written, defined]) if defined is not None else written or unknown(
            f"`{name}` is not set in {_name(instance)}"
        )

    def _class_bindings(self, cls: Class, name: str) -> list[Binding]:
        return cls.view.flow(cls.node).bindings.get(name, [])

    def _bound(self, bindings: list[Binding], cls: Class, to: Instance | Class) -> Knowledge:
        """Class-level bindings as seen through an object or through the class."""
        parts = []
        last = bindings[-1:] if all(b.kind == "def" for b in bindings) else bindings
        for b in _past_overloads(last, bindings):
            if b.kind != "def":
                parts.append(self._evaluator.binding(b, cls.view))
                continue
            assert isinstance(b.node, (ast.FunctionDef, ast.AsyncFunctionDef))
            parts.append(self._method(b.node, cls, to))
        return union(parts)

    def _method(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, cls: Class, to: Instance | Class
    ) -> Knowledge:
        kind = self._kind(node, cls.view)
        receiver: Instance | Class | None = to
        if kind == "static":
            receiver = None
        elif kind == "class":
            of = to if isinstance(to, Class) else to.of
            receiver = of if isinstance(of, Class) else None
        elif isinstance(to, Class):
            receiver = None  # a plain function, `self` is its first argument
        found = self._evaluator.defined(node, cls.view)
        bound = tuple(
            replace(p, value=replace(p.value, receiver=receiver))
            if isinstance(p.value, Function)
            else p
            for p in found
        )
        if kind != "property" or isinstance(to, Class):
            return bound
        parts = [self._evaluator.calls.call(p, Arguments()) for p in bound]
        fact = self._evaluator.fact(cls.view, node, f"`{node.name}` is this property")
        return because(union(parts), fact)

    # -- assignments to attributes --------------------------------------------------------------

    def _writes(self, cls: Class) -> dict[str, list[tuple[ast.Attribute, FunctionNode]]]:
        """The assignments to attributes of the first parameter, in the methods of the class."""
        found = self._own_writes.get(cls)
        if found is None:
            found = self._own_writes[cls] = {}
            for name, nodes in cls.view.attribute_writes.items():
                for node in nodes:
                    if not isinstance(node.value, ast.Name):
                        continue
                    method = cls.view.enclosing_method(node)
                    if method is None or cls.view.source.parent(method) is not cls.node:
                        continue
                    first = next(iter((*method.args.posonlyargs, *method.args.args)), None)
                    if first is not None and first.arg == node.value.id:
                        found.setdefault(name, []).append((node, method))
        return found

    def _assigned(self, cls: Class, instance: Instance, name: str) -> Knowledge:
        parts = []
        for node, method in self._writes(cls).get(name, ()):
            binding = self._binding_of(node, cls.view)
            if binding is None:
                continue
            if isinstance(method, FUNCTIONS) and getattr(method, "name", "") == "__init__":
                parts.append(self._in_constructor(binding, method, cls, instance))
            else:
                parts.append(self._evaluator.binding(binding, cls.view))
        return union(parts)

    def _in_constructor(
        self, binding: Binding, method: FunctionNode, cls: Class, instance: Instance
    ) -> Knowledge:
        """With the parameters as they are when an object of this very class is built."""
        evaluator = self._evaluator
        spec = method.args
        arguments = {
            each.arg: partial(evaluator.callers.of_constructor, method, each, cls, instance)
            for each in (*spec.posonlyargs, *spec.args[1:], *spec.kwonlyargs)
            if each.annotation is None
        }
        if spec.args:
            arguments[spec.args[0].arg] = partial(known, instance)
        return evaluator.within(
            method, arguments, partial(evaluator.binding, binding, cls.view)
        )

    @staticmethod
    def _binding_of(node: ast.Attribute, view: View) -> Binding | None:
        flow = view.flow(view.scope_of(node))
        return next((b for b in flow.bindings.get(dotted(node), ()) if b.node is node), None)

    def _class_writes(self, cls: Class, name: str) -> Knowledge:
        """What class methods assign to `cls.name`."""
        parts = []
        for node, method in self._writes(cls).get(name, ()):
            binding = self._binding_of(node, cls.view)
            if binding is not None and self._kind(method, cls.view) in ("class", "static"):
                parts.append(self._evaluator.binding(binding, cls.view))
        return union(parts)

    def _set_from_outside(
        self, instance: Instance, name: str, below: tuple[Class, ...]
    ) -> Knowledge:
        """What other code assigns to the attribute: `task.client = …`, `Task.client = …`."""
        assert isinstance(instance.of, Class)
        related = {instance.of, *below, *self.mro(instance.of)}
        parts = []
        for view, node in self._assignments(name):
            for p in self._evaluator.value(node.value, view):
                holder = p.value.of if isinstance(p.value, Instance) else p.value
                if isinstance(holder, Class) and holder in related:
                    binding = self._binding_of(node, view)
                    if binding is not None:
                        parts.append(self._evaluator.binding(binding, view))
                    break
        return union(parts)

    def _assignments(self, name: str) -> tuple[tuple[View, ast.Attribute], ...]:
        found = self._outside.get(name)
        if found is None:
            pattern = re.compile(rb"(?<!\bself)\.\s*" + name.encode() + rb"\s*(?:=[^=]|,|:)")
            views = (
                self._tree.view(path)
                for path in self._tree.mentions(name)
                if pattern.search(self._tree.read(path))
            )
            found = self._outside[name] = tuple(
                (view, node)
                for view in views
                if view is not None and not view.is_test
                for node in view.attribute_writes.get(name, ())
                if dotted(node.value) not in ("self", "")
            )
        return found

    def module_writes(self, target: View, name: str) -> Knowledge:
        """What other files assign to a name of a module: `settings.client = …`."""
        parts = []
        for view, node in self._assignments(name):
            if view is target or not isinstance(node.value, (ast.Name, ast.Attribute)):
                continue
            found = self._evaluator.value(node.value, view)
            if any(getattr(p.value, "view", None) is target for p in found):
                binding = self._binding_of(node, view)
                if binding is not None:
                    parts.append(self._evaluator.binding(binding, view))
        return union(parts)

    # -- protocols ------------------------------------------------------------------------------

    def special(self, instance: Instance, name: str, arguments: Arguments) -> Knowledge | None:
        """What a special method of an object gives; None where the tree defines none."""
        assert isinstance(instance.of, Class)
        if not any(
            isinstance(base, Class) and self._class_bindings(base, name)
            for base in self.mro(instance.of)
        ):
            return None
        found = self.attribute(instance, name)
        return union(self._evaluator.calls.call(p, arguments) for p in found)

    def iterated(self, instance: Instance, is_async: bool) -> Knowledge:
        """What iterating an object gives."""
        given = self.special(instance, "__aiter__" if is_async else "__iter__", Arguments())
        if given is not None:
            items = []
            for p in given:
                if isinstance(p.value, Instance) and p.value.of == instance.of:
                    ended = "__anext__" if is_async else "__next__"
                    items.append(self.special(p.value, ended, Arguments()) or ())
                else:
                    items.append(containers.element((p,), self, is_async))
            return union(items)
        given = self.special(instance, "__getitem__", Arguments())
        return unknown(f"an item of {_name(instance)}") if given is None else given

    def entered(self, instance: Instance, is_async: bool) -> Knowledge:
        """What `with` binds."""
        given = self.special(instance, "__aenter__" if is_async else "__enter__", Arguments())
        if given is None:
            bases = self.mro(instance.of) if isinstance(instance.of, Class) else ()
            outside = any(not isinstance(base, Class) for base in bases)
            return unknown(f"what {_name(instance)} enters") if outside else known(instance)
        if is_async:
            given = containers.awaited(given)
        return given

    def library_bases(self, cls: Class) -> tuple[str, ...]:
        """The dotted names of the bases outside the tree."""
        return tuple(base.name for base in self.mro(cls) if isinstance(base, Library))

    def is_typed_dict(self, cls: Class) -> bool:
        """Whether objects of the class are dicts whose keys it annotates."""
        return any(name.endswith(".TypedDict") for name in self.library_bases(cls))

    def made(self, instance: Instance) -> Instance | Items:
        """The object as it is used: a NamedTuple has places as well as names."""
        assert isinstance(instance.of, Class)
        if not any(name.endswith(".NamedTuple") for name in self.library_bases(instance.of)):
            return instance
        named = tuple((name, self.attribute(instance, name)) for name in self.fields(instance.of))
        slots = tuple(held for _, held in named)
        return Items("record", union(slots), slots, (), named)

    def fields(self, cls: Class) -> Iterator[str]:
        """The annotated names of a dataclass-like class, bases first."""
        for base in reversed(self.mro(cls)):
            if isinstance(base, Class):
                for statement in base.node.body:
                    if isinstance(statement, ast.AnnAssign):
                        yield dotted(statement.target)


def _past_overloads(last: list[Binding], bindings: list[Binding]) -> list[Binding]:
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

