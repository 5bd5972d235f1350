"""How long servers and the proxies before them give a web request, as their configuration says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from qw_codemod.facts.deployments.values import Server, seconds_of

_COMMAND = re.compile(r"\bgunicorn\b[\s\"',]+((?:[^\n\\]|\\\s*\n|\\.)+(?:\n[ \t]*-[ \t]+\S+)*)")
_LISTED = re.compile(r"-[ \t]+[\"']?gunicorn[\"']?[ \t]*\n((?:[ \t]*-[ \t]+[^\n]+\n?)+)")
_SERVED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\(.*)?")
_WORDS = re.compile(r"[^\s\"',\[\]\\]+")
_VARIABLE = re.compile(r"\$\{?(\w+)(?::?-(\d+))?\}?")
_SET = re.compile(r"^[ \t]*(timeout|worker_class|threads)[ \t]*=[ \t]*[\"']?([\w.]+)", re.M)
_HARAKIRI = re.compile(r"(?:^|--)harakiri[ \t=:]+(\d+)", re.M)
_PASSES = re.compile(r"^[ \t]*(?:proxy|uwsgi|fastcgi)_pass[ \t]", re.M)
_READS = re.compile(r"^[ \t]*(?:proxy|uwsgi|fastcgi)_read_timeout[ \t]+(\w+)", re.M)
# What they do where nobody says otherwise [doc: gunicorn settings, ngx_http_proxy_module].
_OF_GUNICORN = 30.0
_OF_NGINX = 60.0
_SYNC = frozenset({"", "sync"})  # workers that end with the request; others go on beating


def of_text(path: str, text: str) -> Iterator[Server]:
    """The servers that a file configures or starts, prose aside."""
    if path.endswith((".md", ".rst", ".txt")):
        return
    for pattern in (_COMMAND, _LISTED):
        for match in pattern.finditer(text):
            words = _WORDS.findall(re.sub(r"\n[ \t]*-[ \t]+", " ", f"\n{match[1]}"))
            if any(map(_SERVED.fullmatch, words)) or {"-c", "--config"} & {*words}:
                line = text.count("\n", 0, match.start()) + 1
                yield _gunicorn(path, line, words)
    for match in _HARAKIRI.finditer(text):
        yield Server("uwsgi", float(match[1]), path, text.count("\n", 0, match.start()) + 1)
    passes = _PASSES.search(text)
    if passes is not None:
        found = [*_READS.finditer(text)]
        limits = [each for match in found if (each := seconds_of(match[1])) is not None]
        at = found[0].start(1) if found else passes.start()
        line = text.count("\n", 0, at) + 1
        yield Server("nginx", max(limits, default=_OF_NGINX), path, line)


def _gunicorn(path: str, line: int, words: Sequence[str]) -> Server:
    """What a command says; without an end where its workers go on while a request is answered."""
    options = _options(words)
    kind = options.get("-k", options.get("--worker-class", ""))
    threads = options.get("--threads", "1")
    limit = options.get("-t", options.get("--timeout", ""))
    if kind not in _SYNC or threads != "1":
        return Server("gunicorn", None, path, line)
    variable = _VARIABLE.fullmatch(limit)
    if variable is not None:
        given = float(variable[2]) if variable[2] else None
        return Server("gunicorn", given, path, line, variable[1])
    seconds = seconds_of(limit) if limit else _OF_GUNICORN
    return Server("gunicorn", seconds or None, path, line, is_default=not limit)


def _options(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for at, word in enumerate(words):
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            following = words[at + 1] if at + 1 < len(words) else ""
            found[name] = value if equals else following
    return found


def of_settings(path: str, text: str) -> Server | None:
    """What a module of settings for gunicorn says, which outweighs what it does by default."""
    given = {match[1]: match[2] for match in _SET.finditer(text)}
    if given.get("worker_class", "sync") != "sync" or given.get("threads", "1") != "1":
        return Server("gunicorn", None, path, 1)
    match = next((each for each in _SET.finditer(text) if each[1] == "timeout"), None)
    seconds = seconds_of(match[2]) if match is not None else None
    if match is None or seconds is None:
        return None
    return Server("gunicorn", seconds or None, path, text.count("\n", 0, match.start()) + 1)


def known(
    found: Iterable[Server], settings: Sequence[Server], texts: Callable[[], Iterable[str]]
) -> Iterator[Server]:
    """The servers with the values of variables that are set somewhere, and of their settings."""
    everything: list[str] | None = None
    for each in found:
        if each.is_default and settings:
            continue  # it reads them from its folder
        if each.variable:
            if everything is None:
                everything = [*texts()]
            sets = re.compile(rf"\b{each.variable}\b[\"']?[ \t]*[=: ][ \t]*[\"']?(\d+)")
            values = [float(match[1]) for text in everything for match in sets.finditer(text)]
            seconds = min(values) if values else each.seconds
            if seconds is None:
                continue
            yield Server(each.name, seconds or None, each.path, each.line)
        else:
            yield each
    yield from settings
