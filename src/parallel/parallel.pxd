"""Work in fixed chunks, handed to threads as they come free, and their exact sum: the same bits for any threads.

Long runs can be stopped: Ctrl-C or a progress= callable that raises ends run_kernel() with an exception. What was to be
written is partly written then.
"""

from core cimport real
from fastloss._kernels.runtime cimport (
    announce_work, run_chunks_on_threads, run_rounds_on_threads, set_run_series,
)
from poll cimport *

# set_run_series(True): the runs from here on are one to the user, until set_run_series(False); each may be short.


cdef inline int run_kernel(const kernel* which, void* job, int threads, exact_sum* total) except -1:
    """The sum of the kernel's chunks: total.high is it rounded, and total.low what that leaves. Each thread, and there
    are at most `threads` of them, has scratch of its own. The fast path asks for 0 threads: one, as there is too little
    work, and none that should_stop() may be asked in."""
    cdef kernel_plan plan
    which.plan(job, &plan)
    return run_chunks_on_threads(which.chunk, job, plan.chunks, plan.scratch, threads, total)


cdef inline int run_long(const kernel* which, shared_kernel shared, void* job, int threads, exact_sum* total) except -1:
    """The same of a kernel whose chunks may take long: it says how much work that is, and threads share a single chunk
    where they gain by it."""
    cdef kernel_plan plan
    cdef int code
    which.plan(job, &plan)
    announce_work(plan.work)
    if not (plan.is_shared and threads > 1):
        return run_chunks_on_threads(which.chunk, job, plan.chunks, plan.scratch, threads, total)
    set_run_series(True)
    try:
        code = shared(job, threads, <rounds_runner> <void*> run_rounds_on_threads)
    finally:
        set_run_series(False)
    if code == NO_MEMORY:
        raise MemoryError
    return code
