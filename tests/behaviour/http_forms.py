"""The ways to send an HTTP request without a bound, each with the text it is to be rewritten to."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class HttpForm:
    """A module with `run(url)` that asks for the answer of a server, without and with a bound."""

    name: str
    before: str
    after: str
    raises: str
    """What the bound raises: a qualified name, for the library is imported when it is tried."""


def form(name: str, before: str, *bound: tuple[str, str], raises: str) -> HttpForm:
    """A form whose bounded text is the same but for the given replacements."""
    before = after = textwrap.dedent(before).lstrip("\n")
    for old, new in bound:
        assert after.count(old) == 1, (name, old)
        after = after.replace(old, new)
    return HttpForm(name, before, after, raises)


REQUESTS = "requests.exceptions.ReadTimeout"
URLLIB = "socket.timeout"
HTTPX = "httpx.ReadTimeout"
AIOHTTP = "asyncio.exceptions.TimeoutError"

HTTP_FORMS = [
    form(
        "requests get",
        """
        import requests


        def run(url: str):
            return requests.get(url).json()
        """,
        ("requests.get(url)", "requests.get(url, timeout=1)"),
        raises=REQUESTS,
    ),
    form(
        "requests post",
        """
        import requests


        def run(url: str):
            response = requests.post(
                url,
                json={"season": 2024},
            )
            return response.json()
        """,
        ("2024},\n", "2024},\n        timeout=1,\n"),
        raises=REQUESTS,
    ),
    form(
        "requests request",
        """
        import requests


        def run(url: str):
            return requests.request("GET", url).json()
        """,
        ('("GET", url)', '("GET", url, timeout=1)'),
        raises=REQUESTS,
    ),
    form(
        "requests in columns",
        """
        # fmt: off
        import requests


        def run(url: str):
            answer  = requests.get(url,            headers={"Accept": "application/json"})
            return    answer.json()
        """,
        ('json"})', 'json"}, timeout=1)'),
        raises=REQUESTS,
    ),
    form(
        "requests under an alias",
        """
        import requests as rq


        def run(url: str):
            return rq.get(url, headers={"Accept": "application/json"}).json()
        """,
        ('json"})', 'json"}, timeout=1)'),
        raises=REQUESTS,
    ),
    form(
        "requests from-import",
        """
        from requests import get


        def run(url: str):
            return get(url).json()
        """,
        ("get(url)", "get(url, timeout=1)"),
        raises=REQUESTS,
    ),
    form(
        "requests Session",
        """
        import requests


        def run(url: str):
            with requests.Session() as session:
                return session.get(url).json()
        """,
        ("session.get(url)", "session.get(url, timeout=1)"),
        raises=REQUESTS,
    ),
    form(
        "requests Session on self",
        """
        import requests


        class Feed:
            def __init__(self, url: str):
                self.url = url
                self.session = requests.Session()

            def fetch(self):
                with self.session:
                    return self.session.get(self.url).json()


        def run(url: str):
            return Feed(url).fetch()
        """,
        ("session.get(self.url)", "session.get(self.url, timeout=1)"),
        raises=REQUESTS,
    ),
    form(
        "urlopen",
        """
        import json
        import urllib.request


        def run(url: str):
            with urllib.request.urlopen(url) as response:
                return json.load(response)
        """,
        ("urlopen(url)", "urlopen(url, timeout=1)"),
        raises=URLLIB,
    ),
    form(
        "urlopen of a Request",
        """
        import json
        from urllib.request import Request, urlopen


        def run(url: str):
            request = Request(url, headers={"Accept": "application/json"})
            with urlopen(request, b"{}") as response:
                return json.load(response)
        """,
        ('b"{}")', 'b"{}", timeout=1)'),
        raises=URLLIB,
    ),
    form(
        "httpx get",
        """
        import httpx


        def run(url: str):
            return httpx.get(url, timeout=None).json()
        """,
        ("timeout=None", "timeout=1"),
        raises=HTTPX,
    ),
    form(
        "httpx Client",
        """
        import httpx


        def run(url: str):
            with httpx.Client(timeout=None) as client:
                return client.get(url).json()
        """,
        ("timeout=None", "timeout=1"),
        raises=HTTPX,
    ),
    form(
        "httpx request of a Client",
        """
        import httpx


        def run(url: str):
            with httpx.Client() as client:
                return client.get(url, timeout=None).json()
        """,
        ("timeout=None", "timeout=1"),
        raises=HTTPX,
    ),
    form(
        "httpx AsyncClient",
        """
        import asyncio

        import httpx


        async def fetch(url: str):
            async with httpx.AsyncClient(timeout=None) as client:
                response = await client.get(url)
                return response.json()


        def run(url: str):
            return asyncio.run(fetch(url))
        """,
        ("timeout=None", "timeout=1"),
        raises=HTTPX,
    ),
    form(
        "aiohttp request",
        """
        import asyncio

        import aiohttp


        async def fetch(url: str):
            async with aiohttp.ClientSession() as session:
                async with session.get(url, timeout=None) as response:
                    return await response.json()


        def run(url: str):
            return asyncio.run(fetch(url))
        """,
        ("timeout=None", "timeout=aiohttp.ClientTimeout(total=1)"),
        raises=AIOHTTP,
    ),
    form(
        "aiohttp ClientTimeout",
        """
        import asyncio

        import aiohttp


        async def fetch(url: str):
            timeout = aiohttp.ClientTimeout(total=None)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                async with session.get(url) as response:
                    return await response.json()


        def run(url: str):
            return asyncio.run(fetch(url))
        """,
        ("total=None", "total=1"),
        raises=AIOHTTP,
    ),
]

BOUNDED = [
    form(
        "Session subclass",
        """
        import requests


        class BoundedSession(requests.Session):
            def request(self, method, url, **kwargs):
                kwargs.setdefault("timeout", 1)
                return super().request(method, url, **kwargs)


        def run(url: str):
            with BoundedSession() as session:
                return session.get(url).json()
        """,
        raises=REQUESTS,
    ),
    form(
        "HTTPAdapter subclass",
        """
        import requests
        from requests.adapters import HTTPAdapter


        class BoundedAdapter(HTTPAdapter):
            def send(self, request, **kwargs):
                kwargs["timeout"] = kwargs.get("timeout") or 1
                return super().send(request, **kwargs)


        def run(url: str):
            with requests.Session() as session:
                session.mount("http://", BoundedAdapter())
                return session.get(url).json()
        """,
        raises=REQUESTS,
    ),
    form(
        "wait_for around it",
        """
        import asyncio

        import httpx


        async def fetch(url: str):
            async with httpx.AsyncClient(timeout=None) as client:
                answer = await asyncio.wait_for(client.get(url), 1)
                return answer.json()


        def run(url: str):
            return asyncio.run(fetch(url))
        """,
        raises=AIOHTTP,
    ),
    form(
        "positional timeout of Session.request",
        """
        import requests


        def run(url: str):
            with requests.Session() as session:
                return session.request("GET", url, None, None, None, None, None, None, 1).json()
        """,
        raises=REQUESTS,
    ),
    form(
        "positional timeout of urlopen",
        """
        import json
        from urllib.request import urlopen


        def run(url: str):
            with urlopen(url, None, 1) as response:
                return json.load(response)
        """,
        raises=URLLIB,
    ),
]

if sys.version_info >= (3, 11):
    BOUNDED.append(
        form(
            "asyncio.timeout around it",
            """
            import asyncio

            import aiohttp


            async def fetch(url: str):
                async with asyncio.timeout(1):
                    timeout = aiohttp.ClientTimeout(total=None)
                    async with aiohttp.ClientSession(timeout=timeout) as session:
                        async with session.get(url) as answer:
                            return await answer.json()


            def run(url: str):
                return asyncio.run(fetch(url))
            """,
            raises=AIOHTTP,
        )
    )
