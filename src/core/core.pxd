"""What every kernel shares: the C helpers of this folder, and what a call writes. How a NumPy array becomes an
array_view is in views.pxd."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t

from sums cimport *

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
    real r_weighted(real, real)
    real r_term(real, real)
    double r_term_double(real, double)
    real r_weight(double)
    xint x_max(xint, xint)
    void prefetch(const void*)
    enum:
        FL_LINE

cdef extern from "core/vecmath.h" nogil:
    real r_exp(real)
    real r_log(real)
    real r_log1p(real)
    real r_twice_atanh(real)

cdef extern from "core/exact_sum.h" nogil:
    exact_sum sum_of_numbers(const real*, Py_ssize_t)

cdef extern from "core/scaled.h" nogil:
    enum:
        V "FL_SLOTS"
    xint X_ZERO, X_NO_TRANSITION, X_LIMIT, X_UNREACHABLE
    double X_NATS
    real x_mantissa(real)
    xint x_exponent(real)
    real x_power(xint)
    void x_exp(real, real, real*, xint*)
    double x_log(double, xint)

cdef extern from "core/lanes.h" nogil:
    enum:
        LANES "FL_LANES"
        HAS_WIDE "FL_HAS_WIDE"      # whether halves are summed where they lie
    void lanes_max(real_cp, real_p)
    void lanes_add(real_cp, real_p)
    void exp_lanes(const real*, real, real*, real*, int)
    void lanes_exp(const real*, real*, real_p, real, int)
    void lanes_exp_excluding(const real*, real*, real_p, real, xint, xint, int)
    void lanes_exp_below(const real*, real*, real_p, real_p, real, xint, int)
    void lanes_cost(real_cp, real_cp, real_p, real_p, real)
    void subtract_twice(const real*, real*, Py_ssize_t, real, real)
    void prefetch_lanes(const real*)
    real lanes_top(real_cp)
    real largest_of(const real*, Py_ssize_t)
    Py_ssize_t first_place_of(const real*, Py_ssize_t, real)
    double lanes_total(real_cp)
    real lanes_count(real_cp)

cdef extern from "core/checked.h" nogil:
    ctypedef enum domain:
        ANY_NUMBER
        NOT_NEGATIVE
        POSITIVE
        ABOVE_MINUS_1
        UNIT_INTERVAL
        SIGNS
    ctypedef struct findings:
        pass
    bint is_refused(const findings*)

cdef extern from "core/domain.h" nogil:
    ctypedef struct legal_numbers:
        pass
    legal_numbers legal_in(domain)
    legal_numbers legal_within(double, double)
    void look_at(const real*, const real*, Py_ssize_t, legal_numbers, findings*)
    Py_ssize_t first_refused(const real*, const real*, Py_ssize_t, legal_numbers, findings*)

cdef extern from "core/array.h" nogil:
    enum:
        FL_NATIVE
        FL_FLOAT32
        FL_FLOAT64
        FL_FLOAT16
        FL_BFLOAT16
        FL_INT8
        FL_UINT8
        FL_INT16
        FL_UINT16
        FL_INT32
        FL_UINT32
        FL_INT64
        FL_UINT64
        FL_BOOL
        FL_WEIGHT64
    ctypedef struct array_view:
        char* data
        int dtype
        int dimensions
        int direct
        Py_ssize_t* shape
        Py_ssize_t* stride
    ctypedef struct number_run:
        const real* x
        const uint16_t* halves
        int dtype
    number_run numbers_at(const real*)
    number_run find_block(const array_view*, Py_ssize_t, Py_ssize_t, real*)
    real number_of(const number_run*, Py_ssize_t)
    const real* place_of(const number_run*, Py_ssize_t)
    const real* place_after(const array_view*, Py_ssize_t, const real*)
    const uint16_t* halves_of(const array_view*, Py_ssize_t, Py_ssize_t)
    real widen_block(const uint16_t*, Py_ssize_t, real*, int)
    bint find_near_peak(const uint16_t*, Py_ssize_t, int, real*)
    Py_ssize_t first_half_of(const uint16_t*, Py_ssize_t, int, real)
    double exp_near_halves(const uint16_t*, Py_ssize_t, int, Py_ssize_t, real, const real*)
    void narrow_block(const real*, Py_ssize_t, real, uint16_t*, int)
    void view_init(array_view*, void*, int, int, int, const Py_ssize_t*, const Py_ssize_t*)
    const real* read_block(const array_view*, Py_ssize_t, Py_ssize_t, real*)
    real* block_destination(const array_view*, Py_ssize_t, real*)
    void store_block(const array_view*, Py_ssize_t, Py_ssize_t, const real*)
    real load_number(const char*, int)
    real load_element(const array_view*, Py_ssize_t)
    void store_element(const array_view*, Py_ssize_t, real)
    void load_run(real*, const char*, Py_ssize_t, Py_ssize_t, int)
    void store_run(char*, const real*, Py_ssize_t, Py_ssize_t, int)
    void keep_where(const real*, const real*, real*, Py_ssize_t)

cdef extern from "core/stream.h" nogil:
    enum:
        FL_HELD
    ctypedef struct block_writer:
        pass
    bint bypasses_caches(const array_view*, Py_ssize_t, const array_view*)
    block_writer writer_to(const array_view*, real*, bint)
    real* writer_block(const block_writer*, Py_ssize_t)
    void writer_store(block_writer*, Py_ssize_t, Py_ssize_t, bint)
    void stream_end()

cdef enum:
    # Numbers of a chunk of rows, the unit that is handed to a thread: 128 KiB of float32, so that a chunk takes tens of
    # microseconds, against which handing it out is nothing.
    ROWS_CHUNK = 32768

ctypedef struct Outputs:    # what a call is to write: fastloss/_loss.py says what each part means
    bint want_value
    array_view values
    array_view grad
    array_view hess
    double scale
    int threads


cdef inline bint outputs_bypass_caches(const Outputs* o, Py_ssize_t size, const array_view* x) noexcept nogil:
    """Whether all derivatives that are wanted bypass the caches."""
    return (o.grad.data != NULL and bypasses_caches(&o.grad, size, x)
            and (o.hess.data == NULL or bypasses_caches(&o.hess, size, x)))


cdef inline const real* read_weights(const array_view* weight, const array_view* where, Py_ssize_t start, Py_ssize_t n,
                                     real* buffer, real* second_buffer) noexcept nogil:
    """A block of weights, 0 for what does not count; NULL where there are none. `where` is given beside weights only:
    alone it is the weights itself."""
    cdef const real* found
    if weight.data == NULL:
        return NULL
    found = read_block(weight, start, n, buffer)
    if where.data == NULL:
        return found
    keep_where(read_block(where, start, n, second_buffer), found, buffer, n)
    return buffer
