"""CTC decoding: best path, and beam search beside fast-ctc-decode and pyctcdecode on equal beams."""

import statistics
import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import decode_peers
from benchmarks.parameters import sizes
from benchmarks.reference import definitions, definitions_decode

pytestmark = pytest.mark.benchmark(group="decode", timer=time.process_time)

# frames, classes, width of the beam
SHAPES = sizes(quick=[(500, 32, 10)], full=[(500, 32, 100), (1500, 32, 10), (500, 5000, 10)])
PEERS = {"fast-ctc-decode": decode_peers.fast_ctc_decode, "pyctcdecode": decode_peers.pyctcdecode}


def emissions(rng, kind, frames, classes):
    """Log-probabilities: flat ones of a model that knows nothing, or peaked ones as of speech: mostly the blank, labels
    of a frame or two, and a second class that is sometimes nearly as probable."""
    logits = rng.standard_normal((frames, classes))
    if kind == "peaked":
        heard = np.where(rng.random(frames) < 0.6, 0, rng.integers(1, classes, frames))
        logits[np.arange(frames), heard] += rng.uniform(5, 12, frames)
        logits[np.arange(frames), rng.integers(0, classes, frames)] += rng.uniform(0, 8, frames)
    return definitions.log_softmax(logits).astype(np.float32)


def items_of(shape):
    frames, _, width = shape
    return {"items": frames * width, "size": "x".join(map(str, shape[:2])) + f", width {width}"}


@pytest.mark.parametrize("prune", [None, 7.0])
@pytest.mark.parametrize("kind", ["peaked", "flat"])
@pytest.mark.parametrize("shape", SHAPES)
def test_beam_search(comparison, rng, shape, kind, prune):
    """An item is a hypothesis in a frame."""
    frames, classes, width = shape
    log_probs = emissions(rng, kind, frames, classes)
    others = {}
    if classes <= 100:  # beyond, pyctcdecode takes minutes
        made = {name: peer(log_probs, width, prune) for name, peer in PEERS.items()}
        others = {name: call for name, call in made.items() if call is not None}
    times = comparison.time(
        lambda: fl.ctc_decode(log_probs, beam_width=width, prune=prune), log_probs, others=others, **items_of(shape)
    )
    for name in others:
        comparison.info[f"times_faster_than_{name}"] = statistics.median(times[name]) / statistics.median(times["ours"])
    comparison.note(", ".join(f"{name} {{times_faster_than_{name}:.0f}} times as long" for name in others))
    if width <= 10 and classes <= 100:
        options = {} if prune is None else {"prune": prune}
        labels, score, _ = definitions_decode.prefix_beam_search(log_probs[:200].tolist(), width, **options)[0]
        [found] = fl.ctc_decode(log_probs[:200], beam_width=width, prune=prune)
        assert tuple(found.labels.tolist()) == labels
        comparison.check(values=(np.array([found.score]), np.array([score])))


@pytest.mark.parametrize("shape", sizes(quick=[(500, 32, 1)], full=[(1500, 32, 1), (500, 5000, 1)]))
def test_best_path(comparison, rng, shape):
    log_probs = emissions(rng, "peaked", *shape[:2])
    comparison.time(lambda: fl.ctc_decode(log_probs), log_probs, **items_of(shape))
    _, score, _ = definitions_decode.best_path(log_probs.tolist())
    comparison.check(values=(np.array([fl.ctc_decode(log_probs)[0].score]), np.array([score])))


@pytest.mark.parametrize("width", [1, 10])
def test_batch(comparison, rng, width):
    """Recordings of different lengths."""
    logits = np.stack([emissions(rng, "peaked", 300, 32) for _ in range(16)], axis=1)
    lengths = rng.integers(100, 301, 16)
    comparison.time(
        lambda: fl.ctc_decode(logits, lengths, beam_width=width),
        logits,
        items=int(lengths.sum()) * width,
        size="300x16x32",
    )
