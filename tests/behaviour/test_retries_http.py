"""Calls through the policy of `init`, against a server that answers by a script."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import logging
import socket
import sys
import threading
import types
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import requests

from qw_codemod.engine.linter import linted
from qw_codemod.rules.packs import load
from qw_codemod.testkit import apply_to_files

from .retry_forms import RETRY_FORMS, RetryForm
from .scripted_server import ScriptedServer, Step
from .trial import function

LIBRARIES = ("aiohttp", "httpx", "requests", "urllib")
SETTINGS = {"retries": {"policy": "http_retry:retry_api"}}
BUSY = Step(503)


@cache
def policy_text(libraries: tuple[str, ...] = LIBRARIES) -> str:
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    return policy(libraries)


@cache
def rewritten(source: str, **settings: Any) -> str:
    """The text after `apply retries`: the same for every answer of the server."""
    files = {"http_retry.py": policy_text(), "feed.py": source}
    given = {"retries": {**SETTINGS["retries"], **settings}}
    after = apply_to_files(files, ("retries",), given)["feed.py"]
    assert after != source
    return after


@pytest.fixture(scope="module", autouse=True, params=["as it is", "linted"])
def policy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[types.ModuleType]:
    """The policy as it is and as the linter of a strict project has it."""
    module = types.ModuleType("http_retry")
    text = policy_text()
    if request.param == "linted":
        folder = tmp_path_factory.mktemp("strict")
        version = f"py{sys.version_info.major}{sys.version_info.minor}"
        (folder / "ruff.toml").write_text(f'target-version = "{version}"\nlint.select = ["ALL"]\n')
        text = linted(str(folder / "http_retry.py"), text.encode()).decode()
        assert text != policy_text()
    exec(compile(text, "http_retry.py", "exec"), module.__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "http_retry", module)
        yield module


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the policy sleeps, which nobody waits for."""
    slept: list[float] = []
    nap = asyncio.sleep

    async def sleep(seconds: float, *rest: Any) -> None:
        if seconds >= 0.5:
            slept.append(seconds)
            seconds = 0
        await nap(seconds)

    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


def outcome(source: str, url: str) -> Any:
    """What the code gives, or the error that it raises."""
    try:
        return function(source)(url)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        return error
    except Exception as error:
        return error


def path(form: RetryForm) -> str:
    return form.name.replace(" ", "-")


def test_an_answer_that_no_server_gave(policy: types.ModuleType, waits: list[float]) -> None:
    """Tests make such answers by hand: they have nothing to close."""
    answer = requests.Response()
    answer.status_code = 503
    assert policy.retry_call(lambda url: answer, "https://example.org") is answer
    assert len(waits) == 3


@pytest.mark.parametrize("form", RETRY_FORMS, ids=lambda form: form.name)
def test_a_bad_minute_is_survived(
    form: RetryForm, server: ScriptedServer, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    # aiohttp asks again by itself where a connection breaks
    hang_up = BUSY if form.name == "aiohttp" else Step(None)
    url = server.script(path(form), BUSY, hang_up, BUSY, Step(200))
    with caplog.at_level(logging.WARNING, logger="http_retry"):
        status, body = outcome(rewritten(form.source), url)
    assert status == 200
    assert body is None or body["number"] == 4
    assert [method for method, _ in server.seen(url)] == [form.method] * 4
    assert len(waits) == 3
    for wait, least in zip(waits, (1, 2, 4), strict=True):
        assert least <= wait <= least + 1
    lines = [each for each in caplog.records if each.name == "http_retry"]
    assert [each.levelno for each in lines] == [logging.WARNING] * 3


@pytest.mark.parametrize("form", RETRY_FORMS, ids=lambda form: form.name)
def test_in_the_end_the_caller_meets_what_it_met_before(
    form: RetryForm, server: ScriptedServer, waits: list[float]
) -> None:
    url = server.script(path(form), BUSY)
    before = outcome(form.source, url)
    url = server.script(path(form), BUSY)
    after = outcome(rewritten(form.source), url)
    assert len(server.seen(url)) == 4
    assert type(after) is type(before)
    if form.raises:
        assert type(after).__name__ == form.raises
    else:
        assert after[0] == before[0] == 503


@pytest.mark.parametrize("status", [200, 404, 401])
@pytest.mark.parametrize("form", RETRY_FORMS, ids=lambda form: form.name)
def test_what_does_not_pass_by_itself_is_sent_once(
    form: RetryForm, status: int, server: ScriptedServer, waits: list[float]
) -> None:
    url = server.script(path(form), Step(status))
    before = outcome(form.source, url)
    url = server.script(path(form), Step(status))
    after = outcome(rewritten(form.source), url)
    assert len(server.seen(url)) == 1
    assert type(after) is type(before)
    assert not waits


@pytest.mark.parametrize("form", RETRY_FORMS, ids=lambda form: form.name)
def test_a_refused_connection_is_the_same_error(form: RetryForm, waits: list[float]) -> None:
    with ScriptedServer() as gone:
        url = gone.url
    before, after = outcome(form.source, url), outcome(rewritten(form.source), url)
    assert isinstance(before, Exception)
    assert type(after) is type(before)
    assert len(waits) == 3


def _date(seconds: float) -> str:
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return email.utils.format_datetime(then, usegmt=True)


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("7", 7, 7),
        ("600", 60, 60),
        ("0", 0, 0),
        ("date", 15, 20),
        ("past", 0, 0),
        ("soon", 1, 2),
    ],
)
@pytest.mark.parametrize("form", RETRY_FORMS[:1] + RETRY_FORMS[4:7], ids=lambda form: form.name)
def test_the_server_says_when(
    form: RetryForm,
    asked: str,
    least: float,
    most: float,
    server: ScriptedServer,
    waits: list[float],
) -> None:
    value = {"date": _date(20), "past": _date(-20)}.get(asked, asked)
    url = server.script(path(form), Step(429, {"Retry-After": value}), Step(200))
    assert outcome(rewritten(form.source), url)[0] == 200
    (wait,) = waits
    assert least <= wait <= most


def test_once_for_real(server: ScriptedServer) -> None:
    form = RETRY_FORMS[0]
    url = server.script("real", BUSY, Step(200))
    assert outcome(rewritten(form.source), url)[0] == 200
    (_, first), (_, second) = server.seen(url)
    assert 1 <= second - first < 4


POST = (
    "import requests\n\n\ndef run(url):\n    answer = requests.post(url, json={}, timeout=5)\n"
    "    print('asked')\n    return answer.status_code, answer.json()\n"
)


def test_a_post_is_never_sent_twice_by_itself(server: ScriptedServer, waits: list[float]) -> None:
    files = {"http_retry.py": policy_text(), "feed.py": POST}
    assert apply_to_files(files, ("retries",), SETTINGS, unsafe=True, likely=True) == files
    url = server.script("post", BUSY)
    assert outcome(POST, url)[0] == 503
    assert len(server.seen(url)) == 1


def test_a_post_is_sent_again_where_that_is_wanted(
    server: ScriptedServer, waits: list[float]
) -> None:
    url = server.script("wanted", BUSY, Step(200))
    assert outcome(rewritten(POST, include_post=True), url)[0] == 200
    assert [method for method, _ in server.seen(url)] == ["POST", "POST"]


SEARCH = (
    "import requests\n\n\ndef run(url):\n    payload = {'words': 'ann'}\n"
    "    answer = requests.post(url, json=payload, timeout=5)\n    answer.raise_for_status()\n"
    "    return answer.status_code, answer.json()\n"
)
CRAWL = (
    "import requests\n\n\ndef run(service):\n    address = f'{service}/crawl'\n"
    "    answer = requests.post(address, json={}, timeout=5)\n    answer.raise_for_status()\n"
    "    return answer.status_code, answer.json()\n"
)


def test_a_payload_is_no_payment(server: ScriptedServer, waits: list[float]) -> None:
    url = server.script("search", BUSY, Step(200))
    assert outcome(rewritten(SEARCH, include_post=True), url)[0] == 200
    assert [method for method, _ in server.seen(url)] == ["POST", "POST"]


def test_a_post_is_included_by_the_address_in_its_variable(
    server: ScriptedServer, waits: list[float]
) -> None:
    url = server.script("crawl", BUSY, Step(200))
    assert outcome(rewritten(CRAWL, include="/crawl"), server.url)[0] == 200
    assert [method for method, _ in server.seen(url)] == ["POST", "POST"]


PACED = (
    "import time\n\nimport requests\n\n\ndef run(url):\n    texts = []\n"
    "    for part in ('a', 'b', 'c'):\n"
    "        answer = requests.get(f'{url}-{part}', timeout=5)\n"
    "        texts.append(answer.status_code)\n        time.sleep(0.25)\n    return texts\n"
)


def test_a_loop_that_paces_is_no_retry(server: ScriptedServer, waits: list[float]) -> None:
    urls = [server.script(f"paced-{part}", Step(200)) for part in "abc"]
    for source, second in ((PACED, 503), (rewritten(PACED), 200)):
        server.script("paced-b", BUSY, Step(200))
        waits.clear()
        assert function(source)(urls[0].removesuffix("-a")) == [200, second, 200]
        assert [each for each in waits if each == 0.25] == [0.25] * 3  # its own pauses stay
        assert len(waits) == (3 if second == 503 else 4)


def test_answers_between_tries_are_closed(server: ScriptedServer, waits: list[float]) -> None:
    import requests

    closed: list[int] = []
    url = server.script("closed", BUSY, BUSY, Step(200))
    with pytest.MonkeyPatch.context() as patch:
        close = requests.Response.close
        patch.setattr(
            requests.Response,
            "close",
            lambda response: (closed.append(response.status_code), close(response))[1],
        )
        assert outcome(rewritten(RETRY_FORMS[0].source), url)[0] == 200
    assert closed == [503, 503]


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_policy_imports_only_what_the_project_uses(library: str) -> None:
    text = policy_text((library, "pandas"))
    others = [each for each in LIBRARIES if each != library]
    assert not any(f"import {each}" in text for each in others)
    compile(text, "http_retry.py", "exec")


def test_a_request_goes_where_it_went_first_behind_a_proxy(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """urlopen rewrites the Request that it is given: the third try would send it in the clear."""
    source = (
        "import urllib.request\n\n\ndef run(url):\n"
        "    request = urllib.request.Request(url, headers={'Authorization': 'secret'})\n"
        "    print(request.host)\n"
        "    with urllib.request.urlopen(request, timeout=5) as answer:\n"
        "        return answer.status\n"
    )
    changed = rewritten(source)
    assert "retry_call(urllib.request.urlopen, request, timeout=5)" in changed
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(10)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        monkeypatch.setattr(urllib.request, "_opener", None)  # it has read the proxies already
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", address)
        monkeypatch.setenv("http_proxy", address)

        def refuse() -> None:
            for _ in range(4):
                connection, _ = proxy.accept()
                with connection:
                    connection.settimeout(10)
                    asked.append(connection.recv(1000).partition(b"\r\n")[0])

        thread = threading.Thread(target=refuse)
        thread.start()
        failure = outcome(changed, "https://feeds.invalid/day")
        thread.join(10)
    assert isinstance(failure, OSError)
    assert [line.split()[:2] for line in asked] == [[b"CONNECT", b"feeds.invalid:443"]] * 4
