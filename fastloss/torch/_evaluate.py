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

from fastloss.torch._calls import NO_SECOND_DERIVATIVE, Call, scaled, scaled_in_place
from fastloss.torch._losses import NAMES, upstream_axis
from fastloss.torch._operator import traced
from fastloss.torch._tensors import HALVES, check_constant, check_input, check_reduction, is_eager, is_transformed
from fastloss.torch._transforms import TransformedLoss

# Whether the graph of this backward pass is kept for another one, which needs the gradient as it is.
_keeps_graph = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", lambda: True)
_is_grad_enabled = torch.is_grad_enabled


class EagerLoss(torch.autograd.Function):
    """The node of an ordinary call. It costs less than an operator of torch.library, which traced calls need."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, call: Call) -> Any:  # type: ignore[override]
        ctx.set_materialize_grads(False)
        value, grad = call.value_and_grad(tensor)
        ctx.save_for_backward(grad)  # as an attribute it would have another owner, and each step would copy it
        ctx.call = call
        call.input_dtype = tensor.dtype
        return value, grad

    @staticmethod
    def backward(ctx: Any, upstream: Any, second: Any) -> Any:  # type: ignore[override]
        if second is not None:
            raise RuntimeError(NO_SECOND_DERIVATIVE)
        if upstream is None:
            return None, None
        (grad,) = ctx.saved_tensors
        scale = scaled if _keeps_graph() or _is_grad_enabled() else scaled_in_place
        return scale(grad, upstream, ctx.call.axis, ctx.call.input_dtype), None


# What Function.apply does besides is for functorch, and costs as much as the kernel of a small call.
_apply = super(torch.autograd.Function, EagerLoss).apply


def evaluate(
    name: str, tensor: torch.Tensor, others: Sequence[Any], reduction: str, options: Sequence[float] = ()
) -> torch.Tensor:
    """A loss of `LOSSES`; `others` are tensors or None."""
    check_input(tensor)
    check_reduction(reduction)
    for index, other in enumerate(others):
        if type(other) is torch.Tensor or (other is not None and name != "ctc_loss"):  # whose lengths may be tuples
            check_constant(other, NAMES[name][index])
    dtype = tensor.dtype
    if dtype in HALVES and torch.is_autocast_enabled("cpu"):
        dtype = torch.float32
    if not is_eager(tensor):
        given = [torch.as_tensor(other) if isinstance(other, (tuple, list)) else other for other in others]
        if is_transformed():
            return TransformedLoss.apply((name, reduction, options, dtype), tensor, *given)[0]
        return traced(name, tensor, given, reduction, options, dtype)
    axis = upstream_axis(name, tensor.dim()) if reduction == "none" else None
    call = Call(name, others, reduction, options, dtype, axis)
    if (tensor.requires_grad and _is_grad_enabled()) or forward_ad._current_level >= 0:
        return _apply(torch._C._functorch.unwrap_if_dead(tensor), call)[0]
    return call.value(tensor)
