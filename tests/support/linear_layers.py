"""Small linear layers, and what their cross-entropy must be by the definition of cross_entropy.

Inputs and weights are multiples of 1/8 within a small range: float32 and the half types hold them, and their products
and sums have no rounding. What is compared is then what cross_entropy must do, and sums of its gradient.
"""

from typing import NamedTuple

import domains
import numpy as np
import reference
from losses import BY_NAME
from tolerance import assert_close, dtype_of
from verbs import Call, expected

import fastloss as fl

CROSS_ENTROPY = BY_NAME["cross_entropy"]
CLASSES, FEATURES, IGNORED = 13, 5, 2
DTYPES = ("float32", "float64", "float16", "bfloat16", "int32")


class Layer(NamedTuple):
    """Arguments of a call."""

    inputs: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    target: np.ndarray

    @property
    def logits(self):
        x, w, b, _ = (np.asarray(array).astype(np.float64) for array in self)
        return x @ w.T + b


def draw(rng, rows=(7,), name="float32", kind="labels"):
    dtype = dtype_of(name)
    step = 1 if dtype == np.int32 else 8

    def numbers(*shape):
        return (rng.integers(-12, 13, shape) / step).astype(dtype)

    target = domains.TARGETS[kind].draw(rng, (*rows, CLASSES), np.float64)
    return Layer(numbers(*rows, FEATURES), numbers(CLASSES, FEATURES), numbers(CLASSES), target)


def wanted_of(layer, options, reduction, weight=1.0, ignored=None, where=True):
    """Value, gradients of inputs, weight and bias, and the magnitudes of what each is a sum of."""
    call = Call((layer.logits, layer.target), options, weight, ignored, where)
    found = expected(CROSS_ENTROPY, call, reduction)
    scale = 1 / found.divisor if found.divisor else 0.0
    g, terms = found.derivatives[0] * scale, (np.abs(found.derivatives[0]) + found.terms[0]) * scale
    value = found.losses if reduction == "none" else reference.reduce(found.losses, reduction, found.divisor)
    x, w = (np.nan_to_num(array.astype(np.float64), posinf=0, neginf=0) for array in layer[:2])
    g, terms, x = (array.reshape(-1, array.shape[-1]) for array in (g, terms, x))
    grads = [(g @ w).reshape(layer.inputs.shape), g.T @ x, g.sum(axis=0)]
    sums = [(terms @ np.abs(w)).reshape(layer.inputs.shape), terms.T @ np.abs(x), terms.sum(axis=0)]
    return value, grads, sums


def check(layer, wanted, name, **keywords):
    """Both verbs; of a layer with bias."""
    arguments, (value, grads, sums) = (layer.inputs, layer.weight, layer.target), wanted
    found, found_grads = fl.linear_cross_entropy.value_and_grad(*arguments, bias=layer.bias, **keywords)
    only_grads = fl.linear_cross_entropy.grad(*arguments, bias=layer.bias, **keywords)
    assert_close(found, value, name, terms=np.abs(value).max(initial=0.0) * (keywords.get("reduction") != "none"))
    assert_close(fl.linear_cross_entropy(*arguments, bias=layer.bias, **keywords), found, name)
    for array, again, grad, terms in zip(found_grads, only_grads, grads, sums, strict=True):
        np.testing.assert_array_equal(array, again)
        type_name = array.dtype.name if array.dtype.name in DTYPES else name
        assert_close(array, grad, type_name, terms=terms, rounded=True)
