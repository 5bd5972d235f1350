"""Which files mention a word, told by their bytes: most need not be parsed to be left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

_CLASS_HEAD = re.compile(rb"^[ \t]*class[ \t]+\w+[ \t]*\(([^:]*)", re.M)
_AS = re.compile(rb"[ \t]as[ \t]")
_LONGEST = 200  # bytes of an identifier that is looked for in front of an `as`
_ASSIGNED = re.compile(rb"(?<!\bself)\.[ \t]*(\w+)[ \t]*(?:=[^=]|,|:)")
_NOT_IDENTIFIER = bytes(
    c if chr(c).isalnum() and c < 128 or c == 95 or c > 127 else 32 for c in range(256)
)


_FEW = 4  # questions that are cheaper to answer by looking for the word than from a whole index

_Words = Callable[[bytes], set[bytes]]


class Index:
    """The words of many files, read when they are asked for."""

    def __init__(self, files: Sequence[str], read: Callable[[str], bytes]) -> None:
        self._mentions = _Lookup(files, read, _all_words)
        self._bases = _Lookup(files, read, _base_words)
        self._assigned = _Lookup(files, read, _assigned_words)

    def mentions(self, name: str) -> tuple[str, ...]:
        """The files in which an identifier occurs as a word of its own, in their order."""
        return self._mentions.find(name)

    def naming_as_base(self, name: str) -> tuple[str, ...]:
        """The files in which a class may have that base, itself or under an alias."""
        return self._bases.find(name)

    def assigning(self, name: str) -> tuple[str, ...]:
        """The files that may assign to an attribute of that name of something else than `self`."""
        return self._assigned.find(name)


class _Lookup:
    """Which files have a word among those that `words` finds in their bytes.

    A run over three files asks a few questions, each a search for one word; the index of all words
    is for the many questions of a large run.
    """

    def __init__(self, files: Sequence[str], read: Callable[[str], bytes], words: _Words) -> None:
        self._files = files
        self._read = read
        self._words = words
        self._asked: dict[bytes, tuple[str, ...]] = {}

    def find(self, name: str) -> tuple[str, ...]:
        word = name.encode()
        found = self._asked.get(word)
        if found is None:
            many = len(self._asked) >= _FEW
            found = self._asked[word] = self._from_index(word) if many else self._by_search(word)
        return found

    def _by_search(self, word: bytes) -> tuple[str, ...]:
        datas = ((path, self._read(path)) for path in self._files)
        return tuple(path for path, data in datas if word in data and word in self._words(data))

    def _from_index(self, word: bytes) -> tuple[str, ...]:
        return tuple(self._files[place] for place in self._index.get(word, ()))

    @cached_property
    def _index(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for place, path in enumerate(self._files):
            for word in self._words(self._read(path)):
                found.setdefault(word, []).append(place)
        return found


def _all_words(data: bytes) -> set[bytes]:
    return set(data.translate(_NOT_IDENTIFIER).split())


def _base_words(data: bytes) -> set[bytes]:
    heads = b" ".join(_CLASS_HEAD.findall(data))
    words = {*heads.translate(_NOT_IDENTIFIER).split()}
    for match in _AS.finditer(data):
        before = data[max(0, match.start() - _LONGEST) : match.start()]
        words.update(before.translate(_NOT_IDENTIFIER).split()[-1:])
    return words


def _assigned_words(data: bytes) -> set[bytes]:
    return set(_ASSIGNED.findall(data))
