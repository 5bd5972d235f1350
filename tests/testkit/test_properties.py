"""Generated files: whatever they hold, edits converge, compile, and leave other lines alone."""

from __future__ import annotations

import ast
import difflib
import re
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qw_codemod.testkit import apply_to_files, check_files

sys.setrecursionlimit(6000)  # as inference sets it: hypothesis minds a change during its runs
FAMILIES = ("timeouts", "excepts", "retries", "backoff")
SETTINGS = {"retries": {"policy": "http_retry:retry_api"}}
HEAD = (
    "import logging\nimport time\n\nimport requests\nfrom google.cloud import bigquery\n\n"
    "logger = logging.getLogger(__name__)\nclient = bigquery.Client()\n"
)
BODIES = (
    "{name} = client.query({text})\nreturn {name}.result({args})",
    "return client.query({text}).to_dataframe()",
    "for row in client.query({text}):\n    print(row)",
    "try:\n    return work({name})\nexcept:\n    pass",
    "try:\n    return int({name})\nexcept Exception:\n    return None",
    "try:\n    work({name})\nexcept:\n    logger.info({text})\n    raise",
    "try:\n    work()\nexcept Exception as {name}:\n    {name} = None",
    "answer = requests.get({text}, timeout=3)\nprint(answer)",
    "return requests.get({text})",
    "for {name} in range(4):\n    try:\n        return work({text})\n    except OSError:\n"
    "        time.sleep(2)",
    "return [each.result() for each in {name}]",
    "{name} = {text}\nreturn {name}",
)
NAMES = ("job", "e", "value", "logger", "übung", "x1")
TEXTS = ("'SELECT 1'", '"""two\nlines"""', "f'{day} ünder'", "b'x'", "'# no comment'")
ARGUMENTS = ("", "max_results=1", "**more", "timeout=9", "60", "timeout=None")
CHANGEABLE = re.compile(r"^\s*(from|import|@)|^\s*$|^logger = ")


@st.composite
def functions(draw: st.DrawFn) -> str:
    body = draw(st.sampled_from(BODIES))
    text = body.format(
        name=draw(st.sampled_from(NAMES)),
        text=draw(st.sampled_from(TEXTS)),
        args=draw(st.sampled_from(ARGUMENTS)),
    )
    comment = draw(st.sampled_from(("", "  # why", "  # noqa: E722")))
    lines = text.split("\n")
    lines[0] += comment if '"""' not in lines[0] else ""
    depth = draw(st.integers(1, 3))
    unit = draw(st.sampled_from(("  ", "    ", "\t")))
    blocks = "".join(f"{unit * n}if day:\n" for n in range(1, depth))
    inner = "\n".join(unit * depth + line for line in lines)
    keyword = draw(st.sampled_from(("def", "async def")))
    return f"{keyword} run(day, job=None, value=None, **more):\n{blocks}{inner}\n"


@st.composite
def modules(draw: st.DrawFn) -> str:
    text = HEAD + "\n\n".join(draw(st.lists(functions(), min_size=1, max_size=4)))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return draw(st.sampled_from(("", "\ufeff"))) + text


GENERATED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def applied(text: str) -> str:
    return apply_to_files({"a.py": text}, FAMILIES, SETTINGS, likely=True, unsafe=True)["a.py"]


def compiles(text: str) -> bool:
    try:
        compile(text.encode(), "a.py", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


@GENERATED
@given(modules())
def test_edits_converge_compile_and_stay_in_their_statements(text: str) -> None:
    if not compiles(text):
        return
    after = applied(text)
    assert compiles(after)
    assert applied(after) == after
    old, new = text.splitlines(), after.splitlines()
    findings = check_files({"a.py": text}, FAMILIES, SETTINGS)["a.py"]
    statements = [
        (node.lineno, node.end_lineno or 0)
        for node in ast.walk(ast.parse(text.encode()))
        if isinstance(node, (ast.stmt, ast.excepthandler))
    ]
    touched = {
        line
        for finding in findings
        for first, last in statements
        if first <= finding.line <= last and last - first < 9
        for line in range(first, last + 1)
    }
    for tag, start, end, _, _ in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        for line in range(start + 1, end + 1) if tag in ("replace", "delete") else ():
            assert line in touched or CHANGEABLE.search(old[line - 1]), old[line - 1]


@GENERATED
@given(modules())
def test_line_ends_and_marks_stay(text: str) -> None:
    after = applied(text)
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    if "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "")
    assert after.endswith("\n") == text.endswith("\n") or after == text


@GENERATED
@given(modules(), st.data())
def test_noqa_silences_a_finding_and_nothing_else(text: str, data: st.DataObject) -> None:
    before = check_files({"a.py": text}, FAMILIES, SETTINGS)["a.py"]
    lines = text.split("\n")
    single = [f for f in before if '"""' not in lines[f.line - 1] and f.end_line == f.line]
    if not single:
        return
    chosen = data.draw(st.sampled_from(single))
    line = lines[chosen.line - 1].rstrip("\r").split("  #")[0]
    end = "\r" if lines[chosen.line - 1].endswith("\r") else ""
    lines[chosen.line - 1] = f"{line}  # noqa: {chosen.code}{end}"
    left = check_files({"a.py": "\n".join(lines)}, FAMILIES, SETTINGS)["a.py"]
    kept = [(f.code, f.line) for f in before if (f.code, f.line) != (chosen.code, chosen.line)]
    assert [(f.code, f.line) for f in left] == kept
