"""fastloss.dask beside fastloss: blocks in memory, Dask's threads, against one call with as many threads of its own."""

import os

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import of_loss
from benchmarks.measure import median_ratio

da = pytest.importorskip("dask.array")

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
pytestmark = pytest.mark.benchmark(group="dask")
MIB = 1 << 20
THREADS = [1, pytest.param(2, marks=pytest.mark.skipif(CORES < 2, reason="two threads need two cores"))]


def in_blocks(array, rows):
    """Its blocks are NumPy arrays: nothing is read, nothing is copied."""
    return da.from_array(array, chunks=(rows, *array.shape[1:])).persist()


def compare(comparison, name, verb, arrays, block, threads):
    """`block` is the size of a block of scores in bytes."""
    import fastloss.dask as fd

    rows = max(1, block // (arrays[0].nbytes // len(arrays[0])))
    blocks = [in_blocks(array, rows) for array in arrays]
    lazy = getattr(fd, name)(*blocks) if verb == "value" else getattr(fd, name).grad(*blocks)
    run = lazy.compute if verb == "value" else lazy.persist  # which leaves a gradient in its blocks
    loss = getattr(fl, name) if verb == "value" else getattr(fl, name).grad

    def ours():
        return run(scheduler="threads", num_workers=threads)

    def direct():
        return loss(*arrays, num_threads=threads)

    others = {"direct": direct, "negative": lambda: plain.persist(scheduler="threads", num_workers=threads)}
    plain = blocks[0].map_blocks(np.negative, dtype=arrays[0].dtype)
    times = comparison.time(ours, arrays[0], threads=threads, others=others)
    comparison.info["times_direct"] = median_ratio(times["ours"], times["direct"])
    comparison.info["times_direct_at_best"] = min(times["ours"]) / min(times["direct"])
    comparison.info["ms_more_a_block"] = (min(times["ours"]) - min(times["direct"])) * 1e3 / blocks[0].npartitions
    comparison.info["times_of_a_ufunc"] = median_ratio(times["ours"], times["negative"])
    comparison.note(
        "{times_direct:.2f} times one call, {times_direct_at_best:.2f} at best: {ms_more_a_block:.2f} ms more a block; "
        "{times_of_a_ufunc:.2f} times np.negative of the blocks"
    )
    assert np.array_equal(ours().compute() if verb == "grad" else ours(), direct())


CASES = [
    ("mse_loss", (2**21,)),
    ("binary_cross_entropy_with_logits", (2**21,)),
    ("sigmoid_focal_loss", (2**21,)),
    ("cross_entropy", (2**17, 16)),
    ("cross_entropy", (2**11, 1024)),
    ("kl_divergence_with_logits", (2**11, 1024)),
]


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("mib", [8, 64])
@pytest.mark.parametrize(("name", "shape"), CASES, ids=lambda value: str(value))
def test_value(comparison, rng, name, shape, mib, threads):
    """Of so many blocks of 8 MiB; in larger blocks the more."""
    arrays = of_loss(name, rng, (shape[0] * 32, *shape[1:]))
    compare(comparison, name, "value", arrays, mib * MIB, threads)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize(("name", "shape"), [CASES[0], CASES[-2]], ids=lambda value: str(value))
def test_grad(comparison, rng, name, shape, threads):
    arrays = of_loss(name, rng, (shape[0] * 16, *shape[1:]))
    compare(comparison, name, "grad", arrays, 8 * MIB, threads)
