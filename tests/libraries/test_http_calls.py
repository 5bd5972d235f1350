"""HTTP calls: which are found, what arguments and overrides say."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest
from qw_codemod.checks.timeouts.http_limits import OpenLimit, open_limits

from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.arguments import FUNCTIONS, effect, is_url, said
from qw_codemod.libraries.http.calls import HttpCall, HttpCalls
from qw_codemod.libraries.http.statements import (
    HasTimeout,
    IgnoredAttribute,
    SocketDefault,
    TakesNone,
)
from qw_codemod.libraries.models import MODELS


def test_every_sender_has_a_result() -> None:
    assert http.SENDERS.keys() <= http.FUNCTIONS.keys()
    for cls, methods in http.SENDING_METHODS.items():
        assert methods.keys() <= http.METHODS[cls].keys()


# What functions that send on do


def function(text: str) -> ast.FunctionDef:
    node = ast.parse(textwrap.dedent(text)).body[0]
    assert isinstance(node, FUNCTIONS)
    assert isinstance(node, ast.FunctionDef)
    return node


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "def f(s, *a, **k):\n k.setdefault('timeout', 5)\n return super().send(*a, **k)",
            "default",
        ),
        ("def f(s, *a, **k):\n k['timeout'] = 5\n return super().send(*a, **k)", "set"),
        (
            "def f(s, *a, **k):\n k['timeout'] = k.get('timeout') or 5\n return super().send(**k)",
            "set",
        ),
        (
            "def f(s, *a, **k):\n k['timeout'] = k.get('timeout', 5)\n return super().send(**k)",
            "default",
        ),
        (
            "def f(s, *a, **k):\n return super().send(*a, timeout=k.pop('timeout', 5), **k)",
            "default",
        ),
        (
            "def f(s, *a, **k):\n return super().send(*a, timeout=k.pop('timeout', None), **k)",
            "open",
        ),
        ("def f(s, *a, **k):\n return super().send(*a, **{'timeout': 5, **k})", "default"),
        ("def f(s, *a, **k):\n return super().send(*a, **k)", "open"),
        (
            "def f(s, *a, timeout=5, **k):\n return super().send(*a, timeout=timeout, **k)",
            "default",
        ),
        (
            "def f(s, *a, timeout=None, **k):\n return super().send(*a, timeout=timeout, **k)",
            "open",
        ),
        (
            "def f(s, *a, timeout=None, **k):\n"
            " if timeout is None:\n  timeout = self.t\n"
            " return super().send(*a, timeout=timeout, **k)",
            "set",
        ),
        (
            "def f(s, *a, timeout=None):\n return super().send(*a, timeout=timeout or 5)",
            "set",
        ),
        ("def f(self, key):\n return self.rows[key]", "closed"),
        ("def f(self, method, path):\n return super().send(method, path, timeout=5)", "set"),
        ("def f(self, method, path):\n return super().send(method, path)", "closed"),
        ("def f(s, *a, **k):\n return s._call(*a, **k)", "away"),
        ("def f(s, *a, timeout=None):\n return s._call(*a, timeout=timeout)", "away"),
        ("def f(s, *a, **k):\n log(**k)\n return self.request(*a, **k)", "open"),
        ("def f(self, url, **k):\n return super().send(url)", "closed"),
    ],
)
def test_effect(text: str, expected: str) -> None:
    assert effect(function(text)) == expected


# What a call says


def call_in(text: str) -> tuple[SourceFile, ast.Call]:
    source = SourceFile("example.py", textwrap.dedent(text).encode())
    return source, list(source.nodes(ast.Call))[-1]


@pytest.mark.parametrize(
    ("text", "sender", "given", "never", "hidden"),
    [
        ("f(u)", "requests.get", "", False, False),
        ("f(u, timeout=5)", "requests.get", "5", False, False),
        ("f(u, timeout=None)", "requests.get", "None", True, False),
        ("f(u, timeout=(5, None))", "requests.get", "(5, None)", True, False),
        ("f(u, timeout=(None, 5))", "requests.get", "(None, 5)", False, False),
        ("f(u, timeout=T)", "requests.get", "T", False, False),
        ("f(u, d, 5)", "urllib.request.urlopen", "5", False, False),
        ("f(u, d, None)", "urllib.request.urlopen", "None", True, False),
        ("f(u, d, 5)", "requests.post", "", False, False),
        ("f(*a)", "urllib.request.urlopen", "", False, True),
        ("f(u, **k)", "requests.get", "", False, True),
        ("f(u, **{'timeout': 5})", "requests.get", "", False, True),
        ("f(u, **{'verify': False})", "requests.get", "", False, False),
        ("f(u, timeout=0)", "aiohttp.request", "0", True, False),
        ("f(u, timeout=0)", "requests.get", "0", False, False),
        ("k = {'verify': False}\nf(u, **k)", "requests.get", "", False, False),
        ("k = {'verify': False}\nk['timeout'] = 5\nf(u, **k)", "requests.get", "", False, True),
        ("k = {'verify': False}\nk[name] = 5\nf(u, **k)", "requests.get", "", False, True),
        ("k = {'verify': False}\nfill(k)\nf(u, **k)", "requests.get", "", False, True),
        ("k = dict(verify=False)\nf(u, **k)", "requests.get", "", False, False),
        ("k = {}\nk = other\nf(u, **k)", "requests.get", "", False, True),
    ],
)
def test_said(text: str, sender: str, given: str, never: bool, hidden: bool) -> None:
    source, call = call_in(text)
    found = said(source, call, http.SENDERS[sender])
    assert (source.text(found.node) if found.node else "") == given
    assert found.never == never
    assert bool(found.hidden) == hidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'https://example.com'", True),
        ("'/players'", True),
        ("'name'", False),
        ("f'{root}/players'", True),
        ("f'{self.base_url}players'", True),
        ("f'{name}.csv'", False),
        ("root + '/players'", True),
        ("feed_url", True),
        ("self.endpoint", True),
        ("row['url']", True),
        ("urljoin(root, path)", False),
        ("self.url_for(path)", True),
        ("'{}/players'.format(root)", True),
        ("key", False),
        ("curl_options", False),
    ],
)
def test_is_url(text: str, expected: bool) -> None:
    assert is_url(ast.parse(text, mode="eval").body) == expected


# What is found


def tree(folder: Path, **files: str) -> dict[str, tuple[SourceFile, Inference]]:
    paths = {name: str(folder / f"{name}.py") for name in files}
    for name, text in files.items():
        Path(paths[name]).write_text(textwrap.dedent(text))
    infer = Inference(str(folder), sorted(paths.values()), MODELS)
    return {
        name: (SourceFile(path, Path(path).read_bytes()), infer) for name, path in paths.items()
    }


def calls(folder: Path, text: str, bounded: bool = True) -> list[HttpCall]:
    source, infer = tree(folder, example=text)["example"]
    calls = HttpCalls(source, infer)
    return list(calls.all() if bounded else calls.perhaps_unbounded())


def limits(folder: Path, text: str) -> list[OpenLimit]:
    source, infer = tree(folder, example=text)["example"]
    return list(open_limits(source, infer))


def test_verbs(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        """
        import requests, urllib.request
        requests.get(url)
        requests.post(url)
        requests.request("put", url)
        requests.request(verb, url)
        requests.Session().delete(url)
        urllib.request.urlopen("https://example.com")
        urllib.request.urlopen(request)
        """,
    )
    assert [each.verb for each in found] == ["GET", "POST", "PUT", "", "DELETE", "GET", ""]
    assert [each.is_idempotent for each in found] == [True, False, True, False, True, True, False]


@pytest.mark.parametrize(
    ("given", "verb"),
    [
        ("Request(url)", "GET"),
        ("Request(url, headers={}, method='POST', data=body)", "POST"),
        ("Request(url, method='head')", "HEAD"),
        ("Request(url, json.dumps(body).encode())", "POST"),
        ("Request(url, data=None)", "GET"),
        ("Request(url, data=body)", ""),  # which may be None
        ("Request(url, method=verb)", ""),
        ("Request(url, **options)", ""),
        ("address", "GET"),
        ("url", "GET"),  # without data; a Request would be called otherwise
        ("given", ""),
    ],
)
def test_what_urlopen_sends(tmp_path: Path, given: str, verb: str) -> None:
    text = "import json\nfrom urllib.request import Request, urlopen\n\n\n"
    text += "def run(url, address, body, verb, options):\n    print(address.split('/'))\n"
    (found,) = calls(tmp_path, f"{text}    return urlopen({given})\n")
    assert found.verb == verb


def test_bounded_calls_are_found_when_asked_for(tmp_path: Path) -> None:
    text = "import requests\nrequests.get(url, timeout=5)\nrequests.get(url)\n"
    assert [each.bound for each in calls(tmp_path, text)] == [HasTimeout(), None]
    assert [each.node.lineno for each in calls(tmp_path, text, bounded=False)] == [3]


def test_libraries(tmp_path: Path) -> None:
    found = calls(
        tmp_path,
        """
        import aiohttp, httpx
        from urllib.request import build_opener

        async def f(client: httpx.AsyncClient, session: aiohttp.ClientSession, url):
            await client.get(url)
            await session.post(url, timeout=None)
            build_opener().open(url)
        """,
    )
    assert [(each.sender.library, each.sender.is_async, bool(each.bound)) for each in found] == [
        ("httpx", True, True),
        ("aiohttp", True, False),
        ("urllib", False, False),
    ]


def test_a_doubt_is_said(tmp_path: Path) -> None:
    (found,) = calls(
        tmp_path,
        """
        import requests
        session = requests.Session()
        session.timeout = 5
        session.get("https://example.com")
        """,
    )
    assert found.evidence.level == "likely"
    assert found.evidence.doubt == IgnoredAttribute()


def test_what_takes_no_timeout_says_so(tmp_path: Path) -> None:
    _, found = calls(
        tmp_path,
        """
        import requests

        class Api(requests.Session):
            def request(self, method, path):
                return super().send(method, "https://example.com" + path)

        Api().get("/players")
        """,
    )
    assert found.closed == TakesNone("Api", "request")


def test_the_receiver_of_a_dict_is_not_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`get` is everywhere: only where something speaks for HTTP is inference asked."""
    asked: list[str] = []
    holds = Inference.holds

    def noted(self: Inference, source: SourceFile, node: ast.expr) -> object:
        asked.append(source.text(node))
        return holds(self, source, node)

    monkeypatch.setattr(Inference, "holds", noted)
    calls(
        tmp_path,
        """
        import requests

        def f(rows, session, options):
            rows.get("name"), rows.get(key, 0), options.get(name), rows["a"].get("b")
            requests.get("https://example.com", timeout=3)
            session.get(name)
        """,
    )
    assert asked == ["requests", "session"]


def test_open_limits(tmp_path: Path) -> None:
    found = limits(
        tmp_path,
        """
        import aiohttp, httpx
        httpx.Timeout(None)
        httpx.Timeout(5, read=None)
        httpx.Timeout(None, read=5)
        httpx.Client(timeout=None)
        httpx.Client(timeout=None, transport=httpx.MockTransport(handler))
        aiohttp.ClientTimeout()
        aiohttp.ClientTimeout(total=None, sock_read=5)
        aiohttp.ClientSession(timeout=None)
        aiohttp.ClientTimeout(**options)
        """,
    )
    assert [(each.node.lineno, each.argument, each.position, each.given) for each in found] == [
        (3, "timeout", 0, True),
        (4, "read", -1, True),
        (6, "timeout", -1, True),
        (8, "total", -1, False),
    ]


def test_default_of_sockets(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        main="import socket, parts\nsocket.setdefaulttimeout(9)\nif __name__ == '__main__': pass\n",
        parts="import urllib.request, requests\nurllib.request.urlopen(u)\nrequests.get(u)\n",
    )
    of_urllib, of_requests = HttpCalls(*files["parts"]).all()
    assert of_urllib.bound == SocketDefault("main.py")
    assert of_requests.bound is None
    assert of_requests.evidence.level == "likely"
