"""One module of a tree as inference sees it: its scopes, and who owns which node."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import SCOPES, Binding, ScopeNode, dotted
from qw_codemod.python.imports import ImportedName, imports_of
from qw_codemod.python.layout import ANYWHERE, STAR, Layout, Part
from qw_codemod.python.lookups import dispatches, spelled_lookups
from qw_codemod.python.syntax import scope_of
from qw_codemod.python.use_def import Flow

_ADDING = frozenset(
    {"append", "add", "extend", "insert", "appendleft", "setdefault", "update", "put"}
)


_ENDINGS = ("raise", "while")  # what stands below them in a module may never run

Question = tuple[str, ...]


class Recorder(Protocol):
    """What notes the questions that an answer depends on; `now` holds their numbers."""

    now: set[Any]

    def number(self, question: Question, answer: Callable[[], str | bool]) -> int:
        """The number of a question; `answer` is called the first time it is asked."""
        ...


class View:
    """A module of the tree as inference sees it: its scopes, and who owns which node.

    Whoever looks at a module says at what, with one of the `depend_on` methods: a part of it, or
    the parts in which a word stands (see `layout`). Methods that look something up by its name do
    so themselves.
    """

    def __init__(
        self, source: SourceFile, is_test: bool = False, recorder: Recorder | None = None
    ) -> None:
        self.source = source
        self.path = source.path
        self.is_test = is_test  # of a test suite, where most objects are stand-ins
        self._recorder = recorder
        self._flows: dict[ast.AST, Flow] = {}
        self._numbers: dict[object, int] = {}  # of questions about this module
        self._lines = 0  # the number of the one where its lines are

    # -- what an answer depends on --------------------------------------------------------------

    @cached_property
    def layout(self) -> Layout:
        """The parts of the module's code."""
        return Layout(self.source)

    def depend_on(self, node: ast.AST) -> None:
        """The answer depends on the part of the code in which a node begins."""
        if self._recorder is not None:
            self._depend_on_part(self.layout.part_of(getattr(node, "lineno", 0)))

    def depend_on_body(self, function: ast.AST) -> None:
        """The answer depends on the body of a function."""
        if self._recorder is not None:
            self._depend_on_part(self.layout.part_of_body(function))

    def depend_on_words(self, scope: ast.AST | None, *words: str) -> None:
        """The answer depends on the parts of a scope (None: of the module) with all these words."""
        if self._recorder is None:
            return
        key = (scope, words)
        number = self._numbers.get(key)
        if number is None:
            name = ANYWHERE if scope is None else self.layout.scope_name(scope)
            question = ("words", self.path, name, *words)
            number = self._number(question, lambda: self.layout.with_words(name, words))
            self._numbers[key] = number
        self._note(number)

    def depend_on_all(self) -> None:
        """The answer depends on all of the code, comments and the places of lines aside."""
        if self._recorder is None:
            return
        number = self._numbers.get("code")
        if number is None:
            question = ("code", self.path)
            number = self._numbers["code"] = self._number(question, lambda: self.layout.digest)
        self._note(number)

    def depend_on_bytes(self, text: bytes) -> bool:
        """Whether a text stands in the file, as something that the answer depends on."""
        found = text in self.source.data
        if self._recorder is not None:
            question = ("bytes", self.path, text.decode())
            self._recorder.now.add(self._recorder.number(question, lambda: found))
        return found

    def _depend_on_part(self, part: Part | None) -> None:
        assert self._recorder is not None
        number = self._numbers.get(part)
        if number is None:
            if part is None:
                return  # a text that was parsed as an annotation, which has no place of its own
            question = ("part", self.path, part.scope, part.digest)
            number = self._numbers[part] = self._number(question, lambda: True)
        self._note(number)

    def _number(self, question: Question, answer: Callable[[], str | bool]) -> int:
        assert self._recorder is not None
        self._lines = self._recorder.number(("lines", self.path), self.layout.lines)
        return self._recorder.number(question, answer)

    def _note(self, number: int) -> None:
        """Note a question about parts, and that of where their lines are."""
        assert self._recorder is not None
        self._recorder.now.add(number)
        self._recorder.now.add(self._lines)

    # -- scopes ---------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"View({self.path!r})"

    def flow(self, scope: ScopeNode) -> Flow:
        """The bindings of a scope of this module."""
        found = self._flows.get(scope)
        if found is None:
            found = self._flows[scope] = Flow(scope)
        return found

    def bindings(self, scope: ScopeNode, name: str) -> Sequence[Binding]:
        """What a scope binds to a name, anywhere in it."""
        self._depend_on_scope(scope, name)
        return self.flow(scope).bindings.get(name, ())

    def reaching(self, scope: ScopeNode, node: ast.AST, name: str) -> set[Binding] | None:
        """The bindings of a name that reach a node of the scope; None where none is followed."""
        self._depend_on_scope(scope, name)
        return self.flow(scope).reaching.get(node)

    def items_seen_by(self, function: ast.Lambda, name: str) -> frozenset[Binding]:
        """The bindings of a name in a comprehension, for a lambda that stands in it."""
        scope = self.scope_of(function)
        self._depend_on_scope(scope, name)
        return self.flow(scope).seen_by.get(function, {}).get(name, frozenset())

    def _depend_on_scope(self, scope: ScopeNode, name: str) -> None:
        """The answer depends on what a scope says of a name (`client.timeout`: of `client`)."""
        if isinstance(scope, (ast.Module, ast.ClassDef)):
            self.depend_on_words(scope, name.partition(".")[0])
            for ending in _ENDINGS:
                self.depend_on_words(scope, ending)
        else:
            self.depend_on_body(scope)

    def scope_of(self, node: ast.AST) -> ScopeNode:
        """The scope in which a node is evaluated; for defaults, bases, decorators the outer one."""
        return scope_of(self.source, node)

    def outer_scope(self, scope: ScopeNode) -> ScopeNode | None:
        """The scope around a scope; None for the module."""
        if isinstance(scope, ast.Module):
            return None
        return self.scope_of(scope)

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The class whose method (or body) holds the node, if any."""
        for ancestor in self.source.ancestors(node):
            if isinstance(ancestor, ast.ClassDef):
                return ancestor
        return None

    def enclosing_method(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The outermost function around the node that is defined straight in a class."""
        for ancestor in self.source.ancestors(node):
            if isinstance(ancestor, (ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(
                self.source.parent(ancestor), ast.ClassDef
            ):
                return ancestor
        return None

    def uses(self, name: str) -> list[ast.Name | ast.Attribute]:
        """Where a name is read, as a name or as an attribute."""
        self.depend_on_words(None, name)
        return self._uses.get(name, [])

    @cached_property
    def _uses(self) -> dict[str, list[ast.Name | ast.Attribute]]:
        found: dict[str, list[ast.Name | ast.Attribute]] = {}
        for name in self.source.nodes(ast.Name):
            if isinstance(name.ctx, ast.Load):
                found.setdefault(name.id, []).append(name)
        for attribute in self.source.nodes(ast.Attribute):
            if isinstance(attribute.ctx, ast.Load):
                found.setdefault(attribute.attr, []).append(attribute)
        return found

    def lookups(self, name: str) -> Sequence[ast.Call | ast.Subscript]:
        """Where something is looked up by a text: `getattr(x, "name")`, `globals()["name"]`."""
        self.depend_on_words(None, name)
        return spelled_lookups(self.source).get(name, ())

    def dispatches(self) -> Sequence[ast.Call]:
        """`getattr(x, name)` of a name that is made up, where what it gives is called."""
        self.depend_on_words(None, "getattr")
        return dispatches(self.source)

    def attribute_writes(self, name: str) -> list[ast.Attribute]:
        """Where an attribute of that name is assigned, whatever the object."""
        self.depend_on_words(None, name)
        return self._attribute_writes.get(name, [])

    @cached_property
    def _attribute_writes(self) -> dict[str, list[ast.Attribute]]:
        found: dict[str, list[ast.Attribute]] = {}
        for attribute in self.source.nodes(ast.Attribute):
            if isinstance(attribute.ctx, ast.Store):
                found.setdefault(attribute.attr, []).append(attribute)
        return found

    @cached_property
    def _global_writes(self) -> dict[str, list[Binding]]:
        """Bindings made inside functions to names declared `global`."""
        found: dict[str, list[Binding]] = {}
        if b"global " not in self.source.data:
            return found
        for node in self.source.nodes(ast.Global):
            scope = self.scope_of(node)
            if isinstance(scope, SCOPES) and not isinstance(scope, ast.Module):
                flow = self.flow(scope)
                for name in node.names:
                    for binding in flow.bindings.get(name, ()):
                        if binding not in found.setdefault(name, []):
                            found[name].append(binding)
        return found

    def nonlocal_writes(self, scope: ScopeNode, name: str) -> Sequence[Binding]:
        """Bindings made inside nested functions to a name of the function around them."""
        self.depend_on_words(None, "nonlocal", name)
        return self._nonlocal_writes.get((scope, name), ())

    @cached_property
    def _nonlocal_writes(self) -> dict[tuple[ScopeNode, str], list[Binding]]:
        found: dict[tuple[ScopeNode, str], list[Binding]] = {}
        if b"nonlocal " not in self.source.data:
            return found
        for node in self.source.nodes(ast.Nonlocal):
            inner = self.scope_of(node)
            for name in node.names:
                outer = self.outer_scope(inner)
                while outer is not None and name not in self.flow(outer).bindings:
                    outer = self.outer_scope(outer)
                if outer is not None:
                    writes = self.flow(inner).bindings.get(name, ())
                    found.setdefault((outer, name), []).extend(writes)
        return found

    def exports(self, name: str) -> list[Binding]:
        """The bindings that a module-level name can have once the module is loaded."""
        self._depend_on_scope(self.source.tree, name)
        self.depend_on_words(None, "global", name)
        flow = self.flow(self.source.tree)
        found = list(flow.final.get(name, ()))
        found += [
            b for b in flow.bindings.get(name, ()) if b.kind == "annotation" and b not in found
        ]
        found += [b for b in self._global_writes.get(name, ()) if b not in found]
        return sorted(found, key=lambda b: (getattr(b.node, "lineno", 0), b.kind))

    @cached_property
    def imports(self) -> tuple[ImportedName, ...]:
        """All that the module imports; whoever asks says which of it counts."""
        return imports_of(self.source.tree)

    @property
    def star_imports(self) -> list[ImportedName]:
        """`from x import *`."""
        self.depend_on_words(None, STAR)
        return self._star_imports

    @cached_property
    def _star_imports(self) -> list[ImportedName]:
        return [each for each in self.imports if each.name == "*"]

    def additions(self, name: str) -> Sequence[tuple[str, ast.AST, ast.expr]]:
        """What is put into a container later, by its name: how, where, and which expression."""
        self.depend_on_words(None, name.rpartition(".")[2])
        return self._additions.get(name, ())

    @cached_property
    def _additions(self) -> dict[str, list[tuple[str, ast.AST, ast.expr]]]:
        found: dict[str, list[tuple[str, ast.AST, ast.expr]]] = {}
        for call in self.source.nodes(ast.Call):
            if not isinstance(call.func, ast.Attribute) or not call.args:
                continue
            method = call.func.attr
            if method in _ADDING:
                name = dotted(call.func.value)
                if name:
                    found.setdefault(name, []).append((method, call, call.args[-1]))
                elif isinstance(call.func.value, ast.Call):
                    # groups.setdefault(key, []).append(job)
                    inner = call.func.value
                    if isinstance(inner.func, ast.Attribute) and inner.func.attr == "setdefault":
                        name = dotted(inner.func.value)
                        found.setdefault(name, []).append(("nested", call, call.args[-1]))
                elif isinstance(call.func.value, ast.Subscript):
                    name = dotted(call.func.value.value)
                    found.setdefault(name, []).append(("nested", call, call.args[-1]))
        for assign in self.source.nodes(ast.Assign):
            for target in assign.targets:
                if isinstance(target, ast.Subscript):
                    name = dotted(target.value)
                    if name:
                        found.setdefault(name, []).append(("item", target, assign.value))
        return found
