"""Requests whose answer comes after the server has done its work, and no sooner."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.arguments import is_none, url_argument
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.python.assignments import given_to
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import definition_of, own_nodes

from .statements import FileIsTakenIn, QueryIsRun, ServiceAtWork

_IDENTITY = frozenset(  # tokens for a service of one's own, on Cloud Run or Cloud Functions
    {"google.oauth2.id_token.fetch_id_token", "google.oauth2.id_token.fetch_id_token_credentials"}
)
_QUERIES = frozenset({("query",), ("sql",)})  # the last word of what holds the text of one
_MADE_FIRST = _QUERIES | {("sparql",), ("export",), ("report",), ("reports",)}  # in an address
_LANGUAGES = frozenset({"sql", "sparql"})
_OF_QUERIES = ("SELECT", "WHERE")
_DEEP = 3  # names that are followed


def why_late(source: SourceFile, call: HttpCall) -> Statement | None:
    """Why an answer comes after the server has done its work."""
    if any(each.arg == "files" and not is_none(each.value) for each in call.node.keywords):
        return FileIsTakenIn()
    function = definition_of(source, call.node)
    if function is not None and any(
        isinstance(each, ast.Call) and full_name(source, each.func) in _IDENTITY
        for each in own_nodes(function.body)
    ):
        return ServiceAtWork()
    return QueryIsRun() if _asks_for_rows(source, call) else None


def _asks_for_rows(source: SourceFile, call: HttpCall) -> bool:
    """Whether a query goes out with a request, or its address is that of what is made for it."""
    address = url_argument(call.node, call.sender.url_at)
    if address is not None and any(map(_is_of_made, _followed(source, address))):
        return True
    sent = [each for each in call.node.keywords if each.arg in ("json", "data", "params")]
    for node in (each for keyword in sent for each in _followed(source, keyword.value)):
        named = _names_in(node)
        # `params={"query": name}` is a search, in most cases
        if call.verb == "POST" and any(words(each)[-1:] in _QUERIES for each in named):
            return True
        if _is_text_of_query(node) or any(not _LANGUAGES.isdisjoint(words(n)) for n in named):
            return True
    return False


def _followed(source: SourceFile, node: ast.expr, deep: int = _DEEP) -> Iterator[ast.AST]:
    """The parts of an expression, and of what its names are given in the function or module."""
    for part in ast.walk(node):
        yield part
        around = source.parent(part)
        # What another function gives is not what it was given, nor is an item what it is taken of.
        is_other = isinstance(around, (ast.Call, ast.keyword)) and deep < _DEEP
        is_other = is_other or isinstance(around, ast.Subscript) and part is around.value
        if isinstance(part, ast.Name) and deep and not is_other:
            for value in _last_given(source, part):
                if value is not node:
                    yield from _followed(source, value, deep - 1)


def _last_given(source: SourceFile, name: ast.Name) -> list[ast.expr]:
    """What a name was given last above a place, in its function or the module, and its parts since.

    `request.args = …` does not replace what `request` was given.
    """
    for scope in (definition_of(source, name), source.tree):
        given = given_to(scope, name.id) if scope is not None else []
        given = sorted(
            (each for each in given if each.way == "assigned"), key=lambda each: each.value.lineno
        )
        if given:
            above = [each for each in given if each.value.lineno < name.lineno]
            whole = [n for n, each in enumerate(above) if not _is_part(each.target)]
            return [each.value for each in above[whole[-1] if whole else 0 :] or given]
    return []


def _is_part(target: ast.expr) -> bool:
    return isinstance(target, (ast.Attribute, ast.Subscript))


def _is_of_made(node: ast.AST) -> bool:
    """Whether a part of an address ends in the name of what is made for whoever asks."""
    value = node.value if isinstance(node, ast.Constant) else None
    address = value.partition("?")[0] if isinstance(value, str) else ""
    path = address.partition("://")[2].partition("/")[2] if "://" in address else address
    return any(words(each)[-1:] in _MADE_FIRST for each in re.split("[/:.]", path))


def _is_text_of_query(node: ast.AST) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, str) and all(each in value.upper() for each in _OF_QUERIES)


def _names_in(node: ast.AST) -> list[str]:
    """The name that a node is, or the keys of a table."""
    if isinstance(node, ast.Dict):
        keys = (each.value for each in node.keys if isinstance(each, ast.Constant))
        return [each for each in keys if isinstance(each, str)]
    return [dotted(node)]
