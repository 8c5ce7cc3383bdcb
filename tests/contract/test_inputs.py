"""What may be passed to every loss: dtypes, layouts, axes, foreign arrays."""

import tracemalloc

import domains
import numpy as np
import pytest
from losses import LOSSES, of_family
from samples import SAMPLES, C, N, every_loss, same
from tolerance import assert_close

import fastloss as fl


class OnlyArray:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


class OnlyDLPack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def layouts(x, folder):
    """The same numbers, lying differently in memory."""
    spaced = np.zeros([2 * n for n in x.shape], x.dtype)
    spaced[tuple(slice(1, None, 2) for _ in x.shape)] = x
    mapped = np.memmap(folder / "scores", x.dtype, "w+", shape=x.shape)
    mapped[...] = x
    locked = x.copy()
    locked.flags.writeable = False
    unaligned = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    yield "Fortran", np.asfortranarray(x)
    yield "reversed", x[::-1].copy()[::-1]
    yield "classes reversed", x[..., ::-1].copy()[..., ::-1]
    yield "spaced", spaced[tuple(slice(1, None, 2) for _ in x.shape)]
    yield "middle of a larger array", np.pad(x, 3)[tuple(slice(3, -3) for _ in x.shape)]
    yield "memmap", mapped
    yield "read-only", locked
    yield "unaligned", unaligned
    yield "other byte order", x.astype(x.dtype.newbyteorder())
    yield "__array__", OnlyArray(x)
    yield "__dlpack__", OnlyDLPack(x)
    yield "list", x.tolist()


@every_loss
def test_layouts(isa, rng, tmp_path, sample):
    loss, x, targets, options = sample.draw(rng)
    value, grad = loss.value_and_grad(x, *targets, **options)
    for name, layout in layouts(x, tmp_path):
        before = np.array(layout.array if hasattr(layout, "array") else layout)
        found, gradient = loss.value_and_grad(layout, *targets, **options)
        assert found == same(value), name
        assert type(gradient) is np.ndarray, name
        np.testing.assert_array_equal(gradient, grad, err_msg=name)
        np.testing.assert_array_equal(np.array(layout.array if hasattr(layout, "array") else layout), before)
        assert loss(layout, *targets, **options) == same(value), name


@every_loss
def test_one_row_broadcast_to_all(isa, rng, sample):
    """Strides of 0: the gradient has memory of its own."""
    loss, x, targets, options = sample.draw(rng)
    broadcast = np.broadcast_to(x[:1], x.shape)
    value, grad = loss.value_and_grad(broadcast, *targets, **options)
    expected, gradient = loss.value_and_grad(broadcast.copy(), *targets, **options)
    assert value == same(expected)
    np.testing.assert_array_equal(grad, gradient)
    assert grad.flags.writeable


@every_loss
def test_layouts_of_the_target(isa, rng, tmp_path, sample):
    loss, x, targets, options = sample.draw(rng)
    value, grad = loss.value_and_grad(x, *targets, **options)
    for name, layout in layouts(targets[0], tmp_path) if targets else ():
        if sample.row.family == "ctc" and name == "list":
            layout = [list(row) for row in layout]
        found, gradient = loss.value_and_grad(x, layout, **options)
        assert found == same(value), name
        np.testing.assert_array_equal(gradient, grad, err_msg=name)


@every_loss
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_integer_scores_are_promoted_before_any_arithmetic(isa, rng, sample, dtype):
    loss, x, targets, options = sample.draw(rng)
    is_unit = sample.row.domain.limits == domains.UNIT
    whole = rng.integers(0, 2 if dtype == "bool" or is_unit else 120, x.shape).astype(dtype)
    if is_unit:  # a target between 0 and 1 would be taken for the prediction
        targets = [np.round(target) for target in targets]
    value, grad = loss.value_and_grad(whole, *targets, **options)
    expected, gradient = loss.value_and_grad(whole.astype(np.float64), *targets, **options)
    assert value == same(expected)
    assert grad.dtype == np.float64
    np.testing.assert_array_equal(grad, gradient)
    out = np.empty(x.shape)
    assert loss.grad(whole, *targets, **options, out=out) is out
    np.testing.assert_array_equal(out, gradient)


@every_loss
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_half_scores_compute_in_float32(isa, rng, sample, name):
    dtype = np.dtype(name) if name == "float16" else np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    loss, x, targets, options = sample.draw(rng)
    half = x.astype(dtype)
    value, grad = loss.value_and_grad(half, *targets, **options)
    expected, gradient = loss.value_and_grad(half.astype(np.float32), *targets, **options)
    assert value == pytest.approx(expected, rel=1e-6)
    assert grad.dtype == dtype
    assert_close(grad, gradient.astype(np.float64), name, rounded=True, terms=1e-2)
    strided = np.zeros((*x.shape, 2), dtype)[..., 0]
    loss.grad(half, *targets, **options, out=strided)
    np.testing.assert_array_equal(strided, grad)
    if not sample.row.is_of_all:
        assert loss(half, *targets, reduction="none", **options).dtype == np.float32


def test_half_infinities_subnormals_and_nan(isa):
    """Every float16 there is, through the conversions and back."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for dtype in (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)):
        every = np.arange(2**16, dtype=np.uint16).view(dtype)
        every = every[~np.isnan(every.astype(np.float32))]
        # With one class the loss is a copy: -log p is -x in nll_loss.
        found = fl.nll_loss(every[:, None], np.zeros(len(every), int), reduction="none")
        np.testing.assert_array_equal(found, -every.astype(np.float32))
        assert np.isnan(fl.nll_loss(np.full((1, 1), np.nan, dtype), [0]))
        # The gradient rounds to nearest, ties to even, as NumPy does.
        finite = every[np.isfinite(every.astype(np.float32))].astype(np.float32)
        ties = finite[:-1] / 2 + finite[1:] / 2
        weights = np.concatenate([finite, ties, np.linspace(-3, 3, 999), [1e-8, 65519, 65520, 3e38]])
        weights = weights.astype(np.float32)
        x = np.zeros((len(weights), 1), dtype)
        grad = fl.nll_loss.grad(x, np.zeros(len(weights), int), sample_weight=weights, reduction="sum")
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(-grad[:, 0], weights.astype(dtype))


def test_mixed_types(isa, rng):
    """LightGBM hands float64 predictions with float32 labels, and (n, k) in Fortran order."""
    x, y = np.asfortranarray(rng.normal(size=(N, C))), rng.integers(0, 2, (N, C))
    expected = fl.sigmoid_focal_loss.grad_and_hess(x, y)
    for kind in ("float32", "float16", "bool", "uint8", "float64"):
        found = fl.sigmoid_focal_loss.grad_and_hess(x, y.astype(kind))
        np.testing.assert_array_equal(found, expected)
        assert found[0].flags.f_contiguous or found[0].flags.c_contiguous
    narrow = x.astype(np.float32)
    found = fl.sigmoid_focal_loss.grad(narrow, y.astype(np.float64))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected[0], rtol=1e-4, atol=1e-7)
    soft = rng.dirichlet(np.ones(C), N)
    wide, single = fl.cross_entropy(narrow, soft), fl.cross_entropy(narrow, soft.astype(np.float32))
    assert wide == pytest.approx(single, rel=1e-6)
    assert fl.cross_entropy.grad(narrow, soft).dtype == np.float32


LABELLED = [row.loss for row in LOSSES if row.has_labels]


@pytest.mark.parametrize("loss", LABELLED, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2, -3, -4])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_axis_everywhere(isa, rng, loss, axis, dtype):
    shape = [3, 4, 5, 6]
    x = rng.normal(size=shape).astype(dtype)
    classes = shape.pop(axis)
    labels, weight = rng.integers(0, classes, shape), rng.uniform(size=shape)
    last = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    value, grad = loss.value_and_grad(x, labels, axis=axis, sample_weight=weight, reduction="none")
    expected, gradient = loss.value_and_grad(last, labels, sample_weight=weight, reduction="none")
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(grad, np.moveaxis(gradient, -1, axis))
    if loss is fl.cross_entropy:
        soft = rng.dirichlet(np.ones(classes), shape)
        found = fl.cross_entropy.grad(x, np.moveaxis(soft, -1, axis), axis=axis)
        np.testing.assert_array_equal(found, np.moveaxis(fl.cross_entropy.grad(last, soft), -1, axis))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 1, 4), (1, 1, 6), (2, 300, 3)], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_axis_of_distributions(isa, rng, shape, axis, order):
    """Also axes of length 1, and layouts in which a row is anything but contiguous."""
    x, y = (np.asarray(rng.uniform(0.01, 1, shape), order=order) for _ in range(2))
    weight = rng.uniform(size=np.delete(shape, axis))
    last = [np.ascontiguousarray(np.moveaxis(array, axis, -1)) for array in (x, y)]
    for row in of_family("rowwise"):
        if row.has_labels:
            continue
        loss, count = row.loss, 1 + bool(row.targets)
        options = {"sample_weight": weight, "reduction": "none"}
        value, grad = loss.value_and_grad(*(x, y)[:count], axis=axis, **options)
        expected, gradient = loss.value_and_grad(*last[:count], **options)
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(grad, np.moveaxis(gradient, -1, axis))
        total, grad = loss.value_and_grad(*(x, y)[:count], axis=axis)
        assert total == pytest.approx(loss(*last[:count]), rel=1e-13)
        np.testing.assert_array_equal(grad, np.moveaxis(loss.grad(*last[:count]), -1, axis))


def test_one_sample(isa):
    x = np.array([1.0, 2.0, 0.5])
    for loss in LABELLED:
        for label in (1, np.int8(1), np.array(1)):
            assert loss(x, label) == loss(x[None], [1])
            assert loss(x, label, reduction="none").shape == ()
            np.testing.assert_array_equal(loss.grad(x, label), loss.grad(x[None], [1])[0])
    assert fl.cross_entropy(x, [0.2, 0.5, 0.3]) == fl.cross_entropy(x[None], [[0.2, 0.5, 0.3]])
    assert fl.sigmoid_focal_loss(0.3, 1) == fl.sigmoid_focal_loss([0.3], [1])
    assert fl.sigmoid_focal_loss.grad(np.float32(0.3), 1).shape == ()
    assert fl.cross_entropy([[1, 2], [3, 4]], [0, 1]) == fl.cross_entropy(np.array([[1.0, 2], [3, 4]]), [0, 1])


def test_torch_tensors(isa, rng):
    torch = pytest.importorskip("torch")
    for loss, x, targets, options in (sample.draw(rng, np.float32) for sample in SAMPLES):
        value, grad = loss.value_and_grad(x, *targets, **options)
        found, gradient = loss.value_and_grad(torch.from_numpy(x), *map(torch.from_numpy, targets), **options)
        assert found == value
        np.testing.assert_array_equal(gradient, grad)
        with pytest.raises(TypeError, match="can't be viewed as an array"):
            loss(torch.from_numpy(x).requires_grad_(), *map(torch.from_numpy, targets), **options)
    x, labels = rng.normal(size=(N, C)).astype(np.float32), rng.integers(0, C, N)
    strided = torch.from_numpy(x).t().contiguous().t()
    assert fl.cross_entropy(strided, torch.from_numpy(labels)) == fl.cross_entropy(x, labels)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_jax_arrays(isa, rng, dtype):
    """They arrive read-only; bfloat16 is NumPy's by way of ml_dtypes."""
    jnp = pytest.importorskip("jax.numpy")
    for loss, x, targets, options in (sample.draw(rng, np.float32) for sample in SAMPLES):
        array = jnp.asarray(x).astype(dtype)
        value, grad = loss.value_and_grad(
            np.array(array), *(np.array(jnp.asarray(target)) for target in targets), **options
        )
        found, gradient = loss.value_and_grad(array, *map(jnp.asarray, targets), **options)
        assert found == value
        assert gradient.dtype == dtype
        np.testing.assert_array_equal(gradient, grad)


def test_as_many_dimensions_as_numpy_has(isa, rng):
    x, labels = rng.normal(size=(2, 3, 2, 5)), rng.integers(0, 5, (2, 3, 2))
    shape = (1,) * 18 + (2,) + (1,) * 9 + (3, 2, 5)  # with one more below, the 32 of NumPy 1
    spread = np.zeros((*shape, 2))[..., 0]
    spread[...] = x.reshape(shape)
    assert fl.cross_entropy(spread, labels.reshape(shape[:-1])) == fl.cross_entropy(x, labels)
    many = rng.normal(size=(2,) * 12)
    every_other = np.zeros((4,) * 12)[(slice(None, None, 2),) * 12]
    every_other[...] = many
    y = rng.integers(0, 2, many.shape)
    np.testing.assert_array_equal(fl.sigmoid_focal_loss.grad(every_other, y), fl.sigmoid_focal_loss.grad(many, y))


def test_subclasses_of_arrays_give_plain_arrays(isa, rng):
    x, labels = rng.normal(size=(4, 3)).view(type("Scores", (np.ndarray,), {})), [0, 1, 2, 0]
    assert type(fl.cross_entropy.grad(x, labels)) is np.ndarray
    assert type(fl.softmax(x)) is np.ndarray


def test_large_axis_one_without_a_hidden_copy(isa, rng):
    """PyTorch's layout: the memory of a whole copy is not taken."""
    x = rng.normal(size=(2, 16, 256, 256)).astype(np.float32)
    labels = rng.integers(0, 16, (2, 256, 256))
    out = np.zeros_like(x)
    for scores, result in ((x, out), (x.astype(np.float16), out.astype(np.float16)), (np.asfortranarray(x), out)):
        for call in (
            lambda x, out: fl.cross_entropy.grad(x, labels, axis=1, out=out),
            lambda x, out: fl.kl_divergence_with_logits.grad(x, x[..., ::-1], axis=1, out=out),
            lambda x, out: fl.mse_loss.grad(x, 1.0, sample_weight=np.ones((256, 1)), out=out),
            lambda x, out: fl.entropy.grad(np.abs(x, out=out).clip(0, 1, out=out), out=out),
        ):
            tracemalloc.start()
            call(scores, result)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < x.nbytes / 4
