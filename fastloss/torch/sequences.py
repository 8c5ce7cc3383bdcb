"""CTC, from log-probabilities and from logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fastloss.torch._evaluate import evaluate


def ctc_loss(
    log_probs: torch.Tensor,
    targets: torch.Tensor,
    input_lengths: torch.Tensor | Sequence[int],
    target_lengths: torch.Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> torch.Tensor:
    r"""Connectionist temporal classification, from log-probabilities.

    .. math:: L_n = -\log \sum_{\pi} \prod_{t} e^{x_{t, n, \pi_t}}

    over all paths :math:`\pi` that give the target. As ``torch.nn.functional.ctc_loss``. Its gradient is that of this
    formula, minus the posterior; PyTorch's is that of the logits before ``log_softmax``, and is right only behind it,
    where both give the same. A target that no path spells costs inf and has gradient 0, where PyTorch's is nan.
    Computed by `fastloss.ctc_loss`. `ctc_loss_with_logits` takes the logits in one pass.

    Parameters
    ----------
    log_probs : tensor (T, N, C), or (T, C) for one sequence
        Log-probabilities, in nats.
    targets : tensor (N, S), or 1-D with all targets one after the other
        Labels 0..C-1 other than `blank`.
    input_lengths, target_lengths : tensors or tuples (N,)
        How many frames and labels count.
    blank : int
        The blank's class.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides each loss by the length of its target first.
    zero_infinity : bool
        Whether what costs inf costs 0.

    Returns
    -------
    tensor
        Of the dtype of `log_probs`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> log_probs = torch.tensor([[[0.6, 0.4]], [[0.6, 0.4]]]).log()  # two frames, P(a) = 0.4
    >>> F.ctc_loss(log_probs, torch.tensor([[1]]), (2,), (1,))  # -log 0.64
    tensor(0.4463)

    References
    ----------
    Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist Temporal Classification: Labelling Unsegmented Sequence
    Data with Recurrent Neural Networks".
    """
    others, options = (targets, input_lengths, target_lengths), (blank, bool(zero_infinity), False)
    return evaluate("ctc_loss", log_probs, others, reduction, options)


def ctc_loss_with_logits(
    logits: torch.Tensor,
    targets: torch.Tensor,
    input_lengths: torch.Tensor | Sequence[int],
    target_lengths: torch.Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> torch.Tensor:
    r"""Connectionist temporal classification, from logits: `ctc_loss` of their ``log_softmax``, in one pass.

    .. math:: L_n = -\log \sum_{\pi} \prod_{t} \mathrm{softmax}(x_{t, n})_{\pi_t}

    Computed by `fastloss.ctc_loss_with_logits`. PyTorch has no such function. The arguments are those of `ctc_loss`.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.ctc_loss_with_logits(torch.zeros(3, 1, 4), torch.tensor([[1, 2]]), (3,), (2,), reduction="sum")
    tensor(2.5494)
    """
    others, options = (targets, input_lengths, target_lengths), (blank, bool(zero_infinity), True)
    return evaluate("ctc_loss", logits, others, reduction, options)
