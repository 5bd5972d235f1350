"""Failures of which the code around says something: a docstring, a migration, what is called."""

from __future__ import annotations

import re
import textwrap

import pytest
from qw_codemod.checks.excepts.statements import (
    IsDocumented,
    IsMigration,
    IsOfModule,
    MayHaveLogged,
    WorksOnGiven,
)

from qw_codemod.kernel.statements import Statement
from qw_codemod.testkit import apply_to_files, apply_to_text, check_text

HEAD = (
    "import json\nimport logging\nimport socket\n\nimport requests\n\n"
    "logger = logging.getLogger('x')\n\n\n"
)


def level(changed: str) -> str:
    """The level at which a plain run told of the last failure; empty where it left it."""
    found = re.findall(r"logger\.(\w+)\(\s*f?\"[^\"]*failed", changed)
    return found[-1].replace("exception", "error") if found else ""


def doubt_of(text: str) -> type[Statement] | None:
    (found,) = check_text(text, ("excepts",))
    doubt = found.evidence.doubt
    assert (doubt is None) == (level(apply_to_text(text, ("excepts",), {})) != "")
    return type(doubt) if doubt is not None else None


@pytest.mark.parametrize(
    ("docstring", "fails", "below", "doubt"),
    [
        ("Given an empty answer, it gives an empty mapping.", "yield {}", "yield {}", IsDocumented),
        ("An empty list if there are no rows.", "return []", "return []", IsDocumented),
        ("None when there are no rows.", "return None", "return None", IsDocumented),
        ("Gives the rows.", "yield {}", "yield {}", None),  # nobody says so
        ("An empty list if there are no rows.", "return []", "return 0", None),
        ("An empty list if there are no rows.", "return None", "return None", None),
        ("Raises LookupError and gives no empty list if there are none.", "return []", "return []",
         None),
    ],
)  # fmt: skip
def test_the_docstring_says_when_a_default_is_the_answer(
    docstring: str, fails: str, below: str, doubt: type[Statement] | None
) -> None:
    text = f'{HEAD}def run(client, rows):\n    """{docstring}"""\n    try:\n        client.load()\n'
    text += f"    except Exception:\n        {fails}\n    if not rows:\n        {below}\n"
    assert doubt_of(text) is doubt


@pytest.mark.parametrize(
    ("above", "doubt"),
    [
        ("revision = '18'\n\n\ndef upgrade():\n    reset(None)\n", IsMigration),
        ("revision: str = '18'\n\n\ndef upgrade():\n    reset(None)\n", IsMigration),
        ("from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    pass\n",
         IsMigration),
        ("revision = '18'\n", None),
        ("def upgrade():\n    reset(None)\n", None),
    ],
)  # fmt: skip
def test_a_migration_skips_what_is_not_there(above: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}{above}\n\ndef reset(client):\n    try:\n        client.move(client.folder())\n"
    assert doubt_of(text + "    except Exception:\n        pass\n") is doubt


@pytest.mark.parametrize(
    ("name", "doubt"),
    [("__version__", IsOfModule), ("version", WorksOnGiven), ("_version_", WorksOnGiven)],
)
def test_what_a_module_says_of_itself(name: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}import dunamai\n\n\ntry:\n    {name} = dunamai.get_version('x').serialize()\n"
    assert doubt_of(f"{text}except Exception:\n    {name} = '0'\n") is doubt


LOADED = """class Source:
    def load(self, day):
        rows = self.rows(day)
        if rows is None:
            {raises}
        return rows

    def rows(self, day):
        try:
            return day.rows()
        except Exception as e:
            {logs}
            return None


class Outer:
    def __init__(self):
        self._source = Source()

    def load(self, day):
        yield from self._source.load(day)


def run(day):
    try:
        return list(Outer().load(day))
    except Exception:
        return []
"""


@pytest.mark.parametrize(
    ("raises", "logs", "doubt"),
    [
        ("raise LookupError(day)", "logger.error('no rows of %s: %s', day, e)", MayHaveLogged),
        ("raise LookupError(day)", "logger.debug('no rows of %s: %s', day, e)", None),
        ("return day", "logger.error('no rows of %s: %s', day, e)", WorksOnGiven),
    ],
)
def test_what_is_raised_was_logged_below(
    raises: str, logs: str, doubt: type[Statement] | None
) -> None:
    text = HEAD + LOADED.format(raises=raises, logs=logs)
    assert doubt_of(text) is doubt


def test_an_argument_of_what_is_called_is_no_part_of_it() -> None:
    text = HEAD + LOADED.format(raises="raise LookupError(day)", logs="logger.error('no rows')")
    text = text.replace(
        "yield from self._source.load(day)", "return day.add(self._source.load(day))"
    )
    assert doubt_of(text) is None


@pytest.mark.parametrize(
    ("body", "doubt"),
    [
        ("answer = json.loads(answer)\nclient.load(answer)", WorksOnGiven),
        ("answer = json.dumps(answer)\nclient.load(answer)", None),
        ("answer = json.loads(answer)\nclient.execute(answer)", None),
    ],
)
def test_a_text_that_is_converted_first(body: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}def run(client, answer):\n    try:\n{textwrap.indent(body, ' ' * 8)}\n"
    assert doubt_of(text + "    except Exception:\n        pass\n") is doubt


@pytest.mark.parametrize(
    ("given", "doubt"),
    [
        ("client.headers.get('Date')", WorksOnGiven),
        ("client.headers['Date']", WorksOnGiven),
        ("client.rows.get('Date')", WorksOnGiven),
    ],
)
def test_what_others_wrote_into_a_header(given: str, doubt: type[Statement] | None) -> None:
    text = f"{HEAD}def run(client):\n    value = {given}\n    try:\n"
    text += "        return client.datetime_parse(value)\n    except Exception:\n        return 0\n"
    assert doubt_of(text) is doubt


@pytest.mark.parametrize(
    ("body", "handler", "wanted"),
    [
        ("s = socket.socket()\nx = s.connect_ex(('a', 1))\ns.close()\nreturn x == 0",
         "return False", "debug"),
        ("with socket.create_connection(('a', 1)):\n    return True", "return False", "debug"),
        ("s = socket.socket()\ns.connect(('a', 1))\ns.sendall(client)\nreturn client.load()",
         "return False", "error"),
        ("s = socket.socket()\ns.connect(('a', 1))\nreturn s", "return None", "error"),
    ],
)  # fmt: skip
def test_whether_something_listens(body: str, handler: str, wanted: str) -> None:
    text = f"{HEAD}def run(client):\n    try:\n{textwrap.indent(body, ' ' * 8)}\n"
    text += f"    except Exception:\n        {handler}\n"
    assert level(apply_to_text(text, ("excepts",), {})) == wanted


@pytest.mark.parametrize(
    ("asks", "below", "wanted"),
    [
        ("requests.get(url, timeout=3)", "client.insert(url, rows)", "warning"),
        ("client.ask(url)", "client.insert(url, rows)", "warning"),  # known or not
        ("requests.get(url, timeout=3)", "client.insert(url, rows=rows)", "warning"),
        ("requests.get(url, timeout=3)", "logger.info('%s', rows)", "debug"),
        ("requests.get(url, timeout=3)", "raise LookupError(rows)", "debug"),
        ("requests.get(url, timeout=3)", "return rows", "debug"),
    ],
)
def test_a_text_that_goes_on_for_json(asks: str, below: str, wanted: str) -> None:
    text = f"{HEAD}def run(client, url):\n    answer = {asks}\n    try:\n"
    text += "        rows = answer.json()\n    except Exception:\n        rows = answer.text\n"
    assert level(apply_to_text(f"{text}    {below}\n", ("excepts",), {})) == wanted


@pytest.mark.parametrize("said", ["logger.info('going down')", "logger.warning('going down')"])
def test_what_fails_while_the_program_ends_is_a_warning(said: str) -> None:
    text = (
        f"{HEAD}def run(client):\n    try:\n        client.wait()\n    except KeyboardInterrupt:\n"
    )
    text += f"        {said}\n        try:\n            client.tidy()\n"
    text += "        except Exception:\n            pass\n"
    changed = apply_to_files({"run.py": text}, ("excepts",))
    assert level(changed["run.py"]) == "warning"
