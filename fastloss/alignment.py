"""What CTC says about where and how well a transcript fits: alignment, posteriors, scores of many transcripts."""

from dataclasses import dataclass

import numpy as np

from fastloss import _validate as check
from fastloss._kernels import kernels
from fastloss._sequences import Emissions, Targets, as_blank, as_lengths, frames_missing, label_array, longest_first
from fastloss._threads import threads_for
from fastloss.sequence import FLOAT32_RANGE, Call


@dataclass(frozen=True, eq=False)
class CTCAlignment:
    """The most likely path of each target, from `ctc_align`. Without the first axis for a single sequence.

    Attributes
    ----------
    path : int64 array (N, T)
        The class of each frame; -1 beyond the sequence's end.
    score : float64 array (N,)
        The logarithm of the path's probability, in nats.
    starts, ends : int64 arrays (N, S)
        The frames of each label of the target: from `starts` up to, and without, `ends`; -1 beyond the target's end.
    token_scores : float64 array (N, S)
        Mean log-probability of each label over its frames, in nats; NaN beyond the target's end.

    Examples
    --------
    When was each label said, at 50 frames a second?

    >>> import numpy as np, fastloss as fl
    >>> found = fl.ctc_align(np.log([[0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.2, 0.8]]), [1, 1])
    >>> (found.starts / 50).tolist(), (found.ends / 50).tolist()
    ([0.0, 0.06], [0.04, 0.08])
    """

    path: np.ndarray
    score: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    token_scores: np.ndarray


def _as_star(star, blank):
    if star is None:
        return -1
    number = check.as_integer(star, "star")
    if number < 0 or number == blank:
        raise ValueError(f"star is {number}; expected a label of at least 0 other than blank={blank}")
    return number


def ctc_align(
    log_probs,
    targets,
    input_lengths=None,
    target_lengths=None,
    *,
    blank=0,
    batch_first=False,
    infeasible="raise",
    star=None,
    star_cost=0.0,
    num_threads=None,
):
    r"""Forced alignment: the most likely path of each target (Viterbi), and the frames of each of its labels.

    .. math:: \pi^* = \arg\max_\pi \sum_t x_{t, n, \pi_t}

    over all paths of one class a frame that give the target when repeats are merged and blanks dropped. Scores are
    accumulated in double precision, so hours of frames lose nothing; where paths tie, a state is kept rather than
    left, and left for the nearer one. Memory: 8 to 16 times :math:`\sqrt{T}\,(2S + 1)` bytes a sequence that is at
    work, far below 2 bits a cell for long ones. Threads share the batch; one sequence is one thread's.

    Parameters
    ----------
    log_probs : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Log-probabilities in nats: T frames, a batch of N, C classes. -inf is probability 0. Scores that are not
        normalised give the same path if each frame is off by a constant, as logits are.
    targets : integer array (N, S), or 1-D with all targets one behind the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read.
    input_lengths, target_lengths : integer arrays (N,), optional
        Frames and labels that count; omitted means all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `log_probs` is (N, T, C).
    infeasible : {"raise", "inf", "zero"}
        What becomes of a target that can't be emitted: a ValueError, or a score of -inf, or of 0; without a path.
    star : int, optional
        A label, 0..C-1 or beyond, that matches anything: for transcripts with gaps. It takes at least one frame.
    star_cost : float, at least 0
        What each frame of a `star` costs, in nats; at 0 it takes frames from its neighbours wherever it can.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`. The result does not depend on it.

    Returns
    -------
    CTCAlignment
        `path`, `score`, `starts`, `ends`, `token_scores`. Where a score of the target's classes is NaN or +inf, the
        score is NaN and there is no path.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, a length below 0 or beyond the array, shapes that do not fit, or
        a target that can't be emitted: the text names the sample, the frames it needs and the frames there are.

    Examples
    --------
    Four frames say "aab" without a blank, and the target is "ab":

    >>> import numpy as np, fastloss as fl
    >>> log_probs = np.log([[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])
    >>> found = fl.ctc_align(log_probs, [1, 2])
    >>> found.path, found.starts, found.ends
    (array([1, 1, 2, 0]), array([0, 2]), array([2, 3]))
    >>> np.exp(found.token_scores).round(3)
    array([0.8, 0.8])

    References
    ----------
    Viterbi 1967; Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist Temporal Classification". Results as those
    of ``torchaudio.functional.forced_align``, for batches, and optimal also where predecessors tie.
    """
    emissions = Emissions(log_probs, "log_probs", batch_first)
    if infeasible not in ("inf", "zero", "raise"):
        raise ValueError(f"infeasible must be one of 'inf', 'zero', 'raise', got {infeasible!r}")
    blank = as_blank(blank, emissions.classes)
    star = _as_star(star, blank)
    star_cost = check.as_number(star_cost, "star_cost", 0.0)
    lengths = _input_lengths(input_lengths, emissions)
    labels = Targets(targets, target_lengths, emissions, blank, star)
    feasible = labels.frames_needed <= lengths
    if infeasible == "raise" and not feasible.all():
        raise ValueError(frames_missing(labels, lengths, int(np.flatnonzero(~feasible)[0])))
    longest = int(labels.lengths.max()) if labels.lengths.size else 0
    path = np.full((emissions.batch, emissions.frames), -1, np.int64)
    starts, ends = (np.full((emissions.batch, longest), -1, np.int64) for _ in range(2))
    token_scores, score = np.full((emissions.batch, longest), np.nan), np.zeros(emissions.batch)
    cells = lengths * (2 * labels.lengths + 1)
    if emissions.batch:
        threads = threads_for(num_threads, int(cells.sum()))
        kernels(64).align.align(
            emissions.view, emissions.code, labels.labels, labels.offsets, labels.lengths, lengths,
            longest_first(cells), feasible.view(np.uint8), blank, star, -star_cost,
            path, score, starts, ends, token_scores, max(1, min(threads, emissions.batch)),
        )  # fmt: skip
    impossible = np.flatnonzero(np.isneginf(score))
    if infeasible == "raise" and impossible.size:
        n = int(impossible[0])
        raise ValueError(f"{frames_missing(labels, lengths, n)}; every path of it has probability 0")
    if infeasible == "zero":
        score[impossible] = 0.0
    results = path, score, starts, ends, token_scores
    return CTCAlignment(*((result[0] for result in results) if emissions.single else results))


def _input_lengths(input_lengths, emissions):
    room = np.full(emissions.batch, emissions.frames, np.int64)
    if input_lengths is None:
        return room
    return as_lengths(input_lengths, "input_lengths", emissions.batch, room, "frames")


def ctc_posteriors(
    log_probs,
    targets,
    input_lengths=None,
    target_lengths=None,
    *,
    blank=0,
    batch_first=False,
    infeasible="raise",
    num_threads=None,
):
    r"""Soft alignment: the probability of each state of each target at each frame, over all its paths.

    .. math:: \gamma_{t, n, s} = P(\text{state } s \text{ at frame } t \mid \text{target } n)

    of the extended target (blank, l1, blank, l2, ..., blank), 2S + 1 states. Every frame's sum to 1. The labels' own,
    ``[..., 1::2]``, summed over frames are the frames that each label is expected to take.

    Parameters
    ----------
    log_probs : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Log-probabilities in nats: T frames, a batch of N, C classes. -inf is probability 0. Scores that are not
        normalised give the same if each frame is off by a constant, as logits are.
    targets : integer array (N, S), or 1-D with all targets one behind the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read.
    input_lengths, target_lengths : integer arrays (N,), optional
        Frames and labels that count; omitted means all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `log_probs` is (N, T, C).
    infeasible : {"raise", "zero"}
        What becomes of a target that can't be emitted: a ValueError, or only zeros.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`. The result does not depend on it.

    Returns
    -------
    array (T, N, 2S+1), with S of the longest target; (N, T, 2S+1) with `batch_first`; (T, 2S+1) for one sequence
        float32 for float32 and half types, else float64. 0 beyond a sequence's frames and beyond its states. NaN where
        a score of its target's classes is NaN or +inf.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, a length below 0 or beyond the array, shapes that do not fit, or
        a target that can't be emitted.

    Examples
    --------
    Two frames with P(a) = 0.4, P(blank) = 0.6; "a" is read in three ways, of 0.16, 0.24 and 0.24:

    >>> import numpy as np, fastloss as fl
    >>> fl.ctc_posteriors(np.log([[0.6, 0.4], [0.6, 0.4]]), [1])
    array([[0.375, 0.625, 0.   ],
           [0.   , 0.625, 0.375]])

    References
    ----------
    Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist Temporal Classification", equation 14.
    """
    emissions = Emissions(log_probs, "log_probs", batch_first)
    if infeasible not in ("zero", "raise"):
        raise ValueError(f"infeasible must be one of 'zero', 'raise', got {infeasible!r}")
    blank = as_blank(blank, emissions.classes)
    lengths = _input_lengths(input_lengths, emissions)
    labels = Targets(targets, target_lengths, emissions, blank)
    call = Call(emissions, labels, lengths, blank, False, infeasible, None, "none")
    threads = threads_for(num_threads, emissions.array.size + 4 * int(call.cells.sum()))
    states = 2 * (int(labels.lengths.max()) if labels.lengths.size else 0) + 1
    shape = (emissions.frames, emissions.batch, states)
    dtype = check.compute_dtype(emissions.code)
    losses = np.zeros(emissions.batch)
    bits = 64 if call.overflows(None) else check.kernel_bits(emissions.code)
    posteriors = np.zeros(shape, np.float32 if bits == 32 else np.float64)
    saturated = call.launch(bits, longest_first(call.cells), losses, None, threads, posteriors)
    if bits == 32 and saturated.any():  # finite masks such as -1e9 need the exponents of float64
        posteriors = np.zeros(shape)
        call.launch(64, longest_first(call.cells), losses, None, threads, posteriors)
    if infeasible == "raise":
        call.forbid_infeasible(losses)
    for n in np.flatnonzero(np.isnan(losses)):
        posteriors[: lengths[n], n, : 2 * labels.lengths[n] + 1] = np.nan
    posteriors = posteriors.astype(dtype, copy=False)
    if emissions.single:
        return posteriors[:, 0]
    return posteriors.swapaxes(0, 1) if emissions.batch_first else posteriors


_LANES = 16  # the most that V of src/ctc_memory.pxi is
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
