"""Calls of fastloss.torch, and of fastloss with tensors, and the types that a type checker must find.
tests/torch/test_typing.py runs it."""

import sys

import torch

import fastloss as fl
import fastloss.torch as F

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

x = torch.randn(4, 3)
target = torch.rand(4, 3)
labels = torch.tensor([0, 2, 1, 1])
weight = torch.tensor([1.0, 2.0, 0.5])
frames = torch.log_softmax(torch.randn(9, 2, 5), -1)
targets = torch.tensor([[1, 2], [3, 4]])

assert_type(F.cross_entropy(x, labels, weight, label_smoothing=0.1), torch.Tensor)
assert_type(F.linear_cross_entropy(x, x, labels, linear_bias=x[:, 0], reduction="none"), torch.Tensor)
assert_type(F.nll_loss(x, labels, ignore_index=2, reduction="none"), torch.Tensor)
assert_type(F.softmax_focal_loss(x, labels, alpha=weight, gamma=1.5), torch.Tensor)
assert_type(F.sigmoid_focal_loss(x, target, alpha=-1, reduction="mean"), torch.Tensor)
assert_type(F.binary_cross_entropy(target, target, weight), torch.Tensor)
assert_type(F.binary_cross_entropy_with_logits(x, target, pos_weight=weight), torch.Tensor)
assert_type(F.kl_div(x, target, reduction="batchmean"), torch.Tensor)
assert_type(F.l1_loss(x, target), torch.Tensor)
assert_type(F.mse_loss(x, target, weight=target), torch.Tensor)
assert_type(F.huber_loss(x, target, "sum", 0.5), torch.Tensor)
assert_type(F.smooth_l1_loss(x, target, beta=0.5), torch.Tensor)
assert_type(F.poisson_nll_loss(x, target, full=True), torch.Tensor)
assert_type(F.ctc_loss(frames, targets, (9, 9), (2, 2)), torch.Tensor)
assert_type(F.ctc_loss_with_logits(frames, targets, torch.tensor([9, 9]), [2, 2], zero_infinity=True), torch.Tensor)

out, other = torch.empty(4, 3), torch.empty(4, 3)
assert_type(fl.mse_loss.grad(x, target, out=out), torch.Tensor)
assert_type(fl.mse_loss.value_and_grad(x, target, out=out)[0], float)
assert_type(fl.mse_loss.value_and_grad(x, target, reduction="none", out=out)[1], torch.Tensor)
assert_type(fl.mse_loss.grad_and_hess(x, target, out=(out, other))[1], torch.Tensor)
assert_type(fl.cross_entropy.value_and_grad(x, labels, reduction="sum", out=out)[1], torch.Tensor)
assert_type(fl.softmax(x, out=out), torch.Tensor)
assert_type(fl.logsumexp(x, out=torch.empty(4)), torch.Tensor)
