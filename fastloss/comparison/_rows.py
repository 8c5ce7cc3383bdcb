"""What a comparison adds up: from the arguments of an update to figures of each row, and from these to totals."""

from typing import NamedTuple

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss._reduction import Reduction
from fastloss._rowwise import Labels, Rows
from fastloss._threads import nothing_to_compute, threads_for
from fastloss.comparison._distribution import Distribution, distribution_of
from fastloss.comparison._sums import exact_sums, products

_COUNTS, _AGREES = 1, 2  # bits of a row that the kernel sets: ROW_COUNTS, ROW_AGREES in src/rowwise/row_jobs.pxi
_PIECE = 8192  # rows that are added up at once
_PASSES = 3  # a row takes as long as so many softmaxes

SUMS = (
    *("divergence", "divergence_squared"),
    *("cost", "cost_squared", "reference_cost", "reference_cost_squared", "cost_product"),
    *("change", "change_squared", "change_squared_rest", "change_fourth"),
)
FIGURES = ("divergence", "cost", "reference_cost", "change")  # of a row; those that are not finite are counted apart


class Totals(NamedTuple):
    """Of the rows so far, by which everything of a summary can be said. Never changed."""

    classes: int | None  # None: there was no row yet
    counts: dict  # integers, by name
    divergence: Distribution
    change: Distribution  # of the label's probability

    def joined(self, other):
        classes = other.classes if self.classes is None else self.classes
        counts = {name: count + other.counts[name] for name, count in self.counts.items()}
        return Totals(classes, counts, self.divergence.joined(other.divergence), self.change.joined(other.change))


NO_TOTALS = Totals(
    None,
    dict.fromkeys(("rows", "agreeing", "labelled", *SUMS), 0)
    | {f"{name}_{what}": 0 for name in FIGURES for what in ("nan", "infinite")},
    Distribution(),
    Distribution(),
)


class Block:
    """Two arrays of logits and, unless that is None, the labels of their rows, checked."""

    def __init__(self, logits, reference_logits, target, axis, ignore_index):
        rows = Rows(logits, "logits", axis)
        if reference_logits is None:
            raise TypeError("reference_logits is None; expected an array of the shape of logits")
        reference = check.as_same_shape(reference_logits, "reference_logits", rows.array, "logits")
        code = check.number_code(reference, "reference_logits")
        if not rows.classes:
            raise ValueError(f"logits has shape {rows.array.shape}, without a class along axis {rows.axis}")
        self.classes = rows.classes
        self._rows = rows
        self._reference = check.seen_with_axis_last(reference, rows.axis)
        self._bits = max(rows.bits, check.kernel_bits(code))
        self._labels = None
        if target is not None:
            target = check.as_array(target, "target")
            self._labels = Labels(rows, target, Reduction("none", None, None), ignore_index)

    def totals(self, num_threads):
        size = self._rows.view.size // self.classes
        threads = threads_for(num_threads, _PASSES * self._rows.array.size)
        if not size:
            nothing_to_compute()
            return NO_TOTALS._replace(classes=self.classes)
        found, divergence = np.zeros(size, np.uint8), np.zeros(size)
        costs = (None, None) if self._labels is None else (np.zeros(size), np.zeros(size))
        labels, ignored = (None, -1) if self._labels is None else (self._labels.array, self._labels.ignored)
        kernels(self._bits).divergence.compare(
            self._rows.view, self._reference, labels, ignored, (found, divergence, *costs), threads
        )
        totals = NO_TOTALS._replace(classes=self.classes)
        with np.errstate(all="ignore"):
            for start in range(0, size, _PIECE):
                piece = slice(start, start + _PIECE)
                parts = [None if array is None else array[piece] for array in (found, divergence, *costs)]
                totals = totals.joined(_totals_of(*parts))
        return totals


def _totals_of(found, divergence, cost, reference_cost):
    """Of some rows, whose costs may be None."""
    counted = (found & _COUNTS) != 0
    has_labels = cost is not None
    agreeing = int(np.count_nonzero(found & _AGREES))
    cost, reference_cost = (part[counted] if has_labels else np.empty(0) for part in (cost, reference_cost))
    figures = dict(
        zip(FIGURES, (divergence[counted], cost, reference_cost, _change(cost, reference_cost)), strict=True)
    )
    counts = dict(NO_TOTALS.counts)
    counts |= {"rows": int(np.count_nonzero(counted)), "agreeing": agreeing, "labelled": cost.size}
    for name, numbers in figures.items():
        counts[f"{name}_nan"] = int(np.count_nonzero(np.isnan(numbers)))
        counts[f"{name}_infinite"] = int(np.count_nonzero(np.isinf(numbers)))
    if counts["rows"]:
        counts |= _sums_of({name: np.where(np.isfinite(numbers), numbers, 0.0) for name, numbers in figures.items()})
    return Totals(None, counts, distribution_of(figures["divergence"]), distribution_of(figures["change"]))


def _change(cost, reference_cost):
    """Of the label's probability, exp(-cost) - exp(-reference_cost): with all its digits where that is small."""
    apart = np.where(cost == reference_cost, 0.0, np.abs(cost - reference_cost))
    larger = np.exp(-np.minimum(cost, reference_cost))
    return np.where(cost < reference_cost, 1.0, -1.0) * larger * -np.expm1(-apart)


def _sums_of(figures):
    """{name: exact sum}; those that are of no row are left out."""
    divergence, cost, reference_cost, change = figures.values()
    terms = {"divergence": (divergence,), "divergence_squared": products(divergence, divergence)}
    found = _added(terms)
    if cost.size:
        squared, rest = products(change, change)
        terms = {
            "cost": (cost,),
            "cost_squared": products(cost, cost),
            "reference_cost": (reference_cost,),
            "reference_cost_squared": products(reference_cost, reference_cost),
            "cost_product": products(cost, reference_cost),
            "change": (change,),
            "change_squared": (squared,),
            "change_squared_rest": (rest,),
            "change_fourth": products(squared, squared),
        }
        found |= _added(terms)
    return found


def _added(terms):
    """The sum of each, whose parts are added too."""
    sums = iter(exact_sums(np.stack([part for parts in terms.values() for part in parts])))
    return {name: sum(next(sums) for _ in parts) for name, parts in terms.items()}
