"""Written by tools/codegen/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

__version__: str

class CTCAlignment:
    path: NDArray[Any]
    score: NDArray[Any]
    starts: NDArray[Any]
    ends: NDArray[Any]
    token_scores: NDArray[Any]
    def words(
        self,
        text: Any = None,
        separator: Any = None,
        *,
        seconds_per_frame: float | None = None,
    ) -> list[Any]: ...

class CTCAlphabet:
    @property
    def blank(self) -> int: ...
    @property
    def separator(self) -> str | None: ...
    @property
    def tokens(self) -> tuple[str, ...]: ...
    def __init__(
        self,
        tokens: Any,
        blank: int | str = 0,
        separator: Any = None,
    ) -> None: ...
    def __len__(
        self,
    ) -> int: ...
    def __contains__(
        self,
        token: Any,
    ) -> bool: ...
    def encode(
        self,
        text: Any,
    ) -> list[int]: ...
    def decode(
        self,
        labels: Any,
    ) -> str: ...
    def decode_path(
        self,
        path: Any,
    ) -> str: ...

class CTCHypothesis:
    labels: NDArray[Any]
    score: float
    frames: NDArray[Any]

class CTCPrefixState:
    @property
    def complete(self) -> NDArray[Any]: ...
    @property
    def labels(self) -> NDArray[Any]: ...
    @property
    def scores(self) -> NDArray[Any]: ...
    def __len__(
        self,
    ) -> int: ...
    def extend(
        self,
        hypotheses: Any,
        labels: Any,
        *,
        num_threads: int | None = None,
    ) -> CTCPrefixState: ...
    def select(
        self,
        hypotheses: Any,
    ) -> CTCPrefixState: ...

class CTCWord:
    word: str | tuple
    start: int | float | None
    end: int | float | None
    confidence: float
    def __init__(
        self,
        word: Any,
        start: Any,
        end: Any,
        confidence: Any,
    ) -> None: ...

class _binary_cross_entropy:
    def __call__(
        self,
        probs: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        probs: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        probs: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        probs: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

binary_cross_entropy: _binary_cross_entropy

class _binary_cross_entropy_with_logits:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        pos_weight: ArrayLike | None = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        pos_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        logits: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        pos_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        logits: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        pos_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

binary_cross_entropy_with_logits: _binary_cross_entropy_with_logits

class _categorical_cross_entropy:
    def __call__(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        include_negatives: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        include_negatives: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        include_negatives: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        include_negatives: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

categorical_cross_entropy: _categorical_cross_entropy

class _cross_entropy:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        temperature: float = 1.0,
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
        where: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        temperature: float = 1.0,
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
        where: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        temperature: float = 1.0,
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
        where: Any = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        temperature: float = 1.0,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

cross_entropy: _cross_entropy

def ctc_align(
    log_probs: Any,
    targets: Any,
    input_lengths: ArrayLike | None = None,
    target_lengths: ArrayLike | None = None,
    *,
    blank: int = 0,
    batch_first: bool = False,
    infeasible: Literal["inf", "zero", "raise"] = "raise",
    star: int | None = None,
    star_cost: float = 0.0,
    progress: Any = None,
    num_threads: int | None = None,
) -> CTCAlignment: ...

def ctc_decode(
    log_probs: Any,
    input_lengths: ArrayLike | None = None,
    *,
    beam_width: int = 1,
    n_best: int = 1,
    blank: int = 0,
    batch_first: bool = False,
    prune: float | None = None,
    progress: Any = None,
    num_threads: int | None = None,
) -> list[CTCHypothesis] | list[list[CTCHypothesis]]: ...

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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        progress: Any = None,
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

ctc_loss_with_logits: _ctc_loss_with_logits

def ctc_posteriors(
    log_probs: Any,
    targets: Any,
    input_lengths: ArrayLike | None = None,
    target_lengths: ArrayLike | None = None,
    *,
    blank: int = 0,
    batch_first: bool = False,
    infeasible: Literal["inf", "zero", "raise"] = "raise",
    progress: Any = None,
    num_threads: int | None = None,
) -> NDArray[Any]: ...

def ctc_prefix_score(
    log_probs: Any,
    *,
    blank: int = 0,
) -> CTCPrefixState: ...

def ctc_score(
    log_probs: Any,
    candidates: Any,
    *,
    blank: int = 0,
    progress: Any = None,
    num_threads: int | None = None,
) -> NDArray[Any]: ...

class _entropy:
    def __call__(
        self,
        probs: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        probs: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        probs: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        probs: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

entropy: _entropy

class _entropy_with_logits:
    def __call__(
        self,
        logits: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        logits: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        logits: Any,
        *,
        axis: int = -1,
        base: float | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

entropy_with_logits: _entropy_with_logits

class _generalized_cross_entropy:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        q: float = 0.7,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        q: float = 0.7,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        q: float = 0.7,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        q: float = 0.7,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

generalized_cross_entropy: _generalized_cross_entropy

def get_num_threads() -> int: ...

class _hinge_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        squared: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        squared: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        squared: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        squared: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

hinge_loss: _hinge_loss

class _huber_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        delta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        delta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        delta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        delta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

huber_loss: _huber_loss

class _js_divergence_with_logits:
    def __call__(
        self,
        logits: Any,
        target_logits: Any,
        *,
        axis: int = -1,
        beta: float = 0.5,
        temperature: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        target_logits: Any,
        *,
        axis: int = -1,
        beta: float = 0.5,
        temperature: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        logits: Any,
        target_logits: Any,
        *,
        axis: int = -1,
        beta: float = 0.5,
        temperature: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        logits: Any,
        target_logits: Any,
        *,
        axis: int = -1,
        beta: float = 0.5,
        temperature: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

js_divergence_with_logits: _js_divergence_with_logits

class _kl_divergence:
    def __call__(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        probs: Any,
        target: Any,
        *,
        axis: int = -1,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

kl_divergence: _kl_divergence

class _kl_divergence_with_logits:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        temperature: float = 1.0,
        reverse: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        temperature: float = 1.0,
        reverse: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        temperature: float = 1.0,
        reverse: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        temperature: float = 1.0,
        reverse: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

kl_divergence_with_logits: _kl_divergence_with_logits

class _l1_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

l1_loss: _l1_loss

class _log_cosh_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

log_cosh_loss: _log_cosh_loss

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

class _mse_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

mse_loss: _mse_loss

class _nll_loss:
    def __call__(
        self,
        log_probs: Any,
        target: Any,
        *,
        axis: int = -1,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        where: Any = None,
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
        where: Any = None,
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
        where: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

nll_loss: _nll_loss

class _poisson_nll_loss:
    def __call__(
        self,
        log_rate: Any,
        target: Any,
        *,
        full: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        log_rate: Any,
        target: Any,
        *,
        full: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        log_rate: Any,
        target: Any,
        *,
        full: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        log_rate: Any,
        target: Any,
        *,
        full: bool = False,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

poisson_nll_loss: _poisson_nll_loss

class _poly1_cross_entropy:
    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        axis: int = -1,
        epsilon: float = 1.0,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        epsilon: float = 1.0,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        epsilon: float = 1.0,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
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
        epsilon: float = 1.0,
        class_weight: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

poly1_cross_entropy: _poly1_cross_entropy

class _quantile_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        quantile: float = 0.5,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        quantile: float = 0.5,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        quantile: float = 0.5,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        quantile: float = 0.5,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

quantile_loss: _quantile_loss

class _rmse_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

rmse_loss: _rmse_loss

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
        where: Any = None,
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
        where: Any = None,
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
        where: Any = None,
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
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

sigmoid_focal_loss: _sigmoid_focal_loss

class _smooth_l1_loss:
    def __call__(
        self,
        predictions: Any,
        target: Any,
        *,
        beta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        num_threads: int | None = None,
    ) -> float | NDArray[Any]: ...
    def grad(
        self,
        predictions: Any,
        target: Any,
        *,
        beta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> NDArray[Any]: ...
    def value_and_grad(
        self,
        predictions: Any,
        target: Any,
        *,
        beta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: NDArray[Any] | None = None,
        num_threads: int | None = None,
    ) -> tuple[float | NDArray[Any], NDArray[Any]]: ...
    def grad_and_hess(
        self,
        predictions: Any,
        target: Any,
        *,
        beta: float = 1.0,
        sample_weight: ArrayLike | None = None,
        where: Any = None,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

smooth_l1_loss: _smooth_l1_loss

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
        where: Any = None,
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
        where: Any = None,
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
        where: Any = None,
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
        where: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...

softmax_focal_loss: _softmax_focal_loss
