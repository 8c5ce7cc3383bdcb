"""Losses of a part of what a call is about, so that the parts give the bits of one call for all of it.

A sum of losses is two doubles, `high` and `low`: `high` is the sum rounded, and `low` what that leaves. The sum of such
sums is exact, so it does not depend on how elements, rows or sequences are divided into parts, and neither does what a
mean divides by. Gradient and curvature of a part are those of the whole, once they are divided by its denominator:

    parts = [part_of(loss, arguments, keywords)[0] for ...]           # of each block
    whole = joined(parts)                                             # whole.value is the value
    _, _, [grad] = part_of(loss, arguments, keywords, whole, derivatives=1)

A block has its own share of everything that goes along with elements, rows or sequences: predictions, target,
`sample_weight`, `where`, a PerColumn option. A class axis is never divided; with "batchmean", nor is any axis but the
first. What has to be known of the whole before a block is computed, is its denominator, and for rmse_loss its sum too:

- The value alone takes one pass, the gradient of a mean two; `want_sum=False` makes the first one cheap, where the
  denominator is enough (needs_sum): nothing is computed but that.
- A weighted mean of float32 whose denominator is below 2^-90 or above 2^90 is computed in double. So, for bits that are
  equal there too, a part is given the whole's denominator also for its sum.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from fastloss._reduction import NOTHING, RootRule, ValueRule, is_in_range, square_units
from fastloss._validation import rules


class Part(NamedTuple):
    """What a block, or several, add to a call. To be pickled; a few numbers."""

    total: tuple  # the weighted sum of the losses: two doubles
    denominator: tuple  # what a mean divides by, or 1 for a sum: two doubles
    rule: ValueRule | RootRule  # from these to the value

    @property
    def value(self):
        return self.rule.value(self.total[0], self.denominator[0])


def part_of(loss, arguments, keywords, whole=None, *, derivatives=0, want_sum=True, out=None, num_threads=None):
    """(Part, values, derivatives) of a block. `values` are those of reduction="none", where the sum is (0, 0); else
    None. There are so many derivatives; `whole` is the Part of all blocks that they are divided by, or None where the
    block is all. `out` is as for the verbs. Two derivatives come without sum and values, as from grad_and_hess. Without
    `want_sum` the sum is (0, 0), and without derivatives too nothing is computed."""
    call = loss._define(*arguments, **keywords)
    if whole is not None:
        call.be_part_of(whole)
    values, arrays, want_sum = None, [], want_sum and derivatives < 2
    if want_sum or derivatives:
        values, arrays = call.evaluate(want_sum, derivatives, out, num_threads)
    keeps_each = call.rule.reduction & rules.KEEPS
    total = call.total if want_sum and not keeps_each else NOTHING
    return Part(total, call.denominators, call.rule), values if keeps_each else None, arrays


def needs_sum(loss):
    """Whether derivatives of a block need the sum of the whole and not just its denominator."""
    return loss.__name__ == "rmse_loss"


def joined(parts):
    """The Part of all parts, in any order; there is at least one."""
    parts = list(parts)
    rule, denominator = parts[0].rule, parts[0].denominator
    if rule.reduction & rules.MEANS:
        denominator = _sum([number for part in parts for number in part.denominator])
    if isinstance(rule, RootRule):
        return _joined_squares(parts, denominator)
    return Part(_sum([number for part in parts for number in part.total]), denominator, rule)


def _joined_squares(parts, denominator):
    """In the unit that one call for all of it would find."""
    units = {part.rule.square_unit for part in parts}
    numbers = [number for part in parts for number in part.total]
    total, unit = _sum(numbers), max(units)
    if all(map(math.isfinite, numbers)) and (units != {1.0} or math.isinf(total[0])):
        squares = sum(_fraction(part.total) / Fraction(part.rule.square_unit) ** 2 for part in parts)
        total, unit = _rounded(squares), 1.0
        for other in [] if is_in_range(total[0]) else square_units(total[0]):
            again = _rounded(squares * Fraction(other) ** 2)
            if is_in_range(again[0]):
                total, unit = again, other
                break
    return Part(total, denominator, parts[0].rule._replace(square_unit=unit))


def _sum(numbers):
    """In two doubles."""
    if not all(map(math.isfinite, numbers)):
        return sum(numbers), 0.0
    try:
        high = math.fsum(numbers)
    except OverflowError:
        return _rounded(_fraction(numbers))
    return high, math.fsum([*numbers, -high])


def _fraction(numbers):
    return sum(map(Fraction, numbers))


def _rounded(exact):
    """A fraction in two doubles."""
    try:
        high = float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf, 0.0
    return high, float(exact - Fraction(high))
