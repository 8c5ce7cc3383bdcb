"""Of each loss whose results are differences in their nature: the magnitude of what cancels.

A result is within some roundings of itself (tolerance.py). Where a formula has terms of both signs, it is within as
many roundings of the terms. Every function takes the arguments of the loss's definition in reference.py.
"""

from typing import NamedTuple

import numpy as np
import reference


class Rounding(NamedTuple):
    """Numbers, or arrays that broadcast to the results; for a sample weight of 1."""

    value: object = 0.0  # magnitude of the terms of a loss
    grad: object = 0.0
    hess: object = 0.0


def of_the_result(x, *targets, **options):
    """Nothing cancels, or nothing is lost by it."""
    return Rounding()


def poisson_nll_loss(x, y, full=False):
    rate = np.exp(x)
    return Rounding(value=rate + np.abs(x) * y + full * 10, grad=rate + y)


def is_certain(y):
    return np.isin(y, (0, 1)).all()


def binary_cross_entropy_with_logits(x, y, pos_weight=1.0):
    return Rounding(grad=0.0 if is_certain(y) else np.maximum(pos_weight, 1))


def sigmoid_focal_loss(x, y, alpha=0.25, gamma=2.0):
    a, q, c, dq = reference.sigmoid_focal_terms(x, y, alpha)
    first = a * q**gamma * (q + gamma * c * np.abs(dq) / q)
    second = a * q**gamma * np.abs(dq) * gamma * (2 + c * (1 + abs(gamma - 1) * np.abs(dq) / q) / q)
    return Rounding(grad=0.0 if is_certain(y) else first, hess=first + second)


def cross_entropy(x, y, class_weight=1.0, label_smoothing=0.0, temperature=1.0):
    parts, log_p = reference.weighted_target(y, class_weight, label_smoothing), reference.log_softmax(x / temperature)
    mass = parts.sum(axis=-1, keepdims=True)
    # A temperature's product with a score is rounded, and its exponential has as many roundings as nats below the peak.
    carried = 0.0 if temperature == 1 else mass * np.exp(log_p) * np.abs(log_p) / 16
    is_difference = label_smoothing or not is_certain(y)
    grad = parts + mass * np.exp(log_p) if is_difference else 0.0
    return Rounding(grad=(grad + carried) / temperature, hess=carried / temperature**2)


def softmax_focal_loss(x, y, gamma=2.0, alpha=1.0):
    if not gamma:  # without the focal factor the curvature is one positive term
        return Rounding()
    log_p = reference.log_softmax(x)
    u = np.where(y == 0, 0, log_p).sum(axis=-1, keepdims=True)
    p, q, near = np.exp(u), -np.expm1(u), np.where(y == 1, -np.expm1(log_p), np.exp(log_p))
    second = gamma * p * q ** (gamma - 1) * (2 - u - abs(gamma - 1) * p / q * u)
    weight = (alpha * y).sum(axis=-1, keepdims=True)
    return Rounding(hess=weight * near * (q**gamma + second * near))


def poly1_cross_entropy(x, y, epsilon=1.0, class_weight=1.0):
    log_p, _, p, _ = reference.label_terms(x, y)
    near, weight = np.where(y == 1, -np.expm1(log_p), np.exp(log_p)), (class_weight * y).sum(axis=-1)
    return Rounding(hess=(weight * (1 + abs(epsilon) * p))[..., None] * near)


def generalized_cross_entropy(x, y, q=0.7, class_weight=1.0):
    log_p, u, _, _ = reference.label_terms(x, y)
    near, weight = np.where(y == 1, -np.expm1(log_p), np.exp(log_p)), (class_weight * y).sum(axis=-1)
    return Rounding(hess=(weight * np.exp(q * u))[..., None] * near)


def entropy(x, base=np.e):
    return Rounding(grad=1 / abs(np.log(base)))


def entropy_with_logits(x, base=np.e):
    terms = np.abs(reference.log_softmax(x)) + reference.entropy_with_logits(x)[..., None]
    return Rounding(grad=reference.softmax(x) * terms / abs(np.log(base)))


def kl_divergence_with_logits(x, y, temperature=1.0, reverse=False):
    q, p = (reference.softmax(scores / temperature) for scores in (x, y))
    if not reverse:
        return Rounding(grad=(q + p) / temperature)
    mean = reference.kl_divergence_with_logits(x, y, temperature, reverse)[..., None]
    return Rounding(grad=q * (1 + abs(np.log(q / p)) + mean) / temperature)


def js_divergence_with_logits(x, y, beta=0.5, temperature=1.0):
    """Up to -log(1 - beta) are the logarithm and its mean; an exponential has more roundings the smaller it is."""
    log_q = reference.log_softmax(x / temperature)
    return Rounding(grad=(1 - beta) * np.exp(log_q) * (1 - np.log1p(-beta) - log_q / 16) / temperature)
