"""Trained models: on data that ships with scikit-learn as good as with the libraries' own objectives, and no divergence
where the exact second derivative has it."""

import numpy as np
import pytest

import fastloss as fl
from fastloss.boosting import Objective

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries


class LightGBM:
    name = "lightgbm"

    def __init__(self, library):
        self.library = library
        self.own = {"binary": "binary", "numbers": "l2", "counts": "poisson", "quantile": "quantile",
                    "classes": "multiclass"}  # fmt: skip

    def scores(self, objective, train, test, classes, start, **parameters):
        parameters = {"objective": objective, "verbose": -1, "num_threads": 1, "seed": 0, **classes, **parameters}
        booster = self.library.train(parameters, self.library.Dataset(*train, **start), 60)
        return booster.predict(test, raw_score=True)


class XGBoost:
    name = "xgboost"

    def __init__(self, library):
        self.library = library
        self.own = {"binary": "binary:logistic", "numbers": "reg:squarederror", "counts": "count:poisson",
                    "quantile": "reg:quantileerror", "classes": "multi:softprob"}  # fmt: skip

    def scores(self, objective, train, test, classes, start, **parameters):
        own = isinstance(objective, str)
        if "alpha" in parameters:
            parameters = {"quantile_alpha": parameters["alpha"]} if own else {}
        parameters = {"nthread": 1, "eta": 0.1, "seed": 0, **classes, **parameters}
        matrix = self.library.DMatrix(*train, **start)
        margin = {name: np.tile(value[0], (len(test), *[1] * (value.ndim - 1))) for name, value in start.items()}
        booster = self.library.train(
            parameters | ({"objective": objective} if own else {}), matrix, 60, obj=None if own else objective
        )
        return booster.predict(self.library.DMatrix(test, **margin), output_margin=True)


@pytest.fixture(params=[LightGBM, XGBoost], ids=lambda kind: kind.name)
def booster(request):
    return request.param(pytest.importorskip(request.param.name))


def halves(features, labels, seed=0):
    """(features, labels) to train with, and to test with."""
    order = np.random.default_rng(seed).permutation(len(labels))
    middle = len(labels) // 2
    return [(features[part], labels[part]) for part in (order[:middle], order[middle:])]


def load(name):
    datasets = pytest.importorskip("sklearn.datasets")
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def quantiles(scores, labels):
    return fl.quantile_loss(scores, labels, quantile=0.8)


CASES = {  # data, what the library's own objective is of, ours, its options, how a model is judged
    "cancer": ("breast_cancer", "binary", fl.binary_cross_entropy_with_logits, {}, fl.binary_cross_entropy_with_logits),
    "digits": ("digits", "classes", fl.cross_entropy, {}, fl.cross_entropy),
    "wine": ("wine", "classes", fl.cross_entropy, {}, fl.cross_entropy),
    "diabetes": ("diabetes", "numbers", fl.mse_loss, {}, fl.mse_loss),
    "diabetes as counts": ("diabetes", "counts", fl.poisson_nll_loss, {}, fl.poisson_nll_loss),
    "a quantile of diabetes": ("diabetes", "quantile", fl.quantile_loss, {"quantile": 0.8, "max_step": 20}, quantiles),
}


@pytest.mark.parametrize("case", CASES)
def test_as_good_as_the_own_objective(booster, case):
    """Losses on the other half of the data, the mean of three splits."""
    data, kind, loss, options, judge = CASES[case]
    features, labels = load(data)
    classes = {"num_class": int(labels.max()) + 1} if kind == "classes" else {}
    parameters = {"alpha": 0.8} if kind == "quantile" else {}
    objective, found = Objective(loss, booster.name, **options), []
    for seed in range(3):
        train, test = halves(features, labels, seed)
        theirs = booster.scores(booster.own[kind], train, test[0], classes, {}, **parameters)
        ours = booster.scores(objective, train, test[0], classes, objective.fit_arguments(train[1]), **parameters)
        if booster.name == "lightgbm":
            ours = ours + objective.init_score(train[1])
        found.append([judge(scores, test[1].astype(int)) for scores in (ours, theirs)])
    ours, theirs = np.mean(found, axis=0)
    assert ours < theirs + 0.05 * abs(theirs)


def test_focal_loss_learns_from_the_shares_of_the_classes(booster):
    """There the second derivative of the positives is negative, and no leaf of them is possible, or its step is in the
    wrong direction or without a limit."""
    datasets = pytest.importorskip("sklearn.datasets")
    made = datasets.make_classification(6000, 20, n_informative=8, weights=[0.97], flip_y=0.02, random_state=1)
    train, test = halves(*made)
    start = np.log(train[1].mean() / (1 - train[1].mean()))
    losses = {}
    for hessian in ("exact", "bounded"):
        objective = Objective(fl.sigmoid_focal_loss, booster.name, hessian=hessian)
        argument = dict.fromkeys(objective.fit_arguments(train[1]), np.full(len(train[1]), start))
        scores = booster.scores(objective, train, test[0], {}, argument)
        scores = scores.astype(float) + (start if booster.name == "lightgbm" else 0)
        losses[hessian] = fl.sigmoid_focal_loss(np.nan_to_num(scores, nan=1e6), test[1])
    constant = fl.sigmoid_focal_loss(np.full(len(test[1]), start), test[1])
    assert losses["exact"] > 0.9 * constant
    assert losses["bounded"] < 0.7 * constant


def test_log_cosh_loss_does_not_diverge(booster):
    """Far from the label its second derivative is nearly 0."""
    train, test = halves(*load("diabetes"))
    errors = {}
    for hessian in ("exact", "bounded"):
        objective = Objective(fl.log_cosh_loss, booster.name, hessian=hessian, max_step=50)
        start = objective.init_score(train[1])
        limits = {"min_data_in_leaf": 3} if booster.name == "lightgbm" else {"min_child_weight": 0, "lambda": 0}
        scores = booster.scores(objective, train, test[0], {}, objective.fit_arguments(train[1]), **limits)
        errors[hessian] = fl.l1_loss(scores + (start if booster.name == "lightgbm" else 0), test[1])
    constant = fl.l1_loss(np.full(len(test[1]), np.median(train[1])), test[1])
    assert errors["bounded"] < 0.85 * constant
    assert errors["exact"] > constant
