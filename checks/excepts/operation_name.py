"""What the body of a `try` does, in a word: the name under which its failure is reported."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.imports import ImportStatement, names_of
from qw_codemod.python.syntax import definition_of, function_of, own_nodes

from .effects import captures, log_of

_BUILTINS = frozenset(
    "int float str bool len list dict set tuple sorted open print getattr setattr isinstance range "
    "enumerate zip next iter min max sum round repr type hasattr super any all map filter".split()
)
_TRIVIAL = frozenset(  # what hardly fails, and says nothing of the purpose
    "cast now utcnow today time exc_info getLogger get_logger append extend split rsplit strip "
    "lstrip rstrip join format replace lower upper startswith endswith items keys values "
    "setdefault encode decode splitlines isoformat isdigit timestamp copy update pop add "
    "redirect_stdout redirect_stderr suppress nullcontext closing ExitStack StringIO BytesIO "
    "urlencode quote getenv home cwd getcwd uname MagicMock abspath dirname basename "
    "realpath echo secho".split()
)
_FORMS = frozenset("_asdict asdict to_dict dict model_dump".split())  # of the same data
_PLAIN = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return)
_CONVERSIONS = frozenset("int float str dict list tuple set sorted sum min max".split())
_SHORT = 40  # characters of a call that is named as a whole
_NAMES = re.compile(  # what is computed, and not `deserialize_entity_key`
    r"^(?!_*(de|un)?(serialize|parse|decode|load|read|write|delete|fetch|validate|resolve"
    r"|generate|sign|create)_)"
    r".*?(^|_)(file_?)?(name|path|dir|folder|ur[il]|key|id)$"
)
_MANY = 4  # different calls, of which none stands for the others
_LONG_BODY = 12  # lines, of which none does either
_LONG = 3  # dots; a way on which something is likely to be None
_REACHES_OUT = re.compile(  # what leaves the process, and so is the likeliest to fail
    r"^(request|getresponse|send|recv|get_msg|fetch|download|upload|connect|execute|query|submit"
    r"|publish|post)$|_(request|call|query)$"
)


def operation(source: SourceFile, statement: ast.Try) -> str:
    """The call that the `try` is about; without one, an import, an attribute, the function."""
    calls = sorted(
        (call for each in statement.body for call in outermost(each)),
        # First what is done, and then what for; what is given data before what is not.
        key=lambda call: (_is_asked(source, call), _is_constant(call)),
    )
    names = [called(call) for call in calls if not is_trivial(call)]
    telling = [name for name in names if name]
    function = str(getattr(function_of(source, statement), "name", ""))
    if telling:
        first = min(telling, key=_rank)
        apart = {
            called(call) for call in calls if not is_trivial(call) and not _is_part(source, call)
        }
        is_long = _lines(statement.body) >= _LONG_BODY and _is_most(source, statement)
        out = sum(map(reaches_out, apart))
        if function and (out > 1 or not out) and (len(apart) >= _MANY or is_long):
            return function.lstrip("_")
        return _without_self(first)
    plain = all(isinstance(each, _PLAIN) for each in statement.body)
    if plain and (conversion := _conversion(calls)):
        return conversion
    for each in own_nodes(statement.body):
        if isinstance(each, ImportStatement):
            imported = next(names_of(each))
            return f"import {imported.module or imported.name}"
    attribute = _attribute(statement)
    if attribute and (plain or not function or attribute.count(".") > _LONG):
        return _without_self(attribute)
    if function and not function.endswith("__"):
        return function.lstrip("_") if function.startswith("__") else function
    return _without_self(attribute) or os.path.basename(source.path)


def _is_asked(source: SourceFile, call: ast.Call) -> bool:
    """Whether a call is the test of an `if`, or in one."""
    node: ast.AST = call
    for each in source.ancestors(call):
        if isinstance(each, ast.stmt):
            return node is getattr(each, "test", None)
        node = each
    return False


def _is_constant(call: ast.Call) -> bool:
    """`Dialect.get("snowflake")`, which does the same each time, unless it leaves the process."""
    given = [*call.args, *(each.value for each in call.keywords)]
    return bool(given) and all(isinstance(each, ast.Constant) for each in given)


def _is_part(source: SourceFile, call: ast.Call) -> bool:
    """Whether a call stands within another one: `Tracking(Config()).start()` is one in all."""
    for each in source.ancestors(call):
        if isinstance(each, ast.Call):
            return True
        if isinstance(each, ast.stmt):
            return False
    return False


def _conversion(calls: list[ast.Call]) -> str:
    """`int(text)`, as it stands if that is short; empty where the body has no conversion."""
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in _CONVERSIONS:
            text = ast.unparse(call)
            if len(text) <= _SHORT and not re.search(r"[^\w .()\[\],+-]", text):
                return text
            inner = (called(each) for each in calls if _is_telling_method(each))
            return next(filter(None, inner), f"{call.func.id}()")
    return ""


def _is_telling_method(call: ast.Call) -> bool:
    """`station.headers.get`; `row._asdict()` says nothing."""
    return isinstance(call.func, ast.Attribute) and call.func.attr not in _FORMS


def reaches_out(name: str) -> bool:
    """Whether what is called leaves the process, by its name."""
    return bool(_REACHES_OUT.search(name.removesuffix("()").rpartition(".")[2]))


def _rank(name: str) -> tuple[int, int]:
    """What leaves the process first, then functions, then names and objects that are built."""
    before, _, last = name.removesuffix("()").rpartition(".")
    builds = last[:1].isupper() and (not before or before.endswith("_pb2"))
    return (0 if reaches_out(name) else 1, int(builds or _NAMES.search(last) is not None))


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


def is_trivial(call: ast.Call) -> bool:
    """Whether a call hardly fails, and says nothing of the purpose: `entry.get("name")`."""
    last = called(call).rpartition(".")[2].removesuffix("()")
    if log_of(call) is not None or captures(call) or called(call) == "sys.modules.get":
        return True
    if last == "get":
        key = call.args[0] if call.args else None
        if isinstance(key, ast.Name) and key.id.isupper():
            return True
        return isinstance(key, ast.Constant) and "/" not in str(key.value)
    return last in _BUILTINS or last in _TRIVIAL or last in _FORMS


def outermost(node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement, each before those in its arguments; tests and `with` come last."""
    if isinstance(node, FUNCTIONS):
        return
    if isinstance(node, ast.Try) and any(map(_catches_all, node.handlers)):
        for each in (*node.handlers, *node.orelse, *node.finalbody):
            yield from outermost(each)
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
            yield from outermost(child)
    for child in last:
        yield from outermost(child)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    """Whether nothing that the body raises gets further."""
    if any(isinstance(each, ast.Raise) for each in own_nodes(handler.body)):
        return False
    return handler.type is None or dotted(handler.type) in ("Exception", "BaseException")


def _is_most(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a `try` takes up half of its function and more."""
    function = definition_of(source, statement)
    if function is None:
        return False
    body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
    return 2 * _lines([statement]) >= _lines(body)


def _lines(body: Sequence[ast.stmt]) -> int:
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def called(call: ast.Call) -> str:
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
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return key if isinstance(key, str) and key.isidentifier() else _chain(node.value)
    return node.id if isinstance(node, ast.Name) else ""
