"""What every kernel shares: the C helpers, and how an array becomes an operand."""

from libc.stdint cimport int32_t, int64_t, uint8_t

cimport numpy as cnp

cdef extern from "core/real.h" nogil:
    ctypedef double real      # float or double: each kernel is compiled once for either
    ctypedef long long xint   # the signed integer of the same width
    ctypedef real* real_p "real_p"
    ctypedef const real* real_cp "real_cp"
    ctypedef xint* xint_p "xint_p"
    ctypedef const xint* xint_cp "xint_cp"
    real R(double)
    real INFINITY
    real FL_EXP_LOW, FL_SMALLEST, FL_LARGEST, FL_EPSILON
    real r_fma(real, real, real)
    real r_against(real, real)
    real r_abs(real)
    real r_atleast(real, real)
    real r_atmost(real, real)
    xint x_max(xint, xint)

cdef extern from "core/vecmath.h" nogil:
    real r_exp(real)
    real r_log(real)
    real r_log1p(real)
    real r_twice_atanh(real)

cdef extern from "core/scaled.h" nogil:
    enum:
        V "FL_STATES"
    xint X_ZERO, X_NO_TRANSITION, X_LIMIT, X_UNREACHABLE
    double X_NATS
    real x_mantissa(real)
    xint x_exponent(real)
    real x_power(xint)
    void x_exp(real, real, real*, xint*)
    double x_log(double, xint)

cdef extern from "core/lanes.h" nogil:
    void lanes_max(real_cp, real_p)
    void lanes_extremes(real_cp, real_p, real_p, real_p)
    void lanes_add(real_cp, real_p)
    void lanes_add_double(const double*, double*)
    void lanes_exp(const real*, real*, real_p, real, int)
    void lanes_exp_sparing(const real*, real*, real_p, real, xint, xint, int)
    void lanes_exp_below(const real*, real*, real_p, real_p, real, xint, int)
    void lanes_cost(real_cp, real_cp, real_p, real_p, real)
    void subtract_twice(const real*, real*, Py_ssize_t, real, real)
    int seems_outside(const real*, Py_ssize_t, real, real)
    void lanes_ask(const real*)
    int lanes_find(real_cp, real)
    real lanes_top(real_cp)
    double lanes_total(real_cp)
    real lanes_count(real_cp)
    double lanes_total_double(const double*)

cdef extern from "core/array.h" nogil:
    enum:
        FL_NATIVE
    ctypedef struct operand:
        char* data
        int dtype
        int dimensions
        int direct
        Py_ssize_t* shape
        Py_ssize_t* stride
    void operand_set(operand*, void*, int, int, const Py_ssize_t*, const Py_ssize_t*)
    const real* operand_read(const operand*, Py_ssize_t, Py_ssize_t, real*)
    real* operand_block(const operand*, Py_ssize_t, real*)
    void operand_written(const operand*, Py_ssize_t, Py_ssize_t, const real*)
    void ask_for(const void*)
    void load_run(real*, const char*, Py_ssize_t, Py_ssize_t, int)
    void store_run(char*, const real*, Py_ssize_t, Py_ssize_t, int)

cdef extern from "core/stream.h" nogil:
    enum:
        FL_HELD
    void stream_block(const operand*, real*, Py_ssize_t*, Py_ssize_t, Py_ssize_t, bint)
    bint is_streamed(const operand*, Py_ssize_t, const operand*)
    void stream_end()

# None for an array that is not there. The dtype code travels beside the array, since NumPy has no bfloat16 of its own.
cdef inline int bind(operand* a, object array, int dtype) except -1:
    cdef cnp.ndarray view
    a.data = NULL
    a.direct = False
    if array is None:
        return 0
    view = array
    operand_set(a, cnp.PyArray_DATA(view), dtype, cnp.PyArray_NDIM(view),
                <const Py_ssize_t*> cnp.PyArray_DIMS(view), <const Py_ssize_t*> cnp.PyArray_STRIDES(view))
    return 0


cdef inline void* data_of(object array) noexcept:
    """The first element of a contiguous array; NULL for None."""
    return NULL if array is None else cnp.PyArray_DATA(<cnp.ndarray> array)


cdef inline real power(real q, real gamma, const int gamma_kind) noexcept nogil:
    """q ** gamma for 0 <= q <= 1; gamma_kind 0, 1, 2 are those gammas, 3 any other."""
    if gamma_kind == 0:
        return R(1.0) + (q - q)   # NaN stays NaN
    if gamma_kind == 1:
        return q
    if gamma_kind == 2:
        return q * q
    return r_exp(gamma * r_log(q))
