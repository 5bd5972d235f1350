"""What is told aloud by a plain run: what fails whatever the data are; the rest is left."""

from __future__ import annotations

import re
import textwrap

import pytest
from qw_codemod.checks.excepts.statements import (
    CannotBeTold,
    GoesOnAsking,
    HasAnotherWay,
    IsDocumented,
    IsHedged,
    IsOfData,
    IsOnlyAsked,
    IsOnlyShown,
    IsUnknown,
    MayFindNothing,
    MayNotBeThere,
    NothingTells,
    OnlyTries,
    WorksOnGiven,
)

from qw_codemod.kernel.statements import Statement
from qw_codemod.testkit import apply_to_files, apply_to_text, check_text

HEAD = (
    "import json\nimport logging\nimport os\nimport sys\n\nimport pages\nimport requests\n"
    "from pages import CSS\n\nlogger = logging.getLogger('x')\n\n\n"
    "def stored(day):\n    with open(f'{day}.csv') as file:\n        return file.read()\n\n\n"
    "def settings(folder):\n    with open(os.path.join(folder, 'settings.json')) as file:\n"
    "        return file.read()\n\n\n"
    "def asked(rows):\n    return requests.get(rows, timeout=3).text\n\n\n"
)


def function(body: str, handler: str = "x = None", above: str = "", name: str = "run") -> str:
    text = f"def {name}(self, page, rows, day: int, folder, cursor):\n    found = rows\n"
    text += textwrap.indent(above, "    ") + "    try:\n" + textwrap.indent(body, " " * 8)
    return f"{HEAD}{text}\n    except Exception:\n{textwrap.indent(handler, ' ' * 8)}\n"


def level(text: str) -> str:
    """The level at which a plain run tells of the last failure; empty where it is left."""
    changed = apply_to_text(text, ("excepts",), {})
    found = re.findall(r"logger\.(\w+)\(\s*\"run[^\"]*failed", changed)
    return "".join(found).replace("exception", "error")


def doubt_of(text: str) -> type[Statement] | None:
    doubt = check_text(text, ("excepts",))[-1].evidence.doubt
    return type(doubt) if doubt is not None else None


@pytest.mark.parametrize(
    ("body", "doubt"),
    [
        # it reaches out, or acts
        ("x = requests.get(page, timeout=3).json()['a']", None),
        ("x = cursor.execute(page).fetchall()[0]", None),
        ("x = cursor.files().list(q=page).execute()['a']", None),
        ("x = asked(page)[0]", None),
        ("page.save()", None),
        ("x = rows.pick(page)\nrows.store(x)", None),
        ("with open(page, 'w') as file:\n    rows.show(file)", None),
        # it asks for something by its name, or for all that there is
        ("x = rows.load(day)", None),
        ("x = rows.load()", None),
        ("x = stored(day)", None),
        ("x = Rows(day).all", None),
        # it looks something up, or works on what it is given
        ("x = page.find_class('photo')[0].get('src')", MayFindNothing),
        ("x = page.pick('h3')[0].text", MayFindNothing),
        ("x = rows.load(day)\ny = x.title", MayFindNothing),
        ("x = CSS('h3 a').match_one(page).text()", WorksOnGiven),
        ("tag = page.pick('h3')\nx = tag.text_content()", MayFindNothing),
        ("x = pages.language(rows)", WorksOnGiven),
        ("x = pages.language(rows)[0]", MayFindNothing),
        ("x = page.photo.pick(rows).url", MayFindNothing),
        ("raise LookupError(page)", NothingTells),
        ("page.get_names(rows)", WorksOnGiven),
        ("page.validate(rows)", WorksOnGiven),
    ],
)
def test_what_looks_something_up_is_left(body: str, doubt: type[Statement] | None) -> None:
    text = function(body)
    assert doubt_of(text) is doubt
    assert level(text) == ("" if doubt else "error")


def test_what_is_left_is_a_warning_where_it_is_asked_for() -> None:
    changed = apply_to_text(function("x = pages.language(rows)"), ("excepts",), {}, likely=True)
    assert "logger.warning(" in changed and "logger.exception(" not in changed


@pytest.mark.parametrize(
    ("body", "above", "wanted"),
    [
        ("x = pages.estimate(rows)", "", ""),
        ("x = pages.estimate(rows)", "if len(rows) < 3:\n    return\n", "error"),
        ("x = pages.estimate(rows)", "if not rows:\n    return\n", ""),
        ("x = pages.estimate(rows)", "if len(page) < 3:\n    return\n", ""),
    ],
)
def test_too_little_is_asked_for_before(body: str, above: str, wanted: str) -> None:
    assert level(function(body, above=above)) == wanted


@pytest.mark.parametrize(
    ("body", "above", "doubt"),
    [
        ("with open(day) as file:\n    x = file.read()", "", None),
        ("with open('a.json') as file:\n    x = file.read()", "", MayNotBeThere),
        ("with open('a.json', 'w') as file:\n    x = file.write(page)", "", None),
        ("with open(os.path.join(folder, 'a')) as file:\n    x = file.read()", "", MayNotBeThere),
        ("with open(f'{folder}/a.json') as file:\n    x = file.read()", "", MayNotBeThere),
        ("with open(f'{folder}/{day}.json') as file:\n    x = file.read()", "", None),
        ("with open(path) as file:\n    x = file.read()", "path = folder + '/a'\n", MayNotBeThere),
        ("with open(path) as file:\n    x = file.read()",
         "path = folder + '/a'\nif not os.path.exists(path):\n    return\n", None),
        ("os.remove('a.json')", "", None),
        ("x = settings(day)", "", None),  # by what the caller names
    ],
)  # fmt: skip
def test_a_file_that_has_one_name_may_not_be_there(
    body: str, above: str, doubt: type[Statement] | None
) -> None:
    assert doubt_of(function(body, above=above)) is doubt


@pytest.mark.parametrize(
    ("above", "doubt"),
    [
        ("# some days don't have rows\n", IsHedged),
        ("# The rows, if available.\n", IsHedged),
        ("# kept in case they come back\n", IsHedged),
        ("'''Kept in case they come back.'''\n", IsHedged),
        ("# TODO: remove this if possible\n", None),
        ("# all of the rows\n", None),
        ("# in case of a flood\n\n", None),  # it is not about the `try`
    ],
)
def test_a_comment_above_says_of_some(above: str, doubt: type[Statement] | None) -> None:
    assert doubt_of(function("rows.store(day)", above=above)) is doubt
    assert (doubt_of(function(f"{above}rows.store(day)")) is doubt) or "'''" in above


@pytest.mark.parametrize(
    ("handler", "name", "doubt"),
    [
        ("x = rows.slow(page)", "run", HasAnotherWay),
        ("sys.exit(1)", "run", None),
        ("os._exit(1)", "run", None),
        ("return page, 502", "run", None),
        ("return page, 402", "run", None),
        ("return {'error': page}", "run", None),
        ("x = None", "try_run", OnlyTries),
        ("x = None", "trying", WorksOnGiven),
    ],
)
def test_what_becomes_of_it_may_decide(
    handler: str, name: str, doubt: type[Statement] | None
) -> None:
    assert doubt_of(function("x = rows.fast(page)", handler, name=name)) is doubt


@pytest.mark.parametrize(("said", "doubt"), [("cannot be read", IsDocumented), ("is old", None)])
def test_the_docstring_says_what_an_outage_gives(said: str, doubt: type[Statement] | None) -> None:
    text = f'def run(day):\n    """The rows, or None if it {said}."""\n    try:\n'
    text += (
        "        return requests.get(day, timeout=3)\n    except Exception:\n        return None\n"
    )
    assert doubt_of(HEAD + text) is doubt


@pytest.mark.parametrize(
    ("key", "below", "wanted", "doubt"),
    [
        ("day", "cursor.execute('UPDATE a SET b = ?', (x,))", "warning", None),
        ("day", "update = f'UPDATE a SET b = {x}'\ncursor.execute(update)", "warning", None),
        ("folder", "cursor.execute('UPDATE a SET b = ?', (x,))", "", CannotBeTold),
        ("day", "cursor.execute('UPDATE a SET b = ?', (page,))", "debug", None),
        ("day", "rows.show(x)", "debug", None),
    ],
)
def test_what_is_stored_in_the_place_of_a_value(
    key: str, below: str, wanted: str, doubt: type[Statement] | None
) -> None:
    text = function(f"x = int({key})", "x = 0") + textwrap.indent(below, "    ") + "\n"
    assert level(text) == wanted
    assert doubt_of(text) is doubt


SENDS = "import sentry_sdk\n\nsentry_sdk.init()\n"
LOGS = (
    "import logging\n\n\ndef go(day):\n    try:\n        stop(day)\n    except OSError as e:\n"
    "        {}\n        raise\n"
)


@pytest.mark.parametrize(
    ("other", "sends"),
    [
        ("logging.error('no %s', e)", False),
        ("logging.exception('no')", False),
        ("logging.warning('no %s', e)", True),
        ("import sentry_sdk; logging.error('no'); sentry_sdk.capture_exception(e)", True),
    ],
)
def test_where_handlers_log_alone_so_does_this(other: str, sends: bool) -> None:
    files = {"start.py": SENDS, "other.py": LOGS.format(other)}
    files["run.py"] = "import logging\n\nlogger = logging.getLogger('x')\n\n\ndef run(day):\n"
    files["run.py"] += "    try:\n        work(day)\n    except Exception:\n        pass\n"
    changed = apply_to_files(files, ("excepts",))["run.py"]
    assert "logger.exception(" in changed
    assert ("capture_exception" in changed) == sends


OWN = "import requests\nimport logging\n\nlogger = logging.getLogger('x')\n\n\ndef own(day):\n"


@pytest.mark.parametrize(
    ("body", "doubt"),
    [
        ("return page.press(day)", WorksOnGiven),
        ("return requests.get(day, timeout=3).text", None),
        ("return page.execute(day)", None),
        ("raise RuntimeError(day)", None),
        ("raise TypeError(day)", WorksOnGiven),
        ("return open('settings.json')", None),
        ("try:\n    return requests.get(day, timeout=3)\nexcept OSError:\n"
         "    logger.error('no %s', day)", WorksOnGiven),
        ("try:\n    return requests.get(day, timeout=3)\nexcept OSError:\n    raise", None),
        ("try:\n    return requests.get(day, timeout=3)\nexcept KeyError:\n    return 3", None),
    ],
)  # fmt: skip
def test_a_function_of_the_project_is_looked_into(body: str, doubt: type[Statement] | None) -> None:
    text = OWN + textwrap.indent(body, "    ") + "\n\n\ndef run(day):\n    try:\n"
    assert doubt_of(f"{text}        own(day)\n    except Exception:\n        pass\n") is doubt


@pytest.mark.parametrize(
    ("body", "doubt"),
    [
        ("x = await page.show()", IsUnknown),
        ("await page.press('a')", IsUnknown),
        ("async with page.opened():\n    x = page.load(day)", None),
        ("x = await db.fetch_one(day)", None),
        ("await rows", None),
        ("await pages.store(day)", None),
    ],
)
def test_what_is_awaited_of_something_unknown(body: str, doubt: type[Statement] | None) -> None:
    text = "import pages\nfrom databases import Database\n\n\n"
    text += "async def run(page, rows, day: int, db: Database):\n    try:\n"
    text += textwrap.indent(body, " " * 8) + "\n    except Exception:\n        x = None\n"
    assert doubt_of(text) is doubt


@pytest.mark.parametrize(
    ("body", "handler", "below", "doubt"),
    [
        ("requests.get(page, timeout=3)", "pass", "", IsOnlyAsked),
        ("x = requests.get(page, timeout=3)\nx.raise_for_status()", "pass", "", IsOnlyAsked),
        ("with requests.get(page, timeout=3):\n    rows = 3", "rows = 2", "", IsOnlyAsked),
        ("requests.post(page, timeout=3)", "pass", "", None),
        ("x = requests.get(page, timeout=3)\nrows.store(x)", "pass", "", None),
        ("x = requests.get(page, timeout=3).text", "x = None", "", None),
        ("requests.get(page, timeout=3)", "x = [page]", "", None),
        ("x = requests.get(page, timeout=3).text", "x = ''", "print(x)", IsOnlyShown),
        ("x = requests.get(page, timeout=3).text", "x = ''", "print(x)\nreturn x", None),
        ("x = requests.get(page, timeout=3).text", "x = ''", "rows.store(x)", None),
    ],
)
def test_nobody_uses_the_answer(
    body: str, handler: str, below: str, doubt: type[Statement] | None
) -> None:
    text = function(body, handler) + textwrap.indent(below, "    ") + "\n"
    assert doubt_of(text) is doubt


@pytest.mark.parametrize(
    ("loop", "handler", "pause", "doubt"),
    [
        ("while True", "continue", "time.sleep(3)", GoesOnAsking),
        ("while day", "pass", "day.wait(3)", GoesOnAsking),
        ("while day", "pass", "day.wait()", None),
        ("while True", "pass", "pass", None),
        ("while True", "return", "time.sleep(3)", None),
        ("for each in day", "pass", "time.sleep(3)", None),
    ],
)
def test_a_loop_does_the_same_after_a_pause(
    loop: str, handler: str, pause: str, doubt: type[Statement] | None
) -> None:
    text = f"import time\nimport requests\n\n\ndef run(day):\n    {loop}:\n        {pause}\n"
    text += "        try:\n            requests.post(day, timeout=3)\n        except Exception:\n"
    assert doubt_of(f"{text}            {handler}\n") is doubt


@pytest.mark.parametrize(
    ("address", "handler", "doubt"),
    [
        ("row['image']", "row['size'] = 0", IsOfData),
        ("row.image", "sizes.append(None)", IsOfData),
        ("url", "row['size'] = 0", IsOfData),
        ("f'https://example.org/{row}'", "row['size'] = 0", None),
        ("place", "row['size'] = 0", None),
        ("row['image']", "pass", None),
    ],
)
def test_an_address_out_of_the_data(
    address: str, handler: str, doubt: type[Statement] | None
) -> None:
    text = "import requests\n\n\ndef run(rows, sizes, place):\n    for row in rows:\n"
    text += "        url = row.get('image')\n        try:\n            row['size'] = "
    text += f"requests.get({address}, timeout=3).text\n        except Exception:\n"
    assert doubt_of(f"{text}            {handler}\n") is doubt


@pytest.mark.parametrize(
    ("ends", "doubt"),
    [("SystemExit(main())", None), ("SystemExit(told(main))", WorksOnGiven)],
)
def test_a_status_with_which_the_program_ends(ends: str, doubt: type[Statement] | None) -> None:
    text = "import logging\n\nlogger = logging.getLogger('x')\n\n\ndef parse(day):\n"
    text += "    return day + 1\n\n\ndef main(day=None):\n    try:\n        day = parse(day)\n"
    text += "    except:\n        print('what day?')\n        return 2\n    return work(day)\n\n\n"
    assert doubt_of(f"{text}raise {ends}\n") is doubt
