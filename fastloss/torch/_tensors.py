"""Tensors as the kernels read them: what is refused, and NumPy's view of the rest, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from fastloss._foreign import BFLOAT16_BITS, array_of

HALVES = (torch.float16, torch.bfloat16)  # computed in float32

OF_NUMBERS = ("targets", "input_lengths", "target_lengths")  # of CTC, which may be tuples

_ORDINARY = (torch.Tensor, torch.nn.Parameter)
_FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
REDUCTIONS = ("mean", "sum", "none")


# Small calls are mostly these questions: each name is looked up once.
_is_compiling = torch.compiler.is_compiling
_are_transforms_active = torch._C._are_functorch_transforms_active
_modes = torch._C._len_torch_dispatch_stack
_tracing_state = torch._C._get_tracing_state
_is_grad_enabled = torch.is_grad_enabled
_Tensor: Any = torch.Tensor
_bfloat16, _strided = torch.bfloat16, torch.strided
_from_numpy, _array = torch.from_numpy, np.array
_float32: Any = np.float32


def is_eager(tensor: torch.Tensor) -> bool:
    """Whether this is an ordinary tensor in an ordinary call: nothing is traced, transformed or replaced."""
    return (
        not _is_compiling()
        and type(tensor) in _ORDINARY
        and not _are_transforms_active()
        and _modes() == 0
        and _tracing_state() is None
    )


def is_transformed() -> bool:
    """Whether a function of torch.func is at work, without torch.compile."""
    return not _is_compiling() and _are_transforms_active()


def is_dense_of_cpu(tensor: Any) -> bool:
    return isinstance(tensor, _Tensor) and tensor.is_cpu and tensor.layout is _strided


def forbid(tensor: Any, name: str) -> None:
    """Raises for what is_dense_of_cpu is not true of."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} is a {type(tensor).__name__}; expected a tensor")
    if not tensor.is_cpu:
        raise ValueError(
            f"{name} is on device {tensor.device}; fastloss computes on the CPU: pass {name}.cpu(), or use "
            "torch.nn.functional there"
        )
    raise TypeError(f"{name} has layout {tensor.layout}; expected a dense tensor, as {name}.to_dense() is")


def is_readable(tensor: Any) -> bool:
    """Whether check_input would find nothing, of most tensors in one look."""
    return type(tensor) in _ORDINARY and tensor.dtype in _FLOATS and tensor.is_cpu and tensor.layout is _strided


def is_constant(tensor: Any) -> bool:
    """Whether check_constant would find nothing, of most tensors in one look."""
    return type(tensor) is _Tensor and tensor.is_cpu and tensor.layout is _strided and not tensor.requires_grad


def check_input(tensor: Any, name: str = "input") -> torch.dtype:
    if not is_dense_of_cpu(tensor):
        forbid(tensor, name)
    if not tensor.is_floating_point():
        raise TypeError(f"{name} has dtype {tensor.dtype}; expected a floating point type")
    return tensor.dtype


def check_constants(tensors: Any, names: tuple[str, ...]) -> None:
    for index, tensor in enumerate(tensors):
        check_constant(tensor, names[index])


def check_constant(tensor: Any, name: str) -> None:
    """What the loss has no gradient for: a tensor, None, and for CTC numbers."""
    if tensor is None or (name in OF_NUMBERS and not isinstance(tensor, torch.Tensor)):
        return
    if not is_dense_of_cpu(tensor):
        forbid(tensor, name)
    if tensor.requires_grad and torch.is_grad_enabled():
        raise ValueError(
            f"{name} requires a gradient, which fastloss does not compute: pass {name}.detach(), or use "
            "torch.nn.functional"
        )


def check_reduction(reduction: Any) -> None:
    if reduction not in REDUCTIONS:
        expected = ", ".join(map(repr, REDUCTIONS))
        raise ValueError(f"reduction must be one of {expected}, got {reduction!r}")


def reduction_of(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction, unless the two arguments that came before it are given."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        return "none"
    return "mean" if size_average is None or size_average else "sum"


def view_of(tensor: Any, name: str) -> Any:
    """NumPy's view of a tensor; what is no tensor stays as it is."""
    if not isinstance(tensor, _Tensor):
        return tensor
    if tensor.dtype is _bfloat16:
        return tensor.detach().view(torch.int16).numpy().view(BFLOAT16_BITS)
    try:
        return tensor.numpy()
    except RuntimeError:  # it requires a gradient, within an operator; or its numbers are to be read with another sign
        return tensor.detach().resolve_neg().numpy()
    except TypeError:  # a dtype that NumPy lacks: the text says which there are
        return array_of(tensor, name, "a tensor")


def tensor_of(value: Any, dtype: torch.dtype) -> torch.Tensor:
    """What a loss gives, a float or an array, as a tensor."""
    if type(value) is float:
        if dtype is torch.float32:
            return _from_numpy(_array(value, _float32))  # scalar_tensor takes half as long again
        return torch.scalar_tensor(value, dtype=dtype)
    return _from_numpy(np.asarray(value)).to(dtype)
