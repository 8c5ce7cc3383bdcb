"""Losses that are a sum over elements (src/elementwise/losses.h): what lies between their arguments and the kernel.

Of two kinds: those of single elements, which reductions add up over all elements, and those of distributions, whose
elements add up to one loss a row.
"""

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss._loss import Problem
from fastloss._rowwise import Rows

ANY = (-np.inf, np.inf)
UNIT = (0.0, 1.0)
COUNT = (0.0, np.inf)


def quick(name, options=(0.0, 0.0), limits=(ANY, ANY)):
    """The short way of small calls of a loss of single elements, for @loss."""
    return lambda modules: modules.elementwise.Quick(name, options, (*limits[0], *limits[1])).call


class Points:
    """Prediction, target and weight as the kernel takes them, checked but for the range of their numbers."""

    def __init__(
        self, name, prediction, target, sample_weight, *, first, has_target=True, weights=None, extra=None, bits=None
    ):
        self.name = name
        self.first = first
        self.array, self.code = check.as_numbers(prediction, first)
        self.target, self.target_code = self.array, self.code
        self.has_target = has_target
        if has_target:
            self.target, self.target_code = check.as_operand(target, "target", self.array.shape, first)
        self.weights = weights or check.as_weights(sample_weight, "sample_weight", self.array.shape)
        self.extra = extra
        self.bits = bits or check.kernel_bits(self.code)
        self.dtype = check.gradient_dtype(self.array, self.code)
        self.value_dtype = check.compute_dtype(self.code)
        self.limits = None

    def limited(self, prediction, target):
        """What is legal: a lowest and a highest number for each. NaN passes, and comes out as NaN."""
        self.limits = (*prediction, *target)
        return self

    def check_range(self, threads):
        """Raises for the first number that is outside of its limits."""
        *of_prediction, low, high = self.limits
        check.check_range(self.array, self.code, self.first, *of_prediction, self.bits, threads)
        if self.has_target:
            check.check_range(self.target, self.target_code, "target", low, high, self.bits, threads)

    def compute(self, wanted, kernel=None, *, group=1, axis=None, options=(0.0, 0.0), scale=None):
        """The weighted sum. The kernel looks at the numbers when it comes to them; where it would have written to the
        caller's own array by then, they are looked at before.

        axis: that of a distribution, whose `group` elements have one loss; None where every element has its own.
        """
        limits = self.limits
        if limits is not None and wanted.given:
            self.check_range(wanted.threads)
            limits = None
        codes = check.dtype_code(self.dtype), check.dtype_code(np.dtype(self.value_dtype))
        arrays = [
            (self.array, self.code),
            (self.target if self.has_target else None, self.target_code),
            self.extra or (None, 0),
            self.weights,
            (wanted.values, codes[1]),
            (wanted.grad, codes[0]),
            (wanted.hess, codes[0]),
        ]
        if axis is not None and wanted.values is not None:  # one a row, in the order of the rows
            order = [*(i for i in range(self.array.ndim) if i != axis), axis]
        else:
            order = memory_order(self.array)
        if order is not None:
            arrays = [
                (a if a is None or (axis is not None and a is wanted.values) else a.transpose(order), code)
                for a, code in arrays
            ]
        scale = wanted.scale if scale is None else scale
        if kernel is None:
            kernel = kernels(self.bits).elementwise.evaluate
            total, outside = kernel(self.name, arrays, wanted.value, group, limits, options, scale, wanted.threads)
        else:
            total, outside = kernel(arrays, wanted.value, limits, options, scale, wanted.threads)
        if outside:
            self.check_range(wanted.threads)
        return total

    def problem(self, reduction, run=None, **settings):
        """Of single elements: a mean is over all of them."""
        return Problem(
            self.array,
            self.dtype,
            self.array.shape,
            self.value_dtype,
            reduction,
            self.array.size,
            run or (lambda wanted: self.compute(wanted, **settings)),
            (self.target, self.weights[0], self.extra and self.extra[0]),
        )


def memory_order(array):
    """The axes from the widest stride to the narrowest, or None if they lie so: what is contiguous stays a run."""
    if array.flags.c_contiguous:
        return None
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    return None if order == list(range(array.ndim)) else order


def distributions(name, probs, target, axis, sample_weight, reduction, *, limits, unit=1.0, has_target=True):
    """A loss that adds up along `axis` to one number a row; a mean is over rows, "batchmean" over the first axis.

    `unit` multiplies losses and derivatives.
    """
    rows = Rows(probs, "probs", axis)
    if has_target:
        target = check.as_array(target, "target")
        if target.shape != rows.array.shape:
            raise ValueError(f"target has shape {target.shape}; expected that of probs, {rows.array.shape}")
    weights, weight_code = check.as_weights(sample_weight, "sample_weight", rows.shape)
    if weights is not None:
        weights = np.broadcast_to(np.expand_dims(weights, rows.axis), rows.array.shape)
    points = Points(
        name, rows.array, target, None, first="probs", has_target=has_target, weights=(weights, weight_code)
    )
    points.limited(*limits)

    def run(wanted):
        total = 0.0
        if rows.array.size:
            scale = wanted.scale * unit
            total = points.compute(wanted, group=rows.classes, axis=rows.axis, scale=scale) * unit
            if unit != 1 and wanted.values is not None:
                wanted.values *= unit
        elif wanted.values is not None:
            wanted.values[...] = 0
        return total

    return Problem(
        rows.array,
        points.dtype,
        rows.shape,
        points.value_dtype,
        reduction,
        rows.batch if reduction == "batchmean" else rows.count,
        run,
        (points.target if has_target else None, weights),
    )
