"""What the names of a file suggest about HTTP, so that inference is asked about few calls."""

from __future__ import annotations

import ast
import re

from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.arguments import HTTP_KEYWORDS, is_url, url_argument
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import imports_of

PACKAGES = frozenset(
    {"requests", "httpx", "aiohttp", "urllib", "urllib2", "six", "requests_cache", "cloudscraper"}
)
FUNCTIONS = frozenset({*http.VERBS, "request", "stream", "urlopen"})
_METHODS = frozenset({*FUNCTIONS, "send", "open"})
# Of these names few methods are not HTTP's; every second object has a `get`.
_RARE = frozenset({"post", "patch", "request", "urlopen"})
_CLIENT = re.compile(
    r"(sess|sessions?|clients?|https?|scraper|crawler|api|conn|connection|opener|browser|web|rest)"
    r"[_\d]*$",
    re.I,
)
_MAKER = re.compile(r"(sess|session|client|http|scraper|opener)s?[_\d]*$", re.I)


class Names:
    """The names of a file that may stand for HTTP libraries, their functions, and their sessions.

    `packages` are those that it imports, by the names of their distributions.
    """

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self.packages: set[str] = set()
        self._modules: set[str] = set()
        self._functions: set[str] = set()
        self._sessions: set[str] = set()
        self._read_imports()
        self._read_assignments()

    def _read_imports(self) -> None:
        for each in imports_of(self._source.tree):
            if each.package in PACKAGES:
                self.packages.add(each.package)
            if each.name in FUNCTIONS:
                self._functions.add(each.bound)
            if each.package in PACKAGES or each.name in PACKAGES:
                self._modules.add(each.bound)

    def _read_assignments(self) -> None:
        source = self._source
        pairs: list[tuple[ast.expr | None, ast.expr | None]] = [
            *((target, each.value) for each in source.nodes(ast.Assign) for target in each.targets),
            *((each.target, each.value) for each in source.nodes(ast.AnnAssign)),
            *((each.target, each.value) for each in source.nodes(ast.NamedExpr)),
            *((each.optional_vars, each.context_expr) for each in source.nodes(ast.withitem)),
        ]
        for target, value in pairs:
            name = dotted(target).rpartition(".")[2] if target is not None else ""
            if not name or value is None:
                continue
            if isinstance(value, ast.Attribute) and value.attr in FUNCTIONS:
                self._functions.add(name)
            if isinstance(value, ast.Await):
                value = value.value
            held = dotted(value.func if isinstance(value, ast.Call) else value)
            if _MAKER.search(held):
                self._sessions.add(name)

    def called(self, call: ast.Call) -> str:
        """The name of what may send a request; empty where nothing speaks for one."""
        func = call.func
        if not call.args and not call.keywords:
            return ""
        if isinstance(func, ast.Name):
            return func.id if func.id in self._functions else ""
        if not isinstance(func, ast.Attribute) or func.attr not in _METHODS:
            return ""
        receiver = _written(func.value)
        if receiver.partition(".")[0] in self._modules or (
            receiver and self._speaks(call, receiver, func.attr)
        ):
            return f"{receiver}.{func.attr}"
        return ""

    def _speaks(self, call: ast.Call, receiver: str, method: str) -> bool:
        last = re.sub(r"\W*$", "", receiver).rpartition(".")[2]
        if last in self._sessions or last == "super" or _CLIENT.search(last):
            return True
        if any(keyword.arg in HTTP_KEYWORDS for keyword in call.keywords):
            return True
        if method in _RARE and not isinstance(call.args[0] if call.args else None, ast.Constant):
            return True
        address = url_argument(call, 1 if method in ("request", "stream") else 0)
        if isinstance(address, ast.Name) and address.id.isupper():
            return False  # more often a key
        if receiver.endswith("]"):
            return False
        return is_url(address)


def _written(node: ast.expr) -> str:
    """A receiver as it is written, `[]` and `()` for what is in brackets; empty for a literal."""
    if isinstance(node, (ast.Call, ast.Subscript)):
        inner = _written(node.func if isinstance(node, ast.Call) else node.value)
        return f"{inner}{'()' if isinstance(node, ast.Call) else '[]'}" if inner else ""
    if isinstance(node, ast.Attribute):
        inner = _written(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""
