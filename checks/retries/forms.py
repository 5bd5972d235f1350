"""How a call goes through a policy of retries: itself, or with the function that it is all of."""

from __future__ import annotations

import ast

from qw_codemod.analysis.callers import owner
from qw_codemod.analysis.deadlines import deadline_above, deadline_around
from qw_codemod.analysis.repetition import loops_around
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import At, InLine
from qw_codemod.languages.python import WIDTH
from qw_codemod.libraries.http.arguments import is_url
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.python.bindings import dotted
from qw_codemod.python.suppressions import above, behind
from qw_codemod.python.syntax import last_name, own_nodes
from qw_codemod.rules.api import Context, SourceFile, Statement, Unfixable

from . import reasons
from .plan import Decorate, Plan, Wrap
from .policy import Policy, policy_of
from .siblings import comment_at_siblings

_READS = frozenset("raise_for_status json text read decode strip get items loads dumps".split())
_BUILDS = frozenset(
    "str int float len dict list tuple format join quote urlencode urljoin isoformat strftime "
    "encode rstrip lstrip Request f ClientTimeout".split()
)
_ONCE = frozenset({"data", "files", "content"})


def why_not(source: SourceFile, infer: Inference, call: HttpCall) -> Statement | None:
    """Why a second try would not do what the first one did; None if it would."""
    node = call.node
    function = owner(source, node)
    deadline = deadline_around(source, node, call.sender.is_async)
    if deadline is not None:
        return reasons.HasDeadline(InLine(deadline.lineno))
    above = deadline_above(source, infer, node) if call.sender.is_async else None
    if above is not None:
        return reasons.HasDeadlineAbove(At(above[0].path, above[1].lineno))
    if function is not None and _is_after_yield(source, function, node):
        return reasons.IsGenerator()
    for keyword in node.keywords:
        if keyword.arg == "stream" and not _is_false(keyword.value):
            return reasons.IsStream()
        if keyword.arg in _ONCE and _is_read_once(source, node, keyword.value):
            return reasons.ReadOnce(keyword.arg)
    if last_name(node) == "stream":
        return reasons.IsStream()
    return None


def _is_after_yield(source: SourceFile, function: ast.AST, node: ast.Call) -> bool:
    """Whether a generator may have handed something out before it comes to a call."""
    loops = [each for each in loops_around(source, node) if _yields(each)]
    return bool(loops) or any(each < node.lineno for each in _yields(function))


def _yields(scope: ast.AST) -> list[int]:
    """The lines in which a function or a loop hands something out itself."""
    nodes = own_nodes(getattr(scope, "body", []))
    return [each.lineno for each in nodes if isinstance(each, (ast.Yield, ast.YieldFrom))]


def _is_fresh(source: SourceFile, node: ast.Call, is_all: bool) -> bool:
    """Whether each try sends what the first one did: a Request has another host behind a proxy.

    A URL does, and a Request that is made in the function, if that `is_all` tried again.
    """
    given = node.args[0] if node.args else None
    function = owner(source, node)
    if is_all and isinstance(given, ast.Name) and not is_url(given):
        stored = (
            (each for each in ast.walk(function) if isinstance(each, ast.Name)) if function else ()
        )
        return any(each.id == given.id and isinstance(each.ctx, ast.Store) for each in stored)
    if is_all and isinstance(given, ast.Call):
        return True
    if isinstance(given, ast.Name):
        if is_url(given):
            return True
        text = _assigned(source, node, given.id)
        return text.startswith(("'", '"', "f'", 'f"'))
    if isinstance(given, ast.Attribute):
        return is_url(given)
    return isinstance(given, ast.Constant | ast.JoinedStr | ast.BinOp)


def _assigned(source: SourceFile, node: ast.AST, name: str) -> str:
    """The source of what the name was last given before a node."""
    found = ""
    for each in source.nodes(ast.Assign):
        if each.lineno < getattr(node, "lineno", 0) and dotted(each.targets[0]) == name:
            found = source.text(each.value)
    return found


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _is_read_once(source: SourceFile, node: ast.AST, value: ast.expr) -> bool:
    """A file or an iterator: what is open, what a name was opened as, what a generator gives."""
    if isinstance(value, (ast.GeneratorExp, ast.Dict)):
        return isinstance(value, ast.GeneratorExp) or any(
            _is_read_once(source, node, each) for each in value.values
        )
    if isinstance(value, ast.Call):
        return last_name(value) in ("open", "iter", "map", "filter", "BytesIO", "StringIO")
    if not isinstance(value, ast.Name):
        return False
    for item in source.nodes(ast.withitem):
        if item.optional_vars is not None and dotted(item.optional_vars) == value.id:
            return True
    return any(
        isinstance(each.value, ast.Call)
        and last_name(each.value) == "open"
        and any(dotted(target) == value.id for target in each.targets)
        for each in source.nodes(ast.Assign)
    )


def does_more(source: SourceFile, call: HttpCall) -> bool:
    """Whether the call can be tried again only with more of its function than reads the answer."""
    return call.sender.library == "aiohttp" and not _owns_block(source, call.node)


def form_of(source: SourceFile, context: Context, call: HttpCall) -> Plan | Unfixable:
    """How the call is wrapped, with the names that the policy's module offers."""
    policy = policy_of(source, context)
    decorator = policy.decorator
    if call.sender.library == "aiohttp":
        if decorator and not does_more(source, call):
            return Decorate(policy.module, decorator, *comment_at_siblings(source, context, policy))
        return Unfixable(reasons.DoesMore())
    is_all = bool(decorator) and _is_all_of(source, call)
    if call.sender.library == "urllib" and not (
        _is_fresh(source, call.node, is_all) or _copies_requests(context, policy)
    ):
        return Unfixable(reasons.RequestIsChanged())
    if is_all:
        return Decorate(policy.module, decorator, *comment_at_siblings(source, context, policy))
    if policy.caller and (comment := _suppressed(source, call.node)):
        return Unfixable(reasons.MovesOffLine(comment))
    room = _room(source, call.node)
    comment, is_above = comment_at_siblings(source, context, policy)
    return Wrap(policy.module, policy.name, policy.caller, room, comment, is_above)


def _suppressed(source: SourceFile, node: ast.Call) -> str:
    """What a tool is told at the line of a function that gets a line of its own, or empty."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    last = node.func.end_lineno or node.func.lineno
    if not given or min(each.lineno for each in given) == last:
        return ""
    return behind(source, last) or above(source, node.func.lineno)


def _room(source: SourceFile, node: ast.Call) -> int:
    """How many columns the line of the first argument has left."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    if not given:
        return 0
    line = source.line_bytes(min(each.lineno for each in given))
    return WIDTH - len(line.decode(source.encoding, "replace").expandtabs(4))


def _copies_requests(context: Context, policy: Policy) -> bool:
    """Whether the policy knows of urllib's Requests; ours makes a copy for each try."""
    return bool(policy.path) and b"request.Request" in context.infer.tree.read(policy.path)


def _owns_block(source: SourceFile, node: ast.Call) -> bool:
    """Whether a coroutine is an `async with` around the call, and reads the answer in it."""
    function = owner(source, node)
    item = source.parent(node)
    if function is None or not isinstance(item, ast.withitem):
        return False
    block = source.parent(item)
    body = _without_docstring(function.body)
    if not body or body[-1] is not block or not all(map(_is_plain, body[:-1])):
        return False
    assert isinstance(block, ast.AsyncWith)
    return all(map(_is_plain, block.body))


def _is_all_of(source: SourceFile, call: HttpCall) -> bool:
    """Whether a function sends this request, reads the answer, and does nothing else."""
    function = owner(source, call.node)
    if function is None or not _says_failure(function, call):
        return False
    calls = [each for each in own_nodes(function.body) if isinstance(each, ast.Call)]
    if not all(each is call.node or _is_harmless(each) for each in calls):
        return False
    return all(map(_is_plain, _without_docstring(function.body)))


def _says_failure(function: ast.AST, call: HttpCall) -> bool:
    """A 503 reaches the policy as an error, or as the response that is returned."""
    if call.sender.library == "urllib":
        return True
    return any(
        isinstance(each, ast.Call) and last_name(each) == "raise_for_status"
        for each in ast.walk(function)
    )


def _is_plain(node: ast.stmt) -> bool:
    """A statement that changes nothing but local names."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(isinstance(each, (ast.Name, ast.Tuple)) for each in targets)
    if isinstance(node, ast.Expr):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        return isinstance(value, ast.Constant) or last_name(value) == "raise_for_status"
    return isinstance(node, ast.Return)


def _is_harmless(call: ast.Call) -> bool:
    name = last_name(call)
    return name in _READS or name in _BUILDS or name[:1].isupper()


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:]
    return body
