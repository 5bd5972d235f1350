"""What the processes of one run read of files, handed on from each to the others."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TypeVar

_HEAD = struct.Struct("<II")  # the lengths of a key, and of what follows it
_Item = TypeVar("_Item")


class Exchange:
    """Files without a name, in which each process writes what it has read, and all look.

    Made before the processes are forked, which share them.
    """

    def __init__(self, processes: int) -> None:
        self._files = [TemporaryFile(buffering=0) for _ in range(processes)]  # noqa: SIM115

    def member(self, number: int) -> Member:
        """The exchange as a process sees it, by its number from 0; one beyond them only looks."""
        own = self._files[number] if number < len(self._files) else None
        others = [_Others(each) for each in self._files if each is not own]
        return Member(own, others, number % 2 == 1)

    def close(self) -> None:
        """Let go of the files, which are gone with the last process that has them."""
        for each in self._files:
            each.close()


@dataclass(slots=True)
class _Others:
    """What another process wrote, as far as this one has seen it."""

    file: IO[bytes]
    seen: int = 0  # bytes


class Member:
    """The exchange as one process sees it."""

    def __init__(self, own: IO[bytes] | None, others: list[_Others], from_end: bool) -> None:
        self._own = own
        self._others = others
        self._from_end = from_end
        self._places: dict[bytes, tuple[IO[bytes], int, int]] = {}  # file, offset, length

    def in_turn(self, items: Iterable[_Item]) -> list[_Item]:
        """The items from the end at which this process is to begin; the other may meet it."""
        found = [*items]
        return found[::-1] if self._from_end else found

    def find(self, key: str) -> bytes | None:
        """What another process has written under that key."""
        wanted = key.encode()
        if wanted not in self._places:
            for each in self._others:
                self._look(each)
        if wanted not in self._places:
            return None
        file, offset, length = self._places[wanted]
        return os.pread(file.fileno(), length, offset)

    def add(self, key: str, data: bytes) -> None:
        """Write something for the others."""
        if self._own is None:
            return
        name = key.encode()
        whole = _HEAD.pack(len(name), len(data)) + name + data
        try:
            written = os.write(self._own.fileno(), whole)
        except OSError:
            written = 0
        if written < len(whole):
            self._own = None  # the disk is full: what follows would be taken for the rest of it

    def _look(self, other: _Others) -> None:
        number = other.file.fileno()
        size = os.fstat(number).st_size
        while size - other.seen >= _HEAD.size:
            head = os.pread(number, _HEAD.size, other.seen)
            name_length, length = _HEAD.unpack(head)
            start = other.seen + _HEAD.size
            end = start + name_length + length
            if end > size:
                return  # it is being written, or never was to its end
            name = os.pread(number, name_length, start)
            self._places[name] = (other.file, start + name_length, length)
            other.seen = end
