"""What the metrics refuse, some of which scikit-learn accepts: the text names the argument, the place, the value."""

import re

import numpy as np
import pytest
from metric_cases import REGRESSION

import fastloss.metrics as fm

NAN, INF = np.nan, np.inf
Y, X = np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, 2.0])
WIDE = np.ones((3, 2))
P = np.array([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8], [0.6, 0.2, 0.2]])


def put(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


def refused(name, arguments, options, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}"):
        getattr(fm, name)(*arguments, **options)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("weight", [None, [1.0, 1.0, 0.0]])
@pytest.mark.parametrize("metric", REGRESSION, ids=lambda metric: metric.name)
def test_numbers_that_are_not_finite(metric, weight, value):
    """Even where their weight is 0."""
    for y, x, name in ((put(Y, 2, value), X, "y_true"), (Y, put(X, 2, value), "y_pred")):
        with pytest.raises(ValueError, match=rf"^{name}\[2\] is {value}; expected a (finite )?number"):
            getattr(fm, metric.name)(y, x, sample_weight=weight)
    if metric.several:
        wide = np.repeat(Y[:, None], 30, axis=1)
        text = f"y_pred[2, 4] is {value}; expected a "
        for columns in (5, 30):
            for multioutput in ("raw_values", "uniform_average"):
                options = {"sample_weight": weight, "multioutput": multioutput}
                arguments = wide[:, :columns], put(wide[:, :columns], (2, 4), value)
                refused(metric.name, arguments, options, ValueError, text)


SHAPES = [
    ((Y, X[:2]), "y_pred has 2 samples; y_true has 3"),
    ((Y, WIDE), "y_pred has 2 outputs; y_true has 1"),
    ((WIDE, Y), "y_pred has 1 outputs; y_true has 2"),
    ((np.ones((3, 1, 1)), X), "y_true has shape (3, 1, 1); expected one dimension, or two: samples and outputs"),
    ((1.0, X), "y_true has shape (); expected one dimension"),
    (([], []), "y_true has shape (0,); a mean over nothing is not defined"),
]
WEIGHTS = [
    ([1.0, 2.0], ValueError, "sample_weight has 2 weights; there are 3 samples"),
    (WIDE, ValueError, "sample_weight has shape (3, 2); expected (3,), a weight for each of the samples"),
    (1.0, ValueError, "sample_weight has shape (); expected (3,)"),
    ([1.0, -0.5, 2.0], ValueError, "sample_weight[1] is -0.5; expected a finite number of at least 0"),
    ([1.0, NAN, 2.0], ValueError, "sample_weight[1] is nan; expected a finite number"),
    ([1.0, 2.0, INF], ValueError, "sample_weight[2] is inf; expected a finite number"),
    ([0.0, 0.0, 0.0], ValueError, "sample_weight adds up to 0"),
    ([1e308, 1e308, 1.0], ValueError, "sample_weight adds up to more than a double can be"),
    (["a", "b", "c"], TypeError, "sample_weight has dtype <U1"),
]
MULTIOUTPUTS = [
    ("mean", "multioutput must be one of 'raw_values', 'uniform_average', or weights of the outputs, got 'mean'"),
    (None, "multioutput must be one of 'raw_values', 'uniform_average', or weights of the outputs, got None"),
    ([1.0, 2.0, 3.0], "multioutput has 3 weights; there are 2 outputs"),
    ([1.0, -2.0], "multioutput[1] is -2.0; expected a finite number of at least 0"),
    ([0.0, 0.0], "multioutput adds up to 0"),
]


@pytest.mark.parametrize(("arguments", "text"), SHAPES)
def test_shapes(arguments, text):
    for metric in REGRESSION:
        if metric.several:
            refused(metric.name, arguments, {}, ValueError, text)


@pytest.mark.parametrize(("weight", "error", "text"), WEIGHTS)
def test_weights(weight, error, text):
    for name, arguments in [
        *((metric.name, (Y, X)) for metric in REGRESSION),
        ("log_loss", ([0, 1, 2], P)),
        ("brier_score_loss", ([0, 1, 2], P)),
        ("brier_score_loss", ([0, 1, 1], P[:, 0])),
        ("hinge_loss", ([0, 1, 1], X)),
    ]:
        refused(name, arguments, {"sample_weight": weight}, error, text)


@pytest.mark.parametrize(("multioutput", "text"), MULTIOUTPUTS)
def test_multioutput(multioutput, text):
    refused("mean_squared_error", (WIDE, WIDE), {"multioutput": multioutput}, ValueError, text)
    refused("root_mean_squared_error", (WIDE, WIDE), {"multioutput": multioutput}, ValueError, text)


def test_weights_of_one_output():
    for name in ("mean_squared_error", "r2_score"):
        refused(name, (Y, X), {"multioutput": [1.0]}, ValueError, "multioutput weighs outputs, and there is only one")


RANGES = [
    ("mean_squared_log_error", (Y, put(X, 1, -1)), {}, "y_pred[1] is -1.0; expected a number above -1"),
    ("root_mean_squared_log_error", (put(Y, 0, -2), X), {}, "y_true[0] is -2.0; expected a number above -1"),
    ("mean_poisson_deviance", (put(Y, 0, -1), X), {}, "y_true[0] is -1.0; expected a number of at least 0"),
    ("mean_poisson_deviance", (Y, put(X, 2, 0)), {}, "y_pred[2] is 0.0; expected a number above 0"),
    ("mean_gamma_deviance", (put(Y, 1, 0), X), {}, "y_true[1] is 0.0; expected a number above 0"),
    ("mean_gamma_deviance", (WIDE, WIDE), {}, "y_true has shape (3, 2); expected one number for each sample"),
    ("mean_pinball_loss", (Y, X), {"alpha": 1.5}, "alpha must be within [0, 1], got 1.5"),
    *(
        (name, (Y[:1], X[:1]), {}, "y_true has one sample; how it varies is not defined")
        for name in ("r2_score", "explained_variance_score", "d2_absolute_error_score", "d2_tweedie_score")
    ),
    ("d2_log_loss_score", ([0], P[:1]), {"labels": [0, 1, 2]}, "y_true has one sample; how it varies is not defined"),
    ("d2_brier_score", ([1], [0.5]), {}, "y_true has one sample; how it varies is not defined"),
    ("mean_tweedie_deviance", (Y, X), {"power": 0.5}, "power must be at most 0, or at least 1, got 0.5"),
    ("d2_tweedie_score", (Y, X), {"power": 0.5}, "power must be at most 0, or at least 1, got 0.5"),
    ("mean_tweedie_deviance", (Y, put(X, 2, 0)), {"power": 1.5}, "y_pred[2] is 0.0; expected a number above 0"),
    ("mean_tweedie_deviance", (put(Y, 1, -1), X), {"power": 1.5}, "y_true[1] is -1.0; expected a number of at least 0"),
    ("mean_tweedie_deviance", (put(Y, 1, 0), X), {"power": 3}, "y_true[1] is 0.0; expected a number above 0"),
    ("mean_tweedie_deviance", (Y, put(X, 1, NAN)), {"power": 3}, "y_pred[1] is nan; expected a finite number"),
    ("mean_tweedie_deviance", (Y, put(X, 1, -1)), {"power": -1}, "y_pred[1] is -1.0; expected a number above 0"),
    ("log_loss", ([0, 1, 2], put(P, (1, 2), 1.5)), {}, "y_proba[1, 2] is 1.5; expected a probability within [0, 1]"),
    ("log_loss", ([0, 1, 1], put(P[:, 0], 0, -0.1)), {}, "y_proba[0] is -0.1; expected a probability within [0, 1]"),
    ("log_loss", ([0, 1, 2], put(P, (1, 2), NAN)), {}, "y_proba[1, 2] is nan; expected a finite number"),
    ("log_loss", ([0, 1, 1], put(P[:, 0], 2, NAN)), {}, "y_proba[2] is nan; expected a finite number"),
    ("brier_score_loss", ([0, 1, 1], put(P[:, 0], 2, NAN)), {}, "y_proba[2] is nan; expected a finite number"),
    ("brier_score_loss", ([0, 1, 1], put(P[:, 0], 2, NAN)), {"sample_weight": [1, 1, 0]}, "y_proba[2] is nan"),
    ("hinge_loss", ([0, 1, 1], put(X, 2, INF)), {}, "pred_decision[2] is inf; expected a finite number"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "text"), RANGES)
def test_ranges(name, arguments, options, text):
    refused(name, arguments, options, ValueError, text)


LABELS = [
    (["a", "b", "d"], {"labels": ["a", "b", "c"]}, ValueError, "y_true[2] is 'd'; expected one of 'a', 'b', 'c'"),
    ([0, 1, 7], {"labels": [0, 1, 2]}, ValueError, "y_true[2] is 7; expected one of 0, 1, 2"),
    ([0, 1, -7], {"labels": [0, 1, 10**12]}, ValueError, "y_true[2] is -7; expected one of 0, 1, 1000000000000"),
    (
        np.array([0, 1, 2**64 - 1], np.uint64),
        {"labels": [0, 1, 2]},
        ValueError,
        f"y_true[2] is {2**64 - 1}; expected one of 0, 1, 2",
    ),
    ([0, 1, 2], {"labels": [0, 1, 1]}, ValueError, "labels[2] is 1 again"),
    (np.array(["a", "b", "b"], object), {"labels": ["a", "b", "a"]}, ValueError, "labels[2] is 'a' again"),
    ([0, 1, 2], {"labels": ["0", "1", "2"]}, TypeError, "labels has dtype <U1, and y_true labels of another kind"),
    ([0, 1, 1], {}, ValueError, "y_true has 2 classes (0, 1); y_proba has 3; pass all classes as labels="),
    ([0, 1, 1], {"labels": [0, 1]}, ValueError, "labels has 2 classes (0, 1); y_proba has 3"),
    ([0.0, 0.5, 1.0], {}, ValueError, "y_true[1] is 0.5; labels are whole numbers or strings"),
    ([0.0, NAN, 1.0], {}, ValueError, "y_true[1] is NaN: a label is missing"),
    (["a", None, "b"], {}, ValueError, "y_true[1] is None: a label is missing"),
    (np.array(["a", 1, "b"], object), {}, TypeError, "y_true has labels that are not numbers or strings throughout"),
    (np.array([0, 1, 2], "M8[s]"), {}, TypeError, "y_true has dtype datetime64[s]; labels are integers, bools"),
    ([0j, 1j, 2], {}, TypeError, "y_true has dtype complex128; labels are integers, bools or strings"),
    ([0, 1], {}, ValueError, "y_proba has 3 samples; y_true has 2"),
    ([], {}, ValueError, "y_true has shape (0,); a mean over nothing is not defined"),
    (np.zeros((3, 3, 1), int), {}, ValueError, "y_true has shape (3, 3, 1)"),
    (np.full((3, 3), 2), {}, ValueError, "y_true[0, 0] is 2; expected 0 or 1, as it has a column for each class"),
    (np.ones((3, 2), int), {}, ValueError, "y_true has shape (3, 2), with a column for each class; y_proba has shape"),
    (np.ones((3, 3), int), {"labels": [0, 1, 2]}, ValueError, "labels names the classes of y_true (N,)"),
]


@pytest.mark.parametrize(("labels", "options", "error", "text"), LABELS)
@pytest.mark.parametrize("name", ["log_loss", "brier_score_loss"])
def test_labels(name, labels, options, error, text):
    refused(name, (labels, P), options, error, text)


POSITIVE = [
    (
        ["a", "b", "b"],
        {},
        "y_true has labels that are strings: say by pos_label= which is the positive one, 'a' or",
    ),
    (["a", "b", "b"], {"pos_label": "c"}, "pos_label is 'c'; expected one of 'a', 'b'"),
    ([0, 1, 2], {}, "y_true has 3 classes (0, 1, 2); expected two"),
    ([0, 1, 1], {"labels": [0, 1, 2]}, "labels has 3 classes (0, 1, 2); expected two"),
]


@pytest.mark.parametrize(("labels", "options", "text"), POSITIVE)
def test_the_positive_class(labels, options, text):
    refused("brier_score_loss", (labels, P[:, 0]), options, ValueError, text)


HINGE = [
    ((["a", "a"], [0.5, 1.0]), {}, "y_true has only the class 'a'; pass both classes as labels="),
    (([5, 5], [0.5, 1.0]), {}, "y_true has only the class 5; pass both classes as labels="),
    (([0, 1, 2], [0.5, 1.0, 2.0]), {}, "pred_decision has shape (3,); expected (3, 3), a score a class"),
    (([0, 1, 2], np.ones((3, 2))), {}, "pred_decision has shape (3, 2); expected (3, 3), a score a class"),
    (([0, 1, 1], np.ones((3, 2))), {}, "pred_decision has shape (3, 2); expected one number for each sample"),
]


@pytest.mark.parametrize(("arguments", "options", "text"), HINGE)
def test_scores_of_hinge_loss(arguments, options, text):
    refused("hinge_loss", arguments, options, ValueError, text)


def test_sums_beyond_double_are_no_error():
    assert fm.mean_squared_error([1e200], [-1e200]) == INF
