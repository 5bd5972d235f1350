"""A copy of the sample project to run the tool on, and its manifest."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PIPELINE = Path(__file__).parents[2] / "fixtures" / "pipeline"
SITES: list[dict[str, Any]] = tomllib.loads((PIPELINE / "manifest.toml").read_text())["site"]
TIMEOUT = 600  # seconds for one run of the tool or of the pipeline's tests, on a busy machine
ALONE = ("--jobs", "1")  # one process does less in all: the others are for runs without flags

Place = tuple[str, int]


def place(site: dict[str, Any]) -> Place:
    return site["path"], site["line"]


def name(site: dict[str, Any]) -> str:
    return f"{site['rule']} {site['path']}:{site['line']} {site['form']}"


@dataclass(frozen=True)
class Project:
    """A copy of the pipeline."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qw_codemod", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def check(self, family: str) -> dict[Place, str]:
        """The level of each finding of a family by its place."""
        done = self.run("check", "--select", family, "--output-format", "json", *ALONE)
        assert done.returncode in (0, 1), done.stderr
        return {
            (each["path"], each["line"]): each["level"]
            for each in json.loads(done.stdout)["findings"]
        }

    def apply(self, family: str, *flags: str) -> str:
        done = self.run("apply", family, *flags, *(ALONE if flags else ()))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and ".git" not in path.parts
        }

    def passing(self) -> set[str]:
        """The names of its own tests that pass."""
        command = [
            "-m",
            "pytest",
            "-q",
            "-rA",
            "--continue-on-collection-errors",
            "-p",
            "no:cacheprovider",
        ]
        environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # it uses none, and they load slowly
        done = subprocess.run(
            [sys.executable, *command, "--rootdir", str(self.folder)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return set(re.findall(r"^PASSED (\S+)", done.stdout, re.M))


class Runs:
    """Runs on copies of the pipeline, each made once; nobody changes what is found there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._applied: dict[tuple[str, ...], Project] = {}

    @cached_property
    def _found(self) -> list[dict[str, Any]]:
        done = copy(self._folder / "found").run("check", "--output-format", "json")
        assert done.returncode in (0, 1), done.stderr
        return list(json.loads(done.stdout)["findings"])

    def found(self, codes: str) -> dict[Place, str]:
        """The level of each finding by its place, of the rules whose codes start so."""
        mine = (each for each in self._found if each["code"].startswith(codes))
        return {(each["path"], each["line"]): each["level"] for each in mine}

    def applied(self, family: str, *flags: str) -> Project:
        """The pipeline after an apply."""
        key = (family, *flags)
        if key not in self._applied:
            project = copy(self._folder / f"applied-{len(self._applied)}")
            project.apply(*key)
            self._applied[key] = project
        return self._applied[key]

    @cached_property
    def before(self) -> dict[str, bytes]:
        """The files that no apply has touched."""
        return copy(self._folder / "before").files()

    @cached_property
    def passed_before(self) -> set[str]:
        """The names of its own tests, all of which pass."""
        return copy(self._folder / "tests").passing()


def copy(folder: Path) -> Project:
    target = folder / "pipeline"
    shutil.copytree(PIPELINE, target, ignore=shutil.ignore_patterns("__pycache__", ".*cache"))
    subprocess.run(["git", "init", "-q"], cwd=target, check=True)  # a root of its own
    return Project(target)


def copy_of(project: Project, folder: Path) -> Project:
    """A project as it is, with its journal."""
    target = folder / "pipeline"
    shutil.copytree(project.folder, target)
    return Project(target)
