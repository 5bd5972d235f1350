"""Two events for one failure: one of them is dropped only where the other tells as much."""

from __future__ import annotations

import textwrap

import pytest
from qw_codemod.checks.excepts import reasons

from qw_codemod.testkit import apply_to_text, check_text

HEAD = """\
import logging

import sentry_sdk
from sentry_sdk import new_scope

logger = logging.getLogger(__name__)


def run(day):
    try:
        return load(day)
    except Exception as e:
"""


def module(handler: str) -> str:
    return HEAD + textwrap.indent(handler, " " * 8) + "\n"


@pytest.mark.parametrize(
    "handler",
    [
        'logger.error(f"no rows: {e}")\nsentry_sdk.capture_exception(e)',
        'logger.error(f"no rows: {e}")\nsentry_sdk.capture_exception()',
        'logger.critical("no rows: %s", e)\nsentry_sdk.capture_exception(error=e)',
        # the first event is kept: what it carries is not lost
        'sentry_sdk.capture_exception(e, level="fatal")\nlogger.error("no rows: %s", e)',
        "with new_scope() as scope:\n    scope.fingerprint = [day]\n"
        '    sentry_sdk.capture_exception(e)\nlogger.error("no rows: %s", e)',
        # both events have the tag
        'sentry_sdk.set_tag("day", day)\nlogger.error(f"no: {e}")\nsentry_sdk.capture_exception(e)',
        "with sentry_sdk.new_scope() as scope:\n    logger.error(str(e))\n"
        "    sentry_sdk.capture_exception(e)",
    ],
)
def test_one_event_tells_as_much_as_two(handler: str) -> None:
    after = apply_to_text(module(handler), ("excepts",), {})
    assert after.count("exc_info=True") == 1
    assert after.replace(", exc_info=True", "") == module(handler)


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (
            'logger.error(f"no rows: {e}")\nsentry_sdk.capture_exception(e, tags={"day": day})',
            reasons.EventCarriesMore,
        ),
        (
            'logger.error(f"no rows: {e}")\nsentry_sdk.capture_exception(e, level="fatal")',
            reasons.EventCarriesMore,
        ),
        (
            'logger.error(f"no rows: {e}")\nsentry_sdk.capture_exception(level="fatal")',
            reasons.EventCarriesMore,
        ),
        (
            'logger.error(f"no rows: {e}")\nsentry_sdk.capture_exception(e, scope)',
            reasons.EventCarriesMore,
        ),
        (
            'logger.error("no rows")\nwith new_scope() as scope:\n    scope.level = "fatal"\n'
            "    sentry_sdk.capture_exception(e)",
            reasons.EventCarriesMore,
        ),
        (
            'logger.error("no")\nsentry_sdk.set_tag("day", day)\nsentry_sdk.capture_exception(e)',
            reasons.EventCarriesMore,
        ),
        (
            'logger.error("no rows")\nsentry_sdk.capture_exception(LookupError(day))',
            reasons.SendsSomethingElse,
        ),
        (
            'logger.error("no rows")\nsentry_sdk.capture_exception(e.__cause__)',
            reasons.SendsSomethingElse,
        ),
        (
            'logger.error("no rows")\nsentry_sdk.capture_message(f"no rows: {e}")',
            reasons.SendsSomethingElse,
        ),
    ],
)
def test_something_would_be_lost(handler: str, reason: type) -> None:
    (found,) = check_text(module(handler), ("excepts",))
    assert found.code == "QW204" and isinstance(found.reason, reason)
    assert apply_to_text(module(handler), ("excepts",), {}) == module(handler)


def test_a_tag_alone_is_no_event() -> None:
    text = module('logger.error("no rows: %s", e)\nsentry_sdk.set_tag("day", day)')
    assert not check_text(text, ("excepts",))
