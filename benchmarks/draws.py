"""Inputs of the losses: drawn once, for every benchmark that needs them."""

import numpy as np

import fastloss as fl


def scores(rng, shape, dtype=np.float32):
    return (rng.standard_normal(shape, dtype=dtype),)


def numbers(rng, shape):
    return rng.standard_normal(shape, dtype=np.float32), rng.standard_normal(shape, dtype=np.float32)


def log_rates(rng, shape):
    """With counts below 3: from there on the loss passes through 0, where no relative error is meant."""
    return rng.standard_normal(shape, dtype=np.float32), rng.integers(0, 3, shape).astype(np.float32)


def logits(rng, shape):
    return rng.standard_normal(shape, dtype=np.float32), decisions(rng, shape)


def probabilities(rng, shape):
    """Within (0, 1)."""
    return rng.uniform(1e-6, 1 - 1e-6, shape).astype(np.float32), decisions(rng, shape)


def decisions(rng, shape):
    return (rng.random(shape, dtype=np.float32) < 0.25).astype(np.float32)


def labelled_rows(rng, shape, dtype=np.float32):
    """Scores (N, C) and labels (N,)."""
    return rng.standard_normal(shape, dtype=dtype), rng.integers(0, shape[1], shape[0])


def distributions(rng, shape, count=1):
    """So many arrays of rows that sum to 1."""
    return tuple(fl.softmax(rng.standard_normal(shape, dtype=np.float32)) for _ in range(count))


def two_distributions(rng, shape):
    return distributions(rng, shape, 2)


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
