"""From the arguments of torch.nn.functional to fastloss's own losses: one function for each name.

Each gives a loss, its arguments and its options. Options that have their defaults are left out, so that small calls
take the fast path. `others` are views of the tensors beside the input, `options` numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import fastloss as fl
from fastloss._elementwise import elements
from fastloss._kernels import per_instruction_set
from fastloss._reduction import Reduction
from fastloss._threads import GRAIN
from fastloss._validation import REDUCTIONS


class OwnLoss:
    """A loss of src/elementwise/losses.h that has no public function, as fastloss's are called."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fast_paths = per_instruction_set(
            lambda modules: modules.elementwise.FastPath(name, (0.0, 0.0), REDUCTIONS, "mean", GRAIN).call
        )

    def fast(self, arrays: Any, kwargs: dict[str, Any], want_value: bool, derivatives: int) -> Any:
        """As the verbs of fastloss/_loss.py begin."""
        for attempt in self.fast_paths:
            result = attempt(arrays, kwargs, want_value, derivatives)
            if result is not None:
                return result
        return None

    def evaluate(
        self, derivatives: int, arrays: Any, options: Any, reduction: str, out: Any = None, num_threads: Any = None
    ) -> Any:
        evaluation = elements(self.name, *arrays, Reduction(reduction, None, None), first="input", options=options)
        if self.name.endswith("_full"):
            evaluation.bits = 64  # as the factorial of poisson_nll_loss
        return evaluation.evaluate(True, derivatives, out, num_threads)

    def __call__(self, *arrays: Any, options: Any = (), **kwargs: Any) -> Any:
        found = None if options else self.fast(arrays, kwargs, True, 0)
        return self.evaluate(0, arrays, options, **kwargs)[0] if found is None else found

    def value_and_grad(self, *arrays: Any, options: Any = (), **kwargs: Any) -> Any:
        found = None if options else self.fast(arrays, kwargs, True, 1)
        if found is not None:
            return found
        value, [grad] = self.evaluate(1, arrays, options, **kwargs)
        return value, grad


KL_DIV, KL_DIV_LOG_TARGET = OwnLoss("kl_div"), OwnLoss("kl_div_log_target")
POISSON_OF_RATE, POISSON_OF_RATE_FULL = OwnLoss("poisson_nll_of_rate"), OwnLoss("poisson_nll_of_rate_full")

_cross_entropy_loss = fl.cross_entropy

Made = tuple[Any, tuple[Any, ...], dict[str, Any]]


def _with_class_axis(x: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The classes are along the second axis, or along the only one."""
    if x.ndim > 2:
        kwargs["axis"] = 1
    return kwargs


_CROSS_ENTROPY_DEFAULTS = (-100, 0.0)


def _cross_entropy(x: Any, others: Any, reduction: str, options: Any) -> Made:
    target, weight = others
    if options == _CROSS_ENTROPY_DEFAULTS and weight is None and x.ndim == 2:  # the small call that there is most
        return _cross_entropy_loss, (x, target), {"reduction": reduction}
    ignore_index, smoothing = options
    kwargs: dict[str, Any] = {"reduction": reduction}
    if weight is not None:
        kwargs["class_weight"] = weight
    if ignore_index != -100:
        kwargs["ignore_index"] = int(ignore_index)
    if smoothing:
        kwargs["label_smoothing"] = smoothing
    return fl.cross_entropy, (x, target), _with_class_axis(x, kwargs)


def _nll_loss(x: Any, others: Any, reduction: str, options: Any) -> Made:
    target, weight = others
    kwargs = {"reduction": reduction, "class_weight": weight, "ignore_index": int(options[0])}
    return fl.nll_loss, (x, target), _with_class_axis(x, kwargs)


def _softmax_focal_loss(x: Any, others: Any, reduction: str, options: Any) -> Made:
    target, alpha = others
    gamma, ignore_index = options
    kwargs = {"reduction": reduction, "alpha": alpha, "gamma": gamma, "ignore_index": int(ignore_index)}
    return fl.softmax_focal_loss, (x, target), _with_class_axis(x, kwargs)


def _sigmoid_focal_loss(x: Any, others: Any, reduction: str, options: Any) -> Made:
    alpha, gamma = options
    return fl.sigmoid_focal_loss, (x, *others), {
        "reduction": reduction, "alpha": None if alpha < 0 else alpha, "gamma": gamma,
    }  # fmt: skip


def _broadcast(weight: Any, shape: tuple[int, ...]) -> Any:
    try:
        return np.broadcast_to(weight, shape)
    except ValueError:
        raise ValueError(f"weight has shape {weight.shape}; expected one that broadcasts to {shape}") from None


def _weighted(loss: Any, divided_by: str) -> Callable[..., Made]:
    """A loss of elements with a weight for each. `divided_by` is the mean of PyTorch's function, with weights."""

    def make(x: Any, others: Any, reduction: str, options: Any) -> Made:
        target, weight, *more = others
        kwargs: dict[str, Any] = {"reduction": reduction}
        if weight is not None:
            kwargs["sample_weight"] = _broadcast(weight, x.shape)
            if reduction == "mean":
                kwargs["reduction"] = divided_by
        if more and more[0] is not None:
            kwargs["pos_weight"] = more[0]
        if options and options[0] != 1:
            kwargs["delta" if loss is fl.huber_loss else "beta"] = options[0]
        return loss, (x, target), kwargs

    return make


def _poisson_nll_loss(x: Any, others: Any, reduction: str, options: Any) -> Made:
    log_input, full, epsilon = options
    if log_input:
        return fl.poisson_nll_loss, (x, *others), {"reduction": reduction, **({"full": True} if full else {})}
    loss = POISSON_OF_RATE_FULL if full else POISSON_OF_RATE
    return loss, (x, *others), {"reduction": reduction, "options": (epsilon,)}


def _kl_div(x: Any, others: Any, reduction: str, options: Any) -> Made:
    return KL_DIV_LOG_TARGET if options[0] else KL_DIV, (x, *others), {"reduction": reduction}


def _ctc_loss(x: Any, others: Any, reduction: str, options: Any) -> Made:
    blank, zero_infinity, with_logits = options
    loss = fl.ctc_loss_with_logits if with_logits else fl.ctc_loss
    targets, *lengths = others
    lengths = [np.reshape(length, -1) for length in lengths]  # of one sequence they may be numbers
    kwargs: dict[str, Any] = {"reduction": reduction, "blank": int(blank)}
    if zero_infinity:
        kwargs["infeasible"] = "zero"
    return loss, (x, targets, *lengths), kwargs


LOSSES: dict[str, Callable[[Any, Any, str, Any], Made]] = {
    "binary_cross_entropy": _weighted(fl.binary_cross_entropy, "mean"),
    "binary_cross_entropy_with_logits": _weighted(fl.binary_cross_entropy_with_logits, "mean"),
    "cross_entropy": _cross_entropy,
    "ctc_loss": _ctc_loss,
    "huber_loss": _weighted(fl.huber_loss, "mean"),
    "kl_div": _kl_div,
    "l1_loss": _weighted(fl.l1_loss, "weighted_mean"),
    "mse_loss": _weighted(fl.mse_loss, "weighted_mean"),
    "nll_loss": _nll_loss,
    "poisson_nll_loss": _poisson_nll_loss,
    "sigmoid_focal_loss": _sigmoid_focal_loss,
    "smooth_l1_loss": _weighted(fl.smooth_l1_loss, "mean"),
    "softmax_focal_loss": _softmax_focal_loss,
}
NAMES: dict[str, tuple[str, ...]] = {  # of the tensors beside the input: how many, and for the texts of errors
    "binary_cross_entropy": ("target", "weight"),
    "binary_cross_entropy_with_logits": ("target", "weight", "pos_weight"),
    "cross_entropy": ("target", "weight"),
    "ctc_loss": ("targets", "input_lengths", "target_lengths"),
    "huber_loss": ("target", "weight"),
    "kl_div": ("target",),
    "l1_loss": ("target", "weight"),
    "mse_loss": ("target", "weight"),
    "nll_loss": ("target", "weight"),
    "poisson_nll_loss": ("target",),
    "sigmoid_focal_loss": ("target",),
    "smooth_l1_loss": ("target", "weight"),
    "softmax_focal_loss": ("target", "alpha"),
}
OF_ROWS = ("cross_entropy", "nll_loss", "softmax_focal_loss")


def upstream_axis(call: Any, tensor: Any) -> int | None:
    """Where the gradient of the losses lacks an axis of the input; None where it lacks none, or is a number."""
    name, _, reduction, *_ = call
    if reduction != "none":
        return None
    if name in OF_ROWS:
        return 1 if tensor.dim() > 1 else None
    return -1 if name == "ctc_loss" else None
