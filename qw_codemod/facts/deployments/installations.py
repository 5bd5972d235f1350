"""What commands install: packages by their names, or what a list says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

PIP = re.compile(r"(?:.*/)?pip[\d.]*")
PACKAGE = re.compile(r"[A-Za-z][\w.-]*(?:\[[\w,-]*\])?(?:[=<>~!]=?[\w.,<>=!*]+)?")
_BY_LISTS = frozenset("uv poetry pdm pipenv hatch conda mamba micromamba".split())
_INSTALLING = frozenset({"install", "sync", "update", "create"})
_VALUED = frozenset(
    "-c --constraint -i --index-url --extra-index-url -f --find-links --trusted-host --proxy "
    "--timeout --retries --python -p --cache-dir --progress-bar".split()
)


@dataclass
class Installation:
    """What was installed on one machine so far, by its commands."""

    packages: list[str] = field(default_factory=list)
    line: int = 0  # of the first of them
    is_open: bool = False  # something else may be there than these packages
    is_told: bool = False  # a command has installed something

    def take_in(self, words: Sequence[str], line: int) -> None:
        """Take in a command, whatever it does."""
        named = packages_of(words)
        self.is_told = self.is_told or named != ()
        if named is None:
            self.is_open = True
        elif named:
            self.packages += named
            self.line = self.line or line


def packages_of(words: Sequence[str]) -> tuple[str, ...] | None:
    """The packages that a command installs by name; None where it installs something else."""
    at = next((n for n, word in enumerate(words) if PIP.fullmatch(word)), -1)
    if at < 0 or words[at + 1 : at + 2] != ("install",):
        others = bool(_BY_LISTS.intersection(words) and _INSTALLING.intersection(words))
        return None if others or "pip-sync" in words else ()
    found: list[str] = []
    is_value = False
    for word in words[at + 2 :]:
        if is_value:
            is_value = False
        elif word in _VALUED:
            is_value = True
        elif word.startswith(("-r", "--req", "-e", "--edit", "-t", "--target", "--prefix")):
            return None
        elif not word.startswith("-"):
            if not PACKAGE.fullmatch(word):
                return None
            found.append(name_of(word))
    return tuple(found)


def name_of(requirement: str) -> str:
    """The name of a distribution, as registries compare it, without its extras and versions."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[=<>~!]", requirement, maxsplit=1)[0]).lower()
