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
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_NAMES = re.compile(rb"[ \t]*(\([^()]*\)|(?:[^\n;#\\]|\\\r?\n)*)")
_FROM = re.compile(rb"(?:^|[;:])[ \t]*from[ \t]*([\w.\x80-\xff]+)[\s\\]*$")
_NAMED = re.compile(rb"[\"']([\w./\\-]*\w\.[A-Za-z_][\w./-]*)[\"']")
_COMMENT = re.compile(rb"#[^\n]*")
_AFTER = (b" ", b"\t", b"\\", b"(", b"*")
_BEFORE = 300  # bytes in front of `import` in which the `from` of the same statement stands


def links(data: bytes, is_test: bool) -> frozenset[str]:
    """All that bytes may import; in tests also what their texts name, `"a.b.run"`, `"a/b.py"`."""
    found = {*modules(data)}
    if is_test:
        found.update(each.decode("utf-8", "replace") for each in _NAMED.findall(data))
    return frozenset(found)


def modules(data: bytes) -> Iterator[str]:
    """All that bytes may import, as dotted names; `a.b` and `a.b.c` for `from a.b import c`.

    What stands in a text counts as well: too much is no harm.
    """
    at = data.find(b"import")
    while at >= 0:
        end = at + len(b"import")
        first = max(0, at - _BEFORE)
        start = max(data.rfind(b"\n", first, at) + 1, first)
        while start > first and data[start - 2 : start - 1] == b"\\":  # it goes on from above
            start = max(data.rfind(b"\n", first, start - 1) + 1, first)
        head = data[start:at]
        if data[end : end + 1] in _AFTER:
            yield from _imported(head, data, end)
        at = data.find(b"import", end)


def _imported(head: bytes, data: bytes, end: int) -> Iterator[str]:
    if not head or head.isspace() or head.rstrip().endswith((b";", b":")):
        yield from _names(data, end)
        return
    found = _FROM.search(head)
    if found is not None:
        module = found[1].decode("utf-8", "replace")
        yield module
        before = module if module.endswith(".") else f"{module}."
        for name in _names(data, end):
            yield before + name


def _names(data: bytes, end: int) -> Iterator[str]:
    match = _NAMES.match(data, end)
    assert match is not None
    listed = _COMMENT.sub(b"", match[1]).replace(b"\\", b" ").strip(b"() \t\r\n")
    for each in listed.split(b","):
        words = each.split()
        if words and words[0] != b"*":
            yield words[0].decode("utf-8", "replace")


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

    def add(self, path: str, names: Iterable[str]) -> None:
        """Note the names that `links` gives of a file."""
        package = self._packages[path]
        is_regular = package + os.sep + "__init__.py" in self._packages
        own = os.path.basename(package) + "." if is_regular else ""
        if path.endswith(os.sep + "conftest.py"):
            for below in self._below(os.path.dirname(path)):
                self._connect(below, package)  # pytest loads it with each test there
        for name in names:
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names or (own and f"{name}.".startswith(own)):
                continue
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


def _reached(starts: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    found = {*starts}
    ahead = [*starts]
    while ahead:
        for each in ways.get(ahead.pop(), ()):
            if each not in found:
                found.add(each)
                ahead.append(each)
    return found
