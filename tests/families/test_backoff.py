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
