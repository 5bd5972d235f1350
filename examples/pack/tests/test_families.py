"""The proofs of qw-codemod's test kit, over the families of this pack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qw_codemod.testkit import apply_to_files
from qw_codemod.testkit.proofs import (
    APP_PROOFS,
    PROOFS,
    App,
    Family,
    Snapshot,
    apps,
    families,
    matches_snapshots,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("family", families(FIXTURES), ids=lambda family: family.name)
def test_family(family: Family, proof: Callable[[Family], None]) -> None:
    proof(family)


@pytest.mark.parametrize("family", families(FIXTURES), ids=lambda family: family.name)
def test_snapshots(family: Family, snapshot: Snapshot) -> None:
    matches_snapshots(family, snapshot)


@pytest.mark.parametrize("proof", APP_PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("app", apps(FIXTURES), ids=lambda app: app.name)
def test_app(app: App, proof: Callable[[App], None]) -> None:
    proof(app)


def test_the_constant_follows_the_service() -> None:
    (app,) = apps(FIXTURES)
    project = {path: text.decode() for path, text in app.files.items()}
    after = apply_to_files(project, ["scale"])
    assert '"10"  # expect' in after["service.yaml"]
    assert after["limits.py"] == project["limits.py"].replace("SCALE = 100", "SCALE = 10")
