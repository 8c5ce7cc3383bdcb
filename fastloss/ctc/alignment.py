"""CTC forced alignment: the most likely path of a target, and the frames of each of its labels."""

from dataclasses import dataclass

import numpy as np

from fastloss import _validation as check
from fastloss._kernels.calls import Emissions, aligned, as_blank, as_infeasible, batch_of
from fastloss._keywords import says_keywords
from fastloss.ctc.words import words_of


@dataclass(frozen=True, eq=False, repr=False)
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
    >>> found
    <CTCAlignment of 2 labels over 4 frames, score -0.539>
    """

    path: np.ndarray
    score: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    token_scores: np.ndarray
    _aligned: tuple[object, ...] | None = None  # all targets' labels one after the other, how many each has, the star

    def __repr__(self):
        frames = self.path.shape[-1]
        labels = self.starts.shape[-1]
        if np.ndim(self.score) == 0:
            return f"<CTCAlignment of {labels} labels over {frames} frames, score {self.score:.3g}>"
        missing = int((~np.isfinite(self.score)).sum())
        return f"<CTCAlignment of {len(self.score)} targets of up to {labels} labels over up to {frames} frames" + (
            f", {missing} without a path>" if missing else ">"
        )

    def words(self, text=None, separator=None, *, seconds_per_frame=None):
        """The words of the target, where each is and how sure the model is of it.

        Words are what is between separators: doubled ones, and those at either end, make no empty words. A star
        belongs to no word and ends one, as a separator does.

        Parameters
        ----------
        text : str, sequence of tokens, or CTCAlphabet; for a batch a list with one for each target, or a CTCAlphabet
            What the target was made of, a character or token for each of its labels (any for a star); or the alphabet,
            with which the labels are read. Without it, words are tuples of labels.
        separator : str or int, optional
            What is between words: a token, or a part of one, as the "▁" with which words begin. The default is that of
            the alphabet, else any of "|", a space and "▁". Of labels without text it is a label. ``""`` makes each
            label a word.
        seconds_per_frame : float, optional
            Above 0: `start` and `end` are in seconds. Otherwise they are frames.

        Returns
        -------
        list of CTCWord; for a batch a list of such lists
            `word`, `start`, `end`, `confidence`. A target without a path has its words, with None for start and end.

        Raises
        ------
        ValueError, TypeError
            For a text that has another number of characters or tokens than the target has labels, or another number of
            texts than there are targets; for labels that the alphabet lacks.

        Examples
        --------
        >>> import numpy as np, fastloss as fl
        >>> log_probs = np.log([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.9, 0.05, 0.05], [0.2, 0.7, 0.1]])
        >>> found = fl.ctc_align(log_probs, [1, 2, 1])
        >>> found.words("a|a", seconds_per_frame=0.04)
        [CTCWord('a', 0.0, 0.04, confidence=0.8), CTCWord('a', 0.12, 0.16, confidence=0.7)]
        >>> found.words(separator=2)
        [CTCWord((1,), 0, 1, confidence=0.8), CTCWord((1,), 3, 4, confidence=0.7)]
        """
        return words_of(self, text, separator, seconds_per_frame)


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

    over all paths of one class per frame that give the target when repeats are merged and blanks dropped. Scores are
    accumulated in double precision, so hours of frames lose nothing; where two paths are equally likely, staying in a
    state is preferred to moving, and the shorter move to the longer one. Memory: for each sequence at work 8 to 16
    times :math:`\sqrt{T}\,(2S + 1)` bytes, and 16 times :math:`2S + 1` for two frames; for long sequences that is far
    below 2 bits for each of the :math:`T\,(2S + 1)` states. Threads share the batch, and also a single sequence if it
    has 2000 labels and some thousands of frames or more.

    Parameters
    ----------
    log_probs : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Log-probabilities in nats: T frames, a batch of N, C classes. -inf is probability 0. Scores that are not
        normalised give the same path if each frame is off by a constant, as logits are; `score` is then off by the sum
        of the constants, `token_scores` by their mean.
    targets : integer array (N, S), or 1-D with all targets one after the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read. A column of lists
        (an array of objects) is a list; for one sequence (1, S) is legal too.
    input_lengths, target_lengths : integer arrays (N,), optional
        How many frames and labels count; by default all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `log_probs` is (N, T, C).
    infeasible : {"raise", "inf", "zero"}
        What becomes of a target that no path spells: a ValueError, or a score of -inf, or of 0; without a path. NaN
        or +inf in a frame, at one of the target's classes or the blank, is a ValueError with "raise", else a score of
        NaN, without a path.
    star : int, optional
        A label, 0..C-1 or beyond, that matches anything: for transcripts with gaps. It takes at least one frame.
    star_cost : float, at least 0
        What each frame of a `star` costs, in nats; at 0 it takes as many frames from its neighbours as it can.
    progress : callable, optional
        Called with the share of the work that is done, rising from 0 to 1, by the calling thread: at most 20 times a
        second, and with 1.0 once at the end. An exception that it raises ends the call.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`. The result does not depend on it.

    Returns
    -------
    CTCAlignment
        `path`, `score`, `starts`, `ends`, `token_scores`, and the method `words`.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, a length below 0 or beyond the array, shapes that do not fit, or a
        target that no path spells: the text names the sample, the frames it needs and the frames there are, or the
        score that is NaN or +inf.

    Warns
    -----
    UserWarning
        If a path's score is above 0, which no log-probability is, by more than rounding to a half type explains (0.02
        a frame): logits or probabilities were passed. Of logits the path is right and the scores are not, of
        probabilities both are wrong. It is no error, as scores may be meant so, with the logarithm of a prior
        subtracted for instance. Scores that are not normalised may also be below 0, unnoticed.

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
