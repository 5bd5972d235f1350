"""Whether something is there to try a call again: the libraries for it, and how code names it.

What a name means, as far as the imports tell, comes first. Of the functions of a project the name
is all that is known without following them: it is read word by word.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from qw_codemod.facts.project import Tree
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name

TENACITY = frozenset({"tenacity.retry", "tenacity.Retrying", "tenacity.AsyncRetrying"})
BACKOFF = frozenset({"backoff.on_exception", "backoff.on_predicate"})
LIBRARIES = ("backoff", "opnieuw", "retrying", "stamina", "tenacity")  # that do nothing else

_RETRY = frozenset("retry retries retrying retryable retryer backoff".split())
_OPTIONS = _RETRY | {"autoretry"}  # as Celery spells it: `autoretry_for`
_WITHOUT = frozenset("no not without if".split())  # anywhere: `fetch_without_retry`
_ABOUT = frozenset("max is should can before after stop".split())  # in front: `should_retry`


def says_retry(name: str) -> bool:
    """Whether a function of that name retries, by the name."""
    found = words(name)
    if not found or found[0] in _ABOUT or found[-1] == "after" or not _WITHOUT.isdisjoint(found):
        return False
    return not _RETRY.isdisjoint(found)


def used_libraries(tree: Tree, near: str, is_left_out: Callable[[str], bool]) -> dict[str, str]:
    """The libraries that code retries with, each with the first file that imports it, tests aside.

    Of the code that may run in one program with the file `near`, if there is.
    """
    found: dict[str, str] = {}
    for library in LIBRARIES:
        for path in tree.mentions(library, near):
            if tree.is_test(path) or is_left_out(path):
                continue
            facts = tree.facts(path, "links")
            imports = facts.imports if facts is not None else ()
            is_imported = any(each.package == library and not each.level for each in imports)
            if is_imported and not tree.resolve(library, path):
                found.setdefault(library, path)
    return found


def is_retry(source: SourceFile, node: ast.expr) -> bool:
    """Whether a decorator retries what it decorates: it is of a library for that, or says so."""
    function = node.func if isinstance(node, ast.Call) else node
    if any(map(says_retry, full_name(source, function).split("."))):
        return True
    return isinstance(node, ast.Call) and is_told_to_retry(node)


def is_told_to_retry(call: ast.Call) -> bool:
    """Whether a call has an option for retries: `@task(retries=2)`, `Operator(…, retries=2)`."""
    return any(
        not _OPTIONS.isdisjoint(words(each.arg or "")) and not _is_none(each.value)
        for each in call.keywords
    )


def _is_none(value: ast.expr) -> bool:
    """`retries=0`, `retry=None`, `retry=False`."""
    return isinstance(value, ast.Constant) and not value.value
