"""After how many seconds a call is ended from outside: by its unit, task or subscription."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from qw_codemod.analysis.callers import calls_with
from qw_codemod.analysis.units import statements as says
from qw_codemod.analysis.units.programs import entries_of, programs_of
from qw_codemod.facts.deployments import Unit
from qw_codemod.facts.project import Tree
from qw_codemod.kernel.kept import kept
from qw_codemod.kernel.statements import At, Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.imports import imports_of
from qw_codemod.python.syntax import last_name, own_nodes

_TASKS = frozenset({"task", "shared_task", "periodic_task"})
_LIMITS = frozenset({"soft_time_limit", "time_limit", "execution_timeout"})
# what a queue stops its work after: the option, and how many seconds one of its numbers is
# [python-rq.org/docs/jobs, dramatiq.io/guide.html#message-time-limits]
_OF_QUEUE = {"rq": ("timeout", 1), "dramatiq": ("time_limit", 0.001)}
_OF_CALL = {"job_timeout": 1, "default_timeout": 1, "time_limit": 0.001}
_SPELLED = re.compile(r"(\d+)([smhd]?)")
_OF_APP = frozenset({"task_time_limit", "task_soft_time_limit"})
_UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}
_FARTHEST = 12  # functions on the way from a task to the call


@dataclass(frozen=True, slots=True)
class Stop:
    """What ends a call, and after how many seconds at the latest.

    `enters`: the functions of the call's file that are run within the limit, where others may not.
    """

    seconds: float
    why: Statement
    path: str
    line: int
    enters: frozenset[str] = frozenset()


def deadline_of(
    tree: Tree,
    source: SourceFile,
    node: ast.AST,
    *,
    with_usual: bool = False,
    on_every_way: bool = False,
) -> Stop | None:
    """The shortest deadline that a node of a file runs under, as far as any is known.

    `with_usual`: also one that holds where an earlier deployment has said nothing else.
    `on_every_way`: none of a task, where other functions of the file lead to the node as well.
    """
    stops = [*_of_units(tree, source.path)]
    of_tasks = _of_tasks(tree, source, node)
    stops += (each for each in of_tasks if not on_every_way or _is_only_way(source, node, each))
    stops += _usual(tree, source.path) if with_usual else ()
    return min(stops, key=lambda stop: stop.seconds, default=None)


def shown_seconds(seconds: float) -> str:
    """Seconds as a person writes them."""
    return f"{round(seconds, 2):g}"


# -- units ----------------------------------------------------------------------------------------


def _of_units(tree: Tree, path: str) -> Iterator[Stop]:
    deployed = tree.deployments()
    programs = programs_of(tree, path)
    for program in programs:
        unit = program.unit
        if unit is None and program.seconds is not None:
            name = os.path.relpath(program.entry, tree.root)
            yield _stop(name, program.seconds, program.path, program.stopped_at)
        if unit is None or (unit.is_image and not unit.entries):
            continue
        name = unit.name
        if unit.seconds is not None:
            yield _stop(name, unit.seconds, unit.path, unit.line)
        alone = _only_unit(deployed.units, unit)
        for deadline in deployed.deadlines:
            if deadline.path == unit.path and alone:
                yield _stop(name, deadline.seconds, deadline.path, deadline.line)
    if not deployed.deadlines:
        return
    loaders = tree.loaders(path)
    entries = {entry for program in programs for entry in entries_of(program)} | {path}
    for deadline in deployed.deadlines:
        named = tree.holding((deadline.name,)) if len(deadline.name) > 3 else ()
        if any(each in loaders and each in entries for each in named):
            yield _stop(deadline.name, deadline.seconds, deadline.path, deadline.line)


def _usual(tree: Tree, path: str) -> Iterator[Stop]:
    for unit in (program.unit for program in programs_of(tree, path)):
        if unit is not None and unit.usual is not None:
            place = At(unit.path, unit.line)
            why = says.UnitIsUsuallyStopped(unit.name, shown_seconds(unit.usual), place)
            yield Stop(unit.usual, why, unit.path, unit.line)


def _only_unit(units: tuple[Unit, ...], unit: Unit) -> bool:
    return len([each for each in units if each.path == unit.path]) == 1


def _stop(name: str, seconds: float, path: str, line: int) -> Stop:
    why = says.UnitIsStopped(name, shown_seconds(seconds), At(path, line))
    return Stop(seconds, why, path, line)


# -- tasks ----------------------------------------------------------------------------------------


def _of_tasks(tree: Tree, source: SourceFile, node: ast.AST) -> Iterator[Stop]:
    """The limits of the tasks and queued work that run a node, in its file or in a loader."""
    names = _callers_of(source, node)
    for stop in _limits(tree, source, names, names):
        yield replace(stop, enters=stop.enters & names or names)
    told = _LIMITS | _OF_APP
    if tree.mentions("rq"):
        told |= {"timeout"}
    loaders = tree.loaders(source.path)
    # What no import names is loaded by what asks for it by a text: anybody may call its methods.
    is_plugin = all(each == source.path or tree.is_test(each) for each in loaders)
    is_plugin = is_plugin and not any(map(entries_of, programs_of(tree, source.path)))
    naming = {path for name in sorted(names) for path in tree.mentions(name)} - {source.path}
    for path in tree.holding(tuple(sorted(told))) if naming else ():
        if path not in naming or tree.is_test(path) or not (path in loaders or is_plugin):
            continue
        view = tree.view(path)
        if view is None:
            continue
        calls = calls_with(view.source)
        running = {
            each
            for name in names
            for call in calls.get(name, ())
            for each in _callers_of(view.source, call)
        }
        enters = frozenset(name for name in names if name in calls) or names
        for stop in _limits(tree, view.source, running, names):
            yield replace(stop, enters=enters)


def _is_only_way(source: SourceFile, node: ast.AST, stop: Stop) -> bool:
    """Whether all that runs a node in its file is run by what a limit is for."""
    callers: dict[str, set[str]] = {}
    for name, called in _called_names(source):
        for each in called:
            callers.setdefault(each, set()).add(name)

    def is_stopped(name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in stop.enters:
            return True
        others = callers.get(name, set()) - seen - {name}
        return bool(others) and all(is_stopped(each, seen | {name}) for each in others)

    around = (each.name for each in source.ancestors(node) if isinstance(each, FUNCTIONS[:2]))
    return any(map(is_stopped, around))


def _callers_of(source: SourceFile, node: ast.AST) -> frozenset[str]:
    """The functions of a file that run a node: those around it, and those that call them."""
    found = {each.name for each in source.ancestors(node) if isinstance(each, FUNCTIONS[:2])}
    called = _called_names(source)
    for _ in range(_FARTHEST):
        more = {name for name, names in called if name not in found and names & found}
        if not more:
            break
        found |= more
    return frozenset(found)


@kept
def _called_names(source: SourceFile) -> list[tuple[str, set[str]]]:
    """The functions of a file, each with the last names of what it calls."""
    return [
        (
            function.name,
            {last_name(each) for each in own_nodes(function.body) if isinstance(each, ast.Call)},
        )
        for function in _functions(source)
    ]


@kept
def _calls_with_options(source: SourceFile) -> list[ast.Call]:
    """The calls of a file that may hand a function over to be run within a limit."""
    return [
        call
        for call in source.nodes(ast.Call)
        if any(each.arg == "python_callable" for each in call.keywords)
        or isinstance(call.func, ast.Attribute)
        and (call.func.attr == "send_with_options" or call.func.attr.startswith("enqueue"))
    ]


def _functions(source: SourceFile) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [*source.nodes(ast.FunctionDef), *source.nodes(ast.AsyncFunctionDef)]


def _limits(
    tree: Tree, source: SourceFile, running: frozenset[str] | set[str], named: frozenset[str]
) -> Iterator[Stop]:
    yield from _queued(tree, source, running | named)
    tasks = False
    for function in _functions(source):
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            is_task = dotted(call.func if call else decorator).rpartition(".")[2] in _TASKS
            tasks = tasks or (is_task and function.name in running)
            if call is not None and is_task and function.name in running:
                yield from _given(source, call, function.name)
            elif call is not None and function.name in running:
                option, scale = _OF_QUEUE.get(_library(tree, source, dotted(call.func)), ("", 1))
                for keyword in call.keywords:
                    if option and keyword.arg == option and (n := _spelled(keyword.value)):
                        yield _task(source, function.name, n * scale, keyword.value)
    for call in _calls_with_options(source):
        handed = next((k.value for k in call.keywords if k.arg == "python_callable"), None)
        if handed is not None and last_name(handed) in running | named:
            yield from _given(source, call, last_name(handed))
    if tasks:
        yield from _of_app(source)


def _queued(tree: Tree, source: SourceFile, running: AbstractSet[str]) -> Iterator[Stop]:
    """Limits of functions that are put into a queue: `queue.enqueue(load, job_timeout=30)`."""
    calls = _calls_with_options(source)
    if not calls:
        return
    queues = {
        dotted(each.targets[0]): each.value
        for each in source.nodes(ast.Assign)
        if isinstance(each.value, ast.Call)
    }
    for call in calls:
        match call.func:
            case ast.Attribute(value=receiver, attr=method):
                pass
            case _:
                continue
        if method == "send_with_options":
            work, options = dotted(receiver).rpartition(".")[2], [("time_limit", call)]
        elif method.startswith("enqueue"):
            handed = [*call.args, *(each.value for each in call.keywords if each.arg == "func")]
            work = next((name for each in handed if (name := last_name(each)) in running), "")
            options = [("job_timeout", call)]
            made = queues.get(dotted(receiver)) if dotted(receiver) else receiver
            is_said = _keyword(call, "job_timeout") is not None
            if isinstance(made, ast.Call) and not is_said and _is_of_rq(tree, source, made):
                options.append(("default_timeout", made))
        else:
            continue
        for name, where in options if work and work in running else ():
            value = _keyword(where, name)
            if value is not None and (seconds := _spelled(value)):
                yield _task(source, work, seconds * _OF_CALL[name], value)


def _is_of_rq(tree: Tree, source: SourceFile, call: ast.Call) -> bool:
    return _library(tree, source, dotted(call.func)) == "rq"


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _spelled(node: ast.expr) -> float | None:
    """A number, or one as rq reads it: `"30s"`, `"10m"`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        match = _SPELLED.fullmatch(node.value.strip())
        return int(match[1]) * {"m": 60, "h": 3600, "d": 86400}.get(match[2], 1) if match else None
    return _seconds(node)


def _library(tree: Tree, source: SourceFile, name: str, steps: int = 6) -> str:
    """The library that a name comes from: imported, a subclass, or a `partial` of what is."""
    top = name.partition(".")[0]
    for each in imports_of(source.tree) if top and steps else ():
        if each.bound != top:
            continue
        member = each.name or name.rpartition(".")[2]
        for module in (each.source, each.module):
            path = tree.resolve(module, source.path) if module else ""
            view = tree.view(path) if path and path != source.path else None
            if view is not None:
                return _library(tree, view.source, member, steps - 1)
        return "" if each.level else each.package
    for node in source.tree.body if top and steps else ():
        match node:
            case ast.ClassDef(name=found, bases=[first, *_]) if found == name:
                return _library(tree, source, dotted(first), steps - 1)
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.Call() as made) if (
                found == name
            ):
                is_partial = last_name(made) == "partial" and made.args
                origin = made.args[0] if is_partial else made.func
                return _library(tree, source, dotted(origin), steps - 1)
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return _library(tree, source, dotted(value), steps - 1)
    return ""


def _given(source: SourceFile, call: ast.Call, task: str) -> Iterator[Stop]:
    for keyword in call.keywords:
        if keyword.arg in _LIMITS and (seconds := _seconds(keyword.value)) is not None:
            yield _task(source, task, seconds, keyword.value)


def _of_app(source: SourceFile) -> Iterator[Stop]:
    """Limits for all tasks of a Celery application: `app.conf.task_time_limit = 300`."""
    for assign in source.nodes(ast.Assign):
        name = dotted(assign.targets[0]).rpartition(".")[2]
        if name in _OF_APP and (seconds := _seconds(assign.value)) is not None:
            yield _task(source, name, seconds, assign.value)
    for call in source.nodes(ast.Call):
        for keyword in call.keywords:
            if keyword.arg in _OF_APP and (seconds := _seconds(keyword.value)) is not None:
                yield _task(source, keyword.arg, seconds, keyword.value)


def _task(source: SourceFile, task: str, seconds: float, node: ast.expr) -> Stop:
    place = At(source.path, node.lineno)
    why = says.TaskIsStopped(task, shown_seconds(seconds), place)
    return Stop(seconds, why, source.path, node.lineno, frozenset({task}))


def _seconds(node: ast.expr) -> float | None:
    """A number of seconds, or a `timedelta` that is spelled out."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            first, second = _seconds(left), _seconds(right)
            return first * second if first is not None and second is not None else None
        case ast.Call(keywords=keywords, args=[]) if last_name(node) in ("timedelta", "duration"):
            total = 0.0
            for keyword in keywords:
                count = _seconds(keyword.value)
                if keyword.arg not in _UNITS or count is None:
                    return None
                total += count * _UNITS[keyword.arg]
            return total or None
    return None
