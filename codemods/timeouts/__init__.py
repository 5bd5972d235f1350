"""Give every wait that could last for ever a bound of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import libcst as cst

from qw_codemod.edit.arguments import (
    find_keyword,
    keyword,
    name_position,
    replace_keyword,
    replace_position,
    with_keyword,
    without_keywords,
)
from qw_codemod.edit.rewrite import code, in_parentheses, is_atom
from qw_codemod.rules.api import Codemod, Finding, Import, Refusal, Rewrite, Settings

_DEFAULTS = {"bigquery": 300, "http": 30}  # seconds


@dataclass(frozen=True, slots=True)
class _Limit:
    """The bound as source text, the project's own function that waits, and the imports of both."""

    text: str
    imports: tuple[Import, ...] = ()
    helper: str = ""


def _rewrite(node: cst.CSTNode, finding: Finding, settings: Settings) -> Rewrite | None:
    remedy = _REMEDIES.get(finding.remedy)
    if remedy is None or not isinstance(node, cst.BaseExpression):
        return None
    return remedy(node, finding, _with_helper(_limit(finding, settings), finding, settings))


def _with_helper(limit: _Limit, finding: Finding, settings: Settings) -> _Limit:
    configured = settings.get("helper")
    if not configured or finding.detail("limit", "bigquery") == "http":
        return limit
    module, _, name = str(configured).partition(":")
    return replace(limit, helper=name, imports=(*limit.imports, Import(module, name)))


def _limit(finding: Finding, settings: Settings) -> _Limit:
    if finding.detail("value"):
        return _Limit(finding.detail("value"))
    kind = finding.detail("limit", "bigquery")
    group = "http" if kind == "http" else "bigquery"
    value = settings.get(kind, settings.get(group, _DEFAULTS[group]))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _Limit(repr(value))
    module, colon, name = str(value).partition(":")
    if not (colon and name.isidentifier() and all(map(str.isidentifier, module.split(".")))):
        raise Refusal(f"the setting `{kind}` is neither a number nor 'package.module:NAME'")
    return _Limit(name, (Import(module, name),))


def _add_timeout(node: cst.BaseExpression, finding: Finding, limit: _Limit) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    name = finding.detail("keyword", "timeout")
    if limit.helper and name == "timeout":
        if not isinstance(node.func, cst.Attribute):
            raise Refusal("the job is not seen in the call")
        bounded = with_keyword(node, name, limit.text)
        call = _wait(node.func.value, bounded.args, node.func.dot, limit)
        return Rewrite(_laid_out_as(node, call), imports=limit.imports)
    return Rewrite(with_keyword(node, name, limit.text), imports=_without_helper(limit))


def _replace_timeout(node: cst.BaseExpression, finding: Finding, limit: _Limit) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    return Rewrite(_replaced(node, finding, limit.text), imports=_without_helper(limit))


def _replaced(node: cst.Call, finding: Finding, value: str) -> cst.Call:
    """The call with another value for the argument, passed by its name or by its place."""
    if finding.detail("position"):
        return replace_position(node, int(finding.detail("position")), value)
    return replace_keyword(node, finding.detail("keyword", "timeout"), value)


def _name_timeout(node: cst.BaseExpression, finding: Finding, _: _Limit) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    position = int(finding.detail("position", "0"))
    return Rewrite(name_position(node, position, finding.detail("keyword", "timeout")))


def _client_timeout(node: cst.BaseExpression, finding: Finding, limit: _Limit) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    name = finding.detail("keyword", "timeout")
    value = f"aiohttp.ClientTimeout(total={limit.text})"
    said = find_keyword(node, name) is not None or finding.detail("position")
    bounded = _replaced(node, finding, value) if said else with_keyword(node, name, value)
    return Rewrite(bounded, imports=(Import("aiohttp"), *limit.imports))


def _wait_first(node: cst.BaseExpression, finding: Finding, limit: _Limit) -> Rewrite | None:
    """`job.to_dataframe()`: its own `timeout=`, if it takes one, bounds the download alone."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return None
    download = node.func
    call, _ = without_keywords(node, _names(finding, "drops"))
    if finding.detail("style") == "statement":
        name, before = _statements(download.value, finding, limit)
        job = call.with_changes(func=_joined(download, name))
        return Rewrite(job, before, limit.imports)
    call, moved = without_keywords(call, _names(finding, "moves"))
    dot, rest = _dots(download.dot)
    wait = _wait(download.value, [*moved, keyword("timeout", limit.text)], dot, limit)
    return Rewrite(
        call.with_changes(func=download.with_changes(value=wait, dot=rest)), imports=limit.imports
    )


def _wait_around(node: cst.BaseExpression, finding: Finding, limit: _Limit) -> Rewrite | None:
    """An expression that is iterated: `__iter__` of a job waits without a bound."""
    if finding.detail("style") == "statement":
        name, before = _statements(node, finding, limit)
        return Rewrite(name, before, limit.imports)
    job = node if is_atom(node) else in_parentheses(node)
    dot = cst.Dot()
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        dot = _dots(node.func.dot)[1] if _leads_line(node.func.dot) else dot
    if limit.helper:
        job = node
    return Rewrite(_wait(job, [keyword("timeout", limit.text)], dot, limit), imports=limit.imports)


def _wait(
    job: cst.BaseExpression, arguments: Sequence[cst.Arg], dot: cst.Dot, limit: _Limit
) -> cst.Call:
    """`job.result(…)`, or the same through the project's own function."""
    if not limit.helper:
        return cst.Call(cst.Attribute(job, cst.Name("result"), dot), arguments)
    first = cst.Arg(job, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return cst.Call(cst.Name(limit.helper), [first, *arguments])


def _laid_out_as(old: cst.Call, new: cst.Call) -> cst.Call:
    """The job on a line of its own where the other arguments have one."""
    space = old.whitespace_before_args
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return new
    first = new.args[0].with_changes(comma=cst.Comma(whitespace_after=space))
    return new.with_changes(args=[first, *new.args[1:]], whitespace_before_args=space)


def _without_helper(limit: _Limit) -> tuple[Import, ...]:
    return tuple(each for each in limit.imports if each.name != limit.helper or not limit.helper)


def _statements(
    job: cst.BaseExpression, finding: Finding, limit: _Limit
) -> tuple[cst.BaseExpression, tuple[str, ...]]:
    """The expression that names the job afterwards, and the statements that wait for it."""
    if _is_plain(job):
        return job, (_statement(code(job), limit),)
    name = finding.detail("name")
    if not name:
        raise Refusal("there is no name for the job")
    return cst.Name(name), (f"{name} = {_on_its_own(job)}", _statement(name, limit))


def _statement(job: str, limit: _Limit) -> str:
    if limit.helper:
        return f"{limit.helper}({job}, timeout={limit.text})"
    return f"{job}.result(timeout={limit.text})"


def _is_plain(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name) and not node.lpar


def _on_its_own(node: cst.BaseExpression) -> str:
    """Source text that can stand on the right of `=`: lines may break inside parentheses alone."""
    text = code(node)
    if "\n" not in text and "\r" not in text:
        return text
    try:
        cst.parse_statement(f"_ = {text}\n")
    except cst.ParserSyntaxError:
        return f"({text})"
    return text


def _joined(old: cst.Attribute, value: cst.BaseExpression) -> cst.Attribute:
    """The attribute of another value; a dot that led a line has nothing left to lead."""
    if value is old.value or _is_plain(old.value):
        return old
    return old.with_changes(value=value, dot=cst.Dot())


def _leads_line(dot: cst.Dot) -> bool:
    return "\n" in code(dot.whitespace_before)


def _dots(dot: cst.Dot) -> tuple[cst.Dot, cst.Dot]:
    """Two dots for one: each leads its line if that one did, and a comment stays where it was."""
    space = dot.whitespace_before
    if not _leads_line(dot):
        return cst.Dot(), dot
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return cst.Dot(space), dot
    line = cst.TrailingWhitespace(cst.SimpleWhitespace(""), newline=space.first_line.newline)
    bare = space.with_changes(first_line=line, empty_lines=[])
    return cst.Dot(space), dot.with_changes(whitespace_before=bare)


def _names(finding: Finding, key: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in finding.detail(key).split(","))))


_Remedy = Callable[[cst.BaseExpression, Finding, _Limit], Rewrite | None]
_REMEDIES: dict[str, _Remedy] = {
    "add-timeout": _add_timeout,
    "replace-timeout": _replace_timeout,
    "name-timeout": _name_timeout,
    "client-timeout": _client_timeout,
    "wait-first": _wait_first,
    "wait-around": _wait_around,
}

CODEMOD = Codemod(fixes=("QW101", "QW102", "QW103"), rewrite=_rewrite)
