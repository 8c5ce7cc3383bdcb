"""Sums are the exact sum of the losses, rounded once: whatever the order, the chunks and the parts of an array."""

import itertools
import math
import pickle

import numpy as np
import pytest
from domains import with_arrays
from losses import BY_NAME, LOSSES

import fastloss as fl
from fastloss._partial import Part, joined, needs_sum, part_of

ROWS_OF_ELEMENTS = ("categorical_cross_entropy", "entropy", "kl_divergence")  # the sum is that of all elements
IN_FLOAT32 = (  # of these a loss is a float32 before it is added up
    "l1_loss", "huber_loss", "smooth_l1_loss", "log_cosh_loss", "quantile_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "sigmoid_focal_loss", "cross_entropy", "nll_loss", "softmax_focal_loss",
    "kl_divergence_with_logits", "js_divergence_with_logits", "entropy_with_logits",
)  # fmt: skip
PLACES = (0, 300, 5000, 16_383, 16_384, 40_000, -1)  # in several blocks and chunks, first and last


def exact(losses):
    return math.fsum(np.asarray(losses, np.float64).reshape(-1).tolist())


def drawn(row, rng, options, dtype, kind, size=1301):
    """Positional arguments, options, and the shape of the losses."""
    shape = {"elementwise": (size, 7), "rowwise": (size, 7), "ctc": (9, 23, 5)}[row.family]
    losses = {"elementwise": shape, "rowwise": shape[:1], "ctc": shape[1:2]}[row.family]
    return row.draw(rng, shape, dtype, kind=kind), dict(with_arrays(options, rng, shape[-1])), losses


def cases(rows=LOSSES):
    return [
        pytest.param(row, kind, options, id=f"{row.name}-{kind}-{index}")
        for row in rows
        for kind in row.targets or (None,)
        for index, options in enumerate(row.options)
    ]


def of_sums():
    """Those whose value is the sum of what reduction="none" gives."""
    return [row for row in LOSSES if not row.is_of_all and row.name not in ROWS_OF_ELEMENTS]


@pytest.mark.parametrize(("row", "kind", "options"), cases(of_sums()))
def test_sum_is_the_exact_sum_rounded(row, kind, options, rng):
    if "base" in options:
        pytest.skip("the sum is turned into another unit once it is rounded")
    for size in (11, 100, 1301, 9000):
        arguments, given, shape = drawn(row, rng, options, np.float64, kind, size)
        given["sample_weight"] = rng.uniform(0.1, 3.0, shape)
        each = row.loss(*arguments, reduction="none", **given)
        assert row.loss(*arguments, reduction="sum", **given) == exact(each)
        if "weighted_mean" in row.reductions and row.family != "ctc" and "class_weight" not in given:
            mean = exact(each) / exact(given["sample_weight"])
            assert row.loss(*arguments, reduction="weighted_mean", **given) == mean


@pytest.mark.parametrize("name", IN_FLOAT32)
def test_float32_too(name, rng):
    row = BY_NAME[name]
    for size in (11, 100, 1301, 9000):
        arguments, given, _ = drawn(row, rng, {}, np.float32, None, size)
        each = row.loss(*arguments, reduction="none", **given)
        assert row.loss(*arguments, reduction="sum", **given) == exact(each)


def orders(losses, rng):
    yield losses
    yield np.sort(losses)
    yield np.sort(losses)[::-1]
    yield rng.permutation(losses)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [0.0, 1.0, 8.0])
def test_losses_of_any_size(dtype, spread, rng):
    """Blocks that grow, and blocks whose losses are far apart, are summed another way."""
    losses = np.exp(spread * rng.standard_normal(70_000)).astype(dtype)
    losses[::97] = 0
    for each in orders(losses, rng):
        assert fl.l1_loss(np.ascontiguousarray(each), np.zeros_like(each), reduction="sum") == exact(losses)
        assert fl.hinge_loss(1 - losses.astype(np.float64), np.ones(losses.size), reduction="sum") >= 0


def test_squares_of_any_size(rng):
    d = np.exp(6 * rng.standard_normal(70_000))
    for each in orders(d, rng):
        assert fl.mse_loss(np.ascontiguousarray(each), np.zeros(d.size), reduction="sum") == exact(d * d)
        narrow = np.ascontiguousarray(each).astype(np.float32)
        squares = narrow.astype(np.float64) ** 2
        assert fl.mse_loss(narrow, np.zeros_like(narrow), reduction="sum") == exact(squares)


def test_losses_of_both_signs_that_cancel(rng):
    """Of 1e16 each, to a sum of about as many."""
    x = rng.uniform(36.0, 37.5, 40_000)
    y = np.exp(x) / x * rng.choice([0.5, 1.5], x.size)
    y[-1] = 0
    each = fl.poisson_nll_loss(x, y, reduction="none")
    assert (each > 1e15).any()
    assert (each < -1e15).any()
    x[-1] = math.log(-exact(each[:-1])) if exact(each[:-1]) < 0 else x[-1]
    each = fl.poisson_nll_loss(x, y, reduction="none")
    for order in (np.arange(x.size), np.argsort(each), rng.permutation(x.size)):
        assert fl.poisson_nll_loss(x[order], y[order], reduction="sum") == exact(each)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "log_cosh_loss", "poisson_nll_loss"])
def test_infinite_losses_and_nan(name, place, dtype, rng):
    loss, x = getattr(fl, name), rng.standard_normal(50_001).astype(dtype)
    x[place] = np.inf
    assert loss(x, np.zeros_like(x), reduction="sum") == np.inf
    x[place // 2] = np.nan
    assert math.isnan(loss(x, np.zeros_like(x), reduction="sum"))


def test_overflow():
    x = np.full(40_000, 1e305)
    assert fl.l1_loss(x, np.zeros_like(x), reduction="sum") == np.inf
    assert fl.l1_loss(x[:1700], np.zeros(1700), reduction="sum") == exact(x[:1700])
    assert fl.mse_loss(np.full(300, 1e160), np.zeros(300)) == np.inf
    largest = np.array([np.finfo(np.float64).max])
    assert fl.l1_loss(largest, [0.0]) == largest[0]


def test_what_a_mean_divides_by_is_exact(rng):
    x, y = rng.standard_normal((2, 5000, 3))
    weight = rng.lognormal(0.0, 6.0, (5000, 1))
    each = fl.l1_loss(x, y, sample_weight=weight, reduction="none")
    divisor = exact(np.broadcast_to(weight, x.shape))
    assert fl.l1_loss(x, y, sample_weight=weight, reduction="weighted_mean") == exact(each) / divisor
    labels, class_weight = rng.integers(0, 3, 5000), rng.lognormal(0.0, 6.0, 3)
    each = fl.cross_entropy(x, labels, class_weight=class_weight, reduction="none")
    assert fl.cross_entropy(x, labels, class_weight=class_weight) == exact(each) / exact(class_weight[labels])


# ---- parts ----


def share(array, start, stop, is_ctc=False):
    return array[:, start:stop] if is_ctc and array.ndim == 3 else array[start:stop]


def parts_of(row, arguments, keywords, cuts, whole=None, **wanted):
    """What part_of() gives for each part of the rows, elements or sequences between the cuts."""
    by_loss = [name for name in ("sample_weight", "where") if name in keywords]
    for start, stop in itertools.pairwise(cuts):
        part = tuple(share(array, start, stop, row.family == "ctc") for array in arguments)
        given = keywords | {name: share(keywords[name], start, stop) for name in by_loss}
        yield part_of(row.loss, part, given, whole, **wanted)


def random_cuts(rng, size):
    return [0, *sorted(rng.choice(np.arange(1, size), 4, replace=False)), size]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("row", "kind", "options"), cases())
def test_parts_have_the_bits_of_the_whole(row, kind, options, dtype, rng):
    arguments, given, shape = drawn(row, rng, options, dtype, kind)
    weights = {"sample_weight": rng.uniform(0.1, 3.0, shape), "where": rng.random(shape) < 0.8}
    size = shape[0]
    for reduction in row.reductions:
        for more in ({}, weights):
            keywords = {**given, **more, "reduction": reduction}
            value, grad = row.loss.value_and_grad(*arguments, **keywords)
            found = list(parts_of(row, arguments, keywords, random_cuts(rng, size)))
            whole = joined(found[place][0] for place in rng.permutation(len(found)))
            values = np.concatenate([each for _, each, _ in found]) if reduction == "none" else whole.value
            np.testing.assert_array_equal(values, value)
            derivatives = 2 if row.has_curvature(options) else 1
            wanted = [grad] if derivatives == 1 else row.loss.grad_and_hess(*arguments, **keywords)
            made = list(parts_of(row, arguments, keywords, random_cuts(rng, size), whole, derivatives=derivatives))
            for index, array in enumerate(wanted):
                blocks = [arrays[index] for _, _, arrays in made]
                np.testing.assert_array_equal(np.concatenate(blocks, axis=int(row.family == "ctc")), array)


def test_denominator_alone(rng):
    x, y, weight = rng.standard_normal((3, 100))
    keywords = {"sample_weight": weight**2, "reduction": "weighted_mean"}
    part, values, arrays = part_of(fl.mse_loss, (x, y), keywords, want_sum=False)
    assert part.total == (0.0, 0.0)
    assert part.denominator[0] == exact(weight**2)
    assert values is None
    assert arrays == []
    assert [row.name for row in LOSSES if needs_sum(row.loss)] == ["rmse_loss"]


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1.0, 1e153, 1e200])
def test_root_of_squares_beyond_double(scale, rng):
    """Parts of different sizes, each in a unit of its own."""
    row, y = BY_NAME["rmse_loss"], np.zeros(1000)
    x = rng.standard_normal(1000) * scale
    x[:500] *= 1e-4
    for more in ({}, {"sample_weight": rng.uniform(1, 2, 1000)}):
        value, grad = fl.rmse_loss.value_and_grad(x, y, **more)
        whole = joined(part for part, _, _ in parts_of(row, (x, y), more, (0, 10, 500, 700, 1000)))
        assert whole.value == value
        made = parts_of(row, (x, y), more, (0, 300, 600, 1000), whole, derivatives=1)
        np.testing.assert_array_equal(np.concatenate([arrays[0] for _, _, arrays in made]), grad)


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ([1.0, math.inf], math.inf),
        ([math.inf, -math.inf, 1.0], math.nan),
        ([math.nan, math.inf], math.nan),
        ([1.7e308, 1.7e308], math.inf),
        ([1.7e308, 1.7e308, -1.7e308], 1.7e308),
        ([1e16, 1.0, -1e16], 1.0),
    ],
)
def test_sums_of_parts(totals, expected):
    part, _, _ = part_of(fl.l1_loss, ([1.0], [0.0]), {"reduction": "sum"})
    found = joined(part._replace(total=(total, 0.0)) for total in totals)
    assert found.denominator == (1, 0.0)
    np.testing.assert_equal(found.value, expected)


def test_parts_can_be_pickled():
    part, _, _ = part_of(fl.rmse_loss, ([1.0, 2.0], [0.0, 0.0]), {})
    assert isinstance(part, Part)
    assert pickle.loads(pickle.dumps(part)) == part
