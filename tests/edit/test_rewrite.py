"""Nodes cut out, rewritten, and put back with nothing else changed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path

import libcst as cst
import pytest

from qw_codemod.edit.rewrite import code, cut, propose
from qw_codemod.kernel.edits import apply
from qw_codemod.kernel.model import Evidence, Finding, Span
from qw_codemod.languages.python import SourceFile, UnreadableSource
from qw_codemod.rules.api import CannotFix, Codemod, Import, Rewrite

LIBRARY = sorted(Path(ast.__file__).parent.glob("[a-d]*.py"))


def finding(span: Span) -> Finding:
    return Finding("QW1", "a-name", "family", "x.py", 1, 1, 1, span, "", Evidence("proven"))


def rewritten(data: bytes | str, old: str, make: Callable[[cst.CSTNode], Rewrite | None]) -> bytes:
    """The file after the codemod `make` had the node whose source is `old`."""
    data = data.encode() if isinstance(data, str) else data
    source = SourceFile("/p/x.py", data)
    start = data.index(old.encode(source.encoding))
    span = Span(start, start + len(old.encode(source.encoding)))
    codemod = Codemod(("QW1",), lambda node, plan, settings: make(node))
    fix = propose(source, finding(span), None, codemod, {})
    result = apply(data, fix.edits)
    compile(result, "x.py", "exec", dont_inherit=True)
    return result


def to(text: str, *before: str, imports: tuple[Import, ...] = ()) -> Callable[..., Rewrite]:
    return lambda node: Rewrite(cst.parse_expression(text), before, imports)


def around(node: cst.CSTNode) -> Rewrite:
    """`node.go()`."""
    assert isinstance(node, cst.BaseExpression)
    return Rewrite(cst.Call(cst.Attribute(node, cst.Name("go"))))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_what_is_cut_prints_as_it_was(path: Path) -> None:
    """Every call and every assignment of some of the standard library."""
    source = SourceFile(str(path), path.read_bytes())
    for node in [*source.nodes(ast.Call), *source.nodes(ast.Assign), *source.nodes(ast.Raise)]:
        span = source.span(node)
        text = source.data[span.start : span.end]
        if b"\n" in text or node.lineno % 7 == 0:  # the long ones, and some of the others
            assert code(cut(source, span)).encode() == text


def test_parentheses_around_the_node_are_not_its_own() -> None:
    assert rewritten("x = (a\n     .b())\n", "a\n     .b()", around) == b"x = (a\n     .b().go())\n"


@pytest.mark.parametrize(
    ("text", "old", "make", "expected"),
    [
        ("x = a + b\n", "a", to("c or d"), "x = (c or d) + b\n"),
        ("x = f(a)\n", "f(a)", to("await g"), None),
        ("x = a  # é\n", "a", around, "x = a.go()  # é\n"),
        ("é = 'é'; y = a\n", "a", around, "é = 'é'; y = a.go()\n"),
        ("x = f'{a}'\n", "f'{a}'", around, "x = f'{a}'.go()\n"),
        ("\ufeffx = a\n", "a", around, "\ufeffx = a.go()\n"),
        ("x = a", "a", around, "x = a.go()"),
        ("\x0cx = a\n", "a", around, "\x0cx = a.go()\n"),
        (
            "x = f(\r\n    a,\r\n)\r\n",
            "f(\r\n    a,\r\n)",
            around,
            "x = f(\r\n    a,\r\n).go()\r\n",
        ),
        ("if x:\n\ty = a \n", "a", around, "if x:\n\ty = a.go() \n"),
    ],
)
def test_only_the_node_changes(
    text: str, old: str, make: Callable[..., Rewrite], expected: str | None
) -> None:
    if expected is None:
        with pytest.raises(SyntaxError):
            rewritten(text, old, make)
        return
    assert rewritten(text, old, make).decode() == expected


def test_latin_1_stays_latin_1() -> None:
    data = "# coding: latin-1\nx = 'é'; y = a\n".encode("latin-1")
    start = data.rindex(b"a")
    codemod = Codemod(("QW1",), lambda node, plan, settings: around(node))
    fix = propose(SourceFile("x.py", data), finding(Span(start, start + 1)), None, codemod, {})
    assert apply(data, fix.edits) == data[:-1] + b".go()\n"
    foreign = Codemod(("QW1",), lambda node, plan, settings: to("日")(node))
    with pytest.raises(CannotFix, match="NotEncodable"):
        propose(SourceFile("x.py", data), finding(Span(start, start + 1)), None, foreign, {})


def test_a_simple_statement() -> None:
    def make(node: cst.CSTNode) -> Rewrite:
        assert isinstance(node, cst.Assign)
        return Rewrite(node.with_changes(value=cst.Name("b")))

    assert rewritten("if x: y = a; z = 1\n", "y = a", make) == b"if x: y = b; z = 1\n"


def test_statements_without_a_block_of_their_own_are_refused() -> None:
    with pytest.raises(CannotFix, match="PlaceUncertain"):
        rewritten("if x:\n    y\nz\n", "y\nz", around)
    with pytest.raises(CannotFix, match="NotParsedAlone"):
        rewritten("if x:\n    y\nelif z:\n    y\n", "elif z:\n    y", around)


def test_a_codemod_may_decline() -> None:
    with pytest.raises(CannotFix, match="NoRewrite"):
        rewritten("x = a\n", "a", lambda node: None)
    with pytest.raises(CannotFix, match="NoRewrite"):
        rewritten("x = a\n", "a", to("a"))


def test_deep_nesting_is_refused() -> None:
    text = "a" + ".b()" * sys.getrecursionlimit()
    with pytest.raises((CannotFix, UnreadableSource), match=r"(?i)deep"):  # by LibCST, or by Python
        rewritten(f"x = {text}\n", text, around)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="positions are right since 3.12")
def test_a_wrong_place_in_an_f_string_is_refused() -> None:
    text = 'x = f"""\n{a.b()}"""\n'
    source = SourceFile("x.py", text.encode())
    (call,) = source.nodes(ast.Call)
    try:
        span = source.span(call)
    except IndexError:
        return
    if source.data[span.start : span.end] == b"a.b()":
        return
    codemod = Codemod(("QW1",), lambda node, plan, settings: around(node))
    with pytest.raises(CannotFix, match="PlaceUncertain"):
        propose(source, finding(span), None, codemod, {})


BEFORE = ("j = A", "j.go(1)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = A\n", "j = A\nj.go(1)\nx = j\n"),
        ("A\n", "j = A\nj.go(1)\nj\n"),
        ("x = A", "j = A\nj.go(1)\nx = j"),
        ("if y:\n\tx = A\n", "if y:\n\tj = A\n\tj.go(1)\n\tx = j\n"),
        ("def f():\r\n  return A\r\n", "def f():\r\n  j = A\r\n  j.go(1)\r\n  return j\r\n"),
        ("for x in A:\n    pass\n", "j = A\nj.go(1)\nfor x in j:\n    pass\n"),
        ("with A as x:\n    pass\n", "j = A\nj.go(1)\nwith j as x:\n    pass\n"),
        ("if A:\n    pass\n", "j = A\nj.go(1)\nif j:\n    pass\n"),
        ("x = [y for y in A]\n", "j = A\nj.go(1)\nx = [y for y in j]\n"),
        ("x = A and b\n", "j = A\nj.go(1)\nx = j and b\n"),
        ("x = f(\n    A,\n)\n", "j = A\nj.go(1)\nx = f(\n    j,\n)\n"),
        ("x = A; y = 1\n", "j = A\nj.go(1)\nx = j; y = 1\n"),
        ("match A:\n    case 1: pass\n", "j = A\nj.go(1)\nmatch j:\n    case 1: pass\n"),
    ],
)
def test_statements_before(text: str, expected: str) -> None:
    assert rewritten(text, "A", to("j", *BEFORE)).decode() == expected


@pytest.mark.parametrize(
    "text",
    [
        "y = 1; x = A\n",
        "if y: x = A\n",
        "if y: \\\n  x = A\n",
        "if y:\n    pass\nelif A:\n    pass\n",
        "while A:\n    pass\n",
        "x = y or A\n",
        "x = A if y else 1\n",
        "x = 1 if y else A\n",
        "x = 1 < 2 < A\n",
        "x = lambda: A\n",
        "x = [A for y in z]\n",
        "x = [y for z in y for y in A]\n",
        "assert y, A\n",
        "with y, A as x:\n    pass\n",
        "@A\ndef f(): ...\n",
        "def f(x=A): ...\n",
        "class C(A): ...\n",
        "x = (y := 1) + A\n",
        "try:\n    pass\nexcept A:\n    pass\n",
        "match y:\n    case 1 if A:\n        pass\n",
    ],
)
def test_statements_before_are_refused(text: str) -> None:
    compile(text, "x.py", "exec")
    with pytest.raises(CannotFix):
        rewritten(text, "A", to("j", *BEFORE))


def test_an_import_comes_along() -> None:
    make = to("aio.f(1)", imports=(Import("aio"),))
    assert rewritten("import os\n\nx = a\n", "a", make) == (
        b"import os\n\nimport aio\n\nx = aio.f(1)\n"
    )


def test_an_import_under_another_name_is_used() -> None:
    make = to("aio.f(aio.g, aio=x.aio)", imports=(Import("aio"),))
    assert rewritten("import aio as q\nx = A\n", "A", make) == (
        b"import aio as q\nx = q.f(q.g, aio=x.aio)\n"
    )


def test_statements_before_use_the_other_name_too() -> None:
    make = to("j", "j = go(LIMIT)", imports=(Import("m", "LIMIT"),))
    text = "from m import LIMIT as most\nx = A\n"
    assert rewritten(text, "A", make) == (b"from m import LIMIT as most\nj = go(most)\nx = j\n")


def test_an_import_and_statements_at_the_same_place() -> None:
    make = to("j", "j = go(aio.X)", imports=(Import("aio"), Import("b", "C")))
    assert rewritten("a\n", "a", make) == (b"import aio\nfrom b import C\n\nj = go(aio.X)\nj\n")


@pytest.mark.parametrize(
    ("head", "is_left"),
    [
        ("from urlparse import urlparse", True),
        ("import urllib2", True),
        ("from itertools import izip", True),
        ("try:\n    import urllib2\nexcept ImportError:\n    import urllib.request", False),
        ("from urllib.parse import urlparse", False),
        ("from itertools import chain", False),
        ("from . import urlparse", False),
    ],
)
def test_a_file_for_python_2_is_given_no_import(head: str, is_left: bool) -> None:
    text = f"{head}\n\nx = old\n"
    for imports in ((), (Import("logging"),)):
        if is_left and imports:
            with pytest.raises(CannotFix, match="ForPython2"):
                rewritten(text, "old", to("new", imports=imports))
        else:
            assert b"x = new" in rewritten(text, "old", to("new", imports=imports))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# about x\nx = old\n", "# about x\nwait()\nx = new\n"),
        ("# ty: ignore\nx = old\n", "wait()\n# ty: ignore\nx = new\n"),
        (
            "if x:\n    y\n    # a\n    # ty: ignore\n    x = old\n",
            "if x:\n    y\n    # a\n    wait()\n    # ty: ignore\n    x = new\n",
        ),
        ("x = old  # type: ignore\n", "wait()\nx = new  # type: ignore\n"),
    ],
)
def test_a_statement_stays_below_what_a_tool_is_told_of_it(text: str, expected: str) -> None:
    assert rewritten(text, "old", to("new", "wait()")).decode() == expected


@pytest.mark.parametrize("text", ["# ty: ignore\nx = old\n", "x = old  # type: ignore\n"])
def test_what_a_tool_passes_over_is_not_named_elsewhere(text: str) -> None:
    with pytest.raises(CannotFix, match="CommentWouldMove"):
        rewritten(text, "old", to("j", "j = old", "j.go()"))


@pytest.mark.parametrize(("comment", "is_left"), [("# ty: ignore", True), ("# about f", False)])
def test_a_decorator_does_not_come_between_a_comment_and_its_function(
    comment: str, is_left: bool
) -> None:
    text = f"{comment}\ndef f():\n    return old\n"

    def make(node: cst.CSTNode) -> Rewrite:
        return Rewrite(cst.parse_expression("old"), decorators=("go",))

    if is_left:
        with pytest.raises(CannotFix, match="CommentWouldMove"):
            rewritten(text, "old", make)
    else:
        assert rewritten(text, "old", make).decode().startswith(f"{comment}\n@go\ndef f")
