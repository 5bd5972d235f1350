"""Loops that leave out an item that failed, and that a timeout of a write would end."""

from __future__ import annotations

import pytest

from qw_codemod.kernel.model import Unsafe
from qw_codemod.kernel.statements import render
from qw_codemod.testkit import check_files

SEND = """import requests
from errors import UploadFailed


def send(item):
    answer = {call}
    if not answer.ok:
        raise UploadFailed(answer.text)
"""
UPLOAD = """import click
from errors import UploadFailed
from sender import send


@click.command()
@click.pass_context
def one(context, item):
    if item.is_bad:
        raise UploadFailed("bad")
    send(item)


@click.command()
@click.pass_context
def every(context, items):
    for item in items:
        try:
            {upload}
        except {handler}:
            {then}
"""
POST = "requests.post(URL, json=item)"
FAILED = "UploadFailed"
ENDS = "leaves out what failed, and a timeout would end the loop"


def said(
    call: str = POST,
    upload: str = "one(item)",
    handler: str = FAILED,
    then: str = "print(item)",
    errors: str = "class UploadFailed(Exception):\n    pass\n",
) -> str:
    """Why the one request is left; empty where it gets a timeout."""
    files = {
        "errors.py": errors,
        "sender.py": SEND.format(call=call),
        "upload.py": UPLOAD.format(upload=upload, handler=handler, then=then),
    }
    (finding,) = check_files(files, ("timeouts",))["sender.py"]
    obstacle = finding.obstacle
    return render(obstacle.reason, places=False) if isinstance(obstacle, Unsafe) else ""


@pytest.mark.parametrize(
    "upload", ["send(item)", "one(item)", "context.invoke(one, item=item)", "one.callback(item)"]
)
def test_a_write_in_a_loop_further_up(upload: str) -> None:
    assert (ENDS in said(upload=upload)) is (upload != "one.callback(item)")


@pytest.mark.parametrize(
    ("call", "handler", "then"),
    [
        ("requests.get(URL, params=item)", FAILED, "print(item)"),
        ("requests.put(URL, json=item)", FAILED, "print(item)"),
        ("requests.post(URL)", FAILED, "print(item)"),
        ("requests.post(URL, data={'user': item, 'password': item})", FAILED, "print(item)"),
        (POST, f"({FAILED}, OSError)", "print(item)"),
        (POST, "Exception", "print(item)"),
        (POST, "KeyError", "print(item)"),  # nobody raises that on the way
        (POST, FAILED, "raise"),
    ],
)
def test_what_does_not_end_a_loop(call: str, handler: str, then: str) -> None:
    assert said(call, handler=handler, then=then) == ""
