"""What an answer leans on: the files that were looked at, and the questions that went to the tree.

An answer may come from memory; what it leant on when it was found counts again then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, MutableMapping
from dataclasses import dataclass
from typing import TypeVar

Question = tuple[str, ...]  # what was asked of the tree, and about what

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
Answer = str | bool | tuple[str, ...]
Held = tuple[_Value, int]  # a remembered answer, and the questions that it leans on


@dataclass(frozen=True, slots=True)
class Leaning:
    """What one outcome leans on: bits of the questions that its process has asked.

    `asked` are those questions, with their answers, that no outcome before it has told.
    """

    bits: int = 0
    asked: tuple[tuple[Question, Answer], ...] = ()


class Trace:
    """The questions that the answer leans on which is being found: bits of `now`."""

    def __init__(self) -> None:
        self.now = 0
        self._bits: dict[Question, int] = {}
        self._untold: list[tuple[Question, Answer]] = []

    def leaning(self) -> Leaning:
        """What has been leant on since `now` was 0."""
        new = tuple(self._untold)
        self._untold.clear()
        return Leaning(self.now, new)

    def lean(self, question: Question, answer: Callable[[], Answer]) -> None:
        """Note a question that the tree was asked; `answer` is called the first time."""
        bit = self._bits.get(question)
        if bit is None:
            bit = self._bits[question] = 1 << len(self._bits)
            self._untold.append((question, answer()))
        self.now |= bit

    def remembered(
        self,
        memory: MutableMapping[_Key, Held[_Value]],
        key: _Key,
        compute: Callable[[], _Value],
        meanwhile: _Value | None = None,
    ) -> _Value:
        """The answer from `memory`, found and put there where it has none.

        `meanwhile` is the answer for those who ask again while it is being found.
        """
        held = memory.get(key)
        if held is not None:
            self.now |= held[1]
            return held[0]
        if meanwhile is not None:
            memory[key] = (meanwhile, 0)
        outer, self.now = self.now, 0
        try:
            found = compute()
            memory[key] = (found, self.now)
        finally:
            self.now |= outer
        return found


def digest(data: bytes) -> str:
    """What stands for the contents of a file."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
