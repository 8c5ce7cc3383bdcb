"""The four verbs that every loss has, and what lies between a loss's own arguments and its kernel.

A loss is written as one function of its own arguments that validates them and returns a `Problem`: what the kernel
needs to compute any of value, gradient and curvature. `@loss` turns it into an object with the verbs.
"""

import inspect

import numpy as np

from fastloss._kernels import per_instruction_set
from fastloss._threads import threads_for
from fastloss._validation import check_out, needs_another

_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_THREADS = inspect.Parameter("num_threads", _KEYWORD, default=None)
_OUT = inspect.Parameter("out", _KEYWORD, default=None)

_VERBS = {  # in the order in which src/core/fast_path.pxi numbers them
    "__call__": ("value", "The value."),
    "grad": ("grad", "The gradient with respect to the first argument."),
    "value_and_grad": ("value_and_grad", "The value and the gradient, in one pass: ``(value, grad)``."),
    "grad_and_hess": ("grad_and_hess", "The gradient and the diagonal second derivative: ``(grad, hess)``."),
}
_MORE_PARAMETERS = """

    Every verb also takes ``num_threads=``, the most threads that it may use (default: `fastloss.get_num_threads`; the
    bits of the result do not depend on it), and the gradient verbs ``out=``: an array of the gradient's shape and dtype
    that receives it, possibly the first argument itself (a pair of arrays for ``grad_and_hess``).
"""


class Wanted:
    """What a kernel is to compute, and where to."""

    __slots__ = ("given", "grad", "hess", "scale", "threads", "value", "values")

    def __init__(self, value, values, grad, hess, given, scale, threads):
        self.value = value  # whether the sum of the losses is wanted
        self.values = values  # the losses of reduction="none", or None
        self.grad = grad  # or None
        self.hess = hess  # or None
        self.given = given  # whether grad or hess is the caller's own: nothing goes there before all is checked
        self.scale = scale  # of the derivatives: what the reduction divides by
        self.threads = threads


class Problem:
    """One validated call: ready to compute, nothing written yet."""

    __slots__ = (
        "denominator",
        "dtype",
        "inputs",
        "prediction",
        "reduction",
        "run",
        "value_dtype",
        "value_shape",
        "work",
    )

    def __init__(self, prediction, dtype, value_shape, value_dtype, reduction, denominator, run, inputs=(), work=None):
        self.prediction = prediction  # as passed: the gradient has its shape
        self.dtype = dtype  # of the gradient
        self.value_shape = value_shape
        self.value_dtype = value_dtype
        self.reduction = reduction
        self.denominator = denominator  # what "mean" divides the weighted sum by
        self.run = run  # run(wanted) -> sum of the losses
        self.inputs = inputs  # arrays other than the prediction that the kernel reads
        self.work = prediction.size if work is None else work

    def scale(self):
        if self.reduction in ("sum", "none"):
            return 1.0
        return 1.0 / self.denominator if self.denominator else 0.0

    def solve(self, derivatives, out, num_threads, want_value):
        """Value (None where not wanted) and a list of so many derivatives."""
        threads = threads_for(num_threads, self.work)
        given = self.check(out, derivatives)
        arrays, homes = [], []
        for target in given:
            home = target
            if target is None:
                target = np.empty_like(self.prediction, dtype=self.dtype, subok=False)
            elif needs_another(target, self.prediction, self.inputs):
                target = np.empty_like(target)
            arrays.append(target)
            homes.append(target if home is None else home)
        values = np.empty(self.value_shape, self.value_dtype) if want_value and self.reduction == "none" else None
        padded = arrays + [None] * (2 - derivatives)
        is_given = any(array is not None for array in given)
        total = self.run(Wanted(want_value, values, *padded, is_given, self.scale(), threads))
        for array, home in zip(arrays, homes, strict=True):
            if array is not home:
                home[...] = array
        return (self.value(total, values) if want_value else None), homes

    def value(self, total, values):
        if self.reduction == "none":
            return values
        if self.reduction == "sum":
            return total
        return total / self.denominator if self.denominator else float("nan")

    def check(self, out, derivatives):
        """The arrays given for the derivatives, checked; None for each one to allocate."""
        if derivatives < 2:
            if out is not None:
                check_out(out, self.prediction.shape, self.dtype)
            return [out] * derivatives
        if out is None:
            return [None, None]
        if not isinstance(out, (tuple, list)) or len(out) != 2:
            raise TypeError("out must be a pair of arrays, for the gradient and the second derivative")
        for index, array in enumerate(out):
            if array is not None:
                check_out(array, self.prediction.shape, self.dtype, f"out[{index}]")
        if out[0] is not None and out[1] is not None and np.may_share_memory(out[0], out[1]):
            raise ValueError("out[0] and out[1] share memory; the gradient and the second derivative need one each")
        return list(out)


class Loss:
    """A loss function with its derivatives.

    ``loss(...)`` is the value, ``loss.grad(...)`` the gradient with respect to the first argument,
    ``loss.value_and_grad(...)`` both in one pass, ``loss.grad_and_hess(...)`` gradient and diagonal second derivative.

    Attributes
    ----------
    has_curvature : bool
        Whether ``grad_and_hess`` gives one; otherwise it raises TypeError.
    family : {"elementwise", "rowwise", "ctc"}
        The shape of its data: a number a loss, a row of class scores, or a sequence of rows.
    """

    has_curvature: bool
    family: str

    def __repr__(self):
        return f"<fastloss loss {self.__name__}>"

    def __reduce__(self):
        return self.__name__


def _verb(name, define, signature, curvature, quick):
    def value(*args, num_threads=None, **kwargs):
        return define(*args, **kwargs).solve(0, None, num_threads, True)[0]

    def grad(*args, out=None, num_threads=None, **kwargs):
        return define(*args, **kwargs).solve(1, out, num_threads, False)[1][0]

    def value_and_grad(*args, out=None, num_threads=None, **kwargs):
        value, (gradient,) = define(*args, **kwargs).solve(1, out, num_threads, True)
        return value, gradient

    def grad_and_hess(*args, out=None, num_threads=None, **kwargs):
        if not curvature:
            raise TypeError(f"{define.__name__} has no curvature: use grad or value_and_grad")
        return tuple(define(*args, **kwargs).solve(2, out, num_threads, False)[1])

    function = {"value": value, "grad": grad, "value_and_grad": value_and_grad, "grad_and_hess": grad_and_hess}[
        _VERBS[name][0]
    ]
    if quick and (curvature or name != "grad_and_hess"):
        function = _quick_first(function, quick, list(_VERBS).index(name))
    function.__signature__ = signature
    function.__name__ = name
    function.__qualname__ = f"{define.__name__}.{name}"
    function.__module__ = "fastloss"
    summary = _VERBS[name][1]
    if name == "grad_and_hess" and not curvature:
        summary = "Raises TypeError: this loss has no curvature."
    function.__doc__ = f"{summary}\n\n    Of {define.__name__}: {define.__doc__}"
    return function


def _quick_first(function, quick, verb):
    def call(*args, **kwargs):
        for attempt in quick:
            result = attempt(args, kwargs, verb)
            if result is not None:
                return result
        return function(*args, **kwargs)

    return call


def loss(*, family, curvature, quick=None):
    """Makes a loss of a function that validates the loss's own arguments and returns a Problem.

    `quick` makes the short way of small calls (src/core/fast_path.pxi) of a kernel's modules, where the loss has one.
    """

    def decorate(define):
        attempts = per_instruction_set(quick) if quick else ()
        parameters = list(inspect.signature(define).parameters.values())
        own, with_out = (inspect.Signature([*parameters, *more]) for more in ([_THREADS], [_OUT, _THREADS]))
        value = _verb("__call__", define, own, curvature, ())
        verbs = {name: _verb(name, define, with_out, curvature, attempts) for name in _VERBS if name != "__call__"}

        def call(self, *args, **kwargs):  # as in _quick_first, which would cost one more call
            for attempt in attempts:
                result = attempt(args, kwargs, 0)
                if result is not None:
                    return result
            return value(*args, **kwargs)

        this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        call.__signature__ = own.replace(parameters=[this, *own.parameters.values()])
        call.__doc__ = value.__doc__
        namespace = {name: staticmethod(function) for name, function in verbs.items()}
        namespace |= {
            "__call__": call,
            "__doc__": (define.__doc__ or "").rstrip() + _MORE_PARAMETERS,
            "__module__": "fastloss",
            "__name__": define.__name__,
            "__qualname__": define.__name__,
            "__signature__": own,
            "__slots__": (),
            "family": family,
            "has_curvature": curvature,
        }
        return type(define.__name__, (Loss,), namespace)()

    return decorate
