"""Runs source code in a thread and tells what became of it: waiting, raised, returned."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

LONGEST_JOIN = 60.0
"""Seconds that a thread which ought to end may take; far more than it needs on a busy machine."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what ought to come true soon; the test that needs it says so where it does not."""
    latest = time.monotonic() + LONGEST_JOIN
    while not condition() and time.monotonic() < latest:
        time.sleep(0.02)


class Trial:
    """One run of a source text's `run(argument)`, in a thread of its own."""

    def __init__(self, source: str, argument: Any) -> None:
        self._run = function(source)
        self._argument = argument
        # A daemon, so that a trial which cannot be ended fails its test and not the whole session.
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.value: Any = None
        self.error: BaseException | None = None
        self.seconds = 0.0

    def start(self) -> Trial:
        self._thread.start()
        return self

    @property
    def waiting(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> Trial:
        self._thread.join(LONGEST_JOIN)
        assert not self.waiting, f"still running after {LONGEST_JOIN} seconds"
        return self

    def result(self) -> Any:
        """What the code returned, in plain values; raises what it raised."""
        self.join()
        if self.error is not None:
            raise self.error
        return self.value

    def _work(self) -> None:
        started = time.monotonic()
        try:
            # Rows are downloaded lazily: turning them into values belongs to the trial.
            self.value = plain(self._run(self._argument))
        except Exception as error:
            self.error = error
        self.seconds = time.monotonic() - started


def function(source: str) -> Callable[[Any], Any]:
    namespace: dict[str, Any] = {"__name__": "form"}
    exec(compile(source, "<form>", "exec"), namespace)
    return namespace["run"]


def plain(value: Any) -> Any:
    """A value that compares by content, whatever container the library gave."""
    name = type(value).__name__
    if name == "DataFrame":
        # A missing integer is a pandas.NA, which is not even equal to itself.
        cells = value.astype(object).where(value.notna(), None)
        return list(cells.itertuples(index=False, name=None))
    if name == "Table":
        return [tuple(row.values()) for row in value.to_pylist()]
    if name == "Row":
        return tuple(value)
    if isinstance(value, (str, bytes, dict, int, float, type(None))):
        return value
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return value
