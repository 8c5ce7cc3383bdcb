"""Written by tools/codegen/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from typing import Literal, SupportsFloat, SupportsIndex, TypeAlias

import numpy as np
from dask.array import Array as _Lazy
from numpy.typing import ArrayLike

_Array: TypeAlias = _Lazy | ArrayLike

class _Loss:
    __name__: str
    family: Literal["elementwise", "rowwise", "ctc"]
    has_curvature: bool

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "categorical_cross_entropy", "cross_entropy",
    "ctc_loss", "ctc_loss_with_logits", "entropy", "entropy_with_logits", "generalized_cross_entropy", "hinge_loss",
    "huber_loss", "js_divergence_with_logits", "kl_divergence", "kl_divergence_with_logits", "l1_loss", "log_cosh_loss",
    "log_softmax", "logsumexp", "mse_loss", "nll_loss", "poisson_nll_loss", "poly1_cross_entropy", "quantile_loss",
    "rmse_loss", "sigmoid_focal_loss", "smooth_l1_loss", "softmax", "softmax_focal_loss",
]

class _binary_cross_entropy(_Loss):
    def __call__(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

binary_cross_entropy: _binary_cross_entropy

class _binary_cross_entropy_with_logits(_Loss):
    def __call__(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

binary_cross_entropy_with_logits: _binary_cross_entropy_with_logits

class _categorical_cross_entropy(_Loss):
    def __call__(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

categorical_cross_entropy: _categorical_cross_entropy

class _cross_entropy(_Loss):
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

cross_entropy: _cross_entropy

class _ctc_loss(_Loss):
    def __call__(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

ctc_loss: _ctc_loss

class _ctc_loss_with_logits(_Loss):
    def __call__(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

ctc_loss_with_logits: _ctc_loss_with_logits

class _entropy(_Loss):
    def __call__(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

entropy: _entropy

class _entropy_with_logits(_Loss):
    def __call__(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

entropy_with_logits: _entropy_with_logits

class _generalized_cross_entropy(_Loss):
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

generalized_cross_entropy: _generalized_cross_entropy

class _hinge_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

hinge_loss: _hinge_loss

class _huber_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

huber_loss: _huber_loss

class _js_divergence_with_logits(_Loss):
    def __call__(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

js_divergence_with_logits: _js_divergence_with_logits

class _kl_divergence(_Loss):
    def __call__(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

kl_divergence: _kl_divergence

class _kl_divergence_with_logits(_Loss):
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

kl_divergence_with_logits: _kl_divergence_with_logits

class _l1_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

l1_loss: _l1_loss

class _log_cosh_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

log_cosh_loss: _log_cosh_loss

def log_softmax(scores: _Array, *, axis: SupportsIndex = -1, num_threads: SupportsIndex | None = 1) -> _Lazy: ...

def logsumexp(scores: _Array, *, axis: SupportsIndex = -1, num_threads: SupportsIndex | None = 1) -> _Lazy: ...

class _mse_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

mse_loss: _mse_loss

class _nll_loss(_Loss):
    def __call__(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

nll_loss: _nll_loss

class _poisson_nll_loss(_Loss):
    def __call__(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

poisson_nll_loss: _poisson_nll_loss

class _poly1_cross_entropy(_Loss):
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

poly1_cross_entropy: _poly1_cross_entropy

class _quantile_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

quantile_loss: _quantile_loss

class _rmse_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

rmse_loss: _rmse_loss

class _sigmoid_focal_loss(_Loss):
    def __call__(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

sigmoid_focal_loss: _sigmoid_focal_loss

class _smooth_l1_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

smooth_l1_loss: _smooth_l1_loss

def softmax(scores: _Array, *, axis: SupportsIndex = -1, num_threads: SupportsIndex | None = 1) -> _Lazy: ...

class _softmax_focal_loss(_Loss):
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> _Lazy: ...
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        num_threads: SupportsIndex | None = 1,
    ) -> tuple[_Lazy, _Lazy]: ...

softmax_focal_loss: _softmax_focal_loss
