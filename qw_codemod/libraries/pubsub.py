"""google-cloud-pubsub: its calls give futures. [src]"""

from __future__ import annotations

from qw_codemod.infer.models import Model

_PUBLISHER = "google.cloud.pubsub_v1.PublisherClient"
_SUBSCRIBER = "google.cloud.pubsub_v1.SubscriberClient"

MODEL = Model(
    aliases={
        "google.cloud.pubsub.PublisherClient": _PUBLISHER,
        "google.cloud.pubsub.SubscriberClient": _SUBSCRIBER,
        "google.cloud.pubsub_v1.publisher.client.Client": _PUBLISHER,
        "google.cloud.pubsub_v1.subscriber.client.Client": _SUBSCRIBER,
    },
    methods={
        _PUBLISHER: {"publish": "google.cloud.pubsub_v1.publisher.futures.Future"},
        _SUBSCRIBER: {"subscribe": "google.cloud.pubsub_v1.subscriber.futures.StreamingPullFuture"},
    },
)
