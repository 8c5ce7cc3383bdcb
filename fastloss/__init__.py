"""The loss functions of machine learning, compiled: value, gradient and curvature in one pass over NumPy arrays."""

from fastloss._config import __version__, show_config
from fastloss._threads import get_num_threads, set_num_threads
from fastloss.binary import binary_cross_entropy, binary_cross_entropy_with_logits
from fastloss.classification import categorical_cross_entropy, cross_entropy, nll_loss
from fastloss.ctc import (
    CTCAlignment,
    CTCPrefixState,
    ctc_align,
    ctc_loss,
    ctc_loss_with_logits,
    ctc_posteriors,
    ctc_prefix_score,
    ctc_score,
)
from fastloss.divergence import entropy, entropy_with_logits, kl_divergence, kl_divergence_with_logits
from fastloss.focal import sigmoid_focal_loss, softmax_focal_loss
from fastloss.normalization import log_softmax, logsumexp, softmax
from fastloss.regression import (
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mse_loss,
    poisson_nll_loss,
    quantile_loss,
    rmse_loss,
    smooth_l1_loss,
)

__all__ = [
    "CTCAlignment",
    "CTCPrefixState",
    "__version__",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_cross_entropy",
    "cross_entropy",
    "ctc_align",
    "ctc_loss",
    "ctc_loss_with_logits",
    "ctc_posteriors",
    "ctc_prefix_score",
    "ctc_score",
    "entropy",
    "entropy_with_logits",
    "get_num_threads",
    "huber_loss",
    "kl_divergence",
    "kl_divergence_with_logits",
    "l1_loss",
    "log_cosh_loss",
    "log_softmax",
    "logsumexp",
    "mse_loss",
    "nll_loss",
    "poisson_nll_loss",
    "quantile_loss",
    "rmse_loss",
    "set_num_threads",
    "show_config",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "softmax",
    "softmax_focal_loss",
]
