"""ctc_decode at its limits: what is refused, NaN, threads, memory, large beams and many classes."""

import itertools
import os
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import reference_decode
from decodings import assert_same, bits, emissions, speech
from errors import BOTH, FRAMES, WRONG_LENGTHS, put, refused
from scripts import run_script

import fastloss as fl

# Most scores are no log-probabilities here; test_unexpected_scores.py has the warning about these.
pytestmark = pytest.mark.filterwarnings("ignore:ctc_decode. log_probs are:UserWarning")

# ---- what is refused ----

WRONG = [
    ({"beam_width": 0}, ValueError, ["beam_width", 0]),
    ({"beam_width": -3}, ValueError, ["beam_width", -3]),
    ({"beam_width": 2.0}, TypeError, ["beam_width", "2.0"]),
    ({"beam_width": None}, TypeError, ["beam_width"]),
    ({"beam_width": 2**64}, ValueError, ["beam_width", 2**64]),
    ({"n_best": 0, "beam_width": 4}, ValueError, ["n_best", 0]),
    ({"n_best": 2}, ValueError, ["n_best is 2", "beam_width=1"]),
    ({"n_best": 5, "beam_width": 4}, ValueError, ["n_best is 5", "1..4", "beam_width=4"]),
    ({"n_best": 1.0}, TypeError, ["n_best", "1.0"]),
    ({"blank": 5}, ValueError, ["blank", 5]),
    ({"blank": -6}, ValueError, ["blank", -6]),
    ({"blank": 0.0}, TypeError, ["blank"]),
    ({"prune": -1}, ValueError, ["prune", -1]),
    ({"prune": np.nan}, ValueError, ["prune", "nan"]),
    ({"prune": np.inf}, ValueError, ["prune", "inf"]),
    ({"prune": "much"}, TypeError, ["prune", "much"]),
    ({"num_threads": 0}, ValueError, ["num_threads", 0]),
    ({"batch_first": 2}, BOTH, ["batch_first"]),
    *(wrong for wrong in WRONG_LENGTHS if "input_lengths" in wrong[0]),
]


@pytest.mark.parametrize(("options", "error", "tokens"), WRONG, ids=str)
def test_refused(options, error, tokens):
    for width in (1, 4) if not {"beam_width", "n_best"} & set(options) else (options.get("beam_width", 1),):
        refused(error, tokens, lambda width=width: fl.ctc_decode(FRAMES, **{**options, "beam_width": width}))


def test_scores_refused():
    for shape in ((5,), (2, 3, 4, 5), (6, 2, 0)):
        refused(ValueError, ["log_probs", shape], lambda shape=shape: fl.ctc_decode(np.zeros(shape)))
    for scores in (FRAMES * 1j, FRAMES.astype(object), None, "scores"):
        refused(BOTH, ["log_probs"], lambda scores=scores: fl.ctc_decode(scores))
    refused(ValueError, ["input_lengths", 7], lambda: fl.ctc_decode(FRAMES[:, 0], 7))


@pytest.mark.parametrize("width", [1, 6])
@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
def test_nan_and_infinity_are_named(isa, rng, name, width):
    """Anywhere in the frames that count: the text has the place in the caller's array."""
    clean = rng.normal(size=(9, 3, 70)).astype(name)
    lengths = [9, 8, 9]
    expected = [bits(found) for found in fl.ctc_decode(clean, lengths, beam_width=width)]
    assert [bits(f) for f in fl.ctc_decode(put(clean, (8, 1), np.nan), lengths, beam_width=width)] == expected
    for wrong, (t, n, c) in itertools.product((np.nan, -np.nan, np.inf), ((0, 1, 0), (7, 1, 69), (8, 2, 33))):
        scores = put(clean, (t, n, c), wrong)
        what = f"is {abs(wrong)}; expected a finite number, or -inf"
        tokens = [f"sample {n}: log_probs[{t}, {n}, {c}] {what}"]
        refused(ValueError, tokens, lambda x=scores: fl.ctc_decode(x, lengths, beam_width=width))
        tokens = [f"sample {n}: log_probs[{n}, {t}, {c}] {what}"]
        swapped = scores.swapaxes(0, 1)
        refused(ValueError, tokens, lambda x=swapped: fl.ctc_decode(x, lengths, beam_width=width, batch_first=True))
        tokens = [f"sample 0: log_probs[{t}, {c}] {what}"]
        refused(ValueError, tokens, lambda x=scores[:, n]: fl.ctc_decode(x, beam_width=width))


def test_nan_after_an_impossible_frame(isa):
    """It is one all the same, and the first place counts."""
    scores = np.zeros((6, 2, 4))
    scores[1, 1] = -np.inf
    scores[3, 1, 2] = scores[4, 1, 0] = np.nan
    for width in (1, 5):
        refused(ValueError, ["log_probs[3, 1, 2]"], lambda width=width: fl.ctc_decode(scores, beam_width=width))


def test_nan_among_impossible_classes(isa):
    for width in (1, 5):
        scores = put(np.full((3, 4), -np.inf), (2, 3), np.nan)
        refused(ValueError, ["log_probs[2, 3]"], lambda x=scores, width=width: fl.ctc_decode(x, beam_width=width))


# ---- threads ----


def ragged(rng, batch, frames, classes):
    x = np.stack([speech(rng, frames, classes) for _ in range(batch)], axis=1).astype(np.float32)
    return x, rng.integers(0, frames + 1, batch)


@pytest.mark.parametrize("width", [1, 2, 20])
def test_same_bits_for_every_thread_count(isa, rng, width):
    x, lengths = ragged(rng, 13, 120, 30)
    expected = [bits(f) for f in fl.ctc_decode(x, lengths, beam_width=width, n_best=width, num_threads=1)]
    for threads in (2, 3, 7, 64, None):
        found = fl.ctc_decode(x, lengths, beam_width=width, n_best=width, num_threads=threads)
        assert [bits(f) for f in found] == expected, threads


def test_many_python_threads_at_once(rng):
    """Some of them refused."""
    cases = [ragged(rng, 4, 60, 9) for _ in range(6)]

    def work(number, threads=1):
        x, lengths = cases[number % 6]
        if number % 4 == 1:
            with pytest.raises(ValueError, match=r"log_probs\[0, 2, 3\]"):
                fl.ctc_decode(put(x, (0, 2, 3), np.nan), beam_width=8)
        return [bits(f) for f in fl.ctc_decode(x, lengths, beam_width=8, n_best=3, num_threads=threads)]

    expected = [work(number) for number in range(6)]
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1) + 2)) as pool:
        found = list(pool.map(work, range(120), [1, 2, 3] * 40))
    assert all(result == expected[number % 6] for number, result in enumerate(found))


def test_other_threads_run_meanwhile(rng):
    """A thread that sleeps a millisecond at a time wakes many times during one call."""
    x, wakes, is_over = emissions(rng, 1500, 200).astype(np.float32), [0], threading.Event()

    def count():
        while not is_over.is_set():
            time.sleep(0.001)
            wakes[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = wakes[0]
        fl.ctc_decode(x, beam_width=1000, num_threads=1)
        during = wakes[0] - before
    finally:
        is_over.set()
        thread.join()
    assert during > 10


# ---- size ----


def test_many_classes(isa, rng):
    """Most of which are passed over, a block at a time."""
    for frames, classes, width in ((6, 50_000, 7), (3, 2000, 40), (3, 64, 70), (3, 65, 70)):
        x = emissions(rng, frames, classes, 3.0)
        x[rng.random(x.shape) < 0.1] = -np.inf
        blank = int(rng.integers(0, classes))
        found = fl.ctc_decode(x, beam_width=width, n_best=width, blank=blank)
        assert_same(found, reference_decode.prefix_beam_search(thinned(x, blank, width + 2), width, blank))


@pytest.mark.parametrize("width", [2, 3, 4])
def test_few_likely_classes_far_apart(isa, rng, width):
    """The blank and the last label are among them, and make no longer prefix."""
    for _ in range(20):
        likely = rng.permutation(10)[: width + 2] * 64 + rng.integers(0, 64, width + 2)
        x = rng.uniform(-40, -30, (4, 640))
        x[:, likely] = -np.arange(width + 2.0) + rng.normal(size=(4, width + 2)) * 0.1
        for blank in likely[:3]:
            found = fl.ctc_decode(x, beam_width=width, n_best=width, blank=blank)
            assert_same(found, reference_decode.prefix_beam_search(thinned(x, blank, width + 6), width, blank))


def thinned(x, blank, count):
    """The same, but only the classes that are among the likeliest of some frame are possible: the reference is slow."""
    kept = np.union1d(np.argsort(-x, axis=1)[:, :count], blank)
    thin = np.full_like(x, -np.inf)
    thin[:, kept] = x[:, kept]
    return thin


def test_a_beam_of_thousands(isa, rng):
    """Their probabilities add up to less than 1, and the n best are those of a request for all."""
    x = emissions(rng, 40, 20, 0.5)
    found = fl.ctc_decode(x, beam_width=3000, n_best=3000)
    assert len({tuple(h.labels.tolist()) for h in found}) == 3000
    assert 0 < sum(np.exp(h.score) for h in found) < 1
    assert bits(fl.ctc_decode(x, beam_width=3000, n_best=5)) == bits(found[:5])
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_memory_follows_what_is_kept():
    """Not the width that is asked for: a beam of a million, of which few prefixes exist. And none is left behind."""
    run_script("""
        x = np.log(np.full((12, 2), 0.5))
        fl.ctc_decode(x, beam_width=10)
        before = peak()
        for _ in range(200):
            found = fl.ctc_decode(x, beam_width=2**63 - 1, n_best=2**63 - 1)
        assert len(found) == 7, len(found)
        rng = np.random.default_rng(3)
        y = rng.normal(size=(400, 4, 30))
        for _ in range(60):
            fl.ctc_decode(y, beam_width=30, n_best=30)
        assert peak() - before < 16 << 20, peak() - before
    """)


def test_results_are_of_their_own(rng):
    """No array keeps the memory of a call."""
    x = speech(rng, 3000, 20)
    tracemalloc.start()
    try:
        found = fl.ctc_decode(x, beam_width=50)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 16 * found[0].labels.size + 10_000
    assert found[0].labels.base is None


def test_no_memory():
    """For a beam that grows, in any place."""
    run_script("""
        x = np.random.default_rng(1).normal(size=(60, 2, 40))
        def size():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[0]) * resource.getpagesize()
        for room in (4, 20, 60, 100):
            resource.setrlimit(resource.RLIMIT_AS, (size() + (room << 20), -1))
            for threads in (1, 2):
                try:
                    fl.ctc_decode(x, beam_width=10**7, num_threads=threads)
                except MemoryError:
                    continue
                raise AssertionError("the limit holds nothing back")
            resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        assert len(fl.ctc_decode(x[:3], beam_width=100)) == 2
        try:
            fl.ctc_decode(np.broadcast_to(np.zeros(2), (2**57, 2)), beam_width=2)
        except MemoryError:
            pass
        else:
            raise AssertionError("no MemoryError")
        try:
            fl.ctc_decode(np.broadcast_to(np.zeros(2), (2**57, 2)))
        except MemoryError:
            pass
        else:
            raise AssertionError("no MemoryError")
    """)
