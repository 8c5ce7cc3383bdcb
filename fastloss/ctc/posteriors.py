"""CTC posteriors: soft alignment."""

from fastloss._kernels.calls import Emissions, as_blank, as_infeasible, batch_of, posteriors_of
from fastloss._keywords import says_keywords


@says_keywords
def ctc_posteriors(
    log_probs,
    targets,
    input_lengths=None,
    target_lengths=None,
    *,
    blank=0,
    batch_first=False,
    infeasible="raise",
    progress=None,
    num_threads=None,
):
    r"""Soft alignment: the probability of each state of each target at each frame, over all its paths.

    .. math:: \gamma_{t, n, s} = P(\text{state } s \text{ at frame } t \mid \text{target } n)

    of the extended target (blank, l1, blank, l2, ..., blank), 2S + 1 states. Those of each frame add up to 1. The
    labels' own, ``[..., 1::2]``, summed over frames are the frames that each label is expected to take.

    Parameters
    ----------
    log_probs : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Log-probabilities in nats: T frames, a batch of N, C classes. -inf is probability 0. Scores that are not
        normalised give the same if each frame is off by a constant, as logits are.
    targets : integer array (N, S), or 1-D with all targets one after the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read. A column of lists
        (an array of objects) is a list; for one sequence (1, S) is legal too.
    input_lengths, target_lengths : integer arrays (N,), optional
        How many frames and labels count; by default all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `log_probs` is (N, T, C).
    infeasible : {"raise", "zero"}
        What becomes of a target that no path spells: a ValueError, or only zeros. NaN or +inf in a frame, at one of
        the target's classes or the blank, is a ValueError with "raise", else makes the target's posteriors NaN.
    progress : callable, optional
        Called with the share of the work that is done, rising from 0 to 1, by the calling thread: at most 20 times a
        second, and with 1.0 once at the end. An exception that it raises ends the call.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`. The result does not depend on it.

    Returns
    -------
    array (T, N, 2S+1), with S of the longest target; (N, T, 2S+1) with `batch_first`; (T, 2S+1) for one sequence
        float32 for float32 and half types, else float64. 0 beyond a sequence's frames and beyond its states.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, a length below 0 or beyond the array, shapes that do not fit, or
        a target that can't be emitted; for a NaN or +inf, with its place.

    Warns
    -----
    UserWarning
        If `log_probs` are probabilities: within 0..1, and those of a frame add up to 1.

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
    infeasible = as_infeasible(infeasible, ("zero", "raise"))
    blank = as_blank(blank, emissions.classes)
    batch = batch_of(emissions, targets, (input_lengths, target_lengths), blank, infeasible)
    batch.forbid_infeasible()
    posteriors = posteriors_of(batch, progress, num_threads)
    if emissions.single:
        return posteriors[:, 0]
    return posteriors.swapaxes(0, 1) if emissions.batch_first else posteriors
