"""Arrays of any layout and dtype as the rows of a matrix, some of which at a time take part in products of NumPy's.

NumPy hands a product to BLAS only where the operands are of one float type and regular in memory. Others are copied
here, a part at a time, so that no copy is of a whole array.
"""

import itertools
import math

import numpy as np

from fastloss._foreign import as_float, is_bits

_CHUNK = 1 << 15  # numbers converted at a time: what NumPy needs for that fits the cache


class Matrix:
    """An array (..., D) as rows, in the order of its leading dimensions, for products in a dtype.

    `places`, which rows, are a slice with both ends or an array of indices.
    """

    def __init__(self, array, dtype):
        self.array = array
        self.dtype = np.dtype(dtype)
        self.rows, self.columns = math.prod(array.shape[:-1]), array.shape[-1]
        self.view = array.reshape(self.rows, self.columns) if _has_rows(array) else None
        self.is_direct = self.view is not None and array.dtype == self.dtype and _is_for_blas(self.view)

    def rows_at(self, places):
        """A view where that is possible."""
        return self.array[self._index(places)] if self.view is None else self.view[places]

    def assign(self, places, numbers):
        """Writes rows; a single number fills them."""
        if self.view is None:
            self.array[self._index(places)] = numbers
        else:
            self.view[places] = numbers

    def _index(self, places):
        if isinstance(places, slice):
            places = np.arange(places.start, places.stop)
        return np.unravel_index(places, self.array.shape[:-1])

    def operand(self, places, buffer):
        """The rows as BLAS takes them: themselves, or copied to the first rows of the buffer."""
        if self.is_direct and isinstance(places, slice):
            return self.view[places]
        done = 0
        for part in parts_of(places, max(1, _CHUNK // max(1, self.columns))):
            found = self.rows_at(part)
            found = as_float(found, self.dtype) if is_bits(found) else found
            buffer[done : done + len(found)] = found
            done += len(found)
        return buffer[:done]


def parts_of(places, step):
    """Of a slice with both ends, or of an array: as many places at a time."""
    if isinstance(places, slice):
        yield from (slice(at, min(at + step, places.stop)) for at in range(places.start, places.stop, step))
    else:
        yield from (places[at : at + step] for at in range(0, len(places), step))


def _has_rows(array):
    """Whether the leading dimensions are one without a copy."""
    axes = [(size, step) for size, step in zip(array.shape[:-1], array.strides, strict=False) if size > 1]
    return array.size == 0 or all(outer[1] == size * step for outer, (size, step) in itertools.pairwise(axes))


def _is_for_blas(matrix):
    """Whether NumPy hands it, and slices of its rows, to BLAS."""
    (rows, columns), (row, column), item = matrix.shape, matrix.strides, matrix.itemsize
    if column == item:
        return row % item == 0 and row >= columns * item
    return row == item and column % item == 0 and column >= rows * item
