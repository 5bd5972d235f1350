"""Where a request goes, as far as the text tells: with the values of the names in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.analysis.constants import values_of
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.arguments import url_argument
from qw_codemod.libraries.http.calls import HttpCall

_DEPTH = 5  # names that are followed from one to the next


def address_of(source: SourceFile, infer: Inference, call: HttpCall) -> str:
    """The text of the URL of a call, names replaced by what they were given; may be empty.

    What `params=` spells out follows as a query.
    """
    given = url_argument(call.node, call.sender.url_at)
    text = "" if given is None else expanded(source, infer, given)
    for keyword in call.node.keywords:
        if keyword.arg == "params" and isinstance(keyword.value, ast.Dict):
            for name, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(name, ast.Constant) and isinstance(value, ast.Constant):
                    text += f"&{name.value!s}={value.value!s}"
    return text


def headers_of(source: SourceFile, infer: Inference, call: HttpCall) -> str:
    """The same of its headers."""
    given = [each.value for each in call.node.keywords if each.arg == "headers"]
    return " ".join(expanded(source, infer, each) for each in given)


def expanded(source: SourceFile, infer: Inference, node: ast.expr) -> str:
    """The constant parts of an expression in their order, `{}` for what is not known.

    What a name was given is told once, however many ways lead to it.
    """
    return "".join(_Expansion(infer).parts(source, node, _DEPTH))


class _Expansion:
    """Writes one expression out."""

    def __init__(self, infer: Inference) -> None:
        self._infer = infer
        self._told: set[ast.expr] = set()  # values that names were given

    def parts(self, source: SourceFile, node: ast.expr, depth: int) -> Iterator[str]:
        """The constant parts; names are followed `depth` times, one after the other."""
        if isinstance(node, ast.Constant):
            yield str(node.value)
        elif isinstance(node, ast.JoinedStr):
            for each in node.values:
                inner = each.value if isinstance(each, ast.FormattedValue) else each
                yield from self.parts(source, inner, depth)
        elif isinstance(node, ast.BinOp):
            yield from self.parts(source, node.left, depth)
            if not isinstance(node.op, ast.Mod):
                yield from self.parts(source, node.right, depth)
        elif isinstance(node, ast.Call):
            receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            for each in (*receiver, *node.args):
                yield from self.parts(source, each, depth)
                yield "/"
        elif isinstance(node, ast.Dict):
            for key in node.keys:
                yield from self.parts(source, key, depth) if key is not None else ()
                yield " "
        elif isinstance(node, ast.Subscript):
            yield from self._item(source, node, depth)
        elif isinstance(node, (ast.Name, ast.Attribute)) and depth:
            given = values_of(source, self._infer, node)
            for where, value in given:
                if value is not None and value not in self._told:
                    self._told.add(value)
                    yield from self.parts(where, value, depth - 1)
                    yield " " if len(given) > 1 else ""
            if not given:
                yield "{}"
        else:
            yield "{}"

    def _item(self, source: SourceFile, node: ast.Subscript, depth: int) -> Iterator[str]:
        """`PATHS["search"]`: the value of that key, where the dict is seen."""
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        for where, value in values_of(source, self._infer, node.value) if key is not None else ():
            if not isinstance(value, ast.Dict):
                continue
            for name, item in zip(value.keys, value.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key and depth:
                    yield from self.parts(where, item, depth - 1)
