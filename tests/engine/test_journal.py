"""Undo gives back every byte of the last apply, whatever happened in between."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qw_codemod.engine import files, journal
from qw_codemod.engine.journal import Change, JournalError

Write = Callable[..., Path]


def record(project: Path, *changes: tuple[Path, bytes]) -> None:
    """What an apply does."""
    made = [Change(str(file), file.read_bytes(), after) for file, after in changes]
    with journal.locked(project):
        journal.record(project, made)
        for change in made:
            files.replace(change.path, change.before, change.after)


def undo(project: Path) -> journal.Undone:
    with journal.locked(project):
        return journal.undo(project)


def test_the_exact_bytes_and_modes_come_back(project: Path, write: Write) -> None:
    bytes_of = {"a.py": b"\xef\xbb\xbfx = 1\r\ny\r", "b/c.py": b"\x00\xff", "d.py": b""}
    written = [write(path, data) for path, data in bytes_of.items()]
    written[1].chmod(0o755)
    record(project, *((file, b"new") for file in written))
    assert undo(project).restored == tuple(map(str, written))
    assert [file.read_bytes() for file in written] == list(bytes_of.values())
    assert stat.S_IMODE(written[1].stat().st_mode) == 0o755
    assert not (project / ".qw-codemod").exists()


def test_git_does_not_see_the_journal(project: Path, write: Write, git: Callable[..., str]) -> None:
    file = write("a.py", "old")
    git("add", ".")
    git("commit", "-qm", "x")
    record(project, (file, b"new"))
    assert git("status", "--short") == " M a.py\n"


def test_an_edited_file_is_refused_and_stays_undoable(project: Path, write: Write) -> None:
    a, b = write("a.py", "a"), write("b.py", "b")
    record(project, (a, b"A"), (b, b"B"))
    a.write_text("edited")
    undone = undo(project)
    assert undone.restored == (str(b),)
    assert undone.refused == ((str(a), "edited since the apply, so it is left as it is"),)
    assert (a.read_text(), b.read_text()) == ("edited", "b")
    a.write_text("A")
    assert undo(project).restored == (str(a),)
    assert a.read_text() == "a"


def test_a_file_that_is_gone_is_refused(project: Path, write: Write) -> None:
    file = write("a.py", "a")
    record(project, (file, b"A"))
    file.unlink()
    ((_, reason),) = undo(project).refused
    assert "does not exist any more" in reason


def test_the_last_apply_counts(project: Path, write: Write) -> None:
    file = write("a.py", "one")
    record(project, (file, b"two"))
    record(project, (file, b"three"))
    assert len(list((project / ".qw-codemod" / "blobs").iterdir())) == 1
    undo(project)
    assert file.read_text() == "two"


def test_nothing_is_left_where_nothing_was_done(project: Path) -> None:
    with journal.locked(project):
        pass
    assert not (project / ".qw-codemod").exists()


def test_two_runs_do_not_mix(project: Path) -> None:
    message = f"another run .process {os.getpid()}. is changing"
    with (
        journal.locked(project),
        pytest.raises(JournalError, match=message),
        journal.locked(project),
    ):
        pass
    with journal.locked(project):
        pass


def test_the_lock_of_a_dead_process_heals(project: Path) -> None:
    code = "import os; from pathlib import Path; from qw_codemod.engine import journal\n"
    code += "with journal.locked(Path('.')): os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (project / ".qw-codemod" / "lock").exists()
    with journal.locked(project):
        pass


def test_no_space_for_the_journal_leaves_the_former_one(
    project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("a.py", "one")
    record(project, (file, b"two"))

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(JournalError, match="No space left on device; nothing was changed"):
            record(project, (file, b"three"))
    assert file.read_text() == "two"
    undo(project)
    assert file.read_text() == "one"


APPLY = """
import os, signal, sys
from pathlib import Path
from qw_codemod.engine import files
from qw_codemod.engine import journal

def apply(last):
    # Killed in front of its step number `last`: of all that is opened, made, renamed, synced.
    steps = 0
    def step(event, arguments):
        nonlocal steps
        if event.startswith(("open", "os.", "fcntl.")):
            steps += 1
            if steps == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sync = os.fsync
    def synced(handle):
        step("os.fsync", ())
        sync(handle)
    os.fsync = synced
    root = Path(".").resolve()
    changes = [
        journal.Change(str(path), path.read_bytes(), path.read_bytes().upper())
        for path in sorted(root.glob("*.py"))
    ]
    sys.addaudithook(step)
    with journal.locked(root):
        journal.record(root, changes)
        for change in changes:
            files.replace(change.path, change.before, change.after)

for line in sys.stdin:
    child = os.fork()
    if not child:
        apply(int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_killed_before_any_step_nothing_is_torn_and_undo_gives_all_back(project: Path) -> None:
    before = {f"f{number}.py": f"text {number}\n".encode() * 50 for number in range(4)}
    for name, data in before.items():
        (project / name).write_bytes(data)
    command = [sys.executable, "-c", APPLY]
    reached: set[int] = set()
    with subprocess.Popen(
        command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as applies:
        assert applies.stdin is not None and applies.stdout is not None
        for step in itertools.count(1):
            applies.stdin.write(f"{step}\n")
            applies.stdin.flush()
            code = int(applies.stdout.readline())
            now = {name: (project / name).read_bytes() for name in before}
            replaced = [name for name in before if now[name] == before[name].upper()]
            untouched = [name for name in before if now[name] == before[name]]
            assert len(replaced) + len(untouched) == len(before), step
            reached.add(len(replaced))
            if journal.find_root(project):
                restored = sorted(undo(project).restored)
                assert restored == sorted(f"{project}/{name}" for name in replaced), step
            assert {name: (project / name).read_bytes() for name in before} == before, step
            assert not list(project.glob(".*.qw-codemod")), step
            if code == 0:
                break
            assert code == -signal.SIGKILL
        applies.stdin.close()
    assert reached == {0, 1, 2, 3, 4}
    assert step > 20


def planted(project: Path, **values: object) -> None:
    folder = project / ".qw-codemod"
    (folder / "blobs").mkdir(parents=True)
    (folder / "blobs" / ("a" * 64)).write_text("planted")
    entry = {"path": "a.py", "mode": 0o644, "before": "a" * 64, "after": "b" * 64, **values}
    (folder / "journal.json").write_text(json.dumps({"version": 1, "files": [entry]}))


@pytest.mark.parametrize(
    "values",
    [
        {"path": "../victim.py"},
        {"path": "/etc/passwd"},
        {"path": "x/../../victim.py"},
        {"path": ".qw-codemod/lock"},
        {"before": "../../../etc/passwd"},
        {"mode": "0644"},
        {"mode": 1 << 20},
        {"path": ".git/hooks/pre-commit"},
        {"path": ""},
        {"before": 3},
    ],
)
def test_a_planted_journal_is_refused(project: Path, values: dict[str, object]) -> None:
    planted(project, **values)
    with pytest.raises(JournalError, match=r"journal\.json is damaged"):
        undo(project)


def test_kept_bytes_that_were_tampered_with_are_refused(project: Path, write: Write) -> None:
    file = write("a.py", "old")
    record(project, (file, b"new"))
    (blob,) = (project / ".qw-codemod" / "blobs").iterdir()
    blob.write_text("tampered")
    ((_, reason),) = undo(project).refused
    assert "damaged" in reason
    assert file.read_text() == "new"


def test_a_folder_swapped_for_a_link_out_is_refused(
    project: Path, write: Write, tmp_path: Path
) -> None:
    record(project, (write("pkg/a.py", "old"), b"new"))
    outside = tmp_path / "outside"
    (project / "pkg").rename(outside)
    (project / "pkg").symlink_to(outside)
    ((_, reason),) = undo(project).refused
    assert reason == "lies outside of the project"
    assert (outside / "a.py").read_text() == "new"


def test_a_journal_folder_that_is_a_link_is_refused(project: Path, tmp_path: Path) -> None:
    (project / ".qw-codemod").symlink_to(tmp_path)
    with (
        pytest.raises(JournalError, match="is a symbolic link"),
        journal.locked(project),
    ):
        pass


def test_the_journal_is_found_from_below(project: Path, write: Write) -> None:
    record(project, (write("deep/er/a.py", "old"), b"new"))
    assert journal.find_root(project / "deep" / "er") == project
