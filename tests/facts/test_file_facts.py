"""The facts of a file are stored wherever it is, and read from a cache that nobody need trust."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from qw_codemod.facts import project
from qw_codemod.facts.file_facts import FileFacts, facts_of, packed, unpacked
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.module import View

_TEST = b"""from unittest.mock import Mock
import app.loading as loading

class FakeJob:
    def result(self, timeout=None):
        return [Row(1)]

def test_load(monkeypatch):
    client = Mock(**{"query.return_value.result.side_effect": lambda: FakeJob()})
    monkeypatch.setattr("app.loading.client", client)
    loading.load()
    client.query.assert_called_once_with("SELECT 1", timeout=5)
"""


def facts(path: str) -> FileFacts:
    return facts_of(View(SourceFile(path, _TEST), is_test=True), with_answers=True)


def test_stored_facts_are_those_of_the_file_at_its_new_path() -> None:
    there, here = facts("/there/tests/test_a.py"), facts("/here/tests/test_a.py")
    assert there.doubles.stubs and there.names.definitions and there.texts
    assert unpacked(packed(there), "/here/tests/test_a.py") == here
    assert b"/there" not in packed(there)


class _Hostile:
    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._made),)


def test_nothing_is_called_by_what_is_stored(tmp_path: Path) -> None:
    hostile = pickle.dumps(_Hostile(tmp_path / "made"))
    assert unpacked(hostile, "/a.py") is None
    assert not (tmp_path / "made").exists()


def test_stored_facts_that_make_no_sense_are_none() -> None:
    stored = packed(facts("/a.py"))
    for data in (b"", b"x", stored[: len(stored) // 2], pickle.dumps(5), pickle.dumps(None)):
        assert unpacked(data, "/a.py") is None


def test_facts_that_are_packed_away_are_the_same_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "_MANY", 4)
    paths = [str(tmp_path / f"test_{number}.py") for number in range(10)]
    for number, path in enumerate(paths):
        Path(path).write_bytes(_TEST.replace(b"FakeJob", b"Fake%d" % number))
    Path(paths[3]).write_text("def broken(:\n")
    tree = project.Tree(str(tmp_path), paths)
    first = [tree.facts(path) for path in paths]
    assert len(tree._facts) < len(tree._packed) + len(tree._facts) <= len(paths)
    assert [tree.facts(path) for path in paths] == first
    tree.overlay(SourceFile(paths[0], b"def other():\n    pass\n"))
    changed = tree.facts(paths[0])
    assert changed is not None and [each.name for each in changed.names.definitions] == ["other"]
