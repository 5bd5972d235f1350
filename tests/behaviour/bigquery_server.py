"""A loopback server that speaks enough of BigQuery's REST API for the real client to run jobs."""

from __future__ import annotations

import email
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from .loopback import LoopbackServer, Request, Response

NEVER = None
"""As a number of polls: the job is still running after any number of them."""

LONGEST_HOLD = 0.4
"""Seconds for which getQueryResults waits for a running job, where the real one takes ten."""

SCHEMA = {
    "fields": [
        {"name": "player", "type": "STRING", "mode": "NULLABLE"},
        {"name": "points", "type": "INTEGER", "mode": "NULLABLE"},
    ]
}
ROWS = [("ann", 31), ("bob", 12), ("eve", None)]

ROUTES = [
    ("jobs.query", "POST", r"/bigquery/v2/projects/(?P<project>[^/]+)/queries"),
    ("jobs.getQueryResults", "GET", r"/bigquery/v2/projects/[^/]+/queries/(?P<job_id>[^/]+)"),
    ("jobs.insert", "POST", r"/bigquery/v2/projects/(?P<project>[^/]+)/jobs"),
    ("jobs.get", "GET", r"/bigquery/v2/projects/[^/]+/jobs/(?P<job_id>[^/]+)"),
    ("jobs.cancel", "POST", r"/bigquery/v2/projects/[^/]+/jobs/(?P<job_id>[^/]+)/cancel"),
    ("upload", "POST", r"/upload/bigquery/v2/projects/(?P<project>[^/]+)/jobs"),
    ("upload.chunk", "PUT", r"/upload/bigquery/v2/projects/(?P<project>[^/]+)/jobs"),
    ("tables.delete", "DELETE", r"/bigquery/v2/projects/[^/]+/datasets/[^/]+/tables/[^/]+"),
    ("tables.get", "GET", r"/bigquery/v2/projects/[^/]+/datasets/[^/]+/tables/[^/]+"),
]


@dataclass
class Job:
    """A job and how many more times it is looked at before it is done."""

    project: str
    job_id: str
    configuration: dict[str, Any]
    polls_left: int | None
    cancelled: bool = False

    @property
    def reference(self) -> dict[str, str]:
        return {"projectId": self.project, "jobId": self.job_id, "location": "US"}


@dataclass(frozen=True)
class Call:
    """A request that was understood: which method of the API, for which project."""

    method: str
    project: str
    request: Request


class BigQueryServer(LoopbackServer):
    """Runs each job for as long as `finish_after` says for the job's project.

    Tests give every client a project of its own: scripts and recorded calls are kept by project,
    so that any number of clients can share one server at the same time.
    """

    def __init__(self, rows: list[tuple[Any, ...]] = ROWS, schema: dict[str, Any] = SCHEMA) -> None:
        super().__init__()
        self.rows = rows
        self.schema = schema
        self._polls: dict[str, int | None] = {}
        self._jobs: dict[str, Job] = {}
        self._uploads: dict[str, Any] = {}
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def finish_after(self, project: str, polls: int | None) -> None:
        """Script jobs that the project starts from now on; 0 ends them at once."""
        self._polls[project] = polls

    def calls(self, project: str) -> Counter[str]:
        """How many requests the project made, by method of the API."""
        with self._lock:
            return Counter(call.method for call in self._calls if call.project == project)

    def requests(self, project: str, method: str) -> list[Request]:
        with self._lock:
            return [
                call.request
                for call in self._calls
                if (call.project, call.method) == (project, method)
            ]

    def answer(self, request: Request) -> Response:
        for method, verb, pattern in ROUTES:  # noqa: B007
            match = re.fullmatch(pattern, request.path)
            if match and verb == request.method:
                break
        else:
            return error(501, f"this server has no {request.method} {request.path}", "invalid")
        project = request.path.partition("/projects/")[2].partition("/")[0]
        with self._lock:
            self._calls.append(Call(method, project, request))
        if "job_id" in match.groupdict():
            job = self._jobs.get(match["job_id"])
            if job is None:
                return error(404, f"Not found: Job {match['job_id']}", "notFound")
            if method == "jobs.get":
                return Response(body=self._resource(job, self._look(job)))
            if method == "jobs.cancel":
                job.cancelled = True
                return Response(body={"job": self._resource(job, done=True)})
            return self._query_results(job, request.query)
        if method == "jobs.query":
            return self._query(project, request.json())
        if method == "jobs.insert":
            return self._insert(project, request.json())
        if method == "upload":
            return self._upload(project, request)
        if method == "upload.chunk":
            return self._chunk(project, request)
        if method == "tables.delete":
            return Response(body={})
        return error(404, "Not found: Table", "notFound")

    def _start(self, project: str, job_id: str, configuration: dict[str, Any]) -> Job:
        job = Job(project, job_id, configuration, self._polls.get(project, 0))
        self._jobs[job_id] = job
        return job

    def _done(self, job: Job) -> bool:
        return job.polls_left == 0 or job.cancelled or self.released.is_set()

    def _look(self, job: Job) -> bool:
        """Count one poll; is the job done?"""
        with self._lock:
            if job.polls_left:
                job.polls_left -= 1
            return self._done(job)

    def _insert(self, project: str, resource: dict[str, Any]) -> Response:
        # create_job leaves it to the server to name the job.
        job_id = resource.get("jobReference", {}).get("jobId") or f"job-{len(self._jobs)}"
        job = self._start(project, job_id, resource["configuration"])
        return Response(body=self._resource(job, self._done(job)))

    def _query(self, project: str, body: dict[str, Any]) -> Response:
        job = self._start(project, body["requestId"], {"query": {"query": body["query"]}})
        if not self._done(job):
            return Response(body={"jobReference": job.reference, "jobComplete": False})
        return Response(body=self._page(job, 0, int(body.get("maxResults", len(self.rows)))))

    def _query_results(self, job: Job, query: dict[str, str]) -> Response:
        done = self._look(job)
        if not done and job.polls_left is NEVER:
            # Answering at once would have clients poll as fast as they can.
            asked = int(query.get("timeoutMs", 10_000)) / 1000
            self.released.wait(min(asked, LONGEST_HOLD))
            done = self._done(job)
        if not done:
            return Response(body={"jobReference": job.reference, "jobComplete": False})
        if job.cancelled:
            return error(499, "Job execution was cancelled", "stopped")
        start = int(query.get("pageToken", query.get("startIndex", 0)))
        return Response(body=self._page(job, start, int(query.get("maxResults", len(self.rows)))))

    def _page(self, job: Job, start: int, size: int) -> dict[str, Any]:
        page: dict[str, Any] = {
            "jobReference": job.reference,
            "jobComplete": True,
            "schema": self.schema,
            "totalRows": str(len(self.rows)),
        }
        if size:  # the client asks for none when all it wants is to wait
            page["rows"] = [
                {"f": [{"v": None if value is None else str(value)} for value in row]}
                for row in self.rows[start : start + size]
            ]
        if start + size < len(self.rows):
            page["pageToken"] = str(start + size)
        return page

    def _upload(self, project: str, request: Request) -> Response:
        if request.query["uploadType"] == "multipart":
            header = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
            metadata = email.message_from_bytes(header + request.body).get_payload()[0]
            return self._insert(project, json.loads(metadata.get_payload(decode=True)))
        upload_id = f"upload-{len(self._uploads)}"
        self._uploads[upload_id] = request.json()
        location = f"{self.url}/upload/bigquery/v2/projects/{project}/jobs?upload_id={upload_id}"
        return Response(body={}, headers={"Location": location})

    def _chunk(self, project: str, request: Request) -> Response:
        _, _, total = request.headers["content-range"].partition("/")
        if total == "*":
            return error(501, "this server takes an upload in one chunk", "invalid")
        return self._insert(project, self._uploads.pop(request.query["upload_id"]))

    def _resource(self, job: Job, done: bool) -> dict[str, Any]:
        status: dict[str, Any] = {"state": "DONE" if done else "RUNNING"}
        if job.cancelled:
            stopped = {"reason": "stopped", "message": "Job execution was cancelled"}
            status |= {"errorResult": stopped, "errors": [stopped]}
        now = str(int(time.time() * 1000))
        statistics: dict[str, Any] = {"creationTime": now, "startTime": now}
        if done:
            statistics["endTime"] = now
            if "load" in job.configuration:
                statistics["load"] = {"outputRows": str(len(self.rows))}
        # No destinationTable: with one, a download would go to the BigQuery Storage API.
        return {
            "kind": "bigquery#job",
            "id": f"{job.project}:US.{job.job_id}",
            "jobReference": job.reference,
            "configuration": job.configuration,
            "status": status,
            "statistics": statistics,
        }


def error(status: int, message: str, reason: str) -> Response:
    """An error in the form in which Google's APIs report them."""
    details = [{"message": message, "reason": reason}]
    return Response(status, {"error": {"code": status, "message": message, "errors": details}})
