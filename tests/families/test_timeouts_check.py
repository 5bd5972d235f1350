"""What the family `timeouts` says of a wait: its level, its caution, what it asks for."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from qw_codemod.kernel.model import Finding
from qw_codemod.kernel.statements import render
from qw_codemod.testkit import apply_to_files, apply_to_text, check_text

HEAD = "from google.cloud import bigquery\n\nclient = bigquery.Client()\n\n\n"


def of(body: str, **settings: Any) -> list[Finding]:
    """The findings in some code that has a `client`."""
    text = HEAD + textwrap.dedent(body).lstrip("\n")
    return list(check_text(text, ("timeouts",), {"timeouts": settings}))


def one(body: str, **settings: Any) -> Finding:
    (finding,) = of(body, **settings)
    return finding


@pytest.mark.parametrize(
    ("wait", "code", "message"),
    [
        ("job.result()", "QW101", ".result() of a query job has no timeout"),
        ("job.result(timeout=None)", "QW101", "has no timeout: timeout=None"),
        ("job.to_arrow()", "QW101", ".to_arrow() of a query job has no timeout"),
        ("list(job)", "QW101", "iterating a query job has no timeout"),
        ("job.result(60)", "QW102", "the 60 in .result(60) is no timeout: pass it as timeout="),
        ("job.to_arrow(timeout=9)", "QW102", "bounds the download, not the wait for the job"),
    ],
)
def test_messages(wait: str, code: str, message: str) -> None:
    finding = one(f"job = client.query('SELECT 1')\n{wait}\n")
    assert (finding.code, finding.evidence.level) == (code, "proven")
    assert message in finding.message


def test_a_bound_that_may_be_in_the_keywords_is_left_to_a_person() -> None:
    finding = one("def f(**more):\n    client.query('SELECT 1').result(**more)\n")
    assert (finding.evidence.level, finding.fixable) == ("likely", False)
    assert render(finding.evidence.doubt) == "`**more` may hold timeout= already"


@pytest.mark.parametrize(
    ("held", "found"), [("{'timeout': 5}", 0), ("{'max_results': 5}", 1), ("dict(timeout=5)", 0)]
)
def test_keywords_that_are_spelled_out_are_read(held: str, found: int) -> None:
    assert len(of(f"more = {held}\nclient.query('SELECT 1').result(**more)\n")) == found


def test_the_number_of_a_submission_is_what_was_meant() -> None:
    text = f"{HEAD}client.query('SELECT 1', timeout=45).result()\n"
    assert "result(timeout=45)" in apply_to_text(text, ("timeouts",))


def test_a_wait_that_is_over_is_none() -> None:
    (first,) = of("job = client.query('SELECT 1')\njob.result()\nprint(job.to_dataframe())\n")
    assert first.line == HEAD.count("\n") + 2


@pytest.mark.parametrize(
    "between",
    ["job = client.query('SELECT 2')", "if client:\n    job = client.query('SELECT 2')"],
)
def test_a_wait_for_another_job_of_that_name_is_not_over(between: str) -> None:
    body = f"job = client.query('SELECT 1')\njob.result()\n{between}\njob.to_dataframe()\n"
    assert len(of(body)) == 2


def test_a_wait_that_may_not_have_been_run_is_not_over() -> None:
    body = "job = client.query('SELECT 1')\nif client:\n    job.result(timeout=5)\nlist(job)\n"
    assert [each.message for each in of(body)] == ["iterating a query job has no timeout"]
    body = "job = client.query('SELECT 1')\nclient and job.result(timeout=5)\nlist(job)\n"
    assert len(of(body)) == 1


MERGE_AGAIN = """
    def run():
        for attempt in range(3):
            try:
                return client.query("MERGE a USING b ON FALSE").result()
            except Exception:
                if attempt == 2:
                    raise
"""


def test_a_retry_makes_it_unsafe() -> None:
    finding = one(MERGE_AGAIN)
    assert finding.safety == "unsafe"
    assert render(finding.reason).endswith("while the first MERGE goes on")


def test_a_function_that_cancels_makes_a_retry_safe() -> None:
    assert one(MERGE_AGAIN, helper="shared.waits:wait_for_job").safety == "safe"


def test_a_handler_that_swallows_stays_unsafe_whoever_waits() -> None:
    body = "try:\n    client.query('SELECT 1').result()\nexcept Exception:\n    pass\n"
    for settings in ({}, {"helper": "shared.waits:wait_for_job"}):
        reason = render(one(body, **settings).reason)
        assert reason.startswith("the `except Exception` in line 8 would swallow the timeout")


FRAME = HEAD + "def frame():\n    df = client.query('SELECT 1').to_dataframe()\n    return df\n"
STUB = """\
from unittest.mock import MagicMock, patch

import app


def test_frame():
    with patch("app.client") as client:
        client.query.return_value.to_dataframe.return_value = "frame"
        assert app.frame() == "frame"
"""
IN_STATEMENTS = (
    "    job = client.query('SELECT 1')\n    job.result(timeout=300)\n    df = job.to_dataframe()\n"
)
CHAINED = "    df = client.query('SELECT 1').result(timeout=300).to_dataframe()\n"


@pytest.mark.parametrize(
    ("style", "expected"),
    [("auto", IN_STATEMENTS), ("statement", IN_STATEMENTS), ("chain", CHAINED)],
)
def test_tests_that_stub_the_chain_choose_the_style(style: str, expected: str) -> None:
    files = {"app.py": FRAME, "tests/test_app.py": STUB}
    after = apply_to_files(files, ("timeouts",), {"timeouts": {"style": style}})
    assert expected in after["app.py"]
    assert after["tests/test_app.py"] == STUB


def test_without_such_tests_the_chain_is_kept() -> None:
    assert CHAINED in apply_to_text(FRAME, ("timeouts",))


def test_where_no_statement_fits_the_edit_is_unsafe() -> None:
    app = HEAD + "def frame():\n    return [client.query(q).to_dataframe() for q in 'ab']\n"
    files = {"app.py": app, "tests/test_app.py": STUB}
    assert apply_to_files(files, ("timeouts",)) == files
    assert "result(timeout=300)" in apply_to_files(files, ("timeouts",), unsafe=True)["app.py"]


def test_a_new_name_is_in_nobodys_way() -> None:
    app = FRAME.replace("def frame():\n", "def frame(job=None):\n    print(job)\n")
    after = apply_to_files({"app.py": app, "tests/test_app.py": STUB}, ("timeouts",))["app.py"]
    assert "    query_job = client.query('SELECT 1')\n" in after


POSTED_AGAIN = """
    import requests

    def send(body):
        for attempt in range(3):
            try:
                return requests.{verb}("https://example.com/orders", {given})
            except requests.RequestException:
                continue
"""


@pytest.mark.parametrize(
    ("verb", "given", "safety"), [("post", "json=body", "unsafe"), ("get", "params=body", "safe")]
)
def test_only_what_may_be_done_twice_gets_a_timeout_in_a_retry(
    verb: str, given: str, safety: str
) -> None:
    assert one(POSTED_AGAIN.format(verb=verb, given=given)).safety == safety


WRAPPED = {
    "warehouse.py": "from google.cloud import bigquery\n\n\nclass Warehouse:\n"
    "    def __init__(self):\n        self.client = bigquery.Client()\n\n"
    "    def start_query(self, sql) -> bigquery.QueryJob:\n        return self.client.query(sql)\n",
    "report.py": "from warehouse import Warehouse\n\n\ndef names(warehouse: Warehouse):\n"
    "    job = warehouse.start_query('SELECT 1')\n    return [row['name'] for row in job]\n",
    "tests/test_report.py": "from unittest.mock import MagicMock\nfrom report import names\n\n\n"
    "def test_names():\n    warehouse = MagicMock()\n"
    "    warehouse.start_query.return_value = [{'name': 'a'}]\n"
    "    assert names(warehouse) == ['a']\n",
}


def test_a_stub_of_the_projects_own_function_is_in_the_way() -> None:
    assert apply_to_files(WRAPPED, ("timeouts",)) == WRAPPED
    edited = apply_to_files(WRAPPED, ("timeouts",), unsafe=True)
    assert "job.result(timeout=300)" in edited["report.py"]


NAMED_FIXTURE = {
    "provider.py": "import requests\n\n\nclass Provider:\n"
    "    def __init__(self, session: requests.Session):\n        self.session = session\n\n"
    "    def fetch(self, url):\n        return self.session.get(url=url)\n",
    "tests/test_provider.py": "from unittest.mock import MagicMock\n"
    "import pytest\nimport requests\nfrom provider import Provider\n\n\n"
    "@pytest.fixture(name='session')\ndef _session():\n"
    "    return MagicMock(requests.Session)\n\n\n"
    "@pytest.fixture(name='provider')\ndef _provider(session):\n    return Provider(session)\n\n\n"
    "def test_fetch(provider, session):\n    provider.fetch('u')\n"
    "    session.get.assert_called_once_with(url='u')\n",
}


def test_a_fixture_is_known_by_the_name_that_it_is_given() -> None:
    assert apply_to_files(NAMED_FIXTURE, ("timeouts",)) == NAMED_FIXTURE


def test_a_swallowed_wait_in_a_lambda_is_unsafe() -> None:
    body = """
        import asyncio

        async def rows(sql):
            job = client.query(sql)
            try:
                return await asyncio.to_thread(lambda: list(job.result()))
            except Exception:
                return []
    """
    assert one(body).safety == "unsafe"


CLASS_FIXTURE = {
    "tests/base.py": "from unittest.mock import MagicMock\nimport pytest\n\n\nclass Base:\n"
    "    @pytest.fixture\n    def job(self):\n        return MagicMock()\n",
    "tests/test_jobs.py": "import pytest\nfrom base import Base\n"
    "from google.cloud import bigquery\n\n\nclass TestJobs(Base):\n"
    "    @pytest.fixture(name='load')\n    def _load(self):\n"
    "        return bigquery.Client().load_table_from_json([], 't')\n\n"
    "    def test_stub(self, job):\n        job.result()\n\n"
    "    def test_real(self, load):\n        load.result()\n",
}


def test_fixtures_of_a_test_class_and_its_bases_are_known() -> None:
    after = apply_to_files(CLASS_FIXTURE, ("timeouts",))["tests/test_jobs.py"]
    assert "        load.result(timeout=300)\n" in after
    assert "        job.result()\n" in after


def test_a_wait_that_is_handed_over_is_reported_and_left() -> None:
    finding = one("def run(pool):\n    pool.submit(client.query('SELECT 1').result)\n")
    assert finding.message == "the wait for a query job is handed over without timeout="
    assert (finding.evidence.level, finding.fixable) == ("likely", False)


def test_a_wait_that_is_handed_over_with_its_bound_is_fine() -> None:
    assert not of("def run(pool):\n    pool.submit(client.query('SELECT 1').result, timeout=60)\n")


RUNNER = """import requests


class Runner:
    def answer(self, url):
        return requests.get(url)

    def test_connection(self):
        return self.answer("http://db/ping")
"""
QUEUE = """from rq.decorators import job


@job("queries", timeout=20)
def test_connection(source):
    return source.runner.test_connection()
"""


def test_a_deadline_of_one_way_to_a_call_is_none_of_the_others() -> None:
    files = {"shop/__init__.py": "", "shop/queue.py": QUEUE, "shop/runners.py": RUNNER}
    after = apply_to_files(files, ("timeouts",))["shop/runners.py"]
    assert "requests.get(url, timeout=16)" in after
    files["shop/runners.py"] += "\n    def run(self, query):\n        return self.answer(query)\n"
    after = apply_to_files(files, ("timeouts",))["shop/runners.py"]
    assert "requests.get(url, timeout=30)" in after
