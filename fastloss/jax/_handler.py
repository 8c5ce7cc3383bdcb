"""The two ways from a compiled program to a loss: the handler of src/xla, which XLA calls with its buffers, or JAX's
`pure_callback`, where that can't be registered.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fastloss._foreign import BFLOAT16_BITS
from fastloss.jax._call import Call
from fastloss.jax._run import prepared, run

# XLA's codes of the types that the kernels read.
DTYPES = {
    1: np.dtype(np.bool_),
    2: np.dtype(np.int8),
    3: np.dtype(np.int16),
    4: np.dtype(np.int32),
    5: np.dtype(np.int64),
    6: np.dtype(np.uint8),
    7: np.dtype(np.uint16),
    8: np.dtype(np.uint32),
    9: np.dtype(np.uint64),
    10: np.dtype(np.float16),
    11: np.dtype(np.float32),
    12: np.dtype(np.float64),
    16: BFLOAT16_BITS,
}
TARGET = "fastloss_on_cpu_only"  # XLA names it where another device should run it


def _version() -> tuple[int, int]:
    """Of XLA's interface, as its header says: XLA itself can't be asked."""
    header = Path(jax.ffi.include_dir(), "xla/ffi/api/c_api.h").read_text(encoding="utf-8")
    major, minor = (re.search(rf"#define XLA_FFI_API_{part}\s+(\d+)", header) for part in ("MAJOR", "MINOR"))
    return int(major[1]), int(minor[1])  # type: ignore[index]


def _registered() -> str:
    """What is in use, in words. A handler of a version that XLA refuses would leave JAX without its CPU."""
    try:
        from fastloss._kernels import xla

        version = _version()
        if version not in xla.VERSIONS:
            known = ", ".join(f"{major}.{minor}" for major, minor in xla.VERSIONS)
            raise ImportError(f"it knows XLA's interface {known}, and this is {version[0]}.{version[1]}")
        jax.ffi.register_ffi_target(TARGET, xla.handler(run, DTYPES, version[1]), platform="cpu")
    except Exception as error:
        return f"pure_callback, as the compiled handler can't be used: {error}"
    return "handler"


in_use = _registered()


def implementation() -> str:
    """How compiled programs call the losses: ``"handler"``, or ``"pure_callback, as ..."`` with the reason.

    The compiled handler is part of fastloss and reads and writes XLA's own memory. Where the JAX that is installed has
    a later version of XLA's interface than the handler knows, JAX's `pure_callback` takes its place, which gives the
    same results and copies all arrays.

    Examples
    --------
    >>> import fastloss.jax
    >>> fastloss.jax.implementation()
    'handler'
    """
    return in_use


def computed(call: Call, has_gradient: bool, operands: Sequence[jax.Array]) -> Any:
    """Value, or value and gradient."""
    x = operands[0]
    dtype = np.float64 if x.dtype == np.float64 else np.float32  # as the kernels compute
    missing = call.missing_axes()
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in missing)
    shapes = [jax.ShapeDtypeStruct(size, dtype) for size in (shape, x.shape)[: 1 + has_gradient]]
    if in_use == "handler":
        results = jax.ffi.ffi_call(TARGET, shapes, vmap_method="expand_dims")(*operands, call=call.text)
    else:
        callback = functools.partial(_call_back, call.text.encode(), shapes)
        results = jax.pure_callback(callback, shapes, *operands, vmap_method="expand_dims")
    results = [_varied(result, _axes(operands) - _axes([result])) for result in results]
    return results if has_gradient else results[0]


def _axes(arrays: Sequence[jax.Array]) -> set[str]:
    """Within `jax.shard_map`: the axes of the mesh along which any of the arrays differs."""
    kinds = [jax.typeof(array) for array in arrays]
    kinds = [getattr(kind, "manual_axis_type", kind) for kind in kinds]  # of JAX 0.10, whose name for vma is another
    return set().union(*(getattr(kind, "varying", getattr(kind, "vma", ())) for kind in kinds))


def _varied(result: jax.Array, axes: set[str]) -> Any:
    """JAX does not know that what is computed from a part of an array is a part of the result."""
    if not axes:
        return result
    names = tuple(sorted(axes))
    return jax.lax.pcast(result, names, to="varying") if hasattr(jax.lax, "pcast") else jax.lax.pvary(result, names)


def _call_back(text: bytes, shapes: Sequence[jax.ShapeDtypeStruct], *operands: Any) -> list[Any]:
    """As the handler, but that the results are new arrays."""
    arrays = [np.asarray(operand) for operand in operands]
    arrays = [array.view(BFLOAT16_BITS) if array.dtype == jnp.bfloat16 else array for array in arrays]
    added = arrays[0].ndim - prepared(text).rank
    batch = np.broadcast_shapes(*(array.shape[:added] for array in arrays))
    results = [np.empty(batch + shape.shape, shape.dtype) for shape in shapes]
    run(text, arrays, results)
    return results
