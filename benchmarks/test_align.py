"""CTC at inference: alignment beside a scalar aligner, and many candidates against one recording."""

import statistics
import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import align_peer
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, definitions_ctc

pytestmark = pytest.mark.benchmark(group="align", timer=time.process_time)

# frames, classes, labels
SHAPES = sizes(quick=[(300, 32, 80)], full=[(1500, 32, 400), (3000, 5000, 200), (15000, 32, 2000), (30000, 32, 4000)])


@pytest.mark.parametrize("shape", SHAPES)
def test_ctc_align(comparison, rng, shape):
    frames, classes, labels = shape
    log_probs = definitions.log_softmax(rng.standard_normal((frames, classes))).astype(np.float32)
    target = rng.integers(1, classes, labels)
    peer, others = align_peer.align(log_probs, target), {}
    if peer is not None:
        others["ctc-forced-aligner"] = peer
    times = comparison.time(
        lambda: fl.ctc_align(log_probs, target),
        log_probs,
        others=others,
        items=frames * (2 * labels + 1),
        size=f"{frames}x{classes}/{labels}",
    )
    if peer is not None:
        seconds = statistics.median(times["ctc-forced-aligner"])
        comparison.info["peer_ns_per_cell"] = seconds * 1e9 / (frames * (2 * labels + 1))
        comparison.info["times_faster"] = seconds / statistics.median(times["ours"])
        comparison.note("ctc-forced-aligner {peer_ns_per_cell:.1f} ns/item, {times_faster:.0f} times as long")


@pytest.mark.parametrize("shape", sizes(quick=[(100, 64, 20, 20)], full=[(500, 64, 100, 40)]))
@pytest.mark.parametrize("kind", ["unlike", "alike"])
def test_ctc_score(comparison, rng, shape, kind):
    """K candidates of S labels: random ones, or an n-best list whose members differ in three places."""
    frames, classes, count, labels = shape
    log_probs = definitions.log_softmax(rng.standard_normal((frames, classes))).astype(np.float32)
    candidates = rng.integers(1, classes, (count, labels))
    if kind == "alike":
        candidates[:] = candidates[0]
        for row in candidates:
            row[rng.integers(0, labels, 3)] = rng.integers(1, classes, 3)
    many = np.ascontiguousarray(np.broadcast_to(log_probs[:, None], (frames, count, classes)))
    lengths = np.full(count, frames), np.full(count, labels)
    comparison.time(
        lambda: fl.ctc_score(log_probs, candidates),
        log_probs,
        torch_peer.value(torch_peer.ctc, many, candidates, *lengths),
        items=frames * count * (2 * labels + 1),
        size=f"{frames}x{classes}, {count} of {labels}",
    )
    some = slice(0, 8)
    expected = [-definitions_ctc.ctc_loss(log_probs.astype(float), target)[0] for target in candidates[some]]
    found = fl.ctc_score(log_probs, candidates)[some]
    comparison.check(values=(found.astype(np.float32), np.array(expected)))  # computed in float32
