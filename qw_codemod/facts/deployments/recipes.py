"""The commands that Makefiles and YAML hold: recipes, steps of workflows, lists of arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qw_codemod.languages.shell import Command, commands

_MAKE_VARIABLE = re.compile(r"\$\(([A-Za-z_]\w*)\)")
_MAKE_ASSIGNS = re.compile(r"([A-Za-z_]\w*)\s*[:?]?:?=\s*(.*)")
_BLOCK = re.compile(r"(\s*)(?:- +)*(?:[\w.\"'-]+:[ \t]+)?[|>][+-]?\d*[ \t]*(?:#.*)?$")
_ITEM = re.compile(r"(\s*)-[ \t]+(.*)$")
_VALUE = re.compile(r"\s*(?:-[ \t]+)*[\w.\"'-]+:[ \t]+(\S.*)$")
_FOLDER = re.compile(r"\s*(?:- +)?(?:working-directory|working_directory|dir):[ \t]*(\S+)")
_ACTION = re.compile(r"uses:\s*[\"']?\S*/deploy-cloud-?(functions|run)\b")
_INPUT = re.compile(r"\s*([\w-]+):[ \t]*[\"']?([^\"'#\n]+?)[\"']?\s*(?:#.*)?$")
_WORTH = re.compile(
    r"\b(?:python|pypy|pip|deploy|zip|uvicorn|gunicorn|hypercorn|celery|subscriptions|\S+\.py)\b"
)
_OPEN, _CLOSE = ("(",), (")",)


def of_makefile(text: str) -> Iterator[Command]:
    """The commands of the recipes, each line in a shell of its own."""
    number = 0
    lines = text.split("\n")
    while number < len(lines):
        first, line = number + 1, lines[number]
        while line.endswith("\\") and number + 1 < len(lines):
            number += 1
            line = f"{line}\n{lines[number]}"
        number += 1
        line = _MAKE_VARIABLE.sub(r"${\1}", line)
        if line.startswith("\t"):
            yield Command(first, _OPEN)
            yield from commands(line.lstrip("\t @-+").replace("$$", "$"), first)
            yield Command(first, _CLOSE)
        elif match := _MAKE_ASSIGNS.fullmatch(line):
            yield Command(first, (f"{match[1]}={match[2].strip()}",))


def of_yaml(text: str) -> Iterator[Command]:
    """What may be a command: each scalar, and lists of scalars as one command of many words."""
    lines = text.split("\n")
    folders = _folders(lines)
    number = 0
    while number < len(lines):
        line = lines[number]
        if _ACTION.search(line):
            yield from _of_action(lines, number)
        if match := _BLOCK.match(line):
            end = _end_of_block(lines, number, len(match[1]))
            yield from _apart(number + 2, "\n".join(lines[number + 1 : end]), folders.get(number))
            number = end
            continue
        if (item := _ITEM.match(line)) and not _is_mapping(item[2]):
            end, words = _items(lines, number, len(item[1]))
            if len(words) > 1:
                yield from _list_of_words(number + 1, words, folders.get(number))
            for each in range(number, end):
                single = _ITEM.match(lines[each])
                if single and not single[2].startswith("["):
                    yield from _apart(each + 1, _unquoted(single[2]), folders.get(each))
            number = max(end, number + 1)
            continue
        if value := _VALUE.match(line):
            if value[1].startswith("["):
                words = [_unquoted(each.strip()) for each in value[1].strip("[] ").split(",")]
                yield from _list_of_words(number + 1, words, folders.get(number))
            elif " " in value[1]:
                yield from _apart(number + 1, _unquoted(value[1]), folders.get(number))
        number += 1


def _apart(line: int, text: str, folder: str | None) -> Iterator[Command]:
    """Commands that are run in a shell of their own."""
    if not _WORTH.search(text):
        return
    yield Command(line, _OPEN)
    if folder:
        yield Command(line, ("cd", folder))
    yield from commands(text, line)
    yield Command(line, _CLOSE)


def _list_of_words(line: int, words: list[str], folder: str | None) -> Iterator[Command]:
    yield Command(line, _OPEN)
    if folder:
        yield Command(line, ("cd", folder))
    if len(words) == 2 and words[0] in ("-c", "-ec"):
        yield from commands(words[1], line)
    else:
        yield Command(line, tuple(words))
    yield Command(line, _CLOSE)


def _folders(lines: list[str]) -> dict[int, str]:
    """The working directory of each line of a step that has one."""
    found: dict[int, str] = {}
    for number, line in enumerate(lines):
        if not (match := _FOLDER.match(line)):
            continue
        column = len(line) - len(line.lstrip(" -"))
        first = number
        while first > 0 and not _starts_step(lines[first], column):
            first -= 1
        last = number + 1
        while last < len(lines) and not _leaves_step(lines[last], column):
            last += 1
        found.update((each, match[1].strip("\"'")) for each in range(first, last))
    return found


def _starts_step(line: str, column: int) -> bool:
    return line.lstrip().startswith("- ") and len(line) - len(line.lstrip(" -")) == column


def _leaves_step(line: str, column: int) -> bool:
    if not line.strip():
        return False
    return len(line) - len(line.lstrip(" ")) < column


def _end_of_block(lines: list[str], number: int, indent: int) -> int:
    end = number + 1
    while end < len(lines):
        line = lines[end]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
            break
        end += 1
    return end


def _items(lines: list[str], number: int, indent: int) -> tuple[int, list[str]]:
    """Items of one list that are scalars of one line each: where they end, and what they are."""
    words: list[str] = []
    end = number
    while end < len(lines):
        item = _ITEM.match(lines[end])
        if (
            item is None
            or len(item[1]) != indent
            or _is_mapping(item[2])
            or _BLOCK.match(lines[end])
        ):
            break
        words.append(_unquoted(item[2]))
        end += 1
    return end, words


def _is_mapping(text: str) -> bool:
    return re.match(r"[\w.-]+:(\s|$)", text) is not None


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def _of_action(lines: list[str], number: int) -> Iterator[Command]:
    """The step of an action that deploys, as the command that it runs."""
    column = len(lines[number]) - len(lines[number].lstrip(" -"))
    kind = "functions" if "functions" in lines[number] else "run"
    given: dict[str, str] = {}
    for line in lines[number + 1 :]:
        if _leaves_step(line, column) or _starts_step(line, column):
            break
        if match := _INPUT.match(line):
            given[match[1]] = match[2]
    source = given.get("source_dir") or given.get("source", "" if kind == "run" else ".")
    limit = given.get("service_timeout") or given.get("timeout", "")
    words = ["gcloud", kind, "deploy", given.get("name", given.get("service", ""))]
    words += [f"--source={source}"] if source else []
    words += [f"--timeout={limit}"] if limit else []
    yield Command(number + 1, tuple(words))
