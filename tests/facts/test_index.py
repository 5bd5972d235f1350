"""Which files may answer a question, told by their bytes: never no where it is yes."""

from __future__ import annotations

import ast
import textwrap

import pytest

from qw_codemod.facts.index import Contents
from qw_codemod.facts.write_scan import assigns

TARGETS = [
    "x.client = 1",
    "x.client: int = 1",
    "x.y[0].client = 1",
    "x.client += 1",
    "x.client //= 1",
    "if x: y.client = 1",
    "a = 1; x.client = 2",
    "a = x.client = 1",
    "x.client, a = 1, 2",
    "a, x.client = 1, 2",
    "(a, x.client) = 1, 2",
    "[x.client, *a] = 1, 2",
    "a, *x.client = 1, 2",
    "(\n    a,\n    x.client,\n) = 1, 2",
    "(a, x.client,\n b) = 1, 2, 3",
    "(a,\n x.client) = 1, 2",
    "x.client, \\\n  a = 1, 2",
    "x.client \\\n  = 1",
    "for x.client in a:\n    pass",
    "for b, x.client in a:\n    pass",
    "for x.client, b in a:\n    pass",
    "[b for x.client in a]",
    "with a as x.client:\n    pass",
    "with a as x.client, b as c:\n    pass",
    "with (a as x.client, b):\n    pass",
    "with a as (x.client, b):\n    pass",
    "x . client = 1",
    "x().client = 1",
    "x[y(1)].client = 1",
    "myself.client = 1",
    "x.self.client = 1",
    'x["a b"].client = 1',
]
READS = [
    "print(x.client)",
    "print(x.client, key=1)",
    "x.client == 1",
    "y = x.client",
    "f(x.client, y)",
    "f(\n    x.client,\n    y,\n)",
    "d = {\n    x.client: 1,\n    y: x.client,\n}",
    "d[x.client] = 1",
    "d[a, x.client] = 1",
    "y = [\n    x.client,\n]",
    "if x.client:\n    pass",
    "for y in x.client:\n    pass",
    "for y in f(x.client, 1):\n    pass",
    "x.clients = 1",
    "client = 1",
    "x.client.y = 1",
    "x.client() ",
    "self.client = 1",
    "self.client, a = 1, 2",
    "assert x.client >= 1, y == 2",
    "lambda: x.client",
    "def f(client=1, *, x=y.client): ...",
]


@pytest.mark.parametrize("text", TARGETS)
def test_a_target_is_seen(text: str) -> None:
    stored = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Attribute)]
    assert any(n.attr == "client" and isinstance(n.ctx, ast.Store) for n in stored)
    for place in ("{}\n", "def run():\n{}\n", "class A:\n    def run(self):\n{}"):
        depth = 4 * (place.count("\n") - 1) if place.startswith(("def", "class")) else 0
        data = place.format(textwrap.indent(text, " " * depth)).encode()
        assert assigns(b"client", data), data
        assert assigns(b"client", b"d = {\n    1: 2,\n}\n" + data)


@pytest.mark.parametrize("text", READS)
def test_what_only_reads_is_left_out(text: str) -> None:
    ast.parse(text)
    assert not assigns(b"client", text.encode())
    assert not Contents(text.encode()).answer(("assigns", "client"))


@pytest.mark.parametrize(
    ("text", "is_base"),
    [
        ("class A(Base): ...", True),
        ("class A(lib.Base, Other): ...", True),
        ("class A(Generic[Base]): ...", True),
        ("class A(\n    Base,\n): ...", True),
        ("from lib import Base as B", True),
        ("from lib import (\n    Base as B,\n)", True),
        ("from lib import Other as O, Base as B", True),
        ("class A(Base.Inner): ...", False),
        ("import Base as B", False),
        ("import lib.Base as B", False),
        ("with Base as B:\n    pass", False),
        ("try:\n    pass\nexcept Base as e:\n    pass", False),
        ("x = Base", False),
    ],
)
def test_what_may_be_a_base(text: str, is_base: bool) -> None:
    ast.parse(text)
    assert Contents(text.encode()).answer(("bases", "Base")) == is_base
