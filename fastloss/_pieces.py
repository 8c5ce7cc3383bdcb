"""Passes of NumPy over large arrays, a piece at a time: Python looks at signals between two of them, NumPy at none."""

import math

import numpy as np

PIECE = 1 << 22  # numbers: some milliseconds


def pieces(shape):
    """Indices that together select an array of this shape, in order, each at most PIECE numbers."""
    if math.prod(shape) <= PIECE:
        yield ()
        return
    inner = math.prod(shape[1:])
    if inner > PIECE:
        for place in range(shape[0]):
            yield from ((place, *piece) for piece in pieces(shape[1:]))
        return
    step = PIECE // inner
    yield from ((slice(start, start + step),) for start in range(0, shape[0], step))


def copy_to(destination, source):
    """Arrays of one shape."""
    for piece in pieces(destination.shape):
        destination[piece] = source[piece]


def converted(array, dtype):
    """A copy of another dtype, laid out as the array is."""
    if array.size <= PIECE:
        return array.astype(dtype)
    copy = np.empty_like(array, dtype)
    copy_to(copy, array)
    return copy


def extremes(array):
    """The smallest and the largest number of an array that is not empty; NaN where there is one."""
    with np.errstate(invalid="ignore"):  # NaN, of ml_dtypes' types
        parts = np.array([(float(array[piece].min()), float(array[piece].max())) for piece in pieces(array.shape)])
    return float(parts[:, 0].min()), float(parts[:, 1].max())


def first_place(holds, array):
    """The place, in C order, of the first number for which that holds; -1 where there is none."""
    start = 0
    for piece in pieces(array.shape):
        found = holds(array[piece])
        if found.any():
            return start + int(found.argmax())
        start += found.size
    return -1


def is_no_flag(numbers):
    """Of each number, whether it is neither 0 nor 1."""
    return (numbers != 0) & (numbers != 1)
