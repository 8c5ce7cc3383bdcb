"""linear_cross_entropy with arrays of any layout, and with `out`; what is refused."""

import numpy as np
import pytest
from linear_layers import CLASSES, FEATURES, check, draw, wanted_of
from tolerance import assert_close

import fastloss as fl


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
