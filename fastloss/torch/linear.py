"""Linear layers: the loss of logits that are never stored all at once."""

from __future__ import annotations

from typing import Any

import torch

import fastloss as fl
from fastloss._linear import check_shapes
from fastloss._threads import GRAIN
from fastloss._validation import as_class_weights
from fastloss.torch._calls import NO_SECOND_DERIVATIVE, threads_for
from fastloss.torch._tensors import (
    HALVES,
    check_constant,
    check_input,
    check_reduction,
    is_transformed,
    tensor_of,
    view_of,
)

_NAMES = ("input", "linear_weight", "linear_bias")


class LinearLoss(torch.autograd.Function):
    """The node of a call. Its tensors are those of _NAMES; the last may be None."""

    @staticmethod
    def forward(ctx: Any, options: dict[str, Any], dtype: torch.dtype, *tensors: Any) -> Any:  # type: ignore[override]
        ctx.set_materialize_grads(False)
        ctx.options = options
        ctx.dtypes = [None if tensor is None else tensor.dtype for tensor in tensors]
        ctx.is_reduced = options["reduction"] != "none"
        if ctx.is_reduced:
            value, grads = _evaluation(ctx, tensors, True, options)
            ctx.save_for_backward(*grads)
        else:  # how much each loss counts is known in the backward pass
            ctx.save_for_backward(*tensors)
            value, grads = fl.linear_cross_entropy(**_views(tensors), **options), []
        return (tensor_of(value, dtype), *(grad for grad in grads if grad is not None))

    @staticmethod
    def backward(ctx: Any, upstream: Any, *others: Any) -> Any:  # type: ignore[override]
        if any(other is not None for other in others):
            raise RuntimeError(NO_SECOND_DERIVATIVE)
        if upstream is None:
            return None, None, None, None, None
        if ctx.is_reduced:
            grads = [None if grad is None else grad * upstream for grad in ctx.saved_tensors]
        elif torch.is_grad_enabled():  # the gradients of a second pass would be taken for constants
            raise RuntimeError(NO_SECOND_DERIVATIVE)
        else:
            options = {**ctx.options, "reduction": "sum", "sample_weight": view_of(upstream, "upstream")}
            _, grads = _evaluation(ctx, ctx.saved_tensors, False, options)
        grads = [
            None if grad is None else grad.to(dtype)
            for grad, dtype in zip(grads, ctx.dtypes)  # noqa: B905 - there may be no bias
        ]
        return (None, None, *grads, *[None] * (3 - len(grads)))


def _evaluation(ctx: Any, tensors: Any, want_value: bool, options: dict[str, Any]) -> Any:
    """Value or None, and the gradients as tensors, None for one that autograd does not ask for."""
    threads = options.get("num_threads")
    evaluation = fl.linear_cross_entropy._define(
        **_views(tensors), **{name: option for name, option in options.items() if name != "num_threads"}
    )
    evaluation.wanted = ctx.needs_input_grad[2 : 2 + len(evaluation.operands)]
    value, (grads,) = evaluation.evaluate(want_value, 1, None, threads)
    return value, [None if grad is None else torch.from_numpy(grad) for grad in grads]


def _views(tensors: Any) -> dict[str, Any]:
    names = ("inputs", "weight", "bias")
    return {ours: view_of(tensor, name) for ours, name, tensor in zip(names, _NAMES, tensors, strict=True)}


@torch.compiler.disable  # a traced call runs it as it is
def _evaluate(tensors: Any, constants: dict[str, Any], options: dict[str, Any]) -> torch.Tensor:
    """`constants` are tensors that no gradient is computed for, or None."""
    if is_transformed():
        raise RuntimeError("fastloss.torch.linear_cross_entropy does not support torch.func: use torch.nn.functional")
    for tensor, name in zip(tensors, _NAMES, strict=True):
        if tensor is not None or name != "linear_bias":
            check_input(tensor, name)
    for name, tensor in constants.items():
        check_constant(tensor, name)
    check_reduction(options["reduction"])
    x, layer, _ = tensors
    check_shapes(*(None if tensor is None else tuple(tensor.shape) for tensor in tensors), _NAMES)
    target, weight = (None if tensor is None else view_of(tensor, name) for name, tensor in constants.items())
    as_class_weights(weight, "weight", len(layer))
    options |= {"target": target, "class_weight": weight}
    size = x.numel() // max(1, layer.shape[1]) * len(layer)
    if size >= 2 * GRAIN:
        options["num_threads"] = threads_for(size)
    dtype = torch.float32 if x.dtype in HALVES and torch.is_autocast_enabled("cpu") else x.dtype
    if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in tensors):
        found: torch.Tensor = LinearLoss.apply(options, dtype, *tensors)[0]
        return found
    return tensor_of(fl.linear_cross_entropy(**_views(tensors), **options), dtype)


def linear_cross_entropy(
    input: torch.Tensor,
    linear_weight: torch.Tensor,
    target: torch.Tensor,
    *,
    linear_bias: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = -100,
    label_smoothing: float = 0.0,
    max_bytes: int = 2**28,
) -> torch.Tensor:
    r"""Cross-entropy of a linear layer, whose logits are never stored all at once.

    .. math:: z_n = W x_n + b, \qquad L_n = -\sum_c w_c \, y_{nc} \log \mathrm{softmax}(z_n)_c

    As ``torch.nn.functional.linear_cross_entropy``, with `max_bytes` in the place of its `options`; computed by
    `fastloss.linear_cross_entropy`, whose products are those of NumPy's BLAS library. It is differentiable with respect
    to `input`, `linear_weight` and `linear_bias`; a gradient that is not asked for, as of a frozen weight, costs no
    product and no memory. With ``reduction="none"`` the backward pass computes the logits again. Under torch.compile it
    runs as it is; torch.func is not supported.

    Parameters
    ----------
    input : tensor (..., D)
        What the layer is given.
    linear_weight : tensor (C, D)
        The layer's weight.
    target : tensor of labels, the shape of `input` without its last axis; or of probabilities, (..., C)
        It has no gradient.
    linear_bias : tensor (C,), optional
        Added to the logits.
    weight : tensor (C,), optional
        A weight of at least 0 for each class.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the weights of the labels that count.
    ignore_index : int, or None
        Rows with this label cost 0 and have gradient 0, and take no time; ``"mean"`` does not count them.
    label_smoothing : float within [0, 1]
        How much of the target is spread evenly over the classes.
    max_bytes : int
        The most memory that the call may use beside its arguments, its results and a few numbers per row.

    Returns
    -------
    tensor
        Of the dtype of `input`; float32 for half types under autocast.

    Examples
    --------
    >>> import torch, fastloss.torch as F
    >>> layer = torch.nn.Linear(4, 3)
    >>> hidden, labels = torch.randn(5, 4, requires_grad=True), torch.tensor([0, 1, 2, 0, 1])
    >>> loss = F.linear_cross_entropy(hidden, layer.weight, labels, linear_bias=layer.bias)
    >>> loss.backward()
    >>> layer.weight.grad.shape, hidden.grad.shape
    (torch.Size([3, 4]), torch.Size([5, 4]))
    >>> torch.allclose(loss, F.cross_entropy(layer(hidden), labels))
    True
    """
    options = {"reduction": reduction, "ignore_index": ignore_index, "label_smoothing": label_smoothing}
    loss: torch.Tensor = _evaluate(
        (input, linear_weight, linear_bias), {"target": target, "weight": weight}, {**options, "max_bytes": max_bytes}
    )
    return loss
