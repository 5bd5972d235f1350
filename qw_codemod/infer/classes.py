"""Classes of the tree: their bases and subclasses, and how a function of theirs is reached."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial

from qw_codemod.facts.query import Held
from qw_codemod.infer.protocol import Base, Infer
from qw_codemod.infer.values import Class, Library
from qw_codemod.python.bindings import Binding, dotted
from qw_codemod.python.module import View


class Classes:
    """Answers about classes; remembers bases and subclasses."""

    def __init__(self, infer: Infer) -> None:
        self._infer = infer
        self._tree = infer.tree
        self._mro: dict[Class, Held[tuple[Base, ...]]] = {}
        self._subclasses: dict[Class, Held[tuple[Class, ...]]] = {}

    def forget(self) -> None:
        """Drop what is remembered: a file has changed."""
        self._mro.clear()
        self._subclasses.clear()

    def mro(self, cls: Class) -> tuple[Base, ...]:
        """The class and its bases in the order of lookup; bases outside the tree are named."""
        # A class that is its own base ends with itself.
        return self._infer.remembered(self._mro, cls, partial(self._find_mro, cls), (cls,))

    def _find_mro(self, cls: Class) -> tuple[Base, ...]:
        chain: list[Base] = []
        for base in self._bases(cls):
            chain += self.mro(base) if isinstance(base, Class) else [base]
        last = {base: place for place, base in enumerate(chain)}
        return (cls, *(base for place, base in enumerate(chain) if last[base] == place))

    def _bases(self, cls: Class) -> Iterator[Base]:
        cls.view.depend_on(cls.node)
        for node in cls.node.bases:
            if isinstance(node, ast.Subscript):  # Generic[T], Base[int]
                node = node.value
            found = self._infer.detached(partial(self._infer.value, node, cls.view))
            classes = [p.value for p in found if isinstance(p.value, (Class, Library))]
            if not classes:
                yield None
            for value in classes:
                yield value if isinstance(value, Class) else self._infer.typed(value)

    def subclasses(self, cls: Class) -> tuple[Class, ...]:
        """Every class of the tree below this one."""
        compute = partial(self._find_subclasses, cls)
        return self._infer.remembered(self._subclasses, cls, compute, ())

    def _find_subclasses(self, cls: Class) -> tuple[Class, ...]:
        below: dict[Class, None] = {}
        for candidate in self._naming(cls):
            if cls in self.mro(candidate):
                below[candidate] = None
                below.update(dict.fromkeys(self.subclasses(candidate)))
        below.pop(cls, None)
        return tuple(below)

    def _naming(self, cls: Class) -> Iterator[Class]:
        """The classes with a base of that name, or of an alias under which it was imported."""
        is_global = isinstance(cls.view.source.parent(cls.node), ast.Module)
        names, seen = [cls.node.name], {cls.node.name}
        while names:
            name = names.pop()
            for path in self._tree.naming_as_base(name, cls.view.path):
                if is_global and not self._tree.may_mean(name, cls.view.path, path):
                    continue
                view = self._tree.module(path)
                if view is None:
                    continue
                view.depend_on_words(None, "import", name)
                view.depend_on_words(None, "class", name)
                for each in view.imports:
                    if each.name == name and each.alias and each.alias not in seen:
                        seen.add(each.alias)
                        names.append(each.alias)
                for node in view.source.nodes(ast.ClassDef):
                    bases = (b.value if isinstance(b, ast.Subscript) else b for b in node.bases)
                    if any(dotted(base).rpartition(".")[2] == name for base in bases):
                        yield Class(view, node)

    def bindings_of(self, cls: Class, name: str) -> Sequence[Binding]:
        """What the body of a class binds to a name."""
        return cls.view.bindings(cls.node, name)

    def library_bases(self, cls: Class) -> tuple[str, ...]:
        """The dotted names of the bases outside the tree."""
        return tuple(base.name for base in self.mro(cls) if isinstance(base, Library))

    def is_typed_dict(self, cls: Class) -> bool:
        """Whether objects of the class are dicts whose keys it annotates."""
        return any(name.endswith(".TypedDict") for name in self.library_bases(cls))

    def fields(self, cls: Class) -> Iterator[str]:
        """The annotated names of a dataclass-like class, bases first."""
        for base in reversed(self.mro(cls)):
            if isinstance(base, Class):
                base.view.depend_on_words(base.node)
                for statement in base.node.body:
                    if isinstance(statement, ast.AnnAssign):
                        yield dotted(statement.target)

    def kind(self, function: ast.AST, view: View) -> str:
        """How a function of a class is reached: method, property, class, static."""
        view.depend_on(function)
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
            for p in self._infer.detached(partial(self._infer.value, plain, view)):
                if isinstance(p.value, Library) and self._infer.models.makes_property(p.value.name):
                    return "property"
            if last in ("cached_property", "setter", "getter"):
                return "property"
        return "method"
