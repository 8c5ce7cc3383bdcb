"""Dask: the losses of Dask arrays, lazily and by blocks; a mean has the bits that one call gives of the whole.

Every loss but `linear_cross_entropy` is here under its name in `fastloss`, with the same verbs and arguments; so are
`softmax`, `log_softmax` and `logsumexp`. It needs Dask, which fastloss itself does not import.
"""

import re

try:
    import dask
except ImportError as _error:
    raise ImportError(
        "fastloss.dask needs Dask, which can't be imported: pip install 'dask[array]', or pip install 'fastloss[dask]'"
    ) from _error

if tuple(map(int, re.findall(r"\d+", dask.__version__)[:2])) < (2024, 12):
    raise ImportError(f"fastloss.dask needs Dask 2024.12 or later, found {dask.__version__}: pip install -U dask")

import fastloss
from fastloss._loss import Loss
from fastloss.dask._losses import dask_loss
from fastloss.dask._normalization import log_softmax, logsumexp, softmax

__all__ = ["log_softmax", "logsumexp", "softmax"]

_losses = {
    name: dask_loss(value)
    for name, value in vars(fastloss).items()
    if isinstance(value, Loss) and value.family != "linear"  # whose gradients are of several arrays
}
globals().update(_losses)
__all__ += sorted(_losses)


def __dir__():
    """What is public."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
