"""Threads that behave: the same bits for every count, many callers at once, forked children, steady memory."""

import contextlib
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import numpy as np
import pytest
from forks import FORK
from losses import LOSSES

import fastloss as fl
from fastloss._kernels import runtime


@pytest.fixture(autouse=True)
def threads_as_asked():
    """On a busy machine calls would get no threads, and nothing here would be tested."""
    runtime.force_threads(True)
    yield
    runtime.force_threads(False)


LARGE = {"elementwise": (200_003,), "rowwise": (20_011, 10), "ctc": (90, 13, 40)}  # work for several chunks


def verbs_of(loss, arguments, has_curvature, **options):
    """(verb, function of num_threads) for each, the value with and without a reduction."""
    yield "value", lambda n: [loss(*arguments, num_threads=n, **options)]
    yield "value_and_grad", lambda n: loss.value_and_grad(*arguments, num_threads=n, **options)
    if "reduction" not in options:
        yield "no reduction", lambda n: [loss(*arguments, num_threads=n, reduction="none", **options)]
    if has_curvature:
        yield "grad_and_hess", lambda n: loss.grad_and_hess(*arguments, num_threads=n, **options)


def calls_of_every_loss(rng, dtype):
    for row in LOSSES:
        options = {"reduction": "mean"} if row.is_of_all else {}
        for kind in row.targets or (None,):
            arguments = row.draw(rng, LARGE[row.family], dtype, kind=kind)
            for verb, call in verbs_of(row.loss, arguments, row.curved_options == {}, **options):
                yield f"{row.name} {verb}", call


def more_calls(rng, dtype):
    """Wide rows, axes, weights, ragged sequences, and the plain functions."""
    wide, wide_labels = rng.normal(size=(301, 1000)).astype(dtype), rng.integers(0, 1000, 301)
    narrow, labels = rng.normal(size=(20_011, 10)).astype(dtype), rng.integers(0, 10, 20_011)
    axis_one, pixels = rng.normal(size=(3, 17, 70, 50)).astype(dtype), rng.integers(0, 17, (3, 70, 50))
    weight, soft, spread = rng.uniform(size=20_011), rng.dirichlet(np.ones(1000), 301), np.clip(np.abs(wide) / 4, 0, 1)
    frames = rng.normal(size=(90, 13, 40)).astype(dtype)
    lengths = {"input_lengths": rng.integers(20, 91, 13), "target_lengths": rng.integers(0, 16, 13)}
    ragged = {**lengths, "infeasible": "zero"}
    sequences, other = rng.integers(1, 40, (13, 15)), axis_one[:, :, ::-1]
    for loss, arguments, has_curvature, options in (
        (fl.cross_entropy, (narrow, labels), True, {"sample_weight": weight}),
        (fl.cross_entropy, (narrow, labels), True, {"where": weight < 0.5, "reduction": "weighted_mean"}),
        (fl.mse_loss, (narrow, 1), True, {"where": narrow < 1, "sample_weight": weight[:, None]}),
        (fl.cross_entropy, (wide, wide_labels), True, {}),
        (fl.cross_entropy, (wide, soft), True, {}),
        (fl.cross_entropy, (axis_one, pixels), True, {"axis": 1}),
        (fl.softmax_focal_loss, (narrow, labels), True, {"gamma": 1.5}),
        (fl.softmax_focal_loss, (wide, wide_labels), True, {}),
        (fl.sigmoid_focal_loss, (wide, soft.clip(0, 1)), True, {"gamma": 0.5}),
        (fl.categorical_cross_entropy, (spread, soft), True, {"axis": 0}),
        (fl.entropy_with_logits, (narrow,), False, {"sample_weight": weight}),
        (fl.kl_divergence_with_logits, (wide, wide[::-1]), False, {}),
        (fl.kl_divergence_with_logits, (axis_one, other), False, {"axis": 1}),
        (fl.ctc_loss, (frames, sequences), False, ragged),
        (fl.ctc_loss_with_logits, (frames, sequences), False, ragged),
    ):
        for verb, call in verbs_of(loss, arguments, has_curvature, **options):
            yield f"{loss.__name__} {verb} {', '.join(options)}", call
    yield "softmax", lambda n: [fl.softmax(wide, num_threads=n), fl.log_softmax(axis_one, axis=1, num_threads=n)]
    for x, y in ((narrow, labels), (wide, wide_labels)):
        yield "label_scores", lambda n, x=x, y=y: astuple(fl.label_scores(x, y, num_threads=n))
    yield "logsumexp", lambda n: [fl.logsumexp(narrow, num_threads=n)]


def large_calls(rng, dtype=np.float32):
    """Work for several chunks of every kernel: (name, function of num_threads)."""
    yield from calls_of_every_loss(rng, dtype)
    yield from more_calls(rng, dtype)


def bits(results):
    return [np.asarray(result).tobytes() for result in results]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_same_bits_for_every_thread_count(isa, rng, dtype):
    for name, call in large_calls(rng, dtype):
        expected = bits(call(1))
        for threads in (2, 3, 7, None):
            assert bits(call(threads)) == expected, f"{name} with {threads} threads"


def test_a_second_run_gives_the_same_bits(isa, rng):
    for name, call in large_calls(rng):
        first = bits(call(2))
        assert all(bits(call(2)) == first for _ in range(3)), name


def test_more_threads_than_work(rng):
    x, labels = rng.normal(size=(2, 3)), [0, 2]
    assert fl.cross_entropy(x, labels, num_threads=64) == fl.cross_entropy(x, labels)
    assert fl.sigmoid_focal_loss([0.5], [1], num_threads=200) == fl.sigmoid_focal_loss([0.5], [1])
    frames = rng.normal(size=(5, 1, 4))
    assert fl.ctc_loss(frames, [[1, 2]], num_threads=32) == fl.ctc_loss(frames, [[1, 2]])
    assert np.isnan(fl.cross_entropy(np.zeros((0, 3)), np.zeros(0, int), num_threads=8))
    assert fl.softmax(np.zeros((0, 3)), num_threads=8).shape == (0, 3)


def test_many_python_threads_at_once(rng):
    calls = [call for name, call in large_calls(rng) if "no reduction" not in name and "hess" not in name]
    expected = [bits(call(1)) for call in calls]
    jobs = [(index, threads) for threads in (1, 2, 3) for index in range(len(calls))] * 2

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: bits(calls[job[0]](job[1])), jobs))
    for (index, threads), result in zip(jobs, found, strict=True):
        assert result == expected[index], (index, threads)


def test_calls_at_once_agree(rng):
    """Without the fixture's order: callers that come at once, with threads or without, get the same bits."""
    runtime.force_threads(False)
    x, labels = rng.normal(size=(3000, 100)), rng.integers(0, 100, 3000)
    expected = bits(fl.cross_entropy.value_and_grad(x, labels, num_threads=1))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: bits(fl.cross_entropy.value_and_grad(x, labels, num_threads=n)), [2, 3] * 50))
    assert all(result == expected for result in results)
    assert runtime.active_calls() == 0


def test_calls_of_one_chunk_need_no_threads(rng):
    """They would seem not to pay, and calls after them would go without threads."""
    runtime.force_threads(False)
    before = runtime.backoff()
    row, label, empty = rng.normal(size=(1, 140_000)), np.array([1]), np.zeros(0)
    for _ in range(3):
        fl.cross_entropy(row, label, num_threads=2)
        fl.mse_loss(empty, empty, num_threads=2)
        fl.mse_loss(row[0, :100], row[0, :100], num_threads=2)
    assert runtime.backoff() == before


def test_errors_in_many_threads_at_once(rng):
    """Scratch memory and the interpreter lock survive refusals."""
    x, labels = rng.normal(size=(5000, 20)), rng.integers(0, 20, 5000)
    wrong = labels.copy()
    wrong[4321] = 20
    expected = fl.cross_entropy(x, labels)

    def work(number):
        if number % 2:
            with pytest.raises(ValueError, match="4321"):
                fl.cross_entropy(x, wrong)
        return fl.cross_entropy(x, labels)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(60))) == {expected}


def run_script(body):
    code = FORK + textwrap.dedent(body)
    try:
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    except subprocess.TimeoutExpired as expired:
        pytest.fail(f"hangs: {expired.stderr}")
    assert run.returncode == 0, run.stdout + run.stderr


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@needs_fork
def test_bare_fork_after_parallel_work():
    run_script("""
        for _ in range(5):
            result = forked()
            assert result == 0, result
            assert check()  # the parent goes on
    """)


@needs_fork
def test_grandchildren():
    run_script("""
        child = os.fork()
        if child:
            assert wait(child, 30) == 0
        else:
            os._exit(0 if check() and forked() == 0 else 1)
    """)


@needs_fork
def test_fork_while_other_threads_compute():
    run_script("""
        import threading
        stop = threading.Event()
        def busy():
            while not stop.is_set():
                work()
        threads = [threading.Thread(target=busy, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        results = [forked() for _ in range(4)]
        stop.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "a thread of the parent hangs"
        assert results == [0] * 4, results
    """)


@needs_fork
def test_multiprocessing_with_fork():
    run_script("""
        import multiprocessing
        context = multiprocessing.get_context("fork")
        with context.Pool(2) as pool:
            assert pool.map_async(check, range(4)).get(timeout=30) == [True] * 4
        assert check()
    """)


def resident():
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc here")
def test_steady_memory_and_references(rng):
    x, labels, soft = rng.normal(size=(40, 10)), rng.integers(0, 10, 40), rng.dirichlet(np.ones(10), 40)
    frames, targets = rng.normal(size=(20, 3, 6)), rng.integers(1, 6, (3, 4))
    arrays = [x, labels, soft, frames, targets]

    def once(number):
        for loss in (fl.cross_entropy, fl.nll_loss, fl.softmax_focal_loss):
            loss.value_and_grad(x, labels, reduction="none")
        fl.cross_entropy.value_and_grad(x.astype(np.float16), soft)
        fl.sigmoid_focal_loss.grad_and_hess(x.T, soft.T)
        fl.ctc_loss_with_logits.value_and_grad(frames, targets)
        fl.ctc_loss.value_and_grad(frames.astype(np.float32), list(targets))
        fl.log_softmax(x, axis=0)
        fl.mse_loss.grad_and_hess(x, labels[:, None])
        fl.kl_divergence.value_and_grad(soft, soft[::-1], reduction="none")
        fl.kl_divergence_with_logits.grad(x, soft)
        with contextlib.suppress(ValueError):
            fl.entropy(x)
        for wrong in (labels + 5, labels * 1.0, None):
            with contextlib.suppress(TypeError, ValueError):
                fl.cross_entropy(x, wrong)
        with contextlib.suppress(ValueError):
            fl.ctc_loss(frames, targets + 3)
        if number % 20 == 0:  # parallel regions are slow on a busy machine
            fl.ctc_loss_with_logits.value_and_grad(frames, targets, num_threads=2)
            fl.sigmoid_focal_loss.grad(x, soft, num_threads=3)

    for number in range(100):
        once(number)
    before, references = resident(), [sys.getrefcount(array) for array in arrays]
    for number in range(500):  # 8,500 calls
        once(number)
    assert [sys.getrefcount(array) for array in arrays] == references
    assert resident() - before < 2 << 20


def test_import_leaves_the_environment_as_it_was():
    code = "import os; before = dict(os.environ); import fastloss; assert dict(os.environ) == before"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


LABELS_IN_MOTION = """
import threading
import numpy as np
import fastloss as fl

x, labels, going = np.zeros((100_000, 4), np.float32), np.zeros(100_000, np.int64), True
options = [{}, {"label_smoothing": 0.1}]
calls = [(fl.nll_loss.value_and_grad, {})] + [(fl.cross_entropy.grad_and_hess, more) for more in options]

def write():
    while going:
        labels[:] = 2**40
        labels[:] = 1

thread = threading.Thread(target=write)
thread.start()
computed = 0
try:
    while computed < 150:
        call, more = calls[computed % 3]
        try:
            call(x, labels, num_threads=1, **more)
        except ValueError:
            continue
        computed += 1
finally:
    going = False
    thread.join()
"""


def test_labels_that_another_thread_writes_are_no_index():
    """They were legal when they were looked at. The result is of no use, but nothing outside of a row is touched."""
    subprocess.run([sys.executable, "-c", LABELS_IN_MOTION], check=True, timeout=120)


# ---- how many threads, and why not more ----


def said(call, *arguments, **options):
    call(*arguments, **options)
    threads, _, reason = fl.show_config()["threads_of_last_call"].partition(": ")
    return int(threads), reason


MANY, MANY_LABELS = np.zeros((40_000, 50), np.float32), np.zeros(40_000, np.int64)


@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.nll_loss, fl.softmax_focal_loss])
def test_a_call_says_how_many_threads_it_had(loss):
    for threads in (1, 2, 3):
        assert said(loss, MANY, MANY_LABELS, num_threads=threads)[0] == (threads if runtime.openmp_version() else 1)
    before = fl.get_num_threads()
    fl.set_num_threads(4)
    try:
        few = said(loss, MANY[:10], MANY_LABELS[:10])
        assert few[0] == 1
        assert "too little work" in few[1]
        some = said(loss, MANY[:4000], MANY_LABELS[:4000])
        assert some[0] in (1, 3)
    finally:
        fl.set_num_threads(before)


def test_a_call_says_why_it_had_no_more_threads():
    assert "num_threads" in said(fl.cross_entropy, MANY, MANY_LABELS, num_threads=1)[1]
    few = said(fl.cross_entropy, MANY[:10], MANY_LABELS[:10], num_threads=4)
    assert few[0] == 1
    assert "pieces of work" in few[1]
    small = said(fl.mse_loss, np.zeros(8), np.zeros(8))
    assert small[0] == 1
    assert "too little work" in small[1]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_call_of_two_passes_says_the_same_of_both(threads):
    """The gradient of rmse needs its value first; probabilities are looked at before a caller's array is written."""
    if threads > 1 and not runtime.openmp_version():
        pytest.skip("built without OpenMP")
    x = np.full((100_000, 10), 0.1)
    for call in (
        lambda: fl.rmse_loss.grad(x, x + 1, num_threads=threads),
        lambda: fl.kl_divergence.grad(x, x, out=np.empty_like(x), num_threads=threads),
        lambda: fl.binary_cross_entropy.grad(x, x, out=np.empty_like(x), num_threads=threads),
    ):
        found, reason = said(call)
        assert found == threads
        assert "num_threads" in reason


def test_a_refused_call_leaves_no_reason_behind():
    x = np.full(100, 2.0)
    for _ in range(2):
        with pytest.raises(ValueError, match="within"):
            fl.binary_cross_entropy(x, x, num_threads=1)
        assert said(fl.mse_loss, x, x) == (1, "too little work for more")
        assert said(fl.mse_loss, x[:0], x[:0]) == (1, "too little work for more")


def test_the_report_is_of_the_asking_thread():
    said(fl.cross_entropy, MANY, MANY_LABELS, num_threads=2)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: fl.show_config()["threads_of_last_call"]).result() == "none yet"
