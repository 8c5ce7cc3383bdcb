"""The same losses as an operator of torch.library: for torch.compile, torch.export, torch.func and tensor subclasses.

What is traced sees numbers, strings and tensors only, so the operator has the name of the loss as an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fastloss.torch._calls import NO_SECOND_DERIVATIVE, Call, scaled
from fastloss.torch._losses import OF_ROWS, upstream_axis
from fastloss.torch._tensors import HALVES, view_of  # noqa: F401

_SCHEMA = (
    "(Tensor input, Tensor?[] others, str name, str reduction, float[] options, ScalarType dtype, bool with_grad)"
    " -> (Tensor, Tensor)"
)


@torch.library.custom_op("fastloss::loss", mutates_args=(), schema=_SCHEMA)
def loss_operator(
    input: torch.Tensor,
    others: Sequence[torch.Tensor | None],
    name: str,
    reduction: str,
    options: Sequence[float],
    dtype: torch.dtype,
    with_grad: bool,
) -> Any:
    """Value and gradient; without the gradient, an empty tensor in its place."""
    call = Call(name, others, reduction, options, dtype, None)
    grad = _new_gradient(input, with_grad)
    if not with_grad:
        return call.value(input), grad
    return call.value_and_grad(input, grad)


def _new_gradient(input: torch.Tensor, with_grad: bool) -> torch.Tensor:
    dtype = torch.float32 if input.dtype in HALVES else input.dtype
    return torch.empty_like(input, dtype=dtype) if with_grad else input.new_empty(0, dtype=dtype)


@loss_operator.register_fake
def _shapes(
    input: Any, others: Any, name: str, reduction: str, options: Any, dtype: torch.dtype, with_grad: bool
) -> Any:
    return input.new_empty(_value_shape(input, name, reduction), dtype=dtype), _new_gradient(input, with_grad)


def _value_shape(input: Any, name: str, reduction: str) -> tuple[Any, ...]:
    shape = tuple(input.shape)
    if reduction != "none":
        return ()
    if name in OF_ROWS:
        return shape[:1] + shape[2:] if len(shape) > 1 else ()
    if name == "ctc_loss":
        return shape[1:2] if len(shape) > 2 else ()
    return shape


def _keep(ctx: Any, inputs: Any, output: Any) -> None:
    input, _, name, reduction, *_ = inputs
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(output[1], input)
    ctx.axis = upstream_axis(name, input.dim()) if reduction == "none" else None
    ctx.dtype = input.dtype


def _backward(ctx: Any, upstream: Any, _: Any) -> Any:
    grad, input = ctx.saved_tensors
    if upstream is None:
        found = None
    elif torch.is_grad_enabled():
        found = Scaled.apply(grad, upstream, input, ctx.axis, ctx.dtype)
    else:
        found = scaled(grad, upstream, ctx.axis, ctx.dtype)
    return found, None, None, None, None, None, None


class Scaled(torch.autograd.Function):
    """The gradient as part of a graph: it depends on the input, but nobody can say how."""

    generate_vmap_rule = True

    @staticmethod
    def forward(grad: Any, upstream: Any, input: Any, axis: Any, dtype: Any) -> Any:  # type: ignore[override]
        return scaled(grad, upstream, axis, dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:  # type: ignore[override]
        raise RuntimeError(NO_SECOND_DERIVATIVE)


loss_operator.register_autograd(_backward, setup_context=_keep)


@loss_operator.register_vmap
def _one_by_one(info: Any, in_dims: Any, input: Any, others: Any, *rest: Any) -> Any:
    """The kernel has a batch of its own, whose mean is one number: each entry of the outer one is a call."""
    dims = [in_dims[0], *(in_dims[1] or [None] * len(others))]
    results = []
    for index in range(info.batch_size):
        first, *more = (
            tensor if dim is None or tensor is None else tensor.select(dim, index)
            for tensor, dim in zip((input, *others), dims, strict=True)
        )
        results.append(loss_operator(first, more, *rest))
    return tuple(torch.stack(parts) for parts in zip(*results, strict=True)), (0, 0)


def traced(
    name: str,
    tensor: torch.Tensor,
    others: Sequence[Any],
    reduction: str,
    options: Sequence[float],
    dtype: torch.dtype,
) -> torch.Tensor:
    """The value, by the operator. Within torch.func it can't be known whether somebody wants the gradient."""
    given = [other if other is None or isinstance(other, torch.Tensor) else torch.as_tensor(other) for other in others]
    with_grad = torch.is_grad_enabled()
    value, _ = loss_operator(tensor, given, name, reduction, [float(number) for number in options], dtype, with_grad)
    return value
