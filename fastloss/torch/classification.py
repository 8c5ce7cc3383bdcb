"""Classes: cross-entropy and the negative log-likelihood."""

from __future__ import annotations

import torch

from fastloss.torch._evaluate import evaluate
from fastloss.torch._tensors import reduction_of


def cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    r"""Cross-entropy of labels or distributions with the softmax of logits.

    .. math:: L_n = -\sum_c w_c \, y_{nc} \log \mathrm{softmax}(x_n)_c

    As ``torch.nn.functional.cross_entropy``, of which it is the formula; computed by `fastloss.cross_entropy`. Losses
    near certainty keep their digits, -inf masks a class also where the target is a distribution, and a label out of
    range or a probability outside [0, 1] is a ValueError.

    Parameters
    ----------
    input : tensor (C,), (N, C) or (N, C, d1, ...)
        Logits, in nats.
    target : tensor of labels, the shape of `input` without C; or of probabilities, the shape of `input`
        It has no gradient.
    weight : tensor (C,), optional
        A weight of at least 0 for each class.
    size_average, reduce : bool, optional
        PyTorch's earlier words for `reduction`.
    ignore_index : int
        Rows with this label cost 0 and have gradient 0; ``"mean"`` does not count them.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the weights of the labels that count.
    label_smoothing : float within [0, 1]
        How much of the target is spread evenly over the classes.

    Returns
    -------
    tensor
        Of the dtype of `input`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> logits = torch.tensor([[20.0, 0.0], [1.0, 3.0]], requires_grad=True)
    >>> F.cross_entropy(logits, torch.tensor([0, 1]), reduction="none")
    tensor([2.0612e-09, 1.2693e-01], grad_fn=<EagerLossBackward>)
    >>> F.cross_entropy(logits, torch.tensor([0, 1])).backward()
    >>> logits.grad[1]
    tensor([ 0.0596, -0.0596])
    """
    if size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    return evaluate("cross_entropy", input, (target, weight), reduction, (ignore_index, label_smoothing))


def nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    r"""Negative log-likelihood of labels, from log-probabilities.

    .. math:: L_n = -w_{y_n} x_{n, y_n}

    As ``torch.nn.functional.nll_loss``; computed by `fastloss.nll_loss`. `cross_entropy` of the logits is faster than
    the two steps, and exact near certainty.

    Parameters
    ----------
    input : tensor (C,), (N, C) or (N, C, d1, ...)
        Log-probabilities, in nats.
    target : tensor of labels, the shape of `input` without C
    weight : tensor (C,), optional
        A weight of at least 0 for each class.
    size_average, reduce : bool, optional
        PyTorch's earlier words for `reduction`.
    ignore_index : int
        Rows with this label cost 0 and have gradient 0; ``"mean"`` does not count them.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the weights of the labels that count.

    Returns
    -------
    tensor
        Of the dtype of `input`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.nll_loss(torch.tensor([[0.4, 0.6], [0.4, 0.6]]).log(), torch.tensor([0, 0]), reduction="sum")
    tensor(1.8326)
    """
    if size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    return evaluate("nll_loss", input, (target, weight), reduction, (ignore_index,))
