"""What is written beside a handler, in comments and docstrings: does it count on the failure?"""

from __future__ import annotations

import ast
import re

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import definition_of, own_nodes

from .fallback import preceding

_COMMENT = re.compile(r"#[^\n\"']*")
_DIRECTIVE = re.compile(
    r"noqa(:[ \w,]*)?|nosec\b[^#-]*|(pylint|type|pyright|mypy|pragma|isort|fmt|ruff):[^#-]*", re.I
)
_UNMEANT = re.compile(
    r"\b(todo|fixme|xxx|hack|should(n't| not| never) (ever )?(happen|occur|be|get|reach|raise|fail)"
    r"|never happens?|unexpected|impossible)\b",
    re.I,
)
WORDS = 3  # of a comment that says something
_MEANT = re.compile(r"\b(best[- ]effort|optional|ignor(e|ed|ing)|non[- ]?fatal)\b", re.I)
_MAY_FAIL = re.compile(  # of a docstring, or a comment above the `try`
    r"best[- ]effort|\bEAFP\b|\bfall(s|ing)?[- ]?backs?\b"
    r"|\bif (any|available|possible|present)\b(?! \w)"
    r"|\bon (any )?(failure|error)s?\b|\bsafely\b|\bsilently\b|\bgracefully\b|\bunchanged\b"
    r"|\b(may|might) (fail|raise|be (missing|unavailable|invalid))\b"
    r"|\b(if|when|where|unless)\b[^.]{1,60}\b(fails?|can ?not|can't|couldn't|could not"
    r"|unable|unavailable|missing|invalid|malformed|corrupt(ed)?|unreadable|un(parsable|known)"
    r"|not (found|available|parse\w*|known|possible|valid))\b",
    re.I,
)
_NEVER_RAISES = re.compile(r"\b(never|not|without)( \w+)? rais(e|es|ing)\b", re.I)
_ALWAYS_GOES_ON = re.compile(
    rf"{_NEVER_RAISES.pattern}|\btreated as\b"
    r"|\b(never|not|cannot|can't|without) (break|block|abort|interrupt|prevent|crash)(s|ing)?\b",
    re.I,
)
_OR_NONE = re.compile(r"\bor None\b")
_POLLS = re.compile(
    r"\b(polls?|polling|periodic(ally)?|between attempts|every `*\w+`* seconds)\b", re.I
)
_FAILS_IF = re.compile(r"#[^\n]*\b(fails?|raises?|errors?) (if|when|where)\b", re.I)
_TRY_TO = re.compile(r"\b(try|attempt) to\b", re.I)
_FALLBACK = re.compile(r"\bfall(ing)?[- ]?backs?\b", re.I)
_RAISES = re.compile(r"(?ms)^\s*(:raises?\b[^\n]*|Raises:?\s*\n(.(?!\n\s*\n))*)")


def is_passed(handler: ast.ExceptHandler) -> bool:
    """Whether a handler does nothing but go on."""
    return all(isinstance(each, ast.Pass | ast.Continue) for each in handler.body)


def comment_explains(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a comment in the handler, or in a body of one statement, explains the failure.

    Who writes down why nothing is done counts on it. What only tells a tool something, or that it
    should never happen, explains nothing.
    """
    first = statement.lineno if len(statement.body) == 1 else handler.lineno
    does = handler.body[0]  # what a block says further in is about something else
    last = does.lineno - 1 if hasattr(does, "body") else (does.end_lineno or does.lineno)
    text = " ".join(
        _comment(source, number)
        for number in range(first, last + 1)
        if number >= handler.lineno or number <= statement.body[0].lineno
    )
    if _UNMEANT.search(text):
        return False
    return len(re.findall(r"[^\W\d_]{2,}", text)) >= WORDS or bool(_MEANT.search(text))


def is_documented(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a comment above or below the `try`, or its function's docstring, counts on it."""
    before = preceding(source, statement)
    text = f"{_comment_above(source, statement)} {_comment_above(source, statement.body[0])}"
    if isinstance(before, ast.Assign | ast.AnnAssign) and isinstance(before.value, ast.Constant):
        text = f"{_comment_above(source, before)} {text}"  # view = None
    parent = source.parent(statement)
    if isinstance(parent, ast.If) and parent.body[0] is statement:
        text = f"{_comment_above(source, parent)} {text}"
    if _TRY_TO.search(text) and is_passed(handler):
        return True
    if _says(text) and not _UNMEANT.search(text):
        return True
    if _FALLBACK.search(_comment_below(source, statement)):
        return True
    if _class_polls(source, statement) or _callee_says(source, statement):
        return True
    function = definition_of(source, statement)
    if function is None:
        return False
    if _NEVER_RAISES.search(ast.get_docstring(source.tree) or ""):
        return True
    docstring = " ".join(
        _RAISES.sub("", ast.get_docstring(function) or "").replace("`", "").split()
    )
    if _OR_NONE.search(docstring) and _answers_none(handler):
        return True
    tries = (each for each in own_nodes(function.body) if isinstance(each, ast.Try))
    if sum(bool(each.handlers) for each in tries) > 1:
        return bool(_ALWAYS_GOES_ON.search(docstring))  # the rest may be about the other one
    return _says(docstring)


def _class_polls(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a class says of itself that it asks for something that may not be there yet."""
    around = (each for each in source.ancestors(statement) if isinstance(each, ast.ClassDef))
    return any(_POLLS.search(ast.get_docstring(each) or "") for each in around)


def _callee_says(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a comment in what is called says when that fails, where it is the object's own."""
    calls = (each for each in own_nodes(statement.body) if isinstance(each, ast.Call))
    names = {dotted(each.func).removeprefix("self.") for each in calls if _is_own(each)}
    return bool(names) and any(
        each.name in names
        and _FAILS_IF.search(
            source.data[source.span(each).start : source.span(each).end].decode("utf-8", "replace")
        )
        for each in source.nodes(ast.FunctionDef)
    )


def _is_own(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and dotted(call.func.value) == "self"


def _answers_none(handler: ast.ExceptHandler) -> bool:
    match handler.body[-1]:
        case ast.Pass() | ast.Return(value=ast.Constant(value=None) | None):
            return True
        case ast.Assign(value=ast.Constant(value=None)):
            return True
    return False


def _says(text: str) -> bool:
    return bool(_MAY_FAIL.search(text) or _ALWAYS_GOES_ON.search(text))


def _comment_above(source: SourceFile, statement: ast.stmt) -> str:
    lines: list[str] = []
    number = statement.lineno - 1
    while number and source.line_bytes(number).lstrip().startswith(b"#"):
        lines.insert(0, _comment(source, number))
        number -= 1
    return " ".join(lines)


def _comment_below(source: SourceFile, statement: ast.Try) -> str:
    """The comment on the line after a statement, with a blank line in between at most."""
    end = statement.end_lineno or statement.lineno
    for number in range(end + 1, min(end + 2, len(source.line_starts)) + 1):
        line = source.line_bytes(number).strip()
        if line:
            return _comment(source, number) if line.startswith(b"#") else ""
    return ""


def _comment(source: SourceFile, number: int) -> str:
    """The comment of a line, without what tells a tool something."""
    line = source.line_bytes(number).decode(source.encoding, "replace").strip()
    found = _COMMENT.search(line)  # which stops at quotes: it may be in a text
    text = line if line.startswith("#") else found[0] if found else ""
    return " ".join(re.split("#+", _DIRECTIVE.sub("", text)))
