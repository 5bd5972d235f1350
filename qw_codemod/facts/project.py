"""The tree of modules: which file an import means, and who mentions a name."""

from __future__ import annotations

import bisect
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from qw_codemod.facts.components import Loads, Programs, counted_from, links, modules
from qw_codemod.facts.deployments import Deployments, deployments
from qw_codemod.facts.exchange import Member
from qw_codemod.facts.file_facts import FileFacts, facts_of, kind_of, packed, unpacked
from qw_codemod.facts.import_scan import Imports, defines, imported, imports, root_signs
from qw_codemod.facts.index import Index, Known
from qw_codemod.facts.query import Question, Trace, digest
from qw_codemod.facts.suites import is_test
from qw_codemod.languages.python import SourceFile, UnreadableSource
from qw_codemod.python.imports import imports_at_top
from qw_codemod.python.module import View

# Never looked for by path suffix alone: a folder of that name in a tree is seldom the library.
_LIBRARIES = frozenset(
    "google requests httpx aiohttp pandas numpy sqlalchemy celery dask prefect airflow tornado "
    "tenacity sentry_sdk polars pyarrow rq redis pytest yaml click flask fastapi pydantic".split()
)
_OUTSIDE = sys.stdlib_module_names | _LIBRARIES
# Bytes of source whose syntax trees are kept; a tree takes some twenty times as much. Beyond that
# all are dropped but half as many, and all answers with them, for any may lean on one.
_FULL = 4_000_000
_MANY = 1_500  # files whose facts are at hand; packing those of one and back takes half a ms

_INIT = os.sep + "__init__.py"
_DUNDER = re.compile(r"__\w+__$")  # each module has these

State = tuple["View | None", "SourceFile | None"]


class Tree:
    """All Python files under one root, read when asked for.

    `texts` are files of other kinds that tell what is deployed, `exchange` is with the processes
    that look at the same tree.
    """

    def __init__(
        self,
        root: str,
        files: Sequence[str],
        trace: Trace | None = None,
        known: Known | None = None,
        texts: Sequence[str] = (),
        exchange: Member | None = None,
    ) -> None:
        self._exchange = exchange
        self.root = root.rstrip(os.sep)
        self._texts = texts
        self.trace = trace or Trace()
        self._known_answers = known
        self._files = sorted(files)  # the order of the tree, however it was listed
        self._known = set(self._files)
        self._views: dict[str, View | None] = {}
        self._fresh = 0  # bytes whose trees were made since the trees were counted
        self._facts: dict[str, FileFacts | None] = {}  # those asked for last come last
        self._packed: dict[str, bytes] = {}  # the others, in a sixth of the memory
        self._room = _FULL // 2  # bytes of source whose trees may be kept when facts are asked for
        self._overlay: dict[str, SourceFile] = {}
        self.edited: list[str] = []  # the files whose contents were replaced, the last one last
        self._imports: dict[str, Imports] = {}
        self._endings: dict[str, tuple[dict[str, str], list[str]]] = {}  # files by what names them
        self._path_of: dict[str, tuple[str, ...]] = {}  # the import roots of folders
        self._resolved: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
        self._marked: dict[str, tuple[str, ...] | None] = {}  # import roots: what shows it
        self._rows: dict[str, tuple[tuple[str, str], ...]] = {}  # what files import, and read of it
        self._together: dict[Question, frozenset[str]] = {}

    def overlay(self, source: SourceFile) -> None:
        """Look at this version of a file instead of the one on disk."""
        before = self._read(source.path)
        self._overlay[source.path] = source
        self.edited.append(source.path)
        self._views.pop(source.path, None)
        self._forget_facts(source.path)
        self._imports.pop(source.path, None)
        if source.path not in self._known:
            self._known.add(source.path)
            bisect.insort(self._files, source.path)
            for derived in (
                "_by_name",
                "_by_import",
                "_index",
                "packages",
                "_programs",
                "_loads",
                "_deployments",
            ):
                self.__dict__.pop(derived, None)
            self._endings.clear()
            self._path_of.clear()
            self._resolved.clear()
            self._together.clear()
        self._reindex(source.path, before, source.data)

    def _reindex(self, path: str, before: bytes, now: bytes) -> None:
        """Take in that a file has other contents."""
        if before == now:
            return
        if self._known_answers is not None:
            self._known_answers = None
            self._marked.clear()  # some are known without what shows them: this file may do that
            self._resolved.clear()
        self._rows.pop(path, None)
        if "_index" in self.__dict__:
            self._index.revise(path, before, now)
        if "_by_import" in self.__dict__:
            self._revise_imports(path, before, now)
        if self._has_other_roots(path, before, now):
            # Names lead elsewhere, those in other files too.
            self._resolved.clear()
            self._together.clear()
            self.__dict__.pop("_loads", None)
            self.__dict__.pop("_programs", None)
        else:
            self._relink(path, before, now)

    def _revise_imports(self, path: str, before: bytes, now: bytes) -> None:
        """Take in who imports what, by the first names."""
        old, new = _tops(before), _tops(now)
        for top in old - new:
            self._by_import[top] = [each for each in self._by_import[top] if each != path]
        for top in new - old:
            self._by_import.setdefault(top, []).append(path)

    def _has_other_roots(self, path: str, before: bytes, now: bytes) -> bool:
        """Whether other packages are import roots since a file has other contents."""
        if not self._marked or root_signs(before) == root_signs(now):
            return False
        tops = {module.partition(".")[0] for module, _ in {*imported(before)} ^ {*imported(now)}}
        asked = [*self._marked.items()]
        changed = False
        for root, shown in asked:
            if path in shown if shown else self._may_show(path, tops, root):
                del self._marked[root]
                changed |= self._is_marked(root) != (shown is not None)
        return changed

    def _may_show(self, path: str, tops: set[str], root: str) -> bool:
        """Whether a folder may come to be an import root by what a file imports or binds."""
        if path.startswith(root + os.sep):
            return True
        return self._is_beside(path, root) and any(
            f"{root}{os.sep}{top}.py" in self._known or self._is_folder(f"{root}{os.sep}{top}")
            for top in tops
        )

    def _relink(self, path: str, before: bytes, now: bytes) -> None:
        """Take in that a file may name other modules."""
        is_test = self.is_test(path)
        old, new = links(before, is_test), links(now, is_test)
        if old == new:
            return
        loaded, loads = self._loaded_from(path, before), self._loaded_from(path, now)
        if loaded != loads:
            self._together = {q: a for q, a in self._together.items() if q[0] != "loaders"}
            if "_loads" in self.__dict__:
                self._loads.revise(path, loaded, loads)
        if "_programs" in self.__dict__:
            is_other = self._programs.revise(path, old, new)
        else:
            is_other = any(self._linked(name, path) for name in old ^ new if name.strip("."))
        if is_other:
            self._together = {q: a for q, a in self._together.items() if q[0] == "loaders"}

    def state(self, path: str) -> State:
        """What is known of a file, to be given back to `reset`."""
        return self._views.get(path), self._overlay.get(path)

    def reset(self, path: str, state: State) -> None:
        """Know of a file what was known before."""
        view, overlay = state
        self.edited.append(path)
        edited = self._read(path)
        self._views.pop(path, None)
        self._forget_facts(path)
        self._overlay.pop(path, None)
        self._imports.pop(path, None)
        if view is not None:
            self._views[path] = view
        if overlay is not None:
            self._overlay[path] = overlay
        self._reindex(path, edited, self._read(path))

    def adopt(self, source: SourceFile) -> tuple[View, bool]:
        """The module of a file that is at hand, and whether it takes the place of another tree.

        Facts hang on nodes: a file that was read before shares its tree with this source. Raises
        UnreadableSource; the file is then none of the tree's modules.
        """
        self._lean_on_file(source.path, source)
        view = self._views.get(source.path)
        same = view is not None and view.source.data == source.data
        if view is not None and same and source.share(view.source):
            return view, False
        replaces = view is not None
        if replaces and not same:
            self.edited.append(source.path)
        self._forget_facts(source.path)
        self._views[source.path] = None  # and it stays so if the next line raises
        source.tree  # noqa: B018
        view = self._views[source.path] = self._module(source)
        return view, replaces

    def read(self, path: str) -> bytes:
        """The bytes of a file; empty where it cannot be read (examining it will say so)."""
        data = self._read(path)
        self.trace.lean(("file", path), lambda: digest(data))
        return data

    def holds_any(self, path: str, texts: Sequence[str]) -> bool:
        """Whether one of these texts stands in a file."""
        data = self._read(path)
        found = any(text.encode() in data for text in texts)
        self.trace.lean(("bytes", path, *texts), lambda: found)
        return found

    def _lean_on_file(self, path: str, source: SourceFile) -> None:
        self.trace.lean(("file", path), lambda: digest(source.data))

    def _read(self, path: str) -> bytes:
        view = self._views.get(path)
        source = self._overlay.get(path) or (view.source if view is not None else None)
        if source is not None:
            return source.data
        return _bytes_of(path)

    def is_test(self, path: str) -> bool:
        """Whether a file belongs to the project's tests, by its path below the root."""
        return is_test(path.removeprefix(self.root))

    def view(self, path: str) -> View | None:
        """The module in a file, as something of which all the code counts.

        None where it cannot be parsed.
        """
        view = self.module(path)
        if view is not None:
            view.depend_on_all()
        return view

    def module(self, path: str) -> View | None:
        """The module in a file, for those who say what they look at in it (see `View`).

        None where it cannot be parsed.
        """
        if path in self._views:
            view = self._views[path] = self._views.pop(path)  # those asked for last come last
        elif not self.has(path):
            return None
        else:
            view = self._views[path] = self._parsed(path)
        self.trace.lean(("parses", path), lambda: view is not None)
        return view

    def facts(self, path: str, *about: str) -> FileFacts | None:
        """What the file says in plain values, for those who want no node: few trees are kept.

        The answer depends on what is said `about` doubles, links, lookups or names. None where the
        file cannot be parsed.
        """
        if path in self._facts:
            self._facts[path] = self._facts.pop(path)
        elif self.has(path):
            self._facts[path] = (
                self._packed_facts(path)
                or self._stored_facts(path)
                or self._received_facts(path)
                or self._found_facts(path)
            )
            if len(self._facts) > _MANY:
                self._pack_facts()
        facts = self._facts.get(path)
        self.trace.lean(("parses", path), lambda: facts is not None)
        if facts is not None and self.trace.is_on:
            for question, answer in facts.answers.items():
                if question[0] in ("lines", *about):
                    self.trace.lean(question, lambda answer=answer: answer)  # type: ignore[misc]
        return facts

    def _packed_facts(self, path: str) -> FileFacts | None:
        data = self._packed.get(path)
        return None if data is None else unpacked(data, path)

    def _pack_facts(self) -> None:
        """Pack the facts that were asked for longest ago."""
        for path in [*self._facts][: _MANY // 2]:
            facts = self._facts[path]
            if facts is None:
                continue
            del self._facts[path]
            if path not in self._packed:
                self._packed[path] = packed(facts)

    def _forget_facts(self, path: str) -> None:
        self._facts.pop(path, None)
        self._packed.pop(path, None)

    def _stored_facts(self, path: str) -> FileFacts | None:
        """The facts that an earlier run found in the same contents."""
        if self._known_answers is None or not self.trace.is_on:
            return None
        data = self._known_answers.facts(path, self._contents(path, self._read(path)))
        return None if data is None else unpacked(data, path)

    def _received_facts(self, path: str) -> FileFacts | None:
        """The facts that another process of this run has found in the same contents."""
        if self._exchange is None or path in self._views:
            return None
        key = f"{path} {self._contents(path, self._read(path))}"
        data = self._exchange.find(key)
        return None if data is None else unpacked(data, path)

    def in_turn(self, paths: Iterable[str]) -> list[str]:
        """Paths in the order in which this process is to ask for facts, another from the end."""
        ordered = sorted(paths)
        return ordered if self._exchange is None else self._exchange.in_turn(ordered)

    def _found_facts(self, path: str) -> FileFacts | None:
        view = self._views.get(path) or self._parsed(path)
        if view is None:
            return None
        if self._room > 0:  # somebody will want its nodes soon: the tree is small
            self._room -= len(view.source.data)
            self._views[path] = view
        facts = facts_of(view, self.trace.is_on)
        if self.trace.is_on or self._exchange is not None:
            contents, data = self._contents(path, view.source.data), packed(facts)
            if self.trace.is_on:
                self.trace.keep((path, contents, data))
            if self._exchange is not None:
                self._exchange.add(f"{path} {contents}", data)
        return facts

    def _contents(self, path: str, data: bytes) -> str:
        """What stands for all that the facts of a file follow from."""
        return f"{kind_of(self.is_test(path))} {digest(data)}"

    def _parsed(self, path: str) -> View | None:
        source = self._overlay.get(path) or SourceFile(path, self._read(path))
        try:
            source.tree  # noqa: B018
        except UnreadableSource:
            return None
        return self._module(source)

    def _module(self, source: SourceFile) -> View:
        self._fresh += len(source.data)
        recorder = self.trace if self.trace.is_on else None
        return View(source, self.is_test(source.path), recorder)

    @property
    def is_full(self) -> bool:
        """Whether more syntax trees are kept than memory should hold."""
        if self._fresh < _FULL // 16:  # counting the others costs more than so few are worth
            return False
        self._fresh = 0
        return sum(len(view.source.data) for view in self._views.values() if view) > _FULL

    def drop(self) -> None:
        """Forget syntax trees, those asked for longest ago; nothing may hold on to nodes."""
        sizes = {path: len(view.source.data) if view else 0 for path, view in self._views.items()}
        left = sum(sizes.values())
        for path, size in sizes.items():
            if left <= _FULL // 2:
                break
            left -= size
            del self._views[path]

    # -- imports --------------------------------------------------------------------------------

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._files:
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
        if key not in self._resolved:
            meant = self._meant(dotted, importer)
            is_named = dotted.rpartition(".")[2] in self._by_name
            is_plain = not is_named or self._on_path(dotted, importer) is not None
            packages = () if is_plain else tuple(self._packages_with(dotted))
            self._resolved[key] = meant[0] if len(meant) == 1 else "", packages
        found, roots = self._resolved[key]
        for root in roots:
            self.is_import_root(root)
        self.trace.lean(("resolve", *key), lambda: found)
        return found

    def _meant(self, dotted: str, importer: str) -> Sequence[str]:
        """The files that it may mean; several where nothing says which."""
        if dotted.rpartition(".")[2] not in self._by_name:
            return ()
        found = self._on_path(dotted, importer)
        if found is not None:
            return found
        marked = self._marked_roots(dotted, importer)
        own = [root for root in marked if importer.startswith(root + os.sep)]
        own = own or [root for root in marked if self._is_beside(importer, root)]
        elsewhere = () if own else self._elsewhere(dotted, importer)
        if elsewhere:
            return elsewhere
        roots = own or [*marked]
        least = min(map(len, roots), default=0)
        return [path for root in roots if len(root) == least for path in marked[root]]

    def _on_path(self, dotted: str, importer: str) -> Sequence[str] | None:
        """The file below the folders that are likely on the path of the importer; None: unclear.

        None of the files for what is outside of the tree, or a package without `__init__.py`.
        """
        tail = os.sep + dotted.replace(".", os.sep)
        roots = self._import_roots(os.path.dirname(importer))
        for root in roots:
            for path in (f"{root}{tail}.py", f"{root}{tail}{_INIT}"):
                if path in self._known:
                    return (path,)
        if dotted.partition(".")[0] in _OUTSIDE or any(
            self._is_folder(root + tail) for root in roots
        ):
            return ()
        return None

    def _elsewhere(self, dotted: str, importer: str) -> Sequence[str]:
        """The files below a root that nobody told us of: it is clear where there is one reading."""
        roots, tops = self._anywhere(dotted)
        if "." not in dotted:
            is_inside = self._is_package(os.path.dirname(importer))
            return [each for each in tops if each.endswith(_INIT)] if is_inside else tops
        return tops or [path for path in roots if importer.startswith(roots[path] + os.sep)]

    def _anywhere(self, dotted: str) -> tuple[dict[str, str], list[str]]:
        """The files at the end of whose paths a module stands, with the folders before that.

        And those among them where that folder is in no package.
        """
        found = self._endings.get(dotted)
        if found is None:
            tail = os.sep + dotted.replace(".", os.sep)
            endings = (tail + ".py", tail + os.sep + "__init__.py")
            roots = {
                path: path.removesuffix(ending)
                for path in self._by_name.get(dotted.rpartition(".")[2], ())
                for ending in endings
                if path.endswith(ending)
            }
            tops = [path for path, root in roots.items() if not self._is_in_package(root)]
            found = self._endings[dotted] = roots, tops
        return found

    def _marked_roots(self, dotted: str, importer: str) -> dict[str, list[str]]:
        """The files by the folders that are on the path though they hold an `__init__.py`."""
        return {
            root: others
            for root, paths in self._packages_with(dotted).items()
            if (others := [path for path in paths if path != importer]) and self._is_marked(root)
        }

    def _packages_with(self, dotted: str) -> dict[str, list[str]]:
        """The packages that would hold a module of that name, were they import roots."""
        if dotted.partition(".")[0] in _OUTSIDE:
            return {}
        found: dict[str, list[str]] = {}
        for path, root in self._anywhere(dotted)[0].items():
            if root and self._is_package(root):
                found.setdefault(root, []).append(path)
        return found

    def folders_of(self, path: str) -> list[str]:
        """The folders that a file is in, the innermost first, up to the root."""
        return [*self._inside(os.path.dirname(path)), self.root or os.sep]

    def package_root(self, path: str) -> str:
        """The folder around the package of a file, or the one in it that imports show as a root."""
        folder = os.path.dirname(path)
        while self.has(f"{folder}/__init__.py") and len(folder) > len(self.root):
            if self.is_import_root(folder):
                break
            folder = os.path.dirname(folder)
        return folder

    def is_import_root(self, package: str) -> bool:
        """Whether a package is an import root as well: imports show it.

        Somebody of the same project imports names from a module in it, as if that were at the top:
        all that it can have, and one at least that it binds itself. A module that has the name of a
        library, as `integrations/kubernetes` has, is not what `import kubernetes` means.
        """
        found = self._is_package(package) and self._is_marked(package)
        self.trace.lean(("root", package), lambda: found)
        return found

    def _is_marked(self, package: str) -> bool:
        if package not in self._marked:
            known = self._known_answers and self._known_answers(("root", package))
            shown = next(self._shown_as_root(package), None) if known is None else known or None
            self._marked[package] = shown
        return self._marked[package] is not None

    def _shown_as_root(self, folder: str) -> Iterator[tuple[str, str]]:
        """The files that import from a folder as from an import root, and what they import."""
        inside = [*self._starting(folder + os.sep)]
        tops = {path[len(folder) + 1 :].removesuffix(".py").partition(os.sep)[0] for path in inside}
        tops -= {"__init__", *_OUTSIDE}
        if not tops:
            return
        binds: dict[tuple[str, str], tuple[bool, bool]] = {}
        for importer in sorted({each for top in tops for each in self._by_import.get(top, ())}):
            if not self._is_beside(importer, folder):
                continue  # of another project, which has its own module of that name, or a library
            read: dict[str, set[str]] = {}
            for module, name in self._imported_by(importer):
                if module.partition(".")[0] in tops:
                    read.setdefault(module, set()).add(name)
            for module, names in read.items():
                path = self._below(folder, module)
                if path in ("", importer) or self._on_path(module, importer) is not None:
                    continue
                for name in names:
                    if (path, name) not in binds:
                        binds[path, name] = self._has_name(path, name)
                # One name that the module does not have, and another module is meant.
                if all(binds[path, name][0] for name in names) and any(
                    binds[path, name][1] for name in names
                ):
                    yield importer, path

    def _has_name(self, path: str, name: str) -> tuple[bool, bool]:
        """Whether a module can have a name, and whether it is sure to bind it itself."""
        data = self._read(path)
        package = path.removesuffix(_INIT)
        if defines(name, data) or (package != path and bool(self._below(package, name))):
            return True, True
        found = self._imports_in(path, data)
        return name == "*" or _DUNDER.match(name) is not None or found.may_bind(name), False

    def _is_beside(self, path: str, package: str) -> bool:
        """Whether a file is in the folder that the outermost package around a package is in."""
        return path.startswith(self._beside_package(package) + os.sep)

    def _beside_package(self, folder: str) -> str:
        """The folder that the outermost package around a folder is in; the same if it is none."""
        for each in self._inside(folder):
            if not self._is_package(each):
                return each
            folder = os.path.dirname(each)
        return folder

    def _inside(self, folder: str) -> Iterator[str]:
        """A folder and those around it below the root, the innermost first."""
        while len(folder) > max(len(self.root), 1):  # a file system has no folder above its own
            yield folder
            folder = os.path.dirname(folder)

    @cached_property
    def _by_import(self) -> dict[str, list[str]]:
        """The files by the first names of what they import."""
        found: dict[str, list[str]] = {}
        for path in self._files:
            for top in _tops(self._read(path)):
                found.setdefault(top, []).append(path)
        return found

    def _imported_by(self, path: str) -> tuple[tuple[str, str], ...]:
        if path not in self._rows:
            self._rows[path] = tuple(imported(self._read(path)))
        return self._rows[path]

    def _below(self, folder: str, module: str) -> str:
        """The file of a module in a folder; empty if there is none."""
        path = folder + os.sep + module.replace(".", os.sep)
        endings = (".py", os.sep + "__init__.py")
        return next((path + each for each in endings if path + each in self._known), "")

    def _is_in_package(self, folder: str) -> bool:
        """Whether a folder is a package, or somewhere below one."""
        return any(self._is_package(each) for each in self._inside(folder))

    def _is_folder(self, path: str) -> bool:
        return next(self._starting(path + os.sep), None) is not None

    def _is_package(self, folder: str) -> bool:
        return folder + os.sep + "__init__.py" in self._known

    def _import_roots(self, folder: str) -> tuple[str, ...]:
        """Folders that are likely on the module path of files in one, the likeliest first."""
        found = self._path_of.get(folder)
        if found is None:
            found = self._path_of[folder] = tuple(dict.fromkeys(self._find_import_roots(folder)))
        return found

    def _find_import_roots(self, folder: str) -> Iterator[str]:
        package_root = self._beside_package(folder)
        yield package_root
        for inside in self._inside(package_root):
            current = os.path.dirname(inside)
            yield current
            yield current + os.sep + "src"
        if not self._is_package(folder):
            yield folder

    def relative(self, module: str, level: int, importer: str) -> str:
        """The file that `from ..module import` means; empty if there is none."""
        path = self.folder_of(module, level, importer)
        for ending in (os.sep + "__init__.py", ".py"):
            if self.has(path + ending):
                return path + ending
        return ""

    def folder_of(self, module: str, level: int, importer: str) -> str:
        """The folder that a relative import counts from, for packages without `__init__.py`."""
        folder = counted_from(importer, level)
        return os.sep.join([folder, *module.split(".")]) if module else folder

    def submodule(self, folder: str, name: str) -> str:
        """The file of module `name` in a folder; empty if there is none."""
        for ending in (".py", os.sep + "__init__.py"):
            path = folder + os.sep + name + ending
            if self.has(path):
                return path
        return ""

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        found = path in self._known
        self.trace.lean(("has", path), lambda: found)
        return found

    def below(self, folder: str) -> tuple[str, ...]:
        """The files whose paths start with a folder's."""
        found = tuple(self._starting(folder))
        self.trace.lean(("below", folder), lambda: found)
        return found

    def _starting(self, text: str) -> Iterator[str]:
        """The files whose paths start like that: one after the other in their order."""
        for place in range(bisect.bisect_left(self._files, text), len(self._files)):
            if not self._files[place].startswith(text):
                return
            yield self._files[place]

    def ending(self, ending: str) -> tuple[str, ...]:
        """The files whose paths end like that."""
        head, _, name = ending.rpartition(os.sep)
        if name == "__init__.py":
            head, _, name = head.rpartition(os.sep)
        # Where a whole name is given, few files have it.
        stem = name.removesuffix(".py") if head or ending.startswith(os.sep + name) else ""
        asked = self._by_name.get(stem, ()) if stem else self._files
        found = tuple(path for path in asked if path.endswith(ending))
        self.trace.lean(("ending", ending), lambda: found)
        return found

    def may_mean(self, name: str, home: str, path: str) -> bool:
        """Whether a name in a file may be what a module binds at its top, as far as imports tell.

        `home` is the file of the module. No is sure; a file that cannot be parsed may be a yes.
        """
        if path == home:
            return True
        data = self._read(path)
        found = self._imports_of(path, data)
        if found.is_unclear:
            return True
        for source in found.sources(name):
            module = source.lstrip(".")
            level = len(source) - len(module)
            target = self.relative(module, level, path) if level else self.resolve(module, path)
            if target == home:
                return True
            if target and not self._binds(name, target):
                return True  # which hands on what it imports
        leads = found.lead_to(name, data)
        self.trace.lean(("leads", path, name), lambda: leads)
        return leads

    def _binds(self, name: str, path: str) -> bool:
        """Whether a module binds a name itself, and has it from nowhere else."""
        data = self._read(path)
        found = defines(name, data)
        self.trace.lean(("defines", path, name), lambda: found)
        return found and not self._imports_of(path, data).sources(name)

    def _imports_of(self, path: str, data: bytes) -> Imports:
        found = self._imports_in(path, data)
        self.trace.lean(("imports", path), lambda: found.digest)
        return found

    def _imports_in(self, path: str, data: bytes) -> Imports:
        found = self._imports.get(path)
        if found is None:
            found = self._imports[path] = imports(data)
        return found

    # -- what is deployed -----------------------------------------------------------------------

    def deployments(self) -> Deployments:
        """What files that are not Python tell of deployments."""
        found = self._deployments
        self.trace.lean(("deployments", ""), lambda: found.digest(self.root))
        return found

    @cached_property
    def _deployments(self) -> Deployments:
        return deployments(self.root, self._files, self._texts, _bytes_of)

    # -- who mentions a name --------------------------------------------------------------------

    @cached_property
    def _index(self) -> Index:
        return Index(self._files, self._read, self._known_answers)

    @cached_property
    def packages(self) -> dict[str, str]:
        """The outermost package that each file is in, a folder; in none, the file's own."""
        found: dict[str, str] = {}
        for folder in {os.path.dirname(path) for path in self._files}:
            package = folder
            while self._is_package(package) and self._is_package(os.path.dirname(package)):
                package = os.path.dirname(package)
            found[folder] = package
        return {path: found[os.path.dirname(path)] for path in self._files}

    def nested_packages(self) -> str:
        """What stands for the folders that are part of a package further out."""
        found = {os.path.dirname(path): package for path, package in self.packages.items()}
        nested = (f"{folder}\0{package}" for folder, package in found.items() if folder != package)
        return digest("\n".join(sorted(nested)).replace(self.root, "").encode())

    def package_of(self, path: str) -> str:
        """The outermost package that a file is in, a folder; in none, the file's own."""
        self._lean_on_packages()
        return self.packages[path]

    def imports_at_top(self, path: str, package: str) -> bool:
        """Whether a file imports something of a package whenever it is loaded."""
        view = self.view(path)
        return view is not None and imports_at_top(view.source.tree, package)

    def _lean_on_packages(self) -> None:
        self.trace.lean(("packages", ""), self.nested_packages)

    @cached_property
    def _programs(self) -> Programs:
        found = Programs(self.packages, self._linked)
        for path in self._files:
            found.add(path, links(self._read(path), self.is_test(path)))
        return found

    def _linked(self, name: str, importer: str) -> Sequence[str]:
        """The files that a name leads to: of a module, of something in one, or a path's end."""
        if name.endswith(".py"):
            ending = os.sep + name.replace("/", os.sep).lstrip("." + os.sep)
            stem = ending.rpartition(os.sep)[2][:-3]
            ends = [each for each in self._by_name.get(stem, ()) if each.endswith(ending)]
            return ends if len(ends) == 1 else ()
        found = self._meant(name, importer)
        if found or not self.is_test(importer):
            return found
        while not found and "." in name:  # a text: of something in a module, `"a.b.run"`
            name = name.rpartition(".")[0]
            found = self._meant(name, importer)
        # Many a text has a dot, `"schema.json"`: one that means several modules, or one of another
        # project, means none.
        tail = os.sep + name.replace(".", os.sep)
        root = found[0].removesuffix(_INIT).removesuffix(".py").removesuffix(tail) if found else ""
        is_clear = len(found) == 1 and (
            not self._is_package(root) or self._is_beside(importer, root)
        )
        return found if is_clear else ()

    def _near(self, paths: Sequence[str], home: str) -> tuple[str, ...]:
        """Those files that can run in one program with a file, as far as imports tell."""
        self._lean_on_packages()
        near = self.together(self.packages[home])
        return tuple(path for path in paths if self.packages[path] in near)

    def may_run(self, test: str, path: str) -> bool:
        """Whether a test may run what is in another file, by what their packages load.

        A test that loads no code of the tree may run any, and so may a test where nobody imports
        that code: it is loaded by other means.
        """
        self._lean_on_packages()
        home, theirs = self.packages[path], self.packages[test]
        if theirs in self.together(home) or not self.importers(home):
            return True
        return all(self.is_test(each + os.sep) for each in self.together(theirs))

    def together(self, package: str) -> frozenset[str]:
        """The packages that some program loads together with one, itself among them."""
        return self._of_programs(("together", package))

    def importers(self, package: str) -> frozenset[str]:
        """The packages that import something of one."""
        return self._of_programs(("importers", package))

    def loaders(self, path: str) -> frozenset[str]:
        """The files that load a file, through however many others; the file is one of them.

        Too many rather than too few: imports in functions count, and those in texts too.
        """
        return self._of_programs(("loaders", path))

    @cached_property
    def _loads(self) -> Loads:
        found = Loads()
        known: dict[tuple[str, str], tuple[str, ...]] = {}  # the same within a folder
        for path in self._files:
            folder = os.path.dirname(path)
            for name in links(self._read(path), False):
                if (folder, name) not in known:
                    known[folder, name] = tuple(self._loaded_by(name, path))
                found.add(path, known[folder, name])
        return found

    def _loaded_from(self, path: str, data: bytes) -> set[str]:
        """The files that a file with these contents loads."""
        return {each for name in links(data, False) for each in self._loaded_by(name, path)}

    def _loaded_by(self, name: str, importer: str) -> Iterator[str]:
        """The files that an import loads: what it may mean, and the packages that this is in."""
        module = name.lstrip(".")
        level = len(name) - len(module)
        for each in self._beside(module, level, importer) if level else self._meant(name, importer):
            yield each
            folder = os.path.dirname(each)
            while self._is_package(folder):
                yield folder + os.sep + "__init__.py"
                folder = os.path.dirname(folder)

    def _beside(self, module: str, level: int, importer: str) -> Sequence[str]:
        path = self.folder_of(module, level, importer)
        ends = (".py", os.sep + "__init__.py")
        return [path + end for end in ends if path + end in self._known]

    def _of_programs(self, question: Question) -> frozenset[str]:
        found = self._together.get(question)
        if found is None:
            known = self._known_answers(question) if self._known_answers else None
            if known is None:
                source = self._loads if question[0] == "loaders" else self._programs
                known = getattr(source, question[0])(question[1])
            found = self._together[question] = frozenset(known)
        for root in self._marked if self.trace.is_on else ():
            self.is_import_root(root)
        self.trace.lean(question, lambda: tuple(sorted(found)))
        return found

    def mentions(self, name: str, near: str = "") -> tuple[str, ...]:
        """The files in which an identifier occurs as a word, in the order of the tree.

        Here and below: those alone that can run in one program with the file `near`, if there is.
        """
        return self._asked(("mentions", name), near)

    def reading(self, name: str, near: str = "") -> tuple[str, ...]:
        """The files that may read an attribute of that name."""
        return self._asked(("reads", name), near)

    def spelling(self, name: str, near: str = "") -> tuple[str, ...]:
        """The files that may look something of that name up by a text."""
        return self._asked(("spells", name), near)

    def keeping(self, module: str, near: str = "") -> tuple[str, ...]:
        """The files that may have a module of that name as a value."""
        return self._asked(("keeps", module), near)

    def assigning(self, name: str, near: str = "") -> tuple[str, ...]:
        """The files that may assign to an attribute of that name of something else than `self`."""
        return self._asked(("assigns", name), near)

    def naming_as_base(self, name: str, near: str = "") -> tuple[str, ...]:
        """The files that may hold a subclass of a class of that name, in the order of the tree."""
        return self._asked(("bases", name), near)

    def holding(self, tokens: tuple[str, ...], also: str = "") -> tuple[str, ...]:
        """The files whose bytes hold `also` and one of these; without an index of all words."""
        return self._asked(("holds", also, *tokens))

    def _asked(self, question: Question, near: str = "") -> tuple[str, ...]:
        found = self._index.find(question)
        self.trace.lean(question, lambda: found)
        return self._near(found, near) if near else found


def _tops(data: bytes) -> set[str]:
    """The first names of all modules that bytes import."""
    return {each.partition(".")[0] for each in modules(data)}


def _bytes_of(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:  # half as long as with a buffer, in many files
            return file.readall()
    except OSError:
        return b""
