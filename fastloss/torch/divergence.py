"""Kullback-Leibler divergence, from log-probabilities."""

from __future__ import annotations

import warnings

import torch

from fastloss.torch._elements import broadcast
from fastloss.torch._evaluate import evaluate
from fastloss.torch._tensors import reduction_of


def kl_div(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> torch.Tensor:
    r"""Divergence of predictions, given as log-probabilities, from a target.

    .. math:: L = y \, (\log y - x), \qquad \text{or} \quad e^y (y - x)

    for each element, with the target y as probabilities or, with `log_target`, as their logarithms. As
    ``torch.nn.functional.kl_div``, but that a class of target 0 costs 0 also where its prediction is -inf, and that
    negative probabilities are refused. `fastloss.kl_divergence_with_logits` takes the logits of both, and is exact
    where they are nearly the same.

    Parameters
    ----------
    input : tensor of any shape
        Log-probabilities, in nats.
    target : tensor that broadcasts with `input`
        It has no gradient.
    size_average, reduce : bool, optional
        PyTorch's earlier words for `reduction`.
    reduction : {"mean", "batchmean", "sum", "none"}
        ``"mean"`` divides by the number of elements, which is no divergence, and warns of that as PyTorch does;
        ``"batchmean"`` divides by the length of the first axis of `input`.
    log_target : bool
        Whether the target is in logarithms.

    Returns
    -------
    tensor
        Of the dtype that ``input - target`` has; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> predicted, target = torch.tensor([[2 / 3, 1 / 3]]), torch.tensor([[1 / 3, 2 / 3]])
    >>> F.kl_div(predicted.log(), target, reduction="batchmean")
    tensor(0.2310)
    """
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            'reduction="mean" divides by the number of elements; "batchmean" gives the divergence for each entry of '
            "the batch",
            stacklevel=2,
        )
    reduction = reduction_of(reduction, size_average, reduce)
    is_batch_mean = reduction == "batchmean"
    entries = input.shape[0] if is_batch_mean and input.dim() else 1
    input, target = broadcast(input, target)
    total = evaluate("kl_div", input, (target,), "sum" if is_batch_mean else reduction, (bool(log_target),))
    return total / entries if is_batch_mean else total
