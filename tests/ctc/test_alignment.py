"""ctc_align: all paths enumerated, a dynamic programme in float64, ties, forms of the arguments, hours of frames."""

import itertools
import sys

import numpy as np
import pytest
import reference_ctc
from alignments import assert_best, bits, fields, ragged, reading, sample, states_of
from scripts import run_script
from tolerance import DTYPES, draw

import fastloss as fl
from fastloss import _kernels

# Many scores here are random numbers, of which the functions warn (test_unexpected_scores.py); what a path or a text of
# them scores is defined all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*log_probs are not normalised:UserWarning")


def test_every_path_enumerated(isa, rng):
    """The best of all paths; among equals, read from the end, the one that stays longest, then the nearest."""
    for case in range(150):
        frames, classes, size = rng.integers(0, 7), rng.integers(1, 4), rng.integers(0, 4)
        blank = int(rng.integers(0, classes))
        target = rng.choice([c for c in range(classes) if c != blank] or [0], size if classes > 1 else 0).tolist()
        scores = rng.integers(-3, 1, (frames, classes)) / 4 if case % 2 else rng.normal(size=(frames, classes))
        paths = [p for p in itertools.product(range(classes), repeat=frames) if reading(p, blank) == target]
        found = fl.ctc_align(scores, target, blank=blank, infeasible="inf")
        assert_best(found, scores, target, blank)
        if not paths:
            assert found.score == -np.inf
            continue
        sums = np.array([scores[np.arange(frames), list(path)].sum() for path in paths])
        assert found.score == pytest.approx(sums.max(), rel=1e-14, abs=1e-15)
        if case % 2:  # quarters are added exactly
            equal = [states_of(paths[n], blank) for n in np.flatnonzero(sums == sums.max())]
            chosen = max(equal, key=lambda states: (states[-1:] == [2 * len(target) - 1], states[::-1]))
            assert states_of(found.path.tolist(), blank) == chosen


SIZES = [(10, 6, 5, 50, 60), (10, 4, 1, 9, 2), (70, 33, 4, 12, 30), (300, 130, 30, 4, 8)]


@pytest.mark.parametrize(("frames", "longest", "classes", "batch", "rounds"), SIZES)
def test_thousands_of_random_cases(isa, rng, frames, longest, classes, batch, rounds):
    for number in range(rounds):
        scores, targets, lengths, blank = ragged(rng, frames, longest, classes, batch, number % 2)
        found = fl.ctc_align(scores, targets, lengths, blank=blank, infeasible="inf")
        assert found.path.shape == (batch, frames)
        assert found.starts.shape == found.ends.shape == found.token_scores.shape == (batch, max(map(len, targets)))
        for n, target in enumerate(targets):
            assert_best(sample(found, n), scores[: lengths[n], n], target, blank)


@pytest.mark.parametrize("name", [*DTYPES, "int8", "uint16", "int64", "bool"])
def test_every_dtype(isa, rng, name):
    scores, exact = draw(rng, (40, 3, 7), name)
    targets = rng.integers(1, 7, (3, 9))
    found = fl.ctc_align(scores, targets)
    assert [field.dtype for field in fields(found)] == [np.int64, np.float64, np.int64, np.int64, np.float64]
    for n, target in enumerate(targets):
        assert_best(sample(found, n), exact[:, n], target)
    assert bits(fl.ctc_align(exact, targets)) == bits(found)


@pytest.mark.parametrize("before", [0, 1, 7, 15, 16, 17, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_where_the_other_two_predecessors_tie(isa, before, dtype):
    """Blank and previous label are equal and beat the stay: four nats are lost by who stays."""
    scores = np.full((before + 3, before + 3), -9.0)
    scores[np.arange(before), np.arange(before) + 3] = 0
    a, b = 1, 2
    scores[before, a] = scores[before + 2, b] = 0
    scores[before + 1, [0, a]] = -1
    scores[before + 1, b] = -5
    target = [*range(3, before + 3), a, b]
    found = fl.ctc_align(scores.astype(dtype), target)
    assert found.score == -1
    assert found.path.tolist() == [*target[:-1], 0, b]
    assert_best(found, scores, target)


def test_all_equal(isa):
    """Nothing but ties: the last label for as long as it can be, the others as late as they can be."""
    for frames in (5, 16, 17, 300):
        found = fl.ctc_align(np.zeros((frames, 4)), [1, 1, 2, 3])
        assert found.ends.tolist() == [1, 3, 4, frames]
        assert found.path[:5].tolist() == [1, 0, 1, 2, 3]
        assert found.score == 0
        assert fl.ctc_align(np.zeros((frames, 4)), []).path.tolist() == [0] * frames


def test_as_many_frames_as_labels(isa, rng):
    for size in (1, 7, 8, 9, 64, 500):
        scores, target = rng.normal(size=(size, size + 1)), rng.permutation(size) + 1
        found = fl.ctc_align(scores, target)
        assert found.path.tolist() == target.tolist()
        assert found.starts.tolist() == list(range(size))
        assert_best(found, scores, target)


def test_nothing_there(isa):
    none = fl.ctc_align(np.zeros((5, 0, 3)), [])
    assert [field.shape for field in fields(none)] == [(0, 5), (0,), (0, 0), (0, 0), (0, 0)]
    found = fl.ctc_align(np.zeros((0, 2, 3)), [[1], []], infeasible="inf")
    assert found.score.tolist() == [-np.inf, 0]
    assert [field.shape for field in fields(found)] == [(2, 0), (2,), (2, 1), (2, 1), (2, 1)]
    assert fl.ctc_align(np.zeros((0, 3)), []).score == 0
    found = fl.ctc_align(np.full((4, 2, 1), -1.5), [[], []], [4, 0])  # no class but the blank
    assert found.score.tolist() == [-6, 0]
    assert found.path.tolist() == [[0] * 4, [-1] * 4]


def test_forms_of_the_arguments(isa, rng):
    scores = rng.normal(size=(14, 4, 5))
    targets, lengths, sizes = np.array([[1, 2, 3], [4, 4, 0], [2, 0, 0], [0, 0, 0]]), [14, 9, 5, 3], [3, 2, 1, 0]
    expected = fl.ctc_align(scores, targets, lengths, sizes)
    wide = np.full((4, 9), -77)  # what lies in the padding is never read as a label
    wide[np.arange(9) < np.array(sizes)[:, None]] = [1, 2, 3, 4, 4, 2]
    forms = [([1, 2, 3, 4, 4, 2], sizes), (np.array([1, 2, 3, 4, 4, 2], np.uint8), np.array(sizes, np.int16))]
    forms += [([[1, 2, 3], np.array([4, 4], np.uint16), (2,), []], None), (wide, tuple(sizes)), (wide.tolist(), sizes)]
    for form, numbers in forms:
        assert bits(fl.ctc_align(scores, form, np.array(lengths, np.uint8), numbers)) == bits(expected)
    assert bits(fl.ctc_align(scores.swapaxes(0, 1), targets, lengths, sizes, batch_first=True)) == bits(expected)
    assert bits(fl.ctc_align(scores.tolist(), targets, lengths, sizes)) == bits(expected)
    for n, (frames, size) in enumerate(zip(lengths, sizes, strict=True)):
        for batch_first in (False, True):
            one = fl.ctc_align(scores[:, n], wide[n], frames, size, batch_first=batch_first)
            assert [np.shape(field) for field in fields(one)] == [(14,), (), (size,), (size,), (size,)]
            assert_best(one, scores[:frames, n], wide[n, :size])
        assert fl.ctc_align(scores[:frames, n], wide[n, :size]).score == expected.score[n]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int16"])
def test_layouts_of_the_scores(isa, rng, tmp_path, dtype):
    scores = np.round(rng.normal(size=(40, 3, 5)) * 3).astype(dtype)
    targets = rng.integers(1, 5, (3, 7))
    expected = bits(fl.ctc_align(scores, targets))
    wide = np.zeros((80, 6, 15), dtype)
    wide[::2, ::2, ::3] = scores
    mapped = np.memmap(tmp_path / "x", dtype, "w+", shape=scores.shape)
    mapped[:] = scores
    mapped.flush()
    layouts = [np.asfortranarray(scores), wide[::2, ::2, ::3], scores[::-1, :, ::-1].copy()[::-1, :, ::-1]]
    layouts += [mapped, np.memmap(tmp_path / "x", dtype, "r", shape=scores.shape)]
    layouts += [scores.astype(scores.dtype.newbyteorder())]
    layouts += [np.frombuffer(b"." + scores.tobytes(), dtype, offset=1).reshape(scores.shape)]  # not aligned, read-only
    for layout in layouts:
        before = layout.tobytes()
        assert bits(fl.ctc_align(layout, targets)) == expected
        assert layout.tobytes() == before
    flat = np.broadcast_to(scores[:1, :1], scores.shape)
    assert bits(fl.ctc_align(flat, targets)) == bits(fl.ctc_align(flat.copy(), targets))


def test_inputs_are_only_read(isa, rng):
    arrays = [rng.normal(size=(9, 2, 4)), np.array([[1, 3], [2, 2]]), np.array([9, 8]), np.array([2, 2])]
    before = [array.tobytes() for array in arrays]
    expected = bits(fl.ctc_align(*arrays))
    for array in arrays:
        array.flags.writeable = False
    fl.ctc_align(*arrays, star=3, star_cost=9.0)
    assert bits(fl.ctc_align(*arrays)) == expected
    assert [array.tobytes() for array in arrays] == before


def test_long_sequence_is_optimal(rng):
    """T = 30,000 with 400 labels: optimal, with the same bits on every instruction set."""
    scores = fl.log_softmax(rng.normal(size=(30_000, 32)).astype(np.float32) * 2)
    target = rng.integers(1, 32, 400)
    best = reference_ctc.ctc_viterbi(scores, target)
    for name in _kernels.supported():
        with _kernels.use(name):
            assert_best(fl.ctc_align(scores, target), scores, target, best=best)


def known_path(rng, frames, size, classes, worse):
    """(targets, path, scores): the path has 0 in every frame, all other classes `worse`: no other path is as good."""
    target = rng.integers(1, classes, size)
    cuts = np.sort(rng.choice(np.arange(1, frames // 2), 2 * size, replace=False)) * 2
    states = np.searchsorted(cuts, np.arange(frames), side="right")
    spelled = np.zeros(2 * size + 1, np.int64)
    spelled[1::2] = target
    scores = np.full((frames, classes), worse, np.float32)
    scores[np.arange(frames), spelled[states]] = 0
    return target, spelled[states], cuts, scores


def test_hours_of_frames_lose_nothing(isa, rng):
    """400,000 frames near -10: a float32 sum has steps of a quarter there, and the paths differ by 2**-17 a frame."""
    target, path, cuts, scores = known_path(rng, 400_000, 3000, 5, -(2.0**-17))
    scores += np.round(rng.uniform(-11, -9, (len(scores), 1)) * 2**10) / 2**10  # exact in float32
    found = fl.ctc_align(scores, target)
    np.testing.assert_array_equal(found.path, path)
    np.testing.assert_array_equal(found.starts, cuts[::2])
    np.testing.assert_array_equal(found.ends, cuts[1::2])
    assert found.score == scores.max(axis=1).astype(np.float64).sum()
    assert np.spacing(np.float32(found.score)) == -0.25


def available_memory():
    try:
        with open("/proc/meminfo") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable:"))
    except OSError:
        return 2**64


@pytest.mark.skipif(available_memory() < 4 << 30, reason="less than 4 GB of memory available")
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_more_cells_than_32_bits_count(rng, dtype):
    target, path, cuts, scores = known_path(rng, 300_000, 4000, 6, -1)
    assert len(scores) * (2 * len(target) + 1) > 2**31
    found = fl.ctc_align(scores.astype(dtype), target)
    assert found.score == 0
    np.testing.assert_array_equal(found.path, path)
    np.testing.assert_array_equal(found.starts, cuts[::2])
    np.testing.assert_array_equal(found.ends, cuts[1::2])
    assert not found.token_scores.any()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read where Linux has it")
def test_memory_far_below_two_bits_a_cell():
    run_script(
        """
        frames, size = 20_000, 2000
        scores = np.zeros((frames, 1, 8), np.float32)
        targets = np.arange(size)[None] % 7 + 1
        fl.ctc_align(scores[:50], targets[:, :5], num_threads=1)
        before = peak()
        found = fl.ctc_align(scores, targets, num_threads=1)
        growth = peak() - before
        assert growth < 16 * frames**0.5 * (2 * size + 1) + (1 << 20), growth
        assert growth < frames * (2 * size + 1) / 8, growth  # of 1 bit a cell
        assert growth > 1 << 20, f"the measure has no teeth: {growth}"
        assert found.ends[0, -1] == frames
        """
    )


def test_star_matches_anything(isa, rng):
    """One column more, of the star's cost: that is all a star is, as a class of the scores or beyond them."""
    for star, cost in itertools.product((2, 7, 2**31 - 1, 2**40), (0.0, 0.75, 30.0)):
        for size in (1, 3, 12):
            scores, target = rng.normal(size=(40, 5)), rng.choice([1, 3, 4, star], size)
            found = fl.ctc_align(scores, target, star=star, star_cost=cost)
            assert_best(found, scores, target, star=star, star_cost=cost)
            columns = np.hstack([scores, np.full((40, 1), -cost)])
            same = fl.ctc_align(columns, np.where(target == star, 5, target))
            assert same.score == found.score
            np.testing.assert_array_equal(np.where(same.path == 5, star, same.path), found.path)
    scores, targets = rng.normal(size=(20, 3, 5)).astype(np.float16), [[1, 5, 2], [5], [3, 4]]
    found = fl.ctc_align(scores, targets, star=5, star_cost=1.25)
    for n, target in enumerate(targets):
        assert_best(sample(found, n), scores[:, n], target, star=5, star_cost=1.25)


def test_star_takes_what_the_transcript_leaves_out(isa):
    said = [1, 1, 0, 2, 3, 3, 4, 0, 1]
    scores = np.log(np.full((9, 5), 0.02))
    scores[np.arange(9), said] = np.log(0.92)
    found = fl.ctc_align(scores, [1, 9, 1], star=9, star_cost=0.5)
    assert found.path.tolist() == [1, 1, 0, 9, 9, 9, 9, 0, 1]
    assert found.token_scores[1] == -0.5
    assert fl.ctc_align(scores, [9], star=9).path.tolist() == [9] * 9
    assert fl.ctc_align(scores, [9], star=9).score == 0
    scores[:, 4] = np.nan  # the star's class, and what is no class of the target, are not read
    assert fl.ctc_align(scores, [1, 4, 1], star=4, star_cost=0.5).score == found.score
    with pytest.raises(ValueError, match="needs 3 frames, there are 2"):
        fl.ctc_align(scores[:2], [9, 9], star=9)
