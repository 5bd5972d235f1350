"""Whether a call is made while a web request is answered, and after how long that is ended."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

from qw_codemod.analysis.callers import FunctionNode, callers, owner
from qw_codemod.analysis.units.deadlines import Stop, shown_seconds
from qw_codemod.analysis.units.programs import programs_of
from qw_codemod.facts.deployments import Server
from qw_codemod.facts.project import Tree
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import At
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import parameters
from qw_codemod.python.imports import imports_of
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import last_name, own_nodes

from . import reasons

_FRAMEWORKS = frozenset(
    "aiohttp bottle chalice django falcon fastapi flask pyramid quart rest_framework sanic "
    "starlette tornado webob".split()
)
_VERBS = frozenset("get post put patch delete head options route api_route".split())
_USUAL = 60.0  # seconds: nginx and load balancers, where nobody says otherwise
# A framework whose requests come through one gateway, which ends them whatever is configured.
# [docs.aws.amazon.com/apigateway "Integration timeout", aws.github.io/chalice]
_OF_GATEWAY = {"chalice": 29.0}


def limit_of(source: SourceFile, infer: Inference, node: ast.AST) -> Stop | None:
    """What ends the web request that a node helps to answer; None where it answers none."""
    found = next(_answering(source, infer, node), None)
    if found is None or _is_deployed_function(infer.tree, source.path):
        return None
    where, function = found
    packages = {each.package for each in imports_of(where.tree)}
    if limits := [_OF_GATEWAY[each] for each in sorted(packages & _OF_GATEWAY.keys())]:
        return _awaited(where, function, limits[0])
    servers = _nearest(infer.tree.deployments().servers, source.path)
    if not servers:
        return _awaited(where, function, _USUAL)
    limited = [each for each in servers if each.seconds is not None]
    server = min(limited, key=lambda each: each.seconds or 0.0, default=None)
    if server is None or server.seconds is None:
        return None
    place = At(server.path, server.line)
    ends = reasons.ServerEndsRequest(server.name, shown_seconds(server.seconds), place)
    return Stop(server.seconds, ends, server.path, server.line)


def _awaited(where: SourceFile, function: FunctionNode, seconds: float) -> Stop:
    place = At(where.path, function.lineno)
    why = reasons.RequestIsAwaited(function.name, place, shown_seconds(seconds))
    return Stop(seconds, why, where.path, function.lineno)


def _nearest(servers: tuple[Server, ...], path: str) -> list[Server]:
    """The servers of each kind that are configured nearest to a file."""

    def distance(server: Server) -> tuple[int, int]:
        shared = os.path.commonpath([server.path, path])
        return -len(shared), server.path[len(shared) :].count("/")

    nearest: dict[str, tuple[int, int]] = {}
    for each in servers:
        nearest[each.name] = min(distance(each), nearest.get(each.name, distance(each)))
    return [each for each in servers if distance(each) == nearest[each.name]]


def _is_deployed_function(tree: Tree, path: str) -> bool:
    """Whether a file is deployed as a function, whose own deadline counts."""
    units = [program.unit for program in programs_of(tree, path)]
    return any(unit is not None and not unit.is_image and not unit.is_service for unit in units)


def _answering(
    source: SourceFile, infer: Inference, node: ast.AST
) -> Iterator[tuple[SourceFile, FunctionNode]]:
    """The functions that answer a web request and lead to a node."""
    function = owner(source, node)
    if function is not None and _answers(source, function):
        yield source, function
    for caller in callers(source, infer, node):
        outer = owner(caller.source, caller.call)
        if caller.is_handed or outer is None or infer.is_test(caller.source):
            continue
        if _answers(caller.source, outer):
            yield caller.source, outer


def _answers(source: SourceFile, function: FunctionNode) -> bool:
    """Whether a function is a route or a view, or reads the request of one."""
    if any(map(_is_route, function.decorator_list)):
        return True
    if not {each.package for each in imports_of(source.tree)} & _FRAMEWORKS:
        return False
    if any(each.arg == "request" for each in [*parameters(function)][:2]):
        return True
    return _is_method_of_view(source, function) or any(
        isinstance(each, (ast.Name, ast.Attribute)) and full_name(source, each) == "flask.request"
        for each in own_nodes(function.body)
    )


def _is_route(decorator: ast.expr) -> bool:
    """`@app.route("/standings")`, `@router.get("/standings")`, `@api_view(["GET"])`."""
    if not isinstance(decorator, ast.Call):
        return False
    if last_name(decorator) == "api_view":
        return True
    first = decorator.args[0] if decorator.args else None
    for keyword in decorator.keywords:
        first = keyword.value if keyword.arg in ("path", "rule") else first
    return (
        isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in _VERBS
        and isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and first.value.startswith("/")
    )


def _is_method_of_view(source: SourceFile, function: FunctionNode) -> bool:
    cls = source.parent(function)
    return (
        isinstance(cls, ast.ClassDef)
        and function.name in _VERBS
        and any(full_name(source, base).partition(".")[0] in _FRAMEWORKS for base in cls.bases)
    )
