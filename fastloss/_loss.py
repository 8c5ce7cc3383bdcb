"""The four verbs that every loss has, and the way of a call from its arguments to the kernel.

A loss is written as one function of its own arguments that validates them and returns an `Evaluation`: a kernel and
what it is called with. `@loss` turns that function into an object with the verbs. A call goes one way:

    verb -> fast path (src/core/fast_path.pxi), which may take the whole call
         -> the loss's function, which validates -> Evaluation.evaluate, which allocates -> kernel

A CTC loss returns a CTCEvaluation of src/ctc/losses.pxi, whose `evaluate` does the same.
"""

import inspect

import numpy as np
from numpy import ndarray

from fastloss._docstrings import VERBS, docstrings
from fastloss._foreign import out_as_array
from fastloss._kernels import per_instruction_set
from fastloss._keywords import explain
from fastloss._pieces import copy_to
from fastloss._reduction import NOTHING, ValueRule, value_of
from fastloss._threads import nothing_to_compute, threads_for
from fastloss._validation import check_out, needs_another, rules, seen_with_axis_last

_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_THREADS = inspect.Parameter("num_threads", _KEYWORD, default=None)
_OUT = inspect.Parameter("out", _KEYWORD, default=None)


def kernel_options(options):
    """A loss's own options, as its kernel takes them: two numbers."""
    return (*options, *[0.0] * (2 - len(options)))


class Outputs:
    """What a kernel is to compute, and where to."""

    __slots__ = ("grad", "hess", "out_given", "scale", "threads", "values", "want_value")

    def __init__(self, want_value, values, scale, threads):
        self.want_value = want_value  # whether the sum of the losses is wanted
        self.values = values  # receives the losses of reduction="none", or None
        self.grad = None  # receives the gradient, or None
        self.hess = None
        self.out_given = False  # whether grad or hess is the caller's own: all is checked before it is written
        self.scale = scale  # of the derivatives: what the reduction divides by
        self.threads = threads

    def copied(self):
        """One whose arrays can be replaced by other views of them."""
        copy = Outputs(self.want_value, self.values, self.scale, self.threads)
        copy.grad, copy.hess, copy.out_given = self.grad, self.hess, self.out_given
        return copy


class Evaluation:
    """One validated call: ready to compute, nothing written yet.

    `kernel(*arguments, outputs)` gives the weighted sum of the losses as two doubles: rounded, and what that leaves.
    """

    axis = None  # which the kernel sees as the last of the derivatives; None: it sees them as they are
    unit = 1.0  # multiplies losses and derivatives
    weight_unit = 1.0  # a power of two that does so too: the kernel's weights are over it
    no_curvature = None  # why there is none with these options

    def __init__(self, kernel, arguments, prediction, dtype, value_shape, value_dtype, reduction, denominator, inputs):
        self.kernel = kernel
        self.arguments = arguments
        self.prediction = prediction  # as passed: the gradient has its shape
        self.dtype = dtype  # of the gradient
        self.value_shape = value_shape
        self.value_dtype = value_dtype
        self.reduction = reduction  # a code of _validation.REDUCTIONS
        self.denominators = denominator  # two doubles, as the sum
        self.denominator = denominator[0]  # what a mean divides the weighted sum by
        self.inputs = inputs  # arrays other than the prediction that the kernel reads
        self.work = prediction.size  # as much as so many elements of a softmax

    def evaluate(self, want_value, derivatives, out, num_threads):
        """Value (None where not wanted) and a list of so many derivatives."""
        given = self.check_outs(out, derivatives)
        arrays = [self.array_for(array) for array in given]
        threads = threads_for(num_threads, self.work)
        values = np.empty(self.value_shape, self.value_dtype) if want_value and self.reduction & rules.KEEPS else None
        unit = self.unit * self.weight_unit
        scale = rules.scale_of(self.reduction, self.denominator) * unit
        outputs = Outputs(want_value, values, scale, threads)
        if derivatives:
            outputs.grad = self.seen_by_kernel(arrays[0])
            outputs.out_given = out is not None
        if derivatives == 2:
            outputs.hess = self.seen_by_kernel(arrays[1])
        self.total = self.run(outputs)
        if self.weight_unit != 1:
            self.total = self.total[0] * self.weight_unit, self.total[1] * self.weight_unit
        if values is not None and unit != 1 and self.prediction.size:  # over nothing a loss is 0, not -0
            values *= unit
        for index, array in enumerate(given):
            if array is not None and array is not arrays[index]:
                copy_to(array, arrays[index])
                arrays[index] = array
        if want_value and values is None:
            values = self.value()
        return values, arrays

    def value(self):
        return value_of(self.reduction, self.unit, self.total[0], self.denominator)

    @property
    def rule(self):
        """value(), by a sum and a denominator."""
        return ValueRule(self.reduction, self.unit)

    def be_part_of(self, whole):
        """Of a call that has this sum: _partial.Part."""
        self.denominators, self.denominator = whole.denominator, whole.denominator[0]

    def run(self, outputs):
        """The kernel's sum. Kernels of rows and elements never see an empty array."""
        if self.prediction.size:
            return self.kernel(*self.arguments, outputs)
        nothing_to_compute()
        if outputs.values is not None:
            outputs.values[...] = 0
        return NOTHING

    def array_for(self, out):
        """What the kernel writes a derivative to: `out`, or another array where that is not given or not possible."""
        if out is None:
            return np.empty_like(self.prediction, dtype=self.dtype, subok=False)
        return np.empty_like(out) if needs_another(out, self.prediction, self.inputs) else out

    def seen_by_kernel(self, array):
        return array if self.axis is None else seen_with_axis_last(array, self.axis)

    def check_outs(self, out, derivatives):
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


class Named:
    """An object that is one of its module's functions to `help` and to pickle. It has a __name__."""

    __slots__ = ()

    def __reduce__(self):
        return self.__name__

    def __get__(self, instance, owner=None):
        """The object itself. That there is this method makes `help` show it as it shows a function."""
        return self


class Loss(Named):
    """A loss function with its derivatives.

    ``loss(...)`` is the value, ``loss.grad(...)`` the gradient with respect to the first argument (of a linear layer's
    loss, a tuple of gradients with respect to all its arrays),
    ``loss.value_and_grad(...)`` both in one pass, ``loss.grad_and_hess(...)`` the gradient and the diagonal of the
    second derivative.

    Attributes
    ----------
    has_curvature : bool
        Whether ``grad_and_hess`` gives one; otherwise it raises TypeError.
    family : {"elementwise", "rowwise", "ctc", "linear"}
        The shape of its data: a number per loss, a row of class scores, a sequence of rows, or the inputs of a layer
        that gives rows of scores.
    """

    has_curvature: bool
    family: str
    _define: object  # the function that validates and returns an Evaluation
    _fast_paths: list  # attempt(args, kwargs, want_value, derivatives) of each float type: the result, or None

    def __repr__(self):
        return f"<fastloss loss {self.__name__}>"


def validated(define, args, kwargs):
    """From the arguments of a call to its Evaluation; nothing is computed yet."""
    try:
        return define(*args, **kwargs)
    except TypeError as error:
        explain(error, define, args, kwargs)
        raise


def as_given(made, arrays, out):
    """What was passed as `out` in the place of the arrays of it; what was made where nothing was passed."""
    if arrays is out:
        return made
    if isinstance(made, tuple):
        return tuple(array if one is None else one for array, one in zip(made, out, strict=True))
    return out


def _general_path(verb, define, curvature):
    """A verb without its fast path."""

    def value(*args, num_threads=None, **kwargs):
        return validated(define, args, kwargs).evaluate(True, 0, None, num_threads)[0]

    def grad(*args, out=None, num_threads=None, **kwargs):
        array = out if out is None or type(out) is ndarray else out_as_array(out)
        gradient = validated(define, args, kwargs).evaluate(False, 1, array, num_threads)[1][0]
        return as_given(gradient, array, out)

    def value_and_grad(*args, out=None, num_threads=None, **kwargs):
        array = out if out is None or type(out) is ndarray else out_as_array(out)
        value, (gradient,) = validated(define, args, kwargs).evaluate(True, 1, array, num_threads)
        return value, as_given(gradient, array, out)

    def grad_and_hess(*args, out=None, num_threads=None, **kwargs):
        if not curvature:
            raise TypeError(f"{define.__name__} has no curvature: use grad or value_and_grad")
        evaluation = validated(define, args, kwargs)
        if evaluation.no_curvature:
            raise TypeError(f"{define.__name__} has no curvature {evaluation.no_curvature}")
        arrays = out if out is None else out_as_array(out)
        return as_given(tuple(evaluation.evaluate(False, 2, arrays, num_threads)[1]), arrays, out)

    return {"__call__": value, "grad": grad, "value_and_grad": value_and_grad, "grad_and_hess": grad_and_hess}[verb]


def _fast_path_first(general, fast_paths, want_value, derivatives):
    def call(*args, **kwargs):
        for attempt in fast_paths:
            result = attempt(args, kwargs, want_value, derivatives)
            if result is not None:
                return result
        return general(*args, **kwargs)

    return call


def _verb(verb, define, signature, curvature, fast_paths):
    want_value, derivatives, _ = VERBS[verb]
    function = _general_path(verb, define, curvature)
    if fast_paths and (curvature or derivatives < 2):
        function = _fast_path_first(function, fast_paths, want_value, derivatives)
    function.__signature__ = signature
    function.__name__ = verb
    function.__qualname__ = f"{define.__name__}.{verb}"
    function.__module__ = "fastloss"
    return function


def loss(family, *, curvature, fast_path=None):
    """Makes a loss of a function that validates the loss's own arguments and returns an Evaluation.

    `fast_path(modules, parameters)` makes the fast path of small calls from the kernel modules and the function's
    parameters, whose defaults it takes; None for a loss without one.
    """

    def decorate(define):
        parameters = inspect.signature(define).parameters
        fast_paths = per_instruction_set(lambda modules: fast_path(modules, parameters).call) if fast_path else []
        own, with_out = (inspect.Signature([*parameters.values(), *more]) for more in ([_THREADS], [_OUT, _THREADS]))
        value = _verb("__call__", define, own, curvature, [])
        verbs = {verb: _verb(verb, define, with_out, curvature, fast_paths) for verb in VERBS if verb != "__call__"}
        docs = docstrings(define, family, curvature)
        for verb, function in verbs.items():
            function.__doc__ = docs[verb]
        this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)

        def call(self, *args, **kwargs):
            for attempt in fast_paths:  # as in _fast_path_first, which would cost one more call
                result = attempt(args, kwargs, True, 0)
                if result is not None:
                    return result
            return value(*args, **kwargs)

        call.__signature__ = own.replace(parameters=[this, *own.parameters.values()])
        call.__doc__ = docs["__call__"]
        namespace = {name: staticmethod(function) for name, function in verbs.items()}
        namespace |= {
            "__call__": call,
            "__module__": "fastloss",
            "__name__": define.__name__,
            "__qualname__": define.__name__,
            "__signature__": own,
            "__slots__": (),
            "family": family,
            "_define": staticmethod(define),
            "_fast_paths": fast_paths,
            "has_curvature": curvature,
        }
        made = type(define.__name__, (Loss,), namespace)()
        made.__doc__ = docs[""]  # of the object: `help` leaves out what is only that of its class
        return made

    return decorate
