"""The tables about HTTP libraries against the libraries themselves."""

from __future__ import annotations

import asyncio
import inspect
import urllib.request

import aiohttp
import httpx
import pytest
import requests
from aiohttp.client import DEFAULT_TIMEOUT
from requests.adapters import HTTPAdapter

from qw_codemod.libraries.http import tables as http

REAL = {
    "requests.Session": requests.Session,
    "urllib.request.OpenerDirector": urllib.request.OpenerDirector,
    "httpx.Client": httpx.Client,
    "httpx.AsyncClient": httpx.AsyncClient,
    "aiohttp.ClientSession": aiohttp.ClientSession,
}
MODULES = {
    "requests": requests,
    "urllib.request": urllib.request,
    "httpx": httpx,
    "aiohttp": aiohttp,
}
SENDERS = [
    *(
        pytest.param(getattr(cls, method), sender, 1, id=f"{name}.{method}")
        for name, cls in REAL.items()
        for method, sender in http.SENDING_METHODS[name].items()
    ),
    *(
        pytest.param(getattr(MODULES[module], function), sender, 0, id=name)
        for name, sender in http.SENDERS.items()
        for module, _, function in [name.rpartition(".")]
    ),
]


@pytest.mark.parametrize(("function", "sender", "receiver"), SENDERS)
def test_where_a_timeout_stands(function: object, sender: http.Sender, receiver: int) -> None:
    parameters = list(inspect.signature(function).parameters.values())  # type: ignore[arg-type]
    found = {each.name: (at - receiver, each.kind) for at, each in enumerate(parameters)}
    open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    at, kind = found.get("timeout", (None, None))
    if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
        # A function of httpx lists its options after a `*`; requests.Session.request has none.
        assert sender.limit_at == at
    else:
        assert sender.limit_at is None
    assert sender.takes_limit == (at is not None or open_ended)


@pytest.mark.parametrize(("function", "sender", "receiver"), SENDERS)
def test_where_the_address_and_the_verb_stand(
    function: object, sender: http.Sender, receiver: int
) -> None:
    names = list(inspect.signature(function).parameters)[receiver:]  # type: ignore[arg-type]
    if "url" in names and sender.url_at is not None:
        assert names.index("url") == sender.url_at
    assert (sender.verb_at is None) == ("method" not in names)
    if sender.verb_at is not None:
        assert names.index("method") == sender.verb_at


def test_default_of_httpx() -> None:
    assert httpx.Client().timeout == httpx.Timeout(http.SENDERS["httpx.get"].default)
    with pytest.raises(ValueError, match="must either include a default"):
        httpx.Timeout(connect=5)  # so a Timeout without its first argument says everything


def test_default_of_aiohttp() -> None:
    assert DEFAULT_TIMEOUT.total == http.SENDERS["aiohttp.request"].default
    nothing = aiohttp.ClientTimeout()
    assert (nothing.total, nothing.sock_read) == (None, None)


async def _timeout_of_session(**options: None) -> aiohttp.ClientTimeout:
    async with aiohttp.ClientSession(**options) as session:
        return session.timeout


def test_a_session_of_aiohttp_without_timeout_has_the_default() -> None:
    given = asyncio.run(_timeout_of_session(timeout=None))
    assert given == asyncio.run(_timeout_of_session())
    assert given.total == 300


def test_keywords_of_a_session() -> None:
    request = set(inspect.signature(requests.Session.request).parameters) - {"self"}
    assert request | {"request"} == http.SESSION_KEYWORDS


def test_a_session_hands_none_to_its_adapter() -> None:
    """Why a default in `send` is never used."""
    seen: dict[str, object] = {}

    class Recording(HTTPAdapter):
        def send(self, request: object, **kwargs: object) -> requests.Response:  # type: ignore[override]
            seen.update(kwargs)
            response = requests.Response()
            response.status_code = 204
            return response

    with requests.Session() as session:
        session.mount("https://", Recording())
        session.timeout = 5  # type: ignore[attr-defined]  # nothing reads it
        session.get("https://example.com")
    assert "timeout" in seen
    assert seen["timeout"] is None
