"""What only a build in place has: fastloss._kernels.*.vecmath_test, which is not in wheels."""

import importlib.util

import pytest

from fastloss import _kernels

needs_vecmath_test = pytest.mark.skipif(
    importlib.util.find_spec(f"fastloss._kernels.{_kernels.selected}_f64.vecmath_test") is None,
    reason="this installation has no vecmath_test: it is a wheel's; `pip install -e .` builds it",
)
