"""Answers that are kept until a file that they came from says something else.

    memo.find(("rows", path), compute)       what one file says: asked again when it is edited
    memo.find(("answer", question), …)       asks for rows, and so depends on them

When a file is edited, what it says is found anew. Where that is what it said before, everything is
kept; else all that depends on it is dropped, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from qw_codemod.facts.query import Held, Trace

_Value = TypeVar("_Value")
_Key = tuple[Hashable, ...]


class Memo:
    """The answers, by their keys; what the project was asked for them is noted by the trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._held: dict[_Key, Held[Any]] = {}
        self._users: dict[_Key, set[_Key]] = {}  # the answers that were found with another one
        self._open: list[_Key] = []  # the questions that are being answered

    def find(
        self, key: _Key, compute: Callable[[], _Value], meanwhile: _Value | None = None
    ) -> _Value:
        """The answer that is kept, or that `compute` gives.

        `meanwhile` is the answer for those who ask again while it is being found.
        """
        if self._open:
            self._users.setdefault(key, set()).add(self._open[-1])
        self._open.append(key)
        try:
            found: _Value = self._trace.remembered(self._held, key, compute, meanwhile)
        finally:
            self._open.pop()
        return found

    def renew(self, key: _Key, compute: Callable[[], object]) -> None:
        """Find an answer anew, if there is one; drop what depends on it where it is another."""
        held = self._held.pop(key, None)
        if held is not None and self.find(key, compute) != held[0]:
            self._drop(self._users.pop(key, ()))

    def keys(self, kind: str) -> list[_Key]:
        """The keys of the answers of one kind."""
        return [key for key in self._held if key[0] == kind]

    def _drop(self, keys: Iterable[_Key]) -> None:
        waiting = [*keys]
        while waiting:
            key = waiting.pop()
            self._held.pop(key, None)
            waiting += self._users.pop(key, ())
