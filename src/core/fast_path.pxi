"""The fast path of a small call: from NumPy's own structures to the kernel's job, without a Python object between.

Most of a small call's time would be Python's. Where both arguments are contiguous arrays of the kernel's own types or,
for float32, of a half type, labels of any integer type, and no option but `reduction` and `out` is given, a loss's
FastPath reads them directly. For everything else, every error included, it returns None and has written nothing: the
call then takes the general path (fastloss/_loss.py), which computes the same by the same chunks, and says what is
wrong. What both decide, arguments.pxd decides.

Included by calls.pyx. A call of `large` numbers or more may be worth a second thread and takes the general path:
fastloss/_threads.py says from where on.
"""

cdef struct FastOptions:
    int reduction       # of arguments.pxd
    int derivatives     # how many are wanted
    bint want_value


cdef inline int type_number_of(int native) noexcept:
    """NumPy's number of the kernel's float type."""
    return cnp.NPY_FLOAT64 if native == FL_FLOAT64 else cnp.NPY_FLOAT32


cdef inline bint is_plain(object array, int type_number) noexcept:
    return (cnp.PyArray_CheckExact(array) and cnp.PyArray_TYPE(<cnp.ndarray> array) == type_number
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray> array))


# NumPy's number of bfloat16, once one was seen: to ask for a type's name takes as long as a small loss.
cdef int bfloat16_number = -1


cdef int plain_code(object array, int native) except -2:
    """The code of a plain array of the kernel's float type or, for float32, of a half type; -1 for everything else."""
    global bfloat16_number
    cdef int number
    if not cnp.PyArray_CheckExact(array):
        return -1
    number = cnp.PyArray_TYPE(<cnp.ndarray> array)
    if number == type_number_of(native):
        return native if is_plain(array, number) else -1
    if native != FL_FLOAT32 or not is_plain(array, number):
        return -1
    if number == cnp.NPY_FLOAT16:
        return FL_FLOAT16
    if number != bfloat16_number:
        if not cnp.PyTypeNum_ISUSERDEF(number) or dtype_code(array) != FL_BFLOAT16:
            return -1
        bfloat16_number = number
    return FL_BFLOAT16


cdef object read_options(dict given, dict reductions, FastOptions* options):
    """What is given for `out`, or False where an option needs the general path."""
    cdef object out = None
    for key, value in given.items():
        if key == "reduction" and type(value) is str and value in reductions:
            options.reduction = reductions[value]
        elif key == "out" and options.derivatives:
            out = value
        else:
            return False
    return out


cdef object derivative_array(cnp.ndarray x, cnp.ndarray y, object out):
    """The array for a derivative: a new one, or `out`; None where that needs the general path."""
    cdef int dimensions = cnp.PyArray_NDIM(x), type_number = cnp.PyArray_TYPE(x)
    if out is None:
        return cnp.PyArray_EMPTY(dimensions, cnp.PyArray_DIMS(x), type_number, 0)
    if out_state(out, dimensions, cnp.PyArray_DIMS(x), cnp.PyArray_DESCR(x)) != OUT_FITS:
        return None
    if not is_plain(out, type_number) or must_be_copied(out, x) or may_overlap(out, y):
        return None
    return out


cdef tuple derivative_arrays(cnp.ndarray x, cnp.ndarray y, object out, int derivatives):
    """The arrays for gradient and curvature, None for one that is not wanted; or None, for the general path."""
    cdef object grad = out, hess = None
    if derivatives == 0:
        return None, None
    if derivatives == 2:
        if out is not None:
            if type(out) is not tuple or len(out) != 2:
                return None
            grad, hess = out
        hess = derivative_array(x, y, hess)
    grad = derivative_array(x, y, grad)
    if grad is None or (derivatives == 2 and (hess is None or may_overlap(grad, hess))):
        return None
    return grad, hess


cdef inline void plain_view(array_view* view, object array, Py_ssize_t size, int code, int native) noexcept:
    """view_of() for a contiguous array of a float type, or None."""
    view.data = <char*> data_of(array)
    view.direct = view.data != NULL and code == native
    view.dtype = code
    view.dimensions = 1
    view.shape[0] = size
    view.stride[0] = sizeof(double) if code == FL_FLOAT64 else sizeof(float) if code == FL_FLOAT32 else 2


cdef object fast_result(const FastOptions* options, double total, double denominator, values, derivatives):
    """What the verb returns."""
    cdef object value = values
    if not options.want_value:
        return derivatives if options.derivatives == 2 else derivatives[0]
    if not options.reduction & KEEPS_EACH:
        value = reduced_value(options.reduction, total, denominator)
    return (value, derivatives[0]) if options.derivatives else value
