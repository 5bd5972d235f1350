"""Assignments to attributes: in the methods of the class, and by code outside of it."""

from __future__ import annotations

import ast
from functools import partial

from qw_codemod.facts.query import Held
from qw_codemod.infer.classes import Classes
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.values import Class, FunctionNode, Instance, ValueSet, union
from qw_codemod.python.bindings import Binding, dotted
from qw_codemod.python.module import View


class Writes:
    """Finds assignments to attributes; remembers them."""

    def __init__(self, infer: Infer, classes: Classes) -> None:
        self._infer = infer
        self._tree = infer.tree
        self._classes = classes
        self._trace = infer.trace
        self._outside: dict[tuple[str, str], Held[tuple[tuple[View, ast.Attribute], ...]]] = {}
        self._own: dict[tuple[Class, str], list[tuple[ast.Attribute, FunctionNode]]] = {}

    def forget(self) -> None:
        """Drop what is remembered: a file has changed."""
        self._outside.clear()
        self._own.clear()

    def inside(self, cls: Class, name: str) -> list[tuple[ast.Attribute, FunctionNode]]:
        """The assignments to an attribute of the first parameter, in the methods of the class."""
        nodes = cls.view.attribute_writes(name)
        found = self._own.get((cls, name))
        if found is None:
            found = self._own[cls, name] = []
            for node in nodes:
                if not isinstance(node.value, ast.Name):
                    continue
                method = cls.view.enclosing_method(node)
                if method is None or cls.view.source.parent(method) is not cls.node:
                    continue
                first = next(iter((*method.args.posonlyargs, *method.args.args)), None)
                if first is not None and first.arg == node.value.id:
                    found.append((node, method))
        for _, around in found:
            cls.view.depend_on(around)
        return found

    def by_class_methods(self, cls: Class, name: str) -> ValueSet:
        """What class methods assign to `cls.name`."""
        parts = []
        for node, method in self.inside(cls, name):
            binding = self.binding_of(node, cls.view)
            if binding is not None and self._classes.kind(method, cls.view) in ("class", "static"):
                parts.append(self._infer.binding(binding, cls.view))
        return union(parts)

    @staticmethod
    def binding_of(node: ast.Attribute, view: View) -> Binding | None:
        """The binding that an assignment to an attribute makes."""
        bindings = view.bindings(view.scope_of(node), dotted(node))
        return next((b for b in bindings if b.node is node), None)

    def from_outside(self, instance: Instance, name: str, below: tuple[Class, ...]) -> ValueSet:
        """What other code assigns to the attribute: `task.client = …`, `Task.client = …`."""
        assert isinstance(instance.of, Class)
        related = {instance.of, *below, *self._classes.mro(instance.of)}
        parts = []
        for view, node in self._assignments(name, instance.of.view):
            for p in self._infer.value(node.value, view):
                holder = p.value.of if isinstance(p.value, Instance) else p.value
                if isinstance(holder, Class) and holder in related:
                    binding = self.binding_of(node, view)
                    if binding is not None:
                        parts.append(self._infer.binding(binding, view))
                    break
        return union(parts)

    def _assignments(self, name: str, view: View) -> tuple[tuple[View, ast.Attribute], ...]:
        key = (name, self._tree.packages[view.path])
        return self._trace.remembered(
            self._outside, key, partial(self._find_outside, name, view.path)
        )

    def _find_outside(self, name: str, near: str) -> tuple[tuple[View, ast.Attribute], ...]:
        paths = self._tree.assigning(name, near)
        views = (self._tree.module(path) for path in paths if not self._tree.is_test(path))
        return tuple(
            (view, node)
            for view in views
            if view is not None
            for node in view.attribute_writes(name)
            if dotted(node.value) not in ("self", "")
        )

    def to_module(self, target: View, name: str) -> ValueSet:
        """What other files assign to a name of a module: `settings.client = …`."""
        parts = []
        for view, node in self._assignments(name, target):
            if view is target or not isinstance(node.value, (ast.Name, ast.Attribute)):
                continue
            found = self._infer.value(node.value, view)
            if any(getattr(p.value, "view", None) is target for p in found):
                binding = self.binding_of(node, view)
                if binding is not None:
                    parts.append(self._infer.binding(binding, view))
        return union(parts)
