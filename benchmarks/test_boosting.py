"""Objectives of boosting libraries: a call beside the closed form that users write in NumPy, and a round of boosting
beside the libraries' own objectives, which can't be called alone. Rounds have one feature and two leaves, so that the
objective takes most of the time."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.counterparts.boosting import Data, focal_of_numpy, logistic_of_numpy, softmax_of_numpy
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.reference import definitions, some_rows
from fastloss.boosting import Objective

pytestmark = [
    pytest.mark.benchmark(group="boosting", timer=time.process_time),
    pytest.mark.filterwarnings("ignore"),  # of the libraries
]

ROWS = pytest.mark.parametrize("shape", sizes(quick=[(70000,)], full=[(10**6,)]))
CLASSES = pytest.mark.parametrize("shape", sizes(quick=[(7000, 10)], full=[(10**5, 10)]))


def beside(comparison, times, *others):
    """How many times as long the others take."""
    for name in others:
        comparison.info[f"{name}_times"] = median_ratio(times[name], times["ours"])
    comparison.note(", ".join(f"{name} {{{name}_times:.2f}} times" for name in others))


def call(comparison, loss, numpy_form, data):
    objective = Objective(loss, "lightgbm")
    times = comparison.time(
        lambda: objective(data.labels, data.scores),
        data.scores,
        others={"numpy": lambda: numpy_form(data.labels, data.scores)},
    )
    beside(comparison, times, "numpy")
    some = some_rows(data.scores)
    x, y = data.scores[some], data.labels[some].astype(float)
    y = y if x.ndim == 1 else definitions.one_hot(y, x.shape[1])
    expected = getattr(definitions, f"{loss.__name__}_grad")(x, y)
    comparison.check(gradients=(objective(data.labels, data.scores)[0][some], expected))


@ROWS
def test_focal_call(comparison, rng, shape):
    call(comparison, fl.sigmoid_focal_loss, focal_of_numpy, Data(rng, shape))


@ROWS
def test_logistic_call(comparison, rng, shape):
    call(comparison, fl.binary_cross_entropy_with_logits, logistic_of_numpy, Data(rng, shape))


@CLASSES
def test_softmax_call(comparison, rng, shape):
    call(comparison, fl.cross_entropy, softmax_of_numpy, Data(rng, shape))


def lightgbm_round(lightgbm, data):
    """A function that makes a round with an objective: the library's own by its name, or a function."""
    parameters = {"verbose": -1, "num_threads": 1, "num_leaves": 2}

    def make(objective):
        own = isinstance(objective, str)
        dataset = lightgbm.Dataset(data.features, data.labels)
        booster = lightgbm.Booster({**parameters, "objective": objective if own else "none"}, dataset)
        return booster.update if own else lambda: booster.update(fobj=objective)

    return make


def xgboost_round(xgboost, data):
    parameters = {"nthread": 1, "max_depth": 1, "tree_method": "hist"}
    matrix = xgboost.DMatrix(data.features, data.labels)

    def make(objective):
        own = isinstance(objective, str)
        booster = xgboost.Booster({**parameters, **({"objective": objective} if own else {})}, [matrix])
        return lambda: booster.update(matrix, 0, None if own else objective)

    return make


def catboost_rounds(catboost, data):
    """Five of them, with all that comes before."""
    parameters = {"verbose": 0, "allow_writing_files": False, "thread_count": 1, "iterations": 5, "depth": 1,
                  "eval_metric": "Logloss", "metric_period": 100, "leaf_estimation_iterations": 1,
                  "bootstrap_type": "No", "boosting_type": "Plain"}  # fmt: skip
    pool = catboost.Pool(data.features, data.labels)
    return lambda objective: lambda: catboost.train(pool, {**parameters, "loss_function": objective})


class WithDataset:
    """A function of labels and scores, for `train`."""

    def __init__(self, function):
        self.function = function

    def __call__(self, scores, data):
        return self.function(data.get_label(), scores)


class ForCatBoost:
    no_jit = True

    def calc_ders_range(self, approxes, targets, weights):
        grad, hess = logistic_of_numpy(targets, approxes)
        return -np.stack([grad, hess], axis=1)


ROUNDS = {
    "lightgbm": (lightgbm_round, "binary", WithDataset(logistic_of_numpy)),
    "xgboost": (xgboost_round, "binary:logistic", WithDataset(logistic_of_numpy)),
    "catboost": (catboost_rounds, "Logloss", ForCatBoost()),
}


@ROWS
@pytest.mark.parametrize("library", ROUNDS)
def test_round(comparison, rng, shape, library):
    module = pytest.importorskip(library)
    make_round, own, numpy_form = ROUNDS[library]
    data = Data(rng, shape)
    data.features = data.scores[:, None] + rng.standard_normal(shape)[:, None]
    made = make_round(module, data)
    ours = Objective(fl.binary_cross_entropy_with_logits, library)
    times = comparison.time(made(ours), data.scores, others={"own": made(own), "numpy": made(numpy_form)})
    beside(comparison, times, "own", "numpy")
