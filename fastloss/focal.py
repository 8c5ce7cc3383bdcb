"""The focal losses: of yes/no decisions (sigmoid), and of one label among many (softmax)."""

import numpy as np

from fastloss import _validation as check
from fastloss._elementwise import ANY, UNIT, Points
from fastloss._kernels import kernels
from fastloss._loss import loss
from fastloss._rowwise import Rows, combine_weights

# From here on (1 - p)^gamma is 0 or 1 in double precision, and gamma^2 still fits float32.
_LARGEST_GAMMA = 1e18


@loss(family="elementwise", curvature=True)
def sigmoid_focal_loss(logits, target, *, alpha=0.25, gamma=2.0, sample_weight=None, reduction="mean"):
    r"""Focal loss of independent yes/no decisions, from logits.

    .. math:: L = \alpha_t (1 - p_t)^\gamma \cdot \mathrm{BCE}(x, y), \qquad
        p_t = p y + (1 - p)(1 - y), \quad \alpha_t = \alpha y + (1 - \alpha)(1 - y), \quad p = \sigma(x)

    Value, gradient and curvature keep their digits in both tails, for every gamma: no NaN at x = 20 with gamma = 0.5,
    no dead gradient at x = -200. The second derivative is negative in places; it is returned as it is.

    Parameters
    ----------
    logits : array, float or integer, any shape
        Log-odds, in nats.
    target : array of numbers within [0, 1] that broadcasts to the shape of `logits`
        1 for yes, 0 for no; between them, soft.
    alpha : float within [0, 1], or None
        Weight of the positive class; the negative class has 1 - alpha. None: no such weights.
    gamma : float, at least 0
        How much easy examples are turned down; 0 gives (weighted) binary cross-entropy.
    sample_weight : array that broadcasts to the shape of `logits`, optional
        Multiplies each element's loss and derivatives; never changes what the mean divides by.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss an element.

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
    reduction = check.as_reduction(reduction)
    gamma = min(check.as_number(gamma, "gamma", 0.0), _LARGEST_GAMMA)
    alpha = -1.0 if alpha is None else check.as_number(alpha, "alpha", 0.0, 1.0)
    points = Points("sigmoid_focal", logits, target, sample_weight, first="logits").limited(ANY, UNIT)

    def run(wanted):
        return points.compute(wanted, kernels(points.bits).sigmoid_focal.sigmoid_focal, options=(alpha, gamma))

    return points.problem(reduction, run)


@loss(family="rowwise", curvature=True)
def softmax_focal_loss(
    logits, target, *, axis=-1, alpha=None, gamma=2.0, sample_weight=None, ignore_index=-100, reduction="mean"
):
    r"""Focal loss of one label among C classes, from logits.

    .. math:: L_n = -\alpha_{y_n} (1 - p)^\gamma \log p, \qquad p = \mathrm{softmax}(x_n)_{y_n}

    1 - p is the sum of the other classes' probabilities, so that confident rows keep their digits. With gamma = 0 this
    is cross-entropy. The second derivative is negative in places; it is returned as it is.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout.
    alpha : float within [0, 1], array (C,) of them, or None
        Weight of every row, or of the rows of each class. It does not change what the mean divides by.
    gamma : float, at least 0
        How much easy examples are turned down.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and derivatives; never changes what the mean divides by.
    ignore_index : int
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the number of rows that count.

    Returns
    -------
    float, or array of the shape of `target`
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, alpha outside [0, 1], gamma below 0, shapes that do not fit; before anything is
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
    rows = Rows(logits, "logits", axis)
    labels, counted, ignore_index = rows.labels(target, ignore_index)
    reduction = check.as_reduction(reduction)
    gamma = min(check.as_number(gamma, "gamma", 0.0), _LARGEST_GAMMA)
    weights = check.as_row_weights(sample_weight, "sample_weight", rows.shape)
    weights, _ = combine_weights(weights, _alphas(alpha, rows.classes), labels, ignore_index)

    def run(wanted):
        return kernels(rows.bits).cross_entropy.softmax_focal(
            rows.view, rows.code, labels, weights, gamma, ignore_index, wanted.scale, wanted.values,
            wanted.grad, rows.gradient_code, wanted.hess, rows.gradient_code, wanted.threads,
        )  # fmt: skip

    return rows.problem(reduction, counted, run, (target, sample_weight))


def _alphas(alpha, classes):
    """One alpha a class, or None."""
    if alpha is None:
        return None
    if np.ndim(alpha) == 0:
        return np.full(classes, check.as_number(alpha, "alpha", 0.0, 1.0))
    alphas = check.as_class_weights(alpha, "alpha", classes)
    bad = np.flatnonzero(alphas > 1)
    if bad.size:
        raise ValueError(f"alpha[{bad[0]}] is {alphas[bad[0]]}; expected a number within [0, 1]")
    return alphas
