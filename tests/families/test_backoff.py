"""urllib3's Retry, by the version that a project has."""

from __future__ import annotations

import pytest

from qw_codemod.testkit import apply_to_files


@pytest.mark.parametrize(
    ("arguments", "is_capped"),
    [
        ("total=10", True),
        ("connect=3", True),  # ten tries of what is no connection
        ("total=tries", True),
        ("total=3", False),
        ("6", False),
        ("total=TRIES", False),
        ("total=10, backoff_factor=1", False),  # its author chose: urllib3 ends at two minutes
    ],
)
def test_a_cap_that_never_counts_is_not_missed(arguments: str, is_capped: bool) -> None:
    text = "from urllib3.util import Retry\n\nTRIES = 3\nFACTOR = 2\n\n\ndef patient(tries):\n"
    text += f"    return Retry({arguments}, status_forcelist=(429, 503))\n"
    files = {"here.py": text, "requirements.txt": "urllib3>=2.2\n"}
    assert ("backoff_max=60" in apply_to_files(files, ("backoff",))["here.py"]) == is_capped


LOOP = """\
import time


def send(push, items, tries):
    for attempt in range({end}):
        try:
            return push()
        except OSError:
            {body}
{after}
"""


@pytest.mark.parametrize(
    ("end", "body", "after", "condition"),
    [
        ("3", "time.sleep(2)", "", "attempt < 2"),
        ("1, 4", "time.sleep(2)", "    raise RuntimeError(items)", "attempt < 3"),
        ("tries", "time.sleep(2)", "    return None", "attempt < tries - 1"),
        ("1, tries + 1", "time.sleep(2)  # wait", "    return None", "attempt < tries"),
        ("3", "time.sleep(2)", "    return push()", ""),  # one more try
        ("3", "time.sleep(2)", "    else:\n        push()", ""),
        ("3", "time.sleep(2)", "    push()", ""),
        ("len(items)", "time.sleep(2)", "", ""),
        ("tries", "tries -= 1\n            time.sleep(2)", "", ""),
        ("3", "items.clear(); time.sleep(2)", "", ""),
        ("3", "if attempt == 2:\n                raise\n            time.sleep(2)", "", ""),
    ],
)
def test_after_the_last_try_nobody_waits(end: str, body: str, after: str, condition: str) -> None:
    text = LOOP.format(end=end, body=body, after=after)
    made = apply_to_files({"here.py": text}, ("backoff",))["here.py"]
    assert "time.sleep(min(60, 2 * 2 ** " in made
    guards = [each.strip() for each in made.splitlines() if each.strip().startswith("if attempt <")]
    assert guards == ([f"if {condition}:"] if condition else [])


def test_pauses_that_a_test_may_count_are_all_slept() -> None:
    text = LOOP.format(end="3", body="time.sleep(2)", after="")
    test = "import here\n\n\ndef test(mocker):\n    pause = mocker.patch('time.sleep')\n"
    test += "    here.send(fail, [], 3)\n    assert pause.call_count == 3\n"
    made = apply_to_files({"here.py": text, "tests/test_here.py": test}, ("backoff",))["here.py"]
    assert "time.sleep(min(60, 2 * 2 ** attempt))" in made and "if attempt" not in made
