"""Parts of a file: what an edit leaves alone, and where lines have gone."""

from __future__ import annotations

import json

import pytest

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.layout import ANYWHERE, STAR, Layout, moves

BEFORE = b'''\
import os
from shared import *

class Loader(Base):
    limit = 3

    @cached
    def load(self, day):
        """Load
        # no comment, this
        a day."""
        job = self.query(day)
        def inner(): return job
        return inner

    def query(self, sql): return sql

if os.name == "nt":
    def alone():
        pass
'''


def layout(data: bytes) -> Layout:
    return Layout(SourceFile("/a.py", data))


def differing(before: bytes, after: bytes) -> set[str]:
    """The scopes in which a part of one is none of the other's."""
    old, new = (
        {(part.scope, part.digest) for part in layout(each).parts} for each in (before, after)
    )
    return {scope for scope, _ in old ^ new}


def test_each_line_of_code_has_its_part() -> None:
    found = layout(BEFORE)
    owners = {line: found.part_of(line) for line in range(1, 21)}
    scopes = {line: part.scope if part else None for line, part in owners.items()}
    assert scopes[1] == scopes[4] == scopes[18] == ""
    assert scopes[5] == scopes[7] == scopes[8] == scopes[16] == "Loader"
    assert {scopes[line] for line in range(9, 15)} == {"Loader.load"}
    assert scopes[20] == "alone"
    assert owners[7] is owners[8]
    assert owners[5] is not owners[8]


@pytest.mark.parametrize(
    ("old", "new", "scopes"),
    [
        (b"import os\n", b"# a comment\n\nimport os\n", set()),
        (b"        job = self", b"\n        # why\n        job = self", set()),
        (b"        a day", b"        one day", {"Loader.load"}),
        (b"# no comment", b"# a comment?", {"Loader.load"}),
        (b"self.query(day)", b"self.query(night)", {"Loader.load"}),
        (b"(Base)", b"(Other)", {""}),
        (b"limit = 3", b"limit = 4", {"Loader"}),
        (b"@cached", b"@kept", {"Loader"}),
        (b"return sql", b"return None", {"Loader"}),
        (b"        pass", b"        return 1", {"alone"}),
    ],
)
def test_an_edit_changes_the_parts_that_it_touches(
    old: bytes, new: bytes, scopes: set[str]
) -> None:
    assert old in BEFORE
    assert differing(BEFORE, BEFORE.replace(old, new)) == scopes


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
def test_other_line_ends_have_the_same_parts(newline: bytes) -> None:
    assert differing(BEFORE, BEFORE.replace(b"\n", newline)) == set()


def test_two_definitions_of_one_name_are_two_scopes() -> None:
    found = layout(b"def f():\n    return 1\ndef f():\n    return 2\n")
    assert [part.scope for part in found.parts] == ["", "f", "", "f#2"]


def test_words_name_the_parts_that_hold_them_all() -> None:
    found = layout(BEFORE)
    assert len(found.with_words(ANYWHERE, ["query"]).split()) == 2
    assert len(found.with_words("Loader", ["query"]).split()) == 1
    assert found.with_words(ANYWHERE, ["quer"]) == ""
    assert found.with_words("", [STAR]) == found.with_words("", ["shared"])
    assert len(found.with_words("Loader", []).split()) == 3


def test_lines_of_parts_that_stayed_are_found_again() -> None:
    after = BEFORE.replace(b"import os\n", b"import os\n\n# more\n").replace(
        b"limit = 3", b"limit = 4"
    )
    found = moves(layout(BEFORE).lines(), layout(after).lines())
    assert found[1] == 1
    assert found[12] == 14
    assert 5 not in found
    assert moves("", layout(after).lines()) == {}
    assert json.loads(layout(BEFORE).lines())[0][0] == ""
