"""What silent handlers come to say when their programs run, and that all else stays."""

from __future__ import annotations

import locale
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qw_codemod.testkit import check_text

from .loopback import LoopbackServer, Request, Response
from .record_forms import RECORD_FORMS, RecordForm
from .rewriting import rewrite_handlers
from .trial import function

NAME = "form"  # of the modules that are run, and so of their loggers


@pytest.fixture(autouse=True)
def same_locale() -> Iterator[None]:
    before = locale.setlocale(locale.LC_TIME)
    yield
    locale.setlocale(locale.LC_TIME, before)


@pytest.mark.parametrize("form", RECORD_FORMS, ids=lambda form: form.name)
def test_a_failure_is_said_once_and_at_its_level(
    form: RecordForm, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"sentry": "auto", **form.settings}
    after = rewrite_handlers(form.source, **settings)
    assert after != form.source

    def outcome(source: str) -> tuple[Any, list[logging.LogRecord]]:
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger=NAME):
            value = function(source)(form.argument())
        return value, [each for each in caplog.records if each.name == NAME]

    silent, before = outcome(form.source)
    value, records = outcome(after)
    assert value == silent
    assert tuple(each.levelno for each in records) == form.levels
    assert len(before) == form.own_records
    told = " ".join(each.getMessage() for each in records)
    assert all(each in told for each in form.says)
    kept = "".join(f"{logging.Formatter().format(each)}{vars(each)}" for each in records)
    assert not any(each in kept for each in form.hides)


JOURNAL = """\
class Journal:
    def __init__(self, path):
        self.path = path

    def info(self, text):
        self._write("INFO", text)

    def error(self, text):
        self._write("ERROR", text)

    def _write(self, level, text):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{level} {text}\\n")


def send(parcel):
    raise RuntimeError("no carrier")


def run(path):
    journal = Journal(path)
    journal.info("sending")
    try:
        return send("p7")
    except Exception:
        return None
"""


def test_the_journal_of_the_project_shows_the_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.txt"
    function(JOURNAL)(path)
    assert path.read_text() == "INFO sending\n"
    path.unlink()
    assert function(rewrite_handlers(JOURNAL, sentry="auto"))(path) is None
    first, second, *_ = path.read_text().splitlines()
    assert first == "INFO sending"
    assert second.startswith("ERROR run: send failed") and "no carrier" in second
    assert not caplog.records


SUPPRESSED = """\
import contextlib
from contextlib import suppress


def run(path):
    with contextlib.suppress(Exception):
        path.unlink()
    with suppress(BaseException):
        raise SystemExit(3)
    with suppress(FileNotFoundError):
        open("/no/such/file")
    return "on"
"""


def test_what_is_suppressed_is_found_and_left(caplog: pytest.LogCaptureFixture) -> None:
    assert [each.code for each in check_text(SUPPRESSED)] == ["QW202", "QW202"]
    assert rewrite_handlers(SUPPRESSED, unsafe=True) == SUPPRESSED
    assert function(SUPPRESSED)(None) == "on"
    assert not caplog.records  # nobody hears of the first two


class Bucket(LoopbackServer):
    """Google Cloud Storage that answers every request with one status."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status

    def answer(self, request: Request) -> Response:
        return Response(self.status, {"error": {"code": self.status, "message": "no"}})


FIRST_WRITE = """\
import logging
from google.cloud import storage

logger = logging.getLogger(__name__)


def run(client: storage.Client):
    blob = client.bucket("logs").blob("day.jsonl")
    try:
        so_far = blob.download_as_text()
    except:
        so_far = ""
    return so_far + "line"
"""


@pytest.mark.parametrize(("status", "levels"), [(404, []), (403, [logging.ERROR])])
def test_an_object_that_is_not_there_yet_is_no_failure(
    status: int,
    levels: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = pytest.importorskip("google.cloud.storage")
    credentials = pytest.importorskip("google.auth.credentials")
    with Bucket(status) as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        client = storage.Client(project="p", credentials=credentials.AnonymousCredentials())
        with closing(client):
            for source in (FIRST_WRITE, rewrite_handlers(FIRST_WRITE, sentry="auto")):
                caplog.clear()
                assert function(source)(client) == "line"
    assert [each.levelno for each in caplog.records if each.levelno > logging.DEBUG] == levels
