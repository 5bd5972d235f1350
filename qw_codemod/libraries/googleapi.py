"""google-api-python-client: what gives a service, and a request that is not sent yet.

Services are made from a description at run time: what a method gives, another resource or a
request, is not known before. One class stands for both. [run: google-api-python-client 2.202.0]
"""

from __future__ import annotations

from qw_codemod.infer.models import Model

RESOURCE = "googleapiclient.discovery.Resource"
BATCH = "googleapiclient.http.BatchHttpRequest"  # its execute() takes no num_retries [run]
DOWNLOAD = "googleapiclient.http.MediaIoBaseDownload"

MODEL = Model(
    aliases={
        "apiclient.discovery.build": "googleapiclient.discovery.build",
        "apiclient.discovery.build_from_document": "googleapiclient.discovery.build_from_document",
        "googleapiclient.http.HttpRequest": RESOURCE,
    },
    functions={
        "googleapiclient.discovery.build": RESOURCE,
        "googleapiclient.discovery.build_from_document": RESOURCE,
    },
    methods={
        RESOURCE: {
            "*": "self",
            "execute": "?",
            "next_chunk": "?",
            "close": "none",
            "new_batch_http_request": BATCH,
        }
    },
    classes=frozenset({BATCH, DOWNLOAD}),
)
