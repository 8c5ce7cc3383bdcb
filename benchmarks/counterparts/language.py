"""What fastloss has for language models beside what users write in NumPy, PyTorch and JAX for it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

import fastloss as fl
from benchmarks.counterparts import Case
from benchmarks.draws import labelled_rows
from benchmarks.measure import size_name
from benchmarks.peers import numpy as numpy_peer
from benchmarks.peers import torch as torch_peer


def label_scores(x, y):
    found = fl.label_scores(x, y)
    return found.log_prob, found.rank, found.best, found.entropy


def scores_beside_numpy(rng, shape):
    x, y = labelled_rows(rng, shape)
    return lambda: label_scores(x, y), lambda: numpy_peer.label_scores(x, y)


def scores_beside_torch(rng, shape):
    x, y = labelled_rows(rng, shape)
    return lambda: label_scores(x, y), torch_peer.value(torch_peer.label_scores, x, y)


def comparison(rng, shape):
    """Both end with the numbers of a report, as the mean and the quantiles of the divergence."""
    reference, y = labelled_rows(rng, shape)
    x = reference + rng.standard_normal(shape, dtype=np.float32) * np.float32(0.1)

    def ours():
        found = fl.LogitsComparison()
        found.update(x, reference, y)
        summary = found.summary()
        return summary.kl_mean, summary.kl_median, summary.top1_agreement, summary.perplexity

    def theirs():
        divergence, agrees, log_q, _ = numpy_peer.compare_logits(x, reference, y)
        return divergence.mean(), np.median(divergence), agrees.mean(), np.exp(-log_q.mean())

    return ours, theirs


def linear_cross_entropy(rng, shape):
    """Shape is (rows, features, classes)."""
    rows, features, classes = shape
    x = rng.standard_normal((rows, features), dtype=np.float32)
    w = rng.standard_normal((classes, features), dtype=np.float32) / np.float32(np.sqrt(features))
    labels = rng.integers(0, classes, rows)

    def ours():
        value, grads = fl.linear_cross_entropy.value_and_grad(x, w, labels)
        return value, *grads

    def loss(x, w, labels):
        return optax.softmax_cross_entropy_with_integer_labels(x @ w.T, labels).mean()

    compiled, arrays = jax.jit(jax.value_and_grad(loss, (0, 1))), list(map(jnp.asarray, (x, w, labels)))

    def theirs():
        value, grads = jax.block_until_ready(compiled(*arrays))
        return value, *grads

    return ours, theirs


LARGE = (1024, 32000)
SCORES = (("NumPy", scores_beside_numpy), ("PyTorch", scores_beside_torch))
CASES = [
    *(  # ranks of 32000 classes may differ by a tie
        Case("language", "label_scores", shape, size_name(shape), draw, when, shape == LARGE, 1e-4, beside=beside)
        for beside, draw in SCORES
        for shape, when in (((64, 1000), "quick"), (LARGE, "full"))
    ),
    *(
        Case("language", "LogitsComparison", shape, size_name(shape), comparison, when, shape == LARGE, 1e-4)
        for shape, when in (((64, 1000), "quick"), (LARGE, "full"))
    ),
    *(
        Case(
            "language", "linear_cross_entropy", shape, size_name(shape), linear_cross_entropy, when,
            beside="JAX + optax", what="value and gradients",
        )
        for shape, when in (((128, 64, 1000), "quick"), ((512, 256, 16000), "full"))
    ),
]  # fmt: skip
