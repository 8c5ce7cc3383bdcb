"""The docstrings of a loss and of its verbs, made from the one of the function that defines it.

Parameters that every loss takes are inserted there, and a verb that gives derivatives says so under "Returns". This
runs at import, so it is a few searches for headings, not a parser.
"""

VERBS = {  # whether it gives the value, how many derivatives it gives, its summary
    "__call__": (True, 0, "The value."),
    "grad": (False, 1, "The gradient with respect to `{first}`."),
    "value_and_grad": (True, 1, "The value and the gradient, in one pass: ``(value, grad)``."),
    "grad_and_hess": (False, 2, "The gradient and the diagonal of the second derivative: ``(grad, hess)``."),
}
NO_CURVATURE = "Raises TypeError: this loss has no curvature."

_THREADS = """\
num_threads : int, optional
    The most threads that the call may use; by default `get_num_threads` decides. The result has the same bits for any
    number of threads.
"""
_OUT = """\
out : array of the shape of `{first}` and the dtype of the result, optional
    Receives the gradient. It may be `{first}` itself.
"""
_PAIR_OF_OUTS = """\
out : pair of arrays of the shape of `{first}` and the dtype of the result, optional
    Receive the gradient and the second derivative; None in the place of one allocates it. One of them may be `{first}`
    itself.
"""
_DERIVATIVE = "array of the shape of `{first}`"
_DTYPE = """\
    In the float type of `{first}`: float64 for integers, float32 for PyTorch's bfloat16, which NumPy lacks. It is the
    derivative of the reduced loss; with ``reduction="none"``, that of the sum.
"""
_OUT_OF_LINEAR = """\
out : tuple of arrays, optional
    Receive the gradients of `inputs`, of `weight` and, where there is one, of `bias`; None in the place of one
    allocates it. That of `inputs` may be `inputs` itself. One that shares other memory with an argument costs a copy.
"""
_GRADIENTS_OF_LINEAR = "tuple (grad_inputs, grad_weight), with a bias (grad_inputs, grad_weight, grad_bias)"
_DTYPES_OF_LINEAR = """\
    Each of the shape of its argument and in its float type: float64 for integers. Those of a weight and a bias of a
    half type are float32, since they are sums over all rows; so is that of `inputs` of PyTorch's bfloat16, which NumPy
    lacks. They are the derivatives of the reduced loss; with ``reduction="none"``, those of the sum.
"""
_RESULTS = {  # by family: what the parameter `out` is, what a derivative is, and its dtype
    "linear": (_OUT_OF_LINEAR, _GRADIENTS_OF_LINEAR, _DTYPES_OF_LINEAR),
}
_WITH_RESPECT_TO = {"linear": "inputs`, `weight` and `bias"}  # by family; of the others, the first argument
_RETURNS = {
    "grad": "{derivative}\n{dtype}",
    "value_and_grad": "value : {value}grad : {derivative}\n{dtype}",
    "grad_and_hess": "grad : {derivative}\n{dtype}hess : {derivative}\n"
    "    The diagonal of the second derivative, in the same type.\n",
}
_WEIGHTS = """\
A `sample_weight` of one dimension weighs columns where the losses have two or more dimensions, as NumPy broadcasts it.
If the first axis is as long as the last, it is refused, because weights of samples may be meant: write
``sample_weight[:, None]`` for samples, ``sample_weight[None, :]`` for columns.

"""


def _heading(name):
    return f"{name}\n{'-' * len(name)}\n"


def _without_margin(text):
    """From Python 3.13 on the compiler removes it."""
    return text.replace("\n    ", "\n") if "\n    Parameters\n" in text else text


def _of_verb(text, verb, first, family):
    """The text with the parameters and results of a verb."""
    out, derivative, dtype = (part.format(first=first) for part in _RESULTS.get(family, (_OUT, _DERIVATIVE, _DTYPE)))
    more = {0: "", 1: out, 2: _PAIR_OF_OUTS.format(first=first)}[VERBS[verb][1]] + _THREADS
    head, returns, rest = text.partition(_heading("Returns"))
    if verb in _RETURNS:
        value, raises, rest = rest.partition("\n" + _heading("Raises"))
        rest = _RETURNS[verb].format(derivative=derivative, dtype=dtype, value=value) + raises + rest
    return f"{head.rstrip()}\n{more}\n{returns}{rest}"


def docstrings(define, family, curvature):
    """Those of a loss and of its verbs, by name; "" is the loss itself, whose docstring lists the verbs."""
    name, first = define.__name__, define.__code__.co_varnames[0]
    text = _without_margin(define.__doc__)
    notes, examples = _heading("Notes"), _heading("Examples")
    if family != "ctc":
        text = text if notes in text else text.replace(examples, notes + examples)
        text = text.replace(notes, notes + _WEIGHTS)
    result, listed = {}, _heading("Methods")
    for verb, (_, derivatives, summary) in VERBS.items():
        has_any = curvature or derivatives < 2
        summary = summary.format(first=_WITH_RESPECT_TO.get(family, first)) if has_any else NO_CURVATURE
        if verb != "__call__" and has_any:
            listed += f"{verb}(..., out=None) : {summary[0].lower()}{summary[1:-1]}\n"
        result[verb] = f"{summary}\n\nOf `{name}`: {_of_verb(text, verb, first, family)}"
    parameters = _heading("Parameters")
    result[""] = _of_verb(text, "__call__", first, family).replace(parameters, f"{listed}\n{parameters}")
    return result


def of_definition(define):
    """What the docstring of a loss's definition says of it, and of its parameters without progress=: for the modules
    that have the losses for other libraries."""
    text = _without_margin(define.__doc__).partition(_heading("Returns"))[0]
    about, _, parameters = text.partition("progress : ")[0].partition(_heading("Parameters"))
    return about.rstrip(), parameters.rstrip()


def example_arguments(define, family):
    """(shape, number, target): an array of that shape and number is a legal prediction, and `target` is the text of a
    target that fits, or None for a loss without one."""
    arguments = define.__code__.co_varnames[: define.__code__.co_argcount]
    number = -1.0 if arguments[0] == "log_probs" else 0.5
    if family == "ctc":
        return (6, 2, 3), number, "np.array([[1, 2], [2, 1]])"
    if len(arguments) == 1:
        return (4, 3), number, None
    if "ignore_index" in define.__kwdefaults__:
        return (4, 3), number, "np.array([0, 1, 2, 0])"
    return (4, 3), number, f"np.full((4, 3), {0.5 if family == 'rowwise' else 1.0})"
