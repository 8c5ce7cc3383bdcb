"""LogitsComparison.update beside the divergence alone, and beside NumPy, as scripts that compare models have it."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.peers.numpy import compare_logits

pytestmark = pytest.mark.benchmark(group="divergence", timer=time.process_time)


def in_numpy(x, y, labels, dtype=np.float32):
    """Of half types too, in float32: NumPy would lose the divergence otherwise."""
    return compare_logits(x.astype(dtype), y.astype(dtype), labels)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", sizes(quick=[(64, 1000)], full=[(8192, 1000), (1024, 32000)]))
def test_update(comparison, rng, shape, dtype):
    rows, classes = shape
    y = 3 * rng.standard_normal((rows, classes), np.float32)
    x = (y + 0.1 * rng.standard_normal(y.shape, np.float32)).astype(dtype)
    y, labels = y.astype(dtype), np.where(rng.random(rows) < 0.4, y.argmax(axis=-1), rng.integers(0, classes, rows))
    compared = fl.LogitsComparison(num_threads=1)
    others = {
        "divergence": lambda: fl.kl_divergence_with_logits(x, y, num_threads=1),
        "numpy": lambda: in_numpy(x, y, labels),
    }
    times = comparison.time(lambda: compared.update(x, y, labels), x, others=others)
    comparison.info["divergences"] = median_ratio(times["ours"], times["divergence"])
    comparison.info["times_faster_than_numpy"] = median_ratio(times["numpy"], times["ours"])
    comparison.note("{divergences:.2f} times the divergence alone, {times_faster_than_numpy:.1f} x numpy")
    wanted = in_numpy(x, y, labels, float)
    found = compared.summary()
    assert found.kl_mean == pytest.approx(wanted[0].mean(), rel=1e-4)
    assert found.top1_agreement == wanted[1].mean()
    assert found.log_perplexity_ratio == pytest.approx((wanted[3] - wanted[2]).mean(), abs=1e-6)
