"""What a kernel needs of the threads that run it. A chunk that may take longer than some milliseconds asks
should_stop() itself."""

from core cimport real
from sums cimport exact_sum

cdef extern from "parallel/poll.h" nogil:
    ctypedef struct poll_state:
        bint is_caller      # whether the thread is the one that Python knows
    # A thread's, by the scratch of its chunks.
    poll_state* poll_of(void* scratch)
    # Whether a chunk is to return at once; `work` is what was or will be done since it was asked before, in units of
    # about a nanosecond. A call that has announced its work (announce_work) says by their sum how far it is.
    bint should_stop(poll_state*, Py_ssize_t work)

cdef extern from "parallel/kernel.h" nogil:
    ctypedef struct kernel_plan:
        Py_ssize_t chunks
        Py_ssize_t scratch
        double work
        bint is_shared
    ctypedef exact_sum (*chunk_work)(void* job, Py_ssize_t chunk, void* scratch) noexcept nogil
    ctypedef struct kernel:
        void (*plan)(void*, kernel_plan*) noexcept nogil
        chunk_work chunk
    ctypedef int (*rounds_runner)(chunk_work, void*, Py_ssize_t, Py_ssize_t, Py_ssize_t, int, exact_sum*) noexcept nogil
    ctypedef int (*shared_kernel)(void*, int, rounds_runner) noexcept nogil
    enum:
        NO_MEMORY

ctypedef exact_sum (*chunk_function)(void* job, Py_ssize_t chunk, real* scratch) noexcept nogil
