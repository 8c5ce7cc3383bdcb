"""Gradients too large for malloc to keep their memory: each would be new pages, which cost as much as the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastloss._memory import CAN_COUNT, Memory

LARGE = 32 << 20  # bytes: from here on glibc gives memory back to the system as soon as it is freed, whatever it learns

MANY = LARGE // 8  # numbers: no array of fewer is so large

_last = Memory()


def gradient_like(array: Any) -> Any:
    """An array for the gradient: of the last large one's memory, if that is as large and nobody has it, or a view of
    it, any more. None where new memory costs little: then the kernel's caller allocates."""
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float32)  # of bfloat16, as its losses have it
    if array.size * dtype.itemsize < LARGE or not CAN_COUNT or not array.flags.c_contiguous:
        return None
    taken = _last.take(array.shape, dtype, array.flags.f_contiguous)
    gradient = np.empty(array.shape, dtype) if taken is None else taken[0]
    _last.keep(gradient)
    return gradient
