"""HTTP requests to a server that never answers: for ever before the rewrite, bounded after."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from .http_forms import BOUNDED, HTTP_FORMS, HttpForm
from .loopback import LoopbackServer, Request, Response
from .rewriting import SECONDS, rewrite
from .trial import Trial, wait_until

GUARD = 2.5 * SECONDS
"""Seconds after which code that still waits is taken to have no bound of its own."""

LONGEST_SILENCE = 60.0
"""Seconds after which the server hangs up, whatever becomes of the test."""

ANSWER = {"player": "ann", "points": 31}


class HttpServer(LoopbackServer):
    """Answers under /answer, and takes requests under /silent without ever answering them."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: list[str] = []

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/answer"):
            return Response(body=ANSWER)
        self.silent.append(request.path)
        self.released.wait(LONGEST_SILENCE)
        return Response(status=None)

    def silent_url(self, name: str) -> str:
        return f"{self.url}/silent/{name.replace(' ', '-')}"

    def heard(self, url: str) -> bool:
        return url.removeprefix(self.url) in self.silent


@dataclass(frozen=True)
class Observation:
    """What a request was doing when the guard's time was over, and how it ended."""

    heard: bool
    waiting: bool
    trial: Trial


@pytest.fixture(scope="module")
def silent() -> dict[tuple[str, str], Observation]:
    """Every form, before and after, sent to a server that never answers, all at the same time."""
    observed = {}
    with HttpServer() as server:
        trials = {}
        for form in HTTP_FORMS + BOUNDED:
            for side in ("before", "after"):
                url = server.silent_url(f"{form.name} {side}")
                trials[form.name, side, url] = Trial(getattr(form, side), url)
        for trial in trials.values():
            trial.start()
        wait_until(lambda: all(server.heard(url) for _, _, url in trials))
        guard_ends = time.monotonic() + GUARD
        for (_, side, _), trial in trials.items():
            if side == "after":
                trial.join()
        time.sleep(max(0.0, guard_ends - time.monotonic()))
        for (name, side, url), trial in trials.items():
            observed[name, side] = Observation(server.heard(url), trial.waiting, trial)
        server.release()
        for trial in trials.values():
            trial.join()
    return observed


@pytest.mark.parametrize("form", HTTP_FORMS + BOUNDED, ids=lambda form: form.name)
def test_rewrite(form: HttpForm) -> None:
    assert rewrite(form.before, unsafe="None" in form.before) == form.after


@pytest.mark.parametrize("form", HTTP_FORMS, ids=lambda form: form.name)
def test_before_waits_for_ever(form: HttpForm, silent: dict[tuple[str, str], Observation]) -> None:
    before = silent[form.name, "before"]
    assert before.heard
    assert before.waiting
    # It ended because the server hung up, and for no other reason.
    assert before.trial.error is not None
    assert not isinstance(before.trial.error, pkgutil.resolve_name(form.raises))


@pytest.mark.parametrize("form", HTTP_FORMS + BOUNDED, ids=lambda form: form.name)
def test_after_raises(form: HttpForm, silent: dict[tuple[str, str], Observation]) -> None:
    after = silent[form.name, "after"]
    assert after.heard
    with pytest.raises(pkgutil.resolve_name(form.raises)):
        after.trial.result()


def test_same_answer() -> None:
    with HttpServer() as server:
        for form in HTTP_FORMS + BOUNDED:
            for source in (form.before, form.after):
                assert Trial(source, f"{server.url}/answer").start().result() == ANSWER, form.name


def test_default_timeout_of_sockets_bounds_urlopen_alone() -> None:
    """requests hands `None` to the socket, which takes the default away from it again."""
    calls = {
        "urlopen": "import urllib.request; urllib.request.urlopen(url)",
        "requests": "import requests; requests.get(url)",
    }
    with HttpServer() as server:
        children = {}
        for name, call in calls.items():
            code = f"import socket, sys; url = sys.argv[1]; socket.setdefaulttimeout(1); {call}"
            # A process each: the default is the whole process's.
            children[name] = subprocess.Popen(
                [sys.executable, "-c", code, server.silent_url(name)],
                stderr=subprocess.PIPE,
                text=True,
            )
        try:
            _, urlopen_errors = children["urlopen"].communicate(timeout=LONGEST_SILENCE)
            wait_until(lambda: server.heard(server.silent_url("requests")))
            assert server.heard(server.silent_url("requests"))
            with pytest.raises(subprocess.TimeoutExpired):
                children["requests"].wait(GUARD)
        finally:
            for child in children.values():
                child.kill()
                child.communicate()
    assert urlopen_errors.rstrip().endswith("timed out")
