"""Metrics of regression, by scikit-learn's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from fastloss import _validation as check
from fastloss._numbers import check_finite
from fastloss.metrics import _inputs as inputs
from fastloss.metrics import _means as means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    _Weights = ArrayLike | None
    _Each = Literal["raw_values"]
    _Mean = Literal["uniform_average"] | Sequence[float] | NDArray[Any]

__all__ = [
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_pinball_loss",
    "mean_squared_error",
    "mean_squared_log_error",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
]


def _mean(loss, y_true, y_pred, sample_weight, multioutput, options=(), after=None, finite=False):
    """Of the outputs, as `multioutput` says. `after` is applied to the mean of each; `finite` says that an infinite
    number may not show in the result."""
    y_true, y_pred = inputs.pair(y_true, y_pred)
    if finite:
        check_finite(y_true, "y_true")
        check_finite(y_pred, "y_pred")
    sample_weight = inputs.sample_weights(sample_weight, len(y_true), y_true=y_true, y_pred=y_pred)
    if after is None and isinstance(multioutput, str) and multioutput == "uniform_average":
        return means.mean(loss, y_true, y_pred, sample_weight, options)
    means.output_weights(multioutput, y_true.shape[1])  # before anything is computed
    each = means.mean_of_each(loss, y_true, y_pred, sample_weight, options)
    return means.averaged(each if after is None else after(each), multioutput)


@overload
def mean_absolute_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def mean_absolute_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Mean = "uniform_average"
) -> float: ...
def mean_absolute_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: Any = "uniform_average"
) -> Any:
    r"""Mean absolute error, as ``sklearn.metrics.mean_absolute_error``.

    .. math:: \frac{\sum_i w_i |y_i - \hat y_i|}{\sum_i w_i}

    Parameters
    ----------
    y_true : array (N,) or (N, K)
        What was to be predicted: N samples, K outputs. Numbers of any type that `fastloss` reads.
    y_pred : array of the same shape
        What was predicted.
    sample_weight : array (N,), optional
        Weights of the samples, at least 0.
    multioutput : {"uniform_average", "raw_values"} or array (K,)
        The mean over the outputs, an array with the result of each, or a mean with these weights.

    Returns
    -------
    float, or array (K,) of float64 for ``"raw_values"``
        Computed in double precision.

    Raises
    ------
    ValueError, TypeError
        For NaN, infinite numbers, negative weights, or shapes and types that do not fit: the text names the argument,
        the place and the value.

    Examples
    --------
    >>> from fastloss.metrics import mean_absolute_error
    >>> mean_absolute_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    0.5
    """
    return _mean("l1", y_true, y_pred, sample_weight, multioutput)


@overload
def mean_absolute_percentage_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def mean_absolute_percentage_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Mean = "uniform_average"
) -> float: ...
def mean_absolute_percentage_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: Any = "uniform_average"
) -> Any:
    r"""Mean absolute percentage error, as ``sklearn.metrics.mean_absolute_percentage_error``: 1 is a hundred percent.

    .. math:: \frac{\sum_i w_i |y_i - \hat y_i| / \max(|y_i|, \varepsilon)}{\sum_i w_i}

    where :math:`\varepsilon` is the machine epsilon of float64: a truth of 0 gives a very large number. Parameters,
    results and errors are those of `mean_absolute_error`.

    Examples
    --------
    >>> from fastloss.metrics import mean_absolute_percentage_error
    >>> round(mean_absolute_percentage_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 6)
    0.327381
    """
    return _mean("absolute_percentage", y_true, y_pred, sample_weight, multioutput, (float(np.finfo(np.float64).eps),))


@overload
def mean_squared_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def mean_squared_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Mean = "uniform_average"
) -> float: ...
def mean_squared_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: Any = "uniform_average"
) -> Any:
    r"""Mean squared error, as ``sklearn.metrics.mean_squared_error``.

    .. math:: \frac{\sum_i w_i (y_i - \hat y_i)^2}{\sum_i w_i}

    Parameters, results and errors are those of `mean_absolute_error`.

    Examples
    --------
    >>> from fastloss.metrics import mean_squared_error
    >>> mean_squared_error([[0.5, 1.0], [-1.0, 1.0]], [[0.0, 2.0], [-1.0, 2.0]], multioutput="raw_values")
    array([0.125, 1.   ])
    """
    return _mean("mse", y_true, y_pred, sample_weight, multioutput)


@overload
def root_mean_squared_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def root_mean_squared_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Mean = "uniform_average"
) -> float: ...
def root_mean_squared_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: Any = "uniform_average"
) -> Any:
    """Root of the mean squared error of each output, as ``sklearn.metrics.root_mean_squared_error``.

    With several outputs it is the mean of their roots. Parameters, results and errors are those of
    `mean_absolute_error`.

    Examples
    --------
    >>> from fastloss.metrics import root_mean_squared_error
    >>> root_mean_squared_error([[0.0, 0.0], [0.0, 0.0]], [[3.0, 0.0], [3.0, 2.0]], multioutput="raw_values").round(6)
    array([3.      , 1.414214])
    """
    return _mean("mse", y_true, y_pred, sample_weight, multioutput, after=np.sqrt)


@overload
def mean_squared_log_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def mean_squared_log_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Mean = "uniform_average"
) -> float: ...
def mean_squared_log_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: Any = "uniform_average"
) -> Any:
    r"""Mean squared logarithmic error, as ``sklearn.metrics.mean_squared_log_error``.

    .. math:: \frac{\sum_i w_i (\log(1 + y_i) - \log(1 + \hat y_i))^2}{\sum_i w_i}

    All numbers are above -1. Parameters, results and errors are those of `mean_absolute_error`.

    Examples
    --------
    >>> from fastloss.metrics import mean_squared_log_error
    >>> round(mean_squared_log_error([3, 5, 2.5, 7], [2.5, 5, 4, 8]), 6)
    0.03973
    """
    return _mean("squared_log", y_true, y_pred, sample_weight, multioutput)


@overload
def root_mean_squared_log_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def root_mean_squared_log_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: _Mean = "uniform_average"
) -> float: ...
def root_mean_squared_log_error(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, multioutput: Any = "uniform_average"
) -> Any:
    """Root of `mean_squared_log_error`, of each output, as ``sklearn.metrics.root_mean_squared_log_error``.

    Parameters, results and errors are those of `mean_absolute_error`.

    Examples
    --------
    >>> from fastloss.metrics import root_mean_squared_log_error
    >>> round(root_mean_squared_log_error([3, 5, 2.5, 7], [2.5, 5, 4, 8]), 6)
    0.199324
    """
    return _mean("squared_log", y_true, y_pred, sample_weight, multioutput, after=np.sqrt)


@overload
def mean_pinball_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: _Weights = None, alpha: float = 0.5, multioutput: _Each
) -> NDArray[np.float64]: ...
@overload
def mean_pinball_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    alpha: float = 0.5,
    multioutput: _Mean = "uniform_average",
) -> float: ...
def mean_pinball_loss(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: _Weights = None,
    alpha: float = 0.5,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Mean quantile loss, as ``sklearn.metrics.mean_pinball_loss``.

    .. math:: \frac{\sum_i w_i \max(\alpha (y_i - \hat y_i), (\alpha - 1) (y_i - \hat y_i))}{\sum_i w_i}

    `alpha` is the quantile, within [0, 1]. Parameters, results and errors are those of `mean_absolute_error`.

    Examples
    --------
    >>> from fastloss.metrics import mean_pinball_loss
    >>> round(mean_pinball_loss([1.0, 2.0, 3.0], [0.0, 2.0, 3.0], alpha=0.9), 6)
    0.3
    """
    options = (check.as_number(alpha, "alpha", 0.0, 1.0),)
    one_sided = not 0 < options[0] < 1  # the other side costs nothing, however far
    return _mean("quantile", y_true, y_pred, sample_weight, multioutput, options, finite=one_sided)
