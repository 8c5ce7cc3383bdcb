"""fastloss.jax beside optax: value and gradient of a compiled training step's loss."""

import time

import numpy as np
import pytest

from benchmarks.draws import labelled_rows
from benchmarks.parameters import sizes

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")
jnp = jax.numpy
pytestmark = pytest.mark.benchmark(group="jax", timer=time.process_time)


def step(loss, *arrays):
    """All is in JAX's arrays before, and the result is waited for."""
    compiled, arrays = jax.jit(jax.value_and_grad(loss)), [jnp.asarray(array) for array in arrays]
    return lambda: jax.block_until_ready(compiled(*arrays))


def compare(comparison, ours, peer, scores, *targets, size=None, tolerance=1e-5):
    call, other = step(ours, scores, *targets), step(peer, scores, *targets)
    for found, expected in zip(call(), other(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=100 * tolerance, atol=tolerance)
    comparison.time(call, scores, other, size=size)


@pytest.mark.parametrize(
    "shape", sizes(quick=[(64, 10), (256, 1000)], full=[(4096, 1000), (512, 32000)], large=[(512, 128256)])
)
def test_cross_entropy(comparison, rng, shape):
    from fastloss import jax as ours

    def peer(x, labels):
        return optax.softmax_cross_entropy_with_integer_labels(x, labels).mean()

    compare(comparison, ours.cross_entropy, peer, *labelled_rows(rng, shape))


PEERS = {
    "mse_loss": optax.squared_error,
    "huber_loss": optax.huber_loss,
    "binary_cross_entropy_with_logits": optax.sigmoid_binary_cross_entropy,
    "sigmoid_focal_loss": lambda x, y: optax.sigmoid_focal_loss(x, y, alpha=0.25),
}


@pytest.mark.parametrize("shape", sizes(quick=[(1000,)], full=[(1_000_000,)]))
@pytest.mark.parametrize("name", PEERS)
def test_elements(comparison, rng, shape, name):
    from fastloss import jax as ours

    peer, x = PEERS[name], rng.standard_normal(shape, dtype=np.float32)
    target = rng.integers(0, 2, shape).astype(np.float32)
    compare(comparison, getattr(ours, name), lambda x, y: peer(x, y).mean(), x, target)


@pytest.mark.parametrize("shape", sizes(quick=[(64, 10)], full=[(4096, 100)]))
def test_vmap(comparison, rng, shape):
    """A loss for each row."""
    from fastloss import jax as ours

    def of_rows(loss):
        return lambda x, labels: jax.vmap(loss)(x, labels).sum()

    x, labels = labelled_rows(rng, shape)
    peer = of_rows(optax.softmax_cross_entropy_with_integer_labels)
    compare(comparison, of_rows(ours.cross_entropy), peer, x, labels, tolerance=1e-4)


@pytest.mark.parametrize(
    "shape",
    sizes(quick=[(150, 16, 32, 20)], full=[(500, 16, 64, 100)]),
    ids=lambda shape: "x".join(map(str, shape)),
)
def test_ctc_loss(comparison, rng, shape):
    from fastloss import jax as ours

    frames, batch, classes, labels = shape
    x = rng.standard_normal((batch, frames, classes), dtype=np.float32)
    targets = rng.integers(1, classes, (batch, labels))

    def loss(x, targets):
        return ours.ctc_loss_with_logits(x, targets, batch_first=True, reduction="sum")

    def peer(x, targets):
        return optax.ctc_loss(x, jnp.zeros(x.shape[:2]), targets, jnp.zeros(targets.shape)).sum()

    size = f"{frames}x{batch}x{classes}/{labels}"
    compare(comparison, loss, peer, x, targets, size=size, tolerance=1e-3)
