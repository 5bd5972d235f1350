"""The commands that a person types; each parses its options and calls one function."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from qw_codemod import SELDOM

# Nothing else of ours up here: `--help` must not wait for rules, parsers and processes.
if TYPE_CHECKING:
    from qw_codemod.app.commands import Request
    from qw_codemod.engine.results import Results

FORMATS = ("text", "json", "sarif", "github", "html")

_Command = TypeVar("_Command", bound=Callable[..., Any])


def main() -> None:
    """Run the command line, and end with its exit code."""
    sys.excepthook = _fault
    gc.set_threshold(*SELDOM)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted: nothing more is done", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 2  # the reader has gone, as in `check | head`: it has not seen everything
    gc.freeze()  # the last look through all that goes anyway is not worth its time
    sys.exit(code)


def _fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of our own: name it, and end as for a file that could not be examined."""
    if os.environ.get("QW_CODEMOD_TRACEBACK"):
        sys.__excepthook__(kind, error, trace)
    else:
        click.echo(
            f"error: a fault of qw-codemod's own, {kind.__name__}: {error}\n"
            "See where with: QW_CODEMOD_TRACEBACK=1 qw-codemod ...",
            err=True,
        )
    raise SystemExit(2)


class Stopped(click.ClickException):
    """The command cannot go on; the message says why and what to do."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """One line on the error stream."""
        click.echo(f"error: {self.message}", err=True, file=file)


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Say what is wrong without a traceback."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.exceptions.Abort, click.ClickException):
            raise  # before the next line loads the rooms to look their exceptions up
        except _known() as error:
            raise Stopped(str(error)) from error


def _known() -> tuple[type[Exception], ...]:
    """What the rooms raise for a person to read; looked up only when something is raised."""
    from qw_codemod.app.baseline import BaselineError
    from qw_codemod.app.commands import UsageProblem
    from qw_codemod.app.config import ConfigError
    from qw_codemod.engine.journal import JournalError
    from qw_codemod.rules.packs import PackError

    return (BaselineError, ConfigError, JournalError, PackError, UsageProblem)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "--version", package_name="qw-codemod", message="%(version)s")
def cli() -> None:
    """Find what makes data pipelines hang, and rewrite it.

    \b
    qw-codemod check src/             what is found
    qw-codemod apply timeouts src/    rewrite it
    qw-codemod undo                   give every byte back
    """


def _shared(command: _Command) -> _Command:
    """The options of `check` and `apply`."""
    options = (
        click.argument("paths", nargs=-1),
        click.option("--likely", is_flag=True, help="Count in what is likely, not only proven."),
        click.option("--ignore", multiple=True, metavar="RULES", help="Rules to leave out."),
        click.option("--why", is_flag=True, help="Print the chain of facts behind each finding."),
        click.option(
            "--format",
            "--output-format",
            "format_",
            type=click.Choice(FORMATS),
            default="text",
            show_default=True,
            help="How the report is written.",
        ),
        click.option("--output", metavar="FILE", default="", help="Write the report to a file."),
        click.option("--jobs", "-j", type=click.IntRange(0), default=0, help="Processes to use."),
        click.option("--quiet", "-q", is_flag=True, help="Say only what is wrong."),
        click.option("--root", metavar="DIR", default="", help="The project, if not found right."),
        click.option(
            "--force-exclude", is_flag=True, help="Leave out excluded paths given by name too."
        ),
        click.option(
            "--stdin-filename", metavar="PATH", default="", help="What `-` is to be taken for."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@_shared
@click.option("--select", multiple=True, metavar="RULES", help="Families, codes or names; or all.")
@click.option("--exit-zero", is_flag=True, help="End with 0 in spite of findings.")
@click.option("--baseline", metavar="FILE", default="", help="Leave out what FILE knows.")
@click.option("--write-baseline", is_flag=True, help="Make what stands now the baseline.")
@click.option("--no-cache", is_flag=True, help="Look at every file anew, and remember nothing.")
def check(
    select: tuple[str, ...], exit_zero: bool, baseline: str, write_baseline: bool, **shared: Any
) -> int:
    """Find, and change nothing.

    Exits with 0 if nothing is proven, 1 if something is, 2 if something could not be examined.
    """
    if write_baseline and not baseline:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    from qw_codemod.app import commands

    request = _request(shared, select=select, baseline=baseline, write_baseline=write_baseline)
    results = commands.check(request)
    _report(results, shared)
    return 0 if exit_zero and results.exit_code == 1 else results.exit_code


@cli.command()
@click.argument("rules")
@_shared
@click.option("--unsafe", is_flag=True, help="Make edits that may change what the code does, too.")
@click.option(
    "--no-dependencies", is_flag=True, help="Leave pyproject.toml and requirements files alone."
)
@click.option("--diff", is_flag=True, help="Print the changes and write nothing; 1 if any.")
@click.option("--interactive", "-i", is_flag=True, help="Ask for each edit, and show why.")
def apply(
    rules: str, unsafe: bool, no_dependencies: bool, diff: bool, interactive: bool, **shared: Any
) -> int:
    """Rewrite what RULES find: families, codes or names with commas between, or all.

    Edits what is proven and safe. Exits with 0 if that was done, 2 if a file could not be
    examined or written; with --diff, 1 if there is something to change.
    """
    from qw_codemod.app import commands

    accept = None
    if interactive:
        from qw_codemod.app.review import Review

        accept = Review().accept
    # Who is asked about each edit is asked about those in doubt too.
    request = _request(
        shared,
        unsafe=unsafe or interactive,
        dependencies=not no_dependencies,
        likely=shared["likely"] or interactive,
        accept=accept,
    )
    results = commands.apply(rules, request, write=not diff)
    if request.stdin is not None and not diff:
        _mended(results, request.stdin)
    elif diff and shared["format_"] == "text":
        _differences(results, shared)
    _report(results, shared, err=request.stdin is not None or diff)
    return results.exit_code


@cli.command()
@click.argument("family")
@click.option(
    "--policy",
    "policies",
    metavar="FILE",
    required=True,
    multiple=True,
    help="The module to write, a new file. Give it once for each deployed unit.",
)
@click.option("--root", metavar="DIR", default="", help="The project, if not found right.")
@click.option(
    "--no-dependencies", is_flag=True, help="Leave pyproject.toml and requirements files alone."
)
def init(family: str, policies: Sequence[str], root: str, no_dependencies: bool) -> None:
    """Write the module that the rewrites of a family rely on: yours to edit, used by name."""
    from qw_codemod.app import initiation

    command = f"qw-codemod init {family}"
    lacking: list[dict[str, str]] = []  # of each policy: those for units that cannot import it
    written = False
    for made in initiation.init(family, policies, root, not no_dependencies, click.echo):
        lacking.append({os.path.dirname(path): path for path in made.more})
        written = written or bool(made.path)
        if made.path:
            click.echo(f"wrote {_shown(made.path)}")
        for notice in made.notices:
            click.echo(notice)
        if made.path and not made.is_set:
            click.echo(
                f"Put this into pyproject.toml:\n\n[tool.qw-codemod.{family}]\n"
                f'policy = "{made.setting}"\n'
            )
    first, *others = lacking
    more = {
        folder: f"--policy {_shown(path)}"
        for folder, path in first.items()
        if all(folder in other for other in others)
    }
    for folder, option in more.items():
        click.echo(f"{_shown(folder)} cannot import it: {command} {option}")
    if len(more) > 1:
        click.echo(f"All of these: {command} {' '.join(more.values())}")
    if written:
        click.echo(f"Then: qw-codemod apply {family} --diff")


@cli.command()
@click.option("--root", metavar="DIR", default="", help="The project, if not found right.")
def undo(root: str) -> int:
    """Give back every byte that the last apply replaced.

    A file that was edited since is left as it is, and named; the exit code is 2 then.
    """
    from qw_codemod.app import commands

    project, undone = commands.undo(root)
    for path in undone.restored:
        click.echo(f"restored {_shown(path)}")
    for path, reason in undone.refused:
        click.echo(f"not restored {_shown(path)}: {reason}", err=True)
    count = len(undone.restored)
    click.echo(f"{count} {'file' if count == 1 else 'files'} restored in {project}")
    return 2 if undone.refused else 0


@cli.command()
@click.argument("what", metavar="CODE|NAME|FAMILY")
def explain(what: str) -> None:
    """Print what a rule finds, why it matters, and what is made of it."""
    from qw_codemod.rules import packs

    pack = packs.load()
    rules = [rule for rule in pack.rules if rule.family == what] or [pack.rule(what)]
    for rule in rules:
        click.echo(f"{click.style(rule.code, bold=True)} {rule.name}: {rule.check.summary}")
    page = rules[0].page if what != rules[0].family else ""
    click.echo(f"\n{page or rules[0].doc}")
    if page:
        click.echo(f"\nWhat changes, what is unsafe, and the settings: explain {rules[0].family}")


@cli.command()
@click.option(
    "--format",
    "--output-format",
    "format_",
    type=click.Choice(("text", "json")),
    default="text",
    help="How the list is written.",
)
def rules(format_: str) -> None:
    """List the rules that are installed."""
    from qw_codemod.rules import packs

    pack = packs.load()
    table = [
        {
            "code": rule.code,
            "name": rule.name,
            "family": rule.family,
            "rewrites": pack.fixes(rule.family),
            "summary": rule.check.summary,
        }
        for rule in pack.rules
    ]
    if format_ == "json":
        import json

        click.echo(json.dumps(table, indent=2))
        return
    wide = {key: max(len(str(row[key])) for row in table) for key in ("code", "name", "family")}
    for row in table:
        columns = "  ".join(str(row[key]).ljust(wide[key]) for key in wide)
        click.echo(f"{columns}  {'apply' if row['rewrites'] else 'check'}  {row['summary']}")


@cli.command()
@click.argument("path", default=".")
@click.option("--root", metavar="DIR", default="", help="The project, if not found right.")
def config(path: str, root: str) -> None:
    """Print the settings that count for a file or folder, and where they come from."""
    import json

    from qw_codemod.app import commands

    project, settings = commands.effective(path, root)
    click.echo(f"# project: {project}")
    for source in settings.sources or ("none: these are the defaults",):
        click.echo(f"# from: {_shown(source) if settings.sources else source}")
    click.echo("[tool.qw-codemod]")
    exclude = [pattern for _, pattern in settings.exclude]
    values = {"select": settings.select, "ignore": settings.ignore, "exclude": exclude}
    for key, value in {**values, "likely": settings.likely, "unsafe": settings.unsafe}.items():
        click.echo(f"{key} = {json.dumps(value)}")
    for family, table in sorted({**settings.families, "types": settings.types}.items()):
        if table:
            click.echo(f"\n[tool.qw-codemod.{family}]")
        for key, value in sorted(table.items()):
            shown = key if key.replace("-", "").replace("_", "").isalnum() else json.dumps(key)
            click.echo(f"{shown} = {json.dumps(value)}")


def _request(shared: dict[str, Any], **more: Any) -> Request:
    from qw_codemod.app.commands import STDIN, Request

    paths = shared["paths"] or (".",)
    stdin = None
    if STDIN in paths:
        if len(paths) > 1:
            raise click.UsageError("`-` stands alone, with --stdin-filename PATH for its place")
        stdin = sys.stdin.buffer.read()
    options = {key: shared[key] for key in ("ignore", "likely", "jobs", "root", "force_exclude")}
    options |= {"stdin": stdin, "stdin_filename": shared["stdin_filename"]}
    options["cache"] = not shared.get("no_cache", True)
    return Request(**{**options, "paths": paths, **more})


def _report(results: Results, shared: dict[str, Any], err: bool = False) -> None:
    """The findings on standard output, or in a file; the summary of a text report below."""
    import importlib

    from qw_codemod.app.report import summary, text

    if shared["format_"] == "text":
        report = text.render(results, shared["why"])
    else:
        report = importlib.import_module(f"qw_codemod.app.report.{shared['format_']}").render(
            results
        )
        err = False
    if shared["output"]:
        _write(shared["output"], report)
    elif not (shared["quiet"] and shared["format_"] == "text" and results.command != "check"):
        click.echo(report, nl=False, err=err, color=_colour())
    if shared["format_"] == "text" or shared["output"]:
        click.echo(summary.render(results, shared["quiet"]), nl=False, err=err, color=_colour())


def _write(path: str, report: str) -> None:
    from pathlib import Path

    file = Path(path)
    try:
        file.write_text(click.unstyle(report), "utf-8")
    except OSError as error:
        raise Stopped(f"{path} cannot be written: {error.strerror}") from error


def _mended(results: Results, given: bytes) -> None:
    """Standard input as it is now, or as it was where it could not be examined."""
    after = [each.report.after for each in results.outcomes if each.report.after is not None]
    stream = sys.stdout.buffer
    stream.write(after[0] if after else given)
    stream.flush()


def _differences(results: Results, shared: dict[str, Any]) -> None:
    from pathlib import Path

    from qw_codemod.app.report import diff

    chunks = [
        diff.render(results.shown(each.report.path), each.report.before, each.report.after)
        for each in results.outcomes
        if each.report.after is not None
    ]
    if shared["output"]:
        try:
            Path(shared["output"]).write_bytes(b"".join(chunks))
        except OSError as error:
            message = f"{shared['output']} cannot be written: {error.strerror}"
            raise Stopped(message) from error
        shared["output"] = ""
        return
    stream = sys.stdout.buffer
    stream.write(b"".join(chunks))
    stream.flush()


def _colour() -> bool | None:
    """False where NO_COLOR asks for none; otherwise click looks whether it is a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def _shown(path: str) -> str:
    return os.path.relpath(path).replace(os.sep, "/")
