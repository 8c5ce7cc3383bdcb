"""The constant that is best by the quantile loss."""

import numpy as np

from fastloss.metrics import _inputs as inputs

EPS = float(np.finfo(np.float64).eps)


def quantile_of_each(array, weight, alpha):
    """Weighted quantiles down the columns, in double precision. Between two samples it is the upper one; where the
    weights up to a sample are just the share `alpha`, the middle of that sample and the next: the method
    ``averaged_inverted_cdf`` of `numpy.quantile`."""
    columns = (np.array(inputs.floats(column), np.float64) for column in array.T)
    if weight is None:
        return np.array([_quantile(column, alpha) for column in columns])
    each = np.asarray(inputs.floats(weight.array), np.float64)
    return np.array([_weighted_quantile(column, each, alpha) for column in columns])


def _quantile(column, alpha):
    """Without sorting all."""
    goal = _share(alpha, len(column))
    place = max(int(np.ceil(goal)), 1) - 1
    above = min(place + 1, len(column) - 1) if goal and place + 1 - goal <= EPS else place
    column.partition([place, above])
    return (column[place] + column[above]) / 2


def _weighted_quantile(column, weight, alpha):
    order = column.argsort()
    so_far = weight[order].cumsum()
    goal = _share(alpha, so_far[-1]) or 5e-324  # a first sample without weight does not count
    last = len(column) - 1
    place = above = min(int(so_far.searchsorted(goal)), last)
    if so_far[place] - goal <= EPS:
        above = int(so_far.searchsorted(so_far[place], side="right"))  # the next that has a weight
    return (column[order[place]] + column[order[above if above <= last else place]]) / 2


def _share(alpha, total):
    """scikit-learn rounds so: which of two samples a quantile is of may depend on it."""
    return alpha * 100 / 100 * total
