"""The result may take the place of the scores: the same bits as in an array of its own."""

import numpy as np
import pytest

import fastloss as fl

# On either side of every change of method: lanes, narrow tiles, short rows, blocks.
CLASSES = [1, 2, 15, 16, 17, 63, 64, 65, 66, 80, 100, 1000, 1023, 1024, 1025, 3000]
DTYPES = ["float32", "float64", "float16"]


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.softmax_focal_loss], ids=["cross_entropy", "softmax_focal"])
def test_row_losses(isa, rng, loss, soft, classes, dtype):
    if soft and loss is fl.softmax_focal_loss:
        return
    x = scores(rng, dtype, 37, classes)
    target = rng.dirichlet(np.ones(classes), 37) if soft else rng.integers(0, classes, 37)
    value, expected = loss.value_and_grad(x, target)
    _, hess = loss.grad_and_hess(x, target)
    for place in (0, 1):  # the scores give way to the gradient, or to the curvature
        y = x.copy()
        other = np.empty_like(y)
        pair = loss.grad_and_hess(y, target, out=(y, other) if place == 0 else (other, y))
        np.testing.assert_array_equal(pair[1], hess)
        # The curvature's pass brings the gradient to its scale in another order.
        rounding = {"rtol": 1e-2, "atol": 2e-7} if dtype == "float16" else {"rtol": 1e-5, "atol": 1e-8}
        np.testing.assert_allclose(pair[0].astype(float), expected.astype(float), **rounding)
    assert loss.value_and_grad(x, target, out=x)[0] == value
    np.testing.assert_array_equal(x, expected)


ELEMENTS = [
    *("l1_loss", "mse_loss", "rmse_loss", "huber_loss", "smooth_l1_loss", "log_cosh_loss", "quantile_loss"),
    *("poisson_nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    *("kl_divergence", "categorical_cross_entropy"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 16, 255, 256, 257, 5000])
@pytest.mark.parametrize("name", ELEMENTS)
def test_elements(isa, rng, name, size, dtype):
    loss, x, y = getattr(fl, name), rng.uniform(0.1, 0.9, size).astype(dtype), rng.uniform(size=size)
    value, expected = loss.value_and_grad(x, y)
    if name not in ("l1_loss", "rmse_loss", "quantile_loss"):
        pair = loss.grad_and_hess(x, y)
        for place in (0, 1):
            z, other = x.copy(), np.empty_like(x)
            found = loss.grad_and_hess(z, y, out=(z, other) if place == 0 else (other, z))
            np.testing.assert_array_equal(found, pair)
    assert loss.value_and_grad(x, y, out=x)[0] == value
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", CLASSES)
def test_divergences_of_logits(isa, rng, classes, dtype):
    x, y = scores(rng, dtype, 37, classes), scores(rng, dtype, 37, classes)
    for loss, targets in ((fl.entropy_with_logits, ()), (fl.kl_divergence_with_logits, (y,))):
        value, expected = loss.value_and_grad(x, *targets)
        z = x.copy()
        assert loss.value_and_grad(z, *targets, out=z)[0] == value
        np.testing.assert_array_equal(z, expected)
        if targets:  # the gradient in the place of the target, which is read later than it is written
            out = y.copy()
            loss.grad(x, out, out=out)
            np.testing.assert_array_equal(out, expected)


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
@pytest.mark.parametrize("gamma", [0, 1, 2, 1.5])
def test_sigmoid_focal(isa, rng, gamma, dtype):
    x = scores(rng, dtype, 5000)
    y = rng.integers(0, 2, 5000)
    value, expected = fl.sigmoid_focal_loss.value_and_grad(x, y, gamma=gamma)
    _, hess = fl.sigmoid_focal_loss.grad_and_hess(x, y, gamma=gamma)
    for place in (0, 1):
        z = x.copy()
        other = np.empty_like(z)
        pair = fl.sigmoid_focal_loss.grad_and_hess(z, y, gamma=gamma, out=(z, other) if place == 0 else (other, z))
        np.testing.assert_array_equal(pair[0], expected)
        np.testing.assert_array_equal(pair[1], hess)
    assert fl.sigmoid_focal_loss.value_and_grad(x, y, gamma=gamma, out=x)[0] == value
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", CLASSES[1:])
@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss_with_logits], ids=["ctc_loss", "with_logits"])
def test_ctc(isa, rng, loss, classes, dtype):
    x = scores(rng, dtype, 30, 5, classes)
    if loss is fl.ctc_loss:
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
