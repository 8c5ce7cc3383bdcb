"""The processor, the pool of threads, and fork: what the kernels share, and what the rest of the package asks about the
machine it runs on."""

import threading

from cpython.exc cimport PyErr_CheckSignals
from cpython.pyport cimport PY_SSIZE_T_MAX
from cpython.ref cimport PyObject
from libc.stdlib cimport free, malloc

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState* PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState*)
    unsigned long PyThread_get_thread_ident()

cdef extern from "core/real.h" nogil:
    enum:
        FL_LINE

cdef extern from "parallel/cpu.h" nogil:
    bint IS_X86
    bint has_avx2()
    bint has_avx512()

cdef extern from "parallel/threads.h" nogil:
    int OPENMP_VERSION
    ctypedef enum thread_limit:
        LIMIT_NUM_THREADS
        LIMIT_WORK
        LIMIT_CHUNKS
        LIMIT_OTHER_CALLS
        LIMIT_BACKOFF
        LIMIT_FORK
        LIMIT_BUILD
        LIMIT_START
    Py_ssize_t ROUND
    struct PoolState "":
        int active_calls
        int backoff
        int force_threads
    PoolState pool_state
    struct LastCall "":
        int threads
        thread_limit limit
        thread_limit expected
    LastCall last_call
    int acquire_threads(int)
    void release_threads()
    int startable_threads(int)
    exact_sum run_all(run_state*, chunk_work, void*, Py_ssize_t, Py_ssize_t, exact_sum*)
    exact_sum run_small(chunk_work, void*, Py_ssize_t, char*)

cdef extern from "parallel/interrupt.h":
    ctypedef struct run_state:
        PyThreadState* interpreter
        int (*ask)(double) except -1
        bint is_stopped
    void start_run(run_state*, char*, Py_ssize_t, int)
    unsigned long main_thread
    PyObject* current_progress
    struct RunSeries "":
        bint is_on
        double asked
        double pause
        double done
    RunSeries run_series

cdef extern from "parallel/fork.h" nogil:
    bint protect_fork()
    bint in_forked_child

cdef extern from *:
    """
    #if defined(__clang__)
    #define COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define COMPILER "GCC " __VERSION__
    #elif defined(_MSC_VER)
    #define COMPILER "MSVC"
    #else
    #define COMPILER "unknown"
    #endif
    /* By this symbol threadpoolctl knows the module, see fastloss/_threadpoolctl.py; all others are hidden. */
    #if defined(_MSC_VER)
    __declspec(dllexport)
    #else
    __attribute__((visibility("default")))
    #endif
    int fastloss_runtime = 1;
    """
    const char* COMPILER

cdef bint fork_is_safe = protect_fork()


cdef inline int started(int threads) noexcept nogil:
    """How many of a call's threads there really are."""
    cdef int count = startable_threads(threads)
    if count < threads:
        last_call.limit = LIMIT_START
    last_call.threads = count
    return count


# ---- runs of chunks ----

cdef inline char* first_scratch(char* memory) noexcept nogil:
    """On a cache line, after one for its thread's poll_state."""
    return memory + 2 * FL_LINE - <size_t> memory % FL_LINE


cdef int run_chunks_on_threads(chunk_work work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_bytes, int threads,
                               exact_sum* total) except -1:
    """See parallel.pxd. The partial sum of a chunk does not depend on who computes it, nor does their order."""
    if threads == 0:
        return run_on_fast_path(work, job, chunks, scratch_bytes, total)
    return run_rounds_on_threads(work, job, chunks, ROUND, scratch_bytes, threads, total)


cdef int run_rounds_on_threads(chunk_work work, void* job, Py_ssize_t chunks, Py_ssize_t round,
                               Py_ssize_t scratch_bytes, int threads, exact_sum* total) except -1:
    """The same in rounds of so many chunks."""
    cdef int most = <int> max(1, min(<Py_ssize_t> threads, min(chunks, round))), count = most
    # From one thread's scratch to the next: a cache line or more between, the last of them for a poll_state.
    cdef Py_ssize_t size = (scratch_bytes // FL_LINE + 2) * FL_LINE
    cdef exact_sum single
    cdef exact_sum* partial = &single      # a small call allocates nothing
    cdef char[3 * FL_LINE] line
    cdef char* memory = NULL
    cdef run_state run
    cdef bint has_memory
    last_call.limit = LIMIT_CHUNKS if most < threads else last_call.expected
    if most > 1:
        count = acquire_threads(most)
    if chunks > 1:
        partial = <exact_sum*> malloc(min(chunks, round) * sizeof(exact_sum))
    if (scratch_bytes or count > 1) and size < PY_SSIZE_T_MAX // (count + 1):
        memory = <char*> malloc(count * size + 2 * FL_LINE)
    has_memory = partial != NULL and (memory != NULL or not (scratch_bytes or count > 1))
    run.is_stopped = False
    if has_memory:
        run.ask = handle_signals
        run.interpreter = PyEval_SaveThread()
        count = started(count)      # with all other memory of the call in place
        start_run(&run, first_scratch(memory if memory != NULL else line), size, count)
        total[0] = run_all(&run, work, job, chunks, round, partial)
        PyEval_RestoreThread(run.interpreter)
    if most > 1:
        release_threads()
    if chunks > 1:
        free(partial)
    free(memory)
    if not has_memory:
        raise MemoryError
    return -1 if run.is_stopped else 0


cdef int run_on_fast_path(chunk_work work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_bytes,
                          exact_sum* total) except -1:
    """One thread, and too little work to be stopped."""
    cdef char* memory = NULL
    last_call.limit = LIMIT_WORK
    last_call.threads = 1
    if scratch_bytes:
        if scratch_bytes < PY_SSIZE_T_MAX - 2 * FL_LINE:
            memory = <char*> malloc(scratch_bytes + 2 * FL_LINE)
        if memory == NULL:
            raise MemoryError
    with nogil:
        total[0] = run_small(work, job, chunks, first_scratch(memory))
    free(memory)
    return 0


# ---- what happens while they run: parallel/interrupt.h ----

# Not what libraries that replace `threading` call it, where that can be helped.
main_thread = (PyThread_get_thread_ident() if threading.current_thread() is threading.main_thread()
               else threading.main_thread().ident)


cdef int handle_signals(double done) except -1:
    """Called every so often by a run's calling thread. What the handlers and the callable call themselves is not told
    of."""
    global current_progress
    cdef PyObject* progress = current_progress
    current_progress = NULL
    try:
        PyErr_CheckSignals()
        if progress != NULL:
            (<Progress> progress).report(done)
    finally:
        current_progress = progress
    return 0


cdef class Progress:
    """Tells a callable, or None, which share of a call's work is done, 0 to 1, while kernels run, and 1 at the end:

        with progress_of(function):
            ...

    Kernels say before they run how much work that is (announce_work), and it may become more. `first` is the share
    that the first run has of all.
    """
    cdef object function
    cdef double first
    cdef double expected        # work of all runs
    cdef double announced       # of those up to the one at hand
    cdef double before          # of those before it
    cdef double share           # told last
    cdef PyObject* outer

    def __init__(self, function, double first):
        self.function = function
        self.first = first
        self.expected = self.announced = self.before = self.share = 0

    def __enter__(self):
        global current_progress
        if self.function is not None:
            self.outer = current_progress
            current_progress = <PyObject*> self

    def __exit__(self, kind, error, traceback):
        global current_progress
        if self.function is not None:
            current_progress = self.outer
            if kind is None:
                self.function(1.0)

    cdef int report(self, double done) except -1:
        """`done` is work of the run at hand."""
        cdef double share = (self.before + done) / self.expected if self.expected > 0 else 0
        if self.share < share < 1:
            self.share = share
            self.function(share)
        return 0


cdef Progress TELLS_NOBODY = Progress(None, 1)


def progress_of(function, double first=1):
    """The Progress of a `progress=`, which may be None."""
    if function is None:
        return TELLS_NOBODY
    if not callable(function):
        raise TypeError(f"progress must be callable with a number, or None, got {function!r}")
    return Progress(function, first)


cdef void set_run_series(bint is_on) noexcept:
    """See parallel.pxd."""
    run_series.is_on = is_on
    run_series.asked = run_series.pause = run_series.done = 0


cdef void announce_work(double work) noexcept:
    """See parallel.pxd."""
    cdef Progress progress
    if current_progress == NULL:
        return
    progress = <Progress> current_progress
    progress.before = progress.announced
    progress.announced += work
    progress.expected = max(progress.expected, progress.announced)
    if progress.before == 0:
        progress.expected = work / progress.first


def allowed_threads(int threads, bint limited_by_work):
    """How many threads this call may have: `threads`, or 1 in a forked child in which OpenMP can't run. The reason is
    kept for thread_report()."""
    last_call.expected = LIMIT_WORK if limited_by_work else LIMIT_NUM_THREADS
    if threads > 1 and in_forked_child and not fork_is_safe:
        last_call.expected = LIMIT_FORK
        return 1
    return threads


def nothing_to_compute():
    """Of a call without a kernel: an empty array."""
    last_call.threads = 1
    last_call.limit = LIMIT_WORK


def thread_report():
    """(threads, limit) of the last call of this thread; 0 threads before the first."""
    return last_call.threads, <int> last_call.limit


def supported_instruction_sets():
    """The names of the instruction sets that this processor runs, best last."""
    return ["baseline"] + ["avx2"] * has_avx2() + ["avx512"] * has_avx512()


def is_x86():
    return bool(IS_X86)


def compiler():
    return (<bytes> COMPILER).decode()


def openmp_version():
    """The date of the OpenMP specification that the kernels were built with, such as 201511; 0 without OpenMP."""
    return OPENMP_VERSION


def active_calls():
    """How many calls have threads of their own at this moment."""
    return pool_state.active_calls


def backoff():
    """How many calls, one after the other, took longer with their threads than one thread would have."""
    return pool_state.backoff


def force_threads(bint always):
    """Whether every call has as many threads as it asks for, however busy the cores are: for tests."""
    pool_state.force_threads = always
