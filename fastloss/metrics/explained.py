"""Which part of the loss of the best constant a prediction removes: scores of regression, by scikit-learn's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from fastloss import _validation as check
from fastloss._numbers import check_finite
from fastloss.metrics import _inputs as inputs
from fastloss.metrics import _means as means
from fastloss.metrics._quantile import quantile_of_each
from fastloss.metrics.deviance import tweedie_of_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    _Weights = ArrayLike | None
    _Each = Literal["raw_values"]
    _Mean = Literal["uniform_average"] | Sequence[float] | NDArray[Any]
    _OfVariance = _Mean | Literal["variance_weighted"]

__all__ = ["d2_absolute_error_score", "d2_pinball_score", "d2_tweedie_score", "explained_variance_score", "r2_score"]

_AVERAGES = ("raw_values", "uniform_average")
_OF_VARIANCE = (*_AVERAGES, "variance_weighted")


def _pair(y_true, y_pred, sample_weight, multioutput, names):
    y_true, y_pred = inputs.pair(y_true, y_pred)
    inputs.check_several(y_true)
    weight = inputs.sample_weights(sample_weight, len(y_true), y_true=y_true, y_pred=y_pred)
    means.output_weights(multioutput, y_true.shape[1], names)  # before anything is computed
    return y_true, y_pred, weight


def _variance(array, weight, mean=None):
    mean = means.average_of_each(array, weight) if mean is None else mean
    return means.mean_of_each("mse", array, np.broadcast_to(mean, array.shape), weight)


def _averaged(error, variance, multioutput, force_finite=True, names=_AVERAGES):
    """1 - error / variance, averaged over the outputs."""
    each = inputs.explained(error, variance, force_finite)
    with np.errstate(invalid="ignore"):  # -inf of an output that weighs nothing
        if isinstance(multioutput, str) and multioutput == "variance_weighted":
            return float(np.average(each, weights=variance if variance.any() else None))
        return means.averaged(each, multioutput, names)


@overload
def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    multioutput: _Each,
    force_finite: bool = True,
) -> NDArray[np.float64]: ...
@overload
def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    multioutput: _OfVariance = "uniform_average",
    force_finite: bool = True,
) -> float: ...
def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Any:
    r"""Coefficient of determination, as ``sklearn.metrics.r2_score``: 1 is best, 0 is as good as the mean of `y_true`.

    .. math:: 1 - \frac{\sum_i w_i (y_i - \hat y_i)^2}{\sum_i w_i (y_i - \bar y)^2}

    Parameters
    ----------
    y_true, y_pred, sample_weight
        As of `mean_absolute_error`; at least two samples.
    multioutput : {"uniform_average", "raw_values", "variance_weighted"} or array (K,)
        ``"variance_weighted"`` weighs the outputs by their variance.
    force_finite : bool
        Whether an output that does not vary gives 1 where it is predicted exactly, else 0; otherwise nan and -inf.

    Returns
    -------
    float, or array (K,) of float64 for ``"raw_values"``

    Raises
    ------
    ValueError, TypeError
        As `mean_absolute_error`, and for a single sample, of which scikit-learn gives nan.

    Examples
    --------
    >>> from fastloss.metrics import r2_score
    >>> round(r2_score([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 6)
    0.948608
    """
    force_finite = check.as_flag(force_finite, "force_finite")
    y_true, y_pred, weight = _pair(y_true, y_pred, sample_weight, multioutput, _OF_VARIANCE)
    error = means.mean_of_each("mse", y_true, y_pred, weight)
    return _averaged(error, _variance(y_true, weight), multioutput, force_finite, _OF_VARIANCE)


@overload
def explained_variance_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    multioutput: _Each,
    force_finite: bool = True,
) -> NDArray[np.float64]: ...
@overload
def explained_variance_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    multioutput: _OfVariance = "uniform_average",
    force_finite: bool = True,
) -> float: ...
def explained_variance_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Any:
    r"""Explained variance, as ``sklearn.metrics.explained_variance_score``: `r2_score` after a constant is added to the
    predictions that is best.

    .. math:: 1 - \frac{\operatorname{Var}(y - \hat y)}{\operatorname{Var}(y)}

    Parameters, results and errors are those of `r2_score`.

    Examples
    --------
    >>> from fastloss.metrics import explained_variance_score
    >>> round(explained_variance_score([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 6)
    0.957173
    """
    force_finite = check.as_flag(force_finite, "force_finite")
    y_true, y_pred, weight = _pair(y_true, y_pred, sample_weight, multioutput, _OF_VARIANCE)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.subtract(inputs.floats(y_true), inputs.floats(y_pred), dtype=np.float64)
        bias = means.average_of_each(error, weight)
    means.checked(bias, y_true=y_true, y_pred=y_pred)
    error = _variance(error, weight, bias)
    return _averaged(error, _variance(y_true, weight), multioutput, force_finite, _OF_VARIANCE)


@overload
def d2_pinball_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, alpha: float = 0.5, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def d2_pinball_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    alpha: float = 0.5,
    multioutput: _Mean = "uniform_average",
) -> float: ...
def d2_pinball_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    alpha: float = 0.5,
    multioutput: Any = "uniform_average",
) -> Any:
    """The part of the quantile loss that is explained, as ``sklearn.metrics.d2_pinball_score``.

    1 less the ratio of `mean_pinball_loss` to that of the `alpha` quantile of `y_true`; an output that does not vary
    gives 1 where it is predicted exactly, else 0. Parameters, results and errors are those of `mean_pinball_loss`; at
    least two samples.

    Examples
    --------
    >>> from fastloss.metrics import d2_pinball_score
    >>> round(d2_pinball_score([1.0, 2.0, 4.0], [1.5, 2.5, 4.0], alpha=0.9), 6)
    0.8
    """
    alpha = check.as_number(alpha, "alpha", 0.0, 1.0)
    y_true, y_pred, weight = _pair(y_true, y_pred, sample_weight, multioutput, _AVERAGES)
    check_finite(y_true, "y_true")
    check_finite(y_pred, "y_pred")
    constant = np.broadcast_to(quantile_of_each(y_true, weight, alpha), y_true.shape)
    error, of_constant = (means.mean_of_each("quantile", y_true, x, weight, (alpha,)) for x in (y_pred, constant))
    return _averaged(error, of_constant, multioutput)


@overload
def d2_absolute_error_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def d2_absolute_error_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Mean = "uniform_average"
) -> float: ...
def d2_absolute_error_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: Any = "uniform_average"
) -> Any:
    """The part of the absolute error that is explained, as ``sklearn.metrics.d2_absolute_error_score``: that of the
    median of `y_true` is the whole. `d2_pinball_score` of the quantile 1/2.

    Examples
    --------
    >>> from fastloss.metrics import d2_absolute_error_score
    >>> round(d2_absolute_error_score([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 6)
    0.764706
    """
    return d2_pinball_score(y_true, y_pred, sample_weight=sample_weight, alpha=0.5, multioutput=multioutput)


def d2_tweedie_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, power: float = 0
) -> float:
    """The part of the deviance that is explained, as ``sklearn.metrics.d2_tweedie_score``.

    1 less the ratio of `mean_tweedie_deviance` to that of the mean of `y_true`. Parameters and errors are those of
    `mean_tweedie_deviance`; at least two samples. If `y_true` does not vary, the result is -inf or nan.

    Examples
    --------
    >>> from fastloss.metrics import d2_tweedie_score
    >>> round(d2_tweedie_score([0.5, 1, 2.5, 7], [1, 1, 5, 3.5], power=1), 6)
    0.487915
    """
    power = check.as_number(power, "power")
    y_true, y_pred = inputs.pair_of_columns(y_true, y_pred)
    inputs.check_several(y_true)
    weight = inputs.sample_weights(sample_weight, len(y_true), y_true=y_true, y_pred=y_pred)
    error = tweedie_of_column(y_true, y_pred, weight, power)
    center = np.broadcast_to(means.average_of_each(y_true, weight), y_true.shape)
    return float(inputs.explained(error, tweedie_of_column(y_true, center, weight, power), False))
