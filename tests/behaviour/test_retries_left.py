"""Calls that are left as they are, and what a policy around them would do to their callers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from qw_codemod.testkit import apply_to_files, check_text

from .scripted_server import ScriptedServer, Step
from .test_retries_http import BUSY, SETTINGS, policy, policy_text, server, waits
from .trial import function

__all__ = ["policy", "server", "waits"]  # fixtures


@dataclass(frozen=True)
class LeftForm:
    """A module with `run(url)`; how often it asks a busy server, and with a policy would."""

    name: str
    source: str
    call: str
    asked: int
    would_ask: int

    @property
    def wrapped(self) -> str:
        """What a rewrite that looks at the call alone would make of it."""
        function, _, rest = self.call.partition("(")
        assert self.source.count(self.call) == 1
        wrapped = self.source.replace(self.call, f"retry_call({function}, {rest}")
        return f"from http_retry import retry_call\n{wrapped}"


ASKED = "    return answer.status_code, answer.json()\n"
FORMS = (
    LeftForm(
        "a loop by the status",
        "import requests\n\n\ndef run(url):\n    for attempt in range(3):\n"
        "        answer = requests.get(url, timeout=5)\n"
        "        if answer.status_code == 503:\n            continue\n"
        "        return answer.status_code\n    return 503\n",
        "requests.get(url, timeout=5)",
        3,
        12,
    ),
    LeftForm(
        "a loop by the exception",
        "import time\n\nimport requests\n\n\ndef run(url):\n    for attempt in range(3):\n"
        "        try:\n            answer = requests.get(url, timeout=5)\n"
        "            answer.raise_for_status()\n            return answer.status_code\n"
        "        except requests.RequestException:\n            if attempt == 2:\n"
        "                return 503\n            time.sleep(min(60, 2**attempt))\n",
        "requests.get(url, timeout=5)",
        3,
        12,
    ),
    LeftForm(
        "an adapter with a timeout and retries",
        "import requests\nfrom requests.adapters import HTTPAdapter\n"
        "from urllib3.util.retry import Retry\n\n\nclass Bounded(HTTPAdapter):\n"
        "    def send(self, request, **kwargs):\n"
        "        if kwargs.get('timeout') is None:\n            kwargs['timeout'] = 5\n"
        "        return super().send(request, **kwargs)\n\n\n"
        "retries = Retry(total=2, backoff_factor=1, status_forcelist=(503,), "
        "raise_on_status=False)\nsession = requests.Session()\n"
        "session.mount('http://', Bounded(max_retries=retries))\n\n\ndef run(url):\n"
        "    with session:\n        answer = session.get(url)\n"
        "        return answer.status_code\n",
        "session.get(url)",
        3,
        12,
    ),
    LeftForm(
        "a probe",
        '"""The exit status of health_ping tells whether the shop is up now."""\n'
        "import requests\n\n\ndef ping(url):\n    try:\n"
        "        answer = requests.get(f'{url}', timeout=5)\n"
        "    except requests.ConnectionError:\n        return 1\n"
        "    return answer.status_code\n\n\ndef run(url):\n    return ping(url)\n",
        "requests.get(f'{url}', timeout=5)",
        1,
        4,
    ),
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_it_asks_as_often_as_it_did(
    form: LeftForm, server: ScriptedServer, waits: list[float]
) -> None:
    assert rewritten(form.source) == form.source
    for source, times in ((form.source, form.asked), (form.wrapped, form.would_ask)):
        url = server.script("left", BUSY)
        assert function(source)(url) == 503
        assert len(server.seen(url)) == times


def rewritten(source: str) -> str:
    files = {"http_retry.py": policy_text(), "feed.py": source}
    return apply_to_files(files, ("timeouts", "retries"), SETTINGS, True, True)["feed.py"]


PAGES = (
    "import requests\n\n\ndef pages(url):\n    while url:\n"
    "        answer = requests.get(url, timeout=5)\n        answer.raise_for_status()\n"
    "        yield answer.json()['number']\n        url = answer.headers.get('X-Next')\n\n\n"
    "def run(url):\n    seen = []\n    try:\n        for page in pages(url):\n"
    "            seen.append(page)\n    except requests.HTTPError:\n        seen.append('lost')\n"
    "    return seen\n"
)


def test_what_was_handed_out_is_not_asked_for_again(server: ScriptedServer) -> None:
    assert rewritten(PAGES) == PAGES
    url = server.script("pages", Step(200, {"X-Next": f"{server.url}/pages-2"}))
    second = server.script("pages-2", BUSY)
    assert function(PAGES)(url) == [1, "lost"]
    assert [len(server.seen(each)) for each in (url, second)] == [1, 1]


LIMITED = (
    "import asyncio\n\nimport httpx\n\n\nasync def fetch(url):\n"
    "    async with httpx.AsyncClient(timeout=5) as client:\n"
    "        answer = await asyncio.wait_for(client.get(url), 0.5)\n"
    "    return answer.status_code\n\n\ndef run(url):\n    return asyncio.run(fetch(url))\n"
)


def test_a_deadline_would_cut_the_pauses_off(server: ScriptedServer) -> None:
    """An answer that the caller could read would become a timeout."""
    assert rewritten(LIMITED) == LIMITED
    url = server.script("limited", BUSY)
    assert function(LIMITED)(url) == 503
    wrapped = LIMITED.replace("client.get(url)", "retry_call(client.get, url)")
    with pytest.raises(asyncio.TimeoutError):
        function(f"from http_retry import retry_call\n{wrapped}")(url)


COROUTINE = (
    "import asyncio\n\nimport requests\n\n\nasync def fetch(url):\n"
    "    answer = requests.get(url, timeout=5)\n    print('asked')\n"
    "    return answer.status_code\n\n\nasync def main(url):\n"
    "    return await asyncio.gather(fetch(url), fetch(url))\n\n\ndef run(url):\n"
    "    return asyncio.run(main(url))\n"
)


def test_the_pauses_would_stop_the_event_loop(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rewritten(COROUTINE) == COROUTINE
    url = server.script("coroutine", BUSY, Step(200))
    assert function(COROUTINE)(url) == [503, 200]
    where: list[Any] = []
    monkeypatch.setattr(
        "tenacity.nap.time.sleep", lambda seconds: where.append(asyncio.get_running_loop())
    )
    url = server.script("coroutine", BUSY, Step(200))
    wrapped = COROUTINE.replace("requests.get(url,", "retry_call(requests.get, url,")
    assert function(f"from http_retry import retry_call\n{wrapped}")(url) == [200, 200]
    assert len(where) == 1  # it slept where the loop runs


GENERATOR = (
    "from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential\n"
    "\n\n@retry(\n    retry=retry_if_exception_type(ConnectionError),\n"
    "    stop=stop_after_attempt(4),\n    wait=wait_exponential(max=30),\n    reraise=True,\n)\n"
    "def rows(ask):\n    yield ask()\n\n\ndef run(ask):\n    return list(rows(ask))\n"
)


def test_a_generator_is_not_retried_by_its_decorator(waits: list[float]) -> None:
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError):
        function(GENERATOR)(ask)
    assert (len(asked), waits) == (1, [])
    assert [each.code for each in check_text(GENERATOR)] == ["QW302"]
    asked.clear()
    plain = GENERATOR.replace("yield ask()", "return [ask()]")
    with pytest.raises(ConnectionError):
        function(plain)(ask)
    assert (len(asked), len(waits)) == (4, 3)
    assert check_text(plain) == ()


LIVE = {
    "deploy.sh": (
        "#!/bin/sh\ngcloud functions deploy live --runtime=python311 --trigger-http \\\n"
        "    --source=. --entry-point=live --timeout={}s\n"
    ),
    "main.py": (
        "import requests\n\n\ndef live(url):\n    try:\n"
        "        answer = requests.get(url, timeout=2)\n        return answer.status_code\n"
        "    except requests.RequestException as error:\n"
        "        print('nothing live:', type(error).__name__)\n        return None\n"
    ),
}


@pytest.mark.parametrize(("deadline", "is_edited"), [(10, False), (60, True)])
def test_tries_end_before_their_unit_is_stopped(
    deadline: int, is_edited: bool, waits: list[float]
) -> None:
    files = {**LIVE, "deploy.sh": LIVE["deploy.sh"].format(deadline)}
    after = apply_to_files({"http_retry.py": policy_text(), **files}, ("retries",), SETTINGS)
    assert (after["main.py"] != files["main.py"]) == is_edited
    with ScriptedServer() as gone:
        url = gone.url
    namespace: dict[str, Any] = {}
    exec(after["main.py"], namespace)
    assert namespace["live"](url) is None
    tries = len(waits) + 1
    assert tries == (4 if is_edited else 1)
    assert sum(waits) + 2 * tries < deadline
