"""Every loss x dtype x instruction set x reduction x options x weights against its definition in support/reference.py:
value, gradient, curvature."""

from typing import NamedTuple

import domains
import numpy as np
import pytest
import reference
import reference_ctc
from losses import Row, of_family
from tolerance import DTYPES, assert_close, compute_dtype, draw, dtype_of, gradient_dtype
from verbs import IGNORED, Call, check

import fastloss as fl

ELEMENTS = ((7, 311),)  # more than a block of the kernel, and no multiple of one
# Rows across the vector lanes (a full tile and a remainder), one row at a time, and rows in blocks.
LABELLED_ROWS = ((67, 7), (35, 100), (9, 130), (2, 5003))
ROWS = ((67, 7), (9, 130), (2, 5003))


def shapes(row):
    return ELEMENTS if row.family == "elementwise" else LABELLED_ROWS if row.has_labels else ROWS


def weightings(row, kind, options):
    if not row.is_weighted_too(options, kind):
        return ("plain",)
    return (
        ("plain", "weighted", "broadcast", "where") if row.family == "elementwise" else ("plain", "weighted", "where")
    )


def reductions(row, options, weighting):
    """Of those that divide by something else than a mean, each where it differs from it."""
    untried = {"weighted_mean"} if weighting == "plain" else set()
    if options or weighting == "weighted":
        untried.add("batchmean")
    return [reduction for reduction in row.reductions if reduction not in untried]


class Case(NamedTuple):
    row: Row
    kind: object  # of the target
    options: dict
    weighting: str
    shape: tuple
    name: str  # of the dtype
    reduction: str


CASES = [
    Case(row, kind, options, weighting, shape, name, reduction)
    for row in of_family("elementwise", "rowwise")
    for kind in row.targets or (None,)
    for options in row.options
    for weighting in weightings(row, kind, options)
    for shape in shapes(row)
    for name in row.domain.dtypes
    for reduction in reductions(row, options, weighting)
]


def name_of(value):
    if isinstance(value, dict):
        return "+".join(f"{key}={number}" for key, number in value.items()) or "defaults"
    return getattr(value, "name", None) or ("x".join(map(str, value)) if isinstance(value, tuple) else str(value))


def make_call(rng, case):
    """Arguments in the dtype of that name; where they are weighted, with a label that is ignored."""
    row, shape, name = case.row, case.shape, case.name
    x, *targets = row.draw(rng, shape, dtype_of(name), compute_dtype(name), case.kind)
    weight, ignored, of_losses = 1.0, None, shape if row.family == "elementwise" else shape[:-1]
    if case.kind == "labels":
        targets[0][0] = IGNORED
    if case.weighting == "weighted":
        weight = rng.uniform(0, 2, of_losses)
        ignored = IGNORED if case.kind == "labels" else None
    elif case.weighting == "broadcast":  # one weight a row, and one row of targets for all
        weight, targets = rng.uniform(0, 2, (shape[0], 1)), [target[:1] for target in targets]
    call = Call((x, *targets), domains.with_arrays(case.options, rng, shape[-1]), weight, ignored)
    return selected(rng, case, call, of_losses) if case.weighting == "where" else call


def selected(rng, case, call, of_losses):
    """The call with losses that do not count, by `where` or by a weight of 0; their numbers are not to be used."""
    where, weight = rng.random(of_losses) < 0.7, rng.uniform(0, 2, of_losses) * (rng.random(of_losses) < 0.8)
    x, *targets = (np.array(array) for array in call.arguments)
    unused = ~where | (weight == 0)
    if case.kind == "labels":
        # The class of a label with a weight of 0 weighs the mean.
        no_label = ~where if "class_weight" in call.options else unused
        targets[0][no_label] = rng.choice([-7, 10**6], no_label.sum())
    else:
        targets = [spoilt(rng, target, unused) for target in targets]
    return call._replace(where=where, weight=weight, passed=(spoilt(rng, x, unused), *targets))


def spoilt(rng, array, unused):
    bad = [77, -5] if array.dtype.kind == "i" else [np.nan, np.inf, -np.inf, 77, -5]
    array[unused] = rng.choice(bad, array[unused].shape).astype(array.dtype)
    return array


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(name_of, case)))
def test_every_loss(isa, rng, case):
    check(case.row, make_call(rng, case), case.name, case.reduction)


CTC_OPTIONS = [set(), {"sample_weight"}, {"lengths"}, {"lengths", "blank", "sample_weight"}, {"infeasible"}]


def ctc_batch(rng, options, frames=12, batch=5, classes=6, longest=4):
    blank = classes - 1 if "blank" in options else 0
    keywords = {"blank": blank} if "blank" in options else {}
    targets = rng.choice([c for c in range(classes) if c != blank], (batch, longest))
    input_lengths, target_lengths = np.full(batch, frames), np.full(batch, longest)
    if "lengths" in options:
        input_lengths = keywords["input_lengths"] = np.array([12, 8, 10, 9, 11])
        target_lengths = keywords["target_lengths"] = np.array([4, 0, 3, 1, 2])
    if "infeasible" in options:
        targets[1] = targets[1, 0]  # four times the same label needs seven frames
        input_lengths = keywords["input_lengths"] = np.array([12, 6, 12, 12, 0])
        keywords["infeasible"] = "zero"
    weight = np.ones(batch)
    if "sample_weight" in options:
        weight = keywords["sample_weight"] = rng.uniform(0, 2, batch)
    return targets, input_lengths, target_lengths, blank, weight, keywords


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", CTC_OPTIONS, ids=lambda options: "+".join(sorted(options)) or "plain")
@pytest.mark.parametrize("row", of_family("ctc"), ids=name_of)
def test_sequences(isa, rng, row, options, reduction, name):
    loss, define = row.loss, getattr(reference_ctc, row.name)
    x, exact = draw(rng, (12, 5, 6), name)
    targets, input_lengths, target_lengths, blank, weight, keywords = ctc_batch(rng, options)
    losses, gradient = np.zeros(5), np.zeros(x.shape)
    for n in range(5):
        frames = slice(0, input_lengths[n])
        losses[n], gradient[frames, n] = define(exact[frames, n], targets[n, : target_lengths[n]], blank)
    losses[np.isinf(losses)] = 0
    for kind in (reduction,) if reduction != "mean" else ("mean", "batchmean"):
        # PyTorch's mean: each sequence's loss per label first.
        each = weight / (5 * np.maximum(target_lengths, 1) if kind == "mean" else 5 if kind == "batchmean" else 1)
        value, found = loss.value_and_grad(x, targets, reduction=kind, **keywords)
        wanted = each * losses if kind == "none" else (each * losses).sum()
        # A sum over frames of scores of both signs.
        terms = each if kind == "none" else each.sum()
        assert_close(value, wanted, name, terms=terms)
        assert_close(loss(x, targets, reduction=kind, **keywords), value, name, terms=terms)
        assert found.dtype == gradient_dtype(name)
        assert_close(found, gradient * each[:, None], name, terms=each[:, None] / 4, rounded=True)


@pytest.mark.parametrize("classes", [16, 64, 128, 129, 1000])
def test_long_sums_of_float32_keep_their_digits(isa, rng, classes):
    """A sum of a hundred terms one after the other is off by ten units in the last place in one of many rows."""
    x, y = rng.standard_normal((2, 4000, classes), dtype=np.float32)
    exact_x, exact_y = x.astype(np.float64), y.astype(np.float64)
    for got, expected, allowed in (
        (fl.logsumexp(x), np.log(np.exp(exact_x).sum(-1)), 3e-7),
        (fl.entropy_with_logits(x, reduction="none"), reference.entropy_with_logits(exact_x), 3e-7),
        (
            fl.kl_divergence_with_logits(x, y, reduction="none"),
            reference.kl_divergence_with_logits(exact_x, exact_y),
            8e-7,
        ),
    ):
        assert np.max(np.abs(got - expected) / expected) < allowed
