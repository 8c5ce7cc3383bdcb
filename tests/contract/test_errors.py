"""What is refused: every error once. The text names the argument, the place, the value; `out` is as it was before."""

import domains
import numpy as np
import pytest
from errors import BOTH, LABELS, SOFT, X, every_verb, put, refused
from losses import LOSSES, of_family

import fastloss as fl

NOT_LABELS = [
    (put(LABELS, 2, 3), ValueError, ["target", 2, 3]),
    (put(put(LABELS, 1, -7), 3, -9), ValueError, ["target", 1, -7]),
    (put(LABELS.astype(np.uint64), 3, 2**64 - 1), ValueError, ["target", 3, 2**64 - 1]),
    (put(LABELS, 3, 2**62), ValueError, ["target", 3, 2**62]),
    (put(LABELS.astype(np.uint8), 0, 156), ValueError, ["target", 0, 156]),
    (LABELS.astype(np.float64), TypeError, ["target", "float64"]),
    (LABELS[:3], ValueError, ["target", "(3,)", "(4,"]),
    (LABELS[None], ValueError, ["target", "(1, 4)", "(4,"]),
    (LABELS.astype(object), TypeError, ["target", "object"]),
    (["a", "b", "c", "d"], TypeError, ["target"]),
    (None, TypeError, ["target"]),
    (LABELS + 0j, TypeError, ["target", "complex128"]),
]
LABELLED = [row.loss for row in LOSSES if row.has_labels]


def name_of(value):
    return getattr(value, "name", getattr(value, "__name__", None))


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
@pytest.mark.parametrize(("target", "error", "tokens"), NOT_LABELS)
def test_labels(loss, target, error, tokens):
    every_verb(loss, (X, target), {}, error, tokens)


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
def test_place_of_a_label_in_more_dimensions(loss):
    labels = put(np.zeros((2, 3, 4), int), (1, 2, 0), 9)
    every_verb(loss, (np.zeros((2, 5, 3, 4)), labels), {"axis": 1}, ValueError, ["target", "1, 2, 0", 9])
    every_verb(loss, (np.zeros(3), 3), {}, ValueError, ["target", 3])


ROW_OPTIONS = [
    ({"reduction": "median"}, ValueError, ["reduction", "median", "mean", "sum", "none"]),
    ({"reduction": None}, BOTH, ["reduction", "None"]),
    ({"axis": 2}, ValueError, ["axis", 2]),
    ({"axis": -3}, ValueError, ["axis", -3]),
    ({"axis": 1.5}, TypeError, ["axis"]),
    ({"ignore_index": 0.5}, TypeError, ["ignore_index"]),
    ({"ignore_index": "none"}, TypeError, ["ignore_index"]),
    ({"ignore_index": 2**70}, ValueError, ["ignore_index", 2**70]),
    ({"sample_weight": np.ones(3)}, ValueError, ["sample_weight", "(3,)", "(4,)"]),
    ({"sample_weight": ["a"] * 4}, TypeError, ["sample_weight"]),
    ({"num_threads": 0}, ValueError, ["num_threads", 0]),
    ({"num_threads": -2}, ValueError, ["num_threads", -2]),
    ({"num_threads": "two"}, TypeError, ["num_threads"]),
]


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
@pytest.mark.parametrize(("options", "error", "tokens"), ROW_OPTIONS, ids=str)
def test_options_of_rows(loss, options, error, tokens):
    every_verb(loss, (X, LABELS), options, error, tokens)


CLASS_WEIGHTS = [
    (np.ones(4), ValueError, ["(4,)", 3]),
    (np.ones((1, 3)), ValueError, ["(1, 3)"]),
    ([1.0, -2.0, 1.0], ValueError, [1, "-2"]),
    ([1.0, 1.0, np.nan], ValueError, [2, "nan"]),
    (["a", "b", "c"], TypeError, []),
]


@pytest.mark.parametrize(("weights", "error", "tokens"), CLASS_WEIGHTS, ids=str)
def test_class_weights(weights, error, tokens):
    for loss in [row.loss for row in LOSSES if "class_weight" in row.parameters]:
        every_verb(loss, (X, LABELS), {"class_weight": weights}, error, ["class_weight", *tokens])


@pytest.mark.parametrize("loss", [fl.softmax_focal_loss, fl.sigmoid_focal_loss], ids=name_of)
def test_focal_options(loss):
    target = LABELS if loss is fl.softmax_focal_loss else SOFT
    every_verb(loss, (X, target), {"gamma": -0.5}, ValueError, ["gamma", -0.5])
    every_verb(loss, (X, target), {"gamma": np.nan}, ValueError, ["gamma", "nan"])
    every_verb(loss, (X, target), {"gamma": np.inf}, ValueError, ["gamma", "inf"])
    every_verb(loss, (X, target), {"gamma": "two"}, TypeError, ["gamma", "two"])
    every_verb(loss, (X, target), {"alpha": np.inf}, ValueError, ["alpha", "inf"])
    every_verb(loss, (X, target), {"alpha": -0.1}, ValueError, ["alpha", -0.1])
    every_verb(loss, (X, target), {"alpha": np.nan}, ValueError, ["alpha", "nan"])
    every_verb(loss, (X, target), {"alpha": "half"}, TypeError, ["alpha"])


def test_alpha_of_the_sigmoid_form_is_a_share():
    every_verb(fl.sigmoid_focal_loss, (X, SOFT), {"alpha": 1.5}, ValueError, ["alpha", "[0, 1]", 1.5])


def test_alpha_per_class():
    every_verb(fl.softmax_focal_loss, (X, LABELS), {"alpha": [0.5, 0.5, np.inf]}, ValueError, ["alpha", 2, "inf"])
    every_verb(fl.softmax_focal_loss, (X, LABELS), {"alpha": [np.nan, 0.5, 1]}, ValueError, ["alpha", 0, "nan"])
    every_verb(fl.softmax_focal_loss, (X, LABELS), {"alpha": [0.5, -0.5, 1]}, ValueError, ["alpha", 1, -0.5])
    every_verb(fl.softmax_focal_loss, (X, LABELS), {"alpha": [0.5, 0.5]}, ValueError, ["alpha", "(2,)", 3])


DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64"])
LIMITED_TARGETS = [
    (row, domains.TARGETS[kind].limits)
    for row in of_family("elementwise", "rowwise")
    for kind in row.targets
    if domains.TARGETS[kind].limits != domains.ANY
]


@pytest.mark.parametrize(("row", "limits"), LIMITED_TARGETS, ids=name_of)
@DTYPES
def test_targets_out_of_range(row, limits, dtype):
    loss, x, y, (low, high) = row.loss, row.example()[0], np.zeros((4, 3), dtype), limits
    below = low - 1
    every_verb(loss, (x, put(y, (2, 1), below)), {}, ValueError, ["target", "2, 1", int(below)])
    every_verb(loss, (x, put(put(y, (1, 0), below), (3, 0), below - 4)), {}, ValueError, ["target", "1, 0", int(below)])
    if high < np.inf:
        every_verb(loss, (x, put(y, (2, 1), high + 1)), {}, ValueError, ["target", "2, 1", int(high + 1)])
    if dtype != "int64":
        every_verb(loss, (x, put(y, (0, 2), -np.inf)), {}, ValueError, ["target", "0, 2", "-inf"])
        every_verb(loss, (x.T, put(y.T, (2, 3), low - 0.5)), {}, ValueError, ["target", "2, 3", low - 0.5])
    if dtype != "int64" and high < np.inf:
        every_verb(loss, (x, put(y, (0, 2), np.inf)), {}, ValueError, ["target", "0, 2", "inf"])
        every_verb(loss, (x.T, put(y.T, (2, 3), high + 0.5)), {}, ValueError, ["target", "2, 3", high + 0.5])


OF_PROBABILITIES = [row for row in LOSSES if row.domain.limits == domains.UNIT]


@pytest.mark.parametrize("row", OF_PROBABILITIES, ids=name_of)
@DTYPES
def test_predicted_probabilities(row, dtype):
    loss, name = row.loss, row.arguments[0]
    p, rest = np.zeros((4, 3), dtype), [SOFT] if row.targets else []
    every_verb(loss, (put(p, (2, 1), 2), *rest), {}, ValueError, [name, "2, 1", 2])
    every_verb(loss, (put(put(p, (1, 0), -1), (3, 0), 5), *rest), {}, ValueError, [name, "1, 0", -1])
    if dtype != "int64":
        every_verb(loss, (put(p, (0, 2), -np.inf), *rest), {}, ValueError, [name, "0, 2", "-inf"])
        smallest = -np.finfo(dtype).smallest_subnormal
        every_verb(loss, (put(p, (3, 2), smallest), *rest), {}, ValueError, [name, "3, 2"])
    big = np.zeros(100_000, dtype)  # several chunks
    big[77_777] = 7
    every_verb(loss, (big, *([0 * big] if rest else [])), {}, ValueError, [name, 77_777, 7])


NUMBERS = [
    (row, name)
    for row in of_family("elementwise", "rowwise")
    for name, parameter in row.parameters.items()
    if isinstance(parameter.default, float)
]


@pytest.mark.parametrize(("row", "name"), NUMBERS, ids=name_of)
def test_options_that_are_numbers(row, name):
    for wrong in ("a", np.nan, None if name != "alpha" else "b", 1j):
        every_verb(row.loss, row.example(), {name: wrong}, BOTH, [name])


def test_a_minus_zero_is_a_probability():
    p = np.array([-0.0, 1.0])
    assert fl.entropy(p) == 0
    assert fl.kl_divergence(np.array([0.5, 0.5]), p) == pytest.approx(np.log(2))
    assert fl.binary_cross_entropy(p, p) == 0


def test_what_is_not_an_array_or_a_number_in_disguise():
    every_verb(fl.l1_loss, (np.ma.array(X, mask=X > 0), SOFT), {}, TypeError, ["predictions", "masked array"])
    every_verb(fl.mse_loss, (X, np.ma.array(X, mask=X > 0)), {}, TypeError, ["target", "masked array"])
    every_verb(fl.huber_loss, (X, SOFT), {"delta": "2"}, TypeError, ["delta", "'2'"])
    every_verb(fl.huber_loss, (X, SOFT), {"delta": 10**400}, ValueError, ["delta", "finite"])
    every_verb(fl.mse_loss, (X, SOFT), {"reduction": np.array(["mean"])}, ValueError, ["reduction", "mean"])


def test_counts():
    every_verb(fl.poisson_nll_loss, (X, put(SOFT, (1, 2), -0.5)), {}, ValueError, ["target", "1, 2", -0.5])
    every_verb(fl.poisson_nll_loss, (X, put(SOFT, (3, 0), -1)), {"full": True}, ValueError, ["target", "3, 0", -1])


def test_options_of_regression():
    for loss, name, wrong in (
        (fl.huber_loss, "delta", [0, -1, np.nan, np.inf, "a"]),
        (fl.smooth_l1_loss, "beta", [-1, np.nan, np.inf, "a"]),
        (fl.quantile_loss, "quantile", [-0.1, 1.5, np.nan, "a", None]),
    ):
        for value in wrong:
            every_verb(loss, (X, SOFT), {name: value}, BOTH, [name, value])


def test_quantiles():
    for wrong in (-0.1, 1.5, np.nan, np.inf):
        every_verb(fl.quantile_loss, (X, SOFT), {"quantile": [0.5, wrong, 7]}, ValueError, ["quantile[1]", wrong])
        every_verb(fl.quantile_loss, (X, SOFT), {"quantile": put(SOFT, (2, 1), wrong)}, ValueError, ["[2, 1]", wrong])
    every_verb(fl.quantile_loss, (X, SOFT), {"quantile": [0.5, 0.2]}, ValueError, ["quantile", "(2,)", "(4, 3)"])
    every_verb(fl.quantile_loss, (X, SOFT), {"quantile": ["a"]}, TypeError, ["quantile"])
    every_verb(fl.quantile_loss, (X, SOFT), {"quantile": [0.5 + 1j]}, TypeError, ["quantile", "complex128"])


def test_options_of_binary_cross_entropy():
    loss = fl.binary_cross_entropy_with_logits
    every_verb(loss, (X, SOFT), {"pos_weight": -1.0}, ValueError, ["pos_weight", -1.0])
    every_verb(loss, (X, SOFT), {"pos_weight": [1.0, 2.0, -3.0]}, ValueError, ["pos_weight", 2, -3.0])
    every_verb(loss, (X, SOFT), {"pos_weight": np.ones(4)}, ValueError, ["pos_weight", "(4,)", "(4, 3)"])
    every_verb(loss, (X, SOFT), {"pos_weight": "a"}, TypeError, ["pos_weight"])
    every_verb(loss, (X, SOFT), {"pos_weight": np.inf}, ValueError, ["pos_weight", "inf"])
    every_verb(loss, (X.astype(np.float32), SOFT), {"pos_weight": 1e300}, ValueError, ["pos_weight", "1e+300"])


def test_options_of_divergences():
    for loss, x in ((fl.entropy, SOFT), (fl.entropy_with_logits, X)):
        for base in (0, 1, -2, np.nan, np.inf, "e"):
            every_verb(loss, (x,), {"base": base}, BOTH, ["base", base])
    for temperature in (0, -1, np.nan, np.inf, "hot", 1e-50):
        options = {"temperature": temperature}
        every_verb(fl.kl_divergence_with_logits, (X, X), options, BOTH, ["temperature", temperature])
        every_verb(fl.js_divergence_with_logits, (X, X), options, BOTH, ["temperature", temperature])
    every_verb(fl.kl_divergence_with_logits, (X, None), {}, TypeError, ["target", "None"])
    every_verb(fl.js_divergence_with_logits, (X, None), {}, TypeError, ["target_logits", "None"])
    every_verb(fl.js_divergence_with_logits, (X, X[:3]), {}, ValueError, ["target_logits", "(3, 3)", "(4, 3)"])
    for beta in (0, 1, -0.5, 1.5):
        tokens = ["beta", "strictly between 0 and 1", beta, "kl_divergence_with_logits", "reverse=True"]
        every_verb(fl.js_divergence_with_logits, (X, X), {"beta": beta}, ValueError, tokens)


@pytest.mark.parametrize("row", [row for row in of_family("rowwise") if not row.has_labels], ids=name_of)
def test_shapes_and_options_of_distributions(row):
    loss, (x, *targets) = row.loss, row.example()
    every_verb(loss, (x, *targets), {"axis": 2}, ValueError, ["axis", 2])
    every_verb(loss, (x, *targets), {"sample_weight": np.ones(3)}, ValueError, ["sample_weight", "(3,)", "(4,)"])
    if "batchmean" not in row.reductions:
        every_verb(loss, (x, *targets), {"reduction": "batchmean"}, ValueError, ["reduction", "batchmean"])
    if targets:
        every_verb(loss, (x, SOFT[:, :2]), {}, ValueError, ["target", "(4, 2)", "(4, 3)"])
        every_verb(loss, (x, SOFT[0]), {}, ValueError, ["target", "(3,)", "(4, 3)"])
        every_verb(loss, (x, SOFT.astype(object)), {}, TypeError, ["target", "object"])
        every_verb(loss, (x, None), {}, BOTH, ["target"])


@pytest.mark.parametrize("row", of_family("elementwise"), ids=name_of)
def test_shapes_and_options_of_elements(row):
    loss, x = row.loss, row.example()[0]
    every_verb(loss, (x, np.zeros(4)), {}, ValueError, ["target", "(4,)", "(4, 3)"])
    every_verb(loss, (x, np.zeros((2, 4, 3))), {}, ValueError, ["target", "(2, 4, 3)", "(4, 3)"])
    every_verb(loss, (x, SOFT.astype(object)), {}, TypeError, ["target", "object"])
    every_verb(loss, (x, None), {}, TypeError, ["target"])
    every_verb(loss, (x, SOFT), {"sample_weight": np.ones(4)}, ValueError, ["sample_weight", "(4,)", "(4, 3)"])
    every_verb(loss, (x, SOFT), {"reduction": "median"}, ValueError, ["reduction", "median"])
    every_verb(loss, (x, SOFT), {"num_threads": 0}, ValueError, ["num_threads", 0])
    for reduction in {"batchmean", "sum", "none"} - {*row.reductions}:
        every_verb(loss, (x, SOFT), {"reduction": reduction}, ValueError, ["reduction", reduction])


def test_label_smoothing():
    for smoothing in (-0.1, 1.5):
        options = {"label_smoothing": smoothing}
        every_verb(fl.cross_entropy, (X, LABELS), options, ValueError, ["label_smoothing", smoothing])
    every_verb(fl.cross_entropy, (X, LABELS), {"label_smoothing": "a"}, TypeError, ["label_smoothing"])


def test_a_distribution_of_another_shape():
    every_verb(fl.cross_entropy, (X, SOFT.T), {}, BOTH, ["target"])


every_loss = pytest.mark.parametrize("row", LOSSES, ids=name_of)


@every_loss
def test_scores(row):
    loss, name, (x, *rest) = row.loss, row.arguments[0], row.example()
    every_verb(loss, (x.astype(object), *rest), {}, TypeError, [name, "object"])
    every_verb(loss, (x + 0j, *rest), {}, TypeError, [name, "complex128"])
    every_verb(loss, (x.astype("U5"), *rest), {}, TypeError, [name])
    if np.dtype(np.longdouble) != np.float64:
        every_verb(loss, (x.astype(np.longdouble), *rest), {}, TypeError, [name, np.dtype(np.longdouble).name])
    every_verb(loss, (x.astype("M8[s]"), *rest), {}, TypeError, [name, "datetime64"])
    for nothing in (None, "abc", {"a": 1}, [[1, 2], [3]]):
        refused(TypeError, [name], lambda nothing=nothing: loss(nothing, *rest))
    if row.family != "elementwise":
        refused(ValueError, [name, "()"], lambda: loss(1.5, *[0] * len(rest)))
        # No memory behind it: more classes than the index type counts.
        huge = np.broadcast_to(np.float32(0), (1,) * (x.ndim - 1) + (2**31,))
        if rest or row.predictions == "logits":
            refused(ValueError, [name, 2**31], lambda: loss(huge, *[[1]] * len(rest)))


@every_loss
def test_out(row):
    loss, arguments = row.loss, row.example()
    x = arguments[0]

    def untouched(error, tokens, out):
        before = out.tobytes()
        refused(error, ["out", *tokens], lambda: loss.grad(*arguments, out=out))
        refused(error, ["out", *tokens], lambda: loss.value_and_grad(*arguments, out=out))
        assert out.tobytes() == before

    untouched(ValueError, [str(x.shape[:-1])], np.ones(x.shape[:-1]))
    untouched(ValueError, [str((1, *x.shape))], np.ones((1, *x.shape)))
    for dtype in (np.int64, np.float32, np.complex128, object):
        untouched(BOTH, [np.dtype(dtype).name, "float64"], np.ones(x.shape, dtype))
    locked = np.ones(x.shape)
    locked.flags.writeable = False
    untouched(ValueError, ["read-only"], locked)
    for wrong in (x.tolist(), "out", 3):
        refused(TypeError, ["out"], lambda wrong=wrong: loss.grad(*arguments, out=wrong))
    with pytest.raises(TypeError):
        loss(*arguments, out=np.ones(x.shape))


@every_loss
def test_out_of_the_curvature(row):
    loss, arguments, options = row.loss, row.example(), row.curved_options
    if options is None:
        refused(TypeError, [row.name], lambda: loss.grad_and_hess(*arguments))
        return
    good = np.ones(arguments[0].shape)

    def refuses(tokens, out):
        refused(BOTH, ["out", *tokens], lambda: loss.grad_and_hess(*arguments, out=out, **options))

    refuses([], good)
    refuses([], (good,))
    refuses(["(2, 2)"], (good, np.ones((2, 2))))
    for second in (good, good[::-1]):  # one array can't hold both
        refuses([], (good, second))
    assert (good == 1).all()


@every_loss
def test_unknown_and_missing_arguments(row):
    loss, arguments = row.loss, row.example()
    calls = [lambda: loss(*arguments, colour=2), loss]
    calls += [lambda: loss(arguments[0]), lambda: loss.grad(arguments[0])] if row.targets else []
    for call in calls:
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("function", [fl.softmax, fl.log_softmax, fl.logsumexp], ids=name_of)
def test_plain_functions(function):
    refused(ValueError, ["()"], lambda: function(1.5))
    refused(ValueError, ["axis", 2], lambda: function(X, axis=2))
    refused(TypeError, ["object"], lambda: function(X.astype(object)))
    refused(TypeError, ["complex128"], lambda: function(X + 0j))
    refused(ValueError, ["num_threads", 0], lambda: function(X, num_threads=0))
    for out in (np.ones((9, 9)), np.ones(4 if function is fl.logsumexp else (4, 3), np.int32)):
        before = out.tobytes()
        refused(BOTH, ["out"], lambda out=out: function(X, out=out))
        assert out.tobytes() == before
