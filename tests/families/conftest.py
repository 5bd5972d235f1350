"""Runs of the tool on the sample project, which the tests of several families look at."""

from __future__ import annotations

import pytest

from .pipeline import Runs


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))
