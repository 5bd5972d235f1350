"""What the body of a `try` does: asks, works on values or files, runs code, calls a service."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from qw_codemod.analysis.exception_flow import classes
from qw_codemod.infer import (
    Container,
    Function,
    Inference,
    Instance,
    Library,
    Method,
    Nothing,
    Value,
)
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import ImportStatement, imports_of, names_of
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import catches_everything, definition_of, last_name, own_nodes

from .another_way import following, is_passed
from .effects import is_printing, log_of
from .escapes import TAKES_AWAITABLES
from .known_operations import BY_NAME
from .logging_style import any_log_of
from .operation_name import METHODS, called, is_trivial, looks_at_clock, outermost
from .pieces import PREDICATES, asks_by_name
from .raises import exceptions, is_answer
from .told_values import is_globbed

_DEPTH = 2  # calls of the project's own that are followed


class Work(Enum):
    """A row of the table of levels: the first that fits counts."""

    ASKS = auto()  # for what may well not be there: a queue, a socket, the next of an iterator
    SERVICE = auto()  # HTTP, BigQuery and the like
    VALUES = auto()  # what is at hand: it converts, computes, looks up
    FILES = auto()  # files and programs of the machine
    CODE = auto()  # anything else


_SERVICES = ("requests", "httpx", "aiohttp", "urllib.request", "urllib3", "google.cloud", "boto3")
# What runs no code of others and reaches nothing: modules of the standard library, and parsers.
_PURE = frozenset(
    "ast array base64 binascii bisect calendar cmath codecs collections colorsys copy csv "
    "dataclasses datetime decimal difflib enum fnmatch fractions functools hashlib heapq hmac html "
    "inspect ipaddress itertools json keyword locale math numbers operator os.environ os.getenv "
    "os.path pickle pprint "
    "random re secrets shlex statistics string struct textwrap time tomllib types typing "
    "unicodedata urllib.parse uuid zlib zoneinfo "
    "babel bs4 dateutil dateparser lxml orjson packaging pytz simplejson ujson yaml numpy "
    "pandas.to_datetime pandas.to_numeric pandas.to_timedelta pandas.Timestamp "
    "pandas.isna pandas.concat pandas.DataFrame pandas.Series".split()
)
# What a web framework keeps of the request at hand.
_OF_REQUESTS = tuple(
    "web.ctx web.cookies flask.g flask.session flask.request.args flask.request.form "
    "flask.request.headers flask.request.cookies flask.request.values".split()
)
# Parsers of others are told by what they do; those fetch what they are given.
_PARSING = frozenset("parse loads".split())
_FETCHING = ("feedparser", "podcastparser", "newspaper")
_OF_WRONG_VALUES = frozenset("ValueError TypeError KeyError IndexError".split())
_RUNS_OTHERS = frozenset("open input exec eval compile __import__ breakpoint print next".split())
# Of texts, numbers and dates: `get` and `count` are asked of services as well.
_OF_VALUES = METHODS - frozenset(dir(list)) - frozenset("find get pop update copy clear".split())
_OF_LISTS = frozenset("append extend items keys values setdefault".split())
_OF_FILES = ("os.", "shutil.")
_OF_ARCHIVES = ("bz2.", "glob.", "gzip.", "lzma.", "tarfile.", "zipfile.")
_READS_PATH = frozenset(("read_text", "read_bytes"))  # of pathlib.Path alone
_OF_PATHS = frozenset("open write_text write_bytes unlink stat mkdir iterdir glob rglob".split())
PROGRAMS = frozenset(
    f"subprocess.{name}" for name in "run check_output check_call call getoutput Popen".split()
)
_SAYING = frozenset(f"subprocess.{name}" for name in ("run", "check_output", "getoutput"))
_TABLES = frozenset(f"pandas.read_{name}" for name in "csv excel feather json parquet".split())
_ARRAYS = frozenset(f"numpy.{e}" for e in "load loadtxt genfromtxt fromfile save savetxt".split())
_WRITING = frozenset("dump write writelines writerow writerows".split())  # of open files
_PLAIN = (ast.Constant, ast.Dict, ast.List, ast.Set, ast.Tuple)
_ACCEPTING = frozenset("accept recv recvfrom recv_into recvmsg".split())  # of sockets
_APPLYING = frozenset("apply map applymap transform".split())  # of pandas
_TIDYING = frozenset(
    "close aclose unlink rmtree shutdown terminate kill killpg cancel disconnect release cleanup "
    "rollback".split()
)
# What the machine or the interpreter says of itself, and what may be said to it once.
_SYSTEM = tuple(
    "getpass.getuser grp importlib.metadata inspect.currentframe inspect.getfile "
    "inspect.getsource inspect.getsourcefile inspect.stack locale.getlocale locale.setlocale "
    "multiprocessing.set_start_method os.get_terminal_size os.getloadavg os.getlogin os.getpgid "
    "os.nice os.sched_getaffinity os.wait os.waitpid platform psutil pwd "
    "resource shutil.get_terminal_size signal.signal socket.getfqdn socket.gethostname "
    "webbrowser.open".split()
)
# Reads of an object by its name, of the clients of Google's, Amazon's and Microsoft's storage.
_STORED = frozenset(
    "download_as_text download_as_bytes download_as_string download_to_filename download_to_file "
    "get_object head_object download_file download_fileobj download_blob "
    "get_blob_properties".split()
)
_GOOGLE_STORED = frozenset("get_table get_dataset get_bucket".split()) | _STORED


def work_of(
    source: SourceFile,
    infer: Inference,
    statement: ast.Try,
    handler: ast.ExceptHandler,
) -> Work:
    """The row of the table."""
    calls = [node for node in own_nodes(statement.body) if isinstance(node, ast.Call)]
    calls = [call for call in calls if not _speaks(source, infer, call)]
    if (
        _waits(source, infer, statement.body)
        or only_tells(source, infer, statement)
        or _asks_system(source, infer, statement)
        or _may_be_interrupted(source, handler)
        or _asks_what_may_be_none(source, infer, statement)
        or (_tidies_up(source, statement, handler) and not makes_output(source, statement))
        or _was_cancelled(source, statement)
        or _probes(source, statement)
        or _decides(statement, handler)
        or _asks_library(source, statement)
        or _listens(source, statement, handler)
    ):
        return Work.ASKS
    if any(_reads_stored(each) for each in calls) and absent(source, statement):
        return Work.SERVICE
    if any(map(_takes_stored, _outer(source, statement))):
        return Work.FILES
    answers = _answers_question(source, statement, handler)
    if any(is_service(source, infer, call) for call in calls):
        # whether a service is up is another question than whether it has something
        of_things = answers in ("has", "exists") and not absent(source, statement)
        is_asked = of_things or _is_pinged(source, infer, statement, handler)
        return Work.ASKS if is_asked else Work.SERVICE
    if answers or _is_checked(source, statement, handler):
        return Work.ASKS
    if runs_others(statement) or makes_output(source, statement):
        return Work.CODE
    is_data = (
        all(is_pure(source, infer, call) for call in calls)
        or bool(exceptions(source, infer, statement.body).raises)
        or _is_applied(source, infer, statement)
    )
    if not is_data:
        return Work.CODE
    if _says_whether(source, statement, handler):
        return Work.ASKS
    is_of_files = any(is_of_machine(source, e) or last_name(e) in _WRITING for e in calls)
    return Work.FILES if is_of_files else Work.VALUES


def _speaks(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether a call says what the program does: it logs, prints, or is a function `_log`."""
    if is_printing(call) or words(dotted(call.func)) == ("log",):
        return True
    return any_log_of(source, infer, call) is not None


def absent(source: SourceFile, statement: ast.Try) -> str:
    """The class that says that what a body reads by its name is not there; empty if unknown."""
    calls = [node for node in own_nodes(statement.body) if isinstance(node, ast.Call)]
    names = {called(each).rpartition(".")[2] for each in calls}
    from_google = any(each.source.startswith("google.cloud") for each in imports_of(source.tree))
    if from_google and not names.isdisjoint(_GOOGLE_STORED):
        return "google.api_core.exceptions.NotFound"
    return ""


def _is_applied(source: SourceFile, infer: Inference, statement: ast.Try) -> bool:
    """Whether the function around is one that is applied to each value of a column, a series.

    `frame["area"].apply(load_shape)`: it works on one value of many.
    """
    function = definition_of(source, statement)
    if function is None or source.parent(function) is not source.tree or not function.args.args:
        return False
    if any(each is not statement for each in function.body[bool(ast.get_docstring(function)) :]):
        return False  # it does more than to convert
    for path in infer.tree.mentions(function.name):
        view = infer.tree.view(path)
        for call in view.source.nodes(ast.Call) if view is not None else ():
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in _APPLYING:
                continue
            if len(call.args) != 1:
                continue  # pool.map(load, paths)
            for given in call.args:
                if dotted(given).rpartition(".")[2] != function.name or view is None:
                    continue
                held = [each.value for each in infer.holds(view.source, given)]
                if any(isinstance(each, Function) and each.node is function for each in held):
                    return True
    return False


def _outer(source: SourceFile, statement: ast.Try) -> list[ast.Call]:
    """The calls of the body that are neither builtins nor methods of plain values."""
    found = [call for each in statement.body for call in outermost(source, each)]
    return [call for call in found if not is_trivial(source, call)]


def runs_others(statement: ast.Try) -> bool:
    """Whether code runs there that no call shows."""
    kinds = (
        ast.Await,
        ast.Yield,
        ast.YieldFrom,
        ast.AsyncFor,
        ast.AsyncWith,
        ast.Raise,
        ast.Assert,
    )
    return any(isinstance(each, kinds) for each in own_nodes(statement.body))


# -- asks -----------------------------------------------------------------------------------------


def _waits(source: SourceFile, infer: Inference, body: Sequence[ast.stmt], depth: int = 1) -> bool:
    """Whether a body asks for the next of something, and does no more: it may be at its end.

    `jobs.get(timeout=1)` and `get_nowait()` of a queue, `listener.accept()`, `next(lines)`. What
    is said to the same queue belongs to it: `jobs.task_done()`; and so does the clock. A function
    of the project that does no more than that is followed.
    """
    calls = [call for each in body for call in outermost(source, each)]
    asking = [call for call in calls if asks_next(call)]
    asked = {_receiver(call) for call in asking} - {""}
    others = [call for call in calls if call not in asking and not is_trivial(source, call)]
    others = [call for call in others if not looks_at_clock(call)]
    if depth:
        given = [call for call in others if _only_gives_next(source, infer, call)]
        asking, others = asking + given, [call for call in others if call not in given]
    return bool(asking) and all(
        _receiver(call) in asked and not (call.args or call.keywords) for call in others
    )


def _only_gives_next(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    held = [each.value for each in infer.holds(source, call.func)]
    functions = [each for each in held if isinstance(each, Function)]
    return (
        bool(held)
        and len(functions) == len(held)
        and all(_waits(each.view.source, infer, _body_of(each), depth=0) for each in functions)
    )


def gives_next(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether a function of the project asks for the next of something, among other things.

    Where a handler of its own catches everything, nothing of that gets out.
    """
    if is_trivial(source, call):
        return False
    for inferred in infer.holds(source, call.func):
        if isinstance(inferred.value, Function):
            nodes = [*own_nodes(_body_of(inferred.value))]
            kept = {
                node
                for each in nodes
                if isinstance(each, ast.Try) and any(map(catches_everything, each.handlers))
                for node in own_nodes(each.body)
            }
            calls = [each for each in nodes if isinstance(each, ast.Call) and each not in kept]
            if any(asks_next(each) and isinstance(each.func, ast.Attribute) for each in calls):
                return True
    return False


def _body_of(function: Function) -> Sequence[ast.stmt]:
    """The statements of a function of the project, on which the answer depends from then on."""
    if isinstance(function.node, ast.Lambda):
        return ()
    function.view.depend_on_body(function.node)
    return function.node.body


def _receiver(call: ast.Call) -> str:
    return dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def asks_next(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in ("next", "anext") and len(call.args) == 1
    if not isinstance(call.func, ast.Attribute):
        return False
    keywords = {each.arg for each in call.keywords}
    if call.func.attr == "get":  # of a queue: block=True, timeout=None
        blocks = [isinstance(e, ast.Constant) and isinstance(e.value, bool) for e in call.args[:1]]
        return bool(blocks or keywords) and all(blocks) and keywords <= {"block", "timeout"}
    if called(call) == "asyncio.wait_for" and call.args and isinstance(call.args[0], ast.Call):
        inner = call.args[0]
        return called(inner).endswith(".get") and not (inner.args or inner.keywords)
    return call.func.attr == "get_nowait" or call.func.attr in _ACCEPTING


def _asks_system(source: SourceFile, infer: Inference, statement: ast.Try) -> bool:
    """Whether the machine or the interpreter is asked of itself, or told something for once.

    `getpass.getuser()` in a container without users, `set_start_method()` that was called before.
    """
    calls = [call for each in statement.body for call in outermost(source, each)]
    asking = [call for call in calls if _is_of(full_name(source, call.func), _SYSTEM)]
    return bool(asking) and all(
        call in asking
        or (is_trivial(source, call) and not is_service(source, infer, call))
        or any_log_of(source, infer, call) is not None
        or is_pure(source, infer, call)
        for call in calls
    )


def _may_be_interrupted(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether the handler is for Ctrl-C, too: a person is asked, and may decline."""
    return handler.type is not None and "KeyboardInterrupt" in {*classes(source, handler.type)}


def _asks_what_may_be_none(source: SourceFile, infer: Inference, statement: ast.Try) -> bool:
    """Whether an attribute is asked of what a function of the project gives, which may be None.

    `current_user().email`, of nobody.
    """
    asked = [
        node.value
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call)
    ]
    return bool(asked) and all(
        call in asked and any(isinstance(e.value, Nothing) for e in infer.holds(source, call))
        for call in _outer(source, statement)
    )


def _tidies_up(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether all that the body does is to close, remove or undo something: it may be gone.

    The handler does nothing, or does the same more roughly: `process.kill()`.
    """
    does, instead = _done(source, statement.body), _done(source, handler.body)
    if does and all(map(_waits_a_while, does)):
        calls = (each for each in own_nodes(handler.body) if isinstance(each, ast.Call))
        return any(map(is_tidying, calls))
    if not does or not (is_passed(handler) or (instead and all(map(is_tidying, instead)))):
        return False
    if len(does) == 1 and called(does[0]).rpartition(".")[2].startswith("wait_for_"):
        return any(each.arg == "timeout" for each in does[0].keywords)  # and on after a while
    return any(map(is_tidying, does)) and all(
        is_tidying(each)
        or called(each).rpartition(".")[2] in ("wait", "join")
        or f"{_receiver(each)}.cancel" in map(called, does)  # and then future.result()
        for each in does
    )


_MERE = (ast.Expr, ast.If, ast.Pass, ast.Continue, ast.Try)


def _done(source: SourceFile, body: Sequence[ast.stmt]) -> list[ast.Call]:
    """The calls that statements consist of; none where they do more than to call."""
    does = [each for each in own_nodes(body) if isinstance(each, ast.stmt)]
    does = [each for each in does if not _suppresses(each)]
    if not all(isinstance(each, _MERE) for each in does):
        return []
    calls = [next(outermost(source, each), None) for each in does if isinstance(each, ast.Expr)]
    calls = [each for each in calls if each is None or not called(each).endswith("print")]
    return [call for call in calls if call is not None] if None not in calls else []


def makes_output(source: SourceFile, statement: ast.Try) -> bool:
    """Whether the body closes what the function wrote, or moves it to its place.

    That ends the writing: what fails there is lost.
    """
    function = definition_of(source, statement)
    written: set[str] = set()
    paths: set[str] = set()
    for node in own_nodes(function.body if function is not None else source.tree.body):
        match node:
            case ast.Assign(targets=[target], value=ast.Call() as call) if opens_to_write(call):
                written.add(dotted(target))
                paths.update(map(dotted, call.args[:1]))
            case ast.withitem(context_expr=ast.Call() as call) if opens_to_write(call):
                paths.update(map(dotted, call.args[:1]))
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[what]) if (
                attr in _WRITING and not isinstance(what, ast.Constant)
            ):
                written.add(name)
    for call in (node for node in own_nodes(statement.body) if isinstance(node, ast.Call)):
        if last_name(call) in ("close", "commit") and _receiver(call) in written - {""}:
            return True
        if full_name(source, call.func) in _MOVING and dotted(call.args[0]) in paths - {""}:
            return True
    return False


_MOVING = frozenset({"os.rename", "os.replace", "shutil.move"})


def opens_to_write(call: ast.Call) -> bool:
    """Whether a file is opened to be written: by its mode."""
    given = call.args[1:] if isinstance(call.func, ast.Name) else call.args
    modes = [*given[-1:], *(each.value for each in call.keywords if each.arg == "mode")]
    return "open" in (*words(last_name(call)), last_name(call)) and any(
        isinstance(each, ast.Constant) and str(each.value)[:1] in ("w", "a", "x") for each in modes
    )


def only_tells(source: SourceFile, infer: Inference, statement: ast.Try) -> bool:
    """Whether the body writes a line of the log and does no more: that line is lost, at worst."""

    def tells(each: ast.stmt) -> bool:
        if isinstance(each, ast.If):
            return all(map(tells, [*each.body, *each.orelse]))
        if not isinstance(each, ast.Expr) or not isinstance(each.value, ast.Call):
            return False
        return any_log_of(source, infer, each.value) is not None

    return all(map(tells, statement.body))


def _decides(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a failure answers a question, which a success answers otherwise: `is_animated`."""
    match handler.body:
        case [ast.Assign(targets=[ast.Name(id=flag)], value=ast.Constant(value=bool() as answer))]:
            pass
        case _:
            return False
    return (
        bool(words(flag))
        and words(flag)[0] in PREDICATES
        and any(
            isinstance(each, ast.Assign)
            and flag in map(dotted, each.targets)
            and isinstance(each.value, ast.Constant)
            and each.value.value is (not answer)
            for each in (*statement.body, *statement.orelse)
        )
    )


def _suppresses(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.With) and all(
        last_name(each.context_expr) == "suppress" for each in statement.items
    )


def _waits_a_while(call: ast.Call) -> bool:
    """`process.wait(timeout=5)`, after which it is killed."""
    is_wait = called(call).rpartition(".")[2] in ("wait", "join", "communicate")
    return is_wait and any(each.arg == "timeout" for each in call.keywords)


def is_tidying(call: ast.Call) -> bool:
    said = words(called(call).rpartition(".")[2].removesuffix("()"))
    if not _TIDYING.isdisjoint(said[:1]):
        return True
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and str(first.value).upper().startswith("ROLLBACK")


def _was_cancelled(source: SourceFile, statement: ast.Try) -> bool:
    """`task.cancel()`, and then `await task`; or both of each task of a list."""
    function = definition_of(source, statement)
    match statement.body:
        case [ast.Expr(value=ast.Await(value=awaited))] if function is not None:
            pass
        case _:
            return False
    if isinstance(awaited, ast.Call) and full_name(source, awaited.func) in TAKES_AWAITABLES:
        given = [each.value if isinstance(each, ast.Starred) else each for each in awaited.args]
    else:
        given = [awaited]
    cancelled = {
        _one_of(source, node.func.value)
        for node in own_nodes(function.body)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "cancel"
        and node.lineno < statement.lineno
    }
    return any(_one_of(source, each) in cancelled - {""} for each in given)


def _one_of(source: SourceFile, node: ast.expr) -> str:
    """The name of a task, or of that which the loop goes through that gives it."""
    name = dotted(node)
    for around in source.ancestors(node) if name else ():
        if isinstance(around, ast.For) and dotted(around.target) == name:
            return dotted(around.iter)
    return name


def _probes(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a loop asks again and again whether something is up, and wants no more of it.

    It ends with a mere `return True`, or `break`, once that answers.
    """
    loop = source.parent(statement)
    if not isinstance(loop, ast.For | ast.While):
        return False
    nodes = list(own_nodes(statement.body))
    asked = {dotted(each) for each in ast.walk(loop.test)} if isinstance(loop, ast.While) else set()
    kept = [
        node
        for node in nodes
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        and not sets_true(node, asked)
        and not is_only_asked(node, nodes)
    ]
    ends = [
        node for node in nodes if isinstance(node, ast.Return | ast.Break) or sets_true(node, asked)
    ]
    is_mere = all(
        isinstance(each, ast.Break)
        or (isinstance(value := getattr(each, "value", None), ast.Constant) and value.value is True)
        for each in ends
    )
    waits = any(
        isinstance(node, ast.Call) and called(node).rpartition(".")[2] == "sleep"
        for node in own_nodes(loop.body)
    )
    return bool(ends) and is_mere and waits and not kept


def sets_true(node: ast.AST, asked: set[str]) -> bool:
    """Whether what the loop asks for is set: `is_up = True`, in `while not is_up`."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and node.value.value is True
        and not asked.isdisjoint(map(dotted, node.targets))
    )


def is_only_asked(node: ast.AST, nodes: Sequence[ast.AST]) -> bool:
    """Whether what is assigned is asked something in tests alone: `if answer.text == "pong":`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    name = node.targets[0].id
    tests = [each.test for each in nodes if isinstance(each, ast.If)]
    inside = {each for test in tests for each in ast.walk(test)}
    reads = [
        each
        for each in nodes
        if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load)
    ]
    return bool(reads) and all(each in inside for each in reads)


def _asks_library(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a body imports a library of others, and does no more than ask that one something.

    Such a library may be missing, or may have nothing to say here: `get_current_context()`.
    """
    imported: set[str] = set()
    for node in own_nodes(statement.body):
        for each in names_of(node) if isinstance(node, ImportStatement) else ():
            if each.level:
                return False
            imported.add(each.bound)
    return bool(imported) and all(
        called(call).partition(".")[0] in imported and not (call.args or call.keywords)
        for call in _outer(source, statement)
    )


def _answers_question(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> str:
    """The word by which a function such as `is_open` asks, where its failure is an answer."""
    function = definition_of(source, statement)
    asked = asks_by_name(function) if function is not None else ""
    is_answer = is_passed(handler) or any(
        isinstance(each, ast.Return | ast.Assign)
        and isinstance(each.value, ast.Constant)
        and isinstance(each.value.value, bool)
        for each in handler.body
    )
    return asked if is_answer else ""


def _says_whether(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a function says whether a value is of a kind: a failure says that it is none.

    It is annotated `-> bool`, or returns the result of a test, and False after a failure.
    """
    function = definition_of(source, statement)
    last: ast.stmt | None = handler.body[-1]
    if isinstance(last, ast.Pass):
        last = following(source, statement)
    if function is None or not isinstance(last, ast.Return):
        return False
    if not isinstance(last.value, ast.Constant) or last.value.value is not False:
        return False
    if function.returns is not None:
        return dotted(function.returns) == "bool"
    given = [each.value for each in own_nodes(statement.body) if isinstance(each, ast.Return)]
    return any(isinstance(each, ast.Compare | ast.BoolOp | ast.UnaryOp) for each in given)


def _is_checked(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether what is called says yes or no, and a failure is a no as well: `return check(day)`.

    The other answers of the function are True or False; of one that is not named like a question
    True is one of them, else it may do what fails: `return upload(day)`.
    """
    function = definition_of(source, statement)
    match statement.body, handler.body:
        case [ast.Return(value=ast.Call() as call)], [ast.Return(value=ast.Constant(value=False))]:
            asks = not CHECKING.isdisjoint(words(last_name(call))[:1])
        case _:
            return False
    inside = set(ast.walk(statement))
    others = [
        each.value
        for each in own_nodes(function.body if function is not None else [])
        if isinstance(each, ast.Return) and each not in inside
    ]
    said = [each.value for each in others if isinstance(each, ast.Constant)]
    if not said or len(said) < len(others) or not all(isinstance(each, bool) for each in said):
        return False
    return asks or True in said


CHECKING = frozenset("is has can supports check validate verify matches".split())


def _is_pinged(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> bool:
    """Whether a service is asked for nothing but a sign of life: `get(url)`, and `return True`."""
    match statement.body, handler.body:
        case (
            [ast.Expr(value=ast.Call() as call), ast.Return(value=ast.Constant(value=True))],
            [ast.Return(value=ast.Constant(value=False))],
        ):
            return last_name(call) in ("get", "head", "urlopen") and is_service(source, infer, call)
    return False


def _listens(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a socket is connected to be told whether something listens there, and no more."""
    match handler.body:
        case [ast.Return(value=ast.Constant(value=False))]:
            pass
        case _:
            return False
    sockets: set[str] = set()
    for node in own_nodes(statement.body):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
                | ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name(id=name))
            ) if full_name(source, call.func).startswith("socket."):
                sockets.add(name)
    calls = _outer(source, statement)
    return any(last_name(e) in _CONNECTING for e in calls) and all(
        _receiver(each) in sockets or full_name(source, each.func).startswith("socket.")
        for each in calls
    )


_CONNECTING = frozenset("connect connect_ex create_connection".split())


def _takes_stored(call: ast.Call) -> bool:
    """`client.get_object(Key=key)["Body"].read()`."""
    return any(isinstance(n, ast.Call) and _reads_stored(n) for n in (call, *ast.walk(call.func)))


def _reads_stored(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _STORED


# -- a service, and what is at hand ---------------------------------------------------------------


def is_service(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether a call is one of a library that talks to a service, by what is known of it.

    Of Google's clients a message or a configuration that is only built is a value.
    """
    if _is_built(source, call):
        return False
    if _is_of(full_name(source, call.func), _SERVICES):
        return True
    return any(_is_of(name, _SERVICES) for name in libraries_of(source, infer, call.func))


def _is_built(source: SourceFile, call: ast.Call) -> bool:
    """`bigquery.QueryJobConfig(dry_run=True)`, and no `bigquery.Client()`."""
    full = full_name(source, call.func)
    last = full.rpartition(".")[2]
    return full.startswith("google.cloud.") and last[:1].isupper() and not last.endswith("Client")


def libraries_of(source: SourceFile, infer: Inference, function: ast.expr) -> Iterator[str]:
    """The library functions, and the classes of the objects, that a call may be of."""
    for inferred in infer.holds(source, function):
        value = inferred.value
        if isinstance(value, Method) and (value.receiver.name, value.name) in _ANSWERED:
            continue  # what came is at hand
        of = value.receiver if isinstance(value, Method) else value
        of = of.of if isinstance(of, Instance) else of
        if isinstance(of, Library):
            yield of.name


def objects_of(source: SourceFile, infer: Inference, function: ast.Attribute) -> Iterator[str]:
    """The classes of libraries that an object may be of whose method is called."""
    for inferred in infer.holds(source, function.value):
        value = inferred.value
        if isinstance(value, Instance) and isinstance(value.of, Library):
            yield value.of.name


_ANSWERED = {(f"{each}.Response", "json") for each in ("requests", "requests.models", "httpx")}


def _is_of(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in packages)


def is_pure(source: SourceFile, infer: Inference, call: ast.Call, depth: int = _DEPTH) -> bool:
    """Whether a call runs no code of others and reaches nothing, by what is known of it.

    Functions of the project are followed `depth` calls deep. Opening a file is left to those who
    do so themselves: a function that opens one is more than a parser.
    """
    if isinstance(call.func, ast.Name) and hasattr(builtins, call.func.id):
        if call.func.id == "next" and len(call.args) == 2:
            return isinstance(call.args[0], ast.GeneratorExp)
        is_own_file = call.func.id == "open" and depth == _DEPTH
        return is_own_file or call.func.id not in _RUNS_OTHERS
    full = full_name(source, call.func)
    if any(_is_of(full, (each,)) for each in _PURE) or _is_built(source, call):
        return True
    if is_answer(call):
        return True
    if _is_of(full, _OF_REQUESTS) or (depth == _DEPTH and is_of_machine(source, call)):
        return True
    held = infer.holds(source, call.func) if depth else ()
    if held and all(_parses(each.value) for each in held):
        return True
    if held and all(_is_library_of_values(each.value) for each in held):
        return True
    if held and all(isinstance(each.value, Function) for each in held):
        functions = [each.value for each in held if isinstance(each.value, Function)]
        return all(_only_parses(infer, each, depth) for each in functions)
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr in _OF_VALUES | _OF_LISTS or _is_of_file(source, call.func):
        return True
    if _is_of_plain_value(source, infer, call, call.func, depth):
        return True
    held = infer.holds(source, call.func.value)
    return bool(held) and all(isinstance(each.value, Container) for each in held)


def _parses(value: Value) -> bool:
    """Whether it is a function of a library that parses a text: `sqlglot.parse_one`."""
    if not isinstance(value, Library) or _is_of(value.name, _FETCHING):
        return False
    return "." in value.name and not _PARSING.isdisjoint(words(value.last)[:1])


def is_of_machine(source: SourceFile, call: ast.Call) -> bool:
    """Whether a call works with a file, or takes what a program of the machine says."""
    full = full_name(source, call.func)
    if dotted(call.func) == "open" or full.startswith("os.path.get"):
        return True
    if full.startswith(_OF_ARCHIVES) or (full in BY_NAME and full.startswith(_OF_FILES)):
        return True
    if full in _TABLES and call.args and not isinstance(call.args[0], ast.JoinedStr):
        return True
    if full in _SAYING:
        return not isinstance(source.parent(call), ast.Expr)
    if full in _ARRAYS:
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr in _READS_PATH or (
        call.func.attr in _OF_PATHS and _is_path(source, call.func.value)
    )


def _is_path(source: SourceFile, node: ast.expr) -> bool:
    """Whether it is put together like a path, `folder / "settings.json"`, and nothing else."""
    match node:
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=str()) | ast.JoinedStr()):
            return True
        case ast.Call():
            return full_name(source, node.func) == "pathlib.Path"
        case ast.Name(id=name):
            if is_globbed(source, definition_of(source, node) or source.tree, name):
                return True
            given = list(_given(source, node, name))
            return bool(given) and all(
                each is not None and not isinstance(each, ast.Name) and _is_path(source, each)
                for each in given
            )
    return False


def is_parser(source: SourceFile, call: ast.Call) -> bool:
    """Whether a call makes something of a text, by its name: `parse_model(text)`."""
    if not call.args or _is_of(full_name(source, call.func), _FETCHING):
        return False
    name = last_name(call)
    said = words(name)
    return not _READING_TEXT.isdisjoint((*said[:1], *said[-1:])) or name.lower() in _FROM_TEXT


_READING_TEXT = _PARSING | {"decode", "deserialize"}
_FROM_TEXT = frozenset({"from_string", "fromstring"})


def _is_of_plain_value(
    source: SourceFile, infer: Inference, call: ast.Call, function: ast.Attribute, depth: int
) -> bool:
    """`json.loads(text).get("name")`, `row["tags"].get("name")`, `point.update({"x": x})`."""
    match function.value:
        case ast.Call() as inner:
            return is_pure(source, infer, inner, depth)
        case ast.BoolOp(values=values):  # json.loads(text) or {}
            return all(
                isinstance(each, _PLAIN)
                or (isinstance(each, ast.Call) and is_pure(source, infer, each, depth))
                for each in values
            )
        case ast.Subscript() if function.attr in METHODS:
            return True
        case ast.Name(id=name):
            made = list(_made(source, function, name, _PLAIN))
            if made and all(
                each is not call and not _opens(each) and is_pure(source, infer, each, depth)
                for each in made
            ):
                return True
    is_of_dict = len(call.args) == 1 and isinstance(call.args[0], ast.Dict)
    return is_of_dict and function.attr in METHODS


def _made(
    source: SourceFile, node: ast.AST, name: str, beside: tuple[type[ast.expr], ...] = ()
) -> Iterator[ast.Call]:
    """The calls that give a local name its values; none where something else does, too.

    What is of one of the types `beside` does not count.
    """
    given = list(_given(source, node, name))
    found = [each for each in given if isinstance(each, ast.Call)]
    if all(isinstance(each, (ast.Call, *beside)) for each in given):
        yield from found


def _given(source: SourceFile, node: ast.AST, name: str) -> Iterator[ast.expr | None]:
    """What a local name is bound to; None for what no assignment gives."""
    function = definition_of(source, node)
    for each in own_nodes(function.body if function is not None else source.tree.body):
        if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store):
            parent = source.parent(each)
            value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
            yield from value.values if isinstance(value, ast.BoolOp) else [value]


def _opens(call: ast.Call) -> bool:
    return last_name(call) == "open"


def _is_library_of_values(value: Value) -> bool:
    of = value.of if isinstance(value, Instance) else value
    return isinstance(of, Library) and any(_is_of(of.name, (each,)) for each in _PURE)


def _is_of_file(source: SourceFile, function: ast.Attribute) -> bool:
    """Whether a method is one of what `with open(...) as file`, or of a path, binds around it."""
    return any(
        isinstance(item.context_expr, ast.Call)
        and _opens(item.context_expr)
        and is_of_machine(source, item.context_expr)
        and item.optional_vars is not None
        and dotted(item.optional_vars) == dotted(function.value) != ""
        for around in source.ancestors(function)
        if isinstance(around, ast.With)
        for item in around.items
    )


def _only_parses(infer: Inference, function: Function, depth: int = _DEPTH) -> bool:
    """Whether a function of the project works on what it is given, and says what is wrong with it.

    One that raises other errors than those that Python has for wrong values checks something else.
    """
    node, view = function.node, function.view
    if isinstance(node, ast.Lambda):
        return False
    view.depend_on_body(node)
    nodes = list(own_nodes(node.body))
    raised = [each for each in nodes if isinstance(each, ast.Raise) and each.exc is not None]
    if any(last_name(each.exc) not in _OF_WRONG_VALUES for each in raised if each.exc):
        return False
    if any(isinstance(each, ast.Await | ast.Yield | ast.YieldFrom) for each in nodes):
        return False
    calls = [each for each in nodes if isinstance(each, ast.Call) and log_of(each) is None]
    gives = any(isinstance(each, ast.Return) and each.value is not None for each in nodes)
    return gives and all(is_pure(view.source, infer, each, depth - 1) for each in calls)
