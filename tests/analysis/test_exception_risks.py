"""What makes a newly raised exception dangerous: handlers that swallow it, code that runs again."""

from __future__ import annotations

import ast
import sys
import textwrap

import pytest

from qw_codemod.analysis.exception_flow import ExceptClause
from qw_codemod.analysis.exception_risks import TIMEOUT, endings, retried
from qw_codemod.kernel.statements import render
from qw_codemod.languages.python import SourceFile


def asked(text: str) -> tuple[SourceFile, ast.Call]:
    """A file, and the call of `.result()` in it."""
    source = SourceFile("x.py", textwrap.dedent(text).encode())
    calls = [c for c in source.nodes(ast.Call) if source.text(c.func).endswith(".result")]
    (call,) = calls
    return source, call


def swallows(text: str, *exceptions: str) -> str:
    source, call = asked(text)
    found = next(endings(source, call, exceptions or TIMEOUT), None)
    if found is None:
        return ""
    return f"the {render(found.catcher)} in line {found.line} would swallow the timeout"


def retries(text: str, *exceptions: str) -> str:
    source, call = asked(text)
    return render(retried(source, call, exceptions or TIMEOUT))


# -- swallowed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "handler",
    [
        "except:",
        "except Exception:",
        "except Exception as error:",
        "except BaseException:",
        "except TimeoutError:",
        "except OSError:",
        "except (KeyError, Exception):",
        "except concurrent.futures.TimeoutError:",
        "except futures.TimeoutError:",
        "except Late:",
        "except asyncio.TimeoutError:",
        "except EXPECTED:",
        "except (KeyError, *EXPECTED):",
        "except (KeyError,) + EXPECTED:",
        "except tuple(EXPECTED):",
    ],
)
def test_a_handler_that_catches_and_never_raises(handler: str) -> None:
    text = f"""
        import asyncio
        import concurrent.futures
        from concurrent import futures
        from concurrent.futures import TimeoutError as Late
        EXPECTED = (ConnectionError, TimeoutError)
        def read(job):
            try:
                return job.result()
            {handler}
                log("no answer")
                return []
        """
    assert "in line 10 would swallow the timeout" in swallows(text)


def test_the_reason_names_the_handler() -> None:
    text = "try:\n    job.result()\nexcept (ValueError,\n        Exception):\n    pass\n"
    assert swallows(text) == (
        "the `except (ValueError, Exception)` in line 3 would swallow the timeout"
    )
    text = "try:\n    job.result()\nexcept:\n    pass\n"
    assert swallows(text) == "the bare `except` in line 3 would swallow the timeout"


@pytest.mark.parametrize(
    "handler",
    [
        "except ValueError:",
        "except GoogleAPIError:",
        "except api_core.exceptions.GoogleAPICallError:",
        "except errors.TimeoutError:",
        "except TRANSIENT:",
        "except ConnectionError:",
    ],
)
def test_a_handler_for_something_else(handler: str) -> None:
    assert not swallows(f"try:\n    job.result()\n{handler}\n    pass\n")


@pytest.mark.parametrize(
    "statement",
    [
        "raise",
        "raise error",
        "raise RuntimeError('late') from error",
        "sys.exit(1)",
        "os._exit(1)",
        "exit()",
        "pytest.fail('late')",
        "assert False",
        "if last: raise",
        "future.set_exception(error)",
        "six.reraise(*info)",
        "die()",
        "self.give_up(error)",
        "done = leave()",
    ],
)
def test_a_handler_that_can_raise(statement: str) -> None:
    text = f"""
        from typing import NoReturn
        def die():
            sys.exit(1)
        def leave() -> NoReturn:
            stop()
        class Reader:
            def give_up(self, error):
                raise RuntimeError from error
            def read(self, job):
                try:
                    return job.result()
                except Exception as error:
                    {statement}
        """
    assert not swallows(text)


@pytest.mark.parametrize(
    "statement",
    ["log()", "response.raise_for_status()", "self.log()", "client.die()", "def f(): raise"],
)
def test_a_handler_that_only_seems_to_raise(statement: str) -> None:
    text = f"""
        def die():
            raise SystemExit
        class Reader:
            def log(self):
                print()
            def read(self, job):
                try:
                    return job.result()
                except Exception as error:
                    {statement}
        """
    assert swallows(text)


@pytest.mark.parametrize(
    ("note", "later"),
    [
        ("failed = error", "raise failed"),
        ("errors.append(error)", "if errors: raise RuntimeError(errors)"),
        ("failed += 1", "if failed: sys.exit(1)"),
        ("errors[table] = error", "if len(errors): raise RuntimeError"),
    ],
)
def test_what_is_noted_and_raised_later(note: str, later: str) -> None:
    text = f"""
        def read(jobs):
            for job in jobs:
                try:
                    job.result()
                except Exception as error:
                    {note}
            {later}
        """
    assert not swallows(text)
    assert swallows(text.replace(later, "return failed"))


def test_only_the_body_of_a_try_is_guarded() -> None:
    text = """
        try:
            pass
        except KeyError:
            {}
        else:
            {}
        finally:
            {}
        """
    for at in range(3):
        parts = ["pass"] * 3
        parts[at] = "job.result()"
        guarded = text.format(*parts).replace("except KeyError", "except Exception")
        assert not swallows(guarded)


def test_the_first_handler_that_catches_decides() -> None:
    text = """
        try:
            job.result()
        except {}:
            raise
        except Exception:
            pass
        """
    assert not swallows(text.format("TimeoutError"))
    assert swallows(text.format("KeyError"))


def test_what_an_inner_handler_raises_is_followed_outwards() -> None:
    text = """
        try:
            try:
                job.result()
            except TimeoutError as error:
                raise {} from error
        except {}:
            pass
        """
    assert swallows(text.format("LoadError", "LoadError"))
    assert swallows(text.format("LoadError", "Exception"))
    assert not swallows(text.format("LoadError", "TimeoutError"))
    assert not swallows(text.format("LoadError", "KeyError"))


def test_a_handler_outside_the_function_is_for_its_callers() -> None:
    text = """
        try:
            def wait(job):
                return job.result()
            wait_later = lambda job: job
        except Exception:
            pass
        """
    assert not swallows(text)
    text = "try:\n    later = lambda: job.result()\nexcept Exception:\n    pass\n"
    assert not swallows(text)
    text = "try:\n    wait(lambda: job.result())\nexcept Exception:\n    pass\n"
    assert swallows(text)  # it is handed over, and probably run there


@pytest.mark.parametrize(
    ("entered", "is_swallowed"),
    [
        ("contextlib.suppress(Exception)", True),
        ("suppress(KeyError, TimeoutError)", True),
        ("suppress(KeyError)", False),
        ("open('x')", False),
    ],
)
def test_suppress(entered: str, is_swallowed: bool) -> None:
    text = f"""
        import contextlib
        from contextlib import suppress
        with {entered}:
            job.result()
        """
    assert bool(swallows(text)) is is_swallowed


def test_a_finally_that_returns() -> None:
    text = """
        def read(job):
            try:
                return job.result()
            finally:
                {}
        """
    assert swallows(text.format("return None")) == (
        "the `return` of the `finally` in line 6 would swallow the timeout"
    )
    assert not swallows(text.format("job.cancel()"))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* is new in Python 3.11")
def test_groups_of_exceptions() -> None:
    text = """
        for attempt in range(3):
            try:
                job.result()
            except* TimeoutError:
                {}
        """
    assert swallows(text.format("log()"))
    assert retries(text.format("log()"))
    assert not swallows(text.format("raise"))


def test_other_exceptions() -> None:
    text = """
        import requests
        try:
            future.result()
        except requests.{}:
            pass
        """
    late = "requests.exceptions.Timeout"
    assert swallows(text.format("RequestException"), late)
    assert swallows(text.format("Timeout"), late)
    assert swallows(text.format("exceptions.ReadTimeout"), late)
    assert not swallows(text.format("HTTPError"), late)
    assert not swallows(text.format("RequestException"))


# -- retried --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loop",
    [
        "for attempt in range(3)",
        "for _ in range(5)",
        "for i in itertools.count()",
        "for delay in (1, 2, 4)",
        "while True",
        "while attempts < 3",
    ],
)
def test_a_loop_that_tries_again(loop: str) -> None:
    text = f"""
        def merge(client, sql):
            attempts = 0
            {loop}:
                try:
                    return client.query(sql).result()
                except TimeoutError:
                    attempts += 1
        """
    assert retries(text) == "the loop in line 4 would run it again after a timeout"


def test_a_loop_that_ends_by_a_flag_or_a_break() -> None:
    text = """
        def merge(client, sql):
            done = False
            while not done:
                try:
                    client.query(sql).result()
                    done = True
                except Exception:
                    time.sleep(5)
        """
    assert retries(text)
    text = """
        while True:
            try:
                client.query(sql).result()
            except Exception:
                continue
            break
        """
    assert retries(text)


@pytest.mark.parametrize(
    "loop", ["for table in tables", "for start in range(0, len(rows), size)", "while True"]
)
def test_a_loop_over_items_goes_on_with_the_next(loop: str) -> None:
    text = f"""
        def load(tables, rows):
            {loop}:
                table = queue.get()
                if table is None:
                    break
                try:
                    client.query(sql, table, rows[start]).result()
                except Exception:
                    log()
        """
    assert not retries(text)
    assert swallows(text)


@pytest.mark.parametrize(
    "statement",
    [
        "raise",
        "return None",
        "break",
        "sys.exit(1)",
        "[log()]; raise Late from None",
        "with lock: return None",
        """if final:
                        raise
                    else:
                        return None""",
        """try:
                        return cached()
                    except KeyError:
                        raise""",
        """try:
                        log()
                    finally:
                        return None""",
    ],
)
def test_a_handler_that_leaves_the_loop(statement: str) -> None:
    text = f"""
        import sys
        def merge(client, sql):
            for attempt in range(3):
                try:
                    return client.query(sql).result()
                except KeyError:
                    continue
                except Exception:
                    {statement}
        """
    assert not retries(text)


def test_a_handler_that_raises_the_last_time() -> None:
    text = """
        def merge(client, sql):
            for attempt in range(3):
                try:
                    return client.query(sql).result()
                except Exception:
                    if attempt == 2:
                        raise
        """
    assert retries(text)
    assert not swallows(text)


def test_the_exception_has_to_reach_the_loop() -> None:
    text = """
        for attempt in range(3):
            try:
                for sql in statements:
                    try:
                        client.query(sql).result()
                    except Exception:
                        {}
            except Exception:
                log()
        """
    assert retries(text.format("raise"))
    assert not retries(text.format("log()"))


@pytest.mark.parametrize("again", ["raise self.retry(exc=error)", "return self.load(sql)"])
def test_a_handler_that_starts_it_again(again: str) -> None:
    text = f"""
        class Loader:
            def load(self, sql):
                try:
                    self.client.query(sql).result()
                except Exception as error:
                    {again}
        """
    assert "in line 6 would run it again" in retries(text)


def test_a_handler_that_asks_the_base_class() -> None:
    text = """
        class Loader(Base):
            def load(self, sql):
                try:
                    self.client.query(sql).result()
                except Exception as error:
                    return super().load(sql)
        """
    assert not retries(text)


@pytest.mark.parametrize(
    "decorator",
    [
        "retry",
        "retry()",
        "tenacity.retry(stop=stop_after_attempt(3))",
        "retry(retry=retry_if_exception_type(Exception))",
        "retry(retry=retry_if_exception_type((KeyError, TimeoutError)) | other())",
        "retry(retry=retry_if_exception(is_transient))",
        "backoff.on_exception(backoff.expo, Exception, max_tries=3)",
        "stamina.retry(on=TimeoutError)",
        "gretry.Retry(predicate=gretry.if_exception_type(TimeoutError))",
        "retry_on_deadlock(times=3)",
        "retry(KeyError, retry_on=is_late)",
        "with_retries",
        "transient",
        "app.task(autoretry_for=(Exception,))",
        "flow(retries=2)",
    ],
)
def test_decorators_that_retry(decorator: str) -> None:
    text = f"""
        import tenacity
        from google.api_core import retry as gretry
        from prefect import flow
        transient = tenacity.retry(reraise=True)
        @{decorator}
        def merge(client, sql):
            return client.query(sql).result()
        """
    assert "in line 6 would run it again after a timeout" in retries(text)


@pytest.mark.parametrize(
    "decorator",
    [
        "retry(retry=retry_if_exception_type(requests.ConnectionError))",
        "retry(retry=retry_if_result(is_none))",
        "backoff.on_exception(backoff.expo, KeyError)",
        "backoff.on_predicate(backoff.expo)",
        "gretry.Retry()",
        "transient",
        "app.task(max_retries=3)",
        "app.task(autoretry_for=(KeyError,))",
        "flow(retries=0)",
        "no_retry",
        "sleep_and_retry",
        "functools.cache",
    ],
)
def test_decorators_that_do_not(decorator: str) -> None:
    text = f"""
        from google.api_core import retry as gretry
        from prefect import flow
        transient = retry(retry=retry_if_exception_type(KeyError))
        @{decorator}
        def merge(client, sql):
            return client.query(sql).result()
        """
    assert not retries(text)


def test_a_decorator_sees_what_the_function_raises() -> None:
    text = """
        @retry(retry=retry_if_exception_type({}))
        def merge(client, sql):
            try:
                return client.query(sql).result()
            except TimeoutError as error:
                raise Late from error
        """
    assert retries(text.format("Late"))
    assert not retries(text.format("TimeoutError"))


def test_attempts_of_tenacity() -> None:
    text = """
        def merge(client, sql):
            for attempt in {}:
                with attempt:
                    return client.query(sql).result()
        """
    assert retries(text.format("Retrying(stop=stop_after_attempt(3))")) == (
        "`Retrying` in line 3 would run it again after a timeout"
    )
    assert not retries(text.format("Retrying(retry=retry_if_exception_type(KeyError))"))
    assert not retries(text.format("pages"))


@pytest.mark.parametrize(
    "call",
    [
        "retry_call(merge, fargs=[1])",
        "Retrying(stop=stop_after_attempt(2))(merge, client)",
        "call_with_retry(partial(merge, client))",
        "policy(merge, client)",
    ],
)
def test_functions_that_are_handed_to_something_that_retries(call: str) -> None:
    text = f"""
        policy = Retrying()
        def merge(client, sql):
            return client.query(sql).result()
        def run(client):
            {call}
        """
    assert "in line 6 would run it again" in retries(text)
    assert not retries(text.replace(call, "pool.submit(merge, client)"))


def test_lambdas_that_are_handed_to_something_that_retries() -> None:
    assert retries("with_retries(lambda: client.query(sql).result())\n")
    assert not retries("pool.submit(lambda: client.query(sql).result())\n")
    assert not retries("retry_call(f, before=lambda: client.query(sql).result())\n")


def test_nothing_around_it() -> None:
    assert not retries("job.result()\n")
    assert not swallows("job.result()\n")


INNER = [
    "def f(job, loop):\n    try:\n        return run_in(None, lambda: list(job.result()))\n",
    "async def f(job, loop):\n    try:\n        return await to_thread(lambda: job.result())\n",
    "def f(job):\n    def wait():\n        return job.result()\n    try:\n        return g(wait)\n",
    "def f(job):\n    def wait():\n        return job.result()\n    try:\n        return wait()\n",
]


@pytest.mark.parametrize("text", INNER)
def test_an_inner_function_raises_where_it_is_run(text: str) -> None:
    source = SourceFile("x.py", f"{text}    except Exception:\n        return []\n".encode())
    (call,) = (
        each
        for each in source.nodes(ast.Call)
        if isinstance(each.func, ast.Attribute) and each.func.attr == "result"
    )
    found = next(endings(source, call))
    assert found.catcher == ExceptClause("Exception")


def test_an_inner_function_that_is_returned_raises_elsewhere() -> None:
    text = (
        "def f(job):\n    def wait():\n        return job.result()\n    try:\n        g()\n"
        "    except Exception:\n        return None\n    return wait\n"
    )
    source = SourceFile("x.py", text.encode())
    (call,) = (each for each in source.nodes(ast.Call) if isinstance(each.func, ast.Attribute))
    assert not [*endings(source, call)]
