"""Dask: the losses on Dask arrays, lazily and by blocks; a mean has the bits that one machine gives it.

Every loss of elements and of rows is here under its name in `fastloss`, with the same verbs and arguments. It needs
Dask, which fastloss itself does not import.
"""

try:
    import dask.array as _array
except ImportError as _error:
    raise ImportError(
        "fastloss.dask needs Dask's arrays, which can't be imported: pip install 'dask[array]', or "
        "pip install 'fastloss[dask]'"
    ) from _error

import fastloss as _fl
from fastloss._loss import Loss as _Loss
from fastloss.dask._losses import DaskLoss as _DaskLoss

__all__ = []
for _name in _fl.__all__:
    _loss = getattr(_fl, _name)
    if isinstance(_loss, _Loss) and _loss.family != "ctc":
        globals()[_name] = _DaskLoss(_loss)
        __all__ += [_name]
