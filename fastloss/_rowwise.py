"""Rows of class scores: validates the arguments of losses with a class axis and calls their kernels."""

import math

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss._loss import Evaluation, kernel_options
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
        self.count = math.prod(self.shape)
        self.batch = self.shape[0] if self.shape else 1
        self.bits = check.kernel_bits(code)
        self.kernels = kernels(self.bits)
        self.dtype = check.COMPUTE_DTYPES[self.bits]
        self.gradient_dtype = check.gradient_dtype(self.array, code)

    def labels(self, target, ignore_index):
        """Labels as int64, one a row, and how many of them count; `target` is an array."""
        return check.as_labels(target, "target", self.shape, self.classes, ignore_index, (self.name, self.array))

    def denominator(self, reduction):
        """What a mean divides by: the rows, or the first axis that is not the class axis."""
        return self.batch if reduction == "batchmean" else self.count

    def label_loss(self, kernel_name, target, sample_weight, class_weights, ignore_index, reduction, *, options=(),
                   temperature=1.0, weighs_mean=False):  # fmt: skip
        """A loss of src/rowwise/label_losses.h; `target` is an array. A mean is over the rows that count; where the
        class weights weigh it, over their weights."""
        ignore_index = check.as_integer(ignore_index, "ignore_index")
        reduction = check.as_reduction(reduction)
        labels, counted = self.labels(target, ignore_index)
        weights = check.as_row_weights(sample_weight, "sample_weight", self.shape)
        weights, weight_sum = combine_weights(weights, class_weights, labels, ignore_index)
        return RowEvaluation(
            self,
            self.kernels.cross_entropy.of_labels,
            (kernel_name, self.view, labels, weights, ignore_index, kernel_options(options), temperature),
            reduction,
            weight_sum if weighs_mean and weight_sum is not None else counted,
            (target, sample_weight),
        )


class RowEvaluation(Evaluation):
    """A call of a function of src/rowwise, which sees derivatives with the class axis last."""

    def __init__(self, rows, kernel, arguments, reduction, denominator, inputs):
        super().__init__(
            kernel, arguments, rows.array, rows.gradient_dtype, rows.shape, rows.dtype, reduction, denominator, inputs
        )
        self.axis = rows.axis
        self.rows = rows


class SoftTargetEvaluation(RowEvaluation):
    """With distributions as its target, which are looked at before anything is written."""

    def run(self, outputs):
        target = self.inputs[0]
        domain = check.DOMAINS["unit"]
        check.check_domain(target, "target", domain, self.rows.bits, outputs.threads, self.prediction)
        return super().run(outputs)


def combine_weights(weights, class_weights, labels, ignore_index):
    """One weight a row from sample and class weights, and the sum of the class weights that count."""
    if class_weights is None:
        return weights, None
    flat = labels.reshape(-1)
    is_counted = flat != ignore_index
    of_rows = np.zeros(flat.shape)
    of_rows[is_counted] = class_weights[flat[is_counted]]
    return (of_rows if weights is None else of_rows * weights), float(of_rows.sum())
