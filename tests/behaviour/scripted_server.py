"""An HTTP server that answers by a script: a status, a status with headers, or a hang-up."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .loopback import LoopbackServer, Request, Response


@dataclass(frozen=True)
class Step:
    """One answer; no status: the connection is closed without one."""

    status: int | None = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0  # seconds


class ScriptedServer(LoopbackServer):
    """Answers under each path by the script for it, its last step for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._scripts: dict[str, Sequence[Step]] = {}
        self.requests: dict[str, list[tuple[str, float]]] = defaultdict(list)

    def script(self, name: str, *steps: Step) -> str:
        """The URL that answers so from now on."""
        path = f"/{name}"
        self._scripts[path] = steps
        self.requests[path].clear()
        return self.url + path

    def seen(self, url: str) -> list[tuple[str, float]]:
        """The method and the time of each request so far."""
        return self.requests[url.removeprefix(self.url)]

    def answer(self, request: Request) -> Response:
        taken = self.requests[request.path]
        steps = self._scripts[request.path]
        step = steps[min(len(taken), len(steps) - 1)]
        taken.append((request.method, time.monotonic()))
        self.released.wait(step.after)
        body: Any = {"number": len(taken)}
        return Response(step.status, body, step.headers)
