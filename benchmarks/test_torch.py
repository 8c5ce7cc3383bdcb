"""fastloss.torch beside torch.nn.functional: forward and backward of a training step's loss, from leaf to gradient."""

import math
import time

import numpy as np
import pytest

from benchmarks.draws import labelled_rows
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.benchmark(group="torch", timer=time.process_time)


def compare(comparison, ours, peer, scores, *targets, size=None, tolerance=1e-5, **options):
    from benchmarks.counterparts.torch import step

    call, other = step(ours, scores, *targets, **options), step(peer, scores, *targets, **options)
    for found, expected in zip(call(), other(), strict=True):
        torch.testing.assert_close(found, expected, rtol=100 * tolerance, atol=tolerance)
    comparison.time(call, scores, other, size=size)


@pytest.mark.parametrize(
    "shape", sizes(quick=[(64, 10), (256, 1000)], full=[(4096, 1000), (512, 32000)], large=[(512, 128256)])
)
def test_cross_entropy(comparison, rng, shape):
    from fastloss import torch as ours

    x, y = labelled_rows(rng, shape)
    compare(comparison, ours.cross_entropy, torch.nn.functional.cross_entropy, x, torch.from_numpy(y))


@pytest.mark.parametrize("shape", sizes(quick=[(64, 10)], full=[(1000, 1000)]))
@pytest.mark.parametrize("name", ["mse_loss", "huber_loss", "binary_cross_entropy_with_logits", "kl_div"])
def test_elements(comparison, rng, shape, name):
    from fastloss import torch as ours

    x = rng.standard_normal(shape, dtype=np.float32)
    target = torch.from_numpy(rng.random(shape, dtype=np.float32))
    peer = getattr(torch.nn.functional, name)
    compare(comparison, getattr(ours, name), peer, x, target, reduction="sum", tolerance=1e-3)


@pytest.mark.parametrize("shape", sizes(quick=[(1000,)], full=[(1_000_000,)]))
def test_sigmoid_focal_loss(comparison, rng, shape):
    from fastloss import torch as ours

    x = rng.standard_normal(shape, dtype=np.float32)
    target = torch.from_numpy(rng.integers(0, 2, shape).astype(np.float32))
    peer = torch_peer.sigmoid_focal(2.0)
    compare(
        comparison,
        lambda x, y: ours.sigmoid_focal_loss(x, y, reduction="sum"),
        peer,
        x,
        target,
        tolerance=1e-3 * math.sqrt(x.size),
    )


@pytest.mark.parametrize(
    "shape",
    sizes(quick=[(150, 16, 32, 20)], full=[(500, 16, 64, 100)]),
    ids=lambda shape: "x".join(map(str, shape)),
)
def test_ctc_loss(comparison, rng, shape):
    """From logits: PyTorch's needs log_softmax before it."""
    from fastloss import torch as ours

    frames, batch, classes, labels = shape
    x = rng.standard_normal((frames, batch, classes), dtype=np.float32)
    targets = torch.from_numpy(rng.integers(1, classes, (batch, labels)))
    lengths = torch.full((batch,), frames), torch.full((batch,), labels)

    def peer(x, *rest):
        return torch.nn.functional.ctc_loss(torch.log_softmax(x, -1), *rest)

    size = f"{frames}x{batch}x{classes}/{labels}"
    compare(comparison, ours.ctc_loss_with_logits, peer, x, targets, *lengths, size=size, tolerance=1e-4)
