"""Sums over blocks that do not depend on how an array is cut: each is carried as the doubles that add up to it.

A block gives its sum as two doubles. Sums of these are exact but for what is below the last of WORDS doubles, so the
number that comes out at the end is the exact sum rounded once, whatever the blocks and whatever the order.
"""

import math

import numpy as np

WORDS = 4
STEP = 200  # of exponents, where a sum leaves the range of doubles

# Of a block, or of several: the weighted sum of the losses, and what a mean divides by. The first has to be multiplied
# with 2 ** exponent, so that a sum of squares may be beyond the range of doubles.
TOTALS = np.dtype([("total", np.float64, (WORDS,)), ("denominator", np.float64, (WORDS,)), ("exponent", np.int64)])


def as_totals(total, denominator, exponent=0, ndim=0):
    """An array of one element, of so many dimensions. Both sums are sequences of doubles."""
    made = np.zeros((1,) * ndim, TOTALS)
    made["total"][..., : len(total)] = total
    made["denominator"][..., : len(denominator)] = denominator
    made["exponent"] = exponent
    return made


def exact_sum(numbers):
    """The sum of doubles as WORDS doubles, the largest first; OverflowError where one alone has no room for it.
    Infinite numbers and NaN add up as NumPy's do."""
    numbers = [float(number) for number in numbers if number]
    if not all(map(math.isfinite, numbers)):
        with np.errstate(invalid="ignore"):
            return [float(np.sum(numbers))] + [0.0] * (WORDS - 1)
    words = []
    for _ in range(WORDS):
        words.append(math.fsum(numbers))
        numbers.append(-words[-1])
    return words


def merged(totals):
    """Those of several blocks, a list of arrays of one element, as those of all: an array of no dimensions."""
    totals = np.concatenate([one.reshape(-1) for one in totals])
    exponents, denominator = totals["exponent"], exact_sum(totals["denominator"].reshape(-1))
    used = exponents[totals["total"][:, 0] != 0]
    exponent = int(used.max()) if used.size else 0
    while True:
        with np.errstate(over="ignore", under="ignore"):  # what is lost is far below the last digit of the sum
            scaled = np.ldexp(totals["total"], (exponents - exponent)[:, None])
        try:
            return as_totals(exact_sum(scaled.reshape(-1)), denominator, exponent)
        except OverflowError:
            exponent += STEP


def finish(then, totals):
    """What `then` makes of the totals of all blocks."""
    return then(merged(totals))


def of_count(count):
    """Totals of a mean that divides by a number that was counted."""
    return as_totals((), (count,))
