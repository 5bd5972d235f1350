"""What a run says of waits: places in the file as it stands, each reason once, what to type."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from qw_codemod.app.cli import cli

HEAD = "from google.cloud import bigquery\n\nclient = bigquery.Client()\n\n\n"


def said(project: Path, text: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (project / "app.py").write_text(HEAD + text)
    monkeypatch.chdir(project)
    return CliRunner().invoke(cli, arguments).output


STUBBED = """\
def prices(day):
    frame = client.query(f"SELECT * FROM prices WHERE day = '{day}'").to_dataframe()
    return frame


def loaded(uri):
    for attempt in range(3):
        try:
            return client.load_table_from_uri(uri, "shop.prices").result()
        except Exception as error:
            print("again:", error)
"""
TEST = """\
from unittest import mock

import app


def test_prices():
    with mock.patch("app.client") as client:
        client.query.return_value.to_dataframe.return_value = "frame"
        assert app.prices("2024-01-01") == "frame"
"""


def test_a_diff_tells_the_places_of_the_file_as_it_is(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "test_app.py").write_text(TEST)
    output = said(project, STUBBED, "apply", "timeouts", "--diff", monkeypatch=monkeypatch)
    assert "+    job.result(timeout=300)" in output
    assert "in line 15 goes on" in output and "app.py:14\n" in output
    output = said(project, STUBBED, "apply", "timeouts", monkeypatch=monkeypatch)
    assert "in line 17 goes on" in output and "app.py:16\n" in output


def test_the_form_of_an_edit_is_explained_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "test_app.py").write_text(TEST)
    output = said(project, STUBBED, "apply", "timeouts", "--diff", monkeypatch=monkeypatch)
    assert output.count("the wait has a line of its own") == 1


EXISTING = """\
def get_existing_ids():
    try:
        return {row.id for row in client.query("SELECT id FROM players").result()}
    except Exception as error:
        print("no ids", error)
        return set()


def players():
    try:
        return list(client.query("SELECT id FROM players"))
    except Exception as error:
        print("no players", error)
        return []
"""


def test_a_default_that_decides_about_a_write_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = said(project, EXISTING, "apply", "timeouts", "--diff", monkeypatch=monkeypatch)
    assert "Would make 2 edits" in output
    assert "      1  after a timeout the default decides what is written" in output
    assert "         app.py:8\n" in output


SILENT = """\
def ids():
    try:
        return {row.id for row in client.query("SELECT id FROM players").result()}
    except Exception:
        return set()
"""


def test_a_silent_handler_is_for_the_same_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (("check", "--select", "timeouts"), ("apply", "timeouts", "--diff")):
        output = said(project, SILENT, *command, monkeypatch=monkeypatch)
        assert "qw-codemod apply excepts,timeouts\n" in output and "--unsafe" not in output
    output = said(project, SILENT, "apply", "timeouts,excepts", "--diff", monkeypatch=monkeypatch)
    assert "result(timeout=300)" in output and "Left" not in output


def test_a_reason_is_given_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def f(**more):\n    client.query('CALL a()').result(**more)\n"
    output = said(project, text, "check", "--select", "timeouts", monkeypatch=monkeypatch)
    assert "already; `**more`" not in output
