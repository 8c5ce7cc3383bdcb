"""The comparison of two models, fed block by block."""

import threading

from fastloss import _validation as check
from fastloss._keywords import says_keywords
from fastloss._threads import as_thread_count
from fastloss.comparison._picture import draw
from fastloss.comparison._rows import NO_TOTALS, Block
from fastloss.comparison.summary import described, estimate, summary_of


class LogitsComparison:
    r"""Compares a model's logits with a reference's, block by block: what quantising or distilling it has changed.

    Each row of logits, of one token, adds its Kullback-Leibler divergence of the model's distribution q from the
    reference's p, both softmaxes,

    .. math:: D(p \| q) = \sum_c p_c \log \frac{p_c}{q_c},

    whether the most likely class is the same in both, and, where labels are given, the label's log-probability in both.
    `summary` has their means with standard errors, their quantiles, and perplexities. These are the figures that
    llama.cpp's ``llama-perplexity --kl-divergence`` prints, with its definitions.

    Both arrays are read once; nothing of their size is stored, and memory-mapped files are read as a stream. The
    divergence is as exact as that of `kl_divergence_with_logits`, the label's log-probability as that of
    `cross_entropy`. Sums are exact, so the summary is the same, to the bit, for any blocks, any order of them, any
    workers that are merged, and any number of threads.

    Quantiles are exact for less than a million tokens, which are kept (8 bytes each, 16 with labels). From then on
    numbers are counted by their sign, exponent and leading 10 bits: ranks stay exact, and each number is known with a
    relative error of at most 2^-11 (0.05 %), in a few MB for any number of tokens. Minimum and maximum are always
    exact.

    Parameters
    ----------
    axis : int
        The class axis of the logits.
    ignore_index : int or None
        Rows with this label count nowhere, not in the divergence either: padding says nothing of a model. None: no
        label is ignored.
    num_threads : int, optional
        At most so many threads for an update; default: see `get_num_threads`. Results do not depend on it.

    Attributes
    ----------
    tokens : int
        How many rows have been counted.

    Raises
    ------
    ValueError, TypeError
        For options that are no integers, and no more than 0 threads.

    Notes
    -----
    A NaN is never hidden: a row with one, in the model or in the reference, is counted in `nan_tokens`, agrees with
    nothing, makes means NaN, and ranks above all numbers, so that the maximum is NaN. Where the model gives a class
    probability 0 and the reference does not, the divergence is infinite, and so is its mean: `infinite_tokens` are
    counted too.

    `update`, `merge` and `summary` may be called from several threads at once. A comparison can be pickled and copied.

    Examples
    --------
    A model whose logits were rounded to quarters:

    >>> import numpy as np, fastloss as fl
    >>> rng = np.random.default_rng(0)
    >>> comparison = fl.LogitsComparison()
    >>> for _ in range(10):
    ...     reference = 3 * rng.standard_normal((100, 50))
    ...     comparison.update(np.round(4 * reference) / 4, reference, rng.integers(0, 50, 100))
    >>> comparison
    <LogitsComparison of 1000 tokens, mean KL divergence 0.00168>
    >>> found = comparison.summary()
    >>> round(found.kl_median, 4), round(found.top1_agreement, 3), round(found.perplexity_ratio, 3)
    (0.0015, 0.944, 1.0)

    References
    ----------
    Kullback & Leibler 1951, "On Information and Sufficiency"; llama.cpp, tools/perplexity.
    """

    __slots__ = ("_axis", "_ignore_index", "_lock", "_num_threads", "_totals")

    @says_keywords
    def __init__(self, *, axis=-1, ignore_index=-100, num_threads=None):
        self._axis = check.as_integer(axis, "axis")
        self._ignore_index = check.as_ignore_index(ignore_index)
        self._num_threads = None if num_threads is None else as_thread_count(num_threads)
        self._totals = NO_TOTALS
        self._lock = threading.Lock()

    @property
    def tokens(self):
        return self._totals.counts["rows"]

    @says_keywords
    def update(self, logits, reference_logits, target=None):
        """Adds a block of rows. After an error, or Ctrl-C, the comparison is as it was before.

        Parameters
        ----------
        logits : array, float or integer, with C classes along the class axis
            The model's scores, normalised or not, of any other dimensions and any layout; -inf masks a class.
        reference_logits : array of the same shape
            The reference's. Its dtype may be another one; what is computed is in the wider type of both.
        target : array of integers of the shape of `logits` without the class axis, optional
            The label of each row, the token that came. Without labels a block adds to the divergence and to the
            agreement alone.

        Raises
        ------
        ValueError, TypeError
            For shapes, dtypes or labels that do not fit, and for another number of classes than the blocks before had.

        Examples
        --------
        >>> import numpy as np, fastloss as fl
        >>> comparison = fl.LogitsComparison()
        >>> comparison.update(np.array([[1.0, 2.0]], np.float16), [[1.0, 2.5]])
        >>> comparison.tokens
        1
        """
        block = Block(logits, reference_logits, target, self._axis, self._ignore_index)
        self._check_classes("logits", block.classes)
        totals = block.totals(self._num_threads)
        self._join("logits", totals)

    def merge(self, other):
        """Adds all that another comparison has seen, as of another worker. The other one stays as it is.

        Parameters
        ----------
        other : LogitsComparison

        Raises
        ------
        ValueError, TypeError
            For a comparison of another number of classes, for this one itself, and for what is no comparison.

        Examples
        --------
        >>> import numpy as np, fastloss as fl
        >>> first, second = fl.LogitsComparison(), fl.LogitsComparison()
        >>> first.update([[1.0, 2.0]], [[1.0, 2.5]])
        >>> second.update([[3.0, 2.0]], [[3.0, 2.5]])
        >>> first.merge(second)
        >>> first.tokens
        2
        """
        if not isinstance(other, LogitsComparison):
            raise TypeError(f"other is a {type(other).__name__}; expected a LogitsComparison")
        if other is self:
            raise ValueError("other is this comparison itself, whose tokens would count twice")
        self._join("other", other._totals)

    def summary(self):
        """The figures of all tokens so far.

        Returns
        -------
        ComparisonSummary

        Examples
        --------
        >>> import fastloss as fl
        >>> comparison = fl.LogitsComparison()
        >>> comparison.update([[1.0, 2.0], [0.0, 1.0]], [[1.0, 2.5], [2.0, 1.0]], [1, 0])
        >>> comparison.summary().top1_agreement
        0.5
        """
        return summary_of(self._totals)

    def plot(self, ax=None):
        """Draws the distribution of the divergence, on a logarithmic axis, with its quantiles. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without matplotlib.

        Examples
        --------
        >>> import fastloss as fl
        >>> ax = fl.LogitsComparison().plot()  # doctest: +SKIP
        """
        return draw(self._totals.divergence, ax)

    def _check_classes(self, name, classes):
        before = self._totals.classes
        if classes is not None and before is not None and classes != before:
            raise ValueError(f"{name} has {classes} classes; the tokens before had {before}")

    def _join(self, name, totals):
        """All at once, and nothing of it after an exception: one assignment."""
        with self._lock:
            self._check_classes(name, totals.classes)
            self._totals = self._totals.joined(totals)

    def __str__(self):
        return str(self.summary())

    def __repr__(self):
        counts = self._totals.counts
        return f"<LogitsComparison of {described(counts['rows'], estimate(counts, 'divergence', counts['rows'])[0])}>"

    def __getstate__(self):
        return self._axis, self._ignore_index, self._num_threads, self._totals

    def __setstate__(self, state):
        self._axis, self._ignore_index, self._num_threads, self._totals = state
        self._lock = threading.Lock()
