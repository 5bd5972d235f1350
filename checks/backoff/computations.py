"""Whether what a loop tries again is computed in the process: no service needs the time."""

from __future__ import annotations

import ast
import builtins
import sys

from qw_codemod.infer import Function, Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import Loop, own_nodes

_DEPTH = 2  # functions of the project that are followed from one to the next
_OF_VALUES = frozenset(
    name for kind in (str, list) for name in dir(kind) if not name.startswith("_")
)
# Modules of the standard library that ask nobody outside of the process.
_PURE = frozenset("re json math decimal fractions datetime string textwrap base64 hashlib".split())
_OUTSIDE = frozenset({"open", "input", "exec", "eval", "__import__", "compile"})


def computes_again(source: SourceFile, infer: Inference, loop: Loop, sleep: ast.Call) -> bool:
    """Whether the failures that lead to a sleep all come from functions that only compute.

    A request that stands beside such a `try` ends the loop when it fails.
    """
    tries = [
        node
        for node in own_nodes(loop.body)
        if isinstance(node, ast.Try) and sleep not in ast.walk(ast.Module(node.body, []))
    ]
    if len(tries) != 1:
        return False
    calls = [each for each in own_nodes(tries[0].body) if isinstance(each, ast.Call)]
    awaits = (ast.Await, ast.AsyncWith, ast.AsyncFor)
    if not calls or any(isinstance(each, awaits) for each in own_nodes(tries[0].body)):
        return False
    is_ours = any(isinstance(p.value, Function) for c in calls for p in infer.holds(source, c.func))
    return is_ours and all(_computes(source, infer, each, _DEPTH) for each in calls)


def _computes(source: SourceFile, infer: Inference, call: ast.Call, depth: int) -> bool:
    name = full_name(source, call.func)
    if isinstance(source.parent(call), ast.Raise):
        return True
    if hasattr(builtins, name):
        return name not in _OUTSIDE
    package = name.partition(".")[0]
    if package in sys.stdlib_module_names:
        return package in _PURE
    held = [each.value for each in infer.holds(source, call.func)]
    if held and all(isinstance(each, Function) for each in held):
        return depth > 0 and all(
            _only_computes(infer, each, depth) for each in held if isinstance(each, Function)
        )
    return isinstance(call.func, ast.Attribute) and call.func.attr in _OF_VALUES


def _only_computes(infer: Inference, function: Function, depth: int) -> bool:
    body = getattr(function.node, "body", [])
    nodes = [*own_nodes(body)] if isinstance(body, list) else []
    source = function.view.source
    if any(isinstance(each, (ast.Await, ast.With, ast.AsyncWith, ast.Yield)) for each in nodes):
        return False
    calls = (each for each in nodes if isinstance(each, ast.Call))
    return bool(nodes) and all(_computes(source, infer, each, depth - 1) for each in calls)
