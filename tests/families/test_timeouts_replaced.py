"""Requests of tests that replace what sends them, which nothing waits for."""

from __future__ import annotations

import textwrap

import pytest

from qw_codemod.kernel.model import NotNeeded
from qw_codemod.kernel.statements import render
from qw_codemod.testkit import check_files

HEAD = "import pytest\nimport requests\nimport responses\nfrom unittest.mock import patch\n\n\n"
ANSWERED = "nothing is waited for: the test replaces"


def said(test: str, conftest: str = "") -> str:
    """Why the one request of a test is left; empty where it gets a timeout."""
    files = {
        "tests/test_shop.py": HEAD + textwrap.dedent(test),
        "tests/conftest.py": HEAD + textwrap.dedent(conftest),
        "shop.py": "import requests\n",
    }
    (finding,) = check_files(files, ("timeouts",))["tests/test_shop.py"]
    obstacle = finding.obstacle
    return render(obstacle.reason, places=False) if isinstance(obstacle, NotNeeded) else ""


@pytest.mark.parametrize(
    ("decorator", "call"),
    [
        ('@patch("requests.Session.request")', "requests.get('http://shop')"),
        ('@patch("shop.requests.get")', "requests.get('http://shop')"),
        ('@patch("requests.adapters.HTTPAdapter.send")', "requests.get('http://shop')"),
        ('@patch.object(requests.Session, "send")', "requests.Session().get('http://shop')"),
    ],
)
def test_what_a_decorator_replaces(decorator: str, call: str) -> None:
    assert ANSWERED in said(f"{decorator}\ndef test_it(*mocks):\n    {call}\n")
    of_class = f"{decorator}\nclass TestIt:\n    def test_it(self, *mocks):\n        {call}\n"
    assert ANSWERED in said(of_class)


@pytest.mark.parametrize(
    "decorator",
    [
        '@patch("shop.time.sleep")',
        '@patch("shop.requests")',  # the module's own name for it alone
        '@patch("requests.post")',
        '@patch("shop.fetch")',
        "@responses.activate",  # which may let it pass to a real server
        "@pytest.mark.slow",
    ],
)
def test_what_replaces_something_else(decorator: str) -> None:
    assert said(f"{decorator}\ndef test_it(*mocks):\n    requests.get('http://shop')\n") == ""


@pytest.mark.parametrize(
    ("body", "is_replaced"),
    [
        ("with patch('requests.get'):\n    requests.get('http://shop')", True),
        ("with patch('requests.get'):\n    pass\nrequests.get('http://shop')", False),
        ("monkeypatch.setattr(requests, 'get', print)\nrequests.get('http://shop')", True),
        ("monkeypatch.setattr('requests.get', print)\nrequests.get('http://shop')", True),
        ("requests.get('http://shop')\nmonkeypatch.setattr(requests, 'get', print)", False),
        ("mocker.patch('requests.get')\nrequests.get('http://shop')", True),
        ("patch('requests.get').start()\nrequests.get('http://shop')", True),
        ("with responses.RequestsMock():\n    requests.get('http://shop')", False),
        ("with requests.Session() as s, patch.object(s, 'get'):\n    s.get('http://shop')", True),
        ("with requests.Session() as s, patch.object(s, 'post'):\n    s.get('http://shop')", False),
    ],
)
def test_what_a_test_replaces_itself(body: str, is_replaced: bool) -> None:
    seen = said("def test_it(monkeypatch, mocker):\n" + textwrap.indent(body, "    "))
    assert (ANSWERED in seen) is is_replaced


def test_fixtures_count() -> None:
    test = "def test_it(shop):\n    requests.get('http://shop')\n"
    fixture = "@pytest.fixture{}\ndef shop{}():\n    with patch('requests.get'):\n        yield\n"
    assert ANSWERED in said(test, fixture.format("", ""))
    assert ANSWERED in said(fixture.format("", "") + test)
    assert said(test, fixture.format("", "_of_another")) == ""
    assert ANSWERED in said(test, fixture.format("(autouse=True)", "_of_another"))
    assert said("def test_it(requests_mock):\n    requests.get('http://shop')\n") == ""


def test_code_that_is_no_test_is_edited() -> None:
    text = HEAD + '@patch("requests.get")\ndef run():\n    return requests.get("http://shop")\n'
    (finding,) = check_files({"shop.py": text}, ("timeouts",))["shop.py"]
    assert finding.obstacle is None
