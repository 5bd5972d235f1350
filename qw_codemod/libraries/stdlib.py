"""The standard library: calls that give back what they are given, as `list(x)`, `submit(f, x)`."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from qw_codemod.infer import containers
from qw_codemod.infer import statements as says
from qw_codemod.infer.models import Gives, HandsOn, Model
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.signatures import Arguments, Look
from qw_codemod.infer.values import (
    AnyCallable,
    Awaitable,
    Container,
    ContextManager,
    Future,
    Instance,
    Kind,
    Library,
    Record,
    RecordType,
    ValueSet,
    known,
    union,
    unknown,
)
from qw_codemod.python.module import View


def _called(found: ValueSet, arguments: Arguments, infer: Infer) -> ValueSet:
    return union(infer.calls.call(p, arguments) for p in found)


def _element(found: ValueSet, infer: Infer) -> ValueSet:
    return containers.element(found, infer)


def _listed(kind: Kind) -> Gives:
    def passed(arguments: Arguments, infer: Infer) -> ValueSet:
        if not arguments.positional and not arguments.open:
            return known(Container(kind, ()))
        return known(Container(kind, _element(arguments.first(), infer)))

    return passed


def _next(arguments: Arguments, infer: Infer) -> ValueSet:
    return union([_element(arguments.first(), infer), arguments.at(1, "default")])


def _zip(arguments: Arguments, infer: Infer) -> ValueSet:
    slots = tuple(_element(look(), infer) for look in arguments.positional)
    return known(Container("iterator", known(Container("tuple", union(slots), slots))))


def _enumerate(arguments: Arguments, infer: Infer) -> ValueSet:
    slots = (known(Instance(Library("builtins.int"))), _element(arguments.first(), infer))
    return known(Container("iterator", known(Container("tuple", union(slots), slots))))


def _filter(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(Container("iterator", _element(arguments.at(1, "iterable"), infer)))


def _mapped(arguments: Arguments, infer: Infer) -> ValueSet:
    items = tuple(_constant(_element(look(), infer)) for look in arguments.positional[1:])
    return known(Container("iterator", _called(arguments.first(), Arguments(items), infer)))


def _dict(arguments: Arguments, infer: Infer) -> ValueSet:
    named = tuple((name, look()) for name, look in arguments.named.items())
    if not arguments.positional:
        return known(Container("dict", union(held for _, held in named), None, (), named))
    parts, keys = [held for _, held in named], []
    for p in arguments.first():
        if isinstance(p.value, Container) and p.value.kind == "dict":
            parts.append(p.value.element)
            keys.append(p.value.keys)
        else:
            pair = _element((p,), infer)
            keys.append(containers.unpacked(pair, (0,)))
            parts.append(containers.unpacked(pair, (1,)))
    return known(Container("dict", union(parts), None, union(keys), named))


def _first(arguments: Arguments, infer: Infer) -> ValueSet:
    return arguments.first()


def _any_of(arguments: Arguments, infer: Infer) -> ValueSet:
    if len(arguments.positional) == 1:
        return _element(arguments.first(), infer)
    return union(look() for look in arguments.positional)


def _partial(arguments: Arguments, infer: Infer) -> ValueSet:
    given = arguments.after(1)
    more = Arguments((*given.positional,), given.named, True)
    return known(AnyCallable(_called(arguments.first(), more, infer)))


def _chain(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(
        Container("iterator", union(_element(look(), infer) for look in arguments.positional))
    )


def _chained(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(Container("iterator", _element(_element(arguments.first(), infer), infer)))


def _namespace(arguments: Arguments, infer: Infer) -> ValueSet:
    named = tuple((name, look()) for name, look in arguments.named.items())
    return known(Record(named))


def _namedtuple(arguments: Arguments, infer: Infer) -> ValueSet:
    fields = arguments.second
    if isinstance(fields, str):
        fields = tuple(fields.replace(",", " ").split())
    if not isinstance(fields, tuple):
        return unknown(says.UnknownFields())
    return known(RecordType(tuple(map(str, fields))))


def _field(arguments: Arguments, infer: Infer) -> ValueSet:
    """What a field of a dataclass holds where nobody says otherwise."""
    for name in ("default_factory", "factory"):
        if name in arguments.named:
            made = arguments.named[name]()
            return union(infer.calls.call(p, Arguments()) for p in made)
    return arguments.at(0, "default") or unknown(says.DefaultOfField())


def _closing(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(ContextManager(arguments.at(0, "thing")))


def _entered(arguments: Arguments, infer: Infer) -> ValueSet:
    return containers.entered(arguments.first(), infer)


def _entered_later(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(Awaitable(containers.entered(arguments.first(), infer, True)))


def _awaited(arguments: Arguments, infer: Infer) -> ValueSet:
    return containers.awaited(arguments.first())


def _task(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(Future(containers.awaited(arguments.first())))


def _wait_for(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(Awaitable(containers.awaited(arguments.first())))


def _gather(arguments: Arguments, infer: Infer) -> ValueSet:
    slots = tuple(containers.awaited(look()) for look in arguments.positional)
    if arguments.open or not slots:
        element = union([*slots, *(containers.awaited(look()) for look in arguments.rest)])
        return known(Awaitable(known(Container("list", element))))
    return known(Awaitable(known(Container("list", union(slots), slots))))


def _sets(arguments: Arguments, infer: Infer) -> ValueSet:
    inner = known(Container("set", _element(arguments.first(), infer)))
    return known(Container("tuple", inner, (inner, inner)))


def _sets_later(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(Awaitable(_sets(arguments, infer)))


def _in_thread(skip: int) -> Gives:
    def passed(arguments: Arguments, infer: Infer) -> ValueSet:
        given = arguments.after(skip)
        return known(Awaitable(_called(given.first(), given.after(1), infer)))

    return passed


def _submit(arguments: Arguments, infer: Infer) -> ValueSet:
    return known(Future(_called(arguments.first(), arguments.after(1), infer)))


def _constant(found: ValueSet) -> Look:
    return lambda: found


_FUNCTIONS: dict[str, Gives] = {
    "builtins.list": _listed("list"),
    "builtins.tuple": _listed("tuple"),
    "builtins.set": _listed("set"),
    "builtins.frozenset": _listed("set"),
    "builtins.sorted": _listed("list"),
    "builtins.reversed": _listed("iterator"),
    "builtins.iter": _listed("iterator"),
    "builtins.next": _next,
    "builtins.anext": lambda a, e: known(Awaitable(_next(a, e))),
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.filter": _filter,
    "builtins.map": _mapped,
    "builtins.dict": _dict,
    "builtins.min": _any_of,
    "builtins.max": _any_of,
    "collections.deque": _listed("list"),
    "collections.OrderedDict": _dict,
    "collections.defaultdict": lambda a, e: known(Container("dict", ())),
    "collections.namedtuple": _namedtuple,
    "types.SimpleNamespace": _namespace,
    "queue.Queue": lambda a, e: known(Container("list", ())),
    "asyncio.Queue": lambda a, e: known(Container("list", ())),
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "functools.partial": _partial,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chained,
    "itertools.islice": _listed("iterator"),
    "itertools.cycle": _listed("iterator"),
    "itertools.zip_longest": _zip,
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
    "dataclasses.replace": _first,
    "dataclasses.field": _field,
}

EXECUTORS = (
    "concurrent.futures.Executor",
    "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor",
)
POOLS = ("multiprocessing.pool.Pool", "multiprocessing.pool.ThreadPool")

POOL_MAPS = ("map", "map_async", "imap", "imap_unordered")

_METHODS: dict[tuple[str, str], Gives] = {
    ("asyncio.AbstractEventLoop", "run_in_executor"): _in_thread(1),
    ("asyncio.AbstractEventLoop", "run_until_complete"): _awaited,
    ("asyncio.AbstractEventLoop", "create_task"): _task,
    ("asyncio.TaskGroup", "create_task"): _task,
    ("contextlib.ExitStack", "enter_context"): _entered,
    ("contextlib.AsyncExitStack", "enter_context"): _entered,
    ("contextlib.AsyncExitStack", "enter_async_context"): _entered_later,
    **{(pool, name): _mapped for pool in POOLS for name in ("map", "imap", "imap_unordered")},
    **{(executor, "submit"): _submit for executor in EXECUTORS},
    **{(executor, "map"): _mapped for executor in EXECUTORS},
}


# What a function that is passed will be called with


def _after(at: int, is_open: bool = False) -> HandsOn:
    """The function stands at that position among the arguments; it gets what follows it."""

    def hands_on(call: ast.Call, function: ast.expr, view: View, infer: Infer) -> Arguments | None:
        if at >= len(call.args) or call.args[at] is not function:
            return None
        given = infer.calls.arguments(call, view).after(at + 1)
        return Arguments(given.positional, given.named, True) if is_open else given

    return hands_on


def _items(call: ast.Call, function: ast.expr, view: View, infer: Infer) -> Arguments | None:
    """The items of the other arguments, as `map` passes them."""
    if not call.args or call.args[0] is not function:
        return None
    passed = infer.calls.arguments(call, view)
    items = (_constant(_element(look(), infer)) for look in passed.positional[1:])
    return Arguments(tuple(items))


def _of_thread(call: ast.Call, function: ast.expr, view: View, infer: Infer) -> Arguments | None:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if keywords.get("target") is not function:
        return None
    positional: list[Look] = []
    given = keywords.get("args")
    if isinstance(given, (ast.Tuple, ast.List)):
        positional = [_constant(infer.value(each, view)) for each in given.elts]
    named: dict[str, Look] = {}
    by_name = keywords.get("kwargs")
    if isinstance(by_name, ast.Dict):
        for key, value in zip(by_name.keys, by_name.values, strict=False):
            if isinstance(key, ast.Constant):
                named[str(key.value)] = _constant(infer.value(value, view))
    unclear = given is not None and not positional or by_name is not None and not named
    return Arguments(tuple(positional), named, unclear)


_HANDS_ON: Mapping[str, HandsOn] = {
    "functools.partial": _after(0, is_open=True),
    "asyncio.to_thread": _after(0),
    "asyncio.AbstractEventLoop.run_in_executor": _after(1),
    "asyncio.AbstractEventLoop.call_soon": _after(0),
    "asyncio.AbstractEventLoop.call_later": _after(1),
    "atexit.register": _after(0),
    "builtins.map": _items,
    "builtins.filter": _items,
    **{f"{pool}.{name}": _items for pool in POOLS for name in POOL_MAPS},
    "threading.Thread": _of_thread,
    "multiprocessing.Process": _of_thread,
    "multiprocessing.context.Process": _of_thread,
    **{f"{executor}.submit": _after(0) for executor in EXECUTORS},
    **{f"{executor}.map": _items for executor in EXECUTORS},
}

MODEL = Model(
    aliases={
        "concurrent.futures.thread.ThreadPoolExecutor": "concurrent.futures.ThreadPoolExecutor",
        "concurrent.futures.process.ProcessPoolExecutor": "concurrent.futures.ProcessPoolExecutor",
        "multiprocessing.Pool": "multiprocessing.pool.Pool",
        "multiprocessing.dummy.Pool": "multiprocessing.pool.ThreadPool",
    },
    functions={
        "asyncio.wrap_future": "asyncio.Future",
        "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
        "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
        "asyncio.new_event_loop": "asyncio.AbstractEventLoop",
        "logging.getLogger": "logging.Logger",
    },
    methods={
        "asyncio.AbstractEventLoop": {"create_future": "asyncio.Future"},
        "asyncio.TaskGroup": {"__aenter__": "self"},
        "multiprocessing.pool.Pool": {"apply_async": "multiprocessing.pool.AsyncResult"},
    },
    calls=_FUNCTIONS,
    method_calls=_METHODS,
    hands_on=_HANDS_ON,
    classes=frozenset({*EXECUTORS, "concurrent.futures.Future"}),
    transparent=r"functools\.(lru_cache|cache|wraps|singledispatch)|(\w+\.)*cached_property"
    r"|abc\.abstractmethod|typing\.(override|final|overload|no_type_check)|asyncio\.coroutine"
    r"|builtins\.(staticmethod|classmethod|property)|atexit\.register",
    contexts=r"contextlib\.(async)?contextmanager",
    properties=r"builtins\.property|functools\.cached_property|abc\.abstractproperty"
    r"|(\w+\.)*cached_property",
    doubles=("unittest.mock",),
)
