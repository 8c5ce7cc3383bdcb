"""How the arguments of CTC are read: every form that targets and lengths may have, what comes first of several errors,
and what the texts say where another form was meant."""

import sys

import numpy as np
import pytest
import reference
import reference_ctc
from errors import FRAMES, TARGETS, refused
from scripts import run_script

import fastloss as fl

ROWS = [[1, 2, 3], [4, 4], [2], []]
FRAME_COUNTS = [14, 9, 5, 3]
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4", "<u8", ">i8")
FUNCTIONS = [fl.ctc_loss, fl.ctc_loss_with_logits.grad, fl.ctc_align, fl.ctc_posteriors]
each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: getattr(f, "__qualname__", f.__name__))


@pytest.fixture
def scores(rng):
    return reference.log_softmax(rng.normal(size=(14, 4, 5)))


def padded(dtype="int64", width=4, fill=77):
    """(N, S), with what is no label behind the targets."""
    array = np.full((4, width), fill, dtype)
    for n, row in enumerate(ROWS):
        array[n, : len(row)] = row
    return array


def column(rows):
    """As a table's column of lists is: an array of objects."""
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


class Series:
    """What pandas hands over: no array, but it makes one."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def losses(scores, rows=ROWS, frames=FRAME_COUNTS):
    return [reference_ctc.ctc_loss(scores[:t, n], row)[0] for n, (row, t) in enumerate(zip(rows, frames, strict=True))]


def assert_read(scores, targets, target_lengths=None, input_lengths=FRAME_COUNTS):
    """As ROWS and FRAME_COUNTS, by each function: losses, posteriors, paths."""
    found = fl.ctc_loss(scores, targets, input_lengths, target_lengths, reduction="none")
    np.testing.assert_allclose(found, losses(scores), rtol=1e-12)
    aligned = fl.ctc_align(scores, targets, input_lengths, target_lengths)
    assert [(row >= 0).sum() for row in aligned.starts] == [len(row) for row in ROWS]
    assert [(row >= 0).sum() for row in aligned.path] == FRAME_COUNTS
    states = fl.ctc_posteriors(scores, targets, input_lengths, target_lengths)
    np.testing.assert_allclose(states.sum(axis=2), np.arange(14)[:, None] < FRAME_COUNTS, atol=1e-12)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_of_every_type(scores, dtype):
    counts, flat = np.array([3, 2, 1, 0]), np.concatenate(ROWS)
    assert_read(scores, padded(dtype), counts.astype(dtype), np.array(FRAME_COUNTS, dtype))
    assert_read(scores, flat.astype(dtype), counts.astype(dtype)[::-1][::-1])
    assert_read(scores, [np.array(row, dtype) for row in ROWS], input_lengths=np.repeat(FRAME_COUNTS, 2)[::2])


@pytest.mark.parametrize(
    "targets",
    [
        ROWS,
        tuple(map(tuple, ROWS)),
        [np.array(row) for row in ROWS],
        [[np.int64(label) for label in row] for row in ROWS],
        [np.repeat(row, 3)[::3] for row in ROWS],
        [[1, np.uint8(2), 3], (4, 4), range(2, 3), np.zeros(0)],
        column(ROWS),
        column([np.array(row) for row in ROWS]),
        column(ROWS * 2)[:4],
        Series(column(ROWS)),
    ],
    ids=["lists", "tuples", "arrays", "numpy's integers", "strided", "mixed", "column", "of arrays", "part", "series"],
)
def test_lists_of_sequences(scores, targets):
    assert_read(scores, targets)
    assert_read(scores, targets, [3, 2, 1, 0])
    assert_read(scores, targets, np.array([3, 2, 1, 0], np.uint64))


@pytest.mark.parametrize("form", [list, np.array, column, lambda rows: [np.array(row) for row in rows]])
def test_what_lies_beyond_a_length_is_no_label(scores, form):
    longer = [[*row, *[99] * (4 - len(row))] for row in ROWS]
    assert_read(scores, form(longer), (3, 2, 1, 0))


def test_column_of_candidates_and_of_a_single_transcript(scores):
    expected = [-reference_ctc.ctc_loss(scores[:, 0], row)[0] for row in ROWS]
    np.testing.assert_allclose(fl.ctc_score(scores[:, 0], column(ROWS)), expected, rtol=1e-12)
    assert fl.ctc_loss(scores[:, 0], column([[1, 2]]), reduction="sum") == pytest.approx(
        -fl.ctc_score(scores[:, 0], [[1, 2]])[0], rel=1e-12
    )


@pytest.mark.parametrize("one", [np.array([[1, 2, 4]]), [[1, 2, 4]], ((1, 2, 4),), [np.array([1, 2, 4], np.uint8)]])
def test_one_sequence_in_a_batch_of_one(scores, one):
    """(1, S) for (T, C), where lengths apply as they do to (S,)."""
    x = scores[:, 0]
    for length, frames in ((3, 14), (2, 9), (0, 5)):
        expected = reference_ctc.ctc_loss(x[:frames], [1, 2, 4][:length])[0]
        for lengths in ((frames, length), ([frames], [length]), (np.array(frames), np.array([length], np.int8))):
            assert fl.ctc_loss(x, one, *lengths, reduction="sum") == pytest.approx(expected, rel=1e-12)
            found = fl.ctc_align(x, one, *lengths)
            assert found.starts.shape == (length,)
            assert (found.path >= 0).sum() == frames
    assert fl.ctc_posteriors(x, one).shape == (14, 7)
    refused(ValueError, ["target_lengths[0] is 4", "0..3"], lambda: fl.ctc_loss(x, one, None, 4))
    two = np.concatenate([np.atleast_2d(one)] * 2)
    refused(ValueError, ["targets has shape (2, 3)"], lambda: fl.ctc_loss(x, two))
    refused(ValueError, ["targets has shape (2, 3)"], lambda: fl.ctc_loss(x, two.tolist()))


def test_batch_of_one_without_labels(scores):
    for nothing in ([], [[]], np.zeros((1, 0)), np.zeros(0), [np.zeros(0)]):
        found = fl.ctc_loss(scores[:, 0], nothing, reduction="sum")
        assert found == pytest.approx(-scores[:, 0, 0].sum(), rel=1e-12)


@pytest.mark.parametrize("rows", [ROWS, column(ROWS), padded()], ids=["list", "column", "padded"])
def test_sequences_that_do_not_count_are_not_looked_at(scores, rows):
    """Whatever their lengths and labels are."""
    expected = losses(scores)
    frames, counts = np.array(FRAME_COUNTS), np.array([3, 2, 1, 0])
    frames[1], counts[1] = 99, -5
    rows = [[9, 9], *rows[1:]] if isinstance(rows, list) else rows.copy()
    rows[1] = [0] * len(rows[1])
    rows = [[1, 2, 3], *rows[1:]] if isinstance(rows, list) else rows
    for options in ({"sample_weight": [1, 0, 1, 1]}, {"where": [True, False, True, True]}):
        found = fl.ctc_loss(scores, rows, frames, counts, reduction="none", **options)
        np.testing.assert_allclose(found, [expected[0], 0, *expected[2:]], rtol=1e-12)


# ---- errors ----

WRONG = {  # in the order in which they are looked at, with what the text begins with
    "log_probs": (np.zeros((6, 2, 5), complex), "log_probs has dtype"),
    "batch_first": ("no", "batch_first must be"),
    "reduction": ("most", "reduction must be"),
    "sample_weight": (np.ones(3), "sample_weight has shape"),
    "where": (np.ones(3, bool), "where has shape"),
    "infeasible": ("never", "infeasible must be"),
    "blank": (7, "blank is 7"),
    "input_lengths": ([7, 7], "input_lengths[0] is 7"),
    "targets": ([[1], [1.5]], "targets[1] has dtype float64"),
    "target_lengths": ([9, 9], "target_lengths[0] is 9"),
    "out": (np.zeros(3), "out has shape"),
    "num_threads": (0, "num_threads must be"),
}


def test_the_first_of_several_errors_is_raised():
    right = {"log_probs": FRAMES, "targets": [[1, 2], [3]], "blank": 0}
    for first, (_, text) in enumerate(WRONG.values()):
        later = {name: value for name, (value, _) in list(WRONG.items())[first:]}
        with pytest.raises((TypeError, ValueError)) as caught:
            fl.ctc_loss.grad(**{**right, **later})
        assert str(caught.value).startswith(text)


@each_function
def test_of_a_list_the_types_come_first(function):
    refused(TypeError, ["targets[2] has dtype float64"], lambda: function(FRAMES, [[[1]], [9], [0.5]]))
    refused(ValueError, ["targets[0] has shape (1, 1)"], lambda: function(FRAMES, [[[1]], [9], [1]]))
    refused(ValueError, ["targets is a list of 3", "a batch of 2"], lambda: function(FRAMES, [[1], [9], [1]]))


@each_function
def test_text_in_the_place_of_labels(function):
    remedy = "fl.CTCAlphabet(...).encode(text)"
    refused(TypeError, ["targets is a str", remedy], lambda: function(FRAMES, "to be"))
    refused(
        TypeError, ["targets has dtype <U5; labels must be integers", remedy], lambda: function(FRAMES, ["to be", "or"])
    )
    refused(TypeError, ["targets[0] has dtype <U1", remedy], lambda: function(FRAMES, [["t", "o"], [1]]))
    refused(TypeError, ["targets[1] is a str", remedy], lambda: function(FRAMES, [[1], "or"]))
    refused(TypeError, ["targets is a str", remedy], lambda: function(FRAMES[:, 0], "to be"))


def test_text_in_the_place_of_candidates():
    remedy = "fl.CTCAlphabet(...).encode(text)"
    refused(TypeError, ["candidates is a str", remedy], lambda: fl.ctc_score(FRAMES[:, 0], "to be"))
    refused(TypeError, ["candidates has dtype <U5", remedy], lambda: fl.ctc_score(FRAMES[:, 0], ["to be", "or"]))


@each_function
def test_the_batch_axis_is_the_first(function):
    """Targets and lengths fit the first axis, and not the second."""
    remedy = "with batch_first=True, {} of shape (2, 6, 5) is (N, T, C), a batch of 2"
    name = "logits" if "logits" in getattr(function, "__qualname__", "") else "log_probs"
    tokens, x = [remedy.format(name)], FRAMES.swapaxes(0, 1)
    for targets in (TARGETS, TARGETS.tolist(), column([[1], [2, 3]])):
        refused(ValueError, ["targets", "a batch of 6", *tokens], lambda targets=targets: function(x, targets))
    refused(ValueError, ["input_lengths has shape (2,)", *tokens], lambda: function(x, TARGETS, [6, 5]))
    refused(ValueError, ["target_lengths has shape (2,)", *tokens], lambda: function(x, [1, 2, 3], None, [2, 1]))
    one = FRAMES.swapaxes(0, 1)[:1]
    refused(ValueError, ["target_lengths is missing", "(1, 6, 5) is (N, T, C)"], lambda: function(one, [1, 2]))
    text = f"without batch_first, {name} of shape (6, 2, 5) is (T, N, C), a batch of 2"
    refused(ValueError, ["a batch of 6", text], lambda: function(FRAMES, TARGETS, batch_first=True))


@each_function
def test_what_fits_no_axis_is_not_explained_by_one(function):
    for x in (FRAMES, FRAMES.swapaxes(0, 1)):
        with pytest.raises(ValueError, match=rf"targets is a list of 3 sequences; \w+ has a batch of {x.shape[1]}$"):
            function(x, [[1], [2], [3]])


def test_one_recording_of_a_batch():
    recording = FRAMES[:, :1]
    for function in (lambda x: fl.ctc_score(x, [[1]]), fl.ctc_prefix_score):
        refused(ValueError, ["(1, 6, 5); expected (T, C), one recording; take log_probs[0]"],
                lambda function=function: function(recording.swapaxes(0, 1)))  # fmt: skip
        refused(ValueError, ["(6, 1, 5); expected (T, C), one recording; take log_probs[:, 0]"],
                lambda function=function: function(recording))  # fmt: skip
        with pytest.raises(ValueError, match=r"one recording$"):
            function(FRAMES)


def test_labels_beyond_64_bits(scores):
    beyond = np.array([1, 2**64 - 2], np.uint64)
    refused(ValueError, ["targets[1] is", 2**64 - 2], lambda: fl.ctc_loss(scores[:, 0], beyond))
    refused(ValueError, ["targets[0] is", 2**64 - 2], lambda: fl.ctc_loss(scores[:, 0], [2**64 - 2]))
    assert fl.ctc_loss(scores[:, 0], beyond, None, 1) == fl.ctc_loss(scores[:, 0], [1])
    refused(TypeError, ["targets[0]", "integers"], lambda: fl.ctc_loss(scores, [[2**70], [], [], []]))
    lengths = np.array([3, 2, 1, 2**64 - 1], np.uint64)
    refused(ValueError, ["target_lengths[3]", 2**64 - 1], lambda: fl.ctc_loss(scores, ROWS, None, lengths))


# ---- candidates as a tree, hypotheses ----


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 200])
def test_candidates_in_any_order(scores, rng, count):
    """Of few labels, so that many share their beginnings, are alike, or are the beginning of another."""
    x = scores[:, 1]
    candidates = [rng.integers(1, 4, rng.integers(0, 6)).tolist() for _ in range(count)]
    expected = [-reference_ctc.ctc_loss(x, candidate)[0] for candidate in candidates]
    np.testing.assert_allclose(fl.ctc_score(x, candidates), expected, rtol=1e-12)


def test_a_class_of_nan_spoils_its_own_candidates_alone(scores, rng):
    x = np.array(scores[:, 1])
    x[3, 4] = np.nan
    candidates = [rng.integers(1, 5, rng.integers(0, 6)).tolist() for _ in range(150)]
    expected = [np.nan if 4 in c else -reference_ctc.ctc_loss(x, c)[0] for c in candidates]
    np.testing.assert_allclose(fl.ctc_score(x, candidates), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_extensions_of_every_type(scores, dtype):
    start = fl.ctc_prefix_score(scores[:, 0])
    state = start.extend(0, np.array([1, 2, 3], dtype))
    assert state.labels.tolist() == [1, 2, 3]
    chosen = np.array([2, 9, 0], dtype)[::2]
    for labels in (np.array([4, 9, 1], dtype)[::2], [4, 1], (np.int8(4), 1)):
        found = state.extend(chosen, labels)
        expected = [-reference_ctc.ctc_loss(scores[:, 0], target)[0] for target in ([3, 4], [1, 1])]
        np.testing.assert_allclose(found.complete, expected, rtol=1e-10)
    assert state.extend(chosen, 4).labels.tolist() == [4, 4]
    assert state.extend(1, [4, 3]).labels.tolist() == [4, 3]
    assert len(state.extend([], 1)) == len(state.extend(0, [])) == 0
    assert state.select(chosen).labels.tolist() == [3, 1]


# ---- memory ----


@each_function
def test_references_are_given_back(function):
    """A leak of one a call would show; of calls that end in an error too."""
    given = [FRAMES - 2, TARGETS.copy(), np.array([6, 6]), np.array([2, 1]), [[1, 2], [3]], [[1, 2], [9]]]
    x, targets, frames, counts, rows, wrong = given
    before = [sys.getrefcount(value) for value in given]
    for _ in range(100):
        function(x, targets, frames, counts)
        function(x, rows, frames)
        with pytest.raises(ValueError, match="targets"):
            function(x, wrong, frames)
        fl.ctc_score(x[:, 0], rows)
    assert [sys.getrefcount(value) for value in given] == before


def test_memory_is_steady():
    """Labels lie in memory that Python does not count: in a process of its own, whose size would grow by gigabytes."""
    run_script("""
        import resource
        rng = np.random.default_rng(1)
        x, rows = np.zeros((200_001, 1, 2), np.float32), [[1] * 100_000]
        wrong = [[1] * 100_000 + [5]]
        scores = np.zeros((4, 3))
        def calls():
            fl.ctc_loss(x[:10], rows)
            fl.ctc_score(scores, rows)
            fl.ctc_score(scores, np.ones((1, 100_000), int))
            try:
                fl.ctc_loss(x, wrong)
            except ValueError:
                return
            raise AssertionError
        calls()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(200):
            calls()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 100_000, grown  # KiB; 200 calls with 3 MB each would be 600 MB
    """)
