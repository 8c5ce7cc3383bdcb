"""Metrics of regression give scikit-learn's results: every option, layout and type; also where it loses digits."""

import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn
from metric_cases import REGRESSION, SIZES

import fastloss.metrics as fm

pytest.importorskip("sklearn", minversion="1.9", reason="scikit-learn 1.9, whose results are compared with")
from sklearn import metrics as peer

METRICS = pytest.mark.parametrize("metric", REGRESSION, ids=lambda metric: metric.name)
CALLS = [
    pytest.param(metric, options, size, id=f"{metric.name} {options} {size}")
    for metric in REGRESSION
    for options in metric.options
    for size in SIZES
    if size[0] >= metric.fewest
]


def assert_same(name, y_true, y_pred, rtol=1e-12, **options):
    found = getattr(fm, name)(y_true, y_pred, **options)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # divisions by a variance of 0
        expected = getattr(peer, name)(y_true, y_pred, **options)
    np.testing.assert_allclose(found, expected, rtol=rtol)
    assert type(found) is type(expected)


def multioutputs(name, outputs, rng):
    yield from ("raw_values", "uniform_average")
    if name in ("r2_score", "explained_variance_score"):
        yield "variance_weighted"
    if outputs > 1:
        yield rng.uniform(size=outputs)
        yield list(range(outputs))


@pytest.mark.parametrize(("metric", "options", "size"), CALLS)
def test_results_of_scikit_learn(rng, metric, options, size):
    y, x, weight = metric.truth(rng, size), metric.numbers(rng, size), rng.uniform(size=size[0])
    weight[rng.integers(0, size[0])] = 0.0 if size[0] > 2 else 0.5
    for sample_weight in (None, weight, list(weight)):
        if not metric.several:
            assert_same(metric.name, y[:, 0], x[:, 0], sample_weight=sample_weight, **options)
            continue
        for multioutput in multioutputs(metric.name, size[1], rng):
            assert_same(metric.name, y, x, sample_weight=sample_weight, multioutput=multioutput, **options)


@METRICS
def test_one_output_with_and_without_its_axis(rng, metric):
    y, x = metric.truth(rng, 30), metric.numbers(rng, 30)
    for true in (y, y[:, None], y.tolist()):
        for predicted in (x, x[:, None], x.tolist()):
            assert_same(metric.name, true, predicted)


@METRICS
def test_any_layout(rng, metric):
    y, x = metric.truth(rng, (90, 20)), metric.numbers(rng, (90, 20))
    columns = slice(None, 1) if not metric.several else slice(None, None, 2)
    for layout in (np.asfortranarray, lambda a: a[::-1], lambda a: np.repeat(a, 2, axis=1)[:, ::2]):
        assert_same(metric.name, layout(y)[:, columns], layout(x)[:, columns])
        assert_same(metric.name, y[:, columns], layout(x)[:, columns], sample_weight=np.arange(90.0)[::-1])


@METRICS
@pytest.mark.parametrize("dtype", ["float16", "float32", "int64", "uint8", "bool"])
def test_other_types_are_computed_in_double(rng, metric, dtype):
    y, x = (metric.numbers(rng, (60, 3)).clip(1, 200).astype(dtype) for _ in range(2))
    if metric.name == "d2_tweedie_score" and dtype == "bool":
        y[::2] = False  # scikit-learn divides by 0 where all are alike
    columns = slice(None) if metric.several else slice(None, 1)
    y, x = y[:, columns], x[:, columns]
    found = getattr(fm, metric.name)(y, x)
    np.testing.assert_allclose(found, getattr(peer, metric.name)(y.astype(float), x.astype(float)), rtol=1e-12)


@METRICS
def test_a_perfect_prediction(metric, rng):
    y = metric.truth(rng, 50) + (metric.draw == "counts")
    assert_same(metric.name, y, y, sample_weight=rng.uniform(size=50), rtol=0)


@settings(deadline=None)
@given(data=st.data(), shape=st.tuples(st.integers(2, 30), st.integers(1, 12)))
def test_any_shape_and_weights(data, shape):
    number = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
    y, x = (data.draw(drawn.arrays(np.float64, shape, elements=number)) for _ in range(2))
    weight = data.draw(drawn.arrays(np.float64, shape[0], elements=st.sampled_from([0.0, 0.25, 1.0, 3.0])))
    weight[0] = 1.0
    for metric in REGRESSION:
        if metric.draw == "any" and metric.fewest == 1:  # the digits of scores cancel
            for multioutput in ("raw_values", "uniform_average"):
                assert_same(metric.name, y, x, sample_weight=weight, multioutput=multioutput)


@pytest.mark.parametrize("force_finite", [True, False])
@pytest.mark.parametrize("predicted", [[2.0, 2.0, 2.0], [2.0, 3.0, 2.0]])
@pytest.mark.parametrize("name", ["r2_score", "explained_variance_score"])
def test_scores_of_what_does_not_vary(name, force_finite, predicted):
    y, x = np.full(3, 2.0), np.array(predicted)
    assert_same(name, y, x, force_finite=force_finite)
    y, x = np.stack([y, np.arange(3.0)], axis=1), np.stack([x, np.arange(3.0)], axis=1)
    for multioutput in ("raw_values", "uniform_average", "variance_weighted", [1.0, 3.0]):
        assert_same(name, y, x, force_finite=force_finite, multioutput=multioutput)
    assert_same("d2_absolute_error_score", y, x, multioutput="raw_values")


@pytest.mark.parametrize(
    "weights", [[1, 1, 2, 0, 0], [0, 0, 1, 1, 1], [0, 3, 0, 0, 3], [0.1, 0.2, 0.3, 0.2, 0.2]], ids=str
)
@pytest.mark.parametrize("alpha", [0, 0.25, 0.5, 0.6, 1])
def test_quantiles_of_weighted_samples(weights, alpha):
    y, x = np.array([3.0, 1.0, 2.0, 5.0, 4.0]), np.array([2.5, 1.5, 2.0, 4.0, 4.0])
    assert_same("d2_pinball_score", y, x, sample_weight=weights, alpha=alpha)


@pytest.mark.parametrize("power", [-1.5, 1.2, 1.5, 3])
def test_deviances_of_any_power_are_accurate_where_terms_cancel(power):
    for y, x in [(3.0, 3.0 * (1 + 1e-9)), (1e-9, 2e-9), (1e5, 1e5 + 1e-3), (7.4, 5.0)]:
        with mpmath.workdps(60):
            p, a, b = map(mpmath.mpf, (power, y, x))
            expected = 2 * (a ** (2 - p) / ((1 - p) * (2 - p)) - a * b ** (1 - p) / (1 - p) + b ** (2 - p) / (2 - p))
        assert fm.mean_tweedie_deviance([y], [x], power=power) == pytest.approx(float(expected), rel=1e-6)


def test_tweedie_deviances_of_what_only_they_accept():
    assert_same("mean_tweedie_deviance", [0.0, 2.0, 0.0], [1.0, 2.5, 0.1], power=1.5)
    assert_same("mean_tweedie_deviance", [-3.0, 2.0, 0.0], [1.0, 2.5, 0.1], power=-1)
    assert_same("mean_tweedie_deviance", [-3.0, 2.0, 0.0], [-1.0, 2.5, 0.1], power=0, sample_weight=[1, 2, 3])


def test_a_deviance_that_nothing_explains():
    """Of the same counts throughout. scikit-learn divides by 0."""
    assert fm.d2_tweedie_score([2.0, 2.0], [1.0, 2.0], power=1) == -np.inf
    assert np.isnan(fm.d2_tweedie_score([2.0, 2.0], [2.0, 2.0], power=1))


def exact_poisson(y, x):
    return 2 * ((y * mpmath.log(y / x) if y else mpmath.mpf(0)) - y + x)


def exact_gamma(y, x):
    return 2 * (y / x - mpmath.log(y / x) - 1)


def exact_squared_log(y, x):
    return mpmath.log((1 + y) / (1 + x)) ** 2


PAIRS = [(3.0, 3.0 * (1 + 1e-9)), (1e-9, 2e-9), (1e9, 1e9 + 1), (1e-300, 1e280), (5.0, 7.4), (7.4, 5.0), (1e15, 1e-3)]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("mean_poisson_deviance", exact_poisson),
        ("mean_gamma_deviance", exact_gamma),
        ("mean_squared_log_error", exact_squared_log),
    ],
)
def test_accurate_where_terms_cancel(isa, name, exact, pair):
    """scikit-learn gives 0, or a number below it, for some of these."""
    with mpmath.workdps(50):
        y, x = map(mpmath.mpf, pair)
        expected = float(exact(y, x))
    assert getattr(fm, name)([pair[0]], [pair[1]]) == pytest.approx(expected, rel=1e-14)


def test_a_count_of_0(isa):
    assert fm.mean_poisson_deviance([0, 0], [1.5, 1e-300]) == 1.5


def test_large_arrays(rng):
    """The same bits with any number of threads."""
    import fastloss as fl

    before, found = fl.get_num_threads(), []
    for threads in (1, 3):
        fl.set_num_threads(threads)
        try:
            for shape in ((50_000, 9), (900, 1000)):
                y, x = np.random.default_rng(5).normal(size=(2, *shape))
                weight = np.abs(y[:, 1])
                assert_same("mean_squared_error", y, x, multioutput="raw_values")
                assert_same("mean_absolute_error", y[:, 0], x[:, 0], sample_weight=weight)
                found.append(fm.mean_squared_error(y, x, multioutput="raw_values", sample_weight=weight).tobytes())
        finally:
            fl.set_num_threads(before)
    assert found[:2] == found[2:]


@pytest.mark.parametrize("columns", [1, 2, 127, 128, 129, 255, 256, 257, 300, 1000])
@pytest.mark.parametrize("rows", [2, 63, 64, 65, 130])
def test_any_number_of_outputs(isa, rng, columns, rows):
    """Columns are summed a block of elements at a time, and a chunk of rows."""
    y, x = rng.normal(size=(2, rows, columns))
    for weight in (None, rng.uniform(size=rows)):
        assert_same("mean_absolute_error", y, x, sample_weight=weight, multioutput="raw_values")
        assert_same("mean_absolute_error", y.astype("f4"), x.astype("f4"), sample_weight=weight, rtol=1e-5)
