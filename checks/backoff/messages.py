"""Texts beside a sleep that say how long it is."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.syntax import definition_of, own_nodes

_UNIT = r"\s*-?(s|secs?|seconds?|ms|m|mins?|minutes?)\b"
_WORDS = "zero one two three four five six seven eight nine ten".split()
_SPOKEN = {
    15: "fifteen",
    20: "twenty",
    30: "(thirty|half a minute)",
    40: "forty",
    45: "forty-five",
    50: "fifty",
}


def line_that_tells(source: SourceFile, loop: ast.stmt, sleep: ast.Call, seconds: float) -> int:
    """The line of a text that names the seconds of a sleep; 0 if none does.

    What the loop says (a message, a log line) counts with the number alone; docstrings and comments
    of the function where they name a time.
    """
    number = _spoken(seconds)
    alone = re.compile(rf"(?<![\w.,-]){number}(?![\w.]*\d|\s*[/%])", re.I)
    with_unit = re.compile(rf"(?<![\w.,]){number}{_UNIT}", re.I)
    inside = {id(sleep), *map(id, ast.walk(sleep))}
    for node in own_nodes([loop]):
        if isinstance(node, ast.Call) and id(node) not in inside and _says_number(node, seconds):
            return node.lineno
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) in inside:
            continue
        if alone.search(node.value) or with_unit.search(node.value):
            return node.lineno
    function = definition_of(source, sleep)
    for line, text in _said(source, function or loop):
        if with_unit.search(text):
            return line
    return 0


def _says_number(call: ast.Call, seconds: float) -> bool:
    """`log.warning("again in %d seconds", 5)`"""
    first = call.args[0] if call.args else None
    speaks = isinstance(first, (ast.JoinedStr, ast.BinOp)) or (
        isinstance(first, ast.Constant) and isinstance(first.value, str)
    )
    numbers = (each.value for each in call.args[1:] if isinstance(each, ast.Constant))
    return speaks and seconds in numbers


def _said(source: SourceFile, scope: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts and comments of a function, each with its line."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    first, last = getattr(scope, "lineno", 1), getattr(scope, "end_lineno", 1)
    for line, text in _comments(source):
        if first <= line <= last:
            yield line, text


def _comments(source: SourceFile) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.tokenize(io.BytesIO(source.data).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):
        return


def _spoken(seconds: float) -> str:
    """A pattern for the number: 5, 5.0, five."""
    ways = [re.escape(f"{seconds:g}")]
    if seconds == int(seconds):
        ways = [rf"{int(seconds)}(\.0+)?"]
        word = _WORDS[int(seconds)] if seconds < len(_WORDS) else _SPOKEN.get(int(seconds), "")
        ways += [word] if word else []
    else:
        ways += [rf"{int(seconds * 1000)}(?=\s*ms)"]
    return f"({'|'.join(ways)})"
