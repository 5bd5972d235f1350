"""Small edits of other people's code, and where to make them: for what a change costs."""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tools import ToolProblem

Edit = Callable[[bytes], bytes]


def add_comment(data: bytes) -> bytes:
    """One more line below the first statement of the module, so that all below moves."""
    module = ast.parse(data)
    first = module.body[0] if module.body else None
    return _with_line(data, (first.end_lineno or first.lineno) if first else 0, b"# one more line")


def change_body(data: bytes) -> bytes:
    """One more statement in the first function; raises ToolProblem where there is none."""
    for node in ast.walk(ast.parse(data)):
        if isinstance(node, ast.FunctionDef):
            return _with_statement(data, node, "changed_here = 1")
    raise ToolProblem("no function")


def first_that_changes(paths: Iterable[Path]) -> tuple[Path, Edit]:
    """The first file that holds a function."""
    for path in paths:
        try:
            change_body(path.read_bytes())
        except (ToolProblem, SyntaxError, ValueError):
            continue
        return path, change_body
    raise ToolProblem("no file holds a function")


@dataclass(frozen=True, slots=True)
class Inherited:
    """A class by its name, its file, and how many classes inherit from it."""

    name: str
    path: Path
    heirs: int

    def change_method(self, data: bytes) -> bytes:
        """One more statement in the first method that is not `__init__`."""
        methods = [each for each in self._methods(data) if each.name != "__init__"]
        return _with_statement(data, methods[0], "changed_here = 1")

    def add_attribute(self, data: bytes) -> bytes:
        """One more attribute of the object, set in `__init__`."""
        made = next(each for each in self._methods(data) if each.name == "__init__")
        return _with_statement(data, made, f"{made.args.args[0].arg}.changed_here = 1")

    def _methods(self, data: bytes) -> list[ast.FunctionDef]:
        for node in ast.walk(ast.parse(data)):
            if isinstance(node, ast.ClassDef) and node.name == self.name:
                return _methods_of(node)
        raise ToolProblem(f"class {self.name} is not in {self.path.name}")


def most_inherited(paths: Iterable[Path]) -> Inherited:
    """The class with the most heirs, by name, of those with an `__init__` and another method.

    Of a name that several classes have, nobody can tell by the name whose the heirs are.
    """
    homes: dict[str, list[Path]] = defaultdict(list)
    fit: set[str] = set()
    direct: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(path)
                names = {each.name for each in _methods_of(node) if each.args.args}
                if "__init__" in names and len(names) > 1:
                    fit.add(node.name)
                for base in node.bases:
                    direct[ast.unparse(base).rpartition(".")[2]].add(node.name)
    below = {name: heirs for name, heirs in direct.items() if len(homes[name]) == 1}
    counted = [(len(_all_below(name, below)), name) for name in sorted(fit & below.keys())]
    if not counted:
        raise ToolProblem("no class is inherited")
    heirs, name = max(counted)
    return Inherited(name, homes[name][0], heirs)


def _all_below(name: str, below: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = below.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found - {name}


def _methods_of(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [
        each
        for each in node.body
        if isinstance(each, ast.FunctionDef) and each.body[0].lineno > each.lineno
    ]


def _with_statement(data: bytes, function: ast.FunctionDef, statement: str) -> bytes:
    """The statement is put first, below the docstring."""
    first, *rest = function.body
    if rest and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        first = rest[0]
    at = min([first.lineno, *(each.lineno for each in getattr(first, "decorator_list", ()))]) - 1
    line = data.split(b"\n")[at]
    indent = line[: len(line) - len(line.lstrip())]
    changed = _with_line(data, at, indent + statement.encode())
    ast.parse(changed)
    return changed


def _with_line(data: bytes, after: int, line: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join([*lines[:after], line, *lines[after:]])
