"""Every way in which the libraries call an objective or a metric gives what the loss itself gives."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import fastloss as fl
from fastloss.boosting import Metric, Objective

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries

CATBOOST = {"verbose": 0, "allow_writing_files": False, "thread_count": 1, "iterations": 6}


@pytest.fixture
def data(rng):
    """Features, labels of two and of three classes, weights."""
    features = rng.normal(size=(300, 4))
    two = (features[:, 0] + rng.normal(size=300) > 0.3).astype(int)
    return features, two, two + (features[:, 1] > 0), rng.random(300).astype(np.float32) + 0.5


class Recorded:
    """An objective or a metric that keeps what it was called with, and what it returned."""

    def __init__(self, called):
        self.called, self.calls = called, []
        self.__signature__ = inspect.signature(called)
        self.__name__ = getattr(called, "__name__", "objective")

    def __deepcopy__(self, memo):
        return self

    def __call__(self, *args, **kwargs):
        result = self.called(*args, **kwargs)
        kept = tuple(np.array(array) for array in args if isinstance(array, np.ndarray))
        self.calls.append((kept, kwargs, result))
        return result


def check_calls(recorded, labels, weight, loss):
    """Of an objective: each call's result is the derivative of the weighted sum at the scores that it was handed."""
    assert len(recorded.calls) == 6
    for arrays, _, (grad, hess) in recorded.calls:
        scores = next(array for array in reversed(arrays) if array.shape[0] == 300 and not same(array, labels, weight))
        options = {"sample_weight": weight} if weight is not None else {}
        expected = loss.grad_and_hess(scores.astype(float), labels, reduction="sum", **options)
        np.testing.assert_allclose(grad, expected[0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(hess, expected[1], rtol=1e-4, atol=1e-6)


def same(array, *others):
    return any(other is not None and np.array_equal(array, other) for other in others)


WAYS = pytest.mark.parametrize("weighted", [False, True])
CLASSES = pytest.mark.parametrize("classes", [2, 3])


def of(classes):
    """A loss for so many classes, whose exact derivatives are easily known again."""
    return fl.cross_entropy if classes == 3 else fl.binary_cross_entropy_with_logits


@WAYS
@CLASSES
@pytest.mark.parametrize("kind", ["LGBMClassifier", "LGBMRegressor"])
def test_lightgbm_for_sklearn(data, weighted, classes, kind):
    lightgbm = pytest.importorskip("lightgbm")
    pytest.importorskip("sklearn")
    features, two, three, weight = data
    labels, weight = (three if classes == 3 else two), (weight if weighted else None)
    more = {"num_class": 3, "metric": "None"} if classes == 3 and kind == "LGBMRegressor" else {}
    recorded = Recorded(Objective(of(classes), "lightgbm", hessian="exact"))
    metric = Recorded(Metric(of(classes), "lightgbm", name="ours"))
    model = getattr(lightgbm, kind)(n_estimators=6, objective=recorded, verbose=-1, n_jobs=1, **more)
    model.fit(features, labels, sample_weight=weight, eval_set=[(features, labels)], eval_metric=metric,
              eval_sample_weight=None if weight is None else [weight])  # fmt: skip
    check_calls(recorded, labels, weight, of(classes))
    raw = model.predict(features, raw_score=True)
    expected = of(classes)(raw, labels, sample_weight=weight, reduction="weighted_mean")
    [found] = model.evals_result_.values()
    assert found["ours"][-1] == pytest.approx(expected, rel=1e-6)


@WAYS
@CLASSES
def test_lightgbm_train(data, weighted, classes):
    lightgbm = pytest.importorskip("lightgbm")
    features, two, three, weight = data
    labels, weight = (three if classes == 3 else two), (weight if weighted else None)
    recorded = Recorded(Objective(of(classes), "lightgbm", hessian="exact"))
    metric = Recorded(Metric(of(classes), "lightgbm", name="ours"))
    parameters = {"objective": recorded, "num_class": classes if classes == 3 else 1, "verbose": -1, "num_threads": 1}
    dataset, found = lightgbm.Dataset(features, labels, weight=weight), {}
    booster = lightgbm.train(parameters, dataset, 6, valid_sets=[dataset], feval=metric,
                             callbacks=[lightgbm.record_evaluation(found)])  # fmt: skip
    check_calls(recorded, labels, weight, of(classes))
    raw = booster.predict(features, raw_score=True)
    expected = of(classes)(raw, labels, sample_weight=weight, reduction="weighted_mean")
    assert found["training"]["ours"][-1] == pytest.approx(expected, rel=1e-6)


@WAYS
def test_lightgbm_scores_of_classes_are_not_copied(data, weighted):
    """They are in Fortran order, and so are the derivatives, which it then takes without a copy."""
    lightgbm = pytest.importorskip("lightgbm")
    features, _, three, weight = data
    seen = []

    class Looked(Objective):
        def __call__(self, labels, scores, sample_weight=None):
            grad, hess = super().__call__(labels, scores, sample_weight)
            seen.append([array.flags.f_contiguous and not array.flags.c_contiguous for array in (labels, grad, hess)])
            return grad, hess

    objective = Looked(fl.softmax_focal_loss, "lightgbm")
    dataset = lightgbm.Dataset(features, three, weight=weight if weighted else None)
    lightgbm.train({"objective": objective, "num_class": 3, "verbose": -1}, dataset, 2)
    assert seen == [[True] * 3] * 2  # of train's calls the scores are the first argument


@WAYS
@CLASSES
@pytest.mark.parametrize("kind", ["XGBClassifier", "XGBRegressor"])
def test_xgboost_for_sklearn(data, weighted, classes, kind):
    xgboost = pytest.importorskip("xgboost")
    pytest.importorskip("sklearn")
    features, two, three, weight = data
    labels, weight = (three if classes == 3 else two), (weight if weighted else None)
    more = {"num_class": 3, "disable_default_eval_metric": 1} if classes == 3 and kind == "XGBRegressor" else {}
    recorded = Recorded(Objective(of(classes), "xgboost", hessian="exact"))
    metric = Recorded(Metric(of(classes), "xgboost", name="ours"))
    model = getattr(xgboost, kind)(n_estimators=6, objective=recorded, eval_metric=metric, n_jobs=1, **more)
    model.fit(features, labels, sample_weight=weight, eval_set=[(features, labels)], verbose=0,
              sample_weight_eval_set=None if weight is None else [weight])  # fmt: skip
    check_calls(recorded, labels, weight, of(classes))
    raw = model.predict(features, output_margin=True)
    expected = of(classes)(raw, labels, sample_weight=weight, reduction="weighted_mean")
    assert model.evals_result()["validation_0"]["ours"][-1] == pytest.approx(expected, rel=1e-5)


@WAYS
@CLASSES
def test_xgboost_train(data, weighted, classes):
    xgboost = pytest.importorskip("xgboost")
    features, two, three, weight = data
    labels, weight = (three if classes == 3 else two), (weight if weighted else None)
    recorded = Recorded(Objective(of(classes), "xgboost", hessian="exact"))
    matrix, found = xgboost.DMatrix(features, labels, weight=weight), {}
    parameters = {"nthread": 1, **({"num_class": 3} if classes == 3 else {})}
    metric = Metric(of(classes), "xgboost", name="ours")
    booster = xgboost.train(parameters, matrix, 6, obj=recorded, evals=[(matrix, "training")], verbose_eval=False,
                            custom_metric=metric, evals_result=found)  # fmt: skip
    check_calls(recorded, labels, weight, of(classes))
    raw = booster.predict(matrix, output_margin=True)
    expected = of(classes)(raw, labels, sample_weight=weight, reduction="weighted_mean")
    assert found["training"]["ours"][-1] == pytest.approx(expected, rel=1e-5)


@WAYS
@CLASSES
def test_catboost(data, weighted, classes):
    """That its derivatives are right: test_derivatives.py."""
    catboost = pytest.importorskip("catboost")
    features, two, three, weight = data
    labels, weight = (three if classes == 3 else two), (weight if weighted else None)
    more = {"classes_count": 3} if classes == 3 else {}
    objective, metric = Objective(of(classes), "catboost"), Metric(of(classes), "catboost")
    parameters = {**CATBOOST, "loss_function": objective, "eval_metric": metric}
    pool = catboost.Pool(features, labels, weight=weight)
    expected = None
    trained = [
        catboost.train(pool, {**parameters, **more}),
        catboost.CatBoost({**parameters, **more}).fit(pool),
        catboost.CatBoostClassifier(**parameters, **more).fit(features, labels, sample_weight=weight),
    ]
    for model in trained:
        raw = model.predict(features, prediction_type="RawFormulaVal")
        expected = raw if expected is None else expected
        np.testing.assert_array_equal(raw, expected)
        value = of(classes)(raw, labels, sample_weight=weight, reduction="weighted_mean")
        assert model.get_best_score()["learn"]["Metric"] == pytest.approx(value, rel=1e-6)


def models(library, objective, metric):
    """An untrained model of each kind that scikit-learn knows."""
    pytest.importorskip("sklearn")
    module = pytest.importorskip(library)
    if library == "lightgbm":
        return [kind(n_estimators=6, objective=objective, verbose=-1, n_jobs=1)
                for kind in (module.LGBMClassifier, module.LGBMRegressor)]  # fmt: skip
    if library == "xgboost":
        return [kind(n_estimators=6, objective=objective, eval_metric=metric, n_jobs=1)
                for kind in (module.XGBClassifier, module.XGBRegressor)]  # fmt: skip
    return [kind(loss_function=objective, eval_metric=metric, **CATBOOST)
            for kind in (module.CatBoostClassifier, module.CatBoostRegressor)]  # fmt: skip


LIBRARIES = pytest.mark.parametrize("library", ["lightgbm", "xgboost", "catboost"])


@LIBRARIES
def test_models_are_cloned_and_pickled(data, library):
    features, labels, _, _ = data
    objective, metric = (kind(fl.sigmoid_focal_loss, library, gamma=1.0) for kind in (Objective, Metric))
    for model in models(library, objective, metric):
        clone = pytest.importorskip("sklearn.base").clone(model)
        raw = objective.raw_scores(model.fit(features, labels), features)
        assert np.abs(raw).max() > 0.01
        np.testing.assert_array_equal(objective.raw_scores(clone.fit(features, labels), features), raw)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(objective.raw_scores(again, features), raw)


@LIBRARIES
@pytest.mark.parametrize("kind", [Objective, Metric])
def test_copies(library, kind, rng):
    made = kind(fl.softmax_focal_loss, library, alpha=np.array([1.0, 2.0, 3.0]))
    assert copy.copy(made) is copy.deepcopy(made) is made
    again = pickle.loads(pickle.dumps(made))
    assert repr(again) == repr(made)
    assert type(again) is kind
    scores = rng.normal(size=3)
    if library == "catboost" and kind is Objective:
        assert again.calc_ders_multi(scores, 2.0, 1.0) == made.calc_ders_multi(scores, 2.0, 1.0)


def test_options_are_kept_as_they_were():
    weights = np.array([1.0, 2.0])
    objective = Objective(fl.cross_entropy, "xgboost", class_weight=weights)
    weights[:] = 0
    grad, _ = objective(np.array([0.0]), np.zeros((1, 2)))
    assert grad.tolist() == [[-0.5, 0.5]]


@LIBRARIES
def test_training_starts_from_the_prior(data, library):
    """One tree with a tiny step: what is predicted is the share of the positives."""
    features, labels, _, _ = data
    objective = Objective(fl.binary_cross_entropy_with_logits, library)
    metric = Metric(fl.binary_cross_entropy_with_logits, library)
    start = objective.init_score(labels)
    assert start == pytest.approx(np.log(labels.mean() / (1 - labels.mean())), abs=1e-12)
    for model in models(library, objective, metric):
        model.set_params(learning_rate=1e-6).fit(features, labels, **objective.fit_arguments(labels))
        probabilities = objective.predict_proba(model, features, start)
        np.testing.assert_allclose(probabilities[:, 1], labels.mean(), atol=1e-5)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@LIBRARIES
def test_training_starts_from_the_prior_of_classes(data, library):
    features, _, labels, _ = data
    objective, metric = Objective(fl.cross_entropy, library), Metric(fl.cross_entropy, library)
    shares = np.bincount(labels) / labels.size
    model = models(library, objective, metric)[0].set_params(learning_rate=1e-6)
    if library == "catboost":
        model.set_params(classes_count=3)
    model.fit(features, labels, **objective.fit_arguments(labels))
    probabilities = objective.predict_proba(model, features, objective.init_score(labels))
    np.testing.assert_allclose(probabilities, np.tile(shares, (300, 1)), atol=1e-5)


def test_xgboost_starts_from_the_prior_of_each_output(data):
    """Also where a tree has all outputs."""
    xgboost = pytest.importorskip("xgboost")
    pytest.importorskip("sklearn")
    features, _, _, weight = data
    labels = np.stack([features[:, 0] + 5, 3 * features[:, 1] - 20], axis=1)
    objective = Objective(fl.mse_loss, "xgboost")
    for strategy in ("one_output_per_tree", "multi_output_tree"):
        model = xgboost.XGBRegressor(n_estimators=2, learning_rate=1e-6, objective=objective, multi_strategy=strategy)
        model.fit(features, labels, sample_weight=weight, **objective.fit_arguments(labels, weight))
        found = objective.raw_scores(model, features, objective.init_score(labels, weight))
        np.testing.assert_allclose(found, np.tile(np.average(labels, axis=0, weights=weight), (300, 1)), rtol=1e-4)


def test_lightgbm_stops_by_the_metric_that_it_is_given(data):
    """Its classifier has one of its own, which takes raw scores for probabilities, unless it is told to have none."""
    lightgbm = pytest.importorskip("lightgbm")
    pytest.importorskip("sklearn")
    features, labels, _, _ = data
    objective, metric = (kind(fl.sigmoid_focal_loss, "lightgbm") for kind in (Objective, Metric))
    model = lightgbm.LGBMClassifier(objective=objective, metric="None", n_estimators=300, verbose=-1, n_jobs=1)
    model.fit(features[:200], labels[:200], eval_set=[(features[200:], labels[200:])], eval_metric=metric,
              callbacks=[lightgbm.early_stopping(5, verbose=False)])  # fmt: skip
    [values] = [found["sigmoid_focal_loss"] for found in model.evals_result_.values()]
    assert [list(found) for found in model.evals_result_.values()] == [["sigmoid_focal_loss"]]
    assert model.best_iteration_ == np.argmin(values) + 1 < 300


def test_scikit_learn_validates_lightgbm_by_the_objective(data):
    """As the page says: the classifier itself predicts raw scores."""
    lightgbm = pytest.importorskip("lightgbm")
    model_selection = pytest.importorskip("sklearn.model_selection")
    from fastloss.metrics import log_loss

    features, _, labels, _ = data
    objective = Objective(fl.cross_entropy, "lightgbm")
    model = lightgbm.LGBMClassifier(objective=objective, n_estimators=6, verbose=-1, n_jobs=1)

    def score(model, features, labels):
        return -log_loss(labels, objective.predict_proba(model, features), labels=model.classes_)

    found = model_selection.cross_val_score(model, features, labels, scoring=score, cv=3)
    assert found.shape == (3,)
    assert (found > -np.log(3)).all()
