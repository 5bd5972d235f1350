"""What a request is sent for: to know now whether somebody answers, or to set something off."""

from __future__ import annotations

import ast
import ipaddress
import re
from pathlib import PurePath

from qw_codemod.analysis.callers import owner
from qw_codemod.analysis.exception_flow import canonical, meetings
from qw_codemod.analysis.repetition import STATUS
from qw_codemod.analysis.reporting import DEBUG, LEVELS, captures
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.libraries.http.exceptions import TRANSIENT
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import last_name, own_nodes
from qw_codemod.rules.api import Statement

from . import reasons

_PROBES = frozenset(
    "healthcheck healthz heartbeat ping probe liveness readiness livez readyz reachable "
    "connectivity alive".split()
)
_HEALTH = re.compile(r"health[_ -]?check|liveness|readiness", re.I)
_BARE_URL = re.compile(r"https?://[^/]+/?")
# What a device or a service is told to do: GET is no reading there.
_COMMANDS = frozenset(
    "turn toggle trigger press activate deactivate lock unlock reboot restart reset switch".split()
)
_COMMAND_URL = re.compile(
    r"[?&/](set|cmd|command|action|turn|toggle|switch|mode)[=/](\w*)|/\{[\w.]*_?func(tion)?\}",
    re.I,
)
# What only reads: words in the name of a method, and of an action in a URL.
READING = frozenset("get list search lookup export".split())
_READING_ACTIONS = READING | {"show", "query"}
# What costs somebody money a second time.
_MONEY = frozenset("pay payment payments charge charges refund refunds payout checkout".split())

# What a comment says against trying again: `avoid retries here`, `do not retry`.
_AGAINST = re.compile(
    r"\b(?:no|not|never|without|avoid|\w+n't)\b[^.,:;#]{0,30}\bretr(?:y|ies|ying)\b", re.I
)
_RETRY_WORD = b"retr"

_HOST = re.compile(r"://(?:[^/@]*@)?(\[[^]]+\]|[^/:?#{\s]+)")
# Where a machine of Google's finds its own metadata, and what such a request has to say; other
# clouds answer at addresses that are link-local, or at one of IPv6 that Amazon took for itself.
# [cloud.google.com/compute/docs/metadata, docs.aws.amazon.com/AWSEC2 "instance metadata"]
_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "metadata.goog"})
_METADATA_TEXTS = ("/computemetadata/", "metadata-flavor")
_OF_AMAZON = ipaddress.ip_address("fd00:ec2::254")


def why_probe(source: SourceFile, call: HttpCall, address: str) -> Statement | None:
    """Whether the answer is wanted at first hand: what it tells is the state of now."""
    function = owner(source, call.node)
    name = function.name if function is not None else ""
    whole = source.text(function) if function is not None else ""
    last = address.partition("?")[0].rstrip("/").rpartition("/")[2]
    places = (name, PurePath(source.path).stem, re.sub(r"\{[^}]*\}", "", last))
    if any(map(_says_probe, places)) or _HEALTH.search(whole):
        return reasons.IsProbe()
    if _asks_status_only(source, call, address):
        return reasons.AsksStatusOnly()
    return None


def _says_probe(name: str) -> bool:
    found = words(name)
    if "health" in found and not {*found} - {"health", "check", "checks", "is", "get", "healthy"}:
        return True
    # What stands between a verb and another word is no probe: `fetch_probe_definitions`.
    return not _PROBES.isdisjoint({*found[:1], *found[-1:]})


def _asks_status_only(source: SourceFile, call: HttpCall, address: str) -> bool:
    """`ok = requests.get(base).status_code == 200`: of a URL without a path, or in an answer.

    The function answers for a failure as well then, or the program's exit status does: that nobody
    answers is one of its results.
    """
    uses = _uses(source, call.node)
    if not uses or not uses <= STATUS:
        return False
    return bool(_BARE_URL.fullmatch(address)) or _answers_for_failure(source, call.node)


def _uses(source: SourceFile, node: ast.Call) -> set[str]:
    """The attributes that are read of an answer; `?` where it goes elsewhere."""
    around = source.parent(node)
    if isinstance(around, ast.Await):
        around = source.parent(around)
    if isinstance(around, ast.Attribute):
        return {around.attr}
    target: ast.expr | None = None
    if isinstance(around, ast.Assign):
        target = around.targets[0]
    elif isinstance(around, ast.withitem):
        target = around.optional_vars
    if not isinstance(target, ast.Name):
        return {"?"}
    scope = owner(source, node) or source.tree
    found = set()
    for each in ast.walk(scope):
        if isinstance(each, ast.Name) and each.id == target.id and isinstance(each.ctx, ast.Load):
            parent = source.parent(each)
            found.add(parent.attr if isinstance(parent, ast.Attribute) else "?")
    return found


def _answers_for_failure(source: SourceFile, node: ast.Call) -> bool:
    child: ast.AST = node
    for around in source.ancestors(node):
        if isinstance(around, ast.Call) and last_name(around) in ("exit", "_exit"):
            return True
        if isinstance(around, ast.Try) and child in around.body:
            return any(map(_gives_constant, around.handlers))
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
            break
        child = around
    scope = owner(source, node)
    body = scope.body if scope is not None else source.tree.body
    return any(
        isinstance(each, ast.Call) and last_name(each) in ("exit", "_exit")
        for each in own_nodes(body)
    )


def _gives_constant(handler: ast.ExceptHandler) -> bool:
    """`return False`, `return 1`, `sys.exit(1)`, `ok = False`: and nothing is raised."""
    nodes = [*own_nodes(handler.body)]
    if any(isinstance(each, (ast.Raise, ast.Continue)) for each in nodes):
        return False
    for each in nodes:
        value = each.value if isinstance(each, (ast.Return, ast.Assign)) else None
        if isinstance(value, ast.Constant) and value.value is not None:
            return True
        if isinstance(each, ast.Call) and last_name(each) in ("exit", "_exit"):
            return True
    return False


def may_command(source: SourceFile, call: HttpCall, address: str) -> bool:
    """Whether a request that reads, by its method, is sent for what it sets off."""
    if any(map(_commands, (address, source.text(call.node)))):
        return True
    if isinstance(source.parent(call.node), ast.Expr):
        return True  # nobody looks at the answer
    function = owner(source, call.node)
    first = words(function.name)[:1] if function is not None else ()
    return not _COMMANDS.isdisjoint(first)


def _commands(text: str) -> bool:
    """Whether a URL names an action, unless that reads by its name: `action/package_show`."""
    return any(
        _READING_ACTIONS.isdisjoint(words(each[2] or "")) for each in _COMMAND_URL.finditer(text)
    )


def is_unread(source: SourceFile, call: HttpCall) -> bool:
    """Whether the answer is bound to a name that nobody reads: `_ = requests.get(url)`."""
    return not _uses(source, call.node)


def told_as_ordinary(source: SourceFile, call: HttpCall) -> int:
    """The line of the handler that takes a failure for ordinary; 0 where none does.

    Its author chose the level that is not shown, and goes on without the answer.
    """
    line = 0
    for raised in TRANSIENT[call.sender.library]:
        meeting = next(meetings(source, call.node, canonical(raised)), None)
        if meeting is None or not _is_quiet(meeting.node):
            return 0
        line = meeting.line
    return line


def _is_quiet(handler: ast.AST) -> bool:
    if not isinstance(handler, ast.ExceptHandler):
        return False
    nodes = [*own_nodes(handler.body)]
    calls = [each for each in nodes if isinstance(each, ast.Call)]
    levels = {LEVELS[last_name(each)] for each in calls if last_name(each) in LEVELS}
    told_elsewhere = any(captures(each) or last_name(each) == "print" for each in calls)
    return (
        levels == {DEBUG}
        and not told_elsewhere
        and not any(isinstance(each, ast.Raise) for each in nodes)
    )


def forbidden_by_comment(source: SourceFile, call: HttpCall) -> int:
    """The line of a comment at a call, or right above it, against trying again; 0 if none is."""
    statement = next(each for each in source.ancestors(call.node) if isinstance(each, ast.stmt))
    last = statement.end_lineno or statement.lineno
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        last = statement.body[0].lineno - 1
    if _RETRY_WORD not in source.data.lower():
        return 0
    texts = {each.line: each.text for each in source.comments()}
    first = statement.lineno
    while first > 1 and source.line_text(first - 1).lstrip().startswith("#"):
        first -= 1
    said = " ".join(texts.get(line, "").strip("# ") for line in range(first, last + 1))
    return first if _AGAINST.search(said) else 0


def costs_money(source: SourceFile, call: HttpCall, address: str) -> str:
    """The word in the function's name or the URL that says so; empty if none does."""
    function = owner(source, call.node)
    said = (*words(function.name if function is not None else ""), *words(address))
    return next((each for each in said if each in _MONEY), "")


def asks_metadata(address: str, headers: str) -> bool:
    """Whether a machine is asked for its own metadata: outside of a cloud nobody answers."""
    texts = (address.lower(), headers.lower())
    if any(each in text for text in texts for each in _METADATA_TEXTS):
        return True
    return any(_is_metadata(host.strip("[]")) for host in _HOST.findall(texts[0]))


def _is_metadata(host: str) -> bool:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host in _METADATA_HOSTS
    return number.is_link_local or number == _OF_AMAZON
