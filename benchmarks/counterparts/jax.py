"""fastloss.jax beside optax: value and gradient in a program that jax.jit compiles."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.counterparts import Case
from benchmarks.draws import labelled_rows, sequences
from benchmarks.measure import size_name
from fastloss import jax as ours


def step(loss, arrays):
    """All is in JAX's arrays before, and the results are waited for."""
    compiled, arrays = jax.jit(jax.value_and_grad(loss)), [jnp.asarray(array) for array in arrays]
    return lambda: jax.block_until_ready(compiled(*arrays))


def both(loss, peer, *arrays):
    return step(loss, arrays), step(peer, arrays)


def cross_entropy(rng, shape):
    def peer(x, labels):
        return optax.softmax_cross_entropy_with_integer_labels(x, labels).mean()

    return both(ours.cross_entropy, peer, *labelled_rows(rng, shape))


def of_elements(name, peer):
    def draw(rng, shape):
        x = rng.standard_normal(shape, dtype=np.float32)
        labels = (rng.random(shape) < 0.25).astype(np.float32)
        return both(getattr(ours, name), lambda x, y: peer(x, y).mean(), x, labels)

    return draw


def focal(x, labels):
    return optax.sigmoid_focal_loss(x, labels, alpha=0.25)


def ctc(rng, shape):
    frames, batch, _, length = shape

    def loss(x, targets):
        return ours.ctc_loss_with_logits(x, targets, batch_first=True, reduction="batchmean")

    def peer(x, targets):
        return optax.ctc_loss(x, jnp.zeros((batch, frames)), targets, jnp.zeros((batch, length))).mean()

    x, targets, *_ = sequences(rng, shape)
    return both(loss, peer, np.ascontiguousarray(x.transpose(1, 0, 2)), targets)


CASES = [
    *(
        Case("jax", "cross_entropy", shape, size_name(shape), cross_entropy, when, shape[0] == 256)
        for shape, when in (((64, 10), "quick"), ((256, 1000), "quick"), ((4096, 1000), "full"), ((512, 32000), "full"))
    ),
    *(
        Case("jax", name, (10**6,), "10^6", of_elements(name, peer), is_headline=peer is focal)
        for name, peer in (
            ("mse_loss", optax.squared_error),
            ("huber_loss", optax.huber_loss),
            ("binary_cross_entropy_with_logits", optax.sigmoid_binary_cross_entropy),
            ("sigmoid_focal_loss", focal),
        )
    ),
    Case("jax", "ctc_loss_with_logits", (150, 16, 32, 20), "150x16x32/20", ctc, "quick", tolerance=1e-3),
    Case("jax", "ctc_loss_with_logits", (500, 16, 64, 100), "500x16x64/100", ctc, "full", True, 1e-3),
]
