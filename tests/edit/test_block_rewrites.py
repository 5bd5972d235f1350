"""Compound statements and runs of statements rewritten whole, with their indentation kept."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import libcst as cst
import pytest

from qw_codemod.engine.examine import examine
from qw_codemod.engine.tasks import Options
from qw_codemod.infer import Inference
from qw_codemod.kernel.model import FileReport
from qw_codemod.kernel.statements import render
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.models import MODELS
from qw_codemod.rules.api import Check, Codemod, Context, Evidence, Import, Match, Rewrite
from qw_codemod.rules.packs import assemble
from qw_codemod.testkit.proofs import PROOFS, Family

PROVEN = Evidence("proven")


def find_loops(source: SourceFile, context: Context) -> Iterator[Match]:
    """`for x in xs:` with a `query()` in it, which is not bounded by a `with`."""
    for loop in source.nodes(ast.For):
        if "query(" in source.text(loop) and not any(
            isinstance(each, ast.With) for each in source.ancestors(loop)
        ):
            yield Match(loop, "queries in turn", PROVEN, remedy="pool")


def find_runs(source: SourceFile, context: Context) -> Iterator[Match]:
    """Two or more calls of `run()` that follow each other."""
    blocks = [
        block
        for node in ast.walk(source.tree)
        for name in ("body", "orelse", "finalbody")
        if isinstance(block := getattr(node, name, None), list)
    ]
    for block in blocks:
        for is_run, statements in groupby(block, lambda each: "run()" in source.text(each)):
            run = list(statements)
            simple = all(isinstance(each, (ast.Expr, ast.Assign)) for each in run)
            inside = any(isinstance(each, ast.With) for each in source.ancestors(run[0]))
            if is_run and simple and not inside and len(run) > 1:
                yield Match(run, "runs in turn", PROVEN, remedy="together")


def pool(node: cst.CSTNode, plan: str, settings: Mapping[str, Any]) -> Rewrite:
    """The loop inside `with limits.pool():`, or what the settings say."""
    assert isinstance(node, cst.For)
    if settings.get("form") == "flat":
        query = cst.parse_statement("jobs = client.start(xs)\n")
        wait = cst.parse_statement("for job in jobs:\n    job.result()\n")
        assert isinstance(wait, cst.BaseStatement)
        assert isinstance(query, cst.BaseStatement)
        return Rewrite(cst.IndentedBlock([query, wait]))
    if settings.get("form") == "simple":
        return Rewrite(cst.Expr(cst.parse_expression("client.all(xs)")))
    if settings.get("form") == "empty":
        return Rewrite(cst.IndentedBlock([]))
    with_ = cst.parse_statement("with limits.pool():\n    pass\n")
    assert isinstance(with_, cst.With)
    inner = with_.with_changes(body=cst.IndentedBlock([node]))
    return Rewrite(inner, imports=(Import("limits"),), before=("# one at a time before",))


def together(node: cst.CSTNode, plan: str, settings: Mapping[str, Any]) -> Rewrite:
    assert isinstance(node, cst.IndentedBlock)
    with_ = cst.parse_statement("with pool:\n    pass\n")
    assert isinstance(with_, cst.With)
    return Rewrite(with_.with_changes(body=node))


LOOPS = Check("TOY401", "queries-in-turn", "Queries in turn.", find_loops, (b"query",))
RUNS = Check("TOY402", "runs-in-turn", "Runs in turn.", find_runs, (b"run()",))
PACK = assemble(
    {"loops": [LOOPS], "runs": [RUNS]},
    {"loops": Codemod(("TOY401",), pool), "runs": Codemod(("TOY402",), together)},
)


def report(text: str | bytes, form: str = "") -> FileReport:
    data = text.encode() if isinstance(text, str) else text
    options = Options(fix=PACK.codes, settings={"loops": {"form": form}})
    inference = Inference("/p", ["/p/x.py"], MODELS)
    return examine(SourceFile("/p/x.py", data), PACK, inference, options)


def fixed(text: str, form: str = "") -> str:
    """The text after a run, in which a second run finds nothing to do."""
    found = report(text, form)
    assert not found.problems
    assert not found.skipped, [left.reason for left in found.skipped]
    assert found.after is not None
    assert report(found.after, form).after is None
    return found.after.decode()


BEFORE = '''\
import limits

def load(xs):
    # above
    for x in xs:  # of a day
        text = """
  as it
is
"""
        client.query(text, x,
            # inside
            day=1)

        if x:
            yield x
    else:
        done()  # at the end
    # below
    return 1
'''
AFTER = '''\
import limits

def load(xs):
    # above
    # one at a time before
    with limits.pool():
        for x in xs:  # of a day
            text = """
  as it
is
"""
            client.query(text, x,
                # inside
                day=1)

            if x:
                yield x
        else:
            done()  # at the end
    # below
    return 1
'''


def test_the_loop_with_its_body() -> None:
    assert fixed(BEFORE) == AFTER


def test_comments_at_odd_places_stay_comments() -> None:
    text = (
        "for x in xs:\n        # deep\n    client.query(x)\n # shallow\n    y()\n  # below\nz()\n"
    )
    after = fixed(text)
    assert ast.dump(ast.parse(after)) == ast.dump(
        ast.parse(
            "import limits\nwith limits.pool():\n"
            "    for x in xs:\n        client.query(x)\n        y()\nz()\n"
        )
    )
    assert [line.strip() for line in after.splitlines() if "#" in line] == [
        "# one at a time before",
        "# deep",
        "# shallow",
        "# below",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("indent", ["  ", "\t"])
def test_other_line_ends_and_indentations(newline: str, start: str, indent: str) -> None:
    def variant(text: str) -> str:
        made = []
        for line in text.split("\n"):
            depth = len(line) - len(line.lstrip(" "))
            made.append(indent * (depth // 4) + line[depth:] if depth % 4 == 0 else line)
        return start + newline.join(made)

    assert fixed(variant(BEFORE)) == variant(AFTER)


def test_several_statements_in_its_place() -> None:
    text = "if a:\n\tif b:\n\t\tfor x in xs: client.query(x) # c\n\nb()\n"
    after = text[: text.index("for x")] + "jobs = client.start(xs)\n"
    after += "\t\tfor job in jobs:\n\t\t\tjob.result()\n\nb()\n"
    assert fixed(text, "flat") == after


def test_a_simple_statement_in_its_place() -> None:
    text = "class A:\n  def f(self):\n    for x in xs:\n      client.query(x)"
    assert fixed(text, "simple") == "class A:\n  def f(self):\n    client.all(xs)"


def test_a_run_at_the_top_and_in_every_kind_of_block() -> None:
    text = """\
a = 1
b.run()  # first
# between
c = d.run()  # last
e()
try:
    a.run(); b.run()
except E:
    a.run()
    b.run()
else:
    a.run()
    x = \"\"\"
  run()\"\"\"
finally:
    a.run()

    b.run()
"""
    after = """\
a = 1
with pool:
    b.run()  # first
    # between
    c = d.run()  # last
e()
try:
    with pool:
        a.run(); b.run()
except E:
    with pool:
        a.run()
        b.run()
else:
    with pool:
        a.run()
        x = \"\"\"
  run()\"\"\"
finally:
    with pool:
        a.run()

        b.run()
"""
    found = report(text)
    assert found.after is not None
    assert found.after.decode() == after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("if a:\n    pass\nelif b.run():\n    c()\n", ""),
        ("for x in xs: \\\n  client.query(x)\n", ""),
        ("if a: b.run(); c.run()\n", "its line holds something else as well"),
        ("if a: \\\n  b.run(); c.run()\n", "its line holds something else as well"),
        ("a(); b.run(); c.run()\n", "its line holds something else as well"),
        ("b.run(); c.run(); d()\n", "its line holds something else as well"),
        ("b.run(); c.run();\n", "its line holds something else as well"),
    ],
)
def test_what_shares_its_lines_is_left(text: str, reason: str) -> None:
    found = report(text)
    assert not found.problems
    assert [render(left.reason) for left in found.skipped] == ([reason] if reason else [])


def test_nothing_in_its_place_is_refused() -> None:
    (left,) = report("for x in xs:\n    client.query(x)\n", "empty").skipped
    assert render(left.reason) == "nothing would be left in its place"


def test_a_loop_in_a_loop_is_found_again_in_the_new_text() -> None:
    text = "for xs in xss:\n    client.query(xs)\n    for x in xs:\n        client.query(x)\n"
    found = report(text)
    assert found.after is not None
    assert found.after.decode().endswith(
        "with limits.pool():\n    for xs in xss:\n        client.query(xs)\n"
        "        for x in xs:\n            client.query(x)\n"
    )
    assert len(found.fixed) == 1


def test_the_kit_proves_them(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    text = "def f():\n    if a:\n        a.run()  # expect: TOY402\n\n        b.run()\n"
    (folder / "before.py").write_text(text)
    (folder / "clean.py").write_text("with pool:\n    a.run()\n    b.run()\n")
    family = Family(folder, PACK)
    for proof in PROOFS:
        proof(family)
