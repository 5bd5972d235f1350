"""Puts an import where an import sorter would have it, as an edit of bytes."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

from qw_codemod.edit.reasons import NoLineForImport
from qw_codemod.kernel.model import Edit, Span
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.imports import ImportStatement, names_of
from qw_codemod.python.names import same_module
from qw_codemod.rules.api import CannotFix, Import

_STDLIB, _THIRD_PARTY, _FIRST_PARTY, _RELATIVE = range(4)
_CODING = re.compile(rb"#!|#.*coding[:=]")
_Key = tuple[bool, str]


def import_edit(
    source: SourceFile, wanted: Import, before: int, first_party: Callable[[str], bool]
) -> Edit:
    """The insertion that binds the import, before the byte offset `before`.

    Raises CannotFix where there is no line of its own for it.
    """
    statements = [
        node
        for node in source.tree.body
        if isinstance(node, ImportStatement) and source.span(node).end <= before
    ]
    for node in statements:
        if not wanted.name or not isinstance(node, ast.ImportFrom):
            continue
        first = next(names_of(node))
        if first.name != "*" and same_module(source, first, wanted.module):
            return _one_more_name(source, node, wanted.name)
    groups = _groups(source, [node for node in statements if not _is_future(node)])
    if not groups:
        return _first_import(source, wanted)
    section = _section(wanted.module, first_party)
    root = wanted.module.partition(".")[0]
    beside = [group for group in groups if any(_root(node) == root for node in group)]
    same = [group for group in groups if _mostly(group, first_party) == section]
    if beside or same:
        return _into_group(source, (beside or same)[0], wanted)
    earlier = [group for group in groups if _mostly(group, first_party) < section]
    if earlier:
        return _after(source, earlier[-1][-1], b"%b" % source.newline, _statement(wanted))
    at = _line_start(source, groups[0][0])
    return Edit(Span(at, at), _statement(wanted) + source.newline * 2)


def below_imports(
    source: SourceFile, line: str, before: int, imported: int | None, inserted: dict[int, bytes]
) -> None:
    """Add a module's assignment below its imports, before the byte offset `before`.

    `inserted` holds what is inserted by offset, and `imported` is where an import is.
    """
    last = _last_import(source, before)
    at = _end_of_line(source, last) if last is not None else None
    if imported is not None and (at is None or imported > at):
        at = imported  # there is no import but the new one, or it comes last
    if at is None:
        documented = ast.get_docstring(source.tree, clean=False) is not None
        at = _end_of_line(source, source.tree.body[0]) if documented else 0
    above = inserted.get(at, b"").rstrip(b"\r\n")
    newline = source.newline
    gap = newline * 2 if above or at else b""
    text = above + gap + line.encode(source.encoding)
    following = source.data[at:]
    blank = len(following) - len(following.lstrip(b"\r\n"))
    wanted = _lines_to_next(source, at)
    inserted[at] = text + newline * max(0, wanted - blank // len(newline))


def _lines_to_next(source: SourceFile, at: int) -> int:
    """The line ends before the next statement, as formatters have them."""
    for node in source.tree.body:
        if source.span(node).start >= at:
            defines = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            return 3 if defines else 2
    return 1


def _end_of_line(source: SourceFile, node: ast.stmt) -> int:
    """The offset of the line end behind a statement, and behind its comment."""
    line = node.end_lineno or node.lineno
    return source.line_starts[line - 1] + len(source.line_bytes(line))


def _last_import(source: SourceFile, before: int) -> ast.stmt | None:
    """The last import of the file's head, a guarded one too; it ends where definitions start."""
    found = None
    for node in source.tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            break
        if source.span(node).end > before:
            break
        guarded = isinstance(node, (ast.Try, ast.If)) and any(
            isinstance(each, ImportStatement) for each in node.body
        )
        if guarded or isinstance(node, ImportStatement):
            found = node
    return found


def _statement(wanted: Import) -> bytes:
    if wanted.name:
        return f"from {wanted.module} import {wanted.name}".encode()
    return f"import {wanted.module}".encode()


def _is_future(node: ImportStatement) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _groups(
    source: SourceFile, statements: Sequence[ImportStatement]
) -> list[list[ImportStatement]]:
    """Runs of imports with no blank line and nothing else between them."""
    groups: list[list[ImportStatement]] = []
    body: dict[ast.AST, int] = {node: index for index, node in enumerate(source.tree.body)}
    for node in statements:
        if groups and _joined(source, groups[-1][-1], node, body):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _joined(
    source: SourceFile, first: ImportStatement, second: ImportStatement, body: dict[ast.AST, int]
) -> bool:
    if body[second] != body[first] + 1:
        return False
    lines = range((first.end_lineno or first.lineno) + 1, second.lineno)
    return all(source.line_bytes(line).strip() for line in lines)


def _section(module: str, first_party: Callable[[str], bool]) -> int:
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return _STDLIB
    return _FIRST_PARTY if first_party(root) else _THIRD_PARTY


def _section_of(node: ImportStatement, first_party: Callable[[str], bool]) -> int:
    if isinstance(node, ast.ImportFrom) and node.level:
        return _RELATIVE
    return _section(_module(node), first_party)


def _mostly(group: Sequence[ImportStatement], first_party: Callable[[str], bool]) -> int:
    """The section of most of a group; a folder beside the file may bear a library's name."""
    sections = [_section_of(node, first_party) for node in group]
    return max(sections, key=lambda each: (sections.count(each), each))


def _module(node: ImportStatement) -> str:
    first = next(names_of(node))
    return "." * first.level + first.module


def _root(node: ImportStatement) -> str:
    return _module(node).partition(".")[0]


def _into_group(source: SourceFile, group: list[ImportStatement], wanted: Import) -> Edit:
    def by_form(is_from: bool, module: str) -> tuple[bool, str]:
        return is_from, module.lower()

    def by_module(is_from: bool, module: str) -> tuple[bool, str]:
        return False, module.lower()

    for key in (by_form, by_module):  # the second: isort's force_sort_within_sections
        keys = [key(isinstance(node, ast.ImportFrom), _module(node)) for node in group]
        if all(first <= second for first, second in pairwise(keys)):
            mine = key(bool(wanted.name), wanted.module)
            later = [node for node, other in zip(group, keys, strict=True) if mine < other]
            break
    else:
        later = []
    if not later:
        return _after(source, group[-1], b"", _statement(wanted))
    at = _line_start(source, later[0], above_comments=later[0] is not group[0])
    return Edit(Span(at, at), _statement(wanted) + source.newline)


def _line_start(source: SourceFile, node: ast.stmt, above_comments: bool = False) -> int:
    line = node.lineno
    decorators = getattr(node, "decorator_list", ())
    if decorators:
        line = min(line, *(each.lineno for each in decorators))
    start = source.line_starts[line - 1]
    if source.data[start : source.offset(node.lineno, 0)].strip() and not decorators:
        raise CannotFix(NoLineForImport())
    while above_comments and line > 1 and source.line_bytes(line - 1).startswith(b"#"):
        line -= 1
    return source.line_starts[line - 1]


def _after(source: SourceFile, node: ast.stmt, gap: bytes, statement: bytes) -> Edit:
    """On the line after a statement, and after whatever else stands on its last line."""
    last = node.end_lineno or node.lineno
    for other in source.tree.body:
        if other.lineno <= last:
            last = max(last, other.end_lineno or other.lineno)
    if last < len(source.line_starts):
        at = source.line_starts[last]
        return Edit(Span(at, at), gap + statement + source.newline)
    at = len(source.data)
    return Edit(Span(at, at), source.newline + gap + statement)


def _first_import(source: SourceFile, wanted: Import) -> Edit:
    """After the docstring and `from __future__`, or before the first statement."""
    body = source.tree.body
    head = 0
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        head += isinstance(body[0].value.value, str)
    while head < len(body) and isinstance(node := body[head], ast.ImportFrom) and _is_future(node):
        head += 1
    newline = source.newline
    if head == len(body):
        return _after(source, body[-1], newline, _statement(wanted))
    blank_lines = 2 if isinstance(body[head], (ast.FunctionDef, ast.ClassDef)) else 1
    if head:
        edit = _after(source, body[head - 1], newline, _statement(wanted))
        line = source.line_of(edit.span.start)
        if not source.line_bytes(line).strip():
            return edit
        return Edit(edit.span, edit.new + newline * blank_lines)
    at = _line_start(source, body[0], above_comments=True)
    if _CODING.match(source.data, at) or at == source.line_starts[0]:
        at = _line_start(source, body[0])  # a file's heading stays at the top
    return Edit(Span(at, at), _statement(wanted) + newline * (1 + blank_lines))


def _one_more_name(source: SourceFile, node: ast.ImportFrom, name: str) -> Edit:
    """The name added to a `from … import` that is there, in its order."""
    starts = [source.offset(each.lineno, each.col_offset) for each in node.names]
    ends = [source.offset(each.end_lineno or 0, each.end_col_offset or 0) for each in node.names]
    own_lines = len({node.lineno, *(each.lineno for each in node.names)}) == len(starts) + 1
    keys = [_order(each.name) for each in node.names]
    text = name.encode()
    if keys == sorted(keys):
        for start, key in zip(starts, keys, strict=True):
            if _order(name) < key:
                line_start = source.line_starts[source.line_of(start) - 1]
                gap = source.newline + source.data[line_start:start] if own_lines else b" "
                return Edit(Span(start, start), text + b"," + gap)
    if not own_lines:
        return Edit(Span(ends[-1], ends[-1]), b", " + text)
    line = source.line_of(starts[-1])
    indent = source.data[source.line_starts[line - 1] : starts[-1]]
    rest = source.data[ends[-1] : source.line_starts[line]]
    if rest.lstrip().startswith(b","):
        at = source.line_starts[line]  # past the comma, and a comment behind it
        return Edit(Span(at, at), indent + text + b"," + source.newline)
    return Edit(Span(ends[-1], ends[-1]), b"," + source.newline + indent + text)


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort and ruff have them."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[:1].isupper() else 2), name
