"""Whether a handler says that something failed: to a log, to a person, or to its caller."""

from __future__ import annotations

import ast

from qw_codemod.analysis.reporting import CURRENT_EXCEPTION, LEVELS, WARNING, captures
from qw_codemod.analysis.sql_text import statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import last_name, own_nodes

_LEVELS = frozenset(name.upper() for name, level in LEVELS.items() if level >= WARNING)


def reports(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether somebody learns of the exception from a handler.

    It warns or prints, is told something in words, or the exception itself goes further than to a
    log that few look at.
    """
    quiet: set[ast.AST] = set()
    calls = [node for node in own_nodes(handler.body) if isinstance(node, ast.Call)]
    for call in calls:
        name = last_name(call)
        level = LEVELS.get(name, 0)
        if level >= WARNING or name == "print" or captures(call):
            return True
        if dotted(call.func) in CURRENT_EXCEPTION:
            return True
        given = (*call.args, *(each.value for each in call.keywords))
        if level and isinstance(call.func, ast.Attribute):
            if name == "log" and last_name(call.args[0] if call.args else call) in _LEVELS:
                return True
            quiet.update(ast.walk(call))
        elif any(_is_said(each) and not _is_sql(source, each) for each in given):
            return True
    return any(
        isinstance(node, ast.Raise)
        or isinstance(node, ast.Name)
        and node.id == handler.name
        and isinstance(node.ctx, ast.Load)
        and node not in quiet
        for node in own_nodes(handler.body)
    )


def tells(call: ast.Call) -> bool:
    """Whether a call only says something: to a log, to a person, to a service for errors."""
    given = (*call.args, *(each.value for each in call.keywords))
    return (
        last_name(call) in (*LEVELS, "print")
        or captures(call)
        or dotted(call.func) in CURRENT_EXCEPTION
        or any(map(_is_said, given))
    )


def _is_sql(source: SourceFile, node: ast.expr) -> bool:
    seen = statement(source, node)
    return seen.reads or bool(seen.verb)


def _is_said(node: ast.expr) -> bool:
    """Whether an argument is a sentence: words with blanks between them."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, str) and " " in each.value.strip()
        for each in parts
    )
