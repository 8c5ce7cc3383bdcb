"""CTC scores of many candidate label sequences against one recording."""

import numpy as np

from fastloss._kernels import kernels
from fastloss._keywords import says_keywords
from fastloss._threads import threads_for
from fastloss.ctc._forward_backward import bits_for
from fastloss.ctc._inputs import (
    as_blank,
    check_sequences,
    is_list_of_sequences,
    label_array,
    label_sequences,
    one_recording,
)
from fastloss.ctc._unexpected import are_expected, warn_of_scores

_GROUP = 64  # targets that go to a thread together, and may share their beginnings


class _Candidates:
    """Candidates one after the other, with where each begins and how long it is."""

    __slots__ = ("labels", "lengths", "offsets")

    def __init__(self, candidates, classes, blank):
        if is_list_of_sequences(candidates):
            parts = label_sequences(candidates, "candidates")
        else:
            parts = label_array(candidates, "candidates")
            if parts.ndim != 2:
                raise ValueError(f"candidates has shape {parts.shape}; expected (K, S), or a list of sequences")
        # Copied: nobody may change a label between the check and its use.
        self.labels = np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
        self.lengths = np.array([len(part) for part in parts], np.int64)
        self.offsets = np.cumsum(self.lengths) - self.lengths
        check_sequences(self, "candidates", classes, blank)

    def __len__(self):
        return len(self.lengths)

    def parts(self):
        return np.split(self.labels, self.offsets[1:])


def _shared_beginnings(candidates):
    """How many labels each has in common with the one before it, from the first on; 0 for the first."""
    lengths = np.array([len(candidate) for candidate in candidates])
    padded = np.full((len(candidates), int(lengths.max())), -1, np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = np.concatenate(candidates)
    same = (padded[1:] == padded[:-1]) & (padded[1:] >= 0)
    return [0, *np.logical_and.accumulate(same, axis=1).sum(axis=1).tolist()]


class _Tree:
    """Candidates in alphabetical order as runs of a tree: what two neighbours begin with in common is there once.

    A run has a slot for each of its labels and one for the blank after them, and the slot before it is free. It begins
    at a whole number of the kernel's steps. src/ctc/score.pxi reads the attributes, and says what they are.
    """

    def __init__(self, candidates, blank, group):
        # One tree for both kernels: float64's steps have as many slots or fewer, and a whole number of steps fits.
        self._step = kernels(32).ctc.SLOTS
        keys = [candidate.astype(">u8").tobytes() for candidate in candidates]  # they sort as the labels do
        self.order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
        candidates = [candidates[k] for k in self.order]
        count, groups = len(candidates), -(-len(candidates) // group)
        slots = sum(len(candidate) + 1 + self._step for candidate in candidates) + self._step * (groups + 1)
        self.blank = blank
        self.label, self.repeats = np.full(slots, blank, np.int64), np.zeros(slots, np.uint8)
        self.target_slot, self.target_blank = np.full(count, -1, np.int64), np.zeros(count, np.int64)
        self.run_start, self.run_stop, self.run_parent, self.first_run, self.first_target = [], [], [], [], []
        self._slot = 0
        for first in range(0, count, group):
            self._add_group(first, candidates[first : first + group])
        self.first_run.append(len(self.run_start))
        self.first_target.append(count)
        for name in ("run_start", "run_stop", "run_parent", "first_run", "first_target"):
            setattr(self, name, np.array(getattr(self, name), np.int64))

    def _add_group(self, first, candidates):
        self._slot += self._step
        self.first_run.append(len(self.run_start))
        self.first_target.append(first)
        path = []  # (depth, slot) of the runs that lead to the candidate before
        for k, (candidate, depth) in enumerate(zip(candidates, _shared_beginnings(candidates), strict=True), first):
            if k > first and depth == len(candidate):  # the same once more
                self.target_slot[k], self.target_blank[k] = self.target_slot[k - 1], self.target_blank[k - 1]
                continue
            while path and path[-1][0] >= depth:
                path.pop()
            path.append((depth, self._slot))
            parent = path[-2][1] + depth - 1 - path[-2][0] if len(path) > 1 else -1
            self._add_run(k, candidate, depth, parent)

    def _add_run(self, k, candidate, depth, parent):
        """The labels of candidate k from `depth` on."""
        start, length = self._slot, len(candidate) - depth
        stop = start + length
        self.label[start:stop] = candidate[depth:]
        before = candidate[max(depth - 1, 0) :]  # with the label before the run, if there is one
        self.repeats[stop - max(len(before) - 1, 0) : stop] = before[1:] == before[:-1]
        self.run_start.append(start)
        self.run_stop.append(stop + 1)
        self.run_parent.append(parent)
        self.target_slot[k] = stop - 1 if len(candidate) else -1
        self.target_blank[k] = stop
        self._slot += -(-(length + 2) // self._step) * self._step  # its blank, and the free slot before the next run


@says_keywords
def ctc_score(log_probs, candidates, *, blank=0, num_threads=None):
    r"""Log-likelihood of each of many candidate transcripts of one recording: for rescoring, spotting, filtering.

    .. math:: s_k = \log \sum_{\pi} \prod_{t} e^{x_{t, \pi_t}}

    over all paths :math:`\pi` that give candidate k: minus its `ctc_loss`. The recording is read once for up to 64
    candidates, and what candidates begin with in common is computed once.

    Parameters
    ----------
    log_probs : array (T, C), float or integer
        Log-probabilities in nats: T frames, C classes. -inf is probability 0.
    candidates : list of K integer sequences, or integer array (K, S)
        Labels 0..C-1 other than `blank`; of any lengths in a list, also empty.
    blank : int
        The blank's class; negative counts from the end.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`. The result does not depend on it.

    Returns
    -------
    float64 array (K,)
        In nats; -inf for a candidate that can't be emitted, NaN for one of whose classes a score is NaN or +inf.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, naming the candidate; for shapes that do not fit.

    Warns
    -----
    UserWarning
        If a score is above 0 by more than rounding to a half type explains (0.02 a frame): logits or probabilities were
        passed. Of logits the scores are off by the same constant for all candidates.

    Examples
    --------
    Two frames with P(a) = 0.4, P(blank) = 0.6: nothing, "a" and "aa":

    >>> import numpy as np, fastloss as fl
    >>> np.exp(fl.ctc_score(np.log([[0.6, 0.4], [0.6, 0.4]]), [[], [1], [1, 1]])).round(6)
    array([0.36, 0.64, 0.  ])

    References
    ----------
    Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist Temporal Classification".
    """
    emissions = one_recording(log_probs)
    blank = as_blank(blank, emissions.classes)
    candidates = _Candidates(candidates, emissions.classes, blank)
    if not len(candidates):
        return np.zeros(0)
    parts = candidates.parts()
    scores = _scores(emissions, parts, blank, _GROUP, num_threads)
    if are_expected(-scores):
        return scores
    with_nan = np.flatnonzero(np.isnan(scores))
    if with_nan.size:  # a NaN that is in the class of one candidate is in the tables of its group
        scores[with_nan] = _scores(emissions, [parts[k] for k in with_nan], blank, 1, num_threads)
    warn_of_scores("ctc_score", emissions.array, np.fmax.reduce(scores), "scores are right only beside each other")
    return scores


def _scores(emissions, candidates, blank, group, num_threads):
    tree = _Tree(candidates, blank, group)
    found, saturated = np.zeros(len(candidates)), np.zeros(len(tree.first_target) - 1, np.uint8)
    threads = threads_for(num_threads, 8 * emissions.frames * (sum(map(len, candidates)) + len(candidates)))
    bits = bits_for(emissions)
    kernels(bits).ctc.score(emissions, tree, found, saturated, threads)
    if bits == 32 and saturated.any():  # finite masks such as -1e9 need the exponents of float64
        kernels(64).ctc.score(emissions, tree, found, saturated, threads)
    scores = np.empty(len(candidates))
    scores[tree.order] = found
    return scores
