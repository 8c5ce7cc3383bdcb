"""What an evaluation asks of each row of logits: the label's log-probability and rank, the best class, the entropy."""

from dataclasses import dataclass

import numpy as np

from fastloss import _validation as check
from fastloss._keywords import says_keywords
from fastloss._reduction import Reduction
from fastloss._rowwise import Labels, Rows
from fastloss._threads import nothing_to_compute, threads_for

__all__ = ["LabelScores", "label_scores"]


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class LabelScores:
    """What `label_scores` gives: four arrays of the shape of the labels, one number for each row of logits.

    Attributes
    ----------
    log_prob : float array
        The logarithm of the label's probability, in nats; 0 where the label is ignored.
    rank : int64 array
        How many classes rank above the label: those that score higher, and those that score as high and have a lower
        index. 0 where the label is the best class; -1 where it is ignored.
    best : int64 array
        The best class, the first of those with the highest score: `numpy.argmax`. It does not depend on the label.
    entropy : float array
        That of the row's softmax, in nats. It does not depend on the label.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> found = fl.label_scores(np.log([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]), [1, 1, -100])
    >>> found
    <LabelScores of 3 labels, 1 ignored: perplexity 2.04, accuracy 0.5>
    >>> found.rank.tolist(), found.best.tolist()
    ([1, 0, -1], [0, 1, 2])
    >>> found.accuracy(), found.accuracy(k=2), round(found.perplexity(), 4)
    (0.5, 1.0, 2.0412)
    """

    log_prob: np.ndarray
    rank: np.ndarray
    best: np.ndarray
    entropy: np.ndarray

    def __repr__(self):
        count = f"{self.rank.size} label{'s' * (self.rank.size != 1)}"
        ignored = self.rank.size - self._count(self.rank >= 0)
        more = f", {ignored} ignored" if ignored else ""
        return f"<LabelScores of {count}{more}: perplexity {self.perplexity():.3g}, accuracy {self.accuracy():.3g}>"

    def perplexity(self):
        """exp of minus the mean of `log_prob` over the labels that are not ignored, computed in double precision.

        Returns
        -------
        float
            inf where a label has probability 0; nan over no labels.
        """
        counts = self.rank >= 0
        count = self._count(counts)
        if not count:
            return np.nan
        with np.errstate(all="ignore"):
            return float(np.exp(-np.sum(self.log_prob, dtype=np.float64, where=counts) / count))

    def accuracy(self, k=1):
        """The share of the labels that are not ignored whose rank is among the first `k`.

        Parameters
        ----------
        k : int, at least 1

        Returns
        -------
        float
            Within [0, 1]; nan over no labels.
        """
        k = check.as_integer(k, "k")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        counts = self.rank >= 0
        count = self._count(counts)
        return self._count(counts & (self.rank < k)) / count if count else np.nan

    @staticmethod
    def _count(flags):
        return int(np.count_nonzero(flags))


@says_keywords
def label_scores(logits, target, *, axis=-1, ignore_index=-100, num_threads=None):
    r"""Log-probability and rank of each row's label, the best class, and the entropy, in one pass over the logits.

    With p the softmax of a row x and y its label:

    .. math:: \log p_y, \qquad \#\{c : x_c > x_y\} + \#\{c < y : x_c = x_y\}, \qquad \arg\max_c x_c, \qquad
        -\sum_c p_c \log p_c

    So a memory-mapped array is read once for perplexity, accuracy among the first k, greedy choice and doubt. Nothing
    of the size of the logits is stored, and log-probability and entropy stay accurate near certainty.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats, normalised or not; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis, by default the last, also for (N, C, d1, ...), where PyTorch's is ``axis=1``. If C = d1, labels
        fit both axes, and no error can tell that the other one was meant. Arrays of any layout are used without a copy.
    ignore_index : int, or None
        Rows with this label have log-probability 0 and rank -1, and `perplexity` and `accuracy` do not count them; best
        class and entropy are still given. None: no label is ignored.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`.

    Returns
    -------
    LabelScores
        The arrays `log_prob`, `rank`, `best` and `entropy`, each of the shape of `target`, and the methods
        `perplexity` and `accuracy`. `log_prob` and `entropy` are float32 for float32 and half types, else float64.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, shapes that do not fit, labels that are not integers.

    Notes
    -----
    In a row with a NaN, log-probability and entropy are NaN. For best class and rank it counts as higher than every
    number, as in `numpy.argmax`: the best class is the first NaN. Log-probability and entropy are NaN, too, where a
    score is +inf, or all are -inf.

    A class is the best exactly where its rank is 0. Half types and integers often have equal scores, and then it is the
    index that decides.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([[20.0, 0.0, 0.0], [1.0, 3.0, 3.0], [0.0, 0.0, 0.0]])
    >>> found = fl.label_scores(logits, [0, 2, 1])
    >>> found.log_prob
    array([-4.12230724e-09, -7.58623676e-01, -1.09861229e+00])
    >>> found.rank, found.best
    (array([0, 1, 1]), array([0, 1, 0]))
    >>> found.entropy.round(4)
    array([0.    , 0.8854, 1.0986])
    >>> bool(found.entropy[0] > 8e-8)  # near certainty, not 0
    True

    References
    ----------
    ``is_greedy`` of EleutherAI's lm-evaluation-harness is ``rank == 0`` for each token of a continuation.
    """
    rows = Rows(logits, "logits", axis)
    labels = Labels(rows, check.as_array(target, "target"), Reduction("none", None, None), ignore_index)
    threads = threads_for(num_threads, rows.array.size)
    log_prob, entropy = np.empty(rows.shape, rows.dtype), np.empty(rows.shape, rows.dtype)
    rank, best = np.empty(rows.shape, np.int64), np.empty(rows.shape, np.int64)
    if rows.array.size:
        kernel = rows.kernels.cross_entropy.label_scores
        kernel(rows.view, labels.array, labels.ignored, log_prob, rank, best, entropy, threads)
    else:  # without classes all labels are ignored
        nothing_to_compute()
        for array, number in ((log_prob, 0), (rank, -1), (best, -1), (entropy, 0)):
            array[...] = number
    return LabelScores(log_prob, rank, best, entropy)
