"""CTC scores of prefixes, in a form that a beam search drives."""

import numpy as np

from fastloss._foreign import as_float
from fastloss._kernels import kernels
from fastloss._kernels.calls import as_blank, extension, one_recording, selection
from fastloss._keywords import says_keywords
from fastloss._threads import threads_for
from fastloss.ctc._unexpected import warn_of_rows


class _Recording:
    """What all hypotheses over a recording share. src/ctc/prefix.pyx reads this, and the states."""

    __slots__ = ("blank", "scores_by_class")

    def __init__(self, scores_by_class, blank):
        self.scores_by_class = scores_by_class  # (C, T)
        self.blank = blank


class CTCPrefixState:
    """Hypotheses of a beam search over one recording; made by `ctc_prefix_score` and `extend`, and never changed.

    Attributes
    ----------
    scores : float64 array (M,)
        Logarithm of the probability of all label sequences that begin with each hypothesis, in nats.
    complete : float64 array (M,)
        Logarithm of the probability that the sequence is exactly the hypothesis: what ending here is worth.
    labels : int64 array (M,)
        The last label of each hypothesis; -1 for the empty one.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> state = fl.ctc_prefix_score(np.log([[0.6, 0.4], [0.6, 0.4]]))
    >>> state.extend(0, 1)
    <CTCPrefixState of 1 hypothesis over 2 frames of 2 classes>
    >>> np.exp([state.complete[0], state.extend(0, 1).scores[0]]).round(6)  # nothing, and what begins with 1
    array([0.36, 0.64])
    """

    __slots__ = ("_complete", "_exponents", "_has_nan", "_labels", "_last", "_mantissas", "_recording", "_scores")

    def __init__(self, recording, last):
        """With room for what the kernel computes. It reads `last`, the labels, which nobody else must see."""
        count, frames = last.size, recording.scores_by_class.shape[1]
        self._recording = recording
        self._last = last
        self._mantissas = np.empty((count, 2, frames))  # probabilities that end in the last label, and in a blank,
        self._exponents = np.empty((count, 2, frames), np.int64)  # and their powers of two
        self._has_nan = np.empty(count, np.uint8)  # whether a NaN or +inf was met
        self._labels = last.copy()
        self._scores = np.empty(count)
        self._complete = np.empty(count)

    @property
    def scores(self):
        return _read_only(self._scores)

    @property
    def complete(self):
        return _read_only(self._complete)

    @property
    def labels(self):
        return _read_only(self._labels)

    def __len__(self):
        return self._last.size

    def __repr__(self):
        classes, frames = self._recording.scores_by_class.shape
        hypotheses = "hypothesis" if len(self) == 1 else "hypotheses"
        return f"<CTCPrefixState of {len(self)} {hypotheses} over {frames} frames of {classes} classes>"

    def extend(self, hypotheses, labels, *, num_threads=None):
        """New hypotheses: each is one of these with one more label. A step costs O(T) for each.

        Parameters
        ----------
        hypotheses : integer array (M,), or a number
            Which of this state's hypotheses each new one continues.
        labels : integer array (M,), or a number
            What each appends: 0..C-1 other than the blank.
        num_threads : int, optional
            Default: `fastloss.get_num_threads`. The result does not depend on it.

        Returns
        -------
        CTCPrefixState
            Of M hypotheses.

        Raises
        ------
        ValueError, TypeError
            For an index or a label out of range, naming the place, the value and what was expected.
        """
        classes, frames = self._recording.scores_by_class.shape
        hypotheses, labels = extension(hypotheses, labels, len(self), classes, self._recording.blank)
        new = CTCPrefixState(self._recording, labels)
        if len(new):
            threads = threads_for(num_threads, 8 * len(new) * frames)
            kernels(64).prefix.extend(self, hypotheses, new, threads)
        return new

    def select(self, hypotheses):
        """The state of some of the hypotheses, chosen by an integer array, in its order, or by a bool array.

        Raises
        ------
        ValueError, TypeError
            For an index out of range.
        """
        chosen = selection(hypotheses, len(self))
        new = CTCPrefixState.__new__(CTCPrefixState)
        new._recording = self._recording
        for name in ("_last", "_mantissas", "_exponents", "_has_nan", "_scores", "_complete", "_labels"):
            setattr(new, name, getattr(self, name)[chosen])
        return new


def _read_only(array):
    """A view, whose shape is the caller's own, of an array that is not writeable."""
    array.flags.writeable = False
    return array.view()


@says_keywords
def ctc_prefix_score(log_probs, *, blank=0):
    r"""The state from which a beam search begins: the empty prefix, ready to be extended.

    .. math:: \psi(g) = \log P(\text{the label sequence begins with } g)

    for any prefix g, and with it the probability that the sequence is g itself: the CTC scores of joint CTC/attention
    decoding.

    Parameters
    ----------
    log_probs : array (T, C), float or integer
        Log-probabilities in nats: T frames, C classes. -inf is probability 0.
    blank : int
        The blank's class; negative counts from the end.

    Returns
    -------
    CTCPrefixState
        Of one hypothesis, the empty one: `scores`, `complete`, `labels`, and the methods `extend` and `select`. Where
        a score of a hypothesis's classes, the blank's included, is NaN or +inf, its scores are NaN.

    Raises
    ------
    ValueError, TypeError
        For another shape or dtype, or a blank out of range.

    Warns
    -----
    UserWarning
        If a frame's probabilities add up to more than 1, by more than rounding to a half type explains (0.02 nats per
        frame, on average): of logits or probabilities all scores are wrong, and their order as well. Frames that add
        up to less are legal, as where classes are masked.

    Examples
    --------
    A greedy search that takes the likeliest next label until ending is likelier than going on:

    >>> import numpy as np, fastloss as fl
    >>> log_probs = np.log([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.7, 0.2, 0.1]])
    >>> state, found = fl.ctc_prefix_score(log_probs), []
    >>> while True:
    ...     following = state.extend(0, [1, 2])
    ...     best = int(following.scores.argmax())
    ...     if following.scores[best] < state.complete[0]:
    ...         break
    ...     state = following.select([best])
    ...     found.append(int(state.labels[0]))
    >>> found, round(float(np.exp(state.complete[0])), 4)
    ([1, 2], 0.529)

    References
    ----------
    Graves 2008, "Supervised Sequence Labelling with Recurrent Neural Networks", section 7.5; Watanabe, Hori, Kim,
    Hershey, Hayashi 2017, "Hybrid CTC/Attention Architecture for End-to-End Speech Recognition".
    """
    emissions = one_recording(log_probs)
    blank = as_blank(blank, emissions.classes)
    warn_of_rows("ctc_prefix_score", emissions.array, "all scores are wrong")
    recording = _Recording(np.array(as_float(emissions.array.T), order="C"), blank)
    state = CTCPrefixState(recording, np.full(1, -1, np.int64))
    kernels(64).prefix.root(state)
    return state
