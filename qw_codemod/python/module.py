"""One module of a tree as inference sees it: its scopes, and who owns which node."""

from __future__ import annotations

import ast
from functools import cached_property

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import SCOPES, Binding, ScopeNode, dotted
from qw_codemod.python.imports import ImportedName, imports_of
from qw_codemod.python.syntax import scope_of
from qw_codemod.python.use_def import Flow

_ADDING = frozenset(
    {"append", "add", "extend", "insert", "appendleft", "setdefault", "update", "put"}
)


class View:
    """A module of the tree as inference sees it: its scopes, and who owns which node."""

    def __init__(self, source: SourceFile, is_test: bool = False) -> None:
        self.source = source
        self.path = source.path
        self.is_test = is_test  # of a test suite, where most objects are stand-ins
        self._flows: dict[ast.AST, Flow] = {}

    def __repr__(self) -> str:
        return f"View({self.path!r})"

    def flow(self, scope: ScopeNode) -> Flow:
        """The bindings of a scope of this module."""
        found = self._flows.get(scope)
        if found is None:
            found = self._flows[scope] = Flow(scope)
        return found

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

    @cached_property
    def uses(self) -> dict[str, list[ast.Name | ast.Attribute]]:
        """Where each name is read, as a name or as an attribute."""
        found: dict[str, list[ast.Name | ast.Attribute]] = {}
        for name in self.source.nodes(ast.Name):
            if isinstance(name.ctx, ast.Load):
                found.setdefault(name.id, []).append(name)
        for attribute in self.source.nodes(ast.Attribute):
            if isinstance(attribute.ctx, ast.Load):
                found.setdefault(attribute.attr, []).append(attribute)
        return found

    @cached_property
    def attribute_writes(self) -> dict[str, list[ast.Attribute]]:
        """Where each attribute is assigned, whatever the object."""
        found: dict[str, list[ast.Attribute]] = {}
        for attribute in self.source.nodes(ast.Attribute):
            if isinstance(attribute.ctx, ast.Store):
                found.setdefault(attribute.attr, []).append(attribute)
        return found

    @cached_property
    def global_writes(self) -> dict[str, list[Binding]]:
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

    @cached_property
    def nonlocal_writes(self) -> dict[tuple[ScopeNode, str], list[Binding]]:
        """Bindings made inside nested functions to names of a function around them."""
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
        flow = self.flow(self.source.tree)
        found = list(flow.final.get(name, ()))
        found += [
            b for b in flow.bindings.get(name, ()) if b.kind == "annotation" and b not in found
        ]
        found += [b for b in self.global_writes.get(name, ()) if b not in found]
        return sorted(found, key=lambda b: (getattr(b.node, "lineno", 0), b.kind))

    @cached_property
    def imports(self) -> tuple[ImportedName, ...]:
        """All that the module imports."""
        return imports_of(self.source.tree)

    @cached_property
    def star_imports(self) -> list[ImportedName]:
        """`from x import *`."""
        return [each for each in self.imports if each.name == "*"]

    @cached_property
    def additions(self) -> dict[str, list[tuple[str, ast.AST, ast.expr]]]:
        """What is put into containers later, by their names: how, where, and which expression."""
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
