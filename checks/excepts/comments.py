"""Whether a comment at a handler explains the failure: who writes down why counts on it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qw_codemod.languages.python import SourceFile, block_of

_COMMENT = re.compile(r"#[^\n\"']*")
_DIRECTIVE = re.compile(
    r"noqa(:[ \w,]*)?|nosec\b[^#-]*|(pylint|type|pyright|mypy|pragma|isort|fmt|ruff):[^#-]*", re.I
)
_UNMEANT = re.compile(
    r"\b(todo|fixme|xxx|hack|should(n't| not| never) (ever )?(happen|occur|be|get|reach|raise|fail)"
    r"|never happens?|unexpected|impossible)\b",
    re.I,
)
_WORDS = 3  # of a comment that says something
_MEANT = re.compile(r"\b(best[- ]effort|optional|ignor(e|ed|ing)|non[- ]?fatal)\b", re.I)


def comment_explains(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether a comment at the handler, or at what it does, explains the failure.

    What only tells a tool something, is code that was taken out, or says that it should never
    happen explains nothing; what a block within says is about something else.
    """
    said = [text for text in _at(source, handler) if not _is_code(text)]
    text = " ".join(said)
    if _UNMEANT.search(text):
        return False
    return len(re.findall(r"\w{2,}", text)) >= _WORDS or bool(_MEANT.search(text))


_UNLOGGED = re.compile(
    r"\b(too many|not|never|don't|no need|without|avoid)\b[^.;]{0,30}\blog(s|ged|ging)?\b"
    r"|\balready\b[^.;]{0,20}\blogged\b|\blogged already\b",
    re.I,
)


def comment_forbids_log(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether a comment in the handler says that it is not logged, or is already."""
    lines = range(handler.lineno, (handler.end_lineno or handler.lineno) + 1)
    return bool(_UNLOGGED.search(" ".join(_comment(source, number) for number in lines)))


def is_commented_above(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a comment stands right above a `try`; what it is about is not known."""
    text = " ".join(each for each in _above(source, statement) if not _is_code(each))
    return len(re.findall(r"\w{2,}", text)) >= _WORDS and not _UNMEANT.search(text)


# What says of some that they have none, or that there need not be any.
_HEDGES = re.compile(
    r"\b(optional(ly)?|(in|just in) case|best[- ]effort|if (any|available|possible|present|there)"
    r"|(some|many|most|older|a few) [\w ]{1,30}(have|has|lack|do|are|is|don't|aren't)( not?| none)?"
    r"|(may|might|need|does|do|can|could)( not|n't) (be|exist|have|always)"
    r"|not (all|every|always|each)|sometimes|may be (missing|empty|absent|none))\b",
    re.I,
)


def hedge_above(source: SourceFile, statement: ast.Try) -> str:
    """What a comment or a bare text right above a `try`, or its first line, says of some cases."""
    text = " ".join(
        [
            *_above(source, statement),
            *_above(source, statement.body[0]),
            _text_above(source, statement),
        ]
    )
    found = _HEDGES.search(" ".join(text.split()))
    return found[0] if found and not _UNMEANT.search(text) else ""


def _text_above(source: SourceFile, statement: ast.Try) -> str:
    block = block_of(source.parent(statement), statement)
    place = block.index(statement) if statement in block else 0
    match block[place - 1] if place else None:
        case ast.Expr(value=ast.Constant(value=str() as text)) if place > 1:
            return text  # and no docstring
    return ""


def _at(source: SourceFile, handler: ast.ExceptHandler) -> Iterator[str]:
    column = handler.col_offset
    for number in _lines_above(source, handler):
        line = source.line_bytes(number)
        if len(line) - len(line.lstrip()) == column:  # deeper ones are the body's
            yield _comment(source, number)
    last = handler.lineno
    for each in handler.body:
        if hasattr(each, "body"):
            last = each.lineno - 1
            break
        last = each.end_lineno or each.lineno
    for number in range(handler.lineno, last + 1):
        yield _comment(source, number)


def _above(source: SourceFile, statement: ast.stmt) -> Iterator[str]:
    for number in _lines_above(source, statement):
        yield _comment(source, number)


def _lines_above(source: SourceFile, node: ast.stmt | ast.ExceptHandler) -> Iterator[int]:
    """The lines right above a node that hold a comment alone, from top to bottom."""
    number = node.lineno
    while number > 1 and source.line_bytes(number - 1).lstrip().startswith(b"#"):
        number -= 1
    yield from range(number, node.lineno)


def _is_code(text: str) -> bool:
    """Whether a comment is code: `raise ValueError(day)`, and not `optional`."""
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError):
        return False
    return any(not isinstance(each, ast.Expr) or _does(each.value) for each in tree.body)


def _does(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Call | ast.Await | ast.NamedExpr) for each in ast.walk(node))


def _comment(source: SourceFile, number: int) -> str:
    """The comment of a line, without what tells a tool something."""
    line = source.line_bytes(number).decode(source.encoding, "replace").strip()
    found = _COMMENT.search(line)  # which stops at quotes: it may be in a text
    text = line if line.startswith("#") else found[0] if found else ""
    return " ".join(re.split("#+", _DIRECTIVE.sub("", text))).strip()
