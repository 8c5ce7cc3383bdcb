"""Scorers give what scikit-learn's own give, for estimators as they are used; nothing of it is loaded otherwise."""

import pickle

import pytest
from scripts import run_script

import fastloss.metrics as fm
from fastloss.metrics import scorers


def test_scikit_learn_is_not_needed():
    run_script("""
        assert "fastloss.metrics" not in sys.modules
        import fastloss.metrics as fm
        fm.log_loss([0, 1], [0.2, 0.6])
        fm.mean_squared_error([0.0], [1.0])
        assert not any(name.partition(".")[0] in ("sklearn", "scipy") for name in sys.modules)
        sys.modules["sklearn"] = sys.modules["sklearn.metrics"] = None  # as if it were not installed
        try:
            fm.get_scorer("r2")
        except ImportError as error:
            assert "pip install scikit-learn" in str(error)
        else:
            raise AssertionError
    """)


@pytest.mark.parametrize("name", ["accuracy", None, ["r2"]])
def test_other_names(name):
    with pytest.raises(ValueError, match=r"^scoring is .*; expected one of d2_absolute_error_score, d2_brier_score, "):
        fm.get_scorer(name)


@pytest.mark.parametrize("name", sorted(scorers._SCORERS))
def test_scores_of_scikit_learn(name):
    sklearn = pytest.importorskip("sklearn", reason="scikit-learn, whose scores are compared with")
    from sklearn import datasets, metrics, model_selection, neighbors

    assert sklearn
    if "predict_proba" in repr(fm.get_scorer(name)):
        x, y = datasets.load_iris(return_X_y=True)
        estimator = neighbors.KNeighborsClassifier(20)
        targets = [y, datasets.load_iris().target_names[y]] if "log_loss" in name else [y, y == 1]
    else:
        x, y = datasets.load_diabetes(return_X_y=True)
        estimator, targets = neighbors.KNeighborsRegressor(), [y, y.astype("float32")]
    scorer = pickle.loads(pickle.dumps(fm.get_scorer(name)))
    for target in targets:
        found, expected = (
            model_selection.cross_val_score(estimator, x, target, scoring=scoring, error_score="raise")
            for scoring in (scorer, metrics.get_scorer(name))
        )
        assert found == pytest.approx(expected, rel=1e-6 if target.dtype == "float32" else 1e-11)
        assert len(set(found)) == 5


def test_options_that_scorers_need_for_names_and_for_missing_classes():
    """As the page says."""
    pytest.importorskip("sklearn", reason="scikit-learn, which makes scorers")
    from sklearn import datasets, metrics, model_selection, neighbors

    x, y = datasets.load_iris(return_X_y=True)
    names = datasets.load_iris().target_names[y]
    model, folds = neighbors.KNeighborsClassifier(20), model_selection.KFold(10)  # most have one class
    options = {"response_method": "predict_proba", "greater_is_better": False}
    for loss, more, rows in (
        ("brier_score_loss", {"pos_label": "setosa"}, slice(0, 100)),
        ("log_loss", {}, slice(None)),
    ):
        more = more or {"labels": sorted(set(names))}
        found, expected = (
            model_selection.cross_val_score(
                model,
                x[rows],
                names[rows],
                cv=folds if loss == "log_loss" else 3,
                scoring=metrics.make_scorer(getattr(module, loss), **options, **more),
            )
            for module in (fm, metrics)
        )
        assert found == pytest.approx(expected, rel=1e-11)


def test_metrics_with_options_as_scorers():
    pytest.importorskip("sklearn", reason="scikit-learn, which makes scorers")
    from sklearn import datasets, metrics, model_selection, neighbors

    x, y = datasets.load_diabetes(return_X_y=True)
    found, expected = (
        model_selection.GridSearchCV(
            neighbors.KNeighborsRegressor(),
            {"n_neighbors": [1, 5, 20]},
            scoring=metrics.make_scorer(loss, alpha=0.9, greater_is_better=False),
        )
        .fit(x, y)
        .cv_results_["mean_test_score"]
        for loss in (fm.mean_pinball_loss, metrics.mean_pinball_loss)
    )
    assert found == pytest.approx(expected, rel=1e-11)
