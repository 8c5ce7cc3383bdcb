"""The table of the kernels of one instruction set and float type (kernel_table.h), and those that look at numbers. Of
the kernels' sources, this one is the module that is imported: the others are linked to it."""

from cpython.pycapsule cimport PyCapsule_New

from core cimport *
from poll cimport *

include "look_job.pxi"

cdef extern from "core/array_runs.h":
    pass

cdef extern from "core/half_sums.h":
    pass

cdef extern from "table.h":
    ctypedef struct kernel_table:
        pass
    const kernel_table TABLE

cdef enum:
    BLOCK = 1024        # numbers that stay in the first-level cache
    CHUNK = 65536

table = PyCapsule_New(<void*> &TABLE, "fastloss.kernels", NULL)


cdef inline legal_numbers legal_of(const LookJob* job) noexcept nogil:
    return legal_within(job.low, job.high) if job.is_range else legal_in(job.of)


cdef public exact_sum chunk_of_numbers(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LookJob* job = <LookJob*> data
    cdef Py_ssize_t start = chunk * CHUNK, stop = start + min(<Py_ssize_t> CHUNK, job.size - start), n
    cdef legal_numbers legal = legal_of(job)
    cdef const real* weight
    while start < stop:
        n = min(stop - start, <Py_ssize_t> BLOCK)
        weight = read_weights(&job.weight, &job.where, start, n, scratch + BLOCK, scratch + 2 * BLOCK)
        look_at(read_block(&job.numbers, start, n, scratch), weight, n, legal, &job.found)
        start += n
    return NO_SUM


cdef public void plan_numbers(void* data, kernel_plan* plan) noexcept nogil:
    """Rounded up without a sum beyond 64 bits: a broadcast array may have 2^63 - 1 numbers."""
    plan.chunks = ((<LookJob*> data).size - 1) // CHUNK + 1
    plan.scratch = 3 * BLOCK * sizeof(real)


cdef public Py_ssize_t first_refused_number(void* data, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The place of the first number that is refused, given what was found before `start`; -1 where none is."""
    cdef LookJob* job = <LookJob*> data
    cdef legal_numbers legal = legal_of(job)
    cdef real[3 * BLOCK] buffer
    cdef const real* weight
    cdef Py_ssize_t place, n
    while start < stop:
        n = min(stop - start, <Py_ssize_t> BLOCK)
        weight = read_weights(&job.weight, &job.where, start, n, buffer + BLOCK, buffer + 2 * BLOCK)
        place = first_refused(read_block(&job.numbers, start, n, buffer), weight, n, legal, &job.found)
        if place >= 0:
            return start + place
        start += n
    return -1


cdef public exact_sum chunk_of_weights(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LookJob* job = <LookJob*> data
    cdef Py_ssize_t start = chunk * CHUNK, stop = start + min(<Py_ssize_t> CHUNK, job.size - start), n
    cdef const real* weight
    cdef exact_sum total = NO_SUM
    while start < stop:
        n = min(stop - start, <Py_ssize_t> BLOCK)
        weight = read_weights(&job.weight, &job.where, start, n, scratch, scratch + BLOCK)
        total = exact_join(total, sum_of_numbers(weight, n))
        start += n
    return total


cdef public void plan_weights(void* data, kernel_plan* plan) noexcept nogil:
    plan.chunks = ((<LookJob*> data).size - 1) // CHUNK + 1
    plan.scratch = 2 * BLOCK * sizeof(real)
