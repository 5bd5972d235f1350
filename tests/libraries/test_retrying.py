"""What is taken to try a call again: by what a name means, then by its words."""

from __future__ import annotations

import ast

import pytest

from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.retrying import is_retry, says_retry


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("retry", True),
        ("retry_call", True),
        ("RetryingClient", True),
        ("fetchWithRetries", True),
        ("get_with_max_retries", True),
        ("with_backoff", True),
        ("_retry", True),
        ("entry", False),  # which holds the letters
        ("poultry", False),
        ("max_retries", False),
        ("should_retry", False),
        ("is_retryable", False),
        ("retry_if_result", False),
        ("fetch_without_retry", False),
        ("no_retry", False),
        ("retry_after", False),  # the header
        ("fetch", False),
        ("", False),
    ],
)
def test_a_name_says_retry(name: str, expected: bool) -> None:
    assert says_retry(name) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import tenacity\n@tenacity.retry\ndef f(): ...", True),
        ("from tenacity import retry as again\n@again(stop=3)\ndef f(): ...", True),
        ("from backoff import on_predicate\n@on_predicate(wait)\ndef f(): ...", True),
        ("import backoff as b\n@b.on_exception(b.expo, OSError)\ndef f(): ...", True),
        ("import stamina\n@stamina.retry(on=OSError)\ndef f(): ...", True),
        ("@task(retry_delay=5)\ndef f(): ...", True),
        ("@task(retries=3)\ndef f(): ...", True),
        ("@task(max_retries=3)\ndef f(): ...", True),
        ("from functools import cache as retries\n@retries\ndef f(): ...", False),
        ("@cache(entries=3)\ndef f(): ...", False),
        ("@on_exception\ndef f(): ...", False),
    ],
)
def test_a_decorator_retries(text: str, expected: bool) -> None:
    source = SourceFile("a.py", text.encode())
    (function,) = source.nodes(ast.FunctionDef)
    assert is_retry(source, function.decorator_list[0]) is expected
