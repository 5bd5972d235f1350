"""Where something is reached by a text: `getattr(x, "name")`, `getattr(x, f"on_{kind}")`."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import last_name

_LOOKS = frozenset("print str repr len isinstance callable bool int float setattr".split())
_BY_TEXT = frozenset({"getattr", "methodcaller", "attrgetter"})
_LOADERS = frozenset({"import_module", "__import__", "run_module", "run_path", "exec_module"})
LOADERS = tuple(sorted(_LOADERS))
_NAMESPACES = ("globals", "vars", "locals", "__dict__")


@dataclass(frozen=True, slots=True)
class Lookups:
    """What one file reaches by a text: the names that are spelled, and those that are made up.

    Of the latter there are, for each of `dispatches`, the texts that they begin and end with.
    `loads_unseen`: modules are loaded by a text that is made up at run time.
    """

    spelled: tuple[str, ...] = ()
    made_up: tuple[tuple[str, str], ...] = ()
    loads_unseen: bool = False


def lookups_of(source: SourceFile) -> Lookups:
    """What a file reaches by a text, as plain values."""
    return Lookups(
        tuple(sorted(spelled_lookups(source))),
        tuple(_ends(call.args[1]) for call in dispatches(source)),
        any(
            last_name(call) in _LOADERS and call.args and not isinstance(call.args[0], ast.Constant)
            for call in source.nodes(ast.Call)
        ),
    )


@kept
def spelled_lookups(source: SourceFile) -> Mapping[str, Sequence[ast.Call | ast.Subscript]]:
    """The places where a name is looked up that a text spells: `globals()["name"]`."""
    found: dict[str, list[ast.Call | ast.Subscript]] = {}
    for call in source.nodes(ast.Call):
        if last_name(call) in _BY_TEXT:
            for each in call.args:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    found.setdefault(each.value.rpartition(".")[2], []).append(call)
    for item in source.nodes(ast.Subscript):
        text = item.slice.value if isinstance(item.slice, ast.Constant) else None
        if isinstance(text, str) and last_name(item.value) in _NAMESPACES:
            found.setdefault(text, []).append(item)
    return found


@kept
def dispatches(source: SourceFile) -> Sequence[ast.Call]:
    """`getattr(x, name)` of a name that is made up, where what it gives is called."""
    if b"getattr" not in source.data:
        return ()
    called = {call.func.id for call in source.nodes(ast.Call) if isinstance(call.func, ast.Name)}
    found = []
    for call in source.nodes(ast.Call):
        if dotted(call.func) != "getattr" or len(call.args) < 2:
            continue
        around = source.parent(call)
        targets = {dotted(each) for each in getattr(around, "targets", ())}
        is_called = isinstance(around, (ast.Call, ast.keyword)) and not _is_shown(around)
        if not isinstance(call.args[1], ast.Constant) and (is_called or called & targets):
            found.append(call)
    return found


def is_loader(name: str) -> bool:
    """Whether a function of that name loads the module that a text names."""
    return name in _LOADERS


def _is_shown(around: ast.AST) -> bool:
    """Whether a call does no more than look at what it is given."""
    return isinstance(around, ast.Call) and dotted(around.func) in _LOOKS


def _ends(node: ast.expr) -> tuple[str, str]:
    """The texts that what an expression gives begins and ends with."""
    first: ast.expr = node
    last: ast.expr = node
    if isinstance(node, ast.JoinedStr) and node.values:
        first, last = node.values[0], node.values[-1]
    elif isinstance(node, ast.BinOp):
        first, last = node.left, node.right
    starts = first.value if isinstance(first, ast.Constant) else ""
    ends = last.value if isinstance(last, ast.Constant) else ""
    return str(starts), str(ends)
