"""Whether a formatter of the project shows what a log line says in `extra`."""

from __future__ import annotations

from qw_codemod.infer import Inference

# Formatters and handlers of libraries that write all that a record holds. A formatter of the
# project's own that does so reads `record.__dict__`, or the attribute itself.
_STRUCTURED = (
    "pythonjsonlogger",
    "json_log_formatter",
    "logstash",
    "ecs_logging",
    "ProcessorFormatter",
    "CloudLoggingHandler",
    "StructuredLogHandler",
    "google.cloud.logging.handlers",
    "setup_logging(",
    "record.__dict__",
    "record.context",
    '"context", None)',
)


def reads_extra(infer: Inference) -> bool:
    """Whether a formatter shows the `extra` of a log line, or sends it to a cloud."""
    return any(not infer.tree.is_test(path) for path in infer.tree.holding(_STRUCTURED))
