"""What is refused, with the argument, the place and the value; and derivatives that follow from their definition."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import reference
from errors import refused
from losses import BY_NAME
from scripts import run_script

import fastloss as fl
from fastloss._memory import CAN_COUNT
from fastloss.boosting import Metric, Objective
from fastloss.boosting._library import BOOSTED

LABELS, SCORES = np.array([0.0, 1.0, 1.0]), np.array([0.5, -3.0, 2.0])
ROWS = np.array([[0.5, 0.0, 1.0], [2.0, 1.0, 0.0], [0.0, 0.0, 3.0]])


@pytest.mark.parametrize(("error", "tokens", "make"), [
    (TypeError, ["loss", "fl.sigmoid_focal_loss", "'mse'"], lambda kind: kind("mse", "lightgbm")),
    (ValueError, ["loss", "rmse_loss", "mse_loss"], lambda kind: kind(fl.rmse_loss, "lightgbm")),
    (ValueError, ["loss", "binary_cross_entropy_with_logits"], lambda kind: kind(fl.binary_cross_entropy, "xgboost")),
    (ValueError, ["library", "'sklearn'", "'catboost'"], lambda kind: kind(fl.mse_loss, "sklearn")),
    (ValueError, ["alpha", "1.5"], lambda kind: kind(fl.sigmoid_focal_loss, "xgboost", alpha=1.5)),
    (ValueError, ["class_weight[1]", "-1"], lambda kind: kind(fl.cross_entropy, "xgboost", class_weight=[1.0, -1.0])),
    (TypeError, ["beta"], lambda kind: kind(fl.sigmoid_focal_loss, "xgboost", beta=1.5)),
    (TypeError, ["sample_weight"], lambda kind: kind(fl.mse_loss, "xgboost", sample_weight=[1.0])),
    (TypeError, ["reduction"], lambda kind: kind(fl.mse_loss, "xgboost", reduction="mean")),
])  # fmt: skip
@pytest.mark.parametrize("kind", [Objective, Metric])
def test_what_both_refuse(kind, error, tokens, make):
    refused(error, tokens, lambda: make(kind))


@pytest.mark.parametrize(("error", "tokens", "options"), [
    (ValueError, ["hessian", "'exact'", "'newton'"], {"hessian": "newton"}),
    (ValueError, ["max_step", 0], {"max_step": 0}),
    (TypeError, ["max_step", "'far'"], {"max_step": "far"}),
])  # fmt: skip
def test_what_an_objective_refuses(error, tokens, options):
    refused(error, tokens, lambda: Objective(fl.log_cosh_loss, "lightgbm", **options))


@pytest.mark.parametrize("loss", [fl.l1_loss, fl.quantile_loss, fl.hinge_loss])
def test_no_exact_curvature(loss):
    refused(TypeError, [loss.__name__, "bounded", "ones"], lambda: Objective(loss, "lightgbm", hessian="exact"))


@pytest.mark.parametrize("kind", [Objective, Metric])
@pytest.mark.parametrize(("tokens", "loss", "labels", "scores"), [
    (["labels[1]", 0.5, "class"], fl.cross_entropy, np.array([0, 0.5, 1]), ROWS),
    (["labels[2]", "nan", "class"], fl.cross_entropy, np.array([0, 1, np.nan], np.float32), ROWS),
    (["labels[2]", 3, "0..2"], fl.cross_entropy, np.array([0.0, 1.0, 3.0]), ROWS),
    (["labels[1]", 2.0, "[0, 1]"], fl.sigmoid_focal_loss, np.array([0.0, 2.0, 1.0]), SCORES),
    (["scores", "(3,)", "classes"], fl.cross_entropy, LABELS, SCORES),
    (["labels", "(3,)", "(3, 3)", "cross_entropy"], fl.sigmoid_focal_loss, LABELS, ROWS),
])  # fmt: skip
def test_what_calls_refuse(kind, tokens, loss, labels, scores):
    refused(ValueError, tokens, lambda: kind(loss, "xgboost")(labels, scores))


def test_weights_that_do_not_fit():
    objective = Objective(fl.sigmoid_focal_loss, "xgboost")
    refused(ValueError, ["sample_weight", "(2,)", "(3,)"], lambda: objective(LABELS, SCORES, np.ones(2)))


def test_another_library_calls():
    refused(TypeError, ["library", "'catboost'"], lambda: Objective(fl.mse_loss, "catboost")(LABELS, SCORES))
    refused(TypeError, ["library", "'catboost'"], lambda: Metric(fl.mse_loss, "catboost")(LABELS, SCORES))
    made = Objective(fl.mse_loss, "lightgbm"), Metric(fl.mse_loss, "lightgbm")
    refused(TypeError, ["'lightgbm'", "'catboost'"], lambda: made[0].calc_ders_range(SCORES, LABELS, None))
    refused(TypeError, ["'lightgbm'", "'catboost'"], lambda: made[0].calc_ders_multi(SCORES, 1.0, 1.0))
    refused(TypeError, ["'lightgbm'", "'catboost'"], lambda: made[1].evaluate((SCORES,), LABELS, None))
    xgboost = pytest.importorskip("xgboost")
    matrix = xgboost.DMatrix(np.zeros((3, 1)), LABELS)
    for objective in made:
        refused(TypeError, ["'lightgbm'", "'xgboost'"], lambda objective=objective: objective(SCORES, matrix))


def test_of_many_classes_there_is_no_number():
    of_rows, of_numbers = Objective(fl.cross_entropy, "catboost"), Objective(fl.mse_loss, "catboost")
    refused(ValueError, ["mse_loss", "cross_entropy"], lambda: of_numbers.calc_ders_multi(SCORES, 1.0, 1.0))
    refused(ValueError, ["labels[0]", 0.5], lambda: of_rows.calc_ders_multi(SCORES, 0.5, 1.0))
    refused(TypeError, ["mse_loss", "predict"], lambda: of_numbers.predict_proba(None, None))


def test_starts_that_do_not_exist():
    objective = Objective(fl.cross_entropy, "lightgbm")
    refused(ValueError, ["labels", "empty"], lambda: objective.init_score([]))
    refused(ValueError, ["labels[1]", -2], lambda: objective.init_score([0, -2]))
    refused(ValueError, ["labels", "counts"], lambda: objective.init_score([-100]))
    refused(ValueError, ["labels[1]", 10**6, 4096], lambda: objective.init_score([0, 10**6]))
    refused(ValueError, ["sample_weight", 0, "count"], lambda: objective.init_score([0, -100], [0.0, 1.0]))
    for loss in (fl.cross_entropy, fl.sigmoid_focal_loss, fl.mse_loss):
        start = Objective(loss, "lightgbm").init_score
        refused(ValueError, ["labels[1]", "nan"], lambda start=start: start([0.0, np.nan]))
        refused(ValueError, ["sample_weight", 2, 3], lambda start=start: start([0, 1, 1], [1.0, 2.0]))
        refused(ValueError, ["sample_weight[0]", -1.0], lambda start=start: start([0, 1], [-1.0, 2.0]))
        refused(ValueError, ["sample_weight", 0], lambda start=start: start([0, 1], [0.0, 0.0]))
    refused(ValueError, ["labels[1]", "inf"], lambda: Objective(fl.mse_loss, "lightgbm").init_score([0.0, np.inf]))
    refused(ValueError, ["labels[0]", 2.0], lambda: Objective(fl.sigmoid_focal_loss, "lightgbm").init_score([2, 1]))
    refused(TypeError, ["labels", "<U1"], lambda: Objective(fl.sigmoid_focal_loss, "lightgbm").init_score(["a", "b"]))
    xgboost = pytest.importorskip("xgboost")
    matrix, model = xgboost.DMatrix(np.zeros((3, 1))), object()
    objective = Objective(fl.mse_loss, "xgboost")
    refused(ValueError, ["init_score", "base_margin"], lambda: objective.raw_scores(model, matrix, 1.0))


@pytest.mark.parametrize("name", BOOSTED)
def test_bound_by_its_definition(name, rng):
    """The larger of the curvature and of |gradient| / max_step, each by the definition of the loss."""
    row = BY_NAME[name]
    shape = (20, 3) if row.family == "rowwise" else (20,)
    scores, labels = row.draw_between(rng, shape)
    labels = labels.astype(np.float32)  # as the libraries have them
    target = reference.one_hot(labels, 3) if row.family == "rowwise" else labels.astype(float)
    has_curvature = row.has_curvature(row.options[0])
    expected = [
        getattr(reference, f"{name}_grad")(scores, target),
        getattr(reference, f"{name}_hess")(scores, target) if has_curvature else 0 * scores,
    ]
    weight = rng.random(20)
    column = weight[:, None] if len(shape) == 2 else weight
    factor = 0.5 if name == "mse_loss" else 1.0
    grad, hess = (factor * array * column for array in expected)
    found = Objective(row.loss, "xgboost", hessian="bounded", max_step=0.7)(labels, scores, weight)
    np.testing.assert_allclose(found[0], grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[1], np.maximum(hess, np.abs(grad) / 0.7), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_arrays_are_bound_as_small_ones_are(order, rng):
    scores = np.array(rng.normal(size=(20000, 3)), order=order)
    labels, objective = rng.integers(0, 3, 20000), Objective(fl.softmax_focal_loss, "lightgbm")
    grad, hess = objective(labels, scores)
    exact = fl.softmax_focal_loss.grad_and_hess(scores, labels, reduction="sum")
    np.testing.assert_array_equal(grad, exact[0])
    np.testing.assert_array_equal(hess, np.maximum(exact[1], np.abs(exact[0]) / 2))
    assert hess.flags.f_contiguous is (order == "F")


def test_results_that_are_kept_do_not_change(rng):
    """Their memory is used again only where nobody has them, or a view of them, any more."""
    objective = Objective(fl.sigmoid_focal_loss, "lightgbm")
    labels = (rng.random(5000) < 0.5).astype(np.float32)
    kept, before, addresses = [], [], set()
    for number in range(6):
        grad, hess = objective(labels, rng.normal(size=5000))
        addresses.add(grad.ctypes.data)
        if number % 2:
            kept += [grad[10:20], hess[::2].reshape(50, -1)]
            before += [array.copy() for array in kept[-2:]]
        del grad, hess
    for array, values in zip(kept, before, strict=True):
        np.testing.assert_array_equal(array, values)
    again = pickle.loads(pickle.dumps(objective))
    np.testing.assert_array_equal(again(labels, labels)[0], objective(labels, labels)[0])


@pytest.mark.skipif(not CAN_COUNT, reason="references can't be counted here")
def test_memory_is_used_again(rng):
    objective, labels = Objective(fl.cross_entropy, "xgboost"), rng.integers(0, 3, 4000)
    for order in "FC":
        scores, addresses = np.array(rng.normal(size=(4000, 3)), order=order), set()
        for _ in range(4):
            grad, _ = objective(labels, scores)
            addresses.add(grad.ctypes.data)
            assert grad.flags.f_contiguous is (order == "F")
            np.testing.assert_allclose(grad, fl.cross_entropy.grad(scores, labels, reduction="sum"), atol=1e-14)
            del grad, _
        assert len(addresses) == 1


def test_threads_share_an_objective(rng):
    objective, labels = Objective(fl.log_cosh_loss, "xgboost"), rng.normal(size=20000)
    scores = [rng.normal(size=20000) for _ in range(4)]
    expected = [objective(labels, x) for x in scores]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for found, right in zip(pool.map(lambda x: objective(labels, x), scores), expected, strict=True):
                np.testing.assert_array_equal(found, right)


def test_ones_are_the_weights(rng):
    weight = rng.random(3).astype(np.float32)
    for loss, scores in ((fl.quantile_loss, SCORES), (fl.cross_entropy, ROWS)):
        objective = Objective(loss, "xgboost", hessian="ones")
        assert (objective(LABELS, scores)[1] == 1).all()
        np.testing.assert_array_equal(objective(LABELS, scores, weight)[1].T, np.broadcast_to(weight, scores.shape))


STARTS = [  # loss, options, labels, the best constant
    (fl.mse_loss, {}, [1.0, 2.0, 6.0], 3.0),
    (fl.l1_loss, {}, [1.0, 2.0, 6.0], 2.0),
    (fl.quantile_loss, {"quantile": 0.9}, [1.0, 2.0, 6.0], 6.0),
    (fl.poisson_nll_loss, {}, [0, 3, 6], np.log(3)),
    (fl.binary_cross_entropy_with_logits, {}, [0, 0, 0, 1], -np.log(3)),
    (fl.binary_cross_entropy_with_logits, {"pos_weight": 3.0}, [0, 0, 0, 1], 0.0),
    (fl.binary_cross_entropy_with_logits, {}, [1, 1], 40.0),
    (fl.mse_loss, {}, [5.0], 5.0),
]


@pytest.mark.parametrize(("loss", "options", "labels", "best"), STARTS)
def test_the_best_constant(loss, options, labels, best):
    assert Objective(loss, "lightgbm", **options).init_score(labels) == pytest.approx(best, abs=1e-9)


def test_the_best_constant_of_each_output():
    objective = Objective(fl.mse_loss, "xgboost")
    labels, weight = np.array([[1.0, 10.0], [2.0, 30.0]]), [1.0, 3.0]
    np.testing.assert_allclose(objective.init_score(labels, weight), [1.75, 25.0])
    np.testing.assert_allclose(objective.fit_arguments(labels)["base_margin"], [[1.5, 20.0]] * 2)
    assert objective.fit_arguments(labels[:, :1])["base_margin"].shape == (2,)
    assert Objective(fl.mse_loss, "xgboost").init_score([1e308, 1e308]) == 1e308


def test_the_best_constant_by_weights():
    found = Objective(fl.mse_loss, "lightgbm").init_score([1.0, 5.0], [3.0, 1.0])
    assert found == pytest.approx(2.0, abs=1e-9)
    found = Objective(fl.cross_entropy, "lightgbm").init_score([0, 1, 2], [6.0, 3.0, 1.0])
    np.testing.assert_allclose(fl.softmax(found), [0.6, 0.3, 0.1], rtol=1e-8)
    weighted = Objective(fl.cross_entropy, "lightgbm", class_weight=[1.0, 2.0]).init_score([0, 0, 1])
    np.testing.assert_allclose(fl.softmax(weighted), [0.5, 0.5], rtol=1e-8)


@pytest.mark.parametrize("loss", [fl.sigmoid_focal_loss, fl.log_cosh_loss, fl.huber_loss])
def test_no_other_constant_is_better(loss, rng):
    labels = (rng.random(200) < 0.1).astype(float) if loss is fl.sigmoid_focal_loss else rng.exponential(size=200)
    best = Objective(loss, "lightgbm").init_score(labels)
    values = [loss(np.full(200, best + step), labels) for step in (-1e-3, 0, 1e-3)]
    assert values[1] < min(values[0], values[2])


def test_no_library_is_loaded():
    run_script("""
        import fastloss.boosting
        loaded = {"lightgbm", "xgboost", "catboost", "sklearn", "pandas"} & set(sys.modules)
        assert not loaded, loaded
        assert fastloss.boosting.Objective(fl.mse_loss, "lightgbm")
    """)
    assert "fastloss.boosting" in sys.modules
