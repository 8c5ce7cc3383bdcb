"""LogitsComparison beside what is written in NumPy for it: of a block of logits, and of their reference's."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import labelled_rows
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.peers import numpy as numpy_peer

pytestmark = pytest.mark.benchmark(group="comparison", timer=time.process_time)

SHAPES = sizes(quick=[(64, 1000)], full=[(8192, 1000), (1024, 32000)], large=[(512, 128256)])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_update(comparison, rng, shape, dtype):
    """Of float16, NumPy computes in float32, as it would lose the divergence otherwise."""
    reference, y = labelled_rows(rng, shape)
    x = (reference + rng.standard_normal(shape, dtype=np.float32) * np.float32(0.1)).astype(dtype)
    reference = reference.astype(dtype)

    def ours():
        found = fl.LogitsComparison()
        found.update(x, reference, y)
        return found

    def others():
        return numpy_peer.compare_logits(x.astype(np.float32), reference.astype(np.float32), y)

    times = comparison.time(ours, x, others={"numpy": others})
    comparison.info["times_faster_than_numpy"] = median_ratio(times["numpy"], times["ours"])
    comparison.note("{times_faster_than_numpy:.1f} x NumPy")
    divergence, agrees, log_q, _ = numpy_peer.compare_logits(x.astype(float), reference.astype(float), y)
    summary = ours().summary()
    comparison.check(values=(np.array([summary.kl_mean]), divergence.mean()))
    np.testing.assert_allclose(summary.top1_agreement, agrees.mean())
    np.testing.assert_allclose(summary.perplexity, np.exp(-log_q.mean()), rtol=1e-6)
