"""What the text of an error says beyond what is wrong: where a label is missing, and what was probably meant. Warnings.

Called when an error is raised anyway, so that it may look at every number.
"""

import sys
import warnings

import numpy as np

from fastloss._foreign import as_float, dtype_name, is_bits

SWAPPED = "; the prediction comes first, then the target: are they swapped?"


def place_of(flat, shape):
    """How the text of an error names an element: [3] or [0, 2]."""
    return "" if not shape else "[" + ", ".join(str(int(i)) for i in np.unravel_index(flat, shape)) + "]"


def swap_seen(target, dimensions, dtype=None):
    """SWAPPED, where the target looks like a prediction: it has more dimensions than the prediction has, or as many and
    floats where that has integers. Otherwise nothing."""
    is_float = is_bits(target) or target.dtype.kind == "f"
    has_labels = dtype is not None and dtype.kind in "iub" and is_float
    return SWAPPED if target.ndim > dimensions or (target.ndim == dimensions and has_labels) else ""


def fitting_axis(labels_shape, shape):
    """The class axis for which labels would fit the scores; nothing, if there is none."""
    for axis in (1, len(shape) - 1, *range(len(shape))):
        if axis < len(shape) and shape[:axis] + shape[axis + 1 :] == labels_shape:
            return f"; with axis={-1 if axis == len(shape) - 1 else axis} they would fit"
    return ""


def not_integers(array, name, what, remedy):
    """The text about labels or lengths (`what`) of another dtype; `remedy` is for a missing one."""
    place, is_whole = _look_at(array)
    if place >= 0:
        return f"{name}{place_of(place, array.shape)} is missing; {remedy}"
    text = f"{name} has dtype {dtype_name(array)}; {what} must be integers"
    return text + (": these are whole numbers, make them .astype(int)" if is_whole else "")


def _look_at(array):
    """The place of the first missing number, or -1; and whether all others are whole numbers. A NaN among numbers that
    are not whole is no missing label."""
    if array.dtype.kind == "O":
        return _look_at_objects(array)
    if array.dtype.kind != "f" and not is_bits(array):
        return -1, False
    numbers = as_float(array).reshape(-1)
    missing = np.isnan(numbers)
    others = numbers[~missing]
    is_whole = bool((np.isfinite(others) & (others == np.floor(others))).all())
    return (int(missing.argmax()) if missing.any() and is_whole else -1), is_whole


def _look_at_objects(array):
    first, is_whole = -1, True
    for place, value in enumerate(array.flat):
        if is_missing(value):
            first = place if first < 0 else first
        elif not isinstance(value, (int, float, np.integer, np.floating)) or value != value // 1:
            is_whole = False
    return first, is_whole


def is_missing(value):
    """None, NaN, or what pandas has for them."""
    if isinstance(value, (float, np.floating)):
        return value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def no_number(array, name):
    """The text about an array of objects: its first one that is no number, or that all are. Nothing of others."""
    if array.dtype.kind != "O" or not array.size:
        return ""
    for place, value in enumerate(array.flat):
        if not isinstance(value, (int, float, np.integer, np.floating, np.bool_)):
            found = value if is_missing(value) else repr(value)
            return f"; {name}{place_of(place, array.shape)} is {str(found)[:80]}"
    return "; these objects are all numbers, make them .astype(float)"


def warn(text):
    """A UserWarning at the line that called this package. Where a service may call for hours, the text should have no
    numbers of the call in it: Python shows the same text once for each line."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and (frame.f_globals.get("__name__") or "").partition(".")[0] == "fastloss":
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)
