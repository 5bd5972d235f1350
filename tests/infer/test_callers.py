"""What a parameter is given: no way in which a function is called may be overlooked."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from qw_codemod.facts.project import Tree
from qw_codemod.infer import Inference, Instance, Library, judge, memo
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.models import MODELS
from qw_codemod.python.module import View

FILES = {
    "waits.py": "def wait(source, sql):\n    source.query(sql).result()\n",
    "fake.py": "from concurrent.futures import Future\n\n\nclass Queue:\n"
    "    def query(self, sql):\n        return Future()\n",
    "nightly.py": "from google.cloud import bigquery\nimport waits\n\n"
    "waits.wait(bigquery.Client(), 'SELECT 1')\n",
}
QUEUE = "from fake import Queue\n"
REPLAYS = {
    "below a comment": "import waits\n# Replays go through the queue.\nwaits.wait(Queue(), '')\n",
    "with a comment inside": "import waits\n(waits.  # of a job.\n wait(Queue(), ''))\n",
    "on two lines": "import waits\nwaits \\\n    .wait(Queue(), '')\n",
    "in parentheses": "import waits\n(waits).wait(Queue(), '')\n",
    "by another name": "import waits\nw = waits\nw.wait(Queue(), '')\n",
    "imported as": "import waits as w\nw.wait(Queue(), '')\n",
    "renamed": "from waits import wait as go\ngo(Queue(), '')\n",
    "star": "from waits import *\nwait(Queue(), '')\n",
    "getattr": "import waits\ngetattr(waits, 'wait')(Queue(), '')\n",
    "importlib": "import importlib\nimportlib.import_module('waits').wait(Queue(), '')\n",
    "importlib, computed": "import importlib, sys\n"
    "importlib.import_module(sys.argv[1]).wait(Queue(), '')\n",
    "sys.modules": "import sys\nsys.modules['waits'].wait(Queue(), '')\n",
    "in a dict": "import waits\nWAYS = {'a': waits}\nWAYS['a'].wait(Queue(), '')\n",
    "in a call": "import waits\ndef run(way):\n    way.wait(Queue(), '')\nrun(waits)\n",
    "methodcaller": "import operator, waits\noperator.methodcaller('wait', Queue(), '')(waits)\n",
    "in a variable": "import waits\nf = waits.wait\nf(Queue(), '')\n",
    "star-args": "import waits\nwaits.wait(*[Queue(), ''])\n",
}


def level(tmp_path: Path, files: dict[str, str]) -> str:
    """How sure it is that `source` of `waits.wait` is a BigQuery client."""
    return client_level(examined(tmp_path, files), tmp_path, files)


def examined(tmp_path: Path, files: dict[str, str]) -> Inference:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Inference(str(tmp_path), [str(tmp_path / name) for name in files], MODELS)


def client_level(inference: Inference, tmp_path: Path, files: dict[str, str]) -> str:
    source = SourceFile(str(tmp_path / "waits.py"), files["waits.py"].encode())
    inference.begin(source)
    function = source.tree.body[0]
    (call,) = (n.value for n in function.body)  # type: ignore[attr-defined]
    client = Instance(Library("google.cloud.bigquery.Client"))
    answer = judge(inference.holds(source, call.func.value.func.value), lambda v: v == client)
    return answer.evidence.level if answer else ""


def test_all_callers_agree(tmp_path: Path) -> None:
    assert level(tmp_path, FILES) == "proven"


@pytest.mark.parametrize("way", REPLAYS)
def test_a_caller_that_disagrees_is_seen(way: str, tmp_path: Path) -> None:
    assert level(tmp_path, {**FILES, "replay.py": QUEUE + REPLAYS[way]}) != "proven"


def test_a_module_that_is_kept_in_an_attribute(tmp_path: Path) -> None:
    kept = {
        "ways.py": "import waits\n\n\nclass Ways:\n    way = waits\n",
        "replay.py": QUEUE + "from ways import Ways\n\nWays.way.wait(Queue(), '')\n",
    }
    assert level(tmp_path, FILES | kept) != "proven"
    unknown = {
        "ways.py": "import waits\nimport settings\n\nsettings.way = waits\n",
        "replay.py": QUEUE
        + "import ways\n\n\ndef go(context):\n    context.way.wait(Queue(), '')\n",
    }
    assert level(tmp_path, FILES | unknown) != "proven"


def test_a_name_that_is_handed_on_under_another(tmp_path: Path) -> None:
    handed = {
        "api.py": "from waits import wait as go\n",
        "replay.py": QUEUE + "import api\n\napi.go(Queue(), '')\n",
    }
    assert level(tmp_path, FILES | handed) != "proven"


def test_others_of_that_name_leave_the_proof(tmp_path: Path) -> None:
    others = {
        "events.py": "import threading\n\nimport waits\n\n\ndef wait(event, other):\n"
        "    # The end of waits.\n    event.wait()\n    other.wait(1)\n    waits.__doc__\n",
        "texts.py": "NAME = 'wait'\n",
    }
    assert level(tmp_path, FILES | others) == "proven"


CLASS_FILES = {
    "waits.py": "class Report:\n    def __init__(self, source):\n        self.source = source\n\n"
    "    def rows(self):\n        return self.source.query('').result()\n",
    "fake.py": FILES["fake.py"],
    "nightly.py": "from google.cloud import bigquery\nfrom waits import Report\n\n"
    "Report(bigquery.Client()).rows()\n",
}
CONSTRUCTIONS = {
    "below a comment": "import waits\n# Of the queue.\nwaits.Report(Queue())\n",
    "by another name": "from waits import Report\nMaker = Report\nMaker(Queue())\n",
    "in a list": "from waits import Report\nfor kind in [Report]:\n    kind(Queue())\n",
    "in a list of tuples": "from waits import Report\nKINDS = [(Report, 1)]\n"
    "for kind, _ in KINDS:\n    kind(Queue())\n",
    "in a dict": "from waits import Report\nKINDS = {'a': Report}\nKINDS['a'](Queue())\n",
    "passed": "from waits import Report\ndef make(kind):\n    kind(Queue())\nmake(Report)\n",
    "of a condition": "import sys\nfrom waits import Report\n"
    "(Report if sys.argv else print)(Queue())\n",
    "renamed": "from waits import Report as R\nR(Queue())\n",
    "getattr": "import waits\ngetattr(waits, 'Report')(Queue())\n",
    "importlib": "import importlib\nimportlib.import_module('waits').Report(Queue())\n",
    "kept module": "import waits\nw = waits\nw.Report(Queue())\n",
}


def level_of_object(tmp_path: Path, files: dict[str, str]) -> str:
    """How sure it is that the `source` of a `Report` is a BigQuery client."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    inference = Inference(str(tmp_path), [str(tmp_path / name) for name in files], MODELS)
    source = SourceFile(str(tmp_path / "waits.py"), files["waits.py"].encode())
    inference.begin(source)
    (read,) = (
        n for n in source.nodes(ast.Attribute) if n.attr == "source" and isinstance(n.ctx, ast.Load)
    )
    client = Instance(Library("google.cloud.bigquery.Client"))
    answer = judge(inference.holds(source, read), lambda v: v == client)
    return answer.evidence.level if answer else ""


def test_all_constructions_agree(tmp_path: Path) -> None:
    assert level_of_object(tmp_path, CLASS_FILES) == "proven"


@pytest.mark.parametrize("way", CONSTRUCTIONS)
def test_a_construction_that_disagrees_is_seen(way: str, tmp_path: Path) -> None:
    files = {**CLASS_FILES, "replay.py": QUEUE + CONSTRUCTIONS[way]}
    assert level_of_object(tmp_path, files) != "proven"


def test_uses_of_a_class_that_make_no_object_leave_the_proof(tmp_path: Path) -> None:
    others = (
        "from typing import cast\nfrom waits import Report\n\n\ndef f(x: Report | None = None):\n"
    )
    others += "    if isinstance(x, (Report, int)) or type(x) is Report:\n        print(x)\n"
    others += "    kinds: list[Report] = []\n    return cast(Report, x), kinds\n"
    assert level_of_object(tmp_path, {**CLASS_FILES, "others.py": others}) == "proven"


DISPATCH = {
    "waits.py": "from fake import Queue\n\n\nclass Waits:\n    def wait_for_query(self, source):\n"
    "        source.query('').result()\n\n    def go(self, client):\n"
    "        self.wait_for_query(client)\n\n    def all(self, kind):\n        {call}\n",
    "fake.py": FILES["fake.py"],
    "nightly.py": "from google.cloud import bigquery\nfrom waits import Waits\n\n"
    "Waits().go(bigquery.Client())\n",
}


@pytest.mark.parametrize(
    ("call", "is_proven"),
    [
        ("getattr(self, f'wait_for_{kind}')(Queue())", False),
        ("getattr(self, kind)(Queue())", False),
        ("method = getattr(self, 'wait_for_' + kind)\n        method(Queue())", False),
        ("getattr(self, f'read_{kind}')(Queue())", True),
        ("print(getattr(self, kind))", True),
        ("getattr(kind, 'other')(Queue())", True),
    ],
)
def test_methods_that_are_called_by_a_name_made_up(
    call: str, is_proven: bool, tmp_path: Path
) -> None:
    files = {**DISPATCH, "waits.py": DISPATCH["waits.py"].replace("{call}", call)}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    inference = Inference(str(tmp_path), [str(tmp_path / name) for name in files], MODELS)
    source = SourceFile(str(tmp_path / "waits.py"), files["waits.py"].encode())
    inference.begin(source)
    read = next(n for n in source.nodes(ast.Name) if n.id == "source")
    client = Instance(Library("google.cloud.bigquery.Client"))
    answer = judge(inference.holds(source, read), lambda v: v == client)
    assert (answer is not None and answer.evidence.level == "proven") == is_proven


@pytest.mark.parametrize("steps", range(1, 40))
def test_callers_for_which_no_effort_is_left_are_a_doubt(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nightly = {f"a_{n}.py": FILES["nightly.py"] for n in range(4)}
    files = {**FILES, **nightly, "z_replay.py": f"{QUEUE}{REPLAYS['renamed']}"}
    inference = examined(tmp_path, files)
    for name in files:  # what the callers pass is known before: it takes no effort
        source = SourceFile(str(tmp_path / name), files[name].encode())
        inference.begin(source)
        for call in (n for n in ast.walk(source.tree) if isinstance(n, ast.Call)):
            for argument in call.args if name not in ("waits.py", "fake.py") else ():
                inference.holds(source, argument)
    monkeypatch.setattr(memo, "_STEPS", steps)
    assert client_level(inference, tmp_path, files) != "proven"


def test_no_file_is_parsed_for_a_question_whose_effort_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    parse = Tree.module

    def module(tree: Tree, path: str) -> View | None:
        asked.append(path)
        return parse(tree, path)

    monkeypatch.setattr(Tree, "module", module)
    monkeypatch.setattr(memo, "_STEPS", 8)
    nightly = {f"n_{n:03}.py": FILES["nightly.py"] for n in range(90)}
    assert level(tmp_path, {**FILES, **nightly}) != "proven"
    assert len(set(asked)) < 20
