"""One loss of tensors: value and gradient in one pass, and what autograd does with them.

The gradient is computed with the value, where somebody wants it, and multiplied with what comes from above in the
backward pass. It is the second output of the node, and so part of the graph: who differentiates it reaches this node
again, which refuses. (`once_differentiable` would take it for a constant.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd import forward_ad

from fastloss.torch._calls import (
    NO_SECOND_DERIVATIVE,
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
_is_grad_enabled = torch.is_grad_enabled
_unwrap_if_dead = torch._C._functorch.unwrap_if_dead


class EagerLoss(torch.autograd.Function):
    """The node of an ordinary call. It costs less than an operator of torch.library, which traced calls need."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, call: Call) -> Any:  # type: ignore[override]
        ctx.set_materialize_grads(False)
        found = value_and_grad(call, tensor)
        ctx.save_for_backward(found[1])  # as an attribute it would have another owner, and each step would copy it
        ctx.of_input = upstream_axis(call, tensor) if call[2] == "none" else None, tensor.dtype
        return found

    @staticmethod
    def backward(ctx: Any, upstream: Any, second: Any) -> Any:  # type: ignore[override]
        if second is not None:
            raise RuntimeError(NO_SECOND_DERIVATIVE)
        if upstream is None:
            return None, None
        (grad,) = ctx.saved_tensors
        if _keeps_graph() or _is_grad_enabled():
            return scaled(grad, upstream, *ctx.of_input), None
        return scaled_in_place(grad, upstream, *ctx.of_input), None


# What Function.apply does besides is for functorch, and costs as much as the kernel of a small call.
_apply = super(torch.autograd.Function, EagerLoss).apply


def evaluate(
    name: str, tensor: torch.Tensor, others: Sequence[Any], reduction: str, options: Sequence[float] = ()
) -> torch.Tensor:
    """A loss of `LOSSES`; `others` are tensors or None."""
    dtype = tensor.dtype if is_readable(tensor) else check_input(tensor)
    if reduction not in REDUCTIONS:
        check_reduction(reduction)
    for other in others:
        if other is not None and not is_constant(other):
            check_constants(others, NAMES[name])
    if dtype in HALVES and torch.is_autocast_enabled("cpu"):
        dtype = torch.float32
    call = name, others, reduction, options, dtype
    if not is_eager(tensor):
        given = [torch.as_tensor(other) if isinstance(other, (tuple, list)) else other for other in others]
        return (transformed if is_transformed() else traced)((name, given, reduction, options, dtype), tensor)
    if (tensor.requires_grad and _is_grad_enabled()) or forward_ad._current_level >= 0:
        return _apply(_unwrap_if_dead(tensor), call)[0]
    return value_of(call, tensor)
