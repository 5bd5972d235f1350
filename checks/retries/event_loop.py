"""Whether the waits of a policy would stop an event loop."""

from __future__ import annotations

import ast

from qw_codemod.analysis.callers import callers
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import At
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.python.syntax import function_of
from qw_codemod.rules.api import Statement

from . import reasons


def why_blocking(source: SourceFile, infer: Inference, call: HttpCall) -> Statement | None:
    """Why a call that waits with `time.sleep` must not wait here; None where it may."""
    return None if call.sender.is_async else why_node_blocks(source, infer, call.node)


def why_node_blocks(source: SourceFile, infer: Inference, node: ast.Call) -> Statement | None:
    """The same for a call of any kind."""
    if isinstance(function_of(source, node), ast.AsyncFunctionDef):
        return reasons.BlocksEventLoop()
    # What is handed over runs in a thread: asyncio.to_thread(fetch), run_in_executor(None, fetch).
    for each in callers(source, infer, node):
        if each.is_handed or infer.is_test(each.source):
            continue
        if isinstance(function_of(each.source, each.call), ast.AsyncFunctionDef):
            return reasons.BlocksCaller(each.function, At(each.source.path, each.call.lineno))
    return None
