"""Signals in the code that a failure is ordinary where it is caught."""
