"""Losses that are a sum over elements (src/elementwise): validates their arguments and calls the kernel.

Of two kinds: those of single elements, which reductions add up over all elements, and those of distributions, whose
elements add up to one loss a row.
"""

import math

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss._loss import Evaluation, Outputs, kernel_options
from fastloss._rowwise import Rows
from fastloss._threads import GRAIN


def fast_path(name, *options):
    """For @loss: the fast path of a loss of src/elementwise/losses.h, with the defaults of the options that it has."""

    def make(modules, parameters):
        defaults = kernel_options([float(parameters[option].default) for option in options])
        return modules.elementwise.FastPath(name, defaults, check.REDUCTIONS, parameters["reduction"].default, GRAIN)

    return make


class ElementwiseEvaluation(Evaluation):
    """A validated call of a loss of src/elementwise/losses.h, but for the range of its numbers. The arrays are x, y, a
    third and the weight; `options` are the loss's own."""

    group = 1  # elements that have one loss: those along `group_axis`
    group_axis = None

    def __init__(self, name, arrays, first, options, value_shape, reduction, denominator):
        x = arrays[0]
        code = check.rules.code_of(x)
        super().__init__(
            None, arrays, x, check.gradient_dtype(x, code), value_shape, check.compute_dtype(code), reduction,
            denominator, arrays[1:],
        )  # fmt: skip
        self.name = name
        self.first = first  # what the prediction is called
        self.options = options
        self.bits = check.kernel_bits(code)  # of the float type to compute in

    def run(self, outputs):
        return self.compute(outputs) if self.prediction.size else super().run(outputs)

    def compute(self, outputs, options=None):
        """The weighted sum. The kernel looks at the numbers when it computes with them; where it would have written to
        the caller's own array by then, they are looked at before."""
        if outputs.out_given:
            self.check_domains(outputs.threads)
        order = self.order(outputs.values is not None)
        if self.group_axis is None:
            outputs.values = _in_order(outputs.values, order)
        outputs.grad, outputs.hess = _in_order(outputs.grad, order), _in_order(outputs.hess, order)
        total, is_illegal = kernels(self.bits).elementwise.evaluate(
            self.name,
            tuple(_in_order(array, order) for array in self.arguments),
            kernel_options(self.options if options is None else options),
            not outputs.out_given,
            self.group,
            outputs,
        )
        if is_illegal:
            self.check_domains(outputs.threads)
        return total

    def order(self, has_values):
        """The order of the axes in which elements are computed; None where it is theirs."""
        if self.group_axis is None or not has_values:
            return _memory_order(self.prediction)
        return [*(i for i in range(self.prediction.ndim) if i != self.group_axis), self.group_axis]

    def check_domains(self, threads):
        """Raises for the first number that is not legal."""
        for array, name, domain in zip(
            self.arguments, (self.first, "target"), kernels(self.bits).elementwise.domains(self.name), strict=False
        ):
            if array is not None:
                check.check_domain(array, name, domain, self.bits, threads, self.prediction)


class RootMeanSquare(ElementwiseEvaluation):
    """Two passes: the sum of squares, whose root the gradient is divided by."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.denominator = min(self.denominator, 1)  # `compute` gives the mean itself

    def compute(self, outputs):
        size = self.prediction.size
        root, unit = self.root_and_unit(size, outputs.threads)
        if outputs.grad is not None:
            # In a unit of about the root, so that neither the differences nor the scale leaves the range of the type.
            exponent = math.frexp(unit)[1] - (math.frexp(root)[1] if math.isfinite(root) else 0)
            near = 2.0 ** min(max(exponent, -1000), 1000)
            outputs.scale = 1 / (size * root * (near / unit)) if root else 0.0
            outputs.want_value = False
            super().compute(outputs, (near,))
        return root / unit

    def root_and_unit(self, size, threads):
        """The root of the mean square and the unit that it is in: another where squares leave the range of double."""
        unit, total = 1.0, self.sum_of_squares(1.0, threads)
        if not 1e-280 < abs(total) < math.inf and (self.bits == 64 or self.arguments[3] is not None):
            for power in (100, 300, 600):
                unit = 2.0 ** (power if abs(total) < 1 else -power)
                again = self.sum_of_squares(unit, threads)
                if 1e-280 < abs(again) < math.inf or math.isnan(again):
                    total = again
                    break
            else:
                unit = 1.0  # no difference at all, or infinite ones
        return (math.sqrt(total / size) if total >= 0 else math.nan), unit

    def sum_of_squares(self, unit, threads):
        return super().compute(Outputs(True, None, 1.0, threads), (unit,))


def _in_order(array, order):
    return array if array is None or order is None else array.transpose(order)


def _memory_order(array):
    """The axes from the largest stride to the smallest, which keeps contiguous memory one run; None if they lie so."""
    if array.flags.c_contiguous:
        return None
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    return None if order == list(range(array.ndim)) else order


def elements(name, prediction, target, sample_weight, reduction, *, first, options=(), third=None,
             reductions=check.REDUCTIONS, kind=ElementwiseEvaluation):  # fmt: skip
    """A loss of single elements, whose mean is over all of them. `third` is (argument's name, array)."""
    x, _ = check.as_numbers(prediction, first)
    y = check.as_operand(target, "target", x.shape, first)
    weight = check.as_weights(sample_weight, "sample_weight", x.shape)
    z = None if third is None else check.as_operand(third[1], third[0], x.shape, first)
    reduction = check.as_reduction(reduction, reductions)
    return kind(name, (x, y, z, weight), first, options, x.shape, reduction, x.size)


def distributions(name, probs, target, axis, sample_weight, reduction, *, reductions=check.REDUCTIONS):
    """A loss that adds up along `axis` to one number a row; a mean is over rows, "batchmean" over the first axis.
    `target` is None for a loss without one."""
    rows = Rows(probs, "probs", axis)
    if target is not None:
        target = check.as_distributions(target, "target", rows.array, "probs")
    weight = check.as_weights(sample_weight, "sample_weight", rows.shape)
    if weight is not None:
        weight = np.broadcast_to(np.expand_dims(weight, rows.axis), rows.array.shape)
    arrays = rows.array, target, None, weight
    code = check.as_reduction(reduction, reductions)
    call = ElementwiseEvaluation(name, arrays, "probs", (), rows.shape, code, rows.denominator(reduction))
    call.group, call.group_axis = rows.classes, rows.axis
    return call
