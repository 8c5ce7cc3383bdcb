"""What the kernels use of the runtime module: one pool of threads for all of them."""

from sums cimport exact_sum

ctypedef exact_sum (*chunk_work)(void* job, Py_ssize_t chunk, void* scratch) noexcept nogil

cdef int run_chunks_on_threads(chunk_work work, void* job, Py_ssize_t chunks, Py_ssize_t scratch_bytes, int threads,
                               exact_sum* total) except -1
cdef int run_rounds_on_threads(chunk_work work, void* job, Py_ssize_t chunks, Py_ssize_t round,
                               Py_ssize_t scratch_bytes, int threads, exact_sum* total) except -1
cdef void announce_work(double work) noexcept
cdef void set_run_series(bint is_on) noexcept
