"""The derivatives of an objective, with a curvature that boosts."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from fastloss.boosting._library import renamed

HESSIANS = "exact", "bounded", "ones"
PIECE = 1 << 14  # numbers that stay in a cache from one pass of NumPy to the next


class Derivatives(NamedTuple):
    """Of the sum of the losses, for each score; called with scores, labels and weights or None. `out` are the arrays
    to write, or None for new ones, with which small calls are faster."""

    loss: Any
    options: dict[str, Any]
    curved: bool  # whether there is a second derivative with these options
    hessian: str
    max_step: float
    factor: float

    def __call__(self, scores: Any, labels: Any, weight: Any, out: Any = None) -> tuple[Any, Any]:
        options = {**self.options, "reduction": "sum"}
        if weight is not None:
            options["sample_weight"] = weight
        try:
            grad, hess = self.of_loss(scores, labels, weight, options, out)
        except (TypeError, ValueError) as error:
            raise renamed(error) from None
        if self.factor != 1:
            grad *= self.factor
            if self.hessian != "ones":
                hess *= self.factor
        if self.hessian == "bounded":
            raise_to_bound(grad, hess, self.max_step)
        return grad, hess

    def of_loss(self, scores: Any, labels: Any, weight: Any, options: dict[str, Any], out: Any) -> tuple[Any, Any]:
        """Before factor and bound."""
        if self.curved and self.hessian != "ones":
            if out is not None:
                options["out"] = out
            grad, hess = self.loss.grad_and_hess(scores, labels, **options)
            return grad, hess
        grad = self.loss.grad(scores, labels, out=None if out is None else out[0], **options)
        hess = np.empty_like(grad) if out is None else out[1]
        hess[...] = self.constant(weight, hess.ndim)
        return grad, hess

    def constant(self, weight: Any, ndim: int) -> Any:
        """In the place of a second derivative; of losses of classes there is a weight for each row."""
        if self.hessian != "ones":
            return 0
        if weight is None:
            return 1
        return weight[:, None] if weight.ndim == 1 < ndim else weight


def raise_to_bound(grad: Any, hess: Any, max_step: float) -> None:
    """Of arrays of one layout, hess becomes the largest of itself and |grad| / max_step. A piece at a time: it stays in
    the caches, and nothing as large as the arrays is allocated."""
    if grad.size <= PIECE:
        np.maximum(hess, np.abs(grad) / max_step, out=hess)
        return
    if grad.ndim == 2:
        order: Literal["F", "C"] = "F" if grad.flags.f_contiguous else "C"
        grad, hess = grad.reshape(-1, order=order), hess.reshape(-1, order=order)
    steepness = np.empty(PIECE, grad.dtype)
    for start in range(0, grad.size, PIECE):
        slopes, curvatures = grad[start : start + PIECE], hess[start : start + PIECE]
        least = np.abs(slopes, out=steepness[: slopes.size])
        if max_step != 1:
            least *= 1 / max_step
        np.maximum(curvatures, least, out=curvatures)
