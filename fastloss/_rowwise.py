"""Rows of class scores: validates the arguments of losses with a class axis and calls their kernels."""

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss._loss import Evaluation, kernel_options
from fastloss._reduction import scaled_to_one
from fastloss._threads import GRAIN


def fast_path(kernel_name, *options):
    """For @loss: the fast path of a loss of src/rowwise/label_losses.h, with the defaults of the options that it has.
    `kernel_name` is its name there, or gives it for the options."""

    def make(modules, parameters):
        defaults = [float(parameters[option].default) for option in options]
        name = kernel_name(*defaults) if callable(kernel_name) else kernel_name
        ignore_index, reduction = parameters["ignore_index"].default, parameters["reduction"].default
        return modules.cross_entropy.FastPath(
            name, kernel_options(defaults), ignore_index, check.REDUCTIONS, reduction, GRAIN
        )

    return make


class Rows:
    """Class scores, seen with the class axis last."""

    def __init__(self, scores, name, axis):
        self.name = name
        self.array, code = check.as_numbers(scores, name)
        self.view, self.axis = check.with_classes_last(self.array, axis, name)
        self.shape = self.view.shape[:-1]
        self.classes = self.view.shape[-1]
        self.bits = check.kernel_bits(code)
        self.kernels = kernels(self.bits)
        self.dtype = check.COMPUTE_DTYPES[self.bits]
        self.gradient_dtype = check.gradient_dtype(self.array, code)

    def label_loss(self, kernel_name, target, reduction, class_weights, ignore_index, *, options=(), temperature=1.0,
                   weighs_mean=False):  # fmt: skip
        """A loss of src/rowwise/label_losses.h; `target` is an array. A mean is over the rows that count; where the
        class weights weigh it, over their weights."""
        labels = Labels(self, target, reduction, ignore_index)
        of_rows = labels.class_weights(class_weights)
        return RowEvaluation(
            self,
            self.kernels.cross_entropy.of_labels,
            (kernel_name, self.view, labels.array, labels.ignored, kernel_options(options), temperature, None),
            combined(labels.weights, of_rows),
            reduction,
            labels.denominator(of_rows if weighs_mean else None),
            labels.array,
        )


class Labels:
    """One label per row, checked; and which of them count. `target` is an array."""

    __slots__ = ("_classes", "_ignore_index", "_not_ignored", "array", "ignored", "reduction", "weights")

    def __init__(self, rows, target, reduction, ignore_index):
        self.reduction = reduction.over(rows.shape, check.WITH_BATCHMEAN)
        self.weights = reduction.row_weights()  # one per row, or None
        self._ignore_index = check.as_ignore_index(ignore_index)
        self.ignored = -1 if ignore_index is None else self._ignore_index  # for the kernel
        self._classes = rows.classes
        self.array, self._not_ignored = check.as_labels(
            target, "target", rows.shape, rows.classes, self._ignore_index, self.weights, (rows.name, rows.array)
        )

    def counts(self):
        """Of each row, whether its label is not ignored."""
        flat = self.array.reshape(-1)
        return np.ones(flat.shape, np.bool_) if self._ignore_index is None else flat != self._ignore_index

    def class_weights(self, class_weights):
        """Those of each row's label, 0 for one that is no class; None stays None."""
        if class_weights is None:
            return None
        flat = self.array.reshape(-1)
        is_class = self.counts() & (flat >= 0) & (flat < self._classes)
        of_rows = np.zeros(flat.shape)
        of_rows[is_class] = class_weights[flat[is_class]]
        return of_rows

    def denominator(self, class_weights=None):
        """What the reduction divides by, as two doubles. `class_weights`, one per row or None, weigh the mean."""
        if self.reduction.name == "mean" and self.reduction.where is None and class_weights is None:
            return self._not_ignored, 0.0  # counted already
        return self.reduction.denominator(self.counts(), class_weights)


def combined(weights, more):
    """The product of weights, of which either may be None."""
    if weights is None or more is None:
        return more if weights is None else weights
    with np.errstate(all="ignore"):  # what 0 removes may be infinite or NaN
        return np.where((weights == 0) | (more == 0), 0.0, weights * more)


class RowEvaluation(Evaluation):
    """A call of a function of src/rowwise, which sees derivatives with the class axis last and takes the weights of the
    rows, or None, after its other arguments. `target` is the array that it reads beside the scores, or None."""

    def __init__(self, rows, kernel, arguments, weights, reduction, denominator, target):
        weights, self.weight_unit = scaled_to_one(weights)
        super().__init__(
            kernel, (*arguments, weights), rows.array, rows.gradient_dtype, rows.shape, rows.dtype, reduction.code,
            denominator, (target,),
        )  # fmt: skip
        self.axis = rows.axis
        self.rows = rows
