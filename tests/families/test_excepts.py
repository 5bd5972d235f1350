"""What the family `excepts` writes: names, context, loggers, imports, and where it holds back."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from qw_codemod.checks.excepts.reasons import MayExit, MayExitWithin

from qw_codemod.kernel.model import Finding
from qw_codemod.kernel.statements import render
from qw_codemod.testkit import apply_to_files, apply_to_text, check_files, check_text


def after(text: str, **settings: Any) -> str:
    return apply_to_text(textwrap.dedent(text).lstrip(), ("excepts",), {"excepts": settings})


def findings(text: str, **settings: Any) -> list[Finding]:
    found = check_text(textwrap.dedent(text).lstrip(), ("excepts",), {"excepts": settings})
    return list(found)


def handler(
    body: str = "pass", parameters: str = "", inner: str = "work()", clause: str = "except:"
) -> str:
    return f"def run({parameters}):\n    try:\n        {inner}\n    {clause}\n        {body}\n"


LOGGER = "import logging\n\nimport sentry_sdk\n\nlogger = logging.getLogger(__name__)\n\n\n"


@pytest.mark.parametrize(
    ("parameters", "inner", "told"),
    [
        ("day", "work(day)", ["day"]),
        ("day, region: str", "work(region, day)", ["day", "region"]),
        ("day", "work()", []),
        ("game_date, player_id, path", "work(player_id, path)", ["player_id", "path"]),
        ("week: int, since: date, limit: int = 3", "work(week, since, limit)", ["week", "since"]),
        ("table_name, first_name, name", "work(table_name, first_name, name)", ["table_name"]),
        # an object, a row or a mapping, as far as can be seen
        ("frame: DataFrame", "work(frame)", []),
        ("rows: list[str], day: 'str | None'", "work(rows, day)", ["day"]),
        ("client, session, table, game", "work(client, session, table, game)", []),
        ("table", "work(f'SELECT 1 FROM {table}')", ["table"]),
        ("table='games'", "work(table)", ["table"]),
        ("table", "work('SELECT 1 FROM ' + table)", ["table"]),
        ("table", "work(table['a'])", []),
        ("table", "work(len(table))", []),
        ("table", "work(f'{table}', table.schema)", []),
        ("path", "work(path.open())", []),
        ("path: Path", "work(path.open())", ["path"]),
        ("source: Path", "work(source.read_text())", ["source"]),
        ("source", "work(source.read_text())", ["source"]),
        ("source, game", "work(source.open(), game.name)", []),
        ("path", "work(path.strip())", ["path"]),
        ("day: dict[str, str], path: list", "work(day, path)", []),
        # texts, bodies and statements
        ("text: str, body: str, sql: str, query: str", "work(text, body, sql, query)", []),
        ("headers, proxies, payload, params", "work(headers, proxies, payload, params)", []),
        ("query_by_day, path_of_team", "work(query_by_day, path_of_team)", ["path_of_team"]),
        # credentials, and what is known of a person
        ("api_key: str, token: str, password, auth_id", "work(api_key, token, password)", []),
        ("session_id, access_key_id, pin: int", "work(session_id, access_key_id, pin)", []),
        ("email, phone: int, birth_date, person_id", "work(email, phone, birth_date)", []),
        ("name, args, message", "work(name, args, message)", []),
        ("*many, **more", "work(many, more)", []),
        # a number is one where it is used as one; others are of telephones
        ("number, lang", "work(int(number), lang)", ["number", "lang"]),
        ("number", "work(number)", []),
        ("phone_number", "work(int(phone_number))", []),
    ],
)
def test_what_identifies_the_failure_is_told(parameters: str, inner: str, told: list[str]) -> None:
    text = after(LOGGER + handler("pass", parameters, inner))
    assert f'"context": {{{", ".join(pairs("run: work", told))}}}' in " ".join(
        text.split()
    ).replace("{ ", "{").replace(", }", "}")
    message = ", ".join(f"{each}=%s" for each in told[:2])
    assert (f'"run: work failed ({message}): %s"' if told else '"run: work failed: %s"') in text


def pairs(operation: str, names: list[str]) -> list[str]:
    return [f'"operation": "{operation}"', *(f'"{each}": {each}' for each in names)]


@pytest.mark.parametrize(
    ("loops", "inner", "told"),
    [
        ("for day in days:", "work()", "day"),
        ("for cid in requested_ids:", "work(cid)", "cid"),
        ("for each in days:", "work(each)", "each"),
        ("for each in ('a', 'b'):", "work(each)", "each"),
        ("for each in NAMES:", "work(each)", "each"),
        ("for each in ('SELECT 1', 'SELECT 2'):", "work(each)", ""),
        ("for each in rows:", "work(each)", ""),
        ("for email in emails:", "work(email)", ""),
        ("for x in api_keys:", "work(x)", ""),
        ("for day, rows in by_day.items():", "work(rows)", "day"),
        ("for i, path in enumerate(paths):", "work(path)", "path"),
    ],
)
def test_the_variables_of_loops_come_first(loops: str, inner: str, told: str) -> None:
    text = (
        f"{LOGGER}NAMES = ('a', 'b')\n\n\n"
        "def run(days, requested_ids, rows, emails, by_day, paths):\n"
        f"    {loops}\n        try:\n            {inner}\n        except:\n            pass\n"
    )
    assert (f'"run: work failed ({told}=%s): %s"' if told else '"run: work failed: %s"') in after(
        text
    )


def test_a_function_shows_that_it_is_given_a_plain_value() -> None:
    for callee, is_told in (
        ("def load(station):\n    return station.upper()\n", True),
        ("def load(station: str):\n    return ask(station)\n", True),
        ("def load(station):\n    return station['name']\n", False),
        ("def load(station):\n    return ask(station)\n", False),
    ):
        run = "from source import load\n\n\ndef run(stations):\n    for station in stations:\n"
        run += "        try:\n            load(station)\n        except Exception:\n"
        callee = callee.replace("    return", "    if not station:\n        raise Gone\n    return")
        files = {"source.py": callee, "run.py": run + "            continue\n"}
        changed = apply_to_files(files, ("excepts",))["run.py"]
        assert ("(station=%s)" in changed) == is_told, callee


def test_a_sentence_or_a_secret_is_told_by_no_name() -> None:
    for given, is_told in (
        ("'SELECT 1 WHERE a'", False),
        ("f'{day}?key={token}'", False),
        ("f'{day}.csv'", True),
    ):
        text = (
            f"def run(day, token):\n    hour = {given}\n    try:\n        work(hour)\n    except:\n"
        )
        changed = after(LOGGER + text + "        pass\n")
        assert ('"hour": hour' in changed) == is_told, given


def test_what_went_into_a_query_is_told_and_not_the_query() -> None:
    text = after(
        LOGGER
        + "def count(client, table, day):\n"
        + "    sql = f\"SELECT 1 FROM {table} WHERE day = '{day}'\"\n"
        + "    try:\n        client.query(sql)\n    except:\n        pass\n"
    )
    assert '"count: client.query failed (table=%s, day=%s): %s"' in text and '"sql"' not in text
    named = after(
        LOGGER
        + "def count(client, table_id: str, day):\n"
        + "    ref = f'stats.{table_id}'\n    sql = f'SELECT 1 FROM {ref}'\n"
        + "    try:\n        client.query(sql)\n    except:\n        pass\n"
    )
    assert '"count: client.query failed (table_id=%s): %s"' in named


JSON = (
    "from pythonjsonlogger import jsonlogger\n\nhandler.setFormatter(jsonlogger.JsonFormatter())\n"
)
OWN = "import logging\n\n\nclass Lines(logging.Formatter):\n    def format(self, record):\n"
OWN += "        return str(record.__dict__)\n"
ROWS = "def columns(record):\n    return {key: [value] for key, value in record.__dict__.items()}\n"


@pytest.mark.parametrize(
    ("start", "is_shown"),
    [
        ("import logging\n\nlogging.basicConfig(level='INFO')\n", False),
        (JSON, True),
        (OWN, True),
        (ROWS, False),
        ("import sentry_sdk\n\nsentry_sdk.init()\n", True),
        ("from google.cloud import logging as gl\n\ngl.Client().list_entries()\n", False),
        ("from google.cloud import logging as gl\n\ngl.Client().setup_logging()\n", True),
    ],
)
def test_the_whole_context_goes_where_somebody_shows_it(start: str, is_shown: bool) -> None:
    module = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
    files = {"start.py": start, "run.py": module + handler("pass", "day", "work(day)")}
    changed = apply_to_files(files, ("excepts",))["run.py"]
    assert ("extra=" in changed) == is_shown
    assert '"run: work failed (day=%s): %s"' in changed


def test_the_formatter_of_another_program_shows_nothing() -> None:
    module = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
    start = "from run import run\n\nif __name__ == '__main__':\n    run()\n"
    files = {f"{job}/run.py": module + handler("pass", "day", "work(day)") for job in "ab"}
    files |= {"a/main.py": f"import json_log_formatter\n{start}", "b/main.py": start}
    files["c/main.py"] = "def setup_logging():\n    pass\n\n\nsetup_logging()\n"
    changed = apply_to_files(files, ("excepts",))
    assert "extra=" in changed["a/run.py"]
    assert "extra=" not in changed["b/run.py"]
    assert "logger.exception(" in changed["b/run.py"]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("except:  # noqa: E722", "except Exception as e:"),
        ("except:  # noqa: E722, BLE001", "except Exception as e:"),
        ("except:  # noqa: E722,PERF203", "except Exception as e:  # noqa: PERF203"),
        ("except:  # noqa: E722 - may fail", "except Exception as e:  # may fail"),
        ("except:  # may fail  # noqa: E722", "except Exception as e:  # may fail"),
        ("except Exception:  # noqa: S110, W", "except Exception as e:  # W"),
        ("except Exception:  # noqa: BLE001", "except Exception as e:"),
        ("except Exception:  # noqa: PERF203", "except Exception as e:  # noqa: PERF203"),
    ],
)
def test_what_linters_no_longer_find_is_no_longer_allowed(line: str, wanted: str) -> None:
    text = after(LOGGER + handler("return None", "day", "work(day)", line), sentry="never")
    assert f"    {wanted}\n" in text


def test_a_blind_handler_that_logs_no_traceback_stays_allowed() -> None:
    text = after(LOGGER + handler("pass", "day", "int(day)", "except Exception:  # noqa: BLE001"))
    assert "except Exception as e:  # noqa: BLE001\n" in text


@pytest.mark.parametrize(
    ("line", "body", "handled", "is_edited"),
    [
        ("except:", "int(day)", "return None", False),  # logged without a traceback
        ("except:  # noqa: E722", "int(day)", "return None", False),
        ("except:  # noqa: E722, BLE001", "int(day)", "return None", True),
        ("except:", "work(day)", "return None", True),
        ("except:", "work(day)", "raise", True),
        ("except:", "work(day)", "raise ValueError(day)", True),
        ("except:", "work(day)", "raise ValueError(day) from None", False),
        ("except:", "work(day)", "logger.error('x')\n        return None", True),
        ("except:", "work(day)", "logger.warning('x')\n        return None", False),
        ("except:", "import work", "work = None", True),
        ("except Exception:", "int(day)", "return None", True),  # which is found already
    ],
)
def test_no_edit_is_found_by_a_rule_of_the_project(
    line: str, body: str, handled: str, is_edited: bool
) -> None:
    files = {"run.py": LOGGER + handler(handled, "day", body, line)}
    edited = apply_to_files(files, ("excepts",))["run.py"]
    assert edited != files["run.py"]
    files["pyproject.toml"] = "[tool.ruff.lint]\nselect = ['BLE']\n"
    assert apply_to_files(files, ("excepts",))["run.py"] == (
        edited if is_edited else files["run.py"]
    )


def test_an_argument_that_is_added_stands_below_the_others() -> None:
    text = after(
        "import logging\n\n\ndef run(day):\n    try:\n        work(day)\n    except:\n"
        "        logging.error('%s of %s',\n                      'work',\n"
        "                      day)\n"
    )
    assert "day,\n                      exc_info=True)" in text


def test_only_a_call_starts_sentry() -> None:
    starts = {
        "import sentry_sdk\n\nsentry_sdk.init()\n": True,
        "from sentry_sdk import init as begin\n\nbegin()\n": True,
        "import sentry_sdk\nfrom app import init\n\ninit()\n": False,
        "import sentry_sdk\n\n# sentry_sdk.init()\n": False,
    }
    run = "import start\n\n\n" + handler("pass", "day", "work(day)")
    for start, is_started in starts.items():
        files = {"start.py": start, "run.py": run, "app.py": "def init():\n    pass\n"}
        files["main.py"] = (
            "import start\nimport run\n\nif __name__ == '__main__':\n    run.run(1)\n"
        )
        files["other/main.py"] = "import sentry_sdk\n\nsentry_sdk.init()\n"
        changed = apply_to_files(files, ("excepts",))["run.py"]
        assert ("capture_exception(" in changed) == is_started, start


def test_a_path_that_is_read_comes_before_what_it_was_made_of() -> None:
    text = after(
        LOGGER
        + "def run(folder, table):\n    source = Path(folder) / f'{table}.yaml'\n"
        + "    if not source.is_file():\n        return None\n    try:\n"
        + "        return work(source)\n    except Exception:\n        return None\n"
    )
    assert "(source=%s, table=%s)" in text or "(source=%s, folder=%s)" in text


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("logger.info('loading %s', feed_url)", "(feed_url=%s)"),
        ("logger.warning(f'loading {feed_url}')", "(feed_url={feed_url})"),
        ("logger.info('loading %s', name)", "(name=%s)"),
        ("logger.info('loading %s of %s', feed_url, name)", "(name=%s, feed_url=%s)"),
        ("logger.debug('loading %s', feed_url)", ""),
        ("logger.info('loading %s', login_url)", ""),
        ("logger.info('loading %s', rows)", ""),
        ("logger.info('loading')", ""),
    ],
)
def test_what_the_function_logs_already_is_told(log: str, told: str) -> None:
    body = "work(feed_url, login_url, name, rows)"
    text = f"def run(name: str, feed_url, login_url, rows: list):\n    {log}\n    try:\n"
    text = after(f"{LOGGER}{text}        {body}\n    except Exception:\n        pass\n")
    assert f"run: work failed {told}".strip() + ": " in text


def test_what_the_class_logs_comes_first() -> None:
    text = f"{LOGGER}class Feed:\n    def start(self, team_id):\n        {{}}\n\n"
    text += "    def run(self, day, week, team_id):\n        try:\n"
    text += "            work(day, week, team_id)\n        except Exception:\n            pass\n"
    for log, first in (("logger.info('%s', team_id)", "team_id"), ("pass", "day")):
        assert f"work failed ({first}=%s" in after(text.format(log))


@pytest.mark.parametrize(
    ("wrapper", "sends"),
    [
        ("def capture(error, **more):\n    sentry_sdk.capture_exception(error)\n", False),
        ("capture = guarded(bool, sentry_sdk.capture_exception)\n", False),
        ("def capture(error):\n    print(error)\n", True),
        ("capture = 3\n", True),
    ],
)
def test_a_project_that_captures_by_its_own_function_does_so(wrapper: str, sends: bool) -> None:
    files = {"own.py": f"import sentry_sdk\n\nsentry_sdk.init()\n\n\n{wrapper}"}
    files["run.py"] = handler("pass", "day", "work(day)")
    files["other.py"] = "from own import capture\n\ncapture(None)\n"
    for others in (True, False):
        changed = apply_to_files(files, ("excepts",))["run.py"]
        assert ("capture_exception(e)" in changed) == (sends or not others)
        assert "logger.exception(" in changed
        files.pop("other.py", None)


def test_events_are_sent_where_sentry_is_started() -> None:
    started = "import sentry_sdk\n\nsentry_sdk.init()\n"
    for start, sends in ((started, True), ("print('started')\n", False)):
        files = {"start.py": start, "run.py": handler("pass", "day", "work(day)")}
        changed = apply_to_files(files, ("excepts",))["run.py"]
        assert ("sentry_sdk.capture_exception(e)" in changed) == sends
        assert "logger.exception(" in changed


@pytest.mark.parametrize(
    ("before", "is_told"),
    [
        ("station = 'a'", True),
        ("if day:\n        station = 'a'", False),
        ("if day:\n        station = 'a'\n    else:\n        station = 'b'", True),
        ("if day:\n        return\n    else:\n        station = 'b'", True),
        ("for station in day:\n        pass", False),
        ("with day() as station:\n        pass", False),  # bound, and no plain value
        ("station = 'a'\n    del station", False),
        ("try:\n        station = 'a'\n    except ValueError:\n        pass", False),
        ("try:\n        station = 'a'\n    except ValueError:\n        return", True),
        ("global station", False),
    ],
)
def test_only_names_that_are_certainly_bound(before: str, is_told: bool) -> None:
    text = (
        f"{LOGGER}def run(day):\n    {before}\n    try:\n        work(station)\n"
        "    except:\n        pass\n"
    )
    assert ('"station": station' in after(text)) == is_told


def test_a_name_of_a_comprehension_is_none_of_the_functions() -> None:
    text = LOGGER + handler("pass", "day", "work([day for day in 'ab'])")
    assert '"day"' not in after(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (handler(), "e"),
        (handler("pass", "e"), "exc"),
        ("e = 1\n\n\n" + "try:\n    work()\nexcept:\n    pass\nprint(e)\n", "exc"),
        (handler("e = 1\n        print(e)"), "exc"),
        (handler("pass", "", "work(lambda e: e)"), "exc"),
        ("def run():\n    global e\n" + handler()[11:], "exc"),
    ],
)
def test_the_name_is_in_nobodys_way(text: str, name: str) -> None:
    assert f"except Exception as {name}:" in after(LOGGER + text)


def test_sequential_handlers_share_a_name_and_nested_ones_do_not() -> None:
    text = after(
        LOGGER
        + "def run():\n    try:\n        work()\n    except:\n        try:\n            rest()\n"
        "        except:\n            pass\n    try:\n        work()\n    except:\n        pass\n"
    )
    assert text.count("except Exception as e:") == 2
    assert text.count("except Exception as exc:") == 1


def test_a_logger_is_made_below_the_imports() -> None:
    text = after('"""A module."""\n\nimport os\n\n\n' + handler())
    assert text.startswith(
        '"""A module."""\n\nimport logging\nimport os\n\n'
        "logger = logging.getLogger(__name__)\n\n\ndef run():\n"
    )


@pytest.mark.parametrize("head", ["", '"""A module."""\n\n\n', "from __future__ import x\n\n\n"])
def test_a_logger_is_made_where_nothing_is_imported(head: str) -> None:
    head = head.replace("import x", "import annotations")
    text = after(head + handler())
    assert "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef run():\n" in text
    assert text.startswith(head.rstrip("\n"))
    assert after(text) == text


def test_a_logger_that_is_made_too_late_is_not_used() -> None:
    late = "import logging\n\ntry:\n    work()\nexcept:\n    pass\nlogger = logging.getLogger()\n"
    text = after(late)
    assert "    logging.getLogger().exception(" in text and "getLogger(__name__)" not in text


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("LOG = logging.getLogger('x')", "LOG.exception("),
        ("_logger = logging.getLogger('x')", "_logger.exception("),
        ("logging.info('started')", "logging.exception("),
        ("from shared import log\nlog.info('x')", 'log.exception(f"run: work failed: {e}")'),
        (
            "from shared import log\nlog.info('x', day=1)",
            'log.exception("run: work failed", error=',
        ),
        (
            "from shared import log\nlog.info('x %s', 1, extra={})",
            'log.exception("run: work failed: %s", e)',
        ),
        ("logger = logging.getLogger('x')\nlogger.info(f'{x}')", 'f"run: work failed: {e}"'),
    ],
)
def test_the_modules_own_logger_and_style(head: str, line: str) -> None:
    assert line in after(f"import logging\n\n{head}\n\n\n{handler()}")


def test_a_logger_of_another_class_is_not_this_ones() -> None:
    text = after(
        "class A:\n    def f(self):\n        self.log.info('x')\n\n\nclass B:\n    def f(self):\n"
        "        try:\n            work()\n        except:\n            pass\n"
    )
    assert "logger.exception(" in text and "self.log.exception" not in text


def test_a_local_logger_is_used_where_it_is_bound() -> None:
    text = (
        "import logging\n\n\ndef run():\n    logger = logging.getLogger()\n    logger.info('x')\n"
        "    try:\n        work()\n    except:\n        pass\n"
    )
    assert "getLogger(__name__)" not in after(text)


GUARDED = "try:\n    import sentry_sdk\nexcept ImportError:\n    sentry_sdk = None\n\n\n"


def test_a_guarded_sentry_is_left_to_the_log_line() -> None:
    text = after(GUARDED + handler())
    assert "logger.exception(" in text and "capture_exception" not in text
    assert text.count("import sentry_sdk") == 1


def test_the_name_under_which_sentry_is_imported() -> None:
    text = after("from sentry_sdk import capture_exception\n\n\n" + handler())
    assert "        capture_exception(e)\n" in text and "\nimport sentry_sdk" not in text


@pytest.mark.parametrize("file", ["tests/test_run.py", "pkg/tests/helper.py", "conftest.py"])
def test_in_tests_only_the_bare_handler_is_narrowed(file: str) -> None:
    silent = handler(clause="except Exception:")
    assert apply_to_files({file: handler()}, ("excepts",))[file] == silent
    assert not any(check_files({file: silent}, ("excepts",)).values())


def test_build_files_import_no_sentry() -> None:
    assert "sentry" not in apply_to_files({"setup.py": handler()}, ("excepts",))["setup.py"]


def test_an_import_that_is_guarded_for_everything_is_unsafe() -> None:
    text = "try:\n    import x\nexcept Exception:\n    x = None\n"
    assert after(text) == text
    assert findings(text)[0].safety == "unsafe"


@pytest.mark.parametrize(
    "inner",
    ["sys.exit(1)", "raise SystemExit", "parser.parse_args()", "leave()", "unittest.main()"],
)
def test_a_try_that_may_exit_is_left(inner: str) -> None:
    leave = "def leave():\n    sys.exit(2)\n\n\n"
    text = f"import sys\nimport unittest\n\n\n{leave}{handler(inner=inner)}"
    assert after(text) == text
    (finding,) = findings(text)
    assert finding.safety == "unsafe" and isinstance(finding.reason, MayExit | MayExitWithin)


@pytest.mark.parametrize("inner", ["server.serve_forever()", "input()", "while True: work()"])
def test_what_ctrl_c_ends_is_unsafe(inner: str) -> None:
    (finding,) = findings(handler(inner=inner))
    assert finding.safety == "unsafe" and "Ctrl-C" in render(finding.reason)


def test_narrow_names_what_can_happen_and_imports_it() -> None:
    text = after(
        "import requests\n\n\n"
        + handler("return None", "url", "return requests.get(url, timeout=3)"),
        narrow=True,
    )
    assert "from requests.exceptions import RequestException\n" in text
    assert "except RequestException as e:" in text or "except (RequestException, " in text


def test_unreported_is_off_by_default() -> None:
    text = LOGGER + handler("logger.info('x')", clause="except Exception:")
    assert not findings(text)
    assert [each.code for each in findings(text, unreported=True)] == ["QW203"]
    assert "sentry_sdk.capture_exception(e" in after(text, unreported=True)


def test_what_is_logged_for_debugging_is_only_narrowed() -> None:
    text = LOGGER + handler("logger.debug('x')")
    assert after(text) == text.replace("except:", "except Exception:")
    assert "sentry_sdk.capture_exception(e" in after(text, unreported=True)


def test_whole_texts_are_not_logged() -> None:
    text = after(LOGGER + handler("pass", "sql, view_definition, day", "work(sql, day)"))
    assert '"day": day' in text and '"sql"' not in text


def test_never_sends_nothing() -> None:
    assert "capture_exception" not in after(LOGGER + handler(), sentry="never")


def test_a_group_of_exceptions() -> None:
    text = LOGGER + handler(clause="except* Exception:")
    try:
        compile(text, "group.py", "exec")
    except SyntaxError:
        pytest.skip("needs Python 3.11")
    assert "    except* Exception as e:\n        logger.exception(" in after(text)


def test_a_fix_in_crlf_and_tabs_keeps_both() -> None:
    text = (LOGGER + handler()).replace("    ", "\t").replace("\n", "\r\n")
    changed = apply_to_text(text, ("excepts",))
    assert "\n" not in changed.replace("\r\n", "")
    assert '\t\tlogger.exception(\r\n\t\t\t"run: work failed: %s", e, extra={' in changed


@pytest.mark.parametrize(
    ("head", "line", "is_found"),
    [
        ("import contextlib", "with contextlib.suppress(Exception):", True),
        ("from contextlib import suppress", "with suppress(BaseException):", True),
        ("from contextlib import suppress as hush", "with hush(ValueError, Exception):", True),
        ("import contextlib", "with lock, contextlib.suppress(Exception):", True),
        ("from contextlib import suppress\n\nALL = (Exception,)", "with suppress(*ALL):", True),
        ("import contextlib", "with contextlib.suppress(KeyError):", False),
        ("from shared import suppress", "with suppress(Exception):", False),
    ],
)
def test_suppress_is_a_silent_handler(head: str, line: str, is_found: bool) -> None:
    text = f"{head}\n\n\ndef run(lock):\n    {line}\n        work()\n"
    found = findings(text)
    assert [each.code for each in found] == ["QW202"] * is_found
    assert after(text) == text
    assert not any(check_files({"tests/test_x.py": text}, ("excepts",)).values())


def test_an_exit_stack_that_suppresses() -> None:
    text = "import contextlib\n\nstack.enter_context(contextlib.suppress(Exception))\n"
    assert [each.code for each in findings(text)] == ["QW202"]


@pytest.mark.parametrize(
    ("parameters", "inner", "named"),
    [
        ("path: str", "found = {}; found['day'] = path", ""),
        ("found: dict[str, int]", "return found['day']", "except KeyError as e:"),
        ("found: list[int]", "return found[0]", "except IndexError as e:"),
        ("found", "return found['day']", ""),  # may be anything
        ("found", "first, second = found", ""),
        ("day, other", "return day < other", ""),
        ("text", "return int(text)", "except (ValueError, TypeError, OverflowError) as e:"),
    ],
)
def test_narrow_names_nothing_that_cannot_happen(parameters: str, inner: str, named: str) -> None:
    text = after(LOGGER + handler("return None", parameters, inner), narrow=True)
    assert (named or "except Exception as e:") in text


def double(log: str, head: str = "", name: str = "logger") -> str:
    return (
        f"import sentry_sdk\n{head}\n\n\ndef run():\n    try:\n        work()\n"
        f"    except Exception as e:\n        {log}\n        sentry_sdk.capture_exception(e)\n"
    )


@pytest.mark.parametrize(
    ("head", "log", "line"),
    [
        (
            "from loguru import logger",
            'logger.error(f"no: {e}")',
            'logger.opt(exception=True).error(f"no: {e}")',
        ),
        (
            "from loguru import logger",
            'logger.error("no: {}", e)',
            'logger.opt(exception=True).error("no: {}", e)',
        ),
        (
            "import logging\n\nlogger = logging.getLogger()",
            'logger.error(f"no: {e}")',
            'logger.error(f"no: {e}", exc_info=True)',
        ),
        (
            "import structlog\n\nlogger = structlog.get_logger()",
            'logger.error("no")',
            'logger.error("no", exc_info=True)',
        ),
    ],
)
def test_one_event_in_the_manner_of_the_library(head: str, log: str, line: str) -> None:
    text = after(double(log, head))
    assert line in text
    assert after(text) == text


def test_a_method_that_takes_no_exception_is_given_none() -> None:
    own = "class Log:\n    def info(self, text):\n        print(text)\n\n"
    own += "    def error(self, text):\n        print(text)\n\n\nlogger = Log()\n"
    text = double('logger.error(f"no: {e}")', "from own import logger")
    files = {"run.py": text, "own.py": own}
    assert apply_to_files(files, ("excepts",))["run.py"] == text
    assert [each.code for each in check_files(files, ("excepts",))["run.py"]] == ["QW204"]


@pytest.mark.parametrize(
    ("use", "is_told"),
    [
        ("open(target)", True),
        ("os.path.isdir(target)", True),
        ("os.makedirs(target)", True),
        ("shutil.rmtree(target)", True),
        ("work(target)", False),
        ("len(target)", False),
    ],
)
def test_what_is_given_to_what_takes_a_path_is_one(use: str, is_told: bool) -> None:
    text = f"import os\nimport shutil\n\n\ndef run(target):\n    {use}\n    try:\n"
    text += "        work(target)\n    except Exception:\n        return None\n"
    changed = apply_to_text(text, ("excepts",), {})
    assert ("(target=%s)" in changed) == is_told


def test_a_long_message_stands_on_several_lines() -> None:
    name = "a_function_with_a_long_name"
    text = "import logging\n\n{}def run(table_name):\n    log.info(f'{{table_name}}')\n"
    text += f"    try:\n        {name}.{name}(table_name)\n    except Exception:\n        pass\n"
    changed = apply_to_text(text.format("log = logging.getLogger()\n\n\n"), ("excepts",), {})
    assert (
        f'            "run: {name}.{name} failed "\n'
        '            f"(table_name={table_name}): {e}",' in changed
    ), changed
    compile(changed, "run.py", "exec")


@pytest.mark.parametrize(("columns", "is_broken"), [(79, True), (80, False), (88, False)])
def test_a_line_is_as_wide_as_those_of_the_file(columns: int, is_broken: bool) -> None:
    line = f"X = '{'x' * (columns - 6)}'\n"
    text = f"import logging\n\nlog = logging.getLogger()\n{line * 3}\n\ndef run(table_name):\n"
    text += "    try:\n        load_now(table_name)\n    except Exception:\n"
    text += "        pass\n"
    changed = apply_to_text(text, ("excepts",), {})
    assert ("        log.exception(\n" in changed) == is_broken, changed


@pytest.mark.parametrize(
    ("body", "comment"),
    [
        ("pass  # nosec B110", ""),
        ("pass  # noqa: S110  # pylint: disable=unnecessary-pass", ""),
        ("# pylint: disable-next=unnecessary-pass\n        pass", ""),
        ("pass  # pragma: no cover", "  # pragma: no cover\n"),
        ("pass  # nosec - the host may be away", "        # nosec - the host may be away\n"),
        ("pass  # the host may be away", "        # the host may be away\n"),
        ("# about\n        # ty: ignore\n        pass", "        # about\n"),
    ],
)
def test_what_a_tool_is_told_about_a_pass_goes_with_it(body: str, comment: str) -> None:
    text = (
        "import logging\n\nimport requests\n\nlogger = logging.getLogger(__name__)\n\n\n"
        "def run(url):\n    try:\n        requests.post(url, timeout=3)\n"
        f"    except Exception:\n        {body}\n"
    )
    changed = after(text).partition("except Exception as e:\n")[2]
    changed = changed.replace("logger.exception(", "logger.warning(")  # as the remarks have it
    line = '        logger.warning("run: requests.post failed: %s", e)'
    at_end = comment.startswith("  #")
    assert changed == (f"{line}{comment}" if at_end else f"{comment}{line}\n")
