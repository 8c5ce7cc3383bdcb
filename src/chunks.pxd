"""Work in fixed chunks, handed to threads as they come free and summed in order: the same bits for any threads."""

from cython.parallel cimport prange
from libc.stdlib cimport free, malloc

from kernel cimport *

ctypedef double (*chunk_function)(void* job, Py_ssize_t chunk, real* scratch) noexcept nogil


cdef inline int run_chunks(chunk_function work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_size, int threads,
                           double* total) except -1:
    """The sum of work(job, chunk, scratch) over all chunks; every thread has a scratch of its own."""
    cdef Py_ssize_t chunk, size = (scratch_size + 127) // 64 * 64   # a cache line or more between threads' scratches
    cdef double* partial = <double*> malloc(max(chunks, 1) * sizeof(double))
    cdef char* memory = <char*> malloc(threads * size * sizeof(real) + 64)
    cdef real* scratch = <real*> (memory + 64 - <size_t> memory % 64)
    if partial == NULL or memory == NULL:
        free(partial)
        free(memory)
        raise MemoryError
    with nogil:
        if threads == 1:
            for chunk in range(chunks):
                partial[chunk] = work(job, chunk, scratch)
        else:
            for chunk in prange(chunks, schedule="dynamic", num_threads=threads):
                partial[chunk] = work(job, chunk, scratch + fl_thread_number() * size)
        total[0] = 0
        for chunk in range(chunks):
            total[0] += partial[chunk]
    free(partial)
    free(memory)
    return 0
