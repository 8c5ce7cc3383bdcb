"""Dask: the losses on Dask arrays, lazily and by blocks; a mean has the bits that one machine gives it.

Every loss is here under its name in `fastloss`, with the same verbs and arguments; so are `softmax`, `log_softmax` and
`logsumexp`. It needs Dask, which fastloss itself does not import.
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
from fastloss.dask._normalization import log_softmax, logsumexp, softmax

__all__ = ["log_softmax", "logsumexp", "softmax"]
for _name in _fl.__all__:
    _loss = getattr(_fl, _name)
    if isinstance(_loss, _Loss):
        globals()[_name] = _DaskLoss(_loss)
        __all__ += [_name]
__all__.sort()
