"""Weighted means of an elementwise loss over samples, by its kernel, for one output and for several."""

import numpy as np

from fastloss import _validation as check
from fastloss._elementwise import ElementwiseEvaluation, elements
from fastloss._foreign import as_float
from fastloss._kernels import kernels
from fastloss._loss import kernel_options
from fastloss._numbers import check_finite, weights
from fastloss._reduction import Reduction
from fastloss._threads import threads_for
from fastloss.metrics import _inputs as inputs


class MetricEvaluation(ElementwiseEvaluation):
    """In double precision, whatever the arrays are; refuses numbers by scikit-learn's names of the arguments."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.bits, self.value_dtype = 64, np.float64

    def check_domains(self, threads):
        """Of all samples, also of those with a weight of 0."""
        prediction, target = kernels(64).elementwise.domains(self.name)
        x, y = self.arguments[:2]
        for array, name, domain in ((y, "y_true", target), (x, self.first, prediction)):
            check.check_domain(array, name, domain, 64, threads)

    def sums_by_column(self):
        """The weighted sums over the samples, for each output: an array (K,)."""
        x = self.prediction
        if abs(x.strides[0]) < abs(x.strides[1]):  # a column lies closer together than a row
            self.group, self.group_axis, self.value_shape = len(x), 0, x.shape[1:]
            return self.evaluate(True, 0, None, None)[0]
        threads = threads_for(None, x.size)
        parts, is_illegal = kernels(64).elementwise.sums_of_columns(
            self.name, self.arguments, kernel_options(self.options), x.shape[1], threads
        )
        if is_illegal:
            self.check_domains(threads)
        return np.ascontiguousarray(parts.T).sum(axis=1)


def evaluation(loss, y_pred, y_true, reduction, sample_weight=None, options=()):
    """A call of a loss; `sample_weight` is an array that broadcasts to the predictions, or None."""
    call = Reduction(reduction, sample_weight, None)
    return elements(loss, y_pred, y_true, call, first="y_pred", options=options, kind=MetricEvaluation)


def sum_of(loss, y_pred, y_true, sample_weight=None, options=()):
    """The weighted sum of the losses."""
    return evaluation(loss, y_pred, y_true, "sum", sample_weight, options).evaluate(True, 0, None, None)[0]


def mean_of(loss, y_pred, y_true, weight, options=()):
    """The sum of the losses over the sum of the weights of samples; `weight` are a Weights or None."""
    total = sum_of(loss, y_pred, y_true, None if weight is None else weight.array, options)
    return total / inputs.total_weight(weight, len(y_pred))


def mean(loss, y_true, y_pred, weight, options=()):
    """Over samples and outputs."""
    if y_pred.ndim == 2 and y_pred.shape[1] == 1:
        y_true, y_pred = y_true[:, 0], y_pred[:, 0]
    elif y_pred.ndim == 2 and weight is not None:
        return float(mean_of_each(loss, y_true, y_pred, weight, options).mean())
    look_at_unweighted(loss, y_true, y_pred, weight, options)
    outputs = y_pred.size // len(y_pred)
    return checked(mean_of(loss, y_pred, y_true, weight, options) / outputs, y_true=y_true, y_pred=y_pred)


def mean_of_each(loss, y_true, y_pred, weight, options=()):
    """Over samples, for each output: an array (K,)."""
    if y_pred.shape[1] == 1:
        return np.array([mean(loss, y_true, y_pred, weight, options)])
    look_at_unweighted(loss, y_true, y_pred, weight, options)
    by_row = None if weight is None else weight.array[:, None]
    total = evaluation(loss, y_pred, y_true, "none", by_row, options).sums_by_column()
    return checked(total / inputs.total_weight(weight, len(y_pred)), y_true=y_true, y_pred=y_pred)


def look_at_unweighted(loss, y_true, y_pred, weight, options):
    """Kernels don't look at what has a weight of 0; scikit-learn refuses it."""
    if weight is not None and weight.has_zero:
        evaluation(loss, y_pred, y_true, "sum", None, options).check_domains(1)


def average_of_each(array, weight):
    """Weighted means down the columns, in double precision."""
    by_row = None if weight is None else as_float(weight.array)
    return np.average(array if array.dtype == np.float64 else as_float(array), axis=0, weights=by_row)


def checked(result, **arrays):
    """The result; where it shows that a number was NaN or infinite, an error that names it."""
    if not np.isfinite(result).all():
        for name, array in arrays.items():
            check_finite(array, name)
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
    return weights(multioutput, "multioutput", count, "outputs").array
