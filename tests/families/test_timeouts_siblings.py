"""What a request is bounded by where the others of its file take their timeout from one name."""

from __future__ import annotations

import pytest

from qw_codemod.testkit import apply_to_files

PAGES = """import httpx
import requests

PAGE_TIMEOUT = 10


class Client:
    def __init__(self, timeout: float = 5):
        self.timeout = timeout

    def page(self, url):
        return requests.get(url, timeout=PAGE_TIMEOUT)

    def next_page(self, url):
        return requests.get(url)

    def again(self, url):
        return httpx.get(url, timeout=None)
"""
OTHER = "    def other(self, url):\n        return requests.get(url, timeout=self.timeout)\n\n"
SELF = ("timeout=PAGE_TIMEOUT", "timeout=self.timeout")


def bound(*changes: tuple[str, str]) -> str:
    """The timeout that `next_page` is given once these texts are changed."""
    text = PAGES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    after = apply_to_files({"pages.py": text}, ("timeouts",))["pages.py"]
    body = after[after.index("def next_page") :]
    return body.partition("timeout=")[2].partition(")")[0]


def test_the_name_that_all_others_use_is_used() -> None:
    assert bound() == "PAGE_TIMEOUT"
    assert bound(SELF) == "self.timeout"


@pytest.mark.parametrize(
    "changes",
    [
        (
            ("def next_page(self, url):", "def saved(self, url):  # def next_page"),
        ),  # it is the timeout of pages
        (("PAGE_TIMEOUT = 10", "PAGE_TIMEOUT = None"),),
        (("PAGE_TIMEOUT = 10", "PAGE_TIMEOUT = 10\nPAGE_TIMEOUT = 20"),),
        (("next_page(self, url)", "next_page(self, url, PAGE_TIMEOUT)"),),
        (("    def again", f"{OTHER}    def again"),),
        (SELF, ("float = 5", "float | None = None")),
        (SELF, ("    def next_page", "class Others:\n    def next_page")),
        (("requests.get(url, timeout=P", "httpx.get(url, timeout=P"),),
    ],
)
def test_a_name_that_may_mean_something_else_is_not(changes: tuple[tuple[str, str], ...]) -> None:
    assert bound(*changes) == "30"


def test_the_number_of_the_same_function_is_used() -> None:
    text = """import requests


def fetch(session: requests.Session, url):
    if session:
        return session.request("GET", url, headers={})
    return requests.request("GET", url, timeout=10)


def other(url):
    return requests.get(url)
"""
    after = apply_to_files(
        {"pages.py": text.replace("session,", "session: requests.Session,")}, ("timeouts",)
    )
    assert "headers={}, timeout=10)" in after["pages.py"]
    assert "get(url, timeout=30)" in after["pages.py"]


LATE = """import requests
from google.oauth2 import id_token


def ask(request, url):
    headers = {"Authorization": "Bearer " + id_token.fetch_id_token(request, url)}
    return requests.post(url, headers=headers)


def send(url, stream):
    return requests.post(url, files={"file": stream})


def other(url):
    return requests.post(url, files=None)
"""


def test_an_answer_that_comes_after_the_work_has_more_time() -> None:
    after = apply_to_files({"pages.py": LATE}, ("timeouts",))["pages.py"]
    assert "headers=headers, timeout=300)" in after
    assert '"file": stream}, timeout=300)' in after
    assert "files=None, timeout=30)" in after
    after = apply_to_files({"pages.py": LATE}, ("timeouts",), {"timeouts": {"http": 20}})[
        "pages.py"
    ]
    assert after.count("timeout=20)") == 3
