"""What the tests know of the losses: their table and their definitions; and how much of an input is compared."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
import domains
import losses as table
import reference as definitions
import reference_ctc as definitions_ctc
import reference_decode as definitions_decode

__all__ = ["definitions", "definitions_ctc", "definitions_decode", "domains", "sequences", "some_rows", "table"]

MOST_ELEMENTS = 2**21
MOST_SEQUENCES = 8


def some_rows(scores):
    """The first rows, about two million elements of them: a float64 reference of more would outlast the benchmark."""
    return slice(0, max(1, MOST_ELEMENTS * len(scores) // scores.size))


def sequences(definition, scores, targets, most=MOST_SEQUENCES):
    """Losses (n,) and gradients (T, n, C) of the first sequences, in float64."""
    several = range(min(most, scores.shape[1]))
    results = [definition(scores[:, n].astype(float), targets[n]) for n in several]
    return np.array([loss for loss, _ in results]), np.stack([grad for _, grad in results], axis=1)
