"""Inputs of the losses: drawn once, for every benchmark that needs them."""

import numpy as np

import fastloss as fl
from benchmarks.reference import domains, table


def standard_normal(rng, shape, dtype=np.float32):
    """In the dtype from the beginning: the largest arrays have no room for a copy in double."""
    return rng.standard_normal(shape, dtype=dtype)


def few_counts(rng, shape, dtype):
    """Below 3: from there on the Poisson loss passes through 0, where no relative error is meant."""
    return rng.integers(0, 3, shape).astype(dtype)


def decisions(rng, shape, dtype):
    return (rng.random(shape, dtype=np.float32) < 0.25).astype(dtype)


def softmaxes(rng, shape, dtype):
    return fl.softmax(standard_normal(rng, shape, dtype))


# Kinds of predictions and targets that benchmarks draw otherwise than the tests.
OTHERWISE = {
    **dict.fromkeys(["numbers", "logits", "log-rates"], standard_normal),
    "counts": few_counts,
    "binary": decisions,
    "distributions": softmaxes,
}


def of_loss(name, rng, shape, dtype=np.float32):
    """Its positional arguments, by its row in the table of losses."""
    row = table.BY_NAME[name]
    if row.family == "ctc":
        logits, *others = sequences(rng, shape)
        return (logits if row.predictions == "logits" else fl.log_softmax(logits), *others)
    x = OTHERWISE.get(row.predictions, row.domain.draw)(rng, shape, dtype)
    return (x, *(OTHERWISE.get(kind, domains.TARGETS[kind].draw)(rng, shape, dtype) for kind in row.targets[:1]))


def labelled_rows(rng, shape, dtype=np.float32):
    """Scores (N, C) and labels (N,)."""
    return of_loss("cross_entropy", rng, shape, dtype)


class Batch:
    """Logits (T, N, C), targets (N, S) without the blank 0, and all lengths."""

    def __init__(self, rng, shape):
        frames, batch, classes, length = shape
        self.logits = rng.standard_normal((frames, batch, classes), dtype=np.float32)
        self.targets = rng.integers(1, classes, (batch, length))
        self.lengths = np.full(batch, frames), np.full(batch, length)
        self.about = {"items": frames * batch * (2 * length + 1), "size": f"{frames}x{batch}x{classes}/{length}"}


def sequences(rng, shape):
    """Logits, targets, input lengths, target lengths."""
    batch = Batch(rng, shape)
    return batch.logits, batch.targets, *batch.lengths
