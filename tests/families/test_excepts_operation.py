"""The name under which a failure is reported, and where it would be reported in the wrong place."""

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
from qw_codemod.testkit import apply_to_files, apply_to_text, check_text


def after(
    body: str, head: str = "", name: str = "run", is_async: bool = False, **settings: Any
) -> str:
    text = f"{head}\n\n{'async ' * is_async}def {name}(day, station):\n    try:\n"
    text += textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    text += "\n    except Exception:\n        return None\n"
    return apply_to_text(text, ("excepts",), {"excepts": settings}, likely=True)


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        ("work(day)", "run: work"),
        ("return self.work(day)", "run: work"),
        ("found = load(day)\nsave(found)", "run: load or save"),
        ("found = load(day)\nsave(found)\ntell(found)", "run"),
        ("found = load_every_row_of_a_table(day)\nsave_it_somewhere_else(found)", "run"),
        ("job = client.query(day)\nreturn job.result()", "run: client.query().result"),
        ("x = load(day)\nx.check()\nreturn x.rows()", "run: load"),
        ("kind = load(entity_key(day), station)", "run: load"),
        ("click.echo('x')\nTracking(config=Config(Day())).start()", "run: Tracking().start"),
        ("Tracking(config=Config(Day())).start()", "run: Tracking().start"),
        ("return bucket.blob(day).sign(day)", "run: bucket.blob().sign"),
        ("c = bigquery.Client()\njob = c.query(day)\njob.result()", "run: c.query().result"),
        ("c = bigquery.Client()\nload(c)", "run: load"),
        ("if client.has_rows(day):\n    client.load(day)", "run: client.load"),
        ("return Station(day)", "run: Station"),
        ("import os\npath = os.path.join(station, day)\nload(path)", "run: load"),
        ("return (await client.ask(day)).rows()", "run: client.ask().rows"),
        ("x = day['adapter'].columns(station)", "run: adapter.columns"),
        ("try:\n    a(day)\nexcept Exception:\n    day = 1\nb(day)", "run: b"),
        ("try:\n    a(day)\nexcept OSError:\n    day = 1\nb(day)", "run: a or b"),
        ("if day.limit:\n    logger.error(build_tags(day))\n    return day.limit", "run"),
        ("_log('loading')\nload(day)", "run: load"),
        # the function goes on, and one value in it does not convert, is not there, cannot be set
        ("day = float(station)", "run: float"),
        ("day = int(day.strip(), 16)", "run: int"),
        ("with open(day) as file:\n    return file.read()", "run: file.read"),
        ("del day['a'][0]['size']", "run: del size"),
        ("day.station = station", "run: set day.station"),
        ("day = station['a']['b'][0]", "run: read station"),
        ("day = station.size", "run: read station.size"),
        ("day = station.load()['size']", "run: station.load"),
        # what Python did says nothing of what the program was at
        ("return abs(day - station) / day", "run"),
        ("return float(day.split(',')[2])", "run"),
        ("return day.timestamp()", "run"),
        ("return int(station.load()['size'])", "run: station.load"),
        ("return day.head.commit.hexsha", "run"),
        ("day = station.get('day')\nreturn validate(day)", "run: validate"),
    ],
)
def test_the_operation_is_the_function_and_the_call_that_it_makes(
    body: str, operation: str
) -> None:
    changed = after(body, is_async="await" in body)
    assert f'"{operation} failed' in changed


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("try:\n    work(1)\nexcept Exception:\n    pass\n", "work"),
        ("try:\n    a(1)\n    b(2)\nexcept Exception:\n    pass\n", "a"),
        ("x = {}\ntry:\n    x = x['a']\nexcept Exception:\n    pass\n", "code.py"),
        (
            "class Feed:\n    def load(self):\n        try:\n            self.ask()\n"
            "        except Exception:\n            pass\n",
            "Feed.load: ask",
        ),
        (
            "def outer():\n    def inner():\n        try:\n            ask()\n"
            "        except Exception:\n            pass\n\n    return inner\n",
            "inner: ask",
        ),
    ],
)
def test_the_place_of_a_failure(text: str, operation: str) -> None:
    changed = apply_to_files({"code.py": text}, ("excepts",))["code.py"]
    assert f'"{operation} failed' in changed


MAIN = "\n\nif __name__ == '__main__':\n    print(run(None, None))\n"


@pytest.mark.parametrize(
    ("head", "settings", "sends"),
    [
        ("import json, os.path", {"sentry": "unexpected"}, False),
        ("from concurrent import futures", {}, False),
        ("import json, os.path", {"sentry": "always"}, True),
        ("try:\n    import tomllib\nexcept ImportError:\n    import tomli", {}, False),
        ("import json\nimport requests", {}, False),
        ("import json\nimport requests", {"sentry": "unexpected"}, True),
        ("from . import shared", {"sentry": "unexpected"}, True),
    ],
)
def test_a_script_of_the_standard_library_alone_needs_no_package(
    head: str, settings: dict[str, str], sends: bool
) -> None:
    text = head + "\n\n\ndef run(day, station):\n    try:\n        work(day)\n"
    text += "    except Exception:\n        pass\n" + MAIN
    changed = apply_to_text(text, ("excepts",), {"excepts": settings})
    assert 'print(f"run: work failed (day={day}): {e}", file=sys.stderr)' in changed
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


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("int(os.getenv('LIMIT'))", "example.py failed"),
        ("load(os.getenv('LIMIT'))", "load failed"),
    ],
)
def test_a_module_does_not_blame_a_call_that_cannot_fail(value: str, said: str) -> None:
    text = f"import os\n\ntry:\n    LIMIT = {value}\nexcept Exception:\n    LIMIT = 10\n"
    assert f'"{said}: %s"' in apply_to_text(
        f"import logging\n{text}", ("excepts",), {}, likely=True
    )
