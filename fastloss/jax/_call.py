"""A call as XLA carries it: a loss, the names of its operands, and its options as text; what it gives, before it is
computed.
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
from fastloss._keywords import explain
from fastloss._loss import Loss

NOT_HERE = ("progress",)  # arguments of losses that a compiled call can't have
ARRAYS = ("sample_weight", "where", "class_weight", "pos_weight", "alpha", "quantile")  # options that may be arrays
_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


class Call(NamedTuple):
    """Hashable: what is compiled once for each."""

    loss: str
    names: tuple[str, ...]  # of the operands, the prediction first
    ranks: tuple[int, ...]  # of the operands, without the axes that vmap adds
    options: str  # those that are not the defaults, as JSON

    @property
    def text(self) -> str:
        """The same in any process: a compiled program may be kept in a file."""
        options = json.loads(self.options)
        return json.dumps({"loss": self.loss, "names": self.names, "ranks": self.ranks, "options": options})

    @property
    def axis(self) -> int | None:
        """The axis of the prediction that a row's loss lacks."""
        parameters = inspect.signature(getattr(fl, self.loss)).parameters
        return json.loads(self.options).get("axis", parameters["axis"].default) if "axis" in parameters else None

    def gradient_axes(self) -> tuple[int, ...]:
        """The axes of the prediction that the losses lack: all, where they are one number."""
        options, rank = json.loads(self.options), self.ranks[0]
        loss = getattr(fl, self.loss)
        if options.get("reduction", inspect.signature(loss).parameters["reduction"].default) != "none":
            return tuple(range(rank))
        if loss.family == "elementwise" and self.axis is None:
            return ()
        if loss.family == "ctc":
            batch = 0 if options.get("batch_first") else 1
            return tuple(axis for axis in range(rank) if axis != batch or rank == 2)
        return (self.axis % rank,)


def bound(loss: Loss, signature: inspect.Signature, args: Any, kwargs: Any) -> tuple[Call, list[Any]]:
    """The call and its operands, all checked but for what the operands hold."""
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        _raise_explained(error, loss, signature, args, kwargs)
    names, operands, options = [], [], {}
    for name, value in given.items():
        parameter = signature.parameters[name]
        if value is None and parameter.default is None:
            continue
        if parameter.kind is _POSITIONAL or (name in ARRAYS and _is_array(value)):
            names.append(name)
            operands.append(_operand(value, name, is_prediction=not operands))
        elif (option := _option(value, name)) != parameter.default or isinstance(option, bool):
            options[name] = option
    text = json.dumps(options, sort_keys=True)
    call = Call(loss.__name__, tuple(names), tuple(operand.ndim for operand in operands), text)
    _check(call, tuple(operand.shape for operand in operands), tuple(operand.dtype for operand in operands))
    return call, operands


def _raise_explained(error: TypeError, loss: Loss, signature: inspect.Signature, args: Any, kwargs: Any) -> None:
    def function() -> None:
        """Has the loss's name and arguments."""

    function.__name__, function.__signature__ = loss.__name__, signature  # type: ignore[attr-defined]
    explain(error.with_traceback(None), function, args, kwargs)
    raise TypeError(f"{loss.__name__}() {error}") from None


def _is_array(value: Any) -> bool:
    return isinstance(value, (jax.Array, list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _operand(value: Any, name: str, is_prediction: bool) -> jax.Array:
    """An array of JAX, on the CPU; integer predictions become numbers."""
    if isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer):
        platforms = {device.platform for device in value.devices()}
        if platforms != {"cpu"}:
            raise TypeError(f"{name} is on {', '.join(sorted(platforms))}; fastloss.jax computes on CPUs only")
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} can't be made an array of JAX: {error}") from error
    is_integer = jnp.issubdtype(array.dtype, jnp.integer) or array.dtype == bool
    return array.astype(jnp.result_type(float)) if is_prediction and is_integer else array


def _option(value: Any, name: str) -> Any:
    """A number, a string, a bool or None: what a compiled call is made for."""
    if isinstance(value, jax.core.Tracer):
        raise TypeError(
            f"{name} is traced, but must be known when the call is compiled: make it a static argument of jax.jit"
        )
    if isinstance(value, (np.generic, np.ndarray, jax.Array)) and value.ndim == 0:
        value = value.item()
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"{name} must be a number, a string or None, got {type(value).__name__}")
    return value


@functools.lru_cache(maxsize=4096)
def _check(call: Call, shapes: tuple[tuple[int, ...], ...], dtypes: tuple[Any, ...]) -> None:
    """Raises for shapes, dtypes and options that do not fit, as the loss itself: by arrays that have no memory."""
    loss, options = getattr(fl, call.loss), json.loads(call.options)
    values = _ctc_values(dict(zip(call.names, shapes, strict=True)), options) if loss.family == "ctc" else {}
    options.pop("num_threads", None)
    for name, shape, dtype in zip(call.names, shapes, dtypes, strict=True):
        options[name] = _stand_in(shape, dtype, values.get(name))
    loss._validated((), options)


def _stand_in(shape: tuple[int, ...], dtype: Any, value: Any) -> Any:
    """Numbers that are legal for every loss and option."""
    if value is None:
        value = 0.5 if jnp.issubdtype(dtype, jnp.inexact) else dtype == bool
    return np.broadcast_to(np.array(value, np.float32 if dtype == jnp.bfloat16 else dtype), shape)


def _ctc_values(shapes: dict[str, tuple[int, ...]], options: dict[str, Any]) -> dict[str, Any]:
    """Labels that are not the blank; lengths that together have all of targets one after the other."""
    targets, lengths = shapes["targets"], shapes.get("target_lengths")
    values: dict[str, Any] = {"targets": int(not options.get("blank", 0))}
    if lengths and len(targets) == 1:
        values["target_lengths"] = np.eye(1, *lengths, dtype=int)[0] * targets[0]
    return values
