"""Several quantiles in one call: each column as a call of its own, in the bits, and quantiles near 0 and 1."""

import numpy as np
import pytest

import fastloss as fl

QUANTILES = [0.0, 1e-12, 0.1, 0.25, 0.5, 0.75, 0.9, 1 - 1e-9, 1.0]


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "int32"])
@pytest.mark.parametrize("reduction", ["none", "sum"])
def test_columns_are_as_calls_of_their_own(isa, rng, name, reduction):
    x, y = (9 * rng.normal(size=(300, len(QUANTILES)))).astype(name), (9 * rng.normal(size=(300, 1))).astype(name)
    x[::7] = y[::7]
    value, grad = fl.quantile_loss.value_and_grad(x, y, quantile=QUANTILES, reduction=reduction)
    for column, quantile in enumerate(QUANTILES):
        options = {"quantile": quantile, "reduction": "none"}
        losses, gradient = fl.quantile_loss.value_and_grad(x[:, column], y[:, 0], **options)
        if reduction == "none":
            np.testing.assert_array_equal(value[:, column], losses)
        np.testing.assert_array_equal(grad[:, column], gradient)


def test_any_array_that_broadcasts(isa, rng):
    x, y = rng.normal(size=(2, 5, 4))
    whole = rng.uniform(size=(5, 4))
    expected = [fl.quantile_loss(a, b, quantile=q) for a, b, q in zip(x.flat, y.flat, whole.flat, strict=True)]
    for quantile in (whole, np.asfortranarray(whole)):
        found = fl.quantile_loss(x, y, quantile=quantile, reduction="none")
        np.testing.assert_array_equal(found.ravel(), expected)
    for quantile in (whole[:1], whole[:, :1], whole[0].astype(np.float16), np.array([0, 1, 1, 0], bool)):
        given = np.broadcast_to(quantile, x.shape).astype(np.float64)
        found = fl.quantile_loss(x, y, quantile=quantile, reduction="none")
        np.testing.assert_array_equal(found, fl.quantile_loss(x, y, quantile=given.copy(), reduction="none"))
    assert fl.quantile_loss(x, y, quantile=np.float64(0.3)) == fl.quantile_loss(x, y, quantile=np.full(4, 0.3))


def test_what_is_left_to_1_keeps_its_digits_in_float32(isa):
    grad = fl.quantile_loss.grad(np.ones(2, np.float32), 0, quantile=[1 - 1e-9, 0.5], reduction="sum")
    assert grad[0] == np.float32(1 - (1 - 1e-9))
