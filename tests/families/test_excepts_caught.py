"""What `except:` catches that `except Exception:` does not: it is named, or the handler is left."""

from __future__ import annotations

import textwrap

import pytest
from qw_codemod.checks.excepts import reasons

from qw_codemod.kernel.statements import Statement
from qw_codemod.testkit import apply_to_files, check_files

HANDLER = """
def run(work, name):
    try:
        {inner}
    except:
        pass
"""


def clause(text: str, **files: str) -> str:
    """The line of the `except` after an apply."""
    texts = {"here.py": text, **{f"{name}.py": text for name, text in files.items()}}
    edited = apply_to_files(
        {name: textwrap.dedent(text).lstrip() for name, text in texts.items()}, ("excepts",)
    )
    lines = (line.strip() for line in edited["here.py"].splitlines())
    return next(line for line in lines if line.startswith("except"))


def reason(text: str, **files: str) -> Statement | None:
    """Why the handler is left; None where it is edited."""
    texts = {"here.py": text, **{f"{name}.py": text for name, text in files.items()}}
    found = check_files(
        {name: textwrap.dedent(text).lstrip() for name, text in texts.items()}, ("excepts",)
    )
    return next(each.reason for each in found["here.py"] if each.code == "QW201")


def trying(inner: str, head: str = "") -> str:
    return head + HANDLER.format(inner=inner)


EXITS = "import sys\n\n\ndef leave(code):\n    sys.exit(code)\n"


@pytest.mark.parametrize(
    ("inner", "head"),
    [
        ("first(name)", "from exits import first"),
        ("exits.first(name)", "import exits"),
        ("first = exits.leave; first(name)", "import exits"),
        ("Job(name)", "from exits import Job"),
        ("Job.run(name)", "from exits import Job"),
        ("work.convert(name)", "import exits"),  # whoever's it is
        ("import starts", ""),
        ("list(map(first, name))", "from exits import first"),
        ("work.submit(first, name).result()", "from exits import first"),
        ("work.map(lambda each: first(each), name)", "from exits import first"),
        ("return [exits.first(each) for each in name]", "import exits"),
    ],
)
def test_an_exit_any_number_of_calls_away(inner: str, head: str) -> None:
    exits = """
        from far import leave


        def first(name):
            second(name)


        def second(name):
            if not name:
                leave(3)


        class Job:
            def __init__(self, name):
                first(name)

            @staticmethod
            def run(name):
                first(name)

            def convert(self, name):
                first(name)
        """
    starts = "import far\n\nfar.leave(4)\n"
    text = trying(inner, f"{head}\n\n\n")
    found = reason(text, exits=exits, far=EXITS, starts=starts)
    assert isinstance(found, reasons.MayExitWithin)
    assert clause(text, exits=exits, far=EXITS, starts=starts) == "except:"


@pytest.mark.parametrize(
    ("inner", "head"),
    [
        ("cli()", "import click\n\n\n@click.command()\ndef cli():\n    pass\n"),
        (
            "load()",
            "import click\n\n\n@click.group()\ndef cli():\n    pass\n\n\n"
            "@cli.command('load')\ndef load():\n    pass\n",
        ),
        ("app()", "import typer\n\napp = typer.Typer()\n"),
        ("typer.run(work)", "import typer\n"),
        ("parser.error('no')", "import argparse\n\nparser = argparse.ArgumentParser()\n"),
        ("build().parse_args()", "from far import build\n"),
        ("exec(work, {})", ""),
        ("runpy.run_path(name)", "import runpy\n"),
        ("run_module(name)", "from runpy import run_module\n"),
        ("quit()", ""),
        ("importlib.import_module(name)", "import importlib\n"),
        ("__import__(name)", ""),
        ("work.loader.exec_module(name)", ""),
        ("raise Stop(name)", "class Stop(BaseException):\n    pass\n"),
        ("pytest.fail(name)", "import pytest\n"),
        ("pl.read_csv(name)", "import polars as pl\n"),
        ("loop()", "def loop():\n    while True:\n        print(1)\n"),
        ("yield name", ""),
        ("yield from work(name)", ""),
        ("raise KeyboardInterrupt", ""),
        ("name = input('name? ')", ""),
    ],
)
def test_a_handler_that_somebody_may_count_on_is_left(inner: str, head: str) -> None:
    text = trying(inner, head)
    assert reason(text) is not None
    assert clause(text) == "except:"


@pytest.mark.parametrize(
    ("inner", "head"),
    [
        ("cli(standalone_mode=False)", "import click\n\n@click.command()\ndef cli():\n    pass\n"),
        ("driver.quit()", "from far import driver\n"),
        ("importlib.import_module('json')", "import importlib\n"),
        ("flask.abort(404)", "import flask\n"),
        ("safe(name)", EXITS + "\n\ndef safe(name):\n    try:\n        leave(name)\n"
         "    except SystemExit:\n        return None\n"),
        ("print(lambda: name)", EXITS),
        ("return [each for each in work(name)]", ""),
        ("once(name)", "def once(name):\n    while True:\n        if name:\n            break\n"),
        ("leave_it(name)", "def leave_it(name):\n    def inner():\n        raise SystemExit\n"
         "    return inner\n"),
    ],
)  # fmt: skip
def test_what_only_looks_like_an_exit(inner: str, head: str) -> None:
    assert reason(trying(inner, head)) is None


@pytest.mark.parametrize("named", ["SystemExit", "BaseException", "(ValueError, SystemExit)"])
def test_what_an_earlier_handler_catches_is_no_concern_of_this_one(named: str) -> None:
    text = trying("leave(name)", EXITS).replace(
        "    except:", f"    except {named}:\n        raise\n    except:"
    )
    assert reason(text) is None


CANCELLED = "except (asyncio.CancelledError, Exception)"


@pytest.mark.parametrize(
    "text",
    [
        "async def stop(task):\n    task.cancel()\n    {}await task",
        "async def stop(self):\n    {}await self.task",
        "async def stop(tasks):\n    for task in tasks:\n        task.cancel()\n"
        "    {}await asyncio.gather(*tasks)",
        "async def stop(task):\n    {}await asyncio.wait_for(task, 3)",
        "def stop(task):\n    loop = asyncio.get_event_loop()\n    {}loop.run_until_complete(task)",
        "def done(task: asyncio.Task):\n    {}task.result()",
        "async def stop(task):\n    {}await end(task)",
        "async def stop(tasks, later):\n    group = asyncio.gather(*tasks)\n"
        "    later(group.cancel)\n    {}await group",
    ],
)
def test_the_class_of_what_was_cancelled_is_named(text: str) -> None:
    body = text.format("try:\n        ").replace("async def", "async  def", 0)
    end = "async def end(task):\n    task.cancel()\n    await task\n\n\n"
    whole = f"import asyncio\n\n\n{end}{body}\n    except:\n        pass\n"
    assert clause(whole).startswith(CANCELLED)


@pytest.mark.parametrize(
    "inner",
    [
        "await work(name)",
        "await asyncio.sleep(1)",
        "await asyncio.gather(*tasks, return_exceptions=True)",
        "await asyncio.wait(tasks)",
        "later = go()\n        await later",
        "group = asyncio.gather(go(), go())\n        await group",
    ],
)
def test_who_is_cancelled_while_waiting_is_not_held_up(inner: str) -> None:
    text = (
        "import asyncio\n\n\nasync def go():\n    pass\n\n\nasync def run(work, name, tasks):\n"
        f"    try:\n        {inner}\n    except:\n        pass\n"
    )
    assert clause(text).startswith("except Exception")


def test_a_task_that_is_cancelled_on_purpose_goes_on_as_it_did() -> None:
    text = """
        import asyncio


        class Reader:
            async def read(self):
                while not self.stopped:
                    try:
                        await self.page
                    except:
                        self.errors += 1

            async def start(self):
                self.task = asyncio.create_task(self.read())

            async def stop(self):
                self.stopped = True
                self.task.cancel()
                await self.task
        """
    assert clause(text).startswith(CANCELLED)


@pytest.mark.parametrize(
    ("head", "inner", "named"),
    [
        ("import gevent", "with gevent.Timeout(2):\n            work(name)", "gevent.Timeout"),
        (
            "from gevent import Timeout",
            "with Timeout(2):\n            work(name)",
            "gevent.Timeout",
        ),
        ("import gevent", "gevent.with_timeout(2, work, name)", "gevent.Timeout"),
        (
            "import eventlet",
            "with eventlet.Timeout(2):\n            work(name)",
            "eventlet.Timeout",
        ),
        (
            "import func_timeout",
            "func_timeout.func_timeout(2, work)",
            "func_timeout.FunctionTimedOut",
        ),
        ("from far import limited", "limited(name)", "func_timeout.FunctionTimedOut"),
        ("from far import crawl", "crawl(name)", "gevent.Timeout"),
    ],
)
def test_timeouts_that_are_no_exceptions_are_named(head: str, inner: str, named: str) -> None:
    far = """
        import gevent
        from func_timeout import func_set_timeout


        @func_set_timeout(3)
        def limited(name):
            return name


        def crawl(name):
            with gevent.Timeout(3):
                return open(name)
        """
    text = trying(inner, f"{head}\n\n")
    assert clause(text, far=far).startswith(f"except ({named}, Exception)")


def test_a_timer_that_is_started_before_the_try() -> None:
    text = """
        import gevent


        def read(page):
            timer = gevent.Timeout(3)
            timer.start()
            try:
                return page.read()
            except:
                return None
            finally:
                timer.close()
        """
    assert clause(text).startswith("except (gevent.Timeout, Exception)")


def test_a_generator_that_raises_on_catches_as_much_as_before() -> None:
    text = "def rows(cursor):\n    try:\n        yield cursor\n    except:\n        raise\n"
    assert clause(text) == "except BaseException:"


def test_a_generator_that_yields_on_could_not_be_closed_before() -> None:
    text = "def rows(cursor):\n    try:\n        yield cursor\n    except:\n        yield None\n"
    assert reason(text) is None


def test_what_is_left_to_a_bare_handler_below_others_stays_its_own() -> None:
    text = """
        def run(work):
            try:
                return work()
            except ValueError:
                return None
            except Exception as e:
                return str(e)
            except:
                return "stopped"
        """
    edited = apply_to_files({"here.py": textwrap.dedent(text)}, ("excepts",))["here.py"]
    assert "    except BaseException:\n        return" in edited and "logg" not in edited


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("queue.put(sys.exc_info())", "BaseException"),
        ("loop.handle_error(work, *sys.exc_info())", "BaseException"),
        ("info = sys.exc_info()\n        queue.put(info)", "BaseException"),
        ("kind, error, trace = sys.exc_info()\n        queue.put(error)", "BaseException"),
        ("queue.error = sys.exc_info()", "BaseException"),
        ("print('failed', sys.exc_info()[0])", "Exception"),
        ("print('failed', sys.exc_info())", "Exception"),
        ("kind, error, trace = sys.exc_info()\n        print(str(error))", "Exception"),
        ("traceback.print_exception(*sys.exc_info())", "Exception"),
    ],
)
def test_what_is_handed_on_is_all_that_was_caught(body: str, named: str) -> None:
    text = (
        "import sys\nimport traceback\n\n\ndef run(work, queue, loop):\n    try:\n"
        f"        work()\n    except:\n        {body}\n"
    )
    assert clause(text).startswith(f"except {named}")


@pytest.mark.parametrize(
    ("head", "inner", "is_left"),
    [
        ("", "work(name)", True),  # a parameter
        ("COMMANDS = {}\n\n\ndef command(f):\n    COMMANDS[f.__name__] = f\n    return f\n",
         "COMMANDS[name]()", True),
        ("from far import load", "load(name)", False),  # of a library
    ],
)  # fmt: skip
def test_what_nothing_tells_may_exit_where_something_of_the_program_does(
    head: str, inner: str, is_left: bool
) -> None:
    text = trying(inner, f"{head}\n\n\n")
    exits = "import sys\n\nimport here\n\n\ndef leave(name):\n    sys.exit(name)\n"
    assert (reason(text, exits=exits) is not None) == is_left
    assert reason(text) is None
