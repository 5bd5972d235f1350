"""Through which logger a handler speaks, and that there is one when it does."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from qw_codemod.testkit import apply_to_files, apply_to_text, check_files


def after(text: str, **settings: Any) -> str:
    return apply_to_text(textwrap.dedent(text).lstrip(), ("excepts",), {"excepts": settings})


def test_handlers_of_one_file_share_what_they_add_to_it() -> None:
    text = after(
        """
        import json
        import logging


        def level_of(text):
            try:
                return int(text)
            except:
                return 0


        def stored(bucket, name):
            try:
                return json.loads(bucket.blob(name).download_as_text())
            except:
                return None
        """,
        sentry="always",
    )
    head = (
        "import json\nimport logging\n\nimport sentry_sdk\n\nlogger = logging.getLogger(__name__)"
    )
    assert text.startswith(head)
    assert text.count("getLogger") == text.count("import sentry_sdk") == 1


def handled(text: str, **files: str) -> str:
    """What the handler of `here.py` does first, after an apply."""
    texts = {"here.py": text, **{f"{name}.py": text for name, text in files.items()}}
    dedented = {name: textwrap.dedent(text).lstrip() for name, text in texts.items()}
    edited = apply_to_files(dedented, ("excepts",))["here.py"]
    compile(edited, "here.py", "exec")
    lines = edited.splitlines()
    at = next(
        i for i, line in enumerate(lines) if line.strip().startswith("except Exception as e:")
    )
    return lines[at + 1].strip()


TRY = "    try:\n        return work()\n    except Exception:\n        return None\n"
LATE = "\n\nlogger = logging.getLogger(__name__)\n"


@pytest.mark.parametrize(
    "between",
    [
        "LIMITS = load()\n",
        "LIMITS = [load() for _ in range(3)]\n",
        "def other():\n    return load()\n\n\nLIMITS = other()\n",
        "class Limits:\n    def __init__(self):\n        self.a = load()\n\n\nLIMITS = Limits()\n",
        "class Limits:\n    all = load()\n",
        "@decorated(load)\ndef other():\n    pass\n",
        "def other(limits=load()):\n    pass\n",
        "import other\n",
        "if True:\n    load()\n",
    ],
)
def test_a_function_that_runs_before_its_logger_is_there_makes_it_itself(between: str) -> None:
    text = f"import logging\n\n\ndef load():\n{TRY}\n\n{between}{LATE}"
    line = handled(text, other="import here\n\nhere.load()\n")
    assert line.startswith("logging.getLogger(__name__).")


@pytest.mark.parametrize(
    "between",
    [
        "",
        "LIMITS = 3\n",
        "import os\n",
        "app = Flask(__name__)\n",
        "def other():\n    return load()\n",
        "class Limits:\n    def all(self):\n        return load()\n",
    ],
)
def test_a_logger_below_that_is_there_in_time(between: str) -> None:
    text = f"import logging\n\n\ndef load():\n{TRY}\n\n{between}{LATE}"
    assert handled(text).startswith("logger.")


@pytest.mark.parametrize(
    "made",
    [
        "if __name__ == '__main__':\n    logger = logging.getLogger()\n    logger.info('x')\n",
        "if DEBUG:\n    logger = logging.getLogger('x')\n    logger.info('x')\n",
        "def main():\n    logger = logging.getLogger()\n    logger.info('x')\n",
        "logger = logging.getLogger('x')\nlogger.info('x')\ndel logger\n",
        "logger = None\n\n\ndef make():\n    global logger\n    logger = logging.getLogger()\n"
        "    logger.info('x')\n",
        "for logger in loggers:\n    logger.info('x')\n",
    ],
)
def test_a_logger_that_may_not_be_there_is_not_used(made: str) -> None:
    line = handled(f"import logging\n\n{made}\n\ndef load():\n{TRY}")
    assert not line.startswith("logger.")


@pytest.mark.parametrize(
    "made",
    [
        "if A:\n    logger = logging.getLogger('x')\nelse:\n    logger = logging.getLogger()\n",
        "try:\n    from a import logger\nexcept ImportError:\n    logger = logging.getLogger()\n",
        "with quiet():\n    logger = logging.getLogger('x')\n",
    ],
)
def test_a_logger_that_is_there_whichever_way_was_taken(made: str) -> None:
    text = f"import logging\n\n{made}\nlogger.info('x')\n\n\ndef load():\n{TRY}"
    assert handled(text).startswith("logger.")


METHOD = textwrap.indent(TRY, "    ")


@pytest.mark.parametrize(
    ("body", "is_there"),
    [
        ("def __init__(self):\n        self.log = logging.getLogger('x')\n", True),
        ("def __init__(self):\n        self.load()\n        self.log = make()\n", False),
        ("def __init__(self):\n        self.reset()\n        self.log = logging.getLogger()\n\n"
         "    def reset(self):\n        self.load()\n", False),
        ("log = logging.getLogger('x')\n", True),
        ("@property\n    def log(self):\n        return logging.getLogger('x')\n", True),
        ("def start(self):\n        self.log = logging.getLogger('x')\n", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_logger_on_self(body: str, is_there: bool) -> None:
    text = (
        f"import logging\n\n\nclass A:\n    {body}\n    def tell(self):\n"
        f"        self.log.info('x')\n\n    def load(self):\n{METHOD}"
    )
    assert handled(text).startswith("self.log.") == is_there


def test_a_base_class_brings_its_logger() -> None:
    text = (
        "from airflow.models import BaseOperator\n\n\nclass A(BaseOperator):\n"
        f"    def tell(self):\n        self.log.info('x')\n\n    def load(self):\n{METHOD}"
    )
    assert handled(text).startswith("self.log.")


JOURNAL = """
    class Journal:
        def __init__(self, path):
            self.path = path
    {methods}

    journal = Journal("log")
    """


@pytest.mark.parametrize(
    ("methods", "line"),
    [
        ("info error", 'journal.error(f"load: work failed: {e}")'),
        ("info exception", 'journal.exception(f"load: work failed: {e}")'),
        ("info warn", 'journal.warn(f"load: work failed: {e}")'),
        ("info error:exc_info=False", 'journal.error(f"load: work failed: {e}", exc_info=True)'),
        (
            "info warning error:code",
            'journal.warning(f"load: work failed: {e}")',
        ),  # error needs two
    ],
)
def test_a_logger_of_the_projects_own_is_what_it_is(methods: str, line: str) -> None:
    made = ""
    for each in methods.split():
        name, _, more = each.partition(":")
        parameters = ", ".join(filter(None, ["self", "text", more]))
        made += f"\n        def {name}({parameters}):\n            print(text)\n"
    journal = textwrap.dedent(JOURNAL.format(methods=made))
    text = f"from journal import journal\n\n\ndef load(path):\n    journal.info('loading')\n{TRY}"
    assert handled(text, journal=journal) == line


def test_what_a_handler_tells_the_projects_own_logger_is_said() -> None:
    journal = textwrap.dedent(JOURNAL).format(
        methods="\n    def info(self, text):\n        print(text)\n"
        "\n    def debug(self, text):\n        print(text)\n"
    )
    text = "from journal import journal\n\n\ndef load():\n" + TRY.replace(
        "        return None", "        journal.info('not loaded')\n        return None"
    )
    found = check_files({"here.py": text, "journal.py": journal}, ("excepts",))
    assert not found["here.py"]


@pytest.mark.parametrize(
    ("beside", "line"),
    [
        ("import logging\n\nlogging.info('x')\n", "logging.exception("),
        ("import logging\n\nLOGGER = logging.getLogger('x')\n", "LOGGER.exception("),
        ("from loguru import logger\n", "logger.exception("),
        ("import structlog\n\nlog = structlog.get_logger()\n", "log.exception("),
        ("", "logger.exception("),
    ],
)
def test_a_new_logger_is_like_those_of_the_files_beside_it(beside: str, line: str) -> None:
    assert handled(f"def load():\n{TRY}", beside=beside).startswith(line)


NAMED = "import structlog\n\nlog = structlog.get_logger(__name__)\n"
CONFIGURED = "import logging\n\nlogging.getLogger('urllib3').setLevel('ERROR')\n"
OF_LOGGING = "import logging\n\nlogger = logging.getLogger(__name__)\n"


@pytest.mark.parametrize(
    ("others", "made"),
    [
        ({"app/db.py": NAMED}, "log = structlog.get_logger(__name__)"),
        ({"app/jobs/rows.py": NAMED}, "log = structlog.get_logger(__name__)"),
        ({"app/db.py": NAMED, "app/logs.py": CONFIGURED}, "log = structlog.get_logger(__name__)"),
        ({"app/db.py": NAMED.replace("__name__", "")}, "log = structlog.get_logger()"),
        ({"app/db.py": "from loguru import logger\n"}, "from loguru import logger"),
        ({"app/db.py": NAMED, "app/rows.py": OF_LOGGING}, "= logging.getLogger(__name__)"),
        ({"app/db.py": NAMED, "app/days/a.py": OF_LOGGING}, "log = structlog.get_logger(__name__)"),
        ({"app/db.py": NAMED, "app/tests/test_db.py": OF_LOGGING}, "= structlog.get_logger("),
        ({"other/db.py": NAMED}, "logger = logging.getLogger(__name__)"),
    ],
)
def test_a_new_logger_is_like_those_of_the_package_around_it(
    others: dict[str, str], made: str
) -> None:
    if "app/days/a.py" in others:  # which is further in than what counts
        others = {**others, "app/feeds/b.py": NAMED}
    files = {f"{each}/__init__.py": "" for each in ("app", "app/feeds", "app/feeds/days", "other")}
    files |= {"app/feeds/days/here.py": f"def load():\n{TRY}", **others}
    assert made in apply_to_files(files, ("excepts",))["app/feeds/days/here.py"]


def test_a_script_that_prints_gets_no_logger() -> None:
    main = "\n\nif __name__ == '__main__':\n    print(load())\n"
    for head in ("", "from google.cloud import logging\n\n\n", "#!/usr/bin/env python\n"):
        assert handled(f"{head}def load():\n{TRY}{main}", beside="import logging\n").startswith(
            "print("
        )
    assert handled(f"def load():\n    print('loading')\n{TRY}").startswith("print(")
    logs = "import logging\n\nlogger = logging.getLogger('x')\n"
    assert handled(f"def load():\n    print('loading')\n{TRY}", beside=logs).startswith("logger.")


def test_a_command_that_echoes_goes_on_echoing() -> None:
    for head, call in (("import click", "click.echo"), ("from typer import echo", "echo")):
        text = f"{head}\n\n\ndef load():\n    {call}('loading')\n{TRY}"
        line = handled(text)
        assert line.startswith(f'{call}(f"') and line.endswith('failed: {e}", err=True)')


def test_a_function_of_the_project_that_logs() -> None:
    common = "def log(text):\n    print('#', text)\n"
    text = f"from common import log\n\n\ndef load():\n    log('loading')\n{TRY}"
    line = handled(text, common=common)
    assert line.startswith('log(f"') and line.endswith('failed: {e}")')
    own = f"{common}\n\ndef load():\n    log('loading')\n{TRY}"
    assert handled(own) == line


@pytest.mark.parametrize(
    ("common", "told"),
    [
        ("def log(text, level='info'):\n    print({'info': 1, 'error': 4}[level], text)\n", True),
        ("def log(text, *, level='info'):\n    assert level in ('info', 'error')\n", True),
        ("def log(text, level='info'):\n    print(level, text)\n", False),
        ("def log(text, level=3):\n    print({'info': 1, 'error': 4}.get(level), text)\n", False),
        ("def log(text, kind='info'):\n    print({'info': 1, 'error': 4}[kind], text)\n", False),
    ],
)
def test_a_function_of_the_project_is_told_the_level(common: str, told: bool) -> None:
    text = f"from common import log\n\n\ndef load():\n    log('loading')\n{TRY}"
    line = handled(text, common=common)
    assert line.endswith('failed: {e}", level="error")' if told else 'failed: {e}")')


def test_a_line_for_pylint_allows_what_the_handler_is() -> None:
    for was, name in (("bare-except", "broad-except"), ("W0702", "W0703")):
        text = "def load():\n    try:\n        work()\n    except:  # pylint: disable={}\n"
        text += "        print('none')\n"
        assert f"except Exception:  # pylint: disable={name}\n" in after(text.format(was))
    assert "# bare-except\n" in after(text.replace("pylint: disable={}", "bare-except"))


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("logger: logging.Logger = logging.getLogger('x')\n", "logger."),
        ("def get_logger():\n    return logging.getLogger('x')\n\n\nget_logger().info('x')\n",
         "get_logger()."),
        ("logging.getLogger('airflow.task').info('x')\n", 'logging.getLogger("airflow.task").'),
        ("LOG = log = logging.getLogger('x')\n", "LOG."),
    ],
)  # fmt: skip
def test_a_logger_is_there_already(head: str, line: str) -> None:
    assert handled(f"import logging\n\n{head}\n\ndef load():\n{TRY}").startswith(line)


@pytest.mark.parametrize(
    ("parameters", "use", "is_used"),
    [
        ("log", "log.info('loading')", True),
        ("day, log", "log.info('loading')", True),
        ("log=None", "log.info('loading')", False),
        ("log", "if log:\n        log.info('loading')", False),
        ("log", "day = 3", False),
        ("*log", "log.info('loading')", False),
    ],
)
def test_a_logger_that_a_function_is_given_and_logs_with(
    parameters: str, use: str, is_used: bool
) -> None:
    text = f"from other import work\n\n\ndef load({parameters}):\n    {use}\n{TRY}"
    assert handled(text).startswith("log.exception(" if is_used else "logger.exception(")


def reason_of(here: str, **files: str) -> str:
    """Why the last handler of `here.py` is left; empty if it is not."""
    texts = {"here.py": here, **{f"{name}.py": text for name, text in files.items()}}
    found = check_files(texts, ("excepts",))["here.py"][-1]
    return type(found.reason).__name__ if found.reason is not None else ""


PLACE = f"import logging\n\nlogger = logging.getLogger('x')\n\n\ndef place():\n{TRY}"


@pytest.mark.parametrize(
    ("caller", "reason"),
    [
        ("def emit(level, text):\n    logger.log(level, text, extra=place())\n", "RunsOnEachLine"),
        ("def error(text):\n    logger.error(text, extra=place())\n", "RunsOnEachLine"),
        (
            "def error(text):\n    text = text[:99]\n    logger.error(text, extra=middle())\n\n\n"
            "def middle():\n    return place()\n",
            "RunsOnEachLine",
        ),
        (
            "class Lines(logging.Formatter):\n    def format(self, x):\n        return place()\n",
            "RunsOnEachLine",
        ),
        ("def tell(record):\n    return record.levelno, place()\n", "RunsOnEachLine"),
        ("def add(logger, name, event_dict):\n    return place()\n", "RunsOnEachLine"),
        ("def run(text):\n    logger.error(text)\n    place()\n", ""),
        ("def error(text):\n    logger.error('no place')\n    place()\n", ""),
        ("class Lines:\n    def format(self, line):\n        return place()\n", ""),
    ],
)
def test_what_runs_on_each_line_logs_nothing(caller: str, reason: str) -> None:
    assert reason_of(f"{PLACE}\n\n{caller}") == reason
    user = f"import logging\n\nfrom here import place\n\nlogger = logging.getLogger()\n\n\n{caller}"
    assert reason_of(PLACE, user=user) == reason


def test_what_sentry_calls_before_it_sends_sends_nothing() -> None:
    text = f"import sentry_sdk\n\n\ndef before(event, hint):\n{TRY}\n\n"
    assert reason_of(text + "sentry_sdk.init(before_send=before)\n") == "IsLogging"
    assert reason_of(text + "sentry_sdk.init(before_load=before)\n") == ""
