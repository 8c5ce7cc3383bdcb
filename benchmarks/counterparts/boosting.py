"""fastloss.boosting beside the closed forms that users of boosting libraries write in NumPy."""

import numpy as np

import fastloss as fl
from benchmarks.counterparts import Case
from benchmarks.measure import size_name
from fastloss.boosting import Objective

GAMMA, ALPHA = 2.0, 0.25
FLOOR = 1e-6  # of the second derivative


class Data:
    """What LightGBM hands over: float64 scores, of classes in Fortran order, and float32 labels."""

    def __init__(self, rng, shape):
        self.scores = np.array(rng.standard_normal(shape), order="F")
        share = rng.random(shape[0]) if len(shape) == 1 else rng.integers(0, shape[1], shape[0])
        self.labels = (share < 0.05 if len(shape) == 1 else share).astype(np.float32)


def focal_of_numpy(labels, scores):
    """Gradient and second derivative as published for boosting."""
    p = 1 / (1 + np.exp(-scores))
    sign = 2 * labels - 1
    right = np.where(labels == 1, p, 1 - p)
    weight = np.where(labels == 1, ALPHA, 1 - ALPHA)
    u, v = weight * sign * (1 - right) ** GAMMA, GAMMA * right * np.log(right) + right - 1
    du, dv = -GAMMA * weight * sign * (1 - right) ** (GAMMA - 1), GAMMA * np.log(right) + GAMMA + 1
    return u * v, np.maximum((du * v + u * dv) * sign * right * (1 - right), FLOOR)


def logistic_of_numpy(labels, scores):
    p = 1 / (1 + np.exp(-scores))
    return p - labels, np.maximum(p * (1 - p), FLOOR)


def softmax_of_numpy(labels, scores):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    grad = p.copy()
    grad[np.arange(len(labels)), labels.astype(int)] -= 1
    return grad, np.maximum(p * (1 - p), FLOOR)


def both(loss, numpy_form):
    """Both are computed, and the gradients returned: second derivatives have bounds, each its own."""

    def draw(rng, shape):
        data, objective = Data(rng, shape), Objective(loss, "lightgbm")
        return lambda: objective(data.labels, data.scores)[:1], lambda: numpy_form(data.labels, data.scores)[:1]

    return draw


FORMS = {
    "sigmoid_focal_loss": both(fl.sigmoid_focal_loss, focal_of_numpy),
    "binary_cross_entropy_with_logits": both(fl.binary_cross_entropy_with_logits, logistic_of_numpy),
    "cross_entropy": both(fl.cross_entropy, softmax_of_numpy),
}
CASES = [
    Case("boosting", name, shape, "10^6" if shape == (10**6,) else size_name(shape), FORMS[name], when, is_headline)
    for name, shape, when, is_headline in (
        ("sigmoid_focal_loss", (70000,), "quick", True),
        ("sigmoid_focal_loss", (10**6,), "full", False),
        ("binary_cross_entropy_with_logits", (70000,), "quick", False),
        ("binary_cross_entropy_with_logits", (10**6,), "full", True),
        ("cross_entropy", (10**5, 10), "full", False),
    )
]
