"""Which rules can possibly hit a file."""

from __future__ import annotations

import re

import pytest

from qw_codemod.rules.api import Check, Token
from qw_codemod.rules.prefilter import possible
from qw_codemod.testkit import check_text


def check(code: str, *tokens: Token) -> Check:
    return Check(code, f"name-{code.lower()}", "", lambda source, context: (), tokens)


ALWAYS = check("QW1")
RESULT = check("QW2", b".result", b"query_and_wait")
HTTP = check("QW3", b"requests")


def test_any_token_is_enough() -> None:
    checks = [ALWAYS, RESULT, HTTP]
    assert possible(b"client.query_and_wait(sql)", checks) == (ALWAYS, RESULT)
    assert possible(b"import requests\njob.result()", checks) == (ALWAYS, RESULT, HTTP)


def test_a_rule_without_tokens_always_runs() -> None:
    assert possible(b"", [RESULT, ALWAYS, HTTP]) == (ALWAYS,)


def test_a_pattern_is_searched_for() -> None:
    bare = check("QW4", re.compile(rb"except\s*:"))
    assert possible(b"except :\n", [bare]) == (bare,)
    assert possible(b"except ValueError:\n", [bare]) == ()


@pytest.mark.parametrize(
    "clause", ["except:", "except :", "except\t:", "except \\\n  :", "except\x0c:"]
)
def test_no_bare_except_is_passed_by(clause: str) -> None:
    text = f"try:\n    work()\n{clause}\n    pass\n"
    assert [found.code for found in check_text(text, ("excepts",))] == ["QW201"]


def test_the_order_stays() -> None:
    assert possible(b".result requests", [HTTP, RESULT]) == (HTTP, RESULT)
