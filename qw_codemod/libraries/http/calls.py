"""Which calls of a file send an HTTP request, by what, and what bounds them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from qw_codemod.infer import Inference, Value, judge
from qw_codemod.infer.statements import Suggests
from qw_codemod.infer.values import (
    Class,
    Instance,
    Library,
    Method,
    Module,
    Nothing,
    Super,
    Unknown,
    ValueSet,
)
from qw_codemod.kernel.model import Evidence, Fact
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http import statements as says
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.arguments import (
    HTTP_KEYWORDS,
    Said,
    is_url,
    said,
    url_argument,
)
from qw_codemod.libraries.http.bounds import NONE, Bound, Bounds
from qw_codemod.libraries.http.names import Names
from qw_codemod.libraries.http.objects import Objects
from qw_codemod.libraries.http.tables import Sender
from qw_codemod.libraries.retrying import says_retry
from qw_codemod.python.assignments import assigned
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import definition_of, last_name, own_nodes

_SESSION_NAME = re.compile(
    r"_*((https?|requests?|req|web|api|o?auth|rest|client)_?)?(session|sess)_?", re.I
)
_OF_TEXT = frozenset(
    name for name in dir(str) if not name.startswith("_") and not hasattr(dict, name)
)
objects_of = lru_cache(maxsize=2)(Objects)  # one for each tree that is being looked at


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call that sends a request.

    `name` is the called function as it is written, `verb` the HTTP method, empty if it is not
    known. `bound` says why the call ends in any case, None where it may wait for ever; `said` is
    what its own arguments say, and `closed` why it cannot be given a timeout, if it cannot.
    """

    node: ast.Call
    sender: Sender
    name: str
    verb: str
    evidence: Evidence
    said: Said
    bound: Statement | None = None
    closed: Statement | None = None
    through: bool = False  # a function that retries makes it: `node` is the call of that

    @property
    def is_idempotent(self) -> bool:
        """Whether sending it twice does no harm that sending it once does not."""
        return self.verb in http.IDEMPOTENT


class HttpCalls:
    """The calls of a file that send a request; each is looked at once, whoever asks for it."""

    def __init__(self, source: SourceFile, infer: Inference) -> None:
        self._source = source
        self._infer = infer
        self._names = Names(source)
        self._known: dict[ast.Call, HttpCall | None] = {}

    def all(self) -> Iterator[HttpCall]:
        """Every one, with what bounds it."""
        for node in self._source.nodes(ast.Call):
            yield from self._sent_by(node)

    def perhaps_unbounded(self) -> Iterator[HttpCall]:
        """Those whose own arguments set no timeout; nothing is asked about the others.

        What far-away code bounds is still among them, with its reason.
        """
        for node in self._source.nodes(ast.Call):
            if not _surely_bounded(node):
                yield from self._sent_by(node)

    def sent_by(self, node: ast.Call) -> HttpCall | None:
        """What a call sends; None where it sends nothing."""
        if node not in self._known:
            self._known[node] = self._found(node)
        return self._known[node]

    def _sent_by(self, node: ast.Call) -> Iterator[HttpCall]:
        if (found := self.sent_by(node)) is not None:
            yield found

    def _found(self, node: ast.Call) -> HttpCall | None:
        sent = _handed_on(node)
        name = self._names.called(sent or node)
        if not name:
            return None
        found = _call(self._source, self._infer, self._names, sent or node, name)
        return _through(found, node) if found is not None and sent is not None else found


def _handed_on(call: ast.Call) -> ast.Call | None:
    """What `retry_call(requests.get, url)` sends, as a call of its own; None for other calls."""
    first = call.args[0] if call.args else None
    if not isinstance(first, (ast.Attribute, ast.Name)) or not says_retry(last_name(call)):
        return None
    return ast.copy_location(ast.Call(first, call.args[1:], call.keywords), call)


def _through(found: HttpCall, node: ast.Call) -> HttpCall:
    at = found.said.position
    spoken = replace(found.said, position=at + 1 if at >= 0 else at)
    return replace(found, node=node, said=spoken, through=True)


def _surely_bounded(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "timeout":
            given = keyword.value
            if isinstance(given, ast.Constant):
                return bool(given.value)
            return not isinstance(given, ast.Tuple)
    return False


# -- which calls send a request -------------------------------------------------------------------


def _call(
    source: SourceFile, infer: Inference, names: Names, node: ast.Call, name: str
) -> HttpCall | None:
    objects = objects_of(infer)
    held, sender_of = _asked(source, infer, objects.bounds, node)
    answer = judge(held, lambda value: sender_of(value) is not None)
    no_values: tuple[Value, ...] = ()
    if answer is None:
        guessed = _guess(source, names, node, name, held)
        if guessed is None:
            return None
        evidence, values = guessed, no_values
        senders = [http.SENDING_METHODS[http.SESSION][_last(node)]]
    else:
        evidence, values = answer.evidence, answer.values
        senders = [each for each in map(sender_of, values) if each is not None]
    sender = senders[0]
    if any(each.library != sender.library for each in senders):
        evidence = replace(evidence, level="likely", doubt=says.SeveralLibraries())
    spoken = said(source, node, sender)
    bound = _bound(source, objects, node, sender, spoken, values, evidence)
    if bound.doubt and evidence.level == "proven":
        evidence = replace(evidence, level="likely", doubt=bound.doubt)
    verb = sender.verb or _verb(source, node, sender)
    why = None if spoken.never else bound.why
    return HttpCall(node, sender, name, verb, evidence, spoken, why, bound.closed)


def _asked(
    source: SourceFile, infer: Inference, bounds: Bounds, node: ast.Call
) -> tuple[ValueSet, Callable[[Value], Sender | None]]:
    """What is known of the receiver (or the function), and how to read it."""
    func = node.func
    if not isinstance(func, ast.Attribute):
        return infer.holds(source, func), _function
    method = func.attr
    held = infer.holds(source, func.value)
    if any(isinstance(p.value, Module) for p in held):
        return infer.holds(source, func), _function  # `compat.urlopen`

    def sender_of(value: Value) -> Sender | None:
        if isinstance(value, Library):
            return http.SENDERS.get(http.canonical(f"{value.name}.{method}"))
        if isinstance(value, Instance) and isinstance(value.of, Library):
            if value.of.name == http.SESSION and not _is_for_session(node):
                return None
            return http.SENDING_METHODS.get(value.of.name, {}).get(method)
        past = value.past if isinstance(value, Super) else None
        held = value.receiver if isinstance(value, Super) else value
        cls = held.of if isinstance(held, Instance) else held
        if not isinstance(cls, Class) or bounds.is_own(cls, method, past):
            return None
        base = bounds.library_base(cls, tuple(http.SENDING_METHODS))
        return http.SENDING_METHODS.get(base, {}).get(method)

    return held, sender_of


def _is_for_session(node: ast.Call) -> bool:
    """Whether requests.Session would take these arguments, or another class must be meant."""
    return all(each.arg is None or each.arg in http.SESSION_KEYWORDS for each in node.keywords)


def _function(value: Value) -> Sender | None:
    if isinstance(value, Library):
        return http.SENDERS.get(http.canonical(value.name))
    if isinstance(value, Method):  # get = session.get
        return http.SENDING_METHODS.get(value.receiver.name, {}).get(value.name)
    return None


def _last(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _verb(source: SourceFile, node: ast.Call, sender: Sender) -> str:
    """The HTTP method that an argument says."""
    at = sender.verb_at
    given = node.args[at] if at is not None and len(node.args) > at else None
    for keyword in node.keywords:
        if keyword.arg == "method":
            given = keyword.value
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        return given.value.upper()
    if sender.library == "urllib" and len(node.args) == 1 and not _brings_data(node):
        return _verb_for(source, node.args[0])
    return ""


def _brings_data(call: ast.Call) -> bool:
    return any(each.arg in ("data", "method", None) for each in call.keywords)


def _verb_for(source: SourceFile, node: ast.expr) -> str:
    """The method that `urlopen` sends for an address or a Request; empty if it is not known."""
    if isinstance(node, ast.Name):
        if _is_used_as_text(source, node):
            return "GET"
        function = definition_of(source, node)
        every = list(assigned(source, node.id))
        # a name of the function itself is not that of another one
        own = [each for each in every if definition_of(source, each) is function]
        given = own or [each for each in every if definition_of(source, each) is None]
        verbs = {"" if isinstance(n, ast.Name) else _verb_for(source, n) for n in given}
        if not verbs - {""} and is_url(node):
            return "GET"
        return verbs.pop() if len(verbs) == 1 else ""
    if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "Request":
        return _verb_of_request(node)
    is_text = isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp)) or is_url(node)
    return "GET" if is_text or _makes_text(node) else ""


def _makes_text(node: ast.expr) -> bool:
    """`str(path)`, `PATTERN.format(day)`, `urljoin(base, "/feed")`."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr in _OF_TEXT:
        return True
    return last_name(node) in ("str", "urljoin", "urlunparse", "urlunsplit")


def _verb_of_request(call: ast.Call) -> str:
    """The method of a Request: what it says itself, else POST with data, and GET without."""
    given = {each.arg: each.value for each in call.keywords}
    if None in given or any(isinstance(each, ast.Starred) for each in call.args):
        return ""
    said = given.get("method")
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        return said.value.upper()
    data = given.get("data", call.args[1] if len(call.args) > 1 else None)
    if said is not None or isinstance(data, ast.Name | ast.Attribute | ast.IfExp):
        return ""  # it may be None
    return "GET" if data is None or isinstance(data, ast.Constant) and not data.value else "POST"


def _is_used_as_text(source: SourceFile, name: ast.Name) -> bool:
    """Whether a name has a method called that only texts have: `address.split("/")`."""
    scope = definition_of(source, name) or source.tree
    return any(
        isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Name)
        and each.value.id == name.id
        and hasattr(str, each.attr)
        for each in own_nodes(scope.body)
    )


def _guess(
    source: SourceFile, names: Names, node: ast.Call, name: str, held: ValueSet
) -> Evidence | None:
    """A name like `session`, an address or HTTP's own arguments, and requests in the file."""
    method = _last(node)
    receiver = name.rpartition(".")[0].removesuffix("()")
    last = receiver.rpartition(".")[2]
    if "requests" not in names.packages or method not in (*http.VERBS, "request"):
        return None
    if not _SESSION_NAME.fullmatch(last):
        return None
    if not all(isinstance(p.value, (Unknown, Nothing)) for p in held):
        return None
    speaks = is_url(url_argument(node, 1 if method == "request" else 0)) or any(
        keyword.arg in HTTP_KEYWORDS for keyword in node.keywords
    )
    if not speaks or _is_awaited(source, node):
        return None
    why = Suggests(receiver, "requests.Session")
    return Evidence("likely", (Fact(why, source.path, node.lineno),), why)


def _is_awaited(source: SourceFile, node: ast.Call) -> bool:
    """Whether it is awaited or entered asynchronously, as nothing of requests can be."""
    around = source.parent(node)
    if isinstance(around, ast.withitem):
        return isinstance(source.parent(around), ast.AsyncWith)
    return isinstance(around, ast.Await)


# -- what bounds them -----------------------------------------------------------------------------


def _bound(
    source: SourceFile,
    objects: Objects,
    node: ast.Call,
    sender: Sender,
    spoken: Said,
    values: tuple[Value, ...],
    evidence: Evidence,
) -> Bound:
    if spoken.node is not None:
        return Bound(why=None if spoken.never else says.HasTimeout())
    if spoken.hidden:
        return Bound(why=spoken.hidden)
    if sender.default is not None:
        return Bound(why=says.EndsByDefault(sender.library, sender.default))
    if sender.library == "urllib":
        path = objects.bounds.of_sockets(source)
        return Bound(why=says.SocketDefault(_short(path))) if path else NONE
    found = _of_session(source, objects, node, values, evidence)
    if found.why or found.doubt or found.closed:
        return found
    path = objects.bounds.of_sockets(source)
    if not path:
        return NONE
    return Bound(doubt=says.SocketDefaultUndone(says.SocketDefault(_short(path))))


def _of_session(
    source: SourceFile,
    objects: Objects,
    node: ast.Call,
    values: tuple[Value, ...],
    evidence: Evidence,
) -> Bound:
    method = _last(node)
    if any(isinstance(value, Library) for value in values) or not method:
        return NONE  # a function of the module: nothing can be done to its session
    assert isinstance(node.func, ast.Attribute)
    found = [objects.bound(source, node.func.value, method, evidence.facts)]
    for value in values:
        past = value.past if isinstance(value, Super) else None
        held = value.receiver if isinstance(value, Super) else value
        cls = held.of if isinstance(held, Instance) else held
        if isinstance(cls, Class):
            found.append(objects.bounds.of_class(cls, method, past))
    bounded = [each.why for each in found if each.why]
    if bounded and len(values) > 1 and not found[0].why and len(bounded) < len(values):
        return Bound(doubt=says.PartlyBounded(bounded[0]))
    first = (each for each in found if each.why)
    return next((each for each in (*first, *found) if each != NONE), NONE)


def _short(path: str) -> str:
    return path.rpartition("/")[2]


# -- how the answer is read ------------------------------------------------------------------------

_STREAMING = frozenset(
    "stream content iter_bytes iter_text iter_lines iter_raw aiter_bytes aiter_text aiter_lines "
    "aiter_raw iter_chunked iter_any iter_chunks readline ws_connect".split()
)


def reads_in_pieces(source: SourceFile, scope: ast.AST) -> bool:
    """Whether something in a scope reads an answer piece by piece."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _STREAMING
        and (node.attr != "content" or _is_read_on(source, node))
        for node in ast.walk(scope)
    )


def _is_read_on(source: SourceFile, node: ast.Attribute) -> bool:
    """Whether aiohttp's `response.content` is a stream here: `.content` of others is the whole."""
    around = source.parent(node)
    return isinstance(around, (ast.Attribute, ast.AsyncFor))
