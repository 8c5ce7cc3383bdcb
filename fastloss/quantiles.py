"""The loss of quantiles: of one for all elements, or of several in one call."""

import numpy as np

from fastloss import _validation as check
from fastloss._elementwise import elements, fast_path
from fastloss._loss import loss

__all__ = ["quantile_loss"]


def _quantiles(quantile):
    """An array of quantiles as src/elementwise/losses.h takes it: above 1/2 minus what is left to 1."""
    array, _ = check.as_numbers(quantile, "quantile")
    numbers = array.astype(np.float64)
    bad = np.flatnonzero(~((numbers >= 0) & (numbers <= 1)))
    if bad.size:
        check.raise_refused(array, "quantile", bad[0], "a number within [0, 1]")
    return np.where(numbers > 0.5, -(1 - numbers), numbers)


@loss("elementwise", curvature=False, fast_path=fast_path("quantile", "quantile"))
def quantile_loss(predictions, target, *, quantile=0.5, sample_weight=None, reduction="mean"):
    r"""Quantile loss (pinball loss): least where the given share of the targets lies below the prediction.

    .. math:: L = \begin{cases} q (y - x) & y \ge x \\ (1 - q) (x - y) & y < x \end{cases}

    The gradient is :math:`-q` where the target is above, :math:`1 - q` where it is below, and 0 where both are equal.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, that of `target`. Integers are taken as float64.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    quantile : float within [0, 1], or array of them that broadcasts to the shape of `predictions`
        0.5 gives half the absolute error, whose best constant prediction is the median. An array (Q,) with predictions
        (N, Q) and a target (N, 1) is a quantile for each column.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and gradient; never changes what the mean divides by.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` (over all elements) and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss
        an element.

    Returns
    -------
    float, or array of the shape of `predictions`
        A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For a quantile outside [0, 1], shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.quantile_loss(np.array([1.0, 1.0]), [3.0, 0.0], quantile=0.9, reduction="none").round(6)
    array([1.8, 0.1])

    Three quantiles of each sample in one call:

    >>> predictions = np.array([[2.0, 3.0, 5.0], [0.0, 1.0, 1.5]])
    >>> target = np.array([3.5, 1.0])
    >>> fl.quantile_loss(predictions, target[:, None], quantile=[0.1, 0.5, 0.9], reduction="none").round(6)
    array([[0.15, 0.25, 0.15],
           [0.1 , 0.  , 0.05]])

    References
    ----------
    Koenker & Bassett 1978, "Regression Quantiles". As ``sklearn.metrics.mean_pinball_loss``.
    """
    if np.ndim(quantile) > 0:
        return elements(
            "quantile_of_each", predictions, target, sample_weight, reduction,
            first="predictions", third=("quantile", _quantiles(quantile)),
        )  # fmt: skip
    options = (check.as_number(quantile, "quantile", 0.0, 1.0),)
    return elements("quantile", predictions, target, sample_weight, reduction, first="predictions", options=options)
