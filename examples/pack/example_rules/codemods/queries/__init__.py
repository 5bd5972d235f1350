"""Starts all queries of a loop, then waits for each."""

from __future__ import annotations

import libcst as cst

from qw_codemod.rules.api import CannotFix, Codemod, Rewrite, Settings, Statement

_WAIT = "for job in jobs:\n    pass\n"


class TupleWithoutParentheses(Statement):
    template = "it loops over a tuple without parentheses"


def rewrite(node: cst.For, plan: str, settings: Settings) -> Rewrite:
    """`jobs = [… for …]`, and a loop that waits; the arguments of both calls stay."""
    if isinstance(node.iter, cst.Tuple) and not node.iter.lpar:
        raise CannotFix(TupleWithoutParentheses())
    statement = cst.ensure_type(node.body.body[0], cst.SimpleStatementLine)
    result = cst.ensure_type(cst.ensure_type(statement.body[0], cst.Expr).value, cst.Call)
    method = cst.ensure_type(result.func, cst.Attribute)
    each = cst.CompFor(target=node.target, iter=node.iter)
    start = cst.Assign([cst.AssignTarget(cst.Name("jobs"))], cst.ListComp(method.value, each))
    waited = result.with_changes(func=method.with_changes(value=cst.Name("job")))
    line = statement.with_changes(body=[cst.Expr(waited)])
    loop = cst.ensure_type(cst.parse_statement(_WAIT), cst.For)
    wait = loop.with_changes(body=cst.IndentedBlock([line]))
    return Rewrite(cst.IndentedBlock([cst.SimpleStatementLine([start]), wait]))


CODEMOD = Codemod(("TEAM401",), rewrite)
