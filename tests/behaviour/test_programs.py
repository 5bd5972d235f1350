"""Applications rewritten by the command, and started where they are deployed, before and after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from qw_codemod.app.cli import cli

from .program_forms import COMMON, PROGRAMS, ProgramForm
from .scripted_server import ScriptedServer, Step
from .sentry_server import SentryServer

LONGEST = 60  # seconds for one program
OPTIONAL = ("httpx", "sentry_sdk", "tenacity")


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    errors: str


class Running:
    """A Python program in a process of its own; several are started before one is waited for."""

    def __init__(
        self, folder: Path, arguments: Sequence[str], missing: Sequence[str] = (), **env: str
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, **env, "PYTHONPATH": str(_without(folder, missing))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def done(self) -> Done:
        out, errors = self._process.communicate(timeout=LONGEST)
        return Done(self._process.returncode, out, errors)


def _without(folder: Path, missing: Sequence[str]) -> Path:
    """A folder in which modules are not installed, whatever else is installed behind it."""
    found = folder.parent / "-".join((folder.name, "without", *missing))
    found.mkdir(exist_ok=True)
    for name in missing:
        (found / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


Command = Callable[..., str]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """The tool, run in a folder."""

    def run(folder: Path, *arguments: str) -> str:
        (folder / ".git").mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code in (0, 1), done.output
        return done.output

    return run


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def changed(folder: Path, files: dict[str, str]) -> set[str]:
    return {path for path, text in files.items() if (folder / path).read_text() != text}


def deployed(form: ProgramForm, folder: Path, name: str) -> tuple[Path, tuple[str, ...]]:
    """The unit as it is put together, and what is not installed there."""
    unit = folder.parent / name
    for target, source in form.layout.items():
        ignored = shutil.ignore_patterns(".git", ".qw-codemod*")
        shutil.copytree(folder / source, unit / target, ignore=ignored, dirs_exist_ok=True)
    if form.requirements is None:
        return unit, ()
    listed = (folder / form.requirements).read_text().replace("-", "_")
    return unit, tuple(each for each in OPTIONAL if each not in listed)


@pytest.mark.parametrize("form", PROGRAMS, ids=lambda form: form.name)
def test_it_starts_where_it_is_deployed(
    form: ProgramForm, tmp_path: Path, command: Command, server: ScriptedServer
) -> None:
    folder = tmp_path / "project"
    write(folder, form.files)
    before, lacking = deployed(form, folder, "before")
    if form.init:
        command(folder, "init", "retries", "--policy", form.init)
    command(folder, "apply", "retries")
    assert changed(folder, form.files) == set(form.edited)
    after, lacking_after = deployed(form, folder, "after")

    # A busy server tells both that it starts and that it asks again; a policy of `init` waits long.
    steps = [Step(503), Step(200)] if form.survives else [Step(200)]
    running = [
        *start(form, before, lacking, server, "before", Step(200)),
        *start(form, after, lacking_after, server, "after", *steps),
    ]
    done = [each.done() for each in running]
    assert {(each.status, each.out) for each in done} == {(0, "asked\n200\n")}, done


def start(
    form: ProgramForm,
    unit: Path,
    missing: tuple[str, ...],
    server: ScriptedServer,
    name: str,
    *steps: Step,
) -> Iterator[Running]:
    """Each way of starting the program, which asks a server that answers by a script of its own."""
    for number, words in enumerate(form.starts):
        url = server.script(f"{name}-{number}", *steps)
        yield Running(unit, [each.format(url=url) for each in words], missing)


# -- who is told of a failure -----------------------------------------------------------------

IMAGE = {
    "ingest/Dockerfile": (
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY base/requirements.txt /tmp/base.txt\n"
        "COPY ingest/requirements.txt /tmp/ingest.txt\n"
        "RUN pip install -r /tmp/base.txt -r /tmp/ingest.txt\nCOPY ingest ./ingest\n"
        'CMD ["python", "-m", "ingest.main"]\n'
    ),
    "ingest/__init__.py": "",
    "ingest/load.py": (
        "import logging\n\nfrom ingest.source import rows\n\n"
        "logger = logging.getLogger(__name__)\n\n\ndef load(day):\n    try:\n"
        "        return list(rows(day))\n    except Exception:\n        return []\n"
    ),
    "ingest/main.py": (
        "import os\n\nimport sentry_sdk\n\nfrom ingest.load import load\n\n"
        'sentry_sdk.init(os.environ["DSN"])\n\nif __name__ == "__main__":\n'
        '    print(load("2024-01-01"))\n'
    ),
    "ingest/requirements.txt": "pandas==2.2.2\n",
    "ingest/source.py": "def rows(day):\n    raise RuntimeError('no rows')\n",
    "base/requirements.txt": "sentry-sdk==2.19.0\n",
    "tools/names.py": "def resolve(name):\n    raise RuntimeError('unknown')\n",
    "tools/again.py": (
        '"""python tools/again.py NAME"""\nimport logging\nimport sys\n\n'
        'from names import resolve\n\nlogger = logging.getLogger("again")\n\n\n'
        "def again(table_name):\n    try:\n        return resolve(table_name)\n"
        "    except Exception:\n        return None\n\n\n"
        'if __name__ == "__main__":\n    logging.basicConfig(level="INFO")\n'
        "    print(again(sys.argv[1]))\n"
    ),
}


def test_a_unit_tells_those_whom_it_has(tmp_path: Path, command: Command) -> None:
    folder = tmp_path / "project"
    write(folder, IMAGE)

    def outcomes() -> tuple[list[Done], int]:
        with SentryServer() as server:
            image, tool = [
                Running(folder, ["-m", "ingest.main"], DSN=server.dsn),
                Running(folder, ["tools/again.py", "games"], missing=["sentry_sdk"]),
            ]
            return [image.done(), tool.done()], len(server.events)

    (image, tool), events = outcomes()
    assert (image.status, image.out, tool.status, tool.out) == (0, "[]\n", 0, "None\n")
    assert (events, tool.errors) == (0, "")
    command(folder, "apply", "excepts")
    assert changed(folder, IMAGE) == {"ingest/load.py", "tools/again.py"}
    (image, tool), events = outcomes()
    assert (image.status, image.out, tool.status, tool.out) == (0, "[]\n", 0, "None\n")
    assert events == 1
    assert "ERROR:again:again: resolve failed (table_name=games): unknown" in tool.errors


LAYOUTS = {
    "main.py": (
        "import sentry_sdk\n\nimport first\nimport places\nimport tabs\n\nsentry_sdk.init()\n"
        "print(first.first(str, 1), tabs.stamped('', int), places.sized(str, 1), "
        "places.named(int, 'x'), first.first(int, 'x'))\n"
    ),
    "tabs.py": (
        "import io\nimport datetime\nimport requests\nfrom sentry_sdk import utils\n\n"
        "requests.utils.DEFAULT_PORTS\nlater = datetime.date.max\n\n\n"
        "def stamped(text, read):\n\ttry:\n\t\treturn read(io.StringIO(text)), later, utils\n"
        "\texcept Exception:\n\t\treturn None\n"
    ),
    "first.py": (
        "def first(read, name):\n    try:\n        return read(name)\n    except:\n"
        "        return None\n"
    ),
    "places.py": (
        "import os\n\n\ndef named(read, name):\n    try:\n"
        "        return read(os.path.basename(name))\n    except:\n        return None\n\n\n"
        "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
        "def sized(read, name):\n    try:\n        return len(read(name))\n    except:\n"
        "        return None\n"
    ),
}
PRINTING = {
    "watch/__init__.py": "",
    "watch/logging.py": "def entries(service):\n    raise OSError(f'no log of {service}')\n",
    "show.py": (
        "import sys\n\nfrom watch import logging as watch_logging\n\n\ndef main(service):\n"
        "    try:\n        for entry in watch_logging.entries(service):\n"
        "            print(entry)\n    except:\n"
        "        print(f'cannot read the log of {service}')\n        sys.exit(1)\n\n\n"
        'if __name__ == "__main__":\n    main(sys.argv[1])\n'
    ),
}
COUNTED = {
    **COMMON,
    "prices.py": (
        "import requests\n\n\ndef price(sku):\n"
        "    answer = requests.get(f'http://shop.invalid/{sku}', timeout=5)\n"
        "    if answer.status_code != 200:\n        return None\n"
        "    return answer.json()['price']\n"
    ),
    "test_prices.py": (
        "import unittest\nfrom unittest import mock\n\nimport requests\n\nimport prices\n\n\n"
        "class Prices(unittest.TestCase):\n    def test_the_shop_is_shut(self):\n"
        "        answer = requests.Response()\n        answer.status_code = 503\n"
        "        with mock.patch('prices.requests.get', side_effect=[answer]) as get:\n"
        "            self.assertIsNone(prices.price('a'))\n"
        "        get.assert_called_once_with('http://shop.invalid/a', timeout=5)\n"
    ),
}
ADDRESSED = {
    "league.py": (
        "import requests\n\n\nclass League:\n    def __init__(self, host: str):\n"
        "        self.host = host\n        self.session = requests.Session()\n\n"
        "    def team(self, team_id: int):\n"
        '        return self.session.get(f"{self.host}/teams/{team_id}").json()\n\n'
        "    def days(self, day: str):\n"
        '        return self.session.get(f"{self.host}/days/{day}").json()\n'
    ),
    "report.py": (
        "from league import League\n\n\ndef report(host, days):\n    league = League(host)\n"
        "    return [league.days(day) for day in days]\n"
    ),
    "test_league.py": (
        "import unittest\nfrom unittest import mock\n\nfrom league import League\n\n\n"
        "class Team(unittest.TestCase):\n    def test_gives_the_team(self):\n"
        '        league = League(host="http://feed.invalid")\n'
        "        answer = mock.MagicMock()\n        answer.json.return_value = 7\n"
        "        league.session.get = mock.MagicMock(return_value=answer)\n"
        "        self.assertEqual(league.team(7), 7)\n"
        '        league.session.get.assert_called_once_with("http://feed.invalid/teams/7")\n'
        "        league.session.close()\n"
    ),
}


@pytest.mark.parametrize(
    ("family", "files", "starts", "edited", "out"),
    [
        (
            "excepts",
            LAYOUTS,
            ("main.py",),
            {"first.py", "places.py", "tabs.py"},
            "1 None 1 None None\n",
        ),
        ("excepts", PRINTING, ("show.py", "shop"), {"show.py"}, "cannot read the log of shop\n"),
        ("retries", COUNTED, ("-m", "unittest", "-q"), set(), ""),
        ("timeouts", ADDRESSED, ("-m", "unittest", "-q"), {"league.py"}, ""),
    ],
    ids=["layouts of imports", "a command that prints", "calls that are counted", "addresses"],
)
def test_it_does_what_it_did(
    family: str,
    files: dict[str, str],
    starts: tuple[str, ...],
    edited: set[str],
    out: str,
    tmp_path: Path,
    command: Command,
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        write(folder, files)
    command(after, "apply", family)
    assert changed(after, files) == edited
    first, second = [each.done() for each in [Running(before, starts), Running(after, starts)]]
    assert (first.out, first.status) == (second.out, second.status), (first, second)
    assert first.out == out
    text = (after / "league.py").read_text() if family == "timeouts" else ""
    assert text.count("timeout=") == (1 if text else 0)


def test_a_checkout_in_a_folder_of_tests_is_no_test(tmp_path: Path, command: Command) -> None:
    folder = tmp_path / "tests" / "checkout"
    source = {
        "feeds.py": (
            "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
            "def tables(days, render):\n    try:\n        return render(days)\n"
            "    except Exception:\n        return []\n"
        )
    }
    write(folder, source)
    command(folder, "apply", "excepts")
    assert changed(folder, source) == {"feeds.py"}
    done = Running(folder, ["-c", "import feeds; print(feeds.tables([1], None))"]).done()
    assert (done.status, done.out) == (0, "[]\n")
    assert "tables: render failed" in done.errors
