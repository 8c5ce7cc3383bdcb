"""Binary decisions: independent labels, from probabilities, logits or the scores of a margin classifier."""

import numpy as np

from fastloss import _validation as check
from fastloss._elementwise import elements, fast_path
from fastloss._loss import loss
from fastloss._reduction import Reduction

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "hinge_loss"]


@loss("elementwise", curvature=True, fast_path=fast_path("binary_cross_entropy"))
def binary_cross_entropy(probs, target, *, sample_weight=None, where=None, reduction="mean"):
    r"""Cross-entropy of independent binary labels, from probabilities.

    .. math:: L = -y \log x - (1 - y) \log(1 - x)

    with 0 log 0 = 0. Nothing is clamped: a label of probability 0 costs inf, and its gradient is not 0. The
    gradient is :math:`(x - y) / (x (1 - x))`, the curvature :math:`y / x^2 + (1 - y) / (1 - x)^2`. A model that
    computes logits should give those to `binary_cross_entropy_with_logits`: near x = 1, 1 - x is no longer accurate.

    Parameters
    ----------
    probs : array of numbers within [0, 1], any shape
        Probability of the positive class.
    target : array of numbers within [0, 1] that broadcasts to the shape of `probs`
        1 for the positive class, 0 for the negative one; numbers between are soft labels.
    sample_weight : array that broadcasts to the shape of `probs`, optional
        Multiplies each element's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes
        an element, whatever it holds.
    where : bool array that broadcasts to the shape of `probs`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "sum", "none"}
        ``"mean"`` (over the elements that count), ``"weighted_mean"`` (over the sum of their weights) and ``"sum"``
        give a float accumulated in double precision, ``"none"`` one loss per element.

    Returns
    -------
    float, or array of the shape of `probs`
        In nats. A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For a number outside [0, 1], shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.binary_cross_entropy(np.array([0.5, 1e-30, 0.0]), [1, 0, 1], reduction="none")
    array([6.93147181e-01, 1.00000000e-30,            inf])

    References
    ----------
    Good 1952, "Rational Decisions". Conventions of ``torch.nn.functional.binary_cross_entropy``, without its clamp.
    """
    reduction = Reduction(reduction, sample_weight, where)
    call = elements("binary_cross_entropy", probs, target, reduction, first="probs")
    if reduction.uses_all:
        check.forbid_certain(*call.arguments[:2], "probs")
    return call


@loss("elementwise", curvature=True, fast_path=fast_path("binary_cross_entropy_with_logits"))
def binary_cross_entropy_with_logits(
    logits, target, *, sample_weight=None, where=None, pos_weight=None, reduction="mean"
):
    r"""Cross-entropy of independent binary labels, from logits.

    .. math:: L = -w_+ y \log \sigma(x) - (1 - y) \log(1 - \sigma(x))

    with :math:`\sigma(x) = 1 / (1 + e^{-x})` and the weight :math:`w_+` of the positive class. The gradient is
    :math:`(1 - y) \sigma(x) - w_+ y \sigma(-x)`, the curvature :math:`(1 - y + w_+ y) \sigma(x) \sigma(-x)`. All three
    stay accurate in both tails.

    Parameters
    ----------
    logits : array, float or integer, any shape
        Log-odds, in nats.
    target : array of numbers within [0, 1] that broadcasts to the shape of `logits`
        1 for the positive class, 0 for the negative one; numbers between are soft labels.
    sample_weight : array that broadcasts to the shape of `logits`, optional
        Multiplies each element's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes
        an element, whatever it holds.
    where : bool array that broadcasts to the shape of `logits`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    pos_weight : number or array at least 0 that broadcasts to the shape of `logits`, optional
        How much more a positive counts than a negative; an array (C,) weighs each column.
    reduction : {"mean", "weighted_mean", "sum", "none"}
        ``"mean"`` (over the elements that count), ``"weighted_mean"`` (over the sum of their weights) and ``"sum"``
        give a float accumulated in double precision, ``"none"`` one loss per element.

    Returns
    -------
    float, or array of the shape of `logits`
        In nats. A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For a target outside [0, 1], a negative weight of the positive side, shapes or dtypes that do not fit; before
        anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([0.0, 30.0, -200.0])
    >>> value, grad = fl.binary_cross_entropy_with_logits.value_and_grad(logits, [1, 1, 1], reduction="none")
    >>> value
    array([6.93147181e-01, 9.35762297e-14, 2.00000000e+02])
    >>> grad
    array([-5.00000000e-01, -9.35762297e-14, -1.00000000e+00])

    References
    ----------
    Good 1952, "Rational Decisions". Conventions of ``torch.nn.functional.binary_cross_entropy_with_logits``.
    """
    reduction = Reduction(reduction, sample_weight, where)
    if pos_weight is None:
        return elements("binary_cross_entropy_with_logits", logits, target, reduction, first="logits")
    positive, _ = check.as_numbers(pos_weight, "pos_weight")
    call = elements(
        "binary_cross_entropy_with_pos_weight", logits, target, reduction,
        first="logits", third=("pos_weight", positive),
    )  # fmt: skip
    check.check_range(positive, "pos_weight", 0.0, float(np.finfo(call.value_dtype).max), reduction)
    return call


@loss("elementwise", curvature=True, fast_path=fast_path("hinge"))
def hinge_loss(predictions, target, *, squared=False, sample_weight=None, where=None, reduction="mean"):
    r"""Hinge loss of binary labels: 0 for a prediction on the right side with a margin of 1, linear below it.

    .. math:: L = \max(0, 1 - s x), \quad \text{or } L = \max(0, 1 - s x)^2 \text{ squared}

    with the sign :math:`s` of the label, 1 or -1. The gradient is :math:`-s` where :math:`s x < 1`, squared
    :math:`-2 s (1 - s x)`, and 0 from there on, the corner itself included. The curvature of the square is 2 where
    :math:`s x < 1`, then 0.

    Parameters
    ----------
    predictions : array, float or integer, any shape
        What a margin classifier decides by: above 0 for the positive class.
    target : array of numbers that broadcasts to the shape of `predictions`
        -1 or 1 throughout (scikit-learn's and Keras' labels), or 0 or 1 throughout (Keras takes these too): 1 for the
        positive class. An array with both -1 and 0 is refused.
    squared : bool
        Whether to square it. Without that it has no curvature, and `grad_and_hess` raises a TypeError.
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
        In the unit of `predictions`, or its square. A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For another target, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> predictions = np.array([2.0, 0.5, -1.0])
    >>> fl.hinge_loss(predictions, [1, 1, 1], reduction="none")
    array([0. , 0.5, 2. ])
    >>> fl.hinge_loss.grad_and_hess(predictions, [1, 0, 1], squared=True, reduction="sum")
    (array([ 0.,  3., -4.]), array([0., 2., 2.]))

    References
    ----------
    Cortes & Vapnik 1995, "Support-Vector Networks". ``sklearn.metrics.hinge_loss``, ``keras.losses.hinge`` and
    ``keras.losses.squared_hinge``.
    """
    squared = check.as_flag(squared, "squared")
    name = "squared_hinge" if squared else "hinge"
    call = elements(name, predictions, target, Reduction(reduction, sample_weight, where), first="predictions")
    call.no_curvature = None if squared else "unless squared=True"
    return call
