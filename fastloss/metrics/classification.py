"""Metrics of classification, by scikit-learn's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from fastloss import _validation as check
from fastloss._hints import warn
from fastloss._numbers import check_finite, check_not_infinite
from fastloss._threads import threads_for
from fastloss.metrics import _inputs as inputs
from fastloss.metrics import _labels as by_label
from fastloss.metrics import _means as means

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CACHED = 1 << 16  # numbers that stay in a second-level cache

__all__ = ["brier_score_loss", "d2_brier_score", "d2_log_loss_score", "hinge_loss", "log_loss"]


def _probabilities(value):
    """Probabilities (N,) of the positive class, or (N, C), as floats; (N, 1) is (N,). Of (N,) NaN passes."""
    array = inputs.floats(inputs.numbers(value, "y_proba"))
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    threads = threads_for(None, array.size)
    place = check.rules.outside_domain(array, (None, None), check.DOMAINS["unit"], threads)
    if place >= 0:
        check.raise_refused(array, "y_proba", place, "a probability within [0, 1]")
    if array.ndim == 2:
        _look_at_sums(array)
    return array


def _look_at_sums(probs):
    """Raises for NaN, which shows in the sum of its row; warns of a row that does not add up to 1."""
    tolerance = 1e-8 + float(np.finfo(probs.dtype).eps) ** 0.5  # as scikit-learn
    for rows in inputs.row_pieces(probs.shape):
        sums = np.einsum("ij->i", probs[rows], dtype=np.float64)
        wrong = ~(np.abs(sums - 1) <= tolerance)
        if wrong.any():
            check_finite(probs, "y_proba")
            row = int(wrong.argmax())
            text = f"y_proba[{rows.start + row}] adds up to {sums[row]:.6g}; expected the probabilities of all classes"
            warn(text)
            return


def _truth(y_true, probs, labels):
    """The number of each sample's class, (N,), or 0 and 1 for each class, (N, C), as y_true is."""
    found = by_label.label_array(y_true, "y_true")
    inputs.check_as_many(probs, "y_proba", len(found), "y_true")
    if found.ndim == 2 and found.shape[1] > 1:
        if labels is not None:
            raise ValueError("labels names the classes of y_true (N,); here y_true has a column for each class")
        return by_label.indicator(found, probs.shape)
    classes, codes = by_label.encode(found, labels)
    count = 2 if probs.ndim == 1 else probs.shape[1]
    if len(classes) != count:
        name = "y_true" if labels is None else "labels"
        hint = "; pass all classes as labels=" if labels is None and len(classes) < count else ""
        listed = f"{len(classes)} classes ({by_label.some_of(classes)})"
        raise ValueError(f"{name} has {listed}; y_proba has {count}{hint}")
    return codes


def log_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> float:
    r"""Cross-entropy of probabilities, as ``sklearn.metrics.log_loss``.

    .. math:: -\frac{\sum_i w_i \log p_{i, y_i}}{\sum_i w_i}

    Probabilities are clipped to the smallest and largest that scikit-learn takes, the machine epsilon of their float
    type and 1 less that. `fastloss.cross_entropy` and `fastloss.nll_loss` clip nothing.

    Parameters
    ----------
    y_true : array (N,) of integers, bools or strings, or (N, C) of 0 and 1
        The class of each sample; or whether it has each of the C classes.
    y_proba : array (N, C) of numbers within [0, 1], or (N,)
        Probabilities of the classes, in the order of the sorted labels; or those of the second of two classes.
    normalize : bool
        Whether to give the mean; otherwise the sum.
    sample_weight : array (N,), optional
        Weights of the samples, at least 0.
    labels : array (C,), optional
        The classes; by default those that occur in `y_true`.

    Returns
    -------
    float
        In nats, computed in double precision.

    Warns
    -----
    UserWarning
        Where a row of `y_proba` does not add up to 1.

    Raises
    ------
    ValueError, TypeError
        For labels that are missing or no class, probabilities out of range, negative weights, or shapes and types that
        do not fit: the text names the argument, the place and the value.

    Examples
    --------
    >>> from fastloss.metrics import log_loss
    >>> round(log_loss(["spam", "ham", "ham", "spam"], [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]]), 6)
    0.216162
    """
    truth, probs, weight = _of_log_loss(y_true, y_proba, sample_weight, labels)
    divisor = inputs.total_weight(weight, len(probs)) if check.as_flag(normalize, "normalize") else 1
    return means.checked(_log_loss(truth, probs, weight), y_proba=probs) / divisor


def d2_log_loss_score(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> float:
    """The part of the cross-entropy that is explained, as ``sklearn.metrics.d2_log_loss_score``.

    1 less the ratio of `log_loss` to that of the shares of the classes. Parameters and errors are those of `log_loss`;
    at least two samples.

    Examples
    --------
    >>> from fastloss.metrics import d2_log_loss_score
    >>> round(d2_log_loss_score([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]), 6)
    0.714873
    """
    truth, probs, weight = _of_log_loss(y_true, y_proba, sample_weight, labels)
    inputs.check_several(probs)
    shares = _shares(truth, probs, weight)
    of_shares = means.sum_of("binary_cross_entropy", _clipped(shares), np.ones(1), shares)
    error = means.checked(_log_loss(truth, probs, weight), y_proba=probs) / inputs.total_weight(weight, len(probs))
    return float(inputs.explained(error, of_shares, False))


def _of_log_loss(y_true, y_proba, sample_weight, labels):
    probs = _probabilities(y_proba)
    truth = _truth(y_true, probs, labels)
    return truth, probs, inputs.sample_weights(sample_weight, len(probs), y_proba=probs)


def _shares(truth, probs, weight):
    """What part of the weights each class has."""
    if truth.ndim == 2:
        return means.average_of_each(truth, weight)
    count = 2 if probs.ndim == 1 else probs.shape[1]
    each = None if weight is None else inputs.floats(weight.array)
    return np.bincount(truth, each, count) / inputs.total_weight(weight, len(truth))


def _log_loss(truth, probs, weight):
    """The sum over the samples; what the arguments are, `_truth` and `_probabilities` say."""
    each = None if weight is None else weight.array
    if truth.ndim == 2:
        each = None if weight is None else each[:, None]
        return means.sum_of("categorical_cross_entropy", _clipped(probs), truth, each)
    if probs.ndim == 2:
        probs, truth = probs[np.arange(len(truth)), truth], np.ones(1)
    return means.sum_of("binary_cross_entropy", _clipped(probs), truth, each)


def _clipped(probs):
    eps = np.finfo(probs.dtype).eps
    return np.clip(probs, eps, 1 - eps)


def brier_score_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: float | str | bool | None = None,
    labels: ArrayLike | None = None,
    scale_by_half: bool | Literal["auto"] = "auto",
) -> float:
    r"""Mean squared distance of probabilities from the truth, as ``sklearn.metrics.brier_score_loss``.

    .. math:: \frac{\sum_i w_i \sum_c ([y_i = c] - p_{i, c})^2}{\sum_i w_i}

    Parameters
    ----------
    y_true, y_proba, sample_weight, labels
        As of `log_loss`.
    pos_label : number or string, optional
        With probabilities (N,), their class. By default 1 of labels -1, 0 and 1, and the larger of other numbers; where
        labels are strings, it must be given.
    scale_by_half : bool or "auto"
        Whether to halve the sum over the classes; by default where there are two, for which the result is within
        [0, 1].

    Returns
    -------
    float
        Computed in double precision.

    Warns
    -----
    UserWarning
        Where a row of `y_proba` does not add up to 1.

    Raises
    ------
    ValueError, TypeError
        As `log_loss`; and for a `pos_label` that is neither of two classes, which scikit-learn accepts.

    Examples
    --------
    >>> from fastloss.metrics import brier_score_loss
    >>> round(brier_score_loss(["ham", "spam", "spam", "ham"], [0.1, 0.9, 0.8, 0.3], pos_label="spam"), 6)
    0.0375
    """
    truth, probs, weight = _of_brier(y_true, y_proba, sample_weight, pos_label, labels)
    few = probs.ndim == 1 or probs.shape[1] < 3
    halves = few if isinstance(scale_by_half, str) and scale_by_half == "auto" else scale_by_half
    value = _brier(truth, probs, weight)
    return value / 2 if check.as_flag(halves, "scale_by_half") else value


def d2_brier_score(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: float | str | bool | None = None,
    labels: ArrayLike | None = None,
) -> float:
    """The part of the Brier score that is explained, as ``sklearn.metrics.d2_brier_score``.

    1 less the ratio of `brier_score_loss` to that of the shares of the classes. If there is but one class, the result
    is -inf or nan. Parameters and errors are those of `brier_score_loss`; at least two samples.

    Examples
    --------
    >>> from fastloss.metrics import d2_brier_score
    >>> round(d2_brier_score([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]), 6)
    0.85
    """
    truth, probs, weight = _of_brier(y_true, y_proba, sample_weight, pos_label, labels)
    inputs.check_several(probs)
    shares = _shares(truth, probs, weight)
    error = _brier(truth, probs, weight)
    return float(inputs.explained(error, np.sum(shares * (1 - shares)), False))


def _of_brier(y_true, y_proba, sample_weight, pos_label, labels):
    probs = _probabilities(y_proba)
    weight = inputs.sample_weights(sample_weight, len(probs), y_proba=probs)
    if probs.ndim == 1:
        return _is_positive(y_true, probs, labels, pos_label), probs, weight
    return _truth(y_true, probs, labels), probs, weight


def _brier(truth, probs, weight):
    """The mean sum over the classes; probabilities (N,) are of one of two."""
    if probs.ndim == 1:
        return 2 * means.checked(means.mean_of("mse", probs, truth, weight), y_proba=probs)
    return sum(_squares(probs, truth, weight)) / inputs.total_weight(weight, len(probs))


def _is_positive(y_true, probs, labels, pos_label):
    """Of each sample, whether its class is the one that the probabilities (N,) are of."""
    found = by_label.label_array(y_true, "y_true")
    inputs.check_as_many(probs, "y_proba", len(found), "y_true")
    classes, codes = by_label.encode(found, labels)
    by_label.check_two(classes, "y_true" if labels is None else "labels")
    positive = by_label.positive_class(classes, pos_label)
    return np.zeros(len(codes), np.bool_) if positive is None else codes == positive


def _squares(probs, truth, weight):
    """Sums of some rows each: labels become a column for each class, a byte a number."""
    for rows in inputs.row_pieces(probs.shape):
        target = truth[rows]
        if truth.ndim == 1:
            target = np.zeros(probs[rows].shape, np.bool_)
            target[np.arange(len(target)), truth[rows]] = True
        by_row = None if weight is None else weight.array[rows, None]
        yield means.sum_of("mse", probs[rows], target, by_row)


def hinge_loss(
    y_true: ArrayLike,
    pred_decision: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Mean hinge loss, as ``sklearn.metrics.hinge_loss``.

    .. math:: \frac{\sum_i w_i \max(0, 1 - m_i)}{\sum_i w_i}

    where the margin :math:`m_i` is the score for the second of two classes, and minus the score for the first; of more
    classes (Crammer & Singer 2001), the score of the right class less the best of the others.

    Parameters
    ----------
    y_true : array (N,) of integers, bools or strings
        The class of each sample.
    pred_decision : array (N,), or (N, C) for more than two classes
        Scores, as of ``decision_function``.
    labels : array (C,), optional
        The classes; by default those that occur in `y_true`. If only one of two does, they must be given, unless it is
        -1, 0 or 1. There scikit-learn takes any class for the negative one.
    sample_weight : array (N,), optional
        Weights of the samples, at least 0.

    Returns
    -------
    float
        Computed in double precision.

    Raises
    ------
    ValueError, TypeError
        For labels that are missing or no class, NaN, infinite scores, negative weights, or shapes and types that do not
        fit: the text names the argument, the place and the value.

    Examples
    --------
    >>> from fastloss.metrics import hinge_loss
    >>> round(hinge_loss([-1, 1, 1], [-2.18, 2.36, 0.09]), 6)
    0.303333
    """
    scores = inputs.numbers(pred_decision, "pred_decision")
    check_not_infinite(scores, "pred_decision")  # it may cost 0; NaN comes out
    found = by_label.label_array(y_true, "y_true")
    inputs.check_as_many(scores, "pred_decision", len(found), "y_true")
    weight = inputs.sample_weights(sample_weight, len(found), pred_decision=scores)
    classes, codes = by_label.encode(found, labels)
    if len(classes) > 2:
        margins, is_second = _margins(scores, codes, len(classes)), np.ones(1)
    else:
        margins, is_second = inputs.column(scores, "pred_decision"), codes == _second_class(classes)
    return means.checked(means.mean_of("hinge", margins, is_second, weight), pred_decision=scores)


def _second_class(classes):
    """Which class positive scores are for."""
    if len(classes) == 2:
        return 1
    if classes[0] not in (-1, 0, 1):
        raise ValueError(f"y_true has only the class {classes.tolist()[0]!r}; pass both classes as labels=")
    return 0 if classes[0] == 1 else 1


def _margins(scores, codes, classes):
    """Of each row, the score of its class less the best of the others."""
    if scores.shape[1:] != (classes,):
        raise ValueError(f"pred_decision has shape {scores.shape}; expected ({len(codes)}, {classes}), a score a class")
    margins, scores = np.empty(len(codes)), inputs.floats(scores)
    for rows in inputs.row_pieces(scores.shape, CACHED):
        by_class = np.array(scores[rows].T, np.float64, order="C")
        own, flat = codes[rows] * by_class.shape[1] + np.arange(by_class.shape[1]), by_class.reshape(-1)
        margins[rows] = flat.take(own)
        flat[own] = -np.inf
        margins[rows] -= by_class.max(axis=0)
    return margins
