"""Calls that have become too long for a line, broken as black breaks them."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import lru_cache

import libcst as cst

from qw_codemod.kernel.model import Span
from qw_codemod.languages.python import WIDTH, SourceFile
from qw_codemod.python.suppressions import above

_OFF = re.compile(rb"#\s*(fmt:\s*off|yapf:\s*disable)\b")
_ON = re.compile(rb"#\s*(fmt:\s*on|yapf:\s*enable)\b")


def fitted(
    source: SourceFile, path: Sequence[ast.AST], span: Span, node: cst.CSTNode
) -> cst.CSTNode:
    """The node that takes the place of a span, on several lines where its line has grown too long.

    What the file's own longest line has is not too long, nor what is laid out by hand. Calls of
    several arguments alone, where they stand on one line, outside of other brackets and without a
    comment behind them.
    """
    if not isinstance(node, cst.Call) or len(node.args) < 2:
        return node
    if any(isinstance(each, ast.JoinedStr) for each in path):
        return node
    printed = cst.Module([]).code_for_node(node)
    number = source.line_of(span.start)
    line = source.line_bytes(number).decode(source.encoding, "replace")
    start = source.line_starts[number - 1]
    before = source.data[start : span.start].decode(source.encoding, "replace")
    old = source.data[span.start : span.end].decode(source.encoding, "replace")
    after = line[len(before) + len(old) :]
    if "\n" in printed or "\n" in old or "#" in after or number in lines_by_hand(source):
        return node
    if above(source, number):
        return node  # the comment is about what is on the line
    if any(before.count(each) for each in "([{"):
        return node  # the outer one is to be broken first
    longest = max(map(len, source.data.splitlines()))
    if len((before + printed + after).expandtabs(4)) <= max(WIDTH, longest):
        return node
    indent = line[: len(line) - len(line.lstrip())]
    return _broken(node, indent, indent + source.indent_unit)


@lru_cache(maxsize=8)
def lines_by_hand(source: SourceFile) -> frozenset[int]:
    """The lines that formatters are told to leave: between `# fmt: off` and `# fmt: on`."""
    if not _OFF.search(source.data):
        return frozenset()
    found: set[int] = set()
    start = 0
    for comment in source.comments():
        text = comment.text.encode()
        if _OFF.search(text):
            start = start or comment.line
        elif start and _ON.search(text):
            found.update(range(start, comment.line))
            start = 0
    if start:
        found.update(range(start, len(source.line_starts) + 2))
    return frozenset(found)


def _broken(call: cst.Call, outer: str, inner: str) -> cst.Call:
    texts = [cst.Module([]).code_for_node(_bare(arg)) for arg in call.args]
    last = call.args[-1]
    if len(inner.expandtabs(4)) + len(", ".join(texts)) <= WIDTH:
        args = [*call.args[:-1], _bare(last, _line(outer))]
    else:
        each_line = cst.Comma(whitespace_after=_line(inner))
        args = [_bare(arg).with_changes(comma=each_line) for arg in call.args[:-1]]
        args.append(_bare(last).with_changes(comma=cst.Comma(whitespace_after=_line(outer))))
    return call.with_changes(whitespace_before_args=_line(inner), args=args)


def _bare(arg: cst.Arg, after: cst.BaseParenthesizableWhitespace | None = None) -> cst.Arg:
    space = after or cst.SimpleWhitespace("")
    return arg.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=space)


def _line(indent: str) -> cst.ParenthesizedWhitespace:
    """A line end, and what the next line is indented by."""
    return cst.ParenthesizedWhitespace(last_line=cst.SimpleWhitespace(indent))
