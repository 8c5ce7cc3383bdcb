"""Focal losses, of independent binary labels and of classes."""

from __future__ import annotations

import torch

from fastloss.torch._elements import check_same_shape
from fastloss.torch._evaluate import evaluate


def sigmoid_focal_loss(
    inputs: torch.Tensor, targets: torch.Tensor, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "none"
) -> torch.Tensor:
    r"""Focal loss of independent binary labels, from logits.

    .. math:: L = -\alpha_t (1 - p_t)^\gamma \log p_t

    with :math:`p_t = \sigma(x)` and :math:`\alpha_t = \alpha` where the target is 1, :math:`1 - \sigma(x)` and
    :math:`1 - \alpha` where it is 0. As ``torchvision.ops.sigmoid_focal_loss``, whose gradient is nan near certainty
    for a `gamma` below 1; here it is exact. Computed by `fastloss.sigmoid_focal_loss`.

    Parameters
    ----------
    inputs : tensor of any shape
        Log-odds, in nats.
    targets : tensor of the same shape
        Within [0, 1]. It has no gradient.
    alpha : float within [0, 1], or -1
        The weight of the positive class; -1 for no weights.
    gamma : float at least 0
        How much less what is easy counts.
    reduction : {"none", "mean", "sum"}
        ``"none"`` by default, as torchvision's.

    Returns
    -------
    tensor
        Of the dtype of `inputs`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.sigmoid_focal_loss(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 1.0]))
    tensor([4.3322e-02, 2.7321e-05])

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár 2017, "Focal Loss for Dense Object Detection".
    """
    check_same_shape(inputs, targets)
    return evaluate("sigmoid_focal_loss", inputs, (targets,), reduction, (alpha, gamma))


def softmax_focal_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    alpha: torch.Tensor | None = None,
    gamma: float = 2.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> torch.Tensor:
    r"""Focal loss of labels, from logits.

    .. math:: L_n = -\alpha_y (1 - p_y)^\gamma \log p_y, \qquad p = \mathrm{softmax}(x_n)

    Neither PyTorch nor torchvision has it. Computed by `fastloss.softmax_focal_loss`.

    Parameters
    ----------
    input : tensor (C,), (N, C) or (N, C, d1, ...)
        Logits, in nats.
    target : tensor of labels, the shape of `input` without C
    alpha : tensor (C,), optional
        A weight of at least 0 for each class. It does not change what ``"mean"`` divides by.
    gamma : float at least 0
        How much less what is easy counts.
    ignore_index : int
        Rows with this label cost 0 and have gradient 0; ``"mean"`` does not count them.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    tensor
        Of the dtype of `input`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.softmax_focal_loss(torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0]), reduction="none")
    tensor([0.0018, 0.7019])

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár 2017, "Focal Loss for Dense Object Detection".
    """
    return evaluate("softmax_focal_loss", input, (target, alpha), reduction, (gamma, ignore_index))
