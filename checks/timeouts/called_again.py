"""Functions that a platform or a queue calls again, with the same event, when they have failed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.analysis.callers import FunctionNode, callers, owner
from qw_codemod.analysis.exception_risks import TIMEOUT, retried
from qw_codemod.analysis.units.programs import programs_of
from qw_codemod.infer import Inference
from qw_codemod.kernel.kept import kept
from qw_codemod.kernel.statements import InFile, InLine, Place
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted, parameters
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import imports_of
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import last_name, own_nodes

# What an event of API Gateway or of a load balancer holds, whose caller gets the error.
_OF_REQUESTS = frozenset(
    "httpMethod requestContext queryStringParameters pathParameters rawPath rawQueryString".split()
)
_OF_AWS = frozenset("boto3 botocore aws_lambda_powertools aws_lambda_typing awswrangler".split())
_WAIT_FOR_CALLER = frozenset({"http_trigger", "timer_trigger", "schedule"})  # of Azure Functions
_CONFIRMS = frozenset("ack acknowledge basic_ack delete_message".split())  # what a queue has sent


def called_again(source: SourceFile, infer: Inference, node: ast.AST) -> tuple[str, Place] | None:
    """The function on the way to a node that is called again with the same after a timeout."""
    for where, call, function in _ways(source, infer, node):
        place: Place = InFile(where.path, function.lineno)
        if where.path == source.path:
            place = InLine(function.lineno)
        again = retried(where, call, TIMEOUT) if call is not node else None
        if again is not None or _is_redelivered(where, infer, function, call):
            return function.name, place
    return None


def _ways(
    source: SourceFile, infer: Inference, node: ast.AST
) -> Iterator[tuple[SourceFile, ast.AST, FunctionNode]]:
    """The functions that lead to a node, each with what it calls for that."""
    first = owner(source, node)
    if first is not None:
        yield source, node, first
    for each in callers(source, infer, node):
        function = owner(each.source, each.call)
        if function is not None and not each.is_handed and not infer.is_test(each.source):
            yield each.source, each.call, function


def _is_redelivered(
    source: SourceFile, infer: Inference, function: FunctionNode, call: ast.AST
) -> bool:
    return (
        _is_of_lambda(source, function)
        or _is_pushed(function)
        or any(_is_trigger(source, each) for each in function.decorator_list)
        or _is_confirmed(function, call)
        or _is_retried_by_unit(source, infer)
    )


def _is_of_lambda(source: SourceFile, function: FunctionNode) -> bool:
    """Whether AWS Lambda calls a function with an event: twice more when that has failed.

    [docs.aws.amazon.com/lambda, "How Lambda handles errors and retries with asynchronous
    invocation"]
    """
    given = [each.arg for each in parameters(function)]
    if len(given) != 2 or "context" not in words(given[1]):
        return False
    texts = _texts(source)
    if not _OF_REQUESTS.isdisjoint(texts):
        return False
    is_named = function.name == "lambda_handler" or "Records" in texts
    return is_named or any(each.package in _OF_AWS for each in imports_of(source.tree))


def _is_pushed(function: FunctionNode) -> bool:
    """Whether a web request is read as a message of Pub/Sub, which comes again after an error."""
    if any(last_name(each) == "cloud_event" for each in function.decorator_list):
        return False  # those are tried again only where the deployment says so
    nodes = [*own_nodes(function.body)]
    texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    reads = {last_name(n) for n in nodes if isinstance(n, ast.Call)}
    is_web = {"get_json", "json", "loads"} & reads or any(
        isinstance(n, ast.Attribute) and dotted(n) == "request.json" for n in nodes
    )
    given = [each.arg for each in parameters(function)]
    is_event = len(given) == 2 and "context" in words(given[1])
    return bool({"message", "data"} <= texts and "b64decode" in reads and is_web and not is_event)


def _is_trigger(source: SourceFile, decorator: ast.expr) -> bool:
    """Whether a queue runs what it decorates, and again after an error."""
    name = last_name(decorator)
    func = decorator.func if isinstance(decorator, ast.Call) else decorator
    if full_name(source, func) == "dramatiq.actor":
        given = decorator.keywords if isinstance(decorator, ast.Call) else []
        limits = [each.value for each in given if each.arg == "max_retries"]
        return not any(isinstance(each, ast.Constant) and each.value == 0 for each in limits)
    return name.endswith("_trigger") and name not in _WAIT_FOR_CALLER


def _is_confirmed(function: FunctionNode, call: ast.AST) -> bool:
    """Whether a message is confirmed below a call: what fails before that is sent again."""
    line = getattr(call, "lineno", 0)
    return any(
        isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr in _CONFIRMS
        and each.lineno > line
        for each in own_nodes(function.body)
    )


def _is_retried_by_unit(source: SourceFile, infer: Inference) -> bool:
    """Whether a function of Google Cloud is deployed so that its events are tried again."""
    units = (each.unit for each in programs_of(infer.tree, source.path))
    return any(
        unit is not None and unit.is_retried and source.path in unit.entries for unit in units
    )


@kept
def _texts(source: SourceFile) -> frozenset[str]:
    """The keys that a file asks for."""
    constants = (each.value for each in source.nodes(ast.Constant))
    return frozenset(each for each in constants if isinstance(each, str))
