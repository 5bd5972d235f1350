"""Paths below the project root, stored without it: a cache works in another folder."""

from __future__ import annotations

import json
from collections.abc import Sequence

_ROOT = "\\u0000"  # in JSON: no path and no line of code begins with that character


class Portable:
    """Takes the root out of what is stored, and puts today's root into what is read."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._opened = json.dumps(root)[:-1]
        # With and without escapes: both kinds of JSON are stored.
        self._quoted = {json.dumps(root)[:-1], json.dumps(root, ensure_ascii=False)[:-1]}

    def path(self, path: str) -> str:
        """A path as it is stored."""
        return path.removeprefix(self._root)

    def here(self, path: str) -> str:
        """A stored path in today's folder."""
        return self._root + path

    def text(self, text: str) -> str:
        """JSON as it is stored: strings that are paths lose the root."""
        for quoted in self._quoted:
            text = text.replace(f"{quoted}/", f'"{_ROOT}/').replace(f'{quoted}"', f'"{_ROOT}"')
        return text

    def texts(self, texts: Sequence[str]) -> list[str]:
        """The same of many, each of one line."""
        return self.text("\n".join(texts)).split("\n") if texts else []

    def text_here(self, text: str) -> str:
        """Stored JSON with the paths of today's folder."""
        return text.replace(f'"{_ROOT}', self._opened)

    def texts_here(self, texts: Sequence[str]) -> list[str]:
        """The same of many, each of one line."""
        return self.text_here("\n".join(texts)).split("\n") if texts else []
