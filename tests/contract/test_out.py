"""Where the derivatives of every loss may be written: arrays of any layout, the inputs, what overlaps them."""

import numpy as np
import pytest
from losses import LOSSES
from samples import C, N, every_loss, same

import fastloss as fl


@every_loss
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_out(isa, rng, sample, dtype):
    loss, x, targets, options = sample.draw(rng, dtype)
    value, grad = loss.value_and_grad(x, *targets, **options)
    spaced = np.full((*x.shape, 3), 77, dtype)
    fresh = [np.full(x.shape, np.nan, dtype), np.full(x.shape, 7, dtype, order="F")]
    for out in (*fresh, spaced[..., 1], spaced[::-1, ..., 2]):
        assert loss.grad(x, *targets, **options, out=out) is out
        np.testing.assert_array_equal(out, grad)
        out[...] = -3
        found, same = loss.value_and_grad(x, *targets, **options, out=out)
        assert same is out
        assert found == value
        np.testing.assert_array_equal(out, grad)
    assert (spaced[..., 0] == 77).all()


@every_loss
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_in_place(isa, rng, sample, dtype, order):
    loss, x, targets, options = sample.draw(rng, dtype)
    value, grad = loss.value_and_grad(x, *targets, **options)
    memory = np.array(x, order=order)
    found, out = loss.value_and_grad(memory, *targets, **options, out=memory)
    assert out is memory
    assert found == same(value)
    np.testing.assert_array_equal(memory, grad)
    memory = np.array(x, order=order)
    loss.grad(memory, *targets, **options, out=memory)
    np.testing.assert_array_equal(memory, grad)


@every_loss
def test_out_that_overlaps_an_input(isa, rng, sample):
    """Shifted or reversed onto the scores, or onto the target: refused or right, never silently wrong."""
    loss, x, targets, options = sample.draw(rng)
    grad = loss.grad(x, *targets, **options)

    def right_or_refused(scores, targets, out):
        try:
            loss.grad(scores, *targets, **options, out=out)
        except ValueError:
            return
        np.testing.assert_array_equal(out, grad)

    memory = np.empty((N + 1, *x.shape[1:]))
    memory[:-1] = x
    right_or_refused(memory[:-1], targets, memory[1:])
    memory[1:] = x
    right_or_refused(memory[1:], targets, memory[:-1])
    memory = x.copy()
    right_or_refused(memory, targets, memory[::-1])
    if targets and targets[0].shape == x.shape:
        memory = targets[0].copy()
        right_or_refused(x, [memory], memory)
    narrow = x.astype(np.float32)
    wide = loss.grad(narrow, *targets, **options)
    memory = np.empty(2 * x.size, np.float32)
    scores = memory[::2].reshape(x.shape)
    scores[...] = narrow
    out = memory[: x.size].reshape(x.shape)
    loss.grad(scores, *targets, **options, out=out)
    np.testing.assert_array_equal(out, wide)


def test_out_that_is_the_sample_weight(isa, rng):
    x, y, weight = rng.normal(size=(N, C)), rng.integers(0, 2, (N, C)), rng.uniform(size=(N, C))
    expected = fl.sigmoid_focal_loss.grad(x, y, sample_weight=weight)
    fl.sigmoid_focal_loss.grad(x, y, sample_weight=weight, out=weight)
    np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("row", [row for row in LOSSES if row.curved_options is not None], ids=lambda row: row.name)
def test_out_of_the_curvature_is_a_pair(isa, rng, row):
    loss, options, (x, *targets) = row.loss, row.curved_options, row.draw(rng, (N, C), np.float64)
    expected = loss.grad_and_hess(x, *targets, **options)
    grad, hess = np.empty((N, C)), np.empty((N, C), order="F")
    found = loss.grad_and_hess(x, *targets, **options, out=(grad, hess))
    assert found[0] is grad
    assert found[1] is hess
    np.testing.assert_array_equal(found, expected)
    memory = x.copy()
    np.testing.assert_array_equal(loss.grad_and_hess(memory, *targets, **options, out=(memory, hess)), expected)
    memory = x.copy()
    np.testing.assert_array_equal(loss.grad_and_hess(memory, *targets, **options, out=(grad, memory)), expected)
