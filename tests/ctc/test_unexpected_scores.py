"""NaN where infeasible="raise", and warnings about scores that are no log-probabilities; and where there are none."""

import inspect
import warnings

import numpy as np
import pytest
import reference
from errors import every_verb, put, refused
from tolerance import dtype_of

import fastloss as fl
from fastloss.compat import torchaudio as compat

TARGETS = [[1, 2], [3, 1, 3], [2]]


def emissions(seed, shape=(12, 3, 6)):
    return reference.log_softmax(np.random.default_rng(seed).normal(size=shape) * 3)


# ---- NaN and +inf ----

RAISES = {
    "ctc_align": fl.ctc_align,
    "ctc_posteriors": fl.ctc_posteriors,
    "ctc_loss": lambda *arguments, **options: fl.ctc_loss(*arguments, infeasible="raise", **options),
    "ctc_loss.grad": lambda *arguments, **options: fl.ctc_loss.grad(*arguments, infeasible="raise", **options),
    "ctc_loss_with_logits": lambda *arguments, **options: fl.ctc_loss_with_logits(
        *arguments, infeasible="raise", **options
    ),
}
every_function = pytest.mark.parametrize("name", RAISES)


@every_function
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_it_is_named_with_its_place(isa, name, dtype, wrong):
    """In the caller's own layout: sample, frame and class."""
    call, scores = RAISES[name], "logits" if "logits" in name else "log_probs"
    for t, c in ((0, 1), (10, 3), (5, 0)):
        x = put(emissions(0), (t, 1, c), wrong).astype(dtype_of(dtype))
        what = f"is {wrong}; expected a finite number, or -inf"
        refused(ValueError, ["sample 1: ", f"{scores}[{t}, 1, {c}] {what}"], lambda x=x: call(x, TARGETS))
        first = np.ascontiguousarray(x.swapaxes(0, 1))
        place = f"{scores}[1, {t}, {c}] {what}"
        refused(ValueError, ["sample 1: ", place], lambda first=first: call(first, TARGETS, batch_first=True))
        place = f"{scores}[{t}, {c}] {what}"
        refused(ValueError, ["sample 0: ", place], lambda x=x: call(x[:, 1], TARGETS[1]))


@every_function
def test_the_first_in_time_of_the_first_sample(name):
    x = emissions(1, (3000, 3, 6))
    x[[2999, 2500, 2400], [2, 1, 1], [2, 1, 3]] = np.nan
    refused(ValueError, ["sample 1: ", "[2400, 1, 3] is nan"], lambda: RAISES[name](x, TARGETS))


@every_function
def test_what_is_not_read_is_not_named(isa, name):
    """Beyond a sequence's frames, and, but in a softmax, of classes that its target does not have."""
    x, lengths = emissions(2), [12, 9, 12]
    expected = RAISES[name](x, TARGETS, lengths)
    x[9:, 1] = np.nan
    if "logits" not in name:
        x[:, 2, [1, 3, 4, 5]] = x[:, 0, 3:] = np.nan
        found = RAISES[name](x, TARGETS, lengths)
        for field in ("path", "token_scores") if name == "ctc_align" else ():
            np.testing.assert_array_equal(getattr(found, field), getattr(expected, field))
        if name in ("ctc_posteriors", "ctc_loss"):
            np.testing.assert_array_equal(found, expected)
    x[4, 2, 5] = np.nan
    if "logits" in name:
        refused(ValueError, ["sample 2: logits[4, 2, 5]"], lambda: RAISES[name](x, TARGETS, lengths))
    x[7, 2, 2] = np.nan
    place = "logits[4, 2, 5]" if "logits" in name else "log_probs[7, 2, 2]"
    refused(ValueError, [f"sample 2: {place} is nan"], lambda: RAISES[name](x, TARGETS, lengths))


@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss_with_logits], ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_write_nothing_before(loss, dtype):
    x = put(emissions(3), (4, 2, 2), np.nan).astype(dtype)
    every_verb(loss, (x, TARGETS), {"infeasible": "raise"}, ValueError, ["sample 2", "[4, 2, 2] is nan"])
    for options in ({"sample_weight": [1, 1, 0]}, {"where": [True, True, False]}):
        assert np.isfinite(loss(x, TARGETS, infeasible="raise", **options))
    for mode in ("inf", "zero"):
        assert np.isnan(loss(x, TARGETS, infeasible=mode, reduction="none")).tolist() == [False, False, True]


def test_stars_read_nothing():
    x = put(emissions(4, (12, 6)), (3, 4), np.nan)
    for star in (4, 77):
        assert np.isfinite(fl.ctc_align(x, [1, star, 2], star=star).score)
        both = put(x, (5, 2), np.nan)
        refused(ValueError, ["log_probs[5, 2]"], lambda star=star, x=both: fl.ctc_align(x, [1, star, 2], star=star))


# ---- scores that are no log-probabilities ----

LOGITS = np.random.default_rng(5).normal(size=(40, 6)) * 3 + 5
PROBS = reference.softmax(LOGITS)
LOG_PROBS = reference.log_softmax(LOGITS)
TEXT = [1, 2, 3]
WARNS = {
    "ctc_align": lambda x: fl.ctc_align(x, TEXT),
    "ctc_align, a batch": lambda x: fl.ctc_align(np.stack([LOG_PROBS, x], 1), [[1], TEXT], [40, 30]),
    "forced_align": lambda x: compat.forced_align(x[None], np.array([TEXT])),
    "ctc_score": lambda x: fl.ctc_score(x, [TEXT, [4]]),
    "ctc_prefix_score": lambda x: fl.ctc_prefix_score(x),
    "ctc_posteriors": lambda x: fl.ctc_posteriors(x, TEXT),
    "ctc_decode": lambda x: fl.ctc_decode(x),
    "ctc_decode, a beam": lambda x: fl.ctc_decode(x, beam_width=5, n_best=3),
    "ctc_decode, a batch": lambda x: fl.ctc_decode(np.stack([LOG_PROBS, x], 1), [40, 30], beam_width=2),
}


def about(name):
    return "ctc_align" if "align" in name else name.partition(",")[0]


def shown_at(caught, call):
    """Whether the one warning is shown at the line of `call`, a function of this file."""
    (warning,) = caught
    assert warning.category is UserWarning
    source, first = inspect.getsourcelines(call)
    return warning.filename == __file__ and first <= warning.lineno < first + len(source)


@pytest.mark.parametrize("name", WARNS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_probabilities(isa, name, dtype):
    with pytest.warns(
        UserWarning, match=rf"^{about(name)}: log_probs are probabilities.*pass np\.log\(log_p"
    ) as caught:
        WARNS[name](PROBS.astype(dtype_of(dtype)))
    assert shown_at(caught, WARNS[name])


@pytest.mark.parametrize("name", [name for name in WARNS if name != "ctc_posteriors"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_logits(isa, name, dtype):
    with pytest.warns(UserWarning, match=rf"^{about(name)}: .*not normalised.*fl\.log_softmax\(log_p") as caught:
        WARNS[name](LOGITS.astype(dtype_of(dtype)))
    assert shown_at(caught, WARNS[name])


def test_the_result_is_there_all_the_same():
    with pytest.warns(UserWarning, match="not normalised"):
        found = fl.ctc_align(LOGITS, TEXT)
    np.testing.assert_array_equal(found.path, fl.ctc_align(LOG_PROBS, TEXT).path)
    assert found.score > 0


def test_scores_of_which_sums_are_infinite(isa):
    for call in (WARNS["ctc_align"], WARNS["ctc_decode"], WARNS["ctc_decode, a beam"]):
        with pytest.warns(UserWarning, match="not normalised"):
            call(np.full((20, 6), 1e308))


def test_a_line_is_warned_once():
    """The text is the same for all recordings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for n in range(5):
            fl.ctc_align(LOGITS[n:], TEXT)
    assert len(caught) == 1


# filterwarnings of pyproject.toml make any warning an error.


@pytest.mark.parametrize("name", WARNS)
def test_log_probabilities(isa, name):
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        WARNS[name](LOG_PROBS.astype(dtype_of(dtype)))
    WARNS[name](put(LOG_PROBS, (slice(None), 5), -np.inf))
    WARNS[name](LOG_PROBS - 0.3)  # rows that add up to less, as with classes masked


@pytest.mark.parametrize("name", WARNS)
def test_rounding_is_no_reason(isa, name):
    """Sure log-probabilities of a half type: above 0 here and there, rows that add up to 1.01."""
    sure = np.full((40, 6), -9.0)
    sure[np.arange(40), np.arange(40) // 10] = 1e-3
    WARNS[name](sure)
    for dtype in ("float16", "bfloat16"):
        WARNS[name](sure.astype(dtype_of(dtype)))
    WARNS[name](LOG_PROBS + np.log(1.01))


@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss.grad, fl.ctc_loss.value_and_grad])
def test_the_loss_is_defined_for_any_scores(loss):
    for x in (LOGITS, PROBS):
        loss(x, TEXT)


def test_posteriors_are_right_of_logits():
    np.testing.assert_allclose(fl.ctc_posteriors(LOGITS, TEXT), fl.ctc_posteriors(LOG_PROBS, TEXT), atol=1e-12)


def test_nothing_there():
    for x in (np.zeros((0, 6)), np.zeros((0, 1))):
        fl.ctc_align(x, [])
        fl.ctc_posteriors(x, [])
        fl.ctc_score(x, [[]])
        fl.ctc_prefix_score(x)
        fl.ctc_decode(x)
    fl.ctc_align(np.zeros((5, 0, 3)), [])
    fl.ctc_posteriors(np.zeros((5, 0, 3)), [])
    fl.ctc_decode(np.zeros((5, 0, 3)))


def test_one_recording_with_its_batch_first_is_no_batch_of_frames():
    x = LOG_PROBS[None]
    with pytest.warns(UserWarning, match=r"recordings of one frame; of one, pass log_probs\[0\]"):
        fl.ctc_decode(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fl.ctc_decode(x, batch_first=True)
        fl.ctc_decode(x, np.ones(x.shape[1], int))
        fl.ctc_decode(x[:, :1])
        fl.ctc_decode(x[0, :1])
