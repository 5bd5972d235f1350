"""Where something is reached that no name tells: `getattr(x, f"on_{kind}")`, `ways = [waits]`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import imports_of
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
    `kept` are the last names of modules that are values there, or loaded by a text: `run(waits)`,
    `import_module("jobs.waits")`; `loads_unseen`: by a text that is made up at run time.
    """

    spelled: tuple[str, ...] = ()
    made_up: tuple[tuple[str, str], ...] = ()
    kept: tuple[str, ...] = ()
    loads_unseen: bool = False


def lookups_of(source: SourceFile) -> Lookups:
    """What a file reaches by a text, as plain values."""
    return Lookups(
        tuple(sorted(spelled_lookups(source))),
        tuple(_ends(call.args[1]) for call in dispatches(source)),
        tuple(sorted({*_read_modules(source), *_loaded_modules(source)})),
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


def _read_modules(source: SourceFile) -> Iterator[str]:
    """The last names of what may be modules, where they are read as a whole."""
    imported = imports_of(source.tree)
    roots = {each.bound.partition(".")[0] for each in imported}
    read: set[str] = set()
    for name in source.nodes(ast.Name):
        if name.id in roots:
            top: ast.Name | ast.Attribute = name
            while isinstance(around := source.parent(top), ast.Attribute):
                top = around
            if isinstance(top.ctx, ast.Load):
                read.add(dotted(top))
    yield from (each.rpartition(".")[2] for each in read if "." in each)  # `jobs.waits`
    for each in imported:
        if each.bound in read:
            yield each.name or each.module.rpartition(".")[2]


def _loaded_modules(source: SourceFile) -> Iterator[str]:
    """The last names of the modules that are loaded by a text."""
    for text in source.nodes(ast.Constant):
        if isinstance(text.value, str) and _is_loaded(text, source):
            yield text.value.rpartition(".")[2]


def _is_loaded(text: ast.Constant, source: SourceFile) -> bool:
    around = source.parent(text)
    if isinstance(around, ast.Subscript):
        return dotted(around.value) == "sys.modules"
    return isinstance(around, ast.Call) and last_name(around) in _LOADERS


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
