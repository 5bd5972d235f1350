"""Takes the events that the real Sentry SDK sends to a DSN on the loopback interface."""

from __future__ import annotations

import gzip
import json
from typing import Any

from .loopback import LoopbackServer, Request, Response


class SentryServer(LoopbackServer):
    """Keeps the events of each envelope; sessions and client reports are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    @property
    def dsn(self) -> str:
        """What `sentry_sdk.init` is given."""
        return self.url.replace("http://", "http://public@") + "/1"

    def answer(self, request: Request) -> Response:
        body = request.body
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        _, *items = body.split(b"\n")
        for header, payload in zip(items[::2], items[1::2], strict=False):
            if json.loads(header)["type"] == "event":
                self.events.append(json.loads(payload))
        return Response(body={"id": "0" * 32})
