"""Files are found as git and people mean it, read with clear errors, replaced whole or not."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from qw_codemod.engine import files
from qw_codemod.engine.files import (
    FileProblem,
    Listing,
    find,
    find_root,
    matches,
    project_files,
    replace,
)

Write = Callable[..., Path]
Git = Callable[..., str]


def found(root: Path, *paths: str, **options: bool) -> list[str]:
    listing = listed(root, *paths, **options)
    assert not listing.problems
    return [os.path.relpath(path, root) for path in listing.files]


def listed(root: Path, *paths: str, **options: bool) -> Listing:
    return find(paths or (".",), root, lambda path: "/excluded/" in path, **options)


LEFT_OUT = [
    "node_modules/gyp/a.py",
    "env/lib/python3.11/site-packages/a.py",
    "pkg/__pycache__/a.py",
    ".tox/py311/a.py",
    ".hidden/a.py",
    "_vendor/a.py",
    "excluded/a.py",
]


def test_a_folder_without_git_is_walked(project: Path, write: Write) -> None:
    for path in ("a.py", "b/c.py", "b/a.py", "build/a.py", "dist/a.py", "b/notes.txt", *LEFT_OUT):
        write(path, "")
    assert found(project) == ["a.py", "b/a.py", "b/c.py"]


def test_git_says_what_is_ignored(project: Path, write: Write, git: Git) -> None:
    write(".gitignore", "made/\n")
    for path in ("a.py", "made/a.py", "build/tracked.py", "untracked.py", "gone.py", *LEFT_OUT):
        write(path, "")
    git("add", "-f", "a.py", "gone.py", "build/tracked.py", "node_modules/gyp/a.py")
    (project / "gone.py").unlink()
    assert found(project) == ["a.py", "build/tracked.py", "untracked.py"]
    assert "left out: 1 file in node_modules/" in listed(project).notices


@pytest.mark.parametrize("with_git", [True, False])
def test_a_folder_for_code_of_others_is_ours_if_it_uses_what_lies_around(
    project: Path, write: Write, git: Git, with_git: bool
) -> None:
    for path in ("app/__init__.py", "app/settings/__init__.py", "app/vendor/__init__.py"):
        write(path, "")
    write("app/settings/third_party/__init__.py", "")
    write("app/settings/third_party/mail.py", "import mail\n")
    write("app/settings/third_party/search.py", "from ..base import DEBUG\n")
    write("app/vendor/models.py", "from app.vendor.base import Base\nfrom app.base import Model\n")
    write("app/third_party/six.py", "from app.third_party import other\nfrom . import more\n")
    write("third_party/LICENSE", "MIT\n")
    write("third_party/a.py", "from ..app import base\n")
    if with_git:
        git("add", "-A")
    assert found(project) == [
        "app/__init__.py",
        "app/settings/__init__.py",
        "app/settings/third_party/__init__.py",
        "app/settings/third_party/mail.py",
        "app/settings/third_party/search.py",
        "app/vendor/__init__.py",
        "app/vendor/models.py",
    ]


def test_git_of_a_hook_does_not_lead_elsewhere(
    project: Path, write: Write, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.py", "")
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "nonexistent")
    assert found(project) == ["a.py"]


def test_git_runs_nothing_of_the_tree(project: Path, write: Write, git: Git) -> None:
    write("a.py", "")
    mark = project / "mark"
    script = write("monitor.sh", f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    git("config", "core.fsmonitor", str(script))
    assert found(project) == ["a.py"]
    assert not mark.exists()


def test_a_virtual_environment_of_any_name_is_left_out(project: Path, write: Write) -> None:
    write("tools/pyvenv.cfg", "")
    write("tools/lib/a.py", "")
    write("a.py", "")
    assert found(project) == ["a.py"]


@pytest.mark.parametrize("path", [*LEFT_OUT, "made/a.py"])
def test_a_path_given_by_name_is_always_examined(
    project: Path, write: Write, git: Git, path: str
) -> None:
    write(".gitignore", "made/\n")
    write(path, "")
    assert found(project, path) == [path]


def test_unless_exclusion_is_forced(project: Path, write: Write) -> None:
    write("excluded/a.py", "")
    write("a.py", "")
    assert found(project, "excluded/a.py", "a.py", force_exclude=True) == ["a.py"]


def test_an_ignored_folder_given_by_name_is_walked(project: Path, write: Write, git: Git) -> None:
    write(".gitignore", "made/\n")
    write("made/deep/a.py", "")
    assert found(project, "made") == ["made/deep/a.py"]


def test_each_file_once_in_one_order(project: Path, write: Write) -> None:
    for name in ("z.py", "a.py", "m/b.py"):
        write(name, "")
    assert found(project, "z.py", ".", "m", "./a.py") == ["a.py", "m/b.py", "z.py"]


def test_notebooks_are_refused_by_name(project: Path, write: Write) -> None:
    write("a.ipynb", "{}")
    assert listed(project).notices == ["notebooks are not examined: a.ipynb"]
    ((path, reason),) = listed(project, "a.ipynb").problems
    assert path == f"{project}/a.ipynb"
    assert "notebooks are not examined" in reason


def test_what_is_no_python_is_refused(project: Path, write: Write) -> None:
    write("query.sql", "")
    write("nightly", "#!/usr/bin/env python3\n")
    write("types.pyi", "")
    assert found(project, "nightly", "types.pyi") == ["nightly"]
    assert [reason for _, reason in listed(project, "query.sql", "gone.py").problems] == [
        "does not exist",
        "not a Python file: neither .py nor a python interpreter in its first line",
    ]


def test_a_link_out_of_the_project_is_not_followed(
    project: Path, write: Write, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("")
    (project / "link.py").symlink_to(outside / "a.py")
    (project / "folder").symlink_to(outside)
    assert listed(project).files == []
    assert f"link.py is a symbolic link to {outside}/a.py" in listed(project).notices[0]
    for name in ("link.py", "folder"):
        ((path, reason),) = listed(project, name).problems
        assert path == f"{project}/{name}"
        assert "a symbolic link out of the project" in reason


def test_a_link_inside_the_project_is_its_target(project: Path, write: Write) -> None:
    write("real.py", "")
    (project / "link.py").symlink_to("real.py")
    assert found(project) == ["real.py"]
    assert found(project, "link.py") == ["real.py"]


def test_a_folder_without_permission_is_named(
    project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.py", "")
    write("locked/b.py", "")
    scan = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = listed(project)
    assert listing.problems == [(f"{project}/locked", "cannot be listed: permission denied")]
    assert listing.files == [f"{project}/a.py"]


def test_the_root_is_gits_before_any_other(tmp_path: Path) -> None:
    inner = tmp_path / "services" / "loader"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").touch()
    assert find_root(inner) == inner
    assert find_root(inner / "pyproject.toml") == inner
    (tmp_path / ".git").mkdir()
    assert find_root(inner) == tmp_path


def test_without_any_sign_the_folder_itself_is_the_root(tmp_path: Path) -> None:
    assert find_root(tmp_path) == tmp_path


def test_the_whole_tree_is_known(project: Path, write: Write) -> None:
    write("a.py", "")
    write("excluded/b.py", "")
    write("c.ipynb", "")
    assert project_files(project) == [f"{project}/a.py", f"{project}/excluded/b.py"]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a/b.py", "b.py", True),
        ("a/b.py", "a", True),
        ("a/b.py", "a/", True),
        ("a/b.py", "*.py", True),
        ("a/b.py", "a/*.py", True),
        ("x/a/b.py", "a/*.py", False),
        ("x/a/b.py", "**/a/*.py", True),
        ("a/x/y/b.py", "a/**", True),
        ("ab/b.py", "a", False),
        ("a/b.py", "A", False),
    ],
)
def test_globs(path: str, pattern: str, expected: bool) -> None:
    assert matches(path, [pattern]) is expected


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600])
def test_a_replaced_file_keeps_its_mode(project: Path, write: Write, mode: int) -> None:
    file = write("a.py", "old")
    file.chmod(mode)
    replace(str(file), b"old", b"new")
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert sorted(each.name for each in project.iterdir()) == ["a.py", "pyproject.toml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(write: Write) -> None:
    file = write("a.py", "old")
    os.chown(file, 1234, 2345)
    replace(str(file), b"old", b"new")
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


def test_what_a_killed_run_left_is_written_over(project: Path, write: Write) -> None:
    file = write("a.py", "old")
    write(".a.py.qw-codemod", "half")
    replace(str(file), b"old", b"new")
    assert file.read_bytes() == b"new"
    assert sorted(each.name for each in project.iterdir()) == ["a.py", "pyproject.toml"]


def test_a_planted_temporary_link_is_not_written_through(project: Path, write: Write) -> None:
    victim = write("victim", "safe")
    file = write("a.py", "old")
    (project / ".a.py.qw-codemod").symlink_to(victim)
    replace(str(file), b"old", b"new")
    assert victim.read_bytes() == b"safe"
    assert not file.is_symlink()


def refusal(file: Path, before: bytes = b"old") -> str:
    with pytest.raises(FileProblem) as caught:
        replace(str(file), before, b"new")
    assert not (file.parent / f".{file.name}.qw-codemod").exists()
    return str(caught.value)


def test_refused_changed_since_it_was_read(write: Write) -> None:
    file = write("a.py", "edited")
    assert "changed while it was examined" in refusal(file)
    assert file.read_bytes() == b"edited"


def test_refused_changed_while_the_new_bytes_were_written(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("a.py", "old")
    fsync = os.fsync

    def saves(handle: int) -> None:
        fsync(handle)
        file.write_text("saved in an editor")

    monkeypatch.setattr(os, "fsync", saves)
    assert "changed while it was examined" in refusal(file)
    assert file.read_bytes() == b"saved in an editor"


def test_refused_read_only(write: Write, read_only: Callable[[Path], None]) -> None:
    file = write("a.py", "old")
    read_only(file)
    assert refusal(file) == "read-only, so it is not written: chmod u+w a.py"
    assert file.read_bytes() == b"old"


def test_written_where_the_system_lets_us(write: Write) -> None:
    """Root may write what is marked read-only, as with any editor; the mark stays."""
    file = write("a.py", "old")
    file.chmod(0o444)
    if not os.access(file, os.W_OK):
        pytest.skip("not root: the system refuses")
    files.replace(str(file), b"old", b"new")
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o444


def test_refused_hard_links(project: Path, write: Write) -> None:
    file = write("a.py", "old")
    os.link(file, project / "b.py")
    assert "has 2 names (hard links)" in refusal(file)
    assert (project / "b.py").read_bytes() == b"old"


def test_refused_symbolic_link(project: Path, write: Write) -> None:
    write("real.py", "old")
    (project / "link.py").symlink_to("real.py")
    assert "a symbolic link" in refusal(project / "link.py")


def test_refused_vanished(project: Path) -> None:
    assert "does not exist any more" in refusal(project / "gone.py")


def test_reading_says_what_is_wrong(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(project / "pipe.py")
    with pytest.raises(FileProblem, match="not a regular file"):
        files.read(str(project / "pipe.py"))
    with pytest.raises(FileProblem, match="does not exist any more"):
        files.read(str(project / "gone.py"))
    monkeypatch.setattr(files, "LARGEST", 3)
    (project / "big.py").write_text("x = 1")
    with pytest.raises(FileProblem, match="too large"):
        files.read(str(project / "big.py"))
