"""The questions that reports lean on, with their answers: kept as bits, by question."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from qw_codemod.facts.query import KINDS, Question
from qw_codemod.store.stored_facts import StoredFacts

OF_CONTENTS = frozenset({"mentions", "reads", "spells", "keeps", "bases", "assigns", "holds"})
OF_PROGRAMS = frozenset(
    {"together", "importers", "loaders"}
)  # their answers change with the imports


@dataclass(slots=True)
class Questions:
    """Every question that was asked, by number, and what came of it.

    `answers` are those about names and paths; `files` are bits of the files for which a question
    about contents is answered with yes.
    """

    numbers: dict[Question, int] = field(default_factory=dict)
    answers: dict[Question, str] = field(default_factory=dict)
    files: dict[Question, int] = field(default_factory=dict)
    next: int = 0

    def add(self, question: Question, answer: str, files: int = 0) -> int:
        """The number that a new question gets."""
        self.numbers[question] = number = self.next
        self.answers[question] = answer
        if question[0] in OF_CONTENTS:
            self.files[question] = files
        self.next += 1
        return number

    def of_files(self, files: Collection[str]) -> dict[str, list[Question]]:
        """The questions about one of these files alone, by file."""
        found: dict[str, list[Question]] = {}
        for question in self.numbers:
            if question[0] in KINDS and question[1] in files:
                found.setdefault(question[1], []).append(question)
        return found

    def change(self, file: int, answer: Callable[[Question], bool]) -> set[Question]:
        """Take in what a file says now; the questions to which it said something else before."""
        bit = 1 << file
        changed = {q for q, files in self.files.items() if bool(files & bit) != answer(q)}
        for question in changed:
            self.files[question] ^= bit
        return changed


class KnownAnswers:
    """Answers to questions that need no reading; None where it has none."""

    def __init__(
        self,
        files: Mapping[Question, int],
        paths: Mapping[int, str],
        others: Mapping[Question, tuple[str, ...]],
        stored: StoredFacts,
    ) -> None:
        self._files = files
        self._paths = paths
        self._others = others
        self._stored = stored

    def facts(self, path: str, contents: str) -> bytes | None:
        """See `Known`."""
        return self._stored.find(path, contents)

    def __call__(self, question: Question) -> tuple[str, ...] | None:
        if question[0] not in OF_CONTENTS:
            return self._others.get(question)
        files = self._files.get(question)
        if files is None:
            return None
        return tuple(sorted(self._paths[number] for number in set_bits(files)))


class LateAnswers:
    """The same, loaded when something is asked, which the process that made it can do alone."""

    def __init__(self, load: Callable[[], KnownAnswers | None], stored: StoredFacts) -> None:
        self._load = load
        self._stored = stored

    def facts(self, path: str, contents: str) -> bytes | None:
        """See `Known`."""
        return self._stored.find(path, contents)

    def __call__(self, question: Question) -> tuple[str, ...] | None:
        return self._answers(question) if self._answers else None

    @cached_property
    def _answers(self) -> KnownAnswers | None:
        return self._load()


def set_bits(bits: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    for place, byte in enumerate(to_blob(bits)):
        while byte:
            lowest = byte & -byte
            yield 8 * place + lowest.bit_length() - 1
            byte ^= lowest


def bits_of(numbers: Iterable[int]) -> int:
    """An integer with these bits set."""
    every = list(numbers)
    found = bytearray(max(every, default=0) // 8 + 1)
    for number in every:
        found[number >> 3] |= 1 << (number & 7)
    return to_bits(bytes(found))


def to_numbers(blob: bytes) -> array[int]:
    """Numbers of questions as they are stored."""
    numbers = array("I")
    numbers.frombytes(blob)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def numbers_to_blob(numbers: Iterable[int]) -> bytes:
    """Numbers of questions as they are to be stored: four bytes each, the lowest first."""
    made = array("I", numbers)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()


def to_bits(blob: bytes) -> int:
    """Bits as they are stored."""
    return int.from_bytes(blob, "little")


def to_blob(bits: int) -> bytes:
    """Bits as they are to be stored."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")
