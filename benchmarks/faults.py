"""Kills `apply` at random instants: no file may be torn, and `undo` must give every byte back."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import results

PIPELINE = Path(__file__).parents[1] / "fixtures" / "pipeline"
_COPIES = 4  # of the sample project, side by side in one tree
_TOOL = (sys.executable, "-m", "qw_codemod")
_LONGEST = 120  # seconds for one run


def show(kills: int, seed: int) -> int:
    """Kill so often, and print and record what was found; 1 if anything was."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        tree = _tree(Path(scratch) / "tree")
        before = _files(tree)
        started = time.perf_counter()
        _run(tree, "apply", "all", ".", "--no-dependencies")
        whole = time.perf_counter() - started
        after = _files(tree)
        _run(tree, "undo")
        if _files(tree) != before or after == before:
            print("the tree cannot be edited and given back: nothing was killed")
            return 1
        wrong: list[str] = []
        stopped = written = 0
        for number in range(kills):
            # every other one towards the end, where files are written
            instant = chance.uniform(whole * 0.7 if number % 2 else 0.0, whole * 1.05)
            stopped += _killed(tree, instant)
            now = _files(tree)
            written += now != before
            torn = [path for path in before if now.get(path) not in (before[path], after[path])]
            wrong += (f"kill {number} after {instant:.3f} s: {path} is torn" for path in torn)
            _run(tree, "undo")
            if _files(tree) != before:
                wrong.append(f"kill {number} after {instant:.3f} s: undo left a difference")
                break
    text = (
        f"`python -m benchmarks faults --kills {kills} --seed {seed}`: `apply all` over "
        f"{len(before)} files,\nkilled (SIGKILL) at random instants of the {whole:.1f} s that it "
        f"takes.\n\n{stopped} of {kills} runs were still going; {written} had written files. "
        f"Torn files, lost files, and\nbytes that `undo` did not give back: {len(wrong)}."
    )
    print("\n".join([text, *wrong[:20]]))
    if kills >= 100:
        results.record("Faults", text)
    return 1 if wrong else 0


def _tree(folder: Path) -> Path:
    for number in range(_COPIES):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(PIPELINE, folder / f"project_{number}", ignore=ignored)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def _run(tree: Path, *arguments: str) -> None:
    subprocess.run(
        [*_TOOL, *arguments], cwd=tree, capture_output=True, timeout=_LONGEST, check=False
    )


def _killed(tree: Path, instant: float) -> bool:
    """Start an apply and kill it; whether it was still going."""
    process = subprocess.Popen(
        [*_TOOL, "apply", "all", ".", "--no-dependencies"],
        cwd=tree,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(instant)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_LONGEST)
        time.sleep(0.05)
        return True
    return False


def _files(tree: Path) -> dict[str, bytes]:
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and not {".git", ".qw-codemod"}.intersection(path.parts)
    }
