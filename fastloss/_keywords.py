"""What the text of a TypeError says of a keyword that a function does not have: what it is called here.

The words of PyTorch, Keras, scikit-learn, SciPy, optax and torchaudio. A hint names only what the function has: its
signature is asked.
"""

import difflib
import functools
import inspect

ARRAY_OPTIONS = ("sample_weight", "where", "class_weight", "pos_weight", "alpha", "quantile")  # that may be arrays

_TARGETS = ("target", "targets", "target_logits", "candidates", "labels")
_FIRST = object()  # the function's first argument, whatever its name

_TRANSLATIONS = {  # words of others: what they are called here, of which a function has some or none
    ("weight", "weights", "sample_weights"): ("class_weight", "sample_weight"),
    ("dim", "axes"): ("axis",),
    ("y_true", "y", "labels", "label", "true", "tgt", "target", "targets", "log_targets", "label_probs"): _TARGETS,
    ("y_pred", "y_score", "y_prob", "y_hat", "pred", "preds", "pred_decision", "prediction", "predictions", "input",
     "inputs", "output", "outputs", "x", "scores", "log_rate", "emission", "emissions", "a"): (_FIRST,),
    ("size_average", "reduce"): ("reduction",),
    ("mask", "weight_mask", "sample_mask"): ("where",),
    ("n_jobs", "n_threads", "nthreads", "nthread", "threads", "workers"): ("num_threads",),
    ("T", "temp"): ("temperature",),
    ("tau",): ("temperature", "quantile"),
    ("blank_id", "blank_idx", "blank_index", "blank_label", "mask_index"): ("blank",),
    ("input_length", "logit_length", "logit_lengths", "log_probs_lengths", "input_lens", "frame_lengths",
     "logit_paddings", "sequence_length", "sequence_lengths"): ("input_lengths",),
    ("target_length", "label_length", "label_lengths", "target_lens", "label_paddings"): ("target_lengths",),
    ("beam_size", "beam"): ("beam_width",),
    ("nbest", "top_paths", "num_results"): ("n_best",),
    ("ignore_class", "ignore_label", "ignored_index", "padding_idx"): ("ignore_index",),
    ("smoothing",): ("label_smoothing",),
    ("eps",): ("epsilon",),
    ("alpha", "q"): ("quantile",),
    ("linear_weight",): ("weight",),
    ("linear_bias",): ("bias",),
}  # fmt: skip
_NAMES = {word: names for words, names in _TRANSLATIONS.items() for word in words}

_WITH_LOGITS = {  # losses whose relative of logits has not their own name with `_with_logits`
    "categorical_cross_entropy": "cross_entropy",
    "nll_loss": "cross_entropy",
}


_OF_PROBABILITIES = {
    "cross_entropy": "categorical_cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
    "entropy_with_logits": "entropy",
    "kl_divergence_with_logits": "kl_divergence",
}


def explain(error, function, args, kwargs):
    """For a TypeError of a call: raises one with a text that says more, where the call does not fit the signature."""
    if error.__traceback__.tb_next is not None:  # raised within the function
        return
    parameters = dict(inspect.signature(function).parameters)
    if parameters.pop("self", None):  # of a method
        args = args[1:]
    text = _misfit(function.__name__, parameters, args, kwargs)
    if text:
        name = function.__qualname__.rpartition("<locals>.")[2].removesuffix(".__init__")
        raise TypeError(f"{name}() {text}") from None


def bound(name, signature, args, kwargs):
    """What is given for each parameter, as `signature.bind` has it, for a function of that name and signature; or a
    TypeError with the same text."""
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        text = _misfit(name, signature.parameters, args, kwargs) or error
    raise TypeError(f"{name}() {text}")


def _misfit(function, parameters, args, kwargs):
    """What is wrong with a call, where that is a keyword, or too many arguments; else nothing."""
    positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    unknown = [keyword for keyword in kwargs if keyword not in parameters]
    if unknown:
        return f"got an unexpected keyword argument {unknown[0]!r}{_hint(unknown[0], function, parameters)}"
    if len(args) > len(positional):
        allowed = ", ".join(positional) or "nothing"
        return f"takes {allowed} by position, got {len(args)} arguments{_options(args, parameters)}"
    return ""


def says_keywords(function):
    """For a plain function or a method: a call that does not fit its signature gets the text of `explain`."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            explain(error, function, args, kwargs)
            raise

    return call


def _options(args, parameters):
    """How the arguments that came by position, and are too many, have to be given."""
    options = [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY]
    if len(args) == 2 and "axis" in options and type(args[1]) is int:  # softmax(x, 1)
        return f"; write axis={args[1]}" + (f" or base={args[1]}" if "base" in options else "")
    return f"; give the others by keyword: {', '.join(f'{name}=' for name in options)}" if options else ""


def _hint(keyword, function, parameters):
    """What the keyword is called here, as the end of a text; nothing where there is no such thing."""
    known = [*parameters, *(["num_threads"] if "reduction" in parameters else [])]  # every loss has that too
    first = known[0]
    names = [first if name is _FIRST else name for name in _NAMES.get(keyword, ())]
    names = [name for name in names if name in known]
    if not names and keyword in _SENTENCES:
        sentence = _SENTENCES[keyword](function, known)
        return f"; {sentence}" if sentence else ""
    names = names or difflib.get_close_matches(keyword, known, 1, 0.7)
    return f"; here it is {' or '.join(f'{name}=' for name in names)}" if names else ""


def _of_logits(function, known):
    import fastloss  # not before it is complete

    relative = _WITH_LOGITS.get(function, f"{function}_with_logits")
    if hasattr(fastloss, relative):
        return f"{relative} takes logits"
    return f"{function} takes logits already" if known[0] == "logits" else ""


def _of_own_name(function, known):
    return f"here it is {known[0]}="


def _of_given_logits(function, known):
    if known[0] in ("probs", "log_probs"):
        return _of_logits(function, known)
    return _of_own_name(function, known)


def _of_given_probs(function, known):
    if known[0] == "log_probs":
        return "log_probs are logarithms: of probabilities, pass np.log(probs)"
    if known[0] == "logits":
        relative = _OF_PROBABILITIES.get(function)
        more = f"; {relative} takes probabilities" if relative else ""
        return f"logits are wanted, such as np.log(probs){more}"
    return _of_own_name(function, known)


def _of_given_log_probs(function, known):
    if known[0] == "logits":
        return "log-probabilities are logits: here they are logits="
    if known[0] == "probs":
        return "probabilities are wanted: of log-probabilities, pass np.exp of them"
    return _of_own_name(function, known)


def _of_class_weights(function, known):
    names = ["class_weight", "alpha"] if function == "softmax_focal_loss" else ["class_weight", "sample_weight"]
    name = next((name for name in names if name in known), None)
    return f"here it is {name}=" if name else ""


def _of_thresholds(function, known):
    name = {"huber_loss": "delta", "smooth_l1_loss": "beta"}.get(function)
    return f"here it is {name}=" if name else ""


def _of_dimensions(function, known):
    reduces = "reduction" in known or function == "logsumexp"
    return "np.expand_dims(result, axis) has the axis again" if reduces and "axis" in known else ""


def _of_infinity(function, known):
    return 'here it is infeasible="zero"' if "infeasible" in known else ""


def _of_log_targets(function, known):
    if function == "kl_divergence":
        return "kl_divergence_with_logits takes log-probabilities as they are"
    return "log-probabilities are logits: pass them as they are" if function.startswith("kl_divergence") else ""


def _of_log_rates(function, known):
    return "log_rate is always the logarithm of the rate: of rates, pass np.log(rate)" if known[0] == "log_rate" else ""


def _of_classes(function, known):
    return f"the classes are those of {known[0]}" if {"axis", "blank"} & {*known} else ""


def _of_clamps(function, known):
    return f"nothing is clamped here: np.clip the {known[0]}" if known[0] in ("probs", "log_probs") else ""


def _of_outputs(function, known):
    return "the verbs with a gradient take it" if "reduction" in known else ""


_SENTENCES = {
    "from_logits": _of_logits,
    "logits": _of_given_logits,
    "logit": _of_given_logits,
    "probs": _of_given_probs,
    "log_probs": _of_given_log_probs,
    "logprobs": _of_given_log_probs,
    "log_predictions": _of_given_log_probs,
    "class_weight": _of_class_weights,
    "class_weights": _of_class_weights,
    "beta": _of_thresholds,
    "delta": _of_thresholds,
    "keepdims": _of_dimensions,
    "keepdim": _of_dimensions,
    "zero_infinity": _of_infinity,
    "log_target": _of_log_targets,
    "log_input": _of_log_rates,
    "num_classes": _of_classes,
    "n_classes": _of_classes,
    "eps": _of_clamps,
    "epsilon": _of_clamps,
    "out": _of_outputs,
}
