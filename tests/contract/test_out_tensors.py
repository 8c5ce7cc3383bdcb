"""`out=` of every verb may be a tensor of PyTorch on the CPU: it gets what an array would."""

import numpy as np
import pytest
from errors import LABELS, X, refused
from samples import every_loss, same

import fastloss as fl

torch = pytest.importorskip("torch")


@every_loss
@pytest.mark.parametrize("is_swapped", [False, True])
def test_gradients(isa, rng, sample, is_swapped):
    loss, x, targets, options = sample.draw(rng)
    value, grad = loss.value_and_grad(x, *targets, **options)
    out = torch.zeros(grad.shape, dtype=torch.from_numpy(grad).dtype)
    if is_swapped:
        out = out.movedim(0, -1).contiguous().movedim(-1, 0)
    found, same_tensor = loss.value_and_grad(x, *targets, out=out, **options)
    assert same_tensor is out
    assert found == same(value)
    np.testing.assert_array_equal(out.numpy(), grad)
    out.zero_()
    assert loss.grad(x, *targets, out=out, **options) is out
    np.testing.assert_array_equal(out.numpy(), grad)
    tensor = torch.from_numpy(x.copy())
    if tensor.dtype == out.dtype:  # in place
        assert loss.grad(tensor, *targets, out=tensor, **options) is tensor
        np.testing.assert_array_equal(tensor.numpy(), grad)


def test_pairs():
    grad, hess = fl.cross_entropy.grad_and_hess(X, LABELS)
    first, second = torch.zeros(X.shape, dtype=torch.float64), np.zeros(X.shape)
    for out in ((first, second), [first, second], (first, None), (None, first)):
        found = fl.cross_entropy.grad_and_hess(X, LABELS, out=out)
        for given, array, expected in zip(out, found, (grad, hess), strict=True):
            assert given is None or array is given
            np.testing.assert_array_equal(np.asarray(array), expected)
    refused(ValueError, ["out[0]", "out[1]", "share"], lambda: fl.mse_loss.grad_and_hess(X, X, out=(first, first)))


@pytest.mark.parametrize("function", [fl.softmax, fl.log_softmax, fl.logsumexp])
def test_softmax_and_its_relatives(function):
    expected = function(X)
    out = torch.zeros(expected.shape, dtype=torch.float64)
    assert function(X, out=out) is out
    np.testing.assert_array_equal(out.numpy(), expected)


def test_a_graph_that_needs_what_was_there_says_so():
    tensor = torch.ones(X.shape, dtype=torch.float64)
    factor = torch.ones(X.shape, dtype=torch.float64, requires_grad=True)
    product = (tensor * factor).sum()
    fl.mse_loss.grad(X, X, out=tensor)
    with pytest.raises(RuntimeError, match="inplace operation"):
        product.backward()


def test_what_is_refused():
    out = torch.full(X.shape, 7.0, dtype=torch.float64)
    kept = out.clone()
    for wrong, error, texts in [
        (out.float(), TypeError, ["out has dtype float32", "float64"]),
        (out.bfloat16(), TypeError, ["out has dtype bfloat16", "float64"]),
        (out[:2], ValueError, ["out has shape"]),
        (out[:1, :1].expand(X.shape), ValueError, ["out is an expanded tensor"]),
        (out.to("meta"), TypeError, ["out", "meta", "CPU"]),
        (out.to_sparse(), TypeError, ["out", "sparse"]),
        (out.clone().requires_grad_(), TypeError, ["out requires a gradient"]),
    ]:
        refused(error, texts, lambda wrong=wrong: fl.cross_entropy.grad(X, LABELS, out=wrong))
        refused(error, texts, lambda wrong=wrong: fl.softmax(X, out=wrong))
    refused(ValueError, ["target"], lambda: fl.cross_entropy.grad(X, LABELS + 100, out=out))
    assert torch.equal(out, kept)
