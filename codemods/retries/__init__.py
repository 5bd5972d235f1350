"""Give outgoing calls the project's own policy of retries."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

import libcst as cst

from qw_codemod.edit.arguments import has_comment, with_keyword
from qw_codemod.edit.rewrite import is_atom
from qw_codemod.rules.api import (
    CannotFix,
    Codemod,
    Dependency,
    Import,
    Published,
    Rewrite,
    Settings,
    Statement,
)

if TYPE_CHECKING:  # the same folder: setup.py maps it into the package
    from checks.retries.plan import AddKeyword, Decorate, Plan, Wrap
else:
    from qw_codemod.checks.retries.plan import AddKeyword, Decorate, Plan, Wrap

_SPACE = cst.SimpleWhitespace(" ")
_NONE = cst.SimpleWhitespace("")
_MODULE = cst.Module([])


class NotNamed(Statement):
    template = "what is called is no name"


def _rewrite(node: cst.CSTNode, plan: Plan, settings: Settings) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    if isinstance(plan, AddKeyword):
        return Rewrite(with_keyword(node, plan.name, plan.value))
    if isinstance(plan, Decorate):
        return Rewrite(node, decorators=(plan.decorator,), imports=_imports(plan, plan.decorator))
    if plan.caller:
        call = _through(node, cst.Name(plan.caller), plan.room)
        return Rewrite(call, imports=_imports(plan, plan.caller))
    policy = cst.Call(cst.Name(plan.policy), [cst.Arg(node.func)])
    return Rewrite(node.with_changes(func=policy), imports=_imports(plan, plan.policy))


def _imports(plan: Decorate | Wrap, name: str) -> tuple[Import, ...]:
    return (Import(plan.module, name, plan.comment, plan.comment_is_above),)


def _through(node: cst.Call, caller: cst.Name, room: int) -> cst.Call:
    """`caller(function, arguments)`, laid out as the arguments are.

    `room`: the columns that the line of the first argument has left.
    """
    function = node.func
    if not is_atom(function):
        raise CannotFix(NotNamed())
    space = node.whitespace_before_args
    if not node.args:
        return node.with_changes(func=caller, args=[cst.Arg(function)])
    after: cst.BaseParenthesizableWhitespace = _SPACE
    rest = node.args
    if isinstance(space, cst.ParenthesizedWhitespace):
        # The line that follows is laid out alike. What is remarked at the parenthesis stays there,
        # and what is remarked above an argument stays above it.
        first_line = space.first_line.with_changes(whitespace=_NONE, comment=None)
        plain = space.with_changes(first_line=first_line, empty_lines=[])
        remarks = [each for each in space.empty_lines if each.comment is not None]
        second = rest[0].comma
        in_a_row = isinstance(second, cst.Comma) and isinstance(
            second.whitespace_after, cst.SimpleWhitespace
        )
        fits = len(_MODULE.code_for_node(function)) + len(", ") <= room
        if remarks or not in_a_row or not fits:
            after = plain.with_changes(empty_lines=remarks)
            space = space.with_changes(empty_lines=[])
        is_remarked = bool(remarks) or any(
            has_comment(each.comma) or has_comment(each.whitespace_after_arg) for each in rest
        )
        if in_a_row and not fits and not is_remarked:
            comma = cst.Comma(whitespace_after=plain)
            last = rest[-1].comma
            if not isinstance(last, cst.Comma):
                last = cst.Comma(whitespace_after=rest[-1].whitespace_after_arg)
            rest = [
                *(each.with_changes(comma=comma) for each in rest[:-1]),
                rest[-1].with_changes(comma=last, whitespace_after_arg=_NONE),
            ]
    first = cst.Arg(function, comma=cst.Comma(whitespace_after=after))
    return node.with_changes(func=caller, args=[first, *rest], whitespace_before_args=space)


# -- the policy that `init` writes ----------------------------------------------------------------
#
# `policy.py.txt` is the module; `fresh_requests.py.txt` goes into it where urllib is used, whose
# Request.set_proxy changes type, host and selector for good [src: Python's urllib/request.py].

_IMPORTS = {
    "aiohttp": ("import asyncio", "import aiohttp"),
    "httpx": ("", "import httpx"),
    "requests": ("", "import requests"),
    "urllib": (
        "import copy\nimport functools\nimport http.client\nimport urllib.error"
        "\nimport urllib.request",
        "",
    ),
}
_ERRORS = {
    "aiohttp": (
        "aiohttp.ClientConnectionError",
        "aiohttp.ClientPayloadError",
        "asyncio.TimeoutError",
    ),
    "httpx": ("httpx.TransportError",),
    "requests": (
        "requests.ConnectionError",
        "requests.Timeout",
        "requests.exceptions.ChunkedEncodingError",
    ),
    "urllib": ("urllib.error.URLError", "http.client.IncompleteRead"),
}


def _policy(libraries: Collection[str]) -> str:
    """The text of the module that holds the policy, for these HTTP libraries.

    Where there are several, a program that imports it may have one of them alone.
    """
    used = sorted(each for each in libraries if each in _ERRORS) or ["requests"]
    standard = ["import contextlib", "import email.utils", "import inspect", "import logging"]
    names = [
        "from datetime import datetime, timezone",
        "from typing import TYPE_CHECKING, Any, TypeVar, cast",
    ]
    third = ["import tenacity"]
    packages = [name for name in used if _IMPORTS[name][1]]
    for name in used:
        standard += filter(None, _IMPORTS[name][0].split("\n"))
    if len(packages) == 1:
        third += [_IMPORTS[name][1] for name in packages]
    errors = [
        f"    {error},"
        for name in used
        if len(packages) == 1 or name not in packages
        for error in _ERRORS[name]
    ]
    errors += ["    ConnectionError,", "    TimeoutError,"]
    several = packages if len(packages) > 1 else []
    errors += [f"    *{_of(name)}," for name in several]
    is_urllib = "urllib" in used
    fresh_requests = _template("fresh_requests.py.txt").template if is_urllib else ""
    return _template("policy.py.txt").substitute(
        standard="\n".join([*sorted(standard), *names]),
        libraries="\n".join([*sorted(third), *map(_optional, several)]),
        errors="\n".join(errors),
        fresh_requests=f"\n\n{fresh_requests}" if is_urllib else "",
        function="_anew(function)" if is_urllib else "function",
    )


def _optional(name: str) -> str:
    """The import of a library that not every program has, and the errors that it brings."""
    lines = "".join(f"        {error},\n" for error in _ERRORS[name])
    listed = f"(\n{lines}    )" if len(_ERRORS[name]) > 1 else f"({_ERRORS[name][0]},)"
    none = f'{_of(name)}: "tuple[type[Exception], ...]" = ()'
    missing = f"except ImportError:  # not every program here has it\n    {none}"
    return f"\ntry:\n    import {name}\n{missing}\nelse:\n    {_of(name)} = {listed}"


def _of(name: str) -> str:
    return f"_OF_{name.upper()}"


def _template(name: str) -> Template:
    return Template(files(__package__).joinpath(name).read_text("utf-8"))


_TENACITY = Published(
    "9.0.0",
    ">=3.8",
    "Retry code until it succeeds",
    (
        (
            "tenacity-9.0.0-py3-none-any.whl",
            "93de0c98785b27fcf659856aa9f54bfbd399e29969b0621bc7f762bd441b4539",
        ),
        (
            "tenacity-9.0.0.tar.gz",
            "807f37ca97d62aa361264d497b0e31e92b8027044942bfa756160d908320d73b",
        ),
    ),
    (("doc", ("reno", "sphinx")), ("test", ("pytest", "tornado (>=4.5)", "typeguard"))),
)
CODEMOD = Codemod(
    ("QW301",),
    _rewrite,
    dependencies=(
        Dependency("tenacity", "tenacity>=8.2", pin=_TENACITY.version, published=_TENACITY),
    ),
    policy=_policy,
    policy_name="retry_api",
)
