"""Written by tools/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

__version__: str

class _cross_entropy:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

cross_entropy: _cross_entropy

class _ctc_loss:
    def __call__(
        self,
        log_probs: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        log_probs: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        log_probs: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        log_probs: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

ctc_loss: _ctc_loss

class _ctc_loss_with_logits:
    def __call__(
        self,
        logits: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        logits: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        logits: Any,
        targets: Any,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        blank: int = 0,
        batch_first: bool = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf",
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

ctc_loss_with_logits: _ctc_loss_with_logits

def get_num_threads() -> int: ...

def log_softmax(
    scores: Any,
    *,
    axis: int = -1,
    out: NDArray[Any] | None = None,
    num_threads: int | None = None,
) -> NDArray[Any]: ...

def logsumexp(
    scores: Any,
    *,
    axis: int = -1,
    out: NDArray[Any] | None = None,
    num_threads: int | None = None,
) -> NDArray[Any]: ...

class _nll_loss:
    def __call__(
        self,
        log_probs: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        log_probs: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        log_probs: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        log_probs: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

nll_loss: _nll_loss

def set_num_threads(
    num_threads: int,
) -> None: ...

def show_config() -> dict[str, Any]: ...

class _sigmoid_focal_loss:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        alpha: ArrayLike | None = 0.25,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        target: Any,
        *,
        alpha: ArrayLike | None = 0.25,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        logits: Any,
        target: Any,
        *,
        alpha: ArrayLike | None = 0.25,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        logits: Any,
        target: Any,
        *,
        alpha: ArrayLike | None = 0.25,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

sigmoid_focal_loss: _sigmoid_focal_loss

def softmax(
    scores: Any,
    *,
    axis: int = -1,
    out: NDArray[Any] | None = None,
    num_threads: int | None = None,
) -> NDArray[Any]: ...

class _softmax_focal_loss:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        alpha: ArrayLike | None = None,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        alpha: ArrayLike | None = None,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        alpha: ArrayLike | None = None,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        alpha: ArrayLike | None = None,
        gamma: float = 2.0,
        sample_weight: ArrayLike | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

softmax_focal_loss: _softmax_focal_loss
