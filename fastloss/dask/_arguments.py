"""From the arguments of a call to Dask arrays of fitting blocks: those of the predictions decide."""

import inspect
import math
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np

from fastloss import _validation as check
from fastloss._keywords import ARRAY_OPTIONS, bound
from fastloss._loss import validated
from fastloss._threads import threads_for
from fastloss.dask._axes import OF_LOSSES, axes_of, few, rows_of
from fastloss.dask._block import Call, of_zeros

# What is an array also where it is one number, besides weights: a mean may divide by what it says, or it may not fit.
_NUMBERS = {"rowwise": ("target",), "ctc": ("input_lengths", "target_lengths")}


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
    given = bound(loss.__name__, signature_of(loss), args, kwargs)
    given.apply_defaults()
    arguments = dict(given.arguments)
    arrays = as_arrays(loss, arguments)
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
    dtype = np.dtype(check.gradient_dtype(of_zeros((), prediction.dtype), code)).newbyteorder("=")
    return Prepared(
        call, aligned, indices, arguments["reduction"], dtype, np.dtype(check.compute_dtype(code)),
        getattr(evaluation, "no_curvature", None),
    )  # fmt: skip


def signature_of(loss):
    """That of fastloss's loss, without what is not its own, or is Dask's to do."""
    own = inspect.signature(loss)
    return own.replace(parameters=[p for p in own.parameters.values() if p.name not in ("num_threads", "progress")])


def as_arrays(loss, arguments):
    """Those that are arrays of Dask or NumPy, in the order of the arguments; the first is made one of Dask."""
    first, *others = _that_may_be_arrays(loss)
    also_numbers = (*OF_LOSSES, *_NUMBERS.get(loss.family, ()))
    found = {}
    for name in (first, *others):
        value = arguments.get(name)
        if isinstance(value, da.Array) or name == first:
            found[name] = as_blocks(value, name)
        elif name == "targets" and isinstance(value, (list, tuple)):
            raise TypeError("targets is a list; expected an array of shape (N, S), which can be cut along N")
        elif value is not None and not isinstance(value, (str, bytes)):
            array = check.as_array(value, name)
            if array.ndim or name in also_numbers:  # NumPy takes an empty list for floats
                found[name] = array if array.size or isinstance(value, np.ndarray) else array.astype(np.int64)
            elif not np.isscalar(value):  # a call is named by its options: of arrays, by their bytes
                arguments[name] = array
    for name in arguments.keys() - {first, *others}:
        if hasattr(arguments[name], "__dask_graph__"):
            raise TypeError(f"{name} is still to be computed by Dask; expected an option as it is: .compute() it")
    return {name: found[name] for name in arguments if name in found}


def _that_may_be_arrays(loss):
    parameters = inspect.signature(loss).parameters
    return [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD or name in ARRAY_OPTIONS]


def as_blocks(value, name):
    """A Dask array. Refused are those whose blocks are not NumPy's arrays, as far as Dask knows."""
    if not isinstance(value, da.Array):
        return da.from_array(check.as_array(value, name))
    if isinstance(value._meta, np.ma.MaskedArray):
        raise TypeError(
            f"{name} has masked arrays for blocks, whose masks would be ignored; pass dask.array.ma.getdata({name}), "
            f"and what counts of it as where=~dask.array.ma.getmaskarray({name})"
        )
    check.as_array(value._meta, name)
    return value


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
        elif losses and array.shape[:1] != losses:
            raise ValueError(
                f"{name} has shape {array.shape}; {first} of shape {whole.shape} has {losses[0]} sequences"
            )


def _check_of_rows(loss, name, found, losses, prediction):
    first, whole = prediction
    if not name.startswith("target"):
        if not found.ndim:
            return  # one number for all classes, where that is allowed
        axis = next(axis for axis in range(whole.ndim) if whole.shape[:axis] + whole.shape[axis + 1 :] == losses)
        if found.shape != (whole.shape[axis],):
            check.as_class_weights(found, name, whole.shape[axis])
    elif found.shape != whole.shape and "ignore_index" in inspect.signature(loss).parameters:
        if found.dtype.kind in ("f", "O"):  # no whole numbers, as far as is known
            found = np.full((1,) * found.ndim, 0.5, found.dtype)
        check.check_labels(found, name, losses, prediction)
    else:
        check.as_same_shape(found, name, whole, first)


def small(loss, arrays, indices, rows):
    """A few numbers in the place of each array, with which options and dtypes are checked. What is one number, or one
    for each class, is there as it is."""
    ndim = len(next(iter(indices.values())))
    made = {name: np.zeros(few(array.shape, indices[name], rows, ndim), array.dtype) for name, array in arrays.items()}
    for name, array in arrays.items():
        is_of_classes = name in ("class_weight", "alpha") and loss.family == "rowwise"
        if isinstance(array, np.ndarray) and (is_of_classes or not array.ndim):
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
