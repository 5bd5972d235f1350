"""The commands as a person types them: output, exit codes, and what stands on the disk."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from qw_codemod.app import cli as command_line
from qw_codemod.app.cli import cli
from qw_codemod.engine import journal, runner

Write = Callable[..., Path]
Run = Callable[..., Result]
Git = Callable[..., str]

MODULE = [sys.executable, "-m", "qw_codemod"]


def test_check_exit_codes(run: Run, write: Write) -> None:
    write("clean.py", "x = 1\n")
    assert run("check").exit_code == 0
    write("doubt.py", "wait('likely')\n")
    assert run("check").exit_code == 0
    assert run("check", "--likely").exit_code == 1
    write("found.py", "wait()\n")
    assert run("check").exit_code == 1
    assert run("check", "--exit-zero").exit_code == 0
    write("broken.py", "wait(\n")
    assert run("check").exit_code == 2
    assert run("check", "--exit-zero").exit_code == 2


def test_check_writes_nothing(run: Run, write: Write, project: Path) -> None:
    file = write("a.py", "wait()\n")
    before = file.stat()
    run("check")
    after = file.stat()  # when it was read last may differ
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert sorted(each.name for each in project.iterdir()) == ["a.py", "pyproject.toml"]


def test_apply_edits_what_is_proven_and_safe(run: Run, write: Write) -> None:
    file = write("a.py", "wait()\nwait('likely')\nwait('unsafe')\n")
    assert run("apply", "waits").exit_code == 0
    assert file.read_text() == "wait(timeout=5)\nwait('likely')\nwait('unsafe')\n"
    run("apply", "waits", "--likely")
    assert file.read_text() == "wait(timeout=5)\nwait('likely', timeout=5)\nwait('unsafe')\n"
    run("apply", "waits", "--unsafe")
    assert "wait('unsafe', timeout=5)" in file.read_text()
    assert "Made 0 edits" in run("apply", "waits", "--likely", "--unsafe").output


@pytest.mark.parametrize("rules", ["waits", "TOY101", "toy101", "endless-wait", "all", "waits,all"])
def test_apply_takes_families_codes_and_names(run: Run, write: Write, rules: str) -> None:
    file = write("a.py", "wait()\n")
    run("apply", rules)
    assert file.read_text() == "wait(timeout=5)\n"


def test_apply_leaves_other_bytes_and_the_mode(run: Run, write: Write) -> None:
    file = write("a.py", b"\xef\xbb\xbfx  =  1\r\n\x0cwait ( 1 )\r\ny")
    file.chmod(0o755)
    run("apply", "waits")
    assert file.read_bytes() == b"\xef\xbb\xbfx  =  1\r\n\x0cwait ( 1, timeout=5 )\r\ny"
    assert file.stat().st_mode & 0o777 == 0o755


def test_undo_gives_the_exact_bytes_back(run: Run, write: Write, project: Path) -> None:
    files = {f"pkg/f{n}.py": f"wait({n})\r\n".encode() for n in range(50)}
    for path, data in files.items():
        write(path, data)
    run("apply", "waits", "--jobs", "2")
    assert all((project / path).read_bytes() != data for path, data in files.items())
    result = run("undo")
    assert result.exit_code == 0
    assert "50 files restored" in result.output
    assert {path: (project / path).read_bytes() for path in files} == files
    again = run("undo")
    assert again.exit_code == 2
    assert "nothing to undo: no apply is recorded in" in again.stderr


def test_undo_names_what_was_edited_since(run: Run, write: Write) -> None:
    a, b = write("a.py", "wait()\n"), write("b.py", "wait()\n")
    run("apply", "waits")
    a.write_text("edited\n")
    result = run("undo")
    assert result.exit_code == 2
    assert "restored b.py" in result.output
    assert "not restored a.py: edited since the apply" in result.output
    assert (a.read_text(), b.read_text()) == ("edited\n", "wait()\n")


def test_undo_works_from_any_folder_of_the_project(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("pkg/a.py", "wait()\n")
    run("apply", "waits")
    monkeypatch.chdir(project / "pkg")
    assert "restored a.py" in run("undo").output
    assert file.read_text() == "wait()\n"


def test_an_apply_without_edits_keeps_the_last_undo(run: Run, write: Write) -> None:
    file = write("a.py", "wait()\n")
    run("apply", "waits")
    run("apply", "waits")
    run("undo")
    assert file.read_text() == "wait()\n"


def test_diff_writes_nothing_and_can_be_applied(
    run: Run, write: Write, project: Path, git: Git
) -> None:
    file = write("pkg/a.py", "wait()\n")
    result = run("apply", "waits", "--diff")
    assert result.exit_code == 1
    assert file.read_text() == "wait()\n"
    assert not (project / ".qw-codemod").exists()
    write("p.diff", result.stdout)
    git("apply", "p.diff")
    assert file.read_text() == "wait(timeout=5)\n"
    assert run("apply", "waits", "--diff").exit_code == 0


def test_another_apply_is_waited_for(run: Run, write: Write, project: Path) -> None:
    write("a.py", "wait()\n")
    with journal.locked(project):
        result = run("apply", "waits")
    assert result.exit_code == 2
    assert "another run" in result.stderr


def test_interrupted_while_writing_it_says_how_to_go_back(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = write("a.py", "wait(1)\n"), write("b.py", "wait(2)\n")
    replace = os.replace

    def interrupted(source: str, target: str) -> None:
        if str(target).endswith("b.py"):
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        result = run("apply", "waits")
    assert result.exit_code == 2
    assert "1 of 2 files are changed; give them back with: qw-codemod undo" in result.stderr
    assert (first.read_text(), second.read_text()) == ("wait(1, timeout=5)\n", "wait(2)\n")
    assert not (first.parent / ".b.py.qw-codemod").exists()
    run("undo")
    assert first.read_text() == "wait(1)\n"


def test_interrupted_while_examining_nothing_is_done(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.py", "wait(1)\n")

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    with pytest.raises(click.Abort):
        run("apply", "waits")
    assert sorted(each.name for each in project.iterdir()) == ["a.py", "pyproject.toml"]


@pytest.mark.parametrize(
    ("answers", "edited"),
    [
        ("y\nn\ny\n", [1, 0, 1]),
        ("a\ny\n", [1, 1, 1]),
        ("n\nq\n", [0, 0, 0]),
        ("y\nq\n", [1, 0, 0]),
    ],
)
def test_interactive_asks_for_each_edit(
    run: Run, write: Write, answers: str, edited: list[int]
) -> None:
    a, b = write("a.py", "wait(1)\nwait('likely')\n"), write("b.py", "wait('unsafe')\n")
    result = run("apply", "waits", "--interactive", input=answers)
    lines = (a.read_text() + b.read_text()).splitlines()
    assert [int("timeout" in line) for line in lines] == edited
    assert "+wait(1, timeout=5)" in result.output
    assert "it is called wait  a.py:1" in result.output
    assert result.output.count("Make this edit?") == answers.count("\n")


def test_interactive_with_nobody_there_edits_nothing(run: Run, write: Write) -> None:
    file = write("a.py", "wait(1)\n")
    with pytest.raises(click.Abort):
        run("apply", "waits", "-i", input="")
    assert file.read_text() == "wait(1)\n"
    assert not (file.parent / ".qw-codemod").exists()


def test_standard_input(run: Run, write: Write, project: Path) -> None:
    result = run("check", "-", "--stdin-filename", "pkg/a.py", input="wait()\n")
    assert result.exit_code == 1
    assert "pkg/a.py:1:1: TOY101" in result.output
    result = run("apply", "waits", "-", "--stdin-filename", "pkg/a.py", input="wait()\r\n")
    assert result.exit_code == 0
    assert result.stdout_bytes == b"wait(timeout=5)\r\n"
    assert "Made 1 edit" in result.stderr
    assert not (project / "pkg").exists()


def test_standard_input_that_cannot_be_examined_comes_back(run: Run) -> None:
    result = run("apply", "waits", "-", input="wait(\n")
    assert (result.exit_code, result.stdout) == (2, "wait(\n")
    assert "stdin.py:1: cannot parse" in result.stderr


def test_standard_input_stands_alone(run: Run) -> None:
    result = run("check", "-", "a.py", input="")
    assert (result.exit_code, "`-` stands alone" in result.stderr) == (2, True)


def test_standard_input_has_the_settings_of_its_place(run: Run, write: Write) -> None:
    write("pkg/pyproject.toml", "[tool.qw-codemod.waits]\nseconds = 77\n")
    result = run("apply", "waits", "-", "--stdin-filename", "pkg/a.py", input="wait()\n")
    assert result.stdout == "wait(timeout=77)\n"


def test_each_folder_has_its_own_settings(run: Run, write: Write, git: Git) -> None:
    write("pyproject.toml", "[tool.qw-codemod.waits]\nseconds = 1\n")
    write("x/pyproject.toml", "[tool.qw-codemod.waits]\nseconds = 2\n")
    a, b = write("a.py", "wait()\n"), write("x/b.py", "wait()\n")
    write("y/pyproject.toml", '[tool.qw-codemod]\nexclude = ["c.py"]\n')
    c = write("y/c.py", "wait()\n")
    run("apply", "waits")
    assert [each.read_text() for each in (a, b, c)] == [
        "wait(timeout=1)\n",
        "wait(timeout=2)\n",
        "wait()\n",
    ]


def test_selection(run: Run, write: Write) -> None:
    file = write("a.py", "wait()\n")
    assert run("check", "--select", "waits").exit_code == 1
    assert run("check", "--ignore", "TOY101").exit_code == 0
    write("pyproject.toml", '[tool.qw-codemod]\nignore = ["endless-wait"]\n')
    assert run("check").exit_code == 0
    assert "Made 0 edits" in run("apply", "waits").output
    assert "Made 1 edit" in run("apply", "TOY101").output
    assert file.read_text() == "wait(timeout=5)\n"


def test_settings_that_cannot_be_are_told(run: Run, write: Write) -> None:
    write("a.py", "wait()\n")
    write("pyproject.toml", "[tool.qw-codemod]\nselct = []\n")
    result = run("check")
    assert result.exit_code == 2
    assert "pyproject.toml: [tool.qw-codemod] unknown key 'selct'" in result.stderr
    write("pyproject.toml", '[tool.qw-codemod]\nselect = ["weights"]\n')
    result = run("check")
    assert result.exit_code == 2
    assert "pyproject.toml: unknown family or rule 'weights'; did you mean waits?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("apply", "wiats"), "unknown family or rule 'wiats'; did you mean waits?"),
        (("apply", "a.py"), "name the rules first: qw-codemod apply all a.py"),
        (("check", "--select", "nope"), "unknown family or rule 'nope'"),
        (("explain", "TOY100"), "did you mean TOY101?"),
        (("check", "--write-baseline"), "--write-baseline needs --baseline FILE"),
        (("check", "--baseline", "gone.json"), "gone.json does not exist; create it with"),
        (("check", "--root", "gone"), "--root gone is not a folder"),
        (("config", "gone"), "gone does not exist"),
    ],
)
def test_mistakes_end_in_one_line(
    run: Run, write: Write, arguments: tuple[str, ...], message: str
) -> None:
    write("a.py", "wait()\n")
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_paths_of_two_projects_are_refused(run: Run, write: Write, tmp_path: Path) -> None:
    write("a.py", "wait()\n")
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    (other / "b.py").write_text("wait()\n")
    result = run("check", "a.py", "../other/b.py")
    assert result.exit_code == 2
    assert "these paths are of several projects" in result.stderr


def test_a_path_outside_the_given_root_is_refused(run: Run, write: Write) -> None:
    write("in/a.py", "")
    write("out/b.py", "wait()\n")
    result = run("apply", "waits", "--root", "in", "out", "out/b.py")
    assert result.exit_code == 2
    assert result.output.count("outside of the project") == 2


def test_nothing_to_examine_is_said(run: Run) -> None:
    assert "no Python files in ." in run("check").output


def test_the_report_can_go_to_a_file(run: Run, write: Write, project: Path) -> None:
    write("a.py", "wait()\n")
    result = run("check", "--format", "json", "--output", "report.json")
    assert json.loads((project / "report.json").read_text())["findings"]
    assert "Found 1 finding" in result.output
    assert '"findings"' not in result.output
    result = run("check", "--output", "gone/report.txt")
    assert (result.exit_code, "cannot be written" in result.stderr) == (2, True)


def test_quiet_says_only_what_is_wrong(run: Run, write: Write) -> None:
    write("a.py", "x = 1\n")
    assert run("check", "-q").output == ""
    write("a.py", "wait()\n")
    assert "Found" not in run("check", "-q").output
    assert "a.py:1:1: TOY101" in run("check", "-q").output
    assert run("apply", "waits", "-q").output == ""


def test_a_baseline_ratchets(run: Run, write: Write, project: Path) -> None:
    file = write("a.py", "wait(1)\nwait(1)\nwait(2)\n")
    b = write("b.py", "wait(3)\n")
    assert run("check", "--baseline", "b.json", "--write-baseline").exit_code == 0
    assert run("check", "--baseline", "b.json").exit_code == 0
    file.write_text("# moved\nif x:\n    wait(1)\nwait(1)\nwait(2)\n")
    assert run("check", "--baseline", "b.json").exit_code == 0
    file.write_text("wait(1)\nwait(1)\nwait(1)\nwait(2)\n")
    result = run("check", "--baseline", "b.json")
    assert result.exit_code == 1
    assert "Found 1 finding" in result.output
    file.write_text("wait(1)\n")
    result = run("check", "--baseline", "b.json", "a.py")
    assert result.exit_code == 0
    assert "2 baseline entries fixed" in result.output
    assert "  a.py: TOY101 wait(1)\n  a.py: TOY101 wait(2)\n" in result.output
    b.write_text("")
    written = run("check", "a.py", "--baseline", "b.json", "--write-baseline")
    assert "b.json: 0 added, 2 removed" in written.output
    entries = json.loads((project / "b.json").read_text())["findings"]
    assert [(each["path"], each["line"], each["count"]) for each in entries] == [
        ("a.py", "wait(1)", 1),
        ("b.py", "wait(3)", 1),
    ]
    b.unlink()
    assert "b.py: TOY101 wait(3)" in run("check", "a.py", "--baseline", "b.json").output


@pytest.mark.parametrize("text", ["[]", "{", '{"version": 9}', '{"version": 1, "findings": [1]}'])
def test_a_damaged_baseline_is_told(run: Run, write: Write, text: str) -> None:
    write("b.json", text)
    result = run("check", "--baseline", "b.json")
    assert result.exit_code == 2
    assert "b.json " in result.stderr


def test_rules_and_explain(run: Run) -> None:
    line = "TOY101  endless-wait  waits  apply  A wait without an end.\n"
    assert run("rules").output == line
    (rule,) = json.loads(run("rules", "--format", "json").output)
    assert (rule["code"], rule["rewrites"]) == ("TOY101", True)
    for name in ("waits", "TOY101", "endless-wait"):
        assert run("explain", name).output.startswith("TOY101 endless-wait: A wait without an end.")


def test_config_prints_what_counts_and_whence(run: Run, write: Write, git: Git) -> None:
    write(
        "pyproject.toml", "[tool.qw-codemod]\nlikely = true\n[tool.qw-codemod.waits]\nseconds = 3\n"
    )
    write("x/pyproject.toml", '[tool.qw-codemod.types]\n"a.b" = "c.D"\n')
    output = run("config", "x").output
    assert "# from: pyproject.toml\n# from: x/pyproject.toml\n" in output
    assert "likely = true\n" in output
    assert "[tool.qw-codemod.waits]\nseconds = 3\n" in output
    assert '[tool.qw-codemod.types]\n"a.b" = "c.D"\n' in output


def test_a_setting_can_make_doubt_count(run: Run, write: Write) -> None:
    file = write("a.py", "wait('likely')\n")
    write("pyproject.toml", "[tool.qw-codemod]\nlikely = true\n")
    assert run("check").exit_code == 1
    run("apply", "waits")
    assert file.read_text() == "wait('likely', timeout=5)\n"


def test_every_command_and_option_has_a_help_text() -> None:
    for name, command in cli.commands.items():
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.name}"
        assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


def test_help_loads_neither_rules_nor_parsers() -> None:
    code = (
        "import sys; sys.argv = ['qw-codemod', 'check', '--help']\n"
        "import click; clicks = set(sys.modules)\n"
        "from qw_codemod.app.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'libcst', 'multiprocessing', 'qw_codemod.rules.packs', 'importlib.metadata',\n"
        "         'qw_codemod.engine.examine', 'subprocess', 'json'}\n"
        "print(sorted(heavy & set(sys.modules) - clicks), file=sys.stderr)"
    )
    command = [sys.executable, "-S", "-c", code]  # -S: an editable install loads things of its own
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_check_does_not_load_libcst(write: Write, project: Path) -> None:
    write("a.py", "x = 1\n")
    code = (
        "import sys\nfrom qw_codemod.app import commands\nfrom qw_codemod.rules import packs\n"
        "from qw_codemod.rules.api import Check\n"
        "rule = Check('TOY1', 'a', '', lambda source, context: [], ())\n"
        "packs.load = lambda: packs.assemble({'toys': [rule]})\n"
        "commands.check(commands.Request())\nassert 'libcst' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True)


def test_a_fault_of_our_own_is_no_traceback(project: Path) -> None:
    code = (
        "from qw_codemod.app import cli\nfrom qw_codemod.rules import packs\n"
        "def load(): raise AttributeError('oh no')\n"
        "packs.load = load\n"
        "import sys; sys.argv = ['qw-codemod', 'check']; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "a fault of qw-codemod's own, AttributeError: oh no" in done.stderr
    assert "Traceback" not in done.stderr
    environment = {**os.environ, "QW_CODEMOD_TRACEBACK": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_a_name_that_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["qw-codemod", "chekc"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2


def test_the_options_in_the_hooks_exist() -> None:
    text = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text("utf-8")
    for name, options in re.findall(r"entry: qw-codemod (\w+)(.*)", text):
        known = {opt for param in cli.commands[name].params for opt in param.opts}
        assert set(options.split()) <= known
