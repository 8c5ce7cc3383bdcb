"""Small calls on plain arrays take the fast path (src/core/fast_path.pxi): the same bits, and the same errors, as the
general path, which any further option takes."""

import sys

import numpy as np
import pytest
from losses import BY_NAME, LOSSES
from tolerance import dtype_of

import fastloss as fl
from fastloss import _kernels

# Whether each gives the value, and how many derivatives.
VERBS = {"__call__": (True, 0), "grad": (False, 1), "value_and_grad": (True, 1), "grad_and_hess": (False, 2)}
FAST = [row for row in LOSSES if row.loss._fast_paths]
SETS = pytest.mark.parametrize("instruction_set", _kernels.supported())
every_fast = pytest.mark.parametrize("row", FAST, ids=lambda row: row.name)


def arguments(row, dtype, rng, shape=(5, 7)):
    """Of the simplest kind; a label that is ignored among them."""
    x, target = row.draw(rng, shape, dtype)
    if row.has_labels:
        target[0] = -100
    return x, target


def is_fast(row, *args, verb="__call__", **options):
    """Whether a fast path takes the call."""
    return any(attempt(args, options, *VERBS[verb]) is not None for attempt in row.loss._fast_paths)


def parts(result):
    return result if isinstance(result, tuple) else (result,)


def test_losses_of_which_small_calls_are_usual_have_a_fast_path():
    usual = {"cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "poisson_nll_loss"}
    usual |= {f"{name}_loss" for name in ("l1", "mse", "huber", "smooth_l1", "log_cosh", "quantile")}
    assert usual <= {row.name for row in FAST}


@SETS
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("verb", VERBS)
@every_fast
def test_both_paths_agree_to_the_bit(row, verb, reduction, dtype, instruction_set, rng):
    with _kernels.use(instruction_set):
        args = arguments(row, dtype_of(dtype), rng)
        function = getattr(row.loss, verb)
        if verb == "grad_and_hess" and not row.has_curvature(row.options[0]):
            with pytest.raises(TypeError, match="has no curvature"):
                function(*args, reduction=reduction)
            return
        assert is_fast(row, *args, verb=verb, reduction=reduction)
        fast = function(*args, reduction=reduction)
        general = function(*args, reduction=reduction, num_threads=1)
        for a, b in zip(parts(fast), parts(general), strict=True):
            assert type(a) is type(b)
            np.testing.assert_array_equal(a, b, strict=True)


INTEGERS = [np.dtype(code) for code in np.typecodes["AllInteger"]]  # C's long long too, beside its equal
LABELS = pytest.mark.parametrize("row", [row for row in FAST if row.has_labels], ids=lambda row: row.name)


@pytest.mark.parametrize("labels", INTEGERS, ids=lambda dtype: f"{dtype.char}-{dtype}")
@pytest.mark.parametrize("rows", [50, 600], ids=["few", "many"])
@LABELS
def test_labels_of_every_integer_type(row, rows, labels, rng):
    x, target = row.draw(rng, (rows, 7), np.float32)
    if labels.kind == "i":
        target[::3] = -100
    expected = row.loss.value_and_grad(x, target, num_threads=1)
    given = target.astype(labels)
    given.flags.writeable = False  # as those of JAX are
    assert is_fast(row, x, given, verb="value_and_grad")
    for a, b in zip(row.loss.value_and_grad(x, given), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (given == target).all()
    assert is_fast(row, x.reshape(5, -1, 7), given.reshape(5, -1))
    assert not is_fast(row, x, np.repeat(given, 2)[::2])
    if labels.itemsize > 1:
        assert not is_fast(row, x, given.astype(labels.newbyteorder()))


@pytest.mark.parametrize("labels", INTEGERS, ids=lambda dtype: f"{dtype.char}-{dtype}")
@LABELS
def test_wrong_labels_of_every_integer_type(row, labels, rng):
    x, target = row.draw(rng, (5, 7), np.float32)
    out, span = np.full_like(x, 7), np.iinfo(labels)
    for wrong in {7, int(span.max), *([-1, int(span.min)] if labels.kind == "i" else [])}:
        given = target.astype(labels)
        given[3] = wrong
        with pytest.raises(ValueError, match=rf"^target\[3\] is {wrong}; expected 0\.\.6 or ignore_index=-100$"):
            row.loss.grad(x, given, out=out)
    with pytest.raises(ValueError, match=r"^target has shape \(4,\); labels for logits of shape \(5, 7\) must have "):
        row.loss(x, np.zeros(4, labels))
    assert (out == 7).all()


@every_fast
def test_out_is_used(row, rng):
    x, target = arguments(row, np.float32, rng)
    expected = row.loss.grad(x, target, num_threads=1)
    out = np.full_like(x, 7)
    assert is_fast(row, x, target, verb="grad", out=out)
    assert row.loss.grad(x, target, out=out) is out
    np.testing.assert_array_equal(out, expected)
    value, grad = row.loss.value_and_grad(x, target, out=x)
    assert grad is x
    assert np.isfinite(value)
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("row", [row for row in FAST if row.has_curvature(row.options[0])], ids=lambda row: row.name)
def test_a_pair_of_places_is_used(row, rng):
    loss, (x, target) = row.loss, arguments(row, np.float32, rng)
    expected = loss.grad_and_hess(x, target, num_threads=1)
    pair = np.full_like(x, 7), np.full_like(x, 8)
    assert is_fast(row, x, target, verb="grad_and_hess", out=pair)
    for out in (pair, (None, pair[1]), list(pair), (pair[0], x)):
        result = loss.grad_and_hess(x, target, out=out)
        for place, got, wanted in zip(out, result, expected, strict=True):
            assert place is None or got is place
            np.testing.assert_array_equal(got, wanted)
    with pytest.raises(ValueError, match="share memory"):
        loss.grad_and_hess(x, target, out=(pair[0], pair[0]))
    with pytest.raises(TypeError, match="pair"):
        loss.grad_and_hess(x, target, out=pair[0])


def other_dtype(x, target):
    return x.astype(np.int32), target


def strided(x, target):
    return np.repeat(x, 2, axis=-1)[..., ::2], target


def swapped(x, target):
    return x.astype(x.dtype.newbyteorder()), target


def unaligned(x, target):
    memory = np.empty(x.nbytes + 1, np.uint8)
    view = memory[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view, target


def a_list(x, target):
    return x.tolist(), target


def a_subclass(x, target):
    return x.view(np.matrix), target


def large(x, target):
    return np.repeat(x, 2000, axis=0), np.repeat(target, 2000, axis=0)


@pytest.mark.parametrize("change", [other_dtype, strided, swapped, unaligned, a_list, a_subclass, large])
@every_fast
def test_whatever_is_not_plain_takes_the_general_path(row, change, rng):
    args = change(*arguments(row, np.float32, rng))
    assert not is_fast(row, *args)
    expected = row.loss(*args, num_threads=1)
    assert row.loss(*args) == expected


@every_fast
def test_options_take_the_general_path(row, rng):
    loss, (x, target) = row.loss, arguments(row, np.float32, rng)
    weight = np.full(target.shape, 0.5, np.float32)
    assert not is_fast(row, x, target, sample_weight=weight)
    assert loss(x, target, sample_weight=weight) == loss(x, target) / 2
    assert not is_fast(row, x, target, reduction=np.array(["mean"]))
    with pytest.raises(ValueError, match="reduction must be"):
        loss(x, target, reduction="median")
    with pytest.raises(TypeError):
        loss(x, target, out=x)


def test_results_in_memory_that_is_still_read_take_the_general_path(rng):
    row = BY_NAME["mse_loss"]
    x, target = arguments(row, np.float32, rng)
    expected = fl.mse_loss.grad(x, target, num_threads=1)
    assert not is_fast(row, x, target, verb="grad", out=target)
    memory = np.zeros(x.size + 3, np.float32)
    here = memory[: x.size].reshape(x.shape)
    for start in (1, 3):
        shifted = memory[start : start + x.size].reshape(x.shape)
        assert is_fast(row, x, target, verb="grad", out=shifted)
        here[...] = x
        assert not is_fast(row, here, target, verb="grad", out=shifted)
        np.testing.assert_array_equal(fl.mse_loss.grad(here, target, out=shifted), expected)
    np.testing.assert_array_equal(fl.mse_loss.grad(x, target, out=target), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_errors_are_those_of_the_general_path_and_nothing_is_written(dtype, rng):
    out = np.full((5, 7), 7, dtype)
    x, labels = arguments(BY_NAME["cross_entropy"], dtype, rng)
    for wrong in (7, -1, 2**40, -(2**63)):
        labels[3] = wrong
        with pytest.raises(ValueError, match=rf"target\[3\] is {wrong}"):
            fl.cross_entropy(x, labels)
        with pytest.raises(ValueError, match=rf"target\[3\] is {wrong}"):
            fl.cross_entropy.grad(x, labels, out=out)
    x, target = arguments(BY_NAME["binary_cross_entropy"], dtype, rng)
    target[2, 3] = 1.5
    with pytest.raises(ValueError, match=r"target\[2, 3\] is 1.5"):
        fl.binary_cross_entropy(x, target)
    with pytest.raises(ValueError, match=r"target\[2, 3\] is 1.5"):
        fl.binary_cross_entropy.value_and_grad(x, target, out=out)
    read_only = np.zeros_like(x)
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="out is read-only"):
        fl.mse_loss.grad(x, target, out=read_only)
    with pytest.raises(ValueError, match="target has shape"):
        fl.cross_entropy(x, np.zeros(4, np.int64))
    with pytest.raises(TypeError):
        fl.mse_loss(x)
    assert (out == 7).all()


def test_nothing_counts():
    x, labels = np.zeros((3, 2)), np.full(3, -100)
    out = np.ones((3, 2))
    value, grad = fl.cross_entropy.value_and_grad(x, labels, out=out)
    assert np.isnan(value)
    assert (grad == 0).all()
    assert fl.cross_entropy(np.zeros((0, 2)), np.zeros(0, int), reduction="sum") == 0
    assert np.isnan(fl.mse_loss(np.zeros(0), np.zeros(0)))


@every_fast
def test_memory_is_steady(row, rng):
    """Counts of references: a leak of one a call would show."""
    x, target = arguments(row, np.float32, rng)
    out = np.empty_like(x)
    before = [sys.getrefcount(a) for a in (x, target, out)]
    for _ in range(1000):
        row.loss.value_and_grad(x, target, out=out)
        row.loss(x, target, reduction="none")
    assert [sys.getrefcount(a) for a in (x, target, out)] == before
