"""From the arguments of a call to Dask arrays of fitting blocks: those of the predictions decide."""

import inspect
import math
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np

from fastloss import _validation as check
from fastloss._keywords import explain
from fastloss._loss import validated
from fastloss._threads import threads_for
from fastloss.dask._axes import axes_of, few, rows_of
from fastloss.dask._block import Call, of_zeros


@dataclass
class Prepared:
    """A call that has been checked as far as it can be without computing."""

    call: Call
    arrays: dict  # {argument: Dask array}, cut to the blocks of the first
    indices: dict  # {argument: its axes in the predictions}; the number after the last is an axis of its own
    reduction: str
    gradient_dtype: Any
    value_dtype: Any  # with reduction="none"
    no_curvature: Any  # why there is none with these options

    @property
    def prediction(self):
        return next(iter(self.arrays.values()))

    @property
    def has_labels(self):
        is_of_rows = self.call.loss.family == "rowwise" and "target" in self.arrays
        return is_of_rows and len(self.indices["target"]) < self.prediction.ndim


def prepare(loss, args, kwargs, num_threads):
    threads_for(num_threads, 1)  # checks it
    arguments = bound(loss, args, kwargs)
    arrays = as_arrays(arguments)
    (first, prediction), *_ = arrays.items()
    if loss.family == "ctc" and np.ndim(arguments["targets"]) != prediction.ndim - 1:
        raise TypeError(f"targets has {np.ndim(arguments['targets'])} dimensions; expected an array of shape (N, S)")
    options = {name: value for name, value in arguments.items() if name not in arrays}
    rows = rows_of(loss, prediction, first, options)
    indices = {name: axes_of(loss, name, array, prediction, rows) for name, array in arrays.items()}
    check_shapes(loss, arrays, rows)
    evaluation = validated(loss._define, (), options | small(loss, arrays, indices, rows))
    aligned = {name: align(array, indices[name], prediction, name) for name, array in arrays.items()}
    axes = {name: own_axes(array.shape, indices[name], prediction) for name, array in arrays.items()}
    call = Call(
        loss, tuple(aligned), axes, options, prediction.ndim, rows, prediction.dtype,
        evaluation.rule, num_threads,
    )  # fmt: skip
    code = check.number_code(of_zeros((), prediction.dtype), first)
    dtype = check.gradient_dtype(of_zeros((), prediction.dtype), code)
    return Prepared(
        call, aligned, indices, arguments["reduction"], np.dtype(dtype), np.dtype(check.compute_dtype(code)),
        getattr(evaluation, "no_curvature", None),
    )  # fmt: skip


def bound(loss, args, kwargs):
    """{argument: value} of all that the loss takes."""
    signature = inspect.signature(loss)
    parameters = [p for p in signature.parameters.values() if p.name not in ("num_threads", "progress")]
    try:
        try:
            found = signature.replace(parameters=parameters).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{loss.__name__}() {error}") from None
    except TypeError as error:
        explain(error, loss, args, kwargs)
        raise
    found.apply_defaults()
    return dict(found.arguments)


def as_arrays(arguments):
    """Those that are arrays of Dask or NumPy, in the order of the arguments; the first is made one of Dask."""
    first = next(iter(arguments))
    found = {}
    for name, value in arguments.items():
        if isinstance(value, da.Array):
            found[name] = value
        elif name == first:
            found[name] = da.from_array(check.as_array(value, name))
        elif name == "targets" and isinstance(value, (list, tuple)):
            raise TypeError("targets is a list; expected an array of shape (N, S), which can be cut along N")
        elif value is not None and not isinstance(value, (str, bytes)):
            array = value if np.isscalar(value) else check.as_array(value, name)
            if np.ndim(array):  # NumPy takes an empty list for floats
                found[name] = array if array.size or isinstance(value, np.ndarray) else array.astype(np.int64)
    return found


def check_shapes(loss, arrays, rows):
    """The texts of fastloss where shapes do not fit; not of those that are not known."""
    (first, prediction), *others = arrays.items()
    if any(math.isnan(length) for array in arrays.values() for length in array.shape):
        return
    losses, whole = tuple(prediction.shape[axis] for axis in rows), of_zeros(prediction.shape, prediction.dtype)
    for name, array in others:
        found = of_zeros(array.shape, array.dtype)
        if name == "sample_weight":
            check.as_weights(found, name, losses)
        elif name == "where":
            check.as_broadcast(found, name, losses)
        elif loss.family == "elementwise":
            check.as_operand(found, name, prediction.shape, first)
        elif loss.family == "rowwise":
            _check_of_rows(loss, name, found, losses, (first, whole))
        elif losses and array.shape[0] != losses[0]:
            raise ValueError(
                f"{name} has shape {array.shape}; {first} of shape {whole.shape} has {losses[0]} sequences"
            )


def _check_of_rows(loss, name, found, losses, prediction):
    first, whole = prediction
    if not name.startswith("target"):
        axis = next(axis for axis in range(whole.ndim) if whole.shape[:axis] + whole.shape[axis + 1 :] == losses)
        if found.shape != (whole.shape[axis],):
            check.as_class_weights(found, name, whole.shape[axis])
    elif found.shape != whole.shape and "ignore_index" in inspect.signature(loss).parameters:
        no_label = np.full((1,) * found.ndim, 0.5)
        check.check_labels(found if found.dtype.kind in "iub" else no_label, name, losses, prediction)
    else:
        check.as_same_shape(found, name, whole, first)


def small(loss, arrays, indices, rows):
    """A few numbers in the place of each array, with which options and dtypes are checked. One weight for each class
    is there as it is."""
    ndim = len(next(iter(indices.values())))
    made = {name: np.zeros(few(array.shape, indices[name], rows, ndim), array.dtype) for name, array in arrays.items()}
    for name, array in arrays.items():
        if name in ("class_weight", "alpha") and loss.family == "rowwise" and isinstance(array, np.ndarray):
            made[name] = array
    if loss.family == "ctc":  # so that no label is read
        made["target_lengths"] = np.zeros(made["targets"].shape[:1], np.int64)
    return made


def own_axes(shape, indices, prediction):
    """The axes for which a place in a block is another in the whole: not where an argument is repeated."""
    return tuple(prediction.ndim if length == 1 else axis for length, axis in zip(shape, indices, strict=True))


def align(array, indices, prediction, name):
    """An array with the blocks of the predictions."""
    chunks = tuple(
        (length,) if length == 1 or axis >= prediction.ndim else prediction.chunks[axis]
        for length, axis in zip(array.shape, indices, strict=True)
    )
    if any(math.isnan(length) for lengths in (*chunks, *getattr(array, "chunks", ())) for length in lengths):
        return as_it_is(array, chunks, name)
    return array.rechunk(chunks) if isinstance(array, da.Array) else da.from_array(array, chunks=chunks)


def as_it_is(array, chunks, name):
    """Of lengths that are not known, the blocks can't be cut again, but there may be as many."""
    if isinstance(array, da.Array) and array.numblocks == tuple(map(len, chunks)):
        return array
    raise ValueError(
        f"{name} can't be cut to the blocks of the predictions, as lengths are not known: call .compute_chunk_sizes() "
        "of the arrays that come from a table or a selection"
    )
