"""What the last apply replaced, kept so that `undo` gives back every byte of it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qw_codemod.engine import files

FOLDER = ".qw-codemod"

_VERSION = 1


class JournalError(Exception):
    """The journal cannot be written, read or locked; the message says what that means."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that is about to be replaced; `path` is absolute."""

    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Undone:
    """What `undo` did: files given back, and those left with the reason."""

    restored: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str  # relative to the root, with forward slashes
    mode: int
    before: str  # SHA-256 of the bytes, which is also the blob's name
    after: str


def find_root(start: Path) -> Path | None:
    """The nearest folder at or above `start` that keeps a journal."""
    for folder in (start, *start.parents):
        if (folder / FOLDER / "journal.json").is_file():
            return folder
    return None


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the project's lock; raises JournalError if another run holds it.

    The system drops the lock of a process that dies, so that none has to be removed by hand.
    """
    folder = root / FOLDER
    try:
        handle = _lock(folder)
    except OSError as error:
        _tidy(folder)
        raise JournalError(
            f"cannot write the undo journal in {folder}: {error.strerror}; nothing was changed"
        ) from error
    try:
        yield
    finally:
        _tidy(folder)
        os.close(handle)


def record(root: Path, changes: Sequence[Change]) -> None:
    """Make the undo of these changes durable; must be done before the first file is replaced.

    Raises JournalError, and the former journal stays, where the disk refuses.
    """
    folder = root / FOLDER
    try:
        former = {each.before for each in _entries(folder)}
    except JournalError:
        former = set()  # damaged: nothing that could be lost
    try:
        entries = []
        for change in changes:
            mode = stat.S_IMODE(os.stat(change.path).st_mode)
            path = Path(change.path).relative_to(root).as_posix()
            entry = _Entry(path, mode, _digest(change.before), _digest(change.after))
            _write(folder / "blobs" / entry.before, change.before)
            entries.append(entry)
        _write_entries(folder, entries)
    except OSError as error:
        raise JournalError(
            f"cannot write the undo journal in {folder}: {error.strerror}; nothing was changed"
        ) from error
    for digest in former - {each.before for each in entries}:
        (folder / "blobs" / digest).unlink(missing_ok=True)


def undo(root: Path) -> Undone:
    """Give back the bytes and modes of the last apply, file by file.

    A file that somebody edited since is refused, and stays in the journal. Files that a killed
    apply had not reached, or a killed undo had done already, are as they should be.
    """
    folder = root / FOLDER
    restored: list[str] = []
    refused: list[tuple[str, str]] = []
    remaining: list[_Entry] = []
    for entry in _entries(folder):
        path = f"{root}/{entry.path}"
        try:
            if _restore(root, folder, entry, path):
                restored.append(path)
        except files.FileProblem as problem:
            refused.append((path, str(problem)))
            remaining.append(entry)
    try:
        _finish(folder, remaining)
    except OSError as error:
        raise JournalError(f"cannot write {folder}: {error.strerror}") from error
    return Undone(tuple(restored), tuple(refused))


def _restore(root: Path, folder: Path, entry: _Entry, path: str) -> bool:
    if not Path(path).resolve().is_relative_to(root.resolve()):
        raise files.FileProblem("lies outside of the project")
    stale = Path(files.temporary_name(path))
    if stale.is_file() and not stale.is_symlink():
        stale.unlink()  # of an apply that was killed
    now = files.read(path)
    digest = _digest(now)
    if digest == entry.before:
        return False
    if digest != entry.after:
        raise files.FileProblem("edited since the apply, so it is left as it is")
    before = files.read(str(folder / "blobs" / entry.before))
    if _digest(before) != entry.before:
        raise files.FileProblem("its kept bytes are damaged, so it is left as it is")
    files.replace(path, now, before, entry.mode)
    return True


def _finish(folder: Path, remaining: Sequence[_Entry]) -> None:
    kept = {entry.before for entry in remaining}
    if remaining:
        _write_entries(folder, remaining)
    else:
        (folder / "journal.json").unlink()
    for blob in (folder / "blobs").iterdir():
        if blob.name not in kept:
            blob.unlink()


def _write_entries(folder: Path, entries: Sequence[_Entry]) -> None:
    table = [
        {"path": each.path, "mode": each.mode, "before": each.before, "after": each.after}
        for each in entries
    ]
    text = json.dumps({"version": _VERSION, "files": table}, indent=1)
    files.sync_folder(str(folder / "blobs"))
    _write(folder / "journal.json", text.encode())
    files.sync_folder(str(folder))


def _entries(folder: Path) -> list[_Entry]:
    try:
        loaded: Any = json.loads(files.read(str(folder / "journal.json")))
        if loaded["version"] != _VERSION:
            raise JournalError(f"{folder} was written by another version of qw-codemod")
        return [_entry(each) for each in loaded["files"]]
    except files.FileProblem:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(f"{folder / 'journal.json'} is damaged: nothing was undone") from error


def _entry(table: Any) -> _Entry:
    """One entry, checked: whoever wrote the tree may have written the journal too."""
    entry = _Entry(str(table["path"]), table["mode"], str(table["before"]), str(table["after"]))
    parts = entry.path.split("/")
    if not set(parts).isdisjoint(("", ".", "..", FOLDER, ".git")) or ":" in parts[0]:
        raise ValueError(entry.path)
    if not isinstance(entry.mode, int) or not 0 <= entry.mode <= 0o7777:
        raise ValueError(entry.mode)
    for digest in (entry.before, entry.after):
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(digest)
    return entry


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.new")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _prepare(folder: Path) -> None:
    if folder.is_symlink():
        raise JournalError(f"{folder} is a symbolic link: remove it")
    (folder / "blobs").mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", "utf-8")


def _tidy(folder: Path) -> None:
    """Leave nothing behind where there is nothing to undo."""
    if folder.is_symlink() or (folder / "journal.json").exists():
        return
    with contextlib.suppress(OSError):
        for path in (*(folder / "blobs").glob("*"), folder / ".gitignore", folder / "lock"):
            path.unlink(missing_ok=True)
        if (folder / "blobs").exists():
            (folder / "blobs").rmdir()
        folder.rmdir()


def _lock(folder: Path) -> int:
    """An open handle that holds the lock, of the file that stands there now."""
    path = folder / "lock"
    while True:
        _prepare(folder)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue  # the run before tidies up
        try:
            _lock_handle(handle)
        except OSError:
            holder = os.read(handle, 20).decode("ascii", "replace").strip()
            os.close(handle)
            who = f" (process {holder})" if holder else ""
            raise JournalError(f"another run{who} is changing {folder.parent}: wait") from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                os.ftruncate(handle, 0)
                os.write(handle, str(os.getpid()).encode())
                _prepare(folder)
                return handle
        os.close(handle)  # tidied away between our open and our lock


if sys.platform == "win32":
    import msvcrt

    def _lock_handle(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock_handle(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
