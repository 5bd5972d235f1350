"""The tables of exceptions, held against the classes of the real libraries."""

from __future__ import annotations

import builtins
import concurrent.futures
import importlib

import pytest

from qw_codemod.libraries import google_exceptions
from qw_codemod.libraries.http import exceptions as http_exceptions

BASES = {**http_exceptions.BASES, **google_exceptions.BASES}
SAME = {**http_exceptions.SAME, **google_exceptions.SAME}


def real(name: str) -> type[BaseException]:
    module, _, last = name.rpartition(".")
    found = getattr(importlib.import_module(module) if module else builtins, last)
    assert isinstance(found, type)
    return found


@pytest.mark.parametrize("name", BASES)
def test_a_class_is_what_the_table_says(name: str) -> None:
    assert {*map(real, BASES[name])} <= {*real(name).__mro__[1:]}


@pytest.mark.parametrize("name", SAME)
def test_two_names_are_one_class(name: str) -> None:
    assert real(name) is real(SAME[name])


@pytest.mark.parametrize("library", http_exceptions.TIMED_OUT)
def test_what_tells_of_a_server_out_of_reach_is_no_timeout(library: str) -> None:
    told = (*http_exceptions.OUT_OF_REACH[library], *http_exceptions.ANSWERED_BADLY[library])
    for timeout in http_exceptions.TIMED_OUT[library]:
        assert not issubclass(real(timeout), tuple(map(real, told)))


def test_the_timeout_of_a_job_is_no_error_of_google() -> None:
    told = tuple(map(real, google_exceptions.OUT_OF_REACH))
    assert not issubclass(concurrent.futures.TimeoutError, (*told, *told[0].__mro__[1:3]))
