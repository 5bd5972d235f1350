"""Puts an import where an import sorter would have it, as an edit of bytes."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import pairwise, takewhile

from qw_codemod.edit.reasons import NoLineForImport
from qw_codemod.kernel.edits import apply
from qw_codemod.kernel.model import Edit, Span
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import ImportStatement, names_of
from qw_codemod.python.names import same_module
from qw_codemod.python.suppressions import behind, first_line_above
from qw_codemod.rules.api import CannotFix, Import

_STDLIB, _THIRD_PARTY, _FIRST_PARTY, _RELATIVE = range(4)
_CODING = re.compile(rb"#!|#.*coding[:=]")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_Key = tuple[bool, str]
_FirstParty = Callable[[str], bool]


def module_edits(
    source: SourceFile,
    imports: Iterable[Import],
    lines: Iterable[str],
    before: int,
    first_party: _FirstParty,
) -> list[Edit]:
    """The insertions of these imports and, below them, of assignments, before a byte offset.

    Each goes where it belongs once those before it are made. Raises CannotFix as `import_edit`.
    """
    made: list[Edit] = []
    current = source
    steps: list[Callable[[SourceFile, int], Edit]] = [
        *(partial(_imported, wanted, first_party) for wanted in imports),
        *(partial(_below_imports, line) for line in lines),
    ]
    for step in steps:
        grown = sum(len(edit.new) for edit in made)
        made = _with_insertion(made, step(current, before + grown))
        current = _edited(source.path, apply(source.data, made))
    return made


def _with_insertion(made: Sequence[Edit], edit: Edit) -> list[Edit]:
    """Insertions into a file, and one more into what they make of it, which may be among them."""
    at = edit.span.start
    before: list[Edit] = []
    for index, each in enumerate(made):
        start, size = each.span.start, len(each.new)
        if at < start:
            break
        if at <= start + size:
            new = each.new[: at - start] + edit.new + each.new[at - start :]
            return [*before, replace(each, new=new), *made[index + 1 :]]
        before.append(each)
        at -= size
    return [*before, Edit(Span(at, at), edit.new), *made[len(before) :]]


@lru_cache(maxsize=16)
def _edited(path: str, data: bytes) -> SourceFile:
    return SourceFile(path, data)


def _imported(wanted: Import, first_party: _FirstParty, source: SourceFile, before: int) -> Edit:
    return import_edit(source, wanted, before, first_party)


def import_edit(source: SourceFile, wanted: Import, before: int, first_party: _FirstParty) -> Edit:
    """The insertion that binds the import, before the byte offset `before`.

    Raises CannotFix where there is no line of its own for it.
    """
    body = [node for node in source.tree.body if source.span(node).end <= before]
    for node in body:
        if not wanted.name or not isinstance(node, ast.ImportFrom):
            continue
        first = next(names_of(node))
        if first.name != "*" and same_module(source, first, wanted.module):
            return _one_more_name(source, node, wanted.name)
    head = list(takewhile(lambda node: not isinstance(node, _DEFINITIONS), body))
    section = _section(wanted.module, first_party)
    opener = _path_opener(source, head, section, first_party)
    if opener is not None:
        head = head[head.index(opener) + 1 :]
    statements = [node for node in head if isinstance(node, ImportStatement)]
    groups = _groups(source, [node for node in statements if not _is_future(node)])
    if not groups:
        if opener is not None:
            return _after(source, opener, source.newline, _statement(source, wanted))
        return _first_import(source, wanted)
    root = wanted.module.partition(".")[0]
    beside = [group for group in groups if any(_root(node) == root for node in group)]
    same = [group for group in groups if _mostly(group, first_party) == section]
    mixed = [
        group for group in groups if any(_section_of(n, first_party) == section for n in group)
    ]
    if chosen := beside or same or mixed:
        return _into_group(source, chosen[0], wanted, first_party)
    earlier = [group for group in groups if _mostly(group, first_party) < section]
    if earlier:
        group = earlier[-1]
        lower = [node for node in group if _section_of(node, first_party) < section]
        gap = source.newline if lower[-1] is group[-1] else b""
        return _after(source, lower[-1], gap, _statement(source, wanted))
    at = _above(source, groups[0][0])
    return Edit(Span(at, at), _statement(source, wanted) + source.newline * 2)


def _path_opener(
    source: SourceFile, head: Sequence[ast.stmt], section: int, first_party: _FirstParty
) -> ast.stmt | None:
    """The last statement of a head that changes `sys.path`, where an import may rely on that.

    One of a library does not where others of libraries stand above it.
    """
    found = [node for node in head if section != _STDLIB and _changes_path(source, node)]
    if not found:
        return None
    above = head[: head.index(found[-1])]
    if section == _THIRD_PARTY and any(
        isinstance(node, ImportStatement)
        and not _is_future(node)
        and _section_of(node, first_party) == section
        for node in above
    ):
        return None
    return found[-1]


def _changes_path(source: SourceFile, statement: ast.stmt) -> bool:
    """Whether a statement gives Python other folders to import from, itself or in what it calls."""
    nodes = [statement]
    for call in ast.walk(statement):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            nodes += [
                each
                for each in source.tree.body
                if isinstance(each, _DEFINITIONS) and each.name == call.func.id
            ]
    return any(_is_path_change(each) for node in nodes for each in ast.walk(node))


def _is_path_change(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="insert" | "append" | "extend")):
            return dotted(value) == "sys.path"
        case ast.Call(func=func):
            return dotted(func).endswith("addsitedir")
        case ast.Assign(targets=[target]) | ast.AugAssign(target=target):
            owner = target.value if isinstance(target, ast.Subscript) else target
            return dotted(owner) == "sys.path"
    return False


def _below_imports(line: str, source: SourceFile, before: int) -> Edit:
    """A module's assignment below its imports."""
    last = _last_import(source, before)
    documented = ast.get_docstring(source.tree, clean=False) is not None
    if last is None and documented:
        last = source.tree.body[0]
    at = _end_of_line(source, last) if last is not None else 0
    newline = source.newline
    text = (newline * 2 if at else b"") + line.encode(source.encoding)
    following = source.data[at:]
    blank = len(following) - len(following.lstrip(b"\r\n"))
    wanted = _lines_to_next(source, at)
    return Edit(Span(at, at), text + newline * max(0, wanted - blank // len(newline)))


def _lines_to_next(source: SourceFile, at: int) -> int:
    """The line ends before the next statement, as formatters have them."""
    for node in source.tree.body:
        if source.span(node).start >= at:
            defines = isinstance(node, _DEFINITIONS)
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
        if isinstance(node, _DEFINITIONS):
            break
        if source.span(node).end > before:
            break
        guarded = isinstance(node, (ast.Try, ast.If)) and any(
            isinstance(each, ImportStatement) for each in node.body
        )
        if guarded or isinstance(node, ImportStatement):
            found = node
    return found


def _statement(source: SourceFile, wanted: Import) -> bytes:
    text = f"import {wanted.module}"
    if wanted.name:
        text = f"from {wanted.module} import {wanted.name}"
    if not wanted.comment:
        return text.encode()
    comment = wanted.comment.encode(source.encoding)
    if wanted.comment_is_above:
        return comment + source.newline + text.encode()
    return text.encode() + b"  " + comment


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
    if not root:
        return _RELATIVE
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


def _into_group(
    source: SourceFile, group: list[ImportStatement], wanted: Import, first_party: _FirstParty
) -> Edit:
    section = _section(wanted.module, first_party)
    own = [node for node in group if _section_of(node, first_party) == section]
    for members in (group, own):  # several sections in one group: in order as a whole, or not
        for key in (_by_form, _by_module):
            keys = [key(isinstance(node, ast.ImportFrom), _module(node)) for node in members]
            if members and all(first <= second for first, second in pairwise(keys)):
                mine = key(bool(wanted.name), wanted.module)
                later = [n for n, other in zip(members, keys, strict=True) if mine < other]
                return _among(source, group, members, later, wanted)
    return _after(source, (own or group)[-1], b"", _statement(source, wanted))


def _by_form(is_from: bool, module: str) -> _Key:
    return is_from, module.lower()


def _by_module(is_from: bool, module: str) -> _Key:
    return False, module.lower()  # isort's force_sort_within_sections


def _among(
    source: SourceFile,
    group: Sequence[ImportStatement],
    members: Sequence[ImportStatement],
    later: Sequence[ImportStatement],
    wanted: Import,
) -> Edit:
    """Before the first of those members of a group that come later, or after the last one."""
    if not later:
        return _after(source, members[-1], b"", _statement(source, wanted))
    at = _line_start(source, later[0], above_comments=later[0] is not group[0])
    return Edit(Span(at, at), _statement(source, wanted) + source.newline)


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
    line = first_line_above(source, line)
    return source.line_starts[line - 1]


def _above(source: SourceFile, node: ast.stmt) -> int:
    """Where the line of a statement starts, and the comments that go with it."""
    at = _line_start(source, node, above_comments=True)
    if _CODING.match(source.data, at) or at == source.line_starts[0]:
        return _line_start(source, node)  # a file's heading stays at the top
    return at


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
        return _after(source, body[-1], newline, _statement(source, wanted))
    blank_lines = 2 if isinstance(body[head], (ast.FunctionDef, ast.ClassDef)) else 1
    if head:
        edit = _after(source, body[head - 1], newline, _statement(source, wanted))
        line = source.line_of(edit.span.start)
        if not source.line_bytes(line).strip():
            return edit
        return Edit(edit.span, edit.new + newline * blank_lines)
    at = _above(source, body[0])
    return Edit(Span(at, at), _statement(source, wanted) + newline * (1 + blank_lines))


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
                return _before_name(source, start, text, own_lines)
    if not own_lines:
        return Edit(Span(ends[-1], ends[-1]), b", " + text)
    line = source.line_of(starts[-1])
    indent = source.data[source.line_starts[line - 1] : starts[-1]]
    rest = source.data[ends[-1] : source.line_starts[line]]
    if rest.lstrip().startswith(b","):
        at = source.line_starts[line]  # past the comma, and a comment behind it
        return Edit(Span(at, at), indent + text + b"," + source.newline)
    if behind(source, line):
        return _before_name(source, starts[-1], text, own_lines)
    return Edit(Span(ends[-1], ends[-1]), b"," + source.newline + indent + text)


def _before_name(source: SourceFile, start: int, text: bytes, on_own_line: bool) -> Edit:
    """A name before the one at an offset, and before what is remarked above that."""
    if not on_own_line:
        return Edit(Span(start, start), text + b", ")
    line = source.line_of(start)
    line_start = source.line_starts[line - 1]
    indent = source.data[line_start:start]
    while source.line_bytes(line - 1).lstrip().startswith(b"#"):
        line -= 1
    at = source.line_starts[line - 1]
    return Edit(Span(at, at), indent + text + b"," + source.newline)


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort and ruff have them."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[:1].isupper() else 2), name
