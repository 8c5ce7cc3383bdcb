"""linear_cross_entropy: its value and gradients by the definition of cross_entropy, for any arrays, and any memory.

Most inputs and weights here are multiples of 1/8 within a small range: float32 and the half types hold them, and their
products and sums have no rounding. What is compared is then what cross_entropy must do, and sums of its gradient.
"""

import pickle
import tracemalloc
from typing import NamedTuple

import domains
import numpy as np
import pytest
import reference
from losses import BY_NAME
from tolerance import assert_close, dtype_of
from verbs import Call, expected

import fastloss as fl

CROSS_ENTROPY = BY_NAME["cross_entropy"]
CLASSES, FEATURES, IGNORED = 13, 5, 2
DTYPES = ("float32", "float64", "float16", "bfloat16", "int32")


class Layer(NamedTuple):
    """Arguments of a call."""

    inputs: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    target: np.ndarray

    @property
    def logits(self):
        x, w, b, _ = (np.asarray(array).astype(np.float64) for array in self)
        return x @ w.T + b


def draw(rng, rows=(7,), name="float32", kind="labels"):
    dtype = dtype_of(name)
    step = 1 if dtype == np.int32 else 8

    def numbers(*shape):
        return (rng.integers(-12, 13, shape) / step).astype(dtype)

    target = domains.TARGETS[kind].draw(rng, (*rows, CLASSES), np.float64)
    return Layer(numbers(*rows, FEATURES), numbers(CLASSES, FEATURES), numbers(CLASSES), target)


def wanted_of(layer, options, reduction, weight=1.0, ignored=None, where=True):
    """Value, gradients of inputs, weight and bias, and the magnitudes of what each is a sum of."""
    call = Call((layer.logits, layer.target), options, weight, ignored, where)
    found = expected(CROSS_ENTROPY, call, reduction)
    scale = 1 / found.divisor if found.divisor else 0.0
    g, terms = found.derivatives[0] * scale, (np.abs(found.derivatives[0]) + found.terms[0]) * scale
    value = found.losses if reduction == "none" else reference.reduce(found.losses, reduction, found.divisor)
    x, w = (np.nan_to_num(array.astype(np.float64), posinf=0, neginf=0) for array in layer[:2])
    g, terms, x = (array.reshape(-1, array.shape[-1]) for array in (g, terms, x))
    grads = [(g @ w).reshape(layer.inputs.shape), g.T @ x, g.sum(axis=0)]
    sums = [(terms @ np.abs(w)).reshape(layer.inputs.shape), terms.T @ np.abs(x), terms.sum(axis=0)]
    return value, grads, sums


def check(layer, wanted, name, **keywords):
    """Both verbs; of a layer with bias."""
    arguments, (value, grads, sums) = (layer.inputs, layer.weight, layer.target), wanted
    found, found_grads = fl.linear_cross_entropy.value_and_grad(*arguments, bias=layer.bias, **keywords)
    only_grads = fl.linear_cross_entropy.grad(*arguments, bias=layer.bias, **keywords)
    assert_close(found, value, name, terms=np.abs(value).max(initial=0.0) * (keywords.get("reduction") != "none"))
    assert_close(fl.linear_cross_entropy(*arguments, bias=layer.bias, **keywords), found, name)
    for array, again, grad, terms in zip(found_grads, only_grads, grads, sums, strict=True):
        np.testing.assert_array_equal(array, again)
        type_name = array.dtype.name if array.dtype.name in DTYPES else name
        assert_close(array, grad, type_name, terms=terms, rounded=True)


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


def layouts(array):
    """The same numbers in other ways."""
    spaced = np.repeat(array, 2, axis=-1)[..., ::2]
    read_only = array.copy()
    read_only.setflags(write=False)
    return {
        "every second": spaced,
        "backwards": np.ascontiguousarray(array[::-1])[::-1],
        "Fortran's": np.asfortranarray(array),
        "within rows": np.pad(array, [(0, 0)] * (array.ndim - 1) + [(1, 2)])[..., 1:-2],
        "read-only": read_only,
        "big-endian": array.astype(array.dtype.newbyteorder(">")),
        "list": array.tolist(),
    }


@pytest.mark.parametrize("layout", list(layouts(np.zeros((1, 1)))))
@pytest.mark.parametrize("rows", [(6,), (3, 4), (2, 2, 3)], ids=str)
@pytest.mark.parametrize("name", ["float64", "float16"])
def test_layouts(rng, rows, layout, name):
    layer = draw(rng, rows, name)
    wanted = wanted_of(layer, {}, "mean")
    changed = layer._replace(inputs=layouts(layer.inputs)[layout], weight=layouts(layer.weight)[layout])
    if layout == "list":
        name = "float64"
    arguments = changed.inputs, changed.weight, layer.target
    for max_bytes in (2**28, 2000):
        value, grads = fl.linear_cross_entropy.value_and_grad(*arguments, bias=layer.bias, max_bytes=max_bytes)
        assert_close(value, wanted[0], name)
        for grad, right, terms in zip(grads, *wanted[1:], strict=True):
            assert_close(grad, right, grad.dtype.name, terms=terms, rounded=True)


@pytest.mark.parametrize("kind", ["labels", "distributions"])
def test_leading_dimensions_that_are_not_one(rng, kind):
    """Of inputs, distributions and the gradient: transposed, so that no view has them as rows."""
    layer = draw(rng, (4, 3), "float64", kind)
    wanted = wanted_of(layer, {}, "mean")
    x = np.ascontiguousarray(layer.inputs.transpose(1, 0, 2)).transpose(1, 0, 2)
    target = layer.target
    if kind == "distributions":
        target = np.ascontiguousarray(target.transpose(2, 1, 0)).transpose(2, 1, 0)
    out = (np.empty((3, 4, FEATURES)).transpose(1, 0, 2), np.empty((FEATURES, CLASSES)).T, np.empty(CLASSES))
    for max_bytes in (2**28, 2000):
        value, grads = fl.linear_cross_entropy.value_and_grad(
            x, layer.weight, target, bias=layer.bias, out=out, max_bytes=max_bytes
        )
        assert_close(value, wanted[0], "float64")
        for grad, array, right, terms in zip(grads, out, *wanted[1:], strict=True):
            assert grad is array
            assert_close(grad, right, "float64", terms=terms)


def test_one_row(rng):
    """Inputs of one dimension, and a single label."""
    layer = draw(rng, (), "float64")
    wanted = wanted_of(layer, {}, "mean")
    check(layer, wanted, "float64")


def test_tensors(rng):
    """Of PyTorch, its bfloat16 among them; `out` is the tensors that were passed."""
    torch = pytest.importorskip("torch")
    layer = draw(rng)
    wanted = wanted_of(layer, {}, "mean")
    for dtype in (torch.float32, torch.bfloat16):
        x, w, b = (torch.tensor(array).to(dtype) for array in layer[:3])
        value, grads = fl.linear_cross_entropy.value_and_grad(x, w, torch.tensor(layer.target), bias=b, max_bytes=2000)
        assert_close(value, wanted[0], "float32")
        for grad, right, terms in zip(grads, *wanted[1:], strict=True):
            assert grad.dtype == np.float32
            assert_close(grad, right, "float32", terms=terms)
    x, w = (torch.tensor(array) for array in layer[:2])
    out = torch.empty_like(x), None
    grads = fl.linear_cross_entropy.grad(x, w, torch.tensor(layer.target), out=out)
    assert grads[0] is out[0]
    plain = fl.linear_cross_entropy.grad(*layer[:2], layer.target)
    for grad, right in zip(grads, plain, strict=True):
        np.testing.assert_array_equal(grad, right)


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


def test_in_place(rng):
    """The gradient of the inputs is written over them, whatever the size of a block."""
    layer = draw(rng, (9,), "float32")
    right = fl.linear_cross_entropy.grad(*layer[:2], layer.target)
    for max_bytes in (2**28, 500):
        for labels in (layer.target, np.where(np.arange(9) == 4, -100, layer.target)):
            x = layer.inputs.copy()
            right = fl.linear_cross_entropy.grad(layer.inputs, layer.weight, labels, max_bytes=max_bytes)
            found = fl.linear_cross_entropy.grad(x, layer.weight, labels, out=(x, None), max_bytes=max_bytes)
            assert found[0] is x
            for array, same in zip(found, right, strict=True):
                np.testing.assert_array_equal(array, same)


@pytest.mark.parametrize("place", ["weight", "other rows", "bias", "target"])
def test_out_that_is_still_read(rng, place):
    """It is written when everything has been read."""
    layer = draw(rng, (CLASSES,), "float64", "distributions" if place == "target" else "labels")
    right = fl.linear_cross_entropy.grad(*layer[:2], layer.target, bias=layer.bias)
    memory = np.zeros((CLASSES + 2, FEATURES))
    memory[1:-1] = layer.inputs
    x, w, b, y = memory[1:-1], layer.weight.copy(), layer.bias.copy(), layer.target.copy()
    out = {
        "weight": (w, x),
        "other rows": (memory[2:], None),
        "bias": (None, None, b),
        "target": (y[..., :FEATURES], None, None),
    }[place]
    out = (*out, None)[:3]
    found = fl.linear_cross_entropy.grad(x, w, y, bias=b, out=out, max_bytes=3000)
    for array, same, given in zip(found, right, out, strict=True):
        assert given is None or array is given
        np.testing.assert_allclose(array, same, rtol=1e-12, atol=1e-15)


X, W, LABELS = np.zeros((4, 2), np.float32), np.zeros((3, 2), np.float32), np.array([0, 1, 2, 0])
SOFT = np.full((4, 3), 1 / 3)
BAD_SOFT = np.where(np.arange(12).reshape(4, 3) == 7, 1.5, SOFT)
WRONG = {
    "no features": ((1.0, W, LABELS), {}, "inputs has no axis"),
    "transposed weight": ((X, W.T, LABELS), {}, r"weight has shape \(2, 3\).*weight\.T would fit"),
    "weight of one dimension": ((X, W[0], LABELS), {}, r"weight has shape \(2,\)"),
    "bias": ((X, W, LABELS), {"bias": np.zeros(4)}, r"bias has shape \(4,\); expected \(3,\)"),
    "label": ((X, W, [0, 1, 3, 0]), {}, r"target\[2\] is 3; expected 0..2"),
    "shape of labels": ((X, W, LABELS[:3]), {}, r"target has shape \(3,\)"),
    "probability": ((X, W, BAD_SOFT), {}, r"target\[2, 1\] is 1.5"),
    "class weight": ((X, W, LABELS), {"class_weight": [1, 2, -1]}, r"class_weight\[2\] is -1"),
    "sample weight": ((X, W, LABELS), {"sample_weight": [1, 2]}, "sample_weight has shape"),
    "where": ((X, W, LABELS), {"where": [True, False]}, "where has shape"),
    "smoothing": ((X, W, LABELS), {"label_smoothing": 2}, "label_smoothing"),
    "temperature": ((X, W, LABELS), {"temperature": 0}, "temperature"),
    "reduction": ((X, W, LABELS), {"reduction": "average"}, "reduction must be"),
    "memory": ((X, W, LABELS), {"max_bytes": 10}, "max_bytes is 10; one row of 3 logits needs"),
}
WRONG_TYPES = {
    "float labels": ((X, W, [0.5, 1, 2, 0]), {}, "labels must be integers"),
    "objects": ((X, np.full((3, 2), None), LABELS), {}, "weight has dtype object"),
    "no target": ((X, W, None), {}, "target"),
    "memory in words": ((X, W, LABELS), {"max_bytes": "much"}, "max_bytes must be an integer"),
}


@pytest.mark.parametrize("name", [*WRONG, *WRONG_TYPES])
def test_errors(name):
    error = ValueError if name in WRONG else TypeError
    arguments, keywords, text = {**WRONG, **WRONG_TYPES}[name]
    shapes = [array.shape for array in (X, W)] + ([(3,)] if "bias" in keywords else [])
    out = tuple(np.full(shape, 7, np.float32) for shape in shapes)
    with pytest.raises(error, match=text):
        fl.linear_cross_entropy.value_and_grad(*arguments, out=out, **keywords)
    assert all((array == 7).all() for array in out)
    with pytest.raises(error, match=text):
        fl.linear_cross_entropy(*arguments, **keywords)


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        (
            np.zeros((4, 2), np.float32),
            TypeError,
            "out must be a tuple of 2 arrays, for the gradients of inputs, weight",
        ),
        ((None, None, None), TypeError, "out must be a tuple of 2"),
        ((np.zeros((4, 3), np.float32), None), ValueError, r"out\[0\] has shape \(4, 3\); expected \(4, 2\)"),
        ((None, np.zeros((3, 2))), TypeError, r"out\[1\] has dtype float64; expected float32"),
        ((None, [[0.0]]), TypeError, r"out\[1\] must be a NumPy array or a tensor"),
        ((W, W), ValueError, r"out\[0\] has shape"),
    ],
)
def test_errors_of_out(out, error, text):
    with pytest.raises(error, match=text):
        fl.linear_cross_entropy.grad(X, W, LABELS, out=out)


def test_out_twice():
    memory = np.zeros((6, 2), np.float32)
    with pytest.raises(ValueError, match=r"out\[0\] and out\[1\] share memory"):
        fl.linear_cross_entropy.grad(X, W, LABELS, out=(memory[:4], memory[3:]))


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
    rows, classes, features, limit = 600, 3000, 40, 1 << 20
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
