"""Calls of fastloss.dask, and the types that a type checker must find. tests/dask/test_typing.py runs it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# Functions of Dask have no types.

import sys

import dask.array as da
import numpy as np

import fastloss.dask as fd

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

x: da.Array = da.zeros((4, 3), chunks=(2, 3))
labels, weight = np.array([0, 2, 1, 1]), np.array([1.0, 2.0, 0.5])
frames: da.Array = da.zeros((6, 2, 5), chunks=(6, 1, 5))
targets = np.array([[1, 2], [3, 4]])

assert_type(fd.mse_loss(x, 0.0), da.Array)
assert_type(fd.mse_loss.grad(x, x, reduction="none"), da.Array)
assert_type(fd.mse_loss.value_and_grad(x, x, sample_weight=weight), tuple[da.Array, da.Array])
assert_type(fd.mse_loss.grad_and_hess(x, x, where=x > 0), tuple[da.Array, da.Array])
assert_type(fd.cross_entropy(x, labels, class_weight=weight, reduction="batchmean", num_threads=2), da.Array)
assert_type(fd.quantile_loss(x, x, quantile=weight), da.Array)
assert_type(fd.ctc_loss.value_and_grad(frames, targets, infeasible="zero"), tuple[da.Array, da.Array])
assert_type(fd.softmax(x, axis=1), da.Array)
