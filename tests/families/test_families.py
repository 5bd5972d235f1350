"""Every family's fixtures, through the kit that other people's packs use too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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

FIXTURES = Path(__file__).parents[2] / "fixtures"
FAMILIES = families(FIXTURES)
APPS = apps(FIXTURES)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_family(family: Family, proof: Callable[[Family], None]) -> None:
    proof(family)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_snapshots(family: Family, snapshot: Snapshot) -> None:
    matches_snapshots(family, snapshot)


@pytest.mark.parametrize("proof", APP_PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_app(app: App, proof: Callable[[App], None]) -> None:
    proof(app)


def test_every_family_has_fixtures() -> None:
    installed = {family for each in FAMILIES for family in each.pack.families}
    assert {family.name for family in FAMILIES} == installed
