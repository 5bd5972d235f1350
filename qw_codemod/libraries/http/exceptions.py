"""The exceptions of the HTTP libraries: what they are called, what they are, what they mean."""

from __future__ import annotations

# Names that stand for a class of another name.
SAME = {
    f"requests.{name}": f"requests.exceptions.{name}"
    for name in (
        "Timeout ReadTimeout ConnectTimeout ConnectionError HTTPError RequestException".split()
    )
}
BASES = {
    name: tuple(bases.split())
    for name, bases in {
        "requests.exceptions.RequestException": "OSError",
        "requests.exceptions.Timeout": "requests.exceptions.RequestException",
        "requests.exceptions.ConnectionError": "requests.exceptions.RequestException",
        "requests.exceptions.HTTPError": "requests.exceptions.RequestException",
        "requests.exceptions.ReadTimeout": "requests.exceptions.Timeout",
        "requests.exceptions.ConnectTimeout": (
            "requests.exceptions.Timeout requests.exceptions.ConnectionError"
        ),
        "urllib.error.URLError": "OSError",
        "urllib.error.HTTPError": "urllib.error.URLError",
        "httpx.HTTPError": "Exception",
        "httpx.RequestError": "httpx.HTTPError",
        "httpx.TransportError": "httpx.RequestError",
        "httpx.HTTPStatusError": "httpx.HTTPError",
        "httpx.NetworkError": "httpx.TransportError",
        "httpx.ConnectError": "httpx.NetworkError",
        "httpx.TimeoutException": "httpx.TransportError",
        "httpx.ConnectTimeout": "httpx.TimeoutException",
        "httpx.ReadTimeout": "httpx.TimeoutException",
        "httpx.WriteTimeout": "httpx.TimeoutException",
        "httpx.PoolTimeout": "httpx.TimeoutException",
        "aiohttp.ClientError": "Exception",
        "aiohttp.ClientConnectionError": "aiohttp.ClientError",
        "aiohttp.ClientResponseError": "aiohttp.ClientError",
        "aiohttp.ServerConnectionError": "aiohttp.ClientConnectionError",
        "aiohttp.ServerTimeoutError": "TimeoutError aiohttp.ServerConnectionError",
    }.items()
}
# By library: what a request raises when its time is over.
TIMED_OUT = {
    "requests": ("requests.exceptions.Timeout",),
    "urllib": ("socket.timeout",),
    "httpx": ("httpx.TimeoutException",),
    "aiohttp": ("asyncio.TimeoutError",),
}
# By library: what one raises where the server is out of reach.
OUT_OF_REACH = {
    "requests": ("requests.exceptions.ConnectionError",),
    "urllib": ("urllib.error.URLError",),
    "httpx": ("httpx.ConnectError",),
    "aiohttp": ("aiohttp.ClientConnectionError",),
}
# By library: what one raises for an answer that tells of a failure.
ANSWERED_BADLY = {
    "requests": ("requests.exceptions.HTTPError",),
    "urllib": ("urllib.error.HTTPError",),
    "httpx": ("httpx.HTTPStatusError",),
    "aiohttp": ("aiohttp.ClientResponseError",),
}
# By library: what one raises that may go well at the next try.
TRANSIENT = {
    "requests": ("requests.exceptions.ConnectionError", "requests.exceptions.ReadTimeout"),
    "urllib": ("urllib.error.URLError",),
    "httpx": ("httpx.ConnectTimeout",),
    "aiohttp": ("aiohttp.ClientConnectionError",),
}
# By library: what the policy that `init retries` writes tries again.
RETRIED = {
    "requests": (
        "requests.exceptions.ConnectionError",
        "requests.exceptions.Timeout",
        "requests.exceptions.ChunkedEncodingError",
        "requests.exceptions.ProxyError",
        "requests.exceptions.SSLError",
    ),
    "urllib": ("urllib.error.URLError",),
    "httpx": (
        "httpx.TransportError",
        "httpx.ConnectError",
        "httpx.ReadError",
        "httpx.RemoteProtocolError",
    ),
    "aiohttp": ("aiohttp.ClientConnectionError", "TimeoutError"),
}
RETRIED_STATUSES = frozenset({408, 429, *range(500, 600)})
