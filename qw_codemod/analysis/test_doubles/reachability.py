"""Which code the tests of a tree can run: by what they import, then by the names that they use."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from functools import partial

from qw_codemod.analysis.test_doubles.call_graph import Graph, Reachable
from qw_codemod.analysis.test_doubles.memo import Memo
from qw_codemod.facts.project import Tree
from qw_codemod.python.definitions import (
    Definition,
    Key,
    Names,
)
from qw_codemod.python.imports import ImportedName

ANY_FILE = ""
_HOPS = 6  # imports from the test to the code; a package's re-exports count as well
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
# What test runners call without being asked.
_SETUPS = frozenset(
    "setUp setUpClass setUpTestData asyncSetUp tearDown tearDownClass asyncTearDown setup_method "
    "setup_class setup teardown_method teardown_class teardown setup_module setup_function".split()
)


@dataclass(frozen=True, slots=True)
class _Links:
    """The files of the tree that a file leads to."""

    imports: tuple[str, ...]  # those that a test names in strings as well
    scripts: tuple[str, ...]  # files that are named by a path, and probably run


@dataclass(frozen=True, slots=True)
class _Users:
    """The tests that load a file, by the files that they load.

    `folders`: those in which tests run everything that load no code of the tree: they have their
    ways.
    """

    tests: tuple[str, ...]
    by_file: Mapping[str, Sequence[str]]
    folders: tuple[str, ...] = ()

    def run_all_of(self, path: str) -> bool:
        """Whether a file may be run by tests that do not say what they load."""
        return path.startswith(self.folders)


class Reach:
    """What each test file of one tree can run; worked out when asked for, and kept."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.memo = Memo(tree.trace)
        self._examples: dict[tuple[object, ...], tuple[str, str]] = {}  # of files in two packages

    def follow_edits(self, paths: Iterable[str]) -> None:
        """Look at edited files anew, and at what the project says because of them."""
        for path in paths:
            self.memo.renew(("links", path), partial(self._find_links, path))
            self.memo.renew(("module", path), partial(self._find_module, path))
        for key in self.memo.keys("mentions"):
            self.memo.renew(key, partial(self._tree.mentions, str(key[1])))
        for key in self.memo.keys("may run"):
            self.memo.renew(key, partial(self._tree.may_run, *self._examples[key]))

    def mentions(self, word: str) -> tuple[str, ...]:
        """The files in which a word occurs."""
        return self.memo.find(("mentions", word), partial(self._tree.mentions, word))

    def may_run(self, test: str, path: str) -> bool:
        """Whether a test may run code of a file's package, by what packages load."""
        key = ("may run", self._tree.packages[test], self._tree.packages[path])
        example = self._examples.setdefault(key, (test, path))
        return self.memo.find(key, partial(self._tree.may_run, *example))

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
        return self.memo.find(("files", test), partial(self._find_files, test))

    def _find_files(self, test: str) -> frozenset[str]:
        seen: set[str] = set()
        layer = {test, *self._conftests(test)}
        for _ in range(_HOPS + 1):
            seen |= layer
            ordered = self._tree.in_turn(layer)
            layer = {path for each in ordered for path in self.loads(each)} - seen
        return frozenset(seen)

    def loads(self, path: str) -> tuple[str, ...]:
        """The files of the tree that a file imports itself, or names in a test's strings."""
        return self._linked(path).imports

    def users(self, path: str) -> tuple[str, ...]:
        """The test files that load a file: itself, those that import it, those below a conftest."""
        # Of two conftest files that import each other, neither adds to the other.
        return self.memo.find(("users", path), partial(self._find_users, path), ())

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

        Lines count from 1; `line` 0 is any of the file.
        """
        site = self.definition(path, line) if line else None
        owner = self.owner(double, at)
        users = self._users_of(double)
        if path in users.by_file or self.is_plugin(path):
            return self.can_meet(double, owner, path, site)
        return users.run_all_of(path)

    def loaded_with(self, double: str) -> Collection[str]:
        """The files that are loaded by tests which load a double; ANY_FILE if that may be any."""
        users = self._users_of(double)
        return (ANY_FILE,) if users.folders else users.by_file.keys()

    def can_meet(self, double: str, owner: Key | None, path: str, site: Key | None) -> bool:
        """Whether a test can run a definition of `path` and use one that holds a double.

        Where either is None, anything in its file will do. A test file that loads no other code of
        the tree is taken to run everything that lies beside it: it has its ways.
        """
        users = self._users_of(double)
        if users.run_all_of(path):
            return True
        loading = users.by_file.get(path, ())
        for test in loading:
            runs = self._runs_with(test, owner)
            if runs is not None and (site is None or site in runs.keys):
                return True
        if len(loading) == len(users.tests) or not self.is_plugin(path):
            return False
        return any(self._may_load(test, owner, path) for test in users.tests if test not in loading)

    def _may_load(self, test: str, owner: Key | None, path: str) -> bool:
        """Whether a test may load a plugin: what loads it has its name, or that of its folder."""
        runs = self._runs_with(test, owner)
        module = self._module(test)
        if runs is None or module is None:
            return False
        loaders = {key[0] for key in runs.dynamic} | ({test} if module.dynamic else set())
        name = _stem(path)
        folder = os.path.basename(os.path.dirname(path))
        return bool(loaders) and any(
            each in self.mentions(word)
            for word, files in ((name, {test, *loaders}), (folder, loaders))
            for each in files
        )

    def _users_of(self, double: str) -> _Users:
        return self.memo.find(("loaders", double), partial(self._find_loaders, double))

    def _find_loaders(self, double: str) -> _Users:
        by_file: dict[str, list[str]] = {}
        folders: dict[str, None] = {}
        tests = self.users(double)
        for test in tests:
            files = self.files(test)
            if self._module(test) is None or all(map(self.is_test, files)):
                folders[self._folder_tested(test)] = None
            for path in files:
                by_file.setdefault(path, []).append(test)
        return _Users(tests, by_file, tuple(folders))

    def _folder_tested(self, test: str) -> str:
        """The nearest folder above a test that holds other code as well, with a slash."""
        return self.memo.find(("tested", test), partial(self._find_folder_tested, test))

    def _find_folder_tested(self, test: str) -> str:
        folder = os.path.dirname(test)
        while folder.startswith(self._tree.root) and folder != self._tree.root:
            if not all(map(self.is_test, self._tree.below(folder + os.sep))):
                break
            folder = os.path.dirname(folder)
        return folder + os.sep

    def _runs_with(self, test: str, owner: Key | None) -> Reachable | None:
        """All that can run in those functions of a test that can use a definition, or in all."""
        compute = partial(self._find_runs, test, owner)
        return self.memo.find(("runs with", test, owner), compute)

    def _find_runs(self, test: str, owner: Key | None) -> Reachable | None:
        module = self._module(test)
        found = [c for c in self._runs_of(test) if owner is None or owner in c.keys]
        if not found or module is None:
            return None
        if len(found) == 1:
            return found[0]
        dynamic = (each.dynamic for each in found)
        return Reachable(
            frozenset().union(*(each.keys for each in found)), frozenset().union(*dynamic)
        )

    def is_plugin(self, path: str) -> bool:
        """Whether a file is no program and nobody imports it: it is loaded by other means."""
        return self.memo.find(("plugin", path), partial(self._find_plugin, path))

    def _find_plugin(self, path: str) -> bool:
        if self.is_test(path):
            return False  # nobody imports a test: its runner collects it
        if next(self._importers(path), None):
            return False
        module = self._module(path)
        return module is not None and not module.as_program

    def _importers(self, path: str, wanted: Callable[[str], bool] = bool) -> Iterator[str]:
        """The files that import a file; one without any is loaded in ways that no name tells."""
        for other in self.mentions(_stem(path)):
            if other != path and wanted(other) and path in self.loads(other):
                yield other

    def _conftests(self, test: str) -> Iterator[str]:
        for folder in self._tree.folders_of(test):
            path = self._tree.submodule(folder, "conftest")
            if path:
                yield path

    # -- names ----------------------------------------------------------------------------------

    def definition(self, path: str, line: int) -> Key | None:
        """The function or method that holds a line."""
        module = self._module(path)
        for each in module.definitions if module else ():
            if each.kind == "function" and each.first <= line <= each.last:
                return each.key
        return None

    def owner(self, path: str, line: int) -> Key | None:
        """What a test has to use to meet a double there: a test, a fixture, a helper, a fake."""
        module = self._module(path)
        holding = [d for d in module.definitions if d.first <= line <= d.last] if module else []
        if not holding:
            return None
        if holding[0].kind == "class" and not _is_suite(holding[0]):
            return holding[0].key
        return holding[-1].key

    def _runs_of(self, test: str) -> tuple[Reachable, ...]:
        """What each test function of a file can run; all of the file at once if it has none."""
        return self.memo.find(("runs", test), partial(self._find_runs_of, test))

    def _find_runs_of(self, test: str) -> tuple[Reachable, ...]:
        graph = self._graph(test)  # not kept: it is as large as all that the test loads
        module = self._module(test)
        if module is None:
            return ()
        tests: dict[Key, Definition] = {}
        for each in module.definitions:
            if each.kind == "class":
                methods = [m for m in graph.methods(each) if m.name.startswith("test")]
                tests.update({(*m.key[:2], f"{each.name}.{m.name}"): m for m in methods})
            elif not each.key[1] and each.kind == "function" and each.name.startswith("test"):
                tests[each.key] = each
        if not tests:
            return (graph.reachable(module.words),)
        return tuple(
            graph.reachable((*found.words, found.name, key[2].partition(".")[0]))
            for key, found in tests.items()
        )

    def _graph(self, test: str) -> Graph:
        always = {*_SETUPS}
        found: list[Definition] = []
        for path in sorted(self.files(test)):
            module = self._module(path)
            if module is None:
                continue
            found += module.definitions
            always |= module.at_import
            for script in self._linked(path).scripts:
                program = self._module(script)
                always |= program.as_program if program is not None else set()
        return Graph(found, always, self.is_test)

    # -- one file -------------------------------------------------------------------------------

    def _module(self, path: str) -> Names | None:
        return self.memo.find(("module", path), partial(self._find_module, path))

    def _find_module(self, path: str) -> Names | None:
        facts = self._tree.facts(path, "names")
        return None if facts is None else facts.names

    def _linked(self, path: str) -> _Links:
        return self.memo.find(("links", path), partial(self._find_links, path))

    def _find_links(self, path: str) -> _Links:
        facts = self._tree.facts(path, "links")
        if facts is None:
            return _Links((), ())
        imports = [*self._imports(facts.imports, path)]
        scripts: list[str] = []
        if self.is_test(path):
            for text in facts.texts:
                named, script = self._named(text, path)
                imports += [*filter(None, (named, script))]
                scripts += [script] if script else []
            if all(map(self.is_test, imports)):
                imports += self._from_any_root(facts.imports)
        return _Links(tuple(dict.fromkeys(imports)), tuple(dict.fromkeys(scripts)))

    def _imports(self, imported: Iterable[ImportedName], path: str) -> Iterator[str]:
        tree = self._tree
        for each in imported:
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

    def _from_any_root(self, imported: Iterable[ImportedName]) -> Iterator[str]:
        """The files that imports of a test may mean, whichever folder they count from.

        Tests run with import roots that nothing in the tree tells; but the names are theirs.
        """
        names = [name for each in imported if not each.level for name in (each.module, each.source)]
        for name in dict.fromkeys(names):
            if name.partition(".")[0] not in sys.stdlib_module_names:
                place = os.sep + name.replace(".", os.sep)
                yield from self._ending(f"{place}.py")
                yield from self._ending(f"{place}{os.sep}__init__.py")

    def _ending(self, ending: str) -> tuple[str, ...]:
        compute = partial(self._tree.ending, ending)
        return self.memo.find(("ending", ending), compute)

    def _named(self, text: str, importer: str) -> tuple[str, str]:
        """The module that `"a.b.function"` stands in, and the file that `"a/b.py"` names."""
        if text.endswith(".py"):
            ending = os.sep + text.replace("/", os.sep).lstrip("." + os.sep)
            found = self._ending(ending) if len(ending) > 4 else ()
            return "", found[0] if len(found) == 1 else ""
        name = text if "." in text and _DOTTED.fullmatch(text) else ""
        while name:
            path = self._tree.resolve(name, importer)
            if path:
                return path, ""
            name = name.rpartition(".")[0]
        return "", ""


def _stem(path: str) -> str:
    """The name that a file is imported by."""
    folder, _, name = path.rpartition(os.sep)
    return folder.rpartition(os.sep)[2] if name == "__init__.py" else name.removesuffix(".py")


def _is_suite(cls: Definition) -> bool:
    """Whether a class holds tests, so that each of its methods stands for itself."""
    return cls.name.startswith("Test") or any("TestCase" in base for base in cls.bases)
