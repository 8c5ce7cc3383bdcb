"""Extreme scores of the row and focal losses, against mpmath with 220 digits: certainty, both tails, NaN, infinity."""

import mpmath
import numpy as np
import pytest

import fastloss as fl

# Differences of losses near 300 by scores whose class has probability 1e-133 still need their digits.
mpmath.mp.dps = 220

# Relative, with no absolute part: a loss of 1e-30 has its digits. What underflows in the dtype may be 0.
RELATIVE = {"float32": 5e-6, "float64": 1e-13}
UNDERFLOW = {"float32": 3e-37, "float64": 1e-300}
FLOATS = ["float32", "float64"]


def check(what, found, exact, name, factor=1.0, underflow=1.0):
    """Against a number of mpmath."""
    allowed = factor * RELATIVE[name] * abs(exact) + underflow * UNDERFLOW[name]
    close = bool(abs(mpmath.mpf(float(found)) - exact) <= allowed)
    assert close, f"{what} is {float(found)!r}, expected {mpmath.nstr(exact, 12)} within {mpmath.nstr(allowed, 3)}"


def probabilities(row):
    """p and 1 - p of every class, as mpmath numbers."""
    terms = [mpmath.exp(mpmath.mpf(float(x))) if x != -np.inf else mpmath.mpf(0) for x in row]
    total = mpmath.fsum(terms)
    return [t / total for t in terms], [mpmath.fsum(terms[:c] + terms[c + 1 :]) / total for c in range(len(terms))]


ROWS = [
    [20, 0],
    [0, 20],
    [80, 0],
    [0, 300, -300],
    [0, 1e-3, 0],
    [1000, 999, 0],
    [-1000, -1020, -1000.5, -1001],
    [15, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [30, -np.inf, 0, -np.inf],
    [-np.inf, 5, -np.inf],
    [1e-30, 0],
]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("padding", [0, 60], ids=["few classes", "many classes"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_cross_entropy_near_and_far_from_certainty(isa, name, row, padding):
    x = np.array(row + [-np.inf] * padding, dtype=name)
    p, not_p = probabilities(x)
    for label in range(len(row)):
        if x[label] == -np.inf:
            continue
        value, grad = fl.cross_entropy.value_and_grad(x, label)
        loss = -mpmath.log1p(-not_p[label]) if not_p[label] < 0.5 else -mpmath.log(p[label])
        check(f"value of label {label}", value, loss, name)
        _, hess = fl.cross_entropy.grad_and_hess(x, label)
        for c in range(len(x)):
            # exp of a float32 argument near -80 carries 80 roundings of it
            check(f"grad[{c}] of label {label}", grad[c], -not_p[c] if c == label else p[c], name, factor=4)
            check(f"hess[{c}] of label {label}", hess[c], p[c] * not_p[c], name, factor=4)


@pytest.mark.parametrize("name", FLOATS)
def test_the_loss_of_a_certain_row_is_not_zero(isa, name):
    x = np.array([[20, 0]], dtype=name)
    value, grad = fl.cross_entropy.value_and_grad(x, [0])
    assert value == pytest.approx(2.0611536e-9, rel=1e-6)
    np.testing.assert_allclose(grad, [[-2.0611536e-9, 2.0611536e-9]], rtol=1e-6)
    assert fl.cross_entropy(x, [0], reduction="none")[0] == pytest.approx(2.0611536e-9, rel=1e-6)
    assert fl.cross_entropy(x, np.array([[1.0, 0.0]])) == pytest.approx(2.0611536e-9, rel=1e-6)
    assert fl.softmax_focal_loss(x, [0], gamma=0) == pytest.approx(2.0611536e-9, rel=1e-6)
    assert fl.log_softmax(x)[0, 0] == pytest.approx(-2.0611536e-9, rel=1e-6)


LOGITS = [-1e4, -100, -88, -30, -20, -5, -1e-3, 0, 1e-20, 0.7, 5, 12, 20, 50, 87, 100, 700, 1e4]
GAMMAS = [0, 0.5, 1, 2, 3.7]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_sigmoid_focal_in_both_tails(isa, name, gamma, y):
    def exact(x):
        away = -x if y else x  # the log-odds of the wrong side
        q, cost = 1 / (1 + mpmath.exp(-away)), mpmath.log1p(mpmath.exp(away))
        return mpmath.mpf(0.25 if y else 0.75) * q ** mpmath.mpf(gamma) * cost

    x = np.array(LOGITS, dtype=name)
    value, grad = fl.sigmoid_focal_loss.value_and_grad(x, y, gamma=gamma, reduction="none")
    _, hess = fl.sigmoid_focal_loss.grad_and_hess(x, y, gamma=gamma, reduction="none")
    for i, point in enumerate(x):
        point = mpmath.mpf(float(point))  # as the dtype has it
        # q^gamma = exp(-gamma |x|): the argument's rounding grows with it.
        factor = 1 + gamma * min(abs(float(point)), 100) / 16
        first, second = (mpmath.diff(exact, point, n, h=mpmath.mpf("1e-15")) for n in (1, 2))
        check(f"value at {float(point)}", value[i], exact(point), name, factor)
        check(f"grad at {float(point)}", grad[i], first, name, factor)
        check(f"hess at {float(point)}", hess[i], second, name, factor * 4, underflow=1 + abs(point))


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("gamma", [1e3, 1e30, 1e300])
def test_enormous_gamma(isa, name, gamma):
    """(1 - p)^gamma is 0 but where the model is surely wrong."""
    x, y = np.array([0.0, 5.0, 1.0, np.inf], dtype=name), np.array([1, 1, 0, 0])
    value, grad = fl.sigmoid_focal_loss.value_and_grad(x, y, alpha=None, gamma=gamma, reduction="none")
    np.testing.assert_allclose(value[:3], 0, atol=1e-100)
    np.testing.assert_allclose(grad[:3], 0, atol=1e-100)
    assert value[3] == np.inf
    rows = np.array([[0, 0.5, 1]] * 2, dtype=name)
    value, grad = fl.softmax_focal_loss.value_and_grad(rows, [0, 2], gamma=gamma)
    assert value == pytest.approx(0, abs=1e-30)
    np.testing.assert_allclose(grad, 0, atol=1e-30)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("gamma", GAMMAS)
def test_sigmoid_focal_at_infinity(isa, name, gamma):
    x = np.array([np.inf, -np.inf, np.inf, -np.inf], dtype=name)
    y = np.array([1, 0, 0, 1])
    value, grad = fl.sigmoid_focal_loss.value_and_grad(x, y, gamma=gamma, reduction="none")
    np.testing.assert_array_equal(value, [0, 0, np.inf, np.inf])
    np.testing.assert_array_equal(grad, [0, 0, 0.75, -0.25])
    hess = fl.sigmoid_focal_loss.grad_and_hess(x, y, gamma=gamma, reduction="none")[1]
    np.testing.assert_allclose(hess, 0, atol=1e-29)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize(
    "row", [[20, 0], [0, 20], [60, 0, 1], [-np.inf, 3, 5], [5, 5.5, 0, 1, 2], [300, 0, -5]], ids=str
)
def test_softmax_focal_near_and_far_from_certainty(isa, name, gamma, row):
    x = np.array(row, dtype=name)
    for label in range(len(row)):
        if x[label] == -np.inf:
            continue

        def exact(moved, c, label=label):
            scores = [mpmath.mpf(float(s)) if s != -np.inf else -mpmath.inf for s in x]
            scores[c] = moved
            others = mpmath.fsum(mpmath.exp(s - scores[label]) for i, s in enumerate(scores) if i != label)
            return (others / (1 + others)) ** mpmath.mpf(gamma) * mpmath.log1p(others)

        value, grad = fl.softmax_focal_loss.value_and_grad(x, label, gamma=gamma)
        _, hess = fl.softmax_focal_loss.grad_and_hess(x, label, gamma=gamma)
        factor = 1 + gamma * 60 / 16
        check(f"value of label {label}", value, exact(mpmath.mpf(float(x[label])), label), name, factor)
        for c in range(len(row)):
            if x[c] == -np.inf:
                assert grad[c] == hess[c] == 0
                continue
            place, step = mpmath.mpf(float(x[c])), mpmath.mpf("1e-15")
            first, second = (mpmath.diff(lambda s, c=c: exact(s, c), place, n, h=step) for n in (1, 2))
            check(f"grad[{c}] of label {label}", grad[c], first, name, factor)
            check(f"hess[{c}] of label {label}", hess[c], second, name, factor * 4)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [4, 64])
def test_masked_classes(isa, rng, name, classes):
    """A class with score -inf has probability 0; a distribution that gives it nothing does not notice."""
    x = rng.normal(size=(9, classes)).astype(name)
    x[:, 1] = -np.inf
    rest = np.delete(np.arange(classes), 1)
    labels = rng.choice(rest, 9)
    soft = rng.dirichlet(np.ones(classes), 9)
    soft[:, 1] = 0
    for target, narrow in ((labels, np.searchsorted(rest, labels)), (soft, soft[:, rest])):
        value, grad = fl.cross_entropy.value_and_grad(x, target)
        expected, gradient = fl.cross_entropy.value_and_grad(x[:, rest], narrow)
        assert value == pytest.approx(expected, rel=RELATIVE[name])
        np.testing.assert_allclose(grad[:, rest], gradient, rtol=RELATIVE[name], atol=RELATIVE[name] / 100)
        hess = fl.cross_entropy.grad_and_hess(x, target)[1]
        assert not grad[:, 1].any()
        assert not hess[:, 1].any()
        assert np.isfinite(hess).all()
    impossible = np.full(9, 1)
    assert (fl.cross_entropy(x, impossible, reduction="none") == np.inf).all()
    grad = fl.cross_entropy.grad(x, impossible, reduction="none")  # the limit: p - one-hot
    np.testing.assert_allclose(grad[:, 1], -1)
    np.testing.assert_allclose(grad.sum(axis=1), 0, atol=1e-6)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("padding", [0, 60], ids=["few classes", "many classes"])
def test_the_derivatives_of_an_infinite_loss_are_their_limits(isa, name, padding):
    x = np.array([[1.0, -np.inf, 2.0] + [-np.inf] * padding], dtype=name)
    p = fl.softmax(x)
    label = (np.arange(x.size) == 1) * 1.0
    soft = np.array([[0.25, 0.25, 0.5] + [0.0] * padding])
    smoothed = 0.9 * label + 0.1 / x.size
    for target, y, options in (([1], label, {}), (soft, soft, {}), ([1], smoothed, {"label_smoothing": 0.1})):
        assert fl.cross_entropy(x, target, **options) == np.inf
        grad, hess = fl.cross_entropy.grad_and_hess(x, target, **options)
        np.testing.assert_allclose(grad, p - y, atol=1e-6)
        np.testing.assert_allclose(hess, p * (1 - p), atol=1e-6)
    for gamma in GAMMAS:
        assert fl.softmax_focal_loss(x, [1], gamma=gamma) == np.inf
        grad, hess = fl.softmax_focal_loss.grad_and_hess(x, [1], gamma=gamma)
        np.testing.assert_allclose(grad, [p[0] - label], atol=1e-6)
        np.testing.assert_allclose(hess, p * (1 - p), atol=1e-6)


def test_a_mean_over_class_weights_of_zero_is_nan_with_gradient_zero(isa):
    x = np.ones((3, 2))
    value, grad = fl.cross_entropy.value_and_grad(x, [1, 1, 1], class_weight=[1.0, 0.0])
    assert np.isnan(value)
    assert not grad.any()


@pytest.mark.parametrize("name", ["float32", "float16"])
def test_sums_are_double(isa, name):
    """A float32 sum of 300,000 equal losses is off by 1e-3, a float16 mean over 70,000 rows overflows."""
    x = np.zeros((300_000, 3), dtype=name)
    value = fl.cross_entropy(x, np.zeros(300_000, int), reduction="sum")
    assert value == pytest.approx(300_000 * np.log(3), rel=1e-7)
    assert fl.cross_entropy(x, np.zeros(300_000, int)) == pytest.approx(np.log(3), rel=1e-7)
    assert fl.sigmoid_focal_loss(x, 1) == pytest.approx(np.log(2) / 16, rel=1e-7)
