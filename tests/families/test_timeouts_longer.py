"""What a wait is bounded by where the code around it allows for more, in other words."""

from __future__ import annotations

import re

import pytest

from qw_codemod.testkit import apply_to_files

PAGES = """import os
import subprocess

import requests

# here


class Client(Base):
    # here too

    def __init__(self, session: requests.Session):
        self.session = session
        # and here

    def page(self, url):
        return self.session.get(url)
"""
HERE, CLASS, SELF = "# here\n", "    # here too\n", "        # and here\n"


def bounds(changes: dict[str, str], **others: str) -> list[str]:
    """The timeouts of `page` once these lines stand in the file, beside other files."""
    text = PAGES
    for mark, new in changes.items():
        indent = mark[: len(mark) - len(mark.lstrip())]
        text = text.replace(mark, "".join(f"{indent}{line}\n" for line in new.splitlines()))
    files = {"shop/pages.py": text, "shop/base.py": "class Base:\n    pass\n"}
    files["shop/pages.py"] = text.replace("class", "from .base import Base\n\n\nclass", 1)
    files |= {f"shop/{name}.py": other for name, other in others.items()}
    after = apply_to_files({"shop/__init__.py": "", **files}, ("timeouts",))["shop/pages.py"]
    return re.findall(r"session\.get\(url(?:, timeout=(.*))?\)", after)


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (SELF, "self.timeout = 130"),
        (CLASS, "timeout = 130"),
        (CLASS, "REQUEST_TIMEOUT: int = 130"),
        (CLASS, "def other(self, url):\n    return self.session.get(url, timeout=(5, 130))"),
        (CLASS, "def other(self, url, timeout=130):\n    requests.get(url, timeout=timeout)"),
        (HERE, "HTTP_TIMEOUT = 130"),
        (HERE, "TIMEOUT_SECONDS = 65 * 2"),
        (HERE, "DEFAULT_TIMEOUT = float(os.environ.get('PAGES', '130'))"),
        (HERE, "TIMEOUT = 130\ndef limit(given=None):\n    return given or TIMEOUT"),
        (HERE, "http = {'timeout': 130}"),
        (HERE, "requests_default = dict(timeout=130)"),
        (HERE, "def other(api, url):\n    return api.get(url, timeout=130)"),
        (HERE, "SLOW = 130\ndef other(api, url):\n    return api.get(url, timeout=SLOW)"),
    ],
)
def test_a_longer_limit_for_such_requests_is_used(mark: str, said: str) -> None:
    assert bounds({mark: said})[-1] == "130"


@pytest.mark.parametrize(
    "said",
    [
        "TIMEOUT = 20",
        "RETRIES = 130",
        "TIMEOUT_MS = 130",
        "TIMEOUT = 7200",  # of a whole run
        "def get(self, url, timeout=7200):\n    self.get_pages(url, timeout=timeout)",
        "TIMEOUT = 130\nsubprocess.run(['ls'], timeout=TIMEOUT)",
        "subprocess.run(['ls'], timeout=130)",
        "JOB_TIMEOUT = 130\ndef start(queue):\n    queue.enqueue(start, job_timeout=JOB_TIMEOUT)",
        "create_dag(wait={'timeout': 130})",
        "START_TIMEOUT = 130\ndef start(server):\n    server.start(START_TIMEOUT)",
        "TIMEOUT = 130\ndef is_late(started):\n    return time() > started + 1 > TIMEOUT",
        "def other(api):\n    timeout = 130\n    return api",
    ],
)
def test_what_is_for_something_else_is_not(said: str) -> None:
    assert bounds({HERE: said})[-1] == "30"


@pytest.mark.parametrize(
    "said",
    [
        "SCRAPER_TIMEOUT = 130",
        "settings = dict(SCRAPER_TIMEOUT=130)",
        "settings = {'pages': {'timeout': 130}}",
    ],
)
def test_where_it_is_not_seen_what_a_limit_is_for_a_person_decides(said: str) -> None:
    assert bounds({HERE: said}) == [""]
    assert bounds({}, __init__=said) == [""]


def test_the_nearest_decides() -> None:
    assert bounds({HERE: "TIMEOUT = 130", CLASS: "timeout = 60"}) == ["60"]
    assert bounds({HERE: "TIMEOUT = 130", CLASS: "timeout = 20"}) == ["30"]
    assert bounds({HERE: "SCRAPER_TIMEOUT = 130\nTIMEOUT = 20"}) == ["30"]
    assert bounds({HERE: "HTTP_TIMEOUT = 130\nTIMEOUT = 60"}) == ["130"]


def test_a_base_class_the_package_and_what_is_imported_are_asked() -> None:
    said = "HTTP_TIMEOUT = 130\n"
    assert bounds({}, base="class Base:\n    timeout = 130\n") == ["130"]
    assert bounds({}, __init__=said) == ["130"]
    assert bounds({HERE: "from .limits import HTTP_TIMEOUT"}, limits=said) == ["130"]
    assert bounds({HERE: "from .limits import other"}, limits=said) == ["30"]


JOBS = """from google.cloud import bigquery

client = bigquery.Client()


def slow():
    return client.query("CALL slow()").result(timeout=LIMIT)


def other():
    return client.query("CALL other()").result()
"""


@pytest.mark.parametrize(
    ("limit", "bound"), [("1800", "1800"), ("60", "300"), ("limit", "300"), ("None", "300")]
)
def test_a_job_gets_as_long_as_the_others_of_its_module(limit: str, bound: str) -> None:
    after = apply_to_files({"jobs.py": JOBS.replace("LIMIT", limit)}, ("timeouts",))["jobs.py"]
    assert f'client.query("CALL other()").result(timeout={bound})' in after
    settings = {"timeouts": {"bigquery": 300}}
    after = apply_to_files({"jobs.py": JOBS.replace("LIMIT", limit)}, ("timeouts",), settings)
    assert 'client.query("CALL other()").result(timeout=300)' in after["jobs.py"]
