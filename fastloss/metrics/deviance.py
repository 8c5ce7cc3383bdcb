"""Metrics of counts and of other positive numbers, by scikit-learn's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastloss import _validation as check
from fastloss._numbers import check_finite
from fastloss._pieces import pieces
from fastloss.metrics import _inputs as inputs
from fastloss.metrics import _means as means

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["mean_gamma_deviance", "mean_poisson_deviance", "mean_tweedie_deviance"]

_OF_POWER = {0.0: ("mse", 1), 1.0: ("poisson_deviance", 2), 2.0: ("gamma_deviance", 2)}  # the loss, and a factor


def _deviance(y_true, y_pred, sample_weight, power):
    y_true, y_pred = inputs.pair_of_columns(y_true, y_pred)
    weight = inputs.sample_weights(sample_weight, len(y_true), y_true=y_true, y_pred=y_pred)
    return tweedie_of_column(y_true, y_pred, weight, power)


def tweedie_of_column(y_true, y_pred, weight, power):
    """The mean deviance of samples (N,); `weight` are a Weights or None."""
    if power in _OF_POWER:
        loss, factor = _OF_POWER[power]
        return factor * means.mean(loss, y_true, y_pred, weight)
    if 0 < power < 1:
        raise ValueError(f"power must be at most 0, or at least 1, got {power:g}")
    for array, name, domain in (
        (y_true, "y_true", "any" if power < 0 else "not negative" if power < 2 else "positive"),
        (y_pred, "y_pred", "positive"),
    ):
        check_finite(array, name)
        check.check_domain(array, name, check.DOMAINS[domain], 64)
    return 2 * _sum_of_power(y_true, y_pred, weight, power) / inputs.total_weight(weight, len(y_true))


def _sum_of_power(y_true, y_pred, weight, power):
    """Half the deviances: with d = y / x - 1, the distance of the truth y from the mean x as a part of that,
    x^(2-p) ((1 + d)^(2-p) - 1 - (2 - p) d) / ((1 - p) (2 - p)). In NumPy, as kernels have no powers."""
    total, p, q = 0.0, power, 2 - power
    for piece in pieces(y_true.shape):
        y, x = (np.asarray(inputs.floats(array[piece]), np.float64) for array in (y_true, y_pred))
        d = (y - x) / x
        with np.errstate(divide="ignore"):  # of a count of 0 the logarithm is -inf, and the power 0
            each = x**q * (np.expm1(q * np.log1p(np.maximum(d, -1.0))) - q * d)
        total += float(each.sum() if weight is None else np.dot(each, inputs.floats(weight.array[piece])))
    return total / ((1 - p) * q)


def mean_poisson_deviance(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    r"""Mean deviance of counts from the rates of Poisson distributions, as ``sklearn.metrics.mean_poisson_deviance``.

    .. math:: \frac{2 \sum_i w_i (y_i \log(y_i / \hat y_i) - y_i + \hat y_i)}{\sum_i w_i}

    Accurate also where a rate is close to its count, where the terms cancel.

    Parameters
    ----------
    y_true : array (N,), at least 0
        The counts.
    y_pred : array (N,), above 0
        The rates; not their logarithms, as `fastloss.poisson_nll_loss` takes them.
    sample_weight : array (N,), optional
        Weights of the samples, at least 0.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        For numbers out of range, NaN, infinite numbers, negative weights, or shapes and types that do not fit: the
        text names the argument, the place and the value.

    Examples
    --------
    >>> from fastloss.metrics import mean_poisson_deviance
    >>> round(mean_poisson_deviance([2, 0, 1, 4], [0.5, 0.5, 2.0, 2.0]), 6)
    1.426015
    """
    return _deviance(y_true, y_pred, sample_weight, 1.0)


def mean_gamma_deviance(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    r"""Mean deviance from the means of gamma distributions, as ``sklearn.metrics.mean_gamma_deviance``.

    .. math:: \frac{2 \sum_i w_i (y_i / \hat y_i - \log(y_i / \hat y_i) - 1)}{\sum_i w_i}

    All numbers are above 0. Parameters, results and errors are those of `mean_poisson_deviance`.

    Examples
    --------
    >>> from fastloss.metrics import mean_gamma_deviance
    >>> round(mean_gamma_deviance([2, 0.5, 1, 4], [0.5, 0.5, 2.0, 2.0]), 6)
    1.056853
    """
    return _deviance(y_true, y_pred, sample_weight, 2.0)


def mean_tweedie_deviance(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None, power: float = 0
) -> float:
    r"""Mean deviance of Tweedie distributions, as ``sklearn.metrics.mean_tweedie_deviance``.

    .. math:: \frac{2}{\sum_i w_i} \sum_i w_i \left(\frac{\max(y_i, 0)^{2-p}}{(1-p)(2-p)}
              - \frac{y_i \hat y_i^{1-p}}{1-p} + \frac{\hat y_i^{2-p}}{2-p}\right)

    Parameters
    ----------
    y_true, y_pred : arrays (N,)
        The truth, at least 0 for a `power` from 1 to 2 and above 0 from there on; the means, above 0 unless `power`
        is 0.
    sample_weight : array (N,), optional
        Weights of the samples, at least 0.
    power : float, at most 0 or at least 1
        What the variance goes by: 0 is `mean_squared_error`, 1 `mean_poisson_deviance`, 2 `mean_gamma_deviance`,
        which are computed by kernels; between 1 and 2 are compound Poisson distributions, 3 is the inverse Gaussian.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        As `mean_poisson_deviance`, and for a `power` between 0 and 1, for which there is no distribution.

    Examples
    --------
    >>> from fastloss.metrics import mean_tweedie_deviance
    >>> round(mean_tweedie_deviance([2, 0, 1, 4], [0.5, 0.5, 2.0, 2.0], power=1.5), 6)
    1.778175
    """
    return _deviance(y_true, y_pred, sample_weight, check.as_number(power, "power"))
