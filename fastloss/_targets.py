"""What a cross-entropy of rows of logits is computed from, once validated: for all rows at once, or for some."""

import numpy as np

from fastloss import _validation as check
from fastloss._loss import kernel_options
from fastloss._rowwise import Labels, RowEvaluation, combined


class CrossEntropy:
    """Target, weights and options of a call, checked; numbers of distributions are not looked at yet.

    `target` is one label per row (int64, contiguous), or one distribution per row with its classes last; `weights` is
    one float64 per row, flat, or None.
    """

    def __init__(self, rows, target, reduction, class_weights, ignore_index, smoothing, temperature):
        self.rows = rows
        self.reduction = reduction
        self._options = smoothing, temperature
        self.has_distributions = target.shape == rows.array.shape
        self._is_plain = not self.has_distributions and not smoothing
        self._class_weights = None if class_weights is None else class_weights.astype(rows.dtype)
        if self.has_distributions:
            check.as_ignore_index(ignore_index)
            check.number_code(target, "target")
            reduction.over(rows.shape, check.WITH_BATCHMEAN)
            self.passed = target
            self.target, self._labels, self._ignored = check.seen_with_axis_last(target, rows.axis), None, -1
            self.weights, self.denominator = reduction.row_weights(), reduction.denominator()
            return
        self._labels = labels = Labels(rows, target, reduction, ignore_index)
        of_rows = labels.class_weights(class_weights)
        self.passed = self.target = labels.array
        self._ignored, self.denominator = labels.ignored, labels.denominator(of_rows)
        self.weights = combined(labels.weights, of_rows) if self._is_plain else labels.weights

    @property
    def takes_parts(self):
        """Whether the kernel takes the logits a part of the classes at a time, without derivatives."""
        return self._is_plain and self._options[1] == 1

    @property
    def part(self):
        """A part but the last has a multiple of so many classes."""
        return self.rows.kernels.cross_entropy.PART

    def call(self, logits, target, part=None):
        """The kernel of rows and their targets, and its arguments before the weights of the rows. `part` is for logits
        of some classes: see of_labels() in src/rowwise/row_calls.pxi."""
        kernels = self.rows.kernels.cross_entropy
        if self._is_plain:
            arguments = "cross_entropy", logits, target, self._ignored, kernel_options(()), self._options[1], part
            return kernels.of_labels, arguments
        pair = (target, None) if self.has_distributions else (None, target)
        return kernels.of_targets, (logits, *pair, self._class_weights, self._ignored, *self._options)

    def states(self, rows):
        """What the kernel keeps of rows between parts."""
        return np.tile(self.rows.kernels.cross_entropy.START, (rows, 1))

    def counts(self):
        """Of each row, flat, whether it counts and does not weigh 0; None where all do."""
        counts = None if self._labels is None else self._labels.counts()
        if self.weights is not None:
            counts = self.weights != 0 if counts is None else counts & (self.weights != 0)
        return None if counts is None or counts.all() else counts

    def check_distributions(self, threads):
        """Raises for a number that is no probability, in a row that counts."""
        if self.has_distributions:
            weighted = self.reduction.weighted_along(self.rows.axis, self.rows.array.shape)
            check.check_domain(
                self.passed, "target", check.DOMAINS["unit"], self.rows.bits, threads, weighted, self.rows.array
            )


class CrossEntropyEvaluation(RowEvaluation):
    """Of all rows at once. Distributions are looked at before anything is written."""

    def __init__(self, terms):
        kernel, arguments = terms.call(terms.rows.view, terms.target)
        super().__init__(terms.rows, kernel, arguments, terms.weights, terms.reduction, terms.denominator, terms.passed)
        self.terms = terms

    def run(self, outputs):
        self.terms.check_distributions(outputs.threads)
        return super().run(outputs)
