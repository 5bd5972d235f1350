"""Which files mention a word, told by their bytes: most need not be parsed to be left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

_CLASS_HEAD = re.compile(rb"^[ \t]*class[ \t]+\w+[ \t]*\(([^:]*)", re.M)
_ALIASED = re.compile(rb"(\w+)[ \t]+as[ \t]+\w+")
_ASSIGNED = re.compile(rb"(?<!\bself)\.[ \t]*(\w+)[ \t]*(?:=[^=]|,|:)")
_NOT_IDENTIFIER = bytes(
    c if chr(c).isalnum() and c < 128 or c == 95 or c > 127 else 32 for c in range(256)
)


class Index:
    """The words of many files, read when they are asked for."""

    def __init__(self, files: Sequence[str], read: Callable[[str], bytes]) -> None:
        self._files = files
        self._read = read

    def mentions(self, name: str) -> tuple[str, ...]:
        """The files in which an identifier occurs as a word of its own, in their order."""
        return tuple(self._files[place] for place in self._words.get(name.encode(), ()))

    def naming_as_base(self, name: str) -> tuple[str, ...]:
        """The files in which a class may have that base, itself or under an alias."""
        return tuple(self._files[place] for place in self._bases.get(name.encode(), ()))

    def assigning(self, name: str) -> tuple[str, ...]:
        """The files that may assign to an attribute of that name of something else than `self`."""
        return tuple(self._files[place] for place in self._assigned.get(name.encode(), ()))

    @cached_property
    def _assigned(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for place, path in enumerate(self._files):
            for word in set(_ASSIGNED.findall(self._read(path))):
                found.setdefault(word, []).append(place)
        return found

    @cached_property
    def _words(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for place, path in enumerate(self._files):
            for word in set(self._read(path).translate(_NOT_IDENTIFIER).split()):
                found.setdefault(word, []).append(place)
        return found

    @cached_property
    def _bases(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for place, path in enumerate(self._files):
            data = self._read(path)
            heads = b" ".join(_CLASS_HEAD.findall(data))
            words = {*heads.translate(_NOT_IDENTIFIER).split(), *_ALIASED.findall(data)}
            for word in words:
                found.setdefault(word, []).append(place)
        return found
