"""Where the system runs short of threads, a call does without them; where it runs short of memory, it raises."""

import sys

import pytest
from scripts import run_script

from fastloss._kernels import runtime

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are Linux's"),
    pytest.mark.skipif(not runtime.openmp_version(), reason="built without OpenMP"),
]

CALLS = """
    import os, threading
    from fastloss._kernels import runtime

    runtime.force_threads(True)
    x = np.linspace(-1, 1, 400_000, dtype=np.float32)
    expected = fl.mse_loss(x, 0.5, num_threads=1)

    def said(threads=2):
        assert fl.mse_loss(x, 0.5, num_threads=threads) == expected
        return fl.show_config()["threads_of_last_call"]

    def lower(limit, number):
        resource.setrlimit(limit, (number, resource.getrlimit(limit)[1]))

    def lift(limit):
        lower(limit, resource.getrlimit(limit)[1])

    def size():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()

    ONE = "1: the system could not start more"
    ALL = "as many as num_threads"
"""


@pytest.mark.parametrize("before", [0, 2])
def test_no_memory_for_a_stack(before):
    """Also where some threads are there already."""
    run_script(
        CALLS
        + f"""
    if {before}:
        assert said({before}).startswith("{before}: " + ALL)
    lower(resource.RLIMIT_AS, size() + (1 << 20))
    assert said(9).startswith(ONE), said(9)
    assert said({before or 9}).startswith("{before}: " if {before} else ONE)  # those that are there do
    lift(resource.RLIMIT_AS)
    assert said(9).startswith("9: " + ALL), said(9)
    """
    )


def test_memory_for_some_stacks_only():
    """And again and again, at every limit between none and all."""
    run_script(
        CALLS
        + """
    lower(resource.RLIMIT_AS, size())
    start, found = size(), []
    for megabytes in range(0, 60, 3):
        lower(resource.RLIMIT_AS, start + (megabytes << 20))
        found.append(int(said(5).split(":")[0]))
    assert found[0] == 1 and found[-1] == 5 and set(found) == {1, 5}, found
    """
    )


@pytest.mark.parametrize("variable", ["OMP_STACKSIZE", "GOMP_STACKSIZE"])
def test_the_stack_that_openmp_is_told_to_have(variable, monkeypatch):
    monkeypatch.setenv(variable, "512 M")
    run_script(
        CALLS
        + """
    lower(resource.RLIMIT_AS, size() + (256 << 20))
    assert said().startswith(ONE), said()
    lower(resource.RLIMIT_AS, size() + (600 << 20))
    assert said().startswith("2: " + ALL), said()
    """
    )


def test_no_process_left():
    """The limit is none of root's, so root becomes somebody else."""
    run_script(
        CALLS
        + """
    if os.getuid() == 0:
        try:
            os.setuid(54321)
        except OSError:
            sys.exit()
    lower(resource.RLIMIT_NPROC, 1)
    assert said().startswith(ONE), said()
    lift(resource.RLIMIT_NPROC)
    assert said().startswith("2: " + ALL), said()
    """
    )


def test_the_last_process_goes_to_one_of_several_callers():
    """Threads that call each have a pool of their own; together they may not have more than there is."""
    run_script(
        CALLS
        + """
    if os.getuid():
        sys.exit()  # this user may have other processes, which would be counted
    try:
        os.setuid(54322)
    except OSError:
        sys.exit()
    gate, reports, done = threading.Barrier(4), [], threading.Barrier(4)

    def call():
        gate.wait()
        reports.append(said(3))
        done.wait()  # its pool lives as long

    callers = [threading.Thread(target=call) for _ in range(4)]
    lower(resource.RLIMIT_NPROC, 1 + 4 + 5)
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert len(reports) == 4
    assert sum(int(report.split(":")[0]) - 1 for report in reports) in (2, 4), reports
    """
    )


def test_threads_after_a_fork():
    """The fork ends the pool, so that its threads have to be started again."""
    run_script(
        CALLS
        + """
    assert said(5).startswith("5: " + ALL)
    child = os.fork()
    lower(resource.RLIMIT_AS, size() + (1 << 16))
    assert said(9).startswith(ONE), said(9)
    lift(resource.RLIMIT_AS)
    assert said(5).startswith("5: " + ALL)
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    """
    )


def test_no_memory_for_scratch():
    """Half a gigabyte for each thread of a row of so many classes, which itself takes no memory."""
    run_script(
        CALLS
        + """
    wide = np.broadcast_to(np.float32(-20), (3, 4, 1 << 26))
    targets = [[1], [2], [3], [4]]
    lower(resource.RLIMIT_AS, size() + (200 << 20))
    for threads in (1, 2):
        for call in (fl.ctc_loss, fl.ctc_align, fl.ctc_posteriors, lambda x, _, **more: fl.ctc_decode(x, **more)):
            try:
                call(wide, targets, num_threads=threads)
            except MemoryError:
                continue
            raise AssertionError("the limit holds nothing back")
    assert runtime.active_calls() == 0
    assert said().startswith("2: " + ALL), said()
    lift(resource.RLIMIT_AS)
    assert fl.ctc_align(wide, targets, num_threads=2).score.tolist() == [-60.0] * 4
    """
    )
