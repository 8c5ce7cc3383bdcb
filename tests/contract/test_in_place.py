"""The result may take the place of the scores: the same bits as in an array of its own."""

import domains
import numpy as np
import pytest
from losses import of_family

import fastloss as fl

# On either side of every change of method: lanes, narrow tiles, short rows, blocks.
CLASSES = [1, 2, 15, 16, 17, 63, 64, 65, 66, 80, 100, 1000, 1023, 1024, 1025, 3000]
DTYPES = ["float32", "float64", "float16"]


def name_of(value):
    return getattr(value, "name", None)


def scores(rng, dtype, *shape):
    return (3 * rng.standard_normal(shape)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("function", [fl.softmax, fl.log_softmax], ids=["softmax", "log_softmax"])
def test_normalization(isa, rng, function, classes, dtype):
    x = scores(rng, dtype, 37, classes)
    expected = function(x)
    assert function(x, out=x) is x
    np.testing.assert_array_equal(x, expected)


def check(row, x, targets, options):
    """Gradient and curvature in the place of the predictions, and the gradient in that of the target."""
    loss = row.loss
    value, expected = loss.value_and_grad(x, *targets, **options)
    if row.has_curvature(options):
        both = loss.grad_and_hess(x, *targets, **options)
        # The curvature's pass may bring the gradient to its scale in another order.
        rounding = {"rtol": 1e-2, "atol": 2e-7} if x.dtype == np.float16 else {"rtol": 1e-5, "atol": 1e-8}
        np.testing.assert_allclose(both[0].astype(float), expected.astype(float), **rounding)
        for place in (0, 1):
            y, other = x.copy(), np.empty_like(x)
            out = (y, other) if place == 0 else (other, y)
            np.testing.assert_array_equal(loss.grad_and_hess(y, *targets, out=out, **options), both)
    for target in targets:
        if (target.shape, target.dtype) == (x.shape, x.dtype):  # it is read later than the gradient is written
            out = target.copy()
            np.testing.assert_array_equal(loss.grad(x, out, out=out, **options), expected)
    found = x.copy()
    assert loss.value_and_grad(found, *targets, out=found, **options)[0] == value
    np.testing.assert_array_equal(found, expected)


def cases(family):
    return [(row, kind) for row in of_family(family) for kind in row.targets or (None,)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize(("row", "kind"), cases("rowwise"), ids=name_of)
def test_rows(isa, rng, row, kind, classes, dtype):
    x, *targets = row.draw(rng, (37, classes), dtype, kind=kind)
    check(row, x, targets, row.options[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 16, 255, 256, 257, 5000])
@pytest.mark.parametrize("row", of_family("elementwise"), ids=name_of)
def test_elements(isa, rng, row, size, dtype):
    x, *targets = row.draw(rng, (size,), dtype)
    check(row, x, targets, row.options[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row", of_family("elementwise", "rowwise"), ids=name_of)
def test_every_option(isa, rng, row, dtype):
    for options in row.options[1:]:
        x, *targets = row.draw(rng, (50, 100), dtype)
        check(row, x, targets, domains.with_arrays(options, rng, 100))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_larger_than_the_caches(isa, rng, dtype):
    """They are stored by whole cache lines, wherever the array begins; what is around them stays as it was."""
    size = (17 << 20) // np.dtype(dtype).itemsize
    x, y = rng.standard_normal(size).astype(dtype), rng.standard_normal(size).astype(dtype)
    for offset in (0, 1, 7, 15, 16):
        grad, hess = np.full(size + 32, 77, dtype), np.full(size + 32, 77, dtype)
        inner = slice(offset, offset + size)
        fl.mse_loss.grad_and_hess(x, y, reduction="sum", out=(grad[inner], hess[::-1][inner][::-1]))
        np.testing.assert_array_equal(grad[inner], 2 * (x - y))
        assert (hess[::-1][inner] == 2).all()
        for array in (grad[:offset], grad[offset + size :], hess[::-1][:offset], hess[::-1][offset + size :]):
            assert (array == 77).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", CLASSES[1:])
@pytest.mark.parametrize("row", of_family("ctc"), ids=name_of)
def test_sequences(isa, rng, row, classes, dtype):
    x, loss = scores(rng, dtype, 30, 5, classes), row.loss
    if row.predictions == "log-probabilities":
        x = fl.log_softmax(x)
    targets, lengths = rng.integers(1, classes, (5, 7)), rng.integers(0, 8, 5)
    value, expected = loss.value_and_grad(x, targets, target_lengths=lengths, reduction="none")
    found, _ = loss.value_and_grad(x, targets, target_lengths=lengths, reduction="none", out=x)
    np.testing.assert_array_equal(found, value)
    np.testing.assert_array_equal(x, expected)


def test_an_out_that_is_not_aligned(rng):
    x, target = scores(rng, "float32", 10, 5), rng.integers(0, 5, 10)
    out = np.zeros(201, np.uint8)[1:].view(np.float32).reshape(10, 5)
    assert fl.cross_entropy.grad(x, target, out=out) is out
    np.testing.assert_array_equal(out, fl.cross_entropy.grad(x, target))
    fl.softmax(x, out=out)
    np.testing.assert_array_equal(out, fl.softmax(x))


def test_an_out_that_shares_memory_with_a_target_of_another_library(rng):
    torch = pytest.importorskip("torch")
    x, y = scores(rng, "float32", 3000), rng.random(3000, dtype=np.float32)
    expected = fl.sigmoid_focal_loss.grad(x, y)
    memory = np.concatenate([y[:1], y])  # the gradient runs one element ahead of the target that is still to be read
    out = memory[:-1]
    found = fl.sigmoid_focal_loss.grad(x, torch.from_numpy(memory[1:]), out=out)
    np.testing.assert_array_equal(found, expected)


class Exporter:
    """An object that shares its memory, but is no ndarray."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


@pytest.mark.parametrize("wrap", [memoryview, Exporter])
@pytest.mark.parametrize(("row", "kind"), [*cases("elementwise"), *cases("rowwise")], ids=name_of)
def test_out_over_a_target_that_is_no_array(rng, row, kind, wrap):
    """The overlap is found in what the target is read as."""
    if kind is None:
        pytest.skip("a loss without a target")
    x, target = row.draw(rng, (40, 8), np.float64, kind=kind)
    options, expected = row.options[0], row.loss.grad(x, target, **row.options[0])
    memory = np.zeros(x.size + 8)
    out = memory[:320].reshape(40, 8)
    for start in (0, 3):
        shared = memory[start:].view(target.dtype)[: target.size].reshape(target.shape)
        shared[...] = target
        np.testing.assert_array_equal(row.loss.grad(x, wrap(shared), out=out, **options), expected)
        shared[...] = target
        if row.has_curvature(options):
            found = row.loss.grad_and_hess(x, wrap(shared), out=(None, out), **options)[1]
            np.testing.assert_array_equal(found, row.loss.grad_and_hess(x, target, **options)[1])
