"""CTC scores of many candidate label sequences against one recording."""

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss._threads import threads_for
from fastloss.ctc._forward_backward import FLOAT32_RANGE
from fastloss.ctc._inputs import Emissions, as_blank, label_array

_LANES = 16  # the most that V of src/ctc/workspace.pxi is
_GROUP = 64  # targets that go to a thread together, and may share their beginnings


def _shared_beginnings(candidates):
    """How many labels each has in common with the one before it, from the first on; 0 for the first."""
    lengths = np.array([len(candidate) for candidate in candidates])
    padded = np.full((len(candidates), int(lengths.max())), -1, np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = np.concatenate(candidates)
    same = (padded[1:] == padded[:-1]) & (padded[1:] >= 0)
    return [0, *np.logical_and.accumulate(same, axis=1).sum(axis=1).tolist()]


class _Tree:
    """Candidates in alphabetical order as runs of a tree: what two neighbours begin with in common is there once.

    A run has a lane for each of its labels and one for the blank after them, and the lane before it is free.
    """

    def __init__(self, candidates, blank, group=_GROUP):
        keys = [candidate.astype(">u8").tobytes() for candidate in candidates]  # they sort as the labels do
        self.order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
        candidates = [candidates[k] for k in self.order]
        count = len(candidates)
        room = sum(len(candidate) + 2 * _LANES + 2 for candidate in candidates) + _LANES * (count // group + 2)
        self.label, self.repeats = np.full(room, blank, np.int64), np.zeros(room, np.uint8)
        self.lane, self.blank = np.full(count, -1, np.int64), np.zeros(count, np.int64)
        self.starts, self.stops, self.parents, self.first_run, self.first_target = [], [], [], [], []
        path, lane, shared = [], 0, []  # path: (depth, lane) of the runs that lead to the candidate before
        for k, candidate in enumerate(candidates):
            length = len(candidate)
            if k % group == 0:
                shared, path, lane = _shared_beginnings(candidates[k : k + group]), [], lane + _LANES
                self.first_run.append(len(self.starts))
                self.first_target.append(k)
            depth = shared[k % group]
            if k % group and depth == length:  # the same once more
                self.lane[k], self.blank[k] = self.lane[k - 1], self.blank[k - 1]
                continue
            while path and path[-1][0] >= depth:
                path.pop()
            parent = path[-1][1] + depth - 1 - path[-1][0] if path else -1
            new = length - depth
            self.label[lane : lane + new] = candidate[depth:]
            before = candidate[max(depth - 1, 0) :]
            self.repeats[lane + new - max(len(before) - 1, 0) : lane + new] = before[1:] == before[:-1]
            self.starts.append(lane)
            self.stops.append(lane + new + 1)
            self.parents.append(parent)
            self.lane[k] = lane + new - 1 if length else -1
            self.blank[k] = lane + new
            path.append((depth, lane))
            lane += -(-(new + 2) // _LANES) * _LANES
        self.first_run.append(len(self.starts))
        self.first_target.append(count)

    def arrays(self):
        runs = (np.array(part, np.int64) for part in (self.starts, self.stops, self.parents, self.first_run))
        return *runs, self.label, self.repeats, self.lane, self.blank, np.array(self.first_target, np.int64)


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
    emissions = Emissions(log_probs, "log_probs", False)
    if not emissions.single:
        raise ValueError(f"log_probs has shape {emissions.array.shape}; expected (T, C), one recording")
    blank = as_blank(blank, emissions.classes)
    parts = _read_candidates(candidates, emissions.classes, blank)
    if not parts:
        return np.zeros(0)
    work = 8 * emissions.frames * (sum(map(len, parts)) + len(parts))
    scores = _score(emissions, parts, blank, _GROUP, num_threads, work)
    alone = np.flatnonzero(np.isnan(scores))
    if alone.size:  # a NaN that is in the class of one candidate is in the tables of its group
        scores[alone] = _score(emissions, [parts[k] for k in alone], blank, 1, num_threads, work)
    return scores


def _score(emissions, candidates, blank, group, num_threads, work):
    tree = _Tree(candidates, blank, group)
    arrays = tree.arrays()
    scores, found = np.zeros(len(candidates)), np.zeros(len(candidates))
    saturated = np.zeros(len(tree.first_target) - 1, np.uint8)
    threads = max(1, min(threads_for(num_threads, work), saturated.size))
    bits = check.kernel_bits(emissions.code)
    if (emissions.frames + 1) * 127 > FLOAT32_RANGE:
        bits = 64
    for attempt in (bits, 64):  # finite masks such as -1e9 need the exponents of float64
        native = check.FLOAT32 if attempt == 32 else check.FLOAT64
        kernel = kernels(attempt).ctc.score
        kernel(emissions.view, emissions.code, native, *arrays, blank, found, saturated, threads)
        if attempt == 64 or not saturated.any():
            break
    scores[tree.order] = found
    return scores


def _read_candidates(candidates, classes, blank):
    """Each candidate's labels, copied and checked."""
    if isinstance(candidates, (list, tuple)) and not (len(candidates) and np.ndim(candidates[0]) == 0):
        parts = [label_array(part, f"candidates[{k}]") for k, part in enumerate(candidates)]
    else:
        array = label_array(candidates, "candidates")
        if array.ndim != 2:
            raise ValueError(f"candidates has shape {array.shape}; expected (K, S), or a list of sequences")
        parts = list(array)
    for k, part in enumerate(parts):
        if part.ndim != 1:
            raise ValueError(f"candidates[{k}] has shape {part.shape}; expected one sequence of labels")
    flat = np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    wrong = (flat < 0) | (flat >= classes) | (flat == blank)
    if wrong.any():
        place = int(wrong.argmax())
        k = int(np.searchsorted(ends, place, side="right"))
        raise ValueError(
            f"candidates[{k}, {place - int(ends[k]) + len(parts[k])}] is {flat[place]}; "
            f"expected a label 0..{classes - 1} other than blank={blank}"
        )
    return np.split(flat, ends[:-1]) if parts else []
