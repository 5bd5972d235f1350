"""What is said far from a request that is never answered: some of it bounds nothing."""

from __future__ import annotations

import textwrap
import time

import pytest
from requests.exceptions import ReadTimeout

from qw_codemod.testkit import check_text

from .rewriting import SECONDS
from .test_timeouts_http import HttpServer
from .trial import Trial, wait_until

GUARD = 2.5 * SECONDS
"""Seconds after which a request that still waits is taken to have no bound."""


def _module(body: str) -> str:
    head = """
        import functools

        import requests
        from requests.adapters import HTTPAdapter
    """
    return textwrap.dedent(head).lstrip() + textwrap.dedent(body)


def _session(method: str) -> str:
    """A subclass of Session with one method of its own, and a request by it."""
    run = """
        def run(url):
            with Own() as session:
                return session.get(url).json()
    """
    own = "class Own(requests.Session):\n" + textwrap.indent(textwrap.dedent(method), "    ")
    return _module("\n\n" + own + textwrap.dedent(run))


def _adapter(send: str) -> str:
    """An adapter with a `send` of its own, and a request by a session that has it."""
    run = """
        def run(url):
            with requests.Session() as session:
                session.mount("http://", Own())
                return session.get(url).json()
    """
    own = "class Own(HTTPAdapter):\n" + textwrap.indent(textwrap.dedent(send), "    ")
    return _module("\n\n" + own + textwrap.dedent(run))


HOLDS = {
    "request with setdefault": _session(
        """
        def request(self, *args, **kwargs):
            kwargs.setdefault("timeout", 1)
            return super().request(*args, **kwargs)
        """
    ),
    "request with a default": _session(
        """
        def request(self, *args, timeout=1, **kwargs):
            return super().request(*args, timeout=timeout, **kwargs)
        """
    ),
    "get with setdefault": _session(
        """
        def get(self, url, **kwargs):
            kwargs.setdefault("timeout", 1)
            return super().get(url, **kwargs)
        """
    ),
    "settings of the environment": _session(
        """
        def merge_environment_settings(self, *args):
            settings = super().merge_environment_settings(*args)
            settings["timeout"] = 1
            return settings
        """
    ),
    "partial in the constructor": _session(
        """
        def __init__(self):
            super().__init__()
            self.request = functools.partial(self.request, timeout=1)
        """
    ),
    "adapter that looks for None": _adapter(
        """
        def send(self, request, **kwargs):
            if kwargs.get("timeout") is None:
                kwargs["timeout"] = 1
            return super().send(request, **kwargs)
        """
    ),
}
HOLDS_NOT = {
    "send with setdefault": _session(
        """
        def send(self, request, **kwargs):
            kwargs.setdefault("timeout", 1)
            return super().send(request, **kwargs)
        """
    ),
    "an attribute": _session(
        """
        def __init__(self):
            super().__init__()
            self.timeout = 1
        """
    ),
    "adapter with setdefault": _adapter(
        """
        def send(self, request, **kwargs):
            kwargs.setdefault("timeout", 1)
            return super().send(request, **kwargs)
        """
    ),
    "adapter with get and a default": _adapter(
        """
        def send(self, request, **kwargs):
            kwargs["timeout"] = kwargs.get("timeout", 1)
            return super().send(request, **kwargs)
        """
    ),
    "adapter with a default": _adapter(
        """
        def send(self, request, stream=False, timeout=1, **kwargs):
            return super().send(request, stream=stream, timeout=timeout, **kwargs)
        """
    ),
}


@pytest.fixture(scope="module")
def ended() -> dict[str, BaseException | None]:
    """How each request had ended, if it had, when the guard's time was over."""
    with HttpServer() as server:
        trials = {
            name: Trial(text, server.silent_url(name)).start()
            for name, text in (HOLDS | HOLDS_NOT).items()
        }
        wait_until(lambda: all(server.heard(server.silent_url(name)) for name in trials))
        guard_ends = time.monotonic() + GUARD
        for name in HOLDS:
            trials[name].join()
        time.sleep(max(0.0, guard_ends - time.monotonic()))
        found = {name: trial.error for name, trial in trials.items() if not trial.waiting}
        server.release()
        for trial in trials.values():
            trial.join()
    return found


@pytest.mark.parametrize("name", HOLDS)
def test_bounds_that_hold(name: str, ended: dict[str, BaseException | None]) -> None:
    assert isinstance(ended[name], ReadTimeout)
    assert not check_text(HOLDS[name], families=("QW103",))


@pytest.mark.parametrize("name", HOLDS_NOT)
def test_bounds_that_hold_not(name: str, ended: dict[str, BaseException | None]) -> None:
    assert name not in ended
    (finding,) = check_text(HOLDS_NOT[name], families=("QW103",))
    # Somebody meant a limit, and knows which: it is said, and edited only when asked for.
    assert finding.evidence.level == "likely"
