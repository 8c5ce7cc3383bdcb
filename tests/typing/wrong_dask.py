"""Calls of fastloss.dask that a type checker must refuse, as in wrong.py. Never run."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# Functions of Dask have no types.

import dask.array as da
import numpy as np

import fastloss.dask as fd

x: da.Array = da.zeros((4, 3))

fd.mse_loss(x, x, reduction="batchmean")  # type: ignore[arg-type]
fd.mse_loss.grad(x, x, out=x)  # type: ignore[call-arg]
fd.l1_loss.grad_and_hess(x, x)  # type: ignore[attr-defined]
fd.ctc_loss(x, np.zeros((4, 3)), progress=print)  # type: ignore[call-arg]
value: float = fd.mse_loss(x, x)  # type: ignore[assignment]
