"""What library calls give back, as far as rules need to know it, in a small notation.

A result is `some.dotted.Class`, or `kind[result]` with the kinds iterator, list, context (what
`with` gives), awaitable, future; `self` is the receiver, `none` is None. Sources: the
libraries' own signatures (google-cloud-bigquery 3.47.0, Python 3.11's standard library).
"""

from __future__ import annotations

import re

from qw_codemod.kernel.statements import Statement
from qw_codemod.recognize import bigquery, http

_FUTURE = "future[?]"

FUNCTIONS: dict[str, str] = {
    **bigquery.FUNCTIONS,
    **http.FUNCTIONS,
    "concurrent.futures.wait": "list[?]",
    "asyncio.create_task": "asyncio.Task",
    "asyncio.ensure_future": "asyncio.Future",
    "asyncio.run_coroutine_threadsafe": _FUTURE,
    "asyncio.wrap_future": "asyncio.Future",
    "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
    "asyncio.new_event_loop": "asyncio.AbstractEventLoop",
    "dask.delayed": "dask.delayed.Delayed",
    "logging.getLogger": "logging.Logger",
}

METHODS: dict[str, dict[str, str]] = {
    **bigquery.METHODS,
    **http.METHODS,
    "asyncio.AbstractEventLoop": {
        "create_task": "asyncio.Task",
        "create_future": "asyncio.Future",
        "run_in_executor": "asyncio.Future",
    },
    "asyncio.TaskGroup": {"create_task": "asyncio.Task", "__aenter__": "self"},
    "google.cloud.pubsub_v1.PublisherClient": {
        "publish": "google.cloud.pubsub_v1.publisher.futures.Future"
    },
    "google.cloud.pubsub_v1.SubscriberClient": {
        "subscribe": "google.cloud.pubsub_v1.subscriber.futures.StreamingPullFuture"
    },
    "dask.distributed.Client": {
        "submit": "dask.distributed.Future",
        "compute": "dask.distributed.Future",
        "persist": "dask.distributed.Future",
    },
    "multiprocessing.pool.Pool": {"apply_async": "multiprocessing.pool.AsyncResult"},
}

# Names under which the same thing is known too.
_ALIASES: dict[str, str] = {
    **bigquery.ALIASES,
    **http.ALIASES,
    "concurrent.futures.thread.ThreadPoolExecutor": "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor": "concurrent.futures.ProcessPoolExecutor",
    "multiprocessing.Pool": "multiprocessing.pool.Pool",
    "google.cloud.pubsub.PublisherClient": "google.cloud.pubsub_v1.PublisherClient",
    "google.cloud.pubsub.SubscriberClient": "google.cloud.pubsub_v1.SubscriberClient",
    "google.cloud.pubsub_v1.publisher.client.Client": "google.cloud.pubsub_v1.PublisherClient",
    "google.cloud.pubsub_v1.subscriber.client.Client": "google.cloud.pubsub_v1.SubscriberClient",
    "distributed.Client": "dask.distributed.Client",
}

EXECUTORS = frozenset(
    {
        "concurrent.futures.Executor",
        "concurrent.futures.ThreadPoolExecutor",
        "concurrent.futures.ProcessPoolExecutor",
    }
)
FUTURE = "concurrent.futures.Future"

# Decorators after which a call still gives what the function returns. [doc of each library]
TRANSPARENT = re.compile(
    r"^(functools\.(lru_cache|cache|wraps|singledispatch)|(\w+\.)*cached_property"
    r"|cachetools\..*|abc\.abstractmethod|typing\.(override|final|overload|no_type_check)"
    r"|typing_extensions\..*|tenacity\.retry|backoff\.on_(exception|predicate)|retry\.retry"
    r"|retrying\.retry|google\.api_core\.retry\..*|stamina\.retry|builtins\.(staticmethod|classmethod"
    r"|property)|pytest\.fixture|streamlit\.cache_\w+|opentelemetry\..*|ddtrace\..*"
    r"|sentry_sdk\..*|deprecated\..*|beartype\..*|typechecked|prefect\.(task|flow)"
    r"|asyncio\.coroutine|atexit\.register|click\..*|airflow\.utils\.session\.provide_session)$"
)
CONTEXT = re.compile(r"^contextlib\.(async)?contextmanager$")
PROPERTY = re.compile(
    r"^(builtins\.property|functools\.cached_property|abc\.abstractproperty"
    r"|(\w+\.)*cached_property|django\.utils\.functional\.cached_property)$"
)


def canonical(name: str) -> str:
    """The name under which the tables know a library object."""
    return _ALIASES.get(name, name)


def attribute(cls: str, name: str) -> str:
    """What an attribute of a library class holds; empty if no table knows it."""
    return bigquery.ATTRIBUTES.get(canonical(cls), {}).get(name, "")


def has(cls: str) -> bool:
    """Whether a table knows the methods of a library class."""
    return canonical(cls) in METHODS or canonical(cls) in EXECUTORS or cls == FUTURE


def passes_through(decorator: str) -> bool:
    """Whether a decorator leaves it to the program when, and with what, its function is called."""
    return bool(
        TRANSPARENT.match(decorator) or CONTEXT.match(decorator) or PROPERTY.match(decorator)
    )


def call_result(name: str) -> str:
    """What calling a library function gives, in the notation above; empty if no table knows it."""
    return FUNCTIONS.get(name, "")


def method_result(cls: str, method: str) -> str:
    """What a method of a library class gives; empty if no table knows it."""
    return METHODS.get(cls, {}).get(method, "")


def guess(
    receiver: str, method: str, in_bigquery_file: bool, untold: bool
) -> tuple[str, Statement] | None:
    """The class that an unknown receiver may be, by its name and the method used, and why."""
    return bigquery.guess(receiver, method, in_bigquery_file, untold)
