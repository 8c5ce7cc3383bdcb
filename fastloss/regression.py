"""Losses of numbers: every element of the predictions has its own, and reductions are over all elements."""

from fastloss import _validation as check
from fastloss._elementwise import RootMeanSquare, elements, fast_path
from fastloss._loss import loss

__all__ = [
    "huber_loss",
    "l1_loss",
    "log_cosh_loss",
    "mse_loss",
    "poisson_nll_loss",
    "rmse_loss",
    "smooth_l1_loss",
]


@loss("elementwise", curvature=False, fast_path=fast_path("l1"))
def l1_loss(predictions, target, *, sample_weight=None, reduction="mean"):
    r"""Absolute error; its mean is the mean absolute error (MAE).

    .. math:: L = |x - y|

    The gradient is the sign of :math:`x - y`, and 0 where both are equal.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, that of `target`. Integers are taken as float64: a difference of uint8 does not wrap.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
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
    return elements("l1", predictions, target, sample_weight, reduction, first="predictions")


@loss("elementwise", curvature=True, fast_path=fast_path("mse"))
def mse_loss(predictions, target, *, sample_weight=None, reduction="mean"):
    r"""Squared error; its mean is the mean squared error (MSE).

    .. math:: L = (x - y)^2

    The gradient is :math:`2 (x - y)`, the curvature 2. Squares are formed and summed in double precision.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, that of `target`. Integers are taken as float64: a difference of uint8 does not wrap.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and derivatives; never changes what the mean divides by.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` (over all elements) and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss
        an element.

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
    return elements("mse", predictions, target, sample_weight, reduction, first="predictions")


@loss("elementwise", curvature=False)
def rmse_loss(predictions, target, *, sample_weight=None, reduction="mean"):
    r"""Root mean squared error (RMSE), over all N elements.

    .. math:: L = \sqrt{\frac{1}{N} \sum_i w_i (x_i - y_i)^2}

    The gradient is :math:`w (x - y) / (N L)`, and 0 at a perfect fit. No square overflows or underflows.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, that of `target`.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's square; never changes what the mean divides by.
    reduction : {"mean"}
        There is no other: the root is of the mean.

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
    Conventions of ``sklearn.metrics.root_mean_squared_error``, for arrays of any shape.
    """
    return elements(
        "rmse", predictions, target, sample_weight, reduction,
        first="predictions", reductions={"mean": check.REDUCTIONS["mean"]}, kind=RootMeanSquare,
    )  # fmt: skip


def _bits_for(number, bits):
    """A threshold that float32 can't hold needs the kernel of float64."""
    return bits if 2.0**-100 < float(number) < 2.0**100 or number == 0 else 64


@loss("elementwise", curvature=True, fast_path=fast_path("huber", "delta"))
def huber_loss(predictions, target, *, delta=1.0, sample_weight=None, reduction="mean"):
    r"""Huber's loss: squared near the target, absolute away from it.

    .. math:: L = \begin{cases} \frac{1}{2} d^2 & |d| \le \delta \\
        \delta \left(|d| - \frac{1}{2} \delta\right) & |d| > \delta \end{cases} \qquad d = x - y

    The gradient is :math:`d` held within :math:`\pm\delta`; the curvature is 1 up to :math:`|d| = \delta` and 0 beyond.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, that of `target` and `delta`. Integers are taken as float64.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    delta : float, above 0
        Where the loss turns from squared to absolute.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and derivatives; never changes what the mean divides by.
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
    call = elements("huber", predictions, target, sample_weight, reduction, first="predictions", options=options)
    call.bits = _bits_for(delta, call.bits)
    return call


@loss("elementwise", curvature=True, fast_path=fast_path("smooth_l1", "beta"))
def smooth_l1_loss(predictions, target, *, beta=1.0, sample_weight=None, reduction="mean"):
    r"""Absolute error with a rounded tip: Huber's loss divided by its threshold.

    .. math:: L = \begin{cases} \frac{1}{2} d^2 / \beta & |d| < \beta \\
        |d| - \frac{1}{2} \beta & |d| \ge \beta \end{cases} \qquad d = x - y

    The gradient is :math:`d / \beta` below beta and the sign of :math:`d` from there on; the curvature is
    :math:`1 / \beta`, then 0. With beta = 0 this is `l1_loss`.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In any unit, that of `target` and `beta`. Integers are taken as float64.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    beta : float, at least 0
        Where the loss turns from squared to absolute.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and derivatives; never changes what the mean divides by.
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
    options = (check.as_number(beta, "beta", 0.0),)
    call = elements("smooth_l1", predictions, target, sample_weight, reduction, first="predictions", options=options)
    call.bits = _bits_for(beta, call.bits)
    return call


@loss("elementwise", curvature=True, fast_path=fast_path("log_cosh"))
def log_cosh_loss(predictions, target, *, sample_weight=None, reduction="mean"):
    r"""Logarithm of the hyperbolic cosine of the error: squared near the target, absolute away from it, smooth between.

    .. math:: L = \log \cosh (x - y)

    The gradient is :math:`\tanh(x - y)`, the curvature :math:`1 / \cosh^2(x - y)`. All three keep their digits for
    tiny differences (1e-4 costs 5e-9, not rounding noise) and for huge ones (no overflow).

    Parameters
    ----------
    predictions : array, float or integer, any shape
        In the unit of `target`. Integers are taken as float64.
    target : array of numbers that broadcasts to the shape of `predictions`
        What should have been predicted.
    sample_weight : array that broadcasts to the shape of `predictions`, optional
        Multiplies each element's loss and derivatives; never changes what the mean divides by.
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
    return elements("log_cosh", predictions, target, sample_weight, reduction, first="predictions")


@loss("elementwise", curvature=True, fast_path=fast_path("poisson_nll"))
def poisson_nll_loss(log_rate, target, *, full=False, sample_weight=None, reduction="mean"):
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
        Multiplies each element's loss and derivatives; never changes what the mean divides by.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` (over all elements) and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss
        an element.

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
    call = elements("poisson_nll", log_rate, target, sample_weight, reduction, first="log_rate")
    if full:
        call.name, call.bits = "poisson_nll_full", 64
    return call
