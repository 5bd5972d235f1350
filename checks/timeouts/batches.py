"""Loops that go on after an item has failed, and that the timeout of a request would end."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qw_codemod.analysis.callers import Caller, FunctionNode, direct_callers, owner
from qw_codemod.analysis.exception_flow import canonical, catches, clause, leaves, surroundings
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import InFile, InLine, Place, Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.libraries.http.exceptions import TIMED_OUT
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import last_name, own_nodes

from . import reasons

_DEEP = 4  # functions on the way to the loop
_SENT = frozenset({"data", "json", "files", "content"})
_OF_LOGINS = frozenset({"password", "passwd", "secret", "grant"})  # in the keys of what is sent


def why_ends_batch(source: SourceFile, infer: Inference, call: HttpCall) -> Statement | None:
    """The loop further up that leaves out what failed, but not where a write has timed out.

    Its handler is for an exception that a function on the way raises itself. The rest of the items
    would not come to their turn, and what the server has taken in may be sent again by the next
    run.
    """
    if call.is_idempotent or not _writes(call.node):
        return None
    timeouts = tuple(map(canonical, TIMED_OUT[call.sender.library]))
    return _ends(source, infer, call.node, timeouts, frozenset(), source, _DEEP)


def _writes(call: ast.Call) -> bool:
    sent = [each.value for each in call.keywords if each.arg in _SENT]
    keys = (key for each in sent if isinstance(each, ast.Dict) for key in each.keys)
    texts = (key.value for key in keys if isinstance(key, ast.Constant))
    named = {word for text in texts if isinstance(text, str) for word in words(text)}
    return bool(sent) and named.isdisjoint(_OF_LOGINS)


def _ends(
    source: SourceFile,
    infer: Inference,
    node: ast.AST,
    timeouts: Sequence[str],
    raised: frozenset[str],
    home: SourceFile,
    deep: int,
) -> Statement | None:
    function = owner(source, node)
    if function is None:
        return None
    for around, child in surroundings(source, node):
        if not isinstance(around, ast.Try) or not any(child is each for each in around.body):
            continue
        if any(catches(source, h.type, each) for h in around.handlers for each in timeouts):
            return None
        for handler in around.handlers:
            if (
                _is_for(handler, raised)
                and not leaves(source, handler.body)
                and _is_in_loop(source, around)
            ):
                return reasons.EndsLoop(clause(source, handler), _place(source, handler, home))
    raised |= {*_raised(function)}
    for each in _called(source, infer, function) if deep else ():
        found = _ends(each.source, infer, each.call, timeouts, raised, home, deep - 1)
        if found is not None:
            return found
    return None


def _called(source: SourceFile, infer: Inference, function: FunctionNode) -> Iterator[Caller]:
    """The calls of a function, and those of click that it is handed to: `context.invoke(run)`."""
    is_command = any(last_name(each) == "command" for each in function.decorator_list)
    for each in direct_callers(source, infer, function):
        is_invoked = is_command and last_name(each.call) == "invoke"
        if (not each.is_handed or is_invoked) and not infer.is_test(each.source):
            yield each


def _is_for(handler: ast.ExceptHandler, raised: frozenset[str]) -> bool:
    named = handler.type
    caught = named.elts if isinstance(named, ast.Tuple) else [named] if named else []
    return not raised.isdisjoint(map(last_name, caught))


def _raised(function: FunctionNode) -> Iterator[str]:
    """The names of the classes that a function raises."""
    for each in own_nodes(function.body):
        if isinstance(each, ast.Raise) and each.exc is not None:
            yield last_name(each.exc)


def _is_in_loop(source: SourceFile, around: ast.Try) -> bool:
    for outer, child in surroundings(source, around):
        if isinstance(outer, (ast.For, ast.AsyncFor)) and any(child is each for each in outer.body):
            return True
    return False


def _place(source: SourceFile, handler: ast.ExceptHandler, home: SourceFile) -> Place:
    if source.path == home.path:
        return InLine(handler.lineno)
    return InFile(source.path, handler.lineno)
