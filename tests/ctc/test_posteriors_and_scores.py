"""CTC at inference: posteriors, scores of many candidates, scores of prefixes; against enumeration and the loss."""

import itertools
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import reference
from tolerance import dtype_of

import fastloss as fl

# Many scores here are random numbers, of which the functions warn (test_unexpected_scores.py); what a path or a text of
# them scores is defined all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*log_probs are not normalised:UserWarning")


def readings(log_probs, blank):
    """Probability of every label sequence, by enumeration of all paths."""
    found = {}
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        labels = tuple(c for c, _ in itertools.groupby(path) if c != blank)
        probability = np.exp(log_probs[np.arange(len(path)), list(path)].sum())
        found[labels] = found.get(labels, 0.0) + probability
    return found


def emissions(rng, frames, classes, spread=2.0):
    return reference.log_softmax(rng.normal(size=(frames, classes)) * spread)


def close(found, expected, rtol=1e-12):
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(found, np.log(expected), rtol=rtol, atol=rtol)


# ---- posteriors ----


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("blank", [0, 2])
def test_posteriors_by_enumeration(isa, rng, name, blank):
    """State s at frame t: the share of the paths that are there, a repeat in the target included."""
    x = emissions(rng, 6, 3).astype(dtype_of(name))
    exact, labels = x.astype(np.float64), [c for c in range(3) if c != blank]
    for target in ([], labels[:1], labels, [labels[0], labels[0]], [labels[1], labels[0], labels[1]]):
        states = [blank]
        for label in target:
            states += [label, blank]
        expected, total = np.zeros((6, len(states))), 0.0
        for places in itertools.combinations_with_replacement(range(len(states)), 6):  # never back
            legal = places[0] <= 1 and places[-1] >= len(states) - 2
            for before, after in itertools.pairwise(places):
                skips = after - before == 2 and states[after] not in (blank, states[before])
                legal = legal and (after - before <= 1 or skips)
            if legal:
                probability = np.exp(exact[np.arange(6), [states[p] for p in places]].sum())
                total += probability
                expected[np.arange(6), places] += probability
        found = fl.ctc_posteriors(x, target, blank=blank)
        assert found.dtype == (np.float64 if name == "float64" else np.float32)
        np.testing.assert_allclose(found, expected / total, rtol=3e-6 if name != "float64" else 1e-12, atol=1e-30)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(40, 5, 9, 7), (700, 2, 5, 120), (90, 3, 4, 0)], ids=str)
def test_posteriors_of_batches(isa, rng, name, shape):
    """Frames sum to 1 and add up to minus the loss's gradient; long sequences keep checkpoints."""
    frames, batch, classes, longest = shape
    x = rng.normal(size=(frames, batch, classes)).astype(name) * 3
    targets = rng.integers(1, classes, (batch, longest))
    lengths = rng.integers(frames // 2, frames + 1, batch)
    target_lengths = rng.integers(0, longest // 3 + 1, batch)
    options = {"input_lengths": lengths, "target_lengths": target_lengths}
    found = fl.ctc_posteriors(x, targets, **options)
    assert found.shape == (frames, batch, 2 * target_lengths.max() + 1)
    grad = fl.ctc_loss.grad(x, targets, reduction="sum", **options)
    tolerance = 2e-6 if name == "float32" else 1e-12
    for n in range(batch):
        np.testing.assert_allclose(found[: lengths[n], n].sum(axis=1), 1, rtol=tolerance)
        assert not found[lengths[n] :, n].any()
        assert not found[:, n, 2 * target_lengths[n] + 1 :].any()
        by_class = np.zeros((frames, classes))
        by_class[:, 0] = found[:, n, ::2].sum(axis=1)
        for i in range(target_lengths[n]):
            by_class[:, targets[n, i]] += found[:, n, 2 * i + 1]
        np.testing.assert_allclose(-grad[:, n], by_class, atol=tolerance)
    first = fl.ctc_posteriors(np.ascontiguousarray(x.swapaxes(0, 1)), targets, batch_first=True, **options)
    np.testing.assert_array_equal(first.swapaxes(0, 1), found)
    for threads in (1, 2, 3, 7):
        np.testing.assert_array_equal(fl.ctc_posteriors(x, targets, num_threads=threads, **options), found)


def test_posteriors_that_are_not_there(isa, rng):
    x = rng.normal(size=(3, 2, 4))
    with pytest.raises(ValueError, match="sample 1: its target of 2 labels needs 3 frames, there are 2"):
        fl.ctc_posteriors(x, [[1, 2], [1, 1]], input_lengths=[3, 2])
    found = fl.ctc_posteriors(x, [[1, 2], [1, 1]], input_lengths=[3, 2], infeasible="zero")
    assert not found[:, 1].any()
    assert found[:, 0].sum() == pytest.approx(3)
    x[1, 0, 1] = np.nan
    found = fl.ctc_posteriors(x, [[1, 2], [1, 2]], infeasible="zero")
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()
    with pytest.raises(ValueError, match="infeasible"):
        fl.ctc_posteriors(x, [[1, 2], [1, 1]], infeasible="inf")
    assert fl.ctc_posteriors(np.zeros((0, 2, 3)), np.zeros((2, 0), int)).shape == (0, 2, 1)


# ---- scores of candidates ----


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
@pytest.mark.parametrize("blank", [0, 1, -1])
def test_score_by_enumeration(isa, rng, name, blank):
    x = emissions(rng, 5, 3).astype(name)
    expected = readings(x.astype(np.float64), blank % 3)
    labels = [c for c in range(3) if c != blank % 3]
    candidates = [list(c) for size in range(5) for c in itertools.product(labels, repeat=size)]
    order = rng.permutation(len(candidates))
    candidates = [candidates[k] for k in order]
    close(
        fl.ctc_score(x, candidates, blank=blank),
        [expected.get(tuple(c), 0.0) for c in candidates],
        1e-12 if name == "float64" else 1e-6,
    )


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("spread", [1.0, 60.0])
def test_score_is_minus_the_loss(isa, rng, name, spread):
    """Of lists that share much and of lists that share nothing; with scores beyond the type's range."""
    x = (rng.normal(size=(120, 12)) * spread).astype(name)
    base = rng.integers(1, 12, 30)
    near = np.tile(base, (150, 1))
    near[np.arange(150), rng.integers(0, 30, 150)] = rng.integers(1, 12, 150)
    ragged = [rng.integers(1, 12, size).tolist() for size in rng.integers(0, 40, 70)]
    for candidates in (near, ragged, [*near[:3], *near[:3], []], near[:1], [base[:n] for n in range(31)]):
        many = np.broadcast_to(x[:, None].astype(np.float64), (120, len(candidates), 12))
        expected = -fl.ctc_loss(many, list(candidates), reduction="none")
        found = fl.ctc_score(x, candidates)
        np.testing.assert_allclose(found, expected, rtol=1e-6 if name == "float32" else 1e-12)
        for threads in (1, 2, 7):
            np.testing.assert_array_equal(fl.ctc_score(x, candidates, num_threads=threads), found)


def test_score_of_what_is_hardly_there(isa, rng):
    x = rng.normal(size=(4, 3)).astype(np.float32)
    assert fl.ctc_score(x, []).shape == (0,)
    assert fl.ctc_score(x, np.zeros((0, 5), int)).shape == (0,)
    np.testing.assert_array_equal(fl.ctc_score(np.zeros((0, 3)), [[], [1]]), [0, -np.inf])
    assert fl.ctc_score(x, [[1, 1, 1]])[0] == -np.inf  # five frames are needed
    only_blank = fl.ctc_score(x[:, :1], [[]])
    assert only_blank[0] == pytest.approx(x[:, 0].sum(dtype=float), rel=1e-6)
    masked = x.copy()
    masked[:, 1] = -1e9
    assert fl.ctc_score(masked, [[1]])[0] == pytest.approx(-1e9, rel=1e-6)
    masked[:, 1] = -np.inf
    scores = fl.ctc_score(masked, [[1], [2]])
    assert scores[0] == -np.inf
    assert np.isfinite(scores[1])
    masked[2, 2] = np.nan
    assert np.isnan(fl.ctc_score(masked, [[2]])[0])


@pytest.mark.parametrize(
    ("candidates", "error", "text"),
    [
        ([[1], [2, 3]], ValueError, r"candidates\[1, 1\] is 3; expected a label 0..2 other than blank=0"),
        ([[1, 0]], ValueError, r"candidates\[0, 1\] is 0"),
        ([[1], [-2]], ValueError, r"candidates\[1, 0\] is -2"),
        ([[1.5]], TypeError, r"candidates\[0\] has dtype float64"),
        (np.zeros(3, int), ValueError, r"candidates has shape \(3,\)"),
        ([[[1]]], ValueError, r"candidates\[0\] has shape"),
    ],
)
def test_wrong_candidates(candidates, error, text):
    with pytest.raises(error, match=text):
        fl.ctc_score(np.zeros((4, 3)), candidates)


def test_wrong_emissions():
    for function, arguments in ((fl.ctc_score, ([[1]],)), (fl.ctc_prefix_score, ())):
        with pytest.raises(ValueError, match=r"log_probs has shape \(2, 3, 4\); expected \(T, C\)"):
            function(np.zeros((2, 3, 4)), *arguments)
        with pytest.raises(ValueError, match="blank is 4"):
            function(np.zeros((2, 4)), *arguments, blank=4)
        with pytest.raises(TypeError, match="log_probs has dtype complex128"):
            function(np.zeros((2, 4), complex), *arguments)


# ---- scores of prefixes ----


@pytest.mark.parametrize("name", ["float32", "float16", "int32"])
def test_prefixes_of_any_type(isa, rng, name):
    x = (rng.normal(size=(9, 4)) * 3 - 2).astype(name)
    narrow, wide = (
        fl.ctc_prefix_score(array).extend([0, 0], [1, 3]).extend([0, 1], 1) for array in (x, x.astype(float))
    )
    np.testing.assert_array_equal(narrow.scores, wide.scores)
    np.testing.assert_array_equal(narrow.complete, wide.complete)


@pytest.mark.parametrize("blank", [0, -1])
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_prefixes_by_enumeration(isa, rng, blank, frames):
    """Every prefix of up to four labels, grown a label at a time from all hypotheses at once."""
    x = emissions(rng, frames, 3)
    expected = readings(x, blank % 3)
    labels = [c for c in range(3) if c != blank % 3]
    state, prefixes = fl.ctc_prefix_score(x, blank=blank), [()]
    assert state.scores.tolist() == [0.0]
    for _ in range(4):
        close(state.complete, [expected.get(prefix, 0.0) for prefix in prefixes])
        pairs = [(h, c) for h in range(len(state)) for c in labels]
        prefixes = [(*prefixes[h], c) for h, c in pairs]
        state = state.extend([h for h, _ in pairs], [c for _, c in pairs])
        assert len(state) == len(prefixes)
        assert state.labels.tolist() == [prefix[-1] for prefix in prefixes]
        begins = [sum(p for reading, p in expected.items() if reading[: len(prefix)] == prefix) for prefix in prefixes]
        close(state.scores, begins)


def test_prefixes_of_a_long_recording(isa, rng):
    """Nothing underflows, and the complete score is that of the loss."""
    x = emissions(rng, 3000, 20, 4.0)
    state, labels = fl.ctc_prefix_score(x), rng.integers(1, 20, 60)
    before = state.scores[0]
    for label in labels:
        state = state.extend(0, int(label))
        assert state.scores[0] <= before + 1e-9
        before = state.scores[0]
    assert state.complete[0] == pytest.approx(fl.ctc_score(x, [labels])[0], rel=1e-12)


def test_prefix_states_are_never_changed(isa, rng):
    state = fl.ctc_prefix_score(emissions(rng, 20, 5))
    two = state.extend([0, 0], [1, 2])
    before = two.scores.copy(), two.complete.copy()
    swapped = two.select([1, 0])
    np.testing.assert_array_equal(swapped.scores, two.scores[::-1])
    np.testing.assert_array_equal(two.select([False, True]).labels, [2])
    longer = two.extend([0, 1, 1], [2, 2, 1])
    again = swapped.extend([1, 0, 0], [2, 2, 1])
    np.testing.assert_array_equal(longer.scores, again.scores)
    np.testing.assert_array_equal((two.scores, two.complete), before)
    many = state.extend(np.zeros(37, int), np.arange(37) % 4 + 1)
    for threads in (1, 2, 7):
        found = state.extend(np.zeros(37, int), np.arange(37) % 4 + 1, num_threads=threads)
        np.testing.assert_array_equal(found.scores, many.scores)
    assert len(state.extend([], [])) == 0
    assert "37 hypotheses" in repr(many)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: many.extend(np.arange(37), 2).scores, range(8)):
            np.testing.assert_array_equal(found, many.extend(np.arange(37), 2).scores)


@pytest.mark.parametrize(
    ("hypotheses", "labels", "error", "text"),
    [
        ([0, 2], [1, 1], ValueError, r"hypotheses\[1\] is 2; expected 0..0"),
        ([-1], [1], ValueError, r"hypotheses\[0\] is -1"),
        ([0], [3], ValueError, r"labels\[0\] is 3; expected a label 0..2 other than blank=0"),
        ([0], [0], ValueError, r"labels\[0\] is 0"),
        ([0, 0], [1, 2, 1], ValueError, r"hypotheses has shape \(2,\) and labels \(3,\)"),
        ([0.0], [1], TypeError, "hypotheses has dtype float64"),
    ],
)
def test_wrong_extensions(hypotheses, labels, error, text):
    with pytest.raises(error, match=text):
        fl.ctc_prefix_score(np.zeros((4, 3))).extend(hypotheses, labels)


def test_states_and_scores_do_not_share_the_callers_memory(rng):
    x, labels = np.asfortranarray(emissions(rng, 12, 4)), np.array([1, 2, 3])
    start = fl.ctc_prefix_score(x)
    state = start.extend(0, labels)
    before = state.extend([0, 1, 2], [1, 2, 3]).scores
    x[:] = -5
    labels[:] = [3, 1, 2]
    np.testing.assert_array_equal(state.labels, [1, 2, 3])
    np.testing.assert_array_equal(state.extend([0, 1, 2], [1, 2, 3]).scores, before)
    np.testing.assert_array_equal(start.extend(0, [1, 2, 3]).scores, state.scores)


def test_masks_of_hypotheses(rng):
    state = fl.ctc_prefix_score(emissions(rng, 12, 4)).extend(0, [1, 2, 3])
    with pytest.raises(ValueError, match=r"hypotheses has shape \(2,\)"):
        state.select([True, False])
    with pytest.raises(TypeError, match="hypotheses has dtype bool"):
        state.extend([True, False, True], 1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_wrong_score_is_of_those_that_use_it(isa, rng, wrong):
    """Of a candidate or a prefix with its class, whatever else is asked in the same call, and of all that follow."""
    x = emissions(rng, 12, 4)
    x[3, 2] = wrong
    scores = fl.ctc_score(x, [[1], [2], [3], []])
    assert np.isnan(scores).tolist() == [False, True, False, False]
    assert scores[0] == pytest.approx(-fl.ctc_loss(x, [1]), rel=1e-12)
    state = fl.ctc_prefix_score(x).extend(0, [1, 2]).extend([0, 1], 3).select([1, 0])
    assert np.isnan(state.scores).tolist() == [True, False]
    assert np.isnan(state.complete).tolist() == [True, False]
    x[3] = -np.inf
    x[5, 1] = wrong
    assert np.isnan(fl.ctc_score(x, [[1]])[0])
    x[3, 0] = wrong
    assert np.isnan(fl.ctc_prefix_score(x).complete[0])
    assert np.isnan(fl.ctc_prefix_score(x).extend(0, 1).scores[0])


def test_one_long_candidate_costs_no_more_than_itself(rng):
    x = emissions(rng, 20, 64)
    candidates = [*rng.integers(1, 64, (3000, 3)), rng.integers(1, 64, 20_000)]
    tracemalloc.start()
    scores = fl.ctc_score(x, candidates)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20
    assert scores[-1] == -np.inf
    assert np.isfinite(scores[:-1]).all()


def test_prefixes_of_nothing_and_of_nan(isa):
    state = fl.ctc_prefix_score(np.zeros((0, 3)))
    assert state.complete[0] == 0
    assert state.extend(0, 1).scores[0] == -np.inf
    x = np.zeros((3, 3))
    x[1, 2] = np.nan
    state = fl.ctc_prefix_score(x).extend([0, 0], [1, 2])
    assert np.isnan(state.scores).tolist() == [False, True]
