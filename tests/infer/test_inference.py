"""Inference: proof and doubt, questions in any order, cycles, depth, and edited files."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from qw_codemod.infer import Answer, Inference, Instance, Library, Value, judge
from qw_codemod.infer.values import Inferred, Nothing, Unknown, ValueSet
from qw_codemod.kernel.statements import Statement, render
from qw_codemod.languages.python import SourceFile, UnreadableSource
from qw_codemod.libraries.models import MODELS
from qw_codemod.testkit import run_folder
from qw_codemod.testkit.proofs import App, apps


class Guess(Statement):
    template = "a guess"


class Plugin(Statement):
    template = "a plugin"


APPS = apps(Path(__file__).parents[2] / "fixtures")
JOB = Instance(Library("google.cloud.bigquery.QueryJob"))
FUTURE = Instance(Library("concurrent.futures.Future"))


def is_job(value: Value) -> bool:
    return isinstance(value, Instance) and value.of == JOB.of


@pytest.mark.parametrize(
    ("values", "level", "doubt"),
    [
        ([Inferred(JOB)], "proven", ""),
        ([Inferred(JOB), Inferred(Nothing())], "proven", ""),
        ([Inferred(JOB, doubt=Guess())], "likely", "a guess"),
        ([Inferred(JOB), Inferred(Unknown(Plugin()))], "likely", "a plugin"),
        (
            [Inferred(JOB), Inferred(FUTURE)],
            "likely",
            "it may also be a concurrent.futures.Future",
        ),
    ],
)
def test_judge(values: list[Inferred], level: str, doubt: str) -> None:
    answer = judge(tuple(values), is_job)
    assert answer is not None
    assert (answer.evidence.level, render(answer.evidence.doubt)) == (level, doubt)


@pytest.mark.parametrize(
    "values",
    [[], [Inferred(FUTURE)], [Inferred(JOB, doubt=Guess()), Inferred(FUTURE)]],
)
def test_judge_says_no(values: list[Inferred]) -> None:
    assert judge(tuple(values), is_job) is None


class Tree:
    """A project on disk, and questions about the arguments of `ask(…)` in it."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = root
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        self.paths = [str(root / path) for path in files]
        self.inference = Inference(str(root), self.paths, MODELS)

    def asked(self, source: SourceFile) -> ast.expr:
        (call,) = (
            call
            for call in source.nodes(ast.Call)
            if isinstance(call.func, ast.Name) and call.func.id == "ask"
        )
        return call.args[0]

    def knows(self, path: str) -> ValueSet:
        source = SourceFile(str(self.root / path), (self.root / path).read_bytes())
        self.inference.begin(source)
        return self.inference.holds(source, self.asked(source))

    def judged(self, path: str) -> Answer | None:
        return judge(self.knows(path), is_job)


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Tree]:
    return lambda **files: Tree(tmp_path, {f"{name}.py": text for name, text in files.items()})


CLIENT = "from google.cloud import bigquery\nclient = bigquery.Client()\n"


def test_facts_lead_from_the_question_to_the_import(tree: Callable[..., Tree]) -> None:
    project = tree(
        shared=CLIENT, app="from shared import client\njob = client.query('')\nask(job)\n"
    )
    answer = project.judged("app.py")
    assert answer is not None
    places = [(fact.path.rpartition("/")[2], fact.line) for fact in answer.evidence.facts]
    assert places[0] == ("app.py", 2)
    assert places[-1][0] in ("app.py", "shared.py")
    assert ("shared.py", 2) in places
    assert len(places) == len(set(answer.evidence.facts))


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\nask(f(1))\n",
        "x = y\ny = x\nask(x)\n",
        "class A(A):\n    pass\nask(A().b)\n",
        "class A:\n    def __init__(self, a):\n        self.a = a.a\nask(A(A(None)).a)\n",
        "def f(x=None):\n    x = x or f(x)\n    ask(x)\n",
        "from app import *\nask(nothing)\n",
        "import app\nask(app.app.app)\n",
        "def d(f):\n    return d(f)\n@d\ndef g():\n    return g\nask(g())\n",
        "f = lambda x: f(f)\nask(f(f))\n",
        "class A:\n    @property\n    def p(self):\n        return self.p.p\nask(A().p)\n",
        "xs = []\nxs.append(xs)\nfor x in xs:\n    ask(x)\n",
        "T = 'list[T]'\ndef f(x: T):\n    ask(x)\n",
    ],
)
def test_cycles_end(tree: Callable[..., Tree], text: str) -> None:
    assert tree(app=text).judged("app.py") is None


def test_a_value_in_a_cycle_is_found(tree: Callable[..., Tree]) -> None:
    text = CLIENT + "def f(n):\n    return client.query('') if n == 0 else f(n - 1)\nask(f(3))\n"
    answer = tree(app=text).judged("app.py")
    assert answer is not None
    assert answer.evidence.level == "proven"


def test_a_chain_that_is_too_long_is_no_proof(tree: Callable[..., Tree]) -> None:
    steps = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(500))
    text = f"{CLIENT}{steps}def f500(x):\n    return x\nask(f0(client.query('')))\n"
    assert tree(app=text).judged("app.py") is None


def test_an_edited_file_is_seen_until_it_is_restored(tree: Callable[..., Tree]) -> None:
    before = CLIENT + "ask(client.query(''))\n"
    project = tree(app=before)
    assert project.judged("app.py") is not None
    edited = SourceFile(project.paths[0], (CLIENT + "ask(client)\n").encode())
    project.inference.revise(edited)
    project.inference.begin(edited)
    assert judge(project.inference.holds(edited, project.asked(edited)), is_job) is None
    project.inference.restore()
    assert project.judged("app.py") is not None


def test_another_files_edit_changes_the_answer(tree: Callable[..., Tree]) -> None:
    project = tree(shared=CLIENT, app="from shared import client\nask(client.query(''))\n")
    assert project.judged("app.py") is not None
    project.inference.overlay(SourceFile(project.paths[0], b"client = 3\n"))
    assert project.judged("app.py") is None


def test_a_file_that_does_not_parse_is_not_met_again(tree: Callable[..., Tree]) -> None:
    project = tree(
        broken="class Client:\n    self.client = bigquery.Client(\n",
        app="from google.cloud import bigquery\n\n\nclass Client:\n    def __init__(self, name):\n"
        "        self.client = bigquery.Client(name)\n\n"
        "    def run(self):\n        ask(self.client.query(''))\n",
    )
    with pytest.raises(UnreadableSource):
        project.knows("broken.py")
    assert project.judged("app.py") is not None


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_the_order_of_questions_does_not_show(app: App) -> None:
    paths = list(app.paths)
    told = run_folder(app.folder.resolve(), paths, app.setup)
    for seed in (1, 2):
        random.Random(seed).shuffle(paths)
        again = run_folder(app.folder.resolve(), paths, app.setup)
        assert {path: again[path].findings for path in told} == {
            path: told[path].findings for path in told
        }
