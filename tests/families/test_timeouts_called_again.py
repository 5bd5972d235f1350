"""Loads that append in functions that a platform calls again when they have failed."""

from __future__ import annotations

import pytest

from qw_codemod.kernel.model import Unsafe
from qw_codemod.kernel.statements import render
from qw_codemod.testkit import check_files

HEAD = """import base64
import dramatiq
import azure.functions as func
from celery import shared_task
from flask import Flask, request
from google.cloud import bigquery

app = Flask(__name__)
client = bigquery.Client()


"""
LOAD = "client.load_table_from_json(rows, 'shop.orders'{}).result()"
AGAIN = "is called again with the same event after a timeout, while the load may still be running"


def said(body: str, others: dict[str, str] | None = None, load: str = LOAD.format("")) -> str:
    """Why the one wait of a module is left; empty where it gets a timeout."""
    text = HEAD + body.replace("LOAD", load)
    found = check_files({"main.py": text, **(others or {})}, ("timeouts",))
    (finding,) = found["main.py"]
    obstacle = finding.obstacle
    return render(obstacle.reason, places=False) if isinstance(obstacle, Unsafe) else ""


LAMBDA = """
def add(rows):
    LOAD


def {name}(event, {context}):
    add({given})
"""


@pytest.mark.parametrize(
    ("name", "context", "given", "is_again"),
    [
        ("lambda_handler", "context", "event['Records']", True),
        ("lambda_handler", "_context", "[]", True),
        ("handle", "context", "event.get('Records')", True),
        ("handle", "context", "event['rows']", False),  # perhaps of Google Cloud
        ("lambda_handler", "context", "event['queryStringParameters']", False),
        ("lambda_handler", "parent", "event['Records']", False),
    ],
)
def test_functions_of_lambda(name: str, context: str, given: str, is_again: bool) -> None:
    body = LAMBDA.format(name=name, context=context, given=given)
    assert (AGAIN in said(body)) is is_again
    replacing = LOAD.format(
        ", job_config=bigquery.LoadJobConfig(write_disposition='WRITE_TRUNCATE')"
    )
    assert said(body, load=replacing) == ""


OF_GOOGLE = "def refresh(event, context):\n    rows = event['rows']\n    LOAD\n"
DEPLOY = "gcloud functions deploy refresh --trigger-topic=x --source=. {}\n"
TERRAFORM = """
data "archive_file" "refresh" {{
  source_dir = "${{path.module}}"
}}
resource "google_cloudfunctions2_function" "refresh" {{
  event_trigger {{
    {}
  }}
}}
"""


@pytest.mark.parametrize(
    ("files", "is_again"),
    [
        ({"deploy.sh": DEPLOY.format("--retry")}, True),
        ({"deploy.sh": DEPLOY.format("")}, False),
        ({"main.tf": TERRAFORM.format('retry_policy = "RETRY_POLICY_RETRY"')}, True),
        ({"main.tf": TERRAFORM.format('retry_policy = "RETRY_POLICY_DO_NOT_RETRY"')}, False),
        ({}, False),
    ],
)
def test_functions_of_google_cloud(files: dict[str, str], is_again: bool) -> None:
    assert (AGAIN in said(OF_GOOGLE, files)) is is_again


PUSHED = """
@app.route("/", methods=["POST"])
def take():
    message = request.get_json()["message"]
    rows = base64.b64decode(message["data"])
    LOAD
    return "", 204
"""
PULLED = """
def take(message):
    rows = message.data
    add(rows)
    message.ack()


def add(rows):
    LOAD
"""
TASK = "{}\ndef take(rows):\n    LOAD\n"


@pytest.mark.parametrize(
    ("body", "is_again"),
    [
        (PUSHED, True),
        (PUSHED.replace('["message"]', "").replace("base64.b64decode", ""), False),
        (PULLED, True),
        (PULLED.replace("    message.ack()\n", ""), False),
        (TASK.format("@dramatiq.actor"), True),
        (TASK.format("@dramatiq.actor(max_retries=0)"), False),
        (TASK.format("@shared_task"), False),
        (TASK.format("@app.queue_trigger(arg_name='rows')"), True),
        (TASK.format("@app.timer_trigger(arg_name='rows')"), False),
    ],
)
def test_queues(body: str, is_again: bool) -> None:
    assert (AGAIN in said(body)) is is_again


def test_a_task_further_up_that_is_tried_again() -> None:
    body = "def add(rows):\n    LOAD\n\n\n{}\ndef take(rows):\n    add(rows)\n"
    assert AGAIN in said(body.format("@shared_task(autoretry_for=(Exception,))"))
    assert said(body.format("@shared_task(autoretry_for=(KeyError,))")) == ""
