"""Scores of labels beside the cross-entropy alone, and beside what is written in NumPy and PyTorch for them."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import labelled_rows
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.peers import numpy as numpy_peer
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows

pytestmark = pytest.mark.benchmark(group="label scores", timer=time.process_time)

SHAPES = sizes(quick=[(64, 1000)], full=[(65536, 100), (8192, 1000), (1024, 32000)], large=[(512, 128256)])


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_label_scores(comparison, rng, shape, dtype):
    x, y = labelled_rows(rng, shape)
    if dtype != "float32":
        x = x.astype(pytest.importorskip("ml_dtypes").bfloat16 if dtype == "bfloat16" else dtype)
    others = {"cross_entropy": lambda: fl.cross_entropy(x, y, reduction="none")}
    if dtype == "float32":  # of half types it is another computation, in which ties are frequent
        others["numpy"] = lambda: numpy_peer.label_scores(x, y)
    times = comparison.time(
        lambda: fl.label_scores(x, y), x, torch_peer.value(torch_peer.label_scores, x, y), others=others
    )
    comparison.info["of_cross_entropy"] = median_ratio(times["ours"], times["cross_entropy"])
    words = "{of_cross_entropy:.2f} of cross_entropy's value"
    if "numpy" in times:
        comparison.info["times_faster_than_numpy"] = median_ratio(times["numpy"], times["ours"])
        words += ", {times_faster_than_numpy:.1f} x NumPy"
    comparison.note(words)
    rows = some_rows(x)
    exact = x[rows].astype(float)
    found = fl.label_scores(x[rows], y[rows])
    comparison.check(values=(-found.log_prob, definitions.cross_entropy(exact, definitions.one_hot(y[rows], shape[1]))))
    own = exact[np.arange(len(exact)), y[rows]][:, None]
    np.testing.assert_array_equal(found.best, exact.argmax(axis=1))
    is_before = (exact > own) | ((exact == own) & (np.arange(shape[1]) < y[rows][:, None]))
    np.testing.assert_array_equal(found.rank, is_before.sum(axis=1))
