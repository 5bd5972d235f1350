"""What a web request may wait for: the tries of a call end before its server ends the request."""

from __future__ import annotations

import pytest

from tests.analysis.units.test_units import SHARED, WAITS, left

FLASK = (
    "import requests\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n"
    '@app.route("/table")\ndef table():\n    return rows("1")\n\n\n'
    "def rows(day):\n    return requests.get(day, timeout=20).text\n"
)
VIEW = (
    "import requests\nfrom django.shortcuts import render\n\n\ndef table(request, day):\n"
    "    return render(request, requests.get(day, timeout=20).text)\n"
)
COMMAND = (
    "import requests\nfrom django.core.management import BaseCommand\n\n\n"
    "class Command(BaseCommand):\n    def handle(self, *args, **options):\n"
    "        print(requests.get(options['day'], timeout=20).text)\n"
)
PROXY = "location / {\n  proxy_pass http://app;\n"


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"Procfile": "web: gunicorn web:app"}, "gunicorn ends a web request after 30 s"),
        ({"Procfile": "web: gunicorn web:app --timeout 80 -w 2"}, "after 80 s (Procfile:1)"),
        ({"Procfile": "web: gunicorn -t 120 web:app"}, ""),
        ({"Procfile": "web: gunicorn web:app --timeout=0"}, ""),
        ({"Procfile": "web: gunicorn -k uvicorn.workers.UvicornWorker web:app"}, ""),
        ({"Procfile": "web: gunicorn --threads 8 web:app"}, ""),
        ({"Dockerfile": 'FROM python\nCMD ["gunicorn", "--timeout", "70", "web:app"]'}, "70 s"),
        ({"compose.yml": "x:\n  command:\n    - gunicorn\n    - -t\n    - '50'\n    - web:app\n"},
         "gunicorn ends a web request after 50 s (compose.yml:3)"),
        ({"bin/gunicorn_start": 'cmd="gunicorn web:app \\\n  --timeout $LIMIT"\nexec $cmd\n',
          ".env.example": "LIMIT=75\n"}, "after 75 s (gunicorn_start:1)"),
        ({"Procfile": "web: gunicorn web:app -t ${LIMIT:-45}"}, "after 45 s"),
        ({"Procfile": "web: gunicorn web:app", "gunicorn.conf.py": "timeout = 40\n"},
         "after 40 s (gunicorn.conf.py:1)"),
        ({"Procfile": "web: gunicorn web:app", "gunicorn.conf.py": 'worker_class = "gevent"\n'},
         ""),
        ({"site.conf": PROXY + "}\n"}, "nginx ends a web request after 60 s (site.conf:2)"),
        ({"site.conf": PROXY + "  proxy_read_timeout 2m;\n}\n"}, ""),
        ({"uwsgi.ini": "[uwsgi]\nharakiri = 30\n"}, "uwsgi ends a web request after 30 s"),
        ({"README.md": "Start it with `gunicorn web:app`.\n"},
         "`table()` (web.py:8) answers a web request, which proxies end after 60 s"),
        ({"other/Procfile": "web: gunicorn x:app", "Procfile": "web: gunicorn web:app -t 120"}, ""),
    ],
)  # fmt: skip
def test_a_web_request_is_ended(files: dict[str, str], what: str) -> None:
    """4 tries of 20 s, and 10 s of pauses."""
    found = left({"web.py": FLASK, "shared/http_retry.py": WAITS, **files}, "web.py")
    assert ("take 90 s, and" in found and what in found) if what else not found


@pytest.mark.parametrize(
    ("text", "is_answer"),
    [
        (FLASK, True),
        (VIEW, True),
        (COMMAND, False),
        (VIEW.replace("from django.shortcuts import render", "from pages import render"), False),
        (FLASK.replace('@app.route("/table")', "@app.cli.command('table')"), False),
        (FLASK.replace('@app.route("/table")', '@router.get("/table")'), True),
        (FLASK.replace("timeout=20", "timeout=5"), False),
        (FLASK.replace("timeout=20", "timeout=app.config['LIMIT']"), True),
        (FLASK.replace("(day):", "(day, limit=20):").replace("timeout=20", "timeout=limit"), True),
        (FLASK.replace("(day):", "(day, limit=5):").replace("timeout=20", "timeout=limit"), False),
        (
            FLASK.replace("requests.get(", "httpx.get(")
            .replace("import requests", "import httpx")
            .replace(", timeout=20", ""),
            False,
        ),
        (
            "import flask\nimport requests\n\n\ndef rows():\n    day = flask.request.args['day']\n"
            "    return requests.get(day, timeout=20).text\n",
            True,
        ),
        (
            "import flask.views\nimport requests\n\n\nclass Table(flask.views.MethodView):\n"
            "    def get(self, day):\n        return requests.get(day, timeout=20).text\n",
            True,
        ),
    ],
)
def test_what_answers_a_web_request(text: str, is_answer: bool) -> None:
    found = left({**SHARED, "web.py": text, "shared/http_retry.py": WAITS}, "web.py")
    assert ("answers a web request" in found) is is_answer
    assert is_answer or not found


BARE = (
    "import urllib.request\n\nfrom shared import clock\n\n\ndef latest(url):\n"
    "    return urllib.request.urlopen(url, timeout=20).read()\n"
)


@pytest.mark.parametrize(
    ("files", "is_left"),
    [
        ({}, False),
        ({"shared/clock.py": "run('pip install -r all.txt')\n"}, True),
        ({"tool.py": BARE + "\n\nSET_UP = 'pipenv sync'\n"}, True),
        ({"main.py": "import tool\n", "run.sh": "python main.py\n"}, False),
        ({"tool.py": "import yaml\n# pip install\n" + BARE}, False),
    ],
)
def test_a_file_that_sets_the_project_up(files: dict[str, str], is_left: bool) -> None:
    own = {"tool.py": BARE, "shared/clock.py": "", **files}
    assert ("this installs packages" in left(own, "tool.py")) is is_left


SAID = (
    "import requests\n\n\ndef rows(url):\n    {}\n    return requests.get(url, timeout=20).text\n"
)


@pytest.mark.parametrize(
    ("comment", "is_left"),
    [
        ("# avoid retries: each one is billed", True),
        ("# The page is large,\n    # so do not retry it.", True),
        ("# don't retry", True),
        ("# no page is older; retries are fine", False),
        ("# if it is not there, retry", False),
        ("# retried by nobody", False),
        ("", False),
    ],
)
def test_the_author_says_not_to_try_again(comment: str, is_left: bool) -> None:
    found = left({"feed.py": SAID.format(comment), "shared/http_retry.py": WAITS}, "feed.py")
    assert ("says that it is not to be tried again" in found) == is_left


CHALICE = (
    "import requests\nfrom chalice import Chalice\n\napp = Chalice('x')\n\n\n"
    "@app.route('/table')\ndef table():\n    return requests.get('https://x/y', timeout={}).text\n"
)


def test_the_gateway_of_chalice_ends_a_request_after_29_seconds() -> None:
    """4 tries of 5 s and 10 s of pauses take 30 s, whatever server is configured elsewhere."""
    more = {"shared/http_retry.py": WAITS, "uwsgi.ini": "[uwsgi]\nharakiri = 600\n"}
    found = left({"app.py": CHALICE.format(5), **more}, "app.py")
    assert "answers a web request, which proxies end after 29 s" in found
    assert not left({"app.py": CHALICE.format(4), **more}, "app.py")
