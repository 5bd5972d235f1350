"""Which files can run in one program: those that some program imports together.

An object gets from the file that builds it to another one through calls, within one process. All
that such a process loads is what one file imports, and what that imports in its turn. Packages
that no file leads to both of have nothing to do with each other, whatever names they share: a large
tree often holds many. What is loaded by a name in a configuration, or by `importlib`, is beyond
inference anyway.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from qw_codemod.facts.import_scan import names, statements

_NAMED = re.compile(rb"[\"']([\w./\\-]*\w\.[A-Za-z_][\w./-]*)[\"']")


def links(data: bytes, is_test: bool) -> frozenset[str]:
    """All that bytes may import; in tests also what their texts name, `"a.b.run"`, `"a/b.py"`."""
    found = {*modules(data)}
    if is_test:
        found.update(each.decode("utf-8", "replace") for each in _NAMED.findall(data))
    return frozenset(found)


def modules(data: bytes) -> Iterator[str]:
    """All that bytes may import, as dotted names; `a.b` and `a.b.c` for `from a.b import c`."""
    for module, listed in statements(data):
        before = ""
        if module is not None:
            before = module.decode("utf-8", "replace")
            yield before
            before += "" if before.endswith(".") else "."
        yield from (before + name for name, _ in names(listed) if name != "*")


class Programs:
    """What the packages of a tree load of each other.

    `packages` gives the package of each file, `meant` the files that `import a.b` or the text
    `"a/b.py"` may mean in one.
    """

    def __init__(
        self, packages: Mapping[str, str], meant: Callable[[str, str], Sequence[str]]
    ) -> None:
        self._packages = packages
        self._meant = meant
        self._imports: dict[str, set[str]] = {}
        self._importers: dict[str, set[str]] = {}
        self._done: set[tuple[str, str]] = set()  # names, by folder: they mean the same there

    def add(self, path: str, names: Iterable[str]) -> None:
        """Note the names that `links` gives of a file."""
        package, folder = self._packages[path], os.path.dirname(path)
        is_regular = package + os.sep + "__init__.py" in self._packages
        own = os.path.basename(package) + "." if is_regular else ""
        if path.endswith(os.sep + "conftest.py"):
            for below in self._below(folder):
                self._connect(below, package)  # pytest loads it with each test there
        for name in names:
            top = name.partition(".")[0]
            if (folder, name) in self._done or (own and f"{name}.".startswith(own)):
                continue
            self._done.add((folder, name))
            if top:
                for found in self._meant(name, path):
                    self._connect(package, self._packages[found])
            elif not own:
                self._connect_below(path, len(name) - len(name.lstrip(".")))

    def _connect_below(self, path: str, level: int) -> None:
        """Note all that a relative import can reach, of a file that is in no package."""
        folder = os.path.dirname(path)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        for other in self._below(folder):
            self._connect(self._packages[path], other)

    def _below(self, folder: str) -> Iterator[str]:
        for other in {*self._packages.values()}:
            if other == folder or other.startswith(folder + os.sep):
                yield other

    def _connect(self, importer: str, imported: str) -> None:
        if importer != imported:
            self._imports.setdefault(importer, set()).add(imported)
            self._importers.setdefault(imported, set()).add(importer)

    def importers(self, package: str) -> tuple[str, ...]:
        """The packages that import something of one, sorted."""
        return tuple(sorted(self._importers.get(package, ())))

    def together(self, package: str) -> tuple[str, ...]:
        """The packages that some program loads together with one, itself among them, sorted."""
        programs = _reached({package}, self._importers)
        return tuple(sorted(_reached(programs, self._imports)))


class Loads:
    """Which files load which, by what each imports itself."""

    def __init__(self) -> None:
        self._importers: dict[str, set[str]] = {}

    def add(self, path: str, imported: Iterable[str]) -> None:
        """Note the files that one imports."""
        for each in imported:
            self._importers.setdefault(each, set()).add(path)

    def loaders(self, path: str) -> tuple[str, ...]:
        """The files that load a file, itself among them, sorted."""
        return tuple(sorted(_reached({path}, self._importers)))


def _reached(starts: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    found = {*starts}
    ahead = [*starts]
    while ahead:
        for each in ways.get(ahead.pop(), ()):
            if each not in found:
                found.add(each)
                ahead.append(each)
    return found
