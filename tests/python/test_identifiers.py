"""Names are read word by word."""

from __future__ import annotations

import pytest

from qw_codemod.python.identifiers import words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("payload", "payload"),
        ("pay_order", "pay order"),
        ("_sanitize_record", "sanitize record"),
        ("loadHTTPPages2", "load http pages 2"),
        ("getURL", "get url"),
        ("__init__", "init"),
        ("MAX_TRIES", "max tries"),
        ("requests.Session", "requests session"),
        ("health/feed_ping.py", "health feed ping py"),
        ("größe_kB", "größe k b"),
        ("_", ""),
        ("", ""),
    ],
)
def test_the_words_of_a_name(name: str, expected: str) -> None:
    assert " ".join(words(name)) == expected
