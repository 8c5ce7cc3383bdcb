"""The same losses as an operator of torch.library: for torch.compile, torch.export and tensor subclasses.

What is traced sees numbers, strings and tensors only, so the operator has the name of the loss as an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fastloss.torch._calls import NO_SECOND_DERIVATIVE, Call, scaled, value_and_grad, value_of
from fastloss.torch._losses import OF_ROWS, upstream_axis
from fastloss.torch._tensors import HALVES
from fastloss.torch._transforms import one_by_one

_OTHERS = 3  # tensors beside the input: as many as any loss has; a list of them could not have None in it
_SCHEMA = (
    "(Tensor input, Tensor? first, Tensor? second, Tensor? third, "
    "str name, str reduction, float[] options, ScalarType dtype, bool with_grad) -> (Tensor, Tensor)"
)


@torch.library.custom_op("fastloss::loss", mutates_args=(), schema=_SCHEMA)
def loss_operator(
    input: torch.Tensor,
    first: torch.Tensor | None,
    second: torch.Tensor | None,
    third: torch.Tensor | None,
    name: str,
    reduction: str,
    options: Sequence[float],
    dtype: torch.dtype,
    with_grad: bool,
) -> Any:
    """Value and gradient; without the gradient, an empty tensor in its place."""
    call = name, (first, second, third), reduction, options, dtype
    grad = _new_gradient(input, with_grad)
    if not with_grad:
        return value_of(call, input), grad
    return value_and_grad(call, input, grad)


def _new_gradient(input: torch.Tensor, with_grad: bool) -> torch.Tensor:
    dtype = torch.float32 if input.dtype in HALVES else input.dtype
    return torch.empty_like(input, dtype=dtype) if with_grad else input.new_empty(0, dtype=dtype)


@loss_operator.register_fake
def _shapes(
    input: Any,
    first: Any,
    second: Any,
    third: Any,
    name: str,
    reduction: str,
    options: Any,
    dtype: Any,
    with_grad: bool,
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
    input, (name, reduction, *_) = inputs[0], inputs[1 + _OTHERS :]
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(output[1], input)
    ctx.axis = upstream_axis((name, (), reduction), input)
    ctx.dtype = input.dtype


def _backward(ctx: Any, upstream: Any, _: Any) -> Any:
    grad, input = ctx.saved_tensors
    if upstream is None:
        found = None
    elif torch.is_grad_enabled():
        found = Scaled.apply(grad, upstream, input, ctx.axis, ctx.dtype)
    else:
        found = scaled(grad, upstream, ctx.axis, ctx.dtype)
    return found, *[None] * (_OTHERS + 5)


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
def _batched(info: Any, in_dims: Any, *args: Any) -> Any:
    tensors, settings = args[: 1 + _OTHERS], args[1 + _OTHERS :]
    return one_by_one(lambda *entry: loss_operator(*entry, *settings), info.batch_size, in_dims[: 1 + _OTHERS], tensors)


def traced(call: Call, tensor: torch.Tensor) -> torch.Tensor:
    """The value, by the operator."""
    name, others, reduction, options, dtype = call
    numbers = [float(number) for number in options]
    given = (*others, *[None] * (_OTHERS - len(others)))
    value, _ = loss_operator(tensor, *given, name, reduction, numbers, dtype, torch.is_grad_enabled())
    return value
