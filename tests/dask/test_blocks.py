"""Blocks of every kind: cut as hypothesis likes, empty, of lengths that are not known; sums that need their pairs."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fastloss as fl
from fastloss._partial import part_of

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
fd = pytest.importorskip("fastloss.dask")


def computed(*arrays):
    return dask.compute(*arrays, scheduler="sync")


def same(found, wanted):
    assert np.asarray(found).tobytes() == np.asarray(wanted).tobytes()


# Squares of sizes that 106 bits hold together.
NUMBERS = st.one_of(st.floats(1e-4, 1e4), st.sampled_from([0.0, -0.0, -1.0, 2.0**-12, math.inf, -math.inf, math.nan]))


@st.composite
def cut_arrays(draw):
    """Numbers, and the lengths of their blocks."""
    numbers = draw(hnp.arrays(np.float64, st.integers(0, 40), elements=NUMBERS))
    places = sorted(draw(st.lists(st.integers(0, len(numbers)), max_size=6)))
    return numbers, tuple(int(n) for n in np.diff([0, *places, len(numbers)]))


@settings(deadline=None, max_examples=150)
@given(cut_arrays(), st.sampled_from(["mse_loss", "l1_loss", "rmse_loss"]))
def test_any_numbers_in_any_blocks(drawn, name):
    numbers, chunks = drawn
    x = da.from_array(numbers, chunks=(chunks,))
    value, grad = computed(*getattr(fd, name).value_and_grad(x, 0.0))
    wanted, gradient = getattr(fl, name).value_and_grad(numbers, 0.0)
    same(value, wanted)
    same(grad, gradient)


@settings(deadline=None, max_examples=150)
@given(cut_arrays())
def test_a_mean_is_rounded_once(drawn):
    """Of the absolute numbers, by fsum."""
    numbers, chunks = drawn
    numbers = np.nan_to_num(numbers, nan=1.5, posinf=1e10, neginf=-3.0)
    [value] = computed(fd.l1_loss(da.from_array(numbers, chunks=(chunks,)), 0.0))
    assert value == math.fsum(np.abs(numbers)) / len(numbers) if len(numbers) else math.isnan(value)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("chunks", [((0, 5, 0),), ((0,),), ((0, 0),), ((1,) * 40,)])
def test_empty_blocks_and_many(reduction, chunks):
    numbers = np.linspace(-1, 3, sum(chunks[0]))
    x = da.from_array(numbers, chunks=chunks)
    value, grad = computed(*fd.log_cosh_loss.value_and_grad(x, 0.5, reduction=reduction))
    wanted, gradient = fl.log_cosh_loss.value_and_grad(numbers, 0.5, reduction=reduction)
    same(value, wanted)
    same(grad, gradient)
    assert grad.shape == numbers.shape


def test_a_mean_over_nothing():
    labels = np.full(6, -100)
    value, grad = computed(*fd.cross_entropy.value_and_grad(da.zeros((6, 3), chunks=(2, 3)), labels))
    assert math.isnan(value)
    assert not grad.any()


def test_a_number_and_one_row(rng):
    assert computed(fd.mse_loss(da.from_array(np.float64(3.0)), 1.0)) == (4.0,)
    row = rng.standard_normal(5)
    value, grad = computed(*fd.cross_entropy.value_and_grad(da.from_array(row), 2))
    same(value, fl.cross_entropy(row, 2))
    same(grad, fl.cross_entropy.grad(row, 2))


def test_lengths_that_are_not_known(rng):
    numbers, labels = rng.standard_normal((50, 4)), rng.integers(0, 4, 50)
    x, y = da.from_array(numbers, chunks=(7, 4)), da.from_array(labels, chunks=7)
    selected, chosen = y != 2, labels != 2
    x, y = x[selected], y[selected]
    assert math.isnan(x.shape[0])
    for reduction in ("mean", "sum", "batchmean"):
        value, grad = computed(*fd.cross_entropy.value_and_grad(x, y, reduction=reduction))
        wanted, gradient = fl.cross_entropy.value_and_grad(numbers[chosen], labels[chosen], reduction=reduction)
        same(value, wanted)
        same(grad, gradient)
    same(*computed(fd.mse_loss.grad(x, 0.5)), fl.mse_loss.grad(numbers[chosen], 0.5))
    same(*computed(fd.entropy_with_logits(x, reduction="none")),
         fl.entropy_with_logits(numbers[chosen], reduction="none"))  # fmt: skip


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_axes(rng, axis):
    """Rows along any axis, which is in one block; a weight for each place of an axis; entries in several blocks."""
    scores = rng.standard_normal((6, 7, 8), dtype=np.float32)
    shape = tuple(np.delete(scores.shape, axis))
    labels, weight, where = rng.integers(0, 6, shape), rng.uniform(size=(shape[0], 1)), rng.random(shape) < 0.3
    x = da.from_array(scores, chunks=tuple(-1 if place == axis else 3 for place in range(3)))
    for options in ({}, {"sample_weight": weight, "where": where}):
        for reduction in ("mean", "weighted_mean", "batchmean", "sum", "none"):
            keywords = {"axis": axis, "reduction": reduction, **options}
            value, grad = computed(*fd.cross_entropy.value_and_grad(x, da.from_array(labels, chunks=4), **keywords))
            wanted, gradient = fl.cross_entropy.value_and_grad(scores, labels, **keywords)
            same(value, wanted)
            same(grad, gradient)
    for name in ("softmax", "log_softmax", "logsumexp"):
        same(*computed(getattr(fd, name)(x, axis=axis)), getattr(fl, name)(scores, axis=axis))


def test_sums_beyond_the_range_of_doubles():
    """Of squares, whose root is within it."""
    numbers = np.array([3e200, 1e-200, -4e200, 2e180, 5.0, 1e-170])
    for scale in (1.0, 1e-300, 1e-350):
        scaled = numbers * scale
        value, grad = computed(*fd.rmse_loss.value_and_grad(da.from_array(scaled, chunks=1), 0.0))
        same(value, fl.rmse_loss(scaled, 0.0))
        same(grad, fl.rmse_loss.grad(scaled, 0.0))


def test_graphs_are_named_by_what_they_compute():
    x = da.ones((6, 3), chunks=2)
    assert fd.mse_loss(x, 0.0).name == fd.mse_loss(x, 0.0).name
    assert fd.mse_loss(x, 0.0).name != fd.mse_loss(x, 1.0).name
    assert fd.huber_loss(x, 0.0).name != fd.huber_loss(x, 0.0, delta=2.0).name
    assert fd.mse_loss(x, 0.0).name != fd.mse_loss(x, 0.0, reduction="sum").name
    assert fd.mse_loss.grad(x, 0.0).name != fd.mse_loss.grad(x, 0.0, reduction="sum").name


def test_the_scores_are_read_once(rng):
    """For value and gradient, with labels that are counted before."""
    read = []

    def block(block_id=None):
        read.append(block_id)
        return np.zeros((5, 3))

    x = da.map_blocks(block, chunks=((5,) * 4, (3,)), dtype=np.float64, meta=np.empty((0, 0)))
    computed(*fd.cross_entropy.value_and_grad(x, rng.integers(0, 3, 20)))
    assert len(read) == 4


def tasks_of(lazy):
    [optimised] = dask.optimize(lazy)
    return dict(optimised.__dask_graph__())


def test_tasks_are_few():
    """One a block, fused with what makes it, and a tree in which a task joins 16 parts."""
    x, y = da.zeros((3000, 2), chunks=(1, 2)), da.zeros(3000, chunks=1, dtype=np.int64)
    assert len(tasks_of(fd.cross_entropy(x, y))) == 3000 + 188 + 12 + 1
    assert len(tasks_of(fd.mse_loss(x, 0.0))) == 3000 + 188 + 12 + 1


def test_what_travels_is_small(rng):
    """A part, and a task, however many blocks there are."""
    part = part_of(fl.cross_entropy, (rng.standard_normal((9, 3)), rng.integers(0, 3, 9)), {})[0]
    assert len(pickle.dumps(part)) < 150
    x = da.zeros((10**6, 2), chunks=(1000, 2))
    assert max(len(pickle.dumps(task)) for task in tasks_of(fd.mse_loss(x, 0.0)).values()) < 5000


@pytest.mark.parametrize("as_given", [lambda n: n, np.array, lambda n: da.from_array(np.array(n))])
@pytest.mark.parametrize(
    ("option", "number"), [("sample_weight", 3.0), ("sample_weight", 0.0), ("where", True), ("where", False)]
)
def test_one_number_for_all_losses(rng, option, number, as_given):
    """It decides what a mean divides by, as an array does."""
    rows, labels = rng.normal(size=(6, 5, 4)), rng.integers(0, 5, (6, 4))
    cases = [("mse_loss", 0.5, {}), ("cross_entropy", labels, {"axis": 1}),
             ("kl_divergence_with_logits", rows[::-1], {"axis": 1})]  # fmt: skip
    for name, target, keywords in cases:
        for reduction in ("mean", "weighted_mean", "sum", "none", *(["batchmean"] if keywords else [])):
            more = {**keywords, "reduction": reduction}
            x, each = da.from_array(rows, chunks=(4, 5, 3)), np.full((6, 4) if keywords else (6, 5, 4), number)
            found = computed(*getattr(fd, name).value_and_grad(x, target, **more, **{option: as_given(number)}))
            wanted = getattr(fl, name).value_and_grad(rows, target, **more, **{option: each})
            same(found[0], wanted[0])
            same(found[1], wanted[1])


def test_weights_of_columns_and_square_blocks(rng):
    """In a square block, weights of one dimension could be meant for either axis; in the whole they are of columns."""
    numbers, weight = rng.normal(size=(2, 4)), rng.uniform(size=4)
    x = da.from_array(numbers, chunks=2)
    for reduction in ("mean", "sum", "none", "weighted_mean"):
        more = {"sample_weight": weight, "reduction": reduction}
        wanted = fl.mse_loss.value_and_grad(numbers, 0.0, **more)
        for found, expected in zip(computed(*fd.mse_loss.value_and_grad(x, 0.0, **more)), wanted, strict=True):
            same(found, expected)


def test_one_label_that_is_ignored(rng):
    for label in (-100, np.array(-100), da.from_array(np.array(-100))):
        value, grad = computed(*fd.cross_entropy.value_and_grad(da.from_array(rng.normal(size=4)), label))
        assert np.isnan(value)
        assert not grad.any()


def test_one_alpha_for_all_classes(rng):
    x, labels = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    [found] = computed(fd.softmax_focal_loss(da.from_array(x, chunks=(2, 4)), labels, alpha=da.ones(()) / 4))
    same(found, fl.softmax_focal_loss(x, labels, alpha=0.25))


def test_calls_are_named_by_their_options():
    """Dask takes arrays of one name for the same. Of an array, NumPy shows eight digits."""
    x = da.ones((4, 3), chunks=2)
    near = [np.array(0.12345678901), np.array(0.12345678902)]
    first, second = (fd.mse_loss(x, target, reduction="sum") for target in near)
    assert computed(first, second) == tuple(fl.mse_loss(np.ones((4, 3)), target, reduction="sum") for target in near)
    options = [{}, {"delta": 2.0}, {"sample_weight": near[0]}, {"sample_weight": near[1]}, {"reduction": "sum"}]
    calls = [fd.huber_loss(x, 0.0, **some) for some in options]
    assert len({call.name for call in [first, second, *calls]}) == 7
    assert fd.huber_loss(x, 0.0).name == calls[0].name


def test_byte_order(rng):
    """Results have the machine's, and Dask is told so."""
    x = da.from_array(rng.normal(size=(6, 4)).astype(">f8"), chunks=(2, 4))
    for call in (fd.mse_loss.grad(x, 0.0), fd.mse_loss(x, 0.0, reduction="none"), fd.softmax(x), fd.logsumexp(x)):
        assert call.dtype.isnative
        assert computed(call)[0].dtype == call.dtype
