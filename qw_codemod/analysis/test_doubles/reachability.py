"""Which code the tests of a tree can run: by what they import, then by the names that they use."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from qw_codemod.analysis.test_doubles.call_graph import Closure, Graph
from qw_codemod.facts.project import Tree
from qw_codemod.facts.query import Held
from qw_codemod.python.definitions import (
    Definition,
    Key,
    called_by,
    definitions,
    is_dynamic,
    is_main,
    renames,
    words_of,
)
from qw_codemod.python.module import View

_HOPS = 6  # imports from the test to the code; a package's re-exports count as well
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
# What test runners call without being asked.
_SETUPS = frozenset(
    "setUp setUpClass setUpTestData asyncSetUp tearDown tearDownClass asyncTearDown setup_method "
    "setup_class setup teardown_method teardown_class teardown setup_module setup_function".split()
)


@dataclass(frozen=True, slots=True)
class _Module:
    fingerprint: int  # of the bytes
    imports: tuple[str, ...]
    scripts: tuple[str, ...]  # files that are named by a path, and probably run
    definitions: tuple[Definition, ...]
    words: frozenset[str]  # every name that the file uses
    at_import: frozenset[str]  # what is called when it is imported
    as_program: frozenset[str]  # what is called when it is run; empty if it is no program
    dynamic: bool  # loads files that no import names


class Reach:
    """What each test file of one tree can run; worked out when asked for, and kept."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._trace = tree.trace
        self._modules: dict[str, Held[_Module | None]] = {}
        self._files: dict[str, Held[frozenset[str]]] = {}
        self._graphs: dict[str, Held[Graph]] = {}
        self._closures: dict[tuple[str, Key], Held[Closure]] = {}
        self._users: dict[str, Held[tuple[str, ...]]] = {}

    # -- files ----------------------------------------------------------------------------------

    def is_test(self, path: str) -> bool:
        """Whether a file belongs to the project's tests."""
        return self._tree.is_test(path)

    def is_collected(self, path: str) -> bool:
        """Whether a test runner would run the file for its own sake."""
        name = os.path.basename(path)
        return self.is_test(path) and (name.startswith("test") or name.endswith("_test.py"))

    def files(self, test: str) -> frozenset[str]:
        """The files that a test file loads, with the conftest files above it."""
        return self._trace.remembered(self._files, test, partial(self._find_files, test))

    def _find_files(self, test: str) -> frozenset[str]:
        seen: set[str] = set()
        layer = {test, *self._conftests(test)}
        for _ in range(_HOPS + 1):
            seen |= layer
            modules = [module for module in map(self._module, layer) if module is not None]
            layer = {path for module in modules for path in module.imports} - seen
        return frozenset(seen)

    def loads(self, path: str) -> tuple[str, ...]:
        """The files of the tree that a file imports itself, or names in a test's strings."""
        module = self._module(path)
        return module.imports if module is not None else ()

    def users(self, path: str) -> tuple[str, ...]:
        """The test files that load a file: itself, those that import it, those below a conftest."""
        # Of two conftest files that import each other, neither adds to the other.
        return self._trace.remembered(self._users, path, partial(self._find_users, path), ())

    def _find_users(self, path: str) -> tuple[str, ...]:
        found = {path} if self.is_collected(path) else set()
        folder, _, name = path.rpartition(os.sep)
        if name == "conftest.py":
            below = folder + os.sep
            found |= {p for p in self._tree.below(below) if self.is_collected(p)}
        for other in self._importers(path, self.is_test):
            found |= {*self.users(other)}
        return tuple(sorted(found))

    def meets(self, double: str, at: int, path: str, line: int = 0) -> bool:
        """Whether a test that runs the code in `line` of `path` can use what stands `at` a double.

        Lines count from 1; `line` 0 is any of the file. A test file that loads no other code of the
        tree is taken to run everything: it has its ways.
        """
        user_of = self._owner(double, at)
        site = self._definition(path, line) if line else None
        for test in self.users(double):
            files = self.files(test)
            module = self._module(test)
            if module is None or all(self.is_test(each) for each in files):
                return True
            for closure in self._closures_of(test):
                if user_of is not None and user_of not in closure.keys:
                    continue
                if path in files:
                    if site is None or site.key in closure.keys:
                        return True
                elif (closure.dynamic or module.dynamic) and self._is_plugin(path):
                    return True
        return False

    def _is_plugin(self, path: str) -> bool:
        """Whether a file is no program and nobody imports it: it is loaded by other means."""
        if self.is_test(path):
            return False  # nobody imports a test: its runner collects it
        module = self._module(path)
        return module is not None and not module.as_program and not self._importers(path)

    def _importers(self, path: str, wanted: Callable[[str], bool] = bool) -> list[str]:
        """The files that import a file; one without any is loaded in ways that no name tells."""
        folder, _, name = path.rpartition(os.sep)
        stem = folder.rpartition(os.sep)[2] if name == "__init__.py" else name.removesuffix(".py")
        found = []
        for other in self._tree.mentions(stem):
            if other != path and wanted(other) and path in self.loads(other):
                found.append(other)
        return found

    def _conftests(self, test: str) -> Iterator[str]:
        folder = os.path.dirname(test)
        while len(folder) >= len(self._tree.root) and os.path.dirname(folder) != folder:
            path = self._tree.submodule(folder, "conftest")
            if path:
                yield path
            folder = os.path.dirname(folder)

    # -- names ----------------------------------------------------------------------------------

    def _definition(self, path: str, line: int) -> Definition | None:
        """The function or method that holds a line."""
        module = self._module(path)
        view = self._tree.view(path)
        if module and view and hash(view.source.data) != module.fingerprint:
            del self._modules[path]  # it was edited meanwhile
            module = self._module(path)
        for each in module.definitions if module else ():
            if each.kind == "function" and each.first <= line <= each.last:
                return each
        return None

    def _owner(self, path: str, line: int) -> Key | None:
        """What a test has to use to meet a double there: a test, a fixture, a helper, a fake."""
        module = self._module(path)
        holding = [d for d in module.definitions if d.first <= line <= d.last] if module else []
        if not holding:
            return None
        if holding[0].kind == "class" and not _is_suite(holding[0]):
            return holding[0].key
        return holding[-1].key

    def _closures_of(self, test: str) -> Iterator[Closure]:
        """What each test function of a file can run; all of the file at once if it has none."""
        graph = self._graph(test)
        module = self._module(test)
        if module is None:
            return
        tests: dict[Key, Definition | None] = {}
        for each in module.definitions:
            if each.kind == "class":
                methods = [m for m in graph.methods(each) if m.name.startswith("test")]
                tests.update({(*m.key[:2], f"{each.name}.{m.name}"): m for m in methods})
            elif not each.key[1] and each.kind == "function" and each.name.startswith("test"):
                tests[each.key] = each
        for key, found in (tests or {(test, "", ""): None}).items():
            words = module.words
            if found is not None:
                words = found.words | {found.name, key[2].partition(".")[0]}
            compute = partial(graph.closure, words)
            yield self._trace.remembered(self._closures, (test, key), compute)

    def _graph(self, test: str) -> Graph:
        return self._trace.remembered(self._graphs, test, partial(self._make_graph, test))

    def _make_graph(self, test: str) -> Graph:
        modules = [self._module(path) for path in sorted(self.files(test))]
        loaded = [module for module in modules if module is not None]
        always = {*_SETUPS}
        for module in loaded:
            always |= module.at_import
            for script in module.scripts:
                program = self._module(script)
                always |= program.as_program if program is not None else set()
        found = [each for module in loaded for each in module.definitions]
        return Graph(found, always, self.is_test)

    # -- one file -------------------------------------------------------------------------------

    def _module(self, path: str) -> _Module | None:
        return self._trace.remembered(self._modules, path, partial(self._summarised, path))

    def _summarised(self, path: str) -> _Module | None:
        view = self._tree.view(path)
        return None if view is None else self._summary(view)

    def _summary(self, view: View) -> _Module:
        source = view.source
        body = source.tree.body
        renamed = renames(source)
        imports = [*self._imports(view)]
        scripts: list[str] = []
        if self.is_test(view.path):
            for constant in source.nodes(ast.Constant):
                if isinstance(constant.value, str) and len(constant.value) < 200:
                    named, script = self._named(constant.value, view.path)
                    imports += [*filter(None, (named, script))]
                    scripts += [script] if script else []
        return _Module(
            hash(source.data),
            tuple(dict.fromkeys(imports)),
            tuple(dict.fromkeys(scripts)),
            tuple(definitions(view.path, body, renamed, self.is_test(view.path))),
            words_of(body, renamed),
            frozenset(called_by(body)),
            frozenset(called_by(body, True) if any(map(is_main, body)) else ()),
            is_dynamic(body),
        )

    def _imports(self, view: View) -> Iterator[str]:
        tree, path = self._tree, view.path
        for each in view.imports:
            if each.level:
                package = tree.relative(each.module, each.level, path)
                folder = tree.folder_of(each.module, each.level, path)
            else:
                package = tree.resolve(each.module, path)
                folder = os.path.dirname(package) if package.endswith("__init__.py") else ""
            if package and (package != path or not each.name):
                yield package
            if each.name:
                found = tree.submodule(folder, each.name) if folder else ""
                if not found and not each.level and not package:
                    found = tree.resolve(each.source, path)
                yield from filter(None, [found])

    def _named(self, text: str, importer: str) -> tuple[str, str]:
        """The module that `"a.b.function"` stands in, and the file that `"a/b.py"` names."""
        if text.endswith(".py"):
            ending = os.sep + text.replace("/", os.sep).lstrip("." + os.sep)
            found = self._tree.ending(ending) if len(ending) > 4 else ()
            return "", found[0] if len(found) == 1 else ""
        name = text if "." in text and _DOTTED.fullmatch(text) else ""
        while name:
            path = self._tree.resolve(name, importer)
            if path:
                return path, ""
            name = name.rpartition(".")[0]
        return "", ""


def _is_suite(cls: Definition) -> bool:
    """Whether a class holds tests, so that each of its methods stands for itself."""
    return cls.name.startswith("Test") or any("TestCase" in base for base in cls.bases)
