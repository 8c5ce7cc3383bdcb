"""fastloss.dask beside expressions of Dask arrays, as its users write a loss: the value, of blocks in memory."""

import dask.array as da

from benchmarks.counterparts import Case
from benchmarks.draws import of_loss
from fastloss import dask as ours

ROWS = 1 << 21  # numbers of a block of 8 MiB


def in_blocks(array):
    """Its blocks are NumPy arrays: nothing is read."""
    rows = max(1, ROWS // (array.size // len(array)))
    return da.from_array(array, chunks=(rows, *array.shape[1:])).persist()


def mse(x, y):
    return ((x - y) ** 2).mean(dtype="f8")


def binary_cross_entropy(x, y):
    return (da.maximum(x, 0) - x * y + da.log1p(da.exp(-abs(x)))).mean(dtype="f8")


def kl_divergence(x, y):
    """Of softmaxes, y's from x's, a mean over rows."""

    def log_softmax(z):
        z = z - z.max(axis=1, keepdims=True)
        return z - da.log(da.exp(z).sum(axis=1, keepdims=True))

    q, p = log_softmax(x), log_softmax(y)
    return (da.exp(p) * (p - q)).sum(axis=1).mean(dtype="f8")


def of(name, peer):
    def draw(rng, shape):
        blocks = [in_blocks(array) for array in of_loss(name, rng, shape)]
        lazy = getattr(ours, name)(*blocks), peer(*blocks)
        return [lambda value=value: (value.compute(),) for value in lazy]

    return draw


CASES = [
    Case("dask", "mse_loss", (8 * ROWS,), "8 blocks of 8 MiB", of("mse_loss", mse), tolerance=1e-4),
    Case(
        "dask", "binary_cross_entropy_with_logits", (8 * ROWS,), "8 blocks of 8 MiB",
        of("binary_cross_entropy_with_logits", binary_cross_entropy), "full", True, 1e-4,
    ),
    Case(
        "dask", "kl_divergence_with_logits", (16384, 1024), "8 blocks of 8 MiB",
        of("kl_divergence_with_logits", kl_divergence), tolerance=1e-3,
    ),
]  # fmt: skip
