"""Losses that are a sum over elements, and divergences of logits, against support/reference.py: every dtype x
instruction set x reduction x option; value, gradient, curvature. Counterpart of test_reference.py."""

import numpy as np
import pytest
import reference
from tolerance import assert_close, compute_dtype, draw
from verbs import REDUCTIONS, check, table

import fastloss as fl

SHAPE = (7, 311)  # more than a block of the kernel, and no multiple of one

# loss -> keywords of each case
REGRESSION = {
    "l1_loss": [{}],
    "mse_loss": [{}],
    "huber_loss": [{}, {"delta": 0.3}],
    "smooth_l1_loss": [{}, {"beta": 2.5}, {"beta": 0.0}],
    "log_cosh_loss": [{}],
    "quantile_loss": [{}, {"quantile": 0.9}, {"quantile": 0.0}],
}
CASES = [(name, options) for name, cases in REGRESSION.items() for options in cases]
WEIGHTS = [set(), {"sample_weight"}, {"broadcast target", "row weight"}]


def weight_and_target(rng, options, y):
    """The loss's keywords, the weight as an array, and the target, which may be one row for all."""
    keywords, weight = {}, np.ones(SHAPE)
    if "sample_weight" in options:
        keywords["sample_weight"] = weight = rng.uniform(0, 2, SHAPE)
    if "row weight" in options:
        keywords["sample_weight"] = rng.uniform(0, 2, (SHAPE[0], 1))
        weight = np.broadcast_to(keywords["sample_weight"], SHAPE)
    return keywords, weight, y[:1] if "broadcast target" in options else y


def wanted_of(loss, weight, x, y, **options):
    """weight times value, gradient and, where the reference has one, curvature."""
    formulas = [getattr(reference, loss + part, None) for part in ("", "_grad", "_hess")]
    return [weight * formula(x, y.astype(np.float64), **options) for formula in formulas if formula]


@pytest.mark.parametrize(("loss", "case"), CASES, ids=lambda case: str(case))
@table(WEIGHTS)
def test_regression(isa, rng, name, reduction, options, loss, case):
    x, exact = draw(rng, SHAPE, name)
    y = draw(rng, SHAPE, name)[0].astype(compute_dtype(name))
    keywords, weight, target = weight_and_target(rng, options, y)
    wanted = wanted_of(loss, weight, exact, target, **case)
    # A difference of two numbers is rounded once: relative to them where they are close.
    d = weight * (np.abs(exact) + np.abs(target))
    slopes = {"mse_loss": 2 * d, "l1_loss": 0.0, "quantile_loss": 0.0}.get(loss, d)
    check(
        getattr(fl, loss), (x, target), {**keywords, **case}, name, wanted, x.size, reduction,
        terms=(slopes, slopes), mixed=weight * np.abs(exact - target) * (np.abs(exact) + np.abs(target)) + d,
    )  # fmt: skip


@table(WEIGHTS, reductions=("mean",))
def test_rmse(isa, rng, name, reduction, options):
    x, exact = draw(rng, SHAPE, name)
    y = draw(rng, SHAPE, name)[0].astype(compute_dtype(name))
    keywords, weight, target = weight_and_target(rng, options, y)
    wide = target.astype(np.float64)
    value, grad = fl.rmse_loss.value_and_grad(x, target, **keywords)
    assert_close(value, reference.rmse_loss(exact, wide, weight), name)
    assert fl.rmse_loss(x, target, **keywords) == value
    wanted = reference.rmse_loss_grad(exact, wide, weight)
    assert_close(grad, wanted, name, terms=np.abs(wanted).max(), rounded=True)
    np.testing.assert_array_equal(fl.rmse_loss.grad(x, target, **keywords), grad)


@pytest.mark.parametrize("full", [False, True])
@table(WEIGHTS)
def test_poisson_nll(isa, rng, name, reduction, options, full):
    x, exact = draw(rng, SHAPE, name, spread=1.5)
    y = rng.poisson(4.0, SHAPE).astype(compute_dtype(name))
    keywords, weight, target = weight_and_target(rng, options, y)
    wanted = wanted_of("poisson_nll_loss", weight, exact, target, full=full)
    terms = weight * (np.exp(exact) + np.abs(exact) * target + full * 10)
    keywords["full"] = full
    arguments = (fl.poisson_nll_loss, (x, target), keywords, name, wanted, x.size, reduction)
    check(*arguments, terms=(weight * (np.exp(exact) + target), 0.0), mixed=terms)


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("pos_weight", [None, 3.0, "per column"])
@table([set(), {"sample_weight"}])
def test_binary_cross_entropy_with_logits(isa, rng, name, reduction, options, kind, pos_weight):
    x, exact = draw(rng, SHAPE, name)
    y = (rng.integers(0, 2, SHAPE) if kind == "hard" else rng.uniform(0, 1, SHAPE)).astype(compute_dtype(name))
    keywords, weight, _ = weight_and_target(rng, options, y)
    positive = 1.0
    if pos_weight is not None:
        positive = keywords["pos_weight"] = rng.uniform(0, 4, SHAPE[1]) if pos_weight == "per column" else pos_weight
    loss = "binary_cross_entropy_with_logits"
    wanted = wanted_of(loss, weight, exact, y, pos_weight=positive)
    terms = weight * np.maximum(positive, 1) if kind == "soft" else 0.0
    check(getattr(fl, loss), (x, y), keywords, name, wanted, x.size, reduction, terms=(terms, 0.0))


def probabilities(rng, shape, name):
    """Within (0, 1), in the dtype, and the same in float64; for integers there is only 0 and 1."""
    low, high = {"float16": (0.01, 0.99), "bfloat16": (0.01, 0.98)}.get(name, (1e-6, 1 - 1e-6))
    x = rng.uniform(low, high, shape)
    x = x.astype(name if name != "bfloat16" else draw(rng, (1,), name)[0].dtype)
    return x, x.astype(np.float64)


FLOATS_ONLY = pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("options", [set(), {"sample_weight"}], ids=["plain", "weighted"])
@FLOATS_ONLY
def test_binary_cross_entropy(isa, rng, name, reduction, options, kind):
    x, exact = probabilities(rng, SHAPE, name)
    y = (rng.integers(0, 2, SHAPE) if kind == "hard" else rng.uniform(0, 1, SHAPE)).astype(compute_dtype(name))
    keywords, weight, _ = weight_and_target(rng, options, y)
    wanted = wanted_of("binary_cross_entropy", weight, exact, y)
    # (1 - x) is rounded once.
    near = weight / exact + weight / (1 - exact)
    terms = (near * 1e-1, near * 1e-1 / np.minimum(exact, 1 - exact))
    check(fl.binary_cross_entropy, (x, y), keywords, name, wanted, x.size, reduction, terms=terms)


ROWS = ((67, 7), (9, 130), (2, 5003))
DISTRIBUTIONS = {
    "entropy": [{}, {"base": 2}, {"base": 0.5}],
    "kl_divergence": [{}],
    "categorical_cross_entropy": [{}, {"include_negatives": True}],
}


DISTRIBUTION_CASES = [
    (loss, case, reduction)
    for loss, cases in DISTRIBUTIONS.items()
    for case in cases
    for reduction in (*REDUCTIONS, *(["batchmean"] if loss == "kl_divergence" else []))
]


def rows(rng, shape, name):
    """Distributions in the dtype, with some zeros in the second."""
    smallest = 1e-7 if name in ("float32", "float64") else 0.01  # a gradient of float16 must not overflow
    spread = np.clip(rng.dirichlet(np.full(shape[1], 2.0), shape[0]), smallest, 1 - smallest)
    target = rng.dirichlet(np.full(shape[1], 0.5), shape[0])
    target[:, 0] = 0
    dtype = draw(rng, (1,), name)[0].dtype
    return spread.astype(dtype), target.astype(compute_dtype(name))


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("shape", ROWS, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize(("loss", "case", "reduction"), DISTRIBUTION_CASES, ids=str)
@FLOATS_ONLY
def test_distributions(isa, rng, name, reduction, loss, case, shape, weighted):
    q, p = rows(rng, shape, name)
    exact, true = q.astype(np.float64), p.astype(np.float64)
    arguments, references = ((q,), (exact,)) if loss == "entropy" else ((q, p), (exact, true))
    weight = rng.uniform(0, 2, shape[0]) if weighted else np.ones(shape[0])
    keywords = dict(case, sample_weight=weight) if weighted else dict(case)
    values, *derivatives = (getattr(reference, loss + part)(*references, **case) for part in ("", "_grad", "_hess"))
    wanted = [weight * values, *(weight[:, None] * derivative for derivative in derivatives)]
    slopes = weight[:, None] / abs(np.log(case.get("base", np.e))) if loss == "entropy" else 0.0
    parts = np.multiply(true, np.log(np.where(true > 0, true, 1) / exact)) if loss == "kl_divergence" else 0 * exact
    mixed = weight * (np.abs(values) + np.abs(parts - true + exact).sum(axis=-1))
    check(getattr(fl, loss), arguments, keywords, name, wanted, shape[0], reduction, terms=(slopes, 0.0), mixed=mixed)


@pytest.mark.parametrize("case", [{}, {"temperature": 2.5}, {"temperature": 0.3}], ids=str)
@table([set(), {"sample_weight"}], ROWS, reductions=(*REDUCTIONS, "batchmean"))
def test_kl_divergence_with_logits(isa, rng, name, reduction, options, shape, case):
    x, exact = draw(rng, shape, name)
    y, true = draw(rng, shape, name)
    weight = rng.uniform(0, 2, shape[0]) if options else np.ones(shape[0])
    keywords = dict(case, sample_weight=weight) if options else dict(case)
    temperature = case.get("temperature", 1.0)
    values, slopes = (
        getattr(reference, "kl_divergence_with_logits" + part)(exact, true, **case) for part in ("", "_grad")
    )
    wanted = weight * values, weight[:, None] * slopes
    terms = weight[:, None] * (reference.softmax(exact / temperature) + reference.softmax(true / temperature))
    factor = 1 + np.abs(exact).max() / temperature / 10  # exp of an argument carries that many roundings of it
    check(
        fl.kl_divergence_with_logits, (x, y), keywords, name, wanted, shape[0], reduction,
        terms=(terms / temperature, 0.0), factor=factor,
    )  # fmt: skip


@pytest.mark.parametrize("case", [{}, {"base": 2}], ids=str)
@table([set(), {"sample_weight"}], ROWS)
def test_entropy_with_logits(isa, rng, name, reduction, options, shape, case):
    x, exact = draw(rng, shape, name)
    weight = rng.uniform(0, 2, shape[0]) if options else np.ones(shape[0])
    keywords = dict(case, sample_weight=weight) if options else dict(case)
    values, slopes = (getattr(reference, "entropy_with_logits" + part)(exact, **case) for part in ("", "_grad"))
    p = weight[:, None] * reference.softmax(exact)
    terms = p * (np.abs(reference.log_softmax(exact)) + values[..., None])
    wanted = weight * values, weight[:, None] * slopes
    check(fl.entropy_with_logits, (x,), keywords, name, wanted, shape[0], reduction, terms=(terms, 0.0), factor=2)
