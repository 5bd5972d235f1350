"""What is made of a failure, and what runs next, that makes it an ordinary one."""

from __future__ import annotations

import pytest
from qw_codemod.checks.excepts.reasons import ModuleIsStream

from qw_codemod.testkit import check_text
from tests.families.test_excepts_meant import function, is_expected


@pytest.mark.parametrize(
    ("body", "handler", "after", "is_ordinary"),
    [
        # whoever waits is told in words
        ("return client.load(day)", "return {'rows': [], 'hint': 'No rows yet.'}", "", True),
        ("return client.load(day)", "return {'rows': [], 'hint': 'none'}", "", False),
        ("return client.load(day)", "return Response('Could not read the day', 400)", "", True),
        ("return client.load(day)", "return Day('This day is empty')", "", False),
        ("client.connect()", "errors['base'] = 'cannot_connect'", "", True),
        ("client.connect()", "errors = {'base': 'cannot_connect'}", "", True),
        ("client.connect()", "errors['base'] = 'unknown'", "", False),
        ("client.connect()", "errors['base'] = 'holiday_error'", "", True),
        # it stays as it was
        ("return day.astype(urn)", "return day", "", True),
        ("return day.astype(urn)", "pass", "return day", True),
        ("return client.enrich(day)", "return day", "", False),
        ("day = sorted(day)", "pass", "send(day)", True),
        ("day = client.fetch(day)", "pass", "send(day)", False),
        ("x = next(extract_rows(day))\ny = x", "y = day", "", True),
        ("x = next(extract_rows(day))\ny = x", "z = day", "", False),
        ("for x in day:\n    day = to_list(day)", "pass", "", False),
        ("day = client.parse(client.query(day))", "pass", "", False),  # leaves the process
        # an error comes of it anyway
        ("client.delete(day)", "pass", "raise TimeoutError(day)", True),
        ("x = client.load(day)", "x = ''", "client.logger.error(x)", True),
        ("x = client.load(day)", "x = ''", "client.logger.info(x)", False),
        # there is another way below
        ("client.write(day)\nreturn", "pass", "client.write_slowly(day)", True),
        ("client.write(day)\nreturn", "pass", "", False),
        ("client.write(day)\nreturn", "pass", "return 5", False),
        ("client.write(day)\nok = True", "pass", "if not ok:\n    client.write_slowly(day)", True),
        ("client.write(day)\nok = True", "pass", "if not no:\n    client.write_slowly(day)", False),
        ("client.write(day)\nok = True", "pass", "if ok:\n    client.write_slowly(day)", False),
        ("return client.code(day)", "pass", "return super().code", True),
        ("with client:\n    x = a(client, day)", "x = b(client)", "", True),
        ("return to_frame(day)", "for x in day:\n    day[x] = 1\nreturn to_frame(day)", "", True),
        ("return to_frame(day)", "for x in day:\n    day[x] = 1\nreturn frame(day)", "", False),
        # what is read may be of another kind
        ("return Urn.from_string(day)", "return None", "", True),
        ("x = Requirement(day)", "return None", "", True),
        ("x = parse_days(day)", "return None", "", False),
        ("x = client.load(Urn.from_string(day))", "return None", "", False),
        ("if client.in_transaction():\n    client.rollback_transaction()", "pass", "", True),
        ("from other import Kind, NAME\nreturn Kind(name=NAME)", "return None", "", True),
        ("from other import Kind\nreturn Kind(name=day)", "return None", "", False),
    ],
)
def test_what_comes_of_it(body: str, handler: str, after: str, is_ordinary: bool) -> None:
    assert is_expected(function(body, handler, after)) == is_ordinary


@pytest.mark.parametrize(
    ("said", "is_ordinary"),
    [
        ("print('[WARNING] the day cannot be found')", True),
        ("print('Error: the day cannot be found')", False),
        ("print('no day')", False),
        ("send('the day cannot be found')", False),
    ],
)
def test_a_person_is_told(said: str, is_ordinary: bool) -> None:
    text = function("return client.load(day)", f"{said}\nreturn None")
    head = "import logging\n\nlogger = logging.getLogger('x')\n"
    (found,) = check_text(head + text.replace("print('", "print('", 1), ("excepts",))
    assert (len(found.evidence.facts) > 1) == is_ordinary


@pytest.mark.parametrize(
    ("other", "is_ordinary"),
    [
        ("failed.append(day)", True),
        ("if day:\n            failed.append(day)", True),
        ("failed.append(client)", False),
        ("raise", False),
    ],
)
def test_another_handler_does_the_same(other: str, is_ordinary: bool) -> None:
    text = function("client.load(day)", "failed.append(day)")
    first = f"    except KeyError:\n        {other}\n    except Exception"
    assert is_expected(text.replace("    except Exception", first)) == is_ordinary


@pytest.mark.parametrize(
    ("around", "is_ordinary"),
    [
        ("logger.debug('not tagged: %s', e)", True),
        ("logger.error('not tagged: %s', e)", False),
        ("logger.debug('not tagged: %s', e)\n        raise", False),
        ("pass", False),
    ],
)
def test_what_is_around_is_no_more_than_a_warning(around: str, is_ordinary: bool) -> None:
    text = (
        "import logging\n\nlogger = logging.getLogger('x')\n\n\ndef run(client, day):\n    try:\n"
        "        try:\n            client.tag(day)\n        except Exception:\n            pass\n"
        f"        client.keep(day)\n    except Exception as e:\n        {around}\n"
    )
    inner = next(f for f in check_text(text, ("excepts",)) if f.line == 10)
    assert (len(inner.evidence.facts) > 1) == is_ordinary


@pytest.mark.parametrize(
    ("loop", "body", "is_ordinary"),
    [
        ("for each in days:", "return client.load(each)", True),
        ("for each in days:", "if client.load(each):\n            break", True),
        ("for each in days:", "client.load(each)", False),
        ("while days:", "return client.load(days)", False),
    ],
)
def test_the_next_one_is_tried(loop: str, body: str, is_ordinary: bool) -> None:
    text = f"def run(client, days):\n    {loop}\n        try:\n            {body}\n"
    text = text.replace("\n            break", "\n                break")
    text += "        except Exception:\n            continue\n"
    assert is_expected(text) == is_ordinary
    assert not is_expected(text + "        client.close()\n") or not is_ordinary


@pytest.mark.parametrize(
    ("before", "is_ordinary"), [("task.cancel()", True), ("other.cancel()", False), ("", False)]
)
def test_what_was_cancelled_is_awaited(before: str, is_ordinary: bool) -> None:
    text = f"async def run(task, other):\n    {before or '...'}\n    try:\n        await task\n"
    assert is_expected(text + "    except Exception:\n        pass\n") == is_ordinary


@pytest.mark.parametrize(
    ("name", "is_ordinary"),
    [
        ("validate_image", True),
        ("_verify_day", True),
        ("store_image", False),
        ("invalidate", False),
    ],
)
def test_what_validates(name: str, is_ordinary: bool) -> None:
    text = function("client.load(day)\nreturn True", "return False", name=name)
    assert is_expected(text) == is_ordinary


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


def test_the_word_type_in_a_comment_is_no_directive() -> None:
    assert is_expected(function("client.load(day)", "# take a type of our own then\npass"))
    assert not is_expected(function("client.load(day)", "# type: ignore[all of this]\npass"))


def test_two_handlers_that_end_alike_are_not_alike() -> None:
    text = function("client.load(day)\nreturn True", "client.note(day)\nreturn False")
    first = "    except KeyError as e:\n        client.note(e)\n        return False\n"
    assert not is_expected(text.replace("    except Exception", f"{first}    except Exception"))


def test_or_none_is_about_handlers_that_give_none() -> None:
    for handler, is_ordinary in (("return None", True), ("pass", True), ("return [None]", False)):
        text = function("return client.load(day)", handler, docstring="The day, or ``None``.")
        assert is_expected(text) == is_ordinary, handler


def test_a_class_that_polls() -> None:
    for told, is_ordinary in (("Reads chunks every `interval` seconds.", True), ("Reads.", False)):
        text = (
            f'class Reader:\n    """{told}"""\n\n    def chunk(self, client):\n        try:\n'
            "            return client.load()\n        except Exception:\n            return None\n"
        )
        assert is_expected(text) == is_ordinary


def test_what_is_called_says_when_it_fails() -> None:
    for told, is_ordinary in (("# fail if there is no table yet", True), ("# the rows", False)):
        text = (
            "class Store:\n    def first(self):\n        try:\n"
            "            return self.rows()[0].day()\n        except Exception:\n"
            f"            return None\n\n    def rows(self):\n        {told}\n"
            "        return self.client.rows()\n"
        )
        assert is_expected(text) == is_ordinary
