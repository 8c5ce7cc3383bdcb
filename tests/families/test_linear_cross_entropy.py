"""linear_cross_entropy: its value and gradients by the definition of cross_entropy, in any memory."""

import pickle
import tracemalloc

import domains
import numpy as np
import pytest
from linear_layers import CLASSES, CROSS_ENTROPY, DTYPES, IGNORED, check, draw, wanted_of
from tolerance import assert_close

import fastloss as fl

X, W, LABELS = np.zeros((4, 2), np.float32), np.zeros((3, 2), np.float32), np.array([0, 1, 2, 0])
KINDS = [("labels", options) for options in CROSS_ENTROPY.options] + [
    ("distributions", options) for options in CROSS_ENTROPY.options
]


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "batchmean", "sum", "none"])
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=str)
def test_definition(rng, kind, options, reduction, name):
    options = domains.with_arrays(options, rng, CLASSES)
    layer = draw(rng, (4, 3), name, kind)
    ignored = IGNORED if kind == "labels" else None
    where, weight = rng.random((4, 3)) < 0.8, rng.uniform(0.5, 2, (4, 3)) * (rng.random((4, 3)) < 0.8)
    for selection in ({}, {"weight": weight, "ignored": ignored, "where": where}):
        wanted = wanted_of(layer, options, reduction, **selection)
        keywords = {**options, "reduction": reduction}
        if selection:
            keywords |= {"sample_weight": weight, "where": where}
            keywords |= {"ignore_index": ignored} if kind == "labels" else {}
        for max_bytes in (2**28, 2000):
            check(layer, wanted, name, max_bytes=max_bytes, **keywords)


def test_two_float_types(rng):
    """The computation is in the wider one, and each gradient in that of its own argument."""
    layer = draw(rng)
    wanted = wanted_of(layer, {}, "mean")
    for names in (("float32", "float64"), ("float64", "float32"), ("float16", "float64"), ("int32", "float32")):
        pair = [layer[place].astype(name) for place, name in enumerate(names)]
        if names[0] == "int32":
            wanted = wanted_of(layer._replace(inputs=pair[0]), {}, "mean")
        value, grads = fl.linear_cross_entropy.value_and_grad(*pair, layer.target, bias=layer.bias, max_bytes=2000)
        assert value == pytest.approx(wanted[0], rel=1e-13)
        types = [np.float64 if name == "int32" else np.dtype(name) for name in (*names, "float32")]
        for grad, right, terms, dtype in zip(grads, *wanted[1:], types, strict=True):
            assert grad.dtype == dtype
            assert_close(grad, right, grad.dtype.name, terms=terms, rounded=True)


def test_gradients_of_half_types():
    """The input's is of its own type; sums over rows are float32."""
    x, w, b = np.ones((4, 2), np.float16), np.ones((3, 2), np.float16), np.zeros(3, np.float16)
    grads = fl.linear_cross_entropy.grad(x, w, [0, 1, 2, 0], bias=b)
    assert [grad.dtype for grad in grads] == [np.float16, np.float32, np.float32]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_finite_differences(rng, reduction):
    x, w, b = rng.normal(size=(3, 4)), rng.normal(size=(6, 4)), rng.normal(size=6)
    labels, step = np.array([5, 0, 2]), 1e-6
    grads = fl.linear_cross_entropy.grad(x, w, labels, bias=b, reduction=reduction)
    for array, grad in zip((x, w, b), grads, strict=True):
        for place in np.ndindex(array.shape):
            before, values = array[place], []
            for sign in (1, -1):
                array[place] = before + sign * step
                values.append(np.sum(fl.linear_cross_entropy(x, w, labels, bias=b, reduction=reduction)))
            array[place] = before
            assert grad[place] == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize(("kind", "options"), [("labels", {}), ("labels", {"label_smoothing": 0.1}), ("soft", {})])
def test_pytorch(rng, kind, options, has_bias):
    """Its autograd in float64, of random numbers, with weights of classes."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    arrays = [rng.normal(size=shape) for shape in ((20, 8), (30, 8), (30,))][: 2 + has_bias]
    target = rng.integers(0, 30, 20) if kind == "labels" else rng.dirichlet(np.ones(30), 20)
    class_weight = rng.uniform(0.1, 3, 30)
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    logits = functional.linear(*tensors)
    loss = functional.cross_entropy(logits, torch.tensor(target), torch.tensor(class_weight), **options)
    loss.backward()
    bias = arrays[2] if has_bias else None
    for dtype, relative in ((np.float64, 1e-13), (np.float32, 1e-5)):
        passed = [array.astype(dtype) for array in arrays[:2]]
        value, grads = fl.linear_cross_entropy.value_and_grad(
            *passed, target, bias=bias, class_weight=class_weight, max_bytes=3000, **options
        )
        assert value == pytest.approx(loss.item(), rel=relative)
        assert len(grads) == len(tensors)
        for grad, tensor in zip(grads, tensors, strict=True):
            right = tensor.grad.numpy()
            np.testing.assert_allclose(grad, right, rtol=relative, atol=relative * np.abs(right).max())


def test_pytorchs_own(rng):
    """The function of the same name, where PyTorch has it."""
    torch = pytest.importorskip("torch")
    own = getattr(torch.nn.functional, "linear_cross_entropy", None)
    if own is None:
        pytest.skip("this PyTorch has no linear_cross_entropy")
    x, w, b, labels = rng.normal(size=(9, 4)), rng.normal(size=(7, 4)), rng.normal(size=7), rng.integers(0, 7, 9)
    labels[2] = -100
    wanted = own(*map(torch.tensor, (x, w, labels)), linear_bias=torch.tensor(b), label_smoothing=0.2)
    assert fl.linear_cross_entropy(x, w, labels, bias=b, label_smoothing=0.2) == pytest.approx(wanted.item(), rel=1e-13)


def test_a_certain_label_costs_what_it_should():
    """The loss of scores (20, 0) is 2.06e-9, not 0, in float32 too."""
    x, w = np.array([[20.0]], np.float32), np.array([[1.0], [0.0]], np.float32)
    value, (grad_inputs, grad_weight) = fl.linear_cross_entropy.value_and_grad(x, w, [0])
    exact = np.exp(-20.0) / (1 + np.exp(-20.0))
    assert value == pytest.approx(np.log1p(np.exp(-20.0)), rel=1e-6)
    assert grad_inputs[0, 0] == pytest.approx(-exact, rel=1e-6)
    np.testing.assert_allclose(grad_weight[:, 0], [-20 * exact, 20 * exact], rtol=1e-6)


def test_unused_rows_are_left_out_of_the_products(rng):
    """NaN of theirs would come out of a product even where they are multiplied by 0."""
    layer = draw(rng, (8,), "float64")
    labels = layer.target.copy()
    labels[[1, 5]] = -100
    where, weight = np.arange(8) != 2, np.where(np.arange(8) == 6, 0.0, 1.0)
    x = layer.inputs.copy()
    x[[1, 2, 5, 6]] = np.array([np.nan, np.inf, np.nan, -np.inf])[:, None]
    used = [0, 3, 4, 7]
    for out in (None, (x.copy(), None)):
        value, grads = fl.linear_cross_entropy.value_and_grad(
            x, layer.weight, labels, where=where, sample_weight=weight, out=out, max_bytes=1000
        )
        right = fl.linear_cross_entropy.grad(x[used], layer.weight, labels[used], reduction="sum")
        assert value == pytest.approx(
            fl.linear_cross_entropy(x[used], layer.weight, labels[used], reduction="sum") / 5, rel=1e-14
        )
        np.testing.assert_allclose(grads[0][used], right[0] / 5, rtol=1e-12, atol=1e-15)
        assert (grads[0][[1, 2, 5, 6]] == 0).all()
        np.testing.assert_allclose(grads[1], right[1] / 5, rtol=1e-12, atol=1e-15)
    losses = fl.linear_cross_entropy(x, layer.weight, labels, where=where, sample_weight=weight, reduction="none")
    assert (losses[[1, 2, 5, 6]] == 0).all()
    assert (losses[used] > 0).all()


def test_a_masked_class(rng):
    layer = draw(rng, (6,), "float64")
    bias = np.zeros(CLASSES)
    bias[3] = -np.inf
    labels = np.where(layer.target == 3, 0, layer.target)
    keep = np.arange(CLASSES) != 3
    value, grads = fl.linear_cross_entropy.value_and_grad(layer.inputs, layer.weight, labels, bias=bias)
    fewer = labels - (labels > 3)
    right, (inputs, weight) = fl.linear_cross_entropy.value_and_grad(layer.inputs, layer.weight[keep], fewer)
    assert value == pytest.approx(right, rel=1e-14)
    np.testing.assert_allclose(grads[0], inputs, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grads[1][keep], weight, rtol=1e-12, atol=1e-15)
    assert (grads[1][3] == 0).all()


@pytest.mark.parametrize(
    ("rows", "classes", "features"), [(0, 3, 2), (4, 3, 0), (0, 0, 0), (4, 0, 2)], ids=lambda number: str(number)
)
def test_nothing(rows, classes, features):
    """No rows, no features, no classes: what cross_entropy gives for the logits."""
    x, w, b = np.ones((rows, features)), np.ones((classes, features)), np.arange(classes, dtype=float)
    labels = np.full(rows, -100 if classes == 0 else 1)
    wanted = fl.cross_entropy(x @ w.T + b, labels)
    value, grads = fl.linear_cross_entropy.value_and_grad(x, w, labels, bias=b)
    assert value == wanted or (np.isnan(value) and np.isnan(wanted))
    assert [grad.shape for grad in grads] == [x.shape, w.shape, b.shape]
    bias_gradient = fl.cross_entropy.grad(x @ w.T + b, labels).sum(axis=0)
    np.testing.assert_allclose(grads[2], bias_gradient, atol=1e-15)
    assert (grads[0] == 0).all()
    assert (grads[1] == 0).all()


def test_nothing_counts(rng):
    layer = draw(rng)
    out = tuple(np.full_like(array, 7) for array in layer[:2])
    value, grads = fl.linear_cross_entropy.value_and_grad(*layer[:2], np.full(7, -100), out=out)
    assert np.isnan(value)
    assert all((grad == 0).all() and grad is array for grad, array in zip(grads, out, strict=True))


def test_what_is_said_to_be_needed_is_enough(rng):
    """For any arguments: one byte less is refused."""
    layer = draw(rng, (4, 3))
    half = layer._replace(weight=layer.weight.astype(np.float16))
    for case in (layer, half):
        for keywords in ({}, {"bias": case.bias}, {"where": np.arange(12).reshape(4, 3) % 3 > 0}):
            arguments = case.inputs, case.weight, case.target
            with pytest.raises(ValueError, match="needs") as error:
                fl.linear_cross_entropy.grad(*arguments, max_bytes=0, **keywords)
            needed = int(str(error.value).split()[-1])
            right = fl.linear_cross_entropy.grad(*arguments, **keywords)
            found = fl.linear_cross_entropy.grad(*arguments, max_bytes=needed, **keywords)
            for grad, same in zip(found, right, strict=True):
                np.testing.assert_allclose(grad, same, rtol=1e-5, atol=1e-6)
            with pytest.raises(ValueError, match="needs"):
                fl.linear_cross_entropy.grad(*arguments, max_bytes=needed - 1, **keywords)


@pytest.mark.parametrize("kind", ["labels", "ignored", "distributions", "strided"])
@pytest.mark.parametrize("name", ["float32", "float16"])
def test_memory(rng, kind, name):
    """What NumPy allocates beyond the results, at the peak of a call."""
    rows, classes, features, limit = 250, 5000, 40, 1 << 19
    x, w = (rng.standard_normal(shape).astype(name) for shape in ((rows, features), (classes, features)))
    target = rng.integers(0, classes, rows)
    if kind == "ignored":
        target[::3] = -100
    elif kind == "distributions":
        target = np.full((rows, classes), np.float32(1 / classes))
    elif kind == "strided":
        x, w = (np.repeat(array, 2, axis=-1)[:, ::2] for array in (x, w))
    out = np.empty(x.shape, name), np.empty(w.shape, np.float32)
    per_row, few = 64 * rows, 300_000
    assert rows * classes * 4 > 5 * (limit + per_row + few), "the logits would not be noticed"
    for call in (
        lambda: fl.linear_cross_entropy(x, w, target, max_bytes=limit),
        lambda: fl.linear_cross_entropy.value_and_grad(x, w, target, max_bytes=limit, out=out),
    ):
        call()  # what is loaded at the first
        tracemalloc.start()
        try:
            call()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < limit + per_row + few
        assert peak > limit / 2, "the memory allowed is used"


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "none"])
def test_the_value_does_not_depend_on_the_memory(rng, reduction, name):
    """Not in its bits, where the products have no rounding."""
    layer = draw(rng, (60,), name)
    weight = rng.uniform(0, 2, 60)

    def value(max_bytes):
        return fl.linear_cross_entropy(
            *layer[:2], layer.target, bias=layer.bias, sample_weight=weight, reduction=reduction, max_bytes=max_bytes
        )

    for max_bytes in (700, 1500, 3000):
        np.testing.assert_array_equal(value(max_bytes), value(2**28))
    logits = layer.logits.astype(name)
    np.testing.assert_array_equal(
        value(700), fl.cross_entropy(logits, layer.target, sample_weight=weight, reduction=reduction)
    )


def test_same_bits_for_any_number_of_threads(rng, forced_threads):
    """Of what is not a product: those are BLAS's, and exact here."""
    layer = draw(rng, (64,), "float64")
    found = [fl.linear_cross_entropy(layer.inputs, layer.weight, layer.target, num_threads=n) for n in (1, 2, 3)]
    assert found[0] == found[1] == found[2]


def test_it_is_a_loss():
    loss = fl.linear_cross_entropy
    assert pickle.loads(pickle.dumps(loss)) is loss
    assert (loss.family, loss.has_curvature) == ("linear", False)
    with pytest.raises(TypeError, match="no curvature"):
        loss.grad_and_hess(X, W, LABELS)
    with pytest.raises(TypeError, match="here it is weight="):
        loss(X, linear_weight=W, target=LABELS)
    with pytest.raises(TypeError, match="here it is bias="):
        loss(X, W, LABELS, linear_bias=np.zeros(3))
    with pytest.raises(TypeError, match="here it is inputs="):
        loss(input=X, weight=W, target=LABELS)
