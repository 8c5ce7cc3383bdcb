"""Parameters of the benchmarks that pytest runs."""

import pytest

from benchmarks.measure import size_name


def sizes(quick, full=(), large=()):
    """`quick` ones run always, `full` ones not with --quick, `large` ones with --large."""
    marks = [(quick, ()), (full, pytest.mark.full), (large, pytest.mark.large)]
    return [pytest.param(size, marks=mark, id=size_name(size)) for group, mark in marks for size in group]
