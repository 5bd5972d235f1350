"""What the import statements of a file bind: the one reader of them.

One row for each name, of plain values only, so that rows can be kept and sent to other processes:

    try:
        import ujson as json  # ImportedName("json", "ujson", "", "json", 0, 2, ("try-import",))
    except ImportError:
        from . import json  # ImportedName("json", "", "json", "", 1, 4, ("except-import",))

Which file a module is, the rows do not say: that depends on other files.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from qw_codemod.kernel.kept import kept
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import BROAD

ImportStatement = ast.Import | ast.ImportFrom
# What holds a statement: a definition, a branch, the `else` or `finally` of any statement.
# `-import`: of a `try` that handles ImportError. `types-only`: below `if TYPE_CHECKING`.
Block = Literal[
    "class",
    "def",
    "if",
    "else",
    "finally",
    "loop",
    "match",
    "with",
    "try",
    "except",
    "try-import",
    "except-import",
    "types-only",
]
_IMPORT_FAILURES = BROAD | {"ImportError", "ModuleNotFoundError"}
# Modules that Python 2 had under these names, and names of modules that Python 3 has without them.
# [docs.python.org/3/whatsnew/3.0.html, peps.python.org/pep-3108]
_GONE = frozenset(
    "BaseHTTPServer Bastion CGIHTTPServer ConfigParser Cookie DocXMLRPCServer HTMLParser Queue "
    "SimpleHTTPServer SimpleXMLRPCServer SocketServer StringIO Tkinter UserDict UserList "
    "UserString __builtin__ _winreg anydbm cPickle cStringIO commands cookielib copy_reg "
    "dummy_thread exceptions htmlentitydefs httplib md5 robotparser sets sha thread tkFileDialog "
    "tkMessageBox urllib2 urlparse whichdb xmlrpclib".split()
)
_GONE_NAMES = {
    "itertools": frozenset("imap izip ifilter izip_longest ifilterfalse".split()),
    "string": frozenset("maketrans letters lowercase uppercase join split".split()),
    "urllib": frozenset(
        "quote quote_plus unquote unquote_plus urlencode urlopen urlretrieve".split()
    ),
}
_Blocks = tuple[tuple[Block, list[ast.stmt]], ...]
_LATER: frozenset[Block] = frozenset({"else", "except", "except-import", "finally"})


class ImportedName(NamedTuple):
    """One name that an import statement binds.

    `name` is that of the member in `from module import name`, `*` for all of them, and empty in
    `import module`. `module` is without the dots of a relative import, which `level` counts.
    `inside` are the blocks around the statement, outermost first.
    """

    bound: str
    module: str
    name: str = ""
    alias: str = ""
    level: int = 0
    line: int = 0  # 1-based, of the statement
    inside: tuple[Block, ...] = ()

    @property
    def is_from(self) -> bool:
        """Whether it is `from … import`."""
        return bool(self.name)

    @property
    def source(self) -> str:
        """What is imported, as a dotted name: `a.b` for `import a.b` and `from a import b`.

        A relative import keeps its dots: `..a.b` for `from ..a import b`.
        """
        if not self.name:
            return self.module
        return f"{'.' * self.level}{self.module}{'.' if self.module else ''}{self.name}"

    @property
    def package(self) -> str:
        """The top-level package that must be installed; empty for a relative import."""
        return "" if self.level else self.module.partition(".")[0]

    @property
    def depth(self) -> int:
        """How many functions and classes are around it; 0: it binds a name of the module."""
        return sum(block in ("def", "class") for block in self.inside)

    @property
    def is_optional(self) -> bool:
        """Whether the module may be missing: a `try` handles that, or another was tried before."""
        return "try-import" in self.inside or "except-import" in self.inside

    @property
    def is_alternative(self) -> bool:
        """Whether it stands where something else was tried first: in `else` or `except`."""
        return not _LATER.isdisjoint(self.inside)

    @property
    def is_for_types(self) -> bool:
        """Whether it is never run."""
        return "types-only" in self.inside


@kept
def imports_of(tree: ast.Module) -> tuple[ImportedName, ...]:
    """All that a module imports, at any depth, in the order of the text."""
    found: list[ImportedName] = []
    waiting: list[tuple[Iterable[ast.stmt], tuple[Block, ...]]] = [(tree.body, ())]
    while waiting:
        statements, inside = waiting.pop()
        rest = iter(statements)
        for node in rest:
            kind = type(node)
            if kind is ast.ImportFrom or kind is ast.Import:
                found += names_of(node, inside)  # type: ignore[arg-type]
            elif kind in _BLOCKS:
                waiting.append((rest, inside))
                blocks = _BLOCKS[kind](node)
                waiting += ((body, (*inside, block)) for block, body in reversed(blocks) if body)
                break
    return tuple(found)


def imports_at_top(tree: ast.Module, package: str) -> bool:
    """Whether a module imports something of a package whenever it is loaded."""
    return any(each.package == package and not each.inside for each in imports_of(tree))


def gone_in_python_3(
    tree: ast.Module, is_own: Callable[[str], bool] = lambda package: False
) -> str:
    """What a module imports whenever it is loaded, and Python 3 does not have; empty if nothing.

    `is_own` says which packages the project has itself.
    """
    for each in imports_of(tree):
        if each.inside or not each.package or is_own(each.package):
            continue
        if each.package in _GONE or each.name in _GONE_NAMES.get(each.module, ()):
            return each.source
    return ""


def names_of(statement: ImportStatement, inside: tuple[Block, ...] = ()) -> Iterator[ImportedName]:
    """The names that one statement binds, in its order."""
    line = statement.lineno
    if isinstance(statement, ast.Import):
        for each in statement.names:
            bound = each.asname or each.name.partition(".")[0]
            yield ImportedName(bound, each.name, "", each.asname or "", 0, line, inside)
        return
    module, level = statement.module or "", statement.level
    for each in statement.names:
        bound, alias = each.asname or each.name, each.asname or ""
        yield ImportedName(bound, module, each.name, alias, level, line, inside)


def _of_if(node: ast.If) -> _Blocks:
    test = node.test
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    never = negated and _is_type_checking(test.operand)  # type: ignore[attr-defined]
    first: Block = "types-only" if _is_type_checking(test) else "if"
    return (first, node.body), ("types-only" if never else "else", node.orelse)


def _of_try(node: ast.Try) -> _Blocks:
    first: Block = "try-import" if any(map(_handles_it, node.handlers)) else "try"
    handlers: Iterator[tuple[Block, list[ast.stmt]]] = (
        ("except-import" if _handles_it(handler) else "except", handler.body)
        for handler in node.handlers
    )
    return (first, node.body), *handlers, ("else", node.orelse), ("finally", node.finalbody)


def _of_with(node: ast.With) -> _Blocks:
    suppresses = any(_suppresses_it(item.context_expr) for item in node.items)
    return (("try-import" if suppresses else "with", node.body),)


def _of_loop(node: ast.While) -> _Blocks:
    return ("loop", node.body), ("else", node.orelse)


# What holds the statements of each compound statement.
_BLOCKS: dict[type[ast.stmt], Callable[[Any], _Blocks]] = {
    ast.FunctionDef: lambda node: (("def", node.body),),
    ast.AsyncFunctionDef: lambda node: (("def", node.body),),
    ast.ClassDef: lambda node: (("class", node.body),),
    ast.If: _of_if,
    ast.For: _of_loop,
    ast.AsyncFor: _of_loop,
    ast.While: _of_loop,
    ast.With: _of_with,
    ast.AsyncWith: _of_with,
    ast.Try: _of_try,
    getattr(ast, "TryStar", ast.Try): _of_try,
    ast.Match: lambda node: tuple(("match", case.body) for case in node.cases),
}


def _is_type_checking(test: ast.expr) -> bool:
    return dotted(test).rpartition(".")[2] == "TYPE_CHECKING"


def _handles_it(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or _names_it(handler.type)


def _names_it(node: ast.expr) -> bool:
    """Whether an expression names a class that a failed import raises, or one in a tuple does."""
    if isinstance(node, ast.Tuple):
        return any(map(_names_it, node.elts))
    return dotted(node).rpartition(".")[2] in _IMPORT_FAILURES


def _suppresses_it(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and dotted(node.func).rpartition(".")[2] == "suppress"
        and any(map(_names_it, node.args))
    )
