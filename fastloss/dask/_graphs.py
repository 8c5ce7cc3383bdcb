"""The graphs of a call: tasks of blocks, a tree that adds up their sums, and what every block needs of all."""

import math
from functools import partial
from itertools import accumulate, count

import dask.array as da
import numpy as np
from dask.base import flatten, tokenize
from dask.highlevelgraph import HighLevelGraph
from dask.layers import ArrayBlockwiseDep

from fastloss._partial import joined, needs_sum
from fastloss._reduction import Reduction
from fastloss._validation import WITH_BATCHMEAN, rules
from fastloss.dask._block import Divisor, Entries, Losses, counted, only

SPLIT_EVERY = 16  # parts that a task of the tree joins
NUMBER = np.dtype(np.float64)
OBJECT = np.dtype(object)  # as the dtype of an array: its blocks are no arrays


class Places(ArrayBlockwiseDep):
    """The place of a block along some axes, as an argument of da.blockwise: a task has its own numbers alone."""

    def __init__(self, chunks):
        super().__init__(chunks)
        self.starts = [(0, *accumulate(lengths)) for lengths in chunks]

    def __getitem__(self, numbers):
        return tuple(
            (number, self.starts[axis][number], self.chunks[axis][number]) for axis, number in enumerate(numbers)
        )

    def __dask_tokenize__(self):
        return "Places", self.chunks


class Graphs:
    """Of one call, `prepared` by _arguments.py."""

    def __init__(self, prepared, name):
        self.prepared, self.call, self.name = prepared, prepared.call, name
        self.chunks = prepared.prediction.chunks
        self.axes = tuple(range(len(self.chunks)))
        self.code = self.call.rule.reduction
        self.is_root = needs_sum(self.call.loss)

    def results(self, want_value, derivatives):
        """A list of Dask arrays."""
        if not derivatives:
            divisor = self.divisor_of_values()
            task = Losses(self.call, True, 0, None if isinstance(divisor, da.Array) else divisor)
            return [self.value(self.blocks(task, self.kind_of_value), divisor)]
        divisor = self.divisor()
        if want_value and self.is_root:  # whose value is known before the gradient
            return [self.blockwise(value_of, ((), NUMBER), [(divisor, ())]), *self.parts(False, derivatives, divisor)]
        parts = self.parts(want_value, derivatives, divisor)
        return [self.value(parts[0], divisor), *parts[1:]] if want_value else parts

    def parts(self, want_value, derivatives, divisor):
        """What tasks give of each block, an array for each result."""
        more = [(divisor, ())] if isinstance(divisor, da.Array) else []
        task = Losses(self.call, want_value, derivatives, "of all" if more else divisor)
        kinds = [self.kind_of_value] * want_value + [(self.axes, self.prepared.gradient_dtype)] * derivatives
        if len(kinds) == 1:
            return [self.blocks(task, kinds[0], more)]
        both = self.blocks(task, (self.axes, OBJECT), more)
        return [self.blockwise(partial(part_of_results, place=place), kind, [(both, self.axes)])
                for place, kind in enumerate(kinds)]  # fmt: skip

    @property
    def kind_of_value(self):
        """Axes and dtype of what tasks give of the losses. Parts are no arrays: with the axes of the predictions, their
        tasks can be fused with those that read the predictions."""
        return (self.call.rows, self.prepared.value_dtype) if self.code & rules.KEEPS else (self.axes, OBJECT)

    def blocks(self, task, kind, more=(), names=None, ones=()):
        """An array of what a task makes of each block of the arguments that are named, by default all."""
        pairs = [(array, self.prepared.indices[name]) for name, array in self.prepared.arrays.items()
                 if names is None or name in names]  # fmt: skip
        places = Places(tuple(self.chunks[axis] for axis in kind[0]))
        return self.blockwise(task, kind, [(places, kind[0]), *pairs, *more], ones)

    def blockwise(self, function, kind, pairs, ones=()):
        """Axes that are not among those of the result have one block each. Along `ones`, blocks of the result have a
        length of 1."""
        axes, dtype = kind
        return da.blockwise(
            function, axes, *(part for pair in pairs for part in pair), token=self.name, align_arrays=False,
            adjust_chunks=dict.fromkeys(ones, 1), dtype=dtype, meta=np.empty((0,) * len(axes), dtype),
        )  # fmt: skip

    # ---- the value ----

    def value(self, blocks, divisor):
        """Of the parts of blocks; values themselves stay as they are."""
        if self.code & rules.KEEPS:
            return blocks
        if isinstance(divisor, da.Array):
            return self.blockwise(value_of, ((), NUMBER), [(self.whole(blocks), ()), (divisor, ())])
        known = None if divisor is None else counted(divisor, self.call.rule)
        return self.whole(blocks, partial(value_of, divisor=known), NUMBER)

    def whole(self, blocks, then=None, dtype=OBJECT):
        """The Part of all blocks, or what `then` makes of it: a tree of tasks, each of which joins SPLIT_EVERY parts.
        dask.array.reduction has one more function of each block, and fused tasks take Dask 0.5 ms more."""
        keys, tasks = list(flatten(blocks.__dask_keys__())), {}
        name = f"{self.name}-sum-{tokenize(blocks.name, then)}"
        for level in count():
            groups = [keys[start : start + SPLIT_EVERY] for start in range(0, len(keys), SPLIT_EVERY)]
            if len(groups) == 1:
                break
            keys = [(name, level, number) for number in range(len(groups))]
            tasks |= {key: (joined, group) for key, group in zip(keys, groups, strict=True)}
        tasks[name,] = (joined, keys) if then is None else (then, (joined, keys))
        graph = HighLevelGraph.from_collections(name, tasks, dependencies=[blocks])
        return da.Array(graph, name, (), meta=np.empty((), dtype))

    # ---- what means divide by ----

    def divisor_of_values(self):
        """A number or an array; None where each block's share comes with its losses."""
        if not self.code & rules.MEANS or self.is_root:
            return None
        if self.is_divisor_known:
            return Reduction(self.prepared.reduction, None, None).over(self.shape, WITH_BATCHMEAN).denominator()[0]
        return self.entries() if self.is_of_entries else None

    def divisor(self):
        """What the derivatives in a block need to know of all blocks: the same, or the Part of all."""
        if self.is_root:
            return self.whole(self.blocks(Losses(self.call, True, 0, None), self.kind_of_value))
        found = self.divisor_of_values()
        if found is not None or not self.code & rules.MEANS:
            return found
        names = self.names_of_divisor()
        return self.whole(self.blocks(Divisor(self.call, names), (self.axes, OBJECT), names=names))

    @property
    def shape(self):
        """Of the losses."""
        return tuple(sum(self.chunks[axis]) for axis in self.call.rows)

    @property
    def is_divisor_known(self):
        """Whether it follows from the shape."""
        arrays, is_weighted = self.prepared.arrays, self.prepared.reduction == "weighted_mean"
        is_asked = self.prepared.has_labels or "where" in arrays or (is_weighted and "sample_weight" in arrays)
        return not is_asked and not math.isnan(math.prod(self.shape))

    @property
    def is_of_entries(self):
        """Whether a mean counts entries of the first axis that are in several blocks."""
        return self.prepared.reduction == "batchmean" and any(len(self.chunks[axis]) > 1 for axis in self.call.rows[1:])

    def names_of_divisor(self):
        """The arguments that decide it; the predictions, where nothing else tells the lengths of blocks."""
        names = ["target", "sample_weight", "class_weight"] if self.prepared.has_labels else []
        names += ["where", *(["sample_weight"] if self.prepared.reduction == "weighted_mean" else [])]
        names += self.call.names[:1] if math.isnan(math.prod(self.shape)) else []
        return tuple(name for name in self.call.names if name in names)

    def entries(self):
        names = tuple(name for name in self.names_of_divisor() if name not in ("sample_weight", "class_weight"))
        task = Entries(self.call, names, self.call.options.get("ignore_index"))
        found = self.blocks(task, (self.call.rows, np.dtype(np.bool_)), names=names, ones=self.call.rows[1:])
        number = found.any(axis=tuple(range(1, found.ndim))).sum()
        return self.blockwise(partial(counted, rule=self.call.rule), ((), OBJECT), [(number, ())])


def part_of_results(results, place):
    """One result of a task that has several."""
    return only(results)[place]


def value_of(whole, divisor=None):
    """The value of a reduction, from the Part of all blocks, and another for what a mean divides by."""
    if divisor is not None:
        whole = whole._replace(denominator=divisor.denominator)
    return np.float64(whole.value)
