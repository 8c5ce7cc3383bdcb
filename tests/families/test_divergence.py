"""Divergences of logits: what the kinds have to do with each other, PyTorch in float64, and arrays that change."""

import numpy as np
import pytest
from tolerance import assert_close

import fastloss as fl

SHAPES = [(40, 3), (9, 70), (5, 300), (2, 5000)]
BETAS = [0.5, 0.1, 0.95]


def both_ways(x, y, **options):
    """D(p || q) and D(q || p) of p from y."""
    return [fl.kl_divergence_with_logits(x, y, reverse=r, reduction="none", **options) for r in (False, True)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reverse_is_the_other_order(isa, rng, shape):
    x, y = 3 * rng.normal(size=(2, *shape))
    assert_close(both_ways(x, y)[1], fl.kl_divergence_with_logits(y, x, reduction="none"), "float64")


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equal_rows_cost_nothing(isa, rng, shape, name):
    x = (3 * rng.normal(size=shape)).astype(name)
    x[0, 0] = -np.inf
    for value, grad in (
        fl.kl_divergence_with_logits.value_and_grad(x, x, reverse=True, reduction="none"),
        *(fl.js_divergence_with_logits.value_and_grad(x, x, beta=beta, reduction="none") for beta in BETAS),
    ):
        assert not value.any()
        assert not grad.any()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_jensen_shannon_is_symmetric_and_bounded(isa, rng, shape):
    x, y = 20 * rng.normal(size=(2, *shape))
    divergence = fl.js_divergence_with_logits(x, y, reduction="none")
    assert_close(divergence, fl.js_divergence_with_logits(y, x, reduction="none"), "float64")
    for beta in BETAS:
        found = fl.js_divergence_with_logits(x, y, beta=beta, reduction="none")
        assert_close(found, fl.js_divergence_with_logits(y, x, beta=1 - beta, reduction="none"), "float64", factor=4)
        largest = fl.entropy([beta, 1 - beta])
        assert (found >= 0).all()
        assert (found <= largest * (1 + 1e-14)).all()
        nothing_shared = [0.0, -np.inf], [-np.inf, 0.0]
        assert fl.js_divergence_with_logits(*map(np.array, nothing_shared), beta=beta) == pytest.approx(largest)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_jensen_shannon_lies_between_the_other_two(isa, rng, shape):
    """Divided by beta (1 - beta) it goes to D(p || q) for beta to 0 and to D(q || p) for beta to 1."""
    x, y = rng.normal(size=(2, *shape))
    for divergence, beta in zip(both_ways(x, y, temperature=2.0), (1e-9, 1 - 1e-9), strict=True):
        found = fl.js_divergence_with_logits(x, y, beta=beta, temperature=2.0, reduction="none")
        np.testing.assert_allclose(found / (beta * (1 - beta)), divergence, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_against_torch(isa, rng, shape, temperature):
    torch = pytest.importorskip("torch")
    x, y = 3 * rng.normal(size=(2, *shape))

    def compare(loss, define, **options):
        leaf = torch.tensor(x, requires_grad=True)
        log_q, log_p = (torch.log_softmax(a / temperature, -1) for a in (leaf, torch.tensor(y)))
        expected = define(log_p, log_q)
        expected.backward()
        value, grad = loss.value_and_grad(x, y, temperature=temperature, reduction="batchmean", **options)
        np.testing.assert_allclose(value, expected.item(), rtol=1e-12)
        np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=1e-9, atol=1e-14)

    def divergence(log_a, log_b):
        return torch.nn.functional.kl_div(log_b, log_a, reduction="batchmean", log_target=True)

    compare(fl.kl_divergence_with_logits, divergence)
    compare(fl.kl_divergence_with_logits, lambda log_p, log_q: divergence(log_q, log_p), reverse=True)
    for beta in BETAS:

        def of_mixture(log_p, log_q, beta=beta):
            log_m = torch.logaddexp(log_p + np.log(beta), log_q + np.log1p(-beta))
            return beta * divergence(log_p, log_m) + (1 - beta) * divergence(log_q, log_m)

        compare(fl.js_divergence_with_logits, of_mixture, beta=beta)


class Reshaping:
    """An argument that gives another one a new shape when it is looked at."""

    def __init__(self, numbers, other, shape):
        self.numbers, self.other, self.shape = numbers, other, shape

    def __array__(self, dtype=None, copy=None):
        self.other.shape = self.shape
        return self.numbers


@pytest.mark.parametrize("shape", [(12, 1), (2, 6)])
def test_an_array_that_changes_during_the_call_is_refused(shape):
    """After the sizes of the results were decided: an error, and no number beside an array is read or written."""

    def refused(loss, target, **options):
        x = np.zeros((4, 3))
        arguments = (x, *(Reshaping(np.zeros(shape), x, shape) for _ in range(target)))
        if not target:
            options["sample_weight"] = Reshaping(np.ones(4), x, shape)
        for call in (loss, loss.value_and_grad):
            x.shape = 4, 3
            with pytest.raises(ValueError, match="changed during the call"):
                call(*arguments, reduction="none", **options)

    refused(fl.entropy_with_logits, 0)
    for loss, options in ((fl.kl_divergence_with_logits, {"reverse": True}), (fl.js_divergence_with_logits, {})):
        refused(loss, 1, **options)
    refused(fl.kl_divergence_with_logits, 1)
