"""What a file imports, told by its bytes: enough to see that a name there is none of a module's.

Whoever uses a function or class of another module imports it by its name, imports a module that
leads to it, or imports everything. Otherwise somebody keeps the module as a value, or loads it by a
name in a text: `keeps` tells where that may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from qw_codemod.facts.query import digest

_FROM = re.compile(rb"(?:^|[;:])[ \t]*from[\s\\]*((?:\.[\s\\]*)*[\w.\x80-\xff]*)[\s\\]*$")
_LISTED = re.compile(rb"[ \t]*(\((?:[^()#]|#[^\n]*\n)*\)|(?:[^\n;\\]|\\\r?\n)*)")
_AFTER = (b" ", b"\t", b"\\", b"(", b"*")  # `import`
_HEAD = 300  # bytes in front of `import` in which the `from` of the same statement stands
_WORD_END = re.compile(rb"[\w\x80-\xff]")  # in front of `import`: `from git_import import x`
_SPACE = re.compile(rb"[\s\\]+")
_COMMENT = re.compile(rb"#[^\n]*")
# What may stand around a dot in brackets: a comment that ends in a dot may come before the chain.
_GAP = rb"(?:[\s\\]|#[^\n]*\n)*"
_NAME = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*"
_DOT = _GAP + rb"\." + _GAP
_CHAIN = re.compile(rb"(?<![\w.)\]\x80-\xff])((?:" + _NAME + _DOT + rb")+)$")
_GROUPED = re.compile(rb"(?<![\w)\]\x80-\xff])\([\s(]*(" + _NAME + rb")[\w\s.)]*" + _DOT + rb"$")
_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")
_IMPORT_LINE = re.compile(rb"[ \t]*(?:from\b[^\n]*\bimport\b|import\b)[^\n;]*$")
_BEFORE = 300  # bytes in front of a name, in which the way to it starts
_DEFINED = rb"^(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)?%s[ \t]*[(:=\[]"


@dataclass(frozen=True, slots=True)
class Imports:
    """The imports of one file, wherever they stand in it."""

    named: dict[str, list[str]] = field(default_factory=dict)  # modules, by either name
    roots: frozenset[str] = frozenset()  # all names that imports bind
    is_unclear: bool = False  # everything is imported from somewhere, or a line goes on below

    @property
    def digest(self) -> str:
        """What stands for all of it."""
        listed = f"{sorted(self.named.items())} {sorted(self.roots)} {self.is_unclear}"
        return digest(listed.encode())

    def may_bind(self, name: str) -> bool:
        """Whether the file can have a name from somewhere else."""
        return self.is_unclear or name in self.roots

    def sources(self, name: str) -> list[str]:
        """The modules, with the dots in front, that a name or alias is imported from."""
        return self.named.get(name, [])

    def lead_to(self, name: str, data: bytes) -> bool:
        """Whether an imported name stands in front of `.name` somewhere."""
        word = name.encode()
        at = data.find(word)
        while at >= 0:
            if any(_text(each) in self.roots for each in _roots(data, at)):
                return True
            at = data.find(word, at + len(word))
        return False


def _roots(data: bytes, at: int) -> list[bytes]:
    """The names with which a chain of attributes may begin that ends at a place.

    Over several lines each of its names may be the first: a comment above ends in a dot as well.
    """
    first = max(0, at - _BEFORE)
    found = _CHAIN.search(data, first, at) or _GROUPED.search(data, first, at)
    names = _WORD.findall(found[1]) if found is not None else []
    return names if found is not None and b"\n" in found[0] else names[:1]


def imports(data: bytes) -> Imports:
    """What is imported in these bytes."""
    named: dict[str, list[str]] = {}
    roots: set[str] = set()
    unclear = False
    for module, listed in statements(data):
        unclear = unclear or b"*" in listed or b"\\" in listed
        for original, bound in names(listed):
            roots.add(bound.partition(".")[0])
            if module is not None:
                for each in {original, bound}:
                    named.setdefault(each, []).append(_text(module))
    return Imports(named, frozenset(roots), unclear)


def defines(name: str, data: bytes) -> bool:
    """Whether a name is bound at the left edge."""
    return re.search(_DEFINED % re.escape(name.encode()), data, re.M) is not None


def imported(data: bytes) -> Iterator[tuple[str, str]]:
    """The modules that bytes import, each with a name that they import or read from it."""
    plain: dict[str, str] = {}  # modules by the name that they are bound to
    for module, listed in statements(data):
        if module is not None:
            yield from ((module.decode("utf-8", "replace"), name) for name, _ in names(listed))
        else:
            plain.update((bound, name) for name, bound in names(listed))
    if plain:
        listed = b"|".join(re.escape(each.encode()) for each in sorted(plain, key=len)[::-1])
        for bound, read in re.findall(rb"\b(" + listed + rb")\.(\w+)", data):
            yield plain[bound.decode()], read.decode("utf-8", "replace")


def root_signs(data: bytes) -> str:
    """What stands for all that can make a package an import root: names imported and bound."""
    bound = b" ".join(sorted({*re.findall(_DEFINED % (b"(" + _NAME + b")"), data, re.M)}))
    found = imports(data)
    handed_on = f"{sorted(found.roots)} {found.is_unclear}"
    return digest(f"{sorted({*imported(data)})} {handed_on} ".encode() + bound)


def keeps(name: str, data: bytes) -> bool:
    """Whether a module of that name may be a value there: it is named, and not to read of it.

    Yes also where a comment or a text says so; whoever wants to be sure parses the file.
    """
    word = re.escape(name.encode())
    read = re.compile(_GAP + rb"\." + _GAP + rb"[A-Za-z_\x80-\xff]")
    for match in re.finditer(rb"(?<![\w\x80-\xff])" + word + rb"(?![\w\x80-\xff])", data):
        if read.match(data, match.end()):
            continue
        start = data.rfind(b"\n", 0, match.start()) + 1
        end = data.find(b"\n", match.end())
        rest = data[match.end() : end if end >= 0 else len(data)]
        if _IMPORT_LINE.match(data[start : match.start()]) and not re.match(
            rb"[ \t]+as\b|[^\n]*;", rest
        ):
            continue
        return True
    return False


def statements(data: bytes) -> Iterator[tuple[bytes | None, bytes]]:
    """The module of each import statement, None for `import a, b`, and the names that it lists.

    What stands in a text counts as well: too much is no harm.
    """
    at = data.find(b"import")
    while at >= 0:
        end = at + len(b"import")
        if data[end : end + 1] in _AFTER and not _WORD_END.match(data, max(0, at - 1), at):
            head = _head(data, at)
            line = head[head.rfind(b"\n") + 1 :].rstrip()
            found = _FROM.search(line) or _FROM.search(head)
            if found is not None or not line or line.endswith((b";", b":")):
                listed = _LISTED.match(data, end)
                assert listed is not None
                yield _SPACE.sub(b"", found[1]) if found is not None else None, listed[1]
                if not listed[1].startswith(b"("):
                    end = listed.end()  # the statement's; a text may have opened the bracket
        at = data.find(b"import", end)


def _head(data: bytes, at: int) -> bytes:
    """What stands before a place in its line, and in those above that go on in it."""
    first = max(0, at - _HEAD)
    start = max(data.rfind(b"\n", first, at) + 1, first)
    while start > first and data[max(0, start - 3) : start].endswith((b"\\\n", b"\\\r\n")):
        start = max(data.rfind(b"\n", first, start - 1) + 1, first)
    return data[start:at]


def names(listed: bytes) -> Iterator[tuple[str, str]]:
    """Each name that is listed, and the one that it is bound to here."""
    listed = _COMMENT.sub(b"", listed).replace(b"\\", b" ").strip(b"() \t\r\n")
    for each in listed.split(b","):
        words = each.split()
        if len(words) == 3 and words[1] == b"as":
            yield _text(words[0]), _text(words[2])
        elif words:
            yield _text(words[0]), _text(words[0])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()
