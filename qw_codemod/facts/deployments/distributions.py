"""What setup.py, setup.cfg and pyproject.toml publish: packages that are installed on their own."""

from __future__ import annotations

import ast
import configparser
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from qw_codemod.facts.deployments.values import Distribution, Layout
from qw_codemod.kernel import toml

_SETUP, _CFG, _PYPROJECT = "setup.py", "setup.cfg", "pyproject.toml"
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*\w)?")
_BESIDE = re.compile(r"(?:@|^-e)\s*(?:file:(?://)?)?(\.[\w./-]*)")


def distributions(
    python: Sequence[str], texts: Sequence[str], layout: Layout, read: Callable[[str], bytes]
) -> Iterator[Distribution]:
    """The distributions of a project, in the order of their folders; one a folder."""
    named = {_SETUP, _CFG, _PYPROJECT}
    paths = {path for path in (*python, *texts) if path.rpartition("/")[2] in named}
    for folder in sorted({path.rpartition("/")[0] for path in paths}):
        for name, told_by in ((_PYPROJECT, _of_toml), (_CFG, _of_cfg), (_SETUP, _of_setup)):
            path = f"{folder}/{name}"
            if path not in paths:
                continue
            text = read(path).decode("utf-8", "replace")
            try:
                found = told_by(path, text, layout)
            except (ValueError, SyntaxError, RecursionError, configparser.Error):
                continue
            if found is not None:
                yield found
                break


def normalised(name: str) -> str:
    """The name of a distribution, without extras and versions, as all spellings of it are equal."""
    match = _NAME.match(name.strip())
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


# -- pyproject.toml -------------------------------------------------------------------------------


def _of_toml(path: str, text: str, layout: Layout) -> Distribution | None:
    data = toml.parsed(text)
    folder = path.rpartition("/")[0]
    project, tool = toml.table(data, "project"), toml.table(data, "tool")
    poetry = toml.table(tool, "poetry")
    name = str(project.get("name") or poetry.get("name") or "")
    if not name or poetry.get("package-mode") is False:
        return None
    is_built = "build-system" in data or toml.table(tool, "uv").get("package") is True
    packages = [*_listed(tool, folder)]
    own = normalised(name).replace("-", "_")
    if not packages and poetry and not project:
        packages = [
            each for each in (f"{folder}/{own}", f"{folder}/src/{own}") if layout.has_files_in(each)
        ]
        is_found = bool(packages)
    else:
        is_found = bool(packages) or (is_built and _has_package(folder, layout))
    if not is_found:
        return None
    needs = [*toml.texts(project.get("dependencies"))]
    beside: list[str] = []
    for said, given in (
        *toml.table(poetry, "dependencies").items(),
        *toml.table(tool, "uv", "sources").items(),
    ):
        needs.append(said)
        if isinstance(given, dict) and isinstance(given.get("path"), str):
            beside.append(given["path"])
    title = re.search(r"^\[(?:project|tool\.poetry)\]", text, re.M)
    line = text.count("\n", 0, title.start()) + 1 if title else 1
    return _made(path, line, name, packages, needs, beside)


def _listed(tool: dict[str, Any], folder: str) -> Iterator[str]:
    """The packages and modules that a build tool is told of, as paths without an ending."""
    setuptools = toml.table(tool, "setuptools")
    source = toml.table(setuptools, "package-dir").get("", "")
    for each in (
        *toml.texts(setuptools.get("packages")),
        *toml.texts(setuptools.get("py-modules")),
    ):
        yield _path(folder, str(source), each.replace(".", "/"))
    poetry = toml.table(tool, "poetry").get("packages")
    for given in poetry if isinstance(poetry, list) else ():
        if isinstance(given, dict) and isinstance(given.get("include"), str):
            yield _path(folder, str(given.get("from", "")), given["include"].partition("*")[0])
    for each in toml.texts(toml.table(tool, "hatch", "build", "targets", "wheel").get("packages")):
        yield _path(folder, each)


# -- setup.cfg ------------------------------------------------------------------------------------


def _of_cfg(path: str, text: str, layout: Layout) -> Distribution | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    if not parser.has_section("options"):
        return None
    options = parser["options"]
    folder = path.rpartition("/")[0]
    said = f"{options.get('packages', '')}\n{options.get('py_modules', '')}"
    words = re.findall(r"[\w.]+(?=\s|,|$)", re.sub(r"find(?:_namespace)?:", "", said))
    if not said.strip():
        return None
    source = re.search(r"^\s*=\s*(\S+)", options.get("package_dir", ""), re.M)
    packages = [
        _path(folder, source[1] if source else "", each.replace(".", "/")) for each in words
    ]
    needs = [each.strip() for each in options.get("install_requires", "").splitlines()]
    name = parser.get("metadata", "name", fallback="")
    title = re.search(r"^\[options\]", text, re.M)
    line = text.count("\n", 0, title.start()) + 1 if title else 1
    return _made(path, line, name, packages if "find" not in said else [], needs, [])


# -- setup.py -------------------------------------------------------------------------------------


def _of_setup(path: str, text: str, layout: Layout) -> Distribution | None:
    tree = ast.parse(text)
    named = {
        target.id: each.value
        for each in tree.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    folder = path.rpartition("/")[0]
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=ast.Name(id="setup") | ast.Attribute(attr="setup")):
                pass
            case _:
                continue
        given = {
            each.arg: named.get(each.value.id, each.value)
            if isinstance(each.value, ast.Name)
            else each.value
            for each in call.keywords
        }
        stated = [given[each] for each in ("packages", "py_modules") if each in given]
        if not stated:
            return None
        source, is_plain = _source_of(given.get("package_dir"))
        words: list[str] = []
        for value in stated:
            elements = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
            is_plain = is_plain and all(isinstance(each, ast.Constant) for each in elements)
            words += [str(each.value) for each in elements if isinstance(each, ast.Constant)]
        name = given.get("name")
        called = str(name.value) if isinstance(name, ast.Constant) else ""
        required = given.get("install_requires")
        needs = [
            str(each.value)
            for each in (required.elts if isinstance(required, ast.List | ast.Tuple) else ())
            if isinstance(each, ast.Constant)
        ]
        packages = [_path(folder, source, each.replace(".", "/")) for each in words]
        return _made(path, call.lineno, called, packages if is_plain else [], needs, [])
    return None


def _source_of(node: ast.expr | None) -> tuple[str, bool]:
    """The folder that packages are in, and whether that is all that is said of where they are."""
    match node:
        case None:
            return "", True
        case ast.Dict(keys=[ast.Constant(value="")], values=[ast.Constant(value=str(folder))]):
            return folder, True
    return "", False


# -- all of them ----------------------------------------------------------------------------------


def _has_package(folder: str, layout: Layout) -> bool:
    """Whether a package lies in a folder, or in its `src`."""
    for path in layout.below(folder):
        inner = path[len(folder) + 1 :].removeprefix("src/").split("/")
        if len(inner) == 2 and inner[1] == "__init__.py" and inner[0] not in ("test", "tests"):
            return True
    return False


def _path(folder: str, *parts: str) -> str:
    return posixpath.normpath(posixpath.join(folder, *parts))


def _made(
    path: str, line: int, name: str, packages: list[str], needs: list[str], beside: list[str]
) -> Distribution:
    folder = path.rpartition("/")[0]
    beside = [*beside, *(match[1] for each in needs if (match := _BESIDE.search(each)))]
    return Distribution(
        path,
        line,
        normalised(name),
        tuple(dict.fromkeys(packages)),
        tuple(dict.fromkeys(filter(None, map(normalised, needs)))),
        tuple(_path(folder, each) for each in beside),
    )
