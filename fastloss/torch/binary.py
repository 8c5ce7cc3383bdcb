"""Binary decisions: cross-entropy from probabilities and from logits."""

from __future__ import annotations

import torch

from fastloss.torch._elements import check_same_shape
from fastloss.torch._evaluate import evaluate
from fastloss.torch._tensors import reduction_of


def binary_cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    r"""Cross-entropy of independent binary labels, from probabilities.

    .. math:: L = -w \, (y \log x + (1 - y) \log(1 - x))

    As ``torch.nn.functional.binary_cross_entropy``, but that nothing is clamped: a certain and wrong prediction costs
    inf, where PyTorch's costs 100 and has no gradient. Computed by `fastloss.binary_cross_entropy`.

    Parameters
    ----------
    input : tensor of any shape
        Probabilities within [0, 1].
    target : tensor of the same shape
        Within [0, 1]. It has no gradient.
    weight : tensor that broadcasts to the shape of `target`, optional
        Multiplies each element's loss. A weight of 0 removes an element, whatever it holds.
    size_average, reduce : bool, optional
        PyTorch's earlier words for `reduction`.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the number of elements.

    Returns
    -------
    tensor
        Of the dtype of `input`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.binary_cross_entropy(torch.tensor([0.5, 0.75]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([0.6931, 0.2877])
    """
    check_same_shape(input, target)
    if size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    return evaluate("binary_cross_entropy", input, (target, weight), reduction)


def binary_cross_entropy_with_logits(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: torch.Tensor | None = None,
) -> torch.Tensor:
    r"""Cross-entropy of independent binary labels, from logits.

    .. math:: L = -w \, (w_+ y \log \sigma(x) + (1 - y) \log(1 - \sigma(x)))

    As ``torch.nn.functional.binary_cross_entropy_with_logits``, but that targets outside [0, 1] are refused. Computed
    by `fastloss.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    input : tensor of any shape
        Log-odds, in nats.
    target : tensor of the same shape
        Within [0, 1]. It has no gradient.
    weight : tensor that broadcasts to the shape of `target`, optional
        Multiplies each element's loss. A weight of 0 removes an element, whatever it holds.
    size_average, reduce : bool, optional
        PyTorch's earlier words for `reduction`.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the number of elements.
    pos_weight : tensor that broadcasts to the shape of `target`, optional
        How much more a positive counts than a negative, at least 0.

    Returns
    -------
    tensor
        Of the dtype of `input`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.binary_cross_entropy_with_logits(torch.tensor([0.0, 30.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([6.9315e-01, 9.3576e-14])
    """
    check_same_shape(input, target)
    if size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    return evaluate("binary_cross_entropy_with_logits", input, (target, weight, pos_weight), reduction)
