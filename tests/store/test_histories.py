"""Cold, warm and overlaid answers are equal, whatever happens to the files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from qw_codemod.rules import packs
from qw_codemod.store import reports
from tests.store.histories import WAYS, History, Step, steps
from tests.store.mutations import MUTATIONS

# More of them: QW_HISTORIES=200 in the environment, or `python -m benchmarks histories`.
SEEDS = range(int(os.environ.get("QW_HISTORIES", "16")))
RULES = packs.fingerprint(packs.load())  # the files of the rules are read once, and not each run


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own; files are relied on at once, for each write has a time of its own."""
    monkeypatch.setenv("QW_CODEMOD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(reports, "_SETTLED", -1e12)
    monkeypatch.setattr(packs, "fingerprint", lambda pack: RULES)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_ways_say_what_a_cold_run_says(seed: int, tmp_path: Path) -> None:
    assert not differences(tmp_path, steps(seed), *WAYS)


def differences(folder: Path, history: Iterable[Step], *ways: str) -> str:
    return "\n\n".join(map(str, History(folder, history, ways).differences()))


@pytest.mark.parametrize("fault", MUTATIONS)
def test_a_fault_in_the_tracing_is_noticed(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation = MUTATIONS[fault]
    assert not differences(tmp_path, mutation.steps(), "warm")
    mutation.plant(monkeypatch)
    monkeypatch.setenv("QW_CODEMOD_CACHE_DIR", str(tmp_path / "faulty"))
    assert differences(tmp_path, mutation.steps(), "warm")
