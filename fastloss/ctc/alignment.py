"""CTC forced alignment: the most likely path of a target, and the frames of each of its labels."""

from dataclasses import dataclass

import numpy as np

from fastloss import _validation as check
from fastloss._kernels.calls import Emissions, aligned, as_blank, as_infeasible, batch_of
from fastloss._keywords import says_keywords


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


@says_keywords
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
    progress=None,
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
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read. A column of lists
        (an array of objects) is a list; for one sequence (1, S) is legal too.
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
    progress : callable, optional
        Called with the share of the work that is done, rising from 0 to 1, by the calling thread: at most 20 times a
        second, and with 1.0 once at the end. An exception that it raises ends the call.
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
    infeasible = as_infeasible(infeasible)
    blank = as_blank(blank, emissions.classes)
    star = _as_star(star, blank)
    star_cost = check.as_number(star_cost, "star_cost", 0.0)
    batch = batch_of(emissions, targets, (input_lengths, target_lengths), blank, infeasible, star)
    batch.forbid_infeasible()
    return CTCAlignment(*aligned(batch, (star, -star_cost), progress, num_threads))
