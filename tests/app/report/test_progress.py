"""Progress shows on a terminal, on long runs, and leaves nothing."""

from __future__ import annotations

import io

import pytest

from qw_codemod.app.report import progress
from qw_codemod.app.report.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SILENCE", 0.0)
    monkeypatch.setattr(progress, "_PACE", 0.0)


def shown(stream: io.StringIO) -> str:
    bar = Progress(stream, 10)
    bar(5)
    bar.wipe()
    return stream.getvalue()


@pytest.mark.usefixtures("hurried")
def test_a_terminal_sees_how_far_it_is() -> None:
    output = shown(Terminal())
    assert "[##########..........] 5/10 files, " in output
    assert output.endswith("\r\x1b[K")


@pytest.mark.usefixtures("hurried")
def test_a_pipe_sees_nothing() -> None:
    assert shown(io.StringIO()) == ""


def test_a_short_run_shows_nothing() -> None:
    assert shown(Terminal()) == ""
