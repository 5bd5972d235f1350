"""What can come out of the body of a `try` that is no Exception, and that `except:` catches."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qw_codemod.analysis.exception_flow import canonical, covers, meetings
from qw_codemod.infer import Class, Function, Inference, Instance, Library, Method
from qw_codemod.infer.values import Awaitable, FunctionNode
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.assignments import assigned
from qw_codemod.python.bindings import dotted
from qw_codemod.python.definitions import is_main
from qw_codemod.python.imports import ImportStatement, names_of
from qw_codemod.python.module import View
from qw_codemod.python.names import bound_names, full_name
from qw_codemod.python.syntax import function_of, last_name, own_nodes
from qw_codemod.rules.api import Context

from . import reasons

_EXIT = "SystemExit"
_INTERRUPT = "KeyboardInterrupt"
_CANCELLED = "asyncio.CancelledError"
# Classes that stand in the `except` beside Exception: nobody is to be kept from stopping by them.
_NAMED = frozenset(
    {
        _CANCELLED,
        "gevent.GreenletExit",
        "gevent.Timeout",
        "eventlet.Timeout",
        "func_timeout.FunctionTimedOut",
    }
)
# What calls raise. [docs.python.org: sys.exit, exec, argparse, optparse, runpy, unittest, code;
# docs of click, typer, fire, docopt, absl, uvicorn, django, scrapy, pytest, gevent, eventlet and
# func_timeout; run: click 8.3, gevent 25.9, func_timeout 4.3]
_RAISED = {
    **dict.fromkeys(
        (
            "sys.exit",
            "builtins.exit",
            "builtins.quit",
            "builtins.exec",
            "runpy.run_path",
            "runpy.run_module",
            "code.interact",
            "unittest.main",
            "argparse.ArgumentParser.error",
            "argparse.ArgumentParser.exit",
            "optparse.OptionParser.error",
            "optparse.OptionParser.exit",
            "click.Command.main",
            "typer.run",
            "fire.Fire",
            "docopt.docopt",
            "absl.app.run",
            "uvicorn.run",
            "django.core.management.execute_from_command_line",
            "scrapy.cmdline.execute",
        ),
        _EXIT,
    ),
    **dict.fromkeys(
        ("pytest.exit", "pytest.fail", "pytest.skip", "pytest.xfail", "pytest.importorskip"),
        "pytest.outcomes.OutcomeException",
    ),
    **dict.fromkeys(
        (
            "gevent.Timeout",
            "gevent.Timeout.start_new",
            "gevent.timeout.Timeout",
            "gevent.timeout.Timeout.start_new",
            "gevent.with_timeout",
            "gevent.timeout.with_timeout",
        ),
        "gevent.Timeout",
    ),
    **dict.fromkeys(
        ("eventlet.Timeout", "eventlet.timeout.Timeout", "eventlet.with_timeout"),
        "eventlet.Timeout",
    ),
    "func_timeout.func_timeout": "func_timeout.FunctionTimedOut",
}
# They run a module that somebody names, whatever it does; `exec_module` is a loader's.
_IMPORTING = frozenset({"importlib.import_module", "builtins.__import__", "imp.load_source"})
# They call what they are given, and hand on what it raises. [docs.python.org]
_CALLING = frozenset(
    "map filter reduce starmap partial imap imap_unordered apply apply_async submit to_thread "
    "run_in_executor spawn".split()
)
_PARSING = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args"})
_COMMANDS = ("click.command", "click.group", "typer.Typer")
_LIMITED = "func_timeout.func_set_timeout"
# Of Rust with pyo3, and known to panic: PanicException derives from BaseException.
# [pyo3.rs/latest/doc/pyo3/panic; issues of the libraries]
_RUST = frozenset(
    "polars deltalake tokenizers connectorx datafusion lance lancedb tiktoken".split()
)
_NO_EXCEPTIONS = frozenset({"BaseException", _EXIT, "KeyboardInterrupt", "GeneratorExit"})
_TASKS = frozenset({"asyncio.Task", "asyncio.Future"})
TAKES_AWAITABLES = frozenset({"asyncio.gather", "asyncio.wait_for", "asyncio.shield"})
_GROUPS = frozenset({"asyncio.gather", "asyncio.shield"})  # calls that give a future
_STARTS_TASK = frozenset({"create_task", "ensure_future", "spawn", "spawn_later", "start_soon"})
_ENDS_TASK = frozenset({"cancel", "kill"})
_WORDS_OF_EXITS = ("SystemExit", "exit(", "parse_args(", "exec(", "run_path(", "run_module(")
_ENTRIES = ("main", "cli", "run")  # they are called last, and exit with the program's status
_FAR = 200  # functions that are followed for one `try`
_ALIKE = 6  # files in which a method of the same name is looked at


@dataclass(frozen=True, slots=True)
class Escape:
    """A class that `except Exception` does not catch, and why it may come."""

    raised: str
    reason: Statement

    @property
    def is_named(self) -> bool:
        """Whether `except (TheClass, Exception)` is the answer."""
        return self.raised in _NAMED


def escapes(
    source: SourceFile, context: Context, statement: ast.Try, handler: ast.ExceptHandler
) -> tuple[Escape, ...]:
    """What a bare handler catches of such classes, as far as is told; each class once."""
    earlier = [each for each in statement.handlers if each is not handler]
    found: dict[str, Escape] = {}
    for each in _found(source, context, statement, handler):
        caught = any(covers(source, other.type, each.raised) for other in earlier)
        if not caught:
            found.setdefault(each.raised, each)
    return tuple(found.values())


def _found(
    source: SourceFile, context: Context, statement: ast.Try, handler: ast.ExceptHandler
) -> Iterator[Escape]:
    view = context.infer.view(source)
    known = context.shared.setdefault(_Search, {})
    yield from _thrown_in(statement, handler)
    yield from _Search(context.infer, statement, known).of_body(statement.body, view)
    function = function_of(source, statement)
    if function is None:
        return
    for node in own_nodes(function.body if isinstance(function.body, list) else []):
        if isinstance(node, ast.Call):  # a timer that is started before the `try`
            raised = _RAISED.get(full_name(source, node.func), "")
            if raised.endswith(".Timeout"):
                yield Escape(raised, reasons.RaisesNoException(_text(node), raised))
    yield from _is_ended(source, function)


def _thrown_in(statement: ast.Try, handler: ast.ExceptHandler) -> Iterator[Escape]:
    """What is thrown into a generator at its `yield`; one that yields on then is an error."""
    if any(map(_yields, own_nodes(statement.body))) and not any(
        map(_yields, own_nodes(handler.body))
    ):
        yield Escape("GeneratorExit", reasons.IsClosedEarly())


def _yields(node: ast.AST) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _is_ended(source: SourceFile, function: ast.AST) -> Iterator[Escape]:
    """What is raised in a function that runs in a task of its own, and is cancelled or killed."""
    name = getattr(function, "name", "")
    if not any(word.encode() in source.data for word in _ENDS_TASK):
        return
    tasks: set[str] = set()
    for assign in source.nodes(ast.Assign):
        call = assign.value
        if not isinstance(call, ast.Call) or last_name(call) not in _STARTS_TASK:
            continue
        if name in {last_name(each) for each in call.args}:
            tasks |= {dotted(target) for target in assign.targets}
    for call in source.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute) and dotted(call.func.value) in tasks - {""}:
            if call.func.attr == "cancel" and isinstance(function, ast.AsyncFunctionDef):
                yield Escape(_CANCELLED, reasons.RaisesNoException(_text(call), _CANCELLED))
            elif call.func.attr == "kill":
                raised = "gevent.GreenletExit"
                yield Escape(raised, reasons.RaisesNoException(_text(call), raised))


class _Search:
    """What comes out of statements, followed into the functions of the tree that they call."""

    def __init__(
        self, infer: Inference, statement: ast.Try, known: dict[ast.AST, tuple[Escape, ...]]
    ) -> None:
        self._infer = infer
        self._statement = statement
        self._known = known  # of functions and modules
        self._depth = 0  # of calls
        self._left = _FAR
        self._exits: bool | None = None

    def of_body(self, body: Sequence[ast.stmt], view: View) -> Iterator[Escape]:
        for node in own_nodes(body):
            for each in self._of_node(node, view):
                if not self._is_caught(view, node, each.raised):
                    yield each

    def _of_node(self, node: ast.AST, view: View) -> Iterator[Escape]:
        match node:
            case ast.Raise(exc=ast.expr() as error):
                yield from self._of_raise(error, view)
            case ast.Await(value=awaited):
                if self._may_be_cancelled(awaited, view):
                    yield Escape(_CANCELLED, reasons.RaisesNoException(_text(node), _CANCELLED))
            case ast.Call():
                yield from self._of_call(node, view)
            case ast.Import() | ast.ImportFrom():
                yield from self._of_import(node, view)

    # -- what is raised --------------------------------------------------------------------------

    def _of_raise(self, error: ast.expr, view: View) -> Iterator[Escape]:
        node = error.func if isinstance(error, ast.Call) else error
        name = canonical(full_name(view.source, node))
        if name in (_EXIT, _INTERRUPT):
            yield Escape(name, reasons.MayExit(f"raise {name}"))
            return
        if name in _NAMED or name in _NO_EXCEPTIONS:
            yield Escape(name, reasons.RaisesIt(name))
            return
        for inferred in self._infer.holds_in(view, node):
            value = inferred.value
            if isinstance(value, Class):
                line = self._infer.hierarchy.mro(value)
                names = {base.name.rpartition(".")[2] for base in line if isinstance(base, Library)}
                if "Exception" not in names and not names.isdisjoint(_NO_EXCEPTIONS):
                    yield Escape(value.node.name, reasons.RaisesIt(value.node.name))

    # -- what is awaited --------------------------------------------------------------------------

    def _may_be_cancelled(self, awaited: ast.expr, view: View) -> bool:
        """Whether it may be a task or a future: a coroutine that runs here is cancelled with us."""
        match awaited:
            case ast.Call():
                if full_name(view.source, awaited.func) not in TAKES_AWAITABLES or any(
                    each.arg == "return_exceptions" for each in awaited.keywords
                ):
                    return False
                given = [e.value if isinstance(e, ast.Starred) else e for e in awaited.args]
                return any(self._may_be_cancelled(each, view) for each in given)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                held = self._infer.holds_in(view, awaited)
                if held and all(isinstance(each.value, Awaitable) for each in held):
                    return _is_cancelled_group(view.source, dotted(awaited))
                return True
        return False

    # -- what is called --------------------------------------------------------------------------

    def _of_call(self, call: ast.Call, view: View) -> Iterator[Escape]:
        if last_name(call) in _PARSING:
            yield Escape(_EXIT, reasons.MayExit(_text(call)))
            return
        if last_name(call) == "exec_module":
            yield Escape(_EXIT, reasons.RunsModule(_text(call)))
            return
        if last_name(call) == "run_until_complete" and len(call.args) == 1:
            if self._may_be_cancelled(call.args[0], view):
                yield Escape(_CANCELLED, reasons.RaisesNoException(_text(call), _CANCELLED))
            return
        is_told = False
        if last_name(call) in _CALLING:
            for given in call.args:
                yield from self._of_given(call, given, view)
        for inferred in self._infer.holds_in(view, call.func):
            value = inferred.value
            if isinstance(value, Library):
                is_told = True
                yield from self._of_library(call, value.name)
            elif isinstance(value, Method):
                is_told = True
                yield from self._of_library(call, f"{value.receiver.name}.{value.name}")
                if value.name in ("result", "exception") and value.receiver.name in _TASKS:
                    yield Escape(_CANCELLED, reasons.RaisesNoException(_text(call), _CANCELLED))
            elif isinstance(value, Instance) and isinstance(value.of, Library):
                is_told = True
                if value.of.name in _COMMANDS:
                    yield Escape(_EXIT, reasons.MayExit(_text(call)))
            elif isinstance(value, Function):
                is_told = True
                yield from self._of_function(call, value.node, value.view)
            elif isinstance(value, Class):
                is_told = True
                yield from self._of_class(call, value)
        if not is_told:
            name = canonical(full_name(view.source, call.func))
            if name in ("exit", "quit"):
                yield Escape(_EXIT, reasons.MayExit(_text(call)))
            elif name == "__import__":
                yield from self._of_library(call, f"builtins.{name}")
            elif name in _RAISED:
                yield from self._of_library(call, name)
            elif not self._depth and self._is_variable(call.func, view):
                if self._exits_somewhere(view.path):
                    yield Escape(_EXIT, reasons.CallsWhatIsGiven(_text(call)))
            elif not self._depth:  # further away there is no end of methods of any name
                yield from self._of_name(call, view)

    def _of_given(self, call: ast.Call, given: ast.expr, view: View) -> Iterator[Escape]:
        """What is raised by a function that is handed over to be called."""
        if isinstance(given, ast.Lambda):
            for node in own_nodes([given.body]):
                yield from self._of_node(node, view)
        elif isinstance(given, ast.Name | ast.Attribute):
            for inferred in self._infer.holds_in(view, given):
                if isinstance(inferred.value, Function):
                    yield from self._of_function(call, inferred.value.node, inferred.value.view)

    def _of_library(self, call: ast.Call, name: str) -> Iterator[Escape]:
        if name in _IMPORTING and not all(isinstance(e, ast.Constant) for e in call.args[:1]):
            yield Escape(_EXIT, reasons.RunsModule(_text(call)))
        raised = _RAISED.get(name)
        if raised == _EXIT:
            yield Escape(_EXIT, reasons.MayExit(_text(call)))
        elif raised is not None:
            yield Escape(raised, reasons.RaisesNoException(_text(call), raised))
        root = name.partition(".")[0]
        if root in _RUST:
            yield Escape("pyo3_runtime.PanicException", reasons.MayPanic(root))

    def _of_class(self, call: ast.Call, cls: Class) -> Iterator[Escape]:
        for base in self._infer.hierarchy.mro(cls):
            for each in base.node.body if isinstance(base, Class) else ():
                if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                    assert isinstance(base, Class)
                    yield from self._of_function(call, each, base.view)
                    return

    def _of_function(self, call: ast.Call, node: FunctionNode, view: View) -> Iterator[Escape]:
        if isinstance(node, ast.Lambda):
            return
        view.depend_on_all()
        for decorator in node.decorator_list:
            name = full_name(
                view.source, decorator.func if isinstance(decorator, ast.Call) else decorator
            )
            if _is_command(view.source, decorator) and not _stands_back(call):
                yield Escape(_EXIT, reasons.MayExit(_text(call)))
            elif name == _LIMITED:
                raised = "func_timeout.FunctionTimedOut"
                yield Escape(raised, reasons.RaisesNoException(_text(call), raised))
        for each in self._of_scope(node, node.body, view):
            yield Escape(each.raised, _through(call, node, each))

    def _of_scope(self, scope: ast.AST, body: Sequence[ast.stmt], view: View) -> tuple[Escape, ...]:
        """What comes out of a function or a module, each class once."""
        if scope in self._known or self._left <= 0:
            return self._known.get(scope, ())
        self._known[scope] = ()  # while it is looked at: a cycle adds nothing
        self._left -= 1
        found: dict[str, Escape] = {}
        self._depth += 1
        for each in self.of_body(body, view):
            found.setdefault(each.raised, each)
        self._depth -= 1
        for node in own_nodes(body):
            if isinstance(node, ast.While) and is_endless(node):
                found.setdefault(_INTERRUPT, Escape(_INTERRUPT, reasons.EndlessLoop()))
        self._known[scope] = tuple(found.values())
        return self._known[scope]

    def _of_name(self, call: ast.Call, view: View) -> Iterator[Escape]:
        """What methods of that name do, where nothing tells whose it is."""
        name = last_name(call)
        if not isinstance(call.func, (ast.Attribute, ast.Name)) or name.startswith("__"):
            return
        tree, definition = self._infer.tree, (f"def {name}(",)
        paths = [p for p in tree.mentions(name, view.path) if tree.holds_any(p, definition)]
        if len(paths) > _ALIKE:
            paths = [each for each in paths if tree.holds_any(each, _WORDS_OF_EXITS)]
        for path in [each for each in paths if not tree.is_test(each)][:_ALIKE]:
            other = tree.view(path)
            for function in other.source.nodes(ast.FunctionDef) if other is not None else ():
                if function.name == name:
                    assert other is not None
                    yield from self._of_function(call, function, other)

    def _is_variable(self, function: ast.expr, view: View) -> bool:
        """Whether it is a name that a function is given or binds, or something in a container."""
        if isinstance(function, ast.Subscript):
            return True
        around = function_of(view.source, function)
        return (
            isinstance(function, ast.Name)
            and around is not None
            and function.id in set(bound_names([around]))
        )

    def _exits_somewhere(self, path: str) -> bool:
        """Whether a function in the same program ends it, but for those that are its entry."""
        if self._exits is None:
            tree = self._infer.tree
            found = tree.holding(("raise SystemExit", "sys.exit("))
            near = {*tree.mentions("SystemExit", path), *tree.mentions("exit", path)}
            views = [tree.view(each) for each in found if each in near and not tree.is_test(each)]
            self._exits = any(
                function.name not in _ENTRIES and any(map(_is_exit, own_nodes(function.body)))
                for view in views[:_ALIKE]
                if view is not None
                for function in view.source.nodes(ast.FunctionDef)
            )
        return self._exits

    def _of_import(self, node: ImportStatement, view: View) -> Iterator[Escape]:
        """What the module does while it is imported."""
        tree = self._infer.tree
        for each in names_of(node):
            if each.level:
                path = tree.relative(each.module, each.level, view.path)
            else:
                path = tree.resolve(each.module, view.path)
            other = tree.view(path) if path else None
            if other is not None:
                body = [each for each in other.source.tree.body if not is_main(each)]
                yield from self._of_scope(other.source.tree, body, other)

    # -- what is caught on the way ----------------------------------------------------------------

    def _is_caught(self, view: View, node: ast.AST, raised: str) -> bool:
        """Whether it gets no further than the function, or than our `try`."""
        own = False
        for meeting in meetings(view.source, node, raised):
            own = own or meeting.around is self._statement
            if not own and not meeting.raised:
                return True
        return False


def _is_cancelled_group(source: SourceFile, name: str) -> bool:
    """Whether a name holds what `asyncio.gather` gives, which is a future, and it is cancelled."""
    return any(
        isinstance(value, ast.Call) and full_name(source, value.func) in _GROUPS
        for value in assigned(source, name)
    ) and any(
        each.attr == "cancel" and dotted(each.value) == name for each in source.nodes(ast.Attribute)
    )


def _is_exit(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise) and node.exc is not None:
        return last_name(node.exc) == _EXIT
    return isinstance(node, ast.Call) and dotted(node.func) == "sys.exit"


def is_endless(loop: ast.While) -> bool:
    """Whether nothing but an exception ends a loop."""
    if not isinstance(loop.test, ast.Constant) or not loop.test.value:
        return False
    return not any(isinstance(each, ast.Break | ast.Return) for each in own_nodes(loop.body))


def _is_command(source: SourceFile, decorator: ast.expr) -> bool:
    """`@click.command()`, `@cli.command("load")` of a group."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    if full_name(source, node) in _COMMANDS:
        return True
    if not isinstance(node, ast.Attribute) or node.attr not in ("command", "group"):
        return False
    owner = dotted(node.value)
    return any(
        isinstance(each, ast.FunctionDef)
        and each.name == owner
        and any(_is_command(source, other) for other in each.decorator_list)
        for each in source.tree.body
    )


def _stands_back(call: ast.Call) -> bool:
    """`cli(standalone_mode=False)`, which hands errors on instead of exiting."""
    return any(each.arg == "standalone_mode" for each in call.keywords)


def _through(
    call: ast.Call, node: ast.FunctionDef | ast.AsyncFunctionDef, each: Escape
) -> Statement:
    """The same seen from where the function is called."""
    match each.reason:
        case reasons.MayExit(call=how):
            return reasons.MayExitWithin(_text(call), how, node.name)
        case reasons.MayExitWithin(exit=how, function=function):
            return reasons.MayExitWithin(_text(call), how, function)
        case reasons.RaisesIt(error=error):
            return reasons.RaisesWithin(_text(call), error, node.name)
        case reasons.RaisesWithin(error=error, function=function):
            return reasons.RaisesWithin(_text(call), error, function)
        case reasons.EndlessLoop():
            return reasons.EndlessLoopWithin(_text(call), node.name)
        case reasons.EndlessLoopWithin(function=function):
            return reasons.EndlessLoopWithin(_text(call), function)
    return each.reason


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Await):
        return f"await {_text(node.value)}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func) or last_name(node)}()"
    return dotted(node)
