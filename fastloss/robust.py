"""Robust regression: squared near the target and absolute away from it, so that outliers pull less."""

from fastloss import _validation as check
from fastloss._elementwise import elements, fast_path
from fastloss._loss import loss
from fastloss._reduction import Reduction

__all__ = ["huber_loss", "log_cosh_loss", "smooth_l1_loss"]


def _bits_for(number, bits):
    """A threshold that float32 can't hold needs the kernel of float64."""
    return bits if 2.0**-100 < float(number) < 2.0**100 or number == 0 else 64


@loss("elementwise", curvature=True, fast_path=fast_path("huber", "delta"))
def huber_loss(predictions, target, *, delta=1.0, sample_weight=None, where=None, reduction="mean"):
    r"""Huber's loss: squared near the target, absolute away from it.

    .. math:: L = \begin{cases} \frac{1}{2} d^2 & |d| \le \delta \\
        \delta \left(|d| - \frac{1}{2} \delta\right) & |d| > \delta \end{cases} \qquad d = x - y

    The gradient is :math:`d` held within :math:`\pm\delta`; the curvature is 1 up to :math:`|d| = \delta` and 0 beyond.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, the same as `target` and `delta`. Integers are converted to float64.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    delta : float, above 0
        Where the loss changes from squared to absolute.
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
        A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For delta not above 0, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.huber_loss(np.array([0.5, 3.0]), 0, reduction="none")
    array([0.125, 2.5  ])

    References
    ----------
    Huber 1964, "Robust Estimation of a Location Parameter". Conventions of ``torch.nn.functional.huber_loss``.
    """
    options = (check.as_positive(delta, "delta"),)
    call = elements(
        "huber", predictions, target, Reduction(reduction, sample_weight, where), first="predictions", options=options
    )
    call.bits = _bits_for(delta, call.bits)
    return call


@loss("elementwise", curvature=True, fast_path=fast_path("smooth_l1", "beta"))
def smooth_l1_loss(predictions, target, *, beta=1.0, sample_weight=None, where=None, reduction="mean"):
    r"""Absolute error with a rounded tip: Huber's loss divided by its threshold.

    .. math:: L = \begin{cases} \frac{1}{2} d^2 / \beta & |d| < \beta \\
        |d| - \frac{1}{2} \beta & |d| \ge \beta \end{cases} \qquad d = x - y

    The gradient is :math:`d / \beta` below beta and the sign of :math:`d` from there on; the curvature is
    :math:`1 / \beta`, then 0. With beta = 0 this is `l1_loss`.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, the same as `target` and `beta`. Integers are converted to float64.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    beta : float, at least 0
        Where the loss changes from squared to absolute.
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
        A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For beta below 0, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.smooth_l1_loss(np.array([0.5, 3.0]), 0, beta=2.0, reduction="none")
    array([0.0625, 2.    ])

    References
    ----------
    Girshick 2015, "Fast R-CNN". Conventions of ``torch.nn.functional.smooth_l1_loss``.
    """
    options, reduction = (check.as_number(beta, "beta", 0.0),), Reduction(reduction, sample_weight, where)
    call = elements("smooth_l1", predictions, target, reduction, first="predictions", options=options)
    call.bits = _bits_for(beta, call.bits)
    return call


@loss("elementwise", curvature=True, fast_path=fast_path("log_cosh"))
def log_cosh_loss(predictions, target, *, sample_weight=None, where=None, reduction="mean"):
    r"""Logarithm of the hyperbolic cosine of the error: squared near the target, absolute away from it, smooth between.

    .. math:: L = \log \cosh (x - y)

    The gradient is :math:`\tanh(x - y)`, the curvature :math:`1 / \cosh^2(x - y)`. All three stay accurate for
    tiny differences (1e-4 costs 5e-9, not rounding noise) and for huge ones (no overflow).

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In the unit of `target`. Integers are converted to float64.
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
        A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.log_cosh_loss(np.array([1e-4, 1.0, 1000.0]), 0, reduction="none")
    array([4.99999999e-09, 4.33780830e-01, 9.99306853e+02])

    References
    ----------
    Saleh & Saleh 2022, "Statistical Properties of the log-cosh Loss Function Used in Machine Learning". As
    ``optax.losses.log_cosh`` and ``keras.losses.log_cosh``.
    """
    return elements("log_cosh", predictions, target, Reduction(reduction, sample_weight, where), first="predictions")
