"""Which folder each image is built from: what the commands that build it say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from qw_codemod.facts.deployments.values import Layout

_BUILD = re.compile(
    r"\bdocker[ \t]+(?:buildx[ \t]+|image[ \t]+)?build\b((?:[^\n\\`;&|]|\\\n|\\.)*)"
)
_WORDS = re.compile(r"(?:[^\s\"'\\]|\"[^\"\n]*\"|'[^'\n]*')+")
_SWITCHES = frozenset("--no-cache --pull --push --load --rm --force-rm --squash -q --quiet".split())
_FIELDS = re.compile(r"^[ \t]*(?:-[ \t]+)?(context|dockerfile|file):[ \t]*[\"']?([^\s\"'#]+)", re.M)
_TAG = re.compile(
    r"(?:[ \t]-t|--tag)[ =\t]+[\"']?([^\s\"']+)|^[ \t]*image:[ \t]*[\"']?([^\s\"'#]+)", re.M
)
_NEAR = 4  # lines between the fields of one build


def contexts(texts: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """The folder that each Dockerfile's paths count from, by its path, where somebody says so.

    A command counts from the folder of its script, or from one above: where the Dockerfile is.
    """
    found: dict[str, str] = {}
    for path, text in texts.items():
        for dockerfile, context in (*_commands(text), *_fields(text)):
            for base in layout.above(path):
                at = posixpath.normpath(posixpath.join(base, dockerfile))
                folder = posixpath.normpath(posixpath.join(base, context))
                if not layout.lists(at):
                    at = posixpath.normpath(posixpath.join(folder, dockerfile))
                if layout.lists(at) and f"{folder}/".startswith(f"{layout.root}/"):
                    found.setdefault(at, folder)
                    break
    return found


def built_images(paths: Iterable[str], texts: Iterable[str]) -> frozenset[str]:
    """The names of images that the project builds: what it calls them, and folders they lie in."""
    found = {
        posixpath.basename(posixpath.dirname(each))
        for each in paths
        if "Dockerfile" in posixpath.basename(each)
    }
    for text in texts:
        found |= {image_name(match[1] or match[2]) for match in _TAG.finditer(text)}
    return frozenset(found)


def image_name(image: str) -> str:
    """The last part of an image's name, without its tag: `app` of `registry/team/app:1.2`."""
    return posixpath.basename(image.partition("@")[0]).partition(":")[0]


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """`docker build -f docker/app/Dockerfile .`: the Dockerfile and the folder."""
    for match in _BUILD.finditer(text):
        words = [each.strip("\"'") for each in _WORDS.findall(match[1].replace("\\\n", " "))]
        plain = []
        named = ""
        for before, word in pairwise(["", *words]):
            if before in ("-f", "--file"):
                named = word
            elif word.startswith(("--file=", "-f=")):
                named = word.partition("=")[2]
            elif not word.startswith("-") and (
                not before.startswith("-") or "=" in before or before in _SWITCHES
            ):
                plain.append(word)
        if len(plain) == 1 and "$" not in named + plain[0]:
            yield named or posixpath.join(plain[0], "Dockerfile"), plain[0]


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """The same of Compose and of actions: `context: .` beside `dockerfile: app/Dockerfile`."""
    fields = [*_FIELDS.finditer(text)]
    for one, other in pairwise(fields):
        if text.count("\n", one.start(), other.start()) > _NEAR:
            continue
        given = {each[1] if each[1] == "context" else "file": each[2] for each in (one, other)}
        if len(given) == 2 and "$" not in "".join(given.values()):
            yield given["file"], given["context"]
