"""PyTorch's bfloat16, for which NumPy has no dtype: tensors are read where they lie, and gradients are float32."""

import tracemalloc

import numpy as np
import pytest
from errors import FRAMES, LABELS, SOFT, TARGETS, X, every_verb, refused
from samples import every_loss, same

import fastloss as fl

torch = pytest.importorskip("torch")
ml_dtypes = pytest.importorskip("ml_dtypes")
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def both(array):
    """The same numbers as a tensor and as an array of ml_dtypes."""
    half = np.asarray(array).astype(BFLOAT16)
    return torch.from_numpy(half.view(np.int16)).view(torch.bfloat16), half


def layouts(tensor):
    """The same numbers, lying differently in memory."""
    spaced = torch.zeros([2 * n for n in tensor.shape], dtype=tensor.dtype)
    view = spaced[tuple(slice(1, None, 2) for _ in tensor.shape)]
    view[...] = tensor
    yield "contiguous", tensor
    yield "last axis first in memory", tensor.movedim(-1, 0).contiguous().movedim(0, -1)
    yield "spaced", view
    yield "parameter", torch.nn.Parameter(tensor, requires_grad=False)


def assert_alike(found, expected):
    """Equal but for the type of a gradient, which is not rounded to bfloat16."""
    np.testing.assert_array_equal(np.asarray(found).astype(BFLOAT16), np.asarray(expected).astype(BFLOAT16))


@every_loss
def test_predictions(isa, rng, sample):
    loss, x, targets, options = sample.draw(rng)
    tensor, half = both(x)
    value, grad = loss.value_and_grad(half, *targets, **options)
    for name, layout in layouts(tensor):
        found, gradient = loss.value_and_grad(layout, *targets, **options)
        assert found == same(value), name
        assert type(gradient) is np.ndarray
        assert gradient.dtype == np.float32, name
        assert gradient.shape == x.shape
        assert_alike(gradient, grad)
        assert loss(layout, *targets, **options) == same(value), name
        if loss.has_curvature and sample.row.has_curvature(options) and sample.row.curved_options == {}:
            assert_alike(loss.grad_and_hess(layout, *targets, **options), loss.grad_and_hess(half, *targets, **options))
    out = np.empty(x.shape, np.float32)
    assert loss.grad(tensor, *targets, out=out, **options) is out
    assert_alike(out, grad)
    if not sample.row.is_of_all:
        values = loss(tensor, *targets, reduction="none", **options)
        np.testing.assert_array_equal(values, loss(half, *targets, reduction="none", **options))


@every_loss
def test_targets_and_weights(isa, rng, sample):
    """Wherever floats may be given: distributions, counts, logits, weights of all kinds."""
    loss, x, targets, options = sample.draw(rng, np.float32)
    if sample.row.family == "ctc" or sample.row.has_labels:
        targets_found, targets_half = targets, targets
    else:
        pairs = [both(target) for target in targets]
        targets_found, targets_half = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    arrays = {name: both(value) for name, value in options.items() if isinstance(value, np.ndarray)}
    found = loss.value_and_grad(x, *targets_found, **{**options, **{name: pair[0] for name, pair in arrays.items()}})
    value, grad = loss.value_and_grad(
        x, *targets_half, **{**options, **{name: pair[1] for name, pair in arrays.items()}}
    )
    assert found[0] == same(value)
    np.testing.assert_array_equal(found[1], grad)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_and_its_relatives(isa, rng, axis):
    tensor, half = both(rng.normal(size=(5, 7, 40)) * 4)
    for function in (fl.softmax, fl.log_softmax, fl.logsumexp):
        expected = function(half, axis=axis)
        for name, layout in layouts(tensor):
            found = function(layout, axis=axis)
            assert found.dtype == np.float32, name
            assert_alike(found, expected)
        out = np.empty(expected.shape, np.float32)
        assert function(tensor, axis=axis, out=out) is out
        assert_alike(out, expected)


def test_every_number_and_no_dimensions(isa):
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    every = bits.view(torch.bfloat16)
    found = fl.nll_loss(every[:, None], np.zeros(2**16, int), reduction="none")
    np.testing.assert_array_equal(found, -every.float().numpy())
    assert fl.mse_loss(torch.tensor(1.5, dtype=torch.bfloat16), 0.5) == 1
    assert fl.mse_loss.grad(torch.tensor(1.5, dtype=torch.bfloat16), 0.5) == 2
    assert fl.cross_entropy(torch.zeros((0, 3), dtype=torch.bfloat16), [], reduction="sum") == 0
    options = {"alpha": torch.tensor([0.5, 0.25, 1], dtype=torch.bfloat16)}
    assert fl.softmax_focal_loss(X, LABELS, **options) == fl.softmax_focal_loss(X, LABELS, alpha=[0.5, 0.25, 1])
    options = {"alpha": torch.tensor(0.5, dtype=torch.bfloat16)}
    assert fl.softmax_focal_loss(X, LABELS, **options) == fl.softmax_focal_loss(X, LABELS, alpha=0.5)
    options = {"pos_weight": torch.tensor([0.5, 0.25, 1], dtype=torch.bfloat16)}
    expected = fl.binary_cross_entropy_with_logits(X, SOFT, pos_weight=[0.5, 0.25, 1])
    assert fl.binary_cross_entropy_with_logits(X, SOFT, **options) == expected


def test_ctc(isa, rng):
    tensor, half = both(fl.log_softmax(rng.normal(size=(9, 2, 5))))
    targets = [[1, 2], [3, 3]]
    np.testing.assert_array_equal(fl.ctc_align(tensor, targets).path, fl.ctc_align(half, targets).path)
    found, expected = fl.ctc_posteriors(tensor, targets), fl.ctc_posteriors(half, targets)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(fl.ctc_score(tensor[:, 0], targets), fl.ctc_score(half[:, 0], targets))
    first, second = (fl.ctc_prefix_score(x[:, 1]).extend(0, [3, 4]) for x in (tensor, half))
    np.testing.assert_array_equal(first.scores, second.scores)
    for width in (1, 5):
        first, second = (fl.ctc_decode(x, beam_width=width) for x in (tensor, half))
        assert [found.score for [found] in first] == [found.score for [found] in second]
        assert [found.labels.tolist() for [found] in first] == [found.labels.tolist() for [found] in second]
    masked = tensor.clone()
    masked[:, :, 4] = -1e9  # needs the exponents of float64
    expected = fl.ctc_loss.grad(masked.float(), targets)
    np.testing.assert_allclose(fl.ctc_loss.grad(masked, targets), expected, rtol=1e-6)


def test_a_gradient_over_the_tensors_own_memory():
    """`out` is the same memory seen as float32: what is read is read before it is written."""
    memory = torch.zeros(60, dtype=torch.float32)
    tensor = memory.view(torch.bfloat16)[:60].view(6, 2, 5)
    tensor[...] = torch.from_numpy(FRAMES)
    expected = fl.ctc_loss_with_logits.grad(tensor.clone(), TARGETS)
    found = fl.ctc_loss_with_logits.grad(tensor, TARGETS, out=memory.numpy().reshape(6, 2, 5))
    np.testing.assert_array_equal(found, expected)


def test_no_copy():
    tensor = torch.zeros((300, 1000), dtype=torch.bfloat16).t()
    out = np.zeros(tensor.shape, np.float32)
    fl.mse_loss.grad(tensor, 1.0, out=out)
    tracemalloc.start()
    fl.mse_loss.grad(tensor, 1.0, out=out)
    fl.kl_divergence_with_logits.grad(tensor, tensor, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * tensor.numel() / 4


def test_the_texts_of_errors():
    wrong = torch.full((4, 3), 0.5, dtype=torch.bfloat16)
    wrong[2, 1] = 1.5
    every_verb(fl.binary_cross_entropy, (SOFT, wrong), {}, ValueError, ["target", "2, 1", 1.5])
    refused(ValueError, ["probs", "2, 1", 1.5], lambda: fl.entropy(wrong))
    weights = torch.tensor([1, -2, 1], dtype=torch.bfloat16)
    every_verb(fl.cross_entropy, (X, LABELS), {"class_weight": weights}, ValueError, ["class_weight", 1, "-2.0"])
    options = {"pos_weight": weights}
    every_verb(fl.binary_cross_entropy_with_logits, (X, SOFT), options, ValueError, ["pos_weight", 1, "-2.0"])
    every_verb(fl.nll_loss, (X, wrong[:, 0]), {}, TypeError, ["target", "dtype bfloat16", "integers"])
    refused(TypeError, ["targets", "dtype bfloat16"], lambda: fl.ctc_loss(FRAMES, wrong[:2, :2]))
    refused(TypeError, ["input_lengths", "dtype bfloat16"], lambda: fl.ctc_loss(FRAMES, TARGETS, wrong[0, :2]))


@pytest.mark.parametrize("tensor", [torch.zeros(4, 3).bfloat16(), torch.zeros(4, 3)], ids=["bfloat16", "float32"])
def test_what_is_refused_of_float32_too(tensor):
    wants_grad = tensor.clone().requires_grad_()
    refused(TypeError, ["predictions", "requires grad"], lambda: fl.mse_loss(wants_grad, X))
    refused(TypeError, ["target", "requires grad"], lambda: fl.mse_loss(X, wants_grad))
    refused(TypeError, ["predictions", "meta"], lambda: fl.mse_loss(tensor.to("meta"), X))
    refused(TypeError, ["scores", "Sparse"], lambda: fl.softmax(tensor.to_sparse()))


FLOAT8 = [name for name in ("float8_e4m3fn", "float8_e5m2") if hasattr(torch, name)]


@pytest.mark.parametrize("name", FLOAT8)
def test_float8(name):
    tensor = torch.zeros(4, 3).to(getattr(torch, name))
    expected = f"has dtype torch.{name}; expected float16, bfloat16, float32"
    refused(TypeError, [f"predictions {expected}"], lambda: fl.mse_loss(tensor, X))
    refused(TypeError, [f"target {expected}"], lambda: fl.mse_loss(X, tensor))
    refused(TypeError, [f"scores {expected}"], lambda: fl.softmax(tensor))
    refused(TypeError, [f"log_probs {expected}"], lambda: fl.ctc_align(tensor, [1]))


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2", "int4", "uint4"])
def test_what_ml_dtypes_has_besides(name):
    array = np.zeros((4, 3), getattr(ml_dtypes, name))
    refused(TypeError, [f"predictions has dtype {name}; expected float16, bfloat16"], lambda: fl.mse_loss(array, X))
    refused(TypeError, ["target", name], lambda: fl.cross_entropy(X, array[:, 0]))
