"""Calls of fastloss.jax, and the types that a type checker must find. tests/jax/test_typing.py runs it."""

# pyright: reportUnknownMemberType=false
# Functions of JAX have types that are known in part.

import sys

import jax
import jax.numpy as jnp

import fastloss.jax as fj

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

x = jnp.zeros((4, 3))
labels = jnp.array([0, 2, 1, 1])

assert_type(fj.cross_entropy(x, labels, label_smoothing=0.1), jax.Array)
assert_type(fj.mse_loss(x, x, reduction="none"), jax.Array)
assert_type(fj.ctc_loss(x[:, None], labels[:1, None] + 1), jax.Array)
assert_type(fj.implementation(), str)
