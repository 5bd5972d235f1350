"""What a file may import, what ends it and whether it reports, where it is deployed or started."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from qw_codemod.kernel.statements import render
from qw_codemod.testkit import Setup, apply_to_files, run_files

POLICY = "import tenacity\n\n\ndef retry_call(function, /, *args, **kwargs):\n    return function\n"
SETTINGS = {"retries": {"policy": "shared.http_retry:retry_call"}}
FETCH = "import requests\n\n\ndef fetch(day):\n    return requests.get(day, timeout=20).text\n"
GUARD = "\n\nif __name__ == '__main__':\n    fetch('1')\n"
FUNCTION = "gcloud functions deploy f --source={}\n"
SHARED = {"shared/__init__.py": "", "shared/http_retry.py": POLICY}


def left(files: Mapping[str, str | None], name: str, settings: object = None) -> str:
    """Why the call of a file is left; empty where it is edited."""
    texts = {**SHARED, **files}
    given = {path: text.encode() for path, text in texts.items() if text is not None}
    setup = Setup(("retries",), settings or SETTINGS, fix=True)  # type: ignore[arg-type]
    report = run_files(given, setup)[name]
    assert bool(report.fixed) != bool(report.skipped)
    return render(report.skipped[0].reason) if report.skipped else ""


# -- imports --------------------------------------------------------------------------------------

LONG = FUNCTION.strip() + " --timeout=540\n"
ALONE = {"f/main.py": FETCH, "deploy.sh": LONG.format("f")}
CLI = {"j/cli/x.py": FETCH + GUARD, "j/cli/http_retry.py": POLICY}
DOCKERFILE = "FROM python\nWORKDIR /app\n{}\nCMD python -m jobs.run\n"
RUN = {
    "jobs/__init__.py": "",
    "jobs/run.py": "from jobs.feed import fetch\n",
    "jobs/feed.py": FETCH,
}


@pytest.mark.parametrize(
    ("files", "name", "reason"),
    [
        (ALONE, "f/main.py", "`f` is deployed without `shared.http_retry` (deploy.sh:1)"),
        # what it calls is not there either
        (
            {**ALONE, "f/main.py": "import feed\n", "f/feed.py": FETCH},
            "f/feed.py",
            "`f` is deployed without `shared.http_retry` (deploy.sh:1)",
        ),
        ({"main.py": FETCH, "deploy.sh": FUNCTION.format(".")}, "main.py", ""),
        ({**ALONE, "deploy.sh": "cp -r shared f/\n" + FUNCTION.format("f")}, "f/main.py", ""),
        # it has the package from somewhere, or it would not start
        ({**ALONE, "f/main.py": "from shared import clock\n" + FETCH}, "f/main.py", ""),
        (
            {**RUN, "Dockerfile": DOCKERFILE.format("COPY jobs jobs")},
            "jobs/feed.py",
            "`jobs` is deployed without `shared.http_retry` (Dockerfile:4)",
        ),
        ({**RUN, "Dockerfile": DOCKERFILE.format("COPY jobs jobs\nCOPY shared shared")},
         "jobs/feed.py", ""),
        ({**RUN, "Dockerfile": DOCKERFILE.format("COPY . .")}, "jobs/feed.py", ""),
        # another program of the image loads it, and nobody knows how
        ({**RUN, "jobs/more.py": FETCH, "Dockerfile": DOCKERFILE.format("COPY jobs jobs")},
         "jobs/more.py", "nothing shows that `shared.http_retry` can be imported"),
        (
            {"tools/x.py": FETCH + GUARD},
            "tools/x.py",
            "`tools/x.py` is started: by its path, as its `__main__` block suggests",
        ),
        ({"x.py": FETCH + GUARD}, "x.py", ""),
        ({"tools/__init__.py": "", "tools/x.py": FETCH + GUARD}, "tools/x.py", ""),
        # a package of the same name is found first
        (
            {"feeds/__init__.py": "", "feeds/x.py": "from api.shop import open\n" + FETCH,
             "shared/__init__.py": None, "api/shop.py": "from shared import clock\n",
             "api/shared/__init__.py": "", "api/shared/clock.py": ""},
            "feeds/x.py",
            "`api/shared` is found instead of the package of `shared.http_retry`",
        ),
        (
            {"feeds/__init__.py": "", "feeds/x.py": FETCH, "shared/__init__.py": None,
             "api/shop.py": "from shared import clock\n", "api/shared/__init__.py": "",
             "api/shared/clock.py": ""},
            "feeds/x.py",
            "",
        ),
        (
            {"api/x.py": "from shared import clock\n" + FETCH + GUARD, "api/shared/clock.py": "",
             "api/shared/__init__.py": ""},
            "api/x.py",
            "`api/shared` is found instead of the package of `shared.http_retry`",
        ),
        # a script in a package: how it is started nobody says
        (
            {"tools/__init__.py": "", "tools/x.py": FETCH + "\n\nprint(fetch('1'))\n"},
            "tools/x.py",
            "nothing shows that `shared.http_retry` can be imported where this file runs",
        ),
        (
            {"tools/__init__.py": "", "tools/x.py": FETCH + "\n\nprint(fetch('1'))\n",
             "app.py": "from tools import x\n"},
            "tools/x.py",
            "",
        ),
        (
            {"tools/__init__.py": "", "tools/x.py": FETCH + "\n\nprint(fetch('1'))\n",
             "tools/y.py": "", "run.sh": "PYTHONPATH=. python tools/y.py"},
            "tools/x.py",
            "nothing shows that `shared.http_retry` can be imported",
        ),
        (
            {"tools/__init__.py": "", "tools/x.py": FETCH + GUARD, "tools/y.py": "",
             "run.sh": "python tools/y.py"},
            "tools/x.py",
            "`tools/x.py` is started: by its path, as its `__main__` block suggests",
        ),
        (
            {"tools/__init__.py": "", "tools/x.py": FETCH + GUARD, "tools/y.py": "",
             "run.sh": "PYTHONPATH=. python tools/y.py"},
            "tools/x.py",
            "nothing shows that `shared.http_retry` can be imported",
        ),
        (
            {"tools/__init__.py": "", "tools/x.py": FETCH, "run.sh": "python tools/x.py 1"},
            "tools/x.py",
            "`python tools/x.py` cannot import `shared.http_retry` (run.sh:1)",
        ),
        ({"tools/x.py": FETCH + GUARD, "run.sh": "python -m tools.x"}, "tools/x.py", ""),
        ({"tools/x.py": '"""python -m tools.x"""\n' + FETCH + GUARD}, "tools/x.py", ""),
        ({"tools/x.py": FETCH + GUARD, "run.sh": "PYTHONPATH=. python tools/x.py"},
         "tools/x.py", ""),
        ({"tools/x.py": "import shared\n" + FETCH + GUARD}, "tools/x.py", ""),
        (
            {"tools/x.py": "try:\n    import shared\nexcept ImportError:\n    shared = None\n"
             + FETCH + GUARD},
            "tools/x.py",
            "`tools/x.py` is started: by its path, as its `__main__` block suggests",
        ),
        (
            {"tools/x.py": "import sys\nfrom pathlib import Path\n"
             "sys.path.insert(0, str(Path(__file__).resolve().parents[1]))\n" + FETCH + GUARD},
            "tools/x.py",
            "",
        ),
        # one that nobody is told to start, where others are said to load the file
        (
            {"app/main.py": "from feed import fetch\n", "app/feed.py": FETCH,
             "app/x.py": "from feed import fetch\n" + GUARD,
             "Dockerfile": "FROM python\nENV PYTHONPATH=/\nCOPY app /app\nCOPY shared /shared\n"
             "CMD python /app/main.py\n"},
            "app/feed.py",
            "nothing shows that `shared.http_retry` can be imported",
        ),
        # what a script imports runs where the script does
        (
            {"tools/x.py": "from feed import fetch\n" + GUARD, "tools/feed.py": FETCH},
            "tools/feed.py",
            "`tools/x.py` is started: by its path, as its `__main__` block suggests",
        ),
        (
            {"tools/feed.py": FETCH},
            "tools/feed.py",
            "nothing shows that `shared.http_retry` can be imported where "
            "this file runs",
        ),
        ({"tools/feed.py": FETCH, "app.py": "from tools.feed import fetch\n"}, "tools/feed.py", ""),
        # a test comes to import it from the folder above
        (
            {**CLI, "j/tests/test_x.py": "from cli.x import fetch\n"},
            "j/cli/x.py",
            "`j/tests/test_x.py` imports this file from where `http_retry` cannot be imported",
        ),
        (
            {**CLI, "j/tests/test_x.py": "from cli.x import fetch\n",
             "j/pyproject.toml": '[tool.pytest.ini_options]\npythonpath = [".", "cli"]\n'},
            "j/cli/x.py",
            "",
        ),
        (
            {**CLI, "j/tests/test_x.py": "from cli.x import fetch\n",
             "pytest.ini": "[pytest]\npythonpath = .\n  j/cli\naddopts = -q\n"},
            "j/cli/x.py",
            "",
        ),
        (
            {**CLI, "j/tests/test_x.py": "def test_it():\n    from cli import x\n"},
            "j/cli/x.py",
            "`j/tests/test_x.py` imports this file from where `http_retry` cannot be imported",
        ),
        ({**CLI, "j/cli/x.py": "import clock\n" + FETCH + GUARD, "j/cli/clock.py": "",
          "j/tests/test_x.py": "from cli.x import fetch\n"}, "j/cli/x.py", ""),
        ({**CLI, "j/tests/test_x.py": "from cli.x import fetch\n", "j/conftest.py":
          "import os, sys\nsys.path.append(os.path.dirname(__file__) + '/cli')\n"
          "sys.path.append(os.path.join(os.path.dirname(__file__), 'cli'))\n"},
         "j/cli/x.py", ""),
        ({**CLI, "j/cli/tests/test_x.py": "from x import fetch\n"}, "j/cli/x.py", ""),
        ({**CLI, "j/cli/test_x.py": "from cli.x import fetch\n"}, "j/cli/x.py", ""),
        (
            {"dags/x.py": "from airflow import DAG\n" + FETCH},
            "dags/x.py",
            "Airflow loads the folder `dags` alone, where `shared.http_retry` cannot be imported",
        ),
        (
            {"feed.py": "import os\n\n\ndef fetch(day):\n    import requests\n\n"
             "    return requests.get(day, timeout=20).text\n"},
            "feed.py",
            "this module imports what it needs in its functions, for a quick start",
        ),
    ],
)  # fmt: skip
def test_an_import_is_right_for_every_program(
    files: dict[str, str | None], name: str, reason: str
) -> None:
    policy = "http_retry" if "j/cli/http_retry.py" in files else "shared.http_retry"
    found = left(files, name, {"retries": {"policy": f"{policy}:retry_call"}})
    assert reason in found if reason else not found


CLIENT = {
    "app/__init__.py": "",
    "app/http_retry.py": POLICY,
    "app/client/__init__.py": "",
    "app/client/thing/__init__.py": "",
    "app/client/thing/feed.py": FETCH,
    "app/load.py": "from app.client.thing.feed import fetch\n",
}
SETUP = "from setuptools import find_packages, setup\n\nsetup(name='thing-client', {})\n"
BUILD = '[build-system]\nrequires = ["hatchling"]\n'
PROJECT = "[project]\nname = 'thing'\n"
POETRY = "[tool.poetry]\nname = 'thing'\n[tool.poetry.dependencies]\n"


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({}, 0),
        ({"app/client/setup.py": SETUP.format("packages=['thing']")}, 3),
        ({"app/client/setup.py": SETUP.format("packages=find_packages()")}, 3),
        ({"app/client/setup.py": "import setuptools as s\ns.setup(packages=s.find_packages())"}, 2),
        # what it does not publish, and what says nothing of packages
        ({"app/client/setup.py": SETUP.format("packages=['other']")}, 0),
        ({"app/client/setup.py": SETUP.format("scripts=['thing/feed.py']")}, 0),
        # the project itself
        ({"setup.py": SETUP.format("packages=find_packages()")}, 0),
        # it requires what holds the policy
        ({"app/client/setup.py": SETUP.format("packages=['thing'], install_requires=['The_App>2']"),
          "setup.py": SETUP.format("packages=['app']").replace("thing-client", "the-app")}, 0),
        ({"app/client/setup.cfg": "[metadata]\nname = x\n[options]\npackages = find:\n"}, 3),
        ({"app/client/setup.cfg": "[options]\npackages =\n    thing\n"}, 1),
        ({"app/client/setup.cfg": "[options]\npackages =\n    other\n"}, 0),
        ({"app/client/pyproject.toml": BUILD + PROJECT}, 3),
        ({"app/client/pyproject.toml": PROJECT}, 0),
        ({"app/client/pyproject.toml": PROJECT + "[tool.setuptools]\npackages = ['thing']\n"}, 1),
        ({"app/client/pyproject.toml": POETRY}, 1),
        ({"app/client/pyproject.toml": POETRY.replace("'thing'", "'other'")}, 0),
        # the project is installed beside it
        ({"app/client/pyproject.toml": POETRY + "app = {path = '../..', develop = true}\n"}, 0),
        ({"app/client/pyproject.toml": BUILD + PROJECT + "dependencies = ['the-app']\n"
          "[tool.uv.sources]\nthe-app = {workspace = true}\n",
          "pyproject.toml": BUILD + "[project]\nname = 'the-app'\n"}, 0),
        ({"app/client/pyproject.toml": BUILD + "[project]\nname =\n"}, 0),
        # another file of it imports the project whatever happens
        ({"app/client/setup.py": SETUP.format("packages=['thing']"),
          "app/client/thing/more.py": "from app.load import fetch\n"}, 0),
    ],
)  # fmt: skip
def test_a_distribution_of_its_own_holds_what_it_imports(files: dict[str, str], line: int) -> None:
    settings = {"retries": {"policy": "app.http_retry:retry_call"}}
    found = left({**CLIENT, **files}, "app/client/thing/feed.py", settings)
    name = next(iter(files), "").rpartition("/")[2]
    said = f"`app/client` is published on its own ({name}:{line}), without `app.http_retry`"
    assert said in found if line else not found


def test_a_distribution_that_holds_the_policy() -> None:
    own = {"app/client/thing/http_retry.py": POLICY, "app/client/setup.py": SETUP.format(
        "packages=['thing'], install_requires=['requests']")}  # fmt: skip
    settings = {"retries": {"policy": "thing.http_retry:retry_call"}}
    files = {**CLIENT, **own, "app/load.py": "from thing.feed import fetch\n"}
    changed = apply_to_files(files, ("retries",), settings)
    assert "from thing.http_retry import" in changed["app/client/thing/feed.py"]


def test_each_place_uses_the_first_policy_that_it_can_import() -> None:
    files = {**SHARED, **ALONE, "f/http_retry.py": POLICY, "app/__init__.py": "",
             "app/x.py": "from shared import clock\n" + FETCH}  # fmt: skip
    listed = ["shared.http_retry:retry_call", "http_retry:retry_call"]
    changed = apply_to_files(files, ("retries",), {"retries": {"policy": listed}})
    assert "from http_retry import retry_call" in changed["f/main.py"]
    assert "from shared.http_retry import retry_call" in changed["app/x.py"]


def test_policies_of_the_same_name() -> None:
    units = {f"{name}/main.py": FETCH for name in "fgh"}
    deploy = "".join(FUNCTION.format(name) for name in "fgh")
    own = {"f/http_retry.py": POLICY, "g/http_retry.py": POLICY, "deploy.sh": deploy}
    settings = {"retries": {"policy": "http_retry:retry_call"}}
    changed = apply_to_files({**units, **own}, ("retries",), settings)
    for name in "fgh":
        assert ("from http_retry import" in changed[f"{name}/main.py"]) == (name != "h")


def test_a_policy_of_the_same_name_further_up() -> None:
    """A script finds what lies beside it, though its folder is a package below another policy."""
    files = {
        "jobs/__init__.py": "",
        "jobs/http_retry.py": POLICY,
        "jobs/daily/a/__init__.py": "",
        "jobs/daily/a/http_retry.py": POLICY,
        "jobs/daily/a/main.py": "from client import Client\n" + FETCH + GUARD,
        "jobs/daily/a/client.py": "class Client: ...\n",
        "README.md": "    python jobs/daily/a/main.py\n",
    }
    listed = ["jobs.http_retry:retry_call", "http_retry:retry_call"]
    changed = apply_to_files(files, ("retries",), {"retries": {"policy": listed}})
    assert "from http_retry import retry_call" in changed["jobs/daily/a/main.py"]


def test_another_module_that_is_called_like_the_policy() -> None:
    files = {**ALONE, "f/http_retry.py": "class HttpRetry: ...\n", "g/http_retry.py": POLICY}
    listed = {"retries": {"policy": "http_retry:retry_call"}}
    assert left(files, "f/main.py", listed)


IMAGE = "FROM python:3.12\nWORKDIR /app\nCOPY . .\n"


@pytest.mark.parametrize(
    ("start", "is_edited"), [("", True), ('CMD ["python", "-m", "f.main"]\n', False)]
)
def test_the_image_of_a_whole_repository(start: str, is_edited: bool) -> None:
    """It holds every job, and is none of those that have an image, unless it starts one."""
    files = {"f/main.py": FETCH, "f/http_retry.py": POLICY, "f/Dockerfile": IMAGE}
    settings = {"retries": {"policy": "http_retry:retry_call"}}
    changed = apply_to_files({**files, "Dockerfile": IMAGE + start}, ("retries",), settings)
    assert ("from http_retry import" in changed.get("f/main.py", "")) == is_edited


# -- deadlines ------------------------------------------------------------------------------------

WAITS = POLICY.replace(
    "    return function\n",
    "    tries = tenacity.stop_after_attempt(TRIES)\n"
    "    wait = tenacity.wait_exponential_jitter(max=60)\n"
    "    return tenacity.Retrying(stop=tries, wait=wait)(function)\n\n\nTRIES = 4\n",
)
TASK = (
    "from celery import shared_task\n\n\n@shared_task({})\n"
    "def run(day):\n    return fetch(day)\n\n\n"
)
DAG = (
    "from datetime import timedelta\n\nfrom airflow.operators.python import PythonOperator\n\n"
    "from feed import fetch\n\nPythonOperator(python_callable=fetch, execution_timeout={})\n"
)
JOB = "{}\nfrom feed import fetch\n\n\n@{}\ndef run(day):\n    return fetch(day)\n"
QUEUE = (
    "from rq import Queue\n\nfrom feed import fetch\n\nqueue = Queue('low'{})\n"
    "queue.enqueue(fetch, {})\n"
)


LAMBDA = (
    "Resources:\n  Feed:\n    Type: AWS::Serverless::Function\n    Properties:\n"
    "      Handler: main.run\n      Timeout: {}\n"
)
KUBERNETES = (
    "kind: Job\nspec:\n  activeDeadlineSeconds: {}\n  template:\n    spec:\n      containers:\n"
    '        - command: ["python", "main.py"]\n'
)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"deploy.sh": FUNCTION.format(".") .strip() + " --timeout=90"},
         "`f` is stopped after 90 s (deploy.sh:1)"),
        ({"deploy.sh": FUNCTION.format(".").strip() + " --timeout=91"}, ""),
        ({"deploy.sh": FUNCTION.format(".")},
         "`f` is stopped after 60 s where no --timeout says otherwise (deploy.sh:1)"),
        ({"deploy.sh": FUNCTION.format(".").strip() + " --timeout=$TIMEOUT"}, ""),
        ({"deploy.sh": FUNCTION.format(".") + "gcloud pubsub subscriptions create s "
          "--ack-deadline=60"}, "`f` is stopped after 60 s (deploy.sh:2)"),
        ({"deploy.sh": LONG.format(".") + "gcloud scheduler jobs create http nightly "
          "--uri=https://x --attempt-deadline=60s\n"}, "`f` is stopped after 60 s (deploy.sh:2)"),
        ({"deploy.sh": LONG.format(".") + "gcloud scheduler jobs create http nightly "
          "--uri=https://x --attempt-deadline=600s\n"}, ""),
        ({"feed.py": TASK.format("time_limit=60") + FETCH},
         "`run` is stopped after 60 s (feed.py:4)"),
        ({"feed.py": TASK.format("time_limit=600") + FETCH}, ""),
        ({"dag.py": DAG.format("timedelta(minutes=1)")},
         "`fetch` is stopped after 60 s (dag.py:7)"),
        ({"dag.py": DAG.format("timedelta(hours=1)")}, ""),
        # queues: rq counts seconds, dramatiq milliseconds
        ({"work.py": JOB.format("from rq.decorators import job", "job('low', timeout=60)")},
         "`run` is stopped after 60 s (work.py:5)"),
        ({"work.py": JOB.format("from rq.decorators import job", "job('low', timeout='1m')")},
         "`run` is stopped after 60 s (work.py:5)"),
        ({"work.py": JOB.format("from rq.decorators import job", "job('low', timeout='1h')")}, ""),
        ({"work.py": JOB.format("from rq.decorators import job", "job('low', result_ttl=60)")}, ""),
        ({"work.py": JOB.format("from dagster import job", "job(timeout=60)"), "x.py": "import rq"},
         ""),
        ({"work.py": JOB.format("from worker import job", "job('low', timeout=60)"),
          "worker.py": "from functools import partial\n\nfrom rq.decorators import job as rq_job\n"
          "\n\nclass Job(rq_job):\n    pass\n\n\njob = partial(Job, connection=None)\n"},
         "`run` is stopped after 60 s (work.py:5)"),
        ({"work.py": JOB.format("import dramatiq", "dramatiq.actor(time_limit=60_000)")},
         "`run` is stopped after 60 s (work.py:5)"),
        ({"work.py": JOB.format("import dramatiq", "dramatiq.actor(time_limit=600_000)")}, ""),
        ({"work.py": QUEUE.format("", "job_timeout=60")},
         "`fetch` is stopped after 60 s (work.py:6)"),
        ({"work.py": QUEUE.format(", default_timeout=60", "day='1'")},
         "`fetch` is stopped after 60 s (work.py:5)"),
        ({"work.py": QUEUE.format(", default_timeout=60", "job_timeout=600")}, ""),
        ({"work.py": QUEUE.format("", "ttl=60")}, ""),
        # manifests
        ({"template.yaml": LAMBDA.format("60")},
         "`Feed` is stopped after 60 s (template.yaml:3)"),
        ({"template.yaml": LAMBDA.format("600")}, ""),
        ({"job.yaml": KUBERNETES.format("60")},
         "`main.py` is stopped after 60 s (job.yaml:3)"),
        ({"job.yaml": KUBERNETES.format("600")}, ""),
        ({"host.json": '{"functionTimeout": "00:01:00"}', "function_app.py": "import feed\n"},
         "is stopped after 60 s (host.json:1)"),
    ],
)  # fmt: skip
def test_the_tries_end_before_the_deadline(files: dict[str, str], what: str) -> None:
    """4 tries of 20 s, and 1 + 2 + 4 s of pauses with up to a second more each."""
    main = {"main.py": "from feed import fetch\n", "feed.py": FETCH, "shared/http_retry.py": WAITS}
    found = left({**main, **files}, "feed.py")
    expected = "4 tries of 20 s and 10 s of pauses take 90 s, and "
    assert (expected in found and what in found) if what else not found


PLUGIN = (
    "import requests\nfrom shared.words import WORDS\n\n\nclass Feed:\n    def fetch(self, day):\n"
    "        return requests.get(day, WORDS, timeout=20).text\n"
)
QUEUED = (
    "from importlib import import_module\n\nfrom rq.decorators import job\n\n\n"
    "@job('low', timeout=60)\ndef run(name, day):\n"
    "    return import_module(f'feeds.{name}').Feed().fetch(day)\n"
)


@pytest.mark.parametrize(
    ("more", "is_left"),
    [
        ({}, True),
        ({"Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\nCMD ./start.sh\n"}, True),
        ({"main.py": "import feeds.films\n"}, False),
    ],
)
def test_a_task_may_run_what_no_import_names(more: dict[str, str], is_left: bool) -> None:
    files = {"work.py": QUEUED, "feeds/films.py": PLUGIN, "shared/http_retry.py": WAITS}
    files["shared/words.py"] = "WORDS = {}\n"
    found = left({**files, **more}, "feeds/films.py")
    assert ("`run` is stopped after 60 s (work.py:6)" in found) is is_left


READ = (
    "from google.cloud import bigquery\n\n\ndef rows():\n"
    "    return bigquery.Client().query('SELECT 1').result()\n"
)


@pytest.mark.parametrize(
    ("limit", "settings", "seconds"),
    [
        (" --timeout=120", {}, "90"),
        (" --timeout=300", {}, "240"),
        (" --timeout=540", {}, "300"),
        ("", {}, "300"),
        (" --timeout=60", {}, "45"),
        (" --timeout=10", {}, "8"),
        (" --timeout=120", {"share_of_deadline": 0.5}, "60"),
        (" --timeout=120", {"bigquery": 60}, "60"),
        (" --timeout=120", {"bigquery": "shared.limits:QUERY"}, "QUERY"),
    ],
)
def test_a_bound_fits_the_deadline(limit: str, settings: object, seconds: str) -> None:
    files = {"main.py": READ, "deploy.sh": FUNCTION.format(".").strip() + limit}
    changed = apply_to_files(files, ("timeouts",), {"timeouts": settings})  # type: ignore[dict-item]
    assert f".result(timeout={seconds})" in changed["main.py"]


def test_a_smaller_bound_is_said() -> None:
    files = {"main.py": READ, "deploy.sh": FUNCTION.format(".").strip() + " --timeout=120"}
    given = {path: text.encode() for path, text in files.items()}
    report = run_files(given, Setup(("timeouts",), fix=True))["main.py"]
    assert [render(each) for each in report.notes] == [
        "timeout=90, because `f` is stopped after 120 s (deploy.sh:1)"
    ]


# -- Sentry ---------------------------------------------------------------------------------------

HANDLER = (
    "import logging\n\nfrom other import load\n\nlogger = logging.getLogger(__name__)\n\n\n"
    "def run(day):\n    try:\n        return load(day)\n"
    "    except Exception:\n        return None\n"
)
STARTS = "import sentry_sdk\n\nsentry_sdk.init()\n"
IN_PACKAGE = {"app/__init__.py": "", "app/run.py": HANDLER}
IMPORTS = "from app.run import run\n"


@pytest.mark.parametrize(
    ("files", "name", "sends"),
    [
        ({"run.py": HANDLER}, "run.py", False),
        ({"run.py": "import sentry_sdk\n" + HANDLER}, "run.py", True),
        ({**IN_PACKAGE, "main.py": STARTS + IMPORTS + GUARD}, "app/run.py", True),
        # nothing says that it is the program, or that others who load the package start Sentry too
        ({**IN_PACKAGE, "main.py": STARTS + IMPORTS}, "app/run.py", False),
        ({**IN_PACKAGE, "main.py": STARTS}, "app/run.py", False),
        ({**IN_PACKAGE, "app/web.py": STARTS}, "app/run.py", True),
        ({**IN_PACKAGE, "app/web.py": "import sentry_sdk\n"}, "app/run.py", True),
        # one program starts it, and the other has not even the package
        (
            {**IN_PACKAGE, "main.py": STARTS + IMPORTS + GUARD, "tools/x.py": IMPORTS + GUARD},
            "app/run.py",
            False,
        ),
        ({"tools/x.py": HANDLER + GUARD, "app/main.py": STARTS + GUARD}, "tools/x.py", False),
        (
            {"tools/x.py": "import monitoring\n" + HANDLER + GUARD, "tools/monitoring.py": STARTS},
            "tools/x.py",
            True,
        ),
        (
            {"f/main.py": HANDLER, "app.py": STARTS, "d.sh": FUNCTION.format("f")},
            "f/main.py",
            False,
        ),
        ({"tests/test_x.py": STARTS, "run.py": HANDLER}, "run.py", False),
    ],
)
def test_sentry_where_it_is_started(files: dict[str, str], name: str, sends: bool) -> None:
    changed = apply_to_files(files, ("excepts",))[name]
    assert "logger." in changed
    assert ("capture_exception" in changed) == sends


@pytest.mark.parametrize("end", ["", GUARD])
@pytest.mark.parametrize(
    ("module", "more", "is_edited"),
    [
        ("steward.http_retry", "", False),
        ("http_retry", "", False),
        ("http_retry", "from store import keep\n", True),
    ],
)
def test_a_package_that_others_have_on_their_path(
    end: str, module: str, more: str, is_edited: bool
) -> None:
    """What others import says nothing of a file that imports nothing, and that nobody imports."""
    files = {
        "steward/__init__.py": "",
        "steward/http_retry.py": POLICY,
        "steward/store.py": "def keep(text):\n    print(text)\n",
        "steward/tools/__init__.py": "",
        "steward/tools/run.py": "from store import keep\n",
        "steward/tools/films.py": more + FETCH + end,
    }
    policy = {"retries": {"policy": f"{module}:retry_call"}}
    assert (left(files, "steward/tools/films.py", policy) == "") == is_edited


WHEEL = """\
[build-system]
requires = ["hatchling"]

[project]
name = "films"

[tool.hatch.build.targets.wheel]
packages = ["films", "scripts"]
"""


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("shared/http_retry.py", "`films` is published on its own (pyproject.toml:4), without"),
        ("films/http_retry.py", ""),
        ("scripts/http_retry.py", ""),
    ],
)
def test_what_the_project_publishes_is_what_it_has(policy: str, reason: str) -> None:
    files = {
        "pyproject.toml": WHEEL,
        policy: POLICY,
        "films/__init__.py": "",
        "films/load.py": FETCH,
        "scripts/__init__.py": "",
        "scripts/run.py": "from films.load import fetch\n" + GUARD,
    }
    module = policy.removesuffix(".py").replace("/", ".")
    found = left(files, "films/load.py", {"retries": {"policy": f"{module}:retry_call"}})
    assert reason in found if reason else not found


def test_the_name_of_a_package_counts_from_where_it_is_published() -> None:
    files = {
        "agents/news/pyproject.toml": WHEEL.replace('"films", "scripts"', '"desk"'),
        "agents/news/desk/news/__init__.py": "",
        "agents/news/desk/news/http_retry.py": POLICY,
        "agents/news/desk/news/load.py": "from desk.news.names import ALL\n" + FETCH,
        "agents/news/desk/news/names.py": "ALL = ()\n",
        "agents/news/desk/news/__main__.py": "from desk.news.load import fetch\n" + GUARD,
    }
    for policy, name in (("news", ""), ("desk.news", "desk.news")):
        settings = {"retries": {"policy": f"{policy}.http_retry:retry_call"}}
        changed = apply_to_files(files, ("retries",), settings)
        assert f"from {name}.http_retry import" in changed["agents/news/desk/news/load.py"]


@pytest.mark.parametrize("end", ["", GUARD])
def test_who_else_loads_a_module_is_not_known_by_a_script_that_does(end: str) -> None:
    """A module of a service that a script of another folder imports as well."""
    files = {
        "src/service/__init__.py": "",
        "src/service/store.py": FETCH,
        "src/service/app.py": "from service.store import fetch\n",
        "attic/http_retry.py": POLICY,
        "attic/again.py": "import http_retry\nfrom service.store import fetch\n" + end,
    }
    settings = {"retries": {"policy": "http_retry:retry_call"}}
    assert "nothing shows that" in left(files, "src/service/store.py", settings)


def test_what_comes_from_elsewhere_shows_no_more_than_itself() -> None:
    """A folder of another service, which is copied into this one before it is deployed."""
    files = {
        "api/src/http_retry.py": POLICY,
        "api/src/common/__init__.py": "",
        "api/src/common/names.py": "ALL = ()\n",
        "functions/load/src/load.py": "from common.names import ALL\n" + FETCH,
    }
    settings = {"retries": {"policy": "http_retry:retry_call"}}
    assert "nothing shows that" in left(files, "functions/load/src/load.py", settings)


@pytest.mark.parametrize(
    ("policy", "is_left"),
    [
        ("utils.http_retry", False),
        ("scrapers.az.http_retry", False),
        ("shared.http_retry", True),
        ("http_retry", True),
    ],
)
def test_packages_whose_folder_is_on_the_path_though_it_is_one(policy: str, is_left: bool) -> None:
    """`PYTHONPATH=./scrapers`: an import of what lies beside shows it.

    A relative import shows no more than the package: what lies beside is imported like that."""
    files = {
        "scrapers/__init__.py": "",
        "scrapers/utils/__init__.py": "def tidy(text):\n    return text\n",
        "scrapers/az/__init__.py": "from .bills import fetch as bills\n" + FETCH,
        "scrapers/az/bills.py": "from utils import tidy\n" + FETCH,
        f"{'scrapers/' if policy in ('http_retry', 'utils.http_retry') else ''}"
        f"{policy.replace('.', '/')}.py": POLICY,
    }
    settings = {"retries": {"policy": f"{policy}:retry_call"}}
    for path in ("scrapers/az/__init__.py", "scrapers/az/bills.py"):
        assert bool(left(files, path, settings)) == is_left


PACKAGE = {"app/__init__.py": "", "app/http_retry.py": POLICY, "app/names.py": "ALL = ()\n"}


@pytest.mark.parametrize(
    ("files", "line"),
    [
        # what lies beside the policy, or in its package, is imported by that name
        ({"app/x.py": "from app.names import ALL\n" + FETCH}, "from app.http_retry import"),
        ({"app/x.py": "from app import names\n" + FETCH}, "from app.http_retry import"),
        ({"app/a/__init__.py": "", "app/a/y.py": "", "app/x.py": "import app.a.y\n" + FETCH},
         "from app.http_retry import"),
        # by a name that says nothing of the package
        ({"app/x.py": "from names import ALL\n" + FETCH}, ""),
        # only where something happens, or not at all
        ({"app/x.py": "try:\n    from app.names import ALL\nexcept ImportError:\n    ALL = ()\n"
          + FETCH}, ""),
        ({"app/x.py": FETCH + "\n\ndef all():\n    from app.names import ALL\n"}, ""),
        # a relative import shows that the file is in a package, whatever that is called
        ({"app/x.py": "from .names import ALL\n" + FETCH}, "from .http_retry import"),
        # what it loads imports it so
        ({"app/x.py": "from .more import y\n" + FETCH,
          "app/more.py": "from app.names import ALL\ny = 1\n"}, "from app.http_retry import"),
        # all that import it do
        ({"app/x.py": FETCH, "run.py": "from app.x import fetch\n"}, "from app.http_retry import"),
        ({"app/x.py": FETCH, "app/y.py": "from .x import fetch\n"}, "from .http_retry import"),
        ({"app/x.py": FETCH, "app/y.py": "from .x import fetch\n",
          "run.py": "from app.x import fetch\n"}, "from .http_retry import"),
        ({"app/x.py": FETCH, "run.py": "from app.x import fetch\n",
          "app/z.py": "import x\nx.fetch\n"}, ""),
        # the same, but it may be started as well
        ({"app/x.py": FETCH + GUARD, "app/y.py": "from .x import fetch\n"}, ""),
        # a file is copied without what lies beside it
        ({"app/x.py": "from .names import ALL\n" + FETCH, "run.py": "import app.x\n", "Dockerfile":
          "FROM python\nCOPY run.py /\nCOPY app/__init__.py app/x.py app/names.py /app/\n"
          "CMD python /run.py\n"}, ""),
        # of its package a file is imported by two names, and of the one above by none
        ({"app/http_retry.py": None, "app/a/__init__.py": "", "app/a/http_retry.py": POLICY,
          "app/a/x.py": "from ..names import ALL\n" + FETCH}, "from .http_retry import"),
        ({"app/a/__init__.py": "", "app/a/z.py": "Z = 1\n",
          "app/a/x.py": "from .z import Z\n" + FETCH}, ""),
        ({"app/a/__init__.py": "", "app/a/x.py": "from ..names import ALL\n" + FETCH},
         "from ..http_retry import"),
    ],
)  # fmt: skip
def test_imports_show_that_another_is_found(files: dict[str, str | None], line: str) -> None:
    started = {"deploy.sh": LONG.format("other"), "other/main.py": "", "conftest.py": ""}
    texts = {**PACKAGE, **started, **files}
    given = {path: text for path, text in texts.items() if text is not None}
    policy = "app.http_retry" if "app/http_retry.py" in given else "a.http_retry"
    changed = apply_to_files(given, ("retries",), {"retries": {"policy": f"{policy}:retry_call"}})
    path = next(each for each in files if each.endswith("x.py"))
    assert (line in changed[path]) if line else "http_retry" not in changed[path]


UV = """\
version = 1

[[package]]
name = "films"
version = "0"
source = {{ virtual = "." }}
dependencies = [
    {{ name = "requests" }},{}
]

[[package]]
name = "tenacity"
version = "9.0.0"
source = {{ registry = "https://pypi.org/simple" }}
"""
POETRY_LOCK = '[[package]]\nname = "{}"\nversion = "9"\noptional = false\ngroups = ["{}"]\n'
COMPILED = "# This file is autogenerated by pip-compile with Python 3.12\n{}==9.0.0\n"
LACKS = "does not hold tenacity, and what is installed from it alone would not start: {}"


WORKFLOW = (
    "jobs:\n  run:\n    runs-on: ubuntu\n    steps:\n      - run: {}\n      - run: {}\n"
    "      - run: |\n          python -m feeds.x\n"
)
IN_IMAGE = (
    "jobs:\n  run:\n    runs-on: ubuntu\n    container:\n      image: team/tools:latest\n"
    "    steps:\n      - run: {}\n      - run: python -m feeds.x\n"
)
DOCKER = "docker run --rm -v $(pwd):/app -w /app {} python3 -m feeds.x | psql\n"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, ""),
        ({"requirements.txt": "requests\n"}, ""),
        ({"pyproject.toml": PROJECT}, ""),
        # a lock that a tool makes: of another package, or of another group, is not of the project
        ({"uv.lock": UV.format(""), "pyproject.toml": PROJECT}, LACKS.format("uv add tenacity")),
        ({"uv.lock": UV.format('\n    { name = "tenacity" },'), "pyproject.toml": PROJECT}, ""),
        ({"poetry.lock": POETRY_LOCK.format("requests", "main")},
         LACKS.format("poetry add tenacity")),
        ({"poetry.lock": POETRY_LOCK.format("tenacity", "dev")},
         LACKS.format("poetry add tenacity")),
        ({"poetry.lock": POETRY_LOCK.format("tenacity", "main")}, ""),
        ({"pdm.lock": POETRY_LOCK.format("tenacity", "default")}, ""),
        ({"pdm.lock": POETRY_LOCK.format("tenacity", "test")}, LACKS.format("pdm add tenacity")),
        ({"Pipfile.lock": '{"default": {"requests": {}}}'},
         LACKS.format("pipenv install tenacity")),
        ({"Pipfile.lock": '{"default": {"tenacity": {}}}'}, ""),
        ({"requirements.txt": COMPILED.format("requests"), "requirements.in": "requests\n"},
         LACKS.format("pip-compile requirements.in")),
        ({"requirements.txt": COMPILED.format("tenacity"), "requirements.in": "tenacity\n"}, ""),
        ({"requirements/dev.txt": COMPILED.format("x"), "requirements/base.txt":
          COMPILED.format("tenacity")}, ""),
        # of the folder that is nearest, and of what a unit installs
        ({"feeds/requirements.txt": "requests\n", "uv.lock": UV.format("")}, ""),
        ({"feeds/uv.lock": UV.format(""), "requirements.txt": "requests\n"},
         LACKS.format("uv add --project feeds tenacity")),
        ({"poetry.lock": POETRY_LOCK.format("requests", "main"), "pyproject.toml": POETRY,
          "image.txt": "requests\n", "Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\n"
          "RUN pip install -r image.txt\nCMD python -m feeds.x\n"}, ""),
        # it is loaded already
        ({"uv.lock": UV.format(""), "feeds/x.py": "import tenacity\nfrom shared import clock\n"
          + FETCH}, ""),
        # what is copied into several functions is installed for each of them
        ({"requirements.txt": "requests\n", "a/requirements.txt": "requests\n",
          "a/main.py": "import feeds.x\n"},
         "what loads this file installs from `requirements.txt` as well: declare tenacity there"),
        ({"requirements.txt": "requests\n", "a/requirements.txt": "requests\ntenacity\n",
          "a/main.py": "import feeds.x\n"}, ""),
        ({"pyproject.toml": PROJECT, "a/requirements.txt": "requests\n",
          "a/main.py": "import feeds.x\n"}, ""),
        # nothing says what is installed for it
        ({"docs/requirements.txt": "sphinx\n"},
         "nothing says what is installed where this file runs: declare tenacity there first"),
        ({"install.sh": "sudo pip3 install -U requests lxml\n"},
         "nothing says what is installed where this file runs: declare tenacity there first"),
        ({"install.sh": "pip install --upgrade pip\npip install -r x.txt\npip install .\n"}, ""),
        ({"Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\nRUN pip install requests\n"
          "CMD python -m feeds.x\n", "tools/requirements.txt": "x\n"},
         "nothing but requests is installed in Dockerfile:4: add tenacity there"),
        ({"Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\nRUN pip install requests tenacity\n"
          "CMD python -m feeds.x\n", "tools/requirements.txt": "x\n"}, ""),
        # packages that a script or a job installs by their names, for what it starts afterwards
        ({"requirements.txt": "requests\n", "ops/publish.sh": "pip install -U requests==2.1 "
          "pip-tools\nfunction version {\n  VERSION=$(python -m feeds.x)\n}\n"},
         "nothing but requests, pip-tools is installed in publish.sh:1: add tenacity there"),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": WORKFLOW.format(
          "pip install requests", "true")},
         "nothing but requests is installed in x.yml:5: add tenacity there"),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": WORKFLOW.format(
          "pip install requests tenacity", "true")}, ""),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": WORKFLOW.format(
          "pip install requests", "pip install -r requirements.txt")}, ""),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": WORKFLOW.format(
          "pip install ruff", "true")}, ""),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": WORKFLOW.format(
          "true", "true").replace("jobs:\n", "jobs:\n  lint:\n    steps:\n"
          "      - run: pip install requests\n")}, ""),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": WORKFLOW.format(
          "pip install requests", "true").replace("- run: true", "- uses: ./.github/install")}, ""),
        ({"requirements.txt": "requests\n", ".gitlab-ci.yml":
          "run:\n  script:\n    - pip install requests\n    - python -m feeds.x\n"},
         "nothing but requests is installed in .gitlab-ci.yml:3: add tenacity there"),
        ({"requirements.txt": "requests\n", ".gitlab-ci.yml":
          "before_script:\n  - pip install -r requirements.txt\n"
          "run:\n  script:\n    - pip install requests\n    - python -m feeds.x\n"}, ""),
        ({"requirements.txt": "requests\n", "cloudbuild.yaml": "steps:\n- name: python\n  args:\n"
          "  - -c\n  - |\n    pip install requests\n    python -m feeds.x\n"},
         "nothing but requests is installed in cloudbuild.yaml:6: add tenacity there"),
        # the image of a container
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": IN_IMAGE.format("true")},
         "runs in `team/tools:latest` in x.yml:8, and nothing shows that tenacity is in there"),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": IN_IMAGE.format(
          "pip install -r requirements.txt")}, ""),
        ({"requirements.txt": "requests\n", ".github/workflows/x.yml": IN_IMAGE.format("true"),
          "docker/tools/Dockerfile": "FROM python\n"}, ""),
        ({"requirements.txt": "requests\n", "run.sh": DOCKER.format("team/tools:latest")},
         "runs in `team/tools:latest` in run.sh:1, and nothing shows that tenacity is in there"),
        ({"requirements.txt": "requests\n", "run.sh": DOCKER.format("team/tools:latest"),
          "tools/Dockerfile": "FROM python\nRUN pip install tenacity\n"}, ""),
        ({"requirements.txt": "requests\n", "run.sh": "docker build -t tools .\n"
          + DOCKER.format("tools")}, ""),
        ({"requirements.txt": "requests\n", "run.sh": DOCKER.format("$IMAGE")}, ""),
    ],
)  # fmt: skip
def test_the_package_of_the_policy_is_installed(files: dict[str, str], reason: str) -> None:
    feed = {"feeds/__init__.py": "", "feeds/x.py": "from shared import clock\n" + FETCH}
    found = left({**feed, **files}, "feeds/x.py")
    assert reason in found if reason else not found
