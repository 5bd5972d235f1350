"""How a handler that hides its exception is to be rewritten: what it catches, logs and sends."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from qw_codemod.analysis.exception_flow import full_name
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import WIDTH
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.syntax import function_of, last_name, own_nodes
from qw_codemod.rules.api import Context, Fact, SourceFile

from . import raises as expected
from . import statements as says
from .definite_assignment import plain_names
from .effects import DEBUG, ERROR, Account, reports
from .expected_failure.verdict import why_meant
from .logging_style import Habit, habit, stands_alone
from .operation_name import operation

_NAMES = ("e", "exc", "err", "error", "exception", "failure")
_MOST = 4  # names in the context of a log line
_SECRET = re.compile(  # also what often holds one, as a URL does, and what names a person
    r"token|key|passw|pwd|secret|auth|credential|cookie|signature|private|salt|hash|otp|pin$"
    r"|ur[il]s?$|dsn|conn(ection)?_?str|user_?name|e?mail|login|phone",
    re.I,
)
# Attributes of a logging.LogRecord [src: Python's logging/__init__.py], and structlog's `event`.
_RESERVED = frozenset(
    "name msg args message asctime levelname levelno pathname filename module exc_info exc_text "
    "stack_info lineno funcName created msecs relativeCreated thread threadName processName "
    "process taskName event operation context".split()
)
_BUILD_FILES = frozenset({"setup.py", "noxfile.py", "conf.py", "conftest.py", "fabfile.py"})
_EXITING = frozenset("parse_args parse_known_args exit quit _exit abort".split())
_EXITS = frozenset({"sys.exit", "exit", "quit"})
_WAITING = frozenset(
    "serve_forever run_forever start_consuming input raw_input pause join serve run_app".split()
)
_OF_LOGGING = frozenset({"emit", "format", "filter", "handle", "flush"})
_WITHHOLDS = re.compile(  # what an exception says, for a secret may be in it
    rb"\b(redact|scrub|withh[eo]ld|sanitize)\w*[ (_][^\n-]{0,60}"
    rb"\b(exception|exc|error|traceback)s?\b"
    rb"|\b(exception|error|traceback)('s)? (text |message )?[^\n]{0,40}"
    rb"\b(redact|scrub|leak|withh[eo]ld)\w*",
    re.I,
)
_STANDS_IN = re.compile(rb"\bsetattr\(\s*sys\.std(out|err)\b|\bsys\.std(out|err)\.write *=[^=]")
_HIDES = re.compile(r"^_*(mask|redact|scrub|sanitize|obfuscate|anonymi[sz]e)(_|$)", re.I)
_LOGGING_CLASS = re.compile(r"(Handler|Formatter|Filter)$")


@dataclass(frozen=True, slots=True)
class Case:
    """What the codemod is told about a handler; `refused`: why it is not rewritten at all."""

    facts: tuple[Fact, ...]
    details: dict[str, str] = field(default_factory=dict)
    caution: str = ""
    refused: str = ""


def case_of(
    source: SourceFile,
    context: Context,
    handler: ast.ExceptHandler,
    statement: ast.Try,
    told: Account,
) -> Case:
    """The rewrite that keeps what the program does next and hides nothing any more."""
    fact = Fact(_told(told), source.path, handler.lineno)
    bare = handler.type is None
    if b"marimo" in source.data and "marimo" in {*_imported(source)}:
        return Case((fact,), refused="a marimo notebook shares its names between cells")
    caution = _caution(source, handler, statement) if bare else ""
    if bare and (exits := _exit(source, statement)):
        caution = f"`{exits}` in the `try` exits by itself, and `except:` may be there to catch it"
    if bare and told.raises == "same":
        return Case((fact,), {"type": "BaseException"})
    details = {"type": "Exception"} if bare else {}
    if bare and told.raises == "other":
        return Case((fact,), {**details, **_chained(source, handler)}, caution)
    if told.raises:
        again = any(isinstance(n, ast.Raise) and n.exc is None for n in own_nodes(handler.body))
        caution = caution or ("it raises again on some paths only" if again else "")
        return Case((fact,), details, caution)
    if _imports_only(statement):
        guard = {"type": "ImportError"} if told.is_silent else details
        caution = caution or ("" if bare else "what else fails in the import is not caught then")
        return Case((fact,), guard, caution)
    if context.infer.is_test(source) or reports(statement.body):
        return Case((fact,), details, caution)
    caution = caution or _out_of_place(source, handler)
    return _reported(source, context, handler, statement, told, Case((fact,), details, caution))


def _imported(source: SourceFile) -> Iterator[str]:
    for node in source.nodes(ast.Import):
        yield from (each.name for each in node.names)


def _told(told: Account) -> Statement:
    if told.raises:
        return says.RaisesSame() if told.raises == "same" else says.RaisesAnother()
    if told.logs:
        return says.LogsTooLittle()
    if told.is_silent:
        return says.IsSilent()
    return says.NamesNoException()


# -- what is caught -------------------------------------------------------------------------------


def _exit(source: SourceFile, statement: ast.Try) -> str:
    """The call in a `try` body that ends the program through SystemExit; empty if none does."""
    for node in own_nodes(statement.body):
        raised = last_name(node.exc) if isinstance(node, ast.Raise) and node.exc else ""
        if raised in ("SystemExit", "KeyboardInterrupt"):
            return f"raise {raised}"
        if not isinstance(node, ast.Call):
            continue
        if last_name(node) in _EXITING or full_name(source, node.func) == "unittest.main":
            return f"{dotted(node.func) or last_name(node)}()"
        if _exits_within(source, node):
            return f"{dotted(node.func)}()"
    return ""


def _exits_within(source: SourceFile, call: ast.Call) -> bool:
    """Whether a function of the same file that is called there exits, on some path."""
    name = dotted(call.func)
    if name not in (last_name(call), f"self.{last_name(call)}"):
        return False
    return last_name(call) in _exiting(source)


@lru_cache(maxsize=8)
def _exiting(source: SourceFile) -> frozenset[str]:
    """The functions of a file that exit, on some path."""
    return frozenset(
        function.name
        for function in source.nodes(ast.FunctionDef)
        for each in own_nodes(function.body)
        if isinstance(each, ast.Call) and full_name(source, each.func) in _EXITS
    )


def _caution(source: SourceFile, handler: ast.ExceptHandler, statement: ast.Try) -> str:
    """Why somebody may count on a bare handler to catch Ctrl-C; empty if nobody does."""
    for node in own_nodes(statement.body):
        if isinstance(node, ast.While) and _is_endless(node):
            return "the endless loop in the `try` is ended by Ctrl-C, which passes through then"
        if isinstance(node, ast.Call) and last_name(node) in _WAITING and not node.args:
            name = dotted(node.func) or last_name(node)
            return f"`{name}()` may be ended by Ctrl-C, which passes through then"
    return ""


def _is_endless(loop: ast.While) -> bool:
    if not isinstance(loop.test, ast.Constant) or not loop.test.value:
        return False
    return not any(isinstance(each, ast.Break | ast.Return) for each in own_nodes(loop.body))


def _imports_only(statement: ast.Try) -> bool:
    return isinstance(statement.body[0], (ast.Import, ast.ImportFrom)) and all(
        isinstance(each, (ast.Import, ast.ImportFrom, ast.Pass))
        or (isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant | ast.Name))
        for each in statement.body
    )


def _chained(source: SourceFile, handler: ast.ExceptHandler) -> dict[str, str]:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.cause is None:
        return {"name": exception_name(source, handler), "chain": "yes"}
    return {}


def _out_of_place(source: SourceFile, handler: ast.ExceptHandler) -> str:
    """Why logging there may do harm; empty if it does not."""
    function = function_of(source, handler)
    name = getattr(function, "name", "")
    if name == "__del__":
        return "`__del__` may run when logging is gone already"
    if name in ("__repr__", "__str__", "__format__"):
        return f"a report of the failure would call `{name}` again"
    if _HIDES.search(name):
        return f"what fails in `{name}()` may tell what it is there to hide"
    if _WITHHOLDS.search(source.data):
        return "this module withholds what exceptions say, and the log would tell it"
    if _STANDS_IN.search(source.data):
        return "this module stands in for the standard streams, and the log may be written by it"
    for each in source.ancestors(handler):
        if isinstance(each, FUNCTIONS[:2]) and _handles_records(each):
            return f"`{each.name}()` handles log records, and logging there may call it again"
        if isinstance(each, FUNCTIONS[:2]) and _is_sent_elsewhere(source, each.name):
            return f"the source of `{each.name}()` is sent elsewhere, where no logger may be"
        if isinstance(each, ast.ClassDef):
            bases = [last_name(base) for base in each.bases]
            if any(map(_LOGGING_CLASS.search, bases)) and name in _OF_LOGGING:
                return "logging there would call itself"
            if name in ("write", "writelines", "flush"):
                return f"the log may be written by this very `{name}()`"
            break
    return ""


def _handles_records(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is given a record of `logging`, by annotation or by what it asks of it."""
    for argument in (*function.args.posonlyargs, *function.args.args):
        if argument.annotation is not None and "LogRecord" in ast.unparse(argument.annotation):
            return True
        if argument.arg == "record" and any(
            isinstance(each, ast.Attribute) and each.attr in ("getMessage", "levelno", "exc_info")
            for each in ast.walk(function)
        ):
            return True
    return False


def _is_sent_elsewhere(source: SourceFile, name: str) -> bool:
    return b"getsource" in source.data and any(
        last_name(call) == "getsource" and any(last_name(each) == name for each in call.args)
        for call in source.nodes(ast.Call)
    )


# -- the name -------------------------------------------------------------------------------------


def exception_name(source: SourceFile, handler: ast.ExceptHandler) -> str:
    """The handler's own name for its exception, or one that is in nobody's way."""
    if handler.name:
        return handler.name
    around = [each for each in source.ancestors(handler) if isinstance(each, ast.ExceptHandler)]
    taken = {each.name or exception_name(source, each) for each in around}
    taken |= {n.name or "" for n in ast.walk(handler) if isinstance(n, ast.ExceptHandler)}
    taken |= _live_names(function_of(source, handler) or source.tree)
    free = (name for name in (*_NAMES, *(f"e{n}" for n in range(2, 1000))) if name not in taken)
    return next(free)


@lru_cache(maxsize=8)
def _live_names(scope: ast.AST) -> frozenset[str]:
    """The names that stand for something in a scope, outside of handlers that bind them."""
    live: set[str] = set()
    stack: list[tuple[ast.AST, frozenset[str]]] = [(scope, frozenset())]
    while stack:
        node, bound = stack.pop()
        if isinstance(node, ast.arg):
            live.add(node.arg)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            live.update(node.names)
        elif isinstance(node, ast.alias):
            live.add(node.asname or node.name)
        elif isinstance(node, ast.Name) and node.id not in bound:
            live.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound |= {node.name}
        stack += ((child, bound) for child in ast.iter_child_nodes(node))
    return frozenset(live)


# -- the report -----------------------------------------------------------------------------------


def _reported(
    source: SourceFile,
    context: Context,
    handler: ast.ExceptHandler,
    statement: ast.Try,
    told: Account,
    case: Case,
) -> Case:
    settings = context.settings
    known = expected.exceptions(source, context.infer, statement.body)
    facts, details = case.facts, dict(case.details)
    if known.raises:
        why: Statement | None = says.KnownToRaise(tuple(known.raises))
        if settings.get("narrow") and told.is_silent and known.certain:
            details["type"] = ",".join(known.raises)
    else:
        why = why_meant(source, statement, handler) or expected.why_asked(
            source, context.infer, statement.body
        )
    if why:
        facts = (*facts, Fact(why, source.path, statement.lineno))
    is_expected = bool(why)
    sends = _sends(source, settings.get("sentry", "unexpected"), is_expected)
    if told.logs and all(log.level <= DEBUG for log in told.logs):
        sends = sends and bool(settings.get("unreported"))  # it was meant to be heard by nobody
    if told.uses or told.says or told.captures or told.reaches_sentry:
        return Case(facts, details, case.caution)
    found = habit(source, context.infer, statement)
    of_error = [log for log in told.logs if log.level >= ERROR and log.receiver]
    if of_error:
        if found.manner == "logging":
            details["complete"] = ",".join(f"{log.receiver}.{log.method}" for log in of_error)
        return Case(facts, details, case.caution)
    name = exception_name(source, handler)
    says_already = bool(told.logs) or told.prints
    if not says_already:
        details |= _logged(found, handler, is_expected)
        details |= _context(source, statement)
    if sends:
        details["capture"] = _capture(source)
        details |= _context(source, statement)
    if not says_already or sends:
        details["name"] = name
        details |= _room(source, handler)
    if settings.get("on_swallow") == "raise":
        details["swallow"] = "raise"
    return Case(facts, details, case.caution)


def _sends(source: SourceFile, wanted: object, is_expected: bool) -> bool:
    if os.path.basename(source.path) in _BUILD_FILES or _is_guarded(source):
        return False
    return wanted == "always" or not (wanted == "never" or is_expected or stands_alone(source))


def _capture(source: SourceFile) -> str:
    """How the file calls Sentry, or would."""
    for node in source.tree.body:
        if not isinstance(node, ast.ImportFrom) or node.module != "sentry_sdk":
            continue
        if any(each.name == "capture_exception" and not each.asname for each in node.names):
            return "capture_exception"
    return "sentry_sdk.capture_exception"


def _is_guarded(source: SourceFile) -> bool:
    """Whether `sentry_sdk` may be missing here: the log line alone sends an event where it is."""
    return any(
        each.name.partition(".")[0] == "sentry_sdk" and isinstance(source.parent(node), ast.Try)
        for node in source.nodes(ast.Import)
        for each in node.names
    )


def _logged(found: Habit, handler: ast.ExceptHandler, is_expected: bool) -> dict[str, str]:
    details = {
        "manner": found.manner,
        "logger": found.logger,
        "level": "warning" if is_expected else "exception",
        "style": "f" if found.f_strings else "",
    }
    return {**details, "new": "yes"} if found.is_new else details


def _context(source: SourceFile, statement: ast.Try) -> dict[str, str]:
    names = [
        name
        for name in plain_names(source, statement, statement.body)
        if not _SECRET.search(name) and name not in _RESERVED
    ]
    return {"operation": operation(source, statement), "context": ",".join(names[:_MOST])}


def _room(source: SourceFile, handler: ast.ExceptHandler) -> dict[str, str]:
    """How many columns a line of the handler's body has, and what it is indented by."""
    unit = source.indent_unit
    indent = source.line_bytes(handler.lineno)[: handler.col_offset].decode() + unit
    return {"width": str(WIDTH - len(indent.expandtabs(4))), "indent": unit}
