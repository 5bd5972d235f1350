"""What the docstring of a function says of its failures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.syntax import definition_of, own_nodes

from .another_way import following

_ERRORS = r"(errors?|exceptions?|fail\w*)"
_FORGIVES = re.compile(
    rf"\b(ignor|swallow|suppress|tolerat)\w*\b[^.]{{0,40}}\b{_ERRORS}\b"
    rf"|\b{_ERRORS}\b[^.]{{0,40}}\b(ignored|swallowed|suppressed|tolerated)\b"
    r"|\bnever (raises?|fails?|throws?)\b"
    r"|\b(does|do|must|will)( not|n't) (raise|throw)\b(?! (an? )?\w+(error|exception)\b)"
    r"|\bbest[- ]effort\b"
    r"|\bwithout (raising|failing)\b",
    re.I,
)
_FAILS = re.compile(
    r"\b(fail\w*|errors?|exceptions?|throws?|threw|can ?not|can't|could(n't| not)|unable|invalid"
    r"|unreadable|malformed|unparse?able|missing|unavailable|(does|do|did)(n't| not) exist"
    r"|not found|no longer)\b",
    re.I,
)
_WHEN = r"(if|when|where|unless)"
_PLANS = (rf"\b{_WHEN}\b[^.]*\bfails\b", rf"\b(falls?|falling) back\b[^.]*\b{_WHEN}\b")


def docstring_forgives(source: SourceFile, statement: ast.Try) -> bool:
    """Whether it says that errors are ignored, that nothing is raised, or that it only tries."""
    return bool(_FORGIVES.search(_docstring(source, statement)))


def docstring_names(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether it says when the function returns what it does after a failure.

    `Returns None if the text is no number.`
    """
    answer = _answer(source, statement, handler)
    text = _docstring(source, statement)
    return bool(answer and re.search(rf"(?<!\w)({answer})\W+{_WHEN}\b", text))


def docstring_plans(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a sentence says what happens when it fails, or what is returned then.

    `Returns None when the file cannot be parsed`, `If parsing fails, it is replaced with zeros`.
    """
    answer = _answer(source, statement, handler)
    said = [*([answer] if answer else []), *_fields(source, statement, handler)]
    for sentence in _sentences(_docstring(source, statement)):
        if re.search(r"\brais(e|es|ed)\b", sentence, re.I) or not _FAILS.search(sentence):
            continue
        if any(re.search(rf"(?<!\w)({each})(?!\w)", sentence) for each in said):
            if re.search(rf"\b{_WHEN}\b", sentence, re.I):
                return True
        elif any(re.search(each, sentence, re.I) for each in _PLANS):
            return True
    return False


def docstring_expects(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a sentence says in which case the function gives what it does after a failure.

    `Given an empty text, it gives an empty mapping`, which an `if` of the function gives as well.
    """
    answer = _answer(source, statement, handler)
    if not answer or docstring_plans(source, statement, handler):
        return False
    if not _is_given_elsewhere(source, statement, handler):
        return False
    return any(
        re.search(rf"(?<!\w)({answer})(?!\w)", sentence)
        and re.search(rf"\b({_WHEN}|given)\b", sentence, re.I)
        and not re.search(r"\brais(e|es|ed)\b", sentence, re.I)
        for sentence in _sentences(_docstring(source, statement))
    )


def _is_given_elsewhere(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether an `if` outside the statement gives the same."""
    wanted, function = _returned(source, statement, handler), definition_of(source, statement)
    inside = set(ast.walk(statement))
    return (
        wanted is not None
        and function is not None
        and any(
            isinstance(node, ast.Return | ast.Yield) and ast.dump(node) == ast.dump(wanted)
            for branch in own_nodes(function.body)
            if isinstance(branch, ast.If) and branch not in inside
            for node in own_nodes([*branch.body, *branch.orelse])
            if node not in inside and node is not wanted
        )
    )


def _answer(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> str:
    """What is returned after a failure, as a pattern: a constant, the name of a variable."""
    last = _returned(source, statement, handler)
    if last is None:
        return ""
    match last.value:
        case None:
            return "None"
        case ast.Constant(value=""):
            return "empty (string|text)|''|\"\""
        case ast.Constant(value=value):
            return re.escape(repr(value))
        case ast.Name(id=name):
            return re.escape(name)
        case ast.List(elts=[]) | ast.Call(func=ast.Name(id="list"), args=[], keywords=[]):
            return r"empty list|\[\]"
        case ast.Dict(keys=[]) | ast.Call(func=ast.Name(id="dict"), args=[], keywords=[]):
            return r"empty (dict|dictionary|mapping)|\{\}"
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return "empty set"
        case ast.Tuple(elts=[]):
            return "empty tuple"
        case ast.Tuple(elts=elements) if all(isinstance(e, ast.Constant) for e in elements):
            both = re.escape(", ".join(ast.unparse(each) for each in elements))
            return rf"\({both}\)|{both}"
    return ""


def _fields(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> Iterator[str]:
    """What the fields of a record that is returned then are, as patterns: `columns is None`."""
    last = _returned(source, statement, handler)
    match last.value if last is not None else None:
        case ast.Call(keywords=keywords):
            for each in keywords:
                if each.arg and isinstance(each.value, ast.Constant):
                    yield rf"{re.escape(each.arg)}\W+(is|are|will be)\W+{each.value.value!r}"


def _returned(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> ast.Return | ast.Yield | None:
    last: ast.stmt | None = handler.body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Yield):
        return last.value
    if isinstance(last, ast.Pass):
        last = following(source, statement)
    return last if isinstance(last, ast.Return) else None


def _docstring(source: SourceFile, statement: ast.Try) -> str:
    function = definition_of(source, statement)
    return ast.get_docstring(function) or "" if function is not None else ""


def _sentences(text: str) -> Iterator[str]:
    for each in re.split(r"(?<=[.;])\s|\n\s*\n", text):
        yield " ".join(each.split())
