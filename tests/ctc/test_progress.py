"""progress= of the long calls of CTC: shares that rise to 1, told by the calling thread, and exceptions that end it."""

import threading
from functools import cache

import numpy as np
import pytest
import reference_ctc

import fastloss as fl

FRAMES, CLASSES = 40_000, 32
SCORES = np.random.default_rng(5).normal(size=(FRAMES, CLASSES)).astype(np.float32)
SCORES -= np.log(np.exp(SCORES).sum(axis=1, keepdims=True))
TARGET = np.random.default_rng(6).integers(1, CLASSES, 1500)
PARTS = SCORES.reshape(20, FRAMES // 20, CLASSES).swapaxes(0, 1)  # a batch
TARGETS = [TARGET[:300]] * 20
MASK = (np.arange(CLASSES) == TARGET[0]) & (np.arange(FRAMES) % 2 > 0)[:, None]


def gradient(progress, **options):
    return fl.ctc_loss.value_and_grad(SCORES, TARGET, progress=progress, **options)


CALLS = {  # each several times as long as the least time between two shares
    "ctc_align": lambda progress, **options: fl.ctc_align(
        np.tile(SCORES, (3, 1)), TARGET, progress=progress, **options
    ),
    "ctc_posteriors": lambda progress, **options: fl.ctc_posteriors(
        np.tile(SCORES, (3, 1)), TARGET[:200], progress=progress, **options
    ),
    "ctc_score": lambda progress, **options: fl.ctc_score(
        SCORES[:4000], [TARGET[k:] for k in range(70)], progress=progress, **options
    ),
    "ctc_decode": lambda progress, **options: fl.ctc_decode(
        np.broadcast_to(SCORES[0], (10_000_000, CLASSES)), progress=progress, **options
    ),
    "ctc_decode, a beam": lambda progress, **options: fl.ctc_decode(
        SCORES, beam_width=50, n_best=50, progress=progress, **options
    ),
    "value": lambda progress, **options: fl.ctc_loss_with_logits(
        np.tile(SCORES, (6, 1)), TARGET, progress=progress, **options
    ),
    "grad": lambda progress, **options: fl.ctc_loss_with_logits.grad(SCORES, TARGET, progress=progress, **options),
    "value_and_grad": gradient,
    "value, then gradient": lambda progress, **options: gradient(progress, infeasible="raise", **options),
    "computed again in float64": lambda progress, **options: fl.ctc_loss.grad(
        np.where(MASK, np.float32(-1e9), SCORES), TARGET, progress=progress, **options
    ),
    "a batch": lambda progress, **options: fl.ctc_loss.value_and_grad(
        np.tile(PARTS, (1, 6, 1)), TARGETS * 6, progress=progress, **options
    ),
}


def bits(result):
    if isinstance(result, fl.CTCAlignment):
        result = tuple(getattr(result, name) for name in ("path", "score", "starts", "ends", "token_scores"))
    if isinstance(result, list):
        result = tuple(part for found in result for part in (found.labels, found.score, found.frames))
    return [np.asarray(part).tobytes() for part in (result if isinstance(result, tuple) else (result,))]


@cache
def expected_bits(name):
    return bits(CALLS[name](None))


@pytest.mark.parametrize("name", CALLS)
def test_shares_rise_to_one(name, threads):
    shares, callers = [], set()

    def progress(share):
        shares.append(share)
        callers.add(threading.get_ident())

    result = CALLS[name](progress, num_threads=threads)
    assert all(type(share) is float for share in shares)
    assert shares == sorted(set(shares))
    assert len(shares) > 1
    assert shares[0] > 0
    assert shares[-2] > 0.3  # of all the work, not of a first part
    assert shares[-1] == 1
    assert callers == {threading.get_ident()}
    assert bits(result) == expected_bits(name)


class Stopped(Exception):
    pass


@pytest.mark.parametrize("name", CALLS)
def test_an_exception_ends_the_call(name, threads):
    shares = []

    def progress(share):
        shares.append(share)
        raise Stopped(share)

    with pytest.raises(Stopped):
        CALLS[name](progress, num_threads=threads)
    assert len(shares) == 1
    assert shares[0] < 1


def test_an_exception_at_the_end():
    def progress(share):
        raise Stopped(share)

    with pytest.raises(Stopped, match=r"^1\.0$"):
        fl.ctc_loss(SCORES[:10], [1, 2], progress=progress)
    assert fl.ctc_loss(SCORES[:10], [1, 2]) > 0


def test_the_end_is_told_once_however_short_or_empty():
    three, none = np.log(np.full((3, 1, 4), 0.25)), np.zeros((3, 0, 4))
    for call, *arguments in (
        (fl.ctc_loss, three, [[1]]),
        (fl.ctc_loss.grad, three, [[1]]),
        (fl.ctc_loss_with_logits.value_and_grad, three, [[1]]),
        (fl.ctc_align, three, [[1]]),
        (fl.ctc_posteriors, three, [[1]]),
        (fl.ctc_score, three[:, 0], [[1], [2]]),
        (fl.ctc_decode, three),
        (fl.ctc_decode, none),
        (fl.ctc_loss, none, []),
        (fl.ctc_align, none, []),
        (fl.ctc_posteriors, none, []),
        (fl.ctc_score, three[:, 0], []),
    ):
        shares = []
        call(*arguments, progress=shares.append)
        assert shares == [1.0], (call, shares)


def test_an_error_tells_no_end():
    shares = []
    with pytest.raises(ValueError, match="needs 2 frames"):
        fl.ctc_align(SCORES[:1], [1, 2], progress=shares.append)
    assert shares == []


@pytest.mark.parametrize("wrong", [True, 1, "tqdm", [print]])
def test_what_can_not_be_called(wrong):
    out = np.full((10, CLASSES), 7, np.float32)
    text = r"^progress must be callable with a number, or None, got "
    for call, options in (
        (fl.ctc_loss.value_and_grad, {"out": out}),
        (fl.ctc_loss_with_logits, {}),
        (fl.ctc_align, {}),
        (fl.ctc_posteriors, {}),
    ):
        with pytest.raises(TypeError, match=text):
            call(SCORES[:10], [1, 2], progress=wrong, **options)
    with pytest.raises(TypeError, match=text):
        fl.ctc_score(SCORES[:10], [[1, 2]], progress=wrong)
    with pytest.raises(TypeError, match=text):
        fl.ctc_decode(SCORES[:10], progress=wrong)
    assert (out == 7).all()


def test_a_callable_may_call_the_library(threads):
    """With threads and a progress= of its own; it hears nothing of that call, nor that one of the outer."""
    expected = reference_ctc.ctc_loss(SCORES[:30].astype(np.float64), [1, 2, 3])[0]
    outer, inner, costs = [], [], []

    def progress(share):
        outer.append(share)
        costs.append(fl.ctc_loss(SCORES[:30], [1, 2, 3], reduction="sum", progress=inner.append, num_threads=2))
        fl.mse_loss(np.zeros(300_000), 1.0, num_threads=2)

    result = gradient(progress, num_threads=threads)
    assert outer == sorted(set(outer))
    assert outer[-1] == 1
    assert inner == [1.0] * len(outer)
    assert costs == pytest.approx([expected] * len(outer), rel=1e-5)
    assert bits(result) == expected_bits("value_and_grad")


def test_each_thread_has_its_own():
    shares = {n: [] for n in range(4)}

    def work(n):
        gradient(shares[n].append, num_threads=1 + n % 2)

    workers = [threading.Thread(target=work, args=(n,)) for n in shares]
    for worker in workers:
        worker.start()
    fl.ctc_loss.grad(SCORES, TARGET)  # without: it must not tell another's
    for worker in workers:
        worker.join()
    for told in shares.values():
        assert told == sorted(set(told))
        assert told.count(1.0) == 1
