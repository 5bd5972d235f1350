"""Codemods that rewrite data pipelines, and the checks that keep what they rewrote."""

__version__ = "0.1.0"
