"""What the tests of ctc_decode share: scores to draw, and whether hypotheses are those of the reference."""

import numpy as np
import reference
import reference_decode
from reference_decode import prefix_beam_search

import fastloss as fl


def emissions(rng, frames, classes, spread=2.0):
    return reference.log_softmax(rng.normal(size=(frames, classes)) * spread)


def speech(rng, frames, classes):
    """Mostly the blank, labels that last a frame or two, and a second class that is nearly as probable."""
    logits = rng.normal(size=(frames, classes))
    heard = np.where(rng.random(frames) < 0.6, 0, rng.integers(0, classes, frames))
    logits[np.arange(frames), heard] += rng.uniform(4, 12, frames)
    logits[np.arange(frames), rng.integers(0, classes, frames)] += rng.uniform(0, 8, frames)
    return reference.log_softmax(logits)


def assert_close(score, expected, context=None):
    """Within 1e-13 of the probability, and the rounding of the logarithm."""
    assert score == expected or abs(score - expected) <= 1e-13 + 4e-16 * abs(expected), (score, expected, context)


def assert_same(found, expected, context=None):
    """Hypotheses and what the reference has of them."""
    assert len(found) == len(expected), context
    for hypothesis, (labels, score, frames) in zip(found, expected, strict=True):
        assert tuple(hypothesis.labels.tolist()) == labels, context
        assert hypothesis.frames.tolist() == frames, context
        assert_close(hypothesis.score, score, context)
        assert hypothesis.labels.dtype == hypothesis.frames.dtype == np.int64
        assert type(hypothesis.score) is float


def assert_decoded(log_probs, width, blank=0, **options):
    """All hypotheses of a sequence, as the reference finds them in the same scores."""
    found = fl.ctc_decode(log_probs, beam_width=width, n_best=width, blank=blank, **options)
    prune = options.get("prune", reference_decode.DEEPEST)
    context = log_probs, width, blank, options
    assert_same(found, prefix_beam_search(log_probs, width, blank % log_probs.shape[1], prune), context)


def bits(found):
    return [(h.labels.tobytes(), h.score, h.frames.tobytes()) for h in found]
