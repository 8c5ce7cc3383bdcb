"""A loss of `LOSSES`: from tensors to the kernel and back, and what the backward pass makes of its gradient.

A call is a tuple, which costs a small one the least: the loss's name, the tensors beside the input (or None), the
reduction, the loss's own options as numbers, and the dtype of the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fastloss._threads import GRAIN, get_num_threads
from fastloss.torch._losses import LOSSES, NAMES
from fastloss.torch._memory import MANY, gradient_like
from fastloss.torch._tensors import tensor_of, view_of

Call = tuple[str, Sequence[Any], str, Sequence[float], torch.dtype]

NO_SECOND_DERIVATIVE = (
    "fastloss.torch has no second derivatives: create_graph=True and nested torch.func.grad need torch.nn.functional"
)
SECOND_TIME = (  # as PyTorch says it
    "Trying to backward through the graph a second time: the gradient of this loss was used by the first. Specify "
    "retain_graph=True there"
)

_float16 = torch.float16
_from_numpy = torch.from_numpy


def threads_for(size: int) -> int:
    """As many as both libraries allow, for calls that are large enough."""
    return max(1, min(torch.get_num_threads(), get_num_threads(), size // GRAIN))


def made(call: Call, tensor: torch.Tensor) -> Any:
    """The loss, its arguments and its options."""
    name, others, reduction, options, _ = call
    views = []
    for other, other_name in zip(others, NAMES[name]):  # noqa: B905 - an operator has None for the rest
        views.append(None if other is None else view_of(other, other_name))
    array = view_of(tensor, "input")
    found = LOSSES[name](array, views, reduction, options)
    if array.size >= 2 * GRAIN:
        found[2]["num_threads"] = threads_for(array.size)
    return found


def value_of(call: Call, tensor: torch.Tensor) -> torch.Tensor:
    loss, args, kwargs = made(call, tensor)
    try:
        value = loss(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise in_words_of_pytorch(error) from None
    return tensor_of(value, call[4])


def value_and_grad(call: Call, tensor: torch.Tensor, out: torch.Tensor | None = None) -> Any:
    """The gradient is float32 for half types, which keeps its digits until it is multiplied."""
    if tensor.dtype is _float16:
        tensor = tensor.float()
        out = tensor if out is None else out  # the copy is not needed any more
    loss, args, kwargs = made(call, tensor)
    if out is not None:
        kwargs["out"] = out.numpy()
    elif args[0].size >= MANY:
        kwargs["out"] = gradient_like(args[0])
    try:
        value, grad = loss.value_and_grad(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise in_words_of_pytorch(error) from None
    return tensor_of(value, call[4]), _from_numpy(grad) if out is None else out


def in_words_of_pytorch(error: Exception) -> Exception:
    """The same error, which names PyTorch's arguments and methods in the place of fastloss's and NumPy's."""
    text = str(error)
    for word, other in (("class_weight", "weight"), ("sample_weight", "weight"), (".astype(int)", ".long()")):
        text = text.replace(word, other)
    return error if text == str(error) else type(error)(text).with_traceback(error.__traceback__)


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
