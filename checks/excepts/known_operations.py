"""Calls whose exceptions are known: all of them, for whatever data is passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qw_codemod.libraries.http import tables as http

FILE = "io.TextIOWrapper"  # the class of what `open` gives

# What is not a call. [docs.python.org/3/reference/simple_stmts.html#import,
# .../reference/datamodel.html#object.__getitem__ and #object.__getattr__,
# .../reference/simple_stmts.html#assignment-statements]
IMPORT = ("ImportError",)
SUBSCRIPT = ("KeyError", "IndexError", "TypeError")
ATTRIBUTE = ("AttributeError",)
UNPACKING = ("TypeError", "ValueError")


@dataclass(frozen=True, slots=True)
class Operation:
    """A call whose exceptions are known.

    `name` is dotted in full, as imports give it, and bare for a builtin; so are the names in
    `raises`. Each exception is an instance of one of these classes, and each class is needed.
    Where a library has a class of its own for all that it raises, that is named even if a broader
    one has to stand beside it. `source` is the page of the official documentation.

    Not counted are: the program's own code that a call runs (`__int__`, `object_hook=`), memory
    that runs out for size alone, and wrong settings (a mode, `timeout=`, `proxies=`), with which a
    call fails always or never.
    """

    name: str
    raises: tuple[str, ...]
    source: str


_PYTHON = "https://docs.python.org/3/library"
_REQUESTS = "https://requests.readthedocs.io/en/latest"
_BIGQUERY = (
    "https://cloud.google.com/python/docs/reference/bigquery/latest"
    "/google.cloud.bigquery.client.Client#google_cloud_bigquery_client_Client"
)

# A path may be an integer, the number of an open file, for some functions: that can be too large.
_PATH = "OSError TypeError ValueError"
_PATH_OR_NUMBER = f"{_PATH} OverflowError"
_TEXT_FILE = f"{_PATH} LookupError"  # LookupError: an encoding that Python does not know

# RequestException is an OSError. A plain one says that the file of CA certificates is missing,
# which REQUESTS_CA_BUNDLE may name; the others come from what goes into the request, and ValueError
# from the host, too: "http://a..b", or a redirect to such a place. [run: requests 2.34.2]
_SENDING = "requests.exceptions.RequestException OSError ValueError TypeError AttributeError"
# The library goes through requests and hands its errors on as they are, except while it retries:
# then a RetryError comes of them, which is a GoogleAPIError like any answer that is not a success.
# [run: google-cloud-bigquery 3.47.0]
_GETTING = (
    "google.api_core.exceptions.GoogleAPIError google.auth.exceptions.GoogleAuthError "
    "requests.exceptions.RequestException OSError ValueError"
)


def _python(page: str, names: str, raises: str) -> Iterator[Operation]:
    for name in names.split():
        yield Operation(name, tuple(raises.split()), f"{_PYTHON}/{page}.html#{name}")


def _of(owner: str, page: str, methods: str, raises: str) -> Iterator[Operation]:
    yield from _python(page, " ".join(f"{owner}.{name}" for name in methods.split()), raises)


def _files() -> Iterator[Operation]:
    """Of what `open` gives; one of bytes raises no more. Without a size to read."""
    page = f"{_PYTHON}/io.html"
    for name, place in (("read", "TextIOBase.read"), ("readlines", "IOBase.readlines")):
        yield Operation(f"{FILE}.{name}", ("OSError", "ValueError"), f"{page}#io.{place}")
    raises = ("OSError", "ValueError", "TypeError")
    yield Operation(f"{FILE}.write", raises, f"{page}#io.TextIOBase.write")


def _requests() -> Iterator[Operation]:
    errors = f"{_REQUESTS}/user/quickstart/#errors-and-exceptions"
    for owner in ("requests", http.SESSION):
        for name in (*http.VERBS, "request"):
            yield Operation(f"{owner}.{name}", tuple(_SENDING.split()), errors)
    for name, raises in (
        ("requests.Response.raise_for_status", "requests.exceptions.RequestException"),
        # RuntimeError: nested too deeply (RecursionError), or read before, with `stream=True`.
        ("requests.Response.json", "requests.exceptions.RequestException ValueError RuntimeError"),
    ):
        yield Operation(name, tuple(raises.split()), f"{_REQUESTS}/api/#{name}")


def _bigquery() -> Iterator[Operation]:
    for name, raises in (
        ("get_table", f"{_GETTING} AttributeError"),
        ("get_dataset", f"{_GETTING} AttributeError"),
        ("get_model", f"{_GETTING} AttributeError"),
        ("get_routine", f"{_GETTING} AttributeError"),
        ("get_job", _GETTING),  # takes anything for an ID
    ):
        full = f"google.cloud.bigquery.Client.{name}"
        yield Operation(full, tuple(raises.split()), f"{_BIGQUERY}_{name}")


OPERATIONS: tuple[Operation, ...] = (
    *_python("functions", "int float", "ValueError TypeError OverflowError"),
    *_python("functions", "len", "TypeError OverflowError"),
    *_python("functions", "open", _TEXT_FILE),
    *_files(),
    *_python("decimal", "decimal.Decimal", "decimal.InvalidOperation ValueError TypeError"),
    *_of("datetime.datetime", "datetime", "strptime fromisoformat", "ValueError TypeError"),
    *_of("datetime.date", "datetime", "fromisoformat", "ValueError TypeError"),
    *_of("datetime.time", "datetime", "fromisoformat", "ValueError TypeError"),
    *_of(
        "datetime.datetime",
        "datetime",
        "fromtimestamp",
        "ValueError TypeError OverflowError OSError",
    ),
    # OSError: a file of the package tzdata that cannot be read, as for a key that is a folder.
    *_python(
        "zoneinfo",
        "zoneinfo.ZoneInfo",
        "zoneinfo.ZoneInfoNotFoundError ValueError TypeError OSError",
    ),
    # AssertionError: sixteen characters where there ought to be sixteen bytes.
    *_python("uuid", "uuid.UUID", "ValueError TypeError AttributeError AssertionError"),
    *_python("ipaddress", "ipaddress.ip_address", "ValueError"),
    *_python("base64", "base64.b64decode", "ValueError TypeError"),
    *_python(
        "ast", "ast.literal_eval", "ValueError SyntaxError TypeError MemoryError RecursionError"
    ),
    # PatternError is the same class from Python 3.13 on.
    *_python("re", "re.compile", "re.error TypeError OverflowError RecursionError"),
    *_python("urllib.parse", "urllib.parse.urlparse", "ValueError TypeError AttributeError"),
    *_python("inspect", "inspect.signature", "ValueError TypeError"),
    # What the module runs when it is imported is not counted, as for the statement.
    *_python(
        "importlib",
        "importlib.import_module",
        "ImportError ValueError TypeError AttributeError",
    ),
    Operation(
        "dateutil.parser.parse",
        ("ValueError", "TypeError", "OverflowError"),
        "https://dateutil.readthedocs.io/en/stable/parser.html#dateutil.parser.parse",
    ),
    *_python("json", "json.loads json.dumps", "ValueError TypeError RecursionError"),
    # For a file that `open` gave: others have a `read` that raises what it likes.
    *_python("json", "json.load", "OSError ValueError TypeError AttributeError RecursionError"),
    *_of("os", "os", "remove unlink rename replace makedirs mkdir rmdir symlink", _PATH),
    *_of("os", "os", "listdir stat chmod", _PATH_OR_NUMBER),
    *_of("os.path", "os.path", "getsize getmtime", _PATH_OR_NUMBER),
    *_of("shutil", "shutil", "rmtree", _PATH),
    *_of("shutil", "shutil", "copy copyfile move", _PATH_OR_NUMBER),
    *_python("pathlib", "pathlib.Path", "TypeError"),
    *_of("pathlib.Path", "pathlib", "exists is_file is_dir", "OSError"),
    *_of(
        "pathlib.Path",
        "pathlib",
        "read_bytes unlink mkdir rmdir touch stat",
        "OSError ValueError",
    ),
    *_of("pathlib.Path", "pathlib", "write_bytes rename replace", _PATH),
    *_of("pathlib.Path", "pathlib", "read_text write_text", _TEXT_FILE),
    *_python("socket", "socket.gethostbyname", "OSError ValueError TypeError"),
    *_requests(),
    *_python(
        "urllib.request",
        "urllib.request.urlopen",
        "OSError http.client.HTTPException ValueError TypeError AttributeError",
    ),
    *_bigquery(),
)
BY_NAME: Mapping[str, Operation] = {each.name: each for each in OPERATIONS}
