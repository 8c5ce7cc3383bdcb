"""CTC whatever the spread of the scores, against a log-domain recursion in extended precision: nothing underflows."""

import math

import mpmath
import numpy as np
import pytest
import reference
import reference_ctc

import fastloss as fl

FLOATS = ["float32", "float64"]

# Of the gradient, absolute. The rounding of a float32 score of 200 alone moves a path's weight by 1e-5.
GRADIENT = {"float32": 1e-5, "float64": 1e-12}
LOSS = {"float32": 1e-6, "float64": 1e-13}


def exact(logits, target):
    """From the very numbers that the library gets."""
    return reference_ctc.ctc_loss_with_logits(np.asarray(logits).astype(np.longdouble), target)


def confident_and_wrong(rng, frames, classes, target, height):
    """Each frame is certain of a class drawn at random: the target has to go through improbable frames only."""
    logits = rng.normal(size=(frames, classes))
    logits[np.arange(frames), rng.integers(0, classes, frames)] += height
    return logits


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("spread", [1, 5, 50])
def test_any_spread(isa, rng, name, spread):
    """Logits times 50 over 1000 frames: probabilities down to e^-10000 for a path, where rescaling loses states."""
    frames, classes = 1000, 32
    logits = (rng.normal(size=(frames, 2, classes)) * spread).astype(name)
    targets = [rng.integers(1, classes, 200), rng.integers(1, classes, 30)]
    value, grad = fl.ctc_loss_with_logits.value_and_grad(logits, targets, reduction="none")
    for n in range(2):
        loss, gradient = exact(logits[:, n], targets[n])
        assert value[n] == pytest.approx(float(loss), rel=LOSS[name])
        np.testing.assert_allclose(grad[:, n], gradient.astype(float), rtol=0, atol=GRADIENT[name] * max(1, spread / 5))


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("height", [10, 40, 300])
def test_confident_and_wrong_models_over_thousands_of_frames(isa, rng, name, height):
    frames, classes = 2500, 12
    target = rng.integers(1, classes, 60)
    logits = confident_and_wrong(rng, frames, classes, target, height).astype(name)
    value, grad = fl.ctc_loss_with_logits.value_and_grad(logits, target, reduction="sum")
    loss, gradient = exact(logits, target)
    assert math.isfinite(value)
    assert value == pytest.approx(float(loss), rel=LOSS[name])
    np.testing.assert_allclose(grad, gradient.astype(float), rtol=0, atol=GRADIENT[name] * 4)


@pytest.mark.parametrize("name", FLOATS)
def test_states_that_matter_only_later(isa, name):
    """A target that looks hopeless for 400 frames and is the only one left then: a plain rescale has lost it."""
    logits = np.zeros((800, 4))
    logits[:400, 1] = 90  # certain of a
    logits[400:, 2] = 90  # certain of b
    for target in ([1, 2], [2], [1], [3], [2, 1], [1, 2, 1, 2]):
        value, grad = fl.ctc_loss_with_logits.value_and_grad(logits.astype(name), target, reduction="sum")
        loss, gradient = exact(logits, target)
        assert value == pytest.approx(float(loss), rel=LOSS[name], abs=1e-30 if name == "float64" else 1e-6)
        np.testing.assert_allclose(grad, gradient.astype(float), rtol=0, atol=GRADIENT[name])


@pytest.mark.parametrize("name", FLOATS)
def test_never_below_zero_for_normalised_input(isa, rng, name):
    frames, classes = 2000, 8
    target = rng.integers(1, classes, 60)
    path = np.zeros(frames, int)
    path[np.arange(60) * 30] = target
    for height in (8, 20, 100):
        logits = rng.normal(size=(frames, classes)) * 0.1
        logits[np.arange(frames), path] += height
        logits = logits.astype(name)
        value = fl.ctc_loss_with_logits(logits, target, reduction="sum")
        loss = float(exact(logits, target)[0])
        assert value >= 0
        assert value == pytest.approx(loss, rel=1e-6, abs=frames * float(np.finfo(name).eps) / 8)
        assert fl.ctc_loss(fl.log_softmax(logits), target, reduction="sum") >= 0


def test_normalised_in_float64_and_rounded_to_float32(isa, rng):
    """Each frame's probabilities sum to 1 within a rounding; that they sum to more is no reason to pay for paths."""
    for classes in (2, 5, 40):
        logits = rng.normal(size=(4000, classes)) * 0.01
        logits[:, 0] += 25
        log_probs = reference.log_softmax(logits).astype(np.float32)
        assert fl.ctc_loss(log_probs, np.zeros(0, int), reduction="sum") >= 0


@pytest.mark.parametrize("name", FLOATS)
def test_below_zero_where_the_input_is_not_normalised(isa, name):
    log_probs = np.full((5, 3), 1.0, dtype=name)
    value = fl.ctc_loss(log_probs, [1, 2], reduction="sum")
    assert value == pytest.approx(reference_ctc.ctc_loss(log_probs.astype(float), [1, 2])[0], rel=1e-6)
    assert value < -5


@pytest.mark.parametrize("name", FLOATS)
def test_tiny_losses(isa, name):
    """One frame, two classes: the label is certain but for e^-20."""
    certain = np.array([[0, 20]], dtype=name)
    value, grad = fl.ctc_loss_with_logits.value_and_grad(certain, [1], reduction="sum")
    assert value == pytest.approx(2.0611536e-9, rel=1e-6)
    rounding = float(np.finfo(name).eps)  # of softmax - posterior, both next to 1
    np.testing.assert_allclose(grad, [[2.0611536e-9, -2.0611536e-9]], rtol=1e-6, atol=rounding)
    # Ten frames, each of which must be blank.
    blank = np.tile(np.array([20, 0], dtype=name), (10, 1))
    value, grad = fl.ctc_loss_with_logits.value_and_grad(blank, [], reduction="sum")
    assert value == pytest.approx(2.0611536e-8, rel=1e-6)
    np.testing.assert_allclose(grad, np.tile([-2.0611536e-9, 2.0611536e-9], (10, 1)), rtol=1e-6, atol=rounding)
    log_probs = np.array([[-20.0, -2.0611536e-9]], dtype=name)
    assert fl.ctc_loss(log_probs, [1], reduction="sum") == pytest.approx(2.0611536e-9, rel=1e-6)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss_with_logits], ids=lambda loss: loss.__name__)
def test_masked_classes(isa, rng, loss, name):
    """A score of -inf forbids a class in a frame; what can still be said has a finite loss and gradient."""
    define = reference_ctc.ctc_loss if loss is fl.ctc_loss else reference_ctc.ctc_loss_with_logits
    x = rng.normal(size=(9, 5)).astype(name)
    x[2, 3] = x[4, 0] = x[5:, 1] = x[0, 4] = -np.inf
    for target in ([1, 2], [3, 3], [1, 4, 2], []):
        value, grad = loss.value_and_grad(x, target, reduction="sum")
        expected, gradient = define(x.astype(float), target)
        if np.isinf(expected):
            assert value == np.inf
            assert not grad.any()
            continue
        assert value == pytest.approx(expected, rel=1e-6, abs=1e-6)
        np.testing.assert_allclose(grad, gradient, atol=1e-6)
        assert not grad[x == -np.inf].any()


@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss_with_logits], ids=lambda loss: loss.__name__)
def test_paths_of_probability_zero_are_infeasible(isa, rng, loss):
    x = rng.normal(size=(6, 2, 4))
    x[:, 0, 2] = -np.inf
    value, grad = loss.value_and_grad(x, [[2], [2]], reduction="none")
    assert value[0] == np.inf
    assert np.isfinite(value[1])
    assert not grad[:, 0].any()
    assert loss(x, [[2], [2]], infeasible="zero", reduction="none")[0] == 0
    with pytest.raises(ValueError, match=r"0"):
        loss(x, [[2], [2]], infeasible="raise")


@pytest.mark.parametrize("name", [*FLOATS, "float16"])
@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss_with_logits], ids=lambda loss: loss.__name__)
def test_nan_stays_in_its_sequence(isa, rng, loss, name):
    x, targets = rng.normal(size=(8, 5, 4)).astype(name), rng.integers(1, 4, (5, 2))
    expected = loss.value_and_grad(x, targets, reduction="none")
    x[3, 2] = np.nan
    value, grad = loss.value_and_grad(x, targets, reduction="none")
    clean = [0, 1, 3, 4]
    assert np.isnan(value).tolist() == [False, False, True, False, False]
    assert np.isnan(grad[:, 2]).any()
    np.testing.assert_array_equal(value[clean], expected[0][clean])
    np.testing.assert_array_equal(grad[:, clean], expected[1][:, clean])
    assert np.isnan(loss(x, targets))


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("in_place", [False, True])
def test_spread_beyond_the_exponents_of_float32(isa, rng, name, in_place):
    """The scores span 10^8 nats a frame: the exponent of a path does not fit in 32 bits."""
    frames = 1200
    logits = (rng.normal(size=(frames, 6)) * 1e8).astype(name)
    target = rng.integers(1, 6, 200)
    loss, _ = exact(logits, target)
    expected = fl.ctc_loss_with_logits.grad(logits.astype(np.float64), target, reduction="sum")
    memory = logits.copy()
    out = memory if in_place else None
    value, grad = fl.ctc_loss_with_logits.value_and_grad(memory, target, reduction="sum", out=out)
    assert value == pytest.approx(float(loss), rel=1e-6)
    np.testing.assert_allclose(grad, expected, atol=1e-5)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", [1e4, 1e30])
def test_huge_scores(isa, name, value):
    """Beyond any exponent: the mathematics is finite, or the loss is as infinite as its paths are impossible."""
    logits = np.full((4, 3), -value, dtype=name)
    logits[:, 1] = value
    found, grad = fl.ctc_loss_with_logits.value_and_grad(logits, [1], reduction="sum")
    assert found == pytest.approx(0, abs=1e-30)
    assert not grad.any()
    found, grad = fl.ctc_loss_with_logits.value_and_grad(logits, [2], reduction="sum")
    assert found == pytest.approx(8 * value - math.log(10), rel=1e-7)  # ten paths of blanks and one run of the label
    assert np.isfinite(grad).all()


def certain_model(rng, frames, classes, labels, ahead):
    """Logits whose best class is ahead of all others in each frame; and the target that these classes spell."""
    target = rng.integers(1, classes, labels)
    path = np.zeros(frames, np.int64)
    path[np.sort(rng.choice(frames // 2, labels, replace=False)) * 2] = target
    logits = np.zeros((frames, classes))
    logits[np.arange(frames), path] = ahead
    return logits, target


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [2, 8, 130])  # of few classes frames go across the lanes, of many along a row
@pytest.mark.parametrize("ahead", [8, 15, 18, 60])
def test_certain_models_keep_their_digits(isa, rng, name, classes, ahead):
    """Losses from 1 to 1e-50, where 1 - P has no digits left; at the ends of the gradient too."""
    logits, target = certain_model(rng, 24, classes, 5, ahead)
    logits = (logits + rng.uniform(0, 1, logits.shape) * (logits == 0)).astype(name)  # no two classes alike
    loss, gradient = reference_ctc.ctc_in_many_digits(logits, target)
    value, grad = fl.ctc_loss_with_logits.value_and_grad(logits, target, reduction="sum")
    assert value == pytest.approx(loss, rel=1e-4, abs=1e-30)
    # softmax - posterior, both of which are rounded: where they agree in three digits, the difference has lost these.
    probability = np.exp(reference.log_softmax(logits.astype(float)))
    rounding = np.minimum(probability, 1 - probability) * 4 * np.finfo(name).eps
    visible = abs(gradient) > 1e-9
    assert (abs(grad - gradient) <= 1e-4 * abs(gradient) + rounding)[visible].all()
    assert fl.ctc_loss_with_logits(logits, target, reduction="sum") == value
    written_over = logits.copy()
    value, _ = fl.ctc_loss_with_logits.value_and_grad(written_over, target, reduction="sum", out=written_over)
    assert value == pytest.approx(loss, rel=1e-4, abs=1e-30)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [2, 8, 130])
@pytest.mark.parametrize("ahead", [12, 30])
def test_certain_log_probabilities_and_scores_keep_their_digits(isa, rng, name, classes, ahead):
    logits, target = certain_model(rng, 24, classes, 5, ahead)
    log_probs = fl.log_softmax(logits.astype(name))  # rounded: a frame's probabilities do not add up to 1
    loss, _ = reference_ctc.ctc_in_many_digits(log_probs, target)
    loss -= sum(float(mpmath.log(sum(mpmath.exp(mpmath.mpf(float(x))) for x in row))) for row in log_probs)
    assert fl.ctc_loss(log_probs, target, reduction="sum") == pytest.approx(loss, rel=1e-4)
    candidates = [target[:-1], target, [*target, 1], target, target[::-1]]
    scores = fl.ctc_score(log_probs, candidates)
    assert -scores[1] == pytest.approx(loss, rel=1e-4)
    assert scores[3] == scores[1]
    assert scores[0] < -ahead / 2 > scores[2]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("ahead", [12, 20, 40])
def test_certain_targets_whose_labels_may_change_sooner_or_later(isa, rng, name, ahead):
    """Frames in which two classes are right, each with half of the probability; and rows that are copied first."""
    logits, target = certain_model(rng, 24, 6, 4, ahead)
    path = logits.argmax(axis=1)
    borders = np.flatnonzero(path[1:] != path[:-1])
    logits[borders, path[borders + 1]] = ahead
    loss, _ = reference_ctc.ctc_in_many_digits(logits, target)
    assert fl.ctc_loss_with_logits(logits.astype(name), target, reduction="sum") == pytest.approx(loss, rel=1e-4)
    log_probs = fl.log_softmax(logits.astype(name))
    loss, _ = reference_ctc.ctc_in_many_digits(log_probs, target)
    loss -= sum(float(mpmath.log(sum(mpmath.exp(mpmath.mpf(float(x))) for x in row))) for row in log_probs)
    strided = np.repeat(log_probs, 2, axis=1)[:, ::2]
    for scores in (log_probs, strided, np.asfortranarray(log_probs)):
        assert fl.ctc_loss(scores, target, reduction="sum") == pytest.approx(loss, rel=1e-4, abs=1e-14)
        assert -fl.ctc_score(scores, [target])[0] == pytest.approx(loss, rel=1e-4, abs=1e-14)


@pytest.mark.parametrize("weight", [1, 1e-20, 1e-37])
@pytest.mark.parametrize("name", ["float16", "float32"])
def test_certain_targets_in_place_of_many_classes(isa, rng, name, weight):
    """Softmax times the weight stands in the place of the scores before the loss is known, in their own type."""
    logits, target = certain_model(rng, 24, 300, 4, 14)
    logits = logits.astype(name)
    loss, _ = reference_ctc.ctc_in_many_digits(logits, target)
    value, _ = fl.ctc_loss_with_logits.value_and_grad(logits, target, sample_weight=weight, reduction="sum", out=logits)
    assert value == pytest.approx(weight * loss, rel=2e-3)


@pytest.mark.parametrize("classes", [8, 200])
def test_an_infinite_logit_is_no_number(isa, rng, classes):
    """In a class of the target or not: the softmax is NaN, and so is the loss."""
    logits = rng.normal(size=(6, classes)).astype(np.float32)
    for c in (0, 1, classes - 1):
        bad = logits.copy()
        bad[2, c] = np.inf
        assert np.isnan(fl.ctc_loss_with_logits(bad, [1, 2]))


def test_one_certain_frame():
    assert fl.ctc_loss_with_logits([[0.0, 40.0]], [1]) == pytest.approx(math.log1p(math.exp(-40)), rel=1e-12)
    assert fl.ctc_loss_with_logits([[40.0, 0.0]], []) == pytest.approx(math.log1p(math.exp(-40)), rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 700.0])
def test_a_class_outside_of_a_certain_target_changes_nothing(isa, rng, bad):
    """Log-probabilities of other classes are not looked at, whatever they are."""
    logits, target = certain_model(rng, 40, 8, 6, 12)
    log_probs = fl.log_softmax(logits)
    log_probs = np.concatenate([log_probs, np.full((40, 1), -20.0)], axis=1)
    loss = fl.ctc_loss(log_probs, target, reduction="sum")
    log_probs[7, 8] = bad
    assert fl.ctc_loss(log_probs, target, reduction="sum") == pytest.approx(loss, rel=1e-6)
    assert fl.ctc_score(log_probs, [target])[0] == pytest.approx(-loss, rel=1e-6)
