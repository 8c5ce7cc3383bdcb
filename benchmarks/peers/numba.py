"""numba: loops as an able user writes them, without fastmath, one pass over each element where that can be.

Tuned, the gradient goes into an array kept.
"""

import math

import numpy as np
from numba import njit


@njit
def row_sum(row):
    """The peak of a row, and the sum of e^(x - peak)."""
    peak = row[0]
    for x in row:
        peak = max(peak, x)
    total = row.dtype.type(0)
    for x in row:
        total += math.exp(x - peak)
    return peak, total


@njit
def log_softmax(x, out):
    for i in range(x.shape[0]):
        peak, total = row_sum(x[i])
        shift = peak + math.log(total)
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] - shift
    return out


@njit
def cross_entropy(x, y):
    value = 0.0
    for i in range(x.shape[0]):
        peak, total = row_sum(x[i])
        value += math.log(total) - (x[i, y[i]] - peak)
    return value


@njit
def cross_entropy_grad(x, y, grad):
    value, zero = 0.0, x.dtype.type(0)
    for i in range(x.shape[0]):
        peak, total = x[i].max(), zero
        for j in range(x.shape[1]):
            e = math.exp(x[i, j] - peak)
            grad[i, j] = e
            total += e
        scale = 1 / total
        for j in range(x.shape[1]):
            grad[i, j] *= scale
        grad[i, y[i]] -= 1
        value += math.log(total) - (x[i, y[i]] - peak)
    return value, grad


@njit
def binary_terms(x, y):
    """sigmoid(x), and the binary cross-entropy. The arguments' precision is kept: every constant is of theirs."""
    one = x * 0 + 1
    e = math.exp(-abs(x))
    p = (one if x >= 0 else e) / (one + e)
    return p, math.log1p(e) + max(x, 0 * x) - x * y


@njit
def binary_cross_entropy_with_logits(x, y, grad):
    value = 0.0
    for i in range(x.size):
        p, c = binary_terms(x[i], y[i])
        value += c
        grad[i] = p - y[i]
    return value, grad


@njit
def binary_cross_entropy(x, y, grad):
    value = 0.0
    for i in range(x.size):
        q = x.dtype.type(1) - x[i]
        value -= y[i] * math.log(x[i]) + (1 - y[i]) * math.log(q)
        grad[i] = (x[i] - y[i]) / (x[i] * q)
    return value, grad


@njit
def focal(x, y):
    """gamma = 2, alpha = 0.25: the loss, its derivative, its second derivative."""
    one = x * 0 + 1
    p, c = binary_terms(x, y)
    weight = one / 4 * y + 3 * one / 4 * (one - y)
    q = p + y - 2 * p * y
    dq = p * (one - p) * (one - 2 * y)
    ddq = dq * (one - 2 * p)
    grad = weight * q * (q * (p - y) + 2 * dq * c)
    hess = q * q * p * (one - p) + 4 * q * dq * (p - y) + 2 * (dq * dq + q * ddq) * c
    return weight * q * q * c, grad, weight * hess


@njit
def sigmoid_focal_loss(x, y, grad):
    value = 0.0
    for i in range(x.size):
        loss, grad[i], _ = focal(x[i], y[i])
        value += loss
    return value, grad


@njit
def sigmoid_focal_loss_hess(x, y, grad, hess):
    for i in range(x.size):
        _, grad[i], hess[i] = focal(x[i], y[i])
    return grad, hess


@njit
def kl_divergence(x, y):
    value = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            value += y[i, j] * math.log(y[i, j] / x[i, j])
    return value


@njit
def entropy(x):
    value = 0.0
    for row in x:
        for p in row:
            value -= p * math.log(p)
    return value


@njit
def mse_loss(x, y):
    value = 0.0
    for i in range(x.size):
        d = x[i] - y[i]
        value += d * d
    return value


@njit
def mse_loss_grad(x, y, grad):
    value = 0.0
    for i in range(x.size):
        d = x[i] - y[i]
        value += d * d
        grad[i] = d + d
    return value, grad


@njit
def l1_loss(x, y):
    value = 0.0
    for i in range(x.size):
        value += abs(x[i] - y[i])
    return value


@njit
def l1_loss_grad(x, y, grad):
    value = 0.0
    for i in range(x.size):
        d = x[i] - y[i]
        value += abs(d)
        grad[i] = np.sign(d)
    return value, grad


# And how many arrays a call writes.
CALLS = {
    ("log_softmax", "value"): (log_softmax, 1),
    ("cross_entropy", "value"): (cross_entropy, 0),
    ("cross_entropy", "value_and_grad"): (cross_entropy_grad, 1),
    ("sigmoid_focal_loss", "value_and_grad"): (sigmoid_focal_loss, 1),
    ("sigmoid_focal_loss", "grad_and_hess"): (sigmoid_focal_loss_hess, 2),
    ("binary_cross_entropy_with_logits", "value_and_grad"): (binary_cross_entropy_with_logits, 1),
    ("binary_cross_entropy", "value_and_grad"): (binary_cross_entropy, 1),
    ("kl_divergence", "value"): (kl_divergence, 0),
    ("entropy", "value"): (entropy, 0),
    ("mse_loss", "value"): (mse_loss, 0),
    ("mse_loss", "value_and_grad"): (mse_loss_grad, 1),
    ("l1_loss", "value"): (l1_loss, 0),
    ("l1_loss", "value_and_grad"): (l1_loss_grad, 1),
}


def call(case, arrays, tuned):
    function, written = CALLS.get((case.loss, case.verb), (None, 0))
    if function is None:
        return None
    if tuned or not written:
        kept = [np.empty_like(arrays[0]) for _ in range(written)]
        return lambda: function(*arrays, *kept)
    return lambda: function(*arrays, *(np.empty_like(arrays[0]) for _ in range(written)))
