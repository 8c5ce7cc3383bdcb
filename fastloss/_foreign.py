"""What is passed in the place of a NumPy array: arrays of other libraries are used without a copy, the rest is refused.

No library is imported for it: a caller who passes its objects has it.
"""

import numbers
import sys
from collections.abc import Iterable, Mapping, Set

import numpy as np

from fastloss._nulls import as_one_type, check_no_null
from fastloss._pieces import converted

# How a tensor of PyTorch's bfloat16 is carried, which NumPy lacks: its bits, in a dtype that views, transposes and
# broadcasts keep. The kernels know it (dtype_code in src/core/views.pxd); NumPy's own arithmetic refuses it.
BFLOAT16_BITS = np.dtype([("bfloat16", np.uint16)])

READABLE = "float16, bfloat16, float32, float64, an integer type or bool"  # dtypes that the kernels read


def array_of(value, name, expected):
    """A view of what is not a plain NumPy array; a copy of a list. `expected` is what the text of a refusal says."""
    if isinstance(value, getattr(sys.modules.get("numpy.ma"), "MaskedArray", ())):  # loading it is never needed
        raise TypeError(
            f"{name} is a masked array, whose mask would be ignored; "
            f"pass its .data, and what counts of it as where=~{name}.mask"
        )
    if hasattr(value, "__dask_graph__"):
        _forbid_lazy(value, name)
    check_no_null(value, name)
    torch = _torch_of(value)
    is_here = torch is not None and _is_readable(value, torch)
    by_dlpack = hasattr(value, "__dlpack__") and not hasattr(value, "__array__")
    try:
        if is_here and value.dtype is torch.bfloat16:
            return value.view(torch.int16).numpy().view(BFLOAT16_BITS)
        array = np.from_dlpack(value) if by_dlpack else np.asanyarray(value)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        if is_here and isinstance(error, TypeError):  # no dtype of NumPy's, as PyTorch says
            raise TypeError(f"{name} has dtype {value.dtype}; expected {READABLE}") from error
        raise TypeError(f"{name} can't be viewed as an array: {error}") from error
    if array.ndim == 0 and array.dtype.kind in "OSU" and not isinstance(value, (np.ndarray, numbers.Number)):
        raise TypeError(f"{name} is {_what_is(value, expected)}")
    return as_one_type(value, array)


def _forbid_lazy(value, name):
    """Raises for what Dask is still to compute: NumPy would load it whole. xarray's arrays may be in memory."""
    if value.__dask_graph__() is None:
        return
    kind = type(value)
    seen = "it" if hasattr(kind, "__array__") else "dask.array.from_delayed of it"
    if hasattr(kind, "to_dask_array"):  # a table's
        seen = "its .to_dask_array(lengths=True)"
    elif hasattr(kind, "data"):  # xarray's
        seen = "its .data"
    library = kind.__module__.partition(".")[0]
    raise TypeError(
        f"{name} is a {library} {kind.__name__}, which would be loaded whole: fastloss.dask computes {seen} by blocks, "
        "or .compute() it"
    )


def out_as_array(out, name="out"):
    """What is given for `out`, with NumPy's view in the place of a tensor: also in a pair. The rest stays as it is."""
    if out is None or type(out) is np.ndarray:
        return out
    if type(out) in (tuple, list):
        for one in out:
            if one is not None and type(one) is not np.ndarray:
                return [out_as_array(one, f"{name}[{index}]") for index, one in enumerate(out)]
        return out
    torch = _torch_of(out)
    if torch is None:
        return out
    if out.device.type != "cpu" or out.layout is not torch.strided:
        raise TypeError(f"{name} has layout {out.layout} and is on {out.device}; expected a dense tensor of the CPU")
    if out.requires_grad:
        raise TypeError(f"{name} requires a gradient: pass {name}.detach()")
    if any(step == 0 and size > 1 for step, size in zip(out.stride(), out.shape, strict=True)):
        raise ValueError(f"{name} is an expanded tensor, whose elements share memory")
    torch.autograd.graph.increment_version(out)  # so that a graph that has saved it says so
    return array_of(out, name, "a NumPy array or a tensor")


def _torch_of(value):
    """PyTorch, if the value is one of its tensors."""
    torch = sys.modules.get("torch")
    try:
        tensor = getattr(torch, "Tensor", None)
    except Exception:  # a module that is loaded at its first use, and can't be
        return None
    return torch if isinstance(tensor, type) and isinstance(value, tensor) else None


def _is_readable(tensor, torch):
    """Whether its memory is a CPU's and nobody wants its gradient: otherwise PyTorch itself says what is wrong."""
    return tensor.device.type == "cpu" and tensor.layout is torch.strided and not tensor.requires_grad


def _what_is(value, expected):
    """Of what NumPy would take for a single object: what it is, and what to pass."""
    if value is None:
        return f"None; expected {expected}"
    kind = type(value).__name__
    if hasattr(value, "toarray") and hasattr(value, "nnz"):  # of scipy.sparse
        return f"sparse, a {kind}; expected {expected}, as its .toarray() is"
    if isinstance(value, (str, bytes, Mapping, Set)):
        return f"a {kind}; expected {expected}"
    if isinstance(value, Iterable):
        return f"a {kind}; make it a list or an array"
    return f"a {kind}; expected {expected}"


def is_bits(array):
    return array.dtype.names is not None and array.dtype == BFLOAT16_BITS


def dtype_name(array):
    return "bfloat16" if is_bits(array) else str(array.dtype)


def as_float(array, dtype=np.float64):
    """A copy in a float type of NumPy's."""
    if not is_bits(array):
        return converted(array, dtype)
    wide = np.asarray(array["bfloat16"].astype(np.uint32) << 16)  # bfloat16 is the upper half of float32
    return wide.view(np.float32).astype(dtype)


def is_not_0(array):
    """Of each number. NaN is not."""
    return (array["bfloat16"] & 0x7FFF) != 0 if is_bits(array) else array != 0


def number_at(array, place):
    """A number of an array, to be printed."""
    return as_float(array[place], np.float32) if is_bits(array) else array[place]
