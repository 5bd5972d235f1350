"""`init`: the policy, the setting that names it, and policies for units of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qw_codemod.app.cli import cli
from qw_codemod.app.policy_setting import with_policy
from qw_codemod.engine.formatter import restyle
from qw_codemod.engine.linter import complaint

FETCH = "import {0}\n\n\ndef fetch(day):\n    return {0}.get(day, timeout=20).text\n"
SETTING = '[tool.qw-codemod.retries]\npolicy = "shared.http_retry:retry_api"\n'
Init = Callable[..., Result]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Init:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    def run(*policies: str, **files: str) -> Result:
        for name, text in files.items():
            folder = name.removesuffix("____init___py")
            path = tmp_path / folder.replace("__", "/").replace("_py", ".py").replace("_sh", ".sh")
            path = path if folder == name else path / "__init__.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        given = [word for policy in policies for word in ("--policy", policy)]
        done = CliRunner().invoke(cli, ["init", "retries", *given])
        assert done.exit_code == 0, done.output
        return done

    return run


def test_the_setting_is_shown_and_written(tmp_path: Path, init: Init) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = []\n')
    done = init("shared/http_retry.py", feed_py=FETCH.format("requests"))
    assert '+policy = "shared.http_retry:retry_api"' in done.output
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.endswith("\n\n" + SETTING)
    assert "Put this into" not in done.output


def test_a_project_without_a_pyproject_gets_one(tmp_path: Path, init: Init) -> None:
    init("shared/http_retry.py", feed_py=FETCH.format("requests"))
    assert (tmp_path / "pyproject.toml").read_text() == SETTING


def test_the_policy_knows_what_the_calls_use(tmp_path: Path, init: Init) -> None:
    post = FETCH.format("httpx").replace(".get(", ".post(")
    init("shared/http_retry.py", feed_py=FETCH.format("requests"), tool_py=post)
    text = (tmp_path / "shared/http_retry.py").read_text()
    assert "\nimport requests\n" in text and "import httpx" not in text


def test_several_libraries_need_not_all_be_there(tmp_path: Path, init: Init) -> None:
    files = {"a_py": FETCH.format("requests"), "b_py": FETCH.format("httpx")}
    init("shared/http_retry.py", **files)
    text = (tmp_path / "shared/http_retry.py").read_text()
    for name in ("requests", "httpx"):
        assert f"try:\n    import {name}\nexcept ImportError:" in text
    missing = "import sys\nsys.modules['httpx'] = None\n"
    names: dict[str, object] = {}
    exec(missing + text.replace("from __future__ import annotations\n", ""), names)
    del __import__("sys").modules["httpx"]
    errors = names["ERRORS"]
    assert isinstance(errors, tuple)
    assert any(each.__module__.startswith("requests") for each in errors)
    assert not any(each.__module__.startswith("httpx") for each in errors)


def test_a_unit_of_its_own_gets_a_policy_of_its_own(tmp_path: Path, init: Init) -> None:
    done = init(
        "shared/http_retry.py",
        feed_py=FETCH.format("requests"),
        f__main_py=FETCH.format("httpx"),
        deploy_sh="gcloud functions deploy f --source=f --timeout=540\n",
    )
    assert "f cannot import it: qw-codemod init retries --policy f/http_retry.py" in done.output
    assert "import httpx" not in (tmp_path / "shared/http_retry.py").read_text()
    done = init("f/http_retry.py")
    assert "import httpx" in (tmp_path / "f/http_retry.py").read_text()
    text = (tmp_path / "pyproject.toml").read_text()
    assert 'policy = ["shared.http_retry:retry_api", "http_retry:retry_api"]' in text
    done = CliRunner().invoke(cli, ["apply", "retries"])
    assert "from http_retry import" in (tmp_path / "f/main.py").read_text()
    assert "from shared.http_retry import" in (tmp_path / "feed.py").read_text()


def test_a_policy_that_nothing_can_import_declares_nothing(tmp_path: Path, init: Init) -> None:
    (tmp_path / "requirements.txt").write_text("requests\n")
    files = {"api__shared____init___py": "", "api__main_py": "from shared.a import fetch\n"}
    files["api__shared__a_py"] = FETCH.format("requests")
    done = init("shared/http_retry.py", **files)
    assert "shared/http_retry.py is not written: no place that would be" in done.output
    assert not (tmp_path / "shared").exists()
    assert (tmp_path / "requirements.txt").read_text() == "requests\n"


def test_another_library_for_retries_is_told(init: Init) -> None:
    stamina = "import stamina\n\n\n@stamina.retry(on=OSError)\ndef load(): ...\n"
    done = init("shared/http_retry.py", feed_py=FETCH.format("requests"), issues_py=stamina)
    assert "issues.py retries with stamina: written with that" in done.output


def test_no_copy_is_offered_that_another_unit_lacks(tmp_path: Path, init: Init) -> None:
    one = "gcloud functions deploy {0} --source={0} --timeout=540\n"
    done = init(
        "shared/http_retry.py",
        f__main_py="from feed import fetch\n",
        f__feed_py=FETCH.format("requests"),
        g__main_py="from feed import fetch\n",
        deploy_sh=one.format("f") + "cp f/feed.py g/\n" + one.format("g"),
    )
    assert "cannot import it: qw-codemod" not in done.output


def test_a_file_that_an_image_takes_alone_gets_none_beside_it(tmp_path: Path, init: Init) -> None:
    image = 'FROM python:3.12\nCOPY f/main.py /usr/local/bin/\nENTRYPOINT ["main.py"]\n'
    fetch = FETCH.format("requests")
    done = init("http_retry.py", feed_py=fetch, f__main_py=fetch, f__Dockerfile=image)
    assert "main.py/" not in done.output
    assert "cannot import it" not in done.output
    done = CliRunner().invoke(cli, ["apply", "retries"])
    assert "http_retry" in (tmp_path / "feed.py").read_text()
    assert "http_retry" not in (tmp_path / "f/main.py").read_text()


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (".style_yapf", "[style]\nbased_on_style = chromium\n", "\n  return "),
        ("ruff.toml", 'format.quote-style = "single"\n', "'Retry-After'"),
    ],
)
def test_the_policy_is_as_the_project_formats(
    tmp_path: Path, init: Init, name: str, text: str, line: str
) -> None:
    (tmp_path / name.replace("_yapf", ".yapf")).write_text(text)
    init("http_retry.py", feed_py=FETCH.format("requests"))
    path = tmp_path / "http_retry.py"
    before = path.read_bytes()
    assert restyle(str(path), b"", before).data == before
    assert line in before.decode()


def test_a_package_is_called_in_an_image_as_its_files_call_it(tmp_path: Path, init: Init) -> None:
    """`/env/feeds` is `feeds` there, though the image starts in `/`."""
    image = "FROM python:3.12\nCOPY feeds /env/feeds\nRUN pip install -e /env\n"
    files = {"feeds____init___py": "", "feeds__a_py": FETCH.format("requests")}
    init("feeds/http_retry.py", run_py="import feeds.a\n", w__Dockerfile=image, **files)
    assert 'policy = "feeds.http_retry:retry_api"' in (tmp_path / "pyproject.toml").read_text()


def test_one_command_writes_the_policies_of_all_units(tmp_path: Path, init: Init) -> None:
    one = "gcloud functions deploy {0} --source={0} --timeout=540\n"
    deploy = "".join(map(one.format, "fgh"))
    units = {f"{name}__main_py": FETCH.format("requests") for name in "fgh"}
    done = init("http_retry.py", feed_py=FETCH.format("httpx"), deploy_sh=deploy, **units)
    command = "qw-codemod init retries"
    for name in "fgh":
        assert f"{name} cannot import it: {command} --policy {name}/http_retry.py" in done.output
    own = [f"{name}/http_retry.py" for name in "fgh"]
    options = " ".join(f"--policy {policy}" for policy in own)
    assert f"All of these: {command} {options}\n" in done.output
    (tmp_path / "look.ipynb").write_text("{}")
    done = init(*own)
    assert "cannot import it" not in done.output
    assert done.output.count("notebooks are not examined: look.ipynb") == 1  # of three policies
    CliRunner().invoke(cli, ["apply", "retries"])
    for name in ("feed.py", "f/main.py", "g/main.py", "h/main.py"):
        assert "from http_retry import" in (tmp_path / name).read_text()


@pytest.mark.parametrize(
    ("policy", "files", "module"),
    [
        ("src/app/retry.py", {"src__app____init___py": ""}, "app.retry"),
        ("tools/retry.py", {"tools__x_py": "if __name__ == '__main__':\n    pass\n"}, "retry"),
        ("sql/a-b/retry.py", {"Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\n"}, "retry"),
        (
            "service/shared/retry.py",
            {"service__main_py": "", "d_sh": "gcloud run deploy s --source service\n"},
            "shared.retry",
        ),
    ],
)
def test_the_module_counts_from_the_root_of_its_unit(
    tmp_path: Path, init: Init, policy: str, files: dict[str, str], module: str
) -> None:
    init(policy, **files)
    assert f'policy = "{module}:retry_api"' in (tmp_path / "pyproject.toml").read_text()


def test_a_script_in_an_image_of_everything_has_the_policy_beside_it(
    tmp_path: Path, init: Init
) -> None:
    job = tmp_path / "sql/a-b/films"
    job.mkdir(parents=True)
    main = FETCH.format("requests") + '\n\nif __name__ == "__main__":\n    fetch(1)\n'
    (job / "query.py").write_text(main)
    done = init("sql/a-b/films/http_retry.py", Dockerfile="FROM python\nWORKDIR /app\nCOPY . .\n")
    assert "cannot import it" not in done.output
    CliRunner().invoke(cli, ["apply", "retries"])
    assert "from http_retry import" in (job / "query.py").read_text()


def test_the_name_is_the_one_that_the_places_can_import(tmp_path: Path, init: Init) -> None:
    job = tmp_path / "jobs/films"
    job.mkdir(parents=True)
    (job / "__init__.py").write_text("")
    (job / "README.md").write_text("    python main.py\n")
    main = "from store import keep\n" + FETCH.format("requests")
    (job / "main.py").write_text(main + '\n\nif __name__ == "__main__":\n    keep(fetch(1))\n')
    (job / "store.py").write_text("def keep(text):\n    print(text)\n")
    done = init("jobs/films/http_retry.py")
    assert '+policy = "http_retry:retry_api"' in done.output
    assert "cannot import it" not in done.output


def test_plugins_are_on_the_module_path_of_dags(tmp_path: Path, init: Init) -> None:
    dag = "from airflow import DAG\n" + FETCH.format("requests")
    done = init("airflow/plugins/tools/http_retry.py", airflow__dags__films_py=dag)
    assert '+policy = "tools.http_retry:retry_api"' in done.output
    assert "cannot import it" not in done.output


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[tool.qw-codemod.retries]\npolicy = "a:b"\n'),
        ("x = 1", 'x = 1\n\n[tool.qw-codemod.retries]\npolicy = "a:b"\n'),
        (
            "[tool.qw-codemod.retries]\ninclude_post = true # yes\n",
            '[tool.qw-codemod.retries]\ninclude_post = true # yes\npolicy = "a:b"\n',
        ),
        (
            '[tool.qw-codemod.retries]\npolicy = "c:d"\n',
            '[tool.qw-codemod.retries]\npolicy = ["c:d", "a:b"]\n',
        ),
        ('[tool.qw-codemod.retries]\npolicy = "a:b"\n',) * 2,
        ("not = [valid", None),
    ],
)
def test_the_setting_in_a_text(before: str, after: str | None) -> None:
    assert with_policy(before, "retries", "a:b") == after


def test_the_policy_knows_nothing_of_calls_that_are_left(tmp_path: Path, init: Init) -> None:
    more = (
        "import aiohttp\n\n\nasync def save(session: aiohttp.ClientSession, url, path):\n"
        "    async with session.get(url, timeout=5) as answer:\n"
        "        path.write(await answer.read())\n"
    )
    init("shared/http_retry.py", feed_py=FETCH.format("requests"), tool_py=more)
    text = (tmp_path / "shared/http_retry.py").read_text()
    assert "\nimport requests\n" in text and "aiohttp" not in text


def test_a_later_policy_is_for_the_units_that_none_serves_yet(tmp_path: Path, init: Init) -> None:
    deploy = "".join(f"gcloud functions deploy {name} --source={name}\n" for name in "fg")
    files = {f"{name}__main_py": FETCH.format("requests") for name in "fg"}
    init("f/http_retry.py", deploy_sh=deploy, app__x_py=FETCH.format("requests"), **files)
    done = init("g/http_retry.py")
    assert "f cannot import it" not in done.output


def test_of_several_policies_a_file_uses_that_of_the_package_that_it_imports(
    tmp_path: Path, init: Init
) -> None:
    """The folder at the top is found by an editable install alone."""
    tool = "import feeds\nimport requests\n\n\ndef main(url):\n"
    tool += "    return feeds.parsed(requests.get(url, timeout=20))\n"
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/__init__.py").write_text(FETCH.format("requests"))
    init(
        "shared/http_retry.py",
        "feeds/http_retry.py",
        tools__fix__fix_py=tool,
        shared__use_py=FETCH.format("requests"),
        run_py="import shared.use\n",
    )
    CliRunner().invoke(cli, ["apply", "retries"])
    assert "from feeds.http_retry import" in (tmp_path / "tools/fix/fix.py").read_text()
    assert "from shared.http_retry import" in (tmp_path / "shared/use.py").read_text()


def test_a_policy_among_dags_is_called_as_they_call_one_another(tmp_path: Path, init: Init) -> None:
    """The image has the folder above on its path as well, and what syncs the dags has not."""
    image = "FROM apache/airflow\nENV PYTHONPATH=/opt/airflow\nWORKDIR /opt/airflow\nCOPY . .\n"
    dag = "from airflow import DAG\nfrom tools.tags import TAG\n" + FETCH.format("requests")
    files = {"dags__films_py": dag, "dags__tools__tags_py": "TAG = 1\n"}
    done = init("dags/tools/http_retry.py", Dockerfile=image, **files)
    assert '+policy = "tools.http_retry:retry_api"' in done.output


@pytest.mark.parametrize(
    ("version", "kept"), [("py310", "timezone.utc"), ("py312", "# noqa: UP047")]
)
def test_the_policy_passes_the_linter_of_the_project(
    tmp_path: Path, init: Init, version: str, kept: str
) -> None:
    lint = 'lint.select = ["UP", "D", "I", "F", "E", "TC", "ICN", "COM", "EM", "SIM", "TRY"]\n'
    convention = 'lint.ignore = ["D103"]\nlint.pydocstyle.convention = "google"\n'
    settings = f'target-version = "{version}"\n{lint}{convention}'
    done = init("http_retry.py", feed_py=FETCH.format("urllib"), **{"ruff.toml": settings})
    text = (tmp_path / "http_retry.py").read_text()
    assert kept in text
    assert complaint(str(tmp_path / "http_retry.py"), text.encode()) == ""
    assert "ruff check" not in done.output


def test_what_the_linter_still_says_is_told(tmp_path: Path, init: Init) -> None:
    settings = {"ruff.toml": 'lint.select = ["INP001", "ANN401", "UP"]\n'}
    done = init("shared/http_retry.py", feed_py=FETCH.format("requests"), **settings)
    assert "shared/http_retry.py: ruff check still says ANN401, INP001\n" in done.output


def test_a_fix_leaves_no_import_behind(tmp_path: Path, init: Init) -> None:
    settings = {"ruff.toml": 'target-version = "py311"\nlint.select = ["UP"]\n'}
    init("http_retry.py", feed_py=FETCH.format("requests"), **settings)
    assert "from datetime import datetime, UTC\n" in (tmp_path / "http_retry.py").read_text()


def test_one_policy_for_all_packages_in_a_folder_that_is_on_the_path(
    tmp_path: Path, init: Init
) -> None:
    """Though the folder has an `__init__.py`: its modules import what lies in it by their names."""
    fetch = "from tidying import tidy\n" + FETCH.format("requests")
    texts = {"": "", "tidying.py": "def tidy(text):\n    return text\n", "az": fetch, "ca": fetch}
    for name, text in texts.items():
        path = tmp_path / "scrapers" / name
        path = path if path.suffix else path / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = init("shared/http_retry.py")
    command = "qw-codemod init retries --policy scrapers/http_retry.py"
    assert f"scrapers cannot import it: {command}\n" in done.output
    assert "cannot import it" not in init("scrapers/http_retry.py").output
    assert '"http_retry:retry_api"' in (tmp_path / "pyproject.toml").read_text()
    CliRunner().invoke(cli, ["apply", "retries"])
    for name in ("az", "ca"):
        text = (tmp_path / "scrapers" / name / "__init__.py").read_text()
        assert "from http_retry import" in text


def test_policies_are_offered_where_the_files_find_them(tmp_path: Path, init: Init) -> None:
    """One for a package, and for its parts no other; none where nothing shows how it is loaded."""
    fetch = FETCH.format("requests")
    done = init(
        "shared/http_retry.py",
        deploy_sh="gcloud functions deploy other --source=other --timeout=540\n",
        other__main_py="",
        app____init___py="",
        app__names_py="ALL = ()\n",
        app__a_py="from app.names import ALL\n" + fetch,
        app__b_py="from app.names import ALL\n" + fetch,
        app__part____init___py="",
        app__part__c_py="from .d import D\n" + fetch,
        app__part__d_py="D = 1\n",
        plugins____init___py="",
        plugins__e_py=fetch,
        away__f_py="from lib.words import WORDS\n" + fetch,
        lib____init___py="",
        lib__words_py="WORDS = ()\n",
    )
    assert "--policy app/http_retry.py --policy lib/http_retry.py\n" in done.output
    assert "shared/http_retry.py is not written" in done.output
    init("app/http_retry.py", "lib/http_retry.py")
    CliRunner().invoke(cli, ["apply", "retries"])
    for name, line in (
        ("app/a.py", "from app.http_retry import"),
        ("away/f.py", "from lib.http_retry import"),
    ):
        assert line in (tmp_path / name).read_text()
    for name in ("app/part/c.py", "plugins/e.py"):
        assert "http_retry" not in (tmp_path / name).read_text()


def test_what_is_unsafe_asks_for_no_policy(init: Init) -> None:
    unread = "import requests\n\n\ndef ping(url):\n    _ = requests.get(url, timeout=20)\n"
    done = init(
        "shared/http_retry.py",
        feed_py=FETCH.format("requests"),
        f__main_py=unread,
        deploy_sh="gcloud functions deploy f --source=f --timeout=540\n",
    )
    assert "cannot import it" not in done.output


def test_a_lock_is_said_once_by_init_and_then_by_apply(tmp_path: Path, init: Init) -> None:
    project = '[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.10"\n'
    (tmp_path / "pyproject.toml").write_text(project + 'dependencies = ["requests"]\n')
    row = '[[package]]\nname = "x"\nversion = "0"\nsource = { virtual = "." }\ndependencies = [\n'
    (tmp_path / "uv.lock").write_text(f'version = 1\n\n{row}    {{ name = "requests" }},\n]\n')
    done = init("shared/http_retry.py", feed_py=FETCH.format("requests"))
    assert done.output.count("uv.lock is stale now: uv lock") == 1
    for command in ("check", "apply"):
        words = [command, "retries"] if command == "apply" else [command]
        said = CliRunner().invoke(cli, words).output
        assert "1 after another command:" in said and "uv add tenacity" in said
    assert "retry" not in (tmp_path / "feed.py").read_text()
    text = (tmp_path / "uv.lock").read_text()
    more = '    { name = "requests" },\n    { name = "tenacity" },\n'
    (tmp_path / "uv.lock").write_text(text.replace('    { name = "requests" },\n', more))
    CliRunner().invoke(cli, ["apply", "retries"])
    assert "from shared.http_retry import" in (tmp_path / "feed.py").read_text()


def test_scripts_that_nothing_starts_get_no_copies(tmp_path: Path, init: Init) -> None:
    """One of them may have a policy beside it; for each of several folders it would be a copy."""
    script = FETCH.format("requests") + "\n\nif __name__ == '__main__':\n    fetch('monday')\n"
    files = {"sales__load_py": script, "news__load_py": script, "tax__load_py": script}
    done = init("shared/http_retry.py", **files, run_sh="python news/load.py\n")
    assert "--policy news/http_retry.py" in done.output
    said = "2 folders of them would get a copy each: name those that you want"
    assert f"{said}, as in --policy sales/http_retry.py" in done.output
    assert "cannot import it: qw-codemod init retries --policy sales" not in done.output
    named = init("tax/http_retry.py")  # whoever wants it has it
    assert (tmp_path / "tax/http_retry.py").exists()
    assert "sales/http_retry.py" in named.output  # of the other one is said no more than a copy


def test_a_script_uses_the_policy_of_the_package_that_it_imports(
    tmp_path: Path, init: Init
) -> None:
    script = FETCH.format("requests").replace("import requests", "import requests\n{}\n", 1)
    script += "\n\nif __name__ == '__main__':\n    fetch('monday')\n"
    done = init(
        "tools-of-ours/http_retry.py",
        Dockerfile='FROM python:3.12\nCOPY news news\nCMD ["python", "-m", "news.feed"]\n',
        news____init___py="",
        news__parts____init___py="",
        news__parts__days_py="DAY = 1\n",
        news__feed_py="from news.parts.days import DAY\n" + FETCH.format("requests"),
        models__load_py=script.format("\nfrom news.parts.days import DAY"),
    )
    assert "--policy news/http_retry.py" in done.output
    assert "models/http_retry.py" not in done.output
