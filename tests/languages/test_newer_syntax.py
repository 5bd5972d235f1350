"""A file for a newer Python is named as such; a mistake, and Python 2, are none."""

from __future__ import annotations

import sys

import pytest

from qw_codemod.languages.newer_syntax import written_for
from qw_codemod.languages.python import SourceFile, UnreadableSource

OLD = (3, 10)


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("except* ValueError:", (3, 11)),
        ("class Stack[T]:", (3, 12)),
        ("type Pair = tuple[int, int]", (3, 12)),
        ("print(f'{', '.join(names)}')", (3, 12)),
        ("except ValueError, KeyError:", (3, 14)),
        ("    except json.JSONDecodeError, KeyError, requests.HTTPError:", (3, 14)),
        ("rows = t'{name}'", (3, 14)),
    ],
)
def test_newer(line: str, version: tuple[int, int]) -> None:
    assert written_for(line, running=OLD) == version
    assert written_for(line, running=version) is None


@pytest.mark.parametrize(
    "line",
    ["except ValueError, e:", "except ValueError, error:", "print 'x'", "x = (1", "f'{x}'"],
)
def test_not_newer(line: str) -> None:
    assert written_for(line, running=OLD) is None


def test_what_only_the_parser_says() -> None:
    said = "f-string expression part cannot include a backslash"
    assert written_for("    return f'''", said, OLD) == (3, 12)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="such a handler is read")
def test_it_is_said_of_the_file() -> None:
    source = SourceFile("job.py", b"try:\n    load()\nexcept ValueError, KeyError:\n    pass\n")
    with pytest.raises(UnreadableSource, match="is written for Python 3"):
        assert source.tree
