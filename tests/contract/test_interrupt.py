"""Ctrl-C in long calls: handlers of signals run while a call is at work, and one that raises ends it.

A timer goes off again and again. Signals that nobody looks at in the meantime are one for Python: a handler that has
run several times within a call shows that the call looks at them as often.
"""

import os
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from compiled import needs_vecmath_test
from scripts import run_script

import fastloss as fl
from fastloss._kernels import runtime

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")


class Stopped(Exception):
    """What the handler raises."""


@contextmanager
def timer(handler):
    """Calls handler(number) every 10 ms, as far as signals are looked at."""
    count = 0

    def called(*ignored):
        nonlocal count
        count += 1
        handler(count)

    before = signal.signal(signal.SIGALRM, called)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def raises_in_third(number):
    if number == 3:
        raise Stopped


ROW = np.linspace(-1, 1, 1000, dtype=np.float32)
WIDE = np.broadcast_to(ROW, (1 << 23, 1000))  # of no memory of its own, as the others here
SPREAD = np.full(1000, 1e-3, np.float32)
LABELS = np.zeros(1 << 23, np.int64)
RECORDING = np.broadcast_to(np.full(16, -np.log(16), np.float32), (1 << 20, 16))
TARGET = np.arange(4000) % 15 + 1


def align(n):
    return fl.ctc_align(RECORDING, TARGET, num_threads=n)


def score(n):
    return fl.ctc_score(RECORDING, [TARGET[k:] for k in range(200)], num_threads=n)


LONG = {  # seconds each, unless it is stopped
    "elementwise": lambda n: fl.huber_loss(WIDE, 0.5, num_threads=n),
    "elementwise, converted": lambda n: fl.log_cosh_loss(WIDE, np.float64(0.5), num_threads=n),
    "rows in one chunk": lambda n: fl.entropy(np.broadcast_to(np.float32(1e-10), (1 << 31) - 1), num_threads=n),
    "labels": lambda n: fl.cross_entropy(WIDE, LABELS, num_threads=n),
    "few classes": lambda n: fl.entropy_with_logits(np.broadcast_to(ROW[:100], (1 << 27, 100)), num_threads=n),
    "distributions": lambda n: fl.cross_entropy(WIDE, np.broadcast_to(SPREAD, WIDE.shape), num_threads=n),
    "blocks of a linear layer": lambda n: fl.linear_cross_entropy(
        WIDE[:, :64], np.zeros((100, 64), np.float32), LABELS, max_bytes=1 << 20, num_threads=n
    ),
    "two rows": lambda n: fl.kl_divergence_with_logits(WIDE, WIDE, num_threads=n),
    "scores of labels": lambda n: fl.label_scores(WIDE, LABELS, num_threads=n),
    "scores of labels, few classes": lambda n: fl.label_scores(WIDE[:, :100], LABELS, num_threads=n),
    "no loss": lambda n: fl.logsumexp(WIDE, num_threads=n),
    "ctc value": lambda n: fl.ctc_loss(RECORDING, TARGET, num_threads=n),
    "ctc gradient": lambda n: fl.ctc_loss_with_logits.grad(RECORDING[: 1 << 17], TARGET[:1000], num_threads=n),
    "ctc posteriors": lambda n: fl.ctc_posteriors(RECORDING[: 1 << 16], TARGET[:1000], num_threads=n),
    "alignment": align,
    "scores": score,
    "best path": lambda n: fl.ctc_decode(WIDE[: 1 << 22, :900], num_threads=n),
    "beam search": lambda n: fl.ctc_decode(RECORDING, beam_width=100, num_threads=n),
    "a beam of a million": lambda n: fl.ctc_decode(RECORDING[:1000], beam_width=1_000_000, num_threads=n),
    "a batch": lambda n: fl.ctc_loss(RECORDING.reshape(1 << 15, 32, 16), [TARGET] * 32, num_threads=n),
}


@pytest.mark.parametrize("name", LONG)
def test_a_handler_that_raises_ends_the_call(name, threads):
    before = time.process_time()
    with pytest.raises(Stopped), timer(raises_in_third):
        LONG[name](threads)
    assert time.process_time() - before < 2  # of processor time, and it looks at signals 20 times a second


def test_prefixes(threads):
    state = fl.ctc_prefix_score(RECORDING[: 1 << 18])
    with pytest.raises(Stopped), timer(raises_in_third):
        state.extend(np.zeros(96, int), np.arange(96) % 15 + 1, num_threads=threads)


ENDLESS = """
    import os, signal, threading
    from fastloss import _kernels

    threads = int(sys.argv[1])
    _kernels.runtime.force_threads(True)
    endless = _kernels.kernels(64).vecmath_test.endless
"""


@needs_vecmath_test
def test_the_calling_thread_looks_at_signals_while_it_waits(threads):
    """It has no work left, and another thread's never ends."""
    run_script(
        ENDLESS
        + """
    class Stopped(Exception):
        pass

    def handler(*ignored):
        raise Stopped

    signal.signal(signal.SIGALRM, handler)
    for _ in range(3):
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            endless(threads)
        except Stopped:
            pass
    assert _kernels.runtime.active_calls() == 0
        """,
        threads,
    )


@needs_vecmath_test
def test_keyboard_interrupt(threads):
    run_script(
        ENDLESS
        + """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background process ignores it
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        endless(threads)
    except KeyboardInterrupt:
        sys.exit(0)
    sys.exit("no KeyboardInterrupt")
        """,
        threads,
    )


def test_a_handler_that_returns_does_no_harm(threads):
    """It may call fastloss itself, and what it says of the last call afterwards is of the outer one."""
    x, counts, inner = np.broadcast_to(ROW, (1 << 19, 1000)), [], []

    def handler(number):
        counts.append(number)
        if number <= 3:  # not in a last signal, that may come after the call
            inner.append(fl.mse_loss(np.arange(200_000.0), 1.0, num_threads=2))

    with timer(handler):
        found = fl.log_cosh_loss(x, 0.5, num_threads=threads)
    report = fl.show_config()["threads_of_last_call"]
    expected = np.log(np.cosh(ROW.astype(np.float64) - 0.5)).mean()
    assert found == pytest.approx(expected, rel=1e-6)
    assert len(counts) > 2
    assert inner == pytest.approx([np.square(np.arange(200_000.0) - 1).mean()] * 3)
    assert report.startswith(str(threads)) or not runtime.openmp_version()


def check_results(rng, threads):
    x, y = rng.normal(size=(3000, 100)), rng.integers(0, 100, 3000)
    likelihood = x[np.arange(3000), y] - np.log(np.exp(x).sum(axis=1))
    assert fl.cross_entropy(x, y, num_threads=threads) == pytest.approx(-likelihood.mean())
    assert fl.mse_loss(x, 0.5, num_threads=threads) == pytest.approx(np.square(x - 0.5).mean())
    frames = np.log(np.broadcast_to([0.6, 0.4], (2, 40, 2)))
    costs = fl.ctc_loss(frames, np.ones((40, 1), int), reduction="none", num_threads=threads)
    assert costs == pytest.approx(np.full(40, -np.log(0.64)))


def test_calls_after_one_that_was_ended_are_right(rng, threads):
    for name in ("labels", "a batch", "alignment"):
        with pytest.raises(Stopped), timer(raises_in_third):
            LONG[name](threads)
        check_results(rng, threads)
    scores, out = RECORDING[: 1 << 16], np.empty((1 << 16, 16), np.float32)
    with pytest.raises(Stopped), timer(raises_in_third):
        fl.ctc_loss.grad(scores, TARGET, out=out, num_threads=threads)
    fl.mse_loss.grad(scores, 0.0, out=out, reduction="sum", num_threads=threads)
    np.testing.assert_allclose(out, 2 * scores, rtol=1e-6)


def test_calls_of_other_threads_go_on(threads):
    """Signals are the main thread's."""
    x, found = np.broadcast_to(ROW, (1 << 17, 1000)), []
    worker = threading.Thread(target=lambda: found.append(fl.mse_loss(x, 0.0, num_threads=threads)))
    with timer(lambda number: None):
        worker.start()
        worker.join()
    assert found == [pytest.approx(np.square(ROW.astype(np.float64)).mean(), rel=1e-6)]


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@needs_fork
@needs_vecmath_test
def test_a_forked_child_whose_main_thread_is_another():
    run_script(
        """
        import os, signal, threading, warnings
        from fastloss import _kernels

        warnings.simplefilter("ignore", DeprecationWarning)

        def work():
            child = os.fork()
            if child:
                codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                return
            signal.signal(signal.SIGALRM, lambda *ignored: os._exit(7))
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            _kernels.kernels(64).vecmath_test.endless(2)

        codes = []
        _kernels.runtime.force_threads(True)
        fl.mse_loss(np.zeros(100_000), 1.0, num_threads=2)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert codes == [7], codes
        """
    )


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is measured by Linux's /proc")
def test_calls_that_were_ended_leave_no_memory(threads):
    run_script(
        """
        import signal

        class Stopped(Exception):
            pass

        def handler(*ignored):
            raise Stopped

        threads = int(sys.argv[1])
        signal.signal(signal.SIGALRM, handler)
        row, target = np.full(64, -np.log(64), np.float32), np.arange(1000) % 63 + 1
        x = np.broadcast_to(row, (200_000, 2, 64))

        def ended(after):
            signal.setitimer(signal.ITIMER_REAL, after)
            try:
                fl.ctc_loss.grad(x, [target, target], out=out, num_threads=threads)
            except Stopped:
                return True

        out = np.ones(x.shape, np.float32)
        assert all(ended(0.2) for _ in range(3))  # these come further, and touch more
        before = peak()
        assert all(ended(0.06) for _ in range(8))
        assert peak() - before < 64 << 20, (before, peak())
        """,
        threads,
    )
