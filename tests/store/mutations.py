"""Faults planted in the tracing and the cache, each with an edit after which a warm run is wrong.

A part of the tracing whose fault no edit shows is not needed, or not tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from qw_codemod.app import commands
from qw_codemod.facts import import_scan, requirement_versions
from qw_codemod.facts.project import Tree
from qw_codemod.facts.query import Trace
from qw_codemod.infer.memo import Memo
from qw_codemod.python.layout import Layout
from qw_codemod.python.module import View
from qw_codemod.store import reports
from qw_codemod.store.queries import Questions
from qw_codemod.store.reports import Memories
from tests.store.histories import Step

Plant = Callable[[pytest.MonkeyPatch], None]

_PROJECT = {"pyproject.toml": '[project]\nname = "x"\n'}
_CLIENT = "from google.cloud import bigquery\n"
_BASE = (
    _CLIENT + "class Base:\n    def __init__(self):\n        self.client = bigquery.Client()\n"
    "    def ask(self, sql):\n        return self.client.query(sql)\n"
)
_NO_BASE = "class Base:\n    def ask(self, sql):\n        return [sql]\n"
_LIST = _BASE.replace("self.client.query(sql)", "[self.client.query(sql)]")  # the same words
_ASKS = "from base import Base\nBase().ask('x').result()\n"
_FAKE = "class FakeJob:\n    def result(self):\n        return []\n"
_WORKER = (
    "from base import Base\nclass Worker(Base):\n    def run(self):\n"
    "        return self.ask('x').result()\n"
)
_FIXTURE = (
    "import pytest\nfrom worker import Worker\n" + _FAKE + "@pytest.fixture\n"
    "def worker(monkeypatch):\n"
    "    monkeypatch.setattr(Worker, 'ask', lambda self, sql: FakeJob())\n    return Worker()\n"
)
_STARTS = (
    "import subprocess, sys\ndef test_run():\n"
    "    subprocess.run([sys.executable, 'tools/run.py'], check=True)\n"
    + _FAKE
    + "class FakeClient:\n    def query(self, sql):\n        return FakeJob()\n"
)
_JOB = {
    "deep.py": _CLIENT + "def make():\n    return bigquery.Client().query('x')\n",
    "mid.py": "from deep import make\njob = make()\n",
    "a.py": "from mid import job\njob.result()\n",
    "b.py": "from mid import job\njob.result()\n",
}
_NO_JOB = _CLIENT + "def make():\n    return [bigquery.Client().query('x')]\n"  # the same words
_WAITED = "def ended(load_job):\n    return load_job.result()\n"
_LOOKS_UP = "import helpers, sys\ngetattr(helpers, 'stop')(5)\n"
_SHARED = {
    "shared.py": "import registry\nclient = registry.get('x')\n",
    "use.py": "import shared\nshared.client.query('x').result()\n",
}
_SETS = _CLIENT + "import shared\nshared.client = bigquery.Client()\n"
_PACKAGES = {
    "north/__init__.py": "",
    "north/run.py": _CLIENT + "class Runner:\n"
    "    def go(self, job=bigquery.Client().query('x')):\n        return job.result()\n",
    "south/__init__.py": "",
    "south/use.py": "def start(runner):\n    runner.go(5)\n",
    "link.py": "import north.run\n",
}
_DEPLOYED = {
    "pyproject.toml": '[tool.qw-codemod.retries]\npolicy = "shared.policy:retry_api"\n',
    "shared/__init__.py": "",
    "shared/policy.py": "def retry_api(function):\n    return function\n",
    "f/__init__.py": "",
    "f/main.py": "import requests\ndef get(url):\n    return requests.get(url, timeout=5)\n",
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault, and the edit that shows it: files by name, then those that change."""

    plant: Plant
    before: Mapping[str, str]
    change: Mapping[str, str | None]

    def steps(self) -> tuple[Step, Step]:
        """The history that shows it."""
        return Step("files", {**_PROJECT, **self.before}), Step("edit", self.change)


def _unrecorded(kind: str) -> Plant:
    """A kind of question is not recorded."""
    lean = Trace.lean

    def some(trace: Trace, question: tuple[str, ...], answer: Any) -> None:
        if question[0] != kind:
            lean(trace, question, answer)

    return lambda patch: patch.setattr(Trace, "lean", some)


def _unnumbered(kind: str) -> Plant:
    """A kind of question about a module counts as one that never has another answer."""
    number = Trace.number

    def some(trace: Trace, question: tuple[str, ...], answer: Any) -> int:
        return number(trace, ("has", "") if question[0] == kind else question, answer)

    return lambda patch: patch.setattr(Trace, "number", some)


def _untraced(owner: type, name: str) -> Plant:
    """What a method reads is not recorded."""
    method = getattr(owner, name)

    def apart(self: Any, *given: Any, **named: Any) -> Any:
        before = {*self.trace.now}
        try:
            return method(self, *given, **named)
        finally:
            self.trace.now = before

    return lambda patch: patch.setattr(owner, name, apart)


def _unless_new(owner: type, name: str) -> Plant:
    """What a remembered answer depends on is recorded once only: when it was computed."""
    method = getattr(owner, name)

    def forgetful(self: Any, *given: Any) -> Any:
        ran = False
        *rest, compute = given[:3] if len(given) >= 3 else given
        before = {*self.trace.now}

        def noting() -> Any:
            nonlocal ran
            ran = True
            return compute()

        found = method(self, *rest, noting, *given[3:])
        if not ran:
            self.trace.now = before
        return found

    return lambda patch: patch.setattr(owner, name, forgetful)


def _constant(owner: Any, name: str, value: object) -> Plant:
    return lambda patch: patch.setattr(owner, name, lambda *given, **named: value)


def _remembered(patch: pytest.MonkeyPatch) -> None:
    remembered = Trace.remembered

    def forgetful(self: Trace, memory: Any, key: Any, *rest: Any) -> Any:
        held = memory.get(key)
        return held[0] if held is not None else remembered(self, memory, key, *rest)

    patch.setattr(Trace, "remembered", forgetful)


_SHOWN_AS_ROOT = {
    "app/__init__.py": "",
    "app/near.py": "from tools import make\n",
    "app/tools.py": "def make():\n    return 1\n",
    "app/shared.py": _CLIENT + "if True:\n    client = bigquery.Client()\n",
    "app/use.py": "import shared\nshared.client.query('x').result()\n",
}
_SHOWN_NO_MORE = {"app/tools.py": "def other():\n    return 1\n"}

MUTATIONS: Mapping[str, Mutation] = {
    "where an import leads is not recorded": Mutation(
        _unrecorded("resolve"),
        {"run.py": "from base import Base\nBase().ask('x').result()\n", "old/base.py": _BASE},
        {"base.py": _NO_BASE},
    ),
    "which packages are import roots is not recorded": Mutation(
        _unrecorded("root"), _SHOWN_AS_ROOT, _SHOWN_NO_MORE
    ),
    "what shows import roots is not noticed": Mutation(
        _constant(import_scan, "root_signs", ""), _SHOWN_AS_ROOT, _SHOWN_NO_MORE
    ),
    "that a file is not there is not recorded": Mutation(
        _unrecorded("has"),
        {
            "app/near.py": "from .shared import client\nclient.query('x').result()\n",
            "app/shared.py": _CLIENT + "client = bigquery.Client()\n",
        },
        {"app/shared/__init__.py": "client = None\n"},
    ),
    "the files of a folder are not recorded": Mutation(
        _unrecorded("below"),
        {
            "base.py": _BASE,
            "worker.py": _WORKER,
            "tests/conftest.py": _FIXTURE.replace("fixture\n", "fixture(autouse=True)\n").replace(
                "    return Worker()", "    Worker().run()"
            ),
        },
        {"tests/test_more.py": "def test_more():\n    assert True\n"},
    ),
    "the files that a text names are not recorded": Mutation(
        _unrecorded("ending"),
        {
            "base.py": _BASE,
            "worker.py": _WORKER,
            "tools/run.py": "from worker import Worker\nWorker().run()\n",
            "tools/other.py": "",
            "tests/test_run.py": _STARTS,
            "tests/test_other.py": "import tools.other\n",
        },
        {"old/tools/run.py": "print()\n"},
    ),
    "what is loaded together is not recorded": Mutation(
        _unrecorded("together"), _PACKAGES, {"link.py": "import north.run, south.use\n"}
    ),
    "which folders are one package is not recorded": Mutation(
        _unrecorded("packages"),
        {name: text for name, text in _PACKAGES.items() if name != "link.py"},
        {"__init__.py": ""},
    ),
    "the files with a word are not recorded": Mutation(
        _unrecorded("mentions"),
        {
            "helpers.py": "def wait(job):\n    return job.result()\n",
            "a.py": _CLIENT + "from helpers import wait\nwait(bigquery.Client().query('x'))\n",
        },
        {"b.py": "from helpers import wait\nwait(5)\n"},
    ),
    "what is looked up by a text is not recorded": Mutation(
        _unrecorded("lookups"),
        {
            "helpers.py": "def wait(job):\n    return job.result()\n",
            "a.py": _CLIENT + "from helpers import wait\nwait(bigquery.Client().query('x'))\n",
            "b.py": _LOOKS_UP,
        },
        {"b.py": _LOOKS_UP.replace("'stop'", "sys.argv[1]")},
    ),
    "the files that set an attribute are not recorded": Mutation(
        _unrecorded("assigns"), _SHARED, {"other.py": _SETS}
    ),
    "the files with a subclass are not recorded": Mutation(
        _unrecorded("bases"),
        {
            "base.py": _BASE.replace("client.query(sql)", "more(sql)")
            + "    def more(self, sql):\n        return self.client.query(sql)\n",
            "use.py": "from base import Base\ndef use(base: Base):\n    base.ask('x').result()\n",
        },
        {"late.py": "from base import Base\nclass Late(Base):\n    more = print\n"},
    ),
    "the files with some bytes are not recorded": Mutation(
        _unrecorded("holds"),
        {"feed.py": "import urllib.request\nurllib.request.urlopen('https://x')\n"},
        {"limits.py": "import socket\nsocket.setdefaulttimeout(5)\n"
         "if __name__ == '__main__':\n    import feed\n"},
    ),
    "what is deployed is not recorded": Mutation(
        _unrecorded("deployments"), _DEPLOYED,
        {"deploy.sh": "gcloud functions deploy x --source=f\n"},
    ),
    "what tells of deployments never changes": Mutation(
        _constant(reports, "_TOLD", "nothing"),
        {**_DEPLOYED, "deploy.sh": "gcloud functions deploy x --source=f\n"},
        {"deploy.sh": "gcloud functions deploy x --source=.\n"},
    ),
    "which files load one is not recorded": Mutation(
        _unrecorded("loaders"),
        # through another one: whoever imports the file itself is asked for as well
        {**_DEPLOYED, "tools/run.py": "if __name__ == '__main__':\n    print()\n",
         "more.py": "import shared\nimport f.main\n"},
        {"tools/run.py": "if __name__ == '__main__':\n    import more\n    print()\n"},
    ),
    "a part of a module is not recorded": Mutation(
        _constant(View, "_depend_on_part", None),
        {**_JOB, "deep.py": _NO_JOB},
        {"deep.py": _JOB["deep.py"]},
    ),
    "the parts with a word are not recorded": Mutation(
        _constant(View, "depend_on_words", None),
        {"base.py": _BASE, "a.py": _ASKS},
        {"base.py": _BASE + "Base = print\n"},
    ),
    "where the lines of a part are is not recorded": Mutation(
        _constant(Layout, "lines", ""), {"base.py": _BASE, "a.py": _ASKS},
        {"base.py": "# moved\n" + _BASE},
    ),
    "bytes that were looked for are not recorded": Mutation(
        _unnumbered("bytes"),
        {"jobs.py": "# of postgres\n" + _WAITED, "a.py": "import jobs\ndef run(some):\n"
         "    jobs.ended(some).result()\n"},
        {"jobs.py": "# of bigquery\n" + _WAITED},
    ),
    "whether a module can be parsed is not recorded": Mutation(
        _unrecorded("parses"), {"base.py": "class Base(:\n", "a.py": _ASKS}, {"base.py": _BASE}
    ),
    "what a file imports is not recorded": Mutation(
        _unrecorded("imports"),
        {"base.py": _BASE, "use.py": "from base import Base\ndef use(base: Base):\n"
         "    base.ask('x').result()\n",
         "late.py": "from other import Base\nclass Late(Base):\n    def ask(self, sql):\n"
         "        return 5\n"},
        {"late.py": "from base import Base\nclass Late(Base):\n    def ask(self, sql):\n"
         "        return 5\n"},
    ),
    "facts are those of other contents": Mutation(
        _constant(Tree, "_contents", "x"),
        {"base.py": _BASE, "worker.py": _WORKER, "tests/conftest.py": _FIXTURE,
         "tests/test_more.py": "def test_more(worker):\n    assert worker.run() == []\n"},
        {"tests/conftest.py": _FIXTURE.replace("result(self)", "result(self, timeout=None)")},
    ),
    "a value from the memo brings no dependencies": Mutation(
        _unless_new(Memo, "guarded"),
        {**_JOB, "deep.py": _NO_JOB},
        {"deep.py": _JOB["deep.py"]},
    ),
    "an answer from the memo brings no dependencies": Mutation(
        _remembered,
        {
            "base.py": _BASE,
            "worker.py": _WORKER,
            "zebra.py": _WORKER.replace("Worker", "Zebra"),
            "tests/conftest.py": _FIXTURE.replace("(Worker,", "(Base,").replace(
                "def result(self)", "def result(self, timeout=None)"
            ),
            "tests/test_run.py": "from zebra import Zebra\ndef test_more(worker):\n"
            "    assert worker.run() == Zebra().run()\n",
        },
        {"tests/conftest.py": _FIXTURE.replace("(Worker,", "(Base,")},
    ),
    "no question of a changed file is asked again": Mutation(
        _constant(Questions, "change", set()), _SHARED, {"other.py": _SETS}
    ),
    "no path is looked up again": Mutation(
        _constant(Memories, "_relist", set()),
        {"run.py": "from stock import job\njob.result()\n", "old/stock.py": "job = [1]\n"},
        {"stock.py": "from google.cloud import bigquery\njob = bigquery.Client().query('x')\n"},
    ),
    "imports never change": Mutation(
        _constant(Memories, "_links", "x"), _PACKAGES, {"link.py": "import north.run, south.use\n"}
    ),
    "files never change": Mutation(
        _constant(reports, "_stamp", "x"), {"base.py": _BASE, "a.py": _ASKS}, {"base.py": _LIST}
    ),
    "requirements never change": Mutation(
        _constant(requirement_versions, "fingerprint", ""),
        {
            "retry.py": "from urllib3 import Retry\nretry = Retry(9, "
            "status_forcelist=(503,), respect_retry_after_header=True)\n",
            "requirements.txt": "urllib3==1.26.18\n",
        },
        {"requirements.txt": "urllib3==2.2.1\n"},
    ),
    "settings never change": Mutation(
        _constant(commands, "_digest_of", ""),
        {"workers/a.py": "try:\n    print()\nexcept:\n    pass\n"},
        {"workers/pyproject.toml": '[tool.qw-codemod]\nignore = ["QW201"]\n'},
    ),
}  # fmt: skip
