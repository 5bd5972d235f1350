"""Which code a test can run: through imports, names, classes and fixtures."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from qw_codemod.analysis.test_doubles.reachability import Reach
from qw_codemod.facts.project import Tree

Runs = Callable[..., bool]
BASE = """
    class Base:
        registry = {}
        def __init__(self):
            self.start()  # start
        def start(self):
            pass  # Base.start
        def run(self):
            self.load()
            self.save()
        def load(self):
            pass  # Base.load
        def save(self):
            pass  # Base.save
        def unused(self):
            pass  # Base.unused
    """


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Whether the first test file of a tree can run the line that ends in this comment."""

    def ask(comment: str, files: Mapping[str, str]) -> bool:
        found: tuple[str, int] = ("", 0)
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if line.endswith(f"# {comment}"):
                    found = (str(path), number)
        paths = sorted(str(path) for path in tmp_path.rglob("*.py"))
        reach = Reach(Tree(str(tmp_path), paths))
        test = str(tmp_path / next(name for name in files if "test_" in name))
        assert found[1], comment
        return reach.meets(test, 0, *found)

    return ask


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("start", True),
        ("Base.start", True),
        ("Base.load", False),
        ("Base.save", True),
        ("Base.unused", False),
        ("Odds.load", True),
        ("Lines.load", False),
    ],
)
def test_methods_of_the_classes_in_use(runs: Runs, comment: str, expected: bool) -> None:
    files = {
        "base.py": BASE,
        "odds.py": """
            from base import Base
            class Odds(Base):
                def load(self):
                    pass  # Odds.load
            class Lines(Base):
                def load(self):
                    pass  # Lines.load
            """,
        "tests/test_odds.py": """
            import odds
            def test_odds():
                odds.Odds().run()
            """,
    }
    assert runs(comment, files) is expected


def test_a_class_inside_a_test(runs: Runs) -> None:
    test = """
        import base
        def test_demo():
            class Demo({}):
                pass
            Demo().run()
        """
    files = {"base.py": BASE}
    assert runs("Base.save", {**files, "tests/test_demo.py": test.format("base.Base")})
    assert not runs("Base.save", {**files, "tests/test_demo.py": test.format("object")})


def test_an_override_that_calls_what_it_hides(runs: Runs) -> None:
    odds = """
        from base import Base
        class Odds(Base):
            def load(self):
                {}
        """
    test = "from odds import Odds\ndef test_odds():\n    Odds().run()\n"
    files = {"base.py": BASE, "odds.py": odds.format("pass"), "tests/test_odds.py": test}
    assert not runs("Base.load", files)
    assert runs("Base.load", {**files, "odds.py": odds.format("super().load()")})
    assert runs("Base.load", {**files, "odds.py": odds.format("Base.load(self)")})


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("work.outer()", True),
        ("work.renamed()", True),
        ("work.HANDLERS['inner']()", True),
        ("work.decorated()", True),
        ("getattr(work, 'inner')()", True),
        ("work.App().call()", True),
        ("work.App().dispatch('job')", True),
        ("work.App().send('job')", True),
        ("work.other()", False),
        ("work.App()", False),
        ("work.annotated(None)", False),
    ],
)
def test_names_lead_to_what_they_stand_for(runs: Runs, use: str, expected: bool) -> None:
    files = {
        "deep.py": """
            def inner():
                pass  # inner
            """,
        "work.py": """
            from deep import inner, inner as renamed
            HANDLERS = {"inner": inner}
            def wrap(function):
                return inner
            def outer():
                def local():
                    return inner()
                return local()
            def other():
                pass
            def annotated(argument: inner) -> "inner":
                pass
            @wrap
            def decorated():
                pass
            class App:
                def call(self):
                    return inner()
                def on_job(self):
                    return inner()
                def dispatch(self, name):
                    return getattr(self, f"on_{name}")()
                def send(self, name):
                    return getattr(self, "on_" + name)()
            """,
        "tests/test_work.py": f"import work\ndef test_work():\n    {use}\n",
    }
    if use != "work.decorated()":
        files["work.py"] = files["work.py"].replace("@wrap", "")
    assert runs("inner", files) is expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("@app.route('/')\ndef page():", True),
        ("@functools.cache\ndef page():", False),
        ("AGAIN = tenacity.retry(reraise=True)\n@AGAIN\ndef page():", False),
        ("ROUTE = app.route('/')\n@ROUTE\ndef page():", True),
        ("def page():", False),
    ],
)
def test_decorators_may_register_a_function(runs: Runs, definition: str, expected: bool) -> None:
    files = {
        "site_app.py": f"{definition}\n    pass  # page\n",
        "tests/test_site.py": "import site_app\ndef test_site(client):\n    client.get('/')\n",
    }
    assert runs("page", files) is expected


def test_an_unknown_base_may_call_anything(runs: Runs) -> None:
    module = (
        "from beam import DoFn\nclass Step({}):\n    def process(self):\n        pass  # step\n"
    )
    test = "from steps import Step\ndef test_step(run):\n    run(Step())\n"
    assert runs("step", {"steps.py": module.format("DoFn"), "tests/test_steps.py": test})
    assert not runs("step", {"steps.py": module.format("object"), "tests/test_steps.py": test})


def test_subclasses_that_register_themselves(runs: Runs) -> None:
    files = {
        "base.py": """
            class Base:
                {}
                    super().__init_subclass__()
            """,
        "odds.py": """
            from base import Base
            class Odds(Base):
                def load(self):
                    pass  # load
            """,
        "tests/test_odds.py": """
            import base, odds
            def test_odds(registry):
                registry["odds"].load()
            """,
    }
    plain = files["base.py"].format("def other(self):")
    registering = files["base.py"].format("def __init_subclass__(cls):")
    assert not runs("load", {**files, "base.py": plain})
    assert runs("load", {**files, "base.py": registering})


@pytest.mark.parametrize(
    ("fixture", "expected"),
    [
        ("@pytest.fixture\ndef ready():", True),
        ("@pytest.fixture(autouse=True)\ndef always():", True),
        ("@pytest.fixture\ndef other():", False),
    ],
)
def test_fixtures_run_where_they_are_asked_for(runs: Runs, fixture: str, expected: bool) -> None:
    files = {
        "work.py": "def prepare():\n    pass  # prepare\n",
        "tests/conftest.py": f"import pytest\nfrom work import prepare\n{fixture}\n    prepare()\n",
        "tests/test_work.py": "import work\ndef test_work(ready):\n    pass\n",
    }
    assert runs("prepare", files) is expected


def test_files_that_are_run_as_programs(runs: Runs) -> None:
    program = "def main():\n    pass  # main\nif __name__ == '__main__':\n    main()\n"
    test = """
        import subprocess, {}
        def test_program():
            subprocess.run(["python", {}])
        """
    files = {"scripts/load.py": program, "work.py": ""}
    run = test.format("work", "'scripts/load.py'")
    assert runs("main", {**files, "tests/test_load.py": run})
    assert not runs("main", {**files, "tests/test_load.py": test.format("work", "'other.py'")})


@pytest.mark.parametrize("load", ["import_module(f'plugins.{name}')", "__import__(name)"])
def test_plugins_that_no_import_names(runs: Runs, load: str) -> None:
    files = {
        "loader.py": f"from importlib import import_module\ndef load(name):\n    {load}\n",
        "plugins/odds.py": "def hook():\n    pass  # hook\n",
        "tests/test_load.py": "from loader import load\ndef test_load():\n    load('odds')\n",
    }
    assert runs("hook", files)
    as_program = files["plugins/odds.py"] + "if __name__ == '__main__':\n    hook()\n"
    assert not runs("hook", {**files, "plugins/odds.py": as_program})
    used = {"other.py": "from plugins import odds\n"}
    assert not runs("hook", {**files, **used})


def test_plugins_that_nothing_names(runs: Runs) -> None:
    files = {
        "loader.py": "from importlib import import_module\ndef load(name):\n"
        "    import_module(f'readers.{name}')\n",
        "plugins/odds.py": "def hook():\n    pass  # hook\n",
        "tests/test_load.py": "from loader import load\ndef test_load():\n    load('csv')\n",
    }
    assert not runs("hook", files)
    named = files["tests/test_load.py"].replace("csv", "odds")
    assert runs("hook", {**files, "tests/test_load.py": named})


def test_code_outside_functions_runs_with_the_file(runs: Runs) -> None:
    test = "import work\ndef test_nothing():\n    pass\n"
    files = {"work.py": "value = make()  # value\n", "tests/test_work.py": test}
    assert runs("value", files)
    made = {"work.py": "def make():\n    return 1  # make\nvalue = make()\n"}
    assert runs("make", {**files, **made})


def test_a_program_that_is_imported_does_not_run(runs: Runs) -> None:
    program = "def main():\n    pass  # main\nif __name__ == '__main__':\n    main()\n"
    test = "import load\ndef test_load():\n    load.other()\n"
    assert not runs("main", {"load.py": program, "tests/test_load.py": test})


@pytest.mark.parametrize(
    "imported",
    [
        "from .jobs import run",
        "from . import jobs",
        "from .. import pipeline\nrun = pipeline.jobs.run",
        "from pipeline.jobs import run",
        "from pipeline import jobs",
        "import pipeline.jobs",
    ],
)
def test_imports_within_a_package(runs: Runs, imported: str) -> None:
    files = {
        "top/pipeline/__init__.py": "from . import jobs\n" if "from .." in imported else "",
        "top/__init__.py": "",
        "top/pipeline/jobs.py": "def run():\n    pass  # run\n",
        "top/pipeline/night.py": f"{imported}\ndef go():\n    jobs.run() or run()\n",
        "tests/test_night.py": "from top.pipeline.night import go\ndef test_go():\n    go()\n",
    }
    assert runs("run", files)
    alone = {**files, "top/pipeline/__init__.py": "", "top/pipeline/night.py": "def go(): run()\n"}
    assert not runs("run", alone)


@pytest.mark.parametrize("imported", ["from moving import move", "import moving.move as move"])
def test_imports_from_a_root_that_nothing_tells(runs: Runs, imported: str) -> None:
    files = {
        "jobs/__init__.py": "",
        "jobs/moving/__init__.py": "",
        "jobs/moving/move.py": "def go():\n    pass  # move\n",
        "jobs/loading/__init__.py": "",
        "jobs/loading/load.py": "def go():\n    pass  # load\n",
        "tests/unit/test_move.py": f"{imported}\ndef test_move():\n    move.go()\n",
    }
    assert runs("move", files)
    assert not runs("load", files)
