"""Input that is not as it should be ends in a clear message and the right code; nothing is lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from qw_codemod.engine import files, journal

Write = Callable[..., Path]
Run = Callable[..., Result]

BOM = b"\xef\xbb\xbf"


UNREADABLE = {
    "unparsable": (b"x = 1\nwait(\n", "a.py:2: cannot parse: '(' was never closed"),
    "python 2": (b'print "waiting"\nwait()\n', "a.py:1: cannot parse: Missing parentheses"),
    "python 2 except": (b"try:\n    wait()\nexcept A, e:\n    pass\n", "a.py:3: cannot parse: "),
    "python 2 backticks": (b"wait(`x`)\n", "a.py:1: cannot parse: "),
    "NUL bytes": (b"wait()\n\0\n", "a.py:2: the file holds NUL bytes: is it Python source?"),
    "UTF-16": ("wait()\n".encode("utf-16"), "a.py"),
    "latin-1 without a cookie": (b"# \xe9\nwait()\n", "utf-8"),
    "an unknown cookie": (b"# coding: klingon\nwait()\n", "unknown encoding: klingon"),
    "a cookie against the BOM": (BOM + b"# coding: latin-1\nwait()\n", "a.py"),
    "tabs and spaces": (b"if x:\n\tif y:\n        wait()\n", "a.py:3: cannot parse: inconsistent"),
    "nested 1,000 deep": (b"wait(" * 1000 + b")" * 1000, "a.py:1: cannot parse: too many nested"),
    "indented 1,000 deep": (
        b"".join(b" " * n + b"if x:\n" for n in range(1000)) + b" " * 1000 + b"wait()\n",
        "cannot parse: too many levels of indentation",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_not_examined_named_and_untouched(run: Run, write: Write, case: str) -> None:
    data, message = UNREADABLE[case]
    file = write("a.py", data)
    write("b.py", "wait()\n")
    result = run("check")
    if case == "UTF-16":
        # No rule can hit it: `wait` does not stand in these bytes.
        assert result.exit_code == 1
        return
    assert result.exit_code == 2
    assert message in result.output
    assert "b.py:1:1: TOY101" in result.output
    result = run("apply", "waits")
    assert result.exit_code == 2
    assert message in result.output
    assert file.read_bytes() == data
    assert file.with_name("b.py").read_bytes() == b"wait(timeout=5)\n"


EDITED = {
    "latin-1 with a cookie": (
        "# coding: latin-1\né = wait('ü')\n".encode("latin-1"),
        "# coding: latin-1\né = wait('ü', timeout=5)\n".encode("latin-1"),
    ),
    "BOM": (BOM + b"wait()\n", BOM + b"wait(timeout=5)\n"),
    "CRLF": (
        b"x = 1\r\nwait(\r\n    1,\r\n)\r\n",
        b"x = 1\r\nwait(\r\n    1,\r\n    timeout=5,\r\n)\r\n",
    ),
    "CR": (b"x = 1\rwait()\ry = 2\r", b"x = 1\rwait(timeout=5)\ry = 2\r"),
    "mixed line ends": (b"x\r\nwait()\ny\rz\r\n", b"x\r\nwait(timeout=5)\ny\rz\r\n"),
    "tabs": (b"if x:\n\twait()\t# y\n", b"if x:\n\twait(timeout=5)\t# y\n"),
    "no newline at the end": (b"wait()", b"wait(timeout=5)"),
    "form feed": (b"x\n\x0cwait()\n", b"x\n\x0cwait(timeout=5)\n"),
    "other separators": (
        "x = '\x1c\u2028'\nwait()\n".encode(),
        "x = '\x1c\u2028'\nwait(timeout=5)\n".encode(),
    ),
    "a continued line": (b"x = \\\n  wait()\n", b"x = \\\n  wait(timeout=5)\n"),
    "a line of 1,000 terms": (b"x = " + b"1 + " * 1000 + b"wait()\n", None),
    "1,000 chained calls": (b"x = a" + b".b()" * 1000 + b".wait()\n", None),
    "1,000 negations": (b"x = " + b"not " * 1000 + b"wait()\n", None),
    "90 deep": (b"f(" * 90 + b"wait()" + b")" * 90 + b"\n", None),
}


@pytest.mark.parametrize("case", EDITED)
def test_edited_and_given_back(write: Write, project: Path, case: str, run: Run) -> None:
    before, after = EDITED[case]
    file = write("a.py", before)
    result = run("apply", "waits")
    now = file.read_bytes()
    if after is None and now == before:
        # Deeper than the parsers go: then that is said, and the file is as it was.
        assert "nested too deeply" in result.output
        return
    assert result.exit_code == 0
    assert now == (after or before.replace(b"wait()", b"wait(timeout=5)"))
    assert run("undo").exit_code == 0
    assert file.read_bytes() == before


@pytest.mark.parametrize("case", ["a line of 1,000 terms", "1,000 chained calls"])
def test_depth_does_not_end_the_other_files(run: Run, write: Write, case: str) -> None:
    write("a.py", EDITED[case][0] * 3)
    b = write("b.py", "wait()\n")
    run("apply", "waits")
    assert b.read_text() == "wait(timeout=5)\n"


@pytest.mark.long
def test_ten_megabytes(run: Run, write: Write) -> None:
    line = b"x = 'some data, as programs that write programs write it, line after line'\n"
    before = b"wait(1)\n" + line * (10_000_000 // len(line)) + b"wait(2)\n"
    file = write("a.py", before)
    result = run("apply", "waits")
    assert result.exit_code == 0, result.output
    assert file.read_bytes() == before.replace(b"(1)", b"(1, timeout=5)").replace(
        b"(2)", b"(2, timeout=5)"
    )
    run("undo")
    assert file.read_bytes() == before


def test_one_line_of_ten_megabytes(run: Run, write: Write) -> None:
    write("a.py", b"x = '" + b"a" * 10_000_000 + b"'; wait(1)\n")
    result = run("check")
    assert result.exit_code == 1
    assert len(result.output) < 2000


def test_an_empty_file(run: Run, write: Write) -> None:
    write("a.py", b"")
    assert run("check").exit_code == 0


def test_a_read_only_file(run: Run, write: Write, read_only: Callable[[Path], None]) -> None:
    file = write("a.py", "wait()\n")
    other = write("b.py", "wait()\n")
    read_only(file)
    assert run("check").exit_code == 1
    result = run("apply", "waits")
    assert result.exit_code == 2
    assert "a.py: read-only, so it is not written: chmod u+w a.py" in result.output
    assert "Made 1 edit in 1 of 1 file" in result.output
    assert file.read_text() == "wait()\n"
    assert other.read_text() == "wait(timeout=5)\n"
    assert "1 file restored" in run("undo").output
    assert other.read_text() == "wait()\n"


def test_a_file_that_may_not_be_read(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.py", "wait()\n")
    write("b.py", "wait()\n")
    read = Path.read_bytes

    def refuses(path: Path) -> bytes:
        if path.name == "a.py":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuses)
    result = run("check")
    assert result.exit_code == 2
    assert "a.py: cannot be read: permission denied" in result.output
    assert "b.py:1:1" in result.output


@pytest.mark.parametrize("as_git", [False, True])
def test_a_folder_without_permission(as_git: bool) -> None:
    # Not below pytest's own folder: that is closed to others whenever another pytest starts.
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder).resolve()
        project.chmod(0o755)
        (project / "locked").mkdir(mode=0)
        if as_git:
            subprocess.run(["git", "init", "-q", folder], check=True)
        listed = _listed_by_nobody(project)
        (project / "locked").chmod(0o755)
    assert f"('{project}/locked', 'cannot be listed: permission denied')" in listed.lower()


def _listed_by_nobody(project: Path) -> str:
    code = (
        "import os\nfrom pathlib import Path\nfrom qw_codemod.engine import files\n"
        "if os.geteuid() == 0: os.seteuid(65534)  # root may read every folder\n"
        "root = Path('.').resolve()\n"
        "print(files.find(('.',), root, lambda path: False).problems)\n"
    )
    environment = {**os.environ, "HOME": str(project), "GIT_CONFIG_COUNT": "1"}
    environment |= {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_links_out_of_the_tree(run: Run, write: Write, project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "victim.py"
    outside.write_text("wait()\n")
    (project / "link.py").symlink_to(outside)
    result = run("apply", "waits")
    assert result.exit_code == 0
    assert "not followed: link.py is a symbolic link to" in result.output
    result = run("apply", "waits", "link.py")
    assert result.exit_code == 2
    assert "link.py: a symbolic link out of the project, not followed" in result.output
    assert outside.read_text() == "wait()\n"


def test_a_path_that_climbs_out(run: Run, project: Path, tmp_path: Path) -> None:
    (tmp_path / "victim.py").write_text("wait()\n")
    result = run("apply", "waits", "--root", ".", "../victim.py")
    assert result.exit_code == 2
    assert "../victim.py: outside of the project" in result.output
    assert (tmp_path / "victim.py").read_text() == "wait()\n"


def test_a_file_that_changes_between_reading_and_writing(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = write("a.py", "wait()\n"), write("b.py", "wait()\n")
    record = journal.record

    def meanwhile(*arguments: object) -> None:
        record(*arguments)  # type: ignore[arg-type]
        file.write_text("an editor saved this\n")

    monkeypatch.setattr(journal, "record", meanwhile)
    result = run("apply", "waits")
    assert result.exit_code == 2
    assert "a.py: changed while it was examined, so it is not written: run again" in result.output
    assert file.read_text() == "an editor saved this\n"
    assert other.read_text() == "wait(timeout=5)\n"


def test_a_file_that_vanishes_before_it_is_written(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("a.py", "wait()\n")
    record = journal.record

    def meanwhile(*arguments: object) -> None:
        record(*arguments)  # type: ignore[arg-type]
        file.unlink()

    monkeypatch.setattr(journal, "record", meanwhile)
    result = run("apply", "waits")
    assert result.exit_code == 2
    assert "a.py: cannot be written: it does not exist any more" in result.output


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_no_space_left(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    first, second = write("a.py", "wait(1)\n"), write("b.py", "wait(2)\n")
    done = getattr(os, call)
    writing: list[str] = []
    replace = files.replace

    def replaces(path: str, before: bytes, after: bytes, mode: int | None = None) -> None:
        writing.append(path)
        replace(path, before, after, mode)

    def full(*arguments: object) -> object:
        if len(writing) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return done(*arguments)

    monkeypatch.setattr(files, "replace", replaces)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        result = run("apply", "waits")
    assert result.exit_code == 2
    assert "b.py: cannot be written: no space left on the disk; it is as it was" in result.output
    assert first.read_text() == "wait(1, timeout=5)\n"
    assert second.read_text() == "wait(2)\n"
    assert not list(project.glob(".*.py.qw-codemod"))
    assert "1 file restored" in run("undo").output
    assert first.read_text() == "wait(1)\n"


def test_no_space_left_for_the_journal_changes_nothing(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("a.py", "wait()\n")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run("apply", "waits")
    assert result.exit_code == 2
    assert "No space left on device; nothing was changed" in result.stderr
    assert file.read_text() == "wait()\n"
    assert not (project / ".qw-codemod").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a tmpfs")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    script = """
    set -e
    mount -t tmpfs -o size=64k none "$1"; cd "$1"
    printf '[project]\\nname="x"\\n' > pyproject.toml
    { echo 'wait()'; head -c 12000 /dev/zero | tr '\\0' '#'; } > a.py; cp a.py b.py
    cp a.py "$2/before.py"
    head -c 1000000 /dev/zero > filler 2>/dev/null || true
    set +e
    "$3" -c "$4"; echo "code $?"
    cmp a.py "$2/before.py" && cmp b.py "$2/before.py" && echo intact
    ls -A
    """
    code = (
        "from pathlib import Path\nfrom qw_codemod.engine import files, journal\n"
        "root = Path('.').resolve()\n"
        "before = Path('a.py').read_bytes(); after = before + b'x = 1\\n'\n"
        "try:\n    files.replace(str(root / 'a.py'), before, after)\n"
        "except files.FileProblem as problem: print(problem)\n"
        "try:\n    with journal.locked(root):\n"
        "        journal.record(root, [journal.Change(str(root / 'a.py'), before, after)])\n"
        "except journal.JournalError as problem: print(problem)\n"
    )
    (tmp_path / "disk").mkdir()
    shell = ["sh", "-c", script, "sh", str(tmp_path / "disk"), str(tmp_path), sys.executable, code]
    command = ["unshare", "--mount", "--map-root-user", *shell]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no mounts here: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    assert lines[0] == "cannot be written: no space left on the disk; it is as it was"
    assert "No space left on device; nothing was changed" in lines[1]
    assert lines[2:4] == ["code 0", "intact"]
    assert lines[4:] == ["a.py", "b.py", "filler", "pyproject.toml"]
