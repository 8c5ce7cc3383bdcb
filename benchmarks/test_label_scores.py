"""label_scores beside the value of cross_entropy on the same logits, and beside what NumPy and PyTorch have for it."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.peers import numpy as numpy_peer
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows

pytestmark = pytest.mark.benchmark(group="label_scores", timer=time.process_time)

SHAPES = sizes(
    quick=[(1024, 10), (65536, 10)],
    full=[(65536, 100), (8192, 1000), (1024, 32000)],
    large=[(512, 128256)],
)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_label_scores(comparison, rng, dtype, shape):
    x, y = rng.standard_normal(shape, dtype=np.float32).astype(dtype), rng.integers(0, shape[1], shape[0])
    numbers = x.astype(np.float32)  # NumPy's own float16 is slow
    others = {"cross_entropy": lambda: fl.cross_entropy(x, y), "numpy": lambda: numpy_peer.label_scores(numbers, y)}
    times = comparison.time(
        lambda: fl.label_scores(x, y), x, torch_peer.value(torch_peer.label_scores, x, y), others=others
    )
    comparison.info["times_of_cross_entropy"] = median_ratio(times["ours"], times["cross_entropy"])
    comparison.info["times_faster_than_numpy"] = median_ratio(times["numpy"], times["ours"])
    comparison.note("{times_of_cross_entropy:.2f} of cross_entropy, {times_faster_than_numpy:.1f} x NumPy")
    rows = some_rows(x)
    wide, labels = x[rows].astype(float), y[rows]
    found = fl.label_scores(x[rows], labels)
    exact = np.take_along_axis(definitions.log_softmax(wide), labels[:, None], 1)[:, 0]
    entropies = definitions.entropy_with_logits(wide)
    comparison.check(values=(np.stack([found.log_prob, found.entropy]), np.stack([exact, entropies])))
    np.testing.assert_array_equal(found.best, wide.argmax(axis=1))
