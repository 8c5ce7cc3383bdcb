"""Losses of Dask arrays, each made of one of fastloss: an object with the same verbs and arguments."""

import inspect

from fastloss._docstrings import VERBS, example_arguments, of_definition
from fastloss._loss import Named
from fastloss.dask._arguments import prepare, signature_of
from fastloss.dask._graphs import Graphs

_OF_ONE = ("__call__", "grad")  # verbs with one result
_THREADS = inspect.Parameter("num_threads", inspect.Parameter.KEYWORD_ONLY, default=1)
_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
_REST = """\
num_threads : int
    The most threads of a task. Dask runs as many tasks at a time as there are cores.

Returns
-------
Dask array
    {returns}
    Nothing is computed yet.

Raises
------
ValueError, TypeError
    At once for options, shapes and dtypes that do not fit. As it is computed for numbers, with the text that
    `fastloss.{name}` has for them; the place is that in the whole array.

Notes
-----
An array may be one of Dask, or what `fastloss.{name}` takes.
The blocks of the first argument decide: others are cut to them.
{whole} needs to be in one block.
Values are float64, with ``reduction="none"`` of the type that is computed in; derivatives have the float type of the
predictions.
"""
_EXAMPLE = """\

Examples
--------
>>> import dask.array as da, numpy as np, fastloss as fl, fastloss.dask as fd
>>> whole = np.full({shape}, {number})
>>> x = da.from_array(whole, chunks={chunks})
{target}>>> {results} = fd.{called}(x{more})
>>> bool(np.all({last}.compute() == fl.{called}(whole{more}){index}))
True
"""
_VALUE = 'The value: of no dimensions; with ``reduction="none"``, of the shape of the losses.'
_DERIVATIVES = "Of the shape and the blocks of the predictions."
_RETURNS = {
    "__call__": _VALUE,
    "grad": _DERIVATIVES,
    "value_and_grad": f"{_VALUE}\n    And a second one: the gradient.",
    "grad_and_hess": f"{_DERIVATIVES}\n    And a second one: the diagonal of the second derivative.",
}
_WHOLE = {
    "elementwise": "No axis",
    "rowwise": "The class axis",
    "ctc": "Every axis but that of the batch",
}


class DaskLoss(Named):
    """A loss of Dask arrays.

    ``loss(...)`` is the value, ``loss.grad(...)`` the gradient with respect to the first argument,
    ``loss.value_and_grad(...)`` both in one pass, ``loss.grad_and_hess(...)`` the gradient and the diagonal of the
    second derivative: Dask arrays, all of them.

    Attributes
    ----------
    has_curvature : bool
        Whether ``grad_and_hess`` gives one; otherwise it raises TypeError.
    family : {"elementwise", "rowwise", "ctc"}
        The shape of its data: a number per loss, a row of class scores, or a sequence of rows.
    """

    __slots__ = ()

    def __repr__(self):
        return f"<fastloss.dask loss {self.__name__}>"


def graphs(loss, verb, args, kwargs, num_threads):
    """Dask arrays, one for each result of a verb."""
    want_value, derivatives, _ = VERBS[verb]
    name = loss.__name__
    if derivatives == 2 and not loss.has_curvature:
        raise TypeError(f"{name} has no curvature: use grad or value_and_grad")
    prepared = prepare(loss, args, kwargs, num_threads)
    if derivatives == 2 and prepared.no_curvature:
        raise TypeError(f"{name} has no curvature {prepared.no_curvature}")
    return Graphs(prepared, name if verb == "__call__" else f"{name}-{verb}").results(want_value, derivatives)


def _docstring(loss, verb):
    """That of the loss's own arguments, with what is different here."""
    about, parameters = of_definition(loss._define)
    if verb != "__call__":
        about = VERBS[verb][2].format(first=loss._define.__code__.co_varnames[0]) + f" Of `{loss.__name__}`."
    rest = _REST.format(returns=_RETURNS[verb], name=loss.__name__, whole=_WHOLE[loss.family])
    example = "" if verb == "grad_and_hess" else _example(loss, verb)  # some options have no curvature
    return f"{about}\n\nParameters\n----------\n{parameters}\n{rest}{example}"


def _example(loss, verb):
    shape, number, target = example_arguments(loss._define, loss.family)
    is_one = verb in _OF_ONE
    return _EXAMPLE.format(
        shape=shape,
        number=number,
        chunks=(shape[0], 1, *shape[2:]) if loss.family == "ctc" else (2, *shape[1:]),
        target=f">>> target = {target}\n" if target else "",
        more=", target" if target else "",
        results="found" if is_one else "value, grad",
        last="found" if is_one else "grad",
        index="" if is_one else "[1]",
        called=loss.__name__ if verb == "__call__" else f"{loss.__name__}.{verb}",
    )


def _method(loss, verb, signature):
    _, derivatives, _ = VERBS[verb]
    is_one = verb in _OF_ONE

    def call(self, *args, num_threads=1, **kwargs):
        found = graphs(loss, verb, args, kwargs, num_threads)
        return found[0] if is_one else tuple(found)

    call.__signature__, call.__name__ = signature, verb
    call.__qualname__, call.__module__ = f"{loss.__name__}.{verb}", "fastloss.dask"
    has_any = loss.has_curvature or derivatives < 2
    call.__doc__ = _docstring(loss, verb) if has_any else "Raises TypeError: this loss has no curvature."
    return call


def dask_loss(loss):
    """The loss of fastloss.dask that is made of one of fastloss."""
    parameters = signature_of(loss).parameters.values()
    signature = inspect.Signature([*parameters, _THREADS])
    of_method = inspect.Signature([_SELF, *parameters, _THREADS])
    namespace = {verb: _method(loss, verb, of_method) for verb in VERBS}
    namespace |= {
        "__module__": "fastloss.dask",
        "__name__": loss.__name__,
        "__qualname__": loss.__name__,
        "__signature__": signature,
        "__slots__": ("__doc__",),
        "family": loss.family,
        "has_curvature": loss.has_curvature,
    }
    made = type(loss.__name__, (DaskLoss,), namespace)()
    made.__doc__ = _docstring(loss, "__call__")
    return made
