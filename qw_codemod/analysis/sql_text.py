"""What a SQL statement does, as far as its text can be seen in the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qw_codemod.facts.project import Tree
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.assignments import assigned, given_to
from qw_codemod.python.bindings import dotted, parameters
from qw_codemod.python.imports import ImportedName, imports_of
from qw_codemod.python.syntax import function_of, last_name, own_nodes

_UNKNOWN = " _ "  # stands for each part that cannot be seen
_NOISE = re.compile(
    r"--[^\n]*|\#[^\n]*|/\*.*?\*/|`[^`]*`"
    r"|'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"",
    re.DOTALL,
)
_FIELD = re.compile(r"\{[^{}]*\}|%\(\w+\)s|%s")
_WRITES = frozenset(
    "INSERT UPDATE DELETE MERGE CREATE DROP UNDROP ALTER TRUNCATE CALL EXPORT LOAD GRANT "
    "REVOKE".split()
)
_SCRIPTS = frozenset("BEGIN DECLARE EXECUTE SET IF LOOP WHILE REPEAT FOR COMMIT".split())
_METHODS = frozenset(
    "strip lstrip rstrip format format_map replace substitute safe_substitute render".split()
)
_WRAPPERS = frozenset("dedent cleandoc indent Template from_string text str".split())
_MOST = 200  # expressions looked at
_READS = frozenset("SELECT WITH FROM TABLE".split())
# Where these stand, rows that are there already are not written again.
_ONLY_NEW = re.compile(
    r"\bNOT\s+EXISTS\b|\bNOT\s+IN\s*\(\s*(SELECT|_)\b|\bEXCEPT\s+DISTINCT\b"
    r"|\bJOIN\b.*\bIS\s+NULL\b",
    re.I | re.DOTALL,
)
_REPLACES = re.compile(r"\s*(DELETE|TRUNCATE|DROP|CREATE\s+OR\s+REPLACE)\b", re.I)
_APPENDS = re.compile(r"\bON\s*\(?\s*(FALSE|1\s*=\s*0)\b(?!.*\bDELETE\b)", re.I | re.DOTALL)
_ASSIGNMENT = re.compile(
    r"(?:\bSET\b|,)\s*(?:\w+\s*\.\s*)?(\w+)\s*=\s*([^=;]*?)"
    r"(?=,\s*(?:\w+\s*\.\s*)?\w+\s*=|\bWHEN\b|\bWHERE\b|\bFROM\b|;|$)",
    re.I | re.DOTALL,
)
_ADDS = re.compile(r"[-+*/]|\|\||\b(ARRAY_)?CONCAT\b", re.I)
_TARGET = re.compile(r"\b(?:MERGE(.*?)USING|UPDATE(.*?)SET)\b", re.I | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sql:
    """What the texts say that an expression can hold.

    `verb` is the first one that writes, such as `MERGE`; empty for a read, and where none is seen.
    `reads`: all that is seen is a query. `repeats`: run a second time, it writes the same again.
    """

    verb: str
    reads: bool
    repeats: bool


def statement(source: SourceFile, sql: ast.expr, tree: Tree | None = None) -> Sql:
    """What a statement does; a script counts as writing, a `CREATE TEMP ...` does not.

    With a `tree`, what is imported from its modules is seen too.
    """
    texts = _Text(source, tree).of(sql)
    verb = next(filter(None, map(_verb, texts)), "")
    return Sql(
        verb,
        not verb and bool(texts) and all(map(_is_query, texts)),
        not any(map(_adds, texts)),
    )


def written(source: SourceFile, sql: ast.expr) -> str:
    """The first verb of a statement that writes, such as `MERGE`; empty for a read or if unknown.

    A script counts as writing, a `CREATE TEMP ...` does not.
    """
    return statement(source, sql).verb


def _is_query(text: str) -> bool:
    words = re.findall(r"\w+", _NOISE.sub(" ", text))
    return bool(words) and words[0].upper() in _READS


def _adds(text: str) -> bool:
    """Whether a second run of the text would add to what the first one wrote."""
    cleared = False
    for each in _NOISE.sub(" ", text).split(";"):
        verb = _verb(each)
        if _REPLACES.match(each):
            cleared = True
        elif verb == "INSERT":
            if not cleared and not _ONLY_NEW.search(each):
                return True
        elif verb in ("MERGE", "UPDATE") and (_APPENDS.search(each) or _counts_up(each)):
            return True
    return False


def _counts_up(text: str) -> bool:
    """Whether a column of the target gets a value that is made of its own: `n = n + 1`."""
    found = _TARGET.search(text)
    named = re.findall(r"\w+", (found[1] or found[2] or "") if found else "")
    target = re.escape(named[-1]) if named else r"\b\B"
    for column, value in _ASSIGNMENT.findall(text):
        own = rf"(?<![\w.])(?:{target}\s*\.\s*)?{re.escape(column)}\b"
        if _ADDS.search(value) and re.search(own, value, re.I):
            return True
    return False


def _verb(text: str) -> str:
    script = ""
    for statement in _NOISE.sub(" ", text).split(";"):
        words = [word.upper() for word in re.findall(r"\w+", statement)]
        known = words
        while known and known[0] == "_":
            known = known[1:]
        verb = known[0] if known else ""
        if verb == "CREATE" and {"TEMP", "TEMPORARY"} & {*known[:4]}:
            continue
        if verb in _WRITES:
            return verb
        if verb in _SCRIPTS and known is words:
            script = script or verb
    return script


class _Text:
    """What string expressions of one file can be; stops after so many of them."""

    def __init__(self, source: SourceFile, tree: Tree | None = None, left: int = _MOST) -> None:
        self.source = source
        self.tree = tree
        self.left = left

    def of(self, node: ast.expr) -> list[str]:
        self.left -= 1
        if self.left < 0:
            return [_UNKNOWN]
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else [_UNKNOWN]
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values)
        if isinstance(node, (ast.FormattedValue, ast.NamedExpr)):
            return self.of(node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined(_summands(node))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            return [_FIELD.sub(_UNKNOWN, text) for text in self.of(node.left)]
        if isinstance(node, ast.IfExp):
            return self._any([node.body, node.orelse])
        if isinstance(node, ast.BoolOp):
            return self._any(node.values)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self._any(self._values(node)) or self._imported(node) or [_UNKNOWN]
        return [_UNKNOWN]

    def _any(self, nodes: Iterable[ast.expr]) -> list[str]:
        return [text for node in nodes for text in self.of(node)]

    def _joined(self, parts: Iterable[ast.expr], between: str = "") -> list[str]:
        texts = [""]
        for part in parts:
            texts = [text + between + more for text in texts for more in self.of(part)[:3]][:8]
        return texts

    def _call(self, node: ast.Call) -> list[str]:
        name = last_name(node)
        if isinstance(node.func, ast.Attribute) and name in _METHODS:
            texts = self.of(node.func.value)
            return [_FIELD.sub(_UNKNOWN, t) for t in texts] if name.startswith("format") else texts
        if name in _WRAPPERS and node.args:
            return self.of(node.args[0])
        if name == "join" and node.args:
            parts = self._items(node.args[0])
            return self._joined(parts, "\n") if parts else [_UNKNOWN]
        if dotted(node.func) in (name, f"self.{name}", f"cls.{name}"):
            for function in self.source.nodes(ast.FunctionDef):
                if function.name == name:
                    found = [n for n in own_nodes(function.body) if isinstance(n, ast.Return)]
                    return self._any(each.value for each in found if each.value) or [_UNKNOWN]
        return self._imported(node.func) or [_UNKNOWN]

    def _imported(self, node: ast.expr) -> list[str]:
        """What a constant of another module is, or a function of it gives back."""
        name = dotted(node)
        if self.tree is None or not name:
            return []
        module, _, last = name.rpartition(".")
        for each in imports_of(self.source.tree):
            if each.bound == name and each.is_from:
                path, last = self._path(each, whole=False), each.name
            elif module and module == (each.bound if each.is_from or each.alias else each.module):
                path = self._path(each, whole=True)
            else:
                continue
            view = self.tree.view(path) if path and path != self.source.path else None
            if view is not None:
                other = _Text(view.source, self.tree, self.left - 1)
                found = other.of_module(last)
                self.left = other.left
                return found
        return []

    def _path(self, imported: ImportedName, whole: bool) -> str:
        """The module that an import takes a name from; `whole`: the one that it binds."""
        assert self.tree is not None
        module = imported.module
        if whole and imported.is_from:
            module = f"{module}.{imported.name}" if module else imported.name
        if imported.level:
            return self.tree.relative(module, imported.level, self.source.path)
        return self.tree.resolve(module, self.source.path)

    def of_module(self, name: str) -> list[str]:
        """What a name of the module holds, or gives back where it is a function."""
        body = self.source.tree.body
        found = [*_given_in(self.source.tree, name)]
        for function in body:
            if isinstance(function, ast.FunctionDef) and function.name == name:
                returns = [n for n in own_nodes(function.body) if isinstance(n, ast.Return)]
                found += [each.value for each in returns if each.value]
        return self._any(found) if self.left > 0 else []

    def _items(self, node: ast.expr) -> list[ast.expr]:
        values = self._values(node) if isinstance(node, ast.Name) else [node]
        return [
            each
            for value in values[:1]
            if isinstance(value, (ast.List, ast.Tuple))
            for each in value.elts
        ]

    def _values(self, node: ast.Name | ast.Attribute) -> list[ast.expr]:
        """What is assigned to a name in its own scope, or to a class's attribute."""
        if isinstance(node, ast.Attribute):
            names = {node.attr, dotted(node)}
            return [value for name in sorted(names) for value in assigned(self.source, name)]
        place: ast.AST = node
        while True:
            function = function_of(self.source, place)
            found = [*_given_in(function or self.source.tree, node.id)]
            if found or function is None:
                return found
            if any(each.arg == node.id for each in parameters(function)):
                return []
            place = function


def _summands(node: ast.expr) -> list[ast.expr]:
    """`a`, `b` and `c` of `a + b + c`, however long it is."""
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _given_in(scope: ast.AST, name: str) -> Iterator[ast.expr]:
    """What a scope assigns to a name, and the items of a list that a loop goes through."""
    for given in given_to(scope, name):
        if given.way == "iterated":
            if dotted(given.target) == name and isinstance(given.value, (ast.List, ast.Tuple)):
                yield from given.value.elts
        elif given.way == "assigned" and isinstance(given.target, ast.Name):
            yield given.value
