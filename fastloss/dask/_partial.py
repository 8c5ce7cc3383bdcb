"""What of a call can be computed from one block alone, and what needs the sums of all blocks.

A mean over all blocks divides by what no block knows, and so do its derivatives. From a block come its weighted sum of
losses and its share of that divisor, as TOTALS of _totals.py; the divisor of the whole goes back to the blocks.
"""

import math

import numpy as np

from fastloss._elementwise import RootMeanSquare
from fastloss._validation import rules
from fastloss.dask._totals import as_totals


def is_root(evaluation):
    return isinstance(evaluation, RootMeanSquare)


def denominator_alone(evaluation):
    """Of a block whose predictions are not there."""
    return as_totals((), (evaluation.denominator,))


def evaluate(evaluation, want_value, derivatives, num_threads, unit, totals=None):
    """(totals, or the values of reduction="none", or None where not wanted; a list of so many derivatives). `totals`
    are those of all blocks, None where the denominator of this one is that of all."""
    own = evaluation.denominator
    if is_root(evaluation):
        return _root(evaluation, want_value, derivatives, num_threads, totals)
    if totals is not None:
        evaluation.denominator = denominator_of(totals)
    if evaluation.reduction & rules.KEEPS:
        return evaluation.evaluate(want_value, derivatives, None, num_threads)
    sums = []
    run = evaluation.run
    evaluation.run = lambda outputs: sums.append(run(outputs)) or sums[0]
    _, arrays = evaluation.evaluate(want_value, derivatives, None, num_threads)
    made = as_totals((sums[0] * (evaluation.unit / unit),), (own,)) if want_value else None
    return made, arrays


def _root(evaluation, want_value, derivatives, num_threads, totals):
    made = None
    if want_value:
        root, unit = evaluation.root_and_unit(num_threads) if evaluation.prediction.size else (0.0, 1.0)
        total = evaluation.sum_of_squares(unit, num_threads) if evaluation.prediction.size else 0.0
        made = as_totals((total,), (evaluation.divisor,), -2 * round(math.log2(unit)))
    if not derivatives:
        return made, []
    root, unit = root_and_unit(totals)
    evaluation.root_and_unit = lambda threads: (root, unit)
    evaluation.divisor = denominator_of(totals)
    evaluation.denominator = 1 if evaluation.divisor else 0
    return made, evaluation.evaluate(False, derivatives, None, num_threads)[1]


def denominator_of(totals):
    return float(totals["denominator"].reshape(-1)[0])


def root_and_unit(totals):
    """Of the mean of squares, and the power of two that the root has to be divided by."""
    total, exponent, divisor = float(totals["total"].reshape(-1)[0]), int(totals["exponent"].reshape(-1)[0]), denominator_of(totals)
    mean = total / divisor if divisor else 0.0
    return (math.sqrt(mean) if mean >= 0 else math.nan), 2.0 ** (-exponent // 2)


def value_of(totals, divisor=None, *, code, unit, is_root):
    """The value of a reduction, from the totals of all blocks. A mean divides by their denominator, unless there is
    another: a number, or totals that have it."""
    if is_root:
        root, scale = root_and_unit(totals)
        return np.float64(root / scale if denominator_of(totals) else math.nan)
    if divisor is None or isinstance(divisor, np.ndarray):
        divisor = denominator_of(totals if divisor is None else divisor)
    total = float(np.ldexp(totals["total"].reshape(-1)[0], totals["exponent"].reshape(-1)[0])) * unit
    return np.float64(rules.value_of(code, total, divisor))
