"""What every kernel shares: the C helpers of this folder, how a NumPy array becomes an array_view, and what a call
writes."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

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
    void lanes_max(real_cp, real_p)
    void lanes_add(real_cp, real_p)
    void lanes_add_double(const double*, double*)
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
    double lanes_total_double(const double*)

cdef extern from "core/domain.h" nogil:
    ctypedef enum domain:
        ANY_NUMBER
        NOT_NEGATIVE
        UNIT_INTERVAL
        SIGNS
    ctypedef struct legal_numbers:
        pass
    ctypedef struct findings:
        pass
    legal_numbers legal_in(domain)
    legal_numbers legal_within(double, double)
    void look_at(const real*, const real*, Py_ssize_t, legal_numbers, findings*)
    bint is_refused(const findings*)
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
    void view_init(array_view*, void*, int, int, const Py_ssize_t*, const Py_ssize_t*)
    const real* read_block(const array_view*, Py_ssize_t, Py_ssize_t, real*)
    real* block_destination(const array_view*, Py_ssize_t, real*)
    void store_block(const array_view*, Py_ssize_t, Py_ssize_t, const real*)
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
    # microseconds, against which handing it out is nothing. Sums are added chunk by chunk: their bits depend on it.
    ROWS_CHUNK = 32768

ctypedef struct Outputs:    # what a call is to write: fastloss/_loss.py says what each part means
    bint want_value
    array_view values
    array_view grad
    array_view hess
    double scale
    int threads


cdef inline int dtype_code(cnp.ndarray array) except -2:
    """The code of array.h; -1 for a dtype that kernels don't read. NumPy has no bfloat16 of its own: it is known by the
    name of its type, so that nothing is imported for it; or it is the BFLOAT16_BITS of fastloss/_foreign.py, whose one
    field has that name."""
    cdef int number = cnp.PyArray_TYPE(array), size = <int> cnp.PyArray_ITEMSIZE(array)
    if number == cnp.NPY_FLOAT32:
        return FL_FLOAT32
    if number == cnp.NPY_FLOAT64:
        return FL_FLOAT64
    if number == cnp.NPY_FLOAT16:
        return FL_FLOAT16
    if number == cnp.NPY_BOOL:
        return FL_BOOL
    if cnp.PyTypeNum_ISUNSIGNED(number):    # `long` and `long long` are types of their own of one width
        return FL_UINT8 if size == 1 else FL_UINT16 if size == 2 else FL_UINT32 if size == 4 else FL_UINT64
    if cnp.PyTypeNum_ISSIGNED(number):
        return FL_INT8 if size == 1 else FL_INT16 if size == 2 else FL_INT32 if size == 4 else FL_INT64
    if size == 2 and (array.dtype.name == "bfloat16" or array.dtype.names == ("bfloat16",)):
        return FL_BFLOAT16
    return -1


cdef inline int view_of(array_view* view, object array) except -1:
    """None for an array that is not there."""
    cdef cnp.ndarray given
    view.data = NULL
    view.direct = False
    if array is None:
        return 0
    given = array
    view_init(view, cnp.PyArray_DATA(given), dtype_code(given), cnp.PyArray_NDIM(given),
              <const Py_ssize_t*> cnp.PyArray_DIMS(given), <const Py_ssize_t*> cnp.PyArray_STRIDES(given))
    return 0


cdef inline int view_of_weights(array_view* view, object array) except -1:
    """view_of() for weights, which rounding must not make 0."""
    view_of(view, array)
    if array is not None and view.dtype == FL_FLOAT64 and FL_NATIVE != FL_FLOAT64:
        view.dtype = FL_WEIGHT64
    return 0


cdef inline int check_unchanged(bint holds, str name) except -1:
    """For what validation has found already: a callback or another thread may have changed an argument since."""
    if not holds:
        raise ValueError(f"{name} changed during the call")
    return 0


cdef inline int expect_size(object array, Py_ssize_t size, str name) except -1:
    """That an array, or None, has the size that the kernel goes by, that of the predictions."""
    return check_unchanged(array is None or cnp.PyArray_SIZE(<cnp.ndarray> array) == size, name)


cdef inline int read_outputs(Outputs* o, object outputs, Py_ssize_t losses, Py_ssize_t predictions) except -1:
    """From the Outputs of fastloss/_loss.py, whose values are one a loss and whose derivatives one a prediction."""
    expect_size(outputs.values, losses, "the prediction")
    expect_size(outputs.grad, predictions, "out")
    expect_size(outputs.hess, predictions, "out")
    o.want_value = outputs.want_value
    o.scale = outputs.scale
    o.threads = outputs.threads
    view_of(&o.values, outputs.values)
    view_of(&o.grad, outputs.grad)
    return view_of(&o.hess, outputs.hess)


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


cdef inline void* data_of(object array) noexcept:
    """The first element of a contiguous array; NULL for None."""
    return NULL if array is None else cnp.PyArray_DATA(<cnp.ndarray> array)
