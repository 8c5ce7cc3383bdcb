"""What evaluations ask of each row of logits: the label's log-probability and rank, the best class, the entropy."""

from dataclasses import dataclass

import numpy as np

from fastloss import _validation as check
from fastloss._keywords import says_keywords
from fastloss._reduction import Reduction
from fastloss._rowwise import Labels, Rows
from fastloss._threads import nothing_to_compute, threads_for

__all__ = ["LabelScores", "label_scores"]


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class LabelScores:
    log_prob: np.ndarray
    rank: np.ndarray
    best: np.ndarray
    entropy: np.ndarray


@says_keywords
def label_scores(logits, target, *, axis=-1, ignore_index=-100, num_threads=None):
    rows = Rows(logits, "logits", axis)
    labels = Labels(rows, check.as_array(target, "target"), Reduction("none", None, None), ignore_index)
    threads = threads_for(num_threads, rows.array.size)
    found = LabelScores(
        *(np.empty(rows.shape, dtype) for dtype in (rows.dtype, np.int64, np.int64, rows.dtype)),
    )
    rows.kernels.cross_entropy.label_scores(
        rows.view, labels.array, labels.ignored, found.log_prob, found.rank, found.best, found.entropy, threads
    )
    return found
