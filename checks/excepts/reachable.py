"""Whether a name of the module, or an attribute of `self`, is bound whenever a handler runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from qw_codemod.facts.project import Tree
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile, block_of, children
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.imports import ImportStatement, names_of
from qw_codemod.python.names import bound_names

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MAKING = ("__init__", "__new__", "__post_init__")  # methods that run before all others


# -- names of the module ------------------------------------------------------------------------


def is_bound(source: SourceFile, tree: Tree, statement: ast.stmt, name: str) -> bool:
    """Whether a module's name is bound when a statement runs, wherever it stands.

    A function may be called while the module is still being imported, by what stands between its
    definition and that of the name.
    """
    around = {statement, *source.ancestors(statement)}
    at = next(i for i, node in enumerate(source.tree.body) if node in around)
    if any(name in _deleted(node) for node in source.tree.body):
        return False
    top, before = source.tree.body[at], source.tree.body[:at]
    if name in surely_bound(before):
        return True
    function = next((n for n in source.ancestors(statement) if isinstance(n, FUNCTIONS)), None)
    if function is None:
        return name in _bound_on_the_way(source, statement)
    for index, node in enumerate(source.tree.body[at + 1 :], at + 1):
        if name in surely_bound([node]):
            between = [top, *source.tree.body[at + 1 : index + 1]]
            return not _may_call(source, tree, between, top, function)
    return False


def _deleted(node: ast.AST) -> set[str]:
    if not isinstance(node, ast.Delete):
        return set()
    return {dotted(target) for target in node.targets}


def surely_bound(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that are bound in any case once these statements have run to their end."""
    names: set[str] = set()
    for node in statements:
        names |= _bound_by(node)
    return names


def _bound_by(node: ast.stmt) -> set[str]:
    match node:
        case ast.Import() | ast.ImportFrom():
            return {each.bound for each in names_of(node)}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign() | ast.AugAssign():
            return set(bound_names([node]))
        case ast.AnnAssign(value=value):
            return set(bound_names([node])) if value is not None else set()
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return surely_bound(body)
        case ast.If(body=body, orelse=orelse):
            return _in_all([body, orelse])
        case ast.Try(body=body, orelse=orelse, handlers=handlers, finalbody=finalbody):
            ways = [[*body, *orelse], *(each.body for each in handlers)]
            return _in_all(ways) | surely_bound(finalbody)
    return set()


def _in_all(ways: Sequence[Sequence[ast.stmt]]) -> set[str]:
    """What is bound whichever way was taken; a way that leaves does not come back."""
    coming = [way for way in ways if not (way and isinstance(way[-1], ast.Raise | ast.Return))]
    return set.intersection(*map(surely_bound, coming)) if coming else set()


def _bound_on_the_way(source: SourceFile, statement: ast.stmt) -> set[str]:
    """The names that the blocks around a statement of the module bind before it."""
    names: set[str] = set()
    child: ast.AST = statement
    for around in source.ancestors(statement):
        block = block_of(around, child)
        names |= surely_bound(block[: block.index(child)] if child in block else [])
        child = around
    return names


def _may_call(
    source: SourceFile, tree: Tree, between: Sequence[ast.stmt], top: ast.AST, function: ast.AST
) -> bool:
    """Whether the function may run while these statements of the module do."""
    own = {getattr(function, "name", ""), getattr(top, "name", "")} - {""}
    defined = _defined(source)
    stack: list[str] = []
    for node in between:
        if isinstance(node, ImportStatement) and _is_of_the_tree(source, tree, node):
            return True  # which may import this module in turn
        stack += _mentioned(_at_once(node))
    seen: set[str] = set()
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        for each in defined.get(name, ()):
            stack += _mentioned(ast.walk(each))
    return not own.isdisjoint(seen)


def _is_of_the_tree(source: SourceFile, tree: Tree, node: ImportStatement) -> bool:
    return any(each.level or tree.resolve(each.module, source.path) for each in names_of(node))


@kept
def _defined(source: SourceFile) -> dict[str, list[ast.AST]]:
    """The functions, methods and classes of a file by their names."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, _DEFINITIONS):
            found.setdefault(node.name, []).append(node)
    return found


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """What runs where a statement does: of a function its decorators and defaults."""
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, FUNCTIONS):
            stack += getattr(each, "decorator_list", ())
            stack += each.args.defaults
            stack += [default for default in each.args.kw_defaults if default is not None]
            continue
        yield each
        stack += children(each)


def _mentioned(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value  # getattr(self, "load")


# -- attributes of self -------------------------------------------------------------------------


def is_set_on_self(source: SourceFile, statement: ast.stmt, attribute: str) -> bool:
    """Whether `self.attribute` is there when a statement of a method runs."""
    cls = next((n for n in source.ancestors(statement) if isinstance(n, ast.ClassDef)), None)
    method = next((n for n in source.ancestors(statement) if isinstance(n, FUNCTIONS)), None)
    if cls is None or method is None:
        return False
    if attribute in surely_bound(cls.body):
        return True
    writers = [
        each
        for each in cls.body
        if isinstance(each, _DEFINITIONS[:2]) and any(_sets(node, attribute) for node in each.body)
    ]
    makers = [each for each in writers if each.name in _MAKING]
    if makers:
        return _is_set_first(source, statement, method, makers[0], attribute)
    if method in writers:
        return _is_set_before(source, statement, method, attribute)
    if writers or not cls.bases:
        return _is_used_before(source, statement, method, attribute)
    return getattr(method, "name", "") not in _MAKING or _is_used_before(
        source, statement, method, attribute
    )


def _sets(node: ast.AST, attribute: str) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) and any(
        dotted(target) == f"self.{attribute}"
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    )


def _is_set_first(
    source: SourceFile, statement: ast.stmt, method: ast.AST, maker: ast.AST, attribute: str
) -> bool:
    """Whether what makes the object sets the attribute before it can come to the statement."""
    if method is maker:
        return _is_set_before(source, statement, method, attribute)
    stack: list[str] = []
    for node in getattr(maker, "body", ()):
        if _sets(node, attribute):
            break
        stack += _mentioned(_at_once(node))
    seen: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            for definition in _defined(source).get(name, ()):
                stack += _mentioned(ast.walk(definition))
    return getattr(method, "name", "") not in seen


def _is_set_before(
    source: SourceFile, statement: ast.stmt, method: ast.AST, attribute: str
) -> bool:
    return any(_sets(node, attribute) for node in _run_before(source, statement, method))


def _is_used_before(
    source: SourceFile, statement: ast.stmt, method: ast.AST, attribute: str
) -> bool:
    """Whether the method has read the attribute already, when it comes to the statement."""
    return any(
        isinstance(each, ast.Attribute) and each.attr == attribute
        for node in _run_before(source, statement, method)
        if isinstance(node, ast.Expr | ast.Assign)
        for each in ast.walk(node)
    )


def _run_before(source: SourceFile, statement: ast.stmt, method: ast.AST) -> Iterator[ast.stmt]:
    """The statements of a method that have run when one of it begins."""
    child: ast.AST = statement
    for around in source.ancestors(statement):
        block = block_of(around, child)
        yield from block[: block.index(child)] if child in block else ()
        if around is method:
            return
        child = around


# -- names of a function ------------------------------------------------------------------------


def is_local(source: SourceFile, statement: ast.stmt, name: str) -> bool | None:
    """Whether a name of the functions around a statement is bound before it.

    None: the name is of none of these functions.
    """
    place: ast.stmt = statement
    for function in source.ancestors(statement):
        if not isinstance(function, FUNCTIONS):
            continue
        if name in set(bound_names([function])) and name not in _global_in(function):
            given = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
            return name in given or name in surely_bound(_run_before(source, place, function))
        if not isinstance(function, ast.Lambda):
            place = function
    return None


def _global_in(function: ast.AST) -> set[str]:
    return {
        name for each in ast.walk(function) if isinstance(each, ast.Global) for name in each.names
    }
