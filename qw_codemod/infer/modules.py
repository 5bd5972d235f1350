"""The tree of modules: which file an import means, who mentions a name, what a module exports."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property

from qw_codemod.infer.bindings import SCOPES, Binding, ScopeNode, dotted
from qw_codemod.infer.flow import Flow
from qw_codemod.infer.index import Index
from qw_codemod.source import SourceFile, UnreadableSource

# Never looked for by path suffix alone: a folder of that name in a tree is seldom the library.
_LIBRARIES = frozenset(
    "google requests httpx aiohttp pandas numpy sqlalchemy celery dask prefect airflow tornado "
    "tenacity sentry_sdk polars pyarrow rq redis pytest yaml click flask fastapi pydantic".split()
)
_FULL_TREES = 1500  # syntax trees kept; beyond that all are dropped, with what leans on them
_ADDING = frozenset(
    {"append", "add", "extend", "insert", "appendleft", "setdefault", "update", "put"}
)


def is_test(path: str) -> bool:
    """Whether a path, relative to the project, is that of a test."""
    folders, _, name = path.rpartition(os.sep)
    return (
        name.startswith(("test_", "conftest."))
        or name.endswith("_test.py")
        or not {"tests", "test"}.isdisjoint(folders.split(os.sep))
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
        child = node
        for ancestor in self.source.ancestors(node):
            if isinstance(ancestor, ast.Lambda):
                if child is ancestor.body:
                    return ancestor
            elif isinstance(ancestor, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if isinstance(child, ast.stmt):  # not a decorator, base, default or annotation
                    return ancestor
            elif isinstance(ancestor, ast.Module):
                return ancestor
            child = ancestor
        return self.source.tree

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
    def star_imports(self) -> list[ast.ImportFrom]:
        """`from x import *` at module level."""
        return [
            node
            for node in self.source.nodes(ast.ImportFrom)
            if any(alias.name == "*" for alias in node.names)
        ]

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


State = tuple["View | None", "SourceFile | None"]


class Tree:
    """All Python files under one root, read when asked for."""

    def __init__(self, root: str, files: Sequence[str]) -> None:
        self.root = root.rstrip(os.sep)
        self.files = sorted(files)  # the order of the tree, however it was listed
        self.known = set(self.files)
        self._views: dict[str, View | None] = {}
        self._overlay: dict[str, SourceFile] = {}
        self._resolved: dict[tuple[str, str], str] = {}

    def overlay(self, source: SourceFile) -> None:
        """Look at this version of a file instead of the one on disk."""
        self._overlay[source.path] = source
        self._views.pop(source.path, None)
        if source.path not in self.known:
            self.known.add(source.path)
            self.files.append(source.path)
            for derived in ("_by_name", "_index"):
                self.__dict__.pop(derived, None)

    def state(self, path: str) -> State:
        """What is known of a file, to be given back to `reset`."""
        return self._views.get(path), self._overlay.get(path)

    def reset(self, path: str, state: State) -> None:
        """Know of a file what was known before."""
        view, overlay = state
        self._views.pop(path, None)
        self._overlay.pop(path, None)
        if view is not None:
            self._views[path] = view
        if overlay is not None:
            self._overlay[path] = overlay

    def adopt(self, source: SourceFile) -> tuple[View, bool]:
        """The module of a file that is at hand, and whether it takes the place of another tree.

        Facts hang on nodes: a file that was read before shares its tree with this source. Raises
        UnreadableSource; the file is then none of the tree's modules.
        """
        view = self._views.get(source.path)
        same = view is not None and view.source.data == source.data
        if view is not None and same and source.share(view.source):
            return view, False
        replaces = view is not None
        self._views[source.path] = None  # and it stays so if the next line raises
        source.tree  # noqa: B018
        view = self._views[source.path] = View(source, is_test(source.path[len(self.root) :]))
        return view, replaces

    def read(self, path: str) -> bytes:
        """The bytes of a file; empty where it cannot be read (examining it will say so)."""
        source = self._overlay.get(path)
        if source is not None:
            return source.data
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def view(self, path: str) -> View | None:
        """The module in a file; None where it cannot be parsed."""
        if path in self._views:
            return self._views[path]
        source = self._overlay.get(path) or SourceFile(path, self.read(path))
        view: View | None = View(source, is_test(path[len(self.root) :]))
        try:
            source.tree  # noqa: B018
        except UnreadableSource:
            view = None
        self._views[path] = view
        return view

    @property
    def is_full(self) -> bool:
        """Whether more syntax trees are kept than memory should hold."""
        return len(self._views) > _FULL_TREES

    def drop(self) -> None:
        """Forget the syntax trees; nothing may hold on to their nodes."""
        self._views.clear()

    # -- imports --------------------------------------------------------------------------------

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            folder, _, name = path.rpartition(os.sep)
            stem = name[:-3] if name.endswith(".py") else name
            if stem == "__init__":
                stem = folder.rpartition(os.sep)[2]
            found.setdefault(stem, []).append(path)
        return found

    def resolve(self, dotted: str, importer: str) -> str:
        """The file that `import dotted` means in `importer`; empty if outside or unclear."""
        if not dotted:
            return ""
        key = (dotted, os.path.dirname(importer))
        found = self._resolved.get(key)
        if found is None:
            found = self._resolved[key] = self._resolve(dotted, importer)
        return found

    def _resolve(self, dotted: str, importer: str) -> str:
        parts = dotted.split(".")
        candidates = self._by_name.get(parts[-1])
        if not candidates:
            return ""
        tail = os.sep + os.sep.join(parts)
        endings = (tail + ".py", tail + os.sep + "__init__.py")
        matches = [path for path in candidates if path.endswith(endings)]
        if not matches:
            return ""
        roots = {
            path: path[: -len(next(e for e in endings if path.endswith(e)))] for path in matches
        }
        for root in self._import_roots(importer):
            for path in matches:
                if roots[path] == root:
                    return path
        if parts[0] in sys.stdlib_module_names or parts[0] in _LIBRARIES:
            return ""
        # A root nobody told us of: accept it only where there is no second reading.
        tops = [path for path in matches if not self._is_package(roots[path])]
        if len(tops) == 1:
            return tops[0]
        return matches[0] if len(matches) == 1 and len(parts) > 1 else ""

    def _is_package(self, folder: str) -> bool:
        return folder + os.sep + "__init__.py" in self.known

    def _import_roots(self, importer: str) -> Iterator[str]:
        """Folders that are likely on the module path of a file, the likeliest first."""
        folder = os.path.dirname(importer)
        package_root = folder
        while self._is_package(package_root) and len(package_root) > len(self.root):
            package_root = os.path.dirname(package_root)
        yield package_root
        current = package_root
        while len(current) > len(self.root):
            current = os.path.dirname(current)
            yield current
            yield current + os.sep + "src"
        if not self._is_package(folder):
            yield folder

    def relative(self, module: str, level: int, importer: str) -> str:
        """The file that `from ..module import` means; empty if there is none."""
        folder = os.path.dirname(importer)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        path = os.sep.join([folder, *module.split(".")]) if module else folder
        for ending in (os.sep + "__init__.py", ".py"):
            if path + ending in self.known:
                return path + ending
        return ""

    def folder_of(self, module: str, level: int, importer: str) -> str:
        """The folder that a relative import counts from, for packages without `__init__.py`."""
        folder = os.path.dirname(importer)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        return os.sep.join([folder, *module.split(".")]) if module else folder

    def submodule(self, folder: str, name: str) -> str:
        """The file of module `name` in a folder; empty if there is none."""
        for ending in (".py", os.sep + "__init__.py"):
            path = folder + os.sep + name + ending
            if path in self.known:
                return path
        return ""

    # -- who mentions a name --------------------------------------------------------------------

    @cached_property
    def _index(self) -> Index:
        return Index(self.files, self.read)

    def mentions(self, name: str) -> tuple[str, ...]:
        """The files in which an identifier occurs as a word, in the order of the tree."""
        return self._index.mentions(name)

    def assigning(self, name: str) -> tuple[str, ...]:
        """The files that may assign to an attribute of that name of something else than `self`."""
        return self._index.assigning(name)

    def naming_as_base(self, name: str) -> tuple[str, ...]:
        """The files that may hold a subclass of a class of that name, in the order of the tree."""
        return self._index.naming_as_base(name)
