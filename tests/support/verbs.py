"""What a loss must return by its definition in reference.py, and all verbs of it checked at once."""

from typing import NamedTuple

import numpy as np
import reference
from tolerance import assert_close, compute_dtype, gradient_dtype

IGNORED = 2  # a class that exists: rows with this label must vanish all the same


class Call(NamedTuple):
    """Arguments of a loss, and what they mean."""

    arguments: tuple
    options: dict  # as the loss and its definition take them
    weight: object = 1.0  # one for each loss, or all of them
    ignored: object = None  # an ignore_index
    where: object = True  # of each loss, whether it counts
    passed: object = None  # the arguments as the loss gets them: with what must not be used where nothing counts

    @property
    def keywords(self):
        more = {} if np.isscalar(self.weight) else {"sample_weight": self.weight}
        more |= {} if self.where is True else {"where": self.where}
        return self.options | more | ({} if self.ignored is None else {"ignore_index": self.ignored})


class Expected(NamedTuple):
    """Losses and derivatives of the sum, and the magnitude of the terms of which each is a difference."""

    losses: object
    derivatives: list
    value_terms: object
    terms: list
    divisor: float  # of the reduction


def as_defined(row, call):
    """Positional arguments in double, labels one-hot; which losses count; how much each weighs in a mean."""
    x, *targets = (np.asarray(array).astype(np.float64) for array in call.arguments)
    shape = x.shape if row.family == "elementwise" else x.shape[:-1]
    if not targets or shape == x.shape or targets[0].shape == x.shape:
        return (x, *targets), np.broadcast_to(call.where, shape), np.ones(shape)
    labels = np.asarray(call.arguments[1])
    counts = (labels != (-100 if call.ignored is None else call.ignored)) & call.where
    y = reference.one_hot(np.where(counts, labels, 0), x.shape[-1])
    return (x, y), counts, (call.options.get("class_weight", 1.0) * y).sum(axis=-1)


def divisor_of(reduction, call, counts, weighs):
    """What the sum of the losses is divided by."""
    if reduction == "mean":
        return (weighs * counts).sum()
    if reduction == "weighted_mean":
        return (call.weight * weighs * counts).sum()
    if reduction == "batchmean":
        return counts.any(axis=tuple(range(1, counts.ndim))).sum()
    return 1.0


def expected(row, call, reduction):
    """By the definition, for one call."""
    arguments, counts, weighs = as_defined(row, call)
    divisor = divisor_of(reduction, call, counts, weighs)
    parts = ("", "_grad", "_hess") if row.has_curvature(call.options) else ("", "_grad")
    formulas = [getattr(reference, row.name + part) for part in parts]
    if row.is_of_all:
        options = {**call.options, "sample_weight": call.weight * counts, "divisor": divisor}
        value, grad = (formula(*arguments, **options) for formula in formulas)
        bounds = row.rounding(*arguments, **options)
        return Expected(value, [grad], bounds.value, [bounds.grad], 1.0)
    losses, *derivatives = (formula(*arguments, **call.options) for formula in formulas)
    bounds = row.rounding(*arguments, **call.options)
    weight = np.broadcast_to(np.multiply(call.weight, counts), losses.shape)
    by_element = weight if weight.shape == arguments[0].shape else weight[..., None]
    return Expected(
        weight * losses,
        [by_element * derivative for derivative in derivatives],
        weight * bounds.value,
        [by_element * bounds.grad, by_element * bounds.hess],
        divisor,
    )


def check(row, call, name, reduction):
    """All four verbs of a loss, in a dtype by name."""
    loss, wanted = row.loss, expected(row, call, reduction)
    keywords = {**call.keywords, "reduction": reduction}
    arguments = call.arguments if call.passed is None else call.passed
    scale = 1.0 / wanted.divisor if wanted.divisor else 0.0  # the gradient of a mean over nothing is 0
    if row.is_of_all or reduction == "none":
        value, value_terms = wanted.losses, wanted.value_terms
    else:
        value = reference.reduce(wanted.losses, reduction, wanted.divisor)
        value_terms = wanted.value_terms.sum() * scale
        if (wanted.losses < 0).any() and (wanted.losses > 0).any():  # losses of both signs: the sum is a difference
            value_terms = max(value_terms, np.abs(wanted.losses).sum() * scale)
    found, grad = loss.value_and_grad(*arguments, **keywords)
    for result in (loss(*arguments, **keywords), found):
        assert_close(result, value, name, terms=value_terms)
    if reduction == "none":
        assert found.dtype == compute_dtype(name)
    results = [[grad, loss.grad(*arguments, **keywords)]]
    if len(wanted.derivatives) > 1:
        both = loss.grad_and_hess(*arguments, **keywords)
        results = [[*results[0], both[0]], [both[1]]]
    for arrays, derivative, terms in zip(results, wanted.derivatives, wanted.terms, strict=False):
        for array in arrays:
            assert array.dtype == gradient_dtype(name)
            assert_close(array, derivative * scale, name, terms=terms * scale, rounded=True)
