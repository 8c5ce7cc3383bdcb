"""Predictions and targets of every kind, drawn in any dtype and shape: for tests, tools and benchmarks alike.

The class axis is the last one. The names of the kinds are also the words for them in the tables of README.md and docs/.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

FLOATS = ("float32", "float64", "float16", "bfloat16")
EVERY = (*FLOATS, "int32")
ANY, UNIT, COUNT = (-np.inf, np.inf), (0.0, 1.0), (0.0, np.inf)


class Domain(NamedTuple):
    """One kind of predictions or targets."""

    draw: Callable  # (generator, shape of the predictions, dtype of the numbers) -> array
    span: tuple = (-3.0, 3.0)  # where numbers lie that are neither extreme nor near a limit
    limits: tuple = ANY  # which numbers are legal
    dtypes: tuple = EVERY  # that can hold such numbers
    is_like_predictions: bool = False  # of a target: whether it is in the predictions' dtype, or in that of computing
    shown: tuple = ()  # targets of which a picture shows the curves


def numbers(rng, shape, dtype, spread=3.0):
    return (spread * rng.standard_normal(shape)).astype(dtype)


def log_rates(rng, shape, dtype):
    """A rate of e^15 would leave nothing of the other terms."""
    return numbers(rng, shape, dtype, 1.5)


def is_half(dtype):
    return np.dtype(dtype).itemsize == 2


def probabilities(rng, shape, dtype):
    """Within (0, 1), and no nearer to its ends than half types can tell."""
    margin = 0.02 if is_half(dtype) else 1e-6
    return rng.uniform(margin, 1 - margin, shape).astype(dtype)


def distributions(rng, shape, dtype):
    """So far above 0 that a gradient of float16 does not overflow."""
    smallest = 0.01 if is_half(dtype) else 1e-7
    return np.clip(rng.dirichlet(np.full(shape[-1], 2.0), shape[:-1]), smallest, 1 - smallest).astype(dtype)


def true_distributions(rng, shape, dtype):
    """Class 0 has probability 0."""
    drawn = rng.dirichlet(np.full(shape[-1], 0.5), shape[:-1])
    drawn[..., 0] = 0
    return drawn.clip(0, 1).astype(dtype)


def binary(rng, shape, dtype):
    return rng.integers(0, 2, shape).astype(dtype)


def signs(rng, shape, dtype):
    return (2 * rng.integers(0, 2, shape) - 1).astype(dtype)


def unit(rng, shape, dtype):
    return rng.uniform(size=shape).astype(dtype)


def counts(rng, shape, dtype):
    return rng.poisson(4.0, shape).astype(dtype)


def labels(rng, shape, dtype):
    return rng.integers(0, shape[-1], shape[:-1])


def label_sequences(rng, shape, dtype):
    """(N, S) for scores (T, N, C), none of which is the blank 0; S is small enough for the frames, repeats included."""
    frames, batch, classes = shape
    return rng.integers(1, classes, (batch, min(5, (frames + 1) // 2)))


PREDICTIONS = {
    "numbers": Domain(numbers),
    "log-rates": Domain(log_rates),
    "logits": Domain(numbers),
    "log-probabilities": Domain(numbers),  # of any sum
    "probabilities": Domain(probabilities, (0.05, 0.95), UNIT, FLOATS),
    "distributions": Domain(distributions, (0.05, 0.95), UNIT, FLOATS),
}
TARGETS = {
    "numbers": Domain(numbers, is_like_predictions=True, shown=(0,)),
    "logits": Domain(numbers, is_like_predictions=True),
    "counts": Domain(counts, (0.0, 10.0), COUNT, shown=(0, 1, 4)),
    "binary": Domain(binary, UNIT, UNIT, shown=(1, 0)),
    "signs": Domain(signs, (-1.0, 1.0), (-1.0, 1.0), shown=(1, -1)),
    "0..1": Domain(unit, UNIT, UNIT, shown=(1, 0, 0.3)),
    "distributions": Domain(true_distributions, UNIT, UNIT),
    "labels": Domain(labels),
    "label sequences": Domain(label_sequences),
}


class PerColumn(NamedTuple):
    """In the place of an option: one number for each place of the last axis, a class or a column, drawn from [a, b]."""

    low: float
    high: float


def with_arrays(options, rng, columns):
    """The options with arrays in the place of each PerColumn."""
    drawn = {
        name: rng.uniform(value.low, value.high, columns) if isinstance(value, PerColumn) else value
        for name, value in options.items()
    }
    return type(options)(drawn)  # which may say that there is no curvature with them
