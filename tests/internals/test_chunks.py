"""Calls of very many chunks: counted in 64 bits, in rounds that keep few partial sums."""

import math
import sys

import numpy as np
import pytest
from compiled import needs_vecmath_test
from scripts import run_script

from fastloss import _kernels
from fastloss._kernels import runtime

pytestmark = needs_vecmath_test

ROUND = 2**19  # of src/parallel/threads.h


def test_more_chunks_than_32_bits_count():
    """The partial sums of all of them at once would be 32 GiB."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the limit is Linux's")
    run_script("""
        from fastloss import _kernels

        resource.setrlimit(resource.RLIMIT_AS, (4 << 30,) * 2)
        found = _kernels.kernels(64).vecmath_test.count_chunks(2**31 + 5, 1)
        assert found == 2**31 + 5 * 2**40, found
    """)


@pytest.mark.parametrize("chunks", [1, 2, ROUND - 1, ROUND, ROUND + 1, 2 * ROUND, 2 * ROUND + 3])
def test_the_sum_is_exact_in_every_round(chunks):
    runtime.force_threads(True)
    try:
        expected = math.fsum(1 / (1 + np.arange(chunks)))
        for threads in (1, 2, 3):
            assert _kernels.kernels(64).vecmath_test.sum_of_chunks(chunks, threads) == expected
    finally:
        runtime.force_threads(False)
