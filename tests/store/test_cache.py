"""The cache never answers otherwise than a run without it, whatever happens to the files."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qw_codemod.app.commands import Request, check
from qw_codemod.engine import runner
from qw_codemod.engine.tasks import Task
from qw_codemod.facts import project as tree_of_files
from qw_codemod.facts import requirement_versions as project_versions
from qw_codemod.facts.file_facts import FileFacts, facts_of
from qw_codemod.facts.index import Contents, Index
from qw_codemod.facts.query import digest
from qw_codemod.kernel.model import Outcome
from qw_codemod.kernel.statements import render
from qw_codemod.python.module import View
from qw_codemod.store import location as cache
from qw_codemod.store import reports as memories
from qw_codemod.store.portable import Portable
from qw_codemod.store.queries import KnownAnswers
from qw_codemod.store.stored_facts import StoredFacts

# Each file in some versions; None: it is not there. What is found in one leans on the others.
CLIENT = "from google.cloud import bigquery\n"
VERSIONS: dict[str, tuple[str | None, ...]] = {
    "base.py": (
        CLIENT + "class Base:\n    def __init__(self):\n        self.client = bigquery.Client()\n"
        "    def ask(self, sql):\n        return self.client.query(sql)\n",
        CLIENT + "class Base:\n    def __init__(self, client):\n        self.client = client\n"
        "    def ask(self, sql):\n        return self.client.query(sql)\n",
        "class Base:\n    client = None\n    def ask(self, sql):\n        return [sql]\n",
        "class Base:\n    def ask(self:\n",
        None,
    ),
    "worker.py": (
        "from base import Base\nclass Worker(Base):\n    def run(self):\n"
        "        return self.ask('x').result()\n",
        "# moved down\n\nfrom base import Base as Other\nclass Worker(Other):\n    def run(self):\n"
        "        return self.ask('x').result()\n",
        "class Worker:\n    def run(self):\n        return self.ask('x').result()\n",
    ),
    "zebra.py": (
        "from base import Base\ndef one(base: Base):\n    return base.ask('x').result()\n"
        "def two():\n    return Base(None).ask('x').result()\n",
        "from worker import Worker\nfor row in Worker().ask('x'):\n    print(row)\n",
        None,
    ),
    "app/near.py": (
        "from .shared import client\nclient.query('x').result()\n",
        "from . import shared\nshared.client.query('x').result()\n",
    ),
    "app/other.py": (
        "from app.near import client\nfrom .shared import client as mine\n"
        "print(mine.query('x').to_dataframe())\n",
    ),
    "app/shared.py": (CLIENT + "client = bigquery.Client()\n", "client = None\n", None),
    "app/shared/__init__.py": (None, None, CLIENT + "client = bigquery.Client()\n"),
    "deep.py": (
        CLIENT + "def make():\n    return bigquery.Client().query('x')\n",
        "def make():\n    return [1]\n",
        "# two lines\n# down\n" + CLIENT + "make = lambda: bigquery.Client().query('x')\n",
    ),
    "mid.py": ("from deep import make\njob = make()\n",),
    "user_a.py": ("from mid import job\njob.result()\n",),
    "user_b.py": ("from mid import job\njob.result()\n", "import mid\nmid.job.result()\n"),
    "app/__init__.py": ("", None, "from helpers import wait\n"),
    "app/main.py": (
        CLIENT + "from helpers import wait\nfrom base import Base\n"
        "def main():\n    wait(bigquery.Client().query('x'))\n    Base(bigquery.Client())\n",
        "import helpers\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "def main():\n    helpers.wait(ThreadPoolExecutor().submit(print))\n",
        "from base import Base\nfrom worker import Worker\nclass Late(Worker):\n"
        "    def ask(self, sql):\n        return 5\n",
        None,
    ),
    "helpers.py": (
        "def wait(job):\n    return job.result()\n",
        "def hold(job):\n    return job.result()\n",
        "def wait(job):\n    return job.result(timeout=5)\n",
    ),
    "session.py": (
        "import requests\nsession = requests.Session()\n",
        "import requests\nclass Bounded(requests.Session):\n    def request(self, *a, **k):\n"
        "        k.setdefault('timeout', 5)\n        return super().request(*a, **k)\n"
        "session = Bounded()\n",
        None,
    ),
    "feed.py": (
        "from session import session\ndef load():\n    return session.get('https://x')\n",
        "import urllib.request\ndef load():\n    return urllib.request.urlopen('https://x')\n",
    ),
    "limits.py": (None, "import socket\nsocket.setdefaulttimeout(5)\nif __name__ == '__main__':\n"
                  "    import feed\n", "x = 1\n"),
    "tests/test_worker.py": (
        None,
        "from worker import Worker\nclass FakeJob:\n    def result(self):\n        return []\n"
        "def test_run(monkeypatch):\n    worker = Worker()\n"
        "    worker.client = FakeClient()\n    assert worker.run() == []\n"
        "class FakeClient:\n    def query(self, sql):\n        return FakeJob()\n",
        "def test_nothing():\n    pass\n",
        "import subprocess, sys\ndef test_run(tmp_path):\n"
        "    subprocess.run([sys.executable, 'tools/run.py'], check=True)\n"
        "class FakeJob:\n    def result(self):\n        return []\n"
        "class FakeClient:\n    def query(self, sql):\n        return FakeJob()\n",
    ),
    "tools/run.py": (
        None,
        "from worker import Worker\nif __name__ == '__main__':\n    Worker().run()\n",
    ),
    "old/tools/run.py": (None, None, "print()\n"),
    "tests/conftest.py": (
        None,
        "import pytest\nfrom worker import Worker\nclass FakeJob:\n    def result(self):\n"
        "        return []\n@pytest.fixture\ndef worker(monkeypatch):\n"
        "    monkeypatch.setattr(Worker, 'ask', lambda self, sql: FakeJob())\n"
        "    return Worker()\n",
    ),
    "tests/test_more.py": (None, "def test_more(worker):\n    assert worker.run() == []\n"),
    "conftest.py": (None, "import worker\n"),
    "north/__init__.py": ("",),
    "north/run.py": (
        CLIENT + "class Runner:\n    def go(self, job=bigquery.Client().query('x')):\n"
        "        return job.result()\n",
    ),
    "south/__init__.py": ("", None),
    "south/use.py": ("def use(runner):\n    runner.go(5)\n",),
    "link.py": (None, "import north.run, south.use\n", "import north.run\n"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    at = tmp_path / "cache"
    monkeypatch.setenv("QW_CODEMOD_CACHE_DIR", str(at))
    return at


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    return root


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are relied on at once; each write has a time of its own."""
    monkeypatch.setattr(memories, "_SETTLED", -1e12)


_TIMES = itertools.count(1_700_000_000_000_000_000, 1_000_000)


def put(root: Path, name: str, text: str | None) -> None:
    path = root / name
    if text is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    time = next(_TIMES)
    os.utime(path, ns=(time, time))


def outcomes(root: Path, **options: object) -> list[Outcome]:
    request = Request(paths=(str(root),), root=str(root), **options)  # type: ignore[arg-type]
    return list(check(request).outcomes)


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were examined, and not remembered."""
    names: list[str] = []
    examine = runner.Examiner.examine

    def noting(self: runner.Examiner, task: Task, read: bytes | None = None) -> Outcome:
        names.append(Path(task.path).name)
        return examine(self, task, read)

    monkeypatch.setattr(runner.Examiner, "examine", noting)
    return names


def test_young_files_are_read_again(project: Path, examined: list[str]) -> None:
    put(project, "helpers.py", "def wait(client):\n    return client.query('x').result()\n")
    assert outcomes(project)
    examined.clear()
    outcomes(project)
    assert not examined
    before = os.stat(project / "helpers.py")
    again = "def hold(client):\n    return client.query('x').result()\n"
    (project / "helpers.py").write_text(again)  # as long as before
    os.utime(project / "helpers.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    outcomes(project)
    assert examined == ["helpers.py"]


def test_a_change_is_examined_with_those_that_lean_on_it_alone(
    project: Path, settled: None, examined: list[str]
) -> None:
    for name, texts in VERSIONS.items():
        put(project, name, texts[0])
    put(project, "apart.py", "import requests\nrequests.get('https://x')\n")
    outcomes(project)
    put(project, "base.py", VERSIONS["base.py"][2])
    examined.clear()
    outcomes(project)
    assert {"base.py", "worker.py"} <= set(examined)
    assert not {"apart.py", "feed.py", "session.py"} & set(examined)
    put(project, "base.py", VERSIONS["base.py"][2])  # another time, the same text
    examined.clear()
    outcomes(project)
    assert not examined


def test_a_file_that_connects_two_packages(
    project: Path, settled: None, examined: list[str]
) -> None:
    for name in ("north/__init__.py", "north/run.py", "south/__init__.py", "south/use.py"):
        put(project, name, VERSIONS[name][0])
    put(project, "link.py", "import north.run\n")

    def doubts() -> list[str]:
        found = (f for each in outcomes(project) for f in each.report.findings)
        return [render(finding.evidence.doubt) for finding in found]

    assert doubts() == ["`go()` has no caller in the tree"]
    put(project, "south/use.py", VERSIONS["south/use.py"][0])  # another time, the same text
    put(project, "link.py", "import north.run  # alone\n")
    examined.clear()
    assert doubts() == ["`go()` has no caller in the tree"]
    assert examined == ["link.py"]
    put(project, "link.py", "import north.run, south.use\n")
    examined.clear()
    (doubt,) = doubts()
    assert "use.py:2 in a way that is not followed" in doubt
    assert sorted(examined) == ["link.py", "run.py"]


def test_other_options_and_rules_are_another_matter(project: Path, settled: None) -> None:
    put(project, "feed.py", "import requests\ntry:\n    requests.get('https://x')\nexcept: pass\n")
    assert len(outcomes(project)[0].report.findings) > 1
    assert [f.code for f in outcomes(project, select=("QW201",))[0].report.findings] == ["QW201"]
    (project / "pyproject.toml").write_text('[tool.qw-codemod]\nignore = ["QW201"]\n')
    assert "QW201" not in [f.code for f in outcomes(project)[0].report.findings]


def test_dependency_files_are_leant_on(project: Path, settled: None) -> None:
    put(project, "feed.py", "from urllib3 import Retry\nretry = Retry(9, "
        "status_forcelist=(503,), respect_retry_after_header=True)\n")  # fmt: skip
    (project / "requirements.txt").write_text("urllib3==1.26.18\n")
    old = outcomes(project)
    (project / "requirements.txt").write_text("urllib3==2.2.1\n")
    project_versions.major.cache_clear()  # another process
    assert outcomes(project) == outcomes(project, cache=False) != old


def test_the_rules_of_a_linter_are_leant_on(project: Path, settled: None) -> None:
    put(project, "feed.py", "def day(x):\n    try:\n        return int(x)\n    except:\n"
        "        return None\n")  # fmt: skip
    old = outcomes(project)
    (project / "ruff.toml").write_text("lint.select = ['BLE']\n")
    assert outcomes(project) == outcomes(project, cache=False) != old
    (project / "ruff.toml").write_text("lint.select = ['B']\n")
    assert outcomes(project) == outcomes(project, cache=False) == old


def test_no_cache_reads_and_writes_none(project: Path, folder: Path) -> None:
    put(project, "feed.py", "x = 1\n")
    outcomes(project, cache=False)
    assert not folder.exists()


@pytest.mark.parametrize("damage", ["text", "empty", "schema", "rows", "reports"])
def test_a_damaged_cache_is_made_anew(damage: str, project: Path, folder: Path) -> None:
    put(project, "feed.py", "import requests\nrequests.get('https://x')\n")
    first = outcomes(project)
    (file,) = folder.glob("*.sqlite")
    if damage in ("text", "empty"):
        file.write_bytes(b"SQLite format 3\0" * 99 if damage == "text" else b"")
    else:
        with sqlite3.connect(file) as connection:
            if damage == "schema":
                connection.execute("DROP TABLE report")
            elif damage == "rows":
                connection.execute("UPDATE question SET question = 'x'")
                connection.execute("UPDATE file SET digest = 'x'")
            else:
                connection.execute("UPDATE report SET outcome = '[[]]'")
        connection.close()
    assert outcomes(project) == first
    assert outcomes(project) == first


def test_a_cache_inside_of_the_tree_is_not_believed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QW_CODEMOD_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / ".cache"))
    monkeypatch.setattr(sys, "platform", "linux")
    put(project, "feed.py", "import requests\nrequests.get('https://x')\n")
    assert outcomes(project)[0].report.findings
    assert not (project / ".cache").exists()


def test_a_folder_that_others_may_write_to_is_not_used(project: Path, folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    put(project, "feed.py", "x = 1\n")
    outcomes(project)
    assert not list(folder.iterdir())


def test_two_runs_at_once(project: Path, folder: Path) -> None:
    for name, texts in VERSIONS.items():
        put(project, name, texts[0])
    command = [sys.executable, "-m", "qw_codemod", "check", "--format", "json", "."]
    runs = [
        subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [run.communicate() for run in runs]
    assert len({out for out, _ in said}) == 1 and not any(err for _, err in said)
    assert outcomes(project) == outcomes(project, cache=False)


def test_a_run_that_is_killed_leaves_a_cache_that_holds(project: Path, settled: None) -> None:
    for name, texts in VERSIONS.items():
        put(project, name, texts[0])
    command = [sys.executable, "-m", "qw_codemod", "check", "-q", "."]
    for wait in (0.15, 0.2, 0.25, 0.3, 0.35):
        run = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL)
        try:
            run.wait(wait)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
        assert outcomes(project) == outcomes(project, cache=False)
        put(project, "base.py", VERSIONS["base.py"][int(wait * 20) % 4])


def test_only_the_last_caches_are_kept(project: Path, folder: Path, tmp_path: Path) -> None:
    for number in range(12):
        other = tmp_path / f"project{number}"
        shutil.copytree(project, other)
        put(other, "feed.py", "x = 1\n")
        outcomes(other)
    assert 8 <= len(list(folder.glob("*.sqlite"))) <= 9


def test_what_a_file_says_alone_is_what_the_index_says(tmp_path: Path) -> None:
    texts = {
        "a": b"class A(base.Base, mixin=x): pass\nfrom b import B as Other\nx.to = job.run(y)\n",
        "b": "b.ünder = 1\nself.run = 2\nx . run\n(x\n .start())\n".encode(),
        "c": b'"""run to the base, B"""\ntimeout = 5\n',
    }
    index = Index([*texts], lambda path: texts[path])
    contents = {path: Contents(data) for path, data in texts.items()}
    for word in ("run", "to", "Base", "B", "Other", "ünder", "start", "x", "timeout", "none"):
        for question in (*((k, word) for k in ("mentions", "reads", "bases", "assigns")),
                         ("holds", "e", word, "mixin"), ("holds", "", word)):  # fmt: skip
            said = tuple(path for path, each in contents.items() if each.answer(question))
            assert index.find(question) == said, question


def test_facts_of_files_that_are_the_same_are_not_read_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = ("tests/conftest.py", "tests/test_more.py")
    for name in ("base.py", "worker.py"):
        put(project, name, VERSIONS[name][0])
    for name in tests:
        put(project, name, VERSIONS[name][1])
    read: list[str] = []

    def noting(view: View, with_answers: bool) -> FileFacts:
        read.append(view.path.removeprefix(f"{project}/"))
        return facts_of(view, with_answers)

    monkeypatch.setattr(tree_of_files, "facts_of", noting)
    outcomes(project)
    assert {*tests} <= {*read}
    read.clear()
    put(project, "worker.py", f"{VERSIONS['worker.py'][0]}print()\n")
    outcomes(project)
    assert {*read} == {"worker.py"}
    read.clear()
    put(project, tests[0], f"{VERSIONS[tests[0]][1]}print()\n")
    outcomes(project)
    assert {*read} == {tests[0]}


def test_each_process_opens_the_stored_facts_for_itself(project: Path, folder: Path) -> None:
    for name in ("base.py", "worker.py"):
        put(project, name, VERSIONS[name][0])
    test = VERSIONS["tests/conftest.py"][1] or ""
    put(project, "tests/conftest.py", test)
    outcomes(project)
    (database,) = folder.glob("*.sqlite")
    stored = StoredFacts(database, Portable(str(project)))
    asked = (f"{project}/tests/conftest.py", f"test {digest(test.encode())}")
    facts = stored.find(*asked)
    assert facts is not None
    for way in ("fork", "spawn"):
        with multiprocessing.get_context(way).Pool(1) as pool:
            assert pool.apply(stored.find, asked) == facts
    stored.close()
    assert stored.find(*asked) == facts
    stored.close()


def test_known_answers_travel_to_other_processes() -> None:
    together = {("together", "/x"): ("/x", "/y")}
    stored = StoredFacts(Path("/x/none.sqlite"), Portable("/x"))
    known = KnownAnswers({("mentions", "x"): 0b10}, {1: "a.py", 0: "b.py"}, together, stored)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(known, (("mentions", "x"),)) == ("a.py",)
        assert pool.apply(known, (("mentions", "y"),)) is None
        assert pool.apply(known, (("together", "/x"),)) == ("/x", "/y")
        assert pool.apply(known, (("together", "/z"),)) is None


def test_the_folder_of_each_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QW_CODEMOD_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/caches")
    monkeypatch.setenv("LOCALAPPDATA", "/var/local")
    found = {}
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        found[platform] = cache.folder()
    assert found["linux"] == Path("/var/caches/qw-codemod")
    assert found["darwin"] == Path("~/Library/Caches/qw-codemod").expanduser()
    assert found["win32"] == Path("/var/local/qw-codemod")
