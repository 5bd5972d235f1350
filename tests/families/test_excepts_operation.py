"""The name under which a failure is reported, and what is too ordinary to be an event."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import Any

import pytest
from qw_codemod.checks.excepts.effects import log_of
from qw_codemod.checks.excepts.reasons import MayTellSecret, ModuleWithholds

from qw_codemod.kernel.statements import render
from qw_codemod.languages.python import SourceFile
from qw_codemod.testkit import apply_to_text, check_text


def after(body: str, head: str = "", name: str = "run", **settings: Any) -> str:
    text = f"{head}\n\ndef {name}(day, station):\n    try:\n"
    text += textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    text += "\n    except Exception:\n        return None\n"
    return apply_to_text(text, ("excepts",), {"excepts": settings})


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        ("work(day)", "work"),
        ("found = load(day)\nsave(found)", "load"),
        (
            "version = metadata.version('x')\nconnection.request('GET', version)",
            "connection.request",
        ),
        ("request = messages_pb2.Request(day)\ngrpc_call(stub, request)", "grpc_call"),
        ("report = Report(day)\nreport.render()", "report.render"),
        ("report = Report(day)", "Report"),
        ("kind = deserialize_entity_key(bytes.fromhex(day), station)", "deserialize_entity_key"),
        ("kind = load(entity_key(day), station)", "load"),
        ("return int(day._asdict()['size']) + station.x.y()", "station.x.y"),
        ("return int(day.x._asdict()['size'])", "int()"),
        ("rows = []\nfor each in day:" + "\n    rows += [each]" * 12 + "\nreturn out(rows)", "run"),
        ("click.echo('x')\nTracking(config=Config(Day())).start()", "Tracking().start"),
        ("m = sys.modules.get(day) or importlib.import_module(day)", "importlib.import_module"),
        ("dialect = Dialect.get('x')\nreturn dialect.split_up(day)", "dialect.split_up"),
        ("client.query('select 1')\nreturn client.split_up(day)", "client.query"),
        ("return bucket.blob(day).generate_signed_url(day)", "bucket.blob().generate_signed_url"),
        ("a(day)\nchannel.send(day)\nx = channel.get_msg()\nday.stop()", "run"),
        ("path = file_path(day)\nif path:\n    Report().load(path)", "Report().load"),
        ("kind = Kind(day.get(KIND))\nif kind:\n    tell(kind)", "tell"),
        ("x = day['adapter'].columns(station)", "adapter.columns"),
        ("a(day)\nb(day)\nc(day)\nd(day)", "run"),
        ("a(day)\nb(day)\nc(day)\nsend(day)", "send"),
        ("try:\n    a(day)\nexcept Exception:\n    day = 1\nb(day)", "b"),
        ("try:\n    a(day)\nexcept OSError:\n    day = 1\nb(day)", "a"),
        ("try:\n    a(day)\nexcept Exception:\n    raise\nb(day)", "a"),
        ("return bool(day.name in STATIONS)", "day.name"),
        ("if not is_open(day):\n    raise ValueError\nload(day)", "load"),
        ("if is_open(day):\n    pass", "is_open"),
        ("if day.limit:\n    logger.error(build_tags(day))\n    return day.limit", "run"),
        ("return day.head.commit.hexsha", "day.head.commit.hexsha"),
        ("name = day.name\nreturn day.head.commit", "day.head.commit"),
        ("if day.repo:\n    name += day.repo.head.commit.sha.x", "day.repo.head.commit.sha.x"),
        ("day = float(station)", "float(station)"),
        ("day = str(station['a'][0])", "str()"),
        ("day = str(station.headers.get('a') or '')", "station.headers.get"),
        ("if day:\n    day = int(day)", "run"),
        ("day.spec.name = station.branch.name", "station.branch.name"),
        ("repo = git.Repo(day)\nurl = find_url(repo)", "git.Repo"),
        ("with contextlib.redirect_stdout(station):\n    import airflow", "import airflow"),
        ("day = station.get('day')\nreturn validate(day)", "validate"),
        ("return station.get(f'/days/{day}')", "station.get"),
    ],
)
def test_the_operation_is_what_the_try_is_about(body: str, operation: str) -> None:
    assert f'"operation": "{operation}"' in after(body)


CONTEXT = "from airflow.operators.python import get_current_context\n"


@pytest.mark.parametrize(
    ("body", "is_expected"),
    [
        (CONTEXT + "get_current_context()\nreturn {'AIRFLOW': True}", True),
        ("import psycopg\nold = psycopg.types.TypeInfo.fetch", True),
        (CONTEXT + "get_current_context()\nload(day)", False),
        (CONTEXT + "return get_current_context(day)", False),
        ("import boto3\nclient = boto3.client('s3')\nclient.upload_file(day)", False),
        ("from . import other\nother.context()", False),
        ("import psycopg\npsycopg.connect()", False),
    ],
)
def test_a_library_that_may_be_missing_is_asked_something(body: str, is_expected: bool) -> None:
    text = after(body)
    assert ("logger.warning(" in text) == is_expected
    assert ("sentry_sdk.capture_exception(e)" in text) != is_expected


@pytest.mark.parametrize(
    ("comment", "is_expected"),
    [
        ("best-effort teardown", True),
        ("noqa: BLE001 - best effort", True),
        ("Ignore if not found", True),
        ("optional dependency", True),
        ("a failure here is fine", True),
        ("type: ignore", False),
        ("fall back to the generic message", True),
        ("pragma: no cover", False),
        ("noqa: BLE001, S110", False),
        ("pylint: disable=broad-except", False),
        ("this should never happen", False),
        ("why", False),
        ("TODO: what can happen here?", False),
        ("we suppress failed resolutions", True),
        ("silently fall back", True),
    ],
)
def test_a_comment_that_counts_on_the_failure(comment: str, is_expected: bool) -> None:
    for place in ("  # {}\n        pass", "\n        # {}\n        pass"):
        clause = f"except Exception:{place.format(comment)}"
        text = f"def run(day):\n    try:\n        work(day)\n    {clause}\n"
        changed = apply_to_text(text, ("excepts",), {})
        assert ("sentry_sdk" not in changed) == is_expected, place


@pytest.mark.parametrize(
    ("body", "is_expected"),
    [
        ("day.rollback()", True),
        ("day.execute('ROLLBACK;')", True),
        ("day.execute('rollback')\nday.rollback()", True),
        ("day.rollback()\nload(day)", False),
        ("day.execute('COMMIT')", False),
        ("at = day.index('--vars') + 1", True),
        ("at = day.index(load())", False),
    ],
)
def test_what_fails_where_there_is_nothing(body: str, is_expected: bool) -> None:
    assert ("logger.warning(" in after(body)) == is_expected


MAIN = "\n\nif __name__ == '__main__':\n    print(run(None, None))\n"


@pytest.mark.parametrize(
    ("head", "settings", "sends"),
    [
        ("import json, os.path", {}, False),
        ("from concurrent import futures", {}, False),
        ("import json, os.path", {"sentry": "always"}, True),
        ("try:\n    import tomllib\nexcept ImportError:\n    import tomli", {}, False),
        ("import json\nimport requests", {}, True),
        ("from . import shared", {}, True),
    ],
)
def test_a_script_of_the_standard_library_alone_needs_no_package(
    head: str, settings: dict[str, str], sends: bool
) -> None:
    text = head + "\n\n\ndef run(day, station):\n    try:\n        work(day)\n"
    text += "    except Exception:\n        pass\n" + MAIN
    changed = apply_to_text(text, ("excepts",), {"excepts": settings})
    assert 'print(f"work failed: {e}", file=sys.stderr)' in changed
    assert ("sentry_sdk" in changed) == sends


def test_a_function_inside_one_whose_source_is_sent_elsewhere() -> None:
    text = (
        "import inspect\n\n\ndef install(packages):\n    def version(package):\n        try:\n"
        "            return read(package)\n        except Exception:\n            return None\n\n"
        "    return [version(each) for each in packages]\n\n\n"
        "TEXT = inspect.getsource(install)\n"
    )
    (found,) = check_text(text, ("excepts",))
    assert found.safety == "unsafe"
    assert re.search("source of `install\\(\\)` is sent elsewhere", render(found.reason))


@pytest.mark.parametrize(
    ("parameters", "is_unsafe"),
    [
        ("record: logging.LogRecord", True),
        ("self, record", True),
        ("day", False),
        ("record: dict", True),  # by what is asked of it
    ],
)
def test_a_function_that_handles_log_records(parameters: str, is_unsafe: bool) -> None:
    text = (
        f"import logging\n\n\ndef message({parameters}):\n    try:\n"
        "        return record.getMessage()\n    except Exception:\n        return ''\n"
    )
    (found,) = check_text(text, ("excepts",))
    assert ("handles log records" in render(found.reason)) == is_unsafe


@pytest.mark.parametrize(
    ("name", "is_unsafe"),
    [
        ("mask_url", True),
        ("_redact", True),
        ("masked", False),
        ("load_mask", False),
        ("_sanitize_record", False),
    ],
)
def test_a_function_that_hides_secrets(name: str, is_unsafe: bool) -> None:
    text = f"def {name}(day):\n    try:\n        return work(day)\n"
    (found,) = check_text(text + "    except Exception:\n        return ''\n", ("excepts",))
    assert isinstance(found.reason, MayTellSecret) == is_unsafe


@pytest.mark.parametrize(
    ("told", "is_unsafe"),
    [
        ("exception text is where credentials leak", True),
        ("redact_secrets(str(exc))", True),
        ("names an error, and withholds its text", False),
        ("the text of a foreign exception is scrubbed", True),
        ("withholds a foreign exception's text", True),
        ("must not mask the exception", False),
        ("sanitize the name", False),
    ],
)
def test_a_module_that_withholds_what_exceptions_say(told: str, is_unsafe: bool) -> None:
    text = f"# {told}\ndef run(day):\n    try:\n        work(day)\n"
    text += "    except Exception:\n        pass\n"
    (found,) = check_text(text, ("excepts",))
    assert isinstance(found.reason, ModuleWithholds) == is_unsafe
    assert (found.safety == "unsafe") == is_unsafe


def test_a_comment_above_the_only_statement() -> None:
    text = "def run(repo):\n    try:\n        # a branch is not always checked out\n        {}\n"
    text += "    except Exception:\n        pass\n"
    for body, is_expected in (("work(repo)", True), ("work(repo)\n        more()", False)):
        changed = apply_to_text(text.format(body), ("excepts",), {})
        assert ("sentry_sdk" not in changed) == is_expected


def test_a_stream_does_not_log_what_it_cannot_write() -> None:
    text = (
        "class Masked:\n    def {}(self, text):\n        try:\n            self.out.put(text)\n"
        "        except Exception:\n            return 0\n"
    )
    for name, is_unsafe in (("write", True), ("flush", True), ("send", False)):
        (found,) = check_text(text.format(name), ("excepts",))
        assert (found.safety == "unsafe") == is_unsafe


@pytest.mark.parametrize(
    ("parameters", "call", "line"),
    [
        ("self, logger=None", "logger.info('x')", "log.exception("),
        ("self, logger=logging.getLogger('x')", "logger.info('x', tags={})", "log.exception("),
        ("self, logger=logging.getLogger('x')", "logger.info('x', **work())", "log.exception("),
        ("self, context", "context.logger.info('x')", "        logger.exception("),
        ("self, logger: logging.Logger", "logger.info('x')", "        logger.exception("),
        ("self", "self.logger.info('x')", "self.logger.exception("),
    ],
)
def test_a_logger_that_is_given_may_be_anything(parameters: str, call: str, line: str) -> None:
    text = (
        f"import logging\n\n\nclass Feed:\n    def run({parameters}):\n        {call}\n"
        "        try:\n            work()\n        except Exception:\n            pass\n"
    )
    changed = apply_to_text(text, ("excepts",), {})
    assert line in changed
    is_new = "= logging.getLogger(__name__)" in changed
    assert is_new == (parameters not in ("self", "self, logger: logging.Logger"))


@pytest.mark.parametrize(
    ("name", "is_logger"),
    [
        ("logger", True),
        ("self.log", True),
        ("appLogger", True),
        ("logging", True),
        ("cloud_logging", False),  # a client of a service
        ("catalog", False),
        ("blog", False),
        ("log_client", False),
    ],
)
def test_who_is_a_logger_by_name(name: str, is_logger: bool) -> None:
    (call,) = SourceFile("a.py", f"{name}.error('late')\n".encode()).nodes(ast.Call)
    assert (log_of(call) is not None) == is_logger
