"""What import statements bind, and under which conditions they are run."""

from __future__ import annotations

import ast
import pickle
import textwrap

import pytest

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.imports import ImportedName, ImportStatement, imports_of, names_of


def read(text: str) -> tuple[ImportedName, ...]:
    return imports_of(ast.parse(textwrap.dedent(text)))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import a", [("a", "a", "", "", 0, "a", "a")]),
        ("import a.b", [("a", "a.b", "", "", 0, "a.b", "a")]),
        ("import a.b as c", [("c", "a.b", "", "c", 0, "a.b", "a")]),
        ("import a, b", [("a", "a", "", "", 0, "a", "a"), ("b", "b", "", "", 0, "b", "b")]),
        ("from a.b import c", [("c", "a.b", "c", "", 0, "a.b.c", "a")]),
        ("from a import b as c", [("c", "a", "b", "c", 0, "a.b", "a")]),
        ("from a import (b as b)", [("b", "a", "b", "b", 0, "a.b", "a")]),
        ("from a import *", [("*", "a", "*", "", 0, "a.*", "a")]),
        ("from . import a", [("a", "", "a", "", 1, ".a", "")]),
        ("from ..a import b", [("b", "a", "b", "", 2, "..a.b", "")]),
    ],
)
def test_each_name_of_a_statement(statement: str, expected: list[tuple[object, ...]]) -> None:
    found = read(statement)
    assert [(*each[:5], each.source, each.package) for each in found] == expected
    assert all(each.line == 1 and not each.inside for each in found)


TEXT = """\
import top
try:
    import fast as json
except (AttributeError, ImportError):
    import json
else:
    import extra
finally:
    import last
try:
    import plain
except* ValueError:
    import other
if TYPE_CHECKING:
    import types_only
elif typing.TYPE_CHECKING:
    import types_too
else:
    import at_runtime
if not t.TYPE_CHECKING:
    import real
else:
    import unreal
class C:
    import of_class
    async def f(self):
        with suppress(ModuleNotFoundError):
            import wanted
        with lock:
            import locked
        for x in y:
            import turn
        else:
            import after
        match x:
            case 1:
                import one
            case _:
                import rest
"""
INSIDE = {
    "top": (),
    "fast": ("try-import",),
    "json": ("except-import",),
    "extra": ("else",),
    "last": ("finally",),
    "plain": ("try",),
    "other": ("except",),
    "types_only": ("types-only",),
    "types_too": ("else", "types-only"),
    "at_runtime": ("else", "else"),
    "real": ("if",),
    "unreal": ("types-only",),
    "of_class": ("class",),
    "wanted": ("class", "def", "try-import"),
    "locked": ("class", "def", "with"),
    "turn": ("class", "def", "loop"),
    "after": ("class", "def", "else"),
    "one": ("class", "def", "match"),
    "rest": ("class", "def", "match"),
}


def test_the_blocks_around_each_statement() -> None:
    text = TEXT
    try:
        ast.parse(text)
    except SyntaxError:  # Python 3.10 has no `except*`
        text = text.replace("except*", "except")
    found = read(text)
    assert {each.module: each.inside for each in found} == INSIDE
    assert [each.line for each in found] == sorted(each.line for each in found)


def test_what_the_blocks_mean() -> None:
    found = {each.module: each for each in read(TEXT.replace("except*", "except"))}
    assert {name for name in found if found[name].is_optional} == {"fast", "json", "wanted"}
    for_types = {"types_only", "types_too", "unreal"}
    assert {name for name in found if found[name].is_for_types} == for_types
    later = {"json", "extra", "last", "other", "types_too", "at_runtime", "after"}
    assert {name for name in found if found[name].is_alternative} == later
    assert {name: found[name].depth for name in ("top", "of_class", "one")} == {
        "top": 0,
        "of_class": 1,
        "one": 2,
    }


@pytest.mark.parametrize("handler", ["except:", "except Exception:", "except ImportError as e:"])
def test_a_handler_for_failed_imports(handler: str) -> None:
    (found,) = read(f"try:\n    import a\n{handler}\n    pass\n")
    assert found.is_optional


def test_a_handler_for_something_else() -> None:
    (found,) = read("try:\n    import a\nexcept OSError:\n    pass\n")
    assert not found.is_optional


def test_a_long_chain_of_branches_is_read() -> None:
    chain = "if a == 0:\n    import b\n" + "elif a == 1:\n    import c\n" * 500
    assert len(read(chain)) == 501


def test_rows_hold_no_nodes() -> None:
    found = read(TEXT.replace("except*", "except"))
    assert pickle.loads(pickle.dumps(found)) == found


def test_nothing_is_left_out() -> None:
    """Every statement that binds names of modules, wherever the grammar allows one."""
    source = SourceFile("a.py", TEXT.replace("except*", "except").encode())
    statements: list[ImportStatement] = [*source.nodes(ast.Import), *source.nodes(ast.ImportFrom)]
    each = {name._replace(inside=()) for node in statements for name in names_of(node)}
    assert each == {name._replace(inside=()) for name in imports_of(source.tree)}
