"""Fixtures: every instruction set of this processor, seeded random numbers. A summary of what was skipped."""

from collections import Counter

import numpy as np
import pytest

from fastloss import _kernels


@pytest.fixture(params=_kernels.INSTRUCTION_SETS)
def isa(request):
    """The test runs once per instruction set; those that are not built, or that this processor lacks, are skipped."""
    if request.param not in _kernels.supported():
        is_built = request.param in _kernels.built()
        pytest.skip(f"this processor has no {request.param}" if is_built else f"{request.param} is not built")
    with _kernels.use(request.param):
        yield request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20260213)


@pytest.fixture
def forced_threads():
    """Calls have as many threads as they ask for, however busy the machine is; afterwards none is left at work."""
    _kernels.runtime.force_threads(True)
    yield
    _kernels.runtime.force_threads(False)
    assert _kernels.runtime.active_calls() == 0


@pytest.fixture(params=[1, 2])
def threads(request, forced_threads):
    """So many."""
    return request.param


def pytest_terminal_summary(terminalreporter):
    """Skipped tests by reason; pytest itself has a line for each place where one is skipped."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} skipped: {reason}")
