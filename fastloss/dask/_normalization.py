"""softmax, log_softmax and logsumexp of Dask arrays."""

import dask.array as da
import numpy as np

import fastloss as fl
from fastloss import _validation as check
from fastloss._threads import threads_for
from fastloss.dask._arguments import as_blocks
from fastloss.dask._axes import one_block_axes
from fastloss.dask._block import of_zeros, only


def _of_rows(name, scores, axis, num_threads):
    threads_for(num_threads, 1)  # checks it
    array = as_blocks(scores, "scores")
    (axis,) = one_block_axes("rowwise", array, "scores", axis)
    keeps_axis = name != "logsumexp"
    code = check.number_code(of_zeros((), array.dtype), "scores")
    dtype = check.gradient_dtype(of_zeros((), array.dtype), code) if keeps_axis else check.compute_dtype(code)
    dtype = np.dtype(dtype).newbyteorder("=")
    axes = tuple(range(array.ndim))
    return da.blockwise(
        _Block(name, axis, num_threads), axes if keeps_axis else axes[:axis] + axes[axis + 1 :], array, axes,
        token=name, dtype=dtype, meta=np.empty((0,) * (array.ndim - (not keeps_axis)), dtype),
    )  # fmt: skip


class _Block:
    """The function of one block."""

    def __init__(self, *options):
        self.options = options

    def __dask_tokenize__(self):
        return self.options

    def __call__(self, block):
        name, axis, num_threads = self.options
        return getattr(fl, name)(only(block), axis=axis, num_threads=num_threads)


def softmax(scores, *, axis=-1, num_threads=1):
    """Probabilities from scores, as `fastloss.softmax`: a Dask array of the same blocks.

    Parameters
    ----------
    scores : Dask array, in one block along `axis`
    axis : int
        The class axis.
    num_threads : int
        Within a task.
    """
    return _of_rows("softmax", scores, axis, num_threads)


def log_softmax(scores, *, axis=-1, num_threads=1):
    """Logarithms of probabilities from scores, as `fastloss.log_softmax`: a Dask array of the same blocks.

    Parameters
    ----------
    scores : Dask array, in one block along `axis`
    axis : int
        The class axis.
    num_threads : int
        Within a task.
    """
    return _of_rows("log_softmax", scores, axis, num_threads)


def logsumexp(scores, *, axis=-1, num_threads=1):
    """The logarithm of the sum of exponentials, as `fastloss.logsumexp`: a Dask array without `axis`.

    Parameters
    ----------
    scores : Dask array, in one block along `axis`
    axis : int
        The class axis.
    num_threads : int
        Within a task.
    """
    return _of_rows("logsumexp", scores, axis, num_threads)
