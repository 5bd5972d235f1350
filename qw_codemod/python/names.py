"""Which names a file binds to a module or one of its members, as seen from one place in it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import TypeGuard

from qw_codemod.kernel.kept import kept
from qw_codemod.kernel.model import CannotFix, Import, Span
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import ImportedName, ImportStatement, imports_of, names_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)


class NameTaken(Statement):
    template = "`{name}` is bound to something else in this {where}"

    name: str
    where: str  # scope, module


@kept
def _absolute_names(source: SourceFile) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in imports_of(source.tree):
        if each.level or not (each.name or each.alias):
            continue  # `import a.b` names things by their own names
        if not (each.is_alternative and each.bound in found):
            found[each.bound] = each.source
    return found


def full_name(source: SourceFile, node: ast.AST) -> str:
    """The dotted name of what an expression refers to, as far as the file's imports tell.

    By the name alone: what else the file binds to it, and where, is not asked, and a relative
    import leaves it as it is. That is cheap, and enough for names that are seldom bound again: of
    exceptions, decorators, `time.sleep`. Where an edit depends on what an expression holds, ask
    `infer.holds`, which follows assignments, calls and other files.
    """
    first, dot, rest = dotted(node).partition(".")
    return _absolute_names(source).get(first, first) + dot + rest


def path_to(source: SourceFile, span: Span) -> list[ast.AST]:
    """The nodes around a span, from the module to the innermost that holds it."""
    path: list[ast.AST] = [source.tree]
    while True:
        inner = _child_at(source, path[-1], span)
        if inner is None:
            return path
        path.append(inner)


def _has_place(node: ast.AST) -> TypeGuard[ast.expr | ast.stmt | ast.excepthandler]:
    if isinstance(node, ast.FormattedValue):
        return False
    return isinstance(node, (ast.expr, ast.stmt, ast.excepthandler))


def _child_at(source: SourceFile, node: ast.AST, span: Span) -> ast.AST | None:
    for child in ast.iter_child_nodes(node):
        # Before Python 3.12 the braces of an f-string have the place of the whole string.
        if _has_place(child):
            covered = source.span(child)
            if covered.start <= span.start and span.end <= covered.end:
                return child
        elif (
            _child_at(source, child, span) is not None
        ):  # withitem, arguments, match_case have no place
            return child
    return None


def name_for(source: SourceFile, wanted: Import, span: Span) -> str | None:
    """The text by which code at `span` can refer to the import now; None if it must be added.

    Raises CannotFix where the name that the import would bind means something else there.
    """
    path = path_to(source, span)
    scopes = [node for node in path if isinstance(node, _SCOPES)]
    in_function = any(isinstance(node, _FUNCTIONS) for node in scopes)
    taken = wanted.bound.partition(".")[0]
    for scope in reversed(scopes):
        if isinstance(scope, ast.ClassDef) and scope is not scopes[-1]:
            continue  # a class's names are not seen from the functions in it
        if taken not in set(bound_names([scope])):
            continue
        found = _imported(source, wanted, _unconditional(scope), lambda end: end <= span.start)
        if found is not None and found.partition(".")[0] == taken:
            return found
        raise CannotFix(NameTaken(taken, "scope"))
    found = _imported(
        source,
        wanted,
        _unconditional(source.tree),
        lambda end: in_function or end <= span.start,
    )
    if found is not None:
        return _seen(found, scopes)
    if _defines(source, wanted):
        return _seen(wanted.bound, scopes)
    for name, statement in _module_bindings(source):
        if name == taken and not _binds(source, statement, wanted):
            raise CannotFix(NameTaken(taken, "module"))
    return None


def free_name(source: SourceFile, node: ast.AST, candidates: Iterable[str]) -> str:
    """The first candidate that means nothing in the file yet; with a number behind it if all do."""
    taken = {each.id for each in source.nodes(ast.Name)}
    taken |= {each.arg for each in source.nodes(ast.arg)}
    taken |= {each.bound for each in imports_of(source.tree)}
    taken |= {each.name for each in source.nodes(ast.FunctionDef)}
    taken |= {each.name for each in source.nodes(ast.AsyncFunctionDef)}
    taken |= {each.name for each in source.nodes(ast.ClassDef)}
    names = list(candidates)
    for scope in source.ancestors(node):
        if isinstance(scope, _FUNCTIONS):
            # A local name is in nobody's way in another function.
            own = {each.id for each in ast.walk(scope) if isinstance(each, ast.Name)}
            own |= {each.arg for each in ast.walk(scope) if isinstance(each, ast.arg)}
            taken = own
            break
    free = [name for name in names if name not in taken]
    if free:
        return free[0]
    return next(f"{names[0]}_{n}" for n in range(2, 1000) if f"{names[0]}_{n}" not in taken)


def _seen(name: str, scopes: Iterable[ast.AST]) -> str:
    root = name.partition(".")[0]
    if any(
        root in set(bound_names([scope])) for scope in scopes if not isinstance(scope, ast.ClassDef)
    ):
        raise CannotFix(NameTaken(root, "scope"))
    return name


def bound_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names bound by these nodes in their own scope, or by a scope's parameters and body."""
    stack = list(nodes)
    inside = [node for node in stack if isinstance(node, _SCOPES)]
    while stack:
        node = stack.pop()
        if isinstance(node, ImportStatement):
            yield from (each.bound for each in names_of(node))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        if isinstance(node, _SCOPES) and node not in inside:
            if not isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
                yield node.name
            continue
        stack += ast.iter_child_nodes(node)


def _unconditional(scope: ast.AST) -> Iterator[ImportStatement]:
    """The imports that run before what follows them: those in the body, and in a `try` of it."""
    for statement in getattr(scope, "body", ()) if not isinstance(scope, ast.Lambda) else ():
        if isinstance(statement, ImportStatement):
            yield statement
        elif isinstance(statement, ast.Try):
            yield from (inner for inner in statement.body if isinstance(inner, ImportStatement))


def _module_bindings(source: SourceFile) -> Iterator[tuple[str, ast.AST]]:
    for statement in source.tree.body:
        for node in _statements(statement):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield node.name, node
            elif not isinstance(node, _SCOPES):
                yield from ((name, node) for name in bound_names([node]))
    for node in source.nodes(ast.Global):
        yield from ((name, node) for name in node.names)


def _statements(statement: ast.stmt) -> Iterator[ast.AST]:
    """A statement, or the pieces of a compound one that bind names in the same scope."""
    if not isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
        yield statement
        return
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield from _statements(child)
        elif isinstance(child, ast.ExceptHandler):
            if child.name:
                yield ast.Name(child.name, ast.Store())
            for inner in child.body:
                yield from _statements(inner)
        else:
            yield child


def _imported(
    source: SourceFile,
    wanted: Import,
    statements: Iterable[ImportStatement],
    in_time: Callable[[int], bool],
) -> str | None:
    for statement in statements:
        if in_time(source.span(statement).end):
            found = _name_bound(source, statement, wanted)
            if found is not None:
                return found
    return None


def _binds(source: SourceFile, node: ast.AST, wanted: Import) -> bool:
    if not isinstance(node, ImportStatement):
        return False
    if isinstance(node, ast.Import) and not wanted.name:
        root = wanted.module.partition(".")[0]
        if any(not each.alias and each.bound == root for each in names_of(node)):
            return True
    return _name_bound(source, node, wanted) is not None


def _name_bound(source: SourceFile, statement: ImportStatement, wanted: Import) -> str | None:
    parent, _, last = wanted.module.rpartition(".")
    module, name = (wanted.module, wanted.name) if wanted.name else (parent, last)
    for each in names_of(statement):
        if each.name:
            if module and each.name == name and same_module(source, each, module):
                return each.bound
        elif not wanted.name:
            if each.module == wanted.module:
                return each.alias or each.module
            if not each.alias and each.module.startswith(f"{wanted.module}."):
                return wanted.module  # `import a.b` binds `a`, with `a.b` loaded
    return None


def same_module(source: SourceFile, imported: ImportedName, module: str) -> bool:
    """Whether `from …` names this module; a relative one is resolved by the file's own path."""
    relative = module.lstrip(".")
    if relative != module:
        level = len(module) - len(relative)
        return bool(imported.level) and _parts(source, level, relative) == _parts(
            source, imported.level, imported.module
        )
    if not imported.level:
        return imported.module == module
    wanted = module.split(".")
    return _parts(source, imported.level, imported.module)[-len(wanted) :] == wanted


def _parts(source: SourceFile, level: int, module: str) -> list[str]:
    """The folders and the name of a module that a relative import means; empty if too far up."""
    folders = PurePath(source.path).parts[:-1]
    if level > len(folders):
        return []
    return [*folders[: len(folders) - level + 1], *(module.split(".") if module else ())]


def _defines(source: SourceFile, wanted: Import) -> bool:
    """Whether this file is the module that the name would be imported from."""
    if not wanted.name:
        return False
    parts = PurePath(source.path).with_suffix("").parts
    if parts and parts[-1] == "__init__":
        parts = parts[:-1]
    module = tuple(wanted.module.split("."))
    if parts[-len(module) :] != module:
        return False
    return any(name == wanted.name for name, _ in _module_bindings(source))
