"""The same losses in PyTorch, eager, as its users write them. Where torch is not installed a call is None."""

import math

import numpy as np

try:
    import torch
    from torch.nn import functional as F
except ImportError:
    torch = None


def set_num_threads(threads):
    if torch is not None:
        torch.set_num_threads(threads)


def tensor(array):
    """Also of ml_dtypes' bfloat16, which PyTorch does not take from NumPy."""
    if isinstance(array, torch.Tensor) or array.dtype.name != "bfloat16":
        return torch.as_tensor(array)
    return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)


def value(loss, scores, *targets):
    """A call that computes `loss`, or None."""
    if torch is None:
        return None
    scores, *targets = map(tensor, (scores, *targets))

    def call():
        with torch.no_grad():
            return loss(scores, *targets)

    return call


def value_and_grad(loss, scores, *targets):
    """A call that computes `loss` and its gradient, or None."""
    if torch is None:
        return None
    scores, *targets = map(tensor, (scores, *targets))
    scores.requires_grad_()

    def call():
        total = loss(scores, *targets)
        return total, *torch.autograd.grad(total, scores)

    return call


def grad_and_hess(loss, scores, *targets):
    """A call that computes gradient and second derivative of a loss over elements, or None."""
    if torch is None:
        return None
    scores, *targets = map(torch.from_numpy, (scores, *targets))
    scores.requires_grad_()

    def call():
        (grad,) = torch.autograd.grad(loss(scores, *targets), scores, create_graph=True)
        return grad, *torch.autograd.grad(grad.sum(), scores)

    return call


def softmax(x):
    return F.softmax(x, -1)


def log_softmax(x):
    return F.log_softmax(x, -1)


def logsumexp(x):
    return torch.logsumexp(x, -1)


def cross_entropy(x, y):
    return F.cross_entropy(x, y, reduction="sum")


def sigmoid_focal(gamma, alpha=0.25):
    """As in torchvision.ops."""

    def loss(x, y):
        p = torch.sigmoid(x)
        bce = F.binary_cross_entropy_with_logits(x, y, reduction="none")
        p_t = p * y + (1 - p) * (1 - y)
        alpha_t = alpha * y + (1 - alpha) * (1 - y)
        return (alpha_t * bce * (1 - p_t) ** gamma).sum()

    return loss


def softmax_focal(gamma):
    def loss(x, y):
        log_p = F.log_softmax(x, -1).gather(1, y[:, None])
        return -((1 - log_p.exp()) ** gamma * log_p).sum()

    return loss


def mse_loss(x, y):
    return F.mse_loss(x, y, reduction="sum")


def l1_loss(x, y):
    return F.l1_loss(x, y, reduction="sum")


def huber_loss(x, y):
    return F.huber_loss(x, y, reduction="sum")


def smooth_l1_loss(x, y):
    return F.smooth_l1_loss(x, y, reduction="sum")


def log_cosh_loss(x, y):
    """As in keras.losses and optax.losses: log(cosh(d)) overflows."""
    d = x - y
    return (d + F.softplus(-2 * d) - math.log(2)).sum()


def quantile_loss(x, y, quantile=0.5):
    d = y - x
    return torch.maximum(quantile * d, (quantile - 1) * d).sum()


def poisson_nll_loss(x, y):
    return F.poisson_nll_loss(x, y, reduction="sum")


def binary_cross_entropy(x, y):
    return F.binary_cross_entropy(x, y, reduction="sum")


def binary_cross_entropy_with_logits(x, y):
    return F.binary_cross_entropy_with_logits(x, y, reduction="sum")


def categorical_cross_entropy(x, y):
    return -(y * x.log()).sum(-1).sum()


def entropy(x):
    return torch.special.entr(x).sum(-1).sum()


def kl_divergence(x, y):
    return F.kl_div(x.log(), y, reduction="sum")


def entropy_with_logits(x):
    log_p = F.log_softmax(x, -1)
    return -(log_p.exp() * log_p).sum(-1).sum()


def kl_divergence_with_logits(x, y):
    return F.kl_div(F.log_softmax(x, -1), F.log_softmax(y, -1), log_target=True, reduction="sum")


def label_scores(x, y):
    """Log-probability of the label, how many classes score higher, the best class, the entropy."""
    log_p = F.log_softmax(x, -1)
    own = log_p.gather(1, y[:, None])
    return own[:, 0], (log_p > own).sum(-1), log_p.argmax(-1), -(log_p.exp() * log_p).sum(-1)


def ctc(log_probs, targets, input_lengths, target_lengths):
    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, reduction="sum")


def ctc_with_logits(logits, *targets):
    return ctc(F.log_softmax(logits, -1), *targets)


LOSSES = {
    "log_softmax": log_softmax,
    "cross_entropy": cross_entropy,
    "sigmoid_focal_loss": sigmoid_focal(2.0),
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "binary_cross_entropy": binary_cross_entropy,
    "kl_divergence": kl_divergence,
    "entropy": entropy,
    "mse_loss": mse_loss,
    "l1_loss": l1_loss,
    "ctc_loss": ctc,
    "ctc_loss_with_logits": ctc_with_logits,
}
VERBS = {"value": value, "value_and_grad": value_and_grad, "grad_and_hess": grad_and_hess}
