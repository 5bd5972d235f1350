"""The pauses between tries before and after the rewrite, some of them by the real urllib3."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from qw_codemod.testkit import apply_to_text, check_text

from .scripted_server import ScriptedServer, Step
from .trial import function


def rewritten(source: str) -> str:
    return apply_to_text(source, families=("backoff",))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that are slept, for which nobody waits."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@dataclass(frozen=True)
class LoopForm:
    """A module with `run(ask)`, which asks again while it is refused; the pauses of both texts."""

    name: str
    source: str
    before: list[float]
    after: list[float]


def loop(name: str, source: str, before: list[float], after: list[float]) -> LoopForm:
    return LoopForm(name, textwrap.dedent(source).lstrip("\n"), before, after)


LOOPS = (
    loop(
        "after the last try as well",
        """
        import time


        def run(ask):
            for attempt in range(1, 6):
                try:
                    return ask()
                except ConnectionError:
                    time.sleep(5)
            raise ConnectionError
        """,
        [5, 5, 5, 5, 5],
        [5, 10, 20, 40],
    ),
    loop(
        "the same after each error",
        """
        import time


        def run(ask):
            for attempt in range(5):
                try:
                    return ask()
                except ConnectionError:
                    if attempt == 4:
                        raise
                    time.sleep(5)
        """,
        [5, 5, 5, 5],
        [5, 10, 20, 40],
    ),
    loop(
        "a constant of the class",
        """
        import time


        class Sender:
            PAUSE = 7
            TRIES = 6

            def send(self, ask):
                for attempt in range(self.TRIES):
                    try:
                        return ask()
                    except ConnectionError:
                        if attempt == self.TRIES - 1:
                            raise
                        time.sleep(self.PAUSE)


        def run(ask):
            return Sender().send(ask)
        """,
        [7, 7, 7, 7, 7],
        [7, 14, 28, 56, 60],
    ),
    loop(
        "growing for ever",
        """
        import time


        def run(ask):
            pause = 1
            for _ in range(9):
                try:
                    return ask()
                except ConnectionError:
                    time.sleep(pause)
                    pause *= 2
            raise ConnectionError("no answer")
        """,
        [1, 2, 4, 8, 16, 32, 64, 128, 256],
        [1, 2, 4, 8, 16, 32, 60, 60, 60],
    ),
)


class Refusing:
    """Refuses so many times, and counts how often it is asked."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self.times:
            raise ConnectionError("refused")
        return "answer"


@pytest.mark.parametrize("form", LOOPS, ids=lambda form: form.name)
def test_the_pause_grows_and_the_tries_stay(form: LoopForm, waits: list[float]) -> None:
    after = rewritten(form.source)
    assert after != form.source and "QW303" in {each.code for each in check_text(form.source)}
    for source, wanted in ((form.source, form.before), (after, form.after)):
        waits.clear()
        asked = Refusing(99)
        with pytest.raises(ConnectionError):
            function(source)(asked)
        assert waits == wanted
        assert asked.asked >= len(wanted)
        waits.clear()
        assert function(source)(Refusing(2)) == "answer"
        assert waits == wanted[:2]


BY_STATUS = """\
import time

import requests


def run(url):
    answer = None
    for attempt in range(4):
        answer = requests.get(url, timeout=20)
        if answer.status_code == 200:
            return answer.json()["number"]
        time.sleep(5)
    raise RuntimeError(f"{url}: {answer.status_code}")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def test_tries_by_the_status_of_an_answer(server: ScriptedServer, waits: list[float]) -> None:
    after = rewritten(BY_STATUS)
    for source, wanted in ((BY_STATUS, [5, 5, 5, 5]), (after, [5, 10, 20])):
        waits.clear()
        url = server.script("status", Step(503), Step(429), Step(200))
        assert function(source)(url) == 3
        assert waits == wanted[:2]
        waits.clear()
        url = server.script("status", Step(503))
        with pytest.raises(RuntimeError, match="503"):
            function(source)(url)
        assert len(server.seen(url)) == 4
        assert waits == wanted


PRINTED = """\
import time


def run(ask):
    for attempt in range(3):
        try:
            return ask()
        except OSError as error:
            print(f"refused ({error}), again in 5 seconds")
            time.sleep(5)
    return None
"""


def test_what_is_printed_of_the_pause_is_true(
    waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    after = rewritten(PRINTED)
    assert "QW303" in {each.code for each in check_text(PRINTED)}
    assert function(after)(Refusing(99)) is None
    told = [float(each.split()[-2]) for each in capsys.readouterr().out.splitlines()]
    assert told == waits and len(told) == 3


def session(options: str) -> str:
    return (
        "import requests\nfrom requests.adapters import HTTPAdapter\n"
        "from urllib3.util.retry import Retry\n\n\ndef run(url):\n"
        f"    retries = Retry({options})\n    with requests.Session() as session:\n"
        '        session.mount("http://", HTTPAdapter(max_retries=retries))\n'
        "        return session.get(url, timeout=5).status_code\n"
    )


@dataclass(frozen=True)
class AdapterForm:
    """Options of a Retry; how often both texts ask for a 503, and what their callers meet."""

    options: str
    asked: tuple[int, int]
    meets: tuple[Any, Any]
    is_paused: bool = True


ADAPTERS = (
    AdapterForm("total=3", (1, 4), (503, 503)),
    AdapterForm("connect=3, backoff_factor=0.5", (1, 1), (503, 503), is_paused=False),
    AdapterForm(
        "total=3, backoff_factor=0, raise_on_status=True", (1, 1), (503, 503), is_paused=False
    ),
    AdapterForm(
        "total=2, status_forcelist=[503], raise_on_status=True",
        (3, 3),
        (requests.exceptions.RetryError,) * 2,
    ),
    AdapterForm("total=2, status_forcelist=[503], raise_on_status=False", (3, 3), (503, 503)),
)


@pytest.mark.parametrize("form", ADAPTERS, ids=lambda form: form.options)
def test_an_adapter_keeps_what_its_retries_mean(
    form: AdapterForm, server: ScriptedServer, waits: list[float]
) -> None:
    before = session(form.options)
    after = rewritten(before)
    for source, asked, meets in zip((before, after), form.asked, form.meets, strict=True):
        waits.clear()
        url = server.script("adapter", Step(503))
        if isinstance(meets, int):
            assert function(source)(url) == meets
        else:
            with pytest.raises(meets):
                function(source)(url)
        assert len(server.seen(url)) == asked
    assert waits == sorted(waits) and (waits[-1:] > [0]) == form.is_paused
