"""Runs of the tool on the sample project, which the tests of several families look at."""

from __future__ import annotations

import importlib

import pytest

from .pipeline import Runs


@pytest.fixture(autouse=True)
def sentry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of handlers are about programs that start Sentry; `test_units` is about the others."""
    if request.path.stem.startswith("test_excepts"):
        plan = importlib.import_module("qw_codemod.checks.excepts.plan")
        monkeypatch.setattr(plan, "reaches_sentry", lambda source, infer: True)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))
