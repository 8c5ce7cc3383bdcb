"""From the arguments of a call to Dask arrays of fitting blocks: those of the predictions decide."""

import inspect
import math
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np

from fastloss import _validation as check
from fastloss._keywords import explain
from fastloss.dask._block import Call, of_zeros
from fastloss.dask._places import runs_of

_OF_LOSSES = ("sample_weight", "where")  # arguments of the shape of the losses, or that broadcast to it


@dataclass
class Prepared:
    """A call that has been checked as far as it can be without computing."""

    call: Call
    arrays: dict  # {argument: Dask array}, cut to the blocks of the first
    evaluation: Any  # of a few numbers with the same dtypes and options
    reduction: str

    @property
    def prediction(self):
        return next(iter(self.arrays.values()))

    @property
    def has_labels(self):
        return self.call.class_axis is not None and "target" in self.arrays and (
            len(self.call.indices["target"]) < self.prediction.ndim
        )  # fmt: skip


def prepare(loss, args, kwargs, num_threads):
    arguments = bound(loss, args, kwargs)
    first = next(iter(arguments))
    arrays = as_arrays(arguments)
    prediction = arrays[first]
    axis = class_axis_of(loss, prediction, first, arguments.get("axis", -1))
    indices = {name: axes_of(name, array, prediction, axis) for name, array in arrays.items()}
    options = {name: value for name, value in arguments.items() if name not in arrays}
    check_shapes(loss, arrays, indices, axis)
    evaluation = loss._define(**small(arrays, indices, axis), **options)
    aligned = {name: align(array, indices[name], prediction, name) for name, array in arrays.items()}
    required = [name for name, p in inspect.signature(loss).parameters.items() if p.default is p.empty and name != first]
    call = Call(
        loss, tuple(aligned), indices, tuple(required), options, tuple(map(runs_of, prediction.chunks)), axis,
        prediction.dtype, evaluation.unit, num_threads,
    )  # fmt: skip
    return Prepared(call, aligned, evaluation, arguments["reduction"])


def bound(loss, args, kwargs):
    """{argument: value} of all that the loss takes."""
    signature = inspect.signature(loss)
    parameters = [p for p in signature.parameters.values() if p.name != "num_threads"]
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
    """Those that are arrays of Dask, and those that are made such, in the order of the arguments."""
    first = next(iter(arguments))
    found = {}
    for name, value in arguments.items():
        if isinstance(value, da.Array):
            found[name] = value
        elif name == first:
            found[name] = da.from_array(check.as_array(value, name))
        elif value is not None and not isinstance(value, (str, bytes)):
            array = value if np.isscalar(value) else check.as_array(value, name)
            if np.ndim(array):
                found[name] = array
    return found


def class_axis_of(loss, prediction, name, axis):
    """None for a loss of elements."""
    if loss.family == "elementwise":
        return None
    _, axis = check.with_classes_last(of_zeros(known(prediction.shape), prediction.dtype), axis, name)
    if prediction.numblocks[axis] > 1:
        raise one_block_wanted(name, prediction, axis)
    return axis


def one_block_wanted(name, array, axis):
    others = "" if array.ndim == 1 else ", ".join(f"{i}: 'auto'" for i in range(array.ndim) if i != axis) + ", "
    return ValueError(
        f"{name} is in {array.numblocks[axis]} blocks along axis {axis}, the classes, which a row needs together: "
        f"{name}.rechunk({{{others}{axis}: -1}})"
    )


def known(shape):
    """A shape with 1 in the place of what is not known."""
    return tuple(1 if math.isnan(length) else length for length in shape)


def axes_of(name, array, prediction, axis):
    """The axes of the predictions that are those of an array."""
    ndim = prediction.ndim
    if axis is None or array is prediction:
        return tuple(range(ndim))[ndim - array.ndim :]
    rows = tuple(i for i in range(ndim) if i != axis)
    if name in _OF_LOSSES:
        return rows[len(rows) - array.ndim :]
    if name.startswith("target"):
        return tuple(range(ndim)) if array.ndim == ndim else rows
    return (axis,)  # of class weights


def check_shapes(loss, arrays, indices, axis):
    """The texts of fastloss where shapes do not fit; not of those that are not known."""
    (first, prediction), *others = arrays.items()
    if any(math.isnan(length) for array in arrays.values() for length in array.shape):
        return
    losses = tuple(length for i, length in enumerate(prediction.shape) if i != axis)
    whole = of_zeros(prediction.shape, prediction.dtype)
    for name, array in others:
        found = of_zeros(array.shape, array.dtype)
        if name == "sample_weight":
            check.as_weights(found, name, losses)
        elif name == "where":
            check.as_broadcast(found, name, losses)
        elif axis is None:
            check.as_operand(found, name, prediction.shape, first)
        elif name.startswith("target"):
            if array.shape != prediction.shape and "ignore_index" in inspect.signature(loss).parameters:
                no_label = np.full((1,) * array.ndim, 0.5)
                check.check_labels(found if found.dtype.kind in "iub" else no_label, name, losses, (first, whole))
            else:
                check.as_same_shape(found, name, whole, first)
        elif array.shape != (prediction.shape[axis],):
            check.as_class_weights(found, name, prediction.shape[axis])


def small(arrays, indices, axis):
    """A few numbers in the place of each array, with which options and dtypes are checked; class weights are all
    there, if they are."""
    made = {name: np.zeros(few(array.shape, indices[name], axis), array.dtype) for name, array in arrays.items()}
    for name, array in arrays.items():
        if indices[name] == (axis,) and isinstance(array, np.ndarray):
            made[name] = array
    return made


def few(shape, indices, axis):
    return tuple(length if i == axis else min(length, 1) for i, length in zip(indices, known(shape), strict=True))


def align(array, indices, prediction, name):
    """An array with the blocks of the predictions."""
    chunks = tuple((length,) if length == 1 else prediction.chunks[axis] for length, axis in
                   zip(array.shape, indices, strict=True))  # fmt: skip
    if any(math.isnan(length) for lengths in (*chunks, *getattr(array, "chunks", ())) for length in lengths):
        return as_it_is(array, chunks, name)
    return array.rechunk(chunks) if isinstance(array, da.Array) else da.from_array(array, chunks=chunks)


def as_it_is(array, chunks, name):
    """Of lengths that are not known, the blocks can't be cut again, but there may be as many."""
    if isinstance(array, da.Array) and array.numblocks == tuple(map(len, chunks)):
        return array
    raise ValueError(
        f"{name} can't be cut to the blocks of the predictions, whose lengths are not known: call "
        ".compute_chunk_sizes() of the arrays that have unknown lengths"
    )
