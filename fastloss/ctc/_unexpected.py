"""Scores that can't be what was expected, as the results tell: NaN, and probabilities above 1.

But in `warn_of_rows`, nothing is read for this that a call does not read anyway, unless a result shows that something
is wrong.
"""

import math
import sys
import warnings

import numpy as np

from fastloss._foreign import as_float
from fastloss.normalization import logsumexp

# Log-probabilities are a little above 0, and rows of probabilities add up to a little above 1, where they were rounded
# to a half type. Nats a frame, on average, beyond which that is no reason.
_ROUNDING = 0.02
_FRAMES = 1024  # that are looked at together


def are_expected(losses):
    """Whether all are finite and at least 0, as those of log-probabilities are: then there is nothing to look for. A
    list's comparisons take less time than NumPy's for the few sequences of most calls."""
    return all(0.0 <= loss < math.inf for loss in losses.tolist())


def forbid_nan(batch, scores, all_classes=False, star=-1):
    """For infeasible="raise": an error where a sequence's score is NaN, which names the NaN or +inf that made it so:
    of one of the target's classes or the blank, or of any class where the scores are logits."""
    unknown = np.flatnonzero(np.isnan(scores))
    if not unknown.size:
        return
    n, emissions = int(unknown[0]), batch.emissions
    for t, frames in _blocks(batch, n):
        wrong = np.isnan(frames) | np.isposinf(frames)
        if not all_classes:
            wrong[:, _unused(batch, n, star)] = False
        if wrong.any():
            at, c = np.unravel_index(wrong.argmax(), wrong.shape)
            place = (t + at, c) if emissions.single else (n, t + at, c) if emissions.batch_first else (t + at, n, c)
            raise ValueError(
                f"sample {n}: {emissions.name}[{', '.join(map(str, place))}] is {frames[at, c]}; "
                "expected a finite number, or -inf"
            )
    raise ValueError(f"sample {n}: its score is NaN; expected {emissions.name} that are finite, or -inf")


def _unused(batch, n, star):
    """The classes that are neither the blank nor in target n, where a star is none."""
    targets = batch.targets
    labels = targets.labels[targets.offsets[n] : targets.offsets[n] + targets.lengths[n]]
    unused = np.ones(batch.emissions.classes, bool)
    unused[labels[labels != star]] = False
    unused[batch.blank] = False
    return unused


def _blocks(batch, n):
    """The scores of sequence n, some frames at a time, and the first of these."""
    frames = batch.emissions.view[: batch.input_lengths[n], n]
    for t in range(0, len(frames), _FRAMES):
        yield t, as_float(frames[t : t + _FRAMES])


# ---- warnings ----


def warn_of_batch(function, batch, totals, consequence=None):
    """`warn_of_scores` of the first sequence to which it applies; `totals` has one for each."""
    for n in np.flatnonzero(totals > 0):
        frames = batch.emissions.view[: batch.input_lengths[n], n]
        if warn_of_scores(function, frames, totals[n], consequence):
            return


def warn_of_scores(function, frames, total, consequence=None):
    """Warns if the logarithm of a probability, `total`, that was computed from `frames` (T, C) is above 0. Whether it
    did. `consequence` says what is wrong with a result of scores that are not normalised; without it they are legal,
    and the warning is about probabilities only."""
    if not total > 0:
        return False
    if _are_probabilities(frames):
        warn(f"{function}: log_probs are probabilities, not their logarithms; pass np.log(log_probs)")
    elif consequence and total > _ROUNDING * len(frames):
        warn(
            f"{function}: log_probs are not normalised (a probability of above 1 was found), so {consequence}; "
            "pass fl.log_softmax(log_probs) if they are logits"
        )
    else:
        return False
    return True


def warn_of_rows(function, frames, consequence):
    """Warns if the probabilities of a frame add up to more than 1; by what they do is what all paths' probabilities add
    up to more than 1. For functions whose results do not tell: one pass over the scores."""
    totals = logsumexp(frames, axis=1)
    if np.fmax.reduce(totals, initial=0.0) > _ROUNDING:
        excess = totals[(totals > 0) & (totals < np.inf)].sum(dtype=np.float64)
        warn_of_scores(function, frames, excess, consequence)


def _are_probabilities(frames):
    """Whether all are within 0..1 and those of each frame add up to 1; the first frames tell."""
    frames = as_float(frames[:_FRAMES])
    with np.errstate(invalid="ignore"):
        return bool(frames.size and frames.min() >= 0 and (abs(frames.sum(axis=1) - 1) <= _ROUNDING).all())


def warn(text):
    """A UserWarning at the line that called this package. The text has no numbers of the call in it: Python shows the
    same text once for each line, and a service that aligns for hours would be shown each."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and (frame.f_globals.get("__name__") or "").partition(".")[0] == "fastloss":
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)
