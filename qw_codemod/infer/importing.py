"""What a file imports, told by its bytes: enough to see that a name there is none of a module's.

Whoever uses a function or class of another module imports it by its name, imports a module that
leads to it, or imports everything. Names that reach a file in another way (a module that is kept
in an attribute, `importlib`) are beyond inference anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FROM = re.compile(
    rb"from[ \t]+(\.*[ \t]*[\w.\x80-\xff]*)[ \t]*\bimport\b[ \t]*"
    rb"(\((?:[^()#]|#[^\n]*\n)*\)|[^\n;]*)"
)
_PLAIN = re.compile(rb"import[ \t]+([^\n;]*)")
_COMMENT = re.compile(rb"#[^\n]*")
_CHAIN = re.compile(
    rb"(?<![\w.)\]\x80-\xff])([A-Za-z_\x80-\xff][\w\x80-\xff]*)"
    rb"(?:[\s\\]*\.[\s\\]*[\w\x80-\xff]+)*[\s\\]*\.[\s\\]*$"
)
_BEFORE = 300  # bytes in front of a name, in which the way to it starts
_DEFINED = rb"^(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)?%s[ \t]*[(:=\[]"


@dataclass(frozen=True, slots=True)
class Imports:
    """The imports of one file, wherever they stand in it."""

    named: dict[str, list[str]] = field(default_factory=dict)  # modules, by either name
    roots: frozenset[str] = frozenset()  # all names that imports bind
    is_unclear: bool = False  # everything is imported from somewhere, or a line goes on below

    def sources(self, name: str) -> list[str]:
        """The modules, with the dots in front, that a name or alias is imported from."""
        return self.named.get(name, [])

    def lead_to(self, name: str, data: bytes) -> bool:
        """Whether an imported name stands in front of `.name` somewhere."""
        word = name.encode()
        at = data.find(word)
        while at >= 0:
            found = _CHAIN.search(data, max(0, at - _BEFORE), at)
            if found is not None and _text(found[1]) in self.roots:
                return True
            at = data.find(word, at + len(word))
        return False


def imports(data: bytes) -> Imports:
    """What is imported in these bytes."""
    named: dict[str, list[str]] = {}
    roots: set[str] = set()
    unclear = False
    for match in _statements(_FROM, data):
        module, names = match.groups()
        unclear = unclear or b"*" in names or b"\\" in names
        for original, bound in _names(names):
            roots.add(bound)
            for each in {original, bound}:
                named.setdefault(each, []).append(_text(module).replace(" ", ""))
    for match in _statements(_PLAIN, data):
        unclear = unclear or b"\\" in match[1]
        roots.update(bound.partition(".")[0] for _, bound in _names(match[1]))
    return Imports(named, frozenset(roots), unclear)


def defines(name: str, data: bytes) -> bool:
    """Whether a name is bound at the left edge."""
    return re.search(_DEFINED % re.escape(name.encode()), data, re.M) is not None


def _statements(pattern: re.Pattern[bytes], data: bytes) -> Iterator[re.Match[bytes]]:
    """The matches at which a statement starts."""
    for match in pattern.finditer(data):
        head = data[data.rfind(b"\n", 0, match.start()) + 1 : match.start()].rstrip(b" \t")
        if not head or head.endswith((b";", b":")):
            yield match


def _names(listed: bytes) -> Iterator[tuple[str, str]]:
    for each in _COMMENT.sub(b"", listed).strip(b"() \t\n").split(b","):
        words = each.split()
        if len(words) == 3 and words[1] == b"as":
            yield _text(words[0]), _text(words[2])
        elif words:
            yield _text(words[0]), _text(words[0])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()
