"""Through which logger a handler speaks, and that there is one when it does."""

from __future__ import annotations

import textwrap
from typing import Any

from qw_codemod.testkit import apply_to_text


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
