"""What the tests of ctc_align share: whether a result is the best path, and its fields describe it."""

import itertools

import numpy as np
import pytest
import reference_ctc

import fastloss as fl

FIELDS = ("path", "score", "starts", "ends", "token_scores")


def fields(found):
    return [getattr(found, name) for name in FIELDS]


def bits(found):
    return [np.asarray(field).tobytes() for field in fields(found)]


def sample(found, n):
    return fl.CTCAlignment(*(field[n] for field in fields(found)))


def reading(path, blank):
    return [c for c, _ in itertools.groupby(path) if c != blank]


def assert_nothing_found(found):
    """No path, no spans."""
    assert (found.path == -1).all()
    assert (found.starts == -1).all()
    assert (found.ends == -1).all()
    assert np.isnan(found.token_scores).all()


def assert_best(found, scores, target, blank=0, star=None, star_cost=0.0, best=None):
    """`found`, of one sequence, is the best path to the bit, and its fields describe that path."""
    frames, classes = scores.shape
    target, blank = np.asarray(target, np.int64), blank % classes
    emissions = np.hstack([scores.astype(np.float64), np.full((frames, 1), -star_cost)])
    columns = np.where(target == star, classes, target)
    score, states = best or reference_ctc.ctc_viterbi(emissions, columns, blank)
    assert found.score == score
    if score == -np.inf:
        assert_nothing_found(found)
        return
    spelled = np.full((2, 2 * len(target) + 1), blank)
    spelled[:, 1::2] = target, columns
    path, used = spelled[:, states]
    assert found.path[:frames].tolist() == path.tolist()
    assert reading(path.tolist(), blank) == target.tolist()
    emitted = emissions[np.arange(frames), used]
    assert emitted.sum() == pytest.approx(score, rel=1e-11, abs=1e-12)
    starts, ends = (np.searchsorted(states, 2 * np.arange(len(target)) + 1, side) for side in ("left", "right"))
    assert found.starts[: len(target)].tolist() == starts.tolist()
    assert found.ends[: len(target)].tolist() == ends.tolist()
    means = [emitted[start:end].mean() for start, end in zip(starts, ends, strict=True)]
    np.testing.assert_allclose(found.token_scores[: len(target)], means, rtol=1e-12, atol=1e-13)
    rest = (slice(frames, None), slice(0, 0), *[slice(len(target), None)] * 3)
    assert_nothing_found(fl.CTCAlignment(*(np.ravel(f)[part] for f, part in zip(fields(found), rest, strict=True))))


def states_of(path, blank):
    """The states of `ctc_viterbi` that a path goes through."""
    runs = [(c, len(list(run))) for c, run in itertools.groupby(path)]
    labels, states = 0, []
    for c, length in runs:
        labels += c != blank
        states += [2 * labels - (c != blank)] * length
    return states


def ragged(rng, frames, longest, classes, batch, ties):
    """A batch with repeats, empty targets, no frames, exactly as many frames as needed, and targets that don't fit."""
    blank = int(rng.integers(-classes, classes))
    labels = [c for c in range(classes) if c != blank % classes]
    sizes = rng.integers(0, longest + 1, batch) if labels else np.zeros(batch, int)
    targets = [rng.choice(labels[: rng.integers(1, classes)], size) if size else [] for size in sizes]
    needed = [len(target) + int((np.diff(target) == 0).sum()) for target in targets]
    lengths = rng.integers(0, frames + 1, batch)
    exact = rng.random(batch) < 0.3
    lengths[exact] = np.minimum(needed, frames)[exact]
    shape = frames, batch, classes
    scores = rng.integers(-8, 1, shape) / 4 if ties else rng.normal(size=shape) * 3
    scores[rng.random(shape) < rng.choice([0, 0.05])] = -np.inf
    return scores, targets, lengths, blank
