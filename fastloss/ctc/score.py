"""CTC scores of many candidate label sequences against one recording."""

from fastloss._kernels.calls import as_blank, one_recording, scores_of
from fastloss._keywords import says_keywords
from fastloss.ctc._unexpected import warn_of_candidates


@says_keywords
def ctc_score(log_probs, candidates, *, blank=0, progress=None, num_threads=None):
    r"""Log-likelihood of each of many candidate transcripts of one recording: for rescoring, spotting, filtering.

    .. math:: s_k = \log \sum_{\pi} \prod_{t} e^{x_{t, \pi_t}}

    over all paths :math:`\pi` that give candidate k: minus its `ctc_loss`. The recording is read once for up to 64
    candidates, and what candidates begin with in common is computed once. Scores down to 1e-30 below 0
    have a relative error below 1e-4, mostly of 1e-7 in float32 and of 1e-12 in float64.

    Parameters
    ----------
    log_probs : array (T, C), float or integer
        Log-probabilities in nats: T frames, C classes. -inf is probability 0.
    candidates : list of K integer sequences, or integer array (K, S)
        Labels 0..C-1 other than `blank`; of any lengths in a list, also empty.
    blank : int
        The blank's class; negative counts from the end.
    progress : callable, optional
        Called with the share of the work that is done, rising from 0 to 1, by the calling thread: at most 20 times a
        second, and with 1.0 once at the end. An exception that it raises ends the call.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`. The result does not depend on it.

    Returns
    -------
    float64 array (K,)
        In nats; -inf for a candidate that no path spells, NaN for one of whose classes a score is NaN or +inf.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, naming the candidate; for shapes that do not fit.

    Warns
    -----
    UserWarning
        If a score is above 0 by more than rounding to a half type explains (0.02 per frame): logits or probabilities
        were passed. Of logits the scores are off by the same constant for all candidates.

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
    scores = scores_of(emissions, candidates, blank, progress, num_threads)
    warn_of_candidates("ctc_score", emissions.array, scores, "scores are right only beside each other")
    return scores
