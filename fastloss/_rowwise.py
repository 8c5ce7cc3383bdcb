"""Rows of class scores: what every loss with a class axis needs of its arguments."""

import math

import numpy as np

from fastloss import _validation as check
from fastloss._loss import Problem


class Rows:
    """Class scores with the class axis last."""

    def __init__(self, scores, name, axis):
        self.name = name
        self.array, self.code = check.as_numbers(scores, name)
        self.view, self.axis = check.with_classes_last(self.array, axis, name)
        self.shape = self.view.shape[:-1]
        self.classes = self.view.shape[-1]
        self.count = math.prod(self.shape)
        self.batch = self.shape[0] if self.shape else 1
        self.bits = check.kernel_bits(self.code)
        self.dtype = check.compute_dtype(self.code)
        self.gradient_dtype = check.gradient_dtype(self.array, self.code)
        self.gradient_code = check.dtype_code(self.gradient_dtype)

    def last(self, derivative):
        """A derivative of the array's own shape, seen with the class axis last."""
        if derivative is None or self.axis == derivative.ndim - 1:
            return derivative
        return np.moveaxis(derivative, self.axis, -1)

    def labels(self, target, ignore_index):
        ignore_index = check.as_integer(ignore_index, "ignore_index")
        labels, counted = check.as_labels(
            check.as_array(target, "target"),
            "target",
            self.shape,
            self.classes,
            ignore_index,
            (self.name, self.array.shape),
        )
        return labels, counted, ignore_index

    def problem(self, reduction, denominator, run, inputs, work=None):
        """`run` sees the derivatives with the class axis last, and never an empty array."""

        def run_unless_empty(wanted):
            if self.array.size:
                wanted.grad, wanted.hess = self.last(wanted.grad), self.last(wanted.hess)
                return run(wanted)
            if wanted.values is not None:
                wanted.values[...] = 0
            return 0.0

        return Problem(
            self.array,
            self.gradient_dtype,
            self.shape,
            self.dtype,
            reduction,
            denominator,
            run_unless_empty,
            inputs,
            work,
        )


def combine_weights(weights, class_weights, labels, ignore_index):
    """One weight a row from sample and class weights, and the sum of the class weights that count."""
    if class_weights is None:
        return weights, None
    flat = labels.reshape(-1)
    counts = flat != ignore_index
    of_rows = np.where(counts, class_weights[np.where(counts, flat, 0)], 0.0)
    return (of_rows if weights is None else of_rows * weights), float(of_rows.sum())
