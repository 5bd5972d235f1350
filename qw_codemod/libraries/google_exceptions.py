"""The exceptions of google-api-core: what they are called, and what they are."""

from __future__ import annotations

_CORE = "google.api_core.exceptions"
_KINDS = {
    "GoogleAPIError": "Exception",
    "RetryError": f"{_CORE}.GoogleAPIError",
    "GoogleAPICallError": f"{_CORE}.GoogleAPIError",
    "ServerError": f"{_CORE}.GoogleAPICallError",
    "ServiceUnavailable": f"{_CORE}.ServerError",
}
# Names that stand for a class of another name. [src: google-cloud-core 2.4]
SAME = {
    "google.cloud.exceptions.GoogleCloudError": f"{_CORE}.GoogleAPICallError",
    "google.cloud.exceptions.ServerError": f"{_CORE}.ServerError",
    "google.cloud.exceptions.ServiceUnavailable": f"{_CORE}.ServiceUnavailable",
}
BASES = {f"{_CORE}.{name}": (base,) for name, base in _KINDS.items()}
OUT_OF_REACH = (f"{_CORE}.ServiceUnavailable",)
