"""What the text alone says about a timeout: in a call's arguments, in a function that sends on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http import statements as says
from qw_codemod.libraries.http.tables import VERBS, Sender

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# `set`: whatever the caller says, or where it says None; `default`: where it says nothing at all;
# `open`: the caller may say it, and requests gets it; `away`: something else gets it; `closed`: it
# cannot be said.
Effect = Literal["set", "default", "open", "away", "closed"]
_SENDING = frozenset({*VERBS, "request", "send", "merge_environment_settings"})

# Arguments that hardly any method but those of HTTP libraries take.
HTTP_KEYWORDS = frozenset(
    "params headers json auth cookies stream verify allow_redirects follow_redirects proxies files "
    "timeout".split()
)
_URL_NAME = re.compile(r"(^|_)(ur[il]s?|endpoints?|href|link|webhook|address)\d*($|_)|url$", re.I)


@dataclass(frozen=True, slots=True)
class Said:
    """What a call says about its timeout.

    `node` is the argument, `keyword` whether it goes by name and `position` where it stands if not;
    `never` that it asks for none. `hidden` is the argument that may hold it, if any, and `beside`
    one that is known not to, and that keeps a keyword from being added.
    """

    node: ast.expr | None = None
    keyword: bool = False
    position: int = -1
    never: bool = False
    hidden: Statement | None = None
    beside: Statement | None = None


def is_none(node: ast.expr | None) -> bool:
    """Whether it is the literal None."""
    return isinstance(node, ast.Constant) and node.value is None


def said(source: SourceFile, call: ast.Call, sender: Sender) -> Said:
    """What a call says about its timeout."""
    for keyword in call.keywords:
        if keyword.arg == "timeout":
            return Said(keyword.value, True, never=_never(keyword.value, sender))
    starred = next((each for each in call.args if isinstance(each, ast.Starred)), None)
    at = sender.limit_at
    if at is not None and starred is None and len(call.args) > at:
        return Said(call.args[at], position=at, never=_never(call.args[at], sender))
    if starred is not None:
        return Said(hidden=says.MayHoldTimeout(source.text(starred)))
    beside: Statement | None = None
    for keyword in call.keywords:
        if keyword.arg is None:
            text = f"**{source.text(keyword.value)}"
            keys = _keys(source, keyword.value, call)
            if keys is None or "timeout" in keys:
                word = says.MayHoldTimeout if keys is None else says.HoldsTimeout
                return Said(hidden=word(text))
            beside = says.KeepsKeywordOut(text)
    return Said(beside=beside)


def _never(node: ast.expr, sender: Sender) -> bool:
    if is_none(node):
        return True
    if sender.library == "aiohttp":  # 0 disables it too [doc]
        return isinstance(node, ast.Constant) and node.value == 0 and node.value is not False
    if sender.library != "requests" or not isinstance(node, ast.Tuple) or len(node.elts) != 2:
        return False
    return is_none(node.elts[1])  # (connect, read): the answer may still never come [run]


def _keys(source: SourceFile, node: ast.expr, call: ast.Call) -> set[object] | None:
    """The keys of a dict that is spelled out in the file and changed nowhere; None if unknown."""
    if isinstance(node, ast.Dict):
        if all(isinstance(key, ast.Constant) for key in node.keys):
            return {key.value for key in node.keys if isinstance(key, ast.Constant)}
        return None
    if isinstance(node, ast.Call):
        plain = isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args
        if plain and all(each.arg for each in node.keywords):
            return {each.arg for each in node.keywords}
        return None
    if isinstance(node, ast.Name):
        return _keys_of_name(source, node, call)
    return None


def _keys_of_name(source: SourceFile, name: ast.Name, call: ast.Call) -> set[object] | None:
    scopes = [each for each in source.ancestors(call) if isinstance(each, (*FUNCTIONS, ast.Module))]
    for scope in scopes:
        if isinstance(scope, FUNCTIONS) and name.id in _parameters(scope):
            return None
        uses = [
            each for each in ast.walk(scope) if isinstance(each, ast.Name) and each.id == name.id
        ]
        stores = [each for each in uses if isinstance(each.ctx, ast.Store)]
        if not stores:
            continue
        assign = source.parent(stores[0])
        if len(stores) > 1 or not isinstance(assign, ast.Assign) or len(assign.targets) > 1:
            return None
        keys = _keys(source, assign.value, call) if not isinstance(assign.value, ast.Name) else None
        return None if keys is None else _with_later(source, keys, uses)
    return None


def _with_later(source: SourceFile, keys: set[object], uses: list[ast.Name]) -> set[object] | None:
    """The keys with those that are stored later; None where the dict goes elsewhere."""
    for use in uses:
        around = source.parent(use)
        if isinstance(use.ctx, ast.Store) or (isinstance(around, ast.keyword) and not around.arg):
            continue
        if not (isinstance(around, ast.Subscript) and isinstance(around.slice, ast.Constant)):
            return None
        if isinstance(around.ctx, ast.Store):
            keys.add(around.slice.value)
    return keys


def _parameters(function: FunctionNode) -> set[str]:
    spec = function.args
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    return {each.arg for each in (*every, spec.vararg, spec.kwarg) if each is not None}


# -- functions that send a request on -------------------------------------------------------------


def effect(function: FunctionNode) -> Effect:
    """What a function that overrides or replaces one of requests does to the timeout."""
    takes_limit = _takes_limit(function)
    found: Effect = "closed"
    for node in ast.walk(function):
        for value, only_if_absent in limits(node):
            kind = _kind(value, function)
            if kind == "set" and not only_if_absent:
                return "set"
            if kind in ("set", "default"):
                found = "default"
        if not takes_limit or found in ("default", "open") or not isinstance(node, ast.Call):
            continue
        if _hands_on(node, function):
            found = "open" if _is_of_requests(node.func) else "away"
    return found


def _takes_limit(function: FunctionNode) -> bool:
    return function.args.kwarg is not None or "timeout" in _parameters(function)


def limits(node: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """The values given to a timeout here, and whether only where there is none yet."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _is_key(target.slice):
                yield node.value, False
    elif isinstance(node, ast.Call):
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method == "setdefault" and len(node.args) == 2 and _is_key(node.args[0]):
            yield node.args[1], True
        for keyword in node.keywords:
            if keyword.arg == "timeout":
                yield keyword.value, False
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and _is_key(key):
                yield value, node.keys[-1] is None  # {"timeout": 5, **kwargs}


def _is_key(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == "timeout"


def _reads_key(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in ("get", "pop") and bool(node.args) and _is_key(node.args[0])


def _kind(value: ast.expr, function: FunctionNode) -> Effect:
    if is_none(value):
        return "open"
    if _reads_key(value):
        # kwargs.get("timeout", 5): the default counts where the caller says nothing
        assert isinstance(value, ast.Call)
        return "default" if len(value.args) > 1 and not is_none(value.args[1]) else "open"
    if not isinstance(value, ast.Name) or value.id not in _parameters(function):
        return "set"
    stored = any(
        isinstance(node, ast.Name) and node.id == value.id and isinstance(node.ctx, ast.Store)
        for node in ast.walk(function)
    )
    if stored:  # if timeout is None: timeout = self.timeout
        return "set"
    default = _default(function, value.id)
    return "open" if default is None or is_none(default) else "default"


def _default(function: FunctionNode, name: str) -> ast.expr | None:
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    for each, value in zip(reversed(positional), reversed(spec.defaults), strict=False):
        if each.arg == name:
            return value
    for each, given in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        if each.arg == name:
            return given
    return None


def _hands_on(call: ast.Call, function: FunctionNode) -> bool:
    """Whether a call gets what the caller of the function may have said about the timeout."""
    kwarg = function.args.kwarg.arg if function.args.kwarg else ""
    for each in call.keywords:
        if each.arg == "timeout" and _kind(each.value, function) == "open":
            return not is_none(each.value)
        if each.arg is None and isinstance(each.value, ast.Name) and each.value.id == kwarg:
            return True
    return False


def _is_of_requests(func: ast.expr) -> bool:
    """`super().get`, `self.request`, `requests.post`, `Session.send`."""
    if not isinstance(func, ast.Attribute) or func.attr not in _SENDING:
        return False
    if isinstance(func.value, ast.Call):
        return isinstance(func.value.func, ast.Name) and func.value.func.id == "super"
    last = func.value.attr if isinstance(func.value, ast.Attribute) else ""
    name = func.value.id if isinstance(func.value, ast.Name) else last
    return name in ("self", "requests") or name.endswith(("Session", "HTTPAdapter"))


# -- what looks like a request --------------------------------------------------------------------


def url_argument(call: ast.Call, position: int | None) -> ast.expr | None:
    """The argument that says where to; None if the call does not spell it out."""
    for keyword in call.keywords:
        if keyword.arg == "url":
            return keyword.value
    if position is None or len(call.args) <= position:
        return None
    if any(isinstance(each, ast.Starred) for each in call.args[: position + 1]):
        return None
    return call.args[position]


def is_url(node: ast.expr | None) -> bool:
    """Whether an expression reads like an address: a slash in its text, or `url` in its name."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and "/" in node.value
    if isinstance(node, ast.JoinedStr):
        return any(
            is_url(part.value if isinstance(part, ast.FormattedValue) else part)
            for part in node.values
        )
    if isinstance(node, (ast.Name, ast.Attribute)):
        return bool(_URL_NAME.search(node.id if isinstance(node, ast.Name) else node.attr))
    if isinstance(node, ast.BinOp):
        return is_url(node.left) or is_url(node.right)
    if isinstance(node, ast.Call):
        name = node.func
        if isinstance(name, ast.Attribute) and name.attr in ("format", "join", "rstrip", "strip"):
            return is_url(name.value) or any(map(is_url, node.args))
        return is_url(name) if isinstance(name, (ast.Name, ast.Attribute)) else False
    if isinstance(node, ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return bool(_URL_NAME.search(key.value))
    return False
