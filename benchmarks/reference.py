"""The definitions of the losses in float64, which are those of the tests; and how much of an input is compared."""

import importlib.util
import pathlib

import numpy as np

_path = pathlib.Path(__file__).parents[1] / "tests" / "support" / "reference.py"
_spec = importlib.util.spec_from_file_location("fastloss_reference", _path)
losses = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(losses)

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
