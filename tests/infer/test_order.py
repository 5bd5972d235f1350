"""What was asked before changes no answer, also where a question takes too much effort."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from qw_codemod.infer import Inference, Instance, Library, Value, judge, memo
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.models import MODELS

BASE = """\
from google.cloud import bigquery

def made():
    return bigquery.Client()

class Base:
    def __init__(self, client=None):
        self.client = client or made()

    def run(self, sql):
        return self.client.query(sql)

class Outer:
    class Inner(Base):
        pass

def base():
    return Outer.Inner
"""
JOB = """\
from base import Base, Outer, base, made

class Job{n}(Outer.Inner):
    other = made()

    def load(self, job):
        self.job = job or self.run("SELECT {n}")
        return self.job.result()

class Late{n}(base()):
    def load(self):
        return self.client.query("SELECT {n}")

def night(client, job=None):
    return Job{n}(client).load(job), Late{n}().load()
"""
RUN = "import jobs_{n} as jobs\nfrom base import made\njobs.night(made()) and jobs.night(None)\n"
FILES = {
    "base.py": BASE,
    **{f"jobs_{n}.py": JOB.format(n=n) for n in range(3)},
    **{f"run_{n}.py": RUN.format(n=n) for n in range(3)},
}


def is_known(value: Value) -> bool:
    return isinstance(value, Instance) and isinstance(value.of, Library)


def inferred(root: Path) -> Inference:
    return Inference(str(root), [str(root / name) for name in FILES], MODELS)


def answers(
    root: Path, asked: list[tuple[str, int]], inference: Inference | None = None
) -> dict[tuple[str, int], str]:
    """How sure it is what expressions hold, asked one after the other."""
    inference = inference or inferred(root)
    found = {}
    for name, place in asked:
        source = SourceFile(str(root / name), FILES[name].encode())
        inference.begin(source)
        expression = expressions(source)[place]
        answer = judge(inference.holds(source, expression), is_known)
        found[name, place] = answer.evidence.level if answer else "none"
    return found


def expressions(source: SourceFile) -> list[ast.expr]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.Call | ast.Attribute)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("order")
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


ASKED = [
    (name, place)
    for name, text in FILES.items()
    for place in range(len(expressions(SourceFile(name, text.encode()))))
]


@pytest.fixture(scope="module")
def alone(root: Path) -> dict[tuple[str, int], str]:
    """The answers of those who ask nothing else."""
    return {key: level for each in ASKED for key, level in answers(root, [each]).items()}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_questions(seed: int, root: Path, alone: dict[tuple[str, int], str]) -> None:
    shuffled = random.Random(seed).sample(ASKED, len(ASKED))
    found = answers(root, shuffled)
    assert {key: (alone[key], found[key]) for key in ASKED if alone[key] != found[key]} == {}


@pytest.mark.parametrize("steps", range(4, 60, 8))
def test_nothing_is_proven_for_want_of_effort(
    steps: int,
    root: Path,
    alone: dict[tuple[str, int], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memo, "_STEPS", steps)
    for seed in range(3):
        found = answers(root, random.Random(seed).sample(ASKED, len(ASKED)))
        assert {key for key in ASKED if found[key] == "proven"} <= {
            key for key in ASKED if alone[key] == "proven"
        }


@pytest.mark.parametrize("limit", ["_STEPS", "_DEPTH"])
@pytest.mark.parametrize("effort", range(2, 40, 5))
def test_what_was_given_up_is_looked_for_again(
    limit: str,
    effort: int,
    root: Path,
    alone: dict[tuple[str, int], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inference = inferred(root)
    with monkeypatch.context() as patch:
        patch.setattr(memo, limit, effort)
        answers(root, random.Random(effort).sample(ASKED, len(ASKED)), inference)
    assert answers(root, ASKED, inference) == alone


def test_an_answer_that_is_known_takes_what_it_took(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that is too much by itself is too much after its parts have been asked."""
    last = [each for each in ASKED if each[0] == "jobs_2.py"]
    monkeypatch.setattr(memo, "_STEPS", 6)
    for each in last:
        if answers(root, [each])[each] == "none":
            assert answers(root, [*last, each])[each] != "proven"
