"""What scikit-learn's metrics are called with: numbers of samples and outputs, and weights of samples, checked."""

import numpy as np

from fastloss import _validation as check
from fastloss._foreign import as_float, is_bits
from fastloss._numbers import check_finite, weights
from fastloss._pieces import PIECE


def numbers(value, name):
    """An array of samples, (N,), or of samples with several outputs, (N, K); N is not 0."""
    array, _ = check.as_numbers(value, name)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} has shape {array.shape}; expected one dimension, or two: samples and outputs")
    if not array.size:
        raise ValueError(f"{name} has shape {array.shape}; a mean over nothing is not defined")
    return array


def column(value, name):
    """The samples of one output, (N,); (N, 1) is the same."""
    array = numbers(value, name)
    if array.ndim == 2 and array.shape[1] != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected one number for each sample")
    return array.reshape(-1)


def check_as_many(array, name, count, of):
    """One entry for each sample."""
    if len(array) != count:
        raise ValueError(f"{name} has {len(array)} samples; {of} has {count}")


def pair(y_true, y_pred):
    """Both as (N, K), and whether they may have several outputs: (N, 1) is (N,), as in scikit-learn."""
    y_true, y_pred = numbers(y_true, "y_true"), numbers(y_pred, "y_pred")
    check_as_many(y_pred, "y_pred", len(y_true), "y_true")
    y_true, y_pred = (array.reshape(-1, 1) if array.ndim == 1 else array for array in (y_true, y_pred))
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y_pred has {y_pred.shape[1]} outputs; y_true has {y_true.shape[1]}")
    return y_true, y_pred


def check_several(y_true):
    if len(y_true) < 2:
        raise ValueError("y_true has one sample; how it varies is not defined")


def explained(error, of_constant, force_finite):
    """1 - error / of_constant: the part of the loss of the best constant that a prediction removes."""
    with np.errstate(divide="ignore", invalid="ignore"):  # -inf and nan are results where `force_finite` is False
        each = 1 - np.divide(error, of_constant)
    return np.where(of_constant == 0, np.where(error == 0, 1.0, 0.0), each) if force_finite else each


def pair_of_columns(y_true, y_pred):
    """Both as (N,)."""
    y_true, y_pred = column(y_true, "y_true"), column(y_pred, "y_pred")
    check_as_many(y_pred, "y_pred", len(y_true), "y_true")
    return y_true, y_pred


def sample_weights(value, count, **arrays):
    """Weights of samples; None stays None. A weight of 0 removes what it weighs from a result, which then shows no NaN:
    with such weights the arrays, given by their names, are looked at."""
    if value is None:
        return None
    found = weights(value, "sample_weight", count, "samples")
    if found.has_zero:
        for name, other in arrays.items():
            check_finite(other, name)
    return found


def total_weight(weight, count):
    """What a mean divides by; `weight` is a Weights or None."""
    return count if weight is None else weight.total


def floats(array):
    """Numbers as NumPy computes with them, of the float type that they have."""
    return array if array.dtype.kind == "f" and not is_bits(array) else as_float(array)


def row_pieces(shape, size=PIECE):
    """Slices of the first axis of (N, C), of about so many numbers each: Python looks at signals between two."""
    step = max(1, size // max(1, shape[1]))
    return [slice(start, start + step) for start in range(0, shape[0], step)]
