"""Failures that may be ordinary, by what is around them: they are left, or told quietly."""

from __future__ import annotations

import re
import textwrap

import pytest
from qw_codemod.checks.excepts.statements import (
    CannotBeTold,
    EndsWithOwner,
    IsAskedAgain,
    IsGivenByCaller,
    IsTheAnswer,
    MayBeANo,
    MayBeAnotherLine,
    MayBeEmpty,
    MayBeGone,
    MayBeThere,
    MayHaveLeft,
    MayHaveNoKey,
    MayNotBeInstalled,
    MayNotBeThere,
    MayNotCome,
    MayNotFit,
    WorksOnGiven,
)

from qw_codemod.kernel.statements import Statement
from qw_codemod.testkit import apply_to_files, apply_to_text, check_text

HEAD = (
    "import json\nimport logging\nimport os\nimport shutil\nimport socket\nimport subprocess\n"
    "import sys\nimport time\n\nimport requests\n\nlogger = logging.getLogger('x')\n\n\n"
)


def function(body: str, handler: str = "pass", before: str = "", after: str = "") -> str:
    """A function with one handler, and code around it at the depth of its body."""
    text = "def run(client, day, text: str, tell):\n"
    text += textwrap.indent(before, " " * 4) + "\n    try:\n" + textwrap.indent(body, " " * 8)
    text += f"\n    except Exception:\n        {handler}\n" + textwrap.indent(after, " " * 4)
    return f"{HEAD}{text}\n"


def level(text: str) -> str:
    """The level at which a plain run tells of the only failure; empty where it is left."""
    changed = apply_to_text(text, ("excepts",), {})
    found = re.findall(r"logger\.(\w+)\(\s*\"[^\"]*failed", changed)
    assert len(found) < 2, changed
    return "".join(found).replace("exception", "error")


def doubt_of(text: str) -> type[Statement] | None:
    (found,) = check_text(text, ("excepts",))
    doubt = found.evidence.doubt
    assert (doubt is None) == (level(text) != "")
    return type(doubt) if doubt is not None else None


@pytest.mark.parametrize(
    ("body", "handler", "doubt"),
    [
        # what may not be there
        ("x = socket.getaddrinfo(day, 80)", "x = None", MayNotBeThere),
        ("from dns import resolver\nx = resolver.Resolver().query(day, 'NS')[0]", "pass",
         MayNotBeThere),
        ("x = subprocess.check_output(['exiftool', day])", "x = None", MayNotBeInstalled),
        ("x = subprocess.check_output([sys.executable, day])", "x = None", None),
        ("shutil.which('exiftool')\nx = subprocess.check_output(['exiftool'])", "x = None", None),
        ("subprocess.check_call(['gsutil', 'cp', day])", "pass", None),
        ("import win32gui\nwin32gui.EnumWindows(client, None)", "pass", MayNotBeInstalled),
        ("from os import path\nclient.load(path.join(day))", "pass", None),
        ("os.makedirs(text)", "pass", MayBeThere),
        ("os.makedirs(text, exist_ok=True)", "pass", None),
        ("if not os.path.isdir(text):\n    os.makedirs(text)", "pass", None),
        ("shutil.rmtree(text)\nos.makedirs(text)", "pass", None),
        ("x = client.load(client.names[day])", "x = None", MayHaveNoKey),
        ("x = client.load(client.names['day'], day)", "x = None", None),
        # the next item, and what ends
        ("job = client.get(timeout=1)\nclient.start(job)", "pass", MayBeEmpty),
        ("job = client.get(5)\nclient.start(job)\nclient.task_done()", "pass", MayBeEmpty),
        ("job = client.get(timeout=1)\nclient.start(job)", "return client.load()", None),
        ("client.write('\\n')\nsubprocess.call(['killall', 'x'])\nclient.close()", "pass",
         MayBeGone),
        ("client.write(day)\nsubprocess.call(['killall', 'x'])\nclient.close()", "pass", None),
        ("client = open(day)\nclient.load()\nclient.close()", "pass", None),
        ("client.quit()", "pass", MayBeGone),
        ("client.quit(day)", "pass", None),
        ("client.flush()", "pass", None),
        ("x = client.wait(3).until(day).text", "x = ''", MayNotCome),
        ("x = until(day)", "x = ''", None),
        # what may be of another kind
        ("x = client.parse_rows(text)", "x = None", WorksOnGiven),
        ("x = client.parse(text)\ny = client.rows(x)", "x = None", WorksOnGiven),
        ("x = client.parse(text)\ny = client.rows(day)", "x = None", None),
        ("x = client.parse(day)", "x = None", WorksOnGiven),
        ("x = client.parse_args()", "x = None", None),
        ("x = client.parse(text)\ny = client.rows(x)", "return Rows(x=None, y=[])", WorksOnGiven),
        ("x = client.parse(text)\ny = client.rows(x)", "return Rows(day)", WorksOnGiven),
        ("for path in day:\n    x = client.parse(path)", "x = None", WorksOnGiven),
        ("tell(day)", "pass", IsGivenByCaller),
        ("tell(day)", "return None", None),
        # the answer
        ("client.upload(day, if_generation_match=0)", "is_old = True", MayBeThere),
        ("requests.head(day, timeout=3).check()", "old = True", None),
        ("old = False\nrequests.head(day, timeout=3).check()", "old = True", IsTheAnswer),
        ("failed = False\nrequests.head(day, timeout=3).check()", "failed = True", None),
        ("x = requests.get(day, timeout=3)\nif x.ok:\n    tell = True", "pass", MayBeANo),
        ("x = requests.get(day, timeout=3)\nclient.rows = x\nif x.ok:\n    tell = True", "pass",
         None),
    ],
)  # fmt: skip
def test_what_may_be_ordinary_is_left(
    body: str, handler: str, doubt: type[Statement] | None
) -> None:
    assert doubt_of(function(body, handler)) is doubt


def test_what_explains_it_decides() -> None:
    body = "x = subprocess.check_output(['exiftool', day])"
    assert level(function(body, "x = None  # not each machine has it")) == "debug"
    likely = apply_to_text(function(body, "x = None"), ("excepts",), {}, likely=True)
    assert "logger.warning(" in likely


@pytest.mark.parametrize(
    ("loop", "inside", "is_polled"),
    [
        ("while time.monotonic() < day:", "", True),
        ("while time.monotonic() < day:", "+= 1", True),
        ("while time.monotonic() < day:", "+= client.load()", False),
        ("while day:", "now = time.time()", True),
        ("while day:", "now = client.time(day, text)", False),
        ("for each in day:", "now = time.time()", False),
    ],
)
def test_a_loop_that_looks_at_the_clock_asks_again(loop: str, inside: str, is_polled: bool) -> None:
    text = f"def run(client, day, text):\n    {loop}\n        try:\n            client.pump()\n"
    counts, inside = (f"text {inside}", "") if "+=" in inside else ("pass", inside)
    text += f"        except Exception:\n            {counts}\n        {inside}\n"
    assert doubt_of(HEAD + text) is (IsAskedAgain if is_polled else None)


@pytest.mark.parametrize(
    ("other", "doubt"),
    [
        ("self.link = None", EndsWithOwner),
        ("self.link.close()", EndsWithOwner),
        ("self.link.send()", None),
        ("self.other = None", None),
    ],
)
def test_a_reader_ends_with_what_it_reads(other: str, doubt: type[Statement] | None) -> None:
    text = (
        f"{HEAD}class Reader:\n    def read(self):\n        while self.link is not None:\n"
        "            try:\n                self.rows.append(self.link.readline())\n"
        "                self.process(day)\n"
        "            except Exception:\n                time.sleep(1)\n\n"
        f"    def end(self):\n        {other}\n"
    )
    assert doubt_of(text) is doubt


@pytest.mark.parametrize(
    ("name", "doubt"), [("stop", MayBeGone), ("close_all", MayBeGone), ("store", None)]
)
def test_a_method_that_ends_its_object(name: str, doubt: type[Statement] | None) -> None:
    text = (
        f"{HEAD}class Reader:\n    def {name}(self):\n        try:\n            self.link.send()\n"
    )
    assert doubt_of(text + "        except Exception:\n            pass\n") is doubt


@pytest.mark.parametrize(
    ("body", "below", "doubt"),
    [
        ("each.open()", "kept.append(each)", MayNotFit),
        ("each.open()", "kept.append(days)", None),
        ("load(each)", "kept.append(each)", None),
    ],
)
def test_a_loop_keeps_what_works(body: str, below: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}def run(days, kept):\n    for each in days:\n        try:\n"
    text += f"            {body}\n        except Exception:\n            continue\n"
    assert doubt_of(f"{text}        {below}\n") is doubt


@pytest.mark.parametrize(
    ("body", "doubt"),
    [
        ("peer.send(day)", MayHaveLeft),
        ("if peer.is_open:\n                peer.send_text(day)", MayHaveLeft),
        ("peer.store(day)", None),
        ("client.send(peer)", None),
        ("client.parse_rows(path)", WorksOnGiven),
        ("client.parse_rows(peer)", WorksOnGiven),
    ],
)
def test_one_of_many(body: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}def run(client, peers, day):\n    for path, peer in peers:\n        try:\n"
    text += f"            {body}\n        except Exception:\n            pass\n"
    assert doubt_of(text) is doubt


def test_a_comment_says_that_it_is_not_logged() -> None:
    for comment, is_left in (
        ("# There are too many to be logged.", True),
        ("# don't log these: old days have none", True),
        ("# This was raised again and has already been logged.", True),
        ("# already loaded: the log of old days", False),
        ("# no rows, and not a reason to stop", False),
        ("# not on the dialog of the old days", False),
    ):
        text = function("client.load(day)", f"day = None\n        {comment}\n        tell = 0")
        assert (level(text) == "") == is_left, comment


def test_a_text_in_the_place_of_another_says_of_which_one_or_is_left() -> None:
    for name, wanted in (("day", "warning"), ("record", "")):
        text = f"def run(self, {name}):\n    try:\n        return f'[{{self.link({name})}}]'\n"
        assert level(f"{HEAD}{text}    except Exception:\n        return 'N/A'\n") == wanted


@pytest.mark.parametrize(("place", "doubt"), [("finally", MayBeGone), ("else", None)])
def test_what_runs_in_the_end_may_be_gone(place: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}def run(client):\n    try:\n        client.load()\n"
    text += "" if place == "finally" else "    except OSError:\n        raise\n"
    text += f"    {place}:\n        try:\n            client.release_all(3)\n"
    text += "            client.forget()\n        except Exception:\n            pass\n"
    assert doubt_of(text) is doubt


@pytest.mark.parametrize(
    ("lines", "doubt"),
    [
        ("open(path)", MayBeAnotherLine),
        ("path.read_text().splitlines()", MayBeAnotherLine),
        ("client.rows(path)", None),
    ],
)
def test_each_line_of_a_file(lines: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}def all_of(client, path):\n    lines = {lines}\n    for line in lines:\n"
    text += "        one(client, line)\n\n\ndef one(client, line):\n    try:\n"
    text += "        client.store(client.pick(line))\n    except Exception:\n        pass\n"
    assert doubt_of(text) is doubt


def test_a_text_that_goes_on_as_it_was_is_told_of_or_left() -> None:
    for name, wanted in (("day", "warning"), ("url", "")):
        text = f"def run({name}):\n    try:\n        return {name}.strip('/')\n"
        text += f"    except Exception:\n        return {name}\n"
        assert level(HEAD + text) == wanted
        doubts = [type(each.evidence.doubt) for each in check_text(HEAD + text, ("excepts",))]
        assert (CannotBeTold in doubts) == (wanted == "")


@pytest.mark.parametrize(
    ("callee", "wanted"),
    [
        ("return queue.get(timeout=wait)", "debug"),
        ("return client.load(queue.get(timeout=wait))", ""),
        ("return client.load(wait)", ""),
        ("return client.execute(wait)", "error"),
    ],
)
def test_a_function_that_waits_for_the_next_is_followed(callee: str, wanted: str) -> None:
    text = f"{HEAD}def event(client, queue, wait):\n    {callee}\n\n\ndef run(client, queue):\n"
    text += "    try:\n        x = event(client, queue, 3)\n    except Exception:\n        pass\n"
    assert level(text) == wanted


@pytest.mark.parametrize(
    ("body", "handler", "wanted"),
    [
        # the clock belongs to the wait, and names nothing
        ("while time.monotonic() < day:\n    client.get(True, 1)\n    client.task_done()", "pass",
         "debug"),
        # a line of the log is lost
        ("logger.debug('size: %d', os.path.getsize(text))", "pass", "debug"),
        ("logger.debug('size: %d', os.path.getsize(text))\nclient.load()", "pass", "error"),
        # one question with two answers
        ("client.seek(1)\nis_long = True", "is_long = False", "debug"),
        ("client.send(1)\nsent = True", "sent = False", "error"),
        # what ends the writing of an output
        ("out.close()", "pass", "error"),
        ("other.close()", "pass", "debug"),
        ("os.replace(text, day)", "pass", "error"),
        ("os.replace(day, text)", "pass", "warning"),
        # and what was cancelled
        ("client.cancel()\nclient.result(timeout=3)", "pass", "debug"),
        ("client.start()\nclient.result(timeout=3)", "pass", "error"),
        # an answer that is at hand
        ("x = requests.get(day, timeout=3).json()", "x = None", "error"),
        ("x = answer.json()", "x = None", "debug"),
        ("x = response.json().get('day', '').lower()", "x = None", "debug"),
    ],
)  # fmt: skip
def test_what_decides_a_level(body: str, handler: str, wanted: str) -> None:
    before = "out = open(text, 'w')\nanswer = requests.post(day, timeout=3)"
    assert level(function(body, handler, before)) == wanted


BY_HAND = """found = []
        for each in text.splitlines():
            found.append(each)
        return found"""


@pytest.mark.parametrize(
    ("body", "handler", "after", "wanted"),
    [
        # another way, or what says that it failed
        ("with open(text) as file:\n    day = file.read()", "pass",
         "if day is None:\n    day = client.load(text)\nreturn day", "debug"),
        ("return set(client.rows(text))", BY_HAND, "", "warning"),
        ("return set(client.rows(day))", BY_HAND, "", "error"),
        ("x = client.rows(day)\nif x:\n    return x", "pass", "x = client.slow(day)\nreturn x",
         "warning"),
        ("x = client.rows(day)\nif x:\n    return x", "pass", "x = None\nreturn x", "error"),
        ("return client.rows(day)", "return Columns(told=['__parse_error__'])", "",
         "warning"),
        ("return client.rows(day)", "return Columns(told=['terrors'])", "", "error"),
        ("return client.rows(day)", "return page(json.dumps({'error': 'day'}))", "", "warning"),
        ("return client.rows(day)", "return page(json.dumps({'day': 'error'}))", "", "error"),
    ],
)  # fmt: skip
def test_what_becomes_of_it(body: str, handler: str, after: str, wanted: str) -> None:
    changed = apply_to_text(
        function(body, handler, after=after), ("excepts",), {}, likely=wanted == "warning"
    )
    assert re.findall(r"logger\.(\w+)\(", changed) == [wanted.replace("error", "exception")]


@pytest.mark.parametrize(
    ("test", "ends", "wanted"),
    [
        ("not up", "if answer.text == 'pong':\n                up = True", "debug"),
        ("not up", "client.rows = answer\n            up = True", "warning"),
        ("day", "client.rows = answer\n            up = True", ""),
    ],
)
def test_a_loop_ends_by_what_it_asks_for(test: str, ends: str, wanted: str) -> None:
    text = f"{HEAD}def run(client, day):\n    up = False\n    while {test}:\n        try:\n"
    text += f"            answer = requests.get(day, timeout=3)\n            {ends}\n"
    text += "        except Exception:\n            pass\n        time.sleep(3)\n"
    assert level(text) == wanted


def test_a_session_is_named_and_no_method_of_a_mapping() -> None:
    before = "session = requests.Session()\nrows = {}"
    for body, said in (
        ("x = session.get(day, timeout=3).text", "run: session.get"),
        ("x = client.load(rows.get(day))", "run: client.load failed"),
    ):
        assert said in apply_to_text(function(body, before=before), ("excepts",), {})


def test_the_docstring_says_what_it_falls_back_to() -> None:
    for said, wanted in (("cannot be parsed", "warning"), ("is a Sunday", "error")):
        text = (
            f'def run(client):\n    """Falls back to the default if the file {said}."""\n    try:\n'
        )
        text += "        return client.load()\n    except Exception:\n        return 'main'\n"
        assert level(HEAD + text) == wanted


@pytest.mark.parametrize("folder", ["sorted(folder.rglob('*.yaml'))", "folder.iterdir()"])
def test_the_files_of_a_folder_are_paths_and_told(folder: str) -> None:
    text = f"def run(folder, found):\n    for each in {folder}:\n        try:\n"
    text += "            with each.open() as file:\n                found.append(file.read())\n"
    text += "        except Exception:\n            pass\n"
    changed = apply_to_text(HEAD + text, ("excepts",), {})
    assert 'logger.warning("run: each.open or file.read failed (each=%s): %s", each, e)' in changed


# -- what ruff of the project has to say ----------------------------------------------------------

SENT = (
    "import logging\n\nimport sentry_sdk\n\nlogger = logging.getLogger('x')\n\n\n"
    "def run(client):\n    try:\n        client.load()\n    except Exception as e:\n"
    "        logger.error({said})\n        sentry_sdk.capture_exception(e)\n"
)


@pytest.mark.parametrize(
    ("rules", "said", "wanted"),
    [
        ("", "e", "logger.error(e, exc_info=True)"),
        ('"G"', "e", "logger.exception(e)"),
        ('"G201"', "'no rows: %s', e", "logger.exception('no rows: %s', e)"),
        ('"G", "TRY"', "'no rows: %s', e", "logger.error('no rows: %s', e, exc_info=e)"),
        ('"G", "TRY"', "f'no rows: {e}'", "logger.error(f'no rows: {e}', exc_info=e)"),
        ('"G", "TRY"', "'no rows'", "logger.exception('no rows')"),
        ('"TRY"', "e", "logger.error(e, exc_info=True)"),
    ],
)
def test_ruff_of_the_project_passes_what_is_added(rules: str, said: str, wanted: str) -> None:
    files = {"run.py": SENT.format(said=said)}
    files["pyproject.toml"] = f"[tool.ruff.lint]\nselect = [{rules}]\n"
    assert f"        {wanted}\n" in apply_to_files(files, ("excepts",))["run.py"]


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        (
            "",
            'except Exception as e:\n        logger.exception("run: client.load failed: %s", e)\n',
        ),
        ('"TRY"', 'except Exception:\n        logger.exception("run: client.load failed")\n'),
    ],
)
def test_a_new_line_leaves_the_exception_to_its_traceback(rules: str, wanted: str) -> None:
    text = f"{HEAD}def run(client):\n    try:\n        client.load()\n    except Exception:\n"
    files = {"run.py": text + "        pass\n"}
    files["pyproject.toml"] = f"[tool.ruff.lint]\nselect = [{rules}]\n"
    assert wanted in apply_to_files(files, ("excepts",))["run.py"]


@pytest.mark.parametrize(
    ("rules", "above", "is_left"),
    [
        ("", "", False),
        ('"T20"', "", True),
        ('"T20"', "# ruff: noqa: T201\n", False),
        ('"T20"', "import logging\n\nlogger = logging.getLogger('x')\n", False),
    ],
)
def test_nothing_is_printed_where_ruff_finds_that(rules: str, above: str, is_left: bool) -> None:
    text = f"{above}def run(client):\n    print('run')\n    try:\n        client.load()\n"
    files = {"run.py": text + "    except Exception:\n        pass\n"}
    files["pyproject.toml"] = f"[tool.ruff.lint]\nselect = [{rules}]\n"
    changed = apply_to_files(files, ("excepts",))["run.py"]
    assert (changed == files["run.py"]) == is_left
