"""Which axes of an argument are which of the predictions; which of these may be cut into blocks."""

import math

from fastloss import _validation as check
from fastloss.dask._block import of_zeros

OF_LOSSES = ("sample_weight", "where")  # arguments of the shape of the losses, or that broadcast to it


def known(shape):
    """A shape with 1 in the place of what is not known."""
    return tuple(1 if math.isnan(length) else length for length in shape)


def few(shape, indices, rows, ndim):
    """A shape with at most one row: axes that are not cut stay as long as they are."""
    return tuple(min(length, 1) if axis in rows or axis == ndim else length
                 for axis, length in zip(indices, known(shape), strict=True))  # fmt: skip


def rows_of(loss, prediction, name, options):
    """The axes of the predictions that are axes of the losses. The others have to be in one block."""
    axes = range(prediction.ndim)
    if loss.family == "elementwise":
        return tuple(axes)
    if loss.family == "rowwise":
        whole = one_block_axes(loss.family, prediction, name, options["axis"])
    else:
        is_first = check.as_flag(options["batch_first"], "batch_first")
        whole = one_block_axes(loss.family, prediction, name, 0 if is_first else 1)
    return tuple(axis for axis in axes if axis not in whole)


def one_block_axes(family, array, name, axis):
    """The axes that may not be cut: that of the classes; of a batch of sequences, all but its `axis`."""
    if family == "rowwise":
        seen = of_zeros(known(array.shape), array.dtype)
        whole, what = check.with_classes_last(seen, axis, name)[1:], "the classes, which a row needs"
    else:
        whole = tuple(other for other in range(array.ndim) if array.ndim == 2 or other != axis)
        what = "frames or classes, which a sequence needs"
    for axis in whole:
        if array.numblocks[axis] > 1:
            raise _one_block_wanted(name, array, axis, what)
    return whole


def _one_block_wanted(name, array, axis, what):
    others = "".join(f"{i}: 'auto', " for i in range(array.ndim) if i != axis)
    return ValueError(
        f"{name} is in {array.numblocks[axis]} blocks along axis {axis}, {what} together: "
        f"{name}.rechunk({{{others}{axis}: -1}})"
    )


def axes_of(loss, name, array, prediction, rows):
    """The axes of the predictions that are those of an array; the number after the last is an axis of its own."""
    ndim = prediction.ndim
    if array is prediction:
        return tuple(range(ndim))
    if loss.family == "elementwise":
        return tuple(range(ndim))[ndim - array.ndim :]
    if name in OF_LOSSES:
        return rows[len(rows) - array.ndim :]
    if loss.family == "ctc":
        return (*rows, ndim)[-array.ndim :] if name == "targets" else rows
    if name.startswith("target"):
        return tuple(range(ndim)) if array.ndim == ndim else rows
    return tuple(axis for axis in range(ndim) if axis not in rows)[: array.ndim]  # of class weights
