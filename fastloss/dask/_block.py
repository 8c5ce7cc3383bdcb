"""What tasks compute: a loss over one block of each of its arrays. Nothing here knows of Dask."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastloss._partial import Part, part_of
from fastloss._reduction import NOTHING, Reduction
from fastloss._validation import WITH_BATCHMEAN
from fastloss.dask._places import start_and_length, with_place


@dataclass(frozen=True)
class Call:
    """A call of a loss without its arrays. It is in every task, so it has to be small."""

    loss: Any
    names: tuple  # of the arguments that are arrays of blocks, the predictions first
    indices: dict  # the axes of each in the predictions; one more is an axis of its own
    options: dict  # the other arguments
    runs: tuple  # the chunks of each axis of the predictions, by runs_of
    rows: tuple  # the axes of the predictions that are axes of the losses; the others have one block
    dtype: Any  # of the predictions
    rule: Any  # from the sums of all blocks to the value
    num_threads: int  # within a task

    def __dask_tokenize__(self):
        options = sorted((name, repr(value)) for name, value in self.options.items())
        return self.loss.__name__, self.names, sorted(self.indices.items()), options, self.runs, str(self.dtype)

    def evaluate(self, blocks, whole=None, **wanted):
        """What fastloss._partial.part_of gives of blocks, {argument: array}."""
        weight = blocks.get("sample_weight")
        if weight is not None:  # of one dimension, it may seem to be meant for another axis, which is refused
            blocks["sample_weight"] = weight.reshape((1,) * (len(self.rows) - weight.ndim) + weight.shape)
        return part_of(self.loss, (), {**self.options, **blocks}, whole, num_threads=self.num_threads, **wanted)

    def shape(self, number):
        """Of the predictions' block of that number."""
        return tuple(start_and_length(runs, place)[1] for runs, place in zip(self.runs, number, strict=True))

    def explained(self, error, number):
        """An error of a block as one of the whole."""
        starts = [start_and_length(runs, place)[0] for runs, place in zip(self.runs, number, strict=True)]
        return with_place(error, number, starts, self.indices)


class Task:
    """What is called with the place of a block among those of the predictions or of the losses, and its arrays."""

    def __init__(self, call, *options):
        self.call, self.options = call, options

    def __dask_tokenize__(self):
        return type(self).__name__, self.call.__dask_tokenize__(), self.options

    def __call__(self, place, *blocks):
        number = [0] * len(self.call.runs)
        axes = self.call.rows if len(place) == len(self.call.rows) else range(len(number))
        for axis, one in zip(axes, place, strict=True):
            number[axis] = one
        try:
            return self.compute(number, [only(block) for block in blocks], *self.options)
        except (TypeError, ValueError) as error:
            explained = self.call.explained(error, number)
        raise explained


class Losses(Task):
    """Part or values, if they are wanted, and so many derivatives: one of them alone, or a tuple. A mean divides by
    `divisor`: a number; "of all", which is said by the last array, the Part of all blocks; None for the block's own."""

    def compute(self, number, blocks, want_value, derivatives, divisor):
        whole = blocks.pop() if divisor == "of all" else None if divisor is None else counted(divisor, self.call.rule)
        arrays = dict(zip(self.call.names, blocks, strict=True))
        part, values, found = self.call.evaluate(arrays, whole, derivatives=derivatives, want_sum=want_value)
        results = [part if values is None else values] * want_value + found
        return results[0] if len(results) == 1 else tuple(results)


class Divisor(Task):
    """A Part with what a mean divides by, from the arguments that decide it: `names`. Predictions are not read."""

    def compute(self, number, blocks, names):
        arrays = dict(zip(names, blocks, strict=True))
        first, options = self.call.names[0], self.call.options
        shape = arrays.pop(first).shape if first in arrays else self.call.shape(number)
        if "target" in arrays:  # labels, some of which are ignored
            return self.call.evaluate({first: of_zeros(shape, self.call.dtype), **arrays}, want_sum=False)[0]
        losses = tuple(shape[axis] for axis in self.call.rows)
        reduction = Reduction(options["reduction"], arrays.get("sample_weight"), arrays.get("where"))
        return Part(NOTHING, reduction.over(losses, WITH_BATCHMEAN).denominator(), self.call.rule)


class Entries(Task):
    """Which entries of the first axis of the losses have one that counts: of shape (n, 1, ...)."""

    def compute(self, number, blocks, names, ignore_index):
        arrays = dict(zip(names, blocks, strict=True))
        shape = self.call.shape(number)
        counts = np.ones([shape[axis] for axis in self.call.rows], np.bool_)
        if "where" in arrays:
            counts &= arrays["where"].astype(np.bool_)
        if "target" in arrays and ignore_index is not None:
            counts &= arrays["target"] != ignore_index
        return counts.any(axis=tuple(range(1, counts.ndim)), keepdims=True)


def counted(number, rule):
    """A Part of a mean that divides by a number."""
    return Part(NOTHING, (float(number), 0.0), rule)


def of_zeros(shape, dtype):
    """An array that needs no memory."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def only(block):
    """Dask hands blocks that it would concatenate as lists, here of one."""
    while isinstance(block, list):
        block = block[0]
    return block
