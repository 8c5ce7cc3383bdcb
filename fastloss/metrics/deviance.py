"""Metrics of counts and of other positive numbers, by scikit-learn's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastloss.metrics import _inputs as inputs
from fastloss.metrics import _means as means

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["mean_gamma_deviance", "mean_poisson_deviance"]


def _deviance(loss, y_true, y_pred, sample_weight):
    y_true, y_pred = inputs.pair_of_columns(y_true, y_pred)
    sample_weight = inputs.sample_weights(sample_weight, len(y_true), y_true=y_true, y_pred=y_pred)
    return 2 * means.mean(loss, y_true, y_pred, sample_weight)


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
    return _deviance("poisson_deviance", y_true, y_pred, sample_weight)


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
    return _deviance("gamma_deviance", y_true, y_pred, sample_weight)
