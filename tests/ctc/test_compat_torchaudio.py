"""The face of torchaudio's forced alignment: its algorithm in plain Python, its arguments, types and results."""

import doctest
import itertools
import subprocess
import sys

import numpy as np
import pytest

import fastloss as fl
from fastloss.compat import torchaudio as compat

# Many scores here are random numbers, of which the functions warn (test_unexpected_scores.py); what a path or a text of
# them scores is defined all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*log_probs are not normalised:UserWarning")

INF = float("inf")
LOG_PROBS = np.log([[[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]])
AB = np.array([[1, 2]])


def stays_on_a_tie(stay, one, two):
    """How many states a frame comes from, by torchaudio's rule: a move has to be better than both others."""
    if two > one and two > stay:
        return 2
    return 1 if one > stay and one > two else 0


def best(stay, one, two):
    """The same by the scores alone; ties prefer to stay, then the nearer state."""
    return -max((stay, 0), (one, -1), (two, -2))[1]


def viterbi(log_probs, target, blank, rule=best):
    """The path of one target, with back-pointers, state by state; and its score. Sums in the order of the frames."""
    states = [blank]
    for label in target:
        states += [label, blank]
    scores = [log_probs[0][state] if s < 2 else -INF for s, state in enumerate(states)]
    moves = []
    for row in log_probs[1:]:
        moves.append([])
        old, scores = scores, []
        for s, state in enumerate(states):
            one = old[s - 1] if s >= 1 else -INF
            two = old[s - 2] if s >= 2 and state not in (blank, states[s - 2]) else -INF
            moves[-1].append(rule(old[s], one, two))
            scores.append(old[s - moves[-1][-1]] + row[state])
    s = len(states) - 1
    if s and scores[s - 1] >= scores[s]:
        s -= 1
    score, path = scores[s], [states[s]]
    for move in reversed(moves):
        s -= move[s]
        path.append(states[s])
    return path[::-1], score


def labels(rng, length, classes, blank):
    return rng.choice([label for label in range(classes) if label != blank], length)


def frames_needed(target):
    return len(target) + sum(a == b for a, b in itertools.pairwise(target))


def total(log_probs, path):
    return sum(row[label] for row, label in zip(log_probs, path, strict=True))


def collapse(path, blank):
    return [label for label, _ in itertools.groupby(path) if label != blank]


CASES = [(1, 1, 2), (5, 2, 3), (8, 5, 4), (9, 0, 3), (33, 9, 3), (70, 25, 5), (150, 20, 12)]


@pytest.mark.parametrize("blank", [0, 1])
@pytest.mark.parametrize(("frames", "length", "classes"), CASES)
def test_against_the_algorithm(rng, frames, length, classes, blank):
    """Random scores, scores of few values (ties everywhere), scores with -inf."""
    checked = 0
    for round in range(30):
        x = rng.normal(size=(1, frames, classes)) - 2
        if round % 3 == 1:
            x = rng.integers(-3, 0, x.shape).astype(float)
        if round % 3 == 2:
            x[rng.random(x.shape) < 0.1] = -INF
        target = labels(rng, length, classes, blank)
        if frames_needed(target) > frames:
            continue
        path, score = viterbi(x[0].tolist(), target.tolist(), blank)
        if score == -INF:
            with pytest.raises(ValueError, match="probability 0"):
                compat.forced_align(x, target[None], blank=blank)
            continue
        paths, scores = compat.forced_align(x, target[None], blank=blank)
        assert paths.tolist() == [path]
        assert scores.tolist() == [[row[label] for row, label in zip(x[0].tolist(), path, strict=True)]]
        checked += 1
    assert checked >= 5


def test_best_of_all_paths(rng):
    for _ in range(20):
        x = rng.integers(-4, 0, (1, 6, 3)).astype(float)
        target = labels(rng, 3, 3, 0)
        paths, scores = compat.forced_align(x, target[None])
        every = [p for p in itertools.product(range(3), repeat=6) if collapse(p, 0) == target.tolist()]
        assert tuple(paths[0].tolist()) in every
        assert scores.sum() == max(total(x[0], path) for path in every)


def test_the_rule_of_torchaudio(rng):
    """Its paths where nothing ties; never a better one where something does, and here and there a worse one."""
    worse = 0
    for _ in range(100):
        x = rng.normal(size=(1, 20, 4))
        target = labels(rng, 6, 4, 0)
        assert compat.forced_align(x, target[None])[0].tolist() == [
            viterbi(x[0].tolist(), target.tolist(), 0, stays_on_a_tie)[0]
        ]
        x = rng.integers(-3, 0, x.shape).astype(float)
        theirs = viterbi(x[0].tolist(), target.tolist(), 0, stays_on_a_tie)[1]
        ours = compat.forced_align(x, target[None])[1].sum()
        assert ours >= theirs
        worse += ours > theirs
    assert worse


@pytest.mark.filterwarnings("ignore")
def test_against_torchaudio(rng):
    torchaudio = pytest.importorskip("torchaudio", reason="torchaudio is not installed: compared with its algorithm")
    torch = pytest.importorskip("torch")
    for dtype in (torch.float32, torch.float64):
        x = torch.from_numpy(rng.normal(size=(1, 80, 20))).log_softmax(-1).to(dtype)
        targets = torch.from_numpy(labels(rng, 25, 20, 3)[None])
        expected = torchaudio.functional.forced_align(x, targets, blank=3)
        found = compat.forced_align(x, targets, blank=3)
        for ours, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
        ours = compat.merge_tokens(found[0][0], found[1][0], 3)
        theirs = torchaudio.functional.merge_tokens(expected[0][0], expected[1][0], 3)
        assert [(s.token, s.start, s.end) for s in ours] == [(s.token, s.start, s.end) for s in theirs]
        assert [s.score for s in ours] == pytest.approx([s.score for s in theirs], rel=1e-5)


@pytest.mark.parametrize("integer", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_types_of_arrays(dtype, integer):
    x = LOG_PROBS.astype(dtype)
    paths, scores = compat.forced_align(x, AB.astype(integer))
    assert type(paths) is type(scores) is np.ndarray
    assert (paths.dtype, scores.dtype) == (integer, dtype)
    assert paths.tolist() == [[1, 1, 2, 0]]
    np.testing.assert_array_equal(scores, x[0][range(4), [1, 1, 2, 0]][None])


@pytest.mark.parametrize("integer", ["int32", "int64"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_types_of_tensors(dtype, integer):
    torch = pytest.importorskip("torch")
    dtype, integer = getattr(torch, dtype), getattr(torch, integer)
    x = torch.from_numpy(LOG_PROBS).to(dtype).requires_grad_()
    targets = torch.from_numpy(AB).to(integer)
    lengths = torch.tensor([4]), torch.tensor([2], dtype=torch.int32)
    for paths, scores in (compat.forced_align(x, targets), compat.forced_align(x, targets, *lengths)):
        assert (paths.dtype, scores.dtype) == (integer, dtype)
        assert paths.device.type == scores.device.type == "cpu"
        assert not scores.requires_grad
        assert paths.tolist() == [[1, 1, 2, 0]]
        assert torch.equal(scores, x[:, range(4), [1, 1, 2, 0]])
    spans = compat.merge_tokens(paths[0], scores[0])
    assert [(span.token, span.start, span.end) for span in spans] == [(1, 0, 2), (2, 2, 3)]
    assert type(spans[0].score) is float


def test_tensors_beside_arrays():
    """One tensor is enough; a view of any strides will do."""
    torch = pytest.importorskip("torch")
    wide = torch.from_numpy(LOG_PROBS).transpose(1, 2).contiguous().transpose(1, 2)
    for x, targets in ((wide, AB), (LOG_PROBS, torch.from_numpy(AB)), (wide, torch.from_numpy(AB).expand(1, 2))):
        paths, scores = compat.forced_align(x, targets, np.array([4]))
        assert isinstance(paths, torch.Tensor)
        assert isinstance(scores, torch.Tensor)
        assert (paths.dtype, scores.dtype) == (torch.int64, torch.float64)
        assert paths.tolist() == [[1, 1, 2, 0]]


def test_tensors_elsewhere():
    torch = pytest.importorskip("torch")
    there = torch.empty((1, 4, 3), device="meta")
    with pytest.raises(TypeError, match=r"log_probs is on meta.*log_probs\.cpu\(\)"):
        compat.forced_align(there, torch.from_numpy(AB))
    with pytest.raises(TypeError, match="target_lengths is on meta"):
        compat.forced_align(LOG_PROBS, AB, None, torch.empty(1, dtype=torch.int64, device="meta"))
    with pytest.raises(TypeError, match="scores is on meta"):
        compat.merge_tokens(torch.zeros(4, dtype=torch.int64), there[0, :, 0])


def test_a_batch_is_its_sequences(rng):
    """Each as if it were alone; padding is not read, and comes out as blanks of score 0."""
    x = rng.normal(size=(4, 30, 6)).astype(np.float32)
    targets = rng.integers(1, 6, (4, 9)).astype(np.int32)
    input_lengths, target_lengths = np.array([30, 22, 0, 25]), np.array([5, 9, 0, 0])
    blank = 0
    for n in range(4):
        x[n, input_lengths[n] :] = np.nan
        targets[n, target_lengths[n] :] = blank
    paths, scores = compat.forced_align(x, targets, input_lengths, target_lengths)
    assert (paths.shape, paths.dtype) == ((4, 30), np.int32)
    assert (scores.shape, scores.dtype) == ((4, 30), np.float32)
    for n in range(4):
        end, length = input_lengths[n], target_lengths[n]
        alone = compat.forced_align(x[n : n + 1, :end], targets[n : n + 1, :length])
        np.testing.assert_array_equal(paths[n, :end], alone[0][0])
        np.testing.assert_array_equal(scores[n, :end], alone[1][0])
        assert collapse(paths[n].tolist(), blank) == targets[n, :length].tolist()
    assert not paths[2].any()
    assert not scores[2].any()
    assert not scores[1, 22:].any()


def test_padding_of_another_blank():
    paths, scores = compat.forced_align(np.zeros((1, 4, 3)), np.array([[1]]), np.array([2]), blank=2)
    assert paths.tolist() == [[1, 1, 2, 2]]
    assert scores.tolist() == [[0, 0, 0, 0]]


def test_empty():
    paths, scores = compat.forced_align(np.zeros((0, 4, 3)), np.zeros((0, 2), np.int32))
    assert (paths.shape, scores.shape, paths.dtype) == ((0, 4), (0, 4), np.int32)
    paths, scores = compat.forced_align(np.zeros((2, 0, 3)), np.zeros((2, 0), int))
    assert (paths.shape, scores.shape) == ((2, 0), (2, 0))


def test_merge_tokens():
    tokens = np.array([0, 0, 3, 3, 3, 0, 3, 2, 2, 1, 0])
    scores = np.array([-9, -9, -1, -2, -6, -9, -4, -0.5, -1.5, -0.25, -9], np.float32)
    expected = [(3, 2, 5, -3.0), (3, 6, 7, -4.0), (2, 7, 9, -1.0), (1, 9, 10, -0.25)]
    spans = compat.merge_tokens(tokens, scores)
    assert spans == [compat.TokenSpan(*span) for span in expected]
    assert [len(span) for span in spans] == [3, 1, 2, 1]
    for span in spans:
        assert [type(value) for value in (span.token, span.start, span.end, span.score)] == [int, int, int, float]
    assert compat.merge_tokens(tokens.tolist(), scores.tolist()) == spans
    assert compat.merge_tokens(tokens.astype(np.int32), scores.astype(np.float16)) == spans
    assert [span.token for span in compat.merge_tokens(tokens, scores, blank=3)] == [0, 0, 2, 1, 0]


def test_merge_tokens_without_spans():
    assert compat.merge_tokens([], []) == []
    assert compat.merge_tokens([0, 0], [-1.0, -1.0]) == []
    assert compat.merge_tokens([-1, -1], [0.0, 0.0]) == []


def test_merge_tokens_of_a_padded_path():
    """As torchaudio: a class of -1 is outside at the ends, and a token elsewhere."""
    spans = compat.merge_tokens([-1, 4, -1, 4, -1, -1], [-7.0, -1.0, -2.0, -3.0, -7.0, -7.0])
    assert [(span.token, span.start, span.end, span.score) for span in spans] == [
        (4, 1, 2, -1.0), (-1, 2, 3, -2.0), (4, 3, 4, -3.0),
    ]  # fmt: skip


def test_spans_are_those_of_ctc_align(rng):
    for _ in range(20):
        x = rng.normal(size=(1, 60, 7))
        target = labels(rng, 15, 7, 0)
        found = fl.ctc_align(x[0], target)
        paths, scores = compat.forced_align(x, target[None])
        spans = compat.merge_tokens(paths[0], scores[0])
        assert [span.token for span in spans] == target.tolist()
        assert [span.start for span in spans] == found.starts.tolist()
        assert [span.end for span in spans] == found.ends.tolist()
        np.testing.assert_allclose([span.score for span in spans], found.token_scores, rtol=1e-13)


WRONG = [
    (LOG_PROBS[0], AB, {}, ValueError, r"log_probs has shape \(4, 3\); expected \(B, T, C\)"),
    (LOG_PROBS, AB[0], {}, ValueError, r"targets has shape \(2,\); expected \(B, L\)"),
    (LOG_PROBS, np.array([[1, 2], [1, 2]]), {}, ValueError, r"targets has shape \(2, 2\).*batch of 1"),
    (LOG_PROBS, np.array([[1, 0]]), {}, ValueError, r"targets\[0, 1\] is 0.*blank=0"),
    (LOG_PROBS, AB, {"blank": 2}, ValueError, r"targets\[0, 1\] is 2.*blank=2"),
    (LOG_PROBS, np.array([[1, 3]]), {}, ValueError, r"targets\[0, 1\] is 3; expected a label 0\.\.2"),
    (LOG_PROBS, np.array([[-1, 2]]), {}, ValueError, r"targets\[0, 0\] is -1"),
    (LOG_PROBS, AB, {"blank": 3}, ValueError, r"blank is 3; expected a class 0\.\.2"),
    (LOG_PROBS, AB, {"blank": -1}, ValueError, r"blank is -1; expected a class 0\.\.2"),
    (LOG_PROBS, AB, {"blank": 0.0}, TypeError, "blank must be an integer"),
    (LOG_PROBS, AB * 1.0, {}, TypeError, "targets has dtype float64; expected int32 or int64"),
    (LOG_PROBS, AB.astype(np.uint8), {}, TypeError, "targets has dtype uint8"),
    (LOG_PROBS * 1j, AB, {}, TypeError, "log_probs has dtype complex128"),
    (None, AB, {}, TypeError, "log_probs is None"),
    (LOG_PROBS, None, {}, TypeError, "targets is None"),
    (np.zeros((1, 4, 0)), AB, {}, ValueError, "no class"),
    (LOG_PROBS, AB, {"input_lengths": [5]}, ValueError, r"input_lengths\[0\] is 5"),
    (LOG_PROBS, AB, {"target_lengths": [-1]}, ValueError, r"target_lengths\[0\] is -1"),
    (LOG_PROBS, AB, {"target_lengths": [2, 2]}, ValueError, "target_lengths has shape"),
    (LOG_PROBS, AB, {"input_lengths": [4.0]}, TypeError, "input_lengths has dtype float64"),
    (LOG_PROBS, np.array([[1, 1, 2, 2]]), {}, ValueError, "sample 0.*4 labels needs 6 frames, there are 4"),
    (LOG_PROBS, AB, {"input_lengths": [1]}, ValueError, "needs 2 frames, there are 1"),
    (np.where([1, 1, 0], LOG_PROBS, -INF), AB, {}, ValueError, "sample 0.*probability 0"),
    (np.where([1, 1, 0], LOG_PROBS, np.nan), AB, {}, ValueError, r"sample 0: log_probs\[0, 0, 2\] is nan"),
    (np.where([1, 1, 0], LOG_PROBS, np.inf), AB, {}, ValueError, r"sample 0: log_probs\[0, 0, 2\] is inf"),
]


@pytest.mark.parametrize(("log_probs", "targets", "options", "error", "text"), WRONG)
def test_errors(log_probs, targets, options, error, text):
    with pytest.raises(error, match=text):
        compat.forced_align(log_probs, targets, **options)


@pytest.mark.parametrize(
    ("tokens", "scores", "error", "text"),
    [
        ([[1, 2]], [0.0, 0.0], ValueError, r"tokens has shape \(1, 2\)"),
        ([1, 2], [[0.0, 0.0]], ValueError, r"scores has shape \(1, 2\)"),
        ([1, 2], [0.0], ValueError, "tokens has 2 frames, scores has 1"),
        ([1.0, 2.0], [0.0, 0.0], TypeError, "tokens has dtype float64"),
    ],
)
def test_errors_of_merge_tokens(tokens, scores, error, text):
    with pytest.raises(error, match=text):
        compat.merge_tokens(tokens, scores)


def test_arguments_are_left_alone(rng):
    x, targets = rng.normal(size=(1, 9, 4)), np.array([[1, 2, 3]])
    before = x.tobytes(), targets.tobytes()
    paths, scores = compat.forced_align(x, targets)
    paths[:], scores[:] = 7, 7
    assert (x.tobytes(), targets.tobytes()) == before


def test_imports():
    """fastloss does not bring this module, and this module does not bring PyTorch."""
    code = (
        "import sys, numpy as np, fastloss; print('fastloss.compat' in sys.modules);"
        "import fastloss.compat.torchaudio as F;"
        "paths, scores = F.forced_align(np.zeros((1, 3, 2)), np.array([[1]]));"
        "F.merge_tokens(paths[0], scores[0]); print('torch' in sys.modules, 'torchaudio' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == ["False"] * 3


def test_examples():
    results = doctest.testmod(compat)
    assert results.attempted >= 8
    assert not results.failed
