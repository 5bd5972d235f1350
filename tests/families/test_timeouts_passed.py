"""Handlers and retries that go on after other failures, which a timeout would pass."""

from __future__ import annotations

import textwrap

import pytest

from qw_codemod.kernel.model import Unsafe
from qw_codemod.kernel.statements import render
from qw_codemod.testkit import apply_to_files, check_text

HEAD = """import time
import urllib.request
from concurrent.futures import TimeoutError as TookTooLong

import backoff
import requests
import tenacity
from google.api_core import exceptions
from google.cloud import bigquery

client = bigquery.Client()


class Gone(Exception):
    pass


"""


def reason(body: str) -> str:
    """Why the one wait in some code is left; empty where it is edited."""
    found = check_text(HEAD + textwrap.dedent(body), ("timeouts",))
    (finding,) = found
    obstacle = finding.obstacle
    return render(obstacle.reason, places=False) if isinstance(obstacle, Unsafe) else ""


def guarded(handler: str, call: str = "requests.get(url)", then: str = "return None") -> str:
    return (
        f"def page(url):\n    try:\n        return {call}\n    except {handler}:\n        {then}\n"
    )


@pytest.mark.parametrize(
    "handler",
    [
        "requests.ConnectionError",
        "requests.exceptions.HTTPError",
        "(ValueError, requests.exceptions.ConnectionError)",
        "ConnectionError",  # meant the same, and is another class
    ],
)
def test_a_handler_of_other_failures_that_goes_on(handler: str) -> None:
    assert reason(guarded(handler)) == (
        f"the `except {handler}` goes on after other failures, and a timeout passes it"
    )
    assert reason(guarded(handler, then="raise SystemExit(1)")) == ""


@pytest.mark.parametrize(
    "handler",
    [
        "Exception",
        "OSError",
        "requests.RequestException",
        "(requests.ConnectionError, requests.Timeout)",
        "(requests.ConnectionError, requests.ReadTimeout)",
        "ValueError",
        "requests.JSONDecodeError",
        "requests.exceptions.InvalidURL",
    ],
)
def test_handlers_that_take_the_timeout_or_are_for_something_else(handler: str) -> None:
    assert reason(guarded(handler)) == ""


def test_the_timeout_of_urllib_is_none_of_its_own_errors() -> None:
    call = "urllib.request.urlopen(url)"
    assert "passes it" in reason(guarded("urllib.error.URLError", call))
    assert reason(guarded("(urllib.error.URLError, TimeoutError)", call)) == ""


def test_what_a_try_raises_for_a_bad_answer_counts() -> None:
    body = """
        def page(url):
            try:
                answer = requests.get(url)
                if answer.status_code != 200:
                    raise Gone(url)
                return answer
            except Gone:
                return None
        """
    assert "`except Gone` goes on" in reason(body)
    assert reason(body.replace("answer.status_code != 200", "url is None")) == ""


def test_waits_for_jobs() -> None:
    call = "client.query('SELECT 1').result()"
    for handler in ("exceptions.GoogleAPICallError", "exceptions.ServiceUnavailable"):
        assert "passes it" in reason(guarded(handler, call))
    both = "(exceptions.GoogleAPIError, TookTooLong)"
    assert "passes it" not in reason(guarded(both, call, then="print(url)"))
    assert reason(guarded("exceptions.NotFound", call)) == ""


CALLED = """
def page(url):
    {fetch}


def pages(urls):
    for url in urls:
        try:
            yield page(url)
        except {handler}:
            print("left out", url)
"""


def test_the_handlers_of_callers_count() -> None:
    fetch = "return requests.get(url)"
    seen = reason(CALLED.format(fetch=fetch, handler="requests.ConnectionError"))
    assert "goes on after other failures, and a timeout passes it" in seen
    assert reason(CALLED.format(fetch=fetch, handler="requests.RequestException")) == ""
    # an answer that tells of a failure is for a handler beside the request alone
    assert reason(CALLED.format(fetch=fetch, handler="requests.HTTPError")) == ""
    fetch = guarded("requests.ConnectionError", then="raise Gone(url)").partition("\n")[2].strip()
    assert "`except Gone` goes on" in reason(CALLED.format(fetch=fetch, handler="Gone"))
    fetch = guarded("requests.RequestException", then="raise Gone(url)").partition("\n")[2].strip()
    assert reason(CALLED.format(fetch=fetch, handler="Gone")) == ""


def test_callers_in_other_files_count() -> None:
    pages = "import requests\n\n\ndef page(url):\n    return requests.get(url)\n"
    caller = (
        "import requests\n\nfrom pages import page\n\n\ndef first(url):\n    try:\n"
        "        return page(url)\n    except requests.ConnectionError:\n        return None\n"
    )
    for name, edited in (("caller.py", False), ("tests/test_caller.py", True)):
        after = apply_to_files({"pages.py": pages, name: caller}, ("timeouts",))
        assert ("timeout=30" in after["pages.py"]) is edited


RETRIED = """
def is_busy(error):
    return {asked}


@{retry}
def page(url):
    return requests.get(url)
"""


@pytest.mark.parametrize(
    ("retry", "asked", "passes"),
    [
        ("backoff.on_exception(backoff.expo, requests.ConnectionError)", "True", True),
        ("backoff.on_exception(backoff.expo, requests.RequestException)", "True", False),
        ("retry(should_retry=is_busy)", "error.response.status_code == 503", True),
        ("retry(should_retry=is_busy)", "isinstance(error, requests.ConnectionError)", True),
        ("retry(should_retry=is_busy)", "isinstance(error, requests.RequestException)", False),
        ("retry(should_retry=is_busy)", "True", False),
        ("tenacity.retry(retry=tenacity.retry_if_exception(is_busy))", "error.ok", True),
    ],
)
def test_a_retry_that_leaves_the_timeout_out(retry: str, asked: str, passes: bool) -> None:
    seen = reason(RETRIED.format(retry=retry, asked=asked))
    assert ("tries again after other failures, and a timeout passes it" in seen) is passes


def test_a_loop_that_tries_again_after_other_failures() -> None:
    body = """
        def page(url):
            for attempt in range(3):
                try:
                    return requests.get(url)
                except {handler}:
                    if attempt == 2:
                        raise
                    time.sleep(5)
        """
    assert "the loop tries again" in reason(body.format(handler="requests.ConnectionError"))
    assert reason(body.format(handler="requests.RequestException")) == ""


HOUSE = """
def retry(function):
    def wrapper(*args):
        for attempt in range(3):
            try:
                return function(*args)
            except {handler}:
                time.sleep(2)
        return None

    return wrapper


{body}
"""
DECORATED = "@retry\ndef page(url):\n    return requests.get(url)"
HANDED = "def page(url):\n    return requests.get(url)\n\n\nfirst = retry(page)('http://shop')"


@pytest.mark.parametrize("body", [DECORATED, HANDED])
def test_a_retry_of_the_house_is_read(body: str) -> None:
    seen = reason(HOUSE.format(handler="requests.ConnectionError", body=body))
    assert "`except requests.ConnectionError` goes on after other failures" in seen
    assert reason(HOUSE.format(handler="requests.RequestException", body=body)) == ""


def test_a_function_that_is_handed_the_request_is_read() -> None:
    house = """
        def retry_call(function, url):
            for attempt in range(3):
                try:
                    return function(url)
                except {handler}:
                    time.sleep(2)


        def page(url):
            return retry_call(requests.get, url)
        """
    assert "goes on after other" in reason(house.format(handler="requests.ConnectionError"))
    assert reason(house.format(handler="requests.RequestException")) == ""
