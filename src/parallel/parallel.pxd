"""Work in fixed chunks, handed to threads as they come free and summed in order: the same bits for any threads.

Long runs can be stopped: Ctrl-C or a progress= callable that raises ends run_chunks() with an exception. What was to be
written is partly written then. A chunk that may take longer than some milliseconds asks should_stop() itself.
"""

from core cimport real
from fastloss._kernels.runtime cimport (
    announce_work, chunk_work, run_chunks_on_threads, run_rounds_on_threads, set_run_series,
)

# set_run_series(True): the runs from here on are one to the user, until set_run_series(False); each may be short.

cdef extern from "parallel/poll.h" nogil:
    ctypedef struct poll_state:
        bint is_caller      # whether the thread is the one that Python knows
    # A thread's, by the scratch of its chunks.
    poll_state* poll_of(void* scratch)
    # Whether a chunk is to return at once; `work` is what was or will be done since it was asked before, in units of
    # about a nanosecond. A call that has announced its work (announce_work) says by their sum how far it is.
    bint should_stop(poll_state*, Py_ssize_t work)

ctypedef double (*chunk_function)(void* job, Py_ssize_t chunk, real* scratch) noexcept nogil


cdef inline int run_chunks(chunk_function work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_size, int threads,
                           double* total) except -1:
    """The sum of work(job, chunk, scratch) over all chunks. Each thread, and there are at most `threads` of them, has
    `scratch_size` numbers of scratch of its own. The fast path asks for 0 threads: one, as there is too little work,
    and none that should_stop() may be asked in."""
    return run_chunks_on_threads(<chunk_work> work, job, chunks, scratch_size * sizeof(real), threads, total)


cdef inline int run_rounds(chunk_function work, void* job, Py_ssize_t rounds, Py_ssize_t width, int threads,
                           double* total) except -1:
    """The same of rounds of `width` chunks each: all of one are done before the next one begins. For rounds of ten
    microseconds or more. The scratch that the chunks get is for poll_of() only."""
    return run_rounds_on_threads(<chunk_work> work, job, rounds * width, width, 0, threads, total)
