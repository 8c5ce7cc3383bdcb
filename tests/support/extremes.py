"""What the tests of extreme numbers share: a loss of elements or rows against formulas in mpmath, number by number."""

import functools

import mpmath
import numpy as np

FLOATS = ["float32", "float64"]
EPSILON = {"float32": mpmath.mpf(2) ** -23, "float64": mpmath.mpf(2) ** -52}
SMALLEST = {"float32": mpmath.mpf(2) ** -149, "float64": mpmath.mpf(2) ** -1074}
UNDERFLOW = {"float32": 3e-37, "float64": 1e-300}  # of softmaxes, whose terms may become 0 below
INF, ZERO = np.inf, mpmath.mpf(0)


def number(x):
    return mpmath.mpf(float(x))


def check(what, found, exact, allowed, name):
    """What is beyond the largest number of the type is infinite."""
    found = float(found)
    if abs(exact) > float(np.finfo(name).max):
        close, allowed = found == (INF if exact > 0 else -INF), ZERO
    else:
        close = np.isfinite(found) and abs(mpmath.mpf(found) - exact) <= allowed
    assert close, f"{what} is {found!r}, expected {mpmath.nstr(exact, 12)} within {mpmath.nstr(allowed, 3)}"


def results(loss, *arrays, **options):
    """Value, gradient and, where there is one, curvature."""
    try:
        hess = loss.grad_and_hess(*arrays, reduction="none", **options)[1:]
    except TypeError:
        hess = ()
    return [*loss.value_and_grad(*arrays, reduction="none", **options), *hess]


def check_losses(loss, arrays, exact, name, smallest=2, row_allowed=None, **options):
    """exact(x, y) gives an element's loss and its derivatives, each a number or (number, size of its terms); y is the
    last of the arrays. A row's loss is the sum of its elements'. Results are within 5 units in the last place of
    themselves or of their terms; subnormal ones within 2 units of the smallest number."""
    arrays = np.broadcast_arrays(*(np.array(a, dtype=name) for a in arrays))
    x, y = arrays[0], arrays[-1]
    value, *found = results(loss, *arrays, **options)
    parts = np.empty(x.shape, dtype=object)
    for place in np.ndindex(x.shape):
        parts[place] = exact(number(x[place]), number(y[place]))
    if value.shape == x.shape:
        found.insert(0, value)
    else:
        for r, row in enumerate(parts):
            total = sum((part[0] for part in row), ZERO)
            allowed = row_allowed(x[r], y[r], row) if row_allowed else 5 * EPSILON[name] * abs(total)
            check(f"loss of row {r}", value[r], total, max(allowed, 2 * SMALLEST[name]), name)
    for place in np.ndindex(x.shape):
        for order, array in enumerate(found, len(parts[place]) - len(found)):
            wanted = parts[place][order]
            wanted, terms = wanted if isinstance(wanted, tuple) else (wanted, ZERO)
            allowed = max(5 * EPSILON[name] * max(abs(wanted), terms), smallest * SMALLEST[name])
            what = f"derivative {order}" if order else "loss"
            check(f"{what} at {float(x[place])}, {float(y[place])}", array[place], wanted, allowed, name)


# ---- probabilities ----


def cost(y, x):
    """-y log x; 0 log 0 = 0"""
    return ZERO if y == 0 else (-y * mpmath.log(x) if x else mpmath.inf)


def ratio(y, x):
    return ZERO if y == 0 else (y / x if x else mpmath.inf)


@functools.cache
def exact_decision(x, y):
    positive, negative = ratio(y, x), ratio(1 - y, 1 - x)
    at_ends = negative if negative == mpmath.inf or not positive else -positive
    gradient = (x - y) / (x * (1 - x)) if 0 < x < 1 else at_ends
    rejected = -(1 - y) * mpmath.log1p(-x) if x < 1 else cost(1 - y, ZERO)
    return cost(y, x) + rejected, gradient, ratio(positive, x) + ratio(negative, 1 - x)


def probabilities(name):
    """Both ends, every order of magnitude, and numbers near 1/2 and 1/e."""
    eps = float(EPSILON[name])
    p = [0, 1, 1 - eps / 2, 1 - eps, 1 - 1e-6, 1 - 1e-3, 0.99, 0.9, 0.75, 0.7071, 0.5001, 0.5, 0.4999, 0.36788, 0.3]
    p += [0.25, 0.1, 1e-3, 1e-7, 1e-20, 1e-37, 1e-40, 3e-44] + ([1e-160, 1e-310] if name == "float64" else [])
    return np.array(p, dtype=name)
