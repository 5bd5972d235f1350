"""How each remedy of the family `timeouts` is written, whatever the check that asked for it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from qw_codemod.checks.timeouts.plan import (
    AddTimeout,
    ClientTimeout,
    Limit,
    NameTimeout,
    Plan,
    ReplaceTimeout,
    WaitAround,
    WaitFirst,
)
from qw_codemod.codemods.timeouts import CODEMOD

from qw_codemod.edit.rewrite import propose
from qw_codemod.kernel.edits import apply
from qw_codemod.kernel.model import Evidence, Finding
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.api import CannotFix, Codemod

JOB = Limit()
HTTP = Limit("http")


@pytest.fixture
def codemod() -> Codemod:
    return CODEMOD


def rewritten(
    codemod: Codemod, text: str, plan: Plan, settings: dict[str, Any] | None = None
) -> str:
    """The text after the plan for the expression between the marks « and »."""
    start = len(text[: text.index("«")].encode())
    end = len(text[: text.index("»")].replace("«", "").encode())
    source = SourceFile("/p/x.py", text.replace("«", "").replace("»", "").encode())
    (node, *_) = (
        each
        for each in ast.walk(source.tree)
        if isinstance(each, ast.expr)
        and (source.span(each).start, source.span(each).end) == (start, end)
    )
    finding = Finding(
        code="QW101",
        rule="unbounded-bigquery-wait",
        family="timeouts",
        path="/p/x.py",
        line=node.lineno,
        column=1,
        end_line=node.end_lineno or 0,
        span=source.span(node),
        message="",
        evidence=Evidence("proven"),
    )
    result = apply(source.data, propose(source, finding, plan, codemod, settings or {}).edits)
    compile(result, "x.py", "exec", dont_inherit=True)
    return result.decode()


@pytest.mark.parametrize(
    ("text", "plan", "expected"),
    [
        ("«job.result()»\n", AddTimeout(JOB), "job.result(timeout=300)\n"),
        ("«job.result(a)»\n", AddTimeout(Limit("load")), "job.result(a, timeout=300)\n"),
        ("«get(url)»\n", AddTimeout(HTTP), "get(url, timeout=30)\n"),
        ("«c.q(s)»\n", AddTimeout(JOB, "wait_timeout"), "c.q(s, wait_timeout=300)\n"),
        ("«job.result()»\n", AddTimeout(Limit("query", 120)), "job.result(timeout=120)\n"),
    ],
)
def test_add_timeout(codemod: Codemod, text: str, plan: Plan, expected: str) -> None:
    assert rewritten(codemod, text, plan) == expected


@pytest.mark.parametrize(
    ("settings", "limit", "value"),
    [
        ({"bigquery": 60}, "query", "60"),
        ({"bigquery": 60, "load": 900}, "query", "60"),
        ({"bigquery": 60, "load": 900}, "load", "900"),
        ({"bigquery": 60, "load": 900}, "job", "60"),
        ({"http": 2.5}, "http", "2.5"),
        ({"http": 2.5}, "copy", "300"),
        ({"bigquery": 60}, "http", "30"),
    ],
)
def test_limits(codemod: Codemod, settings: dict[str, Any], limit: str, value: str) -> None:
    result = rewritten(codemod, "«f()»\n", AddTimeout(Limit(limit)), settings)
    assert result == f"f(timeout={value})\n"


def test_a_limit_may_be_a_constant(codemod: Codemod) -> None:
    settings = {"bigquery": "shared.limits:WAIT"}
    assert rewritten(codemod, "import os\n\n«f()»\n", AddTimeout(JOB), settings) == (
        "import os\n\nfrom shared.limits import WAIT\n\nf(timeout=WAIT)\n"
    )
    text = "from shared.limits import WAIT as most\n\n«j.to_dataframe()»\n"
    assert rewritten(codemod, text, WaitFirst(JOB), settings) == (
        "from shared.limits import WAIT as most\n\nj.result(timeout=most).to_dataframe()\n"
    )


@pytest.mark.parametrize("value", ["300", "shared.limits", ":WAIT", "a b:C", True, None, [1]])
def test_a_limit_that_is_none_is_said(codemod: Codemod, value: Any) -> None:
    with pytest.raises(CannotFix, match="NotALimit\\(setting='job'"):
        rewritten(codemod, "«f()»\n", AddTimeout(JOB), {"bigquery": value})


def test_replace_timeout(codemod: Codemod) -> None:
    assert rewritten(codemod, "«f(1, timeout=None, a=2)»\n", ReplaceTimeout(JOB)) == (
        "f(1, timeout=300, a=2)\n"
    )
    assert rewritten(codemod, "«f(wait_timeout=None)»\n", ReplaceTimeout(JOB, "wait_timeout")) == (
        "f(wait_timeout=300)\n"
    )


def test_replace_timeout_by_its_place(codemod: Codemod) -> None:
    assert rewritten(codemod, "«urlopen(u, None, None)»\n", ReplaceTimeout(JOB, position=2)) == (
        "urlopen(u, None, 300)\n"
    )
    with pytest.raises(CannotFix, match="PositionUncertain"):
        rewritten(codemod, "«urlopen(*u, None)»\n", ReplaceTimeout(JOB, position=1))
    with pytest.raises(CannotFix, match="number=3"):
        rewritten(codemod, "«urlopen(u, a=None)»\n", ReplaceTimeout(JOB, position=2))


def test_name_timeout(codemod: Codemod) -> None:
    assert rewritten(codemod, "«j.result(5)»\n", NameTimeout(0)) == ("j.result(timeout=5)\n")
    assert rewritten(codemod, "«j.result(10, None, 5, job_retry=r)»\n", NameTimeout(2)) == (
        "j.result(10, None, timeout=5, job_retry=r)\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "import aiohttp\n\n«aiohttp.ClientSession()»\n",
            "import aiohttp\n\naiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))\n",
        ),
        (
            "import aiohttp as aio\n\n«aio.ClientSession(timeout=None)»\n",
            "import aiohttp as aio\n\naio.ClientSession(timeout=aio.ClientTimeout(total=30))\n",
        ),
        (
            "from aiohttp import ClientSession\n\n«ClientSession(timeout=None)»\n",
            "import aiohttp\nfrom aiohttp import ClientSession\n\n"
            "ClientSession(timeout=aiohttp.ClientTimeout(total=30))\n",
        ),
    ],
)
def test_client_timeout(codemod: Codemod, text: str, expected: str) -> None:
    assert rewritten(codemod, text, ClientTimeout(HTTP)) == expected


CHAINS = {
    "«j.to_dataframe()»\n": "j.result(timeout=300).to_dataframe()\n",
    "«c.query(s).to_arrow(a=1)»\n": "c.query(s).result(timeout=300).to_arrow(a=1)\n",
    "«c.query(\n    s,\n).to_dataframe()»\n": (
        "c.query(\n    s,\n).result(timeout=300).to_dataframe()\n"
    ),
    "x = (\n    «c.query(s)\n    .to_dataframe()»\n)\n": (
        "x = (\n    c.query(s)\n    .result(timeout=300)\n    .to_dataframe()\n)\n"
    ),
    "x = (\n    «c\n    .query(s)  # long\n    # very\n    .to_dataframe()»\n    .head()\n)\n": (
        "x = (\n    c\n    .query(s)  # long\n    # very\n"
        "    .result(timeout=300)\n    .to_dataframe()\n    .head()\n)\n"
    ),
    "x = «c.query(s) \\\n    .to_dataframe()»\n": (
        "x = c.query(s) \\\n    .result(timeout=300) \\\n    .to_dataframe()\n"
    ),
    "x = («c.query(s).\n     to_dataframe()»)\n": (
        "x = (c.query(s).result(timeout=300).\n     to_dataframe())\n"
    ),
    "x = (\r\n    «c.query(s)\r\n    .to_dataframe()»\r\n)\r\n": (
        "x = (\r\n    c.query(s)\r\n    .result(timeout=300)\r\n    .to_dataframe()\r\n)\r\n"
    ),
    "async def f():\n    «(await c.query(s)).to_dataframe()»\n": (
        "async def f():\n    (await c.query(s)).result(timeout=300).to_dataframe()\n"
    ),
}


@pytest.mark.parametrize("text", CHAINS)
def test_wait_first(codemod: Codemod, text: str) -> None:
    assert rewritten(codemod, text, WaitFirst(JOB)) == CHAINS[text]


def test_a_comment_stays_above_its_line(codemod: Codemod) -> None:
    text = "x = (\n    «c.query(s)  # a\n    # ty: ignore\n    .to_dataframe()»\n)\n"
    assert rewritten(codemod, text, WaitFirst(JOB)) == (
        "x = (\n    c.query(s)  # a\n    .result(timeout=300)\n"
        "    # ty: ignore\n    .to_dataframe()\n)\n"
    )


def test_arguments_move_to_the_wait(codemod: Codemod) -> None:
    text = "«j.to_dataframe(max_results=2, a=1, timeout=5)»\n"
    assert rewritten(codemod, text, WaitFirst(JOB, ("max_results",))) == (
        "j.result(max_results=2, timeout=300).to_dataframe(a=1, timeout=5)\n"
    )
    assert rewritten(codemod, text, WaitFirst(Limit(seconds=5), ("max_results",))) == (
        "j.result(max_results=2, timeout=5).to_dataframe(a=1, timeout=5)\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "if x:\n    df = «c.query(s).to_dataframe(max_results=2)»\n",
            "if x:\n    job = c.query(s)\n    job.result(timeout=300)\n"
            "    df = job.to_dataframe(max_results=2)\n",
        ),
        ("df = «j.to_dataframe()»\n", "j.result(timeout=300)\ndf = j.to_dataframe()\n"),
        ("«self.j.to_dataframe()»\n", "self.j.result(timeout=300)\nself.j.to_dataframe()\n"),
        (
            "df = c.query(\n    s,\n).to_dataframe()\n",
            "job = c.query(\n    s,\n)\njob.result(timeout=300)\ndf = job.to_dataframe()\n",
        ),
        (
            "df = (\n    «c\n    .query(s)\n    .to_dataframe()»\n)\n",
            "job = (c\n    .query(s))\njob.result(timeout=300)\n"
            "df = (\n    job.to_dataframe()\n)\n",
        ),
    ],
)
def test_wait_first_as_a_statement(codemod: Codemod, text: str, expected: str) -> None:
    if "«" not in text:
        text = text.replace("= ", "= «").rstrip() + "»\n"
    plan = WaitFirst(JOB, ("max_results",), own_statement=True, name="job")
    assert rewritten(codemod, text, plan) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for x in «j»: pass\n", "for x in j.result(timeout=300): pass\n"),
        ("list(«c.query(s)»)\n", "list(c.query(s).result(timeout=300))\n"),
        (
            "async def f():\n    list(«await c.query(s)»)\n",
            "async def f():\n    list((await c.query(s)).result(timeout=300))\n",
        ),
        ("a, *b = «j or k»\n", "a, *b = (j or k).result(timeout=300)\n"),
        ("list(«j if x else k»)\n", "list((j if x else k).result(timeout=300))\n"),
        ("for x in («j or k»): pass\n", "for x in ((j or k).result(timeout=300)): pass\n"),
        (
            "for x in (\n    «c\n    .query(s)»\n):\n    pass\n",
            "for x in (\n    c\n    .query(s)\n    .result(timeout=300)\n):\n    pass\n",
        ),
        (
            "for x in «c.query(\n    s\n)»:\n    pass\n",
            "for x in c.query(\n    s\n).result(timeout=300):\n    pass\n",
        ),
        (
            "for x in (\n    «c  # a\n    # ty: ignore\n    .query(s)»\n):\n    pass\n",
            "for x in (\n    c  # a\n    # ty: ignore\n    .query(s)\n"
            "    .result(timeout=300)\n):\n    pass\n",
        ),
        ("[*«jobs[0]»]\n", "[*jobs[0].result(timeout=300)]\n"),
    ],
)
def test_wait_around(codemod: Codemod, text: str, expected: str) -> None:
    assert rewritten(codemod, text, WaitAround(JOB)) == expected


def test_wait_around_as_a_statement(codemod: Codemod) -> None:
    text = "for x in «c.query(s)»:\n    pass\n"
    assert rewritten(codemod, text, WaitAround(JOB, own_statement=True, name="job")) == (
        "job = c.query(s)\njob.result(timeout=300)\nfor x in job:\n    pass\n"
    )
    text = "for x in «j»:\n    pass\n"
    assert rewritten(codemod, text, WaitAround(JOB, own_statement=True)) == (
        "j.result(timeout=300)\nfor x in j:\n    pass\n"
    )
    with pytest.raises(CannotFix, match="NoNameForJob"):
        rewritten(codemod, "list(«f()»)\n", WaitAround(JOB, own_statement=True))


@pytest.mark.parametrize(
    "plan", [AddTimeout(JOB), WaitFirst(JOB), ClientTimeout(HTTP), NameTimeout(0)], ids=type
)
def test_a_plan_that_does_not_fit(codemod: Codemod, plan: Plan) -> None:
    with pytest.raises(CannotFix):
        rewritten(codemod, "x = «y»\n", plan)


HELPED = {
    (AddTimeout(JOB), "«c.query(s).result()»\n"): "wait(c.query(s), timeout=300)\n",
    (AddTimeout(JOB), "«j.result(max_results=2)»\n"): "wait(j, max_results=2, timeout=300)\n",
    (AddTimeout(JOB), "«j.result(\n    max_results=2,\n)»\n"): (
        "wait(\n    j,\n    max_results=2,\n    timeout=300,\n)\n"
    ),
    (AddTimeout(JOB), "«j.result(\n    # ty: ignore\n    max_results=2,\n)»\n"): (
        "wait(\n    j,\n    # ty: ignore\n    max_results=2,\n    timeout=300,\n)\n"
    ),
    (WaitFirst(JOB), "«j.to_dataframe(a=1)»\n"): "wait(j, timeout=300).to_dataframe(a=1)\n",
    (WaitAround(JOB), "list(«j or k»)\n"): "list(wait(j or k, timeout=300))\n",
}


@pytest.mark.parametrize(("plan", "text"), HELPED)
def test_the_projects_own_function_waits(codemod: Codemod, plan: Plan, text: str) -> None:
    settings = {"helper": "shared.waits:wait"}
    expected = "from shared.waits import wait\n\n" + HELPED[plan, text]
    assert rewritten(codemod, f"\n{text}", plan, settings).lstrip("\n") == expected


def test_the_projects_own_function_in_statements(codemod: Codemod) -> None:
    settings = {"helper": "shared.waits:wait"}
    text = "from shared.waits import wait\n\nx = «c.query(s).to_dataframe()»\n"
    assert rewritten(codemod, text, WaitFirst(JOB, own_statement=True, name="job"), settings) == (
        "from shared.waits import wait\n\n"
        "job = c.query(s)\nwait(job, timeout=300)\nx = job.to_dataframe()\n"
    )


def test_the_projects_own_function_waits_for_jobs_alone(codemod: Codemod) -> None:
    settings = {"helper": "shared.waits:wait"}
    assert rewritten(codemod, "«get(u)»\n", AddTimeout(HTTP), settings) == ("get(u, timeout=30)\n")
    assert rewritten(codemod, "«c.q(s)»\n", AddTimeout(JOB, "wait_timeout"), settings) == (
        "c.q(s, wait_timeout=300)\n"
    )
    with pytest.raises(CannotFix, match="JobNotSeen"):
        rewritten(codemod, "«wait()»\n", AddTimeout(JOB), settings)
