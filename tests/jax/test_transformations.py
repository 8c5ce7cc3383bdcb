"""Losses within JAX's transformations, against definitions of jax.numpy; derivatives that are refused."""

import domains
import numpy as np
import pytest
from losses import LOSSES, of_family
from verbs import Call, expected

jax = pytest.importorskip("jax")
ours = pytest.importorskip("fastloss.jax", reason="fastloss.jax needs a newer JAX")
jnp = jax.numpy


def cross_entropy(x, labels):
    """As users of JAX write it."""
    return -jnp.take_along_axis(jax.nn.log_softmax(x), labels[..., None], axis=-1).mean()


@pytest.fixture
def rows(rng):
    return jnp.asarray(rng.normal(size=(6, 5))), jnp.asarray(rng.integers(0, 5, 6))


def close(found, wanted, **tolerance):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **({"rtol": 1e-12, "atol": 1e-14} | tolerance)),
                 found, wanted)  # fmt: skip


@pytest.mark.parametrize("row", of_family("elementwise", "rowwise"), ids=lambda row: row.name)
def test_vmap(x64, way, rng, row):
    """Each entry of a batch has a loss of its own, with the first options of the table and with the last."""
    kind, choices = (row.targets or (None,))[0], [domains.with_arrays(row.options[i], rng, 3) for i in (0, -1)]
    entries = [row.draw_between(rng, (4, 3), kind) for _ in range(3)]
    batch = [np.stack(column) for column in zip(*entries, strict=True)]
    function = getattr(ours, row.name)
    cases = [(choice, reduction) for choice in (0, 1) for reduction in row.reductions]

    @jax.jit
    def results(*batch):
        found = []
        for choice, reduction in cases:
            losses = jax.vmap(lambda *entry: function(*entry, **choices[choice], reduction=reduction))  # noqa: B023
            found.append((losses(*batch), jax.grad(lambda x, *rest: losses(x, *rest).sum())(*batch)))  # noqa: B023
        return found

    for (choice, reduction), found in zip(cases, results(*batch), strict=True):
        for value, grad, entry in zip(*found, entries, strict=True):
            wanted = expected(row, Call(entry, choices[choice]), reduction)
            is_each = row.is_of_all or reduction == "none"
            close(value, wanted.losses if is_each else np.sum(wanted.losses) / wanted.divisor, rtol=1e-11)
            close(grad, wanted.derivatives[0] / wanted.divisor, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("in_axes", [(0, 0), (0, None), (None, 0), (2, 1)])
def test_vmap_over_some_arguments(x64, way, rng, in_axes):
    shapes = {0: ((3, 6, 5), (3, 6)), 1: (None, (6, 3)), 2: ((6, 5, 3), None), None: ((6, 5), (6,))}
    x, labels = rng.normal(size=shapes[in_axes[0]][0]), rng.integers(0, 5, shapes[in_axes[1]][1])
    for transformed in (lambda f: f, jax.grad):
        found = jax.vmap(transformed(ours.cross_entropy), in_axes)(x, labels)
        close(found, jax.vmap(transformed(cross_entropy), in_axes)(x, labels))


def test_vmap_of_targets_with_fewer_axes(x64, way, rng):
    x, target = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 2))
    close(jax.vmap(ours.mse_loss)(x, target), ((x - target[:, None]) ** 2).mean(axis=(1, 2)))


def test_vmap_with_weights_of_each_entry(x64, way, rng):
    x, y, weight = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.uniform(size=(3, 4))
    found = jax.vmap(lambda x, y, w: ours.mse_loss(x, y, sample_weight=w, reduction="weighted_mean"))(x, y, weight)
    close(found, (weight * (x - y) ** 2).sum(axis=1) / weight.sum(axis=1))


def test_vmap_of_ignored_labels(x64, way, rows):
    """The mean of a row that does not count is nan, its gradient 0, and it changes no other's."""
    x, labels = rows
    labels = labels.at[2].set(-100)
    found, grad = jax.vmap(jax.value_and_grad(ours.cross_entropy))(x, labels)
    wanted, wanted_grad = jax.vmap(jax.value_and_grad(cross_entropy))(x, jnp.maximum(labels, 0))
    close(found, wanted.at[2].set(jnp.nan))
    close(grad, wanted_grad.at[2].set(0))
    halves = jax.vmap(ours.cross_entropy)(x.reshape(2, 3, 5), labels.reshape(2, 3))
    close(halves, jnp.array([wanted[:2].mean(), wanted[3:].mean()]))


def test_vmap_of_bool_labels(x64, way, rng):
    """Of which those that are False do not count."""
    x, labels = rng.normal(size=(2, 3, 2)), np.array([[True, False, True], [False, True, False]])
    found = jax.vmap(lambda x, labels: ours.cross_entropy(x, labels, ignore_index=0))(x, labels)
    losses = jax.nn.log_softmax(x)[..., 1]
    close(found, [-losses[0, [0, 2]].mean(), -losses[1, 1]])


def test_vmap_of_distributions_of_integers(x64, way, rng):
    x, labels = rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))
    found = jax.vmap(jax.value_and_grad(ours.cross_entropy))(x, jax.nn.one_hot(labels, 4, dtype=int))
    close(found, jax.vmap(jax.value_and_grad(cross_entropy))(x, labels))


def test_vmap_twice(x64, way, rng):
    x, labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 5, (2, 3, 4))
    close(*(jax.vmap(jax.vmap(jax.value_and_grad(f)))(x, labels) for f in (ours.cross_entropy, cross_entropy)))
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    pairs = jax.vmap(jax.vmap(ours.mse_loss, (None, 0)), (0, None))(a, b)
    close(pairs, ((a[:, None] - b) ** 2).mean(axis=-1))


def test_vmap_of_sequences(x64, way, rng):
    x, targets = rng.normal(size=(7, 3, 4)), np.array([[1, 2, 1], [2, 2, 1], [3, 1, 2]])
    found = jax.vmap(ours.ctc_loss_with_logits, (1, 0))(x, targets)
    close(found, 3 * np.array([ours.ctc_loss_with_logits(x[:, n], targets[n], reduction="sum") / 9 for n in range(3)]))


@pytest.mark.parametrize(
    "transformed",
    [
        jax.jit,
        jax.value_and_grad,
        jax.jacfwd,
        jax.jacrev,
        lambda f: jax.grad(jax.checkpoint(f)),
        lambda f: lambda x, y: jax.jvp(lambda x: f(x, y), (x,), (jnp.cos(x),)),
        lambda f: lambda x, y: jax.linearize(lambda x: f(x, y), x)[1](jnp.cos(x)),
        lambda f: lambda x, y: jax.grad(lambda w: jax.lax.scan(lambda c, xy: (c + f(w * xy[0], xy[1]), None), 0.0,
                                                               (x[:, None], y[:, None]))[0])(1.5),
        lambda f: jax.jit(lambda x, y: jax.lax.cond(y[0] >= 0, jax.grad(f), lambda x, y: x, x, y)),
        lambda f: jax.jit(jax.grad(f), donate_argnums=0),
    ],
    ids=["jit", "value_and_grad", "jacfwd", "jacrev", "checkpoint", "jvp", "linearize", "scan", "cond", "donate"],
)  # fmt: skip
def test_other_transformations(x64, way, rows, transformed):
    wanted = transformed(cross_entropy)(+rows[0], rows[1])
    close(transformed(ours.cross_entropy)(+rows[0], rows[1]), wanted)


@pytest.mark.parametrize(
    "transformed",
    [
        jax.hessian,
        lambda f: jax.jit(jax.hessian(f)),
        lambda f: jax.jacfwd(jax.jacfwd(f)),
        lambda f: jax.jacrev(jax.jacfwd(f)),
        lambda f: jax.grad(lambda x, y: (jax.grad(f)(x, y) ** 2).sum()),
        lambda f: jax.vmap(jax.hessian(f)),
    ],
    ids=["hessian", "compiled", "forward", "mixed", "penalty", "vmap"],
)
def test_no_second_derivative(way, rows, transformed):
    with pytest.raises(TypeError, match=r"fastloss\.jax\.cross_entropy has no second derivative: jax\.hessian"):
        transformed(ours.cross_entropy)(*rows)


@pytest.mark.parametrize("row", [row for row in LOSSES if "numbers" in row.targets], ids=lambda row: row.name)
def test_no_derivative_by_a_target(rng, row):
    x, target = map(jnp.asarray, row.draw_between(rng, (4, 3)))
    function = getattr(ours, row.name)
    text = rf"fastloss\.jax\.{row.name} has no derivative with respect to target: pass jax\.lax\.stop_gradient"
    for transformed in (jax.grad, lambda f, at: jax.jit(jax.grad(f, at)), jax.jacfwd):
        with pytest.raises(TypeError, match=text):
            transformed(function, 1)(x, target)
    with pytest.raises(TypeError, match=text):
        jax.grad(lambda w: function(w * x, w * target))(2.0)
    assert jnp.isfinite(jax.grad(lambda w: function(w * x, jax.lax.stop_gradient(w * target)))(2.0))


def test_no_derivative_by_weights(rows):
    with pytest.raises(TypeError, match="with respect to sample_weight"):
        jax.grad(lambda w: ours.cross_entropy(*rows, sample_weight=w))(jnp.ones(6))


def test_what_a_compiled_program_calls(way, rows):
    """The gradient costs one call, which gives the value too; without it the value alone is computed."""
    names = {"handler": "ffi_call", "pure_callback": "pure_callback"}
    for function, results in (ours.cross_entropy, 1), (jax.value_and_grad(ours.cross_entropy), 2):
        program = str(jax.make_jaxpr(function)(*rows))
        assert program.count(f"{names[way]}[") == 1
        call = next(line for line in program.splitlines() if f"{names[way]}[" in line)
        assert call.split("=")[0].count(":f32") == results
