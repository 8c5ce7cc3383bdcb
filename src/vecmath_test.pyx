"""What tests can't reach otherwise: the functions of vecmath.h and specialmath.h over whole arrays, to measure their
errors; calls of very many chunks, which do nothing, and of chunks that never end."""

from core cimport *
from parallel cimport *
from views cimport *

cnp.import_array()

cdef extern from "core/atomic.h" nogil:
    int atomic_get(int*)
    void atomic_set(int*, int)

cdef extern from "core/specialmath.h" nogil:
    real r_opaque(real)
    real r_exp_wide(real)
    real r_exp_tail(real)
    real r_expm1_tail(real)
    real r_log1p_unit(real)
    real r_log1m_half(real)
    real log1m_tail(real)
    real r_log_unit(real)
    real r_log_cosh_unit(real)
    real r_log_factorial(real)
    real r_relative_entropy(real, real, real*)

cdef enum:
    EXP
    LOG
    LOG1P
    LOG1P_UNIT
    EXP_WIDE
    EXP_TAIL
    EXPM1_TAIL
    LOG_FACTORIAL
    LOG_UNIT
    LOG1M_HALF
    LOG1M_TAIL
    LOG_COSH_UNIT
    EXP_LANES

FUNCTIONS = {
    "exp": EXP, "log": LOG, "log1p": LOG1P, "log1p_unit": LOG1P_UNIT, "exp_wide": EXP_WIDE, "exp_tail": EXP_TAIL,
    "expm1_tail": EXPM1_TAIL, "log_factorial": LOG_FACTORIAL, "log_unit": LOG_UNIT,
    "log1m_half": LOG1M_HALF, "log1m_tail": LOG1M_TAIL,
    "log_cosh_unit": LOG_COSH_UNIT, "exp_lanes": EXP_LANES,
}


cdef void apply_exp_lanes(real_cp x, real_p y, Py_ssize_t n) noexcept nogil:
    """LANES numbers at a time, the last ones among others."""
    cdef real padded[LANES]
    cdef real e[LANES]
    cdef real reference = r_opaque(R(0.0))  # not a constant, as in the kernels: GCC's loop would be another one
    cdef Py_ssize_t i, j
    for j from 0 <= j < n by LANES:
        for i in range(LANES):
            padded[i] = x[j + i] if j + i < n else R(0.0)
        exp_lanes(padded, reference, e, NULL, False)
        for i in range(min(n - j, <Py_ssize_t> LANES)):
            y[j + i] = e[i]


cdef void apply(real_cp x, real_p y, Py_ssize_t n, int function) noexcept nogil:
    cdef Py_ssize_t i
    if function == EXP:
        for i in range(n):
            y[i] = r_exp(x[i])
    elif function == LOG:
        for i in range(n):
            y[i] = r_log(x[i])
    elif function == LOG1P:
        for i in range(n):
            y[i] = r_log1p(x[i])
    elif function == LOG1P_UNIT:
        for i in range(n):
            y[i] = r_log1p_unit(x[i])
    elif function == EXP_WIDE:
        for i in range(n):
            y[i] = r_exp_wide(x[i])
    elif function == EXP_TAIL:
        for i in range(n):
            y[i] = r_exp_tail(x[i])
    elif function == EXPM1_TAIL:
        for i in range(n):
            y[i] = r_expm1_tail(x[i])
    elif function == LOG_UNIT:
        for i in range(n):
            y[i] = r_log_unit(x[i])
    elif function == LOG1M_HALF:
        for i in range(n):
            y[i] = r_log1m_half(x[i])
    elif function == LOG1M_TAIL:
        for i in range(n):
            y[i] = log1m_tail(x[i])
    elif function == LOG_COSH_UNIT:
        for i in range(n):
            y[i] = r_log_cosh_unit(x[i])
    elif function == EXP_LANES:
        apply_exp_lanes(x, y, n)
    else:
        for i in range(n):
            y[i] = r_log_factorial(x[i])


def evaluate(str function, cnp.ndarray x, cnp.ndarray y):
    """y = function(x) for contiguous arrays of this module's type."""
    apply(<const real*> data_of(x), <real*> data_of(y), x.size, FUNCTIONS[function])


def split_exp(cnp.ndarray x, double low, cnp.ndarray mantissa, cnp.ndarray exponent):
    """exp(x) = mantissa * 2 ** exponent for x <= 0, down to `low`."""
    cdef const real* source = <const real*> data_of(x)
    cdef real* m = <real*> data_of(mantissa)
    cdef xint* e = <xint*> data_of(exponent)
    cdef Py_ssize_t i
    for i in range(x.size):
        x_exp(source[i], <real> low, &m[i], &e[i])


def relative_entropy(cnp.ndarray p, cnp.ndarray q, cnp.ndarray y, cnp.ndarray difference):
    """p log(p / q) = y + difference."""
    cdef const real* first = <const real*> data_of(p)
    cdef const real* second = <const real*> data_of(q)
    cdef real* result = <real*> data_of(y)
    cdef real* rest = <real*> data_of(difference)
    cdef Py_ssize_t i
    for i in range(p.size):
        result[i] = r_relative_entropy(first[i], second[i], &rest[i])


cdef exact_sum weight_of_chunk(void* job, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """Sums of it tell how many chunks there were below 2^31, and how many above."""
    return exact_plus(NO_SUM, 1 if chunk < (<Py_ssize_t> 1 << 31) else (<Py_ssize_t> 1 << 40))


def count_chunks(Py_ssize_t chunks, int threads):
    """The sum over so many chunks."""
    cdef exact_sum total
    run_chunks_on_threads(<chunk_work> weight_of_chunk, NULL, chunks, 0, threads, &total)
    return total.high


cdef exact_sum rounded_chunk(void* job, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """Numbers whose sum depends on the order."""
    return exact_plus(NO_SUM, 1.0 / (1 + chunk))


def sum_of_chunks(Py_ssize_t chunks, int threads):
    cdef exact_sum total
    run_chunks_on_threads(<chunk_work> rounded_chunk, NULL, chunks, 0, threads, &total)
    return total.high


cdef exact_sum endless_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """The calling thread's ends as soon as another thread has one; the others' end when they are told to stop."""
    cdef int* others = <int*> data
    cdef poll_state* poll = poll_of(scratch)
    if not poll.is_caller:
        atomic_set(others, 1)
    while not should_stop(poll, 10_000) and not (poll.is_caller and atomic_get(others)):
        pass
    return NO_SUM


def endless(int threads):
    """A chunk for each thread, which never ends unless the call is stopped. With two threads or more, it is not the
    calling one that is at work."""
    cdef exact_sum total
    cdef int others = 0
    run_chunks_on_threads(<chunk_work> endless_chunk, &others, threads, 0, threads, &total)
