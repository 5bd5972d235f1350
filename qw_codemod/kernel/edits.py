"""Edits as bytes: shrunk to what differs, ordered, refused where they overlap, applied."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from qw_codemod.kernel.model import Edit, Span


class OverlapError(ValueError):
    """Two edits change the same bytes, or insert at the same point."""


def shrink(data: bytes, edit: Edit) -> Edit | None:
    """The same change with the bytes that stay left out; None if it changes nothing.

    Neither end of the result splits a UTF-8 sequence or a CRLF pair.
    """
    old, new = data[edit.span.start : edit.span.end], edit.new
    if old == new:
        return None
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    while head and (_splits(old, head) or _splits(new, head)):
        head -= 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    while tail and (_splits(old, len(old) - tail) or _splits(new, len(new) - tail)):
        tail -= 1
    span = Span(edit.span.start + head, edit.span.end - tail)
    return replace(edit, span=span, new=new[head : len(new) - tail])


def _splits(text: bytes, at: int) -> bool:
    if at >= len(text):
        return False
    return text[at] & 0xC0 == 0x80 or text[at - 1 : at + 1] == b"\r\n"


def ordered(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits from the first byte to the last; raises OverlapError."""
    result = tuple(sorted(edits, key=lambda edit: edit.span))
    for first, second in pairwise(result):
        if first.span.overlaps(second.span):
            raise OverlapError(f"edits overlap at byte {second.span.start}")
    return result


def clash(edits: Iterable[Edit], others: Iterable[Edit]) -> bool:
    """Whether an edit of the one side overlaps an edit of the other."""
    spans = [edit.span for edit in others]
    return any(edit.span.overlaps(span) for edit in edits for span in spans)


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes after all the edits; raises OverlapError."""
    parts = []
    position = 0
    for edit in ordered(edits):
        parts += [data[position : edit.span.start], edit.new]
        position = edit.span.end
    return b"".join([*parts, data[position:]])


class Shift:
    """Where the bytes of a text went when edits were applied to it."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        applied = ordered(edits)
        self._starts = [edit.span.start for edit in applied]
        self._ends = [edit.span.end for edit in applied]
        growth = (len(edit.new) - (edit.span.end - edit.span.start) for edit in applied)
        self._moved = [0, *accumulate(growth)]

    def __call__(self, offset: int) -> int:
        """The new offset of a byte that no edit replaced."""
        return offset + self._moved[bisect_right(self._ends, offset)]

    def keeps(self, offset: int) -> bool:
        """Whether a byte is still there: none of an edited span but for its first."""
        at = bisect_left(self._starts, offset) - 1
        return at < 0 or offset >= self._ends[at]
