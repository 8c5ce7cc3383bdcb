"""Plain NumPy. Each function takes the arrays that it may write into; None stands for a new one each time."""

import numpy as np


def log_softmax(x, shifted=None, e=None):
    shifted = np.subtract(x, x.max(axis=1, keepdims=True), out=shifted)
    return np.subtract(shifted, np.log(np.exp(shifted, out=e).sum(axis=1, keepdims=True)), out=shifted)


def cross_entropy(x, y, shifted=None, e=None):
    shifted = np.subtract(x, x.max(axis=1, keepdims=True), out=shifted)
    return np.log(np.exp(shifted, out=e).sum(axis=1)).sum() - shifted[np.arange(len(y)), y].sum()


def cross_entropy_grad(x, y, shifted=None, e=None):
    rows = np.arange(len(y))
    shifted = np.subtract(x, x.max(axis=1, keepdims=True), out=shifted)
    e = np.exp(shifted, out=e)
    total = e.sum(axis=1, keepdims=True)
    value = np.log(total).sum() - shifted[rows, y].sum()
    e /= total
    e[rows, y] -= 1
    return value, e


def sigmoid(x, out=None):
    e = np.exp(np.negative(x, out=out), out=out)
    return np.divide(1, np.add(1, e, out=out), out=out)


def softplus(x, out=None):
    """log(1 + e^x), of which np.logaddexp(0, x) is the scalar and slow form."""
    e = np.exp(np.negative(np.abs(x, out=out), out=out), out=out)
    return np.add(np.log1p(e, out=out), np.maximum(x, 0), out=out)


def binary_cross_entropy_with_logits(x, y, p=None, c=None):
    c = softplus(x, out=c)
    value = c.sum() - np.vdot(x, y)
    return value, np.subtract(sigmoid(x, out=p), y, out=p)


def binary_cross_entropy(x, y, a=None, b=None):
    a = np.log(x, out=a)
    b = np.log1p(np.negative(x, out=b), out=b)
    value = -(np.vdot(y, a) + np.vdot(1 - y, b))
    a = np.multiply(x, np.subtract(1, x, out=a), out=a)
    return value, np.divide(np.subtract(x, y, out=b), a, out=b)


def focal_terms(x, y, alpha, c=None):
    p = sigmoid(x)
    c = np.subtract(softplus(x, out=c), x * y, out=c)
    q = p + y - 2 * p * y  # 1 - p of the truth
    dq = p * (1 - p) * (1 - 2 * y)  # dq/dx
    return p, q, c, dq, alpha * y + (1 - alpha) * (1 - y)


def sigmoid_focal_loss(x, y, grad=None, c=None, alpha=0.25):
    """gamma = 2."""
    p, q, c, dq, weight = focal_terms(x, y, alpha, c)
    value = np.vdot(weight, q * q * c)
    grad = np.multiply(weight, q * (q * (p - y) + 2 * dq * c), out=grad)
    return value, grad


def sigmoid_focal_loss_hess(x, y, grad=None, hess=None, alpha=0.25):
    p, q, c, dq, weight = focal_terms(x, y, alpha)
    grad = np.multiply(weight, q * (q * (p - y) + 2 * dq * c), out=grad)
    ddq = dq * (1 - 2 * p)
    hess = np.multiply(weight, q * q * p * (1 - p) + 4 * q * dq * (p - y) + 2 * (dq * dq + q * ddq) * c, out=hess)
    return grad, hess


def kl_divergence(x, y, a=None, _=None):
    a = np.log(np.divide(y, x, out=a), out=a)
    return np.vdot(y, a)


def entropy(x, a=None, _=None):
    return -np.vdot(x, np.log(x, out=a))


def mse_loss(x, y, d=None, _=None):
    d = np.subtract(x, y, out=d)
    return np.vdot(d, d)


def mse_loss_grad(x, y, d=None, _=None):
    d = np.subtract(x, y, out=d)
    value = np.vdot(d, d)
    return value, np.multiply(d, 2, out=d)


def l1_loss(x, y, d=None, _=None):
    d = np.subtract(x, y, out=d)
    return np.abs(d, out=d).sum()


def l1_loss_grad(x, y, d=None, a=None):
    d = np.subtract(x, y, out=d)
    value = np.abs(d, out=a).sum()
    return value, np.sign(d, out=d)


def label_scores(x, y):
    """Log-probability of the label, how many classes score higher, the best class, the entropy."""
    log_p = log_softmax(x)
    own = log_p[np.arange(len(y)), y]
    return own, (log_p > own[:, None]).sum(axis=1), log_p.argmax(axis=1), -(np.exp(log_p) * log_p).sum(axis=1)


def compare_logits(x, reference, y):
    """Of each row: divergence, whether the best classes are the same, the label's log-probability in both."""
    log_q, log_p = log_softmax(x), log_softmax(reference)
    rows = np.arange(len(y))
    divergence = (np.exp(log_p) * (log_p - log_q)).sum(axis=1)
    return divergence, log_q.argmax(axis=1) == log_p.argmax(axis=1), log_q[rows, y], log_p[rows, y]


CALLS = {
    ("log_softmax", "value"): log_softmax,
    ("cross_entropy", "value"): cross_entropy,
    ("cross_entropy", "value_and_grad"): cross_entropy_grad,
    ("sigmoid_focal_loss", "value_and_grad"): sigmoid_focal_loss,
    ("sigmoid_focal_loss", "grad_and_hess"): sigmoid_focal_loss_hess,
    ("binary_cross_entropy_with_logits", "value_and_grad"): binary_cross_entropy_with_logits,
    ("binary_cross_entropy", "value_and_grad"): binary_cross_entropy,
    ("kl_divergence", "value"): kl_divergence,
    ("entropy", "value"): entropy,
    ("mse_loss", "value"): mse_loss,
    ("mse_loss", "value_and_grad"): mse_loss_grad,
    ("l1_loss", "value"): l1_loss,
    ("l1_loss", "value_and_grad"): l1_loss_grad,
}


def call(case, arrays, tuned):
    function = CALLS.get((case.loss, case.verb))
    if function is None:
        return None
    buffers = [np.empty_like(arrays[0]) for _ in range(2)] if tuned else []
    return lambda: function(*arrays, *buffers)
