"""Losses for classes: one label or one distribution a row."""

import numpy as np

from fastloss import _validation as check
from fastloss._elementwise import UNIT, distributions
from fastloss._kernels import kernels
from fastloss._loss import loss
from fastloss._rowwise import Rows, combine_weights


@loss(family="rowwise", curvature=False)
def nll_loss(log_probs, target, *, axis=-1, class_weight=None, sample_weight=None, ignore_index=-100, reduction="mean"):
    r"""Negative log-likelihood of labels, from log-probabilities.

    .. math:: L_n = -w_{y_n} \, x_{n, y_n}

    The gradient is that of exactly this: :math:`-w_{y_n}` at the label, 0 elsewhere, whether or not the rows of
    `log_probs` are normalised.

    Parameters
    ----------
    log_probs : array, float or integer, with C classes along `axis`
        Log-probabilities, in nats.
    target : integer array, the shape of `log_probs` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout.
    class_weight : array (C,), optional
        A weight at least 0 for each class. A ``"mean"`` divides by the sum of the weights of the labels that count.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and gradient; never changes what the mean divides by.
    ignore_index : int
        Rows with this target cost 0 and have gradient 0, whatever their scores.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss a row.

    Returns
    -------
    float, or array of the shape of `target`
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, shapes that do not fit, labels that are not integers; before anything is written.

    Examples
    --------
    Two frames in which the right class has probability 0.4:

    >>> import numpy as np, fastloss as fl
    >>> log_probs = np.log([[0.4, 0.6], [0.4, 0.6]])
    >>> round(fl.nll_loss(log_probs, [0, 0], reduction="sum"), 5)
    1.83258

    References
    ----------
    The conventions are those of ``torch.nn.functional.nll_loss``.
    """
    rows = Rows(log_probs, "log_probs", axis)
    labels, counted, ignore_index = rows.labels(target, ignore_index)
    reduction = check.as_reduction(reduction)
    class_weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    weights = check.as_row_weights(sample_weight, "sample_weight", rows.shape)
    weights, weight_sum = combine_weights(weights, class_weights, labels, ignore_index)

    def run(wanted):
        kernel = kernels(rows.bits).cross_entropy
        total = kernel.nll(rows.view, rows.code, labels, weights, ignore_index, wanted.values)
        if wanted.grad is not None:
            wanted.grad[...] = 0
            kernel.nll_grad(labels, weights, ignore_index, wanted.scale, wanted.grad, rows.gradient_code)
        return total

    return rows.problem(reduction, counted if weight_sum is None else weight_sum, run, (target, sample_weight))


@loss(family="rowwise", curvature=True, quick=lambda modules: modules.cross_entropy.quick_cross_entropy)
def cross_entropy(
    logits,
    target,
    *,
    axis=-1,
    class_weight=None,
    sample_weight=None,
    ignore_index=-100,
    label_smoothing=0.0,
    reduction="mean",
):
    r"""Cross-entropy of a target with the softmax of logits.

    .. math:: L_n = -\sum_c w_c \, y_{nc} \log \mathrm{softmax}(x_n)_c

    where :math:`y_n` is 1 at the label, or the distribution given, and with smoothing :math:`\epsilon` becomes
    :math:`(1 - \epsilon) y + \epsilon / C`. The gradient is :math:`p_c \sum_k w_k y_k - w_c y_c`, the curvature
    :math:`p_c (1 - p_c) \sum_k w_k y_k` with :math:`p` the softmax. Losses and gradients keep their digits near
    certainty: scores (20, 0) with label 0 cost 2.06e-9, not 0.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats, normalised or not; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`; or array of probabilities, the shape of `logits`
        Labels 0..C-1 or `ignore_index`; or one distribution a row, within [0, 1].
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout; no layout is copied as a whole.
    class_weight : array (C,), optional
        A weight at least 0 for each class. With labels, ``"mean"`` divides by the sum of the weights of the labels
        that count; with probabilities by the number of rows.
    sample_weight : array that broadcasts to one number a row, optional
        Multiplies each row's loss and derivatives; never changes what the mean divides by.
    ignore_index : int
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN.
    label_smoothing : float within [0, 1]
        How much of the target is spread evenly over the classes.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss a row.

    Returns
    -------
    float, or array with one loss a row
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, a probability outside [0, 1], shapes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([[20.0, 0.0], [1.0, 3.0]])
    >>> fl.cross_entropy(logits, [0, 1], reduction="none")
    array([2.06115362e-09, 1.26928011e-01])
    >>> value, grad = fl.cross_entropy.value_and_grad(logits, [0, 1])
    >>> np.allclose(grad[1], [0.0596, -0.0596], atol=1e-4)
    True

    References
    ----------
    The conventions are those of ``torch.nn.functional.cross_entropy``. Smoothing: Szegedy et al. 2016, "Rethinking
    the Inception Architecture for Computer Vision".
    """
    rows = Rows(logits, "logits", axis)
    reduction = check.as_reduction(reduction)
    smoothing = check.as_number(label_smoothing, "label_smoothing", 0.0, 1.0)
    class_weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    weights = check.as_row_weights(sample_weight, "sample_weight", rows.shape)
    target = check.as_array(target, "target")
    if target.shape == rows.array.shape:
        return _cross_entropy_of_distributions(
            rows, target, class_weights, weights, smoothing, reduction, sample_weight
        )
    labels, counted, ignore_index = rows.labels(target, ignore_index)
    of_rows, weight_sum = combine_weights(weights, class_weights, labels, ignore_index)
    denominator = counted if weight_sum is None else weight_sum
    if smoothing:
        run = _target_run(rows, None, 0, labels, class_weights, weights, ignore_index, smoothing)
    else:

        def run(wanted):
            return kernels(rows.bits).cross_entropy.cross_entropy(
                rows.view, rows.code, labels, of_rows, ignore_index, wanted.scale, wanted.values,
                wanted.grad, rows.gradient_code, wanted.hess, rows.gradient_code, wanted.threads,
            )  # fmt: skip

    return rows.problem(reduction, denominator, run, (target, sample_weight))


def _cross_entropy_of_distributions(rows, target, class_weights, weights, smoothing, reduction, sample_weight):
    target, code = check.as_numbers(target, "target")
    view = np.moveaxis(target, rows.axis, -1)
    run = _target_run(rows, view, code, None, class_weights, weights, 0, smoothing)
    return rows.problem(reduction, rows.count, run, (target, sample_weight))


def _target_run(rows, target, target_code, labels, class_weights, weights, ignore_index, smoothing):
    """A run against a distribution a row: given, or made from labels by smoothing."""
    if class_weights is not None:
        class_weights = class_weights.astype(rows.dtype)

    def run(wanted):
        if target is not None:
            check.check_range(target, target_code, "target", 0.0, 1.0, rows.bits, wanted.threads)
        return kernels(rows.bits).cross_entropy.cross_entropy_targets(
            rows.view, rows.code, target, target_code, labels, class_weights, weights, ignore_index,
            1.0 - smoothing, smoothing / rows.classes, wanted.scale, wanted.values,
            wanted.grad, rows.gradient_code, wanted.hess, rows.gradient_code, wanted.threads,
        )  # fmt: skip

    return run


@loss(family="rowwise", curvature=True)
def categorical_cross_entropy(probs, target, *, axis=-1, include_negatives=False, sample_weight=None, reduction="mean"):
    r"""Cross-entropy of a distribution with a predicted one, from probabilities.

    .. math:: L_n = -\sum_c y_{nc} \log x_{nc} \; \left[{} - \sum_c (1 - y_{nc}) \log(1 - x_{nc})\right]

    with 0 log 0 = 0. Nothing is clamped and nothing is normalised. The gradient is :math:`-y / x`, the curvature
    :math:`y / x^2`: of exactly this, whether or not the rows add up to 1. With the negatives they are those of
    `binary_cross_entropy`. A model that computes logits should give those to `cross_entropy`.

    Parameters
    ----------
    probs : array of numbers within [0, 1], with C classes along `axis`
        Predicted probabilities.
    target : array of numbers within [0, 1], the shape of `probs`
        True probabilities; one-hot for a known class.
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout.
    include_negatives : bool
        Whether every class that is not the target's counts too, as a decision against it.
    sample_weight : array that broadcasts to one number a row, optional
        Multiplies each row's loss and derivatives; never changes what the mean divides by.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` (over rows) and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss a row.

    Returns
    -------
    float, or array of the shape of `probs` without `axis`
        In nats; inf where a class that occurs has probability 0. A mean over no rows is nan.

    Raises
    ------
    ValueError, TypeError
        For a number outside [0, 1], shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> probs = np.array([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]])
    >>> one_hot = np.array([[1, 0, 0], [0, 1, 0]])
    >>> fl.categorical_cross_entropy(probs, one_hot, reduction="none").round(6)
    array([0.356675, 0.693147])
    >>> fl.categorical_cross_entropy(probs, one_hot, include_negatives=True, reduction="none").round(6)
    array([0.685179, 1.386294])

    References
    ----------
    As ``keras.losses.categorical_crossentropy``, without its clamp and its normalisation.
    """
    name = "binary_cross_entropy" if include_negatives else "categorical_cross_entropy"
    reduction = check.as_reduction(reduction)
    return distributions(name, probs, target, axis, sample_weight, reduction, limits=(UNIT, UNIT))
