"""Scores that can't be what was expected, as the results tell: NaN, and probabilities above 1.

But in `warn_of_rows`, nothing is read for this that a call does not read anyway, unless a result shows that something
is wrong.
"""

import numpy as np

from fastloss._foreign import as_float
from fastloss._hints import warn
from fastloss.normalization import logsumexp

# Log-probabilities are a little above 0, and rows of probabilities add up to a little above 1, where they were rounded
# to a half type. Nats a frame, on average, beyond which that is no reason.
_ROUNDING = 0.02
_FRAMES = 1024  # that are looked at together


def raise_nan(batch, n, all_classes, star=-1):
    """For infeasible="raise", where sequence n's score is NaN: an error that names the NaN or +inf that made it so, of
    one of the target's classes or the blank, or of any class where the scores are logits."""
    emissions, frames = batch.emissions, batch.frames_of(n)
    unused = np.ones(emissions.classes, bool)
    labels = batch.target_of(n)
    unused[labels[labels != star]] = unused[batch.blank] = False
    for t in range(0, len(frames), _FRAMES):
        block = as_float(frames[t : t + _FRAMES])
        wrong = np.isnan(block) | np.isposinf(block)
        if not all_classes:
            wrong[:, unused] = False
        if wrong.any():
            at, c = np.unravel_index(wrong.argmax(), wrong.shape)
            place = (t + at, c) if emissions.single else (n, t + at, c) if emissions.batch_first else (t + at, n, c)
            raise ValueError(
                f"sample {n}: {emissions.name}[{', '.join(map(str, place))}] is {block[at, c]}; "
                "expected a finite number, or -inf"
            )
    raise ValueError(f"sample {n}: its score is NaN; expected {emissions.name} that are finite, or -inf")


# ---- warnings ----


def warn_of_batch(function, batch, totals, consequence=None):
    """`warn_of_scores` of the first sequence to which it applies; `totals` has one for each."""
    for n in np.flatnonzero(totals > 0).tolist():
        if warn_of_scores(function, batch.frames_of(n), totals[n], consequence):
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


def warn_of_candidates(function, frames, scores, consequence):
    """`warn_of_scores` of the highest. A list's comparisons take less time than NumPy's for the few of most calls."""
    highest = max([score for score in scores.tolist() if score > 0], default=0)
    if highest:
        warn_of_scores(function, frames, highest, consequence)


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
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(frames.size and frames.min() >= 0 and (abs(frames.sum(axis=1) - 1) <= _ROUNDING).all())
