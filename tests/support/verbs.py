"""What the tests against reference.py share: the table of cases, and all verbs of a loss checked at once."""

import pytest
import reference
from tolerance import DTYPES, assert_close, compute_dtype, gradient_dtype

REDUCTIONS = ("mean", "sum", "none")


def names(options):
    return "+".join(sorted(options)) or "plain"


def table(options, shapes=None, reductions=REDUCTIONS):
    """dtype x reduction x options (x shape) as parametrisations."""

    def decorate(test):
        for argument, values in (("options", options), ("reduction", reductions), ("name", DTYPES)):
            test = pytest.mark.parametrize(argument, values, ids=names if argument == "options" else None)(test)
        if shapes is not None:
            test = pytest.mark.parametrize("shape", shapes, ids=lambda shape: "x".join(map(str, shape)))(test)
        return test

    return decorate


def check(loss, arguments, keywords, name, wanted, divisor, reduction, terms=(0.0, 0.0), factor=1.0, mixed=None):
    """All four verbs against `wanted` = (losses, gradient[, curvature]) of the sum.

    terms: for gradient and curvature, the magnitude of what they are a difference of.
    mixed: where losses have both signs or are a difference, the magnitude of each one's terms.
    """
    losses, *derivatives = wanted
    scale = 1.0 / divisor if reduction in ("mean", "batchmean") else 1.0
    keywords = {**keywords, "reduction": reduction}
    expected = reference.reduce(losses, reduction, divisor)
    value, grad = loss.value_and_grad(*arguments, **keywords)
    results = [loss(*arguments, **keywords), value]
    magnitude = 0.0
    if mixed is not None:
        magnitude = mixed if reduction == "none" else mixed.sum() * scale
    for result in results:
        assert_close(result, expected, name, terms=magnitude, factor=factor)
    if reduction == "none":
        assert value.dtype == compute_dtype(name)
    gradients, found = [grad, loss.grad(*arguments, **keywords)], []
    if len(derivatives) > 1:
        found = [loss.grad_and_hess(*arguments, **keywords)]
        gradients.append(found[0][0])
    for result in gradients:
        assert result.dtype == gradient_dtype(name)
        assert_close(result, derivatives[0] * scale, name, terms=terms[0] * scale, factor=factor, rounded=True)
    for _, hess in found:
        assert hess.dtype == gradient_dtype(name)
        assert_close(hess, derivatives[1] * scale, name, terms=terms[1] * scale, factor=factor, rounded=True)
