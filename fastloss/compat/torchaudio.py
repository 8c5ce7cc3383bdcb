"""Forced alignment for users of torchaudio: its names, for NumPy arrays and for PyTorch tensors on the CPU.

PyTorch is not imported: a caller who passes tensors has it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar, overload

import numpy as np

from fastloss import _validation as check
from fastloss.ctc.alignment import ctc_align

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    _Scores = TypeVar("_Scores", bound=np.floating[Any])
    _Labels = TypeVar("_Labels", bound=np.integer[Any])

__all__ = ["TokenSpan", "forced_align", "merge_tokens"]


@dataclass
class TokenSpan:
    """A token and where it is, from `merge_tokens`; its length is the number of its frames.

    Attributes
    ----------
    token : int
        The label.
    start, end : int
        Its frames: from `start` up to, and without, `end`.
    score : float
        Mean of the scores of these frames.
    """

    token: int
    start: int
    end: int
    score: float

    def __len__(self) -> int:
        return self.end - self.start


@overload
def forced_align(
    log_probs: NDArray[_Scores],
    targets: NDArray[_Labels],
    input_lengths: ArrayLike | None = None,
    target_lengths: ArrayLike | None = None,
    blank: SupportsIndex = 0,
) -> tuple[NDArray[_Labels], NDArray[_Scores]]: ...
@overload
def forced_align(  # of tensors, and of arrays whose type is not known
    log_probs: Any, targets: Any, input_lengths: Any = None, target_lengths: Any = None, blank: SupportsIndex = 0
) -> tuple[Any, Any]: ...
def forced_align(
    log_probs: Any, targets: Any, input_lengths: Any = None, target_lengths: Any = None, blank: SupportsIndex = 0
) -> tuple[Any, Any]:
    r"""Forced alignment as torchaudio's function of that name: the most likely path of each target, by `ctc_align`.

    .. math:: \pi^* = \arg\max_\pi \sum_t x_{b, t, \pi_t}

    Where it differs from torchaudio 2.1 to 2.9:

    - A batch may have any size and any lengths; there, it is one sequence without padding.
    - The path is optimal. There, a frame that can be reached equally well from the state before and from the one
      before that, and worse by staying, stays; and sums are rounded to the type of `log_probs`. In all other cases the
      paths are the same.
    - Targets without labels are legal. bfloat16 and integer `log_probs` are, too.
    - There are no gradients, there is no TorchScript, and tensors are on the CPU.
    - Wrong shapes and lengths, and too few frames, are a ValueError; there, a RuntimeError.
    - A target all of whose paths have probability 0 is a ValueError; there, it gets some path.
    - Logits and probabilities in the place of log-probabilities give the same paths as there, and a UserWarning where
      a path's score is above 0.

    Parameters
    ----------
    log_probs : array or tensor (B, T, C), float
        Log-probabilities in nats: a batch of B, T frames, C classes. -inf is probability 0.
    targets : array or tensor (B, L), int32 or int64
        Labels 0..C-1 other than `blank`. What lies beyond a target's length is not read.
    input_lengths, target_lengths : integer arrays or tensors (B,), optional
        How many frames and labels count; by default all.
    blank : int
        The blank's class, 0..C-1.

    Returns
    -------
    paths : (B, T), of the dtype of `targets`
        The class of each frame; `blank` beyond the sequence's end.
    scores : (B, T), of the dtype of `log_probs`
        `log_probs` at that class; 0 beyond the sequence's end. Both results are tensors if `log_probs` or `targets` is
        one, otherwise NumPy arrays.

    Raises
    ------
    ValueError
        For a label out of range or equal to `blank`, a length below 0 or beyond the array, shapes that do not fit, NaN
        or +inf at a label or the blank, or a target that no path spells: the text names the sample, and the score or
        the frames it needs and the frames there are.
    TypeError
        For a tensor that is not on the CPU, or another dtype.

    Examples
    --------
    Four frames say "aab" without a blank, and the target is "ab":

    >>> import numpy as np, fastloss.compat.torchaudio as F
    >>> log_probs = np.log([[[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]])
    >>> paths, scores = F.forced_align(log_probs, np.array([[1, 2]]))
    >>> paths
    array([[1, 1, 2, 0]])
    >>> np.exp(scores).round(3)
    array([[0.8, 0.8, 0.8, 0.8]])

    References
    ----------
    ``torchaudio.functional.forced_align``; Pratap et al. 2023, "Scaling Speech Technology to 1,000+ Languages".
    """
    as_tensors, given = _is_tensor(log_probs) or _is_tensor(targets), log_probs
    log_probs, targets = _as_array(log_probs, "log_probs"), _as_array(targets, "targets")
    if log_probs.ndim != 3:
        raise ValueError(f"log_probs has shape {log_probs.shape}; expected (B, T, C)")
    if targets.ndim != 2:
        raise ValueError(f"targets has shape {targets.shape}; expected (B, L)")
    if targets.dtype.kind != "i" or targets.dtype.itemsize not in (4, 8):
        raise TypeError(f"targets has dtype {targets.dtype}; expected int32 or int64")
    if input_lengths is not None:
        input_lengths = _as_array(input_lengths, "input_lengths")
    if target_lengths is not None:
        target_lengths = _as_array(target_lengths, "target_lengths")
    classes = log_probs.shape[2]
    blank = check.as_integer(blank, "blank")
    if classes and not 0 <= blank < classes:
        raise ValueError(f"blank is {blank}; expected a class 0..{classes - 1}")
    found = ctc_align(log_probs, targets, input_lengths, target_lengths, blank=blank, batch_first=True)
    beyond = found.path < 0
    paths = np.where(beyond, blank, found.path)
    scores = np.take_along_axis(log_probs, paths[..., None], axis=2)[..., 0]
    scores[beyond] = 0
    paths = paths.astype(targets.dtype, copy=False)
    if not as_tensors:
        return paths, scores
    torch = sys.modules["torch"]
    scores = torch.from_numpy(scores)
    return torch.from_numpy(paths), scores.to(given.dtype) if _is_tensor(given) else scores


def merge_tokens(tokens: ArrayLike, scores: ArrayLike, blank: SupportsIndex = 0) -> list[TokenSpan]:
    """The spans of a path as torchaudio's function of that name: frames of one token joined, blanks left out.

    Equal labels side by side are one span, unless a blank is between them. Where it differs from torchaudio: the mean
    is taken in double precision, whatever the type of `scores`.

    Parameters
    ----------
    tokens : integer array or tensor (T,)
        A path, such as `paths[0]` of `forced_align`. -1 at either end is left out, as blanks are.
    scores : array or tensor (T,)
        The score of each frame, such as `scores[0]` of `forced_align`.
    blank : int
        The blank's class.

    Returns
    -------
    list of TokenSpan
        `token`, `start`, `end` and the mean `score` of each span; Python numbers.

    Raises
    ------
    ValueError, TypeError
        For arrays of another number of dimensions than 1 or of different lengths; for tokens that are not integers, and
        for tensors that are not on the CPU.

    Examples
    --------
    >>> import fastloss.compat.torchaudio as F
    >>> spans = F.merge_tokens([0, 1, 1, 0, 2], [-0.1, -0.25, -0.75, -0.1, -1.0])
    >>> spans
    [TokenSpan(token=1, start=1, end=3, score=-0.5), TokenSpan(token=2, start=4, end=5, score=-1.0)]
    >>> len(spans[0])
    2

    References
    ----------
    ``torchaudio.functional.merge_tokens``.
    """
    tokens, scores = _as_array(tokens, "tokens"), _as_array(scores, "scores")
    for array, name in ((tokens, "tokens"), (scores, "scores")):
        if array.ndim != 1:
            raise ValueError(f"{name} has shape {array.shape}; expected (T,)")
    if tokens.size != scores.size:
        raise ValueError(f"tokens has {tokens.size} frames, scores has {scores.size}; expected as many")
    if tokens.dtype.kind not in "iu" and tokens.size:
        raise TypeError(f"tokens has dtype {tokens.dtype}; tokens must be integers")
    fenced = np.concatenate([[-1], tokens.astype(np.int64), [-1]])
    edges = np.flatnonzero(fenced[1:] != fenced[:-1])
    if not edges.size:
        return []
    starts, ends = edges[:-1], edges[1:]
    means = np.add.reduceat(scores[: ends[-1]].astype(np.float64), starts) / (ends - starts)
    found = zip(tokens[starts].tolist(), starts.tolist(), ends.tolist(), means.tolist(), strict=True)
    return [TokenSpan(*span) for span in found if span[0] != blank]


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return isinstance(value, getattr(torch, "Tensor", ()))


def _as_array(value: Any, name: str) -> Any:
    """What was passed as a NumPy array. bfloat16, which NumPy lacks, becomes float32."""
    if not _is_tensor(value):
        return check.as_array(value, name)
    if value.device.type != "cpu":
        raise TypeError(f"{name} is on {value.device}; expected a tensor on the CPU, as {name}.cpu() is")
    torch = sys.modules["torch"]
    value = value.detach()
    return check.as_array((value.float() if value.dtype is torch.bfloat16 else value).numpy(force=True), name)
