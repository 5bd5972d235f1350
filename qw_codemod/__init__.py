"""Codemods that rewrite data pipelines, and the checks that keep what they rewrote."""

__version__ = "0.1.0"

# Thresholds of the garbage collector, for processes that end with a run: syntax trees are kept, and
# at Python's own rate half the time goes into looking through them. Hardly any is garbage in
# a cycle.
SELDOM = (1_000_000, 50, 100)
