"""Edits of bytes: shrunk, ordered, refused, applied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qw_codemod.kernel.edits import OverlapError, Shift, apply, clash, ordered, shrink
from qw_codemod.kernel.model import Edit, Span


def whole(data: bytes, new: bytes) -> Edit:
    return Edit(Span(0, len(data)), new)


@pytest.mark.parametrize(
    ("data", "new", "expected"),
    [
        (b"f(a)", b"f(a, timeout=3)", Edit(Span(3, 3), b", timeout=3")),
        (b"f(a, b)", b"f(a)", Edit(Span(3, 6), b"")),
        (b"aa", b"aaa", Edit(Span(2, 2), b"a")),
        (b"x = 1", b"y = 1", Edit(Span(0, 1), b"y")),
        (b"same", b"same", None),
    ],
)
def test_shrink(data: bytes, new: bytes, expected: Edit | None) -> None:
    assert shrink(data, whole(data, new)) == expected


def test_shrink_counts_from_the_start_of_the_file() -> None:
    assert shrink(b"....f()", Edit(Span(4, 7), b"f(1)")) == Edit(Span(6, 6), b"1")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("é", "è"),  # the same first byte
        ("aéb", "aèb"),
        ("é", "ũ"),  # the same last byte
        ("日", "曰"),
    ],
)
def test_shrink_never_splits_a_character(old: str, new: str) -> None:
    data = old.encode()
    edit = shrink(data, whole(data, new.encode()))
    assert edit is not None
    assert edit.new.decode()
    assert data[edit.span.start : edit.span.end].decode()


@pytest.mark.parametrize(
    ("old", "new"), [(b"a\r\nb", b"a\rb"), (b"a\r\nb", b"a\nb"), (b"a\rb", b"a\r\nb")]
)
def test_shrink_never_splits_a_line_end(old: bytes, new: bytes) -> None:
    edit = shrink(old, whole(old, new))
    assert edit is not None
    assert {old[edit.span.start : edit.span.end], edit.new} <= {b"\r\n", b"\r", b"\n"}


_text = st.text("aé日\r\n", max_size=8)


@given(_text, _text, _text, _text)
def test_shrunk_edits_give_the_same(head: str, old: str, new: str, tail: str) -> None:
    data = (head + old + tail).encode()
    span = Span(len(head.encode()), len((head + old).encode()))
    expected = (head + new + tail).encode()
    edit = shrink(data, Edit(span, new.encode()))
    assert apply(data, [edit] if edit else []) == expected
    if edit:
        edit.new.decode()
        data[edit.span.start : edit.span.end].decode()
        assert span.start <= edit.span.start <= edit.span.end <= span.end


def test_apply_takes_any_order() -> None:
    edits = [Edit(Span(4, 5), b"B"), Edit(Span(0, 1), b"A"), Edit(Span(5, 5), b"!")]
    assert apply(b"a - b", edits) == b"A - B!"


def test_an_insertion_may_touch_a_replacement() -> None:
    assert apply(b"ab", [Edit(Span(1, 2), b"X"), Edit(Span(1, 1), b"-")]) == b"a-X"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Span(0, 2), Span(1, 3)),
        (Span(0, 4), Span(1, 2)),
        (Span(2, 2), Span(2, 2)),
        (Span(0, 4), Span(2, 2)),
    ],
)
def test_overlaps_are_refused(first: Span, second: Span) -> None:
    edits = [Edit(first, b"x"), Edit(second, b"y")]
    assert clash(edits[:1], edits[1:])
    with pytest.raises(OverlapError):
        ordered(edits)


def test_shift_follows_a_byte() -> None:
    data = b"one two three"
    edits = [Edit(Span(0, 0), b"zero "), Edit(Span(4, 7), b"2")]
    shift = Shift(edits)
    after = apply(data, edits)
    for word in (b"one", b"three"):
        assert after.startswith(word, shift(data.index(word)))
