"""The distribution of many numbers: all of them while they are less than a million, then counts of bins.

A bin has all doubles of one sign, exponent and leading 10 bits of the fraction: so it is a step of 2^-10 of its lower
end wide, and its middle is within 2^-11 of any number in it. Counts are exact, and what a number counts for does not
depend on others; so ranks are exact, and the result is the same for any order and any way of joining. Of each exponent
that occurs there are at most 1024 bins, of 12 bytes each.
"""

import math
from typing import NamedTuple

import numpy as np

KEPT = 10**6  # numbers: from so many on, counts
RELATIVE_ERROR = 2.0**-11  # of a number that is known by its bin
_FRACTION_BITS = 42  # of a double's 52, which its bin leaves out
_PENDING = 1 << 16  # numbers that are counted at once

_NO_BINS = (np.empty(0, np.int32), np.empty(0, np.int64))


class Distribution(NamedTuple):
    """Never changed: `joined` makes another one. NaN are counted apart; they rank above all numbers."""

    count: int = 0  # of the numbers that are not NaN
    nans: int = 0
    low: float = math.inf
    high: float = -math.inf
    numbers: tuple = ()  # arrays, each at most half as large as the one before: all numbers, or those that are not yet
    bins: tuple | None = None  # in these bins: keys in order, and how many numbers each has

    def joined(self, other):
        """With the numbers of another one."""
        count, numbers, bins = self.count + other.count, _joined_arrays(self.numbers, other.numbers), None
        if count >= KEPT:
            bins = _joined_bins(self.bins or _NO_BINS, other.bins or _NO_BINS)
            if self.bins is None or sum(array.size for array in numbers) >= _PENDING:
                numbers, bins = (), _joined_bins(bins, _bins_of(numbers))
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Distribution(count, self.nans + other.nans, low, high, numbers, bins)

    @property
    def is_exact(self):
        return self.count < KEPT

    def counted(self):
        """The numbers and how many there are of each: for a picture. Those of bins are the bins' middles."""
        if self.is_exact:
            numbers = np.concatenate([np.empty(0), *self.numbers])
            return numbers, np.ones(numbers.size, np.int64)
        keys, counts = _joined_bins(self.bins, _bins_of(self.numbers))
        return np.clip(_middles(keys), self.low, self.high), counts

    def quantiles(self, fractions):
        """As np.quantile gives them, between the two numbers of neighbouring ranks; but NaN are ranked last, and
        without numbers all are NaN."""
        places = [fraction * (self.count + self.nans - 1) for fraction in fractions]
        ranks = {rank for place in places for rank in (math.floor(place), math.ceil(place))}
        at = self._at_ranks(sorted(ranks))
        return [_between(at, place) for place in places]

    def _at_ranks(self, ranks):
        """{rank: number}, for those that there are."""
        ranks = [rank for rank in ranks if 0 <= rank < self.count]
        if not ranks:
            return {}
        if self.is_exact:
            found = np.partition(np.concatenate(self.numbers), ranks)[ranks]
        else:
            numbers, counts = self.counted()
            found = numbers[np.searchsorted(np.cumsum(counts), ranks, side="right")]
        known = {0: self.low, self.count - 1: self.high}  # of which bins know less
        return {rank: known.get(rank, float(number)) for rank, number in zip(ranks, found, strict=True)}


def distribution_of(numbers):
    """Of an array of one dimension, which is kept."""
    numbers = numbers + 0.0  # a copy, without -0
    is_nan = np.isnan(numbers)
    nans = int(np.count_nonzero(is_nan))
    numbers = numbers[~is_nan] if nans else numbers
    if not numbers.size:
        return Distribution(nans=nans)
    extent = float(numbers.min()), float(numbers.max())
    if numbers.size < KEPT:
        return Distribution(numbers.size, nans, *extent, (numbers,))
    return Distribution(numbers.size, nans, *extent, (), _bins_of((numbers,)))


def _joined_arrays(arrays, others):
    """Few arrays of all their numbers: small ones are put together, so that each number is copied a few times only."""
    arrays = sorted((*arrays, *others), key=len, reverse=True)
    while len(arrays) > 1 and 2 * arrays[-1].size > arrays[-2].size:
        arrays[-2:] = [np.concatenate(arrays[-2:])]
    return tuple(arrays)


def _bins_of(arrays):
    if not arrays:
        return _NO_BINS
    bits = np.concatenate(arrays).view(np.int64)
    places = (bits & (2**63 - 1)) >> _FRACTION_BITS
    keys, counts = np.unique(np.where(bits < 0, -1 - places, places).astype(np.int32), return_counts=True)
    return keys, counts.astype(np.int64)


def _joined_bins(bins, others):
    if not bins[0].size or not others[0].size:
        return bins if bins[0].size else others
    keys, places = np.unique(np.concatenate([bins[0], others[0]]), return_inverse=True)
    counts = np.zeros(keys.size, np.int64)
    np.add.at(counts, places.reshape(-1), np.concatenate([bins[1], others[1]]))
    return keys, counts


def _middles(keys):
    """Of bins; of infinity, and of numbers too small for an exponent of their own, the lower end, which may be 0."""
    places = np.where(keys < 0, -1 - keys, keys).astype(np.int64)
    exponents = places >> (52 - _FRACTION_BITS)
    half = np.where((exponents == 0) | (exponents == 2047), 0, 1 << (_FRACTION_BITS - 1))
    numbers = ((places << _FRACTION_BITS) | half).view(np.float64)
    return np.where(keys < 0, -numbers, numbers)


def _between(at, place):
    """The number at a place between two ranks."""
    low, high = (at.get(rank, math.nan) for rank in (math.floor(place), math.ceil(place)))
    if low == high:
        return low
    share = place - math.floor(place)
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)
