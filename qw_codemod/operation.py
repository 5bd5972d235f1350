"""What the body of a `try` does, in a word: the name under which its failure is reported."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator

from qw_codemod.handlers import function_of, own_nodes
from qw_codemod.infer.bindings import FUNCTIONS, dotted
from qw_codemod.reporting import log_of
from qw_codemod.source import SourceFile

_BUILTINS = frozenset(
    "int float str bool len list dict set tuple sorted open print getattr setattr isinstance range "
    "enumerate zip next iter min max sum round repr type hasattr super any all map filter".split()
)
_TRIVIAL = frozenset(  # what hardly fails, and says nothing of the purpose
    "cast now utcnow today time exc_info getLogger get_logger append extend split rsplit strip "
    "lstrip rstrip join format replace lower upper startswith endswith items keys values "
    "setdefault encode decode splitlines isoformat isdigit timestamp copy update pop add "
    "redirect_stdout redirect_stderr suppress nullcontext closing ExitStack StringIO BytesIO "
    "urlencode quote getenv home cwd getcwd uname".split()
)
_PLAIN = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return)
_CONVERSIONS = frozenset("int float str bool dict list tuple set sorted sum min max".split())
_SHORT = 40  # characters of a call that is named as a whole
_LONG = 3  # dots; a way on which something is likely to be None
_REACHES_OUT = re.compile(  # what leaves the process, and so is the likeliest to fail
    r"^(request|getresponse|send|fetch|download|upload|connect|execute|query|submit|publish|post)$"
    r"|_(request|call|query)$"
)

_COMMENT = re.compile(r"#[^\n\"']*")
_DIRECTIVE = re.compile(
    r"noqa(:[ \w,]*)?|(pylint|type|pyright|mypy|pragma|nosec|isort|fmt|ruff)\b:? ?[^#-]*", re.I
)
_UNMEANT = re.compile(
    r"\b(todo|fixme|xxx|hack|should(n't| not| never)|never happens?|unexpected|impossible)\b", re.I
)
_WORDS = 3  # of a comment that says something
_MEANT = re.compile(r"\b(best[- ]effort|optional|ignor(e|ed|ing)|non[- ]?fatal)\b", re.I)


def operation(source: SourceFile, statement: ast.Try) -> str:
    """The call that the `try` is about; without one, an import, an attribute, the function."""
    calls = [call for each in statement.body for call in _outermost(each)]
    names = [_called(call) for call in calls if not _is_trivial(call)]
    telling = [name for name in names if name]
    if telling:
        return _without_self(min(telling, key=_rank))
    plain = all(isinstance(each, _PLAIN) for each in statement.body)
    if plain and (conversion := _conversion(calls)):
        return conversion
    for each in own_nodes(statement.body):
        if isinstance(each, ast.Import | ast.ImportFrom):
            return f"import {getattr(each, 'module', None) or each.names[0].name}"
    function = str(getattr(function_of(source, statement), "name", ""))
    attribute = _attribute(statement)
    if attribute and (plain or not function or attribute.count(".") > _LONG):
        return _without_self(attribute)
    if function and not function.endswith("__"):
        return function.lstrip("_") if function.startswith("__") else function
    return _without_self(attribute) or os.path.basename(source.path)


def rolls_back(statement: ast.Try) -> bool:
    """Whether all that the body does is to undo a transaction: there may be none."""
    calls = [call for each in statement.body for call in _outermost(each)]
    return bool(calls) and all(
        _called(call).endswith(".rollback")
        or any(
            isinstance(arg, ast.Constant) and str(arg.value).upper().startswith("ROLLBACK")
            for arg in call.args
        )
        for call in calls
    )


def is_meant(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a comment in the handler, or in a body of one statement, explains the failure.

    Who writes down why nothing is done counts on it. What only tells a tool something, or that it
    should never happen, explains nothing.
    """
    first = statement.lineno if len(statement.body) == 1 else handler.lineno
    does = handler.body[0]  # what a block says further in is about something else
    last = does.lineno - 1 if hasattr(does, "body") else (does.end_lineno or does.lineno)
    said: list[str] = []
    for number in range(first, last + 1):
        if first <= number < handler.lineno and number > statement.body[0].lineno:
            continue
        line = source.line_bytes(number).decode(source.encoding, "replace")
        found = _COMMENT.search(line)
        if found:
            said += re.split("#+", _DIRECTIVE.sub("", found[0]))
    text = " ".join(said)
    if _UNMEANT.search(text):
        return False
    return len(re.findall(r"[^\W\d_]{2,}", text)) >= _WORDS or bool(_MEANT.search(text))


def _conversion(calls: list[ast.Call]) -> str:
    """`int(text)`, as it stands if that is short; empty where the body has no conversion."""
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in _CONVERSIONS:
            text = ast.unparse(call)
            if len(text) <= _SHORT and not re.search(r"[^\w .()\[\],+-]", text):
                return text
            inner = (_called(each) for each in calls if isinstance(each.func, ast.Attribute))
            return next(filter(None, inner), f"{call.func.id}()")
    return ""


def asks_library(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a body imports a library of others, and does no more than ask that one something.

    Such a library may be missing, or may have nothing to say here: `get_current_context()`.
    """
    imported: set[str] = set()
    imports = (n for n in own_nodes(statement.body) if isinstance(n, ast.Import | ast.ImportFrom))
    for each in imports:
        if isinstance(each, ast.ImportFrom) and each.level:
            return False
        imported |= {name.asname or name.name.partition(".")[0] for name in each.names}
    calls = [call for each in statement.body for call in _outermost(each)]
    asked = [call for call in calls if not _is_trivial(call)]
    return bool(imported) and all(
        not call.args
        and not call.keywords
        and _called(call).partition(".")[0] in imported
        and _rank(_called(call))[0]
        for call in asked
    )


def _rank(name: str) -> tuple[int, int]:
    """What leaves the process first, then functions, then what builds an object of our own."""
    before, _, last = name.removesuffix("()").rpartition(".")
    builds = last[:1].isupper() and (not before or before.endswith("_pb2"))
    return (0 if _REACHES_OUT.search(last) else 1, int(builds))


def _without_self(name: str) -> str:
    return name.removeprefix("self.").removeprefix("cls.")


def _attribute(statement: ast.Try) -> str:
    """The longest way to an attribute that the body goes."""
    found = [
        dotted(node)
        for each in statement.body
        for node in ast.walk(each)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and node.attr not in _TRIVIAL
    ]
    return max(found, key=lambda name: name.count("."), default="")


def _is_trivial(call: ast.Call) -> bool:
    """Whether a call hardly fails, and says nothing of the purpose: `entry.get("name")`."""
    last = _called(call).rpartition(".")[2].removesuffix("()")
    if log_of(call) is not None:
        return True
    if last == "get":
        key = call.args[0] if call.args else None
        return isinstance(key, ast.Constant) and "/" not in str(key.value)
    return last in _BUILTINS or last in _TRIVIAL


def _outermost(node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement, each before those in its arguments; tests and `with` come last."""
    if isinstance(node, FUNCTIONS):
        return
    if isinstance(node, ast.Call):
        yield node
        if log_of(node) is not None:
            return  # what is said, and not what is done
    last = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.withitem) or child is getattr(node, "test", None):
            last.append(child)
        else:
            yield from _outermost(child)
    for child in last:
        yield from _outermost(child)


def _called(call: ast.Call) -> str:
    """The name of what is called, with the calls that lead to it: `bucket.blob().upload`."""
    name = _chain(call.func)
    return name if name.count("(") < 3 else name.partition("(")[0]


def _chain(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        value = _chain(node.value)
        return f"{value}.{node.attr}" if value else node.attr
    if isinstance(node, ast.Call):
        value = _chain(node.func)
        return f"{value}()" if value else ""
    if isinstance(node, ast.Subscript):
        return _chain(node.value)
    return node.id if isinstance(node, ast.Name) else ""
