"""Losses of elements, of distributions and of pairs of logits over their whole range, against mpmath with 80 digits."""

import functools

import mpmath
import numpy as np
import pytest

import fastloss as fl

FLOATS = ["float32", "float64"]
EPSILON = {"float32": mpmath.mpf(2) ** -23, "float64": mpmath.mpf(2) ** -52}
SMALLEST = {"float32": mpmath.mpf(2) ** -149, "float64": mpmath.mpf(2) ** -1074}
UNDERFLOW = {"float32": 3e-37, "float64": 1e-300}  # of softmaxes, whose terms may become 0 below
INF, ZERO = np.inf, mpmath.mpf(0)


@pytest.fixture(autouse=True)
def digits():
    """Not for the whole session: other tests have a precision of their own."""
    with mpmath.workdps(80):
        yield


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


def case_name(case):
    return case[0].__name__


# ---- regression: formulas of the difference of prediction and target ----


def exact_log_cosh(d):
    return mpmath.log1p(2 * mpmath.sinh(d / 2) ** 2), mpmath.tanh(d), mpmath.sech(d) ** 2


def exact_huber(d, delta):
    value = d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2)
    return value, max(min(d, delta), -delta), mpmath.mpf(abs(d) <= delta)


def exact_smooth_l1(d, beta):
    value, slope, _ = exact_huber(d, beta)
    return value / beta, slope / beta, 1 / beta if abs(d) < beta else ZERO


def exact_quantile(d, q):
    return abs(d) * (1 - q if d > 0 else q), 1 - q if d > 0 else (-q if d < 0 else d)


REGRESSION = {
    "l1": (fl.l1_loss, {}, lambda d: (abs(d), mpmath.sign(d))),
    "mse": (fl.mse_loss, {}, lambda d: (d * d, 2 * d, mpmath.mpf(2))),
    "log_cosh": (fl.log_cosh_loss, {}, exact_log_cosh),
}
for loss, option, formula, numbers in (
    (fl.huber_loss, "delta", exact_huber, (1.0, 3.3, 2.0**-100, 2.0**100)),
    (fl.smooth_l1_loss, "beta", exact_smooth_l1, (1.0, 3.3, 2.0**-100, 2.0**100)),
    (fl.quantile_loss, "quantile", exact_quantile, (0.0, 1e-3, 0.5, 0.9, 1.0)),
):
    for t in numbers:
        REGRESSION[f"{option} {t:.3g}"] = loss, {option: t}, lambda d, t=t, formula=formula: formula(d, mpmath.mpf(t))
DIFFERENCES = [0, 1e-42, 3e-39, 2e-38, 1e-30, 1e-22, 1e-19, 1e-10, 1e-4, 0.01, 0.3, 0.5, 0.9375, 0.96, 0.9999, 1.0001]
DIFFERENCES += [1.5, 3.25, 3.5, 7, 9.9, 20, 44, 50, 60, 88, 100, 350, 372, 700, 746, 1e4, 1e19, 1e25, 3e38]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("case", REGRESSION)
def test_regression(isa, name, case):
    loss, options, exact = REGRESSION[case]
    d = np.array(DIFFERENCES + ([1e-310, 1e-200, 1e-155, 1e160, 1e308] if name == "float64" else []))
    d = np.concatenate([d, -d])
    check_losses(loss, (d, 0), lambda x, y: exact(x), name, **options)
    check_losses(loss, (0, d), lambda x, y: exact(-y), name, **options)
    x, y = [1e6 + 0.5, 1e6, -1e6, -1e6 - 2], [1e6, 1e6 + 8, -1e6 - 1, 1e6]  # far from 0; the differences are exact
    check_losses(loss, (x, y), lambda x, y: exact(x - y), name, **options)


RATES = [-1e4, -700, -104, -100, -88, -20, -3.3, -1, -1e-5, -1e-30, 0, 1e-40, 1e-8, 0.5, 2, np.log(1e6), 20, 80, 88.5]
COUNTS = [0, 1e-300, 1e-40, 1e-10, 1e-3, 0.25, 0.5, 0.999, 1, 1.0001, 1.5, 2, 3.7, 11.5, 12, 12.5, 13, 20, 170.25, 1e6]


@functools.cache
def log_factorial(y):
    return mpmath.loggamma(y + 1) if y > 1e-30 else y * (mpmath.zeta(2) / 2 * y - mpmath.euler)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("full", [False, True])
def test_poisson(isa, name, full):
    # float32 forms the whole likelihood in double, where three terms may cancel
    share = EPSILON["float64"] / EPSILON[name] if full else 1

    def exact(x, y):
        rate, rest = mpmath.exp(x), log_factorial(y) if full else ZERO
        return (rate - x * y + rest, max(rate, abs(x * y), abs(rest)) * share), (rate - y, max(rate, y) * share), rate

    x, y = np.meshgrid(RATES + ([709] if name == "float64" else []), COUNTS)
    check_losses(fl.poisson_nll_loss, (x, y), exact, name, full=full)


SCALES = [("float32", 1e30), ("float32", 1e-42), ("float64", 1e200), ("float64", 1e-200), ("float64", 3e-320)]


@pytest.mark.parametrize(("name", "scale"), SCALES)
@pytest.mark.parametrize("weight", [[1.0, 1.0, 1.0, 1.0], [1.0, 0.25, 0.0, 2.0]], ids=str)
def test_root_mean_square(isa, name, scale, weight):
    x = np.array([scale, -2 * scale, 4 * scale, 0], dtype=name)
    value, grad = fl.rmse_loss.value_and_grad(x, 0, sample_weight=weight)
    exact = mpmath.sqrt(mpmath.fsum(w * number(d) ** 2 for d, w in zip(x, weight, strict=True)) / 4)
    check("value", value, exact, max(2 * EPSILON["float64"] * exact, SMALLEST["float64"]), "float64")
    for d, w, slope in zip(x, weight, grad, strict=True):
        check(f"grad at {d}", slope, w * number(d) / (4 * exact), 3 * EPSILON[name] * w * abs(number(d)) / exact, name)


# ---- probabilities ----


def cost(y, x):
    """-y log x; 0 log 0 = 0"""
    return ZERO if y == 0 else (-y * mpmath.log(x) if x else mpmath.inf)


def ratio(y, x):
    return ZERO if y == 0 else (y / x if x else mpmath.inf)


@functools.cache
def exact_decision(x, y):
    yes, no = ratio(y, x), ratio(1 - y, 1 - x)
    slope = (x - y) / (x * (1 - x)) if 0 < x < 1 else (no if no == mpmath.inf or not yes else -yes)
    rejected = -(1 - y) * mpmath.log1p(-x) if x < 1 else cost(1 - y, ZERO)
    return cost(y, x) + rejected, slope, ratio(yes, x) + ratio(no, 1 - x)


@functools.cache
def exact_class(x, y):
    # y / x may be subnormal before it is divided by x once more
    return cost(y, x), -ratio(y, x), (ratio(ratio(y, x), x), 1.2e-38 / x if x else ZERO)


@functools.cache
def exact_entropy(x, y):
    return cost(x, x), (-mpmath.log(x) - 1 if x else mpmath.inf, 1), -ratio(mpmath.mpf(1), x)


@functools.cache
def exact_divergence(x, y):
    value, slope, bend = exact_class(x, y)
    return value - cost(y, y), slope, bend


def probabilities(name):
    """Both ends, every order of size, and what lies about 1/2 and 1/e."""
    eps = float(EPSILON[name])
    p = [0, 1, 1 - eps / 2, 1 - eps, 1 - 1e-6, 1 - 1e-3, 0.99, 0.9, 0.75, 0.7071, 0.5001, 0.5, 0.4999, 0.36788, 0.3]
    p += [0.25, 0.1, 1e-3, 1e-7, 1e-20, 1e-37, 1e-40, 3e-44] + ([1e-160, 1e-310] if name == "float64" else [])
    return np.array(p, dtype=name)


@pytest.mark.parametrize("name", FLOATS)
def test_binary_cross_entropy(isa, name):
    p = probabilities(name)
    x, y = np.meshgrid(p, p)  # p == y among them
    check_losses(fl.binary_cross_entropy, (x, y), exact_decision, name)
    for change in (1e-6, 1e-4, 0.01):  # nearly equal: the gradient has the digits of their difference
        check_losses(fl.binary_cross_entropy, (p[2:], p[2:] * (1 - change)), exact_decision, name)


LOGITS = [0, 1e-30, 1e-3, 0.3, 1, 5, 12, 16, 17, 20, 36, 37, 50, 80, 87, 88, 90, 100, 103, 700, 710, 740, 1e4]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("weight", [None, 0, 1e-5, 1, 3.7, 100])
def test_binary_cross_entropy_with_logits(isa, name, weight):
    w = number(np.array(1 if weight is None else weight, dtype=name))

    def exact(x, y):
        yes, no = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
        value = w * y * mpmath.log1p(mpmath.exp(-x)) + (1 - y) * mpmath.log1p(mpmath.exp(x))
        return value, ((1 - y) * yes - w * y * no, max((1 - y) * yes, w * y * no)), (1 - y + w * y) * yes * no

    x, y = np.meshgrid(np.concatenate([LOGITS, -np.array(LOGITS)]), [0, 1, 0.5, 0.1, 1e-10, 1e-30, 0.999])
    # the weight multiplies a number that may be subnormal already
    check_losses(fl.binary_cross_entropy_with_logits, (x, y), exact, name, 2 * max(1, w), pos_weight=weight)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("length", [1, 25, 300])
def test_rows_of_probabilities(isa, rng, name, length):
    p = np.resize(probabilities(name), (2, length))
    check_losses(fl.entropy, (p,), exact_entropy, name)
    one_hot = (np.arange(length) == rng.integers(0, length, (2, 1))).astype(name)
    for y in (one_hot, rng.permuted(p, axis=1)):
        check_losses(fl.categorical_cross_entropy, (p, y), exact_class, name)
        check_losses(fl.categorical_cross_entropy, (p, y), exact_decision, name, include_negatives=True)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("base", [2, 10, 0.5, 1e300])
def test_entropy_in_other_units(isa, name, base):
    unit = 1 / mpmath.log(mpmath.mpf(base))

    def exact(x, y):
        value, (slope, _), bend = exact_entropy(x, y)
        return value * unit, (slope * unit, abs(unit)), bend * unit

    p = probabilities(name)
    p = p[p > (1e-36 if name == "float32" else 1e-306)].reshape(-1, 1)  # 1 / p is finite before it changes its unit
    check_losses(fl.entropy, (p,), exact, name, base=base)
    row = np.array([15, 0, 1], dtype=name)
    value, size, slopes, shares = exact_softmax_entropy((15, 0, 1))
    exact_row = value * unit, size * abs(unit), [a * unit for a in slopes], [a * abs(unit) for a in shares]
    check_softmax(results(fl.entropy_with_logits, row, base=base), exact_row, name)


def check_divergence(x, y, name):
    def allowed(x, y, parts):
        """Where both are close, y - x is exact: the sum has the digits of what is left, y log(y / x) - (y - x)."""
        terms, first_order = abs(sum(part for part, *_ in parts)), ZERO
        for q, p, (part, *_) in zip(map(number, x), map(number, y), parts, strict=True):
            close = abs(p - q) <= min(p, q) / 4
            terms += 6 * abs(part - (p - q) if close else part)
            first_order += abs(p - q) if close else 0
        return EPSILON[name] * terms + 4 * EPSILON["float64"] * first_order

    check_losses(fl.kl_divergence, (x, y), exact_divergence, name, row_allowed=allowed)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("length", [2, 7, 300])
@pytest.mark.parametrize("change", [0.5, 1e-2, 1e-3, 1e-5, 1e-7, 1e-12])
def test_divergence_of_nearly_equal_distributions(isa, rng, name, length, change):
    p = rng.dirichlet(np.ones(length), 2)
    q = p * np.exp(change * rng.normal(size=p.shape))
    check_divergence((q / q.sum(axis=1, keepdims=True)).astype(name), p.astype(name), name)


@pytest.mark.parametrize("name", FLOATS)
def test_divergence_of_every_size(isa, name):
    p = probabilities(name)
    for some in (p, p[-3:] * np.array([[1], [0.5], [0.9999]]), np.array([0.5, 5e-31])):
        x, y = (a.astype(name).reshape(-1, 1) for a in np.meshgrid(some, some))
        check_divergence(x, y, name)


# ---- logits ----


def softmax(row, temperature=1):
    """Probabilities, their logarithms, and how far each score is from the largest."""
    first = row.index(max(row))
    gaps = [(number(row[first]) - number(x)) / temperature for x in row]
    e = [mpmath.exp(-gap) for gap in gaps]
    rest = mpmath.fsum(e[:first] + e[first + 1 :])
    log_sum = mpmath.log1p(rest)
    return [a / (1 + rest) for a in e], [-gap - log_sum for gap in gaps], gaps


@functools.cache
def exact_softmax_entropy(row):
    """Entropy and gradient, and the size of what each is a sum of, in units of rounding: exp of an argument carries
    half a unit of every unit of it."""
    classes = [(p, log_p, 6 + gap) for p, log_p, gap in zip(*softmax(row), strict=True)]
    value = -mpmath.fsum(p * log_p for p, log_p, _ in classes if p)
    size = mpmath.fsum(p * units * ((units > 6) - log_p) for p, log_p, units in classes if p)
    slopes = [-p * (log_p + value) if p else ZERO for p, log_p, _ in classes]
    return value, size, slopes, [p * ((value - log_p) * units + size) if p else ZERO for p, log_p, units in classes]


@functools.cache
def exact_softmax_divergence(x, y, temperature):
    """The same of D(softmax(y) || softmax(x)). With l = log p - log q its parts are p (l - 1 + exp(-l)), all positive;
    where l is not near 0 they may be formed as the differences that they are."""
    value, size, slopes, shares = ZERO, ZERO, [], []
    sides = softmax(y, temperature), softmax(x, temperature)
    for p, q, log_p, log_q, gap, q_gap in zip(*(a for pair in zip(*sides, strict=True) for a in pair), strict=True):
        p_size, q_size = p * (6 + gap) if p else ZERO, q * (6 + q_gap) if q else ZERO
        if not p or not q:
            part, bound = (mpmath.inf, ZERO) if p else (q, q_size)
        else:
            apart = log_p - log_q
            part, far = p * (apart + mpmath.expm1(-apart)), abs(apart) > 0.3
            # as a difference, of p (l - 1) and q; an error of l is one of log_p + gap, the logarithm of a sum
            bound = p_size * (1 + abs(apart)) + q_size + p * abs(log_p + gap) if far else part * (12 + gap + q_gap)
        value, size = value + part, size + bound
        slopes.append((q - p) / temperature)
        shares.append((p_size + q_size) / temperature)
    return value, size, slopes, shares


def check_softmax(found, exact, name):
    (value, grad), (wanted, size, slopes, shares) = found, exact
    check("value", value, wanted, EPSILON[name] * size + UNDERFLOW[name], name)
    for c, (slope, share) in enumerate(zip(slopes, shares, strict=True)):
        check(f"grad[{c}]", grad[c], slope, EPSILON[name] * share + UNDERFLOW[name], name)


def check_logits(x, y, name, temperature=1.0):
    """The divergence of x from y, and the entropy of x."""
    x, y = np.array(x, dtype=name), np.array(y, dtype=name)
    alive = np.isfinite(x) | np.isfinite(y)
    of_x, of_y = tuple(x[alive].tolist()), tuple(y[alive].tolist())
    value, grad = results(fl.kl_divergence_with_logits, x, y, temperature=temperature)
    check_softmax((value, grad[alive]), exact_softmax_divergence(of_x, of_y, mpmath.mpf(temperature)), name)
    assert not grad[~alive].any()
    if temperature == 1:
        value, grad = results(fl.entropy_with_logits, x)
        check_softmax((value, grad[alive]), exact_softmax_entropy(of_x), name)
        assert not grad[~alive].any()


# fmt: off
# More classes: rows across the lanes up to 64, then short and long ones; masked, or with scores of their own.
FILLERS = {"alone": (0, 0), "61 more": (61, -4), "70 masked": (70, -INF), "1030 more": (1030, -4),
           "2100 masked": (2100, -INF)}
PAIRS = [  # x of the prediction, y of the truth
    ([20, 0], [25, 0]), ([0, 0], [80, 0]), ([46.3, 0], [45.1, 0.2]), ([0, -80], [0, -75]), ([0, 80, 3], [80, 0, 3]),
    ([0.1, -46.7], [46.3, 0]), ([300, 0, -5], [0, 300, 1]), ([30, 30, 0], [0, 0, 0]), ([0, 1, 2, -3], [0.5, 1, 1, -3]),
    ([1, 1, 1], [1, 1, 1]), ([0, -INF, 2], [1, -INF, 0]), ([0, 1, 2], [1, -INF, 0]), ([0, -INF, 2], [1, 0, 0]),
    ([0, -INF], [0, -300]), ([3], [7]),
]
# fmt: on


def widened(row, filler):
    """In sixteenths, which are exact up to 1e6."""
    count, level = FILLERS[filler]
    return np.concatenate([row, np.round(32 * np.sin(np.arange(count))) / 16 + level])


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize(("x", "y"), PAIRS, ids=str)
def test_logits(isa, name, filler, x, y):
    check_logits(widened(x, filler), widened(y, filler), name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [2, 5, 33, 70, 1050])
@pytest.mark.parametrize("change", [0.1, 1e-3, 1e-5, 1e-6, 1e-12])
def test_divergence_of_nearly_equal_logits(isa, rng, name, classes, change):
    y = 3 * rng.normal(size=classes)
    check_logits(y + change * rng.normal(size=classes), y, name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("filler", ["alone", "61 more", "70 masked"])
@pytest.mark.parametrize("shifts", [(1e6, 1e6), (-1e6, -1e6), (10, 0), (0, 1e4), (1e6, 0), (-1e4, 1e6)], ids=str)
def test_a_constant_added_to_either_side_changes_nothing(isa, name, filler, shifts):
    for x, y in (([0, 1, 2.5], [0.25, 1, 2]), ([0, 0.0625, 2], [0, 0, 2]), ([40, 0, 3], [38, 1, 2])):
        check_logits(widened(x, filler) + shifts[0], widened(y, filler) + shifts[1], name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [3, 70])
@pytest.mark.parametrize("change", [3, 1e-3])
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2, 3, 100])
def test_temperature(isa, rng, name, classes, change, temperature):
    y = 3 * rng.normal(size=classes)
    check_logits(y + change * rng.normal(size=classes), y, name, temperature)


# ---- infinity, NaN, weights, sums ----

# fmt: off
APART = [INF, -INF, 0, 0], [0, 0, INF, -INF]
SIGNS, ALL, NONE = np.array([1, -1, -1, 1]), [INF] * 4, [0] * 4
INFINITE = [  # loss, options, x, y, value, gradient, curvature
    (fl.l1_loss, {}, *APART, ALL, SIGNS),
    (fl.mse_loss, {}, *APART, ALL, SIGNS * INF, [2] * 4),
    (fl.huber_loss, {"delta": 3.0}, *APART, ALL, 3 * SIGNS, NONE),
    (fl.smooth_l1_loss, {"beta": 3.0}, *APART, ALL, SIGNS, NONE),
    (fl.smooth_l1_loss, {"beta": 0.0}, *APART, ALL, SIGNS, NONE),
    (fl.log_cosh_loss, {}, *APART, ALL, SIGNS, NONE),
    (fl.quantile_loss, {"quantile": 0.25}, *APART, ALL, [0.75, -0.25, -0.25, 0.75]),
    (fl.quantile_loss, {"quantile": 0.0}, *APART, [INF, 0, 0, INF], [1, 0, 0, 1]),
    (fl.quantile_loss, {"quantile": 1.0}, *APART, [0, INF, INF, 0], [0, -1, -1, 0]),
    *[(fl.poisson_nll_loss, {"full": full}, [-INF, -INF, INF, INF, 1e4, -1e4], [0, 1, 0, 1, 1, 1],
       [0, INF, INF, INF, INF, 1e4], [0, -1, INF, INF, INF, -1], [0, 0, INF, INF, INF, 0]) for full in (False, True)],
    (fl.binary_cross_entropy_with_logits, {}, [INF, INF, -INF, -INF, INF, -INF], [0, 1, 0, 1, 0.5, 0.5],
     [INF, 0, 0, INF, INF, INF], [1, 0, 0, -1, 0.5, -0.5], [0] * 6),
    (fl.binary_cross_entropy_with_logits, {"pos_weight": 0}, [INF, INF, -INF, -INF], [0, 1, 0, 1], [INF, 0, 0, 0],
     [1, 0, 0, 0], NONE),
]
WEIGHED = [  # loss, x, y; of each the first loss or derivative is infinite
    (fl.mse_loss, [-INF, 1], [0, 0]), (fl.mse_loss, [INF, 1], [0, 0]), (fl.log_cosh_loss, [-INF, 1], [0, 0]),
    (fl.poisson_nll_loss, [1e4, 0], [1, 1]), (fl.binary_cross_entropy_with_logits, [-INF, 0], [1, 1]),
    (fl.binary_cross_entropy, [0, 0.5], [1, 1]), (fl.binary_cross_entropy, [1, 0.5], [0, 1]),
    (fl.categorical_cross_entropy, [[0, 1], [0.5, 0.5]], [[1, 0], [1, 0]]), (fl.entropy, [[0, 1], [0.5, 0.5]], None),
    (fl.kl_divergence, [[0, 1], [0.5, 0.5]], [[1, 0], [1, 0]]),
    (fl.kl_divergence_with_logits, [[0, -INF], [1, 2]], [[0, 0], [2, 1]]),
]
NANS = [  # loss, how many arrays, classes
    *((loss, 2, 9) for loss in (fl.l1_loss, fl.mse_loss, fl.huber_loss, fl.smooth_l1_loss, fl.log_cosh_loss)),
    *((loss, 2, 9) for loss in (fl.quantile_loss, fl.poisson_nll_loss, fl.binary_cross_entropy)),
    (fl.binary_cross_entropy_with_logits, 2, 9),
    *((loss, count, classes) for classes in (5, 70, 300) for loss, count in (
        (fl.categorical_cross_entropy, 2), (fl.kl_divergence, 2), (fl.kl_divergence_with_logits, 2), (fl.entropy, 1),
        (fl.entropy_with_logits, 1))),
]
SUMMED = [  # loss, x, y, value
    (fl.l1_loss, 0.1, 0, lambda d: d), (fl.log_cosh_loss, 0.1, 0, lambda d: mpmath.log(mpmath.cosh(d))),
    (fl.poisson_nll_loss, 0.1, 0, mpmath.exp), (fl.binary_cross_entropy, 0.1, 1, lambda p: -mpmath.log(p)),
    (fl.binary_cross_entropy_with_logits, 0.1, 0, lambda x: mpmath.log1p(mpmath.exp(x))),
    (fl.mse_loss, 1e30, 0, lambda d: d * d), (fl.mse_loss, 1e-30, 0, lambda d: d * d),
]
# fmt: on


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("case", INFINITE, ids=case_name)
def test_infinity(isa, name, case):
    loss, options, x, y, *expected = case
    for found, wanted in zip(results(loss, np.array(x, name), np.array(y, name), **options), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("case", NANS, ids=case_name)
def test_nan_stays_in_its_element_or_row(isa, rng, name, case):
    loss, count, classes = case
    for place in range(count):
        arrays = rng.dirichlet(np.ones(classes), (2, 40)).astype(name)
        arrays[place, 7, 3] = np.nan
        assert np.isnan(loss(*arrays[:count]))
        value, *derivatives = results(loss, *arrays[:count])
        assert np.argwhere(np.isnan(value)).tolist() == [[7, 3][: value.ndim]]
        if loss is fl.poisson_nll_loss and place:
            derivatives.pop()  # the curvature exp(x) does not depend on the target
        for array in derivatives:
            assert np.isnan(array[7, 3])
            assert np.isfinite(np.delete(array, 7, axis=0)).all()
            assert value.ndim == 1 or np.isnan(array).sum() == 1


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("case", WEIGHED, ids=case_name)
def test_a_weight_of_zero_removes_what_is_infinite(isa, name, case):
    loss, *arrays = case
    arrays = [np.array(a, dtype=name) for a in arrays if a is not None]
    for array in results(loss, *arrays, sample_weight=[0.0, 1.0]):
        assert not array[0].any()
        assert np.isfinite(array).all()
    assert 0 < loss(*arrays, sample_weight=[0.0, 1.0]) < INF


@pytest.mark.parametrize("case", SUMMED, ids=case_name)
def test_sums_are_double(isa, case):
    """A float32 sum of 300,000 equal losses is off by 1e-3, the squares of 1e30 and 1e-30 leave float32's range."""
    loss, x, y, exact = case
    x = np.full(300_000, x, dtype="float32")
    wanted, units = exact(number(x[0])), 2**-29 if loss is fl.mse_loss else 4
    for reduction, count in (("sum", 300_000), ("mean", 1)):
        found = loss(x, y, reduction=reduction)
        check(reduction, found, count * wanted, units * EPSILON["float32"] * count * wanted, "float64")


def test_root_mean_square_of_extreme_weights(isa):
    for weight, root in ((1e300, 1e160), (1e-301, 10**-140.5)):
        value, grad = fl.rmse_loss.value_and_grad(np.array([1e10]), [0.0], sample_weight=[weight])
        assert value == pytest.approx(root, rel=1e-14)
        assert grad[0] == pytest.approx(weight / root * 1e10, rel=1e-14)
    ends = np.array([3e38], np.float32)
    value, grad = fl.rmse_loss.value_and_grad(ends, -ends)
    assert value == pytest.approx(6e38, rel=1e-7)
    assert grad[0] == 1


def test_divergence_at_the_ends_of_the_type(isa):
    x, y = np.array([3e38, 2e38], np.float32), np.array([-3e38, -3e38], np.float32)
    for padding in (0, 70):
        rest = np.full(padding, -np.inf, np.float32)
        value, grad = fl.kl_divergence_with_logits.value_and_grad(np.append(x, rest), np.append(y, rest))
        assert value == pytest.approx(5e37, rel=1e-6)
        np.testing.assert_array_equal(grad[:2], [0.5, -0.5])
    apart = np.array([0, -200], np.float32), np.array([0, -300], np.float32)
    assert fl.kl_divergence_with_logits(*apart) >= 0
