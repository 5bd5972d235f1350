"""Commands of shell scripts as words, so far as they can be told without running them.

    build=$(mktemp -d)
    cp -r jobs "$build"      # Command(2, ("cp", "-r", "jobs", "$build"))

Variables and substitutions stay as they are written, behind a `$`; `Variables` puts in what is
known of them. Quotes are gone, comments and redirections too. A subshell begins and ends with
commands of one word, `(` and `)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_ENDS = "\n;&|()"
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_ASSIGNS = re.compile(r"(\w+)=(.*)", re.S)
_REDIRECTS = re.compile(r"\d*(?:>>?|<)&?\d*")


class Command(NamedTuple):
    """One command with its 1-based line; the words of an assignment are `NAME=value`."""

    line: int
    words: tuple[str, ...]


def commands(text: str, first: int = 1) -> Iterator[Command]:
    """The commands of a text, in its order; `first` is the number of its first line."""
    words: list[str] = []
    word: str | None = None
    line = start = first
    at = 0
    while at < len(text):
        sign = text[at]
        line += sign == "\n"
        if sign == "\\":
            if text[at + 1 : at + 2] == "\n":
                line += 1
            else:
                word = (word or "") + text[at + 1 : at + 2]
            at += 2
            continue
        if sign == "#" and word is None:
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
            continue
        if sign in "'\"":
            inner, at = _quoted(text, at)
            line += inner.count("\n")
            if word is None and not words:
                start = line
            word = (word or "") + inner
            continue
        if sign == "$" and text[at + 1 : at + 2] in ("(", "{") or sign == "`":
            inner, at = _balanced(text, at)
            line += inner.count("\n")
            if word is None and not words:
                start = line
            word = (word or "") + inner
            continue
        if sign in " \t\r" or sign in _ENDS and not (sign == "&" and (word or "").endswith(">")):
            if word is not None:
                words.append(word)
                word = None
            if sign in _ENDS:
                yield from _command(start, words)
                words = []
            if sign in "()":
                yield Command(line, (sign,))
            at += 1
            continue
        if word is None and not words:
            start = line
        word = (word or "") + sign
        at += 1
    if word is not None:
        words.append(word)
    yield from _command(start, words)


def _command(line: int, words: list[str]) -> Iterator[Command]:
    """The command that has these words, without its redirections; none where nothing is left."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif match := _REDIRECTS.match(word):
            skip = match.end() == len(word) and "&" not in word
        else:
            kept.append(word)
    if kept:
        yield Command(line, tuple(kept))


def _quoted(text: str, at: int) -> tuple[str, int]:
    """What a quote holds, and where the text goes on behind it."""
    sign = text[at]
    found: list[str] = []
    at += 1
    while at < len(text) and text[at] != sign:
        if sign == '"' and text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\", "$", "\n"):
            found.append(text[at + 1].strip("\n"))
            at += 2
        elif sign == '"' and text[at] == "$" and text[at + 1 : at + 2] in ("(", "{"):
            inner, at = _balanced(text, at)
            found.append(inner)
        else:
            found.append(text[at])
            at += 1
    return "".join(found), at + 1


def _balanced(text: str, at: int) -> tuple[str, int]:
    """A substitution, and where the text goes on behind it."""
    if text[at] == "`":
        end = text.find("`", at + 1)
        end = len(text) if end < 0 else end
        return f"$({text[at + 1 : end]})", end + 1
    opens, closes = text[at + 1], {"(": ")", "{": "}"}[text[at + 1]]
    depth = 0
    for end in range(at + 1, len(text)):
        depth += (text[end] == opens) - (text[end] == closes)
        if not depth:
            return text[at : end + 1], end + 1
    return text[at:], len(text)


def substitutions(word: str) -> Iterator[str]:
    """The commands whose output is put into a word."""
    at = word.find("$(")
    while at >= 0:
        inner, end = _balanced(word, at)
        if not inner.startswith("$(("):
            yield inner[2:-1]
        at = word.find("$(", end)


class Variables:
    """The variables of a script, as far as it is read."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._known = dict(known or {})

    def assign(self, words: tuple[str, ...]) -> bool:
        """Take in a command of assignments alone; whether it is one."""
        if words[:1] in (("export",), ("local",), ("readonly",), ("declare",)):
            words = tuple(each for each in words[1:] if not each.startswith("-"))
        found = [_ASSIGNS.fullmatch(word) for word in words]
        if not found or not all(found):
            return False
        for each in found:
            assert each is not None
            self._known[each[1]] = self.expand(each[2])
        return True

    def expand(self, word: str) -> str:
        """A word with the values of the variables that are known."""

        def value(match: re.Match[str]) -> str:
            name, default = match[1] or match[3], match[2]
            return self._known.get(name, match[0] if default is None else default)

        return _VARIABLE.sub(value, word)
