"""Imports: what a file binds already, and where a new one goes."""

from __future__ import annotations

import pytest

from qw_codemod.edit.imports import import_edit, module_edits
from qw_codemod.kernel.edits import apply
from qw_codemod.kernel.model import Span
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.names import name_for
from qw_codemod.rules.api import CannotFix, Import

AIOHTTP = Import("aiohttp")
LIMIT = Import("shared.limits", "LIMIT")
FUNCTION = "\n\ndef use():\n    return HERE\n"


def headed(text: str, *imports: Import, line: str = "logger = logging.getLogger(__name__)") -> str:
    source = SourceFile("/p/app/x.py", text.encode())
    at = source.data.index(b"HERE")
    edits = module_edits(source, imports, [line], at, lambda root: root in ("app", "shared"))
    result = apply(source.data, edits)
    compile(result, source.path, "exec", dont_inherit=True)
    return result.decode()


def bound(text: str, wanted: Import, path: str = "/p/app/x.py") -> str | None:
    at = len(text[: text.index("HERE")].encode())
    return name_for(SourceFile(path, text.encode()), wanted, Span(at, at + 4))


def placed(text: str, wanted: Import, path: str = "/p/app/x.py") -> str:
    source = SourceFile(path, text.encode())
    at = source.data.index(b"HERE")
    edit = import_edit(source, wanted, at, lambda root: root in ("app", "shared"))
    result = apply(source.data, [edit])
    compile(result, path, "exec", dont_inherit=True)
    return result.decode()


@pytest.mark.parametrize(
    ("text", "wanted", "name"),
    [
        ("import aiohttp\n", AIOHTTP, "aiohttp"),
        ("import aiohttp as aio\n", AIOHTTP, "aio"),
        ("import aiohttp.web\n", AIOHTTP, "aiohttp"),
        ("import os, aiohttp\n", AIOHTTP, "aiohttp"),
        ("try:\n    import aiohttp\nexcept ImportError:\n    aiohttp = None\n", AIOHTTP, "aiohttp"),
        ("from shared.limits import LIMIT\n", LIMIT, "LIMIT"),
        ("from shared.limits import A, LIMIT as MOST\n", LIMIT, "MOST"),
        ("from shared import limits\n", Import("shared.limits"), "limits"),
        ("import shared.limits\n", Import("shared.limits"), "shared.limits"),
        ("import aiohttp.web as web\n", AIOHTTP, None),
        ("import requests\n", AIOHTTP, None),
        ("if TYPE_CHECKING:\n    import aiohttp\n", AIOHTTP, None),
        ("from shared.limits import OTHER\n", LIMIT, None),
        ("from other.limits import LIMIT as L\n", LIMIT, None),
    ],
)
def test_a_binding_that_is_there(text: str, wanted: Import, name: str | None) -> None:
    assert bound(text + FUNCTION, wanted) == name


def test_a_relative_import_is_the_same_module() -> None:
    text = f"from .limits import LIMIT as MOST\n{FUNCTION}"
    assert bound(text, LIMIT, "/p/shared/x.py") == "MOST"
    assert bound(text, LIMIT, "/p/other/x.py") is None
    assert bound(text.replace(".limits", "..limits"), LIMIT, "/p/shared/deep/x.py") == "MOST"


def test_the_module_itself_needs_no_import() -> None:
    assert bound(f"LIMIT = 3\n{FUNCTION}", LIMIT, "/p/shared/limits.py") == "LIMIT"


def test_a_local_import_serves_what_follows_it() -> None:
    before = "def use():\n    import aiohttp\n    return HERE\n"
    after = "def use():\n    x = HERE\n    import aiohttp\n"
    assert bound(before, AIOHTTP) == "aiohttp"
    with pytest.raises(CannotFix):
        bound(after, AIOHTTP)


def test_an_import_below_serves_functions_only() -> None:
    assert bound(f"{FUNCTION}\nimport aiohttp\n", AIOHTTP) == "aiohttp"
    assert bound("x = HERE\nimport aiohttp\n", AIOHTTP) is None


@pytest.mark.parametrize(
    "text",
    [
        "aiohttp = 3\n" + FUNCTION,
        "def aiohttp(): ...\n" + FUNCTION,
        "class aiohttp: ...\n" + FUNCTION,
        "import fake as aiohttp\n" + FUNCTION,
        "from fake import aiohttp\n" + FUNCTION,
        "for aiohttp in (): ...\n" + FUNCTION,
        "with x as (aiohttp, y): ...\n" + FUNCTION,
        "if x:\n    aiohttp = None\n" + FUNCTION,
        "def f():\n    global aiohttp\n" + FUNCTION,
        "def use(aiohttp):\n    return HERE\n",
        "import aiohttp\ndef use(aiohttp):\n    return HERE\n",
        "def use():\n    aiohttp = 1\n    return HERE\n",
        "def use(aiohttp):\n    def inner():\n        return HERE\n",
        "def use():\n    return [HERE for aiohttp in ()]\n",
        "import aiohttp as aio\ndef use(aio):\n    return HERE\n",
    ],
)
def test_a_name_that_means_something_else(text: str) -> None:
    with pytest.raises(CannotFix, match="NameTaken"):
        bound(text, AIOHTTP)


def test_names_of_other_scopes_do_not_matter() -> None:
    assert bound(f"def f(aiohttp):\n    aiohttp = 3\n{FUNCTION}", AIOHTTP) is None
    assert bound("class A:\n    aiohttp = 1\n    def f(self):\n        HERE\n", AIOHTTP) is None


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("x = 1\n", AIOHTTP, "import aiohttp\n\nx = 1\n"),
        ('"""Doc."""\n', AIOHTTP, '"""Doc."""\n\nimport aiohttp\n'),
        (
            '"""Doc."""\n\nfrom __future__ import annotations\n\nx = 1\n',
            AIOHTTP,
            '"""Doc."""\n\nfrom __future__ import annotations\n\nimport aiohttp\n\nx = 1\n',
        ),
        ("# licence\n\n# x\nx = 1\n", AIOHTTP, "# licence\n\nimport aiohttp\n\n# x\nx = 1\n"),
        ("#!/bin/python\nx = 1\n", AIOHTTP, "#!/bin/python\nimport aiohttp\n\nx = 1\n"),
        ("import os\nimport sys\n", AIOHTTP, "import os\nimport sys\n\nimport aiohttp\n"),
        (
            "import os\n\nimport requests\n\nfrom app import y\n",
            AIOHTTP,
            "import os\n\nimport aiohttp\nimport requests\n\nfrom app import y\n",
        ),
        (
            "import os\n\nfrom app import y\n",
            AIOHTTP,
            "import os\n\nimport aiohttp\n\nfrom app import y\n",
        ),
        ("from app import y\n", AIOHTTP, "import aiohttp\n\nfrom app import y\n"),
        (
            "import yarl\nfrom attr import x\n",
            AIOHTTP,
            "import aiohttp\nimport yarl\nfrom attr import x\n",
        ),
        (
            "from app import y\nfrom shared.a import b\nfrom shared.z import b\n",
            LIMIT,
            "from app import y\nfrom shared.a import b\n"
            "from shared.limits import LIMIT\nfrom shared.z import b\n",
        ),
        (
            "from app import y\nimport shared.a\nfrom shared.z import b\n",
            LIMIT,
            "from app import y\nimport shared.a\n"
            "from shared.limits import LIMIT\nfrom shared.z import b\n",
        ),
        (
            "import yarl\n# about yarl's friend\nimport zlib_ng\n",
            Import("zebra"),
            "import yarl\nimport zebra\n# about yarl's friend\nimport zlib_ng\n",
        ),
        ("import os; import re\n", AIOHTTP, "import os; import re\n\nimport aiohttp\n"),
        (
            "import sys\nsys.path.append('..')\nfrom shared.a import b\n",
            LIMIT,
            "import sys\nsys.path.append('..')\nfrom shared.a import b\n"
            "from shared.limits import LIMIT\n",
        ),
        ("from shared.limits import A, Z\n", LIMIT, "from shared.limits import LIMIT, A, Z\n"),
        ("from shared.limits import ALL\n", LIMIT, "from shared.limits import ALL, LIMIT\n"),
        (
            "from shared.limits import (\n    ALL,\n    zero,\n)\n",
            LIMIT,
            "from shared.limits import (\n    ALL,\n    LIMIT,\n    zero,\n)\n",
        ),
        (
            "from shared.limits import (\n    ALL,  # all\n)\n",
            LIMIT,
            "from shared.limits import (\n    ALL,  # all\n    LIMIT,\n)\n",
        ),
        (
            "from shared.limits import (\n    ALL\n)\n",
            LIMIT,
            "from shared.limits import (\n    ALL,\n    LIMIT\n)\n",
        ),
    ],
)
def test_placed(before: str, wanted: Import, after: str) -> None:
    head, _, tail = placed(before + FUNCTION, wanted).partition("\n\ndef use")
    assert head.rstrip("\n") + "\n" == after
    assert tail


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        (  # several sections in one group, out of order
            "import io\nimport datetime\nimport yarl\nfrom zlib_ng import x\n",
            Import("logging"),
            "import io\nimport datetime\nimport logging\nimport yarl\nfrom zlib_ng import x\n",
        ),
        (
            "import io\nimport datetime\nimport yarl\nfrom attr import x\n",
            Import("zebra"),
            "import io\nimport datetime\nimport yarl\nimport zebra\nfrom attr import x\n",
        ),
        (
            "import sys\nimport os\nfrom app import y\n",
            AIOHTTP,
            "import sys\nimport os\nimport aiohttp\nfrom app import y\n",
        ),
        (
            "import sys\nsys.path.append('..')\n",
            LIMIT,
            "import sys\nsys.path.append('..')\n\nfrom shared.limits import LIMIT\n",
        ),
        (
            "import os\nimport yarl\n\ntry:\n    import app\nexcept ImportError:\n"
            "    sys.path.insert(0, '..')\n    import app\n",
            LIMIT,
            "import os\nimport yarl\n\ntry:\n    import app\nexcept ImportError:\n"
            "    sys.path.insert(0, '..')\n    import app\n\nfrom shared.limits import LIMIT\n",
        ),
        (  # as the libraries above it
            "import sys\n\nimport yarl\n\nsys.path.append('..')\n\nfrom app import y\n",
            AIOHTTP,
            "import sys\n\nimport aiohttp\nimport yarl\n\nsys.path.append('..')\n\n"
            "from app import y\n",
        ),
        (
            "import sys\n\nsys.path.insert(0, 'vendor')\n\nimport yarl\n",
            AIOHTTP,
            "import sys\n\nsys.path.insert(0, 'vendor')\n\nimport aiohttp\nimport yarl\n",
        ),
        (
            '"""Doc."""\n\n# ours\nfrom app import y\n',
            AIOHTTP,
            '"""Doc."""\n\nimport aiohttp\n\n# ours\nfrom app import y\n',
        ),
        (  # a late import stands there for a reason
            "import os\n\n\ndef late():\n    pass\n\n\nimport yarl\n",
            AIOHTTP,
            "import os\n\nimport aiohttp\n\n\ndef late():\n    pass\n\n\nimport yarl\n",
        ),
    ],
)
def test_placed_among_what_is_there(before: str, wanted: Import, after: str) -> None:
    assert placed(before + FUNCTION, wanted) == after + FUNCTION


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        (
            "# type: ignore[import]\nimport yarl\n",
            AIOHTTP,
            "import aiohttp\n# type: ignore[import]\nimport yarl\n",
        ),
        (
            "import os\n\n# ours\n# pyrefly: ignore [x]\nimport yarl\n",
            AIOHTTP,
            "import os\n\n# ours\nimport aiohttp\n# pyrefly: ignore [x]\nimport yarl\n",
        ),
        (
            "# pylint: disable-next=import-error\nfrom app import y\n",
            AIOHTTP,
            "import aiohttp\n\n# pylint: disable-next=import-error\nfrom app import y\n",
        ),
        (  # of the whole file
            "# ruff: noqa: E501\n# pylint: disable=import-error\nimport yarl\n",
            AIOHTTP,
            "# ruff: noqa: E501\n# pylint: disable=import-error\nimport aiohttp\nimport yarl\n",
        ),
        (
            "from shared.limits import (\n    ALL,\n    # ty: ignore\n    zero,\n)\n",
            LIMIT,
            "from shared.limits import (\n    ALL,\n    LIMIT,\n    # ty: ignore\n    zero,\n)\n",
        ),
        (
            "from shared.limits import (\n    ALL  # type: ignore[attr-defined]\n)\n",
            LIMIT,
            "from shared.limits import (\n    LIMIT,\n    ALL  # type: ignore[attr-defined]\n)\n",
        ),
        (
            "from app import y\n",
            Import("shared.limits", "LIMIT", "# type: ignore"),
            "from app import y\nfrom shared.limits import LIMIT  # type: ignore\n",
        ),
        (
            "from app import y\n",
            Import("shared.limits", "LIMIT", "# ty: ignore", comment_is_above=True),
            "from app import y\n# ty: ignore\nfrom shared.limits import LIMIT\n",
        ),
    ],
)
def test_what_a_tool_passes_over_stays_below_or_before_its_comment(
    before: str, wanted: Import, after: str
) -> None:
    assert placed(before + FUNCTION, wanted) == after + FUNCTION


def test_several_names_each_where_it_belongs_once_the_others_are_there() -> None:
    line = "logger = logging.getLogger(__name__)\n"
    wanted = (Import("logging"), Import("sentry_sdk"))
    head = "import logging\n\nimport sentry_sdk\n\n"
    text = "def use():\n    return HERE\n"
    assert headed(text, *wanted) == f"{head}{line}\n\n{text}"
    assert headed(f"import json\n\n\n{text}", *wanted) == f"import json\n{head}{line}\n\n{text}"
    assert headed("import json\nX = HERE\n", *wanted) == f"import json\n{head}{line}\nX = HERE\n"
    assert headed(f"import os\nimport zebra\n\n{text}", *wanted) == (
        f"import logging\nimport os\nimport sentry_sdk\nimport zebra\n\n{line}\n\n{text}"
    )


def test_two_lines_before_a_definition() -> None:
    text = "def use():\n    return HERE\n"
    assert placed(text, AIOHTTP) == f"import aiohttp\n\n\n{text}"


def test_before_code_at_the_top_level() -> None:
    text = "import os\n\nx = HERE\n\nimport requests\n"
    assert placed(text, AIOHTTP) == "import os\n\nimport aiohttp\n\nx = HERE\n\nimport requests\n"


def test_line_ends_and_byte_order_mark_stay() -> None:
    text = "\ufeffimport os\r\n\r\nx = HERE\r\n"
    assert placed(text, AIOHTTP) == "\ufeffimport os\r\n\r\nimport aiohttp\r\n\r\nx = HERE\r\n"
    assert placed("\ufeffx = HERE", AIOHTTP) == "\ufeffimport aiohttp\n\nx = HERE"


def test_a_folder_that_bears_a_librarys_name_makes_no_group_of_ours() -> None:
    text = "import os\n\nimport dill\nimport pandas\nfrom shared.data import x\n" + FUNCTION
    wanted = "import os\n\nimport aiohttp\nimport dill\nimport pandas\nfrom shared.data import x\n"
    assert placed(text, AIOHTTP).startswith(wanted)
