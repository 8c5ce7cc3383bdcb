"""Exact sums of float64 numbers, as Python integers: the same for any order of the numbers and any way of joining.

A double is an integer times a power of two. Integers of one power are added in doubles, which is exact for as many as
a block has; the powers are joined as integers of unlimited size. So nothing is rounded before the end, and a variance
that is a small difference of large sums keeps its digits.
"""

import math

import numpy as np

UNIT_BITS = 1126  # the unit of the sums is 2^-1126: the last bit of the smallest double, as a number of 53 bits
_LARGEST = 1e150  # of a factor: the product has to be finite
_SPLITTER = 2.0**27 + 1
_LOW_BITS = 26


def exact_sums(rows):
    """The sum of each row of finite numbers, in units of 2^-UNIT_BITS. There are less than 2^26 in a row."""
    mantissas, exponents = np.frexp(rows)
    whole = np.ldexp(mantissas, 53)
    high = np.floor(np.ldexp(whole, -_LOW_BITS))
    low = whole - np.ldexp(high, _LOW_BITS)
    first = int(exponents.min(initial=0))
    span = int(exponents.max(initial=0)) - first + 1
    places = (exponents - first + np.arange(len(rows))[:, None] * span).ravel()
    high, low = (np.bincount(places, part.ravel(), len(rows) * span).reshape(-1, span) for part in (high, low))
    totals, shift = [0] * len(rows), first - 53 + UNIT_BITS
    used = np.nonzero((high != 0) | (low != 0))
    for row, power, more, least in zip(*used, high[used].tolist(), low[used].tolist(), strict=True):
        totals[row] += ((int(more) << _LOW_BITS) + int(least)) << (shift + int(power))
    return totals


def products(a, b):
    """The products of two arrays in two parts, rounded and what that leaves: Dekker 1971, "A floating-point technique
    for extending the available precision". Factors beyond 1e150 are taken for that."""
    a, b = (np.clip(factor, -_LARGEST, _LARGEST) for factor in (a, b))
    (a_high, a_low), (b_high, b_low) = _halved(a), _halved(b)
    rounded = a * b
    return rounded, ((a_high * b_high - rounded) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halved(numbers):
    """As sums of two numbers of 26 bits."""
    scaled = numbers * _SPLITTER
    high = scaled - (scaled - numbers)
    return high, numbers - high


def mean_of(total, count):
    return total / (count << UNIT_BITS) if count else math.nan


def covariance_of_means(of_products, total, other_total, count):
    """From sums over `count` pairs: that of the two means, the unbiased covariance over the count."""
    if count < 2:
        return math.nan
    covariance = ((count * of_products) << UNIT_BITS) - total * other_total
    try:
        return covariance / ((count * count * (count - 1)) << (2 * UNIT_BITS))
    except OverflowError:
        return math.inf if covariance > 0 else -math.inf


def variance_of_mean(of_squares, total, count):
    """Exact, and so never below 0, but where a number is beyond 1e150, whose square is taken for less."""
    variance = covariance_of_means(of_squares, total, total, count)
    return math.inf if variance < 0 else variance
