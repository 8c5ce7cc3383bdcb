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


_DOCSTRING = """\
{what}, as `fastloss.{name}`: a Dask array {shape}.

Parameters
----------
scores : Dask array, or what `fastloss.{name}` takes; in one block along `axis`
axis : int
    The class axis.
num_threads : int
    The most threads of a task.

Returns
-------
Dask array
    Of the float type of `scores`, float64 for integers. Nothing is computed yet.

Raises
------
ValueError, TypeError
    For an axis that is not there, or is in several blocks; for numbers that are none.

Examples
--------
>>> import dask.array as da, numpy as np, fastloss as fl, fastloss.dask as fd
>>> x = da.from_array(np.eye(4), chunks=(2, 4))
>>> bool(np.all(fd.{name}(x).compute() == fl.{name}(np.eye(4))))
True
"""


def _made(name, what, shape="of the same blocks"):
    def function(scores, *, axis=-1, num_threads=1):
        return _of_rows(name, scores, axis, num_threads)

    function.__name__ = function.__qualname__ = name
    function.__module__ = "fastloss.dask"
    function.__doc__ = _DOCSTRING.format(name=name, what=what, shape=shape)
    return function


softmax = _made("softmax", "Probabilities from scores")
log_softmax = _made("log_softmax", "Logarithms of probabilities from scores")
logsumexp = _made("logsumexp", "The logarithm of the sum of exponentials", "without `axis`")
