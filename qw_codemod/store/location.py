"""Where the reports of earlier runs lie: in the user's cache folder, never in the tree itself."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from qw_codemod.kernel.model import Outcome
from qw_codemod.store.reports import Memories
from qw_codemod.store.stored_facts import read_only

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS state (generation INTEGER);
INSERT INTO state SELECT 0 WHERE NOT EXISTS (SELECT * FROM state);
CREATE TABLE IF NOT EXISTS file (
    path TEXT PRIMARY KEY, id INTEGER, stamp TEXT, digest TEXT, imports TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS question (
    id INTEGER PRIMARY KEY, question TEXT, answer TEXT, files BLOB
);
CREATE TABLE IF NOT EXISTS report (
    path TEXT, options TEXT, leans BLOB, outcome TEXT, PRIMARY KEY (path, options)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (
    path TEXT PRIMARY KEY, contents TEXT, facts BLOB
) WITHOUT ROWID;
COMMIT;
"""
_VERSION = 8  # of the schema, and of what its columns hold
_PATIENCE = 2.0  # seconds to wait for another run that is writing
_KEPT = 8  # caches: of other projects, versions and rules


@contextlib.contextmanager
def recalled(
    root: str,
    files: Sequence[str],
    rules: str,
    wanted: Iterable[tuple[str, str]],
    others: Sequence[str] = (),
    texts: Sequence[str] = (),
) -> Iterator[tuple[Memories | None, dict[str, Outcome]]]:
    """The memories of a project, and its outcomes that still hold, by path.

    `files` are those of Python, `others` those of other languages that are wanted, `texts` those
    that tell of deployments. `rules` stands
    for all that an outcome depends on beside the files and the options; `wanted` are files, each
    with what stands for its options. What the memories are told is saved at the end. They are None
    where there can be none: the folder or the file does not allow it.
    """
    path = _place(root, rules)
    if path is not None and not path.exists():
        _adopt(path, root, files)
    connection = _connect(path) if path is not None else None
    memories, outcomes = None, {}
    if path is not None and connection is not None:
        try:
            memories = Memories(root, path, files, others, texts)
            memories.load(connection)
            outcomes = memories.outcomes(wanted)
        except (sqlite3.Error, ValueError, TypeError) as error:
            memories, outcomes = None, {}
            if not isinstance(error, sqlite3.OperationalError):  # such as: another run is writing
                connection.close()
                _discard(path)
    try:
        yield memories, outcomes
        if memories is not None:
            with contextlib.suppress(sqlite3.Error):
                memories.save()
    finally:
        if memories is not None:
            memories.close()
        if connection is not None:
            connection.close()


def folder() -> Path:
    """Where caches lie: $QW_CODEMOD_CACHE_DIR, or the user's folder for such things."""
    if given := os.environ.get("QW_CODEMOD_CACHE_DIR"):
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "qw-codemod"


def _place(root: str, rules: str) -> Path | None:
    at = folder()
    is_given = bool(os.environ.get("QW_CODEMOD_CACHE_DIR"))
    if not is_given and at.resolve().is_relative_to(Path(root).resolve()):
        return None  # whoever wrote the tree could have written it too
    name = f"{_hash(f'{_VERSION} {rules}')}-{_hash(root)}"
    try:
        at.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = at.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & stat.S_IWOTH):
        return None
    return at / f"{name}.sqlite"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _adopt(path: Path, root: str, files: Sequence[str]) -> None:
    """Begin with the cache of the same project in another folder, or of another machine.

    It is the one that knows most of the files, for the same rules; what it says of a file holds
    where the contents are the same.
    """
    rules = path.name.partition("-")[0]
    wanted = {file.removeprefix(root) for file in files}
    best, most = None, len(wanted) / 2
    for other in path.parent.glob(f"{rules}-*.sqlite"):
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(read_only(other, _PATIENCE)) as known,
        ):
            paths = {path for (path,) in known.execute("SELECT path FROM file")}
            if len(paths & wanted) > most:
                best, most = other, len(paths & wanted)
    if best is not None:
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(read_only(best, _PATIENCE)) as source,
            contextlib.closing(sqlite3.connect(path)) as target,
        ):
            source.backup(target)
        _tidy(path.parent)


def _connect(path: Path) -> sqlite3.Connection | None:
    for _ in range(2):
        connection = None
        try:
            connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            if not connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone():
                connection.executescript(_SCHEMA)
                _tidy(path.parent)
            return connection
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.OperationalError):
                return None
            _discard(path)  # damaged
    return None


def _tidy(at: Path) -> None:
    """Keep the caches that were used last."""
    with contextlib.suppress(OSError):
        found = sorted(at.glob("*.sqlite"), key=lambda each: each.stat().st_mtime)
        for each in found[:-_KEPT]:
            each.unlink()


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
