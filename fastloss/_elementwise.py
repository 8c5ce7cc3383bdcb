"""Losses that are a sum over elements (src/elementwise): validates their arguments and calls the kernel.

Of two kinds: those of single elements, which reductions add up over all elements, and those of distributions, whose
elements add up to one loss per row.
"""

import math

import numpy as np

from fastloss import _validation as check
from fastloss._foreign import is_not_0
from fastloss._kernels import kernels
from fastloss._loss import Evaluation, Outputs, kernel_options
from fastloss._pieces import extremes, pieces
from fastloss._reduction import RootRule, is_in_range, square_units
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
    third, the weight and which elements count beside it; `options` are the loss's own."""

    group = 1  # elements that have one loss: those along `group_axis`
    group_axis = None
    is_of_target = False  # whether a group without any target has no loss, whatever was predicted

    def __init__(self, name, arrays, first, options, reduction):
        x = arrays[0]
        code = check.rules.code_of(x)
        super().__init__(
            None, arrays, x, check.gradient_dtype(x, code), reduction.shape, check.compute_dtype(code),
            reduction.code, reduction.denominator(), arrays[1:],
        )  # fmt: skip
        self.name = name
        self.first = first  # what the prediction is called
        self.options = options
        self.bits = check.kernel_bits(code)  # of the float type to compute in
        self.is_weighted_mean = reduction.name == "weighted_mean"

    @property
    def computing_bits(self):
        """Double where float32 does not hold what the derivatives are multiplied with."""
        if self.is_weighted_mean and not 2.0**-90 < abs(self.denominator) < 2.0**90:
            return 64
        return self.bits

    def run(self, outputs):
        if not self.prediction.size:
            return super().run(outputs)
        return self.without_empty_rows(outputs) if self.is_of_target else self.compute(outputs)

    def without_empty_rows(self, outputs):
        """A row without any target has no loss, even if a prediction is NaN. That shows in the result: as it is rare,
        the result is computed again without such rows; unless it is written over the predictions."""
        if outputs.out_given and self.is_overwritten(outputs):
            if math.isnan(extremes(self.prediction)[1]):
                self.exclude_empty_rows()
            return self.compute(outputs)
        total = self.compute(outputs)
        return self.compute(outputs) if total[0] != total[0] and self.exclude_empty_rows() else total

    def is_overwritten(self, outputs):
        """Whether a derivative is written over the predictions."""
        given = [out for out in (outputs.grad, outputs.hess) if out is not None]
        return any(check.rules.overlap(self.prediction, out) for out in given)

    def exclude_empty_rows(self):
        """Whether there are any."""
        *arrays, weight, where = self.arguments
        rows = check.seen_with_axis_last(arrays[1], self.group_axis)
        has_target = np.zeros(rows.shape[:-1], np.bool_)
        for piece in pieces(rows.shape):
            has_target[piece[: has_target.ndim]] |= is_not_0(rows[piece]).any(axis=-1)
        has_target = np.expand_dims(has_target, self.group_axis)
        if has_target.all():
            return False
        has_target = np.broadcast_to(has_target, self.prediction.shape)
        where = has_target if where is None else where & has_target
        self.arguments = (*arrays, *((where, None) if weight is None else (weight, where)))
        return True

    def compute(self, outputs, options=None):
        """The weighted sum. The kernel looks at the numbers when it computes with them; where it would have written to
        the caller's own array by then, they are looked at before."""
        if outputs.out_given:
            self.check_domains(outputs.threads)
        order, arguments, seen = self.order(outputs.values is not None), self.arguments, outputs
        if order is not None:
            arguments, seen = tuple(_in_order(array, order) for array in arguments), outputs.copied()
            if self.group_axis is None:
                seen.values = _in_order(outputs.values, order)
            seen.grad, seen.hess = _in_order(outputs.grad, order), _in_order(outputs.hess, order)
        total, is_illegal = kernels(self.computing_bits).elementwise.evaluate(
            self.name,
            arguments,
            kernel_options(self.options if options is None else options),
            not outputs.out_given,
            self.group,
            seen,
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
        *arrays, _, weight, where = self.arguments
        domains = kernels(self.computing_bits).elementwise.domains(self.name)
        for array, name, domain in zip(arrays, (self.first, "target"), domains, strict=True):
            if array is not None:
                check.check_domain(array, name, domain, self.computing_bits, threads, (weight, where), self.prediction)


class RootMeanSquare(ElementwiseEvaluation):
    """Two passes: the sum of squares, whose root the gradient is divided by."""

    square_unit = 1.0  # what the sum is in the square of: not 1 where squares leave the range of double
    whole = None  # where this is a part of a call: a Part with the sum of all

    @property
    def rule(self):
        return RootRule(self.reduction, self.unit, self.square_unit)

    def value(self):
        return self.rule.value(self.total[0], self.denominator)

    def be_part_of(self, whole):
        super().be_part_of(whole)
        self.whole = whole

    def compute(self, outputs):
        total = self.sum_of_squares(outputs.threads)
        if outputs.grad is not None:
            rule, squares = (self.rule, total) if self.whole is None else (self.whole.rule, self.whole.total)
            root, unit = rule.root(squares[0], self.denominator), rule.square_unit
            # In a unit of about the root, so that neither the differences nor the scale leaves the range of the type.
            exponent = math.frexp(unit)[1] - (math.frexp(root)[1] if math.isfinite(root) else 0)
            near = 2.0 ** min(max(exponent, -1000), 1000)
            outputs.scale = 1 / (self.denominator * root * (near / unit)) if root else 0.0
            outputs.want_value = False
            super().compute(outputs, (near,))
        return total

    def sum_of_squares(self, threads):
        total = self.squares_in(1.0, threads)
        if not is_in_range(total[0]) and (self.computing_bits == 64 or self.arguments[3] is not None):
            for unit in square_units(total[0]):
                again = self.squares_in(unit, threads)
                if is_in_range(again[0]) or math.isnan(again[0]):
                    self.square_unit = unit
                    return again  # none: no difference at all, or infinite ones
        return total

    def squares_in(self, unit, threads):
        return super().compute(Outputs(True, None, 1.0, threads), (unit,))


def _in_order(array, order):
    return None if array is None else array.transpose(order)


def _memory_order(array):
    """The axes from the largest stride to the smallest, which keeps contiguous memory one run; None if they lie so."""
    if array.flags.c_contiguous:
        return None
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    return None if order == list(range(array.ndim)) else order


def elements(name, prediction, target, reduction, *, first, options=(), third=None, reductions=check.REDUCTIONS,
             kind=ElementwiseEvaluation):  # fmt: skip
    """A loss of single elements, whose mean is over those that count. `third` is (argument's name, array)."""
    x, _ = check.as_numbers(prediction, first)
    y = check.as_operand(target, "target", x.shape, first)
    z = None if third is None else check.as_operand(third[1], third[0], x.shape, first)
    reduction.over(x.shape, reductions)
    return kind(name, (x, y, z, *reduction.weighted), first, options, reduction)


def distributions(name, probs, target, axis, reduction):
    """A loss that adds up along `axis` to one number per row. `target` is None for a loss without one."""
    rows = Rows(probs, "probs", axis)
    if target is not None:
        target = check.as_same_shape(target, "target", rows.array, "probs")
    reduction.over(rows.shape, check.WITH_BATCHMEAN)
    if target is not None and reduction.uses_all:
        check.forbid_certain(rows.array, target, "probs")
    arrays = rows.array, target, None, *reduction.weighted_along(rows.axis, rows.array.shape)
    call = ElementwiseEvaluation(name, arrays, "probs", (), reduction)
    call.group, call.group_axis = rows.classes, rows.axis
    call.is_of_target = rows.kernels.elementwise.is_of_target(name)
    return call
