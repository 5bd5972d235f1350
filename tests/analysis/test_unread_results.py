"""What runs in a thread, and whose failure nobody would see, gets neither a timeout nor tries."""

from __future__ import annotations

import pytest

from qw_codemod.kernel.statements import render
from qw_codemod.testkit import check_files

SETTINGS = {"retries": {"policy": "http_retry:retry_call"}}
POLICY = "def retry_call(function, *args, **kwargs):\n    return function(*args, **kwargs)\n"
FEED = """\
import requests
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
{imports}

class Feed:
    def load(self, day):
        {body}


def load(day):
    Feed().load(day)


def load_all(days):
    {use}
"""
BODY = "answer = requests.get(day{})\n        answer.raise_for_status()\n        print(answer.text)"
POOL = "with ThreadPoolExecutor() as pool:\n        "


def said(use: str, family: str, body: str = BODY, imports: str = "") -> str:
    text = FEED.format(
        use=use, imports=imports, body=body.format(", timeout=5" if family == "retries" else "")
    )
    files = {"feed.py": text, "http_retry.py": POLICY}
    (found,) = check_files(files, (family,), SETTINGS)["feed.py"]
    return render(found.reason) if found.reason else ""


@pytest.mark.parametrize(
    ("use", "is_unread"),
    [
        (POOL + "pool.map(load, days)", True),
        (POOL + "_ = pool.map(load, days)", True),
        (POOL + "pool.submit(load, days[0])", True),
        (POOL + "[pool.submit(load, day) for day in days]", True),
        ("pool = ProcessPoolExecutor(4)\n    pool.map(load, days)", True),
        # what is read raises there
        (POOL + "list(pool.map(load, days))", False),
        (POOL + "for _ in pool.map(load, days):\n            pass", False),
        (POOL + "jobs = [pool.submit(load, day) for day in days]\n"
         "    return [job.result() for job in jobs]", False),
        (POOL + "pool.submit(load, days[0]).add_done_callback(print)", False),
        # and so does what is called here, or is no executor
        ("for day in days:\n        load(day)", False),
        ("frame.map(load, days)", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("family", ["timeouts", "retries"])
def test_results_that_nobody_reads(use: str, is_unread: bool, family: str) -> None:
    reason = said(use, family)
    assert ("nobody" in reason) == is_unread
    assert not is_unread or "(feed.py:1" in reason


@pytest.mark.parametrize("family", ["timeouts", "retries"])
def test_a_failure_that_is_told_on_the_way_is_seen(family: str) -> None:
    body = (
        "try:\n            print(requests.get(day{}).text)\n"
        "        except requests.RequestException:\n            log.exception('load')"
    )
    reason = said(
        POOL + "pool.map(load, days)", family, body, "import logging\n\nlog = logging.getLogger()\n"
    )
    assert "nobody" not in reason
