"""Classes: one label or one distribution per row."""

from fastloss import _validation as check
from fastloss._elementwise import distributions
from fastloss._loss import loss
from fastloss._reduction import Reduction
from fastloss._rowwise import Labels, RowEvaluation, Rows, combined, fast_path
from fastloss._targets import CrossEntropy, CrossEntropyEvaluation

__all__ = ["categorical_cross_entropy", "cross_entropy", "nll_loss"]


@loss("rowwise", curvature=False)
def nll_loss(
    log_probs,
    target,
    *,
    axis=-1,
    class_weight=None,
    sample_weight=None,
    where=None,
    ignore_index=-100,
    reduction="mean",
):
    r"""Negative log-likelihood of labels, from log-probabilities.

    .. math:: L_n = -w_{y_n} \, x_{n, y_n}

    The gradient is the derivative of exactly this formula: :math:`-w_{y_n}` at the label, 0 elsewhere, whether or not
    the rows of `log_probs` are normalised.

    Parameters
    ----------
    log_probs : array, float or integer, with C classes along `axis`
        Log-probabilities, in nats.
    target : integer array, the shape of `log_probs` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis, by default the last, also for (N, C, d1, ...), where PyTorch's is ``axis=1``. If C = d1, labels
        fit both axes, and no error can tell that the other one was meant.
    class_weight : array (C,), optional
        A weight of at least 0 for each class. A ``"mean"`` divides by the sum of the weights of the labels that count.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes a row,
        whatever it holds.
    where : bool array that broadcasts to the shape of `target`, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    ignore_index : int, or None
        Rows with this label cost 0 and have gradient 0, whatever their scores. None: no label is ignored.
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
    class_weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    reduction = Reduction(reduction, sample_weight, where)
    labels = Labels(rows, check.as_array(target, "target"), reduction, ignore_index)
    of_rows = labels.class_weights(class_weights)
    return RowEvaluation(
        rows,
        rows.kernels.cross_entropy.nll,
        (rows.view, labels.array, labels.ignored),
        combined(labels.weights, of_rows),
        reduction,
        labels.denominator(of_rows),
        labels.array,
    )


@loss("rowwise", curvature=True, fast_path=fast_path("cross_entropy"))
def cross_entropy(
    logits,
    target,
    *,
    axis=-1,
    class_weight=None,
    sample_weight=None,
    where=None,
    ignore_index=-100,
    label_smoothing=0.0,
    temperature=1.0,
    reduction="mean",
):
    r"""Cross-entropy of a target with the softmax of logits.

    .. math:: L_n = -\sum_c w_c \, y_{nc} \log \mathrm{softmax}(x_n / T)_c

    where :math:`y_n` is 1 at the label, or the distribution given, and with smoothing :math:`\epsilon` becomes
    :math:`(1 - \epsilon) y + \epsilon / C`. The gradient is :math:`(p_c \sum_k w_k y_k - w_c y_c) / T`, the curvature
    :math:`p_c (1 - p_c) \sum_k w_k y_k / T^2` with :math:`p` the softmax. Losses and gradients stay accurate near
    certainty: scores (20, 0) with label 0 cost 2.06e-9, not 0.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats, normalised or not; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`; or array of probabilities, the shape of `logits`
        Labels 0..C-1 or `ignore_index`; or one distribution per row, within [0, 1].
    axis : int
        The class axis, by default the last, also for (N, C, d1, ...), where PyTorch's is ``axis=1``. If C = d1, labels
        fit both axes, and no error can tell that the other one was meant. Arrays of any layout are used without a copy.
    class_weight : array (C,), optional
        A weight of at least 0 for each class. With labels, ``"mean"`` divides by the sum of the weights of the labels
        that count; with probabilities by the number of rows.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    ignore_index : int, or None
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN. None: no label is ignored.
    label_smoothing : float within [0, 1]
        How much of the target is spread evenly over the classes.
    temperature : float within [1e-30, 1e30]
        T, which divides the logits. Neither the loss nor its derivatives are multiplied by it again.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one loss per row.

    Returns
    -------
    float, or array with one loss per row
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
    smoothing = check.as_number(label_smoothing, "label_smoothing", 0.0, 1.0)
    temperature = check.as_temperature(temperature)
    class_weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    target, reduction = check.as_array(target, "target"), Reduction(reduction, sample_weight, where)
    return CrossEntropyEvaluation(
        CrossEntropy(rows, target, reduction, class_weights, ignore_index, smoothing, temperature)
    )


@loss("rowwise", curvature=True)
def categorical_cross_entropy(
    probs, target, *, axis=-1, include_negatives=False, sample_weight=None, where=None, reduction="mean"
):
    r"""Cross-entropy of a distribution with a predicted one, from probabilities.

    .. math:: L_n = -\sum_c y_{nc} \log x_{nc} \; \left[{} - \sum_c (1 - y_{nc}) \log(1 - x_{nc})\right]

    with 0 log 0 = 0. Nothing is clamped and nothing is normalised. The gradient is :math:`-y / x`, the curvature
    :math:`y / x^2`. They are the derivatives of exactly this formula, whether or not the rows add up to 1. With the
    negatives they are those of `binary_cross_entropy`. A model that computes logits should give those to
    `cross_entropy`.

    Parameters
    ----------
    probs : array of numbers within [0, 1], with C classes along `axis`
        Predicted probabilities.
    target : array of numbers within [0, 1], the shape of `probs`
        True probabilities; one-hot for a known class.
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout.
    include_negatives : bool
        Whether every other class counts too, as a negative of its own.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one loss per row.

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
    include_negatives = check.as_flag(include_negatives, "include_negatives")
    name = "binary_cross_entropy" if include_negatives else "categorical_cross_entropy"
    if target is None:
        raise TypeError("target is None; expected an array of the shape of probs")
    return distributions(name, probs, target, axis, Reduction(reduction, sample_weight, where))
