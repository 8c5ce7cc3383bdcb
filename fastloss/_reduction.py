"""From a call's losses to its value: which of them count, how much, and what they are divided by."""

import math
from typing import NamedTuple

import numpy as np

from fastloss import _validation as check

NOTHING = (0.0, 0.0)  # a sum in two doubles, over nothing


def value_of(reduction, unit, total, denominator):
    """From the sum of the losses, in a unit, to the value. `reduction` is a code."""
    if unit != 1 and total:  # over nothing the sum is 0, not -0
        total *= unit
    return check.rules.value_of(reduction, total, denominator)


class ValueRule(NamedTuple):
    """From the sum of the losses of a call to its value."""

    reduction: int  # a code of _validation.REDUCTIONS
    unit: float  # multiplies the sum

    def value(self, total, denominator):
        return value_of(self.reduction, self.unit, total, denominator)


def is_in_range(squares):
    """Whether a sum of squares is neither 0 or infinite nor so small that it has lost digits."""
    return 1e-280 < abs(squares) < math.inf


def square_units(squares):
    """The units to try for a sum of squares that is not in range."""
    return [2.0 ** (power if abs(squares) < 1 else -power) for power in (100, 300, 600)]


class RootRule(NamedTuple):
    """The same of the root of a mean of squares."""

    reduction: int
    unit: float
    square_unit: float  # the sum is in the square of this

    def root(self, total, denominator):
        mean = total / denominator if denominator else 0.0
        return math.sqrt(mean) if mean >= 0 else math.nan

    def value(self, total, denominator):
        return self.root(total, denominator) / self.square_unit if denominator else math.nan


class Reduction:
    """A call's `reduction`, `sample_weight` and `where`, over losses of a shape.

    What `where` does not select, and what has a weight of exactly 0, is not used: kernels see a weight of 0 for both.
    Means count what has a weight of 0, and not what is not selected.
    """

    __slots__ = ("_weight", "_where", "code", "name", "shape", "weight", "where")

    def __init__(self, reduction, sample_weight, where):
        self.name = reduction
        self._weight = sample_weight
        self._where = where

    def over(self, shape, allowed=check.REDUCTIONS):
        """Of losses of this shape; checks the arguments. `allowed` are the reductions that the loss has."""
        self.code = check.as_reduction(self.name, allowed)
        self.shape = shape
        self.weight = self.where = None
        if self._weight is not None:
            self.weight = check.as_weights(self._weight, "sample_weight", shape)
        if self._where is not None:
            self.where = check.as_broadcast(check.as_where(self._where, shape), "where", shape)
        return self

    @property
    def uses_all(self):
        """Whether every loss counts, and alike."""
        return self.weight is None and self.where is None

    @property
    def weighted(self):
        """Weights of elements as their kernel takes them: (weight, which of them count), both of the losses' shape or
        None. Without weights, `where` is the weight."""
        return (self.where, None) if self.weight is None else (self.weight, self.where)

    def weighted_along(self, axis, shape):
        """The same where each loss is of elements along an axis of arrays of this shape."""
        if self.uses_all:
            return None, None
        expanded = (None if array is None else np.expand_dims(array, axis) for array in self.weighted)
        return tuple(check.as_broadcast(array, "sample_weight", shape) for array in expanded)

    def row_weights(self):
        """One float64 per loss, 0 for what does not count; None where all count alike."""
        if self.uses_all:
            return None
        if self.where is None:
            return check.as_float(self.weight).reshape(-1)
        if self.weight is None:
            return self.where.astype(np.float64).reshape(-1)
        return np.where(self.where, check.as_float(self.weight), 0.0).reshape(-1)

    def used(self):
        """Of each loss, whether it is used: it counts, and its weight is not 0. For the texts of errors."""
        found = np.ones(self.shape, np.bool_) if self.where is None else self.where
        return found if self.weight is None else found & (check.as_float(self.weight) != 0)

    def denominator(self, counts=None, class_weights=None):
        """What the sum of the losses is divided by, as two doubles. `counts` says which losses count beside `where`,
        `class_weights` how much each weighs in a mean: both flat, or None, and the second not without the first."""
        if not self.code & check.rules.MEANS:
            return 1, 0.0
        if counts is not None and self.where is not None:
            counts = counts & self.where.reshape(-1)
        if self.name == "batchmean":
            return self._entries(counts), 0.0
        if self.name == "weighted_mean" and self.weight is not None:
            return self._sum_of_weights(counts, class_weights)
        if class_weights is not None:
            return check.rules.weights_in_two(np.where(counts, class_weights, 0.0), None, 1)
        return self._number(counts), 0.0

    def _number(self, counts):
        if counts is not None:
            return int(np.count_nonzero(counts))
        size = math.prod(self.shape)
        if self.where is None or not size:
            return size
        once = _unrepeated(self.where)
        return int(np.count_nonzero(once)) * (size // once.size)

    def _entries(self, counts):
        """How many entries of the batch, along the first axis, have a loss that counts."""
        if 0 in self.shape:
            return 0
        mask = self.where if counts is None else counts.reshape(self.shape)
        if mask is None:
            return self.shape[0] if self.shape else 1
        return int(np.count_nonzero(mask.any(axis=tuple(range(1, mask.ndim)))))

    def _sum_of_weights(self, counts, class_weights):
        if counts is None and class_weights is None:
            return self._sum_of_sample_weights()
        weights = self.row_weights() if class_weights is None else self.row_weights() * class_weights
        return check.rules.weights_in_two(np.where(counts, weights, 0.0), None, 1)

    def _sum_of_sample_weights(self):
        """Without writing out what broadcasting repeats."""
        if 0 in self.shape:
            return NOTHING
        weight, where = _unrepeated(self.weight), self.where
        if where is not None:
            where = _unrepeated(where)
            shape = np.broadcast_shapes(weight.shape, where.shape)
            weight, where = np.broadcast_to(weight, shape), np.broadcast_to(where, shape)
        return check.rules.weights_in_two(weight, where, math.prod(self.shape) // weight.size)


def scaled_to_one(weights):
    """Weights of rows over a power of two that brings them near 1, and that power: float32 holds no 1e-50. None stays
    None."""
    if weights is None:
        return None, 1.0
    largest = float(np.abs(weights).max(initial=0.0))
    if not 0 < largest < math.inf or 2.0**-60 < largest < 2.0**60:
        return weights, 1.0
    unit = 2.0 ** min(max(math.frexp(largest)[1], -1000), 1000)
    return weights / unit, unit


def _unrepeated(array):
    """The part of an array that broadcasting repeats; of no empty one."""
    return array[(..., *(slice(0, 1) if stride == 0 else slice(None) for stride in array.strides))]
