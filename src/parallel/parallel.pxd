"""Work in fixed chunks, handed to threads as they come free and summed in order: the same bits for any threads."""

from libc.stdlib cimport free, malloc

from core cimport *

ctypedef double (*chunk_function)(void* job, Py_ssize_t chunk, real* scratch) noexcept nogil


cdef inline int know_other_calls() except -1:
    """For a module's start: threads.h."""
    global fl_together
    from fastloss._kernels import runtime
    fl_together = <fl_crowd*> <size_t> runtime.address_of_crowd()
    return 0


cdef inline int run_chunks(chunk_function work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_size, int threads,
                           double* total) except -1:
    """The sum of work(job, chunk, scratch) over all chunks; every thread has a scratch of its own, and there are at the
    most `threads` of them."""
    cdef int most = <int> max(1, min(<Py_ssize_t> threads, chunks))
    cdef bint alone = most == 1
    cdef int count = 1 if alone else fl_share(most)
    cdef Py_ssize_t chunk
    cdef Py_ssize_t size = (scratch_size + 127) // 64 * 64 * sizeof(real)   # a cache line or more between scratches
    cdef double* partial = <double*> malloc(max(chunks, 1) * sizeof(double))
    cdef char* memory = <char*> malloc(count * size + 64)
    cdef bint has_memory = partial != NULL and memory != NULL
    if has_memory:
        with nogil:
            fl_run(<fl_work> work, job, <int> chunks, memory + 64 - <size_t> memory % 64, size, count, partial)
            total[0] = 0
            for chunk in range(chunks):
                total[0] += partial[chunk]
    if not alone:
        fl_leave()
    free(partial)
    free(memory)
    if not has_memory:
        raise MemoryError
    return 0
