"""The table of what calls raise: every class of every row provoked, and nothing else found."""

from __future__ import annotations

import ast
import errno
import importlib.util
import io
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.bigquery")
pytest.importorskip("requests")

import requests
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.oauth2.credentials import Credentials
from qw_codemod.checks.excepts import known_operations as operations
from qw_codemod.checks.excepts.known_operations import BY_NAME, OPERATIONS, Operation

from qw_codemod.libraries.http.tables import VERBS

from .bigquery_server import error
from .loopback import LoopbackServer, Request, Response

REFUSED = "http://127.0.0.1:1/"
"""Nobody listens there, and to ask costs no time."""

NOWHERE = "http://["
"""What no library takes for a URL."""

LONG = "a" * 5000
"""Too long for the name of a file."""

DEEP_TEXT = "[" * 100_000
DEEP_LIST: list[Any] = []
DEEP_NODE: ast.expr = ast.Constant(1)
for _ in range(100_000):
    DEEP_LIST = [DEEP_LIST]
for _ in range(20_000):  # deeper than any limit that inference sets
    DEEP_NODE = ast.List([DEEP_NODE], ast.Load())

ROW_IDS = [each.name for each in OPERATIONS]
NAMED = [(row, name) for row in OPERATIONS for name in row.raises]


@dataclass(frozen=True)
class Call:
    """The arguments of one call; of a method, the object comes first."""

    arguments: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)

    def make(self, name: str) -> Any:
        return resolve(name)(*self.arguments, **self.keywords)


def call(*arguments: Any, **keywords: Any) -> Call:
    return Call(arguments, keywords)


def resolve(name: str) -> Any:
    return pkgutil.resolve_name(name if "." in name else f"builtins.{name}")


# -- where it happens -----------------------------------------------------------------------------


class Server(LoopbackServer):
    """Has nothing, sends those who ask under /astray nowhere, and spoils what is under /zipped."""

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/astray"):
            return Response(302, headers={"Location": NOWHERE})
        if request.path.startswith("/zipped"):
            return Response(headers={"Content-Encoding": "gzip"})
        return error(404, f"Not found: {request.path}", "notFound")


@dataclass(frozen=True)
class Stage:
    """Clients, most of them in trouble, and an answer that cannot be unpacked, to be read once."""

    spoilt: requests.Response
    client: bigquery.Client
    stranger: bigquery.Client
    refused: bigquery.Client
    astray: bigquery.Client
    secure: bigquery.Client


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with ExitStack() as stack:
        server = stack.enter_context(Server())

        def client(url: str, credentials: Any = None) -> bigquery.Client:
            made = bigquery.Client(
                project="p",
                credentials=credentials or AnonymousCredentials(),
                client_options=ClientOptions(api_endpoint=url),
            )
            return stack.enter_context(closing(made))

        yield Stage(
            spoilt=stack.enter_context(requests.get(f"{server.url}/zipped", stream=True)),
            client=client(server.url),
            stranger=client(server.url, Credentials(token=None)),
            refused=client(REFUSED),
            astray=client(f"{server.url}/astray"),
            secure=client("https://127.0.0.1:1/"),
        )


@pytest.fixture(scope="module", autouse=True)
def time_zones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package tzdata, even if it is empty: without it a key is looked up on the path alone."""
    if importlib.util.find_spec("tzdata") is not None:
        yield
        return
    root = tmp_path_factory.mktemp("tzdata")
    for package in ("tzdata", "tzdata/zoneinfo"):
        (root / package).mkdir()
        (root / package / "__init__.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "tzdata"]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "missing.pem")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Each call makes a new current folder, with a file and a folder in it."""
    monkeypatch.chdir(tmp_path)
    numbers = iter(range(10_000))

    def enter() -> None:
        root = tmp_path / str(next(numbers))
        (root / "folder" / "inner").mkdir(parents=True)
        (root / "file").write_bytes(b"\xff")
        os.chdir(root)

    return enter


class FailingDisk(io.StringIO):
    """A file that was opened and cannot be read."""

    def read(self, size: int | None = -1, /) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


class FailingDevice(io.BytesIO):
    """What a file is on, where reading and writing fail."""

    def fail(self, *arguments: object) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    read = read1 = write = fail


def response(status: int = 200, body: bytes = b"", reason: Any = None) -> requests.Response:
    made = requests.Response()
    made.status_code, made.reason, made.raw = status, reason, io.BytesIO(body)
    return made


def consumed() -> requests.Response:
    made = response(body=b"{}")
    list(made.iter_content())
    return made


# -- what provokes each class ---------------------------------------------------------------------

IS_LOST = call("missing")
NO_TEXT = {"ValueError": call("x"), "TypeError": call(None)}
NO_PATH = {"TypeError": call(None), "ValueError": call("\0")}
TOO_LARGE = {"OverflowError": call(10**400)}
ZERO = Path("\0")


def of_paths() -> dict[str, dict[str, Call]]:
    one = {"OSError": IS_LOST, **NO_PATH}
    two = {
        "OSError": call("missing", "new"),
        "TypeError": call("file", None),
        "ValueError": call("file", "\0"),
    }
    number = {"OverflowError": call("file", 10**400)}
    found = {
        **{f"os.{name}": one for name in ("remove", "unlink", "rmdir")},
        "os.mkdir": {**one, "OSError": call("file")},
        "os.makedirs": {**one, "OSError": call("file/new")},
        "os.rename": two,
        "os.replace": two,
        "os.symlink": {**two, "OSError": call("file", "folder")},
        "os.listdir": {"OSError": call("file"), "TypeError": call(1.5), **TOO_LARGE}
        | {"ValueError": call("\0")},
        "os.stat": {**one, **TOO_LARGE},
        "os.chmod": {
            "OSError": call("missing", 0o700),
            "TypeError": call("file", None),
            "ValueError": call("\0", 0o700),
            **number,
        },
        "os.path.getsize": {**one, **TOO_LARGE},
        "os.path.getmtime": {**one, **TOO_LARGE},
        "shutil.rmtree": one,
        "shutil.copy": {**two, **number},
        "shutil.copyfile": {**two, **number},
        "shutil.move": {**two, **number},
        "open": {**one, "LookupError": call("file", encoding="x")},
    }
    path = Path("file")
    missing, zero = Path("missing"), {"ValueError": call(ZERO)}
    methods = {
        **{name: {"OSError": call(Path(LONG))} for name in ("exists", "is_file", "is_dir")},
        **{name: {"OSError": call(missing), **zero} for name in "unlink rmdir stat".split()},
        "read_bytes": {"OSError": call(Path("folder")), **zero},
        "mkdir": {"OSError": call(Path("folder")), **zero},
        "touch": {"OSError": call(Path("file/new")), **zero},
        "rename": {"OSError": call(missing, "x"), "TypeError": call(path, None)}
        | {"ValueError": call(path, "\0")},
        "write_bytes": {"OSError": call(Path("folder"), b""), "TypeError": call(path, "x")}
        | {"ValueError": call(ZERO, b"")},
        "read_text": {
            "OSError": call(missing),
            "ValueError": call(path, encoding="utf-8"),
            "TypeError": call(path, encoding=1),
            "LookupError": call(path, encoding="x"),
        },
        "write_text": {
            "OSError": call(Path("folder"), "x"),
            "ValueError": call(path, "\ud800", encoding="utf-8"),
            "TypeError": call(path, None),
            "LookupError": call(path, "x", encoding="x"),
        },
    }
    methods["replace"] = methods["rename"]
    return found | {f"pathlib.Path.{name}": calls for name, calls in methods.items()}


def of_values() -> dict[str, dict[str, Call]]:
    return {
        "int": {**NO_TEXT, "OverflowError": call(float("inf"))},
        "float": {**NO_TEXT, **TOO_LARGE},
        "len": {"TypeError": call(None), "OverflowError": call(range(10**400))},
        "decimal.Decimal": {
            "decimal.InvalidOperation": call("x"),
            "ValueError": call((1,)),
            "TypeError": call(None),
        },
        "datetime.datetime.strptime": {
            "ValueError": call("x", "%Y"),
            "TypeError": call(None, "%Y"),
        },
        **{f"datetime.{name}.fromisoformat": NO_TEXT for name in ("datetime", "date", "time")},
        "datetime.datetime.fromtimestamp": {
            "ValueError": call(float("nan")),
            "TypeError": call("0"),
            "OverflowError": call(float("inf")),
            "OSError": call(2**56),
        },
        "zoneinfo.ZoneInfo": {
            "zoneinfo.ZoneInfoNotFoundError": call("No/Where"),
            "ValueError": call("../x"),
            "TypeError": call(None),
            "OSError": call(LONG),
        },
        "uuid.UUID": {
            **NO_TEXT,
            "AttributeError": call(1),
            "AssertionError": call(bytes="0123456789abcdef"),
        },
        "ipaddress.ip_address": {"ValueError": call(None)},
        "base64.b64decode": {**NO_TEXT, "ValueError": call("x===")},
        "ast.literal_eval": {
            "ValueError": call("x"),
            "SyntaxError": call("("),
            "TypeError": call("{[]: 1}"),
            "MemoryError": call("-" * 9000 + "1"),
            "RecursionError": call(DEEP_NODE),
        },
        "re.compile": {
            "re.error": call("("),
            "TypeError": call(None),
            "OverflowError": call("a{99999999999999999}"),
            "RecursionError": call("(" * 9000 + ")" * 9000),
        },
        "urllib.parse.urlparse": {
            "ValueError": call("http://[x"),
            "TypeError": call("a", b"x"),
            "AttributeError": call(5),
        },
        "inspect.signature": {"ValueError": call(int), "TypeError": call(3)},
        **{
            f"io.TextIOWrapper.{name}": {
                "OSError": call(io.TextIOWrapper(FailingDevice())),
                "ValueError": call(io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8")),
            }
            for name in ("read", "readlines")
        },
        "io.TextIOWrapper.write": {
            "OSError": call(io.TextIOWrapper(FailingDevice(), write_through=True), "x"),
            "ValueError": call(io.TextIOWrapper(io.BytesIO(), "ascii"), "☃"),
            "TypeError": call(io.TextIOWrapper(io.BytesIO()), 3),
        },
        "importlib.import_module": {
            "ImportError": call("no_such_module"),
            "ValueError": call(""),
            "TypeError": call(".x"),
            "AttributeError": call(None),
        },
        "dateutil.parser.parse": {
            "ValueError": call("x"),
            "TypeError": call(None),
            "OverflowError": call("9" * 5000 + ":00"),
        },
        "json.loads": {**NO_TEXT, "RecursionError": call(DEEP_TEXT)},
        "json.load": {
            "OSError": call(FailingDisk()),
            "ValueError": call(io.StringIO("x")),
            "TypeError": call(io.StringIO),
            "AttributeError": call("file"),
            "RecursionError": call(io.StringIO(DEEP_TEXT)),
        },
        "json.dumps": {
            "ValueError": call(float("nan"), allow_nan=False),
            "TypeError": call(object()),
            "RecursionError": call(DEEP_LIST),
        },
        "pathlib.Path": {"TypeError": call(None)},
        # An address of the other family: no server of names is asked.
        "socket.gethostbyname": {"OSError": call("::1"), "ValueError": call("a..b")}
        | {"TypeError": call(None)},
    }


def of_requests(spoilt: requests.Response) -> dict[str, dict[str, Call]]:
    found: dict[str, dict[str, Call]] = {
        "requests.Response.raise_for_status": {
            "requests.exceptions.RequestException": call(response(404))
        },
        "requests.Response.json": {
            "requests.exceptions.RequestException": call(spoilt),
            "ValueError": call(response(body=b"9" * 5000)),
            "RuntimeError": call(consumed()),
        },
        "urllib.request.urlopen": {
            "OSError": call(REFUSED),
            "http.client.HTTPException": call("http://127.0.0.1:x/"),
            "ValueError": call("x"),
            "TypeError": call(REFUSED, "x"),
            "AttributeError": call(None),
        },
    }
    for name in (*VERBS, "request"):
        for owner in ("requests", "requests.Session"):
            first = () if owner == "requests" else (requests.Session(),)
            before = (*first, "GET") if name == "request" else first
            found[f"{owner}.{name}"] = {
                "requests.exceptions.RequestException": call(*before, REFUSED),
                "OSError": call(*before, "https://127.0.0.1:1/"),
                "ValueError": call(*before, "http://a..b/"),
                "TypeError": call(*before, REFUSED, params=1),
                "AttributeError": call(*before, REFUSED, headers={1: "x"}),
            }
    return found


THINGS = {
    "get_table": "p.d.t",
    "get_dataset": "p.d",
    "get_model": "p.d.m",
    "get_routine": "p.d.r",
    "get_job": "j",
}


def of_bigquery(stage: Stage) -> dict[str, dict[str, Call]]:
    found = {}
    for name, thing in THINGS.items():
        found[f"google.cloud.bigquery.Client.{name}"] = {
            "google.api_core.exceptions.GoogleAPIError": call(stage.client, thing, retry=None),
            "google.auth.exceptions.GoogleAuthError": call(stage.stranger, thing, retry=None),
            "requests.exceptions.RequestException": call(stage.refused, thing, retry=None),
            "OSError": call(stage.secure, thing, retry=None),
            "ValueError": call(stage.astray, thing, retry=None),
            **({"AttributeError": call(stage.client, None)} if name != "get_job" else {}),
        }
    return found


@pytest.fixture
def provocations(stage: Stage, scene: Callable[[], None]) -> dict[str, dict[str, Call]]:
    """By operation and class; anew for each test, as files and answers are used up."""
    scene()
    return of_values() | of_paths() | of_requests(stage.spoilt) | of_bigquery(stage)


# -- what else might be passed --------------------------------------------------------------------


def hostile(to_files: bool) -> list[Any]:
    """What nobody wants to be passed; to operations on files, nothing outside of the scene.

    Small numbers are missing: they are files that are open, standard output for one.
    """
    return [
        *([] if to_files else ["/"]),
        *(None, "", "x", "☃", "\ud800", "\0", "2024-01-01", "1e999", LONG, "9" * 5000),
        *(b"", b"x", b"\xff", -1, 10**400, 1.5, 1e300, 1j),
        *(float("inf"), float("-inf"), float("nan"), [], {}, (), (1,), {1: [2]}, set()),
        *(object(), int, "file", "folder", "folder/inner", "missing/x", "file/x", Path("file")),
        *(str(Path.cwd()), b"missing", io.StringIO("x"), io.BytesIO(b"\xff"), iter([])),
    ]


Feed = Callable[[Any], Call]


def feeds(name: str, stage: Stage) -> list[Feed]:
    """The ways to pass one hostile value where data is passed; the rest of the call is sound."""
    owner, _, last = name.rpartition(".")
    if last in ("rename", "replace", "symlink", "copy", "copyfile", "move") and owner != PATH:
        return [lambda v: call(v, "new"), lambda v: call("file", v), lambda v: call("folder", v)]
    if owner == PATH:
        return [lambda v: call(path_of(v), *DATA.get(last, ())), *OF_PATH.get(last, [])]
    if owner == "google.cloud.bigquery.Client":
        return [lambda v: call(stage.client, v, retry=None)]
    if owner in ("requests", "requests.Session"):
        session = () if owner == "requests" else (requests.Session(),)
        before = (*session, "GET") if last == "request" else session
        found: list[Feed] = [
            lambda v: call(*before, v),
            lambda v: call(*before, REFUSED, params=v),
        ]
        if last in ("request", "post"):
            found += [
                lambda v: call(*before, REFUSED, data=v),
                lambda v: call(*before, REFUSED, json=v),
                lambda v: call(*before, REFUSED, headers=v),
                lambda v: call(*before, REFUSED, headers={"a": v}),
                lambda v: call(*before, REFUSED, cookies={"a": v}),
            ]
        if last == "request":
            found.append(lambda v: call(*session, v, REFUSED))
        return found
    return FEEDS.get(name, [lambda v: call(v)])


PATH = "pathlib.Path"
DATA = {"write_text": ("x",), "write_bytes": (b"x",), "rename": ("x",), "replace": ("x",)}
OF_PATH: dict[str, list[Feed]] = {
    **{name: [lambda v: call(Path("file"), v)] for name in DATA},
    "read_text": [lambda v: call(Path("file"), encoding=v)],
}
FEEDS: dict[str, list[Feed]] = {
    **{
        f"io.TextIOWrapper.{name}": [
            lambda v: call(io.TextIOWrapper(io.BytesIO(body_of(v)), "utf-8"))
        ]
        for name in ("read", "readlines")
    },
    "io.TextIOWrapper.write": [lambda v: call(io.TextIOWrapper(io.BytesIO(), "utf-8"), v)],
    "open": [lambda v: call(v), lambda v: call("file", encoding=v)],
    "os.chmod": [lambda v: call(v, 0o700), lambda v: call("file", v)],
    "datetime.datetime.strptime": [
        lambda v: call(v, "%Y-%m-%d"),
        lambda v: call("2024-01-01", v),
        lambda v: call(v, v),
    ],
    "uuid.UUID": [lambda v: call(v), lambda v: call(bytes=v), lambda v: call(int=v)],
    "json.load": [lambda v: call(v), lambda v: call(io.BytesIO(body_of(v)))],
    "json.dumps": [lambda v: call(v), lambda v: call({"a": v}), lambda v: call({v: 1})],
    # Nothing that a server of names would be asked about.
    "socket.gethostbyname": [lambda v: call("" if isinstance(v, (str, bytes)) else v)],
    "requests.Response.raise_for_status": [lambda v: call(response(404, reason=v))],
    "requests.Response.json": [lambda v: call(response(body=body_of(v)))],
    "urllib.request.urlopen": [lambda v: call(v), lambda v: call(REFUSED, v)],
}


def path_of(value: Any) -> Path:
    """A path of which the value is the name, if it can be one."""
    return Path(value) if isinstance(value, (str, Path)) else Path("missing")


def body_of(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value)[:50].encode("utf-8", "surrogatepass")


def outcome(make: Callable[[], Any]) -> Exception | None:
    """What a call raises; what it opened is closed."""
    try:
        value = make()
    except Exception as raised:
        return raised
    if isinstance(value, io.IOBase):
        value.close()
    return None


# -- tests ----------------------------------------------------------------------------------------


def test_every_row_is_provoked(provocations: dict[str, dict[str, Call]]) -> None:
    assert {name: set(calls) for name, calls in provocations.items()} == {
        row.name: set(row.raises) for row in OPERATIONS
    }


@pytest.mark.parametrize(("row", "name"), NAMED, ids=[f"{row.name}-{n}" for row, n in NAMED])
def test_each_class_is_raised_and_needed(
    row: Operation, name: str, provocations: dict[str, dict[str, Call]]
) -> None:
    """Needed: no other class of the row would do, but for a base of this one."""
    wanted = resolve(name)
    raised = outcome(lambda: provocations[row.name][name].make(row.name))
    assert isinstance(raised, wanted)
    others = {resolve(each) for each in row.raises} - set(wanted.__mro__)
    assert not isinstance(raised, tuple(others))


@pytest.mark.parametrize("row", OPERATIONS, ids=ROW_IDS)
def test_nothing_else_is_raised(row: Operation, stage: Stage, scene: Callable[[], None]) -> None:
    named = tuple(resolve(each) for each in row.raises)
    has_files = row.name.startswith(("open", "os.", "shutil.", PATH))
    wrong = []
    for feed in feeds(row.name, stage):
        scene()
        for index in range(len(hostile(has_files))):
            if has_files:
                scene()  # the call before may have moved or removed anything
            value = hostile(has_files)[index]
            raised = outcome(lambda: feed(value).make(row.name))  # noqa: B023
            if raised is not None and not isinstance(raised, named):
                wrong.append(f"{feed(value)!r:.200}: {raised!r:.200}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("named", "statements"),
    [
        (operations.SUBSCRIPT, ("{}[0]", "[][0]", "none = None; none[0]")),
        (operations.ATTRIBUTE, ("None.a",)),
        (operations.UNPACKING, ("a, b = None", "a, b = [1]")),
        (operations.IMPORT, ("import no_such_module",)),
    ],
)
def test_what_is_not_a_call(named: tuple[str, ...], statements: tuple[str, ...]) -> None:
    raised = {type(outcome(lambda: exec(text, {}))) for text in statements}  # noqa: B023
    assert len(raised) == len(named)
    assert all(any(issubclass(each, resolve(name)) for each in raised) for name in named)


def test_rows_are_found_by_name_and_have_an_official_source() -> None:
    assert len(BY_NAME) == len(OPERATIONS)
    official = (
        "docs.python.org/3",
        "requests.readthedocs.io/en",
        "cloud.google.com/python/docs",
        "dateutil.readthedocs.io/en",
    )
    for row in OPERATIONS:
        assert BY_NAME[row.name] is row
        assert row.source.startswith(tuple(f"https://{site}/" for site in official))
        assert callable(resolve(row.name))
