"""A loss of fastloss on Dask arrays: its verbs, which make graphs."""

from fastloss._docstrings import VERBS
from fastloss.dask._arguments import prepare
from fastloss.dask._graphs import Graphs


class DaskLoss:
    """A loss of fastloss on Dask arrays, with the same verbs and arguments. Results are Dask arrays."""

    def __init__(self, loss):
        self._loss = loss
        self.family, self.has_curvature = loss.family, loss.has_curvature

    def __repr__(self):
        return f"<fastloss.dask loss {self._loss.__name__}>"

    def __reduce__(self):
        return self._loss.__name__

    def __call__(self, *args, num_threads=1, **kwargs):
        return self._graphs("__call__", args, kwargs, num_threads)[0]

    def grad(self, *args, num_threads=1, **kwargs):
        return self._graphs("grad", args, kwargs, num_threads)[0]

    def value_and_grad(self, *args, num_threads=1, **kwargs):
        return tuple(self._graphs("value_and_grad", args, kwargs, num_threads))

    def grad_and_hess(self, *args, num_threads=1, **kwargs):
        if not self.has_curvature:
            raise TypeError(f"{self._loss.__name__} has no curvature: use grad or value_and_grad")
        return tuple(self._graphs("grad_and_hess", args, kwargs, num_threads))

    def _graphs(self, verb, args, kwargs, num_threads):
        want_value, derivatives, _ = VERBS[verb]
        prepared = prepare(self._loss, args, kwargs, num_threads)
        missing = prepared.no_curvature if derivatives == 2 else None
        if missing:
            raise TypeError(f"{self._loss.__name__} has no curvature {missing}")
        return Graphs(prepared, f"{self._loss.__name__}-{verb.strip('_')}").results(want_value, derivatives)
