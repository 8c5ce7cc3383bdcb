"""Work in fixed chunks, handed to threads as they come free and summed in order: the same bits for any threads."""

from core cimport real
from fastloss._kernels.runtime cimport chunk_work, run_chunks_on_threads

ctypedef double (*chunk_function)(void* job, Py_ssize_t chunk, real* scratch) noexcept nogil


cdef inline int run_chunks(chunk_function work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_size, int threads,
                           double* total) except -1:
    """The sum of work(job, chunk, scratch) over all chunks. Each thread, and there are at most `threads` of them, has
    `scratch_size` numbers of scratch of its own. The fast path asks for 0 threads: one, as there is too little work."""
    return run_chunks_on_threads(<chunk_work> work, job, chunks, scratch_size * sizeof(real), threads, total)
