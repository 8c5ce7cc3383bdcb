"""From the arguments of a loss to a call that XLA can carry: operands, and everything else as a text. All that can be
known before the operands' numbers is checked here.
"""

from __future__ import annotations

import functools
import inspect
import json
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import fastloss as fl
from fastloss._keywords import ARRAY_OPTIONS, bound
from fastloss._loss import Loss, validated
from fastloss._threads import as_thread_count

NOT_HERE = ("progress",)  # arguments of losses that a compiled call can't have
_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


class Call(NamedTuple):
    """Hashable: XLA compiles once for each, and for the shapes and dtypes of the operands."""

    loss: str
    names: tuple[str, ...]  # of the operands, the prediction first
    rank: int  # of the prediction, without the axes that vmap adds
    options: str  # those that are not the defaults, as JSON

    @property
    def text(self) -> str:
        """The same in every process: a compiled program may come from a file."""
        return json.dumps({**self._asdict(), "options": json.loads(self.options)})

    def option(self, name: str) -> Any:
        """None where the loss has none."""
        parameter = inspect.signature(getattr(fl, self.loss)).parameters.get(name)
        return json.loads(self.options).get(name, parameter and parameter.default)

    def missing_axes(self) -> tuple[int, ...]:
        """The axes of the prediction that the value lacks: all, where that is one number."""
        if self.option("reduction") != "none":
            return tuple(range(self.rank))
        if getattr(fl, self.loss).family == "ctc":
            batch = 0 if self.option("batch_first") else 1
            return tuple(axis for axis in range(self.rank) if axis != batch or self.rank == 2)
        axis = self.option("axis")
        return () if axis is None else (axis % self.rank,)


def prepare(loss: Loss, signature: inspect.Signature, args: Any, kwargs: Any) -> tuple[Call, list[Any]]:
    """The call and its operands."""
    given = bound(loss.__name__, signature, args, kwargs).arguments
    operands, options = {}, {}
    for name, value in given.items():
        parameter = signature.parameters[name]
        if value is None and parameter.default is None:
            continue
        if parameter.kind is _POSITIONAL or (name in ARRAY_OPTIONS and _is_array(value)):
            operands[name] = _operand(value, name, is_prediction=not operands)
        else:
            option = _option(value, name)
            if type(option) is not type(parameter.default) or option != parameter.default:
                options[name] = option
    arrays = list(operands.values())
    call = Call(loss.__name__, tuple(operands), arrays[0].ndim, json.dumps(options, sort_keys=True))
    _check(call, tuple((array.shape, array.dtype) for array in arrays))
    return call, arrays


def _is_array(value: Any) -> bool:
    return isinstance(value, (jax.Array, list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _operand(value: Any, name: str, is_prediction: bool) -> jax.Array:
    """An array of JAX on the CPU. A prediction of integers becomes one of JAX's floats."""
    if value is None:
        raise TypeError(f"{name} is None; expected an array")
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} can't be made an array of JAX: {error}") from error
    if not isinstance(array, jax.core.Tracer):
        platforms = {device.platform for device in array.devices()}
        if platforms != {"cpu"}:
            raise TypeError(f"{name} is on {', '.join(sorted(platforms))}; fastloss.jax computes on CPUs only")
    if not isinstance(array.dtype, np.dtype):  # keys of random numbers have one of JAX's own
        raise TypeError(f"{name} has dtype {array.dtype}; expected numbers")
    if not all(isinstance(size, int) for size in array.shape):
        raise TypeError(f"{name} has the symbolic shape {array.shape}; fastloss.jax compiles for sizes that are known")
    if is_prediction and array.dtype.kind in "iub":
        return array.astype(jnp.result_type(float))
    return array


def _option(value: Any, name: str) -> Any:
    """A number, a string, a bool or None: a constant of the compiled call."""
    if isinstance(value, jax.core.Tracer):
        raise TypeError(
            f"{name} is traced, but must be known when the call is compiled: make it a static argument of jax.jit"
        )
    if isinstance(value, (np.generic, np.ndarray, jax.Array)) and value.ndim == 0:
        value = value.item()
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"{name} must be a number, a string or None, got {type(value).__name__}")
    return value


def _checked(call: Call, arrays: tuple[tuple[tuple[int, ...], Any], ...]) -> None:
    """Raises for shapes, dtypes and options that do not fit, as the loss itself does: for arrays without memory."""
    loss, options = getattr(fl, call.loss), json.loads(call.options)
    shapes = dict(zip(call.names, arrays, strict=True))
    legal = _legal_sequences(shapes, options) if loss.family == "ctc" else {}
    if "num_threads" in options:
        as_thread_count(options.pop("num_threads"))
    for name, (shape, dtype) in shapes.items():
        options[name] = _stand_in(shape, dtype, legal.get(name))
    validated(loss._define, (), options)


_check = functools.lru_cache(maxsize=4096)(_checked)  # eager calls would do it again each time


def _stand_in(shape: tuple[int, ...], dtype: Any, value: Any) -> Any:
    """Numbers that are legal for every loss and option."""
    if value is None:
        value = 0.5 if jnp.issubdtype(dtype, jnp.inexact) else jnp.issubdtype(dtype, jnp.bool_)
    return np.broadcast_to(np.array(value, np.float32 if dtype == jnp.bfloat16 else dtype), shape)


def _legal_sequences(shapes: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Labels that are not the blank; lengths that together have all of targets one after the other."""
    targets, lengths = shapes["targets"][0], shapes.get("target_lengths", ((),))[0]
    found: dict[str, Any] = {"targets": int(options.get("blank", 0) == 0)}
    if lengths and len(targets) == 1:
        found["target_lengths"] = np.eye(1, lengths[0], dtype=int)[0] * targets[0]
    return found
