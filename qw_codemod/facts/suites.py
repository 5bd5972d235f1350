"""Which files of a project belong to its tests: told by their paths alone."""

from __future__ import annotations

import os

_FOLDERS = frozenset({"test", "tests", "testing"})


def is_test(path: str) -> bool:
    """Whether a file belongs to tests, by its own name or that of a folder.

    `path` counts from the project's root: where a project is checked out says nothing about it.
    """
    folder, _, name = path.rpartition(os.sep)
    if name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py":
        return True
    return not _FOLDERS.isdisjoint(folder.split(os.sep))
