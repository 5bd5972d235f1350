"""Calls whose exceptions are known: all of them, for whatever is passed."""

from __future__ import annotations

from dataclasses import dataclass

_PYTHON = "https://docs.python.org/3/library"

IMPORT = ("ImportError",)  # docs.python.org/3/library/exceptions.html
SUBSCRIPT = ("KeyError", "IndexError", "TypeError")  # docs.python.org/3/reference/datamodel.html
ATTRIBUTE = ("AttributeError",)  # docs.python.org/3/library/exceptions.html
UNPACKING = ("TypeError", "ValueError")  # docs.python.org/3/reference/simple_stmts.html


@dataclass(frozen=True, slots=True)
class Operation:
    """A call by its dotted name, the classes of what it raises, and where that is documented."""

    name: str
    raises: tuple[str, ...]
    source: str


_REQUESTS = "https://requests.readthedocs.io/en/latest/user/quickstart/#errors-and-exceptions"

OPERATIONS = (
    Operation("requests.get", ("requests.exceptions.RequestException",), _REQUESTS),
    Operation("int", ("ValueError", "TypeError", "OverflowError"), f"{_PYTHON}/functions.html#int"),
    Operation(
        "float", ("ValueError", "TypeError", "OverflowError"), f"{_PYTHON}/functions.html#float"
    ),
    Operation("json.loads", ("ValueError", "TypeError", "RecursionError"), f"{_PYTHON}/json.html"),
    Operation("os.remove", ("OSError", "TypeError", "ValueError"), f"{_PYTHON}/os.html"),
    Operation(
        "datetime.datetime.strptime", ("ValueError", "TypeError"), f"{_PYTHON}/datetime.html"
    ),
    Operation(
        "datetime.datetime.fromisoformat", ("ValueError", "TypeError"), f"{_PYTHON}/datetime.html"
    ),
)
BY_NAME = {each.name: each for each in OPERATIONS}
