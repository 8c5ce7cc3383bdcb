"""ctc_align at its limits: NaN and infinity, targets that can't be emitted, what is refused, threads."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from alignments import assert_best, assert_nothing_found, bits, ragged, sample
from errors import BOTH, FRAMES, TARGETS, WRONG_LENGTHS, WRONG_TARGETS, put, refused

import fastloss as fl

# Many scores here are random numbers, of which the functions warn (test_unexpected_scores.py); what a path or a text of
# them scores is defined all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*log_probs are not normalised:UserWarning")


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_nan_stays_in_its_sequence(isa, rng, dtype):
    """A NaN of a class in use leaves no score and no path; of any other class, or beyond the frames, it is not seen."""
    clean = rng.normal(size=(12, 3, 6)).astype(dtype)
    targets, lengths, sizes = np.array([[1, 2, 0], [3, 1, 3], [2, 2, 4]]), [12, 11, 12], [2, 3, 3]
    expected = fl.ctc_align(clean, targets, lengths, sizes)
    modes = itertools.cycle(("inf", "zero"))
    for nan in (np.nan, -np.nan):
        unseen = clean.copy()
        unseen[:, 0, 3:] = unseen[:, 1, [2, 4, 5]] = unseen[11:, 1] = unseen[:, 2, [1, 3, 5]] = nan
        assert bits(fl.ctc_align(unseen, targets, lengths, sizes)) == bits(expected)
        for frame, label in itertools.product(range(11), (0, 1, 3)):
            scores = put(clean, (frame, 1, label), nan)
            found = fl.ctc_align(scores, targets, lengths, sizes, infeasible=next(modes))
            assert np.isnan(found.score).tolist() == [False, True, False]
            assert_nothing_found(sample(found, 1))
            assert all(bits(sample(found, n)) == bits(sample(expected, n)) for n in (0, 2))


@pytest.mark.parametrize("place", [(0, 40), (59, 1), (30, 20), (0, 12), (50, 25)], ids=str)
def test_nan_where_no_path_goes(isa, place):
    """Of a class in use, in a frame where no path has it: NaN as of ctc_loss, wherever the label stands."""
    scores = put(np.zeros((60, 41)), place, np.nan)
    target = np.arange(1, 41)
    assert np.isnan(fl.ctc_loss(scores, target))
    assert np.isnan(fl.ctc_align(scores, target, infeasible="inf").score)


@pytest.mark.parametrize("place", [(0, 2), (3, 1), (1, 2), (1, 0)], ids=str)
def test_plus_infinity_is_no_lack_of_paths(isa, place):
    """Scores need not be normalised; where +inf meets -inf there may be no number, but that is not probability 0."""
    scores = put(np.zeros((4, 3)), place, np.inf)
    assert not np.isneginf(fl.ctc_align(scores, [1, 2], infeasible="inf").score)


def test_probability_zero(isa, rng):
    scores = rng.normal(size=(20, 2, 4))
    scores[:, :, 2] = scores[::3, :, 0] = -np.inf
    scores[7, 0, 2] = 0
    found = fl.ctc_align(scores, [[1, 2, 3], [1, 2, 3]], infeasible="inf")
    assert found.starts[0, 1] == 7
    assert found.ends[0, 1] == 8
    for n in range(2):
        assert_best(sample(found, n), scores[:, n], [1, 2, 3])
    assert found.score[1] == -np.inf


def test_infeasible_targets(isa, rng):
    scores, targets = rng.normal(size=(6, 4, 5)), [[1, 2], [3, 3, 3, 3], [1, 2, 3, 4, 1, 2, 3], [4]]
    gone = put(scores, (slice(None), 3, 4), -np.inf)
    for x, impossible in ((scores, [1, 2]), (gone, [1, 2, 3])):
        inf, zero = (fl.ctc_align(x, targets, infeasible=mode) for mode in ("inf", "zero"))
        assert np.flatnonzero(np.isneginf(inf.score)).tolist() == impossible
        np.testing.assert_array_equal(zero.score, np.where(np.isinf(inf.score), 0, inf.score))
        assert bits(zero)[0:1] + bits(zero)[2:] == bits(inf)[0:1] + bits(inf)[2:]
        for n, target in enumerate(targets):
            assert_best(sample(inf, n), x[:, n], target)
    refused(ValueError, ["sample 1", "4 labels", "needs 7", "are 6"], lambda: fl.ctc_align(scores, targets))
    few, sizes = [6, 6, 3, 6], [2, 3, 7, 1]
    refused(ValueError, ["sample 2", "needs 7", "are 3"], lambda: fl.ctc_align(scores, targets, few, sizes))
    few[2], sizes[2] = 6, 6
    zero = ["sample 3", "needs 1", "are 6", "probability 0"]
    refused(ValueError, zero, lambda: fl.ctc_align(gone, targets, few, sizes))
    assert np.isnan(fl.ctc_align(scores * np.nan, targets, infeasible="zero").score[[0, 3]]).all()


WRONG = [
    *((targets, options, ValueError, tokens) for targets, options, tokens in WRONG_TARGETS),
    *((TARGETS, *wrong) for wrong in WRONG_LENGTHS),
    *((targets, {}, BOTH, ["targets"]) for targets in (TARGETS.astype(object), [["a", "b"], ["c"]], "ab", None)),
    (TARGETS * 1.0, {}, TypeError, ["targets", "float64"]),
    (TARGETS, {"blank": 5}, ValueError, ["blank", 5]),
    (TARGETS, {"blank": -6}, ValueError, ["blank", -6]),
    (TARGETS, {"blank": 0.0}, TypeError, ["blank"]),
    (TARGETS, {"infeasible": "ignore"}, ValueError, ["infeasible", "ignore", "inf", "zero", "raise"]),
    (TARGETS, {"infeasible": None}, ValueError, ["infeasible", "None"]),
    (TARGETS, {"star": -1}, ValueError, ["star", -1]),
    (TARGETS, {"star": 0}, ValueError, ["star", 0, "blank"]),
    ([[1], [2]], {"star": 4, "blank": -1}, ValueError, ["star", 4, "blank"]),
    (TARGETS, {"star": 1.0}, TypeError, ["star", "1.0"]),
    (TARGETS, {"star": 2**64}, ValueError, ["star", 2**64]),
    (put(TARGETS, (1, 0), 8), {"star": 7}, ValueError, ["targets[1, 0]", 8]),
    (TARGETS, {"star": 7, "star_cost": -0.5}, ValueError, ["star_cost", "-0.5"]),
    (TARGETS, {"star": 7, "star_cost": np.inf}, ValueError, ["star_cost", "inf"]),
    (TARGETS, {"star": 7, "star_cost": np.nan}, ValueError, ["star_cost", "nan"]),
    (TARGETS, {"star": 7, "star_cost": "much"}, TypeError, ["star_cost", "much"]),
    (TARGETS, {"num_threads": 0}, ValueError, ["num_threads", 0]),
    (TARGETS, {"batch_first": True}, ValueError, ["targets", "(2, 2)", 6]),
]


@pytest.mark.parametrize(("targets", "options", "error", "tokens"), WRONG)
def test_refused(targets, options, error, tokens):
    """In every mode: what is malformed is not what is infeasible."""
    modes = [options] if "infeasible" in options else [{**options, "infeasible": mode} for mode in ("raise", "inf")]
    for mode in modes:
        refused(error, tokens, lambda mode=mode: fl.ctc_align(FRAMES, targets, **mode))


def test_scores_refused():
    for shape in ((5,), (2, 3, 4, 5), (6, 2, 0)):
        refused(ValueError, ["log_probs", shape], lambda shape=shape: fl.ctc_align(np.zeros(shape), TARGETS))
    for scores in (FRAMES * 1j, FRAMES.astype(object), None, "scores"):
        refused(BOTH, ["log_probs"], lambda scores=scores: fl.ctc_align(scores, TARGETS))
    one = FRAMES[:, 0]
    refused(ValueError, ["targets", "(2, 2)"], lambda: fl.ctc_align(one, TARGETS))
    refused(ValueError, ["target_lengths", 3], lambda: fl.ctc_align(one, [1, 2], target_lengths=3))
    refused(ValueError, ["input_lengths", 7], lambda: fl.ctc_align(one, [1, 2], input_lengths=7))


def test_same_bits_for_every_thread_count(isa, rng):
    scores, targets, lengths, blank = ragged(rng, 4000, 90, 20, 13, True)
    options = {"blank": blank, "infeasible": "inf", "star": 77, "star_cost": 1.0}
    expected = bits(fl.ctc_align(scores, targets, lengths, **options, num_threads=1))
    for threads in (2, 3, 7, 64, None):
        assert bits(fl.ctc_align(scores, targets, lengths, **options, num_threads=threads)) == expected, threads


def test_many_python_threads_at_once(rng):
    """Some of them refused."""
    cases = [ragged(rng, 200, 40, 9, 5, True) for _ in range(6)]

    def work(number, threads=1):
        scores, targets, lengths, blank = cases[number % 6]
        if number % 4 == 1:
            with pytest.raises(ValueError, match=r"input_lengths\[4\] is 201"):
                fl.ctc_align(scores, targets, put(lengths, 4, 201), blank=blank)
        return bits(fl.ctc_align(scores, targets, lengths, blank=blank, infeasible="zero", num_threads=threads))

    expected = [work(number) for number in range(6)]
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1) + 2)) as pool:
        found = list(pool.map(work, range(120), [1, 2, 3] * 40))
    assert all(result == expected[number % 6] for number, result in enumerate(found))
