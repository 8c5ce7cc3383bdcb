"""Regression: absolute, squared, Huber's and smooth errors, and counts."""

from __future__ import annotations

import torch

from fastloss.torch._elements import broadcast, regression
from fastloss.torch._evaluate import evaluate
from fastloss.torch._tensors import reduction_of


def l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    r"""Absolute errors.

    .. math:: L = w \, |x - y|

    As ``torch.nn.functional.l1_loss``; computed by `fastloss.l1_loss`.

    Parameters
    ----------
    input : tensor of any shape
    target : tensor of the same shape
        It has no gradient. Other shapes are broadcast, with a UserWarning.
    size_average, reduce : bool, optional
        PyTorch's earlier words for `reduction`.
    reduction : {"mean", "sum", "none"}
        With a weight, ``"mean"`` divides by the sum of the weights.
    weight : tensor of the shape of `input`, optional
        Multiplies each element's loss. A weight of 0 removes an element, whatever it holds.

    Returns
    -------
    tensor
        Of the dtype that ``input - target`` has; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0]))
    tensor(1.5000)
    """
    if size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    return regression("l1_loss", input, target, weight, reduction)


def mse_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    r"""Squared errors.

    .. math:: L = w \, (x - y)^2

    As ``torch.nn.functional.mse_loss``; computed by `fastloss.mse_loss`. Parameters and result are those of `l1_loss`.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0]))
    tensor(2.5000)
    """
    if size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    return regression("mse_loss", input, target, weight, reduction)


def huber_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    r"""Squared errors up to `delta`, absolute errors beyond.

    .. math:: L = w \begin{cases} \frac{1}{2} d^2 & |d| \le \delta \\ \delta (|d| - \frac{\delta}{2}) & |d| > \delta
        \end{cases}, \qquad d = x - y

    As ``torch.nn.functional.huber_loss``, whose ``"mean"`` divides by the number of elements, with a weight too;
    computed by `fastloss.huber_loss`. `input`, `target` and result are those of `l1_loss`.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.huber_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    return regression("huber_loss", input, target, weight, reduction, (delta,))


def smooth_l1_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> torch.Tensor:
    r"""Absolute errors that are smooth below `beta`.

    .. math:: L = \begin{cases} d^2 / (2 \beta) & |d| < \beta \\ |d| - \frac{\beta}{2} & |d| \ge \beta \end{cases},
        \qquad d = x - y

    As ``torch.nn.functional.smooth_l1_loss``; computed by `fastloss.smooth_l1_loss`. `input`, `target` and result are
    those of `l1_loss`.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.smooth_l1_loss(torch.tensor([0.25, 3.0]), torch.tensor([0.0, 0.0]), beta=0.5, reduction="none")
    tensor([0.0625, 2.7500])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if beta == 0:
        return regression("l1_loss", input, target, None, reduction)
    return regression("smooth_l1_loss", input, target, None, reduction, (beta,))


def poisson_nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> torch.Tensor:
    r"""Negative log-likelihood of counts under Poisson distributions.

    .. math:: L = e^x - x y \quad \text{or} \quad x - y \log(x + \varepsilon), \qquad [{} + \log y!]

    As ``torch.nn.functional.poisson_nll_loss``, but that ``full=True`` adds the exact factorial, and not Stirling's
    approximation of it. Computed by `fastloss.poisson_nll_loss`.

    Parameters
    ----------
    input : tensor of any shape
        The logarithm of the rate; the rate itself, at least 0, with ``log_input=False``.
    target : tensor of counts at least 0
        It has no gradient; it broadcasts with `input`.
    log_input : bool
        Whether `input` is a logarithm.
    full : bool
        Whether to add the logarithm of the factorial.
    size_average, reduce : bool, optional
        PyTorch's earlier words for `reduction`.
    eps : float
        Added to a rate before its logarithm is taken.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    tensor
        Of the dtype that ``input - target`` has; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> F.poisson_nll_loss(torch.zeros(2), torch.tensor([0.0, 2.0]), full=True, reduction="none")
    tensor([1.0000, 1.6931])
    """
    input, target = broadcast(input, target)
    options = (bool(log_input), bool(full), eps)
    return evaluate("poisson_nll_loss", input, (target,), reduction_of(reduction, size_average, reduce), options)
