"""`num_retries=3` of google-api-python-client, against a server that answers by a script."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from qw_codemod.testkit import apply_to_files

from .trial import function

discovery = pytest.importorskip("googleapiclient.discovery")
http = pytest.importorskip("googleapiclient.http")
errors = pytest.importorskip("googleapiclient.errors")

SOURCE = """\
import httplib2
from googleapiclient.discovery import build_from_document

def run(document):
    service = build_from_document(document, http=httplib2.Http(timeout=10))
    try:
        return service.things().list().execute()
    finally:
        service.close()
"""


class _Server(ThreadingHTTPServer):
    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.asked = 0


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.time, "sleep", lambda seconds: None)


def asked(source: str, status: int) -> int:
    """How often a source text's `run(document)` sends its request to a server that refuses it."""
    server = _Server(status)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    root = f"http://127.0.0.1:{server.server_port}/"
    method = {"id": "things.list", "path": "things", "httpMethod": "GET", "parameters": {}}
    document = {
        "name": "things",
        "version": "v1",
        "rootUrl": root,
        "servicePath": "",
        "resources": {"things": {"methods": {"list": method}}},
    }
    try:
        with pytest.raises(errors.HttpError):
            function(source)(document)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return server.asked


@pytest.fixture(scope="module")
def rewritten() -> str:
    after = apply_to_files({"things.py": SOURCE}, ("retries",), {})["things.py"]
    assert "execute(num_retries=3)" in after
    return after


@pytest.mark.parametrize(("status", "times"), [(503, 4), (429, 4), (404, 1), (408, 1)])
def test_execute_asks_again(rewritten: str, status: int, times: int) -> None:
    assert asked(SOURCE, status) == 1
    assert asked(rewritten, status) == times
