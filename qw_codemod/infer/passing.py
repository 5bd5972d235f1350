"""Library calls that give back what they are given: `list(x)`, `submit(f, x)`, `map(f, xs)`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from qw_codemod.infer import containers
from qw_codemod.infer import statements as says
from qw_codemod.infer.signatures import Arguments, Look, of_call
from qw_codemod.infer.values import (
    Instance,
    Items,
    Knowledge,
    Library,
    known,
    union,
    unknown,
)
from qw_codemod.recognize import library

if TYPE_CHECKING:
    from qw_codemod.infer.evaluate import Evaluator
    from qw_codemod.python.module import View

_Pass = Callable[[Arguments, "Evaluator"], Knowledge]


def call(name: str, arguments: Arguments, evaluator: Evaluator) -> Knowledge | None:
    """What a function gives by what it is passed; None where it is none of these."""
    passed = _FUNCTIONS.get(name)
    return passed(arguments, evaluator) if passed else None


def method(cls: str, name: str, arguments: Arguments, evaluator: Evaluator) -> Knowledge | None:
    """The same for a method of a library class."""
    passed = _EXECUTOR.get(name) if cls in library.EXECUTORS else _METHODS.get((cls, name))
    return passed(arguments, evaluator) if passed else None


def _called(found: Knowledge, arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return union(evaluator.calls.call(p, arguments) for p in found)


def _element(found: Knowledge, evaluator: Evaluator) -> Knowledge:
    return containers.element(found, evaluator.hierarchy)


def _listed(kind: str) -> _Pass:
    def passed(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
        if not arguments.positional and not arguments.open:
            return known(Items(kind, ()))
        return known(Items(kind, _element(arguments.first(), evaluator)))

    return passed


def _next(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return union([_element(arguments.first(), evaluator), arguments.at(1, "default")])


def _zip(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    slots = tuple(_element(look(), evaluator) for look in arguments.positional)
    return known(Items("iterator", known(Items("tuple", union(slots), slots))))


def _enumerate(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    slots = (known(Instance(Library("builtins.int"))), _element(arguments.first(), evaluator))
    return known(Items("iterator", known(Items("tuple", union(slots), slots))))


def _filter(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(Items("iterator", _element(arguments.at(1, "iterable"), evaluator)))


def _mapped(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    items = tuple(_constant(_element(look(), evaluator)) for look in arguments.positional[1:])
    return known(Items("iterator", _called(arguments.first(), Arguments(items), evaluator)))


def _dict(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    named = tuple((name, look()) for name, look in arguments.named.items())
    if not arguments.positional:
        return known(Items("dict", union(held for _, held in named), None, (), named))
    parts, keys = [held for _, held in named], []
    for p in arguments.first():
        if isinstance(p.value, Items) and p.value.kind == "dict":
            parts.append(p.value.element)
            keys.append(p.value.keys)
        else:
            pair = _element((p,), evaluator)
            keys.append(containers.unpacked(pair, (0,)))
            parts.append(containers.unpacked(pair, (1,)))
    return known(Items("dict", union(parts), None, union(keys), named))


def _getattr(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    if not isinstance(arguments.second, str):
        return unknown(says.AttributeByExpression())
    receiver = arguments.first()
    found = evaluator.attribute_by_name(receiver, arguments.second)
    return union([found, arguments.at(2, "default")])


def _first(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return arguments.first()


def _any_of(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    if len(arguments.positional) == 1:
        return _element(arguments.first(), evaluator)
    return union(look() for look in arguments.positional)


def _partial(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    given = arguments.after(1)
    more = Arguments((*given.positional,), given.named, True)
    return known(Items("callable", _called(arguments.first(), more, evaluator)))


def _chain(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(
        Items("iterator", union(_element(look(), evaluator) for look in arguments.positional))
    )


def _chained(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(Items("iterator", _element(_element(arguments.first(), evaluator), evaluator)))


def _namespace(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    named = tuple((name, look()) for name, look in arguments.named.items())
    return known(Items("record", (), None, (), named))


def _namedtuple(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    fields = arguments.second
    if isinstance(fields, str):
        fields = tuple(fields.replace(",", " ").split())
    if not isinstance(fields, tuple):
        return unknown(says.UnknownFields())
    return known(Items("recordtype", (), None, (), tuple((str(name), ()) for name in fields)))


def _closing(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(Items("context", arguments.at(0, "thing")))


def _entered(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return containers.entered(arguments.first(), evaluator.hierarchy)


def _entered_later(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(
        Items("awaitable", containers.entered(arguments.first(), evaluator.hierarchy, True))
    )


def _awaited(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return containers.awaited(arguments.first())


def _task(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(Items("future", containers.awaited(arguments.first())))


def _wait_for(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(Items("awaitable", containers.awaited(arguments.first())))


def _gather(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    slots = tuple(containers.awaited(look()) for look in arguments.positional)
    if arguments.open or not slots:
        element = union([*slots, *(containers.awaited(look()) for look in arguments.rest)])
        return known(Items("awaitable", known(Items("list", element))))
    return known(Items("awaitable", known(Items("list", union(slots), slots))))


def _sets(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    inner = known(Items("set", _element(arguments.first(), evaluator)))
    return known(Items("tuple", inner, (inner, inner)))


def _sets_later(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(Items("awaitable", _sets(arguments, evaluator)))


def _in_thread(skip: int) -> _Pass:
    def passed(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
        given = arguments.after(skip)
        return known(Items("awaitable", _called(given.first(), given.after(1), evaluator)))

    return passed


def _submit(arguments: Arguments, evaluator: Evaluator) -> Knowledge:
    return known(Items("future", _called(arguments.first(), arguments.after(1), evaluator)))


def _constant(found: Knowledge) -> Look:
    return lambda: found


_FUNCTIONS: dict[str, _Pass] = {
    "builtins.list": _listed("list"),
    "builtins.tuple": _listed("tuple"),
    "builtins.set": _listed("set"),
    "builtins.frozenset": _listed("set"),
    "builtins.sorted": _listed("list"),
    "builtins.reversed": _listed("iterator"),
    "builtins.iter": _listed("iterator"),
    "builtins.next": _next,
    "builtins.anext": lambda a, e: known(Items("awaitable", _next(a, e))),
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.filter": _filter,
    "builtins.map": _mapped,
    "builtins.dict": _dict,
    "builtins.getattr": _getattr,
    "builtins.min": _any_of,
    "builtins.max": _any_of,
    "collections.deque": _listed("list"),
    "collections.OrderedDict": _dict,
    "collections.defaultdict": lambda a, e: known(Items("dict", ())),
    "collections.namedtuple": _namedtuple,
    "types.SimpleNamespace": _namespace,
    "queue.Queue": lambda a, e: known(Items("list", ())),
    "asyncio.Queue": lambda a, e: known(Items("list", ())),
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "functools.partial": _partial,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chained,
    "itertools.islice": _listed("iterator"),
    "itertools.cycle": _listed("iterator"),
    "itertools.zip_longest": _zip,
    "more_itertools.first": _next,
    "tqdm.tqdm": _listed("iterator"),
    "tqdm.auto.tqdm": _listed("iterator"),
    "random.choice": lambda a, e: _element(a.first(), e),
    "contextlib.closing": _closing,
    "contextlib.aclosing": _closing,
    "contextlib.nullcontext": _closing,
    "concurrent.futures.as_completed": _listed("iterator"),
    "concurrent.futures.wait": _sets,
    "asyncio.run": _awaited,
    "asyncio.create_task": _task,
    "asyncio.ensure_future": _task,
    "asyncio.run_coroutine_threadsafe": _task,
    "asyncio.wait_for": _wait_for,
    "asyncio.shield": _wait_for,
    "asyncio.gather": _gather,
    "asyncio.wait": _sets_later,
    "asyncio.to_thread": _in_thread(0),
    "asgiref.sync.sync_to_async": lambda a, e: known(
        Items("callable", known(Items("awaitable", _called(a.first(), Arguments(open=True), e))))
    ),
    "dataclasses.replace": _first,
}

_EXECUTOR: dict[str, _Pass] = {"submit": _submit, "map": _mapped}

_METHODS: dict[tuple[str, str], _Pass] = {
    ("asyncio.AbstractEventLoop", "run_in_executor"): _in_thread(1),
    ("asyncio.AbstractEventLoop", "run_until_complete"): _awaited,
    ("asyncio.AbstractEventLoop", "create_task"): _task,
    ("asyncio.TaskGroup", "create_task"): _task,
    ("multiprocessing.pool.Pool", "map"): _mapped,
    ("multiprocessing.pool.Pool", "imap"): _mapped,
    ("multiprocessing.pool.Pool", "imap_unordered"): _mapped,
    ("multiprocessing.pool.ThreadPool", "map"): _mapped,
    ("multiprocessing.pool.ThreadPool", "imap"): _mapped,
    ("multiprocessing.pool.ThreadPool", "imap_unordered"): _mapped,
    ("contextlib.ExitStack", "enter_context"): _entered,
    ("contextlib.AsyncExitStack", "enter_context"): _entered,
    ("contextlib.AsyncExitStack", "enter_async_context"): _entered_later,
}

# Where the function stands among the arguments; what follows it is passed on.
_FUNCTION_AT = {
    "functools.partial": 0,
    "asyncio.to_thread": 0,
    "asyncio.AbstractEventLoop.run_in_executor": 1,
    "asyncio.AbstractEventLoop.call_soon": 0,
    "asyncio.AbstractEventLoop.call_later": 1,
    "atexit.register": 0,
    **{f"{executor}.submit": 0 for executor in library.EXECUTORS},
}
_MAPPING = {
    "builtins.map",
    "builtins.filter",
    "multiprocessing.pool.Pool.map",
    "multiprocessing.pool.Pool.imap",
    "multiprocessing.pool.Pool.imap_unordered",
    "multiprocessing.pool.ThreadPool.map",
    *(f"{executor}.map" for executor in library.EXECUTORS),
}
_TARGETS = {"threading.Thread", "multiprocessing.Process", "multiprocessing.context.Process"}


def handed(
    name: str, node: ast.Call, function: ast.expr, view: View, evaluator: Evaluator
) -> Arguments | None:
    """What `function`, an argument of this call, will be called with; None if that is not known."""
    if name in _TARGETS:
        return _of_thread(node, function, view, evaluator)
    passed = of_call(node, view, evaluator)
    if name in _MAPPING and node.args and node.args[0] is function:
        items = (_constant(_element(look(), evaluator)) for look in passed.positional[1:])
        return Arguments(tuple(items))
    at = _FUNCTION_AT.get(name)
    if at is None or at >= len(node.args) or node.args[at] is not function:
        return None
    given = passed.after(at + 1)
    if name == "functools.partial":
        return Arguments(given.positional, given.named, True)
    return given


def _of_thread(
    node: ast.Call, function: ast.expr, view: View, evaluator: Evaluator
) -> Arguments | None:
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if keywords.get("target") is not function:
        return None
    positional: list[Look] = []
    given = keywords.get("args")
    if isinstance(given, (ast.Tuple, ast.List)):
        positional = [_constant(evaluator.value(each, view)) for each in given.elts]
    named: dict[str, Look] = {}
    by_name = keywords.get("kwargs")
    if isinstance(by_name, ast.Dict):
        for key, value in zip(by_name.keys, by_name.values, strict=False):
            if isinstance(key, ast.Constant):
                named[str(key.value)] = _constant(evaluator.value(value, view))
    unclear = given is not None and not positional or by_name is not None and not named
    return Arguments(tuple(positional), named, unclear)
