"""Sequences of thousands of labels: a frame is computed in tiles, which threads share. Against the definition in
extended precision, and the same bits for any number of threads."""

import numpy as np
import pytest
import reference_ctc

import fastloss as fl

pytestmark = pytest.mark.usefixtures("forced_threads")

FRAMES, LABELS, CLASSES = 2700, 2100, 12


@pytest.fixture(scope="module")
def recording():
    """Logits some of which are far below the others; the target has to hurry, which leaves it a narrow band."""
    rng = np.random.default_rng(7)
    logits = rng.normal(size=(FRAMES, CLASSES)) * 3
    logits[rng.random(logits.shape) < 0.01] -= 150
    return logits.astype(np.float32), rng.integers(1, CLASSES, LABELS)


@pytest.fixture(scope="module")
def definition(recording):
    return reference_ctc.ctc_loss_with_logits(recording[0].astype(np.longdouble), recording[1])


@pytest.mark.parametrize(("name", "tolerance"), [("float32", 3e-5), ("float64", 1e-11)])
def test_loss_and_gradient_are_those_of_the_definition(isa, recording, definition, name, tolerance):
    (logits, target), (loss, gradient) = recording, definition
    logits = logits.astype(name)
    value, grad = fl.ctc_loss_with_logits.value_and_grad(logits, target, reduction="sum", num_threads=2)
    assert value == pytest.approx(float(loss), rel=1e-6 if name == "float32" else 1e-12)
    np.testing.assert_allclose(grad, gradient.astype(float), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("frames", [FRAMES, 2 * FRAMES])
def test_bits_do_not_depend_on_threads(isa, recording, name, frames):
    logits, target = np.resize(recording[0], (frames, CLASSES)).astype(name), recording[1]
    for loss in (fl.ctc_loss, fl.ctc_loss_with_logits):
        results = [loss.value_and_grad(logits, target, num_threads=threads) for threads in (1, 2, 3)]
        for value, grad in results[1:]:
            assert value == results[0][0] == loss(logits, target, num_threads=2)
            np.testing.assert_array_equal(grad, results[0][1])


def test_posteriors_do_not_depend_on_threads(isa, recording):
    logits, target = recording
    log_probs = fl.log_softmax(logits.astype(float))
    posteriors = [fl.ctc_posteriors(log_probs, target, num_threads=threads) for threads in (1, 3)]
    np.testing.assert_array_equal(*posteriors)
    np.testing.assert_allclose(posteriors[0].sum(axis=-1), 1, rtol=1e-12)
    gradient = fl.ctc_loss.grad(log_probs, target, reduction="sum")
    blanks = posteriors[0][:, ::2].sum(axis=1)
    np.testing.assert_allclose(gradient[:, 0], -blanks, rtol=1e-10, atol=1e-13)


def test_a_certain_long_sequence_keeps_its_digits(isa, rng):
    target = rng.integers(1, CLASSES, LABELS)
    logits = np.zeros((2 * LABELS, CLASSES))
    logits[np.arange(0, 2 * LABELS, 2), target] = 40
    logits[1::2, 0] = 40
    one, two = (fl.ctc_loss_with_logits(logits, target, reduction="sum", num_threads=threads) for threads in (1, 2))
    # Each frame is left by any class but its own, and no single change gives the same target.
    assert one == two == pytest.approx(2 * LABELS * (CLASSES - 1) * np.exp(-40), rel=1e-3)


def test_an_impossible_long_sequence(isa, recording):
    logits, target = recording[0].copy(), recording[1]
    logits[1000] = -np.inf
    logits[1000, 0] = 0
    logits[1001] = logits[1000]
    logits[:700, target[-1]] = -np.inf
    for threads in (1, 2):
        value, grad = fl.ctc_loss.value_and_grad(logits[: LABELS + 1], target, num_threads=threads)
        assert value == np.inf
        assert not grad.any()


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
def test_alignment_is_that_of_the_definition(isa, recording, name):
    log_probs, target = fl.log_softmax(recording[0]).astype(name), recording[1]
    score, path = reference_ctc.ctc_viterbi(log_probs, target)
    for threads in (1, 2, 3):
        found = fl.ctc_align(log_probs, target, num_threads=threads)
        assert found.score == pytest.approx(score, rel=1e-14)
        np.testing.assert_array_equal(found.path, np.where(path % 2, target[np.minimum(path // 2, LABELS - 1)], 0))
        np.testing.assert_array_equal(found.starts, np.searchsorted(path, 2 * np.arange(LABELS) + 1))


@pytest.mark.parametrize(("place", "value"), [((3, 5), np.nan), ((FRAMES - 1, 1), np.inf), ((1200, 0), np.nan)])
def test_alignment_notices_nan_in_any_tile(isa, recording, place, value):
    log_probs = fl.log_softmax(recording[0])
    log_probs[place] = value
    for threads in (1, 2):
        assert np.isnan(fl.ctc_align(log_probs, recording[1], infeasible="inf", num_threads=threads).score)


@pytest.mark.parametrize("labels", [2040, 2047, 2048, 2559, 2560, 2561])
def test_targets_that_end_where_a_tile_does(isa, rng, labels):
    target = rng.integers(1, 4, labels)
    log_probs = fl.log_softmax(rng.normal(size=(2 * labels, 4)))
    score, path = reference_ctc.ctc_viterbi(log_probs, target)
    found = fl.ctc_align(log_probs, target, num_threads=2)
    assert found.score == pytest.approx(score, rel=1e-13)
    np.testing.assert_array_equal(found.path, np.where(path % 2, target[np.minimum(path // 2, labels - 1)], 0))
    posterior = fl.ctc_posteriors(log_probs, target, num_threads=2)
    np.testing.assert_allclose(posterior.sum(axis=-1), 1, rtol=1e-12)
    value, grad = fl.ctc_loss.value_and_grad(log_probs, target, reduction="sum", num_threads=2)
    reverse, grad_of_reverse = fl.ctc_loss.value_and_grad(log_probs[::-1], target[::-1], reduction="sum")
    assert value == pytest.approx(reverse, rel=1e-12)  # the same paths, backwards
    np.testing.assert_allclose(grad, grad_of_reverse[::-1], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("more", [0, 3, 200])
def test_a_target_that_has_to_hurry(isa, rng, name, more):
    """A few more frames than labels: bands are narrow and begin with each slot once, where tiles begin too."""
    labels = 2600
    target = np.arange(labels) % 3 + 1
    logits = rng.normal(size=(labels + more, 4)).astype(name)
    loss, gradient = reference_ctc.ctc_loss_with_logits(logits.astype(np.longdouble), target)
    for threads in (1, 3):
        value, grad = fl.ctc_loss_with_logits.value_and_grad(logits, target, reduction="sum", num_threads=threads)
        assert value == pytest.approx(float(loss), rel=1e-6 if name == "float32" else 1e-12)
        np.testing.assert_allclose(grad, gradient.astype(float), rtol=0, atol=3e-5 if name == "float32" else 1e-11)


def test_score_of_one_long_candidate(isa, recording):
    """It takes the way of the loss, and of several threads."""
    log_probs, target = fl.log_softmax(recording[0]), recording[1]
    loss, _ = reference_ctc.ctc_loss(log_probs.astype(np.longdouble), target)
    scores = [fl.ctc_score(log_probs, [target], num_threads=threads)[0] for threads in (1, 2)]
    assert scores[0] == scores[1] == pytest.approx(-float(loss), rel=1e-6)
    assert fl.ctc_score(log_probs, [target, target[:5]])[0] == pytest.approx(scores[0], rel=1e-6)
    assert fl.ctc_score(log_probs[: LABELS - 1], [target])[0] == -np.inf


def test_progress_of_a_long_gradient_by_threads(recording):
    """It goes back by segments, each of which is short: all of them together tell how far they are."""
    logits = np.resize(recording[0], (40 * FRAMES, CLASSES))
    shares = []
    fl.ctc_loss_with_logits.value_and_grad(logits, recording[1], num_threads=2, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len([share for share in shares if 0.4 < share < 0.95]) >= 2
