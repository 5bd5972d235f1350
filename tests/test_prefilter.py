"""Which rules can possibly hit a file."""

from __future__ import annotations

from qw_codemod.prefilter import possible
from qw_codemod.rule import Check


def check(code: str, *tokens: bytes) -> Check:
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


def test_the_order_stays() -> None:
    assert possible(b".result requests", [HTTP, RESULT]) == (HTTP, RESULT)
