"""Objectives beside the libraries' own of the same loss: what each puts into its trees."""

import boosted
import numpy as np
import pytest

import fastloss as fl
from fastloss.boosting import Objective

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries

WEIGHTED = pytest.mark.parametrize("weighted", [False, True])


def draw(rng, kind, classes=None):
    """Labels and scores."""
    shape = (boosted.ROWS, classes) if classes else boosted.ROWS
    scores = rng.normal(size=shape)
    labels = {
        "binary": lambda: rng.integers(0, 2, boosted.ROWS),
        "numbers": lambda: rng.normal(size=boosted.ROWS),
        "counts": lambda: rng.integers(0, 9, boosted.ROWS),
        "classes": lambda: rng.permutation(np.arange(boosted.ROWS) % (classes or 1)),
    }[kind]()
    return labels.astype(float), scores


def weights(rng, weighted):
    return rng.random(boosted.ROWS) + 0.5 if weighted else None


LIGHTGBM = {  # loss, kind of labels, parameters of the library's own objective
    "binary": (fl.binary_cross_entropy_with_logits, "binary", {}),
    "l2": (fl.mse_loss, "numbers", {}),
    "huber": (fl.huber_loss, "numbers", {"alpha": 1.0}),
    "poisson": (fl.poisson_nll_loss, "counts", {"poisson_max_delta_step": 1e-12}),
}


@WEIGHTED
@pytest.mark.parametrize("name", LIGHTGBM)
def test_lightgbm(rng, name, weighted):
    lightgbm = pytest.importorskip("lightgbm")
    loss, kind, parameters = LIGHTGBM[name]
    labels, scores = draw(rng, kind)
    weight = weights(rng, weighted)
    theirs = boosted.leaves_of_lightgbm(lightgbm, name, labels, scores, weight, **parameters)
    hessian = "ones" if name == "huber" else "exact"  # theirs is 1 also beyond delta, and leaves are fitted again
    objective = Objective(loss, "lightgbm", hessian=hessian)
    ours = boosted.leaves_of_lightgbm(lightgbm, objective, labels, scores, weight)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4, atol=1e-5)


def test_lightgbm_classes(rng):
    """Its own second derivative is K / (K - 1) times the exact one."""
    lightgbm = pytest.importorskip("lightgbm")
    labels, scores = draw(rng, "classes", 3)
    theirs = boosted.leaves_of_lightgbm(lightgbm, "multiclass", labels, scores, num_class=3)
    ours = boosted.leaves_of_lightgbm(
        lightgbm, Objective(fl.cross_entropy, "lightgbm", hessian="exact"), labels, scores, num_class=3
    )
    np.testing.assert_allclose(ours[1] * 3 / 2, theirs[1], rtol=1e-5)
    np.testing.assert_allclose(ours[0] * 2 / 3, theirs[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("loss", "name", "options"), [
    (fl.quantile_loss, "quantile", {"quantile": 0.8}),
    (fl.l1_loss, "l1", {}),
])  # fmt: skip
def test_lightgbm_without_curvature(rng, loss, name, options):
    """It fits the leaves of these again; the gains of its splits are from the derivatives."""
    lightgbm = pytest.importorskip("lightgbm")
    labels, scores = draw(rng, "numbers")
    theirs = boosted.gains_of_lightgbm(lightgbm, name, labels, scores, alpha=options.get("quantile", 0.9))
    objective = Objective(loss, "lightgbm", hessian="ones", **options)
    ours = boosted.gains_of_lightgbm(lightgbm, objective, labels, scores)
    assert len(ours) == 7
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


XGBOOST = {  # loss, kind of labels, how many times ours its second derivative is
    "binary:logistic": (fl.binary_cross_entropy_with_logits, "binary", 1.0),
    "reg:squarederror": (fl.mse_loss, "numbers", 1.0),
}


@WEIGHTED
@pytest.mark.parametrize("name", XGBOOST)
def test_xgboost(rng, name, weighted):
    xgboost = pytest.importorskip("xgboost")
    loss, kind, factor = XGBOOST[name]
    labels, scores = draw(rng, kind)
    weight = weights(rng, weighted)
    theirs = boosted.leaves_of_xgboost(xgboost, name, labels, scores, weight)
    ours = boosted.leaves_of_xgboost(xgboost, Objective(loss, "xgboost", hessian="exact"), labels, scores, weight)
    np.testing.assert_allclose(ours[1] * factor, theirs[1], rtol=1e-5)
    np.testing.assert_allclose(ours[0] / factor, theirs[0], rtol=1e-4, atol=1e-5)


@WEIGHTED
def test_xgboost_classes(rng, weighted):
    """Its own second derivative is twice the exact one."""
    xgboost = pytest.importorskip("xgboost")
    labels, scores = draw(rng, "classes", 3)
    weight = weights(rng, weighted)
    theirs = boosted.leaves_of_xgboost(xgboost, "multi:softprob", labels, scores, weight, num_class=3)
    objective = Objective(fl.cross_entropy, "xgboost", hessian="exact")
    ours = boosted.leaves_of_xgboost(xgboost, objective, labels, scores, weight, num_class=3)
    np.testing.assert_allclose(ours[1] * 2, theirs[1], rtol=1e-4)
    np.testing.assert_allclose(ours[0] / 2, theirs[0], rtol=1e-3, atol=1e-4)


CATBOOST = {
    "Logloss": (fl.binary_cross_entropy_with_logits, "binary", {}),
    "RMSE": (fl.mse_loss, "numbers", {}),
    "Poisson": (fl.poisson_nll_loss, "counts", {}),
    "Quantile:alpha=0.8": (fl.quantile_loss, "numbers", {"quantile": 0.8}),
    "MultiClass": (fl.cross_entropy, "classes", {}),
}


@WEIGHTED
@pytest.mark.parametrize("name", CATBOOST)
def test_catboost(rng, name, weighted):
    """By five trees whose leaves are means of gradients."""
    catboost = pytest.importorskip("catboost")
    loss, kind, options = CATBOOST[name]
    classes = {"classes_count": 3} if kind == "classes" else {}
    labels, _ = draw(rng, kind, classes.get("classes_count"))
    features, weight = rng.normal(size=(boosted.ROWS, 3)), weights(rng, weighted)
    scores = []
    for objective in (name, Objective(loss, "catboost", **options)):
        parameters = {**boosted.CATBOOST, **classes, "loss_function": objective, "eval_metric": name}
        model = catboost.CatBoost(parameters).fit(catboost.Pool(features, labels, weight=weight))
        scores.append(model.predict(features, prediction_type="RawFormulaVal"))
    assert np.abs(scores[0]).max() > 0.1
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-6, atol=1e-6)
