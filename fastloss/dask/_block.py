"""What tasks compute: a loss over one block of each of its arrays. Nothing here knows of Dask."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastloss._partial import Part, part_of
from fastloss._reduction import NOTHING, Reduction
from fastloss._validation import WITH_BATCHMEAN
from fastloss.dask._places import ONLY, SAMPLE, Span, with_place


@dataclass(frozen=True)
class Call:
    """A call of a loss without its arrays. It is in every task, so it has to be small."""

    loss: Any
    names: tuple  # of the arguments that are arrays of blocks, the predictions first
    axes: dict  # those of each in the predictions; the number after the last, where it has one of its own or repeats
    options: dict  # the other arguments
    ndim: int  # of the predictions
    rows: tuple  # the axes of the predictions that are axes of the losses; the others have one block
    dtype: Any  # of the predictions
    rule: Any  # from the sums of all blocks to the value
    num_threads: int  # within a task

    def __dask_tokenize__(self):
        options = sorted((name, named(value)) for name, value in self.options.items())
        return self.loss.__name__, self.names, sorted(self.axes.items()), options, str(self.dtype)

    def evaluate(self, blocks, whole=None, **wanted):
        """What fastloss._partial.part_of gives of blocks, {argument: array}."""
        keywords = {**self.options, **blocks, "sample_weight": self.weight_of(blocks)}
        return part_of(self.loss, (), keywords, whole, num_threads=self.num_threads, **wanted)

    def weight_of(self, blocks):
        """sample_weight, or None. Of one dimension, it may seem to be meant for another axis, which is refused."""
        weight = blocks.get("sample_weight")
        return None if weight is None else weight.reshape((1,) * (len(self.rows) - weight.ndim) + weight.shape)

    def shape_of_losses(self, arrays, spans):
        """Of a block: by the predictions, if they are there, else by its place."""
        found = arrays.get(self.names[0])
        return tuple(spans[axis].length if found is None else found.shape[axis] for axis in self.rows)


class Task:
    """What is called with the place of a block, a Span for each axis of the predictions or of the losses, and with its
    arrays."""

    def __init__(self, call, *options):
        self.call, self.options = call, options

    def __dask_tokenize__(self):
        return type(self).__name__, self.call.__dask_tokenize__(), self.options

    def __call__(self, place, *blocks):
        spans = [ONLY] * self.call.ndim
        axes = self.call.rows if len(place) == len(self.call.rows) else range(self.call.ndim)
        for axis, span in zip(axes, place, strict=True):
            spans[axis] = Span(*span)
        try:
            return self.compute(spans, [only(block) for block in blocks], *self.options)
        except (TypeError, ValueError) as error:
            explained = with_place(error, spans, {**self.call.axes, SAMPLE: self.call.rows[:1]})
        raise explained


class Losses(Task):
    """Part or values, if they are wanted, and so many derivatives: one of them alone, or a tuple. A mean divides by
    `divisor`: a number; "of all", which is said by the last array, the Part of all blocks; None for the block's own."""

    def compute(self, spans, blocks, want_value, derivatives, divisor):
        whole = blocks.pop() if divisor == "of all" else None if divisor is None else counted(divisor, self.call.rule)
        arrays = dict(zip(self.call.names, blocks, strict=True))
        part, values, found = self.call.evaluate(arrays, whole, derivatives=derivatives, want_sum=want_value)
        results = [part if values is None else values] * want_value + found
        return results[0] if len(results) == 1 else tuple(results)


class Divisor(Task):
    """A Part with what a mean divides by, from the arguments that decide it: `names`. Predictions are not read."""

    def compute(self, spans, blocks, names):
        arrays = dict(zip(names, blocks, strict=True))
        first = self.call.names[0]
        if "target" in arrays:  # labels, some of which are ignored
            shape = arrays[first].shape if first in arrays else tuple(span.length for span in spans)
            arrays[first] = of_zeros(shape, self.call.dtype)
            return self.call.evaluate(arrays, want_sum=False)[0]
        losses = self.call.shape_of_losses(arrays, spans)
        reduction = Reduction(self.call.options["reduction"], self.call.weight_of(arrays), arrays.get("where"))
        return Part(NOTHING, reduction.over(losses, WITH_BATCHMEAN).denominator(), self.call.rule)


class Entries(Task):
    """Which entries of the first axis of the losses have one that counts: of shape (n, 1, ...)."""

    def compute(self, spans, blocks, names, ignore_index):
        arrays = dict(zip(names, blocks, strict=True))
        counts = np.ones(self.call.shape_of_losses(arrays, spans), np.bool_)
        if "where" in arrays:
            counts &= arrays["where"].astype(np.bool_)
        if "target" in arrays and ignore_index is not None:
            counts &= arrays["target"] != ignore_index
        return counts.any(axis=tuple(range(1, counts.ndim)), keepdims=True)


def named(option):
    """A text that tells an option from others. That of an array shows eight digits only."""
    return f"{option.dtype} {option.tobytes()}" if isinstance(option, np.ndarray) else repr(option)


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
