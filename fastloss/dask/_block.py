"""What tasks compute: a loss over one block of each of its arrays. Nothing here knows of Dask."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastloss.dask._partial import denominator_alone, evaluate
from fastloss.dask._places import start_and_length, with_place
from fastloss.dask._totals import TOTALS, of_count


@dataclass(frozen=True)
class Call:
    """A call of a loss without its arrays. It is in every task, so it has to be small."""

    loss: Any
    names: tuple  # of the arguments that are arrays of blocks, the predictions first
    indices: dict  # the axes of each in the predictions
    required: tuple  # names of the arguments that have no default, without the predictions
    options: dict  # the other arguments
    runs: tuple  # the chunks of each axis of the predictions, by runs_of
    class_axis: Any  # of the predictions; None for a loss of elements
    dtype: Any  # of the predictions
    unit: float  # what the sum of the losses is still to be multiplied with
    num_threads: int  # within a task

    def __dask_tokenize__(self):
        options = sorted((name, repr(value)) for name, value in self.options.items())
        return self.loss.__name__, self.names, sorted(self.indices.items()), options, self.runs, str(self.dtype)

    @property
    def rows(self):
        """The axes of the predictions that are axes of the losses."""
        return tuple(axis for axis in range(len(self.runs)) if axis != self.class_axis)

    def evaluation(self, arrays):
        """A validated call of fastloss; `arrays` are {argument: block}."""
        weight = arrays.get("sample_weight")
        if weight is not None:  # of one dimension, it may seem to be meant for another axis, which is refused
            arrays["sample_weight"] = weight.reshape((1,) * (len(self.rows) - weight.ndim) + weight.shape)
        return self.loss._define(**arrays, **self.options)

    def shape(self, number):
        """Of the block of that number."""
        return tuple(start_and_length(runs, place)[1] for runs, place in zip(self.runs, number, strict=True))

    def explained(self, error, number):
        """An error of a block as one of the whole."""
        starts = [start_and_length(runs, place)[0] for runs, place in zip(self.runs, number, strict=True)]
        return with_place(error, number, starts, self.indices)


class Task:
    """What is called with the place of a block among the blocks of the losses, and its arrays."""

    def __init__(self, call, *options):
        self.call, self.options = call, options

    def __dask_tokenize__(self):
        return type(self).__name__, self.call.__dask_tokenize__(), self.options

    def __call__(self, place, *blocks):
        number = list(place)
        if self.call.class_axis is not None:  # along which there is one
            number.insert(self.call.class_axis, 0)
        try:
            return self.compute(number, [only(block) for block in blocks], *self.options)
        except (TypeError, ValueError) as error:
            explained = self.call.explained(error, number)
        raise explained


class Losses(Task):
    """Totals or values, if they are wanted, and so many derivatives: one of them alone, or a tuple. A mean divides by
    `divisor`: a number; "of all", which the totals of all blocks say, the last of the arrays; None for its own."""

    def compute(self, number, blocks, want_value, derivatives, divisor):
        totals = blocks.pop() if divisor == "of all" else None if divisor is None else of_count(divisor)
        evaluation = self.call.evaluation(dict(zip(self.call.names, blocks, strict=True)))
        value, arrays = evaluate(evaluation, want_value, derivatives, self.call.num_threads, self.call.unit, totals)
        if want_value and value.dtype == TOTALS:
            value = value.reshape((1,) * len(self.call.rows))
        results = [value] * want_value + arrays
        return results[0] if len(results) == 1 else tuple(results)


class Divisor(Task):
    """What a mean divides by, from the arguments that decide it: `names`. The predictions are not read."""

    def compute(self, number, blocks, names):
        arrays = dict(zip(names, blocks, strict=True))
        first = self.call.names[0]
        shape = arrays[first].shape if first in arrays else self.call.shape(number)
        others = {name: of_zeros(shape, self.call.dtype) for name in (first, *self.call.required) if name not in names}
        evaluation = self.call.evaluation(others | arrays)
        return denominator_alone(evaluation).reshape((1,) * len(self.call.rows))


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


def of_zeros(shape, dtype):
    """An array that needs no memory."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def only(block):
    """Dask hands blocks that it would concatenate as lists, here of one."""
    while isinstance(block, list):
        block = block[0]
    return block
