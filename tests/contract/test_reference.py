"""Every loss x dtype x instruction set x reduction x weights against support/reference.py: value to curvature."""

from itertools import product

import numpy as np
import pytest
import reference
from tolerance import assert_close, compute_dtype, draw, gradient_dtype
from verbs import check, table

import fastloss as fl

# Rows across the vector lanes (a full tile and a remainder), one row at a time, and rows in blocks.
ROW_SHAPES = ((67, 7), (35, 100), (9, 130), (2, 5003))

IGNORED = 2  # a class that exists: rows with this label must vanish all the same

CROSS_ENTROPY_OPTIONS = [
    set(),
    {"sample_weight"},
    {"class_weight"},
    {"ignore_index", "class_weight", "sample_weight"},
    {"label_smoothing"},
    {"label_smoothing", "class_weight", "ignore_index", "sample_weight"},
    {"soft"},
    {"soft", "class_weight", "label_smoothing", "sample_weight"},
]
NLL_OPTIONS = [set(), {"sample_weight"}, {"class_weight"}, {"ignore_index", "class_weight", "sample_weight"}]
GAMMAS = (0, 0.5, 1, 2, 3.7)
SOFTMAX_FOCAL_OPTIONS = [
    *({f"gamma={gamma}"} for gamma in GAMMAS),
    {"gamma=2", "alpha"},
    {"gamma=0.5", "alpha per class", "ignore_index", "sample_weight"},
]
SIGMOID_FOCAL_OPTIONS = [
    *({f"gamma={gamma}", alpha, kind} for gamma, alpha, kind in product(GAMMAS, ["alpha", "none"], ["hard", "soft"])),
    {"gamma=2", "alpha", "hard", "sample_weight"},
]
CTC_OPTIONS = [set(), {"sample_weight"}, {"lengths"}, {"lengths", "blank", "sample_weight"}, {"infeasible"}]


def gamma_of(options):
    return next(float(option[6:]) for option in options if option.startswith("gamma="))


def labels_and_weights(rng, shape, options):
    labels = rng.integers(0, shape[1], shape[0])
    labels[0] = IGNORED
    keywords, weight, class_weight = {}, np.ones(shape[0]), np.ones(shape[1])
    if "sample_weight" in options:
        weight = keywords["sample_weight"] = rng.uniform(0, 2, shape[0])
    if "class_weight" in options:
        class_weight = keywords["class_weight"] = rng.uniform(0.1, 3, shape[1])
    if "ignore_index" in options:
        keywords["ignore_index"] = IGNORED
    return labels, keywords, weight, class_weight


@table(CROSS_ENTROPY_OPTIONS, ROW_SHAPES)
def test_cross_entropy(isa, rng, name, reduction, options, shape):
    x, exact = draw(rng, shape, name)
    labels, keywords, weight, class_weight = labels_and_weights(rng, shape, options)
    smoothing = 0.1 if "label_smoothing" in options else 0.0
    if smoothing:
        keywords["label_smoothing"] = smoothing
    if "soft" in options:
        target = y = rng.dirichlet(np.full(shape[1], 0.3), shape[0]).astype(compute_dtype(name)).clip(0, 1)
        y = y.astype(np.float64)
        divisor = shape[0]
    else:
        counts, row_weight, usable = reference.label_rows(labels, class_weight, keywords.get("ignore_index", -100))
        target, y = labels, reference.one_hot(usable, shape[1])
        weight, divisor = weight * counts, row_weight.sum()
    wanted = (
        weight * reference.cross_entropy(exact, y, class_weight, smoothing),
        weight[:, None] * reference.cross_entropy_grad(exact, y, class_weight, smoothing),
        weight[:, None] * reference.cross_entropy_hess(exact, y, class_weight, smoothing),
    )
    terms = (0.0, 0.0)
    if smoothing or "soft" in options:
        spread = weight[:, None] * reference.weighted_target(y, class_weight, smoothing)
        terms = (spread + spread.sum(axis=-1, keepdims=True) * reference.softmax(exact), 0.0)
    check(fl.cross_entropy, (x, target), keywords, name, wanted, divisor, reduction, terms)


@table(NLL_OPTIONS, ROW_SHAPES[:2])
def test_nll_loss(isa, rng, name, reduction, options, shape):
    x, exact = draw(rng, shape, name)
    labels, keywords, weight, class_weight = labels_and_weights(rng, shape, options)
    _, row_weight, usable = reference.label_rows(labels, class_weight, keywords.get("ignore_index", -100))
    y = reference.one_hot(usable, shape[1])
    factor = weight * row_weight
    wanted = (factor * reference.nll_loss(exact, y), factor[:, None] * reference.nll_loss_grad(exact, y))
    divisor = row_weight.sum()
    losses, gradient = wanted
    if reduction == "none":
        check(fl.nll_loss, (x, labels), keywords, name, wanted, divisor, reduction)
        return
    # Losses of both signs: the sum is a difference.
    keywords["reduction"] = reduction
    scale = 1.0 if reduction == "sum" else 1.0 / divisor
    value, found = fl.nll_loss.value_and_grad(x, labels, **keywords)
    terms = np.abs(losses).sum() * scale
    assert_close(value, reference.reduce(losses, reduction, divisor), name, terms=terms)
    assert_close(fl.nll_loss(x, labels, **keywords), value, name, terms=terms)
    assert_close(found, gradient * scale, name, rounded=True)


@table(SOFTMAX_FOCAL_OPTIONS, ROW_SHAPES)
def test_softmax_focal_loss(isa, rng, name, reduction, options, shape):
    x, exact = draw(rng, shape, name)
    labels, keywords, weight, _ = labels_and_weights(rng, shape, options)
    gamma, alpha = gamma_of(options), np.ones(shape[1])
    if "alpha" in options:
        keywords["alpha"], alpha = 0.3, np.full(shape[1], 0.3)
    if "alpha per class" in options:
        keywords["alpha"] = alpha = rng.uniform(0, 1, shape[1])
    counts, row_weight, usable = reference.label_rows(labels, alpha, keywords.get("ignore_index", -100))
    y, factor = reference.one_hot(usable, shape[1]), weight * row_weight
    wanted = (
        factor * reference.softmax_focal_loss(exact, y, gamma),
        factor[:, None] * reference.softmax_focal_loss_grad(exact, y, gamma),
        factor[:, None] * reference.softmax_focal_loss_hess(exact, y, gamma),
    )
    keywords["gamma"] = gamma
    log_p = reference.log_softmax(exact)
    u = np.where(y == 0, 0, log_p).sum(axis=-1, keepdims=True)
    p, q, near = np.exp(u), -np.expm1(u), np.where(y == 1, -np.expm1(log_p), np.exp(log_p))
    bend = gamma * p * q ** (gamma - 1) * (2 - u - abs(gamma - 1) * p / q * u)
    # Without the focal factor the curvature is one positive term.
    terms = (0.0, factor[:, None] * near * (q**gamma + bend * near) if gamma else 0.0)
    check(fl.softmax_focal_loss, (x, labels), keywords, name, wanted, counts.sum(), reduction, terms, 1 + gamma / 4)


@table(SIGMOID_FOCAL_OPTIONS)
def test_sigmoid_focal_loss(isa, rng, name, reduction, options):
    shape = (7, 311)
    x, exact = draw(rng, shape, name)
    gamma, alpha = gamma_of(options), 0.25 if "alpha" in options else None
    y = rng.integers(0, 2, shape).astype(compute_dtype(name))
    if "soft" in options:
        y = rng.uniform(0, 1, shape).astype(compute_dtype(name))
    keywords, weight = {"alpha": alpha, "gamma": gamma}, np.ones(shape)
    if "sample_weight" in options:
        weight = keywords["sample_weight"] = rng.uniform(0, 2, shape)
    formulas = (reference.sigmoid_focal_loss, reference.sigmoid_focal_loss_grad, reference.sigmoid_focal_loss_hess)
    wanted = [weight * formula(exact, y.astype(np.float64), alpha, gamma) for formula in formulas]
    # Soft targets and the curvature are differences of these.
    a, q, c, dq = reference.sigmoid_focal_terms(exact, y.astype(np.float64), alpha)
    slope = weight * a * q**gamma * (q + gamma * c * np.abs(dq) / q)
    bend = slope + weight * a * q**gamma * np.abs(dq) * gamma * (2 + c * (1 + abs(gamma - 1) * np.abs(dq) / q) / q)
    terms = (slope if "soft" in options else 0.0, bend)
    check(fl.sigmoid_focal_loss, (x, y), keywords, name, wanted, x.size, reduction, terms, 1 + gamma / 4)


def ctc_batch(rng, options, frames=12, batch=5, classes=6, longest=4):
    blank = classes - 1 if "blank" in options else 0
    keywords = {"blank": blank} if "blank" in options else {}
    targets = rng.choice([c for c in range(classes) if c != blank], (batch, longest))
    input_lengths, target_lengths = np.full(batch, frames), np.full(batch, longest)
    if "lengths" in options:
        input_lengths = keywords["input_lengths"] = np.array([12, 8, 10, 9, 11])
        target_lengths = keywords["target_lengths"] = np.array([4, 0, 3, 1, 2])
    if "infeasible" in options:
        targets[1] = targets[1, 0]  # four times the same label needs seven frames
        input_lengths = keywords["input_lengths"] = np.array([12, 6, 12, 12, 0])
        keywords["infeasible"] = "zero"
    weight = np.ones(batch)
    if "sample_weight" in options:
        weight = keywords["sample_weight"] = rng.uniform(0, 2, batch)
    return targets, input_lengths, target_lengths, blank, weight, keywords


@pytest.mark.parametrize("loss", ["ctc_loss", "ctc_loss_with_logits"])
@table(CTC_OPTIONS)
def test_ctc(isa, rng, name, reduction, options, loss):
    x, exact = draw(rng, (12, 5, 6), name)
    define = reference.ctc if loss == "ctc_loss" else reference.ctc_with_logits
    targets, input_lengths, target_lengths, blank, weight, keywords = ctc_batch(rng, options)
    losses, gradient = np.zeros(5), np.zeros(x.shape)
    for n in range(5):
        frames = slice(0, input_lengths[n])
        losses[n], gradient[frames, n] = define(exact[frames, n], targets[n, : target_lengths[n]], blank)
    losses[np.isinf(losses)] = 0
    for kind in (reduction,) if reduction != "mean" else ("mean", "batchmean"):
        # PyTorch's mean: each sequence's loss per label first.
        each = weight / (5 * np.maximum(target_lengths, 1) if kind == "mean" else 5 if kind == "batchmean" else 1)
        value, found = getattr(fl, loss).value_and_grad(x, targets, reduction=kind, **keywords)
        wanted = each * losses if kind == "none" else (each * losses).sum()
        # A sum over frames of scores of both signs.
        terms = each if kind == "none" else each.sum()
        assert_close(value, wanted, name, terms=terms)
        assert_close(getattr(fl, loss)(x, targets, reduction=kind, **keywords), value, name, terms=terms)
        assert found.dtype == gradient_dtype(name)
        assert_close(found, gradient * each[:, None], name, terms=each[:, None] / 4, rounded=True)


@pytest.mark.parametrize("classes", [16, 64, 128, 129, 1000])
def test_long_sums_of_float32_keep_their_digits(isa, rng, classes):
    """A sum of a hundred terms one after the other is off by ten units in the last place in one of many rows."""
    x, y = rng.standard_normal((2, 4000, classes), dtype=np.float32)
    exact_x, exact_y = x.astype(np.float64), y.astype(np.float64)
    for got, expected, allowed in (
        (fl.logsumexp(x), np.log(np.exp(exact_x).sum(-1)), 3e-7),
        (fl.entropy_with_logits(x, reduction="none"), reference.entropy_with_logits(exact_x), 3e-7),
        (
            fl.kl_divergence_with_logits(x, y, reduction="none"),
            reference.kl_divergence_with_logits(exact_x, exact_y),
            8e-7,
        ),
    ):
        assert np.max(np.abs(got - expected) / expected) < allowed
