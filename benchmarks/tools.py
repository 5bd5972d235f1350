"""The tools that run side by side, ours and the peers', each peer in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

CACHE = Path(__file__).parent / ".peers"  # ignored by git
RULES = Path(__file__).parent / "peers"

# Nobody's settings from outside, and no call home while the clock runs.
_LEAVE_OUT = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
_OFFLINE = {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}


class ToolProblem(Exception):
    """A tool cannot be installed, or did not do its work; the message says why."""


@dataclass(frozen=True, slots=True)
class Tool:
    """How one tool is run in a folder; `RULES/` in an argument is the folder of the rules."""

    name: str
    requirement: str  # for pip; empty: it is installed beside the running interpreter
    check: tuple[str, ...]
    apply: tuple[str, ...]
    check_aim: float = 0.0  # how many times as long as ours it should take, at the least
    apply_aim: float = 0.0
    codes: frozenset[int] = frozenset((0, 1))  # exit codes of a run that did its work
    repeats: int = 1  # runs a round: more for one so quick that the machine's noise shows
    environment: tuple[tuple[str, str], ...] = field(default=())

    def install(self) -> None:
        """Make the tool's environment, where it is not there; raises ToolProblem."""
        if not self.requirement or (self._folder / "installed").exists():
            return
        print(f"installing {self.requirement}", flush=True)
        _run_quietly([sys.executable, "-m", "venv", "--clear", str(self._folder)])
        pip = [str(self._bin / "python"), "-m", "pip", "install", "--quiet"]
        _run_quietly([*pip, self.requirement])
        (self._folder / "installed").touch()  # last: a half-made environment is made again

    def run(self, arguments: Sequence[str], folder: Path) -> None:
        """One run, its output in a file as a build server keeps it; raises ToolProblem."""
        command = [str(self._bin / arguments[0]), *arguments[1:]]
        command = [part.replace("RULES/", f"{RULES}/") for part in command]
        environment = {key: value for key, value in os.environ.items() if key not in _LEAVE_OUT}
        environment |= _OFFLINE | {
            key: value.replace("RULES/", f"{RULES}/") for key, value in self.environment
        }
        log = CACHE / f"{self.name.split()[0]}.log"
        with log.open("wb") as stream:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        if done.returncode not in self.codes:
            said = log.read_text("utf-8", "replace").strip().splitlines()[-5:]
            raise ToolProblem("\n".join([f"{shown(arguments)} ended {done.returncode}:", *said]))

    @property
    def _folder(self) -> Path:
        return CACHE / self.requirement

    @property
    def _bin(self) -> Path:
        if not self.requirement:
            return Path(sys.executable).parent
        return self._folder / ("Scripts" if os.name == "nt" else "bin")


def shown(arguments: Sequence[str]) -> str:
    """A command as it would be typed in the folder of the rules."""
    return " ".join(part.replace("RULES/", "") for part in arguments)


OURS = Tool(
    name="qw-codemod",
    requirement="",
    check=("qw-codemod", "check", "--no-cache", "--select", "timeouts", "."),
    apply=("qw-codemod", "apply", "timeouts", "."),
)

_SEMGREP = (
    *("semgrep", "scan", "--metrics=off", "--disable-version-check"),
    *("--config", "RULES/semgrep.yml"),
)
_LIBCST = (
    *("python", "-m", "libcst.tool", "codemod", "--external", "--no-format"),
    *("--hide-progress", "--include-generated"),
)
_IMPORTABLE = (("PYTHONPATH", "RULES/"),)

PEERS = (
    Tool(
        name="ast-grep",
        requirement="ast-grep-cli==0.51.1",
        check=("ast-grep", "scan", "--rule", "RULES/ast_grep.yml", "."),
        apply=("ast-grep", "scan", "--rule", "RULES/ast_grep.yml", "--update-all", "."),
        check_aim=0.5,
        apply_aim=0.5,
        repeats=5,
    ),
    Tool(
        name="semgrep",
        requirement="semgrep==1.185.0",
        check=(*_SEMGREP, "."),
        apply=(*_SEMGREP, "--autofix", "."),
        check_aim=15,
        apply_aim=15,
    ),
    Tool(
        name="Fixit",
        requirement="fixit==2.2.1",
        check=("fixit", "--rules", "fixit_rule", "lint", "."),
        apply=("fixit", "--rules", "fixit_rule", "fix", "--automatic", "."),
        check_aim=50,
        apply_aim=50,
        environment=_IMPORTABLE,
    ),
    Tool(
        name="LibCST codemod",
        requirement="libcst==1.9.0",
        # It has no check: the diff on standard output comes nearest.
        check=(*_LIBCST, "--unified-diff=3", "libcst_command.BareWait", "."),
        apply=(*_LIBCST, "libcst_command.BareWait", "."),
        check_aim=50,
        apply_aim=50,
        environment=_IMPORTABLE,
    ),
)


@dataclass(frozen=True, slots=True)
class Suite:
    """What is run side by side: our rules, and rules for the same of each peer."""

    name: str
    ours: Tool
    peers: tuple[Tool, ...]


def _for_all(tool: Tool) -> Tool:
    """The same tool with rules for all that ours looks for."""
    names = {
        "ast_grep.yml": "ast_grep_all.yml",
        "semgrep.yml": "semgrep_all.yml",
        "fixit_rule": "fixit_all",
        "libcst_command.BareWait": "libcst_all.Everything",
    }

    def renamed(arguments: tuple[str, ...]) -> tuple[str, ...]:
        files = {f"RULES/{before}": f"RULES/{after}" for before, after in names.items()}
        return tuple({**names, **files}.get(each, each) for each in arguments)

    return replace(tool, check=renamed(tool.check), apply=renamed(tool.apply))


SUITES = (
    Suite("timeouts", OURS, PEERS),
    Suite(
        "all rules",
        replace(
            OURS,
            check=("qw-codemod", "check", "--no-cache", "."),
            apply=("qw-codemod", "apply", "all", "."),
        ),
        tuple(map(_for_all, PEERS)),
    ),
)

RUFF = Tool(
    name="ruff",
    requirement="",
    check=(
        *("ruff", "check", "--no-cache", "--isolated", "--quiet"),
        *("--select", "E722,S110,S113,BLE001", "."),
    ),
    apply=(),
)
TY = Tool(
    name="ty",
    requirement="ty==0.0.108",
    check=("ty", "check", "--quiet", "--exit-zero", "."),
    apply=(),
)

# What runs beside us on applications: those of the peers that are quick enough, and two that look
# for something else.
FOR_APPLICATIONS = (
    *(tool for tool in SUITES[1].peers if tool.name in ("ast-grep", "semgrep")),
    *(RUFF, TY),
)


def _run_quietly(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ToolProblem(said[-1] if said else f"{command[-1]} ended {done.returncode}")
