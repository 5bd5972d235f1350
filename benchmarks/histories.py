"""Many random histories of edits: cold, warm and overlaid answers must be equal after each edit."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qw_codemod.store import reports
from tests.store.histories import WAYS, Difference, History, steps

COUNT = 200


def show(count: int = COUNT, first: int = 0, ways: Sequence[str] = WAYS) -> int:
    """Print what differs in so many histories, from the seed `first` on; 1 if anything does."""
    started = time.perf_counter()
    differing: Counter[str] = Counter()
    with multiprocessing.Pool() as pool:
        seeds = range(first, first + count)
        for seed, found in pool.imap(partial(_differences, ways=tuple(ways)), seeds):
            for way in sorted({each.way for each in found}):
                differing[way] += 1
                print(f"history {seed}: {next(each for each in found if each.way == way)}\n")
    seconds = time.perf_counter() - started
    print(f"{count} histories, {seconds:.0f} s")
    for way in ways:
        print(f"{way}: {differing[way] or 'none'} of {count} differ from cold")
    return 1 if differing else 0


def _differences(seed: int, ways: Sequence[str]) -> tuple[int, list[Difference]]:
    reports._SETTLED = -1e12  # each write has a time of its own, so files are relied on at once
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        os.environ["QW_CODEMOD_CACHE_DIR"] = f"{scratch}/cache"
        return seed, list(History(Path(scratch), steps(seed), ways).differences())
