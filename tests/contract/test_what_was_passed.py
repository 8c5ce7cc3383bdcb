"""Errors that say what was passed, and what was probably meant: missing labels, swapped arguments, weights of samples,
things that are no arrays; and lists that are empty."""

import inspect

import numpy as np
import pytest
from errors import BOTH, FRAMES, LABELS, SOFT, TARGETS, X, every_verb, refused
from losses import LOSSES, of_family
from scripts import run_script

import fastloss as fl

NAN = float("nan")
SWAPPED = "the prediction comes first, then the target: are they swapped?"
LABELLED = [row.loss for row in LOSSES if row.has_labels]


def name_of(value):
    return getattr(value, "name", getattr(value, "__name__", None))


class NAType:
    """As pandas' NA: comparing it gives no bool."""

    def __eq__(self, other):
        return self

    __hash__ = object.__hash__

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")


MISSING = [
    [0, None, 1, 2],
    [0, NAN, 1, 2],
    np.array([0, NAN, 1, NAN]),
    np.array([0, NAN, 1, NAN], np.float16),
    np.array([0, NAType(), 1, 2], object),
    np.array([0, np.float64(NAN), 1, None], object),
]


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
def test_missing_labels(loss):
    for target in MISSING:
        every_verb(loss, (X, target), {}, TypeError, ["target[1] is missing; mark it with ignore_index"])
    of_rows = np.array([[0, 1, 2], [1, NAN, 0]])
    every_verb(loss, (np.zeros((2, 3, 4)), of_rows), {}, TypeError, ["target[1, 1] is missing"])


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
def test_labels_that_are_floats(loss):
    for whole in (LABELS.astype(float), LABELS.astype(np.float32).tolist(), LABELS.astype(object)):
        every_verb(loss, (X, whole), {}, TypeError, ["target has dtype", "integers", ".astype(int)"])
    for wrong in ([0.0, 1.5, NAN, 2.0], [0, "a", 1, 2], [0.0, np.inf, 1.0, 1.0], np.array([0, 1.5, 1, 2], object)):
        text = refused(TypeError, ["target has dtype", "integers"], lambda wrong=wrong: loss(X, wrong))
        assert "missing" not in text
        assert "astype" not in text


def not_arrays():
    """(value, what the text says of it)"""
    yield None, "None"
    yield {"a": 1}, "a dict"
    yield {1, 2}, "a set"
    yield "abc", "a str"
    yield b"abc", "a bytes"
    yield object(), "a object"
    yield (i for i in range(4)), "a generator; make it a list or an array"
    yield map(int, "0120"), "a map; make it a list or an array"
    yield {0: 1}.values(), "a dict_values; make it a list or an array"
    yield iter([0, 1, 2, 0]), "a list_iterator; make it a list or an array"


@pytest.mark.parametrize("row", LOSSES, ids=name_of)
def test_what_is_no_array(row):
    loss, arguments = row.loss, row.example()
    for name, value in zip(row.arguments, arguments, strict=False):
        place = row.arguments.index(name)
        for wrong, text in not_arrays():
            changed = [*arguments[:place], wrong, *arguments[place + 1 :]]
            refused(TypeError, [f"{name} is {text}"], lambda changed=changed: loss(*changed))
        changed = [*arguments[:place], np.ma.array(value), *arguments[place + 1 :]]
        refused(TypeError, [name, "masked array", "where="], lambda changed=changed: loss.grad(*changed))
    for option in {"sample_weight", "class_weight", "pos_weight", "alpha", "input_lengths", "target_lengths"}:
        if option in row.parameters and row.name != "sigmoid_focal_loss":
            for wrong, text in not_arrays():
                if wrong is not None:
                    call = lambda wrong=wrong, option=option: loss(*arguments, **{option: wrong})  # noqa: E731
                    refused(TypeError, [f"{option} is {text}"], call)


def test_what_class_weights_are_expected_to_be():
    expected = "an array with one weight for each class"
    for wrong, kind in (({0: 1.0, 1: 2.0, 2: 1.0}, "dict"), ("balanced", "str")):
        options = {"class_weight": wrong}
        every_verb(
            fl.cross_entropy, (X, LABELS), options, TypeError, [f"class_weight is a {kind}; expected {expected}"]
        )
    every_verb(fl.softmax_focal_loss, (X, LABELS), {"alpha": {0: 1}}, TypeError, ["alpha is a dict; expected a number"])


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    for kind in (sparse.csr_matrix, sparse.coo_array):
        x = kind(np.eye(3))
        refused(TypeError, [f"predictions is sparse, a {kind.__name__}", ".toarray()"], lambda x=x: fl.mse_loss(x, X))
        refused(TypeError, ["target is sparse", ".toarray()"], lambda x=x: fl.mse_loss(X, x))
        refused(TypeError, ["scores is sparse", ".toarray()"], lambda x=x: fl.softmax(x))


def test_numbers_that_are_missing():
    every_verb(
        fl.mse_loss, ([1.0, None], [0.0, 0.0]), {}, TypeError, ["predictions", "object", "predictions[1] is None"]
    )
    every_verb(fl.mse_loss, (X, X.astype(object)), {}, TypeError, ["target", "object"])


CTC = [fl.ctc_loss.grad, fl.ctc_loss_with_logits, fl.ctc_align, fl.ctc_posteriors]


@pytest.mark.parametrize("function", CTC, ids=name_of)
def test_ctc(function):
    def refuses(tokens, *arguments, **options):
        refused(TypeError, tokens, lambda: function(FRAMES, *arguments, **options))

    refuses(["targets[0][1] is missing", "target_lengths"], [[1, None], [2]])
    refuses(["targets[1, 0] is missing", "target_lengths"], np.array([[1, 2], [NAN, 2]]))
    refuses(["targets[1][0] is missing"], [[1], [NAN]])
    refuses(["targets has dtype float64", ".astype(int)"], TARGETS.astype(float))
    refuses(["targets is a generator; make it a list"], (target for target in TARGETS))
    refuses(["targets is None"], None)
    refuses(["targets is a dict"], {0: [1]})
    refuses(["input_lengths[1] is missing"], TARGETS, [6, None])
    refuses(["input_lengths is a generator"], TARGETS, (n for n in (6, 6)))
    refuses(["target_lengths[0] is missing"], TARGETS, None, [NAN, 2])
    refuses(["target_lengths has dtype float64", ".astype(int)"], TARGETS, None, [1.0, 2.0])
    refused(TypeError, ["targets", SWAPPED], lambda: function(TARGETS, FRAMES))


def test_ctc_candidates():
    refused(
        TypeError, ["candidates[1][0] is missing; expected a label"], lambda: fl.ctc_score(FRAMES[:, 0], [[1], [NAN]])
    )
    state = fl.ctc_prefix_score(fl.log_softmax(FRAMES[:, 0]))
    refused(TypeError, ["labels[0] is missing; expected a label"], lambda: state.extend(0, [None]))


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
def test_no_labels(loss):
    for shape, axis in (((0, 3), -1), ((0, 4, 3), -1), ((0, 3, 4), 1), ((3, 0), 0)):
        value, grad = loss.value_and_grad(np.zeros(shape), [], axis=axis)
        assert np.isnan(value)
        assert grad.shape == shape
        assert loss(np.zeros(shape), [], axis=axis, reduction="sum", sample_weight=[]) == 0
        labels = np.zeros(np.delete(shape, axis), int)
        assert loss(np.zeros(shape), [], axis=axis, reduction="none").shape == labels.shape
    assert loss(np.zeros((2, 0, 3)), [[], []], reduction="none").shape == (2, 0)
    refused(ValueError, ["target", "(0,)", "(4,)"], lambda: loss(X, []))
    refused(ValueError, ["target", "(5, 0)", "(0, 4)"], lambda: loss(np.zeros((0, 4, 3)), np.zeros((5, 0), int)))


def test_empty_lists_of_other_families():
    for row in of_family("elementwise"):
        if not row.is_of_all:
            for x in ([], np.zeros((0, 3))):
                assert np.isnan(row.loss(x, [], sample_weight=[], where=[], reduction="weighted_mean"))
                assert row.loss.grad(x, []).shape == np.shape(x)
    of_two = (
        fl.kl_divergence,
        fl.categorical_cross_entropy,
        fl.kl_divergence_with_logits,
        fl.js_divergence_with_logits,
    )
    for loss in of_two:
        assert np.isnan(loss(np.zeros((0, 3)), []))
        assert np.isnan(loss(np.zeros((0, 3)), [], where=[], sample_weight=[], reduction="weighted_mean"))
    assert np.isnan(fl.cross_entropy(np.zeros((0, 3)), [], label_smoothing=0.1))
    nobody = np.zeros((5, 0, 3))
    for loss in (fl.ctc_loss, fl.ctc_loss_with_logits):
        for targets in ([], np.zeros((0, 0)), np.zeros((0, 2), int)):
            value, grad = loss.value_and_grad(nobody, targets, [], [], sample_weight=[])
            assert np.isnan(value)
            assert grad.shape == nobody.shape
        assert loss(nobody, [], reduction="none").shape == (0,)
        assert loss(np.zeros((5, 2, 3)), [[], []], reduction="none").shape == (2,)
    assert fl.ctc_align(nobody, [], [], []).path.shape == (0, 5)
    assert fl.ctc_decode(nobody, []) == fl.ctc_decode(nobody, beam_width=3) == []
    assert fl.ctc_posteriors(nobody, []).shape == (5, 0, 1)
    assert fl.ctc_score(np.zeros((5, 3)), []).shape == (0,)


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
def test_labels_in_the_place_of_the_scores(loss):
    every_verb(loss, (LABELS, X), {}, TypeError, ["target", "float64", SWAPPED])
    every_verb(loss, (LABELS, X.astype(np.float32)), {}, TypeError, ["target", "float32", SWAPPED])
    every_verb(loss, (LABELS, np.zeros((4, 3), int)), {}, ValueError, ["target", "(4, 3)", SWAPPED])
    for x in (X, X.astype(int)):
        for labels in (LABELS + 0.5, LABELS.astype(float)):
            text = refused(TypeError, ["target", "integers"], lambda x=x, labels=labels: loss(x, labels))
            assert "swapped" not in text


def test_targets_in_the_place_of_predictions():
    scores, labels = np.array([0.25, -0.75, 3.5]), np.array([0, 1, 1])
    every_verb(fl.binary_cross_entropy_with_logits, (labels, scores), {}, ValueError, ["target", 1, "-0.75", SWAPPED])
    every_verb(fl.sigmoid_focal_loss, (labels, scores), {}, ValueError, ["target", 1, SWAPPED])
    every_verb(fl.hinge_loss, (labels, scores), {}, ValueError, ["target", 0, 0.25, SWAPPED])
    every_verb(fl.poisson_nll_loss, (labels, scores), {}, ValueError, ["target", 1, SWAPPED])
    every_verb(fl.cross_entropy, (np.eye(3, dtype=int), X[:3]), {}, ValueError, ["target", "0, 0", SWAPPED])
    every_verb(fl.mse_loss, (1.0, scores), {}, ValueError, ["target", "(3,)", "()", SWAPPED])
    every_verb(fl.kl_divergence, (SOFT[0], SOFT), {}, ValueError, ["target", "(4, 3)", "(3,)", SWAPPED])
    for arguments in ((scores, scores), (X, X)):
        text = refused(
            ValueError, ["target"], lambda arguments=arguments: fl.binary_cross_entropy_with_logits(*arguments)
        )
        assert "swapped" not in text
    text = refused(ValueError, ["pos_weight"], lambda: fl.binary_cross_entropy_with_logits(X[0], SOFT[0], pos_weight=X))
    assert "swapped" not in text


CERTAIN = [
    (fl.binary_cross_entropy, [0, 1, 1], [1.0, 0.7, 0.9], 1, 0.7),
    (fl.binary_cross_entropy, [[True, False]], [[0.0, 0.25]], "0, 1", 0.25),
    (fl.categorical_cross_entropy, [[0, 1], [1, 0]], [[0.0, 1.0], [0.2, 0.8]], "1, 0", 0.2),
    (fl.kl_divergence, [[0, 1], [1, 0]], [[0.0, 1.0], [0.5, 0.5]], "1, 0", 0.5),
]


@pytest.mark.parametrize(("loss", "labels", "probs", "place", "value"), CERTAIN, ids=name_of)
def test_labels_in_the_place_of_probabilities(loss, labels, probs, place, value):
    """It gave inf, silently."""
    for kind in (np.float64, np.float32, np.float16):
        arguments = np.array(labels), np.array(probs, kind)
        every_verb(loss, arguments, {}, ValueError, ["target", place, SWAPPED])
    every_verb(loss, (np.array(labels), np.array(probs)), {}, ValueError, [f"[{place}] is {value}"])
    assert loss(labels, labels) == loss(np.array(labels, float), labels)  # whole targets are no sign of it
    assert np.isnan(loss(labels, np.full(np.shape(labels), NAN)))
    assert loss(np.array(labels, float), probs) == np.inf  # floats may be predictions


@pytest.mark.parametrize("loss", LABELLED, ids=name_of)
def test_labels_for_another_axis(loss):
    x = np.zeros((4, 3, 5))
    every_verb(loss, (x, np.zeros((4, 5), int)), {}, ValueError, ["(4, 5)", "(4, 3, 5)", "with axis=1 they would fit"])
    options = {"axis": 1}
    every_verb(loss, (x, np.zeros((4, 3), int)), options, ValueError, ["(4, 3)", "with axis=-1 they would fit"])
    every_verb(loss, (x, np.zeros((3, 5), int)), {}, ValueError, ["(3, 5)", "with axis=0 they would fit"])
    text = refused(ValueError, ["(4, 4)"], lambda: loss(x, np.zeros((4, 4), int)))
    assert "axis=" not in text


WEIGHTED = [
    row for row in of_family("elementwise", "rowwise") if "sample_weight" in row.parameters and not row.is_of_all
]


@pytest.mark.parametrize("row", WEIGHTED, ids=name_of)
def test_weights_of_one_dimension_for_as_many_columns_as_samples(row):
    """NumPy takes them for columns, who passes them means samples."""
    rng = np.random.default_rng(3)
    for shape in ((3, 3), (3, 2, 3)):
        whole = shape if row.family == "elementwise" else (*shape, 4)
        arguments, weights = row.draw_between(rng, whole), rng.uniform(size=3)
        samples = f"sample_weight[:, {', '.join(['None'] * (len(shape) - 1))}] for weights of samples"
        tokens = ["sample_weight has shape (3,)", str(shape), samples, "sample_weight[None, :] for weights of columns"]
        every_verb(row.loss, arguments, {"sample_weight": weights}, ValueError, tokens)
        by_sample = weights.reshape(3, *[1] * (len(shape) - 1))
        losses = row.loss(*arguments, reduction="none")
        for given in (by_sample, weights[None, :]):
            found = row.loss(*arguments, sample_weight=given, reduction="none")
            np.testing.assert_allclose(found, losses * given, rtol=1e-12)
    whole = (4, 3) if row.family == "elementwise" else (4, 3, 5)
    arguments, options = row.draw_between(rng, whole), {"sample_weight": np.ones(4)}
    tokens = ["(4,)", "(4, 3)", "weights of samples are sample_weight[:, None]"]
    every_verb(row.loss, arguments, options, ValueError, tokens)
    row.loss(*arguments, sample_weight=np.ones(3))  # of columns: nothing else fits
    one = (1, 1) if row.family == "elementwise" else (1, 1, 5)
    row.loss(*row.draw_between(rng, one), sample_weight=[2.0])


FLAGS = [
    (row, name)
    for row in LOSSES
    for name, parameter in inspect.signature(row.loss).parameters.items()
    if isinstance(parameter.default, bool)
]


@pytest.mark.parametrize(("row", "name"), FLAGS, ids=name_of)
def test_options_that_are_true_or_false(row, name):
    for wrong in ("yes", "no", "", None, 2, 0.0, [True], np.array([True])):
        refused(
            TypeError,
            [f"{name} must be True or False", repr(wrong)],
            lambda w=wrong: row.loss(*row.example(), **{name: w}),
        )
    shape_kept = {"batch_first": False}.get(name)
    for flag in (True, False):
        if shape_kept is None or flag is shape_kept:
            expected = row.loss(*row.example(), **{name: flag})
            for alike in (np.bool_(flag), int(flag), np.int8(flag)):
                assert row.loss(*row.example(), **{name: alike}) == expected


def test_options_of_alignment_that_are_true_or_false():
    for function in (fl.ctc_align, fl.ctc_posteriors):
        refused(BOTH, ["batch_first", "'no'"], lambda f=function: f(FRAMES, TARGETS, batch_first="no"))
    refused(BOTH, ["batch_first", "'no'"], lambda: fl.ctc_decode(FRAMES, batch_first="no"))


@pytest.mark.parametrize("module", ["object()", "types.SimpleNamespace(Tensor=object())", "Failing('torch')"])
def test_a_module_that_only_has_the_name_of_pytorch(module):
    run_script(
        f"""
        import types

        class Failing(types.ModuleType):
            def __getattr__(self, name):
                raise ImportError(name)

        sys.modules["torch"] = {module}
        assert fl.mse_loss([1.0, 2.0], 0.0) == 2.5
        """
    )
