"""linear_cross_entropy beside the products that it can't do without, and beside PyTorch and JAX.

`products` are one product for a value, three for the gradients, into buffers that are used again: the least that any
way of computing it can cost. Each library uses the threads that it has by itself: the clock is the wall's.
"""

import numpy as np
import pytest

import fastloss as fl
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions

pytestmark = pytest.mark.benchmark(group="linear")
SHAPES = sizes(  # rows, features, classes
    quick=[(128, 64, 1000)],
    full=[(512, 256, 16000), (1024, 1024, 32000)],
    large=[(4096, 1024, 32000), (1024, 2048, 128256)],
)
MIB = 1 << 20


class Layer:
    """Random inputs, weight and labels, and the calls of others on them."""

    def __init__(self, rng, shape):
        self.shape = shape
        rows, features, classes = shape
        self.x = rng.standard_normal((rows, features), dtype=np.float32)
        self.w = rng.standard_normal((classes, features), dtype=np.float32) / np.float32(np.sqrt(features))
        self.labels = rng.integers(0, classes, rows)
        self.out = np.zeros_like(self.x), np.zeros_like(self.w)
        self.logits = np.zeros((rows, classes), np.float32)

    def products(self, want_grad):
        np.matmul(self.x, self.w.T, out=self.logits)
        if want_grad:
            np.matmul(self.logits, self.w, out=self.out[0])
            np.matmul(self.logits.T, self.x, out=self.out[1])

    def torch(self, function, want_grad):
        if torch_peer.torch is None:
            return None
        x, w, labels = map(torch_peer.torch.from_numpy, (self.x, self.w, self.labels))
        leaves = [tensor.requires_grad_(want_grad) for tensor in (x, w)]

        def call():
            loss = function(*leaves, labels)
            return torch_peer.torch.autograd.grad(loss, leaves) if want_grad else loss

        return call

    def torchs_own(self, want_grad):
        """Its function of this name, in its way that saves memory."""
        torch = torch_peer.torch
        if torch is None or not hasattr(torch.nn.functional, "linear_cross_entropy"):
            return None
        options = torch.nn.LinearCrossEntropyOptions()
        return self.torch(lambda x, w, y: torch.nn.functional.linear_cross_entropy(x, w, y, options=options), want_grad)

    def jax(self, want_grad):
        try:
            import jax
        except ImportError:
            return None

        def loss(x, w):
            logits = x @ w.T
            own = jax.numpy.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
            return (jax.nn.logsumexp(logits, axis=1) - own).mean()

        x, w, labels = map(jax.numpy.asarray, (self.x, self.w, self.labels))
        call = jax.jit(jax.value_and_grad(loss, (0, 1)) if want_grad else loss)
        return lambda: jax.block_until_ready(call(x, w))


def naive(x, w, labels):
    functional = torch_peer.torch.nn.functional
    return functional.cross_entropy(functional.linear(x, w), labels)


def compare(comparison, layer, ours, want_grad):
    threads = 2 if torch_peer.torch is None else torch_peer.torch.get_num_threads()
    others = {
        "products": lambda: layer.products(want_grad),
        "torch_own": layer.torchs_own(want_grad),
        "jax": layer.jax(want_grad),
    }
    fl.set_num_threads(threads)
    times = comparison.time(
        ours, layer.logits, layer.torch(naive, want_grad), threads=max(threads, 2), items=layer.logits.size,
        size="x".join(map(str, layer.shape)), others=others,
    )  # fmt: skip
    comparison.info["products"] = median_ratio(times["ours"], times["products"])
    words = "{products:.2f} times the products alone"
    for name, label in (("torch_own", "torch's own"), ("jax", "jax")):
        if name in times:
            comparison.info[f"times_faster_than_{name}"] = median_ratio(times[name], times["ours"])
            words += f", {{times_faster_than_{name}:.2f}} x {label}"
    comparison.note(words)


def exact(layer, rows):
    """Losses and gradients of some rows, in float64."""
    x, w = layer.x[:rows].astype(float), layer.w.astype(float)
    target = definitions.one_hot(layer.labels[:rows], len(w))
    grad = definitions.cross_entropy_grad(x @ w.T, target)
    return definitions.cross_entropy(x @ w.T, target), grad @ w, grad.T @ x


@pytest.mark.parametrize("shape", SHAPES)
def test_value(comparison, rng, shape):
    layer = Layer(rng, shape)
    compare(comparison, layer, lambda: fl.linear_cross_entropy(layer.x, layer.w, layer.labels), False)


@pytest.mark.parametrize("mib", [256, 64])
@pytest.mark.parametrize("shape", SHAPES)
def test_value_and_grad(comparison, rng, shape, mib):
    layer = Layer(rng, shape)
    arguments = layer.x, layer.w, layer.labels

    def call():
        return fl.linear_cross_entropy.value_and_grad(*arguments, out=layer.out, max_bytes=mib * MIB)

    compare(comparison, layer, call, True)
    few = layer.x[:8], layer.w, layer.labels[:8]
    losses, *grads = exact(layer, 8)
    found, found_grads = fl.linear_cross_entropy.value_and_grad(*few, reduction="none")
    np.testing.assert_allclose(found, losses, rtol=1e-5)  # the products are rounded too
    for array, right in zip(found_grads, grads, strict=True):
        np.testing.assert_allclose(array, right, atol=1e-5 * np.abs(right).max())
