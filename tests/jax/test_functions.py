"""Values and gradients of every loss, compiled, against its definition in support/reference.py; dtypes."""

import domains
import numpy as np
import pytest
import reference
import reference_ctc
from docstring_examples import run_examples
from losses import LOSSES, of_family
from tolerance import assert_close
from verbs import Call, expected

jax = pytest.importorskip("jax")
ours = pytest.importorskip("fastloss.jax", reason="fastloss.jax needs a newer JAX")
jnp = jax.numpy

CASES = [
    (way, row, kind, options)
    for way in ("handler", "pure_callback")
    for row in of_family("elementwise", "rowwise")
    for kind in row.targets or (None,)
    for options in (row.options if way == "handler" else row.options[:1])
]


def name_of(value):
    if isinstance(value, dict):
        return "+".join(value) or "defaults"
    return getattr(value, "name", None)


def value_of(row, wanted, reduction):
    if row.is_of_all or reduction == "none":
        return wanted.losses
    return reference.reduce(wanted.losses, reduction, wanted.divisor)


def check(row, call, reductions, rng):
    """Compiled, all reductions together: not differentiated, and in reverse mode with something from above."""
    x, *targets = call.arguments
    function = getattr(ours, row.name)
    arrays = {name: array for name, array in call.keywords.items() if name in ("sample_weight", "where")}
    upstream = rng.normal(size=x.shape if row.family == "elementwise" else x.shape[:-1])

    @jax.jit
    def results(x, targets, arrays):
        found = {}
        for reduction in reductions:

            def value(x, reduction=reduction):
                return function(x, *targets, **call.options, **arrays, reduction=reduction)

            same, pull = jax.vjp(value, x)
            found[reduction] = value(x), same, *pull(upstream if reduction == "none" else 1.0)
        return found

    for reduction, (value, same, grad) in results(x, targets, arrays).items():
        wanted = expected(row, call, reduction)
        for found in (value, same):
            assert_close(np.asarray(found), value_of(row, wanted, reduction), "float64", terms=1e3)
        above = upstream[..., None] if upstream.ndim < x.ndim else upstream
        slope = wanted.derivatives[0] / wanted.divisor * (above if reduction == "none" else 1.0)
        assert_close(np.asarray(grad), slope, "float64", terms=1e3)


@pytest.mark.parametrize(("way", "row", "kind", "options"), CASES, ids=name_of, indirect=["way"])
def test_definitions(x64, way, rng, row, kind, options):
    call = Call(row.draw_between(rng, (4, 3), kind), domains.with_arrays(options, rng, 3))
    check(row, call, row.reductions, rng)


@pytest.mark.parametrize("row", of_family("elementwise", "rowwise"), ids=name_of)
def test_weights_and_where(x64, way, rng, row):
    shape = (4, 3) if row.family == "elementwise" else (4,)
    where = rng.random(shape) < 0.7
    where[0] = True
    call = Call(row.draw_between(rng, (4, 3)), dict(row.options[0]), rng.uniform(0.5, 2, shape), where=where)
    check(row, call, row.reductions[:1], rng)


def test_every_loss_is_here():
    assert sorted(row.name for row in LOSSES) == sorted(set(ours.__all__) - {"implementation"})


SEQUENCES = [
    {},
    {"input_lengths": [7, 6, 5], "target_lengths": [3, 2, 1]},
    {"target_lengths": [1, 0, 3]},
    {"batch_first": True, "blank": -1},
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", SEQUENCES, ids=name_of)
@pytest.mark.parametrize("row", of_family("ctc"), ids=name_of)
def test_sequences(x64, way, rng, row, options, reduction):
    """Of recordings and targets of several lengths, in both orders of axes."""
    lengths = {name: jnp.array(value) for name, value in options.items() if name.endswith("lengths")}
    constants = {name: value for name, value in options.items() if name not in lengths}
    x, targets, blank = rng.normal(size=(7, 3, 4)), rng.integers(0, 3, (3, 3)), 3
    if "blank" not in options:
        targets, blank = targets + 1, 0
    definition = getattr(reference_ctc, row.name)
    frames, labels = options.get("input_lengths", [7] * 3), options.get("target_lengths", [3] * 3)

    each = [definition(x[: frames[n], n], targets[n, : labels[n]], blank) for n in range(3)]
    if reduction == "mean":
        upstream = 1 / (3 * np.maximum(labels, 1))
    else:
        upstream = rng.normal(size=3) if reduction == "none" else np.ones(3)

    def value(x):
        x = x.transpose(1, 0, 2) if "batch_first" in options else x
        found = getattr(ours, row.name)(x, targets, **lengths, **constants, reduction=reduction)
        return (found * upstream).sum() if reduction == "none" else found

    found, grad = jax.jit(jax.value_and_grad(value))(x)
    assert_close(np.asarray(found), np.array([loss for loss, _ in each]) @ upstream, "float64", terms=1e3)
    for n, (_, wanted) in enumerate(each):
        np.testing.assert_allclose(grad[: frames[n], n], wanted * upstream[n], rtol=1e-11, atol=1e-14)
        assert not grad[frames[n] :, n].any()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_dtypes(way, rng, dtype):
    """The value of half types is float32, and their gradient keeps its digits until it is multiplied."""
    x = jnp.asarray(rng.normal(size=(40, 5)), dtype)
    labels = jnp.asarray(rng.integers(0, 5, 40))
    scaled = jax.jit(lambda x: 2.0**15 * ours.cross_entropy(x, labels))
    value, grad = jax.value_and_grad(scaled)(x)
    assert value.dtype == jnp.float32
    assert grad.dtype == x.dtype
    y = reference.one_hot(labels, 5)
    wide = np.asarray(x.astype(jnp.float32), np.float64)
    np.testing.assert_allclose(value, 2**15 * reference.cross_entropy(wide, y).mean(), rtol=1e-5)
    bound = 2.0**-8 if dtype == "bfloat16" else 2.0**-11 if dtype == "float16" else 1e-5
    np.testing.assert_allclose(
        grad.astype(jnp.float32), 2**15 * reference.cross_entropy_grad(wide, y) / 40, rtol=bound, atol=1e-3
    )


def test_small_gradients_of_float16_are_scaled_before_they_are_rounded():
    """1 / (2 * 10^6) is no number of float16, and 2^15 times that is."""
    x = jnp.zeros((10**6, 2), jnp.float16)
    labels = jnp.zeros(10**6, int)
    grad = jax.grad(lambda x: 2.0**15 * ours.cross_entropy(x, labels))(x)
    np.testing.assert_allclose(np.asarray(grad[0], np.float64), [-(2**14) / 1e6, 2**14 / 1e6], rtol=1e-3)


def test_integers_and_lists():
    assert ours.mse_loss(jnp.array([1, 2, 5]), [1, 1, 1]).dtype == jnp.float32
    np.testing.assert_allclose(ours.mse_loss([1, 2, 5], [1, 1, 1]), 17 / 3, rtol=1e-6)
    np.testing.assert_allclose(ours.cross_entropy([[0.0, 0.0]], [1], class_weight=[1.0, 3.0]), np.log(2), rtol=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_nothing(way, reduction):
    """A mean over no rows is nan, and its gradient empty."""
    x, labels = jnp.zeros((0, 3)), jnp.zeros(0, int)
    value = ours.cross_entropy(x, labels, reduction=reduction)
    assert value.shape == ((0,) if reduction == "none" else ())
    assert reduction == "none" or (jnp.isnan(value) if reduction == "mean" else value == 0)
    assert jax.grad(lambda x: ours.cross_entropy(x, labels, reduction=reduction).sum())(x).shape == (0, 3)


def test_classes_along_another_axis(x64, way, rng):
    x, labels = rng.normal(size=(2, 5, 3)), rng.integers(0, 5, (2, 3))
    upstream = rng.normal(size=(2, 3))
    grad = jax.grad(lambda x: (upstream * ours.cross_entropy(x, labels, axis=1, reduction="none")).sum())(x)
    wanted = reference.cross_entropy_grad(x.swapaxes(1, 2), reference.one_hot(labels, 5)) * upstream[..., None]
    np.testing.assert_allclose(grad, wanted.swapaxes(1, 2), rtol=1e-12, atol=1e-15)


def test_options_that_are_numbers_of_numpy_or_jax(x64):
    x, labels = np.array([[1.0, 2.0]]), [0]
    wanted = np.logaddexp(0, 0.5)
    for temperature in (2, np.float32(2), np.array(2.0), jnp.array(2.0)):
        np.testing.assert_allclose(ours.cross_entropy(x, labels, temperature=temperature), wanted, rtol=1e-14)


@pytest.mark.parametrize("row", LOSSES, ids=name_of)
def test_documentation(row):
    text = getattr(ours, row.name).__doc__
    assert all(part in text for part in ("Parameters", "Returns", "Raises", "second one"))
    assert "Methods" not in text
    run_examples(row.name, text)
