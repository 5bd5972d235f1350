"""What a module defines, and which names each definition uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from qw_codemod.languages.python import FIELDS, SourceFile, children
from qw_codemod.python.bindings import dotted, parameters
from qw_codemod.python.imports import imports_of, names_of
from qw_codemod.python.syntax import first_line

# Decorators after which a function is still called by its name; others may register it somewhere.
_PLAIN = re.compile(
    r"property|staticmethod|classmethod|abstract|cache|wraps|setter|getter|deleter|contextmanager"
    r"|override|overload|dataclass|final|retry|retries|deprecated|total_ordering"
    r"|fixture|patch|pytest|unittest|mock|freeze"
)
_BY_STRING = frozenset(
    "getattr hasattr methodcaller attrgetter usefixtures getfixturevalue".split()
)
_DYNAMIC = frozenset("__subclasses__ globals eval exec".split())
_LOADERS = frozenset("import_module __import__ run_module".split())

Key = tuple[str, str, str]  # path, class or empty, name
_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, method, class or module-level value: where it stands, and what it names.

    Two that differ in their lines alone are equal.
    """

    key: Key
    kind: str  # function, class, value
    first: int = field(compare=False)  # 1-based lines, both included, decorators as well
    last: int = field(compare=False)
    words: tuple[str, ...]  # in order; thousands of definitions are kept, and sets take much room
    bases: tuple[str, ...] = ()
    registered: bool = False  # with something that may call it: by a decorator, as autouse fixture
    dynamic: bool = False  # runs what no name tells
    calls_super: bool = False

    @property
    def name(self) -> str:
        return self.key[2]

    @property
    def flags(self) -> tuple[bool, bool, bool]:
        return self.registered, self.dynamic, self.calls_super


@dataclass(frozen=True, slots=True)
class Names:
    """What a module defines and calls; two that differ in their lines alone are equal."""

    definitions: tuple[Definition, ...]
    at_import: frozenset[str]  # what is called when it is imported
    as_program: frozenset[str]  # what is called when it is run; empty if it is no program
    words: frozenset[str]  # of a test: every name that it uses
    dynamic: bool  # of a test: it loads files that no import names

    def summary(self) -> tuple[object, ...]:
        """The same, wherever the file is and whenever it is asked."""
        rows = tuple(
            (each.key[1:], each.kind, each.words, each.bases, *each.flags)
            for each in self.definitions
        )
        sets = (self.at_import, self.as_program, self.words)
        return rows, *map(sorted, sets), self.dynamic


def module_names(source: SourceFile, kind: str) -> Names:
    """The names of a module; `kind` is "test" or "code"."""
    body = source.tree.body
    renamed = renames(source)
    kept: dict[ast.AST, frozenset[str]] = {}
    defined = tuple(definitions(source.path, body, renamed, kind == "test", kept))
    words = words_of(body, renamed, kept) if kind == "test" else frozenset()
    return Names(
        defined,
        frozenset(called_by(body)),
        frozenset(called_by(body, True) if any(map(is_main, body)) else ()),
        words,
        is_dynamic(body, words),
    )


def links_of(source: SourceFile, kind: str) -> tuple[tuple[object, ...], ...]:
    """What a module imports, as it is written; of a test, the texts that may name a module too."""
    found: list[tuple[object, ...]] = [
        (each.level, each.module, each.name) for each in imports_of(source.tree)
    ]
    return (tuple(found), tuple(dict.fromkeys(texts_of(source))) if kind == "test" else ())


def texts_of(source: SourceFile) -> Iterator[str]:
    """The texts that can name a module, a part of one, or a file."""
    for constant in source.nodes(ast.Constant):
        text = constant.value
        if isinstance(text, str) and len(text) < 200 and "." in text:
            yield text


def renames(source: SourceFile) -> dict[str, str]:
    """`{"b": "a"}` for `from x import a as b`: the names that a file has given to others."""
    return {
        each.alias: each.name or each.module.rpartition(".")[2]
        for each in imports_of(source.tree)
        if each.alias
    }


def definitions(
    path: str,
    body: Iterable[ast.stmt],
    renamed: Mapping[str, str],
    injected: bool = False,
    kept: dict[ast.AST, frozenset[str]] | None = None,
) -> Iterator[Definition]:
    """What these statements define, functions inside functions aside.

    `injected`: the names of parameters are names of fixtures, and count as used. `kept` is given
    the words of each function.
    """
    statements = [*_simple(body)]
    assigned = {
        dotted(target): dotted(node.value.func if isinstance(node.value, ast.Call) else node.value)
        for node in statements
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    kept = {} if kept is None else kept
    yield from _definitions(path, statements, renamed, injected, assigned, kept)


def _definitions(
    path: str,
    statements: Iterable[ast.stmt],
    renamed: Mapping[str, str],
    injected: bool,
    assigned: Mapping[str, str],
    kept: dict[ast.AST, frozenset[str]],
    owner: str = "",
) -> Iterator[Definition]:
    for node in statements:
        first = first_line(node)
        last = node.end_lineno or node.lineno
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            words = words_of([node], renamed, kept)
            yield Definition(
                (path, owner, node.name),
                "function",
                first,
                last,
                _ordered(words | _parameters(node, injected)),
                registered=_is_registered(node, assigned),
                dynamic=is_dynamic([node], words),
                calls_super=node.name in words and any(map(_is_super(node.name), ast.walk(node))),
            )
            given = fixture_name(node)
            if given:  # tests know it by that name alone
                yield Definition((path, "", given), "value", first, last, (node.name,))
        elif isinstance(node, ast.ClassDef):
            # A class attribute may hold another class; methods have definitions of their own.
            values = [n for n in node.body if isinstance(n, (ast.Assign, ast.AnnAssign))]
            yield Definition(
                (path, "", node.name),
                "class",
                first,
                last,
                _ordered(
                    words_of(values, renamed) | {renamed.get(w, w) for w in called_by(node.body)}
                ),
                tuple(renamed.get(name, name) for name in map(_last, node.bases)),
                registered=_is_registered(node, assigned),
            )
            inner = _simple(node.body)
            yield from _definitions(path, inner, renamed, injected, assigned, kept, node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in filter(None, map(dotted, targets)):
                if node.value is not None and not owner:
                    used = _ordered(words_of([node.value], renamed))
                    yield Definition((path, "", name), "value", first, last, used)
        elif isinstance(node, ast.ImportFrom):
            for each in names_of(node):
                if each.alias and not owner:  # others may know it by that name
                    yield Definition((path, "", each.alias), "value", first, last, (each.name,))


def _ordered(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words))


def fixture_name(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The name that `@pytest.fixture(name="…")` gives a function; empty if it gives none."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and _last(decorator.func).endswith("fixture"):
            for keyword in decorator.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""


def _simple(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module or class, those inside `if`, `try` and the like in their place."""
    waiting = [*body][::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
            continue
        inner = [*getattr(node, "body", ())]
        for handler in getattr(node, "handlers", ()):
            inner += handler.body
        for case in getattr(node, "cases", ()):
            inner += case.body
        inner += [*getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
        if not inner:
            yield node
        waiting += reversed(inner)


def _last(node: ast.expr) -> str:
    while isinstance(node, (ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) and dotted(node) else ""


def _parameters(node: _FunctionNode, injected: bool) -> set[str]:
    return {each.arg for each in parameters(node)} if injected else set()


def _is_registered(node: _FunctionNode | ast.ClassDef, assigned: Mapping[str, str]) -> bool:
    """Whether a decorator may hand it to others; `assigned` are the decorators with own names."""
    for each in node.decorator_list:
        name = dotted(each.func if isinstance(each, ast.Call) else each)
        if not _PLAIN.search(name) and not _PLAIN.search(assigned.get(name, "")):
            return True
        if name.endswith("fixture") and isinstance(each, ast.Call):
            return any(keyword.arg == "autouse" for keyword in each.keywords)
    return False


def _is_super(name: str) -> Callable[[ast.AST], bool]:
    """Whether a node may refer to the method of that name in a base class."""
    return lambda node: (
        isinstance(node, ast.Attribute)
        and node.attr == name
        and dotted(node.value) not in ("self", "cls")
    )


def words_of(
    nodes: Iterable[ast.AST],
    renamed: Mapping[str, str],
    of_functions: dict[ast.AST, frozenset[str]] | None = None,
) -> frozenset[str]:
    """The names that code uses, annotations aside; where it renames an import, the first name.

    The bases of a class count where the class stands inside a function: it has no definition then.
    `of_functions` keeps what was found in each outermost function.
    """
    found: set[str] = set()
    kept = {} if of_functions is None else of_functions
    for function in _add_words([*nodes], renamed, found, _OUTSIDE):
        words = kept.get(function)
        if words is None:
            inner: set[str] = set()
            _add_words(_parts(function, _INSIDE), renamed, inner, _INSIDE)
            words = kept[function] = frozenset(inner)
        found |= words
    return frozenset(found)


def _word_fields(left_out: Collection[str]) -> dict[type[ast.AST], tuple[str, ...]]:
    return {
        kind: tuple(name for name in names if name not in left_out)
        for kind, names in FIELDS.items()
    }


# The fields in which names count: inside a function, and outside of all.
_INSIDE = _word_fields(("annotation", "returns"))
_OUTSIDE = _word_fields(("annotation", "returns", "bases"))
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef)


def _add_words(
    stack: list[ast.AST],
    renamed: Mapping[str, str],
    found: set[str],
    fields: Mapping[type[ast.AST], tuple[str, ...]],
) -> list[ast.AST]:
    """Add the names to `found`; gives the functions that stand in code outside of functions."""
    functions: list[ast.AST] = []
    is_outside = fields is _OUTSIDE
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind is ast.Name:
            name = node.id  # type: ignore[attr-defined]
            found.add(renamed.get(name, name))
        elif kind is ast.Attribute:
            found.add(node.attr)  # type: ignore[attr-defined]
            stack.append(node.value)  # type: ignore[attr-defined]
        elif is_outside and kind in _DEFINED:
            functions.append(node)
        else:
            if kind is ast.Call and _last(node.func) in _BY_STRING:  # type: ignore[attr-defined]
                for argument in node.args:  # type: ignore[attr-defined]
                    found.update(_spelled(argument))
            stack += _parts(node, fields)
    return functions


def _parts(node: ast.AST, fields: Mapping[type[ast.AST], tuple[str, ...]]) -> list[ast.AST]:
    found: list[ast.AST] = []
    for name in fields[node.__class__]:
        value = getattr(node, name)
        if value.__class__ is list:
            found += [item for item in value if item is not None]
        elif value is not None:
            found.append(value)
    return found


def _spelled(node: ast.expr) -> Iterator[str]:
    """The name that a string spells; `on_*` where only its beginning can be seen."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
        return
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    elif isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value + "*"


def called_by(body: Iterable[ast.stmt], as_program: bool = False) -> set[str]:
    """The names that are called while these statements are loaded, and those that decorate.

    `as_program`: what stands under `if __name__ == "__main__"` runs too.
    """
    found: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            found.update(map(_last, getattr(node, "decorator_list", ())))
            continue
        if not as_program and is_main(node):
            continue
        if isinstance(node, ast.Call):
            found.add(_last(node.func))
        stack.extend(children(node))
    return found - {""}


def is_main(node: ast.AST) -> bool:
    """Whether it is `if __name__ == "__main__"`."""
    return isinstance(node, ast.If) and any(
        isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(node.test)
    )


def is_dynamic(nodes: Sequence[ast.AST], words: frozenset[str]) -> bool:
    """Whether code that uses these words runs something that no name in the source tells."""
    if words.isdisjoint(_DYNAMIC | _LOADERS):
        return False
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Call):
                name = _last(node.func)
                literal = node.args and isinstance(node.args[0], ast.Constant)
                if name in _DYNAMIC or name in _LOADERS and not literal:
                    return True
    return False
