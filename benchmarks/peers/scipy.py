"""scipy.special: the functions of which losses are made. Tuned, those that are ufuncs write into arrays kept."""

import numpy as np
from scipy import special


def log_softmax(x, _):
    return special.log_softmax(x, axis=1)


def cross_entropy(x, y, _):
    return -special.log_softmax(x, axis=1)[np.arange(len(y)), y].sum()


def cross_entropy_grad(x, y, out):
    rows = np.arange(len(y))
    log_p = special.log_softmax(x, axis=1)
    grad = np.exp(log_p, out=out)
    grad[rows, y] -= 1
    return -log_p[rows, y].sum(), grad


def binary_cross_entropy_with_logits(x, y, out):
    """log(1 - p) is log p - x."""
    log_p = special.log_expit(x, out=out)
    value = np.vdot(1 - y, x) - log_p.sum()
    grad = special.expit(x, out=out)
    grad -= y
    return value, grad


def binary_cross_entropy(x, y, out):
    yes = special.xlogy(y, x, out=out).sum()
    no = special.xlog1py(1 - y, -x, out=out).sum()
    return -(yes + no), np.divide(x - y, x * (1 - x), out=out)


def kl_divergence(x, y, out):
    return special.rel_entr(y, x, out=out).sum()


def entropy(x, out):
    return special.entr(x, out=out).sum()


CALLS = {
    ("log_softmax", "value"): log_softmax,
    ("cross_entropy", "value"): cross_entropy,
    ("cross_entropy", "value_and_grad"): cross_entropy_grad,
    ("binary_cross_entropy_with_logits", "value_and_grad"): binary_cross_entropy_with_logits,
    ("binary_cross_entropy", "value_and_grad"): binary_cross_entropy,
    ("kl_divergence", "value"): kl_divergence,
    ("entropy", "value"): entropy,
}


def call(case, arrays, tuned):
    function = CALLS.get((case.loss, case.verb))
    if function is None:
        return None
    out = np.empty_like(arrays[0]) if tuned else None
    return lambda: function(*arrays, out)
