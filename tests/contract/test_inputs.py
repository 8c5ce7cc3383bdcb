"""What may be passed: dtypes, layouts, axes, foreign arrays, and where the gradient may be written."""

import tracemalloc

import numpy as np
import pytest
from tolerance import assert_close

import fastloss as fl

C, N = 7, 23


class WithoutTarget:
    """A loss that has no target, to be called like the others."""

    def __init__(self, loss):
        self.loss = loss

    def __call__(self, x, target, **options):
        return self.loss(x, **options)

    def grad(self, x, target, **options):
        return self.loss.grad(x, **options)

    def value_and_grad(self, x, target, **options):
        return self.loss.value_and_grad(x, **options)


def calls(rng, dtype=np.float64):
    """One call of each loss: (loss, scores, targets, options)."""
    rows, labels = (rng.normal(size=(N, C)) * 2).astype(dtype), rng.integers(0, C, N)
    soft = rng.dirichlet(np.ones(C), N).clip(0, 1)
    frames, sequences = (rng.normal(size=(N, 3, C)) * 2).astype(dtype), rng.integers(1, C, (3, 5))
    probs = rng.uniform(0.01, 0.99, (N, C)).astype(dtype)
    return [
        (fl.cross_entropy, rows, labels, {}),
        (fl.cross_entropy, rows, labels, {"label_smoothing": 0.1}),
        (fl.cross_entropy, rows, soft, {}),
        (fl.nll_loss, rows, labels, {"sample_weight": rng.uniform(size=N)}),
        (fl.softmax_focal_loss, rows, labels, {}),
        (fl.sigmoid_focal_loss, rows, soft, {"sample_weight": rng.uniform(size=N)[:, None]}),
        (fl.ctc_loss, frames, sequences, {"input_lengths": [N, 15, 12]}),
        (fl.ctc_loss_with_logits, frames, sequences, {"input_lengths": [N, 15, 12]}),
        *((loss, rows, soft, {}) for loss in (fl.l1_loss, fl.mse_loss, fl.rmse_loss, fl.huber_loss)),
        *((loss, rows, soft, {}) for loss in (fl.smooth_l1_loss, fl.log_cosh_loss, fl.quantile_loss)),
        (fl.poisson_nll_loss, rows, soft, {}),
        (fl.poisson_nll_loss, rows, soft, {"full": True, "sample_weight": rng.uniform(size=(N, C))}),
        (fl.binary_cross_entropy, probs, soft, {}),
        (fl.binary_cross_entropy_with_logits, rows, soft, {"pos_weight": rng.uniform(size=C)}),
        (fl.categorical_cross_entropy, probs, soft, {"include_negatives": True}),
        (WithoutTarget(fl.entropy), probs, soft, {"sample_weight": rng.uniform(size=N)}),
        (WithoutTarget(fl.entropy_with_logits), rows, soft, {}),
        (fl.kl_divergence, probs, soft, {"sample_weight": rng.uniform(size=N)}),
        (fl.kl_divergence_with_logits, rows, soft, {}),
    ]


IDS = [
    *("cross_entropy", "smoothed", "soft", "nll", "softmax_focal", "sigmoid_focal", "ctc", "ctc_with_logits"),
    *("l1", "mse", "rmse", "huber", "smooth_l1", "log_cosh", "quantile", "poisson", "poisson full", "binary"),
    *("binary_with_logits", "categorical", "entropy", "entropy_with_logits", "kl", "kl_with_logits"),
]
every_loss = pytest.mark.parametrize("which", range(len(IDS)), ids=IDS)


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


PROBABILITIES = ("binary", "categorical", "entropy", "kl")  # their predictions are within [0, 1]


def same(value):
    """Elements are summed in the order in which they lie, so another layout may round the sum otherwise."""
    return pytest.approx(value, rel=1e-14, nan_ok=True)


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
def test_layouts(isa, rng, tmp_path, which):
    loss, x, target, options = calls(rng)[which]
    value, grad = loss.value_and_grad(x, target, **options)
    for name, layout in layouts(x, tmp_path):
        before = np.array(layout.array if hasattr(layout, "array") else layout)
        found, slope = loss.value_and_grad(layout, target, **options)
        assert found == same(value), name
        assert type(slope) is np.ndarray, name
        np.testing.assert_array_equal(slope, grad, err_msg=name)
        np.testing.assert_array_equal(np.array(layout.array if hasattr(layout, "array") else layout), before)
        assert loss(layout, target, **options) == same(value), name


@every_loss
def test_one_row_broadcast_to_all(isa, rng, which):
    """Strides of 0: the gradient has memory of its own."""
    loss, x, target, options = calls(rng)[which]
    broadcast = np.broadcast_to(x[:1], x.shape)
    value, grad = loss.value_and_grad(broadcast, target, **options)
    expected, slope = loss.value_and_grad(broadcast.copy(), target, **options)
    assert value == same(expected)
    np.testing.assert_array_equal(grad, slope)
    assert grad.flags.writeable


@every_loss
def test_layouts_of_the_target(isa, rng, tmp_path, which):
    loss, x, target, options = calls(rng)[which]
    value, grad = loss.value_and_grad(x, target, **options)
    for name, layout in layouts(target, tmp_path):
        if "ctc" in IDS[which] and name == "list":
            layout = [list(row) for row in layout]
        found, slope = loss.value_and_grad(x, layout, **options)
        assert found == same(value), name
        np.testing.assert_array_equal(slope, grad, err_msg=name)


@every_loss
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_integer_scores_are_promoted_before_any_arithmetic(isa, rng, which, dtype):
    loss, x, target, options = calls(rng)[which]
    whole = rng.integers(0, 2 if dtype == "bool" or IDS[which] in PROBABILITIES else 120, x.shape).astype(dtype)
    value, grad = loss.value_and_grad(whole, target, **options)
    expected, slope = loss.value_and_grad(whole.astype(np.float64), target, **options)
    assert value == same(expected)
    assert grad.dtype == np.float64
    np.testing.assert_array_equal(grad, slope)
    out = np.empty(x.shape)
    assert loss.grad(whole, target, **options, out=out) is out
    np.testing.assert_array_equal(out, slope)


@every_loss
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_half_scores_compute_in_float32(isa, rng, which, name):
    dtype = np.dtype(name) if name == "float16" else np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    loss, x, target, options = calls(rng)[which]
    half = x.astype(dtype)
    value, grad = loss.value_and_grad(half, target, **options)
    expected, slope = loss.value_and_grad(half.astype(np.float32), target, **options)
    assert value == pytest.approx(expected, rel=1e-6)
    assert grad.dtype == dtype
    assert_close(grad, slope.astype(np.float64), name, rounded=True, terms=1e-2)
    strided = np.zeros((*x.shape, 2), dtype)[..., 0]
    loss.grad(half, target, **options, out=strided)
    np.testing.assert_array_equal(strided, grad)
    if loss is not fl.rmse_loss:
        assert loss(half, target, reduction="none", **options).dtype == np.float32


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


@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.nll_loss, fl.softmax_focal_loss], ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2, -3, -4])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_axis_everywhere(isa, rng, loss, axis, dtype):
    shape = [3, 4, 5, 6]
    x = rng.normal(size=shape).astype(dtype)
    classes = shape.pop(axis)
    labels, weight = rng.integers(0, classes, shape), rng.uniform(size=shape)
    last = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    value, grad = loss.value_and_grad(x, labels, axis=axis, sample_weight=weight, reduction="none")
    expected, slope = loss.value_and_grad(last, labels, sample_weight=weight, reduction="none")
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(grad, np.moveaxis(slope, -1, axis))
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
    for loss, count in (
        (fl.entropy, 1),
        (fl.entropy_with_logits, 1),
        (fl.kl_divergence, 2),
        (fl.kl_divergence_with_logits, 2),
        (fl.categorical_cross_entropy, 2),
    ):
        options = {"sample_weight": weight, "reduction": "none"}
        value, grad = loss.value_and_grad(*(x, y)[:count], axis=axis, **options)
        expected, slope = loss.value_and_grad(*last[:count], **options)
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(grad, np.moveaxis(slope, -1, axis))
        total, grad = loss.value_and_grad(*(x, y)[:count], axis=axis)
        assert total == pytest.approx(loss(*last[:count]), rel=1e-13)
        np.testing.assert_array_equal(grad, np.moveaxis(loss.grad(*last[:count]), -1, axis))


def test_one_sample(isa):
    x = np.array([1.0, 2.0, 0.5])
    for loss in (fl.cross_entropy, fl.nll_loss, fl.softmax_focal_loss):
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
    for loss, x, target, options in calls(rng, np.float32):
        value, grad = loss.value_and_grad(x, target, **options)
        found, slope = loss.value_and_grad(torch.from_numpy(x), torch.from_numpy(target), **options)
        assert found == value
        np.testing.assert_array_equal(slope, grad)
        with pytest.raises(TypeError, match="can't be viewed as an array"):
            loss(torch.from_numpy(x).requires_grad_(), torch.from_numpy(target), **options)
    x, labels = rng.normal(size=(N, C)).astype(np.float32), rng.integers(0, C, N)
    strided = torch.from_numpy(x).t().contiguous().t()
    assert fl.cross_entropy(strided, torch.from_numpy(labels)) == fl.cross_entropy(x, labels)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_jax_arrays(isa, rng, dtype):
    """They arrive read-only; bfloat16 is NumPy's by way of ml_dtypes."""
    jnp = pytest.importorskip("jax.numpy")
    for loss, x, target, options in calls(rng, np.float32):
        array = jnp.asarray(x).astype(dtype)
        value, grad = loss.value_and_grad(np.array(array), np.array(jnp.asarray(target)), **options)
        found, slope = loss.value_and_grad(array, jnp.asarray(target), **options)
        assert found == value
        assert slope.dtype == dtype
        np.testing.assert_array_equal(slope, grad)


@every_loss
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_out(isa, rng, which, dtype):
    loss, x, target, options = calls(rng, dtype)[which]
    value, grad = loss.value_and_grad(x, target, **options)
    spaced = np.full((*x.shape, 3), 77, dtype)
    fresh = [np.full(x.shape, np.nan, dtype), np.full(x.shape, 7, dtype, order="F")]
    for out in (*fresh, spaced[..., 1], spaced[::-1, ..., 2]):
        assert loss.grad(x, target, **options, out=out) is out
        np.testing.assert_array_equal(out, grad)
        out[...] = -3
        found, same = loss.value_and_grad(x, target, **options, out=out)
        assert same is out
        assert found == value
        np.testing.assert_array_equal(out, grad)
    assert (spaced[..., 0] == 77).all()


@every_loss
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_in_place(isa, rng, which, dtype, order):
    loss, x, target, options = calls(rng, dtype)[which]
    value, grad = loss.value_and_grad(x, target, **options)
    memory = np.array(x, order=order)
    found, out = loss.value_and_grad(memory, target, **options, out=memory)
    assert out is memory
    assert found == same(value)
    np.testing.assert_array_equal(memory, grad)
    memory = np.array(x, order=order)
    loss.grad(memory, target, **options, out=memory)
    np.testing.assert_array_equal(memory, grad)


@every_loss
def test_out_that_overlaps_an_input(isa, rng, which):
    """Shifted or reversed onto the scores, or onto the target: refused or right, never silently wrong."""
    loss, x, target, options = calls(rng)[which]
    grad = loss.grad(x, target, **options)

    def right_or_refused(scores, targets, out):
        try:
            loss.grad(scores, targets, **options, out=out)
        except ValueError:
            return
        np.testing.assert_array_equal(out, grad)

    memory = np.empty((N + 1, *x.shape[1:]))
    memory[:-1] = x
    right_or_refused(memory[:-1], target, memory[1:])
    memory[1:] = x
    right_or_refused(memory[1:], target, memory[:-1])
    memory = x.copy()
    right_or_refused(memory, target, memory[::-1])
    if target.shape == x.shape:
        memory = target.copy()
        right_or_refused(x, memory, memory)
    narrow = x.astype(np.float32)
    wide = loss.grad(narrow, target, **options)
    memory = np.empty(2 * x.size, np.float32)
    scores = memory[::2].reshape(x.shape)
    scores[...] = narrow
    out = memory[: x.size].reshape(x.shape)
    loss.grad(scores, target, **options, out=out)
    np.testing.assert_array_equal(out, wide)


def test_out_that_is_the_sample_weight(isa, rng):
    x, y, weight = rng.normal(size=(N, C)), rng.integers(0, 2, (N, C)), rng.uniform(size=(N, C))
    expected = fl.sigmoid_focal_loss.grad(x, y, sample_weight=weight)
    fl.sigmoid_focal_loss.grad(x, y, sample_weight=weight, out=weight)
    np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize(
    "loss", [fl.cross_entropy, fl.softmax_focal_loss, fl.sigmoid_focal_loss], ids=lambda loss: loss.__name__
)
def test_out_of_the_curvature_is_a_pair(isa, rng, loss):
    x = rng.normal(size=(N, C))
    target = rng.integers(0, 2, (N, C)) if loss is fl.sigmoid_focal_loss else rng.integers(0, C, N)
    expected = loss.grad_and_hess(x, target)
    grad, hess = np.empty((N, C)), np.empty((N, C), order="F")
    found = loss.grad_and_hess(x, target, out=(grad, hess))
    assert found[0] is grad
    assert found[1] is hess
    np.testing.assert_array_equal(found, expected)
    memory = x.copy()
    np.testing.assert_array_equal(loss.grad_and_hess(memory, target, out=(memory, hess)), expected)
    memory = x.copy()
    np.testing.assert_array_equal(loss.grad_and_hess(memory, target, out=(grad, memory)), expected)


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
