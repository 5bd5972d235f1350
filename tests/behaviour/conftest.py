"""Fixtures for tests that run code before and after a rewrite against servers on the loopback."""

from __future__ import annotations

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


@pytest.fixture(scope="module")
def bigquery() -> Iterator[BigQueryServer]:
    with BigQueryServer() as server:
        yield server
