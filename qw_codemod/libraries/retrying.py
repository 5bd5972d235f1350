"""Whether something is there to try a call again: the libraries for it, and how code names it.

What a name means, as far as the imports tell, comes first. Of the functions of a project the name
is all that is known without following them: it is read word by word.
"""

from __future__ import annotations

import ast

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name

TENACITY = frozenset({"tenacity.retry", "tenacity.Retrying", "tenacity.AsyncRetrying"})
BACKOFF = frozenset({"backoff.on_exception", "backoff.on_predicate"})

_RETRY = frozenset("retry retries retrying retryable retryer backoff".split())
_WITHOUT = frozenset("no not without if".split())  # anywhere: `fetch_without_retry`
_ABOUT = frozenset("max is should can before after stop".split())  # in front: `should_retry`


def says_retry(name: str) -> bool:
    """Whether a function of that name retries, by the name."""
    found = words(name)
    if not found or found[0] in _ABOUT or found[-1] == "after" or not _WITHOUT.isdisjoint(found):
        return False
    return not _RETRY.isdisjoint(found)


def is_retry(source: SourceFile, node: ast.expr) -> bool:
    """Whether a decorator retries what it decorates: it is of a library for that, or says so."""
    function = node.func if isinstance(node, ast.Call) else node
    if any(map(says_retry, full_name(source, function).split("."))):
        return True
    given = node.keywords if isinstance(node, ast.Call) else ()
    return any(not _RETRY.isdisjoint(words(each.arg or "")) for each in given)
