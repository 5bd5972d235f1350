"""Let every handler say what went wrong, and go on as it did."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from qw_codemod.edit.arguments import find_keyword, with_keyword
from qw_codemod.edit.comments import excludes_from_coverage, goes_along, parted
from qw_codemod.edit.rewrite import code
from qw_codemod.rules.api import Codemod, Dependency, Import, Rewrite, Settings

if TYPE_CHECKING:  # the same folder: setup.py maps it into the package
    from checks.excepts.plan import ExcInfo, LogLine, Plan, Room
else:
    from qw_codemod.checks.excepts.plan import ExcInfo, LogLine, Plan, Room

_Handler = cst.ExceptHandler | cst.ExceptStarHandler
_SPACE = cst.SimpleWhitespace(" ")
_NOQA = re.compile(r"#\s*noqa\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[ \t,]+[A-Z]+[0-9]+\b)*)")
_TOLD = 2  # values in the message, which everybody reads


def _rewrite(node: cst.CSTNode, plan: Plan | ExcInfo, settings: Settings) -> Rewrite | None:
    if isinstance(plan, ExcInfo):
        if not isinstance(node, cst.Call):
            return None
        if plan.manner == "loguru":  # whose keywords are of the message, and format it
            return Rewrite(_with_exception(node))
        return Rewrite(_with_traceback(node, plan.told_by))
    if not isinstance(node, (cst.ExceptHandler, cst.ExceptStarHandler)):
        return None
    imports: list[Import] = []
    new = _completed(_headed(node, plan, imports), plan)
    if plan.is_chained:
        new = new.with_changes(body=_chained(new.body, plan.name))
    said = _report(plan, imports)
    if said or plan.raises_on:
        new = new.with_changes(body=_with_report(new, said, plan))
    new = _without_allowances(new, _outdated(node, new, plan))
    made: tuple[str, ...] = ()
    if plan.log is not None and plan.log.style.is_new:
        style = plan.log.style
        module, _, name = style.comes_from.partition(".")
        imports.append(Import(module, name))
        made = (f"{style.logger} = {style.made_by}",) if style.made_by else ()
    return Rewrite(new, imports=tuple(imports), globals=made)


def _with_traceback(call: cst.Call, told_by: str) -> cst.Call:
    """A call of `logger.error` that takes the exception along, as ruff would have it."""
    if told_by != "exception":
        return with_keyword(call, "exc_info", told_by or "True")
    method = cst.ensure_type(call.func, cst.Attribute)
    return call.with_changes(func=method.with_changes(attr=cst.Name("exception")))


def _with_exception(call: cst.Call) -> cst.Call:
    """`logger.opt(exception=True).error(...)`, as loguru has it."""
    method = cst.ensure_type(call.func, cst.Attribute)
    options: cst.BaseExpression = method.value
    if not (
        isinstance(options, cst.Call)
        and isinstance(options.func, cst.Attribute)
        and options.func.attr.value == "opt"
    ):
        options = cst.Call(cst.Attribute(options, cst.Name("opt")))
    options = with_keyword(cst.ensure_type(options, cst.Call), "exception", "True")
    return call.with_changes(func=method.with_changes(value=options))


# -- the line of the `except` ---------------------------------------------------------------------


def _headed(node: _Handler, plan: Plan, imports: list[Import]) -> _Handler:
    if plan.catches:
        if node.type is None:
            node = node.with_changes(body=_broad(node.body))
        imports += (Import(each.rpartition(".")[0]) for each in plan.also_catches)
        classes = [*plan.also_catches, *(_class(each, imports) for each in plan.catches)]
        text = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
        node = node.with_changes(type=cst.parse_expression(text), whitespace_after_except=_SPACE)
    if plan.name and node.name is None:
        node = node.with_changes(name=cst.AsName(cst.Name(plan.name)))
    return node


def _broad(body: cst.BaseSuite) -> cst.BaseSuite:
    """A body whose line for pylint allows what the handler is from now on."""
    if not isinstance(body, cst.IndentedBlock) or body.header.comment is None:
        return body
    text = body.header.comment.value
    if "pylint:" not in text:
        return body
    text = text.replace("bare-except", "broad-except").replace("W0702", "W0703")
    comment = body.header.comment.with_changes(value=text)
    return body.with_changes(header=body.header.with_changes(comment=comment))


def _outdated(node: _Handler, new: _Handler, plan: Plan) -> set[str]:
    """The codes of linters that no longer find what they did in a handler: `# noqa: E722`."""
    codes = {"E722", "B001"} if node.type is None and new.type is not None else set()
    if plan.log is not None or plan.capture or plan.raises_on:
        codes |= {"S110", "S112"}
    if plan.raises_on or (plan.log is not None and plan.log.level == "exception"):
        codes.add("BLE001")
    return codes


def _without_allowances(node: _Handler, codes: set[str]) -> _Handler:
    """The handler without these codes in the `noqa` of its line, and without one that is empty."""
    body = node.body
    if not isinstance(body, cst.IndentedBlock) or body.header.comment is None:
        return node
    found = _NOQA.search(body.header.comment.value)
    if found is None or codes.isdisjoint(re.split(r"[\s,]+", found["codes"])):
        return node
    text = body.header.comment.value
    kept = [each for each in re.split(r"[\s,]+", found["codes"]) if each not in codes]
    if kept:
        text = text[: found.start("codes")] + ", ".join(kept) + text[found.end("codes") :]
    else:
        before, after = text[: found.start()].rstrip(), text[found.end() :].strip(" \t-:,;")
        after = after if not after or after.startswith("#") else f"# {after}"
        text = "  ".join(each for each in (before, after) if each)
    header = body.header.with_changes(comment=cst.Comment(text) if text else None)
    if not text:
        header = header.with_changes(whitespace=cst.SimpleWhitespace(""))
    return node.with_changes(body=body.with_changes(header=header))


def _class(dotted: str, imports: list[Import]) -> str:
    module, _, name = dotted.rpartition(".")
    if module:
        imports.append(Import(module, name))
    return name


# -- what is said ---------------------------------------------------------------------------------


def _report(plan: Plan, imports: list[Import]) -> list[str]:
    """The statements that log and send, as source text."""
    if plan.unless:
        inner = replace(plan, unless="", room=plan.room.deeper())
        lines = [line for each in _report(inner, imports) for line in each.split("\n")]
        test = f"if not isinstance({plan.name}, {_class(plan.unless, imports)}):"
        return ["\n".join([test, *(f"{plan.room.indent}{line}" for line in lines)])]
    lines = []
    manner = plan.log.style.manner if plan.log is not None else ""
    if plan.log is not None:
        lines.append(_log(plan, plan.log))
        imports += [Import("sys")] if "file=sys.stderr" in plan.log.style.arguments else []
    if plan.capture:
        call = plan.capture
        imports.append(Import("sentry_sdk", call.partition(".")[0] if "." not in call else ""))
        arguments = [plan.name]
        if manner != "logging":  # whose record takes the context with it
            arguments.append(f"extras={{{_pairs(plan)}}}")
        lines.append(_laid_out(call, arguments, plan.room))
    return lines


def _log(plan: Plan, line: LogLine) -> str:
    name, manner, told = plan.name, line.style.manner, plan.context[:_TOLD]
    if manner == "print":  # on the channel for errors: the other one may be the program's output
        text = f'f"{_message(plan, "{{{}}}")}: {{{name}}}"'
        level = line.level.replace("exception", "error")
        options = [f'level="{level}"'] if level in line.style.levels else []
        return _laid_out(line.style.logger, [text, *options, *line.style.arguments], plan.room)
    method = line.style.method(line.level)
    call = f"{line.style.logger}.{method}"
    pairs = [f"{each}={each}" for each in plan.context]
    if manner == "structlog":
        text = f"error=str({name})"
        return _laid_out(call, [f'"{plan.operation} failed"', text, *pairs], plan.room)
    if manner == "loguru":
        message = [f'"{_message(plan, "{{}}")}: {{}}"', *told, name]
        if not plan.tells_exception:
            message = [f'"{_message(plan, "{{}}")}"', *told]
        if line.shows_extra:
            # Sentry's integration sends the record's own keywords, and drops the report after it.
            message += [f'operation="{plan.operation}"', *pairs]
        return _laid_out(call, message, plan.room)
    if not plan.tells_exception:
        message = [f'"{_message(plan, "%s")}"', *told]
    elif line.style.f_strings:
        message = [f'f"{_message(plan, "{{{}}}")}: {{{name}}}"']
    else:
        message = [f'"{_message(plan, "%s")}: %s"', *told, name]
    if line.level == "exception" and method in line.style.with_traceback:
        message.append("exc_info=True")
    if manner == "logging" and line.shows_extra:
        message.append(f'extra={{"context": {{{_pairs(plan)}}}}}')
    return _laid_out(call, message, plan.room)


def _message(plan: Plan, place: str) -> str:
    """What failed, and the most telling values; `place` is how one is put into the text."""
    told = ", ".join(f"{each}={place.format(each)}" for each in plan.context[:_TOLD])
    return f"{plan.operation} failed ({told})" if told else f"{plan.operation} failed"


def _pairs(plan: Plan) -> str:
    named = [f'"{each}": {each}' for each in plan.context]
    return ", ".join([f'"operation": "{plan.operation}"', *named])


def _laid_out(call: str, arguments: Sequence[str], room: Room) -> str:
    """A call on one line where that fits, else as formatters have it."""
    line = f"{call}({', '.join(arguments)})"
    if len(line) <= room.width:
        return line
    inner = f"{room.indent}{', '.join(arguments)}"
    if len(inner.expandtabs(4)) <= room.width:
        return "\n".join([f"{call}(", inner, ")"])
    lines = [f"{call}("]
    for each in arguments:
        lines += [f"{room.indent}{part}" for part in _split(each, room.within())]
        lines[-1] += ","
    return "\n".join([*lines, ")"])


def _split(argument: str, room: Room) -> list[str]:
    """An argument that holds a mapping, or a text, opened where it is too long for a line."""
    if _TEXT.fullmatch(argument) and len(argument) > room.width:
        return _wrapped(argument, room.width)
    start = argument.find("{")
    is_mapping = argument.startswith(("extra=", "extras=", '"context": {'))
    if len(argument) <= room.width or not is_mapping:
        return [argument]
    inner = argument[start + 1 : -1]
    parts = [inner] if inner.startswith('"context": {') else inner.split(", ")
    lines = [argument[: start + 1]]
    for part in parts:
        lines += [f"{room.indent}{line}" for line in _split(part, room.within())]
        lines[-1] += ","
    return [*lines, "}"]


_TEXT = re.compile(r'f?"[^"\\]*"')
_WORD = re.compile(r"(?:\{[^{}]*\}|[^\s{}])*\s*")  # what is put into a text is part of a word


def _wrapped(text: str, width: int) -> list[str]:
    """A text as several that follow each other, none wider than that as far as words allow."""
    start, words = text[: text.index('"') + 1], _WORD.findall(text[text.index('"') + 1 : -1])
    lines = [""]
    for word in words:
        if lines[-1] and len(start) + len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] += word
    return [f'{start if "{" in line else start[-1]}{line}"' for line in lines]


# -- the body -------------------------------------------------------------------------------------


def _with_report(node: _Handler, said: Sequence[str], plan: Plan) -> cst.BaseSuite:
    block = _block(node.body, plan.room.indent)
    added = [cst.parse_statement(f"{line}\n") for line in said]
    body = list(block.body)
    at = 0
    while at < len(body) and plan.log is None and _logs(body[at]):
        at += 1
    if plan.raises_on:
        body = _raising(body)
    if len(body) == 1 and _is_pass(body[0]) and added:
        old = body[0]
        assert isinstance(old, cst.SimpleStatementLine)
        above, suppressions = parted(old.leading_lines)
        above += [each for each in suppressions if not goes_along(each.comment)]
        comment = old.trailing_whitespace.comment
        first = added[0]
        if excludes_from_coverage(comment) and isinstance(first, cst.SimpleStatementLine):
            first = first.with_changes(trailing_whitespace=old.trailing_whitespace)
        elif comment is not None and not goes_along(comment):
            above.append(cst.EmptyLine(comment=comment))
        added[0] = first.with_changes(leading_lines=above)
        return block.with_changes(body=added)
    return block.with_changes(body=[*body[:at], *added, *body[at:]])


def _block(body: cst.BaseSuite, indent: str) -> cst.IndentedBlock:
    """The statements on lines of their own: `except: pass` has them on its own line."""
    if isinstance(body, cst.IndentedBlock):
        return body
    assert isinstance(body, cst.SimpleStatementSuite)
    lines = [
        cst.SimpleStatementLine([each.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])
        for each in body.body
    ]
    return cst.IndentedBlock(lines, header=body.trailing_whitespace, indent=indent)


def _is_pass(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    only = statement.body[0]
    return isinstance(only, cst.Pass) or (
        isinstance(only, cst.Expr) and isinstance(only.value, cst.Ellipsis)
    )


def _logs(statement: cst.BaseStatement) -> bool:
    """Whether a statement is a call and nothing else: what is logged stays in front."""
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, cst.Call)
    )


def _raising(body: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """The statements with `raise` in the place of what went on as if nothing had happened."""
    last = body[-1]
    leaves = isinstance(last, cst.SimpleStatementLine) and isinstance(
        last.body[-1], cst.Return | cst.Continue | cst.Break | cst.Pass
    )
    kept = body[:-1] if leaves else body
    return [*kept, cst.SimpleStatementLine([cst.Raise()])]


def _chained(body: cst.BaseSuite, name: str) -> cst.BaseSuite:
    """The last statement, which raises another exception, with `from` behind it."""
    if isinstance(body, cst.IndentedBlock):
        last = body.body[-1]
        assert isinstance(last, cst.SimpleStatementLine)
        small = [*last.body[:-1], _from(last.body[-1], name)]
        return body.with_changes(body=[*body.body[:-1], last.with_changes(body=small)])
    assert isinstance(body, cst.SimpleStatementSuite)
    return body.with_changes(body=[*body.body[:-1], _from(body.body[-1], name)])


def _from(statement: cst.BaseSmallStatement, name: str) -> cst.BaseSmallStatement:
    if not isinstance(statement, cst.Raise) or statement.exc is None:
        return statement
    return statement.with_changes(
        cause=cst.From(cst.Name(name), whitespace_before_from=_SPACE, whitespace_after_from=_SPACE)
    )


class _WithExcInfo(cst.CSTTransformer):
    def __init__(self, calls: dict[str, str]) -> None:
        super().__init__()
        self._calls = calls

    def leave_Call(  # noqa: N802
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.BaseExpression:
        name = code(updated_node.func)
        if name in self._calls and not find_keyword(updated_node, "exc_info"):
            return _with_traceback(updated_node, self._calls[name])
        return updated_node


def _completed(node: _Handler, plan: Plan) -> _Handler:
    if not plan.incomplete:
        return node
    new = node.visit(_WithExcInfo(dict(plan.incomplete)))
    assert isinstance(new, (cst.ExceptHandler, cst.ExceptStarHandler))
    return new


_SENTRY = Dependency(
    "sentry_sdk",
    "sentry-sdk",
    started_by=(b"sentry_sdk.init", b"sentry_init(", b"SENTRY_DSN"),
    reminder="no sentry_sdk.init(...) in this project: capture_exception() does nothing before it",
    pin="2.19.2",
)
CODEMOD = Codemod(("QW201", "QW202", "QW203", "QW204"), _rewrite, (_SENTRY,))
