"""A small application, each file in some versions: None means that the file is not there.

What is found in one file depends on others: base classes, clients that are passed on, sessions,
test doubles, configuration, pinned requirements. The first version of each is the usual one.
"""

from __future__ import annotations

from collections.abc import Mapping

_CLIENT = "from google.cloud import bigquery\n"
_FAKES = """\
class FakeJob:
    def __init__(self, rows=()):
        self.rows = rows
    def result(self{takes}):
        return self.rows
    def to_dataframe(self{takes}):
        return self.rows
class FakeClient:
    def query(self, sql, job_config=None):
        return FakeJob()
"""
_TOOL = "[tool.qw-codemod]\n"
_PROJECT = '[project]\nname = "orders"\ndependencies = ["requests"]\n'

_POLICY = _TOOL + '[tool.qw-codemod.retries]\npolicy = "shared.policy:retry_api"\n'

FILES: Mapping[str, tuple[str | None, ...]] = {
    # A shared package with the base class of half of the tree.
    "shared/__init__.py": ("", None, "from shared.warehouse import Warehouse\n"),
    "shared/warehouse.py": (
        _CLIENT + "class Warehouse:\n    timeout = 60\n    def __init__(self, client=None):\n"
        "        self.client = client or bigquery.Client()\n        self.job = None\n"
        "    def run(self, sql):\n        return self.client.query(sql)\n"
        "    def rows(self, sql):\n        return list(self.run(sql).result())\n"
        "    def start(self, sql):\n        self.job = self.run(sql)\n",
        _CLIENT + "class Warehouse:\n    def __init__(self, client):\n"
        "        self.client = client\n    def run(self, sql):\n"
        "        return self.client.query(sql)\n    def start(self, sql):\n"
        "        self.job = [sql]\n",
        "class Warehouse:\n    client = None\n    job = None\n    def run(self, sql):\n"
        "        return [sql]\n",
        _CLIENT + "from functools import cached_property\nclass Warehouse:\n"
        "    @cached_property\n    def client(self):\n        return bigquery.Client()\n"
        "    def run(self, sql):\n        job = self.client.query(sql)\n        return job\n",
        "class Warehouse:\n    def run(self:\n",
        None,
    ),
    "shared/sessions.py": (
        "import requests\nsession = requests.Session()\n",
        "import requests\nclass Bounded(requests.Session):\n    def request(self, *a, **k):\n"
        "        k.setdefault('timeout', 5)\n        return super().request(*a, **k)\n"
        "session = Bounded()\n",
        "import requests\nfrom requests.adapters import HTTPAdapter\n"
        "from urllib3.util.retry import Retry\nsession = requests.Session()\n"
        "session.mount('https://', HTTPAdapter(max_retries=Retry(3, backoff_factor=1)))\n",
        None,
    ),
    "shared/polling.py": (
        "from urllib3 import Retry\nretry = Retry(3, backoff_factor=1, status_forcelist=(503,),"
        " respect_retry_after_header=True)\n",
        "import time\ndef wait_for(check):\n    while True:\n        try:\n"
        "            return check()\n        except Exception:\n            time.sleep(5)\n",
    ),
    "shared/limits.py": (
        "TIMEOUT = 30\n",
        "TIMEOUT = None\n",
        "import socket\nsocket.setdefaulttimeout(5)\nTIMEOUT = 30\n",
        None,
    ),
    "shared/fetching.py": (
        "import requests\ndef fetch(url, timeout=None):\n"
        "    return requests.get(url, timeout=timeout)\n",
        "import requests\nfrom shared.limits import TIMEOUT\ndef fetch(url, timeout=TIMEOUT):\n"
        "    return requests.get(url, timeout=timeout)\n",
        "import requests\ndef fetch(url, **options):\n    return requests.get(url, **options)\n",
    ),
    # Workers: deployed from a folder of their own, with requirements and settings of their own.
    "workers/loader.py": (
        "from shared.warehouse import Warehouse\nclass Loader(Warehouse):\n"
        "    def load(self):\n        return self.run('x').result()\n"
        "    def finish(self):\n        return self.job.result()\n",
        "# moved down\n\nfrom shared import warehouse\nclass Loader(warehouse.Warehouse):\n"
        "    def load(self):\n        return self.run('x').result()\n",
        "class Loader:\n    def load(self):\n        return self.run('x').result()\n",
        None,
    ),
    "workers/report.py": (
        "from workers.loader import Loader\nclass Report(Loader):\n    def run(self, sql):\n"
        "        return super().run(sql)\n    def frame(self):\n"
        "        return self.run('x').to_dataframe()\n",
        "from shared.warehouse import Warehouse as Base\nclass Report(Base):\n"
        "    def frame(self):\n        for row in self.run('x'):\n            print(row)\n",
        "from shared.warehouse import *\nclass Report(Warehouse):\n    def run(self, sql):\n"
        "        return 5\n    def frame(self):\n        return self.run('x').to_dataframe()\n",
    ),
    "workers/main.py": (
        "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))\n"
        "from workers.loader import Loader\nfrom workers.report import Report\n"
        "if __name__ == '__main__':\n    Loader().load()\n    Report().frame()\n",
        _CLIENT + "from workers.loader import Loader\ndef main():\n"
        "    worker = Loader(bigquery.Client())\n    worker.client = None\n    worker.load()\n",
        "import sentry_sdk\nfrom workers import loader\nsentry_sdk.init()\n"
        "loader.Loader().load()\n",
        None,
    ),
    "workers/feed.py": (
        "from shared.sessions import session\ndef load():\n"
        "    return session.get('https://x').json()\n",
        "from shared.fetching import fetch\ndef load():\n    return fetch('https://x')\n"
        "def later():\n    return fetch('https://y', timeout=5)\n",
        "import requests\ndef load():\n    try:\n        return requests.get('https://x')\n"
        "    except Exception:\n        return None\n",
    ),
    "workers/jobs.py": (
        "from helpers import wait\n" + _CLIENT + "def run():\n"
        "    return wait(bigquery.Client().query('x'))\n",
        "import helpers\nfrom concurrent.futures import ThreadPoolExecutor\ndef run():\n"
        "    return helpers.wait(ThreadPoolExecutor().submit(print))\n",
        None,
    ),
    "helpers.py": (
        "def wait(job):\n    return job.result()\n",
        "def hold(job):\n    return job.result()\n",
        "def wait(job):\n    return job.result(timeout=5)\n",
    ),
    "workers/pyproject.toml": (
        None,
        _TOOL + 'ignore = ["QW201"]\n',
        _TOOL + "[tool.qw-codemod.timeouts]\nbigquery = 90\n",
        _TOOL + '[tool.qw-codemod.types]\n"shared.pool.borrow" = "google.cloud.bigquery.Client"\n',
    ),
    "workers/requirements.txt": ("requests==2.31\n", "urllib3==2.2.1\n", None),
    "workers/Dockerfile": (
        'FROM python:3.11\nCOPY shared /app/shared\nCOPY workers /app/workers\nCMD ["python", '
        '"workers/main.py"]\n',
        "FROM python:3.11\nCOPY workers /app\n",
        None,
    ),
    # A function that is deployed alone, and a script that finds the rest by the path.
    "functions/ingest/main.py": (
        "import functions_framework\nfrom .parse import client\n@functions_framework.http\n"
        "def ingest(request):\n    return client.query('x').result()\n",
        "import functions_framework\nimport parse\n@functions_framework.http\n"
        "def ingest(request):\n    return parse.client.query('x').result()\n",
        "from . import parse\ndef ingest(request):\n    parse.client = None\n"
        "    return parse.client.query('x').result()\n",
    ),
    "functions/ingest/parse.py": (
        _CLIENT + "client = bigquery.Client()\n", "client = None\n", None
    ),
    "functions/ingest/parse/__init__.py": (None, None, _CLIENT + "client = bigquery.Client()\n"),
    "functions/ingest/fetch.py": (
        "import requests\ndef fetch(day):\n    return requests.get(day, timeout=30)\n",
        "import requests\nfrom shared import clock\ndef fetch(day):\n"
        "    return requests.get(day, timeout=30)\n",
        '"""python functions/ingest/fetch.py DAY"""\nimport requests\n'
        "print(requests.get('https://x', timeout=30))\n",
    ),
    "functions/fetching.py": (None, "import functions.ingest.fetch\n", "import ingest.fetch\n"),
    "shared/clock.py": ("now = 5\n", None),
    "shared/policy.py": (
        "import tenacity\ndef retry_api(function):\n    return tenacity.retry("
        "stop=tenacity.stop_after_attempt(4))(function)\n",
        "import tenacity\nTRIES = 2\ndef retry_api(function):\n    return tenacity.retry("
        "stop=tenacity.stop_after_attempt(TRIES))(function)\n",
        None,
    ),
    "functions/ingest/requirements.txt": ("functions-framework\n", None),
    "scripts/backfill.py": (
        "import sys\nsys.path.append('.')\nfrom shared.warehouse import Warehouse\n"
        "def main():\n    warehouse = Warehouse()\n    warehouse.start('x')\n"
        "    return warehouse.job.result()\nif __name__ == '__main__':\n    main()\n",
        "import sys\nsys.path.insert(0, 'workers')\nfrom loader import Loader\n"
        "Loader().run('x').result()\n",
        "import sys\nsys.path.insert(0, '../shared')\nimport warehouse\n"
        "warehouse.Warehouse().run('x').to_dataframe()\n",
        None,
    ),
    "old/scripts/backfill.py": (None, None, "print()\n"),
    "loader.py": (None, None, "class Loader:\n    def run(self, sql):\n        return 5\n"),
    "deploy/deploy.sh": (
        "gcloud functions deploy ingest --source functions/ingest --timeout 60\n",
        "gcloud run deploy workers --source . --timeout=300\n",
        "python functions/ingest/fetch.py\ncp -r shared functions/ingest\n"
        "gcloud functions deploy ingest --source functions/ingest\n",
        None,
    ),
    "cloudbuild.yaml": ("steps:\n- name: python\n  args: [workers/main.py]\n", None),
    "pyproject.toml": (
        _PROJECT + _POLICY,
        _PROJECT,
        _PROJECT + _TOOL + 'ignore = ["excepts"]\n',
        _PROJECT + _TOOL + 'exclude = ["scripts/**"]\n',
        _PROJECT + _TOOL + '[tool.qw-codemod.types]\n"shared.pool.borrow" = '
        '"google.cloud.bigquery.Client"\n',
        _PROJECT + _TOOL + '[tool.qw-codemod.excepts]\nsentry = "always"\nunreported = true\n',
    ),
    "requirements.txt": ("urllib3==1.26.18\n", "urllib3==2.2.1\n", "requests\n", None),
    # A chain through three modules, and values that no file but the user of a name tells.
    "deep.py": (
        _CLIENT + "def make():\n    return bigquery.Client().query('x')\n",
        "def make():\n    return [1]\n",
        "# two lines\n# down\n" + _CLIENT + "make = lambda: bigquery.Client().query('x')\n",
    ),
    "mid.py": ("from deep import make\njob = make()\n",),
    "ends.py": ("from mid import job\njob.result()\n", "import mid\nmid.job.result()\n"),
    "shared/pool.py": (
        "import registry\ndef borrow(name):\n    return registry.get(name)\n",
        _CLIENT + "def borrow(name):\n    return bigquery.Client()\n",
    ),
    "use_pool.py": ("from shared.pool import borrow\nborrow('x').query('y').result()\n",),
    "shared/state.py": ("import registry\nclient = registry.get('x')\n", "client = None\n"),
    "use_state.py": (
        "from shared import state\nstate.client.query('x').result()\n",
        "from shared.state import client\nclient.query('x').result()\n",
    ),
    "sets.py": (
        None, _CLIENT + "from shared import state\nstate.client = bigquery.Client()\n"
    ),
    "north/__init__.py": ("",),
    "north/run.py": (
        _CLIENT + "class Runner:\n    def go(self, job=bigquery.Client().query('x')):\n"
        "        return job.result()\n",
    ),
    "south/__init__.py": ("", None),
    "south/use.py": ("def use(runner):\n    runner.go(5)\n",),
    "link.py": (None, "import north.run, south.use\n", "import north.run\n"),
    "patches.py": (
        None,
        "from shared import warehouse\nclass Other(warehouse.Warehouse):\n    pass\n"
        "def patch(some):\n    some.client = 5\n    some.job: int = 6\n",
    ),
    # Tests: doubles that would refuse a timeout, fixtures, and a script that a test starts.
    "tests/fakes.py": (
        _FAKES.format(takes=""), _FAKES.format(takes=", timeout=None"), None
    ),
    "tests/conftest.py": (
        "import pytest\nfrom fakes import FakeJob\nfrom workers.loader import Loader\n"
        "@pytest.fixture\ndef loader(monkeypatch):\n"
        "    monkeypatch.setattr(Loader, 'run', lambda self, sql: FakeJob())\n"
        "    return Loader(None)\n",
        "import pytest\nfrom workers.loader import Loader\n@pytest.fixture\ndef loader():\n"
        "    return Loader(None)\n",
        None,
    ),
    "conftest.py": (None, "import workers.loader\n"),
    "tests/test_loader.py": (
        "def test_load(loader):\n    assert loader.load() == ()\n",
        "from unittest import mock\nfrom workers.loader import Loader\ndef test_load():\n"
        "    client = mock.Mock()\n    worker = Loader(client)\n    worker.load()\n"
        "    client.query.return_value.result.assert_called_once_with()\n",
        "from fakes import FakeClient\nfrom workers.loader import Loader\ndef test_load():\n"
        "    worker = Loader()\n    worker.client = FakeClient()\n    worker.load()\n",
        None,
    ),
    "tests/test_report.py": (
        "from unittest.mock import patch\n@patch('workers.report.Report.run')\n"
        "def test_frame(run):\n    from workers.report import Report\n    Report().frame()\n"
        "    run.return_value.to_dataframe.assert_called_once_with()\n",
        "def test_nothing():\n    pass\n",
        "import subprocess, sys\nfrom fakes import FakeClient\ndef test_script():\n"
        "    subprocess.run([sys.executable, 'scripts/backfill.py'], check=True)\n",
    ),
    "tests/test_feed.py": (
        "import workers.feed\nclass Session:\n    def get(self, url):\n        return self\n"
        "    def json(self):\n        return 5\ndef test_load(monkeypatch):\n"
        "    monkeypatch.setattr(workers.feed, 'session', Session())\n"
        "    assert workers.feed.load() == 5\n",
        "import requests\nimport workers.feed\ndef fake(url, timeout=None):\n    return url\n"
        "def test_load(monkeypatch):\n    monkeypatch.setattr(requests, 'get', fake)\n"
        "    workers.feed.load()\n",
        None,
    ),
}  # fmt: skip
