"""Weighted means of an elementwise loss over samples, by its kernel, for one output and for several."""

import numpy as np

from fastloss import _validation as check
from fastloss._elementwise import elements
from fastloss._foreign import as_float
from fastloss._reduction import Reduction
from fastloss.metrics import _inputs as inputs

FEW_OUTPUTS = 8  # up to so many, a kernel that goes down a column at a time is fastest
PIECE = 1 << 15  # losses that stay in the second-level cache until they are added up


def evaluate(loss, y_pred, y_true, reduction, sample_weight=None, options=(), by_column=False):
    """The kernel's losses, in double precision whatever the arrays are; `by_column`, the sums down each column."""
    call = elements(loss, y_pred, y_true, Reduction(reduction, sample_weight, None), first="y_pred", options=options)
    call.bits, call.value_dtype = 64, np.float64
    if by_column:
        call.group, call.group_axis, call.value_shape = len(y_pred), 0, y_pred.shape[1:]
    return call.evaluate(True, 0, None, None)[0]


def mean(loss, y_true, y_pred, sample_weight, options=()):
    """Over samples and outputs."""
    if y_pred.ndim == 2 and y_pred.shape[1] == 1:
        y_true, y_pred = y_true[:, 0], y_pred[:, 0]
    elif sample_weight is not None and y_pred.ndim == 2:
        return float(mean_of_each(loss, y_true, y_pred, sample_weight, options).mean())
    return checked(
        evaluate(loss, y_pred, y_true, "weighted_mean", sample_weight, options), y_true=y_true, y_pred=y_pred
    )


def mean_of_each(loss, y_true, y_pred, sample_weight, options=()):
    """Over samples, for each output: an array (K,)."""
    if y_pred.shape[1] == 1:
        return np.array([mean(loss, y_true, y_pred, sample_weight, options)])
    is_by_row = y_pred.flags.c_contiguous and y_pred.shape[1] > FEW_OUTPUTS
    add_up = _sums_by_pieces if is_by_row else _sums_by_column
    total = add_up(loss, y_true, y_pred, sample_weight, options) / total_weight(sample_weight, len(y_pred))
    return checked(total, y_true=y_true, y_pred=y_pred)


def average_of_each(array, sample_weight):
    """Weighted means down the columns, in double precision."""
    weight = None if sample_weight is None else as_float(sample_weight)
    return np.average(array if array.dtype == np.float64 else as_float(array), axis=0, weights=weight)


def total_weight(sample_weight, count):
    return count if sample_weight is None else check.rules.sum_of_weights(sample_weight, None)


def _sums_by_column(loss, y_true, y_pred, weight, options):
    weight = None if weight is None else weight[:, None]
    return evaluate(loss, y_pred, y_true, "none", weight, options, by_column=True)


def _sums_by_pieces(loss, y_true, y_pred, weight, options):
    """Rows that fit the cache at a time, whose memory is read in its order."""
    total = np.zeros(y_pred.shape[1])
    step = max(1, PIECE // y_pred.shape[1])
    for start in range(0, len(y_pred), step):
        rows = slice(start, start + step)
        each = evaluate(loss, y_pred[rows], y_true[rows], "none", None, options)
        total += np.einsum("ij->j", each) if weight is None else np.einsum("ij,i->j", each, as_float(weight[rows]))
    return total


def checked(result, **arrays):
    """The result; where it shows that a number was NaN or infinite, an error that names it."""
    if not np.isfinite(result).all():
        for name, array in arrays.items():
            inputs.check_finite(array, name)
    return result


def averaged(each, multioutput, names=("raw_values", "uniform_average")):
    """The results of all outputs as scikit-learn's `multioutput` says: each, their mean, or a weighted mean."""
    weight = output_weights(multioutput, len(each), names)
    if weight is not None:
        return float(np.average(each, weights=as_float(weight)))
    return each if multioutput == "raw_values" else float(each.mean())


def output_weights(multioutput, count, names=("raw_values", "uniform_average")):
    """Weights of the outputs; None where `multioutput` is one of the names."""
    if multioutput is None or isinstance(multioutput, str):
        if multioutput not in names:
            expected = ", ".join(map(repr, names))
            raise ValueError(f"multioutput must be one of {expected}, or weights of the outputs, got {multioutput!r}")
        return None
    if count == 1:
        raise ValueError("multioutput weighs outputs, and there is only one")
    return inputs.weights(multioutput, "multioutput", count, "outputs")[0]
