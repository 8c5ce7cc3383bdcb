"""The loss functions of machine learning, compiled: value, gradient and curvature in one pass over NumPy arrays."""

from fastloss._config import __version__, show_config
from fastloss._threads import get_num_threads, set_num_threads
from fastloss.classification import cross_entropy, nll_loss
from fastloss.focal import sigmoid_focal_loss, softmax_focal_loss
from fastloss.normalization import log_softmax, logsumexp, softmax
from fastloss.sequence import ctc_loss, ctc_loss_with_logits

__all__ = [
    "__version__",
    "cross_entropy",
    "ctc_loss",
    "ctc_loss_with_logits",
    "get_num_threads",
    "log_softmax",
    "logsumexp",
    "nll_loss",
    "set_num_threads",
    "show_config",
    "sigmoid_focal_loss",
    "softmax",
    "softmax_focal_loss",
]
