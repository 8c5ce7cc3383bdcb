"""The best score that is the same for all examples, from which boosting starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastloss import _validation as check
from fastloss._hints import place_of
from fastloss._numbers import check_finite
from fastloss.boosting._library import renamed

MOST_CLASSES = 4096  # whose derivatives, each by each, take 128 MiB; labels beyond are numbers of something else
FARTHEST = 40.0  # log-odds of which the probability is 0 or 1 in double precision


def finite_labels(labels: Any) -> Any:
    """As double."""
    check.number_code(labels, "labels")
    labels = check.as_float(labels)
    check_finite(labels, "labels")
    return labels


def start_of_numbers(loss: Any, options: dict[str, Any], link: str, labels: Any, weight: Any) -> float:
    """By bisection: the slope of the sum is negative below the best score and positive above."""
    low, high = (float(labels.min()), float(labels.max())) if link == "identity" else (-FARTHEST, FARTHEST)
    if weight is not None:
        options = {**options, "sample_weight": weight}
    grad = np.empty(labels.shape)
    for _ in range(64):
        middle = low / 2 + high / 2
        grad[...] = middle
        try:
            slope = loss.grad(grad, labels, reduction="sum", out=grad, **options).sum()
        except ValueError as error:
            raise renamed(error) from None
        low, high = (middle, high) if slope < 0 else (low, middle)
    return low / 2 + high / 2


def start_of_classes(derivatives: Any, classes: Any, weight: Any) -> Any:
    """By Newton steps on one example of each class, weighted by its share. The first guess is right for cross-entropy
    without options."""
    ignored = derivatives.options.get("ignore_index", -100)
    counted = np.ones(classes.shape, np.bool_) if ignored is None else classes != ignored
    wrong = counted & (classes < 0)
    if wrong.any():
        place = int(wrong.argmax())
        raise ValueError(
            f"labels{place_of(place, classes.shape)} is {classes.flat[place]}; expected a class, 0, 1, ..."
        )
    if counted.any() and classes[counted].max() >= MOST_CLASSES:
        place = int(np.where(counted, classes, -1).argmax())
        raise ValueError(
            f"labels{place_of(place, classes.shape)} is {classes.flat[place]}; expected a class, 0, 1, ..., below "
            f"{MOST_CLASSES}"
        )
    if not counted.any():
        raise ValueError("labels has no class that counts: there is nothing to start from")
    shares = np.bincount(classes[counted], None if weight is None else check.as_float(weight)[counted])
    if not shares.any():
        raise ValueError("sample_weight is 0 for all labels that count: there is nothing to start from")
    shares = np.maximum(shares, 0.5 * (shares == 0)) / shares.sum()  # a class of no example: half of one
    start, every = np.log(shares), np.arange(shares.size)
    derivatives = derivatives._replace(hessian="bounded" if derivatives.curved else "ones", max_step=1.0)
    for _ in range(200):
        grad, hess = derivatives(np.tile(start, (every.size, 1)), every, shares)
        # Half steps: of two classes the diagonal is half of the curvature, and whole steps would not converge.
        step = grad.sum(axis=0) / np.maximum(hess.sum(axis=0), 1e-300)
        start = start - step / 2
        if np.abs(step).max() < 1e-9:
            break
    return start - start.mean()
