"""Waits that are handed to something that calls them: `submit(job.result)`, `map(list, jobs)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.infer import Inference, Library, Method, ValueSet, judge
from qw_codemod.infer.containers import element
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.stdlib import EXECUTORS, POOL_MAPS, POOLS
from qw_codemod.python.names import full_name

from .tokens import METHODS
from .waits import Passes, Wait, is_iterable, is_waiting, kind_of

_POOL_CALLS = ("apply", "apply_async", "starmap")
# Where the method stands among the arguments; -1: it is the keyword `target`.
_PASSES: dict[str, tuple[int, Passes]] = {
    "asyncio.to_thread": (0, "keywords"),
    "functools.partial": (0, "keywords"),
    "starlette.concurrency.run_in_threadpool": (0, "keywords"),
    "fastapi.concurrency.run_in_threadpool": (0, "keywords"),
    "anyio.to_thread.run_sync": (0, "nothing"),
    "asyncio.AbstractEventLoop.run_in_executor": (1, "nothing"),
    "threading.Thread": (-1, "nothing"),
    "threading.Timer": (1, "nothing"),
    "builtins.map": (0, "nothing"),
    **{f"{executor}.submit": (0, "keywords") for executor in EXECUTORS},
    **{f"{executor}.map": (0, "nothing") for executor in EXECUTORS},
    **{f"{pool}.{name}": (0, "nothing") for pool in POOLS for name in (*POOL_MAPS, *_POOL_CALLS)},
}
_BOUNDS = frozenset({"timeout", "wait_timeout"})
_CALLER = "operator.methodcaller"
_TAKES_ALL = frozenset({"list", "tuple", "set", "frozenset", "sorted"})  # of what it is given


def handed_over(source: SourceFile, infer: Inference) -> Iterator[Wait]:
    """The waits that something else may do, bounded or not."""
    for attribute in source.nodes(ast.Attribute):
        if attribute.attr in METHODS:
            yield from _method(source, infer, attribute)
    has_callers = b"methodcaller" in source.data
    for call in source.nodes(ast.Call):
        if has_callers and full_name(source, call.func) == _CALLER:
            yield from _caller(source, infer, call)
        for taker in call.args[:-1]:
            if isinstance(taker, ast.Name) and taker.id in _TAKES_ALL:
                yield from _taker(source, infer, call, taker)


def _method(source: SourceFile, infer: Inference, node: ast.Attribute) -> Iterator[Wait]:
    """A method that is given to something that may call it: `pool.submit(job.result)`."""
    around = source.parent(node)
    call = source.parent(around) if isinstance(around, ast.keyword) else around
    if not isinstance(call, ast.Call) or node is call.func:
        return
    if isinstance(around, ast.keyword) and around.arg != "target":
        return
    if any(_may_bound(each) for each in call.keywords):
        return
    answer = judge(infer.holds(source, node), is_waiting)
    if answer is not None:
        place = call.args.index(node) if node in call.args else -1
        passes = _passing(infer.holds(source, call.func), place)
        job = node.value if isinstance(answer.values[0], Method) else None
        yield Wait(node, "handed", kind_of(answer), answer, job, call, passes, node.attr)


def _may_bound(keyword: ast.keyword) -> bool:
    """Whether a keyword of what calls the method is, or may hold, a bound for it."""
    if keyword.arg in ("kwargs", "kwds") and isinstance(keyword.value, ast.Dict):
        keys = (
            each.value if isinstance(each, ast.Constant) else None for each in keyword.value.keys
        )
        return any(key is None or key in _BOUNDS for key in keys)
    return keyword.arg in (None, "kwargs", "kwds", *_BOUNDS)


def _passing(callee: ValueSet, place: int) -> Passes:
    """How what is called, with a method at that place, lets arguments through to it."""
    found: set[Passes] = set()
    for p in callee:
        value = p.value
        name = value.name if isinstance(value, Library) else ""
        if isinstance(value, Method):
            name = f"{value.receiver.name}.{value.name}"
        at, passes = _PASSES.get(name, (place, "unknown"))
        found.add(passes if at == place and not p.doubt else "unknown")
    return found.pop() if len(found) == 1 else "unknown"


def _caller(source: SourceFile, infer: Inference, made: ast.Call) -> Iterator[Wait]:
    """`methodcaller("result")`, where what it is called with is a job."""
    name = made.args[0].value if made.args and isinstance(made.args[0], ast.Constant) else None
    if name not in METHODS or any(_may_bound(each) for each in made.keywords):
        return
    for use in _uses(source, infer, made):
        given, is_sure = _given(source, infer, use)
        view = infer.view(source)
        infer.evaluator.fresh_question()
        answer = judge(infer.evaluator.attribute(given, str(name), view, made), is_waiting)
        if answer is not None:
            is_plain = is_sure and len(made.args) == 1
            passes: Passes = "keywords" if is_plain else "unknown"
            yield Wait(made, "handed", kind_of(answer), answer, None, None, passes, str(name))
            return


def _uses(source: SourceFile, infer: Inference, made: ast.Call) -> Iterator[ast.expr]:
    """Where what a call makes is used: there, or under the name that it is given."""
    around = source.parent(made)
    target = around.targets[0] if isinstance(around, ast.Assign) else None
    if not isinstance(target, ast.Name):
        yield made
        return
    view = infer.view(source)
    for use in view.uses(target.id):
        bindings = view.reaching(view.scope_of(use), use, target.id) or view.exports(target.id)
        if any(b.value is made for b in bindings):
            yield use


def _taker(source: SourceFile, infer: Inference, call: ast.Call, taker: ast.Name) -> Iterator[Wait]:
    """`submit(list, job)`, `map(list, jobs)`: all rows of a job are taken somewhere else."""
    given, is_sure = _given(source, infer, taker)
    answer = judge(given, lambda value: is_iterable(value, infer))
    if answer is not None:
        passes: Passes = "no argument" if is_sure else "unknown"
        yield Wait(taker, "handed", "query", answer, None, call, passes, "iterate")


def _given(source: SourceFile, infer: Inference, function: ast.expr) -> tuple[ValueSet, bool]:
    """What a function is called with first, and whether that is known.

    Where it is handed to something unknown: what follows it there, or the items of that.
    """
    call = source.parent(function)
    if not isinstance(call, ast.Call):
        return (), False
    if call.func is function:
        return (infer.holds(source, call.args[0]) if call.args else ()), True
    view = infer.view(source)
    evaluator = infer.evaluator
    evaluator.fresh_question()
    arguments = evaluator.calls.handed_on(call, function, view)
    if arguments is not None and arguments.positional:
        return evaluator.deeply(arguments.first), True
    at = call.args.index(function) if function in call.args else len(call.args)
    if at + 1 >= len(call.args):
        return (), False
    following = infer.holds(source, call.args[at + 1])
    return (*following, *element(following, evaluator)), False
