"""The two ways from a compiled program to a loss: the handler of src/xla, which XLA calls with its buffers, or JAX's
`pure_callback`, where that can't be registered.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
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


def _registered() -> str:
    """What is in use, in words."""
    try:
        from fastloss._kernels import xla

        jax.ffi.register_ffi_target(TARGET, xla.handler(run, DTYPES), platform="cpu")
    except Exception as error:  # of the import, or XLA's, which supports other versions of its interface
        return f"pure_callback, as the compiled handler can't be used: {error}"
    return "handler"


implementation = _registered()


def computed(call: Call, has_gradient: bool, operands: Sequence[jax.Array]) -> Any:
    """Value, or value and gradient."""
    x = operands[0]
    dtype = np.float64 if x.dtype == np.float64 else np.float32  # as the kernels compute
    axes = call.gradient_axes()
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    shapes = [jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct(x.shape, dtype)][: 1 + has_gradient]
    if implementation == "handler":
        results = jax.ffi.ffi_call(TARGET, shapes, vmap_method="expand_dims")(*operands, call=call.text)
    else:
        callback = functools.partial(_call_back, call.text.encode(), shapes)
        results = jax.pure_callback(callback, shapes, *operands, vmap_method="expand_dims")
    return results if has_gradient else results[0]


def _call_back(text: bytes, shapes: Sequence[jax.ShapeDtypeStruct], *operands: Any) -> list[Any]:
    """As the handler, but that the results are new arrays."""
    arrays = [np.asarray(operand) for operand in operands]
    arrays = [array.view(BFLOAT16_BITS) if array.dtype == jnp.bfloat16 else array for array in arrays]
    added = arrays[0].ndim - prepared(text).rank
    batch = np.broadcast_shapes(*(array.shape[:added] for array in arrays))
    results = [np.empty(batch + shape.shape, shape.dtype) for shape in shapes]
    run(text, arrays, results)
    return results
