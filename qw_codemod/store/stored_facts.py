"""What earlier runs read of files, by their contents: it holds whatever else has changed."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from qw_codemod.store.portable import Portable

_PATIENCE = 0.1  # seconds to wait for a run that is writing: reading the file takes less


def read_only(database: Path, patience: float) -> sqlite3.Connection:
    """Open a cache that stays as it is; `patience`: seconds to wait for a run that is writing."""
    return sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=patience)


class StoredFacts:
    """The facts of files in the cache of a project; each process opens it for itself."""

    def __init__(self, database: Path, portable: Portable) -> None:
        self._database = database
        self._portable = portable
        self._connection: sqlite3.Connection | None = None
        self._process = 0  # the one that has opened it: SQLite forbids to use it in another

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_connection": None}

    def find(self, path: str, contents: str) -> bytes | None:
        """The packed facts of a file with these contents; None where there are none."""
        try:
            if self._connection is None or self._process != os.getpid():
                self._connection = read_only(self._database, _PATIENCE)
                self._process = os.getpid()
            row = self._connection.execute(
                "SELECT facts FROM facts WHERE path = ? AND contents = ?",
                (self._portable.path(path), contents),
            ).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else bytes(row[0])

    def close(self) -> None:
        """Let go of the cache; it is opened again where something is asked."""
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None
