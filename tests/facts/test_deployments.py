"""What scripts, workflows, Dockerfiles and Terraform tell of deployments."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from qw_codemod.facts.deployments import Deployments, deployments
from qw_codemod.facts.deployments.values import seconds_of
from qw_codemod.languages.shell import commands

PYTHON = (
    *("functions/refresh/main.py", "functions/refresh/parse.py", "functions/export/main.py"),
    *("shared/__init__.py", "shared/clock.py", "tools/run.py", "app/__main__.py", "app/web.py"),
)


def told_by(root: Path, files: dict[str, str]) -> Deployments:
    python = sorted(f"{root}/{name}" for name in PYTHON)
    texts = {f"{root}/{name}": text.encode() for name, text in files.items()}
    return deployments(str(root), python, sorted(texts), texts.__getitem__)


DEPLOY = "gcloud functions deploy refresh --entry-point=go {}--timeout=120s"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deploy.sh", DEPLOY.format("--source=functions/refresh ")),
        ("deploy.sh", DEPLOY.format("\\\n  --source functions/refresh \\\n  ")),
        ("deploy.sh", "F=functions\n" + DEPLOY.format('--source="${F}/refresh" ')),
        ("deploy.sh", "cd functions/refresh && " + DEPLOY.format("")),
        ("ops/deploy.sh", 'cd "$(dirname "$0")/../functions/refresh"\n' + DEPLOY.format("")),
        ("functions/refresh/deploy.sh", DEPLOY.format("--source=. ")),
        (
            "ops/deploy.sh",
            'cd "$(git rev-parse --show-toplevel)"\n'
            + DEPLOY.format("--source functions/refresh "),
        ),
        ("Makefile", "F := functions/refresh\ndeploy:\n\t@" + DEPLOY.format("--source=$(F) ")),
        (
            ".github/workflows/deploy.yml",
            "jobs:\n  x:\n    steps:\n      - name: deploy\n        run: |\n          "
            + DEPLOY.format("--source=functions/refresh "),
        ),
        (
            ".github/workflows/deploy.yml",
            "steps:\n  - name: deploy\n    working-directory: functions/refresh\n    run: "
            + DEPLOY.format(""),
        ),
        (
            ".github/workflows/deploy.yml",
            "steps:\n  - uses: google-github-actions/deploy-cloud-functions@v3\n    with:\n"
            "      name: refresh\n      source_dir: functions/refresh\n      timeout: 120s\n",
        ),
        (
            "cloudbuild.yaml",
            "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args:\n  - functions\n  - deploy\n"
            "  - refresh\n  - --source=functions/refresh\n  - --timeout=120s\n",
        ),
        (
            "cloudbuild.yaml",
            "steps:\n- name: gcr.io/cloud-builders/gcloud\n"
            "  args: ['functions', 'deploy', 'refresh', '--source=functions/refresh',"
            " '--timeout=120s']\n",
        ),
        (
            "infra/main.tf",
            'data "archive_file" "refresh" {\n'
            '  source_dir = "${path.module}/../functions/refresh"\n}\n'
            'resource "google_cloudfunctions2_function" "refresh" {\n  name = "refresh"\n'
            "  service_config {\n    timeout_seconds = 120\n  }\n}\n",
        ),
        (
            "infra/main.tf",
            'locals {\n  code = "${path.module}/../functions/refresh"\n}\n'
            'data "archive_file" "x" {\n  source_dir = local.code\n}\n'
            'resource "google_cloudfunctions_function" "y" {\n  timeout = 120\n}\n',
        ),
    ],
)
def test_a_folder_is_deployed_alone(tmp_path: Path, name: str, text: str) -> None:
    (unit,) = told_by(tmp_path, {name: text}).units
    assert unit.copies == ((f"{tmp_path}/functions/refresh", "/"),)
    assert unit.entries == (f"{tmp_path}/functions/refresh/main.py",)
    assert f"{tmp_path}/functions/refresh/requirements.txt" in unit.installs
    assert unit.seconds == 120
    assert unit.places(f"{tmp_path}/functions/refresh/parse.py") == ["/parse.py"]
    assert not unit.places(f"{tmp_path}/shared/clock.py")


@pytest.mark.parametrize(
    "text",
    [
        "b=$(mktemp -d)\ncp -r functions/export/. shared $b\n{}$b",
        "mkdir -p build\ncp -r functions/export/* build/\ncp -r shared build/shared\n{}build",
        "rsync -a functions/export/ build/\nrsync -a shared build/\n{}build",
        "cp -r functions/export /tmp/b\ncp -r shared /tmp/b/\n{}/tmp/b",
        "cp -r shared functions/export/\n{}functions/export",
    ],
)
def test_what_is_copied_beside_is_in_the_unit(tmp_path: Path, text: str) -> None:
    script = text.format("gcloud functions deploy export --source=")
    (unit,) = told_by(tmp_path, {"deploy.sh": script}).units
    assert unit.places(f"{tmp_path}/functions/export/main.py") == ["/main.py"]
    assert unit.places(f"{tmp_path}/shared/clock.py") == ["/shared/clock.py"]
    assert unit.entries == (f"{tmp_path}/functions/export/main.py",)


def test_a_zip_is_what_is_put_into_it(tmp_path: Path) -> None:
    text = "(cd functions/refresh && zip -qr ../../x.zip .)\nzip -r y.zip tools shared -x '*.pyc'\n"
    first, second = told_by(tmp_path, {"pack.sh": text}).units
    assert first.places(f"{tmp_path}/functions/refresh/main.py") == ["/main.py"]
    assert second.places(f"{tmp_path}/tools/run.py") == ["/tools/run.py"]
    assert not second.places(f"{tmp_path}/functions/refresh/main.py")


DOCKERFILE = """\
FROM python:3.11-slim AS build
WORKDIR /app
# COPY nothing here
COPY shared/requirements.txt /tmp/
RUN pip install -r /tmp/requirements.txt \\
    # and one by name
    && pip install "gunicorn==22" loguru
COPY shared ./shared
{}
"""


@pytest.mark.parametrize("path", ["Dockerfile", "docker/Dockerfile.app", "app/Dockerfile"])
@pytest.mark.parametrize(
    ("rest", "root", "entry"),
    [
        ('COPY app ./app\nCMD ["python", "-m", "app"]', "/app", "app/__main__.py"),
        ("COPY app /app/app\nCMD exec gunicorn --bind :80 app.web:app", "/app", "app/web.py"),
        ("COPY tools tools\nENTRYPOINT python tools/run.py", "/app/tools", "tools/run.py"),
        ('COPY tools/run.py .\nCMD ["python", "run.py"]', "/app", "tools/run.py"),
        ('COPY tools/*.py ./\nCMD ["python", "run.py"]', "/app", "tools/run.py"),
        (
            "COPY app app\nFROM python:3.11\nCOPY --from=build /app /srv\nWORKDIR /srv\n"
            'CMD ["python", "-m", "app"]',
            "/srv",
            "app/__main__.py",
        ),
    ],
)
def test_an_image(tmp_path: Path, path: str, rest: str, root: str, entry: str) -> None:
    files = {path: DOCKERFILE.format(rest), "shared/requirements.txt": ""}
    (unit,) = told_by(tmp_path, files).units
    assert unit.roots == (root,)
    assert unit.entries == (f"{tmp_path}/{entry}",)
    assert unit.installs == (f"{tmp_path}/shared/requirements.txt",)
    assert {"gunicorn", "loguru"} <= {*unit.packages}
    assert unit.places(f"{tmp_path}/shared/clock.py")


def test_an_image_installs_from_a_folder_that_holds_no_python(tmp_path: Path) -> None:
    image = (
        "FROM python:3.12\nWORKDIR /app\nCOPY requirements/ /app/requirements/\nCOPY app app\n"
        "RUN apt-get update && pip install --no-deps -r requirements/common.txt\n"
    )
    files = {"Dockerfile": image, "requirements/common.txt": ""}
    (unit,) = told_by(tmp_path, files).units
    assert unit.installs == (f"{tmp_path}/requirements/common.txt",)


@pytest.mark.parametrize("run", ["RUN <<EOF", "RUN --mount=type=cache,target=/c <<-'EOF'"])
def test_an_image_runs_a_here_document(tmp_path: Path, run: str) -> None:
    said = (
        '  # the groups\n  for group in $(echo $GROUPS); do\n    if [ -n "$group" ]; then\n'
        '      flags="$flags --group $group"\n    fi\n  done\n  uv sync $flags\n'
    )
    image = f"FROM python:3.12\nWORKDIR /app\nCOPY . .\n{run}\n{said}EOF\nCMD python -m app\n"
    (unit,) = told_by(tmp_path, {"Dockerfile": image, "pyproject.toml": ""}).units
    assert unit.installs == (f"{tmp_path}/pyproject.toml",)
    assert unit.entries == (f"{tmp_path}/app/__main__.py",)
    assert unit.line == image.count("\n")


def test_an_image_takes_the_files_that_are_called_alike(tmp_path: Path) -> None:
    files = {"app/Dockerfile": "FROM python:3.12\nWORKDIR /srv\nCOPY app/w*.py lib/\n"}
    (unit,) = told_by(tmp_path, files).units
    assert unit.places(f"{tmp_path}/app/web.py") == ["/srv/lib/web.py"]
    assert unit.places(f"{tmp_path}/app/waits.py") == ["/srv/lib/waits.py"]  # not there yet
    assert not unit.places(f"{tmp_path}/app/__main__.py")
    assert not unit.places(f"{tmp_path}/app/web/web.py")
    assert unit.source_of(f"{tmp_path}/app/web.py") == f"{tmp_path}/app"
    assert unit.sources("/srv/lib/web.py") == [f"{tmp_path}/app/web.py"]


@pytest.mark.parametrize(
    ("run", "packages", "files"),
    [
        ("sudo env A=1 pip install loguru", ["loguru"], []),
        ("if true; then pip install loguru; fi", ["loguru"], []),
        ('if [ "$dev" = "y" ]; then pip install -r dev.txt; fi', [], []),
        (
            "if [ $dev = y ]; then pip install -r dev.txt; else pip install loguru; fi",
            ["loguru"],
            [],
        ),
        ('if [ "${dev}" != y ]; then pip install -r dev.txt; fi', [], ["dev.txt"]),
        ("if [ -f dev.txt ]; then pip install -r dev.txt; fi", [], ["dev.txt"]),
        ('if [ "$unknown" = y ]; then pip install -r dev.txt; fi', [], ["dev.txt"]),
        ("if [ $dev = y ]; then pip install x; fi && pip install -r dev.txt", [], ["dev.txt"]),
        ("if [ $dev = y ]; then if a; then b; fi; pip install x; fi", [], []),
    ],
)
def test_an_image_installs_what_its_conditions_let_it(
    tmp_path: Path, run: str, packages: list[str], files: list[str]
) -> None:
    text = f"FROM python\nARG dev=n\nCOPY dev.txt ./\nCOPY app app\nRUN {run}\nCMD python -m app\n"
    (unit,) = told_by(tmp_path, {"Dockerfile": text, "dev.txt": ""}).units
    assert [*unit.packages] == packages
    assert [*unit.installs] == [f"{tmp_path}/{each}" for each in files]


def test_a_service_is_the_image_of_its_folder(tmp_path: Path) -> None:
    files = {
        "Dockerfile": "FROM python\nWORKDIR /a\nCOPY app app\nCMD python -m app\n",
        "deploy.sh": "gcloud run deploy web --source . --timeout 2m\n",
    }
    service = next(unit for unit in told_by(tmp_path, files).units if unit.name == "web")
    assert (service.seconds, service.roots) == (120, ("/a",))
    files["deploy.sh"] = "gcloud run deploy web --image=x --timeout 2m\n"
    (image,) = told_by(tmp_path, files).units
    assert image.seconds == 120


@pytest.mark.parametrize(
    ("name", "text", "root", "by_path"),
    [
        ("run.sh", "python tools/run.py --day 1", "tools", True),
        ("run.sh", "python3 -u -m tools.run", "", False),
        ("README.md", "Run it:\n\n    $ python tools/run.py 2024-01-01\n", "tools", True),
        ("README.md", "Run it with `uv run python tools/run.py`.", "tools", True),
        ("crontab.sh", "cd tools\npython run.py", "tools", True),
        ("ci.yml", "test:\n  script:\n    - python tools/run.py\n", "tools", True),
        ("Procfile", "worker: python tools/run.py\n", "tools", True),
        ("tools/run.sh", "python run.py", "tools", True),
    ],
)
def test_a_script_is_started(
    tmp_path: Path, name: str, text: str, root: str, by_path: bool
) -> None:
    (start,) = told_by(tmp_path, {name: text}).starts
    assert start.file == f"{tmp_path}/tools/run.py"
    assert (start.roots, start.is_by_path) == ((f"{tmp_path}/{root}".rstrip("/"),), by_path)


@pytest.mark.parametrize(
    "text",
    [
        "echo gcloud functions are nice",
        "gcloud functions deploy x --source=gs://bucket/x.zip",
        "gcloud run deploy x --image=x",
        "python setup.py sdist",
        "# gcloud functions deploy x --source=functions/refresh",
        "gcloud functions deploy x --source=nowhere",
        "python missing.py",
    ],
)
def test_what_tells_nothing(tmp_path: Path, text: str) -> None:
    found = told_by(tmp_path, {"x.sh": text})
    assert not found.units and not found.starts


def test_subscriptions_have_deadlines(tmp_path: Path) -> None:
    files = {
        "a.sh": "gcloud pubsub subscriptions create orders --topic=o --ack-deadline=60",
        "b.tf": 'resource "google_pubsub_subscription" "x" {\n  name = "games"\n'
        "  ack_deadline_seconds = 20\n}\n",
    }
    found = told_by(tmp_path, files).deadlines
    assert [(each.name, each.seconds) for each in found] == [("orders", 60), ("games", 20)]


SAM = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
{shared}Resources:
  # the night's run
  Refresh:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/refresh/
      Handler: main.handler
{own}      Events:
        Nightly:
          Type: Schedule
          Properties: {{Schedule: rate(1 day), Timeout: 7}}
  Table:
    Type: AWS::DynamoDB::Table
"""
SERVERLESS = """\
service: films
provider:
  name: aws
  runtime: python3.12
{shared}functions:
  refresh:
    handler: functions/refresh/main.handler
{own}    events:
      - schedule: rate(1 day)
"""
ARCHIVE = """\
data "archive_file" "refresh" {{
  type       = "zip"
  source_dir = "functions/refresh"
}}
resource "aws_lambda_permission" "x" {{
  function_name = "refresh"
}}
resource "aws_lambda_function" "refresh" {{
  handler = "main.handler"
{own}}}
resource "aws_lambda_function_url" "x" {{
  function_name = "refresh"
}}
"""

OF_GOOGLE = """\
data "archive_file" "refresh" {{
  source_dir = "functions/refresh"
}}
resource "google_cloudfunctions2_function" "refresh" {{
  name = "refresh"
  service_config {{
{own}  }}
}}
"""


PYTHON_LAMBDA = (
    "function_name: refresh\nhandler: service.handler\nruntime: python3.6\n{}"
    "build:\n  source_directories: lib, helpers # what is packed\n"
)


@pytest.mark.parametrize(
    ("limit", "seconds", "line"), [("timeout: 60\n", 60, 4), ("", 15, 1), ("timeout:\n", 15, 4)]
)
def test_functions_of_python_lambda(tmp_path: Path, limit: str, seconds: float, line: int) -> None:
    folder = f"{tmp_path}/functions/refresh"
    inside = ("service.py", "lib/feed.py", "tests/test_feed.py")
    python = [f"{folder}/{each}" for each in inside]
    texts = {f"{folder}/config.yaml": PYTHON_LAMBDA.format(limit).encode()}
    (unit,) = deployments(str(tmp_path), python, sorted(texts), texts.__getitem__).units
    assert (unit.name, unit.seconds, unit.line) == ("refresh", seconds, line)
    assert unit.entries == (python[0],)
    places = [unit.places(each) for each in python]
    assert places == [["/service.py"], ["/lib/feed.py"], []]  # tests are not packed


@pytest.mark.parametrize(
    ("name", "text", "seconds"),
    [
        ("template.yaml", SAM.format(shared="", own="      Timeout: 60\n"), 60),
        ("template.yaml", SAM.format(shared="", own="      Timeout: 60  # seconds\n"), 60),
        ("template.yaml", SAM.format(shared="", own=""), 3),
        ("template.yaml", SAM.format(shared="", own="      Timeout: !Ref Limit\n"), None),
        (
            "template.yaml",
            SAM.format(shared="Globals:\n  Function:\n    Timeout: 30\n", own=""),
            30,
        ),
        ("template.yaml", SAM.format(shared="Globals:\n  Function: {Timeout: 30}\n", own=""), 30),
        ("serverless.yml", SERVERLESS.format(shared="", own=""), 6),
        ("serverless.yml", SERVERLESS.format(shared="  timeout: 20\n", own=""), 20),
        (
            "serverless.yml",
            SERVERLESS.format(shared="  timeout: 20\n", own="    timeout: 25\n"),
            25,
        ),
        ("lambda.tf", ARCHIVE.format(own="  timeout = 45\n"), 45),
        ("lambda.tf", ARCHIVE.format(own=""), 3),
        ("lambda.tf", ARCHIVE.format(own="  timeout = var.limit\n"), None),
        ("google.tf", OF_GOOGLE.format(own="    timeout_seconds = 45\n"), 45),
        ("google.tf", OF_GOOGLE.format(own=""), 60),
        ("google.tf", OF_GOOGLE.format(own="    timeout_seconds = var.limit\n"), None),
    ],
)
def test_functions_of_clouds(tmp_path: Path, name: str, text: str, seconds: float | None) -> None:
    (unit,) = told_by(tmp_path, {name: text}).units
    assert unit.seconds == seconds
    assert unit.entries == (f"{tmp_path}/functions/refresh/main.py",)
    main = f"{tmp_path}/functions/refresh/main.py"
    assert unit.places(main)[-1].endswith("/main.py")


def test_functions_of_azure(tmp_path: Path) -> None:
    host = '{"version": "2.0",\n "functionTimeout": "00:05:00"}'
    python = [f"{tmp_path}/api/function_app.py", f"{tmp_path}/api/parse.py"]
    texts = {f"{tmp_path}/api/host.json": host.encode()}
    (unit,) = deployments(str(tmp_path), python, sorted(texts), texts.__getitem__).units
    assert (unit.seconds, unit.line, unit.entries) == (300, 2, (python[0],))


JOB_OF_KUBERNETES = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: x}}
---
apiVersion: batch/v1
kind: {kind}
metadata:
  name: run
spec:
{spec}
"""
POD = """\
template:
  spec:
    containers:
      - name: run
        image: eu.gcr.io/shop/run:1.2
        command: ["python", "-m", "tools.run"]
        livenessProbe:
          timeoutSeconds: 5
"""


@pytest.mark.parametrize(
    ("text", "seconds", "line"),
    [
        (
            JOB_OF_KUBERNETES.format(
                kind="Job", spec="  activeDeadlineSeconds: 90\n" + indent(POD, "  ")
            ),
            90,
            10,
        ),
        (
            JOB_OF_KUBERNETES.format(
                kind="CronJob",
                spec="  jobTemplate:\n    spec:\n      activeDeadlineSeconds: 90\n"
                + indent(POD, "      "),
            ),
            90,
            12,
        ),
        (JOB_OF_KUBERNETES.format(kind="Job", spec=indent(POD, "  ")), None, 0),
        (
            JOB_OF_KUBERNETES.replace("batch/v1", "run.googleapis.com/v1").format(
                kind="Job",
                spec="  template:\n    spec:\n" + indent(POD, "      ")
                + "\n          timeoutSeconds: 90\n",
            ),
            90,
            21,
        ),
    ],
)  # fmt: skip
def test_jobs_have_deadlines(tmp_path: Path, text: str, seconds: float | None, line: int) -> None:
    found = told_by(tmp_path, {"ops/job.yaml": text})
    (start,) = found.starts
    assert (start.file, start.seconds) == (f"{tmp_path}/tools/run.py", seconds)
    assert start.stopped_at == line


def test_a_service_of_cloud_run_has_a_deadline(tmp_path: Path) -> None:
    service = (
        "apiVersion: serving.knative.dev/v1\nkind: Service\nspec:\n  template:\n    spec:\n"
        "      timeoutSeconds: 120\n      containers:\n      - image: gcr.io/x/app@sha256:1\n"
    )
    image = "FROM python\nWORKDIR /srv\nCOPY . .\nCMD gunicorn app.web:app\n"
    files = {"service.yaml": service, "Dockerfile": image, "tools/Dockerfile": image}
    units = told_by(tmp_path, files).units
    assert [(each.name, each.seconds) for each in units if each.name == "."] == [(".", 120)]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("2m", 120), ("1h30m", 5400), ("x", None)]
)
def test_durations(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_the_words_of_commands() -> None:
    text = "a 'b c' \"d $e\" \\\n  f # g\nh=$(i j) && k > /dev/null 2>&1 || (l; m)\n"
    found = [(each.line, each.words) for each in commands(text)]
    assert found == [
        (1, ("a", "b c", "d $e", "f")),
        (3, ("h=$(i j)",)),
        (3, ("k",)),
        (3, ("(",)),
        (3, ("l",)),
        (3, ("m",)),
        (3, (")",)),
    ]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"ops/build.sh": "docker build -t app -f ops/images/Dockerfile .\n"},
        {"Makefile": "image:\n\tdocker buildx build --file=ops/images/Dockerfile \\\n\t  .\n"},
        {"README.md": "Run `docker build . -f ops/images/Dockerfile`.\n"},
        {"compose.yml": "app:\n  build:\n    context: .\n    dockerfile: ops/images/Dockerfile\n"},
        {
            ".github/workflows/x.yml": "steps:\n  - uses: docker/build-push-action@v6\n    with:\n"
            "      context: .\n      push: true\n      file: ./ops/images/Dockerfile\n"
        },
    ],
)
def test_the_folder_that_an_image_is_built_from(tmp_path: Path, said: dict[str, str]) -> None:
    """Both folders hold what is copied; where nobody says it, the nearest one is taken."""
    dockerfile = (
        "FROM python\nWORKDIR /app\nCOPY shared/ /app/shared/\nCMD python -m shared.clock\n"
    )
    files = {"ops/images/Dockerfile": dockerfile, "ops/shared/deploy.sh": "python x.py\n"}
    python = sorted(f"{tmp_path}/{name}" for name in ("shared/clock.py", "ops/shared/clock.py"))
    texts = {f"{tmp_path}/{name}": text.encode() for name, text in {**files, **said}.items()}
    (unit,) = deployments(str(tmp_path), python, sorted(texts), texts.__getitem__).units
    folder = "shared" if said else "ops/shared"
    assert unit.copies == ((f"{tmp_path}/{folder}", "/app/shared"),)


def test_an_image_that_installs_one_group(tmp_path: Path) -> None:
    run = "FROM python\nWORKDIR /app\nCOPY . .\nRUN uv sync --frozen {}\nCMD python -m app\n"
    for option in ("--only-group web", "--only-group=web", ""):
        (unit,) = told_by(tmp_path, {"Dockerfile": run.format(option)}).units
        assert unit.groups == (("web",) if option else ())
