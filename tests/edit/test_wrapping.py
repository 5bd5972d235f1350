"""Calls that have grown too long for a line."""

from __future__ import annotations

import pytest

from qw_codemod.testkit import apply_to_text

LONG = "a_name_of_a_file_that_is_long"
HEAD = "import requests\n\n\ndef run(url):\n"


def after(line: str, more: str = "") -> str:
    changed = apply_to_text(f"{HEAD}    {line}\n{more}", ("timeouts",))
    return changed.removeprefix(HEAD).removesuffix(more)


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("requests.get(url)", "    requests.get(url, timeout=30)\n"),
        (
            f"{LONG} = requests.get(url, params={LONG!r})",
            f"    {LONG} = requests.get(\n        url, params={LONG!r}, timeout=30\n    )\n",
        ),
        (
            f"{LONG} = requests.get({LONG!r}, {LONG!r}, a={LONG})",
            f"    {LONG} = requests.get(\n        {LONG!r},\n        {LONG!r},\n"
            f"        a={LONG},\n        timeout=30,\n    )\n",
        ),
        (
            f"return requests.get(url, params={LONG!r} + 'xx').json()",
            f"    return requests.get(\n        url, params={LONG!r} + 'xx', timeout=30\n"
            "    ).json()\n",
        ),
        (
            f"print(requests.get(url, params={LONG!r} + 'xxxx'))",
            f"    print(requests.get(url, params={LONG!r} + 'xxxx', timeout=30))\n",
        ),
        (
            f"requests.get(url, params={LONG!r} + 'x')  # noqa: E501",
            f"    requests.get(url, params={LONG!r} + 'x', timeout=30)  # noqa: E501\n",
        ),
        (
            f"return f'{{requests.get(url, params={LONG} + {LONG})}}'",
            f"    return f'{{requests.get(url, params={LONG} + {LONG}, timeout=30)}}'\n",
        ),
    ],
    ids=["short", "hugged", "one each", "inside", "nested", "comment", "f-string"],
)
def test_a_line_that_grows_too_long_is_broken(line: str, broken: str) -> None:
    assert after(line) == broken


def test_as_long_as_the_files_own_lines_is_not_too_long() -> None:
    line = f"{LONG} = requests.get(url, params={LONG!r})"
    assert after(line, f"# {'x' * 118}\n").count("\n") == 1


def test_a_line_below_what_a_tool_is_told_of_it_is_left_whole() -> None:
    line = f"{LONG} = requests.get(url, params={LONG!r}"
    comment = "# pyrefly: ignore [unbound-name]\n    "
    assert after(f"{comment}{line})") == f"    {comment}{line}, timeout=30)\n"
