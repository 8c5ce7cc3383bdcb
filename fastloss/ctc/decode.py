"""CTC decoding: the most probable label sequences of a recording, by best path or by prefix beam search."""

from dataclasses import dataclass

import numpy as np

from fastloss import _validation as check
from fastloss._hints import warn
from fastloss._kernels.calls import Emissions, as_blank, decoded
from fastloss._keywords import says_keywords

# Nats below a frame's largest score; what is further below has no place in a double.
_LARGEST_PRUNE = 700.0


@dataclass(frozen=True, eq=False, repr=False)
class CTCHypothesis:
    """A label sequence that a recording may say, from `ctc_decode`.

    Attributes
    ----------
    labels : int64 array (S,)
        The labels, without blanks.
    score : float
        The logarithm of their probability, in nats, as far as the search saw their paths.
    frames : int64 array (S,)
        For each label, the frame in which it is most probable, among those that the best path gives it.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> fl.ctc_decode(np.log([[0.1, 0.9], [0.8, 0.2]]))
    [<CTCHypothesis of 1 label, score -0.3285>]
    """

    labels: np.ndarray
    score: float
    frames: np.ndarray

    def __repr__(self):
        count = self.labels.size
        return f"<CTCHypothesis of {count} label{'s' * (count != 1)}, score {self.score:.4g}>"


@says_keywords
def ctc_decode(
    log_probs,
    input_lengths=None,
    *,
    beam_width=1,
    n_best=1,
    blank=0,
    batch_first=False,
    prune=None,
    progress=None,
    num_threads=None,
):
    r"""Decoding without a language model: the most probable label sequences, by best path or prefix beam search.

    .. math:: l^* = \arg\max_l \sum_{\pi \to l} \exp \sum_t x_{t, n, \pi_t}

    over all paths of one class per frame that give l when repeats are merged and blanks dropped. With `beam_width` 1
    the sum is not taken: the result is what the most probable class of each frame spells (best path). From 2 on it is a
    prefix beam search: after each frame the `beam_width` most probable prefixes are kept, each with the sum over all of
    its paths whose prefixes were kept. Sums are in double precision; a beam with room for every prefix gives exact
    probabilities. A language model joins through `ctc_prefix_score`, see ``docs/ctc.md``.

    Parameters
    ----------
    log_probs : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Log-probabilities in nats: T frames, a batch of N, C classes. -inf is probability 0. Scores that are off by a
        constant in each frame, as logits are, give the same labels, with another score.
    input_lengths : integer array (N,), optional
        How many frames count; by default all. 0 is legal.
    beam_width : int, at least 1
        How many prefixes are kept after each frame.
    n_best : int, 1 to `beam_width`
        How many hypotheses are returned at most.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `log_probs` is (N, T, C).
    prune : float, at least 0, optional
        In each frame, classes whose score is more than `prune` nats below the largest one count as impossible, the
        blank and repeats included. None prunes nothing that could be part of the result: candidates that can't enter
        the beam cost no time anyway, so a small `prune` (5 to 10) saves little but with wide beams. The best path has
        no use for it.
    progress : callable, optional
        Called with the share of the work that is done, rising from 0 to 1, by the calling thread: at most 20 times a
        second, and with 1.0 once at the end. An exception that it raises ends the call.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`. The result does not depend on it.

    Returns
    -------
    list of CTCHypothesis, or a list of such lists, one for each sequence of a batch
        `labels`, `score`, `frames`, best first; fewer than `n_best` if no more have been found. With `beam_width` 1 the
        score is that of the path. Where every path has probability 0 it is one hypothesis without labels and with a
        score of -inf; where there are no frames, one without labels and with a score of 0.

        Among equally probable candidates those come first that have no new label, then those whose prefix came first,
        then those whose new label is likelier in the frame, then the lower label. In a path, a state is kept rather
        than left, and left for the nearer one, as in `ctc_align`; equal classes of a frame give the lower one. Prefixes
        whose probability is below that of the best one by more than 600 nats are dropped, and a score that is more than
        700 nats below the largest of its frame counts as impossible: doubles end there.

    Raises
    ------
    ValueError, TypeError
        For a score that is NaN or +inf, with its place; for an `n_best` above `beam_width`, which would not be filled;
        for lengths, shapes and options out of range.

    Warns
    -----
    UserWarning
        If the best score of a sequence is above 0, which no log-probability is, by more than rounding to a half type
        explains (0.02 per frame): logits or probabilities were passed. Of logits the labels are right and the scores
        are not, of probabilities both are wrong. Scores that are not normalised may also be below 0, unnoticed. And for
        scores of shape (1, N, C) without lengths, which are more often (1, T, C): one recording, its batch first.

    Examples
    --------
    The most probable class of both frames is the blank, but most paths spell 1:

    >>> import numpy as np, fastloss as fl
    >>> log_probs = np.log([[0.6, 0.4], [0.6, 0.4]])
    >>> [best] = fl.ctc_decode(log_probs)
    >>> best.labels.tolist(), round(float(np.exp(best.score)), 4)
    ([], 0.36)
    >>> for found in fl.ctc_decode(log_probs, beam_width=4, n_best=4):
    ...     print(found.labels, round(float(np.exp(found.score)), 4), found.frames)
    [1] 0.64 [1]
    [] 0.36 []

    References
    ----------
    Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist Temporal Classification"; Hannun, Maas, Jurafsky, Ng
    2014, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs".
    """
    emissions = Emissions(log_probs, "log_probs", batch_first)
    blank = as_blank(blank, emissions.classes)
    beam_width = _at_least_one(beam_width, "beam_width")
    n_best = _at_least_one(n_best, "n_best")
    if n_best > beam_width:
        raise ValueError(f"n_best is {n_best}; expected 1..{beam_width}, as beam_width={beam_width} finds no more")
    is_frame_of_many = emissions.array.shape[0] == 1 < emissions.array.shape[1] and not emissions.batch_first
    if is_frame_of_many and not emissions.single and input_lengths is None:
        warn("ctc_decode: log_probs of shape (1, N, C) are N recordings of one frame; of one, pass log_probs[0]")
    floor = -_LARGEST_PRUNE if prune is None else -min(check.as_number(prune, "prune", 0.0), _LARGEST_PRUNE)
    found = decoded(emissions, input_lengths, blank, (beam_width, n_best), floor, progress, num_threads)
    results = [[CTCHypothesis(*hypothesis) for hypothesis in hypotheses] for hypotheses in found]
    return results[0] if emissions.single else results


def _at_least_one(value, name):
    number = check.as_integer(value, name)
    if number < 1:
        raise ValueError(f"{name} must be at least 1, got {number}")
    return number
