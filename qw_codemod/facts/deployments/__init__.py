"""What is deployed or started together, told by files that are not Python.

Scripts, Makefiles, workflows, Dockerfiles and Terraform say which folders leave the project alone,
what is copied beside them, what is installed there and how long they may take:

    gcloud functions deploy refresh --source=functions/refresh --timeout=120s

is a `Unit` of the folder `functions/refresh`, with its `main.py` and `requirements.txt`, in which
nothing else of the project is there, and which is stopped after 120 seconds. `python tools/x.py`
in a script or a README is a `Start`.

What a text says depends on where the Python files lie as well: a script does not tell from which
folder it is run, so the one is taken in which the paths that it names are there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace

from qw_codemod.facts.deployments.contexts import built_images, contexts, image_name
from qw_codemod.facts.deployments.distributions import distributions
from qw_codemod.facts.deployments.images import image_of
from qw_codemod.facts.deployments.linters import Linter, linters
from qw_codemod.facts.deployments.lists import LOCKS, PackageList, installing, package_lists
from qw_codemod.facts.deployments.machines import Machines, machines_of
from qw_codemod.facts.deployments.manifests import timed, told_by_host, told_by_manifest
from qw_codemod.facts.deployments.recipes import of_makefile, of_yaml
from qw_codemod.facts.deployments.scripts import Script, is_telling
from qw_codemod.facts.deployments.servers import known, of_settings, of_text
from qw_codemod.facts.deployments.terraform import told_by_terraform
from qw_codemod.facts.deployments.values import (
    Deadline,
    Distribution,
    Layout,
    Server,
    Start,
    Told,
    Unit,
)
from qw_codemod.facts.query import digest
from qw_codemod.languages.shell import Command, commands

__all__ = [
    "Deadline",
    "Deployments",
    "Distribution",
    "Layout",
    "Linter",
    "PackageList",
    "Server",
    "Start",
    "Unit",
    "deployments",
]

_LARGEST = 400_000  # bytes; nobody writes a longer one by hand
_WORTH = re.compile(
    rb"\b(?:deploy|python[\d.]*|zip|rsync|archive_file|FROM|subscriptions|\w*pubsub_subscription|u?vicorn|gunicorn|celery"
    rb"|cloud_run\w*|uv run|poetry run|[hH]andler|activeDeadlineSeconds|timeoutSeconds"
    rb"|functionTimeout|scheduler|\w*scheduler_job)\b"
)
_OF_MANIFEST = re.compile(r"^[ \t]*(?:handler|Handler|activeDeadlineSeconds|timeoutSeconds):", re.M)
_BUILDS = re.compile(rb"\bdocker[ \t]+(?:\w+[ \t]+)?build\b|^[ \t]*(?:- )?context:", re.M)
_CONFIGURE_PYTEST = frozenset({"pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg"})
_PYTHONPATH = re.compile(
    r"^[ \t]*pythonpath[ \t]*=[ \t]*(\[[^\]]*\]|[^\n]*(?:\n[ \t]+[^\s=]+[ \t]*$)*)", re.M
)
_SERVES = re.compile(rb"\b(?:gunicorn|harakiri|(?:proxy|uwsgi|fastcgi)_pass)\b")
_PROSE = re.compile(r"^[ \t>$`]*((?:[A-Z_]+=\S+ )*(?:\w+ run )?python[\d.]* [^`\n]*)`*$", re.M)
_INLINE = re.compile(r"`((?:[A-Z_]+=\S+ )*(?:\w+ run )?python[\d.]* [^`\n]+)`")


@dataclass(frozen=True)
class Deployments:
    """All that is told of one project."""

    units: tuple[Unit, ...] = ()
    starts: tuple[Start, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    servers: tuple[Server, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    test_roots: tuple[tuple[str, str], ...] = ()  # for the tests in a folder, where they look
    linters: tuple[Linter, ...] = ()
    lists: tuple[PackageList, ...] = ()
    installing: tuple[str, ...] = ()  # scripts and recipes that install packages by their names

    def linted(self, code: str, path: str) -> bool:
        """Whether ruff checks a file by a rule, as the configuration that is nearest to it says."""
        near = [each for each in self.linters if path.startswith(f"{each.folder}/")]
        return bool(near) and max(near, key=lambda each: len(each.folder)).finds(code, path)

    def digest(self, root: str) -> str:
        """What stands for all of it, wherever the project lies."""
        told = [
            *map(astuple, self.units),
            *map(astuple, self.starts),
            *map(astuple, self.deadlines),
            *map(astuple, self.servers),
            *map(astuple, self.distributions),
            *self.test_roots,
            *map(astuple, self.linters),
            *((*astuple(each)[:3], sorted(each.packages)) for each in self.lists),
            *self.installing,
        ]
        return digest(repr(told).replace(root, "").encode())


def deployments(
    root: str, python: Sequence[str], texts: Sequence[str], read: Callable[[str], bytes]
) -> Deployments:
    """What is told by files (`texts`) about those of Python (sorted); paths are absolute."""
    every_text = texts
    texts = [each for each in texts if each.rpartition("/")[2] not in LOCKS]
    layout = Layout(root, python, texts)
    told = Told()
    found = {path: data for path in sorted(texts) if _WORTH.search(data := read(path))}
    builds = {
        path: data.decode("utf-8", "replace")
        for path in sorted(texts)
        if len(data := read(path)) <= _LARGEST and _BUILDS.search(data)
    }
    built_from = contexts(builds, layout)
    for path, data in found.items():
        if len(data) <= _LARGEST:
            beside = _beside(path, found) if path.endswith(".tf") else ""
            text = data.decode("utf-8", "replace")
            told.add(told_by(path, text, layout, beside, built_from.get(path, "")))
    built = built_images([*texts], builds.values())
    starts = {
        replace(each, path="", line=0, stopped_at=0, installed_at=bool(each.installed_at)): each
        for each in reversed([_apart_from(each, built) for each in told.starts])
    }
    units = _timed(_built(dict.fromkeys(told.units)), told.images)
    return Deployments(
        units,
        tuple(reversed(starts.values())),
        tuple(dict.fromkeys(told.deadlines)),
        _servers(python, texts, read),
        tuple(distributions(python, texts, layout, read)),
        tuple(_test_roots(texts, read)),
        tuple(linters(texts, read)),
        tuple(package_lists(root, python, every_text, read)),
        tuple(installing(texts, read)),
    )


def _test_roots(texts: Sequence[str], read: Callable[[str], bytes]) -> Iterator[tuple[str, str]]:
    """The folders that pytest puts on the module path, with the folder whose tests it does for."""
    for path in sorted(texts):
        folder, _, name = path.rpartition("/")
        if name not in _CONFIGURE_PYTEST or b"pythonpath" not in (data := read(path)):
            continue
        for match in _PYTHONPATH.finditer(data.decode("utf-8", "replace")):
            for each in re.findall(r"[\w./-]+", match[1]):
                yield folder, posixpath.normpath(posixpath.join(folder, each))


def _servers(
    python: Sequence[str], texts: Sequence[str], read: Callable[[str], bytes]
) -> tuple[Server, ...]:
    """The servers of web requests, in the order of the files that tell of them."""

    def everything() -> Iterator[str]:
        for path in texts:
            if len(data := read(path)) <= _LARGEST and not path.endswith((".md", ".rst")):
                yield data.decode("utf-8", "replace")

    found: list[Server] = []
    for path in sorted(texts):
        data = read(path)
        if len(data) <= _LARGEST and _SERVES.search(data):
            found += of_text(path, data.decode("utf-8", "replace"))
    modules = [path for path in python if "gunicorn" in path.rpartition("/")[2]]
    settings = [of_settings(path, read(path).decode("utf-8", "replace")) for path in modules]
    return tuple(dict.fromkeys(known(found, [*filter(None, settings)], everything)))


def _apart_from(start: Start, built: frozenset[str]) -> Start:
    """A start, without the image of its container where the project builds that itself."""
    is_own = "$" in start.image or image_name(start.image) in built
    return replace(start, image="") if is_own else start


def _beside(path: str, found: dict[str, bytes]) -> str:
    folder = path.rpartition("/")[0]
    texts = (data for each, data in found.items() if each.rpartition("/")[0] == folder)
    return "\n".join(data.decode("utf-8", "replace") for data in texts)


def told_by(path: str, text: str, layout: Layout, beside: str = "", context: str = "") -> Told:
    """What one file tells; of a Dockerfile, with the folder that it is built from, if known."""
    name = path.rpartition("/")[2]
    if name.endswith(".tf"):
        return told_by_terraform(path, text, layout, beside or text)
    if "Dockerfile" in name and not name.endswith((".sh", ".md", ".yml", ".yaml")):
        image = image_of(path, text, layout, context)
        return Told(units=[image] if image is not None else [])
    if name.endswith((".yml", ".yaml")):
        told = _followed(path, list(of_yaml(text)), layout, machines_of(path, text))
        if _OF_MANIFEST.search(text):
            told.starts = timed(told.starts, path, text)
            told.add(told_by_manifest(path, text, layout))
        return told
    if name == "host.json":
        return told_by_host(path, text, layout)
    if name.endswith((".md", ".rst")) or name.startswith("README"):
        found = [*_PROSE.finditer(text), *_INLINE.finditer(text)]
        written = [(text.count("\n", 0, each.start(1)) + 1, each[1]) for each in found]
        return _followed(path, [c for line, each in written for c in commands(each, line)], layout)
    if name.endswith(".mk") or name.startswith("Makefile"):
        return _followed(path, list(of_makefile(text)), layout)
    if name == "Procfile":
        text = re.sub(r"^\w+:", "", text, flags=re.M)
    return _followed(path, list(commands(text)), layout)


def _followed(
    path: str,
    found: Sequence[Command],
    layout: Layout,
    machines: Machines | None = None,
) -> Told:
    """What commands tell, from the folder in which most of what they name is there."""
    if not any(map(is_telling, found)):
        return Told()
    best: Script | None = None
    folders = layout.above(path)
    if f"{layout.root}/." in path:  # of a workflow: it starts at the top
        folders = [layout.root]
    for base in folders:
        script = Script(path, layout, base, machines)
        script.follow(found)
        if best is None or script.met - script.missed > best.met - best.missed:
            best = script
    return best.told if best is not None else Told()


def _built(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """The units; what is deployed from a folder with a Dockerfile is the image that it builds."""
    made = [*units]
    images = {unit.path: unit for unit in made if unit.is_image}
    for at, unit in enumerate(made):
        image = images.get(f"{unit.copies[0][0]}/Dockerfile")
        if image is not None and unit.is_service and not unit.is_image:
            made[at] = replace(
                image, name=unit.name, path=unit.path, line=unit.line, seconds=unit.seconds
            )
    return tuple(made)


def _timed(units: tuple[Unit, ...], images: Sequence[Deadline]) -> tuple[Unit, ...]:
    """The units with the deadlines of services that are deployed as images.

    A deadline is of the image whose Dockerfile lies nearest to where it is said; of the project's
    only one, of the one that bears the service's name.
    """
    made = list(units)
    dockerfiles = [at for at, unit in enumerate(made) if unit.is_image]
    for deadline in images:
        folder = deadline.path.rpartition("/")[0]
        near = [at for at in dockerfiles if made[at].path.rpartition("/")[0] == folder]
        same = [at for at in dockerfiles if made[at].name.rpartition("/")[2] == deadline.name]
        found = same or near or dockerfiles
        if len(found) == 1:
            now = made[found[0]]
            if now.seconds is None or deadline.seconds < now.seconds:
                made[found[0]] = replace(
                    now, seconds=deadline.seconds, path=deadline.path, line=deadline.line
                )
    return tuple(made)
