"""fastloss.torch beside torch.nn.functional: forward and backward of a training step's loss, from leaf to gradient."""

import os

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.counterparts import Case
from benchmarks.draws import labelled_rows, sequences
from benchmarks.measure import size_name
from benchmarks.peers.torch import sigmoid_focal, tensor
from fastloss import torch as ours

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))


def step(loss, scores, *targets, **options):
    """Forward and backward; the gradient is dropped as an optimizer's zero_grad does."""
    leaf = tensor(scores).clone().requires_grad_()
    targets = [torch.as_tensor(target) for target in targets]

    def call():
        leaf.grad = None
        value = loss(leaf, *targets, **options)
        value.backward()
        return value.detach(), leaf.grad

    return call


def both(loss, peer, *arrays):
    return step(loss, *arrays), step(peer, *arrays)


def cross_entropy(rng, shape):
    return both(ours.cross_entropy, F.cross_entropy, *labelled_rows(rng, shape))


def half_cross_entropy(dtype):
    """Of logits in a half type, as the model gave them."""

    def draw(rng, shape):
        x, labels = labelled_rows(rng, shape)
        return both(ours.cross_entropy, F.cross_entropy, torch.from_numpy(x).to(dtype), labels)

    return draw


class LastLayer:
    """Inputs, weight and labels; shape is (rows, features, classes)."""

    def __init__(self, rng, shape):
        rows, features, classes = shape
        x, w = (rng.standard_normal(size, dtype=np.float32) for size in ((rows, features), (classes, features)))
        self.leaves = [torch.from_numpy(array).requires_grad_() for array in (x, w / np.float32(np.sqrt(features)))]
        self.labels = torch.from_numpy(rng.integers(0, classes, rows))

    def step(self, loss):
        def call():
            value = loss(*self.leaves, self.labels)
            return value.detach(), *torch.autograd.grad(value, self.leaves)

        return call


def linear(peer):
    def draw(rng, shape):
        layer = LastLayer(rng, shape)
        return layer.step(ours.linear_cross_entropy), layer.step(peer)

    return draw


def linear_then_cross_entropy(x, weight, labels):
    return F.cross_entropy(F.linear(x, weight), labels)


def own_linear_cross_entropy(x, weight, labels):
    """In its way that saves memory, as ours does."""
    options = torch.nn.LinearCrossEntropyOptions()
    return F.linear_cross_entropy(x, weight, labels, options=options)


def of_elements(name):
    def draw(rng, shape):
        arrays = rng.standard_normal(shape, dtype=np.float32), rng.random(shape, dtype=np.float32)
        return both(getattr(ours, name), getattr(F, name), *arrays)

    return draw


def focal(rng, shape):
    """As torchvision.ops has it."""
    x = rng.standard_normal(shape, dtype=np.float32)
    labels = (rng.random(shape) < 0.25).astype(np.float32)
    return both(lambda x, y: ours.sigmoid_focal_loss(x, y, reduction="sum"), sigmoid_focal(2.0), x, labels)


def ctc(rng, shape):
    def peer(x, *targets):
        return F.ctc_loss(torch.log_softmax(x, -1), *targets)

    return both(ours.ctc_loss_with_logits, peer, *sequences(rng, shape))


class Recogniser(torch.nn.Module):
    """A layer of a speech recogniser, with any loss of CTC."""

    def __init__(self, classes):
        super().__init__()
        torch.manual_seed(0)
        self.recurrent = torch.nn.GRU(40, 64)
        self.classes = torch.nn.Linear(64, classes)

    def call(self, loss, sounds, *targets):
        def step():
            self.zero_grad()
            value = loss(self.classes(self.recurrent(sounds)[0]), *targets)
            value.backward()
            return value.detach(), self.classes.weight.grad

        return step


def ctc_after_gru(rng, shape):
    scores, *targets = map(torch.from_numpy, sequences(rng, shape))
    sounds = torch.from_numpy(rng.standard_normal((*scores.shape[:2], 40), dtype=np.float32))
    losses = ours.ctc_loss_with_logits, lambda x, *rest: F.ctc_loss(torch.log_softmax(x, -1), *rest)
    return [Recogniser(shape[2]).call(loss, sounds, *targets) for loss in losses]


SMALL = ("mse_loss", "l1_loss", "huber_loss", "binary_cross_entropy_with_logits")
CASES = [
    *(
        Case("torch", "cross_entropy", shape, size_name(shape), cross_entropy, when, shape[0] > 64)
        for shape, when in (((64, 10), "quick"), ((256, 1000), "quick"), ((4096, 1000), "full"), ((512, 32000), "full"))
    ),
    *(
        Case("torch", "cross_entropy", (512, 32000), f"512x32000 {name}", half_cross_entropy(dtype), tolerance=1e-2)
        for name, dtype in (("float16", torch.float16), ("bfloat16", torch.bfloat16))
    ),
    *(
        Case("torch", "linear_cross_entropy", shape, size_name(shape), linear(peer), when, beside=beside)
        for beside, peer in (
            ("PyTorch", own_linear_cross_entropy),
            ("PyTorch's linear and cross_entropy", linear_then_cross_entropy),
        )
        for shape, when in (((128, 64, 1000), "quick"), ((512, 256, 16000), "full"))
    ),
    *(Case("torch", name, (64, 10), "64x10", of_elements(name), "quick") for name in SMALL),
    Case("torch", "mse_loss", (1000, 1000), "1000x1000", of_elements("mse_loss")),
    Case("torch", "sigmoid_focal_loss", (10**6,), "10^6", focal, is_headline=True),
    Case("torch", "ctc_loss_with_logits", (150, 16, 32, 20), "150x16x32/20", ctc, "quick", tolerance=1e-4),
    Case("torch", "ctc_loss_with_logits", (500, 16, 64, 100), "500x16x64/100", ctc, "full", True, 1e-4),
    Case(
        "torch", "ctc_loss_with_logits after a GRU", (500, 16, 64, 100), "500x16x64/100", ctc_after_gru, tolerance=1e-4
    ),
]
