"""Silent handlers of whole programs, each with what a run is to say of the failure."""

from __future__ import annotations

import logging
import queue
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LOGGER = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"
SECRET = "open-sesame"


@dataclass(frozen=True)
class RecordForm:
    """A module with `run(argument)`; `levels` are those of the records that it comes to write."""

    name: str
    source: str
    argument: Callable[[], Any]
    levels: tuple[int, ...]
    says: tuple[str, ...] = ()
    """What the message names."""
    hides: tuple[str, ...] = ()
    """What stands in none of the record's fields."""
    settings: dict[str, Any] = field(default_factory=dict)
    own_records: int = 0
    """How many it writes by itself."""


def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def one_order() -> queue.Queue[str]:
    orders: queue.Queue[str] = queue.Queue()
    orders.put("first")
    return orders


RECORD_FORMS = (
    RecordForm(
        "an idle queue",
        "import logging\nimport queue\n\nlogger = logging.getLogger(__name__)\n\n\n"
        "def run(orders: queue.Queue):\n    taken = []\n    while len(taken) < 3:\n        try:\n"
        "            order = orders.get(timeout=0.01)\n        except:\n"
        "            taken.append(None)\n            continue\n        taken.append(order)\n"
        "    return taken\n",
        one_order,
        (logging.DEBUG,) * 2,
    ),
    RecordForm(
        "nobody connects",
        "import logging\nimport socket\n\nlogger = logging.getLogger(__name__)\n\n\n"
        "def run(door: socket.socket):\n    door.settimeout(0.01)\n    rounds = 0\n"
        "    with door:\n        while rounds < 2:\n            rounds += 1\n            try:\n"
        "                guest, _ = door.accept()\n            except Exception:\n"
        "                continue\n            guest.close()\n    return rounds\n",
        listener,
        (logging.DEBUG,) * 2,
    ),
    RecordForm(
        "a comment explains it",
        "import json\n" + LOGGER + "def run(remarks):\n    kept = []\n    for remark in remarks:\n"
        "        try:\n            kept.append(json.loads(remark))\n        except Exception:\n"
        "            # the old system sent plain words: they are kept as they are\n"
        "            kept.append({'words': remark})\n    return kept\n",
        lambda: ['{"a": 1}', "late"],
        (logging.DEBUG,),
    ),
    RecordForm(
        "it probes",
        LOGGER + "NAMES = ('sold_on', 'booked_on', 'made_on')\n\n\n"
        "def run(bill):\n    for name in NAMES:\n        try:\n            return bill[name]\n"
        "        except Exception:\n            continue\n    return None\n",
        lambda: {"made_on": "may"},
        (logging.DEBUG,) * 2,
    ),
    RecordForm(
        "another locale",
        "import locale\n" + LOGGER + "def run(name):\n    try:\n"
        "        locale.setlocale(locale.LC_TIME, name)\n    except:\n"
        "        locale.setlocale(locale.LC_TIME, '')\n    return locale.LC_TIME\n",
        lambda: "xx_XX.UTF-9",
        (logging.DEBUG,),
    ),
    RecordForm(
        "the next line warns",
        LOGGER + "from datetime import date\n\n\ndef run(paper):\n    day = None\n    try:\n"
        "        day = date.fromisoformat(paper['head']['printed'])\n    except:\n"
        "        day = None\n    if day is None:\n"
        "        logger.warning('no day on %s', paper['name'])\n    return day\n",
        lambda: {"name": "p7", "head": {}},
        (logging.DEBUG, logging.WARNING),
        says=("no day on p7",),
        own_records=1,
    ),
    RecordForm(
        "the name of the operation",
        LOGGER + "def margin(price, cost):\n    try:\n        return abs(price - cost) / cost\n"
        "    except Exception:\n        return None\n\n\ndef run(cost):\n"
        "    return margin(3, cost)\n",
        lambda: 0,
        (logging.DEBUG,),
        says=("margin",),
    ),
    RecordForm(
        "the one that failed",
        LOGGER + "def load(week):\n    if week == 'w2':\n        raise RuntimeError('no file')\n"
        "    return [week]\n\n\ndef run(weeks):\n    rows = 0\n    for week in weeks:\n"
        "        try:\n            rows += len(load(week))\n        except Exception:\n"
        "            continue\n    return rows\n",
        lambda: ["w1", "w2", "w3"],
        (logging.ERROR,),
        says=("w2",),
    ),
    RecordForm(
        "twins",
        "import json\nfrom pathlib import Path\n" + LOGGER + "def part(of, name):\n"
        "    return json.loads(Path(f'{of}/{name}').read_text())\n\n\ndef run(of):\n    kept = {}\n"
        "    try:\n        kept['a'] = part(of, 'a')\n    except Exception:\n"
        "        kept['a'] = None\n    try:\n        kept['b'] = part(of, 'b')\n"
        "    except Exception:\n        kept['b'] = None  # small shops have none\n    try:\n"
        "        kept['c'] = part(of, 'c')\n    except Exception:\n        kept['c'] = None\n"
        "    return kept\n",
        lambda: "/nowhere",
        (logging.WARNING,) * 3,
        says=("/nowhere",),
    ),
    RecordForm(
        "no redaction",
        LOGGER + "def _sanitize_line(line):\n    clean = {}\n    for key, value in line.items():\n"
        "        try:\n            clean[key] = value.item()\n        except:\n"
        "            clean[key] = str(value)\n    return clean\n\n\ndef run(line):\n"
        "    return _sanitize_line(line)\n",
        lambda: {"a": 3},
        (logging.DEBUG,),
    ),
    RecordForm(
        "an outage",
        "import requests\n" + LOGGER + "def run(league):\n    try:\n"
        "        return requests.get(f'http://127.0.0.1:1/{league}', timeout=5).json()\n"
        "    except:\n        return None\n",
        lambda: "north",
        (logging.ERROR,),
        says=("north",),
    ),
    RecordForm(
        "headers",
        "import requests\n" + LOGGER + "def ask(shop, headers, proxies):\n"
        "    with requests.Session() as session:\n        session.headers.update(headers)\n"
        "        session.proxies.update(proxies)\n"
        "        return session.get(f'http://127.0.0.1:1/{shop}', timeout=5).json()\n\n\n"
        "def stock(shop, headers, proxies):\n    try:\n"
        "        return ask(shop, headers, proxies)\n    except:\n        return []\n\n\n"
        "def run(secret):\n    return stock('s7', {'Authorization': secret}, {'ftp': secret})\n",
        lambda: SECRET,
        (logging.ERROR,),
        says=("s7",),
        hides=(SECRET,),
    ),
    RecordForm(
        "the text of a statement",
        "import sqlite3\nfrom contextlib import closing\n" + LOGGER + "def run(day):\n"
        "    query_of_day = f\"SELECT 'open-sesame' AS example FROM nothing WHERE day = '{day}'\"\n"
        "    with closing(sqlite3.connect(':memory:')) as base:\n        try:\n"
        "            return base.execute(query_of_day).fetchone()[0]\n        except Exception:\n"
        "            return -1\n",
        lambda: "2024-02-02",
        (logging.ERROR,),
        says=("2024-02-02",),
        hides=(SECRET,),
    ),
    RecordForm(
        "only what can happen",
        LOGGER + "def run(path: str) -> dict[str, str]:\n    found: dict[str, str] = {}\n"
        "    for part in path.split('/'):\n        try:\n"
        "            found['day'] = str(int(part))\n"
        "            break\n        except:\n            pass\n    return found\n",
        lambda: "a/7",
        (logging.DEBUG,),
        settings={"narrow": True},
    ),
    RecordForm(
        "a logger below the first call",
        "import json\nimport logging\nimport os\n\n\ndef limits():\n    try:\n"
        "        return json.loads(os.environ['NO_SUCH_LIMITS'])\n    except:\n"
        "        return {'calls': 10}\n\n\nLIMITS = limits()\n\n"
        "logger = logging.getLogger(__name__)\n\n\ndef run(_):\n"
        "    logger.debug('limits: %s', LIMITS)\n    return LIMITS\n",
        lambda: None,
        (logging.DEBUG, logging.DEBUG),
        own_records=1,
    ),
    RecordForm(
        "one logger for two",
        "import json\nimport logging\n\n\ndef size(text):\n    try:\n        return int(text)\n"
        "    except:\n        return 0\n\n\ndef kept(shelf, name):\n    try:\n"
        "        return json.loads(shelf.read())\n    except:\n        return None\n\n\n"
        "def run(shelf):\n    return size('x'), kept(shelf, 'a')\n\n\n"
        "def keep(shelf, name):\n    logging.getLogger(__name__).info('keeping %s', name)\n"
        "    shelf.write(name)\n",
        lambda: None,
        (logging.DEBUG, logging.ERROR),
    ),
)
