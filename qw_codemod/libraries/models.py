"""The models of libraries that inference is given, in one place."""

from __future__ import annotations

from qw_codemod.infer.models import Model
from qw_codemod.libraries import (
    asgiref,
    bigquery,
    dask,
    decorators,
    googleapi,
    iterating,
    pubsub,
    pytest,
    stdlib,
)
from qw_codemod.libraries.http import tables as http

MODELS: tuple[Model, ...] = (
    bigquery.MODEL,
    http.MODEL,
    stdlib.MODEL,
    pytest.MODEL,
    pubsub.MODEL,
    dask.MODEL,
    iterating.MODEL,
    asgiref.MODEL,
    googleapi.MODEL,
    decorators.MODEL,
)
