"""PyTorch: the losses as differentiable functions of CPU tensors, with the names and arguments of torch.nn.functional.

``import fastloss.torch as F`` in the place of ``import torch.nn.functional as F`` switches the losses of a training
loop. It needs PyTorch, which fastloss itself does not import.
"""

try:
    import torch
except ImportError as _error:
    raise ImportError(
        "fastloss.torch needs PyTorch, which can't be imported: pip install torch, or pip install 'fastloss[torch]'"
    ) from _error

if not hasattr(torch.library, "register_vmap"):
    raise ImportError(f"fastloss.torch needs PyTorch 2.5 or later, found {torch.__version__}: pip install -U torch")

from fastloss.torch.binary import binary_cross_entropy, binary_cross_entropy_with_logits
from fastloss.torch.classification import cross_entropy, nll_loss
from fastloss.torch.divergence import kl_div
from fastloss.torch.focal import sigmoid_focal_loss, softmax_focal_loss
from fastloss.torch.linear import linear_cross_entropy
from fastloss.torch.regression import huber_loss, l1_loss, mse_loss, poisson_nll_loss, smooth_l1_loss
from fastloss.torch.sequences import ctc_loss, ctc_loss_with_logits

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "ctc_loss",
    "ctc_loss_with_logits",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "linear_cross_entropy",
    "mse_loss",
    "nll_loss",
    "poisson_nll_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "softmax_focal_loss",
]
