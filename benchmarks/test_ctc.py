"""CTC from logits and from log-probabilities. Sizes are TxNxC/S: frames, batch, classes, target length."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import Batch
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions_ctc, sequences

pytestmark = pytest.mark.benchmark(group="CTC", timer=time.process_time)

SHAPES = pytest.mark.parametrize(
    "shape",
    sizes(
        quick=[(150, 16, 32, 20)],
        full=[(500, 16, 64, 100), (1000, 8, 128, 200), (1500, 4, 32, 400), (100, 64, 6000, 20), (500, 16, 5000, 60)],
    ),
)


def value_and_grad(comparison, batch, loss, peer, definition, scores):
    grad = np.empty_like(scores)
    comparison.time(
        lambda: loss.value_and_grad(scores, batch.targets, reduction="sum", out=grad),
        scores,
        torch_peer.value_and_grad(peer, scores, batch.targets, *batch.lengths),
        **batch.about,
    )
    values, grads = sequences(definition, scores, batch.targets)
    some = slice(0, len(values))
    comparison.check(
        values=(loss(scores[:, some], batch.targets[some], reduction="none"), values),
        gradients=(grad[:, some], grads),
    )


@SHAPES
def test_value(comparison, rng, shape):
    batch = Batch(rng, shape)
    comparison.time(
        lambda: fl.ctc_loss_with_logits(batch.logits, batch.targets, reduction="sum"),
        batch.logits,
        torch_peer.value(torch_peer.ctc_with_logits, batch.logits, batch.targets, *batch.lengths),
        **batch.about,
    )
    values, _ = sequences(definitions_ctc.ctc_loss_with_logits, batch.logits, batch.targets)
    some = slice(0, len(values))
    comparison.check(
        values=(fl.ctc_loss_with_logits(batch.logits[:, some], batch.targets[some], reduction="none"), values)
    )


@SHAPES
def test_value_and_grad(comparison, rng, shape):
    batch = Batch(rng, shape)
    value_and_grad(
        comparison,
        batch,
        fl.ctc_loss_with_logits,
        torch_peer.ctc_with_logits,
        definitions_ctc.ctc_loss_with_logits,
        batch.logits,
    )


@SHAPES
def test_from_log_probs_value_and_grad(comparison, rng, shape):
    batch = Batch(rng, shape)
    log_probs = fl.log_softmax(batch.logits)
    value_and_grad(comparison, batch, fl.ctc_loss, torch_peer.ctc, definitions_ctc.ctc_loss, log_probs)
