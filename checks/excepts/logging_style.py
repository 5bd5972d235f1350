"""How a module logs: through which logger, in which library's manner, and in which style."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from qw_codemod.infer import Inference, Instance, Library
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.imports import imports_of
from qw_codemod.python.names import bound_names, free_name, full_name

from .definite_assignment import bound_before
from .effects import Log, log_calls, only_prints

Manner = Literal["logging", "structlog", "loguru", "unknown", "print"]
_MAKERS = re.compile(r"(^|\.)(getLogger|get_logger|get_run_logger|get_task_logger)$")
_OF_LOGGING = frozenset({"exc_info", "extra", "stack_info", "stacklevel"})
_NEW_NAMES = ("logger", "log", "_logger", "module_logger")


@dataclass(frozen=True, slots=True)
class Style:
    """What to log with: `logger` as it is written in the code, empty for `print`.

    `is_new`: the module has none, and gets one of that name. `f_strings`: its messages are such.
    """

    manner: Manner
    logger: str = ""
    is_new: bool = False
    f_strings: bool = False


def style_of(source: SourceFile, infer: Inference, statement: ast.stmt) -> Style:
    """How a handler of the `try` statement is to log."""
    logs = log_calls(source)
    for name in _candidates(source, statement, logs):
        found = _by_name(source, infer, statement, name, logs)
        if found is not None:
            return found
    if only_prints(source):
        return Style("print")
    return Style("logging", free_name(source, source.tree, _NEW_NAMES), is_new=True)


def _candidates(source: SourceFile, statement: ast.stmt, logs: Sequence[Log]) -> Iterator[str]:
    """The loggers that can be used there: the one of the same function, the class, the module."""
    used = Counter(log.receiver for log in logs if log.receiver)
    for place in source.ancestors(statement):
        for name, _ in _by_place(source).get(place, Counter[str]()).most_common():
            if _is_usable(source, statement, name):
                yield name
    for name in (*(name for name, _ in used.most_common()), *_made(source)):
        if _is_usable(source, statement, name):
            yield name


@lru_cache(maxsize=8)
def _by_place(source: SourceFile) -> dict[ast.AST, Counter[str]]:
    """How often each logger is used in each function and class."""
    found: dict[ast.AST, Counter[str]] = {}
    for log in log_calls(source):
        for place in source.ancestors(log.node) if log.receiver else ():
            if isinstance(place, (*FUNCTIONS, ast.ClassDef)):
                found.setdefault(place, Counter())[log.receiver] += 1
    return found


def _made(source: SourceFile) -> Iterator[str]:
    """Loggers of the module that nobody uses yet."""
    for node in source.tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if _MAKERS.search(full_name(source, node.value.func)):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))


def _is_usable(source: SourceFile, statement: ast.stmt, name: str) -> bool:
    """Whether a logger is bound, whatever happened before the statement."""
    root = name.partition(".")[0]
    function = next((n for n in source.ancestors(statement) if isinstance(n, FUNCTIONS)), None)
    if root in ("self", "cls"):
        arguments = getattr(function, "args", None)
        first = [*arguments.posonlyargs, *arguments.args] if arguments else []
        return bool(first) and first[0].arg == root and _in_same_class(source, statement, name)
    if function is not None and root in set(bound_names([function])):
        return root in bound_before(source, statement)
    if root not in _module_names(source):
        return False
    return function is not None or root in _bound_at_top(source, statement)


def _in_same_class(source: SourceFile, statement: ast.stmt, name: str) -> bool:
    """`self.log` of another class says nothing about this one."""
    cls = next((n for n in source.ancestors(statement) if isinstance(n, ast.ClassDef)), None)
    if cls is None:
        return False
    return any(isinstance(n, ast.Attribute) and dotted(n) == name for n in ast.walk(cls))


@lru_cache(maxsize=8)
def _module_names(source: SourceFile) -> set[str]:
    return set(bound_names([source.tree]))


def _bound_at_top(source: SourceFile, statement: ast.stmt) -> set[str]:
    before = source.span(statement).start
    names: set[str] = set()
    for node in source.tree.body:
        if source.span(node).end <= before:
            definition = isinstance(node, (*FUNCTIONS, ast.ClassDef))
            names |= {node.name} if definition else set(bound_names([node]))  # type: ignore[attr-defined]
    return names


def _by_name(
    source: SourceFile, infer: Inference, statement: ast.stmt, name: str, logs: Sequence[Log]
) -> Style | None:
    own = [log for log in logs if log.receiver == name]
    manner = _inferred(source, infer, own)
    if not manner and _is_given(source, statement, name):
        return None  # it may be anything, or None
    manner = manner or _manner(source, name, own)
    takes_more = any(len(log.node.args) > 1 for log in own)
    f_strings = _likes_f_strings(own or logs) or (manner == "unknown" and not takes_more)
    return Style(manner, name, f_strings=f_strings)


def _is_given(source: SourceFile, statement: ast.stmt, name: str) -> bool:
    """Whether the logger is a parameter of a function around, or hangs on one."""
    root = name.partition(".")[0]
    around = [each for each in source.ancestors(statement) if isinstance(each, FUNCTIONS)]
    return root not in ("self", "cls") and any(
        argument.arg == root
        for function in around
        for argument in ast.walk(function.args)
        if isinstance(argument, ast.arg)
    )


def _inferred(source: SourceFile, infer: Inference, logs: Sequence[Log]) -> Manner | None:
    """The library whose logger it is, for all that is known, and nothing else."""
    roots: set[str] = set()
    for log in logs[:1]:
        assert isinstance(log.node.func, ast.Attribute)
        for inferred in infer.holds(source, log.node.func.value):
            value = inferred.value
            of = value.of if isinstance(value, Instance) else value
            roots.add(of.name.partition(".")[0] if isinstance(of, Library) else "")
    (root,) = roots if len(roots) == 1 else ("",)
    if root == "logging" and any(map(_is_foreign_to_logging, logs)):
        return None
    return root if root in ("logging", "structlog", "loguru") else None  # type: ignore[return-value]


def _is_foreign_to_logging(log: Log) -> bool:
    """`logger.info("loaded", tags=tags)` and `**tags`: a Logger of `logging` takes neither."""
    return any(each.arg not in _OF_LOGGING for each in log.node.keywords)


def _manner(source: SourceFile, name: str, logs: Sequence[Log]) -> Manner:
    if name == "logging":
        return "logging"
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and any(dotted(each) == name for each in node.targets):
            made = full_name(source, node.value.func) if isinstance(node.value, ast.Call) else ""
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
