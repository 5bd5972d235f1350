"""Which calls `retries` wraps, how the wrapped call is laid out, and what is left with a reason."""

from __future__ import annotations

import ast
import textwrap

import pytest

from qw_codemod.analysis.exception_flow import canonical, lineage
from qw_codemod.kernel.statements import render
from qw_codemod.libraries.http.exceptions import TRANSIENT
from qw_codemod.rules.packs import load
from qw_codemod.testkit import apply_to_files, check_files, check_text

SETTINGS = {"retries": {"policy": "http_retry:retry_api"}}


def after(text: str) -> str:
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    files = {"http_retry.py": policy(["requests"]), "feed.py": text}
    return apply_to_files(files, ("retries",), SETTINGS)["feed.py"]


def caution(body: str, name: str = "run") -> str:
    text = f"import requests\n\n\ndef {name}(base, host, port):\n{textwrap.indent(body, '    ')}\n"
    (found,) = check_text(text, ("retries",), SETTINGS)
    return render(found.reason)


@pytest.mark.parametrize(
    ("call", "wrapped"),
    [
        ("requests.get(url, timeout=5)", "retry_call(requests.get, url, timeout=5)"),
        (
            "requests.get(\n        url, timeout=5\n    )",
            "retry_call(\n        requests.get, url, timeout=5\n    )",
        ),
        (
            "requests.get(\n        url,\n        timeout=5,\n    )",
            "retry_call(\n        requests.get,\n        url,\n        timeout=5,\n    )",
        ),
        (
            "requests.get(\n        url\n    , timeout=5)",
            "retry_call(\n        requests.get, url\n    , timeout=5)",
        ),
        (
            "requests.get(\n        url, params={'day': '2026-01-01', 'zone': 'north-by-east'}, "
            "timeout=5\n    )",
            "retry_call(\n        requests.get,\n        url,\n"
            "        params={'day': '2026-01-01', 'zone': 'north-by-east'},\n"
            "        timeout=5,\n    )",
        ),
        (
            "requests.get(\n        url,\n        params=1, timeout=5)",
            "retry_call(\n        requests.get,\n        url,\n        params=1, timeout=5)",
        ),
        (  # a remark is made once
            "requests.get(  # the feed\n        url,\n        timeout=5,\n    )",
            "retry_call(  # the feed\n        requests.get,\n        url,\n"
            "        timeout=5,\n    )",
        ),
        (  # and what is said of an argument stays above it
            "requests.get(\n        # pyrefly: ignore [unbound-name]\n"
            "        url, timeout=5,\n    )",
            "retry_call(\n        requests.get,\n        # pyrefly: ignore [unbound-name]\n"
            "        url, timeout=5,\n    )",
        ),
        (
            "requests.get(\n        url, timeout=5  # type: ignore[arg-type]\n    )",
            "retry_call(\n        requests.get, url, timeout=5  # type: ignore[arg-type]\n    )",
        ),
        (
            "requests.get(\n        url, params={'day': '2026-01-01', 'zone': 'north'}, timeout=5,"
            "  # type: ignore\n    )",
            "retry_call(\n        requests.get,\n        url, params={'day': '2026-01-01', "
            "'zone': 'north'}, timeout=5,  # type: ignore\n    )",
        ),
        (
            "requests.get(url, timeout=5)  # type: ignore",
            "retry_call(requests.get, url, timeout=5)  # type: ignore",
        ),
    ],
    ids=[
        *("one line", "hugged", "one each", "odd", "hugged and full", "mixed", "remark"),
        *("above an argument", "behind a row", "behind a full row", "behind the call"),
    ],
)
def test_the_wrapped_call_is_laid_out_as_its_arguments_were(call: str, wrapped: str) -> None:
    text = "import requests\n\n\ndef run(url):\n    found = {}\n    return found.json()\n"
    assert after(text.format(call)) == "import requests\n\nfrom http_retry import retry_call\n" + (
        text.format(wrapped).removeprefix("import requests\n")
    )


@pytest.mark.parametrize(
    ("call", "is_left"),
    [
        ("found = requests.get(  # type: ignore[attr]\n        url, timeout=5\n    )", True),
        ("found = requests.get(  # noqa: S113\n        url, timeout=5\n    )", True),
        ("# pyrefly: ignore [missing]\n    found = requests.get(\n        url, timeout=5)", True),
        ("# pyrefly: ignore [missing-attribute]\n    found = requests.get(url, timeout=5)", False),
        ("# the feed\n    found = requests.get(\n        url, timeout=5\n    )", False),
        ("found = requests.get(url,  # type: ignore[arg-type]\n        timeout=5)", False),
    ],
)  # fmt: skip
def test_a_function_stays_in_the_line_that_a_tool_passes_over(call: str, is_left: bool) -> None:
    text = f"import requests\n\n\ndef run(url):\n    {call}\n    return found.json()\n"
    assert ("retry_call" not in after(text)) == is_left


SIBLINGS = (
    "import requests\n{}\n\ndef run(url):\n    return requests.get(url, timeout=5).json()\n\n\n"
    "if __name__ == '__main__':\n    print(run('https://days.example.com/'))\n"
)
IGNORED = "  # pyrefly: ignore [missing-import]"


@pytest.mark.parametrize(
    ("imports", "others", "line"),
    [
        ("from days import DAY" + IGNORED, "", IGNORED),
        ("# pyrefly: ignore [missing-import]\nfrom days import DAY", "",
         "# pyrefly: ignore [missing-import]\n"),
        ("import days  # type: ignore  # noqa: E402", "", "  # type: ignore  # noqa: E402"),
        ("from days import DAY  # pylint: disable=import-error  # ours", "",
         "  # pylint: disable=import-error"),
        ("from days import DAY  # noqa: F401", "", ""),
        ("from days import DAY  # pylint: disable=unused-import", "", ""),
        ("from days import DAY  # type: ignore[attr-defined]", "", ""),
        (f"from days import DAY{IGNORED}\nimport weeks", "", ""),
        ("import yaml" + IGNORED, "", ""),
        ("", "import weeks" + IGNORED, IGNORED),
        ("", f"import weeks{IGNORED}\nimport days", ""),
        ("import days", "import weeks" + IGNORED, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("folder", ["jobs/load", "jobs/other"])
def test_a_policy_is_imported_as_its_siblings_are(
    imports: str, others: str, line: str, folder: str
) -> None:
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    files = {
        "jobs/load/http_retry.py": policy(["requests"]),
        "jobs/load/days.py": "DAY = 1\n",
        "jobs/load/weeks.py": "",
        "jobs/load/feed.py": SIBLINGS.format(f"\n{imports}\n" if imports else ""),
        f"{folder}/days.py": "DAY = 1\n",
        f"{folder}/weeks.py": "",
        f"{folder}/more.py": f"{others}\n",
    }
    changed = apply_to_files(files, ("retries",), SETTINGS)["jobs/load/feed.py"]
    wanted = "from http_retry import retry_call"
    assert (line + wanted if line.endswith("\n") else f"{wanted}{line}\n") in changed
    if not imports or not line:
        assert changed.count("#") == imports.count("#") + line.count("#")


def test_the_files_of_its_folder_tell_more_of_a_policys_import_than_those_elsewhere() -> None:
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    files = {
        "jobs/load/http_retry.py": policy(["requests"]),
        "jobs/load/days.py": "",
        "jobs/load/feed.py": SIBLINGS.format(""),
        "jobs/load/more.py": f"import days{IGNORED}\n",
        "jobs/other/days.py": "",
        "jobs/other/more.py": "import days\n",
    }
    changed = apply_to_files(files, ("retries",), SETTINGS)["jobs/load/feed.py"]
    assert f"import retry_call{IGNORED}\n" in changed


@pytest.mark.parametrize(
    ("name", "body", "left"),
    [
        ("_switch", "return requests.get(base, timeout=5)", "may set something off"),
        ("turnOn", "return requests.get(base, timeout=5)", "may set something off"),
        ("run", "return requests.get(f'{base}?set={port}', timeout=5)", "may set something off"),
        ("run", "return requests.get(base + '/cmd/on', timeout=5)", "may set something off"),
        ("reset", "return requests.get(base, timeout=5)", "may set something off"),
        ("run", "return requests.get(f'{base}/{self._func}', timeout=5)", "may set something off"),
        ("run", "requests.get(base, timeout=5)", "may set something off"),  # nobody reads it
        ("run", "return requests.get(base, timeout=5)", ""),
        ("run", "return requests.get(base + '/datasets/', timeout=5)", ""),
        ("switches", "return requests.get(base, timeout=5)", ""),
        ("write_days", "return requests.get(base, timeout=5)", ""),
    ],
)
def test_a_get_that_commands_is_unsafe(name: str, body: str, left: str) -> None:
    assert left in caution(body, name)
    assert bool(caution(body, name)) == bool(left)


@pytest.mark.parametrize(
    ("body", "is_probe"),
    [
        ("return requests.get(f'http://{host}:{port}', timeout=3).status_code == 200", True),
        ("answer = requests.get(f'http://{host}:{port}/', timeout=3)\nreturn answer.ok", True),
        ("url = f'http://{host}:{port}'\nreturn requests.get(url, timeout=3).ok", True),
        ("url = f'http://{host}/days'\nreturn requests.get(url, timeout=3).ok", False),
        ("answer = requests.get(f'http://{host}', timeout=3)\nreturn answer.json()", False),
        ("return requests.get(f'http://{host}', timeout=3)", False),
        ("print('running the healthcheck')\nreturn requests.get(base, timeout=3).text", True),
    ],
)
def test_who_looks_at_the_status_alone_wants_to_know_now(body: str, is_probe: bool) -> None:
    assert ("health probe" in caution(body)) == is_probe


@pytest.mark.parametrize(
    ("body", "is_metadata"),
    [
        ("return requests.get('http://169.254.169.254/latest/meta-data/', timeout=2).text", True),
        ("return requests.get('http://169.254.170.2' + path, timeout=2).json()", True),
        ("return requests.get('http://[fd00:ec2::254]/latest/', timeout=2).text", True),
        ("url = 'http://metadata.google.internal/'\n"
         "return requests.get(url, timeout=2).text", True),
        ("return requests.get(f'http://{host}/computeMetadata/v1/{key}', timeout=2).text", True),
        ("flavor = {'Metadata-Flavor': 'Google'}\n"
         "return requests.get(base, headers=flavor, timeout=2).text", True),
        ("return requests.get('http://169.253.169.254/latest/', timeout=2).text", False),
        ("return requests.get('https://metadata.example.com/v1/', timeout=2).text", False),
        ("return requests.get(base + '/metadata/v1', timeout=2).json()", False),
    ],
)  # fmt: skip
def test_the_metadata_of_a_machine_is_not_there_outside_of_a_cloud(
    body: str, is_metadata: bool
) -> None:
    assert ("outside of a cloud" in caution(body)) == is_metadata


DEBUG = "try:\n    return requests.get(base, timeout=5).json()\nexcept {}:\n    {}\n    return None"


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("_ = requests.get(base, timeout=5)\nreturn True", "nobody reads the answer"),
        ("page = requests.get(base, timeout=5)\nreturn page", ""),
        (DEBUG.format("Exception", "logger.debug('no icon')"), "a failure is ordinary here"),
        (DEBUG.format("requests.RequestException", "log.debug('no icon')"), "is ordinary here"),
        (DEBUG.format("requests.Timeout", "log.debug('no icon')"), ""),  # the others go on
        (DEBUG.format("Exception", "log.debug('no icon')\n    raise"), ""),
        (DEBUG.format("Exception", "log.debug('no icon')\n    log.error('no icon')"), ""),
        (DEBUG.format("Exception", "print('no icon')\n    log.debug('no icon')"), ""),
        (DEBUG.format("Exception", "pass"), ""),
    ],
)
def test_what_may_fail_or_be_left_unread_is_not_worth_the_waits(body: str, left: str) -> None:
    assert left in caution(body)
    assert bool(caution(body)) == bool(left)


def test_the_second_try_of_a_call_is_not_tried_again() -> None:
    text = (
        "import requests\n\n\ndef run(url):\n"
        "    try:\n        return requests.get(url, timeout=5).json()\n"
        "    except ValueError:\n        return [requests.get(url, timeout=5).text]\n"
    )
    assert after(text).count("retry_call(") == 1
    assert "[requests.get(url, timeout=5).text]" in after(text)
    other = text.replace("[requests.get(url,", "[requests.get(f'{url}/plain',")
    assert after(other).count("retry_call(") == 2


OWN_SESSION = (
    "import requests\nfrom requests.adapters import HTTPAdapter\n\n\ndef patient_session():\n"
    "    session = requests.Session()\n"
    "    session.mount('https://', HTTPAdapter(max_retries=5))\n    return session\n"
)


@pytest.mark.parametrize(
    ("session", "user", "is_left"),
    [
        (OWN_SESSION, "from app.web import patient_session\n", True),
        (OWN_SESSION.replace("=5", "=0"), "from app.web import patient_session\n", False),
        (OWN_SESSION.replace("return session", "session.close()"), "import app.web\n", False),
        (OWN_SESSION, "", False),  # nobody uses it
    ],
)
def test_a_package_that_has_sessions_which_try_again(
    session: str, user: str, is_left: bool
) -> None:
    text = "import requests\n\n\ndef run(day):\n    return requests.get(day, timeout=5).text\n"
    files = {
        "app/__init__.py": "",
        "app/web.py": session,
        "app/other.py": user,
        "app/feed.py": text,
        "app/http_retry.py": OWN_POLICY,
    }
    settings = {"retries": {"policy": "app.http_retry:retry_call"}}
    changed = apply_to_files(files, ("retries",), settings)
    assert (changed["app/feed.py"] == text) == is_left


BY_STAMINA = "import stamina\n\n\n@stamina.retry(on=OSError, attempts=3)\ndef load(): ...\n"


@pytest.mark.parametrize(
    ("more", "policy", "is_left"),
    [
        ({"app/issues.py": BY_STAMINA}, "import tenacity\n", True),
        ({"app/issues.py": BY_STAMINA}, "import stamina\n", False),
        (
            {"app/issues.py": BY_STAMINA, "app/x.py": "import tenacity\n"},
            "import tenacity\n",
            False,
        ),
        ({"app/test_issues.py": BY_STAMINA}, "import tenacity\n", False),
        ({"app/issues.py": BY_STAMINA, "app/stamina.py": ""}, "import tenacity\n", False),
        ({"app/issues.py": BY_STAMINA}, "", False),
    ],
)
def test_a_program_that_retries_with_another_library(
    more: dict[str, str], policy: str, is_left: bool
) -> None:
    text = "import requests\n\n\ndef run(day):\n    return requests.get(day, timeout=5).text\n"
    files = {"app/http_retry.py": policy + OWN_POLICY, "app/feed.py": text, **more}
    settings = {"retries": {"policy": "http_retry:retry_call"}}
    changed = apply_to_files({**files, "app/main.py": "import feed\nimport issues\n"},
                             ("retries",), settings)  # fmt: skip
    assert (changed["app/feed.py"] == text) == is_left


OWN_POLICY = "def retry_call(function, /, *args, **kwargs):\n    return function(*args, **kwargs)\n"


@pytest.mark.parametrize(
    ("given", "is_left"),
    [
        ("'https://x'", False),
        ("f'{base}/days'", False),
        ("base + '/days'", False),
        ("request", True),
        ("urllib.request.Request(base)", True),
    ],
)
def test_a_request_object_is_used_up_by_sending_it(given: str, is_left: bool) -> None:
    """Unless the policy makes copies of it."""
    text = (
        "import urllib.request\n\n\ndef run(base):\n"
        "    request = urllib.request.Request(base, headers={'Authorization': 'x'})\n"
        f"    print(request)\n    return urllib.request.urlopen({given}, timeout=5).read()\n"
    )
    settings = {"retries": {"policy": "http_retry:retry_call"}}
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    for module, is_wrapped in ((OWN_POLICY, not is_left), (policy(["urllib"]), True)):
        files = {"http_retry.py": module, "feed.py": text}
        changed = apply_to_files(files, ("retries",), settings)
        assert ("retry_call(" in changed["feed.py"]) == is_wrapped


@pytest.mark.parametrize("library", TRANSIENT)
def test_the_policy_retries_what_passes_by_itself(library: str) -> None:
    """Where the check believes that a handler retries, the policy that is written would too."""
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    listed = policy([library]).partition("\nERRORS: ")[2].partition("\n)")[0]
    retried = {canonical(each.strip(" ,")) for each in listed.splitlines()}
    assert all(retried & {*lineage(error)} for error in TRANSIENT[library])


@pytest.mark.parametrize(
    ("double", "reason"),
    [
        (
            "side_effect = [requests.Timeout('slow')]",
            "a test has `get()` fail, which would be tried again (test_prices.py:7)",
        ),
        (
            "return_value.status_code = 503",
            "a test has `get()` fail with 503, which would be tried again (test_prices.py:7)",
        ),
        ("return_value.status_code = 404", ""),
    ],
)
def test_a_call_that_fails_in_a_test_is_unsafe(double: str, reason: str) -> None:
    test = f"""
        from unittest import mock
        import requests
        import prices
        @mock.patch("prices.requests.get")
        def test_price(get):
            get.{double}
            prices.price("a")
            get.assert_called_once_with("a", timeout=5)
        """
    code = "import requests\n\ndef price(url):\n    return requests.get(url, timeout=5).json()\n"
    files = {"prices.py": code, "tests/test_prices.py": textwrap.dedent(test)}
    (found,) = check_files(files, ("retries",), SETTINGS)["prices.py"]
    assert found.safety == ("unsafe" if reason else "safe")
    assert (render(found.reason) if found.reason else "") == reason


SEARCH = """\
import requests

SERVICE = "https://example.org"
PATHS = {{"search": "/search", "pay": "/pay"}}


class Client:
    path = "/search/days"

    def {name}(self, text):
        url = {url}
        answer = requests.post(url, json={{"text": text}}, timeout=10)
        print(answer)
        return answer.json()
"""


@pytest.mark.parametrize(
    ("url", "name", "is_included"),
    [
        ("'https://example.org/search'", "ask", True),
        ("f'{SERVICE}/search/{text}'", "ask", True),
        ("SERVICE + PATHS['search']", "ask", True),
        ("SERVICE + PATHS['pay']", "ask", False),
        ("SERVICE + self.path", "ask", True),
        ("urljoin(SERVICE, self.path)", "ask", True),
        ("'{}/search'.format(SERVICE)", "ask", True),
        ("f'{SERVICE}/days'", "ask", False),
        ("f'{SERVICE}/search'", "pay_ping", True),  # what is named outweighs what is guessed
    ],
)
def test_include_follows_the_url(url: str, name: str, is_included: bool) -> None:
    settings = {"retries": {**SETTINGS["retries"], "include": "/search"}}
    found = check_text(SEARCH.format(url=url, name=name), ("retries",), settings)
    assert [render(each.reason) for each in found if not each.hidden] == [""] * is_included


@pytest.mark.parametrize(
    ("name", "url", "left"),
    [
        ("search", "f'{SERVICE}/search'", ""),
        ("notify", "f'{SERVICE}/alerts'", ""),  # all was asked for
        ("payload", "f'{SERVICE}/payload'", ""),
        ("pay", "f'{SERVICE}/days'", "a POST that looks like `pay` is not safe to repeat"),
        ("ask", "f'{SERVICE}/refunds'", "a POST that looks like `refunds` is not safe to repeat"),
    ],
)
def test_all_posts_are_asked_for_but_what_costs_money(name: str, url: str, left: str) -> None:
    settings = {"retries": {**SETTINGS["retries"], "include_post": True}}
    (found,) = check_text(SEARCH.format(url=url, name=name), ("retries",), settings)
    assert render(found.reason) == left


@pytest.mark.parametrize(
    ("name", "is_probe"),
    [("ping_server", True), ("health_probe", True), ("fetch_probe_definitions", False)],
)
def test_what_is_fetched_may_be_called_a_probe(name: str, is_probe: bool) -> None:
    assert ("health probe" in caution("return requests.get(base, timeout=3)", name)) == is_probe


@pytest.mark.parametrize(
    ("path", "is_left"),
    [("feed_ping.py", True), ("healthcheck.py", True), ("shipping.py", False)],
)
def test_a_script_by_the_name_of_a_probe(path: str, is_left: bool) -> None:
    text = "import requests\n\n\ndef main(url):\n    answer = requests.get(url, timeout=5)\n"
    text += "    print(url)\n    return 2 if answer.status_code == 401 else answer.text\n"
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    files = {"http_retry.py": policy(["requests"]), path: text}
    assert (apply_to_files(files, ("retries",), SETTINGS)[path] == text) == is_left


def evaluated(tree: ast.Module) -> list[ast.expr]:
    """The annotations that are evaluated when a module is loaded: there is no `__future__`."""
    assert not any(getattr(each, "module", "") == "__future__" for each in ast.walk(tree))
    nodes = [*ast.walk(tree)]
    annotations = [each.annotation for each in nodes if isinstance(each, (ast.arg, ast.AnnAssign))]
    annotations += [each.returns for each in nodes if isinstance(each, ast.FunctionDef)]
    return [each for each in annotations if each is not None]


@pytest.mark.parametrize(
    "libraries", [["requests"], ["urllib"], ["aiohttp", "httpx", "requests", "urllib"]]
)
def test_the_policy_passes_the_checks_of_others(libraries: list[str]) -> None:
    """All that it defines has types, and no line is longer than black would leave it."""
    policy = load().codemods()["QW301"].policy
    assert policy is not None
    text = policy(libraries)
    assert max(map(len, text.splitlines())) <= 88
    # Python 3.6 as well, which functions are still deployed with: what is later is in quotes.
    # [run: Python 3.6.15 with tenacity 8.2.2, and 3.7.16 with 8.2.3]
    tree = ast.parse(text, feature_version=(3, 6))
    assert not any(isinstance(each, ast.Subscript) for each in evaluated(tree)), "no tuple[...]"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, node.args.vararg, node.args.kwarg]
            assert node.returns is not None, node.name
            assert all(each.annotation is not None for each in given if each), node.name


@pytest.mark.parametrize(
    ("errors", "is_left"),
    [
        ("ERRORS = (\n    requests.Timeout,\n)", True),
        ("ERRORS: tuple[type[BaseException], ...] = (\n    requests.Timeout,\n)", True),
        ("ERRORS_OF_HTTP = load_errors()", False),
        ("ERRORS = tuple(load_errors())", False),
    ],
)
def test_a_policy_of_ours_says_which_libraries_it_knows(errors: str, is_left: bool) -> None:
    module = f"import requests\n\n{errors}\n\n\n{OWN_POLICY}"
    text = "import httpx\n\n\ndef run(url):\n    return httpx.get(url, timeout=5).json()\n"
    settings = {"retries": {"policy": "http_retry:retry_call"}}
    changed = apply_to_files({"http_retry.py": module, "feed.py": text}, ("retries",), settings)
    assert ("retry_call(" in changed["feed.py"]) != is_left
