"""What is refused: numbers when a program runs, all else when it is traced, in the words of fastloss."""

import types

import pytest

jax = pytest.importorskip("jax")
ours = pytest.importorskip("fastloss.jax", reason="fastloss.jax needs a newer JAX")
jnp = jax.numpy

X, LABELS = jnp.zeros((4, 3)), jnp.array([0, 1, 2, 0])
FRAMES, TARGETS = jnp.zeros((5, 2, 3)), jnp.array([[1, 2], [2, 1]])

NUMBERS = [
    (ours.cross_entropy, (X, LABELS.at[2].set(7)), r"target\[2\] is 7; expected 0\.\.2 or ignore_index=-100"),
    (ours.binary_cross_entropy, (X, X + 1.5), r"target\[0, 0\] is 1\.5; expected a probability within \[0, 1\]"),
    (ours.ctc_loss, (FRAMES, TARGETS.at[1, 0].set(0)), r"targets\[1, 0\] is 0; .*blank"),
    (ours.ctc_loss, (FRAMES, TARGETS, jnp.array([5, 9])), r"input_lengths\[1\] is 9; expected 0\.\.5"),
]


@pytest.mark.parametrize("transformed", [lambda f: f, jax.jit, jax.grad, lambda f: jax.jit(jax.grad(f))])
@pytest.mark.parametrize(("function", "arguments", "text"), NUMBERS)
def test_illegal_numbers(way, function, arguments, text, transformed):
    with pytest.raises(RuntimeError, match=text) as caught:
        jax.block_until_ready(transformed(function)(*arguments))
    assert isinstance(caught.value, jax.errors.JaxRuntimeError)
    assert ours.mse_loss(X, X) == 0  # JAX goes on


def test_an_illegal_label_at_once():
    """JAX's error is another where it computes synchronously."""
    with jax.disable_jit(), pytest.raises((RuntimeError, ValueError), match=r"target\[2\] is 7"):
        ours.cross_entropy(X, LABELS.at[2].set(7))


def test_an_illegal_label_of_a_batch(way):
    with pytest.raises(RuntimeError, match=r"target\[1, 2\] is 7"):
        jax.block_until_ready(jax.vmap(ours.cross_entropy)(jnp.stack([X, X]), jnp.stack([LABELS, LABELS.at[2].set(7)])))


TRACED = [
    (lambda: ours.cross_entropy(X, LABELS[:2]), ValueError, r"target has shape \(2,\); labels for logits of shape"),
    (lambda: ours.cross_entropy(X, LABELS.astype(float)), TypeError, "target has dtype float32; labels must be"),
    (lambda: ours.cross_entropy(X, LABELS, reduction="max"), ValueError, "reduction must be one of 'mean'"),
    (lambda: ours.cross_entropy(X, LABELS, label_smoothing=2), ValueError, r"within \[0, 1\], got 2"),
    (lambda: ours.cross_entropy(X, LABELS, class_weight=jnp.ones(2)), ValueError, "class_weight"),
    (lambda: ours.cross_entropy(X, LABELS, num_threads=0), ValueError, "num_threads must be at least 1, got 0"),
    (lambda: ours.cross_entropy(X, LABELS, axis=5), ValueError, "axis is 5"),
    (lambda: ours.cross_entropy(X.astype(jnp.complex64), LABELS), TypeError, "logits has dtype complex64"),
    (lambda: ours.cross_entropy(X.astype(jnp.float8_e5m2), LABELS), TypeError, "logits has dtype float8_e5m2"),
    (lambda: ours.mse_loss(jax.random.key(0), X), TypeError, "predictions has dtype key<fry>; expected numbers"),
    (lambda: ours.cross_entropy(X, None), TypeError, "target is None; expected an array"),
    (lambda: ours.cross_entropy("x", LABELS), TypeError, "logits can't be made an array of JAX"),
    (lambda: ours.cross_entropy(X), TypeError, r"cross_entropy\(\) missing a required argument: 'target'"),
    (lambda: ours.cross_entropy(X, LABELS, weight=1), TypeError, "unexpected keyword argument 'weight'; here it is"),
    (lambda: ours.ctc_loss(FRAMES, TARGETS, progress=print), TypeError, "unexpected keyword argument 'progress'"),
    (lambda: ours.ctc_loss(FRAMES, TARGETS[:1]), ValueError, "targets"),
    (lambda: ours.cross_entropy(X, LABELS, temperature=X), TypeError, "temperature must be a number"),
]


@pytest.mark.parametrize(("call", "kind", "text"), TRACED)
def test_refused_when_it_is_traced(call, kind, text):
    for run in (call, jax.jit(call), lambda: jax.eval_shape(call)):
        with pytest.raises(kind, match=text):
            run()


def test_traced_options():
    with pytest.raises(TypeError, match=r"temperature is traced, but must be known .* static argument of jax\.jit"):
        jax.jit(lambda t: ours.cross_entropy(X, LABELS, temperature=t))(2.0)
    with pytest.raises(TypeError, match="reduction must be a number, a string or None, got function"):
        ours.cross_entropy(X, LABELS, reduction=test_traced_options)


def test_symbolic_shapes():
    export = pytest.importorskip("jax.export")
    sizes = jax.ShapeDtypeStruct(export.symbolic_shape("n, 3"), "float32")
    with pytest.raises(TypeError, match=r"logits has the symbolic shape \(n, 3\); fastloss\.jax compiles for sizes"):
        export.export(jax.jit(lambda x: ours.cross_entropy(x, x)))(sizes)


def test_another_device(monkeypatch):
    """JAX has its arrays where it likes; a GPU is only told of here."""
    elsewhere = jnp.zeros((4, 3))
    monkeypatch.setattr(type(elsewhere), "devices", lambda self: [types.SimpleNamespace(platform="gpu")])
    with pytest.raises(TypeError, match=r"logits is on gpu; fastloss\.jax computes on CPUs only"):
        ours.cross_entropy(elsewhere, LABELS)


def test_name():
    assert ours.ctc_loss.__name__ == "ctc_loss"
