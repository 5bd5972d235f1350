"""Rewritten handlers with the real Sentry SDK: one event for a failure, and the flow as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk

from .handler_forms import EXPECTED, HEAD, UNEXPECTED, HandlerForm
from .rewriting import rewrite_handlers
from .sentry_server import SentryServer
from .trial import function

NAME = "form"  # of the modules that are run, and so of their loggers


@pytest.fixture(scope="module")
def server() -> Iterator[SentryServer]:
    with SentryServer() as server:
        sentry_sdk.init(server.dsn, auto_session_tracking=False, traces_sample_rate=None)
        yield server
        sentry_sdk.get_client().close(timeout=5)
        sentry_sdk.init()  # the other tests send nothing


@pytest.fixture
def events(server: SentryServer) -> list[dict[str, Any]]:
    """The events of one test; `sent` waits for them."""
    sentry_sdk.flush(timeout=10)
    server.events.clear()
    return server.events


def sent(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sentry_sdk.flush(timeout=10)
    return events


def outcome(source: str, argument: Any) -> Any:
    return function(source)(argument)


@pytest.mark.parametrize("form", UNEXPECTED, ids=lambda form: form.name)
def test_a_failure_is_one_event_and_the_flow_stays(
    form: HandlerForm, events: list[dict[str, Any]]
) -> None:
    after = rewrite_handlers(form.source)
    assert "except:" not in after
    for failure in (None, RuntimeError("no station")):
        assert outcome(after, failure) == outcome(form.source, failure)
        sentry_sdk.flush(timeout=10)
    (event,) = [each for each in events if "exception" in each]
    assert len(events) - _of_the_code_before(form) == 1
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("RuntimeError", "no station")
    if form.operation:
        extra = event["extra"]
        told = extra.get("context") or extra.get("extra") or extra
        assert told["operation"] == form.operation
        assert {key for key in told if key in form.context} == set(form.context)


def _of_the_code_before(form: HandlerForm) -> int:
    """`logger.error` without the exception was an event before, too: one without a cause."""
    return 1 if form.name == "logs an error" else 0


@pytest.mark.parametrize("form", EXPECTED, ids=lambda form: form.name)
def test_what_is_expected_is_no_event(
    form: HandlerForm, events: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    after = rewrite_handlers(form.source)
    with caplog.at_level(logging.DEBUG, logger=NAME):
        assert outcome(after, "\0 none") == outcome(form.source, "\0 none")
    assert not sent(events)
    (record,) = [each for each in caplog.records if each.name == NAME]
    of_file = form.name == "file"
    assert record.levelno == (logging.WARNING if of_file else logging.DEBUG)
    assert record.getMessage().startswith(f"{form.operation} failed")
    assert all(f"{name}=" in record.getMessage() for name in form.context)


def test_everything_is_sent_where_that_is_wanted(events: list[dict[str, Any]]) -> None:
    outcome(rewrite_handlers(EXPECTED[0].source, sentry="always"), "x")
    assert len(sent(events)) == 1


@pytest.mark.parametrize("form", EXPECTED, ids=lambda form: form.name)
def test_a_narrowed_net_still_catches_what_is_expected(form: HandlerForm) -> None:
    after = rewrite_handlers(form.source, narrow=True)
    assert "except Exception" not in after and "except:" not in after
    assert outcome(after, "\0 none") == outcome(form.source, "\0 none")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("form", UNEXPECTED[:1] + UNEXPECTED[3:7], ids=lambda form: form.name)
def test_what_ends_the_program_passes_through(
    form: HandlerForm, error: type[BaseException], events: list[dict[str, Any]]
) -> None:
    outcome(form.source, error())
    with pytest.raises(error):
        outcome(rewrite_handlers(form.source), error())
    assert not sent(events)


CLEANUP = HEAD + (
    "\n\ndone = []\n\n\ndef run(fails):\n    try:\n        work(fails)\n    except:\n"
    "        done.append(1)\n        raise\n    return done\n"
)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_a_cleanup_still_catches_everything(error: type[BaseException]) -> None:
    after = rewrite_handlers(CLEANUP)
    run = function(after)
    with pytest.raises(error):
        run(error())
    assert run(None) == [1]


def test_a_translation_keeps_its_cause() -> None:
    source = HEAD + (
        "\n\ndef run(fails):\n    try:\n        return work(fails)\n    except:\n"
        "        raise Refused('no')\n"
    )
    with pytest.raises(Exception, match="no") as caught:
        outcome(rewrite_handlers(source), RuntimeError("cause"))
    assert isinstance(caught.value.__cause__, RuntimeError)


DOUBLE = (
    "import logging\nimport sentry_sdk\n\nlogger = logging.getLogger(__name__)\n\n\n"
    "def run(text):\n    try:\n        return int(text)\n    except ValueError as e:\n"
    "        logger.error(f'no number: {e}')\n        sentry_sdk.capture_exception(e)\n"
)


def test_two_events_for_one_failure_become_one(events: list[dict[str, Any]]) -> None:
    outcome(DOUBLE, "x")
    assert len(sent(events)) == 2
    events.clear()
    outcome(rewrite_handlers(DOUBLE), "x")
    assert len(sent(events)) == 1


HEAD_OF_REPORTS = (
    "import logging\nimport sentry_sdk\n\nlogger = logging.getLogger(__name__)\n\n\n"
    "def run(text):\n    try:\n        return int(text)\n    except Exception as e:\n"
)
OWN_SAY = {
    "tags and a level": (
        "        logger.error(f'no number: {e}')\n"
        "        sentry_sdk.capture_exception(e, tags={'shop': text}, level='fatal')\n"
    ),
    "a fingerprint": (
        "        logger.error('no number: %s', e)\n        with sentry_sdk.new_scope() as scope:\n"
        "            scope.fingerprint = ['shop', text]\n"
        "            sentry_sdk.capture_exception(e)\n"
    ),
    "another error": (
        "        logger.error(f'no number: {e}')\n"
        "        sentry_sdk.capture_exception(LookupError(text))\n"
    ),
    "a message": (
        "        logger.error(f'no number: {e}')\n"
        "        sentry_sdk.capture_message(f'{text} is no number')\n"
    ),
    "once already": (
        "        logger.exception('no number')\n        sentry_sdk.capture_exception(e)\n"
    ),
}


def told(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What each event says that its author chose."""
    return sorted(
        (
            each["level"],
            str(each.get("tags")),
            str(each.get("fingerprint")),
            [error["type"] for error in each.get("exception", {"values": []})["values"]],
            str(each.get("message")),
        )
        for each in events
    )


@pytest.mark.parametrize("name", OWN_SAY)
def test_what_was_said_of_a_failure_still_is(name: str, events: list[dict[str, Any]]) -> None:
    source = HEAD_OF_REPORTS + OWN_SAY[name]
    outcome(source, "x")
    before = told(sent(events))
    events.clear()
    outcome(rewrite_handlers(source), "x")
    assert told(sent(events)) == before
    assert len(before) == (1 if name == "once already" else 2)


BRACES = (
    "import sentry_sdk\nfrom loguru import logger\n\n\ndef run(lines):\n"
    "    logger.remove()\n    logger.add(lines.append)\n    try:\n"
    "        raise ValueError(\"no {'id': 7}\")\n    except Exception as e:\n"
    "        logger.error(f'no line: {e}')\n        sentry_sdk.capture_exception(e)\n"
    "        return 'on'\n"
)


def test_braces_of_an_error_are_no_format(events: list[dict[str, Any]]) -> None:
    after = rewrite_handlers(BRACES)
    for source, most in ((BRACES, 2), (after, 1)):
        lines: list[str] = []
        assert outcome(source, lines) == "on"
        (line,) = lines
        assert "no line: no {'id': 7}" in line
        assert 1 <= len(sent(events)) <= most
        events.clear()


def test_on_swallow_raises_on(events: list[dict[str, Any]]) -> None:
    for form in UNEXPECTED[:5]:
        after = rewrite_handlers(form.source, on_swallow="raise")
        with pytest.raises(RuntimeError):
            outcome(after, RuntimeError("no station"))
    assert len(sent(events)) == 5


REPORTING = (
    "import sentry_sdk\n\n\ndef run(error):\n    try:\n"
    "        sentry_sdk.capture_exception(error)\n        raise error\n    except:\n        pass\n"
)


def test_the_reporting_does_not_report_itself(events: list[dict[str, Any]]) -> None:
    after = rewrite_handlers(REPORTING)
    assert "except Exception:\n        pass\n" in after
    outcome(after, RuntimeError("x"))
    assert len(sent(events)) == 1
