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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

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
        self._reasons: Counter[tuple[str, str]] = Counter()  # for importer and imported
        # A name means the same in all files of a folder: how many name it, and where it leads.
        self._named: Counter[tuple[str, str]] = Counter()
        self._leads: dict[tuple[str, str], tuple[str, ...]] = {}

    def add(self, path: str, names: Iterable[str]) -> None:
        """Note the names that `links` gives of a file."""
        package, folder = self._packages[path], os.path.dirname(path)
        if path.endswith(os.sep + "conftest.py"):
            for below in self._below(folder):
                self._connect(below, package)  # pytest loads it with each test there
        for name in names:
            self._add_name(name, path)

    def revise(self, path: str, before: Set[str], now: Set[str]) -> bool:
        """Take in that a file has other names; whether packages load others for that."""
        gone = [self._remove_name(name, path) for name in before - now]
        new = [self._add_name(name, path) for name in now - before]
        return any(gone) or any(new)

    def _add_name(self, name: str, path: str) -> bool:
        key = (os.path.dirname(path), name)
        self._named[key] += 1
        if self._named[key] > 1:
            return False
        package = self._packages[path]
        leads = tuple(each for each in self._led_to(name, path) if each != package)
        if leads:
            self._leads[key] = leads
        new = [self._connect(package, each) for each in leads]
        return any(new)

    def _remove_name(self, name: str, path: str) -> bool:
        key = (os.path.dirname(path), name)
        self._named[key] -= 1
        if self._named[key] > 0:
            return False
        del self._named[key]
        package = self._packages[path]
        gone = [self._disconnect(package, each) for each in self._leads.pop(key, ())]
        return any(gone)

    def _led_to(self, name: str, path: str) -> Iterator[str]:
        """The packages that a name leads to."""
        package = self._packages[path]
        is_regular = package + os.sep + "__init__.py" in self._packages
        if is_regular and f"{name}.".startswith(os.path.basename(package) + "."):
            return
        if name.startswith("."):
            if not is_regular:  # a relative import can reach all that is there
                yield from self._below(counted_from(path, len(name) - len(name.lstrip("."))))
        else:
            yield from map(self._packages.__getitem__, self._meant(name, path))

    def _below(self, folder: str) -> Iterator[str]:
        for other in {*self._packages.values()}:
            if other == folder or other.startswith(folder + os.sep):
                yield other

    def _connect(self, importer: str, imported: str) -> bool:
        """Note a reason; whether it is the first."""
        if importer == imported:
            return False
        self._reasons[importer, imported] += 1
        self._imports.setdefault(importer, set()).add(imported)
        self._importers.setdefault(imported, set()).add(importer)
        return self._reasons[importer, imported] == 1

    def _disconnect(self, importer: str, imported: str) -> bool:
        """Take back a reason; whether it was the last."""
        self._reasons[importer, imported] -= 1
        if self._reasons[importer, imported] > 0:
            return False
        del self._reasons[importer, imported]
        self._imports[importer].discard(imported)
        self._importers[imported].discard(importer)
        return True

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

    def revise(self, path: str, before: Set[str], now: Set[str]) -> None:
        """Take in that a file imports others than before."""
        for each in before - now:
            self._importers[each].discard(path)
        self.add(path, now - before)

    def loaders(self, path: str) -> tuple[str, ...]:
        """The files that load a file, itself among them, sorted."""
        return tuple(sorted(_reached({path}, self._importers)))


def counted_from(path: str, level: int) -> str:
    """The folder that a relative import of so many dots in a file counts from."""
    folder = os.path.dirname(path)
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    return folder


def _reached(starts: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    found = {*starts}
    ahead = [*starts]
    while ahead:
        for each in ways.get(ahead.pop(), ()):
            if each not in found:
                found.add(each)
                ahead.append(each)
    return found
