"""Finds and fixes over files: rounds, guard, journal, formatter, processes."""
