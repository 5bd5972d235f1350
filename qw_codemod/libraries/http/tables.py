"""Facts about requests, urllib, httpx and aiohttp: what sends a request, and what bounds it.

Read from and run with requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5 and Python 3.11's urllib; of
the other sessions the signatures alone were read (requests-toolbelt, requests-oauthlib,
requests-cache, cloudscraper, authlib, google-auth).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from qw_codemod.infer.models import Model

SESSION = "requests.Session"
ADAPTER = "requests.adapters.HTTPAdapter"
OPENER = "urllib.request.OpenerDirector"
CLIENT = "httpx.Client"
ASYNC_CLIENT = "httpx.AsyncClient"
CLIENT_SESSION = "aiohttp.ClientSession"

# What each verb's function is called, in all of requests, httpx and aiohttp.
VERBS = {
    "get": "GET",
    "head": "HEAD",
    "options": "OPTIONS",
    "put": "PUT",
    "delete": "DELETE",
    "post": "POST",
    "patch": "PATCH",
}
# Sending one of these twice leaves the server as sending it once does. [RFC 9110, 9.2.2]
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
# These change nothing at all. [RFC 9110, 9.2.1]
READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class Sender:
    """A function or method that sends one request.

    `verb` is the HTTP method, empty where an argument says it: the one at `verb_at` (the receiver
    is not counted, as in all positions here). `limit_at` is where a positional timeout stands, None
    if it goes by keyword alone, and `takes_limit` whether there is one. `default` is what the call
    waits at most without it, in seconds; None: for ever. `is_later`: it gives a future at once, and
    what fails does so when that is asked for its result.
    """

    library: str
    verb: str = ""
    verb_at: int | None = None
    url_at: int | None = 0
    limit_at: int | None = None
    takes_limit: bool = True
    default: float | None = None
    is_async: bool = False
    is_later: bool = False


def _verbs(kind: Sender) -> dict[str, Sender]:
    return {name: replace(kind, verb=verb) for name, verb in VERBS.items()}


def _with_request(kind: Sender) -> dict[str, Sender]:
    return {**_verbs(kind), "request": replace(kind, verb_at=0, url_at=1)}


_REQUESTS = Sender("requests")
_URLLIB = Sender("urllib", limit_at=2)
_HTTPX = Sender("httpx", default=5)
_HTTPX_ASYNC = replace(_HTTPX, is_async=True)
_AIOHTTP = Sender("aiohttp", default=300, is_async=True)

_ON_SESSION = {
    **_verbs(_REQUESTS),
    "request": Sender("requests", verb_at=0, url_at=1, limit_at=8),
    "send": Sender("requests", url_at=None),  # a prepared request; `timeout` by keyword
}


def _on_client(kind: Sender) -> dict[str, Sender]:
    return {
        **_with_request(kind),
        "stream": replace(kind, verb_at=0, url_at=1),
        "send": replace(kind, url_at=None, takes_limit=False),  # the request brings its own
    }


# Subclasses of requests.Session that pass `timeout=` on and set none themselves.
SESSIONS = frozenset(
    {
        SESSION,
        "requests_toolbelt.sessions.BaseUrlSession",
        "requests_oauthlib.OAuth1Session",
        "requests_oauthlib.OAuth2Session",
        "requests_cache.CachedSession",
        "cloudscraper.CloudScraper",
        "authlib.integrations.requests_client.OAuth1Session",
        "authlib.integrations.requests_client.OAuth2Session",
    }
)
# An argument of a session's constructor that bounds its requests. [src: authlib]
CONSTRUCTOR_LIMITS = frozenset({"default_timeout"})
# One that waits 120 s at most by default.
AUTHORIZED_SESSION = "google.auth.transport.requests.AuthorizedSession"
# One that sends its requests in threads. [src: requests-futures 1.1]
FUTURES_SESSION = "requests_futures.sessions.FuturesSession"
SESSION_LIKE = SESSIONS | {AUTHORIZED_SESSION, FUTURES_SESSION}

SENDERS: dict[str, Sender] = {
    **{f"requests.{name}": sender for name, sender in _with_request(_REQUESTS).items()},
    "urllib.request.urlopen": _URLLIB,
    **{f"httpx.{name}": sender for name, sender in _on_client(_HTTPX).items() if name != "send"},
    "aiohttp.request": replace(_AIOHTTP, verb_at=0, url_at=1),
}
SENDING_METHODS: dict[str, dict[str, Sender]] = {
    **dict.fromkeys(sorted(SESSIONS), _ON_SESSION),
    AUTHORIZED_SESSION: {
        name: replace(sender, default=120) if name != "send" else sender
        for name, sender in _ON_SESSION.items()
    },
    FUTURES_SESSION: {
        name: replace(sender, is_later=name != "send") for name, sender in _ON_SESSION.items()
    },
    OPENER: {"open": _URLLIB},
    CLIENT: _on_client(_HTTPX),
    ASYNC_CLIENT: _on_client(_HTTPX_ASYNC),
    CLIENT_SESSION: _with_request(_AIOHTTP),
}


# What requests.Session's methods take. [run: inspect.signature]
SESSION_KEYWORDS = frozenset(
    "method url params data json headers cookies files auth timeout allow_redirects proxies hooks "
    "stream verify cert request".split()
)
_RESPONSES = {
    "requests": "requests.Response",
    "urllib": "http.client.HTTPResponse",
    "httpx": "httpx.Response",
    "aiohttp": "context[aiohttp.ClientResponse]",
}


def _result(sender: Sender, name: str) -> str:
    response = _RESPONSES[sender.library]
    if sender.is_later:
        return "concurrent.futures.Future"
    if sender.library != "httpx":
        return response
    if name.endswith("stream"):
        return f"context[{response}]"
    return f"awaitable[{response}]" if sender.is_async else response


# What calls give, in the notation of `infer.models`.
FUNCTIONS: dict[str, str] = {
    **{name: _result(sender, name) for name, sender in SENDERS.items()},
    "requests.session": SESSION,
    "urllib.request.build_opener": OPENER,
    "cloudscraper.create_scraper": "cloudscraper.CloudScraper",
    "cloudscraper.CloudScraper.create_scraper": "cloudscraper.CloudScraper",
}
METHODS: dict[str, dict[str, str]] = {
    cls: {
        **{name: _result(sender, name) for name, sender in methods.items()},
        "__enter__": "self",
        "__aenter__": "self",
    }
    for cls, methods in SENDING_METHODS.items()
}


def _aliases() -> dict[str, str]:
    found = {
        "requests.sessions.Session": SESSION,
        "requests.sessions.session": "requests.session",
        "requests.models.Response": "requests.Response",
        "requests.adapters.BaseAdapter": ADAPTER,
        "requests_toolbelt.BaseUrlSession": "requests_toolbelt.sessions.BaseUrlSession",
        "requests_cache.session.CachedSession": "requests_cache.CachedSession",
        "httpx.AsyncHTTPTransport": "httpx.HTTPTransport",
        "aiohttp.client.ClientSession": CLIENT_SESSION,
        "aiohttp.client.ClientTimeout": "aiohttp.ClientTimeout",
        "aiohttp.client.request": "aiohttp.request",
        "urllib2.urlopen": "urllib.request.urlopen",
        "urllib2.build_opener": "urllib.request.build_opener",
        "six.moves.urllib.request.urlopen": "urllib.request.urlopen",
        "six.moves.urllib.request.build_opener": "urllib.request.build_opener",
    }
    for version in ("1", "2"):
        name = f"OAuth{version}Session"
        module = f"requests_oauthlib.oauth{version}_session"
        found[f"{module}.{name}"] = f"requests_oauthlib.{name}"
    for name in (*VERBS, "request"):
        found[f"requests.api.{name}"] = f"requests.{name}"
    for name in ("Client", "AsyncClient"):
        found[f"httpx._client.{name}"] = f"httpx.{name}"
    found["httpx._config.Timeout"] = "httpx.Timeout"
    return found


ALIASES = _aliases()


def canonical(name: str) -> str:
    """The name under which the tables know a class or function."""
    return ALIASES.get(name, name)


MODEL = Model(aliases=ALIASES, functions=FUNCTIONS, methods=METHODS)
