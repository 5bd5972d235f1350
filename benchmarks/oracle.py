"""What `check` and `apply --diff` say of some trees, kept to be compared after the engine changed.

A refactoring is right when nothing of it differs: record with the old engine, compare with the new.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.tools import ToolProblem

_SECONDS = re.compile(r" \([\d.]+ s\)")
_SHOWN = 40  # lines of each difference
_RUNS: Mapping[str, Sequence[str]] = {
    "check.json": ("check", "--no-cache", "--output-format", "json", "."),
    "apply.diff": ("apply", "all", "--likely", "--unsafe", "--diff", "."),
}


def show(trees: Sequence[str], kept: str, record: bool, tool: str = "") -> int:
    """Record the answers of `tool` for each tree in a folder, or compare with those kept there.

    The exit code is 1 where an answer differs. Raises ToolProblem where the tool crashed.
    """
    tool = tool or str(Path(sys.executable).parent / "qw-codemod")
    different = 0
    for tree in map(Path, trees):
        for name, arguments in _RUNS.items():
            answer = _answer(tool, arguments, tree)
            file = Path(kept) / f"{tree.name}.{name}"
            if record:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(answer, "utf-8")
                print(f"recorded {file}: {answer.count(chr(10)):,} lines", flush=True)
                continue
            lines = list(_difference(file.read_text("utf-8"), answer))
            different += bool(lines)
            print(f"{file.name}: {len(lines) or 'no'} lines differ", flush=True)
            print("\n".join(lines[:_SHOWN]), end="\n" * bool(lines))
    return 1 if different else 0


def _answer(tool: str, arguments: Sequence[str], tree: Path) -> str:
    done = subprocess.run([tool, *arguments], cwd=tree, capture_output=True, text=True)
    if done.returncode not in (0, 1, 2) or "Traceback" in done.stderr:
        raise ToolProblem(f"{tool} ended {done.returncode} in {tree}: {done.stderr[-300:]}")
    text = done.stdout.replace(str(tree.resolve()), "TREE")
    if text.startswith(("{", "[")):
        text = json.dumps(json.loads(text), indent=1, sort_keys=True)
    return _SECONDS.sub("", f"exit code {done.returncode}\n{text}\n{done.stderr}").rstrip() + "\n"


def _difference(before: str, now: str) -> list[str]:
    return list(difflib.unified_diff(before.splitlines(), now.splitlines(), "kept", "now", n=1))
