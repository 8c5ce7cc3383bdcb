"""A keyword that a function does not have: the TypeError says what it is called here, and names only what is there."""

import inspect
import pickle

import numpy as np
import pytest
from errors import FRAMES, LABELS, SOFT, TARGETS, X, refused
from losses import LOSSES

import fastloss as fl

SCORES = FRAMES[:, 0]
FUNCTIONS = {
    fl.softmax: (X,),
    fl.log_softmax: (X,),
    fl.logsumexp: (X,),
    fl.label_scores: (X, LABELS),
    fl.ctc_align: (FRAMES, TARGETS),
    fl.ctc_decode: (FRAMES,),
    fl.ctc_posteriors: (FRAMES, TARGETS),
    fl.ctc_score: (SCORES, [[1, 2]]),
    fl.ctc_prefix_score: (SCORES,),
}
CALLS = [(row.loss, row.example()) for row in LOSSES] + list(FUNCTIONS.items())
every_call = pytest.mark.parametrize(("function", "arguments"), CALLS, ids=lambda value: getattr(value, "__name__", ""))

FIRST = ["y_pred", "input", "inputs", "predictions", "x", "y_score", "pred", "output", "scores"]
# words of others, and what of these names a function has
WORDS = {
    "weight": ["class_weight", "sample_weight"],
    "weights": ["class_weight", "sample_weight"],
    "sample_weights": ["class_weight", "sample_weight"],
    "dim": ["axis"],
    "y_true": ["target", "targets", "candidates"],
    "labels": ["target", "targets", "candidates"],
    "target": ["target", "targets", "candidates"],
    "targets": ["target", "targets", "candidates"],
    "size_average": ["reduction"],
    "reduce": ["reduction"],
    "mask": ["where"],
    "T": ["temperature"],
    "eps": ["epsilon"],
    "blank_id": ["blank"],
    "blank_index": ["blank"],
    "blank_label": ["blank"],
    "input_length": ["input_lengths"],
    "logit_length": ["input_lengths"],
    "logit_lengths": ["input_lengths"],
    "label_length": ["target_lengths"],
    "smoothing": ["label_smoothing"],
    "ignore_class": ["ignore_index"],
    "beam_size": ["beam_width"],
    "nbest": ["n_best"],
    "top_paths": ["n_best"],
    "n_jobs": ["num_threads"],
    "n_threads": ["num_threads"],
}


def verbs(function):
    if function in FUNCTIONS:
        return [function]
    gradients = [function, function.grad, function.value_and_grad]
    return [*gradients, function.grad_and_hess] if function.has_curvature else gradients


def texts(function, arguments, keyword, *tokens):
    """Of every verb, which are alike."""
    name = function.__name__
    found = {
        refused(TypeError, [f"{name}()", repr(keyword), *tokens], lambda verb=verb: verb(*arguments, **{keyword: 1}))
        for verb in verbs(function)
    }
    assert len(found) == 1
    return found.pop()


def names_of(function):
    names = list(inspect.signature(function).parameters)
    return names if function in FUNCTIONS else [*names, "num_threads"]


@every_call
@pytest.mark.parametrize("keyword", WORDS)
def test_words_of_other_libraries(function, arguments, keyword):
    known = names_of(function)
    if keyword in known:
        return
    here = [f"{name}=" for name in WORDS[keyword] if name in known]
    text = texts(function, arguments, keyword, *here)
    for name in {"class_weight", "sample_weight", "axis", "where", "blank", "reduction", "num_threads"} - {*known}:
        assert f"{name}=" not in text


@every_call
@pytest.mark.parametrize("keyword", FIRST)
def test_words_for_the_first_argument(function, arguments, keyword):
    first = names_of(function)[0]
    if keyword not in names_of(function):
        texts(function, arguments, keyword, f"here it is {first}=")
        refused(TypeError, [f"{first}="], lambda: function(**{keyword: arguments[0]}))


@every_call
def test_a_near_miss_and_what_is_like_nothing(function, arguments):
    for name in set(names_of(function)[len(arguments) :]) - {"q", "base", "star", "out"}:
        if function in FUNCTIONS or name != "num_threads":
            texts(function, arguments, name[:-1] + "z", f"{name}=")
    assert texts(function, arguments, "colour_of_the_sky").endswith("'colour_of_the_sky'")
    texts(function, arguments, "num_thread", *(["num_threads="] if "num_threads" in names_of(function) else []))


@pytest.mark.parametrize(
    ("function", "keyword", "text"),
    [
        (fl.binary_cross_entropy, "logits", "binary_cross_entropy_with_logits takes logits"),
        (fl.nll_loss, "logits", "cross_entropy takes logits"),
        (fl.ctc_loss, "logits", "ctc_loss_with_logits takes logits"),
        (fl.nll_loss, "probs", "np.log(probs)"),
        (fl.ctc_align, "probs", "np.log(probs)"),
        (fl.cross_entropy, "probs", "categorical_cross_entropy takes probabilities"),
        (fl.js_divergence_with_logits, "probs", "np.log(probs)"),
        (fl.cross_entropy, "log_probs", "here they are logits="),
        (fl.kl_divergence, "log_predictions", "np.exp"),
        (fl.hinge_loss, "logits", "here it is predictions="),
        (fl.softmax, "logits", "here it is scores="),
        (fl.softmax_focal_loss, "class_weight", "here it is alpha="),
        (fl.l1_loss, "class_weight", "here it is sample_weight="),
        (fl.smooth_l1_loss, "delta", "here it is beta="),
        (fl.huber_loss, "beta", "here it is delta="),
        (fl.ctc_loss_with_logits, "logit_paddings", "here it is input_lengths="),
        (fl.ctc_loss, "label_paddings", "here it is target_lengths="),
    ],
)
def test_words_that_mean_another_kind_of_number(function, keyword, text):
    refused(TypeError, [text], lambda: function(X, LABELS, **{keyword: X}))


@pytest.mark.parametrize(
    ("function", "keyword"),
    [(fl.js_divergence_with_logits, "delta"), (fl.l1_loss, "power"), (fl.cross_entropy, "label_paddings")],
)
def test_no_hint_is_better_than_a_wrong_one(function, keyword):
    with pytest.raises(TypeError) as caught:
        function(X, X, **{keyword: 1})
    assert str(caught.value).endswith(f"{keyword!r}")


def test_logits():
    relatives = {
        "binary_cross_entropy": "binary_cross_entropy_with_logits",
        "categorical_cross_entropy": "cross_entropy",
        "nll_loss": "cross_entropy",
        "entropy": "entropy_with_logits",
        "kl_divergence": "kl_divergence_with_logits",
        "ctc_loss": "ctc_loss_with_logits",
    }
    for row in LOSSES:
        text = texts(row.loss, row.example(), "from_logits")
        if row.name in relatives:
            assert f"; {relatives[row.name]} takes logits" in text
        else:
            assert ("takes logits already" in text) == (row.arguments[0] == "logits")


def test_what_has_no_name_of_its_own_here():
    for function, arguments in CALLS:
        has_frames = "infeasible" in names_of(function)
        assert ('infeasible="zero"' in texts(function, arguments, "zero_infinity")) == has_frames
    assert "np.expand_dims" in texts(fl.logsumexp, (X,), "keepdims")
    assert "np.expand_dims" not in texts(fl.softmax, (X,), "keepdims")
    texts(fl.cross_entropy, (X, LABELS), "keepdims", "np.expand_dims")
    texts(fl.kl_divergence, (SOFT, SOFT), "log_target", "kl_divergence_with_logits takes log-probabilities as they are")
    texts(fl.kl_divergence_with_logits, (X, X), "log_target", "pass them as they are")
    texts(fl.poisson_nll_loss, (X, SOFT), "log_input", "np.log(rate)")
    texts(fl.cross_entropy, (X, LABELS), "num_classes", "the classes are those of logits")
    texts(fl.binary_cross_entropy, (SOFT, SOFT), "eps", "np.clip the probs")
    texts(fl.huber_loss, (X, X), "beta", "here it is delta=")
    texts(fl.smooth_l1_loss, (X, X), "delta", "here it is beta=")
    texts(fl.quantile_loss, (X, X), "alpha", "here it is quantile=")
    refused(TypeError, ["cross_entropy()", "'out'", "gradient"], lambda: fl.cross_entropy(X, LABELS, out=X))


def test_threads():
    refused(TypeError, ["set_num_threads()", "'n_jobs'", "num_threads="], lambda: fl.set_num_threads(n_jobs=2))


def test_options_by_position():
    for function in (fl.softmax, fl.log_softmax, fl.logsumexp):
        refused(TypeError, [f"{function.__name__}()", "axis=1"], lambda function=function: function(X, 1))
        refused(TypeError, ["axis=, out=, num_threads="], lambda function=function: function(X, 1, None))
    refused(TypeError, ["entropy()", "axis=0"], lambda: fl.entropy.grad(SOFT, 0))
    weights = np.ones(3)
    refused(TypeError, ["cross_entropy()", "class_weight="], lambda: fl.cross_entropy(X, LABELS, weights))
    refused(TypeError, ["huber_loss()", "delta="], lambda: fl.huber_loss.grad_and_hess(X, X, 1.0))
    refused(TypeError, ["ctc_loss()", "blank="], lambda: fl.ctc_loss.grad(FRAMES, TARGETS, None, None, 0))
    refused(TypeError, ["ctc_align()", "blank="], lambda: fl.ctc_align(FRAMES, TARGETS, None, None, 0))


@every_call
def test_errors_of_the_arguments_themselves_stay(function, arguments):
    """Also a TypeError from within, and what is missing."""
    with pytest.raises(TypeError, match=r"missing .* required positional argument"):
        function()
    text = refused(
        TypeError, [names_of(function)[0], "object"], lambda: function(arguments[0].astype(object), *arguments[1:])
    )
    assert "keyword" not in text
    with pytest.raises(TypeError, match="multiple values"):
        function(*arguments, **{names_of(function)[0]: 1})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_plain_functions_stay_what_they_are(function):
    assert inspect.isfunction(function)
    assert pickle.loads(pickle.dumps(function)) is function
    assert function.__doc__
    assert not {"args", "kwargs"} & {*inspect.signature(function).parameters}
