"""An edited file stays clean under the project's formatter, and other files stay as edited."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from qw_codemod.engine import formatter as style
from qw_codemod.engine.formatter import restyle

FITS = "x = call(" + "a" * 50 + ", 1)\n"
LONG = FITS.replace(", 1)", ", 1, timeout=300, other=2, more=3)")
SPLIT = "x = call(\n    " + "a" * 50 + ", 1, timeout=300, other=2, more=3\n)\n"
UNCLEAN = FITS.replace("x = ", "x=")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    return tmp_path


def styled(project: Path, before: str, after: str, file: str = "deep/er/x.py") -> str:
    result = restyle(str(project / file), before.encode(), after.encode())
    assert not result.note
    return result.data.decode()


CONFIGURATIONS = {
    "pyproject.toml": "[tool.ruff]\nline-length = 88\n",
    "ruff.toml": "line-length = 88\n",
    ".ruff.toml": "",
    ".pre-commit-config.yaml": "repos:\n- repo: r\n  hooks:\n  - id: ruff-format\n",
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_ruff(project: Path, name: str) -> None:
    (project / name).write_text(CONFIGURATIONS[name])
    assert styled(project, FITS, LONG) == SPLIT
    assert styled(project, UNCLEAN, LONG) == LONG


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.black]\n"),
        (".pre-commit-config.yaml", "repos:\n- repo: r\n  hooks:\n  - id: black\n"),
    ],
)
def test_black(project: Path, name: str, text: str) -> None:
    (project / name).write_text(text)
    assert styled(project, FITS, LONG) == SPLIT
    assert styled(project, UNCLEAN, LONG) == LONG


JOINED = 'y = "a " f"{x}"\n'  # ruff joins it, black does not


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (f"{FITS}{JOINED}", f"{LONG}{JOINED}", f"{LONG}{JOINED}"),  # cannot be told apart
        (f"{JOINED}z = 1\n{FITS}", f"{JOINED}z = 1\n{LONG}", f"{JOINED}z = 1\n{SPLIT}"),
        (f"{UNCLEAN}z = 1\n{FITS}", f"{UNCLEAN}z = 1\n{LONG}", f"{UNCLEAN}z = 1\n{SPLIT}"),
        (f"{JOINED}z = 1\n{UNCLEAN}", f"{JOINED}z = 1\n{LONG}", f"{JOINED}z = 1\n{LONG}"),
    ],
)
def test_what_was_edited_stays_clean_under_black_whatever_ruff_says_of_the_rest(
    project: Path, before: str, after: str, expected: str
) -> None:
    (project / "pyproject.toml").write_text("[tool.black]\n")
    assert styled(project, before, after) == expected


def test_black_settings(project: Path) -> None:
    settings = "line-length = 200\nskip-string-normalization = true\ntarget-version = ['py310']\n"
    (project / "pyproject.toml").write_text(f"[tool.black]\n{settings}")
    assert styled(project, f"y = 'a'\n{FITS}", f"y = 'a'\n{LONG}") == f"y = 'a'\n{LONG}"
    assert styled(project, FITS, "x = f( 1)\n") == "x = f(1)\n"


def test_black_hook_arguments(project: Path) -> None:
    hook = "repos:\n- hooks:\n  - id: black\n    args: [--line-length=200, -S]\n  - id: other\n"
    (project / ".pre-commit-config.yaml").write_text(hook)
    assert styled(project, f"y = 'a'\n{FITS}", f"y = 'a'\n{LONG}") == f"y = 'a'\n{LONG}"


def test_black_beside_ruff_as_linter(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.black]\nline-length = 200\n[tool.ruff]\n")
    assert styled(project, FITS, LONG) == LONG
    assert styled(project, FITS, "x = f( 1)\n") == "x = f(1)\n"


def test_the_nearest_configuration_counts(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.ruff]\n")
    (project / "deep" / "pyproject.toml").write_text("[tool.ruff]\nline-length = 200\n")
    assert styled(project, FITS, LONG) == LONG
    assert styled(project, FITS, LONG, "x.py") == SPLIT


def test_without_a_formatter_nothing_runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "pyproject.toml").write_text("[tool.other]\n")
    monkeypatch.setattr(style.ruff, "run", lambda *given: pytest.fail("ran"))
    assert styled(project, FITS, FITS.replace("call", "called")) == FITS.replace("call", "called")


def test_what_black_leaves_alone_stays_so_without_a_configuration(project: Path) -> None:
    assert styled(project, FITS, LONG) == SPLIT
    assert styled(project, UNCLEAN, LONG) == LONG
    own = "x = call(other=2,\n         more=3)\n"  # laid out by hand
    assert styled(project, FITS + own, LONG + own) == LONG + own


YAPF = {
    ".style.yapf": "[style]\nbased_on_style = chromium\ncolumn_limit = 80\n",
    "setup.cfg": "[yapf]\nbased_on_style = chromium\ncolumn_limit = 80\n",
    "pyproject.toml": '[tool.yapf]\nbased_on_style = "chromium"\ncolumn_limit = 80\n',
}
INDENTED = "def f():\n  return call(1, 2)\n"


@pytest.mark.parametrize("name", YAPF)
def test_yapf(project: Path, name: str) -> None:
    (project / name).write_text(YAPF[name])
    long = INDENTED.replace("2)", f"2, {'a' * 46}, t=300, other=3)")
    expected = f"def f():\n  return call(\n      1, 2, {'a' * 46}, t=300, other=3)\n"
    assert styled(project, INDENTED, long) == expected
    unclean = "\n\ny = 2\nx=1\n"
    assert styled(project, INDENTED + unclean, long + unclean) == expected + unclean


def test_yapf_sees_the_statements_alone_that_were_edited(project: Path) -> None:
    (project / ".style.yapf").write_text(YAPF[".style.yapf"])
    own = "class Own:\n  x = {1:2}\n"
    before = f"import os\n\n\n{own}\n\n@late\n{INDENTED}\n\n{own}"
    long = INDENTED.replace("2)", f"2, {'a' * 46}, t=300, other=3)")
    after = before.replace("import os\n", "import os\nimport sys\n").replace(INDENTED, long)
    split = f"def f():\n  return call(\n      1, 2, {'a' * 46}, t=300, other=3)\n"
    assert styled(project, before, after) == after.replace(long, split)
    crlf = [text.replace("\n", "\r\n") for text in (before, after, after.replace(long, split))]
    assert styled(project, crlf[0], crlf[1]) == crlf[2]


def test_what_yapf_would_change_before_stays_where_a_line_is_added_at_the_end(
    project: Path,
) -> None:
    (project / ".style.yapf").write_text(YAPF[".style.yapf"])
    before = "def f():\n  x = {1:2}\n  return 1\n\n\ny = 1\n"
    after = before.replace("  return 1\n", "  return 1\n  call( 1)\n")
    assert styled(project, before, after) == after.replace("( 1)", "(1)")


def test_a_missing_yapf_is_said_and_the_line_kept_short(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".style.yapf").write_text(YAPF[".style.yapf"])
    monkeypatch.setitem(sys.modules, "yapf.yapflib", None)  # type: ignore[arg-type]
    long = INDENTED.replace("2)", f"2, {'a' * 46}, t=300, other=3)")
    result = restyle(str(project / "x.py"), INDENTED.encode(), long.encode())
    assert "pip install yapf" in result.note
    assert max(map(len, result.data.splitlines())) <= 80


LIMITS = {
    ".flake8": "[flake8]\nmax-line-length = 60\n",
    "setup.cfg": "[pycodestyle]\nmax_line_length = 60\n",
    "tox.ini": "[flake8]\nmax-line-length = 60  # columns\n",
    ".pylintrc": "[FORMAT]\nmax-line-length=60\n",
    "pyproject.toml": "[tool.pylint.format]\nmax-line-length = 60\n",
}
OWN = "y={'by': 'hand'}\n"


@pytest.mark.parametrize("name", LIMITS)
def test_edited_lines_stay_within_the_limit_of_a_linter(project: Path, name: str) -> None:
    (project / name).write_text(LIMITS[name])
    before = f"def f():\n  return call('a', {'b' * 30})\n{OWN}"
    after = before.replace("'a',", "'a', {'timeout': 300},")
    expected = f"def f():\n  return call(\n    'a', {{'timeout': 300}}, {'b' * 30}\n  )\n{OWN}"
    assert styled(project, before, after) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[flake8]\nmax-line-length = 60\nextend-ignore = E203, E501\n",
        "[flake8]\nmax-line-length = none\n",
        "[flake8]\n",
        "not an ini file\n",
    ],
)
def test_without_a_limit_edited_lines_stay(project: Path, text: str) -> None:
    (project / ".flake8").write_text(text)
    before = f"def f():\n  return call('a', {'b' * 30})\n{OWN}"
    after = before.replace("'a',", "'a', {'timeout': 300},")
    assert styled(project, before, after) == after


def test_a_limit_that_pylint_does_not_look_at_is_none(project: Path) -> None:
    off = "[MESSAGES CONTROL]\ndisable=\n    raw-checker-failed,\n    line-too-long\n"
    (project / ".pylintrc").write_text(f"{off}{LIMITS['.pylintrc']}")
    before = f"def f():\n  return call('a', {'b' * 30})\n{OWN}"
    after = before.replace("'a',", "'a', {'timeout': 300},")
    assert styled(project, before, after) == after


def test_a_text_that_is_too_wide_is_split(project: Path) -> None:
    (project / ".flake8").write_text(LIMITS[".flake8"])
    before = f"def f():\n    call(1)\n{OWN}"
    text = f"loading {{table['a b']}} {'from here ' * 4}{{{{failed}}}}: {{e}}"
    after = before.replace("call(1)", f'call(f"{text}", 1)')
    now = styled(project, before, after)
    assert now.endswith(f'{{{{failed}}}}: {{e}}",\n        1,\n    )\n{OWN}')
    assert max(map(len, now.splitlines())) <= 60
    assert ast.dump(ast.parse(now)) == ast.dump(ast.parse(after))
    whole = before.replace("call(1)", f'call("{"x" * 60}")')  # there is nowhere to split it
    assert '"' + "x" * 60 + '"' in styled(project, before, whole)


def test_lines_that_were_too_wide_before_stay(project: Path) -> None:
    (project / ".flake8").write_text(LIMITS[".flake8"])
    before = f"def f():\n  return call('{'a' * 40}', {'b' * 30})\n{OWN}"
    after = before.replace("(", "(9, ", 2).replace("(9, ", "(", 1)
    assert styled(project, before, after) == after


def test_a_commented_hook_is_none(project: Path) -> None:
    hook = "# - id: black\n#   args: [--line-length=200]\n"
    (project / ".pre-commit-config.yaml").write_text(f"repos:\n{hook}")
    assert styled(project, FITS, LONG) == SPLIT


def test_beyond_the_repository_nothing_counts(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.ruff]\nline-length = 200\n")
    (project / "deep" / ".git").mkdir()
    assert styled(project, FITS, LONG) == SPLIT
    assert styled(project, FITS, LONG, "x.py") == LONG


def test_imports_are_sorted_where_the_project_sorts_them(project: Path) -> None:
    before = f"import os\nimport sys\n\n{FITS}"
    after = f"import sys\nimport aiohttp\nimport os\n\n{FITS}"
    (project / "ruff.toml").write_text('lint.select = ["I"]\n')
    assert styled(project, before, after) == f"import os\nimport sys\n\nimport aiohttp\n\n{FITS}"
    (project / "ruff.toml").write_text('lint.select = ["E"]\n')
    assert styled(project, before, after) == after


def test_imports_out_of_order_before_stay_so(project: Path) -> None:
    (project / "ruff.toml").write_text('lint.select = ["I"]\n')
    before = f"import sys\nimport os\n\n{FITS}"
    after = f"import zlib\nimport sys\nimport os\n\n{FITS}"
    assert styled(project, before, after) == after


def test_no_other_rule_fixes_anything(project: Path) -> None:
    (project / "ruff.toml").write_text('lint.select = ["I", "F401", "UP"]\nfix = true\n')
    before = f"import os\n\n{FITS}"
    after = f"import os\nimport sys\n\n{FITS}"
    assert styled(project, before, after) == after


def test_excluded_files_stay(project: Path) -> None:
    (project / "ruff.toml").write_text('extend-exclude = ["deep"]\n')
    assert styled(project, FITS, LONG) == LONG


def test_line_ends_stay(project: Path) -> None:
    (project / "ruff.toml").write_text("")
    before, after, expected = (text.replace("\n", "\r\n") for text in (FITS, LONG, SPLIT))
    assert styled(project, before, after) == expected


@pytest.mark.parametrize(
    ("settings", "after", "words"),
    [
        ('required-version = "==0.0.1"\n', LONG.encode(), "0.0.1"),
        ("nonsense = 1\n", LONG.encode(), "nonsense"),
        ("", "x = 'é'\n".encode("latin-1"), "not formatted"),
    ],
)
def test_a_failure_keeps_the_edit(project: Path, settings: str, after: bytes, words: str) -> None:
    (project / "ruff.toml").write_text(settings)
    result = restyle(str(project / "x.py"), FITS.encode(), after)
    assert result.data == after
    assert words in result.note


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="reads what ruff makes of it")
def test_brackets_stay_that_the_running_python_needs(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('target-version = "py314"\n')
    before = b"try:\n    run()\nexcept OSError:\n    pass\n"
    after = before.replace(b"OSError", b"(OSError,   ValueError)")
    result = restyle(str(tmp_path / "x.py"), before, after)
    assert b"\nexcept (OSError, ValueError):\n" in result.data
