"""The processor, the pool of threads, and fork: what the kernels share, and what the rest of the package asks about the
machine it runs on."""

from cpython.pyport cimport PY_SSIZE_T_MAX
from libc.stdlib cimport free, malloc

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
    double run_all(chunk_work, void*, Py_ssize_t, char*, Py_ssize_t, int, double*)

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


cdef int run_chunks_on_threads(chunk_work work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_bytes, int threads,
                               double* total) except -1:
    """See parallel.pxd. The partial sum of a chunk does not depend on who computes it, nor does their order."""
    cdef int most = <int> max(1, min(<Py_ssize_t> threads, chunks)), count = most
    cdef Py_ssize_t size = (scratch_bytes // FL_LINE + 2) * FL_LINE   # a cache line or more between scratches
    cdef double single
    cdef double* partial = &single      # a small call allocates nothing
    cdef char* memory = NULL
    cdef bint has_memory
    last_call.limit = last_call.expected if threads else LIMIT_WORK
    if most < threads:
        last_call.limit = LIMIT_CHUNKS
    if most > 1:
        count = acquire_threads(most)
    if chunks > 1:
        partial = <double*> malloc(min(chunks, ROUND) * sizeof(double))
    if scratch_bytes and size < PY_SSIZE_T_MAX // (count + 1):
        memory = <char*> malloc(count * size + FL_LINE)
    has_memory = partial != NULL and (memory != NULL or not scratch_bytes)
    if has_memory:
        with nogil:
            count = started(count)      # with all other memory of the call in place
            total[0] = run_all(work, job, chunks, memory + FL_LINE - <size_t> memory % FL_LINE, size, count, partial)
    if most > 1:
        release_threads()
    if chunks > 1:
        free(partial)
    free(memory)
    if not has_memory:
        raise MemoryError
    return 0


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
