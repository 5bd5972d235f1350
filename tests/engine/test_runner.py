"""The same reports in the same order, however many processes there are and whichever dies."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qw_codemod.engine import runner
from qw_codemod.engine.tasks import PATIENCE, Group, Options, Plan, Task
from qw_codemod.kernel.model import Extent, Outcome, Span
from qw_codemod.rules.packs import Pack, assemble

Write = Callable[..., Path]

FIX = Options(fix=frozenset({"TOY101"}))


def plan_of(project: Path, pack: Pack, options: Options | None = None) -> Plan:
    everything = sorted(str(path) for path in project.rglob("*.py"))
    return Plan(str(project), everything, pack, [Group(options or Options())])


def tasks_of(plan: Plan) -> list[Task]:
    return [Task(path, 0) for path in plan.files]


def many(write: Write, count: int) -> None:
    for number in range(count):
        write(f"f{number:03}.py", "# a long file\n" * (number % 7) + f"wait({number})\n")


@pytest.mark.parametrize("options", [Options(), FIX])
def test_processes_change_nothing(
    project: Path, write: Write, pack: Pack, options: Options
) -> None:
    many(write, 60)
    write("clean.py", "x = 1\n")
    write("broken.py", "wait(\n")
    plan = plan_of(project, pack, options)
    alone = runner.run(plan, tasks_of(plan), jobs=1)
    assert [outcome.report.path for outcome in alone] == plan.files
    assert runner.run(plan, tasks_of(plan), jobs=3) == alone
    assert runner.run(plan, tasks_of(plan)) == alone
    assert sum(bool(outcome.report.findings or outcome.report.fixed) for outcome in alone) == 60


def test_few_files_start_no_process(
    project: Path, write: Write, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(write, 3)
    for number in range(100):
        write(f"clean{number}.py", "x = 1\n")
    monkeypatch.setattr(runner, "_pooled", None)
    plan = plan_of(project, pack)
    assert len(runner.run(plan, tasks_of(plan))) == 103


def test_a_dead_worker_costs_one_file(project: Path, write: Write, pack: Pack) -> None:
    many(write, 20)
    write("a_deadly.py", "wait('die')\n")
    write("z_deadly.py", "wait('die')\n")
    plan = plan_of(project, pack)
    outcomes = {
        Path(each.report.path).name: each.report for each in runner.run(plan, tasks_of(plan), 2)
    }
    assert len(outcomes) == 22
    for name in ("a_deadly.py", "z_deadly.py"):
        (problem,) = outcomes.pop(name).problems
        assert problem.message == "cannot be examined: the process that had it died (exit code 7)"
    assert all(len(report.findings) == 1 for report in outcomes.values())
    assert not multiprocessing.active_children()


def test_a_file_that_never_ends_is_given_up(
    project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qw_codemod.rules.api import Check

    def find(source: object, context: object) -> list[object]:
        time.sleep(600 if "slow" in str(source) else 0)
        return []

    def later(done: int) -> None:
        if done == 2:  # only the slow one is left: its time is over
            monkeypatch.setattr(runner.time, "monotonic", lambda: now() + PATIENCE)

    now = time.monotonic

    pack = assemble({"slow": [Check("TOY9", "slow", "", find, ())]})  # type: ignore[arg-type]
    for name in ("a.py", "slow.py", "b.py"):
        write(name, "")
    plan = plan_of(project, pack)
    outcomes = runner.run(plan, tasks_of(plan), 2, later)
    assert [[problem.message for problem in each.report.problems] for each in outcomes] == [
        [],
        [],
        ["cannot be examined: it took too long, and was given up"],
    ]


def test_a_crashing_rule_is_named_with_its_file(project: Path, write: Write, pack: Pack) -> None:
    write("a.py", "wait('crash')\n")
    plan = plan_of(project, pack)
    (problem,) = runner.run(plan, tasks_of(plan))[0].report.problems
    assert (problem.path, problem.rule) == (f"{project}/a.py", "TOY101")
    assert problem.message == "the rule crashed: LookupError: no such thing"


def test_interrupted_it_leaves_no_process(project: Path, write: Write, pack: Pack) -> None:
    many(write, 60)
    plan = plan_of(project, pack)

    def interrupt(done: int) -> None:
        if done > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(plan, tasks_of(plan), 2, interrupt)
    assert not multiprocessing.active_children()


def test_text_that_comes_from_elsewhere(project: Path, write: Write, pack: Pack) -> None:
    write("a.py", "x = 1\n")
    plan = plan_of(project, pack)
    (outcome,) = runner.run(plan, [Task(f"{project}/a.py", 0, b"wait(2)\n")])
    assert len(outcome.report.findings) == 1


def test_groups_have_their_own_options(project: Path, write: Write, pack: Pack) -> None:
    write("a.py", "wait()\n")
    write("b.py", "wait()\n")
    settings = {"waits": {"seconds": 9}}
    groups = [Group(FIX), Group(replace(FIX, settings=settings), (("a.b", "c.D"),))]
    plan = replace(plan_of(project, pack), groups=groups)
    outcomes = runner.run(plan, [Task(path, number) for number, path in enumerate(plan.files)])
    after = [outcome.report.after for outcome in outcomes]
    assert after == [b"wait(timeout=5)\n", b"wait(timeout=9)\n"]


def only(project: Path, write: Write, pack: Pack, text: str | bytes) -> Outcome:
    write("a.py", text)
    plan = plan_of(project, pack)
    (outcome,) = runner.run(plan, tasks_of(plan))
    return outcome


@pytest.mark.parametrize(
    ("text", "line", "place"),
    [
        ("é = wait(1)\n", "é = wait(1)", Extent(1, 5, 1, 12)),
        ("\ufeffx = wait(1)\n", "x = wait(1)", Extent(1, 5, 1, 12)),
        ("x = (a\r\n  .wait(\r\n'ü'))\r\n", "  .wait(", Extent(1, 6, 3, 5)),
        ("\tx = 1 if wait() else 2".strip("\t"), "x = 1 if wait() else 2", Extent(1, 10, 1, 16)),
    ],
)
def test_places_are_in_characters(
    project: Path, write: Write, pack: Pack, text: str, line: str, place: Extent
) -> None:
    outcome = only(project, write, pack, text)
    (finding,) = outcome.report.findings
    assert outcome.lines[finding.line] == line
    assert outcome.extents[finding.span] == place


def test_places_with_a_coding_cookie(project: Path, write: Write, pack: Pack) -> None:
    text = "# coding: latin-1\né = wait('ü')\n".encode("latin-1")
    outcome = only(project, write, pack, text)
    assert len(outcome.report.findings) == 1
    assert outcome.lines == {2: "é = wait('ü')"}
    assert outcome.extents == {Span(22, 31): Extent(2, 5, 2, 14)}


def test_what_is_left_stands_where_the_formatter_put_it(
    project: Path, write: Write, pack: Pack
) -> None:
    write("pyproject.toml", "[tool.ruff]\nline-length = 40\n")
    write("a.py", 'x = a_long_name.wait("a long argument")\ny = wait("hopeless")\n')
    plan = plan_of(project, pack, FIX)
    (outcome,) = runner.run(plan, tasks_of(plan))
    report = outcome.report
    assert report.after == (
        b'x = a_long_name.wait(\n    "a long argument", timeout=5\n)\ny = wait("hopeless")\n'
    )
    assert [finding.line for finding in report.fixed] == [1]
    assert [left.finding.line for left in report.skipped] == [4]
    assert [finding.line for finding in report.findings] == [4]
