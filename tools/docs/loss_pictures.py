"""What is drawn of each loss: its curves along one number of the prediction; draw_losses.py draws them.

A loss without an entry in PICTURES has the picture that follows from its row in the table of losses.
"""

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import fastloss as fl

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
import domains
from losses import LOSSES


class Picture(NamedTuple):
    """What is drawn of one loss."""

    x: str  # what the horizontal axis is
    span: tuple  # from where to where
    curves: dict  # text in the legend -> function of x that gives value, gradient and perhaps curvature
    limits: tuple = (None, None, None)  # of the vertical axes; None: as the curves have it
    jumps: tuple = ()  # where any of the curves may jump
    value: str = "loss (nats)"
    gradient: str = "gradient"
    curvature: str = "curvature"


def derivatives(loss, scores, target, place, **options):
    """Value, gradient and, if there is one, curvature of many losses at once, the derivatives by one number of each."""
    values = loss(scores, *target, reduction="none", **options)
    results = [values, loss.grad(scores, *target, reduction="none", **options)[place]]
    with contextlib.suppress(TypeError):  # it has no curvature
        results.append(loss.grad_and_hess(scores, *target, reduction="none", **options)[1][place])
    return results


def many(target, count):
    """The same target for each of so many predictions; as a tuple, empty for no target."""
    if target is None:
        return ()
    target = np.asarray(target)
    return (np.broadcast_to(target, (count, *target.shape)),)


def of_numbers(loss, target, **options):
    """A curve of a loss of single numbers."""
    return lambda x: derivatives(loss, x, many(target, x.size), ..., **options)


def of_rows(loss, row, target=None, **options):
    """A curve of a loss of rows; `row` gives one for an x, and the derivatives are by its first number."""

    def curve(x):
        rows = np.array([row(number) for number in x], np.float64)
        return derivatives(loss, rows, many(target, x.size), (slice(None), 0), **options)

    return curve


def of_sequences(loss, frames, target, frame, label):
    """A curve of a loss of sequences, each of them one of the batch; the derivatives are by one frame's label."""

    def curve(x):
        scores = np.array([frames(number) for number in x], np.float64).swapaxes(0, 1)
        target_of_all = many(np.array(target, np.int64), x.size)
        return derivatives(loss, scores, target_of_all, (frame, slice(None), label))

    return curve


def of_rmse(other):
    """A curve of the loss that has no value for each element: of two elements, of which the other's error is fixed."""

    def curve(x):
        pairs = [fl.rmse_loss.value_and_grad(np.array([error, other]), 0) for error in x]
        return [np.array([value for value, _ in pairs]), np.array([grad[0] for _, grad in pairs])]

    return curve


def complement(x):
    """The distribution (x, 1 - x)."""
    return x, 1 - x


def first_of(count):
    """Rows of so many scores: x, then zeros."""
    return lambda x: (x, *[0.0] * (count - 1))


def log_frames(x):
    """Three frames, in each of which the label has probability x and the blank the rest."""
    return np.log([(1 - x, x)] * 3)


def score_frames(x):
    """Three frames of scores for blank, a, b: x for a in the first frame, otherwise zeros."""
    return [(0.0, x, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)]


ERROR = "prediction \N{MINUS SIGN} target"
ERROR_LOSS = {"value": "loss"}
BY_X = {"gradient": "gradient by x alone", "curvature": "curvature by x alone"}
OF_TWO = "x, of the prediction (x, 1 \N{MINUS SIGN} x)"
FOCAL = [("gamma = 0", 0.0), ("gamma = 1", 1.0), ("gamma = 2", 2.0), ("gamma = 5", 5.0)]

PICTURES = {
    "l1_loss": Picture(ERROR, (-3, 3), {"": of_numbers(fl.l1_loss, 0)}, jumps=(0,), **ERROR_LOSS),
    "mse_loss": Picture(ERROR, (-3, 3), {"": of_numbers(fl.mse_loss, 0)}, (None, None, (0, 3)), **ERROR_LOSS),
    "rmse_loss": Picture(
        "error of one of two elements",
        (-3, 3),
        {f"error of the other = {other}": of_rmse(other) for other in (0, 1, 2)},
        ((0, 2.6), None, None),
        jumps=(0,),
        **ERROR_LOSS,
    ),
    "huber_loss": Picture(
        ERROR,
        (-4, 4),
        {f"delta = {delta:g}": of_numbers(fl.huber_loss, 0, delta=delta) for delta in (0.5, 1, 2)},
        (None, None, (-0.05, 1.25)),
        jumps=(-2, -1, -0.5, 0.5, 1, 2),
        **ERROR_LOSS,
    ),
    "smooth_l1_loss": Picture(
        ERROR,
        (-4, 4),
        {f"beta = {beta:g}": of_numbers(fl.smooth_l1_loss, 0, beta=beta) for beta in (0.5, 1, 2)},
        (None, None, (-0.1, 2.4)),
        jumps=(-2, -1, -0.5, 0.5, 1, 2),
        **ERROR_LOSS,
    ),
    "log_cosh_loss": Picture(ERROR, (-4, 4), {"": of_numbers(fl.log_cosh_loss, 0)}, **ERROR_LOSS),
    "quantile_loss": Picture(
        ERROR,
        (-3, 3),
        {f"quantile = {q}": of_numbers(fl.quantile_loss, 0, quantile=q) for q in (0.1, 0.5, 0.9)},
        jumps=(0,),
        **ERROR_LOSS,
    ),
    "poisson_nll_loss": Picture(
        "logarithm of the rate",
        (-3, 2.5),
        {f"count = {count}": of_numbers(fl.poisson_nll_loss, count) for count in (0, 1, 4)},
        ((-3, 8), (-5, 8), (0, 10)),
    ),
    "binary_cross_entropy": Picture(
        "probability of the positive class",
        (0, 1),
        {f"target = {y}": of_numbers(fl.binary_cross_entropy, y) for y in (1, 0, 0.3)},
        ((0, 5), (-12, 12), (0, 50)),
    ),
    "binary_cross_entropy_with_logits": Picture(
        "logit",
        (-6, 6),
        {
            "target = 1": of_numbers(fl.binary_cross_entropy_with_logits, 1),
            "target = 0": of_numbers(fl.binary_cross_entropy_with_logits, 0),
            "target = 1, pos_weight = 2": of_numbers(fl.binary_cross_entropy_with_logits, 1, pos_weight=2.0),
        },
        ((0, 7), None, (0, 0.6)),
    ),
    "sigmoid_focal_loss": Picture(
        "logit, target = 1",
        (-5, 5),
        {text: of_numbers(fl.sigmoid_focal_loss, 1, alpha=None, gamma=gamma) for text, gamma in FOCAL},
        ((0, 5.2), None, None),
    ),
    "nll_loss": Picture(
        "log-probability of the label",
        (-5, 0),
        {
            f"class_weight = {weight:g}": of_rows(fl.nll_loss, first_of(3), 0, class_weight=[weight, 1, 1])
            for weight in (0.5, 1, 2)
        },
        ((0, 6), (-2.4, 0), None),
    ),
    "cross_entropy": Picture(
        "score of one class of three",
        (-6, 6),
        {
            "it is the label": of_rows(fl.cross_entropy, first_of(3), 0),
            "another is the label": of_rows(fl.cross_entropy, first_of(3), 1),
            "it is the label, label_smoothing = 0.3": of_rows(fl.cross_entropy, first_of(3), 0, label_smoothing=0.3),
        },
        ((0, 7), None, (0, 0.3)),
    ),
    "softmax_focal_loss": Picture(
        "score of the label, one class of three",
        (-5, 6),
        {text: of_rows(fl.softmax_focal_loss, first_of(3), 0, gamma=gamma) for text, gamma in FOCAL},
        ((0, 6), None, None),
    ),
    "categorical_cross_entropy": Picture(
        OF_TWO,
        (0, 1),
        {
            "target = (1, 0)": of_rows(fl.categorical_cross_entropy, complement, (1.0, 0.0)),
            "target = (0.4, 0.6)": of_rows(fl.categorical_cross_entropy, complement, (0.4, 0.6)),
            "target = (0.4, 0.6), include_negatives": of_rows(
                fl.categorical_cross_entropy, complement, (0.4, 0.6), include_negatives=True
            ),
        },
        ((0, 5), (-12, 12), (0, 50)),
        **BY_X,
    ),
    "entropy": Picture(
        OF_TWO,
        (0, 1),
        {"in nats": of_rows(fl.entropy, complement), "in bits, base = 2": of_rows(fl.entropy, complement, base=2)},
        ((0, 1.1), (-2, 5), (-12, 0)),
        value="entropy",
        **BY_X,
    ),
    "entropy_with_logits": Picture(
        "score of one class, the others are 0",
        (-4, 10),
        {f"{count} classes": of_rows(fl.entropy_with_logits, first_of(count)) for count in (2, 3, 10)},
        value="entropy (nats)",
    ),
    "kl_divergence": Picture(
        OF_TWO,
        (0, 1),
        {
            "target = (0.5, 0.5)": of_rows(fl.kl_divergence, complement, (0.5, 0.5)),
            "target = (0.2, 0.8)": of_rows(fl.kl_divergence, complement, (0.2, 0.8)),
            "target = (1, 0)": of_rows(fl.kl_divergence, complement, (1.0, 0.0)),
        },
        ((0, 3), (-12, 0), (0, 50)),
        value="divergence (nats)",
        **BY_X,
    ),
    "kl_divergence_with_logits": Picture(
        "score x of (x, 0, 0), target (2, 0, 0)",
        (-6, 10),
        {
            f"temperature = {t:g}": of_rows(fl.kl_divergence_with_logits, first_of(3), (2.0, 0.0, 0.0), temperature=t)
            for t in (1, 2, 4)
        },
        ((0, 5), None, None),
        value="divergence (nats)",
    ),
    "js_divergence_with_logits": Picture(
        "score x of (x, 0, 0), target (2, 0, 0)",
        (-6, 10),
        {
            f"beta = {beta:g}": of_rows(fl.js_divergence_with_logits, first_of(3), (2.0, 0.0, 0.0), beta=beta)
            for beta in (0.1, 0.5, 0.9)
        },
        value="divergence (nats)",
    ),
    "ctc_loss": Picture(
        "P(a) in each of three frames",
        (0, 1),
        {
            "target aa": of_sequences(fl.ctc_loss, log_frames, (1, 1), 0, 1),
            "target a": of_sequences(fl.ctc_loss, log_frames, (1,), 0, 1),
            "empty target": of_sequences(fl.ctc_loss, log_frames, (), 0, 1),
        },
        ((0, 7), (-1.1, 0.1), None),
        gradient="gradient, first frame",
    ),
    "ctc_loss_with_logits": Picture(
        "score of a in the first of three frames",
        (-6, 6),
        {
            "target a": of_sequences(fl.ctc_loss_with_logits, score_frames, (1,), 0, 1),
            "target ab": of_sequences(fl.ctc_loss_with_logits, score_frames, (1, 2), 0, 1),
            "target b": of_sequences(fl.ctc_loss_with_logits, score_frames, (2,), 0, 1),
        },
        ((0, 8), None, None),
    ),
}


MOST_CURVES = 4
OF_ROWS = {  # target of one row, for a default picture; and what its first class is called
    "labels": (0, "score of the label, one class of three"),
    "logits": ((2.0, 0.0, 0.0), "score x of (x, 0, 0), target (2, 0, 0)"),
    "distributions": ((0.4, 0.6), OF_TWO),
    None: (None, "score of one class of three"),
}


def in_words(options):
    return ", ".join(f"{name} = {value}" for name, value in options.items())


def default_curves(row):
    """One curve for each of a few targets, or for each of a few options where there is only one target."""
    several = [options for options in row.options if row.has_curvature(options) == (row.curved_options is not None)]
    simple = [options for options in several if not any(isinstance(v, domains.PerColumn) for v in options.values())]
    if row.family == "elementwise":
        draw = partial(of_numbers, row.loss)
        targets = row.target_domain.shown if row.targets else (None,)
    else:
        shape = complement if row.domain.limits == domains.UNIT else first_of(3)
        draw = partial(of_rows, row.loss, shape)
        targets = (OF_ROWS[row.targets[0] if row.targets else None][0],)
    if len(targets) > 1:
        options = row.curved_options or {}
        curves = {f"target = {target:g}": draw(target, **options) for target in targets}
    else:
        curves = {in_words(options) or "defaults": draw(targets[0], **options) for options in simple}
    return dict(list(curves.items())[:MOST_CURVES])


def default_picture(row):
    """Of a loss without an entry in PICTURES; the frames show what lies within the inner nine tenths of the span."""
    is_unit = row.domain.limits == domains.UNIT
    span = row.domain.limits if is_unit else row.domain.span
    curves = default_curves(row)
    inner = np.linspace(*span, 102)[5:-5]
    limits = []
    for values in zip(*(curve(inner) for curve in curves.values()), strict=False):
        low, high = np.min(values), np.max(values)
        margin = 0.05 * ((high - low) or 1.0)
        limits.append((low - margin, high + margin))
    if row.family == "elementwise":
        name = ERROR if row.targets == ("numbers",) else row.predictions
        return Picture(name, span, curves, (*limits, None, None)[:3], value="loss")
    name = OF_TWO if is_unit else OF_ROWS[row.targets[0] if row.targets else None][1]
    return Picture(name, span, curves, (*limits, None, None)[:3], value="loss", **(BY_X if is_unit else {}))


def pictures():
    """{name: picture}, of every loss of the table; sequences, and losses of all elements, have theirs in PICTURES."""
    return {row.name: PICTURES.get(row.name) or default_picture(row) for row in LOSSES}
