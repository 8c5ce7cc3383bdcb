"""Entropy and divergence: of one distribution and of two, from probabilities and from logits."""

import math

from fastloss import _validation as check
from fastloss._elementwise import distributions
from fastloss._loss import loss
from fastloss._reduction import Reduction
from fastloss._rowwise import RowEvaluation, Rows

__all__ = [
    "entropy",
    "entropy_with_logits",
    "js_divergence_with_logits",
    "kl_divergence",
    "kl_divergence_with_logits",
]


def _unit_of(base):
    """What turns nats into the unit of a base: 1 / log(base)."""
    if base is None:
        return 1.0
    base = check.as_positive(base, "base")
    if base == 1:
        raise ValueError("base must be above 0 and not 1, got 1")
    return 1.0 / math.log(base)


def _of_logits(logits, axis, reduction, kind="forward", *, target=None, temperature=1.0, beta=0.0):
    """A divergence of two softmaxes, of a kind that src/rowwise/divergence.pxi knows; `target` is (argument's name,
    array). Without it, the entropy of one."""
    rows = Rows(logits, "logits", axis)
    reduction.over(rows.shape, check.WITH_BATCHMEAN)
    scores, view = None, None
    if target is not None:
        name, scores = target
        if scores is None:
            raise TypeError(f"{name} is None; expected an array of the shape of logits")
        scores = check.as_same_shape(scores, name, rows.array, "logits")
        view = check.seen_with_axis_last(scores, rows.axis)
    call = RowEvaluation(
        rows,
        rows.kernels.divergence.of_logits,
        (kind, rows.view, view, temperature, beta),
        reduction.row_weights(),
        reduction,
        reduction.denominator(),
        scores,
    )
    call.work = rows.array.size * 2
    return call


@loss("rowwise", curvature=True)
def entropy(probs, *, axis=-1, base=None, sample_weight=None, where=None, reduction="mean"):
    r"""Shannon entropy of distributions, from probabilities.

    .. math:: H_n = -\sum_c x_{nc} \log x_{nc}

    with 0 log 0 = 0. The gradient is :math:`-\log x - 1`, the curvature :math:`-1 / x`. They are the derivatives of
    exactly this formula, whether or not the rows add up to 1. Nothing is normalised (SciPy's ``entropy`` divides by the
    row's sum).

    Parameters
    ----------
    probs : array of numbers within [0, 1], one distribution along `axis`
        Probabilities.
    axis : int
        The axis that is summed over.
    base : float, above 0 and not 1, optional
        2 gives bits; by default the entropy is in nats.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's entropy and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one entropy per row.

    Returns
    -------
    float, or array of the shape of `probs` without `axis`
        A mean over no rows is nan. At a probability of 0 the gradient is inf, which is the limit.

    Raises
    ------
    ValueError, TypeError
        For a number outside [0, 1], a wrong base, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    A fair coin, a fair die, and the coin in bits:

    >>> import numpy as np, fastloss as fl
    >>> round(fl.entropy(np.array([0.5, 0.5])), 4), round(fl.entropy(np.full(6, 1 / 6)), 4)
    (0.6931, 1.7918)
    >>> round(fl.entropy(np.array([0.5, 0.5]), base=2), 6)
    1.0

    References
    ----------
    Shannon 1948, "A Mathematical Theory of Communication".
    """
    call = distributions("entropy", probs, None, axis, Reduction(reduction, sample_weight, where))
    call.unit = _unit_of(base)
    return call


@loss("rowwise", curvature=False)
def entropy_with_logits(logits, *, axis=-1, base=None, sample_weight=None, where=None, reduction="mean"):
    r"""Shannon entropy of the softmax of logits.

    .. math:: H_n = -\sum_c p_c \log p_c, \qquad p = \mathrm{softmax}(x_n)

    The gradient is :math:`-p_c (\log p_c + H_n)`. No probabilities are stored; entropies near certainty stay accurate.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats, normalised or not; -inf masks a class.
    axis : int
        The class axis. Arrays of any layout are used without a copy.
    base : float, above 0 and not 1, optional
        2 gives bits; by default the entropy is in nats.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's entropy and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one entropy per row.

    Returns
    -------
    float, or array of the shape of `logits` without `axis`
        A mean over no rows is nan; a row with only -inf, or with NaN, is NaN.

    Raises
    ------
    ValueError, TypeError
        For a wrong base, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.entropy_with_logits(np.array([[0.0, 0.0], [30.0, 0.0]]), reduction="none")
    array([6.93147181e-01, 2.90086312e-12])

    References
    ----------
    Shannon 1948, "A Mathematical Theory of Communication".
    """
    unit = _unit_of(base)
    call = _of_logits(logits, axis, Reduction(reduction, sample_weight, where))
    call.unit = unit
    return call


@loss("rowwise", curvature=True)
def kl_divergence(probs, target, *, axis=-1, sample_weight=None, where=None, reduction="mean"):
    r"""Kullback-Leibler divergence D(p ‖ q) of the true distribution p from the prediction q, from probabilities.

    .. math:: D_n = \sum_c p_{nc} \log \frac{p_{nc}}{q_{nc}}

    with 0 log 0 = 0. The prediction q comes first, as in every loss here; SciPy's ``rel_entr`` and the formula have p
    first. The gradient, with respect to q, is :math:`-p / q`, the curvature :math:`p / q^2`. They are the derivatives
    of exactly this formula, whether or not the rows add up to 1. The result is accurate for distributions that are
    nearly the same.

    Parameters
    ----------
    probs : array of numbers within [0, 1], one distribution along `axis`
        The predicted probabilities q.
    target : array of numbers within [0, 1] of the same shape
        The true probabilities p.
    axis : int
        The axis that is summed over.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's divergence and derivatives; never changes what ``"mean"`` divides by. A weight of 0
        removes a row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one divergence per row.

    Returns
    -------
    float, or array of the shape of `probs` without `axis`
        In nats; inf where q is 0 and p is not. A mean over no rows is nan.

    Raises
    ------
    ValueError, TypeError
        For a number outside [0, 1], shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    p = (1/3, 2/3) from q = (2/3, 1/3) is (1/3) log 2:

    >>> import numpy as np, fastloss as fl
    >>> round(fl.kl_divergence(np.array([2 / 3, 1 / 3]), [1 / 3, 2 / 3]), 6)
    0.231049

    References
    ----------
    Kullback & Leibler 1951, "On Information and Sufficiency".
    """
    if target is None:
        raise TypeError("target is None; expected an array of the shape of probs")
    return distributions("kl_divergence", probs, target, axis, Reduction(reduction, sample_weight, where))


@loss("rowwise", curvature=False)
def kl_divergence_with_logits(
    logits, target, *, axis=-1, temperature=1.0, reverse=False, sample_weight=None, where=None, reduction="mean"
):
    r"""Kullback-Leibler divergence D(p ‖ q), or D(q ‖ p), of two softmaxes, from the logits of both.

    .. math:: D_n = \sum_c p_c \log \frac{p_c}{q_c}, \qquad q = \mathrm{softmax}(x_n / T), \quad
        p = \mathrm{softmax}(y_n / T)

    It says what a quantised or a distilled model x loses against its original y. The gradient, with respect to x, is
    :math:`(q_c - p_c) / T`. With ``reverse=True`` it is :math:`D(q \| p) = \sum_c q_c \log (q_c / p_c)` of the
    prediction q, with the gradient :math:`q_c (\log (q_c / p_c) - D_n) / T`: it keeps q where p has most of its mass,
    as on-policy distillation and penalties for leaving a reference policy do. No probabilities are stored, each array
    is read once from memory, and the result is accurate for models that are nearly the same: a divergence of 1e-9 is
    not rounding noise. If the classes that matter have scores d nats below the best one of their row, the relative
    error is about d roundings of the float type, which is the error of those exponentials.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        The scores x of the prediction q, in nats, normalised or not; -inf masks a class.
    target : array of the same shape
        The scores y of the true distribution p.
    axis : int
        The class axis. Arrays of any layout are used without a copy.
    temperature : float within [1e-30, 1e30]
        Divides both. The result is not multiplied by its square, as some distillation recipes do.
    reverse : bool
        Whether to give D(q ‖ p). The derivative is with respect to the logits of q in both cases.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's divergence and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one divergence per row.

    Returns
    -------
    float, or array of the shape of `logits` without `axis`
        In nats, never below 0 by more than rounding; inf where q is 0 and p is not, with ``reverse=True`` where p is 0
        and q is not: the gradient is then inf for that class and -inf for the others, which is the limit. A mean over
        no rows is nan.

    Raises
    ------
    ValueError, TypeError
        For a temperature out of range, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> original = np.array([[2.0, 1.0, -3.0], [0.0, 5.0, 1.0]])
    >>> quantised = original.round(0) + [[0.0, 1e-6, 0.0], [0.5, 0.0, 0.0]]
    >>> fl.kl_divergence_with_logits(quantised, original, reduction="none")
    array([9.80005159e-14, 9.68518050e-04])
    >>> fl.kl_divergence_with_logits(quantised, original, reverse=True, reduction="none")
    array([9.80005311e-14, 1.14058121e-03])

    References
    ----------
    Kullback & Leibler 1951, "On Information and Sufficiency"; the temperature: Hinton, Vinyals, Dean 2015,
    "Distilling the Knowledge in a Neural Network".
    """
    kind = "reverse" if check.as_flag(reverse, "reverse") else "forward"
    return _of_logits(
        logits, axis, Reduction(reduction, sample_weight, where), kind,
        target=("target", target), temperature=check.as_temperature(temperature),
    )  # fmt: skip


def _as_share(beta):
    """A number between 0 and 1 without the ends."""
    beta = check.as_number(beta, "beta", -math.inf)
    if not 0 < beta < 1:
        raise ValueError(
            f"beta must lie strictly between 0 and 1, got {beta:g}: at the ends the divergence is 0; "
            "kl_divergence_with_logits gives D(p ‖ q), and with reverse=True D(q ‖ p)"
        )
    return beta


@loss("rowwise", curvature=False)
def js_divergence_with_logits(
    logits, target_logits, *, axis=-1, beta=0.5, temperature=1.0, sample_weight=None, where=None, reduction="mean"
):
    r"""Jensen-Shannon divergence of two softmaxes, from the logits of both.

    .. math:: D_n = \beta D(p \| m) + (1 - \beta) D(q \| m), \qquad m = \beta p + (1 - \beta) q, \quad
        q = \mathrm{softmax}(x_n / T), \quad p = \mathrm{softmax}(y_n / T)

    Between the two Kullback-Leibler divergences, and never infinite: at most the entropy of
    :math:`(\beta, 1 - \beta)`, log 2 for the half, where it is symmetric. The gradient, with respect to the logits x of
    the prediction q, is :math:`(1 - \beta) \, q_c (\log (q_c / m_c) - D(q \| m)) / T`. Divided by
    :math:`\beta (1 - \beta)` it becomes D(p ‖ q) for beta towards 0, D(q ‖ p) for beta towards 1. Each array is read
    once from memory, and the result is accurate for models that are nearly the same, for every beta.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        The scores x of the prediction q, in nats, normalised or not; -inf masks a class.
    target_logits : array of the same shape
        The scores y of the true distribution p.
    axis : int
        The class axis. Arrays of any layout are used without a copy.
    beta : float above 0 and below 1
        How much p counts in the mixture m, and its divergence from m in the sum.
    temperature : float within [1e-30, 1e30]
        Divides both. The result is not multiplied by its square.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's divergence and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis that is not `axis`) and ``"sum"`` give a float accumulated in double
        precision, ``"none"`` one divergence per row.

    Returns
    -------
    float, or array of the shape of `logits` without `axis`
        In nats, finite also where only one of p and q is 0. A mean over no rows is nan.

    Raises
    ------
    ValueError, TypeError
        For a beta or temperature out of range, shapes or dtypes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> teacher = np.array([[2.0, 1.0, -3.0], [0.0, 5.0, 1.0]])
    >>> student = teacher + [[0.0, 1e-6, 0.0], [0.5, 0.0, 0.0]]
    >>> fl.js_divergence_with_logits(student, teacher, reduction="none")
    array([2.45001309e-14, 2.60993167e-04])

    Two distributions that share no class are as far apart as can be, log 2:

    >>> round(fl.js_divergence_with_logits(np.array([0.0, -np.inf]), [-np.inf, 0.0]), 6)
    0.693147

    References
    ----------
    Lin 1991, "Divergence Measures Based on the Shannon Entropy"; in distillation: Agarwal, Vieillard, Zhou, Stanczyk,
    Ramos, Geist, Bachem 2024, "On-Policy Distillation of Language Models: Learning from Self-Generated Mistakes".
    """
    return _of_logits(
        logits, axis, Reduction(reduction, sample_weight, where), "jensen_shannon",
        target=("target_logits", target_logits), temperature=check.as_temperature(temperature), beta=_as_share(beta),
    )  # fmt: skip
