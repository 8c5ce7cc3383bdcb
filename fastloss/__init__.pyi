"""Written by tools/codegen/make_stub.py from the signatures of the package; not edited by hand."""

# fmt: off
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal, Protocol, SupportsFloat, SupportsIndex, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

class _SupportsDLPack(Protocol):
    def __dlpack__(self) -> Any: ...

class _IsTensor(Protocol):
    def data_ptr(self) -> int: ...

_Array: TypeAlias = ArrayLike | _SupportsDLPack
_Floats: TypeAlias = NDArray[np.floating[Any]]
_Float = TypeVar("_Float", bound=np.floating[Any])
_Tensor = TypeVar("_Tensor", bound=_IsTensor)

class _Loss:
    __name__: str
    @property
    def family(self) -> Literal["elementwise", "rowwise", "ctc", "linear"]: ...
    @property
    def has_curvature(self) -> bool: ...

__version__: str

__all__ = [
    "CTCAlignment", "CTCAlphabet", "CTCHypothesis", "CTCPrefixState", "CTCWord", "ComparisonSummary", "LabelScores",
    "LlamaCppLogits", "LogitsComparison", "__version__", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "categorical_cross_entropy", "cross_entropy", "ctc_align", "ctc_decode", "ctc_loss", "ctc_loss_with_logits",
    "ctc_posteriors", "ctc_prefix_score", "ctc_score", "entropy", "entropy_with_logits", "generalized_cross_entropy",
    "get_num_threads", "hinge_loss", "huber_loss", "js_divergence_with_logits", "kl_divergence",
    "kl_divergence_with_logits", "l1_loss", "label_scores", "linear_cross_entropy", "log_cosh_loss", "log_softmax",
    "logsumexp", "mse_loss", "nll_loss", "poisson_nll_loss", "poly1_cross_entropy", "quantile_loss", "rmse_loss",
    "set_num_threads", "show_config", "sigmoid_focal_loss", "smooth_l1_loss", "softmax", "softmax_focal_loss",
]

@dataclass(frozen=True, eq=False, repr=False)
class CTCAlignment:
    path: NDArray[np.int64]
    score: NDArray[np.float64] | Any
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    token_scores: NDArray[np.float64]
    _aligned: tuple[object, ...] | None = None
    def words(
        self, text: str | CTCAlphabet | Iterable[str | Iterable[str]] | None = None,
        separator: str | SupportsIndex | None = None, *, seconds_per_frame: SupportsFloat | None = None,
    ) -> list[Any]: ...

class CTCAlphabet:
    @property
    def blank(self) -> int: ...
    @property
    def separator(self) -> str | None: ...
    @property
    def tokens(self) -> tuple[str, ...]: ...
    def __init__(
        self, tokens: str | Iterable[str] | Mapping[str, SupportsIndex], blank: SupportsIndex | str = 0,
        separator: str | None = None,
    ) -> None: ...
    def __len__(self) -> int: ...
    def __contains__(self, token: object) -> bool: ...
    def encode(self, text: str | Iterable[str]) -> list[int]: ...
    def decode(self, labels: _Array) -> str: ...
    def decode_path(self, path: _Array) -> str: ...

@dataclass(frozen=True, eq=False, repr=False)
class CTCHypothesis:
    labels: NDArray[np.int64]
    score: float
    frames: NDArray[np.int64]

class CTCPrefixState:
    @property
    def complete(self) -> NDArray[np.float64]: ...
    @property
    def labels(self) -> NDArray[np.int64]: ...
    @property
    def scores(self) -> NDArray[np.float64]: ...
    def __init__(self, recording: _Array, last: _Array) -> None: ...
    def __len__(self) -> int: ...
    def extend(
        self, hypotheses: _Array, labels: _Array, *, num_threads: SupportsIndex | None = None,
    ) -> CTCPrefixState: ...
    def select(self, hypotheses: _Array) -> CTCPrefixState: ...

@dataclass(frozen=True, repr=False, slots=True)
class CTCWord:
    word: str | tuple[int, ...]
    start: int | float | None
    end: int | float | None
    confidence: float

@dataclass(frozen=True, repr=False)
class ComparisonSummary:
    tokens: int
    labelled_tokens: int
    classes: int | None
    nan_tokens: int
    infinite_tokens: int
    quantile_error: float
    kl_mean: float
    kl_error: float
    kl_min: float
    kl_max: float
    kl_quantiles: dict[float, float]
    top1_agreement: float
    top1_agreement_error: float
    change_mean: float | None = None
    change_error: float | None = None
    change_rms: float | None = None
    change_rms_error: float | None = None
    change_min: float | None = None
    change_max: float | None = None
    change_quantiles: dict[float, float] | None = None
    perplexity: float | None = None
    perplexity_error: float | None = None
    reference_perplexity: float | None = None
    reference_perplexity_error: float | None = None
    log_perplexity_ratio: float | None = None
    log_perplexity_ratio_error: float | None = None
    perplexity_ratio: float | None = None
    perplexity_ratio_error: float | None = None
    perplexity_difference: float | None = None
    perplexity_difference_error: float | None = None
    log_perplexity_correlation: float | None = None
    @property
    def change_median(self) -> float | None: ...
    @property
    def kl_median(self) -> float: ...
    def as_dict(self) -> dict[str, Any]: ...

@dataclass(frozen=True, eq=False, repr=False, slots=True)
class LabelScores:
    log_prob: _Floats
    rank: NDArray[np.int64]
    best: NDArray[np.int64]
    entropy: _Floats
    def perplexity(self) -> float: ...
    def accuracy(self, k: SupportsIndex = 1) -> float: ...

class LlamaCppLogits:
    @property
    def first(self) -> int: ...
    @property
    def n_chunk(self) -> int: ...
    @property
    def n_ctx(self) -> int: ...
    @property
    def n_vocab(self) -> int: ...
    @property
    def tokens(self) -> NDArray[np.int32]: ...
    def __init__(self, path: str | PathLike[str]) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, chunk: SupportsIndex) -> tuple[NDArray[np.float32], NDArray[np.int32]]: ...
    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]: ...

class LogitsComparison:
    @property
    def tokens(self) -> int: ...
    def __init__(
        self, *, axis: SupportsIndex = -1, ignore_index: SupportsIndex | None = -100,
        num_threads: SupportsIndex | None = None,
    ) -> None: ...
    def update(self, logits: _Array, reference_logits: _Array, target: _Array | None = None) -> None: ...
    def merge(self, other: LogitsComparison) -> None: ...
    def summary(self) -> ComparisonSummary: ...
    def plot(self, ax: Any = None) -> Any: ...

class _binary_cross_entropy(_Loss):
    @overload
    def __call__(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, probs: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

binary_cross_entropy: _binary_cross_entropy

class _binary_cross_entropy_with_logits(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, pos_weight: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, pos_weight: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, pos_weight: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, logits: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, pos_weight: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        pos_weight: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Tensor, _Tensor], num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

binary_cross_entropy_with_logits: _binary_cross_entropy_with_logits

class _categorical_cross_entropy(_Loss):
    @overload
    def __call__(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1,
        include_negatives: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1,
        include_negatives: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1,
        include_negatives: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1,
        include_negatives: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, include_negatives: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

categorical_cross_entropy: _categorical_cross_entropy

class _cross_entropy(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0, reduction: Literal["none"],
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0, reduction: Literal["none"],
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0, reduction: Literal["none"],
        out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

cross_entropy: _cross_entropy

def ctc_align(
    log_probs: _Array, targets: _Array, input_lengths: _Array | None = None, target_lengths: _Array | None = None, *,
    blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
    infeasible: Literal["inf", "zero", "raise"] = "raise", star: SupportsIndex | None = None,
    star_cost: SupportsFloat = 0.0, progress: Callable[[float], object] | None = None,
    num_threads: SupportsIndex | None = None,
) -> CTCAlignment: ...

def ctc_decode(
    log_probs: _Array, input_lengths: _Array | None = None, *, beam_width: SupportsIndex = 1, n_best: SupportsIndex = 1,
    blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False, prune: SupportsFloat | None = None,
    progress: Callable[[float], object] | None = None, num_threads: SupportsIndex | None = None,
) -> list[Any]: ...

class _ctc_loss(_Loss):
    @overload
    def __call__(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, log_probs: NDArray[_Float], targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        progress: Callable[[float], object] | None = None, out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, log_probs: NDArray[_Float], targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, log_probs: NDArray[_Float], targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

ctc_loss: _ctc_loss

class _ctc_loss_with_logits(_Loss):
    @overload
    def __call__(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        progress: Callable[[float], object] | None = None, out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        progress: Callable[[float], object] | None = None, out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, targets: _Array, input_lengths: _Array | None = None,
        target_lengths: _Array | None = None, *, blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False,
        infeasible: Literal["inf", "zero", "raise"] = "inf", sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], progress: Callable[[float], object] | None = None,
        out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

ctc_loss_with_logits: _ctc_loss_with_logits

def ctc_posteriors(
    log_probs: _Array, targets: _Array, input_lengths: _Array | None = None, target_lengths: _Array | None = None, *,
    blank: SupportsIndex = 0, batch_first: bool | np.bool_ = False, infeasible: Literal["raise", "zero"] = "raise",
    progress: Callable[[float], object] | None = None, num_threads: SupportsIndex | None = None,
) -> _Floats: ...

def ctc_prefix_score(log_probs: _Array, *, blank: SupportsIndex = 0) -> CTCPrefixState: ...

def ctc_score(
    log_probs: _Array, candidates: _Array, *, blank: SupportsIndex = 0,
    progress: Callable[[float], object] | None = None, num_threads: SupportsIndex | None = None,
) -> NDArray[np.float64]: ...

class _entropy(_Loss):
    @overload
    def __call__(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: NDArray[_Float], *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, probs: NDArray[_Float], *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

entropy: _entropy

class _entropy_with_logits(_Loss):
    @overload
    def __call__(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, *, axis: SupportsIndex = -1, base: SupportsFloat | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

entropy_with_logits: _entropy_with_logits

class _generalized_cross_entropy(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, q: SupportsFloat = 0.7,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

generalized_cross_entropy: _generalized_cross_entropy

def get_num_threads() -> int: ...

class _hinge_loss(_Loss):
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, predictions: NDArray[_Float], target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, squared: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

hinge_loss: _hinge_loss

class _huber_loss(_Loss):
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, delta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, delta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, delta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, predictions: NDArray[_Float], target: _Array, *, delta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, delta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Tensor, _Tensor], num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

huber_loss: _huber_loss

class _js_divergence_with_logits(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target_logits: _Array, *, axis: SupportsIndex = -1, beta: SupportsFloat = 0.5,
        temperature: SupportsFloat = 1.0, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

js_divergence_with_logits: _js_divergence_with_logits

class _kl_divergence(_Loss):
    @overload
    def __call__(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, probs: _Array, target: _Array, *, axis: SupportsIndex = -1, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Tensor, _Tensor], num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

kl_divergence: _kl_divergence

class _kl_divergence_with_logits(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, temperature: SupportsFloat = 1.0,
        reverse: bool | np.bool_ = False, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

kl_divergence_with_logits: _kl_divergence_with_logits

class _l1_loss(_Loss):
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

l1_loss: _l1_loss

def label_scores(
    logits: _Array, target: _Array, *, axis: SupportsIndex = -1, ignore_index: SupportsIndex | None = -100,
    num_threads: SupportsIndex | None = None,
) -> LabelScores: ...

class _linear_cross_entropy(_Loss):
    @overload
    def __call__(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: _Array | None = None,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, label_smoothing: SupportsFloat = 0.0,
        temperature: SupportsFloat = 1.0, reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        max_bytes: SupportsIndex = 268435456, num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: _Array | None = None,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, label_smoothing: SupportsFloat = 0.0,
        temperature: SupportsFloat = 1.0, reduction: Literal["none"], max_bytes: SupportsIndex = 268435456,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: None = None, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        max_bytes: SupportsIndex = 268435456, out: tuple[_Floats | None, _Floats | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: _Array, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        max_bytes: SupportsIndex = 268435456, out: tuple[_Floats | None, _Floats | None, _Floats | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: None = None, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", max_bytes: SupportsIndex = 268435456,
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, tuple[_Floats, _Floats]]: ...
    @overload
    def value_and_grad(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: _Array, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", max_bytes: SupportsIndex = 268435456,
        out: tuple[_Floats | None, _Floats | None, _Floats | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, tuple[_Floats, _Floats, _Floats]]: ...
    @overload
    def value_and_grad(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: None = None, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0, reduction: Literal["none"],
        max_bytes: SupportsIndex = 268435456, out: tuple[_Floats | None, _Floats | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, tuple[_Floats, _Floats]]: ...
    @overload
    def value_and_grad(
        self, inputs: _Array, weight: _Array, target: _Array, *, bias: _Array, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        label_smoothing: SupportsFloat = 0.0, temperature: SupportsFloat = 1.0, reduction: Literal["none"],
        max_bytes: SupportsIndex = 268435456, out: tuple[_Floats | None, _Floats | None, _Floats | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, tuple[_Floats, _Floats, _Floats]]: ...

linear_cross_entropy: _linear_cross_entropy

class _log_cosh_loss(_Loss):
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

log_cosh_loss: _log_cosh_loss

@overload
def log_softmax(
    scores: NDArray[_Float], *, axis: SupportsIndex = -1, out: NDArray[_Float] | None = None,
    num_threads: SupportsIndex | None = None,
) -> NDArray[_Float]: ...
@overload
def log_softmax(
    scores: _Array, *, axis: SupportsIndex = -1, out: _Floats | None = None, num_threads: SupportsIndex | None = None,
) -> _Floats: ...
@overload
def log_softmax(
    scores: _Array, *, axis: SupportsIndex = -1, out: _Tensor, num_threads: SupportsIndex | None = None,
) -> _Tensor: ...

@overload
def logsumexp(
    scores: _Array, *, axis: SupportsIndex = -1, out: _Floats | None = None, num_threads: SupportsIndex | None = None,
) -> _Floats: ...
@overload
def logsumexp(
    scores: _Array, *, axis: SupportsIndex = -1, out: _Tensor, num_threads: SupportsIndex | None = None,
) -> _Tensor: ...

class _mse_loss(_Loss):
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

mse_loss: _mse_loss

class _nll_loss(_Loss):
    @overload
    def __call__(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, log_probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, log_probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, log_probs: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["none"], out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, log_probs: _Array, target: _Array, *, axis: SupportsIndex = -1, class_weight: _Array | None = None,
        sample_weight: _Array | None = None, where: _Array | None = None, ignore_index: SupportsIndex | None = -100,
        reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

nll_loss: _nll_loss

class _poisson_nll_loss(_Loss):
    @overload
    def __call__(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, log_rate: NDArray[_Float], target: _Array, *, full: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, log_rate: NDArray[_Float], target: _Array, *, full: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, log_rate: NDArray[_Float], target: _Array, *, full: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, log_rate: NDArray[_Float], target: _Array, *, full: bool | np.bool_ = False,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, log_rate: _Array, target: _Array, *, full: bool | np.bool_ = False, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Tensor, _Tensor], num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

poisson_nll_loss: _poisson_nll_loss

class _poly1_cross_entropy(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, epsilon: SupportsFloat = 1.0,
        class_weight: _Array | None = None, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

poly1_cross_entropy: _poly1_cross_entropy

class _quantile_loss(_Loss):
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, quantile: _Array = 0.5,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, quantile: _Array = 0.5,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, quantile: _Array = 0.5,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, quantile: _Array = 0.5, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...

quantile_loss: _quantile_loss

class _rmse_loss(_Loss):
    def __call__(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean"] = "mean", out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...

rmse_loss: _rmse_loss

def set_num_threads(num_threads: SupportsIndex) -> None: ...

def show_config() -> dict[str, Any]: ...

class _sigmoid_focal_loss(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, logits: NDArray[_Float], target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, alpha: _Array | None = 0.25, gamma: SupportsFloat = 2.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

sigmoid_focal_loss: _sigmoid_focal_loss

class _smooth_l1_loss(_Loss):
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: NDArray[_Float], target: _Array, *, beta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, beta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean",
        out: _Floats | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, predictions: NDArray[_Float], target: _Array, *, beta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None, reduction: Literal["none"],
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["none"], out: _Tensor, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, predictions: NDArray[_Float], target: _Array, *, beta: SupportsFloat = 1.0,
        sample_weight: _Array | None = None, where: _Array | None = None,
        reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, predictions: _Array, target: _Array, *, beta: SupportsFloat = 1.0, sample_weight: _Array | None = None,
        where: _Array | None = None, reduction: Literal["mean", "weighted_mean", "sum", "none"] = "mean",
        out: tuple[_Tensor, _Tensor], num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

smooth_l1_loss: _smooth_l1_loss

@overload
def softmax(
    scores: NDArray[_Float], *, axis: SupportsIndex = -1, out: NDArray[_Float] | None = None,
    num_threads: SupportsIndex | None = None,
) -> NDArray[_Float]: ...
@overload
def softmax(
    scores: _Array, *, axis: SupportsIndex = -1, out: _Floats | None = None, num_threads: SupportsIndex | None = None,
) -> _Floats: ...
@overload
def softmax(
    scores: _Array, *, axis: SupportsIndex = -1, out: _Tensor, num_threads: SupportsIndex | None = None,
) -> _Tensor: ...

class _softmax_focal_loss(_Loss):
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean",
        num_threads: SupportsIndex | None = None,
    ) -> float: ...
    @overload
    def __call__(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: NDArray[_Float] | None = None, num_threads: SupportsIndex | None = None,
    ) -> NDArray[_Float]: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> _Floats: ...
    @overload
    def grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> _Tensor: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum"] = "mean", out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[float, _Tensor]: ...
    @overload
    def value_and_grad(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: NDArray[_Float] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, NDArray[_Float]]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: _Floats | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def value_and_grad(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100, reduction: Literal["none"], out: _Tensor,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Tensor]: ...
    @overload
    def grad_and_hess(
        self, logits: NDArray[_Float], target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[NDArray[_Float] | None, NDArray[_Float] | None] | None = None,
        num_threads: SupportsIndex | None = None,
    ) -> tuple[NDArray[_Float], NDArray[_Float]]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean",
        out: tuple[_Floats | None, _Floats | None] | None = None, num_threads: SupportsIndex | None = None,
    ) -> tuple[_Floats, _Floats]: ...
    @overload
    def grad_and_hess(
        self, logits: _Array, target: _Array, *, axis: SupportsIndex = -1, alpha: _Array | None = None,
        gamma: SupportsFloat = 2.0, sample_weight: _Array | None = None, where: _Array | None = None,
        ignore_index: SupportsIndex | None = -100,
        reduction: Literal["mean", "weighted_mean", "batchmean", "sum", "none"] = "mean", out: tuple[_Tensor, _Tensor],
        num_threads: SupportsIndex | None = None,
    ) -> tuple[_Tensor, _Tensor]: ...

softmax_focal_loss: _softmax_focal_loss
