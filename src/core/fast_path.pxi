"""The short way of a small call: from NumPy's own structures to the kernel's job, without a Python object between.

Most of a small call's time would be Python's. Where both arguments are contiguous arrays of this module's own types
and no option but `reduction` and `out` is given, these functions read them directly. For everything else, every error
included, they return None and have written nothing: the caller then goes the long way (fastloss/_loss.py), which
computes the same by the same chunks, and says what is wrong.
"""

cdef enum:              # the verbs, as fastloss/_loss.py numbers them
    QUICK_VALUE
    QUICK_GRAD
    QUICK_VALUE_AND_GRAD
    QUICK_GRAD_AND_HESS

cdef enum:
    MEAN
    SUM
    NONE

cdef enum:
    QUICK_SIZE = 65536  # from here on a call may be worth a second thread

cdef int REAL_TYPE = cnp.NPY_FLOAT32 if sizeof(real) == 4 else cnp.NPY_FLOAT64


cdef inline bint is_plain(object array, int type_number) noexcept:
    return (cnp.PyArray_CheckExact(array) and cnp.PyArray_TYPE(<cnp.ndarray> array) == type_number
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray> array))


cdef inline bint same_shape(cnp.ndarray a, cnp.ndarray b, int dimensions) noexcept:
    """Whether b has the first `dimensions` of a and no others."""
    cdef int d
    if cnp.PyArray_NDIM(b) != dimensions:
        return False
    for d in range(dimensions):
        if cnp.PyArray_DIM(a, d) != cnp.PyArray_DIM(b, d):
            return False
    return True


cdef inline bint are_apart(cnp.ndarray a, cnp.ndarray b) noexcept:
    cdef const char* first = cnp.PyArray_BYTES(a)
    cdef const char* second = cnp.PyArray_BYTES(b)
    return first + cnp.PyArray_NBYTES(a) <= second or second + cnp.PyArray_NBYTES(b) <= first


cdef object read_options(dict options, int verb, int* reduction):
    """What is given for `out`, or False where an option needs the long way."""
    cdef object out = None
    reduction[0] = MEAN
    for key, value in options.items():
        if key == "reduction" and type(value) is str:
            if value == "mean":
                reduction[0] = MEAN
            elif value == "sum":
                reduction[0] = SUM
            elif value == "none":
                reduction[0] = NONE
            else:
                return False
        elif key == "out" and verb != QUICK_VALUE:
            out = value
        else:
            return False
    return out


cdef object gradient_home(cnp.ndarray x, cnp.ndarray y, object out):
    """The array for the gradient: a new one, or `out`; None where that needs the long way."""
    if out is None:
        return cnp.PyArray_EMPTY(cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x), REAL_TYPE, 0)
    if not is_plain(out, REAL_TYPE) or not cnp.PyArray_ISWRITEABLE(<cnp.ndarray> out):
        return None
    if not same_shape(x, out, cnp.PyArray_NDIM(x)) or not are_apart(y, out):
        return None
    if cnp.PyArray_BYTES(x) != cnp.PyArray_BYTES(<cnp.ndarray> out) and not are_apart(x, out):
        return None
    return out


cdef object derivative_homes(cnp.ndarray x, cnp.ndarray y, object out, int verb):
    """The arrays for gradient and curvature, None for one that is not wanted; or None where that needs the long way."""
    cdef object grad = out, hess = None
    if verb == QUICK_VALUE:
        return None, None
    if verb == QUICK_GRAD_AND_HESS:
        if out is not None:
            if type(out) is not tuple or len(out) != 2:
                return None
            grad, hess = out
        hess = gradient_home(x, y, hess)
    grad = gradient_home(x, y, grad)
    if grad is None or (verb == QUICK_GRAD_AND_HESS and (hess is None or not are_apart(grad, hess))):
        return None
    return grad, hess


cdef inline void bind_plain(operand* a, object array, Py_ssize_t size) noexcept:
    """bind() for a contiguous array of `real`, or None."""
    a.data = <char*> data_of(array)
    a.direct = a.data != NULL
    a.dtype = FL_NATIVE
    a.dimensions = 1
    a.shape[0] = size
    a.stride[0] = sizeof(real)


cdef object quick_result(int verb, int reduction, double total, double denominator, values, grad, hess):
    cdef object value = None
    if verb == QUICK_GRAD:
        return grad
    if verb == QUICK_GRAD_AND_HESS:
        return grad, hess
    if reduction == NONE:
        value = values
    else:
        value = total / denominator if reduction == MEAN else total
    return (value, grad) if verb == QUICK_VALUE_AND_GRAD else value
