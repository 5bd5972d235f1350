"""Decorators of libraries after which a call still gives what the function returns.

[doc of each library]
"""

from __future__ import annotations

from qw_codemod.infer.models import Model

MODEL = Model(
    transparent="|".join(
        (
            r"airflow\.utils\.session\.provide_session",
            r"backoff\.on_(exception|predicate)",
            r"beartype\..*",
            r"cachetools\..*",
            r"click\..*",
            r"ddtrace\..*",
            r"deprecated\..*",
            r"google\.api_core\.retry\..*",
            r"opentelemetry\..*",
            r"prefect\.(task|flow)",
            r"retry\.retry",
            r"retrying\.retry",
            r"sentry_sdk\..*",
            r"stamina\.retry",
            r"streamlit\.cache_\w+",
            r"tenacity\.retry",
            r"typechecked",
            r"typing_extensions\..*",
        )
    ),
    properties=r"django\.utils\.functional\.cached_property",
)
