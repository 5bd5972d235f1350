"""What one process has read is found by the others, whole or not at all."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from qw_codemod.facts.exchange import Exchange
from qw_codemod.facts.file_facts import facts_of
from qw_codemod.facts.project import Tree


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with contextlib.closing(Exchange(2)) as made:
        yield made


def test_what_one_writes_the_other_finds(exchange: Exchange) -> None:
    first, second = exchange.member(0), exchange.member(1)
    assert second.find("a.py") is None
    first.add("a.py", b"1")
    first.add("b.py", b"")
    assert (second.find("a.py"), second.find("b.py")) == (b"1", b"")
    first.add("ä.py", b"3")
    assert second.find("ä.py") == b"3"
    assert first.find("a.py") is None, "it has that itself"


def test_they_begin_at_the_two_ends(exchange: Exchange) -> None:
    assert exchange.member(0).in_turn("abc") == ["a", "b", "c"]
    assert exchange.member(1).in_turn("abc") == ["c", "b", "a"]


def test_what_is_not_written_to_its_end_is_not_there(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = exchange.member(0), exchange.member(1)
    write = os.write
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:-1]))
    first.add("a.py", b"123")
    monkeypatch.undo()
    first.add("b.py", b"456")
    assert (second.find("a.py"), second.find("b.py")) == (None, None)


def test_one_that_takes_the_place_of_another_only_looks(exchange: Exchange) -> None:
    late = exchange.member(2)
    late.add("a.py", b"1")
    exchange.member(0).add("b.py", b"2")
    assert (exchange.member(1).find("a.py"), late.find("b.py")) == (None, b"2")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes that share open files")
def test_between_processes(exchange: Exchange) -> None:
    context = multiprocessing.get_context("fork")
    process = context.Process(target=lambda: exchange.member(1).add("a.py", b"x" * 100_000))
    process.start()
    process.join()
    assert exchange.member(0).find("a.py") == b"x" * 100_000


def test_a_tree_reads_no_file_whose_facts_another_has_found(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tests" / "test_a.py"
    path.parent.mkdir()
    path.write_text("import jobs\n\ndef test_it(client):\n    client.query.return_value = 1\n")
    first, second = (
        Tree(str(tmp_path), [str(path)], exchange=exchange.member(number)) for number in (0, 1)
    )
    found = first.facts(str(path))
    read: list[str] = []

    def noted(view, with_answers):  # type: ignore[no-untyped-def]
        read.append(view.path)
        return facts_of(view, with_answers)

    monkeypatch.setattr("qw_codemod.facts.project.facts_of", noted)
    assert second.facts(str(path)) == found
    assert not read
    path.write_text("import other\n")
    third = Tree(str(tmp_path), [str(path)], exchange=exchange.member(1))
    assert third.facts(str(path)) != found
    assert read
