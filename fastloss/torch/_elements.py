"""Losses of elements: the shapes and dtypes of two tensors that PyTorch would combine."""

from __future__ import annotations

import warnings

import torch

from fastloss.torch._evaluate import evaluate, evaluate_checked
from fastloss.torch._tensors import check_constant, check_input, is_constant, is_readable


def broadcast(input: torch.Tensor, target: torch.Tensor, warns: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Both in the shape that they have together, the input in the dtype that the difference would have."""
    if is_alike(input, target):
        return input, target
    check_input(input)
    check_constant(target, "target")
    if target.dtype != input.dtype and target.dtype.is_floating_point:
        input = input.to(torch.result_type(input, target))
    if input.shape == target.shape:
        return input, target
    if warns:
        warnings.warn(
            f"target has shape {tuple(target.shape)}, input {tuple(input.shape)}: they are broadcast, which is rarely "
            "meant",
            stacklevel=4,  # who called the function of the loss
        )
    shape = torch.broadcast_shapes(input.shape, target.shape)
    return input if input.shape == shape else input.expand(shape), target.expand(shape)


def is_alike(input: torch.Tensor, target: torch.Tensor) -> bool:
    """Whether there is nothing to say and nothing to do, of most pairs in one look."""
    return is_readable(input) and is_constant(target) and target.dtype is input.dtype and target.shape == input.shape


def check_same_shape(input: torch.Tensor, target: torch.Tensor) -> None:
    if is_alike(input, target):
        return
    check_input(input)
    check_constant(target, "target")
    if target.shape != input.shape:
        raise ValueError(f"target has shape {tuple(target.shape)}; expected that of input, {tuple(input.shape)}")


def regression(
    name: str,
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None,
    reduction: str,
    options: tuple[float, ...] = (),
) -> torch.Tensor:
    """A loss of a difference."""
    if weight is None and is_alike(input, target):
        return evaluate_checked(name, input, (target, None), reduction, options)
    input, target = broadcast(input, target, warns=True)
    if weight is not None:
        check_constant(weight, "weight")
        if weight.shape != input.shape:
            raise ValueError(f"weight has shape {tuple(weight.shape)}; expected that of input, {tuple(input.shape)}")
    return evaluate(name, input, (target, weight), reduction, options)
