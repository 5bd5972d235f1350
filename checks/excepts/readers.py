"""Whether a formatter shows what a log line says in `extra`, in the programs that load a file."""

from __future__ import annotations

from qw_codemod.facts.project import Tree
from qw_codemod.infer import Inference

from .loaded_together import are_loaded_together

# Formatters and handlers of libraries that write all that a record holds.
_STRUCTURED = (
    "pythonjsonlogger",
    "json_log_formatter",
    "logstash",
    "ecs_logging",
    "ProcessorFormatter",
    "CloudLoggingHandler",
    "StructuredLogHandler",
    "google.cloud.logging.handlers",
)
# A formatter or handler of the project's own that does so reads one of these, in such a method.
_OF_RECORDS = ("record.__dict__", "vars(record)", "record.context", '"context", None)')
_TAKES_RECORDS = ("def format(", "def emit(", "def filter(", "def add_fields(")
_OF_CLOUD = ("google.cloud.logging", "google.cloud import logging")


def reads_extra(infer: Inference, path: str) -> bool:
    """Whether a formatter shows the `extra` of a file's log lines, or sends it to a cloud."""
    tree = infer.tree
    readers = [each for each in tree.holding(_STRUCTURED) if not tree.is_test(each)]
    readers += [each for each in tree.holding(_OF_RECORDS) if _is_of_logging(tree, each)]
    readers += [each for each in tree.holding((".setup_logging(",)) if _is_of_cloud(tree, each)]
    return bool(readers) and are_loaded_together(tree, path, readers)


def _is_of_cloud(tree: Tree, path: str) -> bool:
    return not tree.is_test(path) and tree.holds_any(path, _OF_CLOUD)


def _is_of_logging(tree: Tree, path: str) -> bool:
    return not tree.is_test(path) and tree.holds_any(path, _TAKES_RECORDS)
