"""ctc_decode: best path and prefix beam search, against plain Python and against the enumeration of all paths."""

import itertools
import math

import numpy as np
import pytest
import reference
import reference_ctc
import reference_decode
from decodings import assert_close, assert_decoded, assert_same, bits, emissions, speech
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_decode import prefix_beam_search
from tolerance import dtype_of

import fastloss as fl

# Most scores are no log-probabilities here; test_unexpected_scores.py has the warning about these.
pytestmark = pytest.mark.filterwarnings("ignore:ctc_decode. log_probs are:UserWarning")

EVERY_PREFIX = 10**12  # a beam with room for all


# ---- best path ----


@pytest.mark.parametrize("blank", [0, 3, -1])
@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16", "int8"])
def test_best_path(isa, rng, name, blank):
    for frames, classes in ((1, 4), (40, 4), (200, 21), (30, 500)):
        scores = (rng.normal(size=(frames, classes)) * 3).astype(dtype_of(name))
        [found] = fl.ctc_decode(scores, blank=blank)
        expected = reference_decode.best_path(scores.astype(float).tolist(), blank % classes)
        assert_same([found], [expected], (name, frames, classes))


def test_best_path_of_equal_classes(isa, rng):
    """The lower class, and the first frame of a run."""
    scores = rng.integers(-2, 1, (60, 5)).astype(np.float32)
    for blank in range(5):
        assert_same(fl.ctc_decode(scores, blank=blank), [reference_decode.best_path(scores.tolist(), blank)])
    [found] = fl.ctc_decode(np.zeros((4, 3)), blank=2)
    assert found.labels.tolist() == [0]
    assert found.frames.tolist() == [0]


# ---- beam search: enumeration ----


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize(("frames", "classes"), [(1, 3), (2, 2), (7, 2), (6, 3), (4, 5)])
def test_every_prefix_by_enumeration(isa, rng, frames, classes, blank):
    """With room for every prefix the scores are exact, and nothing that is possible is missing."""
    blank %= classes
    for spread in (0.3, 3.0):
        x = emissions(rng, frames, classes, spread)
        expected = reference_decode.by_enumeration(x.tolist(), blank)
        found = fl.ctc_decode(x, beam_width=EVERY_PREFIX, n_best=EVERY_PREFIX, blank=blank)
        assert {tuple(h.labels.tolist()) for h in found} == set(expected)
        assert len(found) == len(expected)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
        for hypothesis in found:
            assert_close(hypothesis.score, math.log(expected[tuple(hypothesis.labels.tolist())]))
        assert math.fsum(math.exp(h.score) for h in found) == pytest.approx(1, abs=1e-13)


def test_impossible_classes_by_enumeration(isa, rng):
    for _ in range(30):
        x = emissions(rng, 5, 3)
        x[rng.random(x.shape) < 0.3] = -np.inf
        expected = reference_decode.by_enumeration(x.tolist())
        found = fl.ctc_decode(x, beam_width=EVERY_PREFIX, n_best=EVERY_PREFIX)
        if not expected:
            assert_same(found, [((), -np.inf, [])])
            continue
        assert {tuple(h.labels.tolist()) for h in found} == set(expected)
        for hypothesis in found:
            assert_close(hypothesis.score, math.log(expected[tuple(hypothesis.labels.tolist())]))


def test_frames_are_those_of_the_best_path(isa, rng):
    """With room for every prefix: of the Viterbi path of the labels."""
    for ties in (False, True):
        x = rng.integers(-3, 1, (7, 3)) / 2.0 if ties else emissions(rng, 7, 3)
        found = fl.ctc_decode(x, beam_width=EVERY_PREFIX, n_best=EVERY_PREFIX)
        assert len(found) == 67
        for hypothesis in found:
            labels = hypothesis.labels.tolist()
            _, states = reference_ctc.ctc_viterbi(x, labels)
            spelled = [0] * (2 * len(labels) + 1)
            spelled[1::2] = labels
            expected = [
                max((t for t, state in enumerate(states) if state == 2 * i + 1), key=lambda t, c=c: x[t, c])
                for i, c in enumerate(labels)
            ]
            assert hypothesis.frames.tolist() == expected, labels


# ---- beam search: the plain one ----


@pytest.mark.parametrize("width", [2, 3, 10, 40])
def test_beam_search(isa, rng, width):
    for draw in (emissions, speech):
        for frames, classes in ((1, 3), (30, 5), (50, 10), (8, 130)):
            assert_decoded(draw(rng, frames, classes), width, blank=int(rng.integers(-classes, classes)))


def test_long_recording(isa, rng):
    """Of which the probabilities are far below the smallest double."""
    x = speech(rng, 1500, 6) - 3.0
    assert_decoded(x, 4)
    assert fl.ctc_decode(x, beam_width=4)[0].score < -4000


def test_repeats(isa, rng):
    """Two classes: every label repeats the one before, and needs a blank."""
    for width in (2, 5, 30):
        for bias in (-2, 0, 2):
            x = rng.normal(size=(40, 2))
            x[:, 0] += bias
            assert_decoded(x, width)


@pytest.mark.parametrize("width", [2, 7, 33, 64])
def test_equally_probable(isa, rng, width):
    """Of scores 0 and -inf sums are whole numbers: which of the equal prefixes are kept is what the docstring says."""
    for share in (0.0, 0.15, 0.4):
        for _ in range(8):
            x = np.where(rng.random((12, 5)) < share, -np.inf, 0.0)
            assert_decoded(x, width, blank=int(rng.integers(0, 5)))


def test_prefixes_that_come_and_go(isa, rng):
    """A prefix leaves the beam while longer ones stay, comes back behind them, and they leave together."""
    for _ in range(40):
        x = np.where(rng.random((14, 4)) < 0.3, -np.inf, rng.normal(size=(14, 4)) * 2)
        for width in (4, 8, 16, 32):
            assert_decoded(x, width, blank=int(rng.integers(0, 4)))
    possible = [
        "11110",
        "11110",
        "11111",
        "00110",
        "11010",
        "11011",
        "10111",
        "11101",
        "11100",
        "10011",
        "11011",
        "10101",
    ]
    x = np.where(np.array([[*row] for row in possible]) == "1", 0.0, -np.inf)
    assert_decoded(x, 64, blank=1)


def test_order_of_equals():
    """After one frame all are equal: the empty one, then by label. After two, "1", "2" and "3" have three paths, "" and
    those of two labels one each."""
    found = fl.ctc_decode(np.zeros((1, 4)), beam_width=3, n_best=3)
    assert [h.labels.tolist() for h in found] == [[], [1], [2]]
    found = fl.ctc_decode(np.zeros((2, 4)), beam_width=6, n_best=6)
    assert [h.labels.tolist() for h in found] == [[1], [2], [3], [], [1, 2], [1, 3]]
    np.testing.assert_allclose(np.exp([h.score for h in found]), [3, 3, 3, 1, 1, 1], rtol=1e-14)


@pytest.mark.parametrize("prune", [0, 0.5, 3, 7.25, 1e300])
def test_prune(isa, rng, prune):
    """What is further below the frame's best is impossible, the blank and repeats included."""
    for width in (2, 8, 50):
        assert_decoded(speech(rng, 40, 7), width, prune=prune)
        x = np.array([[-prune, 0.0, -np.nextafter(prune, np.inf)]] * 3)
        assert_decoded(x, width, prune=prune)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_scores(data):
    frames, classes = data.draw(st.integers(0, 9)), data.draw(st.integers(1, 5))
    scores = st.floats(-800, 50, width=32) | st.just(-math.inf) | st.integers(-4, 0).map(lambda n: n * math.log(2.0))
    rows = data.draw(st.lists(st.lists(scores, min_size=classes, max_size=classes), min_size=frames, max_size=frames))
    x = np.array(rows).reshape(frames, classes)
    x += np.sin(np.arange(1.0, x.size + 1)).reshape(x.shape)  # no ties: no rational multiples of each other
    width = data.draw(st.sampled_from([2, 3, 6, 200]))
    assert_decoded(x, width, data.draw(st.integers(-classes, classes - 1)))


# ---- extremes ----


def test_scores_of_any_size(isa, rng):
    for scale, shift in ((1e-8, 0), (30, 0), (300, 0), (1, 1e5), (1, -1e5)):
        x = rng.normal(size=(25, 4)) * scale + shift
        x = x.astype(np.float32).astype(np.float64)
        assert_decoded(x, 6)


def test_scores_beyond_doubles(isa):
    """Their sum is infinite; labels and frames are those of any other constants."""
    x = np.log([[0.1, 0.7, 0.2], [0.7, 0.1, 0.2], [0.1, 0.2, 0.7]])
    for constant in (-1e308, 1e308):
        huge = np.full((3, 3), constant)
        for width in (1, 5):
            assert fl.ctc_decode(huge, beam_width=width)[0].score == np.copysign(np.inf, constant)
    [found] = fl.ctc_decode(x - 1e6, beam_width=5)
    assert found.labels.tolist() == [1, 2]
    assert found.frames.tolist() == [0, 2]


def test_a_sure_model(isa, rng):
    """Its score is as near to 0 as it has to be."""
    x = reference.log_softmax(np.where(np.arange(200)[:, None] % 4 == np.arange(4), 30.0, rng.normal(size=(200, 4))))
    [found] = fl.ctc_decode(x, beam_width=8)
    assert found.labels.tolist() == [1, 2, 3] * 50
    assert -1e-9 < found.score < 0
    assert_decoded(x, 8)


def test_far_below_the_best(isa):
    """Nothing is kept 600 nats below the best prefix; what is kept has all its digits."""
    for depth, count in ((100, 6), (199, 4), (299, 3), (301, 2), (599, 2), (601, 1), (699, 1), (701, 1)):
        x = np.array([[0.0, -depth]] * 9)
        assert_decoded(x, 20)
        assert len(fl.ctc_decode(x, beam_width=20, n_best=20)) == count, depth


def test_logits_have_the_labels_of_log_probabilities(isa, rng):
    """The score is off by the frames' constants."""
    x = speech(rng, 50, 8)
    constants = rng.normal(size=50) * 20
    expected = prefix_beam_search(x.tolist(), 6)
    for hypothesis, (labels, score, _) in zip(
        fl.ctc_decode(x + constants[:, None], beam_width=6, n_best=6), expected, strict=True
    ):
        assert tuple(hypothesis.labels.tolist()) == labels
        assert hypothesis.score == pytest.approx(score + constants.sum(), abs=1e-9)


def test_nothing_to_find(isa):
    """No frames, nobody, only the blank, only impossible classes."""
    nothing = [((), 0.0, [])]
    for width in (1, 5):
        options = {"beam_width": width, "n_best": width}
        assert_same(fl.ctc_decode(np.zeros((0, 3)), **options), nothing)
        assert fl.ctc_decode(np.zeros((4, 0, 3)), **options) == []
        assert_same(fl.ctc_decode(np.full((4, 1), -0.5), **options), [((), -2.0, [])])
        for found in fl.ctc_decode(np.zeros((4, 2, 3)), [0, 0], **options):
            assert_same(found, nothing)
        impossible = np.zeros((5, 3))
        impossible[2] = -np.inf
        assert_same(fl.ctc_decode(impossible, **options), [((), -np.inf, [])])
        only = np.full((4, 3), -np.inf)
        only[:, 2] = -0.25
        assert_same(fl.ctc_decode(only, **options), [((2,), -1.0, [0])])


def test_fewer_than_wanted(isa):
    found = fl.ctc_decode(np.zeros((2, 2)), beam_width=50, n_best=40)
    assert [h.labels.tolist() for h in found] == [[1], []]
    assert len(fl.ctc_decode(np.zeros((9, 4)), beam_width=50, n_best=3)) == 3


# ---- batches, layouts, dtypes ----


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16", "int8", "uint16", "int64", "bool"])
def test_dtypes(isa, rng, name):
    scores = rng.normal(size=(20, 6)) * 3
    scores = np.abs(scores) if name in ("uint16", "bool") else scores
    scores = scores.astype(dtype_of(name))
    exact = scores.astype(np.float64)
    found = fl.ctc_decode(scores, beam_width=9, n_best=9)
    if name in ("float32", "float64"):  # of the others there are equal scores
        assert_same(found, prefix_beam_search(exact, 9))
    again = fl.ctc_decode(exact, beam_width=9, n_best=9)
    assert bits(found) == bits(again)
    assert_close(found[0].score, prefix_beam_search(exact, 9)[0][1])


def test_layouts(isa, rng):
    x = np.stack([speech(rng, 30, 7) for _ in range(3)], axis=1)
    lengths = [30, 0, 17]
    wide = np.zeros((60, 6, 14))
    wide[::2, ::-2, 1::2] = x
    read_only = x.copy()
    read_only.flags.writeable = False
    forms = [
        *((form, False) for form in (x, np.asfortranarray(x), wide[::2, ::-2, 1::2], read_only, x.tolist())),
        (x.swapaxes(0, 1), True),
        (np.ascontiguousarray(x.swapaxes(0, 1)), True),
        (x[::-1].copy()[::-1], False),
    ]
    for width in (1, 5):
        for form, batch_first in forms:
            found = fl.ctc_decode(form, lengths, beam_width=width, n_best=width, batch_first=batch_first)
            assert len(found) == 3
            for n, length in enumerate(lengths):
                frames = x[:length, n].tolist()
                expected = prefix_beam_search(frames, width) if width > 1 else [reference_decode.best_path(frames)]
                assert_same(found[n], expected)
    same = np.broadcast_to(np.float32(-1.5), (4, 2, 5))
    for found in fl.ctc_decode(same, beam_width=3, n_best=3):
        assert_same(found, prefix_beam_search(same[:, 0], 3))


def test_single_sequence_is_one_of_a_batch(isa, rng):
    x = speech(rng, 25, 6)
    found = fl.ctc_decode(x, beam_width=4, n_best=2)
    assert [bits(f) for f in fl.ctc_decode(x[:, None], beam_width=4, n_best=2)] == [bits(found)]
    assert bits(fl.ctc_decode(x, 11, beam_width=4, n_best=2)) == bits(fl.ctc_decode(x[:11], beam_width=4, n_best=2))


def test_wider_beams_find_no_less(rng):
    """Not a law, but so here; and the first of a beam of all prefixes is the best there is."""
    x = emissions(rng, 6, 4, 1.0)
    best = max(reference_decode.by_enumeration(x.tolist()).values())
    scores = [fl.ctc_decode(x, beam_width=width)[0].score for width in (2, 8, 64, EVERY_PREFIX)]
    assert all(first <= second + 1e-12 for first, second in itertools.pairwise(scores))
    assert_close(scores[-1], math.log(best))


def test_hypothesis_is_frozen_and_says_little():
    [found] = fl.ctc_decode(np.zeros((500, 3)) - np.array([5.0, 1.0, 9.0]))
    assert isinstance(found, fl.CTCHypothesis)
    assert repr(found) == "<CTCHypothesis of 1 label, score -500>"
    with pytest.raises(AttributeError):
        found.score = 0.0
    [found] = fl.ctc_decode(np.log([[0.1, 0.7, 0.2], [0.1, 0.2, 0.7]]))
    assert repr(found) == "<CTCHypothesis of 2 labels, score -0.7133>"
