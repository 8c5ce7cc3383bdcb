"""Regression: losses of numbers, one for every element, with reductions over all elements."""

import numpy as np

from fastloss import _validation as check
from fastloss._elementwise import RootMeanSquare, elements, fast_path
from fastloss._loss import loss
from fastloss._reduction import Reduction

__all__ = [
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "quantile_loss",
    "rmse_loss",
]


@loss("elementwise", curvature=False, fast_path=fast_path("l1"))
def l1_loss(predictions, target, *, sample_weight=None, where=None, reduction="mean"):
    r"""Absolute error; its mean is the mean absolute error (MAE).

    .. math:: L = |x - y|

    The gradient is the sign of :math:`x - y`, and 0 where both are equal.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, the same as `target`. Integers are converted to float64, so that differences of uint8 do not wrap.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes an
        element, whatever it holds.
    where : bool array that broadcasts to the shape of `predictions`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "sum", "none"}
        ``"mean"`` (over the elements that count), ``"weighted_mean"`` (over the sum of their weights) and ``"sum"``
        give a float accumulated in double precision, ``"none"`` one loss per element.

    Returns
    -------
    float, or array of the shape of `predictions`
        A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.l1_loss(np.array([1.0, 2.0, 5.0]), [1.0, 4.0, 4.0])
    1.0
    >>> fl.l1_loss(np.array([3], np.uint8), np.array([5], np.uint8))
    2.0

    References
    ----------
    Boscovich 1757, least absolute deviations. Conventions of ``torch.nn.functional.l1_loss``.
    """
    return elements("l1", predictions, target, Reduction(reduction, sample_weight, where), first="predictions")


@loss("elementwise", curvature=True, fast_path=fast_path("mse"))
def mse_loss(predictions, target, *, sample_weight=None, where=None, reduction="mean"):
    r"""Squared error; its mean is the mean squared error (MSE).

    .. math:: L = (x - y)^2

    The gradient is :math:`2 (x - y)`, the curvature 2. Squares are formed and summed in double precision.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, the same as `target`. Integers are converted to float64, so that differences of uint8 do not wrap.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes
        an element, whatever it holds.
    where : bool array that broadcasts to the shape of `predictions`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "sum", "none"}
        ``"mean"`` (over the elements that count), ``"weighted_mean"`` (over the sum of their weights) and ``"sum"``
        give a float accumulated in double precision, ``"none"`` one loss per element.

    Returns
    -------
    float, or array of the shape of `predictions`
        In the square of the unit. A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> value, grad = fl.mse_loss.value_and_grad(np.array([1.0, 2.0]), [1.0, 4.0])
    >>> value, grad
    (2.0, array([ 0., -2.]))

    References
    ----------
    Legendre 1805, Gauss 1809, least squares. Conventions of ``torch.nn.functional.mse_loss``.
    """
    return elements("mse", predictions, target, Reduction(reduction, sample_weight, where), first="predictions")


@loss("elementwise", curvature=False)
def rmse_loss(predictions, target, *, sample_weight=None, where=None, reduction="mean"):
    r"""Root mean squared error (RMSE), over all N elements.

    .. math:: L = \sqrt{\frac{1}{N} \sum_i w_i (x_i - y_i)^2}

    The gradient is :math:`w (x - y) / (N L)`, and 0 at a perfect fit. Squares neither overflow nor underflow.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, the same as `target`.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's square; never changes what ``"mean"`` divides by. A weight of 0 removes an element,
        whatever it holds.
    where : bool array that broadcasts to the shape of `predictions`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean"}
        The root is of the mean over the N elements that count; or of the weighted mean, over the sum of their weights.

    Returns
    -------
    float
        In the unit of `predictions`, accumulated in double precision. Over no elements it is nan.

    Raises
    ------
    ValueError, TypeError
        For shapes or dtypes that do not fit, or another reduction; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.rmse_loss(np.array([3.0, 0.0, 0.0, 0.0]), 0)
    1.5
    >>> fl.rmse_loss.grad(np.array([1.0, 2.0]), [1.0, 2.0])
    array([0., 0.])

    References
    ----------
    Equals ``sklearn.metrics.root_mean_squared_error`` for one output without weights. With weights, that function gives
    what ``reduction="weighted_mean"`` does; for several outputs it averages one root per output, and this is one root
    over all elements.
    """
    return elements(
        "rmse", predictions, target, Reduction(reduction, sample_weight, where),
        first="predictions", reductions=check.MEANS_ONLY, kind=RootMeanSquare,
    )  # fmt: skip


def _of_quantiles(predictions, target, quantile, reduction):
    """With an array of quantiles, as src/elementwise/losses.h takes it: above 1/2 minus what is left to 1."""
    array, _ = check.as_numbers(quantile, "quantile")
    numbers = check.as_float(array)
    third = "quantile", np.where(numbers > 0.5, -(1 - numbers), numbers)
    call = elements("quantile_of_each", predictions, target, reduction, first="predictions", third=third)
    wrong = ~((numbers >= 0) & (numbers <= 1))
    place = check.first_used(wrong, reduction) if wrong.any() else -1
    if place >= 0:
        check.raise_refused(array, "quantile", place, "a number within [0, 1]")
    return call


@loss("elementwise", curvature=False, fast_path=fast_path("quantile", "quantile"))
def quantile_loss(predictions, target, *, quantile=0.5, sample_weight=None, where=None, reduction="mean"):
    r"""Quantile loss (pinball loss): least where the given share of the targets lies below the prediction.

    .. math:: L = \begin{cases} q (y - x) & y \ge x \\ (1 - q) (x - y) & y < x \end{cases}

    The gradient is :math:`-q` where the target is above, :math:`1 - q` where it is below, and 0 where both are equal.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, the same as `target`. Integers are converted to float64.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    quantile : float within [0, 1], or array of them that broadcasts to the shape of `predictions`
        0.5 gives half the absolute error, whose best constant prediction is the median. An array (Q,) with predictions
        (N, Q) and a target (N, 1) is a quantile for each column.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes an
        element, whatever it holds.
    where : bool array that broadcasts to the shape of `predictions`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "sum", "none"}
        ``"mean"`` (over the elements that count), ``"weighted_mean"`` (over the sum of their weights) and ``"sum"``
        give a float accumulated in double precision, ``"none"`` one loss per element.

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
    Koenker & Bassett 1978, "Regression Quantiles". Without weights, ``sklearn.metrics.mean_pinball_loss`` is the same.
    """
    reduction = Reduction(reduction, sample_weight, where)
    if np.ndim(quantile) > 0:
        return _of_quantiles(predictions, target, quantile, reduction)
    options = (check.as_number(quantile, "quantile", 0.0, 1.0),)
    return elements("quantile", predictions, target, reduction, first="predictions", options=options)


@loss("elementwise", curvature=True, fast_path=fast_path("poisson_nll"))
def poisson_nll_loss(log_rate, target, *, full=False, sample_weight=None, where=None, reduction="mean"):
    r"""Negative log-likelihood of counts under Poisson distributions, from the logarithm of their rates.

    .. math:: L = e^x - x y \; [{} + \log y!]

    The gradient is :math:`e^x - y`, the curvature :math:`e^x`.

    Parameters
    ----------
    log_rate : array, float or integer, any shape
        The logarithm of the expected count.
    target : array of numbers at least 0 that broadcasts to the shape of `log_rate`
        Counts; they need not be whole.
    full : bool
        Whether to add :math:`\log y!`, exact and not by Stirling's approximation, which makes the loss minus the
        logarithm of a probability; float32 is then computed in double precision.
    sample_weight : array that broadcasts to the shape of `log_rate`, optional
        Multiplies each element's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes
        an element, whatever it holds.
    where : bool array that broadcasts to the shape of `log_rate`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "sum", "none"}
        ``"mean"`` (over the elements that count), ``"weighted_mean"`` (over the sum of their weights) and ``"sum"``
        give a float accumulated in double precision, ``"none"`` one loss per element.

    Returns
    -------
    float, or array of the shape of `log_rate`
        In nats. A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For a count below 0, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    The probability of no event where one is expected is 1/e, that of two is 1/(2e):

    >>> import numpy as np, fastloss as fl
    >>> loss = fl.poisson_nll_loss(np.zeros(2), [0, 2], full=True, reduction="none")
    >>> np.exp(-loss).round(6)
    array([0.367879, 0.18394 ])

    References
    ----------
    Nelder & Wedderburn 1972, "Generalized Linear Models". ``torch.nn.functional.poisson_nll_loss`` with
    ``log_input=True``, but for the exact factorial.
    """
    call = elements("poisson_nll", log_rate, target, Reduction(reduction, sample_weight, where), first="log_rate")
    if check.as_flag(full, "full"):
        call.name, call.bits = "poisson_nll_full", 64
    return call
