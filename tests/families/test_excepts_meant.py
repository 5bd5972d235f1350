"""Which failures are ordinary in their place: a warning in the log, and no event."""

from __future__ import annotations

import textwrap

import pytest

from qw_codemod.kernel.statements import render
from qw_codemod.testkit import apply_to_text, check_text


def is_expected(text: str) -> bool:
    changed = apply_to_text(textwrap.dedent(text).lstrip(), ("excepts",), {})
    assert ("logger.warning(" in changed) != ("sentry_sdk" in changed), changed
    return "logger.warning(" in changed


IMPORTS = "import os\nimport shutil\n\nimport pandas as pd"


def function(
    body: str, handler: str, after: str = "", docstring: str = "", name: str = "run"
) -> str:
    text = f"def {name}(self, client, day, urn: str, extra):\n"
    text += f'    """{docstring}"""\n' if docstring else ""
    text += f"    try:\n{textwrap.indent(body, ' ' * 8)}\n    except Exception:\n"
    text += f"{textwrap.indent(handler, ' ' * 8)}\n"
    return (
        "import os\nimport shutil\n\nimport pandas as pd\n\n\n"
        + text
        + textwrap.indent(after, " " * 4)
        + "\n"
    )


@pytest.mark.parametrize(
    ("docstring", "counts_on_it"),
    [
        ("The hash; None on failure.", True),
        ("Safely get the hash.", True),
        ("Never raises: the caller is in a hurry.", True),
        ("The query, unchanged if it does not parse.", True),
        ("The query as it was where it cannot be\n    parsed.", True),
        ("Falls back to the file.", True),
        ("The hash.", False),
        (
            "A day.\n\n    Raises:\n        ValueError: if the day cannot be parsed.\n    ",
            False,
        ),
        ("Load the day.\n\n    :raises ValueError: if the day is invalid\n    ", False),
        ("Change the unchangeable.", False),
        ("The tags of the day, if available.", True),
        ("The tags of the day, if any", True),
        ("A write that fails must never break the call.", True),
        ("What raises when it is read is treated as none.", True),
        ("It should never block.", True),
        ("It should never happen that a day is missing.", False),
        ("True if any day is there.", False),
        ("The tags of the day, or None.", True),
        ("No rows when the page is malformed.", True),
        ("The tags of the day; must never itself raise.", True),
    ],
)
def test_a_docstring_that_counts_on_the_failure(docstring: str, counts_on_it: bool) -> None:
    text = function("return client.load(day)", "return None", docstring=docstring)
    assert is_expected(text) == counts_on_it


@pytest.mark.parametrize(
    ("docstring", "counts_on_it"),
    [
        ("Closes it on failure.", False),
        ("Never raises.", True),
        ("The day, or None.", True),
        ("It is put into a failed state where it failed.", False),
    ],
)
def test_a_docstring_of_two_tries_may_be_about_the_other(
    docstring: str, counts_on_it: bool
) -> None:
    after = "try:\n    client.close()\nexcept ValueError:\n    raise"
    assert is_expected(function("client.load(day)", "pass", after, docstring)) == counts_on_it


@pytest.mark.parametrize(
    ("below", "counts_on_it"),
    [
        ("# fallback: ask the file\nload()", True),
        ("\n# fall back to the file\nload()", True),
        ("\n\n# fall back to the file\nload()", False),
        ("load()  # fall back to the file", False),
        ("# then the file\nload()", False),
    ],
)
def test_a_comment_below(below: str, counts_on_it: bool) -> None:
    assert is_expected(function("client.load(day)", "pass", below)) == counts_on_it


@pytest.mark.parametrize(
    ("body", "is_looking"),
    [
        ("name = client.head.commit.name", True),
        ("if client.head:\n    return client.head.commit.name", True),
        ("return get_current_context()", True),
        ("request = get_http_request()", True),
        ("request = get_requests()", False),
        ("x = flask.current_app()\nreturn x.name", True),
        ("return getattr(day, 'names', None)", True),
        ("setattr(day, 'names', extra)", True),
        ("setattr(day, 'names', client.load())", False),
        ("return os.path.abspath(client.head.path)", True),
        ("if client.head.late:\n    logging.error('late')", False),
        ("return get_current_context(day)", False),
        ("return client.currents()", False),
        ("name = await client.head.commit.name", False),
        ("for each in client.head.commits:\n    pass", False),
        ("return client.head.load()", False),
        ("with client.head.commit:\n    pass", False),
        ("raise client.error.kind", False),
    ],
)
def test_what_may_not_be_set(body: str, is_looking: bool) -> None:
    text = function(body, "return None")
    assert is_expected(text.replace("def run", "async def run")) == is_looking


@pytest.mark.parametrize(
    ("body", "is_known"),
    [
        ("with open(day) as file:\n    return file.read()", True),
        ("with open(day, 'w') as file:\n    file.write(urn)", True),
        ("with open(day) as file:\n    return extra.read()", False),
        ("with client.open(day) as file:\n    return file.read()", False),
        ("with open(day) as file:\n    return file.read(extra)", False),
        ("with open(day) as file:\n    return file.fileno()", False),
        ("return client.session.json()", False),
        ("return int(extra._asdict()['size'])", True),
        ("return int(extra.load()['size'])", False),
        ("return client.response.json()", True),
        ("resp = extra\nreturn resp.json()['a']", True),
        ("return extra.json()", False),
        ("return extra.resp.json().get('a', {}).get('b')", True),
        ("return extra.load().get('b')", False),
        ("x = extra.response.json()\nreturn x.get('a', {}).get('b')", True),
        ("x = extra.load()\nreturn x.get('a', {}).get('b')", False),
        ("return extra.resp.json(day)", False),
        ("return re.compile(urn)", True),
    ],
)
def test_operations_that_are_known(body: str, is_known: bool) -> None:
    assert is_expected("import re\n" + function(body, "return None")) == is_known


@pytest.mark.parametrize(
    ("handler", "after", "is_again"),
    [
        ("time.sleep(10)", "", True),
        ("tries += 1\nawait asyncio.sleep(tries)", "", True),
        ("tries += 1", "", False),
    ],
)
def test_a_handler_that_waits_for_another_try(handler: str, after: str, is_again: bool) -> None:
    body = textwrap.indent(function("client.load(day)", handler, after).split(":\n", 1)[1], "    ")
    for loop, is_loop in (("while tries < 3:", True), ("if client:", False)):
        text = f"import time\n\n\nasync def run(client, day, tries):\n    {loop}\n{body}"
        assert is_expected(text) == (is_again and is_loop)


@pytest.mark.parametrize(
    ("comment", "counts_on_it"),
    [
        ("It may fail for old days", True),
        ("EAFP", True),
        ("where the table is\n    # missing, an empty one", True),
        ("load the day", False),
        ("TODO: may fail", False),
        ("must not fail", False),
        ("first try to get the day", True),
        ("it tries harder than most", False),
    ],
)
def test_a_comment_above(comment: str, counts_on_it: bool) -> None:
    text = function("client.load(day)", "pass")
    assert is_expected(text.replace("    try:", f"    # {comment}\n    try:")) == counts_on_it
    lines = text.replace("    try:", f"    # {comment}\n    if day:\n    try:").splitlines()
    at = lines.index("    try:")
    inner = "\n".join([*lines[:at], *(f"    {each}" for each in lines[at:])])
    assert is_expected(inner + "\n") == counts_on_it


def test_a_comment_above_the_first_of_several_statements() -> None:
    for comment, is_meant in (("# the hash (if available)", True), ("# the hash", False)):
        text = function(f"{comment}\nfound = client.load(day)\nclient.keep(found)", "return None")
        assert is_expected(text) == is_meant


def test_the_docstring_of_a_module() -> None:
    for told, is_meant in (("malformed pages give no rows (never raise).", True), ("", False)):
        text = function("return client.load(day)", "return None")
        assert is_expected(f'"""Pages.\n\nThe contract: {told}\n"""\n{text}') == is_meant


@pytest.mark.parametrize(
    ("other", "is_ordinary"),
    [
        ("cli_utils.warning('not installed')", True),
        ("logger.info('not installed')", True),
        ("logger.error('not installed')", False),
        ("cli_utils.warning('not installed')\n        raise", False),
        ("pass", False),
    ],
)
def test_another_handler_that_warns(other: str, is_ordinary: bool) -> None:
    text = function("client.load(day)", "pass").replace(
        "    except Exception",
        f"    except NotImplementedError:\n        {other}\n    except Exception",
    )
    assert is_expected(f"import logging\n\nlogger = logging.getLogger('x')\n{text}") == is_ordinary


def test_a_comment_above_what_is_set_before() -> None:
    text = function("client.load(day)", "pass").replace("    try:", "    x = {}\n    try:")
    for value, counts_on_it in (("None", True), ("client.load(extra)", False)):
        told = text.format(value).replace("    x =", "    # null if it is missing\n    x =")
        assert is_expected(told) == counts_on_it


def test_a_comment_with_an_apostrophe() -> None:
    handler = "# we don't want to fail the report\nreturn None"
    assert is_expected(function("client.load(day)", handler))


@pytest.mark.parametrize(
    ("body", "handler", "is_alternative"),
    [
        ("return client.fast(day)", "return client.slow(day)", True),
        ("return self.fast(day)", "return self.slow(day)", True),
        ("x = client.json(day)", "x = client.text", True),
        ("client.load_first()", "client.load_second()", True),
        ("return client.fast(day)", "return client.slow(extra)", True),
        ("return fast(day)", "return slow(extra)", False),
        (
            "if urn:\n    return client.a(day)",
            "if day:\n    urn = 1\n    return client.b(day)",
            True,
        ),
        ("return path.abs(day.file)", "x = load(extra)\nreturn path.abs(x)", True),
        ("return self.fast(day)", "x = self.slow()\nreturn pd.DataFrame(x)", True),
        ("return self.fast(day)", "x = self.slow()\nclient.send()\nreturn day", False),
        ("return self.fast(day)", "return self.redirect()", False),
        ("return client.fast(day)", "return self.slow()", False),
        ("return fast(day)", "return None", False),
        ("return fast(day)", "return day", False),
        ("x = fast(day)", "y = slow(day)", False),
        ("return render(day)", "return Response(day, 500)", False),
        ("return frame(pd.DataFrame(day))", "return pd.DataFrame()", False),
        ("return frame(day)", "return frame(pd.DataFrame(), day)", False),
        ("return frame(day)", "return empty_frame(day)", False),
        ("return client.json(day)", "return client.text()", True),
        ("x = client.a(day)\ny = x.url(day)", "if extra:\n    x = client.b(day)", True),
        ("x = a(self.day)", "x = b(self.day)\nclient.send(x)", True),
        ("x = a(self.day)", "x = b(self.night)\nclient.send(x)", False),
        ("x = client.code()", "x = f'{client}'", True),
        ("x = client.a(day)", "try:\n    x = client.b(day)\nexcept OSError:\n    pass", True),
        ("return fast(day)", "return redirect_to(day)", False),
        ("client.load_first()\nclient.load_third()", "client.load_second()", False),
        ("client.load_first()", "extra.load_second()", False),
        ("client.load_first()\nreturn True", "client.load_second()\nreturn True", True),
        ("client.load_first()\nreturn day", "client.load_second()\nreturn day", False),
        ("client.load_first()", "client.close()", False),
    ],
)
def test_another_way_in_the_handler(body: str, handler: str, is_alternative: bool) -> None:
    assert is_expected(function(body, handler)) == is_alternative


@pytest.mark.parametrize(
    ("body", "after", "is_alternative"),
    [
        ("return fast(day)", "return slow(day)", True),
        ("return fast(day)", "try:\n    return slow(day)\nexcept OSError:\n    return None", True),
        ("return fast(day)", "return None", False),
        ("return fast(day)", "return slow(extra)", True),
        ("x = fast(day)", "return slow(day)", False),
        ("return fast(day)", "", False),
        ("x = client.a(day)", "if x is None:\n    x = client.b(day)", True),
        (
            "x = a(day)",
            "if x is None:\n    try:\n        x = b(day)\n    finally:\n        x",
            True,
        ),
        ("x = client.a(day)", "if y is None:\n    x = client.b(day)", False),
        ("x = client.a(day)", "if x is None:\n    y = client.b(day)", False),
        ("x = client.a(day)", "if x is None:\n    return client.b(day)", False),
        ("x = client.a(day)", "x = client.b(day)", False),
        ("return a(day)", "if day:\n    return b(day)", True),
        ("client.load_a()\nreturn True", "client.load_b()\nreturn False", True),
        ("client.load_a()", "client.load_b()", False),
        (
            "client.load_a()\nreturn True",
            "try:\n    client.load_b()\nexcept OSError:\n    pass",
            True,
        ),
        ("client.load_a()\nreturn True", "client.close()\nreturn False", False),
        ("return a(day)", "x = clone()\nreturn x, client", True),
        ("return a(day)", "x = clone()\nreturn x, None", False),
        ("return a(day)", "x = clone()\nreturn found(x)", True),
        ("return a(day)", "x = clone()\nreturn pd.DataFrame()", False),
        ("return a(day)", "x = clone()\nreturn client", False),
        ("return fast(day)", "log_it(day)\nreturn slow(day)", True),
    ],
)
def test_another_way_below(body: str, after: str, is_alternative: bool) -> None:
    assert is_expected(function(body, "pass", after)) == is_alternative


@pytest.mark.parametrize(
    ("body", "handler", "is_ordinary"),
    [
        ("client.close()", "pass", True),
        ("if client.is_open():\n    client.close()", "pass", True),
        ("client.cancel()\nclient.close()", "continue", True),
        ("assert_permissions(day)\nextra.append(day)", "pass", True),
        ("client.verify()\nextra.append(day)", "continue", True),
        ("extra.append(day)\nclient.verify()", "continue", False),
        ("client.validated()", "pass", False),
        ("client.verify()", "extra.failed = True", False),
        ("shutil.rmtree(str(day.absolute()))", "pass", True),
        ("client.send(day.close())", "pass", False),
        ("client.ping()\nreturn True, None", "return False, 'Docker is not running.'", True),
        ("client.ping()\nreturn True, None", "return False, 'down'", False),
        ("return client.ping()", "return make('Docker is not running.')", False),
        ("x = int(day)\nif x > 3:\n    client.send(x)", "pass", True),
        ("x = int(day)\nif extra > 3:\n    client.send(x)", "pass", False),
        ("x = int(day)\nclient.send(x)", "pass", False),
        ("int(day)\nclient.send(day)", "pass", True),
        ("os.remove(day)\nclient.send(day)", "pass", False),
        ("return client.find_safe(day)", "return None", True),
        ("return client.load(day, suppress_warning=True)", "return None", True),
        ("return client.load(day, suppress_warning=day)", "return None", False),
        ("return client.load(day, loud=True)", "return None", False),
        ("client.close()", "extra.failed = True", False),
        ("client.close()\nclient.load()", "pass", False),
        ("day = client.close()", "pass", False),
        ("return client.status == 'up'", "return False", True),
        ("return client.load()", "return False", False),
        ("client.load()\nreturn True", "return False", False),
        ("client.send()\nreturn client.status == 'up'", "return None", False),
        ("return parse(urn).name", "return urn", True),
        ("name = parse(urn).name", "name = urn", True),
        ("return clean(day)", "return day", False),
        ("return clean(day)", "return urn", False),
    ],
)
def test_what_the_body_and_the_handler_do(body: str, handler: str, is_ordinary: bool) -> None:
    text = function(body, handler)
    if handler == "continue":
        head, _, rest = text.partition("):\n")
        text = f"{head}):\n    for client in day:\n{textwrap.indent(rest, '    ')}"
    assert is_expected(text) == is_ordinary


@pytest.mark.parametrize(
    ("name", "is_asking"),
    [
        ("guess_day", True),
        ("get_optional", True),
        ("optionally", False),
        ("_detect", False),
        ("detect_day", True),
        ("load_or_none", True),
    ],
)
def test_functions_that_find_out(name: str, is_asking: bool) -> None:
    text = function("client.load(day)", "return None", name=name)
    assert is_expected(text) == is_asking


def test_the_reason_is_told() -> None:
    (found,) = check_text(
        function("return client.fast(day)", "return client.slow(day)"), ("excepts",)
    )
    texts = [render(fact.what) for fact in found.evidence.facts]
    assert "there is another way to get the same" in texts


@pytest.mark.parametrize(
    ("body", "handler", "after", "is_ordinary"),
    [
        ("view = client.get_view(day)", "pass", "if view is None:\n    return 404", True),
        ("view = client.get_view(day)", "view = None", "if not view:\n    raise KeyError", True),
        ("view = client.fetch_view(day)", "pass", "if view is None:\n    return 404", False),
        ("view = client.get_view(day)", "pass", "if view and extra:\n    send(view)", True),
        ("view = client.get_view(day)", "pass", "if view is not None:\n    send(view)", True),
        ("view = client.get_view(day)", "pass", "if extra and view:\n    send(view)", False),
        ("view = client.get_view(day)", "pass", "send(view)", False),
        ("view = client.get_view(day)", "pass", "if extra is None:\n    return 404", False),
        ("view = client.get_view(day)", "view = 0", "if view is None:\n    return 404", False),
        ("x = 1\nview = client.get_view(day)", "pass", "if view is None:\n    return 404", False),
    ],
)
def test_what_is_not_found_is_answered(
    body: str, handler: str, after: str, is_ordinary: bool
) -> None:
    assert is_expected(function(body, handler, after)) == is_ordinary


@pytest.mark.parametrize(
    ("test", "body", "handler", "is_ordinary"),
    [
        ("isinstance(urn, str)", "urn = parse(urn)", "pass", True),
        ("day and isinstance(urn, str)", "extra[0] = TABLE[day](urn[1:])", "pass", True),
        ("isinstance(urn, str)", "return parse(urn)", "return None", True),
        ("isinstance(urn, str)", "return parse(day)", "return None", False),
        ("isinstance(urn, bytes)", "return parse(urn)", "return None", False),
        ("isinstance(urn, str)", "x = parse(urn)\nsend(x)", "pass", False),
        ("isinstance(urn, str)", "send(urn)", "pass", False),
        ("isinstance(urn, str)", "urn = parse(urn)", "extra.lost += 1", False),
    ],
)
def test_a_text_is_converted(test: str, body: str, handler: str, is_ordinary: bool) -> None:
    head, _, rest = function(body, handler).partition("):\n")
    text = f"{head}):\n    if {test}:\n{textwrap.indent(rest, '    ')}"
    assert is_expected(text) == is_ordinary


@pytest.mark.parametrize(("name", "is_ordinary"), [("run", True), ("_build_rbac_callback", False)])
def test_what_may_fail_open_is_an_event(name: str, is_ordinary: bool) -> None:
    assert is_expected(function("return client.auth.kind", "return None", name=name)) == is_ordinary


def test_what_comes_next_is_outside_of_the_handler() -> None:
    inner = "raise_if(day)\ntry:\n    view = client.get_view(day)\nexcept Exception:\n    pass"
    text = function("view = client.fetch(day)", inner, "if view is None:\n    return 404")
    changed = apply_to_text(text, ("excepts",), {})
    assert "logger.warning(" in changed.partition("client.get_view(day)\n")[2]
