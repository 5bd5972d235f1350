"""What the code around a call says of a second try: who tries already, what a failure means."""

from __future__ import annotations

import pytest

from qw_codemod.kernel.statements import render
from qw_codemod.testkit import check_files

SETTINGS = {"retries": {"policy": "http_retry:retry_call"}}
POLICY = (
    "import tenacity\n\n\n@tenacity.retry(stop=tenacity.stop_after_attempt(4))\n"
    "def retry_call(function, *args, **kwargs):\n    return function(*args, **kwargs)\n"
)
FETCH = """\
import requests


def fetch(url):
    answer = requests.get(url, timeout=5)
    answer.raise_for_status()
    return answer.json()


def fetch_all(urls):
    return [fetch(url) for url in urls]
"""


def reason(files: dict[str, str], path: str = "feed.py") -> str:
    """Why the first call of a file is left; empty where it is not."""
    found = check_files({"http_retry.py": POLICY, **files}, ("retries",), SETTINGS)[path]
    first = min(found, key=lambda each: each.line)
    return render(first.reason) if first.reason else ""


# -- who tries again ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "is_tried"),
    [
        ("@task(retries=2)\ndef load(urls):\n    return fetch_all(urls)", True),
        ("@task(retries=0)\ndef load(urls):\n    return fetch_all(urls)", False),
        ("@task(retry_delay_seconds=None)\ndef load(urls):\n    return fetch_all(urls)", False),
        ("@app.task(autoretry_for=(OSError,))\ndef load(urls):\n    return fetch_all(urls)", True),
        ("load = PythonOperator(python_callable=fetch_all, retries=3)", True),
        ("load = PythonOperator(python_callable=fetch_all, retries=0)", False),
        ("load = PythonOperator(python_callable=fetch_all)", False),
        ("queue.enqueue(fetch_all, URLS, retry=Retry(max=3))", True),
    ],
)
@pytest.mark.parametrize("others", [0, 20])
def test_a_task_two_functions_above(task: str, is_tried: bool, others: int) -> None:
    """However many files of the project have a function that is called alike."""
    alike = "def fetch_all():\n    return 1\n\n\nprint(fetch_all())\n"
    files = {f"other/part{number}.py": alike for number in range(others)}
    imports = (
        "from work import PythonOperator, Retry, app, queue, task\n\nfrom feed import fetch_all\n"
    )
    files |= {"feed.py": FETCH, "jobs.py": f"{imports}\nURLS = []\n\n\n{task}\n"}
    assert bool(reason(files)) == is_tried


# -- what a failure means -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (  # another address
            "try:\n    answer = requests.get(url, timeout=5)\nexcept requests.RequestException:\n"
            "    answer = requests.get(MIRROR, timeout=5)\nreturn answer.json()",
            "a failure is answered with another request in line 7",
        ),
        (
            "answer = requests.get(url, timeout=5)\nif not answer.ok:\n"
            "    answer = requests.get(MIRROR, timeout=5)\nreturn answer.json()",
            "a failure is answered with another request in line 6",
        ),
        (
            "answer = requests.get(url, timeout=5)\nif answer.status_code == 200:\n"
            "    return answer.json()\nreturn requests.get(MIRROR, timeout=5).json()",
            "a failure is answered with another request in line 6",
        ),
        (  # the half of it
            "answer = requests.get(url, timeout=5)\nif answer.status_code >= 400:\n"
            "    return run(url + '/1') + run(url + '/2')\nreturn answer.json()",
            "a failure is answered with another request in line 6",
        ),
        (
            "answer = requests.get(url, timeout=5)\nif answer.status_code == 500:\n"
            "    return []\nreturn answer.json()",
            "the answer 500 means something here in line 6",
        ),
        (
            "answer = requests.get(url, timeout=5)\nif answer.status_code in (404, 503):\n"
            "    known.discard(url)\n    return None\nreturn answer.json()",
            "the answer 503 means something here in line 6",
        ),
        # look-alikes: what follows a good answer, a report, an answer that is not tried again
        (
            "answer = requests.get(url, timeout=5)\nif answer.status_code == 200:\n"
            "    return requests.get(answer.json()['next'], timeout=5).json()\nreturn None",
            "",
        ),
        (
            "answer = requests.get(url, timeout=5)\nif answer.status_code != 200:\n"
            "    requests.post(HOOK, json={'url': url}, timeout=5)\n    return None\n"
            "return answer.json()",
            "",
        ),
        (
            "answer = requests.get(url, timeout=5)\nif answer.status_code == 404:\n"
            "    answer = requests.get(MIRROR, timeout=5)\nreturn answer.json()",
            "",
        ),
        (
            "answer = requests.get(url, timeout=5)\nif answer.status_code == 503:\n"
            "    print('busy')\n    raise ValueError(url)\nreturn answer.json()",
            "",
        ),
        (
            "try:\n    answer = requests.get(url, timeout=5)\nexcept requests.RequestException:\n"
            "    print(url)\n    return None\nreturn answer.json()",
            "",
        ),
    ],
)
def test_a_failure_that_is_answered_otherwise(body: str, said: str) -> None:
    text = "import requests\n\n\ndef run(url):\n" + "".join(
        f"    {line}\n" for line in body.splitlines()
    )
    assert reason({"feed.py": text}) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "try:\n    rows = fetch(TABLE)\nexcept Exception:\n"
            "    rows = [fetch(TABLE + part) for part in PARTS]",
            "a failure of `fetch()` is answered with another request (jobs.py:6)",
        ),
        (
            "for mirror in MIRRORS:\n    try:\n        rows = fetch(mirror)\n        break\n"
            "    except OSError:\n        print(mirror)",
            "where `fetch()` fails another is asked at once (jobs.py:4)",
        ),
        ("try:\n    rows = fetch(TABLE)\nexcept Exception:\n    rows = []", ""),
        (
            "for mirror in MIRRORS:\n    try:\n        rows = fetch(mirror)\n        break\n"
            "    except KeyError:\n        print(mirror)",
            "",
        ),
        ("for part in PARTS:\n    rows = fetch(part)\n    print(rows)", ""),
    ],
)
def test_a_caller_that_answers_a_failure_otherwise(body: str, said: str) -> None:
    text = "from feed import fetch\n\nTABLE, PARTS, MIRRORS = '', (), ()\n" + body
    fetch = FETCH.partition("\n\n\ndef fetch_all")[0] + "\n"
    assert reason({"feed.py": fetch, "jobs.py": text + "\n"}) == said
