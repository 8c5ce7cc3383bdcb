"""Small calls on plain arrays take the fast path (src/core/fast_path.pxi): the same bits, and the same errors, as the
general path, which any further option takes."""

import sys

import numpy as np
import pytest

import fastloss as fl
from fastloss import _kernels

ELEMENTS = (
    *("l1_loss", "mse_loss", "huber_loss", "smooth_l1_loss", "log_cosh_loss", "quantile_loss", "poisson_nll_loss"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
)
VERBS = ("__call__", "grad", "value_and_grad", "grad_and_hess")
WITHOUT_CURVATURE = ("l1_loss", "quantile_loss")
SETS = pytest.mark.parametrize("instruction_set", _kernels.supported())


def arguments(name, dtype, rng, shape=(5, 7)):
    """In (0, 1), where every loss is defined; labels for cross-entropy."""
    x = rng.uniform(0.01, 0.99, shape).astype(dtype)
    if name == "cross_entropy":
        target = rng.integers(0, shape[-1], shape[:-1])
        target[0] = -100
        return x, target
    return x, rng.uniform(0.01, 0.99, shape).astype(dtype)


def is_quick(name, *args, verb="__call__", **options):
    """Whether the short way takes the call."""
    number = VERBS.index(verb)
    modules = [_kernels.kernels(bits) for bits in (32, 64)]
    if name == "cross_entropy":
        attempts = [module.cross_entropy.quick_cross_entropy for module in modules]
    else:
        limits = (0.0, 1.0, 0.0, 1.0) if name == "binary_cross_entropy" else (-np.inf, np.inf, -np.inf, np.inf)
        kernel_name = name.removesuffix("_loss")
        attempts = [module.elementwise.Quick(kernel_name, (1.0, 0.0), limits).call for module in modules]
    return any(attempt(args, options, number) is not None for attempt in attempts)


def parts(result):
    return result if isinstance(result, tuple) else (result,)


@SETS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", [*ELEMENTS, "cross_entropy"])
def test_both_ways_agree_to_the_bit(name, verb, reduction, dtype, instruction_set, rng):
    with _kernels.use(instruction_set):
        args = arguments(name, dtype, rng)
        function = getattr(getattr(fl, name), verb)
        if verb == "grad_and_hess" and name in WITHOUT_CURVATURE:
            with pytest.raises(TypeError, match="has no curvature"):
                function(*args, reduction=reduction)
            return
        assert is_quick(name, *args, verb=verb, reduction=reduction)
        quick = function(*args, reduction=reduction)
        long = function(*args, reduction=reduction, num_threads=1)
        for a, b in zip(parts(quick), parts(long), strict=True):
            assert type(a) is type(b)
            np.testing.assert_array_equal(a, b, strict=True)


@pytest.mark.parametrize("name", ["mse_loss", "binary_cross_entropy", "cross_entropy"])
def test_out_is_used(name, rng):
    loss = getattr(fl, name)
    x, target = arguments(name, np.float32, rng)
    expected = loss.grad(x, target, num_threads=1)
    out = np.full_like(x, 7)
    assert is_quick(name, x, target, verb="grad", out=out)
    assert loss.grad(x, target, out=out) is out
    np.testing.assert_array_equal(out, expected)
    value, grad = loss.value_and_grad(x, target, out=x)
    assert grad is x
    assert np.isfinite(value)
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("name", ["mse_loss", "binary_cross_entropy_with_logits", "cross_entropy"])
def test_a_pair_of_places_is_used(name, rng):
    loss = getattr(fl, name)
    x, target = arguments(name, np.float32, rng)
    expected = loss.grad_and_hess(x, target, num_threads=1)
    pair = np.full_like(x, 7), np.full_like(x, 8)
    assert is_quick(name, x, target, verb="grad_and_hess", out=pair)
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
    return x.astype(np.float16), target


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
@pytest.mark.parametrize("name", ["mse_loss", "cross_entropy"])
def test_whatever_is_not_plain_goes_the_long_way(name, change, rng):
    args = change(*arguments(name, np.float32, rng))
    assert not is_quick(name, *args)
    expected = getattr(fl, name)(*args, num_threads=1)
    assert getattr(fl, name)(*args) == expected


@pytest.mark.parametrize("name", ["mse_loss", "cross_entropy"])
def test_options_go_the_long_way(name, rng):
    x, target = arguments(name, np.float32, rng)
    weight = np.full(target.shape, 0.5, np.float32)
    assert not is_quick(name, x, target, sample_weight=weight)
    assert getattr(fl, name)(x, target, sample_weight=weight) == getattr(fl, name)(x, target) / 2
    assert not is_quick(name, x, target, reduction=np.array(["mean"]))
    with pytest.raises(ValueError, match="reduction must be"):
        getattr(fl, name)(x, target, reduction="median")
    with pytest.raises(TypeError):
        getattr(fl, name)(x, target, out=x)


def test_results_in_memory_that_is_still_read_go_the_long_way(rng):
    x, target = arguments("mse_loss", np.float32, rng)
    expected = fl.mse_loss.grad(x, target, num_threads=1)
    assert not is_quick("mse_loss", x, target, verb="grad", out=target)
    memory = np.zeros(x.size + 3, np.float32)
    here = memory[: x.size].reshape(x.shape)
    for start in (1, 3):
        shifted = memory[start : start + x.size].reshape(x.shape)
        assert is_quick("mse_loss", x, target, verb="grad", out=shifted)
        here[...] = x
        assert not is_quick("mse_loss", here, target, verb="grad", out=shifted)
        np.testing.assert_array_equal(fl.mse_loss.grad(here, target, out=shifted), expected)
    np.testing.assert_array_equal(fl.mse_loss.grad(x, target, out=target), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_errors_are_those_of_the_long_way_and_nothing_is_written(dtype, rng):
    out = np.full((5, 7), 7, dtype)
    x, labels = arguments("cross_entropy", dtype, rng)
    for wrong in (7, -1, 2**40, -(2**63)):
        labels[3] = wrong
        with pytest.raises(ValueError, match=rf"target\[3\] is {wrong}"):
            fl.cross_entropy(x, labels)
        with pytest.raises(ValueError, match=rf"target\[3\] is {wrong}"):
            fl.cross_entropy.grad(x, labels, out=out)
    x, target = arguments("binary_cross_entropy", dtype, rng)
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


def test_memory_is_steady(rng):
    """Counts of references: a leak of one a call would show."""
    x, labels = arguments("cross_entropy", np.float32, rng)
    target, out = np.zeros_like(x), np.empty_like(x)
    before = [sys.getrefcount(a) for a in (x, labels, target, out)]
    for _ in range(1000):
        fl.cross_entropy.value_and_grad(x, labels, out=out)
        fl.mse_loss.value_and_grad(x, target, out=out)
        fl.mse_loss(x, target, reduction="none")
    assert [sys.getrefcount(a) for a in (x, labels, target, out)] == before
