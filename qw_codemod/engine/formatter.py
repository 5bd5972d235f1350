"""Keeps an edited file clean under the project's own formatter and within its line limit."""

from __future__ import annotations

import ast
import difflib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qw_codemod.edit.wrapping import lines_by_hand
from qw_codemod.engine import ruff
from qw_codemod.engine.layout_settings import (
    BLACK,
    Formatter,
    formatter_for,
    is_pinned_otherwise,
    limit_for,
)
from qw_codemod.languages.python import WIDTH, SourceFile, UnreadableSource
from qw_codemod.python.imports import ImportedName, imports_of
from qw_codemod.python.syntax import first_line

_TEXT = re.compile(rb"([ \t]*)([a-zA-Z]{0,2})([\"'])((?:(?!\3)[^\\])*)\3(,?\r?\n)")
_Block = tuple[str, int, int, int, int]  # difflib's: what it is, old lines, new lines


@dataclass(frozen=True, slots=True)
class Styled:
    """The bytes to write, and a note where the formatter could not be run."""

    data: bytes
    note: str = ""


_PROBLEMS = (ruff.Failed, UnreadableSource, OSError, ImportError, subprocess.TimeoutExpired)


def _grows_wide(before: bytes, after: bytes, limit: int = WIDTH) -> bool:
    """Whether there are more lines now that are wider than the limit."""
    return len(_wide_lines(before, limit)) < len(_wide_lines(after, limit))


def _wide_lines(data: bytes, limit: int) -> list[int]:
    """The numbers of the lines that are wider than the limit, from 1."""
    lines = enumerate(data.splitlines(), 1)
    return [number for number, line in lines if len(line.decode("utf-8", "replace")) > limit]


def restyle(path: str, before: bytes, after: bytes) -> Styled:
    """The edited bytes as the project's formatter would have them.

    They stay as they are where the file was not clean before; if it may be clean under the
    project's own version, the lines are formatted that were edited. Where no formatter is
    configured, CI may run one all the same: what black leaves alone stays so. Edited lines that
    are still wider than a linter of the project allows are broken. `path` need not exist; its
    folder's configuration counts, as the nearest folder's above it.
    """
    if before == after:
        return Styled(after)
    folder = Path(path).absolute().parent
    styled = _formatted_as_before(path, before, after)
    limit = limit_for(folder)
    if limit is None or not _grows_wide(before, styled.data, limit):
        return styled
    try:
        narrow = _narrowed(path, before, styled.data, limit)
        return styled if narrow == styled.data else _formatted_as_before(path, before, narrow)
    except _PROBLEMS as error:
        return replace(styled, note=styled.note or f"not formatted: {error}")


def _formatted_as_before(path: str, before: bytes, after: bytes) -> Styled:
    formatter = formatter_for(Path(path).absolute().parent)
    if formatter is None and not _grows_wide(before, after):
        return Styled(after)
    try:
        if formatter is None:
            is_clean = _formatted(path, before, BLACK) == before
            return Styled(_formatted(path, after, BLACK) if is_clean else after)
        if formatter.sorts_imports and _imports(before) != _imports(after):
            after = _sorted_imports(path, before, after)
        if formatter.style:
            return Styled(_formatted_by_yapf(before, after, formatter.style))
        formatted = _formatted(path, after, formatter)
        if formatted == after:
            return Styled(after)
        clean = _formatted(path, before, formatter)
        if clean == before:
            return Styled(formatted)
        if formatter.differs or is_pinned_otherwise(Path(path).absolute().parent):
            return Styled(_merged(before, clean, after, formatted))
        return Styled(after)
    except _PROBLEMS as error:
        return Styled(after, f"not formatted: {error}")


def _formatted_by_yapf(before: bytes, after: bytes, style: Mapping[str, str]) -> bytes:
    """The edited bytes with those statements of the module as yapf has them that were edited.

    A whole file takes yapf a fifth of a second for 600 lines.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    formatted = [*new]
    for start, end, first, last in reversed(_edited_statements(before, after)):
        was, now = b"".join(old[start:end]), b"".join(new[first:last])
        wanted = _yapf(now, style)
        if wanted != now:
            merged = _merged(was, _yapf(was, style), now, wanted)
            formatted[first:last] = merged.splitlines(keepends=True)
    return b"".join(formatted)


def _edited_statements(before: bytes, after: bytes) -> list[tuple[int, int, int, int]]:
    """The lines of the module's statements that were edited, before and after, from 0."""
    spans = _statements(before), _statements(after)
    blocks = _blocks(before.splitlines(keepends=True), after.splitlines(keepends=True))
    same = {
        line: line - first + start
        for tag, start, _, first, last in blocks
        if tag == "equal"
        for line in range(first, last)
    }
    found: list[tuple[int, int, int, int]] = []
    for tag, start, end, first, last in blocks:
        if tag == "equal":
            continue
        first, last = _whole(first, last, spans[1])
        kept = [same[line] for line in range(first, last) if line in same]
        start, end = _whole(min([start, *kept]), max([end, *(each + 1 for each in kept)]), spans[0])
        while found and (start < found[-1][1] or first < found[-1][3]):
            other = found.pop()
            start, first = min(start, other[0]), min(first, other[2])
            end, last = max(end, other[1]), max(last, other[3])
        found.append((start, end, first, last))
    return found


def _statements(data: bytes) -> list[tuple[int, int]]:
    """The lines of each statement of a module, with its decorators, from 0."""
    return [
        (first_line(each) - 1, end)
        for each in ast.parse(data).body
        if (end := each.end_lineno) is not None
    ]


def _whole(start: int, end: int, statements: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The lines of the statements that some lines are of; of those around a place between two."""
    touched = [
        (first, last)
        for first, last in statements
        if first < max(start + 1, end) and start < last and (start < end or first < start)
    ]
    return (touched[0][0], touched[-1][1]) if touched else (start, start)


def _yapf(data: bytes, style: Mapping[str, str]) -> bytes:
    try:
        from yapf.yapflib import errors, yapf_api  # type: ignore[import-untyped]
    except ImportError:
        problem = "the project uses yapf, which is missing: pip install yapf"
        raise ruff.Failed(problem) from None
    end = "\r\n" if b"\r\n" in data else "\n"
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
        formatted, _ = yapf_api.FormatCode(text, style_config={**style})
    except (errors.YapfError, SyntaxError, UnicodeDecodeError) as error:
        raise ruff.Failed(f"yapf: {error}") from error
    return str(formatted).replace("\n", end).encode()


def _narrowed(path: str, before: bytes, after: bytes, limit: int) -> bytes:
    """The edited bytes with the edited lines broken that are too wide, as black breaks them.

    Texts are split as well, which no formatter does.
    """
    unit = SourceFile(path, before).indent_unit
    layout = [
        "--isolated",
        "--line-length",
        str(limit),
        "--config",
        'format.quote-style="preserve"',
    ]
    if "\t" in unit:
        layout += ["--config", 'format.indent-style="tab"']
    else:
        layout += ["--config", f"indent-width={len(unit)}"]
    narrow = after
    for line in _wide_edited_lines(path, before, after, limit):
        within = f"--range={line}:{limit}-{line}:{limit + 1}"  # blank lines below it stay
        narrow = ruff.run(path, narrow, ("format", "--quiet", *layout, within))
    lines = narrow.splitlines(keepends=True)
    for number in _wide_edited_lines(path, before, narrow, limit):
        lines[number - 1] = _split_text(lines[number - 1], limit)
    narrow = b"".join(lines)
    return narrow if _meaning(narrow) == _meaning(after) else after


def _wide_edited_lines(path: str, before: bytes, after: bytes, limit: int) -> list[int]:
    """The last one first, so that those above stay where they are while it is broken."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    edited = {
        line
        for tag, _, _, first, last in _blocks(old, new)
        if tag != "equal"
        for line in range(first + 1, last + 1)
    }
    by_hand = lines_by_hand(SourceFile(path, after))
    return [line for line in reversed(_wide_lines(after, limit)) if line in edited - by_hand]


def _split_text(line: bytes, limit: int) -> bytes:
    """A line that holds one text and is too wide, as several with a part of the text each."""
    found = _TEXT.fullmatch(line)
    if found is None:
        return line
    indent, prefix, quote, text, rest = (part.decode("utf-8", "replace") for part in found.groups())
    room = limit - len(indent.expandtabs(4)) - len(prefix) - 2
    parts: list[str] = []
    while len(text) > room:
        cut = max((at for at in _spaces(text, "f" in prefix.lower()) if at <= room), default=0)
        if not cut:
            break
        parts, text = [*parts, text[:cut]], text[cut:]
    end = "\r\n" if rest.endswith("\r\n") else "\n"
    texts = [f"{indent}{prefix}{quote}{part}{quote}" for part in (*parts, text)]
    return (end.join(texts) + rest).encode()


def _spaces(text: str, has_holes: bool) -> Iterator[int]:
    """Where the words of a text end, outside of the holes of an f-string."""
    depth = 0
    for at, character in enumerate(text, 1):
        if has_holes:
            depth += {"{": 1, "}": -1}.get(character, 0)
        if character == " " and not depth:
            yield at


def _merged(before: bytes, clean: bytes, after: bytes, formatted: bytes) -> bytes:
    """The edited bytes, formatted where they were edited and only where they were clean before.

    A file may be clean under black and not under ruff: lines that ruff would have changed anyway
    say nothing about those that were edited.
    """
    old, new, wanted = (each.splitlines(keepends=True) for each in (before, after, formatted))
    dirty: set[int] = set()
    for _, start, end, _, _ in _changes(old, clean.splitlines(keepends=True)):
        dirty.update(range(start, end) if end > start else (start - 1, start))
    edited, unclean = set[int](), set[int]()  # lines of the new
    for tag, start, end, first, last in _blocks(old, new):
        if tag != "equal":
            edited.update(range(first, last))
            unclean.update(range(first, last) if dirty & {*range(start, end)} else ())
        else:
            unclean.update(line - start + first for line in dirty & {*range(start, end)})
    merged: list[bytes] = []
    at = 0
    for _, start, end, first, last in _changes(new, wanted):
        lines = {*range(start, end)}
        if lines & edited and not lines & unclean:
            merged += [*new[at:start], *wanted[first:last]]
            at = end
    result = b"".join([*merged, *new[at:]])
    # a change that was taken in half would change what the file says
    return result if _meaning(result) == _meaning(after) else after


def _blocks(old: list[bytes], new: list[bytes]) -> Sequence[_Block]:
    """Which lines of the old are which of the new."""
    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _changes(old: list[bytes], new: list[bytes]) -> list[_Block]:
    return [block for block in _blocks(old, new) if block[0] != "equal"]


def _meaning(data: bytes) -> str:
    try:
        return ast.dump(ast.parse(data))
    except (SyntaxError, ValueError, RecursionError):
        return ""


def _imports(data: bytes) -> list[ImportedName]:
    return [each._replace(line=0) for each in imports_of(SourceFile("", data).tree)]


def _sorted_imports(path: str, before: bytes, after: bytes) -> bytes:
    """Ruff decides by the project's selection whether I001 is on; no other rule may fix here."""
    command = ("check", "--fix-only", "--exit-zero", "--quiet", "--fixable", "I001")
    if ruff.run(path, before, command) != before:
        return after
    return ruff.run(path, after, command)


def _formatted(path: str, data: bytes, formatter: Formatter) -> bytes:
    """As ruff lays it out, in syntax that the Python which runs here can parse.

    Of a project for 3.14 it takes the brackets of `except (A, B):`, and we could not read the file
    that we have edited.
    """
    arguments = ("format", "--quiet", *formatter.arguments)
    formatted = ruff.run(path, data, arguments)
    if formatted != data and _meaning(data) and not _meaning(formatted):
        ours = f"py{sys.version_info.major}{sys.version_info.minor}"
        return ruff.run(path, data, (*arguments, "--target-version", ours))
    return formatted
