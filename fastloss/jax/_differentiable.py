"""A loss as a function of JAX's arrays that has a derivative.

The derivative is a rule for tangents (`custom_jvp`), so both directions have it: JAX transposes the rule for reverse
mode. Value and gradient are computed in one pass where somebody differentiates, the value alone otherwise.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from fastloss._docstrings import example_arguments, of_definition
from fastloss._loss import Loss
from fastloss.jax._call import NOT_HERE, Call, prepare
from fastloss.jax._handler import computed

HALVES = (jnp.float16, jnp.bfloat16)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def value(call: Call, *operands: jax.Array) -> Any:
    return computed(call, False, operands)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def value_and_grad(call: Call, *operands: jax.Array) -> Any:
    return computed(call, True, operands)


@functools.partial(value.defjvp, symbolic_zeros=True)
def _tangent(call: Call, operands: Sequence[jax.Array], tangents: Sequence[Any]) -> Any:
    """The gradient is float32 for half types until it has been multiplied: losses may be scaled."""
    x, *others = operands
    for name, tangent in zip(call.names[1:], tangents[1:], strict=True):
        if not isinstance(tangent, SymbolicZero):
            raise TypeError(
                f"fastloss.jax.{call.loss} has no derivative with respect to {name}: pass jax.lax.stop_gradient({name})"
            )
    if x.dtype == jnp.float16:
        x = x.astype(jnp.float32)
    losses, grad = value_and_grad(call, x, *others)
    tangent = tangents[0]
    if isinstance(tangent, SymbolicZero):
        return losses, jnp.zeros_like(losses)
    return losses, (grad * tangent.astype(grad.dtype)).sum(call.missing_axes())


@value_and_grad.defjvp
def _no_second_derivative(call: Call, operands: Sequence[jax.Array], tangents: Sequence[Any]) -> Any:
    raise TypeError(
        f"fastloss.jax.{call.loss} has no second derivative: jax.hessian and nested jax.grad need a loss of jax.numpy"
    )


_compiled = jax.jit(value, static_argnums=0)


def differentiable(loss: Loss) -> Callable[..., jax.Array]:
    """The function of JAX's arrays that has the loss's name and arguments."""
    own = inspect.signature(loss)
    signature = own.replace(parameters=[p for p in own.parameters.values() if p.name not in NOT_HERE])

    def function(*args: Any, **kwargs: Any) -> jax.Array:
        call, operands = prepare(loss, signature, args, kwargs)
        return _compiled(call, *operands)

    function.__name__ = function.__qualname__ = loss.__name__
    function.__module__ = "fastloss.jax"
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__doc__ = _docstring(loss)
    return function


_DOCSTRING = """\
{about}

This is `fastloss.{name}` as a function of JAX's arrays.
`jax.jit`, `jax.grad`, `jax.vmap` and their relatives take it. Options that are no arrays are constants of a compiled
call. There is a derivative with respect to the first argument alone, and no second one.

Parameters
----------
{parameters}
num_threads : int, optional
    The most threads that the call may use; by default `fastloss.get_num_threads` decides.

Returns
-------
array of JAX
    Of no dimensions; with ``reduction="none"``, of the shape of the losses. In the type that is computed in: float32,
    also for half types, or float64. The gradient has the type of the first argument.

Raises
------
ValueError, TypeError
    When the call is traced, for shapes, dtypes and options that do not fit, and for derivatives that there are not.
ValueError, or jax.errors.JaxRuntimeError
    When it runs, for illegal numbers: with the text that `fastloss.{name}` has for them. Which of the two is JAX's
    choice; where it computes asynchronously, it is the second, and comes where the result is used.

Examples
--------
>>> import jax, jax.numpy as jnp, numpy as np, fastloss.jax as fj
>>> x = jnp.full({shape}, {number})
{target}>>> value, grad = jax.value_and_grad(fj.{name})(x{more})
>>> value.shape, grad.shape
((), {shape})
"""


def _docstring(loss: Loss) -> str:
    """The loss's own arguments, and what is other here."""
    define: Any = loss._define
    about, parameters = of_definition(define)
    shape, number, target = example_arguments(define, loss.family)
    return _DOCSTRING.format(
        about=about,
        name=define.__name__,
        parameters=parameters,
        shape=shape,
        number=number,
        target=f">>> target = {target}\n" if target else "",
        more=", target" if target else "",
    )
