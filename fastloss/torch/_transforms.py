"""The same losses within torch.func: grad, vmap and others, also within each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from fastloss.torch._calls import NO_SECOND_DERIVATIVE, Call, scaled, value_and_grad
from fastloss.torch._losses import upstream_axis


def transformed(call: Call, tensor: torch.Tensor) -> torch.Tensor:
    name, others, reduction, options, dtype = call
    return TransformedLoss.apply((name, reduction, options, dtype), tensor, *others)[0]


def one_by_one(function: Callable[..., Any], size: int, dims: Sequence[int | None], tensors: Sequence[Any]) -> Any:
    """What vmap does with a kernel that has a batch of its own, whose mean is one number: each entry is a call."""
    results = []
    for index in range(size):
        entry = (
            tensor if dim is None or tensor is None else tensor.select(dim, index)
            for tensor, dim in zip(tensors, dims, strict=True)
        )
        results.append(function(*entry))
    return tuple(torch.stack(parts) for parts in zip(*results, strict=True)), (0, 0)


class TransformedLoss(torch.autograd.Function):
    """Value and gradient: whether somebody wants the gradient can't be known here. As for EagerLoss, it is an output
    and part of the graph."""

    @staticmethod
    def forward(settings: Any, input: torch.Tensor, *others: Any) -> Any:  # type: ignore[override]
        name, reduction, options, dtype = settings
        return value_and_grad((name, others, reduction, options, dtype), input)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        (name, reduction, _, _), input, *others = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(output[1])
        ctx.axis = upstream_axis((name, others, reduction), input)
        ctx.dtype = input.dtype
        ctx.others = len(others)

    @staticmethod
    def backward(ctx: Any, upstream: Any, second: Any) -> Any:  # type: ignore[override]
        if second is not None:
            raise RuntimeError(NO_SECOND_DERIVATIVE)
        (grad,) = ctx.saved_tensors
        found = None if upstream is None else scaled(grad, upstream, ctx.axis, ctx.dtype)
        return None, found, *[None] * ctx.others

    @staticmethod
    def vmap(info: Any, in_dims: Any, settings: Any, *tensors: Any) -> Any:  # type: ignore[override]
        return one_by_one(lambda *entry: TransformedLoss.apply(settings, *entry), info.batch_size, in_dims[1:], tensors)
