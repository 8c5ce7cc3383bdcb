"""One loss of tensors: value and gradient in one pass, and what autograd does with them.

The gradient is computed with the value, where somebody wants it, and multiplied with what comes from above in the
backward pass. A graph of that pass can't be had: it would take the gradient for a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd import forward_ad

from fastloss.torch._calls import (
    NO_SECOND_DERIVATIVE,
    SECOND_TIME,
    Call,
    scaled,
    scaled_in_place,
    value_and_grad,
    value_of,
)
from fastloss.torch._losses import NAMES, upstream_axis
from fastloss.torch._operator import traced
from fastloss.torch._tensors import (
    HALVES,
    REDUCTIONS,
    check_constants,
    check_input,
    check_reduction,
    is_constant,
    is_eager,
    is_readable,
    is_transformed,
)
from fastloss.torch._transforms import transformed

# Whether the graph of this backward pass is kept for another one, which needs the gradient as it is.
_keeps_graph = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", lambda: True)
# Whether somebody wants to see what is saved for the backward pass; PyTorch can say so since 2.8.
_saved_tensors_hooks = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", lambda _: True)
_is_grad_enabled, _is_compiling = torch.is_grad_enabled, torch.compiler.is_compiling
_are_transforms_active = torch._C._are_functorch_transforms_active
_is_batched = torch._C._functorch.is_legacy_batchedtensor  # what is_grads_batched=True makes of upstream gradients
_float32 = torch.float32
_unwrap_if_dead = torch._C._functorch.unwrap_if_dead


class EagerLoss(torch.autograd.Function):
    """The node of an ordinary call. It costs less than an operator of torch.library, which traced calls need, and keeps
    the gradient itself: save_for_backward takes a tenth of a small call, and is for those who look at what it saves."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, call: Call) -> torch.Tensor:  # type: ignore[override]
        value, grad = value_and_grad(call, tensor)
        if _saved_tensors_hooks(True):
            ctx.save_for_backward(grad)
            grad = None
        ctx.kept = grad, upstream_axis(call, tensor) if call[2] == "none" else None, tensor.dtype
        return value

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> Any:  # type: ignore[override]
        if _is_grad_enabled():
            raise RuntimeError(NO_SECOND_DERIVATIVE)
        if ctx.kept is None:
            raise RuntimeError(SECOND_TIME)
        grad, axis, dtype = ctx.kept  # grad is written over unless somebody else has it, or several upstreams need it
        if grad is None or _is_compiling() or _keeps_graph() or _is_batched(upstream) or _are_transforms_active():
            return scaled(ctx.saved_tensors[0] if grad is None else grad, upstream, axis, dtype), None
        ctx.kept = None  # or a leaf would get a copy
        if grad.dtype is dtype and not upstream.dim() and upstream.item() == 1:
            return grad, None
        return scaled_in_place(grad, upstream, axis, dtype), None


# What Function.apply does besides is for functorch, and costs as much as the kernel of a small call. So does what the
# node's own `apply` does before it calls `backward`.
_apply = super(torch.autograd.Function, EagerLoss).apply
if hasattr(EagerLoss, "_backward_cls"):
    EagerLoss._backward_cls.apply = EagerLoss.backward


def evaluate(
    name: str, tensor: torch.Tensor, others: Sequence[Any], reduction: str, options: Sequence[float] = ()
) -> torch.Tensor:
    """A loss of `LOSSES`; `others` are tensors or None."""
    if not is_readable(tensor):
        check_input(tensor)
    for other in others:
        if other is not None and not is_constant(other):
            check_constants(others, NAMES[name])
    return evaluate_checked(name, tensor, others, reduction, options)


def evaluate_checked(
    name: str, tensor: torch.Tensor, others: Sequence[Any], reduction: str, options: Sequence[float]
) -> torch.Tensor:
    """The same where the tensors are known to be readable and constant."""
    if reduction not in REDUCTIONS:
        check_reduction(reduction)
    dtype = tensor.dtype
    if dtype is not _float32 and dtype in HALVES and torch.is_autocast_enabled("cpu"):
        dtype = _float32
    call = name, others, reduction, options, dtype
    if not is_eager(tensor):
        given = [torch.as_tensor(other) if isinstance(other, (tuple, list)) else other for other in others]
        return (transformed if is_transformed() else traced)((name, given, reduction, options, dtype), tensor)
    if (tensor.requires_grad and _is_grad_enabled()) or forward_ad._current_level >= 0:
        return _apply(_unwrap_if_dead(tensor), call)
    return value_of(call, tensor)
