"""Which values a report tells: the plain ones that say what failed, by an allow-list.

Told are variables of loops, arguments and locals that hold a date, a number, a path or an
identifier, by their type or by their name. A mapping, a body, a text, a credential, what names a
person and a statement of SQL are on no list.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from qw_codemod.analysis.reporting import INFO
from qw_codemod.infer import Function, Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import COMPREHENSIONS, FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import bound_names, full_name
from qw_codemod.python.syntax import definition_of

from .definite_assignment import bound_before
from .effects import log_of

_MOST = 4  # names in the context of a report
# Types whose values are short and name a thing, and those whose name has to say that they do.
_TYPES = frozenset("int date datetime UUID Path PurePath PosixPath".split())
_TEXTS = frozenset("str float bool bytes time timedelta Decimal Enum StrEnum".split())
_AROUND = frozenset("Optional Union Literal None typing os pathlib decimal uuid datetime t".split())
# The last word of a name: what is such a value by itself, and what may be an object or a row too.
_VALUES = frozenset(
    "id uuid guid date day month year quarter week weekday season hour timestamp path filename "
    "filepath lang language locale".split()
)
_THINGS = frozenset(
    "table database dataset bucket blob column partition file folder dir directory sheet game "
    "match team league club station region zone country project topic queue page offset batch "
    "chunk shard attempt step stage index version symbol ticker sport feed dag task job".split()
)
# A word of the name of a credential, or of what is known of a person: `session_id`, `birth_date`.
_PRIVATE = frozenset(
    "key keys apikey token secret password passwd pwd pass pin otp auth oauth authorization "
    "credential credentials cookie session signature private salt hash url uri dsn login user "
    "email mail phone birth born tax social passport card account iban person patient".split()
)
# What a name says after one of these belongs to what it says before: a `query_by_day` is no day.
_OF = frozenset("by of for per in from to with without on at".split())
_SENTENCE = re.compile(r"[^\W\d]\s|\s[^\W\d]")
_OF_TEXT = frozenset(dir(str)) | frozenset(dir(datetime))
_OF_PATHS = frozenset(dir(Path))
_OF_PATHS_ALONE = frozenset(each for each in _OF_PATHS if "_" in each.strip("_"))  # `read_text`
_FILES = frozenset("path file filename filepath folder dir directory".split())


def told_names(source: SourceFile, infer: Inference, statement: ast.Try) -> tuple[str, ...]:
    """The bound names that a report of the `try` tells the values of, the most telling first.

    Those of the loops around come first, from within, then those that other lines of the log tell,
    then those that the body reads, then those that went into a text or a path that it reads.
    """
    bound = bound_before(source, statement)
    own = {name for each in statement.body for name in _inner_names(each)}
    loops = list(_of_loops(source, statement))
    read = list(_read(statement.body))
    made_of = [name for each in read for name in _made_of(source, statement, each)]
    made_of += [name for each in [*made_of] for name in _made_of(source, statement, each)]
    scope = _scope(source, statement)
    function = definition_of(source, statement)
    around = source.parent(function) if function is not None else None
    logged = _logged_in(around if isinstance(around, ast.ClassDef) else function)
    told = _among(bound, [each for each in (*read, *made_of) if each in logged])
    found = dict.fromkeys(
        name
        for name in (*loops, *told, *_among(bound, read), *_among(bound, made_of))
        if name in bound and name not in own
        if _tells(source, infer, scope, name) or _is_known(scope, name)
    )
    return tuple(found)[:_MOST]


def _logged_in(place: ast.AST | None) -> set[str]:
    """The names whose values lines of the log tell, in a function or a class."""
    found: set[str] = set()
    for call in ast.walk(place) if place is not None else ():
        if isinstance(call, ast.Call) and (log := log_of(call)) and log.level >= INFO:
            found.update(each.id for each in call.args[1:] if isinstance(each, ast.Name))
            found.update(
                each.value.id
                for text in call.args[:1]
                for each in ast.walk(text)
                if isinstance(each, ast.FormattedValue) and isinstance(each.value, ast.Name)
            )
    return found


def _is_known(scope: ast.AST, name: str) -> bool:
    """Whether it is a name or an address that the function tells in the log already, as it is."""
    said = words(name)
    if said[-1:] not in (("name",), ("url",)) or not _PRIVATE.isdisjoint(said[:-1]):
        return False
    return name in _logged_in(scope) and _annotation_is_text(scope, name)


def _annotation_is_text(scope: ast.AST, name: str) -> bool:
    annotation = _annotation(scope, name)
    return annotation is None or set(_type_words(annotation)) - _AROUND <= {"str"}


def _among(bound: Collection[str], names: Collection[str]) -> Iterator[str]:
    """Those of some names that are bound, in the order of their bindings."""
    return (each for each in bound if each in names)


def _scope(source: SourceFile, node: ast.AST) -> ast.AST:
    return next((n for n in source.ancestors(node) if isinstance(n, FUNCTIONS)), source.tree)


def _inner_names(node: ast.AST) -> Iterator[str]:
    """The names of the functions and comprehensions in a statement, which are not the handler's."""
    for each in ast.walk(node):
        if isinstance(each, (*FUNCTIONS, *COMPREHENSIONS)):
            yield from bound_names([each])


def _of_loops(source: SourceFile, statement: ast.stmt) -> Iterator[str]:
    """The variables of the loops around a statement, from within."""
    child: ast.AST = statement
    for around in source.ancestors(statement):
        if isinstance(around, FUNCTIONS):
            return
        if isinstance(around, ast.For | ast.AsyncFor) and child in around.body:
            yield from (n.id for n in ast.walk(around.target) if isinstance(n, ast.Name))
        child = around


def _read(body: Sequence[ast.AST]) -> Iterator[str]:
    for each in body:
        for node in ast.walk(each):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id


def _made_of(source: SourceFile, statement: ast.stmt, name: str) -> Iterator[str]:
    """The names that went into the text that a name holds: a query says the table and the day."""
    for value in _given(_scope(source, statement), name):
        if isinstance(value, ast.JoinedStr | ast.BinOp) or _is_formatted(value):
            yield from _read([value])


def _is_formatted(value: ast.AST) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "format"
    )


def _given(scope: ast.AST, name: str) -> Iterator[ast.expr]:
    """What is assigned to a name in its scope."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            if any(isinstance(each, ast.Name) and each.id == name for each in node.targets):
                yield node.value
        elif (
            isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr)
            and isinstance(node.target, ast.Name)
            and node.target.id == name
            and node.value is not None
        ):
            yield node.value


# -- what may be told -----------------------------------------------------------------------------


def _tells(source: SourceFile, infer: Inference, scope: ast.AST, name: str) -> bool:
    """Whether a name holds a plain value that says what failed, and that anybody may read."""
    said = words(name)
    if not said or name.isupper() or not _PRIVATE.isdisjoint(said):
        return False
    if _is_path(source, scope, name):
        return True
    said = _named_thing(said)
    if not _is_listed(said):  # for cid in requested_ids
        likes = map(_named_thing, _named_like(scope, name))
        said = next((each for each in likes if _is_listed(each)), said)
        if not _PRIVATE.isdisjoint(said):
            return False
    if not _is_used_plainly(source, scope, name) or not _is_given_plainly(scope, name):
        return False
    if _is_used_as_path(source, scope, name):
        return True
    annotation = _annotation(scope, name)
    if annotation is not None:
        types = set(_type_words(annotation)) - _AROUND
        if not types or not types <= _TYPES | _TEXTS:
            return False
        return types <= _TYPES and not _default(scope, name) or _is_listed(said)
    if _is_listed(said, without=_THINGS):
        return True
    if _is_of_constants(source, scope, name) or _is_number(scope, name):
        return True
    return _is_listed(said) and (
        _is_shown_plain(source, scope, name) or _is_taken_plainly(source, infer, scope, name)
    )


def _is_number(scope: ast.AST, name: str) -> bool:
    """Whether it is called `number` and is used as one: others are of a telephone."""
    return words(name) == ("number",) and any(
        isinstance(call, ast.Call)
        and dotted(call.func) in ("int", "float", "round")
        and any(dotted(each) == name for each in call.args[:1])
        for call in ast.walk(scope)
    )


def _named_thing(said: tuple[str, ...]) -> tuple[str, ...]:
    """The words of what a name names, without those that say of what: `path` of `path_of_team`."""
    end = next((at for at, word in enumerate(said) if at and word in _OF), len(said))
    return said[:end]


def _is_listed(said: Sequence[str], without: frozenset[str] = frozenset()) -> bool:
    """Whether the end of a name is listed: `game_date`, `table_name`."""
    last = said[-1]
    if last == "name" and len(said) > 1:
        return said[-2] in _THINGS
    return last in _VALUES or (last in _THINGS and last not in without)


def _named_like(scope: ast.AST, name: str) -> Iterator[tuple[str, ...]]:
    """What a variable of a loop is by the name of what the loop goes through, in the singular."""
    for node in ast.walk(scope):
        if not isinstance(node, ast.For | ast.AsyncFor) or not isinstance(node.target, ast.Name):
            continue
        if node.target.id == name and isinstance(node.iter, ast.Name | ast.Attribute):
            said = words(node.iter.id if isinstance(node.iter, ast.Name) else node.iter.attr)
            if said and said[-1].endswith("s"):
                yield (*said[:-1], said[-1].removesuffix("s"))


def _type_words(annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield from node.value.replace("|", " ").replace("[", " ").replace("]", " ").split()
            elif node.value is None:
                yield "None"


def _annotation(scope: ast.AST, name: str) -> ast.expr | None:
    argument = _argument(scope, name)
    return argument.annotation if argument is not None else None


def _argument(scope: ast.AST, name: str) -> ast.arg | None:
    arguments = getattr(scope, "args", None)
    if isinstance(arguments, ast.arguments):
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if each.arg == name:
                return each
    return None


def _default(scope: ast.AST, name: str) -> ast.expr | None:
    """The default of a parameter: what has one is an option rather than what is worked on."""
    arguments = getattr(scope, "args", None)
    if not isinstance(arguments, ast.arguments):
        return None
    ordered = [*arguments.posonlyargs, *arguments.args]
    with_default = ordered[len(ordered) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((default for each, default in pairs if each.arg == name), None)


def _is_path(source: SourceFile, scope: ast.AST, name: str) -> bool:
    """Whether a name holds a `pathlib.Path`, by its type, or by what is done with it alone."""
    annotation = _annotation(scope, name)
    if annotation is not None:
        types = set(_type_words(annotation)) - _AROUND
        return bool(types) and types <= {"Path", "PurePath", "PosixPath"}
    asked = {
        attribute.attr
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == name
        if isinstance(attribute := source.parent(node), ast.Attribute)
    }
    if not asked <= _OF_PATHS:
        return False
    if not asked.isdisjoint(_OF_PATHS_ALONE) or is_globbed(source, scope, name):
        return True
    is_joined = any(
        isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div)
        for value in _given(scope, name)
    )
    return is_joined and words(name)[-1] in _FILES


_ORDERING = ("sorted", "list", "reversed")


def is_globbed(source: SourceFile, scope: ast.AST, name: str) -> bool:
    """Whether a loop gives it each path of a folder: `sorted(folder.rglob("*.yaml"))`."""
    for node in ast.walk(scope):
        if not isinstance(node, ast.For) or dotted(node.target) != name:
            continue
        paths: ast.expr = node.iter
        while (
            isinstance(paths, ast.Call) and dotted(paths.func) in ("sorted", "list") and paths.args
        ):
            paths = paths.args[0]
        if (
            isinstance(paths, ast.Call)
            and isinstance(paths.func, ast.Attribute)
            and paths.func.attr in ("glob", "rglob", "iterdir")
            and not full_name(source, paths.func).startswith("glob.")
        ):
            return True
    return False


def _is_used_as_path(source: SourceFile, scope: ast.AST, name: str) -> bool:
    """Whether a name is given to what takes a path: `open(name)`, `os.path.exists(name)`."""
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(call := source.parent(node), ast.Call)
        and call.args[:1] == [node]
        and (
            dotted(call.func) == "open"
            or full_name(source, call.func).startswith("os.path.")
            or full_name(source, call.func) in _TAKING_PATHS
        )
        for node in ast.walk(scope)
    )


_TAKING_PATHS = frozenset(
    f"os.{name}" for name in "remove unlink makedirs mkdir rmdir listdir scandir stat chmod".split()
) | {"pathlib.Path", "shutil.rmtree"}


def _is_used_plainly(source: SourceFile, scope: ast.AST, name: str) -> bool:
    """Whether nothing is done with a name that is not done with a text, a number or a date."""
    for node in ast.walk(scope):
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        match source.parent(node):
            case ast.Attribute(attr=attr) if attr not in _OF_TEXT:
                return False
            case ast.Subscript(value=value) if value is node:
                return False
            case ast.Call(func=function) if function is node:
                return False
            case ast.Call(func=ast.Name(id="len" | "list" | "dict" | "set" | "enumerate" | "iter")):
                return False
            case ast.For(iter=it) | ast.AsyncFor(iter=it) | ast.comprehension(iter=it) if (
                it is node
            ):
                return False
            case ast.Starred() | ast.Await() | ast.YieldFrom() | ast.withitem():
                return False
            case ast.keyword(arg=None):
                return False
    return True


def _is_given_plainly(scope: ast.AST, name: str) -> bool:
    collections = (ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.DictComp, ast.SetComp)
    return not any(
        isinstance(value, collections) or _has_sentence(value) or _is_of_private(value)
        for value in _given(scope, name)
    )


def _is_of_private(value: ast.expr) -> bool:
    """Whether a text is put together with something private: `f"{host}/?key={token}"`."""
    return any(
        not _PRIVATE.isdisjoint(words(node.id if isinstance(node, ast.Name) else node.attr))
        for part in ast.walk(value)
        if isinstance(part, ast.JoinedStr | ast.BinOp) or _is_formatted(part)
        for node in ast.walk(part)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def _has_sentence(value: ast.expr) -> bool:
    """Whether a text has words with spaces between: a statement of SQL or a message, no name."""
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _SENTENCE.search(node.value) is not None
        for node in ast.walk(value)
    )


def _is_shown_plain(source: SourceFile, scope: ast.AST, name: str) -> bool:
    """Whether something shows that a name holds a plain value: a text that it is put into."""
    default = _default(scope, name)
    if isinstance(default, ast.Constant) and default.value is not None:
        return True
    if any(isinstance(value, ast.Constant | ast.JoinedStr) for value in _given(scope, name)):
        return True
    if _is_of_constants(source, scope, name):
        return True
    for node in ast.walk(scope):
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        match source.parent(node):
            case ast.FormattedValue(value=value) if value is node:
                return True
            case ast.Subscript(slice=index) if index is node:
                return True
            case ast.Attribute():
                return True
            case ast.BinOp(left=left, right=right) if _is_text(left) or _is_text(right):
                return True
            case ast.Compare(comparators=others) if any(map(_is_plain_constant, others)):
                return True
    return False


def _is_taken_plainly(source: SourceFile, infer: Inference, scope: ast.AST, name: str) -> bool:
    """Whether a function of the project is given the name, and shows that it is a plain value."""
    for call in ast.walk(scope):
        if not isinstance(call, ast.Call):
            continue
        for at, given in enumerate(call.args):
            if not isinstance(given, ast.Name) or given.id != name:
                continue
            for inferred in infer.holds(source, call.func):
                function = inferred.value
                if isinstance(function, Function) and _takes_plain(function, at):
                    return True
    return False


def _takes_plain(function: Function, at: int) -> bool:
    node, view = function.node, function.view
    taken = [*node.args.posonlyargs, *node.args.args][at + (function.receiver is not None) :][:1]
    if not taken or isinstance(node, ast.Lambda):
        return False
    view.depend_on(node)
    view.depend_on_body(node)
    if taken[0].annotation is not None:
        types = set(_type_words(taken[0].annotation)) - _AROUND
        return bool(types) and types <= _TYPES | _TEXTS
    name = taken[0].arg
    return _is_used_plainly(view.source, node, name) and _is_shown_plain(view.source, node, name)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _is_plain_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | int)


def _is_of_constants(source: SourceFile, scope: ast.AST, name: str) -> bool:
    """Whether a name goes through a loop over constants, or a range."""
    for node in ast.walk(scope):
        if (
            isinstance(node, ast.For)
            and isinstance(node.target, ast.Name)
            and (node.target.id == name)
        ):
            return _are_constants(source, node.iter)
    return False


def _are_constants(source: SourceFile, node: ast.expr) -> bool:
    match node:
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return all(_is_plain_constant(each) and not _has_sentence(each) for each in elements)
        case ast.Call(func=ast.Name(id="range")):
            return True
        case ast.Name(id=name):
            values = [
                each.value
                for each in source.tree.body
                if isinstance(each, ast.Assign)
                and any(
                    isinstance(target, ast.Name) and target.id == name for target in each.targets
                )
            ]
            return len(values) == 1 and _are_constants(source, values[0])
    return False
