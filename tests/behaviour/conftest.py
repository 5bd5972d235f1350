"""Fixtures for tests that run code before and after a rewrite against servers on the loopback."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

from .bigquery_server import BigQueryServer


@pytest.fixture(scope="session", autouse=True)
def no_proxy() -> Iterator[None]:
    """Keep requests to the loopback out of a proxy that the environment may name."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1")
        yield


@pytest.fixture(scope="module", autouse=True)
def no_leftovers() -> Iterator[None]:
    """Free what libraries leave in the cycles of their exceptions, where no test is blamed for it.

    A connection that a server cut is a socket that nobody closed: on Python 3.10 one was collected
    in the middle of another module's test.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def bigquery() -> Iterator[BigQueryServer]:
    with BigQueryServer() as server:
        yield server
