"""How a module logs: through which logger, in which library's manner, and in which style."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qw_codemod.analysis.reporting import LEVELS
from qw_codemod.infer import (
    Class,
    Function,
    Inference,
    Instance,
    Library,
    Module,
    Nothing,
    Value,
    ValueSet,
)
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import imports_of
from qw_codemod.python.names import free_name, full_name
from qw_codemod.python.syntax import own_nodes

from .effects import Log, is_printing, is_script, log_calls, log_of, only_prints
from .reachable import is_bound, is_local, is_set_on_self

Manner = Literal["logging", "structlog", "loguru", "unknown", "print"]
_MAKERS = re.compile(r"(^|\.)(getLogger|get_logger|get_run_logger|get_task_logger)$")
_OF_LOGGING = frozenset({"exc_info", "extra", "stack_info", "stacklevel"})
_NEW_NAMES = ("logger", "log", "_logger", "module_logger", "LOGGER", "LOG", "_LOGGER")
_DIRECT = ("logging.info(", "logging.warning(", "logging.error(", "logging.exception(")
# What stands in for a method that a logger of the project's own lacks.
_INSTEAD = {
    "exception": ("error", "critical", "fatal", "warning", "warn", "info"),
    "error": ("critical", "fatal", "exception", "warning", "warn", "info"),
    "warning": ("warn", "error", "info"),
    "info": ("debug", "notice", "warning", "warn"),
    "debug": ("trace", "info"),
}


@dataclass(frozen=True, slots=True)
class Style:
    """What to log with: `logger` as it is written in the code; a function in the manner of `print`.

    `is_new`: the module has none of that name. It is imported from `comes_from` (`loguru.logger`),
    or made below the imports by the expression `made_by`. `f_strings`: its messages are such.
    """

    manner: Manner
    logger: str = ""
    is_new: bool = False
    f_strings: bool = False
    comes_from: str = ""
    made_by: str = ""
    methods: tuple[str, ...] = ()  # those that it has; empty: all
    with_traceback: tuple[str, ...] = ()  # which of these take `exc_info=`
    arguments: tuple[str, ...] = ()  # what a function that prints is given beside the text
    levels: tuple[str, ...] = ()  # what such a function takes as `level=`

    def method(self, level: str) -> str:
        """The method by which a level is spoken."""
        if not self.methods or level in self.methods:
            return level
        return next(each for each in (*_INSTEAD[level], *self.methods) if each in self.methods)

    def is_too_loud(self, level: str) -> bool:
        """Whether everybody would hear what is ordinary: it prints, or has no level for that."""
        if self.manner == "print":
            return level not in self.levels
        return level == "debug" and self.method(level) not in ("debug", "trace")


def style_of(source: SourceFile, infer: Inference, statement: ast.stmt) -> Style:
    """How a handler of the `try` statement is to log."""
    own = own_loggers(source, infer)
    logs = [*map(_asked_for, log_calls(source)), *(log for logs in own.values() for log in logs)]
    for name in _candidates(source, infer, statement, logs):
        found = _by_name(source, infer, statement, name, logs)
        if found is not None:
            return found
    if function := _log_function(source, infer, statement):
        return Style("print", function, levels=_levels_taken(source, infer, function, statement))
    if only_prints(source) and (is_script(source) or not _neighbours(source, infer, _SPEAK)):
        return _printing(source)
    return _of_module(source) or _new(source, infer)


def _asked_for(log: Log) -> Log:
    """`get_logger().info(...)`: what is asked for each time has no name, and is called again."""
    match log.node.func:
        case ast.Attribute(value=ast.Call(func=ast.Name() | ast.Attribute(), keywords=[]) as call):
            is_plain = all(
                isinstance(e, ast.Constant) or dotted(e) == "__name__" for e in call.args
            )
            if is_plain and _MAKERS.search(dotted(call.func)):
                return replace(log, receiver=ast.unparse(call).replace("'", '"'))
    return log


def _log_function(source: SourceFile, infer: Inference, statement: ast.stmt) -> str:
    """The function of the tree that the file logs with: `log("loading")`; empty if none."""
    names: Counter[str] = Counter()
    for node in source.nodes(ast.Expr):
        call = node.value
        if not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
            continue
        text = call.args[0]
        is_text = isinstance(text, ast.JoinedStr) or (
            isinstance(text, ast.Constant) and isinstance(text.value, str)
        )
        if is_text and isinstance(call.func, ast.Name) and "log" in words(call.func.id):
            held = infer.holds(source, call.func)
            if held and all(isinstance(each.value, Function) for each in held):
                names[call.func.id] += 1
    usable = (name for name, _ in names.most_common() if _is_usable(source, infer, statement, name))
    inside = {getattr(each, "name", "") for each in source.ancestors(statement)}
    return next((name for name in usable if name not in inside), "")


def _levels_taken(
    source: SourceFile, infer: Inference, function: str, statement: ast.stmt
) -> tuple[str, ...]:
    """The texts that a function of the tree knows as its `level`: `def log(text, level="info")`."""
    call = next(
        each
        for each in source.nodes(ast.Call)
        if isinstance(each.func, ast.Name) and each.func.id == function
    )
    found: set[str] = set(LEVELS)
    for inferred in infer.holds(source, call.func):
        value = inferred.value
        if not isinstance(value, Function) or isinstance(value.node, ast.Lambda):
            return ()
        value.view.depend_on(value.node)
        value.view.depend_on_body(value.node)
        taken = value.node.args
        last = taken.args[len(taken.args) - len(taken.defaults) :]
        by_default = dict(zip((each.arg for each in last), taken.defaults, strict=False))
        by_name = zip((each.arg for each in taken.kwonlyargs), taken.kw_defaults, strict=True)
        by_default |= {name: each for name, each in by_name if each is not None}
        default = by_default.get("level")
        if not isinstance(default, ast.Constant) or default.value not in LEVELS:
            return ()
        found &= {
            each.value
            for part in (*value.node.body, default)
            for each in ast.walk(part)
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        }
    return tuple(sorted(found)) if len(found) > 1 else ()


def _printing(source: SourceFile) -> Style:
    """`print`, or `click.echo` as it is written in a file that has it instead."""
    names = Counter(dotted(call.func) for call in source.nodes(ast.Call) if is_printing(call))
    most = names.most_common(1)[0][0]
    full = full_name(source, ast.parse(most, mode="eval").body)
    if full in ("click.echo", "typer.echo"):
        return Style("print", most, arguments=("err=True",))
    return Style("print", "print", arguments=("file=sys.stderr",))


# -- a logger that is to be made ------------------------------------------------------------------


_SPEAK = ("getLogger(", "loguru", "structlog", *_DIRECT)  # in files that log


def _of_module(source: SourceFile) -> Style | None:
    """The module's own logger, where its name is bound too late: by what makes it."""
    for _, call in _assigned(source):
        if full_name(source, call.func) != "logging.getLogger":
            continue
        if all(dotted(each) == "__name__" or isinstance(each, ast.Constant) for each in call.args):
            arguments = ", ".join(source.text(each) for each in call.args)
            return Style(
                "logging",
                f"logging.getLogger({arguments})",
                is_new=True,
                f_strings=_likes_f_strings(log_calls(source)),
                comes_from="logging",
            )
    return None


def _new(source: SourceFile, infer: Inference) -> Style:
    """A logger as the files beside this one have it."""
    if not _neighbours(source, infer, ("getLogger(", *_DIRECT)):
        beside = (each for each in _OTHERS if _neighbours(source, infer, _OTHERS[each]))
        manner = next(beside, None) or _manner_of_package(source, infer)
        if manner == "loguru" and _is_free(source, "logger"):
            return Style("loguru", "logger", is_new=True, comes_from="loguru.logger")
        if manner == "structlog":
            made_by = _most_used(infer, "", _STRUCTLOG)[0]
            name = free_name(source, source.tree, _names_by_use(infer, "structlog.get_logger("))
            return Style("structlog", name, True, comes_from="structlog", made_by=made_by)
    elif _is_spoken_directly(source, infer) and _is_free(source, "logging"):
        return Style("logging", "logging", is_new=True, comes_from="logging")
    name = free_name(source, source.tree, _names_by_use(infer, "logging.getLogger("))
    return Style("logging", name, is_new=True, comes_from="logging", made_by=_LOGGING)


_LOGGING = "logging.getLogger(__name__)"
_STRUCTLOG = ("structlog.get_logger()", "structlog.get_logger(__name__)")
_OTHERS: Mapping[Manner, tuple[str, ...]] = {
    "loguru": ("from loguru import logger",),
    "structlog": ("structlog.get_logger(",),
}


def _manner_of_package(source: SourceFile, infer: Inference) -> Manner | None:
    """The library that all modules around log with; None where they differ, or none logs.

    Asked are those of the folder and of the packages around it, the innermost that has some that
    log. A logger of `logging` that is asked for by another name than the module's own is set up.
    """
    tree = infer.tree
    for folder in tree.folders_of(source.path):
        if not tree.has(f"{folder}{os.sep}__init__.py"):
            return None
        of_logging = _within(source, infer, folder, ("getLogger(__name__", *_DIRECT))
        found = [each for each in _OTHERS if _within(source, infer, folder, _OTHERS[each])]
        if found or of_logging:
            return found[0] if len(found) == 1 and not of_logging else None
    return None


def _within(source: SourceFile, infer: Inference, folder: str, tokens: tuple[str, ...]) -> bool:
    """Whether another file below a folder holds one of these texts; tests do not count."""
    return any(
        path.startswith(folder + os.sep) and path != source.path and not infer.tree.is_test(path)
        for path in infer.tree.holding(tokens)
    )


def _is_free(source: SourceFile, name: str) -> bool:
    """Whether a name can be imported: it means nothing yet, or is imported and unused."""
    return free_name(source, source.tree, (name,)) == name or any(
        each.source == name and each.bound == name for each in imports_of(source.tree)
    )


def _neighbours(source: SourceFile, infer: Inference, tokens: tuple[str, ...]) -> int:
    """How many other files of the same folder hold one of these texts; tests do not count."""
    folder = os.path.dirname(source.path)
    return sum(
        os.path.dirname(path) == folder and path != source.path and not infer.tree.is_test(path)
        for path in infer.tree.holding(tokens)
    )


def _is_spoken_directly(source: SourceFile, infer: Inference) -> bool:
    """Whether the files of the folder call the functions of `logging`, and make no loggers."""
    return not _neighbours(source, infer, ("getLogger(",))


def _names_by_use(infer: Inference, maker: str) -> list[str]:
    """The names for a module's logger, first the one that most files of the tree have."""
    return _most_used(infer, f" = {maker}", _NEW_NAMES, "\n")


def _most_used(
    infer: Inference, behind: str, texts: tuple[str, ...], before: str = ""
) -> list[str]:
    """Some texts, first the one that most files of the tree hold with what is around it."""
    counts = {each: len(infer.tree.holding((f"{before}{each}{behind}",))) for each in texts}
    return sorted(texts, key=lambda each: -counts[each])


# -- loggers that are there -----------------------------------------------------------------------


def loggers_in(source: SourceFile, infer: Inference, handler: ast.ExceptHandler) -> list[str]:
    """What a handler logs with that is not named like a logger."""
    calls = [each for each in own_nodes(handler.body) if isinstance(each, ast.Call)]
    return [*_own_loggers(source, infer, calls)]


def own_loggers(source: SourceFile, infer: Inference) -> dict[str, list[Log]]:
    """What the file logs with that is not named like a logger; told by what it is."""
    return _own_loggers(source, infer, source.nodes(ast.Call))


def any_log_of(source: SourceFile, infer: Inference, call: ast.Call) -> Log | None:
    """The call as one that logs, by names or by what it is called on."""
    return log_of(call) or next(
        (log for logs in _own_loggers(source, infer, [call]).values() for log in logs), None
    )


def _own_loggers(
    source: SourceFile, infer: Inference, every: Iterable[ast.Call]
) -> dict[str, list[Log]]:
    calls: dict[str, list[Log]] = {}
    for call in every:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in LEVELS:
            continue
        name = dotted(call.func.value)
        if name and log_of(call) is None:
            calls.setdefault(name, []).append(Log(call, name, call.func.attr))
    return {name: logs for name, logs in calls.items() if _is_logger(infer, source, logs[0])}


def _is_logger(infer: Inference, source: SourceFile, log: Log) -> bool:
    held = [each.value for each in _held(source, infer, log)]
    return bool(held) and all(
        _library_of(infer, each) or len(_methods(infer, each)) > 1 for each in held
    )


def _held(source: SourceFile, infer: Inference, log: Log) -> ValueSet:
    assert isinstance(log.node.func, ast.Attribute)
    return infer.holds(source, log.node.func.value)


def _library_of(infer: Inference, value: Value) -> str:
    """The library of loggers that a value comes from; empty if from none."""
    of = value.of if isinstance(value, Instance) else value
    line = infer.hierarchy.mro(of) if isinstance(of, Class) else [of]
    roots = [each.name.partition(".")[0] for each in line if isinstance(each, Library)]
    return next((each for each in roots if each in ("logging", "structlog", "loguru")), "")


def _methods(infer: Inference, value: Value) -> dict[str, ast.FunctionDef]:
    """The methods of a class, or functions of a module, of the tree that log one message."""
    found: dict[str, ast.FunctionDef] = {}
    if isinstance(value, Module):
        bodies = [(value.view.source.tree.body, 0)]
        value.view.depend_on_all()
    elif isinstance(value, Instance) and isinstance(value.of, Class):
        line = infer.hierarchy.mro(value.of)
        bodies = [(each.node.body, 1) for each in line if isinstance(each, Class)]
        for each in line:
            if isinstance(each, Class):
                each.view.depend_on(each.node)
    else:
        return found
    for body, bound in bodies:
        for node in body:
            if isinstance(node, ast.FunctionDef) and node.name in LEVELS:
                arguments = node.args
                places = [*arguments.posonlyargs, *arguments.args][bound:]
                needed = len(places) - len(arguments.defaults)
                needs_names = any(each is None for each in arguments.kw_defaults)
                if needed <= 1 and (places or arguments.vararg) and not needs_names:
                    found.setdefault(node.name, node)
    return found


def _takes_traceback(function: ast.FunctionDef) -> bool:
    arguments = function.args
    return any(each.arg == "exc_info" for each in (*arguments.args, *arguments.kwonlyargs))


def _candidates(
    source: SourceFile, infer: Inference, statement: ast.stmt, logs: Sequence[Log]
) -> Iterator[str]:
    """The loggers that can be used there: the one of the same function, the class, the module."""
    used = Counter(log.receiver for log in logs if log.receiver)
    near = _by_place(source, logs)
    places = [near.get(place, Counter[str]()) for place in source.ancestors(statement)]
    names = [name for place in (*places, used) for name, _ in place.most_common()]
    for name in dict.fromkeys((*names, *_made(source))):
        if _is_usable(source, infer, statement, name):
            yield name


def _by_place(source: SourceFile, logs: Sequence[Log]) -> dict[ast.AST, Counter[str]]:
    """How often each logger is used in each function and class."""
    found: dict[ast.AST, Counter[str]] = {}
    for log in logs:
        for place in source.ancestors(log.node) if log.receiver else ():
            if isinstance(place, (*FUNCTIONS, ast.ClassDef)):
                found.setdefault(place, Counter())[log.receiver] += 1
    return found


def _made(source: SourceFile) -> Iterator[str]:
    """Loggers of the module that nobody uses yet."""
    for name, call in _assigned(source):
        if _MAKERS.search(full_name(source, call.func)):
            yield name


def _assigned(source: SourceFile) -> Iterator[tuple[str, ast.Call]]:
    """The names of the module that are given what a call gives."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            for each in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(each, ast.Name):
                    yield each.id, node.value


def _is_usable(source: SourceFile, infer: Inference, statement: ast.stmt, name: str) -> bool:
    """Whether a logger is bound, whatever happened before the statement."""
    root, _, rest = name.partition("(")[0].partition(".")
    function = next((n for n in source.ancestors(statement) if isinstance(n, FUNCTIONS)), None)
    if root in ("self", "cls"):
        arguments = getattr(function, "args", None)
        first = [*arguments.posonlyargs, *arguments.args] if arguments else []
        is_first = bool(first) and first[0].arg == root
        return (
            is_first
            and _in_same_class(source, statement, name)
            and is_set_on_self(source, statement, rest.partition(".")[0])
        )
    local = is_local(source, statement, root)
    return is_bound(source, infer.tree, statement, root) if local is None else local


def _in_same_class(source: SourceFile, statement: ast.stmt, name: str) -> bool:
    """`self.log` of another class says nothing about this one."""
    cls = next((n for n in source.ancestors(statement) if isinstance(n, ast.ClassDef)), None)
    if cls is None:
        return False
    return any(isinstance(n, ast.Attribute) and dotted(n) == name for n in ast.walk(cls))


def _by_name(
    source: SourceFile, infer: Inference, statement: ast.stmt, name: str, logs: Sequence[Log]
) -> Style | None:
    own = [log for log in logs if log.receiver == name]
    manner = _inferred(source, infer, own)
    if not manner and not _is_surely_given(source, statement, name, own):
        return None  # it may be anything, or None
    if any(isinstance(e.value, Nothing) for log in own[:1] for e in _held(source, infer, log)):
        return None  # until somebody makes it
    takes_more = any(len(log.node.args) > 1 for log in own)
    manner = manner or _manner(source, name, own)
    methods = _own_methods(source, infer, own)
    if methods is not None and manner != "logging":
        if not methods:
            return None  # it logs in a way of its own
        tracing = tuple(each for each, node in methods.items() if _takes_traceback(node))
        return Style("unknown", name, False, True, "", "", tuple(methods), tracing)
    f_strings = _likes_f_strings(own or logs) or (manner == "unknown" and not takes_more)
    return Style(manner, name, f_strings=f_strings)


def _own_methods(
    source: SourceFile, infer: Inference, logs: Sequence[Log]
) -> dict[str, ast.FunctionDef] | None:
    """The methods of a logger of the project's own; None where it is none, or not known."""
    held = [each.value for log in logs[:1] for each in _held(source, infer, log)]
    if not held or any(_library_of(infer, each) for each in held):
        return None
    told = [e for e in held if isinstance(e, Module) or _is_own_object(infer, e)]
    if len(told) < len(held):
        return None
    every = [_methods(infer, each) for each in held]
    return {name: node for name, node in every[0].items() if all(name in each for each in every)}


def _is_own_object(infer: Inference, value: Value) -> bool:
    """Whether it is an object of a class of the tree that hands nothing on to another one."""
    if not isinstance(value, Instance) or not isinstance(value.of, Class):
        return False
    line = infer.hierarchy.mro(value.of)
    return all(
        isinstance(each, Class)
        and not any(getattr(node, "name", "") == "__getattr__" for node in each.node.body)
        or (isinstance(each, Library) and each.name == "builtins.object")
        for each in line
    )


def manner_of(source: SourceFile, infer: Inference, log: Log) -> Manner:
    """The library in whose manner a call logs."""
    logs = [each for each in log_calls(source) if each.receiver == log.receiver]
    manner = _inferred(source, infer, [log]) or _manner(source, log.receiver, logs)
    if manner != "logging" and _own_methods(source, infer, [log]) is not None:
        return "unknown"
    return manner


def takes_exc_info(source: SourceFile, infer: Inference, log: Log) -> bool:
    """Whether `exc_info=True` can be given to a call, as far as is told."""
    methods = _own_methods(source, infer, [log])
    if methods is None:
        return True
    return log.method in methods and _takes_traceback(methods[log.method])


def _is_surely_given(
    source: SourceFile, statement: ast.stmt, name: str, logs: Sequence[Log]
) -> bool:
    """Whether a logger that hangs on a parameter is there; so are all that hang on none.

    The function that has the parameter logs with it, whatever else happens, and never asks whether
    it is there.
    """
    root = name.partition(".")[0]
    if root in ("self", "cls"):
        return True
    for function in source.ancestors(statement):
        if not isinstance(function, FUNCTIONS):
            continue
        given = function.args
        if root not in {each.arg for each in ast.walk(given) if isinstance(each, ast.arg)}:
            continue
        if root != name or root not in map(_name_of, [*given.posonlyargs, *given.args]):
            return False
        required = len(given.posonlyargs) + len(given.args) - len(given.defaults)
        if root not in map(_name_of, [*given.posonlyargs, *given.args][:required]):
            return False
        inside = [log for log in logs if function in source.ancestors(log.node)]
        asking = (ast.If, ast.IfExp, ast.While)
        tests = [each.test for each in ast.walk(function) if isinstance(each, asking)]
        asked = {_name_of(each) for test in tests for each in ast.walk(test)}
        return bool(inside) and root not in asked
    return True


def _name_of(node: ast.AST) -> str:
    match node:
        case ast.arg(arg=name) | ast.Name(id=name):
            return name
    return ""


def _inferred(source: SourceFile, infer: Inference, logs: Sequence[Log]) -> Manner | None:
    """The library whose logger it is, for all that is known, and nothing else."""
    roots = {
        _library_of(infer, inferred.value)
        for log in logs[:1]
        for inferred in _held(source, infer, log)
    }
    (root,) = roots if len(roots) == 1 else ("",)
    if root == "logging" and any(map(_is_foreign_to_logging, logs)):
        return None
    return root or None  # type: ignore[return-value]


def _is_foreign_to_logging(log: Log) -> bool:
    """`logger.info("loaded", tags=tags)` and `**tags`: a Logger of `logging` takes neither."""
    return any(each.arg not in _OF_LOGGING for each in log.node.keywords)


def _manner(source: SourceFile, name: str, logs: Sequence[Log]) -> Manner:
    if name == "logging" and any(each.source == name for each in imports_of(source.tree)):
        return "logging"
    for assigned, call in _assigned(source):
        if assigned == name:
            made = full_name(source, call.func)
            if made.startswith("structlog."):
                return "structlog"
            if _MAKERS.search(made) and made.startswith("logging."):
                return "logging"
    return _by_use(logs)


def _by_use(logs: Sequence[Log]) -> Manner:
    """Of a logger that comes from elsewhere, the way in which it is called tells."""
    keywords = {each.arg for log in logs for each in log.node.keywords} - {None}
    if keywords - _OF_LOGGING:
        return "structlog"
    if any(log.node.args[1:] and "{}" in ast.dump(log.node.args[0]) for log in logs):
        return "loguru"
    # whether it takes `extra=` is not known, unless somebody passes it
    return "logging" if "extra" in keywords else "unknown"


def _likes_f_strings(logs: Sequence[Log]) -> bool:
    """Whether messages with values in them are f-strings rather than `%s` with arguments."""
    f_strings = sum(
        bool(log.node.args) and isinstance(log.node.args[0], ast.JoinedStr) for log in logs
    )
    others = sum(len(log.node.args) > 1 for log in logs)
    return f_strings > others


def stands_alone(source: SourceFile) -> bool:
    """Whether a script imports the standard library alone, and may run where that is all."""
    if not only_prints(source):
        return False
    return all(
        each.is_optional or each.package in sys.stdlib_module_names
        for each in imports_of(source.tree)
    )
