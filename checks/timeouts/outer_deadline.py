"""Deadlines further out that end a wait: `asyncio.timeout`, `wait_for`, an alarm."""

from __future__ import annotations

import ast

from qw_codemod.analysis.deadlines import always_bounded, deadline_around
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.syntax import last_name, own_nodes

from .waits import Wait

# What blocks the event loop is not ended by its deadlines; what a thread does for it is given up.
_THREADS = frozenset({"to_thread", "run_in_executor", "run_in_threadpool", "run_sync"})


def has_deadline(source: SourceFile, infer: Inference, wait: Wait) -> bool:
    """Whether something around a wait bounds it."""
    if wait.form == "polled":
        loop = next(each for each in source.ancestors(wait.node) if isinstance(each, ast.While))
        awaits = any(isinstance(each, ast.Await) for each in own_nodes(loop.body))
        return deadline_around(source, loop, awaits) is not None
    thread = _thread(source, wait)
    if thread is not None:
        return always_bounded(source, infer, thread)
    return deadline_around(source, wait.node, is_async=False) is not None


def _thread(source: SourceFile, wait: Wait) -> ast.Call | None:
    """The call that has a thread do the wait, and is awaited."""
    call: ast.AST | None = wait.receiver
    if call is None:
        around = next((n for n in source.ancestors(wait.node) if isinstance(n, ast.Lambda)), None)
        call = source.parent(around) if around is not None else None
    return call if isinstance(call, ast.Call) and last_name(call) in _THREADS else None
