"""The arguments of a call in LibCST: added, replaced, named, dropped, and the layout kept."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from qw_codemod.edit import reasons
from qw_codemod.rules.api import CannotFix

_NO_SPACE = cst.SimpleWhitespace("")
_EQUAL = cst.AssignEqual(_NO_SPACE, _NO_SPACE)
_Space = cst.BaseParenthesizableWhitespace


def with_keyword(call: cst.Call, name: str, value: cst.BaseExpression | str) -> cst.Call:
    """The call with `name=value` as its last argument, laid out as the others are.

    Raises CannotFix where the keyword is there, or may be inside `*args` or `**kwargs`.
    """
    if find_keyword(call, name) is not None:
        raise CannotFix(reasons.KeywordGiven(name))
    for arg in call.args:
        if arg.star:
            held = cst.Module([]).code_for_node(arg.value)
            raise CannotFix(reasons.MayHoldKeyword(f"{arg.star}{held}", name))
    added = keyword(name, value)
    if not call.args:
        return _first(call, added)
    last = call.args[-1]
    if isinstance(last.value, cst.GeneratorExp) and not last.value.lpar:
        inner = last.value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        last = last.with_changes(value=inner)
    if isinstance(last.comma, cst.Comma):
        return call.with_changes(args=[*call.args[:-1], *_after_comma(call, last, added)])
    return call.with_changes(args=[*call.args[:-1], *_after_bare(call, last, added)])


def keyword(name: str, value: cst.BaseExpression | str) -> cst.Arg:
    """The argument `name=value`."""
    node = cst.parse_expression(value) if isinstance(value, str) else value
    return cst.Arg(keyword=cst.Name(name), value=node, equal=_EQUAL)


def find_keyword(call: cst.Call, name: str) -> cst.Arg | None:
    """The argument of that keyword, if the call spells it out."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    return None


def replace_keyword(call: cst.Call, name: str, value: cst.BaseExpression | str) -> cst.Call:
    """The call with another value for a keyword that it has; raises CannotFix if it has not."""
    arg = find_keyword(call, name)
    if arg is None:
        raise CannotFix(reasons.KeywordNotSpelledOut(name))
    changed = arg.with_changes(value=keyword(name, value).value)
    return call.with_changes(args=[changed if each is arg else each for each in call.args])


def replace_position(call: cst.Call, position: int, value: cst.BaseExpression | str) -> cst.Call:
    """The call with another value for a positional argument (counted from 0).

    Raises CannotFix where there is none, or `*` before it makes its place uncertain.
    """
    if position >= len(call.args) or call.args[position].keyword is not None:
        raise CannotFix(reasons.NoSuchArgument(position + 1))
    if any(arg.star for arg in call.args[: position + 1]):
        raise CannotFix(reasons.PositionUncertain())
    changed = call.args[position].with_changes(value=keyword("x", value).value)
    return call.with_changes(args=[*call.args[:position], changed, *call.args[position + 1 :]])


def name_position(call: cst.Call, position: int, name: str) -> cst.Call:
    """The call with its positional argument (counted from 0) passed as a keyword.

    Raises CannotFix where the keyword is there, or another positional argument follows.
    """
    if find_keyword(call, name) is not None:
        raise CannotFix(reasons.KeywordGiven(name))
    if position >= len(call.args):
        raise CannotFix(reasons.NoSuchArgument(position + 1))
    if any(arg.star == "*" for arg in call.args[: position + 1]):
        raise CannotFix(reasons.PositionUncertain())
    if any(arg.keyword is None and arg.star != "**" for arg in call.args[position + 1 :]):
        raise CannotFix(reasons.AnotherFollows())
    named = call.args[position].with_changes(keyword=cst.Name(name), equal=_EQUAL)
    return call.with_changes(args=[*call.args[:position], named, *call.args[position + 1 :]])


def without_keywords(
    call: cst.Call, names: Collection[str]
) -> tuple[cst.Call, tuple[cst.Arg, ...]]:
    """The call without these keywords, and the arguments taken out, bare of their commas.

    Raises CannotFix where a comment stands with an argument that goes.
    """
    gone = [arg for arg in call.args if arg.keyword and arg.keyword.value in names]
    if not gone:
        return call, ()
    for arg in gone:
        if has_comment(arg.comma) or has_comment(arg.whitespace_after_arg):
            raise CannotFix(reasons.CommentAtArgument(_name(arg)))
    bare = tuple(
        arg.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=_NO_SPACE)
        for arg in gone
    )
    kept = [arg for arg in call.args if arg not in gone]
    if not kept:
        if has_comment(call.whitespace_before_args):
            raise CannotFix(reasons.CommentInParentheses())
        return call.with_changes(args=[], whitespace_before_args=_NO_SPACE), bare
    if call.args[-1] in gone:
        if has_comment(kept[-1].comma):
            raise CannotFix(reasons.CommentBeforeArgument(_name(gone[-1])))
        end = call.args[-1]
        kept[-1] = kept[-1].with_changes(
            comma=end.comma, whitespace_after_arg=end.whitespace_after_arg
        )
    return call.with_changes(args=kept), bare


def _first(call: cst.Call, added: cst.Arg) -> cst.Call:
    space = call.whitespace_before_args
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return call.with_changes(args=[added], whitespace_before_args=_NO_SPACE)
    close = space.last_line.value
    one_deeper = close + ("\t" if close.endswith("\t") else "    ")
    own_line = cst.Comma(whitespace_after=_new_line(space, close))
    return call.with_changes(
        args=[added.with_changes(comma=own_line)],
        whitespace_before_args=_indented(space, one_deeper),
    )


def _after_comma(call: cst.Call, last: cst.Arg, added: cst.Arg) -> tuple[cst.Arg, cst.Arg]:
    """A comma trails the last argument: the new one gets a trailing comma too."""
    assert isinstance(last.comma, cst.Comma)
    end = last.comma.whitespace_after  # what stands before the closing parenthesis
    lead = _lead(call)
    if not isinstance(end, cst.ParenthesizedWhitespace):
        between: _Space = cst.SimpleWhitespace(" ")
        closing: _Space = end
        if isinstance(lead, cst.ParenthesizedWhitespace):
            between = _new_line(lead, lead.last_line.value)
    elif isinstance(lead, cst.ParenthesizedWhitespace):
        between = _indented(end, lead.last_line.value)
        closing = _new_line(end, end.last_line.value)
    elif has_comment(end):
        # The comment is about what stands before it, so a line must end between the two.
        between = _indented(end, end.last_line.value + "    ")
        closing = _new_line(end, end.last_line.value)
    else:
        between, closing = cst.SimpleWhitespace(" "), end
    return (
        last.with_changes(comma=last.comma.with_changes(whitespace_after=between)),
        added.with_changes(
            comma=cst.Comma(whitespace_after=closing),
            whitespace_after_arg=_NO_SPACE,
        ),
    )


def _after_bare(call: cst.Call, last: cst.Arg, added: cst.Arg) -> tuple[cst.Arg, cst.Arg]:
    """No comma trails the last argument: none will trail the new one."""
    end = last.whitespace_after_arg
    lead = _lead(call)
    if isinstance(end, cst.ParenthesizedWhitespace) and has_comment(end):
        indent = lead.last_line.value if isinstance(lead, cst.ParenthesizedWhitespace) else None
        between: _Space = _indented(end, end.last_line.value + "    " if indent is None else indent)
        closing: _Space = _new_line(end, end.last_line.value)
    elif isinstance(lead, cst.ParenthesizedWhitespace):
        between, closing = _new_line(lead, lead.last_line.value), end
    else:
        between, closing = cst.SimpleWhitespace(" "), end
    return (
        last.with_changes(
            comma=cst.Comma(whitespace_after=between), whitespace_after_arg=_NO_SPACE
        ),
        added.with_changes(whitespace_after_arg=closing),
    )


def _lead(call: cst.Call) -> _Space:
    """The whitespace that the new argument should have before it: that of the last one."""
    if len(call.args) > 1:
        comma = call.args[-2].comma
        return comma.whitespace_after if isinstance(comma, cst.Comma) else _NO_SPACE
    return call.whitespace_before_args


def _indented(space: cst.ParenthesizedWhitespace, indent: str) -> cst.ParenthesizedWhitespace:
    """The same lines and comments, and the next token at another indentation."""
    return space.with_changes(last_line=cst.SimpleWhitespace(indent))


def _new_line(like: cst.ParenthesizedWhitespace, indent: str) -> cst.ParenthesizedWhitespace:
    """A bare line end, of the same kind as another, and an indentation."""
    return cst.ParenthesizedWhitespace(
        first_line=cst.TrailingWhitespace(_NO_SPACE, newline=like.first_line.newline),
        indent=like.indent,  # of the block around, which is counted apart where there is one
        last_line=cst.SimpleWhitespace(indent),
    )


def has_comment(node: cst.CSTNode | cst.MaybeSentinel) -> bool:
    """Whether a comment stands in whitespace, or around a comma."""
    if isinstance(node, cst.Comma):
        return has_comment(node.whitespace_before) or has_comment(node.whitespace_after)
    if not isinstance(node, cst.ParenthesizedWhitespace):
        return False
    return node.first_line.comment is not None or any(line.comment for line in node.empty_lines)


def _name(arg: cst.Arg) -> str:
    return arg.keyword.value if arg.keyword else "*"
