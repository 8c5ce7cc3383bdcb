"""Relatives of cross-entropy: the focal losses and others that weigh hard and easy examples differently."""

import numpy as np

from fastloss import _rowwise as rowwise
from fastloss import _validation as check
from fastloss._elementwise import elements, fast_path
from fastloss._loss import loss
from fastloss._reduction import Reduction

__all__ = ["generalized_cross_entropy", "poly1_cross_entropy", "sigmoid_focal_loss", "softmax_focal_loss"]

# From here on (1 - p)^gamma is 0 or 1 in double precision, and gamma^2 still fits float32.
_LARGEST_GAMMA = 1e18
_SMALLEST_Q = 1e-6  # below, it is cross-entropy to rounding
_LARGEST_EPSILON = 1e30  # that float32 holds with its products


@loss("elementwise", curvature=True, fast_path=fast_path("sigmoid_focal", "alpha", "gamma"))
def sigmoid_focal_loss(logits, target, *, alpha=0.25, gamma=2.0, sample_weight=None, where=None, reduction="mean"):
    r"""Focal loss of independent binary labels, from logits.

    .. math:: L = \alpha_t (1 - p_t)^\gamma \cdot \mathrm{BCE}(x, y), \qquad
        p_t = p y + (1 - p)(1 - y), \quad \alpha_t = \alpha y + (1 - \alpha)(1 - y), \quad p = \sigma(x)

    Value, gradient and curvature stay accurate in both tails, for every gamma: no NaN at x = 20 with gamma = 0.5,
    no gradient of 0 at x = -200. The second derivative is negative in places; it is returned as it is.

    Parameters
    ----------
    logits : array, float or integer, any shape
        Log-odds, in nats.
    target : array of numbers within [0, 1] that broadcasts to the shape of `logits`
        1 for the positive class, 0 for the negative one; numbers between are soft labels.
    alpha : float within [0, 1], or None
        Weight of the positive class; the negative class has 1 - alpha. None: no such weights.
    gamma : float, at least 0
        How much the weight of easy examples is reduced; 0 gives (weighted) binary cross-entropy.
    sample_weight : array that broadcasts to the shape of `logits`, optional
        Multiplies each element's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes
        an element, whatever it holds.
    where : bool array that broadcasts to the shape of `logits`, optional
        Which elements count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "sum", "none"}
        ``"mean"`` (over the elements that count), ``"weighted_mean"`` (over the sum of their weights) and ``"sum"``
        give a float accumulated in double precision, ``"none"`` one loss per element.

    Returns
    -------
    float, or array of the shape of `logits`
        A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For alpha outside [0, 1], gamma below 0, a target outside [0, 1], shapes that do not fit; before anything is
        written.

    Examples
    --------
    An objective for gradient boosting, with its exact curvature:

    >>> import numpy as np, fastloss as fl
    >>> scores, labels = np.array([-2.0, 0.5, 3.0]), np.array([0, 1, 1])
    >>> grad, hess = fl.sigmoid_focal_loss.grad_and_hess(scores, labels, reduction="sum")
    >>> grad.round(5), hess.round(5)
    (array([ 3.650e-03, -3.448e-02, -8.000e-05]), array([0.00951, 0.06011, 0.00022]))

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár 2017, "Focal Loss for Dense Object Detection"; conventions of
    ``torchvision.ops.sigmoid_focal_loss``.
    """
    options = (
        -1.0 if alpha is None else check.as_number(alpha, "alpha", 0.0, 1.0),
        min(check.as_number(gamma, "gamma", 0.0), _LARGEST_GAMMA),
    )
    return elements(
        "sigmoid_focal", logits, target, Reduction(reduction, sample_weight, where), first="logits", options=options
    )


def _kernel_for(gamma):
    """The softmax focal loss in src/rowwise/label_losses.h: some gammas have cheap powers."""
    return f"softmax_focal_{gamma:g}" if gamma in (0, 1, 2) else "softmax_focal"


@loss("rowwise", curvature=True, fast_path=rowwise.fast_path(_kernel_for, "gamma"))
def softmax_focal_loss(
    logits,
    target,
    *,
    axis=-1,
    alpha=None,
    gamma=2.0,
    sample_weight=None,
    where=None,
    ignore_index=-100,
    reduction="mean",
):
    r"""Focal loss of one label among C classes, from logits.

    .. math:: L_n = -\alpha_{y_n} (1 - p)^\gamma \log p, \qquad p = \mathrm{softmax}(x_n)_{y_n}

    1 - p is the sum of the other classes' probabilities, so that confident rows stay accurate. With gamma = 0 this
    is cross-entropy. The second derivative is negative in places; it is returned as it is.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis, by default the last, also for (N, C, d1, ...), where PyTorch's is ``axis=1``. If C = d1, labels
        fit both axes, and no error can tell that the other one was meant.
    alpha : float at least 0, array (C,) of them, or None
        Weight of every row, or of the rows of each class: any finite numbers, such as balanced class weights above 1.
        It does not change what the mean divides by.
    gamma : float, at least 0
        How much less the examples count that are already classified well.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to the shape of `target`, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    ignore_index : int, or None
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN. None: no label is ignored.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one loss per row.

    Returns
    -------
    float, or array of the shape of `target`
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, alpha or gamma below 0 or not finite, shapes that do not fit; before anything is
        written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    >>> fl.softmax_focal_loss(logits, [0, 1], gamma=2.0, reduction="none").round(5)
    array([0.01087, 4.94695])

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár 2017, "Focal Loss for Dense Object Detection".
    """
    rows = rowwise.Rows(logits, "logits", axis)
    target = check.as_array(target, "target")
    gamma = min(check.as_number(gamma, "gamma", 0.0), _LARGEST_GAMMA)
    return rows.label_loss(
        _kernel_for(gamma), target, Reduction(reduction, sample_weight, where), _alphas(alpha, rows.classes),
        ignore_index, options=(gamma,),
    )  # fmt: skip


def _alphas(alpha, classes):
    """One alpha a class, or None."""
    if alpha is None:
        return None
    if check.as_array(alpha, "alpha", "a number, or an array with one for each class").ndim == 0:
        return np.full(classes, check.as_number(alpha, "alpha", 0.0))
    return check.as_class_weights(alpha, "alpha", classes)


@loss("rowwise", curvature=True, fast_path=rowwise.fast_path("poly1_cross_entropy", "epsilon"))
def poly1_cross_entropy(
    logits,
    target,
    *,
    axis=-1,
    epsilon=1.0,
    class_weight=None,
    sample_weight=None,
    where=None,
    ignore_index=-100,
    reduction="mean",
):
    r"""Poly-1 loss: cross-entropy with another weight of the first term of its expansion in 1 - p.

    .. math:: L = w \left(-\log p + \epsilon (1 - p)\right), \qquad p = \mathrm{softmax}(x)_\text{label}

    since :math:`-\log p = \sum_j (1 - p)^j / j`. With :math:`u = \log p` the first derivative with respect to u is
    :math:`-w (1 + \epsilon p)`, the second :math:`-w \epsilon p`; gradient and curvature with respect to the logits
    follow from them. All stay accurate in both tails, also with :math:`\epsilon = -1`, where the loss is of second
    order. The exception is the curvature for a wrong class whose probability is near 1, with :math:`\epsilon = 1`: it
    is nearly 0, and its absolute error is about the rounding of p.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis, by default the last, also for (N, C, d1, ...), where PyTorch's is ``axis=1``. If C = d1, labels
        fit both axes, and no error can tell that the other one was meant.
    epsilon : float
        How much the first term counts more than in cross-entropy; at least -1 in the paper, 0 is `cross_entropy`.
    class_weight : array (C,), optional
        A weight w of at least 0 for each class. A ``"mean"`` divides by the sum of the weights of the labels that
        count.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to the shape of `target`, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    ignore_index : int, or None
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN. None: no label is ignored.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one loss per row.

    Returns
    -------
    float, or array of the shape of `target`
        In nats. A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, an epsilon that is not finite, shapes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    >>> fl.poly1_cross_entropy(logits, [0, 1], reduction="none").round(5)
    array([0.45256, 6.00674])

    References
    ----------
    Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov 2022, "PolyLoss: A Polynomial Expansion Perspective of Classification
    Loss Functions".
    """
    rows = rowwise.Rows(logits, "logits", axis)
    target = check.as_array(target, "target")
    options = (check.as_number(epsilon, "epsilon", -_LARGEST_EPSILON, _LARGEST_EPSILON),)
    weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    return rows.label_loss(
        "poly1_cross_entropy", target, Reduction(reduction, sample_weight, where), weights, ignore_index,
        options=options, weighs_mean=True,
    )  # fmt: skip


@loss("rowwise", curvature=True, fast_path=rowwise.fast_path("generalized_cross_entropy", "q"))
def generalized_cross_entropy(
    logits,
    target,
    *,
    axis=-1,
    q=0.7,
    class_weight=None,
    sample_weight=None,
    where=None,
    ignore_index=-100,
    reduction="mean",
):
    r"""Generalized cross-entropy: between cross-entropy and the absolute error of p, so that wrong labels pull less.

    .. math:: L = w \, \frac{1 - p^q}{q}, \qquad p = \mathrm{softmax}(x)_\text{label}

    With q towards 0 this is `cross_entropy`; with q = 1 it is :math:`1 - p`. With :math:`u = \log p` the first
    derivative with respect to u is :math:`-w p^q`, the second :math:`-w q p^q`; gradient and curvature with respect to
    the logits follow from these. All stay accurate in both tails, except that a power :math:`p^q` has about
    :math:`q |\log p|` roundings of its type. The curvature is negative in places; it is returned as it is.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis, by default the last, also for (N, C, d1, ...), where PyTorch's is ``axis=1``. If C = d1, labels
        fit both axes, and no error can tell that the other one was meant.
    q : float within [1e-6, 1]
        How little rows with a small p count; 0.7 is the paper's.
    class_weight : array (C,), optional
        A weight w of at least 0 for each class. A ``"mean"`` divides by the sum of the weights of the labels that
        count.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to the shape of `target`, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    ignore_index : int, or None
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN. None: no label is ignored.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one loss per row.

    Returns
    -------
    float, or array of the shape of `target`
        At most w / q. A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, a q out of range, shapes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    >>> fl.generalized_cross_entropy(logits, [0, 1], reduction="none").round(5)
    array([0.22054, 1.38583])

    References
    ----------
    Zhang & Sabuncu 2018, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels".
    """
    rows = rowwise.Rows(logits, "logits", axis)
    target = check.as_array(target, "target")
    options = (check.as_number(q, "q", _SMALLEST_Q, 1.0),)
    weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    return rows.label_loss(
        "generalized_cross_entropy", target, Reduction(reduction, sample_weight, where), weights, ignore_index,
        options=options, weighs_mean=True,
    )  # fmt: skip
