"""A threaded HTTP server on the loopback interface whose every handler ends with the server."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LONGEST_READ = 30.0  # seconds a handler may wait for the rest of a request


@dataclass(frozen=True)
class Request:
    """One HTTP request as the client sent it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """What to send back; without a status the connection is closed with no answer at all."""

    status: int | None = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class LoopbackServer:
    """Serves `answer` on an ephemeral port of 127.0.0.1 while used as a context manager.

    `released` is set first of all when the server closes, so a handler that holds an answer back
    waits for that event, never longer.
    """

    def __init__(self) -> None:
        self.released = threading.Event()
        self.failures: list[BaseException] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> Response:
        raise NotImplementedError

    def release(self) -> None:
        """Let every handler that waits go on, now and from now on."""
        self.released.set()

    def __enter__(self) -> LoopbackServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()  # joins the handlers
        if self.failures and error is None:
            raise self.failures[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    # Dozens of clients connect at once, and a full backlog costs each of them a second.
    request_queue_size = 256
    owner: LoopbackServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        # A client that gave up has closed its end, as many of the tests want it to.
        if error is not None and not isinstance(error, ConnectionError):
            self.owner.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    # HTTP/1.0 closes the connection after each answer: no handler idles on a kept-alive one.
    protocol_version = "HTTP/1.0"
    timeout = LONGEST_READ
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        response = self.server.owner.answer(
            Request(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )
        )
        if response.status is None:
            return
        body = json.dumps(response.body).encode()
        self.send_response(response.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: pytest's output is for the tests."""
