"""The one table of the public losses, a row each: tests, pictures, tables of the docs, counts and benchmarks follow it.

What can be asked of a loss is asked of it: `family`, `has_curvature`, its arguments and their defaults, the reductions
that it takes. A row has what can't be asked. A new loss gets its row here, and its definition in reference.py;
tests/contract/test_table.py fails for a loss that lacks one of them. `python tools/regenerate.py` does the rest.
"""

import functools
import inspect
from collections.abc import Callable
from typing import NamedTuple

import domains
import numpy as np
import rounding
from domains import PerColumn

import fastloss as fl
from fastloss._loss import Loss

REDUCTIONS = ("mean", "weighted_mean", "batchmean", "sum", "none")
MANY_OPTIONS = 4  # of more, not all are tried together with weights
SHAPES = {"elementwise": (4, 3), "rowwise": (4, 3), "ctc": (6, 2, 5)}  # of small examples


class WithoutCurvature(dict):
    """Options with which a loss has no curvature although with others it has one."""


class Row(NamedTuple):
    """What the table has of one loss. Predictions and targets are kinds of domains.py."""

    name: str
    topic: str
    predictions: str
    targets: tuple = ()  # the kinds that are tried; none for a loss without a target
    divides_by: str = "elements"  # what a mean divides by, in words
    options: tuple = ({},)  # those to try; a PerColumn stands for an array
    rounding: Callable = rounding.of_the_result  # which errors are allowed beyond the result's own rounding
    target_words: str = ""  # in the tables, where the kinds themselves do not say it well
    is_of_all: bool = False  # it has one value, of all elements: weights and a mean are part of its definition

    @property
    def loss(self):
        return getattr(fl, self.name)

    @property
    def family(self):
        return self.loss.family

    @property
    def parameters(self):
        return inspect.signature(self.loss).parameters

    @property
    def arguments(self):
        """The names of those that may be given by position."""
        return [p.name for p in self.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]

    @property
    def has_labels(self):
        return "labels" in self.targets

    @property
    def domain(self):
        return domains.PREDICTIONS[self.predictions]

    @property
    def target_domain(self):
        """That of the first kind of targets; None for a loss without a target."""
        return domains.TARGETS[self.targets[0]] if self.targets else None

    def has_curvature(self, options):
        return self.loss.has_curvature and not isinstance(options, WithoutCurvature)

    @property
    def curved_options(self):
        """The first options with which it has a curvature; None where there are none."""
        return next((options for options in self.options if self.has_curvature(options)), None)

    def is_weighted_too(self, options, kind):
        """Whether these options are tried with weights as well as without.

        Options and weights do not depend on each other. Of many options the first and the last have weights, and of
        distributions in the place of labels the last.
        """
        if self.has_labels and kind != "labels":
            return options is self.options[-1]
        return len(self.options) <= MANY_OPTIONS or options in (self.options[0], self.options[-1])

    def draw_target(self, rng, shape, dtype, compute_dtype=None, kind=None):
        """A tuple: of the first kind unless one is named; empty where there is no target."""
        if not self.targets:
            return ()
        domain = domains.TARGETS[kind or self.targets[0]]
        return (domain.draw(rng, shape, dtype if domain.is_like_predictions else compute_dtype or dtype),)

    def draw(self, rng, shape, dtype, compute_dtype=None, kind=None):
        """The positional arguments of a call, in a dtype."""
        return (self.domain.draw(rng, shape, dtype), *self.draw_target(rng, shape, dtype, compute_dtype, kind))

    def draw_between(self, rng, shape, kind=None):
        """The same in float64, with predictions that are not extreme."""
        return (rng.uniform(*self.domain.span, shape), *self.draw_target(rng, shape, np.float64, kind=kind))

    def example(self, dtype=np.float64):
        """A small call's positional arguments, the same every time."""
        shape = SHAPES[self.family]
        x = np.linspace(*self.domain.span, np.prod(shape)).reshape(shape).astype(dtype)
        return (x, *self.draw_target(np.random.default_rng(7), shape, dtype))

    @property
    def reductions(self):
        """Those that it takes: asked by trying."""
        return _reductions(self.name)


@functools.cache
def _reductions(name):
    found = []
    for reduction in REDUCTIONS:
        try:
            BY_NAME[name].loss(*BY_NAME[name].example(), reduction=reduction)
        except ValueError as error:
            if "reduction" not in str(error):
                raise
        else:
            found.append(reduction)
    return tuple(found)


LABELS_THAT_COUNT = "class weights of the labels that count"
SEQUENCES = "label counts, then sequences"
GAMMAS = (0.0, 0.5, 1.0, 2.0, 3.7)
CLASS_WEIGHT = PerColumn(0.1, 3.0)

# fmt: off
LOSSES = (
    # name, topic, predictions, targets, what a mean divides by
    Row("l1_loss", "Regression", "numbers", ("numbers",)),
    Row("mse_loss", "Regression", "numbers", ("numbers",)),
    Row("rmse_loss", "Regression", "numbers", ("numbers",), "elements, under the root", is_of_all=True),
    Row("huber_loss", "Regression", "numbers", ("numbers",), options=({}, {"delta": 0.3})),
    Row("smooth_l1_loss", "Regression", "numbers", ("numbers",), options=({}, {"beta": 2.5}, {"beta": 0.0})),
    Row("log_cosh_loss", "Regression", "numbers", ("numbers",)),
    Row("quantile_loss", "Regression", "numbers", ("numbers",),
        options=({}, {"quantile": 0.9}, {"quantile": 0.0}, {"quantile": PerColumn(0.0, 1.0)})),
    Row("poisson_nll_loss", "Regression", "log-rates", ("counts",), options=({}, {"full": True}),
        rounding=rounding.poisson_nll_loss),
    Row("binary_cross_entropy", "Binary decisions", "probabilities", ("binary", "0..1"), target_words="0..1"),
    Row("binary_cross_entropy_with_logits", "Binary decisions", "logits", ("binary", "0..1"), target_words="0..1",
        options=({}, {"pos_weight": 3.0}, {"pos_weight": PerColumn(0.0, 4.0)}),
        rounding=rounding.binary_cross_entropy_with_logits),
    Row("sigmoid_focal_loss", "Binary decisions", "logits", ("binary", "0..1"), target_words="0..1",
        options=({}, *({"gamma": gamma} for gamma in GAMMAS if gamma != 2),
                 *({"gamma": gamma, "alpha": None} for gamma in GAMMAS)),
        rounding=rounding.sigmoid_focal_loss),
    Row("hinge_loss", "Binary decisions", "numbers", ("signs", "binary"), target_words="-1 or 1, or 0 or 1",
        options=(WithoutCurvature(), WithoutCurvature({"squared": False}), {"squared": True})),
    Row("nll_loss", "Classes", "log-probabilities", ("labels",), LABELS_THAT_COUNT,
        options=({}, {"class_weight": CLASS_WEIGHT})),
    Row("cross_entropy", "Classes", "logits", ("labels", "distributions"), f"{LABELS_THAT_COUNT}, or rows",
        options=({}, {"class_weight": CLASS_WEIGHT}, {"label_smoothing": 0.1}, {"temperature": 2.5},
                 {"label_smoothing": 0.1, "class_weight": CLASS_WEIGHT, "temperature": 0.4}),
        rounding=rounding.cross_entropy),
    Row("softmax_focal_loss", "Classes", "logits", ("labels",), "rows that count",
        options=({}, *({"gamma": gamma} for gamma in GAMMAS if gamma != 2), {"alpha": 0.3},
                 {"gamma": 0.5, "alpha": PerColumn(0.0, 4.0)}),
        rounding=rounding.softmax_focal_loss),
    Row("poly1_cross_entropy", "Classes", "logits", ("labels",), LABELS_THAT_COUNT,
        options=({}, {"epsilon": 3.5}, {"epsilon": -1.0}, {"epsilon": 0.5, "class_weight": CLASS_WEIGHT}),
        rounding=rounding.poly1_cross_entropy),
    Row("generalized_cross_entropy", "Classes", "logits", ("labels",), LABELS_THAT_COUNT,
        options=({}, {"q": 1.0}, {"q": 0.1}, {"q": 0.5, "class_weight": CLASS_WEIGHT}),
        rounding=rounding.generalized_cross_entropy),
    Row("categorical_cross_entropy", "Classes", "distributions", ("distributions",), "rows",
        options=({}, {"include_negatives": True})),
    Row("entropy", "Distributions", "distributions", (), "rows", options=({}, {"base": 2}, {"base": 0.5}),
        rounding=rounding.entropy),
    Row("entropy_with_logits", "Distributions", "logits", (), "rows", options=({}, {"base": 2}),
        rounding=rounding.entropy_with_logits),
    Row("kl_divergence", "Distributions", "distributions", ("distributions",), "rows"),
    Row("kl_divergence_with_logits", "Distributions", "logits", ("logits",), "rows",
        options=({}, {"temperature": 2.5}, {"temperature": 0.3}, {"reverse": True, "temperature": 0.4},
                 {"reverse": True}), rounding=rounding.kl_divergence_with_logits),
    Row("js_divergence_with_logits", "Distributions", "logits", ("logits",), "rows",
        options=({}, {"beta": 0.9}, {"temperature": 2.5}, {"beta": 0.1, "temperature": 0.4}),
        rounding=rounding.js_divergence_with_logits),
    Row("ctc_loss", "Sequences", "log-probabilities", ("label sequences",), SEQUENCES),
    Row("ctc_loss_with_logits", "Sequences", "logits", ("label sequences",), SEQUENCES),
)
# fmt: on
BY_NAME = {row.name: row for row in LOSSES}


# Losses whose first argument is no prediction: tests/families has tests of their own.
OF_THEIR_OWN = ("linear_cross_entropy",)


def of_family(*families):
    return [row for row in LOSSES if row.family in families]


def public_losses():
    """The names of the losses that the package has."""
    return [name for name in fl.__all__ if isinstance(getattr(fl, name), Loss)]
