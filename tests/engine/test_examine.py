"""One file examined with toy rules: found, suppressed, fixed in rounds, guarded."""

from __future__ import annotations

import ast
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import libcst as cst
import pytest

from qw_codemod.edit.arguments import with_keyword
from qw_codemod.engine.examine import ROUNDS, examine
from qw_codemod.engine.reasons import NoCodemod
from qw_codemod.engine.tasks import Options
from qw_codemod.infer import Inference
from qw_codemod.kernel.model import Fact, FileReport, Fix
from qw_codemod.kernel.statements import render
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.api import (
    CannotFix,
    Check,
    Codemod,
    Context,
    Evidence,
    Import,
    Match,
    Obstacle,
    Rewrite,
    Statement,
    Unfixable,
    Unsafe,
)
from qw_codemod.rules.packs import Pack, assemble


class CalledWait(Statement):
    template = "it is called wait"


class OnlyItsName(Statement):
    template = "only its name says so"


PROVEN = Evidence("proven", (Fact(CalledWait(), "x.py", 1),))
PATH = "/p/x.py"


class Recorder(Inference):
    """Remembers what it was told to look at."""

    def __init__(self) -> None:
        super().__init__("/p", [PATH, "/p/limits.py"], [])
        self.seen: list[bytes] = []
        self.begun: list[bytes] = []

    def begin(self, source: SourceFile) -> None:
        if not self.begun:
            self.begun.append(source.data)
        super().begin(source)

    def revise(self, source: SourceFile) -> None:
        self.seen.append(source.data)
        super().revise(source)

    def restore(self) -> None:
        self.seen += self.begun
        super().restore()


def find_waits(source: SourceFile, context: Context) -> Iterator[Match]:
    """Calls of something called wait without `t=`; what the call is given says how sure it is."""
    for call in source.nodes(ast.Call):
        name = source.text(call.func)
        if not name.endswith("wait") or any(each.arg == "t" for each in call.keywords):
            continue
        text = source.text(call)
        yield Match(
            call,
            f"{name} waits for ever",
            Evidence("likely", doubt=OnlyItsName()) if "likely" in text else PROVEN,
            remedy=None if "hopeless" in text else "t",
        )


class InLoop(Statement):
    template = "it is in a loop"


class NotHere(Statement):
    template = "not here"


class SomebodyWaits(Statement):
    template = "somebody is waiting"


def assess_wait(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    return Unsafe(InLoop()) if "unsafe" in source.text(match.node) else None


def add_t(node: cst.CSTNode, keyword: str, settings: Mapping[str, Any]) -> Rewrite | None:
    assert isinstance(node, cst.Call)
    return Rewrite(with_keyword(node, keyword, str(settings.get("seconds", 3))))


WAITS = Check("TOY1", "endless-wait", "waits", find_waits, (b"wait",), assess=assess_wait)


def find_prints(source: SourceFile, context: Context) -> Iterator[Match]:
    for call in source.nodes(ast.Call):
        if source.text(call.func) == "print":
            yield Match(call, "prints", PROVEN)


PRINTS = Check("TOY2", "left-print", "prints", find_prints, (b"print",))

Rewriter = Callable[[cst.CSTNode, Any, Mapping[str, Any]], Rewrite | None]


def pack_of(rewrite: Rewriter = add_t, *more: Check) -> Pack:
    return assemble({"toys": [WAITS, PRINTS, *more]}, {"toys": Codemod(("TOY1",), rewrite)})


def run(
    text: str | bytes, pack: Pack | None = None, infer: Inference | None = None, **options: Any
) -> FileReport:
    data = text.encode() if isinstance(text, str) else text
    return examine(
        SourceFile(PATH, data), pack or pack_of(), infer or Recorder(), Options(**options)
    )


def fix(text: str | bytes, pack: Pack | None = None, **options: Any) -> FileReport:
    return run(text, pack, fix=frozenset({"TOY1", "TOY2"}), **options)


def test_findings_are_in_the_order_of_the_file() -> None:
    report = run("print(1)\nif x:\n    é = print(2); a.b.wait(1)\nwait()\n")
    assert [(each.line, each.column, each.code) for each in report.findings] == [
        (1, 1, "TOY2"),
        (3, 9, "TOY2"),
        (3, 23, "TOY1"),
        (4, 1, "TOY1"),
    ]
    assert report.after is None
    assert not report.skipped


def test_a_finding_stands_at_the_name_of_the_method() -> None:
    (finding,) = run("x = (a\n    .b()\n    .wait(\n    1))\n").findings
    assert (finding.line, finding.column, finding.end_line) == (3, 6, 4)
    assert (finding.rule, finding.family, finding.path) == ("endless-wait", "toys", PATH)


def test_where_a_check_points() -> None:
    def point(source: SourceFile, context: Context) -> Iterator[Match]:
        for loop in source.nodes(ast.For):
            yield Match(loop.iter, "iterated", PROVEN)
            yield Match(loop, "loop", PROVEN, at=loop.iter)

    pack = assemble({"toys": [Check("TOY3", "loop", "", point, ())]})
    places = [(each.line, each.column) for each in run("for x in a.b:\n    pass\n", pack).findings]
    assert places == [(1, 10), (1, 12)]


def test_only_the_rules_asked_for() -> None:
    assert not run("wait()\n", codes=frozenset({"TOY2"})).findings


def test_tokens_come_first() -> None:
    blind = Check("TOY3", "blind", "", lambda source, context: 1 / 0, (b"never",))  # type: ignore[arg-type,return-value]
    assert not run("wait()\n", pack_of(add_t, blind)).problems
    assert not run("x = (\n").problems  # nothing can hit it, so it is not even parsed


def test_fixed() -> None:
    report = fix("x = wait()\nprint(1)\n", settings={"toys": {"seconds": 5}})
    assert report.before == b"x = wait()\nprint(1)\n"
    assert report.after == b"x = wait(t=5)\nprint(1)\n"
    assert [each.code for each in report.fixed] == ["TOY1"]
    assert [each.code for each in report.findings] == ["TOY2"]


def test_codes_that_are_not_chosen_stay() -> None:
    report = run("wait()\n", fix=frozenset({"TOY2"}))
    assert report.after is None
    assert [each.code for each in report.findings] == ["TOY1"]
    assert not report.skipped


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("wait('likely')", "likely only: only its name says so; edit with --likely"),
        ("wait('unsafe')", "unsafe: it is in a loop; edit with --unsafe"),
        (
            "wait('likely', 'unsafe')",
            "likely only: only its name says so, and unsafe: it is in a loop; "
            "edit with --likely --unsafe",
        ),
        ("wait('hopeless')", "reported only: there is no rewrite for it"),
        ("wait('hopeless', 'unsafe')", "it is in a loop"),
        ("wait(**x)", "`**x` may hold `t` already"),
        ("print(1)", "reported only: there is no rewrite for it"),
    ],
)
def test_left_with_a_reason(text: str, reason: str) -> None:
    report = fix(text)
    assert [render(each.reason) for each in report.skipped] == [reason]
    assert [each.finding for each in report.skipped] == list(report.findings)
    assert report.after is None


def test_asked_for_it_edits_more() -> None:
    text = "wait('likely')\nwait('unsafe')\nwait('likely', 'unsafe')\n"
    assert fix(text, likely=True).after == text.encode().replace(b"('likely')", b"('likely', t=3)")
    assert fix(text, unsafe=True).after == text.encode().replace(b"('unsafe')", b"('unsafe', t=3)")
    report = fix(text, likely=True, unsafe=True)
    assert report.after == text.encode().replace(b")", b", t=3)")
    assert not report.skipped


def test_only_what_is_edited_is_planned() -> None:
    planned: list[str] = []

    def plan(source: SourceFile, context: Context, match: Match) -> str:
        planned.append(source.text(match.node))
        return "t"

    pack = pack_of(add_t)
    pack = replace(
        pack,
        rules=tuple(replace(each, check=replace(each.check, plan=plan)) for each in pack.rules),
    )
    text = "wait('likely')\nwait('unsafe')\nwait('hopeless')\nwait(1)\n"
    assert len(run(text, pack).findings) == 4
    assert planned == []
    assert fix(text, pack).after == text.encode().replace(b"(1)", b"(1, t=3)")
    assert planned == ["wait(1)"]


def test_a_plan_may_refuse() -> None:
    def plan(source: SourceFile, context: Context, match: Match) -> str:
        raise CannotFix(NotHere())

    check = replace(WAITS, plan=plan)
    pack = assemble({"toys": [check]}, {"toys": Codemod(("TOY1",), add_t)})
    assert [render(each.reason) for each in fix("wait()\n", pack).skipped] == ["not here"]


def test_who_only_finds_need_not_assess() -> None:
    def assess(source: SourceFile, context: Context, match: Match) -> Obstacle:
        asked.append(source.text(match.node))
        return Unfixable(SomebodyWaits())

    asked: list[str] = []
    pack = assemble({"toys": [replace(WAITS, assess=assess)]}, {"toys": Codemod(("TOY1",), add_t)})
    (found,) = run("wait()\n", pack, assess=False).findings
    assert (found.fixable, found.reason, asked) == (True, None, [])
    (found,) = run("wait()\n", pack).findings
    assert (found.fixable, found.safety, found.reason) == (False, "safe", SomebodyWaits())
    assert asked == ["wait()"]
    assert fix("wait()\n", pack, assess=False).after is None  # what is edited is assessed


def test_checks_share_what_they_ask_about_a_file() -> None:
    asked: list[bytes] = []

    def calls(source: SourceFile, infer: Inference) -> tuple[ast.Call, ...]:
        asked.append(source.data)
        return tuple(source.nodes(ast.Call))

    def find(source: SourceFile, context: Context) -> Iterator[Match]:
        for call in context.once(calls, source):
            yield Match(call, "call", PROVEN)

    more = [Check("TOY3", "call", "", find, ()), Check("TOY4", "another", "", find, ())]
    assert len(run("f()\n", assemble({"toys": more})).findings) == 2
    assert asked == [b"f()\n"]
    after = fix("wait()\n", pack_of(add_t, *more)).after
    assert after == b"wait(t=3)\n"
    assert asked[1:] == [b"wait()\n", after]  # an edited file is another file


def test_no_codemod_for_a_remedy() -> None:
    (left,) = fix("wait()", assemble({"toys": [WAITS]})).skipped
    assert left.reason == NoCodemod("TOY1")


def test_nested_findings_take_rounds() -> None:
    infer = Recorder()
    report = fix("wait(wait(wait()))\n", infer=infer)
    assert report.after == b"wait(wait(wait(t=3), t=3), t=3)\n"
    assert [each.column for each in report.fixed] == [1, 6, 11]
    # Everyone else sees the file as it is on disk.
    assert infer.seen[-1] == b"wait(wait(wait()))\n"


def test_findings_that_wait_for_a_round_keep_their_lines() -> None:
    def make(node: cst.CSTNode, plan: object, settings: object) -> Rewrite:
        assert isinstance(node, cst.Call)
        limit = Import("limits", "MOST")
        return Rewrite(with_keyword(node, "t", "MOST"), ("check()",), imports=(limit,))

    report = fix("wait()\nx = 1\nwait()\nwait(); y = wait()\n", pack_of(make))
    assert report.after == (
        b"from limits import MOST\n\ncheck()\nwait(t=MOST)\nx = 1\n"
        b"check()\nwait(t=MOST)\ncheck()\nwait(t=MOST); y = wait()\n"
    )
    assert [(each.line, each.column) for each in report.fixed] == [(1, 1), (3, 1), (4, 1)]
    (left,) = report.skipped
    assert (
        render(left.reason)
        == "no statement can go before it: its statement shares the line with another"
    )


def test_first_party_imports_stand_apart() -> None:
    def make(node: cst.CSTNode, plan: object, settings: object) -> Rewrite:
        assert isinstance(node, cst.Call)
        return Rewrite(with_keyword(node, "t", "MOST"), imports=(Import("limits", "MOST"),))

    after = fix("import os\n\nimport yarl\n\nwait()\n", pack_of(make)).after
    assert after == (b"import os\n\nimport yarl\n\nfrom limits import MOST\n\nwait(t=MOST)\n")


def test_suppressed_findings_are_not_edited() -> None:
    report = fix("wait()  # noqa: TOY1\nx = 1  # noqa: TOY2\n")
    assert [each.code for each in report.suppressed] == ["TOY1"]
    assert ["TOY2" in each.message for each in report.unused_suppressions] == [True]
    assert report.after is None


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"wait(\n", 1, "cannot parse"),
        (b"x = 1\nprint 'wait'\n", 2, "cannot parse"),
        (b"wait()\n\0", 2, "NUL"),
        ("x = 1\n# é\nwait()\n".encode("latin-1"), 2, "not utf-8"),
        ("x = 'é'\nwait()\n".encode("latin-1"), None, "cannot parse"),
        (b"# coding: nonsense\nwait()\n", None, "nonsense"),
        (b"wait(" * 250 + b")" * 250, None, "cannot parse"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem(data: bytes, line: int | None, words: str) -> None:
    report = fix(data)
    (problem,) = report.problems
    assert words in problem.message
    assert line is None or problem.line == line
    assert problem.path == PATH
    assert not report.findings


def test_a_rule_that_crashes_is_named_and_the_others_go_on() -> None:
    def crash(source: SourceFile, context: Context) -> Iterator[Match]:
        yield Match(next(source.nodes(ast.Call)), "one", PROVEN)
        raise KeyError("what")

    def recurse(source: SourceFile, context: Context) -> Any:
        return recurse(source, context)

    more = [Check("TOY3", "crash", "", crash, ()), Check("TOY4", "deep", "", recurse, ())]
    report = fix("wait()  # noqa: TOY3\n", pack_of(add_t, *more))
    assert [(each.rule, each.path) for each in report.problems] == [("TOY3", PATH), ("TOY4", PATH)]
    assert "KeyError: 'what'" in report.problems[0].message
    assert "RecursionError" in report.problems[1].message
    assert report.after == b"wait(t=3)  # noqa: TOY3\n"
    assert not report.unused_suppressions  # who knows whether the rule would have found it


def test_a_codemod_that_crashes_is_named() -> None:
    def crash(node: object, plan: object, settings: object) -> Rewrite:
        raise ZeroDivisionError

    report = fix("wait()\n", pack_of(crash))
    assert [(each.rule, each.message) for each in report.problems] == [
        ("TOY1", "the rule crashed: ZeroDivisionError")
    ]
    assert [render(each.reason) for each in report.skipped] == ["its codemod crashed"]
    assert report.after is None


def test_a_codemod_may_refuse() -> None:
    def refuse(node: object, plan: object, settings: object) -> Rewrite:
        raise CannotFix(NotHere())

    report = fix("wait()\n", pack_of(refuse))
    assert [render(each.reason) for each in report.skipped] == ["not here"]
    assert not report.problems


def breaks(node: cst.CSTNode, plan: object, settings: object) -> Rewrite:
    assert isinstance(node, cst.Call)
    twice = with_keyword(node, "t", "3").args[-1]
    if "1" in cst.Module([]).code_for_node(node):
        return Rewrite(node.with_changes(args=[twice, twice]))
    return Rewrite(node.with_changes(args=[twice]))


def test_an_edit_that_would_not_compile_leaves_the_file() -> None:
    infer = Recorder()
    report = fix("wait()\nwait(1)\n", pack_of(breaks), infer=infer)
    (problem,) = report.problems
    assert problem.rule == "TOY1"
    assert "would not be valid" in problem.message
    assert report.after is None
    assert not report.fixed
    assert len(report.findings) == len(report.skipped) == 2
    assert infer.seen[-1:] in ([], [b"wait()\nwait(1)\n"])


def test_the_guard_names_the_rule_that_broke_it() -> None:
    def find_stops(source: SourceFile, context: Context) -> Iterator[Match]:
        for call in source.nodes(ast.Call):
            if source.text(call.func) == "stop" and not call.args:
                yield Match(call, "stop", PROVEN, remedy="a")

    def spoil(node: cst.CSTNode, plan: object, settings: object) -> Rewrite:
        return Rewrite(cst.parse_expression("stop(a=1, a=2)"))

    pack = assemble(
        {"toys": [WAITS], "stops": [Check("TOY5", "stop", "", find_stops, ())]},
        {"toys": Codemod(("TOY1",), add_t), "stops": Codemod(("TOY5",), spoil)},
    )
    report = run("wait()\nstop()\n", pack, fix=pack.codes)
    assert [each.rule for each in report.problems] == ["TOY5"]
    assert report.after is None


def test_a_file_that_does_not_compile_is_not_edited() -> None:
    report = fix("wait()\nreturn 1\n")
    (problem,) = report.problems
    assert "is not valid" in problem.message
    assert report.after is None
    assert len(report.findings) == 1


def test_edits_that_never_end_leave_the_file() -> None:
    calls = []

    def grow(node: cst.CSTNode, plan: object, settings: object) -> Rewrite:
        assert isinstance(node, cst.Call)
        calls.append(node)
        return Rewrite(node.with_changes(args=[*node.args, cst.Arg(cst.Integer("1"))]))

    infer = Recorder()
    report = fix("wait()\n", pack_of(grow), infer=infer)
    (problem,) = report.problems
    assert problem.rule == "TOY1"
    assert f"{ROUNDS} rounds" in problem.message
    assert report.after is None
    assert not report.fixed
    assert [each.line for each in report.findings] == [1]
    assert len(calls) == ROUNDS + 1
    assert infer.seen[-1] == b"wait()\n"


def test_each_edit_is_asked_for_once() -> None:
    asked: list[str] = []

    def accept(edit: Fix, source: SourceFile) -> bool:
        asked.append(f"{edit.finding.line}:{edit.finding.column}")
        return edit.finding.column != 6

    report = fix("x = 1\nwait(wait(wait()))\n", accept=accept)
    assert report.after == b"x = 1\nwait(wait(wait(t=3)), t=3)\n"
    assert asked == ["2:1", "2:6", "2:11"]
    assert [render(each.reason) for each in report.skipped] == ["declined"]


def test_a_second_run_changes_nothing() -> None:
    first = fix("wait(wait())\r\nx = wait(\r\n    1,\r\n)\r\n")
    assert first.after is not None
    assert fix(first.after).after is None


def test_reports_cross_processes_and_become_json() -> None:
    report = fix("wait()\nwait('likely')\n")
    assert pickle.loads(pickle.dumps(report)) == report
    assert json.dumps(asdict(replace(report, before=b"", after=None)), default=repr)


def test_a_run_that_only_finds_does_not_load_libcst() -> None:
    program = """
import sys
from qw_codemod.engine import examine as engine
from qw_codemod.rules import packs
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
pack = packs.load()
text = b"import requests\\nrequests.get('x')  # noqa: QW103\\njob.result()\\n"
source = SourceFile("/x.py", text)
engine.examine(source, pack, Inference("/", [], []))
assert pack.fixes("timeouts")
print("libcst" in sys.modules)
pack.codemods()
print("libcst" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["False", "True"], "")
