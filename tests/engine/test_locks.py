"""A lock that a project has is what its tool would make of it, once a package is declared anew.

The lists in `locks/` were written by uv 0.13.9 and pip-compile 7.6.2; the hashes of poetry's locks
are those that poetry 2.5.1 works out.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from qw_codemod.codemods.retries import CODEMOD

from qw_codemod.engine.dependencies import pins_of, published_of
from qw_codemod.engine.requirements import Declared, Installation, declare

LOCKS = Path(__file__).parent / "locks"
PROJECT = """\
[project]
name = "shop"
version = "0.1"
requires-python = ">=3.9"
dependencies = ["idna>=3"]
"""
POETRY = '[tool.poetry.dependencies]\npython = "^3.9"\nidna = ">=3"\n'
UV = 'version = 1\n\n[[package]]\nname = "idna"\nversion = "3.20"\n'


def lock(name: str) -> str:
    return (LOCKS / name).read_text()


def run(root: Path, tree: dict[str, str], unit: Installation | None = None) -> Declared:
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    path = str(root / "job.py")
    wanted = CODEMOD.dependencies
    units = {path: [unit]} if unit is not None else None
    return declare(root, {"tenacity>=8.2": [path]}, units, pins_of(wanted), published_of(wanted))


def changed(root: Path, declared: Declared) -> dict[str, str]:
    return {
        str(Path(path).relative_to(root)): after.decode() for path, _, after in declared.changes
    }


@pytest.mark.parametrize(
    ("listed", "text", "name", "before", "after"),
    [
        ("pyproject.toml", POETRY, "poetry.lock", "poetry.before.lock", "poetry.after.lock"),
        (
            "pyproject.toml",
            PROJECT.replace('version = "0.1"\n', ""),
            "poetry.lock",
            "poetry_project.before.lock",
            "poetry_project.after.lock",
        ),
        *(
            ("requirements.in", "idna>=3\n", "requirements.txt", f"{style}.before.txt", after)
            for style in ("hashed", "split", "line", "uv")
            for after in [f"{style}.after.txt"]
        ),
    ],
)
def test_as_the_tool_makes_it(
    tmp_path: Path, listed: str, text: str, name: str, before: str, after: str
) -> None:
    declared = run(tmp_path, {listed: text, name: lock(before)})
    assert changed(tmp_path, declared)[name] == lock(after)
    assert declared.notices == ()


def test_a_pinned_list_takes_the_version_that_is_locked(tmp_path: Path) -> None:
    locked = f'{UV}\n[[package]]\nname = "tenacity"\nversion = "9.1.4"\n'
    pinned = PROJECT.replace("idna>=3", "idna==3.20")
    declared = run(tmp_path, {"pyproject.toml": pinned, "uv.lock": locked})
    assert '"tenacity==9.1.4"' in changed(tmp_path, declared)["pyproject.toml"]


@pytest.mark.parametrize(
    ("listed", "text", "name", "before", "command"),
    [
        ("pyproject.toml", PROJECT, "uv.lock", UV, "uv lock"),
        (  # it runs on a Python that the version does not
            "pyproject.toml",
            PROJECT.replace('version = "0.1"\n', ""),
            "poetry.lock",
            lock("poetry_project.before.lock").replace(">=3.9", ">=3.7"),
            "poetry lock",
        ),
        (  # another index has other files
            "requirements.in",
            "idna>=3\n",
            "requirements.txt",
            "--index-url https://packages.example.invalid/simple\n" + lock("split.before.txt"),
            "pip-compile --output-file=split.txt requirements.in",
        ),
        (  # it was stale before: its hash is of another list
            "pyproject.toml",
            POETRY.replace(">=3", ">=2"),
            "poetry.lock",
            lock("poetry.before.lock"),
            "poetry lock",
        ),
        (  # what the list is compiled from is said nowhere in it
            "requirements.in",
            "idna>=3\n",
            "requirements.txt",
            lock("hashed.before.txt").replace("    # via -r requirements.in\n", ""),
            "pip-compile --generate-hashes --output-file=hashed.txt requirements.in",
        ),
    ],
)
def test_what_is_left_to_the_tool(
    tmp_path: Path, listed: str, text: str, name: str, before: str, command: str
) -> None:
    declared = run(tmp_path, {listed: text, name: before})
    assert list(changed(tmp_path, declared)) == [listed]
    assert declared.notices == (f"{name} is stale now: {command}",)


def test_a_lock_that_was_forgotten_is_told_of(tmp_path: Path) -> None:
    text = PROJECT.replace('"idna>=3"', '"idna>=3", "tenacity>=8.2"')
    locked = lock("poetry_project.before.lock")
    declared = run(tmp_path, {"pyproject.toml": text, "poetry.lock": locked})
    assert declared.changes == ()
    assert declared.notices == (
        "poetry.lock lacks tenacity>=8.2, and what is installed from it alone could not start: "
        "before this is merged, run poetry lock",
    )
    (tmp_path / "poetry.lock").write_text(lock("poetry_project.after.lock"))
    assert run(tmp_path, {"pyproject.toml": text}) == Declared((), ())


def test_what_a_unit_installs_from_is_looked_at_as_well(tmp_path: Path) -> None:
    text = PROJECT.replace('version = "0.1"\n', "").replace('3"]', '3", "tenacity>=8.2"]')
    unit = Installation("shop", (str(tmp_path / "pyproject.toml"),))
    tree = {"pyproject.toml": text, "poetry.lock": lock("poetry_project.after.lock")}
    assert changed(tmp_path, run(tmp_path, tree, unit)) == {}
    tree = {"pyproject.toml": text, "poetry.lock": lock("poetry_project.before.lock")}
    assert run(tmp_path, tree, unit).notices


def test_a_list_that_takes_another_one_in(tmp_path: Path) -> None:
    before = lock("split.before.txt")
    tree = {
        "requirements/common.in": "idna>=3\n",
        "requirements/common.txt": before.replace("requirements.in", "requirements/common.in"),
        "requirements/dev.in": "-r common.in\nidna\n",
        "requirements/dev.txt": before.replace("-r requirements.in", "-r requirements/common.in"),
    }
    unit = Installation("shop", (str(tmp_path / "requirements/common.txt"),))
    made = changed(tmp_path, run(tmp_path, tree, unit))
    added = "tenacity==9.0.0\n    # via -r requirements/common.in\n"
    assert made["requirements/common.txt"].endswith(added)
    assert made["requirements/dev.txt"].endswith(added)


UV_WITH_IT = """\
version = 1
requires-python = ">=3.9"

[[package]]
name = "shop"
version = "0.1"
source = {{ virtual = "{folder}" }}
dependencies = [
    {{ name = "idna" }},
{needed}]

[package.metadata]
requires-dist = {required}

[[package]]
name = "tenacity"
version = "{version}"
source = {{ registry = "https://index.example/simple" }}
"""
NEEDED = '    { name = "tenacity" },\n'
ONE = '[{ name = "idna", specifier = ">=3" }]'
TWO = (
    '[\n    { name = "idna", specifier = ">=3" },\n'
    '    { name = "tenacity", specifier = ">=8.2" },\n]'
)


@pytest.mark.parametrize("folder", [".", "packages/shop"])
def test_of_uv_where_another_package_needs_it_already(tmp_path: Path, folder: str) -> None:
    known = {"folder": folder, "version": "9.1.4"}
    tree = {
        f"{folder}/pyproject.toml": PROJECT,
        "uv.lock": UV_WITH_IT.format(needed="", required=ONE, **known),
    }
    for name, text in tree.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    wanted = CODEMOD.dependencies
    needs = {"tenacity>=8.2": [str(tmp_path / folder / "job.py")]}
    declared = declare(tmp_path, needs, None, pins_of(wanted), published_of(wanted))
    made = changed(tmp_path, declared)["uv.lock"]
    assert made == UV_WITH_IT.format(needed=NEEDED, required=TWO, **known)
    assert declared.notices == ()


def test_of_uv_where_an_extra_requires_it_already(tmp_path: Path) -> None:
    """As uv 0.13.9 writes it: what is always required stands before what an extra requires."""
    text = f'{PROJECT}[project.optional-dependencies]\neval = ["tenacity", "wandb"]\n'
    extra = '    { name = "tenacity", marker = "extra == \'eval\'" },\n'
    before = f'[\n    {{ name = "idna", specifier = ">=3" }},\n{extra}]'
    known = {"folder": ".", "version": "9.1.4"}
    locked = UV_WITH_IT.format(needed="", required=before, **known)
    made = changed(tmp_path, run(tmp_path, {"pyproject.toml": text, "uv.lock": locked}))
    after = f"{TWO[:-1]}{extra}]"
    assert made["uv.lock"] == UV_WITH_IT.format(needed=NEEDED, required=after, **known)


@pytest.mark.parametrize("where", ["needed", "required"])
def test_of_uv_where_one_platform_alone_needs_it(tmp_path: Path, where: str) -> None:
    item = '    { name = "tenacity", marker = "sys_platform == \'win32\'" },\n'
    required = f'[\n    {{ name = "idna", specifier = ">=3" }},\n{item}]'
    given = {"needed": item if where == "needed" else "", "required": required}
    locked = UV_WITH_IT.format(folder=".", version="9.1.4", **given)
    declared = run(tmp_path, {"pyproject.toml": PROJECT, "uv.lock": locked})
    assert list(changed(tmp_path, declared)) == ["pyproject.toml"]
    assert declared.notices == ("uv.lock is stale now: uv lock",)


@pytest.mark.parametrize(
    "locked",
    [
        UV_WITH_IT.format(folder=".", needed="", required=ONE, version="8.1.0"),
        UV_WITH_IT.format(folder=".", needed="", required=ONE, version="9.1.4").replace(
            "tenacity", "x"
        ),
        UV_WITH_IT.format(folder="other", needed="", required=ONE, version="9.1.4"),
        UV_WITH_IT.format(folder=".", needed="", required=ONE, version="9.1.4")
        + '\n[[package]]\nname = "tenacity"\nversion = "8.5.0"\n',
    ],
)
def test_of_uv_where_it_is_left(tmp_path: Path, locked: str) -> None:
    declared = run(tmp_path, {"pyproject.toml": PROJECT, "uv.lock": locked})
    assert list(changed(tmp_path, declared)) == ["pyproject.toml"]
    assert declared.notices == ("uv.lock is stale now: uv lock",)
