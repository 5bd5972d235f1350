"""Handlers of every shape, as source text with a `run(fails)`: its result is what they do next."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """\
import sys


class Refused(Exception):
    pass


def work(fails, station="ST7"):
    if fails:
        raise fails
    return station
"""


@dataclass(frozen=True)
class HandlerForm:
    """One shape; `operation` and `context` are what the event must say of it."""

    name: str
    body: str
    operation: str = "run: work"
    context: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The whole module."""
        return f"{HEAD}\n\n{self.body}"


UNEXPECTED = (
    HandlerForm(
        "pass",
        "def run(fails):\n    try:\n        work(fails)\n    except:\n        pass\n"
        "    return 'on'\n",
    ),
    HandlerForm(
        "silent Exception",
        "def run(fails):\n    try:\n        work(fails)\n    except Exception:\n        pass\n"
        "    return 'on'\n",
    ),
    HandlerForm(
        "one line",
        "def run(fails):\n    done = 1\n    try: work(fails)\n    except: done = 2; done += 1\n"
        "    return done\n",
    ),
    HandlerForm(
        "assigns",
        "def run(fails, station='ST1'):\n    try:\n        got = work(fails, station)\n"
        "    except:\n        got = None\n    return got\n",
        context=("station",),
    ),
    HandlerForm(
        "returns",
        "def run(fails):\n    try:\n        return work(fails)\n"
        "    except:\n        return False\n",
    ),
    HandlerForm(
        "continues",
        "def run(fails):\n    seen = []\n    for station in ('a', 'b'):\n        try:\n"
        "            work(fails if station == 'a' else None, station)\n        except:\n"
        "            continue\n        seen.append(station)\n    return seen\n",
        context=("station",),
    ),
    HandlerForm(
        "breaks",
        "def run(fails):\n    seen = []\n    for station in ('a', 'b'):\n        try:\n"
        "            work(fails, station)\n        except:\n            break\n"
        "        seen.append(station)\n    return seen\n",
        context=("station",),
    ),
    HandlerForm(
        "exits",
        "def leave(fails):\n    try:\n        return work(fails)\n    except:\n"
        "        sys.exit(3)\n\n\ndef run(fails):\n    try:\n        return leave(fails)\n"
        "    except SystemExit as e:\n        return e.code\n",
        operation="leave: work",
    ),
    HandlerForm(
        "else and finally",
        "def run(fails):\n    way = []\n    try:\n        work(fails)\n    except:\n"
        "        way.append('except')\n    else:\n        way.append('else')\n    finally:\n"
        "        way.append('finally')\n    return way\n",
    ),
    HandlerForm(
        "named already",
        "def run(fails):\n    try:\n        return work(fails)\n    except Exception as problem:\n"
        "        return None\n",
    ),
    HandlerForm(
        "live name",
        "def run(fails):\n    e = 'kept'\n    try:\n        work(fails)\n"
        "    except:\n        pass\n    return e\n",
    ),
    HandlerForm(
        "generator",
        "def each(fails):\n    for station in ('a', 'b'):\n        try:\n"
        "            yield work(fails if station == 'a' else None, station)\n"
        "        except Exception:\n            yield None\n\n\n"
        "def run(fails):\n    return list(each(fails))\n",
        operation="each: work",
        context=("station",),
    ),
    HandlerForm(
        "async",
        "import asyncio\n\n\nasync def later(fails):\n    await asyncio.sleep(0)\n"
        "    return work(fails)\n\n\nasync def main(fails):\n    try:\n"
        "        return await later(fails)\n    except:\n        return 'late'\n\n\n"
        "def run(fails):\n    return asyncio.run(main(fails))\n",
        operation="main: later",
    ),
    HandlerForm(
        "method with its own logger",
        "import logging\n\n\nclass Feed:\n    def __init__(self):\n"
        "        self.log = logging.getLogger('feed')\n\n    def fetch(self, fails):\n"
        "        self.log.info('fetching')\n        try:\n            return work(fails)\n"
        "        except:\n            return []\n\n\ndef run(fails):\n"
        "    return Feed().fetch(fails)\n",
        operation="Feed.fetch: work",
    ),
    HandlerForm(
        "logs an error",
        "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef run(fails):\n    try:\n"
        "        return work(fails)\n    except:\n        logger.error('no work')\n"
        "        return None\n",
        operation="",
    ),
    HandlerForm(
        "logs a little",
        "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef run(fails):\n    try:\n"
        "        return work(fails)\n    except:\n        logger.info('no work')\n"
        "        return None\n",
    ),
    HandlerForm(
        "prints",
        "import tenacity\n\n\ndef run(fails):\n    try:\n        return work(fails)\n    except:\n"
        "        print('no work')\n        return None\n\n\n"
        "if __name__ == '__main__':\n    run(None)\n",
    ),
    HandlerForm(
        "structlog",
        "import structlog\n\nlog = structlog.get_logger()\n\n\ndef run(fails, station='ST1'):\n"
        "    log.debug('working', station=station)\n    try:\n        return work(fails, station)\n"
        "    except:\n        return None\n",
        context=("station",),
    ),
    HandlerForm(
        "loguru",
        "from loguru import logger\n\n\ndef run(fails, station='ST1'):\n"
        "    logger.debug('working for {}', station)\n    try:\n"
        "        return work(fails, station)\n    except:\n        return None\n",
        context=("station",),
    ),
    HandlerForm(
        "f-strings",
        "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef run(fails):\n"
        "    logger.debug(f'fails: {fails}')\n    try:\n        return work(fails)\n    except:\n"
        "        return None\n",
    ),
)

EXPECTED = (
    HandlerForm(
        "number",
        "def run(text):\n    try:\n        return int(text)\n    except:\n        return 0\n",
        operation="run: int",
    ),
    HandlerForm(
        "json",
        "import json\n\n\ndef run(text):\n    try:\n        return json.loads(text)\n    except:\n"
        "        return {}\n",
        operation="run: json.loads",
    ),
    HandlerForm(
        "subscript",
        "def run(key):\n    try:\n        return {'a': 1}[key]\n    except Exception:\n"
        "        return None\n",
        operation="run",
    ),
    HandlerForm(
        "file",
        "from pathlib import Path\n\n\ndef run(path):\n    try:\n"
        "        return Path(path).read_text()\n    except:\n        return ''\n",
        operation="run: Path().read_text",
        context=("path",),
    ),
)
