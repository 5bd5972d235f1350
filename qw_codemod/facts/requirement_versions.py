"""Which major version of a distribution a project asks for, by its dependency files."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

_FILES = (
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "requirements.txt",
    "requirements.in",
    "pyproject.toml",
    "setup.cfg",
)
_LARGEST = 20_000_000  # bytes


def fingerprint(root: str) -> str:
    """What stands for the contents of the files that are looked at here."""
    made = hashlib.blake2b(digest_size=16)
    for file in _FILES:
        try:
            made.update(f"{file}\0".encode() + Path(root, file).read_bytes())
        except OSError:
            continue
    return made.hexdigest()


@lru_cache(maxsize=64)
def major(root: str, name: str) -> int | None:
    """The lowest major version that the project's files allow; None where none says so."""
    for file in _FILES:
        path = Path(root) / file
        try:
            if path.stat().st_size > _LARGEST:
                continue
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        locked = re.search(
            rf'name = "{re.escape(name)}"\s+version = "(\d+)|"{re.escape(name)}": {{[^}}]*?==(\d+)',
            text,
        )
        asked = re.search(
            rf"(?:^|[\s\"'\[]){re.escape(name)}\s*(?:\[[^\]]*\])?\s*(?:==|>=|~=|\^|=\s*[\"'][\^~>=]*)\s*(\d+)",
            text,
            re.M,
        )
        found = locked or asked
        if found:
            return int(next(group for group in found.groups() if group))
    return None
