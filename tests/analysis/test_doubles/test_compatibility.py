"""Which doubles in a project's tests a change of a call would break."""

from __future__ import annotations

import pickle
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from qw_codemod.analysis.test_doubles.call_graph import Graph
from qw_codemod.analysis.test_doubles.compatibility import Doubles, Producers, of
from qw_codemod.analysis.test_doubles.statements import NotOnResult, TakesNoKeyword
from qw_codemod.facts.project import Tree
from qw_codemod.facts.stubs import rows_of
from qw_codemod.infer import Inference
from qw_codemod.kernel.model import Fact
from qw_codemod.languages.python import SourceFile

Project = Callable[..., Doubles]
JOBS = Producers(("query", "get_job"))
HTTP = Producers(names=("requests", "session"))
APP = """
    import requests
    from google.cloud import bigquery

    def rows(client):
        return list(client.query("SELECT 1"))

    def frame(client):
        return client.query("SELECT 1").to_dataframe()

    def other(client):
        return client.query("SELECT 1").to_dataframe()

    def page(url):
        return requests.get(url).text
    """
ROWS, FRAME, OTHER, PAGE = 6, 9, 12, 15  # lines of app.py


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Doubles of a tree with `app.py` and these files; `test` is `tests/test_app.py`."""

    def make(test: str = "", files: Mapping[str, str] | None = None) -> Doubles:
        texts = {"app.py": APP, **(files or {})}
        if test:
            texts["tests/test_app.py"] = test
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        found = sorted(str(path) for path in tmp_path.rglob("*.py"))
        return Doubles(Tree(str(tmp_path), found))

    return make


def stubbed(doubles: Doubles, path: Path, line: int = FRAME) -> tuple[Fact, ...]:
    return doubles.stubbed(str(path / "app.py"), "to_dataframe", line=line, producers=JOBS)


def refused(doubles: Doubles, path: Path, instead: str = "", line: int = FRAME) -> tuple[Fact, ...]:
    return doubles.refuses(
        str(path / "app.py"), "result", "timeout", instead=instead, line=line, producers=JOBS
    )


def lines(facts: tuple[Fact, ...]) -> list[int]:
    return [fact.line for fact in facts]


# -- stubs that a longer chain passes by ----------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "client.query.return_value.to_dataframe.return_value = df",
        "client.query.return_value.to_dataframe.side_effect = [df]",
        "client.query().to_dataframe.return_value = df",
        "client.query.return_value.to_dataframe = lambda: df",
        "job = client.query.return_value; job.to_dataframe.return_value = df",
        "job = MagicMock(); job.to_dataframe.return_value = df; client.query.return_value = job",
        "job = MagicMock(); job.to_dataframe.return_value = df; client.query.side_effect = [job]",
        "client.query.return_value = MagicMock(**{'to_dataframe.return_value': df})",
        "client.configure_mock(**{'query.return_value.to_dataframe.return_value': df})",
        "client = MagicMock(**{'query.return_value.to_dataframe.return_value': df})",
        "client = Mock(query=Mock(return_value=Mock(to_dataframe=Mock(return_value=df))))",
        "patch.object(client.query.return_value, 'to_dataframe', return_value=df).start()",
        "monkeypatch.setattr(client.query(), 'to_dataframe', lambda: df)",
        "client.query.return_value.to_dataframe.assert_called_once()",
        "make_job().to_dataframe.return_value = df",
        "jobs[0].to_dataframe.return_value = df",
    ],
)
def test_a_stub_on_the_object_itself(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from unittest.mock import MagicMock, Mock, patch
        from app import frame
        def test_frame(client, df, monkeypatch, jobs):
            {statement}
            assert frame(client) is df
        """)
    assert 5 in lines(stubbed(doubles, tmp_path))


@pytest.mark.parametrize(
    "statement",
    [
        "client.query.return_value.result.return_value.to_dataframe.return_value = df",
        "rows = MagicMock(); rows.to_dataframe.return_value = df;"
        " client.query.return_value.result.return_value = rows",
        "publisher.publish.return_value.to_dataframe.return_value = df",
        "client.query.return_value.to_arrow.return_value = df",
        "client.query.return_value.result.return_value = df",
        "assert client.query('SELECT 1').to_dataframe() is df",
    ],
)
def test_stubs_of_something_else(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from unittest.mock import MagicMock
        from app import frame
        def test_frame(client, publisher, df):
            {statement}
            assert frame(client) is df
        """)
    assert not stubbed(doubles, tmp_path)


def test_patches_as_arguments_and_in_with(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        from unittest.mock import patch
        import app
        @patch("app.requests.get")
        @patch("app.requests.post", None)
        @patch("app.bigquery.Client", autospec=True)
        def test_frame(client_class, get):
            client = client_class.return_value
            client.query.return_value.to_dataframe.return_value = 1
            get.assert_called_once_with("url")
            app.frame(client), app.page("url")
        """)
    assert lines(stubbed(doubles, tmp_path)) == [9]
    where = str(tmp_path / "app.py")
    facts = doubles.refuses(where, "get", "timeout", line=PAGE, producers=HTTP)
    assert lines(facts) == [10]


def test_a_patch_with_a_name(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        from app import page
        def test_page(mocker):
            got = mocker.patch("app.requests.get")
            cached = mocker.patch("app.cache.get")
            page("url")
            got.assert_called_once_with("url")
            cached.assert_called_once_with("url")
        """)
    where = str(tmp_path / "app.py")
    facts = doubles.refuses(where, "get", "timeout", line=PAGE, producers=HTTP)
    assert lines(facts) == [7]


def test_a_fake_with_the_method_in_the_wrong_place(project: Project, tmp_path: Path) -> None:
    test = """
        from app import frame
        class FakeRows:
            {}
                return 1
        class FakeJob:
            def result(self, timeout=None):
                return FakeRows()
            def to_dataframe(self):
                return 1
        class FakeClient:
            def query(self, sql):
                return FakeJob()
        def test_frame():
            assert frame(FakeClient()) == 1
        """
    doubles = project(test.format("def total(self):"))
    (fact,) = stubbed(doubles, tmp_path)
    assert fact.what == NotOnResult("to_dataframe", "result")
    assert not stubbed(project(test.format("def to_dataframe(self):")), tmp_path)
    itself = test.format("def total(self):").replace("return FakeRows()", "return self")
    assert not stubbed(project(itself), tmp_path)


def test_iterating_a_mock(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        from unittest.mock import MagicMock
        from app import rows
        def test_rows():
            client = MagicMock()
            client.query.return_value.__iter__ = MagicMock(return_value=iter([1]))
            assert rows(client) == [1]
        """)
    where = str(tmp_path / "app.py")
    assert lines(doubles.stubbed(where, "__iter__", line=ROWS, producers=JOBS)) == [6]


# -- doubles that refuse the keyword --------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "job.result.assert_called_once_with()",
        "job.result.assert_called_with(max_results=5)",
        "job.result.assert_has_calls([call(), call()])",
        "assert job.result.call_args == call()",
        "assert job.result.call_args_list == [call(), call()]",
        "assert client.mock_calls == [call.query('SELECT 1'), call.query().result()]",
        "self.assertEqual(job.result.call_args_list, [call(), call()])",
        "self.assertListEqual([call()], list(job.result.mock_calls))",
        "calls = [call.query().result()]; client.assert_has_calls(calls, any_order=True)",
        "client.assert_has_calls([call.query('')] + [call.query().result()])",
        "calls = [call.query().result()]; client.assert_has_calls([call.query(''), *calls])",
        "assert job.result.call_args.kwargs == {}",
        "assert job.result.call_args[1] == {'max_results': 5}",
        "job.result = lambda: rows",
        "job.result.side_effect = lambda: rows",
        "job.result.side_effect = given",
        "client.query.return_value = MagicMock(result=lambda: rows)",
        "client.query.return_value = SimpleNamespace(result=lambda: rows)",
        "monkeypatch.setattr(job, 'result', lambda max_results=None: rows)",
        "monkeypatch.setattr('app.bigquery.QueryJob.result', given)",
        "client.configure_mock(**{'query.return_value.result.side_effect': given})",
    ],
)
def test_a_double_that_refuses(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from types import SimpleNamespace
        from unittest.mock import MagicMock, call
        from app import frame
        def given():
            return []
        def test_frame(client, monkeypatch, rows):
            job = client.query.return_value
            frame(client)
            {statement}
        """)
    assert lines(refused(doubles, tmp_path)) == [10]


@pytest.mark.parametrize(
    "statement",
    [
        "job.result.assert_called_once()",
        "job.result.assert_called_once_with(timeout=300)",
        "job.result.assert_called_once_with(**expected)",
        "assert job.result.call_args.kwargs == {'timeout': 300}",
        "assert job.result.call_args.kwargs['timeout'] == 300",
        "assert job.result.call_count == 1",
        "job.result.return_value = rows",
        "job.result.side_effect = [rows]",
        "job.result.side_effect = RuntimeError",
        "job.result = lambda *args, **kwargs: rows",
        "job.result = lambda timeout=None: rows",
        "client.submit.return_value.result.assert_called_once_with()",
        "future = client.submit.return_value; future.result.assert_called_once_with()",
        "future = client.submit.return_value = MagicMock(); future.result.assert_called_with()",
        "job.result.return_value.close.assert_called_once_with()",
        "client.close.assert_called_once_with()",
    ],
)
def test_a_double_that_takes_it(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from app import frame
        def test_frame(client, rows, expected):
            job = client.query.return_value
            frame(client)
            {statement}
        """)
    assert not refused(doubles, tmp_path)


@pytest.mark.parametrize(
    ("parameters", "is_refused"),
    [
        ("self", True),
        ("self, max_results=None", True),
        ("self, *args", True),
        ("self, timeout=None", False),
        ("self, *, timeout", False),
        ("self, **kwargs", False),
    ],
)
def test_the_parameters_of_a_fake(
    project: Project, tmp_path: Path, parameters: str, is_refused: bool
) -> None:
    fakes = f"""
        class FakeJob:
            def result({parameters}):
                return []
        class FakeClient:
            def query(self, sql):
                return FakeJob()
        """
    test = """
        from app import frame
        from fakes import FakeClient
        def test_frame():
            frame(FakeClient())
        """
    doubles = project(test, {"tests/fakes.py": fakes})
    facts = refused(doubles, tmp_path)
    assert bool(facts) is is_refused
    if facts:
        assert facts[0].what == TakesNoKeyword("result", "timeout")
        assert (facts[0].path, facts[0].line) == (str(tmp_path / "tests" / "fakes.py"), 3)


@pytest.mark.parametrize(
    "given",
    [
        "def submit(self): return FakeFuture()",
        "def ready(self): self.pool.submit.return_value = FakeFuture()",
    ],
)
def test_a_fake_that_something_else_gives(project: Project, tmp_path: Path, given: str) -> None:
    test = """
        from app import frame
        class FakeFuture:
            def result(self):
                return 1
        class FakePool:
            {}
        class TestFrame:
            def result(self):
                return 1
            def test_frame(self, client):
                pool = FakePool()
                frame(client, pool.submit, pool.ready, pool.make, self.result())
        """
    assert not refused(project(test.format(given)), tmp_path)
    unknown = test.format("def make(): return [FakeFuture()]")
    assert lines(refused(project(unknown), tmp_path)) == [4]


def test_a_fake_with_the_method_of_its_base(project: Project, tmp_path: Path) -> None:
    fakes = """
        class Quick:
            def result(self{}):
                return self
        """
    test = """
        from app import rows
        from fakes import Quick
        class FakeJob(Quick):
            def __iter__(self):
                return iter([1])
        class FakeClient:
            def query(self, sql):
                return FakeJob()
        def test_rows():
            rows(FakeClient())
        """
    takes = project(test, {"tests/fakes.py": fakes.format(", timeout=None")})
    assert not refused(takes, tmp_path, "__iter__", ROWS)
    lacks = project(test, {"tests/fakes.py": fakes.format("").replace("result", "wait")})
    assert refused(lacks, tmp_path, "__iter__", ROWS)
    refuses = project(test, {"tests/fakes.py": fakes.format("")})
    assert lines(refused(refuses, tmp_path, "__iter__", ROWS)) == [3]


def test_a_fake_without_the_method(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        import pytest
        from app import frame
        class FakeRows:
            def to_dataframe(self):
                return 1
        class FakeJob:
            def result(self, timeout=None):
                return FakeRows()
            def to_dataframe(self):
                return self.result().to_dataframe()
        class FakeFrame:
            def to_dataframe(self):
                return 1
        @pytest.fixture
        def job():
            return FakeFrame()
        def test_frame(client, job):
            frame(client, [job, FakeRows(), FakeJob()])
        """)
    assert lines(refused(doubles, tmp_path, "to_dataframe")) == [13]
    assert not refused(doubles, tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "client.query.return_value = [1]",
        "client.query.return_value = iter(ROWS)",
        "client.query.return_value = ROWS",
        "client.query.return_value = SimpleNamespace(rows=[])",
        "client.query.return_value = OnlyRows()",
        "client.query = lambda sql: [1]",
        "client.query.side_effect = lambda sql: ROWS",
        "client.query.side_effect = answer",
        "client.query.side_effect = [[1], [2]]",
        "client.query.side_effect = iter([[1], [2]])",
        "client.query.return_value = make()",
        "client.query.side_effect = SEVERAL",
        "client = FakeClient([1])",
        "client.query.return_value.result.assert_not_called()",
    ],
)
def test_what_has_no_such_method(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from types import SimpleNamespace
        from app import rows
        ROWS = [1, 2]
        SEVERAL = [ROWS, ROWS]
        class OnlyRows:
            def __iter__(self):
                return iter(ROWS)
        class FakeClient:
            def __init__(self, rows):
                self.rows = rows
            def query(self, sql):
                return self.rows
        def answer(sql):
            if sql:
                return ROWS
        def make():
            return [1]
        def test_rows(client):
            {statement}
            rows(client)
        """)
    assert refused(doubles, tmp_path, "__iter__", ROWS)
    # Where the code calls result() already, these are not what it gets.
    assert not refused(doubles, tmp_path, "", ROWS)


@pytest.mark.parametrize(
    "statement",
    [
        "client.query.return_value = MagicMock()",
        "client.query.return_value = Job()",
        "client.query.return_value = Anything()",
        "client.query.return_value = unknown",
        "client.query.return_value = None",
        "client.list_tables.return_value = [1]",
        "client.query.side_effect = RuntimeError('quota')",
        "client.query.return_value.result.return_value = [1]",
    ],
)
def test_what_may_have_it(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from unittest.mock import MagicMock
        from app import rows
        class Rows(list):
            def __iter__(self):
                return iter([])
        class Anything:
            def __getattr__(self, name):
                return lambda **kwargs: []
        class Job:
            def __iter__(self):
                return iter([])
            def result(self, timeout=None):
                return Rows()
        def test_rows(client, unknown):
            {statement}
            rows(client)
        """)
    assert not refused(doubles, tmp_path, "__iter__", ROWS)


def test_fakes_of_sessions(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        from app import page
        class FakeCache:
            def get(self, key):
                return key
        class FakeSession:
            def get(self, url):
                return url
        def test_page(monkeypatch):
            monkeypatch.setattr("app.requests.get", lambda url: FakeSession().get(url))
            FakeCache(), page("url")
        """)
    where = str(tmp_path / "app.py")
    facts = doubles.refuses(where, "get", "timeout", line=PAGE, producers=HTTP)
    assert lines(facts) == [7, 10]


# -- whose tests ----------------------------------------------------------------------------------


def test_only_tests_that_run_the_function(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        from app import frame, other
        def test_frame(client):
            client.query.return_value.to_dataframe.return_value = 1
            frame(client)
        def test_other(client):
            other(client).assert_called_once()
        """)
    assert stubbed(doubles, tmp_path, FRAME)
    assert not stubbed(doubles, tmp_path, OTHER)
    assert stubbed(doubles, tmp_path, 0), "somewhere in the file"


def test_fixtures_and_conftest(project: Project, tmp_path: Path) -> None:
    conftest = """
        import pytest
        from unittest.mock import MagicMock
        @pytest.fixture
        def client():
            client = MagicMock()
            client.query.return_value.to_dataframe.return_value = 1
            return client
        @pytest.fixture
        def unused():
            job = MagicMock()
            job.to_dataframe.return_value = 2
        """
    test = """
        from app import frame
        def test_frame(client):
            frame(client)
        """
    doubles = project(test, {"tests/conftest.py": conftest, "other/tests/test_x.py": "import app"})
    assert lines(stubbed(doubles, tmp_path)) == [7]


@pytest.mark.parametrize(
    ("takes", "given", "refuses"),
    [
        ("*args, **kwargs", "Answer()", False),
        ("url, timeout=None", "Answer()", False),
        ("url", "Answer()", True),
        ("*args, **kwargs", "lambda url: None", True),
        ("url", "lambda url, timeout: None", False),
        ("url", "unknown()", False),
    ],
)
def test_a_fixture_stands_for_what_it_returns(
    project: Project, tmp_path: Path, takes: str, given: str, refuses: bool
) -> None:
    doubles = project(f"""
        import pytest
        import requests
        from app import page
        @pytest.fixture
        def answer():
            class Answer:
                def __call__(self, {takes}):
                    return self
            return {given}
        @pytest.fixture
        def without_server(monkeypatch, answer):
            monkeypatch.setattr(requests, "get", answer)
        def test_page(without_server):
            page("http://127.0.0.1")
        """)
    where = str(tmp_path / "app.py")
    facts = doubles.refuses(where, "get", "timeout", line=PAGE, producers=HTTP)
    assert bool(facts) is refuses


def test_test_cases_of_unittest(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        import unittest
        from unittest.mock import MagicMock
        from app import frame, other
        class FrameTest(unittest.TestCase):
            def setUp(self):
                self.client = MagicMock()
                self.job = self.client.query.return_value
            def test_frame(self):
                self.job.to_dataframe.return_value = 1
                self.assertEqual(frame(self.client), 1)
            def test_other(self):
                self.job.result.assert_called_once_with()
                other(self.client)
        """)
    assert lines(stubbed(doubles, tmp_path)) == [10]
    assert lines(refused(doubles, tmp_path, line=OTHER)) == [13]
    assert not refused(doubles, tmp_path, line=FRAME)


@pytest.mark.parametrize(
    "load",
    [
        "from app import frame",
        "import app",
        "def load(): import app; return app",
        "import importlib\napp = importlib.import_module('app')",
        "from report import make",
    ],
)
def test_ways_to_the_code(project: Project, tmp_path: Path, load: str) -> None:
    report = """
        from app import frame as read
        def make(client):
            return read(client)
        """
    body = """
        def test_frame(client):
            client.query.return_value.to_dataframe.return_value = 1
            frame(client) if client else make(client)
        """
    doubles = project(f"{load}\n{textwrap.dedent(body)}", {"report.py": report})
    assert stubbed(doubles, tmp_path)


def test_a_test_that_loads_nothing_of_the_tree_may_run_everything(
    project: Project, tmp_path: Path
) -> None:
    doubles = project("""
        import pytest
        def test_frame(client, run):
            client.query.return_value.to_dataframe.return_value = 1
            run("frame")
        """)
    assert stubbed(doubles, tmp_path)


def test_a_test_that_loads_nothing_runs_what_lies_beside_it(
    project: Project, tmp_path: Path
) -> None:
    test = """
        import requests
        def test_frame(client, run):
            client.query.return_value.to_dataframe.return_value = 1
            run("frame")
        """
    files = {"tools/deploy/deploy.py": APP, "tools/deploy/tests/test_deploy.py": test}
    doubles = project(files={name: textwrap.dedent(text) for name, text in files.items()})
    assert not stubbed(doubles, tmp_path)
    path = str(tmp_path / "tools/deploy/deploy.py")
    assert doubles.stubbed(path, "to_dataframe", line=FRAME, producers=JOBS)


@pytest.mark.parametrize("giver", ["query", "load_table_from_uri"])
@pytest.mark.parametrize(
    "given",
    [
        """
        def test_rows(client):
            made = mock.MagicMock(result=lambda: None)
            client.GIVER.return_value = made
            rows(client)
        """,
        """
        def test_rows(client):
            def start(*args):
                made = MagicMock()
                made.result = lambda: None
                return made
            client.GIVER.side_effect = start
            rows(client)
        """,
    ],
)
def test_a_mock_is_what_the_method_gives_that_it_is_given_to(
    project: Project, tmp_path: Path, given: str, giver: str
) -> None:
    head = "from unittest import mock\nfrom unittest.mock import MagicMock\nfrom app import rows\n"
    doubles = project(head + textwrap.dedent(given).replace("GIVER", giver))
    assert bool(refused(doubles, tmp_path, line=ROWS)) == (giver == "query")


def test_a_test_of_other_code(project: Project, tmp_path: Path) -> None:
    test = """
        from report import frame
        def test_frame(client):
            client.query.return_value.to_dataframe.return_value = 1
            frame(client)
        """
    doubles = project(test, {"report.py": "def frame(client):\n    pass\n"})
    assert not stubbed(doubles, tmp_path)


# -- odd trees ------------------------------------------------------------------------------------


def test_without_tests_no_file_is_parsed(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles = project("def test_to_dataframe(): result = 1\n")
    monkeypatch.setattr(Tree, "view", lambda self, path: pytest.fail(f"parsed {path}"))
    assert not stubbed(doubles, tmp_path)
    assert not refused(doubles, tmp_path)


def test_files_that_cannot_be_parsed_are_left_out(project: Project, tmp_path: Path) -> None:
    good = """
        from app import frame
        from broken import *
        def test_frame(client):
            client.query.return_value.to_dataframe.return_value = 1
            frame(client)
        """
    broken = {
        "tests/test_broken.py": "def test_(:\n  mock.to_dataframe.return_value = 1\n",
        "tests/broken.py": "class Fake\n",
        "tests/conftest.py": "from . import conftest, test_app\nmock =\n",
    }
    assert lines(stubbed(project(good, broken), tmp_path)) == [5]


def test_names_that_stand_for_each_other(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        from app import frame
        def test_frame(client):
            a = b
            b = a
            self.a = self.a.b
            a.to_dataframe.return_value = b
            client.query.return_value = a
            client.query.return_value = x = y = x
            assert call().result() == call_args == [call, call(), mock.call.a().result(1)]
            frame(client)
        """)
    assert stubbed(doubles, tmp_path)
    refused(doubles, tmp_path, "__iter__")


# -- doubles that fail ----------------------------------------------------------------------------

ERRORS = ("ConnectionError", "Timeout")


def failing(doubles: Doubles, path: Path) -> list[int]:
    facts = doubles.failing(
        str(path / "app.py"), "get", ERRORS, frozenset({429, 503}), line=PAGE, producers=HTTP
    )
    return lines(facts)


@pytest.mark.parametrize(
    "statement",
    [
        "get.side_effect = requests.ConnectionError",
        "get.side_effect = requests.ConnectionError('down')",
        "get.side_effect = [requests.Timeout(), answer]",
        "error = requests.Timeout(); get.side_effect = error",
        "get.side_effect = down",
        "monkeypatch.setattr('app.requests.get', down)",
        "get.return_value.status_code = 503",
        "get.return_value = Mock(status_code=429)",
        "answer = Mock(); answer.status_code = 503; get.return_value = answer",
        "answer = requests.Response(); answer.status_code = 503; get.side_effect = [answer]",
        "get.return_value = FakeResponse(503)",
        "responses.add(responses.GET, 'url', status=503)",
        "session = FakeSession()",
    ],
)
def test_a_double_that_fails(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from unittest.mock import Mock, patch
        from app import page
        def down(url):
            raise ConnectionError(url)
        class FakeSession:
            def get(self, url): raise requests.Timeout
        @patch("app.requests.get")
        def test_page(get, answer, monkeypatch):
            page("url")
            {statement}
        """)
    expected = 8 if "FakeSession" in statement else 12
    assert (expected - 1) in failing(doubles, tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "get.side_effect = ValueError('no number')",
        "get.return_value.status_code = 404",
        "get.return_value.json.side_effect = requests.Timeout",
        "post.return_value.status_code = 503",
        "client.query.side_effect = ConnectionError",
        "get.assert_called_once_with('url')",
        "assert page('url').status_code == 503",
        "responses.add(responses.GET, 'url', status=200)",
    ],
)
def test_a_double_that_does_not_fail(project: Project, tmp_path: Path, statement: str) -> None:
    doubles = project(f"""
        from unittest.mock import patch
        from app import page
        @patch("app.requests.post")
        @patch("app.requests.get")
        def test_page(get, post, client):
            page("url")
            {statement}
        """)
    assert not failing(doubles, tmp_path)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("get.side_effect = requests.Timeout", False),
        ("get.return_value.status_code = 503", False),
        ("get.side_effect = [requests.Timeout(), answer]", True),
        ("get.side_effect = requests.Timeout; get.assert_called_once()", True),
        ("get.return_value.status_code = 503; assert get.call_count == 1", True),
    ],
)
def test_a_test_that_does_not_sleep_stands_another_call(
    project: Project, tmp_path: Path, statement: str, expected: bool
) -> None:
    doubles = project(f"""
        from unittest.mock import patch
        from app import page
        @patch("time.sleep")
        @patch("app.requests.get")
        def test_page(get, sleep, answer):
            page("url")
            {statement}
        """)
    assert bool(failing(doubles, tmp_path)) is expected


def test_statuses_of_a_parametrized_test(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        import pytest
        from app import other, page
        @pytest.mark.parametrize("status", [200, 503])
        def test_page(status, serve):
            page(serve(status))
        @pytest.mark.parametrize("status", [503])
        def test_other(status, serve):
            other(serve(status))
        """)
    assert failing(doubles, tmp_path) == [4]


# -- edits ----------------------------------------------------------------------------------------

ASSERTING = """
    from app import frame
    def test_frame(client):
        frame(client)
        client.query.return_value.result.assert_called_once_with()
    """


def edited(path: Path, text: str) -> SourceFile:
    return SourceFile(str(path), textwrap.dedent(text).encode())


def test_lines_follow_an_edit(project: Project, tmp_path: Path) -> None:
    doubles = project("""
        from app import frame
        def test_frame(client):
            client.query.return_value.to_dataframe.return_value = 1
            frame(client)
        """)
    assert stubbed(doubles, tmp_path, FRAME)
    path = tmp_path / "app.py"
    longer = b"#\n" * 20 + path.read_bytes()
    doubles._tree.overlay(SourceFile(str(path), longer))
    assert stubbed(doubles, tmp_path, FRAME + 20)
    assert not stubbed(doubles, tmp_path, OTHER + 20)


@pytest.mark.parametrize(
    "text",
    [
        ASSERTING.replace("assert_called_once_with()", "assert_called_once()"),
        ASSERTING.replace("frame", "other"),
        ASSERTING.replace("from app import frame", "from app import other, frame").replace(
            "        frame(client)", "        other(client)"
        ),
        "import app\n",
        "def test_(:",
    ],
)
def test_an_edited_test_has_its_own_doubles(project: Project, tmp_path: Path, text: str) -> None:
    test = tmp_path / "tests" / "test_app.py"
    tree = Inference(str(tmp_path), project(ASSERTING)._tree._files, ())
    assert lines(refused(of(tree.tree), tmp_path)) == [5]
    tree.overlay(edited(test, text))
    assert not refused(of(tree.tree), tmp_path)
    tree.overlay(edited(test, "#\n" + textwrap.dedent(ASSERTING)))
    assert lines(refused(of(tree.tree), tmp_path)) == [6]


def test_a_test_without_doubles_gets_one(project: Project, tmp_path: Path) -> None:
    plain = "from app import frame\ndef test_frame(client):\n    frame(client).result()\n"
    doubles = project(plain)
    assert not refused(doubles, tmp_path)
    doubles._tree.overlay(edited(tmp_path / "tests" / "test_app.py", ASSERTING))
    assert lines(refused(doubles, tmp_path)) == [5]


def test_a_revised_test_is_as_it_was_when_it_is_restored(project: Project, tmp_path: Path) -> None:
    tree = Inference(str(tmp_path), project(ASSERTING)._tree._files, ())
    for _ in range(2):
        assert lines(refused(of(tree.tree), tmp_path)) == [5]
        tree.revise(edited(tmp_path / "tests" / "test_app.py", "import app\n"))
        assert not refused(of(tree.tree), tmp_path)
        tree.restore()


def test_a_fake_that_was_edited_in_another_file(project: Project, tmp_path: Path) -> None:
    fakes = "class Quick:\n    def wait(self):\n        return self\n"
    doubles = project(
        """
        from app import rows
        from fakes import Quick
        class FakeJob(Quick):
            def __iter__(self):
                return iter([1])
        def test_rows(client):
            rows(client, FakeJob())
        """,
        {"tests/fakes.py": fakes},
    )
    assert refused(doubles, tmp_path, "__iter__", ROWS)
    with_result = fakes.replace("wait(self)", "result(self, timeout=None)")
    doubles._tree.overlay(edited(tmp_path / "tests" / "fakes.py", with_result))
    assert not refused(doubles, tmp_path, "__iter__", ROWS)


def test_a_new_test_file(project: Project, tmp_path: Path) -> None:
    doubles = project(ASSERTING)
    assert not refused(doubles, tmp_path, line=OTHER)
    doubles._tree.overlay(
        edited(tmp_path / "tests" / "test_other.py", ASSERTING.replace("frame", "other"))
    )
    assert refused(doubles, tmp_path, line=OTHER)


def test_an_edit_that_changes_no_name_keeps_what_tests_can_run(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles = project(ASSERTING)
    assert refused(doubles, tmp_path)
    monkeypatch.setattr(Graph, "reachable", lambda self, words: pytest.fail("followed again"))
    path = tmp_path / "app.py"
    doubles._tree.overlay(edited(path, "# why\n" + path.read_text()))
    assert refused(doubles, tmp_path, line=FRAME + 1)


# -- rows -----------------------------------------------------------------------------------------


def test_rows_are_plain_values(tmp_path: Path) -> None:
    text = textwrap.dedent(ASSERTING) + (
        "job = Mock(**{'query.side_effect': lambda sql: ROWS})\n"
        "ROWS = [1] if job else FakeJob(1)\n"
        "class FakeJob(Base):\n    def result(self, timeout): return ROWS or self\n"
    )
    rows = rows_of(SourceFile("test_app.py", text.encode()))
    assert pickle.loads(pickle.dumps(rows)) == rows
    remarked = text.replace("frame(client)\n", "frame(client)  # a comment\n")
    assert rows_of(SourceFile("test_app.py", remarked.encode())) == rows
    assert (
        rows_of(SourceFile("test_app.py", text.replace("ROWS = [1]", "ROWS = None").encode()))
        != rows
    )


def test_a_call_of_a_test_itself_meets_the_doubles_of_that_test(
    project: Project, tmp_path: Path
) -> None:
    doubles = project(
        """
        import unittest
        from unittest.mock import patch

        import requests

        class TestPage(unittest.TestCase):
            @patch("requests.post")
            def test_post(self, post):
                requests.post("http://here", data={})
                post.assert_called_with("http://here", data={})

            def test_other(self):
                requests.post("http://here", data={})
        """
    )
    test = str(tmp_path / "tests/test_app.py")
    lines = [
        at for at, text in enumerate(Path(test).read_text().split("\n"), 1) if "s.post(" in text
    ]
    found = [doubles.refuses(test, "post", "timeout", line=at, producers=HTTP) for at in lines]
    assert [bool(each) for each in found] == [True, False]
