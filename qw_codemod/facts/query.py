"""What each answer was found from: the questions that were asked while it was looked for.

Whoever asks the project something notes the question with its answer (`Trace.lean`). An answer that
is remembered keeps what was noted while it was found; whoever is given it later depends on that as
well. So a report knows every question that it rests on, and still holds where all of them have the
same answer:

    report of worker.py
      ├─ ("file", "worker.py")
      └─ what `self.client` holds
           ├─ ("part", "base.py", "Base.__init__", digest)
           └─ what `bigquery` means in base.py
                └─ ("resolve", "google.cloud", "…")
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, MutableMapping
from dataclasses import dataclass
from typing import TypeVar

Question = tuple[str, ...]  # what was asked of the project, and about what

# The questions whose second word is the file that they are about.
KINDS = frozenset(
    "bytes code defines doubles imports leads lines links lookups names parses part words".split()
)

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
Answer = str | bool | tuple[str, ...]
Packed = tuple[str, str, bytes]  # of a file: its path, what stands for its contents, and its facts


class Dependencies:
    """What a remembered answer was found from: numbers of questions, and other such answers.

    `effort` is what it took, without that for those other answers.
    """

    __slots__ = ("answers", "effort", "numbers")

    def __init__(self, found: Collection[int | Dependencies], effort: int = 0) -> None:
        self.effort = effort
        self.answers = tuple([each for each in found if isinstance(each, Dependencies)])
        self.numbers = tuple([each for each in found if not isinstance(each, Dependencies)])


Held = tuple[_Value, Dependencies]  # a remembered answer


@dataclass(frozen=True, slots=True)
class Leaning:
    """What one outcome depends on: numbers of the questions that its process has asked.

    `asked` are those questions, with their answers, that no outcome before it has told; `facts`
    are what was read of files meanwhile.
    """

    numbers: tuple[int, ...] = ()
    asked: tuple[tuple[Question, Answer], ...] = ()
    facts: tuple[Packed, ...] = ()


class Trace:
    """Records the questions that the answer depends on which is being looked for.

    Where nothing is to be remembered beyond the run, `is_on` is false, and nothing is recorded.
    """

    def __init__(self, is_on: bool = True) -> None:
        self.is_on = is_on
        self.now: set[int | Dependencies] = set()
        self._numbers: dict[Question, int] = {}
        self._untold: list[tuple[Question, Answer]] = []
        self._facts: list[Packed] = []

    def start(self) -> None:
        """Begin with an outcome."""
        self.now = set()

    def leaning(self) -> Leaning:
        """What has been noted since `start`."""
        if not self.is_on:
            return Leaning()
        new, facts = tuple(self._untold), tuple(self._facts)
        self._untold.clear()
        self._facts.clear()
        return Leaning(tuple(sorted(_numbers(self.now))), new, facts)

    def keep(self, facts: Packed) -> None:
        """Hand on what was read of a file, for later runs."""
        self._facts.append(facts)

    def lean(self, question: Question, answer: Callable[[], Answer]) -> None:
        """Note a question that the project was asked; `answer` is called the first time."""
        if self.is_on:
            self.now.add(self.number(question, answer))

    def number(self, question: Question, answer: Callable[[], Answer]) -> int:
        """The number of a question, for whoever notes it often."""
        number = self._numbers.get(question)
        if number is None:
            number = self._numbers[question] = len(self._numbers)
            self._untold.append((question, answer()))
        return number

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
            self.now.add(held[1])
            return held[0]
        if meanwhile is not None:
            memory[key] = (meanwhile, NONE)
        outer, self.now = self.now, set()
        try:
            found = compute()
        except BaseException:
            memory.pop(key, None)  # the answer meanwhile is no answer for those who ask later
            raise
        finally:
            leaning = Dependencies(self.now)
            outer.add(leaning)
            self.now = outer
        memory[key] = (found, leaning)
        return found


NONE = Dependencies(set())


def _numbers(found: Collection[int | Dependencies]) -> set[int]:
    """The questions that these lead to."""
    first = Dependencies(found)
    numbers: set[int] = set()
    seen = {first}
    ahead = [first]
    while ahead:
        each = ahead.pop()
        numbers.update(each.numbers)
        for answer in each.answers:
            if answer not in seen:
                seen.add(answer)
                ahead.append(answer)
    return numbers


def digest(data: bytes) -> str:
    """What stands for the contents of a file."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
