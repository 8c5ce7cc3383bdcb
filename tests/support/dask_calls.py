"""Losses of fastloss.dask called as those of fastloss are: arrays are cut at random, results are computed."""

import dask
import dask.array as da
import numpy as np
from losses import Row

import fastloss.dask as fd


def cuts(rng, length):
    """Chunks of an axis: some, of any lengths, also 0."""
    places = np.sort(rng.integers(0, length + 1, rng.integers(0, 5)))
    return tuple(int(n) for n in np.diff([0, *places, length]))


def cut(rng, array, whole_axis=None):
    """A Dask array of random blocks; along one axis in one."""
    array = np.asarray(array)
    chunks = tuple((n,) if axis == whole_axis or n <= 1 else cuts(rng, n) for axis, n in enumerate(array.shape))
    return da.from_array(array, chunks=chunks)


class Computed:
    """A loss of fastloss.dask with the verbs of fastloss's."""

    def __init__(self, loss, rng):
        self.loss, self.rng = getattr(fd, loss.__name__), rng
        self.__name__, self.family, self.has_curvature = loss.__name__, loss.family, loss.has_curvature

    def arguments(self, args, kwargs):
        """Some as Dask arrays: always the first."""
        axis = kwargs.get("axis", -1) % args[0].ndim if self.family == "rowwise" else None
        made = [cut(self.rng, args[0], axis)]
        for target in args[1:]:
            of_classes = axis if np.ndim(target) == args[0].ndim else None
            made.append(cut(self.rng, target, of_classes) if self.rng.random() < 0.7 else target)
        options = {
            name: cut(self.rng, value) if name in ("sample_weight", "where") and self.rng.random() < 0.7 else value
            for name, value in kwargs.items()
        }
        return made, options

    def __call__(self, *args, **kwargs):
        made, options = self.arguments(args, kwargs)
        return self.loss(*made, **options).compute(scheduler="sync")

    def pair(self, verb, args, kwargs):
        made, options = self.arguments(args, kwargs)
        return dask.compute(*getattr(self.loss, verb)(*made, **options), scheduler="sync")

    def grad(self, *args, **kwargs):
        made, options = self.arguments(args, kwargs)
        return self.loss.grad(*made, **options).compute(scheduler="sync")

    def value_and_grad(self, *args, **kwargs):
        return self.pair("value_and_grad", args, kwargs)

    def grad_and_hess(self, *args, **kwargs):
        return self.pair("grad_and_hess", args, kwargs)


def of_dask(row, rng):
    """A row of the table of losses, whose loss is that of fastloss.dask."""
    computed = Computed(row.loss, rng)

    class DaskRow(Row):
        loss = computed

    return DaskRow(*row)
