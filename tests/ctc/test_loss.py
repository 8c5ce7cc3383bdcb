"""ctc_loss and ctc_loss_with_logits: all paths enumerated, PyTorch in float64, and what every argument means."""

import math

import numpy as np
import pytest
import reference
import reference_ctc
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerance import assert_close, half_ulp

import fastloss as fl

LOSSES = ["ctc_loss", "ctc_loss_with_logits"]


def test_numbers_that_must_come_out():
    log_probs = np.log([[0.6, 0.4], [0.6, 0.4]])  # blank, a
    assert fl.ctc_loss(log_probs, [1], reduction="sum") == pytest.approx(-math.log(0.64), rel=1e-14)
    assert fl.ctc_loss(log_probs, [], reduction="sum") == pytest.approx(-math.log(0.36), rel=1e-14)
    assert fl.ctc_loss(log_probs, [1, 1], reduction="sum") == math.inf
    assert (fl.ctc_loss.grad(log_probs, [1, 1]) == 0).all()


def normalised(x):
    """Log-probabilities; a frame of nothing but -inf stays as it is."""
    return x - np.where(np.isfinite(total := reference.logsumexp(x)), total, 0)[..., None]


@st.composite
def small_tasks(draw):
    frames, classes = draw(st.integers(0, 5)), draw(st.integers(2, 4))
    blank = draw(st.integers(0, classes - 1))
    labels = st.sampled_from([c for c in range(classes) if c != blank])
    target = draw(st.lists(labels, max_size=4))
    score = st.one_of(st.floats(-4, 4, width=32), st.sampled_from([-math.inf, -60.0, 0.0]))
    scores = draw(st.lists(score, min_size=frames * classes, max_size=frames * classes))
    return np.array(scores).reshape(frames, classes), target, blank


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(task=small_tasks(), dtype=st.sampled_from(["float32", "float64"]))
def test_every_path_enumerated(task, dtype):
    """Scores as they come: they need not be normalised, for a loss that is a plain function of its argument."""
    scores, target, blank = task
    value, grad = reference_ctc.ctc_by_enumeration(scores, target, blank)
    found, gradient = fl.ctc_loss.value_and_grad(scores.astype(dtype), target, blank=blank, reduction="sum")
    assert_close(found, value, dtype, terms=300)
    assert_close(gradient, grad, dtype, terms=20)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(task=small_tasks())
def test_every_path_enumerated_from_logits(task):
    scores, target, blank = task
    scores[:, blank] = np.maximum(scores[:, blank], -5)  # a frame without any possible class has no softmax
    value, occupancy = reference_ctc.ctc_by_enumeration(normalised(scores), target, blank)
    found, gradient = fl.ctc_loss_with_logits.value_and_grad(scores, target, blank=blank, reduction="sum")
    assert_close(found, value, "float64", terms=300)
    expected = np.exp(normalised(scores)) + occupancy if np.isfinite(value) else occupancy
    assert_close(gradient, expected, "float64", terms=20)


def test_recursion_of_the_reference_is_the_enumeration(rng):
    for _ in range(40):
        frames, classes, length = rng.integers(0, 6), rng.integers(2, 5), rng.integers(0, 4)
        blank = int(rng.integers(0, classes))
        log_probs = rng.normal(size=(frames, classes))
        target = rng.choice([c for c in range(classes) if c != blank], length)
        value, grad = reference_ctc.ctc_by_enumeration(log_probs, target, blank)
        found, gradient = reference_ctc.ctc_loss(log_probs, target, blank)
        np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(gradient, grad, atol=1e-13)


LARGE = [(150, 4, 32, 20), (300, 3, 20, 90), (60, 2, 2000, 12), (40, 9, 5, 3)]


@pytest.mark.parametrize("sizes", LARGE, ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_against_torch(isa, rng, sizes, reduction):
    torch = pytest.importorskip("torch")
    frames, batch, classes, longest = sizes
    x = rng.normal(size=(frames, batch, classes)) * 2
    targets = rng.integers(1, classes, (batch, longest))
    input_lengths = rng.integers(2 * longest, frames + 1, batch)
    target_lengths = rng.integers(0, longest + 1, batch)
    leaf = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.ctc_loss(
        leaf.log_softmax(-1), torch.tensor(targets), torch.tensor(input_lengths), torch.tensor(target_lengths),
        reduction=reduction,
    )  # fmt: skip
    expected.sum().backward()
    lengths = {"input_lengths": input_lengths, "target_lengths": target_lengths}
    value, grad = fl.ctc_loss_with_logits.value_and_grad(x, targets, **lengths, reduction=reduction)
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(grad, leaf.grad.numpy(), atol=1e-11)
    np.testing.assert_allclose(
        fl.ctc_loss(fl.log_softmax(x), targets, **lengths, reduction=reduction), value, rtol=1e-12, atol=1e-12
    )
    # float32 within the promise: 1e-6 relative and 1e-5 absolute.
    x = x.astype(np.float32)
    value, grad = fl.ctc_loss_with_logits.value_and_grad(x, targets, **lengths, reduction="none")
    exact, gradient = fl.ctc_loss_with_logits.value_and_grad(x.astype(np.float64), targets, **lengths, reduction="none")
    np.testing.assert_allclose(value, exact, rtol=1e-6)
    np.testing.assert_allclose(grad, gradient, rtol=0, atol=1e-5)


def ragged(rng, dtype=np.float64):
    x = rng.normal(size=(14, 4, 5)).astype(dtype)
    targets = np.array([[1, 2, 3], [4, 4, 0], [2, 0, 0], [0, 0, 0]])
    return x, targets, np.array([14, 9, 5, 3]), np.array([3, 2, 1, 0])


@pytest.mark.parametrize("name", LOSSES)
def test_forms_of_the_targets(isa, rng, name):
    loss = getattr(fl, name)
    x, targets, input_lengths, target_lengths = ragged(rng)
    value, grad = loss.value_and_grad(x, targets, input_lengths, target_lengths, reduction="none")
    concatenated = np.array([1, 2, 3, 4, 4, 2])
    sequences = [[1, 2, 3], np.array([4, 4], np.uint8), (2,), []]
    wide = np.full((4, 9), -77)  # what lies in the padding is never read as a label
    for n, length in enumerate(target_lengths):
        wide[n, :length] = targets[n, :length]
    forms = [(concatenated, target_lengths), (sequences, None), (sequences, target_lengths), (wide, target_lengths)]
    forms += [(targets.astype(kind), target_lengths.astype(kind)) for kind in ("int8", "uint16", "int32", "uint64")]
    forms += [(np.asfortranarray(targets), list(target_lengths)), (targets[:, ::-1][:, ::-1], tuple(target_lengths))]
    for form, lengths in forms:
        found, gradient = loss.value_and_grad(x, form, input_lengths, lengths, reduction="none")
        np.testing.assert_array_equal(found, value)
        np.testing.assert_array_equal(gradient, grad)


@pytest.mark.parametrize("name", LOSSES)
def test_layouts_of_the_scores(isa, rng, name):
    loss = getattr(fl, name)
    x, targets, *lengths = ragged(rng)
    value, grad = loss.value_and_grad(x, targets, *lengths)
    first = np.ascontiguousarray(x.transpose(1, 0, 2))
    found, gradient = loss.value_and_grad(first, targets, *lengths, batch_first=True)
    assert found == value
    np.testing.assert_array_equal(gradient.transpose(1, 0, 2), grad)
    wide = rng.normal(size=(28, 8, 15))
    wide[::2, ::2, ::3] = x
    for layout in (np.asfortranarray(x), wide[::2, ::2, ::3], np.ascontiguousarray(x[::-1])[::-1]):
        found, gradient = loss.value_and_grad(layout, targets, *lengths)
        assert found == value
        np.testing.assert_array_equal(gradient, grad)


@pytest.mark.parametrize("name", LOSSES)
def test_one_sequence_without_a_batch_axis(isa, rng, name):
    loss, x, target = getattr(fl, name), rng.normal(size=(10, 6)), [3, 3, 1]
    value, grad = loss.value_and_grad(x[:, None], [target], reduction="none")
    for form in (target, np.array(target), np.array([*target, 5])):
        found, gradient = loss.value_and_grad(x, form, target_lengths=3, reduction="none")
        assert np.shape(found) == ()
        assert found == value[0]
        np.testing.assert_array_equal(gradient, grad[:, 0])
    assert loss(x, target, reduction="sum") == value[0]
    assert loss(x, target) == pytest.approx(value[0] / 3, rel=1e-14)
    short = loss.grad(x, target, input_lengths=7)
    assert (short[7:] == 0).all()
    np.testing.assert_allclose(short[:7], loss.grad(x[:7], target), rtol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_each_sequence_by_itself(isa, rng, name):
    """Beyond a sample's frames nothing is read (NaN there does no harm) and the gradient is exactly 0."""
    loss = getattr(fl, name)
    x, targets, input_lengths, target_lengths = ragged(rng)
    for n, length in enumerate(input_lengths):
        x[length:, n] = np.nan
    value, grad = loss.value_and_grad(x, targets, input_lengths, target_lengths, reduction="none")
    define = reference_ctc.ctc_loss if name == "ctc_loss" else reference_ctc.ctc_loss_with_logits
    for n, length in enumerate(input_lengths):
        expected, gradient = define(x[:length, n], targets[n, : target_lengths[n]])
        assert_close(value[n], expected, "float64", terms=10)
        assert_close(grad[:length, n], gradient, "float64", terms=4)
        assert not grad[length:, n].any()
        assert not np.signbit(grad[length:, n]).any()
    found, out = loss.value_and_grad(x, targets, input_lengths, target_lengths, reduction="none", out=x)
    np.testing.assert_array_equal(found, value)
    np.testing.assert_array_equal(out, grad)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("blank", [0, 2, 4, -1, -5])
def test_blank_may_be_any_class(isa, rng, name, blank):
    x = rng.normal(size=(9, 3, 5))
    others = [c for c in range(5) if c != blank % 5]
    targets = rng.choice(others, (3, 3))
    moved = [blank % 5, *others]
    value, grad = getattr(fl, name).value_and_grad(x, targets, blank=blank)
    expected, gradient = getattr(fl, name).value_and_grad(x[..., moved], np.argsort(moved)[targets])
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(grad[..., moved], gradient, atol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_reductions(isa, rng, name):
    loss = getattr(fl, name)
    x, targets, input_lengths, target_lengths = ragged(rng)
    arguments = (x, targets, input_lengths, target_lengths)
    each, gradient = loss.value_and_grad(*arguments, reduction="none")
    weight = np.array([0.5, -1.0, 2.0, 3.0])
    factors = {
        "sum": np.ones(4),
        "none": np.ones(4),
        "batchmean": np.full(4, 0.25),
        "mean": 0.25 / np.maximum(target_lengths, 1),
    }
    for reduction, factor in factors.items():
        for weights in (None, weight):
            scale = factor if weights is None else factor * weights
            value, grad = loss.value_and_grad(*arguments, reduction=reduction, sample_weight=weights)
            total = scale * each
            np.testing.assert_allclose(value, total if reduction == "none" else total.sum(), rtol=1e-13)
            np.testing.assert_allclose(grad, scale[:, None] * gradient, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("name", LOSSES)
def test_infeasible_targets(isa, rng, name):
    loss, x = getattr(fl, name), rng.normal(size=(6, 4, 5))
    targets = [[1, 2], [3, 3, 3, 3], [1, 2, 3, 4, 1, 2, 3], [4]]  # 2 needs 7 frames as well: its length
    value, grad = loss.value_and_grad(x, targets, reduction="none")
    assert np.isinf(value).tolist() == [False, True, True, False]
    assert not grad[:, 1:3].any()
    assert grad[:, [0, 3]].any()
    assert loss(x, targets) == np.inf
    zero, gradient = loss.value_and_grad(x, targets, infeasible="zero", reduction="none")
    np.testing.assert_array_equal(zero, np.where(np.isinf(value), 0, value))
    np.testing.assert_array_equal(gradient, grad)
    # It keeps its place in the mean.
    assert loss(x, targets, infeasible="zero") == pytest.approx((zero / [2, 4, 7, 1]).sum() / 4, rel=1e-14)
    assert np.isfinite(loss(x[:, :1], [[3, 3, 3]], infeasible="raise"))


def test_no_class_but_the_blank(isa, rng):
    x = rng.normal(size=(5, 2, 1))
    np.testing.assert_allclose(fl.ctc_loss(x, [[], []], reduction="none"), -x.sum(axis=(0, 2)), rtol=1e-12)
    value, grad = fl.ctc_loss_with_logits.value_and_grad(x, [[], []], reduction="none")
    assert not value.any()
    assert not grad.any()


def test_torch_tensors_everywhere(isa, rng):
    torch = pytest.importorskip("torch")
    x, targets, *lengths = ragged(rng, np.float32)
    expected = fl.ctc_loss(x, targets, *lengths)
    assert fl.ctc_loss(torch.from_numpy(x), torch.from_numpy(targets), *map(torch.from_numpy, lengths)) == expected
    sequences = [torch.tensor([1, 2, 3]), torch.tensor([4, 4]), torch.tensor([2]), torch.tensor([], dtype=torch.int64)]
    assert fl.ctc_loss(torch.from_numpy(x), sequences, torch.from_numpy(lengths[0])) == expected


@pytest.mark.parametrize("name", LOSSES)
def test_just_feasible(isa, rng, name):
    """One path only: its length plus a frame for each repeat is all there is."""
    x, target = rng.normal(size=(7, 4)), [1, 1, 2, 3, 3]
    path = [1, 0, 1, 2, 3, 0, 3]
    log_probs = x if name == "ctc_loss" else reference.log_softmax(x)
    value, grad = getattr(fl, name).value_and_grad(x, target, reduction="sum")
    assert value == pytest.approx(-log_probs[np.arange(7), path].sum(), rel=1e-13)
    occupied = reference.one_hot(path, 4)
    assert_close(grad, -occupied + (0 if name == "ctc_loss" else reference.softmax(x)), "float64", terms=1)


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_there(isa, name):
    loss = getattr(fl, name)
    assert np.isnan(loss(np.zeros((5, 0, 3)), np.zeros((0, 2), int)))
    assert loss.grad(np.zeros((5, 0, 3)), np.zeros((0, 2), int)).shape == (5, 0, 3)
    assert loss(np.zeros((5, 0, 3)), [], reduction="sum") == 0
    assert loss(np.zeros((5, 0, 3)), [], reduction="none").shape == (0,)
    np.testing.assert_array_equal(loss(np.zeros((0, 2, 3)), [[1], []], reduction="none"), [np.inf, 0])
    assert loss.grad(np.zeros((0, 2, 3)), [[1], []]).shape == (0, 2, 3)
    x = np.log(np.full((4, 3, 3), 1 / 3))
    value, grad = loss.value_and_grad(x, [[1], [], []], [0, 0, 4], reduction="none")
    np.testing.assert_allclose(value, [np.inf, 0, 4 * np.log(3)], rtol=1e-14)
    assert not grad[:, :2].any()


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", LOSSES)
def test_half_types_round_once(isa, rng, half, name):
    dtype = np.dtype(half) if half == "float16" else pytest.importorskip("ml_dtypes").bfloat16
    x = (rng.normal(size=(50, 3, 8)) * 2).astype(dtype)
    targets = rng.integers(1, 8, (3, 9))
    value, grad = getattr(fl, name).value_and_grad(x, targets, reduction="none")
    expected, gradient = getattr(fl, name).value_and_grad(x.astype(np.float64), targets, reduction="none")
    assert value.dtype == np.float32
    assert grad.dtype == dtype
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    assert (np.abs(grad.astype(np.float64) - gradient) <= half_ulp(gradient, half) * 1.01 + 3e-6).all()


def test_a_slightly_negative_loss_of_scores_that_are_not_normalised(isa):
    """Only rounding is kept from going below 0: in float64 a loss of -1e-9 is one."""
    log_probs = np.array([[1e-9, -50.0], [0.0, -50.0]])
    assert fl.ctc_loss(log_probs, []) == pytest.approx(-1e-9, rel=1e-6)
