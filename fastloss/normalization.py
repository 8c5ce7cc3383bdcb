"""Normalisation: softmax, log_softmax and logsumexp, plain functions."""

import numpy as np

from fastloss import _validation as check
from fastloss._foreign import out_as_array
from fastloss._kernels import kernels
from fastloss._keywords import says_keywords
from fastloss._threads import threads_for

__all__ = ["log_softmax", "logsumexp", "softmax"]

_SOFTMAX, _LOG_SOFTMAX, _LOGSUMEXP = kernels(64).softmax.WHAT


def _normalise(scores, axis, out, num_threads, what):
    array, code = check.as_numbers(scores, "scores")
    view, axis = check.with_classes_last(array, axis, "scores")
    threads = threads_for(num_threads, array.size)
    if what == _LOGSUMEXP:
        shape, dtype = view.shape[:-1], np.dtype(check.compute_dtype(code))
    else:
        shape, dtype = array.shape, check.gradient_dtype(array, code)
    given = out
    if out is not None:
        if type(out) is not np.ndarray:
            out = out_as_array(out)
        check.check_out(out, shape, dtype)
    result = out
    if out is None:
        result = np.empty(shape, dtype) if what == _LOGSUMEXP else np.empty_like(array, dtype=dtype, subok=False)
    elif check.needs_another(out, array, (array,) if what == _LOGSUMEXP else ()):
        result = np.empty_like(out)
    if array.size:
        last = result if what == _LOGSUMEXP else check.seen_with_axis_last(result, axis)
        kernels(check.kernel_bits(code)).softmax.normalise(view, last, what, threads)
    elif what == _LOGSUMEXP:
        result[...] = -np.inf
    if out is not None and result is not out:
        out[...] = result
    return result if given is None else given


@says_keywords
def softmax(scores, *, axis=-1, out=None, num_threads=None):
    r"""Probabilities from scores: :math:`p_c = e^{x_c} / \sum_k e^{x_k}`.

    Parameters
    ----------
    scores : array, float or integer, any shape but ()
        Scores in nats; -inf gives probability 0.
    axis : int
        The class axis.
    out : array of the shape of `scores`, optional
        Receives the result; may be `scores` itself.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`.

    Returns
    -------
    array of the shape of `scores`, in their float type (float64 for integers, float32 for PyTorch's bfloat16)
        A row with a NaN, or with nothing but -inf, becomes NaN; of a row with +inf, only that element does.

    Raises
    ------
    ValueError, TypeError
        For a wrong axis, dtype or `out`.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax([0.0, 0.0, -float("inf")])
    array([0.5, 0.5, 0. ])
    """
    return _normalise(scores, axis, out, num_threads, _SOFTMAX)


@says_keywords
def log_softmax(scores, *, axis=-1, out=None, num_threads=None):
    r"""Log-probabilities from scores: :math:`x_c - \log \sum_k e^{x_k}`.

    The most likely class keeps its precision: scores (20, 0) give -2.06e-9, not 0.

    Parameters
    ----------
    scores : array, float or integer, any shape but ()
        Scores in nats; -inf stays -inf.
    axis : int
        The class axis.
    out : array of the shape of `scores`, optional
        Receives the result; may be `scores` itself.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`.

    Returns
    -------
    array of the shape of `scores`, in their float type (float64 for integers, float32 for PyTorch's bfloat16)

    Raises
    ------
    ValueError, TypeError
        For a wrong axis, dtype or `out`.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.log_softmax([20.0, 0.0])
    array([-2.06115362e-09, -2.00000000e+01])
    """
    return _normalise(scores, axis, out, num_threads, _LOG_SOFTMAX)


@says_keywords
def logsumexp(scores, *, axis=-1, out=None, num_threads=None):
    r"""The logarithm of a sum of exponentials: :math:`\log \sum_k e^{x_k}`.

    Parameters
    ----------
    scores : array, float or integer, any shape but ()
        Numbers in nats. Over nothing, or only -inf, the result is -inf; a +inf gives +inf.
    axis : int
        The axis that is summed over.
    out : array of the shape of `scores` without `axis`, optional
        Receives the result.
    num_threads : int, optional
        Default: `fastloss.get_num_threads`.

    Returns
    -------
    array of the shape of `scores` without `axis`: float32 for half types, float64 for integers

    Raises
    ------
    ValueError, TypeError
        For a wrong axis, dtype or `out`.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.logsumexp([[1000.0, 1000.0]])
    array([1000.69314718])
    """
    return _normalise(scores, axis, out, num_threads, _LOGSUMEXP)
