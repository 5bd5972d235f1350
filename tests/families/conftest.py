"""Runs of the tool on the sample project, which the tests of several families look at."""

from __future__ import annotations

import importlib

import pytest

from .pipeline import Runs


@pytest.fixture(autouse=True)
def sentry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some tests of handlers are about programs that start Sentry."""
    if request.path.stem in ("test_excepts_caught", "test_excepts_loggers"):
        plan = importlib.import_module("qw_codemod.checks.excepts.plan")
        monkeypatch.setattr(plan, "reaches_sentry", lambda source, infer: True)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))
