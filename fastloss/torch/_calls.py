"""A call of a loss of `LOSSES`: from tensors to the kernel and back, and what backward makes of its gradient."""

from __future__ import annotations

from typing import Any

import torch

from fastloss._threads import GRAIN, get_num_threads
from fastloss.torch._losses import LOSSES, NAMES
from fastloss.torch._tensors import tensor_of, view_of

NO_SECOND_DERIVATIVE = (
    "fastloss.torch has no second derivatives: create_graph=True and nested torch.func.grad need torch.nn.functional"
)


def threads_for(size: int) -> int | None:
    """As many as both libraries allow; None leaves it to fastloss, for small calls."""
    if size < 2 * GRAIN:
        return None
    return max(1, min(torch.get_num_threads(), get_num_threads(), size // GRAIN))


class Call:
    """A call of tensors that can be evaluated; everything but the input is known."""

    __slots__ = ("axis", "dtype", "input_dtype", "name", "options", "others", "reduction")

    def __init__(self, name: str, others: Any, reduction: str, options: Any, dtype: Any, axis: Any) -> None:
        self.name = name
        self.others = others  # tensors and None
        self.reduction = reduction
        self.options = options
        self.dtype = dtype  # of the value
        self.axis = axis  # of upstream_axis
        self.input_dtype: Any = None  # which the gradient gets, where autograd wants it

    def made(self, array: Any) -> Any:
        name = self.name
        views = [
            None if other is None else view_of(other, other_name)
            for other, other_name in zip(self.others, NAMES[name])  # noqa: B905 - an operator has None for the rest
        ]
        loss, args, kwargs = LOSSES[name](array, views, self.reduction, self.options)
        threads = threads_for(array.size)
        if threads is not None:
            kwargs["num_threads"] = threads
        return loss, args, kwargs

    def value(self, tensor: torch.Tensor) -> torch.Tensor:
        loss, args, kwargs = self.made(view_of(tensor, "input"))
        return tensor_of(loss(*args, **kwargs), self.dtype)

    def value_and_grad(self, tensor: torch.Tensor, out: torch.Tensor | None = None) -> Any:
        """The gradient is float32 for half types, which keeps its digits until it is multiplied."""
        if tensor.dtype is torch.float16:
            tensor = tensor.float()
            out = tensor if out is None else out  # the copy is not needed any more
        loss, args, kwargs = self.made(view_of(tensor, "input"))
        if out is not None:
            kwargs["out"] = out.numpy()
        value, grad = loss.value_and_grad(*args, **kwargs)
        return tensor_of(value, self.dtype), torch.from_numpy(grad) if out is None else out


def scaled(grad: torch.Tensor, upstream: torch.Tensor, axis: int | None, dtype: torch.dtype) -> torch.Tensor:
    """The gradient times that of the value, which is a number, or one for each loss."""
    if axis is not None and upstream.dim():
        upstream = upstream.unsqueeze(axis)
    return (grad * upstream).to(dtype)


def scaled_in_place(grad: torch.Tensor, upstream: torch.Tensor, axis: int | None, dtype: torch.dtype) -> torch.Tensor:
    """The same where nobody needs `grad` afterwards."""
    if upstream.dim():
        grad.mul_(upstream if axis is None else upstream.unsqueeze(axis))
    elif upstream.item() != 1:
        grad.mul_(upstream)
    return grad if grad.dtype is dtype else grad.to(dtype)
