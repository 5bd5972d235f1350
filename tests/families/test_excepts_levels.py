"""How loud a failure is: the table of levels, row by row and column by column."""

from __future__ import annotations

import re
import textwrap

import pytest
from qw_codemod.checks.excepts.reasons import ModuleIsStream, NoQuietWay
from qw_codemod.checks.excepts.statements import (
    IsMadeAbove,
    MayBeNothing,
    MayBeThere,
    MayFindNothing,
    MayNotBeThere,
    NothingTells,
)

from qw_codemod.kernel.statements import Statement
from qw_codemod.testkit import apply_to_files, apply_to_text, check_text

HEAD = (
    "import logging\nimport os\nimport shutil\n\nimport pandas as pd\n\n"
    "logger = logging.getLogger('x')\n\n\n"
)


def level(text: str) -> str:
    """The level at which the only handler of a text says what went wrong; empty for none."""
    changed = apply_to_text(textwrap.dedent(text).lstrip(), ("excepts",), {})
    return said(changed)


def at_most(text: str) -> str:
    """The level that is told at least where it is asked for: no error, and left by a plain run."""
    changed = apply_to_text(textwrap.dedent(text).lstrip(), ("excepts",), {}, likely=True)
    return said(changed)


def said(changed: str) -> str:
    found = re.findall(r"logger\.(\w+)\(\s*\"[^\"]*failed", changed)
    assert len(found) < 2, changed
    return "".join(found).replace("exception", "error")


def function(
    body: str, handler: str, after: str = "", docstring: str = "", name: str = "run"
) -> str:
    text = f"def {name}(self, client, day, urn: str, extra):\n"
    text += f'    """{docstring}"""\n' if docstring else ""
    text += f"    try:\n{textwrap.indent(body, ' ' * 8)}\n    except Exception:\n"
    text += f"{textwrap.indent(handler, ' ' * 8)}\n"
    return HEAD + text + textwrap.indent(after, " " * 4) + "\n"


# -- what the body does ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        # asks for what may not be there
        ("job = client.get(timeout=1)", "debug"),
        ("job = client.get(block=False)", "debug"),
        ("job = client.get_nowait()", "debug"),
        ("job = client.get_nowait()\nclient.task_done()", "debug"),
        ("job = client.get(True, 1)", "debug"),
        ("job = client.get(False)", "debug"),
        ("job = await asyncio.wait_for(client.get(), 1)", "debug"),
        ("connection, _ = client.accept()", "debug"),
        ("data = client.recv(1024).decode()", "debug"),
        ("line = next(client)", "debug"),
        ("job = client.get(day, timeout=1)", ""),
        ("line = next(client.lines(day))", "error"),
        ("client.close()", "debug"),
        ("if client.is_open():\n    client.close()", "debug"),
        ("client.cancel()\nclient.close()", "debug"),
        ("client.rollback()", "debug"),
        ("client.rollback_transaction()", "debug"),
        ("client.execute('ROLLBACK;')", "debug"),
        ("client.execute('COMMIT')", "error"),
        ("shutil.rmtree(str(day.absolute()))", "debug"),
        ("client.close()\nclient.load()", "error"),
        ("client.send(day.close())", "error"),
        ("import psycopg\nold = psycopg.types.TypeInfo.fetch", "debug"),
        ("import urllib3.contrib.pyopenssl\nurllib3.contrib.pyopenssl.inject()", "debug"),
        (
            "from airflow.operators.python import get_current_context\nget_current_context()",
            "debug",
        ),
        ("import boto3\nboto3.client('s3').upload_file(day)", "error"),
        # works on values and files at hand
        ("x = int(day)", "debug"),
        ("x = extra['a']['b'].strip()", "debug"),
        ("x = client.head.commit.name", "debug"),
        ("x = abs(day - extra) / day", "debug"),
        ("x = float(day.timestamp())", "debug"),
        ("x = json.loads(extra['a'])", "debug"),
        ("x = datetime.datetime.strptime(day, '%Y')", "debug"),
        ("x = pd.to_datetime(day, utc=True)", "debug"),
        ("with open(day) as file:\n    x = file.read()", "warning"),
        ("os.remove(day)", "warning"),
        ("if os.path.exists(day):\n    os.remove(day)", "warning"),
        ("os.remove(client.path(day))", "error"),
        ("with open(day) as file:\n    x = json.load(file).get('a', 'b')", "warning"),
        ("with open(day) as file:\n    x = [each.split() for each in file.readlines()]", "warning"),
        ("with client.open(day) as file:\n    x = file.read()", "error"),
        ("x = json.loads(day).get('a')", "debug"),
        ("x = json.loads(extra.read_text())", "warning"),
        ("x = client.load(extra.read_text())", "error"),
        ("path = extra / f'{day}.csv'\nwith path.open() as file:\n    x = file.read()", "warning"),
        ("path = extra / f'{day}.csv'\nx = path.read_text()\n_log(f'read {path}')", "warning"),
        ("x = (json.loads(day) or {}).get('a')", "debug"),
        ("y = json.loads(day) or {}\nx = y.get('a')", "debug"),
        ("x = pd.read_csv(day)", "warning"),
        ("x = np.load(day)", "warning"),
        ("json.dump(day, extra)", "warning"),
        ("client.write(day)", "error"),
        ("csv.writer(extra).writerow(day)", "warning"),
        ("x = json.dumps(day)", "debug"),
        ("x = pd.read_csv(f'https://{day}')", "error"),
        ("with gzip.open(day) as file:\n    x = file.read()", "warning"),
        ("x = bigquery.QueryJobConfig(labels=extra['a'])", "debug"),
        ("x = bigquery.Client(day)", "error"),
        ("try:\n    client.close()\nexcept OSError:\n    client.kill()\ntell.print()", "debug"),
        ("with contextlib.suppress(OSError):\n    client.close()\nclient.kill()", "debug"),
        ("with client.lock():\n    client.close()", "error"),
        ("path = extra.a\nwith path.open() as file:\n    x = file.read()", ""),
        ("x = subprocess.run([sys.executable, 'a.py'], stdout=-1).stdout", "warning"),
        ("subprocess.run(['git', 'push'])", "error"),
        ("x = next((each for each in extra if each['a']), None)", "debug"),
        ("x = int(os.environ.get('PORT', '80'))", "debug"),
        ("x = int(os.getenv('PORT'))", "debug"),
        ("x = {}\nx = json.loads(day)\nx.pop('a')", "debug"),
        ("x = extra['a'].get('b')", "debug"),
        ("x = sqlglot.parse_one(day, dialect='trino')", "debug"),
        ("x = xmltodict.parse(day)", "debug"),
        ("x = feedparser.parse(day)", "error"),
        ("x = sqlglot.transpile(day)", "error"),
        ("x = babel.numbers.format_decimal(day, locale=web.ctx.get('lang'))", "debug"),
        ("extra.update({'a': int(day)})", "debug"),
        ("extra.update(day)", ""),
        ("x = requests.get(day, timeout=3).json().get('a')", "error"),
        ("x = client.json().get('a')", ""),
        ("x = extra.read()", "error"),
        ("x = pd.read_gbq(day)", "error"),
        ("x = extra.get(day)", ""),
        ("x = exec(day)", ""),
        ("raise client.error.kind", ""),
        # a service
        ("x = requests.get(day, timeout=3).json()", "error"),
        ("x = urllib.request.urlopen(day, timeout=3).read()", "error"),
        ("x = requests.get(day, timeout=3).json()['a'].strip()", "error"),
        # other code
        ("x = client.load(day)", "error"),
        ("x = parse_days(day)", ""),
    ],
)
def test_what_the_body_does(body: str, wanted: str) -> None:
    imports = (
        "import babel.numbers\nimport feedparser\nimport sqlglot\nimport web\nimport xmltodict\n"
        "import asyncio\nimport csv\nimport datetime\nimport gzip\nimport json\nimport subprocess\n"
        "import sys\n"
        "import urllib.request\nimport numpy as np\nfrom google.cloud import bigquery\n"
        "import requests\n"
    )
    text = imports + function(body, "pass").replace("def run", "async def run")
    assert level(text) == wanted


@pytest.mark.parametrize(
    ("handler", "wanted"),
    [("client.kill()", "debug"), ("pass", "debug"), ("client.restart()", "error")],
)
def test_what_is_stopped_may_be_stopped_more_roughly(handler: str, wanted: str) -> None:
    assert level(function("client.terminate()\nclient.wait(timeout=3)", handler)) == wanted
    rougher = "debug" if "kill" in handler else "error"
    assert level(function("client.wait(timeout=3)", handler)) == rougher
    assert level(function("client.wait(3)", handler)) == "error"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("return int(text)", "debug"),
        ("if not text:\n    raise ValueError(text)\nreturn text.strip()", "debug"),
        ("if not text:\n    raise RuntimeError(text)\nreturn text.strip()", "error"),
        ("with open(text) as file:\n    return file.read()", "error"),
        ("return client.load(text)", ""),
        ("return client.execute(text)", "error"),
        ("return other(text)", "debug"),
        ("raise RuntimeError(text)", "error"),
    ],
)
def test_a_parser_of_the_project_is_followed(body: str, wanted: str) -> None:
    text = "def other(text):\n    return float(text)\n\n\ndef parse(text):\n"
    text += textwrap.indent(body, "    ") + "\n\n\n"
    assert level(text + function("x = parse(day)", "x = None")) == wanted


@pytest.mark.parametrize(
    ("name", "handler", "wanted"),
    [
        ("is_open", "return False", "debug"),
        ("has_rows", "return False", "debug"),
        ("table_exists", "return False", "debug"),
        ("is_open", "return []", "error"),
        ("issue", "return False", "error"),
        ("upload", "return False", "error"),
        ("run", "return False", "error"),
    ],
)
def test_a_question_may_be_answered_by_a_failure(name: str, handler: str, wanted: str) -> None:
    assert level(function("return client.ask(day)", handler, name=name)) == wanted


def test_whether_a_service_is_up_is_no_question_of_what_it_has() -> None:
    for name, wanted in (("is_up", "error"), ("has_day", "debug"), ("day_exists", "debug")):
        text = function("return requests.get(day, timeout=3).ok", "return False", name=name)
        assert level("import requests\n" + text) == wanted


@pytest.mark.parametrize(
    ("body", "others", "wanted"),
    [
        ("return client.check(day)", "return True", "debug"),
        ("return client.check(day)", "return False", "debug"),
        ("return client.upload(day)", "return True", "debug"),
        ("return client.upload(day)", "return False", "error"),
        ("return client.check(day)", "return None", "error"),
        ("return client.check(day)", "pass", "error"),
        ("client.send(day)\nreturn True", "return True", "error"),
    ],
)
def test_a_check_that_fails_is_a_no(body: str, others: str, wanted: str) -> None:
    text = function(body, "return False")
    assert level(text.replace("    try:", f"    if extra:\n        {others}\n    try:")) == wanted


@pytest.mark.parametrize(
    ("call", "wanted"),
    [("get(day, timeout=3)", "debug"), ("post(day, timeout=3)", "error")],
)
def test_a_sign_of_life_is_asked_for(call: str, wanted: str) -> None:
    text = "import requests\n" + function(f"requests.{call}\nreturn True", "return False")
    assert level(text) == wanted
    left = {"debug": "", "error": "error"}[wanted]
    assert level(text.replace("return False", "return None")) == left


@pytest.mark.parametrize(
    ("before", "wanted"), [("task.cancel()", "debug"), ("other.cancel()", "error"), ("", "error")]
)
def test_what_was_cancelled_is_awaited(before: str, wanted: str) -> None:
    text = f"async def run(task, other):\n    {before or '...'}\n    try:\n        await task\n"
    assert level(HEAD + text + "    except Exception:\n        pass\n") == wanted


@pytest.mark.parametrize(
    ("before", "inner", "wanted"),
    [
        ("for task in tasks:\n        task.cancel()", "await asyncio.gather(*tasks)", "debug"),
        ("for task in others:\n        task.cancel()", "await asyncio.gather(*tasks)", "error"),
        ("tasks.cancel()", "await asyncio.wait_for(tasks, 3)", "debug"),
    ],
)
def test_what_was_cancelled_is_awaited_together(before: str, inner: str, wanted: str) -> None:
    text = f"async def run(tasks, others):\n    {before}\n    try:\n        {inner}\n"
    text = f"import asyncio\n{HEAD}{text}    except Exception:\n        pass\n"
    assert level(text) == wanted


@pytest.mark.parametrize(
    ("body", "quiet"),
    [
        ("text = json.loads(bucket.blob(day).download_as_bytes())", True),
        ("text = bucket.blob(day).download_as_text()", True),
        ("text = bucket.blob(day).download_as_bytes().decode()", True),
        ("text = bucket.upload(day)", False),
    ],
)
def test_an_object_that_is_not_there_yet_is_no_outage(body: str, quiet: bool) -> None:
    text = function(body, "text = ''", "bucket.blob(day).upload_from_string(text + extra)")
    changed = apply_to_text("from google.cloud import storage\n" + text, ("excepts",), {})
    assert (
        "        if not isinstance(e, NotFound):\n            logger.exception(" in changed
    ) == quiet
    assert ("from google.api_core.exceptions import NotFound\n" in changed) == quiet
    compile(changed, "objects.py", "exec")
    assert apply_to_text(changed, ("excepts",), {}) == changed


def test_an_object_of_unknown_storage_is_data_that_is_replaced() -> None:
    for body in ("client.get_object(Key=day)", "client.get_object(Key=day)['Body'].read()"):
        assert level(function(f"text = {body}", "text = ''")) == "warning"


# -- what becomes of the failure ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "explains"),
    [
        ("best-effort teardown", True),
        ("noqa: BLE001 - best effort", True),
        ("Ignore if not found", True),
        ("a failure here is fine", True),
        ("older days have no rows", True),
        ("not before 1990", True),
        ("type: ignore", False),
        ("type: ignore[all of this]", False),
        ("take a type of our own then", True),
        ("pragma: no cover", False),
        ("noqa: BLE001, S110", False),
        ("pylint: disable=broad-except", False),
        ("this should never happen", False),
        ("why", False),
        ("TODO: what can happen here?", False),
        ("raise ValueError(day)", False),
        ("print('could not load', day)", False),
    ],
)
def test_a_comment_explains_the_failure(comment: str, explains: bool) -> None:
    wanted = {True: ("debug", "debug", "warning"), False: ("error", "warning", "error")}[explains]
    bodies = ("client.load(day)", "os.listdir(day)", "requests.post(day, timeout=3)")
    for place in (
        "except Exception:  # {}\n        return None",
        "except Exception:\n        # {}\n        return None",
        "except Exception:\n        return None  # {}",
        "# {}\n    except Exception:\n        return None",
    ):
        for body, level_of_it in zip(bodies, wanted, strict=True):
            text = function(body, "return None").replace(
                "except Exception:\n        return None", place.format(comment)
            )
            assert level("import requests\n" + text) == level_of_it, (place, body)


@pytest.mark.parametrize(
    ("handler", "below", "wanted"),
    [
        ("told.append('Too few days to tell.')", "return told", "debug"),
        ("told.append(f'{day}: not enough of the rows')", "return told", "debug"),
        ("told = 'Too few days to tell.'\nx = 0", "return x, told", "debug"),
        ("self.told = 'Too few days to tell.'", "", "debug"),
        ("told += 'Too few days to tell.'", "return told", "debug"),
        ("return None, 'Too few days to tell.'", "", "debug"),
        ("return {'warning': 'Too few days to tell.'}", "", "debug"),
        ("return {'warning': 'Something is broken here.'}, 500", "", "error"),
        ("return page('Too few days to tell.')", "", "error"),
        ("told.append('Too few days to tell.')", "told.clear()", "error"),  # and nobody reads it
        ("told = 'Too few days to tell.'", "", "error"),
        ("x = 'SELECT day FROM days'", "return x", "error"),  # in place of what was asked for
        ("extra[day] = 'Too few days to tell.'", "", "debug"),
        ("return 'not available'", "", "error"),
        ("told.append(day)", "return told", "error"),
    ],
)
def test_the_failure_is_told_in_words(handler: str, below: str, wanted: str) -> None:
    assert level(function("x = client.load(day)", handler, below)) == wanted
    if wanted == "debug":  # an outage is one whatever is said of it
        text = function("x = requests.get(day, timeout=3)", handler, below)
        assert level("import requests\n" + text) == "warning"


@pytest.mark.parametrize(
    ("handler", "wanted"),
    [
        ("return page('day?', status=400)", "debug"),
        ("return page('day?', status=HTTP_404_NOT_FOUND)", "debug"),
        ("return page('day?', status_code=HTTPStatus.BAD_REQUEST)", "debug"),
        ("return {'day': day}, 422", "debug"),
        ("return page('broken', status=HTTPStatus.BAD_GATEWAY)", "error"),
        ("return page('broken', status=500)", "error"),
        ("return page('found', status=200)", "error"),
        ("return page('broken', limit=400)", "error"),
    ],
)
def test_who_asked_is_told_what_is_wrong_with_it(handler: str, wanted: str) -> None:
    text = "from http import HTTPStatus\n" + function("x = client.load(day)", handler)
    assert level(text) == wanted


@pytest.mark.parametrize(
    ("body", "handler", "wanted"),
    [
        ("return client.load(day)", "return {'error': 'The days cannot be read.'}", "warning"),
        ("return client.load(day)", "return {'error': {'code': 2}}", "warning"),
        ("return client.load(day)", "return {'told': 'The days cannot be read.'}", "debug"),
        ("return f'[{client.load(day)}]'", "return 'N/A'", "warning"),
        ("return f'[{client.load(day)}]'", "return ''", "error"),
        ("return client.load(day)", "return 'N/A'", "error"),
    ],
)
def test_an_answer_says_that_it_is_none(body: str, handler: str, wanted: str) -> None:
    assert level(function(body, handler)) == wanted


def test_another_way_is_asked_of_a_parameter_by_the_name_of_an_import() -> None:
    text = "from flask import request\n" + function(
        "return request.get_json()", "return {'text': request.get_data(as_text=True)}"
    )
    assert level(text) == "error"
    assert at_most(text.replace("self, client", "request, client")) == "warning"


def test_words_in_the_place_of_parts_are_a_report() -> None:
    for value, wanted in (("{'day': client.load(day)}", "debug"), ("client.load(day)", "error")):
        handler = "extra[day] = 'Too few days to tell.'"
        assert level(function(f"extra[day] = {value}", handler)) == wanted


def test_words_among_the_rows_are_no_report() -> None:
    handler = "told.append('Too few days to tell.')"
    for body, wanted in (("client.load(day)", "error"), ("'The day is not known.'", "debug")):
        text = function(f"client.ask(day)\ntold.append({body})", handler, "return told")
        assert level(text) == wanted


def test_a_comment_of_the_body_explains_nothing() -> None:
    body = "# load the rows of the day\nclient.load(day)\n# and no other rows"
    assert level(function(body, "return None")) == "error"


def test_a_comment_further_in_is_about_something_else() -> None:
    handler = "for each in extra:\n    # the days of this one alone\n    each.clear()"
    assert level(function("client.load(day)", handler)) == "error"


def test_a_comment_above_is_about_the_other_way_where_there_is_one() -> None:
    above = "    # plain rows are read as they are\n    try:"
    for handler, wanted in (("return client.slow(day)", "debug"), ("return None", "error")):
        text = function("return client.fast(day)", handler)
        assert level(text.replace("    try:", above)) == wanted


@pytest.mark.parametrize(
    ("loop", "body", "handler", "below", "wanted"),
    [
        ("for each in days:", "return client.load(each)", "continue", "", "debug"),
        ("for each in days:", "return client.load(each)", "pass", "", "debug"),
        ("for each in days:", "found = client.load(each)\nbreak", "continue", "", "debug"),
        ("for each in days:", "if client.load(each):\n    break", "continue", "", "debug"),
        ("for each in days:", "found = client.load(each)", "continue", "break", "debug"),
        ("for each in days:", "found = client.load(each)", "continue", "return found", "debug"),
        ("for each in days:", "found = client.load(each)", "pass", "return found", "error"),
        ("for each in days:", "client.load(each)", "continue", "", "error"),
        ("for each in days:", "for x in each:\n    client.load(x)\n    break", "pass", "", "error"),
        # the same is tried again
        ("for each in days:", "return client.load()", "continue", "", "warning"),
        ("for _ in range(3):", "return client.load()", "continue", "", "warning"),
        ("while days:", "return client.load(days)", "continue", "", "warning"),
        ("while days:", "client.load(days)", "time.sleep(3)", "", "warning"),
        ("while days:\n        each = days.pop()", "return client.load(each)", "pass", "", "debug"),
        ("while days:", "client.load(days)", "continue", "", "error"),
        # whether something is up yet
        ("while days:", "client.load()\nreturn True", "time.sleep(3)", "", "debug"),
        ("while days:", "client.load()\nbreak", "time.sleep(3)", "", "debug"),
        ("while days:", "x = client.load()\nbreak", "time.sleep(3)", "", "warning"),
        ("while days:", "client.load()\nreturn days", "time.sleep(3)", "", "warning"),
    ],
)
def test_loops(loop: str, body: str, handler: str, below: str, wanted: str) -> None:
    text = f"import time\n\n\ndef run(client, days):\n    {loop}\n        try:\n"
    text += (
        textwrap.indent(body, " " * 12) + f"\n        except Exception:\n            {handler}\n"
    )
    text += f"        {below}\n"
    assert level(HEAD + text) == wanted


@pytest.mark.parametrize(
    ("handler", "below", "wanted"),
    [
        ("x = None", "if x is None:\n    logger.warning('no x of %s', day)", "debug"),
        ("x = None", "if not x:\n    raise LookupError(day)", "debug"),
        ("x = ''", "if x == '' or day:\n    logger.error('no x')", "debug"),
        ("x = []", "if x:\n    send(x)\nelse:\n    logger.warning('no x')", "debug"),
        ("x = None", "logger.warning('no x')", "debug"),
        ("x = None", "raise TimeoutError(day)", "debug"),
        ("x = None", "if x is not None:\n    logger.warning('found %s', x)", "error"),
        ("x = None", "if day is None:\n    logger.warning('no day')", "error"),
        ("x = None", "if x is None:\n    logger.info('no x')", "error"),
        ("x = None", "if x is None and day:\n    logger.warning('no x')", "error"),
        ("return None", "logger.warning('x is %s', x)", "error"),
        ("x = client.other()", "if x is None:\n    logger.warning('no x')", "warning"),
    ],
)
def test_what_the_line_below_reports(handler: str, below: str, wanted: str) -> None:
    text = function("x = client.load(day)", handler, below)
    changed = apply_to_text(text, ("excepts",), {}, likely=True)
    found = re.findall(r"logger\.(\w+)\([^)]*failed", changed)
    assert [each.replace("exception", "error") for each in found] == [wanted], changed


def test_what_holds_before_the_try_is_reported_below() -> None:
    text = function("x = client.load(day)", "pass", "if x is None:\n    logger.warning('no x')")
    text = text.replace("    try:", "    x = None\n    try:")
    assert "logger.debug(" in apply_to_text(text, ("excepts",), {})
    halfway = text.replace("client.load(day)", "1\n        client.load(day)")
    assert "logger.exception(" in apply_to_text(halfway, ("excepts",), {})


def test_what_the_handler_calls_reports() -> None:
    for told, wanted in (("logger.warning('no %s', day)", "debug"), ("day.clear()", "error")):
        text = f"{HEAD}def skip(day):\n    {told}\n\n\ndef run(day):\n    try:\n        load(day)\n"
        text += "    except Exception:\n        skip(day)\n"
        assert said(apply_to_text(text, ("excepts",), {})) == wanted


@pytest.mark.parametrize(
    ("callee", "wanted"),
    [
        ("logger.exception('no rows of %s', day)\n        raise", "debug"),
        ("logger.warning('no rows')\n        raise LookupError(day) from e", "debug"),
        ("logger.exception('no rows of %s', day)\n        return None", ""),
        ("logger.info('no rows of %s', day)\n        raise", "error"),
        ("raise LookupError(day) from e", "error"),
    ],
)
def test_what_the_callee_reports(callee: str, wanted: str) -> None:
    source = (
        f"{HEAD}def load(day):\n    try:\n        return day.execute()\n"
        "    except Exception as e:\n"
        f"        {callee}\n"
    )
    user = HEAD + "from source import load\n\n\ndef run(day):\n    try:\n        return load(day)\n"
    user += "    except Exception:\n        return []\n"
    changed = apply_to_files({"source.py": source, "run.py": user}, ("excepts",))
    assert said(changed["run.py"]) == wanted


@pytest.mark.parametrize(
    ("body", "handler", "is_alternative"),
    [
        ("return client.fast(day)", "return client.slow(day)", True),
        ("return self.fast(day)", "return self.slow(day)", True),
        ("x = client.json(day)", "x = client.text", True),
        ("client.load_first()", "client.load_second()", True),
        ("return client.fast(day)", "return client.slow(extra)", True),
        ("return fast(day)", "return slow(extra)", False),
        (
            "if urn:\n    return client.a(day)",
            "if day:\n    urn = 1\n    return client.b(day)",
            True,
        ),
        ("return path.abs(day.file)", "x = load(extra)\nreturn path.abs(x)", True),
        ("return self.fast(day)", "x = self.slow()\nreturn pd.DataFrame(x)", True),
        ("return self.fast(day)", "x = self.slow()\nclient.send()\nreturn day", False),
        ("return self.fast(day)", "return self.redirect()", False),
        ("return client.fast(day)", "return self.slow()", False),
        ("x = client.truetype('Sans', 12)", "x = client.load_default()", True),
        ("x = pd.read_gbq(day)", "x = pd.DataFrame()", False),
        ("return fast(day)", "return None", False),
        ("return fast(day)", "return day", False),
        ("x = fast(day)", "y = slow(day)", False),
        ("return render(day)", "return Response(day, 500)", False),
        ("return frame(pd.DataFrame(day))", "return pd.DataFrame()", False),
        ("return frame(day)", "return frame(pd.DataFrame(), day)", False),
        ("return frame(day)", "return empty_frame(day)", False),
        ("return client.json(day)", "return client.text()", True),
        ("x = client.a(day)\ny = x.url(day)", "if extra:\n    x = client.b(day)", True),
        ("x = a(self.day)", "x = b(self.day)\nclient.send(x)", True),
        ("x = a(self.day, day)", "x = b(self.night)\nclient.send(x)", False),
        ("x = client.code()", "x = f'{client}'", True),
        ("x = client.a(day)", "try:\n    x = client.b(day)\nexcept OSError:\n    pass", True),
        ("return fast(day)", "return redirect_to(day)", False),
        ("client.load_first()\nclient.load_third()", "client.load_second()", False),
        ("client.load_first()", "extra.load_second()", False),
        ("client.load_first()\nreturn True", "client.load_second()\nreturn True", True),
        ("client.load_first()\nreturn day", "client.load_second()\nreturn day", False),
        ("client.load_first()", "client.close()", False),
    ],
)
def test_another_way_in_the_handler(body: str, handler: str, is_alternative: bool) -> None:
    text = function(body, handler)
    assert (at_most(text) if is_alternative else level(text)) == (
        "warning" if is_alternative else "error"
    )


@pytest.mark.parametrize(
    ("body", "after", "is_alternative"),
    [
        ("return fast(day)", "return slow(day)", True),
        ("return fast(day)", "try:\n    return slow(day)\nexcept OSError:\n    return None", True),
        ("return fast(day)", "return None", False),
        ("return fast(day)", "return slow(extra)", True),
        ("x = fast(day)", "return slow(day)", False),
        ("return fast(day)", "", False),
        ("x = client.a(day)", "if x is None:\n    x = client.b(day)", True),
        (
            "x = a(day)",
            "if x is None:\n    try:\n        x = b(day)\n    finally:\n        x",
            True,
        ),
        ("x = client.a(day)", "if y is None:\n    x = client.b(day)", False),
        ("x = client.a(day)", "if x is None:\n    y = client.b(day)", False),
        ("x = client.a(day)", "if x is None:\n    return client.b(day)", False),
        ("x = client.a(day)", "x = client.b(day)", False),
        ("return a(day)", "if day:\n    return b(day)", True),
        ("client.load_a()\nreturn True", "client.load_b()\nreturn False", True),
        ("client.load_a()", "client.load_b()", False),
        (
            "client.load_a()\nreturn True",
            "try:\n    client.load_b()\nexcept OSError:\n    pass",
            True,
        ),
        ("client.load_a()\nreturn True", "client.close()\nreturn False", False),
        ("return a(day)", "x = clone()\nreturn x, client", True),
        ("return a(day)", "x = clone()\nreturn x, None", False),
        ("return a(day)", "x = clone()\nreturn found(x)", True),
        ("return a(day)", "x = clone()\nreturn pd.DataFrame()", False),
        ("return a(day)", "x = clone()\nreturn client", False),
        ("return fast(day)", "log_it(day)\nreturn slow(day)", True),
    ],
)
def test_another_way_below(body: str, after: str, is_alternative: bool) -> None:
    text = function(body, "pass", after)
    assert (at_most(text) if is_alternative else level(text)) == (
        "warning" if is_alternative else "error"
    )


@pytest.mark.parametrize(
    ("body", "handler", "after", "wanted"),
    [
        ("return int(day)", "return day", "", "debug"),
        ("return int(day)", "return extra", "", "debug"),
        ("return open(day).read()", "return day", "", "debug"),
        ("return open(day).read()", "return str(day)", "", "debug"),
        ("return open(day).read()", "pass", "return day", "debug"),
        ("return open(day).read()", "return extra", "", "warning"),
        ("day = open(day).read()", "pass", "send(day)", "debug"),
        ("x = open(day).read()", "pass", "send(x)", "warning"),
        ("extra['x'] = open(day).read()", "extra['x'] = day", "", "debug"),
        ("extra['x'] = open(day).read()", "extra['y'] = day", "", "warning"),
        ("return open(day).read()", "pass", "x = find(day)\nreturn x", "debug"),
        ("return open(day).read()", "pass", "return None", "warning"),
        # a text that is to be another one goes on as it was, and looks like it
        ("return day.strip()", "return day", "", "warning"),
        ("return urlparse(day.strip()).netloc.lower()", "return day", "", "warning"),
        ("day = day.removesuffix('Z')", "pass", "send(day)", "warning"),
        ("return day.strip()", "return None", "", "debug"),
        ("return int(day.strip())", "return day", "", "debug"),
        ("return client.enrich(day)", "return day", "", "error"),
    ],
)
def test_a_value_that_stays_is_not_lost(body: str, handler: str, after: str, wanted: str) -> None:
    text = "from urllib.parse import urlparse\n" + function(body, handler, after)
    assert level(text) == wanted


@pytest.mark.parametrize(
    ("found", "handler", "wanted"),
    [
        ("os.environ.get('REF') or None", "branch = before", "warning"),
        ("'main'", "branch = before", "error"),
        ("dict()", "branch = before", "error"),
        ("os.environ.get('REF')", "other = before", "error"),
        ("os.environ.get('REF')", "branch = before\nclient.send(before)", "error"),
    ],
)
def test_what_was_found_elsewhere_before(found: str, handler: str, wanted: str) -> None:
    text = f"def run(client):\n    before = {found}\n    try:\n        branch = client.ref()\n"
    text += f"    except Exception:\n{textwrap.indent(handler, ' ' * 8)}\n    return branch\n"
    assert (at_most(HEAD + text) if wanted == "warning" else level(HEAD + text)) == wanted


def test_the_same_once_more_with_something_else() -> None:
    for other, wanted in (("client.use('')", "warning"), ("client.use()", "error")):
        assert level(function("client.use('de')", other)) == wanted


@pytest.mark.parametrize(
    ("body", "handler", "after", "wanted"),
    [
        ("x.append(client.load(day))", "extra.append(day)",
         "if extra:\n    logger.warning('none of %s', extra)", "warning"),
        ("x.append(client.load(day))", "extra.append(day)",
         "if extra:\n    raise LookupError(extra)", "warning"),
        ("x.append(client.load(day))", "extra.append(day)",
         "if extra:\n    logger.info('none of %s', extra)", "error"),
        ("x.append(client.load(day))", "extra.append(day)",
         "if x:\n    logger.warning('some')", "error"),
        ("x.append({'day': client.load(day), 'status': 'done'})",
         "x.append({'day': day, 'status': 'error'})", "", "warning"),
        ("x.append({'day': client.load(day), 'status': 'done'})",
         "x.append({'day': day, 'status': None})", "", "error"),
        ("x.append({'day': client.load(day), 'status': 'done'})",
         "x.append({'status': 'error'})", "", "error"),
    ],
)  # fmt: skip
def test_what_failed_is_kept_as_such(body: str, handler: str, after: str, wanted: str) -> None:
    changed = apply_to_text(function(body, handler, after), ("excepts",), {})
    found = re.findall(r"logger\.(\w+)\([^)]*failed", changed)
    assert [each.replace("exception", "error") for each in found] == [wanted], changed


@pytest.mark.parametrize(
    ("docstring", "result", "wanted"),
    [
        ("The number, None if there is none.", "None", "debug"),
        ("The number; 0 when it is none.", "0", "debug"),
        ("The number.", "None", "warning"),
        ("The number, None if there is none.", "0", "warning"),
        ("100 if all is well.", "0", "warning"),
    ],
)
def test_the_docstring_says_what_a_failure_gives(docstring: str, result: str, wanted: str) -> None:
    text = function("return open(day).read()", f"return {result}", docstring=docstring)
    assert level(text) == wanted
    if wanted == "debug":  # an outage is an error whatever is said of it
        assert level(text.replace("open(day).read()", "client.load(day)")) == "error"


@pytest.mark.parametrize(
    ("use", "wanted"),
    [
        ("frame['area'].apply(load)", "debug"),
        ("frame['area'].map(load)", "debug"),
        ("pool.map(load, frame)", ""),
        ("[load(each) for each in frame]", ""),
        ("frame['area'].apply(other)", ""),
    ],
)
def test_what_is_applied_to_each_value(use: str, wanted: str) -> None:
    text = f"{HEAD}from shapes import wkt\n\n\ndef load(x):\n    try:\n        return wkt.area(x)\n"
    text += "    except Exception:\n        return None\n"
    user = f"from here import load\n\n\ndef run(frame, pool):\n    return {use}\n"
    changed = apply_to_files({"here.py": text, "run.py": user}, ("excepts",))
    assert said(changed["here.py"]) == wanted


def test_what_is_printed_where_all_is_printed_is_told() -> None:
    handler = "print('kept', day)"
    text = function("print('removing', day)\nclient.delete(day)", handler)
    assert apply_to_text(text, ("excepts",), {}) == text
    for other in (text.replace("print('removing', day)", "logger.info('removing')"),
                  text.replace("print('removing', day)\n", "client.load()\n")):  # fmt: skip
        assert level(other) == "error"


def test_what_explains_one_copy_of_a_block_explains_all() -> None:
    block = "    try:\n        x = client.load(day)\n    except Exception:{}\n"
    block += "        x = client.read(day)\n"
    text = HEAD + f"def one(client, day):\n{block.format('  # not all have it')}"
    for own, wanted in ((block, "debug"), (block.replace("read", "look_up"), "warning")):
        changed = apply_to_text(
            f"{text}\n\ndef two(client, day):\n{own.format('')}", ("excepts",), {}, likely=True
        )
        assert re.findall(r"logger\.(\w+)\([^)]*failed", changed)[-1] == wanted


# -- twins ----------------------------------------------------------------------------------------


def twins(*handlers: str, body: str = "parts[{0!r}] = fetch(day, {0!r})") -> list[str]:
    text = HEAD + "def run(day, parts):\n"
    for name, handler in zip("abc", handlers, strict=False):
        text += f"    try:\n        {body.format(name)}\n    except Exception:\n        {handler}\n"
    changed = apply_to_text(text, ("excepts",), {})
    return re.findall(r"logger\.(\w+)\([^)]*failed", changed)


def test_twins_have_one_level() -> None:
    assert twins("parts['a'] = None", "parts['b'] = None") == ["exception"] * 2
    why = "  # older days have none"
    assert twins("parts['a'] = None" + why, "parts['b'] = None") == ["warning"] * 2
    assert twins("parts['a'] = None" + why, "parts['b'] = None" + why) == ["debug"] * 2


def test_what_a_twin_logs_already_is_the_level() -> None:
    logged = "logger.info('none of %s', day)\n        parts['a'] = None"
    assert twins(logged, "parts['b'] = None", "parts['c'] = None") == ["info"] * 2


def test_others_are_no_twins() -> None:
    why = "  # older days have none"
    assert twins("parts['a'] = None" + why, "return None") == ["debug", "exception"]


# -- scripts that only print ----------------------------------------------------------------------


def test_a_script_that_only_prints_says_nothing_of_what_is_ordinary() -> None:
    script = "def run(client):\n    try:\n        client.close()\n    {}\n        pass\n\n\n"
    script += "if __name__ == '__main__':\n    print(run(None))\n"
    bare, broad = script.format("except:"), script.format("except Exception:")
    assert apply_to_text(bare, ("excepts",), {}) == broad
    assert apply_to_text(broad, ("excepts",), {}) == broad
    (found,) = check_text(broad, ("excepts",))
    assert isinstance(found.reason, NoQuietWay)


@pytest.mark.parametrize(
    ("levels", "body", "handler", "says"),
    [
        ("info warning error", "return int(x)", "return 0", ""),
        ("debug info warning error", "return int(x)", "return 0", "logs.debug("),
        ("info warning error", "return open(x).read()", "return 0", "logs.warning("),
        ("info warning error", "return load(x)", "return 0", "logs.error("),
    ],
)
def test_a_logger_without_that_level_says_nothing_of_what_is_ordinary(
    levels: str, body: str, handler: str, says: str
) -> None:
    files = {"logs.py": "".join(f"def {e}(text):\n    print(text)\n\n\n" for e in levels.split())}
    text = "import logs\n\n\ndef run(x: int):\n    logs.info('running')\n    try:\n"
    text += f"        {body}\n    except Exception:\n        {handler}\n"
    for catches in ("except Exception:", "except:"):
        files["run.py"] = text.replace("except Exception:", catches)
        changed = apply_to_files(files, ("excepts",))["run.py"]
        assert (says in changed) if says else changed == text


@pytest.mark.parametrize(
    ("line", "stands_in"),
    [
        ("setattr(\n    sys.stdout, 'write', wrapped)", True),
        ("sys.stderr.write = wrapped", True),
        ("sys.stderr.write('x')", False),
        ("print(sys.stdout.write == wrapped)", False),
    ],
)
def test_a_module_that_stands_in_for_a_stream(line: str, stands_in: bool) -> None:
    text = f"import sys\n\n{line}\n\n" + function("client.load(day)", "pass")
    (found,) = check_text(text, ("excepts",))
    assert isinstance(found.reason, ModuleIsStream) == stands_in


# -- what the docstring, the callers and the lines around say --------------------------------------


@pytest.mark.parametrize(
    ("docstring", "forgives"),
    [
        ("Remove a file, ignoring any error if it occurs.", True),
        ("Opens it. Does not throw.", True),
        ("Never raises.", True),
        ("Errors of a connection are ignored.", True),
        ("Ignores connections that fail.", True),
        ("Best-effort.", True),
        ("Ignores empty rows.", False),
        ("Does not raise a ValueError for empty rows.", False),
        ("This should not fail.", False),
    ],
)
def test_a_docstring_forgives_all_errors(docstring: str, forgives: bool) -> None:
    for body, wanted in (
        ("client.load(day)", ("warning", "error")),
        ("requests.post(day)", ("warning", "error")),
        ("os.remove(day)", ("debug", "warning")),
    ):
        text = "import requests\n" + function(body, "pass", docstring=docstring)
        assert level(text) == wanted[not forgives]


@pytest.mark.parametrize(
    ("docstring", "result", "is_planned"),
    [
        ("Returns None when the file can't be parsed.", "None", True),
        ("The value, or |extra| if the constructor threw an exception.", "extra", True),
        ("If parsing fails, it is replaced with zeros.", "[0]", True),
        ("An empty list if the file cannot be read.", "[]", True),
        ("Gives ``{}`` if the answer is malformed.", "dict()", True),
        ("Returns (None, False) if it is invalid.", "None, False", True),
        ("`rows` is ``None`` when these cannot be told.", "Rows(rows=None, is_all=False)", True),
        ("`rows` is ``None`` when these cannot be told.", "Rows(rows=0, all=None)", False),
        ("An empty list if the file cannot be read.", "{}", False),
        ("The rows of a list that is empty if there are none.", "[]", False),
        ("Returns None when there are no rows.", "None", False),
        ("Returns 0 when the file can't be parsed.", "None", False),
        ("Raises LookupError if loading fails.", "None", False),
    ],
)
def test_a_docstring_says_what_happens_when_it_fails(
    docstring: str, result: str, is_planned: bool
) -> None:
    text = function("return client.load(day)", f"return {result}", docstring=docstring)
    assert (at_most(text) if is_planned else level(text)) == ("warning" if is_planned else "error")
    text = "import requests\n" + text.replace("client.load(day)", "requests.get(day)")
    assert level(text) == ("" if is_planned else "error")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("x = getpass.getuser()", "debug"),
        ("x = socket.getfqdn()", "debug"),
        ("multiprocessing.set_start_method('spawn')", "debug"),
        ("x = importlib.metadata.version('x')", "debug"),
        ("p, _ = os.waitpid(-1, 0)\nlogger.info('cleared %s', p)", "debug"),
        ("x = client.load(getpass.getuser())", "error"),
        ("x = getpass.getuser()\nclient.load(x)", "error"),
        ("client.wait_for_load_state('loaded', timeout=3)", "debug"),
        ("client.wait_for_load_state('loaded')", "error"),
        ("x = client.wait_for_load_state('loaded', timeout=3)", ""),
        ("x = re.search('a', day).group(1)", "debug"),
        ("found = re.search('a', day)\nx = found.group(1)", "debug"),
        ("found = json.loads(day)\nx = found.get('a', [])", "debug"),
        ("found = client.find(day)\nx = found.get('a', [])", ""),
    ],
)
def test_what_is_asked_of_the_system_and_of_values(body: str, wanted: str) -> None:
    modules = ("getpass", "importlib.metadata", "json", "multiprocessing", "re", "socket")
    head = "".join(f"import {each}\n" for each in modules)
    assert level(head + function(body, "pass")) == wanted


def test_who_may_decline_with_ctrl_c_is_asked() -> None:
    text = function("client.ask(day)", "return None")
    for types, wanted in (("(KeyboardInterrupt, Exception)", "debug"), ("Exception", "error")):
        assert level(text.replace("except Exception", f"except {types}")) == wanted


@pytest.mark.parametrize(
    ("result", "wanted"), [("None", "debug"), ("Person()", ""), ("other()", "")]
)
def test_an_attribute_is_asked_of_what_may_be_none(result: str, wanted: str) -> None:
    text = (
        HEAD + f"def person(day):\n    if day:\n        return Person()\n    return {result}\n\n\n"
    )
    text += "class Person:\n    name = ''\n\n\ndef run(day):\n    try:\n"
    text += "        return person(day).name\n    except Exception:\n        return ''\n"
    assert level(text) == wanted


@pytest.mark.parametrize(
    ("pieces", "handler", "wanted"),
    [
        ("day.splitlines()", "continue", "debug"),
        ("lines", "continue", "debug"),
        ("lines[1:]", "pass", "debug"),
        ("re.findall('a', day)", "continue", "debug"),
        ("day", "continue", "warning"),
        ("day", "pass", "warning"),
        ("day", "x = 0", "debug"),
        ("open(day)", "continue", "warning"),
    ],
)
def test_a_piece_of_a_text_need_not_convert(pieces: str, handler: str, wanted: str) -> None:
    text = f"import re\n{HEAD}def run(day):\n    lines = day.split('|')\n"
    text += f"    for team_id in {pieces}:\n"
    text += "        try:\n            x = int(team_id)\n        except Exception:\n"
    text += f"            {handler}\n"
    assert level(text + "        print(x)\n") == wanted
    if wanted == "warning":  # of one that is not named, nobody would know which it was
        assert level(text.replace("team_id", "each") + "        print(x)\n") == "debug"


@pytest.mark.parametrize(
    ("returns", "body", "handler", "wanted"),
    [
        (" -> bool", "return int(day) > 3", "return False", "debug"),
        ("", "return int(day) > 3", "return False", "debug"),
        ("", "return open(day).read() > '3'", "return False", "debug"),
        ("", "return open(day).read()", "return False", "warning"),
        (" -> bool", "return open(day).read() > '3'", "return None", "warning"),
        (" -> bool", "return client.upload(day)", "return False", "error"),
    ],
)
def test_a_function_says_whether_a_value_is_of_a_kind(
    returns: str, body: str, handler: str, wanted: str
) -> None:
    text = function(body, handler).replace("extra):", f"extra){returns}:")
    assert level(text) == wanted


@pytest.mark.parametrize(
    ("before", "handler", "below", "wanted"),
    [
        ("", "failed = True", "failed |= not day\nif failed:\n    logger.warning('x')", "debug"),
        ("", "failed = True", "day.close()\nif failed:\n    logger.warning('x')", "debug"),
        ("", "failed = True", "failed = day\nif failed:\n    logger.warning('x')", "error"),
        ("", "failed = True", "return 1\nif failed:\n    logger.warning('x')", "error"),
        ("", "failed = True", "day.close()\nlogger.warning('x')", "error"),
        ("", "failed = True", "if not failed:\n    logger.warning('x')", "error"),
        ("slow = False", "failed = True", "day.close()\nif not slow:\n    logger.warning('x')",
         "error"),
        ("", "opened = False", "if not opened:\n    console.print('x')", "debug"),
        ("", "opened = False", "if opened:\n    console.print('x')", "error"),
        ("", "opened = False", "console.print('x')", "error"),
    ],
)  # fmt: skip
def test_what_is_reported_a_few_lines_below(
    before: str, handler: str, below: str, wanted: str
) -> None:
    text = function("client.load(day)", handler, below)
    text = text.replace("    try:", f"    {before or '...'}\n    try:")
    changed = apply_to_text(text, ("excepts",), {})
    found = re.findall(r"logger\.(\w+)\([^)]*failed", changed)
    assert [each.replace("exception", "error") for each in found] == [wanted], changed


@pytest.mark.parametrize(
    ("test", "wanted"), [("not value", "debug"), ("value", "error"), ("not other", "error")]
)
def test_what_was_missing_before_is_reported_below(test: str, wanted: str) -> None:
    text = f"{HEAD}def run(client, value, other):\n    if {test}:\n        try:\n"
    text += "            value = client.load()\n        except Exception:\n            pass\n"
    text += "    if value:\n        send(value)\n    else:\n        logger.warning('no value')\n"
    assert f"logger.{wanted.replace('error', 'exception')}(" in apply_to_text(
        text, ("excepts",), {}
    )


def test_a_logger_of_the_projects_own_reports_too() -> None:
    logs = "def warning(text):\n    print(text)\n\n\ndef error(text):\n    print(text)\n"
    logs += "\n\ndef debug(text):\n    print(text)\n"
    text = "import logs\n\n\ndef run(client):\n    try:\n        x = client.load()\n"
    text += "    except Exception:\n        x = None\n    if not x:\n        logs.{}('no x')\n"
    for method, wanted in (("error", "debug"), ("debug", "error")):
        changed = apply_to_files({"logs.py": logs, "run.py": text.format(method)}, ("excepts",))
        assert f'logs.{wanted}(f"run: client.load failed' in changed["run.py"]


@pytest.mark.parametrize(
    ("beside", "handler", "wanted"),
    [
        ("logger.warning('no a')\n            continue", "continue", "warning"),
        ("logger.info('no a')\n            continue", "continue", "info"),
        ("logger.warning('no a')\n            day = 0", "continue", "error"),
        ("logger.error('no a')\n            continue", "continue", "error"),
        ("continue", "continue", "error"),
    ],
)
def test_a_step_beside_that_goes_on_alike_says_how_bad_it_is(
    beside: str, handler: str, wanted: str
) -> None:
    text = f"{HEAD}def run(client, days):\n    for day in days:\n        try:\n"
    text += f"            a = client.a(day)\n        except Exception:\n            {beside}\n"
    text += "        try:\n            b = client.b(day, a)\n        except Exception:\n"
    text += f"            {handler}\n"
    changed = apply_to_text(text, ("excepts",), {})
    assert re.findall(r"logger\.(\w+)\([^)]*failed", changed)[-1] == wanted.replace(
        "error", "exception"
    )


def test_what_is_tried_in_a_handler_is_no_worse_than_what_that_is_for() -> None:
    text = f"{HEAD}def run(client):\n    try:\n        client.load()\n    except Exception as e:\n"
    text += "        {}\n        try:\n            client.scroll()\n        except Exception:\n"
    text += "            pass\n"
    for log, wanted in (("logger.warning('x %s', e)", "warning"), ("send(e)", "exception")):
        changed = apply_to_text(text.format(log), ("excepts",), {})
        assert re.findall(r"logger\.(\w+)\([^)]*failed", changed) == [wanted]


@pytest.mark.parametrize(
    ("first", "body", "wanted"),
    [
        ("logger.error('x %s', e)", "print(f'Details: {e.response.json()}')", "debug"),
        ("logger.error('x %s', e)", "print(f'Details: {e.response.json()}')\nclient.c()", "error"),
        ("logger.error('x %s', e)", "client.pick(e)", "error"),
        ("client.send(e)", "client.pick(e.response)", "exception"),
    ],
)
def test_details_of_what_is_told_already(first: str, body: str, wanted: str) -> None:
    text = f"import requests\n{HEAD}def run(client):\n    try:\n        client.load()\n"
    text += f"    except requests.HTTPError as e:\n        {first}\n"
    text += "        if e.response is not None:\n            try:\n"
    text += textwrap.indent(body, " " * 16)
    text += "\n            except Exception:\n                pass\n"
    changed = apply_to_text(text, ("excepts",), {})
    found = re.findall(r"logger\.(\w+)\([^)]*failed", changed)
    assert found == [wanted.replace("error", "exception")], changed


@pytest.mark.parametrize(
    ("outer", "wanted"),
    [
        ("logger.warning('x')", "warning"),
        ("logger.warning('x')\n        raise", "exception"),
        ("logger.error('x')", "exception"),
        ("pass", "exception"),
    ],
)
def test_a_part_is_no_worse_than_all_that_is_tried(outer: str, wanted: str) -> None:
    text = f"{HEAD}def run(client, day):\n    try:\n        try:\n            client.load(day)\n"
    text += "        except Exception:\n            pass\n        client.save(day)\n"
    text += f"    except Exception:\n        {outer}\n"
    changed = apply_to_text(text, ("excepts",), {})
    assert re.findall(r"logger\.(\w+)\([^)]*client.load failed", changed) == [wanted]


@pytest.mark.parametrize(
    ("handler", "wanted"),
    [
        ("x.append({'text': day})", "warning"),
        ("x.append({'text': day, 'kind': None})", "error"),
        ("x.append({'text': client})", "warning"),
        ("x.append({'text': ''})", "error"),
        ("extra.append({'text': day})", "error"),
    ],
)
def test_what_is_made_of_the_same_by_hand(handler: str, wanted: str) -> None:
    body = "event = client.event(day)\ndone = client.dump(event)\nx.append(done)"
    text = function(body, handler)
    assert (at_most(text) if wanted == "warning" else level(text)) == wanted


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("if self.failed:\n            logger.error('not %s', self.failed)", "warning"),
        ("return self.failed", "error"),
    ],
)
def test_a_list_of_the_object_is_warned_of_in_another_method(told: str, wanted: str) -> None:
    text = f"{HEAD}class Copy:\n    def run(self, client, day):\n        try:\n"
    text += "            client.load(day)\n        except Exception:\n"
    text += f"            self.failed.append(day)\n\n    def end(self):\n        {told}\n"
    assert level(text) == wanted


# -- what nothing decides --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "handler", "doubt"),
    [
        ("x = json.loads(client.get(day))", "x = None", MayFindNothing),
        ("x = json.loads(self.cache.get(json.dumps(day)))", "x = None", MayFindNothing),
        ("x = int(client.rows(day).first())", "x = None", MayFindNothing),
        ("x = client.get(day)['a']['b']", "return ''", MayFindNothing),
        ("row = client.get(day)\nx = row['a']", "pass", MayFindNothing),
        ("x = client.get_name().lower()", "pass", MayFindNothing),
        ("x = json.loads(look(day))", "x = None", MayFindNothing),
        ("x = client.disks().get(disk=day).execute()", "x = None", MayNotBeThere),
        ("x = stats.ks_2samp(day, extra).pvalue", "x = 1.0", MayFindNothing),
        (
            "x = client.load(day)\nx = float(x) if x is not None else None\nx = f'{x:.2f}'",
            "pass",
            MayBeNothing,
        ),
        ("x = Team.objects.get(id=day)", "x = None", MayNotBeThere),
        ("x = client.query(Team).filter(day).one()", "x = None", MayNotBeThere),
        ("x = client.find_element('id', day).text", "x = ''", MayNotBeThere),
        ("client.delete_topic(day)", "pass", MayNotBeThere),
        ("storage.Client().delete_table(day)", "pass", MayNotBeThere),
        ("client.create_topic(day)", "pass", MayBeThere),
        ("client.execute('ALTER TABLE teams ADD city')", "pass", MayBeThere),
        ("storage.Client().create_bucket(day)", "pass", MayBeThere),
        # whatever goes wrong there is no ordinary answer
        ("client.delete_topic(day)", "return None", None),
        ("x = client.create_topic(day)", "x = None", None),
        ("client.execute('INSERT INTO teams VALUES (1)')", "pass", None),
        ("os.remove(client.path(day))", "pass", None),
        ("x = client.get(day)", "x = None", NothingTells),
        ("x = json.loads(client.read(day))", "x = None", None),
        ("row = client.fetch(day)\nif row:\n    x = row['a']", "pass", None),
        ("x = json.loads(client.get(day))", "x = client.default()", NothingTells),
        ("x = requests.get(day, timeout=3).json()['a']", "x = None", None),
        ("x = client.disks().list(disk=day).execute()", "x = None", None),
        ("x = client.load(stats.ks_2samp(day, extra))", "x = None", None),
        ("if len(day) < 2:\n    return\nx = stats.ks_2samp(day, extra)", "x = None", None),
        ("x = client.load(day)\nx = f'{x:.2f}'", "pass", None),
    ],
)
def test_what_nothing_decides_is_left(
    body: str, handler: str, doubt: type[Statement] | None
) -> None:
    look = "\n\ndef look(day):\n    if day:\n        return day.rows()\n    return None\n"
    text = "import json\nimport requests\nfrom google.cloud import storage\n"
    text += "from scipy import stats\n" + function(body, handler) + look
    (found,) = check_text(text, ("excepts",))
    if doubt is None:
        assert found.evidence.level == "proven"
        assert level(text) == "error"
    else:
        assert isinstance(found.evidence.doubt, doubt)
        assert apply_to_text(text, ("excepts",), {}) == text
        assert said(apply_to_text(text, ("excepts",), {}, likely=True)) == "warning"


def test_what_is_ordinary_may_be_asked_around() -> None:
    body = "if len(rows) > 2:\n    try:\n        x = stats.levene(rows)\n    except Exception:\n"
    text = f"from scipy import stats\n{HEAD}def run(rows):\n"
    text += textwrap.indent(body, "    ") + "            x = 1.0\n    return x\n"
    assert level(text) == "error"
    assert level(text.replace("len(rows) > 2", "rows")) == ""


@pytest.mark.parametrize(
    ("above", "body", "is_made"),
    [
        ("x = load(day)", "x += load(extra)", True),
        ("x = load(day)", "x += load(day)", False),
        ("x = fetch(day)", "x += load(day, extra)", False),
        ("x = 3", "x += load(day, extra)", False),
    ],
)
def test_the_same_may_not_fail_above(above: str, body: str, is_made: bool) -> None:
    text = function(body, "pass", "return x").replace("    try:", f"    {above}\n    try:")
    (found,) = check_text(text, ("excepts",))
    assert isinstance(found.evidence.doubt, IsMadeAbove) == is_made
    assert level(text) == ("" if is_made else "error")


def test_a_comment_decides() -> None:
    text = "import json\n" + function("x = json.loads(client.get(day))", "x = None")
    assert level(text) == ""
    assert level(text.replace("x = None", "x = None  # not cached yet")) == "debug"
