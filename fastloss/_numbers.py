"""Finite numbers, and weights of samples as scikit-learn takes them: what metrics and objectives of boosting refuse."""

from typing import Any, NamedTuple

import numpy as np

from fastloss import _validation as check
from fastloss._foreign import as_float, is_bits
from fastloss._pieces import first_place
from fastloss._threads import threads_for

LARGEST = float(np.finfo(np.float64).max)
SMALLEST = 5e-324  # above 0


def _is_not_finite(some):
    return ~np.isfinite(as_float(some) if is_bits(some) else some)


def check_finite(array, name):
    """Raises for the first NaN or infinity."""
    place = -1 if array.dtype.kind in "iub" else first_place(_is_not_finite, array)
    if place >= 0:
        _refuse(array, name, place, "a finite number")


def check_not_infinite(array, name):
    """Raises for the first infinite number. NaN passes, faster than `check_finite` looks for it."""
    place = (
        -1
        if array.dtype.kind in "iub"
        else check.rules.outside(array, -LARGEST, LARGEST, threads_for(None, array.size))
    )
    if place >= 0:
        _refuse(array, name, place, "a finite number")


def check_not_below(array, name, low):
    """Raises for the first number that is infinite or below `low`. NaN passes."""
    place = _outside(array, low)
    if place >= 0:
        _refuse(array, name, place, f"a finite number of at least {low:g}")


def _refuse(array, name, place, expected):
    """The place is that of a sample, where there is one output."""
    check.raise_refused(array.reshape(-1) if array.shape[1:] == (1,) else array, name, place, expected)


def _outside(array, low):
    """The place of the first number that is infinite or below `low`, or -1."""
    return check.rules.outside(array, low, LARGEST, threads_for(None, array.size))


class Weights(NamedTuple):
    """Weights (N,), finite and not negative, with their sum, which is above 0."""

    array: Any
    total: float
    has_zero: bool  # what is weighed with 0 does not show in a sum, NaN included


def weights(value, name, count, of):
    """Weights, checked: one for each of so many samples or outputs."""
    array, _ = check.as_numbers(value, name)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected ({count},), a weight for each of the {of}")
    if len(array) != count:
        raise ValueError(f"{name} has {len(array)} weights; there are {count} {of}")
    has_zero = _outside(array, SMALLEST) >= 0
    if has_zero:
        check_not_below(array, name, 0.0)
    total = check.rules.sum_of_weights(array, None)
    if total != total:
        check_finite(array, name)
    if total == np.inf:
        raise ValueError(f"{name} adds up to more than a double can be")
    if total == 0:
        raise ValueError(f"{name} adds up to 0; a weighted mean needs a weight above 0")
    return Weights(array, total, has_zero)
