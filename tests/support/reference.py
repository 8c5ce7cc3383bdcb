"""The definition of every loss, in plain NumPy and double precision: what fastloss is compared with.

The class axis is the last one; x are predictions, y targets: labels as one-hot rows. Every loss of the library has a
function of its name here, which takes its options and gives the loss of each row or element, without weights; `*_grad`
and, of a loss with a curvature, `*_hess` are the first and the diagonal second derivative by the first argument. Those
of sequences are in reference_ctc.py, entropy and divergences of logits in reference_divergence.py. Written to be read,
and in a form that keeps its digits near certainty: 1 - p is -expm1(log p), never a difference.
"""

import math

import numpy as np
from reference_divergence import entropy_with_logits as entropy_with_logits
from reference_divergence import entropy_with_logits_grad as entropy_with_logits_grad
from reference_divergence import js_divergence_with_logits as js_divergence_with_logits
from reference_divergence import js_divergence_with_logits_grad as js_divergence_with_logits_grad
from reference_divergence import kl_divergence_with_logits as kl_divergence_with_logits
from reference_divergence import kl_divergence_with_logits_grad as kl_divergence_with_logits_grad
from reference_softmax import log_softmax as log_softmax
from reference_softmax import softmax as softmax

# ---- rows of class scores ----


def logsumexp(x):
    return np.logaddexp.reduce(x, axis=-1)


def one_hot(labels, classes):
    return (np.asarray(labels)[..., None] == np.arange(classes)).astype(np.float64)


def nll_loss(log_probs, y, class_weight=1.0):
    return -np.where(y == 0, 0, class_weight * log_probs).sum(axis=-1)


def nll_loss_grad(log_probs, y, class_weight=1.0):
    return -class_weight * y


def weighted_target(y, class_weight=1.0, label_smoothing=0.0):
    return class_weight * ((1 - label_smoothing) * y + label_smoothing / y.shape[-1])


def cross_entropy(x, y, class_weight=1.0, label_smoothing=0.0, temperature=1.0):
    y = weighted_target(y, class_weight, label_smoothing)
    return -np.multiply(y, log_softmax(x / temperature), out=np.zeros(x.shape), where=y != 0).sum(axis=-1)


def cross_entropy_grad(x, y, class_weight=1.0, label_smoothing=0.0, temperature=1.0):
    y, log_p = weighted_target(y, class_weight, label_smoothing), log_softmax(x / temperature)
    return (np.exp(log_p) * (y.sum(axis=-1, keepdims=True) - y) + y * np.expm1(log_p)) / temperature


def cross_entropy_hess(x, y, class_weight=1.0, label_smoothing=0.0, temperature=1.0):
    y, log_p = weighted_target(y, class_weight, label_smoothing), log_softmax(x / temperature)
    return -y.sum(axis=-1, keepdims=True) * np.exp(log_p) * np.expm1(log_p) / temperature**2


# Lin et al. 2017. Both derivatives go through u = log p of the label: du/dx_c = [c = label] - p_c.


def softmax_focal_loss(x, y, gamma=2.0, alpha=1.0):
    u = np.where(y == 0, 0, log_softmax(x)).sum(axis=-1)
    return -(alpha * y).sum(axis=-1) * (-np.expm1(u)) ** gamma * u


def softmax_focal_loss_grad(x, y, gamma=2.0, alpha=1.0):
    log_p = log_softmax(x)
    u = np.where(y == 0, 0, log_p).sum(axis=-1, keepdims=True)
    p, q = np.exp(u), -np.expm1(u)
    first = q**gamma - gamma * p * q ** (gamma - 1) * u
    return (alpha * y).sum(axis=-1, keepdims=True) * first * np.where(y == 1, np.expm1(log_p), np.exp(log_p))


def softmax_focal_loss_hess(x, y, gamma=2.0, alpha=1.0):
    log_p = log_softmax(x)
    u = np.where(y == 0, 0, log_p).sum(axis=-1, keepdims=True)
    p, q = np.exp(u), -np.expm1(u)
    first = q**gamma - gamma * p * q ** (gamma - 1) * u
    second = gamma * p * (q ** (gamma - 1) * (2 + u) - (gamma - 1) * p * q ** (gamma - 2) * u)
    by_score = np.where(y == 1, np.expm1(log_p), np.exp(log_p))
    hess = second * by_score**2 - first * np.exp(log_p) * np.expm1(log_p)
    return (alpha * y).sum(axis=-1, keepdims=True) * hess


# Leng et al. 2022 and others: functions of u = log p of the label, by what they and their derivatives by u are.


def label_terms(x, y):
    """log p of every class, and of the label u, p and 1 - p."""
    log_p = log_softmax(x)
    u = np.where(y == 0, 0, log_p).sum(axis=-1)
    return log_p, u, np.exp(u), -np.expm1(u)


def grad_by_scores(x, y, first):
    log_p = log_softmax(x)
    return first[..., None] * np.where(y == 1, -np.expm1(log_p), -np.exp(log_p))


def hess_by_scores(x, y, first, second):
    log_p = log_softmax(x)
    by_score = np.where(y == 1, np.expm1(log_p), np.exp(log_p))
    return second[..., None] * by_score**2 + first[..., None] * np.exp(log_p) * np.expm1(log_p)


def poly1_cross_entropy(x, y, epsilon=1.0, class_weight=1.0):
    _, u, _, q = label_terms(x, y)
    return (class_weight * y).sum(axis=-1) * (epsilon * q - u)


def poly1_cross_entropy_grad(x, y, epsilon=1.0, class_weight=1.0):
    _, _, p, _ = label_terms(x, y)
    return grad_by_scores(x, y, -(class_weight * y).sum(axis=-1) * (1 + epsilon * p))


def poly1_cross_entropy_hess(x, y, epsilon=1.0, class_weight=1.0):
    _, _, p, _ = label_terms(x, y)
    weight = (class_weight * y).sum(axis=-1)
    return hess_by_scores(x, y, -weight * (1 + epsilon * p), -weight * epsilon * p)


def generalized_cross_entropy(x, y, q=0.7, class_weight=1.0):
    _, u, _, _ = label_terms(x, y)
    return -(class_weight * y).sum(axis=-1) * np.expm1(q * u) / q


def generalized_cross_entropy_grad(x, y, q=0.7, class_weight=1.0):
    _, u, _, _ = label_terms(x, y)
    return grad_by_scores(x, y, -(class_weight * y).sum(axis=-1) * np.exp(q * u))


def generalized_cross_entropy_hess(x, y, q=0.7, class_weight=1.0):
    _, u, _, _ = label_terms(x, y)
    first = -(class_weight * y).sum(axis=-1) * np.exp(q * u)
    return hess_by_scores(x, y, first, q * first)


# ---- elements: binary decisions ----


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def sigmoid_focal_terms(x, y, alpha):
    """alpha_t; q = 1 - p_t; the binary cross-entropy c; and q' = dq/dx."""
    p, not_p = sigmoid(x), sigmoid(-x)
    a = 1.0 if alpha is None else alpha * y + (1 - alpha) * (1 - y)
    c = y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x)
    return a, p * (1 - y) + not_p * y, c, p * not_p * (1 - 2 * y)


def sigmoid_focal_loss(x, y, alpha=0.25, gamma=2.0):
    a, q, c, _ = sigmoid_focal_terms(x, y, alpha)
    return a * q**gamma * c


def sigmoid_focal_loss_grad(x, y, alpha=0.25, gamma=2.0):
    a, q, c, dq = sigmoid_focal_terms(x, y, alpha)
    dc = (1 - y) * sigmoid(x) - y * sigmoid(-x)
    return a * (q**gamma * dc + gamma * q ** (gamma - 1) * dq * c)


def sigmoid_focal_loss_hess(x, y, alpha=0.25, gamma=2.0):
    a, q, c, dq = sigmoid_focal_terms(x, y, alpha)
    dc, ddc = (1 - y) * sigmoid(x) - y * sigmoid(-x), sigmoid(x) * sigmoid(-x)
    ddq = dq * (sigmoid(-x) - sigmoid(x))
    rest = (gamma - 1) * q ** (gamma - 2) * dq**2 + q ** (gamma - 1) * ddq
    return a * (q**gamma * ddc + 2 * gamma * q ** (gamma - 1) * dq * dc + gamma * rest * c)


# Regression: each in x (predictions) and y (targets); where there is no curvature there is no *_hess.


def l1_loss(x, y):
    return np.abs(x - y)


def l1_loss_grad(x, y):
    return np.sign(x - y)


def mse_loss(x, y):
    return (x - y) ** 2


def mse_loss_grad(x, y):
    return 2 * (x - y)


def mse_loss_hess(x, y):
    return np.full(np.broadcast(x, y).shape, 2.0)


def rmse_loss(x, y, sample_weight=1.0, divisor=None):
    """Of all elements: one number. `divisor` is what the mean divides by."""
    return np.sqrt((sample_weight * (x - y) ** 2).sum() / (x.size if divisor is None else divisor))


def rmse_loss_grad(x, y, sample_weight=1.0, divisor=None):
    root = rmse_loss(x, y, sample_weight, divisor)
    return sample_weight * (x - y) / ((x.size if divisor is None else divisor) * root) if root else np.zeros(x.shape)


def huber_loss(x, y, delta=1.0):
    d = np.abs(x - y)
    return np.where(d <= delta, d**2 / 2, delta * (d - delta / 2))


def huber_loss_grad(x, y, delta=1.0):
    return np.clip(x - y, -delta, delta)


def huber_loss_hess(x, y, delta=1.0):
    return np.where(np.abs(x - y) <= delta, 1.0, 0.0)


def smooth_l1_loss(x, y, beta=1.0):
    d = np.abs(x - y)
    return np.where(d < beta, d**2 / (2 * beta or 1), d - beta / 2)


def smooth_l1_loss_grad(x, y, beta=1.0):
    return np.where(np.abs(x - y) < beta, (x - y) / (beta or 1), np.sign(x - y))


def smooth_l1_loss_hess(x, y, beta=1.0):
    return np.where(np.abs(x - y) < beta, 1 / (beta or 1), 0.0)


def log_cosh_loss(x, y):
    """2 sinh(d/2)^2 is cosh d - 1 without the cancellation; where it overflows, |d| is large enough."""
    d = np.abs(x - y)
    return np.where(d < 1, np.log1p(2 * np.sinh(np.minimum(d, 1) / 2) ** 2), d + np.log1p(np.exp(-2 * d)) - np.log(2))


def log_cosh_loss_grad(x, y):
    return np.tanh(x - y)


def log_cosh_loss_hess(x, y):
    e = np.exp(-np.abs(x - y))
    return (2 * e / (1 + e**2)) ** 2


def quantile_loss(x, y, quantile=0.5):
    return np.maximum(quantile * (y - x), (1 - quantile) * (x - y))


def quantile_loss_grad(x, y, quantile=0.5):
    return np.where(y > x, -quantile, np.where(y < x, 1 - quantile, 0.0))


def margin(x, y):
    """How far a prediction is from being right with a margin of 1; labels -1 and 0 are the negative class."""
    return np.maximum(0.0, 1 - np.where(y > 0, 1.0, -1.0) * x)


def hinge_loss(x, y, squared=False):
    return margin(x, y) ** (2 if squared else 1)


def hinge_loss_grad(x, y, squared=False):
    slope = 2 * margin(x, y) if squared else 1.0 * (margin(x, y) > 0)
    return -np.where(y > 0, 1.0, -1.0) * slope


def hinge_loss_hess(x, y, squared=True):
    return 2.0 * (margin(x, y) > 0)


def poisson_nll_loss(x, y, full=False):
    constant = np.vectorize(math.lgamma)(y + 1.0) if full else 0.0
    return np.exp(x) - x * y + constant


def poisson_nll_loss_grad(x, y, full=False):
    return np.exp(x) - y


def poisson_nll_loss_hess(x, y, full=False):
    return np.exp(x)


def binary_cross_entropy(x, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(y == 0, 0, -y * np.log(x)) + np.where(y == 1, 0, -(1 - y) * np.log1p(-x))


def binary_cross_entropy_grad(x, y):
    return (x - y) / (x * (1 - x))


def binary_cross_entropy_hess(x, y):
    return y / x**2 + (1 - y) / (1 - x) ** 2


def binary_cross_entropy_with_logits(x, y, pos_weight=1.0):
    return pos_weight * y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x)


def binary_cross_entropy_with_logits_grad(x, y, pos_weight=1.0):
    return (1 - y) * sigmoid(x) - pos_weight * y * sigmoid(-x)


def binary_cross_entropy_with_logits_hess(x, y, pos_weight=1.0):
    return (1 - y + pos_weight * y) * sigmoid(x) * sigmoid(-x)


# ---- distributions along the last axis: x predicted, y true ----


def categorical_cross_entropy(x, y, include_negatives=False):
    if include_negatives:
        return binary_cross_entropy(x, y).sum(axis=-1)
    with np.errstate(divide="ignore"):
        return -np.multiply(y, np.log(x), out=np.zeros(x.shape), where=y != 0).sum(axis=-1)


def categorical_cross_entropy_grad(x, y, include_negatives=False):
    return binary_cross_entropy_grad(x, y) if include_negatives else -y / x


def categorical_cross_entropy_hess(x, y, include_negatives=False):
    return binary_cross_entropy_hess(x, y) if include_negatives else y / x**2


def entropy(x, base=math.e):
    return categorical_cross_entropy(x, x) / math.log(base)


def entropy_grad(x, base=math.e):
    return -(np.log(x) + 1) / math.log(base)


def entropy_hess(x, base=math.e):
    return -1 / x / math.log(base)


def kl_divergence(x, y):
    """In long double, since its terms cancel where the two are nearly the same."""
    x, y = x.astype(np.longdouble), y.astype(np.longdouble)
    with np.errstate(divide="ignore"):
        parts = np.multiply(y, np.log(y / x, where=y != 0, out=np.zeros_like(x)))
    return parts.sum(axis=-1).astype(np.float64)


def kl_divergence_grad(x, y):
    return -y / x


def kl_divergence_hess(x, y):
    return y / x**2


# ---- what a reduction divides by ----


def reduce(losses, reduction, divisor):
    """`divisor` is what "mean" divides by. No losses, or none that count, have no mean: nan."""
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / divisor if divisor else np.nan
