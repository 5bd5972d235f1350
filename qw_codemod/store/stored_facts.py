"""What earlier runs read of files, by their contents: it holds whatever else has changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from qw_codemod.store.portable import Portable

_PATIENCE = 0.1  # seconds to wait for a run that is writing: reading the file takes less


class StoredFacts:
    """The facts of files in the cache of a project; each process opens it for itself."""

    def __init__(self, database: Path, portable: Portable) -> None:
        self._database = database
        self._portable = portable
        self._connection: sqlite3.Connection | None = None

    def find(self, path: str, contents: str) -> bytes | None:
        """The packed facts of a file with these contents; None where there are none."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"{self._database.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE
                )
            row = self._connection.execute(
                "SELECT facts FROM facts WHERE path = ? AND contents = ?",
                (self._portable.path(path), contents),
            ).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else bytes(row[0])
