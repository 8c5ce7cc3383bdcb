"""Fixtures: every instruction set of this processor, seeded random numbers."""

import numpy as np
import pytest

from fastloss import _kernels


@pytest.fixture(params=_kernels.INSTRUCTION_SETS)
def isa(request):
    """The test runs once per instruction set; the ones this processor lacks are skipped visibly."""
    if request.param not in _kernels.supported():
        pytest.skip(f"this processor has no {request.param}")
    with _kernels.use(request.param):
        yield request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20260213)
